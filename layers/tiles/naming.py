"""Names of snapshots: by the store, by what of a layer may be seen, and by the changeset."""

from __future__ import annotations

import hashlib
from typing import Final

import sqlalchemy as sa

from layers.definitions import LayerDefinition
from layers.store.base import Store
from layers.store.core import Core

__all__ = ["changeset_stamp", "changeset_time", "layer_key"]

#: Folders by definition: writing one down costs more than the rest of a small tile.
_KEYS: Final[dict[int, tuple[LayerDefinition, str, str]]] = {}
_MOST_KEYS: Final = 1_000


def layer_key(store: Store, definition: LayerDefinition) -> str:
    """Return the folder of a layer's snapshots: by the store, and by what of the layer and its features may be seen.

    Parameters
    ----------
    store : Store
        The store as it may be seen.
    definition : LayerDefinition
        The layer in it.

    Returns
    -------
    str
        Name of a folder.
    """
    seen = f"{store.url}\0{store.core.mark(definition.id)}"
    known = _KEYS.get(id(definition))
    if known is None or known[0] is not definition or known[1] != seen:
        text = f"{seen}\0{definition.model_dump_json()}"
        known = (definition, seen, f"{definition.id}-{hashlib.sha256(text.encode()).hexdigest()[:24]}")
        if len(_KEYS) >= _MOST_KEYS:
            _KEYS.clear()
        _KEYS[id(definition)] = known
    return known[2]


def changeset_stamp(core: Core, connection: sa.Connection, changeset: int) -> str:
    """Return what tells a changeset from one of the same number in another store at the same place.

    Parameters
    ----------
    core : Core
        Of the store.
    connection : Connection
        In a transaction.
    changeset : int
        Its number.

    Returns
    -------
    str
        A digest.
    """
    table = core.base.changesets
    row = connection.execute(sa.select(table.c.time, table.c.message).where(table.c.id == changeset)).one_or_none()
    return hashlib.sha256(repr(None if row is None else tuple(row)).encode()).hexdigest()[:16]


def changeset_time(core: Core, connection: sa.Connection, changeset: int) -> str:
    """Return when a changeset was made, as the store writes it.

    Parameters
    ----------
    core : Core
        Of the store.
    connection : Connection
        In a transaction.
    changeset : int
        Its number.

    Returns
    -------
    str
        Empty where there is none.
    """
    table = core.base.changesets
    return str(connection.execute(sa.select(table.c.time).where(table.c.id == changeset)).scalar() or "")
