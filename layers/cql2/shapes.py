"""Places in a filter: boxes as shapes, and coordinates of any published CRS as longitude and latitude."""

from __future__ import annotations

from typing import Final

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from layers.cql2.nodes import Shape
from layers.errors import FilterError
from layers.published import CRS84, PublishedCrs, published_crs
from layers.types import Text

__all__ = ["Placing"]

#: Sides of a box are divided into so many parts before they are moved: straight lines of one CRS bend in another.
_PARTS: Final = 32
#: In no CRS is there a place so far away, in degrees or metres; sides so long cannot be cut.
_NOWHERE: Final = 1e9
_RANGE: Final = Text(
    vi="kinh độ từ -180 đến 180 và vĩ độ từ -90 đến 90, kinh độ trước (hệ khác: filter-crs)",
    en="longitudes -180 to 180 and latitudes -90 to 90, longitude first (another CRS: filter-crs)",
)
_ORDER: Final = Text(
    vi="BBOX: góc thấp rồi góc cao, nam không lớn hơn bắc",
    en="BBOX: the lower, then the upper corner, south not above north",
)


class Placing:
    """Puts the places of a filter on the earth.

    Parameters
    ----------
    crs : str or None
        Name of the CRS of all coordinates by OGC; longitude and latitude of WGS 84 without it.
    """

    def __init__(self, crs: str | None = None) -> None:
        self._crs: PublishedCrs = published_crs(crs or CRS84, where="filter-crs")

    def shape(self, geometry: BaseGeometry) -> Shape:
        """Return a geometry as a shape.

        Parameters
        ----------
        geometry : BaseGeometry
            Coordinates as the CRS orders them.

        Returns
        -------
        Shape
            In longitude and latitude.

        Raises
        ------
        FilterError
            If a coordinate is out of range.
        CrsError
            If a point has no place on the earth.
        """
        if self._crs.uri == CRS84:
            return _checked(Shape(geometry))
        placed = self._crs.to_store(np.array([geometry], dtype=object), where="filter-crs")[0]
        return _checked(Shape(placed))

    def box(self, bounds: tuple[float, ...]) -> Shape:
        """Return a box as a shape.

        Parameters
        ----------
        bounds : tuple of float
            Lower corner, upper corner, as the CRS orders their axes; with heights, six numbers.

        Returns
        -------
        Shape
            In longitude and latitude; two areas where it crosses the antimeridian.

        Raises
        ------
        FilterError
            If the corners are not in order, or out of range.
        CrsError
            If a corner has no place on the earth.
        """
        half = len(bounds) // 2
        (west, south, *lowest), (east, north, *highest) = bounds[:half], bounds[half:]
        if self._crs.swapped:
            west, south, east, north = south, west, north, east
        crossing = west > east and self._crs.geographic
        if south > north or lowest > highest or (west > east and not crossing):
            raise FilterError(seen=", ".join(f"{number:g}" for number in bounds), wanted=_ORDER)
        if self._crs.code == "EPSG:4326":
            _check(np.array([[west, south], [east, north]]))
            return Shape(_joined(west, south, east, north), (west, south, *lowest, east, north, *highest))
        box = _joined(west, south, east, north)
        if max(map(abs, (west, south, east, north))) < _NOWHERE:
            # The sides as the CRS has them: a box of a projected CRS is no box in degrees.
            box = shapely.segmentize(box, max(abs(east - west), north - south, 1e-9) / _PARTS)
        swapped = shapely.transform(box, lambda points: points[:, ::-1]) if self._crs.swapped else box
        return self.shape(swapped)


def _box(west: float, south: float, east: float, north: float) -> BaseGeometry:
    """Return a box as the geometry that it is: an area, or the line or point it shrinks to."""
    if west < east and south < north:
        return shapely.box(west, south, east, north)
    if west == east and south == north:
        return shapely.Point(west, south)
    return shapely.LineString([(west, south), (east, north)])


def _joined(west: float, south: float, east: float, north: float) -> BaseGeometry:
    if west <= east:
        return _box(west, south, east, north)
    halves = [_box(west, south, 180.0, north), _box(-180.0, south, east, north)]
    areas = [half for half in halves if isinstance(half, shapely.Polygon)]
    return shapely.MultiPolygon(areas) if areas else shapely.union_all(halves)


def _checked(shape: Shape) -> Shape:
    _check(shapely.get_coordinates(shape.geometry))
    if not shapely.is_valid(shape.geometry):
        wanted = Text(vi="một hình học hợp lệ, không tự cắt", en="a valid geometry that does not cross itself")
        raise FilterError(seen=str(shapely.is_valid_reason(shape.geometry)), wanted=wanted)
    return shape


def _check(points: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> None:
    outside = ~((np.abs(points[:, 0]) <= 180) & (np.abs(points[:, 1]) <= 90))
    if outside.any():
        x, y = points[int(outside.argmax())]
        raise FilterError(seen=f"{x:g} {y:g}", wanted=_RANGE)
