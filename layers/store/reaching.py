"""What reaching a store takes, for a process that gives up everything else: files of SQLite, the port of a server."""

from __future__ import annotations

import sqlite3
from contextlib import ExitStack, closing
from typing import Final

from sqlalchemy import make_url

__all__ = ["hold_files", "server_port"]

_POSTGRES: Final = 5432
#: Beside a database SQLite keeps these.
_ENDINGS: Final = ("", "-wal", "-shm", "-journal")


def server_port(store: str) -> int | None:
    """Return the port by which a store's server is called.

    Parameters
    ----------
    store : str
        As for `layers.store.open_store`.

    Returns
    -------
    int or None
        None for an embedded store.
    """
    return (make_url(store).port or _POSTGRES) if "://" in store else None


def hold_files(databases: list[str], stack: ExitStack, *, patience_s: float) -> list[str]:
    """Keep the files that SQLite has for databases: within the walls of a confined process none can be made.

    Parameters
    ----------
    databases : list of str
        Paths of the databases.
    stack : ExitStack
        Keeps them open until it ends.
    patience_s : float
        How long a database may be in somebody else's hands, seconds.

    Returns
    -------
    list of str
        Every file that SQLite may open for them.
    """
    for name in databases:
        held = stack.enter_context(closing(sqlite3.connect(name, timeout=patience_s)))
        held.execute("SELECT count(*) FROM sqlite_master").fetchone()
    return [f"{name}{ending}" for name in databases for ending in _ENDINGS]
