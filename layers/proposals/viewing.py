"""The plan as a proposal would make it, as a store: whatever reads a store reads through the proposal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import geopandas as gpd

from layers.definitions import LayerDefinition
from layers.errors import NotAllowedError
from layers.proposals.changes import edit_proposal
from layers.proposals.register import get_proposal
from layers.store import Changeset, Edit, Extent, Page, Store, completed
from layers.types import Text

__all__ = ["ProposalStore"]


class ProposalStore(Store):
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
        self._core = store.core
        self._plan = store
        self._whole = whole or store
        self.proposal = get_proposal(store, proposal).id

    def close(self) -> None:
        """Do nothing: the connections are those of the plan."""

    def layers(self) -> dict[str, LayerDefinition]:
        """Return the definitions of all layers.

        Returns
        -------
        dict of str to LayerDefinition
            Those of the plan.
        """
        return self._plan.layers()

    def definition(self, layer: str) -> LayerDefinition:
        """Return the definition of a layer.

        Parameters
        ----------
        layer : str
            The layer's id.

        Returns
        -------
        LayerDefinition
            That of the plan.
        """
        return self._plan.definition(layer)

    def add_layer(self, definition: LayerDefinition) -> None:
        """Refuse: a proposal changes features, not layers.

        Parameters
        ----------
        definition : LayerDefinition
            The layer.

        Raises
        ------
        NotAllowedError
            Always.
        """
        wanted = Text(vi="chính kho dữ liệu", en="the store itself")
        raise NotAllowedError(seen=definition.id, wanted=wanted, where="add_layer")

    def read(self, layer: str, **selection: Any) -> gpd.GeoDataFrame:
        """Return features as the proposal would make them.

        Parameters
        ----------
        layer : str
            The layer's id.
        **selection : Selection
            As for the plan.

        Returns
        -------
        GeoDataFrame
            In the typed form.
        """
        return self._plan.read(layer, **{**selection, "proposal": self.proposal})

    def page(self, layer: str, **options: Any) -> Page:
        """Return one page of features as the proposal would make them.

        Parameters
        ----------
        layer : str
            The layer's id.
        **options : object
            As for the plan.

        Returns
        -------
        Page
            Of the proposed state.
        """
        return self._plan.page(layer, **{**options, "proposal": self.proposal})

    def count(self, layer: str, **selection: Any) -> int:
        """Return how many features match in the state that the proposal would make.

        Parameters
        ----------
        layer : str
            The layer's id.
        **selection : Selection
            As for the plan.

        Returns
        -------
        int
            Exact.
        """
        return self._plan.count(layer, **{**selection, "proposal": self.proposal})

    def extent(self, layer: str, **selection: Any) -> Extent:
        """Return how far a layer reaches in the state that the proposal would make.

        Parameters
        ----------
        layer : str
            The layer's id.
        **selection : Selection
            As for the plan.

        Returns
        -------
        Extent
            Of the proposed state.
        """
        return self._plan.extent(layer, **{**selection, "proposal": self.proposal})

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
        known = completed(self._plan, edits)
        after = edit_proposal(self._whole, self.proposal, known, author=author, message=message)
        return Changeset(after.version, author, message, None, dt.datetime.now(dt.UTC), len(edits))
