"""The same values in another dress: what a program that only opened and saved a file did to it is no edit.

Numbers written with fewer digits, text without its trailing blanks or composed otherwise, empty text for a missing
value, rounded coordinates, rings begun elsewhere, one part as several: where a cell still means what the base has, the
base's own value is taken, to the last bit.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
import shapely

from layers.coercion import coerce
from layers.definitions import STORE_CRS, Field, LayerDefinition
from layers.merge import differing, same_shapes
from layers.schema import typed_column

__all__ = ["known_ids", "settle"]

#: Programs write numbers with 15 significant digits.
_RELATIVE: Final = 1e-12
#: Where a .dbf file or a MapInfo table cuts text, in bytes; a letter may have been cut in two.
_CUT_BYTES: Final = 250
_Mask = npt.NDArray[np.bool_]
_Shapes = npt.NDArray[np.object_]


def known_ids(ids: pd.Index, known: pd.Index) -> pd.Index:
    """Return ids as the base writes them, where a program took text for numbers.

    Parameters
    ----------
    ids : Index
        As the file has them.
    known : Index
        Those of the base.

    Returns
    -------
    Index
        "007" for "7" or "7.0", where only one id of the base is that number and none is written so.
    """
    there = frozenset(known)
    free = np.fromiter((one not in there for one in ids), dtype=bool, count=len(ids))
    if not free.any():
        return ids
    numbers = pd.Series(pd.to_numeric(known.to_series(), errors="coerce").to_numpy(), index=known).dropna()
    numbers = numbers[~numbers.duplicated(keep=False)]
    written = pd.Series(numbers.index, index=numbers.to_numpy())
    meant = pd.to_numeric(ids[free].to_series(), errors="coerce").map(written)
    taken = meant.where(~meant.isin(ids)).to_numpy(dtype=object)
    made = ids.to_numpy(dtype=object).copy()
    made[free] = np.where(pd.isna(taken), made[free], taken)
    named: pd.Index = pd.Index(made, name=ids.name)
    return named


def settle(
    definition: LayerDefinition,
    base: gpd.GeoDataFrame,
    incoming: gpd.GeoDataFrame,
    *,
    spoken: Collection[str],
    spatial: bool,
    tolerance_m: float,
    cut: bool,
) -> tuple[gpd.GeoDataFrame, _Mask]:
    """Take from the base what a file says in other words.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    base : GeoDataFrame
        Typed, as it was handed out.
    incoming : GeoDataFrame
        Columns as the file has them, under the names of fields; ids in the index, EPSG:4326.
    spoken : collection of str
        Fields that the file has; others keep what they were.
    spatial : bool
        Whether it has geometries at all.
    tolerance_m : float
        How far a vertex may have moved, metres.
    cut : bool
        Whether the format cuts long text.

    Returns
    -------
    settled : GeoDataFrame
        As `incoming`; typed, but for columns with values that cannot be read, which stay for validation to name.
    changed : ndarray of bool
        Which features are new, or not as in the base.
    """
    at = base.index.get_indexer(incoming.index)
    there = at >= 0
    rows, places = np.flatnonzero(there), at[there]
    changed = ~there
    table, before = pd.DataFrame(incoming), pd.DataFrame(base)
    columns: dict[str, Any] = {}
    for field in definition.all_fields:
        old = before[field.name].array.take(places)
        if field.name in spoken:
            values, differs = _column(field, table[field.name], rows, old, cut=cut)
        else:
            empty = pd.Series([None] * len(incoming), dtype=object, index=incoming.index)
            values, differs = typed_column(field, empty, layer=definition.id), np.zeros(len(rows), dtype=bool)
            values = _with(values, rows, old)
        columns[field.name] = values.array
        changed[rows] |= differs
    shapes = np.array(incoming.geometry.to_numpy(), dtype=object)
    old_shapes = np.asarray(base.geometry.array, dtype=object)[places]
    same = np.ones(len(rows), dtype=bool)
    if spatial and definition.spatial:
        shapes[rows], alike = _without_heights(shapes[rows], old_shapes)
        same = same_shapes(shapes[rows], alike, tolerance_m=tolerance_m)
    shapes[rows[same]] = old_shapes[same]
    changed[rows] |= ~same
    geometry = gpd.array.GeometryArray(shapes, crs=STORE_CRS)
    return gpd.GeoDataFrame({**columns, "geometry": geometry}, geometry="geometry", index=incoming.index), changed


def _without_heights(shapes: _Shapes, old: _Shapes) -> tuple[_Shapes, _Shapes]:
    """Return shapes without heights that nobody gave, and what they are held against: old ones with no more heights.

    A program that writes heights everywhere writes 0 where there were none; one that writes none takes none away.
    """
    high, was_high = shapely.has_z(shapes), shapely.has_z(old)
    made, alike = shapes.copy(), old.copy()
    added = np.flatnonzero(high & ~was_high & ~shapely.is_missing(old))
    if len(added):
        places, owners = shapely.get_coordinates(shapes[added], include_z=True, return_index=True)
        given = np.bincount(owners, weights=np.nan_to_num(places[:, 2]) != 0, minlength=len(added)) > 0
        made[added[~given]] = shapely.force_2d(shapes[added[~given]])
    lost = np.flatnonzero(was_high & ~high & ~shapely.is_missing(shapes))
    alike[lost] = shapely.force_2d(old[lost])
    return made, alike


def _with(values: pd.Series[Any], rows: npt.NDArray[np.intp], old: Any) -> pd.Series[Any]:
    filled = values.copy()
    filled.iloc[rows] = old
    return filled


def _column(
    field: Field, raw: pd.Series[Any], rows: npt.NDArray[np.intp], old: Any, *, cut: bool
) -> tuple[pd.Series[Any], _Mask]:
    """Return a column with the base's values where they mean the same, and where they do not."""
    read = coerce(field, raw)
    values = read.values
    if field.type == "text":
        values = values.mask((values.str.strip() == "").fillna(value=False).to_numpy(dtype=bool))
    new = values.iloc[rows].array
    differs = differing(new, old)
    if field.type == "number":
        differs &= ~np.isclose(np.asarray(new, dtype=float), np.asarray(old, dtype=float), rtol=_RELATIVE, atol=0.0)
    if field.type == "text" and differs.any():
        pairs = zip(np.asarray(new, dtype=object)[differs], np.asarray(old, dtype=object)[differs], strict=True)
        differs[differs] = [not _same_text(after, before, cut=cut) for after, before in pairs]
    differs |= read.refused[rows]
    kept = np.flatnonzero(~differs)
    values = _with(values, rows[kept], old.take(kept))
    if read.refused.any():
        # What cannot be read stays as it is, for the check to name it.
        values = values.astype(object).where(~read.refused, raw.astype(object))
    return values, differs


def _same_text(after: object, before: object, *, cut: bool) -> bool:
    """Tell whether a text is another one without its blanks, composed otherwise, or cut by the format."""
    here = _bare(after)
    there = _bare(before)
    if here == there or _same_json(here, there):
        return True
    return cut and len(here.encode()) >= _CUT_BYTES and there.startswith(here.rstrip("\N{REPLACEMENT CHARACTER}"))


def _same_json(here: str, there: str) -> bool:
    """Tell whether two texts are one JSON object or list: GDAL unpacks such texts in GeoJSON and writes them anew."""
    if not (here[:1] in ("{", "[") and here[:1] == there[:1]):
        return False
    try:
        return bool(orjson.loads(here) == orjson.loads(there))
    except orjson.JSONDecodeError:
        return False


def _bare(text: object) -> str:
    if not isinstance(text, str):
        return ""
    return unicodedata.normalize("NFC", text).replace("\r\n", "\n").strip()
