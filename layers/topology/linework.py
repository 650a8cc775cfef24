"""Which edges of areas have no match: what is left of all boundaries once the borders that two areas share are gone.

Give every boundary its direction, areas on the left. How many areas cover a place changes only across edges that are
not passed as often one way as the other, so that overlaps and gaps lie between those alone. In a clean coverage they
are the outline; the many edges inside, passed once in each direction, need not be looked at.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely

from layers.spool import Shapes, ShapesOrSpool, ShapeSpool, parts_of_shapes

__all__ = ["FloatArray", "IntArray", "Linework", "Shapes", "linework"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
_Hashes = npt.NDArray[np.uint64]

#: Vertices are the same if they are in one cell of a grid this much finer than the tolerance.
_CELLS: Final = 8
#: Drawings are in whole millimetres or centimetres: a grid with a corner at 0 would part what float noise moved.
_SHIFT: Final = 0.2718
#: With more edges without a match, they are matched again where one side of a border has more vertices.
_MANY: Final = 20_000
#: More edges than these are matched in groups, by the first bits of what names them.
_AT_ONCE: Final = 500_000
_GROUP_BITS: Final = 3
_GROUPS: Final = 1 << _GROUP_BITS
#: A vertex is on an edge if it is nearer than this share of the tolerance.
_ON_EDGE: Final = 1 / 32
#: A border may have several further vertices in a row; each round halves them.
_ROUNDS: Final = 6
#: Odd constants of a 64-bit mixing function (splitmix64).
_MIX: Final = tuple(np.uint64(number) for number in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


class Linework(NamedTuple):
    """Edges that are not matched.

    Attributes
    ----------
    segments : ndarray of float, shape (edges, 2, 2)
        Both ends of each; vertices that are the same within the tolerance have the same coordinates.
    matched : int
        How many other edges there are.
    """

    segments: FloatArray
    matched: int


def linework(areas: ShapesOrSpool, *, tolerance_m: float) -> Linework:
    """Return the edges that areas do not share.

    Parameters
    ----------
    areas : ndarray of geometry, shape (n,), or ShapeSpool
        Valid Polygons and MultiPolygons, metres.
    tolerance_m : float
        Vertices nearer than about an eighth of it are the same; 0 for exactly the same.

    Returns
    -------
    Linework
        Empty where every edge is matched.

    Examples
    --------
    >>> two = shapely.box([0, 1], 0, [1, 2], 1)
    >>> left = linework(two, tolerance_m=0.001)
    >>> len(left.segments), left.matched
    (6, 2)
    """
    left = _left_over(areas, tolerance_m)
    if not left.edges:
        return Linework(np.empty((0, 2, 2)), 0)
    places, start, end = _places(left.points, left.names, tolerance_m)
    edges = _matched(places, _Edges(start, end, left.net))
    if tolerance_m > 0:
        if len(edges.start) > _MANY:
            edges = _straightened(places, edges, tolerance_m * _ON_EDGE)
        edges = _split(places, edges, tolerance_m * _ON_EDGE)
    segments = places.points[np.stack([edges.start, edges.end], axis=1)]
    return Linework(segments, left.edges - len(segments))


class _LeftOver(NamedTuple):
    """One edge of each that is not passed as often one way as the other.

    Both ends, first the starts and then the ends of all: coordinates and names; how much more often an edge is passed
    from start to end than back; and how many edges there are in all.
    """

    points: FloatArray
    names: _Hashes
    net: IntArray
    edges: int


def _left_over(areas: ShapesOrSpool, tolerance_m: float) -> _LeftOver:
    """Match edges by the places that they join.

    Of an edge memory holds one number and its way; which ones have a match is known once all were seen, and then the
    areas are gone through again for the others.
    """
    lone: _Sides | None = None
    keys, ways = [np.empty(0, dtype=np.uint64)], [np.empty(0, dtype=np.int8)]
    for _, some in parts_of_shapes(areas):
        sides = _sides(some, tolerance_m)
        keys.append(_mixed(np.minimum(*sides.names) ^ _mixed(np.maximum(*sides.names))))
        ways.append(np.where(sides.forward, sides.ways, -sides.ways))
        lone = None if isinstance(areas, ShapeSpool) else sides
    every, way = np.concatenate(keys), np.concatenate(ways)
    # Of a large layer each of them is large.
    keys.clear()
    ways.clear()
    count = len(every)
    kept, net = _unmatched(every, way)
    del every, way
    order = np.argsort(kept)
    kept, net = kept[order], net[order]
    points, names, forward, before = [], [], [], 0
    for _, some in parts_of_shapes(areas) if count else ():
        sides = lone or _sides(some, tolerance_m)
        mine = kept[slice(*np.searchsorted(kept, [before, before + len(sides.ways)]))] - before
        points.append(sides.points[np.stack((sides.starts[mine], sides.starts[mine] + 1))])
        names.append(sides.names[:, mine])
        forward.append(sides.forward[mine])
        before += len(sides.ways)
    if not points:
        return _LeftOver(np.empty((0, 2)), np.empty(0, dtype=np.uint64), net, 0)
    # The net way of an edge is from the smaller name to the larger; here it becomes that from its start to its end.
    net = np.where(np.concatenate(forward), net, -net)
    return _LeftOver(
        np.concatenate(points, axis=1).reshape(-1, 2), np.concatenate(names, axis=1).reshape(-1), net, count
    )


class _Sides(NamedTuple):
    """Edges of areas.

    Vertices; where each edge starts among them; names of both ends; whether the name of the start is the smaller one;
    and 1 where the area is on the left of the edge, else -1.
    """

    points: FloatArray
    starts: IntArray
    names: _Hashes
    forward: npt.NDArray[np.bool_]
    ways: npt.NDArray[np.int8]


def _sides(areas: Shapes, tolerance_m: float) -> _Sides:
    """Return the edges of areas that are longer than the tolerance tells apart."""
    points, starts, ways = _edges(areas)
    names = _names(points, tolerance_m)
    real = names[starts] != names[starts + 1]
    starts, ways = starts[real], ways[real]
    ends = np.stack((names[starts], names[starts + 1]))
    return _Sides(points, starts, ends, ends[0] < ends[1], ways)


class _Places(NamedTuple):
    """Different places, with their names."""

    points: FloatArray
    names: _Hashes


class _Edges(NamedTuple):
    """Edges between places, and how much more often they are passed from start to end than back."""

    start: IntArray
    end: IntArray
    net: IntArray


def _unmatched(keys: _Hashes, ways: npt.NDArray[np.integer]) -> tuple[IntArray, IntArray]:
    """Return the first edge of each that is not passed as often one way as the other, and by how much.

    The way of an edge is counted from the smaller name to the larger.
    """
    # Group by group of names, so that what sorting needs beside them is a fraction of them.
    groups = 1 if len(keys) < _AT_ONCE else _GROUPS
    group = (keys >> np.uint64(64 - _GROUP_BITS)).astype(np.uint8) if groups > 1 else None
    found = [(np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp))]
    for number in range(groups if len(keys) else 0):
        if group is None:
            found.append(_unmatched_some(keys, ways))
            continue
        rows = np.flatnonzero(group == number)
        if len(rows):
            kept, net = _unmatched_some(keys[rows], ways[rows])
            found.append((rows[kept], net))
    kept, net = (np.concatenate(parts) for parts in zip(*found, strict=True))
    return kept, net


def _unmatched_some(keys: _Hashes, ways: npt.NDArray[np.integer]) -> tuple[IntArray, IntArray]:
    order = np.argsort(keys)
    keys = keys[order]
    first = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1])))
    net = np.add.reduceat(ways[order], first, dtype=np.intp)
    # Whatever order equal ones were sorted into.
    return np.minimum.reduceat(order, first)[net != 0], net[net != 0]


def _matched(places: _Places, edges: _Edges) -> _Edges:
    """Match edges again."""
    start, end, net = (values[edges.start != edges.end] for values in edges)
    forward = places.names[start] < places.names[end]
    start, end, net = np.where(forward, start, end), np.where(forward, end, start), np.where(forward, net, -net)
    # Names are in rising order here, the smaller first.
    keys = _mixed(places.names[start] ^ _mixed(places.names[end]))
    kept, net = _unmatched(keys, net)
    return _Edges(start[kept], end[kept], net)


def _places(points: FloatArray, names: _Hashes, tolerance_m: float) -> tuple[_Places, IntArray, IntArray]:
    """Return the places of the starts and the ends of edges, and which of them edges start and end at."""
    different, first, which = np.unique(names, return_index=True, return_inverse=True)
    there = points[first]
    if tolerance_m > 0:
        # A second grid, half a cell aside, joins what a line of the first one parts.
        different, first, again = np.unique(
            _names(there, tolerance_m, shift=_SHIFT + 0.5), return_index=True, return_inverse=True
        )
        there, which = there[first], again[which]
    start, end = np.split(which, 2)
    return _Places(there, different), start, end


def _straightened(places: _Places, edges: _Edges, distance_m: float) -> _Edges:
    """Leave out vertices on a straight line and match again: one side of a border often has more of them."""
    for _ in range(_ROUNDS):
        vertex, one, two = _passed(places, edges, distance_m)
        if not len(vertex):
            break
        start = edges.start[one] + edges.end[one] - vertex
        end = edges.start[two] + edges.end[two] - vertex
        # What flows into the vertex by the one edge flows out by the other.
        flow = np.where(edges.end[one] == vertex, edges.net[one], -edges.net[one])
        left = np.ones(len(edges.start), dtype=bool)
        left[one] = left[two] = False
        joined = (np.concatenate((old[left], new)) for old, new in zip(edges, (start, end, flow), strict=True))
        edges = _matched(places, _Edges(*joined))
    return edges


def _split(places: _Places, edges: _Edges, distance_m: float) -> _Edges:
    """Split edges at the vertices that lie on them, and match again: a long border often has several neighbours."""
    ends = np.unique(np.concatenate((edges.start, edges.end)))
    paths: Shapes = np.asarray(shapely.linestrings(places.points[np.stack(edges[:2], axis=1)]), dtype=object)
    end, edge = shapely.STRtree(paths).query(
        shapely.points(places.points[ends]), predicate="dwithin", distance=distance_m
    )
    vertex = ends[end]
    origin = places.points[edges.start[edge]]
    along = places.points[edges.end[edge]] - origin
    share = ((places.points[vertex] - origin) * along).sum(axis=1) / (along**2).sum(axis=1)
    inside = (vertex != edges.start[edge]) & (vertex != edges.end[edge]) & (share > 0) & (share < 1)
    every = np.arange(len(paths))
    vertex = np.concatenate((edges.start, vertex[inside], edges.end))
    edge = np.concatenate((every, edge[inside], every))
    share = np.concatenate((np.zeros(len(paths)), share[inside], np.ones(len(paths))))
    order = np.lexsort((share, edge))
    vertex, edge = vertex[order], edge[order]
    step = np.flatnonzero(edge[1:] == edge[:-1])
    return _matched(places, _Edges(vertex[step], vertex[step + 1], edges.net[edge[step]]))


def _passed(places: _Places, all_edges: _Edges, distance_m: float) -> tuple[IntArray, IntArray, IntArray]:
    """Return vertices that lie straight between the only two edges that they join, no two of them neighbours."""
    lower, upper, _ = all_edges
    ends, edges = np.concatenate((lower, upper)), np.tile(np.arange(len(lower)), 2)
    degree = np.bincount(ends, minlength=len(places.points))
    at = np.cumsum(degree) - degree
    edges = edges[np.argsort(ends, kind="stable")]
    vertex = np.flatnonzero(degree == 2)
    one, two = edges[at[vertex]], edges[at[vertex] + 1]
    start, end = lower[one] + upper[one] - vertex, lower[two] + upper[two] - vertex
    origin = places.points[start]
    along, aside = places.points[end] - origin, places.points[vertex] - origin
    length = np.hypot(along[:, 0], along[:, 1])
    share = (along * aside).sum(axis=1)
    away = np.abs(along[:, 0] * aside[:, 1] - along[:, 1] * aside[:, 0])
    straight = (share > 0) & (share < length**2) & (away <= distance_m * length)
    marked = np.zeros(len(places.points), dtype=bool)
    marked[vertex[straight]] = True
    for other in (start, end):
        straight &= ~marked[other] | (places.names[vertex] < places.names[other])
    return vertex[straight], one[straight], two[straight]


def _edges(areas: Shapes) -> tuple[FloatArray, IntArray, IntArray]:
    """Return all vertices, where each edge starts among them, and 1 where the area is on its left, else -1."""
    plain = (shapely.get_type_id(areas) == shapely.GeometryType.POLYGON) & (shapely.get_num_interior_rings(areas) == 0)
    # A polygon without holes is one ring, which need not be taken out of it.
    rings, of_ring = shapely.get_rings(shapely.get_parts(areas[~plain]), return_index=True)
    hole = np.zeros(int(plain.sum()) + len(rings), dtype=bool)
    hole[len(hole) - len(rings) + 1 :] = of_ring[1:] == of_ring[:-1]
    points, ring = shapely.get_coordinates(np.concatenate((areas[plain], rings)), return_index=True)
    if not len(points):
        return points, np.empty(0, dtype=np.intp), np.empty(0, dtype=np.intp)
    first = np.flatnonzero(np.concatenate(([True], ring[1:] != ring[:-1])))
    # Twice the signed area of each ring, counted from its first vertex: numbers stay small, and so do their errors.
    aside = points - points[first][ring]
    turn = np.add.reduceat(aside[:-1, 0] * aside[1:, 1] - aside[:-1, 1] * aside[1:, 0], first)
    # One byte each: there are several for every area of a large layer.
    way = np.where((turn > 0) == ~hole, np.int8(1), np.int8(-1))
    starts = np.flatnonzero(ring[1:] == ring[:-1])
    return points, starts, way[ring[starts]]


def _names(points: FloatArray, tolerance_m: float, *, shift: float = _SHIFT) -> _Hashes:
    """Return a number for each vertex: the same for the same place."""
    if tolerance_m > 0:
        cells = np.floor(points * (_CELLS / tolerance_m) + shift).astype(np.int64)
        bits = cells.view(np.uint64)
    else:
        bits = (points + 0.0).view(np.uint64)  # -0.0 is 0.0
    return _mixed(bits[:, 0] ^ _mixed(bits[:, 1]))


def _mixed(numbers: _Hashes) -> _Hashes:
    mixed = numbers + _MIX[0]
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX[1]
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX[2]
    return mixed ^ (mixed >> np.uint64(31))
