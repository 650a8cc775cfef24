"""One layer of one tile as bytes, by Mapbox Vector Tile 2.1, within a limit and with a count of what is drawn how.

Most tiles draw each feature with all its attributes. Where that takes more bytes than a tile may have, the layer is
generalised by rule, one step after the other: first only id, class and label stay; then features of one class become
one, small areas and points are put together by cell, and a line is left out where lines of its class are drawn in every
cell that it passes. How many features are drawn in which way stands in the tile's layer `_drawn`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np

from layers.tiles.aggregating import Cells, cell_side, points_of_cells, squares_of_cells
from layers.tiles.arrays import ALWAYS, BUFFER, EXTENT, LINE, NEVER, POINT, POLYGON, Array, Collected, Shapes, Window
from layers.tiles.collecting import collect, wanted
from layers.tiles.mending import easy_records, mended_records
from layers.tiles.searching import search
from layers.tiles.values import Coded, tile_value, varint
from layers.tiles.writing import cover, put_squares, write_features, write_merged, write_points, write_used

__all__ = ["DRAWN_LAYER", "TILE_BYTES", "Drawn", "LayerTile", "Look", "Source", "drawn_layer", "encode_layer"]

#: Most bytes of a tile, before compression.
TILE_BYTES: Final = 500_000
#: Layer of each tile that tells how many features are drawn how; no layer of a store can be called so.
DRAWN_LAYER: Final = "_drawn"

#: Bytes of one feature without attributes, and of one vertex, at least.
_FEATURE_BYTES: Final = 10
_VERTEX_BYTES: Final = 1
#: Simplification in units and side of a cell in units, step by step.
_STEPS: Final = ((0.0, 0), (1.0, 0), (2.0, 16), (4.0, 32), (8.0, 64), (16.0, 128), (32.0, 256), (64.0, 512))
_MERGED: Final = 2
_NONE_SHOWN: Final = np.zeros(0, np.uint8)


class Source(NamedTuple):
    """Features of a layer that are drawn: a snapshot on a grid, and which of it.

    Attributes
    ----------
    shapes : Shapes
        Geometries.
    coded : Coded
        Attributes.
    shown : ndarray of uint8
        1 for features that may be drawn; without elements for all.
    """

    shapes: Shapes
    coded: Coded
    shown: Array = _NONE_SHOWN


class Look(NamedTuple):
    """How a layer is drawn.

    Attributes
    ----------
    layer : str
        Its name in the tile.
    keys : frozenset of str or None
        Attributes that are written; None for all.
    kept : tuple of str
        Attributes that stay longest: id, class and label.
    by : str or None
        Attribute that tells classes apart.
    classes : tuple of str or None
        Class of each number.
    """

    layer: str
    keys: frozenset[str] | None
    kept: tuple[str, ...]
    by: str | None
    classes: tuple[str | None, ...]


@dataclass(frozen=True, slots=True)
class Drawn:
    """How many features of a layer meet a tile, and how they are drawn.

    Attributes
    ----------
    layer : str
        The layer.
    features : int
        All that meet the tile: the sum of the next four.
    own : int
        Drawn by themselves, with attributes.
    merged : int
        Drawn in full, as a part of one feature for their class.
    aggregated : int
        Too small to be seen alone: drawn as a part of a square or point that stands for several.
    covered : int
        Not drawn, as others of their class are drawn at the same places.
    step : int
        0 for all attributes, 1 for id, class and label, 2 and more for merged features.
    tolerance, cell : float, int
        How far lines may be off and how large a cell is, units of the tile.
    """

    layer: str
    features: int
    own: int
    merged: int
    aggregated: int
    covered: int
    step: int
    tolerance: float
    cell: int


class LayerTile(NamedTuple):
    """One layer of a tile.

    Attributes
    ----------
    data : bytes
        A field of the tile, key and length included; empty without features.
    drawn : Drawn
        What it shows.
    """

    data: bytes
    drawn: Drawn


class _Found(NamedTuple):
    """Features that may meet the tile, of one source."""

    source: Source
    features: Array
    vertices: int


def encode_layer(
    look: Look,
    sources: Sequence[Source],
    corner: tuple[float, float, float],
    *,
    days: tuple[int, int] = (ALWAYS, NEVER),
    limit: int = TILE_BYTES,
) -> LayerTile:
    """Return one layer of one tile.

    Parameters
    ----------
    look : Look
        How it is drawn.
    sources : sequence of Source
        Its features.
    corner : (float, float, float)
        Upper left corner of the tile on the world grid and cells in a unit, of `TileGrid.corner`.
    days : (int, int), optional
        Planned time, days since 1970, both inclusive.
    limit : int, optional
        Most bytes of the layer.

    Returns
    -------
    LayerTile
        Its bytes, and how many features are drawn how.
    """
    left, top, unit = corner
    near, far = -BUFFER * unit, (EXTENT + BUFFER) * unit
    found = []
    for source in sources:
        shapes = source.shapes
        there = search(shapes.box, shapes.tree, shapes.level, left + near, top + near, left + far, top + far)
        features, vertices = wanted(shapes, there, source.shown, *days)
        if len(features):
            found.append(_Found(source, features, int(vertices)))
    step = _first_step(found, limit)
    while True:
        tolerance, cell = _STEPS[step]
        window = Window(left, top, unit, *days, tolerance, cell)
        drawn = _own(look, found, window, step, limit) if step < _MERGED else _merged(look, found, window, step)
        if drawn is not None and (len(drawn.data) <= limit or step == len(_STEPS) - 1):
            return drawn
        step += 1 if drawn is None else _jump(len(drawn.data), limit, step)


def _first_step(found: Iterable[_Found], limit: int) -> int:
    """Return the first step that may succeed: what surely takes too many bytes is not tried."""
    whole = slim = 0.0
    for source, features, vertices in found:
        coded, count = source.coded, len(features)
        total, ids = len(coded.blob) / len(coded.codes), coded.starts[len(coded.codes)] / len(coded.codes)
        # An id stands in the tile once a feature, and so does what is written of other values on average.
        slim += count * (_FEATURE_BYTES + ids) + vertices * _VERTEX_BYTES
        whole += count * (_FEATURE_BYTES + len(coded.keys) + total) + vertices * _VERTEX_BYTES
    if slim > limit:
        return _MERGED
    return 0 if whole <= limit else 1


def _jump(size: int, limit: int, step: int) -> int:
    """Return how many steps to take at once: each about halves what is too long."""
    jump = 1
    while size > 2 * limit and step + jump < len(_STEPS) - 1:
        size //= 2
        jump += 1
    return jump


def _own(look: Look, found: Sequence[_Found], window: Window, step: int, limit: int) -> LayerTile | None:
    """Draw each feature by itself; None where that takes too many bytes."""
    keys = _keys(look, found, all_=step == 0)
    state = np.zeros(2, np.int64)
    features: list[bytes] = []
    values: list[bytes] = []
    drawn, left = 0, limit
    for source, near, _ in found:
        coded = source.coded
        fields = np.array([coded.keys.index(key) if key in coded.keys else -1 for key in keys], dtype=np.int64)
        codes, fields = _with_gap(coded.codes, fields)
        slots, used = _slots(coded, values), np.empty(len(coded.starts) - 1, np.int32)
        state[1] = 0
        for records in _records(source.shapes, near, window, _no_cells())[0]:
            data, written = write_features(records, codes, fields, slots, used, state, left)
            if written < 0:
                return None
            features.append(data.tobytes())
            left -= len(data)
            drawn += written
        values.append(write_used(used[: state[1]], coded.blob, coded.starts).tobytes())
    counts = Drawn(look.layer, drawn, drawn, 0, 0, 0, step, window.tolerance, 0)
    return LayerTile(_layer(look.layer, features, keys, values) if drawn else b"", counts)


def _keys(look: Look, found: Sequence[_Found], *, all_: bool) -> list[str]:
    keys = list(dict.fromkeys(key for entry in found for key in entry.source.coded.keys))
    if look.keys is not None:
        keys = [key for key in keys if key in look.keys]
    return keys if all_ else [key for key in keys if key in look.kept]


def _with_gap(codes: Array, fields: Array) -> tuple[Array, Array]:
    """Give attributes that a source has not a column without values."""
    if (fields >= 0).all():
        return codes, fields
    gap = np.full((len(codes), 1), -1, np.int32)
    return _frozen(np.ascontiguousarray(np.hstack([codes, gap]))), np.where(fields < 0, codes.shape[1], fields)


def _frozen(array: Array) -> Array:
    array.flags.writeable = False
    return array


def _slots(coded: Coded, values: Sequence[bytes]) -> Array:
    """Return places in the tile's table for values that another source has put there."""
    slots = np.zeros(len(coded.starts) - 1, np.int32)
    if values:
        known = {value: place + 1 for place, value in enumerate(_split(b"".join(values)))}
        for number in range(len(slots)):
            slots[number] = known.get(coded.value(number), 0)
    return slots


