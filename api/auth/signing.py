"""Signing in with a browser: cookies, the secret of a form, and how often somebody may try."""

from __future__ import annotations

import datetime as dt
import hashlib
import hmac
import secrets
import threading
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from starlette.requests import Request
from starlette.responses import Response

from api.auth.gate import SESSION_COOKIE, Gate, client_address
from api.errors import BadCredentialsError, FormExpiredError, TooManyRequestsError
from layers.people import Account
from layers.people.tables import now
from layers.types import Text

if TYPE_CHECKING:
    from api.settings import Settings

__all__ = [
    "TOKEN_FIELD",
    "check_form",
    "end_session",
    "form_token",
    "keep_secret",
    "local_path",
    "sign_in",
    "start_session",
]

#: The field by which a form shows that it is one of ours.
TOKEN_FIELD: Final = "form_token"  # noqa: S105 - the name of a field
_FORM_COOKIE: Final = "parkplan_form"
#: Failures that are counted, and how many are borne: of a name from one address, of an address, of a name.
_WINDOW: Final = dt.timedelta(minutes=15)
_OF_BOTH, _OF_ADDRESS, _OF_NAME = 8, 30, 60
#: A digest of a password takes 64 MiB; so many are made at once.
_DIGESTS: Final = threading.BoundedSemaphore(2)


def _cookie(request: Request, answer: Response, name: str, value: str, *, seconds: int) -> None:
    settings: Settings = request.app.state.settings
    secure = request.url.scheme == "https" or settings.public_url.startswith("https://")
    answer.set_cookie(name, value, max_age=seconds, httponly=True, samesite="lax", secure=secure, path="/")


def form_token(request: Request) -> tuple[str, str | None]:
    """Return what a form shows, bound to the session, or to this browser before there is one.

    Parameters
    ----------
    request : Request
        The request for the page with the form.

    Returns
    -------
    str, str or None
        The token, and the secret of a cookie that the browser needs first; for `keep_secret`.
    """
    known = request.cookies.get(SESSION_COOKIE) or request.cookies.get(_FORM_COOKIE)
    secret = known or secrets.token_urlsafe(32)
    return _token(secret), None if known else secret


def keep_secret(request: Request, answer: Response, secret: str | None) -> None:
    """Give a browser the secret of its forms.

    Parameters
    ----------
    request : Request
        The request for the page with the form.
    answer : Response
        The page.
    secret : str or None
        By `form_token`; None if the browser has one.
    """
    if secret is not None:
        _cookie(request, answer, _FORM_COOKIE, secret, seconds=int(_WINDOW.total_seconds()) * 4)


def check_form(request: Request, fields: Mapping[str, str]) -> None:
    """Check that a form is one of ours.

    Parameters
    ----------
    request : Request
        The request that sends it.
    fields : mapping of str to str
        Its fields.

    Raises
    ------
    FormExpiredError
        If its token is not that of this browser.
    """
    secret = request.cookies.get(SESSION_COOKIE) or request.cookies.get(_FORM_COOKIE) or ""
    if not secret or not hmac.compare_digest(fields.get(TOKEN_FIELD, ""), _token(secret)):
        raise FormExpiredError(where=request.url.path)


def _token(secret: str) -> str:
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()


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
    _cookie(request, answer, SESSION_COOKIE, secret, seconds=hours * 3600)
    answer.delete_cookie(_FORM_COOKIE, path="/")


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
