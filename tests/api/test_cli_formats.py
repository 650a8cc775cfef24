"""`parkplan export` and `parkplan inspect`: files out and in by the command line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.commands import exporting
from layers.formats import FORMATS, inspect, read_features
from tests.support.server import parkplan


@pytest.fixture(scope="module")
def hanoi(tmp_path_factory: pytest.TempPathFactory) -> Path:
    store = tmp_path_factory.mktemp("formats") / "hanoi.gpkg"
    assert parkplan("init", store=store).returncode == 0
    return store


def test_the_command_line_knows_every_format() -> None:
    assert tuple(FORMATS) == exporting.FORMATS


def test_an_exported_layer_is_inspected_and_read(hanoi: Path, tmp_path: Path) -> None:
    out = tmp_path / "parks.gpkg"
    done = parkplan("export", "parks", "--format", "gpkg", "--out", str(out), "--lang", "en", store=hanoi)
    assert done.stdout.splitlines() == [
        f"{len(read_features(out).frame)} features written as gpkg, CRS EPSG:4326.",
        str(out),
    ]
    shown = parkplan("inspect", str(out), "--lang", "en", store=hanoi)
    assert "parks.gpkg: GPKG, UTF-8" in shown.stdout
    assert "EPSG:4326" in shown.stdout


def test_export_takes_crs_horizon_and_bbox(hanoi: Path, tmp_path: Path) -> None:
    out = tmp_path / "p.zip"
    options = ("--format", "shapefile", "--out", str(out), "--crs", "EPSG:5897", "--horizon", "2030", "--lang", "vi")
    done = parkplan("export", "parks", *options, "--bbox", "105.3,20.5,106.1,21.4", store=hanoi)
    assert done.returncode == 0
    assert "hệ toạ độ EPSG:5897" in done.stdout
    assert "Định dạng không trộn kiểu hình học" in done.stdout
    layers = inspect(out).layers
    assert {layer.name for layer in layers} == {"p_point", "p_polygon"}
    none = tmp_path / "none.geojson"
    far = ("--format", "geojson", "--out", str(none), "--bbox", "0,0,1,1")
    assert parkplan("export", "parks", *far, store=hanoi).returncode == 0
    assert json.loads(none.read_text("utf-8"))["features"] == []


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("export", "parks", "--format", "dwg", "--out", "a.dwg"), "dwg"),
        (("export", "parks", "--format", "gpkg", "--out", "a.gpkg", "--bbox", "1,2"), "west, south, east, north"),
        (("export", "no_layer", "--format", "gpkg", "--out", "a.gpkg"), "no_layer"),
        (("export", "parks", "--format", "kml", "--out", "a.kml", "--crs", "EPSG:5897"), "EPSG:4326 (kml)"),
        (("inspect", "no.gpkg"), "There is no file no.gpkg"),
    ],
)
def test_bad_input_ends_with_code_2(hanoi: Path, tmp_path: Path, options: tuple[str, ...], said: str) -> None:
    done = parkplan(*options, "--lang", "en", store=hanoi)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_is_validated_for_itself_and_its_receipts_agree(tmp_path: Path) -> None:
    ring = [[105.8, 21.0], [105.81, 21.01], [105.81, 21.0], [105.8, 21.01], [105.8, 21.0]]
    path = tmp_path / "lots.geojson"
    feature = {
        "type": "Feature",
        "properties": {"name": "<b>x</b>"},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    files = {ending: tmp_path / f"receipt.{ending}" for ending in ("json", "html", "geojson")}
    options = [text for file in files.values() for text in ("--receipt", str(file))]
    done = parkplan("validate", str(path), *options, "--lang", "en", store=tmp_path / "none.gpkg")
    assert done.returncode == 2
    assert "lots, row 1, feature '0': the geometry is not valid; saw Self-intersection" in done.stdout
    document = json.loads(files["json"].read_text(encoding="utf-8"))
    issues = json.loads(files["geojson"].read_text(encoding="utf-8"))["features"]
    assert [issue["rule"] for issue in document["issues"]] == [issue["properties"]["rule"] for issue in issues]
    assert document["counts"]["errors"] == 1
    page = files["html"].read_text(encoding="utf-8")
    assert document["file"]["sha256"] in page
    assert document["issues"][0]["fix"] in page


def test_a_receipt_of_an_unknown_kind_is_refused_before_the_work(tmp_path: Path) -> None:
    done = parkplan(
        "validate", "nothing.geojson", "--receipt", "receipt.pdf", "--lang", "en", store=tmp_path / "none.gpkg"
    )
    assert done.returncode == 2
    assert "receipt.pdf" in done.stderr
    assert ".json, .html, .geojson" in done.stderr
