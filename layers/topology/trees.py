"""Which geometries lie where: a tree of all of them in memory, or going through those that a file holds."""

from __future__ import annotations

import functools
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import shapely

from layers.spool import PART_ROWS, Shapes, ShapesOrSpool, ShapeSpool, over

__all__ = ["Tree", "tree_of"]


class Tree(Protocol):
    """What a tree of geometries is asked."""

    def query(self, geometry: Shapes, predicate: Any = None, distance: Any = None) -> npt.NDArray[np.intp]:
        """Return pairs of a geometry and one of the tree.

        Parameters
        ----------
        geometry : ndarray of geometry, shape (n,)
            What is asked about.
        predicate : str, optional
            How the pairs lie to each other; by their bounds alone without it.
        distance : float, optional
            For the predicate "dwithin", in the units of the coordinates.

        Returns
        -------
        ndarray of int, shape (2, pairs)
            Positions of both, in no particular order.
        """


def tree_of(shapes: ShapesOrSpool) -> Tree:
    """Return a tree of geometries.

    Parameters
    ----------
    shapes : ndarray of geometry, or ShapeSpool
        The geometries.

    Returns
    -------
    Tree
        Of all of them.
    """
    return _SpoolTree(shapes) if isinstance(shapes, ShapeSpool) else shapely.STRtree(shapes)


class _SpoolTree:
    """Looks through the bounds of geometries in a file, and takes out those that may count."""

    def __init__(self, shapes: ShapeSpool) -> None:
        self._shapes = shapes

    @functools.cached_property
    def _bounds(self) -> npt.NDArray[np.float64]:
        return over(self._shapes, shapely.bounds)

    def query(self, geometry: Shapes, predicate: Any = None, distance: Any = None) -> npt.NDArray[np.intp]:
        if not len(geometry):
            return np.empty((2, 0), dtype=np.intp)
        room = float(distance or 0.0)
        tree = shapely.STRtree(shapely.box(*(shapely.bounds(geometry) + np.array([-room, -room, room, room])).T))
        found = [np.empty((2, 0), dtype=np.intp)]
        shapely.prepare(geometry)
        for start in range(0, len(self._bounds), PART_ROWS):
            other, one = tree.query(shapely.box(*self._bounds[start : start + PART_ROWS].T))
            other += start
            if predicate is not None and len(one):
                rows, which = np.unique(other, return_inverse=True)
                near = self._shapes[rows][which]
                how = getattr(shapely, predicate)
                keep = how(geometry[one], near) if distance is None else how(geometry[one], near, distance)
                one, other = one[keep], other[keep]
            found.append(np.stack((one, other)))
        return np.concatenate(found, axis=1)
