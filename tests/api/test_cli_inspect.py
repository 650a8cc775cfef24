"""`parkplan inspect` tells what coordinates, text and cells may be; `parkplan raster` writes them anew."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import rasterio

from tests.support.server import parkplan

GRID = "ncols 3\nnrows 2\nxllcorner 585000\nyllcorner 2320000\ndx 10\ndy 20\nNODATA_value -9999\n1 2 3\n4 -9999 6\n"


@pytest.fixture
def nowhere(tmp_path: Path) -> Path:
    """Give the address of a store that is not there: these commands need none."""
    return tmp_path / "no-store.gpkg"


def collection(path: Path, *places: tuple[float, float], **columns: list[str]) -> Path:
    features = [
        {
            "type": "Feature",
            "properties": {name: values[number] for name, values in columns.items()},
            "geometry": {"type": "Point", "coordinates": place},
        }
        for number, place in enumerate(places)
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def test_exchanged_degrees_are_told(tmp_path: Path, nowhere: Path) -> None:
    path = collection(tmp_path / "p.geojson", (21.0, 105.8), (21.02, 105.83), (21.05, 105.81))
    shown = parkplan("inspect", str(path), "--lang", "en", store=nowhere)
    assert shown.returncode == 0
    assert "p: Coordinates: " in shown.stdout
    assert "latitude stands before longitude" in shown.stdout or "exchanged" in shown.stdout


def test_choices_come_with_key_and_distance(tmp_path: Path, nowhere: Path) -> None:
    table = tmp_path / "t.csv"
    table.write_text("ten,E,N\na,585000,2324000\nb,586000,2325000\nc,587500,2326500\n", encoding="utf-8")
    shown = parkplan("inspect", str(table), "--lang", "en", store=nowhere)
    assert "--crs" in shown.stdout
    assert "EPSG:5897" in shown.stdout
    assert "from the first, m" in shown.stdout


def test_legacy_text_is_told(tmp_path: Path, nowhere: Path) -> None:
    names = ["Khu c«ng nghiÖp §«ng Anh", "Hµ Néi", "§êng Cao tèc"]
    path = collection(tmp_path / "t.geojson", (105.8, 21.0), (105.82, 21.02), (105.84, 21.03), TEN=names)
    shown = parkplan("inspect", str(path), "--lang", "en", store=nowhere)
    assert "tcvn3" in shown.stdout.lower()
    assert "TEN" in shown.stdout


def test_a_raster_is_described_and_written_anew(tmp_path: Path, nowhere: Path) -> None:
    grid, out = tmp_path / "dem.asc", tmp_path / "dem.tif"
    grid.write_text(GRID, encoding="ascii")
    shown = parkplan("inspect", str(grid), "--lang", "en", store=nowhere).stdout
    assert "3 × 2" in shown
    assert "10 × 20 (oblong)" in shown
    assert "-9999" in shown
    assert "not stated" in shown
    assert "ô không vuông" in parkplan("inspect", str(grid), "--lang", "vi", store=nowhere).stdout
    refused = parkplan("raster", str(grid), "--out", str(out), "--lang", "en", store=nowhere)
    assert (refused.returncode, out.exists()) == (2, False)
    done = parkplan("raster", str(grid), "--out", str(out), "--crs", "EPSG:5897", "--lang", "en", store=nowhere)
    assert done.stdout.strip() == f"{out} written: 3 × 2 cells, 1 bands, EPSG:5897."
    with rasterio.open(out) as raster:
        assert raster.read(1).tolist() == [[1, 2, 3], [4, -9999, 6]]


def test_features_that_cannot_be_read_do_not_hide_the_layers(tmp_path: Path, nowhere: Path) -> None:
    path = tmp_path / "open.geojson"
    ring = [[105.8, 21.0], [105.81, 21.0], [105.81, 21.01], [105.8, 21.01]]
    feature = {"type": "Feature", "properties": {}, "geometry": {"type": "Polygon", "coordinates": [ring]}}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    shown = parkplan("inspect", str(path), "--lang", "en", store=nowhere)
    assert shown.returncode == 0
    assert "open.geojson: GeoJSON" in shown.stdout
