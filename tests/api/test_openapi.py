from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from openapi_spec_validator import OpenAPIV30SpecValidator
from playwright.sync_api import Browser
from starlette.testclient import TestClient

from api.openapi import query_names
from api.problems import KINDS

ROOT = Path(__file__).resolve().parents[2]
PATHS = {
    "/collections/catalogue",
    "/collections/catalogue/items",
    "/collections/catalogue/queryables",
    "/collections/catalogue/items/{recordId}",
    "/collections/{coverageId}/coverage",
    "/collections/{coverageId}/coverage/statistics",
    "/collections/{coverageId}/coverage/values",
    "/collections/{coverageId}/coverage/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}",
    "/",
    "/api",
    "/conformance",
    "/collections",
    "/collections/{collectionId}",
    "/collections/{collectionId}/queryables",
    "/collections/{collectionId}/schema",
    "/collections/{collectionId}/sortables",
    "/queryables",
    "/functions",
    "/collections/{collectionId}/items",
    "/collections/{collectionId}/items/{featureId}",
    "/collections/{collectionId}/items/{featureId}/history",
    "/collections/{collectionId}/items/{featureId}/blame",
    "/changesets",
    "/changesets/{changesetId}",
    "/changesets/{changesetId}/diff",
    "/diff",
    "/collections/{collectionId}/tiles",
    "/collections/{collectionId}/tiles/{tileMatrixSetId}",
    "/collections/{collectionId}/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}",
    "/collections/{collectionId}/legend",
    "/styles",
    "/styles/{styleId}",
    "/tileMatrixSets",
    "/tileMatrixSets/{tileMatrixSetId}",
    "/tiles",
    "/tiles/{tileMatrixSetId}",
    "/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}",
    "/processes",
    "/processes/{processId}",
    "/processes/{processId}/execution",
    "/imports",
    "/imports/{jobId}/choices",
    "/imports/{jobId}/receipt",
    "/imports/{jobId}/issues",
    "/jobs",
    "/jobs/{jobId}",
    "/jobs/{jobId}/results",
    "/search",
    "/at",
    "/proposals",
    "/proposals/{proposalId}",
    "/proposals/{proposalId}/changes",
    "/proposals/{proposalId}/transitions",
    "/proposals/{proposalId}/events/{eventNumber}/document",
    "/proposals/{proposalId}/comments",
    "/proposals/{proposalId}/checks",
    "/proposals/{proposalId}/conflicts",
    "/proposals/{proposalId}/rebase",
    "/packages",
    "/packages/{packageNumber}",
    "/packages/{packageNumber}/file",
    "/packages/returned",
    "/packages/returned/{jobId}",
    "/live",
    "/health",
}
#: Of a layer with geometries.
TILESETS = ("}/tiles", "}/tiles/{tileMatrixSetId}")
#: Operations that make something answer 201.
DONE = {"200", "201", "202"}


@pytest.fixture
def document(client: TestClient) -> Any:
    answer = client.get("/api")
    assert answer.headers["content-type"] == "application/vnd.oai.openapi+json;version=3.0"
    return answer.json()


