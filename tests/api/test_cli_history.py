"""The commands that tell what changed, who did it, and make it as it was."""

from __future__ import annotations

import datetime as dt
import json
import sys
from pathlib import Path
from typing import Any, Protocol

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from api.cli import main
from layers.definitions import parse_definition
from layers.store import Decision, Put, Remove, open_store

SITES = """
id = "sites"
title = { vi = "Khu đất", en = "Sites" }
theme = "land"
geometry = ["Polygon"]
label = { vi = "name", en = "name" }
[[fields]]
name = "name"
type = "text"
title = { vi = "Tên", en = "Name" }
[[fields]]
name = "use"
type = "text"
title = { vi = "Sử dụng", en = "Use" }
codes = [
  { value = "CN", title = { vi = "công nghiệp", en = "industry" } },
  { value = "CX", title = { vi = "cây xanh", en = "green" } },
]
[[fields]]
name = "area_ha"
type = "number"
unit = "ha"
title = { vi = "Diện tích", en = "Area" }
"""
METRIC = "EPSG:5897"


def square(east: float, side: float = 100.0) -> Any:
    shape = shapely.box(east, 2_320_000, east + side, 2_320_000 + side)
    return gpd.GeoSeries([shape], crs=METRIC).to_crs(4326).iloc[0]


def sites(**rows: dict[str, Any]) -> gpd.GeoDataFrame:
    table = pd.DataFrame.from_dict(rows, orient="index")
    return gpd.GeoDataFrame(table, geometry="geometry", crs="EPSG:4326")


