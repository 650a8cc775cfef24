"""What QGIS takes from a package beside its features, and what it does to texts that are JSON."""

from __future__ import annotations

import sqlite3
import zipfile
from contextlib import closing
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas as gpd
import pandas as pd
import pytest

from layers.catalogue import shipped_definitions
from layers.definitions import parse_definition
from layers.formats import inspect
from layers.packages import create_package
from layers.packages.dress import settle
from layers.packages.qgis import project_document
from layers.schema import typed
from layers.store import Store
from layers.types import Language

SHIPPED = shipped_definitions()
LAYERS = ["plots", "parks", "railways", "rules"]


def _xml(text: str | bytes) -> ET.Element:
    return ET.fromstring(text)  # noqa: S314 - written by the code under test


@pytest.fixture
def package(store: Store, tmp_path: Path) -> Path:
    """An unpacked package of layers of areas, of points and areas, of lines and of no geometry, in Vietnamese."""
    for layer in LAYERS:
        store.add_layer(SHIPPED[layer])
    create_package(store, tmp_path / "p.zip", layers=LAYERS, institute="Viện Quy hoạch")
    with zipfile.ZipFile(tmp_path / "p.zip") as packed:
        packed.extractall(tmp_path / "package")
    return tmp_path / "package"


def test_a_geopackage_carries_styles_that_qgis_takes_up(package: Path) -> None:
    with closing(sqlite3.connect(package / "parkplan.gpkg")) as database:
        query = "SELECT f_table_name, f_geometry_column, styleQML, description FROM layer_styles WHERE useAsDefault"
        styles = {row[0]: row[1:] for row in database.execute(query)}
        listed = database.execute("SELECT data_type FROM gpkg_contents WHERE table_name = 'layer_styles'").fetchall()
    assert listed == [("attributes",)]
    assert {name: row[0] for name, row in styles.items()} == {
        "plots": "geom",
        "parks": "geom",
        "railways": "geom",
        "rules": "",
    }
    assert styles["plots"][2] == "Lô đất quy hoạch"
    plots = _xml(styles["plots"][1])
    renderer = plots.find("renderer-v2")
    assert renderer is not None
    assert (renderer.get("type"), renderer.get("attr")) == ("categorizedSymbol", "land_use")
    classes = {one.get("value"): (one.get("label"), one.get("symbol")) for one in renderer.iter("category")}
    assert classes["CX"] == ("Đất cây xanh", "2")
    assert classes[""][0] == "khác hoặc chưa rõ"
    colours = {
        symbol.get("name"): option.get("value")
        for symbol in renderer.iter("symbol")
        for option in symbol.iter("Option")
        if option.get("name") == "color"
    }
    assert colours["2"] == "111,174,95,140", "#6fae5f at an opacity of 0.55"
    aliases = {one.get("field"): one.get("name") for one in plots.iter("alias")}
    assert aliases["area_ha"] == "Diện tích công bố"
    values = {one.get("name"): one.get("value") for one in plots.iter("Option") if one.get("value") in ("CN", "GT")}
    assert values == {"Đất công nghiệp (nhà máy, kho tàng)": "CN", "Đất giao thông": "GT"}
    locked = [one.get("field") or one.get("name") for one in plots.iter("field") if one.get("editable") == "0"]
    assert locked == ["feature_id"]
    assert _xml(styles["parks"][1]).find("renderer-v2") is None, "one style cannot draw points and areas"
    # Nobody takes the table for a layer of features.
    assert [layer.name for layer in inspect(package / "parkplan.gpkg").layers] == LAYERS


def test_a_project_shows_the_layers_under_their_titles(package: Path) -> None:
    root = _xml((package / "parkplan.qgs").read_bytes())
    assert root.findtext("title") == "Viện Quy hoạch"
    tree = [(one.get("name"), one.get("source")) for one in root.iter("layer-tree-layer")]
    assert tree == [
        ("Khu công nghiệp (điểm)", "./parkplan.gpkg|layername=parks|geometrytype=Point"),
        (SHIPPED["railways"].title.vi, "./parkplan.gpkg|layername=railways"),
        ("Lô đất quy hoạch", "./parkplan.gpkg|layername=plots"),
        ("Khu công nghiệp (vùng)", "./parkplan.gpkg|layername=parks|geometrytype=Polygon"),
        (SHIPPED["rules"].title.vi, "./parkplan.gpkg|layername=rules"),
    ]
    assert root.findtext("projectCrs/spatialrefsys/authid") == "EPSG:5897"
    kinds = {one.findtext("id"): one.get("geometry") for one in root.iter("maplayer")}
    assert kinds == {
        "parks_point": "Point",
        "parks_polygon": "Polygon",
        "railways_linestring": "Line",
        "plots_polygon": "Polygon",
        "rules_table": "No geometry",
    }
    markers = [one.get("type") for one in root.iter("symbol")]
    assert {"marker", "line", "fill"} == set(markers)


@pytest.mark.parametrize(("language", "title"), [("vi", "Đường sắt"), ("en", "Railways")])
def test_titles_are_in_the_language_of_the_package(language: Language, title: str) -> None:
    made = project_document({"railways": SHIPPED["railways"]}, file="a.gpkg", title="x & <y>", language=language)
    root = _xml(made)
    assert root.findtext("title") == "x & <y>"
    assert title in (root.findtext(".//layername") or "")


@pytest.mark.parametrize(
    ("after", "same"),
    [
        ('{ "b": 2, "a": [ 1.0, "x" ] }', True),
        ('{"a":[1,"x"],"b":3}', False),
        ('{"a":[1,"x"]', False),
        ("[1]", False),
        ("", False),
    ],
)
def test_a_text_of_json_that_was_written_anew_is_no_edit(after: str, *, same: bool) -> None:
    """QGIS saves as GeoJSON through GDAL, which writes a text like this as an object."""
    definition = parse_definition(
        'id = "x"\ntheme = "land"\ntitle = {vi = "x", en = "x"}\n'
        'fields = [{name = "params", type = "text", title = {vi = "x", en = "x"}}]',
        where="x",
    )
    base = typed(definition, pd.DataFrame({"params": ['{"a":[1,"x"],"b":2}']}, index=["1"]))
    raw = gpd.GeoDataFrame({"params": [after]}, geometry=[None], crs=4326, index=base.index)
    settled, changed = settle(definition, base, raw, spoken=["params"], spatial=False, tolerance_m=0, cut=False)
    assert changed.tolist() == [not same]
    assert (settled["params"].tolist() == base["params"].tolist()) is same
