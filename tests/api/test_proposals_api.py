"""Proposals over the web, on both engines: made, edited, discussed, checked, decided, by programs and from pages."""

from __future__ import annotations

import base64
import time
from typing import Any

import pytest
import shapely
from starlette.testclient import TestClient

from layers.store import Put, Store
from tests.api.test_openapi import validate

#: What is the same whatever keeps the proposals: the engines have tests of their own below the web.
ONE_ENGINE = pytest.mark.parametrize("store_url", ["geopackage"], indirect=True)
PLACE = {"type": "Point", "coordinates": [105.66, 20.93]}


def feature(id_: str, geometry: Any = PLACE, **properties: Any) -> dict[str, Any]:
    return {"type": "Feature", "id": id_, "geometry": geometry, "properties": properties}


def made(client: TestClient, **fields: Any) -> str:
    answer = client.post("/proposals", json={"title": "Trạm mới", "author": "Viện", **fields})
    assert answer.status_code == 201, answer.text
    assert answer.headers["location"].endswith(f"/proposals/{answer.json()['id']}")
    return str(answer.json()["id"])


def edited(client: TestClient, proposal: str = "1", **fields: Any) -> dict[str, Any]:
    answer = client.post(f"/proposals/{proposal}/changes", json={"layer": "stations", **fields})
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def moved(client: TestClient, state: str, **fields: Any) -> Any:
    return client.post("/proposals/1/transitions", json={"state": state, "author": "Sở", **fields})


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


@pytest.fixture
def store(client: TestClient) -> Store:
    """Give the store that is served."""
    opened: Store = client.app.state.store  # type: ignore[attr-defined]
    return opened


def test_a_proposal_is_made_edited_and_approved(client: TestClient, store: Store) -> None:
    made(client, message="vì sao")
    document = edited(
        client, put=feature("new", name="Mới", kind="bus"), remove=["old"], message="lần một", author="Viện"
    )
    assert document["changes"] == [{"layer": "stations", "title": "Stations", "insert": 1, "update": 0, "delete": 1}]
    assert (document["version"], document["events"][-1]["message"]) == (1, "lần một")
    changes = client.get("/proposals/1/changes", params={"lang": "vi"}).json()
    (layer,) = changes["layers"]
    assert layer["counts"] == {"insert": 1, "update": 0, "delete": 1}
    new = next(one for one in layer["features"] if one["feature_id"] == "new")
    assert (new["change_title"], new["geometry_after"]["coordinates"]) == ("thêm", [105.66, 20.93])
    assert {one["field"]: one["after_text"] for one in new["fields"]}["kind"] == "xe buýt"
    assert moved(client, "submitted").json()["state"] == "submitted"
    assert problem(client.post("/proposals/1/changes", json={"layer": "stations", "remove": ["n"]})) == (
        409,
        "proposal-locked",
    )
    assert moved(client, "under_review").json()["next_states"][0]["title"] == "Approve"
    paper = {"name": "qđ.pdf", "content": base64.b64encode(b"%PDF").decode()}
    approved = moved(client, "approved", decision={"number": "9/QĐ", "date": "2026-11-24"}, document=paper).json()
    assert (approved["state"], approved["changeset"], approved["next_states"]) == ("approved", 2, [])
    last = approved["events"][-1]
    assert (last["decision"], last["attached"], last["who"]) == (
        {"number": "9/QĐ", "date": "2026-11-24"},
        "qđ.pdf",
        "Sở",
    )
    file = client.get(f"/proposals/1/events/{last['number']}/document")
    assert (file.content, file.headers["content-type"]) == (b"%PDF", "application/octet-stream")
    assert file.headers["content-disposition"] == "attachment; filename*=UTF-8''q%C4%91.pdf"
    found = store.read("stations")
    assert "new" in found.index
    assert "old" not in found.index
    assert store.changesets()[-1].decision is not None


@ONE_ENGINE
def test_versions_are_kept_and_an_older_one_can_be_asked_for(client: TestClient) -> None:
    made(client)
    edited(client, remove=["old"])
    edited(client, withdraw=["old"], put=feature("n", name="N"), version=1)
    counts = [client.get("/proposals/1/changes", params={"version": number}).json()["layers"] for number in (0, 1, 2)]
    assert [[one["counts"]["delete"] for one in layers] for layers in counts] == [[], [1], [0]]
    assert problem(client.get("/proposals/1/changes", params={"version": "3"})) == (400, "bad-parameter")
    late = client.post("/proposals/1/changes", json={"layer": "stations", "remove": ["old"], "version": 1})
    assert problem(late) == (409, "proposal-conflict")


