"""Slow, endless and greedy callers over real sockets: they are ended, and others are answered meanwhile."""

from __future__ import annotations

import json
import re
import socket
import threading
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from starlette.testclient import TestClient

from tests.support.server import serve

PATIENCE_S = 2
#: More than anything here takes on a busy machine.
LIMIT_S = 60


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("patient") / "hanoi.log"


@pytest.fixture(scope="module")
def patient(log: Path) -> Iterator[str]:
    settings = {
        "PARKPLAN_CLIENT_TIME_S": str(PATIENCE_S),
        "PARKPLAN_MAX_CONNECTIONS": "40",
        "PARKPLAN_MAX_BODY_BYTES": "20000",
    }
    with serve(log.with_suffix(".gpkg"), settings=settings) as address:
        yield address


@contextmanager
def connected(address: str) -> Iterator[socket.socket]:
    place = urlsplit(address)
    with socket.create_connection((place.hostname, place.port), timeout=LIMIT_S) as client:
        yield client


def answered(address: str, path: str = "/health") -> None:
    with urllib.request.urlopen(address + path, timeout=LIMIT_S) as answer:
        assert answer.status == 200
        answer.read()


def answered_beside(address: str, path: str, *, held: Callable[[], list[socket.socket]]) -> list[socket.socket]:
    """Ask beside callers who hold their connections; give those who are still waited for when the answer is there.

    On a busy machine the patience with them may end first: then others come, and it is asked again.
    """
    deadline = time.monotonic() + LIMIT_S
    while True:
        callers = held()
        answered(address, path)
        if all(is_served(caller) for caller in callers):
            return callers
        assert time.monotonic() < deadline, "nobody is answered before the others are given up"


def is_served(client: socket.socket) -> bool:
    """Tell whether the server still holds the other end of a connection, by the system's own list of them."""
    here, there = client.getsockname()[1], client.getpeername()[1]
    lines = Path("/proc/net/tcp").read_text("ascii").splitlines()[1:]
    ends = [line.split()[1:4] for line in lines]
    established = "01"
    return any(
        state == established and local.endswith(f":{there:04X}") and remote.endswith(f":{here:04X}")
        for local, remote, state in ends
    )


def logged(log: Path) -> list[dict[str, Any]]:
    """The whole lines of the log about requests."""
    whole = log.read_text("utf-8").rpartition("\n")[0]
    lines = [json.loads(line) for line in whole.splitlines() if line[:1] == "{"]
    return [line for line in lines if line["event"] == "request"]


def rest(client: socket.socket) -> bytes:
    """All that comes until the server ends the connection."""
    parts = []
    try:
        while part := client.recv(65_536):
            parts.append(part)
    except ConnectionResetError:
        pass
    return b"".join(parts)


def test_callers_who_never_finish_a_head_are_ended_and_hold_up_nobody(patient: str) -> None:
    with ExitStack() as stack:

        def slow() -> list[socket.socket]:
            made = [stack.enter_context(connected(patient)) for _ in range(20)]
            for number, client in enumerate(made):
                client.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n" if number % 2 else b"G")
            return made

        for client in answered_beside(patient, "/health", held=slow)[:4]:
            assert rest(client).startswith(b"HTTP/1.1 408 ")


def test_a_head_without_end_is_cut_off(patient: str) -> None:
    for begin in (b"GET /" + b"a" * 100, b"GET / HTTP/1.1\r\nHost: x\r\n"):
        with connected(patient) as client:
            client.sendall(begin)
            sent = 0
            try:
                while sent < 50_000_000:
                    client.sendall(b"a" * 10_000 if begin.endswith(b"a") else b"X-A: " + b"b" * 9_000 + b"\r\n")
                    sent += 10_000
            except (BrokenPipeError, ConnectionResetError):
                pass
            assert sent < 50_000_000
    answered(patient)


