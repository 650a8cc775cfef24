"""Whether a file is what its name says: its first bytes, before any reader of GDAL sees it.

GDAL opens a file with whatever driver knows its content, and some of those follow references to other files or to the
network. A file comes to GDAL only after it was found to be in the format that its name claims, and with what its reader
has to know: the encoding of its text, the CRS as it is stated, and how many features and geometries there must be.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NoReturn

import geopandas as gpd
import orjson
import pandas as pd
from pyproj import CRS

from layers.crs import parse_crs
from layers.dbf import check_shapefile, find_encoding
from layers.definitions import STORE_CRS
from layers.errors import FileUnreadableError, MissingFileError
from layers.types import Text

__all__ = ["DRIVERS", "WANTED_FILE", "Source", "open_source", "refuse"]

#: GDAL drivers that files are read with, by the ending of the file's name.
DRIVERS: Final[dict[str, str]] = {
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".gpkg": "GPKG",
    ".shp": "ESRI Shapefile",
}
WANTED_FILE: Final = "GeoJSON (.geojson, .json), GeoPackage (.gpkg), Shapefile (.shp)"
_GEOJSON_TYPES: Final = frozenset(
    {
        "FeatureCollection", "Feature", "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon",
        "MultiPolygon", "GeometryCollection",
    }
)  # fmt: skip
#: As this encoding, every byte is one character.
_BYTES: Final = "ISO-8859-1"
_SQLITE: Final = b"SQLite format 3\x00"


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was found to be what its name says.

    Parameters
    ----------
    path : Path
        The file.
    driver : str
        The GDAL driver that may read it.
    target : str
        What GDAL is to open.
    encoding : str
        Of the file's text.
    gdal_encoding : str or None
        The encoding that GDAL decodes text from; None where the format fixes it.
    codec : str or None
        The codec by which text is decoded here, after GDAL has passed its bytes on one by one.
    notes : tuple of Text
        What a reader of the features should know.
    counted : (int, int) or None
        Features and geometries in the file, counted without GDAL; None where GDAL's own count is sure.
    stated_crs : str or None
        The CRS that the file states in a way that GDAL may not understand.
    options : mapping of str to str
        Open options of the driver.
    replacements : bool
        Whether the file itself may hold the sign for a letter that could not be decoded (U+FFFD).
    """

    path: Path
    driver: str
    target: str
    encoding: str
    gdal_encoding: str | None = None
    codec: str | None = None
    notes: tuple[Text, ...] = ()
    counted: tuple[int, int] | None = None
    stated_crs: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    replacements: bool = True

    def decode_text(self, text: str) -> str:
        """Decode a text that GDAL passed on byte by byte.

        Parameters
        ----------
        text : str
            One character a byte, if there is a codec.

        Returns
        -------
        str
            The text.
        """
        return text if self.codec is None else text.encode(_BYTES).decode(self.codec)

    def decode(self, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Decode the texts of a frame and the names of its columns.

        Parameters
        ----------
        frame : GeoDataFrame
            As GDAL passed it on.

        Returns
        -------
        GeoDataFrame
            The same rows.
        """
        if self.codec is None:
            return frame
        texts = [name for name in frame.columns if isinstance(frame[name].dtype, pd.StringDtype)]
        decoded = {name: frame[name].map(self.decode_text, na_action="ignore") for name in texts}
        return frame.assign(**decoded).rename(columns=self.decode_text)


def open_source(path: str | Path, *, encoding: str | None = None) -> Source:
    """Look at a file's name and bytes.

    Parameters
    ----------
    path : str or Path
        GeoJSON, GeoPackage or Shapefile.
    encoding : str, optional
        Encoding of a Shapefile's text, where the file does not state it.

    Returns
    -------
    Source
        What GDAL may open, and what its reader has to know.

    Raises
    ------
    MissingFileError
        If the file is not there.
    FileUnreadableError
        If it is not what its name says, or is damaged.
    CrsError
        If a GeoJSON file states a CRS that is not known.
    """
    path = Path(path)
    if not path.exists():
        raise MissingFileError(seen=path)
    driver = DRIVERS.get(path.suffix.lower())
    # `/vsi...` and `!` have a meaning of their own to GDAL and pyogrio: virtual folders and archives.
    if not path.is_file() or driver is None or "!" in str(path) or str(path.resolve()).startswith("/vsi"):
        refuse(path, seen=path.name)
    if encoding is not None and driver != "ESRI Shapefile":
        seen = Text(vi=f"encoding={encoding} cho {driver}", en=f"encoding={encoding} for {driver}")
        wanted = Text(vi="không khai báo encoding: tệp luôn là UTF-8", en="no encoding: the file is always UTF-8")
        raise FileUnreadableError(seen=seen, wanted=wanted, where=str(path))
    try:
        return _OPENERS[driver](path.resolve(), encoding)
    except OSError as error:
        raise FileUnreadableError(seen=error.strerror or error, wanted=WANTED_FILE, where=str(path)) from error


def _open_geojson(path: Path, _encoding: str | None) -> Source:
    content = path.read_bytes().removeprefix(b"\xef\xbb\xbf")
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
    geometries = sum(_has_geometry(feature) for feature in features)
    # The prefix keeps every other driver that reads JSON away from the file.
    return Source(
        path,
        "GeoJSON",
        f"GeoJSON:{path}",
        "UTF-8",
        counted=(len(features), geometries),
        stated_crs=_geojson_crs(document.get("crs"), path),
        # Text stays as it was written; whether it is a date, the field that takes it decides.
        options={"DATE_AS_STRING": "YES"},
        replacements="\ufffd".encode() in content or b"\\ufffd" in content.lower(),
    )


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


def _open_geopackage(path: Path, _encoding: str | None) -> Source:
    with path.open("rb") as file:
        begins = file.read(len(_SQLITE))
    if begins != _SQLITE:
        refuse(path, seen=_beginning(begins), wanted=Text(vi="tệp GeoPackage", en="a GeoPackage file"))
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            damage = database.execute("PRAGMA quick_check(1)").fetchone()[0]
            contents = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'gpkg_contents'").fetchone()[0]
    except sqlite3.Error as error:
        raise FileUnreadableError(seen=error, wanted="GeoPackage", where=str(path)) from error
    if damage != "ok":
        refuse(path, seen=damage, wanted=Text(vi="tệp GeoPackage nguyên vẹn", en="an intact GeoPackage file"))
    if not contents:
        seen = Text(vi="SQLite không có bảng gpkg_contents", en="SQLite without a table gpkg_contents")
        refuse(path, seen=seen, wanted=Text(vi="tệp GeoPackage", en="a GeoPackage file"))
    return Source(path, "GPKG", str(path), "UTF-8")


def _open_shapefile(path: Path, encoding: str | None) -> Source:
    table = check_shapefile(path)
    found = find_encoding(table, stated=encoding)
    if found.name in ("ascii", "utf-8"):
        return Source(path, "ESRI Shapefile", str(path), found.name, gdal_encoding="UTF-8", notes=found.notes)
    # GDAL's own decoding of cp1258 loses the last letter of every text.
    return Source(
        path, "ESRI Shapefile", str(path), found.name, gdal_encoding=_BYTES, codec=found.name, notes=found.notes
    )


_OPENERS: Final[dict[str, Callable[[Path, str | None], Source]]] = {
    "GeoJSON": _open_geojson,
    "GPKG": _open_geopackage,
    "ESRI Shapefile": _open_shapefile,
}


def _beginning(begins: bytes) -> Text:
    if not begins:
        return Text(vi="tệp rỗng", en="an empty file")
    return Text(vi=f"tệp bắt đầu bằng {begins!r}", en=f"a file that begins with {begins!r}")


def refuse(path: Path, *, seen: object, wanted: object = WANTED_FILE) -> NoReturn:
    """Refuse a file.

    Parameters
    ----------
    path : Path
        The file.
    seen : object or Text
        What is wrong with it.
    wanted : object or Text
        What would have been right.

    Raises
    ------
    FileUnreadableError
        Always.
    """
    raise FileUnreadableError(seen=seen, wanted=wanted, where=str(path))
