"""Which features may meet a box? A walk down a packed tree of boxes."""

from __future__ import annotations

import numpy as np

from layers.tiles.arrays import NODE, Array
from layers.tiles.compiled import compiled

__all__ = ["search"]


@compiled
def _meets(box: Array, place: int, minx: float, miny: float, maxx: float, maxy: float) -> bool:
    return bool(box[place, 0] <= maxx and box[place, 2] >= minx and box[place, 1] <= maxy and box[place, 3] >= miny)


@compiled
def search(box: Array, tree: Array, level: Array, minx: float, miny: float, maxx: float, maxy: float) -> Array:
    """Return the features whose boxes meet a box.

    Parameters
    ----------
    box : ndarray of int32, shape (features, 4)
        Boxes of features in the order of a curve.
    tree : ndarray of int32, shape (nodes, 4)
        Boxes of sixteen of them, of sixteen such boxes and so on.
    level : ndarray of int32, shape (levels + 1,)
        Where each level starts, the finest first.
    minx, miny, maxx, maxy : float
        The box, cells.

    Returns
    -------
    ndarray of int32, shape (found,)
        Ascending.
    """
    found = np.empty(box.shape[0], np.int32)
    count = 0
    levels = level.shape[0] - 1
    stack = np.empty((NODE * (levels + 1) + 1, 2), np.int32)
    top = 0
    for place in range(level[levels] - 1, level[levels - 1] - 1, -1):
        if _meets(tree, place, minx, miny, maxx, maxy):
            stack[top, 0] = levels - 1
            stack[top, 1] = place - level[levels - 1]
            top += 1
    while top > 0:
        top -= 1
        depth, node = stack[top, 0], stack[top, 1]
        if depth == 0:
            for place in range(node * NODE, min(node * NODE + NODE, box.shape[0])):
                if _meets(box, place, minx, miny, maxx, maxy):
                    found[count] = place
                    count += 1
            continue
        start = level[depth - 1]
        last = min(node * NODE + NODE, level[depth] - start)
        for place in range(last - 1, node * NODE - 1, -1):
            if _meets(tree, start + place, minx, miny, maxx, maxy):
                stack[top, 0] = depth - 1
                stack[top, 1] = place
                top += 1
    return found[:count]
