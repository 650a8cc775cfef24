"""The rivals on one file: sqlite3 with an R-tree by hand, ogr2ogr, and pyogrio for reading."""

from __future__ import annotations

import sqlite3
import struct
import subprocess
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pyogrio
import shapely

from benchmarks.rivals import TABLE, column_types, plain_columns
from layers.types import Bounds

__all__ = ["GeoPackageRival"]

#: A GeoPackage blob's shortest header: no envelope, little-endian, EPSG:4326.
_HEADER: Final = b"GP" + struct.pack("<BBi", 0, 1, 4326)
_TOUCHING: Final = "SELECT id FROM roads_tree WHERE maxx >= ? AND minx <= ? AND maxy >= ? AND miny <= ?"
_PAGE: Final = f"SELECT * FROM {TABLE} WHERE fid IN ({_TOUCHING}) ORDER BY fid LIMIT ?"


class GeoPackageRival:
    """SQLite without Parkplan.

    Parameters
    ----------
    folder : Path
        Where files are written.
    """

    engine = "GeoPackage"
    sql = f"sqlite3 {sqlite3.sqlite_version} with R-tree"
    frames = f"pyogrio {pyogrio.__version__} read_dataframe"
    exact = False

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = count()
        self._by_ogr = folder / "unmade"
        self._by_sql: sqlite3.Connection | None = None

    def close(self) -> None:
        """Close what is open."""
        if self._by_sql is not None:
            self._by_sql.close()

    def _new(self, stem: str) -> Path:
        return self._folder / f"{stem}-{next(self._numbers)}.gpkg"

    def new_store(self) -> str:
        """Address of a store that does not exist yet."""
        return str(self._new("store"))

    def load_ogr(self, source: str) -> None:
        """Load a file into a new GeoPackage; the driver builds the R-tree unless told not to."""
        self._by_ogr.unlink(missing_ok=True)
        self._by_ogr = self._new("ogr")
        subprocess.run(["ogr2ogr", "-f", "GPKG", self._by_ogr, source, "-nln", TABLE], check=True)

    def loaded_by_ogr(self) -> tuple[int, Bounds]:
        """Number and bounds of what ogr2ogr loaded last."""
        # Not the bounds that the file states: those are written with 15 digits.
        shapes = pyogrio.read_dataframe(self._by_ogr, columns=[]).geometry
        return len(shapes), tuple(shapes.total_bounds.tolist())

    @property
    def _driver(self) -> sqlite3.Connection:
        if self._by_sql is None:
            raise RuntimeError("Nothing was loaded with SQL yet.")
        return self._by_sql

    def load_sql(self, features: gpd.GeoDataFrame) -> None:
        """Load features with one INSERT for the table and one for the R-tree, durably."""
        self.close()
        driver = self._by_sql = sqlite3.connect(self._new("sql"), isolation_level=None)
        driver.execute("PRAGMA journal_mode = WAL")
        driver.execute("PRAGMA synchronous = FULL")
        types = ", ".join(f'"{k}" {v}' for k, v in column_types(features, real="REAL", integer="INTEGER").items())
        driver.execute("BEGIN IMMEDIATE")
        driver.execute(f"CREATE TABLE {TABLE} (fid INTEGER PRIMARY KEY, feature_id TEXT UNIQUE, {types}, geom BLOB)")
        driver.execute("CREATE TABLE roads_history (feature_id TEXT, attributes TEXT, geom BLOB)")
        driver.execute("CREATE VIRTUAL TABLE roads_tree USING rtree(id, minx, maxx, miny, maxy)")
        columns = plain_columns(features, iso_dates=True)
        shapes = features.geometry.to_numpy()
        blobs = [_HEADER + wkb for wkb in shapely.to_wkb(shapes).tolist()]
        keys = range(1, len(features) + 1)
        marks = ", ".join("?" * (len(columns) + 2))
        driver.executemany(f"INSERT INTO {TABLE} VALUES ({marks})", zip(keys, *columns.values(), blobs, strict=True))
        edges = shapely.bounds(shapes)[:, [0, 2, 1, 3]].T.tolist()
        driver.executemany("INSERT INTO roads_tree VALUES (?, ?, ?, ?, ?)", zip(keys, *edges, strict=True))
        driver.execute("COMMIT")

    def loaded_by_sql(self) -> tuple[int, Bounds]:
        """Number and bounds of what plain SQL loaded last."""
        shapes = _shapes([blob for (blob,) in self._driver.execute(f"SELECT geom FROM {TABLE}")])
        return len(shapes), tuple(shapely.total_bounds(shapes).tolist())

    def change(self, feature_id: str, name: str) -> None:
        """Set one name and note the change, as one durable transaction."""
        run = self._driver.execute
        run("BEGIN IMMEDIATE")
        run(f"UPDATE {TABLE} SET name = ? WHERE feature_id = ?", (name, feature_id))
        run(
            f"INSERT INTO roads_history SELECT feature_id, json_object('name', name), geom FROM {TABLE} "
            "WHERE feature_id = ?",
            (feature_id,),
        )
        run("COMMIT")

    def name_of(self, feature_id: str) -> str:
        """The name as it stands."""
        found = self._driver.execute(f"SELECT name FROM {TABLE} WHERE feature_id = ?", (feature_id,)).fetchone()
        return str(found[0])

    def fetch(self, bbox: Bounds, limit: int) -> Sequence[tuple[Any, ...]]:
        """Rows whose own box meets the box: the R-tree alone knows no more."""
        minx, miny, maxx, maxy = bbox
        return self._driver.execute(_PAGE, (minx, maxx, miny, maxy, limit)).fetchall()

    def frame(self, bbox: Bounds, limit: int) -> gpd.GeoDataFrame:
        """Features in a box, through GDAL."""
        frame: gpd.GeoDataFrame = pyogrio.read_dataframe(self._by_ogr, bbox=bbox, max_features=limit)
        return frame


def _shapes(blobs: Sequence[bytes]) -> Any:
    return shapely.from_wkb(np.array([blob[len(_HEADER) :] for blob in blobs], dtype=object))
