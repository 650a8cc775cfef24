"""GeoParquet: versions 0.1 to 1.1, geometries as WKB or in native Arrow arrays."""

from __future__ import annotations

import functools
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import orjson
import pyarrow as pa
import pyarrow.parquet as pq
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.errors import ShapelyError

from layers.definitions import STORE_CRS
from layers.errors import FileUnreadableError
from layers.formats.faults import wrong_bounds
from layers.formats.frames import FrameFile, Loaded
from layers.formats.gdal import from_arrow
from layers.formats.model import Fault, ReadOptions, beginning, refuse
from layers.types import Text

__all__ = ["open_parquet"]

_MAGIC: Final = b"PAR1"
_BBOX_LENGTHS: Final = (4, 6)
_INTACT: Final = Text(vi="tệp GeoParquet nguyên vẹn", en="an intact GeoParquet file")
#: What broken files bring about in the libraries that read them.
_FAILURES: Final = (pa.ArrowException, ShapelyError, CRSError, ValueError, KeyError, OSError)


def open_parquet(path: Path, options: ReadOptions, stack: ExitStack) -> FrameFile:
    """Look at a GeoParquet file.

    Parameters
    ----------
    path : Path
        The .parquet or .geoparquet file.
    options : ReadOptions
        Nothing of it counts here.
    stack : ExitStack
        Not needed here.

    Returns
    -------
    FrameFile
        One layer; a table of attributes where the file has no geometries.

    Raises
    ------
    FileUnreadableError
        If it is no Parquet file, or cut off.
    """
    del options, stack
    with path.open("rb") as file:
        begins = file.read(len(_MAGIC))
    if begins != _MAGIC:
        refuse(path, seen=beginning(begins), wanted="GeoParquet (.parquet)")
    return FrameFile(path, "GeoParquet", "UTF-8", {path.stem: functools.partial(_load, path)})


def _load(path: Path) -> Loaded:
    try:
        table = pq.read_table(path, partitioning=None)
        stated = table.schema.metadata or {}
        if b"geo" not in stated:
            return Loaded(from_arrow(table, "geometry"), None, spatial="geometry" in table.schema.names)
        about: dict[str, Any] = orjson.loads(stated[b"geo"])
        primary = about["primary_column"]
        read = gpd.read_parquet(path)
    except _FAILURES as error:
        raise FileUnreadableError(seen=error, wanted=_INTACT, where=str(path)) from error
    crs = about["columns"][primary].get("crs", STORE_CRS)
    frame = _plain(read, primary)
    faults = _wrong_bbox(about["columns"][primary].get("bbox"), frame)
    return Loaded(frame, None if crs is None else _code(CRS.from_user_input(crs)), faults=faults)


def _wrong_bbox(stated: Any, frame: gpd.GeoDataFrame) -> tuple[Fault, ...]:
    """Return in what the stated bounds are wrong, if there are any; with heights they are six numbers."""
    if not isinstance(stated, list) or len(stated) not in _BBOX_LENGTHS or not len(frame):
        return ()
    half = len(stated) // 2
    bounds = stated[0], stated[1], stated[half], stated[half + 1]
    if not all(isinstance(number, int | float) for number in bounds):
        return ()
    found = wrong_bounds(bounds, np.asarray(frame.geometry.array))
    return () if found is None else (found,)


def _plain(read: gpd.GeoDataFrame, primary: str) -> gpd.GeoDataFrame:
    """Return features with the columns of the file, numbered, whole numbers nullable."""
    index = [name for name in read.index.names if name]
    numbered = read.reset_index() if index else read.reset_index(drop=True)
    attributes = numbered.drop(columns=primary)
    attributes = attributes.drop(columns=[name for name in attributes if attributes[name].dtype == "geometry"])
    plain = from_arrow(pa.Table.from_pandas(attributes, preserve_index=False), "")
    shapes = gpd.GeoSeries(numbered[primary].to_numpy(), index=plain.index)
    return plain.set_geometry(shapes)


def _code(crs: CRS) -> str:
    if crs.equals(CRS(STORE_CRS), ignore_axis_order=True) or crs.equals(CRS("OGC:CRS84")):
        return STORE_CRS
    return ":".join(crs.to_authority(min_confidence=100) or ()) or str(crs.to_wkt())