@pytest.fixture(scope="module")
def lived(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with three changesets."""
    path = tmp_path_factory.mktemp("history") / "plan.gpkg"
    with open_store(path) as store:
        store.add_layer(parse_definition(SITES, where="sites.toml"))
        a, b = (
            {"name": "Một", "use": "CN", "area_ha": 1.0, "geometry": square(500_000)},
            {"name": "Hai", "use": "CX", "area_ha": 1.0, "geometry": square(501_000)},
        )
        store.commit([Put("sites", sites(a=a, b=b))], author="An", message="Đợt 1")
        decision = Decision("12/QĐ-UBND", dt.date(2026, 1, 2))
        moved = {**a, "use": "CX", "geometry": square(500_010)}
        store.commit([Put("sites", sites(a=moved))], author="Bình", message="Đợt 2", decision=decision)
        c = {"name": "Ba", "use": None, "area_ha": None, "geometry": square(502_000, 10)}
        store.commit([Remove("sites", ["b"]), Put("sites", sites(c=c))], author="Chi", message="Đợt 3")
    return path


class Run(Protocol):
    """Runs a command in this process."""

    def __call__(self, *arguments: str, store: Path, lang: str = "en") -> tuple[int, str, str]:
        """Return exit code, standard output and standard error."""
        ...


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsysbinary: pytest.CaptureFixture[bytes]) -> Run:
    """Give a way to run commands."""

    def run(*arguments: str, store: Path, lang: str = "en") -> tuple[int, str, str]:
        monkeypatch.setenv("PARKPLAN_STORE", str(store))
        monkeypatch.setattr(sys, "argv", ["parkplan", *arguments, "--lang", lang])
        code = main()
        told = capsysbinary.readouterr()
        return code, told.out.decode(), told.err.decode()

    return run


def test_a_diff_tells_attributes_and_shapes(run: Run, lived: Path) -> None:
    code, told, _ = run("diff", "1", "3", store=lived)
    assert code == 0
    assert told.splitlines() == [
        "Sites (sites): added 1, changed 1, removed 1",
        "- b  Hai",
        "    geometry: +0.0 −10,000.0 m²",
        "~ a  Một",
        "    Use: industry → green",
        "    geometry: +1,000.0 −1,000.0 m²; moved by up to 10.00 m",
        "+ c  Ba",
        "    geometry: +100.0 −0.0 m²",
    ]
    assert "Sử dụng: công nghiệp → cây xanh" in run("diff", "1", "2", store=lived, lang="vi")[1]
    assert run("diff", "2", "2", store=lived)[1] == "The two states are the same.\n"
    assert run("diff", "3", store=lived)[1] == "The two states are the same.\n"


def test_a_diff_as_json_and_geojson(run: Run, lived: Path, tmp_path: Path) -> None:
    document = json.loads(run("diff", "0", "2", "--layer", "sites", "--format", "json", store=lived)[1])
    assert document["changed"] == 2
    (layer,) = document["layers"]
    assert (layer["counts"], layer["metricCrs"]) == ({"insert": 2, "update": 0, "delete": 0}, METRIC)
    first = layer["features"][0]
    assert (first["id"], first["operation"], first["geometry"]["gained_m2"]) == ("a", "insert", 10_000)
    assert {entry["field"]: entry["after"] for entry in first["attributes"]}["use"] == "CX"
    out = tmp_path / "diff.geojson"
    code, _, said = run("diff", "1", "2", "--format", "geojson", "--out", str(out), store=lived)
    assert (code, said) == (0, f"Wrote {out}\n")
    drawn = gpd.read_file(out)
    assert list(drawn["state"]) == ["before", "after"]
    areas = drawn.to_crs(METRIC).area
    assert areas.tolist() == pytest.approx([10_000, 10_000], abs=2)


def test_the_log_tells_what_each_changeset_changed(run: Run, lived: Path) -> None:
    entries = json.loads(run("log", "--format", "json", "--limit", "2", store=lived)[1])["changesets"]
    assert [(entry["id"], entry["author"], entry["layers"]) for entry in entries] == [
        (3, "Chi", [{"layer": "sites", "title": "Sites", "insert": 1, "update": 0, "delete": 1}]),
        (2, "Bình", [{"layer": "sites", "title": "Sites", "insert": 0, "update": 1, "delete": 0}]),
    ]
    assert entries[1]["decision"] == {"number": "12/QĐ-UBND", "date": "2026-01-02"}
    table = run("log", "--before", "3", store=lived, lang="vi")[1]
    assert "12/QĐ-UBND (2026-01-02)" in table
    assert "Khu đất: sửa 1" in table
    assert "Đợt 3" not in table


def test_blame_tells_who_set_what(run: Run, lived: Path) -> None:
    table = run("blame", "sites", "a", store=lived)[1]
    assert [[cell.strip() for cell in line.split("│")[1:4]] for line in table.splitlines() if "│" in line] == [
        ["Name", "Một", "1"], ["Use", "green", "2"], ["Area", "1 ha", "1"], ["geometry", "Polygon", "2"],
    ]  # fmt: skip
    document = json.loads(run("blame", "sites", "a", "--as-of", "1", "--format", "json", store=lived)[1])
    assert {entry["field"]: entry["changeset"]["id"] for entry in document["attributes"]} == dict.fromkeys(
        ("name", "use", "area_ha", "geometry"), 1
    )
    assert "Removed by changeset 3." in run("blame", "sites", "b", store=lived)[1]
    assert run("blame", "sites", "z", store=lived)[0] == 2


def test_earlier_states_are_exported_and_listed(run: Run, lived: Path, tmp_path: Path) -> None:
    out = tmp_path / "old.geojson"
    for as_of, ids in (("1", ["a", "b"]), ("0", []), ("2999-01-01", ["a", "c"])):
        assert run("export", "sites", "--format", "geojson", "--out", str(out), "--as-of", as_of, store=lived)[0] == 0
        assert [feature["id"] for feature in json.loads(out.read_text(encoding="utf-8"))["features"]] == ids
    assert run("layers", "list", "--as-of", "0", store=lived)[1].splitlines()[-2].split("│")[-2].strip() == "0"
    code, _, said = run("layers", "list", "--as-of", "gần đây", store=lived)
    assert (code, "the number of a changeset, a date, or an RFC 3339 date-time" in said) == (2, True)
    assert run("diff", "9", store=lived)[0] == 2


def test_a_store_is_made_as_it_was(run: Run, lived: Path, tmp_path: Path) -> None:
    copy = tmp_path / "copy.gpkg"
    copy.write_bytes(lived.read_bytes())
    planned = run("restore", "1", "--dry-run", store=copy)[1]
    assert planned.splitlines()[0] == "Sites (sites): added 1, changed 1, removed 1"
    assert (
        run("restore", "1", "--layer", "sites", "--feature", "a", store=copy)[1]
        == "Changeset 4: 1 features restored.\n"
    )
    code, told, _ = run(
        "restore", "1", "--message", "Nhầm tệp", "--author", "Em", "--decision", "13/QĐ", "--decided", "2026-02-03",
        store=copy,
    )  # fmt: skip
    assert (code, told) == (0, "Changeset 5: 2 features restored.\n")
    assert run("restore", "1", store=copy)[1] == "Everything is so already.\n"
    assert run("diff", "1", store=copy)[1] == "The two states are the same.\n"
    with open_store(copy) as store:
        last = store.changesets()[-1]
    assert (last.author, last.message, last.decision) == ("Em", "Nhầm tệp", Decision("13/QĐ", dt.date(2026, 2, 3)))
    assert run("restore", "1", "--decided", "2026-02-03", store=copy)[0] == 2
    assert run("restore", "1", "--feature", "a", store=copy)[0] == 2


def test_a_store_is_backed_up_and_made_again(run: Run, lived: Path, tmp_path: Path) -> None:
    file, again = tmp_path / "plan.backup", tmp_path / "again.gpkg"
    told = run("backup", str(file), store=lived)
    assert told == (0, f"Backed up to {file}, and read again: 2 features, changeset 3.\n", "")
    told = run("restore-backup", str(file), store=again, lang="vi")
    assert told == (0, f"Đã khôi phục {file} và so lại: 2 đối tượng, phiên bản thay đổi 3.\n", "")
    assert run("diff", "0", store=again) == run("diff", "0", store=lived)
    code, _, said = run("restore-backup", str(file), store=again)
    assert (code, "wanted a place where nothing is" in said) == (2, True)
    assert run("backup", str(file), store=tmp_path / "none.gpkg")[0] == 2
