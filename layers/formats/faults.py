"""What is wrong with how a file was written that shows only beside the geometries of a whole layer."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import shapely

from layers.formats.model import Fault, Source
from layers.spool import ShapesOrSpool, joined_bounds, parts_of_shapes
from layers.types import Text

__all__ = ["ARC_MARKS", "arcs_seen", "check_count", "check_curves", "check_read", "unclosed_ring", "wrong_bounds"]

#: Sides of stated bounds may lie so far off: rounding, as a share of the longer side or of the coordinates.
_BOUNDS_SHARE: Final = 0.01
_BOUNDS_DIGITS: Final = 1e-6
#: GDAL replaces arcs by a segment each 4 degrees: so far from the arc, as a share of its radius.
_SEGMENTS: Final = Text(
    vi="đoạn thẳng (đã đọc mỗi 4° cung thành một đoạn, lệch tối đa 0,06 % bán kính)",
    en="straight segments (each 4° of an arc were read as one, at most 0.06 % of its radius beside it)",
)

#: How an arc (CircularString, with and without heights) begins as WKB, in either order of bytes.
ARC_MARKS: Final = ("0108000000", "01F0030000", "0000000008", "00000003F0")


def arcs_seen(count: int) -> Text:
    """Say how many features have arcs.

    Parameters
    ----------
    count : int
        Features.

    Returns
    -------
    Text
        In both languages.
    """
    return Text(vi=f"cung tròn trong {count} đối tượng", en=f"arcs in {count} features")


def check_read(source: Source, layer: str, shapes: ShapesOrSpool) -> tuple[Fault, ...]:
    """Return what is wrong with a layer that shows only beside its geometries.

    Parameters
    ----------
    source : Source
        The file.
    layer : str
        The layer.
    shapes : ndarray of geometry, shape (n,), or ShapeSpool
        All of the layer's, in the file's coordinates.

    Returns
    -------
    tuple of Fault
        Stated bounds that are not those of the coordinates; rings of GeoJSON that wind the wrong way.
    """
    found: list[Fault] = []
    if not len(shapes):
        return ()
    stated = source.extents.get(layer, source.extents.get(""))
    winds = source.driver in ("GeoJSON", "GeoJSONSeq")
    bounds, count = [], 0
    for _, some in parts_of_shapes(shapes) if winds or stated is not None else ():
        bounds.append(shapely.total_bounds(some))
        count += _wrongly_wound(some) if winds else 0
    if stated is not None and (seen := wrong_bounds(stated, joined_bounds(bounds))) is not None:
        found.append(seen)
    if count:
        wound = Text(vi=f"{count} vòng biên", en=f"rings: {count}")
        wanted = Text(
            vi="biên ngoài ngược chiều kim đồng hồ, lỗ cùng chiều", en="outlines counterclockwise, holes clockwise"
        )
        found.append(Fault("file-winding", None, "geometry", wound, wanted))
    return tuple(found)


def wrong_bounds(stated: tuple[float, ...], real: npt.NDArray[np.float64], *, row: int | None = None) -> Fault | None:
    """Return in what stated bounds are wrong.

    Parameters
    ----------
    stated : (float, float, float, float)
        West, south, east, north.
    real : ndarray of float, shape (4,)
        The bounds of what they are stated of, in the same coordinates; NaN where there is nothing.
    row : int, optional
        The feature that states them; the file without it.

    Returns
    -------
    Fault or None
        None if they are right but for rounding, or there is nothing to hold them against.
    """
    if not np.isfinite(real).all() or not np.isfinite(stated).all():
        return None
    longer = max(real[2] - real[0], real[3] - real[1])
    allowed = max(_BOUNDS_SHARE * longer, _BOUNDS_DIGITS * float(np.abs(real).max()))
    off = np.abs(np.asarray(stated) - real)
    if stated[0] > stated[2]:  # across the antimeridian: longitudes have no bounds to compare
        off[[0, 2]] = 0
    if off.max() <= allowed:
        return None
    said, right = (", ".join(f"{number:.10g}" for number in bounds) for bounds in (stated, real))
    return Fault("file-bbox", row, "bbox", Text(vi=said, en=said), Text(vi=right, en=right))


def _wrongly_wound(shapes: npt.NDArray[np.object_]) -> int:
    """Count outlines that wind clockwise and holes that wind counterclockwise."""
    parts = shapely.get_parts(shapes)
    parts = parts[(shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & (shapely.area(parts) > 0)]
    rings, owners = shapely.get_rings(parts, return_index=True)
    outer = np.diff(owners, prepend=-1) != 0
    return int((shapely.is_ccw(rings) != outer).sum())


def check_curves(source: Source, layer: str) -> tuple[Fault, ...]:
    """Return whether a layer has arcs, which were read as straight segments.

    Parameters
    ----------
    source : Source
        The file.
    layer : str
        The layer.

    Returns
    -------
    tuple of Fault
        One, or none.
    """
    seen = source.curves.get(layer, source.curves.get(""))
    return () if seen is None else (Fault("file-curve", None, "geometry", seen, _SEGMENTS),)


def check_count(source: Source, layer: str) -> tuple[Fault, ...]:
    """Return whether a layer has another number of features than the file says.

    Parameters
    ----------
    source : Source
        The file.
    layer : str
        The layer.

    Returns
    -------
    tuple of Fault
        One, or none.
    """
    stated, there = source.counts.get(layer, (0, 0))
    if stated == there:
        return ()
    seen, wanted = (Text(vi=f"{count} đối tượng", en=f"{count} features") for count in (stated, there))
    return (Fault("file-count", None, None, seen, wanted),)


def unclosed_ring(row: int, field: str, seen: Text | str) -> Fault:
    """Tell that a ring was not closed, and was.

    Parameters
    ----------
    row : int
        The feature.
    field : str
        Where its geometry stands.
    seen : Text or str
        What was met.

    Returns
    -------
    Fault
        With what was done about it.
    """
    wanted = Text(vi="vòng kết thúc tại đỉnh đầu của nó", en="a ring that ends in its first position")
    done = Text(vi="khép vòng về đỉnh đầu", en="the ring was closed to its first vertex")
    return Fault("file-unclosed-ring", row, field, seen, wanted, done)
