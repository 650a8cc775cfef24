"""The audit log of a server: every request that changes something, and every one that was refused."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Literal

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from api.auth.gate import SAFE_METHODS, Gate, client_address
from layers.people import NOBODY, Person

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["AuditMiddleware"]

_REFUSED: Final = frozenset({401, 403, 409, 412, 428})
_FORBIDDEN: Final = frozenset({401, 403})


class AuditMiddleware:
    """Write a line of the audit log before the answer goes out.

    What is not recorded was not answered; so a new route is recorded by itself.

    Parameters
    ----------
    app : ASGI application
        The application.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

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

        async def recorded(message: Message) -> None:
            if message["type"] == "http.response.start":
                await _record(request, message["status"])
            await send(message)

        await self._app(scope, receive, recorded)


async def _record(request: Request, status: int) -> None:
    gate: Gate | None = getattr(request.app.state, "gate", None)
    changes = request.method not in SAFE_METHODS
    # Who calls too often is not worth a line each time.
    if gate is None or not gate.signs_in or status == 429 or not (changes or status in _FORBIDDEN):
        return
    person: Person = getattr(request.state, "person", NOBODY)
    note: str = getattr(request.state, "audit", "")
    outcome: Literal["done", "refused", "failed"] = "done"
    if status >= 400:
        outcome = "refused" if status in _REFUSED else "failed"
    await run_in_threadpool(
        gate.people.audit.add,
        request.method,
        request.url.path,
        person=person.id,
        outcome=outcome,
        address=client_address(request),
        detail=f"{status} {note}".strip(),
    )
