"""Who there is: people, institutes and their grants, and the passwords by which people show that it is they."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, Final

import shapely
import sqlalchemy as sa
from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from layers.errors import PersonExistsError, UnknownPersonError, ValueOutOfRangeError
from layers.people.access import Grant, Role
from layers.people.model import Account, Institute
from layers.people.tables import Desk, now, parsed, stamp
from layers.types import Text

__all__ = ["SHORTEST_PASSWORD", "Accounts", "check_password"]

#: Letters that a password has at least; NIST SP 800-63B asks for length and for nothing else.
SHORTEST_PASSWORD: Final = 12
_LONGEST_PASSWORD: Final = 256
_ID: Final = re.compile(r"[a-z][a-z0-9._@-]{1,63}")
_ID_WANTED: Final = Text(
    vi="2 đến 64 chữ thường không dấu, chữ số, . _ @ -, bắt đầu bằng chữ",
    en="2 to 64 lower-case letters, digits, . _ @ -, a letter first",
)
#: By the parameters of argon2-cffi, which follow RFC 9106.
_HASHER: Final = PasswordHasher()
#: What is compared with where there is no password, so that the time it takes does not tell who is there.
_NOTHING: Final = _HASHER.hash("nobody has this one")


def check_password(password: str, *, person: str) -> str:
    """Return a new password as it is kept in mind.

    Parameters
    ----------
    password : str
        As typed.
    person : str
        Whose it will be.

    Returns
    -------
    str
        Composed, so that keyboards that write letters in different ways agree.

    Raises
    ------
    ValueOutOfRangeError
        If it is too short, too long, has too few different letters or is the person's name; it is not told.
    """
    composed = unicodedata.normalize("NFC", password)
    if not (
        SHORTEST_PASSWORD <= len(composed) <= _LONGEST_PASSWORD
        and len(set(composed)) >= SHORTEST_PASSWORD // 2
        and composed.lower() != person
    ):
        wanted = Text(
            vi=f"{SHORTEST_PASSWORD} đến {_LONGEST_PASSWORD} ký tự, ít nhất {SHORTEST_PASSWORD // 2} ký tự khác nhau, "
            "không phải tên đăng nhập",
            en=f"{SHORTEST_PASSWORD} to {_LONGEST_PASSWORD} letters, at least {SHORTEST_PASSWORD // 2} different ones, "
            "not the name to sign in with",
        )
        raise ValueOutOfRangeError(seen="…", wanted=wanted, where="password")
    return composed


class Accounts:
    """People, institutes and grants.

    Parameters
    ----------
    desk : Desk
        Where they are kept.
    """

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._tables = desk.tables

    def any(self) -> bool:
        """Return whether there are people.

        Returns
        -------
        bool
            False where nobody was added yet.
        """
        with self._desk.writing() as connection:
            return connection.execute(sa.select(sa.literal(1)).select_from(self._tables.people).limit(1)).scalar() == 1

    def add(
        self,
        id_: str,
        name: str,
        *,
        password: str | None = None,
        institute: str | None = None,
        subject: str | None = None,
    ) -> Account:
        """Add a person, who may do nothing yet.

        Parameters
        ----------
        id_ : str
            Name to sign in with.
        name : str
            As changesets name their author.
        password : str, optional
            None for one who signs in elsewhere only.
        institute : str, optional
            Id of an institute.
        subject : str, optional
            By which another service names the person.

        Returns
        -------
        Account
            The person.

        Raises
        ------
        PersonExistsError
            If the id is taken.
        UnknownPersonError
            If there is no such institute.
        ValueOutOfRangeError
            If id, name or password cannot be used.
        """
        _check_id(id_)
        if not name.strip():
            raise ValueOutOfRangeError(seen=name, wanted=Text(vi="có nội dung", en="some text"), where="name")
        digest = None if password is None else _HASHER.hash(check_password(password, person=id_))
        people = self._tables.people
        with self._desk.writing() as connection:
            if institute is not None:
                self._check_institute(connection, institute)
            if connection.execute(sa.select(people.c.id).where(people.c.id == id_)).scalar() is not None:
                raise PersonExistsError(seen=id_)
            values = {"id": id_, "name": name.strip(), "institute": institute, "active": True, "created": stamp(now())}
            connection.execute(sa.insert(people).values(**values, password=digest, subject=subject))
            return self._account(connection, id_)

    def get(self, id_: str) -> Account:
        """Return a person.

        Parameters
        ----------
        id_ : str
            The id.

        Returns
        -------
        Account
            With all grants.

        Raises
        ------
        UnknownPersonError
            If there is none.
        """
        with self._desk.writing() as connection:
            return self._account(connection, id_)

    def by_subject(self, subject: str) -> Account | None:
        """Return the person whom another service names so.

        Parameters
        ----------
        subject : str
            As that service says it.

        Returns
        -------
        Account or None
            None for nobody.
        """
        people = self._tables.people
        with self._desk.writing() as connection:
            id_ = connection.execute(sa.select(people.c.id).where(people.c.subject == subject)).scalar()
            return None if id_ is None else self._account(connection, id_)

    def all(self) -> list[Account]:
        """Return everybody.

        Returns
        -------
        list of Account
            By id.
        """
        people = self._tables.people
        with self._desk.writing() as connection:
            ids = connection.execute(sa.select(people.c.id).order_by(people.c.id)).scalars().all()
            return [self._account(connection, id_) for id_ in ids]

    def set_password(self, id_: str, password: str) -> None:
        """Give a person another password, which ends every session of his.

        Parameters
        ----------
        id_ : str
            The person.
        password : str
            The new one.

        Raises
        ------
        UnknownPersonError
            If there is no such person.
        ValueOutOfRangeError
            If the password cannot be used.
        """
        self._change(id_, password=_HASHER.hash(check_password(password, person=id_)))

    def set_active(self, id_: str, *, active: bool) -> None:
        """Let a person in or keep him out; the latter ends every session of his.

        Parameters
        ----------
        id_ : str
            The person.
        active : bool
            Whether the person may sign in.

        Raises
        ------
        UnknownPersonError
            If there is no such person.
        """
        self._change(id_, active=active)

    def check(self, id_: str, password: str) -> Account | None:
        """Return the person who has an id and a password.

        Parameters
        ----------
        id_, password : str
            As given.

        Returns
        -------
        Account or None
            None if they do not belong together or the person may not sign in; either takes as long.
        """
        people = self._tables.people
        with self._desk.writing() as connection:
            row = connection.execute(sa.select(people).where(people.c.id == id_)).one_or_none()
        digest = _NOTHING if row is None or row.password is None else row.password
        try:
            _HASHER.verify(digest, unicodedata.normalize("NFC", password)[: _LONGEST_PASSWORD + 1])
        except VerifyMismatchError:
            return None
        if row is None or row.password is None or not row.active:
            return None
        if _HASHER.check_needs_rehash(digest):
            with self._desk.writing() as connection:
                fresh = _HASHER.hash(unicodedata.normalize("NFC", password))
                connection.execute(sa.update(people).where(people.c.id == id_).values(password=fresh))
        return self.get(id_)

    def add_institute(self, id_: str, name: str) -> Institute:
        """Add an institute, or give it another name.

        Parameters
        ----------
        id_ : str
            Short name.
        name : str
            As written.

        Returns
        -------
        Institute
            The institute.

        Raises
        ------
        ValueOutOfRangeError
            If the id cannot be used.
        """
        _check_id(id_)
        table = self._tables.institutes
        with self._desk.writing() as connection:
            changed = connection.execute(sa.update(table).where(table.c.id == id_).values(name=name)).rowcount
            if not changed:
                connection.execute(sa.insert(table).values(id=id_, name=name))
        return Institute(id_, name)

    def institutes(self) -> list[Institute]:
        """Return all institutes.

        Returns
        -------
        list of Institute
            By id.
        """
        table = self._tables.institutes
        with self._desk.writing() as connection:
            return [Institute(*row) for row in connection.execute(sa.select(table).order_by(table.c.id))]

    def grant(self, grant: Grant, *, person: str | None = None, institute: str | None = None) -> None:
        """Give a person or an institute a role.

        Parameters
        ----------
        grant : Grant
            Role, layers and area.
        person, institute : str, optional
            To whom; one of them.

        Raises
        ------
        UnknownPersonError
            If there is none.
        """
        values = {
            "role": grant.role,
            "layers": None if grant.layers is None else json.dumps(sorted(grant.layers)),
            "area": None if grant.area is None else shapely.to_wkb(grant.area),
            "confined": grant.confined,
        }
        with self._desk.writing() as connection:
            if person is not None:
                self._account(connection, person)
            if institute is not None:
                self._check_institute(connection, institute)
            connection.execute(sa.insert(self._tables.grants).values(person=person, institute=institute, **values))

    def take_back(self, role: Role, *, person: str | None = None, institute: str | None = None) -> int:
        """Take a role back, with all layers and areas it was given for.

        Parameters
        ----------
        role : str
            The role.
        person, institute : str, optional
            From whom; one of them.

        Returns
        -------
        int
            How many grants there were.
        """
        table = self._tables.grants
        of = table.c.person == person if person is not None else table.c.institute == institute
        with self._desk.writing() as connection:
            return connection.execute(sa.delete(table).where(of, table.c.role == role)).rowcount

    def _change(self, id_: str, **values: Any) -> None:
        people, sessions = self._tables.people, self._tables.sessions
        with self._desk.writing() as connection:
            if not connection.execute(sa.update(people).where(people.c.id == id_).values(**values)).rowcount:
                raise UnknownPersonError(seen=id_)
            connection.execute(sa.delete(sessions).where(sessions.c.person == id_))

    def _check_institute(self, connection: sa.Connection, id_: str) -> None:
        table = self._tables.institutes
        if connection.execute(sa.select(table.c.id).where(table.c.id == id_)).scalar() is None:
            raise UnknownPersonError(seen=id_)

    def _account(self, connection: sa.Connection, id_: str) -> Account:
        people, grants = self._tables.people, self._tables.grants
        row = connection.execute(sa.select(people).where(people.c.id == id_)).one_or_none()
        if row is None:
            raise UnknownPersonError(seen=id_)
        own = grants.c.person == id_
        of = own if row.institute is None else own | (grants.c.institute == row.institute)
        given = connection.execute(sa.select(grants).where(of).order_by(grants.c.id)).all()
        created = parsed(row.created)
        if created is None:  # never: the column is not nullable
            created = now()
        return Account(
            id=row.id,
            name=row.name,
            institute=row.institute,
            active=bool(row.active),
            created=created,
            has_password=row.password is not None,
            grants=_grants(given),
        )


def _grants(rows: Sequence[sa.Row[Any]]) -> tuple[Grant, ...]:
    def layers(text: str | None) -> frozenset[str] | None:
        return None if text is None else frozenset[str](_strings(json.loads(text)))

    return tuple(
        Grant(
            row.role,
            layers(row.layers),
            None if row.area is None else shapely.from_wkb(bytes(row.area)),
            confined=bool(row.confined),
        )
        for row in rows
    )


def _strings(values: Iterable[Any]) -> list[str]:
    return [str(value) for value in values]


def _check_id(id_: str) -> None:
    if not _ID.fullmatch(id_):
        raise ValueOutOfRangeError(seen=id_, wanted=_ID_WANTED, where="id")
