"""Whether a file is what its name says: its first bytes, before any reader of GDAL sees it.

GDAL opens a file with whatever driver knows its content, and some of those follow references to other files or to the
network. A file comes to GDAL only after it was found to be in the format that its name claims, and with what its reader
has to know: the encoding of its text, the CRS as it is stated, and how many features and geometries there must be.
"""

from __future__ import annotations

import sqlite3
import struct
from contextlib import ExitStack, closing
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Final

import orjson
from pyproj import CRS

from layers.crs import parse_crs
from layers.definitions import STORE_CRS
from layers.errors import FileUnreadableError
from layers.formats.archives import private_folder
from layers.formats.dbf import check_shapefile, check_table, find_encoding
from layers.formats.faults import ARC_MARKS, arcs_seen
from layers.formats.model import ReadOptions, Source, beginning, refuse
from layers.formats.rfc7946 import FeatureLook, look_at_geojson, refuse_doubles
from layers.types import Text

__all__ = ["open_dbf", "open_flatgeobuf", "open_geojson", "open_geojson_lines", "open_geopackage", "open_shapefile"]

_GEOJSON_TYPES: Final = frozenset(
    {
        "FeatureCollection", "Feature", "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon",
        "MultiPolygon", "GeometryCollection",
    }
)  # fmt: skip
#: As this encoding, every byte is one character.
_BYTES: Final = "ISO-8859-1"
_SQLITE: Final = b"SQLite format 3\x00"
#: Magic bytes of FlatGeobuf with the version of the specification; the last one is a patch number.
_FLATGEOBUF: Final = b"fgb\x03fgb"
_BOM: Final = b"\xef\xbb\xbf"
#: Bounds that a GeoPackage states of its layers.
_EXTENTS: Final = "SELECT table_name, min_x, min_y, max_x, max_y FROM gpkg_contents WHERE data_type = 'features'"
#: Numbers of features that GDAL keeps of the layers of a GeoPackage.
_COUNTS: Final = """
    SELECT stated.table_name, stated.feature_count FROM gpkg_ogr_contents AS stated
    JOIN sqlite_master AS tables ON tables.type = 'table' AND tables.name = stated.table_name
    WHERE typeof(stated.feature_count) = 'integer'
"""
#: Layers that a GeoPackage says may hold other than straight lines.
_CURVED: Final = """
    SELECT DISTINCT stated.table_name, stated.column_name FROM gpkg_extensions AS stated
    JOIN sqlite_master AS tables ON tables.type = 'table' AND tables.name = stated.table_name
    WHERE stated.extension_name LIKE 'gpkg\\_geom\\_%' ESCAPE '\\' AND stated.column_name IS NOT NULL
"""
#: Where the header of a .shp file states its bounds.
_SHAPEFILE_BOUNDS: Final = 36
#: Begins each line of a GeoJSON text sequence (RFC 8142).
_RECORD_SEPARATOR: Final = b"\x1e"
_LOST_LETTER: Final = ("\ufffd".encode(), b"\\ufffd")
#: Bytes that are copied at once.
_PIECE: Final = 1 << 20
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
    content = path.read_bytes().removeprefix(_BOM)
    try:
        document = orjson.loads(content)
    except orjson.JSONDecodeError as error:
        seen = Text(vi=f"không phải JSON trong UTF-8 ({error})", en=f"no JSON in UTF-8 ({error})")
        raise FileUnreadableError(seen=seen, wanted="GeoJSON (RFC 7946)", where=str(path)) from error
    kind = document.get("type") if isinstance(document, dict) else None
    features = document.get("features") if kind == "FeatureCollection" else [document]
    if kind not in _GEOJSON_TYPES or not isinstance(features, list):
        seen = Text(vi=f"JSON kiểu {kind!r}", en=f"JSON of type {kind!r}")
        refuse(path, seen=seen, wanted="GeoJSON (RFC 7946): FeatureCollection, features[]")
    look = look_at_geojson(path, content, document, features)
    target = path
    if look.changed:
        target = private_folder(stack) / path.name
        target.write_bytes(orjson.dumps(document))
    geometries = sum(_has_geometry(feature) for feature in features)
    # The prefix keeps every other driver that reads JSON away from the file.
    return Source(
        path,
        "GeoJSON",
        f"GeoJSON:{target}",
        "UTF-8",
        counted=(len(features), geometries),
        stated_crs=_geojson_crs(document.get("crs"), path),
        options=_TEXT_STAYS,
        replacements=_holds_lost_letters(content),
        faults=look.faults,
        extents={} if look.bounds is None else {"": look.bounds},
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
            text = line.removeprefix(_BOM if number == 1 else b"").strip(b" \t\r\n" + _RECORD_SEPARATOR)
            member, changed = None, False
            if text:
                member, changed = look.take(_line(path, number, text))
                features += 1
                geometries += _has_geometry(member)
                replacements = replacements or _holds_lost_letters(text)
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
        seen = Text(vi=f"dòng {number}: JSON kiểu {kind!r}", en=f"line {number}: JSON of type {kind!r}")
        refuse(path, seen=seen, wanted=wanted)
    refuse_doubles(path, text, member)
    return member


def _holds_lost_letters(content: bytes) -> bool:
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


def _has_geometry(member: Any) -> bool:
    """Tell whether a feature has a geometry; a bare geometry is one."""
    if not isinstance(member, dict):
        return False
    return member.get("geometry") is not None if member.get("type") == "Feature" else member.get("type") is not None


def open_geopackage(path: Path, options: ReadOptions, stack: ExitStack) -> Source:
    """Look at a GeoPackage file.

    Parameters
    ----------
    path : Path
        The file.
    options : ReadOptions
        Nothing of it counts here.
    stack : ExitStack
        Not needed here.

    Returns
    -------
    Source
        Of an intact database.

    Raises
    ------
    FileUnreadableError
        If it is no SQLite database, is damaged, or is no GeoPackage.
    """
    del options, stack
    with path.open("rb") as file:
        begins = file.read(len(_SQLITE))
    if begins != _SQLITE:
        refuse(path, seen=beginning(begins), wanted=Text(vi="tệp GeoPackage", en="a GeoPackage file"))
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            damage = database.execute("PRAGMA quick_check(1)").fetchone()[0]
            contents = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'gpkg_contents'").fetchone()[0]
            stated = database.execute(_EXTENTS).fetchall() if contents else []
            counts, curves = _counts(database), _curves(database)
    except sqlite3.Error as error:
        raise FileUnreadableError(seen=error, wanted="GeoPackage", where=str(path)) from error
    if damage != "ok":
        refuse(path, seen=damage, wanted=Text(vi="tệp GeoPackage nguyên vẹn", en="an intact GeoPackage file"))
    if not contents:
        seen = Text(vi="SQLite không có bảng gpkg_contents", en="SQLite without a table gpkg_contents")
        refuse(path, seen=seen, wanted=Text(vi="tệp GeoPackage", en="a GeoPackage file"))
    extents = {row[0]: row[1:] for row in stated if all(isinstance(number, int | float) for number in row[1:])}
    return Source(path, "GPKG", str(path), "UTF-8", extents=extents, counts=counts, curves=curves)


def _counts(database: sqlite3.Connection) -> dict[str, tuple[int, int]]:
    """Return what number of features layers state of themselves, and how many there are."""
    there = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'gpkg_ogr_contents'").fetchone()[0]
    stated = database.execute(_COUNTS).fetchall() if there else []
    return {
        str(table): (int(said), database.execute(f"SELECT count(*) FROM {_quoted(table)}").fetchone()[0])  # noqa: S608
        for table, said in stated
    }


def _quoted(name: object) -> str:
    """Write a name into SQL."""
    return '"' + str(name).replace('"', '""') + '"'


def _curves(database: sqlite3.Connection) -> dict[str, Text]:
    """Return how many features of each layer hold arcs; a GeoPackage names the layers that may."""
    there = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'gpkg_extensions'").fetchone()[0]
    found = {}
    for table, column in database.execute(_CURVED).fetchall() if there else ():
        any_arc = " OR ".join(f"instr({_quoted(column)}, x'{mark}')" for mark in ARC_MARKS)
        query = f"SELECT count(*) FROM {_quoted(table)} WHERE {any_arc}"  # noqa: S608
        if count := database.execute(query).fetchone()[0]:
            found[str(table)] = arcs_seen(count)
    return found


def open_flatgeobuf(path: Path, options: ReadOptions, stack: ExitStack) -> Source:
    """Look at a FlatGeobuf file.

    Parameters
    ----------
    path : Path
        The file.
    options : ReadOptions
        Nothing of it counts here.
    stack : ExitStack
        Not needed here.

    Returns
    -------
    Source
        The file.

    Raises
    ------
    FileUnreadableError
        If it begins in another way.
    """
    del options, stack
    with path.open("rb") as file:
        begins = file.read(len(_FLATGEOBUF))
    if begins != _FLATGEOBUF:
        refuse(path, seen=beginning(begins), wanted="FlatGeobuf (.fgb)")
    return Source(path, "FlatGeobuf", str(path), "UTF-8")


def open_shapefile(path: Path, options: ReadOptions, stack: ExitStack) -> Source:
    """Look at all parts of a Shapefile.

    Parameters
    ----------
    path : Path
        The .shp file.
    options : ReadOptions
        With the encoding of its text, if the user states it.
    stack : ExitStack
        Not needed here.

    Returns
    -------
    Source
        Of whole parts that belong together, with the encoding of their text.

    Raises
    ------
    FileUnreadableError
        If a part is missing or damaged, or the encoding is not known.
    """
    del stack
    found = find_encoding(check_shapefile(path), stated=options.encoding)
    with path.open("rb") as file:
        stated = struct.unpack("<4d", file.read(_SHAPEFILE_BOUNDS + 32)[_SHAPEFILE_BOUNDS:])
    return replace(_with_dbf_text(path, found.name, found.notes), extents={"": stated})


def open_dbf(path: Path, options: ReadOptions, stack: ExitStack) -> Source:
    """Look at a dBASE table that belongs to no Shapefile.

    Parameters
    ----------
    path : Path
        The .dbf file.
    options : ReadOptions
        With the encoding of its text, if the user states it.
    stack : ExitStack
        Not needed here.

    Returns
    -------
    Source
        Of a whole table.

    Raises
    ------
    FileUnreadableError
        If it is damaged, belongs to a Shapefile, or its encoding is not known.
    """
    del stack
    found = find_encoding(check_table(path), stated=options.encoding)
    return _with_dbf_text(path, found.name, found.notes)


def _with_dbf_text(path: Path, codec: str, notes: tuple[Text, ...]) -> Source:
    if codec in ("ascii", "utf-8"):
        return Source(path, "ESRI Shapefile", str(path), codec, gdal_encoding="UTF-8", notes=notes)
    # GDAL's own decoding of cp1258 loses the last letter of every text.
    return Source(path, "ESRI Shapefile", str(path), codec, gdal_encoding=_BYTES, codec=codec, notes=notes)
