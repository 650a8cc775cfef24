"""A state of the plan as an address: what is read below it is of that state, and what is written goes there."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from api.states import STATE_NAMES
from layers.people import Ability, Grant, Role
from layers.proposals import create_proposal, get_proposal, list_proposals
from layers.store import open_store
from tests.api.test_writing import GEOJSON, ITEMS, NEW, PATCH, bearer, signed
from tests.support.ogc import check

__all__ = ["signed"]
ANY = {"If-Match": "*"}
SCOPES: tuple[Ability, ...] = ("read", "propose", "edit", "analyse", "approve")


def landing(client: TestClient, query: str) -> dict[str, str]:
    """Links of the landing page by what they are."""
    answer = client.get(f"/?{query}")
    assert answer.status_code == 200, answer.text
    check("landing", answer.json())
    return {link["rel"]: link["href"] for link in answer.json()["links"] if link["type"] != "text/html"}


def ids(client: TestClient, address: str) -> list[str]:
    answer = client.get(address, params={"limit": 5})
    assert answer.status_code == 200, answer.text
    return [feature["id"] for feature in answer.json()["features"]]


@pytest.fixture
def proposal(filled_url: str) -> str:
    """A draft without edits."""
    with open_store(filled_url) as store:
        return create_proposal(store, "Phương án", author="An", message="Mới").id


def test_the_landing_page_leads_to_the_state_that_it_is_asked_for(client: TestClient, proposal: str) -> None:
    links = landing(client, f"proposal={proposal}&datetime=2030-12-31")
    assert links["data"] == f"http://testserver/states/proposal={proposal}&datetime=2030-12-31/collections"
    listed = client.get(links["data"]).json()
    (stations,) = (one for one in listed["collections"] if one["id"] == "stations")
    for link in [*listed["links"], *stations["links"]]:
        assert link["href"].startswith(links["data"].removesuffix("/collections")), link
        if "{" not in link["href"]:
            assert client.get(link["href"]).status_code == 200, client.get(link["href"]).text
    document = client.get(links["service-desc"]).json()
    assert document["servers"] == [{"url": links["data"].removesuffix("/collections")}]
    assert set(STATE_NAMES) <= {
        document["components"]["parameters"][one["$ref"].rpartition("/")[2]]["name"]
        for one in document["paths"]["/"]["get"]["parameters"]
    }
    assert landing(client, "lang=vi")["data"] == "http://testserver/collections"


def test_planned_and_record_time_reach_what_is_read(client: TestClient) -> None:
    assert client.delete(f"{ITEMS}/taveuni", headers=ANY).status_code == 204
    past = landing(client, "as_of=1")["data"]
    assert "taveuni" in ids(client, f"{past}/stations/items")
    assert client.get(f"{past}/stations/items/taveuni").json()["properties"]["name"] == "Taveuni"
    assert client.get(f"{ITEMS}/taveuni").status_code == 404
    later = landing(client, f"datetime={quote('2050-01-01/..', safe='')}")["data"]
    found = ids(client, f"{later}/stations/items")
    assert "hoa-lac" in found
    assert not {"old", "phu nghia/1"} & set(found)
    # The next page is of the same state.
    first = client.get(f"{past}/stations/items", params={"limit": 4}).json()
    following = next(link["href"] for link in first["links"] if link["rel"] == "next")
    assert following.startswith(past)
    assert {one["id"] for one in first["features"] + client.get(following).json()["features"]} >= {"taveuni", "old"}
    # What was cannot be changed.
    for answer in (
        client.delete(f"{past}/stations/items/old", headers=ANY),
        client.delete(f"{ITEMS}/old?as_of=1", headers=ANY),
        client.post(f"{past}/stations/items", json=NEW, headers=GEOJSON),
    ):
        assert (answer.status_code, answer.json()["where"]) == (400, "as_of")


def test_what_is_written_below_a_proposal_goes_there(client: TestClient, filled_url: str, proposal: str) -> None:
    """As QGIS asks: it reads with the parameters of its connection, and writes without."""
    base = landing(client, f"proposal={proposal}")["data"]
    items = f"{base}/stations/items"
    assert client.get(f"{base.removesuffix('/collections')}/api?proposal={proposal}").status_code == 200
    assert client.get(f"{base}/stations?proposal={proposal}").status_code == 200
    assert len(client.get(f"{items}?limit=5&proposal={proposal}").json()["features"]) == 5
    changed = client.patch(f"{items}/old", json={"properties": {"floors": 8}}, headers=PATCH | ANY)
    assert (changed.status_code, changed.json()["proposal"]) == (202, proposal)
    made = client.post(items, json=NEW, headers=GEOJSON)
    assert made.status_code == 202, made.text
    assert made.headers["location"].startswith(items)
    assert client.get(f"{made.headers['location']}?proposal={proposal}").json()["properties"]["name"] == "Ga mới"
    assert client.delete(f"{items}/taveuni", headers=ANY).status_code == 202
    assert client.get(f"{items}/old").json()["properties"]["floors"] == 8
    assert "taveuni" not in ids(client, items)
    # The plan is as it was, and there is no draft beside the one that was named.
    assert client.get(f"{ITEMS}/old").json()["properties"]["floors"] == 3
    with open_store(filled_url) as store:
        assert len(store.changesets()) == 1
        assert [one.id for one in list_proposals(store)] == [proposal]
        assert get_proposal(store, proposal).state == "draft"
    named = client.patch(f"{ITEMS}/old?proposal={proposal}", json={"properties": {"floors": 9}}, headers=PATCH | ANY)
    assert named.status_code == 202
    assert client.get(f"{items}/old").json()["properties"]["floors"] == 9


@pytest.mark.parametrize(
    ("state", "status"),
    [("proposal=99", 404), ("datetime=2030", 400), ("as_of=x", 400), ("other=1", 404), ("as_of=", 404), ("x", 404)],
)
def test_states_that_there_are_not_are_told(client: TestClient, state: str, status: int) -> None:
    for path in ("/collections", "/conformance", "/collections/stations", "/collections/stations/items", "/api"):
        answer = client.get(f"/states/{state}{path}")
        assert answer.status_code == status, (path, answer.text)
        assert answer.json()["instance"].startswith("/states/"), answer.text
    if "=" in state.rstrip("="):
        wanted = 400 if state == "other=1" else status
        assert client.get(f"/?{state}").status_code == wanted


@pytest.mark.parametrize(("role", "status"), [("viewer", 404), ("institute", 404), ("analyst", 403), ("approver", 202)])
def test_roles_decide_who_writes_to_a_proposal_of_somebody_else(
    signed: TestClient, filled_url: str, proposal: str, role: Role, status: int
) -> None:
    headers: dict[str, Any] = bearer(filled_url, "lan", Grant(role), scopes=SCOPES) | ANY
    answer = signed.delete(f"/states/proposal={proposal}/collections/stations/items/old", headers=headers)
    assert answer.status_code == status, answer.text
    with open_store(filled_url) as store:
        assert store.read("stations", proposal=proposal).index.tolist().count("old") == (status != 202)
