"""Reading features through GDAL, whole or not at all.

What GDAL would lose on the way, features it skips, geometries it cannot build, text it cannot decode or digits it
rounds, is an error here.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyogrio
import pyogrio.errors
import pyogrio.raw
import shapely
from shapely.errors import ShapelyError

from layers.errors import FileUnreadableError
from layers.formats.columns import are_straight, by_columns, from_arrow, spool_shapes, stream
from layers.formats.faults import arcs_seen, check_count, check_curves, check_read
from layers.formats.model import Source, SourceFeatures, SourceLayer, placeless, refuse
from layers.spool import ShapesOrSpool, ShapeSpool, missing
from layers.types import Text

__all__ = ["GdalFile"]

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
#: Stands where a letter could not be decoded.
_LOST_LETTER: Final = "\ufffd"


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
        return self._read(name, None)

    def spool(self, name: str, spool: ShapeSpool) -> SourceFeatures:
        """Return every feature of a layer, its geometries in a file.

        Parameters
        ----------
        name : str
            The layer.
        spool : ShapeSpool
            An empty one, which takes the geometries.

        Returns
        -------
        SourceFeatures
            The rest of it.
        """
        return self._read(name, spool)

    def _read(self, name: str, spool: ShapeSpool | None) -> SourceFeatures:
        source = self.source
        with _translated(source.path) as notes:
            described = self._described(name)
            if "geometry" in [column for column, _ in described.fields]:
                seen = Text(vi="một cột thuộc tính tên geometry", en="a column of attributes called geometry")
                wanted = Text(vi="một tên khác cho cột đó", en="another name for that column")
                refuse(source.path, seen=seen, wanted=wanted)
            read, arcs = by_columns(source, described, spool)
            if arcs and name not in source.curves:
                source = replace(source, curves={**source.curves, name: arcs_seen(arcs)})
            if read is None:
                read = _by_features(source, described, spool)
            spatial = isinstance(read, gpd.GeoDataFrame)
            frame = source.decode(read if spatial else placeless(read))
            _verify_letters(source, frame)
            shapes: ShapesOrSpool = np.asarray(frame.geometry.array) if spool is None or not spatial else spool
            placed = len(shapes) - int(missing(shapes).sum())
            _verify_counts(source, (len(frame), placed), described)
            faults = check_read(source, name, shapes)
        features = self._features(frame, described, notes=notes, spatial=spatial, curves=source.curves)
        spooled = spool if spatial else None
        return replace(features, faults=(*features.faults, *faults), shapes=spooled)

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
            stream(source, name, rows=rows) as (geometry, fid, tables),
        ):
            for table in tables:
                if geometry in table.schema.names and not are_straight(table.column(geometry).drop_null()):
                    straight = False
                    break
                frame = source.decode(from_arrow(table, geometry, fid=fid))
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


def _by_features(source: Source, described: SourceLayer, spool: ShapeSpool | None) -> pd.DataFrame:
    """Read feature by feature; what a spool takes is missing in the features."""
    apart = spool is not None and spool_shapes(source, described, spool)
    read = pyogrio.read_dataframe(
        source.target,
        layer=described.name,
        encoding=source.gdal_encoding,
        fid_as_index=True,
        use_arrow=False,
        read_geometry=not apart,
        **source.options,
    )
    whole: pd.DataFrame = _with_integers(_with_texts(read, source, described), source, described)
    if spool is None or not (apart or isinstance(whole, gpd.GeoDataFrame)):
        return whole
    if not apart:
        spool.append(np.asarray(whole.geometry.array))
        whole = whole.drop(columns=whole.geometry.name)
    bare: pd.DataFrame = placeless(whole)
    return bare


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


def _verify_counts(source: Source, there: tuple[int, int], described: SourceLayer) -> None:
    """Refuse a reading in which features or geometries went missing."""
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
