"""Restricted values never leave: every route of the application is asked in every way by every role, and searched.

Routes are found by asking the application, so that one that is made later is covered by itself. A role that may see the
values has to find them in the same sweep, which shows that it looks where they are.
"""

from __future__ import annotations

import gzip
import itertools
import json
import re
import struct
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import geopandas as gpd
import pytest
import shapely
from fastapi import FastAPI
from fastapi.routing import APIRoute
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from layers.definitions import Field, FieldType
from layers.jobs import open_jobs
from layers.people import ABILITIES, Grant, Role, open_people
from layers.proposals import create_proposal, edit_proposal
from layers.store import Put, Store
from layers.types import Text

SECRET: Final = "BIMATQX7734"  # noqa: S105 - what is searched for
PRICE: Final = 918273645.0
#: Their names are unlike any other's, so that they can be searched for too.
DEAL, COST = "thoathuan_kin", "giadat_kin"
HIDDEN: Final = (SECRET.encode(), str(int(PRICE)).encode(), struct.pack("<d", PRICE), DEAL.encode(), COST.encode())
PARK: Final = "plot-1"
#: A feature beyond the area in which somebody may read, by its id, its text and its place.
OUTSIDE, FAR = "plot-ngoaivung", "NGOAIVUNG55"
BEYOND: Final = (b"ngoaivung", b"NGOAIVUNG", b"107.65432", struct.pack("<d", 107.654321), struct.pack("<d", 107.664321))
AREA: Final = shapely.box(105.0, 20.5, 106.5, 21.5)
BLIND: Final[tuple[Role, ...]] = ("viewer", "analyst", "institute")
#: What a path parameter may be; one that is not named here is tried with a number.
VALUES: Final[dict[str, tuple[str, ...]]] = {
    "collectionId": ("plots",),
    "featureId": (PARK,),
    "tileMatrixSetId": ("WebMercatorQuad",),
    "tileMatrix": ("9",),
    "tileRow": ("225",),
    "tileCol": ("406",),
    "processId": ("planning-review", "check-layer"),
    "park": ("none",),
    "layer": ("plots",),
    "path": ("map.js",),
}
#: Queries beyond those that a route names: what somebody tries who suspects that there is more.
ASKED: Final = (
    "",
    "f=html",
    "f=json",
    "f=jsonfg",
    "f=tilejson",
    "f=csv",
    "as_of=2",
    "proposal=1",
    f"{DEAL}=x",
    f"sortby={DEAL}",
    f"sortby=-{COST}",
    f"properties={DEAL}",
    f"filter={DEAL}+LIKE+'B%25'",
    f"filter={COST}>1",
    "q=BIMAT",
    "a=2&b=3",
    "from=1&to=3",
    "lang=vi",
)
#: Values of one parameter that are tried at most.
MOST: Final = 3
BODIES: Final[tuple[dict[str, Any], ...]] = (
    {"inputs": {}},
    {"inputs": {"layer": "plots"}},
)


def _field(name: str, type_: FieldType) -> Field:
    return Field(name=name, type=type_, title=Text(vi=name, en=name), restricted=True)


class Planted(NamedTuple):
    """A server whose store holds restricted values, and the headers of those who ask it."""

    client: TestClient
    headers: dict[str, dict[str, str]]
    job: str


