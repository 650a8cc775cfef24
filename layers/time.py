"""Planned time: when a feature is meant to exist, and the horizons at which a plan is looked at.

Planned time is a pair of days, both inclusive, either of which may be open. A horizon is one day of it: the year 2030
means the state on 31 December 2030.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final, NamedTuple

from layers.errors import ValueOutOfRangeError
from layers.types import Text

__all__ = ["HORIZONS", "Horizon", "Interval", "horizon_interval", "parse_as_of", "parse_datetime"]

#: Horizons of the plans that Hanoi's parks are reviewed against: today, the capital plan (2030, 2050) and the general
#: plan (2045, 2065).
HORIZONS: Final = (2025, 2030, 2045, 2050, 2065)

_WANTED: Final = Text(
    vi="ngày (2030-12-31), thời điểm RFC 3339, hoặc khoảng a/b với '..' là để ngỏ",
    en="a date (2030-12-31), an RFC 3339 date-time, or an interval a/b with '..' for an open end",
)
_RECORDED: Final = Text(
    vi="số của một phiên bản thay đổi, một ngày, hoặc thời điểm RFC 3339",
    en="the number of a changeset, a date, or an RFC 3339 date-time",
)
_DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
_DATE_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})")


class Interval(NamedTuple):
    """Days from `start` to `end`, both inclusive; None is open.

    Attributes
    ----------
    start, end : datetime.date or None
        The ends.
    """

    start: dt.date | None
    end: dt.date | None


#: A year (its 31 December), a day, or an interval of days.
Horizon = int | dt.date | Interval


def horizon_interval(horizon: Horizon) -> Interval:
    """Return the days that a horizon asks for.

    Parameters
    ----------
    horizon : int, datetime.date or Interval
        A year means its 31 December.

    Returns
    -------
    Interval
        One day, or the interval itself.

    Raises
    ------
    ValueOutOfRangeError
        If a year is not between 1900 and 2200, or an interval ends before it starts.

    Examples
    --------
    >>> horizon_interval(2030)
    Interval(start=datetime.date(2030, 12, 31), end=datetime.date(2030, 12, 31))
    """
    if isinstance(horizon, Interval):
        if horizon.start is not None and horizon.end is not None and horizon.start > horizon.end:
            raise ValueOutOfRangeError(seen=f"{horizon.start}/{horizon.end}", wanted=_WANTED, where="horizon")
        return horizon
    if isinstance(horizon, dt.date):
        return Interval(horizon, horizon)
    if not 1900 <= horizon <= 2200:
        raise ValueOutOfRangeError(
            seen=horizon, wanted=Text(vi="năm từ 1900 đến 2200", en="a year from 1900 to 2200"), where="horizon"
        )
    day = dt.date(horizon, 12, 31)
    return Interval(day, day)


def parse_datetime(text: str) -> Interval:
    """Read the OGC API `datetime` parameter as planned time.

    Parameters
    ----------
    text : str
        A date, an RFC 3339 date-time (its day in its own offset counts) or an interval; `..` or nothing is an open
        end.

    Returns
    -------
    Interval
        The days asked for.

    Raises
    ------
    ValueOutOfRangeError
        If the text is none of these, or ends before it starts.

    Examples
    --------
    >>> parse_datetime("../2030-12-31").end
    datetime.date(2030, 12, 31)
    """
    parts = text.split("/")
    if len(parts) == 1:
        day = _parse_day(text, text)
        return Interval(day, day)
    if len(parts) != 2 or (all(part in ("", "..") for part in parts) and parts != ["..", ".."]):
        raise ValueOutOfRangeError(seen=text, wanted=_WANTED, where="datetime")
    start, end = (None if part in ("", "..") else _parse_day(part, text) for part in parts)
    if start is not None and end is not None and start > end:
        raise ValueOutOfRangeError(seen=text, wanted=_WANTED, where="datetime")
    return Interval(start, end)


def parse_as_of(text: str, *, where: str = "as_of") -> int | dt.datetime:
    """Read a point of record time.

    Parameters
    ----------
    text : str
        The number of a changeset, an RFC 3339 date-time, or a day, which means its end in UTC.
    where : str
        What to call it in an error.

    Returns
    -------
    int or datetime.datetime
        For `as_of` of a selection.

    Raises
    ------
    ValueOutOfRangeError
        If the text is none of these.

    Examples
    --------
    >>> parse_as_of("12"), parse_as_of("2026-01-31").isoformat()
    (12, '2026-01-31T23:59:59.999999+00:00')
    """
    if text.isascii() and text.isdecimal() and len(text) < 10:
        return int(text)
    try:
        if _DATE.fullmatch(text):
            return dt.datetime.combine(dt.date.fromisoformat(text), dt.time.max, dt.UTC)
        if _DATE_TIME.fullmatch(text):
            return dt.datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise ValueOutOfRangeError(seen=text, wanted=_RECORDED, where=where) from error
    raise ValueOutOfRangeError(seen=text, wanted=_RECORDED, where=where)


def _parse_day(part: str, whole: str) -> dt.date:
    try:
        if _DATE.fullmatch(part):
            return dt.date.fromisoformat(part)
        if _DATE_TIME.fullmatch(part):
            return dt.datetime.fromisoformat(part.upper()).date()
    except ValueError as error:
        raise ValueOutOfRangeError(seen=whole, wanted=_WANTED, where="datetime") from error
    raise ValueOutOfRangeError(seen=whole, wanted=_WANTED, where="datetime")
