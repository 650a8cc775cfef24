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
    issues = check_features(frame(*shapes), None, name="lots", surroundings=None).issues
    return tuple(issue for issue in issues if issue.rule.startswith("geometry-"))


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
        "lots, row 1, feature 'f0': a vertex is there twice in a row; saw repeated vertices: 2, "
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


@pytest.mark.parametrize(
    ("given_wkt", "wanted", "wkt"),
    [
        ("POLYGON ((0 1, 1 1, 1 2, 0 1))", ["MultiPolygon"], "MULTIPOLYGON (((0 1, 1 1, 1 2, 0 1)))"),
        ("MULTIPOLYGON (((0 1, 1 1, 1 2, 0 1)))", ["Point", "Polygon"], "POLYGON ((0 1, 1 1, 1 2, 0 1))"),
        ("MULTILINESTRING ((0 1, 1 1))", ["LineString"], "LINESTRING (0 1, 1 1)"),
        ("LINESTRING (0 1, 1 1)", ["MultiLineString"], "MULTILINESTRING ((0 1, 1 1))"),
        ("POINT (0 1)", ["MultiPoint"], "MULTIPOINT ((0 1))"),
        ("MULTIPOINT ((0 1))", ["Point", "Polygon"], "POINT (0 1)"),
        ("MULTILINESTRING ((0 1, 1 1), (3 1, 4 1))", ["LineString"], None),
        ("POLYGON ((0 1, 1 1, 1 2, 0 1))", ["Polygon", "MultiPolygon"], None),
        ("MULTIPOLYGON (((0 1, 1 1, 1 2, 0 1)))", ["LineString"], None),
        ("POLYGON EMPTY", ["MultiPolygon"], None),
        ("POINT (0 1)", [], None),
    ],
)
def test_single_and_multiple_parts_are_dressed_as_the_layer_wants_them(
    given_wkt: str, wanted: list[str], wkt: str | None
) -> None:
    shape = shapely.from_wkt(given_wkt)
    features = frame(None, shape)
    after, issues = mend_geometries(features, layer="lots", wanted=wanted)
    assert issues == ()
    assert features.geometry.iloc[1] is shape
    if wkt is None:
        assert after is features
    else:
        assert [None if one is None else one.wkt for one in after.geometry] == [None, wkt]


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
            pieces = shapely.get_parts(shapely.make_valid(shapely.get_parts([old])))
            areas = [piece for piece in pieces if piece.area]
            apart = sum(ground(part) for part in shapely.get_parts([shapely.union_all(areas) ^ new]) if part.area)
            # Geodesics tell areas of small pieces to some square centimetres.
            assert apart <= issue.repair.moved_m2 * 1.01 + 0.02
    again, rest = mend_geometries(after, layer="lots")
    assert again is after
    assert rest == ()


@given(shapes=st.lists(outlines(), min_size=2, max_size=5), data=st.data())
@settings(max_examples=50, deadline=None)
def test_the_order_of_rows_changes_nothing_in_mending(shapes: list[BaseGeometry], data: st.DataObject) -> None:
    features = frame(*shapes)
    order = data.draw(st.permutations(range(len(shapes))))
    one, told = mend_geometries(features, layer="lots")
    other, again = mend_geometries(features.iloc[order], layer="lots")
    assert [shape.wkb for shape in one.geometry.iloc[order]] == [shape.wkb for shape in other.geometry]
    assert Counter((issue.rule, issue.feature_id, issue.repair) for issue in told) == Counter(
        (issue.rule, issue.feature_id, issue.repair) for issue in again
    )


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


# Where outlines cross and touch ------------------------------------------------------------------------------------


def test_a_crossing_has_its_place_and_what_a_mending_would_move() -> None:
    issue = only(found(BOW_TIE))
    assert (issue.rule, issue.severity, issue.place) == ("geometry-invalid", "error", shapely.Point(105.5, 21.5))
    assert issue.unit == "m2"
    # The vertices sum to next to nothing, yet what a map fills is two triangles.
    assert issue.measured == pytest.approx(ground(shapely.make_valid(BOW_TIE)), rel=1e-2)


def test_an_outline_that_touches_itself_is_told_apart_from_one_that_crosses_itself() -> None:
    touching = shapely.Polygon([(105, 21), (106, 21), (105.5, 21.5), (106, 22), (105, 22), (105.5, 21.5)])
    issue = only(found(touching))
    assert (issue.rule, issue.severity, issue.place) == ("geometry-self-touch", "error", shapely.Point(105.5, 21.5))
    assert issue.message("en") == (
        "lots, row 1, feature 'f0': the outline touches itself in a point; saw Ring Self-intersection (105.5 21.5), "
        "wanted a geometry that is valid by OGC simple features."
    )
    assert issue.message("vi") == (
        "lots, dòng 1, đối tượng 'f0': đường biên tự chạm tại một điểm; gặp vòng biên tự chạm (105.5 21.5), "
        "cần hình học hợp lệ theo OGC."
    )


