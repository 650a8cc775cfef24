"""Answers that are given again at the connection: the same bytes as on the longer way, and never an old one."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
import shapely
import uvicorn
from fastapi import FastAPI

from api.app import create_app
from api.metrics import Metrics
from api.settings import Settings
from api.short import Answer, Short
from api.short_serving import short_protocol
from layers.store import Put, open_store
from tests.api.conftest import stations

TILE = "/collections/stations/tiles/WebMercatorQuad/10/450/812"
EMPTY = "/collections/stations/tiles/WebMercatorQuad/10/0/0"
FEATURE = "/collections/stations/items/hoa-lac"
#: Who sends a cookie goes the longer way.
LONG = ("Cookie: a=b",)
DEADLINE_S = 20.0


#: For what has nothing to do with the engine.
one_engine = pytest.mark.parametrize("store_url", ["geopackage"], indirect=True)


@dataclass
class Running:
    """A server in a thread, and how many answers it gave again."""

    app: FastAPI
    port: int
    given: list[Answer] = field(default_factory=list)

    def ask(self, path: str, *fields: str, method: str = "GET") -> tuple[str, list[str], bytes]:
        """Status line, head but for what differs each time, and body."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=DEADLINE_S) as link:
            link.sendall(request(path, *fields, method=method))
            return answer(link, body=method != "HEAD")

    def twice(self, path: str, *fields: str) -> tuple[str, list[str], bytes]:
        """Ask until the answer is given again."""
        before, deadline = len(self.given), time.monotonic() + DEADLINE_S
        while time.monotonic() < deadline:
            found = self.ask(path, *fields)
            if len(self.given) > before:
                return found
        raise AssertionError(f"{path} was not given again")


def request(path: str, *fields: str, method: str = "GET") -> bytes:
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: plan.test", *fields, "", ""]).encode()


def answer(link: socket.socket, *, body: bool = True) -> tuple[str, list[str], bytes]:
    """Read exactly one answer."""
    got = b""
    while b"\r\n\r\n" not in got:
        got += link.recv(1)
    status, *lines = got.decode("latin-1").strip().split("\r\n")
    told = [line for line in lines if not line.startswith(("date: ", "x-request-id: "))]
    assert sum(line.startswith(("date: ", "x-request-id: ")) for line in lines) == 2
    size = next((int(line.partition(": ")[2]) for line in lines if line.startswith("content-length: ")), 0)
    content = b""
    while body and len(content) < size:
        content += link.recv(size - len(content))
    return status, told, content


@contextmanager
def running(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    app = create_app(settings)
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, http=short_protocol(app.state.short, 30.0), log_config=None, access_log=False, server_header=False
    )
    server = uvicorn.Server(config)
    found = Running(app, listener.getsockname()[1])
    whole = Short.note

    def noted(self: Short, one: Answer, request_id: str, seconds: float) -> None:
        found.given.append(one)
        whole(self, one, request_id, seconds)

    monkeypatch.setattr(Short, "note", noted)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
    thread.start()
    try:
        until(lambda: server.started or not thread.is_alive())
        yield found
    finally:
        server.should_exit = True
        thread.join()
        listener.close()


