"""OGC API Features part 4: conditions, two writers, CRS, errors, drafts, and what QGIS sends."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import shapely
import uvicorn
from starlette.responses import Response
from starlette.testclient import TestClient

from api.app import create_app
from api.errors import PreconditionFailedError, PreconditionRequiredError
from api.responses import located
from api.settings import Settings
from layers.people import Ability, Grant, Role, open_people
from layers.store import Put, open_store

ITEMS = "/collections/stations/items"
GEOJSON = {"Content-Type": "application/geo+json"}
PATCH = {"Content-Type": "application/merge-patch+json"}
NEW: dict[str, Any] = {
    "type": "Feature",
    "geometry": {"type": "Point", "coordinates": [105.8, 21.0]},
    "properties": {"name": "Ga mới", "floors": 2, "kind": "rail", "valid_from": "2030-01-01"},
}


def etag(client: TestClient, feature: str, **query: str) -> str:
    answer = client.get(f"{ITEMS}/{feature}", params=query)
    assert answer.status_code == 200, answer.text
    return answer.headers["etag"]


def test_a_feature_is_created_read_replaced_updated_and_removed(client: TestClient, filled_url: str) -> None:
    made = client.post(ITEMS, json=NEW, headers=GEOJSON | {"Parkplan-Message": "Kh%E1%BA%A3o s%C3%A1t"})
    assert made.status_code == 201, made.text
    address = made.headers["location"]
    read = client.get(address)
    assert read.json()["properties"]["name"] == "Ga mới"
    assert made.json()["id"] == read.json()["id"] == address.rpartition("/")[2]

    replaced = client.put(
        address,
        json={**NEW, "properties": {"name": "Ga khác"}},
        headers=GEOJSON | {"If-Match": read.headers["etag"]},
    )
    assert replaced.status_code == 200, replaced.text
    assert (replaced.json()["properties"]["name"], replaced.json()["properties"]["floors"]) == ("Ga khác", None)

    patch = {"properties": {"floors": 7, "name": None}, "geometry": None}
    updated = client.patch(address, json=patch, headers=PATCH | {"If-Match": replaced.headers["etag"]})
    assert updated.status_code == 200, updated.text
    shown = updated.json()
    assert (shown["properties"]["floors"], shown["properties"]["name"], shown["geometry"]) == (7, None, None)

    removed = client.delete(address, headers={"If-Match": updated.headers["etag"]})
    assert (removed.status_code, removed.content) == (204, b"")
    assert client.get(address).status_code == 404
    with open_store(filled_url) as store:
        last = store.changesets()[-4:]
        history = store.history("stations", made.json()["id"])
    assert last[0].message == "Khảo sát"
    assert [entry.message.split()[0] for entry in last[1:]] == ["Replace", "Update", "Remove"]
    assert [version.operation for version in history] == ["insert", "update", "update", "delete"]
    assert {entry.features for entry in last} == {1}


def test_a_change_says_on_which_state_it_is_based(client: TestClient) -> None:
    address = f"{ITEMS}/old"
    for send in (client.put, client.patch):
        answer = send(address, json=NEW, headers=PATCH if send == client.patch else GEOJSON)
        assert (answer.status_code, answer.json()["wanted"]) == (428, "If-Match")
    assert client.delete(address).status_code == 428
    stale = etag(client, "old")
    assert client.patch(address, json={"properties": {"floors": 4}}, headers=PATCH | {"If-Match": stale}).is_success
    for answer in (
        client.patch(address, json={"properties": {"floors": 5}}, headers=PATCH | {"If-Match": stale}),
        client.put(address, json=NEW, headers=GEOJSON | {"If-Match": stale}),
        client.delete(address, headers={"If-Match": stale}),
        client.delete(address, headers={"If-Match": 'W/"0"'}),
        client.put(f"{ITEMS}/none", json=NEW, headers=GEOJSON | {"If-Match": "*"}),
    ):
        assert answer.status_code == 412, answer.text
        assert answer.json()["type"].endswith(":precondition-failed")
    assert client.get(address).json()["properties"]["floors"] == 4
    assert client.delete(f"{ITEMS}/none", headers={"If-Match": "*"}).status_code == 404
    error = PreconditionFailedError(seen="x", wanted="y", where="z")
    assert "hãy đọc lại" in error.message("vi")
    assert "thiếu If-Match" in PreconditionRequiredError(wanted="If-Match", where="z").message("vi")


def test_an_etag_names_a_state_in_every_language_and_format(client: TestClient) -> None:
    vi, en = etag(client, "old", lang="vi"), etag(client, "old", lang="en")
    assert vi != en, "other bytes have another strong ETag"
    assert not vi.startswith("W/")
    assert client.get(f"{ITEMS}/old?lang=vi", headers={"If-None-Match": f'"x", {vi}'}).status_code == 304
    assert client.get(f"{ITEMS}/old?lang=en", headers={"If-None-Match": vi}).status_code == 200
    answer = client.patch(
        f"{ITEMS}/old", json={"properties": {"floors": 9}}, headers=PATCH | {"If-Match": f'"x", {vi}'}
    )
    assert answer.status_code == 200, "whichever representation was read"
    quick, slow = client.get(f"{ITEMS}/old"), client.get(f"{ITEMS}/old", headers={"If-None-Match": '"x"'})
    assert quick.headers["etag"] == slow.headers["etag"], "both ways to a feature name its state alike"
    assert quick.json() == slow.json()


def test_a_feature_is_created_under_a_name_only_where_there_is_none(client: TestClient) -> None:
    headers = GEOJSON | {"If-None-Match": "*"}
    made = client.put(f"{ITEMS}/ga%2F1", json={**NEW, "id": "ga/1"}, headers=headers)
    assert made.status_code == 201, made.text
    assert made.headers["location"].endswith("/ga%2F1")
    assert client.put(f"{ITEMS}/ga%2F1", json=NEW, headers=headers).status_code == 412
    assert client.post(ITEMS, json={**NEW, "id": "old"}, headers=GEOJSON).status_code == 409
    assert client.post(ITEMS, json={**NEW, "id": 77}, headers=GEOJSON).json()["id"] == "77"
    other = client.put(f"{ITEMS}/old", json={**NEW, "id": "new"}, headers=GEOJSON | {"If-Match": "*"})
    assert (other.status_code, other.json()["where"]) == (400, "id")


def test_what_is_read_and_sent_back_changes_nothing(client: TestClient, filled_url: str) -> None:
    """Coordinates are told with seven decimals; a client that sends them back has not moved anything."""
    before = client.get(f"{ITEMS}/old")
    body = before.json()
    answer = client.put(f"{ITEMS}/old", json=body, headers=GEOJSON | {"If-Match": before.headers["etag"]})
    assert answer.status_code == 200, answer.text
    with open_store(filled_url) as store:
        point = store.read("stations", ids=["old"]).geometry.iloc[0]
        assert store.changesets()[-1].features == 0
    assert (point.x, point.y) == (105.1234567891, 20.9876543219)


@pytest.mark.parametrize("round_", range(3))
def test_of_two_writers_at_once_one_is_told(client: TestClient, round_: int) -> None:
    known = etag(client, "old")
    start, answers = threading.Barrier(4), []

    def write(floors: int) -> None:
        start.wait()
        body = {"properties": {"floors": floors}}
        answers.append((floors, client.patch(f"{ITEMS}/old", json=body, headers=PATCH | {"If-Match": known})))

    writers = [threading.Thread(target=write, args=(10 + n,)) for n in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert sorted(answer.status_code for _, answer in answers) == [200, 412, 412, 412]
    won = next(floors for floors, answer in answers if answer.status_code == 200)
    assert client.get(f"{ITEMS}/old").json()["properties"]["floors"] == won


def test_coordinates_come_in_vn2000_when_the_header_says_so(client: TestClient) -> None:
    """What was read in a CRS is written in it."""
    crs = {"Content-Crs": "<http://www.opengis.net/def/crs/EPSG/0/5897>"}
    read = client.get(f"{ITEMS}/old", params={"crs": "http://www.opengis.net/def/crs/EPSG/0/5897"})
    plane = read.json()["geometry"]["coordinates"]
    assert plane[1] > 2_000_000, "metres, easting first as EPSG says"
    body = {**NEW, "geometry": {"type": "Point", "coordinates": plane}}
    made = client.post(ITEMS, json=body, headers=GEOJSON | crs)
    assert made.status_code == 201, made.text
    assert made.json()["geometry"]["coordinates"] == pytest.approx([105.1234568, 20.9876543], abs=2e-7)
    bad = client.post(ITEMS, json=body, headers=GEOJSON | {"Content-Crs": "EPSG:1"})
    assert (bad.status_code, bad.json()["where"]) == (422, "Content-Crs")


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_issue_of_a_feature_is_told(client: TestClient, language: str) -> None:
    wrong = {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": [[105, 21], [106, 21]]},
        "properties": {"floors": -1, "kind": "boat", "area_ha": "wide", "colour": "red", "opened": "soon", "name": {}},
    }
    answer = client.post(ITEMS, params={"lang": language}, json=wrong, headers=GEOJSON)
    assert answer.status_code == 422, answer.text
    issues = "\n".join(answer.json()["issues"])
    for name in ("floors", "boat", "wide", "colour", "soon", "LineString"):
        assert name in issues
    assert ("cần" in issues) == (language == "vi")
    assert client.get(ITEMS).json()["numberMatched"] == 6, "nothing was written"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"{", GEOJSON, 400),
        (b"[]", GEOJSON, 400),
        (b'{"type": "FeatureCollection", "geometry": null}', GEOJSON, 400),
        (b'{"type": "Feature"}', GEOJSON, 400),
        (b'{"type": "Feature", "geometry": 3}', GEOJSON, 400),
        (b'{"type": "Feature", "geometry": {"type": "Point"}}', GEOJSON, 400),
        (b'{"type": "Feature", "geometry": {"type": "Point", "coordinates": ["a", 1]}}', GEOJSON, 400),
        (b'{"type": "Feature", "geometry": null, "properties": []}', GEOJSON, 400),
        (b'{"type": "Feature", "geometry": null, "id": 1.5}', GEOJSON, 400),
        (b'{"type": "Feature", "geometry": null, "id": ""}', GEOJSON, 400),
        (b"{}", {"Content-Type": "text/plain"}, 415),
        (b"x" * 1_000_001, GEOJSON, 413),
        (b'{"type": "Feature", "geometry": null}', GEOJSON | {"Parkplan-Message": "%0A"}, 400),
    ],
)
def test_bodies_that_are_no_features_are_refused(
    client: TestClient, body: bytes, headers: dict[str, str], status: int
) -> None:
    answer = client.post(ITEMS, content=body, headers=headers)
    assert answer.status_code == status, answer.text
    assert answer.json()["status"] == status


def test_what_is_not_there_is_told(client: TestClient) -> None:
    assert client.post("/collections/none/items", json=NEW, headers=GEOJSON).status_code == 404
    assert client.delete(f"{ITEMS}/%00", headers={"If-Match": "*"}).status_code == 404
    assert client.post(f"{ITEMS}?x=1", json=NEW, headers=GEOJSON).status_code in (201, 400)


def test_qgis_edits_a_layer(client: TestClient) -> None:
    """The requests that its provider makes, in their order; a connection adds the header `If-Match: *` to each."""
    every = {"If-Match": "*"}
    allow = client.options(ITEMS, headers=every).headers["allow"]
    assert "POST" in allow
    first = client.get(f"{ITEMS}?limit=1").json()["features"][0]["id"]
    options = client.options(f"{ITEMS}/{first}").headers
    assert {"PUT", "PATCH", "DELETE"} <= {method.strip() for method in options["allow"].split(",")}
    assert options["accept-patch"] == "application/merge-patch+json"
    made = client.post(ITEMS, json=NEW, headers=GEOJSON | every)
    assert made.status_code == 201
    address = made.headers["location"]
    moved = {"geometry": {"type": "Point", "coordinates": [105.81, 21.01]}}
    assert client.patch(address, json=moved, headers=PATCH | every).is_success
    assert client.patch(address, json={"properties": {"name": "Sửa"}}, headers=PATCH | every).is_success
    now = client.get(address).json()
    assert (now["properties"]["name"], now["geometry"]["coordinates"]) == ("Sửa", [105.81, 21.01])
    assert client.delete(address, headers=every).status_code == 204


@contextmanager
def listening(app: Any) -> Iterator[int]:
    """A real server over an application, in a thread; what it is called at is its port."""
    with socket.create_server(("127.0.0.1", 0)) as place:
        server = uvicorn.Server(uvicorn.Config(app, http="httptools", log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [place]})
        thread.start()
        try:
            yield place.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join()


def test_the_address_of_what_was_made_is_spelled_as_qgis_looks_for_it() -> None:
    """QGIS 3.40 takes `location` for no address, and the feature that it made for one that failed."""
    made = located(Response(status_code=201), "http://x/items/a%20b")
    with listening(made) as port, socket.create_connection(("127.0.0.1", port), timeout=30) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        head = client.recv(65_536)
    assert b"\r\nLocation: http://x/items/a%20b\r\n" in head


def test_qgis_names_what_it_drew_by_the_address(signed: TestClient, filled_url: str) -> None:
    """What QGIS 3.40 and 3.44 send for an institute: all after the last `/items/` of `Location` is the feature's id."""
    headers = bearer(filled_url, "vien", Grant("institute")) | {"If-Match": "*"}
    properties = {"name": "Lô mới", "floors": None, "kind": None, "valid_from": None}
    body = {"geometry": {"coordinates": [105.712346, 21.0], "type": "Point"}, "properties": properties}
    made = signed.post(ITEMS, json={**body, "type": "Feature"}, headers=headers | GEOJSON)
    assert made.status_code == 202, made.text
    name = made.headers["location"].rpartition("/items/")[2]
    assert signed.get(f"{ITEMS}/{name}", headers=headers).json()["properties"]["name"] == "Lô mới"
    moved = {"geometry": {"coordinates": [105.7, 21.0], "type": "Point"}}
    assert signed.patch(f"{ITEMS}/{name}", json=moved, headers=headers | PATCH).status_code == 202
    assert signed.get(f"{ITEMS}/{name}", headers=headers).json()["geometry"]["coordinates"] == [105.7, 21.0]
    assert signed.delete(f"{ITEMS}/{name}", headers=headers).status_code == 202
    assert signed.get(f"{ITEMS}/{name}", headers=headers).status_code == 404


