"""Leaving out vertices that do not show: repeated ones, those on a straight line, and those within a tolerance."""

from __future__ import annotations

from layers.tiles.arrays import Array
from layers.tiles.compiled import compiled

__all__ = ["clean_ring", "ring_area", "simplify", "simplify_ring"]


@compiled
def _cross(a: Array, i: int, j: int, k: int) -> int:
    return int((a[j, 0] - a[i, 0]) * (a[k, 1] - a[j, 1]) - (a[j, 1] - a[i, 1]) * (a[k, 0] - a[j, 0]))


@compiled
def clean_ring(points: Array, count: int) -> int:
    """Leave out repeated vertices, those on a straight edge and spikes, in place.

    Parameters
    ----------
    points : ndarray of int64, shape (room, 2)
        A ring without its last vertex again.
    count : int
        Its vertices.

    Returns
    -------
    int
        Vertices that are left, 0 for a ring without area.
    """
    changed = True
    while changed and count >= 3:
        changed = False
        kept = 0
        for place in range(count):
            points[kept, 0], points[kept, 1] = points[place, 0], points[place, 1]
            kept += 1
            # What a vertex makes straight may make the one before it straight as well.
            while kept >= 3 and _cross(points, kept - 3, kept - 2, kept - 1) == 0:
                points[kept - 2, 0], points[kept - 2, 1] = points[kept - 1, 0], points[kept - 1, 1]
                kept -= 1
            if kept == 2 and points[0, 0] == points[1, 0] and points[0, 1] == points[1, 1]:
                kept = 1
        while kept >= 3 and _cross(points, kept - 2, kept - 1, 0) == 0:
            kept -= 1
            changed = True
        if kept >= 3 and _cross(points, kept - 1, 0, 1) == 0:
            for place in range(kept - 1):
                points[place, 0], points[place, 1] = points[place + 1, 0], points[place + 1, 1]
            kept -= 1
            changed = True
        count = kept
    return count if count >= 3 else 0


@compiled
def ring_area(points: Array, count: int) -> int:
    """Return twice the signed area of a ring.

    Parameters
    ----------
    points : ndarray of int64, shape (room, 2)
        A ring without its last vertex again.
    count : int
        Its vertices.

    Returns
    -------
    int
        Positive for an outer ring of a vector tile, whose y goes down.
    """
    area = 0
    before = count - 1
    for place in range(count):
        area += points[before, 0] * points[place, 1] - points[place, 0] * points[before, 1]
        before = place
    return area


@compiled
def _farthest(points: Array, first: int, last: int) -> tuple[int, float, float]:
    """Return the vertex between two that lies farthest from the segment between them.

    The distance comes squared and times the square of the segment's length, and with that: no vertex needs a division.
    """
    ax, ay = float(points[first, 0]), float(points[first, 1])
    dx, dy = float(points[last, 0]) - ax, float(points[last, 1]) - ay
    length = dx * dx + dy * dy
    scale = length if length > 0.0 else 1.0
    where, most = first, -1.0
    for place in range(first + 1, last):
        px, py = float(points[place, 0]) - ax, float(points[place, 1]) - ay
        along = px * dx + py * dy
        if along <= 0.0:
            distance = (px * px + py * py) * scale
        elif along >= length:
            distance = ((px - dx) * (px - dx) + (py - dy) * (py - dy)) * scale
        else:
            distance = (px * dy - py * dx) * (px * dy - py * dx)
        if distance > most:
            where, most = place, distance
    return where, most, scale


@compiled
def _mark(points: Array, first: int, last: int, limit: float, keep: Array, stack: Array) -> None:
    """Mark the vertices between two that Douglas and Peucker keep."""
    top = 1
    stack[0, 0], stack[0, 1] = first, last
    while top > 0:
        top -= 1
        low, high = stack[top, 0], stack[top, 1]
        if high - low < 2:
            continue
        where, distance, scale = _farthest(points, low, high)
        if distance > limit * scale:
            keep[where] = 1
            stack[top, 0], stack[top, 1] = low, where
            stack[top + 1, 0], stack[top + 1, 1] = where, high
            top += 2


@compiled
def _keep(points: Array, count: int, keep: Array) -> int:
    kept = 0
    for place in range(count):
        if keep[place]:
            points[kept, 0], points[kept, 1] = points[place, 0], points[place, 1]
            kept += 1
    return kept


@compiled
def _straightened(points: Array, count: int) -> int:
    """Leave out vertices on the straight way from the one before to the one after."""
    kept = 1
    for place in range(1, count - 1):
        ax, ay = points[place, 0] - points[kept - 1, 0], points[place, 1] - points[kept - 1, 1]
        bx, by = points[place + 1, 0] - points[place, 0], points[place + 1, 1] - points[place, 1]
        if ax * by != ay * bx or ax * bx + ay * by < 0:
            points[kept, 0], points[kept, 1] = points[place, 0], points[place, 1]
            kept += 1
    points[kept, 0], points[kept, 1] = points[count - 1, 0], points[count - 1, 1]
    return kept + 1


@compiled
def simplify(points: Array, count: int, tolerance: float, keep: Array, stack: Array) -> int:
    """Simplify a line by Douglas and Peucker, in place.

    Parameters
    ----------
    points : ndarray of int64, shape (room, 2)
        A line.
    count : int
        Its vertices.
    tolerance : float
        How far the result may lie from the line, units.
    keep : ndarray of uint8, shape (room,)
        To work in.
    stack : ndarray of int64, shape (room, 2)
        To work in.

    Returns
    -------
    int
        Vertices that are left, 2 or more.
    """
    if count <= 2:
        return count
    if tolerance == 0.0:
        return _straightened(points, count)
    keep[:count] = 0
    keep[0], keep[count - 1] = 1, 1
    _mark(points, 0, count - 1, tolerance * tolerance, keep, stack)
    return _keep(points, count, keep)


@compiled
def simplify_ring(points: Array, count: int, tolerance: float, keep: Array, stack: Array) -> int:
    """Simplify a ring by Douglas and Peucker, in place.

    Parameters
    ----------
    points : ndarray of int64, shape (room, 2)
        A ring without its last vertex again, with room for one more.
    count : int
        Its vertices.
    tolerance : float
        How far the result may lie from the ring, units.
    keep : ndarray of uint8, shape (room,)
        To work in.
    stack : ndarray of int64, shape (room, 2)
        To work in.

    Returns
    -------
    int
        Vertices that are left; the first and the one farthest from it always are.
    """
    if count <= 4:
        return count
    points[count, 0], points[count, 1] = points[0, 0], points[0, 1]
    keep[: count + 1] = 0
    opposite, _, _ = _farthest(points, 0, count)
    keep[0], keep[opposite] = 1, 1
    limit = tolerance * tolerance
    _mark(points, 0, opposite, limit, keep, stack)
    _mark(points, opposite, count, limit, keep, stack)
    return _keep(points, count, keep)
