"""People and tokens as pages show them: plain values in the reader's language."""

from __future__ import annotations

import datetime as dt
from typing import Any

from layers.people import ABILITY_TITLES, ROLE_TITLES, Account, Token
from layers.types import Language

__all__ = ["account_row", "token_row"]


def account_row(account: Account, language: Language) -> dict[str, Any]:
    """Return a person as pages show him.

    Parameters
    ----------
    account : Account
        The person.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    dict
        Plain values.
    """
    grants = [
        {"role": grant.role, "title": ROLE_TITLES[grant.role].say(language), "where": grant.where(language)}
        for grant in account.grants
    ]
    return {
        "id": account.id,
        "name": account.name,
        "institute": account.institute or "",
        "active": account.active,
        "has_password": account.has_password,
        "grants": grants,
    }


def token_row(token: Token, language: Language) -> dict[str, Any]:
    """Return a token as pages show it.

    Parameters
    ----------
    token : Token
        The token.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    dict
        Plain values; nothing by which somebody could sign in.
    """
    over = token.expires <= dt.datetime.now(dt.UTC)
    return {
        "id": token.id,
        "title": token.title,
        "scopes": ", ".join(ABILITY_TITLES[scope].say(language) for scope in token.scopes),
        "expires": f"{token.expires:%Y-%m-%d}",
        "used": "" if token.used is None else f"{token.used:%Y-%m-%d}",
        "state": "revoked" if token.revoked else "expired" if over else "",
    }
