"""Writing edits into one changeset: the current state and the history together."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from layers.definitions import LayerDefinition
from layers.errors import (
    FeatureExistsError,
    InvalidFeaturesError,
    StaleBaseError,
    UnknownFeatureError,
    ValueOutOfRangeError,
)
from layers.store.core import Core
from layers.store.engine import Columns
from layers.store.model import Edit, Operation, Put
from layers.store.rows import attribute_columns, changed
from layers.store.tables import GEOMETRY_COLUMN
from layers.types import Text
from layers.validation import Checked

__all__ = ["Writer"]

#: Features compared with their current state at once.
_CHUNK: Final = 20_000
#: Features written at once: few enough for memory, enough for the spatial index to be filled in few rounds.
_PART: Final = 200_000
_Mask = npt.NDArray[np.bool_]


class Writer:
    """One changeset in the making.

    Parameters
    ----------
    core : Core
        The store's connections and tables.
    connection : Connection
        In a transaction that holds the writer's lock.
    changeset : int
        The id that the changeset will have.
    base : int, optional
        The changeset whose state the edits were made on; without it that of the transaction.
    """

    def __init__(self, core: Core, connection: sa.Connection, changeset: int, *, base: int | None = None) -> None:
        self._core = core
        self._connection = connection
        self._changeset = changeset
        self._base = changeset - 1 if base is None else base
        self._touched: dict[str, set[str]] = {}

    def write(self, edit: Edit) -> int:
        """Write one edit.

        Parameters
        ----------
        edit : Put or Remove
            No feature of it may have been written before in this changeset.

        Returns
        -------
        int
            How many features it changed.

        Raises
        ------
        InvalidFeaturesError, UnknownLayerError, UnknownFeatureError, FeatureExistsError, CrsError, ValueOutOfRangeError
            If the edit does not fit; the transaction is then to be given up.
        StaleBaseError
            If others changed a feature of it since the base.
        """
        definition = self._core.definition(self._connection, edit.layer)
        if isinstance(edit, Put):
            return self._put(definition, edit)
        return self._remove(definition, edit.ids)

    def _put(self, definition: LayerDefinition, edit: Put) -> int:
        checked = _checked(definition, edit.features)
        if edit.fields is not None:
            checked = self._completed(definition, checked, edit.fields)
        if checked.errors:
            raise InvalidFeaturesError(definition.id, checked.errors)
        features = checked.features
        ids = features.index.tolist()
        self._touch(definition, ids)
        there, differs = self._compare(definition, features)
        if edit.mode == "insert" and there.any():
            raise FeatureExistsError(seen=ids[int(there.argmax())], where=definition.id)
        if edit.mode == "update" and not there.all():
            raise UnknownFeatureError(seen=ids[int(there.argmin())], where=definition.id)
        removed = 0
        if edit.mode == "replace":
            gone = sorted(self._all_ids(definition).difference(ids))
            removed = self._remove(definition, gone)
        added, updated = np.flatnonzero(~there), np.flatnonzero(differs)
        self._record(definition, features, added, "insert")
        self._record(definition, features, updated, "update")
        return len(added) + len(updated) + removed

    def _completed(self, definition: LayerDefinition, given: Checked, fields: Collection[str]) -> Checked:
        """Fill what the features do not speak of from the current state, which nobody else can change now."""
        silent = [field.name for field in definition.all_fields if field.name not in fields]
        wrong = any(issue.rule != "field-required" for issue in given.errors)
        if wrong or (not silent and "geometry" in fields):
            return given
        table = self._core.table(definition)
        if self._is_empty(table):
            return given
        features = given.features
        named = self._core.engine.among(table.c.feature_id, features.index.tolist())
        current = self._core.rows(self._connection, definition, [named]).features(definition)
        if current.empty:
            return given
        there, before = features.index.isin(current.index), current.reindex(features.index)
        filled = features.copy()
        for name in silent:
            filled[name] = features[name].mask(there, before[name])
        if "geometry" not in fields:
            filled["geometry"] = gpd.GeoSeries(
                np.where(there, before.geometry, features.geometry), index=features.index, crs=features.crs
            )
        return Checked(definition, filled)

    def _columns(self, definition: LayerDefinition, features: gpd.GeoDataFrame) -> Columns:
        """Return features as the columns of their table."""
        spatial = {GEOMETRY_COLUMN: features.geometry.to_numpy()} if definition.spatial else {}
        return {
            "feature_id": features.index.tolist(),
            **attribute_columns(definition, features),
            **spatial,
            "changeset": [self._changeset] * len(features),
        }

    def _record(
        self, definition: LayerDefinition, features: gpd.GeoDataFrame, rows: npt.NDArray[np.intp], operation: Operation
    ) -> None:
        """Write some of the features to the current state and to the history."""
        engine, table = self._core.engine, self._core.table(definition)
        write = engine.insert if operation == "insert" else engine.update
        # As Python values rows take several times their memory: not all of a large layer are so at once.
        for start in range(0, len(rows), _PART):
            part = rows[start : start + _PART]
            columns = self._columns(definition, features if len(part) == len(features) else features.iloc[part])
            write(self._connection, table, columns)
            engine.wrote(self._connection, table, columns)
            engine.remember(self._connection, table, self._core.base.history, columns, operation=operation)

    def _remove(self, definition: LayerDefinition, ids: Sequence[str]) -> int:
        self._touch(definition, ids)
        if not ids:
            return 0
        table = self._core.table(definition)
        named = self._core.engine.among(table.c.feature_id, ids)
        there = set(self._connection.execute(sa.select(table.c.feature_id).where(named)).scalars())
        if missing := [id_ for id_ in ids if id_ not in there]:
            raise UnknownFeatureError(seen=missing[0], where=definition.id)
        self._connection.execute(sa.delete(table).where(named))
        self._core.engine.wrote(self._connection, table, {})
        last = {"layer": definition.id, "changeset": self._changeset, "operation": "delete"}
        gone = [{**last, "feature_id": id_} for id_ in ids]
        self._connection.execute(sa.insert(self._core.base.history), gone)
        return len(ids)

    def _all_ids(self, definition: LayerDefinition) -> set[str]:
        table = self._core.table(definition)
        return set(self._connection.execute(sa.select(table.c.feature_id)).scalars())

    def _compare(self, definition: LayerDefinition, features: gpd.GeoDataFrame) -> tuple[_Mask, _Mask]:
        """Return which features are there already, and which of those differ from their current state."""
        table, count = self._core.table(definition), len(features)
        attributes = [field.name for field in definition.all_fields]
        there, differs = np.zeros(count, dtype=bool), np.zeros(count, dtype=bool)
        if count > _CHUNK and self._is_empty(table):
            return there, differs
        for start in range(0, count, _CHUNK):
            some = self._columns(definition, features.iloc[start : start + _CHUNK])
            ids = some["feature_id"]
            rows = self._core.rows(self._connection, definition, [self._core.engine.among(table.c.feature_id, ids)])
            place = {id_: at for at, id_ in enumerate(ids)}
            found = [place[id_] for id_ in rows.ids]
            geometry = some.get(GEOMETRY_COLUMN, np.full(len(ids), None, dtype=object))
            there[start + np.array(found, dtype=np.intp)] = True
            differs[start + np.array(found, dtype=np.intp)] = changed(
                rows.columns,
                {name: [some[name][at] for at in found] for name in attributes},
                rows.wkb,
                np.asarray(geometry, dtype=object)[found],
            )
        return there, differs

    def _is_empty(self, table: sa.Table) -> bool:
        return self._connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).scalar() is None

    def _touch(self, definition: LayerDefinition, ids: Sequence[str]) -> None:
        touched = self._touched.setdefault(definition.id, set())
        if twice := [id_ for id_ in ids if id_ in touched]:
            wanted = Text(
                vi="mỗi đối tượng một lần trong một phiên bản thay đổi", en="each feature once in a changeset"
            )
            raise ValueOutOfRangeError(seen=twice[0], wanted=wanted, where=definition.id)
        touched.update(ids)
        if self._base == self._changeset - 1:
            return
        changed_since = self._changed_since(definition)
        if stale := [id_ for id_ in ids if id_ in changed_since]:
            raise StaleBaseError(seen=stale[0], wanted=self._base, where=definition.id)

    def _changed_since(self, definition: LayerDefinition) -> set[str]:
        """Return what others changed since the base."""
        history = self._core.base.history
        newer = self._core.engine.versions.newer(self._connection, history, self._base)
        wanted = sa.select(history.c.feature_id).where(
            history.c.layer == definition.id, newer, history.c.changeset < self._changeset
        )
        return set(self._connection.execute(wanted).scalars())


def _checked(definition: LayerDefinition, features: gpd.GeoDataFrame | Checked) -> Checked:
    """Return features checked against the definition as it is stored."""
    if not isinstance(features, Checked):
        return Checked(definition, features)
    known = bool(features.errors) or features.definition == definition
    return features if known else Checked(definition, features.features)
