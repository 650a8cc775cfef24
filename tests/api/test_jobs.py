"""A worker that no file can lead astray, jobs that every server sees alike, and a server that goes on meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import datetime as dt
import io
import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from starlette.requests import Request
from starlette.testclient import TestClient

from api import uploads
from api.app import create_app
from api.errors import SealedError, StalledError
from api.problems import kind_of
from api.running import Runner, clear_old
from api.settings import Settings
from api.tasks import IMPORT, Task
from api.worker import Limits, Order, environment
from layers.errors import UnknownJobError
from layers.jobs import Jobs, open_jobs
from layers.store import Put, Store, open_store
from layers.types import Text
from tests.support.files import STATION, collection, ended, send, waited, with_properties

ROOT = Path(__file__).resolve().parents[2]
SAID = Text(vi="lời", en="word")
LIMITS = Limits(time_s=60, memory_mib=8_192, file_mib=1_024)


def many(count: int) -> bytes:
    """A file that takes a while."""
    return collection(*(with_properties(id=f"s{number}", name="x" * 400) for number in range(count)))


# Hostile and hopeless files ----------------------------------------------------------------------------------------


def zipped(files: dict[str, bytes], *, link: str = "") -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
        if link:
            entry = zipfile.ZipInfo("lots.geojson")
            entry.external_attr = (stat.S_IFLNK | 0o777) << 16
            archive.writestr(entry, link)
    return buffer.getvalue()


VRT = (
    b"<OGRVRTDataSource><OGRVRTLayer name='a'><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer>"
    b"</OGRVRTDataSource>"
)
REMOTE = b'{"type": "FeatureCollection", "features": "/vsicurl/http://127.0.0.1:9/a.geojson"}'
DTD = (
    b'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    b"<kml xmlns='http://www.opengis.net/kml/2.2'><Document><Placemark><name>&x;</name><Point><coordinates>105.8,21.0"
    b"</coordinates></Point></Placemark></Document></kml>"
)
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY a "lol">'
    + b"".join(b'<!ENTITY %c "%s">' % (98 + n, b"&%c;" % (97 + n) * 10) for n in range(12))
    + b"]><kml xmlns='http://www.opengis.net/kml/2.2'><Document><Placemark><name>&m;</name></Placemark></Document></kml>"
)


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("bomb.zip", zipped({"lots.geojson": b" " * 300_000_000})),
        ("out.zip", zipped({"../../etc/lots.geojson": b"{}"})),
        ("link.zip", zipped({}, link="/etc/passwd")),
        ("nested.zip", zipped({"inner.zip": zipped({"lots.geojson": b"{}"})})),
        ("vrt.geojson", VRT),
        ("vrt.gml", VRT),
        ("vrt.zip", zipped({"lots.vrt": VRT})),
        ("remote.geojson", REMOTE),
        ("entity.kml", DTD),
        ("laughs.kml", LAUGHS),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_hostile_file_is_refused_with_a_receipt(taker: TestClient, name: str, body: bytes) -> None:
    job = ended(taker, send(taker, body, name=name))
    assert (job["status"], job["receipt"]) == ("successful", "refused"), job
    receipt = taker.get(f"/jobs/{job['jobID']}/results")
    assert receipt.json()["issues"][0]["rule"] in ("file-unreadable", "mapping-unfit")
    assert "root:" not in receipt.text
    assert job["file"] == name


def test_a_file_that_needs_too_much_memory_is_stopped(taking: Settings) -> None:
    points = ",".join(f"[{105 + number % 1000 / 1e4},{21 + number / 1e9}]" for number in range(3_000_000))
    shape = b'{"type":"MultiPoint","coordinates":[' + points.encode() + b"]}"
    body = b'{"type":"Feature","properties":{"id":"a","name":"x"},"geometry":' + shape + b"}"
    assert_stopped(taking.model_copy(update={"import_memory_mib": 1_500}), body, "PARKPLAN_IMPORT_MEMORY_MIB")


def test_a_file_that_takes_too_long_is_stopped(taking: Settings) -> None:
    assert_stopped(taking.model_copy(update={"import_time_s": 1}), many(40_000), "PARKPLAN_IMPORT_TIME_S")


def test_a_file_that_fills_the_disk_is_stopped(taking: Settings) -> None:
    text = b'{"type": "FeatureCollection", "features": [' + bytes(str(list(range(600_000))), "ascii") + b"]}"
    tight = taking.model_copy(update={"import_file_mib": 1})
    assert_stopped(tight, zipped({"lots.geojson": text}), "PARKPLAN_IMPORT_FILE_MIB", name="lots.zip")


def assert_stopped(settings: Settings, body: bytes, setting: str, **options: str) -> None:
    """Assert that a limit strikes, is named in both languages, and leaves nothing but the reason."""
    with TestClient(create_app(settings)) as client:
        job = ended(client, send(client, body, **options))
        assert job["status"] == "failed", job
        assert setting in job["message"]
        assert "Nothing was written." in job["message"]
        there = client.get(f"/jobs/{job['jobID']}", params={"lang": "vi"}).json()["message"]
        assert setting in there
        assert "Không ghi gì." in there
        assert len(client.app.state.store.changesets()) == 1  # type: ignore[attr-defined] # the application itself
        missing = client.get(f"/jobs/{job['jobID']}/results")
        assert (missing.status_code, missing.json()["type"].rpartition("/")[2]) == (404, "result-not-ready")
        assert f"has no result: {job['message']}" in missing.json()["detail"]
        assert left_of(settings) == [options.get("name", "stations.geojson")]


def left_of(settings: Settings) -> list[str]:
    """What is kept of uploads once no worker is at work."""
    deadline = time.monotonic() + 60
    folder = Path(settings.import_folder)
    while any("work-" in path.name for path in folder.glob("*/*")):
        assert time.monotonic() < deadline, "a scratch folder is left"
        time.sleep(0.05)
    return [path.name for path in folder.glob("*/*")]


@pytest.mark.parametrize("suffix", ["gml", "gpkg", "shp", "csv"])
def test_what_reads_well_outside_reads_well_inside(
    taker: TestClient, taking: Settings, tmp_path: Path, suffix: str
) -> None:
    """The walls must not be felt by honest files, such as those beside which a reader lays an index."""
    made = tmp_path / "made"
    made.mkdir()
    if suffix == "csv":
        body, name = b"id,name,wkt\nnew,Ga,POINT (105.85 21.02)\n", "ga.csv"
    else:
        source = made / "in.geojson"
        source.write_bytes(collection(STATION))
        subprocess.run(["ogr2ogr", made / f"ga.{suffix}", source], check=True, capture_output=True)
        source.unlink()
        if suffix == "shp":
            body, name = zipped({path.name: path.read_bytes() for path in made.iterdir()}), "ga.zip"
        else:
            body, name = (made / f"ga.{suffix}").read_bytes(), f"ga.{suffix}"
    if suffix == "gpkg":
        # Left by QGIS in this mode, it can be opened only where files can be laid beside it.
        with closing(sqlite3.connect(made / name)) as opened:
            opened.execute("PRAGMA journal_mode = WAL")
        body = (made / name).read_bytes()
    options = {"coordinates": "wkt"} if suffix == "csv" else {}
    job = ended(taker, send(taker, body, name=name, crs="EPSG:4326", **options))
    receipt = taker.get(f"/jobs/{job['jobID']}/results").json()
    assert job.get("receipt") == "accepted", receipt
    assert left_of(taking) == [name]


# The walls ------------------------------------------------------------------------------------------------------------


def works_at(settings: Settings, job: str, file: Path) -> Order:
    """An order for a file, as a runner writes it."""
    scratch = file.parent / "work"
    scratch.mkdir(exist_ok=True)
    options: dict[str, Any] = {"author": "a", "message": "m"}
    store = settings.store if "://" in settings.store else str(Path(settings.store).absolute())
    task = Task(store, job, IMPORT, {"file": str(file), "layer": "stations", "options": options})
    return Order(task, str(file.parent), str(scratch), LIMITS)


TRYING = """
import sys
import api.worker as worker
inner = worker.perform
def trying(task, jobs):
    {}
