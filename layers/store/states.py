"""Which state of a layer a question is put to: the current table, an earlier state, or that of a proposal.

An earlier state is the rows that nothing has touched since, and what the history says of the others: a recent one costs
as much as the changes since. A proposal is its changes over such a state. All of it is asked in SQL, so that every
selection, filter and page means the same in every state.
"""

from __future__ import annotations

from typing import Any, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import shapely
import sqlalchemy as sa

from layers.definitions import LayerDefinition
from layers.errors import UnknownProposalError, ValueOutOfRangeError
from layers.schema import empty_features
from layers.store.core import Core
from layers.store.model import Extent
from layers.store.overlay import Overlay
from layers.store.proposing import layer_changes
from layers.store.rebasing import rebased
from layers.store.rows import Rows
from layers.store.selecting import Wanted, conditions, wanted_by
from layers.store.tables import GEOMETRY_COLUMN
from layers.store.versions import as_rows, stated
from layers.types import Text

__all__ = [
    "Part",
    "State",
    "count_of",
    "cursor_of",
    "extent_of",
    "key_of",
    "overlay",
    "proposal_overlay",
    "read_rows",
    "state_of",
]


class Part(NamedTuple):
    """Some rows of a state; no feature is in two parts.

    Attributes
    ----------
    source : FromClause
        The layer's table, or versions with the same columns.
    conditions : list of ColumnElement
        To be met all.
    """

    source: sa.FromClause
    conditions: list[sa.ColumnElement[bool]]

    def where(self, *more: sa.ColumnElement[bool]) -> Part:
        """Return fewer rows.

        Parameters
        ----------
        *more : ColumnElement of bool
            To be met as well.

        Returns
        -------
        Part
            A new one.
        """
        return Part(self.source, [*self.conditions, *more])


class State(NamedTuple):
    """The features of a layer in one state that meet a selection.

    Attributes
    ----------
    definition : LayerDefinition
        The layer.
    parts : tuple of Part
        Where they are.
    current : bool
        Whether it is the current state: its rows have keys, and come in the order of these. Rows of another state come
        in the order of ids, which nothing that is written meanwhile can change.
    whole : bool
        Whether it is all of the current state.
    """

    definition: LayerDefinition
    parts: tuple[Part, ...]
    current: bool
    whole: bool


def state_of(core: Core, connection: sa.Connection, definition: LayerDefinition, wanted: Wanted) -> State:
    """Return the state that a selection speaks of, with the conditions that it makes.

    Parameters
    ----------
    core : Core
        The store's connections and tables.
    connection : Connection
        Of the store.
    definition : LayerDefinition
        The layer.
    wanted : Wanted
        The selection.

    Returns
    -------
    State
        To be read, counted or paged.

    Raises
    ------
    UnknownFieldError, UnknownChangesetError, UnknownProposalError
        For what is not there.
    """
    parts = _recorded(core, connection, definition, wanted)
    if wanted.proposal is not None:
        proposed = proposal_overlay(core, connection, definition, wanted.proposal, current=wanted.as_of is None)
        parts = _proposed(core, definition, parts, proposed)
    kept = [part.where(*conditions(core.engine, definition, part.source, wanted)) for part in parts]
    current = wanted.as_of is None and wanted.proposal is None
    return State(definition, tuple(kept), current=current, whole=current and not wanted.narrows)


def _recorded(core: Core, connection: sa.Connection, definition: LayerDefinition, wanted: Wanted) -> list[Part]:
    table = core.table(definition)
    if wanted.as_of is None:
        return [Part(table, [])]
    changeset = core.changeset_at(connection, wanted.as_of)
    if changeset == 0:
        return []
    untouched = Part(table, [table.c.changeset <= changeset])
    if changeset == core.latest(connection):
        return [untouched]
    return [untouched, _bound(core, definition, _earlier(core, connection, definition, changeset))]


def _bound(core: Core, definition: LayerDefinition, source: sa.FromClause) -> Part:
    """Return those of some versions that may be seen."""
    return Part(source, core.bound(definition, source))


