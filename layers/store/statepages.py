"""One page of any state of a layer as GeoJSON text: of an earlier one, of a proposal, or of the current one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from layers.definitions import ID_FIELD
from layers.store.core import Core
from layers.store.fragments import PageText, encode_features
from layers.store.rows import Rows
from layers.store.selecting import Wanted
from layers.store.sorting import Sort, after_key, decode_cursor, encode_cursor, order_by, sort_columns, sorted_rows
from layers.store.statements import text_collation
from layers.store.states import State, count_of, cursor_of, key_of, read_rows, state_of

__all__ = ["read_sorted", "state_page"]

#: Of a layer of so many features a count costs less than a page.
_CHEAP_COUNT: Final = 5_000


def state_page(core: Core, layer: str, wanted: Wanted, *, limit: int, after: str | None, sort: Sort) -> PageText:
    """Return one page in one transaction.

    Parameters
    ----------
    core : Core
        The store's connections and tables.
    layer : str
        The layer's id.
    wanted : Wanted
        Which features, of which state.
    limit : int
        At most so many features.
    after : str or None
        Where the page starts.
    sort : sequence of SortKey
        Fields by which features are ordered.

    Returns
    -------
    PageText
        Features, the next cursor and, where cheap, the exact number that match.

    Raises
    ------
    UnknownLayerError, UnknownFieldError, UnknownChangesetError, UnknownProposalError, ValueOutOfRangeError
        For what is not there or has no meaning.
    """
    with core.reading() as connection:
        definition = core.definition(connection, layer)
        state = state_of(core, connection, definition, wanted)
        if sort:
            rows, ends = read_sorted(core, connection, state, sort=sort, after=after, limit=limit)
        else:
            behind = None if after is None else key_of(state, after)
            rows = read_rows(core, connection, state, after=behind, limit=limit + 1)
            ends = cursor_of(state, rows, limit - 1) if len(rows.ids) > limit else None
        matched: int | None = None
        if after is None and ends is None:
            matched = len(rows.ids)
        elif core.total(connection, definition) <= _CHEAP_COUNT:
            matched = count_of(core, connection, state)
    columns = {name: values[:limit] for name, values in rows.columns.items()}
    return PageText(definition, encode_features(definition, rows.ids[:limit], columns, rows.wkb[:limit]), ends, matched)


def read_sorted(
    core: Core, connection: sa.Connection, state: State, *, sort: Sort, after: str | None, limit: int
) -> tuple[Rows, str | None]:
    """Read the rows of a sorted page, and where the next one starts.

    Parameters
    ----------
    core : Core
        The store's connections and tables.
    connection : Connection
        Of the store.
    state : State
        What is asked for.
    sort : sequence of SortKey
        Fields by which features are ordered, at least one.
    after : str or None
        Where the page starts.
    limit : int
        At most so many rows.

    Returns
    -------
    (Rows, str or None)
        In their order, and the cursor of the next page.

    Raises
    ------
    UnknownFieldError, ValueOutOfRangeError
        For an order or a cursor that has no meaning.
    """
    definition = state.definition
    # As parameters: of a flag that stands in a statement itself nothing is greater or less.
    marks = (
        None
        if after is None
        else [None if value is None else sa.literal(value) for value in decode_cursor(definition, sort, after)]
    )
    found: list[Sequence[Any]] = []
    for part in state.parts:
        columns = sort_columns(definition, part.source, sort, collation=text_collation(core.engine))
        met = part.conditions if marks is None else [*part.conditions, after_key(columns, sort, marks)]
        asked = sa.select(part.source.c.feature_id, *(column.label(f"c_{i}") for i, column in enumerate(columns)))
        ordered = asked.where(*met).order_by(*order_by(columns, sort)).limit(limit + 1)
        found += [tuple(row) for row in connection.execute(ordered)]
    first = sorted_rows(found, sort, skip=1)[: limit + 1]
    ends = encode_cursor(definition, sort, first[limit - 1][1:]) if len(first) > limit else None
    ids = [row[0] for row in first[:limit]]
    return _by_ids(core, connection, state, ids), ends


def _by_ids(core: Core, connection: sa.Connection, state: State, ids: list[str]) -> Rows:
    parts = [part.where(core.engine.among(part.source.c[ID_FIELD], ids)) for part in state.parts]
    rows = read_rows(core, connection, state._replace(parts=tuple(parts)))
    places = {id_: place for place, id_ in enumerate(rows.ids)}
    order = [places[id_] for id_ in ids]
    return Rows(
        [rows.fids[i] for i in order],
        ids,
        {name: [values[i] for i in order] for name, values in rows.columns.items()},
        [rows.wkb[i] for i in order],
    )
