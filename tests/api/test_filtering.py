"""Filter, CRS, order, fields and formats of features over HTTP, on both stores."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest
from starlette.testclient import TestClient

from api.errors import BadParameterError
from api.filtering import parse_as_of, parse_place, parse_sort
from layers.cql2 import parse_filter
from layers.definitions import parse_definition
from layers.published import CRS84, PUBLISHED
from tests.api.conftest import STATIONS

ITEMS = "/collections/stations/items"
EPSG = "http://www.opengis.net/def/crs/EPSG/0/"
#: Where `old` lies in EPSG:5897, as cs2cs of PROJ 9.1 has it.
PLACE = pytest.approx([512639.6952, 2321590.8983], abs=0.0002)
DEFINITION = parse_definition(STATIONS, where="stations.toml")


def ids(client: TestClient, **query: str) -> list[str]:
    answer = client.get(ITEMS, params={"limit": "5", **query})
    assert answer.status_code == 200, answer.text
    return [feature["id"] for feature in answer.json()["features"]]


def problem(client: TestClient, **query: str) -> Any:
    answer = client.get(ITEMS, params=query)
    assert answer.status_code == 400, answer.text
    return answer.json()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("floors = 3 AND kind = 'bus'", ["hoa-lac"]),
        ("ACCENTI(CASEI(name)) LIKE accenti(casei('%PHU nghia%'))", ["phu nghia/1"]),
        ("S_INTERSECTS(geometry, BBOX(179,-17,-179,-16))", ["taveuni", "vanua-levu"]),
        ("geometry IS NULL", ["nowhere"]),
        ("planned_at(DATE('2029-12-31')) AND name <> 'Cũ'", ["hoa-lac", "taveuni", "vanua-levu", "nowhere"]),
        ("T_BEFORE(INTERVAL(valid_from, valid_to), DATE('2030-01-01'))", ["old"]),
        ("feature_id IN ('old','nowhere') AND area_ha * 2 = 1", ["nowhere"]),
        ("NOT (floors > 2)", []),
    ],
)
def test_a_filter_in_text_and_in_json_finds_the_same(reader: TestClient, text: str, expected: list[str]) -> None:
    assert ids(reader, filter=text) == expected
    document = json.dumps(parse_filter(text, definition=DEFINITION).document())
    assert ids(reader, filter=document, **{"filter-lang": "cql2-json"}) == expected


def test_a_filter_goes_with_everything_else_and_with_the_next_page(reader: TestClient) -> None:
    assert ids(reader, filter="kind = 'bus'", bbox="105,20,106,22", datetime="2025-01-01") == ["hoa-lac"]
    assert ids(reader, filter="kind = 'bus'", open="true") == ["hoa-lac"]
    first = reader.get(ITEMS, params={"filter": "name <> 'Cũ'", "limit": "2"}).json()
    assert (first["numberReturned"], first["numberMatched"]) == (2, 5)
    following = next(entry["href"] for entry in first["links"] if entry["rel"] == "next")
    second = reader.get(following).json()
    assert [feature["id"] for feature in second["features"]] == ["taveuni", "vanua-levu"]


def test_what_is_wrong_with_a_filter_is_a_problem_with_its_place(reader: TestClient) -> None:
    told = problem(reader, filter="floors = 3 and", lang="vi")
    assert told["type"] == "urn:parkplan:problem:invalid-filter"
    assert told["title"] == "Bộ lọc không hợp lệ"
    assert "hết bộ lọc ở ký tự 15" in told["detail"]
    assert told["position"] == 15
    assert problem(reader, filter="height > 3")["type"] == "urn:parkplan:problem:unknown-field"
    assert problem(reader, filter="open", **{"filter-lang": "cql-text"})["wanted"] == "cql2-text, cql2-json"
    assert problem(reader, filter="open", **{"filter-crs": f"{EPSG}2154"})["where"] == "filter-crs"
    assert "latitudes -90 to 90" in problem(reader, filter="S_INTERSECTS(geometry, POINT(90 180))")["detail"]
    assert problem(reader, **{"filter-crs": "here"})["where"] == "filter-crs"
    answer = reader.get("/collections/notes/items", params={"filter": "geometry IS NULL"})
    assert answer.status_code == 400


def test_coordinates_come_in_every_published_crs_with_its_axes(reader: TestClient) -> None:
    plain = reader.get(f"{ITEMS}/old")
    assert plain.headers["content-crs"] == f"<{CRS84}>"
    x, y = plain.json()["geometry"]["coordinates"]
    for uri in PUBLISHED:
        answer = reader.get(f"{ITEMS}/old", params={"crs": uri})
        assert answer.headers["content-crs"] == f"<{uri}>"
        first, second = answer.json()["geometry"]["coordinates"]
        if uri.endswith(("/4326", "/4756")):  # latitude first
            assert abs(first - y) < 0.01
            assert abs(second - x) < 0.01
        elif not uri.endswith("CRS84"):
            assert second > 2_000_000
        # And back: a box round the place in that CRS finds it.
        reach = 0.001 if abs(first) < 180 else 10
        box = ",".join(map(str, (first - reach, second - reach, first + reach, second + reach)))
        assert ids(reader, bbox=box, **{"bbox-crs": uri}) == ["old"]
        text = f"S_INTERSECTS(geometry, BBOX({box}))"
        assert ids(reader, filter=text, **{"filter-crs": uri}) == ["old"]
    metres = reader.get(ITEMS, params={"crs": f"{EPSG}5897", "filter": "feature_id = 'old'"})
    assert metres.headers["content-crs"] == f"<{EPSG}5897>"
    # By the seven parameters of Decision 05/2007; without them it would lie 200 m away.
    assert metres.json()["features"][0]["geometry"]["coordinates"] == pytest.approx(
        [512639.6952, 2321590.8983], abs=0.0002
    )
    assert problem(reader, crs=f"{EPSG}2154")["where"] == "crs"
    assert problem(reader, bbox="1,2,3,4", **{"bbox-crs": "EPSG"})["where"] == "bbox-crs"
    assert problem(reader, bbox="1,2,3", **{"bbox-crs": f"{EPSG}4326"})["where"] == "bbox"
    assert problem(reader, bbox="105,21,106,22", **{"bbox-crs": f"{EPSG}4326"})["where"] == "bbox"
    assert parse_place(DEFINITION, "20,105,-5,22,106,5", f"{EPSG}4326").filter is not None


def test_a_layer_says_in_which_crs_it_can_be_asked_for(reader: TestClient) -> None:
    layer = reader.get("/collections/stations").json()
    assert layer["crs"] == list(PUBLISHED)
    assert layer["crs"][0] == layer["storageCrs"] == CRS84
    assert f"{EPSG}5897" in layer["crs"]
    assert "storageCrs" not in reader.get("/collections/notes").json()


def test_features_come_in_the_order_asked_for(reader: TestClient) -> None:
    assert ids(reader, sortby="-name", limit="3") == ["vanua-levu", "taveuni", "phu nghia/1"]
    assert ids(reader, sortby="floors,-feature_id", limit="5")[:2] == ["old", "hoa-lac"]
    assert ids(reader, sortby="+area_ha", f="jsonfg", limit="2") == ["nowhere", "hoa-lac"]
    seen, address = [], f"{ITEMS}?sortby=-kind,name&limit=2"
    while address:
        page = reader.get(address).json()
        seen += [feature["id"] for feature in page["features"]]
        address = next((entry["href"] for entry in page["links"] if entry["rel"] == "next"), "")
    assert seen == ["phu nghia/1", "hoa-lac", "taveuni", "nowhere", "old", "vanua-levu"]
    assert problem(reader, sortby="name,-name")["where"] == "sortby"
    assert problem(reader, sortby="name,")["where"] == "sortby"
    assert "feature_id, name" in problem(reader, sortby="height")["detail"]
    assert [key.descending for key in parse_sort(DEFINITION, "-name,+floors, open")] == [True, False, False]


def test_only_the_fields_that_are_asked_for_are_given(reader: TestClient) -> None:
    answer = reader.get(ITEMS, params={"properties": "name,floors", "limit": "1"}).json()
    assert answer["features"][0]["properties"] == {"name": "Hoà Lạc", "floors": 3}
    assert answer["features"][0]["geometry"]["type"] == "Polygon"
    one = reader.get(f"{ITEMS}/hoa-lac", params={"properties": "kind"}).json()
    assert one["properties"] == {"kind": "bus"}
    assert problem(reader, properties="name,height")["type"] == "urn:parkplan:problem:unknown-field"


def test_json_fg_has_the_place_in_vn_2000_and_planned_time(reader: TestClient) -> None:
    answer = reader.get(ITEMS, params={"f": "jsonfg"})
    assert answer.headers["content-type"] == "application/vnd.ogc.fg+json"
    document = answer.json()
    assert "http://www.opengis.net/spec/json-fg-1/1.0/conf/core" in document["conformsTo"]
    assert document["coordRefSys"] == f"{EPSG}5897"
    assert document["featureType"] == "stations"
    parks = {feature["id"]: feature for feature in document["features"]}
    assert parks["phu nghia/1"]["time"] == {"interval": ["2030-01-01", "2044-12-31"]}
    assert parks["hoa-lac"]["time"] == {"interval": ["2020-01-01", ".."]}
    assert parks["taveuni"]["time"] is None
    assert parks["old"]["place"]["coordinates"] == PLACE
    assert parks["old"]["geometry"]["coordinates"] == [105.1234568, 20.9876543]
    one = reader.get(f"{ITEMS}/old", headers={"Accept": "application/vnd.ogc.fg+json"}).json()
    assert one["place"] == parks["old"]["place"]
    assert one["coordRefSys"] == f"{EPSG}5897"
    degrees = reader.get(f"{ITEMS}/old", params={"f": "jsonfg", "crs": CRS84}).json()
    assert (degrees["place"], degrees["coordRefSys"]) == (None, CRS84)
    notes = reader.get("/collections/notes/items", params={"f": "jsonfg"}).json()
    assert notes["features"][0]["place"] is None


def test_a_layer_as_it_was(client: TestClient) -> None:
    assert ids(client, as_of="1", filter="kind = 'rail'") == ["phu nghia/1"]
    assert ids(client, as_of="2020-01-01T00:00:00+07:00") == []
    assert client.get(f"{ITEMS}/old", params={"as_of": "1"}).json()["id"] == "old"
    assert client.get(f"{ITEMS}/old", params={"as_of": "0"}).status_code == 404
    assert client.get(ITEMS, params={"proposal": "7"}).status_code == 404
    assert client.get(ITEMS, params={"as_of": "99"}).status_code == 404
    for text in ("yesterday", "2020-01-01", "2020-01-01T00:00:00"):
        with pytest.raises(BadParameterError):
            parse_as_of(text)


def test_queryables_sortables_and_functions_say_what_can_be_asked(reader: TestClient) -> None:
    base = "http://testserver"
    layer = reader.get("/collections/stations").json()
    links = {entry["rel"].rpartition("/")[2]: entry["href"] for entry in layer["links"]}
    queryables = reader.get(links["queryables"]).json()
    jsonschema.Draft202012Validator.check_schema(queryables)
    assert queryables["$id"] == f"{base}/collections/stations/queryables"
    assert queryables["additionalProperties"] is False
    assert queryables["properties"]["feature_id"]["x-ogc-role"] == "id"
    assert queryables["properties"]["geometry"]["x-ogc-role"] == "primary-geometry"
    assert queryables["properties"]["kind"]["enum"] == ["bus", "rail"]
    assert queryables["properties"]["opened"]["format"] == "date"
    sortables = reader.get(links["sortables"]).json()
    assert "geometry" not in sortables["properties"]
    assert list(sortables["properties"])[:2] == ["feature_id", "name"]
    for name in sortables["properties"]:
        assert reader.get(ITEMS, params={"sortby": f"-{name}"}).status_code == 200
    everywhere = reader.get("/queryables").json()
    assert everywhere["$id"] == f"{base}/queryables"
    assert set(everywhere["properties"]) == {"feature_id", "valid_from", "valid_to", "position", "source", "confidence"}
    assert reader.get("/functions", headers={"Accept-Language": "vi"}).json()["functions"][0]["description"] == (
        "giá trị tuyệt đối"
    )
    functions = {entry["name"]: entry for entry in reader.get("/functions").json()["functions"]}
    assert functions["year"]["arguments"][0]["type"] == ["datetime"]
    assert functions["year"]["returns"] == ["number"]
    landing = {entry["rel"].rpartition("/")[2]: entry["href"] for entry in reader.get("/?f=json").json()["links"]}
    assert (landing["functions"], landing["queryables"]) == (f"{base}/functions", f"{base}/queryables")


#: A use of every function, and whether it may hold for a feature of the tests.
USES = {
    "abs": "abs(area_ha) > 1",
    "ceiling": "ceiling(area_ha) = 2",
    "floor": "floor(area_ha) = 1",
    "length": "length(name) = 7 AND open",
    "trim": "trim(name) = 'Hoà Lạc'",
    "split": "A_CONTAINS(split(name, ' '), ('Lạc'))",
    "year": "year(opened) = 2020",
    "month": "month(opened) = 5",
    "day": "day(opened) = 1",
    "planned_at": "planned_at(DATE('2020-01-01')) AND open",
    "geometry_type": "geometry_type(geometry) = 'Polygon'",
}


def test_every_function_that_is_named_can_be_used(reader: TestClient) -> None:
    named = [entry["name"] for entry in reader.get("/functions").json()["functions"]]
    assert sorted(named) == sorted(USES)
    for text in USES.values():
        assert ids(reader, filter=text) == ["hoa-lac"]
