"""Where the data should lie, and which frames are usual there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import shapely
from shapely import Polygon
from shapely.geometry.base import BaseGeometry

from layers.georeference.frames import FRAMES
from layers.georeference.readings import FloatArray, point_array, points_within
from layers.types import Bounds, Text

__all__ = ["HANOI", "NEAR_DEG", "VIETNAM_BOUNDS", "TargetArea", "as_target", "place_shares"]

#: Data of neighbours and of whole networks reach beyond the target; a wrong zone leads as far (26 km a quarter degree).
NEAR_DEG: Final = 0.5
#: Area of use of EPSG:4756, VN-2000, in degrees: longitude 102.14 to 109.53, latitude 8.33 to 23.4.
VIETNAM_BOUNDS: Final[Bounds] = (102.14, 8.33, 109.53, 23.4)


@dataclass(frozen=True, slots=True)
class TargetArea:
    """The area in which the data are expected.

    Parameters
    ----------
    name : Text
        Name for messages.
    polygon : Polygon or MultiPolygon
        WGS 84, longitude before latitude.
    usual : mapping of str to float, optional
        How usual EPSG codes are there, 1 for the main one; codes left out take the weight of their family.
    """

    name: Text
    polygon: BaseGeometry
    usual: Mapping[str, float] = field(default_factory=dict)


#: Hanoi needs zone 105°; surveyors of the provinces round it work in those of the second line, by
#: Circular 973/2001/TT-TCĐC and the areas of use of the EPSG list. The other zones are met by mistake alone.
_HANOI_USUAL: Final = {
    **{one.code: 0.003 for one in FRAMES if one.family == "TM-3"},
    **dict.fromkeys(("EPSG:9208", "EPSG:9209", "EPSG:9210", "EPSG:9211"), 0.03),
    "EPSG:5897": 1.0,
    "EPSG:3405": 0.3,
    "EPSG:32648": 0.3,
}
#: A coarse outline round Hanoi in steps of 0.05 degree, nowhere inside the city: its units of 2026 reach from 105.287
#: to 106.018 degrees east and from 20.565 to 21.384 degrees north.
HANOI: Final = TargetArea(
    Text(vi="Hà Nội", en="Hanoi"),
    Polygon(
        [
            (105.65, 20.55),
            (105.95, 20.55),
            (106.05, 20.65),
            (106.05, 21.10),
            (105.95, 21.35),
            (105.80, 21.40),
            (105.35, 21.35),
            (105.25, 21.20),
            (105.25, 21.00),
        ]
    ),
    _HANOI_USUAL,
)


def as_target(area: TargetArea | BaseGeometry) -> TargetArea:
    """Return a target area for a bare polygon.

    Parameters
    ----------
    area : TargetArea or polygon
        A polygon is taken in WGS 84, with no CRS more usual than its family.

    Returns
    -------
    TargetArea
        Prepared for fast tests.
    """
    target = area if isinstance(area, TargetArea) else TargetArea(Text(vi="khu vực đích", en="the target area"), area)
    shapely.prepare(target.polygon)
    return target


def place_shares(places: FloatArray, target: TargetArea) -> tuple[float, float, float]:
    """Return how much of the data lies in the target area, near it, and elsewhere in Vietnam.

    Parameters
    ----------
    places : ndarray of float, shape (n, 2)
        Longitude, latitude; NaN for none.
    target : TargetArea
        The area.

    Returns
    -------
    inside, near, country : float
        Shares of all places, 0 to 1; each place counts once.
    """
    if not len(places):
        return 0.0, 0.0, 0.0
    there = np.isfinite(places).all(axis=1)
    inside = np.zeros(len(places), dtype=bool)
    near = np.zeros(len(places), dtype=bool)
    close = there & points_within(places, _grown(target.polygon.bounds))
    if close.any():
        points = point_array(places[close])
        inside[close] = shapely.intersects(target.polygon, points)
        outside = close.copy()
        outside[close] = ~inside[close]
        near[outside] = shapely.dwithin(target.polygon, points[~inside[close]], NEAR_DEG)
    country = there & points_within(places, VIETNAM_BOUNDS) & ~inside & ~near
    return float(inside.mean()), float(near.mean()), float(country.mean())


def _grown(bounds: Bounds) -> Bounds:
    return bounds[0] - NEAR_DEG, bounds[1] - NEAR_DEG, bounds[2] + NEAR_DEG, bounds[3] + NEAR_DEG
