"""The features of one check on a plane in metres: which can be compared, and which were left out and why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS

from layers.crs import AREA_MARGIN_DEG, metric, parse_crs
from layers.definitions import STORE_CRS, LayerDefinition, Topology
from layers.spool import ShapesOrSpool, ShapeSpool, dimensions, joined_bounds, over, spooled
from layers.topology.linework import FloatArray, IntArray, Shapes
from layers.topology.scenes import Togetherness, togetherness
from layers.types import Text
from layers.validation.model import Mask

__all__ = ["Ground", "ground", "metric_crs_for", "plane"]

#: Geometry that says about where a feature is, not how far it reaches.
_ROUGH: Final = ("schematic", "label")
_LIMITS: Final = np.array([-180.0, -90.0, 180.0, 90.0])
#: Degrees of latitude in a metre, with room to spare.
_DEGREES: Final = 1 / 90_000


@dataclass(frozen=True)
class Ground:
    """Features on a plane.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    rules : Topology
        What is asked of it.
    features : GeoDataFrame
        As given.
    shapes : ndarray of geometry, shape (features,), or ShapeSpool
        In `crs`; None for what is not compared.
    dimensions : ndarray of int, shape (features,)
        Of the shapes; -1 for none.
    crs : CRS
        A projected CRS in metres.
    together : Togetherness
        Which features are compared.
    touched : ndarray of bool, shape (features,), or None
        The features that the check is about; None for all.
    left_out : tuple of Text
        What was not compared, and why.
    """

    definition: LayerDefinition
    rules: Topology
    features: gpd.GeoDataFrame
    shapes: ShapesOrSpool
    dimensions: npt.NDArray[np.integer[Any]]
    crs: CRS
    together: Togetherness
    touched: Mask | None
    left_out: tuple[Text, ...]

    def rows(self, *dimensions: int) -> IntArray:
        """Return the positions of what is compared.

        Parameters
        ----------
        *dimensions : int
            0 for points, 1 for lines, 2 for areas.

        Returns
        -------
        ndarray of int
            In rising order.
        """
        return np.flatnonzero(np.isin(self.dimensions, dimensions))

    def concerned(self, *sides: IntArray) -> Mask:
        """Tell which findings the check is about.

        Parameters
        ----------
        *sides : ndarray of int, shape (findings,)
            Positions of the features of each.

        Returns
        -------
        ndarray of bool, shape (findings,)
            Whether one of them is touched.
        """
        if self.touched is None:
            return np.ones(len(sides[0]), dtype=bool)
        return np.asarray(np.logical_or.reduce([self.touched[side] for side in sides]))


class _Usable(NamedTuple):
    """Which geometries can be compared with others.

    Attributes
    ----------
    mask : ndarray of bool, shape (features,)
        Those with a geometry of real coordinates that is more than a sketch.
    wrong, sketched : ndarray of bool, shape (features,)
        Those that are left out, having a geometry that cannot be read, or that is no more than a sketch.
    bounds : ndarray of float, shape (4,)
        Of those of the mask.
    """

    mask: Mask
    wrong: Mask
    sketched: Mask
    bounds: FloatArray


def _look(shapes: Shapes) -> FloatArray:
    """Return bounds, number of vertices and type of geometries."""
    counts, types = shapely.get_num_coordinates(shapes), shapely.get_type_id(shapes)
    return np.column_stack((shapely.bounds(shapes).reshape(-1, 4), counts, types))


def _usable(features: gpd.GeoDataFrame, shapes: ShapesOrSpool) -> _Usable:
    looks = over(shapes, _look)
    bounds, there = looks[:, :4], looks[:, 4] > 0
    with np.errstate(invalid="ignore"):
        placed = (bounds[:, :2] >= _LIMITS[:2]).all(axis=1) & (bounds[:, 2:] <= _LIMITS[2:]).all(axis=1)
    right = placed & (looks[:, 5] != shapely.GeometryType.GEOMETRYCOLLECTION)
    rough = np.zeros(len(features), dtype=bool)
    if "position" in features.columns:
        rough = features["position"].isin(_ROUGH).to_numpy(dtype=bool)
    mask = there & right & ~rough
    return _Usable(mask, there & ~right, there & right & rough, joined_bounds(bounds[mask]))


def plane(
    features: gpd.GeoDataFrame, crs: CRS, shapes: ShapesOrSpool | None = None
) -> tuple[ShapesOrSpool, Mask, Mask]:
    """Put the geometries that can be compared with others on a plane.

    Parameters
    ----------
    features : GeoDataFrame
        EPSG:4326.
    crs : CRS
        A projected CRS in metres.
    shapes : ndarray of geometry, or ShapeSpool, optional
        Their geometries; those of `features` without it.

    Returns
    -------
    shapes : ndarray of geometry, shape (features,), or ShapeSpool
        Valid there; None for what cannot be compared.
    wrong, sketched : ndarray of bool, shape (features,)
        Those that are left out, having a geometry that is not valid, or that is no more than a sketch.
    """
    given = np.asarray(features.geometry.array) if shapes is None else shapes
    return _plane(features, crs, given, _usable(features, given))


def _plane(
    features: gpd.GeoDataFrame, crs: CRS, given: ShapesOrSpool, usable: _Usable
) -> tuple[ShapesOrSpool, Mask, Mask]:
    broken = np.zeros(len(features), dtype=bool)

    def moved(start: int, some: Shapes) -> Shapes:
        mask = usable.mask[start : start + len(some)]
        flat = np.full(len(some), None, dtype=object)
        if mask.any():
            bare = gpd.GeoDataFrame(geometry=some[mask], crs=features.crs)
            flat[mask] = np.asarray(metric(bare, crs.to_wkt()).geometry.array)
        wrong = mask & ~shapely.is_valid(flat)
        broken[start : start + len(some)] = wrong
        flat[wrong] = None
        return flat

    return spooled(given, moved), usable.wrong | broken, usable.sketched


def _left_out(wrong: int, sketched: int) -> tuple[Text, ...]:
    told = []
    if wrong:
        told.append(
            Text(vi=f"{wrong} đối tượng có hình học không hợp lệ", en=f"{wrong} features whose geometry is not valid")
        )
    if sketched:
        told.append(
            Text(
                vi=f"{sketched} đối tượng chỉ có sơ đồ hoặc điểm đặt nhãn",
                en=f"{sketched} features with only a schematic outline or a label point",
            )
        )
    return tuple(told)


def metric_crs_for(bounds: FloatArray, wanted: str) -> CRS:
    """Return the projected CRS in which features are measured.

    Parameters
    ----------
    bounds : ndarray of float, shape (4,)
        Of the features, in degrees.
    wanted : str
        The layer's `metric_crs`.

    Returns
    -------
    CRS
        That of the layer; where the features lie far outside the area it is made for, their UTM zone.
    """
    crs: CRS = parse_crs(wanted, where="metric_crs")
    minx, miny, maxx, maxy = bounds.tolist()
    area = crs.area_of_use
    if area is not None:
        outside = max(area.west - maxx, minx - area.east, area.south - maxy, miny - area.north)
        if outside > AREA_MARGIN_DEG:
            zone: CRS = gpd.GeoSeries([shapely.box(minx, miny, maxx, maxy)], crs=STORE_CRS).estimate_utm_crs()
            return zone
    return crs


def ground(
    definition: LayerDefinition,
    rules: Topology,
    features: gpd.GeoDataFrame,
    *,
    touched: Collection[str] | None,
    shapes: ShapeSpool | None = None,
) -> Ground | None:
    """Put features on a plane.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    rules : Topology
        What is asked of it.
    features : GeoDataFrame
        Typed, EPSG:4326.
    touched : collection of str or None
        Ids that the check is about; None for all.
    shapes : ShapeSpool, optional
        The geometries, where those of `features` are missing.

    Returns
    -------
    Ground or None
        None where there is nothing to compare and nothing was left out.
    """
    about = None if touched is None else np.asarray(features.index.isin(list(touched)))
    given: ShapesOrSpool = np.asarray(features.geometry.array) if shapes is None else shapes
    usable = _usable(features, given)
    mask, wrong, sketched = usable.mask, usable.wrong, usable.sketched
    if not (mask | wrong | sketched).any():
        return None
    crs: CRS = parse_crs(definition.metric_crs, where="metric_crs")
    if mask.any():
        crs = metric_crs_for(usable.bounds, definition.metric_crs)
    near = np.ones(len(features), dtype=bool)
    if isinstance(given, ShapeSpool):
        flat, broken, rough = _plane(features, crs, given, usable)
    else:
        if about is not None and rules.gaps == "allowed" and mask.any():
            near = _neighbourhood(given, mask, about, rules)
        flat = np.full(len(features), None, dtype=object)
        flat[near], broken, rough = plane(features[near], crs)
    wrong[near], sketched[near] = broken, rough
    told = np.ones(len(features), dtype=bool) if about is None else about
    left_out = _left_out(int((wrong & told).sum()), int((sketched & told).sum()))
    together = togetherness(features, within=rules.within)
    return Ground(definition, rules, features, flat, dimensions(flat), crs, together, about, left_out)


def _neighbourhood(shapes: Shapes, mask: Mask, about: Mask, rules: Topology) -> Mask:
    """Mark the neighbours of what the check is about, and theirs: these decide whether the ends of those are joined."""
    rows = np.flatnonzero(mask)
    bounds = shapely.bounds(shapes[rows])
    room = rules.reach_m * _DEGREES / np.maximum(np.cos(np.radians(np.abs(bounds[:, [1, 3]]).max(axis=1))), 1e-3)
    boxes = shapely.box(*(bounds + room[:, None] * np.array([-1, -1, 1, 1])).T)
    tree = shapely.STRtree(boxes)
    near = np.flatnonzero(about[rows])
    for _ in range(2):
        near = np.union1d(near, tree.query(boxes[near])[1])
    marked = np.zeros(len(shapes), dtype=bool)
    marked[rows[near]] = True
    return marked
