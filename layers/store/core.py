"""Connections, tables and reading: what every question to a store goes through."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Literal

import geopandas as gpd
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from layers.catalogue import list_definitions
from layers.definitions import LayerDefinition
from layers.errors import StoreUnreachableError, UnknownChangesetError, UnknownLayerError
from layers.store.engine import Engine
from layers.store.limits import store_failure
from layers.store.model import Extent
from layers.store.rows import Rows
from layers.store.tables import GEOMETRY_COLUMN, STORE_FORMAT, base_tables, layer_table
from layers.types import Text

__all__ = ["Core"]


@lru_cache(maxsize=512)
def _parse(definition: str) -> LayerDefinition:
    return LayerDefinition.model_validate_json(definition)


class Core:
    """The connections and tables of one store.

    Parameters
    ----------
    engine : Engine
        PostGIS or embedded GeoPackage.

    Raises
    ------
    StoreError
        If the database does not answer.
    StoreUnreachableError
        If its tables are of another version.
    """

    #: Whether only a part of the store is seen.
    narrow = False

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.base = base_tables(sa.MetaData(schema=engine.schema))
        self._tables: dict[str, tuple[LayerDefinition, sa.Table]] = {}
        self._extents: dict[str, tuple[int, Extent]] = {}
        self._totals: dict[str, tuple[int, int]] = {}
        #: Bulk writing speaks to the driver itself, whose errors SQLAlchemy then does not wrap.
        self._driver_error: type[Exception] = engine.sqlalchemy.dialect.loaded_dbapi.Error
        if self._lacks_tables():
            self._make()
            with self.reading() as connection:
                self._check_format(connection)

    def _lacks_tables(self) -> bool:
        with self.reading() as connection:
            if not self.engine.ready(connection):
                return True
            self._check_format(connection)
            there = set(sa.inspect(connection).get_table_names(schema=self.engine.schema))
            return not there.issuperset(table.name for table in self.base)

    def _make(self) -> None:
        """Make the tables that are missing: all of a new store, those that came later of an older one."""
        with self.writing() as connection:
            self.engine.lock(connection)
            self.engine.prepare(connection)
            self.base.meta.metadata.create_all(connection, tables=list(self.base))
            for index in self.base.history.indexes:
                index.create(connection, checkfirst=True)
            self.engine.protect(connection, self.base)
            if self._format(connection) is None:
                connection.execute(sa.insert(self.base.meta).values(key="format", value=str(STORE_FORMAT)))

    def _check_format(self, connection: sa.Connection) -> None:
        if (found := self._format(connection)) != str(STORE_FORMAT):
            raise StoreUnreachableError(
                seen=Text(vi=f"định dạng kho {found}", en=f"store format {found}"),
                wanted=STORE_FORMAT,
                where=self.engine.url,
            )

    def _format(self, connection: sa.Connection) -> str | None:
        meta = self.base.meta
        return connection.execute(sa.select(meta.c.value).where(meta.c.key == "format")).scalar()

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        """Give a connection that sees one consistent state, whatever is written meanwhile.

        Yields
        ------
        Connection
            In a transaction that only reads.

        Raises
        ------
        StoreError
            If the database fails.
        """
        with self._translated(), self.engine.reading().connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection whose transaction is kept as a whole or not at all.

        Yields
        ------
        Connection
            In a transaction that writes.

        Raises
        ------
        StoreError
            If the database fails.
        """
        with self._translated(), self.engine.writing().begin() as connection:
            yield connection

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except (SQLAlchemyError, self._driver_error) as error:
            raise store_failure(error, where=self.engine.url) from error

    def definitions(self, connection: sa.Connection) -> dict[str, LayerDefinition]:
        """Return the definitions of all layers by id.

        Parameters
        ----------
        connection : Connection
            Of this store.

        Returns
        -------
        dict of str to LayerDefinition
            In listing order.
        """
        rows = connection.execute(sa.select(self.base.layers.c.definition)).scalars()
        return {definition.id: definition for definition in list_definitions([_parse(row) for row in rows])}

    def definition(self, connection: sa.Connection, layer: str) -> LayerDefinition:
        """Return the definition of one layer.

        Parameters
        ----------
        connection : Connection
            Of this store.
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
        layers = self.base.layers
        row = connection.execute(sa.select(layers.c.definition).where(layers.c.id == layer)).scalar()
        if row is None:
            raise UnknownLayerError(seen=layer, wanted=", ".join(self.definitions(connection)) or "-")
        return _parse(row)

    def table(self, definition: LayerDefinition) -> sa.Table:
        """Return the table of a layer's current state.

        Parameters
        ----------
        definition : LayerDefinition
            The layer.

        Returns
        -------
        Table
            Declared once.
        """
        known = self._tables.get(definition.id)
        if known is not None and known[0] is definition:
            return known[1]
        metadata = sa.MetaData(schema=self.engine.schema)
        table = layer_table(definition, metadata, self.engine.geometry_type(definition))
        self._tables[definition.id] = (definition, table)
        return table

    def mark(self, layer: str) -> str:  # noqa: ARG002 - for a narrower sight
        """Return what tells the features of a layer that are seen from those that others see.

        Parameters
        ----------
        layer : str
            The layer's id.

        Returns
        -------
        str
            Empty where every feature is seen: only then is something that was made of them for everybody.
        """
        return ""

    def bound(self, definition: LayerDefinition, source: sa.FromClause) -> list[sa.ColumnElement[bool]]:  # noqa: ARG002
        """Return what features have to meet to be seen.

        Parameters
        ----------
        definition : LayerDefinition
            The layer.
        source : FromClause
            Versions with the columns of the layer's table; the table itself is bound already.

        Returns
        -------
        list of ColumnElement
            To be met all; none where every feature is seen.
        """
        return []

    def kept(
        self,
        connection: sa.Connection,  # noqa: ARG002 - nothing is asked where everything is seen
        definition: LayerDefinition,  # noqa: ARG002
        features: gpd.GeoDataFrame,
    ) -> gpd.GeoDataFrame:
        """Return those of some features that are seen.

        Parameters
        ----------
        connection : Connection
            Of this store.
        definition : LayerDefinition
            The layer.
        features : GeoDataFrame
            In the typed form, of any state.

        Returns
        -------
        GeoDataFrame
            In the same order.
        """
        return features

    def latest(self, connection: sa.Connection) -> int:
        """Return the id of the newest changeset.

        Parameters
        ----------
        connection : Connection
            Of this store.

        Returns
        -------
        int
            0 for none.
        """
        newest = connection.execute(sa.select(sa.func.max(self.base.changesets.c.id))).scalar()
        return 0 if newest is None else int(newest)

    def changeset_at(self, connection: sa.Connection, as_of: int | dt.datetime) -> int:
        """Return the newest changeset of an earlier state.

        Parameters
        ----------
        connection : Connection
            Of this store.
        as_of : int or datetime.datetime
            A changeset, or a moment (naive means UTC).

        Returns
        -------
        int
            0 for the state before the first.

        Raises
        ------
        UnknownChangesetError
            If there is no such changeset.
        """
        table = self.base.changesets
        if isinstance(as_of, dt.datetime):
            moment = as_of.replace(tzinfo=dt.UTC) if as_of.tzinfo is None else as_of.astimezone(dt.UTC)
            rows = connection.execute(sa.select(table.c.id, table.c.time).order_by(table.c.id)).all()
            return max((row.id for row in rows if dt.datetime.fromisoformat(row.time) <= moment), default=0)
        latest = self.latest(connection)
        if not 0 <= as_of <= latest:
            raise UnknownChangesetError(seen=as_of, wanted=f"0..{latest}")
        return as_of

    def rows(
        self,
        connection: sa.Connection,
        definition: LayerDefinition,
        conditions: Sequence[sa.ColumnElement[bool]],
        *,
        source: sa.FromClause | None = None,
        order: Literal["fid", "feature_id"] = "fid",
        limit: int | None = None,
    ) -> Rows:
        """Read a state as whole columns.

        Parameters
        ----------
        connection : Connection
            Of this store.
        definition : LayerDefinition
            The layer.
        conditions : sequence of ColumnElement
            To be met all.
        source : FromClause, optional
            Versions with the columns of the layer's table; the current state without it.
        order : {"fid", "feature_id"}
            By what the rows are in order.
        limit : int or None
            At most so many rows.

        Returns
        -------
        Rows
            In that order.
        """
        table = self.table(definition) if source is None else source
        names = [field.name for field in definition.all_fields]
        # Dates come as the driver gives them: numpy reads both forms faster than SQLAlchemy makes objects of them.
        wanted: list[sa.ColumnElement[Any]] = [table.c.fid, table.c.feature_id]
        wanted += [sa.type_coerce(table.c[name], sa.types.NullType()) for name in names]
        if definition.spatial:
            wanted.append(self.engine.wkb(table.c[GEOMETRY_COLUMN]))
        statement = sa.select(*wanted).where(*conditions).order_by(table.c[order]).limit(limit)
        rows = connection.execute(statement).all()
        columns = list(zip(*rows, strict=True)) if rows else [() for _ in wanted]
        wkb = self.engine.wkb_values(columns[-1]) if definition.spatial else [None] * len(rows)
        return Rows(columns[0], columns[1], dict(zip(names, columns[2:], strict=False)), wkb)

    def count(
        self, connection: sa.Connection, table: sa.FromClause, conditions: Sequence[sa.ColumnElement[bool]]
    ) -> int:
        """Count the rows that meet conditions.

        Parameters
        ----------
        connection : Connection
            Of this store.
        table : FromClause
            A layer's table, or versions with the same columns.
        conditions : sequence of ColumnElement
            To be met all.

        Returns
        -------
        int
            Exact.
        """
        statement = sa.select(sa.func.count()).select_from(table).where(*conditions)
        return int(connection.execute(statement).scalar_one())

    def total(self, connection: sa.Connection, definition: LayerDefinition) -> int:
        """Count all features of a layer, once a changeset.

        Parameters
        ----------
        connection : Connection
            Of this store.
        definition : LayerDefinition
            The layer.

        Returns
        -------
        int
            Exact.
        """
        latest = self.latest(connection)
        cached = self._totals.get(definition.id)
        if cached is None or cached[0] != latest:
            cached = (latest, self.count(connection, self.table(definition), []))
            self._totals[definition.id] = cached
        return cached[1]

    def extent(self, connection: sa.Connection, definition: LayerDefinition) -> Extent:
        """Return how far a layer reaches, computed once a changeset.

        Parameters
        ----------
        connection : Connection
            Of this store.
        definition : LayerDefinition
            The layer.

        Returns
        -------
        Extent
            Of the current state.
        """
        latest = self.latest(connection)
        cached = self._extents.get(definition.id)
        if cached is not None and cached[0] == latest:
            return cached[1]
        table = self.table(definition)
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
            bounds=self.engine.bounds(connection, table) if definition.spatial else None,
            start=start,
            end=max(days) if days else None,
            features=features,
        )
        self._extents[definition.id] = (latest, extent)
        return extent
