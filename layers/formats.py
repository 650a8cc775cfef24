"""Reading features from files that somebody sent, through an allow-list of drivers.

A file is opened by what it is, not by what it is called: its first bytes must be those of the format its name claims
before GDAL sees it, so that no other driver (VRT, web services, streamed pipelines) can follow a reference to another
file or to the network. What GDAL would lose on the way (features it skips, geometries it cannot build, text it cannot
decode) is an error here.
"""

from __future__ import annotations

import sqlite3
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple, NoReturn

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import pyogrio
import pyogrio.errors
import shapely
from shapely.errors import ShapelyError

from layers import dbf
from layers.errors import FileUnreadableError, MissingFileError
from layers.types import Text

__all__ = ["DRIVERS", "Inspection", "SourceFeatures", "SourceLayer", "inspect", "read_features"]

#: GDAL drivers that files are read with, by the ending of the file's name.
DRIVERS: Final[dict[str, str]] = {
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".gpkg": "GPKG",
    ".shp": "ESRI Shapefile",
}
_WANTED_FILE: Final = "GeoJSON (.geojson, .json), GeoPackage (.gpkg), Shapefile (.shp)"
_WHOLE: Final = Text(vi="tệp đọc được trọn vẹn", en="a file that can be read in full")
#: GeoPackage files that QGIS writes hold this table of styles beside their layers.
_NO_LAYERS: Final = frozenset({"layer_styles"})
#: GDAL says these of files that it reads in full.
_HARMLESS: Final = ("This version of GeoPackage",)
#: GDAL says these where it leaves out what a layer cannot hold anyway.
_NOTED: Final = {
    "Measured (M) geometry": Text(
        vi="Giá trị đo M của toạ độ bị bỏ.", en="Measure values (M) of coordinates were left out."
    ),
}
_GEOJSON_TYPES: Final = frozenset(
    {
        "FeatureCollection", "Feature", "Point", "MultiPoint", "LineString", "MultiLineString", "Polygon",
        "MultiPolygon", "GeometryCollection",
    }
)  # fmt: skip
#: The greatest whole number up to which floats tell all apart.
_EXACT: Final = 2**53 - 1
#: As this encoding, every byte is one character.
_BYTES: Final = "ISO-8859-1"
_SQLITE: Final = b"SQLite format 3\x00"


class SourceLayer(NamedTuple):
    """One layer of a file.

    Attributes
    ----------
    name : str
        Its name.
    geometry : str or None
        Geometry type as GDAL names it; None for a table of attributes.
    features : int
        How many features it has.
    crs : str or None
        Its CRS: an authority code, else WKT; None where the file states none.
    fields : tuple of (str, str)
        Column names and types, as GDAL names them.
    """

    name: str
    geometry: str | None
    features: int
    crs: str | None
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Inspection:
    """What is in a file, without reading its features.

    Parameters
    ----------
    path : Path
        The file.
    driver : str
        The GDAL driver that reads it.
    layers : tuple of SourceLayer
        In the file's order.
    encoding : str
        Of its text.
    """

    path: Path
    driver: str
    layers: tuple[SourceLayer, ...]
    encoding: str


@dataclass(frozen=True, slots=True)
class SourceFeatures:
    """One layer of a file, as it is there.

    Parameters
    ----------
    frame : GeoDataFrame
        The file's columns under their own names and a column `geometry`, all None for a table of attributes; the index
        `fid` holds the feature numbers of the file.
    crs : str or None
        The CRS the file states: an authority code, else WKT.
    path : Path
        The file.
    driver : str
        The GDAL driver that read it.
    layer : str
        The layer's name.
    spatial : bool
        Whether the layer has geometries at all.
    encoding : str
        Of its text.
    notes : tuple of Text
        What a reader of the result should know.
    """

    frame: gpd.GeoDataFrame
    crs: str | None
    path: Path
    driver: str
    layer: str
    spatial: bool
    encoding: str
    notes: tuple[Text, ...] = ()


