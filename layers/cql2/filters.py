"""A filter of one layer: read once, carried about as a value, asked of either engine."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

import sqlalchemy as sa

from layers.cql2.checking import GEOMETRY, checked
from layers.cql2.encoding import to_json, to_text
from layers.cql2.nodes import Call, Node, Property
from layers.cql2.parsing import read_json, read_text
from layers.cql2.shapes import Placing
from layers.cql2.sql import Engine, condition_of
from layers.definitions import LayerDefinition
from layers.errors import UnknownFieldError

__all__ = ["LANGUAGES", "Filter", "FilterLanguage", "both", "condition", "parse_filter", "within"]

FilterLanguage = Literal["cql2-text", "cql2-json"]
LANGUAGES: Final[tuple[FilterLanguage, ...]] = get_args(FilterLanguage)


@dataclass(frozen=True, slots=True)
class Filter:
    """Which features of a layer are asked for.

    Parameters
    ----------
    layer : str
        The layer's id.
    text : str
        The filter in the one form of CQL2 text that all ways of writing it have; places in longitude and latitude. Two
        filters of a layer are equal if their texts are.
    expression : Node
        The filter as a tree, checked against the layer.
    """

    layer: str
    text: str
    expression: Node = field(compare=False, repr=False)

    def document(self) -> Any:
        """Return the filter as CQL2 JSON.

        Returns
        -------
        object
            Plain values, for a JSON writer.
        """
        return to_json(self.expression)


def parse_filter(
    text: str, *, definition: LayerDefinition, language: FilterLanguage = "cql2-text", crs: str | None = None
) -> Filter:
    """Read a filter and check it against a layer.

    Parameters
    ----------
    text : str
        CQL2 text, or CQL2 JSON.
    definition : LayerDefinition
        The layer as its reader may see it.
    language : {"cql2-text", "cql2-json"}
        Which of the two.
    crs : str, optional
        Name by OGC of the CRS of all coordinates in it; longitude and latitude of WGS 84 without it.

    Returns
    -------
    Filter
        For `condition` and for the store.

    Raises
    ------
    FilterError
        If it cannot be read, is too long or too deep, has coordinates out of range, or gives an operator what it does
        not take.
    UnknownFieldError
        If it names a field that the layer has not.
    CrsError
        If the CRS is not published, or a point has no place in it.
    """
    placing = Placing(crs)
    read = read_text if language == "cql2-text" else read_json
    return _filter(checked(read(text, placing), definition), definition)


def _filter(node: Node, definition: LayerDefinition) -> Filter:
    return Filter(definition.id, to_text(node), node)


def within(bounds: tuple[float, float, float, float], *, definition: LayerDefinition, crs: str) -> Filter:
    """Return the filter for what a box of any published CRS meets.

    Parameters
    ----------
    bounds : (float, float, float, float)
        Lower corner, upper corner, as the CRS orders their axes.
    definition : LayerDefinition
        The layer.
    crs : str
        Name of the CRS by OGC.

    Returns
    -------
    Filter
        Nothing, for a layer without geometries.

    Raises
    ------
    FilterError
        If the corners are not in order, or out of range.
    CrsError
        If the CRS is not published, or a corner has no place in it.
    """
    place = Placing(crs).box(bounds)
    try:
        return _filter(checked(Call("s_intersects", (Property(GEOMETRY), place)), definition), definition)
    except UnknownFieldError:
        return parse_filter("FALSE", definition=definition)


def both(first: Filter | None, second: Filter | None) -> Filter | None:
    """Return the filter that asks for what two filters of a layer ask for.

    Parameters
    ----------
    first, second : Filter or None
        None asks for everything.

    Returns
    -------
    Filter or None
        None if both are.
    """
    if first is None or second is None:
        return first or second
    node = Call("and", (first.expression, second.expression))
    return Filter(first.layer, to_text(node), node)


def condition(
    asked: Filter, definition: LayerDefinition, table: sa.FromClause, engine: Engine, *, indexed: bool | None = None
) -> sa.ColumnElement[bool]:
    """Return a filter as a condition in SQL.

    Parameters
    ----------
    asked : Filter
        A filter of the layer.
    definition : LayerDefinition
        The layer, with every field that the filter names.
    table : FromClause
        Has the layer's columns: its table, or rows that stand in for some of it.
    engine : Engine
        Says how its database speaks.
    indexed : bool, optional
        Whether `table` has the layer's spatial index; without it a table has and other rows have not.

    Returns
    -------
    ColumnElement of bool
        For a WHERE clause; it holds only where it is known to.
    """
    has_index = isinstance(table, sa.Table) if indexed is None else indexed
    return condition_of(asked.expression, definition, table, engine, indexed=has_index)
