"""Where can a layer be trusted to show nothing? Complete, recent coverage, and what lies outside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from gis.overlay import SQUARE_METRES_PER_HECTARE, BoolArray, FloatArray, GeometryArray, subtract

__all__ = ["Answerable", "Coverage"]


@dataclass(frozen=True, eq=False)
class Answerable:
    """Whether a layer can speak of places where it has no features.

    Attributes
    ----------
    covered, stale : ndarray of bool, shape (n,)
        Wholly inside complete coverage; wholly inside it only if old coverage counts.
    missing_ha : ndarray of float, shape (n,)
        Hectares of the place without any complete coverage; NaN for points and lines.
    """

    covered: BoolArray
    stale: BoolArray
    missing_ha: FloatArray


@dataclass(frozen=True, eq=False)
class Coverage:
    """Where a layer is completely covered, in the metric CRS.

    Attributes
    ----------
    fresh, stale : geometry or None
        By recent coverage; by older one only.
    """

    fresh: Any = None
    stale: Any = None

    def of(self, places: GeometryArray) -> Answerable:
        """Say which places are covered.

        Parameters
        ----------
        places : ndarray of geometry, shape (n,)
            In the metric CRS; None is not covered.

        Returns
        -------
        Answerable
            The answer for each.
        """
        covered = _covers(self.fresh, places)
        union = self.fresh if self.stale is None else shapely.union_all([self.fresh, self.stale])
        stale = ~covered & (_covers(union, places) if self.stale is not None else False)
        missing_ha = np.full(len(places), np.nan)
        open_ = ~covered & ~stale & np.isin(shapely.get_type_id(places), (3, 6))
        rest = places[open_]
        if union is not None and len(rest):
            rest = subtract(rest, np.full(len(rest), union, dtype=object))
        missing_ha[open_] = np.nan_to_num(shapely.area(rest)) / SQUARE_METRES_PER_HECTARE
        return Answerable(covered, stale, missing_ha)


def _covers(mask: Any, places: GeometryArray) -> BoolArray:
    if mask is None:
        return np.zeros(len(places), dtype=bool)
    shapely.prepare(mask)
    return np.asarray(shapely.covers(mask, places), dtype=bool)
