"""Three-way merge: its laws, every kind of conflict, and every way to resolve one."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layers.definitions import Field, LayerDefinition, Topology
from layers.errors import FeatureExistsError, MergeConflictsError, ValueOutOfRangeError
from layers.merge import KINDS, LayerMerge, Resolution, merge_layer, merge_layers, same_shapes
from layers.merge.model import KIND_TITLES, TOPOLOGY_KINDS, allowed_choices
from layers.schema import typed
from layers.store import Put, Remove, Store
from layers.types import Text

T = Text(vi="thử", en="trial")


def _field(name: str, type_: str, **more: Any) -> Field:
    return Field(name=name, type=type_, title=T, **more)


LAYER = LayerDefinition(
    id="trials",
    title=T,
    theme="land",
    geometry=("Polygon", "MultiPolygon", "Point", "LineString"),
    fields=(
        _field("name", "text"),
        _field("floors", "integer"),
        _field("area", "number"),
        _field("open", "boolean"),
        _field("day", "date"),
        _field("parent", "text", references="trials"),
    ),
)
PLOTS = LayerDefinition(
    id="plots",
    title=T,
    theme="land",
    geometry=("Polygon", "MultiPolygon"),
    fields=(_field("name", "text"), _field("park_id", "text", references="parks")),
    topology=Topology(overlaps="error", gaps="warning", largest_gap_m2=5_000),
)
PARKS = LayerDefinition(id="parks", title=T, theme="parks", geometry=("Polygon",), fields=(_field("name", "text"),))


def frame(definition: LayerDefinition, rows: Mapping[str, Mapping[str, Any]]) -> gpd.GeoDataFrame:
    columns: dict[str, Any] = {
        one.name: pd.Series([row.get(one.name) for row in rows.values()], dtype=object) for one in definition.all_fields
    }
    shapes = np.array([row.get("geometry") for row in rows.values()] + [None], dtype=object)[:-1]
    return typed(definition, gpd.GeoDataFrame(columns, geometry=shapes, crs=4326).set_axis(list(rows)))


def square(column: int, row: int = 0, *, wide: float = 0.001) -> shapely.Polygon:
    x, y = 105.7 + column * 0.001, 21.0 + row * 0.001
    return shapely.box(x, y, x + wide, y + 0.001)


def cells(features: gpd.GeoDataFrame) -> dict[tuple[str, str], Any]:
    """Every cell of a layer as a plain value: the truth that merges are held against."""
    found: dict[tuple[str, str], Any] = {}
    for name in features.columns:
        for id_, value in zip(features.index, features[name], strict=True):
            plain = shapely.to_wkb(shapely.normalize(value)) if isinstance(value, shapely.Geometry) else value
            found[id_, name] = None if plain is None or pd.isna(plain) else plain
    return found


VALUES: dict[str, st.SearchStrategy[Any]] = {
    "name": st.sampled_from([None, "Lô A", "Lô B", "Lô Ă"]),
    "floors": st.sampled_from([None, 1, 2, 2**60]),
    "area": st.sampled_from([None, 0.0, 1.5, 2.25]),
    "open": st.sampled_from([None, True, False]),
    "day": st.sampled_from([None, "2030-12-31", "2045-01-01"]),
    "geometry": st.sampled_from([None, square(0), square(1), shapely.Point(105.7, 21), square(0, 1)]),
}
IDS = st.sampled_from([f"p{n}" for n in range(6)])
ROWS = st.dictionaries(IDS, st.fixed_dictionaries(VALUES), max_size=6)
STATES = st.tuples(ROWS, ROWS, ROWS)


@st.composite
def edited_states(draw: st.DrawFn) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Give a base and two states that mostly agree with it, so that every case comes up often."""
    base = draw(ROWS)

    def edited() -> dict[str, dict[str, Any]]:
        rows = {id_: dict(row) for id_, row in base.items()}
        for id_ in draw(st.lists(IDS, max_size=3)):
            action = draw(st.sampled_from(["delete", "edit", "edit", "put"]))
            if action == "delete":
                rows.pop(id_, None)
            elif action == "put" or id_ not in rows:
                rows[id_] = draw(st.fixed_dictionaries(VALUES))
            else:
                name = draw(st.sampled_from(sorted(VALUES)))
                rows[id_][name] = draw(VALUES[name])
        return rows

    return frame(LAYER, base), frame(LAYER, edited()), frame(LAYER, edited())


