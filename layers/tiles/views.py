"""What is drawn of a layer: a snapshot that is kept, and over it what has changed since or is to be seen otherwise."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
import sqlalchemy as sa

from layers.definitions import ID_FIELD, LayerDefinition
from layers.memory import give_back
from layers.schema import empty_features
from layers.store import Store
from layers.store.core import Core
from layers.store.overlay import Overlay
from layers.store.selecting import Selection, wanted_by
from layers.store.states import overlay, read_rows, state_of
from layers.tiles.arrays import Array
from layers.tiles.building import build_elsewhere, build_here
from layers.tiles.encoding import Look, Source
from layers.tiles.files import forget_others, kept_grid
from layers.tiles.matrices import TileGrid
from layers.tiles.naming import changeset_stamp, changeset_time, layer_key
from layers.tiles.snapshots import GridArrays, Snapshot, build_snapshot, grid_arrays, id_hashes, shapes_on

__all__ = ["Kept", "View", "Views", "look_for"]

#: An overlay of more features than this, and than this share of the layer, is taken into a new snapshot.
_LARGE_OVERLAY: Final = 1_000
_LARGE_SHARE: Final = 0.05
#: Steps of a layer by which tiles made earlier are told from those that a step has touched.
_STEPS: Final = 64
_ALL: Final = np.zeros(0, np.uint8)
_NOTHING: Final = np.zeros(0, np.int64)


class Kept:
    """A snapshot with its geometries on those grids that were asked for.

    Parameters
    ----------
    snapshot : Snapshot
        The layer.
    folder : Path or None
        Where grids are kept; None keeps them in memory.
    """

    def __init__(self, snapshot: Snapshot, folder: Path | None) -> None:
        self.snapshot = snapshot
        self._folder = folder
        self._grids: dict[str, GridArrays] = {}
        self._sources: dict[str, Source] = {}
        self._lock = threading.Lock()

    def arrays(self, grid: TileGrid) -> GridArrays:
        """Return geometries on a grid.

        Parameters
        ----------
        grid : TileGrid
            Which.

        Returns
        -------
        GridArrays
            Made once.
        """
        with self._lock:
            if grid.id not in self._grids:
                self._grids[grid.id] = self._made(grid)
            return self._grids[grid.id]

    def _made(self, grid: TileGrid) -> GridArrays:
        def make() -> GridArrays:
            return grid_arrays(self.snapshot.outline, grid)

        return make() if self._folder is None else kept_grid(self._folder / grid.id, make)

    def source(self, grid: TileGrid, shown: Array = _ALL) -> Source:
        """Return what is drawn on a grid.

        Parameters
        ----------
        grid : TileGrid
            Which.
        shown : ndarray of uint8, optional
            1 for features that may be drawn; without elements for all.

        Returns
        -------
        Source
            For `encode_layer`.
        """
        if grid.id not in self._sources:
            coded = self.snapshot.coded
            plain = coded._replace(codes=_plain(coded.codes), blob=_plain(coded.blob), starts=_plain(coded.starts))
            self._sources[grid.id] = Source(shapes_on(self.snapshot, self.arrays(grid)), plain)
        return self._sources[grid.id]._replace(shown=shown)


def _plain(array: Array) -> Array:
    view = np.asarray(array)[...]
    view.flags.writeable = False
    return view


@dataclass(frozen=True, eq=False)
class View:
    """A layer in one state, as it is drawn.

    Attributes
    ----------
    definition : LayerDefinition
        The layer as it may be seen.
    version, time : int, str
        Changeset up to which the store was looked at, and when that was.
    base : Kept
        Its snapshot.
    base_version, base_stamp : int, str
        Changeset of the snapshot, and what tells it from one of the same number in another store.
    over : Kept or None
        Features drawn instead of hidden ones and beside the others.
    hidden : ndarray of int64
        Numbers of features of the snapshot that are not drawn.
    overlay : Overlay
        The same by ids: what is hidden, and what is drawn over it.
    masks : dict
        Which features of both meet a filter, by the filter.
    """

    definition: LayerDefinition
    version: int
    time: str
    base: Kept
    base_version: int
    base_stamp: str
    over: Kept | None
    hidden: Array
    overlay: Overlay
    masks: dict[str, tuple[Array, Array]] = field(default_factory=dict)

    @property
    def classes(self) -> tuple[str | None, ...]:
        """Class of each number, of both."""
        return self.base.snapshot.classes if self.over is None else self.over.snapshot.classes

    def sources(self, grid: TileGrid, mask: tuple[Array, Array] | None = None) -> list[Source]:
        """Return what is drawn on a grid.

        Parameters
        ----------
        grid : TileGrid
            Which.
        mask : (ndarray, ndarray), optional
            1 for features of snapshot and overlay that meet a filter.

        Returns
        -------
        list of Source
            For `encode_layer`.
        """
        shown = _ALL if mask is None else mask[0]
        if len(self.hidden):
            shown = np.ones(len(self.base.snapshot), np.uint8) if mask is None else shown.copy()
            shown[self.hidden] = 0
        sources = [self.base.source(grid, shown)]
        if self.over is not None:
            sources.append(self.over.source(grid, _ALL if mask is None else mask[1]))
        return sources

    def boxes_of(self, grid: TileGrid, hashes: Array) -> Array:
        """Return where some features lie in this state.

        Parameters
        ----------
        grid : TileGrid
            On which grid.
        hashes : ndarray of uint64
            Of their ids.

        Returns
        -------
        ndarray of int32, shape (boxes, 4)
            Of those that are there.
        """
        found = [self.base.arrays(grid).box[np.setdiff1d(self.base.snapshot.places(hashes), self.hidden)]]
        if self.over is not None:
            found.append(self.over.arrays(grid).box[self.over.snapshot.places(hashes)])
        return np.concatenate(found)


def look_for(definition: LayerDefinition, classes: tuple[str | None, ...]) -> Look:
    """Return how a layer is drawn.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    classes : tuple of str or None
        Class of each number.

    Returns
    -------
    Look
        By its definition.
    """
    by, label = definition.style.by, definition.label
    kept = [ID_FIELD, *([] if by is None else [by]), *([] if label is None else [label.vi, label.en])]
    return Look(definition.id, None, tuple(dict.fromkeys(kept)), by, classes)


class Views:
    """Layers of one store as they are drawn, brought up to date before each answer.

    Parameters
    ----------
    folder : Path
        Where snapshots are kept.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._current: dict[str, View] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._steps: dict[str, list[tuple[View, View, Array]]] = {}
        self._lock = threading.Lock()

    def _lock_of(self, key: str) -> threading.Lock:
        with self._lock:
            return self._locks.setdefault(key, threading.Lock())

    def current(self, store: Store, definition: LayerDefinition, latest: tuple[int, str]) -> View:
        """Return a layer as it is now.

        Parameters
        ----------
        store : Store
            The store as it may be seen.
        definition : LayerDefinition
            The layer in it.
        latest : (int, str)
            The newest changeset that was seen, and its time.

        Returns
        -------
        View
            Of that changeset or a newer one.
        """
        key = layer_key(store, definition)
        view = self._current.get(key)
        if view is not None and _holds(view, latest):
            return view
        with self._lock_of(key):
            view = self._current.get(key)
            if view is not None and _holds(view, latest):
                return view
            with store.core.reading() as connection:
                fresh, changed = self._brought_up(store, connection, definition, view)
            _note(view, fresh, changed, self._steps.setdefault(key, []))
            self._current[key] = fresh
            return fresh

    def _brought_up(
        self, store: Store, connection: sa.Connection, definition: LayerDefinition, view: View | None
    ) -> tuple[View, Mapping[str, int]]:
        """Return a layer as it is now, and what was changed since its snapshot."""
        core = store.core
        latest = core.latest(connection)
        if view is None or changeset_stamp(core, connection, view.base_version) != view.base_stamp:
            return self._fresh(store, connection, definition), {}
        changed = _changed(core, connection, definition, view.base_version)
        if len(changed) > max(_LARGE_OVERLAY, _LARGE_SHARE * len(view.base.snapshot)):
            return self._fresh(store, connection, definition), {}
        time = changeset_time(core, connection, latest)
        if not changed:
            nothing = _same(definition)
            as_built = replace(view, version=latest, time=time, over=None, hidden=_NOTHING, overlay=nothing, masks={})
            return as_built, changed
        now = state_of(core, connection, definition, wanted_by({"ids": sorted(changed)}))
        over = Overlay(frozenset(changed), read_rows(core, connection, now).features(definition))
        return replace(_over(view, over), version=latest, time=time), changed

    def _fresh(self, store: Store, connection: sa.Connection, definition: LayerDefinition) -> View:
        made = build_elsewhere(store, connection, definition, self._folder)
        built, snapshot = made or build_here(store, connection, definition, self._folder)
        forget_others(built.folder)
        give_back()
        kept = Kept(snapshot, built.folder)
        nothing = _same(definition)
        return View(definition, built.latest, built.time, kept, built.latest, built.stamp, None, _NOTHING, nothing)

    def state(self, store: Store, view: View, selection: Selection) -> View:
        """Return a layer in another state than the current one.

        Parameters
        ----------
        store : Store
            The store as it may be seen.
        view : View
            The layer as it is now.
        selection : Selection
            `as_of` and `proposal` choose the state.

        Returns
        -------
        View
            Kept for a while.
        """
        with store.core.reading() as connection:
            wanted = wanted_by(selection)
            found = overlay(store.core, connection, view.definition, wanted)
            newest = store.core.latest(connection)
            if newest != view.version:
                # Written meanwhile: what was found lies over a newer state.
                latest = (newest, changeset_time(store.core, connection, newest))
                return self.state(store, self.current(store, view.definition, latest), selection)
        return view if found.empty else _over(view, found.over(view.overlay))

    def mask(self, store: Store, view: View, selection: Selection) -> tuple[Array, Array]:
        """Return which features of a view meet a selection.

        Parameters
        ----------
        store : Store
            The store as it may be seen.
        view : View
            The layer in its state.
        selection : Selection
            State and filter.

        Returns
        -------
        (ndarray, ndarray)
            1 for features of the snapshot and of what lies over it.
        """
        core = store.core
        with core.reading() as connection:
            state = state_of(core, connection, view.definition, wanted_by(selection))
            ids: list[str] = []
            for part in state.parts:
                ids += connection.execute(sa.select(part.source.c.feature_id).where(*part.conditions)).scalars()
        hashes = id_hashes(ids)
        return _mask(view.base, hashes), _ALL if view.over is None else _mask(view.over, hashes)

    def touched(self, store: Store, view: View, version: int) -> list[Callable[[TileGrid], Array]] | None:
        """Return where a layer has changed since an earlier version of it was drawn.

        Parameters
        ----------
        store : Store
            The store as it may be seen.
        view : View
            The layer as it is now.
        version : int
            The changeset up to which the store was looked at then.

        Returns
        -------
        list of callable, or None
            Each gives boxes on a grid; None where it is not known any more.
        """
        steps = [step for step in self._steps.get(layer_key(store, view.definition), []) if step[1].version > version]
        if not steps or steps[0][0].version > version:
            return None
        return [partial(_boxes, step) for step in steps]


