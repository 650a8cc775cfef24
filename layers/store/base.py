"""The store: current state, history and record time over one small engine interface.

Everything here is the same for PostGIS and the embedded GeoPackage; what differs (geometry columns, bulk writing, the
writer's lock) stands behind `Engine`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from types import TracebackType
from typing import Any, Final, NamedTuple, Protocol, Self

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from layers.catalogue import list_definitions
from layers.definitions import ID_FIELD, LayerDefinition
from layers.errors import (
    FeatureExistsError,
    InvalidFeaturesError,
    StoreError,
    StoreUnreachableError,
    UnknownChangesetError,
    UnknownFeatureError,
    UnknownLayerError,
    ValueOutOfRangeError,
)
from layers.schema import empty_features, typed
from layers.store.model import Changeset, Decision, Edit, Extent, Page, Put, Version
from layers.store.rows import attribute_columns, changed, features_from_columns, features_from_history, json_rows
from layers.store.tables import GEOMETRY_COLUMN, STORE_FORMAT, BaseTables, base_tables, box, layer_table, new_columns
from layers.time import Horizon, Interval, horizon_interval
from layers.types import Bounds, Text
from layers.validation import check

__all__ = ["Engine", "Store"]

#: Up to this many features a filtered count is exact and costs a few milliseconds; beyond it a page leaves it out.
_CHEAP_COUNT: Final = 50_000
#: Ids asked for in one statement.
_CHUNK: Final = 5_000


Geometries = npt.NDArray[np.object_]
_Mask = npt.NDArray[np.bool_]


class Engine(Protocol):
    """What a database engine has to offer to be a store."""

    url: str
    sqlalchemy: sa.Engine
    schema: str | None

    def ready(self, connection: sa.Connection) -> bool:
        """Return whether the store's own tables are there; raise if the place holds something else."""

    def prepare(self, connection: sa.Connection) -> None:
        """Make what the engine needs before any table."""

    def protect(self, connection: sa.Connection, tables: BaseTables) -> None:
        """Make history and changesets append-only."""

    def lock(self, connection: sa.Connection) -> None:
        """Wait until no other writer is at work, until the transaction ends."""

    def writing(self) -> sa.Engine:
        """Return the engine whose transactions write."""

    def geometry_type(self, definition: LayerDefinition) -> sa.types.TypeEngine[Any] | None:
        """Return the type of the layer's geometry column."""

    def create_layer(self, connection: sa.Connection, table: sa.Table, definition: LayerDefinition) -> None:
        """Create a layer's table with its spatial index."""

    def wkb(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Return the expression that reads a geometry."""

    def wkb_values(self, values: Sequence[Any]) -> list[bytes | None]:
        """Return what that expression read as WKB."""

    def in_bounds(self, table: sa.Table, bounds: Bounds) -> sa.ColumnElement[bool]:
        """Return the condition that a geometry intersects a box."""

    def insert(self, connection: sa.Connection, table: sa.Table, rows: Mapping[str, Sequence[Any]]) -> None:
        """Insert rows given as columns; a geometry column holds shapely geometries."""

    def update(self, connection: sa.Connection, table: sa.Table, rows: Mapping[str, Sequence[Any]]) -> None:
        """Update rows by their `feature_id`."""

    def bounds(self, connection: sa.Connection, table: sa.Table) -> Bounds | None:
        """Return the bounds of a layer."""

    def wrote(self, connection: sa.Connection, table: sa.Table, geometry: Geometries) -> None:
        """Note that a layer was written to, and which geometries."""


@lru_cache(maxsize=512)
def _parse(definition: str) -> LayerDefinition:
    return LayerDefinition.model_validate_json(definition)


class Store:
    """Layers, their current state and their whole history, on one engine.

    Open one with `layers.store.open_store`. A store may be used by several threads; several processes may read it while
    one writes.

    Parameters
    ----------
    engine : Engine
        PostGIS or embedded GeoPackage.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._metadata = sa.MetaData(schema=engine.schema)
        self._base = base_tables(self._metadata)
        self._tables: dict[str, tuple[LayerDefinition, sa.Table]] = {}
        self._extents: dict[str, tuple[int, Extent]] = {}
        #: Bulk writing speaks to the driver itself, whose errors SQLAlchemy then does not wrap.
        self._driver_error: type[Exception] = engine.sqlalchemy.dialect.loaded_dbapi.Error
        with self._read() as connection:
            ready = self._engine.ready(connection)
        if not ready:
            with self._write() as connection:
                self._engine.lock(connection)
                self._engine.prepare(connection)
                self._metadata.create_all(connection, tables=list(self._base))
                self._engine.protect(connection, self._base)
                if self._format(connection) is None:
                    connection.execute(sa.insert(self._base.meta).values(key="format", value=str(STORE_FORMAT)))
        with self._read() as connection:
            if (found := self._format(connection)) != str(STORE_FORMAT):
                raise StoreUnreachableError(
                    seen=Text(vi=f"định dạng kho {found}", en=f"store format {found}"),
                    wanted=STORE_FORMAT,
                    where=self.url,
                )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where the store is: a path or an address without its password."""
        return self._engine.url

    def close(self) -> None:
        """Close every connection."""
        self._engine.sqlalchemy.dispose()

    # Layers ---------------------------------------------------------------------------------------------------------

    def layers(self) -> dict[str, LayerDefinition]:
        """Return the definitions of all layers by id.

        Returns
        -------
        dict of str to LayerDefinition
            In listing order.
        """
        with self._read() as connection:
            return self._definitions(connection)

    def definition(self, layer: str) -> LayerDefinition:
        """Return the definition of one layer.

        Parameters
        ----------
        layer : str
            The layer's id.

        Returns
        -------
        LayerDefinition
            As stored.

        Raises
        ------
        UnknownLayerError
            If the store does not hold the layer.
        """
        with self._read() as connection:
            return self._definition(connection, layer)

    def add_layer(self, definition: LayerDefinition) -> None:
        """Add a layer, or bring the definition of one up to date.

        Parameters
        ----------
        definition : LayerDefinition
            A new layer, the same again (nothing happens), or one with added fields, other titles, codes, bounds or
            style.

        Raises
        ------
        ConflictingDefinitionError
            If the layer is there and the change would lose data.
        """
        with self._write() as connection:
            self._engine.lock(connection)
            stored = self._definitions(connection).get(definition.id)
            if stored == definition:
                return
            layers = self._base.layers
            table = self._table(definition)
            if stored is None:
                self._engine.create_layer(connection, table, definition)
                connection.execute(sa.insert(layers).values(id=definition.id, definition=definition.model_dump_json()))
                return
            for name in new_columns(stored, definition):
                column = sa.schema.CreateColumn(table.c[name]).compile(dialect=connection.dialect)
                target = connection.dialect.identifier_preparer.format_table(table)
                connection.exec_driver_sql(f"ALTER TABLE {target} ADD COLUMN {column}")
            connection.execute(
                sa.update(layers).where(layers.c.id == definition.id).values(definition=definition.model_dump_json())
            )

    # Reading --------------------------------------------------------------------------------------------------------

    def read(
        self,
        layer: str,
        *,
        horizon: Horizon | None = None,
        as_of: int | dt.datetime | None = None,
        bbox: Bounds | None = None,
        ids: Sequence[str] | None = None,
        where: Mapping[str, Any] | None = None,
    ) -> gpd.GeoDataFrame:
        """Return the features of a layer.

        Parameters
        ----------
        layer : str
            The layer's id.
        horizon : int, datetime.date or Interval, optional
            Planned time: only features that exist then; a year means its 31 December.
        as_of : int or datetime.datetime, optional
            Record time: the state after that changeset, or at that moment (naive means UTC).
        bbox : (float, float, float, float), optional
            Only geometries that intersect this box of longitudes and latitudes; a western edge greater than the eastern
            one crosses the antimeridian.
        ids : sequence of str, optional
            Only these features; ids that are not there are left out.
        where : mapping of str to value, optional
            Only features with these attribute values; None asks for missing.

        Returns
        -------
        GeoDataFrame
            In the typed form of `layers.schema.typed`, in the order in which features were first written; of an earlier
            state, in the order of ids.

        Raises
        ------
        UnknownLayerError, UnknownFieldError, UnknownChangesetError, ValueOutOfRangeError
            For what is not there or has no meaning.
        """
        interval = None if horizon is None else horizon_interval(horizon)
        with self._read() as connection:
            definition = self._definition(connection, layer)
            if as_of is not None:
                changeset = self._changeset_at(connection, as_of)
                features = self._read_history(connection, definition, changeset, ids)
                return _filtered(definition, features, interval=interval, bbox=_checked(bbox), where=where)
            table = self._table(definition)
            conditions = self._conditions(definition, table, interval=interval, bbox=_checked(bbox), where=where)
            if ids is None:
                return self._select(connection, definition, conditions)
            found = [
                self._select(connection, definition, [*conditions, table.c.feature_id.in_(part)])
                for part in _chunks(ids)
            ]
            return pd.concat(found) if len(found) > 1 else found[0] if found else empty_features(definition)

    def page(
        self,
        layer: str,
        *,
        horizon: Horizon | None = None,
        bbox: Bounds | None = None,
        where: Mapping[str, Any] | None = None,
        limit: int = 10,
        after: str | None = None,
    ) -> Page:
        """Return one page of a layer, stable while others write.

        Parameters
        ----------
        layer : str
            The layer's id.
        horizon, bbox, where
            As for `read`.
        limit : int
            At most so many features, 1 or more.
        after : str, optional
            `Page.after` of the page before.

        Returns
        -------
        Page
            Features, the next cursor and, where cheap, the exact number that match.

        Raises
        ------
        UnknownLayerError, UnknownFieldError, ValueOutOfRangeError
            For what is not there or has no meaning.
        """
        if limit < 1:
            raise ValueOutOfRangeError(seen=limit, wanted=Text(vi="từ 1 trở lên", en="1 or more"), where="limit")
        interval = None if horizon is None else horizon_interval(horizon)
        with self._read() as connection:
            definition = self._definition(connection, layer)
            table = self._table(definition)
            conditions = self._conditions(definition, table, interval=interval, bbox=_checked(bbox), where=where)
            total = self._extent(connection, definition).features
            matched: int | None = total
            if conditions:
                matched = self._count(connection, table, conditions) if total <= _CHEAP_COUNT else None
            if after is not None:
                conditions.append(table.c.fid > _cursor(after))
            rows = self._rows(connection, definition, conditions, limit=limit + 1)
            features = rows.features(definition)
            more = len(features) > limit
            return Page(
                features=features.iloc[:limit] if more else features,
                after=str(rows.fids[limit - 1]) if more else None,
                matched=matched,
            )

    def count(
        self,
        layer: str,
        *,
        horizon: Horizon | None = None,
        bbox: Bounds | None = None,
        where: Mapping[str, Any] | None = None,
    ) -> int:
        """Return how many features match.

        Parameters
        ----------
        layer : str
            The layer's id.
        horizon, bbox, where
            As for `read`.

        Returns
        -------
        int
            Exact.

        Raises
        ------
        UnknownLayerError, UnknownFieldError, ValueOutOfRangeError
            For what is not there or has no meaning.
        """
        interval = None if horizon is None else horizon_interval(horizon)
        with self._read() as connection:
            definition = self._definition(connection, layer)
            table = self._table(definition)
            return self._count(
                connection,
                table,
                self._conditions(definition, table, interval=interval, bbox=_checked(bbox), where=where),
            )

    def extent(self, layer: str) -> Extent:
        """Return how far a layer reaches in space and planned time, and how many features it has.

        Parameters
        ----------
        layer : str
            The layer's id.

        Returns
        -------
        Extent
            Of the current state.

        Raises
        ------
        UnknownLayerError
            If the store does not hold the layer.
        """
        with self._read() as connection:
            return self._extent(connection, self._definition(connection, layer))

    # Record time ----------------------------------------------------------------------------------------------------

    def changesets(self) -> list[Changeset]:
        """Return every changeset, oldest first.

        Returns
        -------
        list of Changeset
            The whole record.
        """
        table = self._base.changesets
        with self._read() as connection:
            rows = connection.execute(sa.select(table).order_by(table.c.id)).all()
        return [_changeset(row) for row in rows]

    def latest(self) -> int:
        """Return the id of the newest changeset, 0 for none.

        Returns
        -------
        int
            Changes whenever anything in the store does: a cache key.
        """
        with self._read() as connection:
            return self._latest(connection)

    def history(self, layer: str, feature_id: str) -> list[Version]:
        """Return every version of a feature, oldest first.

        Parameters
        ----------
        layer : str
            The layer's id.
        feature_id : str
            A feature that is or was there.

        Returns
        -------
        list of Version
            At least one.

        Raises
        ------
        UnknownLayerError, UnknownFeatureError
            If it was never there.
        """
        table = self._base.history
        with self._read() as connection:
            definition = self._definition(connection, layer)
            rows = connection.execute(
                sa.select(table.c.changeset, table.c.operation, sa.cast(table.c.attributes, sa.Text), table.c.geometry)
                .where(table.c.layer == layer, table.c.feature_id == feature_id)
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

    # Writing --------------------------------------------------------------------------------------------------------

    def commit(
        self, edits: Sequence[Edit], *, author: str, message: str, decision: Decision | None = None
    ) -> Changeset:
        """Write edits as one changeset: all of them or none.

        Parameters
        ----------
        edits : sequence of Put or Remove
            No feature may be named twice. Features put as they already are stay untouched.
        author, message : str
            Who, and why; neither may be blank.
        decision : Decision, optional
            By which document.

        Returns
        -------
        Changeset
            With the number of features that really changed.

        Raises
        ------
        InvalidFeaturesError
            If features break the layer's definition; holds every issue.
        UnknownLayerError, UnknownFeatureError, FeatureExistsError, CrsError, ValueOutOfRangeError
            For edits that do not fit the current state.
        """
        for name, value in (("author", author), ("message", message)):
            if not value.strip():
                raise ValueOutOfRangeError(seen=value, wanted=Text(vi="có nội dung", en="some text"), where=name)
        with self._write() as connection:
            self._engine.lock(connection)
            number = self._latest(connection) + 1
            seen: dict[str, set[str]] = {}
            features = 0
            for edit in edits:
                definition = self._definition(connection, edit.layer)
                once = seen.setdefault(edit.layer, set())
                if isinstance(edit, Put):
                    features += self._put(connection, definition, edit, number, once)
                else:
                    features += self._remove(connection, definition, edit.ids, number, once)
            changeset = Changeset(number, author, message, decision, dt.datetime.now(dt.UTC), features)
            connection.execute(
                sa.insert(self._base.changesets).values(
                    id=number,
                    author=author,
                    message=message,
                    decision_number=None if decision is None else decision.number,
                    decision_date=None if decision is None else decision.date,
                    time=changeset.time.isoformat(),
                    features=features,
                )
            )
        return changeset

    def _put(
        self, connection: sa.Connection, definition: LayerDefinition, edit: Put, changeset: int, once: set[str]
    ) -> int:
        if issues := [issue for issue in check(definition, edit.features) if issue.severity == "error"]:
            raise InvalidFeaturesError(definition.id, issues)
        features = typed(definition, edit.features)
        ids = features.index.tolist()
        _touch_once(definition, ids, once)
        there, differs = self._compare(connection, definition, features)
        if edit.mode == "insert" and there.any():
            raise FeatureExistsError(seen=ids[int(there.argmax())], where=definition.id)
        if edit.mode == "update" and not there.all():
            raise UnknownFeatureError(seen=ids[int(there.argmin())], where=definition.id)
        removed = 0
        if edit.mode == "replace":
            gone = sorted(self._all_ids(connection, definition).difference(ids))
            removed = self._remove(connection, definition, gone, changeset, once)
        added, updated = (features, features[:0]) if not there.any() else (features[~there], features[differs])
        self._record(connection, definition, added, "insert", changeset)
        self._record(connection, definition, updated, "update", changeset)
        return len(added) + len(updated) + removed

    def _record(
        self,
        connection: sa.Connection,
        definition: LayerDefinition,
        features: gpd.GeoDataFrame,
        operation: str,
        changeset: int,
    ) -> None:
        """Write features to the current state and to the history."""
        if features.empty:
            return
        table = self._table(definition)
        count = len(features)
        ids = features.index.tolist()
        attributes = attribute_columns(definition, features)
        geometry = features.geometry.to_numpy()
        spatial = {GEOMETRY_COLUMN: geometry} if definition.spatial else {}
        rows: dict[str, Sequence[Any]] = {"feature_id": ids, **attributes, **spatial, "changeset": [changeset] * count}
        write = self._engine.insert if operation == "insert" else self._engine.update
        write(connection, table, rows)
        self._engine.wrote(connection, table, geometry)
        self._engine.insert(
            connection,
            self._base.history,
            {
                "layer": [definition.id] * count,
                "feature_id": ids,
                "changeset": [changeset] * count,
                "operation": [operation] * count,
                "attributes": json_rows(attributes, count),
                "geometry": shapely.to_wkb(geometry).tolist(),
            },
        )

    def _remove(
        self,
        connection: sa.Connection,
        definition: LayerDefinition,
        ids: Sequence[str],
        changeset: int,
        once: set[str],
    ) -> int:
        _touch_once(definition, ids, once)
        if not ids:
            return 0
        table = self._table(definition)
        there: set[str] = set()
        for part in _chunks(ids):
            named = sa.select(table.c.feature_id).where(table.c.feature_id.in_(part))
            there.update(connection.execute(named).scalars())
        if missing := [id_ for id_ in ids if id_ not in there]:
            raise UnknownFeatureError(seen=missing[0], where=definition.id)
        for part in _chunks(ids):
            connection.execute(sa.delete(table).where(table.c.feature_id.in_(part)))
        self._engine.wrote(connection, table, np.empty(0, dtype=object))
        count = len(ids)
        self._engine.insert(
            connection,
            self._base.history,
            {
                "layer": [definition.id] * count,
                "feature_id": list(ids),
                "changeset": [changeset] * count,
                "operation": ["delete"] * count,
                "attributes": [None] * count,
                "geometry": [None] * count,
            },
        )
        return count

    # Inside ---------------------------------------------------------------------------------------------------------

    @contextmanager
    def _read(self) -> Iterator[sa.Connection]:
        """Give a connection that sees one consistent state."""
        with self._translated(), self._engine.sqlalchemy.connect() as connection:
            yield connection

    @contextmanager
    def _write(self) -> Iterator[sa.Connection]:
        """Give a connection whose transaction is kept as a whole or not at all."""
        with self._translated(), self._engine.writing().begin() as connection:
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, self._driver_error) as error:
            cause = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise StoreError(seen=cause, where=self.url) from error

    def _format(self, connection: sa.Connection) -> str | None:
        meta = self._base.meta
        return connection.execute(sa.select(meta.c.value).where(meta.c.key == "format")).scalar()

    def _definitions(self, connection: sa.Connection) -> dict[str, LayerDefinition]:
        rows = connection.execute(sa.select(self._base.layers.c.definition)).scalars()
        return {definition.id: definition for definition in list_definitions([_parse(row) for row in rows])}

    def _definition(self, connection: sa.Connection, layer: str) -> LayerDefinition:
        layers = self._base.layers
        row = connection.execute(sa.select(layers.c.definition).where(layers.c.id == layer)).scalar()
        if row is None:
            raise UnknownLayerError(seen=layer, wanted=", ".join(self._definitions(connection)) or "-")
        return _parse(row)

    def _table(self, definition: LayerDefinition) -> sa.Table:
        known = self._tables.get(definition.id)
        if known is not None and known[0] is definition:
            return known[1]
        metadata = sa.MetaData(schema=self._engine.schema)
        table = layer_table(definition, metadata, self._engine.geometry_type(definition))
        self._tables[definition.id] = (definition, table)
        return table

    def _latest(self, connection: sa.Connection) -> int:
        newest = connection.execute(sa.select(sa.func.max(self._base.changesets.c.id))).scalar()
        return 0 if newest is None else int(newest)

    def _changeset_at(self, connection: sa.Connection, as_of: int | dt.datetime) -> int:
        table = self._base.changesets
        if isinstance(as_of, dt.datetime):
            moment = as_of.replace(tzinfo=dt.UTC) if as_of.tzinfo is None else as_of.astimezone(dt.UTC)
            rows = connection.execute(sa.select(table.c.id, table.c.time).order_by(table.c.id)).all()
            return max((row.id for row in rows if dt.datetime.fromisoformat(row.time) <= moment), default=0)
        latest = self._latest(connection)
        if not 0 <= as_of <= latest:
            raise UnknownChangesetError(seen=as_of, wanted=f"0..{latest}")
        return as_of

    def _conditions(
        self,
        definition: LayerDefinition,
        table: sa.Table,
        *,
        interval: Interval | None,
        bbox: tuple[Bounds, ...] | None,
        where: Mapping[str, Any] | None,
    ) -> list[sa.ColumnElement[bool]]:
        conditions: list[sa.ColumnElement[bool]] = []
        for name, value in (where or {}).items():
            if name == ID_FIELD:
                conditions.append(table.c.feature_id == value)
            else:
                column = table.c[definition.field(name).name]
                conditions.append(column.is_(None) if value is None else column == value)
        if interval is not None and interval.end is not None:
            conditions.append(sa.or_(table.c.valid_from.is_(None), table.c.valid_from <= interval.end))
        if interval is not None and interval.start is not None:
            conditions.append(sa.or_(table.c.valid_to.is_(None), table.c.valid_to >= interval.start))
        if bbox is not None:
            inside = [self._engine.in_bounds(table, part) for part in bbox] if definition.spatial else []
            conditions.append(sa.or_(sa.false(), *inside))
        return conditions

    def _rows(
        self,
        connection: sa.Connection,
        definition: LayerDefinition,
        conditions: Sequence[sa.ColumnElement[bool]],
        *,
        limit: int | None = None,
    ) -> _Rows:
        """Read the current state as whole columns."""
        table = self._table(definition)
        names = [field.name for field in definition.all_fields]
        # Dates come as the driver gives them: numpy reads both forms faster than SQLAlchemy makes objects of them.
        wanted: list[sa.ColumnElement[Any]] = [table.c.fid, table.c.feature_id]
        wanted += [sa.type_coerce(table.c[name], sa.types.NullType()) for name in names]
        if definition.spatial:
            wanted.append(self._engine.wkb(table.c[GEOMETRY_COLUMN]))
        statement = sa.select(*wanted).where(*conditions).order_by(table.c.fid).limit(limit)
        rows = connection.execute(statement).all()
        columns = list(zip(*rows, strict=True)) if rows else [() for _ in wanted]
        wkb = self._engine.wkb_values(columns[-1]) if definition.spatial else [None] * len(rows)
        return _Rows(columns[0], columns[1], dict(zip(names, columns[2:], strict=False)), wkb)

    def _select(
        self, connection: sa.Connection, definition: LayerDefinition, conditions: Sequence[sa.ColumnElement[bool]]
    ) -> gpd.GeoDataFrame:
        return self._rows(connection, definition, conditions).features(definition)

    def _read_history(
        self, connection: sa.Connection, definition: LayerDefinition, changeset: int, ids: Sequence[str] | None
    ) -> gpd.GeoDataFrame:
        history = self._base.history
        newer = history.alias()
        newest = (
            sa.select(sa.func.max(newer.c.changeset))
            .where(
                newer.c.layer == history.c.layer,
                newer.c.feature_id == history.c.feature_id,
                newer.c.changeset <= changeset,
            )
            .scalar_subquery()
        )
        statement = (
            sa.select(history.c.feature_id, sa.cast(history.c.attributes, sa.Text), history.c.geometry)
            .where(history.c.layer == definition.id, history.c.changeset == newest, history.c.operation != "delete")
            .order_by(history.c.feature_id)
        )
        rows = connection.execute(statement).all()
        if ids is not None:
            wanted = set(ids)
            rows = [row for row in rows if row[0] in wanted]
        if not rows:
            return empty_features(definition)
        found, attributes, wkb = zip(*rows, strict=True)
        return features_from_history(definition, found, attributes, wkb)

    def _count(self, connection: sa.Connection, table: sa.Table, conditions: Sequence[sa.ColumnElement[bool]]) -> int:
        statement = sa.select(sa.func.count()).select_from(table).where(*conditions)
        return int(connection.execute(statement).scalar_one())

    def _extent(self, connection: sa.Connection, definition: LayerDefinition) -> Extent:
        latest = self._latest(connection)
        cached = self._extents.get(definition.id)
        if cached is not None and cached[0] == latest:
            return cached[1]
        table = self._table(definition)
        start, end, last, features = connection.execute(
            sa.select(
                sa.func.min(table.c.valid_from),
                sa.func.max(table.c.valid_from),
                sa.func.max(table.c.valid_to),
                sa.func.count(),
            ).select_from(table)
        ).one()
        days = [day for day in (end, last) if day is not None]
        extent = Extent(
            bounds=self._engine.bounds(connection, table) if definition.spatial else None,
            start=start,
            end=max(days) if days else None,
            features=features,
        )
        self._extents[definition.id] = (latest, extent)
        return extent

    def _all_ids(self, connection: sa.Connection, definition: LayerDefinition) -> set[str]:
        return set(connection.execute(sa.select(self._table(definition).c.feature_id)).scalars())

    def _compare(
        self, connection: sa.Connection, definition: LayerDefinition, features: gpd.GeoDataFrame
    ) -> tuple[_Mask, _Mask]:
        """Return which features are there already, and which of those differ from their current state."""
        table = self._table(definition)
        there, differs = np.zeros(len(features), dtype=bool), np.zeros(len(features), dtype=bool)
        if len(features) > _CHUNK and self._is_empty(connection, table):
            return there, differs
        for start in range(0, len(features), _CHUNK):
            part = features.iloc[start : start + _CHUNK]
            rows = self._rows(connection, definition, [table.c.feature_id.in_(part.index.tolist())])
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

    def _is_empty(self, connection: sa.Connection, table: sa.Table) -> bool:
        return connection.execute(sa.select(sa.literal(1)).select_from(table).limit(1)).scalar() is None


class _Rows(NamedTuple):
    """Rows of one layer as whole columns: keys, ids, attributes, geometries."""

    fids: Sequence[int]
    ids: Sequence[str]
    columns: Mapping[str, Sequence[Any]]
    wkb: Sequence[bytes | None]

    def features(self, definition: LayerDefinition) -> gpd.GeoDataFrame:
        return features_from_columns(definition, self.ids, self.columns, self.wkb)


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), _CHUNK):
        yield ids[start : start + _CHUNK]


def _changeset(row: sa.Row[Any]) -> Changeset:
    return Changeset(
        id=row.id,
        author=row.author,
        message=row.message,
        decision=None if row.decision_number is None else Decision(row.decision_number, row.decision_date),
        time=dt.datetime.fromisoformat(row.time),
        features=row.features,
    )


def _touch_once(definition: LayerDefinition, ids: Sequence[str], once: set[str]) -> None:
    if twice := [id_ for id_ in ids if id_ in once]:
        raise ValueOutOfRangeError(
            seen=twice[0],
            wanted=Text(vi="mỗi đối tượng một lần trong một phiên bản thay đổi", en="each feature once in a changeset"),
            where=definition.id,
        )
    once.update(ids)


def _cursor(after: str) -> int:
    if not after.isdecimal() or len(after) > 18:
        raise ValueOutOfRangeError(
            seen=after,
            wanted=Text(vi="con trỏ trang do trang trước trả về", en="the cursor that the page before gave"),
            where="after",
        )
    return int(after)


def _checked(bbox: Bounds | None) -> tuple[Bounds, ...] | None:
    """Return a bbox as one box, or as two where it crosses the antimeridian."""
    if bbox is None:
        return None
    minx, miny, maxx, maxy = bbox
    if not (-180 <= minx <= 180 and -180 <= maxx <= 180 and -90 <= miny <= maxy <= 90):
        raise ValueOutOfRangeError(
            seen=bbox,
            wanted=Text(
                vi="kinh độ -180..180, vĩ độ -90..90, nam không lớn hơn bắc (tây, nam, đông, bắc)",
                en="longitudes -180..180, latitudes -90..90, south not above north (west, south, east, north)",
            ),
            where="bbox",
        )
    if minx > maxx:
        return (minx, miny, 180.0, maxy), (-180.0, miny, maxx, maxy)
    return ((minx, miny, maxx, maxy),)


def _filtered(
    definition: LayerDefinition,
    features: gpd.GeoDataFrame,
    *,
    interval: Interval | None,
    bbox: tuple[Bounds, ...] | None,
    where: Mapping[str, Any] | None,
) -> gpd.GeoDataFrame:
    """Filter an earlier state, which no index serves, by the same rules as the current one."""
    keep = pd.Series(True, index=features.index)
    for name, value in (where or {}).items():
        column = features.index.to_series() if name == ID_FIELD else features[definition.field(name).name]
        asked = pd.Timestamp(value) if isinstance(value, dt.date) else value
        keep &= column.isna() if asked is None else (column == asked).fillna(False).astype(bool)
    if interval is not None and interval.end is not None:
        keep &= features["valid_from"].isna() | (features["valid_from"] <= pd.Timestamp(interval.end))
    if interval is not None and interval.start is not None:
        keep &= features["valid_to"].isna() | (features["valid_to"] >= pd.Timestamp(interval.start))
    if bbox is not None:
        geometry = features.geometry.to_numpy()
        inside = shapely.intersects(geometry, shapely.union_all([box(part) for part in bbox]))
        keep &= pd.Series(inside, index=features.index)
    return features[keep.to_numpy()]
