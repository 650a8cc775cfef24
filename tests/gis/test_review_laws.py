"""Laws of the review: what no plan, however odd, may break."""

from __future__ import annotations

import json
import math
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.review import OUTCOMES, REASONS, Review, frames_reader, review_horizons, review_plan, zone_change
from layers.catalogue import shipped_definitions
from tests.gis.small_plan import box, covered, layer, one, park, reader, review, rule

RULES = {
    "FLOOD": rule(
        "overlap", {"other": "constraint_areas", "other_where": {"constraint": "flood_corridor"}}, "<=", "1", "ha"
    ),
    "ZONE": rule("within", {"other": "planning_zones", "other_where": {"zone": "industrial"}}, ">=", "90", "%"),
    "APART": rule("separation", {"other": "planning_zones", "other_where": {"zone": "residential"}}, ">=", "150", "m"),
    "NEAR": rule("reach", {"other": "planning_zones", "other_where": {"zone": "green"}}, "<=", "150", "m"),
    "ROADS": rule("share", {"other": "plots", "field": "land_use", "codes": ["GT"]}, ">=", "10", "%"),
    "SIZE": rule("attribute", {"field": "area_ha"}, "<=", "50", "ha"),
    "HAS": rule("presence", {"other": "planning_zones"}, ">=", "1", "zones"),
    "AREA": rule("area_match", {}, "<=", "5", "%"),
    "DUTY": rule("trigger", {"field": "area_ha"}, ">", "30", "ha"),
    "LOW": rule("attribute", {"field": "area_ha"}, "<=", "50", "ha", confidence="low"),
}
places = st.one_of(
    st.none(),
    st.builds(lambda x, y, w: box(x, y, x + w, y + w), st.integers(0, 2000), st.integers(0, 500), st.integers(1, 800)),
    st.builds(shapely.Point, st.integers(0, 2000), st.integers(0, 500)),
)
positions = st.sampled_from([None, "surveyed", "published", "schematic", "label"])
areas = st.sampled_from([None, 0.0, 10.0, 40.0, 60.0])


def rows(draw: st.DrawFn, count: int, make: Any) -> dict[str, dict[str, Any]]:
    return {f"f{number}": make() for number in range(draw(st.integers(0, count)))}


@st.composite
def plans(draw: st.DrawFn) -> dict[str, dict[str, dict[str, Any]]]:
    def drawn(**values: Any) -> dict[str, Any]:
        return {"geometry": draw(places), "position": draw(positions), **values}

    return {
        "parks": rows(draw, 4, lambda: park(**drawn(area_ha=draw(areas)))),
        "planning_zones": rows(
            draw, 4, lambda: drawn(zone=draw(st.sampled_from(["industrial", "residential", "green", None])))
        ),
        "constraint_areas": rows(
            draw, 3, lambda: drawn(constraint=draw(st.sampled_from(["flood_corridor", "heritage", None])))
        ),
        "plots": rows(
            draw,
            4,
            lambda: drawn(land_use=draw(st.sampled_from(["GT", "CN", None])), area_ha=draw(areas), park_id=draw(
                st.sampled_from([None, "f0", "f1"])
            )),
        ),
        "coverage": rows(
            draw,
            3,
            lambda: covered(
                draw(st.sampled_from(["planning_zones", "constraint_areas", "plots"])),
                draw(places),
                completeness=draw(st.sampled_from(["complete", "partial"])),
            ),
        ),
    }  # fmt: skip


def shape_of(checked: Review) -> pd.DataFrame:
    return pd.DataFrame(checked.findings[["outcome", "reason", "measured", "message_vi", "other_id"]])


@given(plans())
@settings(max_examples=25, deadline=None)
def test_every_finding_speaks_in_full(plan: dict[str, dict[str, dict[str, Any]]]) -> None:
    checked = review(RULES, **plan)
    findings = checked.findings

    assert findings.index.is_unique
    assert set(findings["outcome"]) <= set(OUTCOMES)
    assert set(findings["reason"]) <= set(REASONS)
    assert set(findings["rule_id"]) == set(RULES)
    quiet = findings["outcome"].isin(["pass", "fail"])
    assert (findings.loc[quiet, "reason"] == "").all()
    assert (findings.loc[~quiet, "reason"] != "").all()
    for language in ("vi", "en"):
        messages = findings[f"message_{language}"]
        assert messages.str.endswith(".").all()
        assert not messages.str.contains(r"nan|None|  |\{|: \.|\binf\b", regex=True).any()
    # A sketch, a label and low confidence never speak as plain pass or fail of a place.
    sketches = [id_ for id_, row in plan["parks"].items() if row["position"] in ("schematic", "label")]
    spatial = findings[findings["rule_id"].isin(["FLOOD", "ZONE", "APART", "NEAR", "AREA"])]
    assert not spatial[spatial["feature_id"].isin(sketches)]["outcome"].isin(["pass", "fail"]).any()
    json.dumps(checked.document("vi"), allow_nan=False)


