"""A checked filter as a condition in SQL, for the engine that the layer lies in.

Missing values make a condition unknown, as SQL has it: neither the condition nor its opposite holds. Where a condition
is not under NOT, the spatial index is asked before each geometry is.
"""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final, Protocol

import orjson
import shapely
import sqlalchemy as sa

from layers.cql2.checking import GEOMETRY, kind_of
from layers.cql2.dialects import Dialect, Expression
from layers.cql2.encoding import to_json
from layers.cql2.letters import without_accents, without_case
from layers.cql2.nodes import (
    ARRAY,
    COMPARISONS,
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
    depth,
)
from layers.cql2.postgis import POSTGIS
from layers.cql2.sqlite import SQLITE
from layers.cql2.temporal import Ends, relation
from layers.definitions import LayerDefinition

__all__ = ["Engine", "condition_of"]

_Condition = sa.ColumnElement[bool]
_COMPARE: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "=": operator.eq,
    "<>": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
}
#: A relation as it is seen from the other side.
_TURNED: Final = {"s_within": "s_contains", "s_contains": "s_within"}
_LETTERS: Final = {"casei": without_case, "accenti": without_accents}
#: Ends of an open interval; earlier and later than any day of a plan.
_FIRST: Final = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
_LAST: Final = dt.datetime(9999, 12, 31, 23, 59, 59, tzinfo=dt.UTC)
#: Fields of planned time: not known means open.
_OPEN: Final = {"valid_from": _FIRST, "valid_to": _LAST}
#: Conditions that are joined without parentheses between them.
_CHAIN: Final = 120
_INT64: Final = range(-(2**63), 2**63)


class Engine(Protocol):
    """What of a store's engine a filter has to know: how its database speaks."""

    sqlalchemy: sa.Engine


@dataclass(frozen=True, slots=True)
class _Scope:
    """What conditions are about.

    Parameters
    ----------
    table : FromClause
        Has the layer's columns.
    definition : LayerDefinition
        The layer.
    dialect : Dialect
        How the database speaks.
    indexed : bool
        Whether the spatial index may be asked here.
    """

    table: Any
    definition: LayerDefinition
    dialect: Dialect
    indexed: bool


def condition_of(
    node: Node, definition: LayerDefinition, table: Any, engine: Engine, *, indexed: bool
) -> sa.ColumnElement[bool]:
    """Return a filter as a condition.

    Parameters
    ----------
    node : Node
        A filter that was checked against the layer.
    definition : LayerDefinition
        The layer.
    table : FromClause
        Has the layer's columns.
    engine : Engine
        Says how its database speaks.
    indexed : bool
        Whether the table has the layer's spatial index.

    Returns
    -------
    ColumnElement of bool
        For a WHERE clause.
    """
    dialect = {"postgresql": POSTGIS, "sqlite": SQLITE}[engine.sqlalchemy.dialect.name]
    return _condition(node, _Scope(table, definition, dialect, indexed))


def _condition(node: Node, scope: _Scope) -> _Condition:
    if isinstance(node, Literal):
        return sa.true() if node.value else sa.false()
    if isinstance(node, Call):
        if node.name in ("and", "or"):
            return _joined(
                sa.and_ if node.name == "and" else sa.or_,
                [_condition(part, scope) for part in _deepest_first(node.args)],
            )
        if node.name == "not":
            return sa.not_(_condition(node.args[0], replace(scope, indexed=False)))
        for names, build in _BUILDERS:
            if node.name in names:
                return build(node, scope)
    return _value(node, scope)


def _deepest_first(nodes: tuple[Node, ...]) -> list[Node]:
    """Return conditions in an order in which a database keeps little of what it has read while it reads on."""
    return sorted(nodes, key=depth, reverse=True)


def _joined(join: Callable[..., _Condition], parts: list[_Condition]) -> _Condition:
    """Join conditions, many of them in groups: a database reads a long chain as a deep tree, and has a limit.

    The groups are joined by the other operator under NOT; side by side under their own they would be one chain again.
    """
    other = sa.or_ if join is sa.and_ else sa.and_
    while len(parts) > _CHAIN:
        groups = [join(*parts[start : start + _CHAIN]) for start in range(0, len(parts), _CHAIN)]
        parts = [
            sa.not_(other(*map(sa.not_, groups[start : start + _CHAIN]))) for start in range(0, len(groups), _CHAIN)
        ]
    return join(*parts).self_group()


def _comparison(node: Call, scope: _Scope) -> _Condition:
    a, b = _alike(node.args, scope)
    return _known(_COMPARE[node.name](a, b))


def _between(node: Call, scope: _Scope) -> _Condition:
    value, low, high = _alike(node.args, scope)
    return sa.and_(value >= low, value <= high)


def _in(node: Call, scope: _Scope) -> _Condition:
    among = node.args[1]
    items = among.items if isinstance(among, Array) else ()
    value, *rest = _alike((node.args[0], *items), scope)
    return value.in_(rest)


def _like(node: Call, scope: _Scope) -> _Condition:
    pattern = node.args[1]
    return scope.dialect.like(_value(node.args[0], scope), _plain_text(pattern) or "")


