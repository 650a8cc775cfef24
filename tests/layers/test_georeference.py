"""The doctor finds what the coordinates are, or says what it cannot tell apart."""

from __future__ import annotations

import functools
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS

from layers.errors import CrsError, ValueOutOfRangeError
from layers.formats import read_features
from layers.georeference import (
    CLEAR_SHARE,
    HANOI,
    KnownFeatures,
    Reading,
    TargetArea,
    diagnose,
    known_by_id,
    read_points,
    reading_named,
    transform,
    write_points,
)
from layers.georeference.readings import plain_readings, point_array, variants
from layers.types import LANGUAGES, Text

#: Lon/lat of the sample point and its coordinates in EPSG:5897.
PLACE = np.array([[105.8544, 21.0195]])
POINT = np.array([[588618.065, 2325348.988]])
EVERY_READING = [reading for plain in plain_readings() for reading in (plain, *variants(plain))]
PLAIN = [reading for reading in plain_readings() if reading.frame.code and reading.unit_m == 1.0]
OFFICIAL = "-191.90441429,-39.30318279,-111.45032835"
CUSTOM = "+proj=tmerc +lat_0=0 +lon_0=105 +k=0.9999 +x_0=500000 +y_0=0 +units=m +ellps=WGS84"


def reading(key: str) -> Reading:
    return reading_named(key, where="test")


def hanoi_points(seed: int, *, count: int = 60, spread: float = 0.02) -> np.ndarray:
    """Places around a random middle, all of them inside the outline of Hanoi whatever the seed."""
    random = np.random.default_rng(seed)
    middle = random.uniform([105.55, 20.85], [105.85, 21.2])
    return middle + random.uniform(-spread, spread, (count, 2))


def keys(hypotheses: tuple[object, ...]) -> list[str]:
    return [one.key for one in hypotheses]  # type: ignore[attr-defined]


# Laws


@settings(deadline=None, max_examples=80)
@given(st.sampled_from(EVERY_READING), st.integers(0, 10_000))
def test_the_truth_is_first_or_named_among_what_cannot_be_told_apart(truth: Reading, seed: int) -> None:
    points = hanoi_points(seed)
    diagnosis = diagnose(write_points(points, truth))
    assert diagnosis.best is not None
    assert diagnosis.best.meets_target
    alike = {one.key: one for one in (diagnosis.best, *diagnosis.undecided)}
    assert truth.key in alike
    found = alike[truth.key]
    assert found.evidence.inside == 1
    # The difference that is told is the real one.
    assert diagnosis.best.reading is not None
    moved = read_points(write_points(points, truth), diagnosis.best.reading)
    metres = np.hypot(*((moved - points) * [np.cos(np.radians(21)) * 111_320, 110_750]).T)
    assert found.offset_m == pytest.approx(float(np.median(metres)), rel=0.01, abs=0.02)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(PLAIN), st.integers(0, 10_000))
def test_a_true_declaration_comes_first(truth: Reading, seed: int) -> None:
    diagnosis = diagnose(write_points(hanoi_points(seed), truth), declared=truth.frame.code)
    assert diagnosis.best is not None
    assert diagnosis.best.key == truth.key
    assert diagnosis.best.evidence.declaration == "agrees"


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(EVERY_READING), st.integers(0, 10_000))
def test_exchanged_columns_exchange_the_answer(truth: Reading, seed: int) -> None:
    points = write_points(hanoi_points(seed), truth)
    straight, turned = diagnose(points), diagnose(points[:, ::-1])
    flipped = {
        Reading(one.reading.frame, one.reading.shift, not one.reading.exchanged, one.reading.unit_m).key
        for one in turned.choices
        if one.reading is not None
    }
    assert set(keys(straight.choices[:3])) <= flipped


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(EVERY_READING), st.integers(0, 10_000))
def test_known_places_of_the_same_things_decide_everything(truth: Reading, seed: int) -> None:
    """Control points known to a centimetre tell even the sign of the rotations."""
    places = hanoi_points(seed)
    coordinates = write_points(places, truth)
    known = known_by_id(range(60), point_array(places), range(60), accuracy_m=0.01)
    diagnosis = diagnose(coordinates, known=known)
    assert diagnosis.chosen is not None
    assert diagnosis.chosen.key == truth.key
    assert diagnosis.chosen.evidence.known is not None
    assert diagnosis.chosen.evidence.known.residual_m == pytest.approx(0, abs=0.001)


