"""What a database engine has to offer to be a store; all else is the same for every engine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import sqlalchemy as sa

from layers.definitions import LayerDefinition
from layers.store.model import Operation
from layers.store.tables import BaseTables
from layers.store.versions import Versions
from layers.types import Bounds

__all__ = ["Columns", "Engine"]

#: Rows of a layer's table by column: values as Python has them, None where missing; geometries as an array of shapely.
Columns = Mapping[str, Any]


class Engine(Protocol):
    """What a database engine has to offer to be a store."""

    url: str
    sqlalchemy: sa.Engine
    schema: str | None
    versions: Versions

    def ready(self, connection: sa.Connection) -> bool:
        """Return whether the store's own tables are there.

        Parameters
        ----------
        connection : Connection
            Any.

        Returns
        -------
        bool
            False for a new place.
        """

    def prepare(self, connection: sa.Connection) -> None:
        """Make what the engine needs before any table.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        """

    def protect(self, connection: sa.Connection, tables: BaseTables) -> None:
        """Make history and changesets append-only.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        tables : BaseTables
            The store's own tables.
        """

    def lock(self, connection: sa.Connection) -> None:
        """Wait for the one writer at work, then be it until the transaction ends.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        """

    def reading(self) -> sa.Engine:
        """Return the engine whose transactions see one state from beginning to end.

        Returns
        -------
        sqlalchemy.Engine
            For reading.
        """

    def writing(self) -> sa.Engine:
        """Return the engine whose transactions write.

        Returns
        -------
        sqlalchemy.Engine
            For writing.
        """

    def geometry_type(self, definition: LayerDefinition) -> sa.types.TypeEngine[Any] | None:
        """Return the type of the layer's geometry column.

        Parameters
        ----------
        definition : LayerDefinition
            The layer.

        Returns
        -------
        TypeEngine or None
            None for a layer of attributes only.
        """

    def create_layer(self, connection: sa.Connection, table: sa.Table, definition: LayerDefinition) -> None:
        """Create a layer's table with its spatial index.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        table : Table
            A layer's table.
        definition : LayerDefinition
            The layer.
        """

    def widen_geometry(self, connection: sa.Connection, table: sa.Table) -> None:
        """Let the geometry column take the types that its definition now allows.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        table : Table
            The layer's table as now declared.
        """

    def wkb(self, column: sa.ColumnElement[Any]) -> sa.ColumnElement[Any]:
        """Return the expression that reads a geometry.

        Parameters
        ----------
        column : ColumnElement
            The geometry column.

        Returns
        -------
        ColumnElement
            To be selected.
        """

    def wkb_values(self, values: Sequence[Any]) -> list[bytes | None]:
        """Return what the expression of `wkb` read, as WKB.

        Parameters
        ----------
        values : sequence
            A column as read.

        Returns
        -------
        list of bytes or None
            In EPSG:4326.
        """

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
            By the spatial index where there is one, then exactly.
        """

    def among(self, column: sa.ColumnElement[Any], ids: Sequence[str]) -> sa.ColumnElement[bool]:
        """Return the condition that a feature is one of those named.

        Parameters
        ----------
        column : ColumnElement
            The column of feature ids.
        ids : sequence of str
            Any number of them, bound as one value.

        Returns
        -------
        ColumnElement of bool
            By the index of the column.
        """

    def insert(self, connection: sa.Connection, table: sa.Table, rows: Columns) -> None:
        """Insert features into the current state.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        table : Table
            A layer's table.
        rows : Columns
            At least one row.
        """

    def update(self, connection: sa.Connection, table: sa.Table, rows: Columns) -> None:
        """Update features of the current state by their id.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        table : Table
            A layer's table.
        rows : Columns
            At least one row.
        """

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
            In EPSG:4326; None without geometries.
        """

    def wrote(self, connection: sa.Connection, table: sa.Table, rows: Columns) -> None:
        """Note that a layer was written to.

        Parameters
        ----------
        connection : Connection
            In a writing transaction.
        table : Table
            A layer's table.
        rows : Columns
            What was inserted or updated; nothing for what was removed.
        """
