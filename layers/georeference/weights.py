"""How likely a reading is before the coordinates are looked at, and what the evidence weighs.

The weights are judgements of this house about practice, not measured frequencies. They rank readings that the evidence
leaves open. Without a .prj they do not make a verdict clear where several usual CRS meet the target area; with one they
say how often a .prj is wrong.
"""

from __future__ import annotations

import math
from typing import Final

from layers.georeference.declared import Agreement, Declared, agreement
from layers.georeference.frames import Family
from layers.georeference.readings import Correction, Reading, corrections
from layers.georeference.target import TargetArea

__all__ = ["CLEAR_SHARE", "LOCAL_WEIGHT", "OPEN_NATS", "area_weight", "prior_weight"]

#: The verdict is clear if the winner holds this share of all weight: odds of 19 to 1 against everything else together.
CLEAR_SHARE: Final = 0.95
#: Evidence that differs by less than this (natural logarithm, a factor of 20) does not tell two readings apart.
OPEN_NATS: Final = 3.0

_FAMILY: Final[dict[Family, float]] = {
    "TM-3": 0.3,
    "TM-3 deprecated": 0.01,
    "UTM VN-2000": 0.3,
    "UTM WGS 84": 0.3,
    "Gauss-Kruger": 0.02,
    "web Mercator": 0.3,
    "degrees": 1.0,
    "other": 1.0,
}
#: Degrees on another datum than WGS 84 are rare in exchange.
_USUAL: Final = {"EPSG:4756": 0.1, "EPSG:4147": 0.005}
_CORRECTION: Final[dict[Correction, float]] = {
    "exchange_axes": 0.3,
    "millimetres": 0.05,
    "kilometres": 0.02,
    "no_shift": 0.015,
    "wrong_scale": 0.008,
    "turned_rotations": 0.006,
    "superseded_shift": 0.004,
}
#: How often a declaration is written for data that are in truth in another CRS.
_AGREEMENT: Final[dict[Agreement, float]] = {
    # The deprecated codes exchange false easting and false northing; files that state them hold ordinary numbers.
    "other origin": 0.2,
    "other datum": 0.02,
    "other scale": 0.01,
    "differs": 0.004,
}
#: A 3-degree zone is used up to 1.5 degrees from its meridian, and in practice a little beyond; a UTM zone up to 3.
_ZONE_REACH_DEG: Final = {"TM-3": 2.0, "TM-3 deprecated": 2.0}
_UTM_REACH_DEG: Final = 3.5
_BEYOND_REACH: Final = 0.05
#: Weight of a place inside the target, within half a degree, elsewhere in Vietnam, where a declared CRS is made for,
#: and anywhere else.
_INSIDE: Final = 1.0
_NEAR: Final = 0.02
_COUNTRY: Final = 3e-7
_DECLARED_PLACE: Final = 1e-6
_ELSEWHERE: Final = 1e-9
#: Drawing or pixel coordinates: likelier than a reading that leads nowhere, less likely than one that meets the target.
LOCAL_WEIGHT: Final = 1e-8


def prior_weight(reading: Reading, target: TargetArea, declared: Declared | None, *, longitude: float) -> float:
    """Return how likely a reading is by practice and by what the file says.

    Parameters
    ----------
    reading : Reading
        The reading.
    target : TargetArea
        Where the data should be.
    declared : Declared or None
        What the file says.
    longitude : float
        Where the data come to lie by this reading, degrees; NaN for nowhere.

    Returns
    -------
    float
        Relative weight above 0.
    """
    agreed = agreement(declared, reading) if declared is not None else None
    weight = _usual(reading, target)
    if agreed == "agrees":
        # A .prj makes an unusual zone likelier, not certain: zones are what a .prj gets wrong. Degrees have none.
        weight = math.sqrt(weight) if reading.frame.transverse_mercator else 1.0
    elif agreed is not None:
        weight *= _AGREEMENT[agreed]
    for correction in corrections(reading):
        weight *= _correction_weight(correction, declared if agreed == "agrees" else None)
    if reading.frame.transverse_mercator:
        reach = _ZONE_REACH_DEG.get(reading.frame.family, _UTM_REACH_DEG)
        weight *= 1.0 if abs(longitude - reading.frame.meridian) <= reach else _BEYOND_REACH
    return weight


def area_weight(shares: tuple[float, float, float], *, declared_place: bool) -> float:
    """Return how well a reading meets the target area.

    Parameters
    ----------
    shares : (float, float, float)
        Shares of places inside, near, and elsewhere in the country.
    declared_place : bool
        Whether the reading is the declared one, and its places are such as its CRS is made for.

    Returns
    -------
    float
        From 1e-9 (nowhere) to 1 (all inside).
    """
    inside, near, country = shares
    rest = max(0.0, 1.0 - inside - near - country)
    floor = _DECLARED_PLACE if declared_place else _ELSEWHERE
    return inside * _INSIDE + near * _NEAR + country * _COUNTRY + rest * floor


def _usual(reading: Reading, target: TargetArea) -> float:
    code, family = reading.frame.code, reading.frame.family
    return target.usual.get(code, _USUAL.get(code, _FAMILY[family]))


def _correction_weight(correction: Correction, declared: Declared | None) -> float:
    """Return the weight of a mistake, which a declaration may make likelier."""
    likely = declared is not None and (
        (correction == "no_shift" and not declared.datum_stated)
        or (correction == "turned_rotations" and declared.shift == "EPSG:6960 turned")
        or (correction == "wrong_scale" and declared.wrong_scale)
    )
    return 1.0 if likely else _CORRECTION[correction]
