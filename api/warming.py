"""Having the names ready before anybody searches: a thread that reads them after the start, and after each change."""

from __future__ import annotations

import logging
import threading
from typing import Final

from layers.errors import ParkplanError
from layers.search import prepare
from layers.store import Store

__all__ = ["Warmer"]

LOG: Final = logging.getLogger("parkplan")
#: First requests go before; so many seconds after the start the names are read.
_FIRST_S: Final = 1.0
#: How often it is looked whether something was written, here or by another worker, seconds.
_LOOK_S: Final = 2.0
#: How long nothing is tried after the store did not answer, seconds.
_REST_S: Final = 30.0


class Warmer:
    """Reads the names of a store in the background.

    A search never depends on it: what is not ready yet is made by the search that needs it.

    Parameters
    ----------
    store : Store
        The store; it has to stay open until the warmer is closed.
    first_s : float
        Seconds before the names are read for the first time.
    """

    def __init__(self, store: Store, *, first_s: float = _FIRST_S) -> None:
        self._store = store
        self._closed = threading.Event()
        self._first_s = first_s
        self._thread = threading.Thread(target=self._run, name="warmer", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop; what is being read is read to its end."""
        self._closed.set()
        self._thread.join()

    def _run(self) -> None:
        seen, wait = -1, self._first_s
        while not self._closed.wait(wait):
            wait = _LOOK_S
            try:
                if self._store.latest() != seen:
                    seen = prepare(self._store)
            except ParkplanError:  # the store is busy or away: searches say so to those who search
                LOG.warning("names", exc_info=True)
                wait = _REST_S
