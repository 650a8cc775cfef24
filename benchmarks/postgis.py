"""The rivals on a server: psycopg with COPY, ogr2ogr, and GeoPandas for reading."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from itertools import count
from typing import Any
from urllib.parse import urlsplit

import geopandas as gpd
import psycopg
import shapely
import sqlalchemy as sa
from psycopg import sql as sql_

from benchmarks.rivals import TABLE, column_types, plain_columns
from layers.definitions import STORE_CRS
from layers.types import Bounds

__all__ = ["PostgisRival"]

_IN_BOX = "ST_Intersects(geom, ST_MakeEnvelope(%s, %s, %s, %s, 4326))"


class PostgisRival:
    """PostGIS without Parkplan.

    Parameters
    ----------
    url : str
        A database in which schemas may be made.
    """

    engine = "PostGIS"
    sql = f"psycopg {psycopg.__version__}"
    frames = f"GeoPandas {gpd.__version__} read_postgis"
    exact = True

    def __init__(self, url: str) -> None:
        self._url = url
        self._numbers = count()
        self._driver = psycopg.connect(url, autocommit=True)
        self._sqlalchemy = sa.create_engine(sa.make_url(url).set(drivername="postgresql+psycopg"))
        self._made: list[str] = []

    def close(self) -> None:
        """Remove what was made here and close what is open."""
        for schema in self._made:
            self._driver.execute(sql_.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql_.Identifier(schema)))
        self._driver.close()
        self._sqlalchemy.dispose()

    def _new(self, stem: str) -> str:
        schema = f"bench_{stem}_{os.getpid()}_{next(self._numbers)}"
        self._made.append(schema)
        return schema

    def _replace(self, schema: str) -> None:
        """Make a schema and drop the ones of its kind before it."""
        stem = schema.rsplit("_", 1)[0]
        for old in [name for name in self._made if name.startswith(stem) and name != schema]:
            self._driver.execute(sql_.SQL("DROP SCHEMA IF EXISTS {} CASCADE").format(sql_.Identifier(old)))
            self._made.remove(old)
        self._driver.execute(sql_.SQL("CREATE SCHEMA {}").format(sql_.Identifier(schema)))

    def new_store(self) -> str:
        """Address of a store that does not exist yet."""
        return (
            sa.make_url(self._url)
            .update_query_dict({"schema": self._new("store")})
            .render_as_string(hide_password=False)
        )

    def load_ogr(self, source: str) -> None:
        """Load a file into a new table with COPY; the driver builds the GiST index unless told not to."""
        schema = self._new("ogr")
        self._replace(schema)
        place = urlsplit(self._url)
        target = (
            f"PG:host={place.hostname} port={place.port} dbname={place.path.lstrip('/')} user={place.username} "
            f"active_schema={schema}"
        )
        options = ["-nln", TABLE, "-lco", "GEOMETRY_NAME=geom", "-lco", "FID=fid", "--config", "PG_USE_COPY", "YES"]
        subprocess.run(
            ["ogr2ogr", "-f", "PostgreSQL", target, source, *options],
            check=True,
            env={**os.environ, "PGPASSWORD": place.password or ""},
        )

    def loaded_by_ogr(self) -> tuple[int, Bounds]:
        """Number and bounds of what ogr2ogr loaded last."""
        return self._loaded("ogr")

    def load_sql(self, features: gpd.GeoDataFrame) -> None:
        """Load features with COPY and build the indexes after it."""
        schema = self._new("sql")
        self._replace(schema)
        columns = plain_columns(features, iso_dates=False)
        shapes = shapely.set_srid(features.geometry.to_numpy(), 4326)
        columns["geom"] = shapely.to_wkb(shapes, hex=True, include_srid=True).tolist()
        types = column_types(features, real="DOUBLE PRECISION", integer="BIGINT")
        declared = sql_.SQL(", ").join(
            sql_.SQL("{} {}").format(sql_.Identifier(name), sql_.SQL(kind)) for name, kind in types.items()
        )
        names = sql_.SQL(", ").join(map(sql_.Identifier, columns))
        with self._driver.transaction(), self._driver.cursor() as cursor:
            cursor.execute(sql_.SQL("SET LOCAL search_path = {}, public").format(sql_.Identifier(schema)))
            cursor.execute(
                sql_.SQL(
                    "CREATE TABLE roads (fid BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, feature_id TEXT, {}, "
                    "geom geometry(LineString, 4326))"
                ).format(declared)
            )
            cursor.execute("CREATE TABLE roads_history (feature_id TEXT, attributes JSONB, geom BYTEA)")
            with cursor.copy(sql_.SQL("COPY roads ({}) FROM STDIN").format(names)) as copy:
                for row in zip(*columns.values(), strict=True):
                    copy.write_row(row)
            cursor.execute("CREATE UNIQUE INDEX ON roads (feature_id)")
            cursor.execute("CREATE INDEX ON roads USING gist (geom)")
            cursor.execute("ANALYZE roads")

    def loaded_by_sql(self) -> tuple[int, Bounds]:
        """Number and bounds of what plain SQL loaded last."""
        return self._loaded("sql")

    def _last(self, stem: str, name: str = TABLE) -> sql_.Identifier:
        return sql_.Identifier([schema for schema in self._made if schema.startswith(f"bench_{stem}_")][-1], name)

    def _loaded(self, stem: str) -> tuple[int, Bounds]:
        query = sql_.SQL(
            "SELECT count(*), min(ST_XMin(geom)), min(ST_YMin(geom)), max(ST_XMax(geom)), max(ST_YMax(geom)) FROM {}"
        )
        found = self._driver.execute(query.format(self._last(stem))).fetchone()
        if found is None:
            raise RuntimeError("A count without an answer.")
        return found[0], (found[1], found[2], found[3], found[4])

    def change(self, feature_id: str, name: str) -> None:
        """Set one name and note the change, as one durable transaction."""
        table = self._last("sql")
        with self._driver.transaction():
            self._driver.execute(
                sql_.SQL("UPDATE {} SET name = %s WHERE feature_id = %s").format(table), (name, feature_id)
            )
            self._driver.execute(
                sql_.SQL(
                    "INSERT INTO {} SELECT feature_id, jsonb_build_object('name', name), ST_AsBinary(geom) FROM {} "
                    "WHERE feature_id = %s"
                ).format(self._last("sql", "roads_history"), table),
                (feature_id,),
            )

    def name_of(self, feature_id: str) -> str:
        """The name as it stands."""
        query = sql_.SQL("SELECT name FROM {} WHERE feature_id = %s").format(self._last("sql"))
        found = self._driver.execute(query, (feature_id,)).fetchone()
        return "" if found is None else str(found[0])

    def fetch(self, bbox: Bounds, limit: int) -> Sequence[tuple[Any, ...]]:
        """Rows in a box, geometry as WKB."""
        query = sql_.SQL("SELECT *, ST_AsBinary(geom) FROM {} WHERE {} ORDER BY fid LIMIT %s").format(
            self._last("sql"), sql_.SQL(_IN_BOX)
        )
        return self._driver.execute(query, (*bbox, limit)).fetchall()

    def frame(self, bbox: Bounds, limit: int) -> gpd.GeoDataFrame:
        """Features in a box, through GeoPandas."""
        query = sql_.SQL("SELECT * FROM {} WHERE {} ORDER BY fid LIMIT %s").format(self._last("sql"), sql_.SQL(_IN_BOX))
        with self._sqlalchemy.connect() as connection:
            return gpd.read_postgis(
                query.as_string(), connection, geom_col="geom", params=(*bbox, limit), crs=STORE_CRS
            )
