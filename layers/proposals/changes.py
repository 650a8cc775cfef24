"""Editing what a proposal changes: whole features put, removed, or left alone again; every version of it stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
import sqlalchemy as sa

from layers.definitions import LayerDefinition
from layers.errors import (
    FeatureExistsError,
    InvalidFeaturesError,
    ProposalConflictError,
    ProposalLockedError,
    UnknownFeatureError,
    ValueOutOfRangeError,
)
from layers.proposals.model import EDITABLE, STATE_TITLES, Proposal, Withdraw
from layers.proposals.records import check_said, note_event, read_proposal
from layers.schema import empty_features
from layers.store import Put, Remove, Store
from layers.store.core import Core
from layers.store.model import PutMode
from layers.store.proposing import WITHDRAWN, LayerChanges, change_counts, layer_changes
from layers.store.rows import attribute_columns, changed, json_rows
from layers.store.selecting import wanted_by
from layers.store.states import read_rows, state_of
from layers.types import Text
from layers.validation import Checked

__all__ = ["ProposalEdit", "change_summary", "edit_proposal", "proposal_changes"]

ProposalEdit = Put | Remove | Withdraw
#: How often an edit is worked out again because somebody else edited the same proposal meanwhile.
_ATTEMPTS: Final = 5


@dataclass(frozen=True, eq=False)
class _Rows:
    """New rows of changes of one layer."""

    layer: str
    ids: Sequence[str]
    operations: Sequence[str]
    attributes: Sequence[str | None]
    geometry: Sequence[bytes | None]

    def values(self, number: int, version: int) -> list[dict[str, Any]]:
        common = {"proposal": number, "version": version, "layer": self.layer}
        columns = zip(self.ids, self.operations, self.attributes, self.geometry, strict=True)
        names = ("feature_id", "operation", "attributes", "geometry")
        return [{**common, **dict(zip(names, row, strict=True))} for row in columns]


def edit_proposal(
    store: Store,
    proposal: str,
    edits: Sequence[ProposalEdit],
    *,
    author: str,
    message: str = "",
    version: int | None = None,
    detail: Mapping[str, Any] | None = None,
    keep_base: bool = False,
) -> Proposal:
    """Edit what a proposal changes, all of it or nothing.

    A feature put as it is in the base is no change and leaves the proposal. A draft that changes nothing yet takes the
    newest state for its base, unless it was made on an earlier one.

    Parameters
    ----------
    store : Store
        The plan.
    proposal : str
        Its id.
    edits : sequence of Put, Remove or Withdraw
        No feature may be named twice. Modes of `Put` speak of the state that the proposal makes.
    author : str
        Who edits.
    message : str
        Why.
    version : int, optional
        The version that the edits were made on; refused if there is a newer one.
    detail : mapping, optional
        What more the record should hold; plain values.
    keep_base : bool
        Whether the edits were made on the proposal's base, however new the plan is.

    Returns
    -------
    Proposal
        With its next version; as it was where nothing changes.

    Raises
    ------
    UnknownProposalError
        If there is none.
    ProposalLockedError
        If it is no draft and was not returned.
    ProposalConflictError
        If `version` is not the newest, or others edit it all the time.
    InvalidFeaturesError
        If features break the layer's definition.
    UnknownLayerError, UnknownFeatureError, FeatureExistsError, CrsError, ValueOutOfRangeError
        For edits that do not fit the state that the proposal makes.
    """
    check_said(author=author)
    core = store.core
    for _ in range(_ATTEMPTS):
        with core.reading() as connection:
            found = read_proposal(core, connection, proposal)
            latest = core.latest(connection)
            chosen = found.base < core.changeset_at(connection, found.created)
        _check_editable(found, version)
        base = found.base if found.version or chosen or keep_base else latest
        rows = _worked_out(store, found, edits, base=base)
        with core.writing() as connection:
            core.engine.lock(connection)
            now = read_proposal(core, connection, proposal)
            _check_editable(now, version)
            if (now.version, now.base) != (found.version, found.base):
                continue
            if not rows:
                return now
            table = core.base.proposal_changes
            for each in rows:
                connection.execute(sa.insert(table), each.values(int(now.id), now.version + 1))
            count = {"features": sum(len(each.ids) for each in rows), **(detail or {})}
            following = now.version + 1
            return note_event(
                core,
                connection,
                now,
                "changed",
                who=author,
                message=message,
                version=following,
                base=base,
                detail=count,
            )
    raise _edited_meanwhile(proposal)


def proposal_changes(store: Store, proposal: str, *, version: int | None = None) -> dict[str, LayerChanges]:
    """Return what a proposal changes.

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
    dict of str to LayerChanges
        By layer, in the order of their ids; only layers that it changes and that the store shows.

    Raises
    ------
    UnknownProposalError
        If there is none.
    """
    core = store.core
    with core.reading() as connection:
        number = int(read_proposal(core, connection, proposal).id)
        definitions = core.definitions(connection)
        return {
            layer: _seen(core, connection, definitions[layer], number, version=version)
            for layer in change_counts(core, connection, number, version=version)
            if layer in definitions
        }


def change_summary(store: Store, proposal: str, *, version: int | None = None) -> dict[str, dict[str, int]]:
    """Return how many features a proposal changes.

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
    dict of str to dict of str to int
        By layer and operation ("insert", "update", "delete").

    Raises
    ------
    UnknownProposalError
        If there is none.
    """
    core = store.core
    with core.reading() as connection:
        number = int(read_proposal(core, connection, proposal).id)
        definitions = core.definitions(connection)
        counts = change_counts(core, connection, number, version=version)
        shown = {}
        for layer in counts.keys() & definitions.keys():
            told = counts[layer]
            if core.mark(layer):
                seen = _seen(core, connection, definitions[layer], number, version=version)
                updated = len(seen.features.index.difference(list(seen.inserted)))
                told = {"insert": len(seen.inserted), "update": updated, "delete": len(seen.deleted)}
            if any(told.values()):
                shown[layer] = told
        return {layer: shown[layer] for layer in counts if layer in shown}


def _seen(
    core: Core, connection: sa.Connection, definition: LayerDefinition, number: int, *, version: int | None
) -> LayerChanges:
    """Return what a proposal changes in a layer, as far as it is seen before or after the change."""
    changes = layer_changes(core, connection, definition, number, version=version)
    if not core.mark(definition.id):
        return changes
    features = core.kept(connection, definition, changes.features)
    base = read_proposal(core, connection, str(number)).base
    before = state_of(core, connection, definition, wanted_by({"as_of": base, "ids": sorted(changes.ids)}))
    there = frozenset(read_rows(core, connection, before).ids)
    # One that comes into sight is new to its reader, one that leaves it is gone.
    return LayerChanges(features, frozenset(features.index) - there, (there - frozenset(features.index)) & changes.ids)


def _check_editable(proposal: Proposal, version: int | None) -> None:
    if not proposal.editable:
        title = STATE_TITLES[proposal.state]
        wanted = Text(
            vi=" hoặc ".join(f"“{STATE_TITLES[state].vi}”" for state in EDITABLE),
            en=" or ".join(STATE_TITLES[state].en for state in EDITABLE),
        )
        seen = Text(vi=f"đang ở trạng thái “{title.vi}”", en=title.en)
        raise ProposalLockedError(seen=seen, wanted=wanted, where=proposal.id)
    if version is not None and version != proposal.version:
        raise _edited_meanwhile(proposal.id)


def _edited_meanwhile(proposal: str) -> ProposalConflictError:
    return ProposalConflictError(
        seen=Text(vi="người khác vừa sửa đề xuất", en="somebody else has just edited it"),
        wanted=Text(vi="xem lại phiên bản mới nhất rồi sửa", en="a look at its newest version first"),
        where=proposal,
    )


def _worked_out(store: Store, proposal: Proposal, edits: Sequence[ProposalEdit], *, base: int) -> list[_Rows]:
    """Return the rows that edits come to, on the state that the proposal makes."""
    core, seen = store.core, dict[str, set[str]]()
    worked = []
    for edit in edits:
        definition = store.definition(edit.layer)
        with core.reading() as connection:
            now = layer_changes(core, connection, definition, int(proposal.id))
        if isinstance(edit, Put):
            parts = _put(store, definition, edit, now, base=base)
        elif isinstance(edit, Remove):
            parts = [_removed(store, definition, list(edit.ids), now, base=base)]
        else:
            parts = [_withdrawn(definition, list(edit.ids), now)]
        named = list(edit.ids) if not isinstance(edit, Put) else [id_ for part in parts for id_ in part.ids]
        _check_once(definition, named, seen.setdefault(definition.id, set()))
        worked += [part for part in parts if part.ids]
    return worked


def _check_once(definition: LayerDefinition, ids: Sequence[str], seen: set[str]) -> None:
    for id_ in ids:
        if id_ in seen:
            wanted = Text(vi="mỗi đối tượng một lần trong một lần sửa", en="each feature once in an edit")
            raise ValueOutOfRangeError(seen=id_, wanted=wanted, where=definition.id)
        seen.add(id_)


def _put(store: Store, definition: LayerDefinition, edit: Put, now: LayerChanges, *, base: int) -> list[_Rows]:
    checked = _checked(definition, edit.features)
    if checked.errors:
        raise InvalidFeaturesError(definition.id, checked.errors)
    features = checked.features
    ids = features.index
    whole = edit.mode == "replace"
    there = store.read(definition.id, as_of=base, ids=None if whole else ids.tolist())
    in_base = np.asarray(ids.isin(there.index))
    _check_mode(definition, edit.mode, features, in_base=in_base, now=now)
    same = _same(definition, features, there)
    mine = np.asarray(ids.isin(list(now.ids)))
    repeated = _same(definition, features, now.features)
    operations = np.where(same, WITHDRAWN, np.where(in_base, "update", "insert"))
    wanted = np.where(same, mine, ~repeated)
    rows = [_rows(definition, features[wanted], operations[wanted].tolist())]
    if whole:
        gone = there.index.union(now.features.index).difference(ids).difference(list(now.deleted))
        rows.append(_removed(store, definition, gone.tolist(), now, base=base))
    return rows


def _checked(definition: LayerDefinition, features: gpd.GeoDataFrame | Checked) -> Checked:
    """Return features checked against the definition as it is stored."""
    if not isinstance(features, Checked):
        return Checked(definition, features)
    known = bool(features.errors) or features.definition == definition
    return features if known else Checked(definition, features.features)


def _check_mode(
    definition: LayerDefinition,
    mode: PutMode,
    features: gpd.GeoDataFrame,
    *,
    in_base: npt.NDArray[np.bool_],
    now: LayerChanges,
) -> None:
    ids = features.index
    there = (in_base & ~ids.isin(list(now.deleted))) | ids.isin(now.features.index)
    if mode == "insert" and there.any():
        raise FeatureExistsError(seen=ids[int(there.argmax())], where=definition.id)
    if mode == "update" and not there.all():
        raise UnknownFeatureError(seen=ids[int(there.argmin())], where=definition.id)


def _removed(store: Store, definition: LayerDefinition, ids: list[str], now: LayerChanges, *, base: int) -> _Rows:
    there = set(store.read(definition.id, as_of=base, ids=ids).index)
    operations = []
    for id_ in ids:
        if id_ in now.deleted or (id_ not in there and id_ not in now.inserted):
            raise UnknownFeatureError(seen=id_, where=definition.id)
        operations.append("delete" if id_ in there else WITHDRAWN)
    return _Rows(definition.id, ids, operations, [None] * len(ids), [None] * len(ids))


def _withdrawn(definition: LayerDefinition, ids: list[str], now: LayerChanges) -> _Rows:
    if missing := [id_ for id_ in ids if id_ not in now.ids]:
        raise UnknownFeatureError(seen=missing[0], where=definition.id)
    return _Rows(definition.id, ids, [WITHDRAWN] * len(ids), [None] * len(ids), [None] * len(ids))


def _rows(definition: LayerDefinition, features: gpd.GeoDataFrame, operations: list[str]) -> _Rows:
    written = [operation != WITHDRAWN for operation in operations]
    attributes = json_rows(attribute_columns(definition, features), len(features))
    shapes = shapely.to_wkb(np.asarray(features.geometry.array)).tolist()
    return _Rows(
        definition.id,
        features.index.tolist(),
        operations,
        [text if keep else None for text, keep in zip(attributes, written, strict=True)],
        [shape if keep else None for shape, keep in zip(shapes, written, strict=True)],
    )


def _same(definition: LayerDefinition, features: gpd.GeoDataFrame, other: gpd.GeoDataFrame) -> npt.NDArray[np.bool_]:
    """Mark the features that are in another frame just so."""
    same = np.asarray(features.index.isin(other.index), dtype=bool)
    if not same.any():
        return same
    mine = features[same]
    theirs = other.reindex(mine.index) if len(other) else empty_features(definition)
    same[same] = ~changed(
        attribute_columns(definition, theirs.astype(mine.dtypes.drop(mine.geometry.name).to_dict())),
        attribute_columns(definition, mine),
        shapely.to_wkb(np.asarray(theirs.geometry.array)).tolist(),
        np.asarray(mine.geometry.array),
    )
    return same
