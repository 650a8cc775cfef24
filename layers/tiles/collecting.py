"""Which geometries does a tile hold, in its own units? One pass over the features that may meet it."""

from __future__ import annotations

import math

import numpy as np

from layers.tiles.aggregating import Cells, add_to_cell
from layers.tiles.arrays import BUFFER, EXTENT, LINE, POINT, STATE_DRAWN, STATE_HARD, Array, Collected, Shapes, Window
from layers.tiles.clipping import clip_ring, clip_segment
from layers.tiles.compiled import compiled, inlined
from layers.tiles.simplifying import clean_ring, ring_area, simplify, simplify_ring
from layers.tiles.validity import is_valid

__all__ = ["collect", "wanted"]

_LOW = -BUFFER
_HIGH = EXTENT + BUFFER


@compiled
def wanted(shapes: Shapes, near: Array, shown: Array, start: int, end: int) -> tuple[Array, int]:
    """Return which features are asked for, and how many vertices they have.

    Parameters
    ----------
    shapes : Shapes
        A layer.
    near : ndarray of int32
        Features that may meet the tile.
    shown : ndarray of uint8
        1 for features that may be drawn; without elements for all.
    start, end : int
        Planned time, days since 1970, both inclusive.

    Returns
    -------
    features : ndarray of int32
        Those of `near` that exist then and may be drawn.
    vertices : int
        Of all of them.
    """
    kept = np.empty(near.shape[0], np.int32)
    count, vertices = 0, 0
    for place in range(near.shape[0]):
        feature = near[place]
        if shown.shape[0] and not shown[feature]:
            continue
        if shapes.first_day[feature] > end or shapes.last_day[feature] < start or shapes.kind[feature] == 0:
            continue
        kept[count] = feature
        count += 1
        first, last = shapes.first_ring[feature], shapes.first_ring[feature + 1]
        vertices += shapes.first_vertex[last] - shapes.first_vertex[first]
    return kept[:count], vertices


@inlined
def _room(shapes: Shapes, features: Array) -> tuple[int, int, int]:
    """Return for how many rings and vertices there must be room, and the vertices of the longest ring."""
    rings, vertices, longest = 0, 0, 0
    for place in range(features.shape[0]):
        feature = features[place]
        for ring in range(shapes.first_ring[feature], shapes.first_ring[feature + 1]):
            count = shapes.first_vertex[ring + 1] - shapes.first_vertex[ring]
            # A line may be cut into as many parts as it has segments.
            rings += count if shapes.kind[feature] == LINE else 1
            vertices += 6 * count + 16
            longest = max(longest, count)
    return rings, vertices, longest


@inlined
def _quantise(shapes: Shapes, ring: int, window: Window, points: Array) -> int:
    """Write a run of vertices in units of the tile, leaving out what repeats."""
    count = 0
    scale = 1.0 / window.unit
    for vertex in range(shapes.first_vertex[ring], shapes.first_vertex[ring + 1]):
        x = math.floor((shapes.xy[vertex, 0] - window.left) * scale + 0.5)
        y = math.floor((shapes.xy[vertex, 1] - window.top) * scale + 0.5)
        if count == 0 or x != points[count - 1, 0] or y != points[count - 1, 1]:
            points[count, 0], points[count, 1] = x, y
            count += 1
    return count


@inlined
def _write(points: Array, count: int, xy: Array, start: int, backwards: bool) -> int:
    for place in range(count):
        source = count - 1 - place if backwards else place
        xy[start + place, 0], xy[start + place, 1] = points[source, 0], points[source, 1]
    return start + count


@inlined
def _within(shapes: Shapes, feature: int, window: Window) -> bool:
    """Return whether a feature's box lies in the tile and its buffer, so that nothing has to be clipped."""
    near, far = _LOW * window.unit, _HIGH * window.unit
    return bool(
        shapes.box[feature, 0] - window.left >= near
        and shapes.box[feature, 1] - window.top >= near
        and shapes.box[feature, 2] - window.left <= far
        and shapes.box[feature, 3] - window.top <= far
    )


@inlined
def _points(shapes: Shapes, feature: int, window: Window, points: Array, out: Collected, vertex: int) -> int:
    """Write the points of a feature that lie in the tile."""
    end = vertex
    for ring in range(shapes.first_ring[feature], shapes.first_ring[feature + 1]):
        for place in range(_quantise(shapes, ring, window, points)):
            x, y = points[place, 0], points[place, 1]
            if _LOW <= x <= _HIGH and _LOW <= y <= _HIGH:
                out.xy[end, 0], out.xy[end, 1] = x, y
                end += 1
    return end


