"""Writing edits into one changeset: the current state and the history together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
import sqlalchemy as sa

from layers.definitions import LayerDefinition
from layers.errors import FeatureExistsError, InvalidFeaturesError, UnknownFeatureError, ValueOutOfRangeError
from layers.store.core import Core
from layers.store.model import Edit, Operation, Put
from layers.store.rows import attribute_columns, changed, json_rows
from layers.store.tables import GEOMETRY_COLUMN
from layers.types import Text
from layers.validation import Checked

__all__ = ["Writer"]

#: Features compared with their current state at once.
_CHUNK: Final = 20_000
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
    """

    def __init__(self, core: Core, connection: sa.Connection, changeset: int) -> None:
        self._core = core
        self._connection = connection
        self._changeset = changeset
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
        """
        definition = self._core.definition(self._connection, edit.layer)
        if isinstance(edit, Put):
            return self._put(definition, edit)
        return self._remove(definition, edit.ids)

    def _put(self, definition: LayerDefinition, edit: Put) -> int:
        checked = _checked(definition, edit.features)
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
        self._record(definition, _rows(features, added), "insert")
        self._record(definition, _rows(features, updated), "update")
        return len(added) + len(updated) + removed

    def _record(self, definition: LayerDefinition, features: gpd.GeoDataFrame, operation: Operation) -> None:
        """Write features to the current state and to the history."""
        if features.empty:
            return
        engine, table, count = self._core.engine, self._core.table(definition), len(features)
        ids = features.index.tolist()
        attributes = attribute_columns(definition, features)
        geometry = features.geometry.to_numpy()
        spatial = {GEOMETRY_COLUMN: geometry} if definition.spatial else {}
        current: dict[str, Sequence[Any]] = {
            "feature_id": ids,
            **attributes,
            **spatial,
            "changeset": [self._changeset] * count,
        }
        write = engine.insert if operation == "insert" else engine.update
        write(self._connection, table, current)
        engine.wrote(self._connection, table, geometry)
        self._append(definition, ids, operation, json_rows(attributes, count), shapely.to_wkb(geometry).tolist())

    def _append(
        self,
        definition: LayerDefinition,
        ids: Sequence[str],
        operation: Operation,
        attributes: Sequence[str | None],
        geometry: Sequence[bytes | None],
    ) -> None:
        """Write one version of each feature to the history."""
        count = len(ids)
        versions: dict[str, Sequence[Any]] = {
            "layer": [definition.id] * count,
            "feature_id": ids,
            "changeset": [self._changeset] * count,
            "operation": [operation] * count,
            "attributes": attributes,
            "geometry": geometry,
        }
        self._core.engine.insert(self._connection, self._core.base.history, versions)

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
        self._core.engine.wrote(self._connection, table, np.empty(0, dtype=object))
        self._append(definition, ids, "delete", [None] * len(ids), [None] * len(ids))
        return len(ids)

    def _all_ids(self, definition: LayerDefinition) -> set[str]:
        table = self._core.table(definition)
        return set(self._connection.execute(sa.select(table.c.feature_id)).scalars())

    def _compare(self, definition: LayerDefinition, features: gpd.GeoDataFrame) -> tuple[_Mask, _Mask]:
        """Return which features are there already, and which of those differ from their current state."""
        table = self._core.table(definition)
        there, differs = np.zeros(len(features), dtype=bool), np.zeros(len(features), dtype=bool)
        if len(features) > _CHUNK and self._is_empty(table):
            return there, differs
        for start in range(0, len(features), _CHUNK):
            part = features.iloc[start : start + _CHUNK]
            ids = part.index.tolist()
            rows = self._core.rows(self._connection, definition, [self._core.engine.among(table.c.feature_id, ids)])
            if not rows.ids:
                continue
            order = pd.Index(rows.ids).get_indexer(part.index)
            found = np.flatnonzero(order >= 0)
            places = order[found].tolist()
            there[start + found] = True
            differs[start + found] = changed(
                {name: [values[place] for place in places] for name, values in rows.columns.items()},
                attribute_columns(definition, part.iloc[found]),
                [rows.wkb[place] for place in places],
                part.geometry.to_numpy()[found],
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


def _checked(definition: LayerDefinition, features: gpd.GeoDataFrame | Checked) -> Checked:
    """Return features checked against the definition as it is stored."""
    if not isinstance(features, Checked):
        return Checked(definition, features)
    known = bool(features.errors) or features.definition == definition
    return features if known else Checked(definition, features.features)


def _rows(features: gpd.GeoDataFrame, places: npt.NDArray[np.intp]) -> gpd.GeoDataFrame:
    """Return the features at some places, without a copy if those are all of them."""
    return features if len(places) == len(features) else features.iloc[places]
