"""How long a server waits for one caller: connections that are slow, endless or never read are ended, others go on."""

from __future__ import annotations

import asyncio
from typing import Any, ClassVar, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

__all__ = ["MAX_HEAD_BYTES", "PatientProtocol"]

#: Address and header fields of one request at most, bytes.
MAX_HEAD_BYTES: Final = 65_536
_TOO_LONG: Final = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
_TOO_SLOW: Final = b"HTTP/1.1 408 Request Timeout\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class PatientProtocol(HttpToolsProtocol):
    """One connection, whose caller has so much time for the head of a request and for reading what is sent.

    A body that stalls is ended where it is read, which knows what it is for.

    Parameters
    ----------
    *arguments, **options : object
        As uvicorn gives them.
    """

    #: Seconds.
    patience_s: ClassVar[float] = 30.0

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._head_bytes = 0
        self._heading = True
        self._head_timer: asyncio.TimerHandle | None = None
        self._read_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request.

        Parameters
        ----------
        transport : asyncio.Transport
            The connection.
        """
        super().connection_made(transport)
        self._wait_for_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """Wait no longer.

        Parameters
        ----------
        exc : Exception or None
            Why the connection ended.
        """
        self._stop(self._head_timer)
        self._stop(self._read_timer)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Take part of a request, unless its head grows too long.

        Parameters
        ----------
        data : bytes
            The part.
        """
        if self._heading:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._heading and self._head_bytes > MAX_HEAD_BYTES:
            self._end(_TOO_LONG)

    def on_message_begin(self) -> None:
        """Begin to read the head of a request."""
        super().on_message_begin()
        if not self._heading:
            self._heading, self._head_bytes = True, 0
            self._wait_for_head()

    def on_headers_complete(self) -> None:
        """Note that the head is there."""
        self._heading = False
        self._stop(self._head_timer)
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """Begin to wait for the caller to read."""
        super().pause_writing()
        self._stop(self._read_timer)
        self._read_timer = self.loop.call_later(self.patience_s, self.transport.abort)

    def resume_writing(self) -> None:
        """Note that the caller reads."""
        self._stop(self._read_timer)
        super().resume_writing()

    def _wait_for_head(self) -> None:
        self._stop(self._head_timer)
        self._head_timer = self.loop.call_later(self.patience_s, self._end, _TOO_SLOW)

    def _end(self, answer: bytes) -> None:
        if not self.transport.is_closing():
            self.transport.write(answer)
            self.transport.close()

    @staticmethod
    def _stop(timer: asyncio.TimerHandle | None) -> None:
        if timer is not None:
            timer.cancel()
