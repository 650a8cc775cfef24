"""Every id of a feature has an address of its own, whatever signs it has and whatever a route is called."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlsplit

import httpx
import pytest

from layers.definitions import parse_definition
from layers.store import Put, open_store
from tests.api.conftest import NOTES
from tests.support.server import serve

#: As an address is read by halves, each of these is something else: a part of a feature, a query, a folder.
IDS = (
    "x",
    "x/history",
    "x/blame",
    "x/history/history",
    "history",
    "/history",
    "a/b",
    "a//b",
    "/a",
    "a/",
    "a?b=c",
    "a#b",
    "a b",
    " a",
    "a%2Fb",
    "a%b",
    "a+b",
    "a;b",
    "a&b",
    "a/../b",
    "../x",
    "./x",
    "...",
    "items",
    'a"b<c>',
    "Đường số 1",
    "a\\b",
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[httpx.Client]:
    """Give a server whose layer has a feature of each id, with its id as its text."""
    path: Path = tmp_path_factory.mktemp("ids") / "ids.gpkg"
    definition = parse_definition(NOTES, where="notes.toml")
    with open_store(str(path)) as store:
        store.add_layer(definition)
        rows = store.read("notes").reindex(list(IDS)).assign(text=list(IDS))
        store.commit([Put("notes", rows.set_geometry([None] * len(IDS), crs=4326))], author="T", message="m")
    with serve(path) as address, httpx.Client(base_url=address, timeout=60) as client:
        yield client


def test_each_id_has_its_own_address_and_its_parts(server: httpx.Client) -> None:
    for id_ in IDS:
        address = f"/collections/notes/items/{quote(id_, safe='')}"
        # Once by the short way, once by the route, once as a page.
        for query in ("", "?crs=http://www.opengis.net/def/crs/OGC/1.3/CRS84"):
            found = server.get(address + query)
            assert found.status_code == 200, (id_, query, found.text)
            assert (found.json()["id"], found.json()["properties"]["text"]) == (id_, id_)
        links = {one["rel"]: one["href"] for one in server.get(address).json()["links"]}
        assert urlsplit(links["self"]).path.startswith(address)
        versions = server.get(f"{address}/history").json()
        assert versions["feature"] == id_
        assert len(versions["versions"]) == 1
        blame = server.get(f"{address}/blame").json()
        assert (blame["feature"], len(blame["attributes"])) == (id_, 1)
        page = server.get(address, headers={"Accept": "text/html"})
        assert page.status_code == 200


def test_each_can_be_changed_under_its_own_address(server: httpx.Client) -> None:
    for id_ in ("x/history", "a?b=c", "a/../b"):
        address = f"/collections/notes/items/{quote(id_, safe='')}"
        etag = server.get(address).headers["etag"]
        patch = {"properties": {"text": f"{id_} mới"}}
        headers = {"If-Match": etag, "Content-Type": "application/merge-patch+json"}
        changed = server.patch(address, json=patch, headers=headers)
        assert changed.status_code == 200, changed.text
        assert server.get(address).json()["properties"]["text"] == f"{id_} mới"
        back = {"If-Match": changed.headers["etag"], "Content-Type": "application/merge-patch+json"}
        assert server.patch(address, json={"properties": {"text": id_}}, headers=back).status_code == 200
    assert server.get("/collections/notes/items/x").json()["properties"]["text"] == "x"


@pytest.mark.parametrize("id_", [".", "..", "a\nb"])
def test_what_no_address_can_name_is_not_made(server: httpx.Client, id_: str) -> None:
    """Whatever reads an address takes these for the way to another folder, escaped or not."""
    feature = {"type": "Feature", "id": id_, "geometry": None, "properties": {"text": "t"}}
    refused = server.post(
        "/collections/notes/items?lang=en", json=feature, headers={"Content-Type": "application/geo+json"}
    )
    assert refused.status_code == 400
    assert "no . or .." in refused.json()["detail"]
