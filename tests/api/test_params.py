from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.errors import BadParameterError
from api.params import parse_bbox, parse_filter, parse_limit, wants_html
from layers.definitions import Code, Field, FieldType
from layers.types import Text

LONGITUDES = st.floats(-180, 180)
LATITUDES = st.floats(-90, 90)


def field(type_: FieldType, *codes: str) -> Field:
    title = Text(vi="x", en="x")
    return Field(name="x", type=type_, title=title, codes=tuple(Code(value=code, title=title) for code in codes))


@given(LONGITUDES, LONGITUDES, st.tuples(LATITUDES, LATITUDES).map(sorted))
def test_every_bbox_in_range_is_read_back(west: float, east: float, latitudes: list[float]) -> None:
    south, north = latitudes
    assert parse_bbox(f"{west!r},{south!r},{east!r},{north!r}") == (west, south, east, north)
    assert parse_bbox(f"{west!r},{south!r},-5,{east!r},{north!r},12.5") == (west, south, east, north)


@pytest.mark.parametrize(
    "text",
    [
        "", "1,2,3", "1,2,3,4,5", "1,2,3,4,5,6,7", "a,b,c,d", "1,2,3,nan", "1,2,inf,4", "1,2,,4", " 1,2,3,4",
        "0,10,10,0", "-181,0,10,10", "0,-91,10,10", "0,0,180.1,10", "0,0,10,90.5", "0,0,9,10,10,1", "1_0,2,3,4",
        "١,2,3,4",
    ],
)  # fmt: skip
def test_any_other_bbox_is_refused_with_what_was_seen_and_wanted(text: str) -> None:
    with pytest.raises(BadParameterError) as caught:
        parse_bbox(text)
    wanted = "4 or 6 numbers with commas: west, south, east, north in degrees of WGS 84"
    assert caught.value.message("en") == f"Parameter bbox: saw {text!r}, wanted {wanted}."
    assert caught.value.message("vi").startswith("Tham số bbox: gặp ")


@given(st.integers(1, 10**40), st.integers(1, 10_000))
def test_a_limit_is_the_number_or_the_maximum(number: int, maximum: int) -> None:
    assert parse_limit(str(number), maximum=maximum) == min(number, maximum)
    assert parse_limit(f"000{number}", maximum=maximum) == min(number, maximum)


@pytest.mark.parametrize("text", ["0", "000", "-1", "+1", "1.0", "", "ten", " 5", "1e3", "٣"])
def test_any_other_limit_is_refused(text: str) -> None:
    with pytest.raises(BadParameterError, match=r"Parameter limit: saw .*, wanted a whole number from 1 upwards"):
        parse_limit(text, maximum=10)


@pytest.mark.parametrize(
    ("type_", "text", "value"),
    [
        ("text", "Phú Nghĩa", "Phú Nghĩa"),
        ("text", "", ""),
        ("integer", "-12", -12),
        ("integer", str(2**63 - 1), 2**63 - 1),
        ("number", "1.5e3", 1500.0),
        ("number", ".5", 0.5),
        ("boolean", "true", True),
        ("boolean", "false", False),
        ("date", "2024-02-29", dt.date(2024, 2, 29)),
    ],
)
def test_a_filter_has_the_type_of_its_field(type_: FieldType, text: str, value: object) -> None:
    read = parse_filter(field(type_), text)
    assert read == value
    assert type(read) is type(value)


@pytest.mark.parametrize(
    ("type_", "text", "wanted"),
    [
        ("integer", "1.5", "a whole number"),
        ("integer", str(2**63), "a whole number"),
        ("integer", "9" * 5000, "a whole number"),
        ("number", "1,5", "a number"),
        ("number", "nan", "a number"),
        ("number", "1e999", "a number"),
        ("boolean", "True", "true or false"),
        ("date", "2023-02-29", "a date such as 2030-12-31"),
        ("date", "20230101", "a date such as 2030-12-31"),
    ],
)
def test_a_filter_of_another_type_is_refused(type_: FieldType, text: str, wanted: str) -> None:
    with pytest.raises(BadParameterError) as caught:
        parse_filter(field(type_), text)
    assert caught.value.message("en").endswith(f", wanted {wanted}.")


def test_a_code_that_is_not_on_the_list_is_refused_with_the_list() -> None:
    assert parse_filter(field("text", "bus", "rail"), "rail") == "rail"
    with pytest.raises(BadParameterError, match="Parameter x: saw 'tram', wanted bus, rail"):
        parse_filter(field("text", "bus", "rail"), "tram")


@pytest.mark.parametrize(
    ("accept", "chosen", "html"),
    [
        ("", None, False),
        ("*/*", None, False),
        ("application/json", None, False),
        ("text/html", None, True),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", None, True),
        ("application/json, text/html;q=0.5", None, False),
        ("application/json;q=0.2, text/html;q=0.5", None, True),
        ("application/geo+json, text/html", None, False),
        ("text/html;q=0", None, False),
        ("text/html;q=x", None, False),
        ("text/html", "json", False),
        ("application/json", "html", True),
        ("text/html", "nonsense", False),
    ],
)
def test_pages_are_for_those_who_ask_for_pages(accept: str, chosen: str | None, html: object) -> None:
    assert wants_html(accept, chosen) is html
