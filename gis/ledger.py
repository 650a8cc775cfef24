"""Where do the hectares of each park go? Ledgers of land that close to the square metre.

`land_ledger` accounts for the area of every park against one layer at one time, `ledger_change` for the area of a layer
between two times. Every column is measured on its own; that they sum to the whole is a law the tests hold them to.
"""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis.overlay import (
    SQUARE_METRES_PER_HECTARE,
    GeometryArray,
    IntArray,
    Parts,
    areal_pairs,
    mended,
    pair_positions,
    partition,
    polygonal_part,
    subtract,
    unions_by_group,
)
from layers.errors import CrsError, UnknownFieldError
from layers.types import Text

__all__ = ["ANY_KIND", "CHANGE_COLUMNS", "LEDGER_COLUMNS", "SLIVER_WIDTH_M", "land_ledger", "ledger_change"]

#: The row of a ledger that counts all kinds of a layer together.
ANY_KIND: Final = ""
#: Parts thinner than this on average come from redrawn borders rather than from a decision; two drawings at 1:2000
#: differ by about half a millimetre on paper, which is one metre on the ground.
SLIVER_WIDTH_M: Final = 1.0

#: Pieces below this are what moving coordinates between two CRS leaves along a shared border, a few nanometres wide.
_NOISE_M2: Final = 1e-3

LEDGER_COLUMNS: Final = (
    "park_id", "layer", "kind", "area_ha", "hit_ha", "clear_ha", "stale_ha", "not_covered_ha",
)  # fmt: skip
CHANGE_COLUMNS: Final = ("park_id", "before", "after", "change", "sliver", "area_ha", "pieces")


def land_ledger(
    parks: gpd.GeoSeries, features: gpd.GeoDataFrame, *, layer: str, kind: str, fresh: Any = None, stale: Any = None
) -> pd.DataFrame:
    """Account for the area of each park: hit by each kind of feature, clear, stale or not covered.

    Parameters
    ----------
    parks : GeoSeries
        Polygons in a projected CRS in metres, park ids as index; parks without an area get no row.
    features : GeoDataFrame
        Polygons of one layer in the same CRS.
    layer : str
        The layer's id, for the column `layer`.
    kind : str
        Field of `features` that tells their kind.
    fresh : geometry, optional
        Where the layer is completely and recently covered, same CRS.
    stale : geometry, optional
        Where it is completely covered, but not recently.

    Returns
    -------
    DataFrame
        `LEDGER_COLUMNS`: for each park one row for all kinds together (kind ``""``) and one for every kind that occurs
        in the layer, in hectares. In every row hit + clear + stale + not covered = area; a place that two features of
        one kind cover counts once.

    Raises
    ------
    CrsError
        If the CRS differ or do not count in metres.
    UnknownFieldError
        If `features` has no such field.
    """
    _check_metres(parks, layer)
    _check_metres(features.geometry, layer)
    if kind not in features.columns:
        raise UnknownFieldError(seen=kind, wanted=", ".join(map(str, features.columns)), where=layer)
    areal = polygonal_part(mended(parks.to_numpy()))
    kept = ~shapely.is_missing(areal)
    subjects, ids = areal[kept], parks.index.to_numpy()[kept]
    codes, names = pd.factorize(features[kind].fillna("?"), sort=True)
    i, j, common = areal_pairs(subjects, mended(features.geometry.to_numpy()))
    nothing = np.full(len(subjects), None, dtype=object)
    base = partition(subjects, nothing, fresh=fresh, stale=stale)
    rows = [_ledger_rows(subjects, i, common, base, fresh=fresh, stale=stale)]
    rows += [
        _ledger_rows(subjects, i[codes[j] == code], common[codes[j] == code], base, fresh=fresh, stale=stale)
        for code in range(len(names))
    ]
    table = pd.concat(rows, ignore_index=True)
    table.insert(0, "park_id", np.tile(ids, len(rows)))
    table.insert(1, "layer", layer)
    table.insert(2, "kind", np.repeat(np.array([ANY_KIND, *names], dtype=object), len(subjects)))
    table = table.astype({"park_id": "str", "layer": "str", "kind": "str"})
    return table.sort_values(["park_id", "kind"], kind="stable", ignore_index=True)[list(LEDGER_COLUMNS)]


def _ledger_rows(
    subjects: GeometryArray, owners: IntArray, common: GeometryArray, base: Parts, *, fresh: Any, stale: Any
) -> pd.DataFrame:
    """One kind: only parks that are hit are partitioned again, the others keep their split by coverage alone."""
    columns = [part.copy() for part in base]
    hit = np.unique(owners)
    if len(hit):
        hits = unions_by_group(common, np.searchsorted(hit, owners).astype(np.int64), count=len(hit))
        for column, part in zip(columns, partition(subjects[hit], hits, fresh=fresh, stale=stale), strict=True):
            column[hit] = part
    names = ("hit_ha", "clear_ha", "stale_ha", "not_covered_ha")
    table = {name: column / SQUARE_METRES_PER_HECTARE for name, column in zip(names, columns, strict=True)}
    return pd.DataFrame({"area_ha": shapely.area(subjects) / SQUARE_METRES_PER_HECTARE, **table})


