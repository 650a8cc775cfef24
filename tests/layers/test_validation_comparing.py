"""Two lists of issues: what a change makes, mends and leaves."""

from __future__ import annotations

import json
from dataclasses import replace

import shapely
from hypothesis import given
from hypothesis import strategies as st

from layers.types import Text
from layers.validation import Issue
from layers.validation.comparing import CHANGES, compare_issues
from layers.validation.model import Repair


def issue(rule: str = "topology-overlap", feature_id: str = "a", **values: object) -> Issue:
    return replace(Issue(rule, "plots", 3, feature_id, None, "x", "y"), **values)  # type: ignore[arg-type]


def test_issues_are_new_fixed_or_unchanged_whatever_their_row() -> None:
    place = shapely.box(105, 21, 105.1, 21.1)
    gone = issue(other="b", measured=4.0, unit="m2")
    stays = issue("field-reference", "c", field="park_id", severity="warning")
    comes = issue(feature_id="z", other="y", measured=9.0, unit="m2", place=place)
    compared = compare_issues([gone, replace(stays, row=1)], [replace(stays, row=7), comes])
    assert [(one.change, one.issue.feature_id, one.issue.row) for one in compared.issues] == [
        ("new", "z", None),
        ("fixed", "a", None),
        ("unchanged", "c", None),
    ]
    assert compared.summary() == {
        "new": {"error": 1, "warning": 0},
        "fixed": {"error": 1, "warning": 0},
        "unchanged": {"error": 0, "warning": 1},
    }
    document = compared.document("vi")
    assert json.loads(json.dumps(document)) == document
    assert document["issues"][0]["coordinate"] == [105.05, 21.05]
    assert (document["issues"][1]["change_title"], document["issues"][1]["measured_before"]) == ("đã khắc phục", 4.0)


def test_two_features_at_odds_are_one_issue_whichever_is_named_first() -> None:
    (one,) = compare_issues([issue(other="b", measured=4.0)], [issue(feature_id="b", other="a", measured=6.0)]).issues
    assert (one.change, one.issue.measured, one.measured_before) == ("unchanged", 6.0, 4.0)


def test_of_several_alike_the_greatest_are_the_same() -> None:
    gaps = [issue("topology-gap", measured=size) for size in (1.0, 5.0, 3.0)]
    compared = compare_issues(gaps[:2], gaps)
    assert [(one.change, one.issue.measured) for one in compared.issues] == [
        ("new", 1.0),
        ("unchanged", 5.0),
        ("unchanged", 3.0),
    ]


def test_what_was_put_right_does_not_count() -> None:
    mended = issue(repair=Repair(Text(vi="sửa", en="mended")))
    assert compare_issues([mended], [mended]).issues == ()


_issues = st.lists(
    st.builds(
        issue,
        st.sampled_from(["topology-overlap", "topology-gap"]),
        st.sampled_from("abc"),
        other=st.sampled_from("ab"),
    ),
    max_size=6,
)


@given(before=_issues, after=_issues)
def test_nothing_is_lost_and_the_way_back_is_the_mirror(before: list[Issue], after: list[Issue]) -> None:
    there, back = compare_issues(before, after).summary(), compare_issues(after, before).summary()
    assert there["new"]["error"] + there["unchanged"]["error"] == len(after)
    assert there["fixed"]["error"] + there["unchanged"]["error"] == len(before)
    assert (there["new"], there["fixed"]) == (back["fixed"], back["new"])
    assert list(there) == list(CHANGES)
