"""Issues between two features, counted by kinds: nothing is lost in the counts."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from layers.catalogue import shipped_definitions
from layers.examining import validate_file
from layers.summaries import PairCount, count_pairs, pair_messages
from layers.validation import Issue


def issue(first: str, other: str | None, measured: float | None = None, rule: str = "topology-overlap") -> Issue:
    return Issue(rule, "l", 0, first, None, "x", "y", "warning", other=other, measured=measured, unit="m2")


KINDS = {"f": "forest", "l": "lake", "b": "border"}


def test_the_order_of_two_kinds_does_not_matter_and_amounts_are_summed() -> None:
    issues = [
        issue("f", "l", 1.5),
        issue("l", "f", 2.0),
        issue("b", "l", 4.0),
        issue("f", None),
        issue("f", "new", 1.0),
    ]
    pairs = count_pairs(issues, KINDS)
    assert pairs == (
        PairCount("topology-overlap", "warning", ("forest", "lake"), 2, 3.5, "m2"),
        PairCount("topology-overlap", "warning", ("", "forest"), 1, 1.0, "m2"),
        PairCount("topology-overlap", "warning", ("border", "lake"), 1, 4.0, "m2"),
    )
    assert sum(pair.issues for pair in pairs) == sum(one.other is not None for one in issues)
    assert pairs[1].document()["kinds"] == [None, "forest"]


def test_rules_are_told_apart_and_rare_pairs_are_summed_up() -> None:
    issues = [issue("f", "l")] * 3 + [issue(f"k{n}", "l") for n in range(6)] + [issue("f", "l", rule="topology-sliver")]
    kinds = KINDS | {f"k{n}": f"kind {n}" for n in range(6)}
    (said,) = pair_messages(count_pairs(issues, kinds))
    assert said.en.endswith(
        "by kind: forest × lake 3; kind 0 × lake 1; kind 1 × lake 1; kind 2 × lake 1; kind 3 × lake 1; other kinds 2."
    )
    assert "theo loại: forest × lake 3" in said.vi
    assert "loại khác 2" in said.vi


@pytest.mark.parametrize("layer", ["planning_zones", None])
def test_a_receipt_counts_by_the_codes_of_the_layer_or_the_columns_of_the_file(
    tmp_path: Path, layer: str | None
) -> None:
    path = tmp_path / "zones.geojson"
    # Two residential zones side by side, a green one over both.
    shapes = [shapely.box(105.8, 21, 105.81, 21.01), shapely.box(105.81, 21, 105.82, 21.01)]
    shapes.append(shapely.box(105.805, 21, 105.815, 21.01))
    kinds = ["residential", "residential", "green"]
    frame = gpd.GeoDataFrame({"id": ["a", "b", "c"], "zone": kinds}, geometry=shapes, crs="EPSG:4326")
    frame.to_file(path, driver="GeoJSON")
    definition = None if layer is None else shipped_definitions()[layer]
    receipt = validate_file(path, definition=definition)
    overlaps = [pair for pair in receipt.document("en")["pairs"] if pair["rule"] == "topology-overlap"]
    names = ["green", "residential"] if layer else ["zone=green", "zone=residential"]
    assert [(pair["kinds"], pair["issues"]) for pair in overlaps] == [(names, 2)]
    assert overlaps[0]["measured"] == pytest.approx(1_149_600, rel=1e-2)
    assert len([one for one in receipt.document("en")["issues"] if one["rule"] == "topology-overlap"]) == 2
    assert any(f"{names[0]} × {names[1]} 2" in line for line in receipt.messages("en"))
    json.dumps(receipt.document("vi"))
