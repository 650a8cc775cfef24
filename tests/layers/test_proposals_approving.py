"""Approving, on both engines: one changeset with the change of state or nothing, and no update is ever lost."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Any

import pandas as pd
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from layers.errors import MergeConflictsError, ParkplanError, ProposalLockedError, TransitionError
from layers.merge import Resolution
from layers.proposals import (
    Document,
    ProposalState,
    ProposalStore,
    Withdraw,
    approve_proposal,
    create_proposal,
    edit_proposal,
    get_proposal,
    list_events,
    merge_proposal,
    move_proposal,
    proposal_changes,
    resolve_conflicts,
)
from layers.store import Decision, Put, Remove, Store
from tests.layers.test_proposals import A, B, C, definition, sites


@pytest.fixture
def plan(store: Store) -> Store:
    """Give a store with three sites."""
    store.add_layer(definition())
    store.commit([Put("sites", sites(a=A, b=B, c=C))], author="An", message="first")
    return store


def offer(plan: Store, *edits: Any, title: str = "Đề xuất") -> str:
    """Make a proposal that is under review."""
    made = create_proposal(plan, title, author="Viện").id
    edit_proposal(plan, made, edits, author="Viện")
    states: tuple[ProposalState, ...] = ("submitted", "under_review")
    for state in states:
        move_proposal(plan, made, state, author="Sở")
    return made


def put(plan: Store, **rows: dict[str, Any]) -> None:
    plan.commit([Put("sites", sites(**rows))], author="Bình", message="meanwhile")


def test_approving_writes_one_changeset_with_the_change_of_state(plan: Store) -> None:
    made = offer(plan, Put("sites", sites(a={**A, "floors": 9}, d={"name": "D"})), Remove("sites", ["c"]))
    decision, file = Decision("7/QĐ-UBND", dt.date(2026, 11, 24)), Document("qđ.pdf", "application/pdf", b"%PDF")

    approved = approve_proposal(plan, made, author="Sở", message="đồng ý", decision=decision, document=file)

    assert (approved.state, approved.changeset, approved.open, approved.editable) == ("approved", 2, False, False)
    changeset = plan.changesets()[-1]
    assert (changeset.id, changeset.author, changeset.message) == (2, "Sở", "đồng ý")
    assert (changeset.decision, changeset.features) == (decision, 3)
    assert plan.read("sites")["floors"].dropna().to_dict() == {"a": 9}
    assert plan.read("sites").index.tolist() == ["a", "b", "d"]
    last = list_events(plan, made)[-1]
    assert (last.state, last.who, last.decision, last.attached) == ("approved", "Sở", decision, "qđ.pdf")
    assert last.detail == {"features": 3, "conflicts": {}}
    with pytest.raises(TransitionError, match="it is final"):
        approve_proposal(plan, made, author="Sở")


def test_only_what_is_under_review_is_approved(plan: Store) -> None:
    made = create_proposal(plan, "A", author="Viện").id
    edit_proposal(plan, made, [Remove("sites", ["a"])], author="Viện")
    with pytest.raises(TransitionError, match="is draft and cannot become approved"):
        approve_proposal(plan, made, author="Sở")
    assert plan.latest() == 1


def test_what_others_changed_meanwhile_stays(plan: Store) -> None:
    made = offer(plan, Put("sites", sites(a={**A, "floors": 9})), title="Nâng tầng")
    put(plan, a={**A, "name": "AA"}, d={"name": "D"})
    through = plan.read("sites", proposal=made)
    assert through.loc["a", ["name", "floors"]].tolist() == ["AA", 9]

    approve_proposal(plan, made, author="Sở")

    assert plan.read("sites").loc["a", ["name", "floors", "area_ha"]].tolist() == ["AA", 9, 170.5]
    assert plan.changesets()[-1].message == "Nâng tầng"


def test_a_conflict_stops_the_approval_until_it_is_resolved(plan: Store) -> None:
    made = offer(plan, Put("sites", sites(a={**A, "floors": 9, "name": "AA"})), Remove("sites", ["b"]))
    put(plan, a={**A, "floors": 5}, b={**B, "name": "BB"})
    conflicts = merge_proposal(plan, made).merge.conflicts
    assert conflicts.counts() == {"attribute": 1, "delete_edit": 1}
    with pytest.raises(MergeConflictsError):
        approve_proposal(plan, made, author="Sở")
    assert (plan.latest(), get_proposal(plan, made).state) == (2, "under_review")

    left = resolve_conflicts(plan, made, [Resolution("theirs", feature_id="a")], author="Sở", message="mới hơn")
    assert left.merge.conflicts.open.counts() == {"delete_edit": 1}
    left = resolve_conflicts(plan, made, [Resolution("ours", kind="delete_edit", why="còn dùng")], author="Lan")
    assert len(left.merge.conflicts.open) == 0

    approve_proposal(plan, made, author="Sở", language="en")

    found = plan.read("sites")
    assert found.loc["a", ["name", "floors"]].tolist() == ["AA", 9]
    assert found.loc["b", "name"] == "BB"
    message = plan.changesets()[-1].message
    assert "(Sở): mới hơn" in message
    assert "(Lan): còn dùng" in message
    noted = [event for event in list_events(plan, made) if event.kind == "resolved"]
    assert [len(event.detail["resolutions"]) for event in noted] == [1, 2]
    assert noted[-1].detail["resolutions"][0]["by"] == "Sở"
    assert list_events(plan, made)[-1].detail["conflicts"] == {"attribute": 1, "delete_edit": 1}
    with pytest.raises(ProposalLockedError, match="is approved"):
        resolve_conflicts(plan, made, [Resolution("ours")], author="Sở")


def test_a_resolution_does_not_hold_for_what_changed_after_it(plan: Store) -> None:
    made = offer(plan, Put("sites", sites(a={**A, "floors": 9})))
    put(plan, a={**A, "floors": 5})
    resolve_conflicts(plan, made, [Resolution("theirs")], author="Sở")
    put(plan, a={**A, "floors": 6})
    with pytest.raises(MergeConflictsError):
        approve_proposal(plan, made, author="Sở")
    resolve_conflicts(plan, made, [Resolution("theirs")], author="Sở")
    put(plan, b={**B, "name": "BB"})
    approve_proposal(plan, made, author="Sở")
    assert plan.read("sites").loc["a", "floors"] == 9


def test_a_geometry_can_be_given_as_resolution(plan: Store) -> None:
    made = offer(plan, Put("sites", sites(b={**B, "geometry": shapely.box(105.7, 21.2, 105.9, 21.3)})))
    put(plan, b={**B, "geometry": shapely.box(105.6, 21.2, 105.8, 21.3)})
    both = shapely.box(105.6, 21.2, 105.9, 21.3)
    resolve_conflicts(plan, made, [Resolution("value", kind="geometry", value=both)], author="Sở")
    approve_proposal(plan, made, author="Sở")
    assert plan.read("sites").geometry["b"].equals(both)


def test_a_failure_in_the_middle_leaves_nothing(plan: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    made = offer(plan, Put("sites", sites(a={**A, "floors": 9})))
    before = [list_events(plan, made), plan.changesets(), plan.history("sites", "a")]

    def failing(*_arguments: Any, **_options: Any) -> None:
        raise OSError("no space left")

    monkeypatch.setattr("layers.proposals.approving.note_event", failing)
    with pytest.raises(OSError, match="no space left"):
        approve_proposal(plan, made, author="Sở")
    assert plan.read("sites").loc["a", "floors"] == 3
    assert (plan.latest(), get_proposal(plan, made).state) == (1, "under_review")
    assert [list_events(plan, made), plan.changesets(), plan.history("sites", "a")] == before
    monkeypatch.undo()
    assert approve_proposal(plan, made, author="Sở").changeset == 2


def test_two_approvals_at_once_never_lose_an_update(plan: Store) -> None:
    changes = [
        Put("sites", sites(a={**A, "floors": 9})),
        Put("sites", sites(a={**A, "area_ha": 1.0})),
        Put("sites", sites(b={**B, "name": "BB"})),
        Put("sites", sites(a={**A, "name": "AA"}, d={"name": "D"})),
    ]
    made = [offer(plan, change) for change in changes]
    failed: list[ParkplanError] = []
    start = threading.Barrier(len(made))

    def approve(proposal: str) -> None:
        start.wait()
        try:
            approve_proposal(plan, proposal, author=proposal)
        except ParkplanError as error:
            failed.append(error)

    threads = [threading.Thread(target=approve, args=(proposal,)) for proposal in made]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert failed == []
    found = plan.read("sites")
    assert found.loc["a", ["name", "floors", "area_ha"]].tolist() == ["AA", 9, 1.0]
    assert found.loc["b", "name"] == "BB"
    assert "d" in found.index
    assert sorted(get_proposal(plan, one).changeset or 0 for one in made) == [2, 3, 4, 5]


def test_one_proposal_is_approved_once_by_two_at_once(plan: Store) -> None:
    made = offer(plan, Put("sites", sites(a={**A, "floors": 9})))
    outcomes: list[str] = []
    start = threading.Barrier(2)

    def approve() -> None:
        start.wait()
        try:
            outcomes.append(approve_proposal(plan, made, author="Sở").state)
        except TransitionError:
            outcomes.append("refused")

    threads = [threading.Thread(target=approve) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["approved", "refused"]
    assert plan.latest() == 2


def test_two_new_features_with_one_id_are_a_conflict(plan: Store) -> None:
    made = offer(plan, Put("sites", sites(d={"name": "D của Viện"})))
    put(plan, d={"name": "D của Sở"})
    assert merge_proposal(plan, made).merge.conflicts.counts() == {"duplicate_id": 1}
    resolve_conflicts(plan, made, [Resolution("value", kind="duplicate_id", value="d2")], author="Sở")
    approve_proposal(plan, made, author="Sở")
    assert plan.read("sites")["name"].reindex(["d", "d2"]).tolist() == ["D của Sở", "D của Viện"]


def test_a_store_seen_through_a_proposal_writes_into_it(plan: Store) -> None:
    made = create_proposal(plan, "A", author="Viện").id
    through = ProposalStore(plan, made)
    assert through.count("sites") == 3
    written = through.commit([Put("sites", sites(d={"name": "D"})), Remove("sites", ["a"])], author="V", message="m")
    assert written.id == 1
    assert through.read("sites").index.tolist() == ["b", "c", "d"]
    assert plan.read("sites").index.tolist() == ["a", "b", "c"]
    assert (through.count("sites"), through.extent("sites").features) == (3, 3)
    assert through.page("sites", limit=2).features.index.tolist() == ["b", "c"]
    assert through.read("sites", where={"name": "D"}).index.tolist() == ["d"]
    assert through.read("sites", bbox=(105.5, 20.9, 105.7, 21.1)).empty
    assert through.definition("sites") == plan.definition("sites")
    assert list(through.layers()) == ["sites"]
    with pytest.raises(ParkplanError, match="add_layer: not allowed for sites"):
        through.add_layer(definition())


def test_reading_through_an_approved_proposal_is_reading_the_plan(plan: Store) -> None:
    made = offer(plan, Put("sites", sites(a={**A, "floors": 9})))
    approve_proposal(plan, made, author="Sở")
    put(plan, a={**A, "floors": 10})
    assert plan.read("sites", proposal=made).loc["a", "floors"] == 10


_rows = st.dictionaries(
    st.sampled_from("abcde"),
    st.fixed_dictionaries(
        {"name": st.sampled_from("xyz"), "floors": st.sampled_from([None, 1, 2]), "geometry": st.just(None)}
    ),
    max_size=4,
)


@given(first=_rows, gone=st.sets(st.sampled_from("abcde"), max_size=2), second=_rows, back=st.sampled_from("abcde"))
@settings(
    max_examples=8,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_reading_through_a_proposal_is_applying_its_changes(
    plan: Store, first: Any, gone: set[str], second: Any, back: str
) -> None:
    made = create_proposal(plan, "A", author="Viện").id
    expected = plan.read("sites")
    for rows in (first, second):
        removed = sorted((gone & set(plan.read("sites", proposal=made).index)) - set(rows))
        edits: list[Any] = [Remove("sites", removed)] if removed else []
        edits += [Put("sites", sites(**rows))] if rows else []
        edit_proposal(plan, made, edits, author="Viện")
    changes = proposal_changes(plan, made).get("sites")
    if changes is not None and back in changes.ids:
        edit_proposal(plan, made, [Withdraw("sites", [back])], author="Viện")
        changes = proposal_changes(plan, made).get("sites")
    if changes is not None:
        kept = expected[~expected.index.isin(list(changes.ids))]
        expected = pd.concat([kept, changes.features]).sort_index()
    found = plan.read("sites", proposal=made)
    pd.testing.assert_frame_equal(pd.DataFrame(found.sort_index()), pd.DataFrame(expected.sort_index()))


def test_what_a_proposal_changes_stays_when_the_layer_gains_a_field(plan: Store) -> None:
    made = offer(plan, Put("sites", sites(a={**A, "floors": 9})))
    grown = definition()
    field = grown.fields[1].model_copy(update={"name": "depth"})
    plan.add_layer(grown.model_copy(update={"fields": (*grown.fields, field)}))
    approve_proposal(plan, made, author="Sở")
    assert plan.read("sites").loc["a", "floors"] == 9
