"""The embedded engine: one GeoPackage file through the standard library's sqlite3.

The file follows OGC GeoPackage 1.3 with the RTree spatial index extension, so GDAL and QGIS open it as it is. The
functions that the index's triggers call are registered from Python; no extension is loaded.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
import orjson
import shapely
import sqlalchemy as sa

from layers.definitions import LayerDefinition
from layers.errors import StoreUnreachableError
from layers.store.blobs import BLOB_HEADER_BYTES, SRS, from_blob, to_blobs
from layers.store.engine import Columns
from layers.store.files import create_tables, file_engine, take_file
from layers.store.jsontext import json_of
from layers.store.model import Operation
from layers.store.rtree import create_triggers, drop_triggers, fill, index_name
from layers.store.tables import GEOMETRY_COLUMN, BaseTables
from layers.store.versions import SqliteVersions, Versions
from layers.types import Bounds, Text

__all__ = ["GeoPackageEngine"]

#: From this many rows on, the spatial index is filled directly instead of by its triggers.
_BULK: Final = 2_000
#: Several steps of a 32-bit float, as a part of its value.
_SLACK: Final = 2.0**-20


class _BlobType(sa.types.UserDefinedType[Any]):
    """A geometry column: the declared type is the geometry type, the value a GeoPackage blob."""

    cache_ok = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_: Any) -> str:
        return self.name


class GeoPackageEngine:
    """One GeoPackage file as a store.

    Parameters
    ----------
    path : Path
        The file; made where it is missing, its folder must be there.
    """

    schema: str | None = None
    versions: Versions = SqliteVersions()

    def __init__(self, path: Path) -> None:
        self.url = str(path)
        if path.is_dir() or not path.parent.is_dir():
            raise StoreUnreachableError(
                seen=Text(vi="không phải tệp trong một thư mục có sẵn", en="not a file in a folder that is there"),
                wanted=Text(vi="đường dẫn tệp .gpkg", en="the path of a .gpkg file"),
                where=str(path),
            )
        take_file(path)
        self.sqlalchemy = file_engine(path)

    def ready(self, connection: sa.Connection) -> bool:
        """Return whether the file is a Parkplan store already.

        Parameters
        ----------
        connection : Connection
            Any.

        Returns
        -------
        bool
            False for a new file.
        """
        return sa.inspect(connection).has_table("parkplan_meta")

    def prepare(self, connection: sa.Connection) -> None:
        """Make the file a GeoPackage.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        """
        create_tables(connection)

    def protect(self, connection: sa.Connection, tables: BaseTables) -> None:
        """Make the record append-only, also for other programs.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        tables : BaseTables
            The store's own tables.
        """
        for table in tables.append_only:
            for event in ("UPDATE", "DELETE"):
                connection.exec_driver_sql(
                    f"CREATE TRIGGER IF NOT EXISTS {table.name}_no_{event.lower()} BEFORE {event} ON {table.name} "
                    f"BEGIN SELECT RAISE(ABORT, '{table.name} is append-only'); END"
                )

    def lock(self, connection: sa.Connection) -> None:
        """Do nothing: a writing transaction began with the file's write lock.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        """

    def reading(self) -> sa.Engine:
        """Return the engine whose transactions read: each sees the state of its first statement.

        Returns
        -------
        Engine
            Shares its connections with the writing one.
        """
        return self.sqlalchemy

    def writing(self) -> sa.Engine:
        """Return the engine whose transactions take the file's one write lock at once.

        Returns
        -------
        Engine
            Shares its connections with the reading one.
        """
        return self.sqlalchemy.execution_options(parkplan_write=True)

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
        return _BlobType(definition.geometry[0].upper() if len(definition.geometry) == 1 else "GEOMETRY")

    def create_layer(self, connection: sa.Connection, table: sa.Table, definition: LayerDefinition) -> None:
        """Create a layer's table, register it in the GeoPackage and index it.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        table : Table
            The layer's table.
        definition : LayerDefinition
            The layer.
        """
        table.create(connection)
        run = connection.exec_driver_sql
        kind = "features" if definition.spatial else "attributes"
        run(
            "INSERT INTO gpkg_contents (table_name, data_type, identifier, description, srs_id) VALUES (?, ?, ?, ?, ?)",
            (table.name, kind, table.name, f"{definition.title.vi} / {definition.title.en}", SRS),
        )
        if not definition.spatial:
            return
        column = table.c[GEOMETRY_COLUMN]
        run(
            "INSERT INTO gpkg_geometry_columns VALUES (?, ?, ?, ?, 0, 0)",
            (table.name, column.name, str(column.type), SRS),
        )
        run(
            "INSERT INTO gpkg_extensions VALUES (?, ?, 'gpkg_rtree_index',"
            " 'http://www.geopackage.org/spec120/#extension_rtree', 'write-only')",
            (table.name, column.name),
        )
        run(f'CREATE VIRTUAL TABLE "{index_name(table)}" USING rtree(id, minx, maxx, miny, maxy)')
        create_triggers(connection, table)

    def widen_geometry(self, connection: sa.Connection, table: sa.Table) -> None:
        """Register the geometry types that the definition now allows.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        table : Table
            The layer's table as now declared; SQLite itself does not mind the type.
        """
        connection.exec_driver_sql(
            "UPDATE gpkg_geometry_columns SET geometry_type_name = ? WHERE table_name = ?",
            (str(table.c[GEOMETRY_COLUMN].type), table.name),
        )

    def wkb(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Return the expression that reads a geometry.

        Parameters
        ----------
        column : ColumnElement
            The geometry column.

        Returns
        -------
        ColumnElement
            The blob as it is.
        """
        return column

    def wkb_values(self, values: Sequence[Any]) -> list[bytes | None]:
        """Return blobs as WKB.

        Parameters
        ----------
        values : sequence of bytes or None
            GeoPackage blobs.

        Returns
        -------
        list of bytes or None
            WKB.
        """
        return [None if blob is None else from_blob(blob) for blob in values]

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
            By the spatial index where there is one; a geometry that is not wholly inside the box is looked at itself.
        """
        minx, miny, maxx, maxy = bounds
        meets = sa.func.parkplan_meets(table.c[GEOMETRY_COLUMN], minx, miny, maxx, maxy) == 1
        if not isinstance(table, sa.Table):
            return meets
        index = sa.table(
            index_name(table), *(sa.column(name) for name in ("id", "minx", "maxx", "miny", "maxy"))
        ).alias()
        touching = sa.and_(index.c.maxx >= minx, index.c.minx <= maxx, index.c.maxy >= miny, index.c.miny <= maxy)
        inside = sa.and_(index.c.minx >= minx, index.c.maxx <= maxx, index.c.miny >= miny, index.c.maxy <= maxy)
        near, whole = (sa.select(index.c.id).where(condition) for condition in (touching, inside))
        # One list of candidates, so that rows come in the order of their keys and a page stops early.
        return sa.and_(table.c.fid.in_(near), sa.or_(table.c.fid.in_(whole), meets))

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
            With one JSON array.
        """
        named = sa.func.json_each(orjson.dumps(list(ids)).decode()).table_valued("value")
        return column.in_(sa.select(named.c.value))

    def insert(self, connection: sa.Connection, table: sa.Table, rows: Columns) -> None:
        """Insert features; many at once fill the spatial index directly.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        table : Table
            A layer's table.
        rows : Columns
            At least one row.
        """
        values = _values({name: column for name, column in rows.items() if _says_something(column)})
        count = len(next(iter(rows.values())))
        bulk = GEOMETRY_COLUMN in rows and count >= _BULK
        first = 0
        if bulk:
            used = connection.exec_driver_sql("SELECT seq FROM sqlite_sequence WHERE name = ?", (table.name,)).scalar()
            first = 1 + int(used or 0)
            values = {"fid": range(first, first + count), **values}
            drop_triggers(connection, table)
        names = ", ".join(f'"{name}"' for name in values)
        marks = ", ".join("?" * len(values))
        driver = _driver(connection)
        driver.executemany(f'INSERT INTO "{table.name}" ({names}) VALUES ({marks})', zip(*values.values(), strict=True))
        if bulk:
            bounds = shapely.bounds(np.asarray(rows[GEOMETRY_COLUMN], dtype=object))[:, [0, 2, 1, 3]]
            known = ~np.isnan(bounds).any(axis=1)
            fill(driver, table, np.arange(first, first + count)[known], bounds[known])
            create_triggers(connection, table)

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
        values = _values(rows)
        ids = values.pop("feature_id")
        assignments = ", ".join(f'"{name}" = ?' for name in values)
        _driver(connection).executemany(
            f'UPDATE "{table.name}" SET {assignments} WHERE feature_id = ?', zip(*values.values(), ids, strict=True)
        )

    def remember(
        self, connection: sa.Connection, table: sa.Table, history: sa.Table, rows: Columns, *, operation: Operation
    ) -> None:
        """Append features to the history, as they were just inserted or updated.

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
        # The database copies what it was just given: nothing passes through Python a second time.
        names = [
            name
            for name, column in rows.items()
            if name not in ("feature_id", GEOMETRY_COLUMN, "changeset") and _says_something(column)
        ]
        attributes = json_of({name: table.c[name].type for name in names})
        geometry = f'substr("{GEOMETRY_COLUMN}", {BLOB_HEADER_BYTES + 1})' if GEOMETRY_COLUMN in rows else "NULL"
        ids = rows["feature_id"]
        # Keys only grow: what was inserted last has the greatest ones.
        which, value = f'fid > (SELECT max(fid) FROM "{table.name}") - CAST(?3 AS INTEGER)', str(len(ids))
        if operation == "update":
            which, value = "feature_id IN (SELECT value FROM json_each(?3))", orjson.dumps(ids).decode()
        _driver(connection).execute(
            f"INSERT INTO {history.name} (layer, feature_id, changeset, operation, attributes, geometry)"
            f' SELECT ?1, feature_id, changeset, ?2, {attributes}, {geometry} FROM "{table.name}" WHERE {which}',
            (str(table.name), operation, value),
        )

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
        run, index = connection.exec_driver_sql, index_name(table)
        rounded = run(f'SELECT min(minx), min(miny), max(maxx), max(maxy) FROM "{index}"').one()
        if rounded[0] is None:
            return None
        # The index rounds outward to 32 bits, by up to two steps and not in order: what reaches farthest exactly is
        # among what nearly reaches farthest in it.
        edges = (
            ("min", "MinX", "minx <="),
            ("min", "MinY", "miny <="),
            ("max", "MaxX", "maxx >="),
            ("max", "MaxY", "maxy >="),
        )
        west, south, east, north = (
            float(
                run(
                    f'SELECT {pick}(ST_{edge}({GEOMETRY_COLUMN})) FROM "{table.name}" '
                    f'WHERE fid IN (SELECT id FROM "{index}" WHERE {reach} ?)',
                    (limit + abs(limit) * (_SLACK if pick == "min" else -_SLACK),),
                ).scalar_one()
            )
            for (pick, edge, reach), limit in zip(edges, rounded, strict=True)
        )
        return west, south, east, north

    def wrote(self, connection: sa.Connection, table: sa.Table, rows: Columns) -> None:
        """Bring the GeoPackage's own list up to date.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        table : Table
            The layer's table.
        rows : Columns
            What was written; the listed bounds grow by it, and never shrink, as the standard allows.
        """
        bounds = shapely.total_bounds(rows[GEOMETRY_COLUMN]) if GEOMETRY_COLUMN in rows else np.full(4, np.nan)
        edges = [None] * 4 if np.isnan(bounds).any() else bounds.tolist()
        connection.exec_driver_sql(
            "UPDATE gpkg_contents SET last_change = strftime('%Y-%m-%dT%H:%M:%fZ','now'),"
            " min_x = min(ifnull(min_x, ?1), ifnull(?1, min_x)), min_y = min(ifnull(min_y, ?2), ifnull(?2, min_y)),"
            " max_x = max(ifnull(max_x, ?3), ifnull(?3, max_x)), max_y = max(ifnull(max_y, ?4), ifnull(?4, max_y))"
            " WHERE table_name = ?5",
            (*edges, table.name),
        )


def _values(rows: Columns) -> dict[str, Sequence[Any]]:
    """Return columns as sqlite3 takes them: blobs for geometries, ISO text for dates."""
    values: dict[str, Sequence[Any]] = {}
    for name, column in rows.items():
        if name == GEOMETRY_COLUMN:
            values[name] = to_blobs(np.asarray(column, dtype=object))
        elif name in ("valid_from", "valid_to") or _holds_dates(column):
            # One text for each different day: they repeat themselves.
            texts = {day: None if day is None else day.isoformat() for day in set(column)}
            values[name] = [texts[day] for day in column]
        else:
            values[name] = column
    return values


def _holds_dates(column: Sequence[Any]) -> bool:
    first = next((value for value in column if value is not None), None)
    return hasattr(first, "isoformat")


def _says_something(column: Any) -> bool:
    # Counting is done in C; most columns end at their first value.
    return isinstance(column, np.ndarray) or column[0] is not None or column.count(None) < len(column)


def _driver(connection: sa.Connection) -> sqlite3.Connection:
    """Return the driver's connection: many rows go past SQLAlchemy's own copy of each."""
    driver: sqlite3.Connection = connection.connection.driver_connection  # type: ignore[assignment]
    return driver
