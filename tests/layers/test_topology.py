"""How features lie to each other: found where it is, measured right, and nothing else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.topology import zoning_plan
from layers.catalogue import shipped_definitions
from layers.crs import metric, to_store_crs
from layers.definitions import LayerDefinition, Topology, parse_definition
from layers.errors import DefinitionError
from layers.schema import typed
from layers.topology import (
    check_topology,
    crossings_and_stretches,
    duplicates,
    gaps,
    is_wider,
    loose_ends,
    outside,
    overlaps,
    survey,
)
from layers.topology.linework import linework
from layers.validation import RULES, Issue
from layers.validation.model import errors_of, issues_frame

#: A place in Hanoi, EPSG:5897.
ORIGIN = np.array([500_000.0, 2_325_000.0])
CRS = "EPSG:5897"


def at(*place: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    moved: np.ndarray[Any, np.dtype[np.float64]] = ORIGIN + np.array(place, dtype=float)
    return moved


def boxes(*bounds: tuple[float, float, float, float]) -> np.ndarray[Any, np.dtype[np.object_]]:
    return np.array([shapely.box(*(np.array(one) + np.tile(ORIGIN, 2))) for one in bounds])


def lines(*texts: str) -> np.ndarray[Any, np.dtype[np.object_]]:
    return np.array(
        [shapely.transform(shapely.from_wkt(f"LINESTRING ({text})"), lambda xy: xy + ORIGIN) for text in texts]
    )


def layer(
    shapes: Any, rules: Topology | None = None, *, of: str = "planning_zones", **columns: Any
) -> tuple[LayerDefinition, gpd.GeoDataFrame]:
    """Features of a shipped layer, drawn in metres."""
    definition = shipped_definitions()[of]
    if rules is not None:
        definition = definition.model_copy(update={"topology": rules})
    ids = pd.Index([f"f{n}" for n in range(len(shapes))], name="feature_id")
    frame = gpd.GeoDataFrame(
        {name: pd.Series(values, index=ids) for name, values in columns.items()},
        geometry=gpd.GeoSeries(list(shapes), index=ids, crs=CRS),
    )
    return definition, typed(definition, to_store_crs(frame)[0])


def told(issues: tuple[Issue, ...]) -> list[tuple[str, str | None, str | None, float | None]]:
    return [(i.rule, i.feature_id, i.other, None if i.measured is None else round(i.measured, 2)) for i in issues]


ASKED = Topology(overlaps="error", gaps="warning", duplicates="error")


# Areas, in the plane.


def test_areas_overlap_only_where_they_share_ground() -> None:
    found = overlaps(boxes((0, 0, 10, 10), (10, 0, 20, 10), (20, 10, 30, 20), (8, 2, 12, 4)))
    assert list(zip(found.first.tolist(), found.second.tolist(), found.area_m2.tolist(), strict=True)) == [
        (0, 3, 4.0),
        (1, 3, 4.0),
    ]
    assert found.places[0].equals(boxes((8, 2, 10, 4))[0])


def test_one_area_inside_another_and_the_same_area_twice_overlap() -> None:
    found = overlaps(boxes((0, 0, 10, 10), (3, 3, 4, 4), (0, 0, 10, 10)))
    assert list(zip(found.first.tolist(), found.second.tolist(), found.area_m2.tolist(), strict=True)) == [
        (0, 1, 1.0),
        (0, 2, 100.0),
        (1, 2, 1.0),
    ]


def test_two_clean_plans_over_each_other_overlap_though_no_edge_is_loose_between_them() -> None:
    # Every border inside is matched in its own plan; only the common outline is left, passed twice the same way.
    four = boxes((0, 0, 5, 5), (5, 0, 10, 5), (0, 5, 5, 10), (5, 5, 10, 10))
    found = overlaps(np.concatenate((four, four)))
    assert found.first.tolist() == [0, 1, 2, 3]
    assert found.second.tolist() == [4, 5, 6, 7]


def test_a_gap_is_a_hole_that_nothing_fills_and_never_the_outside() -> None:
    ring = boxes((0, 0, 9, 9))[0].difference(boxes((3, 3, 6, 6))[0])
    assert gaps(np.array([ring])).area_m2.tolist() == [9.0]
    assert gaps(np.array([ring, *boxes((3, 3, 6, 6))])).area_m2.tolist() == []
    island = gaps(np.array([ring, *boxes((4, 4, 5, 5))]))
    assert island.area_m2.tolist() == [8.0]
    assert len(island.places[0].interiors) == 1
    assert gaps(boxes((0, 0, 1, 1), (5, 5, 6, 6))).area_m2.tolist() == []


def test_vertices_that_only_one_side_has_and_float_noise_are_no_faults() -> None:
    noise = np.random.default_rng(1).normal(0, 1e-7, (5, 2))
    left = shapely.Polygon(at((0, 0), (10, 0), (10, 10), (0, 10)))
    right = shapely.Polygon(ORIGIN + np.array([(10, 10), (20, 10), (20, 0), (10, 0), (10, 3)]) + noise)
    both = np.array([left, right])
    assert len(overlaps(both, tolerance_m=0.001).first) == 0
    assert len(gaps(both, tolerance_m=0.001).places) == 0


def test_borders_match_again_once_vertices_of_one_side_alone_are_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layers.topology.linework._MANY", 0)
    fine = shapely.Polygon(at((10, 0), (20, 0), (20, 10), (10, 10), (10, 7), (10, 3), (10, 1)))
    left = linework(np.array([*boxes((0, 0, 10, 10)), fine]), tolerance_m=0.001)
    assert len(left.segments) == 4  # the outline of both, without the vertices on its straight sides
    shifted = shapely.Polygon(at((10, 0), (20, 0), (20, 10), (10, 10), (9, 7), (10, 3), (10, 1)))
    found = overlaps(np.array([*boxes((0, 0, 10, 10)), shifted]), tolerance_m=0.001)
    assert found.area_m2.round(6).tolist() == [3.5]


def test_what_has_no_area_is_left_out() -> None:
    bow = shapely.Polygon(at((0, 0), (4, 4), (4, 0), (0, 4)))
    mixed = np.array([None, shapely.Polygon(), bow, shapely.Point(ORIGIN), *boxes((0, 0, 4, 4), (2, 0, 6, 4))])
    found = overlaps(mixed)
    assert (found.first.tolist(), found.second.tolist(), found.area_m2.tolist()) == ([4], [5], [8.0])
    assert len(gaps(np.array([None, bow])).places) == 0
    assert len(overlaps(np.empty(0, dtype=object)).first) == 0


def test_parts_of_one_feature_do_not_overlap_each_other_and_all_count() -> None:
    two = shapely.multipolygons(boxes((0, 0, 2, 2), (8, 0, 10, 2)))
    found = overlaps(np.array([two, *boxes((1, 0, 9, 1))]))
    assert found.area_m2.tolist() == [2.0]
    assert found.places[0].geom_type == "MultiPolygon"


def test_the_tolerance_is_the_width_that_counts_not_the_area() -> None:
    long, blot = boxes((0, 0, 1000, 10), (0, 9.99, 1000, 20)), boxes((0, 0, 10, 10), (9.9, 9.9, 20, 20))
    assert overlaps(long, tolerance_m=0.02).area_m2.tolist() == []
    assert overlaps(long, tolerance_m=0.005).area_m2.round(6).tolist() == [10.0]
    assert overlaps(blot, tolerance_m=0.02).area_m2.round(6).tolist() == [0.01]


def test_width_is_the_diameter_of_a_circle_that_fits_in() -> None:
    shapes = boxes((0, 0, 100, 0.5), (0, 0, 0.5, 0.5), (0, 0, 3, 3))
    assert is_wider(shapes, 0.49).tolist() == [True, True, True]
    assert is_wider(shapes, 0.51).tolist() == [False, False, True]
    # A blot with a long tail is as wide as the blot.
    tail = shapely.union_all(boxes((0, 0, 2, 2), (2, 1, 4000, 1.001)))
    assert is_wider(np.array([tail, shapely.Polygon()]), 1.9).tolist() == [True, False]
    assert is_wider(np.array([tail, shapely.Polygon()]), 0.0).tolist() == [True, False]


# Laws of areas.

_ring = st.tuples(st.integers(0, 8), st.integers(0, 8), st.integers(1, 5), st.integers(1, 5), st.booleans())


def _shape(one: tuple[int, int, int, int, bool]) -> shapely.Polygon:
    x, y, wide, high, cut = one
    corners = [(x, y), (x + wide, y), (x + wide, y + high), *([] if cut else [(x, y + high)])]
    return shapely.Polygon(np.array(corners, dtype=float) * 3.7 + ORIGIN)


_plans = st.lists(_ring, min_size=0, max_size=9).map(lambda some: np.array([_shape(one) for one in some], dtype=object))


def _brute_pairs(shapes: Any) -> dict[tuple[int, int], float]:
    return {
        (i, j): area
        for i in range(len(shapes))
        for j in range(i + 1, len(shapes))
        if (area := shapes[i].intersection(shapes[j]).area) > 1e-6
    }


@settings(max_examples=100, deadline=None)
@given(_plans, st.sampled_from([0.0, 1e-5]))
def test_overlaps_are_those_of_every_pair_cut_by_itself(shapes: Any, tolerance_m: float) -> None:
    found = overlaps(shapes, tolerance_m=tolerance_m)
    pairs = dict(
        zip(zip(found.first.tolist(), found.second.tolist(), strict=True), found.area_m2.tolist(), strict=True)
    )
    pairs = {pair: area for pair, area in pairs.items() if area > 1e-6}
    assert pairs == pytest.approx(_brute_pairs(shapes))


@settings(max_examples=100, deadline=None)
@given(_plans, st.sampled_from([0.0, 1e-5]))
def test_gaps_are_what_the_union_keeps_from_the_outside(shapes: Any, tolerance_m: float) -> None:
    whole = shapely.union_all(shapes)
    frame = boxes((-100, -100, 200, 200))[0]
    free = shapely.get_parts([frame.difference(whole)])
    wanted = shapely.union_all(free[~shapely.intersects(free, frame.exterior)])
    found = gaps(shapes, tolerance_m=tolerance_m)
    assert found.area_m2.sum() == pytest.approx(wanted.area, abs=1e-6)
    assert shapely.union_all(found.places).symmetric_difference(wanted).area == pytest.approx(0, abs=1e-6)


@settings(max_examples=60, deadline=None)
@given(_plans)
def test_without_matching_edges_the_same_is_found(shapes: Any) -> None:
    looked = survey(shapes)
    unlike = looked._replace(faces=None)
    # What the last digit of a coordinate leaves over is an overlap by the one way, and none by the other.
    found, other = (area[area > 1e-12].tolist() for area in (overlaps(unlike).area_m2, overlaps(looked).area_m2))
    assert found == pytest.approx(other)
    assert sorted(gaps(unlike).area_m2) == pytest.approx(sorted(gaps(looked).area_m2))


@settings(max_examples=60, deadline=None)
@given(_plans, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(shapes: Any, random: Any) -> None:
    order = list(range(len(shapes)))
    random.shuffle(order)
    one, other = overlaps(shapes), overlaps(shapes[order] if order else shapes)
    moved = {frozenset((order[i], order[j])) for i, j in zip(other.first, other.second, strict=True)}
    assert moved == {frozenset(pair) for pair in zip(one.first.tolist(), one.second.tolist(), strict=True)}
    assert sorted(gaps(shapes[order] if order else shapes).area_m2) == pytest.approx(sorted(gaps(shapes).area_m2))


@settings(max_examples=60, deadline=None)
@given(_plans)
def test_a_feature_far_away_changes_nothing(shapes: Any) -> None:
    more = np.append(shapes, boxes((5000, 5000, 5001, 5001)))
    assert overlaps(more).area_m2.tolist() == pytest.approx(overlaps(shapes).area_m2.tolist())
    assert gaps(more).area_m2.tolist() == pytest.approx(gaps(shapes).area_m2.tolist())


@settings(max_examples=40, deadline=None)
@given(_plans.filter(len))
def test_areas_of_overlaps_are_those_of_an_overlay(shapes: Any) -> None:
    frame = gpd.GeoDataFrame({"id": range(len(shapes))}, geometry=shapes, crs=CRS)
    other = gpd.overlay(frame, frame, how="intersection", keep_geom_type=False)
    other = other[(other["id_1"] < other["id_2"]) & (other.area > 1e-6)]
    assert overlaps(shapes).area_m2.sum() == pytest.approx(other.area.sum(), abs=1e-4)


@pytest.mark.parametrize("many", [0, 20_000], ids=["straightened", "as they are"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_plan_of_unlike_noisy_borders_has_the_faults_of_every_pair_cut_by_itself(
    seed: int, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("layers.topology.linework._MANY", many)
    shapes = zoning_plan(40, matched=False, seed=seed)
    looked = survey(shapes, tolerance_m=0.001)
    found, holes = overlaps(looked), gaps(looked)
    first, second = np.triu_indices(len(shapes), 1)
    cut = shapely.intersection(shapes[first], shapes[second])
    wide = is_wider(cut, 0.001)
    assert wide.sum() > 5
    assert (found.first.tolist(), found.second.tolist()) == (first[wide].tolist(), second[wide].tolist())
    assert found.area_m2 == pytest.approx(shapely.area(cut[wide]))
    # With noise closed up, what the frame round the plan cannot reach is a gap.
    closed = shapely.union_all(shapely.buffer(shapes, 3e-4, join_style="mitre"))
    frame = shapely.box(*shapely.bounds(closed)).buffer(100)
    free = shapely.get_parts([frame.difference(closed)])
    free = free[~shapely.intersects(free, frame.exterior) & is_wider(free, 0.001)]
    assert len(free) > 3
    assert holes.area_m2.sum() == pytest.approx(shapely.area(free).sum(), rel=1e-3)
    assert len(holes.places) == len(free)


# Lines, in the plane.


def test_an_end_that_misses_a_line_is_loose_and_one_on_it_is_not() -> None:
    found = loose_ends(lines("0 0, 100 0", "50 1, 50 50", "20 0, 20 50", "80 40, 80 60"), tolerance_m=0.01, reach_m=2)
    assert (found.first.tolist(), found.second.tolist()) == ([1], [0])
    assert found.distance_m.tolist() == pytest.approx([1.0])
    assert found.targets[0].equals(shapely.Point(at(50, 0)))
    assert found.beyond.tolist() == [False]


def test_an_end_just_beyond_a_line_is_told_apart() -> None:
    found = loose_ends(lines("0 0, 100 0", "50 -0.4, 50 50"), tolerance_m=0.01, reach_m=2)
    assert found.distance_m.tolist() == pytest.approx([0.4])
    assert found.beyond.tolist() == [True]


def test_a_dead_end_is_allowed_and_so_is_a_closed_line() -> None:
    some = lines("0 0, 100 0", "100 0, 150 40", "200 200, 250 200, 250 250, 200 200")
    assert len(loose_ends(some, tolerance_m=0.01, reach_m=5).first) == 0


def test_a_line_that_almost_closes_misses_itself() -> None:
    found = loose_ends(lines("0 0, 50 0, 50 50, 0 1"), tolerance_m=0.01, reach_m=2)
    assert (found.first.tolist(), found.second.tolist(), found.distance_m.tolist()) == ([0], [0], pytest.approx([1.0]))


def test_lines_cross_without_a_node_unless_both_have_a_vertex_there() -> None:
    some = lines("0 0, 100 0", "50 -50, 50 50", "20 -50, 20 0, 20 50", "0 0, 20 0, 100 0", "70 0, 70 50")
    crossed, shared = crossings_and_stretches(some, tolerance_m=0.001)
    assert list(zip(crossed.first.tolist(), crossed.second.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 3)]
    assert crossed.places[0].equals(shapely.Point(at(50, 0)))
    assert (shared.first.tolist(), shared.second.tolist(), shared.length_m.tolist()) == ([0], [3], [100.0])


# Doubles and covers.


def test_a_geometry_is_the_same_whatever_its_order_of_vertices() -> None:
    square = shapely.Polygon([(0, 0), (1, 0), (1, 1), (0, 1)])
    turned = shapely.Polygon([(1, 1), (1, 0), (0, 0), (0, 1)])
    other = shapely.Polygon([(0, 0), (1, 0), (1, 1), (0.5, 1)])
    assert duplicates(np.array([None, square, turned, other, None, square])).tolist() == [0, 1, 1, 3, 4, 1]


def test_what_several_areas_cover_together_is_covered() -> None:
    covers = boxes((0, 0, 10, 10), (10, 0, 20, 10))
    found = outside(
        np.array([*boxes((5, 0, 15, 5), (15, 0, 25, 5)), *lines("0 5, 30 5"), shapely.Point(at(23, 4))]), covers
    )
    assert found.rows.tolist() == [1, 2, 3]
    assert found.amounts.tolist() == [25.0, 10.0, 3.0]


def test_without_covers_everything_is_outside() -> None:
    found = outside(np.array([*boxes((0, 0, 2, 2)), shapely.Point(ORIGIN)]), np.empty(0, dtype=object))
    assert found.amounts.tolist() == [4.0, np.inf]


# The check of a layer.


def test_an_issue_names_both_features_the_place_and_how_much() -> None:
    definition, features = layer(boxes((0, 0, 10, 10), (9, 0, 20, 10)), ASKED)
    (issue,) = check_topology(definition, features)
    assert (issue.rule, issue.row, issue.feature_id, issue.other, issue.severity, issue.unit) == (
        "topology-overlap",
        0,
        "f0",
        "f1",
        "error",
        "m2",
    )
    assert issue.measured == pytest.approx(10.0, abs=1e-4)
    place = metric(gpd.GeoDataFrame(geometry=[issue.place], crs="EPSG:4326"), CRS).geometry[0]
    assert (
        place.symmetric_difference(boxes((9, 0, 10, 10))[0]).area < 0.1
    )  # some millimetres, of the way between the CRS and back
    said = "hai đối tượng chồng lên nhau; gặp chồng lên f1 10.00 m², cần không chồng."
    assert issue.message("vi") == f"planning_zones, dòng 1, đối tượng 'f0': {said}"
    assert errors_of([issue]) == (issue,)


def test_gaps_and_slivers_are_told_apart_by_their_width() -> None:
    shapes = boxes(
        (0, 0, 30, 10), (0, 20, 30, 30), (0, 10, 10, 20), (20, 10, 30, 20), (0, 30, 30, 40), (29.9, 0, 60, 40)
    )
    definition, features = layer(shapes, ASKED)
    issues = check_topology(definition, features)
    assert told(issues) == [
        ("topology-sliver", "f0", "f5", 1.0),
        ("topology-gap", "f0", "f1", 100.0),
        ("topology-sliver", "f1", "f5", 1.0),
        ("topology-sliver", "f3", "f5", 1.0),
        ("topology-sliver", "f4", "f5", 1.0),
    ]
    assert {issue.severity for issue in issues} == {"warning"}
    assert "100.00 m² that no feature covers, between f0, f1, f2, …" in issues[1].message()
    wide, _ = layer(shapes, ASKED.model_copy(update={"sliver_m": 0.05, "largest_gap_m2": 50.0}))
    assert [rule for rule, *_ in told(check_topology(wide, features))] == ["topology-overlap"] * 4


def test_holes_are_gaps_only_where_borders_are_shared_if_the_layer_says_so() -> None:
    ring = boxes((0, 0, 9, 9))[0].difference(boxes((3, 3, 6, 6))[0])
    rules = ASKED.model_copy(update={"least_shared": 0.3})
    definition, lake = layer([ring, *boxes((50, 0, 60, 10))], rules)
    assert check_topology(definition, lake) == ()
    _, plan = layer([ring, *boxes((9, 0, 12, 9), (-3, 0, 0, 9), (0, 9, 9, 12), (0, -3, 9, 0))])
    assert told(check_topology(definition, plan)) == [("topology-gap", "f0", None, 9.0)]
    assert survey(boxes((0, 0, 1, 1), (1, 0, 2, 1))).shared == pytest.approx(2 / 8)


def test_a_feature_that_is_a_sliver_itself_is_told() -> None:
    definition, features = layer(boxes((0, 0, 40, 0.05), (0, 5, 40, 10)), ASKED)
    assert told(check_topology(definition, features)) == [("topology-sliver", "f0", None, 2.0)]


def test_a_double_is_told_once_and_not_as_an_overlap_too() -> None:
    definition, features = layer(boxes((0, 0, 10, 10), (0, 0, 10, 10), (0, 0, 10, 10)), ASKED)
    assert told(check_topology(definition, features)) == [
        ("topology-duplicate", "f1", "f0", 100.0),
        ("topology-duplicate", "f2", "f0", 100.0),
    ]
    allowed, _ = layer(boxes(), ASKED.model_copy(update={"duplicates": "allowed"}))
    assert [rule for rule, *_ in told(check_topology(allowed, features))] == ["topology-overlap"] * 3


def test_features_of_different_times_are_not_at_odds() -> None:
    shapes = boxes((0, 0, 10, 10), (0, 0, 10, 10), (5, 0, 15, 10))
    until, since = pd.Timestamp("2025-06-30"), pd.Timestamp("2025-07-01")
    definition, features = layer(shapes, ASKED, valid_from=[pd.NaT, since, since], valid_to=[until, pd.NaT, pd.NaT])
    assert told(check_topology(definition, features)) == [("topology-overlap", "f1", "f2", 50.0)]
    _, meeting = layer(shapes, valid_from=[pd.NaT, since, since], valid_to=[since, pd.NaT, pd.NaT])
    assert [rule for rule, *_ in told(check_topology(definition, meeting))] == [
        "topology-overlap",
        "topology-duplicate",
        "topology-overlap",
    ]


def test_a_gap_that_opens_when_a_feature_ends_is_dated() -> None:
    ring = boxes((0, 0, 9, 9))[0].difference(boxes((3, 3, 6, 6))[0])
    definition, features = layer([ring, *boxes((3, 3, 6, 6))], ASKED, valid_to=[pd.NaT, pd.Timestamp("2030-12-31")])
    (issue,) = check_topology(definition, features)
    assert told((issue,)) == [("topology-gap", "f0", None, 9.0)]
    assert "(2031-01-01)" in issue.message()


def test_with_too_many_times_gaps_are_looked_for_at_the_standard_horizons_and_this_is_said() -> None:
    shapes = boxes(*((10.0 * n, 0, 10.0 * n + 11, 10) for n in range(20)))
    begins = [pd.Timestamp(2000 + n, 1, 1) for n in range(20)]
    definition, features = layer(shapes, ASKED, valid_from=begins)
    issues = check_topology(definition, features)
    assert [rule for rule, *_ in told(issues)] == ["topology-not-checked"] + ["topology-overlap"] * 19
    assert "standard horizons" in issues[0].message()


def test_only_features_of_one_group_are_compared() -> None:
    shapes = boxes((0, 0, 10, 10), (1, 1, 9, 9), (8, 0, 12, 10))
    definition, features = layer(
        shapes, of="admin_units", name_vi=["a", "b", "c"], level=["district", "commune", "district"]
    )
    assert told(check_topology(definition, features)) == [("topology-overlap", "f0", "f2", 20.0)]


def test_sketches_and_invalid_geometries_are_left_out_and_this_is_said() -> None:
    bow = shapely.Polygon(at((0, 0), (4, 4), (4, 0), (0, 4)))
    shapes = [*boxes((0, 0, 10, 10), (5, 0, 15, 10)), bow, None, shapely.Point(ORIGIN)]
    definition, features = layer(shapes, ASKED, position=["schematic", "surveyed", None, "unknown", "label"])
    issues = check_topology(definition, features)
    assert [issue.rule for issue in issues] == ["topology-not-checked", "topology-not-checked"]
    assert [issue.severity for issue in issues] == ["warning", "warning"]
    assert "1 features whose geometry is not valid" in issues[0].message()
    assert "2 đối tượng chỉ có sơ đồ hoặc điểm đặt nhãn" in issues[1].message("vi")


def test_nothing_is_asked_of_a_layer_without_topology_and_of_an_empty_one() -> None:
    definition, features = layer(boxes((0, 0, 10, 10), (0, 0, 10, 10)), ASKED)
    assert check_topology(definition.model_copy(update={"topology": None}), features) == ()
    assert check_topology(definition, features.iloc[:0]) == ()
    _, unknown = layer([None, None])
    assert check_topology(definition, unknown) == ()


def test_far_from_the_layers_own_crs_the_utm_zone_measures() -> None:
    square = (
        gpd.GeoSeries([shapely.box(0, 0, 100, 100), shapely.box(90, 0, 190, 100)], crs="EPSG:32631")
        .translate(448_000, 5_411_000)
        .to_crs(4326)
    )
    definition, _ = layer(boxes(), ASKED)
    features = typed(definition, gpd.GeoDataFrame(geometry=square.to_numpy(), crs=4326, index=["a", "b"]))
    (issue,) = check_topology(definition, features)
    assert issue.measured == pytest.approx(1000.0, abs=0.01)


def test_loose_ends_crossings_and_doubled_stretches_of_roads() -> None:
    rules = Topology(overlaps="warning", dangles="error", crossings="warning", reach_m=2)
    definition, features = layer(
        lines("0 0, 100 0", "50 1, 50 50", "30 -20, 30 20", "60 0, 90 0, 90 30"), rules, of="roads"
    )
    issues = check_topology(definition, features)
    assert told(issues) == [
        ("topology-crossing", "f0", "f2", None),
        ("topology-overlap", "f0", "f3", 30.0),
        ("topology-dangle", "f1", "f0", 1.0),
    ]
    assert [issue.unit for issue in issues] == [None, "m", "m"]
    assert [issue.severity for issue in issues] == ["warning", "warning", "error"]
    assert "1.000 m short of f0" in issues[2].message()


def parks(shapes: Any, **columns: Any) -> gpd.GeoDataFrame:
    return layer(shapes, of="parks", **columns)[1]


def test_a_plot_that_reaches_out_of_its_park_is_told_with_the_part_outside() -> None:
    definition, plots = layer(boxes((0, 0, 10, 10), (90, 0, 105, 10)), of="plots")
    issues = check_topology(definition, plots, against={"parks": parks(boxes((0, 0, 100, 100)))})
    assert told(issues) == [("topology-not-covered", "f1", None, 50.0)]
    assert issues[0].place is not None
    assert "50.00 m² outside" in issues[0].message()


def test_what_cannot_be_compared_is_never_clear() -> None:
    definition, plots = layer(boxes((0, 0, 10, 10)), of="plots", park_id=["f0"])
    (missing,) = check_topology(definition, plots)
    assert missing.rule == "topology-not-checked"
    assert "no features of the layer parks" in missing.message()
    (empty,) = check_topology(definition, plots, against={"parks": parks([])})
    assert empty.rule == "topology-not-checked"
    sketch = parks(boxes((500, 0, 600, 100)), position=["schematic"])
    (unknown,) = check_topology(definition, plots, against={"parks": sketch})
    assert "1 features: the outline that should cover them" in unknown.message()


def test_a_plot_outside_a_park_of_known_outline_is_told_whatever_other_parks_are_like() -> None:
    definition, plots = layer(boxes((200, 0, 210, 10), (300, 0, 310, 10)), of="plots", park_id=["f0", None])
    around = parks(boxes((0, 0, 100, 100), (900, 0, 950, 50)), position=["surveyed", "schematic"])
    issues = check_topology(definition, plots, against={"parks": around})
    assert told(issues) == [("topology-not-checked", None, None, None), ("topology-not-covered", "f0", None, 100.0)]


def test_points_and_lines_outside_are_measured_in_metres() -> None:
    rules = Topology(covered_by="parks", uncovered="error")
    definition, some = layer([shapely.Point(at(103, 5)), *boxes((0, 0, 1, 1))], rules, of="enterprises")
    (issue,) = check_topology(definition, some, against={"parks": parks(boxes((0, 0, 100, 100)))})
    assert (issue.unit, issue.severity) == ("m", "error")
    assert issue.measured == pytest.approx(3.0, abs=1e-4)


@settings(max_examples=40, deadline=None)
@given(_plans.filter(len), st.sets(st.integers(0, 8), max_size=3))
def test_a_check_of_touched_features_tells_what_the_whole_check_tells_of_them(shapes: Any, numbers: set[int]) -> None:
    definition, features = layer(shapes, ASKED)
    touched = {f"f{n}" for n in numbers}
    some = check_topology(definition, features, touched=touched)
    whole = [issue for issue in check_topology(definition, features) if _concerns(issue, features, touched)]
    assert told(some) == told(tuple(whole))


def _concerns(issue: Issue, features: gpd.GeoDataFrame, touched: set[str]) -> bool:
    if issue.feature_id in touched or issue.other in touched:
        return True
    # A gap concerns all that lie round it, of which an issue names two.
    around = np.asarray(features.geometry[features.index.isin(touched)])
    near = shapely.distance(around, issue.place) < 1e-7
    return "no feature covers" in issue.message() and bool(near.any())


def test_touched_roads_are_checked_with_the_neighbours_of_their_neighbours() -> None:
    rules = Topology(dangles="warning", reach_m=2)
    some = lines("0 0, 100 0", "50 1, 50 50", "50 1, 60 1.5", "500 0, 600 0", "550 1, 550 9")
    definition, features = layer(some, rules, of="roads")
    whole = check_topology(definition, features)
    for name in features.index:
        want = [issue for issue in whole if name in {issue.feature_id, issue.other}]
        assert told(check_topology(definition, features, touched=[name])) == told(tuple(want))


# The declaration.


def test_every_shipped_layer_with_areas_or_lines_says_what_it_asks() -> None:
    silent = {
        name
        for name, definition in shipped_definitions().items()
        if definition.topology is None and {"Polygon", "LineString"} & set(definition.geometry)
    }
    assert silent == {"coverage"}
    assert shipped_definitions()["plots"].topology == Topology(
        overlaps="error", gaps="warning", largest_gap_m2=500, duplicates="error", covered_by="parks", sliver_m=0.2
    )
    assert {d.topology.covered_by for d in shipped_definitions().values() if d.topology} <= {
        None,
        *shipped_definitions(),
    }


def test_a_definition_stored_without_topology_can_be_read() -> None:
    definition = shipped_definitions()["plots"]
    stored = definition.model_dump(mode="json")
    del stored["topology"]
    assert LayerDefinition.model_validate(stored).topology is None
    assert LayerDefinition.model_validate_json(definition.model_dump_json()) == definition


@pytest.mark.parametrize(
    ("topology", "seen"),
    [
        ('{ overlaps = "never" }', "never"),
        ("{ tolerance_m = 0.5 }", "tolerance_m 0.5, sliver_m 0.2, reach_m 2"),
        ("{ tolerance_m = -1 }", "tolerance_m -1"),
        ("{ least_shared = 2 }", "least_shared 2"),
        ("{ largest_gap_m2 = 0 }", "largest_gap_m2 0"),
        ('{ within = "nothing" }', "topology within 'nothing'"),
        ("{ slivers = 1 }", "slivers"),
    ],
)
def test_a_mistake_in_the_declaration_is_told(topology: str, seen: str) -> None:
    text = f'id = "x"\ntitle = {{ vi = "x", en = "x" }}\ntheme = "land"\nfields = []\ntopology = {topology}\n'
    with pytest.raises(DefinitionError) as caught:
        parse_definition(text, where="x.toml")
    assert seen in caught.value.message("en")


def test_every_rule_of_topology_is_of_that_group_and_bilingual() -> None:
    rules = {name: rule for name, rule in RULES.items() if name.startswith("topology-")}
    assert {rule.group for rule in rules.values()} == {"topology"}
    assert len(rules) == 8
    assert all(rule.fix.vi != rule.fix.en for rule in rules.values())


def test_issues_can_be_put_on_a_map() -> None:
    definition, features = layer(boxes((0, 0, 10, 10), (9, 0, 20, 10)), ASKED)
    frame = issues_frame(check_topology(definition, features), language="vi")
    assert frame.geometry[0].geom_type == "Polygon"
    assert frame["fix"][0] == RULES["topology-overlap"].fix.vi


# Real data.


def test_a_french_zoning_plan_has_its_known_overlaps_and_gaps(shared_data: Path) -> None:
    shapes = gpd.read_file(shared_data / "zoning/fr_plu_41175/ZONE_URBA.shp").geometry.to_numpy()
    looked = survey(shapes)
    found, holes = overlaps(looked), gaps(looked)
    assert int((found.area_m2 > 1).sum()) == 131
    assert found.area_m2.sum() == pytest.approx(4709, abs=1)
    # The union has 236 holes of 3,130 m2; in the largest stands an island, and six are float noise.
    island = np.array([shapely.Polygon(place.exterior).area - place.area for place in holes.places])
    assert holes.area_m2.sum() + island.sum() == pytest.approx(3130, abs=1)
    assert len(holes.places) == 230
    assert int(((holes.area_m2 > 1e-6) & (holes.area_m2 + island < 10)).sum()) == 168


def test_land_use_of_a_plain_has_its_known_doubles_and_overlaps(shared_data: Path) -> None:
    features = gpd.read_file(shared_data / "bachunghai/land_use.shp").to_crs(CRS)
    shapes = features.geometry.to_numpy()
    assert int(features.geometry.duplicated().sum()) == 23
    # One more is the same outline begun at another vertex.
    assert int((duplicates(shapes) != np.arange(len(shapes))).sum()) == 24
    found = overlaps(shapely.make_valid(shapes))
    assert int((found.area_m2 > 1).sum()) == 119
    assert found.area_m2.sum() / 1e4 == pytest.approx(7771, rel=1e-3)


def test_the_vientiane_plan_has_one_overlap(shared_data: Path) -> None:
    shapes = gpd.read_file(shared_data / "vientiane/glup2030_cdudcp_v1.shp").geometry.to_numpy()
    found = overlaps(shapes)
    assert found.area_m2[found.area_m2 > 1].round().tolist() == [15.0]
    assert found.area_m2.sum() == pytest.approx(16, abs=0.1)


def test_the_wards_of_hanoi_tile_but_for_one_sliver(shared_data: Path) -> None:
    wards = gpd.read_file(shared_data / "admin/hanoi_units_2026.gpkg", layer="wards")
    definition = shipped_definitions()["admin_units"]
    index = pd.Index([f"w{n}" for n in range(len(wards))], name="feature_id")
    frame = gpd.GeoDataFrame(
        {"name_vi": "x", "level": "commune"}, geometry=wards.geometry.to_numpy(), crs=wards.crs, index=index
    )
    (issue,) = check_topology(definition, typed(definition, frame))
    assert issue.rule == "topology-sliver"
    assert issue.measured == pytest.approx(0.29, abs=0.005)
    assert issue.other is not None
