"""Reading a filter: CQL2 text by the `cql2` library, and CQL2 JSON, into one tree; limits before anything else.

The library reads text into JSON. What it does not do is done here: escapes in texts, limits that keep its stack whole,
and errors that a person can act on.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable
from typing import Any, Final

import cql2
import orjson
import shapely
from shapely.errors import ShapelyError
from shapely.geometry.base import BaseGeometry

from layers.cql2.expected import expectations
from layers.cql2.nodes import ARITHMETIC, COMPARISONS, Array, Call, Instant, Literal, Node, Property, Span
from layers.cql2.patterns import Wildcard, pattern_parts, pattern_text
from layers.cql2.shapes import Placing
from layers.errors import FilterError
from layers.types import Text

__all__ = ["MAX_DEPTH", "MAX_LENGTH", "read_json", "read_text"]

#: Characters of a filter, and how deep its parts may lie in each other; SQL is built by functions that call themselves.
MAX_LENGTH: Final = 100_000
MAX_DEPTH: Final = 24
#: Parentheses inside each other, which the library reads so.
_MAX_PARENTHESES: Final = 100
#: Signs and words that the library reads one inside the other.
_MAX_OPERATORS: Final = 400
#: Of the pattern of LIKE.
_PATTERN_LENGTH: Final = 1_000
_PATTERN_WILDCARDS: Final = 10
#: Whole numbers from here on are rounded when they are read as text.
_EXACT_DIGITS: Final = 15

_STRINGS: Final = re.compile(r"""'(?:[^'\\]|''|\\.)*'|"(?:[^"]|"")*\"""", re.DOTALL)
_NUMBER: Final = r"[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_POSITION: Final = re.compile(rf"(?<=[(,])\s*{_NUMBER}(?:\s+{_NUMBER}){{1,3}}(?=\s*[,)])")
_NESTING: Final = re.compile(r"[-+*/%^]|\b(?:NOT|DIV)\b", re.IGNORECASE)
_LONG: Final = re.compile(rf"(?<![\w.])\d{{{_EXACT_DIGITS + 1},}}(?![\w.])")
_PLACE: Final = re.compile(r"--> (\d+):(\d+)")
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_CONTROLS: Final = {"a": "\a", "b": "\b", "t": "\t", "n": "\n", "v": "\v", "f": "\f", "r": "\r", "'": "'"}
_DAY: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_MOMENT: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})")
_GEOMETRIES: Final = (
    "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection",
)  # fmt: skip
#: How many arguments an operator takes; two or more is 0.
_ARITY: Final = {
    "and": 0,
    "or": 0,
    "not": 1,
    "like": 2,
    "between": 3,
    "in": 2,
    "isnull": 1,
    "casei": 1,
    "accenti": 1,
    **dict.fromkeys((*COMPARISONS, *ARITHMETIC), 2),
}

_EXPRESSION: Final = Text(
    vi="một biểu thức CQL2: giá trị, trường, hàm hoặc phép toán",
    en="a CQL2 expression: value, field, function, operator",
)
_INSTANT: Final = Text(
    vi="ngày '2030-12-31' hoặc thời điểm '2030-12-31T00:00:00Z' có trong lịch",
    en="a day '2030-12-31' or a moment '2030-12-31T00:00:00Z' that the calendar has",
)
_DEPTH: Final = Text(vi=f"tối đa {MAX_DEPTH} tầng lồng nhau", en=f"at most {MAX_DEPTH} levels of nesting")


def read_text(text: str, placing: Placing) -> Node:
    """Read CQL2 text.

    Parameters
    ----------
    text : str
        A filter.
    placing : Placing
        Puts its places on the earth.

    Returns
    -------
    Node
        Its tree; names, types and places are not looked at yet.

    Raises
    ------
    FilterError
        If it is too long or too deep, or no CQL2 text; tells the place and what was expected there.
    """
    _check_length(text)
    _check_text(text)
    # A quote behind a backslash is part of the text; the library knows only the doubled one.
    plain = _STRINGS.sub(_with_doubled_quotes, text)
    try:
        document = cql2.parse_text(plain).to_json()
    except cql2.ParseError as error:
        raise _syntax_error(text, str(error)) from error
    except Exception as error:  # the library raises this bare class for shapes that it cannot make
        raise FilterError(seen=_shown(text), wanted=_EXPRESSION, position=None) from error
    return _Reader(placing, escaped=True).node(document)


