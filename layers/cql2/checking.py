"""Does a filter fit a layer? Every name is looked up and every operator's arguments are held against what it takes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

from layers.cql2.encoding import to_text
from layers.cql2.functions import FUNCTIONS, Kind
from layers.cql2.nodes import (
    ARITHMETIC,
    ARRAY,
    COMPARISONS,
    INTERVALS_ONLY,
    SPATIAL,
    TEMPORAL,
    Array,
    Call,
    Instant,
    Literal,
    Node,
    Property,
    Shape,
    Span,
)
from layers.definitions import ID_FIELD, LayerDefinition
from layers.errors import FilterError, UnknownFieldError
from layers.types import Text

__all__ = ["GEOMETRY", "checked", "kind_of"]

#: The geometry's name among the queryables; `geom` is what the tables call it.
GEOMETRY: Final = "geometry"
#: CASEI and ACCENTI inside each other; one of each says it all.
MAX_FOLDS: Final = 4
#: Values that IN takes.
MAX_ITEMS: Final = 10_000
_GEOMETRY_NAMES: Final = (GEOMETRY, "geom")
_KINDS: Final[dict[str, Kind]] = {
    "text": "text",
    "integer": "number",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
}
_WORDS: Final[dict[Kind, Text]] = {
    "text": Text(vi="văn bản", en="a text"),
    "number": Text(vi="số", en="a number"),
    "boolean": Text(vi="giá trị đúng/sai", en="a truth value"),
    "date": Text(vi="ngày", en="a day"),
    "timestamp": Text(vi="thời điểm", en="a moment"),
    "interval": Text(vi="khoảng thời gian", en="an interval"),
    "geometry": Text(vi="hình học", en="a geometry"),
    "texts": Text(vi="tập văn bản", en="a set of texts"),
    "numbers": Text(vi="tập số", en="a set of numbers"),
    "nothing": Text(vi="tập rỗng", en="an empty set"),
}
_TIMES: Final[tuple[Kind, ...]] = ("date", "timestamp")
_ORDERED: Final[tuple[Kind, ...]] = ("text", "number", "date", "timestamp")


def checked(node: Node, definition: LayerDefinition) -> Node:
    """Check a filter against a layer.

    Parameters
    ----------
    node : Node
        The filter.
    definition : LayerDefinition
        The layer.

    Returns
    -------
    Node
        The filter, with names as the layer has them.

    Raises
    ------
    UnknownFieldError
        If it names a field that the layer has not.
    FilterError
        If an operator is given what it does not take, or the whole is no condition.
    """
    named = _named(node, definition)
    if kind_of(named, definition) != "boolean":
        raise FilterError(seen=_shown(named), wanted=Text(vi="một điều kiện", en="a condition"))
    return named


def _named(node: Node, definition: LayerDefinition) -> Node:
    if isinstance(node, Property):
        return Property(_field_name(node.name, definition))
    if isinstance(node, Call):
        return Call(node.name, tuple(_named(part, definition) for part in node.args))
    if isinstance(node, Array):
        return Array(tuple(_named(item, definition) for item in node.items))
    if isinstance(node, Span):
        start, end = (None if part is None else _named(part, definition) for part in (node.start, node.end))
        return Span(start, end)
    return node


def _field_name(name: str, definition: LayerDefinition) -> str:
    """Return a field's own name; names of fields are in small letters, so capitals cannot mean another one."""
    small = name.lower()
    if small in _GEOMETRY_NAMES and definition.spatial:
        return GEOMETRY
    names = [ID_FIELD, *(field.name for field in definition.all_fields)]
    if small in names:
        return small
    known = [*([GEOMETRY] if definition.spatial else []), *names]
    raise UnknownFieldError(seen=name[:100], wanted=", ".join(known), where=definition.id)


def kind_of(node: Node, definition: LayerDefinition) -> Kind:
    """Return what an expression gives, and check it on the way.

    Parameters
    ----------
    node : Node
        An expression with names as the layer has them.
    definition : LayerDefinition
        The layer.

    Returns
    -------
    str
        Its kind.

    Raises
    ------
    FilterError
        If an operator is given what it does not take.
    """
    if isinstance(node, Literal):
        return "boolean" if isinstance(node.value, bool) else "text" if isinstance(node.value, str) else "number"
    if isinstance(node, Instant):
        return "timestamp" if hasattr(node.value, "hour") else "date"
    if isinstance(node, Shape):
        return "geometry"
    if isinstance(node, Property):
        if node.name == GEOMETRY:
            return "geometry"
        return "text" if node.name == ID_FIELD else _KINDS[definition.field(node.name).type]
    if isinstance(node, Span):
        for end in (node.start, node.end):
            if end is not None:
                _time(end, definition)
        _check_order(node)
        return "interval"
    if isinstance(node, Array):
        return _set_kind(node, definition)
    return _check_call(node, definition)


