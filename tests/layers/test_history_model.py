"""A diff is a value: it leads from one state to another, back, and on."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.definitions import LayerDefinition, parse_definition
from layers.errors import DiffConflictError, FeatureExistsError, UnknownFeatureError
from layers.history.model import Diff, LayerDiff, diff_states
from layers.schema import empty_features, typed
from layers.store import Put, Remove

SITES = """
id = "sites"
title = { vi = "Điểm", en = "Sites" }
theme = "land"
geometry = ["Point", "LineString", "Polygon", "MultiPolygon"]
[[fields]]
name = "name"
type = "text"
title = { vi = "Tên", en = "Name" }
[[fields]]
name = "floors"
type = "integer"
title = { vi = "Số tầng", en = "Floors" }
[[fields]]
name = "area_ha"
type = "number"
title = { vi = "Diện tích", en = "Area" }
[[fields]]
name = "open"
type = "boolean"
title = { vi = "Mở", en = "Open" }
"""
CODE = """
[[fields]]
name = "code"
type = "text"
title = { vi = "Mã", en = "Code" }
"""
OLD, NEW = parse_definition(SITES, where="sites.toml"), parse_definition(SITES + CODE, where="sites.toml")
SQUARE = shapely.box(105.8, 21.0, 105.81, 21.01)


def frame(definition: LayerDefinition, rows: dict[str, dict[str, Any]]) -> gpd.GeoDataFrame:
    if not rows:
        return empty_features(definition)
    table = pd.DataFrame({id_: {"geometry": None, **row} for id_, row in rows.items()}).T
    shapes = table.pop("geometry").to_numpy(dtype=object)
    return typed(definition, gpd.GeoDataFrame(table, geometry=shapes, crs="EPSG:4326"))


SHAPES = st.one_of(
    st.none(),
    st.builds(shapely.Point, st.sampled_from([105.8, 105.9]), st.sampled_from([21.0, 21.1])),
    st.builds(lambda x: shapely.LineString([(105.8, 21.0), (x, 21.0)]), st.sampled_from([105.9, 106.0])),
    st.builds(lambda x: shapely.box(105.8, 21.0, x, 21.01), st.sampled_from([105.81, 105.82])),
)
ROWS = st.fixed_dictionaries(
    {
        "name": st.sampled_from([None, "", "Hà", "Hà Nội"]),
        "floors": st.sampled_from([None, 0, 2**53 + 1]),
        "area_ha": st.sampled_from([None, float("nan"), 0.0, 1.5]),
        "open": st.sampled_from([None, True, False]),
        "valid_from": st.sampled_from([None, dt.date(2030, 12, 31)]),
        "geometry": SHAPES,
    }
)
IDS = st.sampled_from(["a", "b", "c", "Đ", "10"])
STATES = st.dictionaries(IDS, ROWS, max_size=4).flatmap(
    lambda rows: st.permutations(list(rows)).map(lambda order: frame(OLD, {id_: rows[id_] for id_ in order}))
)
GROWN = st.dictionaries(
    IDS, st.builds(lambda row, code: {**row, "code": code}, ROWS, st.sampled_from([None, "X"])), max_size=4
).map(lambda rows: frame(NEW, rows))


def same(one: gpd.GeoDataFrame, other: gpd.GeoDataFrame) -> None:
    one, other = one.sort_index(), other.sort_index()
    pd.testing.assert_frame_equal(
        pd.DataFrame(one.drop(columns="geometry")), pd.DataFrame(other.drop(columns="geometry"))
    )
    assert one.geometry.to_wkb().tolist() == other.geometry.to_wkb().tolist()
    assert one.crs == other.crs == "EPSG:4326"


def same_diff(one: LayerDiff, other: LayerDiff) -> None:
    same(one.before, other.before)
    same(one.after, other.after)


@settings(max_examples=40)
@given(a=STATES, b=STATES)
def test_a_diff_leads_from_one_state_to_the_other_and_back(a: gpd.GeoDataFrame, b: gpd.GeoDataFrame) -> None:
    diff = diff_states(OLD, a, b)
    same(diff.apply(a), b)
    same(diff.invert().apply(b), a)
    same_diff(diff.invert(), diff_states(OLD, b, a))
    assert len(diff_states(OLD, a, a)) == 0
    assert sum(diff.counts.values()) == len(diff) == len(set(diff.ids))


@settings(max_examples=40)
@given(states=st.lists(STATES, min_size=3, max_size=3))
def test_diffs_that_follow_each_other_are_one(states: list[gpd.GeoDataFrame]) -> None:
    a, b, c = states
    joined = diff_states(OLD, a, b).compose(diff_states(OLD, b, c))
    same_diff(joined, diff_states(OLD, a, c))
    back = diff_states(OLD, a, b)
    assert len(back.compose(back.invert())) == 0


@settings(max_examples=40)
@given(states=st.lists(STATES, min_size=4, max_size=4))
def test_it_does_not_matter_which_diffs_are_joined_first(states: list[gpd.GeoDataFrame]) -> None:
    one, two, three = (diff_states(OLD, x, y) for x, y in itertools.pairwise(states))
    same_diff(one.compose(two).compose(three), one.compose(two.compose(three)))


@settings(max_examples=40)
@given(a=STATES, b=GROWN, c=GROWN)
def test_fields_that_grew_are_missing_before(a: gpd.GeoDataFrame, b: gpd.GeoDataFrame, c: gpd.GeoDataFrame) -> None:
    grown = diff_states(NEW, a, b)
    same(grown.apply(a), b)
    same(grown.invert().apply(b), typed(NEW, a))
    within = diff_states(OLD, a, a.iloc[:1])
    same(within.compose(diff_states(NEW, a.iloc[:1], c)).apply(a), c)


@settings(max_examples=40)
@given(a=STATES, b=STATES)
def test_fields_of_a_feature_are_those_that_differ(a: gpd.GeoDataFrame, b: gpd.GeoDataFrame) -> None:
    diff = diff_states(OLD, a, b)
    for id_ in diff.updated:
        changed = diff.fields(id_)
        assert changed
        assert all(str(old) != str(new) for old, new in changed.values())
        left = [field.name for field in OLD.all_fields if field.name not in changed]
        assert a.loc[id_, left].astype(str).tolist() == b.loc[id_, left].astype(str).tolist()


def test_what_changed_is_told_by_attribute() -> None:
    a = frame(OLD, {"x": {"name": "Một", "floors": 1, "geometry": SQUARE}, "y": {"open": True}, "z": {"area_ha": 2.5}})
    b = frame(OLD, {"x": {"name": "Một", "floors": 2, "geometry": None}, "z": {"area_ha": 2.5}, "w": {"name": "Mới"}})
    diff = diff_states(OLD, a, b)
    assert diff.counts == {"insert": 1, "update": 1, "delete": 1}
    assert diff.fields("x") == {"floors": (1, 2), "geometry": (SQUARE, None)}
    assert diff.fields("y") == {"open": (True, None)}
    assert diff.fields("w") == {"name": (None, "Mới")}
    with pytest.raises(UnknownFeatureError, match="no feature 'z'"):
        diff.fields("z")
    edits = diff.edits()
    assert [(type(edit), getattr(edit, "mode", None)) for edit in edits] == [
        (Remove, None), (Put, "update"), (Put, "insert"),
    ]  # fmt: skip
    named = [edit.ids if isinstance(edit, Remove) else cast("gpd.GeoDataFrame", edit.features).index for edit in edits]
    assert list(map(list, named)) == [["y"], ["x"], ["w"]]


def test_a_diff_is_for_the_state_it_starts_from() -> None:
    a, b = frame(OLD, {"x": {"floors": 1}}), frame(OLD, {"x": {"floors": 2}, "y": {"floors": 1}})
    diff = diff_states(OLD, a, b)
    with pytest.raises(UnknownFeatureError, match="'x'"):
        diff.apply(empty_features(OLD))
    with pytest.raises(FeatureExistsError, match="'y'"):
        diff.apply(frame(OLD, {"x": {"floors": 1}, "y": {}}))
    with pytest.raises(DiffConflictError) as told:
        diff.apply(frame(OLD, {"x": {"floors": 3}}))
    assert told.value.message("en") == (
        "The feature 'x' of the layer sites is not as it was in the state from which the diff starts."
    )
    assert "'x' của lớp sites" in told.value.message("vi")


def test_shapes_are_measured_in_metres_of_the_layers_own_crs() -> None:
    metres = gpd.GeoSeries(
        [shapely.box(500_000, 2_320_000, 500_100, 2_320_050), shapely.box(500_010, 2_320_000, 500_110, 2_320_050)],
        crs=OLD.metric_crs,
    )
    lines = gpd.GeoSeries(
        [shapely.LineString([(500_000, 2_320_000), (500_300, 2_320_000)]),
         shapely.LineString([(500_000, 2_320_000), (500_300, 2_320_000), (500_300, 2_320_400)])], crs=OLD.metric_crs,
    )  # fmt: skip
    first, second = metres.to_crs(4326)
    short, long = lines.to_crs(4326)
    a = frame(
        OLD,
        {
            "moved": {"geometry": first},
            "gone": {"geometry": first},
            "line": {"geometry": short},
            "lost": {"geometry": first},
        },
    )
    b = frame(OLD, {"moved": {"geometry": second}, "line": {"geometry": long}, "new": {"geometry": second}, "lost": {}})
    table = diff_states(OLD, a, b).measures.round(3).fillna(-1)
    told = {
        str(id_): dict(zip(table.columns, row, strict=True))
        for id_, row in zip(table.index, table.to_numpy().tolist(), strict=True)
    }
    area = ["area_before_m2", "area_after_m2", "gained_m2", "lost_m2", "changed_m2", "displacement_m"]
    assert [told["moved"][name] for name in area] == [5000, 5000, 500, 500, 1000, 10]
    assert [told["gone"][name] for name in area] == [5000, 0, 0, 5000, 5000, -1]
    assert [told["new"][name] for name in area] == [0, 5000, 5000, 0, 5000, -1]
    assert [told["lost"][name] for name in area] == [5000, 0, 0, 5000, 5000, -1]
    line = [told["line"][name] for name in ("length_before_m", "length_after_m", "displacement_m", "changed_m2")]
    assert line == [300, 700, 400, 0]


def test_shapes_with_very_many_corners_are_measured_alike() -> None:
    angles = np.linspace(0, 2 * np.pi, 700, endpoint=False)
    rings = [np.column_stack([500_000 + r * np.cos(angles), 2_320_000 + r * np.sin(angles)]) for r in (100.0, 103.0)]
    discs = gpd.GeoSeries([shapely.Polygon(ring) for ring in rings], crs=OLD.metric_crs).to_crs(4326)
    diff = diff_states(OLD, frame(OLD, {"x": {"geometry": discs[0]}}), frame(OLD, {"x": {"geometry": discs[1]}}))
    assert diff.measures.loc["x", "displacement_m"] == pytest.approx(3.0, abs=1e-3)
    assert diff.measures.loc["x", "lost_m2"] == pytest.approx(0.0, abs=1e-6)


def test_within_a_tolerance_a_shape_is_the_same() -> None:
    a = frame(OLD, {"x": {"geometry": SQUARE}, "y": {"geometry": SQUARE, "floors": 1}, "z": {"geometry": SQUARE}})
    b = frame(
        OLD,
        {
            "x": {"geometry": shapely.box(105.8, 21.0, 105.8100001, 21.01)},
            "y": {"geometry": SQUARE, "floors": 2},
            "z": {},
        },
    )
    assert set(diff_states(OLD, a, b).ids) == {"x", "y", "z"}
    assert set(diff_states(OLD, a, b, tolerance_m=0.1).ids) == {"y", "z"}
    assert set(diff_states(OLD, a, b, tolerance_m=0.005).ids) == {"x", "y", "z"}


def test_diffs_of_several_layers_are_joined_layer_by_layer() -> None:
    empty, one, two = empty_features(OLD), frame(OLD, {"x": {"floors": 1}}), frame(OLD, {"x": {"floors": 2}})
    first, second = Diff({"sites": diff_states(OLD, empty, one)}), Diff({"sites": diff_states(OLD, one, two)})
    same(first.compose(second).apply({})["sites"], two)
    assert len(first.compose(first.invert())) == 0
    assert first.compose(first.invert()).layers == {}
    assert first.compose(second).invert().apply({"sites": two, "other": one})["sites"].empty
