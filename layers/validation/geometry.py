"""Whether geometries are of the wanted type, with real coordinates and valid: vectorised, in degrees of the store."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from layers.definitions import LayerDefinition
from layers.types import Text
from layers.validation.mending import made_valid
from layers.validation.model import Issue, Mask, Rows
from layers.validation.shapes import AREAL, check_shapes, reason

__all__ = ["check_geometries"]

_GEOMETRY_NAMES: Final = np.array(
    [
        "Point", "LineString", "LinearRing", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon",
        "GeometryCollection",
    ]
)  # fmt: skip
#: Degrees of longitude and latitude.
_LIMITS: Final = np.array([180.0, 90.0])


def check_geometries(definition: LayerDefinition, features: gpd.GeoDataFrame) -> Iterator[Issue]:
    """Yield what is wrong with the geometries of features.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    features : GeoDataFrame
        In longitude and latitude.

    Yields
    ------
    Issue
        What breaks the definition.
    """
    if features.active_geometry_name is None:
        return
    rows = Rows(definition.id, features.index)
    shapes = np.asarray(features.geometry.array)
    types = shapely.get_type_id(shapes)
    there = types >= 0
    if not definition.geometry:
        wanted = Text(vi="không có hình học", en="no geometry")
        yield from rows.issues(there, "geometry-unwanted", seen=lambda row: _GEOMETRY_NAMES[types[row]], wanted=wanted)
        return
    allowed = there & np.isin(_GEOMETRY_NAMES[np.maximum(types, 0)], definition.geometry)
    yield from rows.issues(
        there & ~allowed,
        "geometry-type",
        seen=lambda row: _GEOMETRY_NAMES[types[row]],
        wanted=", ".join(definition.geometry),
    )
    flat = Text(vi="toạ độ hai chiều (shapely.force_2d)", en="two-dimensional coordinates (shapely.force_2d)")
    yield from rows.issues(shapely.has_z(shapes), "geometry-dimension", seen=lambda row: shapes[row].wkt, wanted=flat)
    empty = shapely.is_empty(shapes)
    yield from rows.issues(
        empty,
        "geometry-empty",
        seen=lambda row: shapes[row].wkt,
        wanted=Text(vi="toạ độ, hoặc để trống (null) nếu chưa rõ", en="coordinates, or null where unknown"),
    )
    coordinates = _Coordinates(shapes)
    infinite = coordinates.rows_with(~np.isfinite(coordinates.values))
    outside = coordinates.rows_with(np.abs(coordinates.values) > _LIMITS) & ~infinite

    def bounds(row: int) -> object:
        return tuple(shapely.bounds(shapes[row]).tolist())

    number = Text(vi="số hữu hạn cho mọi toạ độ", en="a finite number for every coordinate")
    yield from rows.issues(infinite, "geometry-number", seen=lambda row: shapes[row].wkt, wanted=number)
    degrees = Text(vi="kinh độ -180..180 rồi vĩ độ -90..90", en="longitude -180..180, then latitude -90..90")
    yield from rows.issues(outside, "geometry-range", seen=bounds, wanted=degrees)
    yield from _check_validity(rows, shapes, there & ~infinite)
    yield from check_shapes(rows, shapes, allowed & ~empty & ~infinite & ~outside)


def _check_validity(rows: Rows, shapes: npt.NDArray[np.object_], there: Mask) -> Iterator[Issue]:
    """Yield the geometries that break the rules of simple features: areas are errors, lines and points warnings."""
    invalid = there.copy()
    invalid[there] = ~shapely.is_valid(shapes[there])
    if not invalid.any():
        return
    areal = invalid & np.isin(shapely.get_type_id(shapes), AREAL)
    reasons = {row: reason(shapes[row]) for row in np.flatnonzero(invalid).tolist()}
    moved = np.zeros(len(shapes))
    moved[areal] = made_valid(shapely.force_2d(shapes[areal]))[1]
    touches = np.zeros(len(shapes), dtype=bool)
    touches[[row for row, why in reasons.items() if why.touches]] = True
    wanted = Text(vi="hình học hợp lệ theo OGC", en="a geometry that is valid by OGC simple features")
    for rule, marked in (("geometry-invalid", areal & ~touches), ("geometry-self-touch", areal & touches)):
        yield from rows.issues(
            marked,
            rule,
            seen=lambda row: reasons[row].text,
            wanted=wanted,
            place=lambda row: reasons[row].place,
            measured=lambda row: float(moved[row]),
            unit="m2",
        )
    yield from rows.issues(
        invalid & ~areal,
        "geometry-invalid",
        seen=lambda row: reasons[row].text,
        wanted=wanted,
        severity="warning",
        place=lambda row: reasons[row].place,
    )


class _Coordinates:
    """All coordinates of a column of geometries, and the row of each."""

    def __init__(self, shapes: npt.NDArray[np.object_]) -> None:
        self.values, self._rows = shapely.get_coordinates(shapes, return_index=True)
        self._count = len(shapes)

    def rows_with(self, marked: Mask) -> Mask:
        """Mark the rows that have a marked coordinate, in x or in y."""
        rows = np.zeros(self._count, dtype=bool)
        rows[self._rows[marked[:, 0] | marked[:, 1]]] = True
        return rows
