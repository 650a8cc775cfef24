"""What a proposal changes, as it is kept: the newest version of each feature, or that of an earlier version."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import geopandas as gpd
import sqlalchemy as sa

from layers.definitions import LayerDefinition
from layers.schema import empty_features
from layers.store.core import Core
from layers.store.rows import features_from_history

__all__ = ["WITHDRAWN", "LayerChanges", "change_counts", "count_changes", "layer_changes"]

#: What the newest version of a feature is called that the proposal does not change any more.
WITHDRAWN: Final = "withdraw"


class LayerChanges(NamedTuple):
    """What a proposal changes in one layer.

    Attributes
    ----------
    features : GeoDataFrame
        Features that it writes, in the typed form, in the order of ids.
    inserted : frozenset of str
        Those of them that the base does not have.
    deleted : frozenset of str
        Features of the base that it takes away.
    """

    features: gpd.GeoDataFrame
    inserted: frozenset[str]
    deleted: frozenset[str]

    @property
    def ids(self) -> frozenset[str]:
        """Every feature that it changes.

        Returns
        -------
        frozenset of str
            Ids.
        """
        return self.deleted.union(self.features.index)


def layer_changes(
    core: Core, connection: sa.Connection, definition: LayerDefinition, number: int, *, version: int | None = None
) -> LayerChanges:
    """Return what a proposal changes in a layer.

    Parameters
    ----------
    core : Core
        Of the store.
    connection : Connection
        Of the store.
    definition : LayerDefinition
        The layer.
    number : int
        Number of the proposal.
    version : int, optional
        What it changed then; now, without it.

    Returns
    -------
    LayerChanges
        Empty where it changes nothing.
    """
    table = core.base.proposal_changes
    wanted = _newest(core, number, version).where(table.c.layer == definition.id).order_by(table.c.feature_id)
    rows = connection.execute(wanted).all()
    written = [row for row in rows if row.operation in ("insert", "update")]
    features = (
        features_from_history(
            definition,
            [row.feature_id for row in written],
            [row.attributes for row in written],
            [row.geometry for row in written],
        )
        if written
        else empty_features(definition)
    )
    return LayerChanges(
        features,
        frozenset(row.feature_id for row in rows if row.operation == "insert"),
        frozenset(row.feature_id for row in rows if row.operation == "delete"),
    )


def change_counts(
    core: Core, connection: sa.Connection, number: int, *, version: int | None = None
) -> dict[str, dict[str, int]]:
    """Return how many features a proposal changes.

    Parameters
    ----------
    core : Core
        Of the store.
    connection : Connection
        Of the store.
    number : int
        Number of the proposal.
    version : int, optional
        What it changed then; now, without it.

    Returns
    -------
    dict of str to dict of str to int
        By layer and operation ("insert", "update", "delete").
    """
    newest = _newest(core, number, version).subquery()
    counted = (
        sa.select(newest.c.layer, newest.c.operation, sa.func.count())
        .group_by(newest.c.layer, newest.c.operation)
        .order_by(newest.c.layer)
    )
    counts: dict[str, dict[str, int]] = {}
    for layer, operation, features in connection.execute(counted):
        counts.setdefault(layer, {"insert": 0, "update": 0, "delete": 0})[operation] = features
    return counts


def count_changes(core: Core, connection: sa.Connection, number: int) -> int:
    """Return how many features a proposal changes in all.

    Parameters
    ----------
    core : Core
        Of the store.
    connection : Connection
        Of the store.
    number : int
        Number of the proposal.

    Returns
    -------
    int
        Of every layer.
    """
    return sum(sum(counts.values()) for counts in change_counts(core, connection, number).values())


def _newest(core: Core, number: int, version: int | None) -> sa.Select[Any]:
    """Return the query for the newest row of each feature, without those that were withdrawn."""
    table = core.base.proposal_changes
    newer = table.alias()
    last = sa.select(sa.func.max(newer.c.version)).where(
        newer.c.proposal == table.c.proposal,
        newer.c.layer == table.c.layer,
        newer.c.feature_id == table.c.feature_id,
    )
    if version is not None:
        last = last.where(newer.c.version <= version)
    return sa.select(table).where(
        table.c.proposal == number,
        table.c.version == last.scalar_subquery(),
        table.c.operation != WITHDRAWN,
    )
