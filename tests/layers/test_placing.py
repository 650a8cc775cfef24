"""Coordinates come in as stated, as chosen, or by the one clear reading; otherwise a person is asked."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely import Point, box

from layers.errors import CrsError, UndecidedCrsError
from layers.georeference import known_by_id, reading_named, write_points
from layers.placing import place, source_coordinates

#: The golden point of Hanoi: longitude, latitude, and easting, northing in VN-2000 / TM-3 zone 482.
WGS84 = (105.8544, 21.0195)
TM3 = (588618.065, 2325348.988)
#: A hundred squares over the city, 300 m wide.
CITY = np.array(
    [box(x, y, x + 0.003, y + 0.003) for x in np.linspace(105.5, 105.9, 10) for y in np.linspace(20.9, 21.2, 10)]
)


def as_read(shapes: npt.NDArray[np.object_], key: str) -> npt.NDArray[np.object_]:
    """Write places as a file has them that is to be read by a reading."""
    reading = reading_named(key, where="test")
    written: npt.NDArray[np.object_] = shapely.transform(shapes, lambda places: write_points(places, reading))
    return written


def apart_m(one: npt.NDArray[np.object_], other: npt.NDArray[np.object_]) -> float:
    a, b = shapely.get_coordinates(one), shapely.get_coordinates(other)
    return float(np.max(Geod(ellps="WGS84").inv(a[:, 0], a[:, 1], b[:, 0], b[:, 1])[2]))


def rules(placed: Any) -> list[str]:
    return [remark.rule for remark in placed.remarks]


@pytest.mark.parametrize("key", ["EPSG:5897", "EPSG:3405", "EPSG:32648", "EPSG:9210"])
def test_what_a_file_states_is_used_where_the_coordinates_agree(key: str) -> None:
    placed = place(as_read(CITY, key), stated=key, where="plots.shp")
    assert (placed.record.key, placed.record.corrections, rules(placed)) == (key, (), [])
    assert apart_m(placed.shapes, CITY) < 0.01


def test_the_golden_point_comes_in_within_a_centimetre() -> None:
    placed = place(np.array([Point(TM3)]), stated=None, crs="EPSG:5897", where="point")
    assert apart_m(placed.shapes, np.array([Point(WGS84)])) < 0.02
    assert "EPSG:6960" in placed.record.transformation.operation


def test_web_mercator_without_a_crs_is_clear_and_told() -> None:
    placed = place(as_read(CITY, "EPSG:3857"), stated=None, where="drawing.dxf")
    assert rules(placed) == ["crs-recognised"]
    assert "EPSG:3857" in placed.remarks[0].wanted.say("vi")  # type: ignore[union-attr] # a Text here
    assert apart_m(placed.shapes, CITY) < 0.01


def test_several_readings_are_left_to_a_person_and_each_choice_can_be_used() -> None:
    written = as_read(CITY, "EPSG:5897+exchange_axes")
    with pytest.raises(UndecidedCrsError) as asked:
        place(written, stated=None, where="lots.csv")
    diagnosis: Any = asked.value.diagnosis
    keys = [choice.key for choice in diagnosis.choices]
    assert "EPSG:5897+exchange_axes" in keys
    assert "lots.csv: the stated CRS is none; a choice is wanted: --crs EPSG:" in asked.value.message("en")
    assert "lots.csv: hệ toạ độ khai báo: không có; cần người dùng chọn --crs EPSG:" in asked.value.message("vi")
    for choice in diagnosis.choices:
        placed = place(written, stated=None, crs=choice.key, where="lots.csv")
        assert placed.record.key == choice.key
        off = apart_m(placed.shapes, CITY)
        assert (off < 0.01) == (choice.key == "EPSG:5897+exchange_axes")


def test_known_features_decide_and_undo_a_missing_shift() -> None:
    ids = [f"z{number}" for number in range(len(CITY))]
    written = as_read(CITY, "EPSG:5897+no_shift")
    known = known_by_id(ids, CITY, ids)
    placed = place(written, stated="EPSG:5897", known=known, where="zones.shp")
    assert placed.record.corrections == ("no_shift",)
    assert rules(placed) == ["crs-recognised"]
    assert apart_m(placed.shapes, CITY) < 0.01
    unaware = place(written, stated="EPSG:5897", where="zones.shp")
    assert 220 < apart_m(unaware.shapes, CITY) < 230


def test_features_that_were_moved_are_taken_as_stated_and_that_is_told() -> None:
    ids = [f"z{number}" for number in range(len(CITY))]
    moved = shapely.transform(CITY, lambda places: places + np.array([0.0004, 0.0]))
    placed = place(moved, stated="EPSG:4326", known=known_by_id(ids, CITY, ids), where="zones.geojson")
    assert rules(placed) == ["crs-shifted"]
    assert "41." in placed.remarks[0].seen.say("en")  # type: ignore[union-attr] # a Text here
    assert apart_m(placed.shapes, moved) == 0.0


def test_data_from_elsewhere_are_taken_as_stated_and_that_is_told() -> None:
    paris = np.array([box(2.3, 48.8, 2.4, 48.9)])
    placed = place(paris, stated="EPSG:4326", where="plu.gpkg")
    assert rules(placed) == ["crs-outside"]
    assert placed.remarks[0].seen.say("en") == "longitude 2.3000 … 2.4000, latitude 48.8000 … 48.9000"  # type: ignore[union-attr]
    assert apart_m(placed.shapes, paris) == 0.0


def test_pixels_are_no_degrees() -> None:
    pixels = np.array([box(x, x, x + 20, x + 20) for x in range(50, 900, 50)])
    with pytest.raises(CrsError) as refused:
        place(pixels, stated="EPSG:4326", where="lots.geojson")
    assert isinstance(refused.value, UndecidedCrsError)
    assert refused.value.diagnosis.choices == ()


def test_a_choice_against_the_file_is_told_and_one_that_repeats_it_is_not() -> None:
    written = as_read(CITY, "EPSG:5897")
    against = place(written, stated="EPSG:4326", crs="EPSG:5897", where="zones.geojson")
    assert rules(against) == ["crs-overruled"]
    assert rules(place(written, stated="EPSG:5897", crs="EPSG:5897", where="zones.shp")) == []


def test_nothing_to_place_asks_nothing() -> None:
    empty = np.array([None, None], dtype=object)
    placed = place(empty, stated=None, where="table.csv")
    assert placed.shapes.tolist() == [None, None]
    assert placed.diagnosis is None


@settings(deadline=None, max_examples=25)
@given(
    st.sampled_from(
        ["EPSG:5897", "EPSG:5897+exchange_axes", "EPSG:9210+no_shift", "EPSG:3405", "EPSG:3857", "EPSG:4756"]
    ),
    st.floats(105.4, 105.9),
    st.floats(20.8, 21.3),
)
def test_a_place_is_found_again_in_the_file(key: str, longitude: float, latitude: float) -> None:
    point = np.array([[longitude, latitude]])
    written = write_points(point, reading_named(key, where="test"))
    placed = place(np.asarray(shapely.points(written)), stated=None, crs=key, where="file")
    stands = source_coordinates(shapely.get_coordinates(placed.shapes), placed.record)
    assert stands == pytest.approx(written, abs=1e-3 if "EPSG:4756" not in key else 1e-8)


def test_a_grid_without_a_code_is_refused_with_the_nearest_one_named() -> None:
    grid = "+proj=tmerc +lat_0=0 +lon_0=105.01 +k=0.9999 +x_0=500000 +y_0=0 +ellps=bessel +units=m +no_defs"
    shapes = np.array([shapely.box(587000, 2325000, 587200, 2325200)], dtype=object)
    with pytest.raises(CrsError) as caught:
        place(shapes, stated=None, crs=grid, where="lots.shp")
    assert "nearest by its numbers is EPSG:5897 (VN-2000 / TM-3 zone 482): --crs EPSG:5897" in caught.value.message(
        "en"
    )
    assert "gần nhất theo các tham số là EPSG:5897" in caught.value.message("vi")
    far = grid.replace("105.01", "98")
    with pytest.raises(CrsError) as elsewhere:
        place(shapes, stated=None, crs=far, where="lots.shp")
    assert "nearest" not in elsewhere.value.message("en")
