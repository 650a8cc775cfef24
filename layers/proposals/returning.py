"""A package that an institute returned becomes a proposal on the state that the package was made of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from layers.packages import PackageChanges, changes_of_package, note_return
from layers.proposals.changes import edit_proposal
from layers.proposals.model import Proposal
from layers.proposals.register import create_proposal
from layers.store import Store, completed

__all__ = ["propose_package"]


def propose_package(
    store: Store,
    path: str | Path,
    *,
    title: str = "",
    author: str = "",
    message: str = "",
    seen: Store | None = None,
    check: Callable[[PackageChanges], None] | None = None,
    **reading: Any,
) -> tuple[Proposal | None, PackageChanges]:
    """Make a proposal of what an institute changed in a package, or in a file with ids, and note that it came back.

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
    seen : Store, optional
        The store as the author may see it; what he does not see stays as the base has it.
    check : callable, optional
        Called with what was read before anything is written; what it raises ends it.
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
    shown = store if seen is None else seen
    changes = changes_of_package(shown, path, **reading)
    if check is not None:
        check(changes)
    edits = changes.edits
    institute = changes.institute or author
    who = author or institute or changes.path.name
    if not edits:
        note_return(store, changes, who=who, proposal=None)
        return None, changes
    name = f"{changes.path.name} ({institute})" if institute else changes.path.name
    whole = completed(shown, edits, as_of=changes.base)
    made = create_proposal(store, title or name, author=who, message=message, base=changes.base)
    detail = {"package": changes.path.name, "signed": changes.signature is not None}
    edited = edit_proposal(store, made.id, whole, author=who, message=message, detail=detail, keep_base=True)
    note_return(store, changes, who=who, proposal=edited.id)
    return edited, changes
