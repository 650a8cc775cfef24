"""Geometries are mended where that takes no guess, and what is wrong with the others is told with its place."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from layers.checking import check_features
from layers.validation import Issue
from layers.validation.mending import MOST_MOVED_M2, MOST_MOVED_SHARE, mend_geometries

GEOD = Geod(ellps="WGS84")
BOW_TIE = shapely.Polygon([(105, 21), (106, 22), (106, 21), (105, 22)])


def frame(*shapes: Any) -> gpd.GeoDataFrame:
    index = pd.Index([f"f{n}" for n in range(len(shapes))], name="feature_id")
    return gpd.GeoDataFrame({"name": ["A"] * len(shapes)}, geometry=list(shapes), index=index, crs="EPSG:4326")


def mended(*shapes: Any) -> tuple[list[Any], tuple[Issue, ...]]:
    features, issues = mend_geometries(frame(*shapes), layer="lots")
    return list(features.geometry), issues


def found(*shapes: Any) -> tuple[Issue, ...]:
    return check_features(frame(*shapes), None, name="lots", surroundings=None).issues


def only(issues: tuple[Issue, ...]) -> Issue:
    assert len(issues) == 1, [issue.rule for issue in issues]
    return issues[0]


def ground(shape: BaseGeometry) -> float:
    """Measure on the ellipsoid by geodesics: another way than that of the code."""
    return abs(GEOD.geometry_area_perimeter(shapely.orient_polygons(shape))[0])


def square(west: float, south: float, metres: float, *, tall: float | None = None) -> shapely.Polygon:
    """Give an upright rectangle about so many metres wide, and high."""
    step = 1 / 111_320
    wide = metres * step / np.cos(np.radians(south))
    return shapely.box(west, south, west + wide, south + (tall or metres) * step)


# Mending ----------------------------------------------------------------------------------------------------------


def test_repeated_vertices_are_dropped_and_told_with_their_place() -> None:
    line = shapely.LineString([(105, 21), (105.1, 21), (105.1, 21), (105.1, 21), (105.2, 21.1)])
    shapes, issues = mended(line)
    issue = only(issues)
    assert shapes[0].wkt == "LINESTRING (105 21, 105.1 21, 105.2 21.1)"
    assert (issue.rule, issue.severity, issue.row, issue.feature_id) == ("geometry-repeated-vertex", "warning", 0, "f0")
    assert issue.place == shapely.Point(105.1, 21)
    assert issue.message("en") == (
        "lots, row 1, feature 'f0': a vertex is there twice in a row; saw 2 repeated vertices, "
        "wanted each vertex once. Mended: the repeated vertices were dropped (0.00 m² moved)."
    )
    assert issue.message("vi") == (
        "lots, dòng 1, đối tượng 'f0': đỉnh bị lặp liền nhau; gặp 2 đỉnh lặp, cần mỗi đỉnh một lần. "
        "Đã sửa: bỏ các đỉnh lặp (đổi 0.00 m²)."
    )


def test_parts_that_meet_in_a_vertex_are_no_repetition() -> None:
    lines = shapely.MultiLineString([[(105, 21), (105.1, 21)], [(105.1, 21), (105.2, 21)]])
    points = shapely.MultiPoint([(105, 21), (105, 21)])
    shapes, issues = mended(lines, points)
    assert issues == ()
    assert shapes[0] is lines
    assert shapes[1] is points


def test_overlapping_parts_are_merged_as_far_as_that_moves_next_to_nothing() -> None:
    one = square(105, 21, 200)
    _, south, east, north = one.bounds
    step = 1 / 111_320
    slight = shapely.box(east - 0.001 * step, south, east + 100 * step, north)
    wide = shapely.box(east - 1 * step, south, east + 100 * step, north)
    shapes, issues = mended(shapely.MultiPolygon([one, slight]), shapely.MultiPolygon([one, wide]))
    issue = only(issues)
    assert (issue.rule, issue.row, issue.severity) == ("geometry-invalid", 0, "warning")
    assert shapes[0].geom_type == "MultiPolygon"
    assert shapes[0].is_valid
    assert issue.repair is not None
    assert issue.repair.moved_m2 == pytest.approx(ground(one & slight), rel=1e-3)
    assert 0.1 < issue.repair.moved_m2 < MOST_MOVED_M2
    assert not shapes[1].is_valid
    left = found(shapely.MultiPolygon([one, wide]))
    assert [(one.rule, one.severity, one.unit, one.repair) for one in left] == [
        ("geometry-invalid", "error", "m2", None)
    ]
    assert left[0].measured == pytest.approx(ground(one & wide), rel=1e-3)


def test_specks_of_an_outline_that_crosses_itself_in_the_last_digit_are_dropped() -> None:
    outline = square(105, 21, 100)
    west, south, east, north = outline.bounds
    # The last vertex lies a hair's breadth beyond the first side.
    crossed = shapely.Polygon(
        [(west, south), (east, south), (east, north), (west, north), (west + 1e-12, south - 1e-12)]
    )
    assert not crossed.is_valid
    shapes, issues = mended(crossed)
    assert shapes[0].geom_type == "Polygon"
    assert shapes[0].is_valid
    issue = only(issues)
    assert issue.repair is not None
    assert issue.repair.moved_m2 < 1e-4
    assert issue.message("vi").endswith("Đã sửa: vẽ lại chỗ không hợp lệ (đổi 0.00 m²).")
    assert issue.message("en").endswith("Mended: the place that was not valid was redrawn (0.00 m² moved).")


@pytest.mark.parametrize(
    "shape",
    [
        BOW_TIE,
        shapely.Polygon([(105, 21), (106, 22), (105, 21)]),
        shapely.Polygon([(105, 21, 5), (106, 22, 5), (106, 21, 5), (105, 22, 5)]),
        shapely.LineString([(105, 21), (105, 21)]),
        shapely.Polygon(),
        None,
    ],
)
def test_what_would_take_a_guess_stays_the_same_object(shape: Any) -> None:
    features = frame(shape)
    after, issues = mend_geometries(features, layer="lots")
    assert issues == ()
    assert after is features


def test_coordinates_that_are_no_numbers_are_left_to_the_check() -> None:
    with np.errstate(invalid="ignore"):
        shapes = [shapely.Polygon([(105, 21), (bad, 22), (106, 21)]) for bad in (np.nan, np.inf)]
    features = frame(*shapes)
    assert mend_geometries(features, layer="lots")[0] is features


def test_a_table_without_geometry_stays_as_it_is() -> None:
    table = gpd.GeoDataFrame({"name": ["A"]})
    assert mend_geometries(table, layer="lots") == (table, ())


CORNERS = st.tuples(st.integers(0, 30), st.integers(0, 30))


@st.composite
def outlines(draw: st.DrawFn) -> BaseGeometry:
    """Give outlines of any kind on a grid of some metres anywhere on the earth, some of them in two parts."""
    west, south = draw(st.floats(-179, 178)), draw(st.floats(-80, 79))
    places = [(west + x * 1e-4, south + y * 1e-4) for x, y in draw(st.lists(CORNERS, min_size=3, max_size=8))]
    noise = draw(st.floats(0, 1e-9))
    shape = shapely.Polygon([*places, (places[0][0] + noise, places[0][1] - noise)])
    if draw(st.booleans()):
        return shapely.MultiPolygon([shape, square(west + draw(st.floats(0, 2e-3)), south, 50)])
    return shape


@given(shapes=st.lists(outlines(), min_size=1, max_size=4))
@settings(max_examples=150, deadline=None)
def test_mending_gives_valid_areas_of_the_same_ground_and_comes_to_rest(shapes: list[BaseGeometry]) -> None:
    features = frame(*shapes)
    before = [shape.wkb for shape in shapes]
    after, issues = mend_geometries(features, layer="lots")
    assert [shape.wkb for shape in features.geometry] == before
    touched = {issue.row for issue in issues}
    for row, (old, new) in enumerate(zip(shapes, after.geometry, strict=True)):
        assert row in touched or new is old
        assert new.geom_type == old.geom_type
    for issue in issues:
        assert issue.repair is not None
        assert issue.row is not None
        if issue.rule == "geometry-invalid":
            new, old = after.geometry.iloc[issue.row], shapes[issue.row]
            assert new.is_valid
            assert issue.repair.moved_m2 <= min(MOST_MOVED_M2, MOST_MOVED_SHARE * ground(new) * 1.001)
            # By geodesics, of the ground that a map fills: what lies between is what was told.
            filled = shapely.make_valid(old)
            areas = [part for part in shapely.get_parts([filled]) if part.geom_type in ("Polygon", "MultiPolygon")]
            apart = sum(ground(part) for part in shapely.get_parts([shapely.union_all(areas) ^ new]) if part.area)
            assert apart <= issue.repair.moved_m2 * 1.01 + 1e-4
    again, rest = mend_geometries(after, layer="lots")
    assert again is after
    assert rest == ()


def test_buildings_that_float_noise_made_invalid_are_mended(shared_data: Path) -> None:
    buildings = gpd.read_file(shared_data / "hoankiem_2019" / "buildings.shp")
    assert buildings.is_valid.all()
    flat = buildings.set_geometry(gpd.GeoSeries(shapely.force_2d(buildings.geometry.array), crs=buildings.crs))
    degrees = flat.to_crs("EPSG:4326")
    assert int((~degrees.is_valid).sum()) == 62
    after, issues = mend_geometries(degrees, layer="buildings")
    counts = Counter(issue.rule for issue in issues)
    # The others are areas without ground, and two that are pinched into two halves.
    assert counts["geometry-invalid"] == 36
    assert int((~after.is_valid).sum()) == 26
    assert max(issue.repair.moved_m2 for issue in issues if issue.repair) < 0.01
