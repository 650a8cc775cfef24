"""What is wrong with the shape of a geometry, and where exactly: beyond the yes or no of whether it is valid."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import numpy as np
import pandas as pd
import shapely

from layers.types import Text
from layers.validation.ground import FloatArray, Shapes, ground_area, ground_distance, ground_length
from layers.validation.model import Issue, Mask, Rows
from layers.validation.rules import Severity

__all__ = ["AREAL", "Reason", "check_outliers", "check_shapes", "reason"]

#: Geometry types of areas.
AREAL: Final = (int(shapely.GeometryType.POLYGON), int(shapely.GeometryType.MULTIPOLYGON))
_LINEAR: Final = (int(shapely.GeometryType.LINESTRING), int(shapely.GeometryType.MULTILINESTRING))
#: What GEOS says of an invalid geometry, in Vietnamese.
_REASONS: Final[dict[str, str]] = {
    "Self-intersection": "tự cắt",
    "Ring Self-intersection": "vòng biên tự chạm",
    "Hole lies outside shell": "lỗ nằm ngoài biên",
    "Holes are nested": "lỗ lồng nhau",
    "Nested shells": "các phần lồng nhau",
    "Interior is disconnected": "phần trong bị chia cắt",
    "Duplicate Rings": "vòng biên trùng nhau",
    "Too few points in geometry component": "quá ít điểm",
    "Repeated point": "điểm lặp",
}
#: Reasons for which an outline touches itself in a point and crosses itself nowhere.
_TOUCHES: Final = frozenset({"Ring Self-intersection", "Interior is disconnected"})
_PLACE: Final = re.compile(r"\[(\S+) (\S+?)(?: \S+)?\]$")
#: Smaller areas and shorter lines are what is left of a drawing error, not something that was surveyed.
TINY_M2: Final = 0.01
TINY_M: Final = 0.001
_ERROR: Final[Severity] = "error"
_WARNING: Final[Severity] = "warning"
#: What may be tiny anywhere up to the 89th parallel, in square degrees and degrees: only these are measured.
_MAYBE_TINY_AREA: Final = 1e-10
_MAYBE_TINY_LENGTH: Final = 1e-6
#: Outlines that go out and come back within this angle enclose nothing on the way.
SPIKE_DEG: Final = 1.0
#: Shorter spikes are noise of the last digit.
SPIKE_M: Final = 0.1
#: A line or area has a vertex at 0,0 in earnest if its next vertices lie this near, degrees.
_BY_NULL_DEG: Final = 1.0
#: Fewer features have no place that could be called theirs.
OUTLIER_FEATURES: Final = 8
#: So many times farther from the middle than three quarters of all are.
OUTLIER_TIMES: Final = 10.0
#: Nothing is an outlier within a town.
OUTLIER_KM: Final = 5.0
#: Of more than this share a part of the data lies elsewhere, which is no mistake; one may always be.
OUTLIER_SHARE: Final = 0.02
#: Areas that are looked at together.
_AT_ONCE: Final = 2048
#: One degree of a great circle, metres.
_DEGREE_M: Final = 111_195.0


class Reason(NamedTuple):
    """Why a geometry is not valid.

    Attributes
    ----------
    text : Text
        In words, with the coordinates.
    place : Point or None
        Where; None where it is no one place.
    touches : bool
        Whether it only touches itself.
    """

    text: Text
    place: shapely.Point | None
    touches: bool


def reason(shape: shapely.Geometry) -> Reason:
    """Return why a geometry is not valid, and where.

    Parameters
    ----------
    shape : geometry
        One that is not valid.

    Returns
    -------
    Reason
        In both languages.

    Examples
    --------
    >>> reason(shapely.from_wkt("POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))")).place
    <POINT (0.5 0.5)>
    """
    said, bracket, place = shapely.is_valid_reason(shape).partition("[")
    where = f" ({place.rstrip(']')})" if bracket else ""
    found = _PLACE.search(bracket + place)
    point = shapely.Point(float(found[1]), float(found[2])) if found else None
    finite = point if point is not None and shapely.is_valid(point) else None
    return Reason(Text(vi=_REASONS.get(said, said) + where, en=said + where), finite, said in _TOUCHES)


def check_shapes(rows: Rows, shapes: Shapes, sound: Mask) -> Iterator[Issue]:
    """Yield geometries that are well formed and yet cannot be meant.

    Parameters
    ----------
    rows : Rows
        Of the features.
    shapes : ndarray of geometry, shape (n,)
        In longitude and latitude.
    sound : ndarray of bool, shape (n,)
        Which ones have coordinates, all of them finite and within longitude and latitude.

    Yields
    ------
    Issue
        Vertices at 0,0, areas and lines without extent, spikes.
    """
    shapes = shapes.copy()
    shapes[~sound] = None
    types = shapely.get_type_id(shapes)
    yield from _check_null_island(rows, shapes, sound)
    areal = sound & np.isin(types, AREAL)
    yield from _check_tiny(rows, shapes, areal, sound & np.isin(types, _LINEAR))
    yield from _check_spikes(rows, shapes, areal)


def _check_null_island(rows: Rows, shapes: Shapes, sound: Mask) -> Iterator[Issue]:
    """Yield geometries with a vertex at 0,0: what programs write where a place is not known."""
    places, owners = shapely.get_coordinates(shapes, return_index=True)
    null = (places[:, 0] == 0) & (places[:, 1] == 0)
    if not null.any():
        return
    marked = np.zeros(len(shapes), dtype=bool)
    marked[owners[null]] = True
    marked &= sound
    others = np.flatnonzero(marked[owners] & ~null)
    nearest = np.full(len(shapes), np.inf)
    np.minimum.at(nearest, owners[others], np.abs(places[others]).max(axis=1))
    marked &= (shapely.get_dimensions(shapes) == 0) | (nearest > _BY_NULL_DEG)
    points = shapely.get_dimensions(shapes) == 0
    # One vertex of an outline is a slip of the pen; a point there has no place at all.
    for which, severity in ((marked & points, _ERROR), (marked & ~points, _WARNING)):
        yield from rows.issues(
            which,
            "geometry-null-island",
            seen=lambda _: Text(vi="0, 0", en="0, 0"),
            wanted=Text(vi="vị trí thật, hoặc để trống (null) nếu chưa rõ", en="the true place, or null where unknown"),
            place=lambda _: shapely.Point(0, 0),
            severity=severity,
        )


def _check_tiny(rows: Rows, shapes: Shapes, areal: Mask, linear: Mask) -> Iterator[Issue]:
    """Yield areas and lines without extent."""
    for marked, sizes, most, measure, limit, unit in (
        (areal, shapely.area(shapes), _MAYBE_TINY_AREA, ground_area, TINY_M2, "m2"),
        (linear, shapely.length(shapes), _MAYBE_TINY_LENGTH, ground_length, TINY_M, "m"),
    ):
        maybe = np.flatnonzero(marked & (sizes < most))
        # What is not valid may have no area and yet be large: that is told already.
        maybe = maybe[shapely.is_valid(shapes[maybe])]
        ground = np.full(len(shapes), np.inf)
        ground[maybe] = measure(shapes[maybe])
        shown = unit.replace("2", "²")
        yield from rows.issues(
            ground < limit,
            "geometry-tiny",
            seen=lambda row, ground=ground, shown=shown: f"{ground[row]:.2g} {shown}",  # type: ignore[misc]
            wanted=Text(vi=f"từ {limit:g} {shown} trở lên", en=f"{limit:g} {shown} or more"),
            measured=lambda row, ground=ground: float(ground[row]),  # type: ignore[misc]
            unit=unit,
        )


def _check_spikes(rows: Rows, shapes: Shapes, areal: Mask) -> Iterator[Issue]:
    """Yield areas whose outline goes out to a vertex and comes back the way it went."""
    longest: dict[int, tuple[float, shapely.Point]] = {}
    plain = areal & (shapely.get_type_id(shapes) == shapely.GeometryType.POLYGON)
    plain &= shapely.get_num_interior_rings(shapes) == 0
    # An area without holes is its own ring, which saves building one.
    for chosen, split in ((plain, False), (areal & ~plain, True)):
        at = np.flatnonzero(chosen)
        # In pieces that fit the processor's cache: this looks at every vertex of every area.
        for first in range(0, len(at), _AT_ONCE):
            some = at[first : first + _AT_ONCE]
            rings, owners = shapes[some], np.arange(len(some))
            if split:
                parts, owners = shapely.get_parts(rings, return_index=True)
                parts, owners = parts[~shapely.is_empty(parts)], owners[~shapely.is_empty(parts)]
                rings, of_part = shapely.get_rings(parts, return_index=True)
                owners = owners[of_part]
            for ring, arm, tip in _spikes(rings):
                row = int(some[owners[ring]])
                if arm > longest.get(row, (0.0,))[0]:
                    longest[row] = (arm, tip)
    marked = np.zeros(len(shapes), dtype=bool)
    marked[list(longest)] = True
    yield from rows.issues(
        marked,
        "geometry-spike",
        seen=lambda row: Text(vi=f"gai dài {longest[row][0]:.2f} m", en=f"a spike {longest[row][0]:.2f} m long"),
        wanted=Text(vi=f"góc từ {SPIKE_DEG:g}° trở lên", en=f"angles of {SPIKE_DEG:g}° or more"),
        place=lambda row: longest[row][1],
        measured=lambda row: longest[row][0],
        unit="m",
    )


def _spikes(rings: Shapes) -> Iterator[tuple[int, float, shapely.Point]]:
    """Yield the spikes of rings: which ring, how many metres long, and where the tip lies."""
    x, y = np.ascontiguousarray(shapely.get_coordinates(rings).T)
    east, north = np.diff(x), np.diff(y)
    ends = np.cumsum(shapely.get_num_coordinates(rings)) - 1
    starts = np.concatenate(([0], ends[:-1] + 1))
    # The last vertex of a ring is its first: out of it goes the first step. Between rings there is no step.
    next_east, next_north = np.append(east[1:], 0.0), np.append(north[1:], 0.0)
    next_east[ends - 1], next_north[ends - 1] = east[starts], north[starts]
    shrunk = np.cos(np.radians(y[1:]))
    east *= shrunk
    next_east *= shrunk
    along = -(east * next_east + north * next_north)
    back = np.abs(east * next_north - north * next_east) < along * np.tan(np.radians(SPIKE_DEG))
    back[ends[:-1]] = False
    steps = np.flatnonzero(back)
    arms = np.minimum(np.hypot(east[steps], north[steps]), np.hypot(next_east[steps], next_north[steps])) * _DEGREE_M
    for ring, arm, tip in zip(np.searchsorted(ends, steps + 1).tolist(), arms.tolist(), steps + 1, strict=True):
        if arm >= SPIKE_M:
            yield ring, arm, shapely.Point(x[tip], y[tip])


def check_outliers(bounds: FloatArray, ids: pd.Index[Any], *, layer: str) -> Iterator[Issue]:
    """Yield features that lie far from all the others.

    Parameters
    ----------
    bounds : ndarray of float, shape (n, 4)
        Of each feature, in longitude and latitude; NaN for none.
    ids : Index
        Their ids.
    layer : str
        The layer's id, or the name of the file's layer.

    Yields
    ------
    Issue
        With the distance from the middle of all; nothing where a part of the data lies elsewhere.
    """
    there = np.flatnonzero(np.isfinite(bounds).all(axis=1))
    if len(there) < OUTLIER_FEATURES:
        return
    centres = (bounds[there, :2] + bounds[there, 2:]) / 2
    middle: FloatArray = np.median(centres, axis=0)
    away = np.zeros(len(bounds))
    away[there] = ground_distance(centres, np.broadcast_to(middle, centres.shape)) / 1000
    most = max(OUTLIER_KM, OUTLIER_TIMES * float(np.quantile(away[there], 0.75)))
    marked = away > most
    if marked.sum() > max(1, OUTLIER_SHARE * len(there)):
        return
    yield from Rows(layer, ids).issues(
        marked,
        "geometry-outlier",
        seen=lambda row: Text(
            vi=f"cách trung tâm của các đối tượng {away[row]:.0f} km", en=f"{away[row]:.0f} km from the middle of all"
        ),
        wanted=Text(vi=f"trong vòng {most:.0f} km", en=f"within {most:.0f} km"),
        measured=lambda row: float(away[row]),
        unit="km",
    )
