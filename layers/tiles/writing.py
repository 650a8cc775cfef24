"""Writing features as a vector tile has them: commands and tags in variable-length whole numbers."""

from __future__ import annotations

import numpy as np

from layers.tiles.aggregating import cell_side
from layers.tiles.arrays import BUFFER, LINE, POINT, POLYGON, Array, Collected
from layers.tiles.compiled import compiled, inlined

__all__ = ["cover", "put_squares", "write_features", "write_merged", "write_points", "write_used"]

_MOVE_TO = 1
_LINE_TO = 2
_CLOSE_PATH = 15
#: Keys of protocol buffer fields: tags, type and geometry of a feature, features and values of a layer.
_TAGS = 0x12
_TYPE = 0x18
_GEOMETRY = 0x22
_FEATURE = 0x12


@inlined
def _put(out: Array, at: int, value: int) -> int:
    """Write a whole number that is not negative."""
    while value > 127:
        out[at] = (value & 127) | 128
        value >>= 7
        at += 1
    out[at] = value
    return at + 1


@inlined
def _put_step(out: Array, at: int, step: int) -> int:
    """Write a whole number that may be negative, as a parameter of a command."""
    return _put(out, at, step << 1 if step >= 0 else (-step << 1) - 1)


@inlined
def _length(value: int) -> int:
    """Return how many bytes a whole number takes."""
    size = 1
    while value > 127:
        value >>= 7
        size += 1
    return size


@inlined
def _put_run(out: Array, at: int, xy: Array, span: tuple[int, int], kind: int, cursor: Array) -> int:
    """Write one run of vertices: points, a line or a ring."""
    first, last = span
    count = last - first
    at = _put(out, at, (count if kind == POINT else 1) << 3 | _MOVE_TO)
    x, y = cursor[0], cursor[1]
    for vertex in range(first, last):
        if kind != POINT and vertex == first + 1:
            at = _put(out, at, (count - 1) << 3 | _LINE_TO)
        at = _put_step(out, at, xy[vertex, 0] - x)
        at = _put_step(out, at, xy[vertex, 1] - y)
        x, y = xy[vertex, 0], xy[vertex, 1]
    cursor[0], cursor[1] = x, y
    if kind == POLYGON:
        out[at] = _CLOSE_PATH
        at += 1
    return at


@inlined
def _put_record(out: Array, at: int, collected: Collected, record: int, cursor: Array) -> int:
    for ring in range(collected.first_ring[record], collected.first_ring[record + 1]):
        span = (collected.first_vertex[ring], collected.first_vertex[ring + 1])
        at = _put_run(out, at, collected.xy, span, collected.kind[record], cursor)
    return at


@inlined
def _copy(out: Array, at: int, source: Array, count: int) -> int:
    for place in range(count):
        out[at + place] = source[place]
    return at + count


@inlined
def _slot(slots: Array, used: Array, state: Array, value: int) -> int:
    """Return the place of a value in the tile's table, giving it one if it has none."""
    if slots[value] == 0:
        used[state[1]] = value
        state[0] += 1
        state[1] += 1
        slots[value] = state[0]
    return int(slots[value] - 1)


@compiled
def write_features(
    collected: Collected, codes: Array, fields: Array, slots: Array, used: Array, state: Array, limit: int
) -> tuple[Array, int]:
    """Write each record as a feature with its attributes.

    Parameters
    ----------
    collected : Collected
        Valid geometries.
    codes : ndarray of int32, shape (features, columns)
        Attributes of the layer's features as numbers of values, -1 for none.
    fields : ndarray of int32, shape (keys,)
        Columns of the attributes to write; their places are the tile's keys.
    slots : ndarray of int32, shape (values,)
        Place of each value in the tile's table from 1 on, 0 for none; changed.
    used : ndarray of int32, shape (values,)
        Values in the order of their places; changed.
    state : ndarray of int64, shape (2,)
        How many places are taken in all, and how many by values of this layer; changed.
    limit : int
        From so many bytes on it is given up.

    Returns
    -------
    features : ndarray of uint8
        Features of a layer, each with its field key.
    written : int
        Number of records; -1 where it was given up.
    """
    records = collected.feature.shape[0]
    rings = collected.first_vertex.shape[0] - 1
    out = np.empty(records * (32 + 16 * fields.shape[0]) + rings * 16 + collected.xy.shape[0] * 10 + 16, np.uint8)
    shape = np.empty(rings * 16 + collected.xy.shape[0] * 10 + 16, np.uint8)
    tags = np.empty(16 * fields.shape[0] + 16, np.uint8)
    cursor = np.zeros(2, np.int64)
    at = 0
    for record in range(records):
        feature = collected.feature[record]
        tagged = 0
        for key in range(fields.shape[0]):
            value = codes[feature, fields[key]]
            if value >= 0:
                tagged = _put(tags, tagged, key)
                tagged = _put(tags, tagged, _slot(slots, used, state, value))
        cursor[:] = 0
        size = _put_record(shape, 0, collected, record, cursor)
        inner = 2 + 1 + _length(size) + size
        if tagged:
            inner += 1 + _length(tagged) + tagged
        out[at] = _FEATURE
        at = _put(out, at + 1, inner)
        if tagged:
            out[at] = _TAGS
            at = _copy(out, _put(out, at + 1, tagged), tags, tagged)
        out[at], out[at + 1], out[at + 2] = _TYPE, collected.kind[record], _GEOMETRY
        at = _copy(out, _put(out, at + 3, size), shape, size)
        if at > limit:
            return out[:0], -1
    return out[:at], records


