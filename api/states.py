"""A state of the plan as an address of its own: ``/states/proposal=3/collections`` is ``/collections`` of that state.

A program that is given the address of a server keeps to the addresses that it finds there, but not always to the
parameters: QGIS reads with those of its connection, and writes without. Below such an address every link leads to
the same state, and what is written goes there.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import parse_qsl, unquote, urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["STATE_NAMES", "StateMiddleware", "state_of", "state_url", "stated"]

#: Parameters that choose a state, as routes call them.
STATE_NAMES: Final = ("proposal", "as_of", "datetime")
_FOLDER: Final = "/states/"
_KEY: Final = "parkplan.state"


def state_url(base: str, state: Mapping[str, str]) -> str:
    """Return the address under which a state of the plan lies.

    Parameters
    ----------
    base : str
        Address of the server.
    state : mapping of str to str
        Parameters of `STATE_NAMES`, as they were given.

    Returns
    -------
    str
        The address; that of the server where no parameter is given.

    Examples
    --------
    >>> state_url("http://x", {"proposal": "3", "datetime": "../2030-12-31"})
    'http://x/states/proposal=3&datetime=..%2F2030-12-31'
    """
    return f"{base}{_FOLDER}{urlencode(state)}" if state else base


def state_of(request: Request) -> Mapping[str, str]:
    """Return the state that the address of a request names.

    Parameters
    ----------
    request : Request
        The request.

    Returns
    -------
    mapping of str to str
        Parameters as they were given; none for the plan as it is.
    """
    found: Mapping[str, str] = request.scope.get(_KEY, {})
    return found


def stated(request: Request, name: str, given: str | None) -> str | None:
    """Return a parameter of a request: the one that was given, else the one of its state.

    Parameters
    ----------
    request : Request
        The request.
    name : {"proposal", "as_of", "datetime"}
        The parameter.
    given : str or None
        What its query says.

    Returns
    -------
    str or None
        None where neither says anything.
    """
    return state_of(request).get(name) if given is None else given


class StateMiddleware:
    """Take the state out of the address of a request, so that the routes meet the address that they know.

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
        if scope["type"] == "http" and scope["path"].startswith(_FOLDER):
            scope = _within(scope)
        await self._app(scope, receive, send)


def _within(scope: Scope) -> Scope:
    """Return a request as it is below the address of its state; any other one as it was."""
    sent = scope.get("raw_path") or scope["path"].encode()
    named, _, rest = sent.decode("latin-1").partition("?")[0].removeprefix(_FOLDER).partition("/")
    pairs = parse_qsl(named, keep_blank_values=True)
    state = dict(pairs)
    if not state or len(state) < len(pairs) or not state.keys() <= set(STATE_NAMES) or not all(state.values()):
        return scope
    # A program may repeat the parameters of its connection, also where the address says it already.
    query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    left = [pair for pair in query if state.get(pair[0]) != pair[1]]
    return {
        **scope,
        "path": unquote(f"/{rest}"),
        "raw_path": f"/{rest}".encode("latin-1"),
        "root_path": f"{scope.get('root_path', '')}{_FOLDER}{named}",
        "query_string": scope["query_string"] if left == query else urlencode(left).encode(),
        _KEY: state,
    }
