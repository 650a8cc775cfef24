"""When two states of an attribute or of a geometry are the same, whatever dress a file or a program gave them.

A polygon is the same whichever vertex its rings begin with and whichever way they run, and a multiple geometry of one
part is that part. A line that runs the other way is another line: one-way streets and sewers have a direction.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from layers.validation.ground import ground_distance

__all__ = ["Mask", "Shapes", "differing", "same_shapes"]

Mask = npt.NDArray[np.bool_]
Shapes = npt.NDArray[np.object_]
_Places = npt.NDArray[np.float64]

#: Polygon and MultiPolygon, MultiPoint: whose parts and rings have no order.
_AREAS: Final = (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON)
_UNORDERED: Final = (*_AREAS, shapely.GeometryType.MULTIPOINT)
#: Degrees in a metre, with room to spare, for a first look at bounds.
_DEGREES: Final = 1 / 90_000


def differing(one: Any, other: Any) -> Mask:
    """Tell which attribute values differ; two missing ones are the same.

    Parameters
    ----------
    one, other : array
        Extension arrays or ndarrays of one dtype and length, as the columns of a typed frame.

    Returns
    -------
    ndarray of bool
        Row by row.
    """
    absent, gone = np.asarray(pd.isna(one)), np.asarray(pd.isna(other))
    equal = one == other
    same = equal.fillna(value=False).to_numpy(dtype=bool) if hasattr(equal, "fillna") else np.asarray(equal, dtype=bool)
    return np.asarray(~np.where(absent | gone, absent & gone, same), dtype=bool)


def same_shapes(one: Shapes, other: Shapes, *, tolerance_m: float = 0.0) -> Mask:
    """Tell which geometries are the same, vertex by vertex, within a distance.

    Parameters
    ----------
    one, other : ndarray of geometry, shape (n,)
        EPSG:4326; None and empty ones are the same.
    tolerance_m : float
        How far a vertex may have moved, metres.

    Returns
    -------
    ndarray of bool, shape (n,)
        A vertex more or less makes another geometry, even on a straight line: neighbours may share it.
    """
    none, nothing = (shapely.is_missing(shapes) | shapely.is_empty(shapes) for shapes in (one, other))
    same: Mask = np.asarray((none & nothing) | shapely.equals_identical(one, other), dtype=bool)
    rows = np.flatnonzero(~(same | none | nothing))
    if not len(rows):
        return same
    first, second = _single(one[rows]), _single(other[rows])
    alike = _alike(first, second, tolerance_m)
    rows, first, second = rows[alike], first[alike], second[alike]
    found = _vertexwise(first, second, tolerance_m)
    same[rows[found]] = True
    # Where the vertices are in another order, and that means nothing.
    rest = ~found & np.isin(shapely.get_type_id(first), _UNORDERED)
    rows, first, second = rows[rest], shapely.normalize(first[rest]), shapely.normalize(second[rest])
    found = _vertexwise(first, second, tolerance_m)
    same[rows[found]] = True
    if tolerance_m:
        # A loop over rows: rounding may put another vertex or part first, in few of them.
        for row, a, b in zip(rows[~found], first[~found], second[~found], strict=True):
            same[row] = _matched(a, b, tolerance_m)
    return same


def _single(shapes: Shapes) -> Shapes:
    """Take the one part out of multiple geometries that have no more."""
    parts = (shapely.get_num_geometries(shapes) == 1) & (shapely.get_type_id(shapes) >= shapely.GeometryType.MULTIPOINT)
    single = shapes.copy()
    single[parts] = shapely.get_geometry(shapes[parts], 0)
    return single


def _alike(one: Shapes, other: Shapes, tolerance_m: float) -> Mask:
    """Tell which geometries have the same make and the same bounds."""
    make = np.ones(len(one), dtype=bool)
    for count in (
        shapely.get_type_id,
        shapely.get_num_coordinates,
        shapely.get_num_geometries,
        shapely.get_num_interior_rings,
        shapely.has_z,
    ):
        make &= np.asarray(count(one) == count(other))
    here, there = shapely.bounds(one), shapely.bounds(other)
    room = np.zeros_like(here)
    if tolerance_m:
        latitude = np.radians(np.minimum(np.abs(here[:, [1, 3]]).max(axis=1), 89.9))
        room[:, [1, 3]] = tolerance_m * _DEGREES
        room[:, [0, 2]] = (tolerance_m * _DEGREES / np.cos(latitude))[:, None]
    return make & (np.abs(here - there) <= room).all(axis=1)


def _far(one: _Places, other: _Places, tolerance_m: float) -> Mask:
    """Tell which vertices are not at the same place."""
    if not tolerance_m:
        return np.asarray((one != other).any(axis=1) & ~(np.isnan(one) & np.isnan(other)).any(axis=1))
    far = ground_distance(one[:, :2], other[:, :2]) > tolerance_m
    if one.shape[1] > 2:
        with np.errstate(invalid="ignore"):
            far |= np.abs(one[:, 2] - other[:, 2]) > tolerance_m
        far |= np.isnan(one[:, 2]) != np.isnan(other[:, 2])
    return far


def _vertexwise(one: Shapes, other: Shapes, tolerance_m: float) -> Mask:
    """Compare geometries of one make, vertex by vertex in their order."""
    height = bool(shapely.has_z(one).any())
    here, owners = shapely.get_coordinates(one, include_z=height, return_index=True)
    there = shapely.get_coordinates(other, include_z=height)
    far = np.bincount(owners, weights=_far(here, there, tolerance_m), minlength=len(one))
    return np.asarray(far == 0)


def _rings(shape: Any) -> list[_Places]:
    """Return the points, or the rings without their closing vertex."""
    if shapely.get_type_id(shape) == shapely.GeometryType.MULTIPOINT:
        return list(shapely.get_coordinates(shape, include_z=bool(shape.has_z))[:, None, :])
    rings = shapely.get_rings(shape)
    return [shapely.get_coordinates(ring, include_z=bool(ring.has_z))[:-1] for ring in rings]


def _matched(one: Any, other: Any, tolerance_m: float) -> bool:
    """Find for each ring or point one of the other geometry that lies on it."""
    left = _rings(other)
    for ring in _rings(one):
        place = next((n for n, candidate in enumerate(left) if _turned(ring, candidate, tolerance_m)), None)
        if place is None:
            return False
        del left[place]
    return not left


def _turned(one: _Places, other: _Places, tolerance_m: float) -> bool:
    """Tell whether a ring is another one, begun elsewhere or run the other way."""
    if len(one) != len(other):
        return False
    starts = np.flatnonzero(~_far(np.repeat(one[:1], len(other), axis=0), other, tolerance_m))
    for start in starts.tolist():
        ahead = np.roll(other, -start, axis=0)
        back = np.roll(ahead[::-1], 1, axis=0)
        if not _far(one, ahead, tolerance_m).any() or not _far(one, back, tolerance_m).any():
            return True
    return False