@pytest.fixture
def planted(seeded_store: Store, store_url: str) -> Iterator[Planted]:
    """Give a server with secrets in the plan, its history, a proposal and a job."""
    whole = seeded_store.definition("plots")
    fields = (*whole.fields, _field(DEAL, "text"), _field(COST, "number"))
    seeded_store.add_layer(whole.model_copy(update={"fields": fields}))
    shape = gpd.GeoSeries([shapely.box(105.6, 21.0, 105.61, 21.01)], index=[PARK], crs="EPSG:4326")
    rows = gpd.GeoDataFrame({"plot_no": ["A1"], DEAL: [SECRET], COST: [PRICE]}, geometry=shape, index=[PARK])
    seeded_store.commit([Put("plots", rows)], author="T", message="Thêm")
    other = rows.assign(**{DEAL: SECRET + "-2", "plot_no": "A2"})
    seeded_store.commit([Put("plots", other)], author="T", message="Sửa")
    far = gpd.GeoSeries([shapely.box(107.654321, 22.0, 107.664321, 22.01)], index=[OUTSIDE], crs="EPSG:4326")
    away = gpd.GeoDataFrame({"plot_no": [FAR], DEAL: [SECRET]}, geometry=far, index=[OUTSIDE])
    seeded_store.commit([Put("plots", away)], author="T", message="Thêm")
    told = {"layer": ["plots", "plots"], "feature": [PARK, OUTSIDE], "field": [DEAL, "plot_no"], "value": [SECRET, FAR]}
    facts = gpd.GeoDataFrame(told, geometry=[None, None], index=["fact-a", "fact-b"], crs="EPSG:4326")
    seeded_store.commit([Put("facts", facts)], author="T", message="Dữ kiện")
    proposal = create_proposal(seeded_store, "Đề xuất", author="Planner").id
    changes = [Put("plots", rows.assign(plot_no="A3")), Put("plots", away.assign(plot_no=f"{FAR}-2"), "update")]
    edit_proposal(seeded_store, proposal, changes[:1], author="Planner")
    edit_proposal(seeded_store, proposal, changes[1:], author="Planner")
    with open_jobs(store_url) as jobs:
        job = jobs.add("import", {"file": "a.csv", "layer": "plots", "options": {}}, message=Text(vi=SECRET, en=SECRET))
        for part in ("receipt.vi", "receipt.en", "issues.vi", "issues.en", "page.vi", "page.en", "map.en", "result"):
            jobs.keep(job.id, part, {"secret": SECRET})
        jobs.end(job.id, "successful", message=Text(vi=SECRET, en=SECRET), outcome="accepted")
    headers: dict[str, dict[str, str]] = {"stranger": {}}
    with open_people(store_url) as people:
        roles: tuple[Role, ...] = (*BLIND, "planner", "administrator")
        for role in roles:
            people.accounts.add(role, role.title())
            people.accounts.grant(Grant(role), person=role)
            _, text = people.tokens.make(role, "t", scopes=ABILITIES, days=1)
            headers[role] = {"Authorization": f"Bearer {text}"}
        # Reads plots in an area, everything else everywhere, and may analyse: every route is open to it.
        people.accounts.add("bound", "Bound")
        others = frozenset(seeded_store.layers()) - {"plots"}
        people.accounts.grant(Grant("institute", frozenset({"plots"}), AREA, confined=True), person="bound")
        people.accounts.grant(Grant("analyst", others), person="bound")
        _, text = people.tokens.make("bound", "t", scopes=ABILITIES, days=1)
        headers["bound"] = {"Authorization": f"Bearer {text}"}
    with TestClient(create_app(Settings(store=store_url, language="en", requests_per_minute=10**6))) as client:
        yield Planted(client, headers, job.id)


def routes(app: FastAPI) -> list[APIRoute]:
    """Every route, pages as well."""
    found = [route for route in _flat(app.routes) if isinstance(route, APIRoute)]
    assert {route.path_format for route in found} >= set(app.state.document["paths"])
    return found


def _flat(listed: Any) -> Iterator[Any]:
    for route in listed:
        inner = getattr(route, "routes", None)
        if inner is not None and not isinstance(route, APIRoute):
            yield from _flat(inner)
        elif (router := getattr(route, "original_router", None)) is not None:
            yield from _flat(router.routes)
        else:
            yield route


def addresses(route: APIRoute, job: str) -> list[str]:
    """The addresses of a route, its parameters filled in."""
    names = re.findall(r"{(\w+)}", route.path_format)
    values = {**VALUES, "jobId": (job,), "job_id": (job,)}
    filled = itertools.product(*(values.get(name, ("1",)) for name in names))
    return [route.path_format.format(**dict(zip(names, chosen, strict=True))) for chosen in filled]