@inlined
def _finish_line(
    line: Array, count: int, window: Window, work: tuple[Array, Array], out: Collected, ends: Array
) -> None:
    """Simplify one part of a line and write it."""
    if count < 2:
        return
    keep, stack = work
    count = simplify(line, count, window.tolerance, keep, stack)
    if count == 2 and line[0, 0] == line[1, 0] and line[0, 1] == line[1, 1]:
        # A loop within the tolerance stays visible as a line of one unit.
        line[1, 0] = line[0, 0] + 1 if line[0, 0] < _HIGH else line[0, 0] - 1
    ends[1] = _write(line, count, out.xy, ends[1], False)
    ends[0] += 1
    out.first_vertex[ends[0]] = ends[1]


@inlined
def _lines(
    shapes: Shapes,
    feature: int,
    window: Window,
    scratch: tuple[Array, Array],
    work: tuple[Array, Array],
    out: Collected,
    ends: Array,
) -> None:
    """Write the parts of a line that lie in the tile."""
    points, line = scratch
    whole = _within(shapes, feature, window)
    for ring in range(shapes.first_ring[feature], shapes.first_ring[feature + 1]):
        count = _quantise(shapes, ring, window, points)
        if count == 1 and whole:
            # Shorter than a unit: it stays visible as one of that length.
            x, y = points[0, 0], points[0, 1]
            line[0, 0], line[0, 1] = x, y
            line[1, 0], line[1, 1] = (x + 1 if x < _HIGH else x - 1), y
            _finish_line(line, 2, window, work, out, ends)
            continue
        if whole:
            _finish_line(points, count, window, work, out, ends)
            continue
        size = 0
        for place in range(count - 1):
            inside, x1, y1, x2, y2 = clip_segment(points, place, _LOW, _HIGH)
            if not inside:
                continue
            if size and (line[size - 1, 0] != x1 or line[size - 1, 1] != y1):
                _finish_line(line, size, window, work, out, ends)
                size = 0
            if size == 0:
                line[0, 0], line[0, 1] = x1, y1
                size = 1
            if x1 != x2 or y1 != y2:
                line[size, 0], line[size, 1] = x2, y2
                size += 1
        _finish_line(line, size, window, work, out, ends)


@inlined
def _ring(
    shapes: Shapes,
    ring: int,
    window: Window,
    points: Array,
    spare: Array,
    whole: bool,
) -> tuple[int, bool]:
    """Return the vertices of a ring that are left in the tile, and whether it reaches into it at all."""
    count = _quantise(shapes, ring, window, points)
    if count > 1 and points[0, 0] == points[count - 1, 0] and points[0, 1] == points[count - 1, 1]:
        count -= 1
    if not whole and count:
        count = clip_ring(points, count, spare, _LOW, _HIGH)
    reaches = count > 0
    return clean_ring(points, count), reaches


@inlined
def _mark(points: Array, out: Collected, ends: Array) -> None:
    """Write a square of one unit for an area that is smaller than that."""
    x, y = min(points[0, 0], _HIGH - 1), min(points[0, 1], _HIGH - 1)
    vertex = ends[1]
    for corner in range(4):
        out.xy[vertex + corner, 0] = x + (1 if corner in (1, 2) else 0)
        out.xy[vertex + corner, 1] = y + (1 if corner >= 2 else 0)
    ends[1] = vertex + 4
    ends[0] += 1
    out.first_vertex[ends[0]] = ends[1]


@inlined
def _is_long(shapes: Shapes, feature: int, window: Window) -> bool:
    """Return whether an area that has none after rounding is thin rather than small."""
    wide = float(shapes.box[feature, 2]) - shapes.box[feature, 0]
    high = float(shapes.box[feature, 3]) - shapes.box[feature, 1]
    return bool(max(wide, high) > 2.0 * window.unit)


