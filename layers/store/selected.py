"""A store seen in another state: whatever reads a store reads that state through it."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd

from layers.definitions import LayerDefinition
from layers.errors import NotAllowedError
from layers.store.base import Store
from layers.store.model import Extent, Page
from layers.types import Text

__all__ = ["SelectedStore"]

_ITSELF: Final = Text(vi="chính kho dữ liệu", en="the store itself")


class SelectedStore(Store):
    """A store in which every question is about one state; what is written to it, its kinds say.

    Parameters
    ----------
    store : Store
        The plan; it has to stay open.
    **selection : object
        The state, as `Store.read` takes it; a question that names one of the same kind asks for that.
    """

    def __init__(self, store: Store, **selection: Any) -> None:
        self._core = store.core
        self._plan = store
        self._selection = selection

    def _asked(self, options: dict[str, Any]) -> dict[str, Any]:
        return {**self._selection, **{name: value for name, value in options.items() if value is not None}}

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
        """Refuse: layers are added to the plan itself.

        Parameters
        ----------
        definition : LayerDefinition
            A layer.

        Raises
        ------
        NotAllowedError
            Always.
        """
        raise NotAllowedError(seen=definition.id, wanted=_ITSELF, where="add_layer")

    def read(self, layer: str, **selection: Any) -> gpd.GeoDataFrame:
        """Return features as they are in the state.

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
        return self._plan.read(layer, **self._asked(selection))

    def page(self, layer: str, **options: Any) -> Page:
        """Return one page of features as they are in the state.

        Parameters
        ----------
        layer : str
            The layer's id.
        **options : object
            As for the plan.

        Returns
        -------
        Page
            Features, and where the next page starts.
        """
        return self._plan.page(layer, **self._asked(options))

    def count(self, layer: str, **selection: Any) -> int:
        """Return how many features match in the state.

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
        return self._plan.count(layer, **self._asked(selection))

    def extent(self, layer: str, **selection: Any) -> Extent:
        """Return how far a layer reaches in the state.

        Parameters
        ----------
        layer : str
            The layer's id.
        **selection : Selection
            As for the plan.

        Returns
        -------
        Extent
            Of the state.
        """
        return self._plan.extent(layer, **self._asked(selection))
