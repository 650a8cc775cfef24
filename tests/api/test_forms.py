"""Every form of every page carries a token, and no route takes what a browser sends as a form without it.

Pages and routes are found by asking the application, so that one that is made later is covered by itself.
"""

from __future__ import annotations

import asyncio
import re
import time
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final, NamedTuple

import geopandas as gpd
import pytest
import shapely
from fastapi import FastAPI
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send

from api.app import create_app
from api.auth.forms import FormMiddleware
from api.settings import Settings
from layers.catalogue import shipped_definitions
from layers.people import Grant, open_people
from layers.proposals import create_proposal, edit_proposal
from layers.store import Put, open_store
from tests.api.test_restricted import addresses, routes

OWN: Final = {"Origin": "http://127.0.0.1:8000", "Host": "127.0.0.1:8000"}
PAGE: Final = {"Accept": "text/html"}
PASSWORD: Final = "mật khẩu rất dài"  # noqa: S105 - of a test
FILE: Final = b"id,plot_no,geometry\nx,A1,POINT (105.6 21)\n"
#: What a form can send without that the browser asks first, by its content type.
ENCODINGS: Final[dict[str, dict[str, Any]]] = {
    "none": {},
    "application/x-www-form-urlencoded": {
        "data": {"layer": "plots", "title": "x", "text": "x", "state": "submitted", "action": "add"}
    },
    "multipart/form-data": {"files": {"file": ("a.csv", FILE)}, "data": {"layer": "plots", "state": "submitted"}},
    "text/plain": {"content": b'{"inputs": {}, "title": "x"}', "headers": {"Content-Type": "text/plain"}},
}
TOKEN: Final = re.compile(r'name="form_token" value="([0-9a-f]{64})"')


