"""How well data fit features whose place is known.

The target area tells zones apart, not a shift of 224 m. Known features do: by pairs, where features of the data are the
same things as known ones; else by registration. Registration asks whether the share of data points close to known
features at this very place stands out from the shares after the data are pushed 60 to 800 m in eight directions. Both
ways count: a road network lies close to known roads, and buildings keep clear of them.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Geod

from layers.georeference.readings import FloatArray, point_array, points_within
from layers.types import Bounds

__all__ = [
    "MAD_TO_DEVIATION",
    "MEDIAN_ERROR",
    "KnownFeatures",
    "KnownFit",
    "KnownIndex",
    "Relation",
    "fit_pairs",
    "fit_places",
    "index_known",
    "known_by_id",
    "metres_from",
]

#: "pairs": same things by id. "same": the data lie on known features. "apart": they keep clear of them. "unrelated":
#: nothing stands out at this place, or the data do not come near known features.
Relation = Literal["pairs", "same", "apart", "unrelated"]

#: Displacements for comparison, metres, each in eight directions.
_DISPLACEMENTS_M: Final = (60.0, 120.0, 300.0, 800.0)
#: A place stands out if it lies this many robust deviations from the displaced ones.
_OUTSTANDING: Final = 5.0
#: No registration weighs more than a factor of e^20, and no set of pairs more than e^30: one wrong assumption must not
#: overrule everything.
_MOST_NATS: Final = 20.0
_MOST_NATS_OF_PAIRS: Final = 30.0
#: Fewer points say nothing.
_FEWEST_POINTS: Final = 20
#: Places that are compared; enough for a share to one hundredth.
_PLACES: Final = 1000
#: A share cannot be known better than this.
_SMALLEST_DEVIATION: Final = 0.005
#: Normal deviation from a median absolute deviation, and standard error of a median from a deviation.
MAD_TO_DEVIATION: Final = 1.4826
MEDIAN_ERROR: Final = 1.2533
_GEOD: Final = Geod(ellps="WGS84")


@dataclass(frozen=True, slots=True)
class KnownFeatures:
    """Features whose place is known.

    Parameters
    ----------
    geometry : ndarray of geometry
        WGS 84, longitude before latitude.
    rows : ndarray of int, optional
        For each, the row of the data that is the same thing, -1 for none; see `known_by_id`.
    accuracy_m : float, default 2.0
        How well their place is known, as one standard deviation. With 2 m a difference of 0.7 m is left open.
    """

    geometry: npt.NDArray[np.object_]
    rows: npt.NDArray[np.int64] | None = None
    accuracy_m: float = 2.0


@dataclass(frozen=True, slots=True)
class KnownFit:
    """How a reading fits known features.

    Parameters
    ----------
    relation : Relation
        What the data have to do with them.
    compared : int
        Pairs or places compared.
    residual_m : float or None
        How far the data would still have to be moved, metres; None where that cannot be told.
    spread_m : float or None
        Normal deviation of the single residuals, metres.
    share_close : float or None
        Share of places close to known features.
    outstanding : float or None
        Robust deviations from the share at displaced places, above 0 if closer.
    nats : float
        Weight of this evidence, natural logarithm.
    contradicts : bool
        Whether the residual is larger than three standard errors: the data lie elsewhere than the known features.
    """

    relation: Relation
    compared: int
    residual_m: float | None = None
    spread_m: float | None = None
    share_close: float | None = None
    outstanding: float | None = None
    nats: float = 0.0
    contradicts: bool = False


@dataclass(frozen=True, eq=False)
class KnownIndex:
    """Known features made ready for many comparisons.

    Parameters
    ----------
    origin : ndarray of float, shape (2,)
        Longitude, latitude of the middle.
    bounds : Bounds
        Extent in metres from the origin.
    tree : STRtree or None
        Lines, outlines and points in metres; None if there are none.
    vertices : ndarray of float, shape (n, 2)
        All vertices in metres.
    vertex_tree : STRtree
        The vertices.
    accuracy_m : float
        How well the places are known.
    """

    origin: FloatArray
    bounds: Bounds
    tree: shapely.STRtree | None
    vertices: FloatArray
    vertex_tree: shapely.STRtree
    accuracy_m: float


def known_by_id(
    ids: Sequence[object], geometry: npt.NDArray[np.object_], known_ids: Sequence[object], *, accuracy_m: float = 2.0
) -> KnownFeatures:
    """Pair known features with the data by id.

    Parameters
    ----------
    ids : sequence
        Id of each row of the data.
    geometry : ndarray of geometry
        Known features on WGS 84.
    known_ids : sequence
        Id of each known feature.
    accuracy_m : float, default 2.0
        How well their place is known.

    Returns
    -------
    KnownFeatures
        With rows; an id that occurs twice in the data pairs with none.
    """
    seen: dict[object, int] = {}
    for row, one in enumerate(ids):
        seen[one] = -1 if one in seen else row
    rows = np.array([seen.get(one, -1) for one in known_ids], dtype=np.int64)
    return KnownFeatures(geometry, rows, accuracy_m)


def metres_from(places: FloatArray, origin: FloatArray) -> FloatArray:
    """Return degrees as metres east and north of an origin, right to 0.1 % within a few kilometres.

    Parameters
    ----------
    places : ndarray of float, shape (n, 2)
        Longitude, latitude.
    origin : ndarray of float, shape (2,)
        Longitude, latitude.

    Returns
    -------
    ndarray of float, shape (n, 2)
        Metres.
    """
    metres: FloatArray = (places - origin) * _metres_a_degree(float(origin[1]))
    return metres


def fit_pairs(places: FloatArray, truth: FloatArray, *, accuracy_m: float) -> KnownFit:
    """Compare places with the known places of the same things.

    Parameters
    ----------
    places, truth : ndarray of float, shape (n, 2)
        Longitude, latitude by the reading, and as known.
    accuracy_m : float
        How well the truth is known.

    Returns
    -------
    KnownFit
        The residual is that of the median pair, so that less than half of the pairs may be wrong.
    """
    there = np.isfinite(places).all(axis=1) & np.isfinite(truth).all(axis=1)
    if not there.any():
        return KnownFit("pairs", 0, nats=-_MOST_NATS_OF_PAIRS if len(places) else 0.0)
    origin = np.median(truth[there], axis=0)
    return _fit_residuals("pairs", metres_from(truth[there], origin) - metres_from(places[there], origin), accuracy_m)


def fit_places(places: FloatArray, index: KnownIndex) -> KnownFit:
    """Compare places with known features of which they are not told to be the same.

    Parameters
    ----------
    places : ndarray of float, shape (n, 2)
        Longitude, latitude by the reading.
    index : KnownIndex
        The features, made ready by `index_known`.

    Returns
    -------
    KnownFit
        Relation "same", "apart" or "unrelated".
    """
    there = places[np.isfinite(places).all(axis=1)]
    if not len(there) or index.tree is None:
        return KnownFit("unrelated", 0)
    points = metres_from(there, index.origin)
    reach_m = max(3.0, 1.5 * index.accuracy_m)
    inside = points[points_within(points, index.bounds)]
    inside = inside[np.linspace(0, len(inside) - 1, min(len(inside), _PLACES)).astype(int)] if len(inside) else inside
    if len(inside) < _FEWEST_POINTS:
        return KnownFit("unrelated", len(inside))
    share = _share_close(inside, index, reach_m)
    shares = np.array([_share_close(inside + move, index, reach_m) for move in _moves()])
    shares = shares[np.isfinite(shares)]
    if len(shares) < len(_DISPLACEMENTS_M):
        return KnownFit("unrelated", len(inside))
    middle = float(np.median(shares))
    deviation = max(
        MAD_TO_DEVIATION * float(np.median(np.abs(shares - middle))),
        float(np.sqrt(middle * (1 - middle) / len(inside))),
        _SMALLEST_DEVIATION,
    )
    outstanding = (share - middle) / deviation
    nats = min(outstanding**2 / 2, _MOST_NATS) if abs(outstanding) >= _OUTSTANDING else 0.0
    relation: Relation = "unrelated" if not nats else "same" if outstanding > 0 else "apart"
    fit = KnownFit(relation, len(inside), share_close=share, outstanding=outstanding, nats=nats)
    return _with_vertices(fit, inside, index) if relation == "same" else fit


def index_known(known: KnownFeatures) -> KnownIndex:
    """Make known features ready for many comparisons.

    Parameters
    ----------
    known : KnownFeatures
        The features; missing and empty ones are left out.

    Returns
    -------
    KnownIndex
        In metres round their middle.
    """
    shapes = known.geometry[~(shapely.is_missing(known.geometry) | shapely.is_empty(known.geometry))]
    degrees = shapely.get_coordinates(shapes)
    if not len(degrees):
        empty = shapely.STRtree([])
        return KnownIndex(np.zeros(2), (0.0, 0.0, 0.0, 0.0), None, np.empty((0, 2)), empty, known.accuracy_m)
    origin = np.median(degrees, axis=0)
    # Areas stand for their outlines: a point deep in a commune is not close to it in the sense meant here.
    lines = np.where(shapely.get_dimensions(shapes) == 2, shapely.boundary(shapes), shapes)
    metric = shapely.transform(lines, lambda points: metres_from(points, origin))
    vertices = shapely.get_coordinates(metric)
    (minx, miny), (maxx, maxy) = vertices.min(axis=0), vertices.max(axis=0)
    bounds = (float(minx), float(miny), float(maxx), float(maxy))
    vertex_tree = shapely.STRtree(point_array(vertices))
    return KnownIndex(origin, bounds, shapely.STRtree(metric), vertices, vertex_tree, known.accuracy_m)


def _moves() -> FloatArray:
    angles = np.arange(8) * np.pi / 4
    return np.array([(r * np.cos(a), r * np.sin(a)) for r in _DISPLACEMENTS_M for a in angles])


def _share_close(points: FloatArray, index: KnownIndex, reach_m: float) -> float:
    """Return the share of points close to known features, of those within their extent; NaN if these are too few."""
    inside = points[points_within(points, index.bounds)]
    if len(inside) < _FEWEST_POINTS or index.tree is None:
        return float("nan")
    close: npt.NDArray[Any] = index.tree.query(point_array(inside), predicate="dwithin", distance=reach_m)
    return len(np.unique(close[0])) / len(inside)


def _with_vertices(fit: KnownFit, points: FloatArray, index: KnownIndex) -> KnownFit:
    """Add what is left between vertices, if the data and the known features have vertices in common."""
    reach_m = max(5.0, 3 * index.accuracy_m)
    rows, found = index.vertex_tree.query_nearest(point_array(points), max_distance=reach_m, all_matches=False)
    if len(rows) < max(_FEWEST_POINTS, 0.3 * len(points)):
        return fit
    close = _fit_residuals("same", index.vertices[found] - points[rows], index.accuracy_m)
    nats = fit.nats + close.nats
    return replace(close, compared=fit.compared, share_close=fit.share_close, outstanding=fit.outstanding, nats=nats)


def _fit_residuals(relation: Relation, residuals: FloatArray, accuracy_m: float) -> KnownFit:
    middle = np.median(residuals, axis=0)
    deviation = MAD_TO_DEVIATION * float(np.median(np.abs(residuals - middle)))
    residual_m = math.hypot(*middle)
    error = math.hypot(accuracy_m, MEDIAN_ERROR * deviation / math.sqrt(len(residuals)))
    most = _MOST_NATS_OF_PAIRS if relation == "pairs" else _MOST_NATS
    nats = -min((residual_m / error) ** 2 / 2, most)
    return KnownFit(relation, len(residuals), residual_m, deviation, nats=nats, contradicts=residual_m > 3 * error)


@functools.lru_cache(maxsize=256)
def _metres_a_degree(latitude: float) -> FloatArray:
    step = 1e-3
    east = _GEOD.line_length([0, step], [latitude, latitude]) / step
    north = _GEOD.line_length([0, 0], [latitude - step / 2, latitude + step / 2]) / step
    return np.array([east, north])
