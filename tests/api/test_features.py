from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

ITEMS = "/collections/stations/items"


def get(client: TestClient, path: str, **headers: str) -> Any:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


def ids(client: TestClient, query: str) -> list[str]:
    return [feature["id"] for feature in get(client, f"{ITEMS}?limit=5&{query}")["features"]]


def links(document: dict[str, Any], rel: str) -> list[dict[str, str]]:
    return [entry for entry in document["links"] if entry["rel"] == rel]


def pages(client: TestClient, url: str) -> Iterator[dict[str, Any]]:
    while True:
        page = get(client, url)
        yield page
        following = links(page, "next")
        if not following:
            return
        url = following[0]["href"]


# Landing page and conformance


def test_every_link_of_the_landing_page_leads_to_what_it_says(reader: TestClient) -> None:
    landing = get(reader, "/", accept="application/json")
    assert {entry["rel"] for entry in landing["links"]} >= {
        "self", "alternate", "service-desc", "service-doc", "conformance", "data",
    }  # fmt: skip
    # The map wants the shipped layers; tests of the portal open it.
    for entry in (link for link in landing["links"] if link["rel"] != "alternate"):
        answer = reader.get(entry["href"])
        assert answer.status_code == 200, entry
        assert answer.headers["content-type"].removesuffix("; charset=utf-8") == entry["type"]


def test_programs_get_the_landing_page_and_browsers_the_map(hanoi_reader: TestClient) -> None:
    assert get(hanoi_reader, "/", accept="*/*")["title"] == "Parkplan"
    assert get(hanoi_reader, "/?f=json", accept="text/html")["title"] == "Parkplan"
    for answer in (hanoi_reader.get("/", headers={"accept": "text/html,*/*;q=0.8"}), hanoi_reader.get("/?f=html")):
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_only_known_conformance_classes_are_declared(reader: TestClient) -> None:
    declared = get(reader, "/conformance")["conformsTo"]
    features = "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/"
    assert {features + name for name in ("core", "geojson", "oas30")} <= set(declared)
    assert len(set(declared)) == len(declared)


# Collections


def test_collections_are_listed_with_their_extent(reader: TestClient) -> None:
    listed = {entry["id"]: entry for entry in get(reader, "/collections")["collections"]}
    assert list(listed) == ["notes", "stations", "catalogue"]
    stations = listed["stations"]
    assert stations["title"] == "Stations"
    assert stations["description"] == "Stations for tests"
    west, south, east, north = stations["extent"]["spatial"]["bbox"][0]
    assert (west, east, north) == (-179.9, 179.4, 21.1)
    assert south == -16.8
    assert stations["extent"]["temporal"]["interval"] == [["2020-01-01T00:00:00Z", "2044-12-31T23:59:59Z"]]
    assert "extent" not in listed["notes"]
    assert stations["crs"][0] == stations["storageCrs"] == "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
    assert "http://www.opengis.net/def/crs/EPSG/0/5897" in stations["crs"]


def test_every_link_of_a_collection_leads_to_what_it_says(reader: TestClient) -> None:
    stations = get(reader, "/collections/stations")
    assert links(stations, "items")[0]["href"] == "http://testserver/collections/stations/items"
    for entry in stations["links"]:
        answer = reader.get(entry["href"])
        assert answer.status_code == 200
        assert answer.headers["content-type"].removesuffix("; charset=utf-8") == entry["type"]


@pytest.mark.parametrize("name", ["queryables", "schema"])
def test_queryables_and_schema_name_every_field(reader: TestClient, name: str) -> None:
    answer = reader.get(f"/collections/stations/{name}?lang=vi")
    document = answer.json()
    assert answer.headers["content-type"] == "application/schema+json"
    assert document["$id"] == f"http://testserver/collections/stations/{name}"
    wanted = {"title": "Số tầng", "type": "integer", "minimum": 0}
    assert wanted.items() <= document["properties"]["floors"].items()
    assert document["properties"]["kind"]["enum"] == ["bus", "rail"]
    assert {"name", "area_ha", "open", "opened", "valid_from", "source"} <= set(document["properties"])