def read_json(text: str, placing: Placing) -> Node:
    """Read CQL2 JSON.

    Parameters
    ----------
    text : str
        A filter.
    placing : Placing
        Puts its places on the earth.

    Returns
    -------
    Node
        Its tree; names, types and places are not looked at yet.

    Raises
    ------
    FilterError
        If it is too long or too deep, or no CQL2 JSON.
    """
    _check_length(text)
    try:
        document = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        seen = Text(
            vi=f"{_shown(text[error.pos :]) or 'hết bộ lọc'} ở ký tự {error.pos + 1}",
            en=f"{_shown(text[error.pos :]) or 'the end'} at character {error.pos + 1}",
        )
        raise FilterError(seen=seen, wanted=Text(vi="JSON hợp lệ", en="valid JSON"), position=error.pos + 1) from error
    return _Reader(placing, escaped=False).node(document)


def _check_length(text: str) -> None:
    if len(text) > MAX_LENGTH:
        seen = Text(vi=f"{len(text)} ký tự", en=f"{len(text)} characters")
        wanted = Text(vi=f"tối đa {MAX_LENGTH} ký tự", en=f"at most {MAX_LENGTH} characters")
        raise FilterError(seen=seen, wanted=wanted)
    if not text.strip():
        raise FilterError(seen=Text(vi="bộ lọc rỗng", en="an empty filter"), wanted=_EXPRESSION)


def _check_text(text: str) -> None:
    """Refuse what would exhaust the library's stack, and numbers that it would round."""
    bare = _STRINGS.sub(lambda found: "x" * len(found[0]), text)
    depth = deepest = place = 0
    for position, sign in enumerate(bare):
        depth += (sign == "(") - (sign == ")")
        if depth > deepest:
            deepest, place = depth, position
    if deepest > _MAX_PARENTHESES:
        seen = Text(
            vi=f"{deepest} tầng ngoặc, ký tự {place + 1}", en=f"{deepest} parentheses deep, character {place + 1}"
        )
        wanted = Text(vi=f"tối đa {_MAX_PARENTHESES}", en=f"at most {_MAX_PARENTHESES}")
        raise FilterError(seen=seen, wanted=wanted, position=place + 1)
    without_places = _POSITION.sub("", bare)
    if (operators := len(_NESTING.findall(without_places))) > _MAX_OPERATORS:
        seen = Text(vi=f"{operators} phép tính và NOT", en=f"{operators} arithmetic operators and NOT")
        wanted = Text(vi=f"tối đa {_MAX_OPERATORS}", en=f"at most {_MAX_OPERATORS}")
        raise FilterError(seen=seen, wanted=wanted)
    if long := _LONG.search(without_places):
        wanted = Text(
            vi=f"số nguyên tối đa {_EXACT_DIGITS} chữ số (cql2-json nhận đến 19)",
            en=f"a whole number of at most {_EXACT_DIGITS} digits (cql2-json takes 19)",
        )
        raise FilterError(seen=long[0], wanted=wanted)


def _with_doubled_quotes(found: re.Match[str]) -> str:
    string = found[0]
    if string[0] != "'":
        return string
    return _ESCAPE.sub(lambda pair: "''" if pair[1] == "'" else pair[0], string[1:-1]).join("''")


def _syntax_error(text: str, message: str) -> FilterError:
    found = _PLACE.search(message)
    line, column = (int(found[1]), int(found[2])) if found else (1, 1)
    lines = text.split("\n")
    position = sum(len(each) + 1 for each in lines[: line - 1]) + column
    rest = text[position - 1 :]
    seen = Text(
        vi=f"{_shown(rest) if rest.strip() else 'hết bộ lọc'} ở ký tự {position}",
        en=f"{_shown(rest) if rest.strip() else 'the end of the filter'} at character {position}",
    )
    return FilterError(seen=seen, wanted=expectations(message), position=position)


