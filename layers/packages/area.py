"""The area of a package, and which features lie in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from layers.crs import to_store_crs
from layers.definitions import LayerDefinition
from layers.errors import ValueOutOfRangeError
from layers.formats import read_features
from layers.types import Text

__all__ = ["Area", "inside", "read_area"]

#: A polygon or several, EPSG:4326.
Area = BaseGeometry
_LIMITS: Final = (-180.0, -90.0, 180.0, 90.0)
_WANTED: Final = Text(
    vi="minx,miny,maxx,maxy (kinh độ, vĩ độ) hoặc tệp có vùng",
    en="minx,miny,maxx,maxy (longitude, latitude) or a file with areas",
)


def read_area(area: str | Path) -> Area:
    """Read an area from four numbers or from a file.

    Parameters
    ----------
    area : str or Path
        ``minx,miny,maxx,maxy`` in degrees, or a file of a format that can be read.

    Returns
    -------
    geometry
        A polygon or several, EPSG:4326.

    Raises
    ------
    ValueOutOfRangeError
        If it is no area on the earth.
    MissingFileError, FileUnreadableError, CrsError
        If the file cannot be used.
    """
    parts = str(area).split(",")
    if len(parts) == 4:
        try:
            west, south, east, north = (float(part) for part in parts)
        except ValueError as error:
            raise ValueOutOfRangeError(seen=str(area), wanted=_WANTED, where="area") from error
        shape: Any = shapely.box(west, south, east, north)
    else:
        source = read_features(area)
        placed, _ = to_store_crs(source.frame, crs=source.crs, where=str(area))
        shape = placed.geometry.union_all()
    bounds = shapely.bounds(shape)
    on_earth = bool(np.all(bounds[:2] >= _LIMITS[:2]) and np.all(bounds[2:] <= _LIMITS[2:]))
    if shape.area == 0 or not on_earth or shape.geom_type not in ("Polygon", "MultiPolygon"):
        raise ValueOutOfRangeError(seen=str(area), wanted=_WANTED, where="area")
    found: Area = shape
    return found


def inside(definition: LayerDefinition, features: gpd.GeoDataFrame, area: Area | None) -> gpd.GeoDataFrame:
    """Return the features that a package of an area holds.

    Parameters
    ----------
    definition : LayerDefinition
        Their layer.
    features : GeoDataFrame
        EPSG:4326.
    area : geometry or None
        The area; None is everywhere.

    Returns
    -------
    GeoDataFrame
        Those that reach into it, whole; of a layer without geometries all of them. A feature whose place is not known
        lies in no area.
    """
    if area is None or not definition.spatial:
        return features
    shapely.prepare(area)
    return features[np.asarray(shapely.intersects(area, features.geometry.to_numpy()), dtype=bool)]
