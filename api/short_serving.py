"""The short way of finished answers through the server: kept behind all middleware, given at the connection itself."""

from __future__ import annotations

import secrets
import time
from typing import TYPE_CHECKING, Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from api.middleware import pattern_of
from api.patience import PatientProtocol
from api.short import LONGEST, WISH, Answer, time_stamp

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send
    from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

    from api.short import Short, Wish

__all__ = ["Keeping", "ShortProtocol", "short_protocol"]

_STATUSES: Final = (200, 204, 304)
_ID: Final = b"x-request-id"


class Keeping:
    """Keep finished answers that a route lets keep. The outermost layer: what it sees is what is sent.

    Parameters
    ----------
    app : ASGI application
        All other layers.
    short : Short
        Where answers are kept.
    """

    def __init__(self, app: ASGIApp, *, short: Short) -> None:
        self._app = app
        self._short = short

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Parameters
        ----------
        scope, receive, send
            As ASGI has it.
        """
        wish: Wish | None = scope.get(WISH)
        # Before anything is read: what is written meanwhile makes the answer go once, not stay.
        mark = None if wish is None else await self._short.mark()
        if wish is None or mark is None:
            await self._app(scope, receive, send)
            return
        sent: list[Message] = []

        async def noted(message: Message) -> None:
            if len(sent) < 3:
                sent.append(message)
            await send(message)

        await self._app(scope, receive, noted)
        if wish.wanted and (answer := _finished(scope, wish, mark, sent)) is not None:
            self._short.put(wish.key, answer)


def _finished(scope: Scope, wish: Wish, mark: object, sent: list[Message]) -> Answer | None:
    """Return what was sent, as it can be sent again."""
    if len(sent) != 2 or sent[0]["status"] not in _STATUSES or sent[1].get("more_body"):
        return None
    fields = [(bytes(name).lower(), bytes(value)) for name, value in sent[0]["headers"]]
    names = [name for name, _ in fields]
    body: bytes = sent[1].get("body", b"")
    if len(body) > LONGEST or names.count(_ID) != 1 or b"connection" in names or b"set-cookie" in names:
        return None
    if sent[0]["status"] == 200 and (b"content-length", b"%d" % len(body)) not in fields:
        return None
    stamp = body.find(wish.stamp.encode()) if wish.stamp else -1
    if wish.stamp and (stamp < 0 or b"content-encoding" in names):
        return None
    lines = [b"%b: %b\r\n" % field for field in fields]
    place = names.index(_ID)
    return Answer(
        mark,
        sent[0]["status"],
        b"".join(lines[:place]) + b"x-request-id: ",
        b"\r\n" + b"".join(lines[place + 1 :]) + b"\r\n",
        body,
        stamp,
        pattern_of(scope),
        scope["path"],
        scope["query_string"].decode("latin-1"),
    )


class ShortProtocol(PatientProtocol):
    """One connection that is given finished answers at once, and else hands requests to the application."""

    #: Where they are kept.
    short: ClassVar[Short]

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        """Give a finished answer instead of starting the application, where there is one that holds."""
        # Whoever is to be told that there are too many callers, or reads too slowly, is left to the server.
        client = self.client
        if app is self.app and cycle.keep_alive and client is not None and not self.flow.write_paused:
            scope: Any = cycle.scope
            key = self.short.wish(scope)
            if key is not None and key in self.short:
                started = time.perf_counter()

                def then(answer: Answer | None) -> None:
                    if cycle.disconnected or self.transport.is_closing():
                        return
                    if answer is None or self.flow.write_paused:
                        super(ShortProtocol, self)._start_asgi_task(cycle, app)
                    else:
                        self._give(cycle, answer, started)

                if self.short.ask(key, client[0], then):
                    return
        super()._start_asgi_task(cycle, app)

    def _give(self, cycle: RequestResponseCycle, answer: Answer, started: float) -> None:
        request_id = secrets.token_hex(8)
        standing = b"".join([b"%b: %b\r\n" % field for field in cycle.default_headers])
        end = b"" if cycle.keep_alive else b"connection: close\r\n"
        head = (STATUS_LINE[answer.status], standing, answer.before, request_id.encode(), answer.after[:-2], end)
        body: tuple[bytes, ...] = (answer.body,)
        if (place := answer.stamp) >= 0:
            now = time_stamp().encode()
            body = (answer.body[:place], now, answer.body[place + len(now) :])
        self.transport.write(b"".join((*head, b"\r\n", *body)))
        cycle.response_started = cycle.response_complete = True
        cycle.message_event.set()
        self.short.note(answer, request_id, time.perf_counter() - started)
        if not cycle.keep_alive:
            # The server is about to stop.
            self.transport.close()
        cycle.on_response()


def short_protocol(short: Short, patience_s: float) -> type[ShortProtocol]:
    """Return the protocol of one worker.

    Parameters
    ----------
    short : Short
        Where answers are kept.
    patience_s : float
        Seconds for the head of a request, and for reading what is sent.

    Returns
    -------
    type
        For `uvicorn.Config`.
    """
    return type("ConfiguredProtocol", (ShortProtocol,), {"patience_s": patience_s, "short": short})
