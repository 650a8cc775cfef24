"""The grids and datums that coordinates from Vietnam come in, and the way from each to WGS 84.

A frame is a grid (projection) or degrees, on a datum. A shift is the operation between its datum and WGS 84: the one
that EPSG names, or one of the mistakes met in practice. Every step is written out as PROJ takes it, so that what was
done can be read and no version of a library chooses for us.

Facts: EPSG data set v11.022; Decision 05/2007/QĐ-BTNMT for the seven parameters (EPSG:6960).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from pyproj import Transformer

__all__ = [
    "FRAMES",
    "SHIFTS",
    "SIX_DEGREE_SCALE",
    "Datum",
    "Family",
    "Frame",
    "Shift",
    "frame",
    "shift_of",
    "to_wgs84",
    "wrong_scale",
]

Datum = Literal["VN-2000", "WGS 84", "Hanoi 1972"]
#: What a frame is used for, and so how likely it is to be met.
Family = Literal[
    "TM-3", "TM-3 deprecated", "UTM VN-2000", "UTM WGS 84", "Gauss-Kruger", "web Mercator", "degrees", "other"
]
#: How a datum is brought to WGS 84: `none` leaves the degrees as they are.
Shift = Literal["none", "EPSG:6960", "EPSG:6960 turned", "EPSG:5194", "EPSG:1544"]

#: Scale factor at the central meridian of the 3-degree zones, and of the 6-degree zones that it is mistaken for.
THREE_DEGREE_SCALE: Final = 0.9999
SIX_DEGREE_SCALE: Final = 0.9996
_OFFICIAL: Final = (
    "+x=-191.90441429 +y=-39.30318279 +z=-111.45032835 +rx=-0.00928836 +ry=0.01975479 +rz=-0.00427372 +s=0.252906278"
)
_SUPERSEDED: Final = "+x=-192.873 +y=-39.382 +z=-111.202 +rx=0.00205 +ry=0.0005 +rz=-0.00335 +s=0.0188"
_HANOI_1972: Final = "+x=-17.51 +y=-108.32 +z=-62.39"
#: PROJ's Helmert step of each shift. EPSG reads the official numbers as coordinate frame; "turned" reads them as
#: position vector, which is what happens when they are pasted into +towgs84.
SHIFTS: Final[dict[Shift, str]] = {
    "none": "",
    "EPSG:6960": f"{_OFFICIAL} +convention=coordinate_frame",
    "EPSG:6960 turned": f"{_OFFICIAL} +convention=position_vector",
    "EPSG:5194": f"{_SUPERSEDED} +convention=coordinate_frame",
    "EPSG:1544": _HANOI_1972,
}
_NAMED_SHIFT: Final[dict[Datum, Shift]] = {"VN-2000": "EPSG:6960", "WGS 84": "none", "Hanoi 1972": "EPSG:1544"}
_ELLIPSOID: Final[dict[Datum, str]] = {"VN-2000": "WGS84", "WGS 84": "WGS84", "Hanoi 1972": "krass"}


@dataclass(frozen=True, slots=True)
class Frame:
    """A grid or degrees, on a datum.

    Parameters
    ----------
    code : str
        EPSG code such as ``EPSG:5897``; empty for a grid that EPSG does not list.
    name : str
        Name of the EPSG list, or what to call the grid.
    family : Family
        What kind of frame it is.
    datum : Datum
        The datum.
    meridian : float
        Central meridian in degrees east of Greenwich; 0 for degrees and web Mercator.
    scale : float
        Scale factor at the central meridian; 1 for degrees.
    false_easting_m, false_northing_m : float
        False origin in metres.
    definition : str
        WKT of a CRS of the family "other", which its file declares; empty for the rest.
    """

    code: str
    name: str
    family: Family
    datum: Datum
    meridian: float = 0.0
    scale: float = 1.0
    false_easting_m: float = 0.0
    false_northing_m: float = 0.0
    definition: str = ""

    @property
    def transverse_mercator(self) -> bool:
        """Whether the frame is a transverse Mercator grid.

        Returns
        -------
        bool
            False for degrees, web Mercator and CRS from elsewhere.
        """
        return self.family not in ("degrees", "web Mercator", "other")

    @property
    def key(self) -> str:
        """Return a short name that stays.

        Returns
        -------
        str
            The EPSG code where there is one.
        """
        return self.code or "-".join("".join(c if c.isalnum() and c.isascii() else " " for c in self.name).split())

    @property
    def label(self) -> str:
        """Name the frame for people.

        Returns
        -------
        str
            Such as ``EPSG:5897 (VN-2000 / TM-3 zone 482)``.
        """
        return f"{self.code} ({self.name})" if self.code else self.name


#: False easting of the zones.
_FALSE_ORIGIN_M: Final = 500_000.0


def _zone(code: int, name: str, meridian: float) -> Frame:
    name = f"VN-2000 / TM-3 {name}"
    return Frame(f"EPSG:{code}", name, "TM-3", "VN-2000", meridian, THREE_DEGREE_SCALE, _FALSE_ORIGIN_M)


def _deprecated(code: int, name: str, meridian: float) -> Frame:
    """Return a zone with false easting and false northing exchanged, for which the EPSG list withdrew its code."""
    name = f"VN-2000 / TM-3 {name}"
    return Frame(f"EPSG:{code}", name, "TM-3 deprecated", "VN-2000", meridian, THREE_DEGREE_SCALE, 0.0, _FALSE_ORIGIN_M)


#: Every frame that is tried, by code; the grid of Hanoi 1972 without a zone prefix has no code of its own.
FRAMES: Final[tuple[Frame, ...]] = (
    _zone(5897, "zone 482", 105.0),
    _zone(5896, "zone 481", 102.0),
    _zone(5898, "zone 491", 108.0),
    _zone(5899, "107-45", 107.75),
    _zone(9205, "103-00", 103.0),
    _zone(9206, "104-00", 104.0),
    _zone(9207, "104-30", 104.5),
    _zone(9208, "104-45", 104.75),
    _zone(9209, "105-30", 105.5),
    _zone(9210, "105-45", 105.75),
    _zone(9211, "106-00", 106.0),
    _zone(9212, "106-15", 106.25),
    _zone(9213, "106-30", 106.5),
    _zone(9214, "107-00", 107.0),
    _zone(9215, "107-15", 107.25),
    _zone(9216, "107-30", 107.5),
    _zone(9217, "108-15", 108.25),
    _zone(9218, "108-30", 108.5),
    _deprecated(6956, "zone 481", 102.0),
    _deprecated(6957, "zone 482", 105.0),
    _deprecated(6958, "zone 491", 108.0),
    _deprecated(6959, "Da Nang zone", 107.75),
    Frame("EPSG:3405", "VN-2000 / UTM zone 48N", "UTM VN-2000", "VN-2000", 105.0, SIX_DEGREE_SCALE, 500_000.0),
    Frame("EPSG:3406", "VN-2000 / UTM zone 49N", "UTM VN-2000", "VN-2000", 111.0, SIX_DEGREE_SCALE, 500_000.0),
    Frame("EPSG:32648", "WGS 84 / UTM zone 48N", "UTM WGS 84", "WGS 84", 105.0, SIX_DEGREE_SCALE, 500_000.0),
    Frame("EPSG:32649", "WGS 84 / UTM zone 49N", "UTM WGS 84", "WGS 84", 111.0, SIX_DEGREE_SCALE, 500_000.0),
    Frame("EPSG:2044", "Hanoi 1972 / Gauss-Kruger zone 18", "Gauss-Kruger", "Hanoi 1972", 105.0, 1.0, 18_500_000.0),
    Frame("EPSG:2045", "Hanoi 1972 / Gauss-Kruger zone 19", "Gauss-Kruger", "Hanoi 1972", 111.0, 1.0, 19_500_000.0),
    Frame("EPSG:2093", "Hanoi 1972 / GK 106 NE", "Gauss-Kruger", "Hanoi 1972", 106.0, 1.0, 500_000.0),
    Frame("", "Hanoi 1972 / Gauss-Kruger 105°E", "Gauss-Kruger", "Hanoi 1972", 105.0, 1.0, 500_000.0),
    Frame("EPSG:3857", "WGS 84 / Pseudo-Mercator", "web Mercator", "WGS 84"),
    Frame("EPSG:4326", "WGS 84", "degrees", "WGS 84"),
    Frame("EPSG:4756", "VN-2000", "degrees", "VN-2000"),
    Frame("EPSG:4147", "Hanoi 1972", "degrees", "Hanoi 1972"),
)
_BY_KEY: Final = {one.key: one for one in FRAMES}


def frame(key: str) -> Frame | None:
    """Return the frame of an EPSG code.

    Parameters
    ----------
    key : str
        Such as ``EPSG:5897``, or the key of a frame without a code.

    Returns
    -------
    Frame or None
        None if it is none of those tried.
    """
    return _BY_KEY.get(key)


def shift_of(datum: Datum) -> Shift:
    """Return the operation that EPSG names between a datum and WGS 84.

    Parameters
    ----------
    datum : Datum
        The datum.

    Returns
    -------
    Shift
        ``EPSG:6960`` for VN-2000.
    """
    return _NAMED_SHIFT[datum]


def wrong_scale(zone: Frame) -> Frame:
    """Return a 3-degree zone with the scale factor of the 6-degree zones, as tutorials have it.

    Parameters
    ----------
    zone : Frame
        A TM-3 zone.

    Returns
    -------
    Frame
        The grid; it has no code, as EPSG lists no such thing.
    """
    name = f"{zone.name} ({SIX_DEGREE_SCALE})"
    return Frame("", name, zone.family, zone.datum, zone.meridian, SIX_DEGREE_SCALE, zone.false_easting_m)


@functools.lru_cache(maxsize=512)
def to_wgs84(source: Frame, shift: Shift) -> Transformer:
    """Return the transformation from a frame to degrees.

    Parameters
    ----------
    source : Frame
        Where the coordinates are.
    shift : Shift
        Operation between the frame's datum and WGS 84.

    Returns
    -------
    pyproj.Transformer
        From x, y in metres (or degrees) to longitude, latitude in degrees; its inverse goes back.
    """
    if source.definition:
        return Transformer.from_crs(source.definition, "EPSG:4326", always_xy=True)
    shifted = _shift_steps(source.datum, shift)
    steps = [_projection_step(source), *shifted, "+proj=unitconvert +xy_in=rad +xy_out=deg"]
    return Transformer.from_pipeline("+proj=pipeline " + " ".join(f"+step {step}" for step in steps))


def _projection_step(source: Frame) -> str:
    if source.family == "degrees":
        return "+proj=unitconvert +xy_in=deg +xy_out=rad"
    if source.family == "web Mercator":
        return "+inv +proj=webmerc +ellps=WGS84"
    return (
        f"+inv +proj=tmerc +lat_0=0 +lon_0={source.meridian} +k={source.scale} "
        f"+x_0={source.false_easting_m} +y_0={source.false_northing_m} +ellps={_ELLIPSOID[source.datum]}"
    )


def _shift_steps(datum: Datum, shift: Shift) -> Iterable[str]:
    if shift == "none":
        return ()
    return (
        "+proj=push +v_3",
        f"+proj=cart +ellps={_ELLIPSOID[datum]}",
        f"+proj=helmert {SHIFTS[shift]}",
        "+inv +proj=cart +ellps=WGS84",
        "+proj=pop +v_3",
    )
