"""What a change does to a review: findings new, fixed, unchanged; looking only where it can matter misses none."""

from __future__ import annotations

import json
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.review import CHANGES, LayerReader, compare_changes, compare_reviews, review_plan, touched_horizons
from gis.review.checks import CHECKS
from gis.review.comparing import rules_of_layers
from gis.review.rules import read_rules
from layers import hanoi
from layers.catalogue import shipped_definitions
from tests.gis.small_plan import HORIZON, Row, box, covered, layer, park, reader, review, rule

RULES: dict[str, Row] = {
    "SIZE": rule("attribute", {"field": "area_ha"}, ">=", "75", "ha"),
    "WARN": rule("attribute", {"field": "area_ha"}, ">=", "50", "ha", severity="warning"),
    "FLOOD": rule("overlap", {"other": "constraint_areas"}),
    "ZONE": rule("within", {"other": "planning_zones"}),
}
AROUND = box(-9_000, -9_000, 9_000, 9_000)
COVERED = {
    "c": covered("constraint_areas", AROUND),
    "z": covered("planning_zones", AROUND),
}


def changes(comparison: Any, change: str) -> dict[str, str]:
    found = comparison.findings[comparison.findings["change"] == change]
    return dict(zip(found.index, found["outcome"], strict=True))


def test_findings_are_new_fixed_or_unchanged() -> None:
    rules = {name: RULES[name] for name in ("SIZE", "WARN")}
    base = review(rules, parks={"a": park(area_ha=80.0), "b": park(area_ha=60.0), "c": park(), "d": park(area_ha=40.0)})
    after = review(
        rules, parks={"a": park(area_ha=60.0), "b": park(area_ha=90.0), "c": park(), "e": park(area_ha=70.0)}
    )

    compared = compare_reviews(base, after)

    assert changes(compared, "new") == {"SIZE:parks:a": "fail", "SIZE:parks:e": "fail"}
    assert changes(compared, "fixed") == {
        "SIZE:parks:b": "fail",
        "SIZE:parks:d": "fail",
        "WARN:parks:d": "warning",
    }
    assert changes(compared, "unchanged") == {"SIZE:parks:c": "not_checked", "WARN:parks:c": "not_checked"}
    assert compared.findings["change"].tolist() == sorted(compared.findings["change"], key=CHANGES.index)
    a = compared.findings.loc["SIZE:parks:a"]
    assert (a["measured"], a["measured_before"], a["outcome_before"]) == (60.0, 80.0, "pass")
    e = compared.findings.loc["SIZE:parks:e"]
    assert (e["outcome_before"], pd.isna(e["measured_before"])) == ("", True)
    assert compared.summary() == {
        "new": {"fail": 2, "warning": 0, "no_data": 0, "not_checked": 0},
        "fixed": {"fail": 2, "warning": 1, "no_data": 0, "not_checked": 0},
        "unchanged": {"fail": 0, "warning": 0, "no_data": 0, "not_checked": 2},
    }


def test_an_open_question_in_the_place_of_a_failure_is_new_and_not_only_a_fix() -> None:
    rules = {"SIZE": RULES["SIZE"]}
    compared = compare_reviews(review(rules, parks={"a": park(area_ha=60.0)}), review(rules, parks={"a": park()}))

    assert changes(compared, "new") == {"SIZE:parks:a": "not_checked"}
    assert changes(compared, "fixed") == {"SIZE:parks:a": "fail"}


def test_comparing_with_itself_changes_nothing() -> None:
    checked = review(RULES, parks={"a": park(box(0, 0, 900, 900), area_ha=60.0)})
    compared = compare_reviews(checked, checked)

    assert set(compared.findings["change"]) == {"unchanged"}
    assert len(compared.findings) == (checked.findings["outcome"] != "pass").sum()


def test_the_document_is_plain_in_both_languages() -> None:
    rules = {"SIZE": RULES["SIZE"]}
    compared = compare_reviews(
        review(rules, parks={"a": park(area_ha=60.0), "b": park()}), review(rules, parks={"b": park()})
    )
    vi = compared.document("vi")

    assert json.loads(json.dumps(vi, allow_nan=False)) == vi
    assert vi["changes"] == {"new": "mới phát sinh", "fixed": "đã khắc phục", "unchanged": "không đổi"}
    assert [feature["properties"]["change"] for feature in vi["findings"]["features"]] == ["fixed", "unchanged"]
    short = compared.document("en", unchanged=False)
    assert [feature["id"] for feature in short["findings"]["features"]] == ["SIZE:parks:a"]
    assert short["summary"]["unchanged"]["not_checked"] == 1


