"""A proposal against the plan as it is now: three-way merge, its conflicts, and how people resolved them.

Only what can matter takes part: the features that the proposal changes, what lies beside them, and what refers to them
or is referred to by them. A resolution holds for the version that it was made on, as long as nobody has changed the
feature since; a rule is noted as what it came to for each conflict.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely
import sqlalchemy as sa

from layers.definitions import LayerDefinition
from layers.errors import ProposalLockedError
from layers.merge import DEFAULT_TOLERANCE_M, Merge, Resolution, merge_layers
from layers.proposals.changes import proposal_changes
from layers.proposals.model import FINAL, STATE_TITLES, Proposal
from layers.proposals.records import check_said, note_event, read_proposal
from layers.proposals.register import get_proposal, list_events
from layers.schema import typed
from layers.store import Store
from layers.store.proposing import LayerChanges
from layers.types import Bounds, Text

__all__ = ["ProposalMerge", "merge_proposal", "resolve_conflicts"]

#: Features so near may touch what is changed, degrees.
_NEAR_DEG: Final = 0.005
_KEYS: Final = ("layer", "kind", "feature_id", "field", "other")


@dataclass(frozen=True, eq=False)
class ProposalMerge:
    """What comes of a proposal on the newest state.

    Attributes
    ----------
    proposal : Proposal
        As it stood.
    against : int
        The changeset of that state.
    merge : Merge
        Merged state, conflicts, and edits once nothing is open.
    layers : tuple of str
        Layers that the proposal changes.
    """

    proposal: Proposal
    against: int
    merge: Merge
    layers: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Parts:
    """The states that meet, layer by layer, as far as they take part."""

    definitions: dict[str, LayerDefinition] = field(default_factory=dict)
    base: dict[str, gpd.GeoDataFrame] = field(default_factory=dict)
    ours: dict[str, gpd.GeoDataFrame] = field(default_factory=dict)
    theirs: dict[str, gpd.GeoDataFrame] = field(default_factory=dict)


def merge_proposal(
    store: Store, proposal: str, *, tolerance_m: float = DEFAULT_TOLERANCE_M, rules: Sequence[Resolution] = ()
) -> ProposalMerge:
    """Merge a proposal into the newest state, without writing anything.

    Parameters
    ----------
    store : Store
        The plan.
    proposal : str
        Its id.
    tolerance_m : float
        How far vertices may have moved without being a change, metres.
    rules : sequence of Resolution
        They count after those that were noted with the proposal.

    Returns
    -------
    ProposalMerge
        With every conflict.

    Raises
    ------
    UnknownProposalError
        If there is none.
    """
    found = get_proposal(store, proposal)
    against = store.latest()
    changes = proposal_changes(store, proposal)
    parts, beside = _gathered(store, found, changes, against=against)
    noted = _standing(store, found)
    merge = merge_layers(
        parts.definitions,
        parts.base,
        parts.ours,
        parts.theirs,
        tolerance_m=tolerance_m,
        rules=(*noted, *rules),
        beside=beside,
    )
    return ProposalMerge(found, against, merge, tuple(changes))


def resolve_conflicts(
    store: Store, proposal: str, resolutions: Sequence[Resolution], *, author: str, message: str = ""
) -> ProposalMerge:
    """Resolve conflicts of a proposal with the newest state, one by one or by rule, and note it.

    Parameters
    ----------
    store : Store
        The plan.
    proposal : str
        Its id; it may be in any state that is not final.
    resolutions : sequence of Resolution
        They count after those that were noted before.
    author : str
        Who resolves.
    message : str
        Why, where a resolution does not say so itself.

    Returns
    -------
    ProposalMerge
        With the conflicts that are left, and those that came up.

    Raises
    ------
    UnknownProposalError
        If there is none.
    ProposalLockedError
        If it is decided already.
    ValueOutOfRangeError
        If a value does not mean its field's type, or another id is no unused one.
    """
    check_said(author=author)
    signed = [replace(one, by=one.by or author, why=one.why or message) for one in resolutions]
    merged = merge_proposal(store, proposal, rules=signed)
    settled = merged.merge.conflicts.settled
    single = [
        replace(settled.resolutions[number], **{name: _known(settled.rows.at[row, name]) for name in _KEYS})
        for row, number in enumerate(settled.resolved.tolist())
    ]
    core = store.core
    with core.writing() as connection:
        core.engine.lock(connection)
        found = read_proposal(core, connection, proposal)
        if found.state in FINAL:
            title = STATE_TITLES[found.state]
            wanted = Text(vi="đề xuất chưa kết thúc", en="a proposal that is not decided yet")
            raise ProposalLockedError(
                seen=Text(vi=f"đã kết thúc (“{title.vi}”)", en=title.en), wanted=wanted, where=found.id
            )
        detail = {"against": merged.against, "resolutions": [_written(one) for one in single]}
        note_event(core, connection, found, "resolved", who=author, message=message, detail=detail)
    return merged


def _known(value: object) -> Any:
    return None if value is None or (isinstance(value, float) and np.isnan(value)) else value


def _written(one: Resolution) -> dict[str, Any]:
    value = one.value
    if isinstance(value, shapely.Geometry):
        value = {"geojson": orjson.loads(shapely.to_geojson(value))}
    keys = {name: getattr(one, name) for name in _KEYS}
    return {**keys, "choice": one.choice, "value": value, "by": one.by, "why": one.why, "at": one.at.isoformat()}


def _read(entry: Mapping[str, Any]) -> Resolution:
    value = entry["value"]
    if isinstance(value, dict) and "geojson" in value:
        value = shapely.from_geojson(orjson.dumps(value["geojson"]))
    return Resolution(**{**entry, "value": value, "at": dt.datetime.fromisoformat(entry["at"])})


def _standing(store: Store, proposal: Proposal) -> list[Resolution]:
    """Return the noted resolutions that still hold: the last that was noted says all of them."""
    events = [event for event in list_events(store, proposal.id) if event.kind == "resolved"]
    if not events or events[-1].version != proposal.version:
        return []
    against = int(events[-1].detail["against"])
    noted = [_read(entry) for entry in events[-1].detail["resolutions"]]
    named: dict[str, set[str]] = {}
    for one in noted:
        named.setdefault(str(one.layer), set()).update(name for name in (one.feature_id, one.other) if name)
    moved = {layer: _changed_since(store, layer, ids, against) for layer, ids in named.items()}
    return [one for one in noted if not {one.feature_id, one.other} & moved[str(one.layer)]]


def _changed_since(store: Store, layer: str, ids: Iterable[str], changeset: int) -> set[str]:
    core = store.core
    history = core.base.history
    wanted = sa.select(history.c.feature_id).where(
        history.c.layer == layer,
        core.engine.among(history.c.feature_id, sorted(ids)),
        history.c.changeset > changeset,
    )
    with core.reading() as connection:
        return set(connection.execute(wanted).scalars())


def _gathered(
    store: Store, proposal: Proposal, changes: Mapping[str, LayerChanges], *, against: int
) -> tuple[_Parts, dict[str, gpd.GeoDataFrame]]:
    """Return what takes part in a merge, and the layers beside it that topology rules ask for."""
    definitions = store.layers()
    wanted: dict[str, set[str]] = {layer: set(found.ids) for layer, found in changes.items()}
    beside: dict[str, gpd.GeoDataFrame] = {}
    for layer, found in changes.items():
        definition = definitions[layer]
        if definition.topology is not None:
            bounds = _bounds(store, definition, found, base=proposal.base)
            if bounds is not None:
                for as_of in {proposal.base, against}:
                    wanted[layer].update(store.read(layer, as_of=as_of, bbox=bounds).index)
                cover = definition.topology.covered_by
                if cover is not None and cover in definitions and cover not in changes:
                    beside[cover] = store.read(cover, bbox=bounds)
        _add_references(store, definitions, definition, found, wanted)
    parts = _Parts()
    for layer, named in wanted.items():
        ids = sorted(named)
        definition = definitions[layer]
        base = store.read(layer, as_of=proposal.base, ids=ids)
        parts.definitions[layer] = definition
        parts.base[layer] = base
        parts.ours[layer] = base if proposal.base == against else store.read(layer, as_of=against, ids=ids)
        parts.theirs[layer] = _applied(definition, base, changes.get(layer))
    return parts, beside


def _add_references(
    store: Store,
    definitions: Mapping[str, LayerDefinition],
    definition: LayerDefinition,
    found: LayerChanges,
    wanted: dict[str, set[str]],
) -> None:
    """Let features take part that refer to what is removed, and that are referred to by what is written."""
    for one in definition.fields:
        if one.references in definitions:
            named = found.features[one.name].dropna().astype("str")
            wanted.setdefault(cast("str", one.references), set()).update(named)
    if not found.deleted:
        return
    for other in definitions.values():
        for one in other.fields:
            if one.references == definition.id:
                rows = store.read(other.id)
                wanted.setdefault(other.id, set()).update(rows.index[rows[one.name].isin(list(found.deleted))])


def _bounds(store: Store, definition: LayerDefinition, found: LayerChanges, *, base: int) -> Bounds | None:
    """Return where changed features lie, before or after, some hundred metres wider."""
    before = store.read(definition.id, as_of=base, ids=sorted(found.ids))
    shapes = np.concatenate([np.asarray(one.geometry.array, dtype=object) for one in (before, found.features)])
    west, south, east, north = shapely.total_bounds(shapes).tolist()
    if not np.isfinite([west, south, east, north]).all():
        return None
    low, high = (max(west - _NEAR_DEG, -180.0), max(south - _NEAR_DEG, -90.0)), (east + _NEAR_DEG, north + _NEAR_DEG)
    return (*low, min(high[0], 180.0), min(high[1], 90.0))


def _applied(definition: LayerDefinition, base: gpd.GeoDataFrame, changes: LayerChanges | None) -> gpd.GeoDataFrame:
    """Return a state as a proposal would make it."""
    if changes is None:
        return base
    kept = base[~base.index.isin(list(changes.ids))]
    if kept.empty:
        return changes.features
    return kept if changes.features.empty else typed(definition, pd.concat([kept, changes.features]))
