"""The record over HTTP: changesets page by page, what they changed, versions and blame of a feature."""

from __future__ import annotations

import datetime as dt
from typing import Any
from urllib.parse import quote

import pytest
import shapely
from fastapi.testclient import TestClient

from layers.store import Decision, Put, Remove, open_store
from tests.api.conftest import stations
from tests.api.test_openapi import validate

ODD = quote("phu nghia/1", safe="")


@pytest.fixture
def lived(client: TestClient, filled_url: str) -> TestClient:
    """Give a client of a store with three changesets."""
    _, features = stations()
    changed = features.loc[["hoa-lac"]].copy()
    changed["floors"] = changed["floors"] + 1
    changed.geometry = [shapely.box(105.5, 21.0, 105.61, 21.1)]
    with open_store(filled_url) as store:
        decision = Decision("12/QĐ-UBND", dt.date(2026, 1, 2))
        store.commit([Put("stations", changed)], author="Bình", message="Nới rộng", decision=decision)
        store.commit([Remove("stations", ["phu nghia/1"])], author="Chi", message="Bỏ")
    return client


def get(client: TestClient, path: str, status: int = 200) -> Any:
    answered = client.get(path)
    assert answered.status_code == status, answered.text
    return answered.json()


def test_changesets_are_listed_newest_first(lived: TestClient) -> None:
    document = get(lived, "/changesets?limit=2")
    assert [(entry["id"], entry["author"], entry["message"]) for entry in document["changesets"]] == [
        (3, "Chi", "Bỏ"), (2, "Bình", "Nới rộng"),
    ]  # fmt: skip
    assert document["numberMatched"] == 3
    assert document["changesets"][1]["decision"] == {"number": "12/QĐ-UBND", "date": "2026-01-02"}
    assert document["changesets"][1]["layers"] == [
        {"layer": "stations", "title": "Stations", "insert": 0, "update": 1, "delete": 0}
    ]
    (following,) = [link["href"] for link in document["links"] if link["rel"] == "next"]
    last = get(lived, following.removeprefix("http://testserver"))
    assert [entry["id"] for entry in last["changesets"]] == [1]
    assert [link["rel"] for link in last["links"]] == ["self"]


def test_a_changeset_leads_to_what_it_changed(lived: TestClient) -> None:
    document = get(lived, "/changesets/2?lang=vi")
    assert document["layers"][0]["title"] == "Trạm"
    (related,) = [link for link in document["links"] if link["rel"] == "related"]
    assert related["title"] == "Nội dung thay đổi"
    changed = get(lived, related["href"].removeprefix("http://testserver"))
    assert (changed["from"], changed["to"], changed["changed"]) == (1, 2, 1)
    (feature,) = changed["layers"][0]["features"]
    assert feature["attributes"] == [{"field": "floors", "title": "Floors", "before": 3, "after": 4}]
    # A long edge is straight in degrees before, and in metres between other corners after.
    assert feature["geometry"]["lost_m2"] < 5_000
    assert feature["geometry"]["gained_m2"] == pytest.approx(11_500_000, rel=0.01)
    for path in ("/changesets/9", "/changesets/0", "/changesets/first", "/changesets/9/diff"):
        assert "wanted 1..3" in get(lived, path, 404)["detail"]


def test_a_diff_of_any_two_states(lived: TestClient) -> None:
    whole = get(lived, "/diff?from=0&limit=5")
    assert whole["changed"] == 7
    assert {layer["layer"]: layer["counts"]["insert"] for layer in whole["layers"]} == {"stations": 5, "notes": 2}
    back = get(lived, "/diff?from=3&to=1")
    assert back["layers"][0]["counts"] == {"insert": 1, "update": 1, "delete": 0}
    assert get(lived, "/diff?from=2999-01-01")["changed"] == 0
    assert get(lived, "/diff?from=0&to=1&collections=notes")["changed"] == 2
    walked, path = [], "/diff?from=0&to=3&limit=3"
    while True:
        page = get(lived, path)
        walked += [feature["id"] for layer in page["layers"] for feature in layer["features"]]
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            break
        path = following[0].removeprefix("http://testserver")
    assert sorted(walked) == sorted(["hoa-lac", "old", "taveuni", "vanua-levu", "nowhere", "n1", "n2"])