def _check_order(span: Span) -> None:
    start, end = span.start, span.end
    same = isinstance(start, Instant) and isinstance(end, Instant) and type(start.value) is type(end.value)
    if same and start.value > end.value:  # type: ignore[union-attr, operator]
        wanted = Text(vi="đầu không sau cuối", en="a start that is not after the end")
        raise FilterError(seen=_shown(span), wanted=wanted)


def _check_call(node: Call, definition: LayerDefinition) -> Kind:
    check = _CHECKS.get(node.name)
    if check is not None:
        return check(node, definition)
    function = FUNCTIONS.get(node.name)
    if function is None:
        wanted = Text(
            vi=f"một hàm có trong /functions: {', '.join(FUNCTIONS)}",
            en=f"a function of /functions: {', '.join(FUNCTIONS)}",
        )
        raise FilterError(seen=f"{node.name[:100]}()", wanted=wanted)
    if len(node.args) != len(function.arguments):
        count = len(function.arguments)
        seen = Text(vi=f"{node.name} với {len(node.args)}", en=f"{node.name} with {len(node.args)}")
        raise FilterError(seen=seen, wanted=Text(vi=f"{count} đối số", en=f"{count} arguments"))
    for part, argument in zip(node.args, function.arguments, strict=True):
        if "timestamp" in argument.kinds:
            _time(part, definition)
        else:
            _want(part, argument.kinds, definition)
    return function.returns


def _want(node: Node, kinds: Sequence[Kind], definition: LayerDefinition) -> Kind:
    return _wanted(node, kind_of(node, definition), kinds)


def _wanted(node: Node, kind: Kind, kinds: Sequence[Kind]) -> Kind:
    if kind not in kinds:
        wanted = Text(
            vi=" hoặc ".join(_WORDS[each].vi for each in kinds), en=" or ".join(_WORDS[each].en for each in kinds)
        )
        raise _mismatch(node, kind, wanted)
    return kind


def _mismatch(node: Node, kind: Kind, wanted: Text) -> FilterError:
    shown, words = _shown(node), _WORDS[kind]
    return FilterError(seen=Text(vi=f"{shown} ({words.vi})", en=f"{shown} ({words.en})"), wanted=wanted)


def _shown(node: Node) -> str:
    text = to_text(node)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _time(node: Node, definition: LayerDefinition) -> Kind:
    return _timed(node, kind_of(node, definition))


def _timed(node: Node, kind: Kind) -> Kind:
    """Want a day or a moment; a text field may hold moments in the form of RFC 3339, text by text."""
    return "timestamp" if kind == "text" and isinstance(node, Property) else _wanted(node, kind, _TIMES)


def _same(nodes: Sequence[Node], kinds: Sequence[Kind], definition: LayerDefinition) -> None:
    """Want one kind of all; days and moments compare, and a text field does so with either."""
    found = [kind_of(node, definition) for node in nodes]
    if any(kind in _TIMES for kind in found):
        for node, kind in zip(nodes, found, strict=True):
            _timed(node, kind)
        return
    first = _wanted(nodes[0], found[0], kinds)
    for node, kind in zip(nodes[1:], found[1:], strict=True):
        _wanted(node, kind, (first,))


def _logical(node: Call, definition: LayerDefinition) -> Kind:
    for part in node.args:
        _want(part, ("boolean",), definition)
    return "boolean"


def _comparison(node: Call, definition: LayerDefinition) -> Kind:
    _same(node.args, (*_ORDERED, "boolean"), definition)
    return "boolean"


def _between(node: Call, definition: LayerDefinition) -> Kind:
    _same(node.args, _ORDERED, definition)
    return "boolean"


