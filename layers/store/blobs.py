"""GeoPackage geometry blobs, and the SQL functions by which SQLite looks into them.

The format is that of OGC GeoPackage, clause 2.1.3: a header with an envelope, then WKB.
"""

from __future__ import annotations

import sqlite3
import struct
from functools import lru_cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from layers.store.tables import box
from layers.types import Bounds

__all__ = ["BLOB_HEADER_BYTES", "SRS", "from_blob", "register_functions", "to_blobs"]

#: EPSG:4326.
SRS: Final = 4326
#: Little-endian header with an xy envelope: magic, version, flags, SRS id, minx, maxx, miny, maxy.
_HEADER: Final = np.dtype(
    [("magic", "S2"), ("version", "u1"), ("flags", "u1"), ("srs", "<i4"), ("envelope", "<f8", (4,))]
)
#: Bytes before the WKB in every blob of `to_blobs`.
BLOB_HEADER_BYTES: Final = _HEADER.itemsize
_FLAGS: Final = 0b00000011
_FLAG_EMPTY: Final = 0b00010000
_ENVELOPE_BYTES: Final = (0, 32, 48, 48, 64)


def to_blobs(geometry: npt.NDArray[np.object_]) -> list[bytes | None]:
    """Return geometries as GeoPackage blobs.

    Parameters
    ----------
    geometry : ndarray of shapely geometry or None
        In EPSG:4326.

    Returns
    -------
    list of bytes or None
        Header with envelope, then WKB; None for None.
    """
    geometry = np.asarray(geometry, dtype=object)
    header = np.zeros(len(geometry), dtype=_HEADER)
    bounds = shapely.bounds(geometry)
    empty = shapely.is_empty(geometry)
    header["magic"], header["srs"] = b"GP", SRS
    header["flags"] = np.where(empty, _FLAGS | _FLAG_EMPTY, _FLAGS)
    header["envelope"] = bounds[:, [0, 2, 1, 3]]
    raw, size = header.tobytes(), _HEADER.itemsize
    wkb = shapely.to_wkb(geometry, flavor="iso")
    return [None if body is None else raw[i * size : (i + 1) * size] + body for i, body in enumerate(wkb)]


def from_blob(blob: bytes) -> bytes:
    """Return the WKB inside a GeoPackage blob, whoever wrote it.

    Parameters
    ----------
    blob : bytes
        A GeoPackage geometry.

    Returns
    -------
    bytes
        Its WKB.
    """
    return blob[8 + _ENVELOPE_BYTES[blob[3] >> 1 & 7] :]


def register_functions(driver: sqlite3.Connection) -> None:
    """Register what the triggers of the spatial index call, and the exact test behind it.

    Parameters
    ----------
    driver : sqlite3.Connection
        A new connection.
    """
    for name, place in (("ST_MinX", 0), ("ST_MaxX", 1), ("ST_MinY", 2), ("ST_MaxY", 3)):
        driver.create_function(name, 1, _edge(place), deterministic=True)
    driver.create_function("ST_IsEmpty", 1, _is_empty, deterministic=True)
    driver.create_function("parkplan_meets", 5, _meets, deterministic=True)
    driver.create_function("parkplan_blob", 1, _blob, deterministic=True)


def _blob(wkb: bytes | str | None) -> bytes | None:
    """Return WKB, or its hexadecimal digits, as a blob."""
    return None if wkb is None else to_blobs(np.array([shapely.from_wkb(wkb)], dtype=object))[0]


def _edge(place: int) -> Any:
    """Return the SQL function that reads one edge of a blob's bounds."""

    def edge(blob: bytes | None) -> float | None:
        if blob is None:
            return None
        if blob[3] >> 1 & 7:
            order = "<" if blob[3] & 1 else ">"
            return float(struct.unpack_from(order + "d", blob, 8 + 8 * place)[0])
        minx, miny, maxx, maxy = shapely.bounds(shapely.from_wkb(from_blob(blob))).tolist()
        return (float(minx), float(maxx), float(miny), float(maxy))[place]

    return edge


def _is_empty(blob: bytes | None) -> int | None:
    if blob is None:
        return None
    if blob[3] & _FLAG_EMPTY:
        return 1
    return 0 if blob[3] >> 1 & 7 else int(shapely.from_wkb(from_blob(blob)).is_empty)


@lru_cache(maxsize=64)
def _prepared(bounds: Bounds) -> BaseGeometry:
    wanted = box(bounds)
    shapely.prepare(wanted)
    return wanted


def _meets(blob: bytes | None, minx: float, miny: float, maxx: float, maxy: float) -> int:
    if blob is None:
        return 0
    return int(shapely.intersects(_prepared((minx, miny, maxx, maxy)), shapely.from_wkb(from_blob(blob))))
