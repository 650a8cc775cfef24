"""The server engine: PostgreSQL with PostGIS, all tables in one schema."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import shapely
import sqlalchemy as sa
from geoalchemy2 import Geometry
from psycopg import sql

from layers.definitions import LayerDefinition
from layers.errors import StoreUnreachableError
from layers.store.copying import COPY_END, COPY_START, binary_rows
from layers.store.engine import Columns
from layers.store.model import Operation
from layers.store.tables import GEOMETRY_COLUMN, BaseTables, box
from layers.store.versions import PostgisVersions, Versions
from layers.types import Bounds, Text

__all__ = ["PostgisEngine"]

_SRS: Final = 4326
_DEFAULT_SCHEMA: Final = "parkplan"
#: Key of the writers' advisory lock, beside the schema's own.
_LOCK: Final = 0x7061726B
#: Features sent at once: the server reads one part while the next is made.
_PART: Final = 4_000
#: From this many new features on, the planner is told at once.
_BULK: Final = 2_000


class PostgisEngine:
    """One schema of a PostGIS database as a store.

    Parameters
    ----------
    url : str
        ``postgresql://user:password@host:port/database?schema=name``; the schema is `parkplan` unless named.
    """

    versions: Versions = PostgisVersions()

    def __init__(self, url: str) -> None:
        address = sa.engine.make_url(url).set(drivername="postgresql+psycopg")
        schema = address.query.get("schema", _DEFAULT_SCHEMA)
        self.schema: str | None = schema if isinstance(schema, str) else schema[0]
        address = address.difference_update_query(["schema"])
        self.url = f"{address.set(drivername='postgresql').render_as_string(hide_password=True)}?schema={self.schema}"
        self.sqlalchemy = sa.create_engine(address, pool_pre_ping=True, connect_args={"connect_timeout": 10})
        self._reading = self.sqlalchemy.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)

    def ready(self, connection: sa.Connection) -> bool:
        """Return whether the schema is a Parkplan store already.

        Parameters
        ----------
        connection : Connection
            Any.

        Returns
        -------
        bool
            False where the store's own tables are missing.
        """
        return sa.inspect(connection).has_table("parkplan_meta", schema=self.schema)

    def prepare(self, connection: sa.Connection) -> None:
        """Make the schema, and the PostGIS extension if it may.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.

        Raises
        ------
        StoreUnreachableError
            If PostGIS is not there and may not be made.
        """
        if not connection.execute(sa.text("SELECT 1 FROM pg_extension WHERE extname = 'postgis'")).scalar():
            try:
                with connection.begin_nested():
                    connection.execute(sa.text("CREATE EXTENSION IF NOT EXISTS postgis"))
            except sa.exc.DBAPIError as error:
                raise StoreUnreachableError(
                    seen=str(error.orig).splitlines()[0],
                    wanted=Text(
                        vi="cơ sở dữ liệu có phần mở rộng PostGIS (CREATE EXTENSION postgis)",
                        en="a database with the PostGIS extension (CREATE EXTENSION postgis)",
                    ),
                    where=self.url,
                ) from error
        connection.execute(sa.schema.CreateSchema(str(self.schema), if_not_exists=True))

    def protect(self, connection: sa.Connection, tables: BaseTables) -> None:
        """Make the record append-only, also for other programs.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        tables : BaseTables
            The store's own tables.
        """
        quote = connection.dialect.identifier_preparer
        function = f"{quote.quote_identifier(str(self.schema))}.parkplan_append_only"
        connection.exec_driver_sql(
            f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS "
            "$$BEGIN RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME; END$$"
        )
        for table in tables.append_only:
            connection.exec_driver_sql(
                f"CREATE OR REPLACE TRIGGER {table.name}_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
                f"ON {quote.format_table(table)} EXECUTE FUNCTION {function}()"
            )

    def lock(self, connection: sa.Connection) -> None:
        """Wait for the one writer at work, until this transaction ends.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        """
        connection.execute(
            sa.text("SELECT pg_advisory_xact_lock(:key, hashtext(:schema))"), {"key": _LOCK, "schema": self.schema}
        )

    def reading(self) -> sa.Engine:
        """Return the engine whose transactions read: each sees the state of its first statement.

        Returns
        -------
        Engine
            Shares its connections with the writing one.
        """
        return self._reading

    def writing(self) -> sa.Engine:
        """Return the engine whose transactions write.

        Returns
        -------
        Engine
            The same as for reading.
        """
        return self.sqlalchemy

    def geometry_type(self, definition: LayerDefinition) -> sa.types.TypeEngine[Any] | None:
        """Return the type of the layer's geometry column.

        Parameters
        ----------
        definition : LayerDefinition
            The layer.

        Returns
        -------
        TypeEngine or None
            The one geometry type the layer allows, or GEOMETRY for several.
        """
        if not definition.spatial:
            return None
        name = definition.geometry[0].upper() if len(definition.geometry) == 1 else "GEOMETRY"
        return Geometry(name, srid=_SRS, spatial_index=True)

    def create_layer(self, connection: sa.Connection, table: sa.Table, definition: LayerDefinition) -> None:
        """Create a layer's table with its GiST index and its titles as a comment.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        table : Table
            The layer's table.
        definition : LayerDefinition
            The layer.
        """
        table.comment = f"{definition.title.vi} / {definition.title.en}"
        table.create(connection)

    def widen_geometry(self, connection: sa.Connection, table: sa.Table) -> None:
        """Let the geometry column take the types that the definition now allows.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        table : Table
            The layer's table as now declared.
        """
        column = table.c[GEOMETRY_COLUMN]
        target = connection.dialect.identifier_preparer.format_table(table)
        connection.exec_driver_sql(f'ALTER TABLE {target} ALTER COLUMN "{column.name}" TYPE {column.type}')

    def wkb(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Return the expression that reads a geometry.

        Parameters
        ----------
        column : ColumnElement
            The geometry column.

        Returns
        -------
        ColumnElement
            WKB.
        """
        return sa.func.ST_AsBinary(sa.type_coerce(column, sa.types.NullType()), type_=sa.LargeBinary)

    def wkb_values(self, values: Sequence[Any]) -> list[bytes | None]:
        """Return what was read as WKB.

        Parameters
        ----------
        values : sequence of bytes or None
            WKB.

        Returns
        -------
        list of bytes or None
            The same.
        """
        return list(values)

    def in_bounds(self, table: sa.FromClause, bounds: Bounds) -> sa.ColumnElement[bool]:
        """Return the condition that a geometry intersects a box.

        Parameters
        ----------
        table : FromClause
            A layer's table, or versions with the same columns.
        bounds : (float, float, float, float)
            In EPSG:4326.

        Returns
        -------
        ColumnElement of bool
            By the spatial index, then exactly.
        """
        column = sa.type_coerce(table.c[GEOMETRY_COLUMN], sa.types.NullType())
        wanted = sa.func.ST_GeomFromWKB(sa.literal(shapely.to_wkb(box(bounds)), sa.LargeBinary), _SRS)
        return sa.func.ST_Intersects(column, wanted, type_=sa.Boolean)

    def among(self, column: sa.ColumnElement[Any], ids: Sequence[str]) -> sa.ColumnElement[bool]:
        """Return the condition that a feature is one of those named.

        Parameters
        ----------
        column : ColumnElement
            The column of feature ids.
        ids : sequence of str
            Any number of them.

        Returns
        -------
        ColumnElement of bool
            With one array.
        """
        return column == sa.any_(sa.literal(list(ids), sa.ARRAY(sa.Text)))

    def insert(self, connection: sa.Connection, table: sa.Table, rows: Columns) -> None:
        """Insert features with COPY; after many the planner's statistics are brought up to date.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        table : Table
            A layer's table.
        rows : Columns
            At least one row.
        """
        target = sql.Identifier(str(self.schema), table.name)
        known = {name: column for name, column in rows.items() if _says_something(column)}
        count = len(rows["feature_id"])
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor:
            _copy(cursor, target, known, table)
            if count >= _BULK:
                cursor.execute(sql.SQL("ANALYZE {}").format(target))

    def update(self, connection: sa.Connection, table: sa.Table, rows: Columns) -> None:
        """Update features by their id.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        table : Table
            A layer's table.
        rows : Columns
            At least one row.
        """
        target = sql.Identifier(str(self.schema), table.name)
        given = sql.Identifier(f"parkplan_given_{table.name}")
        names = sql.SQL(", ").join(map(sql.Identifier, rows))
        changed = [sql.Identifier(name) for name in rows if name != "feature_id"]
        pairs = sql.SQL(", ").join(sql.SQL("{} = {}").format(name, sql.SQL("given.") + name) for name in changed)
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor:
            # The server is given all rows at once, and changes them by one statement.
            cursor.execute(
                sql.SQL("CREATE TEMP TABLE {} ON COMMIT DROP AS SELECT {} FROM {} WITH NO DATA").format(
                    given, names, target
                )
            )
            _copy(cursor, given, rows, table)
            cursor.execute(
                sql.SQL(
                    "UPDATE {} AS feature SET {} FROM {} AS given WHERE feature.feature_id = given.feature_id"
                ).format(target, pairs, given)
            )
            cursor.execute(sql.SQL("DROP TABLE {}").format(given))

    def remember(
        self, connection: sa.Connection, table: sa.Table, history: sa.Table, rows: Columns, *, operation: Operation
    ) -> None:
        """Append features to the history, as they were just inserted or updated: the server copies them itself.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        table : Table
            A layer's table.
        history : Table
            The history of all layers.
        rows : Columns
            What was given to `insert` or `update`.
        operation : {"insert", "update"}
            Which of them.
        """
        # Columns that say nothing need no looking through: what is missing is left out of a version.
        names = [
            name
            for name, column in rows.items()
            if name not in ("feature_id", GEOMETRY_COLUMN, "changeset") and _says_something(column)
        ]
        spatial = GEOMETRY_COLUMN in rows
        statement = sql.SQL(
            "INSERT INTO {history} (layer, feature_id, changeset, operation, attributes, geometry) "
            "SELECT {layer}, feature_id, changeset, {operation}, "
            "(SELECT jsonb_strip_nulls(to_jsonb(attributes)) FROM (SELECT {names}) attributes), {geometry} "
            "FROM {table} feature WHERE feature_id = ANY({ids})"
        ).format(
            history=sql.Identifier(str(self.schema), history.name),
            layer=sql.Literal(table.name),
            operation=sql.Literal(operation),
            names=sql.SQL(", ").join(sql.Identifier("feature", name) for name in names),
            geometry=sql.SQL("ST_AsBinary({})").format(sql.Identifier(GEOMETRY_COLUMN)) if spatial else sql.NULL,
            table=sql.Identifier(str(self.schema), table.name),
            ids=sql.Placeholder(),
        )
        driver: Any = connection.connection.driver_connection
        with driver.cursor() as cursor:
            cursor.execute(statement, [rows["feature_id"]])

    def bounds(self, connection: sa.Connection, table: sa.Table) -> Bounds | None:
        """Return the bounds of a layer.

        Parameters
        ----------
        connection : Connection
            Any.
        table : Table
            A layer's table.

        Returns
        -------
        (float, float, float, float) or None
            In EPSG:4326, exact.
        """
        column = sa.type_coerce(table.c[GEOMETRY_COLUMN], sa.types.NullType())
        each = sa.select(
            sa.func.min(sa.func.ST_XMin(column)),
            sa.func.min(sa.func.ST_YMin(column)),
            sa.func.max(sa.func.ST_XMax(column)),
            sa.func.max(sa.func.ST_YMax(column)),
        ).select_from(table)
        row = connection.execute(each).one()
        return None if row[0] is None else (row[0], row[1], row[2], row[3])

    def wrote(self, connection: sa.Connection, table: sa.Table, rows: Columns) -> None:
        """Do nothing: PostgreSQL keeps its own books.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        table : Table
            The layer's table.
        rows : Columns
            What was written.
        """


def _says_something(column: Any) -> bool:
    return isinstance(column, np.ndarray) or column[0] is not None or column.count(None) < len(column)


def _copy(cursor: Any, target: sql.Identifier, rows: Columns, table: sa.Table) -> None:
    """Send rows to the server, part by part."""
    names, types = sql.SQL(", ").join(map(sql.Identifier, rows)), {name: table.c[name].type for name in rows}
    count = len(next(iter(rows.values())))
    with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN (FORMAT binary)").format(target, names)) as copy:
        copy.write(COPY_START)
        for start in range(0, count, _PART):
            copy.write(binary_rows({name: column[start : start + _PART] for name, column in rows.items()}, types))
        copy.write(COPY_END)
