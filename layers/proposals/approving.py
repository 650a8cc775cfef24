"""Taking a proposal into the plan: merge, write and note it, all in one step or not at all."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa

from layers.errors import ProposalConflictError
from layers.merge import DEFAULT_TOLERANCE_M
from layers.proposals.merging import ProposalMerge, merge_proposal
from layers.proposals.model import Document, Proposal, check_transition
from layers.proposals.records import check_said, note_event, read_proposal
from layers.proposals.register import get_proposal
from layers.store import Changeset, Decision, Store
from layers.types import Language, Text

__all__ = ["approve_proposal"]

#: How often a merge is made anew because the plan moved on while it was made.
_ATTEMPTS: Final = 5


class _MovedOnError(Exception):
    """The plan, or the proposal, is not as it was when it was merged; nothing was written."""


def approve_proposal(
    store: Store,
    proposal: str,
    *,
    author: str,
    message: str = "",
    decision: Decision | None = None,
    document: Document | None = None,
    tolerance_m: float = DEFAULT_TOLERANCE_M,
    language: Language = "vi",
) -> Proposal:
    """Approve a proposal: merge it into the newest state, in one changeset and one transaction.

    Parameters
    ----------
    store : Store
        The plan.
    proposal : str
        Its id; it has to be under review.
    author : str
        Who approves.
    message : str
        Why; the title of the proposal stands in its changeset without it.
    decision : Decision, optional
        By which document; it is noted with the changeset too.
    document : Document, optional
        That document, as a file.
    tolerance_m : float
        How far vertices may have moved without being a change, metres.
    language : {"vi", "en"}
        Of what the changeset says of resolved conflicts.

    Returns
    -------
    Proposal
        Approved, with its changeset.

    Raises
    ------
    UnknownProposalError
        If there is none.
    TransitionError
        If it is not under review.
    MergeConflictsError
        While a conflict is open; nothing is written.
    InvalidFeaturesError
        If what comes of the merge breaks a layer's definition; nothing is written.
    ProposalConflictError
        If others write all the time.
    """
    check_said(author=author)
    for _ in range(_ATTEMPTS):
        found = get_proposal(store, proposal)
        check_transition(found.id, found.state, "approved")
        merged = merge_proposal(store, proposal, tolerance_m=tolerance_m)
        edits = merged.merge.edits()
        said = merged.merge.record(message or found.title, language)

        def note(connection: sa.Connection, changeset: Changeset, merged: ProposalMerge = merged) -> None:
            _note(store, connection, changeset, merged, message=message, decision=decision, document=document)

        try:
            store.commit(edits, author=author, message=said, decision=decision, also=note)
        except _MovedOnError:
            continue
        return get_proposal(store, proposal)
    raise ProposalConflictError(
        seen=Text(vi="quy hoạch liên tục thay đổi trong lúc hợp nhất", en="the plan keeps changing while it is merged"),
        wanted=Text(vi="thử lại sau", en="another try later"),
        where=proposal,
    )


def _note(
    store: Store,
    connection: sa.Connection,
    changeset: Changeset,
    merged: ProposalMerge,
    *,
    message: str,
    decision: Decision | None,
    document: Document | None,
) -> None:
    """Note the approval in the transaction that writes the changeset, if everything is as it was merged."""
    core, before = store.core, merged.proposal
    now = read_proposal(core, connection, before.id)
    if changeset.id != merged.against + 1 or (now.state, now.version) != (before.state, before.version):
        raise _MovedOnError
    settled = merged.merge.conflicts.counts()
    note_event(
        core,
        connection,
        now,
        "moved",
        state="approved",
        who=changeset.author,
        message=message,
        changeset=changeset.id,
        decision=decision,
        document=document,
        detail={"features": changeset.features, "conflicts": dict(settled)},
    )
