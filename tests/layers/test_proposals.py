"""Proposals, on both engines: every version stays, only allowed moves are made, what is said stays where it belongs."""

from __future__ import annotations

import datetime as dt
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from layers.definitions import LayerDefinition, parse_definition
from layers.errors import (
    FeatureExistsError,
    InvalidFeaturesError,
    ParkplanError,
    ProposalConflictError,
    ProposalLockedError,
    StoreError,
    TransitionError,
    UnknownChangesetError,
    UnknownCommentError,
    UnknownFeatureError,
    UnknownLayerError,
    UnknownProposalError,
    ValueOutOfRangeError,
)
from layers.proposals import (
    STATES,
    TRANSITIONS,
    Document,
    Withdraw,
    add_comment,
    attached_document,
    change_summary,
    create_proposal,
    edit_proposal,
    get_proposal,
    list_comments,
    list_events,
    list_proposals,
    move_proposal,
    proposal_changes,
    resolve_comment,
)
from layers.store import Decision, Put, Remove, Store

SITES = """
id = "sites"
theme = "parks"
geometry = ["Point", "Polygon"]
title = {vi = "Khu", en = "Sites"}
fields = [
  {name = "name", type = "text", title = {vi = "Tên", en = "Name"}, required = true},
  {name = "floors", type = "integer", title = {vi = "Số tầng", en = "Floors"}, minimum = 0},
  {name = "area_ha", type = "number", title = {vi = "Diện tích", en = "Area"}, unit = "ha"},
]
"""


def definition() -> LayerDefinition:
    return parse_definition(SITES, where="sites.toml")


def sites(**rows: dict[str, Any]) -> gpd.GeoDataFrame:
    """Make features: one keyword a feature, with `geometry` among its values."""
    frame = pd.DataFrame(list(rows.values()), index=list(rows))
    geometry = frame.pop("geometry").to_numpy() if "geometry" in frame else np.full(len(frame), None)
    return gpd.GeoDataFrame(frame, geometry=geometry, crs="EPSG:4326")


A = {"name": "A", "floors": 3, "area_ha": 170.5, "geometry": shapely.Point(105.6, 21)}
B = {"name": "B", "geometry": shapely.box(105.7, 21.2, 105.8, 21.3)}
C = {"name": "C", "floors": 1, "geometry": None}


@pytest.fixture
def plan(store: Store) -> Store:
    """Give a store with three sites."""
    store.add_layer(definition())
    store.commit([Put("sites", sites(a=A, b=B, c=C))], author="An", message="first")
    return store


def edit(store: Store, *edits: Any, proposal: str = "1", **options: Any) -> int:
    return edit_proposal(store, proposal, edits, author="Viện", **options).version


def test_a_new_proposal_is_an_empty_draft_on_the_newest_state(plan: Store) -> None:
    made = create_proposal(plan, " Mở rộng A ", author="Viện", message="vì sao")
    assert (made.id, made.title, made.state, made.base, made.version) == ("1", "Mở rộng A", "draft", 1, 0)
    assert get_proposal(plan, "1") == made
    (event,) = list_events(plan, "1")
    assert (event.kind, event.state, event.who, event.message) == ("created", "draft", "Viện", "vì sao")
    assert create_proposal(plan, "B", author="An", base=0).base == 0
    assert [one.id for one in list_proposals(plan)] == ["2", "1"]
    assert [one.id for one in list_proposals(plan, limit=1)] == ["2"]
    assert [one.id for one in list_proposals(plan, before=2)] == ["1"]
    assert [one.id for one in list_proposals(plan, author=get_proposal(plan, "1").author, limit=5)][-1] == "1"
    assert list_proposals(plan, author="nobody") == []
    assert list_proposals(plan, states=["approved"]) == []


@pytest.mark.parametrize("unknown", ["9", "", "x", "-1", "1.0", "٣", "9" * 30])
def test_a_proposal_that_is_not_there_is_named(plan: Store, unknown: str) -> None:
    create_proposal(plan, "A", author="An")
    for ask in (get_proposal, list_events, list_comments, proposal_changes, change_summary):
        with pytest.raises(UnknownProposalError, match="There is no proposal"):
            ask(plan, unknown)
    with pytest.raises(UnknownProposalError):
        edit_proposal(plan, unknown, [], author="An")


def test_what_makes_no_proposal(plan: Store) -> None:
    with pytest.raises(ValueOutOfRangeError, match="title: saw '  '"):
        create_proposal(plan, "  ", author="An")
    with pytest.raises(ValueOutOfRangeError, match="author"):
        create_proposal(plan, "A", author="")
    with pytest.raises(UnknownChangesetError, match="7"):
        create_proposal(plan, "A", author="An", base=7)
    with pytest.raises(ValueOutOfRangeError, match="state: saw 'open'"):
        list_proposals(plan, states=["open"])  # type: ignore[list-item]


