"""What is the same value in another dress is taken; what would be cut, rounded or guessed is refused."""

from __future__ import annotations

import datetime as dt
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.coercion import DTYPES, Coerced, as_texts, coerce
from layers.definitions import Field, FieldType
from layers.types import Text


def read(type_: FieldType, values: Any, dtype: Any = None) -> Coerced:
    field = Field(name="field", type=type_, title=Text(vi="trường", en="field"))
    return coerce(field, pd.Series(values, dtype=dtype))


def test_days_are_taken_as_they_are_and_moments_are_no_days() -> None:
    days = [dt.date(2030, 1, 2), None, dt.date(1, 1, 1), dt.date(9999, 12, 31)]
    taken = read("date", days, object)
    assert [None if pd.isna(day) else day.date() for day in taken.values] == days
    assert not taken.refused.any()
    assert str(taken.values.dtype) == "datetime64[s]"
    mixed = read("date", [dt.date(2030, 1, 2), dt.datetime(2030, 1, 2, 5, tzinfo=dt.UTC)], object)
    assert mixed.refused.tolist() == [False, True]


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("integer", " 12 ", 12),
        ("integer", "+12", 12),
        ("integer", "-7.00", -7),
        ("integer", "9007199254740993", 2**53 + 1),
        ("integer", str(-(2**63)), -(2**63)),
        ("number", "1e3", 1000.0),
        ("number", "-.5", -0.5),
        ("number", " 380 ", 380.0),
        ("boolean", "YES", True),
        ("boolean", "0", False),
        ("date", "2025-07-01", pd.Timestamp(2025, 7, 1)),
        ("date", "2025/07/01", pd.Timestamp(2025, 7, 1)),
        ("date", "2025-07-01T00:00:00Z", pd.Timestamp(2025, 7, 1)),
        ("date", "0999-01-01", pd.Timestamp(999, 1, 1)),
        ("text", " as it is ", " as it is "),
        ("text", "", ""),
    ],
)
def test_texts_that_mean_a_value(type_: FieldType, text: str, value: object) -> None:
    values, refused = read(type_, [text], "str")
    assert not refused.any()
    assert values.iloc[0] == value
    assert str(values.dtype) == DTYPES[type_]


@pytest.mark.parametrize(
    ("type_", "text"),
    [
        ("integer", "3.5"),
        ("integer", "1e3"),
        ("integer", str(2**63)),
        ("integer", "9" * 20),
        ("integer", "abc"),
        ("integer", "true"),
        ("number", "1.234,5"),
        ("number", "inf"),
        ("number", "nan"),
        ("number", "0x10"),
        ("number", "1_000"),
        ("number", "~90 ha"),
        ("boolean", "-1"),
        ("boolean", "2"),
        ("date", "01/07/2025"),
        ("date", "2025"),
        ("date", "20250701"),
        ("date", "2025-02-30"),
        ("date", "2025-07-01T13:45:00"),
    ],
)
def test_texts_that_mean_no_value(type_: FieldType, text: str) -> None:
    values, refused = read(type_, [text, None], "str")
    assert refused.tolist() == [True, False]
    assert values.isna().all()


@pytest.mark.parametrize("type_", ["integer", "number", "boolean", "date"])
def test_blank_text_is_missing(type_: FieldType) -> None:
    values, refused = read(type_, ["", "  "], "str")
    assert not refused.any()
    assert values.isna().all()


@pytest.mark.parametrize("type_", list(DTYPES))
@pytest.mark.parametrize(
    "empty",
    [pd.Series([], dtype=object), pd.Series([None, None], dtype=object), pd.Series([np.nan]), pd.Series([pd.NaT])],
)
def test_nothing_stays_nothing_in_the_right_dtype(type_: FieldType, empty: pd.Series[Any]) -> None:
    field = Field(name="field", type=type_, title=Text(vi="trường", en="field"))
    values, refused = coerce(field, empty)
    assert str(values.dtype) == DTYPES[type_]
    assert values.isna().all()
    assert not refused.any()


