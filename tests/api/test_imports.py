"""A file comes in over the web as it does on the command line, in a worker that no file can lead astray."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from api.app import create_app
from api.errors import ImportsOffError
from api.receipts import WORDS, receipt_page
from api.running import clear_old
from api.settings import Settings
from layers.errors import UnknownJobError
from layers.examining import validate_file
from layers.importing import receive_file
from layers.jobs import Jobs, open_jobs
from layers.store import open_store
from layers.types import LANGUAGES, Text
from tests.api.conftest import fill

BINARY = {"Content-Type": "application/octet-stream"}
WAIT_S = 60.0
STATION: dict[str, Any] = {
    "type": "Feature",
    "properties": {"id": "new", "name": "Ga mới <script>alert(1)</script>", "floors": 2},
    "geometry": {"type": "Point", "coordinates": [105.85, 21.02]},
}


def collection(*features: dict[str, Any]) -> bytes:
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def with_properties(**properties: Any) -> dict[str, Any]:
    return {**STATION, "properties": {**STATION["properties"], **properties}}


@pytest.fixture
def settings(store_url: str, tmp_path: Path) -> Settings:
    """Give settings over a store with the layers of the tests, once for each engine."""
    fill(store_url)
    return Settings(store=store_url, language="en", import_folder=str(tmp_path / "uploads"), import_memory_mib=8_192)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    """Give a client of an application that takes files."""
    with TestClient(create_app(settings)) as opened:
        yield opened


def send(client: TestClient, body: bytes, **options: str) -> Any:
    query = {"layer": "stations", "name": "stations.geojson", "lang": "en", **options}
    return client.post("/imports", params=query, content=body, headers=BINARY)


def ended(client: TestClient, answer: Any) -> Any:
    """Wait for a job to end, and give how it stands."""
    assert answer.status_code == 201, answer.text
    address = answer.headers["location"]
    deadline = time.monotonic() + WAIT_S
    while (job := client.get(address).json())["status"] in ("accepted", "running"):
        assert time.monotonic() < deadline, job
        time.sleep(0.05)
    return job


# What comes in -----------------------------------------------------------------------------------------------------


def test_a_file_becomes_a_changeset_and_a_receipt(client: TestClient) -> None:
    answer = send(
        client, collection(STATION), author="Viện A", message="Đợt 1", decision="1569/QĐ-TTg", decided="2024-12-12"
    )
    job = ended(client, answer)
    assert (job["status"], job["receipt"], job["progress"], job["file"]) == (
        "successful",
        "accepted",
        100,
        "stations.geojson",
    )
    receipt = client.get(f"/jobs/{job['jobID']}/results").json()
    assert (receipt["counts"]["read"], receipt["counts"]["written"]) == (1, 1)
    assert client.get("/collections/stations/items/new").json()["properties"]["floors"] == 2
    changeset = client.app.state.store.changesets()[-1]  # type: ignore[attr-defined] # the application itself
    assert (changeset.id, changeset.author, changeset.message) == (receipt["changeset"], "Viện A", "Đợt 1")
    assert (changeset.decision.number, changeset.decision.date) == ("1569/QĐ-TTg", dt.date(2024, 12, 12))


def test_the_receipt_is_that_of_the_library(client: TestClient, settings: Settings, tmp_path: Path) -> None:
    body = collection(with_properties(floors=-1), with_properties(id="b", opened="hôm qua"))
    job = ended(client, send(client, body, dry_run="true"))
    path = tmp_path / "stations.geojson"
    path.write_bytes(body)
    with open_store(settings.store) as store:
        own = receive_file(store, path, "stations", author="a", message="m", dry_run=True)
    for language in LANGUAGES:
        served = client.get(f"/imports/{job['jobID']}/receipt", params={"lang": language, "f": "json"}).json()
        assert {**served, "time": ""} == {**json.loads(json.dumps(own.document(language))), "time": ""}
        issues = client.get(f"/imports/{job['jobID']}/issues", params={"lang": language}).json()
        assert issues == json.loads(own.issues_frame(language).to_json(drop_id=True))


def test_a_refused_file_leaves_nothing_behind_and_can_be_taken_in_part(client: TestClient) -> None:
    body = collection(STATION, with_properties(id="bad", floors=-1))
    job = ended(client, send(client, body))
    assert (job["status"], job["receipt"]) == ("successful", "refused")
    assert client.get("/collections/stations/items/new").status_code == 404
    again = client.post(f"/imports/{job['jobID']}/choices", params={"accept": "valid", "lang": "en"})
    assert ended(client, again)["receipt"] == "partly_accepted"
    assert client.get("/collections/stations/items/new").status_code == 200
    assert client.get("/collections/stations/items/bad").status_code == 404


def test_an_open_choice_is_made_without_a_second_upload(client: TestClient) -> None:
    body = b"id,name,x,y\nnew,Ga,588618.065,2325348.988\n"
    job = ended(client, send(client, body, name="ga.csv", coordinates="x,y"))
    assert job["receipt"] == "refused"
    receipt = client.get(f"/jobs/{job['jobID']}/results").json()
    assert [issue["rule"] for issue in receipt["issues"]] == ["crs-undecided"]
    key = receipt["diagnosis"]["hypotheses"][0]["key"]
    again = ended(client, client.post(f"/imports/{job['jobID']}/choices", params={"crs": key}))
    assert again["receipt"] == "accepted"
    place = client.get("/collections/stations/items/new").json()["geometry"]["coordinates"]
    assert place == pytest.approx([105.8544, 21.0195], abs=1e-6)


def test_a_receipt_is_a_page_that_runs_nothing_of_the_file(client: TestClient) -> None:
    job = ended(client, send(client, collection(with_properties(floors="<script>alert(1)</script>"))))
    page = client.get(f"/imports/{job['jobID']}/receipt", headers={"Accept": "text/html"})
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
def test_a_wrong_parameter_is_named(client: TestClient, options: dict[str, str], status: int, detail: str) -> None:
    answer = send(client, collection(STATION), **options)
    assert (answer.status_code, detail in answer.json()["detail"]) == (status, True), answer.text
    assert client.get("/jobs").json()["jobs"] == []


def test_a_body_that_a_form_of_another_site_could_send_is_refused(client: TestClient) -> None:
    query = {"layer": "stations", "name": "a.geojson"}
    answer = client.post("/imports", params=query, content=b"x", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    assert client.post("/imports", params=query, content=b"", headers=BINARY).status_code == 400


def test_a_long_upload_is_cut_off_and_not_kept(settings: Settings) -> None:
    small = settings.model_copy(update={"import_max_bytes": 1_000})
    with TestClient(create_app(small)) as client:
        answer = send(client, collection(STATION) + b" " * 2_000)
        assert answer.status_code == 413
        assert list(Path(settings.import_folder).iterdir()) == []


def test_a_name_leads_nowhere_else(client: TestClient, settings: Settings) -> None:
    job = ended(client, send(client, collection(STATION), name="../../outside/ga <b>.geojson"))
    assert job["file"] == "ga _b_.geojson"
    kept = [path.relative_to(settings.import_folder) for path in Path(settings.import_folder).rglob("*.geojson")]
    assert [len(path.parts) for path in kept] == [2]


def test_a_server_that_others_can_reach_takes_no_files_unless_told(store_url: str) -> None:
    fill(store_url)
    reached = Settings(store=store_url, language="en", host="0.0.0.0", allow_remote=True)  # noqa: S104 - the case
    with TestClient(create_app(reached)) as client:
        answer = send(client, collection(STATION))
        assert answer.status_code == 403
        assert answer.json()["detail"] == (
            "This server takes no files: it listens at 0.0.0.0, where anybody could send them. "
            "Wanted PARKPLAN_IMPORTS=on."
        )
    assert Settings(host="0.0.0.0", allow_remote=True, imports="on").takes_files  # noqa: S104 - the case
    assert not Settings(imports="off").takes_files
    assert "Máy chủ này không nhận tệp" in ImportsOffError(seen="x", wanted="y").message("vi")


def test_a_full_queue_says_when_to_come_again(settings: Settings) -> None:
    with TestClient(create_app(settings.model_copy(update={"import_queue": 1}))) as client:
        jobs: Jobs = client.app.state.jobs  # type: ignore[attr-defined] # the application itself
        jobs.add("import", {"file": "x", "layer": "stations"}, message=Text(vi="chờ", en="waiting"))
        answer = send(client, collection(STATION))
        assert answer.status_code == 503
        assert answer.headers["retry-after"] == "10"
        assert "1 jobs are waiting already" in answer.json()["detail"]


# Hostile and hopeless files ----------------------------------------------------------------------------------------


def zipped(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name.replace("__", "/").replace("_dot_", "."), content)
    return buffer.getvalue()


VRT = (
    b"<OGRVRTDataSource><OGRVRTLayer name='a'><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>"
    b"</OGRVRTDataSource>"
)
REMOTE = b'{"type": "FeatureCollection", "features": "/vsicurl/http://127.0.0.1:9/a.geojson"}'


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("bomb.zip", zipped(lots_dot_geojson=b" " * 300_000_000)),
        ("out.zip", zipped(**{".._____etc__lots_dot_geojson": b"{}"})),
        ("vrt.geojson", VRT),
        ("remote.geojson", REMOTE),
    ],
    ids=["a bomb", "a way out", "a pipeline", "an address"],
)  # fmt: skip
def test_a_hostile_file_is_refused_with_a_receipt(client: TestClient, name: str, body: bytes) -> None:
    job = ended(client, send(client, body, name=name))
    assert (job["status"], job["receipt"]) == ("successful", "refused")
    issue = client.get(f"/jobs/{job['jobID']}/results").json()["issues"][0]
    assert issue["rule"] in ("file-unreadable", "mapping-unfit")
    assert "root:" not in json.dumps(issue)
    assert job["file"] == name


def test_a_file_that_needs_too_much_memory_is_stopped(settings: Settings) -> None:
    tight = settings.model_copy(update={"import_memory_mib": 1_500})
    points = ",".join(f"[{105 + number % 1000 / 1e4},{21 + number / 1e9}]" for number in range(3_000_000))
    body = (
        b'{"type":"Feature","properties":{"id":"a","name":"x"},"geometry":{"type":"MultiPoint","coordinates":['
        + points.encode()
        + b"]}}"
    )
    with TestClient(create_app(tight)) as client:
        job = ended(client, send(client, body))
        assert job["status"] == "failed", job
        assert "PARKPLAN_IMPORT_MEMORY_MIB" in job["message"]
        assert len(client.app.state.store.changesets()) == 1  # type: ignore[attr-defined] # the application itself
        missing = client.get(f"/jobs/{job['jobID']}/results")
        assert (missing.status_code, missing.json()["type"].rpartition("/")[2]) == (404, "result-not-ready")
        assert "has no result: It needed more than" in missing.json()["detail"]


def test_a_file_that_takes_too_long_is_stopped(settings: Settings) -> None:
    short = settings.model_copy(update={"import_time_s": 1})
    body = collection(*(with_properties(id=f"s{number}", name="x" * 400) for number in range(60_000)))
    with TestClient(create_app(short)) as client:
        job = ended(client, send(client, body))
        assert job["status"] == "failed", job
        assert "PARKPLAN_IMPORT_TIME_S" in job["message"]
        assert len(client.app.state.store.changesets()) == 1  # type: ignore[attr-defined] # the application itself


def test_a_dismissed_job_is_stopped_and_stays_so(client: TestClient) -> None:
    body = collection(*(with_properties(id=f"s{number}", name="x" * 400) for number in range(40_000)))
    answer = send(client, body)
    stopped = client.delete(answer.headers["location"], params={"lang": "vi"})
    assert stopped.json()["status"] == "dismissed"
    assert "Đã huỷ" in stopped.json()["message"]
    assert ended(client, answer)["status"] == "dismissed"
    assert client.get("/collections/stations/items/s1").status_code == 404


# Jobs ---------------------------------------------------------------------------------------------------------------


def test_a_worker_that_is_lost_is_told_and_the_first_word_counts(settings: Settings) -> None:
    with open_jobs(settings.store) as jobs:
        job = jobs.add("import", {"layer": "a"}, message=Text(vi="chờ", en="waiting"))
        assert jobs.waiting() == 1
        assert jobs.report(job.id, 40, Text(vi="đọc", en="reading"))
        assert (jobs.get(job.id).state, jobs.get(job.id).progress) == ("running", 40)
        assert jobs.end(job.id, "failed", message=Text(vi="hỏng", en="broken"))
        assert not jobs.end(job.id, "successful", message=Text(vi="x", en="y"), result={})
        assert not jobs.report(job.id, 50, Text(vi="x", en="y"))
        assert (jobs.get(job.id).message.en, jobs.waiting()) == ("broken", 0)
        silent = jobs.add("import", {"layer": "a"}, message=Text(vi="chờ", en="waiting"))
        jobs.report(silent.id, 1, Text(vi="đọc", en="reading"))
        _age(jobs, silent.id, minutes=5)
        assert jobs.get(silent.id).state == "failed"
        assert "The worker stopped without a word" in jobs.get(silent.id).message.en
        with pytest.raises(UnknownJobError, match="There is no job 'nothing'"):
            jobs.get("nothing")


def test_what_was_kept_long_enough_is_cleared_away(settings: Settings) -> None:
    with open_jobs(settings.store) as jobs:
        old = jobs.add("import", {"layer": "a"}, message=Text(vi="chờ", en="waiting"))
        jobs.end(old.id, "failed", message=Text(vi="hỏng", en="broken"))
        _age(jobs, old.id, minutes=60 * 24 * 5)
        new = jobs.add("import", {"layer": "a"}, message=Text(vi="chờ", en="waiting"))
        folder = Path(settings.import_folder) / "old"
        folder.mkdir(parents=True)
        past = time.time() - 5 * 86_400
        os.utime(folder, (past, past))
        clear_old(settings, jobs)
        assert [job.id for job in jobs.recent(10)] == [new.id]
        assert not folder.exists()


def _age(jobs: Jobs, job_id: str, *, minutes: int) -> None:
    """Make a job look as if nothing had been heard of it for a while."""
    past = (dt.datetime.now(dt.UTC) - dt.timedelta(minutes=minutes)).isoformat()
    table = jobs._table  # the only way to the clock
    with jobs._engine.begin() as connection:
        connection.execute(table.update().where(table.c.id == job_id).values(updated=past))


def test_the_page_says_everything_in_both_languages(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("id,name,x,y\na,X,588618.065,2325348.988\n", encoding="utf-8")
    receipt = validate_file(path, coordinates=("x", "y"))
    vi, en = (receipt_page(receipt.document(language), language) for language in LANGUAGES)
    assert WORDS["state_refused"].vi in vi
    assert WORDS["state_refused"].en in en
    assert "--crs EPSG:5897" in en
    assert 'lang="vi"' in vi
