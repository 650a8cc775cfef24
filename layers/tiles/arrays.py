"""The arrays that kernels take: shapes in cells of a world grid, and what was collected of them for one tile."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy.typing as npt

__all__ = [
    "ALWAYS",
    "BUFFER",
    "EXTENT",
    "LINE",
    "NEVER",
    "NODE",
    "POINT",
    "POLYGON",
    "STATE_DRAWN",
    "STATE_HARD",
    "Collected",
    "Shapes",
    "Window",
]

#: Units along each side of a tile.
EXTENT: Final = 4096
#: How far beyond its sides a tile holds geometry, units.
BUFFER: Final = 64
#: Boxes in one node of the tree of a snapshot.
NODE: Final = 16
#: Kinds of geometry, numbered as in vector tiles.
POINT: Final = 1
LINE: Final = 2
POLYGON: Final = 3
#: A geometry is drawn as collected.
STATE_DRAWN: Final = 0
#: A polygon that rounding has made invalid: to be mended before it is drawn.
STATE_HARD: Final = 1
#: Days before and after all others.
ALWAYS: Final = -(2**31)
NEVER: Final = 2**31 - 1

Array = npt.NDArray[Any]


class Shapes(NamedTuple):
    """Geometries of one layer on one world grid, in the order of a Hilbert curve.

    Attributes
    ----------
    kind : ndarray of uint8, shape (features,)
        1 points, 2 lines, 3 polygons, 0 nothing on this grid.
    first_ring : ndarray of int32, shape (features + 1,)
        Where the runs of coordinates of each feature start.
    first_vertex : ndarray of int64, shape (rings + 1,)
        Where the vertices of each run start.
    outer : ndarray of uint8, shape (rings,)
        1 for the outer ring of a polygon, 0 for a hole.
    xy : ndarray of int32, shape (vertices, 2)
        Cells from the centre of the grid, x to the east, y to the south.
    box : ndarray of int32, shape (features, 4)
        Least x and y, greatest x and y.
    area : ndarray of float64, shape (features,)
        Of polygons, square cells.
    tree : ndarray of int32, shape (nodes, 4)
        Boxes of sixteen features, of sixteen such boxes and so on.
    level : ndarray of int32, shape (levels + 1,)
        Where each level of the tree starts.
    first_day, last_day : ndarray of int32, shape (features,)
        Planned time, days since 1970.
    group : ndarray of int32, shape (features,)
        Class by which the layer is drawn, 0 for none.
    """

    kind: Array
    first_ring: Array
    first_vertex: Array
    outer: Array
    xy: Array
    box: Array
    area: Array
    tree: Array
    level: Array
    first_day: Array
    last_day: Array
    group: Array


class Window(NamedTuple):
    """What one tile looks at.

    Attributes
    ----------
    left, top : float
        Its upper left corner, cells.
    unit : float
        Cells of the world grid in one unit of the tile.
    start, end : int
        Planned time, days since 1970, both inclusive.
    tolerance : float
        How far simplified geometry may lie from the whole, units.
    cell : int
        Side of the cells in which small features are put together, units; 0 draws each by itself.
    """

    left: float
    top: float
    unit: float
    start: int
    end: int
    tolerance: float
    cell: int


class Collected(NamedTuple):
    """Geometries of one tile, in its units.

    Attributes
    ----------
    feature : ndarray of int32, shape (records,)
        Which feature each record draws.
    kind, state : ndarray of uint8, shape (records,)
        Kind of geometry; whether it has to be mended.
    first_ring : ndarray of int32, shape (records + 1,)
        Where the rings of each record start.
    first_vertex : ndarray of int64, shape (rings + 1,)
        Where the vertices of each ring start.
    xy : ndarray of int32, shape (vertices, 2)
        Units from the upper left corner.
    """

    feature: Array
    kind: Array
    state: Array
    first_ring: Array
    first_vertex: Array
    xy: Array
