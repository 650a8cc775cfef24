"""A store as somebody may see it: some layers, and of their fields those that are not restricted or that he may see.

What may not be seen is left out of the definitions, on which every question to a store, every document, filter, export
and tile is built; so a way out that is made later is narrow by itself. Writing goes to the whole store: values that the
writer does not see stay as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import sqlalchemy as sa

from layers.definitions import LayerDefinition
from layers.errors import HiddenValueError, InvalidFeaturesError, NotAllowedError, UnknownLayerError
from layers.schema import typed
from layers.store.base import Store
from layers.store.core import Core
from layers.store.model import Changeset, Edit, Put
from layers.types import Text
from layers.validation import Checked

__all__ = ["EVERYTHING", "Sight", "StoreView", "completed"]


@dataclass(frozen=True, slots=True)
class Sight:
    """How much of a store is seen.

    Parameters
    ----------
    layers : frozenset of str or None
        Ids of layers; None for all.
    restricted : frozenset of str or None
        Ids of the layers whose restricted fields are seen as well; None for all.

    Examples
    --------
    >>> Sight(layers=None, restricted=frozenset()).all
    False
    """

    layers: frozenset[str] | None = None
    restricted: frozenset[str] | None = None

    @property
    def all(self) -> bool:
        """Whether nothing is left out.

        Returns
        -------
        bool
            True for every layer with every field.
        """
        return self.layers is None and self.restricted is None

    def narrowed(self, definition: LayerDefinition) -> LayerDefinition | None:
        """Return what is seen of a layer.

        Parameters
        ----------
        definition : LayerDefinition
            The whole layer.

        Returns
        -------
        LayerDefinition or None
            The very same one where nothing is left out; None for a layer that is not seen.
        """
        if self.layers is not None and definition.id not in self.layers:
            return None
        if self.restricted is None or definition.id in self.restricted:
            return definition
        fields = tuple(field for field in definition.fields if not field.restricted)
        return definition if fields == definition.fields else definition.model_copy(update={"fields": fields})


#: What a partial edit calls the shape of a feature.
_GEOMETRY: Final = "geometry"
#: All of a store.
EVERYTHING: Final = Sight()


class _NarrowCore(Core):
    """The connections and tables of a store, with definitions that somebody may see."""

    def __init__(self, core: Core, sight: Sight) -> None:
        # The same engine and tables; but what was noted for a wider sight must not be found by a narrow one.
        self.__dict__.update(
            {name: {} if isinstance(value, dict) else value for name, value in vars(core).items()},
        )
        self._whole = core
        self._sight = sight
        self._narrow: dict[str, tuple[LayerDefinition, LayerDefinition | None]] = {}

    def definitions(self, connection: sa.Connection) -> dict[str, LayerDefinition]:
        whole = self._whole.definitions(connection)
        return {id_: seen for id_, definition in whole.items() if (seen := self._narrowed(definition)) is not None}

    def definition(self, connection: sa.Connection, layer: str) -> LayerDefinition:
        try:
            seen = self._narrowed(self._whole.definition(connection, layer))
        except UnknownLayerError:
            seen = None
        if seen is None:
            raise UnknownLayerError(seen=layer, wanted=", ".join(self.definitions(connection)) or "-")
        return seen

    def _narrowed(self, definition: LayerDefinition) -> LayerDefinition | None:
        """Return what is seen of a definition: the same object each time, as tables are kept by it."""
        known = self._narrow.get(definition.id)
        if known is None or known[0] is not definition:
            known = (definition, self._sight.narrowed(definition))
            self._narrow[definition.id] = known
        return known[1]


class StoreView(Store):
    """A store as somebody may see it; it reads and writes like the store.

    Parameters
    ----------
    store : Store
        The whole store; it has to stay open.
    sight : Sight
        How much of it is seen.
    """

    def __init__(self, store: Store, sight: Sight) -> None:
        self._core = _NarrowCore(store._core, sight)  # noqa: SLF001 - a store by another view
        self._whole = store
        self.sight = sight

    def close(self) -> None:
        """Do nothing: the connections are those of the whole store."""

    def add_layer(self, definition: LayerDefinition) -> None:
        """Refuse: who does not see all of a store cannot tell what a definition would change.

        Parameters
        ----------
        definition : LayerDefinition
            A layer.

        Raises
        ------
        NotAllowedError
            Always.
        """
        wanted = Text(vi="quyền xem mọi lớp và mọi trường", en="sight of every layer and field")
        raise NotAllowedError(seen=definition.id, wanted=wanted, where="add_layer")

    def commit(self, edits: Sequence[Edit], **options: Any) -> Changeset:
        """Write edits as one changeset; values that are not seen stay as they are.

        Parameters
        ----------
        edits : sequence of Put or Remove
            As for a whole store, in the fields that are seen.
        **options : object
            As for a whole store.

        Returns
        -------
        Changeset
            With the number of features that really changed.

        Raises
        ------
        InvalidFeaturesError
            If features break what is seen of the layer's definition.
        HiddenValueError
            If values that are not seen stand in the way.
        UnknownLayerError, UnknownFeatureError, FeatureExistsError, StaleBaseError, CrsError, ValueOutOfRangeError
            As for a whole store.
        """
        spoken = [self._spoken(edit) for edit in edits]
        try:
            return self._whole.commit(spoken, **options)
        except InvalidFeaturesError as error:
            # All that is seen was checked before: what is told here are values that are not.
            raise HiddenValueError(where=error.where) from None

    def completed(self, edits: Sequence[Edit], *, as_of: int | None = None) -> list[Edit]:
        """Return edits with the values that are not seen, as they are now.

        Parameters
        ----------
        edits : sequence of Put or Remove
            In the fields that are seen.
        as_of : int, optional
            As they were after this changeset instead.

        Returns
        -------
        list of Put or Remove
            In all fields.

        Raises
        ------
        InvalidFeaturesError
            If features break what is seen of the layer's definition.
        UnknownLayerError
            If a layer is not seen.
        """
        return [self._completed(edit, as_of) for edit in edits]

    def _spoken(self, edit: Edit) -> Edit:
        """Return an edit that says which fields it speaks of: the others stay, whoever changes them meanwhile."""
        seen = self.definition(edit.layer)
        if not isinstance(edit, Put) or seen is self._whole.definition(edit.layer):
            return edit
        shown = {field.name for field in seen.all_fields} | {_GEOMETRY}
        for name in edit.fields or ():
            if name != _GEOMETRY:
                seen.field(name)
        checked = _checked(seen, edit)
        return Put(edit.layer, checked.features, edit.mode, shown if edit.fields is None else edit.fields)

    def _completed(self, edit: Edit, as_of: int | None) -> Edit:
        seen = self.definition(edit.layer)
        if not isinstance(edit, Put):
            return edit
        whole = self._whole.definition(edit.layer)
        if seen is whole:
            return edit
        features = _checked(seen, edit).features
        there = self._whole.read(edit.layer, ids=features.index.tolist(), as_of=as_of)
        return Put(edit.layer, _with_hidden(whole, seen, features, there), edit.mode, edit.fields)


def _checked(seen: LayerDefinition, edit: Put) -> Checked:
    """Return what is written, checked against what is seen: its errors tell of nothing else."""
    checked = Checked(seen, edit.features.features if isinstance(edit.features, Checked) else edit.features)
    # What a partial edit leaves out may be there already.
    partial = edit.fields is not None
    if errors := [issue for issue in checked.errors if not (partial and issue.rule == "field-required")]:
        raise InvalidFeaturesError(seen.id, errors)
    return checked


def _with_hidden(
    whole: LayerDefinition, seen: LayerDefinition, features: gpd.GeoDataFrame, there: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Return features in all fields: new values where they are seen, those that are there elsewhere."""
    shown = {field.name for field in seen.fields}
    hidden = [field.name for field in whole.fields if field.name not in shown]
    kept = pd.DataFrame(there)[hidden].reindex(features.index)
    return typed(
        whole,
        gpd.GeoDataFrame(pd.concat([pd.DataFrame(features), kept], axis=1), geometry="geometry", crs=features.crs),
    )


def completed(store: Store, edits: Sequence[Edit], *, as_of: int | None = None) -> list[Edit]:
    """Return edits that somebody made with what he saw, with all that he did not see.

    What keeps edits for later, as a proposal does, has to keep them whole: a value that was not seen was not removed.

    Parameters
    ----------
    store : Store
        A view or a whole store.
    edits : sequence of Put or Remove
        In the fields that the store shows.
    as_of : int, optional
        The changeset that they were made on; the newest, without it.

    Returns
    -------
    list of Put or Remove
        In all fields.

    Raises
    ------
    InvalidFeaturesError
        If features break what is seen of the layer's definition.
    UnknownLayerError
        If a layer is not seen.
    """
    return store.completed(edits, as_of=as_of) if isinstance(store, StoreView) else list(edits)
