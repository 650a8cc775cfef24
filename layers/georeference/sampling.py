"""What is looked at of a large file: a sample at even steps, the same every time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from layers.errors import ValueOutOfRangeError
from layers.georeference.known import KnownFeatures
from layers.georeference.readings import FloatArray
from layers.types import Text

__all__ = ["Sample", "as_array", "even_rows", "sample", "sampled_rows"]

#: Enough for a share to one hundredth and a median to a twentieth of the spread.
_POINTS: Final = 1500
_PAIRS: Final = 500
#: Shapes whose area is recomputed in some 25 projections for each of some 10 readings.
_AREAS: Final = 80
_AREA_VERTICES: Final = 3000
_WANTED: Final = Text(
    vi="mảng toạ độ (n, 2) hoặc mảng hình học", en="an array of coordinates (n, 2) or an array of geometries"
)


@dataclass(frozen=True, eq=False)
class Sample:
    """What is looked at.

    Parameters
    ----------
    points : ndarray of float, shape (n, 2)
        Finite coordinates as they stand in the file.
    pairs : ndarray of float, shape (m, 2), or None
        Centroids of shapes that are the same things as known features, as they stand in the file.
    truth : ndarray of float, shape (m, 2), or None
        Centroids of these known features, longitude and latitude.
    shapes : ndarray of geometry, shape (k,)
        Shapes with a declared area.
    areas_m2 : ndarray of float, shape (k,), or None
        Their declared areas; None if none were given.
    """

    points: FloatArray
    pairs: FloatArray | None
    truth: FloatArray | None
    shapes: npt.NDArray[np.object_]
    areas_m2: FloatArray | None


def as_array(data: npt.NDArray[Any] | Sequence[BaseGeometry | None], *, where: str) -> npt.NDArray[Any]:
    """Return data as an array of coordinates or of geometries.

    Parameters
    ----------
    data : ndarray of float, shape (n, 2), or array of geometry
        GeoSeries and lists of geometries too.
    where : str
        What to call the data in an error.

    Returns
    -------
    ndarray
        Of float with shape (n, 2), or of geometry with shape (n,).

    Raises
    ------
    ValueOutOfRangeError
        If it is neither.
    """
    array = np.asarray(data)
    if array.dtype == object and array.ndim == 1:
        if shapely.is_valid_input(array).all():
            return array
    elif array.dtype.kind in "fiu" and array.ndim == 2 and array.shape[1] == 2:
        return array.astype(float)
    elif not array.size:
        return np.empty((0, 2))
    raise ValueOutOfRangeError(seen=f"{array.dtype} {array.shape}", wanted=_WANTED, where=where)


def even_rows(length: int, most: int) -> npt.NDArray[np.int64]:
    """Return rows at even steps, first and last included.

    Parameters
    ----------
    length : int
        How many rows there are.
    most : int
        How many are wanted at most.

    Returns
    -------
    ndarray of int
        Row numbers, ascending.
    """
    return np.linspace(0, length - 1, min(length, most)).astype(np.int64)


def sample(
    data: npt.NDArray[Any] | Sequence[BaseGeometry | None],
    areas_m2: npt.ArrayLike | None,
    known: KnownFeatures | None,
    *,
    where: str,
) -> Sample:
    """Take a sample at even steps.

    Parameters
    ----------
    data : ndarray of float, shape (n, 2), or array of geometry
        As they stand in the file.
    areas_m2 : array_like of float or None
        Declared area of each shape.
    known : KnownFeatures or None
        Known features, with the rows they pair with or without.
    where : str
        What to call the data in an error.

    Returns
    -------
    Sample
        Small enough for many readings.

    Raises
    ------
    ValueOutOfRangeError
        If the data have another shape, or there are not as many areas as shapes.
    """
    array = as_array(data, where=where)
    pairs, truth = _paired(array, known)
    shapes, areas = _with_areas(array, areas_m2, where=where)
    return Sample(_points(array), pairs, truth, shapes, areas)


def sampled_rows(there: npt.NDArray[np.bool_], known: KnownFeatures | None) -> npt.NDArray[np.intp]:
    """Return the rows that a sample of shapes may come to look at.

    Parameters
    ----------
    there : ndarray of bool, shape (n,)
        Which shapes are neither missing nor empty.
    known : KnownFeatures or None
        As for `sample`.

    Returns
    -------
    ndarray of int
        Ascending. A sample is the same if other shapes stand in the other rows, as long as they are there too.
    """
    filled = np.flatnonzero(there)
    rows = [even_rows(len(there), _POINTS), filled[even_rows(len(filled), _POINTS)]]
    if known is not None and known.rows is not None:
        rows.append(known.rows[_paired_rows(known.rows, len(there))])
    return np.unique(np.concatenate(rows)).astype(np.intp)


def _paired_rows(rows: npt.NDArray[np.integer], length: int) -> npt.NDArray[np.intp]:
    paired = np.flatnonzero((rows >= 0) & (rows < length))
    return paired[even_rows(len(paired), _PAIRS)]


def _points(array: npt.NDArray[Any]) -> FloatArray:
    """Sample shapes first, then their vertices: a file of a million shapes is not unpacked for it."""
    if array.dtype == object:
        points = shapely.get_coordinates(array[even_rows(len(array), _POINTS)])
        if len(points) < min(_POINTS, len(array)):
            # Many are missing or empty: look for the others.
            there = array[~(shapely.is_missing(array) | shapely.is_empty(array))]
            points = shapely.get_coordinates(there[even_rows(len(there), _POINTS)])
    else:
        points = array
    finite = points[np.isfinite(points).all(axis=1)]
    return finite[even_rows(len(finite), _POINTS)]


def _paired(array: npt.NDArray[Any], known: KnownFeatures | None) -> tuple[FloatArray | None, FloatArray | None]:
    if known is None or known.rows is None:
        return None, None
    paired = _paired_rows(known.rows, len(array))
    rows = array[known.rows[paired]]
    found = _centroids(rows) if array.dtype == object else rows
    return found, _centroids(known.geometry[paired])


def _centroids(shapes: npt.NDArray[np.object_]) -> FloatArray:
    points = shapely.centroid(shapes)
    return np.column_stack([shapely.get_x(points), shapely.get_y(points)])


def _with_areas(
    array: npt.NDArray[Any], areas_m2: npt.ArrayLike | None, *, where: str
) -> tuple[npt.NDArray[np.object_], FloatArray | None]:
    none = np.empty(0, dtype=object)
    if areas_m2 is None:
        return none, None
    areas = np.asarray(areas_m2, dtype=float)
    if areas.shape != (len(array),):
        wanted = Text(vi=f"{len(array)} diện tích", en=f"{len(array)} areas")
        raise ValueOutOfRangeError(seen=areas.size, wanted=wanted, where=where)
    if array.dtype != object:
        return none, None
    usable = np.flatnonzero(np.isfinite(areas) & (areas > 0) & (shapely.get_dimensions(array) == 2))
    usable = usable[even_rows(len(usable), _AREAS)]
    vertices = np.cumsum(shapely.get_num_coordinates(array[usable]))
    usable = usable[vertices <= max(_AREA_VERTICES, vertices[0] if len(vertices) else 0)]
    return array[usable], areas[usable]
