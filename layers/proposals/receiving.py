"""A file into a proposal: read, placed, put right and checked as any import, then noted as its next version."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from layers.importing import receive_file
from layers.proposals.model import Proposal
from layers.proposals.register import get_proposal
from layers.proposals.viewing import ProposalStore
from layers.receipts import Receipt
from layers.store import Store
from layers.types import Text

__all__ = ["receive_changes"]


def receive_changes(
    store: Store,
    proposal: str,
    path: str | Path,
    layer: str,
    *,
    author: str,
    message: str,
    seen: Store | None = None,
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
    through = ProposalStore(seen or store, proposal, whole=store)
    receipt = receive_file(through, path, layer, author=author, message=message, **options)
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
