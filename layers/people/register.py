"""Everything about the people of a store behind one door, with the log of what they did."""

from __future__ import annotations

import datetime as dt
from types import TracebackType
from typing import Any, Final, Literal, Self

import sqlalchemy as sa

from layers.people.accounts import Accounts
from layers.people.credentials import Attempts, Sessions, Tokens
from layers.people.model import AuditEntry
from layers.people.tables import Desk, now, open_desk, stamp

__all__ = ["AuditLog", "People", "open_people"]

#: Longest text of an entry of the log; what strangers send must not fill a disk.
_LONGEST: Final = 500


class AuditLog:
    """What was done and what was refused; entries are added and never changed.

    Parameters
    ----------
    desk : Desk
        Where it is kept.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._table = desk.tables.audit

    def add(
        self,
        action: str,
        target: str,
        *,
        person: str,
        outcome: Literal["done", "refused", "failed"] = "done",
        address: str = "",
        detail: str = "",
    ) -> None:
        """Add an entry.

        Parameters
        ----------
        action : str
            What was done or tried.
        target : str
            With what.
        person : str
            By whom; empty for somebody who did not sign in.
        outcome : {"done", "refused", "failed"}
            How it went.
        address : str
            Where the request came from.
        detail : str
            More, without secrets.
        """
        texts = {"action": action, "target": target, "person": person, "address": address, "detail": detail}
        values = {name: text.replace("\0", "")[:_LONGEST] for name, text in texts.items()}
        with self._desk.writing() as connection:
            connection.execute(sa.insert(self._table).values(time=stamp(now()), outcome=outcome, **values))

    def entries(
        self, *, limit: int = 100, before: int | None = None, person: str | None = None, outcome: str | None = None
    ) -> list[AuditEntry]:
        """Return entries, the newest first.

        Parameters
        ----------
        limit : int
            At most so many.
        before : int, optional
            Only those before the entry of this number.
        person, outcome : str, optional
            Only those.

        Returns
        -------
        list of AuditEntry
            Entries.
        """
        table = self._table
        wanted = sa.select(table).order_by(table.c.id.desc()).limit(limit)
        conditions = ((table.c.person, person), (table.c.outcome, outcome))
        wanted = wanted.where(*(column == value for column, value in conditions if value is not None))
        if before is not None:
            wanted = wanted.where(table.c.id < before)
        with self._desk.writing() as connection:
            return [_entry(row) for row in connection.execute(wanted)]


def _entry(row: sa.Row[Any]) -> AuditEntry:
    return AuditEntry(
        id=row.id,
        time=dt.datetime.fromisoformat(row.time),
        person=row.person,
        action=row.action,
        target=row.target,
        outcome=row.outcome,
        address=row.address,
        detail=row.detail,
    )


class People:
    """The people of one store.

    Parameters
    ----------
    desk : Desk
        Where they are kept.

    Attributes
    ----------
    accounts : Accounts
        People, institutes, grants, passwords.
    sessions, tokens, attempts
        How they show that it is they.
    audit : AuditLog
        What they did.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.accounts = Accounts(desk)
        self.sessions = Sessions(desk)
        self.tokens = Tokens(desk)
        self.attempts = Attempts(desk)
        self.audit = AuditLog(desk)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close every connection."""
        self._desk.close()


def open_people(store: str) -> People:
    """Open the people of a store, making a place for them where there is none.

    Parameters
    ----------
    store : str
        As for `layers.store.open_store`; the store itself has to be there.

    Returns
    -------
    People
        Open; close it, or use it in a `with` statement.

    Raises
    ------
    StoreError
        If the database does not answer.
    """
    return People(open_desk(store))
