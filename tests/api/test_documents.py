"""Every document is what its standard asks for, on both stores, in both languages."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, Final

import pytest
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from layers.jobs import Jobs
from tests.api.conftest import store_of
from tests.support.ogc import REL, check, faults

DOCUMENTS: Final = {
    "/?f=json": "landing",
    "/conformance": "conformance",
    "/collections": "collections",
    "/collections/{layer}": "collection",
    "/collections/{layer}/queryables": "schema",
    "/collections/{layer}/sortables": "schema",
    "/collections/{layer}/schema": "schema",
    "/queryables": "schema",
    "/collections/{layer}/items": "items",
    "/collections/{layer}/items?limit=1&f=jsonfg": "items",
    "/collections/catalogue": "catalogue",
    "/collections/catalogue/queryables": "schema",
    "/collections/catalogue/items?limit=1000": "records",
    "/collections/catalogue/items/{layer}": "record",
    "/tileMatrixSets": "tileMatrixSets",
    "/tileMatrixSets/WebMercatorQuad": "tileMatrixSet",
    "/tileMatrixSets/WorldCRS84Quad": "tileMatrixSet",
    "/tiles": "tilesets",
    "/tiles/WebMercatorQuad": "tileset",
    "/processes": "processes",
    "/processes/planning-review": "process",
    "/jobs": "jobs",
}
SPATIAL: Final = {
    "/collections/{layer}/tiles": "tilesets",
    "/collections/{layer}/tiles/WebMercatorQuad": "tileset",
    "/collections/{layer}/tiles/WorldCRS84Quad": "tileset",
}


def read(client: TestClient, path: str) -> Any:
    answer = client.get(path)
    assert answer.status_code == 200, (path, answer.text)
    return answer.json()


@pytest.mark.parametrize("language", ["vi", "en"])
def test_every_document_is_what_its_standard_asks_for(hanoi_reader: TestClient, language: str) -> None:
    for layer, spatial in (("parks", True), ("rules", False), ("roads", True)):
        for path, name in {**DOCUMENTS, **(SPATIAL if spatial else {})}.items():
            address = path.format(layer=layer)
            check(name, read(hanoi_reader, f"{address}{'&' if '?' in address else '?'}lang={language}"))


def test_features_and_schemas_agree(hanoi_reader: TestClient) -> None:
    """Each feature is valid by the schema of its layer, whose queryables and sortables are schemas too."""
    for layer in store_of(hanoi_reader).layers():
        document = read(hanoi_reader, f"/collections/{layer}/schema")
        Draft202012Validator.check_schema(document)
        properties = Draft202012Validator({"type": "object", "properties": document["properties"]})
        page = read(hanoi_reader, f"/collections/{layer}/items?limit=200")
        for feature in page["features"]:
            known = {name: value for name, value in feature["properties"].items() if value is not None}
            assert [error.message for error in properties.iter_errors(known)] == [], (layer, feature["id"])
            assert set(known) <= set(document["properties"])
        for feature in page["features"][:1]:
            check("item", read(hanoi_reader, f"/collections/{layer}/items/{feature['id']}"))


def test_every_declared_grid_and_tileset_is_described(hanoi_reader: TestClient) -> None:
    for entry in read(hanoi_reader, "/tileMatrixSets")["tileMatrixSets"]:
        check("tileMatrixSet", read(hanoi_reader, f"/tileMatrixSets/{entry['id']}"))
    for entry in read(hanoi_reader, "/collections/parks/tiles")["tilesets"]:
        own = next(link["href"] for link in entry["links"] if link["rel"] == "self")
        document = read(hanoi_reader, own)
        check("tileset", document)
        tile = next(link for link in document["links"] if link["rel"] == "item")
        assert tile["templated"] is True
        scheme = next(link["href"] for link in document["links"] if link["rel"] == REL + "tiling-scheme")
        check("tileMatrixSet", read(hanoi_reader, scheme))


def test_processes_jobs_and_results(hanoi_reader: TestClient) -> None:
    for entry in read(hanoi_reader, "/processes")["processes"]:
        document = read(hanoi_reader, f"/processes/{entry['id']}")
        check("process", document)
        for told in (*document["inputs"].values(), *document["outputs"].values()):
            Draft202012Validator.check_schema(told["schema"])
    body = {"inputs": {"horizon": 2030}, "response": "document"}
    check("results", hanoi_reader.post("/processes/planning-review/execution", json=body).json())
    made = hanoi_reader.post("/processes/planning-review/execution", json=body, headers={"Prefer": "respond-async"})
    assert made.status_code == 201
    check("job", made.json())
    check("job", read(hanoi_reader, made.headers["location"]))
    check("jobs", read(hanoi_reader, "/jobs"))
    jobs: Jobs = hanoi_reader.app.state.jobs  # type: ignore[attr-defined] # the application itself
    assert jobs.get(made.json()["jobID"]).kind == "planning-review"


@pytest.mark.parametrize(
    ("path", "status"),
    [("/collections/none", 404), ("/collections/parks/items?bbox=1", 400), ("/nothing", 404), ("/jobs/none", 404)],
)
def test_problems(hanoi_reader: TestClient, path: str, status: int) -> None:
    answer = hanoi_reader.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")
    check("problem", answer.json())
    assert answer.json()["status"] == status


def test_the_schemas_find_faults(reader: TestClient) -> None:
    """What a client would fall over is told: a schema that takes everything proves nothing."""
    page = read(reader, "/collections/stations/items")
    changes: list[tuple[Callable[[Any], Any], str]] = [
        (lambda d: d.pop("timeStamp"), "$: 'timeStamp' is a required property"),
        (lambda d: d["features"][0].pop("geometry"), "$.features[0]: 'geometry' is a required property"),
        (lambda d: d["links"].clear(), "$.links: [] does not contain items matching the given schema"),
    ]
    for change, told in changes:
        broken = copy.deepcopy(page)
        change(broken)
        assert told in faults("items", broken)
    process = read(reader, "/processes/planning-review")
    process["inputs"]["horizon"]["maxOccurs"] = "many"
    assert faults("process", process)[0].startswith("$.inputs.horizon.maxOccurs")
    extent = read(reader, "/collections/stations")
    extent["extent"]["temporal"]["interval"][0][0] = "2020-01-01"
    assert faults("collection", extent)[0].startswith("$.extent.temporal.interval[0][0]")
