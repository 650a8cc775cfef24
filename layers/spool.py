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
import pyarrow as pa
import shapely
from shapely.geometry.base import BaseGeometry

__all__ = [
    "PART_ROWS",
    "Rows",
    "ShapeSpool",
    "Shapes",
    "ShapesOrSpool",
    "dimensions",
    "drawn",
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
_Kinds = npt.NDArray[np.int8]
#: Geometries that are in memory at once.
PART_ROWS: Final = 25_000
#: Bytes between two wanted geometries that are rather read than jumped over.
_NEAR: Final = 4096
#: What is added to the dimension of a geometry that is empty, and what stands for one that was not looked at.
_EMPTY: Final = 8
_UNSEEN: Final = -128


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
        self._kinds: _Kinds = np.zeros(0, dtype=np.int8)
        self._kind_pieces: list[_Kinds] = []
        self._size = 0

    def __len__(self) -> int:
        return len(self._places()[0])

    def clear(self) -> None:
        """Take everything out again."""
        self._scratch.file.seek(0)
        self._scratch.file.truncate()
        self._pieces, self._begins, self._ends = [], np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
        self._kinds, self._kind_pieces = np.zeros(0, dtype=np.int8), []
        self._size = 0

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Where there is no geometry."""
        begins, ends = self._places()
        return np.asarray(begins == ends)

    @property
    def kinds(self) -> npt.NDArray[np.int8]:
        """Dimension of each geometry as shapely counts it, 8 more where it is empty; -1 where there is none."""
        kinds = self._known()
        for start in range(0, len(kinds), PART_ROWS):
            if (kinds[start : start + PART_ROWS] == _UNSEEN).any():
                kinds[start : start + PART_ROWS] = _kinds_of(self[start : start + PART_ROWS])
        return kinds

    def append(self, shapes: Shapes) -> None:
        """Add geometries at the end.

        Parameters
        ----------
        shapes : ndarray of geometry, shape (n,)
            None where missing.
        """
        some = np.asarray(shapes, dtype=object)
        self.append_wkb(pa.array(shapely.to_wkb(some, flavor="iso"), type=pa.large_binary()), _kinds_of(some))

    def append_wkb(self, contents: pa.Array, kinds: npt.NDArray[np.int8] | None = None) -> None:
        """Add geometries that are well-known binary already.

        Parameters
        ----------
        contents : pyarrow.Array
            Binary, null where missing.
        kinds : ndarray of int, optional
            What `kinds` tells of them.
        """
        if contents.null_count:
            contents = contents.fill_null(b"")
        whole = contents.cast(pa.large_binary())
        _, offsets, data = whole.buffers()
        places = np.frombuffer(offsets, dtype=np.int64)[whole.offset : whole.offset + len(whole) + 1]
        begin, end = (int(places[0]), int(places[-1])) if len(whole) else (0, 0)
        moved = places + (self._size - begin)
        self._pieces.append(np.stack((moved[:-1], moved[1:])))
        self._kind_pieces.append(np.full(len(whole), _UNSEEN, dtype=np.int8) if kinds is None else kinds)
        self._size += end - begin
        if end > begin:
            self._scratch.file.write(data[begin:end])
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
        some._kinds, some._kind_pieces = self._known()[rows], []
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

    def _known(self) -> _Kinds:
        if self._kind_pieces:
            self._kinds = np.concatenate((self._kinds, *self._kind_pieces))
            self._kind_pieces = []
        return self._kinds

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


def dimensions(shapes: ShapesOrSpool) -> npt.NDArray[np.integer[Any]]:
    """Return the dimension of each geometry, without looking at those that a file holds again.

    Parameters
    ----------
    shapes : ndarray of geometry, or ShapeSpool
        The geometries.

    Returns
    -------
    ndarray of int
        0 for points, 1 for lines, 2 for areas; -1 for none.
    """
    if not isinstance(shapes, ShapeSpool):
        return np.asarray(shapely.get_dimensions(shapes))
    kinds = shapes.kinds
    return np.where(kinds >= _EMPTY - 1, kinds - np.int8(_EMPTY), kinds)


def drawn(shapes: ShapesOrSpool) -> npt.NDArray[np.bool_]:
    """Tell which geometries are there and not empty, without looking at those that a file holds again.

    Parameters
    ----------
    shapes : ndarray of geometry, or ShapeSpool
        The geometries.

    Returns
    -------
    ndarray of bool
        One value a geometry.
    """
    if isinstance(shapes, ShapeSpool):
        return np.asarray((shapes.kinds >= 0) & (shapes.kinds < _EMPTY - 1))
    return np.asarray(~shapely.is_missing(shapes) & ~shapely.is_empty(shapes))


def _kinds_of(shapes: Shapes) -> _Kinds:
    kinds: _Kinds = np.asarray(shapely.get_dimensions(shapes), dtype=np.int8)
    # An empty collection has no dimension, and is there all the same.
    kinds[shapely.is_empty(shapes)] += np.int8(_EMPTY)
    return kinds


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