def test_shares_are_those_of_all_weight_and_ranked() -> None:
    diagnosis = diagnose(POINT)
    scores = [one.score for one in diagnosis.hypotheses]
    assert sum(scores) == pytest.approx(1)
    assert scores == sorted(scores, reverse=True)


def test_order_of_rows_and_form_do_not_matter() -> None:
    points = write_points(hanoi_points(3, count=400), reading("EPSG:9208"))
    forms = [diagnose(one).hypotheses[0] for one in (points, points[::-1], point_array(points))]
    assert forms[0] == forms[1] == forms[2]
    assert diagnose(gpd.GeoSeries(point_array(points))).hypotheses[0] == forms[0]
    assert points[0, 0] == write_points(hanoi_points(3, count=400), reading("EPSG:9208"))[0, 0]


# Verdicts


def test_numbers_alone_do_not_decide_between_grids_of_one_meridian() -> None:
    diagnosis = diagnose(POINT)
    assert diagnosis.verdict == "several"
    assert diagnosis.chosen is None
    offsets = {one.key: one.offset_m for one in diagnosis.choices}
    assert list(offsets)[:3] == ["EPSG:5897", "EPSG:3405", "EPSG:32648"]
    assert offsets["EPSG:3405"] == pytest.approx(698, abs=2)
    assert offsets["EPSG:5897+no_shift"] == pytest.approx(224, abs=2)
    assert offsets["EPSG:5897+turned_rotations"] == pytest.approx(0.75, abs=0.02)
    assert offsets["EPSG:5897+superseded_shift"] == pytest.approx(0.69, abs=0.02)
    assert diagnosis.message.en.startswith(
        "The evidence does not decide; a person has to choose the CRS. Likeliest (59 %): EPSG:5897"
    )
    assert "EPSG:3405 (VN-2000 / UTM zone 48N) (698 m away)" in diagnosis.message.en
    assert "cần người dùng chọn hệ toạ độ" in diagnosis.message.vi
    assert "EPSG:9208 (VN-2000 / TM-3 104-45) (cách 26,0 km)" in diagnosis.message.vi


@pytest.mark.parametrize(
    "declared",
    [
        "EPSG:5897",
        CRS(5897).to_wkt("WKT1_ESRI"),
        CRS(5897),
        f"{CUSTOM} +towgs84={OFFICIAL},0.00928836,-0.01975479,0.00427372,0.252906278",
    ],
)
def test_a_declaration_that_fits_is_clear_and_what_it_leaves_open_is_said(declared: object) -> None:
    diagnosis = diagnose(POINT, declared=declared)
    assert diagnosis.chosen is not None
    assert diagnosis.chosen.key == diagnosis.chosen.crs == "EPSG:5897"
    assert diagnosis.chosen.score >= CLEAR_SHARE
    assert {"EPSG:5897+no_shift", "EPSG:5897+turned_rotations", "EPSG:3405"} <= set(keys(diagnosis.undecided))
    assert "Less likely: computed from WGS 84 without a datum shift (224 m away)" in diagnosis.message.en
    assert "toạ độ tính từ WGS 84 mà không chuyển hệ quy chiếu (cách 224 m)" in diagnosis.message.vi
    assert "(cách 0,75 m)" in diagnosis.message.vi


@pytest.mark.parametrize("code", ["EPSG:3405", "EPSG:32648", "EPSG:4326", "EPSG:4756", "EPSG:3857", "EPSG:5897"])
def test_usual_declarations_are_clear(code: str) -> None:
    points = write_points(PLACE, reading(code))
    assert keys((diagnose(points, declared=code).chosen,)) == [code]
    assert keys((diagnose(points[:, ::-1], declared=code).chosen,)) == [f"{code}+exchange_axes"]


