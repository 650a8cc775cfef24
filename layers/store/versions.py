"""Versions of features, kept as JSON and WKB, read like rows of a layer's table: each engine says it in its own SQL."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import geopandas as gpd
import orjson
import sqlalchemy as sa
from sqlalchemy.dialects import postgresql

from layers.definitions import LayerDefinition
from layers.store.rows import attribute_columns, json_rows
from layers.store.tables import GEOMETRY_COLUMN

__all__ = ["PostgisVersions", "SqliteVersions", "Versions", "as_rows", "stated"]


class Versions(Protocol):
    """How an engine looks into versions."""

    def attribute(self, attributes: sa.ColumnElement[Any], column: sa.Column[Any]) -> sa.ColumnElement[Any]:
        """Return one attribute of a version.

        Parameters
        ----------
        attributes : ColumnElement
            JSON objects.
        column : Column
            Of the layer's table, by its name and type.

        Returns
        -------
        ColumnElement
            NULL where missing.
        """

    def geometry(self, wkb: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Return the geometry of a version as a layer's table holds it.

        Parameters
        ----------
        wkb : ColumnElement
            WKB in EPSG:4326.

        Returns
        -------
        ColumnElement
            NULL where missing.
        """

    def unpack(self, packed: str) -> sa.FromClause:
        """Return versions that are sent along with a question.

        Parameters
        ----------
        packed : str
            A JSON array of objects with `i` (id), `a` (attributes) and `g` (WKB in hexadecimal digits, or null).

        Returns
        -------
        FromClause
            With columns `feature_id`, `attributes` and `geometry`.
        """

    def newer(self, connection: sa.Connection, history: sa.Table, changeset: int) -> sa.ColumnElement[bool]:
        """Return the condition that a version is newer than a changeset, without reading what is older.

        Parameters
        ----------
        connection : Connection
            Of the store.
        history : Table
            The history of all layers, not an alias of it.
        changeset : int
            The newest that does not count.

        Returns
        -------
        ColumnElement of bool
            By the order in which versions were written.
        """


