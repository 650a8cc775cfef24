"""Sessions of browsers, tokens of programs, and sign-ins that failed. What opens a door is kept as a digest only."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
from collections.abc import Sequence
from typing import Any, Final

import sqlalchemy as sa

from layers.errors import UnknownTokenError, ValueOutOfRangeError
from layers.people.access import ABILITIES, Ability
from layers.people.model import Session, Token
from layers.people.tables import Desk, now, parsed, stamp
from layers.types import Text

__all__ = ["TOKEN_PREFIX", "Attempts", "Sessions", "Tokens", "digest"]

#: By which a token is known for one where it should not be, as in a file that is published.
TOKEN_PREFIX: Final = "parkplan"  # noqa: S105 - the part that everybody may know
_LONGEST_TOKEN: Final = dt.timedelta(days=366)
_SECRET_BYTES: Final = 32


def digest(secret: str) -> str:
    """Return what is kept of a secret that cannot be guessed.

    Parameters
    ----------
    secret : str
        256 random bits as text.

    Returns
    -------
    str
        SHA-256; slow digests are for what people think of themselves.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


class Sessions:
    """Signed-in browsers.

    Parameters
    ----------
    desk : Desk
        Where they are kept.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._table = desk.tables.sessions

    def start(self, person: str, *, hours: float) -> str:
        """Start a session and forget those that are over.

        Parameters
        ----------
        person : str
            Who signed in.
        hours : float
            How long it lasts.

        Returns
        -------
        str
            The secret of the cookie; a new one each time.
        """
        secret, time = secrets.token_urlsafe(_SECRET_BYTES), now()
        values = {"created": stamp(time), "expires": stamp(time + dt.timedelta(hours=hours))}
        with self._desk.writing() as connection:
            connection.execute(sa.delete(self._table).where(self._table.c.expires <= stamp(time)))
            connection.execute(sa.insert(self._table).values(key=digest(secret), person=person, **values))
        return secret

    def find(self, secret: str) -> Session | None:
        """Return the session of a cookie.

        Parameters
        ----------
        secret : str
            Of the cookie.

        Returns
        -------
        Session or None
            None if there is none, or it is over.
        """
        wanted = (self._table.c.key == digest(secret)) & (self._table.c.expires > stamp(now()))
        with self._desk.writing() as connection:
            row = connection.execute(sa.select(self._table).where(wanted)).one_or_none()
        if row is None:
            return None
        return Session(
            row.key, row.person, dt.datetime.fromisoformat(row.created), dt.datetime.fromisoformat(row.expires)
        )

    def end(self, secret: str) -> None:
        """End a session.

        Parameters
        ----------
        secret : str
            Of the cookie.
        """
        with self._desk.writing() as connection:
            connection.execute(sa.delete(self._table).where(self._table.c.key == digest(secret)))


class Tokens:
    """Keys by which programs act for people.

    Parameters
    ----------
    desk : Desk
        Where they are kept.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._table = desk.tables.tokens

    def make(self, person: str, title: str, *, scopes: Sequence[Ability], days: int) -> tuple[Token, str]:
        """Make a token.

        Parameters
        ----------
        person : str
            Whose it is.
        title : str
            What it is for.
        scopes : sequence of str
            Abilities that it lends.
        days : int
            How long it lasts.

        Returns
        -------
        Token, str
            The token, and its text, which is shown once and kept nowhere.

        Raises
        ------
        ValueOutOfRangeError
            If scopes, title or days cannot be used.
        """
        if not scopes or not set(scopes) <= set(ABILITIES):
            raise ValueOutOfRangeError(seen=", ".join(scopes), wanted=", ".join(ABILITIES), where="scopes")
        if not 1 <= days <= _LONGEST_TOKEN.days:
            wanted = Text(vi=f"từ 1 đến {_LONGEST_TOKEN.days} ngày", en=f"1 to {_LONGEST_TOKEN.days} days")
            raise ValueOutOfRangeError(seen=days, wanted=wanted, where="days")
        if not title.strip():
            raise ValueOutOfRangeError(seen=title, wanted=Text(vi="có nội dung", en="some text"), where="title")
        id_, secret, time = secrets.token_hex(6), secrets.token_urlsafe(_SECRET_BYTES), now()
        values = {
            "person": person,
            "title": title.strip(),
            "scopes": " ".join(scope for scope in ABILITIES if scope in scopes),
            "created": stamp(time),
            "expires": stamp(time + dt.timedelta(days=days)),
        }
        made = sa.insert(self._table).values(id=id_, digest=digest(secret), **values).returning(self._table)
        with self._desk.writing() as connection:
            row = connection.execute(made).one()
        return _token(row), f"{TOKEN_PREFIX}_{id_}_{secret}"

    def find(self, text: str) -> Token | None:
        """Return the token of a text.

        Parameters
        ----------
        text : str
            As a program sends it.

        Returns
        -------
        Token or None
            None if there is none, it is over or was taken back.
        """
        prefix, _, rest = text.partition("_")
        id_, _, secret = rest.partition("_")
        if prefix != TOKEN_PREFIX or not id_ or not secret:
            return None
        time = now()
        with self._desk.writing() as connection:
            row = connection.execute(sa.select(self._table).where(self._table.c.id == id_)).one_or_none()
            if row is None or not hmac.compare_digest(row.digest, digest(secret)):
                return None
            if row.revoked is not None or row.expires <= stamp(time):
                return None
            # The day is enough, and spares a write at every request.
            day = stamp(time.replace(hour=0, minute=0, second=0, microsecond=0))
            if row.used != day:
                connection.execute(sa.update(self._table).where(self._table.c.id == id_).values(used=day))
        return _token(row)

    def of(self, person: str | None = None) -> list[Token]:
        """Return tokens, the newest first.

        Parameters
        ----------
        person : str, optional
            Whose; everybody's without it.

        Returns
        -------
        list of Token
            Those that are over or were taken back as well.
        """
        wanted = sa.select(self._table).order_by(self._table.c.created.desc(), self._table.c.id)
        if person is not None:
            wanted = wanted.where(self._table.c.person == person)
        with self._desk.writing() as connection:
            return [_token(row) for row in connection.execute(wanted)]

    def revoke(self, id_: str, *, person: str | None = None) -> Token:
        """Take a token back.

        Parameters
        ----------
        id_ : str
            Its public part.
        person : str, optional
            Only if it is this person's.

        Returns
        -------
        Token
            As it is now.

        Raises
        ------
        UnknownTokenError
            If there is none.
        """
        wanted = self._table.c.id == id_
        if person is not None:
            wanted &= self._table.c.person == person
        time = sa.func.coalesce(self._table.c.revoked, stamp(now()))
        with self._desk.writing() as connection:
            row = connection.execute(
                sa.update(self._table).where(wanted).values(revoked=time).returning(self._table)
            ).one_or_none()
        if row is None:
            raise UnknownTokenError(seen=id_)
        return _token(row)


