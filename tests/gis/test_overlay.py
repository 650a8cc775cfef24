"""Overlay: against QGIS, and by the law that the parts sum to the whole."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.errors import OverlayError
from gis.overlay import (
    areas_m2,
    intersections,
    mended,
    metric_geometry,
    partition,
    polygonal_part,
    remainders,
    subtract,
    unions_by_group,
)
from layers.errors import CrsError

METRIC = "EPSG:5897"
corner = st.integers(0, 60)
side = st.integers(1, 40)


@st.composite
def shapes(draw: st.DrawFn) -> gpd.GeoSeries:
    """Boxes, triangles and bow-ties, with nulls and empties between them."""
    drawn: list[Any] = []
    for _ in range(draw(st.integers(0, 8))):
        x, y, width, height = draw(corner), draw(corner), draw(side), draw(side)
        kind = draw(st.sampled_from(["box", "triangle", "bowtie", "null", "empty"]))
        ring = {
            "box": [(x, y), (x + width, y), (x + width, y + height), (x, y + height)],
            "triangle": [(x, y), (x + width, y), (x, y + height)],
            "bowtie": [(x, y), (x + width, y + height), (x + width, y), (x, y + height)],
        }
        drawn.append(shapely.Polygon(ring[kind]) if kind in ring else shapely.Polygon() if kind == "empty" else None)
    return gpd.GeoSeries(drawn, index=[f"f{number}" for number in range(len(drawn))], crs=METRIC)


def test_intersection_and_difference_agree_with_qgis(shared_data: Path) -> None:
    folder = shared_data / "expected" / "overlay_nybb"
    boroughs = gpd.read_file(folder / "polydf.shp").set_index("BoroName").geometry
    circles = gpd.read_file(folder / "polydf2.shp").geometry

    common = intersections(boroughs, circles)
    rest = remainders(boroughs, circles)

    expected = gpd.read_file(folder / "qgis-intersection.shp").sort_values(["BoroName", "value1"])
    assert len(common) == 15
    assert common.geometry.area.sum() == pytest.approx(1_898_134_279.42, abs=0.01)
    ours = sorted(zip(common["left"], common.geometry.area.round(0), strict=True))
    assert ours == sorted(zip(expected["BoroName"], expected.geometry.area.round(0), strict=True))
    assert len(rest.dropna()) == 5
    assert rest.area.sum() == pytest.approx(6_531_777_293.25, abs=0.01)


def test_areas_are_square_metres_where_the_crs_counts_in_feet(shared_data: Path) -> None:
    boroughs = gpd.read_file(shared_data / "expected" / "overlay_nybb" / "polydf.shp").geometry

    # New York City covers about 783 km2 of land; one US survey foot is 1200/3937 m.
    assert areas_m2(boroughs).sum() == pytest.approx(boroughs.area.sum() * (1200 / 3937) ** 2, rel=1e-12)
    assert areas_m2(boroughs).sum() == pytest.approx(783.2e6, rel=0.001)


@given(shapes(), shapes())
@settings(max_examples=60, deadline=None)
def test_parts_sum_to_the_whole(left: gpd.GeoSeries, right: gpd.GeoSeries) -> None:
    common, rest = intersections(left, right), remainders(left, right)
    merged = unions_by_group(
        common.geometry.to_numpy(), left.index.get_indexer(common["left"]).astype(np.int64), count=len(left)
    )
    hit = np.nan_to_num(shapely.area(merged))
    whole = np.nan_to_num(shapely.area(mended(left.to_numpy())))

    assert hit + np.nan_to_num(rest.area.to_numpy()) == pytest.approx(whole, abs=1e-6)


@given(shapes(), shapes())
@settings(max_examples=40, deadline=None)
def test_row_order_does_not_matter(left: gpd.GeoSeries, right: gpd.GeoSeries) -> None:
    there = intersections(left, right)
    back = intersections(left[::-1], right[::-1])

    def as_set(found: gpd.GeoDataFrame) -> set[tuple[str, str, float]]:
        return {
            (a, b, round(area, 6)) for a, b, area in zip(found["left"], found["right"], found["area_m2"], strict=True)
        }

    assert as_set(there) == as_set(back)


@given(shapes(), shapes())
@settings(max_examples=60, deadline=None)
def test_partition_equals_what_geometry_says(subjects: gpd.GeoSeries, others: gpd.GeoSeries) -> None:
    """The fast arithmetic of `partition` against plain differences of polygons."""
    fresh, stale = shapely.box(10, 10, 50, 60), shapely.box(40, 0, 80, 80)
    common, areal = intersections(subjects, others), polygonal_part(mended(subjects.to_numpy()))
    hits = unions_by_group(
        common.geometry.to_numpy(), subjects.index.get_indexer(common["left"]).astype(np.int64), count=len(subjects)
    )

    parts = partition(areal, hits, fresh=fresh, stale=stale)

    for row, (shape, hit) in enumerate(zip(areal, hits, strict=True)):
        if shape is None:
            assert [part[row] for part in parts] == [0, 0, 0, 0]
            continue
        rest = shape if hit is None else shape.difference(hit)
        outside = rest.difference(fresh)
        wanted = [
            shape.area - rest.area,
            rest.intersection(fresh).area,
            outside.intersection(stale).area,
            outside.difference(stale).area,
        ]
        assert [part[row] for part in parts] == pytest.approx(wanted, abs=1e-6)


def test_neighbours_that_only_touch_share_nothing() -> None:
    left = gpd.GeoSeries([shapely.box(0, 0, 10, 10)], index=["a"], crs=METRIC)
    right = gpd.GeoSeries(
        [shapely.box(10, 0, 20, 10), shapely.box(10, 10, 20, 20)], index=["edge", "corner"], crs=METRIC
    )

    assert intersections(left, right).empty
    assert remainders(left, right).area.tolist() == [100.0]


def test_what_is_wholly_covered_leaves_none() -> None:
    left = gpd.GeoSeries([shapely.box(0, 0, 10, 10), None], index=["a", "b"], crs=METRIC)
    right = gpd.GeoSeries([shapely.box(-5, -5, 5, 15), shapely.box(5, -5, 15, 15)], crs=METRIC)

    assert remainders(left, right).tolist() == [None, None]


def test_a_mixed_collection_keeps_only_its_area() -> None:
    mixed = shapely.from_wkt("GEOMETRYCOLLECTION (POINT (9 9), POLYGON ((0 0, 4 0, 4 4, 0 0)), LINESTRING (0 0, 9 9))")
    result = polygonal_part(np.array([mixed, shapely.Point(1, 1), None], dtype=object))

    assert shapely.area(result[0]) == 8.0
    assert result[1] is None
    assert result[2] is None


def test_subtract_leaves_the_rest_alone() -> None:
    left = np.array([shapely.box(0, 0, 4, 4), None], dtype=object)

    assert shapely.area(subtract(left, np.array([None, shapely.box(0, 0, 9, 9)], dtype=object)))[0] == 16.0


def test_heights_and_faults_are_mended() -> None:
    roof = shapely.from_wkt("POLYGON Z ((0 0 9, 4 0 9, 4 4 9, 0 4 9, 0 0 9))")
    spike = shapely.from_wkt("POLYGON ((0 0, 4 0, 4 4, 4 9, 4 4, 0 4, 0 0))")

    flat = mended(np.array([roof, spike], dtype=object))

    assert not shapely.has_z(flat).any()
    assert shapely.is_valid(flat).all()
    assert shapely.area(flat).tolist() == [16.0, 16.0]


def test_area_needs_a_projected_crs() -> None:
    with pytest.raises(CrsError) as caught:
        areas_m2(gpd.GeoSeries([shapely.box(105, 21, 106, 22)], crs="EPSG:4326"))
    assert caught.value.message("en") == "area: the CRS is WGS 84, wanted a projected CRS."
    assert caught.value.message("vi") == "area: hệ toạ độ là WGS 84, cần hệ toạ độ phẳng."
    with pytest.raises(CrsError, match="None"):
        areas_m2(gpd.GeoSeries([shapely.box(0, 0, 1, 1)]))


def test_two_crs_together_are_an_error() -> None:
    left = gpd.GeoSeries([shapely.box(0, 0, 1, 1)], crs=METRIC)
    with pytest.raises(CrsError, match=r"the CRS is WGS 84 / UTM zone 48N, wanted VN-2000"):
        intersections(left, left.set_crs("EPSG:32648", allow_override=True))
    with pytest.raises(CrsError, match="wanted a projected CRS"):
        remainders(left.set_crs("EPSG:4326", allow_override=True), left)


def test_metric_geometry_says_what_is_wrong() -> None:
    hanoi = gpd.GeoSeries([shapely.Point(105.85, 21.03), None], index=["a", "b"], crs="EPSG:4326")
    x, y = shapely.get_coordinates(metric_geometry(hanoi, crs=METRIC)[0])[0]
    assert (x, y) == pytest.approx((588_333, 2_326_600), abs=500)
    with pytest.raises(CrsError, match="roads: the CRS is None, wanted EPSG:4326"):
        metric_geometry(gpd.GeoSeries([shapely.Point(1, 1)]), crs=METRIC, where="roads")
    with pytest.raises(CrsError, match="wanted a projected CRS"):
        metric_geometry(hanoi, crs="EPSG:4326")
    metres = gpd.GeoSeries([shapely.Point(588_333.0, 2_326_600.0)], index=["far"], crs="EPSG:4326")
    with pytest.raises(OverlayError) as caught:
        metric_geometry(metres, crs=METRIC, where="parks")
    assert caught.value.message("en") == (
        "parks cannot be overlaid: saw far, wanted coordinates within the reach of EPSG:5897."
    )
    assert caught.value.message("vi") == (
        "Không chồng xếp được parks: gặp far, cần toạ độ nằm trong phạm vi EPSG:5897."
    )


def test_an_argument_is_never_changed() -> None:
    left = gpd.GeoSeries([shapely.from_wkt("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))")], crs=METRIC)
    before = left.to_wkt().tolist()

    remainders(left, left)
    metric_geometry(left, crs=METRIC)

    assert left.to_wkt().tolist() == before
