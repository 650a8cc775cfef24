"""Whether stated areas, lengths and coordinates agree with the geometry.

A whole column that is off by one factor is one mistake, not thousands: another unit (10,000: square metres given as
hectares) or another projection (1.0025: a grid with its meridian elsewhere). What is left are single rows whose
value or outline is of another state. Values are compared with the ellipsoid, which no place distorts; a grid in its
own zone differs by less than 0.1 %, far less than the tolerance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from pyproj import CRS

from layers.crs import metric, parse_crs
from layers.definitions import STORE_CRS, LayerDefinition
from layers.georeference import FRAMES, ZoneFit, zone_from_areas, zone_from_lengths
from layers.georeference.areas import ELLIPSOID
from layers.spool import ShapesOrSpool, dimensions, drawn, only, over, parts_of_shapes
from layers.types import Text
from layers.validation.amounts import UNITS, Amounts, Measure, Stated, read_amounts, stated_columns
from layers.validation.ground import FloatArray, Shapes, ground_area, ground_length
from layers.validation.model import Issue, Mask, Rows
from layers.validation.positions import check_positions
from layers.validation.rules import Severity

__all__ = ["TOLERANCE", "check_declared"]

#: Share by which a stated value may differ from the geometry, beyond the rounding of its digits.
TOLERANCE: Final = 0.02
#: A unit is the one of a column if this share of its rows agrees in it.
_UNIT_SHARE: Final = 0.5
#: Below this share of agreeing rows a column does not speak of these geometries at all: one issue for all of it. If
#: nothing states the unit, that is so below `_UNIT_SHARE`.
_ROWS_SHARE: Final = 0.1
#: Fewer rows are told one by one.
_MANY: Final = 20
#: Fewer rows show no projection, and no other unit than the stated one.
_FEW: Final = 5
#: Positions whose geometry was made from the stated value, or is none.
_NOT_DRAWN: Final = ("schematic", "label", "unknown")
#: Rows looked at for a projection.
_SAMPLE: Final = 200
#: A scale nearer to 1 is no other projection that would matter.
_SCALE: Final = 2e-4
#: A projection explains the values if its own scale is this many times nearer to 1.
_CLEARLY: Final = 10.0
#: Beyond its area of use a grid distorts so much that a comparison says nothing, degrees.
_MARGIN: Final = 5.0


def check_declared(
    features: gpd.GeoDataFrame,
    *,
    definition: LayerDefinition | None,
    layer: str,
    metric_crs: str,
    shapes: ShapesOrSpool | None = None,
) -> tuple[Issue, ...]:
    """Compare stated areas, lengths and coordinates with the geometries.

    Parameters
    ----------
    features : GeoDataFrame
        EPSG:4326; typed, or with raw columns of a file.
    definition : LayerDefinition or None
        The layer, which says by `measures` what a field states; without it the names of the columns tell.
    layer : str
        What to call the layer in issues.
    metric_crs : str
        Projected CRS in which areas and lengths should have been computed.
    shapes : ndarray of geometry, or ShapeSpool, optional
        The geometries; those of `features` without it.

    Returns
    -------
    tuple of Issue
        By column: the column as a whole first, then rows in order. Points, schematic circles and invalid geometries
        are not measured.
    """
    table = pd.DataFrame(features.drop(columns=features.geometry.name))
    shapes = np.asarray(features.geometry.array) if shapes is None else shapes
    rows = Rows(layer, features.index)
    found = [*check_positions(table, shapes, rows, layer=layer)]
    stated = stated_columns(table.columns, definition)
    if not stated:
        return tuple(found)
    there = drawn(shapes)
    if "position" in table.columns:
        there &= ~table["position"].isin(_NOT_DRAWN).to_numpy(dtype=bool)
    dimension = dimensions(shapes)
    measured: dict[tuple[str, bool], FloatArray] = {}
    for one in stated:
        areal = one.measure == "area" or one.boundary
        usable = there & (dimension == (2 if areal else 1))
        if one.boundary and not usable.any():
            usable = there & (dimension == 1)
        if not usable.any():
            continue
        amounts = read_amounts(table[one.column])
        compared = usable & np.isfinite(amounts.values)
        if not compared.any():
            continue
        kind = (one.measure, areal)
        if kind not in measured:
            measured[kind] = _measured(shapes, usable, ground_area if one.measure == "area" else ground_length)
        compared &= measured[kind] > 0
        if compared.any():
            column = _Column(one, amounts, measured[kind], compared, shapes, rows, layer)
            found += _check(column, metric_crs, strict=definition is not None)
    return tuple(found)


def _measured(shapes: ShapesOrSpool, usable: Mask, measure: Callable[[Shapes], FloatArray]) -> FloatArray:
    """Measure those geometries that can be measured; the others as nothing."""
    found = []
    for start, some in parts_of_shapes(shapes):
        used = some.copy()
        used[~usable[start : start + len(some)]] = None
        found.append(measure(used))
    return np.concatenate(found)


@dataclass(frozen=True)
class _Column:
    """A column that states measures, beside the measures themselves."""

    stated: Stated
    amounts: Amounts
    measured: FloatArray
    compared: Mask
    shapes: ShapesOrSpool
    rows: Rows
    layer: str

    @property
    def rule(self) -> str:
        return f"attribute-{self.stated.measure}"

    def issue(self, rule: str, seen: Text, wanted: Text | str, severity: Severity = "warning") -> Issue:
        return Issue(rule, self.layer, None, None, self.stated.column, seen, wanted, severity)


@dataclass(frozen=True)
class _Reading:
    """A column read in one unit: stated values in square metres or metres, and which of them agree."""

    unit: str
    values: FloatArray
    agrees: Mask
    share: float


def _check(column: _Column, metric_crs: str, *, strict: bool) -> Iterator[Issue]:
    readings = [_read(column, unit) for unit in UNITS[column.stated.measure]]
    said = next((one for one in readings if one.unit == column.stated.unit), None)
    best = max(readings, key=lambda one: one.share)
    # A few rows that agree in another unit may do so by chance: the unit that is stated stands.
    another = said is None or (said.share < _UNIT_SHARE and int(best.agrees.sum()) >= _FEW)
    if best.share >= _UNIT_SHARE and another:
        if said is not None or best.unit not in ("m2", "ha", "km2", "m", "km"):
            yield _unit_issue(column, best, said, severity="error" if strict else "warning")
        used = best
    elif said is not None:
        used = said
    else:
        used = best if best.share > 0 else _nearest(column, readings)
    compared = int(column.compared.sum())
    if used.share < (_UNIT_SHARE if said is None else _ROWS_SHARE) and compared >= _MANY:
        yield _apart(column, used)
        return
    yield from _projection(column, used, metric_crs)
    yield from _row_issues(column, used)


def _read(column: _Column, unit: str) -> _Reading:
    measure, amounts = column.stated.measure, column.amounts
    size: FloatArray | float = UNITS[measure][unit].size
    if np.isnan(size):
        flat = over(column.shapes, shapely.area if measure == "area" else shapely.length)
        with np.errstate(divide="ignore", invalid="ignore"):
            size = np.where(flat > 0, column.measured / flat, np.nan)
    written = np.array([UNITS[measure][one].size if one in UNITS[measure] else np.nan for one in UNITS[measure]])
    sizes = np.full(len(amounts.values), size, dtype=float)
    other = amounts.units != ""
    if other.any():
        # A unit written beside the number is that of the number, whatever the column's is.
        names = list(UNITS[measure])
        sizes[other] = [written[names.index(one)] if one in names else np.nan for one in amounts.units[other]]
    # Degrees are wrong in the tenth digit already where they are the sixth of the value.
    values, others = amounts.values * sizes, amounts.others * sizes
    nearer = np.abs(others - column.measured) < np.abs(values - column.measured)
    values = np.where(nearer, others, values)
    half = np.where(nearer, 0.0, amounts.half * sizes)
    agrees = np.abs(values - column.measured) <= TOLERANCE * column.measured + half
    # Where rounding alone is larger than the value, agreement says nothing of the unit.
    telling = agrees & (half <= column.measured / 2)
    agrees &= column.compared
    count = max(int((column.compared & np.isfinite(values)).sum()), 1)
    return _Reading(unit, values, agrees, float((telling & column.compared).sum()) / count)


def _nearest(column: _Column, readings: list[_Reading]) -> _Reading:
    """Return the reading whose values are nearest to the geometries, where none agrees."""

    def far(one: _Reading) -> float:
        with np.errstate(divide="ignore", invalid="ignore"):
            ratios = np.abs(np.log(one.values / column.measured))[column.compared]
        return float(np.nanmedian(ratios)) if np.isfinite(ratios).any() else np.inf

    plain = [one for one in readings if one.unit in ("m2", "ha", "km2", "m", "km")]
    return min(plain, key=far)


def _shown_unit(column: _Column, used: _Reading, row: int) -> tuple[float, Text]:
    """Return the unit to tell a row in: the one written beside its number, else that of the column."""
    units = UNITS[column.stated.measure]
    unit = units.get(str(column.amounts.units[row]), units[used.unit])
    return (1.0, next(iter(units.values())).title) if np.isnan(unit.size) else (unit.size, unit.title)


def _unit_issue(column: _Column, best: _Reading, said: _Reading | None, *, severity: Severity) -> Issue:
    units = UNITS[column.stated.measure]
    is_, agreeing = units[best.unit].title, int(best.agrees.sum())
    compared = int(column.compared.sum())
    factor = Text(vi="", en="")
    if said is not None and np.isfinite(units[best.unit].size) and np.isfinite(units[said.unit].size):
        times = units[said.unit].size / units[best.unit].size
        factor = Text(vi=f", hệ số {times:.6g}", en=f", factor {times:.6g}")
    seen = Text(
        vi=f"giá trị tính bằng {is_.vi} ({agreeing}/{compared} dòng khớp{factor.vi})",
        en=f"values in {is_.en} ({agreeing} of {compared} rows agree{factor.en})",
    )
    wanted = units[said.unit].title if said is not None else next(iter(units.values())).title
    return column.issue("attribute-unit", seen, wanted, severity)


def _apart(column: _Column, used: _Reading) -> Issue:
    """Tell once that a column does not speak of these geometries."""
    ratios = (used.values / column.measured)[column.compared]
    middle, compared = float(np.nanmedian(ratios)), int(column.compared.sum())
    title = UNITS[column.stated.measure][used.unit].title
    seen = Text(
        vi=f"{compared - int(used.agrees.sum())}/{compared} dòng không khớp; tính bằng {title.vi}, trung vị gấp "
        f"{middle:.4g} lần hình học",
        en=f"{compared - int(used.agrees.sum())} of {compared} rows differ; in {title.en}, the median is {middle:.4g} "
        "times the geometry",
    )
    return column.issue(column.rule, seen, Text(vi="giá trị của chính các hình này", en="values of these geometries"))


def _row_issues(column: _Column, used: _Reading) -> Iterator[Issue]:
    marked = column.compared & ~used.agrees & np.isfinite(used.values)
    # An outline that crosses itself has no area to speak of, and is an issue of its own.
    marked[marked] = over(only(column.shapes, marked), shapely.is_valid)
    for row in np.flatnonzero(marked).tolist():
        size, title = _shown_unit(column, used, row)
        stated, drawn = used.values[row] / size, column.measured[row] / size
        yield Issue(
            column.rule,
            column.layer,
            row,
            column.rows.name(row),
            column.stated.column,
            Text(vi=f"{stated:.6g} {title.vi}", en=f"{stated:.6g} {title.en}"),
            Text(vi=f"{drawn:.6g} {title.vi} theo hình học", en=f"{drawn:.6g} {title.en} by the geometry"),
            "warning",
            measured=round(float(stated / drawn - 1) * 100, 2),
            unit="%",
        )


def _projection(column: _Column, used: _Reading, metric_crs: str) -> Iterator[Issue]:
    """Tell that a column was computed in another projection, which shows as one scale over all rows."""
    exact = used.agrees & np.isfinite(used.values) & (column.amounts.half < _SCALE / 10 * column.amounts.values)
    picked = np.flatnonzero(exact)
    if len(picked) < _FEW or np.isnan(UNITS[column.stated.measure][used.unit].size):
        return
    picked = picked[np.linspace(0, len(picked) - 1, min(len(picked), _SAMPLE)).astype(int)]
    shapes, values = column.shapes[picked], used.values[picked]
    scale = _scale(shapes, values, column.stated.measure, metric_crs)
    if scale is None or abs(scale - 1) < _SCALE:
        return
    x, _ = _middle(shapes)
    near = tuple(one for one in FRAMES if one.code and one.transverse_mercator and abs(one.meridian - x) <= _MARGIN)
    fits = (zone_from_areas if column.stated.measure == "area" else zone_from_lengths)(
        shapes, values, candidates=(*near, ELLIPSOID)
    )
    # One scale over all rows: values that scatter more than the scale is off show no projection.
    off = abs(scale - 1)
    if not fits or abs(fits[0].ratio - 1) * _CLEARLY > off or fits[0].spread > off / 2:
        return
    if fits[0].frame == ELLIPSOID:
        # True to the ground, and so to any grid near its own meridian.
        return
    told = ", ".join(one.frame.label for one in _equals(fits))
    seen = Text(
        vi=f"khớp {told}; trong {metric_crs} hình học gấp {scale:.6f} lần",
        en=f"agrees with {told}; in {metric_crs} the geometries are {scale:.6f} times as large",
    )
    yield column.issue("attribute-projection", seen, metric_crs)


def _scale(shapes: Shapes, values: FloatArray, measure: Measure, metric_crs: str) -> float | None:
    """Return the median of measure in the metric CRS to stated value; None where that CRS is not made for the place."""
    crs: CRS = parse_crs(metric_crs, where="metric_crs")
    area, (x, y) = crs.area_of_use, _middle(shapes)
    if area is not None and not (
        area.west - _MARGIN <= x <= area.east + _MARGIN and area.south - _MARGIN <= y <= area.north + _MARGIN
    ):
        return None
    projected = np.asarray(metric(gpd.GeoDataFrame(geometry=shapes, crs=STORE_CRS), metric_crs).geometry.array)
    taken = shapely.area(projected) if measure == "area" else shapely.length(projected)
    return float(np.median(taken / values))


def _middle(shapes: Shapes) -> tuple[float, float]:
    x, y = np.nanmedian(shapely.get_coordinates(shapely.centroid(shapes)), axis=0)
    return float(x), float(y)


def _equals(fits: tuple[ZoneFit, ...]) -> list[ZoneFit]:
    """Return the projections that the values cannot tell apart, such as one grid on two datums."""
    best = abs(fits[0].ratio - 1)
    return [one for one in fits if abs(one.ratio - 1) <= max(2 * best, 1e-6)][:3]
