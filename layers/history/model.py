"""What changed between two states, as a value: it can be turned round, joined to the next one, and applied.

A diff keeps the features that changed as they were and as they are, in columns. What it says of single attributes and
of shapes is computed from these when asked for.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from layers.definitions import LayerDefinition
from layers.errors import DiffConflictError, FeatureExistsError, UnknownFeatureError
from layers.history.comparing import GEOMETRY, differing, formed, geometry_measures, rows_at
from layers.schema import empty_features
from layers.store.model import Edit, Put, Remove

__all__ = ["Diff", "LayerDiff", "diff_states"]

#: What happened to a feature.
Change = Literal["insert", "update", "delete"]


@dataclass(frozen=True, eq=False)
class LayerDiff:
    """What changed in one layer.

    Attributes
    ----------
    definition : LayerDefinition
        The layer.
    before : GeoDataFrame
        How updated and deleted features were, in the typed form.
    after : GeoDataFrame
        How inserted and updated features are, in the typed form.
    """

    definition: LayerDefinition
    before: gpd.GeoDataFrame
    after: gpd.GeoDataFrame
    _kept: dict[str, Any] = field(default_factory=dict, init=False, repr=False)

    def __len__(self) -> int:
        return len(self.ids)

    @property
    def ids(self) -> pd.Index[str]:
        """Every feature that changed.

        Returns
        -------
        Index
            Ids: deleted ones, updated ones, inserted ones.
        """
        return self.deleted.append([self.updated, self.inserted])

    @property
    def inserted(self) -> pd.Index[str]:
        """Features that are new.

        Returns
        -------
        Index
            Ids.
        """
        return _at(self.after.index, ~self.after.index.isin(self.before.index))

    @property
    def updated(self) -> pd.Index[str]:
        """Features that are in both states.

        Returns
        -------
        Index
            Ids.
        """
        return _at(self.after.index, self.after.index.isin(self.before.index))

    @property
    def deleted(self) -> pd.Index[str]:
        """Features that are gone.

        Returns
        -------
        Index
            Ids.
        """
        return _at(self.before.index, ~self.before.index.isin(self.after.index))

    @property
    def counts(self) -> dict[Change, int]:
        """How many features changed, by what happened to them.

        Returns
        -------
        dict of str to int
            Inserts, updates and deletes.
        """
        return {"insert": len(self.inserted), "update": len(self.updated), "delete": len(self.deleted)}

    @property
    def attributes(self) -> pd.DataFrame:
        """In which attributes the updated features differ.

        Returns
        -------
        DataFrame of bool
            One row an updated feature, one column an attribute that differs anywhere; `geometry` for the shape.
        """
        if "attributes" not in self._kept:
            before, after = self.before.loc[self.updated], self.after.loc[self.updated]
            self._kept["attributes"] = pd.DataFrame(differing(self.definition, before, after), index=self.updated)
        table: pd.DataFrame = self._kept["attributes"]
        return table

    @property
    def measures(self) -> pd.DataFrame:
        """How the shapes changed, in the metric CRS of the layer.

        Returns
        -------
        DataFrame
            One row a changed feature, columns as by `layers.history.comparing.geometry_measures`.
        """
        if "measures" not in self._kept:
            ids = self.ids
            self._kept["measures"] = geometry_measures(
                self.definition, self.before[[GEOMETRY]].reindex(ids), self.after[[GEOMETRY]].reindex(ids)
            )
        table: pd.DataFrame = self._kept["measures"]
        return table

    def fields(self, feature_id: str) -> dict[str, tuple[Any, Any]]:
        """Return what changed of one feature.

        Parameters
        ----------
        feature_id : str
            A changed feature.

        Returns
        -------
        dict of str to (old, new)
            By attribute, `geometry` for the shape; None for missing. Of an inserted or deleted feature all that is
            known.

        Raises
        ------
        UnknownFeatureError
            If it did not change.
        """
        old, new = (_plain(self.definition, state, feature_id) for state in (self.before, self.after))
        if old is None and new is None:
            raise UnknownFeatureError(seen=feature_id, where=self.definition.id)
        if old is not None and new is not None:
            row = self.attributes.loc[feature_id]
            names = [name for name in (*(one.name for one in self.definition.all_fields), GEOMETRY) if row.get(name)]
            return {name: (old[name], new[name]) for name in names}
        known = old if old is not None else new or {}
        values = {name: value for name, value in known.items() if value is not None}
        return {name: (value, None) if new is None else (None, value) for name, value in values.items()}

    def only(self, ids: Collection[str]) -> LayerDiff:
        """Return what changed of some features.

        Parameters
        ----------
        ids : collection of str
            Their ids.

        Returns
        -------
        LayerDiff
            Without all others.
        """
        wanted = list(ids)
        before, after = (state[state.index.isin(wanted)] for state in (self.before, self.after))
        return LayerDiff(self.definition, before, after)

    def invert(self) -> LayerDiff:
        """Return the way back.

        Returns
        -------
        LayerDiff
            Undoes this one.
        """
        return LayerDiff(self.definition, self.after, self.before)

    def compose(self, following: LayerDiff) -> LayerDiff:
        """Return this diff and the one that follows it as one.

        Parameters
        ----------
        following : LayerDiff
            From the state that this one leads to.

        Returns
        -------
        LayerDiff
            What both undo or leave alike is not in it.
        """
        wider = len(following.definition.fields) >= len(self.definition.fields)
        definition = following.definition if wider else self.definition
        mine, theirs = self.ids, following.ids
        before = _joined(definition, self.before, following.before[~following.before.index.isin(mine)])
        after = _joined(definition, following.after, self.after[~self.after.index.isin(theirs)])
        return diff_states(definition, before, after)

    def apply(self, features: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Return the state after the change.

        Parameters
        ----------
        features : GeoDataFrame
            The state before it, in the typed form.

        Returns
        -------
        GeoDataFrame
            Updated features in their place, inserted ones behind.

        Raises
        ------
        UnknownFeatureError
            If a feature that changes is not there.
        FeatureExistsError
            If one that is inserted is there already.
        DiffConflictError
            If a feature that changes is not as it was before the change.
        """
        state = formed(self.definition, features)
        self._check(state)
        kept = state[~state.index.isin(self.before.index)]
        result = _joined(self.definition, kept, formed(self.definition, self.after))
        order = [*state.index[~state.index.isin(self.deleted)], *self.inserted]
        return result.loc[order]

    def edits(self) -> list[Edit]:
        """Return the edits that carry out the change.

        Returns
        -------
        list of Remove or Put
            For `Store.commit`; none where nothing changed.
        """
        layer, edits = self.definition.id, list[Edit]()
        if len(self.deleted):
            edits.append(Remove(layer, self.deleted.tolist()))
        if len(self.updated):
            edits.append(Put(layer, self.after.loc[self.updated], "update"))
        if len(self.inserted):
            edits.append(Put(layer, self.after.loc[self.inserted], "insert"))
        return edits

    def _check(self, state: gpd.GeoDataFrame) -> None:
        layer = self.definition.id
        if len(missing := self.before.index.difference(state.index)):
            raise UnknownFeatureError(seen=missing[0], where=layer)
        if len(there := self.inserted.intersection(state.index)):
            raise FeatureExistsError(seen=there[0], where=layer)
        before = formed(self.definition, self.before)
        differs = differing(self.definition, before, state.loc[before.index])
        if differs:
            first = before.index[np.logical_or.reduce(list(differs.values()))][0]
            raise DiffConflictError(seen=first, where=layer)


