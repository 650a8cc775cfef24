"""Every format is read for what it is: real files to the last feature, hostile ones not at all."""

from __future__ import annotations

import gzip
import stat
import zipfile
from collections import Counter
from pathlib import Path
from typing import Any

import ezdxf.document
import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pyogrio
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely import Point, Polygon, box

from layers.errors import FileUnreadableError, LayersError
from layers.formats import SUFFIXES, inspect, read_batches, read_features
from layers.formats.archives import MAX_DEPTH, MAX_ENTRIES
from layers.formats.coordinates import parse_degrees

FOLDERS = ("formats", "osm", "zoning", "flood", "industrial", "vientiane")
#: Features by file, as the list of the data has them; for OSM by layer.
COUNTS = {
    "osm/hanoi_inner_roads_2025.gpkg": 16_674, "osm/hanoi_centre_allways_2023.gpkg": 5_074,
    "osm/hanoi_hospitals_2024.geojson": 252, "osm/hanoi_restaurants_2024.geojson": 826,
    "vientiane/glup2030_cdudcp_v1.shp": 63, "vientiane/transmission_line_v1.shp": 25,
    "vientiane/substations_pt_v1.shp": 14, "vientiane/electric_22kv_vtc_line_v1.shp": 120,
    "vientiane/mainsewage_v0.shp": 54, "vientiane/provinceboundary_cdudcp_v1.shp": 1,
    "vientiane/public_network_v0.shp": 58, "vientiane/road_current2019_v0.shp": 868,
    "industrial/vietnam_industrial_zones_north_2026.geojson": 525, "industrial/madison_business_parks_2017.csv": 103,
    "industrial/madison_business_parks_2017_a.geojson": 103, "industrial/madison_business_parks_2017_b.geojson": 104,
    "zoning/fr_plu_41175/PRESCRIPTION_LIN.shp": 10, "zoning/fr_plu_41175/PRESCRIPTION_PCT.shp": 26,
    "zoning/fr_plu_41175/PRESCRIPTION_SURF.shp": 23, "zoning/fr_plu_41175/ZONE_URBA.shp": 118,
    "zoning/fr_gml/ZONE_URBA.gml": 66, "zoning/fr_gml/PRESCRIPTION_SURF.gml": 30,
    "formats/mapinfo_tab_latin1/PRESCRIPTION_PCT.TAB": 59, "formats/mapinfo_tab_latin1/ZONE_URBA_41003.TAB": 36,
    "formats/shp_latin1/PRESCRIPTION_PCT.shp": 59, "formats/gpkg_special/line_zm.gpkg": 1,
    "formats/gpkg_special/test_gpkg_nulls.gpkg": 4, "formats/wkt_csv/fair_geometries.csv": 3,
    "formats/wkt_csv/dubious_geometries.csv": 3, "osm/sao_paulo_hexgrid.csv": 323,
}  # fmt: skip
#: Files that are refused, and a part of the reason.
REFUSED = {
    "formats/SPECIAL_CHARS.DBF": "is not UTF-8 and there is no .cpg file",
}


def refusal(path: Path, **options: Any) -> str:
    with pytest.raises(FileUnreadableError) as caught:
        read_features(path, **options)
    assert caught.value.message("vi") != caught.value.message("en")
    return caught.value.message("en")


# Real files ----------------------------------------------------------------------------------------------------------


def test_every_real_file_is_read_whole_or_refused_for_a_reason(shared_data: Path) -> None:
    files = sorted(path for folder in FOLDERS for path in (shared_data / folder).rglob("*") if path.is_file())
    taken = [path for path in files if path.name.lower().endswith(SUFFIXES) and ".osm" not in path.name]
    taken = [path for path in taken if "geojson_bad" not in path.parts and "_osm" not in path.name]
    outcomes: Counter[str] = Counter()
    for path in taken:
        name = str(path.relative_to(shared_data))
        if path.suffix == ".dbf" and path.with_suffix(".shp").exists():
            continue
        try:
            layers = inspect(path).layers
            read = {layer.name: read_features(path, source_layer=layer.name) for layer in layers}
        except FileUnreadableError:
            said = refusal(path)
            assert REFUSED.get(name, "not to be refused") in said, name
            outcomes["refused"] += 1
            continue
        assert name not in REFUSED
        assert {layer.name: layer.features for layer in layers} == {key: len(one.frame) for key, one in read.items()}
        if name in COUNTS:
            assert sum(len(one.frame) for one in read.values()) == COUNTS[name], name
        outcomes["read"] += 1
    assert outcomes["refused"] == len(REFUSED)
    assert outcomes["read"] > 100


