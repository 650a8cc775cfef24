"""A package that an institute returned becomes a proposal on the state that the package was made of."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from layers.packages import PackageChanges, changes_of_package
from layers.proposals.changes import edit_proposal
from layers.proposals.model import Proposal
from layers.proposals.register import create_proposal
from layers.store import Store

__all__ = ["propose_package"]


def propose_package(
    store: Store,
    path: str | Path,
    *,
    title: str = "",
    author: str = "",
    message: str = "",
    **reading: Any,
) -> tuple[Proposal | None, PackageChanges]:
    """Make a proposal of what an institute changed in a package, or in a file with ids.

    Parameters
    ----------
    store : Store
        The store that the package came from.
    path : str or Path
        The returned package, or a file with feature ids.
    title : str
        What it is about; names the package and the institute, without it.
    author : str
        Who offers it; the institute, without it.
    message : str
        Why.
    **reading
        As for `layers.packages.changes_of_package`.

    Returns
    -------
    Proposal or None, PackageChanges
        A draft on the changeset that the package was made of, whatever the plan has become since; none where nothing
        was edited. And what was read, with its receipts.

    Raises
    ------
    LayersError
        Where the package cannot be read or taken in; no proposal is made then.
    """
    changes = changes_of_package(store, path, **reading)
    edits = changes.edits
    if not edits:
        return None, changes
    institute = changes.institute or author
    name = f"{changes.path.name} ({institute})" if institute else changes.path.name
    who = author or institute or changes.path.name
    made = create_proposal(store, title or name, author=who, message=message, base=changes.base)
    detail = {"package": changes.path.name, "signed": changes.signature is not None}
    edited = edit_proposal(store, made.id, edits, author=who, message=message, detail=detail, keep_base=True)
    return edited, changes
