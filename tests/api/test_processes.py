from __future__ import annotations

import json
from typing import Annotated, Any

import pytest
from pydantic import Field
from starlette.testclient import TestClient

from api.analyses import PROCESSES, Process, read_inputs
from api.errors import InvalidInputError
from gis.review import review_plan, zone_change
from layers.store import Store
from layers.types import Text
from tests.api.conftest import store_of
from tests.support.files import ended

PROCESS = "/processes/planning-review"
SENT = f"The body sent to {PROCESS}/execution"


def run(client: TestClient, body: Any, **options: Any) -> Any:
    return client.post(f"{PROCESS}/execution", json=body, **options)


def test_the_process_is_described_from_its_signature(reader: TestClient) -> None:
    described = reader.get(f"{PROCESS}?lang=vi").json()
    assert described["title"] == "Rà soát quy hoạch"
    assert described["jobControlOptions"] == ["sync-execute", "async-execute", "dismiss"]
    assert described["inputs"]["horizon"] == {
        "title": "Mốc quy hoạch: năm, tính đến ngày 31 tháng 12",
        "minOccurs": 1,
        "maxOccurs": 1,
        "schema": {"type": "integer", "minimum": 1900, "maximum": 2200, "examples": [2025, 2030, 2045, 2050, 2065]},
    }
    assert described["inputs"]["language"]["minOccurs"] == 0
    assert described["inputs"]["language"]["schema"] == {"type": "string", "enum": ["vi", "en"], "default": "vi"}
    assert list(described["outputs"]) == ["review"]
    links = {entry["rel"].rpartition("/")[2]: entry["href"] for entry in described["links"]}
    assert links == {
        "self": f"http://testserver{PROCESS}",
        "alternate": f"http://testserver{PROCESS}?f=html",
        "execute": f"http://testserver{PROCESS}/execution",
    }


def test_every_process_is_listed(reader: TestClient) -> None:
    listed = reader.get("/processes").json()
    assert [entry["id"] for entry in listed["processes"]] == list(PROCESSES)
    assert listed["processes"][0]["title"] == "Planning review"
    assert "inputs" not in listed["processes"][0]


@pytest.mark.parametrize("path", ["/processes/nothing", "/processes/nothing/execution"])
def test_an_unknown_process_has_the_type_that_the_standard_names(reader: TestClient, path: str) -> None:
    answer = reader.get(path) if not path.endswith("execution") else reader.post(path, json={"inputs": {}})
    assert answer.status_code == 404
    assert answer.json()["type"] == "http://www.opengis.net/def/exceptions/ogcapi-processes-1/1.0/no-such-process"
    assert (
        answer.json()["detail"]
        == "There is no process 'nothing'. The processes are: planning-review, land-change, layer-check."
    )


def test_the_result_is_the_review_of_the_library(hanoi_reader: TestClient) -> None:
    answer = run(hanoi_reader, {"inputs": {"horizon": 2030}})
    expected = review_plan(store_of(hanoi_reader).read, horizon=2030).document("en")
    assert answer.status_code == 200
    assert answer.json() == expected
    assert len(answer.json()["parks"]) == 29
    assert sum(answer.json()["summary"].values()) == len(answer.json()["findings"]["features"]) > 0


def test_horizon_and_language_change_the_result(hanoi_reader: TestClient) -> None:
    in_2025 = run(hanoi_reader, {"inputs": {"horizon": 2025, "language": "vi"}})
    in_2065 = run(hanoi_reader, {"inputs": {"horizon": 2065}}, headers={"accept-language": "vi"})
    assert (in_2025.json()["horizon"], in_2065.json()["horizon"]) == (2025, 2065)
    assert in_2025.json()["outcomes"] == in_2065.json()["outcomes"]
    assert in_2025.json()["outcomes"]["fail"] == "không đạt"
    assert in_2025.headers["content-language"] == in_2065.headers["content-language"] == "vi"
    assert in_2025.json()["parks"] != in_2065.json()["parks"]