class Attempts:
    """Sign-ins that failed, counted for all servers of a store together.

    Parameters
    ----------
    desk : Desk
        Where they are kept.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._table = desk.tables.attempts

    def count(self, *, since: dt.datetime, person: str | None = None, address: str | None = None) -> int:
        """Return how many sign-ins failed.

        Parameters
        ----------
        since : datetime
            From when on.
        person, address : str, optional
            With which name, from where.

        Returns
        -------
        int
            How many.
        """
        table = self._table
        wanted = [table.c.time > stamp(since)]
        wanted += [] if person is None else [table.c.person == person]
        wanted += [] if address is None else [table.c.address == address]
        with self._desk.writing() as connection:
            return int(connection.execute(sa.select(sa.func.count()).select_from(table).where(*wanted)).scalar_one())

    def note(self, person: str, address: str, *, keep: dt.timedelta) -> None:
        """Note a sign-in that failed.

        Parameters
        ----------
        person, address : str
            With which name, from where.
        keep : timedelta
            Older ones are forgotten.
        """
        time = now()
        with self._desk.writing() as connection:
            connection.execute(sa.delete(self._table).where(self._table.c.time <= stamp(time - keep)))
            connection.execute(sa.insert(self._table).values(time=stamp(time), person=person, address=address))

    def forget(self, person: str) -> None:
        """Forget the failures of somebody who has signed in.

        Parameters
        ----------
        person : str
            Id.
        """
        with self._desk.writing() as connection:
            connection.execute(sa.delete(self._table).where(self._table.c.person == person))


def _token(row: sa.Row[Any]) -> Token:
    scopes = set(row.scopes.split())
    return Token(
        id=row.id,
        person=row.person,
        title=row.title,
        scopes=tuple(ability for ability in ABILITIES if ability in scopes),
        created=dt.datetime.fromisoformat(row.created),
        expires=dt.datetime.fromisoformat(row.expires),
        used=parsed(row.used),
        revoked=parsed(row.revoked),
    )
