"""A returned package is a proposal on its own base: what others changed meanwhile is neither lost nor overwritten."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from layers.errors import MergeConflictsError
from layers.packages import create_package
from layers.proposals import (
    approve_proposal,
    create_proposal,
    edit_proposal,
    list_events,
    list_proposals,
    move_proposal,
    proposal_diff,
    propose_package,
)
from layers.store import Put, Store
from tests.layers.test_packages import ADD, DROP, RENAME, edited, fill


@pytest.fixture
def handed(store: Store) -> Store:
    return fill(store)


def returned(store: Store, folder: Path) -> Path:
    create_package(store, folder / "p.zip", layers=["plots"], institute="Viện A")
    with zipfile.ZipFile(folder / "p.zip") as packed:
        packed.extractall(folder / "package")
    return edited(folder / "package", folder, RENAME, DROP, ADD)


def test_a_returned_package_is_a_draft_on_the_state_it_was_made_of(handed: Store, tmp_path: Path) -> None:
    file = returned(handed, tmp_path)
    current = handed.read("plots")
    current.loc["003", "name"] = "Sở sửa"
    handed.commit([Put("plots", current)], author="Sở", message="Sửa")
    proposal, changes = propose_package(handed, file)
    assert proposal is not None
    assert (proposal.state, proposal.base, changes.base, proposal.author) == ("draft", 1, 1, "Viện A")
    assert "Viện A" in proposal.title
    diff = proposal_diff(handed, proposal.id).layers["plots"]
    assert len(diff.after.index.difference(diff.before.index)) == 1, "one was added"
    assert list(diff.before.index.difference(diff.after.index)) == ["002"]
    assert "003" not in diff.after.index, "what others changed is no change of the institute"
    through = handed.read("plots", proposal=proposal.id)
    assert (through.loc["001", "name"], through.loc["003", "name"]) == ("Lô mới", "Sở sửa")
    assert list_events(handed, proposal.id)[-1].kind == "changed"


def test_what_contradicts_the_plan_stops_the_approval(handed: Store, tmp_path: Path) -> None:
    file = returned(handed, tmp_path)
    current = handed.read("plots")
    current.loc["001", "name"] = "Tên khác"
    handed.commit([Put("plots", current)], author="Sở", message="Sửa")
    proposal, _ = propose_package(handed, file, title="Gói của Viện A", author="An")
    assert proposal is not None
    for state in ("submitted", "under_review"):
        move_proposal(handed, proposal.id, state, author="An")
    with pytest.raises(MergeConflictsError):
        approve_proposal(handed, proposal.id, author="Bình")
    assert handed.read("plots").loc["001", "name"] == "Tên khác"


def test_a_package_that_nobody_edited_is_no_proposal(handed: Store, tmp_path: Path) -> None:
    create_package(handed, tmp_path / "p.zip", layers=["plots"], institute="Viện A")
    proposal, changes = propose_package(handed, tmp_path / "p.zip")
    assert proposal is None
    assert changes.edits == []
    assert list_proposals(handed) == []


def test_a_proposal_made_on_an_earlier_state_stays_there(handed: Store) -> None:
    """As of the option `--base`: it was moved to the newest state by its first edit."""
    current = handed.read("plots")
    current.loc["003", "name"] = "Sở sửa"
    handed.commit([Put("plots", current)], author="Sở", message="Sửa")
    old = handed.read("plots", as_of=1, ids=["003"])
    old["floors"] = 9
    earlier = create_proposal(handed, "Trên trạng thái cũ", author="An", base=1)
    assert edit_proposal(handed, earlier.id, [Put("plots", old)], author="An").base == 1
    newest = create_proposal(handed, "Trên trạng thái mới", author="An")
    assert edit_proposal(handed, newest.id, [Put("plots", old)], author="An").base == 2
    assert handed.read("plots", proposal=earlier.id).loc["003", "name"] == "Sở sửa"
