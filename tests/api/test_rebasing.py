"""A proposal goes onto the newest state by command and over the web, and what is in the way is told."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from layers.people import ABILITIES, Grant, Role, open_people
from layers.proposals import create_proposal, edit_proposal, get_proposal, move_proposal
from layers.store import Put, Store, open_store
from tests.api.conftest import fill, stations
from tests.api.test_cli_proposal import run
from tests.api.test_openapi import validate


def offered(store: Store, *, author: str) -> None:
    """Offer another name of a station, which the plan then gives another name and more floors."""
    station = stations()[1].loc[["hoa-lac"]]
    create_proposal(store, "Tên mới", author=author)
    edit_proposal(store, "1", [Put("stations", station.assign(name="Của Viện"))], author=author)
    store.commit([Put("stations", station.assign(name="Của Sở", floors=8))], author="Sở", message="Sửa")


def test_over_the_web(client: TestClient) -> None:
    store: Store = client.app.state.store  # type: ignore[attr-defined] # the application itself
    offered(store, author="Viện")
    told = client.post("/proposals/1/rebase", json={}).json()
    assert (told["moved"], told["base"], told["version"], told["open"]) == (False, 1, 1, 1)
    assert [(one["kind"], one["field"]) for one in told["items"]] == [("attribute", "name")]
    said = {"resolutions": [{"choice": "theirs", "feature_id": "hoa-lac"}], "author": "Bình"}
    told = client.post("/proposals/1/rebase", json=said).json()
    document = client.get("/api?f=json").json()
    validate(told, {"$ref": "#/components/schemas/proposalRebase"}, document)
    assert (told["moved"], told["base"], told["version"], told["open"]) == (True, 2, 2, 0)
    changes = client.get("/proposals/1/changes").json()
    [feature] = changes["layers"][0]["features"]
    assert [(one["field"], one["before"], one["after"]) for one in feature["fields"]] == [
        ("name", "Của Sở", "Của Viện")
    ]
    move_proposal(store, "1", "submitted", author="Viện")
    assert client.post("/proposals/1/rebase", json={}).status_code == 409


PAGE = {"Accept": "text/html", "Origin": "http://127.0.0.1:8000", "Host": "127.0.0.1:8000"}
BUTTON = 'action="/proposals/1/rebase?lang=en"'


def sent_from_page(client: TestClient, path: str, **fields: str) -> Any:
    """Send a form as a browser does, with the token of its page."""
    page = client.get("/proposals/1?lang=en", headers=PAGE).text
    [token] = set(re.findall(r'name="form_token" value="(\w+)"', page))
    return client.post(path, data={"form_token": token, **fields}, headers=PAGE)


def test_from_its_page(client: TestClient) -> None:
    store: Store = client.app.state.store  # type: ignore[attr-defined] # the application itself
    station = stations()[1].loc[["hoa-lac"]]
    create_proposal(store, "Tên mới", author="Viện")
    edit_proposal(store, "1", [Put("stations", station.assign(name="Của Viện"))], author="Viện")
    assert BUTTON not in client.get("/proposals/1?lang=en", headers=PAGE).text, "it is on the newest state"
    store.commit([Put("stations", station.assign(name="Của Sở", floors=8))], author="Sở", message="Sửa")
    page = client.get("/proposals/1?lang=en", headers=PAGE).text
    assert BUTTON in page
    assert "It is made on changeset 1, the plan is at 2." in page
    assert "Conflicts have to be resolved first (1)" in page
    assert "Phải giải quyết xung đột trước (1)" in client.get("/proposals/1?lang=vi", headers=PAGE).text
    stays = sent_from_page(client, "/proposals/1/rebase?lang=en", author="Bình")
    assert (stays.status_code, get_proposal(store, "1").base) == (409, 1)
    assert "conflicts with the plan as it is now are open" in stays.text
    assert 'id="conflict-0"' in stays.text
    kept = {"layer": "stations", "kind": "attribute", "feature_id": "hoa-lac", "field": "name", "choice": "theirs"}
    resolved = sent_from_page(client, "/proposals/1/conflicts?lang=en", author="Bình", **kept)
    assert "have to be resolved first" not in resolved.text
    moved = sent_from_page(client, "/proposals/1/rebase?lang=en", author="Bình", message="Cập nhật")
    assert (moved.status_code, get_proposal(store, "1").base) == (200, 2)
    assert "Cập nhật" in moved.text
    assert BUTTON not in moved.text
    store.commit([Put("stations", station.assign(floors=9))], author="Sở", message="Sửa")
    move_proposal(store, "1", "submitted", author="Viện")
    assert BUTTON not in client.get("/proposals/1?lang=en", headers=PAGE).text, "it is handed in"


def test_its_maker_moves_it_and_who_decides_resolves(tmp_path: Path) -> None:
    path = str(tmp_path / "plan.gpkg")
    fill(path)
    with open_store(path) as store:
        offered(store, author="Vien")
    roles: dict[str, Role] = {"vien": "institute", "khac": "institute", "so": "approver", "hoi": "planner"}
    headers = {}
    with open_people(path) as people:
        for name, role in roles.items():
            people.accounts.add(name, name.title())
            people.accounts.grant(Grant(role), person=name)
            _, secret = people.tokens.make(name, "t", scopes=ABILITIES, days=1)
            headers[name] = {"Authorization": f"Bearer {secret}"}
    said: dict[str, object] = {"resolutions": [{"choice": "theirs"}]}
    with TestClient(create_app(Settings(store=path, sign_in="on", language="en"))) as client:

        def move(name: str, body: dict[str, object]) -> int:
            return client.post("/proposals/1/rebase", json=body, headers=headers.get(name, {})).status_code

        shown = {
            name: client.get("/proposals/1?lang=en", headers={"Accept": "text/html", **headers[name]}).text
            for name in ("vien", "so", "hoi")
        }
        assert {name: BUTTON in page for name, page in shown.items()} == {"vien": True, "so": True, "hoi": False}
        assert [move(name, {}) for name in ("", "khac", "vien")] == [401, 404, 200]
        assert [move(name, said) for name in ("vien", "so")] == [403, 200]
        assert get_proposal(client.app.state.store, "1").base == 2  # type: ignore[attr-defined] # as above


def test_by_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "plan.gpkg"
    fill(str(path))
    monkeypatch.setenv("PARKPLAN_STORE", str(path))
    monkeypatch.setenv("PARKPLAN_LANGUAGE", "en")
    with open_store(path) as store:
        offered(store, author="Viện")
    listed = tmp_path / "conflicts.json"
    code, said, _ = run(monkeypatch, capsys, "rebase", "1", "--conflicts", str(listed))
    assert (code, said.splitlines()[-1]) == (2, "1 conflicts are open; the proposal 1 stays on changeset 1.")
    document = json.loads(listed.read_text(encoding="utf-8"))
    document["items"][0]["resolution"] = {"choice": "theirs", "why": "biên bản"}
    listed.write_text(json.dumps(document), encoding="utf-8")
    told = run(monkeypatch, capsys, "rebase", "1", "--resolutions", str(listed), "--author", "An", "--lang", "vi")
    assert told == (0, "Đề xuất 1 trên phiên bản thay đổi 2, phiên bản 2.\n", "")
    assert run(monkeypatch, capsys, "rebase", "1", "--resolve", "mine")[0] == 2
