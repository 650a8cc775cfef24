"""Whether a Shapefile is whole, and which encoding the text of its .dbf file has.

A .dbf file does not say how its text is encoded; side files may (.cpg, .cst). Without one, only plain ASCII and valid
UTF-8 are taken for what they are: Vietnamese text in old fonts (TCVN3, VNI) decodes without any error to wrong letters.
"""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from layers.errors import FileUnreadableError
from layers.types import Text

__all__ = ["DbfFile", "Encoding", "check_shapefile", "check_table", "codec_of", "find_encoding"]

_SHAPE_MAGIC: Final = 9994
_SHAPE_HEADER_BYTES: Final = 100
_WORD_BYTES: Final = 2
_INDEX_RECORD_BYTES: Final = 8
_TABLE_HEADER_BYTES: Final = 32
_CHUNK_BYTES: Final = 1024**2


@dataclass(frozen=True, slots=True)
class DbfFile:
    """The attribute table of a Shapefile.

    Parameters
    ----------
    path : Path
        The .shp file that it belongs to.
    table : Path
        The .dbf file.
    header : int
        Length of its header in bytes.
    """

    path: Path
    table: Path
    header: int

    def chunks(self) -> Iterator[bytes]:
        """Return everything behind the header, a piece at a time.

        Yields
        ------
        bytes
            The next piece.
        """
        with self.table.open("rb") as file:
            file.seek(self.header)
            yield from iter(lambda: file.read(_CHUNK_BYTES), b"")


@dataclass(frozen=True, slots=True)
class Encoding:
    """The encoding of a table's text.

    Parameters
    ----------
    name : str
        A codec that Python knows.
    notes : tuple of Text
        How it was found, where no file states it.
    """

    name: str
    notes: tuple[Text, ...] = ()


def check_shapefile(path: Path) -> DbfFile:
    """Check that the parts of a Shapefile are there, whole and of one length.

    Parameters
    ----------
    path : Path
        The .shp file.

    Returns
    -------
    DbfFile
        Its attribute table.

    Raises
    ------
    FileUnreadableError
        If a part is missing, cut off or something else, or the numbers of geometries and rows differ.
    """
    index, table = _beside(path, ".shx"), _beside(path, ".dbf")
    with path.open("rb") as file:
        shapes = file.read(_SHAPE_HEADER_BYTES)
    if len(shapes) < _SHAPE_HEADER_BYTES or int.from_bytes(shapes[:4], "big") != _SHAPE_MAGIC:
        seen = Text(vi=f"tệp bắt đầu bằng {shapes[:8]!r}", en=f"a file that begins with {shapes[:8]!r}")
        raise FileUnreadableError(seen=seen, wanted="Shapefile (.shp)", where=str(path))
    _check_size(path, int.from_bytes(shapes[24:28], "big") * _WORD_BYTES)
    rows, header = _sizes(path, table)
    indexed = (index.stat().st_size - _SHAPE_HEADER_BYTES) // _INDEX_RECORD_BYTES
    if indexed != rows:
        seen = Text(
            vi=f"{indexed} hình học nhưng {rows} dòng thuộc tính",
            en=f"{indexed} geometries but {rows} rows of attributes",
        )
        raise FileUnreadableError(
            seen=seen, wanted=Text(vi="số lượng bằng nhau", en="as many of both"), where=str(path)
        )
    return DbfFile(path, table, header)


def check_table(path: Path) -> DbfFile:
    """Check that a table of attributes is whole and stands alone.

    Parameters
    ----------
    path : Path
        The .dbf file.

    Returns
    -------
    DbfFile
        The table.

    Raises
    ------
    FileUnreadableError
        If it is cut off, something else, or the table of a Shapefile beside it.
    """
    if (shapes := _side_file(path, ".shp")) is not None:
        seen = Text(vi=f"bảng thuộc tính của {shapes.name}", en=f"the attribute table of {shapes.name}")
        raise FileUnreadableError(seen=seen, wanted=shapes.name, where=str(path))
    return DbfFile(path, path, _sizes(path, path)[1])


def _sizes(path: Path, table: Path) -> tuple[int, int]:
    """Return how many rows a table has, and how many bytes its header."""
    with table.open("rb") as file:
        content = file.read(_TABLE_HEADER_BYTES)
    if len(content) < _TABLE_HEADER_BYTES:
        raise FileUnreadableError(seen=f"{table.name}: {len(content)} B", wanted="dBASE (.dbf)", where=str(path))
    rows, header, width = struct.unpack("<IHH", content[4:12])
    _check_size(table, header + rows * width)
    return rows, header


