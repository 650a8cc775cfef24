"""A selection of a layer as a file of any size, in parts that memory holds: all parts show one state of the layer."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple, Unpack

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pyogrio
import shapely

from layers.definitions import ID_FIELD, STORE_CRS, FieldType, LayerDefinition
from layers.store.base import Store
from layers.store.rows import attribute_columns
from layers.store.selecting import Selection
from layers.store.sorting import Sort

__all__ = ["FILE_FORMATS", "FileFormat", "csv_parts", "parts_of", "write_selection"]

#: Features in memory at once.
PART: Final = 5_000
_GEOMETRY: Final = "geometry"
_WKT: Final = "WKT"
_ARROW: Final[dict[FieldType, Callable[[], pa.DataType]]] = {
    "text": pa.string,
    "integer": pa.int64,
    "number": pa.float64,
    "boolean": pa.bool_,
    "date": pa.date32,
}


class FileFormat(NamedTuple):
    """A format in which a selection is given out as a file.

    Attributes
    ----------
    media_type : str
        As IANA or its makers call it.
    suffix : str
        Ending of its files.
    driver : str
        Of GDAL; empty where it is written without.
    """

    media_type: str
    suffix: str
    driver: str


FILE_FORMATS: Final[dict[str, FileFormat]] = {
    "csv": FileFormat("text/csv; charset=utf-8", ".csv", ""),
    "flatgeobuf": FileFormat("application/vnd.flatgeobuf", ".fgb", "FlatGeobuf"),
    "geoparquet": FileFormat("application/vnd.apache.parquet", ".parquet", ""),
    "gpkg": FileFormat("application/geopackage+sqlite3", ".gpkg", "GPKG"),
}


#: How a driver writes them: an index of FlatGeobuf has no room for features without a geometry.
_OPTIONS: Final[dict[str, dict[str, str]]] = {"flatgeobuf": {"SPATIAL_INDEX": "NO"}}


def parts_of(
    store: Store, layer: str, *, limit: int | None = None, sort: Sort = (), **selection: Unpack[Selection]
) -> Iterator[gpd.GeoDataFrame]:
    """Read a selection part by part.

    Parameters
    ----------
    store : Store
        The store.
    layer : str
        The layer's id.
    limit : int, optional
        At most so many features; all without it.
    sort : sequence of SortKey, optional
        Their order.
    **selection : Selection
        Which features, as for `Store.read`.

    Yields
    ------
    GeoDataFrame
        In the typed form; at least one part, which may be empty. Whatever is written meanwhile, all parts show the
        state that was the newest at the beginning.
    """
    if selection.get("as_of") is None and selection.get("proposal") is None:
        selection["as_of"] = store.latest()
    after: str | None = None
    left = limit
    while True:
        count = PART if left is None else min(PART, left)
        page = store.page(layer, limit=count, after=after, sort=sort, **selection)
        yield page.features
        after, left = page.after, None if left is None else left - len(page.features)
        if after is None or left == 0:
            return


def csv_parts(definition: LayerDefinition, parts: Iterator[gpd.GeoDataFrame]) -> Iterator[bytes]:
    """Write features as a CSV table, part by part.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    parts : iterator of GeoDataFrame
        Of `parts_of`.

    Yields
    ------
    bytes
        UTF-8 with its mark, as Excel knows it; ids first, geometries as WKT last.
    """
    header = True
    yield b"\xef\xbb\xbf"
    for part in parts:
        table = pa.Table.from_batches([_batch(definition, part)])
        shapes = np.array(part.geometry.to_numpy(), dtype=object)
        shapes[shapely.is_empty(shapes)] = None
        texts = pa.array(shapely.to_wkt(shapes, rounding_precision=-1).tolist(), type=pa.string())
        whole = table.drop_columns([_GEOMETRY]).append_column(_WKT, texts)
        buffer = io.BytesIO()
        pa.csv.write_csv(whole, buffer, pa.csv.WriteOptions(include_header=header, quoting_style="needed"))
        header = False
        yield buffer.getvalue()


def write_selection(
    definition: LayerDefinition, parts: Iterator[gpd.GeoDataFrame], path: Path, *, format_: str
) -> None:
    """Write features to a file, part by part.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    parts : iterator of GeoDataFrame
        Of `parts_of`.
    path : Path
        A file that is not there yet, with the ending of the format.
    format_ : str
        A name of `FILE_FORMATS`.
    """
    spec = FILE_FORMATS[format_]
    if format_ == "csv":
        with path.open("wb") as file:
            file.writelines(csv_parts(definition, parts))
        return
    batches = (_batch(definition, part) for part in parts)
    if spec.driver:
        reader = pa.RecordBatchReader.from_batches(_schema(definition), batches)
        pyogrio.write_arrow(
            reader,
            path,
            layer=definition.id,
            driver=spec.driver,
            geometry_name=_GEOMETRY,
            geometry_type=definition.geometry[0] if len(definition.geometry) == 1 else "Unknown",
            crs=STORE_CRS,
            layer_options=_OPTIONS.get(format_, {}),
        )
        return
    about = {
        "version": "1.1.0",
        "primary_column": _GEOMETRY,
        "columns": {_GEOMETRY: {"encoding": "WKB", "geometry_types": []}},
    }
    schema = _schema(definition).with_metadata({"geo": orjson.dumps(about)})
    with pa.parquet.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in batches:
            writer.write_batch(batch)


def _schema(definition: LayerDefinition) -> pa.Schema:
    fields = [(field.name, _ARROW[field.type]()) for field in definition.all_fields]
    geometry = pa.field(_GEOMETRY, pa.binary(), metadata={"ARROW:extension:name": "ogc.wkb"})
    return pa.schema([pa.field(ID_FIELD, pa.string()), *(pa.field(*field) for field in fields), geometry])


def _batch(definition: LayerDefinition, part: gpd.GeoDataFrame) -> pa.RecordBatch:
    schema = _schema(definition)
    columns: dict[str, Any] = {ID_FIELD: pd.Index(part.index).tolist(), **attribute_columns(definition, part)}
    wkb = shapely.to_wkb(np.asarray(part.geometry.to_numpy(), dtype=object), flavor="iso")
    arrays = [pa.array(values, type=schema.field(name).type) for name, values in columns.items()]
    return pa.RecordBatch.from_arrays([*arrays, pa.array(wkb.tolist(), type=pa.binary())], schema=schema)
