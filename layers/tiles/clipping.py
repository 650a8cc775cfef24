"""Clipping runs of vertices to a square, in whole units."""

from __future__ import annotations

import math

from layers.tiles.arrays import Array
from layers.tiles.compiled import compiled

__all__ = ["clip_ring", "clip_segment"]


@compiled
def _cut(a: int, b: int, along: int, across: int, limit: int) -> int:
    """Return where on the way from a to b, measured along one axis, the other axis reaches a limit."""
    return math.floor(a + (b - a) * ((limit - along) / (across - along)) + 0.5)


@compiled
def _inside(value: int, limit: int, upper: bool) -> bool:
    return value <= limit if upper else value >= limit


@compiled
def _clip_side(points: Array, count: int, target: Array, axis: int, limit: int, upper: bool) -> int:
    """Keep what lies on one side of a line along an axis; Sutherland and Hodgman."""
    kept = 0
    other = 1 - axis
    before = count - 1
    was_in = _inside(points[before, axis], limit, upper)
    for place in range(count):
        is_in = _inside(points[place, axis], limit, upper)
        if is_in != was_in:
            target[kept, axis] = limit
            target[kept, other] = _cut(
                points[before, other], points[place, other], points[before, axis], points[place, axis], limit
            )
            kept += 1
        if is_in:
            target[kept, 0] = points[place, 0]
            target[kept, 1] = points[place, 1]
            kept += 1
        before, was_in = place, is_in
    return kept


@compiled
def clip_ring(points: Array, count: int, spare: Array, low: int, high: int) -> int:
    """Clip a ring to a square, in place.

    Parameters
    ----------
    points : ndarray of int64, shape (room, 2)
        The ring without its last vertex again; room for six times as many vertices and sixteen more.
    count : int
        Its vertices.
    spare : ndarray of int64, shape (room, 2)
        To work in.
    low, high : int
        Edges of the square on both axes.

    Returns
    -------
    int
        Vertices that are left; parts of the ring may run along the edges there and back.
    """
    for axis in range(2):
        if count:
            count = _clip_side(points, count, spare, axis, low, False)
        if count:
            count = _clip_side(spare, count, points, axis, high, True)
    return count


@compiled
def clip_segment(points: Array, place: int, low: int, high: int) -> tuple[bool, int, int, int, int]:
    """Clip one segment of a line to a square; Liang and Barsky.

    Parameters
    ----------
    points : ndarray of int64, shape (room, 2)
        The line.
    place : int
        Where the segment starts.
    low, high : int
        Edges of the square on both axes.

    Returns
    -------
    inside : bool
        Whether anything is left.
    x1, y1, x2, y2 : int
        Ends of what is left.
    """
    x1, y1, x2, y2 = points[place, 0], points[place, 1], points[place + 1, 0], points[place + 1, 1]
    if low <= x1 <= high and low <= y1 <= high and low <= x2 <= high and low <= y2 <= high:
        return True, x1, y1, x2, y2
    dx, dy = float(x2 - x1), float(y2 - y1)
    first, last = 0.0, 1.0
    for side in range(4):
        if side == 0:
            step, room = -dx, float(x1 - low)
        elif side == 1:
            step, room = dx, float(high - x1)
        elif side == 2:
            step, room = -dy, float(y1 - low)
        else:
            step, room = dy, float(high - y1)
        if step == 0.0:
            if room < 0.0:
                return False, x1, y1, x2, y2
        elif step < 0.0:
            first = max(first, room / step)
        else:
            last = min(last, room / step)
    if first > last:
        return False, x1, y1, x2, y2
    return (
        True,
        min(max(math.floor(x1 + first * dx + 0.5), low), high),
        min(max(math.floor(y1 + first * dy + 0.5), low), high),
        min(max(math.floor(x1 + last * dx + 0.5), low), high),
        min(max(math.floor(y1 + last * dy + 0.5), low), high),
    )