def _plain_text(node: Node) -> str | None:
    """Return a text that is known before any feature is looked at, None for any other expression."""
    if isinstance(node, Call):
        inner = _plain_text(node.args[0]) if node.name in _LETTERS else None
        return None if inner is None else _LETTERS[node.name](inner)
    return node.value if isinstance(node, Literal) and isinstance(node.value, str) else None


def _is_null(node: Call, scope: _Scope) -> _Condition:
    part = node.args[0]
    value = _condition(part, replace(scope, indexed=False)) if _kind(part, scope) == "boolean" else _value(part, scope)
    return value.is_(None)


def _known(condition: Any) -> _Condition:
    """Keep what two equal literals give a condition in SQL."""
    return condition if isinstance(condition, sa.ColumnElement) else (sa.true() if condition else sa.false())


def _kind(node: Node, scope: _Scope) -> str:
    return kind_of(node, scope.definition)


def _alike(nodes: tuple[Node, ...], scope: _Scope) -> list[Expression]:
    """Return values that can be compared: days as days where all are, else as moments; texts sign by sign."""
    kinds = {_kind(node, scope) for node in nodes}
    if kinds == {"date"}:
        return [_value(node, scope) for node in nodes]
    if kinds & {"date", "timestamp"}:
        return [_moment(node, scope, last=False) for node in nodes]
    if kinds == {"text"}:
        return [scope.dialect.text(_value(node, scope)) for node in nodes]
    if kinds == {"boolean"}:
        return [_truth(node, scope) for node in nodes]
    return [_value(node, scope) for node in nodes]


def _truth(node: Node, scope: _Scope) -> Expression:
    """Return a truth value that can be compared with another one."""
    if isinstance(node, Property):
        return _value(node, scope)
    condition = _condition(node, replace(scope, indexed=False))
    if isinstance(condition, sa.True_ | sa.False_):
        return sa.literal(isinstance(condition, sa.True_), sa.Boolean)
    return condition.self_group()


def _value(node: Node, scope: _Scope) -> Expression:
    if isinstance(node, Literal):
        return _literal(node.value)
    if isinstance(node, Instant):
        if isinstance(node.value, dt.datetime):
            return scope.dialect.moment(node.value)
        return sa.literal(node.value, sa.Date)
    if isinstance(node, Property):
        if node.name == GEOMETRY:
            return scope.dialect.column(scope.table.c.geom)
        column: Expression = scope.table.c[node.name]
        return column
    if isinstance(node, Shape):
        return scope.dialect.shape(node.geometry)
    if isinstance(node, Array):
        return _set(node, scope)
    if isinstance(node, Call):
        return _VALUES[node.name](node, scope) if node.name in _VALUES else _truth(node, scope)
    raise TypeError(node)


def _literal(value: str | float) -> Expression:
    if isinstance(value, bool):
        return sa.literal(value, sa.Boolean)
    if isinstance(value, str):
        return sa.literal(value, sa.Text)
    whole = isinstance(value, int) and value in _INT64
    return sa.literal(value, sa.BigInteger) if whole else sa.literal(float(value), sa.Double)


def _letters(node: Call, scope: _Scope) -> Expression:
    known = _plain_text(node)
    if known is not None:
        return sa.literal(known, sa.Text)
    change = scope.dialect.without_case if node.name == "casei" else scope.dialect.without_accents
    return change(_value(node.args[0], scope))


def _arithmetic(node: Call, scope: _Scope) -> Expression:
    a, b = node.args
    return scope.dialect.sum(node.name, _value(a, scope), _value(b, scope), turned=depth(b) > depth(a))


# Time -----------------------------------------------------------------------------------------------------------------


def _moment(node: Node, scope: _Scope, *, last: bool) -> Expression:
    kind = _kind(node, scope)
    if isinstance(node, Instant):
        start = _as_moment(node.value, last=last)
        return scope.dialect.moment(start)
    value = _value(node, scope)
    if kind == "date":
        return scope.dialect.moment_of_day(value, last=last)
    return scope.dialect.moment_of_text(value) if kind == "text" else value


def _as_moment(value: dt.date | dt.datetime, *, last: bool) -> dt.datetime:
    if isinstance(value, dt.datetime):
        return value
    clock = dt.time.max if last else dt.time.min
    return dt.datetime.combine(value, clock, tzinfo=dt.UTC)


def _temporal(node: Call, scope: _Scope) -> _Condition:
    ends = [(part.start, part.end) if isinstance(part, Span) else (part, part) for part in node.args]
    days = {_kind(end, scope) for pair in ends for end in pair if end is not None} <= {"date"}
    first, second = (
        Ends(
            *(
                _end(end, scope, days=days, last=last, open_=isinstance(part, Span))
                for end, last in zip(pair, (False, True), strict=True)
            )
        )
        for part, pair in zip(node.args, ends, strict=True)
    )
    return _known(relation(node.name, first, second))