# With people --------------------------------------------------------------------------------------------------------


@pytest.fixture
def signed(filled_url: str) -> Iterator[TestClient]:
    """A server on which people sign in."""
    settings = Settings(store=filled_url, language="en", sign_in="on")
    with TestClient(create_app(settings)) as opened:
        yield opened


def bearer(
    url: str, id_: str, *grants: Grant, scopes: tuple[Ability, ...] = ("read", "propose", "edit")
) -> dict[str, str]:
    with open_people(url) as people:
        people.accounts.add(id_, id_.title())
        for grant in grants:
            people.accounts.grant(grant, person=id_)
        _, text = people.tokens.make(id_, "test", scopes=scopes, days=1)
    return {"Authorization": f"Bearer {text}"}


@pytest.mark.parametrize(
    ("role", "status"), [("viewer", 403), ("analyst", 403), ("approver", 201), ("administrator", 201)]
)
def test_roles_decide_who_edits(signed: TestClient, filled_url: str, role: Role, status: int) -> None:
    assert signed.post(ITEMS, json=NEW, headers=GEOJSON).status_code == 401
    headers = bearer(filled_url, "lan", Grant(role))
    answer = signed.post(ITEMS, json=NEW, headers=GEOJSON | headers)
    assert answer.status_code == status, answer.text
    allow = signed.options(ITEMS, headers=headers).headers["allow"]
    assert ("POST" in allow) == (status == 201)
    with open_store(filled_url) as store, open_people(filled_url) as people:
        author = store.changesets()[-1].author
        entry = people.audit.entries(person="lan")[0]
    assert (author == "Lan") == (status == 201)
    assert (entry.action, entry.target, entry.outcome) == ("POST", ITEMS, "done" if status == 201 else "refused")