def _earlier(core: Core, connection: sa.Connection, definition: LayerDefinition, changeset: int) -> sa.FromClause:
    """Return how those features were that were touched since."""
    history, versions = core.base.history, core.engine.versions
    then, last = history.alias("then"), history.alias("last")
    touched = sa.select(history.c.feature_id).where(
        history.c.layer == definition.id, versions.newer(connection, history, changeset)
    )
    newest = sa.select(sa.func.max(last.c.changeset)).where(
        last.c.layer == definition.id, last.c.feature_id == then.c.feature_id, last.c.changeset <= changeset
    )
    return as_rows(
        versions,
        definition,
        core.table(definition),
        then,
        then.c.layer == definition.id,
        then.c.feature_id.in_(touched),
        then.c.changeset == newest.scalar_subquery(),
        then.c.operation != "delete",
    )


def _proposed(core: Core, definition: LayerDefinition, parts: list[Part], proposed: Overlay) -> list[Part]:
    if proposed.empty:
        return parts
    hidden = sorted(proposed.removed)
    kept = [part.where(sa.not_(core.engine.among(part.source.c.feature_id, hidden))) for part in parts]
    if proposed.features.empty:
        return kept
    sent = stated(core.engine.versions, definition, core.table(definition), proposed.features)
    return [*kept, _bound(core, definition, sent)]


def proposal_overlay(
    core: Core, connection: sa.Connection, definition: LayerDefinition, proposal: str, *, current: bool
) -> Overlay:
    """Return what a proposal changes in a layer.

    Parameters
    ----------
    core : Core
        The store's connections and tables.
    connection : Connection
        Of the store.
    definition : LayerDefinition
        The layer.
    proposal : str
        The proposal's id.
    current : bool
        Whether it lies over the current state: what others changed since its base then shows, and what was approved is
        in that state already. Over an earlier one it lies as it was made.

    Returns
    -------
    Overlay
        Over the state that it is looked at with.

    Raises
    ------
    UnknownProposalError
        If there is none.
    """
    table = core.base.proposals
    number = int(proposal) if proposal.isdecimal() and len(proposal) < 10 else 0
    found = connection.execute(sa.select(table.c.state, table.c.base).where(table.c.number == number)).one_or_none()
    if found is None:
        raise UnknownProposalError(seen=proposal)
    if current and found.state == "approved":
        return Overlay(frozenset(), empty_features(definition))
    changes = layer_changes(core, connection, definition, number)
    features = changes.features
    if current and len(features):
        features = _on_current(core, connection, definition, features, base=found.base)
    return Overlay(changes.ids, features)


def _on_current(
    core: Core, connection: sa.Connection, definition: LayerDefinition, features: gpd.GeoDataFrame, *, base: int
) -> gpd.GeoDataFrame:
    """Return features that were changed on an older state as they look on the current one."""
    table = core.table(definition)
    moved = sa.select(table.c.feature_id).where(
        core.engine.among(table.c.feature_id, features.index.tolist()), table.c.changeset > base
    )
    ids = connection.execute(moved).scalars().all()
    if not ids:
        return features
    states = [
        read_rows(
            core, connection, state_of(core, connection, definition, wanted_by({"as_of": as_of, "ids": ids}))
        ).features(definition)
        for as_of in (base, None)
    ]
    return rebased(definition, states[0], states[1], features)


def overlay(core: Core, connection: sa.Connection, definition: LayerDefinition, wanted: Wanted) -> Overlay:
    """Return how a state differs from the current table.

    Parameters
    ----------
    core : Core
        The store's connections and tables.
    connection : Connection
        Of the store.
    definition : LayerDefinition
        The layer.
    wanted : Wanted
        The selection, of which `as_of` and `proposal` count.

    Returns
    -------
    Overlay
        Empty for the current state.

    Raises
    ------
    UnknownChangesetError, UnknownProposalError
        For what is not there.
    """
    found = Overlay(frozenset(), empty_features(definition))
    if wanted.as_of is not None:
        changeset = core.changeset_at(connection, wanted.as_of)
        history = core.base.history
        touched = sa.select(history.c.feature_id).where(
            history.c.layer == definition.id, core.engine.versions.newer(connection, history, changeset)
        )
        hidden = frozenset(connection.execute(touched).scalars())
        if hidden:
            versions = _earlier(core, connection, definition, changeset)
            earlier = State(definition, (_bound(core, definition, versions),), current=False, whole=False)
            found = Overlay(hidden, read_rows(core, connection, earlier).features(definition))
    if wanted.proposal is not None:
        current = wanted.as_of is None
        proposed = proposal_overlay(core, connection, definition, wanted.proposal, current=current)
        seen = core.kept(connection, definition, proposed.features)
        found = Overlay(proposed.removed, seen).over(found)
    return found