def applied(features: gpd.GeoDataFrame, merge: LayerMerge) -> dict[tuple[str, str], Any]:
    """Write the edits of a merge onto a state, as a store does."""
    for edit in merge.edits():
        if isinstance(edit, Remove):
            features = features.drop(index=list(edit.ids))
        else:
            assert isinstance(edit, Put)
            assert isinstance(edit.features, gpd.GeoDataFrame)
            kept = features[~features.index.isin(edit.features.index)]
            features = typed(LAYER, pd.concat([kept, edit.features])) if len(kept) else edit.features
    return cells(features)


LAWS = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@LAWS
@given(edited_states())
def test_what_one_side_alone_changed_is_the_result(
    states: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame],
) -> None:
    base, ours, theirs = states
    for a, b, wanted in ((ours, base, ours), (base, theirs, theirs), (ours, ours, ours)):
        merge = merge_layer(LAYER, base, a, b)
        assert not len(merge.conflicts)
        assert cells(merge.merged) == cells(wanted)
        assert applied(a, merge) == cells(wanted)


@LAWS
@given(edited_states())
def test_no_edit_is_lost_without_a_conflict(
    states: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame],
) -> None:
    base, ours, theirs = states
    merge = merge_layer(LAYER, base, ours, theirs)
    told = merge.conflicts.rows
    whole = set(told["feature_id"][told["kind"].isin(["delete_edit", "duplicate_id"])])
    single = set(zip(told["feature_id"], told["field"], strict=True))
    before, result = cells(base), cells(merge.merged)
    for side in (cells(ours), cells(theirs)):
        for id_, name in before.keys() | side.keys():
            missing = object()
            if before.get((id_, name), missing) != side.get((id_, name), missing):
                in_result = side.get((id_, name), missing) == result.get((id_, name), missing)
                # The other side may delete what this side did not edit, and this side what the other did not.
                assert in_result or id_ in whole or (id_, name) in single, (id_, name)


@LAWS
@given(edited_states())
def test_sides_may_be_swapped(states: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame]) -> None:
    base, ours, theirs = states
    one, other = merge_layer(LAYER, base, ours, theirs), merge_layer(LAYER, base, theirs, ours)
    assert cells(one.merged) == cells(other.merged)

    def told(merge: LayerMerge, first: str, second: str) -> set[tuple[Any, ...]]:
        rows = merge.conflicts.rows
        return {tuple(map(str, row)) for row in rows[["kind", "feature_id", "field", first, second, "base"]].values}

    assert told(one, "ours", "theirs") == told(other, "theirs", "ours")


@LAWS
@given(edited_states(), st.sampled_from(["ours", "theirs", "base"]))
def test_a_rule_resolves_everything_and_its_result_can_be_written(
    states: tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame], choice: Any
) -> None:
    base, ours, theirs = states
    merge = merge_layer(LAYER, base, ours, theirs).resolve(Resolution(choice))
    assert not len(merge.conflicts.open)
    result = cells(merge.merged)
    assert applied(ours, merge) == result
    chosen = cells({"ours": ours, "theirs": theirs, "base": base}[choice])
    for id_, name in zip(merge.conflicts.rows["feature_id"], merge.conflicts.rows["field"], strict=True):
        for column in [name] if name is not None else LAYER.all_fields[0:1]:
            key = (id_, column if isinstance(column, str) else column.name)
            assert result.get(key, "absent") == chosen.get(key, "absent")


# Same or not ---------------------------------------------------------------------------------------------------------

RING = shapely.Polygon([(105, 21), (105.01, 21), (105.01, 21.01), (105.004, 21.013), (105, 21.01)])
HOLES = shapely.Polygon(
    RING.exterior,
    [
        shapely.box(105.002, 21.002, 105.003, 21.003).exterior,
        shapely.box(105.006, 21.006, 105.007, 21.007).exterior,
    ],
)


