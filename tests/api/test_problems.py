from __future__ import annotations

import inspect
import logging
from types import ModuleType
from typing import Any

import pytest
from starlette.testclient import TestClient

import api.errors
import gis.errors
import layers.errors
from api.app import create_app
from api.problems import KINDS, NO_SUCH_PROCESS, URN, kind_of, problem
from api.settings import Settings
from layers.errors import InvalidFeaturesError, ParkplanError, StoreUnreachableError, UnknownLayerError
from layers.types import Language, Text

ITEMS = "/collections/stations/items"
NO_LAYER = "There is no layer 'park'."
EXECUTION = "/processes/planning-review/execution"


def errors_of(module: ModuleType) -> list[type[ParkplanError]]:
    found = vars(module).values()
    return [entry for entry in found if inspect.isclass(entry) and issubclass(entry, ParkplanError)]


@pytest.mark.parametrize("module", [layers.errors, gis.errors, api.errors], ids=lambda module: module.__name__)
def test_every_error_has_a_kind(module: ModuleType) -> None:
    for error in errors_of(module):
        if error is not ParkplanError:
            assert any(parent in KINDS for parent in error.__mro__[:-3]), error


def test_kinds_are_stable_names_with_titles_in_both_languages() -> None:
    types = [kind.type for kind in KINDS.values()]
    assert len(set(types)) == len(types)
    for kind in KINDS.values():
        assert kind.type.startswith((URN, NO_SUCH_PROCESS.rpartition("/")[0]))
        assert kind.title.vi != kind.title.en
        assert 400 <= kind.status < 600


def test_a_problem_says_everything_in_the_readers_language() -> None:
    error = UnknownLayerError(seen="park", wanted=Text(vi="các khu", en="parks"), where="store")
    assert problem(error, language="vi", instance="/collections/park?f=json") == {
        "type": "urn:parkplan:problem:unknown-layer",
        "title": "Không có lớp này",
        "status": 404,
        "detail": "Không có lớp 'park'. Các lớp hiện có: các khu.",
        "instance": "/collections/park?f=json",
        "seen": "park",
        "wanted": "các khu",
        "where": "store",
    }


def test_invalid_features_name_every_issue() -> None:
    class Issue:
        def message(self, language: Language) -> str:
            return {"vi": "Sai", "en": "Wrong"}[language]

    told = problem(InvalidFeaturesError("parks", [Issue(), Issue()]), language="vi", instance="/")
    assert (told["status"], told["seen"], told["issues"]) == (422, 2, ["Sai", "Sai"])


def test_an_error_of_no_known_kind_is_a_fault() -> None:
    assert kind_of(ParkplanError()).status == 500