def test_who_may_only_propose_writes_to_one_draft(signed: TestClient, filled_url: str) -> None:
    headers = bearer(filled_url, "vien", Grant("institute"))
    with open_store(filled_url) as store:
        latest = store.latest()
    made = signed.post(ITEMS, json={**NEW, "id": "moi"}, headers=GEOJSON | headers)
    assert made.status_code == 202, made.text
    draft = made.json()["proposal"]
    assert made.json()["links"][0]["href"].endswith(f"/proposals/{draft}")
    assert signed.get(made.headers["location"], headers=headers).json()["properties"]["name"] == "Ga mới"
    known = signed.get(f"{ITEMS}/old", headers=headers).headers["etag"]
    body = {"properties": {"floors": 8}}
    changed = signed.patch(f"{ITEMS}/old", json=body, headers=PATCH | headers | {"If-Match": known})
    assert changed.status_code == 202, changed.text
    assert changed.json()["proposal"] == draft
    assert changed.headers["location"].endswith(f"/proposals/{draft}")
    gone = signed.delete(f"{ITEMS}/taveuni", headers=headers | {"If-Match": "*"})
    assert gone.status_code == 202, gone.text
    with open_store(filled_url) as store:
        assert store.latest() == latest, "the plan itself is untouched"
        seen = store.read("stations", proposal=draft)
    assert seen.loc["old", "floors"] == 8
    assert "moi" in seen.index
    assert "taveuni" not in seen.index