def find_encoding(table: DbfFile, *, stated: str | None = None) -> Encoding:
    """Find the encoding of a table's text.

    Parameters
    ----------
    table : DbfFile
        The attribute table.
    stated : str, optional
        The encoding as the user states it; it wins over side files.

    Returns
    -------
    Encoding
        Stated by the user, by a .cpg or .cst file, or certain from the bytes.

    Raises
    ------
    FileUnreadableError
        If nobody states it and the bytes are neither ASCII nor UTF-8, if what is stated is unknown, or if the text is
        not in it.
    """
    name, basis = stated, "encoding"
    for suffix in (".cpg", ".cst"):
        if name is None and (side := _side_file(table.path, suffix)) is not None:
            name, basis = side.read_text(encoding="latin-1").strip(), side.name
    if name is not None:
        return Encoding(_decoded(table, codec_of(name), said=f"{basis}: {name}"))
    if all(chunk.isascii() for chunk in table.chunks()):
        return Encoding("ascii")
    try:
        _decoded(table, "utf-8", said="")
    except FileUnreadableError as error:
        seen = Text(
            vi=f"chữ trong {table.table.name} không phải UTF-8 và không có tệp .cpg",
            en=f"the text of {table.table.name} is not UTF-8 and there is no .cpg file",
        )
        wanted = Text(
            vi="khai báo bảng mã: --encoding cp1258, cp1252, ... hoặc tệp .cpg",
            en="its encoding stated: --encoding cp1258, cp1252, ... or a .cpg file",
        )
        raise FileUnreadableError(seen=seen, wanted=wanted, where=str(table.path)) from error
    note = Text(
        vi=f"{table.table.name} không khai báo bảng mã; chữ là UTF-8 hợp lệ và được đọc như vậy.",
        en=f"{table.table.name} does not state its encoding; its text is valid UTF-8 and was read so.",
    )
    return Encoding("utf-8", (note,))


def _side_file(path: Path, suffix: str) -> Path | None:
    """Find a side file, whatever the case of its ending."""
    named = (path.with_suffix(ending) for ending in (suffix, suffix.upper()))
    return next((candidate for candidate in named if candidate.is_file()), None)


def _beside(path: Path, suffix: str) -> Path:
    if (found := _side_file(path, suffix)) is None:
        seen = Text(vi=f"không có tệp {suffix} bên cạnh", en=f"no {suffix} file beside it")
        raise FileUnreadableError(seen=seen, wanted=".shp, .shx, .dbf", where=str(path))
    return found


def _check_size(path: Path, declared: int) -> None:
    size = path.stat().st_size
    if size < declared:
        seen = Text(vi=f"{size} byte, bị cắt cụt", en=f"{size} bytes, cut off")
        raise FileUnreadableError(
            seen=seen,
            wanted=Text(vi=f"{declared} byte như đầu tệp ghi", en=f"{declared} bytes as it says"),
            where=str(path),
        )


def codec_of(name: str) -> str:
    """Return the codec for a name as side files write it: UTF-8, 65001, 1252, ANSI 1252, CP1258, 88591, latin1.

    Parameters
    ----------
    name : str
        As it is written.

    Returns
    -------
    str
        As Python writes it.
    """
    number = re.fullmatch(r"(?:ansi|cp|oem|windows-)?[ _]*([0-9]{3,5})", name.strip().lower())
    if number is None:
        return name.strip()
    digits = number[1]
    if digits == "65001":
        return "utf-8"
    return f"iso8859-{digits[4:]}" if digits.startswith("8859") else f"cp{digits}"


def _decoded(table: DbfFile, codec: str, *, said: str) -> str:
    """Return the codec's own name, after making sure that the whole table is in it."""
    try:
        name = codecs.lookup(codec).name
        decoder = codecs.getincrementaldecoder(name)()
        for chunk in table.chunks():
            decoder.decode(chunk)
        decoder.decode(b"", final=True)
    except LookupError as error:
        wanted = Text(vi="bảng mã như UTF-8, cp1258, cp1252", en="an encoding such as UTF-8, cp1258, cp1252")
        raise FileUnreadableError(seen=said, wanted=wanted, where=str(table.path)) from error
    except UnicodeDecodeError as error:
        there = error.object[error.start : error.end]
        seen = Text(
            vi=f"{said}, nhưng {table.table.name} có byte {there!r}",
            en=f"{said}, but {table.table.name} holds {there!r}",
        )
        wanted = Text(vi="bảng mã thật của chữ: --encoding", en="the encoding the text really has: --encoding")
        raise FileUnreadableError(seen=seen, wanted=wanted, where=str(table.path)) from error
    return name
