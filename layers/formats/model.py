"""What a file holds, and what reading or writing it came to: the values that all formats share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, NamedTuple, NoReturn, Protocol

import geopandas as gpd
import pandas as pd

from layers.errors import FileUnreadableError
from layers.spool import ShapeSpool
from layers.types import Language, Text

__all__ = [
    "Fault",
    "Inspection",
    "Loss",
    "LossKind",
    "Opened",
    "ReadOptions",
    "Source",
    "SourceFeatures",
    "SourceLayer",
    "WriteResult",
    "beginning",
    "choose_layer",
    "placeless",
    "refuse",
]

#: As this encoding, every byte is one character.
_BYTES: Final = "ISO-8859-1"


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
        What reads it: a GDAL driver, or the name of the format.
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
class Fault:
    """Something that is wrong with how a file was written, and that did not keep it from being read whole.

    Parameters
    ----------
    rule : str
        A key of `layers.validation.RULES`.
    row : int or None
        The feature, from 0; the first of several; None for the file.
    field : str or None
        The column or member.
    seen : Text or str
        What was met.
    wanted : Text or str
        What would have been right.
    repair : Text or None
        What was done about it, if anything; no place moves by that.
    """

    rule: str
    row: int | None
    field: str | None
    seen: Text | str
    wanted: Text | str
    repair: Text | None = None


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
        What read it: a GDAL driver, or the name of the format.
    layer : str
        The layer's name.
    spatial : bool
        Whether the layer has geometries at all.
    encoding : str
        Of its text.
    notes : tuple of Text
        What a reader of the result should know.
    faults : tuple of Fault
        What is wrong with how the file was written.
    shapes : ShapeSpool or None
        The geometries of all features, where they are kept in a file; those of `frame` are missing then.
    """

    frame: gpd.GeoDataFrame
    crs: str | None
    path: Path
    driver: str
    layer: str
    spatial: bool
    encoding: str
    notes: tuple[Text, ...] = ()
    faults: tuple[Fault, ...] = ()
    shapes: ShapeSpool | None = None


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """What only the user knows about a file.

    Parameters
    ----------
    encoding : str or None
        Encoding of its text, where the file does not state it.
    coordinates : tuple of str
        Columns of a table that hold the place: (longitude or easting, latitude or northing), or one with WKT. Empty:
        they are found by their names.
    polygons : bool
        Whether closed lines of a drawing are areas.
    """

    encoding: str | None = None
    coordinates: tuple[str, ...] = ()
    polygons: bool = False


class Opened(Protocol):
    """A file whose content was found to be what its name says."""

    @property
    def driver(self) -> str:
        """What reads the file."""

    @property
    def encoding(self) -> str:
        """Of its text."""

    def names(self) -> list[str]:
        """Return the names of its layers.

        Returns
        -------
        list of str
            In the order of the file.
        """

    def describe(self, name: str) -> SourceLayer:
        """Return what one layer holds, without reading its features.

        Parameters
        ----------
        name : str
            One of `names`.

        Returns
        -------
        SourceLayer
            Fields, count and CRS.
        """

    def read(self, name: str) -> SourceFeatures:
        """Return every feature of a layer.

        Parameters
        ----------
        name : str
            One of `names`.

        Returns
        -------
        SourceFeatures
            As the file has them.
        """

    def batches(self, name: str, rows: int) -> Iterator[SourceFeatures]:
        """Return the features of a layer, so many rows at a time.

        Parameters
        ----------
        name : str
            One of `names`.
        rows : int
            At most so many at a time.

        Yields
        ------
        SourceFeatures
            In the order of the file.
        """


@dataclass(frozen=True, slots=True)
class Source:
    """A file that GDAL may open.

    Parameters
    ----------
    path : Path
        The file as the user named it.
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
    hidden : frozenset of str
        Columns that the driver adds and the file does not hold, left out where they hold no value of the file's.
    faults : tuple of Fault
        What is wrong with how the file was written.
    extents : mapping of str to tuple of float
        Bounds (west, south, east, north) that the file states, by layer; "" stands for its only layer.
    counts : mapping of str to (int, int)
        By layer, how many features the file says it has and how many there are, where it keeps a number of its own.
    curves : mapping of str to Text
        By layer, how many arcs it has, said in words; "" stands for every layer.
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
    hidden: frozenset[str] = frozenset()
    faults: tuple[Fault, ...] = ()
    extents: Mapping[str, tuple[float, float, float, float]] = field(default_factory=dict)
    counts: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    curves: Mapping[str, Text] = field(default_factory=dict)

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


LossKind = Literal["names", "missing", "text", "values", "types", "geometry", "precision", "crs", "fields", "order"]


@dataclass(frozen=True, slots=True)
class Loss:
    """Something of a layer that a format could not hold.

    Parameters
    ----------
    kind : str
        `names` (shortened), `missing` (no value became one, or the other way round), `text` (cut), `values` (changed),
        `types` (a geometry of another type), `geometry` (changed or left out), `precision` (rounded as the format has
        it), `crs`, `fields` (left out), `order` (several files or layers).
    field : str or None
        The field; None for the geometry or the layer as a whole.
    features : int
        How many features it touches.
    text : Text
        What happened, in both languages.
    """

    kind: LossKind
    field: str | None
    features: int
    text: Text


@dataclass(frozen=True, slots=True)
class WriteResult:
    """What was written, and what the format could not hold.

    Parameters
    ----------
    files : tuple of Path
        Every file written; empty where it went to a buffer.
    format : str
        The format's name.
    features : int
        How many were written.
    crs : str
        In which coordinates.
    names : mapping of str to str
        Fields and what they are called in the file.
    losses : tuple of Loss
        Found by reading the file again and comparing; empty: it gives the layer back.
    """

    files: tuple[Path, ...]
    format: str
    features: int
    crs: str
    names: Mapping[str, str]
    losses: tuple[Loss, ...] = ()

    def messages(self, language: Language = "en") -> tuple[str, ...]:
        """Return the result for people, losses last.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        tuple of str
            One sentence each.
        """
        said = Text(
            vi=f"Đã ghi {self.features} đối tượng, định dạng {self.format}, hệ toạ độ {self.crs}.",
            en=f"{self.features} features written as {self.format}, CRS {self.crs}.",
        )
        return tuple(text.say(language) for text in (said, *(loss.text for loss in self.losses)))


def choose_layer(path: Path, names: list[str], asked: str | None) -> str:
    """Return the layer that is meant: the only one, or the one asked for.

    Parameters
    ----------
    path : Path
        The file.
    names : list of str
        Its layers.
    asked : str or None
        The layer asked for.

    Returns
    -------
    str
        One of the names.

    Raises
    ------
    FileUnreadableError
        If it is not there, or there are several and none was asked for.
    """
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
    raise FileUnreadableError(seen=seen, wanted=wanted, where=str(path))


def placeless(frame: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return a table of attributes as features without places.

    Parameters
    ----------
    frame : DataFrame
        Attributes.

    Returns
    -------
    GeoDataFrame
        The same rows and columns, and a column `geometry` of None.
    """
    return gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries([None] * len(frame), index=frame.index))


def beginning(begins: bytes) -> Text:
    """Tell how a file begins.

    Parameters
    ----------
    begins : bytes
        Its first bytes.

    Returns
    -------
    Text
        In both languages.
    """
    if not begins:
        return Text(vi="tệp rỗng", en="an empty file")
    return Text(vi=f"tệp bắt đầu bằng {begins!r}", en=f"a file that begins with {begins!r}")


def refuse(path: Path, *, seen: object, wanted: object) -> NoReturn:
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
