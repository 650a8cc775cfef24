"""Files are read for what they are, whole or not at all, and never through another driver."""

from __future__ import annotations

import json
import shutil
import sqlite3
import warnings
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import LineString, Point

from layers.coercion import as_texts
from layers.errors import CrsError, FileUnreadableError, MissingFileError
from layers.formats import inspect, read_features

NAMES = ["Khu công nghiệp Quang Minh I", "Hoà Lạc", "Đông Anh"]


def parks() -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {"ten": NAMES, "dien_tich": [344.4, None, 0.0], "so": [1, 2, 3]},
        geometry=[Point(105.78, 21.19), Point(105.53, 21.0), None],
        crs="EPSG:4326",
    )


@pytest.fixture(params=["parks.geojson", "parks.json", "parks.gpkg", "parks.shp", "PARKS.SHP"])
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Give the same three parks in every format."""
    path = tmp_path / str(request.param)
    driver = {".gpkg": "GPKG", ".shp": "ESRI Shapefile"}.get(path.suffix.lower(), "GeoJSON")
    options = {"encoding": "UTF-8"} if driver == "ESRI Shapefile" else {}
    pyogrio.write_dataframe(parks(), path.with_suffix(path.suffix.lower()), driver=driver, **options)
    if path.suffix.isupper():
        for part in tmp_path.iterdir():
            part.rename(part.with_suffix(part.suffix.upper()))
    return path


def refusal(path: Path | str, language: str = "en", **options: Any) -> str:
    with pytest.raises(FileUnreadableError) as caught:
        read_features(path, **options)
    message = caught.value.message("vi" if language == "vi" else "en")
    assert str(path) in message or str(Path(path).resolve()) in message
    return message


def test_every_format_gives_the_same_features(written: Path) -> None:
    source = read_features(written)
    assert source.frame["ten"].tolist() == NAMES
    assert source.frame["so"].tolist() == [1, 2, 3]
    assert np.isnan(source.frame["dien_tich"].iloc[1])
    assert source.frame.geometry.iloc[0] == Point(105.78, 21.19)
    assert source.frame.geometry.iloc[2] is None
    assert source.frame.index.name == "fid"
    assert source.frame.index.is_unique
    assert source.crs == "EPSG:4326"
    assert source.spatial
    assert source.encoding.lower() == "utf-8"
    assert source.layer.lower() == "parks"
    assert source.notes == ()


def test_inspect_tells_layers_fields_and_counts_without_reading(written: Path) -> None:
    found = inspect(written)
    assert found.driver == read_features(written).driver
    assert found.encoding.lower() == "utf-8"
    (layer,) = found.layers
    assert (layer.features, layer.geometry, layer.crs) == (3, "Point", "EPSG:4326")
    assert [name for name, _ in layer.fields] == ["ten", "dien_tich", "so"]
    assert dict(layer.fields)["ten"] == "String"


def test_a_file_name_may_hold_spaces_vietnamese_and_signs(tmp_path: Path) -> None:
    path = tmp_path / "Bản vẽ số 1 (sửa) #2?.geojson"
    path.write_text(parks().to_json(), encoding="utf-8")
    assert len(read_features(path).frame) == 3


# Files that are not there, or not what they say ----------------------------------------------------------------------


@pytest.mark.parametrize("path", ["no.gpkg", "/vsicurl/http://127.0.0.1/a.geojson", "http://127.0.0.1/a.geojson"])
def test_missing_files_and_addresses(path: str) -> None:
    with pytest.raises(MissingFileError, match="There is no file") as caught:
        read_features(path)
    assert "Không có tệp" in caught.value.message("vi")


@pytest.mark.parametrize("name", ["a.dwg", "a.vrt", "a.gdalg", "a", "a!b.gpkg"])
def test_other_names_are_refused_and_the_formats_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"anything")
    assert f"{name}. Wanted GeoJSON (.geojson, .json), GeoPackage (.gpkg), Shapefile (.shp), " in refusal(path)


def test_a_folder_is_no_file(tmp_path: Path) -> None:
    path = tmp_path / "folder.gpkg"
    path.mkdir()
    assert "Wanted GeoJSON" in refusal(path)


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("a.gpkg", b"", "an empty file"),
        ("a.gpkg", b"name;area\nA;1\n", "a file that begins with b'name;area"),
        ("a.gpkg", b"SQLite format 3\x00" + b"\x00" * 2000, "file is not a database"),
        ("a.geojson", b"", "no JSON in UTF-8"),
        ("a.geojson", b'{"type": "FeatureCollection", "features": [', "no JSON in UTF-8"),
        ("a.geojson", '{"type": "Feature", "ten": "Hà Nội"}'.encode("utf-16"), "no JSON in UTF-8"),
        ("a.geojson", b"[1, 2]", "JSON that is an array"),
        ("a.geojson", b'{"name": "a"}', "a JSON object without a type"),
        ("a.geojson", b"12", "JSON that is a number"),
        ("a.geojson", b'{"type": "Topology", "arcs": []}', "JSON of type 'Topology'"),
        (
            "a.geojson",
            b'{"type": "FeatureCollection", "features": {}}',
            "a FeatureCollection without an array of features",
        ),
        ("a.shp", b"", "no .shx file beside it"),
    ],
)
def test_unreadable_files(tmp_path: Path, name: str, content: bytes, said: str) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert said in refusal(path)
    assert refusal(path, "vi").startswith(f"Không đọc được tệp {path}")


def test_a_database_without_layers_is_no_geopackage(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE parks (name TEXT)")
    assert "SQLite without a table gpkg_contents. Wanted a GeoPackage file" in refusal(path)


@pytest.mark.parametrize("kept", [0.1, 0.5, 0.97])
def test_cut_off_files_are_refused_whole(written: Path, kept: float) -> None:
    content = written.read_bytes()
    written.write_bytes(content[: int(len(content) * kept)])
    assert "cannot be read" in refusal(written)


VRT = """<OGRVRTDataSource><OGRVRTLayer name="secret"><SrcDataSource>{target}</SrcDataSource></OGRVRTLayer>
</OGRVRTDataSource>"""
STREAMED = '{{"type": "gdal_streamed_alg", "command_line": "gdal vector pipeline ! read {target} ! write x"}}'


@pytest.mark.parametrize("content", [VRT, STREAMED])
@pytest.mark.parametrize("name", ["a.geojson", "a.json", "a.gdalg.json", "a.gpkg"])
def test_files_that_point_at_other_files_are_never_followed(tmp_path: Path, name: str, content: str) -> None:
    target = tmp_path / "secret.gpkg"
    pyogrio.write_dataframe(parks(), target)
    path = tmp_path / name
    path.write_text(content.format(target=target), encoding="utf-8")
    assert "secret" not in refusal(path).split("Wanted")[1]


def test_gdal_itself_would_follow_them(tmp_path: Path) -> None:
    """The reason for looking at bytes first: GDAL opens such a file whatever its name."""
    target = tmp_path / "secret.gpkg"
    pyogrio.write_dataframe(parks(), target)
    path = tmp_path / "a.gpkg"
    path.write_text(VRT.format(target=target), encoding="utf-8")
    assert pyogrio.read_info(path)["driver"] == "OGR_VRT"


# What would be lost --------------------------------------------------------------------------------------------------


def feature(geometry: Any, type_: str = "Feature", **properties: Any) -> dict[str, Any]:
    return {"type": type_, "properties": properties, "geometry": geometry}


POINT_ = Point(105, 21)
POINT = {"type": "Point", "coordinates": [105.8, 21.0]}


@pytest.mark.parametrize(
    ("features", "said"),
    [
        ([feature(POINT, "feature")], 'feature 1: the type "feature"'),
        ([feature({"type": "Point", "coordinates": ["a", "b"]})], "does not consist of numbers"),
        ([feature({"type": "Point", "coordinates": [1, "b"]})], "does not consist of numbers"),
        ([feature({"type": "Circle", "coordinates": [1, 2]})], 'feature 1: a geometry of the type "Circle"'),
        ([feature({"type": "Polygon", "coordinates": [[[105, 21], [106, 21]]]})], "a ring of only 2 positions"),
    ],
)
@pytest.mark.parametrize("name", ["a.geojson", "a.geojsonl"])
def test_features_and_geometries_that_gdal_would_drop(
    tmp_path: Path, features: list[Any], said: str, name: str
) -> None:
    path = tmp_path / name
    lines = "\n".join(map(json.dumps, features))
    whole = json.dumps({"type": "FeatureCollection", "features": features})
    path.write_text(lines if name.endswith("l") else whole, encoding="utf-8")
    text = refusal(path)
    assert said in text or "JSON of type 'feature'" in text


@pytest.mark.parametrize(
    ("document", "count"),
    [
        (POINT, 1),
        (feature(POINT, ten="a"), 1),
        ({"type": "FeatureCollection", "features": []}, 0),
        ({"type": "FeatureCollection", "features": [feature(None, ten="a")]}, 1),
    ],
)
def test_all_kinds_of_geojson_objects(tmp_path: Path, document: Any, count: int) -> None:
    path = tmp_path / "a.geojson"
    path.write_text("\ufeff" + json.dumps(document), encoding="utf-8")
    assert len(read_features(path).frame) == count


def test_a_column_called_geometry_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(
        json.dumps({"type": "Feature", "properties": {"geometry": "x"}, "geometry": POINT}), encoding="utf-8"
    )
    assert "a column of attributes called geometry. Wanted another name for that column" in refusal(path)


@pytest.mark.parametrize(
    ("name", "crs"),
    [
        ("urn:ogc:def:crs:EPSG::5897", "EPSG:5897"),
        ("EPSG:3405", "EPSG:3405"),
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "EPSG:4326"),
    ],
)
def test_geojson_from_before_the_standard_may_state_its_crs(tmp_path: Path, name: str, crs: str) -> None:
    path = tmp_path / "a.geojson"
    document = {**feature(POINT), "crs": {"type": "name", "properties": {"name": name}}}
    path.write_text(json.dumps(document), encoding="utf-8")
    assert read_features(path).crs == crs
    assert inspect(path).layers[0].crs == crs
    path.write_text(json.dumps({**document, "crs": None}), encoding="utf-8")
    assert read_features(path).crs == "EPSG:4326"


@pytest.mark.parametrize(
    "member",
    [
        {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::99999"}},
        {"type": "name", "properties": None},
        {"type": "link", "properties": {"href": "http://127.0.0.1/crs"}},
        "EPSG:99999",
        [],
    ],
)
def test_geojson_with_an_unknown_crs_is_not_taken_for_wgs84(tmp_path: Path, member: Any) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps({**feature(POINT), "crs": member}), encoding="utf-8")
    with pytest.raises(CrsError, match=r"a\.geojson: the CRS is "):
        read_features(path)


def test_geojson_faults_of_a_published_linter(shared_data: Path) -> None:
    """What cannot be read whole is refused, or has an error in a row; every file that must be accepted is."""
    refused, wrong = set(), set()
    for path in sorted((shared_data / "formats" / "geojson_bad").glob("*.geojson")):
        try:
            faults = read_features(path).faults
        except FileUnreadableError:
            refused.add(path.stem)
        else:
            wrong |= {path.stem for fault in faults if fault.rule == "file-feature"}
    assert refused >= {"bad-json", "featurecollection", "featurecollection-obj", "point", "point-toofew", "rootstring"}
    assert refused | wrong >= {
        "false", "nofeaturetype", "multipoint-multidimension", "point-labeled-as-a-multipolygon", "stringcoord",
    }  # fmt: skip
    good = sorted((shared_data / "formats" / "geojson_good").glob("*.geojson"))
    assert good
    for path in good:
        assert len(read_features(path).frame) >= 1


def test_measures_are_left_out_with_a_note_and_heights_are_kept(shared_data: Path) -> None:
    source = read_features(shared_data / "formats" / "gpkg_special" / "line_zm.gpkg")
    assert source.frame.geometry.iloc[0].has_z
    assert [note.en for note in source.notes] == ["Measure values (M) of coordinates were left out."]


# Layers --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def two_layers(tmp_path: Path) -> Path:
    path = tmp_path / "two.gpkg"
    pyogrio.write_dataframe(parks(), path, layer="wards")
    pyogrio.write_dataframe(parks().iloc[:1], path, layer="city", append=True)
    return path


def test_several_layers_want_a_choice(two_layers: Path) -> None:
    assert "2 layers: wards, city. Wanted one of them chosen: --source-layer NAME" in refusal(two_layers)
    assert "2 lớp: wards, city. Cần chọn một lớp: --source-layer TÊN" in refusal(two_layers, "vi")
    assert "no layer 'ward'. Wanted one of the layers: wards, city" in refusal(two_layers, source_layer="ward")
    assert len(read_features(two_layers, source_layer="wards").frame) == 3
    assert len(read_features(two_layers, source_layer="city").frame) == 1
    assert [(layer.name, layer.features) for layer in inspect(two_layers).layers] == [("wards", 3), ("city", 1)]


def test_styles_of_qgis_are_no_layer(tmp_path: Path) -> None:
    path = tmp_path / "styled.gpkg"
    pyogrio.write_dataframe(parks(), path, layer="wards")
    pyogrio.write_dataframe(parks().drop(columns="geometry"), path, layer="layer_styles", append=True)
    assert read_features(path).layer == "wards"


def test_tables_of_attributes_have_no_places(shared_data: Path) -> None:
    path = shared_data / "industrial" / "fr_pprt_69_2009.gpkg"
    source = read_features(path, source_layer="pprt_69dreal20090005_procedure")
    assert not source.spatial
    assert source.crs is None
    assert source.frame.geometry.isna().all()
    assert len(inspect(path).layers) == 5


# Shapefiles ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def shapefile(tmp_path: Path) -> Callable[..., Path]:
    """Make a Shapefile whose text is in any encoding, with or without a side file that says so."""

    def make(names: list[str], encoding: str, *, cpg: str | None = None, suffix: str = ".cpg") -> Path:
        path = tmp_path / "parcels.shp"
        width = max(len(name.encode(encoding)) for name in names)
        plain = gpd.GeoDataFrame(
            {"ten": ["x" * width for _ in names]}, geometry=[Point(105, 21)] * len(names), crs="EPSG:4326"
        )
        pyogrio.write_dataframe(plain, path, driver="ESRI Shapefile")
        path.with_suffix(".cpg").unlink()
        table = path.with_suffix(".dbf")
        content = table.read_bytes()
        for name in names:
            content = content.replace(b"x" * width, name.encode(encoding).ljust(width), 1)
        table.write_bytes(content)
        if cpg is not None:
            path.with_suffix(suffix).write_text(cpg, encoding="ascii")
        return path

    return make


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("utf-8", "UTF-8"), ("utf-8", "65001"), ("cp1258", "1258"), ("cp1258", "ANSI 1258"), ("cp1252", "CP1252"),
     ("latin-1", "ISO-8859-1"), ("latin-1", "88591"), ("latin-1", "latin1")],
)  # fmt: skip
@pytest.mark.parametrize("suffix", [".cpg", ".cst", ".CPG"])
def test_side_files_tell_the_encoding(shapefile: Callable[..., Path], encoding: str, said: str, suffix: str) -> None:
    name = {"cp1258": "Đông Anh", "utf-8": "Hoà Lạc", "cp1252": "Zone à bâtir €", "latin-1": "Zone à bâtir"}[encoding]
    source = read_features(shapefile([name], encoding, cpg=said, suffix=suffix))
    assert source.frame["ten"].tolist() == [name]


def test_utf8_without_a_side_file_is_read_and_said(shapefile: Callable[..., Path]) -> None:
    source = read_features(shapefile(["Hoà Lạc", "Đông Anh"], "utf-8"))
    assert source.frame["ten"].tolist() == ["Hoà Lạc", "Đông Anh"]
    assert source.encoding == "utf-8"
    assert source.notes[0].en.startswith("parcels.dbf does not state its encoding; its text is valid UTF-8")
    assert "không khai báo bảng mã" in source.notes[0].vi


def test_plain_ascii_needs_no_encoding(shapefile: Callable[..., Path]) -> None:
    source = read_features(shapefile(["Quang Minh"], "ascii"))
    assert (source.encoding, source.notes) == ("ascii", ())


def test_other_bytes_without_a_side_file_are_refused_until_stated(shapefile: Callable[..., Path]) -> None:
    path = shapefile(["Zone à bâtir"], "cp1252")
    text = refusal(path)
    assert "the text of parcels.dbf is not UTF-8 and there is no .cpg file" in text
    assert "--encoding cp1258" in text
    assert "khai báo bảng mã: --encoding" in refusal(path, "vi")
    assert read_features(path, encoding="cp1252").frame["ten"].tolist() == ["Zone à bâtir"]


def test_wrong_and_unknown_encodings_are_refused(shapefile: Callable[..., Path]) -> None:
    path = shapefile(["Zone à bâtir"], "cp1252", cpg="UTF-8")
    assert "parcels.cpg: UTF-8, but parcels.dbf holds b'\\xe0'" in refusal(path)
    assert "Wanted an encoding such as UTF-8, cp1258, cp1252" in refusal(path, encoding="vni")
    assert read_features(path, encoding="cp1252").frame["ten"].tolist() == ["Zone à bâtir"]


def test_an_encoding_for_another_format_is_refused(written: Path) -> None:
    if written.suffix.lower() != ".shp":
        assert "Wanted no encoding: the file is always UTF-8" in refusal(written, encoding="cp1258")


@pytest.mark.parametrize("suffix", [".shx", ".dbf"])
def test_missing_parts_are_named(shapefile: Callable[..., Path], suffix: str) -> None:
    path = shapefile(["a"], "ascii")
    path.with_suffix(suffix).unlink()
    assert f"no {suffix} file beside it. Wanted .shp, .shx, .dbf" in refusal(path)


def test_parts_that_do_not_belong_together_are_refused(shapefile: Callable[..., Path], tmp_path: Path) -> None:
    path = shapefile(["a", "b"], "ascii")
    shutil.copy(path.with_suffix(".dbf"), tmp_path / "two.dbf")
    path = shapefile(["a"], "ascii")
    shutil.copy(tmp_path / "two.dbf", path.with_suffix(".dbf"))
    assert "1 geometries but 2 rows of attributes. Wanted as many of both" in refusal(path)


def test_something_else_called_shp_is_refused(shapefile: Callable[..., Path]) -> None:
    path = shapefile(["a"], "ascii")
    path.write_bytes(b"<xml>" + b" " * 200)
    assert "a file that begins with b'<xml>" in refusal(path)
    path = shapefile(["a"], "ascii")
    path.with_suffix(".dbf").write_bytes(b"x")
    assert "parcels.dbf: 1 B. Wanted dBASE (.dbf)" in refusal(path)


def test_shapefile_without_prj_has_no_crs(shapefile: Callable[..., Path]) -> None:
    path = shapefile(["a"], "ascii")
    path.with_suffix(".prj").unlink()
    assert read_features(path).crs is None


def test_real_shapefiles_keep_their_vietnamese_and_lao(shared_data: Path) -> None:
    gates = read_features(shared_data / "bachunghai" / "gates.shp")
    assert (len(gates.frame), gates.encoding) == (30, "utf-8")
    roads = read_features(shared_data / "vientiane" / "road_current2019_v0.shp")
    assert (len(roads.frame), roads.encoding, roads.crs) == (868, "utf-8", "EPSG:32648")
    latin = read_features(shared_data / "formats" / "shp_latin1" / "PRESCRIPTION_PCT.shp")
    same = pyogrio.read_dataframe(
        shared_data / "formats" / "mapinfo_tab_latin1" / "PRESCRIPTION_PCT.TAB"
    )  # the same points through another driver
    assert latin.frame["LIBELLE"].tolist() == same["LIBELLE"].tolist()
    assert "Bâtiment agricole" in same["LIBELLE"].tolist()


def test_lines_and_odd_numbers_are_read_as_they_are(tmp_path: Path) -> None:
    path = tmp_path / "a.gpkg"
    with np.errstate(invalid="ignore"):
        broken = LineString([(105, 21), (np.nan, 22)])
        pyogrio.write_dataframe(gpd.GeoDataFrame(geometry=[broken], crs="EPSG:4326"), path)
    assert np.isnan(read_features(path).frame.geometry.iloc[0].coords[1][0])


@pytest.mark.parametrize("name", ["a.gpkg", "a.geojson"])
def test_whole_numbers_are_never_rounded(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    big = 2**53 + 1

    def write(*values: int | None) -> None:
        numbers = pd.array(values, dtype="Int64")
        pyogrio.write_dataframe(
            gpd.GeoDataFrame({"ma": numbers}, geometry=[POINT_] * len(values), crs="EPSG:4326"), path
        )

    write(big, 1)
    assert read_features(path).frame["ma"].tolist() == [big, 1]
    write(big, None)
    assert read_features(path).frame["ma"].tolist() == [big, pd.NA]
    write(big - 2, None)
    assert read_features(path).frame["ma"].iloc[0] == big - 2


def test_mixed_columns_keep_every_text_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    values = ["1.10", 3, "null", None, "007", {"a": [1, "ù"]}, True]
    document = {"type": "FeatureCollection", "features": [feature(POINT, ma=value, ten="x") for value in values]}
    path.write_text(json.dumps(document), encoding="utf-8")
    texts = read_features(path).frame["ma"].tolist()
    assert texts[:3] == ["1.10", "3", "null"]
    assert pd.isna(texts[3])
    assert texts[4] == "007"
    assert json.loads(texts[5]) == {"a": [1, "ù"]}
    assert texts[6] == "true"
    assert dict(inspect(path).layers[0].fields) == {"ma": "JSON", "ten": "String"}


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.one_of(
            st.none(),
            st.text(st.characters(codec="utf-8", exclude_characters="\x00"), max_size=8),
            st.sampled_from(["2025/01/02", "2025-01-02T03:04:05Z", "007", "1.10", "null", "true", "-1", "[1]", "{}"]),
        ),
        min_size=1,
        max_size=5,
    )
)
def test_texts_of_geojson_stay_as_they_are(tmp_path: Path, texts: list[str | None]) -> None:
    path = tmp_path / "a.geojson"
    document = {"type": "FeatureCollection", "features": [feature(POINT, ten=text) for text in texts]}
    path.write_text(json.dumps(document, ensure_ascii=False), encoding="utf-8")
    read, _ = as_texts(read_features(path).frame["ten"])
    assert [None if pd.isna(text) else text for text in read] == texts


def test_escaped_letters_are_read_or_refused_but_never_lost(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text(json.dumps(feature(POINT, ten="Hoà Lạc \U00020000")), encoding="ascii")
    assert read_features(path).frame["ten"].tolist() == ["Hoà Lạc \U00020000"]
    path.write_text(json.dumps(feature(POINT, ten="\U0001d800")), encoding="ascii")
    assert "letters lost in the column ten. Wanted letters written in UTF-8 themselves, not as \\u" in refusal(path)
    path.write_text(json.dumps(feature(POINT, ten="lost \ufffd before")), encoding="ascii")
    assert read_features(path).frame["ten"].tolist() == ["lost \ufffd before"]


def test_real_columns_of_mixed_kinds(shared_data: Path) -> None:
    path = shared_data / "industrial" / "madison_business_parks_2017_a.geojson"
    frame = read_features(path).frame
    raw = [f["properties"]["Total_Acreage"] for f in json.loads(path.read_text(encoding="utf-8"))["features"]]
    assert len({type(value) for value in raw}) > 1
    for text, value in zip(frame["Total_Acreage"], raw, strict=True):
        assert (pd.isna(text) and value is None) or text == value or float(text) == value


def test_a_warning_about_code_is_no_fault_of_the_file(written: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    info = pyogrio.read_info

    def old_fashioned(*arguments: Any, **options: Any) -> Any:
        warnings.warn("this will go", FutureWarning, stacklevel=1)
        return info(*arguments, **options)

    monkeypatch.setattr(pyogrio, "read_info", old_fashioned)
    with pytest.warns(FutureWarning, match="this will go"):
        assert len(read_features(written).frame) == 3
