"""Which reader takes which file, by the ending of its name; what is in it has the last word."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

import orjson

from layers.errors import FileUnreadableError, MissingFileError
from layers.formats.archives import private_folder, unpack_gzip, unpack_zip
from layers.formats.collections import LARGE_DOCUMENT, open_collection
from layers.formats.drawings import open_dxf
from layers.formats.frames import FrameFile
from layers.formats.gdal import GdalFile
from layers.formats.geojson import open_geojson, open_geojson_lines
from layers.formats.jsonfg import is_jsonfg, open_jsonfg
from layers.formats.mapinfo import open_mif, open_tab
from layers.formats.markup import open_gml, open_kml, open_kmz
from layers.formats.model import (
    Inspection,
    Opened,
    ReadOptions,
    Source,
    SourceFeatures,
    SourceLayer,
    choose_layer,
    refuse,
)
from layers.formats.osm import open_osm
from layers.formats.parquet import open_parquet
from layers.formats.sniffing import open_dbf, open_flatgeobuf, open_geopackage, open_shapefile
from layers.formats.spreadsheets import open_csv, open_xlsx
from layers.spool import ShapeSpool
from layers.types import Text

__all__ = ["BATCH_ROWS", "SUFFIXES", "WANTED_FILE", "Progress", "inspect", "read_batches", "read_features"]

_Opener = Callable[[Path, ReadOptions, ExitStack], Opened]
#: Called after each batch with features read and features in all.
Progress = Callable[[int, int], object]
#: Features a batch: large enough for speed, small enough for memory.
BATCH_ROWS: Final = 20_000


def _with_gdal(look: Callable[[Path, ReadOptions, ExitStack], Source]) -> _Opener:
    def open_(path: Path, options: ReadOptions, stack: ExitStack) -> Opened:
        return GdalFile(look(path, options, stack))

    return open_


def _open_json(path: Path, options: ReadOptions, stack: ExitStack) -> Opened:
    large = open_collection(path, stack) if path.stat().st_size > LARGE_DOCUMENT else None
    if large is not None:
        return GdalFile(large)
    source = open_geojson(path, options, stack)
    # Where rings had to be closed, that is a copy.
    document = orjson.loads(Path(source.target.removeprefix("GeoJSON:")).read_bytes().removeprefix(b"\xef\xbb\xbf"))
    if not is_jsonfg(document):
        return GdalFile(source)
    return dataclasses.replace(open_jsonfg(path, document), faults=source.faults)


def _open_zip(path: Path, options: ReadOptions, stack: ExitStack) -> Opened:
    unpacked = unpack_zip(path, private_folder(stack))
    known = [place for place in unpacked if _suffix_of(place.name) in _MAIN]
    listed = ", ".join(place.name for place in known)
    if not known:
        refuse(path, seen=Text(vi="không có tệp dữ liệu bên trong", en="no data file in it"), wanted=WANTED_FILE)
    if len(known) == 1:
        return _OPENERS[_suffix_of(known[0].name)](known[0], options, stack)
    if {_suffix_of(place.name) for place in known} != {".shp"}:
        seen = Text(vi=f"{len(known)} tệp dữ liệu: {listed}", en=f"{len(known)} data files: {listed}")
        refuse(
            path, seen=seen, wanted=Text(vi="một tệp dữ liệu, hoặc các Shapefile", en="one data file, or Shapefiles")
        )
    return _Several({place.stem: _OPENERS[".shp"](place, options, stack) for place in known})


def _open_gzip(path: Path, options: ReadOptions, stack: ExitStack) -> Opened:
    inner = unpack_gzip(path, private_folder(stack))
    suffix = _suffix_of(inner.name)
    if suffix not in _MAIN:
        refuse(path, seen=inner.name, wanted=WANTED_FILE)
    return _OPENERS[suffix](inner, options, stack)


@dataclasses.dataclass(frozen=True, slots=True)
class _Several:
    """Shapefiles of one archive, each a layer."""

    files: dict[str, Opened]

    @property
    def driver(self) -> str:
        return next(iter(self.files.values())).driver

    @property
    def encoding(self) -> str:
        return next(iter(self.files.values())).encoding

    def names(self) -> list[str]:
        return list(self.files)

    def describe(self, name: str) -> SourceLayer:
        return self.files[name].describe(name)

    def read(self, name: str) -> SourceFeatures:
        return self.files[name].read(name)

    def batches(self, name: str, rows: int) -> Iterator[SourceFeatures]:
        return self.files[name].batches(name, rows)


#: Longer endings go before the shorter ones they end with.
_OPENERS: Final[dict[str, _Opener]] = {
    ".osm.pbf": open_osm,
    ".osm.gz": open_osm,
    ".geojson": _open_json,
    ".json": _open_json,
    ".jsonfg": _open_json,
    ".geojsonl": _with_gdal(open_geojson_lines),
    ".geojsons": _with_gdal(open_geojson_lines),
    ".geojsonseq": _with_gdal(open_geojson_lines),
    ".ndjson": _with_gdal(open_geojson_lines),
    ".gpkg": _with_gdal(open_geopackage),
    ".fgb": _with_gdal(open_flatgeobuf),
    ".parquet": open_parquet,
    ".geoparquet": open_parquet,
    ".shp": _with_gdal(open_shapefile),
    ".dbf": _with_gdal(open_dbf),
    ".tab": _with_gdal(open_tab),
    ".mif": _with_gdal(open_mif),
    ".kml": _with_gdal(open_kml),
    ".kmz": _with_gdal(open_kmz),
    ".gml": _with_gdal(open_gml),
    ".dxf": open_dxf,
    ".csv": open_csv,
    ".tsv": open_csv,
    ".xlsx": open_xlsx,
    ".pbf": open_osm,
    ".osm": open_osm,
    ".zip": _open_zip,
    ".gz": _open_gzip,
}
#: Endings of the files that an archive is opened for; others lie beside them.
_MAIN: Final = frozenset(_OPENERS) - {".zip", ".gz", ".osm.gz", ".kmz", ".dbf"}
SUFFIXES: Final = tuple(_OPENERS)
WANTED_FILE: Final = (
    "GeoJSON (.geojson, .json), GeoPackage (.gpkg), Shapefile (.shp), FlatGeobuf (.fgb), GeoParquet (.parquet), "
    "JSON-FG (.jsonfg), GeoJSONSeq (.geojsonl), KML (.kml, .kmz), GML (.gml), MapInfo (.tab, .mif), DXF (.dxf), "
    "CSV (.csv), Excel (.xlsx), OpenStreetMap (.osm.pbf, .osm), dBASE (.dbf), .zip, .gz"
)
#: Endings of rasters, which hold no features.
_RASTERS: Final = frozenset({".tif", ".tiff", ".asc", ".grd"})
_RASTER: Final = Text(
    vi="tệp vectơ; lưới ô thì dùng parkplan raster (layers.rasters)",
    en="a file of features; rasters go through parkplan raster (layers.rasters)",
)
#: Endings of formats whose text has more than one encoding.
_ENCODED: Final = frozenset({".shp", ".dbf", ".tab", ".mif", ".csv", ".tsv", ".zip"})


def inspect(path: str | Path, *, encoding: str | None = None, coordinates: Sequence[str] = ()) -> Inspection:
    """Return what is in a file: driver, layers, fields, counts, CRS and encoding.

    Parameters
    ----------
    path : str or Path
        A file of a format in `SUFFIXES`.
    encoding : str, optional
        Encoding of its text, where the file does not state it.
    coordinates : sequence of str
        Columns of a table that hold the place.

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
    CrsError
        If it states a CRS that is not known.
    """
    with _opened(path, ReadOptions(encoding, tuple(coordinates))) as (place, file):
        layers = tuple(file.describe(name) for name in file.names())
        return Inspection(place, file.driver, layers, file.encoding)


def read_features(
    path: str | Path,
    *,
    source_layer: str | None = None,
    encoding: str | None = None,
    coordinates: Sequence[str] = (),
    polygons: bool = False,
    spool: ShapeSpool | None = None,
) -> SourceFeatures:
    """Read one layer of a file.

    Parameters
    ----------
    path : str or Path
        A file of a format in `SUFFIXES`.
    source_layer : str, optional
        The layer to read; may be left out if the file has only one.
    encoding : str, optional
        Encoding of its text, where the file does not state it.
    coordinates : sequence of str
        Columns of a table that hold the place: (longitude or easting, latitude or northing), or one with WKT.
    polygons : bool
        Whether closed lines of a drawing are areas.
    spool : ShapeSpool, optional
        An empty one, which takes the geometries of formats that are read part by part.

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
    CrsError
        If it states a CRS that is not known.
    """
    with _opened(path, ReadOptions(encoding, tuple(coordinates), polygons)) as (place, file):
        name = choose_layer(place, file.names(), source_layer)
        if spool is not None and isinstance(file, GdalFile | FrameFile):
            read = file.spool(name, spool)
        else:
            read = file.read(name)
        return dataclasses.replace(read, path=place)


def read_batches(
    path: str | Path,
    *,
    source_layer: str | None = None,
    encoding: str | None = None,
    coordinates: Sequence[str] = (),
    polygons: bool = False,
    rows: int = BATCH_ROWS,
    progress: Progress | None = None,
) -> Iterator[SourceFeatures]:
    """Read one layer of a file piece by piece.

    FlatGeobuf, GeoPackage, GeoJSONSeq and Shapefile are never in memory as a whole; other formats are.

    Parameters
    ----------
    path : str or Path
        A file of a format in `SUFFIXES`.
    source_layer : str, optional
        The layer to read; may be left out if the file has only one.
    encoding : str, optional
        Encoding of its text, where the file does not state it.
    coordinates : sequence of str
        Columns of a table that hold the place.
    polygons : bool
        Whether closed lines of a drawing are areas.
    rows : int
        Features a batch, at most.
    progress : callable, optional
        Called after each batch with features read so far and features in all.

    Yields
    ------
    SourceFeatures
        The next features, in the file's order; missing ones are known only at the end.

    Raises
    ------
    MissingFileError
        If the file is not there.
    FileUnreadableError
        If it cannot be read in full.
    CrsError
        If it states a CRS that is not known.
    """
    with _opened(path, ReadOptions(encoding, tuple(coordinates), polygons)) as (place, file):
        name = choose_layer(place, file.names(), source_layer)
        whole, done = file.describe(name).features, 0
        for batch in file.batches(name, rows):
            done += len(batch.frame)
            yield dataclasses.replace(batch, path=place)
            if progress is not None:
                progress(done, whole)


def _suffix_of(name: str) -> str:
    return next((suffix for suffix in _OPENERS if name.lower().endswith(suffix)), "")


@contextmanager
def _opened(path: str | Path, options: ReadOptions) -> Iterator[tuple[Path, Opened]]:
    path = Path(path)
    if not path.exists():
        raise MissingFileError(seen=path)
    suffix = _suffix_of(path.name)
    # `/vsi...` and `!` have a meaning of their own to GDAL and pyogrio: virtual folders and archives.
    if not path.is_file() or not suffix or "!" in str(path) or str(path.resolve()).startswith("/vsi"):
        refuse(path, seen=path.name, wanted=_RASTER if path.suffix.lower() in _RASTERS else WANTED_FILE)
    with ExitStack() as stack:
        try:
            opened: Any = _OPENERS[suffix](path.resolve(), options, stack)
        except OSError as error:
            raise FileUnreadableError(seen=error.strerror or error, wanted=WANTED_FILE, where=str(path)) from error
        if options.encoding is not None and suffix not in _ENCODED:
            named = f"encoding={options.encoding}"
            seen = Text(vi=f"{named} cho {opened.driver}", en=f"{named} for {opened.driver}")
            wanted = Text(vi="không khai báo encoding: tệp luôn là UTF-8", en="no encoding: the file is always UTF-8")
            refuse(path, seen=seen, wanted=wanted)
        yield path.resolve(), opened
