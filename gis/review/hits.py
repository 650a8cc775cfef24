"""Where features meet: the shared places of subjects and others, found once and asked often."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely

from gis.overlay import BoolArray, FloatArray, GeometryArray, IntArray, areal_pairs, pair_positions, unions_by_group
from gis.review.answer import TOLERANCE
from gis.review.layer import StrArray

__all__ = ["Hits", "find_hits", "joined_hits"]


@dataclass(frozen=True, eq=False)
class Hits:
    """Where subjects and others share an area, or meet at all if one of them has none.

    Attributes
    ----------
    count : int
        Number of subjects.
    i, j : ndarray of int
        Positions of each hit in subjects and others.
    common : ndarray of geometry
        The shared place.
    """

    count: int
    i: IntArray
    j: IntArray
    common: GeometryArray

    @cached_property
    def place(self) -> GeometryArray:
        """All shared places of each subject as one geometry; None without a hit."""
        return unions_by_group(self.common, self.i, count=self.count)

    @cached_property
    def area_m2(self) -> FloatArray:
        """Shared area of each subject; what two others share counts once."""
        return np.nan_to_num(np.asarray(shapely.area(self.place), dtype=np.float64))

    @cached_property
    def areas_m2(self) -> FloatArray:
        """Shared area of each hit."""
        return np.nan_to_num(np.asarray(shapely.area(self.common), dtype=np.float64))

    @cached_property
    def starts(self) -> IntArray:
        """Where the hits of each subject begin, and where the last ones end."""
        return np.searchsorted(self.i, np.arange(self.count + 1)).astype(np.int64)

    @cached_property
    def number(self) -> IntArray:
        """Number of others that each subject hits."""
        return np.bincount(self.i, minlength=self.count).astype(np.int64)

    def by(self, others: BoolArray) -> Hits:
        """Return the hits by some of the others.

        Parameters
        ----------
        others : ndarray of bool
            Which of them.

        Returns
        -------
        Hits
            Of the same subjects.
        """
        kept = others[self.j]
        return Hits(self.count, self.i[kept], self.j[kept], self.common[kept])

    def between(self, rows: IntArray, columns: IntArray, *, columns_before: int = 0) -> Hits:
        """Return the hits between some of the subjects and some of the others, at their new positions.

        Parameters
        ----------
        rows : ndarray of int
            The subjects to keep, sorted.
        columns : ndarray of int
            The others to keep, sorted.
        columns_before : int, default: 0
            Number of others of other layers that stand before them.

        Returns
        -------
        Hits
            Of `rows`.
        """
        kept = np.isin(self.i, rows) & np.isin(self.j, columns)
        i, j = np.searchsorted(rows, self.i[kept]), np.searchsorted(columns, self.j[kept])
        return Hits(len(rows), i.astype(np.int64), (j + columns_before).astype(np.int64), self.common[kept])

    def first(self, ids: StrArray) -> StrArray:
        """Return the other that shares most with each subject.

        Parameters
        ----------
        ids : ndarray of str
            Ids of the others.

        Returns
        -------
        ndarray of str
            Empty without a hit.
        """
        found = np.full(self.count, "", dtype=object)
        order = np.lexsort((-self.j, self.areas_m2, self.i))
        found[self.i[order]] = ids[self.j[order]]
        return found


def find_hits(subjects: GeometryArray, others: GeometryArray) -> Hits:
    """Return where subjects and others meet; shared areas below one square metre are drawing noise.

    Parameters
    ----------
    subjects, others : ndarray of geometry
        Mended, in the metric CRS.

    Returns
    -------
    Hits
        Sorted by subject, then other.
    """
    areal, other_areal = (np.isin(shapely.get_type_id(each), (3, 6)) for each in (subjects, others))
    nothing = np.array(None)
    i, j, common = areal_pairs(np.where(areal, subjects, nothing), np.where(other_areal, others, nothing))
    real = shapely.area(common) > TOLERANCE["m2"]
    p, q = pair_positions(subjects, others)
    mixed = ~(areal[p] & other_areal[q])
    p, q = p[mixed], q[mixed]
    rows = np.concatenate([i[real], p])
    columns = np.concatenate([j[real], q])
    places = np.concatenate([common[real], shapely.intersection(subjects[p], others[q])])
    order = np.lexsort((columns, rows))
    return Hits(len(subjects), rows[order], columns[order], places[order])


def joined_hits(parts: list[Hits]) -> Hits:
    """Put hits of the same subjects on several layers together.

    Parameters
    ----------
    parts : list of Hits
        At least one.

    Returns
    -------
    Hits
        Sorted by subject, then other.
    """
    i, j = np.concatenate([part.i for part in parts]), np.concatenate([part.j for part in parts])
    order = np.lexsort((j, i))
    return Hits(parts[0].count, i[order], j[order], np.concatenate([part.common for part in parts])[order])