def test_edits_are_told_apart_and_every_version_stays(plan: Store) -> None:
    create_proposal(plan, "A", author="An")
    assert edit(plan, Put("sites", sites(a={**A, "floors": 4}, d={"name": "D"})), Remove("sites", ["b"])) == 1
    changes = proposal_changes(plan, "1")["sites"]
    assert changes.features.index.tolist() == ["a", "d"]
    assert changes.inserted == {"d"}
    assert changes.deleted == {"b"}
    assert changes.features.loc["a", "floors"] == 4
    assert changes.features.geometry["a"].equals(A["geometry"])
    assert change_summary(plan, "1") == {"sites": {"insert": 1, "update": 1, "delete": 1}}
    # Back to what the base has, left alone, and an inserted feature taken away: nothing of it remains.
    assert edit(plan, Put("sites", sites(a=A)), Withdraw("sites", ["b"]), Remove("sites", ["d"])) == 2
    assert change_summary(plan, "1") == {}
    assert change_summary(plan, "1", version=1) == {"sites": {"insert": 1, "update": 1, "delete": 1}}
    assert proposal_changes(plan, "1", version=1)["sites"].features.index.tolist() == ["a", "d"]
    assert plan.read("sites").index.tolist() == ["a", "b", "c"]
    assert [event.detail.get("features") for event in list_events(plan, "1")] == [None, 3, 3]


def test_what_changes_nothing_makes_no_version(plan: Store) -> None:
    create_proposal(plan, "A", author="An")
    assert edit(plan, Put("sites", sites(a=A, b=B, c=C))) == 0
    assert edit(plan, Put("sites", sites(a={**A, "name": "AA"}))) == 1
    assert edit(plan, Put("sites", sites(a={**A, "name": "AA"}))) == 1
    assert edit(plan) == 1


def test_modes_speak_of_the_state_that_the_proposal_makes(plan: Store) -> None:
    create_proposal(plan, "A", author="An")
    edit(plan, Put("sites", sites(d={"name": "D"}), "insert"), Remove("sites", ["b"]))
    for id_ in ("a", "d"):
        with pytest.raises(FeatureExistsError, match=id_):
            edit(plan, Put("sites", sites(**{id_: {"name": "X"}}), "insert"))
    for id_ in ("b", "z"):
        with pytest.raises(UnknownFeatureError, match=id_):
            edit(plan, Put("sites", sites(**{id_: {"name": "X"}}), "update"))
        with pytest.raises(UnknownFeatureError, match=id_):
            edit(plan, Remove("sites", [id_]))
    with pytest.raises(UnknownFeatureError, match="a"):
        edit(plan, Withdraw("sites", ["a"]))
    edit(plan, Put("sites", sites(b=B), "insert"))
    assert change_summary(plan, "1") == {"sites": {"insert": 1, "update": 0, "delete": 0}}
    edit(plan, Put("sites", sites(a=A), "replace"))
    assert proposal_changes(plan, "1")["sites"].deleted == {"b", "c"}
    assert change_summary(plan, "1") == {"sites": {"insert": 0, "update": 0, "delete": 2}}


def test_edits_that_do_not_fit_leave_the_proposal_as_it_was(plan: Store) -> None:
    create_proposal(plan, "A", author="An")
    fine = Put("sites", sites(a={**A, "floors": 9}))
    with pytest.raises(InvalidFeaturesError, match="floors"):
        edit(plan, fine, Put("sites", sites(d={"name": "D", "floors": -1})))
    with pytest.raises(UnknownLayerError, match="nowhere"):
        edit(plan, fine, Remove("nowhere", ["a"]))
    with pytest.raises(ValueOutOfRangeError, match="each feature once"):
        edit(plan, fine, Remove("sites", ["a"]))
    with pytest.raises(ValueOutOfRangeError, match="author"):
        edit_proposal(plan, "1", [fine], author=" ")
    assert get_proposal(plan, "1").version == 0
    assert len(list_events(plan, "1")) == 1


def test_an_edit_on_an_older_version_is_refused(plan: Store) -> None:
    create_proposal(plan, "A", author="An")
    assert edit(plan, Remove("sites", ["a"]), version=0) == 1
    with pytest.raises(ProposalConflictError) as refused:
        edit(plan, Remove("sites", ["b"]), version=0)
    assert refused.value.message("en") == (
        "The proposal 1: somebody else has just edited it. Wanted a look at its newest version first."
    )
    assert "người khác vừa sửa" in refused.value.message("vi")
    assert change_summary(plan, "1")["sites"]["delete"] == 1


