"""The CRS in which features are given out and asked for, by the names that OGC gave them, axes in the order of the CRS.

Everything inside Parkplan is x before y. A name of OGC means the order that the EPSG list states, which for degrees is
latitude before longitude; only CRS84 has longitude first. The swap happens here and nowhere else.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from layers.crs import moved
from layers.definitions import STORE_CRS
from layers.errors import CrsError
from layers.types import Text

__all__ = ["CRS84", "PUBLISHED", "PublishedCrs", "published_crs"]

#: Longitude and latitude of WGS 84, in this order.
CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_EPSG: Final = "http://www.opengis.net/def/crs/EPSG/0/"
_NAME: Final = re.compile(
    r"https?://www\.opengis\.net/def/crs/EPSG/[0-9.]+/(\d+)|\[?EPSG:(\d+)\]?|urn:ogc:def:crs:EPSG:[0-9.]*:(\d+)"
)
_CRS84: Final = re.compile(r"https?://www\.opengis\.net/def/crs/OGC/(1\.3|0)/CRS84|\[?OGC:CRS84\]?")
#: VN-2000 in degrees, UTM and every 3-degree zone, those that EPSG calls deprecated too; WGS 84, its UTM, web maps.
_CODES: Final = (
    4326, 4756, 3405, 3406, 5896, 5897, 5898, 5899,
    *range(9205, 9219), 6956, 6957, 6958, 6959, 32648, 3857,
)  # fmt: skip


class PublishedCrs(NamedTuple):
    """A CRS in which features are given out.

    Attributes
    ----------
    uri : str
        Its name by OGC.
    code : str
        Its code by EPSG.
    swapped : bool
        Whether its first axis is y, latitude.
    geographic : bool
        Whether its coordinates are degrees.
    """

    uri: str
    code: str
    swapped: bool
    geographic: bool

    def to_store(self, geometry: npt.NDArray[np.object_], *, where: str) -> npt.NDArray[np.object_]:
        """Bring geometries into the CRS of the store.

        Parameters
        ----------
        geometry : ndarray of shapely geometry or None
            Coordinates as this CRS orders them.
        where : str
            The parameter, for an error.

        Returns
        -------
        ndarray of shapely geometry or None
            Longitude before latitude, WGS 84.

        Raises
        ------
        CrsError
            If a point has no place on the earth.
        """
        ordered = _swapped(geometry) if self.swapped else geometry
        return ordered if self.code == STORE_CRS else moved(ordered, source=self.code, target=STORE_CRS, where=where)

    def from_store(self, geometry: npt.NDArray[np.object_], *, where: str) -> npt.NDArray[np.object_]:
        """Bring geometries of the store into this CRS.

        Parameters
        ----------
        geometry : ndarray of shapely geometry or None
            Longitude before latitude, WGS 84.
        where : str
            The parameter, for an error.

        Returns
        -------
        ndarray of shapely geometry or None
            Coordinates as this CRS orders them.

        Raises
        ------
        CrsError
            If a point has no place in this CRS.
        """
        plain = geometry if self.code == STORE_CRS else moved(geometry, source=STORE_CRS, target=self.code, where=where)
        return _swapped(plain) if self.swapped else plain


def _swapped(geometry: npt.NDArray[np.object_]) -> npt.NDArray[np.object_]:
    def swap(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.column_stack([points[:, 1], points[:, 0], points[:, 2:]])

    swapped = shapely.transform(geometry, swap, include_z=None)  # type: ignore[call-overload] # keeps 2D and 3D as they are
    return np.asarray(swapped, dtype=object)


#: Every CRS in which features are given out, by its name; the first is the one used where none is named.
PUBLISHED: Final[tuple[str, ...]] = (CRS84, *(f"{_EPSG}{code}" for code in _CODES))


@lru_cache(maxsize=256)
def _of_code(code: int) -> PublishedCrs:
    crs = CRS.from_epsg(code)
    swapped = crs.axis_info[0].direction in ("north", "south")
    return PublishedCrs(f"{_EPSG}{code}", f"EPSG:{code}", swapped, crs.is_geographic)


def published_crs(name: str, *, where: str) -> PublishedCrs:
    """Return the CRS that a name means.

    Parameters
    ----------
    name : str
        A URI or URN of OGC, or ``[EPSG:5897]``.
    where : str
        The parameter, for an error.

    Returns
    -------
    PublishedCrs
        One of those in `PUBLISHED`.

    Raises
    ------
    CrsError
        If it is none of them.

    Examples
    --------
    >>> published_crs("http://www.opengis.net/def/crs/EPSG/0/4326", where="crs").swapped
    True
    """
    if _CRS84.fullmatch(name):
        return PublishedCrs(CRS84, STORE_CRS, swapped=False, geographic=True)
    found = _NAME.fullmatch(name)
    code = int(next(part for part in found.groups() if part)[:9]) if found else 0
    if code not in _CODES:
        wanted = Text(
            vi=f"{CRS84} hoặc {_EPSG} cùng một trong các mã {', '.join(map(str, _CODES))}",
            en=f"{CRS84}, or {_EPSG} with one of the codes {', '.join(map(str, _CODES))}",
        )
        raise CrsError(seen=name[:200], wanted=wanted, where=where)
    return _of_code(code)
