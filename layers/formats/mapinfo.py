"""MapInfo tables (TAB) and interchange files (MIF): whether they stand for themselves, and how their text is encoded.

A .tab file may be a mere reference to other tables, databases or images; only native tables are read. GDAL decodes
none of the Vietnamese character sets without loss, so that text is passed on byte by byte and decoded here.
"""

from __future__ import annotations

import re
import shutil
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from layers.formats.archives import private_folder
from layers.formats.dbf import codec_of
from layers.formats.model import ReadOptions, Source, beginning, refuse
from layers.types import Text

__all__ = ["open_mif", "open_tab"]

#: Character sets as MapInfo names them, and the codecs.
_CODECS: Final = {
    "windowslatin1": "cp1252",
    "windowslatin2": "cp1250",
    "windowscyrillic": "cp1251",
    "windowsgreek": "cp1253",
    "windowsvietnamese": "cp1258",
    "windowsthai": "cp874",
    "iso8859_1": "latin-1",
    "codepage437": "cp437",
    "codepage850": "cp850",
    "utf-8": "utf-8",
}
_DRIVER: Final = "MapInfo File"
#: A header is short; what comes behind it is data.
_HEADER_BYTES: Final = 64 * 1024
_CHARSET: Final = re.compile(rb'charset\s+"?([\w-]+)"?', re.IGNORECASE)
_TYPE: Final = re.compile(rb"^\s*type\s+(\w+)", re.IGNORECASE | re.MULTILINE)
_REFERENCE: Final = re.compile(
    rb"create\s+view|isseamless|^\s*open\s+table|^\s*file\s+\"", re.IGNORECASE | re.MULTILINE
)
#: Parts of a native table beside the .tab file; the index may be absent.
_PARTS: Final = (".dat", ".map", ".id")


def open_tab(path: Path, options: ReadOptions, stack: ExitStack) -> Source:
    """Look at a MapInfo table.

    Parameters
    ----------
    path : Path
        The .tab file.
    options : ReadOptions
        With the encoding of its text, if the user states it.
    stack : ExitStack
        Keeps what GDAL reads.

    Returns
    -------
    Source
        Of a native table whose parts are there.

    Raises
    ------
    FileUnreadableError
        If it is something else, refers to other files, lacks a part, or has an unknown character set.
    """
    header = path.read_bytes()[:_HEADER_BYTES]
    wanted = Text(vi="bảng MapInfo gốc (Type NATIVE)", en="a native MapInfo table (Type NATIVE)")
    if not header.lstrip().lower().startswith(b"!table"):
        refuse(path, seen=beginning(header[:16]), wanted=wanted)
    kind = _TYPE.search(header)
    if kind is None or kind[1].lower() != b"native" or _REFERENCE.search(header):
        named = "" if kind is None else kind[1].decode("latin-1")
        seen = Text(vi=f"bảng trỏ tới tệp khác ({named})", en=f"a table that refers to other files ({named})")
        refuse(path, seen=seen, wanted=wanted)
    places = [path, *_parts(path)]
    codec = _codec(path, header, options)
    folder = private_folder(stack)
    for place in places[1:]:
        (folder / f"table{place.suffix.lower()}").symlink_to(place)
    (folder / "table.tab").write_bytes(header if codec == "utf-8" else _neutral(header))
    return _source(path, folder / "table.tab", codec)


def _parts(path: Path) -> list[Path]:
    beside = {place.name.lower(): place for place in path.parent.iterdir() if place.stem == path.stem}
    found = [beside.get(f"{path.stem}{suffix}".lower()) for suffix in _PARTS]
    if found[0] is None or (found[1] is None) != (found[2] is None):
        missing = ", ".join(suffix for suffix, place in zip(_PARTS, found, strict=True) if place is None)
        seen = Text(vi=f"thiếu tệp {missing} bên cạnh", en=f"no {missing} file beside it")
        refuse(path, seen=seen, wanted=".tab, .dat, .map, .id")
    return [place for place in found if place is not None]


def open_mif(path: Path, options: ReadOptions, stack: ExitStack) -> Source:
    """Look at a MapInfo interchange file.

    Parameters
    ----------
    path : Path
        The .mif file; a .mid file lies beside it.
    options : ReadOptions
        With the encoding of its text, if the user states it.
    stack : ExitStack
        Keeps what GDAL reads.

    Returns
    -------
    Source
        Of a file whose attributes are there.

    Raises
    ------
    FileUnreadableError
        If it is something else, lacks its .mid file, or has an unknown character set.
    """
    with path.open("rb") as file:
        header = file.read(_HEADER_BYTES)
    if not header.lstrip().lower().startswith(b"version"):
        refuse(path, seen=beginning(header[:16]), wanted="MapInfo MIF/MID")
    values = next((path.with_suffix(ending) for ending in (".mid", ".MID") if path.with_suffix(ending).is_file()), None)
    if values is None:
        seen = Text(vi="không có tệp .mid bên cạnh", en="no .mid file beside it")
        refuse(path, seen=seen, wanted=".mif, .mid")
    codec = _codec(path, header, options)
    folder = private_folder(stack)
    (folder / "table.mid").symlink_to(values)
    if codec == "utf-8":
        (folder / "table.mif").symlink_to(path)
    else:
        with path.open("rb") as file, (folder / "table.mif").open("wb") as copy:
            copy.write(_neutral(file.read(_HEADER_BYTES)))
            shutil.copyfileobj(file, copy)
    return _source(path, folder / "table.mif", codec)


def _source(path: Path, target: Path, codec: str) -> Source:
    if codec == "utf-8":
        return Source(path, _DRIVER, str(target), codec)
    return Source(path, _DRIVER, str(target), codec, gdal_encoding="ISO-8859-1", codec=codec)


def _codec(path: Path, header: bytes, options: ReadOptions) -> str:
    """Return the codec that the user or the file states."""
    if options.encoding is not None:
        return codec_of(options.encoding)
    found = _CHARSET.findall(header)
    named = found[-1].decode("latin-1") if found else "Neutral"
    codec = _CODECS.get(named.lower())
    if codec is None:
        wanted = Text(
            vi=f"khai báo bảng mã: --encoding cp1258, ... hoặc Charset {', '.join(_CODECS)}",
            en=f"its encoding stated: --encoding cp1258, ... or Charset {', '.join(_CODECS)}",
        )
        refuse(path, seen=f"Charset {named}", wanted=wanted)
    return codec


def _neutral(header: bytes) -> bytes:
    """Keep GDAL from decoding: text of a neutral character set is passed on as it is."""
    return _CHARSET.sub(lambda found: found[0].replace(found[1], b"Neutral"), header)
