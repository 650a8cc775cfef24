"""What a filter needs of a database beyond plain SQL, and how each engine says it, with the same answers.

PostGIS is asked for what every PostgreSQL has; no extension beside PostGIS is needed. SQLite calls functions that
`layers.store.functions` registers.
"""

from __future__ import annotations

import datetime as dt
import operator
from collections.abc import Callable, Sequence
from typing import Any, Final, Protocol

import numpy as np
import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry
from sqlalchemy.dialects import postgresql

from layers.cql2.letters import MARKS, folds, strokes
from layers.cql2.patterns import glob, pattern_parts, pattern_text

__all__ = ["DIALECTS", "LEAST", "MOST", "MOST_LOG", "Expression"]

Expression = sa.ColumnElement[Any]

#: Between these a number is multiplied and divided without leaving the range of 64-bit floats.
LEAST, MOST = 1e-150, 1e150
#: The natural logarithm of the largest power.
MOST_LOG: Final = 345.0
_SRS: Final = 4326
_PLAIN: Final[dict[str, Callable[[Any, Any], Any]]] = {"+": operator.add, "-": operator.sub, "*": operator.mul}
_UNIX: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)


class Dialect(Protocol):
    """What a filter needs of a database beyond plain SQL."""

    def text(self, value: Expression) -> Expression:
        """Return a text that is compared sign by sign, whatever the database's language is."""

    def without_case(self, value: Expression) -> Expression:
        """Return a text in full Unicode case folding."""

    def without_accents(self, value: Expression) -> Expression:
        """Return a text without accents."""

    def like(self, value: Expression, pattern: str) -> sa.ColumnElement[bool]:
        """Return whether a text matches a pattern of CQL2, case minded."""

    def sum(self, name: str, a: Expression, b: Expression, *, turned: bool) -> Expression:
        """Return what an operator gives, missing where it gives nothing; `turned` if `b` is the deeper one."""

    def rounded(self, name: str, value: Expression) -> Expression:
        """Return a number rounded by `floor` or `ceiling`."""

    def moment(self, value: dt.datetime) -> Expression:
        """Return a moment as it is compared."""

    def moment_of_day(self, value: Expression, *, last: bool) -> Expression:
        """Return the first or the last moment of a day, as moments are compared."""

    def moment_of_text(self, value: Expression) -> Expression:
        """Return the moment that a text states in the form of RFC 3339, missing where it does not."""

    def part(self, name: str, value: Expression, *, moment: bool) -> Expression:
        """Return year, month or day."""

    def column(self, column: Expression) -> Expression:
        """Return a geometry column as functions take it."""

    def shape(self, geometry: BaseGeometry) -> Expression:
        """Return a geometry."""

    def relate(self, name: str, a: Expression, b: Expression) -> sa.ColumnElement[bool]:
        """Return a spatial relation, missing where one of the two is."""

    def mixed(self, name: str, a: Expression, b: BaseGeometry) -> sa.ColumnElement[bool]:
        """Return a spatial relation to a collection of geometries of several dimensions."""

    def near(self, table: Any, bounds: np.ndarray[Any, Any], *, whole: bool) -> sa.ColumnElement[bool] | None:
        """Return the spatial index's answer, where it has to be asked apart: who is near, or who is wholly inside."""

    def geometry_type(self, value: Expression) -> Expression:
        """Return the type of a geometry by its name."""

    def set(self, items: Sequence[Expression], *, numbers: bool) -> Expression:
        """Return a set."""

    def split(self, value: Expression, separator: Expression) -> Expression:
        """Return the parts of a text as a set."""

    def compare_sets(self, name: str, a: Expression, b: Expression) -> sa.ColumnElement[bool]:
        """Return how two sets lie to each other."""


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
        plain = sa.func.translate(bare, "".join(strokes()), "".join(strokes().values()), type_=sa.Text)
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


