"""People: who may do what with which layers, and where; their passwords, sessions, tokens and the audit log."""

from __future__ import annotations

from layers.people.model import (
    ABILITIES,
    ABILITY_TITLES,
    NO_GRANTS,
    NOBODY,
    ROLE_ABILITIES,
    ROLE_TITLES,
    Ability,
    Access,
    Account,
    AuditEntry,
    Grant,
    Institute,
    Person,
    Role,
    Session,
    Token,
)
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