def test_a_document_holds_the_output_by_its_name(hanoi_reader: TestClient) -> None:
    raw = run(hanoi_reader, {"inputs": {"horizon": 2030}, "outputs": {"review": {}}}).json()
    assert run(hanoi_reader, {"inputs": {"horizon": 2030}, "response": "document"}).json() == {"review": raw}


@pytest.mark.parametrize(
    ("body", "status", "detail"),
    [
        ({}, 422, "Input inputs.horizon: saw nothing, wanted a whole number from 1900 to 2200."),
        ({"inputs": {"horizon": "2030"}}, 422, "Input inputs.horizon: saw '2030', wanted a whole number"),
        ({"inputs": {"horizon": 2030.5}}, 422, "Input inputs.horizon: saw 2030.5, wanted a whole number"),
        ({"inputs": {"horizon": True}}, 422, "Input inputs.horizon: saw True, wanted a whole number"),
        ({"inputs": {"horizon": 1899}}, 422, "Input inputs.horizon: saw 1899, wanted a whole number"),
        ({"inputs": {"horizon": 2030, "language": "fr"}}, 422, "Input inputs.language: saw 'fr', wanted vi, en."),
        ({"inputs": {"horizon": 2030, "year": 1}}, 422, "Input inputs: saw year, wanted horizon, proposal, as_of,"),
        ({"inputs": [2030]}, 422, "Input inputs: saw list, wanted a JSON object."),
        ({"inputs": {"horizon": 2030}, "response": "xml"}, 422, "Input response: saw 'xml', wanted raw, document."),
        ({"inputs": {"horizon": 2030}, "outputs": {"map": {}}}, 422, "Input outputs: saw map, wanted review."),
        ([], 400, f"{SENT} cannot be read: list. Wanted a JSON object such as"),
    ],
)  # fmt: skip
def test_a_wrong_input_is_told(reader: TestClient, body: Any, status: int, detail: str) -> None:
    answer = run(reader, body)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"].startswith(detail)


@pytest.mark.parametrize(
    ("content", "type_", "status", "detail"),
    [
        (b"{", "application/json", 400, f"{SENT} cannot be read: "),
        (b"", "application/json", 400, f"{SENT} cannot be read: "),
        (b"\xff", "application/json", 400, f"{SENT} cannot be read: "),
        (b"{}", "text/plain", 415, f"{SENT} is of type 'text/plain', wanted application/json."),
        (b" " * 1_000_001, "application/json; charset=utf-8", 413, f"{SENT} is longer than 1000000 bytes."),
    ],
    ids=["broken", "empty", "no text", "another type", "too long"],
)  # fmt: skip
def test_a_body_that_cannot_be_read_is_told(
    reader: TestClient, content: bytes, type_: str, status: int, detail: str
) -> None:
    answer = reader.post(f"{PROCESS}/execution", content=content, headers={"content-type": type_})
    assert answer.status_code == status
    assert answer.json()["detail"].startswith(detail)


