"""Signing in and out, forms of our own, sessions, tokens, administrators' pages, limits, and OpenID Connect."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import pytest
from joserfc import jwt
from joserfc.jwk import KeySet, RSAKey
from starlette.testclient import TestClient

from api.app import create_app
from api.errors import BadCredentialsError, FormExpiredError, NotSignedInError, ProviderError, TooManyRequestsError
from api.settings import Settings
from layers.people import Grant, open_people

PASSWORD = "mật khẩu rất dài"  # noqa: S105 - of a test
HTML = {"Accept": "text/html"}


def app_client(url: str, **settings: Any) -> TestClient:
    return TestClient(
        create_app(Settings(store=url, language="en", **settings)), base_url="http://127.0.0.1", follow_redirects=False
    )


@pytest.fixture
def peopled_url(filled_url: str) -> str:
    """Give a store with an administrator and a viewer."""
    with open_people(filled_url) as people:
        people.accounts.add("lan", "Lan", password=PASSWORD)
        people.accounts.grant(Grant("administrator"), person="lan")
        people.accounts.add("minh", "Minh", password=PASSWORD)
        people.accounts.grant(Grant("viewer"), person="minh")
    return filled_url


@pytest.fixture
def signing(peopled_url: str) -> Iterator[TestClient]:
    with app_client(peopled_url) as client:
        yield client


def token_of(page: str) -> str:
    found = re.search(r'name="form_token" value="([0-9a-f]{64})"', page)
    assert found is not None
    return found[1]


def enter(client: TestClient, name: str = "lan", password: str = PASSWORD, **fields: str) -> Any:
    token = token_of(client.get("/sign-in").text)
    form = {"form_token": token, "name": name, "password": password, **fields}
    return client.post("/sign-in", data=form, headers={"Origin": "http://127.0.0.1"})


def send(client: TestClient, path: str, **fields: str) -> Any:
    token = token_of(client.get(path).text)
    return client.post(path, data={"form_token": token, **fields}, headers={"Origin": "http://127.0.0.1"})


def test_somebody_signs_in_and_out(signing: TestClient, peopled_url: str) -> None:
    answer = enter(signing, " LAN ", next="/files?lang=vi")
    assert (answer.status_code, answer.headers["location"]) == (303, "/files?lang=vi")
    cookie = answer.headers["set-cookie"]
    assert "parkplan_session=" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Secure" not in cookie, "there is no HTTPS here"
    first = signing.cookies["parkplan_session"]
    page = signing.get("/account")
    assert page.status_code == 200
    assert "administrator" in page.text
    assert page.headers["cache-control"] == "no-store"
    assert signing.get("/sign-in").headers["location"] == "/account?lang=en"
    token = token_of(page.text)
    gone = signing.post("/sign-out", data={"form_token": token}, headers={"Origin": "http://127.0.0.1"})
    assert gone.status_code == 303
    signing.cookies.set("parkplan_session", first)
    assert signing.get("/account").status_code == 401, "the session is over, not only forgotten by the browser"
    with open_people(peopled_url) as people:
        logged = [(entry.action, entry.target, entry.outcome) for entry in people.audit.entries()]
    assert ("POST", "/sign-in", "done") in logged
    assert ("GET", "/account", "refused") in logged


def test_a_session_is_a_new_one_after_each_sign_in(signing: TestClient) -> None:
    secrets = []
    for _ in range(2):
        assert enter(signing).status_code == 303
        secrets.append(signing.cookies["parkplan_session"])
        token = token_of(signing.get("/account").text)
        signing.post("/sign-out", data={"form_token": token}, headers={"Origin": "http://127.0.0.1"})
    assert secrets[0] != secrets[1]
    signing.cookies.set("parkplan_session", "chosen-by-somebody-else", domain="127.0.0.1")
    answer = enter(signing)
    assert answer.status_code == 303
    assert "chosen-by-somebody-else" not in answer.headers["set-cookie"]


def test_wrong_names_and_passwords_look_alike_and_are_counted(signing: TestClient) -> None:
    answers = [enter(signing, "nobody", "x"), enter(signing, "lan", "x")]
    assert {answer.status_code for answer in answers} == {401}
    told = [re.search(r'role="alert">([^<]+)<', answer.text)[1] for answer in answers]  # type: ignore[index]
    assert told[0] == told[1]
    for _ in range(7):
        enter(signing, "lan", "x")
    last = enter(signing, "lan")
    assert (last.status_code, last.headers["retry-after"]) == (429, "900")
    assert enter(signing, "minh").status_code == 303, "others at the address still get in"
    error = TooManyRequestsError(seen="x", wanted=900, where="/sign-in")
    assert "quá nhiều yêu cầu" in error.message("vi")
    assert "không đúng hoặc đã hết hạn" in BadCredentialsError(wanted="x", where="y").message("vi")


def test_only_our_own_forms_are_taken(signing: TestClient) -> None:
    form = {"name": "lan", "password": PASSWORD}
    none = signing.post("/sign-in", data=form, headers={"Origin": "http://127.0.0.1"})
    assert (none.status_code, none.json()["type"]) == (403, "urn:parkplan:problem:form-expired")
    token = token_of(signing.get("/sign-in").text)
    signing.cookies.clear()
    stolen = signing.post("/sign-in", data={**form, "form_token": token}, headers={"Origin": "http://127.0.0.1"})
    assert stolen.status_code == 403, "a form of another browser"
    foreign = signing.post("/sign-in", data=form, headers={"Origin": "http://elsewhere.example"})
    assert (foreign.status_code, foreign.json()["type"]) == (403, "urn:parkplan:problem:foreign-page")
    assert "biểu mẫu đã hết hạn" in FormExpiredError(where="/sign-in").message("vi")


def test_a_session_changes_nothing_for_a_page_of_somebody_else(signing: TestClient) -> None:
    assert enter(signing).status_code == 303
    feature: dict[str, Any] = {"type": "Feature", "geometry": None, "properties": {}}
    headers = {"Content-Type": "application/geo+json", "Origin": "http://elsewhere.example"}
    answer = signing.post("/collections/stations/items", json=feature, headers=headers)
    assert (answer.status_code, answer.json()["type"]) == (403, "urn:parkplan:problem:foreign-page")
    silent = signing.post("/collections/stations/items", json=feature, headers={"Content-Type": "application/geo+json"})
    assert silent.status_code == 403, "a browser says which page sends"
    own = signing.post("/collections/stations/items", json=feature, headers={**headers, "Origin": "http://127.0.0.1"})
    assert own.status_code == 201


def test_a_person_makes_uses_and_revokes_a_token(signing: TestClient) -> None:
    enter(signing, "minh")
    made = send(signing, "/account", action="token", title="QGIS", days="30", scope_read="1", scope_edit="1")
    text = re.search(r"<code>(parkplan_[^<]+)</code>", made.text)
    assert text is not None
    assert text[1] not in signing.get("/account").text, "it is shown once"
    bearer = {"Authorization": f"Bearer {text[1]}"}
    signing.cookies.clear()
    assert signing.get("/collections", headers=bearer).status_code == 200
    body = {"type": "Feature", "geometry": None}
    refused = signing.post(
        "/collections/stations/items", json=body, headers=bearer | {"Content-Type": "application/geo+json"}
    )
    assert refused.status_code == 403, "a scope gives nothing that its person has not"
    enter(signing, "minh")
    assert send(signing, "/account", action="revoke", token=text[1].split("_")[1]).status_code == 200
    signing.cookies.clear()
    assert signing.get("/collections", headers=bearer).status_code == 401
    enter(signing, "minh")
    assert send(signing, "/account", action="token", title="", days="30", scope_read="1").status_code == 400
    assert send(signing, "/account", action="token", title="x", days="many", scope_read="1").status_code == 400
    assert send(signing, "/account", action="dance").status_code == 400


def test_a_person_changes_the_password(signing: TestClient) -> None:
    enter(signing, "minh")
    assert send(signing, "/account", action="password", password="x", new_password="y" * 12).status_code == 401  # noqa: S106
    assert send(signing, "/account", action="password", password=PASSWORD, new_password="short").status_code == 400  # noqa: S106
    done = send(signing, "/account", action="password", password=PASSWORD, new_password="mật khẩu khác hẳn")  # noqa: S106
    assert done.status_code == 303
    assert signing.get("/account").status_code == 200, "the browser that did it stays signed in"
    signing.cookies.clear()
    assert enter(signing, "minh").status_code == 401
    assert enter(signing, "minh", "mật khẩu khác hẳn").status_code == 303


def test_an_administrator_adds_people_and_gives_roles(signing: TestClient, peopled_url: str) -> None:
    enter(signing)
    added = send(signing, "/people", action="add", person="hoa", name="Hoa <b>", password=PASSWORD)
    assert added.status_code == 200
    assert "Hoa &lt;b&gt;" in added.text
    assert send(signing, "/people", action="add", person="hoa", name="Hoa", password=PASSWORD).status_code == 409
    send(signing, "/people", action="give", person="hoa", role="planner", layers="stations, notes")
    send(signing, "/people", action="stop", person="minh")
    assert send(signing, "/people", action="give", person="hoa", role="king").status_code == 400
    with open_people(peopled_url) as people:
        assert people.accounts.get("hoa").grants == (Grant("planner", frozenset({"stations", "notes"})),)
        assert not people.accounts.get("minh").active
    send(signing, "/people", action="take", person="hoa", role="planner")
    send(signing, "/people", action="let_in", person="minh")
    log = signing.get("/audit").text
    assert "give hoa planner stations, notes" in log
    assert PASSWORD not in log
    with open_people(peopled_url) as people:
        assert people.accounts.get("hoa").grants == ()
        assert people.accounts.get("minh").active
    assert signing.get("/audit?outcome=refused&person=lan&before=1").status_code == 200


def test_the_pages_of_administrators_are_theirs(signing: TestClient) -> None:
    for path in ("/people", "/audit"):
        lead = signing.get(path, headers=HTML)
        assert (lead.status_code, urlsplit(lead.headers["location"]).path) == (303, "/sign-in")
        assert parse_qs(urlsplit(lead.headers["location"]).query)["next"] == [path]
    enter(signing, "minh")
    assert {signing.get(path).status_code for path in ("/people", "/audit")} == {403}
    assert "cần đăng nhập" in NotSignedInError(where="/people").message("vi")


def test_strangers_read_what_they_are_let(peopled_url: str) -> None:
    with app_client(peopled_url, anonymous_layers="notes") as client:
        assert client.get("/collections").json()["collections"][0]["id"] == "notes"
        assert client.get("/collections/stations").status_code == 404
    with app_client(peopled_url, anonymous_layers="none") as client:
        assert client.get("/collections").status_code == 401
        assert client.get("/collections", headers=HTML).status_code == 303
        assert client.get("/health").status_code == 200
        assert client.get("/sign-in").status_code == 200


def test_who_calls_too_often_is_told_when_to_come_again(peopled_url: str) -> None:
    with app_client(peopled_url, requests_per_minute=5) as client:
        answers = [client.get("/conformance") for _ in range(7)]
    assert [answer.status_code for answer in answers].count(200) <= 5
    last = answers[-1]
    assert (last.status_code, last.json()["type"]) == (429, "urn:parkplan:problem:too-many-requests")
    assert 1 <= int(last.headers["retry-after"]) <= 12


def test_a_server_of_one_person_knows_no_sign_in(client: TestClient) -> None:
    answer = client.get("/sign-in")
    assert answer.status_code == 404
    assert "parkplan people add" in answer.json()["detail"]
    assert client.get("/account").status_code == 404


# OpenID Connect -----------------------------------------------------------------------------------------------------


class Provider:
    """A provider of OpenID Connect: real HTTP, real signatures, and PKCE that is checked."""

    def __init__(self) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "k1"})
        self.asked: dict[str, str] = {}
        self.claims: dict[str, Any] = {}
        self.signed_by = self.key
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: Any) -> None:
                return

            def do_GET(self) -> None:
                if self.path.endswith("openid-configuration"):
                    base = provider.issuer
                    self.reply(
                        {
                            "issuer": base,
                            "authorization_endpoint": f"{base}/go",
                            "token_endpoint": f"{base}/token",
                            "jwks_uri": f"{base}/keys",
                        }
                    )
                else:
                    self.reply(KeySet([provider.key]).as_dict(private=False))

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"])).decode()
                form = {name: values[0] for name, values in parse_qs(body).items()}
                digest = hashlib.sha256(form["code_verifier"].encode()).digest()
                fits = base64.urlsafe_b64encode(digest).rstrip(b"=").decode() == provider.asked["code_challenge"]
                known = self.headers["authorization"] == "Basic " + base64.b64encode(b"parkplan:s3").decode()
                if not (fits and known and form["code"] == "c0de"):
                    self.reply({"error": "invalid_grant"}, 400)
                    return
                claims = {
                    "iss": provider.issuer, "aud": "parkplan", "sub": "u1", "exp": int(time.time()) + 60,
                    "nonce": provider.asked["nonce"], **provider.claims,
                }  # fmt: skip
                token = jwt.encode({"alg": "RS256", "kid": "k1"}, claims, provider.signed_by)
                self.reply({"id_token": token, "access_token": "a", "token_type": "Bearer"})

            def reply(self, document: Any, status: int = 200) -> None:
                self.send_response(status)
                self.end_headers()
                self.wfile.write(json.dumps(document).encode())

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.issuer = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def provider() -> Iterator[Provider]:
    made = Provider()
    yield made
    made.close()


def come_back(client: TestClient, provider: Provider, **changed: str) -> Any:
    gone = client.get("/sign-in/oidc", params={"next": "/files"})
    assert gone.status_code == 303
    provider.asked = {name: values[0] for name, values in parse_qs(urlsplit(gone.headers["location"]).query).items()}
    assert provider.asked["code_challenge_method"] == "S256"
    return client.get(f"/sign-in/oidc/back?{urlencode({'code': 'c0de', 'state': provider.asked['state'], **changed})}")


def test_somebody_signs_in_by_another_service(peopled_url: str, provider: Provider) -> None:
    settings = {"oidc_issuer": provider.issuer, "oidc_client_id": "parkplan", "oidc_client_secret": "s3"}
    with open_people(peopled_url) as people:
        people.accounts.add("oidc", "Qua dịch vụ", subject=f"{provider.issuer}|u1")
    with app_client(peopled_url, oidc_title="Cổng thành phố", **settings) as client:
        assert "Cổng thành phố" in client.get("/sign-in").text
        answer = come_back(client, provider)
        assert answer.status_code == 303, answer.text
        assert answer.headers["location"].endswith("/files")
        assert "Qua dịch vụ" in client.get("/account").text


@pytest.mark.parametrize("wrong", ["state", "code", "nonce", "audience", "issuer", "expired", "key", "unknown"])
def test_what_the_other_service_says_is_not_just_believed(peopled_url: str, provider: Provider, wrong: str) -> None:
    settings = {"oidc_issuer": provider.issuer, "oidc_client_id": "parkplan", "oidc_client_secret": "s3"}
    if wrong != "unknown":
        with open_people(peopled_url) as people:
            people.accounts.add("oidc", "Qua dịch vụ", subject=f"{provider.issuer}|u1")
    claims: dict[str, dict[str, Any]] = {
        "nonce": {"nonce": "other"},
        "audience": {"aud": "another-server"},
        "issuer": {"iss": "http://elsewhere.example"},
        "expired": {"exp": int(time.time()) - 3600},
    }
    provider.claims = claims.get(wrong, {})
    if wrong == "key":
        provider.signed_by = RSAKey.generate_key(2048, {"kid": "k1"})
    changed = {"state": {"state": "x"}, "code": {"code": "stolen"}}.get(wrong, {})
    with app_client(peopled_url, **settings) as client:
        answer = come_back(client, provider, **changed)
        assert (answer.status_code, answer.json()["type"]) == (403, "urn:parkplan:problem:provider-failed"), answer.text
        assert "parkplan_session" not in client.cookies
        if wrong == "unknown":
            assert f"--subject '{provider.issuer}|u1'" in answer.json()["detail"]
    assert "không thành" in ProviderError(seen="x", wanted="y", where="z").message("vi")


def test_without_a_provider_there_is_no_way_to_one(signing: TestClient) -> None:
    assert signing.get("/sign-in/oidc").status_code == 404
