"""Names of fields as a Shapefile cuts them, and which fields they were."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from layers.definitions import ID_FIELD, LayerDefinition
from layers.mapping import ColumnMapping, map_by_name

__all__ = ["mapped_columns"]

#: A .dbf file has no longer names.
_LENGTH: Final = 10


def mapped_columns(definition: LayerDefinition, columns: Sequence[str], *, where: str) -> ColumnMapping:
    """Map the columns of a file to fields, also where their names were cut to ten letters.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    columns : sequence of str
        Columns of the file.
    where : str
        What to call the file in an error.

    Returns
    -------
    ColumnMapping
        A column of ten letters is the field that begins so, if there is one only; of several, in the order of the
        layer, programs number all but the first.

    Raises
    ------
    DefinitionError
        If two columns fit one field.
    """
    mapping = map_by_name(definition, columns, where=where)
    names = [field.name for field in definition.all_fields]
    free = {column.lower(): column for column in columns if column not in mapping.fields.values()}
    fields = dict(mapping.fields)
    for name, short in zip((ID_FIELD, *names), _shortened([ID_FIELD, *names]), strict=True):
        if len(name) > _LENGTH and name not in fields and short in free:
            fields[name] = free[short]
    id_ = mapping.id or fields.get(ID_FIELD)
    fields.pop(ID_FIELD, None)
    return mapping.model_copy(update={"fields": fields, "id": id_})


def _shortened(names: Sequence[str]) -> list[str]:
    """Cut names as OGR does: the first as it is, others with a number at the end."""
    made: list[str] = []
    for name in names:
        short, number = name[:_LENGTH], 1
        while short in made:
            short = name[: _LENGTH - 2] + (f"_{number}" if number < 10 else f"{number}")
            number += 1
        made.append(short)
    return made
