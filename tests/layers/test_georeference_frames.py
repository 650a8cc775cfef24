"""Frames, readings and transformations: the published values, and what undoes what."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS, Geod, Transformer
from pyproj.transformer import TransformerGroup
from shapely import LineString, Point, Polygon

from layers.crs import to_store_crs
from layers.errors import CrsError, ValueOutOfRangeError
from layers.georeference import FRAMES, Frame, Reading, read_points, reading_named, transform, write_points
from layers.georeference.frames import frame, shift_of
from layers.georeference.readings import corrections, face_value, plain_readings, variants

#: Longitude, latitude on WGS 84 and the same place in five CRS, from the reference facts.
GOLDEN = np.array([[105.8544, 21.0195]])
GOLDEN_PLACES = {
    "EPSG:5897": (588618.065, 2325348.988),
    "EPSG:3405": (588591.477, 2324651.314),
    "EPSG:9209": (536642.887, 2325152.924),
    "EPSG:9210": (510656.265, 2325115.909),
    "EPSG:32648": (588787.700, 2324543.223),
}
CENTIMETRE = 0.01
DEGREES_A_METRE = 1 / 100_000
EVERY_READING = [reading for plain in plain_readings() for reading in (plain, *variants(plain))]
#: The other zones are made for areas so far away that coordinates in Hanoi are refused.
USED_IN_HANOI = {"", "EPSG:4326", "EPSG:4756", "EPSG:3857", "EPSG:3405", "EPSG:32648", "EPSG:2044", "EPSG:6957"} | {
    f"EPSG:{code}" for code in (5897, 9208, 9209, 9210, 9211)
}
GEOD = Geod(ellps="WGS84")


def plain(code: str) -> Reading:
    found = frame(code)
    assert found is not None
    return Reading(found, shift_of(found.datum))


def apart_m(a: np.ndarray, b: np.ndarray) -> float:
    return float(GEOD.inv(a[0, 0], a[0, 1], b[0, 0], b[0, 1])[2])


@pytest.mark.parametrize("code", GOLDEN_PLACES)
def test_golden_points_are_met_both_ways(code: str) -> None:
    there = write_points(GOLDEN, plain(code))
    assert np.hypot(*(there[0] - GOLDEN_PLACES[code])) < CENTIMETRE
    back = read_points(np.array([GOLDEN_PLACES[code]]), plain(code))
    assert apart_m(back, GOLDEN) < CENTIMETRE


@pytest.mark.parametrize("code", GOLDEN_PLACES)
def test_transform_meets_the_golden_points_by_the_named_operation(code: str) -> None:
    moved, record = transform(np.array([GOLDEN_PLACES[code]]), plain(code))
    assert apart_m(moved, GOLDEN) < CENTIMETRE
    assert record.key == code
    assert record.corrections == ()
    assert ("EPSG:6960" in record.transformation.operation) == (code != "EPSG:32648")
    assert record.transformation.accuracy_m == (1.0 if code != "EPSG:32648" else 0.0)


@pytest.mark.parametrize("one", [one for one in FRAMES if one.code], ids=lambda one: one.code)
def test_frames_are_those_of_the_epsg_list(one: Frame) -> None:
    """Meridian, scale, false easting, datum and shift against the data set: by where they put a point."""
    crs = CRS(one.code)
    assert one.name == crs.name
    assert one.label == f"{one.code} ({crs.name})"
    area = crs.area_of_use
    assert area is not None
    somewhere = (
        np.array([[106.2, 20.9]])
        if one.family == "degrees"
        else np.array(
            [[min(max((area.west + area.east) / 2, 103.0), 110.0), min(max((area.south + area.north) / 2, 9.0), 23.0)]]
        )
    )
    start = write_points(somewhere, plain(one.code))
    if one.datum == "Hanoi 1972" and one.family != "degrees":
        to_degrees = Transformer.from_crs(one.code, "EPSG:4147", always_xy=True)
        start, code = np.array([to_degrees.transform(*start[0])]), "EPSG:4147"
    else:
        code = one.code
    moved, _ = to_store_crs(gpd.GeoDataFrame(geometry=[Point(*start[0])]), crs=code)
    assert apart_m(shapely.get_coordinates(moved.geometry.array), somewhere) < CENTIMETRE


def test_frames_are_those_of_the_reference_facts(shared_reference: Path) -> None:
    rows = [
        row
        for row in csv.DictReader((shared_reference / "crs.csv").read_text(encoding="utf-8").splitlines())
        if row["kind"] == "crs"
    ]
    known = {one.code: one for one in FRAMES}
    assert [row["code"] for row in rows if row["code"] not in known] == []
    for row in rows:
        one = known[row["code"]]
        assert one.name == row["name"]
        if row["scale_factor"]:
            easting = float(row["false_easting_m"])
            assert one.false_easting_m + one.false_northing_m == 500_000
            stated = (float(row["central_meridian_deg"]), float(row["scale_factor"]), easting)
            assert (one.meridian, one.scale, one.false_easting_m) == stated
        assert (one.family == "TM-3 deprecated") == (row["deprecated"] == "yes")


def test_every_reading_has_a_key_of_its_own_that_leads_back() -> None:
    keys = [reading.key for reading in EVERY_READING]
    assert len(set(keys)) == len(keys) > 500
    assert [reading_named(key, where="--crs") for key in keys[::7]] == EVERY_READING[::7]
    assert "EPSG:5897+exchange_axes+no_shift" in keys
    assert "EPSG:9209+wrong_scale" in keys
    # The grid of UTM 48N without a shift is EPSG:32648, and zone 105° with its scale factor is EPSG:3405.
    assert "EPSG:3405+no_shift" not in keys
    assert "EPSG:5897+wrong_scale" not in keys


@settings(deadline=None, max_examples=200)
@given(st.floats(105.3, 106.0), st.floats(20.6, 21.35), st.sampled_from(EVERY_READING))
def test_reading_undoes_writing(lon: float, lat: float, reading: Reading) -> None:
    place = np.array([[lon, lat]])
    written = write_points(place, reading)
    assert apart_m(read_points(written, reading), place) < CENTIMETRE
    if face_value(reading).frame.code in USED_IN_HANOI:
        moved, record = transform(written, reading)
        assert apart_m(moved, place) < CENTIMETRE
        assert record.corrections == corrections(reading)


@settings(deadline=None, max_examples=50)
@given(st.floats(105.3, 106.0), st.floats(20.6, 21.35), st.sampled_from(EVERY_READING))
def test_exchanging_twice_changes_nothing(lon: float, lat: float, reading: Reading) -> None:
    written = write_points(np.array([[lon, lat]]), reading)
    other = Reading(reading.frame, reading.shift, not reading.exchanged, reading.unit_m)
    assert np.array_equal(read_points(written[:, ::-1], other), read_points(written, reading))
    assert face_value(other) == face_value(reading)


@pytest.mark.parametrize(
    ("key", "overlooked_m"),
    [
        ("EPSG:5897+no_shift", 224),
        ("EPSG:4756+superseded_shift", 0.69),
        ("EPSG:5897+superseded_shift", 0.69),
        ("EPSG:5897+turned_rotations", 0.75),
        ("EPSG:3405+turned_rotations", 0.75),
        ("EPSG:9209+wrong_scale", 698),
    ],
)
def test_mistakes_are_as_large_as_published(key: str, overlooked_m: float) -> None:
    reading = reading_named(key, where="--crs")
    written = write_points(GOLDEN, reading)
    tolerance = 0.02 if overlooked_m < 1 else 2.0
    assert apart_m(read_points(written, face_value(reading)), GOLDEN) == pytest.approx(overlooked_m, abs=tolerance)


@pytest.mark.parametrize(
    ("written_as", "read_as", "metres"),
    [("EPSG:32648", "EPSG:3405", 224), ("EPSG:3405", "EPSG:5897", 698), ("EPSG:4326", "EPSG:4756", 224)],
)
def test_crs_taken_for_another_puts_data_as_far_off_as_published(written_as: str, read_as: str, metres: float) -> None:
    written = write_points(GOLDEN, plain(written_as))
    assert apart_m(read_points(written, plain(read_as)), GOLDEN) == pytest.approx(metres, abs=2.0)


def test_unshifted_points_lie_to_the_west_north_west() -> None:
    """Direction as in the reference facts: VN-2000 degrees treated as WGS 84."""
    unshifted = write_points(GOLDEN, plain("EPSG:4756"))
    azimuth = GEOD.inv(GOLDEN[0, 0], GOLDEN[0, 1], unshifted[0, 0], unshifted[0, 1])[0] % 360
    assert 270 < azimuth < 315


def test_hanoi_1972_is_that_of_epsg_1544() -> None:
    ours = read_points(np.array([[18_588_618.0, 2_325_348.0]]), plain("EPSG:2044"))
    named = TransformerGroup("EPSG:2044", "EPSG:4326", always_xy=True, allow_ballpark=False).transformers[0]
    assert "Hanoi 1972 to WGS 84 (1)" in named.description
    assert apart_m(ours, np.array([named.transform(18_588_618.0, 2_325_348.0)])) < CENTIMETRE
    short = reading_named("Hanoi-1972-Gauss-Kruger-105-E", where="--crs")
    moved, record = transform(np.array([[588_618.0, 2_325_348.0]]), short)
    assert apart_m(moved, ours) < CENTIMETRE
    assert record.transformation.operation == (
        "Inverse of Hanoi 1972 / Gauss-Kruger 105°E + Hanoi 1972 to WGS 84 (1) [EPSG:1544]"
    )
    assert record.transformation.accuracy_m == 5.0


def test_records_say_what_was_put_right() -> None:
    point = write_points(GOLDEN, reading_named("EPSG:5897+exchange_axes+millimetres", where="--crs"))
    moved, record = transform(point, reading_named("EPSG:5897+exchange_axes+millimetres", where="--crs"))
    assert apart_m(moved, GOLDEN) < CENTIMETRE
    assert record.message().en.startswith(
        "Put right: axes exchanged (the northing stands first); the unit is the millimetre. Transformed from EPSG:5897"
    )
    assert (
        "Đã hiệu chỉnh: đổi chỗ hai trục (toạ độ bắc đứng trước); đơn vị là milimét. Chuyển từ" in record.message().vi
    )
    _, mistaken = transform(
        np.array([GOLDEN_PLACES["EPSG:5897"]]), reading_named("EPSG:5897+turned_rotations", where="--crs")
    )
    assert mistaken.transformation.operation == (
        "Inverse of VN-2000 / TM-3 zone 482 + VN-2000 to WGS 84 (2) [EPSG:6960] with the signs of the rotations turned"
    )
    assert mistaken.transformation.accuracy_m is None
    _, degrees = transform(GOLDEN[:, ::-1], reading_named("EPSG:4326+exchange_axes", where="--crs"))
    assert degrees.message().en == (
        "Put right: exchanged (latitude stands first). Coordinates are in EPSG:4326 (WGS 84); left as they are."
    )


def test_shapes_keep_rows_heights_and_gaps() -> None:
    shapes = np.array([Point(2325348.988, 588618.065, 7.5), None, LineString([(2325348, 588618), (2325349, 588618)])])
    moved, _ = transform(shapes, reading_named("EPSG:5897+exchange_axes", where="--crs"))
    assert moved[0].z == 7.5
    assert abs(moved[0].x - GOLDEN[0, 0]) < CENTIMETRE * DEGREES_A_METRE
    assert moved[1] is None
    assert not moved[2].has_z
    assert shapes[0].x == 2325348.988
    unshifted, _ = transform(
        np.array([Polygon([(588618, 2325348, 3), (588718, 2325348, 3), (588618, 2325448, 3)])]),
        reading_named("EPSG:5897+no_shift", where="--crs"),
    )
    assert shapely.get_coordinates(unshifted, include_z=True)[:, 2].tolist() == [3, 3, 3, 3]


def test_coordinates_keep_rows_that_are_no_place() -> None:
    moved, _ = transform(np.array([[588618.065, 2325348.988], [np.nan, 1.0]]), plain("EPSG:5897"))
    assert apart_m(moved, GOLDEN) < CENTIMETRE
    assert np.isnan(moved[1]).all()


def test_reading_of_nowhere_is_nan() -> None:
    assert np.isnan(read_points(np.array([[588618.0, 2325348.0]]), plain("EPSG:4326"))).all()


@pytest.mark.parametrize(
    ("key", "seen"),
    [
        ("EPSG:4326+millimetres", "EPSG:4326+millimetres"),
        ("EPSG:32648+no_shift", "EPSG:32648+no_shift"),
        ("EPSG:5897+better", "EPSG:5897+better"),
        ("Hanoi", "Hanoi"),
    ],
)
def test_choice_that_is_none_is_refused(key: str, seen: str) -> None:
    with pytest.raises(CrsError, match=re.escape(f"--crs: the CRS is {seen}, wanted ")) as caught:
        reading_named(key, where="--crs")
    assert "EPSG:5897" in caught.value.message("vi")


def test_other_crs_of_the_list_can_be_chosen() -> None:
    assert reading_named("EPSG:2154", where="--crs").frame.name == "RGF93 v1 / Lambert-93"
    moved, record = transform(np.array([[652709.4, 6862305.4]]), reading_named("EPSG:2154", where="--crs"))
    assert moved[0] == pytest.approx([2.3551, 48.8597], abs=0.001)
    assert record.key == "EPSG:2154"


@pytest.mark.parametrize("data", [np.zeros((3, 3)), np.array(["a"]), ["a", "b"], np.zeros(4)])
def test_data_of_another_shape_are_refused(data: object) -> None:
    with pytest.raises(ValueOutOfRangeError, match="wanted an array of coordinates"):
        transform(data, plain("EPSG:5897"))  # type: ignore[arg-type]


def test_nothing_is_moved_to_nothing() -> None:
    moved, _ = transform([], plain("EPSG:5897"))
    assert moved.shape == (0, 2)
