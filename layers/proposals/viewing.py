"""The plan as a proposal would make it, as a store: whatever reads a store reads through the proposal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from layers.proposals.changes import edit_proposal
from layers.proposals.register import get_proposal
from layers.store import Changeset, Edit, SelectedStore, Store, completed

__all__ = ["ProposalStore"]


class ProposalStore(SelectedStore):
    """A store seen through a proposal; what is written to it is written to the proposal.

    Parameters
    ----------
    store : Store
        The plan; it has to stay open.
    proposal : str
        Id of the proposal.
    whole : Store, optional
        All of the plan, where `store` shows only some of it: what is not seen of a feature stays in it.

    Raises
    ------
    UnknownProposalError
        If there is none.
    """

    def __init__(self, store: Store, proposal: str, *, whole: Store | None = None) -> None:
        self.proposal = get_proposal(store, proposal).id
        super().__init__(store, proposal=self.proposal)
        self._whole = whole or store

    def commit(self, edits: Sequence[Edit], *, author: str, message: str, **_options: Any) -> Changeset:
        """Write edits into the proposal, as its next version; the plan stays as it is.

        Parameters
        ----------
        edits : sequence of Put or Remove
            As for the plan.
        author, message : str
            Who, and why.
        **_options : object
            What else a plan takes; an edit of a proposal is not decided on, and its base is that of the proposal.

        Returns
        -------
        Changeset
            One that the plan does not have: its id is the version of the proposal.
        """
        given = [*edits]  # a reader of files gives them one by one
        known = completed(self._plan, given)
        after = edit_proposal(self._whole, self.proposal, known, author=author, message=message)
        return Changeset(after.version, author, message, None, dt.datetime.now(dt.UTC), len(given))
