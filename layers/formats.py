"""Reading features from files that somebody sent, through an allow-list of drivers, whole or not at all.

A file is opened by what it is, not by what it is called (`layers.sniffing`). What GDAL would lose on the way, features
it skips, geometries it cannot build, text it cannot decode or digits it rounds, is an error here.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyogrio.errors
import pyogrio.raw
import shapely
from shapely.errors import ShapelyError

from layers.errors import FileUnreadableError
from layers.sniffing import WANTED_FILE, Source, open_source, refuse
from layers.types import Text

__all__ = ["Inspection", "SourceFeatures", "SourceLayer", "inspect", "read_features"]

_WHOLE: Final = Text(vi="tệp đọc được trọn vẹn", en="a file that can be read in full")
#: GeoPackage files that QGIS writes hold this table of styles beside their layers.
_NO_LAYERS: Final = frozenset({"layer_styles"})
#: GDAL and pyogrio say these of what is read in full all the same.
_HARMLESS: Final = ("This version of GeoPackage", "Could not parse column")
#: Type of a column of GeoJSON that holds values of several kinds, or nested ones.
_MIXED: Final = "JSON"
#: GDAL says these where it leaves out what a layer cannot hold anyway.
_NOTED: Final = {
    "Measured (M) geometry": Text(
        vi="Giá trị đo M của toạ độ bị bỏ.", en="Measure values (M) of coordinates were left out."
    ),
}
#: The greatest whole number up to which floats tell all apart.
_EXACT: Final = 2**53 - 1
#: Stands where a letter could not be decoded.
_LOST_LETTER: Final = "\ufffd"


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
    CrsError
        If a GeoJSON file states a CRS that is not known.
    """
    source = open_source(path, encoding=encoding)
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
    CrsError
        If a GeoJSON file states a CRS that is not known.
    """
    source = open_source(path, encoding=encoding)
    with _translated(source.path) as notes:
        name = _chosen(source, _layer_names(source), source_layer)
        described = _source_layer(source, name)
        read = pyogrio.read_dataframe(
            source.target,
            layer=name,
            encoding=source.gdal_encoding,
            fid_as_index=True,
            use_arrow=False,
            **source.options,
        )
        read = _with_texts(read, source, described)
    spatial = isinstance(read, gpd.GeoDataFrame)
    if "geometry" in [column for column, _ in described.fields]:
        seen = Text(vi="một cột thuộc tính tên geometry", en="a column of attributes called geometry")
        refuse(source.path, seen=seen, wanted=Text(vi="một tên khác cho cột đó", en="another name for that column"))
    frame = read if spatial else gpd.GeoDataFrame(read, geometry=gpd.GeoSeries([None] * len(read), index=read.index))
    frame = source.decode(frame)
    _verify(source, frame, described)
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


def _layer_names(source: Source) -> list[str]:
    return [str(name) for name in pyogrio.list_layers(source.target)[:, 0] if name not in _NO_LAYERS]


def _source_layer(source: Source, name: str) -> SourceLayer:
    about: dict[str, Any] = pyogrio.read_info(
        source.target, layer=name, encoding=source.gdal_encoding, force_feature_count=True, **source.options
    )
    if about["driver"] != source.driver:
        refuse(source.path, seen=about["driver"], wanted=source.driver)
    pairs = zip(about["ogr_types"], about["ogr_subtypes"], strict=True)
    types = [_MIXED if subtype == "OFSTJSON" else type_.removeprefix("OFT") for type_, subtype in pairs]
    return SourceLayer(
        name=name,
        geometry=about["geometry_type"],
        features=int(about["features"]),
        crs=source.stated_crs or about["crs"],
        fields=tuple(zip((source.decode_text(name) for name in about["fields"]), types, strict=True)),
    )


def _with_texts(read: pd.DataFrame, source: Source, described: SourceLayer) -> pd.DataFrame:
    """Put the texts of mixed columns back: read as JSON, the text 1.10 became the number 1.1, and null nothing."""
    mixed = [name for name, type_ in described.fields if type_ == _MIXED]
    if not mixed:
        return read
    about, _, _, columns = pyogrio.raw.read(
        source.target, layer=described.name, columns=mixed, read_geometry=False, **source.options
    )
    texts = {name: pd.array(values, dtype="str") for name, values in zip(about["fields"], columns, strict=True)}
    return read.assign(**texts)


def _chosen(source: Source, names: Sequence[str], asked: str | None) -> str:
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


def _verify(source: Source, frame: gpd.GeoDataFrame, described: SourceLayer) -> None:
    """Refuse a reading in which features or geometries went missing."""
    there = (len(frame), int((~shapely.is_missing(frame.geometry.to_numpy())).sum()))
    wanted = source.counted or (described.features, there[1])
    _verify_integers(source, frame, described)
    _verify_letters(source, frame)
    if there != wanted:
        seen = Text(
            vi=f"đọc được {there[0]} đối tượng với {there[1]} hình học trong số {wanted[0]} và {wanted[1]}",
            en=f"{there[0]} features with {there[1]} geometries could be read of {wanted[0]} and {wanted[1]}",
        )
        refuse(source.path, seen=seen, wanted=_WHOLE)


def _verify_integers(source: Source, frame: gpd.GeoDataFrame, described: SourceLayer) -> None:
    """Refuse whole numbers that were rounded: a column with empty values is read as floats."""
    for name, type_ in described.fields:
        if type_ == "Integer64" and frame[name].dtype == np.float64 and bool((frame[name].abs() > _EXACT).any()):
            seen = Text(
                vi=f"cột {name} có số nguyên trên 2^53 bên cạnh giá trị trống",
                en=f"the column {name} holds whole numbers above 2^53 beside empty values",
            )
            refuse(source.path, seen=seen, wanted=Text(vi="cột đó bằng văn bản", en="that column as text"))


def _verify_letters(source: Source, frame: gpd.GeoDataFrame) -> None:
    """Refuse text in which GDAL put the sign for a lost letter: it misreads a few letters written as escapes."""
    if source.replacements:
        return
    for name in frame.columns:
        if isinstance(frame[name].dtype, pd.StringDtype) and frame[name].str.contains(_LOST_LETTER, regex=False).any():
            seen = Text(vi=f"chữ bị mất ở cột {name}", en=f"letters lost in the column {name}")
            wanted = Text(
                vi="chữ viết thẳng bằng UTF-8, không dùng \\u", en="letters written in UTF-8 themselves, not as \\u"
            )
            refuse(source.path, seen=seen, wanted=wanted)


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
            raise FileUnreadableError(seen=error, wanted=WANTED_FILE, where=str(path)) from error
    lost = []
    for entry in complaints:
        message = str(entry.message)
        noted = [note for begins, note in _NOTED.items() if message.startswith(begins)]
        if not issubclass(entry.category, RuntimeWarning | UserWarning):  # about code, not about the file
            warnings.warn_explicit(entry.message, entry.category, entry.filename, entry.lineno)
        elif noted:
            notes.extend(note for note in noted if note not in notes)
        elif not message.startswith(_HARMLESS):
            lost.append(message)
    if lost:
        refuse(path, seen="; ".join(dict.fromkeys(lost)), wanted=_WHOLE)
