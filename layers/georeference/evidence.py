"""How well readings fit known features and declared areas."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from layers.georeference.areas import ZoneFit, area_nats, ratio_fit, zone_from_areas
from layers.georeference.known import KnownFeatures, KnownFit, fit_pairs, fit_places, index_known
from layers.georeference.readings import FloatArray, Reading, read_points
from layers.georeference.sampling import Sample

__all__ = ["AreaEvidence", "area_evidence", "known_evidence"]


@dataclass(frozen=True, slots=True)
class AreaEvidence:
    """How well a reading explains declared areas.

    Parameters
    ----------
    zone : ZoneFit or None
        The projection in which they agree best, with the data where the reading puts them.
    own_ratio : float or None
        Median of the plane area of the coordinates as they stand, in the reading's unit, to the declared area; None for
        degrees.
    nats : float or None
        Weight, natural logarithm; None if the areas fit nothing and say nothing.
    """

    zone: ZoneFit | None
    own_ratio: float | None
    nats: float | None


def known_evidence(
    places: Sequence[FloatArray], readings: Sequence[Reading], taken: Sample, known: KnownFeatures
) -> list[KnownFit]:
    """Compare every reading with known features.

    Parameters
    ----------
    places : sequence of ndarray of float, shape (n, 2)
        Where each reading puts the sampled points.
    readings : sequence of Reading
        The readings.
    taken : Sample
        The sample, with pairs if the known features name rows.
    known : KnownFeatures
        The features.

    Returns
    -------
    list of KnownFit
        One for each reading; by pairs where there are any.
    """
    if taken.pairs is not None and taken.truth is not None and len(taken.pairs):
        return [
            fit_pairs(read_points(taken.pairs, reading), taken.truth, accuracy_m=known.accuracy_m)
            for reading in readings
        ]
    index = index_known(known)
    return [fit_places(one, index) for one in places]


def area_evidence(reading: Reading, taken: Sample) -> AreaEvidence:
    """Compare a reading with declared areas.

    Parameters
    ----------
    reading : Reading
        The reading.
    taken : Sample
        The sample, with declared areas.

    Returns
    -------
    AreaEvidence
        Of the sampled shapes.
    """
    if taken.areas_m2 is None or not len(taken.areas_m2):
        return AreaEvidence(None, None, None)
    own = _own_fit(reading, taken.shapes, taken.areas_m2) if reading.frame.family != "degrees" else None
    if own is not None and own.agrees:
        # Computed on this very grid: true of every zone, and no other projection needs to be tried.
        return AreaEvidence(own, own.ratio, area_nats((own,)))
    placed = shapely.transform(taken.shapes, lambda points: read_points(points, reading))
    fits = zone_from_areas(placed, taken.areas_m2)
    return AreaEvidence(fits[0] if fits else None, own.ratio if own else None, area_nats(fits))


def _own_fit(reading: Reading, shapes: npt.NDArray[np.object_], areas_m2: FloatArray) -> ZoneFit | None:
    return ratio_fit(reading.frame, shapely.area(shapes) * reading.unit_m**2, areas_m2)
