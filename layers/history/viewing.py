"""The plan as it was on record, as a store: whatever reads a store reads the earlier state through it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Final

from layers.errors import NotAllowedError
from layers.store import Changeset, Edit, SelectedStore, Store
from layers.types import Text

__all__ = ["EarlierStore"]

_NOW: Final = Text(vi="trạng thái hiện tại", en="the current state")


class EarlierStore(SelectedStore):
    """A store as it was; nothing is written through it.

    Parameters
    ----------
    store : Store
        The plan; it has to stay open.
    as_of : int or datetime.datetime
        The changeset after which, or the moment at which it was so.

    Attributes
    ----------
    changeset : int
        The newest changeset that counts.

    Raises
    ------
    UnknownChangesetError
        If there is no such changeset.
    """

    def __init__(self, store: Store, as_of: int | dt.datetime) -> None:
        with store.core.reading() as connection:
            self.changeset = store.core.changeset_at(connection, as_of)
        super().__init__(store, as_of=self.changeset)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, EarlierStore):
            return NotImplemented
        return (self._plan, self.changeset) == (other._plan, other.changeset)

    def __hash__(self) -> int:
        return hash((self._plan, self.changeset))

    def commit(self, edits: Sequence[Edit], **options: Any) -> Changeset:  # noqa: ARG002 - as for every store
        """Refuse: what was cannot be changed.

        Parameters
        ----------
        edits : sequence of Put or Remove
            Anything.
        **options : object
            Anything.

        Raises
        ------
        NotAllowedError
            Always.
        """
        raise NotAllowedError(seen=len(edits), wanted=_NOW, where="commit")

    def latest(self) -> int:
        """Return the newest changeset that counts.

        Returns
        -------
        int
            That of the earlier state.
        """
        return self.changeset
