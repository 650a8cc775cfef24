"""How much of each feature lies in which other features, and what is left? Vectorised overlay of polygons.

Candidate pairs come from an STRtree, the geometry of all pairs is computed in one call, and unions are formed once per
group. Geometry is mended first, so that the parts of a feature always sum to the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pyproj
import shapely
from numpy.typing import NDArray

from gis.errors import OverlayError
from layers.errors import CrsError
from layers.types import Text

__all__ = [
    "SQUARE_METRES_PER_HECTARE",
    "BoolArray",
    "FloatArray",
    "GeometryArray",
    "IntArray",
    "Parts",
    "areal_pairs",
    "areas_m2",
    "intersections",
    "mended",
    "metric_geometry",
    "pair_positions",
    "partition",
    "polygonal_part",
    "remainders",
    "subtract",
    "unions_by_group",
]

#: Exact by definition of the hectare.
SQUARE_METRES_PER_HECTARE: Final = 10_000.0

GeometryArray = NDArray[np.object_]
FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]
BoolArray = NDArray[np.bool_]

_POLYGONAL: Final = (3, 6)
_COLLECTION: Final = 7
#: Pairs of polygons that are worth a thread of their own: a few hundredths of a second.
_CHUNK: Final = 2_000
_PROJECTED: Final = Text(vi="hệ toạ độ phẳng", en="a projected CRS")


class Parts(NamedTuple):
    """Where the area of each subject goes, in square metres; the four parts sum to the subject's area.

    Attributes
    ----------
    hit_m2 : ndarray of float, shape (n,)
        Inside the features asked about.
    clear_m2 : ndarray of float, shape (n,)
        Outside them, where the layer is completely covered.
    stale_m2 : ndarray of float, shape (n,)
        Outside them, where only coverage that is too old says so.
    not_covered_m2 : ndarray of float, shape (n,)
        Where nothing is known.
    """

    hit_m2: FloatArray
    clear_m2: FloatArray
    stale_m2: FloatArray
    not_covered_m2: FloatArray


@contextmanager
def _geos(where: str) -> Iterator[None]:
    """Say in our own words what GEOS could not do."""
    try:
        yield
    except shapely.GEOSException as error:
        raise OverlayError(seen=error, wanted=Text(vi="hình học hợp lệ", en="valid geometry"), where=where) from error


def mended(geometries: GeometryArray) -> GeometryArray:
    """Return geometries that can be measured: flat, valid, None where there is nothing.

    Parameters
    ----------
    geometries : ndarray of geometry, shape (n,)
        Any geometries; None is allowed.

    Returns
    -------
    ndarray of geometry, shape (n,)
        Heights are dropped, faulty rings mended by structure (every ring counts, collapsed parts go), empty geometries
        become None.

    Raises
    ------
    OverlayError
        If GEOS cannot mend one.

    Examples
    --------
    >>> bowtie = shapely.from_wkt("POLYGON ((0 0, 2 2, 2 0, 0 2, 0 0))")
    >>> shapely.area(mended(np.array([bowtie, shapely.Point()], dtype=object))).tolist()
    [2.0, nan]
    """
    with _geos("geometry"):
        flat: GeometryArray = shapely.force_2d(geometries)
        faulty = ~shapely.is_valid(flat) & ~shapely.is_missing(flat)
        if faulty.any():
            flat[faulty] = shapely.make_valid(flat[faulty], method="structure", keep_collapsed=False)
        flat[shapely.is_empty(flat)] = None
    return flat


def metric_geometry(features: gpd.GeoDataFrame | gpd.GeoSeries, *, crs: str, where: str = "geometry") -> GeometryArray:
    """Return the geometry of features in a projected CRS, mended.

    Parameters
    ----------
    features : GeoDataFrame or GeoSeries
        Features with a CRS.
    crs : str
        Projected CRS to measure in.
    where : str, default: "geometry"
        What to call the features in an error, their layer as a rule.

    Returns
    -------
    ndarray of geometry, shape (n,)
        In row order, x before y, in the units of `crs`; None where a feature has no geometry.

    Raises
    ------
    CrsError
        If the features have no CRS or `crs` is not projected.
    OverlayError
        If a coordinate has no place in `crs`.
    """
    target = pyproj.CRS.from_user_input(crs)
    if not target.is_projected:
        raise CrsError(seen=target.name, wanted=_PROJECTED, where=where)
    if features.crs is None:
        raise CrsError(seen=None, wanted="EPSG:4326", where=where)
    series = features.geometry
    moved = (series if series.crs == target else series.to_crs(target)).to_numpy()
    bounds = shapely.bounds(moved)
    lost = np.isinf(bounds).any(axis=1)
    if lost.any():
        first = series.index[int(np.argmax(lost))]
        raise OverlayError(
            seen=first,
            wanted=Text(vi=f"toạ độ nằm trong phạm vi {crs}", en=f"coordinates within the reach of {crs}"),
            where=where,
        )
    return mended(np.array(moved, dtype=object))


def areas_m2(features: gpd.GeoSeries) -> FloatArray:
    """Return areas in square metres, whatever the unit of the projected CRS.

    Parameters
    ----------
    features : GeoSeries
        Geometries in a projected CRS, which may count in feet.

    Returns
    -------
    ndarray of float, shape (n,)
        Square metres; 0 for points, lines and missing geometries.

    Raises
    ------
    CrsError
        If the CRS is missing or not projected.
    """
    crs = features.crs
    if crs is None or not crs.is_projected:
        raise CrsError(seen=None if crs is None else crs.name, wanted=_PROJECTED, where="area")
    metres = float(crs.axis_info[0].unit_conversion_factor)
    return _areas(features.to_numpy()) * metres**2


def _areas(geometries: GeometryArray) -> FloatArray:
    return np.nan_to_num(np.asarray(shapely.area(geometries), dtype=np.float64))


def pair_positions(
    left: GeometryArray, right: GeometryArray, *, distance: float | None = None
) -> tuple[IntArray, IntArray]:
    """Return which geometries meet, or lie within a distance of each other.

    Parameters
    ----------
    left, right : ndarray of geometry
        Two sets in one CRS; None meets nothing.
    distance : float, optional
        Reach in CRS units; without it the geometries must intersect.

    Returns
    -------
    (ndarray of int, ndarray of int)
        Positions in `left` and in `right`, one entry a pair, sorted by left, then right.
    """
    none = np.empty(0, dtype=np.int64)
    if not len(left) or not len(right):
        return none, none
    tree = shapely.STRtree(right)
    found = (
        tree.query(left, predicate="intersects")
        if distance is None
        else tree.query(left, predicate="dwithin", distance=distance)
    )
    order = np.lexsort((found[1], found[0]))
    return found[0][order].astype(np.int64), found[1][order].astype(np.int64)


def unions_by_group(geometries: GeometryArray, groups: IntArray, *, count: int) -> GeometryArray:
    """Return one union per group.

    Parameters
    ----------
    geometries : ndarray of geometry, shape (n,)
        Geometries of one dimension; None is skipped.
    groups : ndarray of int, shape (n,)
        The group of each, from 0 to `count` - 1.
    count : int
        Number of groups.

    Returns
    -------
    ndarray of geometry, shape (count,)
        None for a group without members.

    Examples
    --------
    >>> boxes = shapely.box([0, 1, 5], 0, [2, 3, 6], 1)
    >>> shapely.area(unions_by_group(boxes, np.array([0, 0, 2]), count=3)).tolist()
    [3.0, nan, 1.0]
    """
    result = np.full(count, None, dtype=object)
    kept = ~shapely.is_missing(geometries)
    geometries, groups = geometries[kept], groups[kept]
    if not len(geometries):
        return result
    order = np.argsort(groups, kind="stable")
    geometries, groups = geometries[order], groups[order]
    _, sizes = np.unique(groups, return_counts=True)
    single = np.repeat(sizes == 1, sizes)
    result[groups[single]] = geometries[single]
    if not single.all():
        many, places = np.unique(groups[~single], return_inverse=True)
        with _geos("union"):
            bundles = shapely.geometrycollections(geometries[~single], indices=places)
            result[many] = shapely.union_all(np.asarray(bundles)[:, None], axis=1)
    return result


def polygonal_part(geometries: GeometryArray) -> GeometryArray:
    """Return what of each geometry has an area; None where nothing has.

    Parameters
    ----------
    geometries : ndarray of geometry, shape (n,)
        Any geometries.

    Returns
    -------
    ndarray of geometry, shape (n,)
        Polygons, multipolygons or None.
    """
    kinds = shapely.get_type_id(geometries)
    result = np.array(geometries, dtype=object)
    result[~np.isin(kinds, _POLYGONAL) | shapely.is_empty(geometries)] = None
    mixed = np.flatnonzero(kinds == _COLLECTION)
    if len(mixed):
        parts, owners = shapely.get_parts(geometries[mixed], return_index=True)
        parts, inner = shapely.get_parts(parts, return_index=True)
        owners = owners[inner]
        areal = np.isin(shapely.get_type_id(parts), _POLYGONAL) & ~shapely.is_empty(parts)
        owned, places = np.unique(owners[areal], return_inverse=True)
        if len(owned):
            result[mixed[owned]] = shapely.multipolygons(parts[areal], indices=places)
    return result


def intersections(left: gpd.GeoSeries, right: gpd.GeoSeries) -> gpd.GeoDataFrame:
    """Return the common area of every pair of features that share one.

    Parameters
    ----------
    left, right : GeoSeries
        Polygons in one projected CRS, each with its own labels as index.

    Returns
    -------
    GeoDataFrame
        Columns `left`, `right` (labels), `area_m2`, `geometry` (polygonal, same CRS), in the order of `left`, then of
        `right`. Pairs that only touch are left out.

    Raises
    ------
    CrsError
        If the CRS is missing, not projected, or not the same for both.
    OverlayError
        If GEOS cannot overlay them.
    """
    _same_crs(left, right)
    a, b = mended(left.to_numpy()), mended(right.to_numpy())
    i, j, common = areal_pairs(a, b)
    found = gpd.GeoDataFrame(
        {"left": left.index[i], "right": right.index[j]}, geometry=gpd.GeoSeries(common, crs=left.crs)
    )
    found.insert(2, "area_m2", areas_m2(found.geometry))
    return found


def areal_pairs(left: GeometryArray, right: GeometryArray) -> tuple[IntArray, IntArray, GeometryArray]:
    """Return the pairs of mended polygons that share an area, by position, with that area.

    Parameters
    ----------
    left, right : ndarray of geometry
        Mended geometries in one CRS.

    Returns
    -------
    (ndarray of int, ndarray of int, ndarray of geometry)
        Positions in `left`, in `right`, and the polygonal intersection.
    """
    i, j = pair_positions(left, right)
    common = _common(left[i], right[j])
    kept = _areas(common) > 0.0
    return i[kept], j[kept], common[kept]


def _common(left: GeometryArray, right: GeometryArray) -> GeometryArray:
    """Intersect pair by pair; where one polygon holds the other, the smaller one is the answer and nothing is cut."""
    for geometries in (left, right):
        shapely.prepare(geometries)
    result = np.full(len(left), None, dtype=object)
    areal = [np.isin(shapely.get_type_id(geometries), _POLYGONAL) for geometries in (left, right)]
    inside = areal[0] & shapely.covers(right, left)
    holds = areal[1] & ~inside & shapely.covers(left, right)
    result[inside], result[holds] = left[inside], right[holds]
    across = ~(inside | holds)
    with _geos("intersection"):
        result[across] = polygonal_part(_in_threads(shapely.intersection, left[across], right[across]))
    return result


def _in_threads(
    function: Callable[[GeometryArray, GeometryArray], GeometryArray], left: GeometryArray, right: GeometryArray
) -> GeometryArray:
    """Call a function of GEOS on long arrays in parallel: it works outside the interpreter's lock."""
    pieces = len(left) // _CHUNK
    if pieces < 2:
        return function(left, right)
    with ThreadPoolExecutor() as pool:
        return np.concatenate(list(pool.map(function, np.array_split(left, pieces), np.array_split(right, pieces))))


