"""How lines meet, in the plane: ends that miss another line, crossings without a node, and common stretches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

import numpy as np
import shapely

from layers.topology.linework import FloatArray, IntArray, Shapes
from layers.validation.model import Mask

__all__ = ["Crossings", "LooseEnds", "Pairing", "Stretches", "crossings_and_stretches", "everyone", "loose_ends"]

#: Positions of pairs to whether both lines are to be compared.
Pairing = Callable[[IntArray, IntArray], Mask]

_LINEAR: Final = 1
#: Lines that cross are near each other for so many times the tolerance, unless their angle is very sharp.
_CROSSING: Final = 10
#: Interiors that meet (DE-9IM).
_MEETING: Final = "T********"


class LooseEnds(NamedTuple):
    """Ends of lines that come close to a line, but are not on it.

    Attributes
    ----------
    first, second : ndarray of int, shape (ends,)
        Positions of the line that ends, and of the line that it misses.
    places : ndarray of geometry, shape (ends,)
        The end, a Point.
    targets : ndarray of geometry, shape (ends,)
        The nearest Point on the other line.
    distance_m : ndarray of float, shape (ends,)
        Between the two.
    beyond : ndarray of bool, shape (ends,)
        Whether the line crosses the other and ends just beyond it.
    """

    first: IntArray
    second: IntArray
    places: Shapes
    targets: Shapes
    distance_m: FloatArray
    beyond: Mask


class Crossings(NamedTuple):
    """Places where lines cross, and at least one of them has no vertex.

    Attributes
    ----------
    first, second : ndarray of int, shape (crossings,)
        Positions, the smaller first.
    places : ndarray of geometry, shape (crossings,)
        Points.
    """

    first: IntArray
    second: IntArray
    places: Shapes


class Stretches(NamedTuple):
    """Pairs of lines that run along each other.

    Attributes
    ----------
    first, second : ndarray of int, shape (pairs,)
        Positions, the smaller first.
    places : ndarray of geometry, shape (pairs,)
        What both cover, LineString or MultiLineString.
    length_m : ndarray of float, shape (pairs,)
        Its length.
    """

    first: IntArray
    second: IntArray
    places: Shapes
    length_m: FloatArray


def everyone(first: IntArray, second: IntArray) -> Mask:
    """Compare every pair.

    Parameters
    ----------
    first, second : ndarray of int, shape (pairs,)
        Positions.

    Returns
    -------
    ndarray of bool, shape (pairs,)
        True.
    """
    return np.ones(np.broadcast(first, second).shape, dtype=bool)


def loose_ends(lines: Shapes, *, tolerance_m: float, reach_m: float, together: Pairing = everyone) -> LooseEnds:
    """Find ends of lines that miss another line by little.

    Parameters
    ----------
    lines : ndarray of geometry, shape (n,)
        In a projected CRS in metres; what is None, empty or not a line is left out.
    tolerance_m : float
        An end this near to another line is on it.
    reach_m : float
        An end on no line, but this near to one, misses it.
    together : callable, optional
        Which pairs are to be compared; all without it.

    Returns
    -------
    LooseEnds
        In the order of lines and of their ends. An end far from any other line is a dead end, not a loose one.

    Examples
    --------
    >>> lines = shapely.from_wkt(["LINESTRING (0 0, 9 0)", "LINESTRING (5 1, 5 9)"])
    >>> found = loose_ends(lines, tolerance_m=0, reach_m=2)
    >>> found.first.tolist(), found.second.tolist(), found.distance_m.tolist(), found.beyond.tolist()
    ([1], [0], [1.0], [False])
    """
    parts, of_part = _parts(lines)
    tree = shapely.STRtree(parts)
    ends, of_end = _ends(parts)
    end, part = tree.query(ends, predicate="dwithin", distance=tolerance_m)
    joined = (part != of_end[end]) & together(of_part[of_end[end]], of_part[part])
    free = np.setdiff1d(np.arange(len(ends)), end[joined])
    near, part = tree.query(ends[free], predicate="dwithin", distance=reach_m)
    end = free[near]
    # A line misses itself where its two ends almost meet: then it is the other end that counts, not its own last step.
    itself = part == of_end[end]
    keep = together(of_part[of_end[end]], of_part[part]) & ~itself
    end, part = end[keep], part[keep]
    targets, distance = _nearest(ends[end], parts[part])
    starts = _closures(parts, ends, of_end, free, reach_m=reach_m)
    end, part = np.concatenate((end, starts)), np.concatenate((part, of_end[starts]))
    targets = np.concatenate((targets, ends[starts + 1]))
    distance = np.concatenate((distance, shapely.distance(ends[starts], ends[starts + 1])))
    order = np.lexsort((part, distance, end))
    order = order[np.concatenate(([True], end[order][1:] != end[order][:-1]))] if len(order) else order
    end, part, targets, distance = end[order], part[order], targets[order], distance[order]
    beyond = _beyond(ends[end], parts[of_end[end]], parts[part], reach_m) & (part != of_end[end])
    return LooseEnds(of_part[of_end[end]], of_part[part], ends[end], targets, distance, beyond)


def _parts(lines: Shapes) -> tuple[Shapes, IntArray]:
    rows = np.flatnonzero(
        (shapely.get_dimensions(lines) == _LINEAR) & (shapely.length(lines) > 0) & shapely.is_valid(lines)
    )
    parts, owner = shapely.get_parts(lines[rows], return_index=True)
    return parts, rows[owner]


def _ends(parts: Shapes) -> tuple[Shapes, IntArray]:
    """Return both ends of each line that is not closed, and whose they are."""
    open_ = np.flatnonzero(~shapely.is_closed(parts))
    both = np.column_stack((shapely.get_point(parts[open_], 0), shapely.get_point(parts[open_], -1))).ravel()
    return both, np.repeat(open_, 2)


def _nearest(points: Shapes, lines: Shapes) -> tuple[Shapes, FloatArray]:
    targets = shapely.line_interpolate_point(lines, shapely.line_locate_point(lines, points))
    return targets, shapely.distance(points, lines)


def _closures(parts: Shapes, ends: Shapes, of_end: IntArray, free: IntArray, *, reach_m: float) -> IntArray:
    """Return the first ends of lines that almost close on themselves; a line no longer than that is a short one."""
    starts = free[(free % 2 == 0) & np.isin(free + 1, free)]
    apart = shapely.distance(ends[starts], ends[starts + 1])
    near = (apart <= reach_m) & (shapely.length(parts[of_end[starts]]) > 2 * reach_m)
    return np.asarray(starts[near])


def _beyond(points: Shapes, lines: Shapes, others: Shapes, reach_m: float) -> Mask:
    met = shapely.intersection(lines, others)
    near = shapely.distance(points, met) <= reach_m
    return np.asarray(near & ~shapely.is_empty(met))


def crossings_and_stretches(
    lines: Shapes, *, tolerance_m: float, shortest_m: float = 0.0, together: Pairing = everyone
) -> tuple[Crossings, Stretches]:
    """Find where lines cross without a node, and where they run along each other.

    Parameters
    ----------
    lines : ndarray of geometry, shape (n,)
        In a projected CRS in metres; what is None, empty or not a line is left out.
    tolerance_m : float
        A vertex this near to a crossing is a node; a line this near to another runs along it.
    shortest_m : float, default 0
        Stretches up to this length do not count.
    together : callable, optional
        Which pairs are to be compared; all without it.

    Returns
    -------
    crossings : Crossings
        A line that ends on another meets it and does not cross it.
    stretches : Stretches
        Both in the order of positions.
    """
    first, second = _near_pairs(lines, tolerance_m, together)
    shared = _stretches(lines, first, second, tolerance_m=tolerance_m, shortest_m=shortest_m)
    meet = shapely.relate_pattern(lines[first], lines[second], _MEETING)
    first, second = first[meet], second[meet]
    met, pair = shapely.get_parts(shapely.intersection(lines[first], lines[second]), return_index=True)
    points = shapely.get_dimensions(met) == 0
    crossed = Crossings(first[pair[points]], second[pair[points]], met[points])
    return _without_node(lines, _off_stretches(crossed, shared, tolerance_m), tolerance_m), shared


def _near_pairs(lines: Shapes, tolerance_m: float, together: Pairing) -> tuple[IntArray, IntArray]:
    rows = np.flatnonzero((shapely.get_dimensions(lines) == _LINEAR) & (shapely.length(lines) > 0))
    near, other = shapely.STRtree(lines[rows]).query(lines[rows], predicate="dwithin", distance=tolerance_m)
    first, second = rows[near[near < other]], rows[other[near < other]]
    keep = together(first, second)
    first, second = first[keep], second[keep]
    order = np.lexsort((second, first))
    return first[order], second[order]


def _stretches(lines: Shapes, first: IntArray, second: IntArray, *, tolerance_m: float, shortest_m: float) -> Stretches:
    others = lines[second]
    if tolerance_m > 0:
        # Float noise parts lines that were drawn as one: what counts is to be near.
        different, which = np.unique(second, return_inverse=True)
        others = shapely.buffer(lines[different], tolerance_m, quad_segs=1, cap_style="flat")[which]
    places = shapely.intersection(lines[first], others)
    length = shapely.length(places)
    # A crossing is near for a moment too.
    long = length > max(shortest_m, _CROSSING * tolerance_m)
    places = shapely.line_merge(np.asarray(places, dtype=object)[long])
    return Stretches(first[long], second[long], np.asarray(places, dtype=object), length[long])


def _off_stretches(crossed: Crossings, shared: Stretches, tolerance_m: float) -> Crossings:
    """Leave out crossings of lines where these run along each other."""
    count = 1 + max((int(side.max()) for side in (*crossed[:2], *shared[:2]) if len(side)), default=0)
    pairs = shared.first * count + shared.second
    at = np.searchsorted(pairs, crossed.first * count + crossed.second)
    found = at < len(pairs)
    found[found] = pairs[at[found]] == (crossed.first * count + crossed.second)[found]
    found[found] = shapely.distance(crossed.places[found], shared.places[at[found]]) <= 2 * tolerance_m
    return _some(crossed, ~found)


def _some(crossed: Crossings, keep: Mask) -> Crossings:
    return Crossings(crossed.first[keep], crossed.second[keep], crossed.places[keep])


def _without_node(lines: Shapes, crossed: Crossings, tolerance_m: float) -> Crossings:
    sides = (crossed.first, crossed.second)
    vertices = _vertices(lines, np.union1d(*sides))
    node = np.ones(len(crossed.places), dtype=bool)
    # Where one ends on the other, that is a T, not a crossing.
    ends = np.zeros(len(crossed.places), dtype=bool)
    for side in sides:
        node &= shapely.distance(crossed.places, vertices[side]) <= tolerance_m
        ends |= shapely.distance(crossed.places, shapely.boundary(lines[side])) <= tolerance_m
    return _some(crossed, ~node & ~ends)


def _vertices(lines: Shapes, rows: IntArray) -> Shapes:
    points, owner = shapely.get_coordinates(lines[rows], return_index=True)
    vertices = np.empty(len(lines), dtype=object)
    if len(rows):
        dots: Shapes = np.asarray(shapely.points(points), dtype=object)
        vertices[rows] = shapely.multipoints(dots, indices=owner)
    return vertices
