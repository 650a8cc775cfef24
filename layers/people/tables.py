"""Where people are kept: beside an embedded store in a file of its own, on a server as tables of the store's schema.

A GeoPackage is opened in other programs, copied and sent on; so nothing by which somebody could sign in stands in it.
Passwords, sessions and tokens are kept as digests only. The audit log can be added to and nothing else, also by other
programs.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import sqlalchemy as sa
from sqlalchemy.event import listen
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from layers.errors import StoreError
from layers.store.postgis import PostgisEngine

__all__ = ["Desk", "PeopleTables", "now", "open_desk", "parsed", "people_file", "stamp"]

#: Key of the lock under which the tables are made on a server, beside the schema's name.
_LOCK: Final = 0x70656F70
_KEY: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


class PeopleTables(NamedTuple):
    """The tables in which people are kept.

    Attributes
    ----------
    institutes, people, grants : Table
        Who there is, and who may do what.
    sessions, tokens, attempts : Table
        Signed-in browsers, keys of programs, and sign-ins that failed.
    audit : Table
        What was done and refused.
    """

    institutes: sa.Table
    people: sa.Table
    grants: sa.Table
    sessions: sa.Table
    tokens: sa.Table
    attempts: sa.Table
    audit: sa.Table


def _text(name: str, *, null: bool = False, **options: Any) -> sa.Column[Any]:
    return sa.Column(name, sa.Text, nullable=null, **options)


def _tables(schema: str | None) -> PeopleTables:
    metadata = sa.MetaData(schema=schema)
    return PeopleTables(
        institutes=sa.Table("parkplan_institutes", metadata, _text("id", primary_key=True), _text("name")),
        people=sa.Table(
            "parkplan_people",
            metadata,
            _text("id", primary_key=True),
            _text("name"),
            _text("institute", null=True),
            sa.Column("active", sa.Boolean, nullable=False),
            _text("created"),
            _text("password", null=True),
            _text("subject", null=True, unique=True),
        ),
        grants=sa.Table(
            "parkplan_grants",
            metadata,
            sa.Column("id", _KEY, primary_key=True, autoincrement=True),
            _text("person", null=True, index=True),
            _text("institute", null=True, index=True),
            _text("role"),
            _text("layers", null=True),
            sa.Column("area", sa.LargeBinary),
            sa.Column("confined", sa.Boolean, nullable=False, server_default=sa.false()),
        ),
        sessions=sa.Table(
            "parkplan_sessions",
            metadata,
            _text("key", primary_key=True),
            _text("person", index=True),
            _text("created"),
            _text("expires"),
        ),
        tokens=sa.Table(
            "parkplan_tokens",
            metadata,
            _text("id", primary_key=True),
            _text("person", index=True),
            _text("title"),
            _text("digest"),
            _text("scopes"),
            _text("created"),
            _text("expires"),
            _text("used", null=True),
            _text("revoked", null=True),
        ),
        attempts=sa.Table(
            "parkplan_attempts",
            metadata,
            sa.Column("id", _KEY, primary_key=True, autoincrement=True),
            _text("time", index=True),
            _text("person"),
            _text("address"),
        ),
        audit=sa.Table(
            "parkplan_audit",
            metadata,
            sa.Column("id", _KEY, primary_key=True, autoincrement=True),
            _text("time"),
            _text("person", index=True),
            _text("action"),
            _text("target"),
            _text("outcome"),
            _text("address"),
            _text("detail"),
            sqlite_autoincrement=True,
        ),
    )


class Desk:
    """The connections to the tables of people.

    Parameters
    ----------
    engine : sqlalchemy.Engine
        Where they are kept.
    schema : str or None
        Schema of the tables.
    """

    def __init__(self, engine: sa.Engine, schema: str | None) -> None:
        self._engine = engine
        self.tables = _tables(schema)
        with self.writing() as connection:
            self._make(connection, schema)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """Give a connection whose transaction is kept as a whole or not at all.

        Yields
        ------
        Connection
            In a transaction.

        Raises
        ------
        StoreError
            If the database fails.
        """
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            cause = str(getattr(error, "orig", None) or error).splitlines()[0]
            raise StoreError(seen=cause, where=self._engine.url.render_as_string()) from error

    def _make(self, connection: sa.Connection, schema: str | None) -> None:
        tables, quote = self.tables, connection.dialect.identifier_preparer
        if connection.dialect.name == "postgresql":
            connection.execute(
                sa.text("SELECT pg_advisory_xact_lock(:key, hashtext(:schema))"), {"key": _LOCK, "schema": schema}
            )
        tables.audit.metadata.create_all(connection)
        self._widen(connection, schema)
        if connection.dialect.name == "postgresql":
            function = f"{quote.quote_identifier(str(schema))}.parkplan_audit_append_only"
            connection.exec_driver_sql(
                f"CREATE OR REPLACE FUNCTION {function}() RETURNS trigger LANGUAGE plpgsql AS "
                "$$BEGIN RAISE EXCEPTION '%% is append-only', TG_TABLE_NAME; END$$"
            )
            connection.exec_driver_sql(
                f"CREATE OR REPLACE TRIGGER parkplan_audit_append_only BEFORE UPDATE OR DELETE OR TRUNCATE "
                f"ON {quote.format_table(tables.audit)} EXECUTE FUNCTION {function}()"
            )
            return
        for event in ("UPDATE", "DELETE"):
            connection.exec_driver_sql(
                f"CREATE TRIGGER IF NOT EXISTS parkplan_audit_no_{event.lower()} BEFORE {event} ON parkplan_audit "
                "BEGIN SELECT RAISE(ABORT, 'parkplan_audit is append-only'); END"
            )

    def _widen(self, connection: sa.Connection, schema: str | None) -> None:
        """Add the column that registers of earlier versions lack: what was granted there goes on to mean the same."""
        grants = self.tables.grants
        there = {column["name"] for column in sa.inspect(connection).get_columns(grants.name, schema=schema)}
        if grants.c.confined.name not in there:
            table = connection.dialect.identifier_preparer.format_table(grants)
            column = sa.schema.CreateColumn(grants.c.confined).compile(dialect=connection.dialect)
            connection.exec_driver_sql(f"ALTER TABLE {table} ADD COLUMN {column}")


def open_desk(store: str) -> Desk:
    """Open the tables of people of a store, making them where they are missing.

    Parameters
    ----------
    store : str
        As for `layers.store.open_store`; the store itself has to be there.

    Returns
    -------
    Desk
        Open.

    Raises
    ------
    StoreError
        If the database does not answer.
    """
    if "://" in store:
        server = PostgisEngine(store.replace("postgres://", "postgresql://", 1))
        return Desk(server.sqlalchemy, server.schema)
    path = people_file(store)
    # Only its owner reads it.
    Path(path).touch(mode=0o600)
    engine = sa.create_engine(sa.engine.URL.create("sqlite", database=path), connect_args={"timeout": 30})
    listen(engine, "connect", _begin)
    return Desk(engine, None)


def people_file(store: str) -> str:
    """Return where the people of an embedded store are kept.

    Parameters
    ----------
    store : str
        Path of the store.

    Returns
    -------
    str
        A path beside it.

    Examples
    --------
    >>> people_file("/var/hanoi.gpkg")
    '/var/hanoi.gpkg.people'
    """
    return str(Path(f"{store}.people").absolute())


def _begin(driver: Any, _entry: ConnectionPoolEntry) -> None:
    # Who reads never waits for who writes, and the other way round.
    driver.execute("PRAGMA journal_mode = WAL")


def now() -> dt.datetime:
    """Return the time.

    Returns
    -------
    datetime
        UTC.
    """
    return dt.datetime.now(dt.UTC)


def stamp(time: dt.datetime) -> str:
    """Write a time so that texts sort as times do.

    Parameters
    ----------
    time : datetime
        With its zone.

    Returns
    -------
    str
        In UTC.

    Examples
    --------
    >>> stamp(dt.datetime(2030, 1, 2, tzinfo=dt.UTC))
    '2030-01-02T00:00:00.000000+00:00'
    """
    return time.astimezone(dt.UTC).isoformat(timespec="microseconds")


def parsed(text: str | None) -> dt.datetime | None:
    """Read a time that `stamp` wrote.

    Parameters
    ----------
    text : str or None
        The text.

    Returns
    -------
    datetime or None
        UTC; None for None.
    """
    return None if text is None else dt.datetime.fromisoformat(text)
