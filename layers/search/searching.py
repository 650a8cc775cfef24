"""Search in a store: an index of names for each layer, made once and brought up to date by what was written since."""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

import sqlalchemy as sa

from layers.definitions import ID_FIELD, LayerDefinition
from layers.search.index import Match, NameIndex, name_index
from layers.store.base import Store
from layers.store.core import Core
from layers.text import search_key

__all__ = ["Hit", "search", "searched_fields"]

#: Fields by which things are known, beside those that title them.
_KNOWN_BY: Final = frozenset(
    {
        "name",
        "name_vi",
        "name_en",
        "full_name",
        "code",
        "plot_no",
        "ref",
        "old_communes",
        "new_communes",
        "old_district",
    }
)
#: What people look for most comes first among equals.
_FIRST: Final = ("parks", "admin_units", "plots", "enterprises")
#: Share of a layer that may be patched before its index is made anew, and features at least.
_PATCHED_SHARE, _PATCHED_LEAST = 0.05, 500


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
class _Kept:
    """The names of a layer as of a changeset: an index, and one of what was written since it was made."""

    fields: tuple[str, ...]
    changeset: int
    index: NameIndex
    hidden: frozenset[str]
    patch: NameIndex


_KEPT: Final[WeakKeyDictionary[Core, dict[str, _Kept]]] = WeakKeyDictionary()
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
        Its titles, names, codes and numbers; none for a layer of things without a name.
    """
    titles = set() if definition.label is None else {definition.label.vi, definition.label.en}
    wanted = titles | _KNOWN_BY
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
    definitions = store.layers() if layers is None else {name: store.definition(name) for name in layers}
    found: list[tuple[int, int, int, str, str]] = []
    for place, (name, definition) in enumerate(definitions.items()):
        order = _FIRST.index(name) if name in _FIRST else len(_FIRST) + place
        found += [
            (match.rank, order, match.length, name, match.feature_id)
            for match in _matches(store.core, definition, query, limit)
        ]
    return [Hit(layer, feature_id, rank) for rank, _, _, layer, feature_id in sorted(found)[:limit]]


def _matches(core: Core, definition: LayerDefinition, query: str, limit: int) -> list[Match]:
    kept, key = _current(core, definition), search_key(query)
    if kept is None:
        return []
    hidden = len(kept.hidden)
    exact = [Match(0, len(id_), id_) for id_ in _called(core, definition, query)]
    old = [match for match in kept.index.find(key, limit=limit + hidden) if match.feature_id not in kept.hidden]
    best: dict[str, Match] = {}
    for match in sorted([*exact, *old, *kept.patch.find(key, limit=limit)]):
        best.setdefault(match.feature_id, match)
    return list(best.values())[:limit]


def _called(core: Core, definition: LayerDefinition, feature_id: str) -> list[str]:
    """Return the id that was typed, if there is such a feature."""
    column = core.table(definition).c[ID_FIELD]
    with core.reading() as connection:
        return list(connection.execute(sa.select(column).where(column == feature_id.strip())).scalars())


def _current(core: Core, definition: LayerDefinition) -> _Kept | None:
    """Return the names of a layer as they are now; None for a layer of things without a name."""
    fields = searched_fields(definition)
    if not fields:
        return None
    with _LOCK:
        known = _KEPT.setdefault(core, {})
    kept = known.get(definition.id)
    with core.reading() as connection:
        latest = core.latest(connection)
        if kept is not None and kept.fields == fields and kept.changeset == latest:
            return kept
        if (
            kept is None
            or kept.fields != fields
            or (patched := _patched(core, connection, definition, kept, latest)) is None
        ):
            patched = _Kept(
                fields, latest, _named(core, connection, definition, fields), frozenset(), name_index([], [])
            )
    known[definition.id] = patched
    return patched


def _patched(
    core: Core, connection: sa.Connection, definition: LayerDefinition, kept: _Kept, latest: int
) -> _Kept | None:
    """Return names with what was written since they were read; None where that is too much."""
    history = core.base.history
    newer = core.engine.versions.newer(connection, history, kept.changeset)
    touched = sa.select(history.c.feature_id).where(history.c.layer == definition.id, newer).distinct()
    ids = list(connection.execute(touched).scalars())
    if not ids:
        return _Kept(kept.fields, latest, kept.index, kept.hidden, kept.patch)
    hidden = kept.hidden.union(ids)
    if len(hidden) > max(_PATCHED_LEAST, _PATCHED_SHARE * len(kept.index.ids)):
        return None
    return _Kept(
        kept.fields, latest, kept.index, hidden, _named(core, connection, definition, kept.fields, sorted(hidden))
    )


def _named(
    core: Core,
    connection: sa.Connection,
    definition: LayerDefinition,
    fields: Sequence[str],
    ids: Sequence[str] | None = None,
) -> NameIndex:
    table = core.table(definition)
    columns: list[sa.ColumnElement[Any]] = [table.c[ID_FIELD], *(table.c[name] for name in fields)]
    statement = sa.select(*columns).order_by(table.c.fid)
    if ids is not None:
        statement = statement.where(core.engine.among(table.c[ID_FIELD], ids))
    rows = connection.execute(statement).all()
    return name_index([row[0] for row in rows], [tuple(row[1:]) for row in rows])
