"""Adding a layer to a store, or bringing the definition of one up to date."""

from __future__ import annotations

import sqlalchemy as sa

from layers.definitions import LayerDefinition
from layers.store.core import Core
from layers.store.tables import new_columns

__all__ = ["define"]


def define(core: Core, connection: sa.Connection, definition: LayerDefinition) -> None:
    """Add a layer, or bring the definition of one up to date.

    Parameters
    ----------
    core : Core
        The store's connections and tables.
    connection : Connection
        In a transaction that holds the writer's lock.
    definition : LayerDefinition
        A new layer, the same again (nothing happens), or one with added fields, other titles, codes, bounds or style.

    Raises
    ------
    ConflictingDefinitionError
        If the layer is there and the change would lose data.
    """
    stored = core.definitions(connection).get(definition.id)
    if stored == definition:
        return
    layers = core.base.layers
    table = core.table(definition)
    if stored is None:
        core.engine.create_layer(connection, table, definition)
        connection.execute(sa.insert(layers).values(id=definition.id, definition=definition.model_dump_json()))
        return
    for name in new_columns(stored, definition):
        column = sa.schema.CreateColumn(table.c[name]).compile(dialect=connection.dialect)
        target = connection.dialect.identifier_preparer.format_table(table)
        connection.exec_driver_sql(f"ALTER TABLE {target} ADD COLUMN {column}")
    if stored.geometry != definition.geometry:
        core.engine.widen_geometry(connection, table)
    connection.execute(
        sa.update(layers).where(layers.c.id == definition.id).values(definition=definition.model_dump_json())
    )
