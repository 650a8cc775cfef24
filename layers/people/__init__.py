"""People: who may do what with which layers, and where; their passwords, sessions, tokens and the audit log."""

from __future__ import annotations

from layers.people.access import (
    ABILITIES,
    ABILITY_TITLES,
    NO_GRANTS,
    ROLE_ABILITIES,
    ROLE_TITLES,
    Ability,
    Access,
    Grant,
    Role,
)
from layers.people.model import NOBODY, Account, AuditEntry, Institute, Person, Session, Token
from layers.people.register import People, open_people
from layers.people.tables import people_file

__all__ = [
    "ABILITIES",
    "ABILITY_TITLES",
    "NOBODY",
    "NO_GRANTS",
    "ROLE_ABILITIES",
    "ROLE_TITLES",
    "Ability",
    "Access",
    "Account",
    "AuditEntry",
    "Grant",
    "Institute",
    "People",
    "Person",
    "Role",
    "Session",
    "Token",
    "open_people",
    "people_file",
]