def remainders(left: gpd.GeoSeries, right: gpd.GeoSeries) -> gpd.GeoSeries:
    """Return what of each feature lies in none of the others.

    Parameters
    ----------
    left, right : GeoSeries
        Polygons in one projected CRS.

    Returns
    -------
    GeoSeries
        Index and CRS of `left`; None where nothing is left.

    Raises
    ------
    CrsError
        If the CRS is missing, not projected, or not the same for both.
    OverlayError
        If GEOS cannot overlay them.
    """
    _same_crs(left, right)
    a, b = mended(left.to_numpy()), mended(right.to_numpy())
    i, j = pair_positions(a, b)
    return gpd.GeoSeries(subtract(a, unions_by_group(b[j], i, count=len(a))), index=left.index, crs=left.crs)


def subtract(left: GeometryArray, right: GeometryArray) -> GeometryArray:
    """Return `left` without `right`, row by row, polygonal.

    Parameters
    ----------
    left, right : ndarray of geometry, shape (n,)
        Mended geometries; None in `right` takes nothing away.

    Returns
    -------
    ndarray of geometry, shape (n,)
        None where nothing is left.
    """
    result = np.array(left, dtype=object)
    both = ~shapely.is_missing(left) & ~shapely.is_missing(right)
    with _geos("difference"):
        result[both] = _in_threads(shapely.difference, left[both], right[both])
    return polygonal_part(result)