def queries(route: APIRoute, document: dict[str, Any], *, thorough: bool) -> list[str]:
    """Queries for a route: those of everybody, and each parameter that it names with the name of a hidden field."""
    if not thorough:
        return ["", *(f"{name}={DEAL}" for name in ("sortby", DEAL) if route.path_format.endswith("/items"))]
    methods = document["paths"].get(route.path_format, {})
    known = document["components"]["parameters"]
    named = [known[entry["$ref"].rpartition("/")[2]] for method in methods.values() for entry in method["parameters"]]
    named = [entry for entry in named if entry["in"] == "query"]
    own = [f"{entry['name']}={DEAL}" for entry in named]
    choices = [f"{entry['name']}={value}" for entry in named for value in entry["schema"].get("enum", ())[:MOST]]
    # What a route does not name is refused before it is read; the fields of a layer are named by no route.
    taken = {entry["name"] for entry in named}
    fields = [query for query in ASKED if query.startswith(DEAL) and "filters" in taken]
    tried = [query for query in ASKED if not query or not named or query.partition("=")[0] in taken]
    return list(dict.fromkeys([*tried, *own, *choices, *fields]))


def leaks(content: bytes, asked: str, secrets: tuple[bytes, ...] = HIDDEN) -> list[bytes]:
    """What of the hidden is in an answer; what the question itself said does not count, as errors repeat it."""
    if content[:2] == b"\x1f\x8b":
        content = gzip.decompress(content)
    plain = content.replace(b"\\u", b"")
    return [hidden for hidden in secrets if hidden in plain and hidden.decode("latin-1") not in asked]


def sweep(
    planted: Planted,
    role: str,
    *,
    methods: tuple[str, ...],
    thorough: bool = False,
    secrets: tuple[bytes, ...] = HIDDEN,
) -> Iterator[tuple[str, list[bytes]]]:
    """Ask everything, and give where something hidden was found."""
    client, headers = planted.client, planted.headers[role]
    app: FastAPI = client.app  # type: ignore[assignment]
    for route in routes(app):
        for address in addresses(route, planted.job):
            if "GET" in (route.methods or ()) and "GET" in methods:
                for query in queries(route, app.state.document, thorough=thorough):
                    asked = f"{address}?{query}"
                    answer = client.get(asked, headers=headers, follow_redirects=False)
                    told = answer.content + json.dumps(dict(answer.headers)).encode()
                    yield f"GET {asked} {answer.status_code}", leaks(told, asked, secrets)
            if "POST" in (route.methods or ()) and "POST" in methods:
                for body in BODIES:
                    asked = f"{address} {json.dumps(body)}"
                    answer = client.post(address, json=body, headers=headers, follow_redirects=False)
                    yield f"POST {asked} {answer.status_code}", leaks(answer.content, asked, secrets)


def test_nothing_hidden_leaves_in_any_way_of_asking(planted: Planted) -> None:
    found = {place: hidden for place, hidden in sweep(planted, "viewer", methods=("GET",), thorough=True) if hidden}
    assert found == {}


def test_nothing_hidden_leaves_to_any_role_that_may_not_see_it(planted: Planted) -> None:
    for role in ("stranger", *BLIND):
        found = {place: hidden for place, hidden in sweep(planted, role, methods=("GET", "POST")) if hidden}
        assert found == {}, role


def test_the_sweep_finds_what_a_planner_may_see(planted: Planted) -> None:
    """Otherwise finding nothing would mean nothing."""
    found = {place.split("?")[0] for place, hidden in sweep(planted, "planner", methods=("GET",)) if hidden}
    assert {
        "GET /collections/plots/items",
        "GET /collections/plots/schema",
        "GET /collections/plots/queryables",
    } <= found
    assert f"GET /collections/plots/items/{PARK}" in found


def test_a_job_is_seen_by_who_asked_for_it_and_by_administrators(planted: Planted) -> None:
    address = f"/jobs/{planted.job}"
    told = {role: planted.client.get(address, headers=headers).status_code for role, headers in planted.headers.items()}
    assert told.pop("administrator") == 200
    assert set(told.values()) == {404}


def test_sorting_and_filtering_do_not_tell_either(planted: Planted) -> None:
    """Answers that differ by the value would tell it bit by bit."""
    headers = planted.headers["viewer"]
    for condition in ("filter=thoathuan_kin LIKE 'B%'", "filter=thoathuan_kin LIKE 'Z%'", "thoathuan_kin=B"):
        answer = planted.client.get(f"/collections/plots/items?{condition}", headers=headers)
        assert answer.status_code == 400, answer.text
    seen = planted.client.get(
        "/collections/plots/items?filter=thoathuan_kin LIKE 'B%'", headers=planted.headers["planner"]
    )
    assert seen.json()["numberMatched"] == 2


