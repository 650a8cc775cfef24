"""In which CRS coordinates are, and how sure that is.

Every reading gets a weight: how likely it is by practice and by the .prj (prior), times how well the target area, known
features and declared areas are met (evidence). The score is its share of all weight. One winner is clear if it holds
95 %; the rest is for a person to choose.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from pyproj import Geod
from shapely.geometry.base import BaseGeometry

from layers.georeference.areas import OTHER_SOURCE_NATS
from layers.georeference.declared import Declared, agreement, read_declared
from layers.georeference.evidence import AreaEvidence, area_evidence, known_evidence
from layers.georeference.frames import Family
from layers.georeference.known import KnownFeatures, KnownFit
from layers.georeference.readings import (
    FloatArray,
    Reading,
    corrections,
    face_value,
    plain_readings,
    points_within,
    read_points,
    variants,
)
from layers.georeference.results import Diagnosis, Evidence, Hypothesis, Kind, Verdict
from layers.georeference.sampling import Sample, even_rows, sample
from layers.georeference.target import HANOI, TargetArea, as_target, place_shares
from layers.georeference.weights import CLEAR_SHARE, LOCAL_WEIGHT, area_weight, prior_weight
from layers.georeference.wording import local_reason, local_title, reason, title, verdict_message
from layers.types import Bounds

__all__ = ["diagnose"]

#: Places for a first look at every reading, of those sampled.
_FIRST_LOOK: Final = 200
#: Places for the shares inside and near the target.
_SHARES: Final = 500
#: Readings whose known features and declared areas are looked at; the others lie beyond any doubt.
_FINALISTS: Final = 40
_AREA_FINALISTS: Final = 24
#: Numbers of a drawing or an image are smaller than this; northings of Vietnam start at 900,000 m.
_LOCAL_LIMIT: Final = 100_000.0
#: Width of an image in pixels.
_PIXELS: Final = (50.0, 20_000.0)
#: Chance that numbers of a drawing all meet the target by some reading.
_CHANCE: Final = 1e-9
_KINDS: Final[dict[Family, Kind]] = {"degrees": "geographic", "web Mercator": "web_mercator"}
_GEOD: Final = Geod(ellps="WGS84")


def diagnose(
    data: npt.NDArray[Any] | Sequence[BaseGeometry | None],
    *,
    declared: object | None = None,
    area: TargetArea | BaseGeometry = HANOI,
    known: KnownFeatures | None = None,
    declared_area_m2: npt.ArrayLike | None = None,
    where: str = "data",
) -> Diagnosis:
    """Rank what coordinates may be.

    Parameters
    ----------
    data : ndarray of float, shape (n, 2), or array of geometry
        Coordinates or shapes as they stand in the file.
    declared : object, optional
        The CRS that the file states (its .prj): code, WKT or `pyproj.CRS`; ``EPSG:4326`` for GeoJSON and KML.
    area : TargetArea or polygon, default HANOI
        Where the data should lie, WGS 84.
    known : KnownFeatures, optional
        Features whose place is known; they alone tell shifts below some kilometres apart.
    declared_area_m2 : array_like of float, optional
        Declared area of each shape in square metres, NaN for none.
    where : str, default "data"
        What to call the data in an error.

    Returns
    -------
    Diagnosis
        Deterministic: the sample is taken at even steps.

    Raises
    ------
    CrsError
        If `declared` is no CRS on the earth.
    ValueOutOfRangeError
        If `data` has another shape, or there are not as many areas as shapes.
    """
    target = as_target(area)
    said = read_declared(declared, where=where) if declared is not None else None
    taken = sample(data, declared_area_m2, known, where=where)
    if not len(taken.points):
        return Diagnosis("none", (), said, target, 0, verdict_message("none", (), target))
    candidates = [_weighed(reading, taken.points, target, said) for reading in _landing(taken.points, target, said)]
    candidates.sort(key=lambda one: -one.weight)
    candidates = _with_areas(_with_known(candidates, taken, known), taken)
    ranked = _ranked(candidates, taken.points, target, said)
    verdict = _verdict(ranked)
    return Diagnosis(verdict, ranked, said, target, len(taken.points), verdict_message(verdict, ranked, target))


@dataclass(frozen=True, slots=True)
class _Candidate:
    reading: Reading
    places: FloatArray
    prior: float
    evidence: Evidence

    @property
    def weight(self) -> float:
        return self.prior * math.exp(self.evidence.nats)


def _landing(points: FloatArray, target: TargetArea, declared: Declared | None) -> list[Reading]:
    """Return the readings that lead to Vietnam or the target, with the mistakes that lead near the same place."""
    few = points[even_rows(len(points), _FIRST_LOOK)]
    found: list[Reading] = []
    for reading in plain_readings(None if declared is None else declared.frame):
        places = read_points(few, reading)
        if sum(place_shares(places, target)) > 0:
            found += [reading, *variants(reading)]
        elif declared is not None and np.isfinite(places).all() and agreement(declared, reading) == "agrees":
            found.append(reading)
    return found


def _weighed(reading: Reading, points: FloatArray, target: TargetArea, declared: Declared | None) -> _Candidate:
    places = read_points(points, reading)
    shares = place_shares(places[even_rows(len(places), _SHARES)], target)
    there = np.isfinite(places).all(axis=1)
    longitude = float(np.median(places[there, 0])) if there.any() else math.nan
    agreed = agreement(declared, reading) if declared is not None else None
    home = declared.home if declared is not None and agreed == "agrees" and not corrections(reading) else None
    at_home = home is not None and bool(points_within(places, home).all())
    nats = math.log(area_weight(shares, declared_place=at_home))
    prior = prior_weight(reading, target, declared, longitude=longitude)
    return _Candidate(reading, places, prior, Evidence(*shares, declaration=agreed, nats=nats))


def _with_known(candidates: list[_Candidate], taken: Sample, known: KnownFeatures | None) -> list[_Candidate]:
    """Weigh known features; the best fit counts as 0, so that they speak between readings and not against all."""
    if known is None:
        return candidates
    first = candidates if taken.pairs is not None and len(taken.pairs) else candidates[:_FINALISTS]
    fits = known_evidence([one.places for one in first], [one.reading for one in first], taken, known)
    nats = [fit.nats for fit in fits] or [0.0]
    weighed = [_with_fit(one, fit, fit.nats - max(nats)) for one, fit in zip(first, fits, strict=True)]
    # What was not looked at weighs as little as the worst that was.
    rest = [_with_fit(one, None, min(nats) - max(nats)) for one in candidates[len(first) :]]
    return sorted([*weighed, *rest], key=lambda one: -one.weight)


def _with_fit(candidate: _Candidate, fit: KnownFit | None, nats: float) -> _Candidate:
    evidence = replace(candidate.evidence, known=fit, nats=candidate.evidence.nats + nats)
    return replace(candidate, evidence=evidence)


def _with_areas(candidates: list[_Candidate], taken: Sample) -> list[_Candidate]:
    """Weigh declared areas, relative to the reading that explains them best."""
    if taken.areas_m2 is None or not len(taken.areas_m2) or not candidates:
        return candidates
    least = candidates[0].weight * math.exp(OTHER_SOURCE_NATS)
    first = [one for one in candidates[:_AREA_FINALISTS] if one.weight >= least]
    found = [area_evidence(one.reading, taken) for one in first]
    silent = all(one.nats is None for one in found)
    nats = [0.0 if silent else OTHER_SOURCE_NATS if one.nats is None else one.nats for one in found]
    weighed = [_with_area(one, two, n - max(nats)) for one, two, n in zip(first, found, nats, strict=True)]
    # What was not looked at weighs as little as the worst that was.
    rest = [_with_area(one, AreaEvidence(None, None, None), min(nats) - max(nats)) for one in candidates[len(first) :]]
    return sorted([*weighed, *rest], key=lambda one: -one.weight)


def _with_area(candidate: _Candidate, found: AreaEvidence, nats: float) -> _Candidate:
    evidence = replace(
        candidate.evidence, zone=found.zone, own_ratio=found.own_ratio, nats=candidate.evidence.nats + nats
    )
    return replace(candidate, evidence=evidence)


def _ranked(
    candidates: list[_Candidate], points: FloatArray, target: TargetArea, declared: Declared | None
) -> tuple[Hypothesis, ...]:
    large = np.abs(points).max() > _LOCAL_LIMIT
    # Numbers that meet the target by some reading do so hardly by chance.
    met = max((one.evidence.inside for one in candidates), default=0.0)
    local_weight = LOCAL_WEIGHT * (0.01 if large else 1.0) * max(1.0 - met, _CHANCE)
    total = sum(one.weight for one in candidates) + local_weight
    first = candidates[0].places if candidates else None
    found = [_hypothesis(one, points, first, target, declared) for one in candidates]
    found = [replace(one, score=candidate.weight / total) for one, candidate in zip(found, candidates, strict=True)]
    found.append(_local(points, local_weight / total))
    return tuple(sorted(found, key=lambda one: -one.score))


def _hypothesis(
    candidate: _Candidate,
    points: FloatArray,
    first: FloatArray | None,
    target: TargetArea,
    declared: Declared | None,
) -> Hypothesis:
    reading, places = candidate.reading, candidate.places
    few = even_rows(len(points), _FIRST_LOOK)
    made = corrections(reading)
    mistake_m = _apart_m(places[few], read_points(points[few], face_value(reading))) if made else 0.0
    return Hypothesis(
        kind=_KINDS.get(reading.frame.family, "projected"),
        reading=reading,
        corrections=made,
        title=title(reading),
        reason=reason(reading, candidate.evidence, target, declared, mistake_m=mistake_m),
        score=0.0,
        evidence=candidate.evidence,
        offset_m=None if first is None else _apart_m(places[few], first[few]),
        mistake_m=mistake_m,
        bounds=_bounds(places),
    )


def _local(points: FloatArray, score: float) -> Hypothesis:
    kind: Kind = "pixel" if points.min() >= 0 and _PIXELS[0] <= points.max() <= _PIXELS[1] else "local"
    return Hypothesis(kind, None, (), local_title(kind), local_reason(kind, points), score, Evidence())


def _verdict(ranked: tuple[Hypothesis, ...]) -> Verdict:
    best = ranked[0]
    if not best.meets_target:
        return "none"
    known = best.evidence.known
    contradicted = known is not None and known.contradicts
    return "clear" if best.score >= CLEAR_SHARE and not contradicted else "several"


def _apart_m(places: FloatArray, others: FloatArray) -> float | None:
    there = np.isfinite(places).all(axis=1) & np.isfinite(others).all(axis=1)
    if not there.any():
        return None
    a, b = places[there], others[there]
    return float(np.median(_GEOD.inv(a[:, 0], a[:, 1], b[:, 0], b[:, 1])[2]))


def _bounds(places: FloatArray) -> Bounds | None:
    there = places[np.isfinite(places).all(axis=1)]
    if not len(there):
        return None
    (minx, miny), (maxx, maxy) = there.min(axis=0), there.max(axis=0)
    return float(minx), float(miny), float(maxx), float(maxy)