def ledger_change(
    before: gpd.GeoDataFrame,
    after: gpd.GeoDataFrame,
    *,
    field: str,
    parks: gpd.GeoSeries | None = None,
    sliver_width_m: float = SLIVER_WIDTH_M,
) -> pd.DataFrame:
    """Account for the area of a layer between two times: kept, re-zoned, dropped, added, slivers apart.

    Parameters
    ----------
    before, after : GeoDataFrame
        Polygons of one layer at two times, in one projected CRS in metres.
    field : str
        What a feature is zoned as.
    parks : GeoSeries, optional
        Polygons in the same CRS, park ids as index, to account for each by itself; without them the whole layer is
        one account with an empty `park_id`.
    sliver_width_m : float, default: SLIVER_WIDTH_M
        A piece whose mean width (twice its area over its perimeter) is below this is counted as a sliver.

    Returns
    -------
    DataFrame
        `CHANGE_COLUMNS`: `change` is kept, rezoned, dropped or added; `before` and `after` are the kinds, empty where
        there was none; where features of several kinds overlap the kind is their names joined by ``+``. The rows of a
        park sum to its zoned area before (kept + rezoned + dropped) and after (kept + rezoned + added).

    Raises
    ------
    CrsError
        If the CRS differ or do not count in metres.
    UnknownFieldError
        If a frame has no such field.
    """
    for frame in (before, after):
        _check_metres(frame.geometry, field)
        if field not in frame.columns:
            raise UnknownFieldError(seen=field, wanted=", ".join(map(str, frame.columns)), where="ledger_change")
    old_kinds, old = _flattened(before, field)
    new_kinds, new = _flattened(after, field)
    i, j, common = areal_pairs(old, new)
    pieces = np.concatenate([common, _without(old, new), _without(new, old)])
    kinds_before = np.concatenate([old_kinds[i], old_kinds, np.full(len(new), "", dtype=object)])
    kinds_after = np.concatenate([new_kinds[j], np.full(len(old), "", dtype=object), new_kinds])
    if parks is None:
        owners = np.full(len(pieces), "", dtype=object)
        chosen = np.arange(len(pieces))
    else:
        _check_metres(parks, "parks")
        p, chosen, pieces = areal_pairs(polygonal_part(mended(parks.to_numpy())), pieces)
        owners = parks.index.to_numpy()[p]
    parts, place = shapely.get_parts(pieces, return_index=True)
    real = shapely.area(parts) >= _NOISE_M2
    parts, place = parts[real], place[real]
    table = pd.DataFrame(
        {
            "park_id": owners[place],
            "before": kinds_before[chosen[place]],
            "after": kinds_after[chosen[place]],
            "sliver": _mean_widths_m(parts) < sliver_width_m,
            "area_ha": shapely.area(parts) / SQUARE_METRES_PER_HECTARE,
        }
    )
    keys = ["park_id", "before", "after", "sliver"]
    summed = table.groupby(keys, as_index=False).agg(area_ha=("area_ha", "sum"), pieces=("area_ha", "size"))
    summed["change"] = np.select(
        [summed["before"] == "", summed["after"] == "", summed["before"] == summed["after"]],
        ["added", "dropped", "kept"],
        default="rezoned",
    )
    text = dict.fromkeys(("park_id", "before", "after", "change"), "str")
    return summed.astype({**text, "pieces": "int64", "sliver": "bool"})[list(CHANGE_COLUMNS)]


def _mean_widths_m(parts: GeometryArray) -> Any:
    lengths = shapely.length(parts)
    return np.divide(2.0 * shapely.area(parts), lengths, out=np.zeros(len(parts)), where=lengths > 0)


def _without(left: GeometryArray, right: GeometryArray) -> GeometryArray:
    i, j = pair_positions(left, right)
    return subtract(left, unions_by_group(right[j], i, count=len(left)))


def _flattened(frame: gpd.GeoDataFrame, field: str) -> tuple[GeometryArray, GeometryArray]:
    """Cells that do not overlap, each with its kind or, where kinds overlap, all of them joined."""
    geometry = polygonal_part(mended(frame.geometry.to_numpy()))
    codes, names = pd.factorize(frame[field].fillna("?"), sort=True)
    merged = unions_by_group(geometry, codes.astype(np.int64), count=len(names))
    cells: dict[str, Any] = {}
    # Each kind is laid over the cells of the kinds before it; kinds are few, and each step needs the last.
    for name, shape in zip(names, merged, strict=True):
        if shape is None:
            continue
        rest, laid = np.array([shape], dtype=object), dict[str, Any]()
        for label, cell in cells.items():
            pair = np.array([cell], dtype=object)
            _, _, common = areal_pairs(pair, rest)
            laid[label] = subtract(pair, rest)[0]
            if len(common):
                laid[f"{label}+{name}"] = common[0]
                rest = subtract(rest, pair)
        cells = {label: cell for label, cell in {**laid, str(name): rest[0]}.items() if cell is not None}
    parts, place = shapely.get_parts(np.array(list(cells.values()), dtype=object), return_index=True)
    return np.array(list(cells), dtype=object)[place], parts


def _check_metres(series: gpd.GeoSeries, where: str) -> None:
    crs = series.crs
    if crs is None or not crs.is_projected or crs.axis_info[0].unit_conversion_factor != 1.0:
        raise CrsError(
            seen=None if crs is None else crs.name,
            wanted=Text(vi="hệ toạ độ phẳng tính bằng mét", en="a projected CRS in metres"),
            where=where,
        )
