"""What changed between two states of a store, read from the versions between them: never from whole layers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any

import geopandas as gpd
import sqlalchemy as sa

from layers.definitions import LayerDefinition
from layers.history.model import Diff, diff_states
from layers.schema import empty_features
from layers.store.core import Core
from layers.store.rows import features_from_history

__all__ = ["Counts", "change_counts", "diff_between"]

#: How many features were inserted, updated and deleted, by layer.
Counts = dict[str, dict[str, int]]


def diff_between(
    core: Core,
    connection: sa.Connection,
    a: int | dt.datetime,
    b: int | dt.datetime,
    *,
    layers: Collection[str] | None = None,
) -> Diff:
    """Return what changed from one state of a store to another.

    Parameters
    ----------
    core : Core
        Of the store.
    connection : Connection
        Of the store.
    a, b : int or datetime.datetime
        Changesets or moments, in any order.
    layers : collection of str, optional
        Only these layers.

    Returns
    -------
    Diff
        From `a` to `b`, in listing order of the layers.

    Raises
    ------
    UnknownChangesetError, UnknownLayerError
        For what is not there.
    """
    start, end = core.changeset_at(connection, a), core.changeset_at(connection, b)
    for layer in layers or ():
        core.definition(connection, layer)
    if start > end:
        return _forward(core, connection, end, start, layers).invert()
    return _forward(core, connection, start, end, layers)


def _forward(core: Core, connection: sa.Connection, start: int, end: int, layers: Collection[str] | None) -> Diff:
    if start == end:
        return Diff({})
    history, found = core.base.history, {}
    between = sa.and_(core.engine.versions.newer(connection, history, start), history.c.changeset <= end)
    touched = set(connection.execute(sa.select(history.c.layer).where(between).distinct()).scalars())
    for layer, definition in core.definitions(connection).items():
        if layer not in touched or (layers is not None and layer not in layers):
            continue
        before, after = _states(core, connection, definition, between, (start, end))
        diff = diff_states(definition, before, after)
        if len(diff):
            found[layer] = diff
    return Diff(found)


def _states(
    core: Core,
    connection: sa.Connection,
    definition: LayerDefinition,
    between: sa.ColumnElement[bool],
    ends: tuple[int, int],
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Return how the features that were touched were before, and how they are after."""
    history = core.base.history
    then, last = history.alias("then"), history.alias("last")
    mine = sa.and_(history.c.layer == definition.id, between)

    def newest(version: sa.FromClause, changeset: int) -> sa.ColumnElement[bool]:
        latest = sa.select(sa.func.max(last.c.changeset)).where(
            last.c.layer == definition.id,
            last.c.feature_id == version.c.feature_id,
            last.c.changeset <= changeset,
        )
        there: sa.ColumnElement[bool] = version.c.changeset == latest.scalar_subquery()
        return sa.and_(there, version.c.operation != "delete")

    touched = sa.select(history.c.feature_id).where(mine)
    old = sa.and_(then.c.layer == definition.id, then.c.feature_id.in_(touched), newest(then, ends[0]))
    before = _features(connection, definition, then, old)
    after = _features(connection, definition, history, sa.and_(mine, newest(history, ends[1])))
    return core.kept(connection, definition, before), core.kept(connection, definition, after)


def _features(
    connection: sa.Connection, definition: LayerDefinition, versions: sa.FromClause, wanted: sa.ColumnElement[bool]
) -> gpd.GeoDataFrame:
    columns = versions.c
    statement = (
        sa.select(columns.feature_id, sa.cast(columns.attributes, sa.Text), columns.geometry)
        .where(wanted)
        .order_by(columns.feature_id)
    )
    rows: Sequence[Any] = connection.execute(statement).all()
    if not rows:
        return empty_features(definition)
    ids, attributes, wkb = zip(*rows, strict=True)
    return features_from_history(definition, ids, attributes, wkb)


def change_counts(core: Core, connection: sa.Connection, start: int, end: int) -> dict[int, Counts]:
    """Count the versions that changesets wrote, without reading them.

    Parameters
    ----------
    core : Core
        Of the store.
    connection : Connection
        Of the store.
    start, end : int
        Changesets after the first and up to the last.

    Returns
    -------
    dict of int to dict
        By changeset and layer the number of inserts, updates and deletes; of what the store shows.
    """
    history = core.base.history
    seen = list(core.definitions(connection))
    wanted = (
        sa.select(history.c.changeset, history.c.layer, history.c.operation, sa.func.count())
        .where(core.engine.versions.newer(connection, history, start), history.c.changeset <= end)
        .group_by(history.c.changeset, history.c.layer, history.c.operation)
    )
    counts: dict[int, Counts] = {}
    bound: set[tuple[int, str]] = set()
    for changeset, layer, operation, count in connection.execute(wanted):
        if layer not in seen:
            continue
        if core.mark(layer):
            bound.add((changeset, layer))
        else:
            of = counts.setdefault(changeset, {}).setdefault(layer, {"insert": 0, "update": 0, "delete": 0})
            of[operation] = count
    # What came into sight or went out of it by a change is told by what was seen before and after.
    for changeset, layer in bound:
        for one in _forward(core, connection, changeset - 1, changeset, [layer]).layers.values():
            told = {"insert": len(one.inserted), "update": len(one.updated), "delete": len(one.deleted)}
            counts.setdefault(changeset, {})[layer] = told
    return {number: {layer: of[layer] for layer in seen if layer in of} for number, of in sorted(counts.items())}
