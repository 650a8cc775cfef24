"""The benchmark of merges counts what is lost, and counts it right."""

from __future__ import annotations

from pathlib import Path

from benchmarks.edits import KINDS, edited, lost
from benchmarks.merging import measure_merging
from layers.merge import merge_layer


def test_what_a_merge_loses_is_counted_against_what_is_known() -> None:
    case = edited(300, share=0.1, conflicts=6)
    assert {kind: len(ids) for kind, ids in case.conflicts.items()} == dict.fromkeys(KINDS, 6)
    merge = merge_layer(case.definition, case.base, case.ours, case.theirs)
    assert merge.conflicts.counts() == dict.fromkeys(KINDS, 6)
    rows = merge.conflicts.rows
    told = set(zip(rows["feature_id"], rows["field"], strict=True))
    assert lost(case, merge.merged.reset_index(), told) == (0, 0)
    # Theirs alone: all that ours did is lost, and nobody says so. Ten names, ten places and ten deletions; six names
    # and six places changed twice; three edits and three deletions against theirs; six new ones and six references.
    assert lost(case, case.theirs.reset_index(), set()) == (30 + 6 + 6 + 3 + 3 + 6 + 6, 30)


def test_parkplan_loses_nothing_where_geodiff_does(tmp_path: Path) -> None:
    diff, merge = measure_merging(tmp_path, count=600, rounds=1)
    assert (diff.id, merge.id) == ("layer_diff", "layer_merge")
    assert merge.ours.tool == "Parkplan: 0 edits lost without a word, 0 contradictions not told"
    geodiff = merge.rivals[-1].tool
    assert geodiff.startswith("geodiff ")
    assert ": 6 edits lost without a word, 30 contradictions not told" in geodiff