@inlined
def _cells_of_segment(
    taken: Array,
    base: int,
    side: int,
    cell: int,
    xy: Array,
    vertex: int,
    mark: bool,
) -> bool:
    """Return whether a segment passes through a cell that nothing of its class has been drawn in; or mark its cells."""
    x1, y1 = xy[vertex, 0] + BUFFER, xy[vertex, 1] + BUFFER
    dx, dy = xy[vertex + 1, 0] + BUFFER - x1, xy[vertex + 1, 1] + BUFFER - y1
    steps = max(abs(dx), abs(dy)) // cell + 1
    for step in range(steps + 1):
        column, row = (x1 + dx * step // steps) // cell, (y1 + dy * step // steps) // cell
        place = base + row * side + column
        if mark:
            taken[place] = 1
        elif taken[place] == 0:
            return True
    return False


@compiled
def cover(collected: Collected, group: Array, cell: int, taken: Array) -> Array:
    """Return which lines show something that others of their class do not show already.

    Parameters
    ----------
    collected : Collected
        Geometries of a tile.
    group : ndarray of int32, shape (features,)
        Class of each feature of the layer.
    cell : int
        Side of the cells that are told apart, units.
    taken : ndarray of uint8, shape (classes * side * side,)
        Cells in which a class is drawn; changed.

    Returns
    -------
    ndarray of uint8, shape (records,)
        1 for what is to be drawn: every area and point, and lines that reach a cell that is still free.
    """
    side = cell_side(cell)
    drawn = np.ones(collected.feature.shape[0], np.uint8)
    for record in range(drawn.shape[0]):
        if collected.kind[record] != LINE:
            continue
        base = group[collected.feature[record]] * side * side
        first, last = collected.first_ring[record], collected.first_ring[record + 1]
        shows = False
        for ring in range(first, last):
            for vertex in range(collected.first_vertex[ring], collected.first_vertex[ring + 1] - 1):
                shows = shows or _cells_of_segment(taken, base, side, cell, collected.xy, vertex, False)
        if not shows:
            drawn[record] = 0
            continue
        for ring in range(first, last):
            for vertex in range(collected.first_vertex[ring], collected.first_vertex[ring + 1] - 1):
                _cells_of_segment(taken, base, side, cell, collected.xy, vertex, True)
    return drawn


@compiled
def write_merged(collected: Collected, records: Array, cursor: Array) -> Array:
    """Write some records as one geometry.

    Parameters
    ----------
    collected : Collected
        Valid geometries.
    records : ndarray of int64
        Which of them, all of one kind.
    cursor : ndarray of int64, shape (2,)
        Where the geometry before ended; changed.

    Returns
    -------
    ndarray of uint8
        Commands.
    """
    vertices, rings = 0, 0
    for place in range(records.shape[0]):
        first, last = collected.first_ring[records[place]], collected.first_ring[records[place] + 1]
        rings += last - first
        vertices += collected.first_vertex[last] - collected.first_vertex[first]
    out = np.empty(rings * 16 + vertices * 10, np.uint8)
    at = 0
    for place in range(records.shape[0]):
        at = _put_record(out, at, collected, records[place], cursor)
    return out[:at]


@compiled
def put_squares(corners: Array, cursor: Array) -> Array:
    """Write squares as polygons.

    Parameters
    ----------
    corners : ndarray of int32, shape (squares, 3)
        Upper left corner and side of each, units.
    cursor : ndarray of int64, shape (2,)
        Where the geometry before ended; changed.

    Returns
    -------
    ndarray of uint8
        Commands.
    """
    out = np.empty(corners.shape[0] * 48, np.uint8)
    ring = np.empty((4, 2), np.int32)
    at = 0
    for square in range(corners.shape[0]):
        x, y, size = corners[square, 0], corners[square, 1], corners[square, 2]
        ring[0, 0], ring[0, 1] = x, y
        ring[1, 0], ring[1, 1] = x + size, y
        ring[2, 0], ring[2, 1] = x + size, y + size
        ring[3, 0], ring[3, 1] = x, y + size
        at = _put_run(out, at, ring, (0, 4), POLYGON, cursor)
    return out[:at]


@compiled
def write_points(xy: Array) -> Array:
    """Write points as one geometry.

    Parameters
    ----------
    xy : ndarray of int32, shape (points, 2)
        Units.

    Returns
    -------
    ndarray of uint8
        Commands.
    """
    out = np.empty(xy.shape[0] * 10 + 16, np.uint8)
    return out[: _put_run(out, 0, xy, (0, xy.shape[0]), POINT, np.zeros(2, np.int64))]


@compiled
def write_used(used: Array, blob: Array, starts: Array) -> Array:
    """Write the values that a tile uses, one after the other.

    Parameters
    ----------
    used : ndarray of int32
        Numbers of values.
    blob : ndarray of uint8
        All values of the layer, each with its field key and length.
    starts : ndarray of int64, shape (values + 1,)
        Where each starts.

    Returns
    -------
    ndarray of uint8
        The values.
    """
    size = 0
    for place in range(used.shape[0]):
        size += starts[used[place] + 1] - starts[used[place]]
    out = np.empty(size, np.uint8)
    at = 0
    for place in range(used.shape[0]):
        for byte in range(starts[used[place]], starts[used[place] + 1]):
            out[at] = blob[byte]
            at += 1
    return out