def _end(end: Node | None, scope: _Scope, *, days: bool, last: bool, open_: bool) -> Expression:
    """Return one end of a time; an open one lies beyond all others, and so does unknown planned time in an interval."""
    if end is None:
        limit = _LAST if last else _FIRST
        return sa.literal(limit.date(), sa.Date) if days else scope.dialect.moment(_as_moment(limit.date(), last=last))
    value = _value(end, scope) if days else _moment(end, scope, last=last)
    limit_of = _OPEN.get(end.name) if open_ and isinstance(end, Property) else None
    if limit_of is None:
        return value
    beyond = (
        sa.literal(limit_of.date(), sa.Date) if days else scope.dialect.moment(_as_moment(limit_of.date(), last=last))
    )
    return sa.func.coalesce(value, beyond)


def _planned_at(node: Call, scope: _Scope) -> Expression:
    day, columns = _value(node.args[0], scope), scope.table.c
    begun = sa.or_(columns.valid_from.is_(None), columns.valid_from <= day)
    return sa.and_(begun, sa.or_(columns.valid_to.is_(None), columns.valid_to >= day))


def _part(node: Call, scope: _Scope) -> Expression:
    kind = _kind(node.args[0], scope)
    if kind == "date":
        return scope.dialect.part(node.name, _value(node.args[0], scope), moment=False)
    return scope.dialect.part(node.name, _moment(node.args[0], scope, last=False), moment=True)


# Space ----------------------------------------------------------------------------------------------------------------


def _spatial(node: Call, scope: _Scope) -> _Condition:
    a, b = node.args
    if isinstance(a, Shape) and isinstance(b, Shape):
        relate = getattr(shapely, node.name[2:])
        return sa.true() if relate(*map(shapely.force_2d, (a.geometry, b.geometry))) else sa.false()
    if isinstance(a, Shape):
        return _spatial(Call(_TURNED.get(node.name, node.name), (b, a)), scope)
    if not isinstance(b, Shape):
        return scope.dialect.relate(node.name, _value(a, scope), _value(b, scope))
    subject = _value(a, scope)
    if b.geometry.geom_type == "GeometryCollection":
        exact = scope.dialect.mixed(node.name, subject, b.geometry)
    else:
        exact = scope.dialect.relate(node.name, subject, scope.dialect.shape(b.geometry))
    if not scope.indexed or node.name == "s_disjoint" or a != Property(GEOMETRY):
        return exact
    bounds = shapely.bounds(b.geometry)
    near = scope.dialect.near(scope.table, bounds, whole=False)
    if near is None:
        return exact
    if node.name == "s_intersects" and b.bounds is not None and b.geometry.geom_type == "Polygon":
        whole = scope.dialect.near(scope.table, bounds, whole=True)
        return sa.and_(near, sa.or_(whole, exact) if whole is not None else exact)
    return sa.and_(near, exact)


# Sets and further functions -------------------------------------------------------------------------------------------


def _set(node: Array, scope: _Scope) -> Expression:
    numbers = _kind(node, scope) == "numbers"
    return scope.dialect.set([_element(item, scope) for item in node.items], numbers=numbers)


def _element(node: Node, scope: _Scope) -> Expression:
    """Return an element; what is no text stands in a set of texts as its JSON behind a sign that no text has."""
    if isinstance(node, Literal | Instant) and _kind(node, scope) not in ("text", "number"):
        return sa.literal("\x01" + orjson.dumps(to_json(node)).decode(), sa.Text)
    return _value(node, scope)


def _sets(node: Call, scope: _Scope) -> _Condition:
    a, b = (_value(part, scope) for part in node.args)
    return scope.dialect.compare_sets(node.name, a, b)


_VALUES: Final[dict[str, Callable[[Call, _Scope], Expression]]] = {
    **dict.fromkeys(("casei", "accenti"), _letters),
    **dict.fromkeys(("+", "-", "*", "/", "%", "div", "^"), _arithmetic),
    **dict.fromkeys(("year", "month", "day"), _part),
    **dict.fromkeys(
        ("floor", "ceiling"), lambda node, scope: scope.dialect.rounded(node.name, _value(node.args[0], scope))
    ),
    "abs": lambda node, scope: sa.func.abs(_value(node.args[0], scope)),
    "length": lambda node, scope: sa.func.length(_value(node.args[0], scope), type_=sa.Integer),
    "trim": lambda node, scope: sa.func.trim(_value(node.args[0], scope), type_=sa.Text),
    "split": lambda node, scope: scope.dialect.split(_value(node.args[0], scope), _value(node.args[1], scope)),
    "geometry_type": lambda node, scope: scope.dialect.geometry_type(_value(node.args[0], scope)),
}
_BUILDERS: Final[tuple[tuple[tuple[str, ...], Callable[[Call, _Scope], _Condition]], ...]] = (
    (COMPARISONS, _comparison),
    (("between",), _between),
    (("in",), _in),
    (("like",), _like),
    (("isnull",), _is_null),
    (SPATIAL, _spatial),
    (TEMPORAL, _temporal),
    (ARRAY, _sets),
    (("planned_at",), _planned_at),
)
