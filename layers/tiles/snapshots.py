"""A layer at one changeset as flat arrays: geometries, planned time, classes and attributes, along a Hilbert curve."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from layers.definitions import LayerDefinition
from layers.tiles.arrays import ALWAYS, LINE, NEVER, NODE, POINT, POLYGON, Array, Shapes
from layers.tiles.matrices import TileGrid
from layers.tiles.values import Coded, code_attributes

__all__ = ["GridArrays", "Outline", "Snapshot", "build_snapshot", "grid_arrays", "id_hashes", "shapes_on"]

#: Kind of each geometry type by its number in GEOS.
_KINDS = np.array([POINT, LINE, 0, POLYGON, POINT, LINE, POLYGON, 0], dtype=np.uint8)
#: Bits of a place along each axis on the curve.
_CURVE_BITS = 16


class Outline(NamedTuple):
    """Geometries in longitude and latitude, the same for every grid.

    Attributes
    ----------
    kind, first_ring, first_vertex, outer : ndarray
        As in `layers.tiles.arrays.Shapes`.
    lonlat : ndarray of float64, shape (vertices, 2)
        Longitude and latitude of WGS 84.
    """

    kind: Array
    first_ring: Array
    first_vertex: Array
    outer: Array
    lonlat: Array


class GridArrays(NamedTuple):
    """Geometries on one world grid.

    Attributes
    ----------
    xy, box, area, tree, level, there : ndarray
        As in `layers.tiles.arrays.Shapes`; `there` is 1 for features that the grid can hold.
    """

    xy: Array
    box: Array
    area: Array
    tree: Array
    level: Array
    there: Array


@dataclass(frozen=True, eq=False)
class Snapshot:
    """A layer at one changeset.

    Attributes
    ----------
    layer : str
        The layer's id.
    outline : Outline
        Geometries.
    coded : Coded
        Attributes.
    first_day, last_day, group : ndarray of int32, shape (features,)
        Planned time and class.
    classes : tuple of str or None
        Class of each number in `group`; None for features without one.
    hashes, order : ndarray, shape (features,)
        Hashes of feature ids, ascending, and which feature each is.
    """

    layer: str
    outline: Outline
    coded: Coded
    first_day: Array
    last_day: Array
    group: Array
    classes: tuple[str | None, ...]
    hashes: Array
    order: Array

    def __len__(self) -> int:
        """Return the number of features."""
        return int(self.outline.kind.shape[0])

    def places(self, hashes: Array) -> Array:
        """Return where features stand.

        Parameters
        ----------
        hashes : ndarray of uint64
            Of `id_hashes`.

        Returns
        -------
        ndarray of int64
            Numbers of those that are there.
        """
        if not len(self):
            return np.zeros(0, np.int64)
        found = np.minimum(np.searchsorted(self.hashes, hashes), len(self) - 1)
        return np.asarray(self.order[found[self.hashes[found] == hashes]], dtype=np.int64)


def id_hashes(ids: Any) -> Array:
    """Return 64-bit hashes of feature ids, the same in every process.

    Parameters
    ----------
    ids : sequence of str
        Feature ids.

    Returns
    -------
    ndarray of uint64
        One an id.
    """
    return np.asarray(pd.util.hash_array(np.asarray(list(ids), dtype=object), categorize=False), dtype=np.uint64)


def build_snapshot(
    definition: LayerDefinition, features: gpd.GeoDataFrame, *, classes: tuple[str | None, ...] = (None,)
) -> Snapshot:
    """Return the snapshot of a layer.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    features : GeoDataFrame
        In the typed form.
    classes : tuple of str or None, optional
        Classes of another snapshot that is drawn together with this one.

    Returns
    -------
    Snapshot
        Of all features, also of those without a geometry.
    """
    geometry = np.asarray(features.geometry.array, dtype=object)
    order = _along_curve(geometry)
    geometry = geometry[order]
    table = pd.DataFrame(features).iloc[order]
    ids = table.index.to_numpy(dtype=object)
    coded = code_attributes(definition, ids.tolist(), {name: table[name] for name in table.columns})
    group, classes = _groups(definition, table, classes)
    hashes = id_hashes(ids)
    sorted_ = np.argsort(hashes, kind="stable")
    return Snapshot(
        definition.id,
        _outline(geometry),
        coded,
        _days(table["valid_from"], ALWAYS),
        _days(table["valid_to"], NEVER),
        group,
        classes,
        hashes[sorted_],
        sorted_.astype(np.int32),
    )


def _days(column: pd.Series[Any], missing: int) -> Array:
    days = column.to_numpy().astype("datetime64[D]").astype(np.int64)
    return np.where(column.isna().to_numpy(), missing, days).astype(np.int32)


def _groups(
    definition: LayerDefinition, table: pd.DataFrame, classes: tuple[str | None, ...]
) -> tuple[Array, tuple[str | None, ...]]:
    """Return the class of each feature: by what the layer's style tells apart, codes first in their order."""
    by = definition.style.by
    if by is None or by not in table.columns:
        return np.zeros(len(table), np.int32), (None,)
    known = [value for value in classes if value is not None]
    known += [code.value for code in definition.field(by).codes if code.value not in known]
    others = sorted(set(table[by].dropna()) - set(known))
    numbers = {value: place + 1 for place, value in enumerate([*known, *others])}
    return table[by].map(numbers).fillna(0).to_numpy(np.int32), (None, *known, *others)


