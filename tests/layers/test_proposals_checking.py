"""Checks of a proposal: what it makes worse, mends and leaves of what it touches, and nothing else; on both engines."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from layers.definitions import parse_definition
from layers.merge import Resolution
from layers.proposals import (
    approve_proposal,
    check_changes,
    create_proposal,
    edit_proposal,
    keep_checks,
    kept_checks,
    merge_proposal,
    move_proposal,
    proposal_diff,
    resolve_conflicts,
    touched_features,
)
from layers.store import Put, Remove, Store

LOTS = """
id = "lots"
theme = "parks"
geometry = ["Polygon"]
title = {vi = "Lô", en = "Lots"}
fields = [{name = "use", type = "text", title = {vi = "Sử dụng", en = "Use"}}]
topology = {overlaps = "warning", gaps = "warning", duplicates = "warning"}
"""
WELLS = """
id = "wells"
theme = "reference"
geometry = ["Point"]
title = {vi = "Giếng", en = "Wells"}
fields = [{name = "lot", type = "text", title = {vi = "Lô", en = "Lot"}, references = "lots"}]
"""
#: A lot is about a hundred metres wide.
STEP = 0.001


def lot(column: int, row: int = 0, *, wide: float = 1.0) -> Any:
    west, south = 105.8 + column * STEP, 21.0 + row * STEP
    return shapely.box(west, south, west + wide * STEP, south + STEP)


def frame(rows: dict[str, Any], **columns: list[Any]) -> gpd.GeoDataFrame:
    shapes = np.array(list(rows.values()), dtype=object)
    return gpd.GeoDataFrame(pd.DataFrame(columns, index=list(rows)), geometry=shapes, crs="EPSG:4326")


@pytest.fixture
def plan(store: Store) -> Store:
    """Give a row of lots with an old overlap at its far end, and a well on the second."""
    for text in (LOTS, WELLS):
        store.add_layer(parse_definition(text, where="test.toml"))
    row = {name: lot(column) for column, name in enumerate("abcde")}
    old = {"x": lot(20), "y": lot(20, wide=1.5)}
    well = frame({"w": shapely.Point(105.8015, 21.0005)}, lot=["b"])
    store.commit([Put("lots", frame({**row, **old})), Put("wells", well)], author="An", message="first")
    return store


def changes(plan: Store, proposal: str = "1") -> dict[str, set[tuple[str, frozenset[str]]]]:
    found: dict[str, set[tuple[str, frozenset[str]]]] = {"new": set(), "fixed": set(), "unchanged": set()}
    for one in check_changes(plan, proposal).issues:
        names = frozenset(name for name in (one.issue.feature_id, one.issue.other) if name)
        found[one.change].add((one.issue.rule, names))
    return found


def offer(plan: Store, *edits: Any) -> str:
    made = create_proposal(plan, "Lô", author="Viện").id
    edit_proposal(plan, made, edits, author="Viện")
    return made


def test_a_new_overlap_is_new_and_an_old_one_elsewhere_is_no_concern(plan: Store) -> None:
    offer(plan, Put("lots", frame({"b": lot(1, wide=1.4)})))
    found = changes(plan)
    assert ("topology-overlap", frozenset("bc")) in found["new"]
    assert not any("x" in names for group in found.values() for _, names in group)


def test_what_is_mended_is_fixed_and_what_stays_is_unchanged(plan: Store) -> None:
    offer(plan, Put("lots", frame({"y": lot(21, wide=1.5)})))
    assert ("topology-overlap", frozenset("xy")) in changes(plan)["fixed"]
    edit_proposal(plan, "1", [Put("lots", frame({"y": lot(20, wide=1.4)}))], author="Viện")
    assert ("topology-overlap", frozenset("xy")) in changes(plan)["unchanged"]


def test_taking_a_feature_away_leaves_its_references_behind(plan: Store) -> None:
    offer(plan, Remove("lots", ["b"]))
    (lost,) = (one for one in check_changes(plan, "1").issues if one.issue.rule == "field-reference")
    assert (lost.change, lost.issue.layer, lost.issue.feature_id, lost.issue.field) == ("new", "wells", "w", "lot")
    assert lost.issue.place is not None
    edit_proposal(plan, "1", [Remove("wells", ["w"])], author="Viện")
    assert not any(one.issue.rule == "field-reference" for one in check_changes(plan, "1").issues)


def test_a_proposal_is_checked_against_the_plan_as_it_is_now(plan: Store) -> None:
    offer(plan, Put("lots", frame({"b": lot(1, wide=1.4)})))
    plan.commit([Remove("lots", ["c"])], author="An", message="second")
    assert ("topology-overlap", frozenset("bc")) not in changes(plan)["new"]
    touched = touched_features(plan, "1")["lots"]
    assert touched.index.tolist() == ["b", "b"]
    assert touched.geometry.iloc[1].equals(lot(1, wide=1.4))


def test_two_sides_that_come_to_overlap_are_a_conflict(plan: Store) -> None:
    made = offer(plan, Put("lots", frame({"n": lot(7)})))
    plan.commit([Put("lots", frame({"m": lot(7, wide=0.5)}))], author="An", message="second")
    for state in ("submitted", "under_review"):
        move_proposal(plan, made, state, author="Sở")
    conflicts = merge_proposal(plan, made).merge.conflicts
    assert set(conflicts.counts()) & {"overlap", "duplicate", "sliver"}
    resolve_conflicts(plan, made, [Resolution("accept", why="đúng vậy")], author="Sở")
    approve_proposal(plan, made, author="Sở")
    assert {"n", "m"} <= set(plan.read("lots").index)


def test_a_reference_to_what_others_removed_is_a_conflict(plan: Store) -> None:
    made = offer(plan, Put("wells", frame({"v": shapely.Point(105.8025, 21.0005)}, lot=["c"])))
    plan.commit([Remove("lots", ["c"])], author="An", message="second")
    assert merge_proposal(plan, made).merge.conflicts.counts() == {"reference": 1}


def test_a_diff_tells_how_shapes_changed(plan: Store) -> None:
    offer(plan, Put("lots", frame({"b": lot(1, wide=1.5)})), Remove("lots", ["e"]))
    diff = proposal_diff(plan, "1").layers["lots"]
    assert diff.counts == {"insert": 0, "update": 1, "delete": 1}
    measures = diff.measures.loc["b"]
    assert measures["gained_m2"] == pytest.approx(measures["area_before_m2"] / 2, rel=1e-4)
    assert measures["displacement_m"] == pytest.approx(52.0, abs=1.0)


def test_checks_are_kept_for_a_version_and_a_changeset(plan: Store) -> None:
    made = offer(plan, Remove("lots", ["a"]))
    key: dict[str, Any] = {"name": "vi"}
    assert kept_checks(plan, made, version=1, changeset=1, **key) is None
    for count in (1, 2):
        keep_checks(plan, made, version=1, changeset=1, document={"mới": count}, **key)
    assert kept_checks(plan, made, version=1, changeset=1, **key) == {"mới": 2}
    assert kept_checks(plan, made, version=1, changeset=2, **key) is None
    keep_checks(plan, made, version=2, changeset=1, document={}, **key)
    assert kept_checks(plan, made, version=1, changeset=1, **key) is None