def test_a_caller_that_hangs_up_is_no_fault_of_ours(client: TestClient, caplog: pytest.LogCaptureFixture) -> None:
    sent: list[Any] = []
    heard = iter([{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}])

    async def receive() -> Any:
        return next(heard)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http", "method": "POST", "path": f"{PROCESS}/execution", "raw_path": b"", "query_string": b"lang=en",
        "headers": [(b"content-type", b"application/json")], "scheme": "http", "server": ("testserver", 80),
        "root_path": "", "http_version": "1.1", "asgi": {"version": "3.0"},
    }  # fmt: skip
    assert client.portal is not None
    client.portal.call(client.app, scope, receive, send)
    assert sent[0]["status"] == 400
    assert json.loads(sent[1]["body"])["detail"] == f"{SENT} cannot be read: cut short. Wanted JSON."
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_caller_may_not_wait(taker: TestClient) -> None:
    """The job runs in a worker of its own and ends with the same output."""
    body = {"inputs": {"layer": "stations", "language": "vi"}, "response": "document"}
    path = "/processes/layer-check/execution"
    waited_for = taker.post(path, json=body)
    answer = taker.post(path, json=body, headers={"prefer": "handling=strict, respond-async; wait=1"})
    assert (answer.status_code, answer.headers["preference-applied"]) == (201, "respond-async")
    assert answer.headers["location"].endswith(f"/jobs/{answer.json()['jobID']}")
    job = ended(taker, answer)
    assert (job["status"], job["processID"], job["progress"]) == ("successful", "layer-check", 100)
    assert not {"file", "layer", "receipt"} & job.keys()
    result = next(entry["href"] for entry in job["links"] if entry["rel"].endswith("/results"))
    results = taker.get(result)
    assert results.headers["content-language"] == "vi"
    assert results.json() == waited_for.json()
    assert taker.get(f"/imports/{job['jobID']}/receipt").status_code == 404, "it is no import"
    assert taker.get(f"/files/{job['jobID']}").status_code == 404


def test_a_job_tells_what_its_process_found_wrong(taker: TestClient) -> None:
    body = {"inputs": {"layer": "nothing"}}
    job = ended(taker, taker.post("/processes/layer-check/execution", json=body, headers={"prefer": "respond-async"}))
    assert job["status"] == "failed"
    assert "nothing" in job["message"]
    assert taker.get(f"/jobs/{job['jobID']}/results").status_code == 404
    wrong = taker.post("/processes/layer-check/execution", json={"inputs": {}}, headers={"prefer": "respond-async"})
    assert wrong.status_code == 422, "what the description rules out makes no job"


def test_the_check_of_a_layer_tells_rule_and_place(taker: TestClient) -> None:
    checked = taker.post("/processes/layer-check/execution", json={"inputs": {"layer": "stations"}}).json()
    assert checked["type"] == "FeatureCollection"
    assert checked["checked"] == taker.get("/collections/stations/items").json()["numberMatched"]
    assert sum(checked["rules"].values()) == len(checked["features"])


def test_land_between_two_horizons_closes(hanoi_reader: TestClient) -> None:
    answer = hanoi_reader.post("/processes/land-change/execution", json={"inputs": {"before": 2030, "after": 2050}})
    ledger = answer.json()
    expected = zone_change(store_of(hanoi_reader).read, before=2030, after=2050)
    assert len(ledger["rows"]) == len(expected)
    assert [row["area_ha"] for row in ledger["rows"]] == pytest.approx(expected["area_ha"].tolist(), abs=1e-9)
    assert sum(ledger["totals"].values()) + ledger["slivers_ha"] == pytest.approx(expected["area_ha"].sum(), abs=1e-6)


def test_a_layer_that_the_review_needs_is_named_when_it_is_missing(reader: TestClient) -> None:
    answer = run(reader, {"inputs": {"horizon": 2030}})
    assert answer.status_code == 404
    assert answer.json()["detail"].endswith("The layers are: notes, stations.")


def test_any_typed_function_becomes_a_process() -> None:
    def count(store: Store, *, parts: Annotated[int, Field(ge=1, le=3), Text(vi="Số phần", en="Parts")] = 2) -> Any:
        return {"parts": parts}

    nothing = Text(vi="", en="")
    process = Process("count", "1.0.0", nothing, nothing, "count", count)
    assert process.input_schemas() == {"parts": {"type": "integer", "minimum": 1, "maximum": 3, "default": 2}}
    assert process.input_title("parts").en == "Parts"
    assert read_inputs(process, {}) == {}
    assert read_inputs(process, {"parts": 3}) == {"parts": 3}
    with pytest.raises(InvalidInputError, match=r"Input inputs.parts: saw 4, wanted a whole number from 1 to 3."):
        read_inputs(process, {"parts": 4})
