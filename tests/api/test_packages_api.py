"""Packages over the web: handed out, listed to those whose concern they are, and taken back as proposals."""

from __future__ import annotations

import hashlib
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import shapely
from starlette.testclient import TestClient

from api.app import create_app
from api.package_tasks import RETURN_STATES, packed_access, read_access
from api.portal.exchanging import PACKAGE_WORDS
from api.settings import Settings
from layers.packages import make_keys, verify_package
from layers.people import ABILITIES, Access, Grant, Role, open_people
from layers.store import Put, Store, open_store
from tests.api.conftest import fill, stations
from tests.api.test_openapi import validate
from tests.support.files import BINARY, collection, ended, waited

ASKED: dict[str, Any] = {"layers": ["stations"], "institute": "Viện Quy hoạch", "language": "en"}
PAGE = {"Accept": "text/html"}
Edit = Callable[[dict[str, Any]], None]


def edited(package: bytes, change: Edit) -> bytes:
    """Change the GeoJSON of a package as an institute does."""
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(package)) as packed, zipfile.ZipFile(made, "w") as again:
        for name in packed.namelist():
            content = packed.read(name)
            if name == "layers/stations.geojson":
                document = json.loads(content)
                change(document)
                content = json.dumps(document, ensure_ascii=False).encode()
            again.writestr(name, content)
    return made.getvalue()


def rename(document: dict[str, Any]) -> None:
    named = {feature["id"]: feature["properties"] for feature in document["features"]}
    named["hoa-lac"]["name"] = "Tên mới"


def break_(document: dict[str, Any]) -> None:
    document["features"][0]["properties"]["floors"] = -4


def bring_back(client: TestClient, content: bytes, **options: str) -> Any:
    """Send a file back, and give what came of it."""
    query = {"name": "returned.zip", "lang": "en", **options}
    job = ended(client, client.post("/packages/returned", params=query, content=content, headers=BINARY))
    assert job["status"] == "successful", job
    return documented(client, "packageReturn", client.get(f"/packages/returned/{job['jobID']}?lang=en").json())


def documented(client: TestClient, schema: str, told: Any) -> Any:
    """Hold an answer to what the OpenAPI document says of it."""
    validate(told, {"$ref": f"#/components/schemas/{schema}"}, client.get("/api?f=json").json())
    return told


def store_of(client: TestClient) -> Store:
    store: Store = client.app.state.store  # type: ignore[attr-defined] # the application itself
    return store


def test_a_package_is_handed_out_listed_and_taken_back_on_its_own_base(taker: TestClient) -> None:
    answer = taker.post("/packages", json={**ASKED, "area": [105.4, 20.9, 105.7, 21.2], "author": "Sở"})
    assert (answer.status_code, answer.headers["content-type"]) == (201, "application/zip"), answer.text
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        manifest = json.loads(packed.read("manifest.json"))
    assert (manifest["institute"], manifest["layers"]["stations"]["features"]) == ("Viện Quy hoạch", 2)
    assert answer.headers["content-disposition"] == 'attachment; filename="package-vien-quy-hoach-1.zip"'
    noted = taker.get(answer.headers["location"]).json()
    assert (noted["sha256"], noted["size"]) == (hashlib.sha256(answer.content).hexdigest(), len(answer.content))
    assert (noted["base"], noted["who"], noted["layers"], noted["kept"]) == (1, "Sở", {"stations": 2}, True)
    assert noted["area"]["type"] == "Polygon"
    assert taker.get("/packages/1/file").content == answer.content

    later = stations()[1].loc[["hoa-lac"]].assign(floors=7)
    store_of(taker).commit([Put("stations", later)], author="Sở", message="Sửa")
    told = bring_back(taker, edited(answer.content, rename), title="Đợt 1", author="An")
    assert (told["state"], told["base"], told["institute"]) == ("proposed", 1, "Viện Quy hoạch")
    [layer] = told["layers"]
    assert (layer["layer"], layer["updated"], layer["inserted"], layer["deleted"]) == ("stations", ["hoa-lac"], [], [])
    assert layer["receipt"]["counts"]["errors"] == 0
    proposal = taker.get(f"/proposals/{told['proposal']}").json()
    assert (proposal["title"], proposal["author"], proposal["base"], proposal["state"]) == ("Đợt 1", "An", 1, "draft")
    through = taker.get(f"/collections/stations/items/hoa-lac?proposal={told['proposal']}").json()["properties"]
    assert (through["name"], through["floors"]) == ("Tên mới", 7), "what others changed meanwhile stays"

    listed = documented(taker, "packageList", taker.get("/packages?lang=en").json())["packages"]
    assert [(one["number"], one["title"], one["answers"]) for one in listed] == [
        (2, "Returned", 1),
        (1, "Handed out", None),
    ]
    assert (listed[0]["proposal"], listed[0]["layers"], listed[0]["kept"]) == (told["proposal"], {"stations": 1}, False)
    assert taker.get("/packages/2/file").status_code == 404
    assert taker.get("/packages/3").status_code == 404
    page = taker.get("/packages?lang=vi", headers=PAGE).text
    assert f"/proposals/{told['proposal']}?lang=vi" in page
    assert "trả lời số 1" in page


