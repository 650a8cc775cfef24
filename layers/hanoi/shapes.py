"""Schematic shapes: a circle of the published area round a label point, and straight lines along its sides.

Nothing here is surveyed. The shapes only put a park's area and its described edges where the label point is, and are
marked schematic in the data.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from layers.crs import metric, to_store_crs
from layers.definitions import DEFAULT_METRIC_CRS, STORE_CRS
from layers.errors import ValueOutOfRangeError
from layers.types import Text

__all__ = ["DECIMALS", "SIDES", "VERTICES", "circle", "circumradius_m", "side_line"]

#: Vertices of a schematic circle.
VERTICES: Final = 64
#: Decimals of a degree that are written: about 1 cm.
DECIMALS: Final = 7
#: Unit vectors (x, y) of the sides that the facts name.
SIDES: Final = {"N": (0.0, 1.0), "E": (1.0, 0.0), "S": (0.0, -1.0), "W": (-1.0, 0.0)}
_SQUARE_METRES_PER_HECTARE: Final = 10_000.0
#: A circle is turned by a fraction of a step until its written coordinates give the area this closely, in m2.
_CLOSE_ENOUGH_M2: Final = 0.5
_TURNS: Final = 128


def circumradius_m(area_ha: float) -> float:
    """Return the radius of the regular polygon of `VERTICES` corners that has an area.

    Parameters
    ----------
    area_ha : float
        Hectares, above 0.

    Returns
    -------
    float
        Metres from the centre to a corner.

    Examples
    --------
    >>> round(circumradius_m(100.0), 2)
    564.64
    """
    return math.sqrt(2 * area_ha * _SQUARE_METRES_PER_HECTARE / (VERTICES * math.sin(2 * math.pi / VERTICES)))


def circle(lon: float, lat: float, *, area_ha: float) -> shapely.Polygon:
    """Return a schematic outline of exactly a published area.

    Parameters
    ----------
    lon, lat : float
        Label point, WGS 84, degrees.
    area_ha : float
        Published area in hectares, above 0.

    Returns
    -------
    Polygon
        WGS 84, rounded to `DECIMALS`; its planar area in EPSG:5897 is the published area to 1 m2.

    Raises
    ------
    ValueOutOfRangeError
        If the area is not above 0.
    """
    if not area_ha > 0:
        raise ValueOutOfRangeError(seen=area_ha, wanted=Text(vi="số lớn hơn 0", en="above 0"), where="area_ha")
    centre, radius = _to_metric(lon, lat), circumradius_m(area_ha)
    # Rounding moves corners by up to 8 mm, and the area of a large park by several m2: of many turns of the same
    # polygon the first whose written corners keep the area is taken.
    turns = np.arange(_TURNS)[:, None] * (2 * np.pi / VERTICES / _TURNS)
    angles = turns + np.arange(VERTICES)[None, :] * (2 * np.pi / VERTICES)
    corners = centre + radius * np.stack([np.cos(angles), np.sin(angles)], axis=-1)
    written: list[shapely.Polygon] = _to_degrees([shapely.Polygon(ring) for ring in corners])
    areas_m2 = metric(_frame(written, STORE_CRS), DEFAULT_METRIC_CRS).geometry.area.to_numpy()
    errors_m2 = np.abs(areas_m2 - area_ha * _SQUARE_METRES_PER_HECTARE)
    close = np.flatnonzero(errors_m2 < _CLOSE_ENOUGH_M2)
    return written[int(close[0]) if len(close) else int(errors_m2.argmin())]


def side_line(lon: float, lat: float, *, area_ha: float, side: str, corridor_m: float = 0.0) -> shapely.LineString:
    """Return a straight line along one side of a schematic outline.

    Parameters
    ----------
    lon, lat : float
        Label point of the park, WGS 84, degrees.
    area_ha : float
        Published area of the park in hectares.
    side : {"N", "E", "S", "W"}
        The side that the facts name.
    corridor_m : float
        Width of the corridor whose edge is the side, metres; the line is its axis.

    Returns
    -------
    LineString
        WGS 84, rounded to `DECIMALS`, as long as the outline is wide.

    Raises
    ------
    ValueOutOfRangeError
        If the side is none of the four.
    """
    if side not in SIDES:
        raise ValueOutOfRangeError(seen=side, wanted=", ".join(SIDES), where="shape")
    radius = circumradius_m(area_ha)
    outward = np.array(SIDES[side])
    along = np.array([-outward[1], outward[0]])
    middle = _to_metric(lon, lat) + outward * (radius + corridor_m / 2)
    ends = [middle - along * radius, middle + along * radius]
    written: list[shapely.LineString] = _to_degrees([shapely.LineString(ends)])
    return written[0]


def _frame(shapes: Sequence[shapely.Geometry], crs: str) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=gpd.GeoSeries(shapes, crs=crs))


def _to_metric(lon: float, lat: float) -> npt.NDArray[np.float64]:
    point = metric(_frame([shapely.Point(lon, lat)], STORE_CRS), DEFAULT_METRIC_CRS).geometry.iloc[0]
    return np.array([point.x, point.y])


def _to_degrees(shapes: list[Any]) -> list[Any]:
    moved, _ = to_store_crs(_frame(list(shapes), DEFAULT_METRIC_CRS), where="schematic shapes")
    return list(shapely.transform(moved.geometry.to_numpy(), lambda points: points.round(DECIMALS)))
