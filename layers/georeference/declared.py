"""What a .prj file says, and how well a reading agrees with it.

A declaration that is written out by hand is known by its numbers: meridian, scale factor, false easting, datum and, if
it has them, the seven parameters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from pyproj import CRS

from layers.crs import name_of, parse_crs
from layers.georeference.frames import FRAMES, SIX_DEGREE_SCALE, Datum, Frame, Shift, frame
from layers.georeference.readings import Reading, face_value
from layers.types import Bounds

__all__ = ["Agreement", "Declared", "agreement", "nearest_frame", "read_declared"]

#: How a reading agrees with the declaration, best first.
Agreement = Literal["agrees", "other origin", "other datum", "other scale", "differs"]
#: Rotations of the official parameters in arc seconds. A +towgs84 takes position vectors, where all signs are turned.
_OFFICIAL_ROTATIONS: Final = np.array([-0.00928836, 0.01975479, -0.00427372])
_MERIDIAN: Final = "Longitude of natural origin"
_SCALE: Final = "Scale factor at natural origin"
_EASTING: Final = "False easting"
#: Zones of VN-2000 lie a quarter of a degree apart and more.
_NEAR_MERIDIAN_DEG: Final = 0.125
#: .prj files write 104.75 as 104.749999999.
_DEGREE_TOLERANCE: Final = 1e-6


@dataclass(frozen=True, slots=True)
class Declared:
    """What a file says of its CRS.

    Parameters
    ----------
    label : str
        Name for people.
    frame : Frame
        The frame meant.
    datum_stated : bool
        Whether it names the datum of the frame: ``+ellps=WGS84`` alone names none, and WGS 84 on a grid of VN-2000 is
        doubtful.
    shift : Shift or None
        The parameters written into the declaration; None without any.
    wrong_scale : bool
        Whether it gives a 3-degree zone the scale factor of the 6-degree zones.
    home : Bounds or None
        The area that the CRS is made for, degrees; None if that is not known.
    """

    label: str
    frame: Frame
    datum_stated: bool = True
    shift: Shift | None = None
    wrong_scale: bool = False
    home: Bounds | None = None


def read_declared(value: object, *, where: str) -> Declared:
    """Read a declaration.

    Parameters
    ----------
    value : object
        Code, WKT or CRS, as `layers.crs.parse_crs` takes it.
    where : str
        What to call it in an error.

    Returns
    -------
    Declared
        With the frame it means; a CRS from elsewhere becomes a frame of its own.

    Raises
    ------
    CrsError
        If it is no CRS on the earth.
    """
    crs = parse_crs(value, where=where)
    authority = crs.to_authority(min_confidence=100)
    known = frame(":".join(authority)) if authority else None
    if authority == ("OGC", "CRS84"):
        known = frame("EPSG:4326")
    if known is not None:
        return Declared(known.label, known, home=_home(crs) or _home(CRS(known.code)))
    base = crs.source_crs if crs.is_bound and crs.source_crs is not None else crs
    datum = _datum(base)
    shift = _written_shift(crs)
    meant, scale = _frame_by_numbers(base, datum or ("VN-2000" if shift else None))
    if meant is None:
        code = ":".join(authority) if authority else ""
        elsewhere = Frame(code, crs.name, "other", datum or "WGS 84", definition=crs.to_wkt())
        return Declared(name_of(crs), elsewhere, home=_home(crs))
    stated = datum == meant.datum or shift is not None
    home = _home(CRS(meant.code)) if meant.code else None
    return Declared(name_of(crs), meant, stated, shift, wrong_scale=scale != meant.scale, home=home)


def agreement(declared: Declared, reading: Reading) -> Agreement:
    """Tell how well a reading agrees with a declaration.

    Parameters
    ----------
    declared : Declared
        What the file says.
    reading : Reading
        The reading; mistakes of order, unit, scale factor or shift do not show in a declaration.

    Returns
    -------
    Agreement
        ``"other origin"``, ``"other datum"`` and ``"other scale"`` for the same meridian.
    """
    said, read = declared.frame, face_value(reading).frame
    if said == read:
        return "agrees"
    if "other" in (said.family, read.family) or said.family == "degrees" != read.family:
        return "differs"
    if (said.meridian, said.scale, said.datum) == (read.meridian, read.scale, read.datum):
        return "other origin"
    if (said.meridian, said.false_easting_m, said.scale) == (read.meridian, read.false_easting_m, read.scale):
        return "other datum" if declared.datum_stated else "agrees"
    if (said.meridian, said.false_easting_m, said.datum) == (read.meridian, read.false_easting_m, read.datum):
        return "other scale"
    return "differs"


def nearest_frame(value: object, *, where: str) -> Frame | None:
    """Return the known frame whose numbers are nearest to those of a CRS that is none of them.

    Parameters
    ----------
    value : object
        Code, WKT or CRS, as `layers.crs.parse_crs` takes it.
    where : str
        What to call it in an error.

    Returns
    -------
    Frame or None
        With an EPSG code; None where the CRS is no transverse Mercator grid, or its meridian is of another zone.

    Raises
    ------
    CrsError
        If it is no CRS on the earth.
    """
    crs = parse_crs(value, where=where)
    base = crs.source_crs if crs.is_bound and crs.source_crs is not None else crs
    operation = base.coordinate_operation
    if operation is None or operation.method_name != "Transverse Mercator":
        return None
    numbers = {parameter.name: float(parameter.value) for parameter in operation.params}
    meridian, scale, easting = (numbers.get(name, np.inf) for name in (_MERIDIAN, _SCALE, _EASTING))
    datum = _datum(base)
    known = [one for one in FRAMES if one.transverse_mercator and one.code]
    ranked = sorted(
        known,
        key=lambda one: (
            round(abs(one.meridian - meridian), 6),
            abs(one.scale - scale),
            abs(one.false_easting_m - easting),
            one.datum != datum,
        ),
    )
    return ranked[0] if abs(ranked[0].meridian - meridian) <= _NEAR_MERIDIAN_DEG else None


def _home(crs: CRS) -> Bounds | None:
    area = crs.area_of_use
    return None if area is None or area.west > area.east else (area.west, area.south, area.east, area.north)


def _datum(crs: CRS) -> Datum | None:
    geodetic = crs.geodetic_crs
    name = "" if geodetic is None else f"{geodetic.name} {geodetic.datum.name if geodetic.datum else ''}".lower()
    if "vn-2000" in name or "vn_2000" in name or "vietnam 2000" in name or "vietnam_2000" in name:
        return "VN-2000"
    if "hanoi" in name:
        return "Hanoi 1972"
    if "wgs 84" in name or "wgs_1984" in name or "world geodetic system 1984" in name:
        # An unknown datum on this ellipsoid is named after the ellipsoid: that is no datum stated.
        return None if "based on wgs 84 ellipsoid" in name else "WGS 84"
    return None


def _written_shift(crs: CRS) -> Shift | None:
    """Return the shift that seven parameters stand for; None where there are none or they are other ones."""
    operation = crs.coordinate_operation if crs.is_bound else None
    numbers = list(operation.towgs84) if operation is not None else []
    if len(numbers) != 7:
        return None
    rotations = np.array(numbers[3:6])
    if np.allclose(rotations, -_OFFICIAL_ROTATIONS, atol=1e-6):
        return "EPSG:6960"
    return "EPSG:6960 turned" if np.allclose(rotations, _OFFICIAL_ROTATIONS, atol=1e-6) else None


def _frame_by_numbers(crs: CRS, datum: Datum | None) -> tuple[Frame | None, float]:
    """Return the frame with the same numbers, and the scale factor that the declaration gives."""
    if crs.is_geographic:
        return next((one for one in FRAMES if one.family == "degrees" and one.datum == datum), None), 1.0
    operation = crs.coordinate_operation
    if operation is None or operation.method_name != "Transverse Mercator":
        return None, 1.0
    numbers = {parameter.name: float(parameter.value) for parameter in operation.params}
    scale = numbers.get(_SCALE, np.nan)
    same = [
        one
        for one in FRAMES
        if one.transverse_mercator
        and abs(one.meridian - numbers.get(_MERIDIAN, np.inf)) < _DEGREE_TOLERANCE
        and abs(one.false_easting_m - numbers.get(_EASTING, np.inf)) < 1.0
        and (one.scale == scale or (one.family == "TM-3" and scale == SIX_DEGREE_SCALE))
    ]
    # Zone 105° with 0.9996 is UTM zone 48N: an exact match wins over a zone with a wrong scale factor.
    ranked = sorted(same, key=lambda one: (one.scale != scale, one.datum != datum))
    return (ranked[0] if ranked else None), scale