def _turned(shape: Any, steps: int) -> shapely.Polygon:
    def ring(line: Any) -> list[tuple[float, ...]]:
        places = list(line.coords)[:-1]
        return [*places[steps:], *places[:steps]]

    return shapely.Polygon(ring(shape.exterior), [ring(one) for one in reversed(shape.interiors)])


@pytest.mark.parametrize(
    ("other", "tolerance_m", "same"),
    [
        (HOLES, 0.0, True),
        (_turned(HOLES, 3), 0.0, True),
        (HOLES.reverse(), 0.0, True),
        (shapely.MultiPolygon([HOLES]), 0.0, True),
        (shapely.set_precision(HOLES, 0), 0.0, True),
        (shapely.affinity.translate(HOLES, 0.5e-7, 0), 0.0, False),
        (shapely.affinity.translate(HOLES, 0.5e-7, 0), 0.01, True),
        (_turned(shapely.affinity.translate(HOLES, 0.5e-7, 0), 2).reverse(), 0.01, True),
        (shapely.affinity.translate(HOLES, 3e-7, 0), 0.01, False),
        (RING, 10.0, False),
        (shapely.segmentize(HOLES, 0.006), 10.0, False),
        (None, 10.0, False),
        (shapely.Polygon(), 10.0, False),
    ],
)
def test_the_same_geometry_in_another_dress(other: Any, tolerance_m: float, same: bool) -> None:  # noqa: FBT001
    pair = np.array([HOLES, None], dtype=object), np.array([other, shapely.Polygon()], dtype=object)
    assert same_shapes(*pair, tolerance_m=tolerance_m).tolist() == [same, True]
    assert same_shapes(*pair[::-1], tolerance_m=tolerance_m).tolist() == [same, True]


def test_a_line_that_runs_the_other_way_is_another_line() -> None:
    line = shapely.LineString([(105, 21), (105.01, 21.01), (105.02, 21)])
    one, other = np.array([line], dtype=object), np.array([line.reverse()], dtype=object)
    assert not same_shapes(one, other, tolerance_m=1).any()
    assert same_shapes(one, np.array([shapely.MultiLineString([line])], dtype=object)).all()


def test_negative_zero_and_the_order_of_points_mean_nothing() -> None:
    points = shapely.MultiPoint([(0.0, 1.0), (2.0, 3.0)])
    other = shapely.MultiPoint([(2.0, 3.0), (-0.0, 1.0)])
    assert same_shapes(np.array([points], dtype=object), np.array([other], dtype=object)).all()
    moved = shapely.MultiPoint([(2.0, 3.0 + 1e-8), (-0.0, 1.0)])
    assert same_shapes(np.array([points], dtype=object), np.array([moved], dtype=object), tolerance_m=0.01).all()


@given(st.integers(0, 5), st.booleans(), st.integers(0, 2**32 - 1))
@settings(max_examples=25, deadline=None)
def test_seven_decimals_are_no_change_however_the_ring_runs(steps: int, back: bool, seed: int) -> None:  # noqa: FBT001
    angles = np.sort(np.random.default_rng(seed).uniform(0, 2 * np.pi, 7))
    shape = shapely.Polygon(np.column_stack((105.7 + 0.01 * np.cos(angles), 21 + 0.01 * np.sin(angles))))
    rounded = shapely.transform(_turned(shape, steps), lambda xy: np.round(xy, 7))
    pair = np.array([shape], dtype=object), np.array([rounded.reverse() if back else rounded], dtype=object)
    assert same_shapes(*pair, tolerance_m=0.02).all()


# Conflicts and their resolution --------------------------------------------------------------------------------------

BASE = frame(
    LAYER,
    {
        "a": {"name": "A", "floors": 1, "area": 1.0, "open": True, "day": "2030-12-31", "geometry": square(0)},
        "b": {"name": "B", "floors": 2, "geometry": square(2)},
        "c": {"name": "C", "parent": "b", "geometry": square(4)},
    },
)


def changed(features: gpd.GeoDataFrame, id_: str, **values: Any) -> gpd.GeoDataFrame:
    rows = {name: {**dict(features.loc[name])} for name in features.index}
    rows[id_] = {**rows.get(id_, {}), **values}
    return frame(
        LAYER,
        {name: {k: None if v is pd.NaT or v is pd.NA else v for k, v in row.items()} for name, row in rows.items()},
    )