def test_a_job_makes_a_large_package(taker: TestClient) -> None:
    wish = {"Prefer": "respond-async"}
    job = ended(taker, taker.post("/packages", json={**ASKED, "layers": ["stations", "notes"]}, headers=wish))
    assert (job["status"], job["progress"]) == ("successful", 100), job
    [address] = [one["href"] for one in job["links"] if one["rel"] == "enclosure"]
    package = taker.get(address)
    noted = taker.get(f"/jobs/{job['jobID']}/results").json()
    assert hashlib.sha256(package.content).hexdigest() == noted["sha256"]
    assert noted["layers"] == {"stations": 6, "notes": 2}
    shown = taker.get(f"/packages/jobs/{job['jobID']}", headers=PAGE, follow_redirects=False)
    assert (shown.status_code, shown.headers["location"].endswith("#package-1")) == (303, True)


def test_a_package_with_errors_is_refused_with_its_receipt(taker: TestClient) -> None:
    package = taker.post("/packages", json=ASKED).content
    told = bring_back(taker, edited(package, break_))
    assert (told["state"], told["proposal"]) == ("refused", None)
    assert "stations" in told["problem"]
    [rule] = told["layers"][0]["receipt"]["rules"]
    assert rule["severity"] == "error"
    assert taker.get("/proposals").json()["proposals"] == []
    assert len(taker.get("/packages").json()["packages"]) == 1, "it is still out"
    unread = bring_back(taker, b"PK\x05\x06 no zip")
    assert (unread["state"], unread["layers"]) == ("refused", [])
    jobs = taker.get("/jobs").json()["jobs"]
    page = taker.get(f"/packages/returned/{jobs[1]['jobID']}?lang=vi", headers=PAGE).text
    assert RETURN_STATES["refused"].vi in page
    assert "-4" in page


def test_a_bare_file_names_the_state_it_began_with(taker: TestClient) -> None:
    later = stations()[1].loc[["hoa-lac"]].assign(floors=7)
    store_of(taker).commit([Put("stations", later)], author="Sở", message="Sửa")
    feature = taker.get("/collections/stations/items/hoa-lac?as_of=1").json()
    feature["properties"]["name"] = "Tên mới"
    told = bring_back(taker, collection(feature), name="stations.geojson", base="1", author="An")
    assert (told["state"], told["base"], told["layers"][0]["deleted"]) == ("proposed", 1, [])
    assert taker.get("/packages/1").json()["institute"] is None
    whole = bring_back(taker, collection(feature), name="x.geojson", base="1", complete="true", layer="stations")
    assert len(whole["layers"][0]["deleted"]) == 5


