"""The projection in which the declared areas or lengths of a file were computed.

Cadastral files carry the area of each parcel as their own grid gave it. The areal scale of a transverse Mercator grid
grows with the distance from its meridian, so that the ratio of recomputed to declared area is exactly 1 in one zone and
up to 0.25 % off in the others. Medians keep parcels with a stale area from having a say.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Geod

from layers.errors import ValueOutOfRangeError
from layers.georeference.frames import FRAMES, Frame, shift_of, to_wgs84
from layers.georeference.known import MAD_TO_DEVIATION, MEDIAN_ERROR
from layers.georeference.readings import FloatArray
from layers.types import Text

__all__ = [
    "ELLIPSOID",
    "OTHER_SOURCE_NATS",
    "ZoneFit",
    "area_nats",
    "ratio_fit",
    "zone_from_areas",
    "zone_from_lengths",
]

Measure = Literal["area", "length"]
#: Areas and lengths on the ellipsoid itself, as many programs give them for degrees.
ELLIPSOID: Final = Frame("", "WGS 84 ellipsoid (geodesic)", "degrees", "WGS 84")
#: Deprecated zones differ in false easting only, which no area shows.
_CANDIDATES: Final = (
    *(one for one in FRAMES if one.transverse_mercator and one.family != "TM-3 deprecated" and one.code),
    ELLIPSOID,
)
#: Ratios further from 1 than this come from stale or rounded values or another unit, not from a projection: the areal
#: scale of a UTM grid at its edge is 1.0018.
_LARGEST_DEVIATION: Final = 0.005
#: Rounding of coordinates and of sums.
_RATIO_ERROR: Final = 1e-8
#: Chance that the areas were computed in none of the candidates.
_OTHER_SOURCE: Final = 1e-3
OTHER_SOURCE_NATS: Final = math.log(_OTHER_SOURCE)
_GEOD: Final = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True)
class ZoneFit:
    """How declared areas or lengths agree with one projection.

    Parameters
    ----------
    frame : Frame
        The projection, or `ELLIPSOID`.
    ratio : float
        Median of recomputed to declared; 1 if they agree.
    spread : float
        Normal deviation of the single ratios, from their median absolute deviation.
    compared : int
        Features with a declared value above 0 and a geometry.
    total : float
        Sum of the recomputed values of these, square metres or metres.
    """

    frame: Frame
    ratio: float
    spread: float
    compared: int
    total: float

    @property
    def error(self) -> float:
        """Return the standard error of the median ratio.

        Returns
        -------
        float
            At least 1e-8.
        """
        return max(MEDIAN_ERROR * self.spread / math.sqrt(self.compared), _RATIO_ERROR)

    @property
    def agrees(self) -> bool:
        """Whether the median is 1 within three standard errors.

        Returns
        -------
        bool
            False for stale values and for another projection.
        """
        return abs(self.ratio - 1) <= 3 * self.error


def zone_from_areas(
    geometry: npt.NDArray[np.object_], declared_area_m2: npt.ArrayLike, *, candidates: tuple[Frame, ...] = _CANDIDATES
) -> tuple[ZoneFit, ...]:
    """Rank projections by how well they give the declared areas back.

    Parameters
    ----------
    geometry : ndarray of geometry, shape (n,)
        Polygons in WGS 84, longitude before latitude.
    declared_area_m2 : array_like of float, shape (n,)
        Area of each in square metres; NaN for none.
    candidates : tuple of Frame, optional
        Projections to try; all of Vietnam by default.

    Returns
    -------
    tuple of ZoneFit
        Best first; empty if no feature has both a geometry and an area.

    Raises
    ------
    ValueOutOfRangeError
        If there are not as many areas as geometries.
    """
    return _zones(geometry, declared_area_m2, "area", candidates)


def zone_from_lengths(
    geometry: npt.NDArray[np.object_], declared_length_m: npt.ArrayLike, *, candidates: tuple[Frame, ...] = _CANDIDATES
) -> tuple[ZoneFit, ...]:
    """Rank projections by how well they give the declared lengths back.

    Parameters
    ----------
    geometry : ndarray of geometry, shape (n,)
        Lines in WGS 84, longitude before latitude.
    declared_length_m : array_like of float, shape (n,)
        Length of each in metres; NaN for none.
    candidates : tuple of Frame, optional
        Projections to try; all of Vietnam by default.

    Returns
    -------
    tuple of ZoneFit
        Best first; empty if no feature has both a geometry and a length.

    Raises
    ------
    ValueOutOfRangeError
        If there are not as many lengths as geometries.
    """
    return _zones(geometry, declared_length_m, "length", candidates)


def area_nats(fits: tuple[ZoneFit, ...]) -> float | None:
    """Return how well a reading explains declared areas that some projection must have given.

    Parameters
    ----------
    fits : tuple of ZoneFit
        Of the data as the reading places them.

    Returns
    -------
    float or None
        Natural logarithm of the weight, up to 0; None if the areas fit no projection, so that they say nothing.
    """
    if not fits:
        return None
    if min(abs(fit.ratio - 1) for fit in fits) > _LARGEST_DEVIATION:
        return None
    best = max(math.exp(-(((fit.ratio - 1) / fit.error) ** 2) / 2) for fit in fits)
    return math.log(_OTHER_SOURCE + (1 - _OTHER_SOURCE) * best)


def _zones(
    geometry: npt.NDArray[np.object_], declared: npt.ArrayLike, measure: Measure, candidates: tuple[Frame, ...]
) -> tuple[ZoneFit, ...]:
    values = np.asarray(declared, dtype=float)
    shapes = np.asarray(geometry, dtype=object)
    if values.shape != shapes.shape:
        wanted = Text(vi=f"{len(shapes)} giá trị, mỗi đối tượng một", en=f"{len(shapes)} values, one a feature")
        raise ValueOutOfRangeError(seen=values.size, wanted=wanted, where=f"declared {measure}")
    usable = np.isfinite(values) & (values > 0) & ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
    if not usable.any():
        return ()
    fits = [_fit(shapes[usable], values[usable], one, measure) for one in candidates]
    return tuple(sorted((fit for fit in fits if fit is not None), key=lambda fit: abs(fit.ratio - 1)))


def _fit(shapes: npt.NDArray[np.object_], values: FloatArray, projection: Frame, measure: Measure) -> ZoneFit | None:
    computed = _geodesic(shapes, measure) if projection == ELLIPSOID else _planar(shapes, projection, measure)
    return ratio_fit(projection, computed, values)


def ratio_fit(projection: Frame, computed: FloatArray, values: FloatArray) -> ZoneFit | None:
    """Compare recomputed with declared values.

    Parameters
    ----------
    projection : Frame
        In which they were recomputed.
    computed, values : ndarray of float, shape (n,)
        Recomputed and declared, the latter above 0.

    Returns
    -------
    ZoneFit or None
        None if nothing could be recomputed.
    """
    ratios = computed / values
    ratios = ratios[np.isfinite(ratios)]
    if not len(ratios):
        return None
    ratio = float(np.median(ratios))
    spread = MAD_TO_DEVIATION * float(np.median(np.abs(ratios - ratio)))
    return ZoneFit(projection, ratio, spread, len(ratios), float(np.nansum(computed)))


def _planar(shapes: npt.NDArray[np.object_], projection: Frame, measure: Measure) -> FloatArray:
    transformer = to_wgs84(projection, shift_of(projection.datum))

    def project(places: FloatArray) -> FloatArray:
        return np.column_stack(transformer.transform(places[:, 0], places[:, 1], direction="INVERSE"))

    projected = shapely.transform(shapes, project)
    measured: FloatArray = shapely.area(projected) if measure == "area" else shapely.length(projected)
    return measured


def _geodesic(shapes: npt.NDArray[np.object_], measure: Measure) -> FloatArray:
    # A loop: the geodesic library takes one geometry at a time.
    if measure == "area":
        return np.array([abs(_GEOD.geometry_area_perimeter(shapely.orient_polygons(one))[0]) for one in shapes])
    return np.array([_GEOD.geometry_length(one) for one in shapes])
