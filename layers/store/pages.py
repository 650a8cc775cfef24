"""One page of a layer, or one feature, as finished GeoJSON text: what a server gives out most often.

One statement asks for the keys and versions of the rows, for the definition that they follow and for the newest
changeset, so all of it belongs to one state. Rows whose text is kept are not read again; the others are read and
encoded in bulk. What a statement looks like depends on the kind of question only, so each kind is written once.
"""

from __future__ import annotations

import threading
from collections.abc import Hashable, Sequence
from typing import Any, Final, NamedTuple, Unpack
from weakref import WeakKeyDictionary

import orjson
import sqlalchemy as sa

from layers.definitions import ID_FIELD, LayerDefinition
from layers.errors import UnknownFeatureError, ValueOutOfRangeError
from layers.store.base import Store
from layers.store.core import Core
from layers.store.fragments import FeatureText, Fragments, PageText, encode_features
from layers.store.selecting import Selection, Wanted, wanted_by
from layers.store.sorting import Sort, decode_cursor, encode_cursor
from layers.store.statements import (
    Driver,
    Statement,
    count_statement,
    definition_mark,
    definition_statement,
    kind_of,
    page_statement,
    parameters,
    rows_statement,
)
from layers.store.statepages import state_page
from layers.store.states import read_rows, state_of
from layers.types import Text

__all__ = ["FeatureText", "PageText", "definition_of", "feature_page", "feature_text"]

#: Finished features that are kept for one store, bytes.
_KEPT_BYTES: Final = 32 * 2**20
#: Kinds of questions that are kept; filters can make any number.
_KEPT_STATEMENTS: Final = 500
#: A count of so many features costs less than their page.
_CHEAP_COUNT: Final = 5_000


class _Noted(NamedTuple):
    """A definition as it was last read, what changes with it, and the number of the form that features have by it."""

    mark: str
    definition: LayerDefinition
    form: int


class _Shared:
    """What all views of one database share: a driver, finished features, statements, and numbers of forms."""

    def __init__(self, core: Core) -> None:
        self.driver = Driver(core.engine)
        self.fragments = Fragments(_KEPT_BYTES)
        self.statements: dict[Hashable, Statement] = {}
        self.forms: dict[Hashable, int] = {}
        self.totals: dict[str, tuple[int, int]] = {}
        self.lock = threading.Lock()

    def form(self, definition: LayerDefinition) -> int:
        names = (definition.id, *(f"{field.name}:{field.type}" for field in definition.all_fields))
        with self.lock:
            return self.forms.setdefault(names, len(self.forms))

    def keep(self, kind: Hashable, statement: Statement) -> None:
        if len(self.statements) >= _KEPT_STATEMENTS:
            self.statements.clear()
        self.statements[kind] = statement


_SHARED: Final[WeakKeyDictionary[Any, _Shared]] = WeakKeyDictionary()
_NOTED: Final[WeakKeyDictionary[Core, dict[str, _Noted]]] = WeakKeyDictionary()
_LOCK: Final = threading.Lock()


def _shared(core: Core) -> _Shared:
    with _LOCK:
        found = _SHARED.get(core.engine)
        if found is None:
            found = _SHARED[core.engine] = _Shared(core)
        return found


def _note(core: Core, layer: str, *, anew: bool = False) -> _Noted:
    """Return a definition as it was last read; who uses it has to see that it still holds."""
    with _LOCK:
        noted = _NOTED.setdefault(core, {})
    found = noted.get(layer)
    if found is None or anew:
        layers = core.base.layers
        with core.reading() as connection:
            definition = core.definition(connection, layer)
            mark = connection.execute(sa.select(definition_mark(core)).where(layers.c.id == layer)).scalar_one()
        found = noted[layer] = _Noted(mark, definition, _shared(core).form(definition))
    return found