def test_a_diff_is_drawn(lived: TestClient) -> None:
    answered = lived.get("/diff?from=1&f=geojson")
    assert answered.headers["content-type"] == "application/geo+json"
    drawn = {feature["id"]: feature["properties"] for feature in answered.json()["features"]}
    assert set(drawn) == {"stations/hoa-lac/before", "stations/hoa-lac/after", "stations/phu nghia/1/before"}
    assert drawn["stations/hoa-lac/after"]["changed"] == ["floors", "geometry"]
    assert drawn["stations/phu nghia/1/before"]["operation"] == "delete"


@pytest.mark.parametrize(
    ("path", "status", "said"),
    [
        ("/diff", 400, "from"),
        ("/diff?from=yesterday", 400, "the number of a changeset, a date, or an RFC 3339 date-time"),
        ("/diff?from=0&to=7", 404, "There is no changeset 7; wanted 0..3"),
        ("/diff?from=0&collections=nothing", 404, "nothing"),
        ("/diff?from=0&f=html", 400, "json, geojson"),
        ("/diff?from=0&cursor=x", 400, "the cursor that the page before gave"),
        ("/changesets?cursor=x", 400, "the cursor that the page before gave"),
        ("/changesets?until=3", 400, "until"),
    ],
)
def test_what_cannot_be_answered_is_said(lived: TestClient, path: str, status: int, said: str) -> None:
    assert said in get(lived, path, status)["detail"]


def test_versions_and_blame_of_a_feature(lived: TestClient) -> None:
    document = get(lived, f"/collections/stations/items/{ODD}/history")
    assert [(one["operation"], one["changeset"]["author"]) for one in document["versions"]] == [
        ("insert", "Kiểm thử"), ("delete", "Chi"),
    ]  # fmt: skip
    assert document["versions"][0]["properties"]["valid_to"] == "2044-12-31"
    assert document["versions"][0]["geometry"]["type"] == "Point"
    told = get(lived, "/collections/stations/items/hoa-lac/blame")
    assert {one["field"]: one["changeset"]["id"] for one in told["attributes"]} == {
        "name": 1, "floors": 2, "area_ha": 1, "open": 1, "opened": 1, "kind": 1, "valid_from": 1, "geometry": 2,
    }  # fmt: skip
    earlier = get(lived, "/collections/stations/items/hoa-lac/blame?as_of=1")
    assert {one["changeset"]["id"] for one in earlier["attributes"]} == {1}
    assert get(lived, f"/collections/stations/items/{ODD}/blame")["deleted"]["author"] == "Chi"
    for path in ("nobody/history", "nobody/blame", "%00/history", "hoa-lac/blame?as_of=0"):
        assert "has no feature" in get(lived, f"/collections/stations/items/{path}", 404)["detail"]
    assert get(lived, "/collections/stations/items/hoa-lac")["id"] == "hoa-lac"


def test_the_record_is_as_it_is_documented(lived: TestClient) -> None:
    document = get(lived, "/api")
    feature = "/collections/{collectionId}/items/{featureId}"
    for path, real in {
        "/changesets": "/changesets?limit=2",
        "/changesets/{changesetId}": "/changesets/2",
        "/changesets/{changesetId}/diff": "/changesets/2/diff",
        "/diff": "/diff?from=0&to=3",
        f"{feature}/history": f"/collections/stations/items/{ODD}/history",
        f"{feature}/blame": f"/collections/stations/items/{ODD}/blame",
    }.items():
        schema = document["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        validate(get(lived, real), schema, document)


def test_a_review_of_an_earlier_state(hanoi: TestClient, store_url: str) -> None:
    with open_store(store_url) as store:
        park = store.read("parks", ids=["soc-son"])
        store.commit([Remove("parks", park.index.tolist())], author="An", message="gone")

    def reviewed(status: int = 200, **inputs: str) -> Any:
        path = "/processes/planning-review/execution"
        answered = hanoi.post(path, json={"inputs": {"horizon": 2030, "language": "en", **inputs}})
        assert answered.status_code == status, answered.text
        return answered.json()

    def seen(document: Any) -> bool:
        told = (finding["properties"] for finding in document["findings"]["features"])
        return any((one["layer"], one["feature_id"]) == ("parks", "soc-son") for one in told)

    assert [seen(reviewed(as_of="1")), seen(reviewed(as_of="2")), seen(reviewed())] == [True, False, False]
    assert "the number of a changeset" in reviewed(400, as_of="gần đây")["detail"]