@ONE_ENGINE
def test_several_layers_are_edited_at_once_or_not_at_all(client: TestClient) -> None:
    made(client)
    both = [{"layer": "stations", "remove": ["old"]}, {"layer": "notes", "remove": ["n1"]}]
    assert len(client.post("/proposals/1/changes", json={"edits": both}).json()["changes"]) == 2
    wrong = [{"layer": "stations", "remove": ["taveuni"]}, {"layer": "notes", "remove": ["nowhere"]}]
    assert problem(client.post("/proposals/1/changes", json={"edits": wrong})) == (404, "unknown-feature")
    assert client.get("/proposals/1").json()["version"] == 1


def test_features_are_read_through_a_proposal(client: TestClient) -> None:
    made(client)
    edited(client, put=feature("new", name="Mới"), remove=["old"])
    ids = [one["id"] for one in client.get("/collections/stations/items", params={"proposal": "1"}).json()["features"]]
    assert "new" in ids
    assert "old" not in ids
    assert problem(client.get("/collections/stations/items", params={"proposal": "9"})) == (404, "unknown-proposal")
    one = client.get("/collections/stations/items/new", params={"proposal": "1"})
    assert (one.status_code, one.json()["properties"]["name"]) == (200, "Mới")
    assert client.get("/collections/stations/items/new").status_code == 404


@ONE_ENGINE
def test_comments_are_pinned_answered_and_settled(client: TestClient) -> None:
    made(client)
    first = client.post("/proposals/1/comments", json={"text": "Sai", "layer": "stations", "feature_id": "old"})
    assert (first.status_code, first.json()["number"], first.json()["feature_id"]) == (201, 1, "old")
    there = client.post("/proposals/1/comments", json={"text": "Đây", "place": [105.5, 21.0], "author": "Lan"})
    assert (there.json()["place"], there.json()["who"]) == ([105.5, 21.0], "Lan")
    client.post("/proposals/1/comments", json={"text": "Đã sửa", "parent": 1})
    settled = client.post("/proposals/1/comments", json={"resolve": 1, "author": "Sở"}).json()
    assert (settled["resolved"], settled["resolved_by"]) == (True, "Sở")
    listed = client.get("/proposals/1/comments").json()["comments"]
    assert [(one["number"], one["parent"]) for one in listed] == [(1, None), (2, None), (3, 1)]
    told = client.get("/proposals/1").json()
    assert (told["comments"], told["open_comments"]) == (3, 1)


@ONE_ENGINE
def test_checks_say_what_a_proposal_makes_worse_and_better(client: TestClient) -> None:
    made(client)
    edited(client, put=feature("bad", name="Trạm"))
    checked = client.get("/proposals/1/checks").json()
    assert (checked["proposal"], checked["version"], checked["against"]) == ("1", 1, 1)
    assert checked["validation"]["issues"] == []
    assert checked["reviews"] == []
    assert checked["notes"] == ["No planning review: the store does not have the layers that it needs."]
    edited(client, withdraw=["bad"], remove=["old"])
    assert client.get("/proposals/1/checks").json()["summary"]["validation"]["new"] == {"error": 0, "warning": 0}


def test_conflicts_are_listed_resolved_and_then_approved(client: TestClient, store: Store) -> None:
    made(client)
    edited(client, put=feature("hoa-lac", None, name="Hoà Lạc", floors=9, kind="bus"), mode="update")
    for state in ("submitted", "under_review"):
        moved(client, state)
    now = store.read("stations", ids=["hoa-lac"])
    now["floors"] = 5
    store.commit([Put("stations", now)], author="An", message="meanwhile")
    listed = client.get("/proposals/1/conflicts").json()
    assert (listed["against"], listed["open"]) == (2, 1)
    (one,) = listed["items"]
    assert (one["kind"], one["field"], one["ours"], one["theirs"], one["base"]) == ("attribute", "floors", 5, 9, 3)
    stopped = moved(client, "approved")
    assert problem(stopped)[0] == 409
    assert "floors" in stopped.json()["detail"]
    left = client.post("/proposals/1/conflicts", json={"choice": "ours", "feature_id": "hoa-lac", "message": "đã đo"})
    assert (left.json()["open"], left.json()["items"][0]["resolution"]["why"]) == (0, "đã đo")
    assert moved(client, "approved").json()["state"] == "approved"
    assert store.read("stations").loc["hoa-lac", "floors"] == 5