@pytest.mark.parametrize(
    ("name", "edges", "vertices"),
    [
        ("hanoi_inner_roads_2025.osm.pbf", 28_404, 22_039),
        ("liechtenstein_full_2013.osm.pbf", 5_371, 4_168),
        ("sao_paulo_osm.pbf", 11_097, 7_718),
    ],
)
def test_roads_are_split_where_they_meet(shared_data: Path, name: str, edges: int, vertices: int) -> None:
    roads = read_features(shared_data / "osm" / name, source_layer="roads")
    assert len(roads.frame) == edges
    assert len(set(roads.frame["from_node"]) | set(roads.frame["to_node"])) == vertices
    assert roads.crs == "EPSG:4326"
    assert roads.notes[0].en.startswith("© OpenStreetMap contributors")


def test_edges_of_roads_keep_their_length_and_tags(shared_data: Path) -> None:
    edges = read_features(shared_data / "osm" / "hanoi_inner_roads_2025.osm.pbf", source_layer="roads").frame
    ways = read_features(shared_data / "osm" / "hanoi_inner_roads_2025.gpkg").frame
    assert edges["osm_id"].nunique() == len(ways)
    ways_length = ways.geometry.to_crs("EPSG:5897").length.sum()
    assert edges.set_crs("EPSG:4326").to_crs("EPSG:5897").length.sum() == pytest.approx(ways_length, rel=1e-6)
    classes = edges.drop_duplicates("osm_id").set_index("osm_id")["highway"]
    same = classes.reindex(ways["osm_id"].astype(str)).to_numpy() == ways["highway"].to_numpy()
    assert same.all()


def test_openstreetmap_layers_have_the_counts_of_another_reader(shared_data: Path) -> None:
    path = shared_data / "osm/liechtenstein_full_2013.osm.pbf"
    layers = {layer.name: layer.features for layer in inspect(path).layers}
    assert layers == {
        "roads": 5371, "points": 1359, "lines": 3014, "multilinestrings": 39, "multipolygons": 4104,
        "other_relations": 12,
    }  # fmt: skip
    packed = read_features(shared_data / "osm/hanoi_quoctugiam_full_2023.osm.gz", source_layer="roads").frame
    assert packed["osm_id"].nunique() == 527


def test_drawings_give_layers_texts_and_blocks(shared_data: Path) -> None:
    counts = {path.name: len(read_features(path).frame) for path in (shared_data / "formats" / "dxf").iterdir()}
    assert counts["urbam_big_grid_mm_nocrs.dxf"] == 65
    assert counts["AC1003_LINE_Example.dxf"] == 22
    drawing = read_features(shared_data / "formats" / "dxf" / "Leica_Disto_S910.dxf")
    assert drawing.crs is None
    assert {"layer", "entity", "text", "block"} <= set(drawing.frame.columns)


def test_the_same_points_through_four_readers(shared_data: Path, tmp_path: Path) -> None:
    tab = read_features(shared_data / "formats/mapinfo_tab_latin1/PRESCRIPTION_PCT.TAB").frame
    shp = read_features(shared_data / "formats/shp_latin1/PRESCRIPTION_PCT.shp").frame
    assert tab["LIBELLE"].tolist() == shp["LIBELLE"].tolist()
    assert "Bâtiment agricole" in tab["LIBELLE"].tolist()


# Batches -------------------------------------------------------------------------------------------------------------