worker.perform = trying
sys.exit(worker.main())
"""


def carried_out(order: Order, *, before: str = "") -> subprocess.CompletedProcess[bytes]:
    """Run a worker, which may be made to try something first, within its walls."""
    program = ["-m", "api.worker"]
    if before:
        program = ["-c", TRYING.format(before)]
    given = order.packed()
    env = environment(order.scratch)
    return subprocess.run([sys.executable, *program], input=given, capture_output=True, env=env, cwd=ROOT, check=False)


@pytest.fixture
def upload(tmp_path: Path) -> Path:
    """Give an uploaded file in a folder of its own."""
    folder = tmp_path / "uploads" / "own"
    folder.mkdir(parents=True)
    file = folder / "ga.geojson"
    file.write_bytes(collection(STATION))
    return file


ATTEMPTS = {
    "a secret of the system": "open('/etc/shadow').read()",
    "another upload": "open('{folder}/other/b.geojson').read()",
    "a folder of the machine": "__import__('os').listdir('/etc')",
    "a file of the program": "open('{root}/api/app.py', 'a')",
    "a file in the home": "open('{home}/note', 'w')",
    "a connection": "__import__('socket').create_connection(('127.0.0.1', {port}), 2)",
}


@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_a_worker_reaches_nothing_but_its_file_and_the_store(taking: Settings, upload: Path, attempt: str) -> None:
    if not confinable():
        pytest.skip("This kernel has no Landlock.")
    other = upload.parent.parent / "other" / "b.geojson"
    other.parent.mkdir()
    other.write_text("secret")
    with open_jobs(taking.store) as jobs, socket.create_server(("127.0.0.1", 0)) as listener:
        job = jobs.add("elsewhere", {}, message=SAID)
        port = listener.getsockname()[1]
        told = attempt.format(folder=upload.parent.parent, root=ROOT, home=Path.home(), port=port)
        done = carried_out(works_at(taking, job.id, upload), before=told)
        assert done.returncode != 0
        assert b"PermissionError" in done.stderr, done.stderr


def test_a_worker_reads_and_writes_where_it_may(taking: Settings, upload: Path) -> None:
    with open_jobs(taking.store) as jobs:
        job = jobs.add("elsewhere", {}, message=SAID)
        tried = "open('made', 'w').write(open(task.request['file']).read()); inner(task, jobs)"
        order = works_at(taking, job.id, upload)
        done = carried_out(order, before=f"__import__('os').chdir({order.scratch!r}); {tried}")
        assert done.returncode == 0, done.stderr.decode()
        assert (jobs.get(job.id).state, jobs.get(job.id).outcome) == ("successful", "accepted")
        assert (Path(order.scratch) / "made").read_bytes() == upload.read_bytes()
    with open_store(taking.store) as store:
        assert store.read("stations", ids=["new"])["floors"].tolist() == [2]


def confinable() -> bool:
    """Whether the kernel can shut a process in."""
    program = "from api.confining import confine; print(confine(readable=[], writable=[]))"
    told = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT, check=True)
    return told.stdout.strip() == "True"


def test_a_worker_gets_none_of_the_servers_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PARKPLAN_STORE", "postgresql://planner:secret@db/hanoi")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("PGPASSFILE", "/run/secrets/pgpass")
    given = environment("/scratch")
    assert given["PGPASSFILE"] == "/run/secrets/pgpass"
    assert (given["HOME"], given["TMPDIR"], given["PROJ_NETWORK"]) == ("/scratch", "/scratch", "OFF")
    assert "secret" not in " ".join(value for name, value in given.items() if name != "PGPASSFILE")


def test_a_worker_that_crashes_or_starves_is_told_apart(taking: Settings, upload: Path) -> None:
    with open_jobs(taking.store) as jobs:
        for tried, code in (
            ("raise MemoryError", 3),
            ("raise OSError('x') from RuntimeError('std::bad_alloc')", 3),
            ("raise KeyError('x')", 1),
            ("__import__('os').abort()", -signal.SIGABRT),
        ):
            job = jobs.add("elsewhere", {}, message=SAID)
            assert carried_out(works_at(taking, job.id, upload), before=tried).returncode == code, tried


# Jobs ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def jobs(taking: Settings) -> Iterator[Jobs]:
    """Give the jobs of a store, once for each engine."""
    with open_jobs(taking.store) as opened:
        yield opened


def test_a_job_is_told_from_its_first_word_to_its_last(jobs: Jobs) -> None:
    job = jobs.add("review", {"layer": "a"}, message=SAID, who="Viện A")
    assert (job.state, job.who, job.started, job.finished, jobs.waiting()) == ("accepted", "Viện A", None, None, 1)
    assert jobs.claim(["import"], message=SAID) is None, "work of another kind"
    claimed = jobs.claim(["review"], message=SAID)
    assert claimed is not None
    assert (claimed.id, claimed.state, claimed.started is None) == (job.id, "running", False)
    assert jobs.report(job.id, 40, Text(vi="đọc", en="reading"))
    now = jobs.get(job.id)
    assert (now.progress, now.message.vi, now.sealed) == (40, "đọc", False)
    jobs.keep(job.id, "receipt.vi", {"state": "đã nhận"})
    assert jobs.end(job.id, "successful", message=SAID, outcome="accepted")
    assert not jobs.end(job.id, "failed", message=SAID)
    assert not jobs.report(job.id, 50, SAID)
    assert not jobs.beat(job.id)
    now = jobs.get(job.id)
    assert (now.state, now.outcome, now.progress, jobs.waiting()) == ("successful", "accepted", 100, 0)
    assert now.created <= (now.started or now.created) <= (now.finished or now.created)
    with pytest.raises(UnknownJobError, match="There is no job 'nothing'"):
        jobs.get("nothing")
    with pytest.raises(UnknownJobError, match="receipt"):
        jobs.part(job.id, "receipt.en")


def test_each_job_is_claimed_once_and_in_order(taking: Settings) -> None:
    with open_jobs(taking.store) as one, open_jobs(taking.store) as other:
        ids = [one.add("import", {"n": number}, message=SAID).id for number in range(12)]
        claimed: list[str] = []

        def work(jobs: Jobs) -> None:
            while job := jobs.claim(["import"], message=SAID):
                claimed.append(job.id)

        threads = [threading.Thread(target=work, args=(jobs,)) for jobs in (one, other, one, other)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(claimed) == sorted(ids)
        again = [one.add("import", {}, message=SAID).id for _ in range(3)]
        assert [job.id for _ in again if (job := one.claim(["import"], message=SAID))] == again


def test_what_is_being_written_is_not_dismissed(jobs: Jobs) -> None:
    job = jobs.add("import", {}, message=SAID)
    jobs.claim(["import"], message=SAID)
    assert jobs.report(job.id, 70, SAID, sealed=True)
    assert not jobs.dismiss(job.id, message=SAID)
    assert jobs.get(job.id).state == "running"
    assert jobs.end(job.id, "successful", message=SAID)


def test_a_lost_worker_is_told_and_fills_no_queue(jobs: Jobs) -> None:
    silent = jobs.add("import", {}, message=SAID)
    jobs.claim(["import"], message=SAID)
    assert jobs.waiting() == 1
    age(jobs, silent.id, minutes=5)
    assert (jobs.get(silent.id).state, jobs.waiting()) == ("failed", 0)
    assert "The worker stopped without a word" in jobs.get(silent.id).message.en
    assert "dừng mà không báo lại" in jobs.get(silent.id).message.vi


def test_what_was_kept_long_enough_is_cleared_away(taking: Settings, jobs: Jobs) -> None:
    old = jobs.add("import", {}, message=SAID)
    jobs.keep(old.id, "receipt.vi", {})
    jobs.end(old.id, "failed", message=SAID)
    age(jobs, old.id, minutes=60 * 24 * 5)
    new = jobs.add("import", {}, message=SAID)
    folder = Path(taking.import_folder) / "old"
    folder.mkdir(parents=True)
    past = time.time() - 5 * 86_400
    os.utime(folder, (past, past))
    clear_old(taking, jobs)
    assert [job.id for job in jobs.recent(10)] == [new.id]
    assert not folder.exists()
    with pytest.raises(UnknownJobError):
        jobs.part(old.id, "receipt.vi")


def test_tables_of_another_version_are_made_anew(taking: Settings, jobs: Jobs) -> None:
    jobs.add("import", {}, message=SAID)
    with jobs._engine.begin() as connection:
        name = jobs._engine.dialect.identifier_preparer.format_table(jobs._table)
        connection.exec_driver_sql(f"ALTER TABLE {name} DROP COLUMN who")
    with open_jobs(taking.store) as opened:
        assert opened.recent(10) == []
        assert opened.add("import", {}, message=SAID).who == ""


def test_jobs_do_not_disturb_the_store(taking: Settings, jobs: Jobs) -> None:
    jobs.add("import", {}, message=SAID)
    with open_store(taking.store) as store:
        assert sorted(store.layers()) == ["notes", "stations"]
    if "://" not in taking.store:
        listed = subprocess.run(["ogrinfo", "-q", taking.store], capture_output=True, text=True, check=True).stdout
        assert "jobs" not in listed


def age(jobs: Jobs, job_id: str, *, minutes: int) -> None:
    """Make a job look as if nothing had been heard of it for a while."""
    past = (dt.datetime.now(dt.UTC) - dt.timedelta(minutes=minutes)).isoformat(timespec="microseconds")
    table = jobs._table  # the only way to the clock
    with jobs._engine.begin() as connection:
        connection.execute(table.update().where(table.c.id == job_id).values(updated=past))


# Servers ------------------------------------------------------------------------------------------------------------


def test_a_dismissed_job_is_stopped_and_stays_so(taker: TestClient) -> None:
    answer = send(taker, many(40_000))
    stopped = taker.delete(answer.headers["location"], params={"lang": "vi"})
    assert stopped.json()["status"] == "dismissed"
    assert "Đã huỷ" in stopped.json()["message"]
    assert ended(taker, answer)["status"] == "dismissed"
    assert taker.get("/collections/stations/items/s1").status_code == 404
    assert taker.delete(answer.headers["location"]).json()["status"] == "dismissed"


def test_a_job_is_dismissed_by_another_server_too(taking: Settings) -> None:
    idle = taking.model_copy(update={"imports": "off"})  # it takes no work over
    # Both are there before the work begins, so that it is not done before it is dismissed.
    with TestClient(create_app(idle)) as other, TestClient(create_app(taking)) as busy:
        answer = send(busy, many(60_000))
        path = answer.headers["location"].removeprefix("http://testserver")
        while busy.get(path).json()["status"] == "accepted":
            time.sleep(0.02)
        assert other.delete(path).json()["status"] == "dismissed"
        runner: Runner = busy.app.state.runner  # type: ignore[attr-defined] # the application itself
        deadline = time.monotonic() + 60
        while runner._running:
            assert time.monotonic() < deadline, "the worker goes on"
            time.sleep(0.05)
        assert busy.get("/collections/stations/items/s1").status_code == 404


def test_a_job_that_is_written_cannot_be_stopped(taker: TestClient, taking: Settings) -> None:
    with open_jobs(taking.store) as jobs:
        job = jobs.add("elsewhere", {"file": "x", "layer": "stations"}, message=SAID)
        jobs.claim(["elsewhere"], message=SAID)
        jobs.report(job.id, 70, Text(vi="Ghi", en="Writing"), sealed=True)
        answer = taker.delete(f"/jobs/{job.id}")
        assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (409, "sealed")
        assert f"The job {job.id} can be stopped no more (Writing)" in answer.json()["detail"]
    assert "Không dừng được" in SealedError(seen="x", wanted="y", where="z").message("vi")


def test_a_job_that_waited_is_carried_out_after_the_next_start(taking: Settings, tmp_path: Path) -> None:
    file = tmp_path / "uploads" / "one" / "ga.geojson"
    file.parent.mkdir(parents=True)
    file.write_bytes(collection(STATION))
    asked = {"layer": "stations", "file": str(file), "options": {"author": "a", "message": "m"}}
    with open_jobs(taking.store) as jobs:
        waiting = jobs.add("import", asked, message=SAID)
        gone = jobs.add("import", {**asked, "file": "/nowhere/b.geojson"}, message=SAID)
    with TestClient(create_app(taking)) as client:
        assert waited(client, f"/jobs/{waiting.id}")["receipt"] == "accepted"
        told = waited(client, f"/jobs/{gone.id}")
        assert (told["status"], told["message"]) == ("failed", "The uploaded file is not kept any more.")
        assert client.get("/collections/stations/items/new").status_code == 200


def test_a_stopped_server_says_so_and_leaves_no_worker(taking: Settings) -> None:
    with TestClient(create_app(taking)) as client:
        answer = send(client, many(60_000))
        job = answer.json()["jobID"]
        runner: Runner = client.app.state.runner  # type: ignore[attr-defined] # the application itself
        while job not in runner._running:
            assert client.get(f"/jobs/{job}").json()["status"] in ("accepted", "running")
        process = runner._running[job]
    assert process.returncode == -signal.SIGKILL
    with open_jobs(taking.store) as jobs:
        told = jobs.get(job)
        assert (told.state, told.message.en) == ("failed", "The server was stopped. Nothing was written.")


def test_it_is_told_whether_a_stopped_job_had_been_written(taking: Settings, jobs: Jobs, filled_url: str) -> None:
    quiet = taking.model_copy(update={"imports": "off"})
    cause = Text(vi="Vì vậy.", en="Because.")
    with open_store(filled_url) as store:
        runner = Runner(quiet, store, jobs)
        assert len(store.changesets()) == 1
        asked = {"options": {"author": "Kiểm thử", "message": "Đợt 2"}}
        job = jobs.add("import", asked, message=SAID)
        jobs.claim(["import"], message=SAID)
        jobs.report(job.id, 70, SAID, sealed=True)
        assert runner._told(jobs.get(job.id), cause).en == "Because. Nothing was written."
        copy_one(store)
        assert "written before (changeset 2), only the receipt is missing" in runner._told(jobs.get(job.id), cause).en
        assert "phiên bản thay đổi 2" in runner._told(jobs.get(job.id), cause).vi


def copy_one(store: Store) -> None:
    frame = store.read("stations", ids=["old"])
    store.commit([Put("stations", frame.set_axis(["older"]))], author="Kiểm thử", message="Đợt 2")


# A server that goes on ------------------------------------------------------------------------------------------------


def test_an_upload_that_stops_coming_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "_STALL_S", 0.1)
    pieces = [{"type": "http.request", "body": b'{"type"', "more_body": True}]

    async def receive() -> dict[str, Any]:
        if not pieces:
            await asyncio.sleep(60)
        return pieces.pop()

    headers = [(b"content-type", b"application/octet-stream")]
    request = Request({"type": "http", "method": "POST", "path": "/imports", "headers": headers}, receive)
    with pytest.raises(StalledError) as caught:
        asyncio.run(uploads.receive_upload(request, tmp_path, name="a.geojson", limit=1_000))
    told = "The body sent to /imports stopped after 7 bytes; nothing came for 0.1 seconds."
    assert caught.value.message("en") == told
    assert "dừng lại sau 7 byte" in caught.value.message("vi")
    assert kind_of(caught.value).status == 408


def test_slow_and_huge_uploads_do_not_hold_up_others(server: str) -> None:
    """Forty uploads that trickle, one that is large: every other reader is answered at once."""
    host, port = server.removeprefix("http://").split(":")
    head = (
        "POST /imports?layer=plots&name=a.geojson HTTP/1.1\r\nHost: {}\r\nContent-Type: application/octet-stream\r\n"
        "Content-Length: 400000000\r\n\r\n"
    ).format(server.removeprefix("http://"))
    slow = [socket.create_connection((host, int(port)), 10) for _ in range(60)]
    try:
        for one in slow:
            one.sendall(head.encode() + b'{"type"')
        done = threading.Event()

        def flood() -> None:
            with contextlib.suppress(OSError):  # a server may end an upload that is longer than it said
                while not done.is_set():
                    slow[0].sendall(b" " * 100_000)

        flooding = threading.Thread(target=flood)
        flooding.start()
        try:
            for path in ("/health", "/collections/parks/items?limit=20", "/jobs", "/assets/portal.css") * 5:
                # None of the uploads ends by itself, so that an answer is one that did not wait for them.
                with urllib.request.urlopen(server + path, timeout=20) as answer:
                    assert answer.status == 200
                    answer.read()
        finally:
            done.set()
            flooding.join(timeout=20)
    finally:
        for one in slow:
            one.close()