@pytest.mark.parametrize(
    ("declared", "equals"),
    [
        (CUSTOM, {"EPSG:5897", "EPSG:5897+no_shift"}),
        (CUSTOM.replace("+ellps=WGS84", "+datum=WGS84"), {"EPSG:5897", "EPSG:5897+no_shift"}),
        (
            f"{CUSTOM} +towgs84={OFFICIAL},-0.00928836,0.01975479,-0.00427372,0.252906278",
            {"EPSG:5897", "EPSG:5897+turned_rotations"},
        ),
        (CUSTOM.replace("0.9999", "0.9996"), {"EPSG:3405", "EPSG:32648"}),
    ],
)
def test_a_definition_by_hand_leaves_open_what_it_does_not_say(declared: str, equals: set[str]) -> None:
    """No datum stated, WGS 84 on a grid of VN-2000, official rotations pasted into +towgs84."""
    diagnosis = diagnose(POINT, declared=declared)
    assert diagnosis.verdict == "several"
    assert set(keys(diagnosis.hypotheses[:2])) == equals


def test_a_wrong_scale_that_is_declared_stands_beside_the_right_one() -> None:
    points = write_points(np.array([[105.95, 20.8]]), reading("EPSG:9209"))
    diagnosis = diagnose(points, declared=CUSTOM.replace("0.9999", "0.9996").replace("=105 ", "=105.5 "))
    assert diagnosis.verdict == "several"
    assert set(keys(diagnosis.hypotheses[:2])) == {"EPSG:9209", "EPSG:9209+wrong_scale"}
    assert diagnosis.hypotheses[1].offset_m == pytest.approx(690, abs=3)


def test_projected_coordinates_in_geojson() -> None:
    diagnosis = diagnose(POINT, declared="OGC:CRS84")
    assert diagnosis.verdict == "several"
    assert diagnosis.best is not None
    assert diagnosis.best.key == "EPSG:5897"
    assert diagnosis.best.reason.en == (
        "100 % of the points lie in Hanoi. "
        "The file states EPSG:4326 (WGS 84), but these are plane coordinates in metres."
    )
    assert "nhưng đây là toạ độ phẳng tính bằng mét" in diagnosis.best.reason.vi
    assert keys(diagnosis.choices) == keys(diagnose(POINT).choices)


def test_degrees_under_a_projected_declaration() -> None:
    diagnosis = diagnose(PLACE, declared=5897)
    assert diagnosis.best is not None
    assert diagnosis.best.key == "EPSG:4326"
    assert diagnosis.verdict == "several"
    assert diagnosis.undecided[0].key == "EPSG:4756"
    assert diagnosis.undecided[0].offset_m == pytest.approx(224, abs=2)
    assert "The file states EPSG:5897 (VN-2000 / TM-3 zone 482) instead." in diagnosis.best.reason.en
    assert "Tệp lại khai báo EPSG:5897" in diagnosis.best.reason.vi


def test_exchanged_degrees_are_mended_and_told() -> None:
    diagnosis = diagnose(PLACE[:, ::-1], declared=4326)
    assert diagnosis.chosen is not None
    assert diagnosis.chosen.title.en == "EPSG:4326 (WGS 84); exchanged (latitude stands first)"
    assert diagnosis.chosen.title.vi == "EPSG:4326 (WGS 84); đổi chỗ (vĩ độ đứng trước kinh độ)"
    moved, _ = transform(PLACE[:, ::-1], diagnosis.chosen)
    assert np.array_equal(moved, PLACE)


