"""An R-tree built at once from all of its boxes, node by node, as SQLite keeps it in the tables behind a virtual one.

SQLite's own way is one box after another, which takes longer than all the rest of a load. The boxes are sorted into
tiles (Leutenegger, Lopez & Edgington 1997, STR: a simple and efficient algorithm for R-tree packing,
doi:10.1109/ICDE.1997.582015); the nodes are written as "The SQLite R*Tree Module", chapter 4.2, describes them.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

__all__ = ["Packed", "pack"]

_Boxes = npt.NDArray[np.float32]
_Keys = npt.NDArray[np.int64]
_Pairs = npt.NDArray[np.int64]

#: One entry of a node: a row of the layer or a node below, and the box round it, big-endian.
_CELL: Final = np.dtype([("key", ">i8"), ("box", ">f4", (4,))])
#: Depth of the tree (in its root only), and how many entries the node has.
_HEAD: Final = np.dtype([("depth", ">u2"), ("cells", ">u2")])
#: By these SQLite moves a number that the nearest 32-bit float would cut off: at least one float outward.
_TOWARDS, _AWAY = 1.0 - 2.0**-23, 1.0 + 2.0**-23


class Packed(NamedTuple):
    """The rows of the three tables behind an R-tree.

    Attributes
    ----------
    nodes : list of (int, bytes)
        Number of each node and its content; 1 is the root.
    rows : ndarray of int, shape (rows, 2)
        Key of each row, ascending, and the number of the node it is in.
    parents : ndarray of int, shape (nodes - 1, 2)
        Number of each node but the root, ascending, and of the node above it.
    """

    nodes: list[tuple[int, bytes]]
    rows: _Pairs
    parents: _Pairs


def pack(keys: _Keys, bounds: npt.NDArray[np.float64], *, node_bytes: int) -> Packed:
    """Build an R-tree.

    Parameters
    ----------
    keys : ndarray of int, shape (rows,)
        Ascending.
    bounds : ndarray of float, shape (rows, 4)
        (minx, maxx, miny, maxy) of each, no NaN.
    node_bytes : int
        Size of a node.

    Returns
    -------
    Packed
        To be written.
    """
    boxes, capacity = _outward(bounds), (node_bytes - _HEAD.itemsize) // _CELL.itemsize
    levels: list[tuple[_Keys, _Boxes]] = []
    while True:
        order = _tiled(boxes, capacity)
        keys, boxes = keys[order], boxes[order]
        levels.append((keys, boxes))
        if len(keys) <= capacity:
            return _numbered(levels, capacity, node_bytes)
        first = np.arange(0, len(keys), capacity)
        keys, boxes = np.arange(len(first)), _around(boxes, first)


def _numbered(levels: list[tuple[_Keys, _Boxes]], capacity: int, node_bytes: int) -> Packed:
    """Give the nodes numbers from the root down, and write each one."""
    nodes: list[tuple[int, bytes]] = []
    entries: list[_Pairs] = []
    top, first = len(levels) - 1, 1
    for level in range(top, -1, -1):
        keys, boxes = levels[level]
        following = first + max(1, -(-len(keys) // capacity))
        # Above the rows an entry is the place of a node among those of the level below, whose numbers come next.
        keys = keys + following if level else keys
        content = _contents(keys, boxes, capacity=capacity, node_bytes=node_bytes, depth=top if level == top else 0)
        nodes.extend(enumerate(content, start=first))
        order = np.argsort(keys)
        entries.append(np.column_stack([keys, first + np.arange(len(keys)) // capacity])[order])
        first = following
    return Packed(nodes, rows=entries[-1], parents=np.vstack([np.empty((0, 2), dtype=np.int64), *entries[:-1]]))


def _contents(keys: _Keys, boxes: _Boxes, *, capacity: int, node_bytes: int, depth: int) -> list[bytes]:
    """Write the nodes of one level, all full but the last."""
    count = max(1, -(-len(keys) // capacity))
    cells = np.zeros(count * capacity, dtype=_CELL)
    cells["key"][: len(keys)], cells["box"][: len(keys)] = keys, boxes
    heads = np.zeros(count, dtype=_HEAD)
    heads["depth"], heads["cells"] = depth, capacity
    heads["cells"][-1] = len(keys) - (count - 1) * capacity
    content = np.zeros((count, node_bytes), dtype=np.uint8)
    content[:, : _HEAD.itemsize] = heads.view(np.uint8).reshape(count, -1)
    content[:, _HEAD.itemsize : _HEAD.itemsize + capacity * _CELL.itemsize] = cells.view(np.uint8).reshape(count, -1)
    return [bytes(node) for node in content]


def _outward(bounds: npt.NDArray[np.float64]) -> _Boxes:
    """Round bounds to 32 bits, never inward, and to the very numbers that SQLite would store."""
    nearest = bounds.astype(np.float32)
    lower = (bounds * np.where(bounds < 0, _AWAY, _TOWARDS)).astype(np.float32)
    upper = (bounds * np.where(bounds < 0, _TOWARDS, _AWAY)).astype(np.float32)
    least = [True, False, True, False]
    outside = np.where(least, nearest <= bounds, nearest >= bounds)
    return np.where(outside, nearest, np.where(least, lower, upper))


def _tiled(boxes: _Boxes, capacity: int) -> npt.NDArray[np.intp]:
    """Order boxes so that those next to each other lie next to each other: by x in slices, by y within each."""
    slices = int(np.ceil(np.sqrt(len(boxes) / capacity)))
    x, y = boxes[:, 0] + boxes[:, 1], boxes[:, 2] + boxes[:, 3]
    rank = np.empty(len(boxes), dtype=np.int64)
    rank[np.argsort(x, kind="stable")] = np.arange(len(boxes))
    size = capacity * -(-len(boxes) // (capacity * max(1, slices)))
    return np.lexsort((y, rank // max(1, size)))


def _around(boxes: _Boxes, first: npt.NDArray[np.intp]) -> _Boxes:
    """Return the box round each group of boxes."""
    least, most = np.minimum.reduceat(boxes, first), np.maximum.reduceat(boxes, first)
    return np.stack([least[:, 0], most[:, 1], least[:, 2], most[:, 3]], axis=1)
