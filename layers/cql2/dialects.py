"""What a filter needs of a database beyond plain SQL, whichever engine it is; each says it in a module of its own.

PostGIS is asked for what every PostgreSQL with ICU has; no extension beside PostGIS is needed. SQLite calls functions
that `layers.store.functions` registers.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np
import sqlalchemy as sa
from shapely.geometry.base import BaseGeometry

__all__ = ["LEAST", "MOST", "MOST_LOG", "Dialect", "Expression"]

Expression = sa.ColumnElement[Any]

#: Between these a number is multiplied and divided without leaving the range of 64-bit floats.
LEAST, MOST = 1e-150, 1e150
#: The natural logarithm of the largest power.
MOST_LOG: Final = 345.0


class Dialect(Protocol):
    """What a filter needs of a database beyond plain SQL."""

    def text(self, value: Expression) -> Expression:
        """Return a text that is compared sign by sign, whatever the database's language is.

        Parameters
        ----------
        value : ColumnElement
            What is changed, compared or looked into.

        Returns
        -------
        ColumnElement
            Missing where something is missing.
        """

    def without_case(self, value: Expression) -> Expression:
        """Return a text in full Unicode case folding.

        Parameters
        ----------
        value : ColumnElement
            What is changed, compared or looked into.

        Returns
        -------
        ColumnElement
            Missing where something is missing.
        """

    def without_accents(self, value: Expression) -> Expression:
        """Return a text without accents.

        Parameters
        ----------
        value : ColumnElement
            What is changed, compared or looked into.

        Returns
        -------
        ColumnElement
            Missing where something is missing.
        """

    def like(self, value: Expression, pattern: str) -> sa.ColumnElement[bool]:
        """Return whether a text matches a pattern of CQL2, case minded.

        Parameters
        ----------
        value : ColumnElement
            What is changed, compared or looked into.
        pattern : str
            As CQL2 has it.

        Returns
        -------
        ColumnElement of bool
            Unknown where something is missing.
        """

    def sum(self, name: str, a: Expression, b: Expression, *, turned: bool) -> Expression:
        """Return what an arithmetic operator gives, missing where it gives nothing.

        Parameters
        ----------
        name : str
            Name of the operator or function, in small letters.
        a : ColumnElement
            The first.
        b : ColumnElement
            The second.
        turned : bool
            Whether the second is the deeper one.

        Returns
        -------
        ColumnElement
            Missing where something is missing.
        """

    def rounded(self, name: str, value: Expression) -> Expression:
        """Return a number rounded by `floor` or `ceiling`.

        Parameters
        ----------
        name : str
            Name of the operator or function, in small letters.
        value : ColumnElement
            What is changed, compared or looked into.

        Returns
        -------
        ColumnElement
            Missing where something is missing.
        """

    def moment(self, value: dt.datetime) -> Expression:
        """Return a moment as it is compared.

        Parameters
        ----------
        value : datetime.datetime
            In UTC.

        Returns
        -------
        ColumnElement
            Missing where something is missing.
        """

    def moment_of_day(self, value: Expression, *, last: bool) -> Expression:
        """Return the first or the last moment of a day, as moments are compared.

        Parameters
        ----------
        value : ColumnElement
            What is changed, compared or looked into.
        last : bool
            Whether the day's last moment counts.

        Returns
        -------
        ColumnElement
            Missing where something is missing.
        """

    def moment_of_text(self, value: Expression) -> Expression:
        """Return the moment that a text states in the form of RFC 3339, missing where it does not.

        Parameters
        ----------
        value : ColumnElement
            What is changed, compared or looked into.

        Returns
        -------
        ColumnElement
            Missing where something is missing.
        """

    def part(self, name: str, value: Expression, *, moment: bool) -> Expression:
        """Return year, month or day.

        Parameters
        ----------
        name : str
            Name of the operator or function, in small letters.
        value : ColumnElement
            What is changed, compared or looked into.
        moment : bool
            Whether the value is a moment, not a day.

        Returns
        -------
        ColumnElement
            Missing where something is missing.
        """

    def column(self, column: Expression) -> Expression:
        """Return a geometry column as functions take it.

        Parameters
        ----------
        column : ColumnElement
            The geometry column.

        Returns
        -------
        ColumnElement
            Missing where something is missing.
        """

    def shape(self, geometry: BaseGeometry) -> Expression:
        """Return a geometry.

        Parameters
        ----------
        geometry : BaseGeometry
            In EPSG:4326.

        Returns
        -------
        ColumnElement
            Missing where something is missing.
        """

    def relate(self, name: str, a: Expression, b: Expression) -> sa.ColumnElement[bool]:
        """Return a spatial relation, missing where one of the two is.

        Parameters
        ----------
        name : str
            Name of the operator or function, in small letters.
        a : ColumnElement
            The first.
        b : ColumnElement
            The second.

        Returns
        -------
        ColumnElement of bool
            Unknown where something is missing.
        """

    def mixed(self, name: str, a: Expression, b: BaseGeometry) -> sa.ColumnElement[bool]:
        """Return a spatial relation to a collection of geometries of several dimensions.

        Parameters
        ----------
        name : str
            Name of the operator or function, in small letters.
        a : ColumnElement
            The first.
        b : BaseGeometry
            The second.

        Returns
        -------
        ColumnElement of bool
            Unknown where something is missing.
        """

    def near(self, table: Any, bounds: np.ndarray[Any, Any], *, whole: bool) -> sa.ColumnElement[bool] | None:
        """Return the spatial index's answer, where it has to be asked apart: who is near, or who is wholly inside.

        Parameters
        ----------
        table : FromClause
            The layer's own table.
        bounds : ndarray of float, shape (4,)
            Of a geometry in EPSG:4326.
        whole : bool
            Whether only what is wholly inside counts.

        Returns
        -------
        ColumnElement of bool, or None
            None where relations ask the index by themselves.
        """

    def geometry_type(self, value: Expression) -> Expression:
        """Return the type of a geometry by its name.

        Parameters
        ----------
        value : ColumnElement
            What is changed, compared or looked into.

        Returns
        -------
        ColumnElement
            Missing where something is missing.
        """

    def set(self, items: Sequence[Expression], *, numbers: bool) -> Expression:
        """Return a set.

        Parameters
        ----------
        items : sequence of ColumnElement
            Elements.
        numbers : bool
            Whether they are numbers, not texts.

        Returns
        -------
        ColumnElement
            Missing where something is missing.
        """

    def split(self, value: Expression, separator: Expression) -> Expression:
        """Return the parts of a text as a set.

        Parameters
        ----------
        value : ColumnElement
            What is changed, compared or looked into.
        separator : ColumnElement
            What parts them.

        Returns
        -------
        ColumnElement
            Missing where something is missing.
        """

    def compare_sets(self, name: str, a: Expression, b: Expression) -> sa.ColumnElement[bool]:
        """Return how two sets lie to each other.

        Parameters
        ----------
        name : str
            Name of the operator or function, in small letters.
        a : ColumnElement
            The first.
        b : ColumnElement
            The second.

        Returns
        -------
        ColumnElement of bool
            Unknown where something is missing.
        """