def test_a_deprecated_code_over_ordinary_numbers_is_seen_through() -> None:
    """EPSG:6957 adds its 500 km to the northing; files that state it hold ordinary coordinates."""
    diagnosis = diagnose(POINT, declared=6957)
    assert diagnosis.chosen is not None
    assert diagnosis.chosen.key == "EPSG:5897"
    assert "another false origin" in diagnosis.chosen.reason.en
    assert "khác gốc toạ độ" in diagnosis.chosen.reason.vi
    true = diagnose(write_points(PLACE, reading("EPSG:6957")), declared=6957)
    assert true.chosen is not None
    assert true.chosen.key == "EPSG:6957"
    assert "deprecated" in true.chosen.reason.en
    assert "bị bãi bỏ" in true.chosen.reason.vi


def test_a_wrong_zone_is_never_taken_on_the_word_of_the_file() -> None:
    """Data of zone 105° with the .prj of a neighbour: 52 km off, in the west still inside the city."""
    for lon in (105.40, 105.85):
        points = write_points(np.array([[lon, 21.0]]), reading("EPSG:5897"))
        diagnosis = diagnose(points, declared=9209)
        assert diagnosis.verdict == "several"
        assert "EPSG:5897" in keys(diagnosis.choices)


def test_other_evidence_is_named_by_how_it_agrees_with_the_file() -> None:
    told = {one.key: one for one in diagnose(POINT, declared=32648).hypotheses}
    assert told["EPSG:3405"].evidence.declaration == "other datum"
    assert "the same grid on another datum" in told["EPSG:3405"].reason.en
    assert "cùng lưới, khác hệ quy chiếu" in told["EPSG:3405"].reason.vi
    told = {one.key: one for one in diagnose(POINT, declared=3405).hypotheses}
    assert told["EPSG:5897"].evidence.declaration == "other scale"
    assert "the same meridian with another scale factor" in told["EPSG:5897"].reason.en
    assert "khác hệ số tỷ lệ" in told["EPSG:5897"].reason.vi
    assert "Overlooked, it puts the data 224 m off." in told["EPSG:5897+no_shift"].reason.en
    assert "Bỏ qua thì dữ liệu lệch 224 m." in told["EPSG:5897+no_shift"].reason.vi


@pytest.mark.parametrize(
    ("points", "kind"),
    [
        (np.array([[38.9, 129.6], [989.5, 839.1]]), "pixel"),
        (np.array([[-1016.0, -1419.0], [-256.0, -659.0]]), "local"),
        (np.array([[0.0, 0.0], [3.6, 1.6]]), "local"),
    ],
)
def test_drawings_and_images_have_no_crs(points: np.ndarray, kind: str) -> None:
    diagnosis = diagnose(points)
    assert diagnosis.verdict == "none"
    assert diagnosis.chosen is None
    assert diagnosis.choices == diagnosis.undecided == ()
    assert diagnosis.best is not None
    assert diagnosis.best.kind == diagnosis.best.key == kind
    assert diagnosis.best.crs == ""
    assert "At least three control points" in diagnosis.message.en
    assert "ít nhất ba điểm khống chế" in diagnosis.message.vi
    with pytest.raises(CrsError, match=r"plan\.dxf: the CRS is .*no CRS, wanted a reading with a CRS") as caught:
        transform(points, diagnosis.best, where="plan.dxf")
    assert "không có hệ toạ độ" in str(caught.value.seen.say("vi") if isinstance(caught.value.seen, Text) else "")


def test_a_place_elsewhere_is_told() -> None:
    diagnosis = diagnose(np.array([[7.5, 45.5], [7.6, 45.6]]), declared=4326)
    assert diagnosis.verdict == "none"
    assert diagnosis.message.en == (
        "No reading puts the data into Hanoi. Likeliest is EPSG:4326 (WGS 84); "
        "the data then lie at 7.5000 … 7.6000; 45.5000 … 45.6000 (longitude; latitude)."
    )
    assert "7,5000 … 7,6000" in diagnosis.message.vi
    french = diagnose(np.array([[921800.0, 6459700.0]]), declared=2154)
    assert french.verdict == "none"
    assert french.best is not None
    assert french.best.key == "EPSG:2154"
    there = TargetArea(Text(vi="Lyon", en="Lyon"), shapely.box(4.5, 45.0, 6.5, 46.0))
    assert keys((diagnose(np.array([[921800.0, 6459700.0]]), declared=2154, area=there).chosen,)) == ["EPSG:2154"]