@pytest.mark.parametrize(
    ("method", "path", "status", "name", "detail"),
    [
        ("GET", "/nothing", 404, "unknown-path", "There is nothing at /nothing. Wanted an address that /api names."),
        ("DELETE", "/collections", 405, "method-not-allowed", "/collections does not take the method DELETE; wanted"),
        ("GET", EXECUTION, 405, "method-not-allowed", f"{EXECUTION} does not take the method GET; wanted POST."),
        ("GET", "/collections/park", 404, "unknown-layer", f"{NO_LAYER} The layers are: notes, stations."),
        ("GET", "/collections/park/items", 404, "unknown-layer", NO_LAYER),
        ("GET", "/collections/park/schema", 404, "unknown-layer", NO_LAYER),
        ("GET", f"{ITEMS}/nobody", 404, "unknown-feature", "The layer stations has no feature 'nobody'."),
        ("GET", f"{ITEMS}/a%00b", 404, "unknown-feature", r"The layer stations has no feature 'a\x00b'."),
        ("GET", f"{ITEMS}/", 404, "unknown-feature", "The layer stations has no feature ''."),
        ("GET", f"{ITEMS}?x=1", 400, "unknown-parameter", f"{ITEMS} has no parameter 'x'. Its parameters are: bbox,"),
        ("GET", f"{ITEMS}?geometry=1", 400, "unknown-parameter", f"{ITEMS} has no parameter 'geometry'."),
        ("GET", "/collections?limit=1", 400, "unknown-parameter", "/collections has no parameter 'limit'. Its"),
        ("GET", "/?x=1", 400, "unknown-parameter", "/ has no parameter 'x'. Its parameters are: "),
        ("GET", "/api.html?x=1", 400, "unknown-parameter", "/api.html has no parameter 'x'. Its parameters are: none."),
        ("GET", f"{ITEMS}?bbox=1,2,3", 400, "bad-parameter", "Parameter bbox: saw '1,2,3', wanted 4 or 6 numbers"),
        ("GET", f"{ITEMS}?bbox=", 400, "bad-parameter", "Parameter bbox: saw '', wanted 4 or 6 numbers"),
        ("GET", f"{ITEMS}?bbox=10,20,5,10", 400, "bad-parameter", "Parameter bbox: saw '10,20,5,10'"),
        ("GET", f"{ITEMS}?datetime=2030", 400, "bad-parameter", "Parameter datetime: saw '2030', wanted a date"),
        ("GET", f"{ITEMS}?datetime=2031-01-01/2030-01-01", 400, "bad-parameter", "Parameter datetime: saw"),
        ("GET", f"{ITEMS}?limit=0", 400, "bad-parameter", "Parameter limit: saw '0', wanted a whole number from 1"),
        ("GET", f"{ITEMS}?limit=1&limit=2", 400, "bad-parameter", "Parameter limit: saw '2', wanted each parameter"),
        ("GET", f"{ITEMS}?cursor=x", 400, "bad-parameter", "Parameter cursor: saw 'x', wanted the cursor"),
        ("GET", f"{ITEMS}?floors=many", 400, "bad-parameter", "Parameter floors: saw 'many', wanted a whole number."),
        ("GET", f"{ITEMS}?kind=tram", 400, "bad-parameter", "Parameter kind: saw 'tram', wanted bus, rail."),
        ("GET", f"{ITEMS}?name=a%00b", 400, "bad-parameter", "Parameter name: saw"),
        (
            "GET",
            f"{ITEMS}?bbox=-1,-1e286,2,3&bbox-crs=http://www.opengis.net/def/crs/EPSG/0/5897",
            400,
            "bad-parameter",
            "Parameter bbox: saw '",
        ),
        ("GET", f"{ITEMS}?f=gml", 400, "bad-parameter", "Parameter f: saw 'gml', wanted json, jsonfg, html, csv,"),
        ("GET", "/?f=gml", 400, "bad-parameter", "Parameter f: saw 'gml', wanted json, html."),
        ("GET", "/conformance?lang=fr", 400, "bad-parameter", "Parameter lang: saw 'fr', wanted vi, en."),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_request_is_told(
    client: TestClient, method: str, path: str, *, status: int, name: str, detail: str
) -> None:
    answer = client.request(method, path)
    told = answer.json()
    assert answer.status_code == told["status"] == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["content-language"] == "en"
    assert told["type"] == URN + name
    assert told["detail"].startswith(detail)
    assert told["instance"] == path


def test_a_problem_is_told_in_the_language_asked_for(client: TestClient) -> None:
    told = client.get("/collections/park?lang=vi").json()
    assert told["detail"].startswith("Không có lớp 'park'. Các lớp hiện có: ")
    assert client.get("/nothing", headers={"accept-language": "vi"}).json()["title"] == "Không có địa chỉ này"


def test_a_wrong_method_is_told_which_is_right(client: TestClient) -> None:
    assert client.delete("/collections").headers["allow"] == "GET"


@pytest.mark.parametrize(
    ("error", "status", "name"),
    [
        (StoreUnreachableError(seen="no answer", wanted="a server", where="db"), 503, "store-unreachable"),
        (RuntimeError("secret"), 500, "internal-error"),
    ],
)
def test_a_store_that_fails_is_told_without_leaking_and_logged_with_the_request_id(
    client: TestClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    *,
    error: Exception,
    status: int,
    name: str,
) -> None:
    def fail(*_: Any, **__: Any) -> Any:
        raise error

    monkeypatch.setattr("layers.store.Store.latest", fail)
    with caplog.at_level(logging.ERROR, logger="parkplan"):
        answer = client.get("/health", headers={"x-request-id": "request-12345"})
    assert answer.status_code == status
    assert answer.json()["type"] == URN + name
    assert "secret" not in answer.text
    assert answer.headers["x-request-id"] == "request-12345"
    assert [(vars(record)["request_id"], record.exc_info is not None) for record in caplog.records] == [
        ("request-12345", True)
    ]
    if status == 500:
        assert "request-12345" in answer.json()["detail"]


def test_a_server_without_its_store_does_not_start(store_url: str) -> None:
    wrong = "/dev/null/no.gpkg" if not store_url.startswith("postgresql") else "postgresql://nobody@127.0.0.1:1/none"
    with pytest.raises(StoreUnreachableError), TestClient(create_app(Settings(store=wrong))):
        pass


def test_a_form_of_too_many_fields_is_told(client: TestClient) -> None:
    fields = [(f"field-{number}", (None, "x")) for number in range(40)]
    answer = client.post("/proposals", files=fields)
    assert (answer.status_code, answer.json()["type"]) == (400, "urn:parkplan:problem:bad-body")
    assert "at most 32 fields and one file" in answer.json()["detail"]
