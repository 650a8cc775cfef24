"""Where areas overlap, and where they leave a hole between them, in the plane.

Only edges without a match can bound an overlap or a gap (`layers.topology.linework`). They part the plane into faces;
one place inside each tells how many areas cover it: none is a gap, two or more an overlap. Pairs are then cut exactly,
among the areas that reach into such a face alone. Where few borders match edge for edge, pairs are found by their
bounds instead, and gaps in the union.
"""

from __future__ import annotations

from typing import Final, NamedTuple

import numpy as np
import shapely

from layers.spool import PART_ROWS, ShapesOrSpool, dimensions, drawn, only, over
from layers.topology.linework import FloatArray, IntArray, Linework, Shapes, linework
from layers.topology.trees import Tree, tree_of
from layers.topology.widths import is_wider

__all__ = ["Gaps", "Overlaps", "Survey", "areal", "cut", "gaps", "near_pairs", "overlaps", "survey"]

_AREAL: Final = 2
#: With a larger share of edges left over, cutting every pair is quicker than to part the plane by them.
_MATCHED_EDGES: Final = 0.8
#: How deep inside a face, and how near to a border, a place is looked at, in tolerances: faces are half of one wide.
_DEPTH: Final = 1 / 5
_BORDER: Final = 1 / 16
#: Interiors that meet in an area (DE-9IM).
_OVERLAPPING: Final = "2********"


class Overlaps(NamedTuple):
    """Pairs of areas that overlap.

    Attributes
    ----------
    first, second : ndarray of int, shape (pairs,)
        Positions, the smaller first, in rising order.
    places : ndarray of geometry, shape (pairs,)
        Polygon or MultiPolygon that both cover.
    area_m2 : ndarray of float, shape (pairs,)
        Its area.
    """

    first: IntArray
    second: IntArray
    places: Shapes
    area_m2: FloatArray


class Gaps(NamedTuple):
    """Holes between areas.

    Attributes
    ----------
    places : ndarray of geometry, shape (gaps,)
        Polygons that no area covers, though areas enclose them.
    area_m2 : ndarray of float, shape (gaps,)
        Their areas.
    """

    places: Shapes
    area_m2: FloatArray


class Survey(NamedTuple):
    """How areas lie to each other, as far as overlaps and gaps need it.

    Attributes
    ----------
    areas : ndarray of geometry, shape (n,)
        As given.
    rows : ndarray of int
        Positions of those that have an area.
    tree : Tree
        Of those.
    faces : ndarray of geometry or None
        The faces between edges without a match; None where most edges have none.
    layers : ndarray of int
        How many areas cover each face, or more where that is in doubt.
    shared : float
        Share of the length of all borders that two areas have in common vertex for vertex, 0 to 1.
    tolerance_m : float
        The width below which nothing counts.
    """

    areas: ShapesOrSpool
    rows: IntArray
    tree: Tree
    faces: Shapes | None
    layers: IntArray
    shared: float
    tolerance_m: float


def survey(areas: ShapesOrSpool, *, tolerance_m: float = 0.0, valid: bool = False) -> Survey:
    """Look at areas once, for both overlaps and gaps.

    Parameters
    ----------
    areas : ndarray of geometry, shape (n,), or ShapeSpool
        In a projected CRS in metres. What is None, empty, invalid or not an area is left out.
    tolerance_m : float, default 0
        Overlaps and gaps count if a circle of this diameter fits in; 0 counts every one.
    valid : bool, default False
        Whether all areas are known to be valid, and need not be looked at for that.

    Returns
    -------
    Survey
        To be given to `overlaps` and `gaps`.
    """
    rows = np.flatnonzero((dimensions(areas) == _AREAL) & drawn(areas))
    if not valid:
        rows = rows[over(only(areas, rows), shapely.is_valid)]
    there = only(areas, rows)
    # Before the tree, so that what both need is not in memory at once.
    lines = linework(there, tolerance_m=tolerance_m)
    tree = tree_of(there)
    unmatched = len(lines.segments)
    length = float(over(there, shapely.length).sum())
    steps = lines.segments[:, 1] - lines.segments[:, 0]
    shared = max(0.0, 1 - float(np.hypot(steps[:, 0], steps[:, 1]).sum()) / length) if length else 0.0
    if unmatched > (1 - _MATCHED_EDGES) * (unmatched + lines.matched) and unmatched > 50_000:
        return Survey(areas, rows, tree, None, np.empty(0, dtype=np.intp), shared, tolerance_m)
    faces = _faces(lines)
    wide = is_wider(faces, tolerance_m / 2)
    faces = faces[wide]
    return Survey(areas, rows, tree, faces, _covering(tree, faces, tolerance_m), shared, tolerance_m)