def kinds(merge: LayerMerge) -> list[tuple[Any, ...]]:
    return list(merge.conflicts.rows[["kind", "feature_id", "field"]].itertuples(index=False, name=None))


def test_both_sides_are_merged_attribute_by_attribute() -> None:
    ours, theirs = changed(BASE, "a", name="Của ta", floors=3), changed(BASE, "a", area=9.5, geometry=square(1))
    merge = merge_layer(LAYER, BASE, ours, theirs)
    assert not len(merge.conflicts)
    row = merge.merged.loc["a"]
    assert (row["name"], row["floors"], row["area"], row["geometry"]) == ("Của ta", 3, 9.5, square(1))
    put = merge.edits()[0]
    assert isinstance(put, Put)
    assert isinstance(put.features, gpd.GeoDataFrame)
    assert put.features.index.tolist() == ["a"]


@pytest.mark.parametrize(
    ("choice", "value", "wanted"),
    [("ours", None, "X"), ("theirs", None, "Y"), ("base", None, "A"), ("value", "Z", "Z"), ("value", None, None)],
)
def test_an_attribute_changed_twice(choice: Any, value: Any, wanted: str | None) -> None:
    merge = merge_layer(LAYER, BASE, changed(BASE, "a", name="X"), changed(BASE, "a", name="Y"))
    assert kinds(merge) == [("attribute", "a", "name")]
    assert merge.merged.loc["a", "name"] == "A"
    with pytest.raises(MergeConflictsError, match="1 conflicts are open, nothing was written"):
        merge.edits()
    resolved = merge.resolve(Resolution(choice, kind="attribute", feature_id="a", field="name", value=value))
    assert not len(resolved.conflicts.open)
    assert cells(resolved.merged)["a", "name"] == wanted


def test_a_geometry_changed_twice_and_one_that_only_moved_within_the_tolerance() -> None:
    moved = shapely.transform(square(0), lambda xy: xy + 4e-8)
    merge = merge_layer(LAYER, BASE, changed(BASE, "a", geometry=moved), changed(BASE, "a", geometry=square(1)))
    assert kinds(merge) == [("geometry", "a", "geometry")]
    within = merge_layer(
        LAYER, BASE, changed(BASE, "a", geometry=moved), changed(BASE, "a", geometry=square(1)), tolerance_m=0.02
    )
    assert not len(within.conflicts)
    assert within.merged.loc["a", "geometry"] == square(1)
    given_ = merge.resolve(Resolution("value", kind="geometry", value=square(7)))
    assert given_.merged.loc["a", "geometry"] == square(7)
    with pytest.raises(ValueOutOfRangeError, match="wanted a geometry"):
        merge.resolve(Resolution("value", kind="geometry", value="POINT (1 1)"))


@pytest.mark.parametrize(("choice", "there"), [("ours", False), ("theirs", True), ("base", True)])
def test_delete_against_edit_is_always_a_conflict(choice: Any, there: bool) -> None:  # noqa: FBT001
    ours, theirs = BASE.drop(index="a"), changed(BASE, "a", floors=7)
    merge = merge_layer(LAYER, BASE, ours, theirs)
    assert kinds(merge) == [("delete_edit", "a", None)]
    assert "a" in merge.merged.index
    resolved = merge.resolve(Resolution(choice, kind="delete_edit"))
    assert ("a" in resolved.merged.index) is there
    assert cells(resolved.merged).get(("a", "floors")) == {"ours": None, "theirs": 7, "base": 1}[choice]
    swapped = merge_layer(LAYER, BASE, theirs, ours)
    assert kinds(swapped) == [("delete_edit", "a", None)]