@given(plans())
@settings(max_examples=15, deadline=None)
def test_the_order_of_rows_does_not_matter(plan: dict[str, dict[str, dict[str, Any]]]) -> None:
    turned = {name: dict(reversed(list(features.items()))) for name, features in plan.items()}

    there, back = review(RULES, **plan), review(dict(reversed(list(RULES.items()))), **turned)

    pd.testing.assert_frame_equal(shape_of(there), shape_of(back))
    pd.testing.assert_frame_equal(there.ledger, back.ledger)


@given(plans())
@settings(max_examples=15, deadline=None)
def test_without_coverage_nothing_is_clear(plan: dict[str, dict[str, dict[str, Any]]]) -> None:
    """Absence is only ever told by coverage: without it no distance is kept, and no overlap is free."""
    checked = review(RULES, **{**plan, "coverage": {}})

    for name in ("FLOOD", "APART"):
        assert "pass" not in set(checked.findings.loc[checked.findings["rule_id"] == name, "outcome"])
    assert (checked.ledger["clear_ha"].fillna(0) == 0).all()


@given(plans(), st.sampled_from(["FLOOD", "SIZE", "ZONE", "ROADS", "APART", "NEAR", "AREA"]), st.floats(0.1, 10))
@settings(max_examples=30, deadline=None)
def test_a_stricter_limit_never_turns_a_fail_to_a_pass(
    plan: dict[str, dict[str, dict[str, Any]]], name: str, factor: float
) -> None:
    easy = RULES[name]
    stricter = max(factor, 1 / factor) if easy["comparator"] == ">=" else min(factor, 1 / factor)
    hard = {**easy, "threshold": f"{float(easy['threshold']) * stricter:.6f}"}

    before, after = review({"R": easy}, **plan).findings, review({"R": hard}, **plan).findings

    failed = before.index[before["outcome"].isin(["fail", "warning"])]
    assert not (after.loc[failed, "outcome"] == "pass").any()
    passed = after.index[after["outcome"] == "pass"]
    assert not before.loc[passed, "outcome"].isin(["fail", "warning"]).any()


@given(plans())
@settings(max_examples=15, deadline=None)
def test_the_ledger_of_a_review_closes(plan: dict[str, dict[str, dict[str, Any]]]) -> None:
    ledger = review(RULES, **plan).ledger
    drawn = ledger[ledger["basis"] != "none"]
    parts = drawn[["hit_ha", "clear_ha", "stale_ha", "not_covered_ha"]]

    assert ((parts.sum(axis=1) - drawn["area_ha"]).abs() < 1e-4).all()
    assert ledger[ledger["basis"] == "none"]["area_ha"].isna().all()
    assert set(ledger["park_id"]) == set(plan["parks"])


def test_counts_are_the_same_wherever_they_are_told() -> None:
    plan = {"a": park(box(0, 0, 900, 900), area_ha=81.0), "b": park(area_ha=20.0), "c": park()}
    checked = review(RULES, parks=plan)
    document = checked.document("en")

    assert sum(checked.summary().values()) == len(checked.findings)
    for outcome, count in checked.summary().items():
        assert checked.rules[outcome].sum() == count
        assert document["summary"][outcome] == count
        shown = [f for f in document["findings"]["features"] if f["properties"]["outcome"] == outcome]
        assert len(shown) == count
        of_parks = checked.findings[(checked.findings["park_id"] != "") & (checked.findings["outcome"] == outcome)]
        assert checked.parks[outcome].sum() == len(of_parks)
        assert sum(row[outcome] for row in document["parks"]) == len(of_parks)
    assert checked.parks["worst"].to_dict() == {"a": "fail", "b": "no_data", "c": "no_data"}
    assert checked.rules["status"].to_dict()["LOW"] == "not_checked"
    assert checked.rules["status"].to_dict()["SIZE"] == "decided"
    assert checked.rules["status"].to_dict()["ROADS"] == "no_data"


def test_a_document_is_plain_in_both_languages() -> None:
    parks = {"a": park(box(0, 0, 900, 900), area_ha=81.0), "b": park()}
    checked = review(RULES, parks=parks)
    vi, en = checked.document("vi"), checked.document("en")

    assert json.loads(json.dumps(vi, allow_nan=False)) == vi
    assert list(vi) == [
        "type",
        "horizon",
        "language",
        "summary",
        "outcomes",
        "reasons",
        "parks",
        "rules",
        "ledger",
        "findings",
    ]
    assert [row["name"] for row in vi["parks"]] == ["KCN Thử", "KCN Thử"]
    assert [row["name"] for row in en["parks"]] == ["Test Park", "Test Park"]
    assert vi["outcomes"]["not_checked"] == "chưa kiểm tra"
    assert en["reasons"]["not_covered"] == "not covered by data"
    size = {feature["id"]: feature for feature in vi["findings"]["features"]}["SIZE:parks:a"]
    assert size["properties"]["message"] == one(checked, "SIZE:parks:a")["message_vi"]
    assert size["properties"]["measured"] == 81.0
    ring = size["geometry"]["coordinates"][0]
    assert all(round(number, 7) == number for point in ring for number in point)
    lone = {feature["id"]: feature for feature in vi["findings"]["features"]}["SIZE:parks:b"]
    assert lone["geometry"] is None
    assert lone["properties"]["measured"] is None
    row = next(row for row in en["ledger"] if row["park_id"] == "a")
    assert row["area_ha"] == 81.0
    assert row["declared_ha"] == 81.0
    assert not any(isinstance(value, float) and math.isnan(value) for row in en["ledger"] for value in row.values())