def _split(blob: bytes) -> list[bytes]:
    """Part values that stand one after the other."""
    found, at = [], 0
    while at < len(blob):
        size, shift, inner = 0, 0, at + 1
        while True:
            size |= (blob[inner] & 127) << shift
            shift += 7
            inner += 1
            if blob[inner - 1] < 128:
                break
        found.append(blob[at : inner + size])
        at = inner + size
    return found


def _records(shapes: Shapes, near: Array, window: Window, cells: Cells) -> tuple[list[Collected], int]:
    collected, aggregated = collect(shapes, near, window, cells)
    easy = easy_records(collected)
    if easy is collected:
        return [collected], int(aggregated)
    return [easy, mended_records(shapes, collected, window)], int(aggregated)


def _no_cells() -> Cells:
    none = np.zeros(0)
    return Cells(np.zeros(0, np.int32), none, none, none, np.zeros(0, np.int64), np.zeros(1, np.int64))


def _cells(classes: int, cell: int, features: int) -> Cells:
    size = classes * 2 * cell_side(cell) ** 2
    return Cells(
        np.zeros(size, np.int32),
        np.zeros(size),
        np.zeros(size),
        np.zeros(size),
        np.empty(min(size, features), np.int64),
        np.zeros(1, np.int64),
    )


def _merged(look: Look, found: Sequence[_Found], window: Window, step: int) -> LayerTile:
    """Draw features of one class as one."""
    cells = _cells(len(look.classes), window.cell, sum(len(entry.features) for entry in found))
    taken = np.zeros(len(look.classes) * cell_side(window.cell) ** 2, np.uint8)
    pieces: list[tuple[Collected, dict[tuple[int, int], Array]]] = []
    aggregated = covered = merged = 0
    for source, near, _ in found:
        records, put = _records(source.shapes, near, window, cells)
        aggregated += put
        for part in records:
            shows = cover(part, source.shapes.group, window.cell, taken)
            covered += int(np.count_nonzero(shows == 0))
            pieces.append((part, _by_class(part, source.shapes.group, shows)))
            merged += int(np.count_nonzero(shows))
    writer = _Writer(look)
    for group in range(len(look.classes)):
        for kind in (LINE, POLYGON, POINT):
            _put_class(writer, pieces, cells, window.cell, (group, kind))
    _put_points(writer, points_of_cells(cells, window.cell))
    total = merged + aggregated + covered
    counts = Drawn(look.layer, total, 0, merged, aggregated, covered, step, window.tolerance, window.cell)
    return LayerTile(writer.layer() if total else b"", counts)


