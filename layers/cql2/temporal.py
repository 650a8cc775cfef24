"""How two times lie to each other, by OWL-Time; an interval holds both its ends, and an instant is both of its own."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

import sqlalchemy as sa

__all__ = ["Ends", "relation"]


class Ends(NamedTuple):
    """The ends of a time in SQL.

    Attributes
    ----------
    start, end : ColumnElement
        Days, or moments; the same for an instant.
    """

    start: sa.ColumnElement[Any]
    end: sa.ColumnElement[Any]


_RELATIONS: Final[dict[str, Callable[[Ends, Ends], Any]]] = {
    "t_after": lambda a, b: a.start > b.end,
    "t_before": lambda a, b: a.end < b.start,
    "t_disjoint": lambda a, b: sa.or_(a.end < b.start, a.start > b.end),
    "t_equals": lambda a, b: sa.and_(a.start == b.start, a.end == b.end),
    "t_intersects": lambda a, b: sa.and_(a.start <= b.end, a.end >= b.start),
    "t_contains": lambda a, b: sa.and_(a.start < b.start, a.end > b.end),
    "t_during": lambda a, b: sa.and_(a.start > b.start, a.end < b.end),
    "t_finishedby": lambda a, b: sa.and_(a.start < b.start, a.end == b.end),
    "t_finishes": lambda a, b: sa.and_(a.start > b.start, a.end == b.end),
    "t_meets": lambda a, b: a.end == b.start,
    "t_metby": lambda a, b: a.start == b.end,
    "t_overlappedby": lambda a, b: sa.and_(a.start > b.start, a.start < b.end, a.end > b.end),
    "t_overlaps": lambda a, b: sa.and_(a.start < b.start, a.end > b.start, a.end < b.end),
    "t_startedby": lambda a, b: sa.and_(a.start == b.start, a.end > b.end),
    "t_starts": lambda a, b: sa.and_(a.start == b.start, a.end < b.end),
}


def relation(name: str, first: Ends, second: Ends) -> Any:
    """Return whether a time lies so to another.

    Parameters
    ----------
    name : str
        A temporal function of CQL2, in small letters.
    first, second : Ends
        The two.

    Returns
    -------
    ColumnElement of bool
        Unknown where an end that counts is missing.
    """
    return _RELATIONS[name](first, second)