def _faces(lines: Linework) -> Shapes:
    if not len(lines.segments):
        return np.empty(0, dtype=object)
    # One after the other they are fewer, and quicker to part where they cross.
    merged = shapely.line_merge(shapely.MultiLineString(list(lines.segments)))
    noded = shapely.union_all(merged)
    return np.asarray(shapely.get_parts(shapely.polygonize([noded])), dtype=object)


def _inner_points(faces: Shapes, depth: float) -> Shapes:
    """Return a place well inside each face, where one can be had: vertices that were joined moved its boundary."""
    points: Shapes = np.asarray(shapely.point_on_surface(faces), dtype=object)
    shallow = np.flatnonzero(shapely.distance(points, shapely.boundary(faces)) < depth)
    inner = shapely.buffer(faces[shallow], -depth, quad_segs=2, join_style="mitre")
    deep = ~shapely.is_empty(inner)
    points[shallow[deep]] = shapely.point_on_surface(inner[deep])
    return points


def _covering(tree: Tree, faces: Shapes, tolerance_m: float) -> IntArray:
    """Return how many areas cover one place of each face.

    A place on a border that was matched may lie in the noise between both sides: it counts for both, so that ground is
    held for doubly covered at worst, which is cut exactly later, and never for a gap.
    """
    points = _inner_points(faces, tolerance_m * _DEPTH)
    point, _ = tree.query(points, predicate="dwithin", distance=tolerance_m * _BORDER)
    return np.bincount(point, minlength=len(points)).astype(np.intp)


def overlaps(areas: ShapesOrSpool | Survey, *, tolerance_m: float = 0.0) -> Overlaps:
    """Find the pairs of areas that overlap.

    Parameters
    ----------
    areas : ndarray of geometry, shape (n,), or Survey
        In a projected CRS in metres; what is None, empty, invalid or not an area overlaps nothing.
    tolerance_m : float, default 0
        An overlap counts if a circle of this diameter fits in; of a survey its own.

    Returns
    -------
    Overlaps
        In the order of positions. Areas that only touch do not overlap.

    Examples
    --------
    >>> found = overlaps(shapely.box([0, 2, 1], 0, [2, 4, 3], 1))
    >>> found.first.tolist(), found.second.tolist(), found.area_m2.tolist()
    ([0, 1], [2, 2], [1.0, 1.0])
    """
    looked = areas if isinstance(areas, Survey) else survey(areas, tolerance_m=tolerance_m)
    first, second = _pairs(looked)
    return cut(looked.areas, first, second, tolerance_m=looked.tolerance_m)


def _pairs(looked: Survey) -> tuple[IntArray, IntArray]:
    """Return positions of pairs whose bounds meet, among those that reach into a place that is covered twice."""
    there = only(looked.areas, looked.rows)
    among = np.arange(len(there))
    if looked.faces is not None:
        doubled = looked.faces[looked.layers > 1]
        among = np.unique(looked.tree.query(doubled, predicate="intersects")[1])
    first, second = near_pairs(looked.tree, there, among)
    keep = first < second
    if len(among) < len(there):
        keep &= np.isin(second, among)
        # A pair whose other half came first is there already.
    first, second = looked.rows[first[keep]], looked.rows[second[keep]]
    order = np.lexsort((second, first))
    return first[order], second[order]