def inspect(path: str | Path, *, encoding: str | None = None) -> Inspection:
    """Return what is in a file: driver, layers, fields, counts, CRS and encoding.

    Parameters
    ----------
    path : str or Path
        GeoJSON, GeoPackage or Shapefile.
    encoding : str, optional
        Encoding of a Shapefile's text, where the file does not state it.

    Returns
    -------
    Inspection
        The file's contents in short.

    Raises
    ------
    MissingFileError
        If the file is not there.
    FileUnreadableError
        If it is not what its name says, or is damaged.
    """
    source = _open(path, encoding=encoding)
    with _translated(source.path):
        layers = tuple(_source_layer(source, name) for name in _layer_names(source))
    return Inspection(source.path, source.driver, layers, source.encoding)


def read_features(path: str | Path, *, source_layer: str | None = None, encoding: str | None = None) -> SourceFeatures:
    """Read one layer of a file.

    Parameters
    ----------
    path : str or Path
        GeoJSON, GeoPackage or Shapefile.
    source_layer : str, optional
        The layer to read; may be left out if the file has only one.
    encoding : str, optional
        Encoding of a Shapefile's text, where the file does not state it.

    Returns
    -------
    SourceFeatures
        Every feature of the layer.

    Raises
    ------
    MissingFileError
        If the file is not there.
    FileUnreadableError
        If it is not what its name says, is damaged, holds several layers and none was chosen, or would lose features,
        geometries or letters in reading.
    """
    source = _open(path, encoding=encoding)
    with _translated(source.path) as notes:
        name = _chosen(source, _layer_names(source), source_layer)
        described = _source_layer(source, name)
        read = pyogrio.read_dataframe(
            source.target, layer=name, encoding=source.gdal_encoding, fid_as_index=True, use_arrow=False
        )
    spatial = isinstance(read, gpd.GeoDataFrame)
    if "geometry" in [column for column, _ in described.fields]:
        seen = Text(vi="một cột thuộc tính tên geometry", en="a column of attributes called geometry")
        _refuse(source.path, seen=seen, wanted=Text(vi="một tên khác cho cột đó", en="another name for that column"))
    frame = read if spatial else gpd.GeoDataFrame(read, geometry=gpd.GeoSeries([None] * len(read), index=read.index))
    frame = source.decode(frame)
    source.verify(frame, described)
    return SourceFeatures(
        frame=frame,
        crs=described.crs,
        path=source.path,
        driver=source.driver,
        layer=name,
        spatial=spatial,
        encoding=source.encoding,
        notes=(*source.notes, *notes),
    )


