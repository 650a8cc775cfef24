"""Making the snapshot of a large layer in a process of its own: what it takes in memory ends with it."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path
from typing import Final, NamedTuple

import sqlalchemy as sa

from layers.definitions import LayerDefinition
from layers.errors import StoreError
from layers.store import Store, open_store
from layers.store.core import Core
from layers.store.viewing import Sight, StoreView
from layers.tiles.files import kept_grid, kept_snapshot, map_snapshot
from layers.tiles.matrices import WEB_MERCATOR, tile_grid
from layers.tiles.naming import changeset_stamp, changeset_time, layer_key
from layers.tiles.snapshots import Snapshot, build_snapshot, grid_arrays

__all__ = ["Built", "build_elsewhere", "build_here", "carry_out"]

#: Layers of fewer features take less memory than a process of its own does.
LARGE: Final = 20_000
#: How long a process may take, seconds.
_PATIENCE_S: Final = 900


class Built(NamedTuple):
    """A snapshot in its folder.

    Attributes
    ----------
    folder : Path
        Where it is.
    latest : int
        Its changeset.
    stamp, time : str
        What tells it from one of the same number in another store, and when it was made.
    """

    folder: Path
    latest: int
    stamp: str
    time: str


class _Order(NamedTuple):
    """What is to be made."""

    address: str
    sight: Sight | None
    layer: str
    folder: Path


def _place(store: Store, connection: sa.Connection, definition: LayerDefinition, folder: Path) -> Built:
    core = store.core
    latest = core.latest(connection)
    stamp = changeset_stamp(core, connection, latest)
    place = folder / layer_key(store, definition) / f"{latest}-{stamp}"
    return Built(place, latest, stamp, changeset_time(core, connection, latest))


def build_here(
    store: Store, connection: sa.Connection, definition: LayerDefinition, folder: Path
) -> tuple[Built, Snapshot]:
    """Return the snapshot of a layer as it is now, making it where it is missing.

    Parameters
    ----------
    store : Store
        The store as it may be seen.
    connection : Connection
        Of it, in a transaction.
    definition : LayerDefinition
        The layer in it.
    folder : Path
        Where snapshots are kept.

    Returns
    -------
    (Built, Snapshot)
        Where it is, and the snapshot itself.
    """
    built = _place(store, connection, definition, folder)

    def make() -> Snapshot:
        return build_snapshot(definition, store.core.rows(connection, definition, []).features(definition))

    return built, kept_snapshot(built.folder, make)


def build_elsewhere(
    store: Store, connection: sa.Connection, definition: LayerDefinition, folder: Path
) -> tuple[Built, Snapshot] | None:
    """Let a process of its own make the snapshot of a large layer where it is missing.

    Parameters
    ----------
    store : Store
        The store as it may be seen.
    connection : Connection
        Of it, in a transaction.
    definition : LayerDefinition
        The layer in it.
    folder : Path
        Where snapshots are kept.

    Returns
    -------
    (Built, Snapshot) or None
        Of the newest changeset, or of one that was made meanwhile; None where it is as well made here.

    Raises
    ------
    StoreError
        If the process fails.
    """
    built = _place(store, connection, definition, folder)
    if (found := map_snapshot(built.folder)) is not None:
        return built, found
    if store.core.total(connection, definition) < LARGE:
        return None
    sight = store.sight if isinstance(store, StoreView) else None
    built = _ordered(_Order(_address(store.core), sight, definition.id, folder))
    if built.folder.parent.name != layer_key(store, definition):
        # Somebody has changed the definition meanwhile; the next question is for the new one.
        return None
    found = map_snapshot(built.folder)
    return None if found is None else (built, found)


def _address(core: Core) -> str:
    engine = core.engine
    if engine.schema is None:
        return engine.url
    address = engine.sqlalchemy.url.set(drivername="postgresql").update_query_dict({"schema": engine.schema})
    return address.render_as_string(hide_password=False)


def _ordered(order: _Order) -> Built:
    # The order goes by a pipe: an address may hold a password, which must not stand in the list of processes.
    done = subprocess.run(  # noqa: S603 - our own module
        [sys.executable, "-c", f"from {__name__} import carry_out; carry_out()"],
        input=pickle.dumps(order),
        capture_output=True,
        timeout=_PATIENCE_S,
        check=False,
    )
    if done.returncode != 0:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise StoreError(seen=said[-1] if said else f"exit {done.returncode}", where=order.layer)
    built: Built = pickle.loads(done.stdout)  # noqa: S301 - of our own process
    return built


def carry_out() -> None:
    """Do the work of that process: make what standard input orders, with its shapes on the grid of web maps."""
    order: _Order = pickle.loads(sys.stdin.buffer.read())  # noqa: S301 - of our own process
    with open_store(order.address) as whole:
        store = whole if order.sight is None else StoreView(whole, order.sight)
        with store.core.reading() as connection:
            definition = store.core.definition(connection, order.layer)
            built, snapshot = build_here(store, connection, definition, order.folder)
    grid = tile_grid(WEB_MERCATOR)
    kept_grid(built.folder / grid.id, lambda: grid_arrays(snapshot.outline, grid))
    sys.stdout.buffer.write(pickle.dumps(built))