def test_the_catalogue_tells_of_a_package_and_of_what_came_back(taker: TestClient, tmp_path: Path) -> None:
    records = "/collections/catalogue/items"
    area = {"type": "Polygon", "coordinates": [[[105.4, 20.9], [105.7, 20.9], [105.4, 21.2], [105.4, 20.9]]]}
    package = taker.post("/packages", json={**ASKED, "area": area, "author": "Sở"})
    assert taker.post("/packages", json={**ASKED, "layers": ["notes"], "institute": "B"}).status_code == 201
    told = bring_back(taker, edited(package.content, rename), author="An")
    record = documented(taker, "record", taker.get(f"{records}/packages.1?lang=en").json())
    said = record["properties"]
    noted = taker.get("/packages/1").json()
    assert (said["type"], said["title"], said["institute"]) == (
        "package",
        "Package 1 for Viện Quy hoạch",
        ASKED["institute"],
    )
    assert (said["base"], said["layers"], said["features"], said["source"]) == (1, ["stations"], 2, "Sở")
    assert (said["sha256"], said["created"]) == (hashlib.sha256(package.content).hexdigest(), noted["time"])
    assert (said["file"], said["size"], said["description"]) == (noted["name"], noted["size"], "Changeset 1: Stations")
    assert record["time"] == {"date": noted["time"][:10]}
    assert shapely.from_geojson(json.dumps(record["geometry"])).equals(shapely.from_geojson(json.dumps(area)))
    links = {entry["rel"]: entry["href"] for entry in record["links"]}
    assert taker.get(links["about"]).json() == noted
    assert taker.get(links["enclosure"]).content == package.content
    assert taker.get(links["related"]).json()["id"] == told["proposal"]
    assert taker.get(f"{records}/packages.1?lang=vi").json()["properties"]["title"] == "Gói số 1 giao Viện Quy hoạch"
    assert taker.get(f"{records}/packages.3").status_code == 404, "what came back is no package of its own"

    def found(**query: str) -> list[str]:
        return [one["id"] for one in taker.get(records, params={"type": "package", **query}).json()["features"]]

    assert found() == ["packages.2", "packages.1"]
    assert found(q="vien quy hoach") == found(q="Trạm") == found(q="stations") == ["packages.1"]
    assert found(bbox="105.41,20.91,105.42,20.92") == ["packages.1"]
    assert found(bbox="105.65,21.15,105.7,21.2") == [], "within the bounds, beyond the area"
    assert found(datetime=noted["time"][:10]) == ["packages.2", "packages.1"]
    assert found(datetime="../2020-01-01") == []
    for file in (tmp_path / "uploads").rglob("package-*.zip"):
        file.unlink()
    assert "enclosure" not in {entry["rel"] for entry in taker.get(f"{records}/packages.1").json()["links"]}


WRONG: list[tuple[dict[str, Any], int, str]] = [
    ({"layers": []}, 422, "layers"),
    ({"layers": ["none"]}, 404, "none"),
    ({"institute": " "}, 422, "institute"),
    ({"language": "fr"}, 422, "language"),
    ({"area": "/etc/passwd"}, 422, "area"),
    ({"area": {"type": "Point", "coordinates": [1, 2]}}, 400, "area"),
    ({"area": [1, 2, 3, 4], "park": "a"}, 422, "area"),
    ({"park": "a"}, 404, "parks"),
    ({"base": 9}, 404, "0..1"),
    ({"base": "hôm qua"}, 400, "base"),
]
WRONG_RETURNED = [({"base": "9"}, 400), ({"base": "x"}, 422), ({"complete": "maybe"}, 400), ({"layer": "none"}, 404)]


def test_what_means_nothing_is_told(taker: TestClient, tmp_path: Path) -> None:
    for asked, status, told in WRONG:
        answer = taker.post("/packages?lang=en", json={**ASKED, **asked})
        assert (answer.status_code, told in answer.json()["detail"]) == (status, True), (asked, answer.text)
    for options, status in WRONG_RETURNED:
        query = {"name": "a.zip", **options}
        answer = taker.post("/packages/returned", params=query, content=b"x", headers=BINARY)
        assert answer.status_code == status, (options, answer.text)
    assert taker.get("/packages").json()["packages"] == []
    assert not list((tmp_path / "uploads").glob("*")), "nothing is left behind"


