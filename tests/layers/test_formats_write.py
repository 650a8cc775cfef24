"""What is written comes back, and what does not is told: the law of every format."""

from __future__ import annotations

import datetime as dt
import io
import json
import zipfile
from pathlib import Path

import geopandas as gpd
import jsonschema
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from shapely import LineString, MultiPolygon, Point, Polygon, box

from layers.definitions import LayerDefinition, parse_definition
from layers.errors import CrsError, LayersError, ValueOutOfRangeError
from layers.formats import FORMATS, WriteResult, inspect, read_features, write_features
from layers.schema import typed

DEFINITION = parse_definition(
    """
    id = "zones"
    title = { vi = "Vùng", en = "Zones" }
    theme = "planning"
    geometry = ["Point", "LineString", "Polygon", "MultiPolygon"]
    label = { vi = "ten", en = "ten" }
    [[fields]]
    name = "ten"
    type = "text"
    title = { vi = "Tên", en = "Name" }
    [[fields]]
    name = "so_tang"
    type = "integer"
    title = { vi = "Số tầng", en = "Floors" }
    [[fields]]
    name = "dien_tich_quy_hoach"
    type = "number"
    title = { vi = "Diện tích", en = "Area" }
    [[fields]]
    name = "da_duyet"
    type = "boolean"
    title = { vi = "Đã duyệt", en = "Approved" }
    """,
    where="zones",
)
#: Formats that give every value of a layer back.
WHOLE = ("gpkg", "flatgeobuf", "geoparquet")
#: Attributes too, but coordinates rounded as the format has it.
ROUNDED = ("geojson", "geojsonseq", "jsonfg")
AREA = box(105.8, 21.0, 105.81, 21.01)
HOLED = Polygon(AREA.exterior.coords, [box(105.803, 21.003, 105.806, 21.006).exterior.coords])


def zones(**columns: list[object]) -> gpd.GeoDataFrame:
    """Give five features that try a format: holes, parts, no place, no values, Vietnamese."""
    shapes = [HOLED, MultiPolygon([AREA, box(105.9, 21.1, 105.91, 21.11)]), Point(105.5, 21.2), None, AREA]
    values: dict[str, object] = {
        "ten": ["Khu công nghiệp Quang Minh I", "Hoà Lạc", "<b>Đông Anh</b> & 'Sóc Sơn'", None, "x"],
        "so_tang": [1, None, -3, None, 2**53 - 1],
        "dien_tich_quy_hoach": [344.4, None, 1e-9, None, 12345.678901],
        "da_duyet": [True, False, None, None, True],
        "valid_from": [dt.date(2025, 7, 1), None, dt.date(1999, 12, 31), None, dt.date(2065, 1, 1)],
        **columns,
    }
    frame = gpd.GeoDataFrame(values, geometry=shapes, crs="EPSG:4326", index=[f"z{i}" for i in range(5)])
    return typed(DEFINITION, frame.rename_axis("feature_id"))


def written(features: gpd.GeoDataFrame, folder: Path, name: str, **options: str) -> tuple[WriteResult, Path]:
    path = folder / f"vung{FORMATS[name].suffix}"
    return write_features(features, DEFINITION, path, format=name, **options), path  # type: ignore[arg-type]


def kinds(result: WriteResult) -> set[tuple[str, str | None]]:
    return {(loss.kind, loss.field) for loss in result.losses}


# Laws ----------------------------------------------------------------------------------------------------------------

#: What XML, Excel and JSON all have a place for.
TEXTS = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn", "Co"), exclude_characters="\ufeff"), max_size=20
)
ODD_TEXTS = st.sampled_from(["007", "1.10", "2025/01/02", "null", "NA", "Hoà", "Hoa\u0300", '"', "=1", ""])
PLACES = st.builds(Point, st.integers(-180, 180), st.integers(-90, 90)) | st.sampled_from([AREA, HOLED])
COLUMNS: dict[str, st.SearchStrategy[object]] = {
    "ten": st.none() | TEXTS | ODD_TEXTS,
    # GDAL takes the two ends of 64 bits for numbers beyond them, and such a GeoJSON is refused.
    "so_tang": st.none() | st.integers(-(2**63) + 1, 2**63 - 2),
    "dien_tich_quy_hoach": st.none() | st.floats(allow_nan=False, allow_infinity=False),
    "da_duyet": st.none() | st.booleans(),
    "valid_from": st.none() | st.dates(dt.date(1800, 1, 1), dt.date(2200, 12, 31)),
}
ROWS = st.fixed_dictionaries({**COLUMNS, "geometry": st.none() | PLACES})


