"""A proposal goes onto a newer state: what it changes stays, what others changed stays, contradictions are shown."""

from __future__ import annotations

import pytest

from layers.errors import MergeConflictsError, ProposalLockedError
from layers.merge import Resolution
from layers.proposals import (
    approve_proposal,
    create_proposal,
    edit_proposal,
    get_proposal,
    list_events,
    merge_proposal,
    move_proposal,
    proposal_diff,
    rebase_proposal,
)
from layers.store import Put, Remove, Store
from tests.layers.test_packages import fill


@pytest.fixture
def plan(store: Store) -> Store:
    """Give a plan with a draft on its first state that renames 001, removes 002 and raises 003."""
    fill(store)
    plots = store.read("plots", ids=["001", "003"])
    plots.loc["001", "name"] = "Lô mới"
    plots.loc["003", "floors"] = 9
    create_proposal(store, "Sửa lô", author="An")
    edit_proposal(store, "1", [Put("plots", plots), Remove("plots", ["002"])], author="An")
    return store


def change(store: Store, id_: str, **values: object) -> None:
    store.commit([Put("plots", store.read("plots", ids=[id_]).assign(**values))], author="Sở", message="Sửa")


def test_what_others_changed_meanwhile_becomes_its_base(plan: Store) -> None:
    change(plan, "001", floors=5)
    merged = rebase_proposal(plan, "1", author="Bình", message="Theo trạng thái mới")
    assert (merged.proposal.base, merged.proposal.version, merged.proposal.author) == (2, 2, "An")
    diff = proposal_diff(plan, "1").layers["plots"]
    assert (diff.before.loc["001", "floors"], diff.after.loc["001", "floors"]) == (5, 5)
    assert (diff.after.loc["001", "name"], diff.after.loc["003", "floors"]) == ("Lô mới", 9)
    assert list(diff.before.index.difference(diff.after.index)) == ["002"]
    event = list_events(plan, "1")[-1]
    assert (event.who, event.message, event.detail["rebased"]) == (
        "Bình",
        "Theo trạng thái mới",
        {"from": 1, "onto": 2},
    )
    again = rebase_proposal(plan, "1", author="Bình")
    assert (again.proposal.base, again.proposal.version) == (2, 2), "there is nothing to move"


def test_what_the_plan_has_by_now_is_no_change_any_more(plan: Store) -> None:
    change(plan, "001", name="Lô mới")
    plan.commit([Remove("plots", ["002"])], author="Sở", message="Bỏ")
    rebase_proposal(plan, "1", author="An")
    diff = proposal_diff(plan, "1").layers["plots"]
    assert (diff.before.index.tolist(), diff.after.index.tolist()) == (["003"], ["003"])


def test_an_open_conflict_stops_it_and_a_resolution_stays(plan: Store) -> None:
    change(plan, "001", name="Tên khác")
    stopped = rebase_proposal(plan, "1", author="An")
    assert stopped.merge.conflicts.counts() == {"attribute": 1}
    assert (get_proposal(plan, "1").base, get_proposal(plan, "1").version) == (1, 1)
    with pytest.raises(MergeConflictsError):
        stopped.merge.edits()
    moved = rebase_proposal(plan, "1", author="Bình", rules=[Resolution("theirs", kind="attribute", why="biên bản")])
    assert (moved.proposal.base, moved.proposal.version) == (2, 2)
    assert [event.kind for event in list_events(plan, "1")][-2:] == ["resolved", "changed"]
    assert proposal_diff(plan, "1").layers["plots"].after.loc["001", "name"] == "Lô mới"
    change(plan, "004", floors=2)
    assert len(merge_proposal(plan, "1").merge.conflicts) == 0, "nothing is asked twice"
    for state in ("submitted", "under_review"):
        move_proposal(plan, "1", state, author="An")
    approve_proposal(plan, "1", author="Sở")
    plots = plan.read("plots")
    assert (plots.loc["001", "name"], plots.loc["004", "floors"], "002" in plots.index) == ("Lô mới", 2, False)


def test_a_change_that_was_given_up_for_ours_leaves_the_proposal(plan: Store) -> None:
    plan.commit([Remove("plots", ["001"])], author="Sở", message="Bỏ")
    rebase_proposal(plan, "1", author="An", rules=[Resolution("ours", feature_id="001")])
    diff = proposal_diff(plan, "1").layers["plots"]
    assert "001" not in diff.after.index
    assert "001" not in diff.before.index


def test_a_feature_that_others_removed_is_made_anew_where_so_resolved(plan: Store) -> None:
    plan.commit([Remove("plots", ["001"])], author="Sở", message="Bỏ")
    rebase_proposal(plan, "1", author="An", rules=[Resolution("theirs", feature_id="001")])
    diff = proposal_diff(plan, "1").layers["plots"]
    assert "001" not in diff.before.index
    assert diff.after.loc["001", "name"] == "Lô mới"
    assert plan.read("plots", proposal="1").loc["001", "name"] == "Lô mới"


def test_what_is_under_review_stays_where_it_is(plan: Store) -> None:
    move_proposal(plan, "1", "submitted", author="An")
    change(plan, "001", floors=5)
    with pytest.raises(ProposalLockedError, match="submitted"):
        rebase_proposal(plan, "1", author="An")
