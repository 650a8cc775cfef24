"""Is a polygon of whole coordinates valid? Exact: rounding may have let edges touch or cross."""

from __future__ import annotations

from typing import Final

import numpy as np

from layers.tiles.arrays import Array
from layers.tiles.compiled import compiled

__all__ = ["is_star", "is_valid"]

#: Up to this many edges each is compared with each; beyond it they are sorted first.
_FEW: Final = 48
#: A polygon with more holes is looked at by GEOS, which has an index for them.
_MANY_HOLES: Final = 32


@compiled
def is_star(xy: Array, first: int, last: int) -> bool:
    """Return whether a ring goes once round its middle, turning always the same way: then it cannot cross itself.

    Parameters
    ----------
    xy : ndarray of int32, shape (vertices, 2)
        Vertices of many rings.
    first, last : int
        Where the ring starts and ends; its first vertex does not come again.

    Returns
    -------
    bool
        False leaves the question open.
    """
    count = last - first
    cx, cy = 0, 0
    for place in range(first, last):
        cx += xy[place, 0]
        cy += xy[place, 1]
    # All vertices times their number: the middle stays a whole number.
    ax, ay = count * xy[last - 1, 0] - cx, count * xy[last - 1, 1] - cy
    rounds = 0
    for place in range(first, last):
        bx, by = count * xy[place, 0] - cx, count * xy[place, 1] - cy
        if ax * by - ay * bx <= 0:
            return False
        rounds += ay < 0 <= by
        ax, ay = bx, by
    return rounds == 1


@compiled
def _side(ax: int, ay: int, bx: int, by: int, cx: int, cy: int) -> int:
    turn = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
    return 1 if turn > 0 else (-1 if turn < 0 else 0)


@compiled
def _meet(edges: Array, i: int, j: int) -> bool:
    """Return whether two edges have a point in common."""
    ax, ay, bx, by = edges[i, 0], edges[i, 1], edges[i, 2], edges[i, 3]
    cx, cy, dx, dy = edges[j, 0], edges[j, 1], edges[j, 2], edges[j, 3]
    if max(ax, bx) < min(cx, dx) or max(cx, dx) < min(ax, bx):
        return False
    if max(ay, by) < min(cy, dy) or max(cy, dy) < min(ay, by):
        return False
    # Their boxes meet, so edges on one line meet as well.
    return (
        _side(ax, ay, bx, by, cx, cy) * _side(ax, ay, bx, by, dx, dy) <= 0
        and _side(cx, cy, dx, dy, ax, ay) * _side(cx, cy, dx, dy, bx, by) <= 0
    )


@compiled
def _neighbours(edges: Array, i: int, j: int) -> bool:
    """Return whether two edges follow each other in one ring; cleaned rings have no spikes, so they are right."""
    if edges[i, 4] != edges[j, 4]:
        return False
    apart = abs(edges[i, 5] - edges[j, 5])
    return bool(apart == 1 or apart == edges[i, 6] - 1)


@compiled
def _edges(xy: Array, first_vertex: Array, first: int, last: int) -> Array:
    """Return edges as x1, y1, x2, y2, ring, number in the ring, edges of the ring."""
    edges = np.empty((first_vertex[last] - first_vertex[first], 7), np.int64)
    count = 0
    for ring in range(first, last):
        start, end = first_vertex[ring], first_vertex[ring + 1]
        before = end - 1
        for place in range(start, end):
            edges[count, 0], edges[count, 1] = xy[before, 0], xy[before, 1]
            edges[count, 2], edges[count, 3] = xy[place, 0], xy[place, 1]
            edges[count, 4], edges[count, 5], edges[count, 6] = ring, place - start, end - start
            count += 1
            before = place
    return edges


@compiled
def _apart(edges: Array) -> bool:
    """Return whether no two edges meet but neighbours at their common vertex."""
    count = edges.shape[0]
    if count <= _FEW:
        for i in range(count):
            for j in range(i + 1, count):
                if _meet(edges, i, j) and not _neighbours(edges, i, j):
                    return False
        return True
    least = np.minimum(edges[:, 0], edges[:, 2])
    order = np.argsort(least)
    for a in range(count):
        i = order[a]
        reach = max(edges[i, 0], edges[i, 2])
        for b in range(a + 1, count):
            j = order[b]
            if least[j] > reach:
                break
            if _meet(edges, i, j) and not _neighbours(edges, i, j):
                return False
    return True


@compiled
def _contains(xy: Array, first: int, last: int, x: int, y: int) -> bool:
    """Return whether a ring goes round a place that none of its edges meets."""
    inside = False
    ax, ay = xy[last - 1, 0], xy[last - 1, 1]
    for place in range(first, last):
        bx, by = xy[place, 0], xy[place, 1]
        if (ay > y) != (by > y):
            turn = _side(ax, ay, bx, by, x, y)
            if (turn > 0) == (by > ay):
                inside = not inside
        ax, ay = bx, by
    return inside


@compiled
def _holes_lie_well(xy: Array, first_vertex: Array, first: int, last: int) -> bool:
    """Return whether every hole lies in the outer ring and in no other hole."""
    for hole in range(first + 1, last):
        x, y = xy[first_vertex[hole], 0], xy[first_vertex[hole], 1]
        for ring in range(first, last):
            if ring != hole:
                within = _contains(xy, first_vertex[ring], first_vertex[ring + 1], x, y)
                if within != (ring == first):
                    return False
    return True


@compiled
def is_valid(xy: Array, first_vertex: Array, first: int, last: int) -> bool:
    """Return whether a polygon is valid: no ring meets itself or another one, and holes lie inside.

    Parameters
    ----------
    xy : ndarray of int32, shape (vertices, 2)
        Vertices of many rings.
    first_vertex : ndarray of int64
        Where each ring starts.
    first, last : int
        The polygon's rings, the outer one first.

    Returns
    -------
    bool
        False for rings that touch in a point too.
    """
    if last - first == 1 and is_star(xy, first_vertex[first], first_vertex[last]):
        return True
    if last - first > _MANY_HOLES:
        return False
    if not _apart(_edges(xy, first_vertex, first, last)):
        return False
    return last - first == 1 or _holes_lie_well(xy, first_vertex, first, last)