def test_a_form_of_the_page_does_the_same(taker: TestClient) -> None:
    taker.follow_redirects = False
    headers = PAGE | {"Origin": "http://127.0.0.1:8000", "Host": "127.0.0.1:8000"}
    # What a browser sends of a form that it was given, whatever hidden fields it has.
    secret = dict(
        re.findall(r'type="hidden" name="(\w+)" value="([^"]+)"', taker.get("/packages", headers=headers).text)
    )
    form = secret | {"layer.stations": "true", "institute": "Viện A", "area": "", "base": "1", "language": "vi"}
    answer = taker.post("/packages?lang=vi", data=form, headers=headers)
    assert (answer.status_code, answer.headers["location"]) == (
        303,
        "http://127.0.0.1:8000/packages?lang=vi#package-1",
    )
    wrong = taker.post("/packages?lang=en", data=secret | {"institute": "Viện A"}, headers=headers)
    assert (wrong.status_code, 'value="Viện A"' in wrong.text, 'role="alert"' in wrong.text) == (422, True, True)
    saved = edited(taker.get("/packages/1/file").content, lambda document: document["features"].reverse())
    files = {"file": ("goi.zip", saved)}
    back = taker.post("/packages/returned?lang=en", data=secret | {"title": "T"}, files=files, headers=headers)
    job = back.headers["location"].partition("/returned/")[2].partition("?")[0]
    assert waited(taker, f"/jobs/{job}")["receipt"] == "unchanged"
    assert RETURN_STATES["unchanged"].en in taker.get(f"/packages/returned/{job}?lang=en", headers=PAGE).text
    assert taker.get("/proposals?f=json").json()["proposals"] == [], "opened and saved is no edit"
    assert taker.get("/packages/2").json()["layers"] == {"stations": 0}, "but it came back"


# Who may ---------------------------------------------------------------------------------------------------------


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[dict[str, TestClient]]:
    """Give a client for each of several people of a server that knows them; its key signs what is handed out."""
    path = str(tmp_path / "plan.gpkg")
    fill(path)
    definition, _ = stations()
    kind = definition.field("name")
    hidden = kind.model_copy(update={"name": "gia_dat", "restricted": True})
    with open_store(path) as store:
        store.add_layer(definition.model_copy(update={"fields": (*definition.fields, hidden)}))
        store.commit([Put("stations", store.read("stations").assign(gia_dat="BIMAT"))], author="Sở", message="Giá")
    private, _ = make_keys(tmp_path, "so")
    north = shapely.box(105.4, 20.9, 105.62, 21.2)
    roles: dict[str, tuple[Role, str | None, Any]] = {
        "lan": ("planner", None, None),
        "viet": ("institute", "vien-a", None),
        "bac": ("institute", "vien-b", north),
        "dan": ("viewer", None, None),
    }
    secrets = {}
    with open_people(path) as people:
        for letter in "ab":
            people.accounts.add_institute(f"vien-{letter}", f"Viện {letter.upper()}")
        for name, (role, institute, area) in roles.items():
            people.accounts.add(name, name.title(), institute=institute)
            people.accounts.grant(Grant(role, area=area), person=name)
            secrets[name] = people.tokens.make(name, "t", scopes=ABILITIES, days=1)
    settings = Settings(
        store=path,
        language="en",
        sign_in="on",
        import_folder=str(tmp_path / "uploads"),
        package_key=str(private),
        import_memory_mib=8_192,
    )
    with TestClient(create_app(settings)) as opened:
        clients = {"nobody": opened}
        for name, secret in secrets.items():
            clients[name] = TestClient(opened.app, headers={"Authorization": f"Bearer {secret[1]}"})
        yield clients


