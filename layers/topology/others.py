"""Which geometries are there twice, and what of them lies outside others, in the plane."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from layers.spool import ShapesOrSpool, over
from layers.topology.lines import Pairing, everyone
from layers.topology.linework import FloatArray, IntArray, Shapes

__all__ = ["Outside", "duplicates", "outside"]


class Outside(NamedTuple):
    """What of geometries is not covered.

    Attributes
    ----------
    rows : ndarray of int, shape (found,)
        Positions, in rising order.
    places : ndarray of geometry, shape (found,)
        The part outside.
    amounts : ndarray of float, shape (found,)
        Its area (m2) or length (m); of a point its distance (m) from the nearest cover, infinite where there is none.
    """

    rows: IntArray
    places: Shapes
    amounts: FloatArray


def duplicates(shapes: ShapesOrSpool) -> IntArray:
    """Tell of each geometry which one before it is the same.

    Parameters
    ----------
    shapes : ndarray of geometry, shape (n,), or ShapeSpool
        In any one CRS; None and empty ones are the same as nothing.

    Returns
    -------
    ndarray of int, shape (n,)
        Position of the first that is the same, whatever the order of parts and vertices; its own for the first.

    Examples
    --------
    >>> duplicates(shapely.from_wkt(["LINESTRING (0 0, 1 1)", "POINT (2 2)", "LINESTRING (1 1, 0 0)"])).tolist()
    [0, 1, 0]
    """
    firsts = np.arange(len(shapes))
    outlines = over(shapes, _outlines)
    rows = np.flatnonzero(outlines)
    table = pd.Series(outlines[rows])
    # Few geometries have the bounds of another: only those are brought into normal form.
    alike = rows[table.duplicated(keep=False).to_numpy()]
    if len(alike):
        names = pd.Series(shapely.to_wkb(shapely.normalize(shapes[alike])))
        firsts[alike] = alike[names.groupby(names, sort=False).transform(lambda group: group.index[0]).to_numpy(int)]
    return firsts


def _outlines(shapes: Shapes) -> npt.NDArray[np.uint64]:
    """Return a number for bounds, dimension and count of vertices of each geometry; 0 for nothing."""
    dimensions, counts = shapely.get_dimensions(shapes), shapely.get_num_coordinates(shapes)
    table: FloatArray = np.column_stack((shapely.bounds(shapes).reshape(-1, 4), dimensions, counts))
    table += 0.0  # -0.0 is 0.0
    # Numbers that are the same by chance cost a closer look, no more.
    numbers = pd.util.hash_array(np.ascontiguousarray(table[:, 0]), categorize=False)
    for column in table.T[1:]:
        numbers = numbers * np.uint64(31) + pd.util.hash_array(np.ascontiguousarray(column), categorize=False)
    nothing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    return np.where(nothing, np.uint64(0), numbers | np.uint64(1))


def outside(shapes: Shapes, covers: Shapes, *, together: Pairing = everyone) -> Outside:
    """Find what of geometries lies outside areas.

    Parameters
    ----------
    shapes : ndarray of geometry, shape (n,)
        Valid, in a projected CRS in metres; None and empty ones are left out.
    covers : ndarray of geometry, shape (m,)
        Valid areas in the same CRS.
    together : callable, optional
        Which pairs of geometry and area count; all without it.

    Returns
    -------
    Outside
        Each geometry of which a part lies outside all areas together.

    Examples
    --------
    >>> found = outside(shapely.box(0, 0, [2, 4], 1), shapely.box([0, 2], 0, [2, 3], 1))
    >>> found.rows.tolist(), found.amounts.tolist()
    ([1], [1.0])
    """
    rows = np.flatnonzero(~shapely.is_missing(shapes) & ~shapely.is_empty(shapes))
    tree = shapely.STRtree(covers)
    covered, cover = tree.query(shapes[rows], predicate="covered_by")
    rows = np.setdiff1d(rows, rows[covered[together(rows[covered], cover)]])
    places = shapes[rows].copy()
    which, cover = tree.query(places, predicate="intersects")
    keep = together(rows[which], cover)
    which, cover = which[keep], cover[keep]
    # A loop: only what no single area covers, and each against its own few areas.
    for one in np.unique(which).tolist():
        places[one] = shapely.difference(places[one], shapely.union_all(covers[cover[which == one]]))
    amounts = np.where(shapely.get_dimensions(shapes[rows]) == 2, shapely.area(places), shapely.length(places))
    points = np.flatnonzero(shapely.get_dimensions(shapes[rows]) == 0)
    if len(points):
        amounts[points] = np.inf
        if len(covers):
            amounts[points] = shapely.distance(places[points], covers[tree.nearest(shapes[rows[points]])])
    keep = ~shapely.is_empty(places)
    return Outside(rows[keep], places[keep], amounts[keep])