def resolved(document: dict[str, Any], entry: dict[str, Any]) -> dict[str, Any]:
    while "$ref" in entry:
        found: Any = document
        for part in entry["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        entry = found
    return entry


def test_the_document_is_valid_openapi_3_0(document: dict[str, Any]) -> None:
    OpenAPIV30SpecValidator(document).validate()
    assert document["openapi"] == "3.0.3"
    assert set(document["paths"]) == PATHS


def test_every_operation_names_itself_and_its_problems(document: dict[str, Any]) -> None:
    for path, methods in document["paths"].items():
        for operation in methods.values():
            assert operation["summary"]
            assert "Parameters\n---" not in operation["description"]
            wanted = {"400", "500", "503"} | ({"404"} if "{" in path else set())
            assert wanted <= set(operation["responses"])
            # A process may be waited for or not; a feature is written to the plan, or to a draft (202).
            done = {"200", "201"} if path.endswith("/execution") else DONE & set(operation["responses"])
            assert DONE & set(operation["responses"]) == done
            either = path.endswith("/execution") or (path.endswith("{featureId}") and "201" in done)
            least, most = (2, 2) if either else (0, 1) if "204" in operation["responses"] else (1, 1)
            assert least <= len(done - {"202"}) <= most
            for status, answer in operation["responses"].items():
                if status in ("204", "303", "304"):  # without a body: nothing there, the way to a page, nothing new
                    continue
                content = resolved(document, answer)["content"]
                assert ("application/problem+json" in content) == (status not in DONE)
    execution = document["paths"]["/processes/{processId}/execution"]["post"]
    assert {"413", "415", "422"} <= set(execution["responses"])


def test_every_status_of_an_error_over_http_is_documented(document: dict[str, Any]) -> None:
    operations = [operation for methods in document["paths"].values() for operation in methods.values()]
    told = {status for operation in operations for status in operation["responses"]}
    # A wrong method belongs to no operation.
    assert {str(kind.status) for kind in KINDS.values()} - told == {"405"}


def test_the_parameters_of_items_are_what_the_standard_wants(document: dict[str, Any]) -> None:
    items = document["paths"]["/collections/{collectionId}/items"]["get"]
    parameters = {found["name"]: found for entry in items["parameters"] if (found := resolved(document, entry))}
    assert set(parameters) == {
        "collectionId", "bbox", "bbox-crs", "datetime", "as_of", "proposal", "filter", "filter-lang", "filter-crs",
        "sortby", "properties", "crs", "limit", "cursor", "f", "lang", "filters",
    }  # fmt: skip
    assert parameters["collectionId"]["schema"]["enum"] == ["notes", "stations"]
    assert parameters["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 5, "default": 4}
    assert (parameters["bbox"]["style"], parameters["bbox"]["explode"]) == ("form", False)
    assert parameters["bbox"]["schema"]["items"] == {"type": "number"}
    assert parameters["filters"]["explode"] is True


#: What has tests of its own: parts of such paths.
OF_THEIR_OWN = ("/packages/", "{coverageId}", "{proposalId}", "/changesets", "/diff", "/search", "/at")
#: Something that each parameter takes.
SAID = {
    "f": "json", "lang": "vi", "state": "draft", "author": "Bình", "q": "ga",
    "layers": "stations", "lon": "105.8", "lat": "21.0", "within": "10",
    "type": "plan", "ids": "stations", "externalIds": "1569/QĐ-TTg",
    "bbox": "105,20,106,21", "datetime": "2030-12-31", "limit": "1", "cursor": "notes",
    "collections": "stations", "as_of": "1", "proposal": "1", "filter": "floors > 1", "filter-lang": "cql2-text",
    "properties": "name", "crs": "http://www.opengis.net/def/crs/EPSG/0/5897",
}  # fmt: skip


def test_the_names_in_the_document_are_the_names_that_are_taken(client: TestClient, document: dict[str, Any]) -> None:
    names = query_names(document)
    assert client.post("/proposals", json={"title": "A"}).json()["id"] == "1"
    job = imported(client, "stations")
    assert names["/collections"] == ("f", "lang")
    assert set(names["/"] or ()) == {"f", "lang", "proposal", "as_of", "datetime"}
    assert names["/collections/{collectionId}/items"] is None
    for path, known in names.items():
        if known is None or "get" not in document["paths"][path] or any(part in path for part in OF_THEIR_OWN):
            continue
        real = path.format(
            collectionId="stations",
            featureId="hoa-lac",
            processId="planning-review",
            recordId="stations",
            jobId=job,
            tileMatrixSetId="WebMercatorQuad",
            styleId="plan",
            tileMatrix=9,
            tileRow=225,
            tileCol=406,
        )
        for name in known:
            own = {("f", "{tileCol}"): "mvt", ("cursor", "proposals"): "2"}
            value = own.get((name, path.rpartition("/")[2]), SAID[name])
            assert client.get(real, params={name: value}).status_code == 200
        assert client.get(real, params={"unknown": "1"}).status_code == 400


def test_what_is_answered_is_what_is_documented(hanoi: TestClient) -> None:
    document = hanoi.get("/api").json()
    job = imported(hanoi, "parks")
    for layer in ("parks", "rules", "roads"):
        feature = hanoi.get(f"/collections/{layer}/items?limit=1").json()["features"][0]["id"]
        for path, methods in document["paths"].items():
            if "get" not in methods or any(part in path for part in OF_THEIR_OWN):
                continue
            real = path.format(
                collectionId=layer,
                featureId=feature,
                processId="planning-review",
                recordId=layer,
                jobId=job,
                tileMatrixSetId="WebMercatorQuad",
                styleId="plan",
                tileMatrix=9,
                tileRow=225,
                tileCol=406,
            )
            answer = hanoi.get(real)
            if "{tileCol}" in path or (layer == "rules" and path.endswith(TILESETS)):
                # Tiles are no JSON, and there are none of a layer without geometries.
                assert answer.status_code in (204, 200, 400, 422), path
                continue
            assert answer.status_code == 200, path
            content = methods["get"]["responses"]["200"]["content"]
            validate(answer.json(), content[answer.headers["content-type"]]["schema"], document)
    validate(hanoi.get("/nothing").json(), {"$ref": "#/components/schemas/problem"}, document)


def imported(client: TestClient, layer: str) -> str:
    """Import a file with an issue, and give the id of the job."""
    body = b"id,name,name_vi,x,y,area_ha\na,A,A,105.8,21.0,many\n"
    query = {"layer": layer, "name": "a.csv", "crs": "EPSG:4326", "coordinates": "x,y"}
    headers = {"Content-Type": "application/octet-stream"}
    job: str = client.post("/imports", params=query, content=body, headers=headers).json()["jobID"]
    deadline = time.monotonic() + 60
    while client.get(f"/jobs/{job}").json()["status"] in ("accepted", "running"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    return job


def validate(answer: Any, schema: dict[str, Any], document: dict[str, Any]) -> None:
    whole = _for_validation({**schema, "components": document["components"]})
    jsonschema.Draft4Validator(whole).validate(answer)


def _for_validation(schema: Any) -> Any:
    """Write OpenAPI 3.0's `nullable` the way JSON Schema does, and forbid members that are not described."""
    if isinstance(schema, list):
        return [_for_validation(entry) for entry in schema]
    if not isinstance(schema, dict):
        return schema
    changed = {name: _for_validation(entry) for name, entry in schema.items() if name != "nullable"}
    if schema.get("nullable") is True:
        return {"anyOf": [changed, {"enum": [None]}]}
    if isinstance(schema.get("properties"), dict) and schema.get("type") == "object":
        open_ended = {"$schema", "openapi"}.intersection(schema["properties"])
        changed.setdefault("additionalProperties", bool(open_ended))
    return changed


def test_the_features_of_every_shipped_layer_follow_their_schema(hanoi: TestClient) -> None:
    for collection in hanoi.get("/collections").json()["collections"]:
        if collection["itemType"] != "feature":
            continue
        schema = hanoi.get(f"/collections/{collection['id']}/schema").json()
        assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"
        jsonschema.Draft202012Validator.check_schema(schema)
        validator = jsonschema.Draft202012Validator(schema)
        for feature in hanoi.get(f"/collections/{collection['id']}/items?limit=1000").json()["features"]:
            known = {name: value for name, value in feature["properties"].items() if value is not None}
            validator.validate({"id": feature["id"], **known})


def test_docs_and_document_tell_the_same(document: dict[str, Any]) -> None:
    text = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    for path in PATHS:
        assert f"`{path}`" in text, path
    given = document["components"]["parameters"].values()
    known = {entry["name"] for entry in given if entry["in"] != "path"} - {"filters"}
    assert known - set(re.findall(r"`([\w-]+)`", text)) == set()
    for kind in KINDS.values():
        assert kind.type.rpartition(":problem:")[2] in text, kind.type


def test_the_page_of_the_api_loads_nothing_from_elsewhere(client: TestClient) -> None:
    page = client.get("/api.html").text
    assert set(re.findall(r'(?:src|href)="([^"]+)"', page)) == {
        "http://testserver/assets/mark.svg",
        "http://testserver/assets/vendor/swagger-ui/swagger-ui.css",
        "http://testserver/assets/vendor/swagger-ui/swagger-ui-bundle.js",
        "http://testserver/api?f=json",
    }


def test_the_page_of_the_api_shows_every_operation_and_runs_one(server: str, browser: Browser) -> None:
    page = browser.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{server}/api.html")
    page.locator(".opblock").nth(len(PATHS)).wait_for()
    page.locator("#operations-server-health").get_by_role("button").first.click()
    page.get_by_role("button", name="Try it out").click()
    page.locator("button.execute").click()
    page.locator(".live-responses-table .response-col_status").filter(has_text="200").wait_for()
    page.close()
    assert said == []
    # A picture in the style sheet is part of it, not fetched.
    assert [url for url in asked if not url.startswith((f"{server}/", "data:"))] == []
