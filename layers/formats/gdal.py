"""Reading features through GDAL, whole or not at all.

What GDAL would lose on the way, features it skips, geometries it cannot build, text it cannot decode or digits it
rounds, is an error here.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyogrio
import pyogrio.errors
import pyogrio.raw
import shapely
from shapely.errors import ShapelyError

from layers.errors import FileUnreadableError
from layers.formats.faults import ARC_MARKS, arcs_seen, check_count, check_curves, check_read
from layers.formats.model import Source, SourceFeatures, SourceLayer, placeless, refuse
from layers.types import Text

__all__ = ["GdalFile", "from_arrow"]

_WHOLE: Final = Text(vi="tệp đọc được trọn vẹn", en="a file that can be read in full")
_READABLE: Final = Text(
    vi="tệp nguyên vẹn đúng định dạng của tên tệp", en="an intact file of the format that its name says"
)
#: GeoPackage files that QGIS writes hold this table of styles beside their layers.
_NO_LAYERS: Final = frozenset({"layer_styles"})
#: GDAL and pyogrio say these of what is read in full all the same.
_HARMLESS: Final = (
    "This version of GeoPackage",
    "Could not parse column",
    "organizePolygons() received a polygon with more than 100 parts",
    "Several features with id",
    "Non closed ring detected. To avoid accepting it",
)
#: Formats whose driver hands on columns; that of FlatGeobuf does so as `open_flatgeobuf` asks it to.
_COLUMNAR: Final = frozenset({"GPKG", "FlatGeobuf"})
#: Types of columns that are the same by whichever way they are read.
_PLAIN_TYPES: Final = frozenset({"Integer", "Integer64", "Real", "String", "Date"})
#: Features that such a driver hands on at once.
_BATCH: Final = 65_536
#: The last WKB type of straight lines, and the bit by which older WKB tells heights.
_LAST_STRAIGHT: Final = 7
_HEIGHTS: Final = 0x80000000
#: Type of a column of GeoJSON that holds values of several kinds, or nested ones.
_MIXED: Final = "JSON"
#: GDAL says these where it leaves out what a layer cannot hold anyway.
_NOTED: Final = {
    "Measured (M) geometry": Text(
        vi="Giá trị đo M của toạ độ bị bỏ.", en="Measure values (M) of coordinates were left out."
    ),
    "OGRGeoJSONReadRawPoint(): too many members": Text(
        vi="Các số sau số thứ ba của vị trí bị bỏ.", en="Numbers beyond the third of a position were left out."
    ),
}
#: The greatest whole number up to which floats tell all apart.
_EXACT: Final = 2**53 - 1
#: What GDAL calls the column of feature numbers where the file has no name for it.
_FEATURE_NUMBERS: Final = "OGC_FID"
#: Stands where a letter could not be decoded.
_LOST_LETTER: Final = "\ufffd"
#: Read in batches, whole numbers with empty values stay whole numbers.
_NULLABLE: Final[Mapping[pa.DataType, Any]] = {
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.string(): pd.StringDtype(na_value=np.nan),
    pa.large_string(): pd.StringDtype(na_value=np.nan),
}


@dataclass(frozen=True, slots=True)
class GdalFile:
    """A file that GDAL reads.

    Parameters
    ----------
    source : Source
        The file, looked at.
    """

    source: Source

    @property
    def driver(self) -> str:
        """The GDAL driver."""
        return self.source.driver

    @property
    def encoding(self) -> str:
        """Of the file's text."""
        return self.source.encoding

    def names(self) -> list[str]:
        """Return the names of the file's layers.

        Returns
        -------
        list of str
            In its order.
        """
        with _translated(self.source.path):
            listed = pyogrio.list_layers(self.source.target)[:, 0]
        return [str(name) for name in listed if name not in _NO_LAYERS]

    def describe(self, name: str) -> SourceLayer:
        """Return what one layer holds.

        Parameters
        ----------
        name : str
            The layer.

        Returns
        -------
        SourceLayer
            Its fields, count and CRS.
        """
        with _translated(self.source.path):
            return self._described(name)

    def read(self, name: str) -> SourceFeatures:
        """Return every feature of a layer.

        Parameters
        ----------
        name : str
            The layer.

        Returns
        -------
        SourceFeatures
            All of it.
        """
        source = self.source
        with _translated(source.path) as notes:
            described = self._described(name)
            read, arcs = _by_columns(source, described)
            if arcs and name not in source.curves:
                source = replace(source, curves={**source.curves, name: arcs_seen(arcs)})
            if read is None:
                read = pyogrio.read_dataframe(
                    source.target,
                    layer=name,
                    encoding=source.gdal_encoding,
                    fid_as_index=True,
                    use_arrow=False,
                    **source.options,
                )
                read = _with_integers(_with_texts(read, source, described), source, described)
        spatial = isinstance(read, gpd.GeoDataFrame)
        if "geometry" in [column for column, _ in described.fields]:
            seen = Text(vi="một cột thuộc tính tên geometry", en="a column of attributes called geometry")
            refuse(source.path, seen=seen, wanted=Text(vi="một tên khác cho cột đó", en="another name for that column"))
        frame = source.decode(read if spatial else placeless(read))
        _verify(source, frame, described)
        features = self._features(frame, described, notes=notes, spatial=spatial, curves=source.curves)
        faults = check_read(source, name, np.asarray(frame.geometry.array))
        return replace(features, faults=(*features.faults, *faults)) if faults else features

    def batches(self, name: str, rows: int) -> Iterator[SourceFeatures]:
        """Return the features of a layer, so many at a time, and refuse the file at its end if some went missing.

        Parameters
        ----------
        name : str
            The layer.
        rows : int
            Features a batch, at most.

        Yields
        ------
        SourceFeatures
            The next features; whole numbers with empty values are nullable integers. From the first arc or measure on
            they come out of the whole layer.
        """
        source = self.source
        described = self.describe(name)
        read, placed = 0, 0
        straight = True
        with (
            _translated(source.path) as notes,
            pyogrio.raw.open_arrow(
                source.target,
                layer=name,
                encoding=source.gdal_encoding,
                batch_size=rows,
                return_fids=True,
                use_pyarrow=True,
                **source.options,
            ) as (about, stream),
        ):
            geometry = about["geometry_name"] or "wkb_geometry"
            for batch in stream:
                table = pa.Table.from_batches([batch])
                if geometry in table.schema.names and not _are_straight(table.column(geometry).drop_null()):
                    straight = False
                    break
                frame = source.decode(from_arrow(table, geometry, fid=about["fid_column"] or _FEATURE_NUMBERS))
                _verify_letters(source, frame)
                read += len(frame)
                placed += int((~shapely.is_missing(frame.geometry.to_numpy())).sum())
                yield self._features(frame, described, notes=notes, spatial=described.geometry is not None)
        if straight:
            _verify_counts(source, (read, placed), described)
            return
        whole = self.read(name)
        for start in range(read, len(whole.frame), rows):
            yield replace(whole, frame=whole.frame.iloc[start : start + rows])

    def _described(self, name: str) -> SourceLayer:
        source = self.source
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
            features=source.counts.get(name, (0, int(about["features"])))[1],
            crs=source.stated_crs or about["crs"],
            fields=tuple(zip((source.decode_text(name) for name in about["fields"]), types, strict=True)),
        )

    def _features(
        self,
        frame: gpd.GeoDataFrame,
        described: SourceLayer,
        *,
        notes: list[Text],
        spatial: bool,
        curves: Mapping[str, Text] | None = None,
    ) -> SourceFeatures:
        source = self.source if curves is None else replace(self.source, curves=curves)
        # Columns that the driver adds to every file are no columns of this one, unless they hold something.
        added = [name for name in frame.columns if name in source.hidden and not _says_something(frame[name])]
        return SourceFeatures(
            frame=frame.drop(columns=added),
            crs=described.crs,
            path=source.path,
            driver=source.driver,
            layer=described.name,
            spatial=spatial,
            encoding=source.encoding,
            notes=(*source.notes, *notes),
            faults=(*source.faults, *check_count(source, described.name), *check_curves(source, described.name)),
        )


