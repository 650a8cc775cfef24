"""Writing features while they are still being checked: into a transaction that is kept only if they may stay.

What can be checked feature by feature is checked before; how features lie to each other and to what the store holds
takes as long as writing them. Both at once use two processors. A file that is then refused leaves no trace.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Final, Self

from layers.store import Changeset, Decision, Store
from layers.store.model import Edit

__all__ = ["AHEAD_MOST_ROWS", "AHEAD_ROWS", "Ahead"]

#: With fewer features there is nothing to be gained; with more both at once would need too much memory.
AHEAD_ROWS: Final = 5_000
AHEAD_MOST_ROWS: Final = 300_000


class _WithdrawnError(Exception):
    """The features may not stay."""


class Ahead:
    """One changeset that may be begun before it is decided.

    Leaving the context without `keep` withdraws whatever was begun.

    Parameters
    ----------
    store : Store
        Where to.
    author, message : str
        Who, and why.
    decision : Decision, optional
        By which document.
    """

    def __init__(self, store: Store, *, author: str, message: str, decision: Decision | None) -> None:
        self._store, self._author, self._message, self._decision = store, author, message, decision
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="parkplan-writing")
        self._verdict: Future[tuple[Edit, ...] | None] = Future()
        self._writing: Future[Changeset] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.withdraw()
        self._pool.shutdown()

    @property
    def begun(self) -> bool:
        """Whether something is being written."""
        return self._writing is not None

    def begin(self, edits: Iterable[Edit]) -> None:
        """Begin to write.

        Parameters
        ----------
        edits : iterable of Put or Remove
            The first edits of the changeset.
        """
        self._writing = self._pool.submit(
            self._store.commit,
            self._awaited(tuple(edits)),  # type: ignore[arg-type] # taken one by one, so that the last may be awaited
            author=self._author,
            message=self._message,
            decision=self._decision,
        )

    def keep(self, further: Iterable[Edit]) -> Changeset:
        """Write the rest, and let all of it stay.

        Parameters
        ----------
        further : iterable of Put or Remove
            The last edits of the changeset, taken one by one.

        Returns
        -------
        Changeset
            As written.

        Raises
        ------
        LayersError
            As for `layers.store.Store.commit`; nothing stays then.
        """
        if self._writing is None:
            return self._store.commit(
                further,  # type: ignore[arg-type] # taken one by one, so that not all need be in memory
                author=self._author,
                message=self._message,
                decision=self._decision,
            )
        # If they cannot be had, what was begun is withdrawn with the context.
        last = tuple(further)
        writing, self._writing = self._writing, None
        self._verdict.set_result(last)
        return writing.result()

    def withdraw(self) -> None:
        """Take back what was begun, if anything was."""
        writing, self._writing = self._writing, None
        if writing is None:
            return
        self._verdict.set_result(None)
        try:
            writing.result()
        except _WithdrawnError:
            return

    def _awaited(self, first: tuple[Edit, ...]) -> Iterator[Edit]:
        yield from first
        further = self._verdict.result()
        if further is None:
            raise _WithdrawnError
        yield from further
