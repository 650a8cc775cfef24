"""The area of a package, and which features lie in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import orjson
import shapely
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from layers.crs import to_store_crs
from layers.definitions import STORE_CRS, LayerDefinition
from layers.errors import UnknownFeatureError, ValueOutOfRangeError
from layers.formats import read_features
from layers.store import Store
from layers.types import Text

__all__ = ["Area", "inside", "park_area", "read_area", "shape_area"]

#: A polygon or several, EPSG:4326.
Area = BaseGeometry
_LIMITS: Final = (-180.0, -90.0, 180.0, 90.0)
_PARKS: Final = "parks"
#: Widest margin around a park, metres.
_WIDEST_M: Final = 50_000.0
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
    return _checked(shape, str(area))


def shape_area(geojson: Mapping[str, Any]) -> Area:
    """Read an area from a GeoJSON geometry.

    Parameters
    ----------
    geojson : mapping
        A Polygon or a MultiPolygon, longitude and latitude.

    Returns
    -------
    geometry
        The same, EPSG:4326.

    Raises
    ------
    ValueOutOfRangeError
        If it is no area on the earth.
    """
    try:
        shape = shapely.make_valid(shapely.from_geojson(orjson.dumps(dict(geojson))))
    except (GEOSException, orjson.JSONEncodeError) as error:
        raise ValueOutOfRangeError(seen=str(error), wanted=_WANTED, where="area") from error
    return _checked(shape, geojson.get("type"))


def park_area(store: Store, park: str, *, margin_m: float = 0.0, as_of: int | dt.datetime | None = None) -> Area:
    """Return the ground of a park, with a margin around it.

    Parameters
    ----------
    store : Store
        The store.
    park : str
        Id of the park.
    margin_m : float
        How far around the park the area reaches, metres; wanted for a park of which only a point is known.
    as_of : int or datetime.datetime, optional
        As it was after this changeset, or at that moment; as it is now, without it.

    Returns
    -------
    geometry
        A polygon or several, EPSG:4326.

    Raises
    ------
    UnknownLayerError, UnknownFeatureError
        If the store has no parks, or not this one.
    ValueOutOfRangeError
        If no place of the park is known, or the margin is no length.
    """
    if not 0 <= margin_m <= _WIDEST_M:
        wanted = Text(vi=f"từ 0 đến {_WIDEST_M:.0f} mét", en=f"0 to {_WIDEST_M:.0f} metres")
        raise ValueOutOfRangeError(seen=margin_m, wanted=wanted, where="margin_m")
    found = store.read(_PARKS, ids=[park], as_of=as_of)
    if found.empty:
        raise UnknownFeatureError(seen=park, where=_PARKS)
    around = found.geometry
    if margin_m:
        around = around.to_crs(store.definition(_PARKS).metric_crs).buffer(margin_m).to_crs(STORE_CRS)
    ground = around.iloc[0]
    if ground is None or not ground.area:
        seen = Text(vi="chưa rõ vị trí, hoặc chỉ có một điểm", en="no place, or only a point")
        wanted = Text(vi="khu có ranh giới, hoặc margin_m lớn hơn 0", en="a park with an outline, or margin_m above 0")
        raise ValueOutOfRangeError(seen=seen, wanted=wanted, where=park)
    return _checked(ground, park)


def _checked(shape: Any, seen: object) -> Area:
    """Make sure that a shape is an area on the earth."""
    bounds = shapely.bounds(shape)
    on_earth = bool(np.all(bounds[:2] >= _LIMITS[:2]) and np.all(bounds[2:] <= _LIMITS[2:]))
    if shape is None or shape.area == 0 or not on_earth or shape.geom_type not in ("Polygon", "MultiPolygon"):
        raise ValueOutOfRangeError(seen=seen, wanted=_WANTED, where="area")
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