def _along_curve(geometry: npt.NDArray[np.object_]) -> npt.NDArray[np.intp]:
    """Return the order of geometries along a Hilbert curve, those without a place last."""
    bounds = shapely.bounds(geometry)
    there: npt.NDArray[np.bool_] = np.asarray(~np.isnan(bounds).any(axis=1))
    middle = np.where(there[:, None], (bounds[:, :2] + bounds[:, 2:]) / 2, 0.0)
    if not there.any():
        return np.arange(len(geometry))
    least, most = middle[there].min(axis=0), middle[there].max(axis=0)
    steps = (2**_CURVE_BITS - 1) / np.maximum(most - least, 1e-12)
    place = np.where(there[:, None], (middle - least) * steps, 0).astype(np.int64)
    key = _hilbert(place[:, 0], place[:, 1])
    return np.argsort(np.where(there, key, 2**62), kind="stable")


def _hilbert(x: npt.NDArray[np.int64], y: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    x, y = x.copy(), y.copy()
    distance = np.zeros_like(x)
    side = 1 << (_CURVE_BITS - 1)
    while side:
        right, upper = (x & side) > 0, (y & side) > 0
        distance += side * side * ((3 * right) ^ upper)
        flip = right & ~upper
        x, y = np.where(flip, 2**_CURVE_BITS - 1 - x, x), np.where(flip, 2**_CURVE_BITS - 1 - y, y)
        x, y = np.where(upper, x, y), np.where(upper, y, x)
        side >>= 1
    return distance


def _outline(geometry: npt.NDArray[np.object_]) -> Outline:
    """Return geometries as runs of vertices: points, parts of lines, rings of polygons."""
    types = shapely.get_type_id(geometry)
    kind = np.where(shapely.is_empty(geometry) | (types < 0), 0, _KINDS[types]).astype(np.uint8)
    parts, feature = shapely.get_parts(geometry[kind > 0], return_index=True)
    feature = np.flatnonzero(kind > 0)[feature]
    areal = shapely.get_type_id(parts) == 3
    rings, ring_part = shapely.get_rings(parts[areal], return_index=True)
    first = np.ones(len(rings), dtype=np.uint8)
    first[1:] = ring_part[1:] != ring_part[:-1]
    runs = np.concatenate([rings, parts[~areal]])
    owner = np.concatenate([feature[areal][ring_part], feature[~areal]]).astype(np.int64)
    outer = np.concatenate([first, np.zeros(np.count_nonzero(~areal), np.uint8)])
    order = np.argsort(owner, kind="stable")
    lonlat, run = shapely.get_coordinates(runs[order], return_index=True)
    return Outline(
        kind,
        _starts(np.bincount(owner, minlength=len(kind)), np.int32),
        _starts(np.bincount(run, minlength=len(runs)), np.int64),
        outer[order],
        np.ascontiguousarray(lonlat),
    )


def _starts(counts: npt.NDArray[np.intp], dtype: type[np.signedinteger[Any]]) -> Array:
    starts = np.zeros(len(counts) + 1, dtype=dtype)
    np.cumsum(counts, out=starts[1:])
    return starts


def grid_arrays(outline: Outline, grid: TileGrid) -> GridArrays:
    """Return geometries on a world grid.

    Parameters
    ----------
    outline : Outline
        Geometries.
    grid : TileGrid
        Which grid.

    Returns
    -------
    GridArrays
        With a packed tree of boxes; a feature that the grid cannot hold is left out.
    """
    count = len(outline.kind)
    cells = grid.cells(np.asarray(outline.lonlat))
    finite: npt.NDArray[np.bool_] = np.asarray(np.isfinite(cells).all(axis=1))
    limits = np.iinfo(np.int32)
    xy = np.clip(np.rint(np.where(finite[:, None], cells, 0.0)), limits.min, limits.max).astype(np.int32)
    # Boxes and areas a feature, over runs of vertices that follow each other.
    first = outline.first_vertex[outline.first_ring]
    there = np.diff(first) > 0
    starts = first[:-1][there]
    box = np.empty((count, 4), np.int32)
    box[:] = (limits.max, limits.max, limits.min, limits.min)
    area = np.zeros(count)
    if len(starts):
        box[there, :2] = np.minimum.reduceat(xy, starts)
        box[there, 2:] = np.maximum.reduceat(xy, starts)
        whole = np.zeros(count, bool)
        whole[there] = np.logical_and.reduceat(finite, starts)
        box[~whole] = (limits.max, limits.max, limits.min, limits.min)
        area = _areas(outline, xy)
        there = whole
    tree, level = _tree(box)
    return GridArrays(xy, box, area, tree, level, there.astype(np.uint8))


def _areas(outline: Outline, xy: Array) -> Array:
    """Return the area of each feature: outer rings less their holes."""
    before = np.roll(xy, 1, axis=0).astype(np.float64)
    before[outline.first_vertex[:-1]] = xy[outline.first_vertex[1:] - 1]
    # Taken from the first vertex of the ring, so that the differences are small and exact.
    ring = np.repeat(np.arange(len(outline.outer)), np.diff(outline.first_vertex))
    origin = xy[outline.first_vertex[:-1]].astype(np.float64)[ring]
    a, b = before - origin, xy - origin
    twice = np.bincount(ring, a[:, 0] * b[:, 1] - b[:, 0] * a[:, 1], minlength=len(outline.outer))
    signed = np.abs(twice) * np.where(outline.outer == 1, 0.5, -0.5)
    feature = np.repeat(np.arange(len(outline.kind)), np.diff(outline.first_ring))
    areas = np.bincount(feature, signed, minlength=len(outline.kind))
    return np.where(outline.kind == POLYGON, areas, 0.0)


def _tree(box: Array) -> tuple[Array, Array]:
    """Return boxes of sixteen boxes each, level by level, the finest first."""
    levels: list[Array] = []
    current = box
    while len(current) > NODE or not levels:
        starts = np.arange(0, len(current), NODE)
        if not len(starts):
            break
        current = np.column_stack(
            [np.minimum.reduceat(current[:, :2], starts), np.maximum.reduceat(current[:, 2:], starts)]
        )
        levels.append(current)
    sizes = np.array([0, *(len(level) for level in levels)])
    tree = np.concatenate(levels) if levels else np.zeros((0, 4), np.int32)
    level = np.cumsum(sizes) if levels else np.zeros(2, np.int64)
    return np.ascontiguousarray(tree, dtype=np.int32), level.astype(np.int32)


def shapes_on(snapshot: Snapshot, arrays: GridArrays) -> Shapes:
    """Return what kernels take of a snapshot on one grid.

    Parameters
    ----------
    snapshot : Snapshot
        A layer.
    arrays : GridArrays
        Its geometries on the grid.

    Returns
    -------
    Shapes
        Read-only views.
    """
    outline = snapshot.outline
    return Shapes(
        *(
            _read_only(array)
            for array in (
                outline.kind,
                outline.first_ring,
                outline.first_vertex,
                outline.outer,
                arrays.xy,
                arrays.box,
                arrays.area,
                arrays.tree,
                arrays.level,
                snapshot.first_day,
                snapshot.last_day,
                snapshot.group,
            )
        )
    )


def _read_only(array: Array) -> Array:
    """Return a plain view that nobody writes to, so that arrays of files and of memory are of one type."""
    view = np.asarray(array)[...]
    view.flags.writeable = False
    return view
