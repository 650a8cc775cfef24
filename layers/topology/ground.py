"""The features of one check on a plane in metres: which can be compared, and which were left out and why."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS

from layers.crs import AREA_MARGIN_DEG, metric, parse_crs
from layers.definitions import LayerDefinition, Topology
from layers.topology.linework import IntArray, Shapes
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
    shapes : ndarray of geometry, shape (features,)
        In `crs`; None for what is not compared.
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
    shapes: Shapes
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
        return np.flatnonzero(np.isin(shapely.get_dimensions(self.shapes), dimensions))

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


def _usable(features: gpd.GeoDataFrame) -> tuple[Mask, Mask, Mask]:
    """Tell which geometries can be compared with others.

    Parameters
    ----------
    features : GeoDataFrame
        EPSG:4326.

    Returns
    -------
    mask : ndarray of bool, shape (features,)
        Those with a geometry of real coordinates that is more than a sketch.
    wrong, sketched : ndarray of bool, shape (features,)
        Those that are left out, having a geometry that cannot be read, or that is no more than a sketch.
    """
    shapes = np.asarray(features.geometry.array)
    there = ~shapely.is_missing(shapes) & ~shapely.is_empty(shapes)
    bounds = shapely.bounds(shapes)
    with np.errstate(invalid="ignore"):
        placed = (bounds[:, :2] >= _LIMITS[:2]).all(axis=1) & (bounds[:, 2:] <= _LIMITS[2:]).all(axis=1)
    right = placed & (shapely.get_type_id(shapes) != shapely.GeometryType.GEOMETRYCOLLECTION)
    rough = np.zeros(len(features), dtype=bool)
    if "position" in features.columns:
        rough = features["position"].isin(_ROUGH).to_numpy(dtype=bool)
    return there & right & ~rough, there & ~right, there & right & rough


def plane(features: gpd.GeoDataFrame, crs: CRS) -> tuple[Shapes, Mask, Mask]:
    """Put the geometries that can be compared with others on a plane.

    Parameters
    ----------
    features : GeoDataFrame
        EPSG:4326.
    crs : CRS
        A projected CRS in metres.

    Returns
    -------
    shapes : ndarray of geometry, shape (features,)
        Valid there; None for what cannot be compared.
    wrong, sketched : ndarray of bool, shape (features,)
        Those that are left out, having a geometry that is not valid, or that is no more than a sketch.
    """
    mask, wrong, sketched = _usable(features)
    shapes = np.full(len(features), None, dtype=object)
    if mask.any():
        some = gpd.GeoDataFrame(geometry=features.geometry.array[mask], crs=features.crs)
        shapes[mask] = np.asarray(metric(some, crs.to_wkt()).geometry.array)
    broken = mask & ~shapely.is_valid(shapes)
    shapes[broken] = None
    return shapes, wrong | broken, sketched


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


def metric_crs_for(features: gpd.GeoDataFrame, wanted: str) -> CRS:
    """Return the projected CRS in which features are measured.

    Parameters
    ----------
    features : GeoDataFrame
        EPSG:4326, with at least one geometry.
    wanted : str
        The layer's `metric_crs`.

    Returns
    -------
    CRS
        That of the layer; where the features lie far outside the area it is made for, their UTM zone.
    """
    crs: CRS = parse_crs(wanted, where="metric_crs")
    minx, miny, maxx, maxy = features.total_bounds
    area = crs.area_of_use
    if area is not None:
        outside = max(area.west - maxx, minx - area.east, area.south - maxy, miny - area.north)
        if outside > AREA_MARGIN_DEG:
            zone: CRS = features.estimate_utm_crs()
            return zone
    return crs


def ground(
    definition: LayerDefinition, rules: Topology, features: gpd.GeoDataFrame, *, touched: Collection[str] | None
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

    Returns
    -------
    Ground or None
        None where there is nothing to compare and nothing was left out.
    """
    about = None if touched is None else np.asarray(features.index.isin(list(touched)))
    mask, wrong, sketched = _usable(features)
    if not (mask | wrong | sketched).any():
        return None
    crs: CRS = parse_crs(definition.metric_crs, where="metric_crs")
    if mask.any():
        crs = metric_crs_for(features[mask], definition.metric_crs)
    near = np.ones(len(features), dtype=bool)
    if about is not None and rules.gaps == "allowed" and mask.any():
        near = _neighbourhood(np.asarray(features.geometry.array), mask, about, rules)
    shapes = np.full(len(features), None, dtype=object)
    shapes[near], broken, rough = plane(features[near], crs)
    wrong[near], sketched[near] = broken, rough
    told = np.ones(len(features), dtype=bool) if about is None else about
    left_out = _left_out(int((wrong & told).sum()), int((sketched & told).sum()))
    together = togetherness(features, within=rules.within)
    return Ground(definition, rules, features, shapes, crs, together, about, left_out)


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