# Shapes that cannot be meant ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "shape",
    [
        shapely.Point(0, 0),
        shapely.MultiPoint([(105, 21), (0, 0)]),
        shapely.LineString([(105, 21), (0, 0), (105.1, 21)]),
        shapely.Polygon([(0, 0), (105, 21), (105, 22)]),
    ],
)
def test_vertices_at_null_island(shape: Any) -> None:
    issue = next(issue for issue in found(shape) if issue.rule == "geometry-null-island")
    severity = "error" if shape.geom_type in ("Point", "MultiPoint") else "warning"
    assert (issue.severity, issue.place) == (severity, shapely.Point(0, 0))
    assert "saw 0, 0, wanted the true place, or null where unknown" in issue.message("en")
    assert "gặp 0, 0, cần vị trí thật, hoặc để trống (null) nếu chưa rõ" in issue.message("vi")


def test_areas_that_do_lie_in_the_gulf_of_guinea_may_have_a_vertex_there() -> None:
    assert found(shapely.box(0, 0, 0.5, 0.5), shapely.Point(0, 1e-9)) == ()


def test_areas_and_lines_without_extent() -> None:
    step = 1 / 111_320
    speck = square(105, 21, 0.05)
    dash = shapely.LineString([(105, 21), (105, 21 + 0.0005 * step)])
    far_north = square(105, 88, 0.05)
    issues = found(speck, dash, square(105, 21, 0.2), shapely.LineString([(105, 21), (105, 21 + step)]), far_north)
    assert [(issue.rule, issue.row, issue.severity, issue.unit) for issue in issues] == [
        ("geometry-tiny", 0, "warning", "m2"),
        ("geometry-tiny", 1, "warning", "m"),
        ("geometry-tiny", 4, "warning", "m2"),
    ]
    assert issues[0].measured == pytest.approx(ground(speck), rel=1e-3)
    assert "saw '0.0025 m²', wanted 0.01 m² or more" in issues[0].message("en")
    assert "gặp '0.0005 m', cần từ 0.001 m trở lên" in issues[1].message("vi")


@pytest.mark.parametrize("turned", range(6))
@pytest.mark.parametrize("parts", [1, 2])
def test_a_spike_is_found_wherever_the_outline_begins(turned: int, parts: int) -> None:
    west, south, east, north = square(105, 21, 100).bounds
    tip = (east + 0.001, south + 0.0004)
    ring = [(west, south), (east, south), (east, south + 0.0004), tip, (east, south + 0.000402), (east, north)]
    spiked = shapely.Polygon([*ring[turned:], *ring[:turned]])
    shape = spiked if parts == 1 else shapely.MultiPolygon([square(106, 21, 100), spiked])
    issue = only(found(square(105.01, 21, 100), shape))
    assert (issue.rule, issue.row, issue.severity, issue.unit) == ("geometry-spike", 1, "warning", "m")
    assert issue.place == shapely.Point(tip)
    assert issue.measured == pytest.approx(GEOD.line_length([east, tip[0]], [south + 0.0004, tip[1]]), rel=5e-3)
    assert "a spike 103.8" in issue.message("en")
    assert "gai dài 103.8" in issue.message("vi")


def test_sharp_corners_and_holes_are_no_spikes() -> None:
    corner = shapely.Polygon([(105, 21), (105.01, 21), (105.01, 21.0002)])
    hole = shapely.Polygon(square(105, 21, 1000).exterior, [square(105.002, 21.002, 100).exterior])
    assert found(corner, hole, shapely.MultiPolygon([hole, shapely.Polygon()])) == ()


def test_a_feature_far_from_all_others_is_told_with_the_distance() -> None:
    town = [shapely.Point(105.8 + 0.01 * n, 21) for n in range(9)]
    far = shapely.Point(10.8, 21)
    issue = only(found(*town, far))
    assert (issue.rule, issue.row, issue.severity, issue.unit) == ("geometry-outlier", 9, "warning", "km")
    assert issue.place == far
    # Along the parallel, which is longer than the geodesic.
    assert issue.measured == pytest.approx(9870, rel=0.01)
    assert "km from the middle of all, wanted within" in issue.message("en")
    assert "km, cần trong vòng" in issue.message("vi")


def test_data_in_two_places_few_features_and_a_long_road_have_no_outliers() -> None:
    hanoi = [shapely.Point(105.8 + 0.01 * n, 21) for n in range(9)]
    saigon = [shapely.Point(106.6 + 0.01 * n, 10.8) for n in range(2)]
    assert found(*hanoi, *saigon) == ()
    assert found(*hanoi[:6], shapely.Point(10, 21)) == ()
    assert found(*(shapely.Point(105 + 0.2 * n, 21 - 0.3 * n) for n in range(30))) == ()
    assert found(*(shapely.Point(x, 21) for x in (179.7, 179.8, 179.9, -179.9, 179.6, 179.95, -179.95, -179.8))) == ()