@dataclass(frozen=True, eq=False, slots=True)
class Diff:
    """What changed between two states of a store.

    Attributes
    ----------
    layers : mapping of str to LayerDiff
        By layer; a layer in which nothing changed is not there.
    """

    layers: Mapping[str, LayerDiff]

    def __len__(self) -> int:
        return sum(map(len, self.layers.values()))

    def invert(self) -> Diff:
        """Return the way back.

        Returns
        -------
        Diff
            Undoes this one.
        """
        return Diff({layer: diff.invert() for layer, diff in self.layers.items()})

    def compose(self, following: Diff) -> Diff:
        """Return this diff and the one that follows it as one.

        Parameters
        ----------
        following : Diff
            From the state that this one leads to.

        Returns
        -------
        Diff
            Of both.
        """
        joined = {**self.layers, **following.layers}
        for layer in self.layers.keys() & following.layers.keys():
            joined[layer] = self.layers[layer].compose(following.layers[layer])
        return Diff({layer: diff for layer, diff in joined.items() if len(diff)})

    def apply(self, states: Mapping[str, gpd.GeoDataFrame]) -> dict[str, gpd.GeoDataFrame]:
        """Return the state after the change.

        Parameters
        ----------
        states : mapping of str to GeoDataFrame
            Features by layer, in the typed form, before it.

        Returns
        -------
        dict of str to GeoDataFrame
            Every layer given, and those that were changed.

        Raises
        ------
        UnknownFeatureError, FeatureExistsError, DiffConflictError
            If the diff was not made from this state.
        """
        changed = {}
        for layer, diff in self.layers.items():
            state = states[layer] if layer in states else empty_features(diff.definition)
            changed[layer] = diff.apply(state)
        return {**states, **changed}

    def edits(self) -> list[Edit]:
        """Return the edits that carry out the change.

        Returns
        -------
        list of Remove or Put
            For `Store.commit`.
        """
        return [edit for diff in self.layers.values() for edit in diff.edits()]


