"""Is a layer still as it was seen last? One short question to the driver for each tile, instead of a transaction."""

from __future__ import annotations

import threading
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from layers.definitions import LayerDefinition
from layers.store.core import Core
from layers.store.statements import Driver, Statement, definition_mark

__all__ = ["Fresh", "fresh"]


class Fresh(NamedTuple):
    """What holds now.

    Attributes
    ----------
    definition : LayerDefinition
        The layer as it may be seen; the same object for as long as nobody changes it.
    latest : int
        The newest changeset.
    time : str
        When that was, which tells it from one of the same number in another store at the same place.
    """

    definition: LayerDefinition
    latest: int
    time: str


class _Asking(NamedTuple):
    """The statement of one database, and what asks it."""

    driver: Driver
    statement: Statement


_ASKING: Final[WeakKeyDictionary[Any, _Asking]] = WeakKeyDictionary()
_KNOWN: Final[WeakKeyDictionary[Core, dict[str, tuple[str, LayerDefinition]]]] = WeakKeyDictionary()
_LOCK: Final = threading.Lock()


def fresh(core: Core, layer: str) -> Fresh:
    """Return the definition of a layer and the newest changeset, as they are now.

    Parameters
    ----------
    core : Core
        Connections and tables of the store as it may be seen.
    layer : str
        The layer's id.

    Returns
    -------
    Fresh
        Both of one moment.

    Raises
    ------
    UnknownLayerError
        If the store does not hold the layer, or it may not be seen.
    StoreError
        If the database fails.
    """
    with _LOCK:
        asking = _ASKING.get(core.engine)
        if asking is None:
            asking = _ASKING[core.engine] = _Asking(Driver(core.engine), _statement(core))
        known = _KNOWN.setdefault(core, {})
    rows = asking.driver.fetch(asking.statement, {**asking.statement.fixed, "p_layer": layer})
    mark, latest, time = rows[0] if rows else (None, 0, None)
    noted = known.get(layer)
    if noted is None or noted[0] != mark:
        # An unknown layer is told here, by name.
        with core.reading() as connection:
            noted = (str(mark), core.definition(connection, layer))
        known[layer] = noted
    return Fresh(noted[1], int(latest), str(time or ""))


def _statement(core: Core) -> Statement:
    layers, changesets = core.base.layers, core.base.changesets
    newest = sa.select(sa.func.coalesce(sa.func.max(changesets.c.id), 0)).scalar_subquery()
    last = changesets.alias("last")
    time = sa.select(last.c.time).where(last.c.id == newest).scalar_subquery()
    asked = sa.select(definition_mark(core), newest, time).where(layers.c.id == sa.bindparam("p_layer", type_=sa.Text))
    compiled = asked.compile(dialect=core.engine.sqlalchemy.dialect)
    fixed = {name: value for name, value in compiled.params.items() if name != "p_layer"}
    order = None if compiled.positiontup is None else tuple(compiled.positiontup)
    return Statement(str(compiled), order, {}, fixed, {})