@inlined
def _polygons(
    shapes: Shapes,
    feature: int,
    window: Window,
    scratch: tuple[Array, Array],
    work: tuple[Array, Array],
    out: Collected,
    ends: Array,
) -> int:
    """Write the polygons of a feature that lie in the tile, and say whether they have to be mended."""
    points, spare = scratch
    keep, stack = work
    whole = _within(shapes, feature, window)
    start, at_start = ends[0], ends[1]
    polygon, open_ = start, False
    state = STATE_DRAWN
    for ring in range(shapes.first_ring[feature], shapes.first_ring[feature + 1]):
        outer = shapes.outer[ring] == 1
        if outer:
            if open_ and not is_valid(out.xy, out.first_vertex, polygon, ends[0]):
                state = STATE_HARD
            polygon, open_ = ends[0], False
        elif not open_:
            continue
        count, reaches = _ring(shapes, ring, window, points, spare, whole)
        if count and window.tolerance > 0.0:
            count = clean_ring(points, simplify_ring(points, count, window.tolerance, keep, stack))
        if count == 0:
            # Clipping leaves a ring without area of one that only goes round the tile: that needs a closer look.
            if outer and reaches and not whole:
                state = STATE_HARD
            continue
        backwards = (ring_area(points, count) > 0) != outer
        ends[1] = _write(points, count, out.xy, ends[1], backwards)
        ends[0] += 1
        out.first_vertex[ends[0]] = ends[1]
        open_ = open_ or outer
    if open_ and not is_valid(out.xy, out.first_vertex, polygon, ends[0]):
        state = STATE_HARD
    if state == STATE_HARD:
        ends[0], ends[1] = start, at_start
    elif ends[0] == start and whole:
        if _is_long(shapes, feature, window):
            return STATE_HARD
        _quantise(shapes, shapes.first_ring[feature], window, points)
        _mark(points, out, ends)
    return state


@inlined
def _small(shapes: Shapes, feature: int, window: Window) -> bool:
    """Return whether a feature is put into a cell rather than drawn by itself."""
    if window.cell == 0 or shapes.kind[feature] == LINE:
        return False
    side = window.cell * window.unit
    wide = float(shapes.box[feature, 2]) - shapes.box[feature, 0]
    high = float(shapes.box[feature, 3]) - shapes.box[feature, 1]
    return bool(wide < side and high < side)


@compiled
def collect(shapes: Shapes, features: Array, window: Window, cells: Cells) -> tuple[Collected, int]:
    """Collect what a tile holds of a layer.

    Parameters
    ----------
    shapes : Shapes
        A layer.
    features : ndarray of int32
        Features that may meet the tile, ascending.
    window : Window
        The tile.
    cells : Cells
        What small features are added to; changed, as the one thing here.

    Returns
    -------
    collected : Collected
        What is drawn, or has to be mended first.
    aggregated : int
        How many features were put into cells.
    """
    rings, vertices, longest = _room(shapes, features)
    out = Collected(
        np.empty(features.shape[0], np.int32),
        np.empty(features.shape[0], np.uint8),
        np.empty(features.shape[0], np.uint8),
        np.empty(features.shape[0] + 1, np.int32),
        np.empty(rings + features.shape[0] + 1, np.int64),
        np.empty((vertices, 2), np.int32),
    )
    room = 6 * longest + 16
    scratch = (np.empty((room, 2), np.int64), np.empty((room, 2), np.int64))
    work = (np.empty(room, np.uint8), np.empty((room, 2), np.int64))
    ends = np.zeros(2, np.int64)
    records, aggregated = 0, 0
    out.first_ring[0] = 0
    out.first_vertex[0] = 0
    for place in range(features.shape[0]):
        feature = features[place]
        kind = shapes.kind[feature]
        if _small(shapes, feature, window):
            aggregated += add_to_cell(shapes, feature, window, cells)
            continue
        state, before = STATE_DRAWN, ends[0]
        if kind == POINT:
            end = _points(shapes, feature, window, scratch[0], out, ends[1])
            if end > ends[1]:
                ends[0] += 1
                ends[1] = end
                out.first_vertex[ends[0]] = end
        elif kind == LINE:
            _lines(shapes, feature, window, scratch, work, out, ends)
        else:
            state = _polygons(shapes, feature, window, scratch, work, out, ends)
        if ends[0] > before or state == STATE_HARD:
            out.feature[records], out.kind[records], out.state[records] = feature, kind, state
            records += 1
            out.first_ring[records] = ends[0]
    return (
        Collected(
            out.feature[:records],
            out.kind[:records],
            out.state[:records],
            out.first_ring[: records + 1],
            out.first_vertex[: ends[0] + 1],
            out.xy[: ends[1]],
        ),
        aggregated,
    )