def test_nothing_to_look_at() -> None:
    for data in ([], [None, shapely.Point()], np.array([[np.nan, 1.0]])):
        diagnosis = diagnose(data)
        assert diagnosis.verdict == "none"
        assert diagnosis.hypotheses == ()
        assert diagnosis.best is None
        assert diagnosis.message == Text(
            vi="Không có toạ độ nào để xem xét.", en="There are no coordinates to look at."
        )
        assert diagnosis.document("en")["hypotheses"] == []


def test_missing_and_broken_rows_are_looked_past() -> None:
    shapes = np.full(10_000, None, dtype=object)
    shapes[7] = shapely.Point(*POINT[0])
    assert diagnose(shapes, declared=5897).points == 1
    points = np.vstack([POINT, [[np.nan, np.inf]]])
    assert keys((diagnose(points, declared=5897).chosen,)) == ["EPSG:5897"]


def test_input_that_is_none_is_refused() -> None:
    with pytest.raises(CrsError, match=r"a\.prj: the CRS is Hanoi"):
        diagnose(POINT, declared="Hanoi", where="a.prj")
    with pytest.raises(ValueOutOfRangeError, match="data: saw 'float64 \\(1, 3\\)', wanted an array of coordinates"):
        diagnose(np.zeros((1, 3)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_document_is_json(language: str) -> None:
    diagnosis = diagnose(POINT, declared=4326)
    document = diagnosis.document("vi" if language == "vi" else "en")
    again = json.loads(json.dumps(document))
    assert again["verdict"] == "several"
    assert again["declared"] == "EPSG:4326 (WGS 84)"
    assert again["hypotheses"][0]["key"] == "EPSG:5897"
    assert again["hypotheses"][1]["offset_m"] == pytest.approx(698, abs=2)
    assert again["hypotheses"][0]["evidence"]["inside"] == 1
    assert again["area"] == ("Hà Nội" if language == "vi" else "Hanoi")
    assert again["message"] == diagnosis.message.say("vi" if language == "vi" else "en")


def test_a_bare_polygon_has_no_usual_zone() -> None:
    diagnosis = diagnose(POINT, area=HANOI.polygon)
    assert diagnosis.best is not None
    assert {one.key for one in diagnosis.choices if one.score > 0.9 * diagnosis.best.score} >= {
        "EPSG:5897",
        "EPSG:9208",
        "EPSG:3405",
    }
    assert "the target area" in diagnosis.best.reason.en
    assert "khu vực đích" in diagnosis.best.reason.vi


# Known features


def test_pairs_known_to_metres_tell_shifts_but_not_the_sign() -> None:
    places = hanoi_points(1)
    random = np.random.default_rng(5)
    known = known_by_id(range(60), point_array(places + random.normal(0, 1e-5, places.shape)), range(60))
    diagnosis = diagnose(write_points(places, reading("EPSG:5897+no_shift")), known=known, declared=5897)
    assert diagnosis.chosen is not None
    assert diagnosis.chosen.key == "EPSG:5897+no_shift"
    assert "Against 60 features of the same id the data are" in diagnosis.chosen.reason.en
    assert "đối tượng cùng mã đã biết vị trí" in diagnosis.chosen.reason.vi
    right = diagnose(write_points(places, reading("EPSG:5897")), known=known, declared=5897)
    assert keys((right.chosen,)) == ["EPSG:5897"]
    assert "EPSG:5897+turned_rotations" in keys(right.undecided)
    assert "EPSG:5897+no_shift" not in keys(right.undecided)


def test_a_minority_of_wrong_pairs_changes_nothing() -> None:
    places = hanoi_points(2)
    known_places = places.copy()
    known_places[:20] += [0.05, 0.02]
    known = known_by_id(range(60), point_array(known_places), range(60))
    assert keys((diagnose(write_points(places, reading("EPSG:3405")), known=known).chosen,)) == ["EPSG:3405"]


def test_pairs_that_no_reading_meets_leave_it_to_a_person() -> None:
    places = hanoi_points(2)
    known = known_by_id(range(60), point_array(places + np.array([0.0004, 0.0])), range(60))
    diagnosis = diagnose(write_points(places, reading("EPSG:5897")), known=known, declared=5897)
    assert diagnosis.verdict == "several"
    assert diagnosis.best is not None
    assert "more than their accuracy allows" in diagnosis.best.reason.en
    assert "nhiều hơn độ chính xác của chúng cho phép" in diagnosis.best.reason.vi


def test_ids_that_occur_twice_pair_with_nothing() -> None:
    known = known_by_id(["a", "b", "b"], point_array(hanoi_points(1, count=3)), ["b", "a", "c"])
    assert known.rows is not None
    assert known.rows.tolist() == [-1, 0, -1]


def test_known_features_without_places_say_nothing() -> None:
    for geometry in (np.array([], dtype=object), np.array([None, shapely.Point()], dtype=object)):
        diagnosis = diagnose(POINT, known=KnownFeatures(geometry))
        assert keys(diagnosis.choices) == keys(diagnose(POINT).choices)


def test_the_same_network_is_found_by_lying_on_it(shared_data: Path) -> None:
    """Roads of 2019 in VN-2000 with the .prj of UTM, against OpenStreetMap of 2025."""
    roads = gpd.read_file(shared_data / "hoankiem_2019" / "full_roads.shp").geometry.to_numpy()
    osm = gpd.read_file(shared_data / "osm" / "hanoi_inner_roads_2025.gpkg").geometry.to_numpy()
    for key in ("EPSG:5897", "EPSG:5897+no_shift", "EPSG:3405", "EPSG:32648"):
        handed_over = shapely.transform(roads, functools.partial(write_points, reading=reading(key)))
        diagnosis = diagnose(handed_over, declared=3405, known=KnownFeatures(osm, accuracy_m=3.0))
        assert diagnosis.chosen is not None
        assert diagnosis.chosen.key == key
        fit = diagnosis.chosen.evidence.known
        assert fit is not None
        assert fit.relation == "same"
        assert fit.outstanding is not None
        assert fit.outstanding > 8
        assert "of the points lie close to known features" in diagnosis.chosen.reason.en
        assert "số điểm nằm sát các đối tượng đã biết" in diagnosis.chosen.reason.vi


def test_buildings_find_their_place_by_keeping_clear_of_roads(shared_data: Path) -> None:
    buildings = gpd.read_file(shared_data / "hoankiem_2019" / "buildings.shp")
    roads = gpd.read_file(shared_data / "hoankiem_2019" / "full_roads.shp")
    shapes = buildings.geometry.to_numpy()
    assert diagnose(shapes).verdict == "several"
    assert keys((diagnose(shapes, declared=buildings.crs).chosen,)) == ["EPSG:32648"]
    for diagnosis in (
        diagnose(shapes, declared=declared, known=KnownFeatures(roads.geometry.to_numpy())) for declared in (None, 3405)
    ):
        assert diagnosis.chosen is not None
        assert diagnosis.chosen.key == "EPSG:32648"
        fit = diagnosis.chosen.evidence.known
        assert fit is not None
        assert fit.relation == "apart"
        assert "keep clear of the known features" in diagnosis.chosen.reason.en
        assert "tránh hẳn các đối tượng đã biết" in diagnosis.chosen.reason.vi
        told = {one.key: one for one in diagnosis.hypotheses}
        assert "do not fit the known features" in told["EPSG:3405"].reason.en
        assert "không ăn khớp với các đối tượng đã biết" in told["EPSG:3405"].reason.vi


# Real files


def read(path: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(path, on_invalid="ignore")


@pytest.mark.filterwarnings("ignore:Non closed ring detected")
def test_lots_drawn_on_an_image_are_pixels(shared_data: Path) -> None:
    lots = read(shared_data / "industrial" / "shtp_lots_pixel_coords.geojson")
    diagnosis = diagnose(lots.geometry.to_numpy(), declared=lots.crs)
    assert diagnosis.verdict == "none"
    assert diagnosis.best is not None
    assert diagnosis.best.kind == "pixel"
    assert diagnosis.message.en == (
        "No reading puts the data into Hanoi. The numbers (38.9375 … 989.5; 129.625 … 839.125) look like pixels. "
        "At least three control points with their true coordinates are needed, or the original in VN-2000."
    )


@pytest.mark.filterwarnings("ignore:Exception ignored in. 'pyogrio._err.error_handler'")
@pytest.mark.parametrize(
    "name",
    [
        "AC1003_LINE_Example.dxf",
        "ASCII_R12.dxf",
        "Leica_Disto_S910.dxf",
        "POLI-ALL210_12.DXF",
        "urbam_big_grid_mm_nocrs.dxf",
    ],
)
def test_drawings_are_local(shared_data: Path, name: str) -> None:
    shapes = read_features(shared_data / "formats" / "dxf" / name).frame.geometry.to_numpy()
    diagnosis = diagnose(shapes)
    assert diagnosis.verdict == "none"
    assert diagnosis.best is not None
    assert diagnosis.best.kind == "local"


def test_vientiane_in_its_own_area(shared_data: Path) -> None:
    folder = shared_data / "vientiane"
    zones = read(folder / "glup2030_cdudcp_v1.shp")
    province = read(folder / "provinceboundary_cdudcp_v1.shp").to_crs(4326).geometry.iloc[0]
    diagnosis = diagnose(zones.geometry.to_numpy(), declared=zones.crs, area=province)
    assert diagnosis.chosen is not None
    assert diagnosis.chosen.key == "EPSG:32648"
    assert diagnosis.undecided[0].key == "EPSG:3405"
    assert diagnosis.undecided[0].offset_m == pytest.approx(223.5, abs=2)
    assert diagnose(zones.geometry.to_numpy(), declared=zones.crs).verdict == "none"


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("bachunghai/land_use.shp", "EPSG:4326"),
        ("bachunghai/TramMua.shp", "EPSG:4326"),
        ("hydro/nhue_day_river_basin.geojson", "EPSG:4326"),
        ("transport/vietnam_national_roads.geojson", "EPSG:4326"),
        ("planning/hanoi_redriver_planning_sketch.geojson", "EPSG:4326"),
        ("hoankiem_2019/buildings.shp", "EPSG:32648"),
        ("hoankiem_2019/full_roads.shp", "EPSG:4326"),
        ("admin/hanoi_districts_2020.gpkg", "EPSG:4326"),
    ],
)
def test_files_that_say_what_they_are_are_taken_at_their_word(shared_data: Path, name: str, key: str) -> None:
    frame = read(shared_data / name)
    assert keys((diagnose(frame.geometry.to_numpy(), declared=frame.crs).chosen,)) == [key]


def test_bounds_of_the_elevation_grid_fit_utm(shared_data: Path) -> None:
    """The grid has no CRS; its corners in metres are open between UTM 48N on two datums and the main zone."""
    corners = np.array([[584973.0, 2277800.0], [665943.0, 2336300.0]])
    land_use = pyogrio.read_info(shared_data / "bachunghai" / "land_use.shp")["total_bounds"]
    diagnosis = diagnose(corners, area=shapely.box(*land_use))
    assert diagnosis.verdict == "several"
    assert {"EPSG:32648", "EPSG:3405", "EPSG:5897"} <= set(keys(diagnosis.choices))


def test_hanoi_holds_the_city_and_little_else(shared_data: Path) -> None:
    city = gpd.read_file(shared_data / "admin" / "hanoi_units_2026.gpkg", layer="wards")
    assert shapely.contains(HANOI.polygon, city.geometry.to_numpy()).all()
    assert HANOI.polygon.area < 2 * city.geometry.union_all().area
    minx, miny, maxx, maxy = HANOI.polygon.bounds
    assert (minx, miny, maxx, maxy) == (105.25, 20.55, 106.05, 21.40)