def partition(subjects: GeometryArray, hits: GeometryArray, *, fresh: Any = None, stale: Any = None) -> Parts:
    """Split the area of each subject into hit, clear, stale and not covered.

    Parameters
    ----------
    subjects : ndarray of geometry, shape (n,)
        Mended polygons in a CRS that counts in metres.
    hits : ndarray of geometry, shape (n,)
        The part of each subject that is hit, as one geometry inside it; None is nothing.
    fresh : geometry, optional
        Where the layer is completely and recently covered.
    stale : geometry, optional
        Where it is completely covered, but not recently.

    Returns
    -------
    Parts
        Square metres.

    Notes
    -----
    A hit lies inside its subject, so what of the subject is covered and not hit is the covered part of the subject less
    the covered part of the hit: both are small intersections, and no difference of polygons is needed.

    Examples
    --------
    >>> parts = partition(
    ...     shapely.box([0.0], 0, [10], 10), shapely.box([0.0], 0, [2], 10), fresh=shapely.box(0, 0, 5, 10)
    ... )
    >>> [float(part[0]) for part in parts]
    [20.0, 30.0, 0.0, 50.0]
    """
    whole, hit = (_split_by_coverage(geometries, fresh, stale) for geometries in (subjects, hits))
    hit_m2 = _areas(hits)
    clear, stale_, not_covered = (np.maximum(a - b, 0.0) for a, b in zip(whole, hit, strict=True))
    return Parts(hit_m2, clear, stale_, not_covered)


