"""Unpacking what somebody sent without letting it out of its box: sizes, ratios, depth and paths have limits.

An archive is unpacked into a folder of its own that is removed afterwards. Nothing is written before every entry of the
list was looked at, and what really comes out is counted, because the list may lie.
"""

from __future__ import annotations

import gzip
import stat
import tempfile
import zipfile
import zlib
from contextlib import ExitStack
from pathlib import Path, PurePosixPath
from typing import IO, Final, cast

from layers.formats.model import refuse
from layers.types import Text

__all__ = [
    "MAX_DEPTH",
    "MAX_ENTRIES",
    "MAX_RATIO",
    "MAX_UNPACKED_BYTES",
    "RATIO_FREE_BYTES",
    "private_folder",
    "unpack_gzip",
    "unpack_zip",
]

#: All that an archive may unpack to, in bytes: a million parcels need less.
MAX_UNPACKED_BYTES: Final = 2 * 1024**3
#: Unpacked bytes for each packed one; text of coordinates packs to a tenth, a bomb to a thousandth.
MAX_RATIO: Final = 200
#: Below this size, in bytes, the ratio says nothing: an empty .dbf packs well.
RATIO_FREE_BYTES: Final = 10 * 1024**2
#: Files and folders in an archive.
MAX_ENTRIES: Final = 2_000
#: Folders above a file.
MAX_DEPTH: Final = 5
#: Archives in archives are not unpacked.
_NESTED: Final = frozenset({".zip", ".gz", ".tgz", ".tar", ".bz2", ".xz", ".7z", ".rar", ".kmz", ".zst"})
_CHUNK_BYTES: Final = 1024**2
_WINDOWS_LINE: Final = "\\"


def private_folder(stack: ExitStack) -> Path:
    """Make a folder that nobody else can read and that goes when the stack is closed.

    Parameters
    ----------
    stack : ExitStack
        What ends its life.

    Returns
    -------
    Path
        The folder, empty.
    """
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="parkplan-")))


def unpack_zip(path: Path, folder: Path) -> list[Path]:
    """Unpack a ZIP archive.

    Parameters
    ----------
    path : Path
        The archive.
    folder : Path
        Where to, empty.

    Returns
    -------
    list of Path
        The files, in the archive's order.

    Raises
    ------
    FileUnreadableError
        If it is no ZIP archive, is damaged or encrypted, leads out of the folder, holds links or other archives, or is
        larger, deeper or more tightly packed than the limits above.
    """
    wanted = Text(vi="tệp ZIP nguyên vẹn, không mật khẩu", en="an intact ZIP file without a password")
    try:
        with zipfile.ZipFile(path) as archive:
            entries = [entry for entry in archive.infolist() if not _is_clutter(entry.filename)]
            _check_list(path, entries)
            unpacked, left = [], _allowance(path)
            for entry in entries:
                if entry.is_dir():
                    continue
                target = folder / PurePosixPath(entry.filename)
                target.parent.mkdir(parents=True, exist_ok=True)
                with archive.open(entry) as packed:
                    left -= _copy(path, packed, target, left)
                unpacked.append(target)
            return unpacked
    except (zipfile.BadZipFile, RuntimeError, EOFError, zlib.error, OSError) as error:  # RuntimeError: encrypted
        refuse(path, seen=error, wanted=wanted)


def unpack_gzip(path: Path, folder: Path) -> Path:
    """Unpack a gzip file.

    Parameters
    ----------
    path : Path
        The file, called NAME.gz.
    folder : Path
        Where to.

    Returns
    -------
    Path
        The file NAME.

    Raises
    ------
    FileUnreadableError
        If it is no gzip file, is damaged, holds an archive, or is larger or more tightly packed than the limits above.
    """
    target = folder / path.stem
    if target.suffix.lower() in _NESTED:
        _refuse_nested(path, target.name)
    try:
        with gzip.open(path) as packed:
            _copy(path, cast("IO[bytes]", packed), target, _allowance(path))
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        refuse(path, seen=error, wanted=Text(vi="tệp gzip nguyên vẹn", en="an intact gzip file"))
    return target