def as_features(rows: list[dict[str, object]]) -> gpd.GeoDataFrame:
    columns: dict[str, object] = {name: [row[name] for row in rows] for name in COLUMNS}
    columns["so_tang"] = pd.array([row["so_tang"] for row in rows], dtype="Int64")  # type: ignore[call-overload]
    ids = [f"z{i}" for i in range(len(rows))]
    frame = gpd.GeoDataFrame(columns, geometry=[row["geometry"] for row in rows], crs="EPSG:4326", index=ids)
    return typed(DEFINITION, frame.rename_axis("feature_id"))


@settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rows=st.lists(ROWS, min_size=1, max_size=4))
@pytest.mark.parametrize("name", WHOLE)
def test_what_is_written_comes_back(tmp_path: Path, name: str, rows: list[dict[str, object]]) -> None:
    features = as_features(rows)
    result, path = written(features, tmp_path, name)
    assert result.losses == ()
    back = read_features(path).frame.set_index("feature_id").reindex(features.index)
    read = typed(DEFINITION, back.set_crs("EPSG:4326", allow_override=True))
    pd.testing.assert_frame_equal(
        pd.DataFrame(read.drop(columns="geometry")),
        pd.DataFrame(features.drop(columns="geometry")),
        check_index_type=False,
    )
    there, again = features.geometry.to_numpy(), read.geometry.to_numpy()
    assert (shapely.is_missing(there) == shapely.is_missing(again)).all()
    assert all(one is None or one.equals(two) for one, two in zip(there, again, strict=True))


