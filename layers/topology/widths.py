"""How wide areas are: whether a circle fits in. Area alone does not tell a real overlap from the noise of drawing."""

from __future__ import annotations

import numpy as np
import shapely

from layers.topology.linework import Shapes
from layers.validation.model import Mask

__all__ = ["is_wider"]


def is_wider(areas: Shapes, width_m: float) -> Mask:
    """Tell which areas have room for a circle.

    Parameters
    ----------
    areas : ndarray of geometry, shape (n,)
        Valid areas, metres; empty ones have no room.
    width_m : float
        Diameter of the circle; 0 asks for an area above 0.

    Returns
    -------
    ndarray of bool, shape (n,)
        Whether the circle fits into one part at least.

    Examples
    --------
    >>> is_wider(shapely.box(0, 0, [5, 5], [0.1, 3]), 0.2).tolist()
    [False, True]
    """
    area = shapely.area(areas)
    if width_m <= 0:
        return np.asarray(area > 0)
    # The circle's own area is a bound from below, and half of a circle's width is more than area by perimeter in none.
    wide = area > np.pi * width_m**2 / 4
    compact = np.zeros(len(areas), dtype=bool)
    single = wide & (shapely.get_num_geometries(areas) == 1)
    compact[single] = area[single] > width_m / 2 * shapely.length(areas[single])
    open_ = np.flatnonzero(wide & ~compact)
    wide[open_] = ~shapely.is_empty(shapely.buffer(areas[open_], -width_m / 2, quad_segs=2, join_style="mitre"))
    return wide
