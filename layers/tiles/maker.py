"""Tiles of a store: one or several layers in one tile, never stale, and kept until a write touches them."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import numpy as np

from layers.store import Store
from layers.store.selecting import Selection
from layers.tiles.arrays import ALWAYS, BUFFER, EXTENT, NEVER
from layers.tiles.asking import TileSelection
from layers.tiles.encoding import TILE_BYTES, Drawn, LayerTile, drawn_layer, encode_layer
from layers.tiles.freshness import fresh
from layers.tiles.matrices import Tile, TileGrid, tile_grid
from layers.tiles.views import View, Views, look_for
from layers.time import Interval

__all__ = ["MadeTile", "TileMaker"]

#: Room for tiles that are kept in each worker, bytes.
CACHE_BYTES: Final = 64_000_000
#: What a kept tile takes beside its bytes.
_ENTRY_BYTES: Final = 1_000
#: Earlier states of layers that are kept.
_STATES: Final = 16
#: Filters whose result is kept for each state of a layer.
_MASKS: Final = 32
#: Room for what tells of the drawing itself, bytes a layer.
_TOLD_BYTES: Final = 250
_EPOCH: Final = dt.date(1970, 1, 1)
#: The fastest, which takes a few milliseconds for the largest tile.
_GZIP_LEVEL: Final = 1


@dataclass(frozen=True, eq=False)
class MadeTile:
    """A tile as it is sent.

    Attributes
    ----------
    data : bytes
        By Mapbox Vector Tile 2.1; nothing for a tile without features.
    drawn : tuple of Drawn
        How many features of each layer are drawn how.
    """

    data: bytes
    drawn: tuple[Drawn, ...]

    @cached_property
    def etag(self) -> str:
        """Name of the content: the same in every process, and as long as no write changes what the tile shows."""
        return f'"{hashlib.blake2b(self.data, digest_size=12).hexdigest()}"'

    @cached_property
    def zipped(self) -> bytes:
        """The same, compressed."""
        return gzip.compress(self.data, _GZIP_LEVEL, mtime=0)


class TileMaker:
    """Makes and keeps the tiles of a store.

    Parameters
    ----------
    folder : Path
        Where snapshots are kept, for all workers of a machine the same.
    cache_bytes : int, optional
        Room for tiles that are kept in memory.
    """

    def __init__(self, folder: Path, *, cache_bytes: int = CACHE_BYTES) -> None:
        self._views = Views(folder)
        self._room = cache_bytes
        self._used = 0
        self._tiles: OrderedDict[tuple[Any, ...], tuple[tuple[View, ...], MadeTile]] = OrderedDict()
        self._states: OrderedDict[tuple[View, int], View] = OrderedDict()
        self._lock = threading.Lock()

    def tile(self, store: Store, layers: Sequence[str], tile: Tile, selection: TileSelection) -> MadeTile:
        """Return a tile.

        Parameters
        ----------
        store : Store
            The store as it may be seen.
        layers : sequence of str
            Ids of the layers, in the order of drawing.
        tile : Tile
            Of `TileGrid.tile`.
        selection : TileSelection
            Which features.

        Returns
        -------
        MadeTile
            As the store is now.

        Raises
        ------
        UnknownLayerError, UnknownChangesetError, UnknownProposalError
            For what is not there.
        """
        known = [fresh(store.core, layer) for layer in layers]
        if selection.as_of is not None:
            with store.core.reading() as connection:
                selection = selection._replace(as_of=store.core.changeset_at(connection, selection.as_of))
        views = tuple(
            self._views.current(store, found.definition, (found.latest, found.time))
            for found in known
            if found.definition.spatial
        )
        grid = tile_grid(tile.grid)
        asked = tuple((chosen.layer, chosen.text) for chosen in selection.filters)
        key = (tile, tuple(id(view.base) for view in views), selection._replace(filters=()), asked)
        kept = self._kept(store, key, views, grid, tile)
        if kept is not None:
            return kept
        made = self._made(store, views, grid, tile, selection)
        if selection.proposal is None:
            # What a proposal changes can change without a changeset.
            self._keep(key, views, made)
        return made

    def _kept(
        self, store: Store, key: tuple[Any, ...], views: tuple[View, ...], grid: TileGrid, tile: Tile
    ) -> MadeTile | None:
        with self._lock:
            entry = self._tiles.get(key)
            if entry is None:
                return None
            self._tiles.move_to_end(key)
        before, made = entry
        if all(then is now for then, now in zip(before, views, strict=True)):
            return made
        for then, now in zip(before, views, strict=True):
            if then is not now and self._is_touched(store, now, then.version, grid, tile):
                return None
        with self._lock:
            self._tiles[key] = views, made
        return made

    def _is_touched(self, store: Store, view: View, version: int, grid: TileGrid, tile: Tile) -> bool:
        steps = self._views.touched(store, view, version)
        if steps is None:
            return True
        left, top, unit = grid.corner(tile)
        near, far = -(BUFFER + 1) * unit, (EXTENT + BUFFER + 1) * unit
        for boxes_on in steps:
            boxes = boxes_on(grid)
            meet = (boxes[:, 0] <= left + far) & (boxes[:, 2] >= left + near)
            meet &= (boxes[:, 1] <= top + far) & (boxes[:, 3] >= top + near)
            if meet.any():
                return True
        return False

    def _keep(self, key: tuple[Any, ...], views: tuple[View, ...], made: MadeTile) -> None:
        with self._lock:
            before = self._tiles.pop(key, None)
            self._used -= 0 if before is None else len(before[1].data) + _ENTRY_BYTES
            self._tiles[key] = views, made
            self._used += len(made.data) + _ENTRY_BYTES
            while self._used > self._room and self._tiles:
                _, (_, dropped) = self._tiles.popitem(last=False)
                self._used -= len(dropped.data) + _ENTRY_BYTES

    def _made(
        self, store: Store, views: Sequence[View], grid: TileGrid, tile: Tile, selection: TileSelection
    ) -> MadeTile:
        corner, days = grid.corner(tile), _days(selection.interval)
        shown = [self._shown(store, view, selection) for view in views]
        room = TILE_BYTES - _TOLD_BYTES * (len(shown) + 1)

        def drawn(place: int, limit: int) -> LayerTile:
            view, mask = shown[place]
            return encode_layer(
                look_for(view.definition, view.classes), view.sources(grid, mask), corner, days=days, limit=limit
            )

        parts = [drawn(place, room) for place in range(len(shown))]
        total = sum(len(part.data) for part in parts)
        if total > room:
            # Each gives way by the same part.
            parts = [drawn(place, len(part.data) * room // total) for place, part in enumerate(parts)]
        told = tuple(part.drawn for part in parts)
        there = [entry for entry in told if entry.features]
        data = b"".join(part.data for part in parts)
        return MadeTile(data + drawn_layer(there) if there else b"", told)

    def _shown(
        self, store: Store, view: View, selection: TileSelection
    ) -> tuple[View, tuple[np.ndarray, np.ndarray] | None]:
        """Return a layer in the state that is asked for, and which of its features."""
        chosen: Selection = {"as_of": selection.as_of, "proposal": selection.proposal}
        if selection.proposal is not None:
            view = self._views.state(store, view, chosen)
        elif selection.as_of is not None:
            view = self._state(store, view, chosen)
        asked = next((entry for entry in selection.filters if entry.layer == view.definition.id), None)
        if asked is None:
            return view, None
        mask = view.masks.get(asked.text)
        if mask is None:
            mask = self._views.mask(store, view, {**chosen, "filter": asked})
            if len(view.masks) >= _MASKS:
                view.masks.clear()
            view.masks[asked.text] = mask
        return view, mask

    def _state(self, store: Store, view: View, chosen: Selection) -> View:
        key = (view, int(chosen["as_of"]))  # type: ignore[arg-type] # resolved to a changeset before
        with self._lock:
            known = self._states.get(key)
        if known is None:
            known = self._views.state(store, view, chosen)
            with self._lock:
                self._states[key] = known
                while len(self._states) > _STATES:
                    self._states.popitem(last=False)
        return known


def _days(interval: Interval | None) -> tuple[int, int]:
    if interval is None:
        return ALWAYS, NEVER
    start, end = interval
    return (
        ALWAYS if start is None else (start - _EPOCH).days,
        NEVER if end is None else (end - _EPOCH).days,
    )