class _Sqlite:
    def text(self, value: Expression) -> Expression:
        return value

    def without_case(self, value: Expression) -> Expression:
        return sa.func.parkplan_fold(value, type_=sa.Text)

    def without_accents(self, value: Expression) -> Expression:
        return sa.func.parkplan_plain(value, type_=sa.Text)

    def like(self, value: Expression, pattern: str) -> sa.ColumnElement[bool]:
        return value.op("GLOB", is_comparison=True, return_type=sa.Boolean())(glob(pattern_parts(pattern)))

    def sum(self, name: str, a: Expression, b: Expression, *, turned: bool) -> Expression:
        # The deeper operand stands first: SQLite keeps what stands before it while it reads it, and has a limit.
        first, second = (b, a) if turned else (a, b)
        return sa.func.parkplan_sum(first, f"{name} turned" if turned else name, second, type_=sa.Double)

    def rounded(self, name: str, value: Expression) -> Expression:
        return sa.func.parkplan_round(value, name, type_=sa.Double)

    def moment(self, value: dt.datetime) -> Expression:
        return sa.literal((value - _UNIX) // _MICROSECOND, sa.BigInteger)

    def moment_of_day(self, value: Expression, *, last: bool) -> Expression:
        return sa.func.parkplan_moment(value, int(last), type_=sa.BigInteger)

    def moment_of_text(self, value: Expression) -> Expression:
        return sa.func.parkplan_moment(value, 0, type_=sa.BigInteger)

    def part(self, name: str, value: Expression, *, moment: bool) -> Expression:
        del moment  # a number says by itself that it is one
        return sa.func.parkplan_part(name, value, type_=sa.Double)

    def column(self, column: Expression) -> Expression:
        return column

    def shape(self, geometry: BaseGeometry) -> Expression:
        return sa.literal(shapely.to_wkb(shapely.force_2d(geometry)), sa.LargeBinary)

    def relate(self, name: str, a: Expression, b: Expression) -> sa.ColumnElement[bool]:
        related: sa.ColumnElement[bool] = sa.func.parkplan_relate(name, a, b, type_=sa.Boolean)
        return related

    def mixed(self, name: str, a: Expression, b: BaseGeometry) -> sa.ColumnElement[bool]:
        return self.relate(name, a, self.shape(shapely.union_all(shapely.get_parts(b))))

    def near(self, table: Any, bounds: np.ndarray[Any, Any], *, whole: bool) -> sa.ColumnElement[bool] | None:
        minx, miny, maxx, maxy = (float(edge) for edge in bounds)
        # The name that the RTree extension of the GeoPackage standard gives to the index.
        index = sa.table(f"rtree_{table.name}_geom", *map(sa.column, ("id", "minx", "maxx", "miny", "maxy"))).alias()
        near = sa.and_(index.c.maxx >= minx, index.c.minx <= maxx, index.c.maxy >= miny, index.c.miny <= maxy)
        inside = sa.and_(index.c.minx >= minx, index.c.maxx <= maxx, index.c.miny >= miny, index.c.maxy <= maxy)
        return table.c.fid.in_(sa.select(index.c.id).where(inside if whole else near))  # type: ignore[no-any-return]

    def geometry_type(self, value: Expression) -> Expression:
        return sa.func.parkplan_geometry_type(value, type_=sa.Text)

    def set(self, items: Sequence[Expression], *, numbers: bool) -> Expression:
        del numbers  # JSON tells numbers from texts
        return sa.func.json_array(*items, type_=sa.Text)

    def split(self, value: Expression, separator: Expression) -> Expression:
        return sa.func.parkplan_split(value, separator, type_=sa.Text)

    def compare_sets(self, name: str, a: Expression, b: Expression) -> sa.ColumnElement[bool]:
        compared: sa.ColumnElement[bool] = sa.func.parkplan_sets(name, a, b, type_=sa.Boolean)
        return compared


#: How each engine says it, by the name that SQLAlchemy has for it.
DIALECTS: Final[dict[str, Dialect]] = {"postgresql": _Postgis(), "sqlite": _Sqlite()}
