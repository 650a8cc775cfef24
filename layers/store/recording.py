"""The record of a store: its changesets, and the versions of a feature."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

import pandas as pd
import sqlalchemy as sa

from layers.definitions import ID_FIELD, LayerDefinition
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
    versions = [
        Version(
            changeset=row[0],
            operation=row[1],
            attributes={name: values[i] for name, values in columns.items() if values[i] is not None},
            geometry=features.geometry.iloc[i],
        )
        for i, row in enumerate(rows)
    ]
    if not core.mark(definition.id):
        return versions
    # Each version by a name of its own, as all of them are put to the question at once.
    numbered = features.set_axis(pd.Index([str(i) for i in range(len(rows))], dtype="str", name=ID_FIELD))
    shown = core.kept(connection, definition, numbered).index
    seen = _seen(versions, [str(i) in shown for i in range(len(rows))])
    if not seen:
        raise UnknownFeatureError(seen=feature_id, where=definition.id)
    return seen


def _seen(versions: Sequence[Version], shown: Sequence[bool]) -> list[Version]:
    """Return versions as somebody saw them: one that comes into sight is inserted, one that leaves it is deleted."""
    seen, there = list[Version](), False
    for version, inside in zip(versions, shown, strict=True):
        is_there = inside and version.operation != "delete"
        if is_there:
            seen.append(replace(version, operation="update" if there else "insert"))
        elif there:
            seen.append(Version(version.changeset, "delete", {}, None))
        there = is_there
    return seen


def _changeset(row: sa.Row[Any]) -> Changeset:
    return Changeset(
        id=row.id,
        author=row.author,
        message=row.message,
        decision=None if row.decision_number is None else Decision(row.decision_number, row.decision_date),
        time=dt.datetime.fromisoformat(row.time),
        features=row.features,
    )
