"""Filters in the SQL of SQLite, with the functions that a store registers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import shapely
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

from layers.cql2.dialects import Dialect, Expression
from layers.cql2.patterns import glob, pattern_parts

__all__ = ["SQLITE"]

_UNIX: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND: Final = dt.timedelta(microseconds=1)


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


#: How SQLite says it.
SQLITE: Final[Dialect] = _Sqlite()