def from_arrow(table: pa.Table, geometry: str, *, fid: str | None = None) -> gpd.GeoDataFrame:
    """Return features of an Arrow table.

    Parameters
    ----------
    table : pyarrow.Table
        Attributes and a column of WKB.
    geometry : str
        The name of that column; there may be none of that name.
    fid : str, optional
        The column of feature numbers, which becomes the index.

    Returns
    -------
    GeoDataFrame
        Whole numbers and truth values nullable, a column `geometry`.
    """
    # What pandas wrote of its own types into a file does not count: the types of Arrow do.
    table = table.replace_schema_metadata(None)
    places = [name for name in (geometry, "wkb_geometry", "geometry") if name in table.schema.names]
    frame = table.drop_columns(places[:1]).to_pandas(types_mapper=_NULLABLE.get, date_as_object=False)
    if fid and fid in frame.columns:
        frame = frame.set_index(frame.pop(fid).astype("int64"))
    frame.index.name = "fid"
    if not places:
        return placeless(frame)
    shapes = shapely.from_wkb(table.column(places[0]).to_numpy())
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(shapes, index=frame.index))


class _Columns(NamedTuple):
    """A layer read column by column: its features, or None where that could tell less of it; and how many have arcs."""

    frame: pd.DataFrame | None
    arcs: int = 0


