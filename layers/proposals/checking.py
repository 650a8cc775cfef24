"""Validation of a proposal against the plan as it is now: what it changes, what lies beside that, what refers to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from layers.checking import check_features
from layers.definitions import LayerDefinition
from layers.importing import StoreSurroundings
from layers.proposals.changes import proposal_changes
from layers.proposals.viewing import ProposalStore
from layers.store import Store
from layers.types import Bounds
from layers.validation import Issue
from layers.validation.comparing import IssueComparison, compare_issues
from layers.validation.references import check_references

__all__ = ["check_changes", "touched_features"]

#: What lies so near to a change may fit to it or not: about ten metres, in degrees.
_BESIDE_DEG: Final = 1e-4


def touched_features(store: Store, proposal: str) -> dict[str, gpd.GeoDataFrame]:
    """Return the features that a proposal changes, as they are in the plan now and as they would be.

    Parameters
    ----------
    store : Store
        The plan.
    proposal : str
        Its id.

    Returns
    -------
    dict of str to GeoDataFrame
        By layer; a feature that is changed is there twice.

    Raises
    ------
    UnknownProposalError
        If there is none.
    """
    touched = {}
    for layer, changes in proposal_changes(store, proposal).items():
        ids = sorted(changes.ids)
        states = [store.read(layer, ids=ids), store.read(layer, ids=ids, proposal=proposal)]
        kept = [state for state in states if len(state)]
        touched[layer] = gpd.GeoDataFrame(pd.concat(kept)) if kept else states[0]
    return touched


def check_changes(store: Store, proposal: str) -> IssueComparison:
    """Check what a proposal changes as an import would, and compare with the plan as it is now.

    Parameters
    ----------
    store : Store
        The plan.
    proposal : str
        Its id.

    Returns
    -------
    IssueComparison
        Issues of the features that it changes, those of their neighbours that are new or fixed, and references that
        lead to what it removes.

    Raises
    ------
    UnknownProposalError
        If there is none.
    """
    proposed = ProposalStore(store, proposal)
    definitions = store.layers()
    found: list[list[Issue]] = [[], []]
    changed: dict[str, frozenset[str]] = {}
    for layer, changes in proposal_changes(store, proposal).items():
        definition, changed[layer] = definitions[layer], changes.ids
        ids = sorted({*changes.ids, *_beside(store, proposed, definition, changes.ids)})
        for side, state in enumerate((store, proposed)):
            features = state.read(layer, ids=ids)
            if len(features):
                surroundings = StoreSurroundings(state)
                found[side] += check_features(features, definition, name=layer, surroundings=surroundings).issues
        found[1] += _left_behind(proposed, definitions, layer, changes.deleted)
    compared = compare_issues(*found)
    kept = tuple(one for one in compared.issues if one.change != "unchanged" or _concerns(one.issue, changed))
    return replace(compared, issues=kept)


def _concerns(issue: Issue, changed: Mapping[str, frozenset[str]]) -> bool:
    ids = changed.get(issue.layer, frozenset())
    return issue.feature_id is None or issue.feature_id in ids or issue.other in ids


def _beside(store: Store, proposed: Store, definition: LayerDefinition, ids: frozenset[str]) -> set[str]:
    """Return the features that touch what is changed, before or after."""
    if definition.topology is None:
        return set()
    named = sorted(ids)
    states = [state.read(definition.id, ids=named) for state in (store, proposed)]
    shapes = np.concatenate([np.asarray(state.geometry.array, dtype=object) for state in states])
    shapes = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    if not len(shapes):
        return set()
    tree = shapely.STRtree(shapes)
    near: set[str] = set()
    for state in (store, proposed):
        there = state.read(definition.id, bbox=_around(shapes))
        rows = tree.query(np.asarray(there.geometry.array), predicate="dwithin", distance=_BESIDE_DEG)[0]
        near.update(there.index[np.unique(rows)])
    return near


def _around(shapes: np.ndarray[Any, np.dtype[np.object_]]) -> Bounds:
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    low = max(west - _BESIDE_DEG, -180.0), max(south - _BESIDE_DEG, -90.0)
    return (*low, min(east + _BESIDE_DEG, 180.0), min(north + _BESIDE_DEG, 90.0))


def _left_behind(
    proposed: Store, definitions: Mapping[str, LayerDefinition], layer: str, deleted: frozenset[str]
) -> list[Issue]:
    """Return an issue for each reference that leads to what is removed."""
    if not deleted:
        return []
    found: list[Issue] = []
    for other in definitions.values():
        fields = tuple(one for one in other.fields if one.references == layer)
        if not fields:
            continue
        rows = proposed.read(other.id)
        lost = np.logical_or.reduce([rows[one.name].isin(list(deleted)).to_numpy(dtype=bool) for one in fields])
        if lost.any():
            known = {layer: frozenset(proposed.read(layer).index)}
            narrow = other.model_copy(update={"fields": fields})
            issues = check_references(narrow, rows[lost], known).issues
            places = rows[lost].geometry
            found += [issue if issue.row is None else replace(issue, place=places.iloc[issue.row]) for issue in issues]
    return found
