"""Proposals: named sets of changes to the plan that are offered, checked, discussed, and then taken in or not.

A proposal changes features of a base changeset. Every version of it stays, and so does everything that was done to it.
It is edited while it is a draft or was returned, read through with ``proposal=`` by every reading, and approved by one
three-way merge into the current state, in one changeset.

Examples
--------
>>> import tempfile
>>> from layers.catalogue import shipped_definitions
>>> from layers.store import open_store
>>> store = open_store(tempfile.mkdtemp() + "/plan.gpkg")
>>> store.add_layer(shipped_definitions()["parks"])
>>> made = create_proposal(store, "Mở rộng khu công nghiệp", author="Viện Quy hoạch")
>>> made.id, made.state, [event.kind for event in list_events(store, made.id)]
('1', 'draft', ['created'])
>>> store.close()
"""

from layers.proposals.approving import approve_proposal
from layers.proposals.changes import ProposalEdit, change_summary, edit_proposal, proposal_changes
from layers.proposals.checking import check_changes, touched_features
from layers.proposals.commenting import add_comment, list_comments, resolve_comment
from layers.proposals.differing import proposal_diff
from layers.proposals.keeping import keep_checks, kept_checks
from layers.proposals.merging import ProposalMerge, merge_proposal, resolve_conflicts
from layers.proposals.model import (
    EDITABLE,
    FINAL,
    STATE_TITLES,
    STATES,
    TRANSITIONS,
    Comment,
    Document,
    Event,
    Proposal,
    ProposalState,
    Withdraw,
    event_title,
)
from layers.proposals.rebasing import rebase_proposal
from layers.proposals.receiving import receive_changes
from layers.proposals.register import (
    attached_document,
    create_proposal,
    get_proposal,
    list_events,
    list_proposals,
    move_proposal,
)
from layers.proposals.returning import propose_package
from layers.proposals.viewing import ProposalStore

__all__ = [
    "EDITABLE",
    "FINAL",
    "STATES",
    "STATE_TITLES",
    "TRANSITIONS",
    "Comment",
    "Document",
    "Event",
    "Proposal",
    "ProposalEdit",
    "ProposalMerge",
    "ProposalState",
    "ProposalStore",
    "Withdraw",
    "add_comment",
    "approve_proposal",
    "attached_document",
    "change_summary",
    "check_changes",
    "create_proposal",
    "edit_proposal",
    "event_title",
    "get_proposal",
    "keep_checks",
    "kept_checks",
    "list_comments",
    "list_events",
    "list_proposals",
    "merge_proposal",
    "move_proposal",
    "proposal_changes",
    "proposal_diff",
    "propose_package",
    "rebase_proposal",
    "receive_changes",
    "resolve_comment",
    "resolve_conflicts",
    "touched_features",
]