@dataclass(frozen=True, slots=True)
class _Source:
    """A file that was found to be what its name says."""

    path: Path
    driver: str
    target: str
    encoding: str
    #: Encoding that GDAL decodes text from; None where the format fixes it.
    gdal_encoding: str | None = None
    #: Codec by which text is decoded here, after GDAL has passed its bytes on as ISO-8859-1.
    codec: str | None = None
    notes: tuple[Text, ...] = ()
    #: Features and geometries in the file, counted without GDAL; None where GDAL's own count is sure.
    counted: tuple[int, int] | None = None

    def decode_text(self, text: str) -> str:
        """Decode a text that GDAL passed on byte by byte."""
        return text if self.codec is None else text.encode(_BYTES).decode(self.codec)

    def decode(self, frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
        """Decode the texts of a frame and the names of its columns."""
        if self.codec is None:
            return frame
        texts = [name for name in frame.columns if isinstance(frame[name].dtype, pd.StringDtype)]
        decoded = {name: frame[name].map(self.decode_text, na_action="ignore") for name in texts}
        return frame.assign(**decoded).rename(columns=self.decode_text)

    def verify(self, frame: gpd.GeoDataFrame, described: SourceLayer) -> None:
        """Refuse a reading in which features or geometries went missing."""
        there = (len(frame), int((~shapely.is_missing(frame.geometry.to_numpy())).sum()))
        wanted = self.counted or (described.features, there[1])
        self._verify_integers(frame, described)
        if there != wanted:
            seen = Text(
                vi=f"đọc được {there[0]} đối tượng với {there[1]} hình học trong số {wanted[0]} và {wanted[1]}",
                en=f"{there[0]} features with {there[1]} geometries could be read of {wanted[0]} and {wanted[1]}",
            )
            _refuse(self.path, seen=seen, wanted=_WHOLE)

    def _verify_integers(self, frame: gpd.GeoDataFrame, described: SourceLayer) -> None:
        """Refuse whole numbers that were rounded: a column with empty values is read as floats."""
        for name, type_ in described.fields:
            if type_ == "Integer64" and frame[name].dtype == np.float64 and bool((frame[name].abs() > _EXACT).any()):
                seen = Text(
                    vi=f"cột {name} có số nguyên trên 2^53 bên cạnh giá trị trống",
                    en=f"the column {name} holds whole numbers above 2^53 beside empty values",
                )
                _refuse(self.path, seen=seen, wanted=Text(vi="cột đó bằng văn bản", en="that column as text"))


def _open(path: str | Path, *, encoding: str | None) -> _Source:
    """Look at a file's name and bytes; only then may GDAL open it."""
    path = Path(path)
    if not path.exists():
        raise MissingFileError(seen=path)
    driver = DRIVERS.get(path.suffix.lower())
    # `/vsi...` and `!` have a meaning of their own to GDAL and pyogrio: virtual folders and archives.
    if not path.is_file() or driver is None or "!" in str(path) or str(path.resolve()).startswith("/vsi"):
        _refuse(path, seen=path.name)
    if encoding is not None and driver != "ESRI Shapefile":
        seen = Text(vi=f"encoding={encoding} cho {driver}", en=f"encoding={encoding} for {driver}")
        wanted = Text(vi="không khai báo encoding: tệp luôn là UTF-8", en="no encoding: the file is always UTF-8")
        raise FileUnreadableError(seen=seen, wanted=wanted, where=str(path))
    try:
        return _OPENERS[driver](path.resolve(), encoding)
    except OSError as error:
        raise FileUnreadableError(seen=error.strerror or error, wanted=_WANTED_FILE, where=str(path)) from error


def _open_geojson(path: Path, _encoding: str | None) -> _Source:
    try:
        document = orjson.loads(path.read_bytes().removeprefix(b"\xef\xbb\xbf"))
    except orjson.JSONDecodeError as error:
        seen = Text(vi=f"không phải JSON trong UTF-8 ({error})", en=f"no JSON in UTF-8 ({error})")
        raise FileUnreadableError(seen=seen, wanted="GeoJSON (RFC 7946)", where=str(path)) from error
    kind = document.get("type") if isinstance(document, dict) else None
    features = document.get("features") if kind == "FeatureCollection" else [document]
    if kind not in _GEOJSON_TYPES or not isinstance(features, list):
        seen = Text(vi=f"JSON kiểu {kind!r}", en=f"JSON of type {kind!r}")
        _refuse(path, seen=seen, wanted="GeoJSON (RFC 7946): FeatureCollection, features[]")
    geometries = sum(_has_geometry(feature) for feature in features)
    # The prefix keeps every other driver that reads JSON away from the file.
    return _Source(path, "GeoJSON", f"GeoJSON:{path}", "UTF-8", counted=(len(features), geometries))


def _has_geometry(member: Any) -> bool:
    """Tell whether a feature has a geometry; a bare geometry is one."""
    if not isinstance(member, dict):
        return False
    return member.get("geometry") is not None if member.get("type") == "Feature" else member.get("type") is not None


def _open_geopackage(path: Path, _encoding: str | None) -> _Source:
    with path.open("rb") as file:
        begins = file.read(len(_SQLITE))
    if begins != _SQLITE:
        _refuse(path, seen=_beginning(begins), wanted=Text(vi="tệp GeoPackage", en="a GeoPackage file"))
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as database:
            damage = database.execute("PRAGMA quick_check(1)").fetchone()[0]
            contents = database.execute("SELECT count(*) FROM sqlite_master WHERE name = 'gpkg_contents'").fetchone()[0]
    except sqlite3.Error as error:
        raise FileUnreadableError(seen=error, wanted="GeoPackage", where=str(path)) from error
    if damage != "ok":
        _refuse(path, seen=damage, wanted=Text(vi="tệp GeoPackage nguyên vẹn", en="an intact GeoPackage file"))
    if not contents:
        seen = Text(vi="SQLite không có bảng gpkg_contents", en="SQLite without a table gpkg_contents")
        _refuse(path, seen=seen, wanted=Text(vi="tệp GeoPackage", en="a GeoPackage file"))
    return _Source(path, "GPKG", str(path), "UTF-8")


def _open_shapefile(path: Path, encoding: str | None) -> _Source:
    table = dbf.check_shapefile(path)
    found = dbf.find_encoding(table, stated=encoding)
    if found.name in ("ascii", "utf-8"):
        return _Source(path, "ESRI Shapefile", str(path), found.name, gdal_encoding="UTF-8", notes=found.notes)
    # GDAL's own decoding of cp1258 loses the last letter of every text.
    return _Source(
        path, "ESRI Shapefile", str(path), found.name, gdal_encoding=_BYTES, codec=found.name, notes=found.notes
    )


_OPENERS: Final[dict[str, Callable[[Path, str | None], _Source]]] = {
    "GeoJSON": _open_geojson,
    "GPKG": _open_geopackage,
    "ESRI Shapefile": _open_shapefile,
}


def _layer_names(source: _Source) -> list[str]:
    return [str(name) for name in pyogrio.list_layers(source.target)[:, 0] if name not in _NO_LAYERS]


def _source_layer(source: _Source, name: str) -> SourceLayer:
    about: dict[str, Any] = pyogrio.read_info(
        source.target, layer=name, encoding=source.gdal_encoding, force_feature_count=True
    )
    if about["driver"] != source.driver:
        _refuse(source.path, seen=about["driver"], wanted=source.driver)
    types = [type_.removeprefix("OFT") for type_ in about["ogr_types"]]
    return SourceLayer(
        name=name,
        geometry=about["geometry_type"],
        features=int(about["features"]),
        crs=about["crs"],
        fields=tuple(zip((source.decode_text(name) for name in about["fields"]), types, strict=True)),
    )


def _chosen(source: _Source, names: Sequence[str], asked: str | None) -> str:
    if asked is None and len(names) == 1:
        return names[0]
    if asked is not None and asked in names:
        return asked
    listed = ", ".join(names)
    if asked is None:
        seen = Text(vi=f"{len(names)} lớp: {listed}", en=f"{len(names)} layers: {listed}")
        wanted = Text(vi="chọn một lớp: --source-layer TÊN", en="one of them chosen: --source-layer NAME")
    else:
        seen = Text(vi=f"không có lớp {asked!r}", en=f"no layer {asked!r}")
        wanted = Text(vi=f"một trong các lớp: {listed}", en=f"one of the layers: {listed}")
    raise FileUnreadableError(seen=seen, wanted=wanted, where=str(source.path))


@contextmanager
def _translated(path: Path) -> Iterator[list[Text]]:
    """Turn what GDAL, pyogrio, shapely and pandas say of a bad file into the error of this package.

    The list that it gives holds, afterwards, what is worth a note.
    """
    notes: list[Text] = []
    failures = (
        pyogrio.errors.DataSourceError,
        pyogrio.errors.DataLayerError,
        ShapelyError,
        UnicodeDecodeError,
        pd.errors.OutOfBoundsDatetime,
    )
    # Coordinates that are no numbers are read as they are; validation names their rows.
    with warnings.catch_warnings(record=True) as complaints, np.errstate(invalid="ignore"):
        warnings.simplefilter("always")
        try:
            yield notes
        except failures as error:
            raise FileUnreadableError(seen=error, wanted=_WANTED_FILE, where=str(path)) from error
    lost = []
    for message in dict.fromkeys(str(entry.message) for entry in complaints):
        noted = [note for begins, note in _NOTED.items() if message.startswith(begins)]
        notes.extend(noted)
        if not noted and not message.startswith(_HARMLESS):
            lost.append(message)
    if lost:
        _refuse(
            path, seen="; ".join(lost), wanted=Text(vi="tệp đọc được trọn vẹn", en="a file that can be read in full")
        )


def _beginning(begins: bytes) -> Text:
    if not begins:
        return Text(vi="tệp rỗng", en="an empty file")
    return Text(vi=f"tệp bắt đầu bằng {begins!r}", en=f"a file that begins with {begins!r}")


def _refuse(path: Path, *, seen: object, wanted: object = _WANTED_FILE) -> NoReturn:
    raise FileUnreadableError(seen=seen, wanted=wanted, where=str(path))
