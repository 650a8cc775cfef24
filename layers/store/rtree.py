"""The RTree spatial index of a GeoPackage layer: its name, the triggers that keep it in step, filling it at once."""

from __future__ import annotations

import sqlite3
from typing import Final

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from layers.store.packing import pack
from layers.store.tables import GEOMETRY_COLUMN

__all__ = ["create_triggers", "drop_triggers", "fill", "index_name"]

#: An index of up to so many times the new boxes is built anew with them.
_REBUILT: Final = 4


def index_name(table: sa.Table) -> str:
    """Return the name of a layer's spatial index.

    Parameters
    ----------
    table : Table
        The layer's table.

    Returns
    -------
    str
        As the extension has it.
    """
    return f"rtree_{table.name}_{GEOMETRY_COLUMN}"


def _triggers(table: sa.Table) -> dict[str, str]:
    """Return the triggers of the RTree extension by name (GeoPackage 1.4 set, without the faulty ones of 1.2)."""
    layer, index, geom = f'"{table.name}"', f'"{index_name(table)}"', f'"{GEOMETRY_COLUMN}"'
    box = f"ST_MinX(NEW.{geom}), ST_MaxX(NEW.{geom}), ST_MinY(NEW.{geom}), ST_MaxY(NEW.{geom})"
    new = f"(NEW.{geom} NOT NULL AND NOT ST_IsEmpty(NEW.{geom}))"
    none = f"(NEW.{geom} ISNULL OR ST_IsEmpty(NEW.{geom}))"
    old = f"(OLD.{geom} NOT NULL AND NOT ST_IsEmpty(OLD.{geom}))"
    was_none = f"(OLD.{geom} ISNULL OR ST_IsEmpty(OLD.{geom}))"
    put = f"INSERT OR REPLACE INTO {index} VALUES (NEW.fid, {box})"
    moved = (
        f"UPDATE {index} SET minx = ST_MinX(NEW.{geom}), maxx = ST_MaxX(NEW.{geom}), miny = ST_MinY(NEW.{geom}),"
        f" maxy = ST_MaxY(NEW.{geom}) WHERE id = NEW.fid"
    )
    bodies = {
        "insert": f"AFTER INSERT ON {layer} WHEN {new} BEGIN {put}; END",
        "update2": f"AFTER UPDATE ON {layer} WHEN OLD.fid = NEW.fid AND {none} "
        f"BEGIN DELETE FROM {index} WHERE id = OLD.fid; END",
        "update4": f"AFTER UPDATE ON {layer} WHEN OLD.fid != NEW.fid AND {none} "
        f"BEGIN DELETE FROM {index} WHERE id IN (OLD.fid, NEW.fid); END",
        "update5": f"AFTER UPDATE ON {layer} WHEN OLD.fid != NEW.fid AND {new} "
        f"BEGIN DELETE FROM {index} WHERE id = OLD.fid; {put}; END",
        "update6": f"AFTER UPDATE OF {geom} ON {layer} WHEN OLD.fid = NEW.fid AND {new} AND {old} BEGIN {moved}; END",
        "update7": f"AFTER UPDATE OF {geom} ON {layer} WHEN OLD.fid = NEW.fid AND {new} AND {was_none} "
        f"BEGIN {put}; END",
        "delete": f"AFTER DELETE ON {layer} WHEN OLD.{geom} NOT NULL BEGIN DELETE FROM {index} WHERE id = OLD.fid; END",
    }
    return {f"{index_name(table)}_{name}": body for name, body in bodies.items()}


def create_triggers(connection: sa.Connection, table: sa.Table) -> None:
    """Keep the index in step with the layer from now on.

    Parameters
    ----------
    connection : Connection
        In a writing transaction.
    table : Table
        The layer's table.
    """
    for name, body in _triggers(table).items():
        connection.exec_driver_sql(f'CREATE TRIGGER "{name}" {body}')


def drop_triggers(connection: sa.Connection, table: sa.Table) -> None:
    """Let the index be, until its triggers are made again.

    Parameters
    ----------
    connection : Connection
        In a writing transaction.
    table : Table
        The layer's table.
    """
    for name in _triggers(table):
        connection.exec_driver_sql(f'DROP TRIGGER "{name}"')


def fill(
    driver: sqlite3.Connection, table: sa.Table, fids: npt.NDArray[np.int64], bounds: npt.NDArray[np.float64]
) -> None:
    """Add many boxes to the index.

    Parameters
    ----------
    driver : sqlite3.Connection
        In a writing transaction.
    table : Table
        The layer's table.
    fids : ndarray of int, shape (rows,)
        Keys that are not in the index yet.
    bounds : ndarray of float, shape (rows, 4)
        (minx, maxx, miny, maxy) of each, no NaN.
    """
    index = index_name(table)
    (there,) = driver.execute(f'SELECT count(*) FROM "{index}_rowid"').fetchone()
    if there > _REBUILT * len(fids):
        entries = zip(fids.tolist(), *bounds.T.tolist(), strict=True)
        driver.executemany(f'INSERT INTO "{index}" VALUES (?, ?, ?, ?, ?)', entries)
        return
    if there:
        old = np.array(driver.execute(f'SELECT id, minx, maxx, miny, maxy FROM "{index}"').fetchall())
        fids, bounds = np.append(old[:, 0].astype(np.int64), fids), np.vstack([old[:, 1:], bounds])
    (node_bytes,) = driver.execute(f'SELECT length(data) FROM "{index}_node" WHERE nodeno = 1').fetchone()
    packed = pack(fids, bounds, node_bytes=node_bytes)
    for kind, rows in (
        ("node", iter(packed.nodes)),
        ("rowid", zip(*packed.rows.T.tolist(), strict=True)),
        ("parent", zip(*packed.parents.T.tolist(), strict=True)),
    ):
        driver.execute(f'DELETE FROM "{index}_{kind}"')
        driver.executemany(f'INSERT INTO "{index}_{kind}" VALUES (?, ?)', rows)
