"""Tables from definitions: one typed table a layer for the current state, one history for all.

The same SQLAlchemy model serves both engines; only the geometry column and the schema name differ.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry
from sqlalchemy.dialects import postgresql

from layers.definitions import FieldType, LayerDefinition
from layers.errors import ConflictingDefinitionError
from layers.store.proposal_tables import proposal_tables
from layers.types import Bounds, Text

__all__ = ["GEOMETRY_COLUMN", "STORE_FORMAT", "BaseTables", "base_tables", "box", "layer_table", "new_columns"]

#: Version of the tables below; a store of a newer version is refused.
STORE_FORMAT: Final = 1
GEOMETRY_COLUMN: Final = "geom"

_COLUMN_TYPES: Final[dict[FieldType, Callable[[], sa.types.TypeEngine[Any]]]] = {
    "text": sa.Text,
    # A GeoPackage knows no BIGINT; its INTEGER has 64 bits.
    "integer": lambda: sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
    "number": lambda: sa.Double().with_variant(sa.REAL(), "sqlite"),
    "boolean": sa.Boolean,
    "date": sa.Date,
}
#: A whole-number key that both engines count up by themselves and never use twice.
_KEY: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
#: Ids are compared byte by byte, on every engine in the same order; a language's order costs a server far more.
_ID: Final = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_JSON: Final = sa.Text().with_variant(postgresql.JSONB(), "postgresql")


class BaseTables(NamedTuple):
    """The tables that every store has.

    Attributes
    ----------
    meta, layers, changesets, history : Table
        Store format; definitions; record time; every version of every feature.
    proposals, proposal_events, proposal_changes : Table
        As in `layers.store.proposal_tables`.
    proposal_comments, proposal_documents, proposal_checks : Table
        As in `layers.store.proposal_tables`.
    exchanges : Table
        Packages that were handed out, and that came back.
    """

    meta: sa.Table
    layers: sa.Table
    changesets: sa.Table
    history: sa.Table
    proposals: sa.Table
    proposal_events: sa.Table
    proposal_changes: sa.Table
    proposal_comments: sa.Table
    proposal_documents: sa.Table
    proposal_checks: sa.Table
    exchanges: sa.Table

    @property
    def append_only(self) -> tuple[sa.Table, ...]:
        """The tables whose rows never change and never go.

        Returns
        -------
        tuple of Table
            The record, that of proposals, and that of packages.
        """
        return self.changesets, self.history, self.proposal_events, self.proposal_changes, self.exchanges


def base_tables(metadata: sa.MetaData) -> BaseTables:
    """Return the tables that every store has.

    Parameters
    ----------
    metadata : MetaData
        Names the schema, if any.

    Returns
    -------
    BaseTables
        Declared, not created.
    """
    return BaseTables(
        meta=sa.Table(
            "parkplan_meta",
            metadata,
            sa.Column("key", sa.Text, primary_key=True),
            sa.Column("value", sa.Text, nullable=False),
        ),
        layers=sa.Table(
            "parkplan_layers",
            metadata,
            sa.Column("id", sa.Text, primary_key=True),
            sa.Column("definition", sa.Text, nullable=False),
        ),
        changesets=sa.Table(
            "parkplan_changesets",
            metadata,
            sa.Column("id", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("author", sa.Text, nullable=False),
            sa.Column("message", sa.Text, nullable=False),
            sa.Column("decision_number", sa.Text),
            sa.Column("decision_date", sa.Date),
            sa.Column("time", sa.Text, nullable=False),
            sa.Column("features", sa.Integer, nullable=False),
        ),
        history=sa.Table(
            "parkplan_history",
            metadata,
            sa.Column("layer", _ID, nullable=False),
            sa.Column("feature_id", _ID, nullable=False),
            sa.Column("changeset", sa.Integer, nullable=False),
            sa.Column("operation", sa.Text, nullable=False),
            sa.Column("attributes", _JSON),
            sa.Column("geometry", sa.LargeBinary),
            sa.Index("parkplan_history_key", "layer", "feature_id", "changeset", unique=True),
            # Versions come in the order of changesets: the range of each few blocks finds the newer ones, for nothing.
            sa.Index(
                "parkplan_history_newer",
                "changeset",
                postgresql_using="brin",
                postgresql_with={"pages_per_range": 16, "autosummarize": True},
            ).ddl_if(dialect="postgresql"),
        ),
        **proposal_tables(metadata)._asdict(),
        exchanges=sa.Table(
            "parkplan_exchanges",
            metadata,
            sa.Column("number", sa.Integer, primary_key=True, autoincrement=False),
            sa.Column("kind", sa.Text, nullable=False),
            sa.Column("time", sa.Text, nullable=False),
            sa.Column("who", sa.Text, nullable=False),
            sa.Column("institute", sa.Text, nullable=False),
            sa.Column("base", sa.Integer, nullable=False),
            sa.Column("layers", sa.Text, nullable=False),
            sa.Column("area", sa.Text),
            sa.Column("name", sa.Text, nullable=False),
            sa.Column("sha256", sa.Text, nullable=False),
            sa.Column("size", _COLUMN_TYPES["integer"](), nullable=False),
            sa.Column("signature", sa.Text, nullable=False),
            sa.Column("language", sa.Text, nullable=False),
            sa.Column("made", sa.Text, nullable=False),
            sa.Column("answers", sa.Integer),
            sa.Column("proposal", sa.Integer),
            sa.Column("place", sa.Text, nullable=False),
        ),
    )


def layer_table(
    definition: LayerDefinition, metadata: sa.MetaData, geometry: sa.types.TypeEngine[Any] | None
) -> sa.Table:
    """Return the table of a layer's current state.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    metadata : MetaData
        Names the schema, if any.
    geometry : TypeEngine or None
        The engine's geometry type; None for a layer of attributes only.

    Returns
    -------
    Table
        Declared, not created.
    """
    spatial = [] if geometry is None else [sa.Column(GEOMETRY_COLUMN, geometry)]
    return sa.Table(
        definition.id,
        metadata,
        sa.Column("fid", _KEY, primary_key=True, autoincrement=True),
        *spatial,
        sa.Column("feature_id", _ID, nullable=False, unique=True),
        *(sa.Column(field.name, _COLUMN_TYPES[field.type]()) for field in definition.all_fields),
        sa.Column("changeset", sa.Integer, nullable=False),
        sqlite_autoincrement=True,
    )


def new_columns(old: LayerDefinition, new: LayerDefinition) -> list[str]:
    """Return the fields that a changed definition adds to a table.

    Parameters
    ----------
    old, new : LayerDefinition
        The layer as stored and as wanted.

    Returns
    -------
    list of str
        Names of fields to add; titles, codes, bounds and styles may change freely.

    Raises
    ------
    ConflictingDefinitionError
        If the change would lose data: a field dropped or retyped, or a geometry type no longer allowed.
    """
    was = {field.name: field.type for field in old.fields}
    now = {field.name: field.type for field in new.fields}
    lost = sorted(name for name, type_ in was.items() if now.get(name) != type_)
    if lost or not set(old.geometry) <= set(new.geometry) or old.spatial != new.spatial:
        raise ConflictingDefinitionError(
            seen=Text(
                vi=f"trường {lost} bị bỏ hoặc đổi kiểu, hình học {list(old.geometry)} thành {list(new.geometry)}",
                en=f"fields {lost} dropped or retyped, geometry {list(old.geometry)} to {list(new.geometry)}",
            ),
            wanted=Text(vi="chỉ thêm trường, hoặc mã lớp khác", en="added fields only, or another layer id"),
            where=new.id,
        )
    return [name for name in now if name not in was]


def box(bounds: Bounds) -> BaseGeometry:
    """Return bounds as the geometry that they are: a polygon, or the line or point they shrink to.

    Parameters
    ----------
    bounds : (float, float, float, float)
        In EPSG:4326.

    Returns
    -------
    BaseGeometry
        Valid in every case, where a polygon without area would meet nothing.
    """
    minx, miny, maxx, maxy = bounds
    if minx < maxx and miny < maxy:
        return shapely.box(minx, miny, maxx, maxy)
    if minx == maxx and miny == maxy:
        return shapely.Point(minx, miny)
    return shapely.LineString([(minx, miny), (maxx, maxy)])
