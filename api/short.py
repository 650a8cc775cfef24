"""Finished answers that are given again at once, before the application hears of the request.

A request that asks the very same as one before it, of a store to which nobody has committed anything since, is answered
with the same bytes. What the longer way does beside the answer itself is done here as well: the limit of requests, an
id of its own, the figures and the line of the log. All that is not surely the same is left to the longer way.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from api.auth.limits import network
from layers.errors import StoreError
from layers.store.pulse import FilePulse, ServerPulse, open_pulse

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.types import Scope

    from api.auth.gate import Gate
    from api.metrics import Metrics
    from layers.store import Store

__all__ = ["LONGEST", "WISH", "Answer", "Key", "Short", "Wish", "keep", "time_stamp"]

LOG: Final = logging.getLogger("parkplan")
#: Room for answers that are kept by each worker, bytes.
KEPT_BYTES: Final = 24_000_000
#: What a kept answer takes beside its bytes.
_ENTRY_BYTES: Final = 1_500
#: An answer longer than this would push out too many others.
LONGEST: Final = 600_000
#: Where answers are that may be kept.
_PLACES: Final = (b"/collections/", b"/tiles/")
#: Fields that no answer depends on.
_IDLE: Final = frozenset(
    b"user-agent connection referer pragma cache-control dnt priority upgrade-insecure-requests x-forwarded-for via "
    b"sec-fetch-site sec-fetch-mode sec-fetch-dest sec-fetch-user sec-ch-ua sec-ch-ua-mobile sec-ch-ua-platform "
    b"sec-gpc x-real-ip".split()
)
#: Who sends one of these is told something of his own, or sends more than a question.
_OWN: Final = frozenset(b"authorization cookie x-request-id expect upgrade content-length transfer-encoding".split())
#: How long the database has to say whether anything was written, seconds.
_PATIENCE_S: Final = 1.0
#: So long after the connection was lost it is tried again, seconds.
_AGAIN_S: Final = 5.0
#: Where a request carries its wish through the application.
WISH: Final = "parkplan.keep"

Key = tuple[Any, ...]


class Answer(NamedTuple):
    """What is sent again.

    Attributes
    ----------
    mark : object
        Of the store, when the answer was begun.
    status : int
        HTTP status.
    before, after : bytes
        Head of the answer before and behind the id of the request.
    body, stamp : bytes, int
        Its body, and where in it the time of the answer stands; -1 for nowhere.
    pattern, path, query : str
        For figures and log.
    """

    mark: object
    status: int
    before: bytes
    after: bytes
    body: bytes
    stamp: int
    pattern: str
    path: str
    query: str


@dataclass(slots=True)
class Wish:
    """A request whose answer may be kept, if the route says so.

    Attributes
    ----------
    key : tuple
        Of `Short.wish`.
    wanted : bool
        Whether the route has said so.
    stamp : str
        The time of the answer, as it stands in its body.
    """

    key: Key
    wanted: bool = False
    stamp: str = ""


def time_stamp() -> str:
    """Return the time of an answer, as documents write it.

    Returns
    -------
    str
        By RFC 3339, always of the same length.

    Examples
    --------
    >>> len(time_stamp())
    20
    """
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def keep(request: Request, *, stamp: str = "") -> None:
    """Say that the answer to a request depends on nothing but the request and the store.

    Parameters
    ----------
    request : Request
        The request.
    stamp : str, optional
        The time of the answer where it stands in its body, of `time_stamp`.
    """
    wish: Wish | None = request.scope.get(WISH)
    if wish is not None:
        wish.wanted, wish.stamp = True, stamp


class Short:
    """The finished answers of one worker.

    Parameters
    ----------
    metrics : Metrics
        Where they are counted.
    room : int, optional
        Bytes that they may take.
    """

    def __init__(self, metrics: Metrics, *, room: int = KEPT_BYTES) -> None:
        self._metrics = metrics
        self._room = room
        self._used = 0
        self._answers: OrderedDict[Key, Answer] = OrderedDict()
        self._gate: Gate | None = None
        self._asking: _Asking | None = None

    async def open(self, store: Store, gate: Gate) -> None:
        """Begin to keep answers.

        Parameters
        ----------
        store : Store
            What they tell of.
        gate : Gate
            Says whether people sign in, and who calls too often.
        """
        self._gate = gate
        self._asking = _Asking(store)
        await self._asking.open()

    def close(self) -> None:
        """Keep no more."""
        asking, self._asking, self._gate = self._asking, None, None
        if asking is not None:
            asking.close()

    def wish(self, scope: Scope) -> Key | None:
        """Return by what a request is known, if its answer may be kept.

        Parameters
        ----------
        scope : dict
            Of ASGI, as the server has made it.

        Returns
        -------
        tuple or None
            Equal for requests that ask the same; None for those that go the longer way.
        """
        if scope["method"] != "GET" or self._gate is None or not scope["raw_path"].startswith(_PLACES):
            return None
        heard = []
        for field in scope["headers"]:
            name = field[0]
            if name in _IDLE:
                if name == b"x-forwarded-for" and self._gate.signs_in:
                    # Whose requests are counted then, the longer way knows.
                    return None
                continue
            if name in _OWN:
                return None
            heard.append(field)
        key = (scope["raw_path"], scope["query_string"], scope["scheme"], scope["server"], *heard)
        scope[WISH] = Wish(key)
        return key

    def ask(self, key: Key, caller: str, then: Callable[[Answer | None], None]) -> bool:
        """Look for an answer that still holds.

        Parameters
        ----------
        key : tuple
            Of `wish`.
        caller : str
            Address of whoever asks.
        then : callable
            Takes the answer, now or later; None where there is none that holds.

        Returns
        -------
        bool
            False where there is none to be asked about, and `then` is not called.
        """
        answer, gate = self._answers.get(key), self._gate
        if answer is None or gate is None or self._asking is None:
            return False
        self._answers.move_to_end(key)

        def decide(mark: object | None) -> None:
            holds = mark is not None and mark == answer.mark and gate.lets_by(network(caller))
            then(answer if holds else None)

        return self._asking.ask(decide)

    def __contains__(self, key: Key) -> bool:
        """Return whether there is an answer, though it may not hold."""
        return key in self._answers

    async def mark(self) -> object | None:
        """Return the mark of the store as it is now.

        Returns
        -------
        object or None
            None where it cannot be told.
        """
        found: asyncio.Future[object | None] = asyncio.get_running_loop().create_future()

        def take(mark: object | None) -> None:
            if not found.done():
                found.set_result(mark)

        return await found if self._asking is not None and self._asking.ask(take) else None

    def put(self, key: Key, answer: Answer) -> None:
        """Keep an answer, and forget those that were not asked for longest.

        Parameters
        ----------
        key : tuple
            Of `wish`.
        answer : Answer
            As it was sent.
        """
        before = self._answers.pop(key, None)
        self._used += _size(answer) - (0 if before is None else _size(before))
        self._answers[key] = answer
        while self._used > self._room:
            _, dropped = self._answers.popitem(last=False)
            self._used -= _size(dropped)

    def note(self, answer: Answer, request_id: str, seconds: float) -> None:
        """Count and log an answer that was given again.

        Parameters
        ----------
        answer : Answer
            The answer.
        request_id : str
            Of the request.
        seconds : float
            How long it took.
        """
        self._metrics.started()
        self._metrics.answered("GET", answer.pattern, answer.status, seconds)
        if LOG.isEnabledFor(logging.INFO):
            LOG.info(
                "request",
                extra={
                    "request_id": request_id,
                    "method": "GET",
                    "path": answer.path,
                    "query": answer.query,
                    "status": answer.status,
                    "duration_ms": round(seconds * 1000, 1),
                },
            )


def _size(answer: Answer) -> int:
    return len(answer.body) + len(answer.before) + len(answer.after) + _ENTRY_BYTES


class _Asking:
    """Asks a store for its mark; all who ask meanwhile wait for the next answer together.

    Parameters
    ----------
    store : Store
        The store.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._loop = asyncio.get_running_loop()
        self._pulse: FilePulse | ServerPulse | None = None
        self._asked: list[Callable[[object | None], None]] = []
        self._next: list[Callable[[object | None], None]] = []
        self._timer: asyncio.TimerHandle | None = None
        self._opening: asyncio.Task[None] | None = None
        self._closed = False

    async def open(self) -> None:
        """Connect; where that fails, try again after a while."""
        try:
            pulse = await asyncio.to_thread(open_pulse, self._store)
        except StoreError as error:
            LOG.warning("failed", extra={"cause": error.message("en")})
            self._open_later()
            return
        if self._closed:
            pulse.close()
            return
        if isinstance(pulse, ServerPulse):
            self._loop.add_reader(pulse.socket, self._hear, pulse)
        self._pulse = pulse

    def _open_later(self) -> None:
        if not self._closed:
            self._timer = self._loop.call_later(_AGAIN_S, self._open_again)

    def _open_again(self) -> None:
        self._opening = self._loop.create_task(self.open())

    def close(self) -> None:
        """Disconnect; who waits goes the longer way."""
        self._closed = True
        self._lose()

    def ask(self, then: Callable[[object | None], None]) -> bool:
        """Ask for the mark of now.

        Parameters
        ----------
        then : callable
            Takes it; None where it cannot be told.

        Returns
        -------
        bool
            False where there is nobody to ask.
        """
        pulse = self._pulse
        if pulse is None:
            return False
        if isinstance(pulse, FilePulse):
            then(pulse.now())
        elif self._asked:
            # What was asked before may have been answered before this came.
            self._next.append(then)
        else:
            self._asked.append(then)
            self._send(pulse)
        return True

    def _send(self, pulse: ServerPulse) -> None:
        self._timer = self._loop.call_later(_PATIENCE_S, self._lose)
        if not pulse.ask():
            self._lose()

    def _hear(self, pulse: ServerPulse) -> None:
        try:
            mark = pulse.take()
        except StoreError:
            self._lose()
            return
        if mark is None:
            return
        if self._timer is not None:
            self._timer.cancel()
        waiting, self._asked, self._next = self._asked, self._next, []
        if self._asked:
            self._send(pulse)
        for then in waiting:
            then(mark)

    def _lose(self) -> None:
        """Give up a connection: who waits goes the longer way, and others do until there is another."""
        if self._timer is not None:
            self._timer.cancel()
        pulse, self._pulse = self._pulse, None
        if pulse is not None:
            if isinstance(pulse, ServerPulse):
                self._loop.remove_reader(pulse.socket)
            pulse.close()
            self._open_later()
        waiting, self._asked, self._next = [*self._asked, *self._next], [], []
        for then in waiting:
            then(None)
