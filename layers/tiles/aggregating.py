"""Putting small features of one class together: those that share a cell are drawn as one, with their number."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from layers.tiles.arrays import BUFFER, EXTENT, Array, Shapes, Window
from layers.tiles.compiled import compiled, inlined

__all__ = ["Cells", "add_to_cell", "cell_side", "points_of_cells", "squares_of_cells"]


class Cells(NamedTuple):
    """Small features by class and cell.

    Attributes
    ----------
    number : ndarray of int32, shape (classes * side * side * 2,)
        Features in each cell: points in the first half, areas in the second.
    area, x, y : ndarray of float64, the same shape
        Their areas in square units, and the sums of their places.
    touched : ndarray of int64
        Cells with features, in the order in which the first came.
    state : ndarray of int64, shape (1,)
        How many cells that are.
    """

    number: Array
    area: Array
    x: Array
    y: Array
    touched: Array
    state: Array


@inlined
def cell_side(cell: int) -> int:
    """Return how many cells lie along a tile and its buffer.

    Parameters
    ----------
    cell : int
        Side of a cell, units.

    Returns
    -------
    int
        Whole cells.
    """
    return (EXTENT + 2 * BUFFER) // cell + 1


@inlined
def add_to_cell(shapes: Shapes, feature: int, window: Window, cells: Cells) -> int:
    """Add a feature to its cell.

    Parameters
    ----------
    shapes : Shapes
        A layer.
    feature : int
        One of its features.
    window : Window
        The tile.
    cells : Cells
        What it is added to.

    Returns
    -------
    int
        1, or 0 for a feature that lies outside.
    """
    middle_x = (float(shapes.box[feature, 0]) + shapes.box[feature, 2]) * 0.5 - window.left
    middle_y = (float(shapes.box[feature, 1]) + shapes.box[feature, 3]) * 0.5 - window.top
    x, y = middle_x / window.unit, middle_y / window.unit
    areal = shapes.kind[feature] == 3
    if not areal and not (-BUFFER <= x <= EXTENT + BUFFER and -BUFFER <= y <= EXTENT + BUFFER):
        return 0
    x = min(max(x, -float(BUFFER)), float(EXTENT + BUFFER))
    y = min(max(y, -float(BUFFER)), float(EXTENT + BUFFER))
    side = cell_side(window.cell)
    column, row = int((x + BUFFER) // window.cell), int((y + BUFFER) // window.cell)
    place = ((shapes.group[feature] * 2 + areal) * side + row) * side + column
    if cells.number[place] == 0:
        cells.touched[cells.state[0]] = place
        cells.state[0] += 1
    cells.number[place] += 1
    cells.area[place] += shapes.area[feature] / (window.unit * window.unit)
    cells.x[place] += x
    cells.y[place] += y
    return 1


@compiled
def squares_of_cells(cells: Cells, cell: int, group: int) -> tuple[Array, int]:
    """Return the areas of one class as squares of the same size as what they stand for.

    Parameters
    ----------
    cells : Cells
        Small features.
    cell : int
        Side of a cell, units.
    group : int
        The class.

    Returns
    -------
    corners : ndarray of int32, shape (squares, 3)
        Upper left corner and side of each, units; a square lies within its cell.
    features : int
        How many features they stand for.
    """
    side = cell_side(cell)
    corners = np.empty((cells.state[0], 3), np.int32)
    count, features = 0, 0
    for entry in range(cells.state[0]):
        place = cells.touched[entry]
        if place // (side * side) != group * 2 + 1:
            continue
        number = cells.number[place]
        size = min(max(int(np.sqrt(cells.area[place]) + 0.5), 1), cell)
        left, top = place % side * cell - BUFFER, place // side % side * cell - BUFFER
        x = int(cells.x[place] / number - size * 0.5 + 0.5)
        y = int(cells.y[place] / number - size * 0.5 + 0.5)
        highest = EXTENT + BUFFER - size
        corners[count, 0] = min(max(x, left), left + cell - size, highest)
        corners[count, 1] = min(max(y, top), top + cell - size, highest)
        corners[count, 2] = size
        count += 1
        features += number
    return corners[:count], features


@compiled
def points_of_cells(cells: Cells, cell: int) -> Array:
    """Return points in the middle of those that they stand for.

    Parameters
    ----------
    cells : Cells
        Small features.
    cell : int
        Side of a cell, units.

    Returns
    -------
    ndarray of int32, shape (points, 4)
        Class, number of features, x and y in units.
    """
    side = cell_side(cell)
    points = np.empty((cells.state[0], 4), np.int32)
    count = 0
    for entry in range(cells.state[0]):
        place = cells.touched[entry]
        layer = place // (side * side)
        if layer % 2:
            continue
        number = cells.number[place]
        points[count, 0], points[count, 1] = layer // 2, number
        points[count, 2] = int(cells.x[place] / number + 0.5)
        points[count, 3] = int(cells.y[place] / number + 0.5)
        count += 1
    return points[:count]
