"""Planned time: horizons and the OGC `datetime` parameter."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.errors import ValueOutOfRangeError
from layers.time import HORIZONS, Interval, horizon_interval, parse_datetime

DAY = dt.date(2030, 12, 31)


def test_the_horizons_are_those_of_the_plans() -> None:
    assert HORIZONS == (2025, 2030, 2045, 2050, 2065)


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("2030-12-31", Interval(DAY, DAY)),
        ("2030-12-31T23:59:59Z", Interval(DAY, DAY)),
        ("2030-12-31t00:00:00.5+07:00", Interval(DAY, DAY)),
        ("2025-01-01/2030-12-31", Interval(dt.date(2025, 1, 1), DAY)),
        ("../2030-12-31", Interval(None, DAY)),
        ("/2030-12-31", Interval(None, DAY)),
        ("2030-12-31/..", Interval(DAY, None)),
        ("2030-12-31/", Interval(DAY, None)),
        ("../..", Interval(None, None)),
    ],
)
def test_datetime_is_read_as_days(text: str, interval: Interval) -> None:
    assert parse_datetime(text) == interval


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2030",
        "2030-13-01",
        "2030-02-30",
        "31/12/2030",
        "a/b",
        "2031-01-01/2030-01-01",
        "/",
        "1/2/3",
        "2030-12-31T10",
    ],
)
def test_a_wrong_datetime_says_what_is_wanted(text: str) -> None:
    with pytest.raises(ValueOutOfRangeError, match=r"datetime: saw .*, wanted a date \(2030-12-31\)") as caught:
        parse_datetime(text)
    assert "khoảng a/b" in caught.value.message("vi")


@given(st.dates(), st.dates())
def test_an_interval_is_read_back_as_written(one: dt.date, other: dt.date) -> None:
    start, end = sorted((one, other))
    assert parse_datetime(f"{start.isoformat()}/{end.isoformat()}") == Interval(start, end)


def test_a_year_is_its_last_day() -> None:
    assert horizon_interval(2045) == Interval(dt.date(2045, 12, 31), dt.date(2045, 12, 31))
    assert horizon_interval(DAY) == Interval(DAY, DAY)
    for wrong in (45, 1899, 2201):
        with pytest.raises(ValueOutOfRangeError, match=f"{wrong}, wanted a year from 1900 to 2200"):
            horizon_interval(wrong)
    with pytest.raises(ValueOutOfRangeError, match="horizon"):
        horizon_interval(Interval(DAY, dt.date(2029, 1, 1)))