def test_an_area_bounds_what_may_be_changed(signed: TestClient, filled_url: str) -> None:
    area = shapely.box(105.6, 20.9, 105.9, 21.2)
    headers = bearer(filled_url, "minh", Grant("approver", frozenset({"stations"}), area))
    inside = signed.post(ITEMS, json={**NEW, "id": "in"}, headers=GEOJSON | headers)
    assert inside.status_code == 201, inside.text
    beyond = {**NEW, "geometry": {"type": "Point", "coordinates": [106.5, 21.0]}}
    assert signed.post(ITEMS, json=beyond, headers=GEOJSON | headers).status_code == 403
    assert signed.post(ITEMS, json={**NEW, "geometry": None}, headers=GEOJSON | headers).status_code == 403
    every = headers | {"If-Match": "*"}
    moved = signed.patch(f"{ITEMS}/in", json={"geometry": beyond["geometry"]}, headers=PATCH | every)
    assert (moved.status_code, moved.json()["seen"]) == (403, "stations/in"), "not moved out of it either"
    assert signed.delete(f"{ITEMS}/taveuni", headers=every).status_code == 403
    assert signed.post("/collections/notes/items", json=NEW, headers=GEOJSON | headers).status_code == 404, "not seen"


def test_a_token_without_the_scope_does_not_write(signed: TestClient, filled_url: str) -> None:
    headers = bearer(filled_url, "lan", Grant("administrator"), scopes=("read",))
    assert signed.post(ITEMS, json=NEW, headers=GEOJSON | headers).status_code == 403
    wrong = signed.get(ITEMS, headers={"Authorization": "Bearer parkplan_x_y"})
    assert (wrong.status_code, wrong.json()["type"]) == (401, "urn:parkplan:problem:bad-credentials")
    assert wrong.headers["www-authenticate"].startswith("Bearer")