def _shown(text: object) -> str:
    shown = str(text)
    return repr(shown if len(shown) <= 40 else f"{shown[:40]}…")


class _Reader:
    """Reads JSON into a tree.

    Parameters
    ----------
    placing : Placing
        Puts its places on the earth.
    escaped : bool
        Whether texts still hold the escapes of the text form.
    """

    def __init__(self, placing: Placing, *, escaped: bool) -> None:
        self.placing = placing
        self.escaped = escaped

    def node(self, value: Any, depth: int = 1) -> Node:
        if depth > MAX_DEPTH:
            raise FilterError(seen=Text(vi=f"{depth} tầng", en=f"{depth} levels"), wanted=_DEPTH)
        if isinstance(value, str):
            return Literal(self._text(value))
        if isinstance(value, bool):
            return Literal(value)
        if isinstance(value, int | float):
            return Literal(_number(value))
        if isinstance(value, list):
            return Array(tuple(self.node(item, depth + 1) for item in value))
        if isinstance(value, dict):
            for key, read in self._members().items():
                if key in value:
                    return read(value, depth)
        if value is None:
            wanted = Text(vi="IS NULL để tìm giá trị trống", en="IS NULL, to ask for what is missing")
            raise FilterError(seen="NULL", wanted=wanted)
        raise FilterError(seen=_shown(value), wanted=_EXPRESSION)

    def _members(self) -> dict[str, Callable[[dict[str, Any], int], Node]]:
        return {
            "op": self._call,
            "property": _property,
            "date": lambda value, _: _instant(value["date"], day=True),
            "timestamp": lambda value, _: _instant(value["timestamp"], day=False),
            "interval": self._span,
            "bbox": lambda value, _: self.placing.box(_corners(value["bbox"])),
            "type": lambda value, _: self.placing.shape(_geometry(value)),
        }

    def _text(self, text: str) -> str:
        if "\0" in text:
            wanted = Text(vi="văn bản không có ký tự NUL", en="a text without a NUL character")
            raise FilterError(seen=_shown(text), wanted=wanted)
        if not self.escaped:
            return text
        return _ESCAPE.sub(lambda found: _CONTROLS.get(found[1], found[1] if found[1] == "\\" else found[0]), text)

    def _pattern(self, value: Any, depth: int) -> Node:
        """Read the pattern of LIKE, in which a backslash also takes a wildcard as it is."""
        if isinstance(value, str):
            text = _ESCAPE.sub(lambda found: _CONTROLS.get(found[1], found[0]), value) if self.escaped else value
            return Literal(_pattern_of(text))
        if isinstance(value, dict) and str(value.get("op", "")).lower() in ("casei", "accenti"):
            name, args = self._parts(value)
            return Call(name, tuple(self._pattern(part, depth + 1) for part in args))
        wanted = Text(vi="mẫu là văn bản, có thể trong CASEI hoặc ACCENTI", en="a text, perhaps in CASEI or ACCENTI")
        raise FilterError(seen=_shown(value), wanted=wanted)

    def _parts(self, value: dict[str, Any]) -> tuple[str, list[Any]]:
        name, args = value["op"], value.get("args", [])
        if not isinstance(name, str) or not isinstance(args, list):
            raise FilterError(seen=_shown(value), wanted=_EXPRESSION)
        name = name.lower()
        wanted = _ARITY.get(name)
        if wanted is not None and (len(args) < 2 if wanted == 0 else len(args) != wanted):
            many = Text(vi="từ 2 đối số", en="2 arguments or more")
            exact = Text(vi=f"{wanted} đối số", en=f"{wanted} arguments")
            seen = Text(vi=f"{name} với {len(args)}", en=f"{name} with {len(args)}")
            raise FilterError(seen=seen, wanted=many if wanted == 0 else exact)
        return name, args

    def _call(self, value: dict[str, Any], depth: int) -> Node:
        name, args = self._parts(value)
        if name == "like":
            return Call(name, (self.node(args[0], depth + 1), self._pattern(args[1], depth + 1)))
        parts = tuple(self.node(part, depth + 1) for part in args)
        if name in ("and", "or"):
            # One after another or one in another, it is the same condition.
            parts = tuple(inner for part in parts for inner in _same(part, name))
        return Call(name, parts)

    def _span(self, value: dict[str, Any], depth: int) -> Node:
        ends = value["interval"]
        if not isinstance(ends, list) or len(ends) != 2:
            wanted = Text(vi="hai đầu của khoảng", en="the two ends of an interval")
            raise FilterError(seen=_shown(ends), wanted=wanted)
        start, end = (self._end(part, depth + 1) for part in ends)
        return Span(start, end)

    def _end(self, value: Any, depth: int) -> Node | None:
        if value in ("..", ""):
            return None
        if isinstance(value, str):
            return _instant(value, day=bool(_DAY.fullmatch(value)))
        return self.node(value, depth)