# Language


@pytest.mark.parametrize(
    ("query", "header", "title", "language"),
    [
        ("", "", "Stations", "en"),
        ("", "vi", "Trạm", "vi"),
        ("?lang=vi", "en", "Trạm", "vi"),
        ("?lang=en", "vi", "Stations", "en"),
    ],
)
def test_titles_are_in_the_readers_language(
    reader: TestClient, query: str, header: str, title: str, language: str
) -> None:
    answer = reader.get(f"/collections/stations{query}", headers={"accept-language": header})
    assert answer.json()["title"] == title
    assert answer.headers["content-language"] == language
    assert "Accept-Language" in answer.headers["vary"]


# Features


def test_a_feature_keeps_its_values_and_types(reader: TestClient) -> None:
    feature = get(reader, f"{ITEMS}/hoa-lac")
    properties = feature["properties"]
    assert feature["id"] == "hoa-lac"
    assert {name: properties[name] for name in ("name", "floors", "area_ha", "open", "opened", "kind", "valid_to")} == {
        "name": "Hoà Lạc", "floors": 3, "area_ha": 1.25, "open": True, "opened": "2020-05-01", "kind": "bus",
        "valid_to": None,
    }  # fmt: skip
    assert shapely.geometry.shape(feature["geometry"]).equals(shapely.box(105.5, 21.0, 105.6, 21.1))
    assert links(feature, "self")[0]["href"] == f"http://testserver{ITEMS}/hoa-lac"
    assert links(feature, "collection")[0]["href"] == "http://testserver/collections/stations"


def test_coordinates_have_seven_decimals(reader: TestClient) -> None:
    assert get(reader, f"{ITEMS}/old")["geometry"]["coordinates"] == [105.1234568, 20.9876543]


def test_an_id_may_hold_any_sign(reader: TestClient) -> None:
    feature = get(reader, f"{ITEMS}/{quote('phu nghia/1', safe='')}")
    assert feature["id"] == "phu nghia/1"
    assert links(feature, "self")[0]["href"] == f"http://testserver{ITEMS}/phu%20nghia%2F1"
    assert get(reader, links(feature, "self")[0]["href"]) == feature


def test_a_geometry_that_is_not_known_is_null(reader: TestClient) -> None:
    assert get(reader, f"{ITEMS}/nowhere")["geometry"] is None
    notes = get(reader, "/collections/notes/items")
    assert [(note["geometry"], note["properties"]["text"]) for note in notes["features"]] == [
        (None, "một"), (None, "hai"),
    ]  # fmt: skip


def test_a_page_says_what_it_is(reader: TestClient) -> None:
    answer = reader.get(f"{ITEMS}?limit=2&lang=vi")
    page = answer.json()
    assert answer.headers["content-type"] == "application/geo+json"
    assert (page["numberReturned"], page["numberMatched"], len(page["features"])) == (2, 6, 2)
    assert abs(dt.datetime.fromisoformat(page["timeStamp"]) - dt.datetime.now(dt.UTC)) < dt.timedelta(minutes=1)
    assert links(page, "self")[0]["href"] == f"http://testserver{ITEMS}?limit=2&lang=vi"
    assert links(page, "next")[0]["href"].startswith(f"http://testserver{ITEMS}?limit=2&lang=vi&cursor=")


@pytest.mark.parametrize(("query", "count"), [("", 4), ("?limit=5", 5), ("?limit=1000000", 5), ("?limit=1", 1)])
def test_a_page_has_as_many_features_as_asked_for_up_to_the_maximum(reader: TestClient, query: str, count: int) -> None:
    assert get(reader, ITEMS + query)["numberReturned"] == count


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=15, deadline=None)
@given(limit=st.integers(1, 12), filtered=st.sampled_from(["", "&kind=bus", "&bbox=100,0,110,30", "&floors=3"]))
def test_walking_the_pages_gives_every_feature_once(reader: TestClient, limit: int, filtered: str) -> None:
    walked = list(pages(reader, f"{ITEMS}?limit={limit}{filtered}"))
    seen = [feature["id"] for page in walked for feature in page["features"]]
    expected = {"": 6, "&kind=bus": 2, "&bbox=100,0,110,30": 3, "&floors=3": 2}[filtered]
    assert len(seen) == len(set(seen)) == expected
    assert {page["numberMatched"] for page in walked} == {expected}
    assert all(page["numberReturned"] == min(limit, 5) for page in walked[:-1])


