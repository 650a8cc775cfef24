"""Writing a filter: the tree as CQL2 JSON and as CQL2 text. Reading what was written gives the same tree."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any, Final

import orjson
import shapely

from layers.cql2.nodes import ARITHMETIC, COMPARISONS, Array, Call, Instant, Literal, Node, Property, Shape, Span

__all__ = ["RESERVED", "instant_text", "to_json", "to_text"]

JsonObject = dict[str, Any]

#: Names that the text form reads as something else; as names of fields they stand in quotes.
_WORDS: Final = (
    "and or not like between in is null true false div casei accenti date timestamp interval bbox point linestring "
    "polygon multipoint multilinestring multipolygon geometrycollection"
)
RESERVED: Final = frozenset(_WORDS.split())
_PLAIN_NAME: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
#: Names of functions as the standard's JSON writes them.
_JSON_NAMES: Final = {
    "isnull": "isNull",
    "a_containedby": "a_containedBy",
    "t_finishedby": "t_finishedBy",
    "t_metby": "t_metBy",
    "t_overlappedby": "t_overlappedBy",
    "t_startedby": "t_startedBy",
}
_CONTROLS: Final = {"\a": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r"}
_QUOTED: Final = str.maketrans({"'": "''", **_CONTROLS})

#: How strongly operators of the text form hold their operands together.
_OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _POWER, _ATOM = range(1, 9)
_STRENGTH: Final = {
    "or": _OR,
    "and": _AND,
    "not": _NOT,
    **dict.fromkeys((*COMPARISONS, "like", "between", "in", "isnull"), _COMPARISON),
    **dict.fromkeys(("+", "-"), _SUM),
    **dict.fromkeys(("*", "/", "%", "div"), _PRODUCT),
    "^": _POWER,
}


def instant_text(value: dt.date | dt.datetime) -> str:
    """Return a day or a moment as the standard writes it.

    Parameters
    ----------
    value : datetime.date or datetime.datetime
        A moment is in UTC.

    Returns
    -------
    str
        RFC 3339.
    """
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).replace(tzinfo=None).isoformat() + "Z"
    return value.isoformat()


def to_json(node: Node) -> Any:
    """Return a tree as CQL2 JSON.

    Parameters
    ----------
    node : Node
        The tree.

    Returns
    -------
    object
        Plain values, for a JSON writer.
    """
    if isinstance(node, Literal):
        return node.value
    if isinstance(node, Property):
        return {"property": node.name}
    if isinstance(node, Instant):
        return {"timestamp" if isinstance(node.value, dt.datetime) else "date": instant_text(node.value)}
    if isinstance(node, Span):
        return {"interval": [_end_json(node.start), _end_json(node.end)]}
    if isinstance(node, Shape):
        if node.bounds is not None:
            return {"bbox": list(node.bounds)}
        document: JsonObject = orjson.loads(shapely.to_geojson(node.geometry))
        return document
    if isinstance(node, Array):
        return [to_json(item) for item in node.items]
    return {"op": _JSON_NAMES.get(node.name, node.name), "args": [to_json(part) for part in node.args]}


def _end_json(end: Node | None) -> Any:
    if end is None:
        return ".."
    return instant_text(end.value) if isinstance(end, Instant) else to_json(end)


def to_text(node: Node) -> str:
    """Return a tree as CQL2 text, in one form for all ways of writing it.

    Parameters
    ----------
    node : Node
        The tree.

    Returns
    -------
    str
        With parentheses only where they are needed.

    Examples
    --------
    >>> to_text(Call("and", (Property("open"), Call("not", (Call("=", (Property("a"), Literal(1))),)))))
    'open AND NOT a = 1'
    """
    return _text(node, 0)


def _text(node: Node, least: int) -> str:
    written, strength = _written(node)
    return f"({written})" if strength < least else written


def _written(node: Node) -> tuple[str, int]:
    """Return the text of a node and how strongly it holds together."""
    if isinstance(node, Literal):
        return _literal(node), _ATOM
    if isinstance(node, Property):
        return _name(node.name), _ATOM
    if isinstance(node, Instant):
        word = "TIMESTAMP" if isinstance(node.value, dt.datetime) else "DATE"
        return f"{word}('{instant_text(node.value)}')", _ATOM
    if isinstance(node, Span):
        return f"INTERVAL({_end(node.start)}, {_end(node.end)})", _ATOM
    if isinstance(node, Shape):
        return _shape(node), _ATOM
    if isinstance(node, Array):
        return f"({', '.join(_text(item, _SUM) for item in node.items)})", _ATOM
    writer = _WRITERS.get(node.name)
    if writer is not None:
        return writer(node), _STRENGTH[node.name]
    shown = node.name.upper() if node.name.startswith(("s_", "t_", "a_")) else node.name
    shown = shown.upper() if node.name in ("casei", "accenti") else shown
    return f"{shown}({', '.join(_text(part, 0) for part in node.args)})", _ATOM


def _literal(node: Literal) -> str:
    if isinstance(node.value, bool):
        return str(node.value).upper()
    if isinstance(node.value, str):
        return f"'{node.value.replace(chr(92), chr(92) * 2).translate(_QUOTED)}'"
    return _number(node.value)


def _number(value: float) -> str:
    return str(int(value)) if float(value).is_integer() and abs(value) < 1e15 else repr(value)


def _name(name: str) -> str:
    plain = _PLAIN_NAME.fullmatch(name) and name.lower() not in RESERVED
    return name if plain else '"' + name.replace('"', '""') + '"'


def _end(end: Node | None) -> str:
    if end is None:
        return "'..'"
    return f"'{instant_text(end.value)}'" if isinstance(end, Instant) else _text(end, 0)


def _shape(node: Shape) -> str:
    if node.bounds is not None:
        return f"BBOX({', '.join(map(_number, node.bounds))})"
    # GEOS writes shortest numbers that read back as the same.
    return str(shapely.to_wkt(node.geometry, rounding_precision=-1, output_dimension=3))


def _joined(node: Call) -> str:
    strength = _STRENGTH[node.name]
    return f" {node.name.upper()} ".join(_text(part, strength + 1) for part in node.args)


def _not(node: Call) -> str:
    return f"NOT {_text(node.args[0], _NOT)}"


def _infix(node: Call) -> str:
    """Write a comparison or a sum; those of equal strength are read from the left."""
    strength = _STRENGTH[node.name]
    left, right = node.args
    first = strength if node.name in ARITHMETIC else strength + 1
    return f"{_text(left, first)} {node.name.upper()} {_text(right, strength + 1)}"


def _like(node: Call) -> str:
    return f"{_text(node.args[0], _SUM)} LIKE {_pattern(node.args[1])}"


def _pattern(node: Node) -> str:
    """Write a pattern, whose backslashes mean something to LIKE and stay as they are."""
    if isinstance(node, Call):
        return f"{node.name.upper()}({_pattern(node.args[0])})"
    if isinstance(node, Literal) and isinstance(node.value, str):
        return f"'{node.value.translate(_QUOTED)}'"
    return _text(node, _SUM)


def _between(node: Call) -> str:
    value, low, high = (_text(part, _SUM) for part in node.args)
    return f"{value} BETWEEN {low} AND {high}"


def _in(node: Call) -> str:
    return f"{_text(node.args[0], _SUM)} IN {_text(node.args[1], _ATOM)}"


def _is_null(node: Call) -> str:
    return f"{_text(node.args[0], _SUM)} IS NULL"


_WRITERS: Final[dict[str, Callable[[Call], str]]] = {
    "and": _joined,
    "or": _joined,
    "not": _not,
    **dict.fromkeys((*COMPARISONS, *ARITHMETIC), _infix),
    "like": _like,
    "between": _between,
    "in": _in,
    "isnull": _is_null,
}