def _by_class(part: Collected, group: Array, shows: Array) -> dict[tuple[int, int], Array]:
    """Return the records to draw by class and kind."""
    records = np.flatnonzero(shows)
    key = group[part.feature[records]].astype(np.int64) * 4 + part.kind[records]
    order = np.argsort(key, kind="stable")
    found, starts = np.unique(key[order], return_index=True)
    runs = np.split(records[order], starts[1:])
    return {divmod(int(entry), 4): run for entry, run in zip(found, runs, strict=True)} if len(found) else {}


def _put_class(
    writer: _Writer,
    pieces: Sequence[tuple[Collected, dict[tuple[int, int], Array]]],
    cells: Cells,
    cell: int,
    wanted_: tuple[int, int],
) -> None:
    """Write all of one class and kind as one feature."""
    cursor = np.zeros(2, np.int64)
    parts, features = [], 0
    for collected, records in pieces:
        if wanted_ in records:
            parts.append(write_merged(collected, records[wanted_], cursor).tobytes())
            features += len(records[wanted_])
    if wanted_[1] == POLYGON:
        corners, small = squares_of_cells(cells, cell, wanted_[0])
        parts.append(put_squares(corners, cursor).tobytes())
        features += small
    if features:
        writer.put(wanted_[1], b"".join(parts), group=wanted_[0], features=features)


