"""Going through a large GeoJSON collection feature by feature, without ever having all of it in memory.

What is not plainly a collection of features is left to the reader that takes a document as a whole and tells what is
wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson

from layers.errors import FileUnreadableError
from layers.formats.archives import private_folder
from layers.formats.geojson import (
    BOM,
    collection_source,
    has_geometry,
    holds_lost_letters,
)
from layers.formats.jsonfg import is_jsonfg
from layers.formats.model import Source
from layers.formats.rfc7946 import FeatureLook, look_at_geojson, refuse_doubles

__all__ = ["LARGE_DOCUMENT", "open_collection"]

#: Smaller documents are looked at as a whole: as Python objects they take some ten times as much memory.
LARGE_DOCUMENT: Final = 32 << 20
#: Bytes that are read at once.
_PIECE: Final = 1 << 20
#: A text, one that the piece cuts off, or where an object or array begins or ends.
_MARK: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|["{}\[\]]', re.DOTALL)
_OBJECT: Final = re.compile(rb'"(?:[^"\\]|\\.)*"|["{}]', re.DOTALL)
#: Between features stands one comma.
_BLANK: Final = b" \t\r\n"
_FEATURES: Final = re.compile(rb"[ \t\r\n]*:[ \t\r\n]*\[")


class _OtherwiseError(Exception):
    """The document is something else than a plain collection."""


class _Pieces:
    """The bytes of a file from where they were not looked at yet."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.held = b""

    def more(self) -> None:
        """Read further, twice as much where little was not enough; the end of the file is no place to stop."""
        piece = self._file.read(max(_PIECE, len(self.held)))
        if not piece:
            raise _OtherwiseError
        self.held += piece

    def rest(self) -> bytes:
        """Return everything that is left."""
        return self.held + self._file.read()


def open_collection(path: Path, stack: ExitStack) -> Source | None:
    """Look at a large collection, feature by feature.

    Parameters
    ----------
    path : Path
        The file.
    stack : ExitStack
        Holds the folder of a mended copy.

    Returns
    -------
    Source or None
        None where the document has to be looked at as a whole.

    Raises
    ------
    CrsError
        If it states a CRS that is not known.
    """
    look, target, changed = FeatureLook(path), private_folder(stack) / path.name, False
    features, geometries, replacements = 0, 0, False
    with path.open("rb") as file, target.open("wb") as copy:
        pieces = _Pieces(file)
        try:
            head = _head(pieces)
            copy.write(head)
            for text in _features(pieces):
                member = orjson.loads(text)
                refuse_doubles(path, text, member)
                read, mended = look.take(member)
                changed = changed or mended
                copy.write((b"," if features else b"") + (orjson.dumps(read) if mended else text))
                features += 1
                geometries += has_geometry(read)
                replacements = replacements or holds_lost_letters(text)
            tail = pieces.rest()
            copy.write(tail)
            envelope = head + tail
            document: dict[str, Any] = orjson.loads(envelope)
            if document.get("type") != "FeatureCollection" or is_jsonfg(document) or document["features"]:
                return None
            around = look_at_geojson(path, envelope, document, [])
            faults = (*around.faults, *look.faults())
        except (_OtherwiseError, orjson.JSONDecodeError, FileUnreadableError):
            return None
    return collection_source(
        path,
        target if changed else path,
        document,
        counted=(features, geometries),
        replacements=replacements or holds_lost_letters(envelope),
        faults=faults,
        bounds=around.bounds,
    )


def _head(pieces: _Pieces) -> bytes:
    """Return everything up to the first feature, and leave the rest."""
    pieces.more()
    while True:
        held = pieces.held
        start = len(BOM) if held.startswith(BOM) else 0
        depth = 0
        for mark in _MARK.finditer(held, start):
            text = mark[0]
            if text == b'"':
                break
            if depth == 1 and text == b'"features"' and (begins := _FEATURES.match(held, mark.end())):
                pieces.held = held[begins.end() :]
                return held[start : begins.end()]
            depth += {b"{": 1, b"[": 1, b"}": -1, b"]": -1}.get(text, 0)
        pieces.more()


def _features(pieces: _Pieces) -> Iterator[bytes]:
    """Yield the text of each feature, and leave what comes after the last, beginning with the bracket."""
    at, first = 0, True
    while True:
        held = pieces.held
        begins = _next(held, at)
        if begins is not None and held[begins : begins + 1] == b"]":
            break
        if begins is not None and not first:
            if held[begins : begins + 1] != b",":
                raise _OtherwiseError
            begins = _next(held, begins + 1)
        if begins is not None and held[begins : begins + 1] != b"{":
            raise _OtherwiseError
        ends = None if begins is None else _end(held, begins)
        if begins is None or ends is None:
            pieces.held, at = held[at:], 0
            pieces.more()
            continue
        yield held[begins:ends]
        at, first = ends, False
        if at > _PIECE:
            pieces.held, at = held[at:], 0
    pieces.held = held[begins:]


def _next(held: bytes, at: int) -> int | None:
    """Return where the next byte stands that is no blank; None where more has to be read."""
    while at < len(held):
        if held[at] not in _BLANK:
            return at
        at += 1
    return None


def _end(held: bytes, begins: int) -> int | None:
    """Return where an object ends; None where more has to be read."""
    depth = 0
    for mark in _OBJECT.finditer(held, begins):
        text = mark[0]
        if text == b'"':
            return None
        if text == b"{":
            depth += 1
        elif text == b"}":
            depth -= 1
            if not depth:
                return mark.end()
    return None
