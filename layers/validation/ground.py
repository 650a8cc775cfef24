"""Areas, lengths and distances on the WGS 84 ellipsoid, for many geometries in degrees at once.

No grid distorts them, so that they hold anywhere on the earth. The plane of each step is exact for areas (authalic
latitude) and within 1e-6 for segments of some kilometres, by the two radii of curvature.

References
----------
Snyder (1987), Map projections: a working manual, USGS Professional Paper 1395, equations 3-12, 4-18 and 4-20.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

__all__ = ["FloatArray", "Shapes", "ground_area", "ground_distance", "ground_length"]

FloatArray = npt.NDArray[np.float64]
Shapes = npt.NDArray[np.object_]

#: WGS 84: semi-major axis in metres, first eccentricity squared.
_A: Final = 6_378_137.0
_E2: Final = 6.694379990141316e-3
_E: Final = float(np.sqrt(_E2))


def ground_area(shapes: Shapes) -> FloatArray:
    """Return the area of each geometry on the ellipsoid.

    Parameters
    ----------
    shapes : ndarray of geometry, shape (n,)
        EPSG:4326; None is allowed.

    Returns
    -------
    ndarray of float, shape (n,)
        Square metres; 0 for points and lines, NaN for None.

    Examples
    --------
    >>> float(ground_area(np.array([shapely.box(105, 21, 105.01, 21.01)])).round()[0])
    1151092.0
    """

    def equal_area(places: FloatArray) -> FloatArray:
        sine = np.sin(np.radians(places[:, 1]))
        q = (1 - _E2) * (sine / (1 - _E2 * sine**2) + np.arctanh(_E * sine) / _E)
        return np.column_stack((_A * np.radians(places[:, 0]), _A * q / 2))

    area: FloatArray = shapely.area(shapely.transform(shapes, equal_area))
    return area


def ground_length(shapes: Shapes) -> FloatArray:
    """Return the length of each line, or of the boundary of each area, on the ellipsoid.

    Parameters
    ----------
    shapes : ndarray of geometry, shape (n,)
        EPSG:4326; None is allowed.

    Returns
    -------
    ndarray of float, shape (n,)
        Metres; 0 for points and for None.

    Examples
    --------
    >>> float(ground_length(np.array([shapely.LineString([(105, 21), (105.01, 21)])])).round(1)[0])
    1039.7
    """
    length = np.zeros(len(shapes))
    # Each line or ring by itself: no segment may join two of them.
    parts, owners = shapely.get_parts(shapes, return_index=True)
    areal = shapely.get_dimensions(parts) == 2
    rings, of_part = shapely.get_rings(parts[areal], return_index=True)
    lines = np.concatenate((parts[~areal], rings))
    owners = np.concatenate((owners[~areal], owners[areal][of_part]))
    places, of_line = shapely.get_coordinates(lines, return_index=True)
    if not len(places):
        return length
    steps = ground_distance(places[:-1], places[1:])
    steps[of_line[:-1] != of_line[1:]] = 0.0
    return np.bincount(owners[of_line[:-1]], weights=steps, minlength=len(shapes)).astype(np.float64)


def ground_distance(one: FloatArray, other: FloatArray) -> FloatArray:
    """Return the distance between pairs of near places on the ellipsoid.

    Parameters
    ----------
    one, other : ndarray of float, shape (n, 2)
        Longitude and latitude in degrees.

    Returns
    -------
    ndarray of float, shape (n,)
        Metres; over some hundred kilometres it is an estimate.

    Examples
    --------
    >>> ground_distance(np.array([[105.0, 21.0]]), np.array([[105.0, 21.001]])).round(2).tolist()
    [110.72]
    """
    middle = np.radians((one[:, 1] + other[:, 1]) / 2)
    shrunk = 1 - _E2 * np.sin(middle) ** 2
    prime, meridional = _A / np.sqrt(shrunk), _A * (1 - _E2) / shrunk**1.5
    across = np.abs(other[:, 0] - one[:, 0])
    east = prime * np.cos(middle) * np.radians(np.minimum(across, 360 - across))
    north = meridional * np.radians(other[:, 1] - one[:, 1])
    distance: FloatArray = np.hypot(east, north)
    return distance
