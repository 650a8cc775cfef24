"""`parkplan package` and `parkplan merge`, from the package that goes out to the map of conflicts."""

from __future__ import annotations

import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyogrio
import pytest
import shapely
from playwright.sync_api import Browser

from api.cli import main
from gis.maps import conflict_layers
from layers.catalogue import shipped_definitions
from layers.definitions import Field
from layers.errors import FileUnreadableError, MissingFileError, ValueOutOfRangeError
from layers.merge import Resolution, merge_layer, parse_resolutions, read_resolutions
from layers.schema import typed
from layers.store import Put, open_store
from layers.types import Text
from tests.layers.test_packages import plots

Run = Callable[..., tuple[int, str, str]]
PLOTS = shipped_definitions()["plots"]
HOSTILE = "<img src=x onerror=alert(1)>"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Run:
    """Give the command line, in a folder with a store."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PARKPLAN_STORE", str(tmp_path / "store.gpkg"))
    with open_store(tmp_path / "store.gpkg") as store:
        store.add_layer(shipped_definitions()["parks"])
        store.add_layer(PLOTS)
        store.commit([Put("plots", plots())], author="Sở", message="Gốc")

    def command(*arguments: str, lang: str = "en") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.argv", ["parkplan", *arguments, "--lang", lang])
        capfd.readouterr()
        code = main()
        said = capfd.readouterr()
        return code, said.out, said.err

    return command


def _edit(package: Path, **names: str) -> Path:
    """Rename plots in the GeoPackage of a package, leave one out, and zip it again."""
    with zipfile.ZipFile(package) as packed:
        packed.extractall("work")
    frame = pyogrio.read_dataframe("work/parkplan.gpkg", layer="plots")
    for id_, name in names.items():
        frame.loc[frame.feature_id == id_.removeprefix("_"), "name"] = name
    frame.loc[frame.feature_id == "004", "geometry"] = shapely.MultiPolygon([shapely.box(105.73, 21, 105.731, 21.001)])
    pyogrio.write_dataframe(frame[frame.feature_id != "003"], "work/parkplan.gpkg", layer="plots")
    return Path(shutil.make_archive("returned", "zip", "work"))


def test_the_record_of_exchanges_is_listed(run: Run) -> None:
    with open_store("store.gpkg") as store:
        park = plots().iloc[[0]].assign(name_vi="Khu A")[["name_vi", "geometry"]].set_axis(["khu-a"])
        store.commit([Put("parks", typed(store.definition("parks"), park))], author="Sở", message="Khu")
    code, said, _ = run(
        *("package", "create", "--layers", "plots", "--for", "Viện A", "--out", "p.zip", "--by", "Sở"),
        *("--park", "khu-a", "--margin", "5"),
    )
    assert (code, said.count("number 1 of the record")) == (0, 1)
    with zipfile.ZipFile("p.zip") as packed:
        assert json.loads(packed.read("manifest.json"))["layers"]["plots"]["features"] < len(plots())
    assert run("package", "propose", "p.zip")[0] == 0
    _, said, _ = run("package", "list", "--institute", "viện a", "--out", "list.json", lang="vi")
    newest, first = said.splitlines()
    assert newest.startswith("2. Nhận lại · ")
    assert newest.endswith("#2: plots 0 · trả lời số 1")
    assert first.startswith("1. Giao · ")
    assert " · Viện A · Sở · p.zip · #2: plots " in first
    assert [one["number"] for one in json.loads(Path("list.json").read_text())] == [2, 1]
    assert run("package", "list", "--institute", "Viện B")[1] == ""
    code, _, said = run(
        "package", "create", "--layers", "plots", "--for", "A", "-o", "q.zip", "--park", "x", "--area", "1"
    )
    assert code == 2


def test_restricted_fields_are_packed_only_when_that_is_said(run: Run) -> None:
    price = Field(name="gia_dat", type="text", title=Text(vi="Giá đất", en="Land price"), restricted=True)
    with open_store("store.gpkg") as store:
        store.add_layer(PLOTS.model_copy(update={"fields": (*PLOTS.fields, price)}))
        store.commit([Put("plots", store.read("plots").assign(gia_dat="BIMAT"))], author="Sở", message="Giá")
    packed = {}
    for name, options in (("p.zip", ()), ("q.zip", ("--restricted",))):
        assert run("package", "create", "--layers", "plots", "--for", "Viện A", "--out", name, *options)[0] == 0
        with zipfile.ZipFile(name) as file:
            packed[name] = [
                one for one in file.namelist() if b"BIMAT" in file.read(one) or b"gia_dat" in file.read(one)
            ]
    assert packed["p.zip"] == []
    assert "parkplan.gpkg" in packed["q.zip"]
    assert run("merge", str(_edit(Path("p.zip"), _001="Lô mới")))[0] == 0
    with open_store("store.gpkg") as store:
        after = store.read("plots")
    assert after.loc["001", "name"] == "Lô mới"
    assert set(after["gia_dat"]) == {"BIMAT"}
    assert "003" not in after.index


def _meanwhile(**names: str) -> None:
    with open_store("store.gpkg") as store:
        current = store.read("plots")
        for id_, name in names.items():
            current.loc[id_.removeprefix("_"), "name"] = name
        current.loc["003", "floors"] = 2
        moved = current.geometry.copy()
        moved["004"] = shapely.box(105.74, 21, 105.741, 21.001)
        store.commit([Put("plots", current.set_geometry(moved))], author="Sở", message="Sửa")


@pytest.fixture
def returned(run: Run) -> Path:
    """Give a package that came back, contradicting what was changed meanwhile."""
    code, out, _ = run("package", "create", "--layers", "plots", "--for", "Viện A", "--out", "p.zip")
    assert (code, out) == (0, "Wrote p.zip: plots 20; base: changeset 1; number 1 of the record.\n")
    place = _edit(Path("p.zip"), _001="Lô mới", _002=HOSTILE)
    _meanwhile(_002="Tên khác")
    return place


def test_a_package_goes_out_signed_and_is_verified(run: Run) -> None:
    assert run("package", "keygen", "so")[0] == 0
    area = ("--area", "105.6,20.9,105.7025,21.1")
    made = ("package", "create", "--layers", "plots,parks", "--for", "Viện", "--out", "p.zip", "--key", "so.key")
    code, out, _ = run(*made, *area, "--by", "Sở QHKT", lang="vi")
    told = "Đã ghi p.zip: plots 12, parks 0; trạng thái gốc: phiên bản thay đổi 1; số 1 trong sổ giao nhận.\n"
    assert (code, out) == (0, told)
    code, out, _ = run("package", "verify", "p.zip", "--key", "so.pub")
    assert code == 0
    assert out.startswith("The signature of Sở QHKT (key ")
    code, out, _ = run("package", "read", "p.zip", lang="vi")
    assert "Gói" not in out.splitlines()[1]
    assert "plots: 0 thêm, 0 sửa, 0 xoá" in out
    place = _edit(Path("p.zip"), _001="Khác")
    code, _, err = run("package", "verify", str(place))
    assert (code, "was changed since: parkplan.gpkg" in err) == (2, True)
    code, out, _ = run("package", "sign", str(place), "--key", "so.key", "--by", "Viện")
    assert (code, "Viện" in out) == (0, True)
    assert run("package", "verify", str(place))[0] == 0


def test_what_came_back_is_told_and_written(run: Run, returned: Path) -> None:
    code, out, _ = run("package", "read", str(returned), "--out", "changes.json")
    assert code == 0
    assert "plots: 0 added, 3 changed, 1 removed" in out
    told = json.loads(Path("changes.json").read_text(encoding="utf-8"))
    assert told["layers"]["plots"]["updated"] == ["001", "002", "004"]
    assert told["layers"]["plots"]["receipt"]["counts"]["read"] == 19


def test_conflicts_are_listed_filled_in_and_merged(run: Run, returned: Path) -> None:
    code, out, err = run("merge", str(returned), "--conflicts", "c.json", "--map", "c.html")
    assert code == 2
    assert "3 conflicts, 3 of them open:" in out
    assert "plots, feature '002', field name: the same attribute changed to different values" in out
    assert err.startswith("Merge: 3 conflicts are open, nothing was written.")
    document = json.loads(Path("c.json").read_text(encoding="utf-8"))
    assert [item["kind"] for item in document["items"]] == ["attribute", "geometry", "delete_edit"]
    document["items"][0]["resolution"] = {"choice": "value", "value": "Tên chung", "why": "họp", "by": "An"}
    document["items"][1]["resolution"] = {"choice": "value", "value": document["items"][1]["base"]}
    Path("c.json").write_text(json.dumps(document), encoding="utf-8")
    assert run("merge", str(returned), "--resolutions", "c.json")[0] == 2
    options = ("--resolve", "ours", "--resolutions", "c.json", "--author", "Bình", "--why", "giữ")
    code, out, _ = run("merge", str(returned), *options, "--dry-run", lang="vi")
    assert (code, out.splitlines()[-1]) == (0, "Chạy thử, không ghi gì; 0 xung đột chưa xử lý.")
    code, out, _ = run("merge", str(returned), *options, "--message", "Gói của Viện A", lang="vi")
    assert (code, out.splitlines()[-1]) == (0, "Phiên bản thay đổi 3: 3 đối tượng.")
    with open_store("store.gpkg") as store:
        after = store.read("plots")
        written = store.changesets()[-1]
    assert after["name"].reindex(["001", "002"]).tolist() == ["Lô mới", "Tên chung"]
    assert after.loc["003", "floors"] == 2
    assert shapely.equals(after.geometry["004"], plots().geometry["004"])
    assert written.author == "Bình"
    assert written.message.startswith(
        "Gói của Viện A\n\n1 × cùng một thuộc tính được sửa khác nhau → dùng giá trị khác (An): họp"
    )
    assert "một bên xoá, bên kia sửa → giữ bản hiện tại (Bình): giữ" in written.message
    code, out, _ = run("merge", "p.zip")
    assert (code, out.splitlines()[-1]) == (0, "Nothing differs; nothing was written.")


def test_the_map_of_conflicts_runs_nothing_from_the_data(run: Run, returned: Path, browser: Browser) -> None:
    assert run("merge", str(returned), "--map", "c.html", lang="vi")[0] == 2
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.goto(Path("c.html").resolve().as_uri())
    page.wait_for_selector(".pp-map .leaflet-interactive")
    assert page.locator(".pp-map path.leaflet-interactive").count() == 6
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert said == []
    assert page.get_by_text("Bản gửi đến").count() > 0
    assert page.locator("html").get_attribute("lang") == "vi"
    page.close()


def test_conflicts_as_layers_say_what_was_decided() -> None:
    base = plots(2)
    ours = base.assign(name="A").set_geometry(base.geometry.translate(0.1))
    theirs = base.assign(name="B").set_geometry(base.geometry.translate(0.2))
    merge = merge_layer(PLOTS, base, ours, theirs).resolve(Resolution("theirs", kind="attribute", by="An", why="họp"))
    layers = conflict_layers(merge.conflicts, language="en")
    assert [layer.definition.id for layer in layers] == [
        "conflicts_base", "conflicts_ours", "conflicts_theirs", "conflicts",
    ]  # fmt: skip
    places: Any = layers[-1].features
    assert places["state"].tolist() == ["resolved", "resolved", "open", "open"]
    assert places["decided"].iloc[0] == "take the incoming state (An): họp"
    assert conflict_layers(merge.conflicts.settled, language="vi")[0].definition.id == "conflicts"


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"{", FileUnreadableError, "--conflicts writes it"),
        (b'[{"resolution": {"choice": "mine"}}]', FileUnreadableError, "mine"),
        (b'{"items": 3}', FileUnreadableError, "--conflicts writes it"),
        (b'[{"kind": "geometry", "resolution": {"choice": "accept"}}]', ValueOutOfRangeError, "ours, theirs"),
        (b'[{"resolution": {"choice": "value", "value": {"type": "X"}}}]', FileUnreadableError, "Unknown geom"),
    ],
)
def test_resolutions_are_read_with_care(content: bytes, error: type[Exception], message: str, tmp_path: Path) -> None:
    with pytest.raises(error, match=message):
        parse_resolutions(content, by="An", where="c.json")
    with pytest.raises(MissingFileError):
        read_resolutions(tmp_path / "none.json", by="An")
    with pytest.raises(FileUnreadableError):
        read_resolutions(tmp_path, by="An")
    found = parse_resolutions(b'[{"field": "name"}, {"resolution": {"choice": "ours"}}]', by="An", where="c.json")
    assert [(one.choice, one.by, one.field) for one in found] == [("ours", "An", None)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("merge", "none.zip"), "There is no file none.zip"),
        (("merge", "p.zip", "--resolve", "mine"), "wanted ours, theirs, base"),
        (("package", "create", "--layers", "plots", "--for", "V", "--out", "p.zip", "--area", "1,2,1,3"), "minx,miny"),
        (("package", "create", "--layers", ",", "--for", "V", "--out", "p.zip"), "one layer or more"),
        (("package", "verify", "none.zip"), "There is no file"),
        (("package", "sign", "none.zip", "--key", "none.key"), "There is no file"),
    ],
)
def test_bad_input_ends_with_one_message(run: Run, arguments: tuple[str, ...], message: str) -> None:
    code, _, err = run(*arguments)
    assert (code, err.count("\n")) == (2, 1)
    assert message in err


def test_what_came_back_becomes_a_proposal_on_its_own_base(run: Run, returned: Path) -> None:
    code, out, _ = run("package", "propose", str(returned), "--title", "Gói tháng 5", lang="vi")
    assert (code, out.splitlines()[-1]) == (0, "Đã lập đề xuất 1 “Gói tháng 5” trên phiên bản thay đổi 1.")
    code, out, _ = run("proposal", "conflicts", "1")
    assert "002" in out
    code, out, _ = run("package", "propose", "p.zip")
    assert (code, out.splitlines()[-1]) == (0, "Nothing was changed; no proposal was made.")