#: What is sent where, and how it is refused.
REFUSED: list[tuple[str, Any, tuple[int, str]]] = [
    ("/proposals", {}, (400, "value-out-of-range")),
    ("/proposals", {"title": 3}, (422, "invalid-input")),
    ("/proposals", {"title": "x", "base": 99}, (404, "unknown-changeset")),
    ("/proposals/7/changes", {"layer": "stations"}, (404, "unknown-proposal")),
    ("/proposals/1/changes", {}, (422, "invalid-input")),
    ("/proposals/1/changes", {"layer": "nowhere", "remove": ["a"]}, (404, "unknown-layer")),
    ("/proposals/1/changes", {"layer": "stations", "mode": "x"}, (422, "invalid-input")),
    ("/proposals/1/changes", {"layer": "stations", "put": {"type": "Point"}}, (422, "invalid-input")),
    ("/proposals/1/changes", {"layer": "stations", "put": feature("a", {"type": "x"})}, (422, "invalid-input")),
    ("/proposals/1/changes", {"layer": "stations", "put": feature("a", floors=-1)}, (422, "invalid-features")),
    ("/proposals/1/changes", {"layer": "stations", "remove": [3]}, (422, "invalid-input")),
    ("/proposals/1/changes", {"edits": 3}, (422, "invalid-input")),
    ("/proposals/1/transitions", {"state": "approved"}, (409, "transition")),
    ("/proposals/1/transitions", {"state": "gone"}, (400, "value-out-of-range")),
    ("/proposals/1/transitions", {"state": "rejected"}, (400, "value-out-of-range")),
    ("/proposals/1/transitions", {"state": "rejected", "message": "x", "decided": "y"}, (422, "invalid-input")),
    (
        "/proposals/1/transitions",
        {"state": "rejected", "message": "x", "document": {"name": "a", "content": "?"}},
        (422, "invalid-input"),
    ),
    ("/proposals/1/comments", {"text": " "}, (400, "value-out-of-range")),
    ("/proposals/1/comments", {"text": "x", "place": "a"}, (422, "invalid-input")),
    ("/proposals/1/comments", {"text": "x", "parent": 9}, (404, "unknown-comment")),
    ("/proposals/1/comments", {"text": "x", "parent": "9x"}, (422, "invalid-input")),
    ("/proposals/1/conflicts", {"choice": "mine"}, (422, "invalid-input")),
    ("/proposals/1/conflicts", {"choice": "ours", "kind": "x"}, (422, "invalid-input")),
    ("/proposals/1/conflicts", {"resolutions": 3}, (422, "invalid-input")),
]


@ONE_ENGINE
def test_what_cannot_be_done_is_told(client: TestClient) -> None:
    made(client)
    for path, body, kind in REFUSED:
        assert problem(client.post(path, json=body)) == kind, (path, body)
    assert client.get("/proposals/1").json()["version"] == 0


@ONE_ENGINE
def test_bodies_that_cannot_be_read_are_refused(client: TestClient) -> None:
    json = {"content-type": "application/json"}
    assert problem(client.post("/proposals", content=b"{", headers=json)) == (400, "bad-body")
    assert problem(client.post("/proposals", content=b"[]", headers=json)) == (400, "bad-body")
    assert problem(client.post("/proposals", content=b"x", headers={"content-type": "text/plain"}))[0] == 415
    assert problem(client.get("/proposals/1/events/x/document")) == (404, "unknown-proposal")
    made(client)
    assert problem(client.get("/proposals/1/events/x/document")) == (400, "bad-parameter")
    assert problem(client.get("/proposals", params={"state": "open"})) == (400, "bad-parameter")
    foreign = client.post("/proposals", json={"title": "x"}, headers={"origin": "https://evil.example"})
    assert problem(foreign) == (403, "foreign-page")


HTML = {"accept": "text/html"}


