"""The file of an embedded store: a GeoPackage made, taken and opened."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Final

import sqlalchemy as sa

from layers.errors import StoreUnreachableError
from layers.store.blobs import SRS, register_functions
from layers.store.functions import register_filter_functions
from layers.store.jsontext import NUMBER_FUNCTION, number_text
from layers.types import Text

__all__ = ["create_tables", "file_engine", "take_file"]

_APPLICATION_ID: Final = 0x47504B47  # "GPKG"
_GEOPACKAGE_VERSION: Final = 10300
_WAIT_MS: Final = 60_000
_WGS84_WKT: Final = (
    'GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563,AUTHORITY["EPSG","7030"]],'
    'AUTHORITY["EPSG","6326"]],PRIMEM["Greenwich",0,AUTHORITY["EPSG","8901"]],'
    'UNIT["degree",0.0174532925199433,AUTHORITY["EPSG","9122"]],AUTHORITY["EPSG","4326"]]'
)
_GEOPACKAGE_TABLES: Final = (
    """CREATE TABLE IF NOT EXISTS gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY,
    organization TEXT NOT NULL, organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL,
    description TEXT)""",
    """CREATE TABLE IF NOT EXISTS gpkg_contents (table_name TEXT NOT NULL PRIMARY KEY, data_type TEXT NOT NULL,
    identifier TEXT UNIQUE, description TEXT DEFAULT '',
    last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
    min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER,
    CONSTRAINT fk_gc_r_srs_id FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys(srs_id))""",
    """CREATE TABLE IF NOT EXISTS gpkg_geometry_columns (table_name TEXT NOT NULL, column_name TEXT NOT NULL,
    geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL,
    CONSTRAINT pk_geom_cols PRIMARY KEY (table_name, column_name), CONSTRAINT uk_gc_table_name UNIQUE (table_name),
    CONSTRAINT fk_gc_tn FOREIGN KEY (table_name) REFERENCES gpkg_contents(table_name),
    CONSTRAINT fk_gc_srs FOREIGN KEY (srs_id) REFERENCES gpkg_spatial_ref_sys (srs_id))""",
    """CREATE TABLE IF NOT EXISTS gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL,
    definition TEXT NOT NULL, scope TEXT NOT NULL,
    CONSTRAINT ge_tce UNIQUE (table_name, column_name, extension_name))""",
)


def file_engine(path: Path) -> sa.Engine:
    """Return the engine whose connections read and write a file.

    Parameters
    ----------
    path : Path
        A file that was taken.

    Returns
    -------
    Engine
        Its transactions begin with the write lock where the option `parkplan_write` is set.
    """
    engine = sa.create_engine(f"sqlite:///{path}", connect_args={"timeout": _WAIT_MS / 1000})
    sa.event.listen(engine, "connect", _on_connect)
    sa.event.listen(engine, "begin", _on_begin)
    return engine


def create_tables(connection: sa.Connection) -> None:
    """Make the file a GeoPackage.

    Parameters
    ----------
    connection : Connection
        In a writing transaction.
    """
    run = connection.exec_driver_sql
    for statement in _GEOPACKAGE_TABLES:
        run(statement)
    systems = [
        ("WGS 84 geodetic", SRS, "EPSG", SRS, _WGS84_WKT, "longitude/latitude in decimal degrees"),
        ("Undefined Cartesian SRS", -1, "NONE", -1, "undefined", "undefined Cartesian"),
        ("Undefined geographic SRS", 0, "NONE", 0, "undefined", "undefined geographic"),
    ]
    for system in systems:
        run("INSERT OR IGNORE INTO gpkg_spatial_ref_sys VALUES (?, ?, ?, ?, ?, ?)", system)


def take_file(path: Path) -> None:
    """Mark a new file as a GeoPackage, and raise if there is another file at the path.

    Both before the first connection of the store: its pragmas would change a foreign file, and the marks of a new one
    would stand in the write-ahead log only, where other programs do not look for them.

    Parameters
    ----------
    path : Path
        The file; made where it is missing.

    Raises
    ------
    StoreUnreachableError
        If it is something else, or cannot be opened.
    """
    wanted = Text(vi="kho Parkplan hoặc một tệp mới", en="a Parkplan store or a new file")
    try:
        with closing(sqlite3.connect(path, timeout=_WAIT_MS / 1000)) as connection:
            tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
            if not tables:
                connection.execute(f"PRAGMA application_id = {_APPLICATION_ID}")
                connection.execute(f"PRAGMA user_version = {_GEOPACKAGE_VERSION}")
    except sqlite3.Error as error:
        raise StoreUnreachableError(seen=error, wanted=wanted, where=str(path)) from error
    if tables and "parkplan_meta" not in tables:
        some = ", ".join(sorted(tables)[:3])
        seen = Text(vi=f"tệp khác, có các bảng {some}", en=f"another file, with tables {some}")
        raise StoreUnreachableError(seen=seen, wanted=wanted, where=str(path))


def _on_connect(driver: sqlite3.Connection, _: object) -> None:
    """Leave transactions to `_on_begin`, and register what the spatial index calls."""
    driver.isolation_level = None
    for pragma in (
        f"busy_timeout = {_WAIT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "cache_size = -65536",
        "mmap_size = 268435456",
        "temp_store = MEMORY",
    ):
        driver.execute(f"PRAGMA {pragma}")
    register_functions(driver)
    driver.create_function(NUMBER_FUNCTION, 1, number_text, deterministic=True)
    register_filter_functions(driver)


def _on_begin(connection: sa.Connection) -> None:
    writes = connection.get_execution_options().get("parkplan_write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