def test_an_empty_draft_moves_on_with_the_plan_and_others_keep_their_base(plan: Store) -> None:
    for title in ("A", "B"):
        create_proposal(plan, title, author="An")
    edit(plan, Remove("sites", ["a"]), proposal="2")
    plan.commit([Put("sites", sites(d={"name": "D"}))], author="An", message="second")
    edit(plan, Remove("sites", ["d"]))
    assert get_proposal(plan, "1").base == 2
    with pytest.raises(UnknownFeatureError, match="d"):
        edit(plan, Remove("sites", ["d"]), proposal="2")
    assert get_proposal(plan, "2").base == 1


def test_moves_are_recorded_with_who_when_why_and_the_attached_decision(plan: Store) -> None:
    create_proposal(plan, "A", author="Viện")
    with pytest.raises(ValueOutOfRangeError, match="at least one change"):
        move_proposal(plan, "1", "submitted", author="Viện")
    edit(plan, Remove("sites", ["a"]))
    move_proposal(plan, "1", "submitted", author="Viện")
    with pytest.raises(ValueOutOfRangeError, match="message: saw ''"):
        move_proposal(plan, "1", "returned", author="Sở")
    decision = Decision("12/TB-SQHKT", dt.date(2026, 11, 20))
    file = Document("thông báo.pdf", "application/pdf", b"%PDF-1.4 ...")
    moved = move_proposal(
        plan, "1", "returned", author="Sở", message="thiếu thuyết minh", decision=decision, document=file
    )
    assert (moved.state, moved.editable, moved.open) == ("returned", True, True)
    last = list_events(plan, "1")[-1]
    assert (last.kind, last.state, last.who, last.message) == ("moved", "returned", "Sở", "thiếu thuyết minh")
    assert (last.decision, last.attached, last.version) == (decision, "thông báo.pdf", 1)
    assert attached_document(plan, "1", last.number) == file
    with pytest.raises(ValueOutOfRangeError, match="an event with a file attached"):
        attached_document(plan, "1", 1)
    with pytest.raises(ValueOutOfRangeError, match="1 to 50000000 bytes"):
        move_proposal(plan, "1", "submitted", author="Viện", document=Document("x", "text/plain", b""))
    assert get_proposal(plan, "1").state == "returned"
    assert last.time.tzinfo is not None
    assert get_proposal(plan, "1").updated == last.time


def test_only_allowed_moves_are_made_and_the_message_says_which(plan: Store) -> None:
    create_proposal(plan, "A", author="An")
    edit(plan, Remove("sites", ["a"]))
    with pytest.raises(TransitionError) as refused:
        move_proposal(plan, "1", "under_review", author="An")
    assert refused.value.message("en") == (
        "The proposal 1 is draft and cannot become under review; possible: submitted, rejected."
    )
    assert refused.value.message("vi") == (
        "Đề xuất 1 đang ở trạng thái “bản nháp”, không chuyển được sang “đang thẩm định”; "
        "có thể chuyển sang: đã trình, bị từ chối."
    )
    with pytest.raises(ValueOutOfRangeError, match="state: saw 'gone'"):
        move_proposal(plan, "1", "gone", author="An")  # type: ignore[arg-type]
    move_proposal(plan, "1", "submitted", author="An")
    with pytest.raises(ProposalLockedError) as locked:
        edit(plan, Remove("sites", ["b"]))
    assert locked.value.message("en") == (
        "The proposal 1 is submitted and its changes cannot be edited; wanted draft or returned."
    )
    assert "“bản nháp” hoặc “trả lại để hoàn thiện”" in locked.value.message("vi")


