"""Filters in the SQL of PostgreSQL and PostGIS."""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry
from sqlalchemy.dialects import postgresql

from layers.cql2.dialects import LEAST, MOST, MOST_LOG, Dialect, Expression
from layers.cql2.letters import MARKS, folds, strokes
from layers.cql2.patterns import pattern_parts, pattern_text

__all__ = ["POSTGIS"]

_SRS: Final = 4326
_MICROSECOND: Final = dt.timedelta(microseconds=1)
_PLAIN: Final[dict[str, Callable[[Any, Any], Any]]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}
_ISO: Final = (
    r"^(?!0000)\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
    r"([Tt]([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d{1,9})?([Zz]|[+-](0\d|1[0-4]):[0-5]\d))?$"
)


def _once(
    values: Sequence[Expression], kind: sa.types.TypeEngine[Any], result: Callable[[list[Expression]], Expression]
) -> Expression:
    """Return a result in which values stand several times, and are worked out once however deep they are."""
    names = [sa.column(f"value_{place}", kind) for place in range(len(values))]
    rows = sa.func.unnest(*(postgresql.array([value], type_=kind) for value in values)).table_valued(*names)
    return sa.select(result(list(rows.render_derived().c))).scalar_subquery()


def _bounded(number: Expression) -> Expression:
    """Return a number that can be multiplied and divided: missing beyond 1e150, 0 within 1e-150."""
    size = sa.func.abs(number)
    return sa.case((size < LEAST, 0.0), (size > MOST, sa.null()), else_=number)


def _unstroked(text: Expression) -> Expression:
    """Return a text without strokes; a long list of letters is slow to look through, and few texts have one of them."""
    letters, plain = "".join(strokes()), "".join(strokes().values())
    some = text.collate("C").op("~", is_comparison=True)(f"[{letters}]")
    return sa.case((some, sa.func.translate(text, letters, plain, type_=sa.Text)), else_=text)


