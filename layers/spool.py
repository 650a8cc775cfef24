"""Geometries of a layer too large for memory: kept in a file without a name, and looked at part by part.

As objects a million polygons take half a gigabyte and more, and once again each time they are moved or mended. As
well-known binary they lie in a file that is gone with the program; memory holds one part, and where each one begins.
"""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, overload

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

__all__ = [
    "PART_ROWS",
    "Rows",
    "ShapeSpool",
    "Shapes",
    "ShapesOrSpool",
    "joined_bounds",
    "missing",
    "only",
    "over",
    "parts_of_shapes",
    "spooled",
]

Shapes = npt.NDArray[np.object_]
Rows = npt.NDArray[np.intp] | npt.NDArray[np.bool_]
_Offsets = npt.NDArray[np.int64]
#: Geometries that are in memory at once.
PART_ROWS: Final = 25_000
#: Bytes between two wanted geometries that are rather read than jumped over.
_NEAR: Final = 4096


class _Scratch:
    """A file without a name, which goes with the last that refers to it."""

    def __init__(self) -> None:
        self.file = tempfile.TemporaryFile(prefix="parkplan-shapes-")  # noqa: SIM115 # closed below

    def __del__(self) -> None:
        self.file.close()


class ShapeSpool:
    """Geometries in a file, in order, which can be added to.

    It is indexed like an array of shapely geometries: by one number, or by an array of numbers or of truth values.
    """

    def __init__(self) -> None:
        self._scratch = _Scratch()
        self._pieces: list[_Offsets] = []
        self._begins: _Offsets = np.zeros(0, dtype=np.int64)
        self._ends = self._begins
        self._size = 0

    def __len__(self) -> int:
        return len(self._places()[0])

    def clear(self) -> None:
        """Take everything out again."""
        self._scratch.file.seek(0)
        self._scratch.file.truncate()
        self._pieces, self._begins, self._ends = [], self._begins[:0], self._ends[:0]
        self._size = 0

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Where there is no geometry."""
        begins, ends = self._places()
        return np.asarray(begins == ends)

    def append(self, shapes: Shapes) -> None:
        """Add geometries at the end.

        Parameters
        ----------
        shapes : ndarray of geometry, shape (n,)
            None where missing.
        """
        self.append_wkb(shapely.to_wkb(np.asarray(shapes, dtype=object), flavor="iso").tolist())

    def append_wkb(self, contents: Sequence[bytes | None]) -> None:
        """Add geometries that are well-known binary already.

        Parameters
        ----------
        contents : sequence of bytes or None
            None where missing.
        """
        lengths = np.fromiter((len(one) if one else 0 for one in contents), dtype=np.int64, count=len(contents))
        ends = self._size + np.cumsum(lengths)
        self._pieces.append(np.stack((ends - lengths, ends)))
        self._size += int(lengths.sum())
        self._scratch.file.write(b"".join(one for one in contents if one))
        self._scratch.file.flush()

    def only(self, rows: Rows) -> ShapeSpool:
        """Return some of the geometries, kept where they are.

        Parameters
        ----------
        rows : ndarray of int or bool
            Which ones.

        Returns
        -------
        ShapeSpool
            To be read only: what is added to it would not be among those of this one.
        """
        some = object.__new__(ShapeSpool)
        begins, ends = self._places()
        some._scratch, some._size, some._pieces = self._scratch, self._size, []
        some._begins, some._ends = begins[rows], ends[rows]
        return some

    @overload
    def __getitem__(self, rows: int) -> BaseGeometry: ...

    @overload
    def __getitem__(self, rows: Rows | slice) -> Shapes: ...

    def __getitem__(self, rows: int | Rows | slice) -> BaseGeometry | Shapes:
        begins, ends = self._places()
        if isinstance(rows, int | np.integer):
            one: BaseGeometry = self._taken(begins[[rows]], ends[[rows]])[0]
            return one
        return self._taken(begins[rows], ends[rows])

    def parts(self) -> Iterator[tuple[int, Shapes]]:
        """Return all geometries, so many at a time.

        Yields
        ------
        start : int
            Position of the first of them.
        shapes : ndarray of geometry
            The next ones, `PART_ROWS` at most; at least one part, which may be empty.
        """
        for start in range(0, max(len(self), 1), PART_ROWS):
            yield start, self[start : start + PART_ROWS]

    def _places(self) -> tuple[_Offsets, _Offsets]:
        if self._pieces:
            begins, ends = np.concatenate(self._pieces, axis=1)
            self._begins, self._ends = np.append(self._begins, begins), np.append(self._ends, ends)
            self._pieces = []
        return self._begins, self._ends

    def _taken(self, begins: _Offsets, ends: _Offsets) -> Shapes:
        contents: list[bytes | None] = [None] * len(begins)
        order = np.flatnonzero(ends > begins)
        order = order[np.argsort(begins[order], kind="stable")]
        # Neighbours in the file are read in one go.
        cuts = np.flatnonzero(begins[order][1:] - ends[order][:-1] > _NEAR) + 1
        for start, end in itertools.pairwise([0, *cuts.tolist(), len(order)] if len(order) else []):
            some = order[start:end]
            offset = int(begins[some[0]])
            piece = _read(self._scratch.file.fileno(), int(ends[some[-1]]) - offset, offset)
            places = zip((begins[some] - offset).tolist(), (ends[some] - offset).tolist(), strict=True)
            for row, (begin, stop) in zip(some.tolist(), places, strict=True):
                contents[row] = piece[begin:stop]
        taken: Shapes = np.asarray(shapely.from_wkb(np.array(contents, dtype=object)), dtype=object)
        return taken


#: All in memory, or in a file.
ShapesOrSpool = Shapes | ShapeSpool


def parts_of_shapes(shapes: ShapesOrSpool) -> Iterator[tuple[int, Shapes]]:
    """Return geometries in the parts in which they are looked at: those in memory all at once.

    Parameters
    ----------
    shapes : ndarray of geometry, or ShapeSpool
        The geometries.

    Yields
    ------
    start : int
        Position of the first of them.
    shapes : ndarray of geometry
        The next ones.
    """
    if isinstance(shapes, ShapeSpool):
        yield from shapes.parts()
    else:
        yield 0, shapes


def spooled(shapes: ShapesOrSpool, change: Callable[[int, Shapes], Shapes]) -> ShapesOrSpool:
    """Return changed geometries, kept as the given ones are.

    Parameters
    ----------
    shapes : ndarray of geometry, or ShapeSpool
        The geometries.
    change : callable
        Given the position of the first and some of them, returns as many.

    Returns
    -------
    ndarray of geometry, or ShapeSpool
        As many.
    """
    if not isinstance(shapes, ShapeSpool):
        return change(0, shapes)
    changed = ShapeSpool()
    for start, some in shapes.parts():
        changed.append(change(start, some))
    return changed


def over(shapes: ShapesOrSpool, measure: Callable[[Shapes], npt.NDArray[Any]]) -> npt.NDArray[Any]:
    """Return what a function gives for each geometry.

    Parameters
    ----------
    shapes : ndarray of geometry, or ShapeSpool
        The geometries.
    measure : callable
        Given some of them, returns as many rows.

    Returns
    -------
    ndarray
        One row a geometry.
    """
    if not isinstance(shapes, ShapeSpool):
        return measure(shapes)
    return np.concatenate([measure(some) for _, some in shapes.parts()])


def only(shapes: ShapesOrSpool, rows: Rows) -> ShapesOrSpool:
    """Return some geometries, kept as they are.

    Parameters
    ----------
    shapes : ndarray of geometry, or ShapeSpool
        The geometries.
    rows : ndarray of int or bool
        Which ones.

    Returns
    -------
    ndarray of geometry, or ShapeSpool
        Those.
    """
    return shapes.only(rows) if isinstance(shapes, ShapeSpool) else shapes[rows]


def missing(shapes: ShapesOrSpool) -> npt.NDArray[np.bool_]:
    """Tell where there is no geometry.

    Parameters
    ----------
    shapes : ndarray of geometry, or ShapeSpool
        The geometries.

    Returns
    -------
    ndarray of bool
        One value a geometry.
    """
    return shapes.missing if isinstance(shapes, ShapeSpool) else np.asarray(shapely.is_missing(shapes))


def joined_bounds(bounds: Sequence[npt.NDArray[np.float64]]) -> npt.NDArray[np.float64]:
    """Return the bounds of all parts together.

    Parameters
    ----------
    bounds : sequence of ndarray of float, shape (4,)
        Of each part, as `shapely.total_bounds` gives them.

    Returns
    -------
    ndarray of float, shape (4,)
        NaN where nothing has bounds.
    """
    table = np.asarray(bounds, dtype=float).reshape(-1, 4)
    table = table[~np.isnan(table).any(axis=1)]
    if not len(table):
        return np.full(4, np.nan)
    return np.concatenate((table[:, :2].min(axis=0), table[:, 2:].max(axis=0)))


def _read(number: int, size: int, offset: int) -> bytes:
    pieces = []
    while size:
        piece = os.pread(number, size, offset)
        if not piece:
            raise EOFError(offset)
        pieces.append(piece)
        size, offset = size - len(piece), offset + len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
