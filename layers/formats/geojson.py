"""Looking at GeoJSON before GDAL sees it: as one document, or as a feature a line."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson
from pyproj import CRS

from layers.crs import parse_crs
from layers.definitions import STORE_CRS
from layers.errors import FileUnreadableError
from layers.formats.archives import private_folder
from layers.formats.model import Fault, ReadOptions, Source, beginning, refuse
from layers.formats.rfc7946 import FeatureLook, look_at_geojson, refuse_doubles
from layers.types import Bounds, Text

__all__ = ["BOM", "collection_source", "has_geometry", "holds_lost_letters", "open_geojson", "open_geojson_lines"]

_GEOJSON_TYPES: Final = frozenset(
    {
        "FeatureCollection", "Feature", "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon",
        "MultiPolygon", "GeometryCollection",
    }
)  # fmt: skip
#: May stand before the text of a file.
BOM: Final = b"\xef\xbb\xbf"
#: Begins each line of a GeoJSON text sequence (RFC 8142).
_RECORD_SEPARATOR: Final = b"\x1e"
_LOST_LETTER: Final = ("\ufffd".encode(), b"\\ufffd")
#: Bytes that are copied at once.
_PIECE: Final = 1 << 20
#: What a JSON document may be other than an object; truth values are numbers to Python.
_JSON_KINDS: Final = (
    (list, ("một mảng", "an array")),
    (str, ("một chuỗi", "a string")),
    (bool, ("true hoặc false", "true or false")),
    (int | float, ("một số", "a number")),
)
#: Text stays as it was written; whether it is a date, the field that takes it decides.
_TEXT_STAYS: Final = {"DATE_AS_STRING": "YES"}


def open_geojson(path: Path, options: ReadOptions, stack: ExitStack) -> Source:
    """Look at a GeoJSON file.

    Parameters
    ----------
    path : Path
        The file.
    options : ReadOptions
        Nothing of it counts here.
    stack : ExitStack
        Holds the folder of a mended copy.

    Returns
    -------
    Source
        With features and geometries counted.

    Raises
    ------
    FileUnreadableError
        If it is no JSON, or JSON of another kind.
    CrsError
        If it states a CRS that is not known.
    """
    del options
    content = path.read_bytes().removeprefix(BOM)
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        seen = Text(vi=f"không phải JSON trong UTF-8 ({error})", en=f"no JSON in UTF-8 ({error})")
        raise FileUnreadableError(seen=seen, wanted="GeoJSON (RFC 7946)", where=str(path)) from error
    kind = document.get("type") if isinstance(document, dict) else None
    features = document.get("features") if kind == "FeatureCollection" else [document]
    if kind not in _GEOJSON_TYPES or not isinstance(features, list):
        refuse(path, seen=_kind_of(document), wanted="GeoJSON (RFC 7946): FeatureCollection, features[]")
    look = look_at_geojson(path, content, document, features)
    target = path
    if look.changed:
        target = private_folder(stack) / path.name
        target.write_bytes(orjson.dumps(document))
    geometries = sum(has_geometry(feature) for feature in features)
    return collection_source(
        path,
        target,
        document,
        counted=(len(features), geometries),
        replacements=holds_lost_letters(content),
        faults=look.faults,
        bounds=look.bounds,
    )


def collection_source(
    path: Path,
    target: Path,
    document: dict[str, Any],
    *,
    counted: tuple[int, int],
    replacements: bool,
    faults: tuple[Fault, ...],
    bounds: Bounds | None,
) -> Source:
    """Return what GDAL is to read of a GeoJSON document that was looked at.

    Parameters
    ----------
    path, target : Path
        The file, and what GDAL reads of it: a copy where something was mended.
    document : dict
        The members of the document.
    counted : (int, int)
        Features and geometries.
    replacements : bool
        Whether the file itself may hold the sign for a lost letter.
    faults : tuple of Fault
        What is wrong with it.
    bounds : (float, float, float, float) or None
        Those it states.

    Returns
    -------
    Source
        The file.

    Raises
    ------
    CrsError
        If it states a CRS that is not known.
    """
    # The prefix keeps every other driver that reads JSON away from the file.
    return Source(
        path,
        "GeoJSON",
        f"GeoJSON:{target}",
        "UTF-8",
        counted=counted,
        stated_crs=_geojson_crs(document.get("crs"), path),
        options=_TEXT_STAYS,
        replacements=replacements,
        faults=faults,
        extents={} if bounds is None else {"": bounds},
    )


def open_geojson_lines(path: Path, options: ReadOptions, stack: ExitStack) -> Source:
    """Look at a file with one GeoJSON feature a line, line by line.

    Parameters
    ----------
    path : Path
        The file.
    options : ReadOptions
        Nothing of it counts here.
    stack : ExitStack
        Holds the folder of a mended copy.

    Returns
    -------
    Source
        With features and geometries counted.

    Raises
    ------
    FileUnreadableError
        If a line is no GeoJSON feature.
    """
    del options
    look, target = FeatureLook(path, geometries=True), path
    features, geometries, replacements = 0, 0, False
    with path.open("rb") as lines, ExitStack() as copying:
        begins, copy = 0, None
        for number, line in enumerate(lines, start=1):
            text = line.removeprefix(BOM if number == 1 else b"").strip(b" \t\r\n" + _RECORD_SEPARATOR)
            member, changed = None, False
            if text:
                member, changed = look.take(_line(path, number, text))
                features += 1
                geometries += has_geometry(member)
                replacements = replacements or holds_lost_letters(text)
            if changed and copy is None:
                target = private_folder(stack) / path.name
                copy = copying.enter_context(target.open("wb"))
                _copy_beginning(path, copy, begins)
            if copy is not None:
                mark = _RECORD_SEPARATOR if line.startswith(_RECORD_SEPARATOR) else b""
                copy.write(mark + orjson.dumps(member) + b"\n" if changed else line)
            begins += len(line)
    if not features:
        refuse(path, seen=beginning(b""), wanted="GeoJSONSeq (RFC 8142)")
    return Source(
        path,
        "GeoJSONSeq",
        f"GeoJSONSeq:{target}",
        "UTF-8",
        counted=(features, geometries),
        stated_crs=STORE_CRS,
        options=_TEXT_STAYS,
        replacements=replacements,
        faults=look.faults(),
    )


def _copy_beginning(path: Path, copy: BinaryIO, size: int) -> None:
    with path.open("rb") as original:
        while size and (piece := original.read(min(size, _PIECE))):
            copy.write(piece)
            size -= len(piece)


def _line(path: Path, number: int, text: bytes) -> Any:
    wanted = Text(vi="mỗi dòng một Feature của GeoJSON, UTF-8", en="one GeoJSON Feature a line, UTF-8")
    try:
        member = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        seen = Text(vi=f"dòng {number}: không phải JSON ({error})", en=f"line {number}: no JSON ({error})")
        raise FileUnreadableError(seen=seen, wanted=wanted, where=str(path)) from error
    kind = member.get("type") if isinstance(member, dict) else None
    if kind not in _GEOJSON_TYPES - {"FeatureCollection"}:
        told = _kind_of(member)
        seen = Text(vi=f"dòng {number}: {told.vi}", en=f"line {number}: {told.en}")
        refuse(path, seen=seen, wanted=wanted)
    refuse_doubles(path, text, member)
    return member


def holds_lost_letters(content: bytes) -> bool:
    """Tell whether a text may hold the sign for a letter that could not be decoded.

    Parameters
    ----------
    content : bytes
        JSON.

    Returns
    -------
    bool
        Whether it does, written out or as an escape.
    """
    return _LOST_LETTER[0] in content or _LOST_LETTER[1] in content.lower()


def _geojson_crs(member: Any, path: Path) -> str | None:
    """Return the CRS that a file written before RFC 7946 states; GDAL takes one it does not know for WGS 84."""
    if member is None:
        return None
    named = member.get("properties") if isinstance(member, dict) and member.get("type") == "name" else None
    name = named.get("name") if isinstance(named, dict) else member
    crs = parse_crs(name, where=str(path))
    if crs.equals(CRS(STORE_CRS), ignore_axis_order=True):
        return STORE_CRS
    return ":".join(crs.to_authority(min_confidence=100) or ()) or str(crs.to_wkt())


def has_geometry(member: Any) -> bool:
    """Tell whether a feature has a geometry; a bare geometry is one.

    Parameters
    ----------
    member : object
        A feature or geometry, parsed.

    Returns
    -------
    bool
        Whether it has.
    """
    if not isinstance(member, dict):
        return False
    return member.get("geometry") is not None if member.get("type") == "Feature" else member.get("type") is not None


def _kind_of(document: Any) -> Text:
    """Say what a JSON document is that is no GeoJSON."""
    if not isinstance(document, dict):
        vi, en = next((said for type_, said in _JSON_KINDS if isinstance(document, type_)), ("null", "null"))
        return Text(vi=f"JSON là {vi}", en=f"JSON that is {en}")
    if "type" not in document:
        return Text(vi="đối tượng JSON không có type", en="a JSON object without a type")
    kind = document["type"]
    if kind == "FeatureCollection":
        return Text(vi=f"{kind} không có mảng features", en=f"a {kind} without an array of features")
    shown = repr(kind) if isinstance(kind, str) else orjson.dumps(kind).decode()
    return Text(vi=f"JSON kiểu {shown}", en=f"JSON of type {shown}")
