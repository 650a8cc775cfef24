"""What is wrong with the shape of a geometry, and where exactly: beyond the yes or no of whether it is valid."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import shapely

from layers.types import Text

__all__ = ["AREAL", "Reason", "reason"]

#: Geometry types of areas.
AREAL: Final = (int(shapely.GeometryType.POLYGON), int(shapely.GeometryType.MULTIPOLYGON))
#: What GEOS says of an invalid geometry, in Vietnamese.
_REASONS: Final[dict[str, str]] = {
    "Self-intersection": "tự cắt",
    "Ring Self-intersection": "vòng biên tự chạm",
    "Hole lies outside shell": "lỗ nằm ngoài biên",
    "Holes are nested": "lỗ lồng nhau",
    "Nested shells": "các phần lồng nhau",
    "Interior is disconnected": "phần trong bị chia cắt",
    "Duplicate Rings": "vòng biên trùng nhau",
    "Too few points in geometry component": "quá ít điểm",
    "Repeated point": "điểm lặp",
}
#: Reasons for which an outline touches itself in a point and crosses itself nowhere.
_TOUCHES: Final = frozenset({"Ring Self-intersection", "Interior is disconnected"})
_PLACE: Final = re.compile(r"\[(\S+) (\S+?)(?: \S+)?\]$")


class Reason(NamedTuple):
    """Why a geometry is not valid.

    Attributes
    ----------
    text : Text
        In words, with the coordinates.
    place : Point or None
        Where; None where it is no one place.
    touches : bool
        Whether it only touches itself.
    """

    text: Text
    place: shapely.Point | None
    touches: bool


def reason(shape: shapely.Geometry) -> Reason:
    """Return why a geometry is not valid, and where.

    Parameters
    ----------
    shape : geometry
        One that is not valid.

    Returns
    -------
    Reason
        In both languages.

    Examples
    --------
    >>> reason(shapely.from_wkt("POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))")).place
    <POINT (0.5 0.5)>
    """
    said, bracket, place = shapely.is_valid_reason(shape).partition("[")
    where = f" ({place.rstrip(']')})" if bracket else ""
    found = _PLACE.search(bracket + place)
    point = shapely.Point(float(found[1]), float(found[2])) if found else None
    finite = point if point is not None and shapely.is_valid(point) else None
    return Reason(Text(vi=_REASONS.get(said, said) + where, en=said + where), finite, said in _TOUCHES)