def _pattern_of(text: str) -> str:
    """Return a pattern in its one form; many wildcards would have a database try too many ways."""
    parts = pattern_parts(text)
    if "\0" in text or len(text) > _PATTERN_LENGTH or parts.count(Wildcard.ANY) > _PATTERN_WILDCARDS:
        wanted = Text(
            vi=f"mẫu không quá {_PATTERN_LENGTH} ký tự và {_PATTERN_WILDCARDS} dấu %",
            en=f"a pattern of at most {_PATTERN_LENGTH} characters and {_PATTERN_WILDCARDS} signs %",
        )
        raise FilterError(seen=_shown(text), wanted=wanted)
    return pattern_text(parts)


def _same(node: Node, name: str) -> tuple[Node, ...]:
    return node.args if isinstance(node, Call) and node.name == name else (node,)


def _property(value: dict[str, Any], _: int) -> Node:
    if not isinstance(value["property"], str):
        raise FilterError(seen=_shown(value["property"]), wanted=Text(vi="tên trường", en="the name of a field"))
    return Property(value["property"])


def _number(value: float) -> int | float:
    if not math.isfinite(value):
        raise FilterError(seen=value, wanted=Text(vi="số hữu hạn", en="a finite number"))
    whole = float(value).is_integer() and abs(value) < 10**_EXACT_DIGITS
    return int(value) if whole else value


def _instant(text: Any, *, day: bool) -> Instant:
    try:
        if day and _DAY.fullmatch(text):
            return Instant(dt.date.fromisoformat(text))
        if not day and _MOMENT.fullmatch(text):
            return Instant(dt.datetime.fromisoformat(text.upper()).astimezone(dt.UTC))
    except (ValueError, TypeError, OverflowError) as error:
        raise FilterError(seen=_shown(text), wanted=_INSTANT) from error
    raise FilterError(seen=_shown(text), wanted=_INSTANT)


def _corners(numbers: Any) -> tuple[float, ...]:
    listed: list[Any] = numbers if isinstance(numbers, list) else []
    plain = all(type(number) in (int, float) and math.isfinite(number) for number in listed)
    if not plain or len(listed) not in (4, 6):
        wanted = Text(vi="BBOX với 4 hoặc 6 số", en="BBOX with 4 or 6 numbers")
        raise FilterError(seen=_shown(numbers), wanted=wanted)
    return tuple(float(number) for number in listed)


def _geometry(value: dict[str, Any]) -> BaseGeometry:
    wanted = Text(vi="một hình học GeoJSON", en="a GeoJSON geometry")
    if value["type"] not in _GEOMETRIES:
        raise FilterError(seen=_shown(value["type"]), wanted=wanted)
    try:
        shape = shapely.from_geojson(orjson.dumps(value))
    except ShapelyError as error:
        raise FilterError(seen=f"{value['type']} ({error})", wanted=wanted) from error
    if shape.is_empty or not all(map(math.isfinite, shapely.get_coordinates(shape).ravel())):
        raise FilterError(seen=_shown(shape.wkt), wanted=wanted)
    return shape