def test_a_writer_who_does_not_see_a_field_leaves_it_alone(filled_url: str) -> None:
    with open_store(filled_url) as store:
        definition = store.definition("stations")
        price = definition.fields[2].model_copy(update={"name": "price", "restricted": True, "unit": None})
        store.add_layer(definition.model_copy(update={"fields": (*definition.fields, price)}))
        rows = store.read("stations", ids=["old"]).assign(price=4321.5)
        store.commit([Put("stations", rows)], author="T", message="Giá")
    headers = bearer(filled_url, "lan", Grant("approver"), scopes=("read", "edit")) | {"If-Match": "*"}
    with TestClient(create_app(Settings(store=filled_url, language="en"))) as client:
        shown = client.get(f"{ITEMS}/old", headers=headers)
        assert "price" not in shown.json()["properties"]
        done = client.put(f"{ITEMS}/old", json={**NEW, "properties": {"name": "Mới"}}, headers=GEOJSON | headers)
        assert done.status_code == 200, done.text
        body = {"properties": {"price": 1}}
        refused = client.patch(f"{ITEMS}/old", json=body, headers=PATCH | headers)
        assert refused.status_code == 422
        assert "4321" not in refused.text + done.text
    with open_store(filled_url) as store:
        assert store.read("stations", ids=["old"]).loc["old", ["name", "price"]].tolist() == ["Mới", 4321.5]


def test_a_page_of_somebody_else_writes_nothing_on_a_machine_where_nobody_signs_in(client: TestClient) -> None:
    before = client.get(f"{ITEMS}?limit=5").json()["numberMatched"]
    for origin in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
        refused = client.post(ITEMS, json=NEW, headers=GEOJSON | origin)
        assert refused.status_code == 403, refused.text
        assert refused.json()["type"].endswith("foreign-page")
    assert client.get(f"{ITEMS}?limit=5").json()["numberMatched"] == before


def test_a_value_that_is_a_list_is_told_as_what_it_is(client: TestClient) -> None:
    body = {**NEW, "properties": {**NEW["properties"], "floors": [{"": 1}, [2, 3]]}}
    refused = client.post(ITEMS, json=body, headers=GEOJSON)
    assert refused.status_code == 422, refused.text
    (told,) = refused.json()["issues"]
    assert "field floors" in told
