"""How long one question may keep a database busy: set by who serves others, for all that only read."""

from __future__ import annotations

import sqlite3
import time
from typing import Any, Final
from weakref import WeakKeyDictionary

import psycopg
import sqlalchemy as sa

from layers.errors import QueryTimeError, StoreError
from layers.store.engine import Engine

__all__ = ["limit_queries", "query_limit_s", "store_failure"]

_LIMITS: Final[WeakKeyDictionary[Any, float]] = WeakKeyDictionary()
#: Steps of SQLite's machine between two looks at the clock: about a millisecond.
_STEPS: Final = 20_000


def limit_queries(engine: Engine, seconds: float) -> None:
    """Let no reading statement of a store take longer.

    Parameters
    ----------
    engine : Engine
        Of a store that was just opened.
    seconds : float
        Then it ends with `QueryTimeError`; writing is not limited.
    """
    _LIMITS[engine] = seconds

    def on_server(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("postgresql_readonly"):
            connection.exec_driver_sql(f"SET LOCAL statement_timeout = {round(seconds * 1000)}")

    def in_file(driver: sqlite3.Connection, *_: object) -> None:
        end = time.monotonic() + seconds
        driver.set_progress_handler(lambda: int(time.monotonic() > end), _STEPS)

    def unless_writing(connection: sa.Connection) -> None:
        if connection.get_execution_options().get("parkplan_write"):
            driver: Any = connection.connection.driver_connection
            driver.set_progress_handler(None, 0)

    if engine.sqlalchemy.dialect.name == "postgresql":
        sa.event.listen(engine.sqlalchemy, "begin", on_server)
    else:
        sa.event.listen(engine.sqlalchemy, "checkout", in_file)
        sa.event.listen(engine.sqlalchemy, "begin", unless_writing)


def query_limit_s(engine: Engine) -> float | None:
    """Return how long a statement may take.

    Parameters
    ----------
    engine : Engine
        PostGIS or embedded GeoPackage.

    Returns
    -------
    float or None
        Seconds; None for as long as it takes.
    """
    return _LIMITS.get(engine)


def store_failure(error: Exception, *, where: str) -> StoreError:
    """Return what a failure of a database means.

    Parameters
    ----------
    error : Exception
        Of SQLAlchemy or of a driver.
    where : str
        The store.

    Returns
    -------
    StoreError
        `QueryTimeError` for a statement that took too long.
    """
    cause = getattr(error, "orig", None) or error.__cause__ or error
    text = str(cause).splitlines()[0] if str(cause) else type(cause).__name__
    late = isinstance(cause, psycopg.errors.QueryCanceled) or (
        isinstance(cause, sqlite3.OperationalError) and text == "interrupted"
    )
    return QueryTimeError(seen=text, where=where) if late else StoreError(seen=text, where=where)
