from __future__ import annotations

import json
import logging

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.middleware import JsonLines, content_security_policy
from api.settings import Settings


def test_every_answer_has_safe_headers(client: TestClient) -> None:
    for path in ("/collections", "/nothing", "/api"):
        headers = client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'self'"
        assert len(headers["x-request-id"]) == 16


def test_a_page_runs_only_scripts_that_carry_the_nonce_of_the_answer(client: TestClient) -> None:
    answers = [client.get("/api.html") for _ in range(2)]
    policies = [answer.headers["content-security-policy"] for answer in answers]
    assert policies[0] != policies[1]
    for answer, policy in zip(answers, policies, strict=True):
        nonce = policy.partition("'nonce-")[2].partition("'")[0]
        assert f'<script nonce="{nonce}">' in answer.text
        assert "unsafe-eval" not in policy
        assert "script-src 'self' 'nonce-" in policy


@pytest.mark.parametrize(
    ("basemap", "images"),
    [
        ("", "img-src 'self' data:;"),
        ("https://tiles.vn/{z}/{x}/{y}.png", "img-src 'self' data: https://tiles.vn;"),
        ("http://{s}.tiles.vn:8080/{z}/{x}/{y}", "img-src 'self' data: http://*.tiles.vn:8080;"),
    ],
)
def test_only_the_configured_base_map_may_be_loaded_from_elsewhere(basemap: str, images: str) -> None:
    assert images in content_security_policy("n", basemap_url=basemap)


@pytest.mark.parametrize(("given", "kept"), [("abc-DEF_1.2", True), ("short", False), ("with space 12", False)])
def test_a_request_id_is_kept_when_it_looks_like_one(client: TestClient, given: str, kept: object) -> None:
    answered = client.get("/conformance", headers={"x-request-id": given}).headers["x-request-id"]
    assert (answered == given) is kept


def test_a_request_is_logged_with_its_id_and_outcome(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, logger="parkplan"):
        client.get("/collections/nothing?lang=vi", headers={"x-request-id": "request-12345"})
    line = json.loads(JsonLines().format(caplog.records[-1]))
    assert line.pop("duration_ms") >= 0
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "info",
        "logger": "parkplan",
        "event": "request",
        "request_id": "request-12345",
        "method": "GET",
        "path": "/collections/nothing",
        "query": "lang=vi",
        "status": 404,
    }


def test_a_log_line_cannot_be_forged_and_tells_the_trace() -> None:
    error = ValueError("a\nb")
    record = logging.LogRecord("x", logging.ERROR, "", 0, "bad\n%s", ("đ",), (ValueError, error, None))
    text = JsonLines().format(record)
    assert "\n" not in text
    assert json.loads(text)["event"] == "bad\nđ"
    assert json.loads(text)["trace"] == "ValueError: a\nb"


def test_long_answers_are_compressed_for_those_who_take_it(client: TestClient) -> None:
    packed = client.get("/api", headers={"accept-encoding": "gzip"})
    plain = client.get("/api", headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 2
    assert packed.json() == plain.json()
    assert "content-encoding" not in client.get("/health", headers={"accept-encoding": "gzip"}).headers


def test_links_are_built_on_the_public_address(filled_url: str) -> None:
    settings = Settings(store=filled_url, public_url="https://parks.example/plan/")
    with TestClient(create_app(settings)) as client:
        page = client.get("/collections/stations/items?limit=1").json()
        assert client.get("/api").json()["servers"] == [{"url": "https://parks.example/plan/"}]
    hrefs = {entry["rel"]: entry["href"] for entry in page["links"]}
    assert hrefs["collection"] == "https://parks.example/plan/collections/stations"
    assert hrefs["next"].startswith("https://parks.example/plan/collections/stations/items?limit=1&cursor=")