def test_large_integers_keep_every_digit() -> None:
    big = 2**62 + 1
    for dtype in ("int64", "Int64", "uint64", object):
        values, refused = read("integer", [big, 3], dtype)
        assert values.tolist() == [big, 3]
        assert not refused.any()
    assert read("integer", [2**64 - 1, 2**53 + 1], "uint64").values.tolist() == [pd.NA, 2**53 + 1]
    assert read("integer", [2**64 - 1, 3], "uint64").refused.tolist() == [True, False]


def test_floats_are_whole_or_refused() -> None:
    values, refused = read("integer", [3.0, 3.5, np.nan, np.inf, 1e19])
    assert refused.tolist() == [False, True, False, True, True]
    assert values.iloc[0] == 3
    assert read("number", [1.5, np.inf]).refused.tolist() == [False, True]


def test_truth_is_no_number_and_one_is_true() -> None:
    assert read("integer", [True]).refused.all()
    assert read("number", [True, None], "boolean").refused.tolist() == [True, False]
    assert read("boolean", [1, 0, 2]).refused.tolist() == [False, False, True]
    assert read("boolean", [1.0, 0.0]).values.tolist() == [True, False]


def test_times_are_days_only_at_midnight() -> None:
    stamps = pd.to_datetime(pd.Series(["2025-07-01T00:00:00", "2025-07-01T13:45:00"]))
    assert read("date", stamps).refused.tolist() == [False, True]
    local = pd.Series(pd.to_datetime(["2025-07-01"])).dt.tz_localize("Asia/Ho_Chi_Minh")
    assert read("date", local).values.iloc[0] == pd.Timestamp(2025, 7, 1)


def test_mixed_objects_are_read_one_by_one() -> None:
    mixed = [
        1,
        "2",
        2.5,
        dt.date(2025, 7, 1),
        dt.datetime(2025, 7, 1, 13, 45, tzinfo=dt.UTC),
        [1],
        {"a": 1},
        b"x",
        None,
        pd.NA,
    ]
    texts, refused = read("text", mixed, object)
    assert texts.tolist()[:5] == ["1", "2", "2.5", "2025-07-01", "2025-07-01T13:45:00+00:00"]
    assert refused.tolist() == [False] * 5 + [True] * 3 + [False] * 2
    assert read("date", mixed, object).refused.tolist() == [
        True,
        True,
        True,
        False,
        True,
        True,
        True,
        True,
        False,
        False,
    ]


def test_as_texts_writes_numbers_as_people_do() -> None:
    assert as_texts(pd.Series([12.0, 12.5, np.nan]))[0].tolist()[:2] == ["12", "12.5"]
    assert as_texts(pd.Series([True, False]))[0].tolist() == ["true", "false"]


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1))))
def test_integers_survive_as_integers_objects_and_texts(numbers: list[int | None]) -> None:
    texts = pd.Series([None if number is None else str(number) for number in numbers], dtype="str")
    for values in (pd.Series(numbers, dtype="Int64"), pd.Series(numbers, dtype=object), texts):
        found, refused = read("integer", values)
        assert not refused.any()
        assert [None if pd.isna(value) else value for value in found] == numbers


@settings(deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False)))
def test_numbers_survive_as_texts(numbers: list[float]) -> None:
    texts = pd.Series([repr(number) for number in numbers], dtype="str")
    values, refused = read("number", texts)
    assert not refused.any()
    assert values.tolist() == numbers


@settings(deadline=None)
@given(st.lists(st.dates(min_value=dt.date(1000, 1, 1))))
def test_dates_survive_as_objects_and_texts(days: list[dt.date]) -> None:
    as_objects = read("date", days, object).values
    as_text = read("date", [day.isoformat() for day in days], "str").values
    assert [stamp.date() for stamp in as_objects] == days
    pd.testing.assert_series_equal(as_objects, as_text)


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), st.text(max_size=6), st.integers(), st.floats(), st.booleans(), st.dates())))
def test_every_value_is_read_missing_or_refused(values: list[object]) -> None:
    column = pd.Series(values, dtype=object)
    for type_ in DTYPES:
        read_, refused = read(type_, column)
        assert str(read_.dtype) == DTYPES[type_]
        assert len(read_) == len(refused) == len(values)
        assert not (refused & read_.notna().to_numpy()).any()
        assert not (refused & column.isna().to_numpy()).any()
