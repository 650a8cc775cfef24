"""Packages in QGIS: opened in the colours of the plan, edited, saved without edits in other formats, and sent back."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import pytest

from layers.packages import changes_of_package, create_package
from layers.store import Store
from tests.qgis.conftest import Qgis

LAYERS = ["parks", "plots", "roads", "rules"]


@pytest.fixture
def package(seeded_store: Store, qgis: Qgis) -> Path:
    """An unpacked package where QGIS can edit it."""
    place, folder = qgis.folder / "sent.zip", qgis.folder / "package"
    create_package(seeded_store, place, layers=LAYERS, institute="Viện Quy hoạch")
    with zipfile.ZipFile(place) as packed:
        packed.extractall(folder)
    return folder


def returned(package: Path) -> Path:
    """Zip a folder as an institute does."""
    place = package.with_suffix(".zip")
    with zipfile.ZipFile(place, "w") as packed:
        for file in sorted(package.rglob("*")):
            packed.write(file, file.relative_to(package))
    return place


def touched(store: Store, package: Path) -> dict[str, tuple[int, tuple[str, ...], tuple[str, ...]]]:
    """What came back: new features by their number, changed and deleted ones by their ids."""
    found = changes_of_package(store, returned(package)).layers
    assert list(found) == LAYERS
    return {layer: (len(one.inserted), one.updated, one.deleted) for layer, one in found.items()}


NOTHING = dict.fromkeys(LAYERS, (0, (), ()))


def test_a_package_shows_titles_colours_and_values(qgis: Qgis, package: Path) -> None:
    file = qgis.inside(package / "parkplan.gpkg")
    told = qgis.run(
        *({"do": "file", "path": file, "layer": layer} for layer in LAYERS),
        {"do": "project", "path": qgis.inside(package / "parkplan.qgs")},
        {
            "do": "render",
            "names": ["Khu công nghiệp (điểm)", "Khu công nghiệp (vùng)"],
            "extent": [11738000, 2350000, 11800000, 2412000],
            "path": qgis.inside(package / "map.png"),
        },
    )
    parks, plots, roads, rules, project, map_ = told.results
    assert all(one["valid"] for one in (parks, plots, roads, rules))
    assert (plots["by"], ["CX", "Đất cây xanh", "#6fae5f"] in plots["classes"]) == ("land_use", True)
    assert ["national", "quốc lộ", "#d9692f"] in roads["classes"]
    fields = {field["name"]: field for field in parks["fields"]}
    assert fields["area_ha"]["alias"] == "Diện tích công bố"
    assert fields["status"]["widget"] == "ValueMap"
    assert {"đang hoạt động": "operating"} in fields["status"]["values"]
    assert project["ok"]
    assert project["names"][0] == "Khu công nghiệp (điểm)"
    shown = project["layers"]["Khu công nghiệp (vùng)"]
    assert (shown["count"], shown["type"], shown["crs"]) == (18, "Polygon", "EPSG:4326")
    assert ["operating", "đang hoạt động", "#1f6fa8"] in shown["classes"]
    # The edges of operating parks, and the points of planned ones.
    assert map_["colours"]["#1f6fa8"] > 50
    assert map_["colours"]["#8a5fa6"] > 50
    assert told.said == []


@pytest.mark.parametrize("driver", ["", "GPKG", "GeoJSON", "ESRI Shapefile"])
def test_what_qgis_saves_without_edits_is_no_edit(qgis: Qgis, seeded_store: Store, package: Path, driver: str) -> None:
    file, steps = package / "parkplan.gpkg", []
    # A Shapefile holds one kind of geometry.
    layers = ["plots", "roads"] if driver == "ESRI Shapefile" else LAYERS
    for layer in layers:
        steps.append({"do": "file", "path": qgis.inside(file), "layer": layer})
        suffix = {"GeoJSON": "geojson", "ESRI Shapefile": "shp"}.get(driver)
        out = package / ("của viện.gpkg" if suffix is None else f"{layer}.{suffix}")
        save: dict[str, Any] = {"do": "save_as", "path": qgis.inside(out), "driver": driver, "layer": layer}
        steps.append((save if driver else {"do": "save"}) | {"name": layer})
    results = qgis.run(*steps).results[1::2]
    assert all(one.get("ok") or one.get("saved") for one in results), results
    if driver:
        file.unlink()
    assert touched(seeded_store, package) == NOTHING


def test_edits_in_qgis_come_back_and_nothing_else(qgis: Qgis, seeded_store: Store, package: Path) -> None:
    file = qgis.inside(package / "parkplan.gpkg")
    opened = [{"do": "file", "path": file, "layer": layer} for layer in ("parks", "plots", "roads")]
    plot = "MultiPolygon (((105.7 21, 105.701 21, 105.701 21.001, 105.7 21.001, 105.7 21)))"
    road = str(seeded_store.read("roads").geometry.dropna().index[0])
    told = qgis.run(
        *opened,
        {"do": "vertex", "name": "roads", "which": road, "x": 105.8, "y": 21.1},
        {"do": "change", "name": "parks", "which": "phu-nghia", "developer": "Công ty Hạ tầng Phú Mỹ"},
        {"do": "delete", "name": "parks", "which": "hong-ha"},
        {"do": "add", "name": "plots", "wkt": plot, "name_": "Lô mới", "land_use": "CX"},
        {"do": "add", "name": "plots", "wkt": plot.replace("105.7", "105.8"), "name_": "Lô mới", "land_use": "CX"},
    )
    assert [one["saved"] for one in told.results[3:]] == [True] * 5, told.results[3:]
    assert touched(seeded_store, package) == {
        "parks": (0, ("phu-nghia",), ("hong-ha",)),
        "plots": (2, (), ()),
        "roads": (0, (road,), ()),
        "rules": (0, (), ()),
    }
