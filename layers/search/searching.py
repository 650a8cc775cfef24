"""Search in a store: an index of names for each layer, made once and brought up to date by what was written since."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from layers.definitions import ID_FIELD, LayerDefinition
from layers.search.index import Match, NameIndex, name_index
from layers.search.kinds import without_kind
from layers.store.base import Store
from layers.store.core import Core
from layers.store.engine import Engine
from layers.text import search_key

__all__ = ["Hit", "prepare", "search", "searched_fields"]

#: Fields by which things are known, beside those that title them.
_KNOWN_BY: Final = frozenset({"name", "name_vi", "name_en", "full_name", "code", "plot_no", "ref"})
#: Fields that say in what a thing lies: those that are called so come before those that lie in it.
_LIES_IN: Final = frozenset({"old_communes", "new_communes", "old_district"})
#: What people look for most comes first among equals.
_FIRST: Final = ("parks", "admin_units", "plots", "enterprises")
#: Share of a layer that may be patched before its index is made anew, and features at least.
_PATCHED_SHARE, _PATCHED_LEAST = 0.05, 500
#: Ranks of `Match` from which it counts that not all that was typed stands in the name.
_BROADER: Final = 3


class Hit(NamedTuple):
    """A feature that a search found.

    Attributes
    ----------
    layer, feature_id : str
        Which one.
    rank : int
        As in `layers.search.Match`.
    """

    layer: str
    feature_id: str
    rank: int


@dataclass(frozen=True, eq=False)
class _Names:
    """The names of a layer as of a changeset: an index, and one of what was written since it was made."""

    changeset: int
    index: NameIndex
    hidden: frozenset[str]
    patch: NameIndex

    def find(self, key: str, *, limit: int) -> list[Match]:
        """Return the features that are called so now."""
        old = self.index.find(key, limit=limit + len(self.hidden))
        return [*(match for match in old if match.feature_id not in self.hidden), *self.patch.find(key, limit=limit)]


class _Kept:
    """The names kept of a store, by layer and searched fields; one at a time makes them anew."""

    def __init__(self) -> None:
        self.making = threading.Lock()
        self.names: dict[tuple[str, tuple[str, ...]], _Names] = {}


# By the engine, which all views of a store share: who sees the same fields of a layer finds the same names. Where not
# every feature is seen, by the view.
_KEPT: Final[WeakKeyDictionary[Engine | Core, _Kept]] = WeakKeyDictionary()
_LOCK: Final = threading.Lock()


def searched_fields(definition: LayerDefinition) -> tuple[str, ...]:
    """Return the fields of a layer by whose values features are found.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.

    Returns
    -------
    tuple of str
        Its titles, names, codes and numbers, and what it lies in; none for a layer of things without a name.
    """
    titles = set() if definition.label is None else {definition.label.vi, definition.label.en}
    wanted = titles | _KNOWN_BY | _LIES_IN
    return tuple(
        field.name for field in definition.fields if field.name in wanted and field.type == "text" and not field.codes
    )


def search(store: Store, query: str, *, layers: Iterable[str] | None = None, limit: int = 20) -> list[Hit]:
    """Return the features that are called so.

    Parameters
    ----------
    store : Store
        Whose definitions say which fields are looked into.
    query : str
        Words or their beginnings, with or without tone marks.
    layers : iterable of str, optional
        Only these.
    limit : int
        Features at most.

    Returns
    -------
    list of Hit
        The closest first; among equals parks, units, plots and enterprises before others.

    Raises
    ------
    UnknownLayerError
        If the store does not hold a layer that is named.
    """
    key = search_key(query)
    if not key:
        return []
    core = store.core
    definitions = store.layers() if layers is None else {name: store.definition(name) for name in layers}
    named = {name: definition for name, definition in definitions.items() if searched_fields(definition)}
    with core.reading() as connection:
        latest = core.latest(connection)
        called = {name: _called(core, connection, definition, query) for name, definition in named.items()}
    found: list[tuple[int, int, int, str, str]] = []
    for place, (name, definition) in enumerate(named.items()):
        order = _FIRST.index(name) if name in _FIRST else len(_FIRST) + place
        names = _current(core, definition, latest)
        matches = [Match(0, len(id_), id_) for id_ in called[name]] + names.find(key, limit=limit)
        if (rest := without_kind(key)) != key:
            matches += [
                Match(_BROADER + match.rank, match.length, match.feature_id) for match in names.find(rest, limit=limit)
            ]
        best: dict[str, Match] = {}
        for match in sorted(matches):
            best.setdefault(match.feature_id, match)
        found += [(match.rank, order, match.length, name, id_) for id_, match in best.items()]
    return [Hit(layer, feature_id, rank) for rank, _, _, layer, feature_id in sorted(found)[:limit]]


def prepare(store: Store) -> int:
    """Make what searching needs before anybody searches, or bring it up to date.

    Parameters
    ----------
    store : Store
        The store.

    Returns
    -------
    int
        The newest changeset that is in it.
    """
    with store.core.reading() as connection:
        latest = store.core.latest(connection)
    for definition in store.layers().values():
        if searched_fields(definition):
            _current(store.core, definition, latest)
    return latest


def _called(core: Core, connection: sa.Connection, definition: LayerDefinition, feature_id: str) -> list[str]:
    """Return the id that was typed, if there is such a feature."""
    column = core.table(definition).c[ID_FIELD]
    return list(connection.execute(sa.select(column).where(column == feature_id.strip())).scalars())


def _current(core: Core, definition: LayerDefinition, latest: int) -> _Names:
    """Return the names of a layer as of a changeset, or a newer one."""
    fields = searched_fields(definition)
    with _LOCK:
        kept = _KEPT.setdefault(core if core.mark(definition.id) else core.engine, _Kept())
    names = kept.names.get((definition.id, fields))
    if names is not None and names.changeset >= latest:
        return names
    # Whoever comes meanwhile waits for the same names instead of making them once more; nobody waits with a connection.
    with kept.making, core.reading() as connection:
        latest = core.latest(connection)
        names = kept.names.get((definition.id, fields))
        if names is None or names.changeset < latest:
            patched = None if names is None else _patched(core, connection, definition, names, latest)
            names = patched or _Names(latest, _named(core, connection, definition), frozenset(), name_index([], []))
            kept.names[definition.id, fields] = names
    return names


def _patched(
    core: Core, connection: sa.Connection, definition: LayerDefinition, names: _Names, latest: int
) -> _Names | None:
    """Return names with what was written since they were read; None where that is too much."""
    history = core.base.history
    newer = core.engine.versions.newer(connection, history, names.changeset)
    touched = sa.select(history.c.feature_id).where(history.c.layer == definition.id, newer).distinct()
    ids = list(connection.execute(touched).scalars())
    if not ids:
        return replace(names, changeset=latest)
    hidden = names.hidden.union(ids)
    if len(hidden) > max(_PATCHED_LEAST, _PATCHED_SHARE * len(names.index.ids)):
        return None
    return _Names(latest, names.index, hidden, _named(core, connection, definition, sorted(hidden)))


def _named(
    core: Core, connection: sa.Connection, definition: LayerDefinition, ids: Sequence[str] | None = None
) -> NameIndex:
    table, fields = core.table(definition), searched_fields(definition)
    names = [name for name in fields if name not in _LIES_IN]
    places = [name for name in fields if name in _LIES_IN]
    columns: list[sa.ColumnElement[Any]] = [table.c[name] for name in (ID_FIELD, *names, *places)]
    statement = sa.select(*columns).order_by(table.c.fid)
    if ids is not None:
        statement = statement.where(core.engine.among(table.c[ID_FIELD], ids))
    rows = connection.execute(statement).all()
    end = 1 + len(names)
    return name_index(
        [row[0] for row in rows], [row[1:end] for row in rows], [row[end:] for row in rows] if places else []
    )
