"""The GeoPackage of a package: one table a layer, made so that QGIS edits it without losing ids."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyogrio
import shapely

from layers.definitions import ID_FIELD, STORE_CRS, FieldType, LayerDefinition
from layers.packages.qgis import write_styles
from layers.types import Language

__all__ = ["write_geopackage"]

_GEOMETRY: Final = "geom"
_ARROW: Final[dict[FieldType, pa.DataType]] = {
    "text": pa.string(),
    "integer": pa.int64(),
    "number": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
}
_MAKERS: Final[dict[int, Any]] = {
    shapely.GeometryType.POINT: shapely.multipoints,
    shapely.GeometryType.LINESTRING: shapely.multilinestrings,
    shapely.GeometryType.POLYGON: shapely.multipolygons,
}


def write_geopackage(
    path: Path,
    layers: Mapping[str, gpd.GeoDataFrame],
    definitions: Mapping[str, LayerDefinition],
    *,
    language: Language = "vi",
) -> None:
    """Write layers into a GeoPackage file.

    Parameters
    ----------
    path : Path
        The file, which is not there yet.
    layers : mapping of str to GeoDataFrame
        Typed features by layer, EPSG:4326.
    definitions : mapping of str to LayerDefinition
        Their definitions.
    language : {"vi", "en"}
        Of the titles that QGIS shows.
    """
    for layer, features in layers.items():
        definition = definitions[layer]
        type_ = _geometry_type(definition)
        table = _table(definition, features, multiple=type_.startswith("Multi"))
        pyogrio.write_arrow(
            table,
            path,
            layer=layer,
            driver="GPKG",
            geometry_name="geometry" if definition.spatial else None,
            geometry_type=type_ if definition.spatial else None,
            crs=STORE_CRS if definition.spatial else None,
            layer_options={"GEOMETRY_NAME": _GEOMETRY} if definition.spatial else {},
        )
    with closing(sqlite3.connect(path)) as database, database:
        for layer in layers:
            # QGIS then gives a feature that is copied or split an id of its own, where it would have two with one.
            database.execute(f'CREATE UNIQUE INDEX "{layer}_{ID_FIELD}" ON "{layer}" ("{ID_FIELD}")')
        write_styles(database, {layer: definitions[layer] for layer in layers}, geometry=_GEOMETRY, language=language)


def _geometry_type(definition: LayerDefinition) -> str:
    """Return the type of a layer's column: the multiple one of its family, or any for several families."""
    families = {name.removeprefix("Multi") for name in definition.geometry}
    if len(families) != 1:
        return "Unknown"
    family = families.pop()
    multiple = any(name.startswith("Multi") for name in definition.geometry)
    return f"Multi{family}" if multiple else family


def _table(definition: LayerDefinition, features: gpd.GeoDataFrame, *, multiple: bool) -> pa.Table:
    columns: dict[str, pa.Array] = {ID_FIELD: pa.array(features.index.tolist(), pa.string())}
    for field in definition.all_fields:
        values = features[field.name]
        plain: Any = values.dt.date if field.type == "date" else values
        objects = plain.astype(object).where(values.notna(), None)
        columns[field.name] = pa.array(objects.to_list(), _ARROW[field.type])
    if definition.spatial:
        shapes = np.array(features.geometry.to_numpy(), dtype=object)
        shapes[shapely.is_empty(shapes)] = None
        columns["geometry"] = pa.array(shapely.to_wkb(_multiple(shapes) if multiple else shapes).tolist(), pa.binary())
    return pa.table(columns)


def _multiple(shapes: Any) -> Any:
    """Make every geometry a multiple one, as the column says."""
    made, kinds = shapes.copy(), shapely.get_type_id(shapes)
    for kind, make in _MAKERS.items():
        rows = np.flatnonzero(kinds == kind)
        if len(rows):
            made[rows] = make(shapes[rows], indices=np.arange(len(rows)))
    return made
