"""GeoParquet: versions 0.1 to 1.1, geometries as WKB or in native Arrow arrays."""

from __future__ import annotations

import functools
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import shapely
from pyproj import CRS
from pyproj.exceptions import CRSError
from shapely.errors import ShapelyError

from layers.definitions import STORE_CRS
from layers.errors import FileUnreadableError
from layers.formats.columns import from_arrow
from layers.formats.faults import wrong_bounds
from layers.formats.frames import FrameFile, Loaded, apart
from layers.formats.model import Fault, ReadOptions, beginning, refuse
from layers.spool import PART_ROWS, ShapeSpool, joined_bounds
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
    loaders = {path.stem: functools.partial(_load, path)}
    return FrameFile(path, "GeoParquet", "UTF-8", loaders, spoolers={path.stem: functools.partial(_spool, path)})


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
    return _loaded(_plain(read, primary), about["columns"][primary], read.geometry.total_bounds)


def _loaded(frame: gpd.GeoDataFrame, about: dict[str, Any], bounds: npt.NDArray[np.float64]) -> Loaded:
    crs = about.get("crs", STORE_CRS)
    faults = _wrong_bbox(about.get("bbox"), bounds) if len(frame) else ()
    return Loaded(frame, None if crs is None else _code(CRS.from_user_input(crs)), faults=faults)


def _spool(path: Path, spool: ShapeSpool) -> Loaded:
    """Read a file part by part, its geometries into a file; native arrays of Arrow are read as a whole."""
    bounds: list[npt.NDArray[np.float64]] = []
    try:
        with pq.ParquetFile(path) as file:
            stated = file.schema_arrow.metadata or {}
            about: dict[str, Any] = orjson.loads(stated.get(b"geo", b"{}"))
            primary = about.get("primary_column", "geometry")
            geometries = [name for name, one in about.get("columns", {}).items() if one.get("encoding") == "WKB"]
            if primary not in geometries or set(geometries) != set(about["columns"]):
                return apart(_load(path), spool)
            for batch in file.iter_batches(PART_ROWS, columns=[primary]):
                shapes = np.asarray(shapely.from_wkb(batch.column(0).to_numpy(zero_copy_only=False)), dtype=object)
                bounds.append(shapely.total_bounds(shapes))
                spool.append(shapes)
            others = [name for name in file.schema_arrow.names if name not in geometries]
        # Numbers of features that pandas wrote as an index stand among the columns, or in what it wrote of them.
        read = pq.read_table(path, columns=others, partitioning=None).to_pandas()
    except _FAILURES as error:
        raise FileUnreadableError(seen=error, wanted=_INTACT, where=str(path)) from error
    read = read.assign(**{primary: None})
    return _loaded(_plain(read, primary), about["columns"][primary], joined_bounds(bounds))


def _wrong_bbox(stated: Any, real: npt.NDArray[np.float64]) -> tuple[Fault, ...]:
    """Return in what the stated bounds are wrong, if there are any; with heights they are six numbers."""
    if not isinstance(stated, list) or len(stated) not in _BBOX_LENGTHS:
        return ()
    half = len(stated) // 2
    bounds = stated[0], stated[1], stated[half], stated[half + 1]
    if not all(isinstance(number, int | float) for number in bounds):
        return ()
    found = wrong_bounds(bounds, real)
    return () if found is None else (found,)


def _plain(read: pd.DataFrame, primary: str) -> gpd.GeoDataFrame:
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