@pytest.mark.parametrize(
    ("bbox", "found"),
    [
        ("105.55,21.05,105.7,21.2", ["hoa-lac"]),
        ("105.6,21.1,106,22", ["hoa-lac"]),
        ("105.61,21.0,106,22", []),
        ("105,20,106,22", ["hoa-lac", "phu nghia/1", "old"]),
        ("105,20,-10,106,22,10", ["hoa-lac", "phu nghia/1", "old"]),
        ("179,-17,-179,-16", ["taveuni", "vanua-levu"]),
        ("-180,-90,180,90", ["hoa-lac", "phu nghia/1", "old", "taveuni", "vanua-levu"]),
        ("105.66,20.93,105.66,20.93", ["phu nghia/1"]),
    ],
)
def test_a_bbox_finds_what_it_touches(reader: TestClient, bbox: str, found: list[str]) -> None:
    assert ids(reader, f"bbox={bbox}") == found


@pytest.mark.parametrize(
    ("datetime", "found"),
    [
        ("2025-12-31", ["hoa-lac", "old"]),
        ("2029-12-31", ["hoa-lac", "old"]),
        ("2030-01-01", ["hoa-lac", "phu nghia/1"]),
        ("2030-12-31T12:00:00Z", ["hoa-lac", "phu nghia/1"]),
        ("2044-12-31", ["hoa-lac", "phu nghia/1"]),
        ("2045-01-01", ["hoa-lac"]),
        ("2019-12-31", ["old"]),
        ("../2019-12-31", ["old"]),
        ("/2019-12-31", ["old"]),
        ("2045-01-01/..", ["hoa-lac"]),
        ("2029-12-31/2030-01-01", ["hoa-lac", "phu nghia/1", "old"]),
        ("../..", ["hoa-lac", "phu nghia/1", "old"]),
    ],
)
def test_datetime_is_planned_time_with_both_ends_inclusive(reader: TestClient, datetime: str, found: list[str]) -> None:
    timeless = {"taveuni", "vanua-levu", "nowhere"}
    seen = [feature["id"] for page in pages(reader, f"{ITEMS}?datetime={datetime}") for feature in page["features"]]
    assert [name for name in seen if name not in timeless] == found
    assert timeless <= set(seen)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("kind=rail", ["phu nghia/1"]),
        ("kind=bus&floors=3", ["hoa-lac"]),
        ("floors=3", ["hoa-lac", "old"]),
        ("area_ha=0.5", ["nowhere"]),
        ("area_ha=5e-1", ["nowhere"]),
        ("open=false", ["phu nghia/1"]),
        ("opened=2020-05-01", ["hoa-lac"]),
        ("valid_to=2044-12-31", ["phu nghia/1"]),
        ("name=" + quote("Phú Nghĩa"), ["phu nghia/1"]),
        ("name=nobody", []),
        ("name=' OR 1=1 --", []),
        ("floors=3&datetime=2030-06-01", ["hoa-lac"]),
        ("floors=3&bbox=105,20,105.2,21", ["old"]),
    ],
)
def test_a_field_filters_by_equality(reader: TestClient, query: str, found: list[str]) -> None:
    assert ids(reader, query) == found


def test_head_is_get_without_its_body(reader: TestClient) -> None:
    head, full = reader.head(ITEMS), reader.get(ITEMS)
    assert head.status_code == 200
    assert head.content == b""
    assert head.headers["content-type"] == full.headers["content-type"]