def until(holds: Callable[[], Any]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.fixture
def server(filled_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    with running(Settings(store=filled_url, language="en"), monkeypatch) as found:
        yield found


def test_an_answer_given_again_is_that_of_the_longer_way_byte_for_byte(server: Running) -> None:
    etag = next(line for line in server.ask(TILE)[1] if line.startswith("etag")).partition(": ")[2]
    asked = [
        (TILE,),
        (TILE, "Accept-Encoding: gzip"),
        (TILE, f"If-None-Match: {etag}"),
        (TILE + "?datetime=2031-01-01",),
        (TILE + "?filter=floors%3D3",),
        ("/tiles/WebMercatorQuad/10/450/812?collections=stations",),
        (EMPTY,),
        (FEATURE,),
        (FEATURE, "Accept-Language: vi"),
        (FEATURE + "?lang=vi", "Accept-Encoding: gzip"),
    ]
    seen = [(server.ask(*each, *LONG), server.twice(*each)) for each in asked]
    assert [again for _, again in seen] == [long for long, _ in seen]
    assert [again[0] for _, again in seen] == [
        f"HTTP/1.1 {status}" for status in ("200 OK", "200 OK", "304 Not Modified", *["200 OK"] * 3, "204 No Content")
    ] + ["HTTP/1.1 200 OK"] * 3
    assert len(server.given) == len(asked)


def test_a_page_given_again_tells_the_time_of_now(server: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    path = "/collections/stations/items?limit=2&bbox=105,20,106,22"
    for name in ("quick", "short_serving"):
        monkeypatch.setattr(f"api.{name}.time_stamp", lambda: "2030-12-31T23:59:58Z")
    long = server.ask(path, *LONG)
    assert server.twice(path) == long
    assert b'"timeStamp":"2030-12-31T23:59:58Z"' in long[2]
    assert long[2].count(b'"Feature"') == 2
    monkeypatch.setattr("api.short_serving.time_stamp", lambda: "2031-01-01T00:00:00Z")
    assert server.twice(path)[2] == long[2].replace(b"2030-12-31T23:59:58Z", b"2031-01-01T00:00:00Z")
    given = len(server.given)
    for _ in range(3):
        # What is compressed cannot be told another time.
        server.ask(path, "Accept-Encoding: gzip")
    assert len(server.given) == given


@one_engine
def test_what_is_not_surely_the_same_goes_the_longer_way(server: Running) -> None:
    server.twice(TILE)
    given = len(server.given)
    for fields in (LONG, ("Authorization: Bearer x",), ("X-Request-ID: mine-0001",), ("Connection: close",)):
        for _ in range(2):
            server.ask(TILE, *fields)
    for path in ("/collections/stations/items?limit=2&f=jsonfg", "/collections/stations", "/health"):
        for _ in range(3):
            server.ask(path)
    assert server.ask(TILE, method="HEAD")[2] == b""
    for _ in range(3):
        # Errors are told anew.
        assert server.ask("/collections/stations/items/nobody")[0].startswith("HTTP/1.1 404")
    assert len(server.given) == given


def test_no_answer_is_old_whoever_writes(server: Running, filled_url: str) -> None:
    definition, features = stations()
    with open_store(filled_url) as other:
        for number in range(8):
            server.twice(TILE)
            server.twice(FEATURE)
            changed = features.loc[["hoa-lac"]].assign(
                name=f"Đổi {number}", geometry=[shapely.Point(105.55, 21.05 + number / 1000)]
            )
            other.commit([Put(definition.id, changed)], author="Khác", message="Đổi")
            assert f"Đổi {number}".encode() in server.ask(TILE)[2]
            assert f"Đổi {number}".encode() in server.ask(FEATURE)[2]
            assert server.twice(TILE) == server.ask(TILE, *LONG)
    assert len({one.mark for one in server.given}) >= 8


def test_requests_sent_at_once_are_answered_in_their_order(server: Running) -> None:
    server.twice(TILE)
    server.twice(FEATURE)
    paths = [TILE, FEATURE, "/health", FEATURE, EMPTY, TILE]
    with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_S) as link:
        link.sendall(b"".join(request(path) for path in paths))
        got = [answer(link) for _ in paths]
    assert got[0] == got[5] == server.ask(TILE, *LONG)
    assert got[1] == got[3] == server.ask(FEATURE, *LONG)
    assert [status for status, *_ in got][4] == "HTTP/1.1 204 No Content"


def test_many_callers_at_once_are_each_given_their_own(server: Running) -> None:
    wanted = {path: server.twice(path) for path in (TILE, FEATURE, EMPTY)}
    wrong: list[str] = []

    def call(path: str) -> None:
        with socket.create_connection(("127.0.0.1", server.port), timeout=DEADLINE_S) as link:
            for _ in range(50):
                link.sendall(request(path))
                if answer(link) != wanted[path]:
                    wrong.append(path)

    threads = [threading.Thread(target=call, args=(path,)) for path in wanted for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    assert len(server.given) >= 450


@one_engine
def test_each_is_counted_and_logged_as_any_other(server: Running, caplog: pytest.LogCaptureFixture) -> None:
    route = "/collections/{collectionId}/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}"
    server.twice(TILE + "?datetime=2031-01-01")

    def counted() -> float:
        told = server.app.state.metrics.registry.get_sample_value(
            "parkplan_requests_total", {"method": "GET", "route": route, "status": "200"}
        )
        return float(told or 0)

    def logged() -> list[Any]:
        return [record for record in caplog.records if record.message == "request"]

    before = counted()
    with caplog.at_level(logging.INFO, "parkplan"):
        server.twice(TILE + "?datetime=2031-01-01")
        until(logged)
    assert counted() == before + 1
    told = vars(logged()[-1])
    assert (told["method"], told["path"], told["query"], told["status"]) == ("GET", TILE, "datetime=2031-01-01", 200)
    assert len(told["request_id"]) == 16
    assert told["duration_ms"] < 10_000


@one_engine
def test_strangers_who_ask_too_often_are_told_so(filled_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(store=filled_url, sign_in="on", requests_per_minute=6)
    with running(settings, monkeypatch) as server:
        statuses = [server.ask(TILE)[0] for _ in range(8)]
        assert server.given
    assert [status.split()[1] for status in statuses] == ["200"] * 6 + ["429"] * 2


@one_engine
def test_strangers_are_given_nothing_that_only_others_may_see(filled_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(Settings(store=filled_url, sign_in="on", anonymous_layers="notes"), monkeypatch) as server:
        assert {server.ask(TILE)[0].split()[1] for _ in range(3)} == {"404"}
        # Whose requests those of a proxy are, is not decided here.
        for _ in range(3):
            assert server.ask("/collections/notes/items/n1", "X-Forwarded-For: 192.0.2.7")[0] == "HTTP/1.1 200 OK"
        assert not server.given
        server.twice("/collections/notes/items/n1")


@pytest.mark.parametrize("store_url", ["postgis"], indirect=True)
def test_a_lost_connection_only_makes_answers_slower(
    server: Running, postgis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.short._AGAIN_S", 0.05)
    wanted = server.twice(TILE)
    pulse = server.app.state.short._asking._pulse
    with psycopg.connect(postgis_url, autocommit=True) as link:
        link.execute("SELECT pg_terminate_backend(%s)", [pulse._driver.info.backend_pid])
    assert [server.ask(TILE) for _ in range(3)] == [wanted] * 3
    # It comes back by itself.
    assert server.twice(TILE) == wanted
    assert server.app.state.short._asking._pulse is not pulse


def test_only_so_many_bytes_are_kept() -> None:
    short = Short(Metrics(), room=10_000)
    for number in range(100):
        short.put((number,), Answer(1, 200, b"", b"", b"x" * 500, -1, "", "", ""))
    assert [(number,) in short for number in (0, 94, 95, 99)] == [False, False, True, True]
    for number in range(3):
        # One that is put again counts once.
        short.put((99,), Answer(number, 200, b"", b"", b"y" * 500, -1, "", "", ""))
    assert (95,) in short
