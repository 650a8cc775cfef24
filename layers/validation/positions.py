"""Whether columns of coordinates agree with the geometry: the distance, exchanged columns, one offset over all rows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import numpy as np
import pandas as pd
import shapely

from layers.formats.coordinates import PlaceColumns, place_columns, read_numbers
from layers.georeference import FRAMES, Reading, read_points
from layers.georeference.frames import shift_of
from layers.spool import ShapesOrSpool, drawn, only, parts_of_shapes
from layers.types import Text
from layers.validation.amounts import half_digit
from layers.validation.ground import FloatArray, Shapes, ground_distance
from layers.validation.model import Issue, Mask, Rows

__all__ = ["TOLERANCE_M", "check_positions"]

#: How far a stated place may lie from its geometry beyond the rounding of its digits, metres: a hand-held receiver.
TOLERANCE_M: Final = 25.0
#: Metres in a degree of latitude, roughly.
_DEGREE_M: Final = 111_000.0
#: A reading in metres that is further off than this is none.
_NO_READING_M: Final = 2000.0
#: Rows looked at to find the reading.
_SAMPLE: Final = 50
#: Fewer rows show no common offset.
_FEW: Final = 5
#: Part of a common offset by which single rows may stray from it.
_STRAY: Final = 0.1
_RULE: Final = "attribute-coordinates"
_WGS84: Final = next(one for one in FRAMES if one.code == "EPSG:4326")


class _Compared(NamedTuple):
    """Stated places beside the nearest places of the geometries, degrees, and the distance in metres."""

    stated: FloatArray
    nearest: FloatArray
    apart: FloatArray


def check_positions(table: pd.DataFrame, shapes: ShapesOrSpool, rows: Rows, *, layer: str) -> Iterator[Issue]:
    """Compare columns of coordinates with the geometries.

    Parameters
    ----------
    table : DataFrame
        Attributes.
    shapes : ndarray of geometry, shape (rows,), or ShapeSpool
        EPSG:4326; None where unknown.
    rows : Rows
        Makes issues of rows.
    layer : str
        What to call the layer in issues.

    Yields
    ------
    Issue
        By pair of columns: as a whole first, then rows in order.
    """
    pairs = list(place_columns(list(table.columns)))
    if not pairs:
        return
    there = drawn(shapes)
    for pair in pairs:
        numbers = np.column_stack([read_numbers(table[name]) for name in (pair.x, pair.y)])
        given = np.isfinite(numbers).all(axis=1) & (numbers != 0).any(axis=1)
        if (given & there).any():
            yield from _empty(pair, there & ~given, there, rows, layer=layer)
            yield from _disagreeing(pair, numbers, given & there, shapes, rows, layer=layer)


def _name(pair: PlaceColumns) -> str:
    return f"{pair.x}, {pair.y}"


def _empty(pair: PlaceColumns, empty: Mask, drawn: Mask, rows: Rows, *, layer: str) -> Iterator[Issue]:
    wanted = Text(vi="toạ độ của hình học", en="the coordinates of the geometry")
    count = int(empty.sum())
    if count > drawn.sum() / 2:
        seen = Text(vi=f"trống ở {count}/{drawn.sum()} dòng", en=f"empty in {count} of {drawn.sum()} rows")
        yield Issue(_RULE, layer, None, None, _name(pair), seen, wanted, "warning")
        return
    nothing = Text(vi="để trống", en="nothing")
    yield from rows.issues(empty, _RULE, seen=lambda _: nothing, wanted=wanted, field=_name(pair))


def _disagreeing(
    pair: PlaceColumns, numbers: FloatArray, compared: Mask, shapes: ShapesOrSpool, rows: Rows, *, layer: str
) -> Iterator[Issue]:
    picked = np.flatnonzero(compared)
    numbers, taken = numbers[picked], only(shapes, picked)
    few = np.linspace(0, len(picked) - 1, min(len(picked), _SAMPLE)).astype(int)
    reading, far = _reading(numbers[few], taken[few])
    if reading is None:
        stray = Text(
            vi=f"không khớp hệ toạ độ nào, lệch từ {far:.0f} m", en=f"in no known CRS, {far:.0f} m off at best"
        )
        yield Issue(_RULE, layer, None, None, _name(pair), stray, _wanted(), "warning")
        return
    half = np.hypot(*(half_digit(numbers[:, one]) for one in (0, 1)))
    limit = TOLERANCE_M + half * (_DEGREE_M if reading.frame.family == "degrees" else 1.0)
    straight = _compare(read_points(numbers, reading), taken)
    if reading.exchanged and pair.kind != "xy":
        # In Vietnam X may well be the northing; a column called latitude holds no longitude.
        yield Issue(_RULE, layer, None, None, _name(pair), _exchanged(), _wanted(), "warning")
    off = straight.apart > limit
    swapped = np.zeros(len(off), dtype=bool)
    swapped[off] = _compare(read_points(numbers[off, ::-1], reading), taken[off]).apart <= limit[off]
    common, offset = _common_offset(straight, off & ~swapped)
    if offset is not None:
        yield Issue(
            _RULE, layer, None, None, _name(pair), offset, _wanted(), "warning",
            measured=round(float(np.median(straight.apart[common])), 1), unit="m",
        )  # fmt: skip
    marked = np.zeros(len(shapes), dtype=bool)
    marked[picked[off & ~common]] = True
    position = {int(row): number for number, row in enumerate(picked)}

    def seen(row: int) -> Text:
        number = position[row]
        if swapped[number]:
            return _exchanged()
        x, y = numbers[number]
        return Text(vi=f"{x:.10g}, {y:.10g}", en=f"{x:.10g}, {y:.10g}")

    yield from rows.issues(
        marked,
        _RULE,
        seen=seen,
        wanted=_wanted(),
        field=_name(pair),
        measured=lambda row: round(float(straight.apart[position[row]]), 1),
        unit="m",
    )


def _wanted() -> Text:
    return Text(vi="vị trí của hình học", en="the place of the geometry")


def _exchanged() -> Text:
    return Text(vi="hai cột bị đổi chỗ", en="the two columns are exchanged")


def _reading(numbers: FloatArray, shapes: ShapesOrSpool) -> tuple[Reading | None, float]:
    """Return the reading of coordinates that leads nearest to the geometries, and how far off that is in metres."""
    degrees = float(np.mean(np.abs(numbers).max(axis=1) <= 180)) > 0.5
    frames = [_WGS84] if degrees else [one for one in FRAMES if one.transverse_mercator and one.code]
    readings = [Reading(one, shift_of(one.datum), exchanged=turned) for one in frames for turned in (False, True)]
    # Frames that differ by a datum alone lie 200 m apart at most, and the first listed wins a tie.
    far = [float(np.nanmedian(_compare(read_points(numbers, one), shapes).apart)) for one in readings]
    far = [value if np.isfinite(value) else np.inf for value in far]
    best = int(np.argmin(far))
    if degrees:
        return readings[best], far[best]
    return (readings[best] if far[best] <= _NO_READING_M else None), far[best]


def _compare(places: FloatArray, shapes: ShapesOrSpool) -> _Compared:
    found = [_compare_some(places[start : start + len(some)], some) for start, some in parts_of_shapes(shapes)]
    return _Compared(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _compare_some(places: FloatArray, shapes: Shapes) -> _Compared:
    bad = ~np.isfinite(places[:, 0] + places[:, 1])
    safe = np.where(bad[:, None], 0.0, places)
    if bool(np.all(np.asarray(shapely.get_type_id(shapes)) == shapely.GeometryType.POINT.value)):
        nearest = shapely.get_coordinates(shapes)
    else:
        # Most labels lie within their area, where nothing has to be searched for.
        nearest = safe.copy()
        outside = ~shapely.intersects_xy(shapes, safe[:, 0], safe[:, 1])
        lines = shapely.shortest_line(shapes[outside], shapely.points(safe[outside]))
        nearest[outside] = shapely.get_coordinates(lines)[::2]
    apart = ground_distance(safe, nearest)
    apart[bad] = np.inf
    return _Compared(safe, nearest, apart)


def _common_offset(compared: _Compared, off: Mask) -> tuple[Mask, Text | None]:
    """Return the rows that are all off the same way, and that way in words."""
    none = np.zeros(len(off), dtype=bool)
    if off.sum() < max(_FEW, len(off) / 2):
        return none, None
    shift = compared.stated - compared.nearest
    middle = np.median(shift[off], axis=0)
    at = np.median(compared.nearest[off], axis=0)
    stray = ground_distance(np.tile(at, (len(shift), 1)) + middle, np.tile(at, (len(shift), 1)) + shift)
    length = float(ground_distance(at[None, :] + middle, at[None, :])[0])
    common = off & (stray <= _STRAY * length)
    if common.sum() < off.sum() / 2:
        return none, None
    east = float(ground_distance(at[None, :] + [middle[0], 0.0], at[None, :])[0]) * np.sign(middle[0])
    north = float(ground_distance(at[None, :] + [0.0, middle[1]], at[None, :])[0]) * np.sign(middle[1])
    told = Text(
        vi=f"{common.sum()} dòng cùng lệch {east:+.0f} m về đông, {north:+.0f} m về bắc (có thể khác hệ quy chiếu)",
        en=f"{common.sum()} rows are all off {east:+.0f} m east, {north:+.0f} m north (another datum, perhaps)",
    )
    return common, told