def _in(node: Call, definition: LayerDefinition) -> Kind:
    value, among = node.args
    if not isinstance(among, Array) or not among.items:
        wanted = Text(vi="danh sách có ít nhất một giá trị", en="a list of one value or more")
        raise FilterError(seen=_shown(among), wanted=wanted)
    if len(among.items) > MAX_ITEMS:
        seen = Text(vi=f"{len(among.items)} giá trị", en=f"{len(among.items)} values")
        raise FilterError(seen=seen, wanted=Text(vi=f"tối đa {MAX_ITEMS}", en=f"at most {MAX_ITEMS}"))
    _same((value, *among.items), (*_ORDERED, "boolean"), definition)
    return "boolean"


def _like(node: Call, definition: LayerDefinition) -> Kind:
    for part in node.args:
        _want(part, ("text",), definition)
    return "boolean"


def _is_null(node: Call, definition: LayerDefinition) -> Kind:
    kind_of(node.args[0], definition)
    return "boolean"


def _letters(node: Call, definition: LayerDefinition) -> Kind:
    if (levels := _folds(node)) > MAX_FOLDS:
        seen = Text(vi=f"{levels} lần CASEI và ACCENTI lồng nhau", en=f"CASEI and ACCENTI {levels} deep")
        raise FilterError(seen=seen, wanted=Text(vi=f"tối đa {MAX_FOLDS}", en=f"at most {MAX_FOLDS}"))
    return _want(node.args[0], ("text",), definition)


def _folds(node: Node) -> int:
    """Return how deep CASEI and ACCENTI lie in each other."""
    if not isinstance(node, Call):
        return 0
    return (node.name in ("casei", "accenti")) + max(map(_folds, node.args), default=0)


def _arithmetic(node: Call, definition: LayerDefinition) -> Kind:
    for part in node.args:
        _want(part, ("number",), definition)
    return "number"


def _spatial(node: Call, definition: LayerDefinition) -> Kind:
    _check_two(node)
    for part in node.args:
        _want(part, ("geometry",), definition)
    return "boolean"


def _temporal(node: Call, definition: LayerDefinition) -> Kind:
    _check_two(node)
    for part in node.args:
        if isinstance(part, Span):
            kind_of(part, definition)
        elif node.name in INTERVALS_ONLY:
            wanted = Text(
                vi="INTERVAL(đầu, cuối); với một thời điểm dùng T_INTERSECTS, T_BEFORE, T_AFTER",
                en="INTERVAL(start, end); for an instant there are T_INTERSECTS, T_BEFORE, T_AFTER",
            )
            raise FilterError(seen=_shown(part), wanted=wanted)
        else:
            _time(part, definition)
    return "boolean"


def _set(node: Call, definition: LayerDefinition) -> Kind:
    _check_two(node)
    kinds = [_want(part, ("texts", "numbers", "nothing"), definition) for part in node.args]
    full = [kind for kind in kinds if kind != "nothing"]
    if len(set(full)) > 1:
        raise _mismatch(node.args[1], kinds[1], _WORDS[kinds[0]])
    return "boolean"


def _check_two(node: Call) -> None:
    if len(node.args) != 2:
        name = node.name.upper()
        seen = Text(vi=f"{name} với {len(node.args)}", en=f"{name} with {len(node.args)}")
        raise FilterError(seen=seen, wanted=Text(vi="2 đối số", en="2 arguments"))


def _set_kind(node: Array, definition: LayerDefinition) -> Kind:
    """Return the kind of a set; where elements are of several kinds, none is equal to one of another kind."""
    scalars: tuple[Kind, ...] = ("text", "number", "boolean", "date", "timestamp")
    kinds = {
        _want(item, scalars if isinstance(item, Literal | Instant) else ("text", "number"), definition)
        for item in node.items
    }
    return "nothing" if not kinds else "numbers" if kinds == {"number"} else "texts"


_CHECKS: Final[dict[str, Callable[[Call, LayerDefinition], Kind]]] = {
    **dict.fromkeys(("and", "or", "not"), _logical),
    **dict.fromkeys(COMPARISONS, _comparison),
    **dict.fromkeys(ARITHMETIC, _arithmetic),
    **dict.fromkeys(SPATIAL, _spatial),
    **dict.fromkeys(TEMPORAL, _temporal),
    **dict.fromkeys(ARRAY, _set),
    **dict.fromkeys(("casei", "accenti"), _letters),
    "between": _between,
    "in": _in,
    "like": _like,
    "isnull": _is_null,
}