class SqliteVersions:
    """How SQLite looks into versions."""

    def attribute(self, attributes: sa.ColumnElement[Any], column: sa.Column[Any]) -> sa.ColumnElement[Any]:
        """Return one attribute of a version.

        Parameters
        ----------
        attributes : ColumnElement
            JSON objects.
        column : Column
            Of the layer's table, by its name and type.

        Returns
        -------
        ColumnElement
            NULL where missing.
        """
        value = sa.func.json_extract(attributes, f"$.{column.name}")
        if isinstance(column.type, sa.Double):
            # 5.0 and 5 are the same number in JSON, but not to a driver.
            return sa.cast(value, sa.REAL)
        return sa.type_coerce(value, column.type)

    def geometry(self, wkb: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Return the geometry of a version as a layer's table holds it.

        Parameters
        ----------
        wkb : ColumnElement
            WKB in EPSG:4326, or its hexadecimal digits.

        Returns
        -------
        ColumnElement
            A GeoPackage blob.
        """
        return sa.func.parkplan_blob(wkb)

    def unpack(self, packed: str) -> sa.FromClause:
        """Return versions that are sent along with a question.

        Parameters
        ----------
        packed : str
            A JSON array.

        Returns
        -------
        FromClause
            With columns `feature_id`, `attributes` and `geometry`.
        """
        each = sa.func.json_each(packed).table_valued("value")
        parts = {"feature_id": "$.i", "attributes": "$.a", "geometry": "$.g"}
        columns = [sa.func.json_extract(each.c.value, path).label(name) for name, path in parts.items()]
        return sa.select(*columns).subquery("sent")

    def newer(self, connection: sa.Connection, history: sa.Table, changeset: int) -> sa.ColumnElement[bool]:
        """Return the condition that a version is newer than a changeset.

        Parameters
        ----------
        connection : Connection
            Of the store.
        history : Table
            The history of all layers.
        changeset : int
            The newest that does not count.

        Returns
        -------
        ColumnElement of bool
            By the number of the row: rows come in the order of changesets, and none ever goes.
        """
        row = sa.literal_column(f"{history.name}.rowid", sa.Integer)
        at = sa.select(history.c.changeset).where(row >= sa.bindparam("row")).order_by(row).limit(1)
        last = int(connection.execute(sa.select(sa.func.max(row)).select_from(history)).scalar() or 0)
        low, high = 0, last + 1
        # The first row of a newer changeset, by halving: row `low` is older, row `high` is newer or behind the last.
        while high - low > 1:
            middle = (low + high) // 2
            found = connection.execute(at, {"row": middle}).scalar()
            low, high = (middle, high) if found is not None and found <= changeset else (low, middle)
        return row >= high


class PostgisVersions:
    """How PostgreSQL looks into versions."""

    def attribute(self, attributes: sa.ColumnElement[Any], column: sa.Column[Any]) -> sa.ColumnElement[Any]:
        """Return one attribute of a version.

        Parameters
        ----------
        attributes : ColumnElement
            JSON objects.
        column : Column
            Of the layer's table, by its name and type.

        Returns
        -------
        ColumnElement
            NULL where missing.
        """
        text: sa.ColumnElement[Any] = attributes.op("->>", return_type=sa.Text())(sa.literal(column.name, sa.Text))
        return text if isinstance(column.type, sa.Text) else sa.cast(text, column.type)

    def geometry(self, wkb: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Return the geometry of a version as a layer's table holds it.

        Parameters
        ----------
        wkb : ColumnElement
            WKB in EPSG:4326.

        Returns
        -------
        ColumnElement
            A geometry.
        """
        return sa.func.ST_GeomFromWKB(wkb, 4326, type_=sa.types.NullType())

    def unpack(self, packed: str) -> sa.FromClause:
        """Return versions that are sent along with a question.

        Parameters
        ----------
        packed : str
            A JSON array.

        Returns
        -------
        FromClause
            With columns `feature_id`, `attributes` and `geometry`.
        """
        sent = sa.cast(sa.literal(packed, sa.Text), postgresql.JSONB)
        each = sa.func.jsonb_array_elements(sent).table_valued(sa.column("value", postgresql.JSONB))
        return sa.select(
            sa.cast(each.c.value.op("->>")("i"), sa.Text(collation="C")).label("feature_id"),
            each.c.value.op("->", return_type=postgresql.JSONB())("a").label("attributes"),
            sa.func.decode(each.c.value.op("->>")("g"), "hex", type_=sa.LargeBinary).label("geometry"),
        ).subquery("sent")

    def newer(
        self,
        connection: sa.Connection,  # noqa: ARG002 - the server needs no question first
        history: sa.Table,
        changeset: int,
    ) -> sa.ColumnElement[bool]:
        """Return the condition that a version is newer than a changeset.

        Parameters
        ----------
        connection : Connection
            Of the store; not asked.
        history : Table
            The history of all layers.
        changeset : int
            The newest that does not count.

        Returns
        -------
        ColumnElement of bool
            A block range index serves it, as versions are appended in the order of changesets.
        """
        return history.c.changeset > changeset


def as_rows(
    versions: Versions, definition: LayerDefinition, table: sa.Table, source: sa.FromClause, *wanted: Any
) -> sa.FromClause:
    """Return versions as if they were rows of a layer's table.

    Parameters
    ----------
    versions : Versions
        The engine's.
    definition : LayerDefinition
        The layer as it is today; an attribute it has gained since is missing.
    table : Table
        Its table: gives names and types.
    source : FromClause
        With columns `feature_id`, `attributes` and `geometry`.
    *wanted : ColumnElement of bool
        Which versions.

    Returns
    -------
    FromClause
        With the columns of the table but its key, which is NULL.
    """
    columns: list[sa.ColumnElement[Any]] = [
        sa.cast(sa.null(), sa.Integer).label("fid"),
        source.c.feature_id.label("feature_id"),
        *(
            versions.attribute(source.c.attributes, table.c[field.name]).label(field.name)
            for field in definition.all_fields
        ),
    ]
    if definition.spatial:
        columns.append(versions.geometry(source.c.geometry).label(GEOMETRY_COLUMN))
    return sa.select(*columns).where(*wanted).subquery("version")


def stated(
    versions: Versions, definition: LayerDefinition, table: sa.Table, features: gpd.GeoDataFrame
) -> sa.FromClause:
    """Return features that are sent along with a question, as if they were rows of a layer's table.

    Parameters
    ----------
    versions : Versions
        The engine's.
    definition : LayerDefinition
        The layer.
    table : Table
        Its table: gives names and types.
    features : GeoDataFrame
        In the typed form.

    Returns
    -------
    FromClause
        With the columns of the table but its key, which is NULL.
    """
    packed = _packed(
        features.index.tolist(), json_rows(attribute_columns(definition, features), len(features)), features
    )
    return as_rows(versions, definition, table, versions.unpack(packed))


def _packed(ids: Sequence[str], attributes: Sequence[str], features: gpd.GeoDataFrame) -> str:
    shapes = features.geometry.to_wkb(hex=True)
    rows = (
        {"i": id_, "a": orjson.Fragment(known), "g": None if shape is None else shape}
        for id_, known, shape in zip(ids, attributes, shapes, strict=True)
    )
    return orjson.dumps(list(rows)).decode()
