"""A filter as a tree of values: what CQL2 text and CQL2 JSON both say, whichever of them was given.

Nothing in here knows a layer, a database or how a filter is written.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

from shapely.geometry.base import BaseGeometry

__all__ = [
    "ARITHMETIC",
    "ARRAY",
    "COMPARISONS",
    "INSTANTS_TOO",
    "INTERVALS_ONLY",
    "SPATIAL",
    "TEMPORAL",
    "Array",
    "Call",
    "Instant",
    "Literal",
    "Node",
    "Property",
    "Shape",
    "Span",
    "depth",
]

COMPARISONS: Final = ("=", "<>", "<", ">", "<=", ">=")
ARITHMETIC: Final = ("+", "-", "*", "/", "%", "div", "^")
SPATIAL: Final = (
    "s_intersects",
    "s_equals",
    "s_disjoint",
    "s_touches",
    "s_within",
    "s_overlaps",
    "s_crosses",
    "s_contains",
)
#: Temporal functions that take instants and intervals, and those that the standard defines for intervals only.
INSTANTS_TOO: Final = ("t_after", "t_before", "t_disjoint", "t_equals", "t_intersects")
INTERVALS_ONLY: Final = (
    "t_contains",
    "t_during",
    "t_finishedby",
    "t_finishes",
    "t_meets",
    "t_metby",
    "t_overlappedby",
    "t_overlaps",
    "t_startedby",
    "t_starts",
)
TEMPORAL: Final = INSTANTS_TOO + INTERVALS_ONLY
ARRAY: Final = ("a_equals", "a_contains", "a_containedby", "a_overlaps")


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, a number or a truth value.

    Parameters
    ----------
    value : str, int, float or bool
        As written.
    """

    value: str | int | float | bool

    def __eq__(self, other: object) -> bool:
        """Tell 1 from true, which Python holds for equal; 1 and 1.0 are the same number."""
        return (
            isinstance(other, Literal)
            and isinstance(self.value, bool) is isinstance(other.value, bool)
            and self.value == other.value
        )

    def __hash__(self) -> int:
        """Agree with `__eq__`."""
        return hash((isinstance(self.value, bool), self.value))


@dataclass(frozen=True, slots=True)
class Instant:
    """A day, or a moment of a day.

    Parameters
    ----------
    value : datetime.date or datetime.datetime
        A moment is in UTC.
    """

    value: dt.date | dt.datetime


@dataclass(frozen=True, slots=True)
class Span:
    """Time from a start to an end, both inclusive.

    Parameters
    ----------
    start, end : Node or None
        Instants, fields or functions; None is open.
    """

    start: Node | None
    end: Node | None


@dataclass(frozen=True, slots=True)
class Shape:
    """A place.

    Parameters
    ----------
    geometry : BaseGeometry
        Longitude and latitude of WGS 84; with heights where they were given.
    bounds : tuple of float or None
        Four or six numbers, where the place was given as a box.
    """

    geometry: BaseGeometry
    bounds: tuple[float, ...] | None = None


@dataclass(frozen=True, slots=True)
class Property:
    """The value that a feature has in a field.

    Parameters
    ----------
    name : str
        The field, or `geometry`.
    """

    name: str


@dataclass(frozen=True, slots=True)
class Array:
    """A set of values.

    Parameters
    ----------
    items : tuple of Node
        In the order given, which means nothing.
    """

    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or a function with what it is applied to.

    Parameters
    ----------
    name : str
        In small letters: ``and``, ``=``, ``like``, ``s_intersects``, ``year``.
    args : tuple of Node
        As many as the operator takes.
    """

    name: str
    args: tuple[Node, ...]


Node = Literal | Instant | Span | Shape | Property | Array | Call


def depth(node: Node) -> int:
    """Return how deep parts of a tree lie in each other.

    Parameters
    ----------
    node : Node
        The top.

    Returns
    -------
    int
        1 for a node without parts.
    """
    parts: tuple[Node, ...] = ()
    if isinstance(node, Call):
        parts = node.args
    elif isinstance(node, Array):
        parts = node.items
    return 1 + max(map(depth, parts), default=0)