class _Postgis:
    def text(self, value: Expression) -> Expression:
        return sa.cast(value, sa.Text).collate("C")

    def without_case(self, value: Expression) -> Expression:
        small = sa.func.lower(sa.cast(value, sa.Text).collate("und-x-icu"), type_=sa.Text).collate("C")
        return _once([small], sa.Text(), lambda texts: self._folded(texts[0]))

    def _folded(self, small: Expression) -> Expression:
        """Return a text in small letters with the letters that folding changes beyond that; few texts have one."""
        changes = {**folds().single, **folds().several}
        signs = sa.func.unnest(sa.func.string_to_array(small, sa.null())).table_valued(
            sa.column("sign", sa.Text), with_ordinality="place", name="signs"
        )
        signs = signs.render_derived()
        changed = sa.literal(changes, postgresql.JSONB).op("->>", return_type=sa.Text())(signs.c.sign)
        ordered = postgresql.aggregate_order_by(sa.literal("", sa.Text), signs.c.place)
        whole = sa.func.string_agg(sa.func.coalesce(changed, signs.c.sign), ordered)
        special = small.op("~", is_comparison=True)(f"[{''.join(changes)}]")
        return sa.case((special, sa.select(whole).scalar_subquery()), else_=small)

    def without_accents(self, value: Expression) -> Expression:
        return _once([sa.cast(value, sa.Text)], sa.Text(), lambda texts: self._bare(texts[0]))

    def _bare(self, text: Expression) -> Expression:
        apart = sa.func.normalize(text, sa.literal_column("NFD"), type_=sa.Text).collate("C")
        bare = sa.func.regexp_replace(apart, f"[{MARKS}]", "", "g", type_=sa.Text)
        plain = _once(
            [sa.func.translate(bare, "đĐ", "dD", type_=sa.Text)], sa.Text(), lambda texts: _unstroked(texts[0])
        )
        ascii_ = sa.func.octet_length(text) == sa.func.char_length(text)
        return sa.case((ascii_, text), else_=sa.func.normalize(plain, sa.literal_column("NFC"), type_=sa.Text))

    def like(self, value: Expression, pattern: str) -> sa.ColumnElement[bool]:
        return self.text(value).like(pattern_text(pattern_parts(pattern)), escape="\\")

    def sum(self, name: str, a: Expression, b: Expression, *, turned: bool) -> Expression:
        del turned
        numbers = [sa.cast(a, sa.Double), sa.cast(b, sa.Double)]
        return _once(numbers, sa.Double(), lambda both: self._sum(name, *map(_bounded, both)))

    def _sum(self, name: str, a: Expression, b: Expression) -> Expression:
        if name in _PLAIN:
            result: Expression = _PLAIN[name](a, b)
            return result
        if name == "^":
            return self._power(a, b)
        quotient = a / sa.func.nullif(b, 0.0, type_=sa.Double)
        if name == "/":
            return quotient
        whole = sa.func.trunc(quotient, type_=sa.Double)
        return whole if name == "div" else a - _bounded(b * whole)

    def _power(self, base: Expression, exponent: Expression) -> Expression:
        none = sa.or_(
            sa.and_(base == 0.0, exponent < 0.0),
            sa.and_(base < 0.0, exponent != sa.func.trunc(exponent)),
        )
        # The logarithm of the power is looked at first: one too large or too small would end the whole query.
        size = sa.func.ln(sa.func.abs(sa.func.nullif(base, 0.0))) * exponent
        least = sa.case((size < -MOST_LOG, 0.0), else_=sa.func.power(base, exponent))
        return sa.case((none, sa.null()), (size > MOST_LOG, sa.null()), else_=least)

    def rounded(self, name: str, value: Expression) -> Expression:
        return getattr(sa.func, name)(sa.cast(value, sa.Double), type_=sa.Double)  # type: ignore[no-any-return]

    def moment(self, value: dt.datetime) -> Expression:
        return sa.literal(value, sa.DateTime(timezone=True))

    def moment_of_day(self, value: Expression, *, last: bool) -> Expression:
        first = sa.func.timezone("UTC", sa.cast(value, sa.DateTime()), type_=sa.DateTime(timezone=True))
        return first + sa.literal(dt.timedelta(days=1) - _MICROSECOND) if last else first

    def moment_of_text(self, value: Expression) -> Expression:
        text = sa.cast(value, sa.Text)
        month = sa.cast(sa.func.left(text, 7) + "-01", sa.Date)
        # Not every month has 31 days, and a cast of one that has not would end the whole query.
        last = sa.extract("day", month + sa.literal_column("interval '1 month -1 day'"))
        whole = sa.case((sa.func.char_length(text) == 10, text + "T00:00:00Z"), else_=text)
        there = sa.cast(sa.func.substr(text, 9, 2), sa.Integer) <= last
        stated = sa.case((there, sa.cast(whole, sa.DateTime(timezone=True))))
        return sa.case((text.op("~", is_comparison=True)(_ISO), stated))

    def part(self, name: str, value: Expression, *, moment: bool) -> Expression:
        local = sa.func.timezone("UTC", value, type_=sa.DateTime()) if moment else value
        return sa.cast(sa.extract(name, local), sa.Double)

    def column(self, column: Expression) -> Expression:
        return sa.type_coerce(column, sa.types.NullType())

    def shape(self, geometry: BaseGeometry) -> Expression:
        wkb = shapely.to_wkb(shapely.force_2d(geometry))
        return sa.func.ST_GeomFromWKB(sa.literal(wkb, sa.LargeBinary), _SRS, type_=sa.types.NullType())

    def relate(self, name: str, a: Expression, b: Expression) -> sa.ColumnElement[bool]:
        function: sa.ColumnElement[bool] = getattr(sa.func, f"ST_{name[2:].capitalize()}")(a, b, type_=sa.Boolean)
        return function

    def mixed(self, name: str, a: Expression, b: BaseGeometry) -> sa.ColumnElement[bool]:
        # GEOS below 3.13 relates no collections: they are taken apart by dimension, none of the parts over another.
        parts = [(dimension, self.shape(part)) for dimension, part in _parts(b)]
        meets = sa.or_(*(sa.func.ST_Intersects(a, part, type_=sa.Boolean) for _, part in parts))
        inner = sa.or_(*(sa.func.ST_Relate(a, part, "T********", type_=sa.Boolean) for _, part in parts))
        holds = sa.and_(*(sa.func.ST_Covers(a, part, type_=sa.Boolean) for _, part in parts))
        rest = a
        for _, part in parts:
            rest = sa.func.ST_Difference(rest, part, type_=sa.types.NullType())
        held = sa.func.ST_IsEmpty(rest, type_=sa.Boolean)
        top = max(dimension for dimension, _ in parts)
        same = sa.func.ST_Dimension(a, type_=sa.Integer) == top
        along: sa.ColumnElement[bool] = sa.false()
        if top == 1:
            lines = next(part for dimension, part in parts if dimension == 1)
            along = sa.func.ST_Relate(a, lines, "1********", type_=sa.Boolean)
        apart = sa.and_(inner, sa.not_(held), sa.not_(holds))
        return {
            "s_intersects": meets,
            "s_disjoint": sa.not_(meets),
            "s_equals": sa.and_(held, holds),
            "s_touches": sa.and_(meets, sa.not_(inner)),
            "s_contains": sa.and_(holds, inner),
            "s_within": sa.and_(held, inner),
            "s_crosses": sa.and_(apart, sa.or_(sa.not_(same), sa.and_(sa.literal(top == 1), sa.not_(along)))),
            "s_overlaps": sa.and_(apart, same, sa.or_(sa.literal(top != 1), along)),
        }[name]

    def near(self, table: Any, bounds: np.ndarray[Any, Any], *, whole: bool) -> sa.ColumnElement[bool] | None:
        del table, bounds, whole  # the relations ask the index themselves
        return None

    def geometry_type(self, value: Expression) -> Expression:
        return sa.func.substr(sa.func.ST_GeometryType(value), 4, type_=sa.Text)

    def set(self, items: Sequence[Expression], *, numbers: bool) -> Expression:
        kind = sa.Double() if numbers else sa.Text()
        return sa.cast(postgresql.array(items, type_=kind), sa.ARRAY(kind))

    def split(self, value: Expression, separator: Expression) -> Expression:
        return sa.func.string_to_array(value, separator, type_=sa.ARRAY(sa.Text()))

    def compare_sets(self, name: str, a: Expression, b: Expression) -> sa.ColumnElement[bool]:
        holds, held = (a.op(sign, is_comparison=True, return_type=sa.Boolean())(b) for sign in ("@>", "<@"))
        return {
            "a_contains": holds,
            "a_containedby": held,
            "a_equals": sa.and_(holds, held),
            "a_overlaps": a.op("&&", is_comparison=True, return_type=sa.Boolean())(b),
        }[name]


def _parts(geometry: BaseGeometry) -> list[tuple[int, BaseGeometry]]:
    """Return what a collection consists of, a geometry a dimension."""
    whole = shapely.get_parts(shapely.union_all(shapely.get_parts(shapely.force_2d(geometry))))
    dimensions = shapely.get_dimensions(whole)
    return [(int(each), shapely.union_all(whole[dimensions == each])) for each in np.unique(dimensions)]


#: How PostGIS says it.
POSTGIS: Final[Dialect] = _Postgis()
