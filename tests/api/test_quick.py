"""The short way says what the route says: the same members, features, headers, and every error."""

from __future__ import annotations

from typing import Any
from unittest.mock import patch
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from api import quick

PAGES = [
    "",
    "limit=2",
    "limit=1000",
    "bbox=105,20,106,22",
    "bbox=179,-20,-179,-10&limit=1",
    "bbox=105,20,0,106,22,9",
    "datetime=2031-01-01",
    "datetime=../2029-12-31",
    "kind=bus",
    "open=false&limit=3",
    "floors=3&bbox=105,20,106,22",
    "opened=2020-05-01",
    "lang=vi",
    "f=json",
]
WRONG = [
    "limit=0",
    "bbox=1,2,3",
    "bbox=",
    "datetime=tomorrow",
    "kind=plane",
    "colour=red",
    "floors=three",
    "cursor=made-up",
    "lang=fr",
    "limit=1&limit=2",
    "name=%00",
    "f=xml",
]


def both(client: TestClient, address: str, **headers: str) -> tuple[Any, Any, int]:
    """What the short way and the route answer, and how often the short way was taken."""
    taken = 0
    whole = quick.QuickPages._answer

    async def counted(self: Any, *arguments: Any) -> Any:
        nonlocal taken
        answered = await whole(self, *arguments)
        taken += answered is not None
        return answered

    with patch.object(quick.QuickPages, "_answer", counted):
        short = client.get(address, headers=headers)
    with patch.object(quick, "_plain", lambda _: None):
        route = client.get(address, headers=headers)
    return short, route, taken


def same(short: Any, route: Any) -> None:
    assert short.status_code == route.status_code
    left, right = dict(short.headers), dict(route.headers)
    for headers in (left, right):
        for name in ("x-request-id", "content-length"):
            headers.pop(name, None)
    assert left == right
    documents = [short.json(), route.json()]
    for document in documents:
        document.pop("timeStamp", None)
    assert documents[0] == documents[1]


@pytest.mark.parametrize("layer", ["stations", "notes"])
def test_a_page_is_the_same_on_both_ways(reader: TestClient, layer: str) -> None:
    for query in PAGES:
        if layer == "notes" and any(name in query for name in ("kind", "open", "floors", "bbox")):
            continue
        short, route, taken = both(reader, f"/collections/{layer}/items?{query}")
        assert (short.status_code, taken) == (200, 1), query
        same(short, route)


def test_a_feature_is_the_same_on_both_ways(reader: TestClient) -> None:
    for id_ in ("hoa-lac", "phu nghia/1", "old", "nowhere"):
        for path in (
            f"/collections/stations/items/{quote(id_)}",
            f"/collections/stations/items/{quote(id_, safe='')}?lang=vi",
        ):
            short, route, taken = both(reader, path)
            assert (short.status_code, taken, short.json()["id"]) == (200, 1, id_)
            same(short, route)


def test_pages_lead_to_each_other_on_both_ways(reader: TestClient) -> None:
    address, seen = "/collections/stations/items?limit=4", []
    while address:
        short, route, taken = both(reader, address)
        assert taken == 1
        same(short, route)
        seen += [feature["id"] for feature in short.json()["features"]]
        address = next((each["href"] for each in short.json()["links"] if each["rel"] == "next"), "")
    assert len(seen) == len(set(seen)) == 6


def test_what_is_wrong_is_left_to_the_route(reader: TestClient) -> None:
    for query in WRONG:
        short, route, taken = both(reader, f"/collections/stations/items?{query}")
        assert (short.status_code, taken) == (400, 0), query
        same(short, route)
    for path in ("/collections/nothing/items", "/collections/stations/items/none", "/collections/stations/items/%00"):
        short, route, taken = both(reader, path)
        assert (short.status_code, taken) == (404, 0), path
        same(short, route)


def test_another_form_is_left_to_the_route(reader: TestClient) -> None:
    for headers in ({"If-None-Match": '"x"'}, {"Accept": "text/html"}):
        _, _, taken = both(reader, "/collections/stations/items", **headers)
        assert taken == 0
    for query in ("filter=floors%3D3", "bbox=1,2,3,4"):
        _, _, taken = both(reader, f"/collections/stations/items?{query}")
        assert taken == 0
    _, _, taken = both(reader, "/collections/stations/items", Accept="application/geo+json")
    assert taken == 1


def test_head_has_no_body(reader: TestClient) -> None:
    short, route, _ = both(reader, "/collections/stations/items?limit=1")
    same(short, route)
    head = reader.head("/collections/stations/items?limit=1")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-type"] == "application/geo+json"