def feature_page(
    store: Store,
    layer: str,
    *,
    limit: int = 10,
    after: str | None = None,
    sort: Sort = (),
    **selection: Unpack[Selection],
) -> PageText:
    """Return one page of a layer as GeoJSON text, stable while others write.

    Parameters
    ----------
    store : Store
        Whose definition of the layer says what is given out.
    layer : str
        The layer's id.
    limit : int
        At most so many features, 1 or more.
    after : str, optional
        `PageText.after` of the page before.
    sort : sequence of SortKey, optional
        Fields by which features are ordered; without it they come as they were first written, those of another state
        than the current one by their ids.
    **selection : Selection
        Which features, as for `Store.read`.

    Returns
    -------
    PageText
        Features, the next cursor and, where cheap, the exact number that match.

    Raises
    ------
    UnknownLayerError, UnknownFieldError, UnknownChangesetError, UnknownProposalError, ValueOutOfRangeError
        For what is not there or has no meaning.
    """
    if limit < 1:
        raise ValueOutOfRangeError(seen=limit, wanted=Text(vi="từ 1 trở lên", en="1 or more"), where="limit")
    wanted = wanted_by(selection)
    sort = tuple(sort)
    if wanted.as_of is not None or wanted.proposal is not None or store.core.mark(layer):
        return state_page(store.core, layer, wanted, limit=limit, after=after, sort=sort)
    found = _quick_page(store.core, layer, wanted, limit=limit, after=after, sort=sort)
    return found or state_page(store.core, layer, wanted, limit=limit, after=after, sort=sort)


def _quick_page(
    core: Core, layer: str, wanted: Wanted, *, limit: int, after: str | None, sort: Sort
) -> PageText | None:
    """Return a page of the current state; None where somebody wrote between its two statements."""
    shared = _shared(core)
    noted, head, rows, behind = _ask(core, shared, layer, wanted, limit=limit + 1, after=after, sort=sort, whole=False)
    more = len(rows) > limit
    del rows[limit:]
    keys = [(noted.form, row[3], row[4], head[2]) for row in rows]
    texts = [shared.fragments.get(key) for key in keys]
    missing = [place for place, text in enumerate(texts) if text is None]
    if missing:
        for place, text in zip(missing, _encoded(core, shared, noted, [keys[i] for i in missing]), strict=True):
            if text is None:
                return None
            texts[place] = text
            shared.fragments.put(keys[place], text)
    matched = len(rows) if behind is None and not more else _matched(core, shared, noted, wanted, head[1])
    last = encode_cursor(noted.definition, sort, rows[-1][5:]) if more else None
    return PageText(noted.definition, [text for text in texts if text is not None], last, matched)


def _ask(
    core: Core, shared: _Shared, layer: str, wanted: Wanted, *, limit: int, after: str | None, sort: Sort, whole: bool
) -> tuple[_Noted, tuple[Any, ...], list[tuple[Any, ...]], list[Any] | None]:
    """Ask for rows, with the definition that they follow."""
    noted = _note(core, layer)
    while True:
        definition = noted.definition
        behind = None if after is None else decode_cursor(definition, sort, after)
        empty = None if behind is None else tuple(value is None for value in behind)
        kind = (noted.form, kind_of(wanted), sort, empty, whole)
        statement = shared.statements.get(kind)
        if statement is None:
            statement = page_statement(core, definition, wanted, sort, behind=behind, whole=whole)
            if wanted.ids is None:
                shared.keep(kind, statement)
        values = parameters(statement, wanted, limit=limit, behind=behind)
        rows = shared.driver.fetch(statement, values)
        if rows and rows[0][0] == noted.mark:
            return noted, rows[0], rows[1:], behind
        noted = _note(core, layer, anew=True)


def _encoded(
    core: Core, shared: _Shared, noted: _Noted, keys: Sequence[tuple[int, int, Any, Any]]
) -> list[bytes | None]:
    """Return the text of rows; None for one that is no longer the version that was asked for."""
    kind = (noted.form, "rows")
    statement = shared.statements.get(kind)
    if statement is None:
        statement = rows_statement(core, noted.definition)
        shared.keep(kind, statement)
    rows = shared.driver.fetch(statement, parameters(statement, fids=[key[1] for key in keys]))
    texts = dict(zip([row[:2] for row in rows], _texts(core, noted.definition, rows, first=2), strict=True))
    return [texts.get((key[1], key[2])) for key in keys]


def _texts(core: Core, definition: LayerDefinition, rows: Sequence[tuple[Any, ...]], *, first: int) -> list[bytes]:
    """Encode whole rows that begin with the id in a place."""
    return encode_features(definition, *_columns(core, definition, rows, first=first))