def parks(count: int = 250) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "ten": [f"Khu công nghiệp số {i}" for i in range(count)],
            "so": pd.array([None if i % 7 == 0 else i for i in range(count)], dtype="Int64"),
        },
        geometry=[Point(105 + i / 1000, 21) for i in range(count)],
        crs="EPSG:4326",
    )


@pytest.mark.parametrize(
    ("suffix", "driver"),
    [
        ("gpkg", "GPKG"), ("fgb", "FlatGeobuf"), ("geojsonl", "GeoJSONSeq"), ("shp", "ESRI Shapefile"),
        ("geojson", "GeoJSON"), ("gml", "GML"), ("tab", "MapInfo File"), ("mif", "MapInfo File"), ("kml", "LIBKML"),
    ],
)  # fmt: skip
def test_batches_add_up_to_the_layer(tmp_path: Path, suffix: str, driver: str) -> None:
    path = tmp_path / f"parks.{suffix}"
    options = {"SPATIAL_INDEX": "NO"} if driver == "FlatGeobuf" else {}
    encoding = {"ENCODING": "UTF-8"} if driver in ("MapInfo File", "ESRI Shapefile") else {}
    pyogrio.write_dataframe(parks(), path, driver=driver, **options, **encoding)
    told: list[tuple[int, int]] = []
    batches = list(read_batches(path, rows=100, progress=lambda done, whole: told.append((done, whole))))
    assert [len(batch.frame) for batch in batches] == [100, 100, 50]
    assert told == [(100, 250), (200, 250), (250, 250)]
    together = pd.concat([batch.frame for batch in batches])
    whole = read_features(path).frame
    assert together.index.equals(whole.index)
    assert together["ten"].tolist() == whole["ten"].tolist() == parks()["ten"].tolist()
    assert (gpd.GeoSeries(together.geometry).to_wkb() == whole.geometry.to_wkb()).all()


@pytest.mark.parametrize("rows", [7, 100, 5000])
@pytest.mark.parametrize("suffix", ["fgb", "gpkg"])
def test_missing_geometries_and_values_stay_in_their_rows(tmp_path: Path, suffix: str, rows: int) -> None:
    path = tmp_path / f"lots.{suffix}"
    shapes = np.array(
        [None if i % 3 == 1 else box(105, 21, 105.01 + i / 1000, 21.01) for i in range(250)], dtype=object
    )
    names = [None if i % 4 == 2 else f"Thửa {i}" for i in range(250)]
    frame = gpd.GeoDataFrame({"ten": names, "so": np.arange(250)}, geometry=shapes, crs="EPSG:4326")
    options = {"SPATIAL_INDEX": "NO"} if suffix == "fgb" else {}
    pyogrio.write_dataframe(frame, path, **options)
    together = pd.concat([batch.frame for batch in read_batches(path, rows=rows)])
    for read in (together, read_features(path).frame):
        assert read["so"].tolist() == list(range(250))
        assert [None if pd.isna(name) else name for name in read["ten"]] == names
        assert shapely.is_missing(read.geometry.to_numpy()).tolist() == shapely.is_missing(shapes).tolist()
        there = ~shapely.is_missing(shapes)
        assert shapely.equals_identical(read.geometry.to_numpy()[there], shapes[there]).all()


