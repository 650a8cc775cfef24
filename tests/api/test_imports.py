"""A file comes in over the web as it does on the command line, and its receipt says the same."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.errors import ForeignPageError, ImportsOffError
from api.receipts import WORDS, receipt_page
from api.settings import Settings
from layers.examining import validate_file
from layers.importing import receive_file
from layers.jobs import Jobs
from layers.store import open_store
from layers.types import LANGUAGES, Text
from tests.api.conftest import fill
from tests.support.files import BINARY, STATION, collection, ended, send, waited, with_properties

# What comes in -----------------------------------------------------------------------------------------------------


def test_a_file_becomes_a_changeset_and_a_receipt(taker: TestClient) -> None:
    answer = send(
        taker, collection(STATION), author="Viện A", message="Đợt 1", decision="1569/QĐ-TTg", decided="2024-12-12"
    )
    job = ended(taker, answer)
    assert (job["status"], job["receipt"], job["progress"], job["file"]) == (
        "successful",
        "accepted",
        100,
        "stations.geojson",
    )
    receipt = taker.get(f"/jobs/{job['jobID']}/results").json()
    assert (receipt["counts"]["read"], receipt["counts"]["written"]) == (1, 1)
    assert taker.get("/collections/stations/items/new").json()["properties"]["floors"] == 2
    changeset = taker.app.state.store.changesets()[-1]  # type: ignore[attr-defined] # the application itself
    assert (changeset.id, changeset.author, changeset.message) == (receipt["changeset"], "Viện A", "Đợt 1")
    assert (changeset.decision.number, changeset.decision.date) == ("1569/QĐ-TTg", dt.date(2024, 12, 12))


def test_a_form_does_the_same(taker: TestClient) -> None:
    fields = {"layer": "stations", "author": "Viện A", "message": "Đợt 1", "mode": "insert", "dry_run": ""}
    files = {"file": ("ga mới.geojson", collection(STATION), "application/geo+json")}
    job = ended(taker, taker.post("/imports", data=fields, files=files))
    assert (job["receipt"], job["file"], job["who"]) == ("accepted", "ga mới.geojson", "Viện A")
    changeset = taker.app.state.store.changesets()[-1]  # type: ignore[attr-defined] # the application itself
    assert (changeset.author, changeset.message) == ("Viện A", "Đợt 1")


def test_a_browser_that_sends_a_form_is_shown_the_job(taker: TestClient) -> None:
    files = {"file": ("ga.geojson", collection(STATION))}
    headers = {"Accept": "text/html", "Origin": "http://testserver", "Host": "testserver"}
    answer = taker.post("/imports?lang=vi", data={"layer": "stations"}, files=files, headers=headers)
    assert answer.status_code == 403, "a server for this machine alone answers under its name only"
    headers |= {"Origin": "http://127.0.0.1:8000", "Host": "127.0.0.1:8000"}
    taker.follow_redirects = False
    taker.base_url = "http://127.0.0.1:8000"
    (token,) = set(re.findall(r'name="form_token" value="(\w+)"', taker.get("/files", headers=headers).text))
    form = {"layer": "stations", "form_token": token}
    answer = taker.post("/imports?lang=vi", data=form, files=files, headers=headers)
    job = taker.get("/jobs").json()["jobs"][0]["jobID"]
    assert (answer.status_code, answer.headers["location"]) == (303, f"http://127.0.0.1:8000/files/{job}?lang=vi")
    assert waited(taker, f"/jobs/{job}")["receipt"] == "accepted"
    again = taker.post(f"/imports/{job}/choices?lang=en", data={"mode": "insert", "form_token": token}, headers=headers)
    assert (again.status_code, again.headers["location"].endswith("?lang=en")) == (303, True)
    newest = taker.get("/jobs").json()["jobs"][0]["jobID"]
    assert newest != job
    assert waited(taker, f"/jobs/{newest}")["receipt"] == "refused"


def test_coverage_is_written_with_the_features(hanoi: TestClient) -> None:
    ring = [[105.80, 21.0], [105.801, 21.0], [105.801, 21.001], [105.80, 21.0]]
    place = {"type": "Polygon", "coordinates": [ring]}
    body = collection({"type": "Feature", "properties": {"id": "zone-1", "name": "A"}, "geometry": place})
    options = {"coverage": "bbox", "as_of": "2026-06-30", "completeness": "partial", "name": "zones.geojson"}
    job = ended(hanoi, send(hanoi, body, layer="planning_zones", **options))
    assert job["receipt"] == "accepted", hanoi.get(f"/jobs/{job['jobID']}/results").text
    told = hanoi.get("/collections/coverage/items?layer=planning_zones").json()["features"]
    assert [(one["properties"]["as_of"], one["properties"]["completeness"]) for one in told] == [
        ("2026-06-30", "partial")
    ]
    assert told[0]["geometry"]["coordinates"][0][0] == pytest.approx([105.80, 21.0], abs=1e-9)


def test_a_result_goes_out_packed_where_that_is_taken(taker: TestClient) -> None:
    job = ended(taker, send(taker, collection(STATION), dry_run="true"))["jobID"]
    plain = taker.get(f"/jobs/{job}/results", headers={"Accept-Encoding": "identity"})
    packed = taker.get(f"/jobs/{job}/results", headers={"Accept-Encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.json() == plain.json()
    assert len(gzip.compress(plain.content)) < len(plain.content) / 2


def test_the_receipt_is_that_of_the_library(taker: TestClient, taking: Settings, tmp_path: Path) -> None:
    body = collection(with_properties(floors=-1), with_properties(id="b", opened="hôm qua"))
    job = ended(taker, send(taker, body, dry_run="true"))
    path = tmp_path / "stations.geojson"
    path.write_bytes(body)
    with open_store(taking.store) as store:
        own = receive_file(store, path, "stations", author="a", message="m", dry_run=True)
    for language in LANGUAGES:
        served = taker.get(f"/imports/{job['jobID']}/receipt", params={"lang": language, "f": "json"}).json()
        assert {**served, "time": ""} == {**json.loads(json.dumps(own.document(language))), "time": ""}
        issues = taker.get(f"/imports/{job['jobID']}/issues", params={"lang": language}).json()
        assert issues == json.loads(own.issues_frame(language).to_json(drop_id=True))


def test_a_refused_file_leaves_nothing_behind_and_can_be_taken_in_part(taker: TestClient) -> None:
    body = collection(STATION, with_properties(id="bad", floors=-1))
    job = ended(taker, send(taker, body))
    assert (job["status"], job["receipt"]) == ("successful", "refused")
    assert taker.get("/collections/stations/items/new").status_code == 404
    again = taker.post(f"/imports/{job['jobID']}/choices", params={"accept": "valid", "lang": "en"})
    assert ended(taker, again)["receipt"] == "partly_accepted"
    assert taker.get("/collections/stations/items/new").status_code == 200
    assert taker.get("/collections/stations/items/bad").status_code == 404


def test_an_open_choice_is_made_without_a_second_upload(taker: TestClient) -> None:
    body = b"id,name,x,y\nnew,Ga,588618.065,2325348.988\n"
    job = ended(taker, send(taker, body, name="ga.csv", coordinates="x,y"))
    assert job["receipt"] == "refused"
    receipt = taker.get(f"/jobs/{job['jobID']}/results").json()
    assert [issue["rule"] for issue in receipt["issues"]] == ["crs-undecided"]
    key = receipt["diagnosis"]["hypotheses"][0]["key"]
    again = ended(taker, taker.post(f"/imports/{job['jobID']}/choices", params={"crs": key}))
    assert again["receipt"] == "accepted"
    place = taker.get("/collections/stations/items/new").json()["geometry"]["coordinates"]
    assert place == pytest.approx([105.8544, 21.0195], abs=1e-6)


def test_a_receipt_is_a_page_that_runs_nothing_of_the_file(taker: TestClient) -> None:
    job = ended(taker, send(taker, collection(with_properties(floors="<script>alert(1)</script>"))))
    page = taker.get(f"/imports/{job['jobID']}/receipt", headers={"Accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "script-src 'self' 'nonce-" in page.headers["content-security-policy"]


# What does not --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "status", "detail"),
    [
        ({"layer": "nothing"}, 404, "There is no layer 'nothing'"),
        ({"name": "plan.exe"}, 400, "Parameter name: saw 'plan.exe', wanted GeoJSON"),
        ({"name": "/vsicurl/http://example.org/a"}, 400, "Parameter name"),
        ({"mapping": "/etc/passwd"}, 400, "Parameter mapping: saw '/etc/passwd', wanted hanoi-districts-2020"),
        ({"mode": "merge"}, 400, "Parameter mode: saw 'merge', wanted upsert, insert, update, replace"),
        ({"accept": "some"}, 400, "Parameter accept: saw 'some', wanted all, valid"),
        ({"dry_run": "yes"}, 400, "Parameter dry_run: saw 'yes', wanted true, false"),
        ({"text": "NAME"}, 400, "Parameter text: saw 'NAME', wanted COLUMN=ENCODING"),
        ({"decided": "12/12/2024"}, 400, "Parameter decided"),
        ({"store": "other.gpkg"}, 400, "has no parameter 'store'"),
    ],
)
def test_a_wrong_parameter_is_named(taker: TestClient, options: dict[str, str], status: int, detail: str) -> None:
    answer = send(taker, collection(STATION), **options)
    assert (answer.status_code, detail in answer.json()["detail"]) == (status, True), answer.text
    assert taker.get("/jobs").json()["jobs"] == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site", "Origin": "http://127.0.0.1:8000"},
        # A name of somebody else that was made to lead to this machine.
        {"Origin": "http://evil.example", "Host": "evil.example"},
    ],
)
def test_no_page_of_another_site_can_send_stop_or_choose(taker: TestClient, headers: dict[str, str]) -> None:
    given = {"Host": "127.0.0.1:8000", **headers}
    body, query = collection(STATION), {"layer": "stations", "name": "a.geojson", "lang": "en"}
    answer = taker.post("/imports", params=query, content=body, headers={**BINARY, **given})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (403, "foreign-page")
    assert "/imports takes requests of its own pages only" in answer.json()["detail"]
    assert taker.get("/jobs").json()["jobs"] == []
    job = ended(taker, send(taker, body))["jobID"]
    assert taker.delete(f"/jobs/{job}", headers=given).status_code == 403
    assert taker.post(f"/imports/{job}/choices", headers=given).status_code == 403
    assert "chỉ nhận yêu cầu" in ForeignPageError(seen="x", wanted="y", where="z").message("vi")


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b"--b\r\nContent-Disposition: form-data; name=layer\r\n\r\nstations\r\n--b--\r\n", "a form without a file"),
        (b"--b\r\nContent-Disposition: form-data; name=file; filename=a.csv\r\n\r\nid", "a form without a file"),
        (b"--b\r\nContent-Disposition: form-data; name=file; filename=a.csv\r\n\r\n\r\n--b--\r\n", "an empty file"),
        (b"--b\r\nContent-Disposition: form-data; name=file; filename=a.exe\r\n\r\nx\r\n--b--\r\n", "Parameter name"),
        (b"--b\r\nContent-Disposition: form-data; name=oops\r\n\r\n1\r\n--b--\r\n", "a form without a file"),
        (2 * b"--b\r\nContent-Disposition: form-data; name=file; filename=a.csv\r\n\r\nx\r\n", "several files"),
        (2 * b"--b\r\nContent-Disposition: form-data; name=crs\r\n\r\nx\r\n", "the field 'crs'"),
        (b"--b\r\nContent-Disposition: form-data; name=crs\r\n\r\n" + b"x" * 20_000, "a field that is too long"),
        (b"no form at all", "cannot be read"),
    ],
)
def test_a_broken_form_is_refused_and_not_kept(taker: TestClient, taking: Settings, body: bytes, detail: str) -> None:
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    answer = taker.post("/imports?lang=en&layer=stations", content=body, headers=headers)
    assert (answer.status_code, detail in answer.json()["detail"]) == (400, True), answer.text
    assert list(Path(taking.import_folder).iterdir()) == []


def test_a_field_of_a_form_that_means_nothing_is_named(taker: TestClient) -> None:
    files = {"file": ("ga.geojson", collection(STATION))}
    for fields, detail in (
        ({"layer": "stations", "store": "x"}, "Parameter form: saw 'store', wanted file"),
        ({"layer": "stations", "coverage": "/etc/passwd"}, "Parameter coverage: saw '/etc/passwd', wanted none, bbox"),
        ({"layer": "nowhere"}, "There is no layer 'nowhere'"),
        ({}, "There is no layer ''"),
    ):
        answer = taker.post("/imports?lang=en", data=fields, files=files)
        assert detail in answer.json()["detail"], answer.text
    assert taker.get("/jobs").json()["jobs"] == []


def test_a_body_of_another_type_is_refused(taker: TestClient) -> None:
    query = {"layer": "stations", "name": "a.geojson"}
    answer = taker.post("/imports", params=query, content=b"x", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    assert taker.post("/imports", params=query, content=b"", headers=BINARY).status_code == 400


def test_a_long_upload_is_cut_off_and_not_kept(taking: Settings) -> None:
    small = taking.model_copy(update={"import_max_bytes": 1_000})
    with TestClient(create_app(small)) as client:
        answer = send(client, collection(STATION) + b" " * 2_000)
        assert answer.status_code == 413
        assert list(Path(taking.import_folder).iterdir()) == []


def test_a_name_leads_nowhere_else(taker: TestClient, taking: Settings) -> None:
    job = ended(taker, send(taker, collection(STATION), name="../../outside/ga <b>.geojson"))
    assert job["file"] == "ga _b_.geojson"
    kept = [path.relative_to(taking.import_folder) for path in Path(taking.import_folder).rglob("*.geojson")]
    assert [len(path.parts) for path in kept] == [2]


def test_a_server_that_others_can_reach_takes_files_from_those_who_may_edit(store_url: str) -> None:
    fill(store_url)
    reached = Settings(store=store_url, language="en", host="0.0.0.0", allow_remote=True)  # noqa: S104 - the case
    with TestClient(create_app(reached)) as client:
        answer = send(client, collection(STATION))
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="parkplan"')
        assert answer.json()["detail"].startswith("/imports: please sign in, or send a token")
    with TestClient(create_app(Settings(store=store_url, language="en", imports="off"))) as client:
        answer = send(client, collection(STATION))
        assert answer.status_code == 403
        assert answer.json()["detail"] == "This server takes no files: as it is set. Wanted PARKPLAN_IMPORTS=on."
    assert "Máy chủ này không nhận tệp" in ImportsOffError(seen="x", wanted="y").message("vi")


def test_a_full_queue_says_when_to_come_again(taking: Settings) -> None:
    with TestClient(create_app(taking.model_copy(update={"import_queue": 1}))) as client:
        jobs: Jobs = client.app.state.jobs  # type: ignore[attr-defined] # the application itself
        jobs.add("elsewhere", {"file": "x", "layer": "stations"}, message=Text(vi="chờ", en="waiting"))
        answer = send(client, collection(STATION))
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "10"
        assert "1 jobs are waiting already" in answer.json()["detail"]


def test_the_page_says_everything_in_both_languages(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,name,x,y\na,X,588618.065,2325348.988\n", encoding="utf-8")
    receipt = validate_file(path, coordinates=("x", "y"))
    vi, en = (receipt_page(receipt.document(language), language) for language in LANGUAGES)
    assert WORDS["state_refused"].vi in vi
    assert WORDS["state_refused"].en in en
    assert "--crs EPSG:5897" in en
    assert 'lang="vi"' in vi
