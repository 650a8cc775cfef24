"""Was anything committed since? The cheapest question to a database: one mark for all that it holds.

Two equal marks mean that nobody, in no process, committed anything between them, so that whatever was computed after
the first still holds at the second. Different marks mean nothing: something else may have been written.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from typing import Any, Final

import psycopg
from sqlalchemy.exc import SQLAlchemyError

from layers.store.base import Store
from layers.store.limits import store_failure

__all__ = ["FilePulse", "ServerPulse", "open_pulse"]

_NAME: Final = b"parkplan_pulse"
#: The transactions that are seen: it differs as soon as one more has been committed.
_SNAPSHOT: Final = b"SELECT pg_catalog.pg_current_snapshot()::text"


class FilePulse:
    """The mark of a file, asked for at once.

    Parameters
    ----------
    path : str
        The file.
    """

    def __init__(self, path: str) -> None:
        # Of its own, as what is written through it would not count; it waits for nobody.
        self._driver = sqlite3.connect(path, timeout=0, isolation_level=None, check_same_thread=False)

    def now(self) -> object | None:
        """Return the mark.

        Returns
        -------
        object or None
            To be compared; None where it cannot be told just now.
        """
        try:
            mark: object = self._driver.execute("PRAGMA data_version").fetchone()[0]
        except sqlite3.Error:
            return None
        return mark

    def close(self) -> None:
        """Close the connection."""
        self._driver.close()


class ServerPulse:
    """The mark of a database server, asked for without waiting.

    Parameters
    ----------
    driver : psycopg.Connection
        Of its own, outside of any transaction.

    Attributes
    ----------
    socket : int
        Number of the socket on which answers come, also after it was lost.
    """

    def __init__(self, driver: psycopg.Connection[Any]) -> None:
        self._driver = driver
        self._link = driver.pgconn
        self._link.prepare(_NAME, _SNAPSHOT)
        self._link.nonblocking = 1
        self.socket = int(self._link.socket)

    def ask(self) -> bool:
        """Send the question.

        Returns
        -------
        bool
            False where the connection is lost.
        """
        try:
            self._link.send_query_prepared(_NAME, None)
            # The question fits into any buffer.
            return bool(self._link.flush() == 0)
        except psycopg.Error:
            return False

    def take(self) -> object | None:
        """Take what has come on the socket.

        Returns
        -------
        object or None
            The mark; None as long as the answer is not whole.

        Raises
        ------
        StoreError
            If the connection is lost.
        """
        try:
            self._link.consume_input()
            if self._link.is_busy():
                return None
            mark: bytes | None = None
            while (result := self._link.get_result()) is not None:
                mark = result.get_value(0, 0) if result.ntuples else None
        except psycopg.Error as error:
            raise store_failure(error, where="") from error
        if mark is None:
            raise store_failure(ConnectionError(self._link.get_error_message()), where="")
        return mark

    def close(self) -> None:
        """Close the connection."""
        with suppress(psycopg.Error):
            self._driver.close()


def open_pulse(store: Store) -> FilePulse | ServerPulse:
    """Open a connection for nothing but the mark of a store.

    Parameters
    ----------
    store : Store
        PostGIS or embedded GeoPackage.

    Returns
    -------
    FilePulse or ServerPulse
        To be closed.

    Raises
    ------
    StoreError
        If the database cannot be reached.
    """
    engine = store.core.engine.sqlalchemy
    try:
        if engine.dialect.name != "postgresql":
            return FilePulse(store.core.engine.url)
        pooled = engine.raw_connection()
        driver: Any = pooled.driver_connection
        pooled.detach()
        driver.rollback()
        driver.autocommit = True
        return ServerPulse(driver)
    except (SQLAlchemyError, sqlite3.Error, psycopg.Error) as error:
        raise store_failure(error, where=store.url) from error
