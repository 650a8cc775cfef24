"""Coordinates in a search box: degrees in any writing, and metres of any CRS that features are given out in."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
import shapely
from pyproj import CRS

from layers.crs import name_of
from layers.definitions import DEFAULT_METRIC_CRS, STORE_CRS
from layers.errors import CrsError
from layers.formats.coordinates import parse_degrees
from layers.published import PUBLISHED, PublishedCrs, published_crs
from layers.types import Bounds

__all__ = ["Place", "find_places"]

#: Two numbers, whatever parts them; a comma before digits may be a decimal sign where the numbers are parted otherwise.
_NUMBER: Final = r"[-+]?\d+(?:[.,]\d+)?"
_PAIR: Final = re.compile(rf"\s*(?P<first>{_NUMBER})\s*(?:[;/|]|,\s|\s)\s*(?P<second>{_NUMBER})\s*")
_PLAIN_PAIR: Final = re.compile(r"\s*(?P<first>[-+]?\d+(?:\.\d+)?)\s*,\s*(?P<second>[-+]?\d+(?:\.\d+)?)\s*")
_LETTER_PAIR: Final = re.compile(
    r"\s*(?P<first>.*?[NSB])\s*[,;]?\s*(?P<second>\S.*?[EWĐT])\s*|\s*(?P<first2>.*?[EWĐT])\s*[,;]?\s*(?P<second2>\S.*?[NSB])\s*",
    re.IGNORECASE,
)
_PREFIXED: Final = re.compile(
    rf"\s*(?P<a>[EXNYĐB])\s*[:=]?\s*(?P<first>{_NUMBER})\s*[,;]?\s*(?P<b>[EXNYĐB])\s*[:=]?\s*(?P<second>{_NUMBER})\s*",
    re.IGNORECASE,
)
_CODE: Final = re.compile(r"\s*\[?EPSG:\s?(\d{4,5})\]?\s*", re.IGNORECASE)
#: Latitudes and longitudes of Vietnam with its seas.
_VIETNAM: Final[Bounds] = (102.0, 6.0, 118.0, 24.0)
#: Metres of web maps have eastings beyond northings.
_WEB: Final = "EPSG:3857"
#: Smaller numbers are no metres of a grid.
_LEAST_M: Final = 1_000
#: Of a degree, as everywhere.
_DECIMALS: Final = 7
#: Readings of one pair of metres that are offered at most.
_READINGS: Final = 5


class Place(NamedTuple):
    """A place that was written as coordinates.

    Attributes
    ----------
    lon, lat : float
        Degrees of WGS 84.
    crs : str
        Code of the CRS in which they were read.
    name : str
        The CRS in words.
    """

    lon: float
    lat: float
    crs: str
    name: str


def find_places(text: str, *, near: Bounds | None = None, first: str = DEFAULT_METRIC_CRS) -> list[Place]:
    r"""Return the places that a text may mean as coordinates.

    Parameters
    ----------
    text : str
        Degrees, as decimals or with minutes and seconds, in either order where letters or numbers tell it; metres of
        easting and northing in either order; with `EPSG:` and a code anywhere to name the CRS.
    near : (float, float, float, float), optional
        Where the plan lies, degrees: metres are read in the CRS that bring them there.
    first : str, optional
        Code of the CRS that is offered first for metres.

    Returns
    -------
    list of Place
        The likeliest first; none where the text is no pair of coordinates.

    Examples
    --------
    >>> find_places("20°55'48\"N 105°39'36\"E")[0].crs
    'EPSG:4326'
    >>> find_places("phú nghĩa")
    []
    """
    code = _CODE.search(text)
    rest = _CODE.sub(" ", text, count=1) if code else text
    degrees = _as_degrees(rest)
    if degrees is not None and code is None:
        lon, lat = degrees
        return [Place(round(lon, _DECIMALS), round(lat, _DECIMALS), STORE_CRS, "WGS 84")]
    pair = _as_metres(rest) if degrees is None else degrees
    if pair is None:
        return []
    if code:
        try:
            named = published_crs(f"[EPSG:{code[1]}]", where="q")
        except CrsError:  # not one of those listed
            return []
        return _read(pair, [named], near=None)
    codes = [f"[{first}]", *PUBLISHED[1:]]
    crs = [published_crs(name, where="q") for name in codes]
    return _read(pair, [each for each in dict.fromkeys(crs) if not each.geographic], near=near)[:_READINGS]


def _as_degrees(text: str) -> tuple[float, float] | None:
    if found := _LETTER_PAIR.fullmatch(text):
        latitude_first = found["first"] is not None
        one, two = (found["first"], found["second"]) if latitude_first else (found["first2"], found["second2"])
        lat, lon = (
            (parse_degrees(one), parse_degrees(two)) if latitude_first else (parse_degrees(two), parse_degrees(one))
        )
        return None if math.isnan(lat) or math.isnan(lon) or abs(lat) > 90 or abs(lon) > 180 else (lon, lat)
    parts = _numbers(text)
    if parts is None:
        halves = re.split(r"\s*[,;]\s*|(?<=[\"”″'’′])\s+(?=\d)", text.strip())
        angles = [parse_degrees(half) for half in halves]
        if len(angles) != 2 or any(math.isnan(angle) for angle in angles):
            return None
        parts = (angles[0], angles[1])
    one_, two_ = parts
    west, south, east, north = _VIETNAM
    if south <= one_ <= north and west <= two_ <= east:
        return two_, one_
    return (one_, two_) if abs(one_) <= 180 and abs(two_) <= 90 else None


def _numbers(text: str) -> tuple[float, float] | None:
    found = _PLAIN_PAIR.fullmatch(text) or _PAIR.fullmatch(text)
    if found is None:
        return None
    first, second = (float(found[name].replace(",", ".")) for name in ("first", "second"))
    return first, second


def _as_metres(text: str) -> tuple[float, float] | None:
    """Return two numbers that may be metres, as they were written."""
    found = _PREFIXED.fullmatch(text)
    if found is not None:
        first, second = (float(found[name].replace(",", ".")) for name in ("first", "second"))
    elif (pair := _numbers(text.replace(" m", " "))) is not None:
        first, second = pair
    else:
        return None
    return (first, second) if min(first, second) > _LEAST_M else None


def _read(pair: tuple[float, float], readings: Sequence[PublishedCrs], *, near: Bounds | None) -> list[Place]:
    places: dict[tuple[float, float], Place] = {}
    for crs in readings:
        # On the grids of Vietnam no northing is as small as an easting, in whichever order they are written.
        x, y = pair if crs.geographic or crs.code == _WEB else sorted(pair)
        points = np.array([shapely.Point((y, x) if crs.swapped else (x, y))], dtype=object)
        try:
            (point,) = crs.to_store(points, where="q")
        except CrsError:  # these numbers are no place there
            continue
        lon, lat = round(float(point.x), _DECIMALS), round(float(point.y), _DECIMALS)
        west, south, east, north = near or (-180.0, -90.0, 180.0, 90.0)
        # Two names of one system give one place.
        if west <= lon <= east and south <= lat <= north:
            places.setdefault(
                (round(lon, 5), round(lat, 5)), Place(lon, lat, crs.code, name_of(CRS.from_user_input(crs.code)))
            )
    return list(places.values())