def _put_points(writer: _Writer, points: Array) -> None:
    """Write the points of cells: one feature for all of one class that stand for the same number."""
    for group, number in np.unique(points[:, :2], axis=0).tolist():
        same = (points[:, 0] == group) & (points[:, 1] == number)
        writer.put(POINT, write_points(np.ascontiguousarray(points[same, 2:])).tobytes(), group=group, features=number)


class _Writer:
    """Features of one layer whose attributes are made up for the tile."""

    def __init__(self, look: Look) -> None:
        self._look = look
        self._features: list[bytes] = []
        self._values: dict[bytes, int] = {}
        self._keys = [*([] if look.by is None else [look.by]), "features"]

    def put(self, kind: int, geometry: bytes, *, group: int, features: int) -> None:
        """Add a feature that stands for several."""
        attributes: dict[str, str | int] = {"features": features}
        name = self._look.classes[group]
        if name is not None and self._look.by is not None:
            attributes[self._look.by] = name
        tags = b""
        for key, value in attributes.items():
            place = self._values.setdefault(tile_value(value), len(self._values))
            tags += varint(self._keys.index(key)) + varint(place)
        self._features.append(_feature(kind, tags, geometry))

    def layer(self) -> bytes:
        """Return the layer."""
        return _layer(self._look.layer, self._features, self._keys, self._values)


def _feature(kind: int, tags: bytes, geometry: bytes) -> bytes:
    inner = b"\x12" + varint(len(tags)) + tags + b"\x18" + varint(kind) + b"\x22" + varint(len(geometry)) + geometry
    return b"\x12" + varint(len(inner)) + inner


def _layer(name: str, features: Iterable[bytes], keys: Iterable[str], values: Iterable[bytes]) -> bytes:
    """Return a layer as a field of a tile."""
    text = name.encode()
    parts = [b"\x78\x02\x0a", varint(len(text)), text, *features]
    for key in keys:
        written = key.encode()
        parts += [b"\x1a", varint(len(written)), written]
    parts += values
    parts += [b"\x28", varint(EXTENT)]
    inner = b"".join(parts)
    return b"\x1a" + varint(len(inner)) + inner


def drawn_layer(drawn: Sequence[Drawn]) -> bytes:
    """Return the layer of a tile that tells how many features are drawn how.

    Parameters
    ----------
    drawn : sequence of Drawn
        One a layer.

    Returns
    -------
    bytes
        A field of the tile: one point in the tile's middle a layer.
    """
    values: dict[bytes, int] = {}
    middle = EXTENT // 2
    geometry = bytes([9]) + varint(middle * 2) + varint(middle * 2)
    keys = ("layer", "features", "own", "merged", "aggregated", "covered", "step", "tolerance", "cell")
    features = []
    for entry in drawn:
        attributes: Mapping[str, str | float] = {key: getattr(entry, key) for key in keys}
        tags = b"".join(
            varint(place) + varint(values.setdefault(tile_value(value), len(values)))
            for place, value in enumerate(attributes.values())
        )
        features.append(_feature(POINT, tags, geometry))
    return _layer(DRAWN_LAYER, features, keys, values)