def test_one_id_inserted_twice_can_be_kept_twice() -> None:
    ours, theirs = changed(BASE, "n", name="Ours"), changed(changed(BASE, "n", name="Theirs"), "c", parent="n")
    merge = merge_layer(LAYER, BASE, ours, theirs)
    assert kinds(merge) == [("duplicate_id", "n", None)]
    assert "n" not in merge.merged.index
    both = merge.resolve(Resolution("value", kind="duplicate_id", feature_id="n", value="n2"))
    assert not len(both.conflicts.open)
    names = both.merged["name"]
    assert (names["n"], names["n2"]) == ("Ours", "Theirs")
    # What they made refer to their new feature refers to it still.
    assert both.merged.loc["c", "parent"] == "n2"
    assert len(both.conflicts.settled) == 1
    with pytest.raises(FeatureExistsError, match="'a'; wanted an unused id"):
        merge.resolve(Resolution("value", kind="duplicate_id", value="a"))
    with pytest.raises(ValueOutOfRangeError, match="wanted an unused id"):
        merge.resolve(Resolution("value", kind="duplicate_id", value=" "))
    same = merge_layer(LAYER, BASE, ours, changed(BASE, "n", name="Ours"))
    assert not len(same.conflicts)


@pytest.mark.parametrize(
    ("choice", "value", "wanted"),
    [
        ("ours", None, {"b": True, "a.parent": "b"}),
        ("theirs", None, {"b": False, "a.parent": None}),
        ("value", "c", {"b": False, "a.parent": "c"}),
        ("accept", None, {"b": False, "a.parent": "b"}),
    ],
)
def test_a_reference_to_a_feature_that_the_other_side_removed(choice: Any, value: Any, wanted: dict[str, Any]) -> None:
    base = changed(BASE, "c", parent=None)
    ours, theirs = changed(base, "a", parent="b"), base.drop(index="b")
    merge = merge_layer(LAYER, base, ours, theirs)
    assert kinds(merge) == [("reference", "a", "parent")]
    assert merge.conflicts.rows["other"].tolist() == ["b"]
    resolved = merge.resolve(Resolution(choice, kind="reference", value=value))
    assert not len(resolved.conflicts.open)
    assert ("b" in resolved.merged.index) is wanted["b"]
    assert cells(resolved.merged)["a", "parent"] == wanted["a.parent"]


def test_a_reference_that_one_side_left_dangling_itself_is_not_the_merges_fault() -> None:
    merge = merge_layer(LAYER, BASE, changed(BASE, "a", floors=9), BASE.drop(index="b"))
    assert not len(merge.conflicts)


def test_references_are_followed_across_layers() -> None:
    parks = frame(PARKS, {"k": {"name": "K"}, "m": {"name": "M"}})
    plots = frame(PLOTS, {"p": {"park_id": "m", "geometry": square(0)}})
    moved = frame(PLOTS, {"p": {"park_id": "k", "geometry": square(0)}})
    merge = merge_layers(
        {"plots": PLOTS, "parks": PARKS},
        {"plots": plots, "parks": parks},
        {"plots": plots, "parks": parks.drop(index="k")},
        {"plots": moved, "parks": parks},
    )
    assert merge.conflicts.counts() == {"reference": 1}
    kept = merge.resolve(Resolution("theirs"))
    assert sorted(kept.merged["parks"].index) == ["k", "m"]
    edits = kept.edits()
    assert [(edit.layer, type(edit)) for edit in edits] == [("plots", Put), ("parks", Put)]


def test_the_last_resolution_that_fits_holds() -> None:
    ours = changed(changed(BASE, "a", name="X"), "b", name="X")
    theirs = changed(changed(BASE, "a", name="Y"), "b", name="Y")
    merge = merge_layer(LAYER, BASE, ours, theirs, rules=[Resolution("ours")])
    assert merge.merged["name"].tolist()[:2] == ["X", "X"]
    merge = merge.resolve(Resolution("theirs", layer="trials", feature_id="b", by="An", why="biên bản 12"))
    assert merge.merged["name"].tolist()[:2] == ["X", "Y"]
    assert merge.resolve(Resolution("base", layer="other")).merged["name"].tolist()[:2] == ["X", "Y"]
    record = merge.whole.record("Gộp", "vi")
    assert record.startswith("Gộp\n\n1 × ")
    assert "lấy bản gửi đến (An): biên bản 12" in record
    assert "keep the current state" in merge.whole.record("Merge", "en")
    assert merge_layer(LAYER, BASE, BASE, BASE).whole.record("Gộp") == "Gộp"


# Topology ------------------------------------------------------------------------------------------------------------


def plots(**shapes: Any) -> gpd.GeoDataFrame:
    return frame(PLOTS, {name: {"name": name, "geometry": shape} for name, shape in shapes.items()})


