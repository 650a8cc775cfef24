"""The functions by which filters look into a GeoPackage: SQLite has neither Unicode nor geometry of its own.

Each returns missing for missing. Geometries are blobs of the GeoPackage or, where a filter states them, plain WKB.
"""

from __future__ import annotations

import datetime as dt
import math
import operator
import re
import sqlite3
import struct
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

import orjson
import shapely
from shapely.geometry.base import BaseGeometry

from layers.cql2.dialects import LEAST, MOST, MOST_LOG
from layers.cql2.letters import without_accents, without_case
from layers.store.blobs import from_blob

__all__ = ["register_filter_functions"]

_MAGIC: Final = b"GP"
_UNIX: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)
_ISO: Final = re.compile(
    r"\d{4}-\d{2}-\d{2}([Tt]\d{2}:[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-](0\d|1[0-4]):[0-5]\d))?", re.ASCII
)
#: Relations as a prepared geometry on the left answers them.
_PREPARED: Final[dict[str, Callable[[BaseGeometry, BaseGeometry], Any]]] = {
    "s_intersects": shapely.intersects,
    "s_disjoint": shapely.disjoint,
    "s_equals": shapely.equals,
    "s_touches": shapely.touches,
    "s_crosses": shapely.crosses,
    "s_overlaps": shapely.overlaps,
    "s_within": shapely.contains,
    "s_contains": shapely.within,
}
_SETS: Final[dict[str, Callable[[set[Any], set[Any]], bool]]] = {
    "a_equals": lambda a, b: a == b,
    "a_contains": lambda a, b: a >= b,
    "a_containedby": lambda a, b: a <= b,
    "a_overlaps": lambda a, b: not a.isdisjoint(b),
}
_ROUNDED: Final[dict[str, Callable[[float], float]]] = {
    "floor": math.floor,
    "ceiling": math.ceil,
}


def register_filter_functions(driver: sqlite3.Connection) -> None:
    """Register what filters call.

    Parameters
    ----------
    driver : sqlite3.Connection
        A new connection.
    """
    functions: tuple[tuple[str, int, Callable[..., Any]], ...] = (
        ("parkplan_fold", 1, _given(without_case)),
        ("parkplan_plain", 1, _given(without_accents)),
        ("parkplan_relate", 3, _relate),
        ("parkplan_geometry_type", 1, _given(lambda blob: shapely.from_wkb(_wkb(blob)).geom_type)),
        ("parkplan_moment", 2, _given(_moment)),
        ("parkplan_part", 2, _given(_part)),
        ("parkplan_round", 2, _given(_round)),
        ("parkplan_sum", 3, _given(_sum)),
        ("parkplan_split", 2, _given(_split)),
        ("parkplan_sets", 3, _given(_sets)),
    )
    for name, count, function in functions:
        driver.create_function(name, count, function, deterministic=True)


def _given(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that gives missing where something is missing."""
    return lambda *values: None if None in values else function(*values)


def _wkb(blob: bytes) -> bytes:
    return from_blob(blob) if blob[:2] == _MAGIC else blob


@lru_cache(maxsize=64)
def _stated(wkb: bytes) -> tuple[BaseGeometry, tuple[float, float, float, float]]:
    """Return a geometry that a filter states, prepared for many questions, and its bounds."""
    geometry = shapely.from_wkb(wkb)
    shapely.prepare(geometry)
    minx, miny, maxx, maxy = shapely.bounds(geometry).tolist()
    return geometry, (minx, miny, maxx, maxy)


def _relate(name: str, a: bytes | None, b: bytes | None) -> int | None:
    if a is None or b is None:
        return None
    if b[:2] == _MAGIC:
        # Two columns: nothing to prepare.
        return int(_PREPARED[name](shapely.from_wkb(from_blob(b)), shapely.from_wkb(_wkb(a))))
    geometry, (minx, miny, maxx, maxy) = _stated(b)
    if a[:2] == _MAGIC and a[3] >> 1 & 7:
        left, right, low, high = struct.unpack_from(("<" if a[3] & 1 else ">") + "4d", a, 8)
        if left > maxx or right < minx or low > maxy or high < miny:
            return int(name == "s_disjoint")
    return int(_PREPARED[name](geometry, shapely.from_wkb(_wkb(a))))


def _moment(text: str, last: int) -> int | None:
    """Return microseconds since 1970 of a day's first or last moment, or of a moment."""
    if not _ISO.fullmatch(text):
        return None
    try:
        if len(text) > len("2030-12-31"):
            moment = dt.datetime.fromisoformat(text.upper())
        else:
            clock = dt.time.max if last else dt.time.min
            moment = dt.datetime.combine(dt.date.fromisoformat(text), clock, tzinfo=dt.UTC)
    except ValueError:  # a day that no calendar has
        return None
    return (moment - _UNIX) // _MICROSECOND


def _part(name: str, value: str | int) -> int:
    if isinstance(value, int):
        return int(getattr(_UNIX + value * _MICROSECOND, name))
    return int(getattr(dt.date.fromisoformat(value), name))


def _round(value: float, name: str) -> float | None:
    return float(_ROUNDED[name](value)) if math.isfinite(value) else value


def _sum(first: float, name: str, second: float) -> float | None:
    sign, _, turned = name.partition(" ")
    a, b = (second, first) if turned else (first, second)
    a_, b_ = _bounded(a), _bounded(b)
    return None if a_ is None or b_ is None else _OPERATORS[sign](a_, b_)


def _bounded(value: float) -> float | None:
    """Return a number that can be multiplied and divided, as on the other engine."""
    size = abs(value)
    return 0.0 if size < LEAST else None if size > MOST else float(value)


def _power(base: float, exponent: float) -> float | None:
    if (base == 0 and exponent < 0) or (base < 0 and exponent != math.trunc(exponent)):
        return None
    size = math.log(abs(base)) * exponent if base else 0.0
    return None if size > MOST_LOG else 0.0 if size < -MOST_LOG else math.pow(base, exponent)


def _divided(a: float, b: float) -> float | None:
    return a / b if b else None


def _whole(a: float, b: float) -> float | None:
    return float(math.trunc(a / b)) if b else None


def _rest(a: float, b: float) -> float | None:
    taken = None if (whole := _whole(a, b)) is None else _bounded(b * whole)
    return None if taken is None else a - taken


_OPERATORS: Final[dict[str, Callable[[float, float], float | None]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": _divided,
    "div": _whole,
    "%": _rest,
    "^": _power,
}


def _split(text: str, separator: str) -> str:
    parts = [] if not text else text.split(separator) if separator else [text]
    return orjson.dumps(parts).decode()


def _sets(name: str, a: str, b: str) -> int:
    # What is missing is equal to nothing, as on the other engine.
    first, second = ({object() if item is None else item for item in orjson.loads(text)} for text in (a, b))
    return int(_SETS[name](first, second))
