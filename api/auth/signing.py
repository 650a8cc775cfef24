"""Signing in with a browser: its cookie, and how often somebody may try."""

from __future__ import annotations

import datetime as dt
import threading
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from api.auth.forms import SESSION_COOKIE, forget_secret, set_cookie
from api.auth.gate import Gate, client_address
from api.errors import BadCredentialsError, TooManyRequestsError
from layers.people import Account
from layers.people.tables import now
from layers.types import Text

__all__ = [
    "end_session",
    "local_path",
    "sign_in",
    "start_session",
]

#: Failures that are counted, and how many are borne: of a name from one address, of an address, of a name.
_WINDOW: Final = dt.timedelta(minutes=15)
_OF_BOTH, _OF_ADDRESS, _OF_NAME = 8, 30, 60
#: A digest of a password takes 64 MiB; so many are made at once.
_DIGESTS: Final = threading.BoundedSemaphore(2)


def sign_in(gate: Gate, request: Request, name: str, password: str) -> Account:
    """Return who somebody is.

    Parameters
    ----------
    gate : Gate
        Of the application.
    request : Request
        Where he tries.
    name, password : str
        What he says.

    Returns
    -------
    Account
        The person.

    Raises
    ------
    BadCredentialsError
        If they do not belong together.
    TooManyRequestsError
        If he, or somebody at his address or with his name, failed too often.
    """
    attempts, address = gate.people.attempts, client_address(request)
    name = name.strip().lower()[:64]
    since = now() - _WINDOW
    failed = (
        attempts.count(since=since, person=name, address=address) >= _OF_BOTH,
        attempts.count(since=since, address=address) >= _OF_ADDRESS,
        attempts.count(since=since, person=name) >= _OF_NAME,
    )
    if any(failed):
        raise TooManyRequestsError(seen=name, wanted=int(_WINDOW.total_seconds()), where=request.url.path)
    with _DIGESTS:
        account = gate.people.accounts.check(name, password)
    if account is None:
        attempts.note(name, address, keep=_WINDOW)
        request.state.audit = f"name {name}"
        wanted = Text(vi="tên và mật khẩu khớp nhau", en="a name and its password")
        raise BadCredentialsError(wanted=wanted, where=request.url.path)
    attempts.forget(account.id)
    return account


def start_session(gate: Gate, request: Request, answer: Response, account: Account) -> None:
    """Start a session with a secret of its own, and end the one that the browser had.

    Parameters
    ----------
    gate : Gate
        Of the application.
    request : Request
        The request that signs in.
    answer : Response
        Gets the cookie.
    account : Account
        Who signed in.
    """
    if old := request.cookies.get(SESSION_COOKIE):
        gate.people.sessions.end(old)
    hours: int = request.app.state.settings.session_hours
    secret = gate.people.sessions.start(account.id, hours=hours)
    request.state.audit = f"signed in {account.id}"
    set_cookie(request, answer, SESSION_COOKIE, secret, seconds=hours * 3600)
    forget_secret(answer)


def end_session(gate: Gate, request: Request, answer: Response) -> None:
    """End the session of a browser.

    Parameters
    ----------
    gate : Gate
        Of the application.
    request : Request
        The request that signs out.
    answer : Response
        Takes the cookie away.
    """
    if secret := request.cookies.get(SESSION_COOKIE):
        gate.people.sessions.end(secret)
    answer.delete_cookie(SESSION_COOKIE, path="/")


def local_path(text: str) -> str:
    """Return where a browser goes once it has signed in: nowhere but on this server.

    Parameters
    ----------
    text : str
        As asked for.

    Returns
    -------
    str
        A path, that of the map for anything else.

    Examples
    --------
    >>> local_path("/files?lang=vi"), local_path("//elsewhere.example"), local_path("https://elsewhere.example")
    ('/files?lang=vi', '/', '/')
    """
    plain = text.startswith("/") and not text.startswith("//") and text.isprintable() and "\\" not in text
    return text if plain else "/"