def box(west: float, east: float) -> shapely.Polygon:
    return shapely.box(105.7 + west * 1e-3, 21, 105.7 + east * 1e-3, 21.001)


@pytest.mark.parametrize(
    ("choice", "a", "b"), [("ours", 1.1, 2.0), ("theirs", 1.0, 1.0), ("base", 1.0, 2.0), ("accept", 1.1, 1.0)]
)
def test_two_edits_that_overlap_only_together(choice: Any, a: float, b: float) -> None:
    base = plots(a=box(0, 1), b=box(2, 3))
    ours = plots(a=box(0, 1.1), b=box(2, 3))
    theirs = plots(a=box(0, 1), b=box(1.0, 3))
    merge = merge_layer(PLOTS, base, ours, theirs)
    assert kinds(merge) == [("overlap", "a", None)]
    one = merge.conflicts.rows.iloc[0]
    assert one["other"] == "b"
    assert one["measured"] == pytest.approx(0.1e-3 * 1e-3 * 1.151e10, rel=0.01)
    assert one["place"].bounds == pytest.approx((105.701, 21, 105.7011, 21.001), abs=1e-8)
    resolved = merge.resolve(Resolution(choice, kind="overlap", feature_id="a", other="b"))
    assert not len(resolved.conflicts.open)
    shapes = resolved.merged.geometry
    assert shapes["a"].bounds[2] == pytest.approx(105.7 + a * 1e-3)
    assert shapes["b"].bounds[0] == pytest.approx(105.7 + b * 1e-3)


def test_an_overlap_that_was_there_is_no_conflict_but_one_that_grows_is() -> None:
    base = plots(a=box(0, 1), b=box(0.9, 2), c=box(5, 6))
    ours = plots(a=box(0, 1), b=box(0.9, 2), c=box(5, 6.2))
    theirs = plots(a=box(0, 1), b=box(0.9, 2.1), c=box(5, 6))
    assert not len(merge_layer(PLOTS, base, ours, theirs).conflicts)


def test_an_overlap_is_new_where_neither_side_had_it() -> None:
    def corner(east: float, south: float) -> gpd.GeoDataFrame:
        return plots(
            a=shapely.box(105.7, 21, 105.7 + east * 1e-3, 21.001),
            b=shapely.box(105.7009, 21 + south * 1e-3, 105.702, 21.002),
        )

    base, ours, theirs = corner(1, 0.9), corner(1.1, 0.9), corner(1, 0.8)
    assert not len(merge_layer(PLOTS, base, ours, base).conflicts)
    merge = merge_layer(PLOTS, base, ours, theirs)
    assert merge.conflicts.counts() == {"overlap": 1}
    assert merge.conflicts.rows["place"][0].bounds == pytest.approx((105.7009, 21.0008, 105.7011, 21.001), abs=1e-8)


def test_a_gap_between_two_retreats_is_a_conflict() -> None:
    def block(**inner: Any) -> gpd.GeoDataFrame:
        north, south = shapely.box(105.7, 21.001, 105.702, 21.002), shapely.box(105.7, 20.999, 105.702, 21)
        return plots(n=north, s=south, **inner)

    # Each side mends the overlap by giving up its part of it.
    base = block(a=box(0, 1.05), b=box(0.95, 2))
    ours, theirs = block(a=box(0, 0.95), b=box(0.95, 2)), block(a=box(0, 1.05), b=box(1.05, 2))
    merge = merge_layer(PLOTS, base, ours, theirs)
    assert merge.conflicts.counts() == {"gap": 1}
    for choice in ("ours", "theirs", "base", "accept"):
        assert not len(merge.resolve(Resolution(choice, kind="gap")).conflicts.open)


def test_a_sliver_is_told_as_one_and_unsettled_features_wait() -> None:
    base = plots(a=box(0, 1), b=box(2, 3))
    ours, theirs = plots(a=box(0, 1.5), b=box(2, 3)), plots(a=box(0, 1), b=box(1.499, 3))
    assert merge_layer(PLOTS, base, ours, theirs).conflicts.counts() == {"sliver": 1}
    theirs = plots(a=box(0, 0.9), b=box(1.4, 3))
    merge = merge_layer(PLOTS, base, ours, theirs)
    assert merge.conflicts.counts() == {"geometry": 1}
    late = merge.resolve(Resolution("ours", kind="geometry"))
    assert late.conflicts.open.counts() == {"overlap": 1}
    assert not len(merge.resolve(Resolution("theirs", kind="geometry")).conflicts.open)