def test_horizons_regard_what_exists_then() -> None:
    read = reader(
        {"SIZE": RULES["SIZE"], "ZONE": RULES["ZONE"]},
        parks={
            "old": park(box(0, 0, 900, 900), area_ha=40.0, valid_to="2029-12-31"),
            "new": park(area_ha=60.0, valid_from="2030-12-31"),
            "always": park(area_ha=10.0),
        },
        planning_zones={"z": {"zone": "industrial", "geometry": box(-9, -9, 909, 909), "valid_from": "2026-01-01"}},
    )

    reviews = review_horizons(read, (2025, 2030))

    assert list(reviews) == [2025, 2030]
    assert reviews[2025].parks.index.tolist() == ["always", "old"]
    assert reviews[2030].parks.index.tolist() == ["always", "new"]
    assert reviews[2025].findings.loc["ZONE:parks:old", "outcome"] == "no_data"
    assert review_plan(read, horizon=2028).findings.loc["ZONE:parks:old", "outcome"] == "pass"
    assert reviews[2030].horizon == 2030


def test_zones_inside_parks_between_horizons() -> None:
    read = reader(
        parks={"a": park(box(0, 0, 1000, 1000)), "point": park(shapely.Point(0, 0))},
        planning_zones={
            "old": {"zone": "agriculture", "geometry": box(0, 0, 600, 1000), "valid_to": "2029-12-31"},
            "new": {"zone": "industrial", "geometry": box(0, 0, 800, 1000), "valid_from": "2030-01-01"},
        },
    )

    change = zone_change(read, before=2025, after=2030)

    assert change["park_id"].tolist() == ["a", "a"]
    hectares = dict(zip(change["change"], change["area_ha"].round(3), strict=True))
    assert hectares == {"added": 20.0, "rezoned": 60.0}


def test_the_plan_read_is_left_as_it_was() -> None:
    frames = {"parks": layer("parks", {"b": park(box(0, 0, 9, 9)), "a": park()}), "rules": layer("rules", RULES)}
    before = {name: frame.copy() for name, frame in frames.items()}

    review_plan(frames_reader(frames, definitions=shipped_definitions()), horizon=2030)

    for name, frame in frames.items():
        pd.testing.assert_frame_equal(pd.DataFrame(frame), pd.DataFrame(before[name]))


def test_an_empty_plan_is_an_empty_review() -> None:
    checked = review()

    assert checked.summary() == dict.fromkeys(OUTCOMES, 0)
    assert checked.findings.empty
    assert isinstance(checked.findings, gpd.GeoDataFrame)
    assert checked.findings.crs == "EPSG:4326"
    assert checked.document("vi")["findings"] == {"type": "FeatureCollection", "features": []}


def test_only_known_words_reach_the_findings_of_a_user_layer() -> None:
    """A layer without a definition is told by its id, its fields by their names."""
    frames = {
        "parks": layer("parks", {"a": park(box(0, 0, 9, 9))}),
        "rules": layer("rules", {"R": rule("overlap", {"other": "caves"}, "<=", "0", "ha")}),
        "caves": layer("rivers", {"c": {"name": "Hang", "geometry": None}}),
    }
    checked = review_plan(frames_reader(frames, definitions=shipped_definitions()), horizon=2030)

    assert "the layer “caves” does not cover the place" in one(checked, "R:parks:a")["message_en"]


@pytest.mark.parametrize("crs", ["EPSG:5897", "EPSG:32648"])
def test_the_metric_crs_is_a_choice(crs: str) -> None:
    read = reader({"AREA": RULES["AREA"]}, parks={"a": park(box(0, 0, 1000, 1000), area_ha=100.0)})
    checked = review_plan(read, horizon=2030, metric_crs=crs)

    # UTM zone 48N shrinks by 0.04 % at its central meridian, TM-3 by 0.01 %.
    expected = {"EPSG:5897": 0.0, "EPSG:32648": 0.06}[crs]
    assert one(checked, "AREA:parks:a")["measured"] == pytest.approx(expected, abs=0.005)
