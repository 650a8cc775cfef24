from __future__ import annotations

import csv
import getpass
import io
import json
import os
import signal
import socket
import stat
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any, Protocol

import pytest

from api.cli import main
from layers.catalogue import shipped_definitions
from layers.schema import reference_page
from layers.store import open_store
from tests.api.conftest import STATIONS
from tests.support.server import PROGRAM, parkplan


@pytest.fixture(scope="module")
def hanoi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store made by the command line itself."""
    store = tmp_path_factory.mktemp("cli") / "new" / "hanoi.gpkg"
    made = parkplan("init", "--lang", "en", store=store)
    assert made.stdout == f"Loaded the Hanoi data into {store}: 26 layers, {features(store)} features.\n"
    assert (made.returncode, made.stderr) == (0, "")
    return store


@pytest.fixture
def zones(tmp_path: Path) -> Path:
    """Two stations in a GeoJSON file."""
    members = [
        {
            "type": "Feature",
            "properties": {"feature_id": name, "name": f"Trạm {name}", "floors": 2},
            "geometry": {"type": "Point", "coordinates": [105.6, 21.0]},
        }
        for name in ("a", "b")
    ]
    file = tmp_path / "stations.geojson"
    file.write_text(json.dumps({"type": "FeatureCollection", "features": members}), encoding="utf-8")
    return file


@pytest.fixture
def stations(tmp_path: Path) -> Path:
    """A small store with one empty layer beside the coverage."""
    store, definition = tmp_path / "stations.gpkg", tmp_path / "stations.toml"
    definition.write_text(STATIONS, encoding="utf-8")
    open_store(store).close()
    added = parkplan("layers", "add", str(definition), "--lang", "en", store=store)
    assert (added.returncode, added.stdout) == (0, "Added the layer stations.\n")
    return store


def features(store: Path) -> int:
    with open_store(store) as opened:
        return sum(opened.count(layer) for layer in opened.layers())


class Cli(Protocol):
    """Runs a command in this process, which is quicker than a program of its own."""

    def __call__(self, *arguments: str, store: Path | str, language: str = "en") -> tuple[int, str, str]:
        """Return exit code, standard output and standard error."""
        ...


@pytest.fixture
def cli(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    """Give a way to run commands."""

    def run(*arguments: str, store: Path | str, language: str = "en") -> tuple[int, str, str]:
        monkeypatch.setenv("PARKPLAN_STORE", str(store))
        monkeypatch.setenv("PARKPLAN_LANGUAGE", language)
        monkeypatch.setattr(sys, "argv", ["parkplan", *arguments])
        code = main()
        told = capsys.readouterr()
        return code, told.out, told.err

    return run


def refused(cli: Cli, *arguments: str, store: Path | str) -> str:
    """Run a command that must fail with exit code 2 and one message."""
    code, out, err = cli(*arguments, store=store)
    assert (code, out) == (2, "")
    return err


def test_init_twice_changes_nothing(cli: Cli, hanoi: Path) -> None:
    code, told, _ = cli("init", "--lang", "vi", store=hanoi)
    assert code == 0
    count = features(hanoi)
    assert told == f"{hanoi} đã có dữ liệu Hà Nội: 26 lớp, {count} đối tượng; không thay đổi gì.\n"


@pytest.mark.parametrize("language", ["vi", "en"])
def test_the_review_is_the_same_from_the_command_line_and_over_http(hanoi: Path, server: str, language: str) -> None:
    done = parkplan("review", "--horizon", "2030", "--format", "json", "--lang", language, store=hanoi)
    assert (done.returncode, done.stderr) == (0, "")
    request = urllib.request.Request(
        f"{server}/processes/planning-review/execution",
        data=json.dumps({"inputs": {"horizon": 2030, "language": language}}).encode(),
        headers={"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as answer:
        assert json.loads(done.stdout) == json.load(answer)


def test_every_format_of_the_review_tells_the_same_findings(cli: Cli, hanoi: Path) -> None:
    def run(format_: str) -> str:
        code, out, err = cli("review", "--horizon", "2045", "--format", format_, store=hanoi)
        assert (code, err) == (0, "")
        return out

    document: dict[str, Any] = json.loads(run("json"))
    rows = list(csv.DictReader(io.StringIO(run("csv"))))
    assert json.loads(run("geojson")) == document["findings"]
    found = document["findings"]["features"]
    assert [row["finding_id"] for row in rows] == [entry["id"] for entry in found]
    assert [row["outcome"] for row in rows] == [entry["properties"]["outcome"] for entry in found]
    table = run("table")
    assert "Review at the horizon 2045" in table
    for park in document["parks"]:
        (line,) = [line for line in table.splitlines() if line.startswith(f"│ {park['park_id']} ")]
        counts = [int(cell) for cell in line.split("│")[3:-1]]
        assert counts == [park[outcome] for outcome in document["summary"]]
    summed = ", ".join(f"{document['outcomes'][name]} {count}" for name, count in document["summary"].items())
    assert f"In all: {summed}." in table


def test_a_result_file_is_whole_and_replaces_the_one_before(cli: Cli, hanoi: Path, tmp_path: Path) -> None:
    out = tmp_path / "review.csv"
    out.write_text("before", encoding="utf-8")
    done = cli("review", "--horizon", "2030", "--format", "csv", "--out", str(out), store=hanoi)
    assert done == (0, "", f"Wrote {out}\n")
    content = out.read_bytes()
    assert content.startswith(b"\xef\xbb\xbffinding_id,")
    assert [entry.name for entry in tmp_path.iterdir()] == ["review.csv"]
    mask = os.umask(0)
    os.umask(mask)
    assert stat.S_IMODE(out.stat().st_mode) == 0o666 & ~mask


def test_a_file_that_cannot_be_written_is_named_and_nothing_is_left(cli: Cli, hanoi: Path, tmp_path: Path) -> None:
    run = ("review", "--horizon", "2030", "--format", "json", "--out")
    wanted = "Wanted a folder that is there and can be written to.\n"
    missing = tmp_path / "nowhere" / "review.json"
    told = refused(cli, *run, str(missing), store=hanoi)
    assert told == f"The file {missing} cannot be written: No such file or directory. {wanted}"
    told = refused(cli, *run, str(tmp_path), store=hanoi)
    assert told == f"The file {tmp_path} cannot be written: Is a directory. {wanted}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("arguments", "english", "vietnamese"),
    [
        (["review"], "'--horizon' is missing", "thiếu '--horizon'"),
        (["review", "--horizon"], "Option '--horizon' requires an argument", "tuỳ chọn '--horizon' cần một giá trị"),
        (
            ["review", "--horizon", "soon"],
            "Parameter --horizon: saw 'soon', wanted a year such as 2030.",
            "Tham số --horizon: gặp 'soon', cần một năm như 2030.",
        ),
        (["review", "--horizon", "3000"], "horizon: saw 3000, wanted a year from 1900 to 2200.", "horizon: gặp 3000"),
        (
            ["review", "--horizon", "2030", "--format", "xml"],
            "Parameter --format: saw 'xml', wanted table, json, csv, geojson.",
            "Tham số --format: gặp 'xml', cần table, json, csv, geojson.",
        ),
        (
            ["review", "--horizon", "2030", "--out", "x.txt"],
            "Parameter --format: saw 'table', wanted json, csv, geojson.",
            "Tham số --format: gặp 'table', cần json, csv, geojson.",
        ),
        (["layers", "show", "park"], "There is no layer 'park'. The layers are: parks,", "Không có lớp 'park'."),
        (["layers", "add", "no.toml"], "There is no file no.toml.", "Không có tệp no.toml."),
        (["layers"], "Missing command", "thiếu lệnh"),
        (["nothing"], "No such command 'nothing'", "không có lệnh 'nothing'"),
        (["changesets", "--all"], "No such option: --all", "không có tuỳ chọn --all"),
        (["changesets", "x"], "Got unexpected extra argument(s) (x)", "thừa đối số (x)"),
        (["import", "a.gpkg"], "'--layer' is missing", "thiếu '--layer'"),
        (
            ["import", "a.gpkg", "--layer", "parks", "--mode", "merge"],
            "Parameter --mode: saw 'merge', wanted upsert, insert, update, replace.",
            "Tham số --mode: gặp 'merge', cần upsert, insert, update, replace.",
        ),
        (
            ["import", "a.gpkg", "--layer", "parks", "--decided", "1.5.2025", "--decision", "1"],
            "Parameter --decided: saw '1.5.2025', wanted a date such as 2030-12-31.",
            "Tham số --decided: gặp '1.5.2025', cần ngày như 2030-12-31.",
        ),
        (
            ["import", "a.gpkg", "--layer", "parks", "--decided", "2025-05-01"],
            "Parameter --decided: saw '2025-05-01', wanted --decision with it.",
            "Tham số --decided: gặp '2025-05-01', cần cả --decision.",
        ),
        (["import", "no.gpkg", "--layer", "parks"], "There is no file no.gpkg.", "Không có tệp no.gpkg."),
        (["import", "Makefile", "--layer", "parks"], "The file Makefile cannot be read", "Không đọc được tệp"),
        (["serve", "--port", "web"], "Setting port: saw 'web', wanted a whole number from 0", "Thiết lập port: gặp"),
        (["serve", "--host", "0.0.0.0"], "A single-user store is served to this machine", "Kho một người dùng"),  # noqa: S104
        (["serve", "--host", "no.host.invalid", "--allow-remote"], "Cannot listen on no.host", "Không mở được cổng"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)  # fmt: skip
def test_bad_input_ends_with_code_2_and_one_message(
    cli: Cli, hanoi: Path, arguments: list[str], english: str, vietnamese: str
) -> None:
    for language, expected in (("en", english), ("vi", vietnamese)):
        code, out, err = cli(*arguments, store=hanoi, language=language)
        assert (code, out) == (2, "")
        assert expected in err
        assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["review", "--horizon", "soon"], "Parameter --horizon: saw 'soon', wanted a year such as 2030.\n"),
        (["nothing"], "The command line cannot be read: No such command 'nothing'. See: parkplan --help\n"),
        (["import", "no.gpkg", "--layer", "parks"], "There is no file no.gpkg.\n"),
    ],
)
def test_a_user_sees_one_message_and_exit_code_2(hanoi: Path, arguments: list[str], message: str) -> None:
    done = parkplan(*arguments, "--lang", "en", store=hanoi)
    assert (done.returncode, done.stdout, done.stderr) == (2, "", message)


def test_a_language_that_is_not_spoken_is_refused(cli: Cli, hanoi: Path) -> None:
    told = refused(cli, "layers", "list", "--lang", "fr", store=hanoi)
    assert told == "Parameter --lang: saw 'fr', wanted vi, en.\n"


def test_the_language_on_the_command_line_goes_before_the_environment(cli: Cli) -> None:
    assert cli("layers", "add", "no.toml", "--lang", "vi", store="none")[2] == "Không có tệp no.toml.\n"
    assert cli("layers", "add", "no.toml", "--lang=en", store="none", language="vi")[2] == "There is no file no.toml.\n"


@pytest.mark.parametrize("command", [["serve"], ["review", "--horizon", "2030"], ["layers", "list"], ["changesets"]])
def test_a_store_that_is_not_there_is_named_with_the_way_to_make_it(
    cli: Cli, tmp_path: Path, command: list[str]
) -> None:
    missing = tmp_path / "none.gpkg"
    told = refused(cli, *command, store=missing)
    assert told == f"There is no store {missing} yet. Please run: parkplan init\n"
    named = refused(cli, *command, "--store", str(missing), store="other.gpkg")
    assert named == f"There is no store {missing} yet. Please run: parkplan init --store {missing}\n"
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_store_is_refused(cli: Cli, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.gpkg"
    wrong.write_text("no store", encoding="utf-8")
    for command in (["init"], ["layers", "list"], ["serve"]):
        assert refused(cli, *command, store=wrong).startswith(f"The store {wrong} cannot be opened: ")
    assert wrong.read_text(encoding="utf-8") == "no store"


def test_a_folder_that_cannot_be_made_is_named(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    told = refused(cli, "init", store=tmp_path / "file" / "new" / "a.gpkg")
    assert told.startswith(f"The file {tmp_path}/file/new/a.gpkg cannot be written: ")


def test_layers_are_listed_shown_and_documented(cli: Cli, hanoi: Path) -> None:
    listed = cli("layers", "list", store=hanoi, language="vi")[1]
    assert "│ parks " in listed
    assert "Khu công nghiệp" in listed
    shown = cli("layers", "show", "parks", store=hanoi)[1]
    assert "Industrial parks (parks)" in shown
    assert "Features: 29\n" in shown
    assert "operating, under_construction, in_plan, proposed" in shown
    schema = json.loads(cli("layers", "schema", "parks", store=hanoi)[1])
    assert schema["properties"]["area_ha"]["x-ogc-unit"] == "ha"
    page = cli("layers", "docs", store=hanoi)[1]
    assert page == reference_page(list(shipped_definitions().values()), "en")


def test_a_layer_is_added_from_its_definition_file(cli: Cli, stations: Path, tmp_path: Path) -> None:
    definition = tmp_path / "stations.toml"
    add = ("layers", "add", str(definition))
    assert cli(*add, store=stations)[1] == "The layer stations is unchanged.\n"
    definition.write_text(STATIONS.replace("Stations for tests", "Stations of today"), encoding="utf-8")
    assert cli(*add, store=stations, language="vi")[1] == "Đã cập nhật lớp stations.\n"
    definition.write_text(STATIONS.replace('"text"', '"date"', 1), encoding="utf-8")
    told = refused(cli, *add, store=stations)
    assert told.startswith("The layer stations is already there with another definition: ")
    definition.write_text("id = ", encoding="utf-8")
    assert refused(cli, *add, store=stations).startswith(f"The definition {definition} is not valid")


def test_an_import_is_one_changeset_with_author_message_and_decision(cli: Cli, stations: Path, zones: Path) -> None:
    run = ("import", str(zones), "--layer", "stations")
    code, told, _ = cli(*run, "--dry-run", store=stations)
    assert code == 0
    assert "2 would be written, 0 unchanged (dry run, nothing was written)." in told
    assert features(stations) == 0
    decided = ("--decision", "1569/QĐ-TTg", "--decided", "2024-12-12")
    code, told, _ = cli(*run, "--author", "Lan", "--message", "Khảo sát", *decided, store=stations)
    assert code == 0
    assert "2 features read, 2 written, 0 unchanged." in told
    assert told.endswith("Changeset 1.\n")
    listed = cli("changesets", store=stations)[1]
    (line,) = [line for line in listed.splitlines() if line.startswith("│ 1 ")]
    cells = [cell.strip() for cell in line.split("│")[1:-1]]
    assert (cells[0], *cells[2:]) == ("1", "Lan", "Khảo sát", "1569/QĐ-TTg (2024-12-12)", "2")
    again = cli(*run, store=stations)[1]
    assert "0 written, 2 unchanged." in again
    assert "Changeset" not in again
    with open_store(stations) as opened:
        assert len(opened.changesets()) == 1


def test_an_import_names_its_user_and_file_when_nothing_else_is_said(cli: Cli, stations: Path, zones: Path) -> None:
    assert cli("import", str(zones), "--layer", "stations", store=stations, language="vi")[0] == 0
    with open_store(stations) as opened:
        (made,) = opened.changesets()
    assert (made.author, made.message) == (getpass.getuser(), "Nhập stations.geojson")
    assert made.decision is None


def test_an_import_with_one_wrong_feature_writes_nothing(cli: Cli, stations: Path, zones: Path) -> None:
    content = json.loads(zones.read_text(encoding="utf-8"))
    content["features"][1]["properties"]["floors"] = -1
    zones.write_text(json.dumps(content), encoding="utf-8")
    told = refused(cli, "import", str(zones), "--layer", "stations", store=stations)
    assert told.startswith("Layer stations: 1 issues, nothing was written.")
    assert features(stations) == 0


def test_data_cannot_steer_the_terminal(cli: Cli, stations: Path, zones: Path) -> None:
    run = ("import", str(zones), "--layer", "stations", "--message", "[red]\x1b[31mx[/red]", "--author", "a\rb")
    assert cli(*run, store=stations)[0] == 0
    listed = cli("changesets", store=stations)[1]
    assert "\x1b" not in listed
    assert "\r" not in listed
    assert "[red]\N{REPLACEMENT CHARACTER}[31mx[/red]" in listed


def test_version_and_help_are_told(cli: Cli) -> None:
    assert cli("--version", store="none.gpkg") == (0, "parkplan 0.1.0\n", "")
    without, with_help = cli(store="none.gpkg"), cli("--help", store="none.gpkg")
    assert without == with_help
    assert without[0] == 0
    for command in ("serve", "init", "review", "import", "layers", "changesets"):
        assert command in with_help[1]


def test_serve_says_where_it_is_and_stops_cleanly(hanoi: Path) -> None:
    environment = {**os.environ, "PARKPLAN_STORE": str(hanoi), "PARKPLAN_LANGUAGE": "vi"}
    with subprocess.Popen(
        [PROGRAM, "serve", "--port", "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        assert line.startswith("Parkplan đang chạy tại http://127.0.0.1:")
        assert line.endswith("/ (dừng: Ctrl+C)\n")
        address = line.split()[4]
        with urllib.request.urlopen(f"{address}health", timeout=30) as answer:
            assert json.load(answer)["status"] == "ok"
        process.send_signal(signal.SIGINT)
        assert process.stdout.read() == ""
        log = [json.loads(entry) for entry in process.stderr.read().splitlines()]
        assert process.wait(timeout=30) == 0
    assert [entry["path"] for entry in log if entry["event"] == "request"] == ["/health"]


def test_a_port_that_is_taken_is_named(cli: Cli, hanoi: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        told = refused(cli, "serve", "--port", str(port), store=hanoi)
    assert told == (
        f"Cannot listen on 127.0.0.1:{port}: Address already in use. "
        "Wanted an address of this machine and a free port.\n"
    )
