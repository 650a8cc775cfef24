"""Search and what layers say of a place, over HTTP, on both stores."""

from __future__ import annotations

import geopandas as gpd
import pytest
import shapely
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from layers.catalogue import shipped_definitions
from layers.schema import typed
from layers.store import Put, open_store


def test_phu_nghia_is_found_with_its_place(hanoi_reader: TestClient) -> None:
    answer = hanoi_reader.get("/search", params={"q": "phu nghia", "limit": 5})
    assert answer.headers["content-type"] == "application/geo+json"
    document = answer.json()
    first = document["features"][0]
    assert (first["properties"]["layer"], first["properties"]["kind"]) == ("parks", "feature")
    assert "Phu Nghia" in first["properties"]["title"]
    lon, lat = first["geometry"]["coordinates"]
    assert 105.0 < lon < 106.1
    assert 20.5 < lat < 21.5
    assert hanoi_reader.get(first["links"][0]["href"]).json()["id"] == first["properties"]["feature"]
    assert document["numberReturned"] == len(document["features"]) == 5
    vi = hanoi_reader.get("/search", params={"q": "Phú Nghĩa", "lang": "vi"}).json()["features"][0]
    assert "Phú Nghĩa" in vi["properties"]["title"]


def test_coordinates_are_found_as_places(hanoi_reader: TestClient) -> None:
    document = hanoi_reader.get("/search", params={"q": "568123 2315000"}).json()
    assert document["features"][0]["properties"]["crs"] == "EPSG:5897"
    assert document["features"][0]["properties"]["kind"] == "place"
    (place,) = hanoi_reader.get("/search", params={"q": "20°55'48\"N 105°39'36\"E"}).json()["features"]
    assert place["geometry"]["coordinates"] == [105.66, 20.93]


@pytest.mark.parametrize(
    ("query", "status", "where"),
    [
        ("q=", 400, "q"),
        ("q=%20", 400, "q"),
        (f"q={'x' * 201}", 400, "q"),
        ("", 400, "query.q"),
        ("q=x&layers=nothing", 400, "layers"),
        ("q=x&limit=0", 400, "limit"),
    ],
)
def test_a_search_that_means_nothing_is_refused(reader: TestClient, query: str, status: int, where: str) -> None:
    answer = reader.get(f"/search?{query}")
    assert (answer.status_code, answer.json()["where"]) == (status, where)


def test_layers_tell_hit_clear_stale_and_not_covered_apart(filled_url: str) -> None:
    definition = shipped_definitions()["coverage"]
    area = shapely.box(105.0, 20.5, 106.0, 21.5)
    rows = gpd.GeoDataFrame(
        {
            "layer": ["stations", "gas"],
            "as_of": ["2026-01-01", "2001-01-01"],
            "completeness": ["complete", "complete"],
            "source": ["survey", "old map"],
        },
        geometry=[area, area],
        index=["c1", "c2"],
        crs="EPSG:4326",
    )
    with open_store(filled_url) as store:
        for name in ("coverage", "gas", "sewers"):
            store.add_layer(shipped_definitions()[name])
        store.commit([Put("coverage", typed(definition, rows))], author="a", message="m")
    with TestClient(create_app(Settings(store=filled_url, language="en"))) as client:
        document = client.get("/at", params={"lon": 105.8, "lat": 21.2}).json()
        told = {entry["layer"]: entry for entry in document["layers"]}
        assert {name: entry["state"] for name, entry in told.items()} == {
            "stations": "clear",
            "gas": "stale",
            "sewers": "not_covered",
        }
        assert (told["stations"]["as_of"], told["stations"]["source"]) == ("2026-01-01", "survey")
        assert (told["sewers"]["reason"], told["sewers"]["as_of"]) == ("unknown", None)
        assert "not known" in told["sewers"]["says"]
        empty = client.get("/collections/stations/items?bbox=105.8,21.2,105.9,21.3").json()["coverage"]
        assert (empty["state"], empty["as_of"], empty["source"]) == ("clear", "2026-01-01", "survey")
        beyond = client.get("/collections/stations/items?bbox=105.8,21.2,107,21.3").json()["coverage"]
        assert (beyond["state"], beyond["reason"]) == ("not_covered", "partial")
        assert client.get("/collections/gas/items?bbox=105.8,21.2,105.9,21.3").json()["coverage"]["state"] == "stale"
        assert client.get("/collections/sewers/items?bbox=1,2,3,4").json()["coverage"]["reason"] == "unknown"
        assert "coverage" not in client.get("/collections/stations/items?bbox=105,20,106,22").json()
        (hit,) = client.get("/at?lon=105.55&lat=21.05&layers=stations").json()["layers"]
        assert (hit["state"], hit["numberMatched"]) == ("hit", 1)
        assert (hit["features"][0]["id"], hit["features"][0]["title"]) == ("hoa-lac", "Hoà Lạc")
        near: dict[str, str | float] = {"lon": 105.66, "lat": 20.9309, "layers": "stations"}
        assert client.get("/at", params=near).json()["layers"][0]["state"] == "clear"
        assert client.get("/at", params={**near, "within": "150"}).json()["layers"][0]["state"] == "hit"
        later: dict[str, str | float] = {"lon": 105.66, "lat": 20.93, "layers": "stations"}
        assert client.get("/at", params={**later, "datetime": "2031-01-01"}).json()["layers"][0]["state"] == "hit"
        assert client.get("/at", params={**later, "datetime": "2026-01-01"}).json()["layers"][0]["state"] == "clear"


@pytest.mark.parametrize("query", ["lon=181&lat=0", "lon=1&lat=x", "lon=1", "lon=1&lat=2&within=-1", "lon=nan&lat=1"])
def test_a_place_that_is_none_is_refused(reader: TestClient, query: str) -> None:
    assert reader.get(f"/at?{query}").status_code == 400


def test_the_shipped_data_never_say_clear_of_what_they_do_not_know(hanoi_reader: TestClient) -> None:
    covered = {
        row["properties"]["layer"]
        for row in hanoi_reader.get("/collections/coverage/items?limit=500").json()["features"]
    }
    for entry in hanoi_reader.get("/at?lon=105.8&lat=21.0").json()["layers"]:
        if entry["layer"] not in covered:
            assert entry["state"] in ("hit", "not_covered")


def test_an_old_unit_leads_to_the_new_ones_with_evidence(hanoi: TestClient) -> None:
    found = {
        entry["properties"]["feature"]: entry["properties"]
        for entry in hanoi.get("/search?q=chuong my&layers=admin_units").json()["features"]
    }
    assert "successors" not in found["new-chuong-my"]
    units = found["old-chuong-my"]["successors"]
    assert {(unit["part"], unit["feature"]) for unit in units} >= {("Phu Nghia", "new-phu-nghia")}
    (own,) = (unit for unit in units if (unit["part"], unit["feature"]) == ("Phu Nghia", "new-phu-nghia"))
    assert own["relation"] == "unknown"
    assert own["evidence"] == "the facts on Phu Nghia Industrial Park extension name both units"
    assert own["source"].endswith("(MIT)")
    assert own["href"].endswith("/collections/admin_units/items/new-phu-nghia")
    old = hanoi.get("/search?q=xa phu nghia&layers=admin_units&lang=vi").json()["features"][0]["properties"]
    assert (old["feature"], old["class"], old["successors"][0]["part"]) == (
        "old-chuong-my-phu-nghia",
        "xã, phường, thị trấn",
        None,
    )
