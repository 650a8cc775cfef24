"""What is wrong with a filter is told in both languages, with its place and what was expected; nothing crashes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from layers.cql2 import MAX_DEPTH, MAX_LENGTH, both, parse_filter, within
from layers.definitions import parse_definition
from layers.errors import CrsError, FilterError, LayersError, UnknownFieldError

LAYER = """
id = "things"
title = { vi = "Vật", en = "Things" }
theme = "reference"
geometry = ["Point"]
fields = [
  { name = "name", type = "text", title = { vi = "Tên", en = "Name" } },
  { name = "count", type = "integer", title = { vi = "Số", en = "Count" } },
  { name = "open", type = "boolean", title = { vi = "Mở", en = "Open" } },
  { name = "opened", type = "date", title = { vi = "Ngày", en = "Opened" } },
]
"""
THINGS = parse_definition(LAYER, where="things.toml")
NOTES = parse_definition(LAYER.replace('["Point"]', "[]"), where="notes.toml")


def parse(text: str, **options: Any) -> str:
    return parse_filter(text, definition=THINGS, **options).text


@pytest.mark.parametrize(
    ("text", "position", "en", "vi"),
    [
        ("count = 1 and", 14, "the end of the filter at character 14", "hết bộ lọc ở ký tự 14"),
        ("(count = 1", 11, "AND or OR", "AND hoặc OR"),
        ("count == 1", 8, "'= 1' at character 8", "văn bản"),
        ("count\n = 1 or\n or = ", 19, "character", "ký tự"),
        ("name = 'it", 8, "a text in '…'", "văn bản trong dấu '…'"),
    ],
)
def test_what_cannot_be_read_is_told_with_its_place(text: str, position: int, en: str, vi: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert en in caught.value.message("en")
    assert vi in caught.value.message("vi")
    assert abs((caught.value.position or 0) - position) <= 2


@pytest.mark.parametrize(
    ("text", "en"),
    [
        ("", "an empty filter"),
        ("name", "name, wanted a condition"),
        ("name = 1", "1 (a number), wanted a text"),
        ("count > 'x'", "'x' (a text), wanted a number"),
        ("open < TRUE AND name LIKE count", "wanted a text, perhaps in CASEI or ACCENTI"),
        ("count + name > 1", "name (a text), wanted a number"),
        ("count = NULL", "IS NULL"),
        ("count IN (1, 'x')", "'x' (a text), wanted a number"),
        ("S_INTERSECTS(geometry, name)", "name (a text), wanted a geometry"),
        ("S_INTERSECTS(geometry)", "S_INTERSECTS with 1, wanted 2 arguments"),
        ("S_INTERSECTS(geometry, BBOX(10,10,0,-10))", "the lower, then the upper corner"),
        ("S_INTERSECTS(geometry, POLYGON((0 0, 1 1)))", "wanted a"),
        ("T_DURING(opened, INTERVAL('2020-01-01','..'))", "for an instant there are T_INTERSECTS"),
        ("T_AFTER(count, DATE('2020-01-01'))", "count (a number), wanted a day or a moment"),
        ("T_AFTER(opened, INTERVAL('2030-01-01','2020-01-01'))", "a start that is not after the end"),
        ("opened = DATE('2023-02-30')", "that the calendar has"),
        ("opened = TIMESTAMP('2023-02-20')", "that the calendar has"),
        ("A_CONTAINS(name, ('a'))", "name (a text), wanted a set of texts"),
        ("A_CONTAINS(split(name, ','), (1))", "wanted a set of texts"),
        ("nearest(geometry) = 1", "a function of /functions: abs"),
        ("abs(count, 1) = 1", "abs with 2, wanted 1 arguments"),
        ("year(name) = 2020 AND year(count) = 1", "count (a number), wanted a day or a moment"),
        ("count = 12345678901234567890", "at most 15 digits"),
        ("(" * 101 + "open" + ")" * 101, "101 parentheses deep, character 101, wanted at most 100"),
        ("NOT " * 401 + "open", "at most 400"),
        ("count" + " + 1" * 40 + " > 0", "at most 24 levels"),
        ("casei(" * 5 + "name" + ")" * 5 + " = 'a'", "CASEI and ACCENTI 5 deep, wanted at most 4"),
        ("count = f(" + "1" * 90_000 + "x)", "'x)' at character 90011"),
        ("name LIKE '" + "%a" * 11 + "'", "at most 1000 characters and 10 signs %"),
        ("count IN (" + "1," * 10_000 + "1)", "at most 10000"),
        ("S_INTERSECTS(geometry, POLYGON((0 0, 2 2, 2 0, 0 2, 0 0)))", "does not cross itself"),
        ("open AND " * 20_000 + "open", "at most 100000 characters"),
    ],
)
def test_what_does_not_fit_is_told(text: str, en: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(text)
    assert en in caught.value.message("en")
    assert caught.value.message("vi").startswith("Bộ lọc (filter) không hợp lệ: gặp ")


def test_a_field_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(UnknownFieldError, match=r"no field 'area'\. Its fields are: geometry, feature_id, name"):
        parse("area > 1")
    with pytest.raises(UnknownFieldError):
        parse_filter("geometry IS NULL", definition=NOTES)
    assert parse("NAME = 'x' AND geom IS NULL AND \"Feature_ID\" = 'a'") == (
        "name = 'x' AND geometry IS NULL AND feature_id = 'a'"
    )


@pytest.mark.parametrize(
    ("document", "en"),
    [
        ("{", "valid JSON"),
        ('{"op": "=", "args": [1]}', "= with 1, wanted 2 arguments"),
        ('{"op": "and", "args": [true]}', "and with 1, wanted 2 arguments or more"),
        ('{"op": ["x"], "args": []}', "a CQL2 expression"),
        ('{"what": 1}', "a CQL2 expression"),
        ('{"property": 1}', "the name of a field"),
        ('{"op": "in", "args": [{"property": "name"}, []]}', "a list of one value or more"),
        ('{"op": "s_intersects", "args": [{"property": "geometry"}, {"bbox": [1, 2, 3]}]}', "BBOX with 4 or 6 numbers"),
        (
            '{"op": "s_intersects", "args": [{"property": "geometry"}, {"type": "Point", "coordinates": ["a"]}]}',
            "a GeoJSON geometry",
        ),
        ('{"op": "s_intersects", "args": [{"property": "geometry"}, {"type": "Sphere"}]}', "a GeoJSON geometry"),
        ('{"op": "t_after", "args": [{"property": "opened"}, {"interval": ["2020-01-01"]}]}', "the two ends"),
        ('{"op": "isNull", "args": [null]}', "IS NULL"),
        ('{"op":"not","args":[' * 101 + "true" + "]}" * 101, "at most 24 levels"),
        ("[" * 5_000, "valid JSON"),
        (r'{"op": "=", "args": [{"property": "name"}, "a\u0000"]}', "a text without a NUL character"),
    ],
)
def test_json_that_is_no_filter_is_told(document: str, en: str) -> None:
    with pytest.raises(FilterError) as caught:
        parse(document, language="cql2-json")
    assert en in caught.value.message("en")


def test_limits_leave_room() -> None:
    assert parse("(" * 90 + "open" + ")" * 90) == "open"
    points = ", ".join(f"{i / 100:g} {-i / 100:g}" for i in range(3_000))
    assert parse(f"S_INTERSECTS(geometry, LINESTRING({points}))").startswith("S_INTERSECTS(geometry, LINESTRING (0 0, ")
    assert parse(" OR ".join(["count = -1"] * 300)).count("OR") == 299
    assert MAX_DEPTH == 24
    assert MAX_LENGTH == 100_000
    assert parse('{"op": "=", "args": [{"property": "count"}, 9007199254740993]}', language="cql2-json") == (
        "count = 9007199254740993"
    )


def test_places_in_another_crs_are_put_on_the_earth_with_axes_as_it_has_them() -> None:
    epsg = "http://www.opengis.net/def/crs/EPSG/0/"
    assert parse("S_INTERSECTS(geometry, POINT(21 105.5))", crs=f"{epsg}4326") == (
        "S_INTERSECTS(geometry, POINT (105.5 21))"
    )
    assert parse("S_INTERSECTS(geometry, BBOX(20, 105, 21, 106))", crs=f"{epsg}4326") == (
        "S_INTERSECTS(geometry, BBOX(105, 20, 106, 21))"
    )
    with pytest.raises(FilterError, match="latitudes"):
        parse("S_INTERSECTS(geometry, POINT(105.5 21))", crs=f"{epsg}4326")
    text = parse("S_INTERSECTS(geometry, POINT(587000 2323000))", crs=f"{epsg}5897")
    x, y = (float(part) for part in text.partition("POINT (")[2].rstrip(")").split())
    # Through the official seven parameters, not by taking one datum for the other.
    assert (round(x, 4), round(y, 4)) == (105.8387, 20.9984)
    with pytest.raises(CrsError, match="5897") as caught:
        parse("open", crs="http://www.opengis.net/def/crs/EPSG/0/2154")
    assert "một trong các mã" in caught.value.message("vi")
    with pytest.raises(LayersError):
        parse("S_INTERSECTS(geometry, POINT(1e300 1e300))", crs=f"{epsg}5897")
    box = within((587000, 2323000, 588000, 2324000), definition=THINGS, crs=f"{epsg}5897")
    assert box.text.startswith("S_INTERSECTS(geometry, POLYGON ((")
    assert within((587000, 2323000, 588000, 2324000), definition=NOTES, crs=f"{epsg}5897").text == "FALSE"


def test_two_filters_hold_together() -> None:
    first, second = (parse_filter(text, definition=THINGS) for text in ("open OR count = 1", "name = 'x'"))
    joined = both(first, second)
    assert joined is not None
    assert joined.text == "(open OR count = 1) AND name = 'x'"
    assert both(None, second) is second
    assert both(first, None) is first
    assert both(None, None) is None
    assert len({first, parse_filter("OPEN or Count=1.0", definition=THINGS)}) == 1
    assert json.dumps(first.document()) == (
        '{"op": "or", "args": [{"property": "open"}, {"op": "=", "args": [{"property": "count"}, 1]}]}'
    )
