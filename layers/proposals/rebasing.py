"""Moving a proposal onto the newest state of the plan, merged with what others changed since.

It is merged as on approval; what comes of that is its next version, on the newest base. How people resolved conflicts
is part of it from then on, so that nothing is asked twice; while a conflict is open nothing moves.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np
import shapely
import sqlalchemy as sa

from layers.definitions import LayerDefinition
from layers.errors import ProposalConflictError, ProposalLockedError
from layers.merge import DEFAULT_TOLERANCE_M, Resolution
from layers.proposals.changes import proposal_changes
from layers.proposals.merging import ProposalMerge, merge_proposal, resolve_conflicts
from layers.proposals.model import EDITABLE, STATE_TITLES, Proposal
from layers.proposals.records import check_said, note_event, read_proposal
from layers.proposals.register import get_proposal
from layers.store import Put, Remove, Store
from layers.store.proposing import WITHDRAWN
from layers.store.rows import attribute_columns, json_rows
from layers.types import Text

__all__ = ["rebase_proposal"]

Row = dict[str, Any]
#: How often it is merged anew because somebody edited the proposal meanwhile.
_ATTEMPTS: Final = 5


def rebase_proposal(
    store: Store,
    proposal: str,
    *,
    author: str,
    message: str = "",
    rules: Sequence[Resolution] = (),
    tolerance_m: float = DEFAULT_TOLERANCE_M,
) -> ProposalMerge:
    """Move a proposal onto the newest state of the plan, or tell what is in the way.

    Parameters
    ----------
    store : Store
        The plan.
    proposal : str
        Its id; a draft or a returned one.
    author : str
        Who moves it.
    message : str
        Why.
    rules : sequence of Resolution
        How conflicts are resolved, beside what was resolved before; they are noted with the proposal.
    tolerance_m : float
        How far vertices may have moved without being a change, metres.

    Returns
    -------
    ProposalMerge
        The merge, with the proposal as it stands then: on the newest base, or where it was while a conflict is open.

    Raises
    ------
    UnknownProposalError
        If there is none.
    ProposalLockedError
        If it is no draft and was not returned.
    ProposalConflictError
        If others edit it all the time.
    ValueOutOfRangeError
        If a resolution's value does not mean its field's type.
    """
    check_said(author=author)
    _check_editable(get_proposal(store, proposal))
    if rules:
        resolve_conflicts(store, proposal, rules, author=author, message=message)
    for _ in range(_ATTEMPTS):
        merged = merge_proposal(store, proposal, tolerance_m=tolerance_m)
        if len(merged.merge.conflicts.open) or merged.proposal.base == merged.against:
            return merged
        moved = _moved(store, merged, _rows(store, merged), author=author, message=message)
        if moved is not None:
            return replace(merged, proposal=moved)
    raise ProposalConflictError(
        seen=Text(vi="người khác liên tục sửa đề xuất", en="others keep editing it"),
        wanted=Text(vi="thử lại sau", en="another try later"),
        where=proposal,
    )


def _check_editable(proposal: Proposal) -> None:
    if not proposal.editable:
        title = STATE_TITLES[proposal.state]
        wanted = Text(
            vi=" hoặc ".join(f"“{STATE_TITLES[state].vi}”" for state in EDITABLE),
            en=" or ".join(STATE_TITLES[state].en for state in EDITABLE),
        )
        raise ProposalLockedError(seen=title, wanted=wanted, where=proposal.id)


def _rows(store: Store, merged: ProposalMerge) -> list[Row]:
    """Return every change that the proposal then makes, and which of those it made it makes no more."""
    definitions = store.layers()
    edits = merged.merge.edits()
    rows: list[Row] = []
    told: set[tuple[str, str]] = set()
    for edit in edits:
        made = _put(store, definitions[edit.layer], edit, merged.against) if isinstance(edit, Put) else _removed(edit)
        rows += made
        told |= {(edit.layer, row["feature_id"]) for row in made}
    for layer, changes in proposal_changes(store, merged.proposal.id).items():
        gone = [id_ for id_ in sorted(changes.ids) if (layer, id_) not in told]
        rows += [_row(layer, id_, WITHDRAWN) for id_ in gone]
    return rows


def _put(store: Store, definition: LayerDefinition, edit: Put, against: int) -> list[Row]:
    features: Any = edit.features
    ids = features.index.tolist()
    there = set(store.read(definition.id, as_of=against, ids=ids).index)
    attributes = json_rows(attribute_columns(definition, features), len(features))
    shapes = shapely.to_wkb(np.asarray(features.geometry.array)).tolist()
    return [
        _row(definition.id, id_, "update" if id_ in there else "insert", attributes=text, geometry=shape)
        for id_, text, shape in zip(ids, attributes, shapes, strict=True)
    ]


def _removed(edit: Remove) -> list[Row]:
    return [_row(edit.layer, id_, "delete") for id_ in edit.ids]


def _row(layer: str, id_: str, operation: str, *, attributes: str | None = None, geometry: bytes | None = None) -> Row:
    return {
        "layer": layer,
        "feature_id": id_,
        "operation": operation,
        "attributes": attributes,
        "geometry": geometry,
    }


def _moved(store: Store, merged: ProposalMerge, rows: Sequence[Row], *, author: str, message: str) -> Proposal | None:
    """Write the next version on its base; None if the proposal is not as it was merged."""
    core, before = store.core, merged.proposal
    with core.writing() as connection:
        core.engine.lock(connection)
        now = read_proposal(core, connection, before.id)
        _check_editable(now)
        if (now.version, now.base) != (before.version, before.base):
            return None
        common = {"proposal": int(now.id), "version": now.version + 1}
        if rows:
            connection.execute(sa.insert(core.base.proposal_changes), [{**common, **row} for row in rows])
        written = sum(row["operation"] != WITHDRAWN for row in rows)
        detail = {
            "features": written,
            "rebased": {"from": before.base, "onto": merged.against},
            "conflicts": dict(merged.merge.conflicts.counts()),
        }
        return note_event(
            core,
            connection,
            now,
            "changed",
            who=author,
            message=message,
            version=now.version + 1,
            base=merged.against,
            detail=detail,
        )
