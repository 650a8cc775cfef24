"""KML and GML: well formed, without entities, and on their own.

Both are XML, and XML can point anywhere: document types with entities, schemas to fetch, links to follow. A document
with a document type is refused; schemas and links are named nowhere in what GDAL gets to see.
"""

from __future__ import annotations

import re
import shutil
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from xml.parsers import expat

import pyogrio

from layers.errors import FileUnreadableError
from layers.formats.archives import private_folder, unpack_zip
from layers.formats.model import ReadOptions, Source, beginning, refuse
from layers.types import Text

__all__ = ["open_gml", "open_kml", "open_kmz"]

_CHUNK_BYTES: Final = 1024**2
#: The head of a document, in which the root element names its schemas.
_HEAD_BYTES: Final = 64 * 1024
_SCHEMA: Final = re.compile(rb"""\s[\w.-]*:?(?:noNamespaceS|s)chemaLocation\s*=\s*("[^"]*"|'[^']*')""")
#: Columns of the LIBKML driver.
_KML_COLUMNS: Final = frozenset(
    {
        "Name", "description", "timestamp", "begin", "end", "altitudeMode", "tessellate", "extrude", "visibility",
        "drawOrder", "icon", "snippet",
    }
)  # fmt: skip
#: Elements of GML that are arcs; areas and lines are called curves and surfaces without any.
_ARCS: Final = frozenset(
    {"Arc", "ArcString", "ArcByBulge", "ArcByCenterPoint", "ArcStringByBulge", "Circle", "CircleByCenterPoint"}
)
_WELL_FORMED: Final = Text(vi="XML đúng cú pháp, không có DOCTYPE", en="well-formed XML without a document type")
_ZIP: Final = b"PK\x03\x04"


@dataclass(slots=True)
class _Scan:
    """What a document holds, by counting."""

    root: str = ""
    links: int = 0
    arcs: int = 0
    doctype: bool = False
    seen: set[str] = field(default_factory=set)

    def start(self, name: str, _attributes: object) -> None:
        local = name.rpartition(":")[2]
        self.root = self.root or local
        self.links += local in ("NetworkLink", "GroundOverlay", "PhotoOverlay", "ScreenOverlay")
        self.arcs += local in _ARCS
        if name.startswith("gml:") or local == "Placemark":
            self.seen.add(local)

    def refuse_doctype(self, *_declared: object) -> None:
        self.doctype = True


def _scan(path: Path, where: Path) -> _Scan:
    """Read a document once, element by element."""
    scan = _Scan()
    parser = expat.ParserCreate()
    parser.StartElementHandler = scan.start
    parser.StartDoctypeDeclHandler = scan.refuse_doctype
    try:
        with path.open("rb") as file:
            while chunk := file.read(_CHUNK_BYTES):
                parser.Parse(chunk, False)
                if scan.doctype:
                    break
            else:
                parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise FileUnreadableError(seen=error, wanted=_WELL_FORMED, where=str(where)) from error
    if scan.doctype:
        seen = Text(vi="tệp XML có DOCTYPE", en="XML with a document type (DOCTYPE)")
        refuse(where, seen=seen, wanted=_WELL_FORMED)
    return scan


def open_kml(path: Path, options: ReadOptions, stack: ExitStack) -> Source:
    """Look at a KML file.

    Parameters
    ----------
    path : Path
        The .kml file.
    options : ReadOptions
        Nothing of it counts here.
    stack : ExitStack
        Not needed here.

    Returns
    -------
    Source
        With a note on links and images, which are not followed.

    Raises
    ------
    FileUnreadableError
        If it is no well-formed KML, or has a document type.
    """
    del options, stack
    return _kml(path, path)


def open_kmz(path: Path, options: ReadOptions, stack: ExitStack) -> Source:
    """Look at a KML file in its archive.

    Parameters
    ----------
    path : Path
        The .kmz file.
    options : ReadOptions
        Nothing of it counts here.
    stack : ExitStack
        Keeps what was unpacked.

    Returns
    -------
    Source
        Of the one KML document in it.

    Raises
    ------
    FileUnreadableError
        If the archive breaks a limit, or holds no KML document.
    """
    del options
    with path.open("rb") as file:
        begins = file.read(len(_ZIP))
    if begins != _ZIP:
        refuse(path, seen=beginning(begins), wanted="KMZ (.kmz)")
    documents = [place for place in unpack_zip(path, private_folder(stack)) if place.suffix.lower() == ".kml"]
    if not documents:
        refuse(path, seen=Text(vi="không có tệp .kml bên trong", en="no .kml file in it"), wanted="KMZ (doc.kml)")
    # The first document of an archive is the one that counts, by the format's own rule.
    return _kml(documents[0], path)


def _kml(document: Path, where: Path) -> Source:
    scan = _scan(document, where)
    if scan.root != "kml":
        refuse(where, seen=f"<{scan.root}>", wanted="KML (<kml>)")
    note = Text(
        vi=f"{scan.links} liên kết mạng hoặc ảnh phủ không được mở.",
        en=f"{scan.links} network links or image overlays were not followed.",
    )
    return Source(where, "LIBKML", str(document), "UTF-8", notes=(note,) if scan.links else (), hidden=_KML_COLUMNS)


def open_gml(path: Path, options: ReadOptions, stack: ExitStack) -> Source:
    """Look at a GML file.

    Parameters
    ----------
    path : Path
        The .gml or .xml file.
    options : ReadOptions
        Nothing of it counts here.
    stack : ExitStack
        Keeps the copy that GDAL reads: without schemas, and where GDAL leaves no files of its own.

    Returns
    -------
    Source
        Whose values stay text, as they are written.

    Raises
    ------
    FileUnreadableError
        If it is no well-formed GML, or has a document type.
    """
    del options
    scan = _scan(path, path)
    if not scan.seen:
        refuse(path, seen=f"<{scan.root}>", wanted="GML (gml:...)")
    copy = private_folder(stack) / f"{path.stem}.gml"
    with path.open("rb") as file, copy.open("wb") as target:
        target.write(_SCHEMA.sub(b"", file.read(_HEAD_BYTES)))
        shutil.copyfileobj(file, target)
    # GDAL would take the text 007 for the number 7; which type it has, the field that takes it decides.
    pyogrio.set_gdal_config_options({"GML_FIELDTYPES": "ALWAYS_STRING"})
    arcs = {"": Text(vi=f"{scan.arcs} cung tròn", en=f"arcs: {scan.arcs}")} if scan.arcs else {}
    return Source(path, "GML", str(copy), "UTF-8", options={"DOWNLOAD_SCHEMA": "NO", "WRITE_GFS": "NO"}, curves=arcs)
