"""The secret of a form: that what a browser sends was filled in on a page of ours, and by the one who read it.

Every form of a page that changes something carries a token, signed with a secret of the browser's own: that of its
session, or of a cookie that it is given where nobody has signed in, on a machine of one's own too, as any site can send
a form there. The token is put into each page as it leaves, and checked where the fields of a form are read; so neither
a page nor a route that is made later can forget it. A body that no form can have needs none: a browser asks us before
it sends such a one from elsewhere.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import Response

from api.errors import FormExpiredError

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from api.settings import Settings

__all__ = [
    "SESSION_COOKIE",
    "TOKEN_FIELD",
    "FormMiddleware",
    "check_form",
    "forget_secret",
    "set_cookie",
]

SESSION_COOKIE: Final = "parkplan_session"
#: The field by which a form shows that it is one of ours.
TOKEN_FIELD: Final = "form_token"  # noqa: S105 - the name of a field
_FORM_COOKIE: Final = "parkplan_form"
#: A page may lie open for so long before its form is sent; each page with a form begins it anew.
_OPEN_S: Final = 12 * 3600
#: The beginning of a form that is sent as a change; pages are made of templates of ours, and text in them is escaped.
_FORM: Final = re.compile(rb'<form\b[^<>]*\bmethod="post"[^<>]*>')
#: Of these a browser sends at least one with every form; a program that sends none is made to send nothing by a page.
_BROWSERS: Final = ("origin", "sec-fetch-site", "referer")


def set_cookie(request: Request, answer: Response, name: str, value: str, *, seconds: int) -> None:
    """Give a browser a cookie that scripts cannot read and that other sites' forms do not send along.

    Parameters
    ----------
    request : Request
        The request.
    answer : Response
        Gets the cookie.
    name, value : str
        The cookie.
    seconds : int
        How long it lasts.
    """
    settings: Settings = request.app.state.settings
    secure = request.url.scheme == "https" or settings.public_url.startswith("https://")
    answer.set_cookie(name, value, max_age=seconds, httponly=True, samesite="lax", secure=secure, path="/")


def forget_secret(answer: Response) -> None:
    """Take the secret of a browser away that has a session from now on.

    Parameters
    ----------
    answer : Response
        Takes the cookie away.
    """
    answer.delete_cookie(_FORM_COOKIE, path="/")


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
        If a browser sends it without the token of that browser.
    """
    headers = request.headers
    if "authorization" in headers:
        return
    if SESSION_COOKIE not in request.cookies and not any(name in headers for name in _BROWSERS):
        return
    secret = _secret(request)
    given = fields.get(TOKEN_FIELD, "")
    if not secret or not hmac.compare_digest(given.encode(), _token(secret).encode()):
        raise FormExpiredError(where=request.url.path)


class FormMiddleware:
    """Put the token into every form of a page that changes something, and give the browser its secret.

    Parameters
    ----------
    app : ASGI application
        The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request.

        Parameters
        ----------
        scope, receive, send
            As ASGI has it.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start: Message | None = None
        body = bytearray()

        async def held(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and _is_page(message):
                start = message
            elif start is None:
                await send(message)
            else:
                body.extend(message.get("body", b""))
                if not message.get("more_body", False):
                    # Filling it changes the head too, which must be done before that is sent.
                    page = _filled(Request(scope), start, bytes(body))
                    await send(start)
                    await send({**message, "body": page})

        await self._app(scope, receive, held)


def _is_page(start: Message) -> bool:
    return bool(dict(start["headers"]).get(b"content-type", b"").startswith(b"text/html"))


def _filled(request: Request, start: Message, page: bytes) -> bytes:
    """Return a page with the token in its forms, and note in its head what belongs to it."""
    if not _FORM.search(page):
        return page
    secret = _secret(request) or secrets.token_urlsafe(32)
    field = f'<input type="hidden" name="{TOKEN_FIELD}" value="{_token(secret)}">'.encode()
    filled = _FORM.sub(lambda found: found[0] + field, page)
    headers = MutableHeaders(scope=start)
    headers["content-length"] = str(len(filled))
    # What is kept by anybody would carry a token of somebody else's, or of a session that has ended.
    headers["cache-control"] = "no-store"
    headers.add_vary_header("Cookie")
    if SESSION_COOKIE not in request.cookies:
        cookie = Response()
        set_cookie(request, cookie, _FORM_COOKIE, secret, seconds=_OPEN_S)
        headers.append("set-cookie", cookie.headers["set-cookie"])
    return filled


def _secret(request: Request) -> str:
    return request.cookies.get(SESSION_COOKIE) or request.cookies.get(_FORM_COOKIE) or ""


def _token(secret: str) -> str:
    return hmac.new(secret.encode(), b"form", hashlib.sha256).hexdigest()