def read_rows(
    core: Core, connection: sa.Connection, state: State, *, after: int | str | None = None, limit: int | None = None
) -> Rows:
    """Read rows of a state in their order.

    Parameters
    ----------
    core : Core
        The store's connections and tables.
    connection : Connection
        Of the store.
    state : State
        What is asked for.
    after : int or str, optional
        Only rows behind this key, or behind this id where the state is not the current one.
    limit : int, optional
        At most so many rows.

    Returns
    -------
    Rows
        By key in the current state, by id in another.
    """
    key: Literal["fid", "feature_id"] = "fid" if state.current else "feature_id"
    found = []
    for part in state.parts:
        kept = part if after is None else part.where(part.source.c[key] > after)
        found.append(
            core.rows(connection, state.definition, kept.conditions, source=part.source, order=key, limit=limit)
        )
    return Rows.joined(state.definition, found, limit=limit)


def key_of(state: State, after: str) -> int | str:
    """Return behind which row a page starts.

    Parameters
    ----------
    state : State
        What is paged.
    after : str
        As the page before gave it.

    Returns
    -------
    int or str
        A key, or an id where the state is not the current one.

    Raises
    ------
    ValueOutOfRangeError
        If it is no such cursor.
    """
    if not state.current:
        return after
    if not after.isdecimal() or len(after) > 18:
        raise ValueOutOfRangeError(
            seen=after,
            wanted=Text(vi="con trỏ trang do trang trước trả về", en="the cursor that the page before gave"),
            where="after",
        )
    return int(after)


def cursor_of(state: State, rows: Rows, place: int) -> str:
    """Return from where a page goes on behind a row.

    Parameters
    ----------
    state : State
        What is paged.
    rows : Rows
        As read.
    place : int
        The last row of the page.

    Returns
    -------
    str
        For `key_of`.
    """
    return str(rows.fids[place]) if state.current else str(rows.ids[place])


def count_of(core: Core, connection: sa.Connection, state: State) -> int:
    """Count the rows of a state.

    Parameters
    ----------
    core : Core
        The store's connections and tables.
    connection : Connection
        Of the store.
    state : State
        What is asked for.

    Returns
    -------
    int
        Exact.
    """
    return sum(core.count(connection, part.source, part.conditions) for part in state.parts)


def extent_of(core: Core, connection: sa.Connection, state: State) -> Extent:
    """Return how far the rows of a state reach in space and planned time.

    Parameters
    ----------
    core : Core
        The store's connections and tables.
    connection : Connection
        Of the store.
    state : State
        What is asked for.

    Returns
    -------
    Extent
        Without bounds and days where there are none.
    """
    starts, ends, shapes, features = [], [], [], 0
    for part in state.parts:
        columns = part.source.c
        days = (sa.func.min(columns.valid_from), sa.func.max(columns.valid_from), sa.func.max(columns.valid_to))
        counted: Any = sa.select(*days, sa.func.count()).select_from(part.source).where(*part.conditions)
        first, *last, count = connection.execute(counted).one()
        starts += [] if first is None else [first]
        ends += [day for day in last if day is not None]
        features += count
        if state.definition.spatial:
            drawn = sa.select(core.engine.wkb(columns[GEOMETRY_COLUMN])).where(*part.conditions)
            shapes += core.engine.wkb_values(connection.execute(drawn).scalars().all())
    bounds = shapely.total_bounds(shapely.from_wkb(np.array(shapes, dtype=object))) if shapes else np.full(4, np.nan)
    west, south, east, north = bounds.tolist()
    return Extent(
        bounds=None if np.isnan(bounds).any() else (west, south, east, north),
        start=min(starts, default=None),
        end=max(ends, default=None),
        features=features,
    )
