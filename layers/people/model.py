"""Who there is and what shows that it is they: people, sessions, tokens; lines of the audit log. No database."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Final, Literal

from layers.people.access import NO_GRANTS, Ability, Access, Grant

__all__ = ["NOBODY", "Account", "AuditEntry", "Institute", "Person", "Session", "Token"]


@dataclass(frozen=True, slots=True)
class Institute:
    """A planning institute, a board or a department.

    Parameters
    ----------
    id : str
        Short name, lower-case.
    name : str
        As written.
    """

    id: str
    name: str


@dataclass(frozen=True, slots=True)
class Account:
    """A person as the register has it.

    Parameters
    ----------
    id : str
        Name to sign in with, lower-case.
    name : str
        As written, and as changesets name their author.
    institute : str or None
        Id of the institute.
    active : bool
        Whether the person may sign in.
    created : datetime
        UTC.
    has_password : bool
        False for one who signs in elsewhere only.
    grants : tuple of Grant
        Own ones and those of the institute.
    """

    id: str
    name: str
    institute: str | None
    active: bool
    created: dt.datetime
    has_password: bool
    grants: tuple[Grant, ...]

    @property
    def access(self) -> Access:
        """What the person may do.

        Returns
        -------
        Access
            Nothing for one who is not active.
        """
        return Access(self.grants) if self.active else NO_GRANTS


@dataclass(frozen=True, slots=True)
class Session:
    """A sign-in with a browser.

    Parameters
    ----------
    key : str
        Digest by which it is kept; the cookie itself is known to the browser only.
    person : str
        Id.
    created, expires : datetime
        UTC.
    """

    key: str
    person: str
    created: dt.datetime
    expires: dt.datetime


@dataclass(frozen=True, slots=True)
class Token:
    """A key by which a program acts for a person.

    Parameters
    ----------
    id : str
        Public part, by which it is named and revoked.
    person : str
        Whose it is.
    title : str
        What it is for.
    scopes : tuple of str
        Abilities that it lends, at most those of the person.
    created, expires : datetime
        UTC.
    used : datetime or None
        The day it was last used, UTC.
    revoked : datetime or None
        When it was taken back.
    """

    id: str
    person: str
    title: str
    scopes: tuple[Ability, ...]
    created: dt.datetime
    expires: dt.datetime
    used: dt.datetime | None
    revoked: dt.datetime | None


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One line of the audit log.

    Parameters
    ----------
    id : int
        Counts up.
    time : datetime
        UTC.
    person : str
        Id; empty for somebody who did not sign in.
    action : str
        What was done or tried.
    target : str
        With what.
    outcome : {"done", "refused", "failed"}
        How it went.
    address : str
        Where the request came from.
    detail : str
        More, without secrets.
    """

    id: int
    time: dt.datetime
    person: str
    action: str
    target: str
    outcome: Literal["done", "refused", "failed"]
    address: str
    detail: str


@dataclass(frozen=True, slots=True)
class Person:
    """Whoever makes a request.

    Parameters
    ----------
    id : str
        Id in the register; empty for somebody who did not sign in, ``local`` where nobody has to.
    name : str
        As changesets name their author.
    access : Access
        What he may do.
    institute : str or None
        Id of the institute.
    """

    id: str
    name: str
    access: Access = field(default=NO_GRANTS)
    institute: str | None = None

    @property
    def known(self) -> bool:
        """Whether it is known who it is.

        Returns
        -------
        bool
            False for somebody who did not sign in.
        """
        return bool(self.id)


#: Somebody who did not sign in and may do nothing.
NOBODY: Final = Person("", "")