# As a value ----------------------------------------------------------------------------------------------------------


def _every_kind() -> LayerMerge:
    ours = changed(changed(changed(BASE, "a", name="X", geometry=square(8)), "n", name="N"), "c", parent="b")
    theirs = changed(changed(BASE, "a", name=None, geometry=square(9)), "n", name="M").drop(index="b")
    ours = changed(ours, "b", name="edited")
    return merge_layer(LAYER, BASE, ours, theirs)


@pytest.mark.parametrize("language", ["vi", "en"])
def test_conflicts_are_told_in_both_languages_and_as_json(language: Any) -> None:
    conflicts = _every_kind().conflicts
    document = orjson.loads(orjson.dumps(conflicts.document(language)))
    assert document["open"] == document["conflicts"] == len(conflicts) == 4
    assert [entry["kind"] for entry in document["kinds"]] == ["attribute", "geometry", "delete_edit", "duplicate_id"]
    first = document["items"][0]
    assert (first["base"], first["ours"], first["theirs"]) == ("A", "X", None)
    assert first["place"]["type"] == "Polygon"
    assert first["resolution"] is None
    messages = conflicts.messages(language)
    if language == "en":
        assert messages[0] == (
            "trials, feature 'a', field name: the same attribute changed to different values: "
            "base 'A', current 'X', incoming —."
        )
        assert messages[1].endswith("base Polygon, current Polygon, incoming Polygon.")
        assert messages[2].endswith("base there, current there, incoming not there.")
    else:
        assert messages[2].endswith("gốc có, hiện tại có, gửi đến không có.")
    table = conflicts.table
    assert table.crs == "EPSG:4326"
    assert table.geometry.notna().tolist() == [True, True, True, False]


def test_a_resolution_names_what_it_can_do() -> None:
    when = dt.datetime(2026, 11, 24, tzinfo=dt.UTC)
    merge = _every_kind().resolve(Resolution("theirs", by="An", why="họp", at=when))
    item = merge.conflicts.document("vi")["items"][0]
    assert item["resolution"] == {
        "choice": "theirs", "value": None, "by": "An", "why": "họp", "at": "2026-11-24T00:00:00+00:00",
    }  # fmt: skip
    for kind, choice in itertools.product(KINDS, ("value", "accept")):
        if choice in allowed_choices(kind):
            assert Resolution(choice, kind=kind).choice == choice
        else:
            with pytest.raises(ValueOutOfRangeError, match="wanted ours, theirs, base"):
                Resolution(choice, kind=kind)  # type: ignore[arg-type]
    with pytest.raises(ValueOutOfRangeError, match="wanted attribute, geometry"):
        Resolution("ours", kind="strange")  # type: ignore[arg-type]
    assert set(KIND_TITLES) == set(KINDS) > set(TOPOLOGY_KINDS)


def test_an_id_twice_on_one_side_is_refused() -> None:
    twice = frame(LAYER, {"a": {}}).iloc[[0, 0]]
    with pytest.raises(FeatureExistsError, match="'a'"):
        merge_layer(LAYER, BASE, twice, BASE)


def test_the_edits_of_a_merge_are_written_as_one_changeset(store: Store) -> None:
    store.add_layer(LAYER)
    store.commit([Put("trials", BASE)], author="a", message="base")
    ours = changed(BASE, "a", name="X")
    store.commit([Put("trials", ours, "replace")], author="a", message="ours")
    theirs = changed(BASE, "a", name="Y", floors=4).drop(index="b")
    merge = merge_layer(LAYER, store.read("trials", as_of=1), store.read("trials"), theirs)
    merge = merge.resolve(Resolution("theirs", by="An", why="đã thống nhất"))
    written = store.commit(merge.edits(), author="An", message=merge.whole.record("Gộp", "vi"))
    assert written.features == 2
    assert "đã thống nhất" in store.changesets()[-1].message
    assert cells(store.read("trials")) == cells(merge.merged) == cells(changed(theirs, "a", name="Y"))