def _by_columns(source: Source, described: SourceLayer) -> _Columns:
    """Read whole columns at once, in a fifth of the time."""
    if source.driver not in _COLUMNAR or described.geometry is None:
        return _Columns(None)
    frames: list[gpd.GeoDataFrame] = []
    plain = {type_ for _, type_ in described.fields} <= _PLAIN_TYPES
    arcs, straight = 0, True
    with pyogrio.raw.open_arrow(
        source.target,
        layer=described.name,
        encoding=source.gdal_encoding,
        batch_size=_BATCH,
        return_fids=True,
        use_pyarrow=True,
        **source.options,
    ) as (about, stream):
        geometry = about["geometry_name"] or "wkb_geometry"
        # Part by part: beside its features a large file is never in memory as a whole.
        for batch in stream:
            table = pa.Table.from_batches([batch])
            shapes = table.column(geometry).drop_null()
            # Measures, arcs, and types of values that come to the same only by the other way are left to that.
            if not _are_straight(shapes):
                straight, arcs = False, arcs + _count_arcs(shapes.to_pylist())
            elif plain and straight:
                frames.append(from_arrow(table, geometry, fid=about["fid_column"] or _FEATURE_NUMBERS))
    if not (plain and straight and frames):
        return _Columns(None, arcs)
    frame = gpd.GeoDataFrame(pd.concat(frames)) if len(frames) > 1 else frames[0]
    return _Columns(frame if described.crs is None else frame.set_crs(described.crs))


def _are_straight(shapes: pa.ChunkedArray) -> bool:
    """Tell by the beginning of WKB whether geometries are of straight lines, without measures."""
    heads = pc.unique(pc.binary_slice(shapes, 0, 5)).to_pylist()
    kinds = [int.from_bytes(head[1:], "little" if head[:1] == b"\x01" else "big") & ~_HEIGHTS for head in heads]
    return all(kind // 1000 in (0, 1) and kind % 1000 <= _LAST_STRAIGHT for kind in kinds)


def _count_arcs(shapes: Sequence[bytes]) -> int:
    """Count geometries in which an arc begins."""
    marks = [bytes.fromhex(mark) for mark in ARC_MARKS]
    return sum(any(mark in shape for mark in marks) for shape in shapes)


def _says_something(values: pd.Series[Any]) -> bool:
    """Tell whether a column holds more than one constant or nothing."""
    return bool(values.notna().any()) and (values.dtype == object or isinstance(values.dtype, pd.StringDtype))


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


def _with_integers(read: pd.DataFrame, source: Source, described: SourceLayer) -> pd.DataFrame:
    """Make whole numbers again of those that were read as floats beside empty values, the rounded ones exactly."""
    names = [name for name, type_ in described.fields if type_ in ("Integer", "Integer64")]
    names = [name for name in names if read[name].dtype == np.float64]
    rounded = [name for name in names if (read[name].abs() > _EXACT).any()]
    whole: dict[str, Any] = {name: read[name].astype("Int64") for name in names if name not in rounded}
    if rounded:
        _, table = pyogrio.raw.read_arrow(
            source.target, layer=described.name, columns=rounded, read_geometry=False, **source.options
        )
        exact = from_arrow(table, "").set_index(read.index)
        whole |= {name: exact[name] for name in rounded}
    return read.assign(**whole) if whole else read


def _verify(source: Source, frame: gpd.GeoDataFrame, described: SourceLayer) -> None:
    """Refuse a reading in which features, geometries or letters went missing."""
    _verify_letters(source, frame)
    there = (len(frame), int((~shapely.is_missing(frame.geometry.to_numpy())).sum()))
    _verify_counts(source, there, described)


def _verify_counts(source: Source, there: tuple[int, int], described: SourceLayer) -> None:
    wanted = source.counted or (described.features, there[1])
    if there != wanted:
        seen = Text(
            vi=f"đọc được {there[0]} đối tượng với {there[1]} hình học trong số {wanted[0]} và {wanted[1]}",
            en=f"{there[0]} features with {there[1]} geometries could be read of {wanted[0]} and {wanted[1]}",
        )
        refuse(source.path, seen=seen, wanted=_WHOLE)


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
        pa.ArrowException,
    )
    # Coordinates that are no numbers are read as they are; validation names their rows.
    with warnings.catch_warnings(record=True) as complaints, np.errstate(invalid="ignore"):
        warnings.simplefilter("always")
        try:
            yield notes
        except failures as error:
            raise FileUnreadableError(seen=error, wanted=_READABLE, where=str(path)) from error
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
