"""The file of a backup: a zip of parts, and a manifest that says how long each part is and what it hashes to."""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final, Literal

import orjson

from layers.errors import BackupError
from layers.types import Text

__all__ = ["MANIFEST", "Backup", "Part", "packed", "parts_of", "read_backup", "unpacked"]

#: Version of the file.
_FORMAT: Final = 1
MANIFEST: Final = "manifest.json"
_CHUNK: Final = 1 << 20
_WANTED: Final = Text(vi="tệp sao lưu do parkplan backup ghi", en="a file that parkplan backup wrote")


@dataclass(frozen=True, slots=True)
class Part:
    """One file in a backup.

    Attributes
    ----------
    name : str
        Its path within.
    bytes : int
        Its length.
    sha256 : str
        Of its content.
    rows : int or None
        Of a table; None for a database.
    """

    name: str
    bytes: int
    sha256: str
    rows: int | None = None


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds.

    Attributes
    ----------
    engine : {"geopackage", "postgis"}
        Of the store; it is restored to the same.
    time : str
        When it was begun, in UTC.
    changeset : int
        The newest changeset in it.
    features : int
        How many features its layers have.
    parts : tuple of Part
        Files within.
    """

    engine: Literal["geopackage", "postgis"]
    time: str
    changeset: int
    features: int
    parts: tuple[Part, ...]


def packed(
    path: Path,
    engine: Literal["geopackage", "postgis"],
    fill: Callable[[Callable[[str, Iterable[bytes], bool], None]], tuple[int, int]],
) -> Backup:
    """Write a backup beside its place, read it again, and put it there in one step.

    Parameters
    ----------
    path : Path
        Where to; a file that is there is replaced.
    engine : {"geopackage", "postgis"}
        Of the store.
    fill : callable
        Is given what adds a part (its name, its content, and whether each line of it is a row), and returns the newest
        changeset and the number of features.

    Returns
    -------
    Backup
        As read again.

    Raises
    ------
    BackupError
        If the file cannot be written, or does not hold what was written.
    """
    begun = dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    try:
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        wanted = Text(vi="một thư mục có sẵn và ghi được", en="a folder that is there and can be written to")
        raise BackupError(seen=error.strerror, wanted=wanted, where=str(path)) from error
    written = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
                parts: list[Part] = []
                changeset, features = fill(lambda name, content, rows: parts.append(_add(archive, name, content, rows)))
                backup = Backup(engine, begun, changeset, features, tuple(parts))
                archive.writestr(
                    MANIFEST, orjson.dumps({"format": _FORMAT, **asdict(backup)}, option=orjson.OPT_INDENT_2)
                )
            file.flush()
            os.fsync(file.fileno())
        again = read_backup(written)
        if again != backup:
            raise BackupError(seen=Text(vi="nội dung khác", en="other content"), wanted=_WANTED, where=str(path))
        written.replace(path)
    except OSError as error:
        wanted = Text(vi="chỗ trống để ghi", en="room to write")
        raise BackupError(seen=error.strerror or error, wanted=wanted, where=str(path)) from error
    finally:
        with contextlib.suppress(FileNotFoundError):
            written.unlink()
    return backup


def _add(archive: zipfile.ZipFile, name: str, content: Iterable[bytes], rows: bool) -> Part:  # noqa: FBT001
    digest, length, lines = hashlib.sha256(), 0, 0
    with archive.open(name, "w", force_zip64=True) as member:
        for chunk in content:
            member.write(chunk)
            digest.update(chunk)
            length += len(chunk)
            lines += chunk.count(b"\n") if rows else 0
    return Part(name, length, digest.hexdigest(), lines if rows else None)


def read_backup(path: str | Path) -> Backup:
    """Read what a backup holds, and check every byte of it.

    Parameters
    ----------
    path : str or Path
        The file.

    Returns
    -------
    Backup
        What it holds.

    Raises
    ------
    BackupError
        If it is no backup, or a part is not as it was written.
    """
    with _opened(Path(path)) as archive:
        try:
            told: dict[str, Any] = orjson.loads(archive.read(MANIFEST))
            if told.pop("format") != _FORMAT:
                raise BackupError(seen=told, wanted=f"format {_FORMAT}", where=str(path))
            backup = Backup(**{**told, "parts": tuple(Part(**part) for part in told["parts"])})
        except (KeyError, TypeError, ValueError) as error:
            raise BackupError(seen=MANIFEST, wanted=_WANTED, where=str(path)) from error
        names = [name for name in archive.namelist() if name != MANIFEST]
        if names != [part.name for part in backup.parts]:
            raise BackupError(seen=", ".join(names), wanted=_WANTED, where=str(path))
        for part in backup.parts:
            digest, length = hashlib.sha256(), 0
            for chunk in _chunks(archive, part.name, path):
                digest.update(chunk)
                length += len(chunk)
            if (length, digest.hexdigest()) != (part.bytes, part.sha256):
                raise BackupError(seen=digest.hexdigest(), wanted=part.sha256, where=f"{path}: {part.name}")
    return backup


def unpacked(path: Path, name: str) -> Iterator[bytes]:
    """Give the content of a part.

    Parameters
    ----------
    path : Path
        The file.
    name : str
        Name of the part.

    Yields
    ------
    bytes
        One piece after another.

    Raises
    ------
    BackupError
        If it is no backup.
    """
    with _opened(path) as archive:
        yield from _chunks(archive, name, path)


def parts_of(backup: Backup) -> dict[str, Part]:
    """Return the parts of a backup by name.

    Parameters
    ----------
    backup : Backup
        The backup.

    Returns
    -------
    dict of str to Part
        In their order.
    """
    return {part.name: part for part in backup.parts}


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[zipfile.ZipFile]:
    try:
        archive = zipfile.ZipFile(path)
    except (OSError, zipfile.BadZipFile) as error:
        raise BackupError(seen=getattr(error, "strerror", None) or error, wanted=_WANTED, where=str(path)) from error
    with archive:
        yield archive


def _chunks(archive: zipfile.ZipFile, name: str, path: str | Path) -> Iterator[bytes]:
    try:
        with archive.open(name) as member:
            while chunk := member.read(_CHUNK):
                yield chunk
    except (OSError, zipfile.BadZipFile, KeyError, EOFError, RuntimeError, ValueError) as error:
        raise BackupError(seen=error, wanted=_WANTED, where=f"{path}: {name}") from error
    except Exception as error:
        # What a damaged stream does to the decompressor has no common ancestor.
        if type(error).__module__ != "zlib":
            raise
        raise BackupError(seen=error, wanted=_WANTED, where=f"{path}: {name}") from error