class Forms(HTMLParser):
    """The forms of a page that change something: where each leads, and what it has filled in already."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self._inside = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form":
            self._inside = (given.get("method") or "").lower() == "post"
            if self._inside:
                self.found.append((given.get("action") or "", {}))
        elif self._inside and given.get("name"):
            self.found[-1][1].setdefault(str(given["name"]), given.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "form"


class Served(NamedTuple):
    """A server of its own, with a proposal and an import that has to be decided on."""

    client: TestClient
    job: str


def _made(folder: Path, *, people: bool) -> Path:
    path = folder / "store.gpkg"
    with open_store(str(path)) as store:
        for definition in shipped_definitions().values():
            store.add_layer(definition)
        shape = gpd.GeoSeries([shapely.box(105.6, 21.0, 105.61, 21.01)], index=["plot-1"], crs="EPSG:4326")
        rows = gpd.GeoDataFrame({"plot_no": ["A1"]}, geometry=shape, index=["plot-1"])
        proposal = create_proposal(store, "Đề xuất", author="Lan").id
        edit_proposal(store, proposal, [Put("plots", rows)], author="Lan")
    if people:
        with open_people(str(path)) as register:
            register.accounts.add("lan", "Lan", password=PASSWORD)
            register.accounts.grant(Grant("administrator"), person="lan")
    return path


@pytest.fixture(scope="module", params=["embedded", "signed in"])
def served(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    path = _made(tmp_path_factory.mktemp("forms"), people=request.param == "signed in")
    settings = Settings(store=str(path), language="en", requests_per_minute=10**6, writes_per_minute=10**6)
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8000", follow_redirects=False) as client:
        client.headers.update(OWN)
        if request.param == "signed in":
            token = TOKEN.findall(client.get("/sign-in").text)[0]
            form = {"name": "lan", "password": PASSWORD, "form_token": token}
            assert client.post("/sign-in", data=form).status_code == 303
        token = TOKEN.findall(client.get("/files").text)[0]
        sent = {"layer": "plots", "dry_run": "true", "form_token": token}
        job = client.post(
            "/imports", data=sent, files={"file": ("a.csv", FILE)}, headers={"Accept": "application/json"}
        )
        assert job.status_code == 201, job.text
        yield Served(client, _ended(client, job.json()["jobID"]))


def _ended(client: TestClient, job: str) -> str:
    """Wait for a job; its page has forms only then."""
    deadline = time.monotonic() + 60
    while client.get(f"/jobs/{job}?f=json").json()["status"] in ("accepted", "running"):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return job


def _pages(served: Served) -> Iterator[tuple[str, str]]:
    app: FastAPI = served.client.app  # type: ignore[assignment]
    found = [route for route in routes(app) if "GET" in (route.methods or ())]
    asked = [address for route in found for address in addresses(route, served.job)]
    if not signed_in(served):
        # The same pages: what is asked here is whether they need somebody who signed in.
        asked = ["/files", f"/files/{served.job}", "/proposals", "/proposals/1"]
    for address in asked:
        answer = served.client.get(address, headers=PAGE)
        if answer.headers.get("content-type", "").startswith("text/html"):
            yield address, answer.text


def signed_in(served: Served) -> bool:
    """Whether this is the server on which people sign in."""
    return "parkplan_session" in served.client.cookies


def test_every_form_of_every_page_carries_the_token(served: Served) -> None:
    found: set[str] = set()
    for address, page in _pages(served):
        tokens = set(TOKEN.findall(page))
        for action, fields in Forms(page).found:
            assert fields.get("form_token") in tokens, (address, action)
            found.add(re.sub(r"/\w{16,}|/\d+", "/*", action.partition("?")[0]))
    assert {
        "/imports",
        "/imports/*/choices",
        "/proposals",
        "/proposals/*/comments",
        "/proposals/*/transitions",
    } <= found
    if signed_in(served):
        assert {"/people", "/account", "/sign-out"} <= found


def test_no_route_takes_a_form_of_a_browser_without_the_token(served: Served) -> None:
    """Refused for the form, or because the route takes no forms at all: nothing may be done, and nothing redirected."""
    app: FastAPI = served.client.app  # type: ignore[assignment]
    refused: set[str] = set()
    for route in routes(app):
        for method in (route.methods or set()) & {"POST", "PUT", "PATCH"}:
            for address in addresses(route, served.job):
                for kind, body in ENCODINGS.items():
                    answer = served.client.request(method, address, **body)
                    told = (method, address, kind, answer.status_code, answer.text[:200])
                    assert answer.status_code >= 400, told
                    assert answer.status_code < 500, told
                    if "has expired" in answer.text:
                        refused.add(route.path_format)
                    elif method == "POST":
                        # Not for want of something that whoever wrote a foreign page could have filled in.
                        assert answer.status_code in (400, 404, 405, 415, 428), told
    assert {"/imports", "/imports/{jobId}/choices", "/proposals", "/proposals/{proposalId}/comments"} <= refused
    if signed_in(served):
        assert {"/people", "/account"} <= refused


def test_a_token_of_another_browser_is_none(served: Served) -> None:
    app: FastAPI = served.client.app  # type: ignore[assignment]
    with TestClient(app, base_url="http://127.0.0.1:8000", follow_redirects=False) as other:
        page = other.get("/sign-in" if signed_in(served) else "/proposals", headers={**OWN, **PAGE})
        foreign = TOKEN.findall(page.text)[0]
    answer = served.client.post("/proposals", data={"title": "x", "form_token": foreign})
    assert answer.status_code == 403
    assert "the form has expired" in answer.text
    mine = TOKEN.findall(served.client.get("/proposals", headers=PAGE).text)[0]
    assert mine != foreign
    done = served.client.post("/proposals", data={"title": "Qua biểu mẫu", "author": "Lan", "form_token": mine})
    assert done.status_code in (201, 303)
    assert "form_token" not in served.client.get("/proposals?f=json").text


def test_a_page_with_a_token_is_kept_by_nobody_and_others_are_as_they_were(served: Served) -> None:
    page = served.client.get("/files", headers={"Accept-Encoding": "identity"})
    assert page.headers["cache-control"] == "no-store"
    assert "Cookie" in page.headers["vary"]
    assert int(page.headers["content-length"]) == len(page.content)
    plain = served.client.get("/history", headers=PAGE)
    assert not TOKEN.search(plain.text)
    assert "set-cookie" not in plain.headers
    assert plain.headers["cache-control"] != "no-store"


def test_programs_need_no_token(served: Served) -> None:
    app: FastAPI = served.client.app  # type: ignore[assignment]
    if signed_in(served):
        # A session is a browser's: whoever has its cookie needs the token, whatever else is left out.
        with TestClient(app, base_url="http://127.0.0.1:8000", cookies=dict(served.client.cookies)) as bare:
            assert bare.post("/proposals", data={"title": "x"}).status_code == 403
        return
    with TestClient(app, base_url="http://127.0.0.1:8000") as program:
        assert program.post("/proposals", data={"title": "x", "author": "P"}).status_code == 201


def test_the_head_of_a_page_is_right_when_it_leaves_whatever_holds_it_back_outside() -> None:
    sent: list[tuple[str, dict[bytes, bytes]]] = []

    async def page(scope: Scope, receive: Receive, send: Send) -> None:
        await HTMLResponse('<form method="post" action="/x"></form>')(scope, receive, send)

    async def send(message: Message) -> None:
        # Kept as it is now: a layer outside need not wait for the body before it sends the head.
        sent.append((message["type"], dict(message.get("headers", ()))))
        if message["type"] == "http.response.body":
            sent.append((message["body"].decode(), {}))

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    app = Starlette()
    app.state.settings = Settings()
    scope = {"type": "http", "method": "GET", "path": "/", "headers": [], "app": app, "scheme": "http"}
    asyncio.run(FormMiddleware(page)(scope, receive, send))
    head, body = sent[0][1], sent[2][0]
    assert int(head[b"content-length"]) == len(body)
    assert TOKEN.search(body)
    assert b"parkplan_form=" in head[b"set-cookie"]