def test_only_horizons_are_looked_at_at_which_a_changed_feature_exists() -> None:
    touched = {
        "parks": layer("parks", {"a": park(valid_from="2030-12-31", valid_to="2044-01-01")}),
        "roads": layer("roads", {"r": {"geometry": None, "valid_from": "2060-01-01"}}),
    }
    assert touched_horizons(touched) == [2030, 2065]
    assert touched_horizons({"parks": touched["parks"]}, (2044, 2030, 2029)) == [2030]
    assert touched_horizons({"parks": layer("parks", {"a": park()})}, (2025, 2065)) == [2025, 2065]
    assert touched_horizons({}) == []


def test_a_change_that_no_rule_looks_at_has_nothing_to_review() -> None:
    read = reader(RULES, parks={"a": park(area_ha=60.0)})
    touched = {"telecom": layer("telecom", {"t": {"kind": "exchange", "geometry": box(0, 0, 9, 9)}})}

    assert len(compare_changes(read, read, touched, horizons=[HORIZON])[HORIZON].findings) == 0


def _watched(read: LayerReader, seen: set[str]) -> LayerReader:
    def watched(layer: str, /, *, horizon: int) -> gpd.GeoDataFrame:
        seen.add(layer)
        return read(layer, horizon=horizon)

    return watched


@pytest.fixture(scope="module")
def shipped() -> dict[str, gpd.GeoDataFrame]:
    """Give the shipped layers."""
    return hanoi.frames()


def test_no_shipped_rule_looks_at_a_layer_that_it_is_not_known_to_look_at(shipped: dict[str, gpd.GeoDataFrame]) -> None:
    from gis.review import frames_reader  # noqa: PLC0415

    definitions = shipped_definitions()
    rules = read_rules(shipped["rules"], checks=frozenset(CHECKS))
    everywhere = {"parks", "coverage", "facts", "rules", "planning_zones", "constraint_areas"}
    checked = 0
    for one in (one for one in rules if one.check):
        seen: set[str] = set()
        frames = {**shipped, "rules": shipped["rules"].loc[[one.id]]}
        review_plan(_watched(frames_reader(frames, definitions=definitions), seen), horizon=2030)
        for name in seen - everywhere:
            assert rules_of_layers([one], [name]) == [one.id], (one.id, name)
            checked += 1
    assert checked > 20


#: Parks and constraints of the base and of the change; hectares and places decide on every rule.
_places = st.sampled_from([None, box(0, 0, 600, 600), box(500, 0, 1500, 600), box(0, 0, 90, 90)])
_parks = st.dictionaries(
    st.sampled_from("abc"), st.builds(park, _places, area_ha=st.sampled_from([None, 40.0, 60.0, 90.0])), max_size=3
)
_areas = st.dictionaries(
    st.sampled_from("xy"),
    st.fixed_dictionaries({"constraint": st.just("flood_corridor"), "geometry": _places}),
    max_size=2,
)
_zones = st.dictionaries(
    st.sampled_from("pq"), st.fixed_dictionaries({"zone": st.just("industrial"), "geometry": _places}), max_size=2
)


@given(before=st.tuples(_parks, _areas, _zones), after=st.tuples(_parks, _areas, _zones))
@settings(max_examples=15, deadline=None)
def test_looking_only_where_a_change_can_matter_finds_all_that_changes(before: Any, after: Any) -> None:
    names = ("parks", "constraint_areas", "planning_zones")
    readers = [reader(RULES, coverage=COVERED, **dict(zip(names, rows, strict=True))) for rows in (before, after)]
    touched = {}
    for name, old, new in zip(names, before, after, strict=True):
        changed = {id_ for id_ in {*old, *new} if old.get(id_) != new.get(id_)}
        rows = {f"{id_}-{when}": side[id_] for when, side in enumerate((old, new)) for id_ in changed if id_ in side}
        if rows:
            touched[name] = layer(name, rows)

    narrow = compare_changes(readers[0], readers[1], touched, horizons=[HORIZON])
    whole = compare_reviews(*(review_plan(read, horizon=HORIZON) for read in readers))

    kept = whole.findings[whole.findings["change"] != "unchanged"]
    found = narrow[HORIZON].findings if touched else whole.findings.iloc[:0]
    pd.testing.assert_frame_equal(
        pd.DataFrame(found[found["change"] != "unchanged"].drop(columns="geometry")),
        pd.DataFrame(kept.drop(columns="geometry")),
    )
