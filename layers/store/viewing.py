"""A store as somebody may see it: some layers, some of their fields, and the features where he may read.

Fields are left out that are restricted, unless he may see them; features that do not reach into an area of his.
What may not be seen is left out of the definitions and of the tables, on which every question to a store, every
document, filter, export and tile is built; so a way out that is made later is narrow by itself. Rows that tell of other
layers, as facts do, are seen where what they tell of is. Writing goes to the whole store: values that the writer does
not see stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import geopandas as gpd
import pandas as pd
import sqlalchemy as sa

from layers.cql2.nodes import Call, Property, Shape
from layers.cql2.sql import condition_of
from layers.definitions import ID_FIELD, LayerDefinition
from layers.errors import (
    FeatureExistsError,
    HiddenValueError,
    InvalidFeaturesError,
    NotAllowedError,
    UnknownFeatureError,
    UnknownLayerError,
)
from layers.schema import typed
from layers.store.base import Store
from layers.store.core import Core
from layers.store.model import Changeset, Edit, Extent, Put, Remove
from layers.store.selecting import wanted_by
from layers.store.sight import EVERYTHING, Sight
from layers.store.states import extent_of, state_of
from layers.store.versions import stated
from layers.types import Text
from layers.validation import Checked

__all__ = ["Sight", "StoreView", "completed"]


#: What a partial edit calls the shape of a feature.
_GEOMETRY: Final = "geometry"
#: Layers whose rows tell of other layers: names of the fields that name a layer, a feature of it and a field of it.
_ABOUT: Final[Mapping[str, tuple[str, str | None, str | None]]] = {
    "facts": ("layer", "feature", "field"),
    "coverage": ("layer", None, None),
}


class _NarrowCore(Core):
    """The connections and tables of a store, with definitions that somebody may see."""

    narrow = True

    def __init__(self, core: Core, sight: Sight) -> None:
        # The same engine and tables; but what was noted for a wider sight must not be found by a narrow one.
        self.__dict__.update(
            {name: {} if isinstance(value, dict) else value for name, value in vars(core).items()},
        )
        self._whole = core
        self._sight = sight
        self._mark = sight.mark
        self._seen: dict[str, tuple[LayerDefinition, LayerDefinition | None]] = {}

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

    def mark(self, layer: str) -> str:
        told = layer in _ABOUT and self._sight != EVERYTHING
        return self._mark if told or self._sight.area(layer) is not None else ""

    def table(self, definition: LayerDefinition) -> sa.Table:
        """Return the layer's table, or the rows of it that are seen, by its name.

        Whatever reads takes them for the table. What writes has the whole store, and what needs the table itself (its
        index, its name in a statement) looks whether it is one.
        """
        whole = super().table(definition)
        met = self.bound(definition, whole)
        return cast("sa.Table", sa.select(whole).where(*met).subquery(whole.name)) if met else whole

    def bound(self, definition: LayerDefinition, source: sa.FromClause) -> list[sa.ColumnElement[bool]]:
        met = self._told(definition, source) if definition.id in _ABOUT else []
        area = self._sight.area(definition.id)
        if area is not None and definition.spatial:
            reaches = Call("s_intersects", (Property(_GEOMETRY), Shape(area)))
            indexed = isinstance(source, sa.Table)
            met.append(condition_of(reaches, definition, source, self.engine, indexed=indexed))
        elif area is not None:
            # What has no place lies in no area.
            met.append(sa.false())
        return met

    def kept(
        self, connection: sa.Connection, definition: LayerDefinition, features: gpd.GeoDataFrame
    ) -> gpd.GeoDataFrame:
        if features.empty or not self.mark(definition.id):
            return features
        sent = stated(self.engine.versions, definition, super().table(definition), features)
        seen = connection.execute(sa.select(sent.c[ID_FIELD]).where(*self.bound(definition, sent))).scalars()
        return features[features.index.isin(list(seen))]

    def extent(self, connection: sa.Connection, definition: LayerDefinition) -> Extent:
        if not self.mark(definition.id):
            return super().extent(connection, definition)
        # That of the layer is read from its index, which has everything in it.
        return extent_of(self, connection, state_of(self, connection, definition, wanted_by({})))

    def _told(self, definition: LayerDefinition, source: sa.FromClause) -> list[sa.ColumnElement[bool]]:
        """Return the conditions under which rows that tell of other layers are seen: where what they tell of is."""
        layer, feature, field = (None if name is None else source.c[name] for name in _ABOUT[definition.id])
        named = sa.func.lower(sa.func.trim(layer))
        met: list[sa.ColumnElement[bool]] = []
        with self._whole.reading() as connection:
            definitions = self._whole.definitions(connection)
        for whole in definitions.values():
            seen = self._narrowed(whole)
            if seen is None:
                met.append(named.is_distinct_from(whole.id))
                continue
            hidden = [one.name for one in whole.fields if one not in seen.fields]
            if field is not None and hidden:
                known = sa.func.coalesce(sa.func.lower(sa.func.trim(field)), "")
                met.append(sa.or_(named.is_distinct_from(whole.id), known.not_in(hidden)))
            if feature is not None and whole.id != definition.id and self._sight.area(whole.id) is not None:
                there = sa.select(self.table(seen).c[ID_FIELD])
                met.append(sa.or_(named.is_distinct_from(whole.id), feature.in_(there)))
        return met

    def _narrowed(self, definition: LayerDefinition) -> LayerDefinition | None:
        """Return what is seen of a definition: the same object each time, as tables are kept by it."""
        known = self._seen.get(definition.id)
        if known is None or known[0] is not definition:
            known = (definition, self._sight.narrowed(definition))
            self._seen[definition.id] = known
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
        self._check_seen(edit)
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
        self._check_seen(edit)
        if not isinstance(edit, Put):
            return edit
        whole = self._whole.definition(edit.layer)
        if seen is whole:
            return edit
        features = _checked(seen, edit).features
        there = self._whole.read(edit.layer, ids=features.index.tolist(), as_of=as_of)
        return Put(edit.layer, _with_hidden(whole, seen, features, there), edit.mode, edit.fields)

    def _check_seen(self, edit: Edit) -> None:
        """Check that an edit changes no feature that is there and not seen."""
        layer = edit.layer
        if not self._core.mark(layer):
            return
        if isinstance(edit, Put) and edit.mode == "replace":
            wanted = Text(vi="quyền xem mọi đối tượng của lớp", en="sight of every feature of the layer")
            raise NotAllowedError(seen=layer, wanted=wanted, where="replace")
        ids = list(edit.ids) if isinstance(edit, Remove) else _features(edit).index.tolist()
        hidden = self._whole.read(layer, ids=ids).index.difference(self.read(layer, ids=ids).index)
        if len(hidden):
            adds = isinstance(edit, Put) and edit.mode != "update"
            raise (FeatureExistsError if adds else UnknownFeatureError)(seen=hidden[0], where=layer)


def _features(edit: Put) -> gpd.GeoDataFrame:
    return edit.features.features if isinstance(edit.features, Checked) else edit.features


def _checked(seen: LayerDefinition, edit: Put) -> Checked:
    """Return what is written, checked against what is seen: its errors tell of nothing else."""
    checked = Checked(seen, _features(edit))
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
