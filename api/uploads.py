"""Files that come in over the web: written to disk as they come, never held in memory, and from our own pages only."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Final
from urllib.parse import parse_qsl, urlsplit

from python_multipart import MultipartParser
from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import parse_options_header
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request

from api.auth.forms import TOKEN_FIELD, check_form
from api.errors import (
    BadBodyError,
    BadParameterError,
    BodyTooLargeError,
    ForeignPageError,
    StalledError,
    UnsupportedMediaTypeError,
)
from api.settings import Settings, is_loopback
from layers.formats import SUFFIXES, WANTED_FILE
from layers.types import Text

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

__all__ = ["BINARY", "FORM", "Upload", "check_origin", "checked_fields", "form_fields", "read_body", "receive_upload"]

#: The file alone; its name and everything else stand in the address.
BINARY: Final = "application/octet-stream"
#: A form: the file, and everything else, as fields.
FORM: Final = "multipart/form-data"
_SMALL_FORM: Final = "application/x-www-form-urlencoded"
#: A caller who says nothing for so long is gone, seconds.
_STALL_S: Final = 60.0
#: What a form may hold beside the file.
_FIELDS: Final = 64
_FIELD_BYTES: Final = 10_000
#: Headers and boundaries around a file, bytes.
_AROUND: Final = 100_000
#: A file name keeps its letters, but none that mean something to a system or to GDAL.
_UNSAFE: Final = re.compile(r"[^\w.\- ()]+")
_LONGEST_NAME: Final = 120
_OTHERS: Final = ("cross-site", "same-site")


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was sent.

    Parameters
    ----------
    path : Path
        Where it was written.
    fields : dict of str to str
        What stood beside it in the form.
    """

    path: Path
    fields: dict[str, str]


def check_origin(request: Request) -> None:
    """Check that a request that changes something comes from no page of somebody else.

    A browser says where a request comes from; other programs say nothing and are no concern, for no stranger makes them
    send. A server for this machine alone takes them under this machine's name only: a stranger's name can be made to
    lead here.

    Parameters
    ----------
    request : Request
        The request.

    Raises
    ------
    ForeignPageError
        If it comes from another site.
    """
    settings: Settings = request.app.state.settings
    headers = request.headers
    origin, site = headers.get("origin"), headers.get("sec-fetch-site", "none")
    wanted = {headers.get("host", "").lower(), urlsplit(settings.public_url).netloc.lower()} - {""}
    if origin is None and site not in _OTHERS:
        return
    given = urlsplit(origin or "")
    foreign = site in _OTHERS or given.netloc.lower() not in wanted
    known = urlsplit(settings.public_url).hostname
    if is_loopback(settings.host) and given.hostname != known:
        foreign |= not is_loopback(given.hostname or "")
    if foreign:
        raise ForeignPageError(seen=origin or site, wanted=", ".join(sorted(wanted)), where=request.url.path)


async def receive_upload(request: Request, folder: Path, *, name: str | None, limit: int) -> Upload:
    """Write the file of a request into a folder, as it comes.

    Parameters
    ----------
    request : Request
        Its body is the file, or a form with the file as the field ``file``.
    folder : Path
        Where to; empty.
    name : str or None
        Name of the file, before that which the form says.
    limit : int
        Its length at most, bytes.

    Returns
    -------
    Upload
        The file, and what came with it.

    Raises
    ------
    UnsupportedMediaTypeError
        If the body is of another type.
    BodyTooLargeError
        If it is too long.
    BadBodyError
        If it is cut short, empty, or no form.
    BadParameterError
        If the name is that of no format.
    StalledError
        If nothing more comes.
    """
    where = request.url.path
    given = request.headers.get("content-type", "")
    kind, options = parse_options_header(given)
    if kind == BINARY.encode():
        path = folder / _safe_name(name or "")
        with path.open("xb") as file:
            async for chunk in _chunks(request, limit):
                await run_in_threadpool(file.write, chunk)
        upload = Upload(path, {})
    elif kind == FORM.encode() and b"boundary" in options:
        upload = await _receive_form(request, folder, options[b"boundary"], name=name, limit=limit)
    else:
        raise UnsupportedMediaTypeError(seen=given, wanted=f"{BINARY}, {FORM}", where=where)
    if not upload.path.stat().st_size:
        raise BadBodyError(seen=Text(vi="tệp rỗng", en="an empty file"), wanted=WANTED_FILE, where=where)
    return upload


async def read_body(request: Request) -> bytes:
    """Return the body of a request, which has to be short.

    Parameters
    ----------
    request : Request
        The request.

    Returns
    -------
    bytes
        The body.

    Raises
    ------
    BodyTooLargeError
        If it is too long.
    BadBodyError
        If it is cut short.
    StalledError
        If nothing more comes.
    """
    limit: int = request.app.state.settings.max_body_bytes
    return b"".join([chunk async for chunk in _chunks(request, limit)])


async def form_fields(request: Request) -> dict[str, str]:
    """Return the fields of a form without a file.

    Parameters
    ----------
    request : Request
        The request; it may have no body.

    Returns
    -------
    dict of str to str
        Values by name.

    Raises
    ------
    UnsupportedMediaTypeError
        If the body is of another type.
    BodyTooLargeError
        If it is too long.
    BadBodyError
        If it is no form.
    """
    body = await read_body(request)
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if body and kind != _SMALL_FORM:
        raise UnsupportedMediaTypeError(seen=kind, wanted=_SMALL_FORM, where=request.url.path)
    try:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=_FIELDS, errors="strict"))
    except ValueError as error:
        raise BadBodyError(seen=str(error), wanted=_SMALL_FORM, where=request.url.path) from error
    return checked_fields(request, fields)


