"""The ways to read a pair of numbers as a place, and the mistake that each supposes.

A reading is a frame, the operation between its datum and WGS 84, the order of the two numbers and their unit. Reading
and writing are inverse to each other, so that a reading that fits also says how the numbers came about.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import shapely

from layers.georeference.frames import FRAMES, SIX_DEGREE_SCALE, Frame, Shift, frame, shift_of, to_wgs84, wrong_scale
from layers.types import Bounds

__all__ = [
    "UNITS_M",
    "Correction",
    "FloatArray",
    "Reading",
    "corrections",
    "face_value",
    "plain_readings",
    "point_array",
    "points_within",
    "read_points",
    "reading_of",
    "variants",
    "write_points",
]

FloatArray = npt.NDArray[np.float64]
#: What has to be put right before the coordinates are what they seem to be.
Correction = Literal[
    "exchange_axes", "millimetres", "kilometres", "no_shift", "wrong_scale", "turned_rotations", "superseded_shift"
]
#: Metres in one unit of the coordinates.
UNITS_M: Final = (1.0, 0.001, 1000.0)
#: Mistakes between VN-2000 and WGS 84 and the correction that each asks for.
_SHIFT_MISTAKES: Final[dict[Shift, Correction]] = {
    "none": "no_shift",
    "EPSG:6960 turned": "turned_rotations",
    "EPSG:5194": "superseded_shift",
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to read coordinates as places.

    Parameters
    ----------
    frame : Frame
        Grid or degrees.
    shift : Shift
        Operation between the frame's datum and WGS 84 by which the numbers came about.
    exchanged : bool, default False
        Whether northing (latitude) stands first.
    unit_m : float, default 1.0
        Metres in one unit; 1 for degrees too.
    """

    frame: Frame
    shift: Shift
    exchanged: bool = False
    unit_m: float = 1.0

    @property
    def key(self) -> str:
        """Return a name of the reading that a person can pass back.

        Returns
        -------
        str
            Such as ``EPSG:5897+exchange_axes``; `reading_of` takes it.
        """
        return "+".join([face_value(self).frame.key, *corrections(self)])

    @property
    def plain(self) -> bool:
        """Whether the named operation of the EPSG code applies as it is.

        Returns
        -------
        bool
            True if nothing but order and unit has to be put right; False for Hanoi 1972, whose zone 19 PROJ finds no
            operation for.
        """
        source = self.frame
        return bool(source.code) and source.datum != "Hanoi 1972" and self.shift == shift_of(source.datum)


def read_points(points: FloatArray, reading: Reading) -> FloatArray:
    """Read coordinates as places.

    Parameters
    ----------
    points : ndarray of float, shape (n, 2)
        As they stand in the file.
    reading : Reading
        How to read them.

    Returns
    -------
    ndarray of float, shape (n, 2)
        Longitude and latitude on WGS 84 in degrees; NaN where the reading gives no place on earth.
    """
    x, y = (points[:, 1], points[:, 0]) if reading.exchanged else (points[:, 0], points[:, 1])
    transformer = to_wgs84(reading.frame, reading.shift)
    places = np.column_stack(transformer.transform(x * reading.unit_m, y * reading.unit_m))
    there = (np.abs(places) <= (180.0, 90.0)).all(axis=1)
    places[~there] = np.nan
    return places


def write_points(places: FloatArray, reading: Reading) -> FloatArray:
    """Write places as the coordinates that a reading reads.

    Parameters
    ----------
    places : ndarray of float, shape (n, 2)
        Longitude and latitude on WGS 84 in degrees.
    reading : Reading
        How the coordinates are to be read.

    Returns
    -------
    ndarray of float, shape (n, 2)
        Coordinates; `read_points` gives the places back.
    """
    transformer = to_wgs84(reading.frame, reading.shift)
    x, y = transformer.transform(places[:, 0], places[:, 1], direction="INVERSE")
    columns = (y, x) if reading.exchanged else (x, y)
    written: FloatArray = np.column_stack(columns) / reading.unit_m
    return written