def test_whole_numbers_in_batches_stay_whole_numbers(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    big = 2**53 + 1
    frame = gpd.GeoDataFrame({"so": pd.array([big, None], dtype="Int64")}, geometry=[Point(1, 2)] * 2, crs="EPSG:4326")
    pyogrio.write_dataframe(frame, path)
    (batch,) = read_batches(path)
    assert batch.frame["so"].tolist() == [big, pd.NA]


# Tables --------------------------------------------------------------------------------------------------------------


def table(tmp_path: Path, text: str, name: str = "moc.csv") -> Path:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    return path


def test_vietnamese_tables_call_the_northing_x(tmp_path: Path) -> None:
    path = table(tmp_path, "Điểm;X (m);Y (m)\nA;2326471.5;587344.2\nB;2326480.1;587351\n")
    source = read_features(path)
    assert source.frame.geometry.iloc[0] == Point(587344.2, 2326471.5)
    assert source.crs is None
    assert "X (m) holds northings and Y (m) eastings" in source.notes[0].en
    assert source.frame["X (m)"].tolist() == ["2326471.5", "2326480.1"]


def test_other_tables_call_the_easting_x(tmp_path: Path) -> None:
    source = read_features(table(tmp_path, "x,y\n587344.2,2326471.5\n"))
    assert source.frame.geometry.iloc[0] == Point(587344.2, 2326471.5)
    assert "x (easting or longitude) and y (northing or latitude)" in source.notes[0].en


def test_x_and_y_that_cannot_be_told_apart_are_asked_for(tmp_path: Path) -> None:
    path = table(tmp_path, "x,y\n471.5,344.2\n")
    assert "it is open whether x or y is the easting" in refusal(path)
    assert read_features(path, coordinates=("y", "x")).frame.geometry.iloc[0] == Point(344.2, 471.5)
    assert "coordinates in a, b. Wanted x, y" in refusal(path, coordinates=("a", "b"))


def test_cells_that_hold_no_coordinates_are_told_and_the_rest_is_read(tmp_path: Path) -> None:
    rows = ["A,105.8,21.0", "B,105 độ,21.0", "C,105.9,", "D,,", "E,105.7,20.9", "F,105.7,21 xx"]
    source = read_features(table(tmp_path, "\n".join(["ten,lon,lat", *rows]) + "\n"))
    assert [None if shape is None else shape.wkt for shape in source.frame.geometry] == [
        "POINT (105.8 21)", None, None, None, "POINT (105.7 20.9)", None,
    ]  # fmt: skip
    told = {(fault.rule, fault.row, fault.field, getattr(fault.seen, "en", fault.seen)) for fault in source.faults}
    assert told == {
        ("file-coordinates", 1, "lon", "105 độ"),
        ("file-coordinates", 2, "lat", "one coordinate of two"),
        ("file-coordinates", 5, "lat", "21 xx"),
    }


def test_a_column_that_holds_no_coordinates_refuses_the_table(tmp_path: Path) -> None:
    path = table(tmp_path, "ten,lon,lat\nA,105.8,21\nB,Hà Đông,21\nC,Sóc Sơn,21\n")
    assert "cells of the column lon that cannot be read: 2, such as row 2: 'Hà Đông'" in refusal(path)
    with pytest.raises(FileUnreadableError) as caught:
        read_features(path)
    assert "2 ô của cột lon không đọc được, như dòng 2: 'Hà Đông'" in caught.value.message("vi")
    assert "Wanted WKT" in refusal(table(tmp_path, "ten,wkt\nA,POLYGON no\nB,\n"))


def test_wkt_that_cannot_be_read_is_told(shared_data: Path) -> None:
    source = read_features(shared_data / "formats" / "wkt_csv" / "broken_geometries.csv")
    assert [(fault.rule, fault.row, fault.seen) for fault in source.faults] == [
        ("file-coordinates", 1, "POLYGON non wkt")
    ]
    assert not source.frame.geometry.iloc[0].is_valid
    assert source.frame.geometry.iloc[1] is None


def test_open_rings_of_wkt_are_closed(tmp_path: Path) -> None:
    source = read_features(
        table(tmp_path, 'ten,wkt\nA,"POLYGON ((0 0, 1 0, 1 1))"\nB,POINT (1 1)\nC,\nD,LINESTRING (0 0)\n')
    )
    assert [None if shape is None else shape.wkt for shape in source.frame.geometry] == [
        "POLYGON ((0 0, 1 0, 1 1, 0 0))", "POINT (1 1)", None, None,
    ]  # fmt: skip
    assert [(fault.rule, fault.row, fault.repair is not None) for fault in source.faults] == [
        ("file-unclosed-ring", 0, True),
        ("file-coordinates", 3, False),
    ]


def test_degrees_minutes_and_seconds(tmp_path: Path) -> None:
    source = read_features(table(tmp_path, "ten\tKinh độ\tVĩ độ\nA\t105°48'36\"E\t21°01'30\"N\nB\t\t\n", "b.tsv"))
    assert source.frame.geometry.iloc[0].equals_exact(Point(105.81, 21.025), 1e-9)
    assert source.frame.geometry.iloc[1] is None
    assert source.crs == "EPSG:4326"
    assert "taken for WGS 84" in source.notes[1].en


@pytest.mark.parametrize(
    ("text", "degrees"),
    [
        ("105.81", 105.81), ("-0.5", -0.5), ("21°01'30\"B", 21.025), ("105°48’36”Đ", 105.81), ("W 10°30'", -10.5),
        ("10°60'", np.nan), ("abc", np.nan), ("", np.nan), ("- 10°S", np.nan), ("21,5", 21.5),
    ],
)  # fmt: skip
def test_angles_as_people_write_them(text: str, degrees: float) -> None:
    assert parse_degrees(text) == pytest.approx(degrees, nan_ok=True)


@given(st.integers(0, 179), st.integers(0, 59), st.integers(0, 59_999), st.sampled_from("NSEW"))
def test_every_angle_is_read_as_it_was_written(degrees: int, minutes: int, milliseconds: int, letter: str) -> None:
    text = f"{degrees}°{minutes:02}'{milliseconds / 1000:.3f}\"{letter}"
    expected = degrees + minutes / 60 + milliseconds / 3_600_000
    assert parse_degrees(text) == pytest.approx(-expected if letter in "SW" else expected, abs=1e-12)


def test_longitudes_beyond_the_world_are_refused(tmp_path: Path) -> None:
    assert "lon, lat beyond the degrees" in refusal(table(tmp_path, "lon,lat\n587344,2326471\n"))


def test_a_table_without_places_is_one_of_attributes(tmp_path: Path) -> None:
    source = read_features(table(tmp_path, "ma,ten\n007,Hoà Lạc\n"))
    assert not source.spatial
    assert source.frame["ma"].tolist() == ["007"]


@pytest.mark.parametrize(("text", "said"), [("", "an empty file"), ("a,b\n1,2,3\n", "Length of header")])
def test_tables_that_lose_values_are_refused(tmp_path: Path, text: str, said: str) -> None:
    assert said in refusal(table(tmp_path, text))


def test_a_table_in_an_old_encoding_wants_it_stated(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("ten\nĐông Anh".encode("cp1258"))
    assert "its --encoding stated" in refusal(path)
    assert read_features(path, encoding="cp1258").frame["ten"].tolist() == ["Đông Anh"]


def test_workbooks_give_their_sheets_with_types(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Mốc"
    sheet.append(["Tên", "E", "N", "Số", "Ngày"])
    sheet.append(["=1+1", 587344.2, 2326471.5, 3, None])
    sheet.append(["B", 587350.0, 2326480.0, None, None])
    sheet["A2"].data_type = "s"
    book.create_sheet("Trống")
    book.save(tmp_path / "a.xlsx")
    source = read_features(tmp_path / "a.xlsx")
    assert source.layer == "Mốc"
    assert source.frame["Tên"].tolist() == ["=1+1", "B"]
    assert source.frame["Số"].tolist() == [3, pd.NA]
    assert source.frame.geometry.iloc[0] == Point(587344.2, 2326471.5)
    (tmp_path / "b.xlsx").write_bytes(b"<html>")
    assert "begins with b'<htm'" in refusal(tmp_path / "b.xlsx")


# Drawings and markup -------------------------------------------------------------------------------------------------


def test_closed_lines_become_areas_only_when_asked(tmp_path: Path) -> None:
    drawing = ezdxf.document.Drawing.new("R2010")
    model = drawing.modelspace()
    model.add_lwpolyline([(0, 0), (10, 0), (10, 5), (0, 5)], close=True, dxfattribs={"layer": "THUA"})
    model.add_text("Lô CN-1", dxfattribs={"layer": "CHU"}).set_placement((2, 3))
    block = drawing.blocks.new("TRAM")
    block.add_point((0, 0))
    block.add_attdef("SO", (0, 0))
    model.add_blockref("TRAM", (7, 8)).add_auto_attribs({"SO": "110kV"})
    drawing.saveas(tmp_path / "a.dxf")
    frame = read_features(tmp_path / "a.dxf").frame
    assert frame["layer"].tolist()[:2] == ["THUA", "CHU"]
    assert frame["text"].tolist()[1] == "Lô CN-1"
    assert (frame["block"].iloc[2], frame["attributes"].iloc[2]) == ("TRAM", "SO=110kV")
    assert frame.geometry.iloc[2] == Point(7, 8)
    assert frame.geom_type.iloc[0] == "LineString"
    areas = read_features(tmp_path / "a.dxf", polygons=True).frame
    assert areas.geometry.iloc[0].equals(Polygon([(0, 0), (10, 0), (10, 5), (0, 5)]))


ENTITY = '<?xml version="1.0"?><!DOCTYPE k [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
KML = '<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{}</Document></kml>'


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.kml", ENTITY + KML.format("<Placemark/>"), "a document type (DOCTYPE)"),
        ("a.gml", ENTITY + "<a/>", "a document type (DOCTYPE)"),
        ("a.kml", "<html></html>", "<html>. Wanted KML"),
        ("a.gml", "<kml/>", "<kml>. Wanted GML"),
        ("a.kml", KML.format("<Placemark>"), "mismatched tag"),
        ("a.kmz", "<kml/>", "begins with b'<kml'"),
        ("a.tab", '!table\n!version 300\nDefinition Table\n  Type LINKED Charset "WindowsLatin1"\n', "refers to other"),
        ("a.tab", "create view", "begins with b'create view'"),
        ("a.mif", "VERSION 300", "no .mid file beside it"),
        ("a.fgb", "fgb", "begins with b'fgb'"),
        ("a.parquet", "PAR", "begins with b'PAR'"),
        ("a.parquet", "PAR1 and nothing more", "Wanted an intact GeoParquet file"),
        ("a.osm", "<html/>", "Wanted an intact OSM file"),
        (
            "a.geojsonl",
            '{"type": "Feature", "geometry": null, "properties": {}}\n[1]\n',
            "line 2: JSON that is an array",
        ),
    ],
)
def test_files_that_are_something_else(tmp_path: Path, name: str, content: str, said: str) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert said in refusal(path)


def test_links_of_kml_are_named_and_not_followed(tmp_path: Path) -> None:
    path = tmp_path / "a.kml"
    place = "<Placemark><name>A</name><Point><coordinates>105.8,21.0</coordinates></Point></Placemark>"
    link = "<NetworkLink><Link><href>http://127.0.0.1:9/x.kml</href></Link></NetworkLink>"
    path.write_text(KML.format(place + link), encoding="utf-8")
    source = read_features(path)
    assert source.notes[0].en == "1 network links or image overlays were not followed."
    assert source.frame["Name"].tolist() == ["A"]
    assert "tessellate" not in source.frame.columns


def test_gml_is_read_without_its_schema_and_its_text_stays_text(tmp_path: Path) -> None:
    path = tmp_path / "a.gml"
    pyogrio.write_dataframe(
        gpd.GeoDataFrame({"ma": ["007"]}, geometry=[box(0, 0, 1, 1)], crs="EPSG:5897"), path, driver="GML"
    )
    (tmp_path / "a.xsd").unlink()
    source = read_features(path)
    assert source.frame["ma"].tolist() == ["007"]
    assert source.crs == "EPSG:5897"
    assert sorted(place.name for place in tmp_path.iterdir()) == ["a.gml"]


def test_json_fg_gives_the_place_and_the_planned_time(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text(
        """{"type": "FeatureCollection", "conformsTo": ["http://www.opengis.net/spec/json-fg-1/1.0/conf/core"],
        "coordRefSys": "http://www.opengis.net/def/crs/EPSG/0/5897", "features": [{"type": "Feature", "id": "p1",
        "time": {"interval": ["2025-07-01", ".."]}, "geometry": null, "properties": {"ten": "Hoà Lạc"},
        "place": {"type": "Point", "coordinates": [587344.25, 2326471.5]}}]}""",
        encoding="utf-8",
    )
    source = read_features(path)
    assert (source.driver, source.crs) == ("JSON-FG", "EPSG:5897")
    assert source.frame.geometry.iloc[0] == Point(587344.25, 2326471.5)
    assert source.frame["valid_from"].tolist() == ["2025-07-01"]
    assert source.frame["valid_to"].isna().all()
    assert source.frame["id"].tolist() == ["p1"]


# Archives ------------------------------------------------------------------------------------------------------------


def packed(tmp_path: Path, **entries: bytes) -> Path:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return path


def shapefile_parts(tmp_path: Path, name: str) -> dict[str, bytes]:
    folder = tmp_path / name
    folder.mkdir()
    pyogrio.write_dataframe(parks(3), folder / f"{name}.shp", driver="ESRI Shapefile", encoding="UTF-8")
    return {place.name: place.read_bytes() for place in folder.iterdir()}


def test_shapefiles_are_read_from_their_archive(tmp_path: Path) -> None:
    one = shapefile_parts(tmp_path, "parks")
    path = packed(tmp_path, **{f"delivery/{name}": content for name, content in one.items()}, **{"__MACOSX/x": b""})
    source = read_features(path)
    assert (len(source.frame), source.layer, source.path) == (3, "parks", path)
    two = packed(tmp_path, **one, **shapefile_parts(tmp_path, "plots"))
    assert [layer.name for layer in inspect(two).layers] == ["parks", "plots"]
    assert len(read_features(two, source_layer="plots").frame) == 3


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("../a.gpkg", "a path '../a.gpkg' in the archive"),
        ("/etc/a.gpkg", "a path '/etc/a.gpkg' in the archive"),
        ("a\\..\\b.gpkg", "Wanted names that stay inside the archive"),
        ("C:a.gpkg", "Wanted names that stay inside the archive"),
        ("in.zip", "an archive in the archive: 'in.zip'"),
        ("/".join("abcdefg") + ".gpkg", f"at most {MAX_DEPTH} folders"),
        ("a.txt", "no data file in it"),
    ],
)
def test_archives_that_lead_out_or_in_again(tmp_path: Path, name: str, said: str) -> None:
    path = packed(tmp_path, **{name: b"x"})
    assert said in refusal(path)
    assert sorted(place.name for place in tmp_path.iterdir()) == ["a.zip"]