def checked_fields(request: Request, fields: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of a form of ours, without the token that shows that it is one.

    Parameters
    ----------
    request : Request
        The request that sends it.
    fields : mapping of str to str
        Its fields.

    Returns
    -------
    dict of str to str
        What was filled in.

    Raises
    ------
    FormExpiredError
        If a browser sends it without the token of that browser.
    """
    check_form(request, fields)
    return {name: value for name, value in fields.items() if name != TOKEN_FIELD}


async def _chunks(request: Request, limit: int) -> AsyncIterator[bytes]:
    """Give the body of a request piece by piece, as long as it is short enough and something comes."""
    where = request.url.path
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise BodyTooLargeError(seen=announced, wanted=limit, where=where)
    pieces, length = request.stream().__aiter__(), 0
    cut = Text(vi="bị ngắt giữa chừng", en="cut short")
    while True:
        try:
            async with asyncio.timeout(_STALL_S):
                chunk = await anext(pieces)
        except StopAsyncIteration:
            return
        except TimeoutError as error:
            raise StalledError(seen=length, wanted=_STALL_S, where=where) from error
        except ClientDisconnect as error:
            raise BadBodyError(seen=cut, wanted=Text(vi="nội dung trọn vẹn", en="a whole body"), where=where) from error
        length += len(chunk)
        if length > limit:
            raise BodyTooLargeError(seen=length, wanted=limit, where=where)
        yield chunk


async def _receive_form(request: Request, folder: Path, boundary: bytes, *, name: str | None, limit: int) -> Upload:
    where = request.url.path
    form = _Form(folder, name, where)
    try:
        parser = MultipartParser(boundary, form.callbacks())
        async for chunk in _chunks(request, limit + _AROUND):
            await run_in_threadpool(parser.write, chunk)
        parser.finalize()
    except MultipartParseError as error:
        raise BadBodyError(seen=str(error), wanted=FORM, where=where) from error
    finally:
        form.close()
    if form.path is None or not form.whole:
        seen = Text(vi="biểu mẫu thiếu tệp", en="a form without a file")
        raise BadBodyError(seen=seen, wanted=Text(vi="trường file", en="the field file"), where=where)
    if form.path.stat().st_size > limit:
        raise BodyTooLargeError(seen=form.path.stat().st_size, wanted=limit, where=where)
    fields = {key: bytes(value).decode(errors="replace") for key, value in form.fields.items()}
    return Upload(form.path, checked_fields(request, fields))


@dataclass(slots=True)
class _Form:
    """What the parser of a form tells, put in its place: the file on disk, all else in memory."""

    folder: Path
    name: str | None
    where: str
    fields: dict[str, bytearray] = field(default_factory=dict)
    path: Path | None = None
    whole: bool = False
    _file: IO[bytes] | None = None
    _current: bytearray | None = None
    _header: bytearray = field(default_factory=bytearray)
    _value: bytearray = field(default_factory=bytearray)
    _disposition: bytes = b""

    def callbacks(self) -> MultipartCallbacks:
        return {
            "on_part_begin": self._begin,
            "on_header_field": lambda data, start, end: self._header.extend(data[start:end]),
            "on_header_value": lambda data, start, end: self._value.extend(data[start:end]),
            "on_header_end": self._header_ended,
            "on_headers_finished": self._headers_ended,
            "on_part_data": self._data,
            "on_part_end": self.close,
            "on_end": self._ended,
        }

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
        self._file = self._current = None

    def _begin(self) -> None:
        self._disposition = b""

    def _header_ended(self) -> None:
        if bytes(self._header).lower() == b"content-disposition":
            self._disposition = bytes(self._value)
        self._header.clear()
        self._value.clear()

    def _headers_ended(self) -> None:
        _, options = parse_options_header(self._disposition)
        name = options.get(b"name", b"").decode(errors="replace")
        if name == "file":
            if self.path is not None:
                self._refuse(Text(vi="nhiều tệp", en="several files"))
            # A browser names a field without a file by an empty name.
            self.path = self.folder / _safe_name(self.name or options.get(b"filename", b"").decode(errors="replace"))
            self._file = self.path.open("xb")
        elif not name or name in self.fields or len(self.fields) >= _FIELDS:
            self._refuse(Text(vi=f"trường {name!r}", en=f"the field {name!r}"))
        else:
            self._current = self.fields[name] = bytearray()

    def _data(self, data: bytes, start: int, end: int) -> None:
        if self._file is not None:
            self._file.write(data[start:end])
        elif self._current is not None:
            if len(self._current) + end - start > _FIELD_BYTES:
                self._refuse(Text(vi="trường quá dài", en="a field that is too long"))
            self._current.extend(data[start:end])

    def _ended(self) -> None:
        self.whole = True

    def _refuse(self, seen: Text) -> None:
        wanted = Text(vi="mỗi trường một lần, một tệp", en="each field once, one file")
        raise BadBodyError(seen=seen, wanted=wanted, where=self.where)


def _safe_name(name: str) -> str:
    """Return the name of an uploaded file without what could lead elsewhere."""
    last = name.replace("\\", "/").rpartition("/")[2]
    safe = _UNSAFE.sub("_", last).strip(" .")
    if not safe.lower().endswith(SUFFIXES):
        raise BadParameterError(seen=name, wanted=WANTED_FILE, where="name")
    return safe[-_LONGEST_NAME:].lstrip(" .")
