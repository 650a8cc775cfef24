"""What every request gets at the edge: an id, a line in the log, safe headers, an answer even to a fault of ours."""

from __future__ import annotations

import json
import logging
import re
import secrets
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request

from api.errors import InternalError
from api.metrics import OTHER
from api.responses import problem_answer

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from api.metrics import Metrics

__all__ = ["EdgeMiddleware", "JsonLines", "content_security_policy", "pattern_of", "start_logging"]

LOG: Final = logging.getLogger("parkplan")

#: Request ids of a caller are taken over when they look like one; anything else could forge lines of the log.
_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._-]{8,64}")
_HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "X-Frame-Options": "SAMEORIGIN",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
_PLAIN_POLICY: Final = "default-src 'none'; frame-ancestors 'self'"


def content_security_policy(nonce: str, *, basemap_url: str = "") -> str:
    """Return what a page may load: itself, and the configured base map.

    Parameters
    ----------
    nonce : str
        Of this answer; only scripts that carry it, and script files of our own, run.
    basemap_url : str, optional
        Tile address; its host may give images.

    Returns
    -------
    str
        The value of `Content-Security-Policy`.

    Examples
    --------
    >>> "img-src 'self' data: https://*.tiles.vn;" in content_security_policy(
    ...     "n", basemap_url="https://{s}.tiles.vn/{z}/{x}/{y}.png"
    ... )
    True
    """
    address = urlsplit(basemap_url.replace("{s}", "*"))
    images = ["'self'", "data:"] + ([f"{address.scheme}://{address.netloc}"] if address.netloc else [])
    return (
        f"default-src 'self'; script-src 'self' 'nonce-{nonce}'; style-src 'self' 'unsafe-inline'; "
        f"img-src {' '.join(images)}; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'self'"
    )


class EdgeMiddleware:
    """Wrap an application with request ids, a log, safe headers, `HEAD`, and problem details for faults.

    The nonce of an answer stands in ``request.state.nonce`` for pages with scripts of their own.

    Parameters
    ----------
    app : ASGI application
        The application.
    basemap_url : str, optional
        Tile address that pages may load.
    """

    def __init__(self, app: ASGIApp, *, basemap_url: str = "") -> None:
        self._app = app
        self._basemap_url = basemap_url

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Parameters
        ----------
        scope, receive, send
            As ASGI has it.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        given = request.headers.get("x-request-id", "")
        request.state.request_id = given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(8)
        request.state.nonce = secrets.token_urlsafe(16)
        answered = _Answer(
            request, send, policy=content_security_policy(request.state.nonce, basemap_url=self._basemap_url)
        )
        started = time.perf_counter()
        figures: Metrics = request.app.state.metrics
        figures.started()
        # HEAD is GET without the body (RFC 9110, 9.3.2): the routes need not know.
        inner = {**scope, "method": "GET"} if answered.head else scope
        try:
            await self._app(inner, receive, answered.send)
        except Exception:  # the last door: whatever it was, the reader gets an answer and the log the whole story
            LOG.exception("fault", extra={"request_id": request.state.request_id, "path": request.url.path})
            if answered.status:
                raise
            fault = problem_answer(request, InternalError(seen=request.state.request_id, where=request.url.path))
            await fault(inner, receive, answered.send)
        finally:
            seconds = time.perf_counter() - started
            figures.answered(request.method, pattern_of(inner), answered.status, seconds)
            LOG.info(
                "request",
                extra={
                    "request_id": request.state.request_id,
                    "method": request.method,
                    "path": request.url.path,
                    "query": request.url.query,
                    "status": answered.status,
                    "duration_ms": round(seconds * 1000, 1),
                },
            )


def pattern_of(scope: Scope) -> str:
    """Return the pattern of the address that was answered, which no caller makes up.

    Parameters
    ----------
    scope : dict
        Of ASGI, after the answer.

    Returns
    -------
    str
        As the routes have it.
    """
    return str(scope.get("parkplan.pattern") or getattr(scope.get("route"), "path_format", OTHER))


class _Answer:
    """The way out of one request."""

    def __init__(self, request: Request, send: Send, *, policy: str) -> None:
        self._request = request
        self._send = send
        self._policy = policy
        self.head = request.method == "HEAD"
        self.status = 0

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            page = headers.get("content-type", "").startswith("text/html")
            headers.setdefault("Content-Security-Policy", self._policy if page else _PLAIN_POLICY)
            headers["X-Request-ID"] = self._request.state.request_id
            for name, value in _HEADERS.items():
                headers.setdefault(name, value)
        elif self.head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)


class JsonLines(logging.Formatter):
    """One JSON object a line: time, level, what happened, and its facts."""

    _KNOWN: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "color_message"}

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as JSON.

        Parameters
        ----------
        record : LogRecord
            The record.

        Returns
        -------
        str
            One line.
        """
        line: dict[str, Any] = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            **{name: value for name, value in vars(record).items() if name not in self._KNOWN},
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def start_logging(level: str) -> None:
    """Send the log of the server to standard error as JSON lines.

    Parameters
    ----------
    level : str
        The least severe level that is told.
    """
    handler = logging.StreamHandler()
    handler.setFormatter(JsonLines())
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)