def test_planners_hand_out_and_institutes_see_their_own(guarded: dict[str, TestClient], tmp_path: Path) -> None:
    lan, viet, bac = guarded["lan"], guarded["viet"], guarded["bac"]
    for name, status in (("nobody", 401), ("dan", 403), ("viet", 403)):
        assert guarded[name].post("/packages", json=ASKED).status_code == status, name
    made = [lan.post("/packages", json={**ASKED, "institute": one, "author": "x"}) for one in ("Viện A", "vien-b")]
    assert [answer.status_code for answer in made] == [201, 201]
    (tmp_path / "p.zip").write_bytes(made[0].content)
    assert verify_package(tmp_path / "p.zip").by == "Lan", "who signed in hands it out"
    seen = {
        name: [one["number"] for one in client.get("/packages").json()["packages"]] for name, client in guarded.items()
    }
    assert seen == {"nobody": [], "lan": [2, 1], "viet": [1], "bac": [2], "dan": []}
    catalogue = {
        name: [one["id"] for one in client.get("/collections/catalogue/items?type=package").json()["features"]]
        for name, client in guarded.items()
    }
    assert catalogue == {name: [f"packages.{number}" for number in numbers] for name, numbers in seen.items()}
    for address in ("/packages/2", "/packages/2/file", "/collections/catalogue/items/packages.2"):
        assert viet.get(address).status_code == 404
    told = bring_back(viet, edited(viet.get("/packages/1/file").content, rename))
    assert told["state"] == "proposed"
    assert viet.get(f"/proposals/{told['proposal']}").json()["author"] == "Viet"
    assert [one["number"] for one in viet.get("/packages").json()["packages"]] == [3, 1]
    assert bac.get(f"/proposals/{told['proposal']}").status_code == 404
    assert guarded["dan"].post("/packages/returned?name=a.zip", content=b"x", headers=BINARY).status_code == 403


def test_nobody_offers_by_a_package_what_lies_beyond_his_ground(guarded: dict[str, TestClient]) -> None:
    lan, bac = guarded["lan"], guarded["bac"]
    package = lan.post("/packages", json={**ASKED, "institute": "vien-b", "area": [105.5, 21.0, 105.6, 21.1]}).content
    assert bring_back(bac, edited(package, rename))["state"] == "proposed"

    def move(document: dict[str, Any]) -> None:
        document["features"][0]["geometry"] = {"type": "Point", "coordinates": [106.0, 20.0]}

    told = bring_back(bac, edited(package, move))
    assert (told["state"], "stations" in told["problem"]) == ("refused", True)
    assert len(lan.get("/proposals").json()["proposals"]) == 1


def test_restricted_fields_never_leave_in_a_package(guarded: dict[str, TestClient]) -> None:
    lan = guarded["lan"]
    assert lan.get("/collections/stations/items/hoa-lac").json()["properties"]["gia_dat"] == "BIMAT"
    at_once = lan.post("/packages", json={**ASKED, "institute": "Viện A"}).content
    job = ended(lan, lan.post("/packages", json=ASKED, headers={"Prefer": "respond-async"}))
    [address] = [one["href"] for one in job["links"] if one["rel"] == "enclosure"]
    for package in (at_once, lan.get(address).content):
        with zipfile.ZipFile(io.BytesIO(package)) as packed:
            for name in packed.namelist():
                content = packed.read(name)
                assert not any(word in content for word in (b"BIMAT", b"gia_dat")), name
    told = bring_back(guarded["viet"], edited(at_once, rename))
    assert "BIMAT" not in json.dumps(told)
    kept = lan.get(f"/collections/stations/items/hoa-lac?proposal={told['proposal']}").json()["properties"]
    assert (kept["name"], kept["gia_dat"]) == ("Tên mới", "BIMAT")


def test_access_is_packed_and_read_the_same() -> None:
    ground = shapely.box(1, 2, 3, 4)
    grants = (Grant("institute", frozenset({"a", "b"}), ground), Grant("viewer", None, ground, confined=True))
    for access in (Access(grants), Access(grants, frozenset({"propose"}))):
        assert read_access(json.loads(json.dumps(packed_access(access)))) == access


def test_words_are_in_both_languages_and_used() -> None:
    assert all(text.vi and text.en and text.vi != text.en for text in PACKAGE_WORDS.values() if text.vi != "CRS")