def test_who_asks_for_much_and_reads_nothing_is_ended(patient: str) -> None:
    asked = 100
    with ExitStack() as stack:

        def greedy() -> list[socket.socket]:
            made = [stack.enter_context(connected(patient)) for _ in range(2)]
            for client in made:
                client.sendall(b"GET /collections/rules/items?limit=1000 HTTP/1.1\r\nHost: x\r\n\r\n" * asked)
            return made

        caller, _ = answered_beside(patient, "/collections/parks/items?limit=5", held=greedy)
        deadline = time.monotonic() + LIMIT_S
        while is_served(caller):
            assert time.monotonic() < deadline, "who reads nothing is served on and on"
            time.sleep(0.05)
        # What lay in the buffers still comes, but not all that was asked for.
        assert 0 < rest(caller).count(b"HTTP/1.1 200 OK") < asked


def test_a_body_that_is_too_long_or_never_comes_holds_up_nobody(patient: str) -> None:
    path = "/processes/planning-review/execution"
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    with connected(patient) as client:
        client.sendall(head.encode() + b"Content-Length: 30000\r\n\r\n" + b" " * 30_000)
        assert client.recv(100).startswith(b"HTTP/1.1 413 ")
    with ExitStack() as stack:

        def stalled() -> list[socket.socket]:
            made = [stack.enter_context(connected(patient)) for _ in range(10)]
            for client in made:
                client.sendall(head.encode() + b"Content-Length: 100\r\n\r\n{")
            return made

        answered_beside(patient, "/health", held=stalled)


def test_more_callers_than_there_is_room_for_are_told_to_come_again(patient: str) -> None:
    with ExitStack() as stack:
        crowd = [stack.enter_context(connected(patient)) for _ in range(60)]
        crowd[-1].sendall(b"GET /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert rest(crowd[-1]).startswith(b"HTTP/1.1 503 ")
    deadline = time.monotonic() + LIMIT_S
    while True:
        try:
            answered(patient, "/live")
            break
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_figures_count_by_pattern_and_status(client: TestClient) -> None:
    client.get("/collections/stations/items?limit=1")
    client.get("/collections/stations/items/hoa-lac")
    client.get("/collections/stations/items?limit=0")
    client.get("/collections/notes")
    client.get("/made-up/by/somebody")
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain; version=")
    counted = dict(re.findall(r"^parkplan_requests_total\{(.*)\} (\S+)$", answer.text, re.MULTILINE))
    items = "/collections/{collectionId}/items"
    assert counted[f'method="GET",route="{items}",status="200"'] == "1.0"
    assert counted[f'method="GET",route="{items}",status="400"'] == "1.0"
    assert counted[f'method="GET",route="{items}/{{featureId}}",status="200"'] == "1.0"
    assert counted['method="GET",route="/collections/{collectionId}",status="200"'] == "1.0"
    assert counted['method="GET",route="other",status="404"'] == "1.0"
    assert "somebody" not in answer.text
    assert f'parkplan_request_seconds_count{{route="{items}"}} 2.0' in answer.text
    assert "parkplan_requests_at_work 1.0" in answer.text


def test_a_server_lives_without_its_store_but_is_not_ready(client: TestClient) -> None:
    assert (client.get("/live").json(), client.get("/health").status_code) == ({"status": "ok"}, 200)


def test_every_request_is_one_line_of_json_with_its_id(patient: str, log: Path) -> None:
    ask = urllib.request.Request(f"{patient}/collections/parks/items?limit=1", headers={"X-Request-ID": "abcdefgh"})
    threads = [threading.Thread(target=answered, args=(patient, "/live")) for _ in range(4)]
    for thread in threads:
        thread.start()
    with urllib.request.urlopen(ask, timeout=LIMIT_S) as answer:
        assert answer.headers["X-Request-ID"] == "abcdefgh"
    for thread in threads:
        thread.join()
    # A line is written when its answer is through, so a caller may look a moment before it stands there.
    deadline = time.monotonic() + LIMIT_S
    while len(lines := logged(log)) < 5 or not any(line.get("request_id") == "abcdefgh" for line in lines):
        assert time.monotonic() < deadline, lines
        time.sleep(0.05)
    (told,) = [line for line in lines if line.get("request_id") == "abcdefgh"]
    assert (told["path"], told["query"], told["status"]) == ("/collections/parks/items", "limit=1", 200)
    assert told["duration_ms"] > 0
    ids = [line["request_id"] for line in lines]
    assert len(ids) == len(set(ids)) >= 5