def _allowance(path: Path) -> int:
    """Return how many bytes an archive may unpack to."""
    return min(MAX_UNPACKED_BYTES, max(RATIO_FREE_BYTES, path.stat().st_size * MAX_RATIO))


def _is_clutter(name: str) -> bool:
    """Tell what macOS and Windows put beside the files that somebody packed."""
    parts = PurePosixPath(name).parts
    return "__MACOSX" in parts or (bool(parts) and parts[-1] in (".DS_Store", "Thumbs.db", "desktop.ini"))


def _check_list(path: Path, entries: list[zipfile.ZipInfo]) -> None:
    if len(entries) > MAX_ENTRIES:
        seen = Text(vi=f"{len(entries)} mục trong tệp nén", en=f"{len(entries)} entries")
        refuse(path, seen=seen, wanted=Text(vi=f"không quá {MAX_ENTRIES}", en=f"at most {MAX_ENTRIES}"))
    named: set[str] = set()
    for entry in entries:
        _check_name(path, entry, named)
    declared = sum(entry.file_size for entry in entries)
    if declared > _allowance(path):
        _refuse_size(path, declared)


def _check_name(path: Path, entry: zipfile.ZipInfo, named: set[str]) -> None:
    name, parts = entry.filename, PurePosixPath(entry.filename).parts
    outside = (
        name.startswith("/") or ".." in parts or _WINDOWS_LINE in name or ":" in name or "\x00" in name or not parts
    )
    if outside:
        seen = Text(vi=f"đường dẫn {name!r} trong tệp nén", en=f"a path {name!r} in the archive")
        refuse(path, seen=seen, wanted=Text(vi="tên tệp nằm trong tệp nén", en="names that stay inside the archive"))
    if len(parts) - 1 > MAX_DEPTH:
        seen = Text(vi=f"{len(parts) - 1} cấp thư mục: {name!r}", en=f"{len(parts) - 1} folders deep: {name!r}")
        refuse(path, seen=seen, wanted=Text(vi=f"không quá {MAX_DEPTH} cấp", en=f"at most {MAX_DEPTH} folders"))
    kind = stat.S_IFMT(entry.external_attr >> 16)
    if kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        seen = Text(vi=f"{name!r} là liên kết hoặc tệp đặc biệt", en=f"{name!r} is a link or a special file")
        refuse(path, seen=seen, wanted=Text(vi="chỉ tệp thường", en="plain files only"))
    if PurePosixPath(name).suffix.lower() in _NESTED:
        _refuse_nested(path, name)
    if name.lower() in named:
        seen = Text(vi=f"hai mục tên {name!r}", en=f"two entries called {name!r}")
        refuse(path, seen=seen, wanted=Text(vi="mỗi tên một lần", en="each name once"))
    named.add(name.lower())


def _refuse_nested(path: Path, name: str) -> None:
    seen = Text(vi=f"tệp nén trong tệp nén: {name!r}", en=f"an archive in the archive: {name!r}")
    refuse(path, seen=seen, wanted=Text(vi="tệp dữ liệu trực tiếp trong tệp nén", en="data files directly in it"))


def _refuse_size(path: Path, seen_bytes: int) -> None:
    allowed = _allowance(path)
    seen = Text(
        vi=f"giải nén ra {seen_bytes} byte trở lên từ {path.stat().st_size} byte",
        en=f"it unpacks to {seen_bytes} bytes or more from {path.stat().st_size}",
    )
    wanted = Text(
        vi=f"không quá {allowed} byte (gấp {MAX_RATIO} lần, tối đa {MAX_UNPACKED_BYTES})",
        en=f"at most {allowed} bytes (a ratio of {MAX_RATIO}, {MAX_UNPACKED_BYTES} in all)",
    )
    refuse(path, seen=seen, wanted=wanted)


def _copy(path: Path, packed: IO[bytes], target: Path, allowed: int) -> int:
    """Write what comes out, and stop as soon as it is too much."""
    written = 0
    with target.open("xb") as file:
        while chunk := packed.read(_CHUNK_BYTES):
            written += len(chunk)
            if written > allowed:
                _refuse_size(path, written)
            file.write(chunk)
    return written
