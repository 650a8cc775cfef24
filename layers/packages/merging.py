"""A returned package merged into the state of the store as it is now."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from layers.definitions import LayerDefinition
from layers.merge import DEFAULT_TOLERANCE_M, Merge, Resolution, merge_layers
from layers.packages.changes import LayerChanges, PackageChanges
from layers.schema import empty_features, typed
from layers.store import Changeset, Decision, Store
from layers.types import Bounds, Language

__all__ = ["PackageMerge", "commit_merge", "merge_package"]

#: What lies so far around a change is looked at by topology rules: some hundred metres, in degrees.
_AROUND_DEG: Final = 0.005
_Wanted = dict[str, set[str]]


@dataclass(frozen=True, eq=False)
class PackageMerge:
    """A package merged into one state of the store.

    Parameters
    ----------
    changes : PackageChanges
        What the institute changed.
    against : int
        The changeset of the state that it was merged into.
    merge : Merge
        What came of it.
    """

    changes: PackageChanges
    against: int
    merge: Merge

    def resolve(self, *resolutions: Resolution) -> PackageMerge:
        """Resolve conflicts, one by one or by rule.

        Parameters
        ----------
        *resolutions : Resolution
            The last that fits a conflict is the one that holds.

        Returns
        -------
        PackageMerge
            Merged anew, into the same state.
        """
        return replace(self, merge=self.merge.resolve(*resolutions))


def merge_package(
    store: Store,
    changes: PackageChanges,
    *,
    rules: Sequence[Resolution] = (),
    tolerance_m: float = DEFAULT_TOLERANCE_M,
) -> PackageMerge:
    """Merge what an institute changed with what was changed in the store since.

    Parameters
    ----------
    store : Store
        The store.
    changes : PackageChanges
        Base and incoming state.
    rules : sequence of Resolution
        How conflicts are resolved, as far as that is known before.
    tolerance_m : float
        How far a vertex may have moved without being a change, metres.

    Returns
    -------
    PackageMerge
        Of the features that can matter: those that were changed, what lies around them, what they refer to and what
        refers to those that were deleted.

    Raises
    ------
    LayersError
        What refuses a file of the package, if one was refused.
    """
    changes.check()
    edited = {layer: one for layer, one in changes.layers.items() if len(one)}
    definitions = store.layers()
    against = store.latest()
    wanted = _wanted(store, definitions, edited, (changes.base, against))
    base = {layer: _read(store, layer, ids, changes.base) for layer, ids in wanted.items()}
    ours = {layer: _read(store, layer, ids, against) for layer, ids in wanted.items()}
    theirs = {layer: _edited(frame, edited.get(layer)) for layer, frame in base.items()}
    bounds = _around(edited)
    covering = {one.topology.covered_by for layer in edited if (one := definitions[layer]).topology}
    beside = {
        layer: store.read(layer, bbox=bounds)
        for layer in covering
        if layer is not None and layer in definitions and layer not in wanted and bounds is not None
    }
    merge = merge_layers(
        {layer: definitions[layer] for layer in wanted},
        base,
        ours,
        theirs,
        tolerance_m=tolerance_m,
        rules=rules,
        beside=beside,
    )
    return PackageMerge(changes, against, merge)


def commit_merge(
    store: Store,
    merged: PackageMerge,
    *,
    author: str,
    message: str,
    decision: Decision | None = None,
    language: Language = "vi",
) -> Changeset | None:
    """Write a merge as one changeset, or nothing at all.

    Parameters
    ----------
    store : Store
        The store.
    merged : PackageMerge
        Without open conflicts.
    author, message : str
        Who, and why; how conflicts were resolved is added to the message.
    decision : Decision, optional
        By which document.
    language : {"vi", "en"}
        Of what is added.

    Returns
    -------
    Changeset or None
        None if nothing differs from the current state.

    Raises
    ------
    MergeConflictsError
        While a conflict is open.
    StaleBaseError
        If somebody changed one of the features since the merge was made.
    InvalidFeaturesError
        If merged features break their layer's definition.
    """
    edits = merged.merge.edits()
    if not edits:
        return None
    return store.commit(
        edits,
        author=author,
        message=merged.merge.record(message, language),
        decision=decision,
        base=merged.against or None,
    )


def _wanted(
    store: Store, definitions: dict[str, LayerDefinition], edited: dict[str, LayerChanges], states: tuple[int, int]
) -> _Wanted:
    """Return the features of each layer that take part."""
    wanted: _Wanted = {}
    for layer, changes in edited.items():
        ids = wanted.setdefault(layer, set())
        ids |= {*changes.inserted, *changes.updated, *changes.deleted}
        if definitions[layer].topology is not None and (bounds := _around({layer: changes})) is not None:
            for state in filter(None, states):
                ids |= set(store.read(layer, bbox=bounds, as_of=state).index)
        for field in definitions[layer].fields:
            if field.references in definitions:
                named = changes.features.loc[[*changes.inserted, *changes.updated], field.name].dropna()
                wanted.setdefault(str(field.references), set()).update(named)
    for layer, definition in definitions.items():
        for field in definition.fields:
            gone = edited[field.references].deleted if field.references in edited else ()
            if gone:
                features = store.read(layer)
                wanted.setdefault(layer, set()).update(features.index[features[field.name].isin(gone)])
    return {layer: ids for layer, ids in wanted.items() if ids}


def _read(store: Store, layer: str, ids: set[str], state: int) -> gpd.GeoDataFrame:
    return store.read(layer, as_of=state, ids=sorted(ids)) if state else empty_features(store.definition(layer))


def _edited(base: gpd.GeoDataFrame, changes: LayerChanges | None) -> gpd.GeoDataFrame:
    """Return the incoming state of the features that take part."""
    if changes is None:
        return base
    put = changes.features.loc[[*changes.inserted, *changes.updated]]
    kept = base[~base.index.isin([*put.index, *changes.deleted])]
    if kept.empty or put.empty:
        return put if kept.empty else kept
    return typed(changes.definition, pd.concat([kept, put]))


def _around(edited: dict[str, LayerChanges]) -> Bounds | None:
    """Return where changes can matter."""
    shapes = [
        frame.geometry[frame.index.isin([*one.inserted, *one.updated, *one.deleted])].to_numpy()
        for one in edited.values()
        for frame in (one.base, one.features)
    ]
    found = shapely.total_bounds(np.concatenate(shapes)) if shapes else np.full(4, np.nan)
    if not np.isfinite(found).all():
        return None
    west, south, east, north = found.tolist()
    return (
        max(west - _AROUND_DEG, -180.0),
        max(south - _AROUND_DEG, -90.0),
        min(east + _AROUND_DEG, 180.0),
        min(north + _AROUND_DEG, 90.0),
    )