def near_pairs(tree: Tree, shapes: ShapesOrSpool, rows: IntArray) -> tuple[IntArray, IntArray]:
    """Return pairs of geometries whose bounds meet.

    Parameters
    ----------
    tree : Tree
        Of some geometries.
    shapes : ndarray of geometry, or ShapeSpool
        Others.
    rows : ndarray of int
        Which of the others are asked for.

    Returns
    -------
    first, second : ndarray of int, shape (pairs,)
        Positions among the others, and in the tree.
    """
    found = []
    for start in range(0, len(rows), PART_ROWS):
        some = rows[start : start + PART_ROWS]
        near, other = tree.query(shapes[some])
        found.append(np.stack((some[near], other)))
    first, second = np.concatenate(found, axis=1) if found else np.empty((2, 0), dtype=np.intp)
    return first, second


def cut(areas: ShapesOrSpool, first: IntArray, second: IntArray, *, tolerance_m: float) -> Overlaps:
    """Cut pairs of areas with each other.

    Parameters
    ----------
    areas : ndarray of geometry, shape (n,), or ShapeSpool
        Valid areas, metres.
    first, second : ndarray of int, shape (pairs,)
        Positions of pairs that may overlap.
    tolerance_m : float
        An overlap counts if a circle of this diameter fits in.

    Returns
    -------
    Overlaps
        Those that count, in the same order.
    """
    found = []
    for start in range(0, max(len(first), 1), PART_ROWS):
        one, two = first[start : start + PART_ROWS], second[start : start + PART_ROWS]
        meet = shapely.relate_pattern(areas[one], areas[two], _OVERLAPPING)
        one, two = one[meet], two[meet]
        places = areal(shapely.intersection(areas[one], areas[two]))
        wide = is_wider(places, tolerance_m)
        found.append((one[wide], two[wide], places[wide], shapely.area(places[wide])))
    return Overlaps(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def areal(shapes: Shapes) -> Shapes:
    """Return the parts of geometries that are areas.

    Parameters
    ----------
    shapes : ndarray of geometry, shape (n,)
        Of any type.

    Returns
    -------
    ndarray of geometry, shape (n,)
        Polygons and MultiPolygons; an empty one where there is no area.
    """
    result = shapes.copy()
    # A loop: overlaps that come with a line or a point beside them are few.
    for row in np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION):
        parts = shapely.get_parts(shapes[row])
        areas = parts[shapely.get_dimensions(parts) == _AREAL]
        result[row] = areas[0] if len(areas) == 1 else shapely.multipolygons(areas)
    return result


def gaps(areas: ShapesOrSpool | Survey, *, tolerance_m: float = 0.0) -> Gaps:
    """Find the holes that areas enclose between them.

    Parameters
    ----------
    areas : ndarray of geometry, shape (n,), or Survey
        In a projected CRS in metres; what is None, empty, invalid or not an area fills nothing.
    tolerance_m : float, default 0
        A gap counts if a circle of this diameter fits in; of a survey its own.

    Returns
    -------
    Gaps
        Westernmost first. The outside is no gap, nor is a hole that another area fills.

    Examples
    --------
    >>> ring = shapely.box(0, 0, 9, 9).difference(shapely.box(3, 3, 6, 6))
    >>> gaps(np.array([ring])).area_m2.tolist(), len(gaps(np.array([ring, shapely.box(3, 3, 6, 6)])).places)
    ([9.0], 0)
    """
    looked = areas if isinstance(areas, Survey) else survey(areas, tolerance_m=tolerance_m)
    holes = _holes(looked) if looked.faces is None else looked.faces[looked.layers == 0]
    holes = holes[is_wider(holes, looked.tolerance_m)]
    bounds = shapely.bounds(holes).reshape(-1, 4)
    holes = holes[np.lexsort(bounds.T[::-1])]
    return Gaps(holes, shapely.area(holes))


def _holes(looked: Survey) -> Shapes:
    """Return what is enclosed by the outline of all areas together."""
    # The second union parts rings where they touch.
    outline = shapely.union_all([shapely.boundary(shapely.union_all(looked.areas[looked.rows]))])
    faces = np.asarray(shapely.get_parts(shapely.polygonize([outline])), dtype=object)
    faces = faces[is_wider(faces, looked.tolerance_m)]
    empty: Shapes = faces[_covering(looked.tree, faces, looked.tolerance_m) == 0]
    return empty
