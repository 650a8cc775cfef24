"""What a proposal changes, as a diff from its base."""

from __future__ import annotations

from layers.history.model import Diff, LayerDiff
from layers.proposals.changes import proposal_changes
from layers.proposals.register import get_proposal
from layers.store import Store

__all__ = ["proposal_diff"]


def proposal_diff(store: Store, proposal: str, *, version: int | None = None) -> Diff:
    """Return what a proposal changes, as a diff from its base.

    Parameters
    ----------
    store : Store
        The plan.
    proposal : str
        Its id.
    version : int, optional
        What it changed then; now, without it.

    Returns
    -------
    Diff
        Of the layers that it changes and that the store shows.

    Raises
    ------
    UnknownProposalError
        If there is none.
    """
    base = get_proposal(store, proposal).base
    layers = {}
    for layer, changes in proposal_changes(store, proposal, version=version).items():
        before = store.read(layer, as_of=base, ids=sorted(changes.ids - changes.inserted))
        layers[layer] = LayerDiff(store.definition(layer), before, changes.features)
    return Diff(layers)