def _columns(
    core: Core, definition: LayerDefinition, rows: Sequence[tuple[Any, ...]], *, first: int
) -> tuple[Sequence[str], dict[str, Sequence[Any]], Sequence[bytes | None]]:
    """Return ids, attributes and geometries of whole rows that begin with the id in a place."""
    if not rows:
        return (), {field.name: () for field in definition.all_fields}, ()
    ids, *columns = list(zip(*rows, strict=True))[first:]
    wkb = core.engine.wkb_values(columns[-1]) if definition.spatial else [None] * len(ids)
    return ids, {field.name: column for field, column in zip(definition.all_fields, columns, strict=False)}, wkb


def _matched(core: Core, shared: _Shared, noted: _Noted, wanted: Wanted, latest: int) -> int | None:
    """Return how many features match; None where that is not cheap, or somebody wrote meanwhile."""
    layer = noted.definition.id
    known = shared.totals.get(layer)
    if known is None or known[0] != latest:
        known = shared.totals[layer] = _counted(core, shared, noted, wanted_by({}))
    if not wanted.narrows:
        return known[1] if known[0] == latest else None
    if known[1] > _CHEAP_COUNT:
        return None
    now, count = _counted(core, shared, noted, wanted)
    return count if now == latest else None


def _counted(core: Core, shared: _Shared, noted: _Noted, wanted: Wanted) -> tuple[int, int]:
    kind = (noted.form, kind_of(wanted), "count")
    statement = shared.statements.get(kind)
    if statement is None:
        statement = count_statement(core, noted.definition, wanted)
        if wanted.ids is None:
            shared.keep(kind, statement)
    ((latest, count),) = shared.driver.fetch(statement, parameters(statement, wanted))
    return latest, count


def feature_text(store: Store, layer: str, feature_id: str, **selection: Unpack[Selection]) -> FeatureText:
    """Return one feature as GeoJSON text.

    Parameters
    ----------
    store : Store
        Whose definition of the layer says what is given out.
    layer : str
        The layer's id.
    feature_id : str
        The feature.
    **selection : Selection
        The state that is meant, by `as_of` and `proposal`.

    Returns
    -------
    FeatureText
        With the definition of its layer.

    Raises
    ------
    UnknownLayerError, UnknownChangesetError, UnknownProposalError, UnknownFeatureError
        For what is not there.
    """
    wanted = wanted_by({**selection, "where": {ID_FIELD: feature_id}})
    core = store.core
    if wanted.as_of is not None or wanted.proposal is not None or core.mark(layer):
        with core.reading() as connection:
            definition = core.definition(connection, layer)
            rows = read_rows(core, connection, state_of(core, connection, definition, wanted), limit=1)
        columns, wkb = rows.columns, rows.wkb
    else:
        noted, _, found, _ = _ask(core, _shared(core), layer, wanted, limit=1, after=None, sort=(), whole=True)
        definition = noted.definition
        columns, wkb = _columns(core, definition, found, first=5)[1:]
    if not wkb:
        raise UnknownFeatureError(seen=feature_id, where=layer)
    texts = encode_features(definition, [feature_id], columns, wkb)
    attributes: dict[str, Any] = orjson.loads(texts[0])["properties"]
    return FeatureText(definition, texts[0], attributes, wkb[0])


def definition_of(store: Store, layer: str) -> LayerDefinition:
    """Return the definition of a layer, at the cost of asking whether it is still the same.

    Parameters
    ----------
    store : Store
        The store.
    layer : str
        The layer's id.

    Returns
    -------
    LayerDefinition
        As `Store.definition` gives it.

    Raises
    ------
    UnknownLayerError
        If the store does not hold the layer.
    """
    core = store.core
    shared, noted = _shared(core), _note(core, layer)
    statement = shared.statements.get("definition")
    if statement is None:
        statement = definition_statement(core)
        shared.keep("definition", statement)
    rows = shared.driver.fetch(statement, {**statement.fixed, "p_layer": layer})
    return noted.definition if rows and rows[0][0] == noted.mark else _note(core, layer, anew=True).definition