@settings(
    max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(rows=st.lists(ROWS, min_size=1, max_size=4))
@pytest.mark.parametrize("name", [name for name in FORMATS if name not in (*WHOLE, "dxf")])
def test_what_does_not_come_back_is_told(tmp_path: Path, name: str, rows: list[dict[str, object]]) -> None:
    """A field that no loss names is read again just as it was."""
    features = as_features(rows)
    folder = tmp_path / name
    folder.mkdir(exist_ok=True)
    for place in folder.iterdir():
        place.unlink()
    result, _ = written(features, folder, name)
    parts = [read_features(file).frame for file in result.files if file.suffix == FORMATS[name].suffix]
    back = pd.concat(parts, ignore_index=True).set_index(result.names["feature_id"])
    back = back.set_axis(back.index.astype("str")).reindex(features.index)
    told = {loss.field for loss in result.losses if loss.kind != "names"}
    for field in ("ten", "so_tang", "dien_tich_quy_hoach", "da_duyet", "valid_from"):
        if field not in told:
            column = back[result.names[field]] if result.names[field] in back else pd.Series(None, index=back.index)
            read = typed(DEFINITION, gpd.GeoDataFrame({field: column}, geometry=[None] * len(back), crs="EPSG:4326"))
            pd.testing.assert_series_equal(read[field], features[field], check_index_type=False, check_names=False)


@pytest.mark.parametrize("name", [*WHOLE, *ROUNDED])
def test_formats_that_hold_a_layer_tell_no_loss(tmp_path: Path, name: str) -> None:
    result, path = written(zones(), tmp_path, name)
    assert result.losses == ()
    assert result.messages("en") == (f"5 features written as {name}, CRS EPSG:4326.",)
    assert result.files == (path,)


@pytest.mark.parametrize("name", [name for name in FORMATS if not FORMATS[name].only_wgs84])
def test_vn2000_comes_back_to_the_millimetre(tmp_path: Path, name: str) -> None:
    result, path = written(zones().iloc[[0, 4]], tmp_path, name, crs="EPSG:5897")
    assert result.crs == "EPSG:5897"
    source = read_features(path)
    metric = zones().iloc[[0, 4]].to_crs("EPSG:5897")
    west, south, east, north = metric.total_bounds
    assert np.abs(np.array(source.frame.total_bounds) - [west, south, east, north]).max() < 1e-3 + 0.7
    assert not {kind for kind, _ in kinds(result)} & {"geometry", "types"} or name == "dxf"


# What each format loses ----------------------------------------------------------------------------------------------


def test_a_shapefile_cuts_names_and_texts_and_parts_the_kinds(tmp_path: Path) -> None:
    long = "Điều chỉnh quy hoạch " * 30
    result, _ = written(zones(ten=[long, "", "a", None, "x"]), tmp_path, "shapefile")
    assert {file.name for file in result.files if file.suffix == ".shp"} == {"vung_point.shp", "vung_polygon.shp"}
    assert result.names["dien_tich_quy_hoach"] == "dien_tich_"
    assert {("names", "dien_tich_quy_hoach"), ("text", "ten"), ("missing", "ten"), ("order", None)} <= kinds(result)
    back = read_features(tmp_path / "vung_polygon.shp")
    cut = back.frame.set_index("feature_id").loc["z0", "ten"]
    assert long.startswith(cut)
    assert 250 <= len(cut.encode()) <= 254
    assert back.encoding == "utf-8"
    said = " ".join(result.messages("vi"))
    assert "Trường dien_tich_quy_hoach có tên dien_tich_ trong tệp." in said
    assert "bị cắt ngắn văn bản" in said


def test_a_zipped_shapefile_is_one_file(tmp_path: Path) -> None:
    result = write_features(zones().iloc[[0]], DEFINITION, tmp_path / "vung.zip", format="shapefile")
    assert [file.name for file in result.files] == ["vung.zip"]
    assert len(read_features(tmp_path / "vung.zip").frame) == 1
    assert [place.name for place in tmp_path.iterdir()] == ["vung.zip"]


def test_mapinfo_has_no_missing_numbers(tmp_path: Path) -> None:
    result, path = written(zones(), tmp_path, "mif")
    assert {("missing", "so_tang"), ("missing", "dien_tich_quy_hoach"), ("missing", "da_duyet")} <= kinds(result)
    assert read_features(path).frame["ten"].tolist()[0] == "Khu công nghiệp Quang Minh I"


def test_geojson_rounds_to_seven_decimals_and_turns_rings(tmp_path: Path) -> None:
    clockwise = Polygon(list(AREA.exterior.coords))
    features = (
        zones().iloc[[0]].set_geometry([clockwise if not clockwise.exterior.is_ccw else clockwise.reverse()], crs=4326)
    )
    moved = features.set_geometry(features.translate(1.23456e-9))
    result, path = written(moved, tmp_path, "geojson")
    assert kinds(result) == {("precision", None)}
    assert "rounded, within 5e-08 °" in result.messages("en")[1]
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["bbox"] == [105.8, 21.0, 105.81, 21.01]
    ring = document["features"][0]["geometry"]["coordinates"][0]
    assert Polygon(ring).exterior.is_ccw


def test_json_fg_has_time_place_and_type(tmp_path: Path) -> None:
    result, path = written(zones().iloc[[0, 2]], tmp_path, "jsonfg", crs="EPSG:5897")
    assert result.losses == () or kinds(result) == {("precision", None)}
    document = json.loads(path.read_text(encoding="utf-8"))
    assert document["conformsTo"][0] == "http://www.opengis.net/spec/json-fg-1/1.0/conf/core"
    assert (document["featureType"], document["coordRefSys"]) == ("zones", "http://www.opengis.net/def/crs/EPSG/0/5897")
    first = document["features"][0]
    assert first["time"] == {"interval": ["2025-07-01", ".."]}
    assert first["place"]["coordinates"][0][0][0] == pytest.approx(580_000, abs=20_000)
    assert first["geometry"]["coordinates"][0][0] == [105.81, 21.0]
    jsonschema.validate(document, {"required": ["type", "features", "conformsTo"]})


def test_kml_shows_labels_and_the_planned_time_and_no_markup(tmp_path: Path) -> None:
    result, path = written(zones(), tmp_path, "kml")
    assert result.losses == ()
    text = path.read_text(encoding="utf-8")
    assert "<name>Hoà Lạc</name>" in text
    assert "<TimeSpan><begin>2025-07-01</begin></TimeSpan>" in text
    assert "&lt;b&gt;Đông Anh&lt;/b&gt;" in text


def test_excel_takes_no_formula_for_a_text(tmp_path: Path) -> None:
    result, path = written(zones(ten=["=1+1", "+84", "@x", None, "007"]), tmp_path, "xlsx")
    assert {kind for kind, _ in kinds(result)} == {"crs"}
    assert read_features(path).frame["ten"].tolist()[:3] == ["=1+1", "+84", "@x"]


def test_a_drawing_holds_shapes_and_labels(tmp_path: Path) -> None:
    result, path = written(zones(), tmp_path, "dxf", crs="EPSG:5897")
    assert ("fields", None) in kinds(result)
    assert "1 features without geometry were left out." in result.messages("en")
    frame = read_features(path, polygons=True).frame
    assert set(frame["layer"]) == {"zones", "zones_label"}
    assert "Hoà Lạc" in frame["text"].tolist()
    metric = zones().to_crs("EPSG:5897")
    assert frame.geometry[frame["entity"] == "LWPOLYLINE"].area.max() == pytest.approx(metric.area.max() / 2, rel=0.5)


# Targets and refusals ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(FORMATS))
def test_a_buffer_gets_what_a_file_gets(tmp_path: Path, name: str) -> None:
    buffer = io.BytesIO()
    result = write_features(zones(), DEFINITION, buffer, format=name)
    assert result.files == ()
    suffix = ".zip" if name == "shapefile" else FORMATS[name].suffix
    if name in ("tab", "mif"):  # several files; a buffer takes them in an archive
        suffix = ".zip"
    path = tmp_path / f"a{suffix}"
    path.write_bytes(buffer.getvalue())
    if suffix == ".zip":
        assert zipfile.is_zipfile(path)
    assert sum(layer.features for layer in inspect(path).layers) >= 5


def test_a_failed_export_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "a.geojson"
    path.write_text("before", encoding="utf-8")
    with pytest.raises(CrsError, match=r"wanted EPSG:4326 \(geojson\)"):
        write_features(zones(), DEFINITION, path, format="geojson", crs="EPSG:5897")
    assert path.read_text(encoding="utf-8") == "before"
    assert [place.name for place in tmp_path.iterdir()] == ["a.geojson"]


def test_what_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueOutOfRangeError, match="geojson, geojsonseq, jsonfg, gpkg"):
        write_features(zones(), DEFINITION, tmp_path / "a.dgn", format="dgn")
    with pytest.raises(ValueOutOfRangeError, match="a folder that is there"):
        write_features(zones(), DEFINITION, tmp_path / "no" / "a.gpkg", format="gpkg")
    with pytest.raises(CrsError, match="EPSG:99999"):
        write_features(zones(), DEFINITION, tmp_path / "a.gpkg", format="gpkg", crs="EPSG:99999")
    with pytest.raises(LayersError, match="wanted EPSG:4326"):
        write_features(zones().to_crs("EPSG:5897"), DEFINITION, tmp_path / "a.gpkg", format="gpkg")


