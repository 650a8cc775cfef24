"""A file into a proposal: read, placed, put right and checked as any import, then noted as its next version."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt

from layers.errors import NotAllowedError
from layers.examining import stopped
from layers.importing import receive_file
from layers.proposals.model import Proposal
from layers.proposals.register import get_proposal
from layers.proposals.viewing import ProposalStore
from layers.receipts import Receipt
from layers.store import Changeset, Edit, Remove, Store
from layers.types import Text
from layers.validation import Checked

__all__ = ["Reach", "receive_changes"]

#: Tells for geometries of a layer, EPSG:4326, whether somebody may offer changes there.
Reach = Callable[[str, npt.NDArray[np.object_]], npt.NDArray[np.bool_]]


class _WithinReach(ProposalStore):
    """A proposal to which somebody offers changes within his reach only: where features lie, and where they lay."""

    def __init__(self, store: Store, proposal: str, *, whole: Store, reach: Reach) -> None:
        super().__init__(store, proposal, whole=whole)
        self._reach = reach

    def commit(self, edits: Iterable[Edit], **options: Any) -> Changeset:
        """Write edits into the proposal, if all of them are within reach.

        Parameters
        ----------
        edits : iterable of Put or Remove
            As for the plan.
        **options : object
            As for a proposal.

        Returns
        -------
        Changeset
            As of a proposal.

        Raises
        ------
        NotAllowedError
            If one of them is not.
        """
        given = [*edits]
        for edit in given:
            for frame in self._states(edit):
                within = self._reach(edit.layer, np.asarray(frame.geometry.array, dtype=object))
                if not within.all():
                    wanted = Text(vi="đối tượng trong vùng được đề xuất thay đổi", en="features where you may propose")
                    raise NotAllowedError(seen=frame.index[int(within.argmin())], wanted=wanted, where=edit.layer)
        return super().commit(given, **options)

    def _states(self, edit: Edit) -> Sequence[gpd.GeoDataFrame]:
        """Return the features that an edit changes, as they would be and as they are."""
        if isinstance(edit, Remove):
            after, ids = [], list(edit.ids)
        else:
            after = [edit.features.features if isinstance(edit.features, Checked) else edit.features]
            ids = after[0].index.tolist()
        # Whatever a whole layer does not name any more is removed.
        named = None if not isinstance(edit, Remove) and edit.mode == "replace" else ids
        before = [self._whole.read(edit.layer, ids=named, proposal=state) for state in (None, self.proposal)]
        return [*after, *before]


def receive_changes(
    store: Store,
    proposal: str,
    path: str | Path,
    layer: str,
    *,
    author: str,
    message: str,
    seen: Store | None = None,
    reach: Reach | None = None,
    **options: Any,
) -> tuple[Proposal, Receipt]:
    """Take one layer of a file into a proposal, as its next version or not at all, and give a receipt.

    Parameters
    ----------
    store : Store
        The plan.
    proposal : str
        Id of the proposal.
    path : str or Path
        A file of a format in `layers.formats.SUFFIXES`.
    layer : str
        The layer's id.
    author, message : str
        Who, and why.
    seen : Store, optional
        The plan as the author may see it; all of it, without it.
    reach : callable, optional
        Where the author may offer changes; everywhere, without it. A file that goes beyond is refused as a whole.
    **options : object
        As for `layers.importing.receive_file`; its modes speak of the state that the proposal makes.

    Returns
    -------
    (Proposal, Receipt)
        The proposal, with its next version unless the file was refused or changes nothing; and the receipt.

    Raises
    ------
    UnknownProposalError
        If there is no such proposal.
    ProposalLockedError
        If it is no draft and was not returned.
    UnknownLayerError, MissingFileError, DefinitionError, ValueOutOfRangeError
        As for `layers.importing.receive_file`.
    """
    before = get_proposal(store, proposal)
    plan: Store = seen or store
    said: dict[str, Any] = {"author": author, "message": message, **options}
    if reach is None:
        through = ProposalStore(plan, proposal, whole=store)
    else:
        through = _WithinReach(plan, proposal, whole=store, reach=reach)
    try:
        receipt = receive_file(through, path, layer, **said)
    except NotAllowedError as error:
        # Looked through once more without writing, for a receipt of all that there is to say.
        looked = receive_file(through, path, layer, **{**said, "dry_run": True})
        receipt = stopped(looked, "feature-beyond", error)
    after = get_proposal(store, proposal)
    if receipt.changeset is None:
        return after, receipt
    note = Text(
        vi=f"Đã ghi vào đề xuất {after.id}, phiên bản {after.version}; quy hoạch chưa thay đổi.",
        en=f"Noted in the proposal {after.id}, version {after.version}; the plan has not changed.",
    )
    if after.version == before.version:
        note = Text(vi=f"Đề xuất {after.id} không đổi.", en=f"The proposal {after.id} has not changed.")
    return after, replace(receipt, changeset=None, notes=(*receipt.notes, note))