def test_nothing_beyond_the_area_of_a_reader_leaves(planted: Planted) -> None:
    store: Store = planted.client.app.state.store  # type: ignore[attr-defined]
    # Routes are the same on both engines; what each engine gives a reader is held by tests/layers/test_viewing_area.py.
    if "://" not in store.url:
        asked = sweep(planted, "bound", methods=("GET",), secrets=(*BEYOND, *HIDDEN))
        assert {place: hidden for place, hidden in asked if hidden} == {}
    # Otherwise finding nothing would mean nothing.
    client, headers = planted.client, planted.headers
    page = "/collections/plots/items?limit=1000&f=json"
    assert BEYOND[1] in client.get(page, headers=headers["viewer"]).content
    mine = client.get(page, headers=headers["bound"]).json()
    assert PARK in {one["id"] for one in mine["features"]}
    assert mine["numberMatched"] == len(mine["features"])
    for place in (f"plots/items/{OUTSIDE}", f"plots/items/{OUTSIDE}/history", f"plots/items/{OUTSIDE}/blame"):
        assert client.get(f"/collections/{place}", headers=headers["bound"]).status_code == 404
        assert client.get(f"/collections/{place}", headers=headers["viewer"]).status_code == 200


def test_filters_counts_and_extents_tell_nothing_of_what_lies_beyond_the_area(planted: Planted) -> None:
    """What is asked for is there for others: only the answer to those who may not see it is empty."""
    client, headers = planted.client, planted.headers
    for condition in (f"plot_no={FAR}", f"filter=plot_no LIKE '{FAR[:4]}%25'", "bbox=107,21.5,108,23"):
        told = {}
        for role in ("viewer", "bound"):
            answer = client.get(f"/collections/plots/items?{condition}&f=json", headers=headers[role])
            assert answer.status_code == 200, answer.text
            told[role] = (answer.json()["numberReturned"], answer.json().get("numberMatched"))
        assert told == {"viewer": (1, 1), "bound": (0, 0)}, condition
    west, south, east, north = client.get("/collections/plots?f=json", headers=headers["bound"]).json()["extent"][
        "spatial"
    ]["bbox"][0]
    assert east < 107
    assert (west, south, north) > (105, 20, 21)
    changes = client.get("/proposals/1/changes", headers=headers["bound"])
    assert changes.status_code == 200
    assert PARK.encode() in changes.content
    tile = "/collections/plots/tiles/WebMercatorQuad/0/0/0"
    seen = {role: client.get(tile, headers=headers[role]).content for role in ("viewer", "bound", "viewer")}
    assert OUTSIDE.encode() in seen["viewer"]
    assert OUTSIDE.encode() not in seen["bound"]


def test_states_of_features_tell_nothing_of_restricted_values(planted: Planted) -> None:
    """Neither the name of a state nor a refused condition says that a value was changed that is not seen."""
    client, headers = planted.client, planted.headers
    address = f"/collections/plots/items/{PARK}"
    tags = {role: client.get(address, headers=headers[role]).headers["etag"] for role in ("viewer", "planner")}
    store: Store = client.app.state.store  # type: ignore[attr-defined]
    rows = store.read("plots", ids=[PARK])
    store.commit([Put("plots", rows.assign(**{DEAL: f"{SECRET}-3"}))], author="T", message="m")
    now = {role: client.get(address, headers=headers[role]).headers["etag"] for role in ("viewer", "planner")}
    assert now["viewer"] == tags["viewer"]
    assert now["planner"] != tags["planner"]
    unseen = client.get(address, headers={**headers["viewer"], "If-None-Match": tags["viewer"]})
    assert unseen.status_code == 304
    patch = {**headers["institute"], "Content-Type": "application/merge-patch+json"}
    mine = client.get(address, headers=headers["institute"]).headers["etag"]
    refused = client.patch(address, json={"properties": {"plot_no": "B"}}, headers={**patch, "If-Match": '"x"'})
    assert refused.status_code == 412
    assert leaks(refused.content, "") == []
    kept = client.patch(address, json={"properties": {"plot_no": "B"}}, headers={**patch, "If-Match": mine})
    assert kept.status_code == 202