@pytest.mark.parametrize("name", list(FORMATS))
def test_an_empty_layer_and_one_of_attributes_are_written(tmp_path: Path, name: str) -> None:
    nowhere = zones().set_geometry(gpd.GeoSeries([None] * 5, index=zones().index, crs="EPSG:4326"))
    result, _ = written(nowhere, tmp_path, name)
    assert result.features == 5
    if name != "geojsonseq":  # a file without a line is no sequence of features
        empty, _ = written(zones().iloc[:0], tmp_path, name)
        assert empty.features == 0


def test_a_frame_without_a_definition_keeps_its_types(tmp_path: Path) -> None:
    frame = gpd.GeoDataFrame(
        {"so": pd.array([1, None], dtype="Int64"), "ten": ["a", None]}, geometry=[LineString([(0, 0), (1, 1)]), None],
        crs="EPSG:4326", index=["p", "q"],
    )  # fmt: skip
    result = write_features(frame, None, tmp_path / "a.gpkg", format="gpkg")
    assert result.losses == ()
    assert dict(inspect(tmp_path / "a.gpkg").layers[0].fields)["so"] == "Integer64"


def test_the_definition_has_nothing_to_say_of_files() -> None:
    assert isinstance(DEFINITION, LayerDefinition)
    assert len({FORMATS[name].suffix for name in FORMATS}) == len(FORMATS)


def test_a_file_that_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    with pytest.raises(LayersError, match="out of 64bit integer range"):
        written(zones(so_tang=pd.array([2**63 - 1, None, 1, 2, 3], dtype="Int64")), tmp_path, "geojson")  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []
