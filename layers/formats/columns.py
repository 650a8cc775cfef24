"""Layers that GDAL hands on as columns of Arrow, in parts, their geometries as well-known binary."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyogrio.raw
import shapely

from layers.formats.faults import ARC_MARKS
from layers.formats.model import Source, SourceLayer, placeless
from layers.spool import ShapeSpool

__all__ = ["Columns", "are_straight", "by_columns", "from_arrow", "spool_shapes", "stream"]

#: Formats whose driver hands on columns; that of FlatGeobuf does so as `open_flatgeobuf` asks it to.
_COLUMNAR: Final = frozenset({"GPKG", "FlatGeobuf"})
#: Types of columns that are the same by whichever way they are read.
_PLAIN_TYPES: Final = frozenset({"Integer", "Integer64", "Real", "String", "Date"})
#: Features that such a driver hands on at once.
_BATCH: Final = 65_536
#: The last WKB type of straight lines, and the bit by which older WKB tells heights.
_LAST_STRAIGHT: Final = 7
_HEIGHTS: Final = 0x80000000
#: What GDAL calls the column of feature numbers where the file has no name for it.
_FEATURE_NUMBERS: Final = "OGC_FID"
#: Read in batches, whole numbers with empty values stay whole numbers.
_NULLABLE: Final[Mapping[pa.DataType, Any]] = {
    pa.int16(): pd.Int16Dtype(),
    pa.int32(): pd.Int32Dtype(),
    pa.int64(): pd.Int64Dtype(),
    pa.bool_(): pd.BooleanDtype(),
    pa.string(): pd.StringDtype(na_value=np.nan),
    pa.large_string(): pd.StringDtype(na_value=np.nan),
}


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


class Columns(NamedTuple):
    """A layer read column by column.

    Attributes
    ----------
    frame : DataFrame or None
        Its features; None where columns could tell less of it.
    arcs : int
        How many features have arcs.
    """

    frame: pd.DataFrame | None
    arcs: int = 0


@contextmanager
def stream(source: Source, layer: str, *, rows: int, **options: Any) -> Iterator[tuple[str, str, Iterator[pa.Table]]]:
    """Open a layer as columns.

    Parameters
    ----------
    source : Source
        The file.
    layer : str
        The layer's name.
    rows : int
        Features at once.
    **options
        As for `pyogrio.raw.open_arrow`.

    Yields
    ------
    (str, str, iterator of pyarrow.Table)
        Names of the columns of geometries and of feature numbers, and the features.
    """
    with pyogrio.raw.open_arrow(
        source.target,
        layer=layer,
        encoding=source.gdal_encoding,
        batch_size=rows,
        return_fids=True,
        use_pyarrow=True,
        **options,
        **source.options,
    ) as (about, batches):
        tables = (pa.Table.from_batches([batch]) for batch in batches)
        yield about["geometry_name"] or "wkb_geometry", about["fid_column"] or _FEATURE_NUMBERS, tables


def by_columns(source: Source, described: SourceLayer, spool: ShapeSpool | None = None) -> Columns:
    """Read whole columns at once, in a fifth of the time.

    Parameters
    ----------
    source : Source
        The file.
    described : SourceLayer
        The layer.
    spool : ShapeSpool, optional
        An empty one, which takes the geometries; the features are without them then.

    Returns
    -------
    Columns
        What could be read so.
    """
    if source.driver not in _COLUMNAR or described.geometry is None:
        return Columns(None)
    frames: list[gpd.GeoDataFrame] = []
    plain = {type_ for _, type_ in described.fields} <= _PLAIN_TYPES
    arcs, straight = 0, True
    with stream(source, described.name, rows=_BATCH) as (geometry, fid, tables):
        # Part by part: beside its features a large file is never in memory as a whole.
        for table in tables:
            shapes = table.column(geometry)
            # Measures, arcs, and types of values that come to the same only by the other way are left to that.
            if not are_straight(shapes.drop_null()):
                straight, arcs = False, arcs + _count_arcs(shapes.drop_null().to_pylist())
            elif plain and straight and spool is None:
                frames.append(from_arrow(table, geometry, fid=fid))
            elif plain and straight and spool is not None:
                _keep(spool, shapes)
                frames.append(from_arrow(table.drop_columns([geometry]), "", fid=fid))
    if not (plain and straight and frames):
        if spool is not None:
            spool.clear()
        return Columns(None, arcs)
    frame = gpd.GeoDataFrame(pd.concat(frames)) if len(frames) > 1 else frames[0]
    return Columns(frame if described.crs is None else frame.set_crs(described.crs))


def spool_shapes(source: Source, described: SourceLayer, spool: ShapeSpool) -> bool:
    """Keep the geometries of a layer in a file.

    Parameters
    ----------
    source : Source
        The file.
    described : SourceLayer
        The layer.
    spool : ShapeSpool
        An empty one.

    Returns
    -------
    bool
        False where there are none, or some have arcs or measures; nothing is kept then.
    """
    if described.geometry is None:
        return False
    with stream(source, described.name, rows=_BATCH, columns=[]) as (geometry, _, tables):
        for table in tables:
            shapes = table.column(geometry)
            if not are_straight(shapes.drop_null()):
                spool.clear()
                return False
            _keep(spool, shapes)
    return True


def _keep(spool: ShapeSpool, shapes: pa.ChunkedArray) -> None:
    for some in shapes.chunks:
        spool.append_wkb(some)


def are_straight(shapes: pa.ChunkedArray) -> bool:
    """Tell by the beginning of WKB whether geometries are of straight lines, without measures.

    Parameters
    ----------
    shapes : pyarrow.ChunkedArray
        Well-known binary, none missing.

    Returns
    -------
    bool
        Whether all are.
    """
    heads = pc.unique(pc.binary_slice(shapes, 0, 5)).to_pylist()
    kinds = [int.from_bytes(head[1:], "little" if head[:1] == b"\x01" else "big") & ~_HEIGHTS for head in heads]
    return all(kind // 1000 in (0, 1) and kind % 1000 <= _LAST_STRAIGHT for kind in kinds)


def _count_arcs(shapes: Sequence[bytes]) -> int:
    """Count geometries in which an arc begins."""
    marks = [bytes.fromhex(mark) for mark in ARC_MARKS]
    return sum(any(mark in shape for mark in marks) for shape in shapes)
