"""What a file lost: it is read again and compared with what was to be written, value by value.

No table of promises says what a format can hold; what comes back does. Where a value differs, how it differs names
the loss.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from layers.coercion import coerce
from layers.definitions import ID_FIELD, Field
from layers.formats.model import Loss, LossKind
from layers.types import Text

__all__ = ["losses"]


def losses(
    features: gpd.GeoDataFrame,
    back: gpd.GeoDataFrame,
    fields: Sequence[Field],
    *,
    names: Mapping[str, str],
    precision: float,
    unit: str,
) -> tuple[Loss, ...]:
    """Tell how features that were read again differ from those that were written.

    Parameters
    ----------
    features : GeoDataFrame
        As they were to be written, feature ids in the index.
    back : GeoDataFrame
        As they were read again, in the same CRS.
    fields : sequence of Field
        Their fields.
    names : mapping of str to str
        Fields, the id among them, and what they are called in the file.
    precision : float
        Distance that the format rounds coordinates within, in units of the CRS; 0 if it keeps every bit.
    unit : str
        That unit, for messages.

    Returns
    -------
    tuple of Loss
        Empty if nothing differs.
    """
    found = list(_renamed(features, names))
    keyed = back.set_index(back[names[ID_FIELD]].astype("str")) if names[ID_FIELD] in back.columns else back.iloc[:0]
    lost = ~features.index.astype("str").isin(keyed.index)
    found += _told("geometry", None, lost, _NOT_THERE)
    there, again = features[~lost], keyed[~keyed.index.duplicated()].reindex(features.index[~lost].astype("str"))
    for field in fields:
        found += _field(field, there[field.name], again, names[field.name])
    found += _shapes(there.geometry.to_numpy(), again.geometry.to_numpy(), precision=precision, unit=unit)
    return tuple(found)


def _told(kind: LossKind, field: str | None, rows: npt.NDArray[np.bool_], what: Text) -> Iterator[Loss]:
    """Tell of a loss, if it touches any feature."""
    if count := int(np.count_nonzero(rows)):
        where = f"{field}: " if field else ""
        text = Text(vi=f"{where}{count} đối tượng {what.vi}.", en=f"{where}{count} features {what.en}.")
        yield Loss(kind, field, count, text)


def _renamed(features: gpd.GeoDataFrame, names: Mapping[str, str]) -> Iterator[Loss]:
    for name, written in names.items():
        if name not in (written, ID_FIELD):
            vi = f"Trường {name} có tên {written} trong tệp."
            text = Text(vi=vi, en=f"The field {name} is called {written} in the file.")
            yield Loss("names", name, len(features), text)


#: What happened to values and shapes.
_NO_FIELD: Final = Text(
    vi="mất giá trị: định dạng không giữ trường này", en="lose their value: the format does not hold the field"
)
_NO_VALUE: Final = Text(
    vi="có giá trị mà tệp không giữ được (thường là văn bản rỗng)",
    en="have a value that the file has none for (empty text, as a rule)",
)
_A_VALUE: Final = Text(vi="không có giá trị nhưng tệp ghi một giá trị", en="have no value, but one in the file")
_CUT: Final = Text(vi="bị cắt ngắn văn bản", en="have their text cut")
_CHANGED: Final = Text(vi="bị làm tròn hoặc đổi giá trị", en="have their value rounded or changed")
_NOT_THERE: Final = Text(vi="không có trong tệp", en="are not in the file")
_NO_SHAPE: Final = Text(vi="mất hình học", en="lose their geometry")
_NO_HEIGHT: Final = Text(vi="mất cao độ", en="lose their heights")
_PARTS: Final = Text(vi="đổi giữa một phần và nhiều phần", en="change between one part and several")
_SHAPE_CHANGED: Final = Text(vi="đổi hình học", en="change their geometry")


def _field(field: Field, values: pd.Series[Any], again: gpd.GeoDataFrame, name: str) -> Iterator[Loss]:
    there = values.notna().to_numpy(dtype=bool)
    if name not in again.columns:
        yield from _told("fields", field.name, there, _NO_FIELD)
        return
    read = coerce(field, again[name])
    came = read.values.notna().to_numpy(dtype=bool)
    old, new = values.reset_index(drop=True), read.values.reset_index(drop=True)
    same = (old == new).fillna(value=False).to_numpy(dtype=bool)
    other = there & came & ~same
    cut = np.zeros(len(old), dtype=bool)
    if field.type == "text" and other.any():
        pairs = zip(old[other], new[other], strict=True)
        cut[other] = [before.startswith(after) for before, after in pairs]
    yield from _told("missing", field.name, there & ~came, _NO_VALUE)
    yield from _told("missing", field.name, ~there & came, _A_VALUE)
    yield from _told("text", field.name, cut, _CUT)
    yield from _told("values", field.name, other & ~cut, _CHANGED)


def _shapes(
    old: npt.NDArray[np.object_], new: npt.NDArray[np.object_], *, precision: float, unit: str
) -> Iterator[Loss]:
    there, came = ~_nothing(old), ~_nothing(new)
    yield from _told("geometry", None, there & ~came, _NO_SHAPE)
    both = there & came
    first, second = old[both], new[both]
    yield from _told("geometry", None, shapely.has_z(first) & ~shapely.has_z(second), _NO_HEIGHT)
    flat, again = shapely.force_2d(first), shapely.force_2d(second)
    yield from _told("types", None, shapely.get_type_id(flat) != shapely.get_type_id(again), _PARTS)
    exact = _equal(flat, again, 0.0)
    near = exact | _equal(flat, again, precision) if precision else exact
    yield from _told("geometry", None, ~near, _SHAPE_CHANGED)
    size = f"{precision:g} {unit}"
    rounded = Text(vi=f"được làm tròn toạ độ trong {size}", en=f"have coordinates rounded, within {size}")
    yield from _told("precision", None, near & ~exact, rounded)


def _nothing(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.bool_]:
    return np.asarray(shapely.is_missing(shapes) | shapely.is_empty(shapes), dtype=bool)


def _equal(first: npt.NDArray[np.object_], second: npt.NDArray[np.object_], tolerance: float) -> npt.NDArray[np.bool_]:
    """Tell which shapes are alike up to the order of rings and parts; one part in several is the part."""
    a, b = (shapely.orient_polygons(_single(shapes)) for shapes in (first, second))
    equal = np.asarray(shapely.equals_exact(a, b, tolerance), dtype=bool)
    rest = ~equal
    if rest.any():
        equal[rest] = shapely.equals_exact(shapely.normalize(a[rest]), shapely.normalize(b[rest]), tolerance)
    rest = ~equal
    if tolerance and rest.any():
        # Rounding may put another vertex first; few shapes come to this slower comparison.
        equal[rest] = shapely.hausdorff_distance(a[rest], b[rest]) <= tolerance * 2
    return equal


def _single(shapes: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    parts = shapely.get_num_geometries(shapes) == 1
    single = shapes.copy()
    single[parts] = shapely.get_geometry(shapes[parts], 0)
    return single