def test_links_in_archives_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.zip"
    link = zipfile.ZipInfo("a.gpkg")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(link, "/etc/passwd")
    assert "'a.gpkg' is a link or a special file" in refusal(path)


def test_bombs_are_refused_before_and_while_they_go_off(tmp_path: Path) -> None:
    path = packed(tmp_path, **{"a.geojson": b"0" * 20_000_000})
    assert "it unpacks to 20000000 bytes or more" in refusal(path)
    squeezed = tmp_path / "a.geojson.gz"
    squeezed.write_bytes(gzip.compress(b"0" * 20_000_000))
    assert "it unpacks to" in refusal(squeezed)
    crowd = packed(tmp_path, **{f"{i}.txt": b"" for i in range(MAX_ENTRIES + 1)})
    assert f"{MAX_ENTRIES + 1} entries. Wanted at most {MAX_ENTRIES}" in refusal(crowd)


def test_damaged_archives_are_refused(tmp_path: Path) -> None:
    path = packed(tmp_path, **{"a.geojson": b'{"type": "Point"}' * 20})
    path.write_bytes(path.read_bytes()[:60])
    assert "Wanted an intact ZIP file" in refusal(path)
    squeezed = tmp_path / "a.geojson.gz"
    squeezed.write_bytes(gzip.compress(b"x" * 1000)[:20])
    assert "Wanted an intact gzip file" in refusal(squeezed)


def test_a_packed_file_is_read_like_any_other(tmp_path: Path) -> None:
    path = tmp_path / "parks.geojson.gz"
    path.write_bytes(gzip.compress(parks(4).to_json().encode()))
    assert len(read_features(path).frame) == 4
    with pytest.raises(LayersError, match="Wanted no encoding"):
        read_features(path, encoding="cp1258")
