"""The record of a store: its changesets, and the versions of a feature."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Any

import sqlalchemy as sa

from layers.definitions import LayerDefinition
from layers.errors import UnknownChangesetError, UnknownFeatureError
from layers.store.core import Core
from layers.store.model import Changeset, Decision, Version
from layers.store.rows import attribute_columns, features_from_history

__all__ = ["feature_versions", "named_changesets", "record", "recorded"]


def recorded(
    core: Core,
    connection: sa.Connection,
    *,
    before: int | None = None,
    limit: int | None = None,
    newest_first: bool = False,
) -> list[Changeset]:
    """Return the record, all of it or a page.

    Parameters
    ----------
    core : Core
        The store's connections and tables.
    connection : Connection
        Of the store.
    before : int, optional
        Only changesets before this one.
    limit : int, optional
        At most so many.
    newest_first : bool
        In which order.

    Returns
    -------
    list of Changeset
        Oldest first unless asked otherwise.
    """
    table = core.base.changesets
    wanted = sa.select(table).order_by(table.c.id.desc() if newest_first else table.c.id).limit(limit)
    if before is not None:
        wanted = wanted.where(table.c.id < before)
    return [_changeset(row) for row in connection.execute(wanted)]


def named_changesets(core: Core, connection: sa.Connection, numbers: Collection[int]) -> list[Changeset]:
    """Return some changesets.

    Parameters
    ----------
    core : Core
        The store's connections and tables.
    connection : Connection
        Of the store.
    numbers : collection of int
        Their ids.

    Returns
    -------
    list of Changeset
        Oldest first.

    Raises
    ------
    UnknownChangesetError
        If there is no such changeset.
    """
    table = core.base.changesets
    wanted = sa.select(table).where(table.c.id.in_(sorted(numbers))).order_by(table.c.id)
    found = [_changeset(row) for row in connection.execute(wanted)]
    if missing := set(numbers).difference(entry.id for entry in found):
        raise UnknownChangesetError(seen=min(missing), wanted=f"1..{core.latest(connection)}")
    return found


def record(core: Core, connection: sa.Connection, changeset: Changeset) -> None:
    """Write a changeset into the record.

    Parameters
    ----------
    core : Core
        The store's connections and tables.
    connection : Connection
        In a transaction that holds the writer's lock.
    changeset : Changeset
        The next one.
    """
    decision = changeset.decision
    connection.execute(
        sa.insert(core.base.changesets).values(
            id=changeset.id,
            author=changeset.author,
            message=changeset.message,
            decision_number=None if decision is None else decision.number,
            decision_date=None if decision is None else decision.date,
            time=changeset.time.isoformat(),
            features=changeset.features,
        )
    )


def feature_versions(
    core: Core, connection: sa.Connection, definition: LayerDefinition, feature_id: str
) -> list[Version]:
    """Return every version of a feature, oldest first.

    Parameters
    ----------
    core : Core
        The store's connections and tables.
    connection : Connection
        Of the store.
    definition : LayerDefinition
        The layer.
    feature_id : str
        A feature that is or was there.

    Returns
    -------
    list of Version
        At least one.

    Raises
    ------
    UnknownFeatureError
        If it was never there.
    """
    table = core.base.history
    rows = connection.execute(
        sa.select(table.c.changeset, table.c.operation, sa.cast(table.c.attributes, sa.Text), table.c.geometry)
        .where(table.c.layer == definition.id, table.c.feature_id == feature_id)
        .order_by(table.c.changeset)
    ).all()
    if not rows:
        raise UnknownFeatureError(seen=feature_id, where=definition.id)
    features = features_from_history(
        definition, [feature_id] * len(rows), [row[2] or "{}" for row in rows], [row[3] for row in rows]
    )
    columns = attribute_columns(definition, features)
    return [
        Version(
            changeset=row[0],
            operation=row[1],
            attributes={name: values[i] for name, values in columns.items() if values[i] is not None},
            geometry=features.geometry.iloc[i],
        )
        for i, row in enumerate(rows)
    ]


def _changeset(row: sa.Row[Any]) -> Changeset:
    return Changeset(
        id=row.id,
        author=row.author,
        message=row.message,
        decision=None if row.decision_number is None else Decision(row.decision_number, row.decision_date),
        time=dt.datetime.fromisoformat(row.time),
        features=row.features,
    )
