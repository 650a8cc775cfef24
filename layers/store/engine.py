"""What a database engine has to offer to be a store; all else is the same for every engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import sqlalchemy as sa

from layers.definitions import LayerDefinition
from layers.store.tables import BaseTables
from layers.types import Bounds

__all__ = ["Engine", "Geometries"]

Geometries = npt.NDArray[np.object_]


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

    def reading(self) -> sa.Engine:
        """Return the engine whose transactions see one state from beginning to end."""

    def writing(self) -> sa.Engine:
        """Return the engine whose transactions write."""

    def geometry_type(self, definition: LayerDefinition) -> sa.types.TypeEngine[Any] | None:
        """Return the type of the layer's geometry column."""

    def create_layer(self, connection: sa.Connection, table: sa.Table, definition: LayerDefinition) -> None:
        """Create a layer's table with its spatial index."""

    def widen_geometry(self, connection: sa.Connection, table: sa.Table) -> None:
        """Let the geometry column take the types that its definition now allows."""

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
