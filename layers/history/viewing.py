"""The plan as it was on record, as a store: whatever reads a store reads the earlier state through it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd

from layers.definitions import LayerDefinition
from layers.errors import NotAllowedError
from layers.store import Changeset, Edit, Extent, Page, Store
from layers.types import Text

__all__ = ["EarlierStore"]

_NOW: Final = Text(vi="trạng thái hiện tại", en="the current state")


class EarlierStore(Store):
    """A store as it was; nothing is written through it.

    Parameters
    ----------
    store : Store
        The plan; it has to stay open.
    as_of : int or datetime.datetime
        The changeset after which, or the moment at which it was so.

    Attributes
    ----------
    changeset : int
        The newest changeset that counts.

    Raises
    ------
    UnknownChangesetError
        If there is no such changeset.
    """

    def __init__(self, store: Store, as_of: int | dt.datetime) -> None:
        self._core = store.core
        self._now = store
        with store.core.reading() as connection:
            self.changeset = store.core.changeset_at(connection, as_of)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EarlierStore):
            return NotImplemented
        return (self._now, self.changeset) == (other._now, other.changeset)

    def __hash__(self) -> int:
        return hash((self._now, self.changeset))

    def close(self) -> None:
        """Do nothing: the connections are those of the plan."""

    def add_layer(self, definition: LayerDefinition) -> None:
        """Refuse: what was cannot be changed.

        Parameters
        ----------
        definition : LayerDefinition
            A layer.

        Raises
        ------
        NotAllowedError
            Always.
        """
        raise NotAllowedError(seen=definition.id, wanted=_NOW, where="add_layer")

    def commit(self, edits: Sequence[Edit], **options: Any) -> Changeset:  # noqa: ARG002 - as for every store
        """Refuse: what was cannot be changed.

        Parameters
        ----------
        edits : sequence of Put or Remove
            Anything.
        **options : object
            Anything.

        Raises
        ------
        NotAllowedError
            Always.
        """
        raise NotAllowedError(seen=len(edits), wanted=_NOW, where="commit")

    def latest(self) -> int:
        """Return the newest changeset that counts.

        Returns
        -------
        int
            That of the earlier state.
        """
        return self.changeset

    def read(self, layer: str, **selection: Any) -> gpd.GeoDataFrame:
        """Return features as they were.

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
        return self._now.read(layer, **{"as_of": self.changeset, **selection})

    def page(self, layer: str, **selection: Any) -> Page:
        """Return one page of a layer as it was.

        Parameters
        ----------
        layer : str
            The layer's id.
        **selection : Selection
            As for the plan, with `limit` and `after`.

        Returns
        -------
        Page
            Features, and where the next page starts.
        """
        return self._now.page(layer, **{"as_of": self.changeset, **selection})

    def count(self, layer: str, **selection: Any) -> int:
        """Return how many features matched.

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
        return self._now.count(layer, **{"as_of": self.changeset, **selection})

    def extent(self, layer: str, **selection: Any) -> Extent:
        """Return how far a layer reached.

        Parameters
        ----------
        layer : str
            The layer's id.
        **selection : Selection
            As for the plan.

        Returns
        -------
        Extent
            Of the earlier state.
        """
        return self._now.extent(layer, **{"as_of": self.changeset, **selection})
