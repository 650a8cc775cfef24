"""A file comes into a layer whole, with everything told that happened on the way, or not at all."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely
from pyproj import Geod
from shapely import LineString, MultiLineString, Point, Polygon, box

from layers.catalogue import shipped_definitions
from layers.crs import metric
from layers.definitions import DEFAULT_METRIC_CRS, Code, Field, LayerDefinition
from layers.encodings import encode
from layers.errors import (
    CrsError,
    DefinitionError,
    FeatureExistsError,
    FileUnreadableError,
    InvalidFeaturesError,
    LayersError,
    MissingFileError,
    UndecidedCrsError,
    UnknownFeatureError,
    UnknownFieldError,
    UnknownLayerError,
    ValueOutOfRangeError,
)
from layers.importing import import_file
from layers.mapping import ColumnMapping
from layers.receipts import Receipt
from layers.store import Decision, Put, Store
from layers.text import search_keys
from layers.types import Text

ZONES = LayerDefinition(
    id="zones",
    title=Text(vi="Khu vực", en="Zones"),
    theme="land",
    geometry=("Polygon", "MultiPolygon"),
    fields=(
        Field(name="name", type="text", title=Text(vi="Tên", en="Name"), required=True),
        Field(name="area_ha", type="number", title=Text(vi="Diện tích", en="Area"), minimum=0),
        Field(name="floors", type="integer", title=Text(vi="Số tầng", en="Floors")),
        Field(
            name="use",
            type="text",
            title=Text(vi="Loại đất", en="Use"),
            codes=tuple(Code(value=code, title=Text(vi=code, en=code)) for code in ("CN", "CX")),
        ),
    ),
)
SQUARE = box(105.8, 21.0, 105.9, 21.1)
BOW_TIE = Polygon([(105, 21), (106, 22), (106, 21), (105, 22)])


@pytest.fixture
def zones(store: Store) -> Store:
    """Give a store with a layer of zones, the layer of coverage and one zone."""
    store.add_layer(ZONES)
    store.add_layer(shipped_definitions()["coverage"])
    first = gpd.GeoDataFrame(
        {"name": ["Lô cũ"], "area_ha": [3.5], "floors": [2], "use": ["CN"]},
        geometry=[box(105.0, 20.9, 105.1, 21.0)],
        index=pd.Index(["z1"], name="feature_id"),
        crs="EPSG:4326",
    )
    store.commit([Put("zones", first)], author="planner", message="first zone")
    return store


@pytest.fixture
def file(tmp_path: Path) -> Callable[..., Path]:
    """Write features to a file."""

    def write(called: str = "zones.gpkg", /, *, geometry: Any = None, crs: Any = "EPSG:4326", **columns: Any) -> Path:
        rows = len(next(iter(columns.values())))
        shapes = [SQUARE] * rows if geometry is None else geometry
        path = tmp_path / called
        pyogrio.write_dataframe(gpd.GeoDataFrame(columns, geometry=shapes, crs=crs or "EPSG:5897"), path)
        if crs is None:
            path.with_suffix(".prj").unlink()
        return path

    return write


def bring(store: Store, path: Path | str, layer: str = "zones", **options: Any) -> Receipt:
    return import_file(store, path, layer, **{"author": "institute", "message": "delivery", **options})


def refused(store: Store, path: Path | str, error: type[LayersError], layer: str = "zones", **options: Any) -> str:
    """Return the message of a refused import, after making sure that it left nothing behind."""

    def state() -> Any:
        return [store.changesets(), {name: store.read(name).to_json() for name in store.layers()}]

    before = state()
    with pytest.raises(error) as caught:
        bring(store, path, layer, **options)
    assert state() == before
    assert caught.value.message("vi") != caught.value.message("en")
    return caught.value.message("en")


# Whole and told ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["zones.gpkg", "zones.geojson", "zones.shp"])
def test_a_file_of_any_format_comes_in_as_one_changeset(zones: Store, file: Callable[..., Path], name: str) -> None:
    path = file(name, feature_id=["a", "b"], name=["Hoà Lạc", "Đông Anh"], area_ha=["12.5", ""], other=[1, 2])
    result = bring(zones, path, decision=Decision("1569/QĐ-TTg", dt.date(2024, 12, 12)))
    assert (result.read, result.written, result.unchanged, result.filtered) == (2, 2, 0, 0)
    assert result.columns == {"name": "name", "area_ha": "area_ha"}
    assert result.left_out == ("other",)
    assert result.changeset is not None
    assert (result.changeset.author, result.changeset.message, result.changeset.features) == (
        "institute",
        "delivery",
        2,
    )
    assert result.changeset.decision == Decision("1569/QĐ-TTg", dt.date(2024, 12, 12))
    assert [entry.id for entry in zones.changesets()] == [1, 2]
    there = zones.read("zones", ids=["a", "b"])
    assert there["name"].tolist() == ["Hoà Lạc", "Đông Anh"]
    assert there["area_ha"].tolist()[0] == 12.5
    assert np.isnan(there["area_ha"].iloc[1])
    assert there.geometry.iloc[0].equals(SQUARE)
    assert zones.count("coverage") == 0


def test_the_same_file_again_writes_nothing(zones: Store, file: Callable[..., Path]) -> None:
    path = file(feature_id=["a", "b"], name=["x", "y"], geometry=[SQUARE, None])
    assert bring(zones, path).written == 2
    again = bring(zones, path)
    assert (again.written, again.unchanged, again.changeset) == (0, 2, None)
    assert len(zones.changesets()) == 2
    changed = file(feature_id=["a", "b"], name=["x", "z"], geometry=[SQUARE, None])
    third = bring(zones, changed)
    assert (third.written, third.unchanged) == (1, 1)
    assert zones.history("zones", "b")[-1].attributes["name"] == "z"
    assert len(zones.history("zones", "a")) == 1


def test_fields_that_the_file_does_not_speak_of_keep_their_values(zones: Store, file: Callable[..., Path]) -> None:
    bring(zones, file(feature_id=["z1", "z2"], name=["Lô mới", "Lô hai"]))
    after = zones.read("zones")
    assert after.loc["z1", "name"] == "Lô mới"
    assert after.loc["z1", "area_ha"] == 3.5
    assert after.loc["z1", "floors"] == 2
    assert after.loc["z1", "use"] == "CN"
    assert after.geometry.loc["z1"].equals(SQUARE)
    assert after.loc[["z2"], ["area_ha", "floors", "use"]].isna().all(axis=None)


def test_a_value_that_the_file_leaves_empty_is_emptied(zones: Store, file: Callable[..., Path]) -> None:
    bring(zones, file(feature_id=["z1"], name=["Lô cũ"], area_ha=[np.nan]))
    after = zones.read("zones", ids=["z1"])
    assert after["area_ha"].isna().all()
    assert after["floors"].tolist() == [2]


def test_a_table_without_places_leaves_places_alone(zones: Store, tmp_path: Path) -> None:
    path = tmp_path / "table.gpkg"
    pyogrio.write_dataframe(pd.DataFrame({"feature_id": ["z1"], "name": ["Lô mới"]}), path)
    result = bring(zones, path)
    assert result.transformation is None
    after = zones.read("zones")
    assert after.loc["z1", "name"] == "Lô mới"
    assert after.geometry.loc["z1"].equals(box(105.0, 20.9, 105.1, 21.0))


def test_replace_makes_the_layer_what_the_file_is(zones: Store, file: Callable[..., Path]) -> None:
    path = file(feature_id=["z2"], name=["Lô hai"])
    result = bring(zones, path, mode="replace")
    assert result.written == 2
    assert zones.read("zones").index.tolist() == ["z2"]
    assert bring(zones, path, mode="replace").changeset is None


def test_insert_and_update_hold_to_their_word(zones: Store, file: Callable[..., Path]) -> None:
    both = file(feature_id=["z1", "z2"], name=["a", "b"])
    for dry_run in (False, True):
        assert "'z1'" in refused(zones, both, FeatureExistsError, mode="insert", dry_run=dry_run)
        assert "'z2'" in refused(zones, both, UnknownFeatureError, mode="update", dry_run=dry_run)
    assert bring(zones, file(feature_id=["z1"], name=["a"]), mode="update").written == 1
    assert bring(zones, file(feature_id=["z3"], name=["a"]), mode="insert").written == 1


def test_a_dry_run_tells_and_writes_nothing(zones: Store, file: Callable[..., Path]) -> None:
    path = file(feature_id=["a"], name=["x"])
    result = bring(zones, path, dry_run=True, coverage="bbox")
    assert (result.written, result.changeset, result.dry_run) == (1, None, True)
    assert len(zones.changesets()) == 1
    assert zones.count("zones") == 1
    assert "1 would be written, 0 unchanged (dry run, nothing was written)." in result.messages("en")[0]
    assert "sẽ ghi 1, 0 không đổi (chạy thử, không ghi gì)." in result.messages("vi")[0]


def test_an_empty_file_changes_nothing_and_says_so(zones: Store, tmp_path: Path) -> None:
    path = tmp_path / "empty.geojson"
    path.write_text('{"type": "FeatureCollection", "features": []}', encoding="utf-8")
    mapping = ColumnMapping(layer="zones", id="fid")
    result = bring(zones, path, mapping=mapping)
    assert (result.read, result.written, result.changeset) == (0, 0, None)
    assert "There is no feature to write." in result.messages("en")
    assert "Không có đối tượng nào để ghi." in result.messages("vi")


def test_the_result_reads_as_sentences(zones: Store, file: Callable[..., Path]) -> None:
    moved = metric(gpd.GeoDataFrame(geometry=[SQUARE, SQUARE], crs="EPSG:4326"), "EPSG:5897")
    path = file(
        ma=["a", "b"], ten=["x", "y"], loai=["KCN", "?"], tang=[1, 2], x=[0, 0], geometry=moved.geometry, crs=5897
    )
    mapping = ColumnMapping(
        layer="zones",
        id="{ma}",
        fields={"name": "ten", "use": "loai"},
        values={"use": {"KCN": "CN", "?": ""}},
        skip=("tang",),
    )
    result = bring(zones, path, mapping=mapping)
    operation = "Inverse of Vietnam TM-3 zone 482 [EPSG:5893] + VN-2000 to WGS 84 (2) [EPSG:6960]"
    assert result.messages("en") == (
        "zones.gpkg → zones: 2 features read, 2 written, 0 unchanged.",
        f"Transformed from EPSG:5897 (VN-2000 / TM-3 zone 482) to EPSG:4326 (WGS 84) by {operation} (accuracy 1 m).",
        "Field ← column: name ← ten; use ← loai.",
        "Values translated: use: KCN → CN (1).",
        "Columns skipped on purpose: tang.",
        "Columns without a field, left out: x.",
        "use: '?' in 1 features has no code and stays unknown.",
    )
    said = " ".join(result.messages("vi"))
    for words in (
        "đọc 2 đối tượng, ghi 2",
        "Trường ← cột",
        "Giá trị quy đổi",
        "Cột chủ động bỏ qua: tang",
        "Cột không có trường tương ứng, không nhập: x",
        "'?' ở 1 đối tượng không có mã, để trống",
    ):
        assert words in said


@pytest.mark.parametrize("name", ["back.gpkg", "back.geojson"])
def test_what_a_store_gives_comes_back_the_same(store: Store, tmp_path: Path, name: str) -> None:
    every_type = ZONES.model_copy(
        update={"fields": (*ZONES.fields, Field(name="built", type="boolean", title=Text(vi="Đã xây", en="Built")))}
    )
    store.add_layer(every_type)
    store.add_layer(every_type.model_copy(update={"id": "copies"}))
    features = gpd.GeoDataFrame(
        {
            "name": ["Lô A", "Lô <b>B</b>", 'Lô "C"; ù'],
            "area_ha": [0.1 + 0.2, None, -0.0],
            "floors": pd.array([2**53 - 1, None, 0], dtype="Int64"),
            "use": ["CN", None, "CX"],
            "built": pd.array([True, False, None], dtype="boolean"),
            "valid_from": ["2025-07-01", None, "0999-12-31"],
            "valid_to": [None, "2030-12-31", "2200-01-01"],
            "source": ["", None, "x"],
        },
        geometry=[SQUARE, None, BOW_TIE.buffer(0)],
        index=pd.Index(["a", "b/ù", "c"], name="feature_id"),
        crs="EPSG:4326",
    )
    store.commit([Put("zones", features)], author="planner", message="zones")
    given = store.read("zones")
    path = tmp_path / name
    pyogrio.write_dataframe(given.reset_index(), path, **({"COORDINATE_PRECISION": 15} if "geojson" in name else {}))
    bring(store, path, "copies")
    back = store.read("copies")
    pd.testing.assert_frame_equal(
        pd.DataFrame(back.drop(columns="geometry")), pd.DataFrame(given.drop(columns="geometry"))
    )
    assert back.geometry.geom_equals_exact(given.geometry, 1e-12, align=False).tolist() == [True, False, True]
    assert back.geometry.iloc[1] is None
    assert bring(store, path, "copies").written == 0


# Places --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("stated", ["by the file", "by the user"])
def test_vn2000_comes_in_within_a_centimetre(zones: Store, file: Callable[..., Path], stated: str) -> None:
    drawn = Polygon([(588618.065, 2325348.988), (588718.065, 2325348.988), (588718.065, 2325448.988)])
    path = file(
        "drawn.shp", feature_id=["a"], name=["x"], geometry=[drawn], crs=5897 if stated == "by the file" else None
    )
    result = bring(zones, path, crs=None if stated == "by the file" else "EPSG:5897")
    assert result.transformation is not None
    assert "EPSG:6960" in result.transformation.operation
    assert result.transformation.accuracy_m == 1.0
    corner = zones.read("zones", ids=["a"]).geometry.iloc[0].exterior.coords[0]
    assert corner == pytest.approx((105.8544, 21.0195), abs=1e-7)
    back = metric(zones.read("zones", ids=["a"]), "EPSG:5897").geometry.iloc[0]
    assert back.area == pytest.approx(5000, abs=0.01)


def test_the_users_crs_wins_over_the_files_and_that_is_told(zones: Store, tmp_path: Path) -> None:
    path = tmp_path / "projected.geojson"
    ring = [[588618.065, 2325348.988], [588718.065, 2325348.988], [588718.065, 2325448.988], [588618.065, 2325348.988]]
    shape = {"type": "Polygon", "coordinates": [ring]}
    path.write_text(json.dumps({"type": "Feature", "properties": {"id": "a", "name": "x"}, "geometry": shape}))
    text = refused(zones, path, UndecidedCrsError)
    assert "the stated CRS is EPSG:4326 (WGS 84); a choice is wanted: --crs EPSG:5897, " in text
    result = bring(zones, path, crs="EPSG:5897")
    assert (
        "projected: the file's CRS was not used; saw 'EPSG:4326 (WGS 84)', "
        "wanted EPSG:5897 (VN-2000 / TM-3 zone 482), as asked for."
    ) in result.messages("en")
    assert zones.read("zones", ids=["a"]).geometry.iloc[0].exterior.coords[0] == pytest.approx((105.8544, 21.0195))


def test_heights_are_left_out_and_that_is_told(zones: Store, file: Callable[..., Path]) -> None:
    high = Polygon([(105, 21, 5), (106, 21, 6), (106, 22, 7)])
    result = bring(zones, file(feature_id=["a", "b"], name=["x", "y"], geometry=[high, SQUARE]))
    assert "1 geometries have heights; the layer is two-dimensional, the heights were left out." in result.messages(
        "en"
    )
    assert not zones.read("zones").geometry.has_z.any()


def test_data_beyond_its_zone_and_unstated_encodings_are_told(zones: Store, file: Callable[..., Path]) -> None:
    far = metric(gpd.GeoDataFrame(geometry=[box(106.6, 20.8, 106.7, 20.9)], crs="EPSG:4326"), "EPSG:5897")
    path = file("z.shp", feature_id=["a"], name=["Hoà Lạc"], geometry=far.geometry, crs=5897)
    path.with_suffix(".cpg").unlink()
    assert "--crs EPSG:9206" in refused(zones, path, UndecidedCrsError), "another zone would put it into the city"
    result = bring(zones, path, crs="EPSG:5897")
    assert [issue.rule for issue in result.issues] == ["crs-beyond"]
    assert "the area of use of EPSG:5897 (VN-2000 / TM-3 zone 482)" in result.issues[0].message("en")
    assert any("does not state its encoding" in text for text in result.messages("en"))
    assert result.file.encoding == "utf-8"


# Nothing by halves ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"area_ha": ["1", "abc"]}, "row 2, feature 'b', field area_ha: the value has the wrong type; saw 'abc'"),
        ({"area_ha": [1, -1]}, "field area_ha: the value is too small; saw -1"),
        ({"floors": [1, 3.5]}, "field floors: the value has the wrong type; saw 3.5, wanted a whole number"),
        ({"use": ["CN", "ODT"]}, "field use: the value is not in the code list; saw 'ODT', wanted CN, CX"),
        ({"name": ["a", None]}, "field name: a required value is missing; saw nothing"),
        ({"feature_id": ["a", "a"]}, "field feature_id: the id is there more than once; saw 'a'"),
        ({"feature_id": ["a", None]}, "field feature_id: the feature has no id"),
        (
            {"valid_from": ["2025-01-01", "01/02/2025"]},
            "field valid_from: the value has the wrong type; saw '01/02/2025'",
        ),
        ({"valid_from": ["", "2025-01-02"], "valid_to": ["", "2025-01-01"]}, "it ends before it begins"),
        ({"geometry": [SQUARE, BOW_TIE]}, "row 2, feature 'b': the geometry is not valid; saw Self-intersection"),
        ({"geometry": [SQUARE, Point(105, 21)]}, "the geometry type is not allowed; saw 'Point'"),
        ({"geometry": [SQUARE, Polygon()]}, "the geometry is empty"),
    ],
)
def test_one_bad_feature_keeps_all_out(
    zones: Store, file: Callable[..., Path], columns: dict[str, Any], said: str
) -> None:
    path = file(**{"feature_id": ["a", "b"], "name": ["x", "y"], **columns})
    text = refused(zones, path, InvalidFeaturesError, coverage="bbox")
    assert text.startswith("Layer zones: 1 issues, nothing was written.")
    assert said in text


def test_coordinates_that_are_no_numbers_name_their_row(zones: Store, file: Callable[..., Path]) -> None:
    with np.errstate(invalid="ignore"):
        path = file(feature_id=["a"], name=["x"], geometry=[Polygon([(105, 21), (np.nan, 22), (106, 21), (105, 21)])])
    assert "row 1, feature 'a': a coordinate is not a finite number" in refused(zones, path, InvalidFeaturesError)


def test_a_missing_required_column_and_a_missing_id(zones: Store, file: Callable[..., Path]) -> None:
    text = refused(zones, file(feature_id=["a"], note=["x"]), InvalidFeaturesError)
    assert "field name: a required value is missing; saw no such column" in text
    text = refused(zones, file(ma=["a"], name=["x"]), DefinitionError)
    assert "id is not valid: saw ma, name, wanted a column feature_id or id, or a mapping file" in text


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"mapping": "no-such"}, MissingFileError, "There is no file no-such (hanoi-districts-2020"),
        ({"mapping": "osm-roads"}, DefinitionError, "osm-roads: layer is not valid: saw roads, wanted zones"),
        ({"source_layer": "wards"}, FileUnreadableError, "no layer 'wards'. Wanted one of the layers: zones"),
        ({"crs": "EPSG:99999"}, CrsError, "the CRS is EPSG:99999"),
        ({"crs": "EPSG:5897"}, CrsError, "the data falls in"),
        ({"encoding": "cp1258"}, FileUnreadableError, "encoding=cp1258 for GPKG"),
        ({"author": " "}, ValueOutOfRangeError, "author"),
        ({"coverage": "circle.gpkg"}, MissingFileError, "There is no file circle.gpkg"),
        ({"layer": "no_layer"}, UnknownLayerError, "There is no layer 'no_layer'"),
    ],
)
def test_options_that_do_not_fit(
    zones: Store, file: Callable[..., Path], options: dict[str, Any], error: type[LayersError], said: str
) -> None:
    assert said in refused(zones, file(feature_id=["a"], name=["x"]), error, **options)


def test_files_that_are_not_there_or_not_what_they_say(zones: Store, tmp_path: Path) -> None:
    assert "There is no file" in refused(zones, tmp_path / "no.gpkg", MissingFileError)
    text = tmp_path / "text.gpkg"
    text.write_text("name,area\n", encoding="utf-8")
    assert "Wanted a GeoPackage file" in refused(zones, text, FileUnreadableError)


def test_a_file_without_crs_asks_for_one(zones: Store, file: Callable[..., Path]) -> None:
    path = file("z.shp", feature_id=["a"], name=["x"], crs=None)
    text = refused(zones, path, UndecidedCrsError)
    assert "z.shp: the stated CRS is none; a choice is wanted: --crs EPSG:4326, EPSG:4756" in text


# Coverage ------------------------------------------------------------------------------------------------------------


def test_coverage_is_written_with_the_features_and_only_once(zones: Store, file: Callable[..., Path]) -> None:
    triangle = Polygon([(105, 21), (106, 21), (105, 22)])
    path = file(feature_id=["a", "b"], name=["x", "y"], geometry=[triangle, None])
    options: dict[str, Any] = {"coverage": "bbox", "as_of": dt.date(2026, 6, 30)}
    result = bring(zones, path, **options)
    assert result.changeset is not None
    assert result.changeset.features == 3
    row = zones.read("coverage").loc["zones-zones-zones"]
    assert (row["layer"], row["completeness"], row["source"]) == ("zones", "complete", "zones.gpkg")
    assert row["as_of"] == pd.Timestamp(2026, 6, 30)
    assert row["position"] == "schematic"
    assert row["geometry"].equals(box(105, 21, 106, 22))
    assert bring(zones, path, **options).changeset is None
    again = bring(zones, path, coverage="hull", completeness="partial")
    assert again.written == 0
    assert again.changeset is not None
    row = zones.read("coverage").loc["zones-zones-zones"]
    assert row["geometry"].equals(triangle)
    assert row["completeness"] == "partial"
    assert pd.isna(row["as_of"])


def test_coverage_may_be_the_polygons_of_a_file(zones: Store, file: Callable[..., Path]) -> None:
    area = metric(
        gpd.GeoDataFrame(geometry=[box(105, 21, 105.5, 22), box(105.5, 21, 106, 22)], crs="EPSG:4326"), "EPSG:3405"
    )
    border = file("border.geojson", geometry=area.to_crs("EPSG:4326").geometry, n=[1, 2])
    path = file(feature_id=["a"], name=["x"])
    bring(zones, path, coverage=border)
    row = zones.read("coverage").iloc[0]
    assert row["geometry"].symmetric_difference(box(105, 21, 106, 22)).area < 1e-6
    assert row["position"] == "published"


@pytest.mark.parametrize("coverage", ["bbox", "hull"])
def test_coverage_needs_an_area(store: Store, file: Callable[..., Path], coverage: str) -> None:
    roads = shipped_definitions()["roads"]
    store.add_layer(roads)
    path = file("r.gpkg", feature_id=["a"], name=["x"], geometry=[LineString([(105, 21), (106, 21)])])
    assert "There is no layer 'coverage'" in refused(store, path, UnknownLayerError, "roads", coverage=coverage)
    store.add_layer(shipped_definitions()["coverage"])
    text = refused(store, path, ValueOutOfRangeError, "roads", coverage=coverage)
    assert f"coverage: saw '{coverage}: " in text
    assert "wanted an area (polygons)" in text


# Real files ----------------------------------------------------------------------------------------------------------


def shipped(store: Store, *layers: str) -> Store:
    for layer in layers:
        store.add_layer(shipped_definitions()[layer])
    return store


def test_real_wards_of_hanoi(store: Store, shared_data: Path) -> None:
    path = shared_data / "admin" / "hanoi_units_2026.gpkg"
    result = bring(shipped(store, "admin_units"), path, "admin_units", mapping="hanoi-units-2026")
    assert (result.read, result.written, result.left_out) == (126, 126, ())
    assert result.skipped == ("fullNameEn", "codeName")
    wards = store.read("admin_units")
    raw = pyogrio.read_dataframe(path, layer="wards").set_index("code")
    assert sorted(wards["code"]) == sorted(raw.index)
    assert (wards.index == "2025-" + wards["code"]).all()
    assert wards["area_km2"].sum() == pytest.approx(3359.77, abs=0.01)
    areas = metric(wards, DEFAULT_METRIC_CRS).area / 1e6
    assert areas.sum() == pytest.approx(3359.18, rel=2e-4)
    assert set(wards["parent"]) == {"ha-noi"}
    assert wards.set_index("code").loc["00004", ["name_vi", "name_en", "full_name"]].tolist() == [
        "Ba Đình",
        "Ba Dinh",
        "Phường Ba Đình",
    ]
    # The file's outlines were rounded to five digits, which left vertices twice in a row.
    once = shapely.remove_repeated_points(raw.loc[wards["code"], "geometry"].to_numpy())
    assert wards.geometry.geom_equals_exact(gpd.GeoSeries(once, index=wards.index, crs=4326), 0).all()
    assert store.count("admin_units", horizon=2025) == 126
    assert store.count("admin_units", horizon=dt.date(2025, 6, 30)) == 0
    again = bring(store, path, "admin_units", mapping="hanoi-units-2026")
    assert (again.written, again.unchanged, again.changeset) == (0, 126, None)


def test_real_districts_of_hanoi_end_where_the_wards_begin(store: Store, shared_data: Path) -> None:
    shipped(store, "admin_units")
    for name, mapping in (("hanoi_units_2026", "hanoi-units-2026"), ("hanoi_districts_2020", "hanoi-districts-2020")):
        bring(store, shared_data / "admin" / f"{name}.gpkg", "admin_units", mapping=mapping)
    assert store.count("admin_units") == 156
    assert set(store.read("admin_units", horizon=dt.date(2025, 6, 30))["level"]) == {"district"}
    assert set(store.read("admin_units", horizon=dt.date(2025, 7, 1))["level"]) == {"commune"}
    assert store.count("admin_units", horizon=dt.date(2025, 6, 30)) == 30


def test_real_industrial_zones_and_the_43_in_hanoi(store: Store, shared_data: Path) -> None:
    path = shared_data / "industrial" / "vietnam_industrial_zones_north_2026.geojson"
    shipped(store, "parks", "admin_units")
    result = bring(store, path, "parks", mapping="industrial-zones-2026")
    assert (result.read, result.written, result.left_out) == (525, 525, ())
    zones = store.read("parks")
    assert zones["kind"].value_counts().to_dict() == {"industrial_cluster": 302, "industrial_park": 220}
    assert zones["kind"].isna().sum() == 3
    assert (zones["caveats_vi"] == "Loại hình theo danh mục nguồn: KCN/CCN").sum() == 3
    assert "kind: 'KCN/CCN' in 3 features has no code and stays unknown." in result.messages("en")
    document = json.loads(path.read_text(encoding="utf-8"))
    assert zones["area_ha"].sum() == pytest.approx(sum(f["properties"]["acreage"] for f in document["features"]))
    assert zones["occupancy_pct"].isna().all()
    # Labels are written in three ways; places do not lie, whatever the label.
    bring(store, shared_data / "admin" / "hanoi_units_2026.gpkg", "admin_units", mapping="hanoi-units-2026")
    inside = zones.sjoin(store.read("admin_units")[["code", "geometry"]], predicate="within")
    assert len(inside) == 43
    assert (zones["province"] == "Hà Nội").sum() == 41
    assert set(zones.index[search_keys(zones["province"]) == "ha noi"]) == set(inside.index)
    assert bring(store, path, "parks", mapping="industrial-zones-2026").changeset is None


def test_real_roads_of_the_inner_city(store: Store, shared_data: Path) -> None:
    path = shared_data / "osm" / "hanoi_inner_roads_2025.gpkg"
    shipped(store, "roads", "coverage")
    result = bring(store, path, "roads", mapping="osm-roads", coverage="hull")
    assert (result.read, result.written, result.left_out) == (16_674, 16_674, ())
    roads = store.read("roads")
    raw = pyogrio.read_dataframe(path, columns=["osm_id", "highway", "lanes", "oneway", "width"])
    assert roads["road_class"].notna().all()
    assert (roads["road_class"] == "other").sum() == raw["highway"].isin(["busway", "ladder"]).sum() == 4
    assert (roads["road_class"] == "expressway").sum() == raw["highway"].str.startswith("motorway").sum()
    assert roads["lanes"].sum() == raw["lanes"].dropna().astype(int).sum()
    assert roads["oneway"].sum() == raw["oneway"].isin(["yes", "-1"]).sum()
    assert roads["width_m"].notna().sum() == raw["width"].notna().sum()
    assert (roads["width_m"] == 1.5).sum() == (raw["width"] == "1.5 m").sum()
    assert roads["source"].str.startswith("OpenStreetMap contributors (ODbL 1.0): way ").all()
    geodesic_km = Geod(ellps="WGS84").geometry_length(MultiLineString(roads.geometry.tolist())) / 1000
    assert geodesic_km == pytest.approx(2735, rel=1e-3)  # published on a sphere, which is 0.05 % short here
    assert store.count("coverage") == 1
    again = bring(store, path, "roads", mapping="osm-roads", coverage="hull")
    assert (again.written, again.unchanged, again.changeset) == (0, 16_674, None)


def test_odd_text_in_a_number_is_named_and_its_column_can_be_left_out(store: Store, shared_data: Path) -> None:
    path = shared_data / "osm" / "hanoi_inner_roads_2025.gpkg"
    shipped(store, "roads")
    fields = {"name": "name", "width_m": "width"}
    by_width = ColumnMapping(layer="roads", id="osm-way-{osm_id}", fields=fields)
    text = refused(store, path, InvalidFeaturesError, "roads", mapping=by_width)
    assert text.startswith("Layer roads: 2 issues, nothing was written.")
    assert "field width_m: the value has the wrong type; saw '1.5 m', wanted a finite number" in text
    without = by_width.model_copy(update={"fields": {"name": "name"}, "skip": ("width",)})
    assert bring(store, path, "roads", mapping=without, dry_run=True).written == 16_674


# Legacy text ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["tcvn3", "vni", "utf-8"])
def test_legacy_text_is_converted_where_it_is_clear(
    store: Store, tmp_path: Path, shared_data: Path, scheme: str
) -> None:
    store.add_layer(ZONES)
    wards = gpd.read_file(shared_data / "admin" / "hanoi_units_2026.gpkg", layer="wards")
    written = encode(wards["name"], scheme)
    path = tmp_path / "legacy.geojson"
    gpd.GeoDataFrame({"id": wards["code"], "name": written.values}, geometry=wards.geometry, crs=4326).to_file(path)
    result = import_file(store, path, "zones", author="An", message="m")
    assert [(column.column, column.state, column.encoding) for column in result.text] == [("name", "repaired", scheme)]
    assert store.read("zones").loc[wards["code"], "name"].str.lower().tolist() == wards["name"].str.lower().tolist()
    assert any("name" in line and scheme.upper()[:4] in line.upper() for line in result.messages("vi"))


def test_the_users_word_on_an_encoding_counts(store: Store, tmp_path: Path) -> None:
    store.add_layer(ZONES)
    path = tmp_path / "short.geojson"
    feature = {"type": "Feature", "id": "a", "properties": {"id": "a", "name": "Hµ"}, "geometry": None}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    kept = import_file(store, path, "zones", author="An", message="m", text_encodings={"name": "unicode"})
    assert store.read("zones")["name"].tolist() == ["Hµ"]
    assert all(column.state != "repaired" for column in kept.text)
    import_file(store, path, "zones", author="An", message="m", text_encodings={"name": "tcvn3"})
    assert store.read("zones")["name"].tolist() == ["Hà"]
    with pytest.raises(ValueOutOfRangeError, match="tcvn4"):
        import_file(store, path, "zones", author="An", message="m", text_encodings={"name": "tcvn4"})
    with pytest.raises(UnknownFieldError, match="nme"):
        import_file(store, path, "zones", author="An", message="m", text_encodings={"nme": "tcvn3"})
