"""Where can a layer be trusted to show nothing? Complete, recent coverage, and what lies outside it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from gis.overlay import SQUARE_METRES_PER_HECTARE, BoolArray, FloatArray, GeometryArray, subtract
from gis.review.answer import TOLERANCE

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
        covered, missing_ha = _covers(self.fresh, places)
        if self.stale is None:
            return Answerable(covered, np.zeros(len(places), dtype=bool), missing_ha)
        union = self.stale if self.fresh is None else shapely.union_all([self.fresh, self.stale])
        at_all, missing_ha = _covers(union, places)
        return Answerable(covered, at_all & ~covered, missing_ha)


def _covers(mask: Any, places: GeometryArray) -> tuple[BoolArray, FloatArray]:
    """Tell which places a mask covers, and the hectares it leaves out; drawing noise below one square metre is none."""
    areal = np.isin(shapely.get_type_id(places), (3, 6))
    missing_ha = np.where(areal, shapely.area(places) / SQUARE_METRES_PER_HECTARE, np.nan)
    if mask is None:
        return np.zeros(len(places), dtype=bool), missing_ha
    shapely.prepare(mask)
    covered = np.asarray(shapely.covers(mask, places), dtype=bool)
    across = areal & ~covered & shapely.intersects(mask, places)
    rest = subtract(places[across], np.full(int(across.sum()), mask, dtype=object))
    missing_ha[across] = np.nan_to_num(shapely.area(rest)) / SQUARE_METRES_PER_HECTARE
    covered |= areal & (missing_ha <= TOLERANCE["ha"])
    missing_ha[covered] = 0.0
    return covered, missing_ha