def test_comments_are_pinned_and_threads_are_settled(plan: Store) -> None:
    create_proposal(plan, "A", author="An")
    create_proposal(plan, "B", author="An")
    first = add_comment(plan, "1", " Sai ranh giới ", author="Sở", layer="sites", feature_id="a")
    there = add_comment(plan, "1", "Ở đây có mương", author="Xã", place=(105.61, 21.02))
    reply = add_comment(plan, "1", "Đã sửa", author="Viện", parent=first.number)
    again = add_comment(plan, "1", "Cảm ơn", author="Sở", parent=reply.number)
    assert (first.text, first.layer, first.feature_id, first.place) == ("Sai ranh giới", "sites", "a", None)
    assert there.place == (105.61, 21.02)
    assert (reply.parent, again.parent) == (first.number, first.number)
    assert list_comments(plan, "1") == [first, there, reply, again]
    assert list_comments(plan, "2") == []
    settled = resolve_comment(plan, "1", again.number, author="Sở")
    assert (settled.number, settled.resolved, settled.resolved_by) == (1, True, "Sở")
    assert not resolve_comment(plan, "1", 1, author="Sở", resolved=False).resolved
    for wrong, cause in (
        ({"text": " "}, "text"),
        ({"layer": "sites"}, "layer and feature together"),
        ({"place": (181.0, 0.0)}, "longitude"),
        ({"place": (0.0, float("nan"))}, "longitude"),
    ):
        with pytest.raises(ValueOutOfRangeError, match=cause):
            add_comment(plan, "1", **{"text": "x", "author": "An", **wrong})  # type: ignore[arg-type]
    with pytest.raises(UnknownCommentError, match="The proposal 1 has no comment 99"):
        add_comment(plan, "1", "x", author="An", parent=99)
    with pytest.raises(UnknownCommentError):
        resolve_comment(plan, "2", 1, author="An")
    with pytest.raises(UnknownLayerError):
        add_comment(plan, "1", "x", author="An", layer="nowhere", feature_id="a")
    assert len(list_comments(plan, "1")) == 4


def test_documents_speak_both_languages(plan: Store) -> None:
    made = create_proposal(plan, "A", author="An")
    document = made.document("vi")
    assert (document["state_title"], document["base"], document["version"]) == ("bản nháp", 1, 0)
    assert document["next_states"] == [
        {"state": "submitted", "title": "Trình", "message_wanted": False},
        {"state": "rejected", "title": "Từ chối", "message_wanted": True},
    ]
    assert list_events(plan, "1")[0].document("en")["state_title"] == "draft"
    said = add_comment(plan, "1", "x", author="An", place=(105.0, 21.0)).document()
    assert (said["place"], said["resolved"], said["resolved_at"]) == ([105.0, 21.0], False, None)


def test_the_record_of_a_proposal_cannot_be_rewritten(plan: Store) -> None:
    create_proposal(plan, "A", author="An")
    edit(plan, Remove("sites", ["a"]))
    for table in (plan.core.base.proposal_events, plan.core.base.proposal_changes):
        for statement in (sa.delete(table), sa.update(table).values(proposal=2)):
            with pytest.raises(StoreError, match="append-only"), plan.core.writing() as connection:
                connection.execute(statement)


class _Life(RuleBasedStateMachine):
    """A proposal lives by the table of transitions, whatever is tried with it."""

    plan: Store

    @initialize()
    def start(self) -> None:
        self.id = create_proposal(self.plan, "A", author="An").id
        self.state, self.changes, self.version, self.events = "draft", set[str](), 0, 1

    @rule(state=st.sampled_from([state for state in STATES if state != "approved"]), message=st.sampled_from(["", "m"]))
    def move(self, state: Any, message: str) -> None:
        allowed = state in TRANSITIONS[self.state]  # type: ignore[index]
        allowed &= bool(message) or state not in ("returned", "rejected")
        allowed &= bool(self.changes) or state != "submitted"
        try:
            moved = move_proposal(self.plan, self.id, state, author="An", message=message)
        except ParkplanError:
            assert not allowed
        else:
            assert allowed
            assert moved.state == state
            self.state, self.events = state, self.events + 1

    @rule(id_=st.sampled_from("abcde"), remove=st.booleans())
    def change(self, id_: str, remove: bool) -> None:  # noqa: FBT001 - hypothesis calls it by name
        deed = Remove("sites", [id_]) if remove else Put("sites", sites(**{id_: {"name": "changed"}}))
        try:
            after = edit_proposal(self.plan, self.id, [deed], author="An")
        except ProposalLockedError:
            assert self.state not in ("draft", "returned")
            return
        except UnknownFeatureError:
            assert remove
            return
        assert self.state in ("draft", "returned")
        self.events += after.version - self.version
        self.version = after.version
        changes = proposal_changes(self.plan, self.id).get("sites")
        self.changes = set() if changes is None else set(changes.ids)

    @invariant()
    def is_recorded(self) -> None:
        found = get_proposal(self.plan, self.id)
        events = list_events(self.plan, self.id)
        assert (found.state, found.version) == (self.state, self.version)
        assert [event.number for event in events] == list(range(1, self.events + 1))
        assert events[-1].state == self.state


def test_a_proposal_lives_by_the_table_of_transitions(plan: Store) -> None:
    _Life.plan = plan
    run_state_machine_as_test(
        _Life,
        settings=settings(
            max_examples=12,
            stateful_step_count=12,
            deadline=None,
            suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
        ),
    )