def _note(before: View | None, after: View, changed: Mapping[str, int], steps: list[tuple[View, View, Array]]) -> None:
    """Remember what a step changed, for tiles that were made before it."""
    if before is None or after.base is not before.base:
        steps.clear()
        return
    newer = sorted(id_ for id_, changeset in changed.items() if changeset > before.version)
    steps.append((before, after, id_hashes(newer)))
    del steps[:-_STEPS]


def _boxes(step: tuple[View, View, Array], grid: TileGrid) -> Array:
    before, after, hashes = step
    return np.concatenate([before.boxes_of(grid, hashes), after.boxes_of(grid, hashes)])


def _mask(kept: Kept, hashes: Array) -> Array:
    mask = np.zeros(len(kept.snapshot), np.uint8)
    mask[kept.snapshot.places(hashes)] = 1
    return mask


def _holds(view: View, latest: tuple[int, str]) -> bool:
    return view.version > latest[0] or (view.version, view.time) == latest


def _over(view: View, over: Overlay) -> View:
    base = view.base.snapshot
    hidden = base.places(id_hashes(sorted(over.removed)))
    small = build_snapshot(view.definition, over.features, classes=base.classes) if len(over.features) else None
    return replace(
        view,
        over=None if small is None else Kept(small, None),
        hidden=hidden,
        overlay=over,
        masks={},
    )


def _changed(core: Core, connection: sa.Connection, definition: LayerDefinition, since: int) -> dict[str, int]:
    """Return ids of the features that were written after a changeset, and by which they were last."""
    history = core.base.history
    newer = core.engine.versions.newer(connection, history, since)
    last = sa.func.max(history.c.changeset)
    found = sa.select(history.c.feature_id, last).where(history.c.layer == definition.id, newer)
    return {row[0]: row[1] for row in connection.execute(found.group_by(history.c.feature_id))}


def _same(definition: LayerDefinition) -> Overlay:
    return Overlay(frozenset(), empty_features(definition))