def corrections(reading: Reading) -> tuple[Correction, ...]:
    """Return what a reading puts right.

    Parameters
    ----------
    reading : Reading
        The reading.

    Returns
    -------
    tuple of Correction
        In the order in which they are made; empty if the coordinates are what their CRS says.
    """
    found: list[Correction] = []
    if reading.exchanged:
        found.append("exchange_axes")
    if reading.unit_m != 1.0:
        found.append("millimetres" if reading.unit_m < 1.0 else "kilometres")
    if _has_wrong_scale(reading.frame):
        found.append("wrong_scale")
    if reading.shift != shift_of(reading.frame.datum):
        found.append(_SHIFT_MISTAKES[reading.shift])
    return tuple(found)


def face_value(reading: Reading) -> Reading:
    """Return the reading of somebody who sees no mistake.

    Parameters
    ----------
    reading : Reading
        A reading that may put things right.

    Returns
    -------
    Reading
        Same zone, its own scale factor, the named operation, easting first, metres.
    """
    source = reading.frame
    if _has_wrong_scale(source):
        source = next(one for one in FRAMES if one.family == "TM-3" and one.meridian == source.meridian)
    return Reading(source, shift_of(source.datum))


def points_within(points: FloatArray, bounds: Bounds) -> npt.NDArray[np.bool_]:
    """Tell which points lie within bounds.

    Parameters
    ----------
    points : ndarray of float, shape (n, 2)
        In any unit; NaN lies nowhere.
    bounds : Bounds
        In the same unit, edges included.

    Returns
    -------
    ndarray of bool, shape (n,)
        True within.
    """
    x, y = points[:, 0], points[:, 1]
    return (x >= bounds[0]) & (y >= bounds[1]) & (x <= bounds[2]) & (y <= bounds[3])


def point_array(points: FloatArray) -> npt.NDArray[np.object_]:
    """Return coordinates as geometries.

    Parameters
    ----------
    points : ndarray of float, shape (n, 2)
        Coordinates.

    Returns
    -------
    ndarray of Point, shape (n,)
        One for each row.
    """
    return np.asarray(shapely.points(points), dtype=object)


def reading_of(key: str, source: Frame) -> Reading | None:
    """Return the reading of a key.

    Parameters
    ----------
    key : str
        As `Reading.key` writes it.
    source : Frame
        The frame that the first part of the key names.

    Returns
    -------
    Reading or None
        None if the corrections are unknown or do not go with the frame.
    """
    plain = Reading(source, shift_of(source.datum))
    units = UNITS_M if source.family != "degrees" else UNITS_M[:1]
    ordered = (replace(plain, exchanged=turned, unit_m=unit_m) for turned in (False, True) for unit_m in units)
    every = (one for first in ordered for one in (first, *variants(first)))
    return next((one for one in every if one.key == key), None)


def plain_readings(declared: Frame | None = None) -> Iterator[Reading]:
    """Yield every frame in both orders and every unit, without a mistake of grid or datum.

    Parameters
    ----------
    declared : Frame, optional
        One more frame to try.

    Yields
    ------
    Reading
        Degrees in one unit only.
    """
    frames = FRAMES if declared is None or declared in FRAMES else (*FRAMES, declared)
    for one in frames:
        for unit_m in UNITS_M if one.family != "degrees" else UNITS_M[:1]:
            for exchanged in (False, True):
                yield Reading(one, shift_of(one.datum), exchanged, unit_m)


def variants(reading: Reading) -> Iterator[Reading]:
    """Yield the readings of the same numbers that suppose a mistake of grid or datum.

    Parameters
    ----------
    reading : Reading
        A reading without such a mistake.

    Yields
    ------
    Reading
        For VN-2000 alone. A UTM grid without shift is that of WGS 84, which stands among the plain readings, and so is
        the zone 105°E with the scale factor 0.9996.
    """
    if reading.frame.datum != "VN-2000":
        return
    for shift in _SHIFT_MISTAKES:
        if shift != "none" or reading.frame.family in ("TM-3", "TM-3 deprecated"):
            yield replace(reading, shift=shift)
    if reading.frame.family == "TM-3" and reading.frame != frame("EPSG:5897"):
        yield replace(reading, frame=wrong_scale(reading.frame))


def _has_wrong_scale(source: Frame) -> bool:
    return source.family == "TM-3" and source.scale == SIX_DEGREE_SCALE
