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

__all__ = ["FloatArray", "IntArray", "Linework", "Shapes", "linework"]

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.intp]
Shapes = npt.NDArray[np.object_]
_Hashes = npt.NDArray[np.uint64]

#: Vertices are the same if they are in one cell of a grid this much finer than the tolerance.
_CELLS: Final = 8
#: Drawings are in whole millimetres or centimetres: a grid with a corner at 0 would part what float noise moved.
_SHIFT: Final = 0.2718
#: Odd constants of a 64-bit mixing function (splitmix64).
_MIX: Final = tuple(np.uint64(number) for number in (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB))


class Linework(NamedTuple):
    """Edges that are not matched.

    Attributes
    ----------
    segments : ndarray of float, shape (edges, 2, 2)
        Both ends of each; vertices that are the same within the tolerance have the same coordinates.
    owners : ndarray of int, shape (edges,)
        Position of one area that each edge belongs to.
    matched : int
        How many edges were matched.
    """

    segments: FloatArray
    owners: IntArray
    matched: int


def linework(areas: Shapes, *, tolerance_m: float) -> Linework:
    """Return the edges that areas do not share.

    Parameters
    ----------
    areas : ndarray of geometry, shape (n,)
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
    points, starts, owners = _edges(areas)
    if not len(starts):
        return Linework(np.empty((0, 2, 2)), np.empty(0, dtype=np.intp), 0)
    names = _names(points, tolerance_m)
    start, end = names[starts], names[starts + 1]
    real = np.flatnonzero(start != end)
    start, end = start[real], end[real]
    keys = _mixed(np.minimum(start, end) ^ _mixed(np.maximum(start, end)))
    order = np.argsort(keys)
    first = np.flatnonzero(np.concatenate(([True], keys[order][1:] != keys[order][:-1])))
    ways = np.where(start < end, 1, -1)[order]
    net = np.add.reduceat(ways, first)
    kept = real[order[first[net != 0]]]
    segments = np.stack([points[starts[kept]], points[starts[kept] + 1]], axis=1)
    return Linework(
        _joined(segments, names[starts[kept]], names[starts[kept] + 1]), owners[kept], len(real) - len(kept)
    )


def _edges(areas: Shapes) -> tuple[FloatArray, IntArray, IntArray]:
    """Return all vertices, where each edge starts among them, and whose it is; areas are on the left of edges."""
    parts, of_part = shapely.get_parts(areas, return_index=True)
    rings, of_ring = shapely.get_rings(parts, return_index=True)
    holes = np.concatenate(([False], of_ring[1:] == of_ring[:-1])) if len(rings) else np.empty(0, dtype=bool)
    wrong = shapely.is_ccw(rings) == holes
    rings = rings.copy()
    rings[wrong] = shapely.reverse(rings[wrong])
    points, of_point = shapely.get_coordinates(rings, return_index=True)
    starts = np.flatnonzero(of_point[1:] == of_point[:-1])
    return points, starts, of_part[of_ring[of_point[starts]]]


def _names(points: FloatArray, tolerance_m: float) -> _Hashes:
    """Return a number for each vertex: the same for the same place."""
    if tolerance_m > 0:
        cells = np.floor(points * (_CELLS / tolerance_m) + _SHIFT).astype(np.int64)
        bits = cells.view(np.uint64)
    else:
        bits = (points + 0.0).view(np.uint64)  # -0.0 is 0.0
    return _mixed(bits[:, 0] ^ _mixed(bits[:, 1]))


def _mixed(numbers: _Hashes) -> _Hashes:
    mixed = numbers + _MIX[0]
    mixed = (mixed ^ (mixed >> np.uint64(30))) * _MIX[1]
    mixed = (mixed ^ (mixed >> np.uint64(27))) * _MIX[2]
    return mixed ^ (mixed >> np.uint64(31))


def _joined(segments: FloatArray, start: _Hashes, end: _Hashes) -> FloatArray:
    """Give vertices of one name one place."""
    _, first, which = np.unique(np.concatenate((start, end)), return_index=True, return_inverse=True)
    places = np.concatenate((segments[:, 0], segments[:, 1]))[first][which]
    return np.stack([places[: len(segments)], places[len(segments) :]], axis=1)