def diff_states(
    definition: LayerDefinition, a: gpd.GeoDataFrame, b: gpd.GeoDataFrame, *, tolerance_m: float = 0.0
) -> LayerDiff:
    """Return what changed from one state of a layer to another.

    Parameters
    ----------
    definition : LayerDefinition
        The layer; of two definitions the one with more fields.
    a, b : GeoDataFrame
        The two states, in its typed form or in that of a definition from which its fields grew.
    tolerance_m : float
        A shape no corner of which moved farther than this counts as the same, metres in the layer's metric CRS.

    Returns
    -------
    LayerDiff
        `apply(a, diff(a, b)) == b` but for the order of features; with a tolerance, but for shapes within it.

    Examples
    --------
    >>> from layers.catalogue import shipped_definitions
    >>> from layers.schema import typed
    >>> facts = shipped_definitions()["facts"]
    >>> a = typed(facts, pd.DataFrame({"value": ["1", "2"]}, index=["x", "y"]))
    >>> b = typed(facts, pd.DataFrame({"value": ["3", "2"]}, index=["x", "z"]))
    >>> diff_states(facts, a, b).counts
    {'insert': 1, 'update': 1, 'delete': 1}
    >>> diff_states(facts, a, b).fields("x")
    {'value': ('1', '3')}
    """
    a, b = formed(definition, a), formed(definition, b)
    if a.index.equals(b.index):
        places = common = np.arange(len(a))
    else:
        found = a.index.get_indexer(b.index)
        common = np.flatnonzero(found >= 0)
        places = found[common]
    differs = differing(definition, rows_at(a, places), rows_at(b, common), tolerance_m=tolerance_m)
    updated = np.flatnonzero(np.logical_or.reduce(list(differs.values()))) if differs else np.arange(0)
    gone, new = np.setdiff1d(np.arange(len(a)), places), np.setdiff1d(np.arange(len(b)), common)
    before = rows_at(a, np.concatenate([gone, places[updated]]).astype(np.intp))
    after = rows_at(b, np.concatenate([common[updated], new]).astype(np.intp))
    return LayerDiff(definition, before, after)


def _at(ids: pd.Index[Any], mask: npt.NDArray[np.bool_]) -> pd.Index[str]:
    return cast("pd.Index[str]", ids[mask])


def _joined(definition: LayerDefinition, *parts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return features of several parts as one frame, in the typed form."""
    filled = [formed(definition, part) for part in parts if len(part)]
    if not filled:
        return empty_features(definition)
    return filled[0] if len(filled) == 1 else gpd.GeoDataFrame(pd.concat(filled))


def _plain(definition: LayerDefinition, features: gpd.GeoDataFrame, feature_id: str) -> dict[str, Any] | None:
    """Return one feature as plain values, None for missing."""
    if feature_id not in features.index:
        return None
    row = features.loc[[feature_id]]
    values: dict[str, Any] = {}
    for one in definition.all_fields:
        value = row[one.name].iloc[0]
        absent = bool(pd.isna(value))
        if one.type == "date":
            values[one.name] = None if absent else value.date()
        else:
            values[one.name] = None if absent else value.item() if hasattr(value, "item") else value
    return {**values, GEOMETRY: row.geometry.iloc[0]}
