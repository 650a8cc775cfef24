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
from typing import Final

import pyogrio

from layers.errors import FileUnreadableError
from layers.formats.dbf import check_shapefile, check_table, find_encoding
from layers.formats.faults import ARC_MARKS, arcs_seen
from layers.formats.model import ReadOptions, Source, beginning, refuse
from layers.types import Text

__all__ = ["open_dbf", "open_flatgeobuf", "open_geopackage", "open_shapefile"]

#: As this encoding, every byte is one character.
_BYTES: Final = "ISO-8859-1"
_SQLITE: Final = b"SQLite format 3\x00"
#: Magic bytes of FlatGeobuf with the version of the specification; the last one is a patch number.
_FLATGEOBUF: Final = b"fgb\x03fgb"
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
    # Left to itself the driver fills columns in a way that mixes up the rows where geometries are missing.
    pyogrio.set_gdal_config_options({"OGR_FLATGEOBUF_STREAM_BASE_IMPL": "YES"})
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
