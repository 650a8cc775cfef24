"""Polygons that rounding to units has made invalid: GEOS finds the valid polygons on the same grid of whole numbers."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from layers.tiles.arrays import BUFFER, EXTENT, POLYGON, STATE_DRAWN, STATE_HARD, Collected, Shapes, Window

__all__ = ["easy_records", "mended_records"]

_BOX = shapely.box(-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)

#: Wide enough that rounding leaves something of any line, units.
_HALF_UNIT = 0.71


def easy_records(collected: Collected) -> Collected:
    """Return the records that are drawn as they are.

    Parameters
    ----------
    collected : Collected
        What a tile holds.

    Returns
    -------
    Collected
        The same where none has to be mended.
    """
    keep = collected.state != STATE_HARD
    if keep.all():
        return collected
    # Those that have to be mended have no rings here, so rings and vertices stay as they are.
    return collected._replace(
        feature=collected.feature[keep],
        kind=collected.kind[keep],
        state=collected.state[keep],
        first_ring=np.append(collected.first_ring[:-1][keep], collected.first_ring[-1]).astype(np.int32),
    )


def mended_records(shapes: Shapes, collected: Collected, window: Window) -> Collected:
    """Return the records that had to be mended, as valid polygons.

    Parameters
    ----------
    shapes : Shapes
        The layer.
    collected : Collected
        What a tile holds.
    window : Window
        The tile.

    Returns
    -------
    Collected
        One record for each that reaches into the tile; what is too small for its units is a square of one.
    """
    features: list[int] = []
    rings: list[list[np.ndarray]] = []
    for feature in collected.feature[collected.state == STATE_HARD].tolist():
        whole = _polygon(shapes, feature, window)
        inside = shapely.intersection(shapely.make_valid(whole), _BOX)
        if not inside.is_empty:
            features.append(feature)
            rings.append(_rings(_rounded(inside, window.tolerance)) or _rings(_thin(inside)) or [_square(inside)])
    counts = [len(entry) for entry in rings]
    runs = [ring for entry in rings for ring in entry]
    return Collected(
        np.array(features, dtype=np.int32),
        np.full(len(features), POLYGON, np.uint8),
        np.full(len(features), STATE_DRAWN, np.uint8),
        np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
        np.concatenate([[0], np.cumsum([len(run) for run in runs])]).astype(np.int64),
        np.concatenate(runs).astype(np.int32) if runs else np.zeros((0, 2), np.int32),
    )


def _polygon(shapes: Shapes, feature: int, window: Window) -> BaseGeometry:
    """Return a feature in units of the tile, not yet rounded."""
    polygons: list[shapely.Polygon] = []
    shell: np.ndarray | None = None
    holes: list[np.ndarray] = []
    for ring in range(shapes.first_ring[feature], shapes.first_ring[feature + 1]):
        cells = shapes.xy[shapes.first_vertex[ring] : shapes.first_vertex[ring + 1]]
        units = (cells - np.array([window.left, window.top])) / window.unit
        if shapes.outer[ring]:
            if shell is not None:
                polygons.append(shapely.Polygon(shell, holes))
            shell, holes = units, []
        else:
            holes.append(units)
    polygons.append(shapely.Polygon(shell, holes))
    return shapely.MultiPolygon(polygons) if len(polygons) > 1 else polygons[0]


def _rounded(inside: BaseGeometry, tolerance: float) -> BaseGeometry:
    simple = shapely.simplify(inside, tolerance) if tolerance else inside
    return shapely.set_precision(simple, 1.0)


def _thin(inside: BaseGeometry) -> BaseGeometry:
    """Return an area that is thinner than a unit as one that is about as wide."""
    wide = shapely.buffer(inside, _HALF_UNIT, join_style="bevel")
    return shapely.set_precision(shapely.intersection(wide, _BOX), 1.0)


def _rings(geometry: BaseGeometry) -> list[np.ndarray]:
    """Return the rings of all polygons, outer ones clockwise on the screen, without the last vertex again."""
    found = []
    for part in shapely.get_parts(geometry):
        if part.geom_type == "Polygon" and not part.is_empty:
            # Counter-clockwise where y goes up is clockwise where it goes down.
            turned = shapely.orient_polygons(part)
            found += [shapely.get_coordinates(ring)[:-1] for ring in (turned.exterior, *turned.interiors)]
    return found


def _square(inside: BaseGeometry) -> np.ndarray:
    x, y = np.floor(shapely.get_coordinates(shapely.point_on_surface(inside)))[0]
    x, y = min(x, EXTENT + BUFFER - 1), min(y, EXTENT + BUFFER - 1)
    return np.array([(x, y), (x + 1, y), (x + 1, y + 1), (x, y + 1)])