@ONE_ENGINE
def test_pages_work_with_forms_alone(client: TestClient) -> None:
    sent = client.post("/proposals?lang=vi", data={"title": "Từ trang", "author": "Lan"}, headers=HTML)
    assert (sent.status_code, sent.url.path) == (200, "/proposals/1")
    assert "Từ trang" in sent.text
    assert "bản nháp" in sent.text
    client.post("/proposals/1/changes", data={"layer": "stations", "remove": "old"}, headers=HTML)
    said = client.post("/proposals/1/comments", data={"text": "<b>đậm</b>", "place": "105.1, 20.9"}, headers=HTML)
    assert "&lt;b&gt;đậm&lt;/b&gt;" in said.text
    assert "<b>đậm" not in said.text
    assert '<path d="M' in said.text
    refused = client.post("/proposals/1/transitions", data={"state": "approved"}, headers=HTML)
    assert refused.status_code == 409
    assert 'role="alert"' in refused.text
    assert "cannot become approved" in refused.text
    form = {"state": "submitted", "message": "", "author": "Lan", "decision": "", "decided": ""}
    handed = client.post("/proposals/1/transitions", data=form, files={"document": b""}, headers=HTML)
    assert (handed.status_code, client.get("/proposals/1").json()["state"]) == (200, "submitted")
    back = client.post(
        "/proposals/1/transitions",
        data={"state": "returned", "message": "thiếu", "decision": "1/TB"},
        files={"document": ("thư.pdf", b"%PDF", "application/pdf")},
        headers=HTML,
    )
    assert "thư.pdf" in back.text
    blank = client.post("/proposals?lang=vi", data={"title": " "}, headers=HTML)
    assert (blank.status_code, "cần có nội dung" in blank.text) == (400, True)
    listed = client.get("/proposals?state=returned&lang=en", headers=HTML).text
    assert "Từ trang" in listed
    assert "There are no proposals yet." in client.get("/proposals?state=draft&lang=en", headers=HTML).text


@ONE_ENGINE
def test_the_map_takes_no_markup_out_of_the_data(client: TestClient) -> None:
    made(client, title="</script><script>alert(1)</script>")
    edited(client, put=feature("x", name="</script><img src=x onerror=alert(1)>"))
    page = client.get("/proposals/1", headers=HTML).text
    assert "<script>alert" not in page
    assert "<img src=x" not in page
    assert "\\u003c/script" in page


@ONE_ENGINE
def test_shapes_are_drawn_with_their_holes(client: TestClient, store: Store) -> None:
    made(client)
    ring = shapely.box(105.0, 21.0, 105.2, 21.2) - shapely.box(105.05, 21.05, 105.1, 21.1)
    shape = shapely.geometry.mapping(ring)
    edited(client, put=feature("ring", geometry=shape, name="Vành"))
    page = client.get("/proposals/1", headers=HTML).text
    drawn = next(line for line in page.splitlines() if "shape-insert" in line)
    assert drawn.split('class="shape shape-insert')[0].rpartition('d="')[2].count("Z") == 2
    assert store.latest() == 1