def _split_by_coverage(geometries: GeometryArray, fresh: Any, stale: Any) -> tuple[FloatArray, FloatArray, FloatArray]:
    fresh_m2, rest = _split(geometries, fresh)
    stale_m2, rest = _split(rest, stale)
    return fresh_m2, stale_m2, _areas(rest)


def _split(geometries: GeometryArray, mask: Any) -> tuple[FloatArray, GeometryArray]:
    """Area inside one large mask, and the geometry outside it; most features lie wholly on one side."""
    inside_m2 = np.zeros(len(geometries))
    if mask is None or not len(geometries):
        return inside_m2, geometries
    shapely.prepare(mask)
    within = shapely.covers(mask, geometries)
    inside_m2[within] = _areas(geometries[within])
    outside = np.array(geometries, dtype=object)
    outside[within] = None
    across = ~within & shapely.intersects(mask, geometries)
    with _geos("coverage"):
        inside_m2[across] = shapely.area(shapely.intersection(geometries[across], mask))
        outside[across] = polygonal_part(shapely.difference(geometries[across], mask))
    return inside_m2, outside


def _same_crs(left: gpd.GeoSeries, right: gpd.GeoSeries) -> None:
    for series in (left, right):
        if series.crs is None or not series.crs.is_projected:
            raise CrsError(seen=None if series.crs is None else series.crs.name, wanted=_PROJECTED, where="overlay")
    if left.crs != right.crs:
        raise CrsError(seen=right.crs.name, wanted=left.crs.name, where="overlay")