def followed(client: TestClient, job: str) -> dict[str, Any]:
    deadline = time.monotonic() + 60
    while (status := client.get(f"/jobs/{job}").json())["status"] in ("accepted", "running"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert status["status"] == "successful", status
    receipt: dict[str, Any] = client.get(f"/imports/{job}/receipt", params={"f": "json"}).json()
    return receipt


@ONE_ENGINE
def test_a_file_goes_into_a_proposal_with_a_receipt(taker: TestClient) -> None:
    made(taker)
    body = "feature_id,name,floors,lon,lat\nold,Cũ,7,105.2,20.99\nnew,Mới,1,105.3,21.0\n".encode()
    query = {"layer": "stations", "name": "a.csv", "coordinates": "lon,lat", "crs": "EPSG:4326", "proposal": "1"}
    sent = taker.post("/imports", params=query, content=body, headers={"content-type": "application/octet-stream"})
    receipt = followed(taker, sent.json()["jobID"])
    assert (receipt["state"], receipt["changeset"], receipt["counts"]["written"]) == ("accepted", None, 2)
    assert "Noted in the proposal 1, version 1; the plan has not changed." in receipt["notes"]
    assert taker.get("/proposals/1").json()["changes"][0]["insert"] == 1
    assert taker.get("/collections/stations/items/new").status_code == 404
    nowhere = taker.post("/imports", params={**query, "proposal": "9"}, content=body)
    assert problem(nowhere) == (404, "unknown-proposal")


@ONE_ENGINE
def test_the_plan_is_seen_and_reviewed_through_a_proposal(hanoi: TestClient) -> None:
    made(hanoi)
    square = {"type": "Polygon", "coordinates": [[[105.8, 21.1], [105.81, 21.1], [105.81, 21.11], [105.8, 21.1]]]}
    known: dict[str, Any] = {"name_vi": "KCN Mới", "name_en": "New Park", "kind": "industrial_park", "area_ha": 60}
    new = feature("kcn-moi", square, **known, valid_from="2028-01-01", valid_to="2031-12-31")
    assert hanoi.post("/proposals/1/changes", json={"layer": "parks", "put": new}).status_code == 200
    page = hanoi.get("/?lang=en&proposal=1", headers=HTML).text
    assert "New Park" in page
    assert "The plan as proposal 1 would make it" in page
    assert "New Park" not in hanoi.get("/?lang=en", headers=HTML).text
    assert "/parks/kcn-moi?horizon=2030&amp;lang=en&amp;proposal=1" in page
    assert hanoi.get("/parks/kcn-moi?proposal=1&lang=en", headers=HTML).status_code == 200
    assert hanoi.get("/parks/kcn-moi?lang=en", headers=HTML).status_code == 404
    inputs = {"horizon": 2030, "proposal": "1", "language": "en"}
    review = hanoi.post("/processes/planning-review/execution", json={"inputs": inputs}).json()
    assert "New Park" in {park["name"] for park in review["parks"]}
    checked = hanoi.get("/proposals/1/checks").json()
    assert [one["horizon"] for one in checked["reviews"]] == [2030]
    warned = {
        one["properties"]["feature_id"]
        for one in checked["reviews"][0]["findings"]["features"]
        if (one["properties"]["change"], one["properties"]["outcome"]) == ("new", "warning")
    }
    assert warned == {"kcn-moi"}
    assert checked["summary"]["review"]["new"]["no_data"] > 0


@ONE_ENGINE
def test_what_is_answered_is_what_is_documented(client: TestClient, store: Store) -> None:
    made(client)
    edited(client, put=feature("hoa-lac", None, name="Hoà Lạc", floors=9, kind="bus"), mode="update")
    client.post("/proposals/1/comments", json={"text": "x", "place": [105.5, 21.0]})
    store.commit([Put("stations", store.read("stations", ids=["hoa-lac"]).assign(floors=5))], author="An", message="m")
    described = client.get("/api").json()
    for path in ("", "/1", "/1/changes", "/1/comments", "/1/checks", "/1/conflicts"):
        name = f"/proposals{path}".replace("/1", "/{proposalId}")
        content = described["paths"][name]["get"]["responses"]["200"]["content"]
        validate(client.get(f"/proposals{path}").json(), content["application/json"]["schema"], described)


def test_the_list_comes_in_pages_by_state_and_author(client: TestClient) -> None:
    for number in range(6):
        made(client, title=f"Số {number}", author="Viện A" if number % 2 else "Viện B")
    edited(client, remove=["old"])
    assert moved(client, "submitted").status_code == 200
    first = client.get("/proposals").json()
    assert [one["id"] for one in first["proposals"]] == ["6", "5", "4", "3"]
    links = {entry["rel"]: entry["href"] for entry in first["links"]}
    assert links["next"].endswith("/proposals?cursor=3")
    last = client.get(links["next"]).json()
    assert [one["id"] for one in last["proposals"]] == ["2", "1"]
    assert "next" not in {entry["rel"] for entry in last["links"]}
    of_one = client.get("/proposals", params={"author": "Viện A", "limit": 2, "state": "draft"}).json()
    assert [one["id"] for one in of_one["proposals"]] == ["6", "4"]
    following = next(entry["href"] for entry in of_one["links"] if entry["rel"] == "next")
    assert [one["id"] for one in client.get(following).json()["proposals"]] == ["2"]
    assert client.get("/proposals", params={"state": "submitted"}).json()["proposals"][0]["id"] == "1"
    page = client.get("/proposals?limit=2&author=Vi%E1%BB%87n%20B&lang=vi", headers={"accept": "text/html"}).text
    assert ("Số 4" in page, "Số 2" in page, "Số 5" in page, "Số 0" in page) == (True, True, False, False)
    following = "/proposals?limit=2&amp;author=Vi%E1%BB%87n+B&amp;lang=vi&amp;cursor=3"
    assert f'rel="next" href="http://testserver{following}"' in page
    assert ": Viện B ×</a>" in page
    for query in ("cursor=x", "limit=0", "state=open"):
        assert problem(client.get(f"/proposals?{query}")) == (400, "bad-parameter"), query
