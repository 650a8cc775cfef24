"""What can be put right in a geometry without guessing, and by how much ground that moves.

An outline that crosses itself has no one meaning: what it covers hangs on how it is read. Where two readings, the
even-odd rule and the merging of its rings, and the area that its vertices sum to are as good as the same, the outline
is mended; where they are not, it stays as it is, and the check tells how much a mending would move.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from layers.types import Text
from layers.validation.ground import FloatArray, Shapes, ground_area
from layers.validation.model import Issue, Mask, Repair, Rows
from layers.validation.shapes import AREAL, reason

__all__ = ["MOST_MOVED_M2", "MOST_MOVED_SHARE", "made_valid", "mend_geometries"]

#: Most ground that mending may move: a square metre is the coarsest unit in which parcels are stated in Vietnam.
MOST_MOVED_M2: Final = 1.0
#: And most of the feature's own area: a hundredth of a percent lies far below what any stated area is good for.
MOST_MOVED_SHARE: Final = 1e-4
#: Types of geometries that are drawn vertex by vertex.
_DRAWN: Final = (
    shapely.GeometryType.LINESTRING,
    shapely.GeometryType.POLYGON,
    shapely.GeometryType.MULTILINESTRING,
    shapely.GeometryType.MULTIPOLYGON,
)
#: A single geometry, one of several parts, and what makes the one into the other.
_DRESSES: Final = (
    ("Point", "MultiPoint", shapely.multipoints),
    ("LineString", "MultiLineString", shapely.multilinestrings),
    ("Polygon", "MultiPolygon", shapely.multipolygons),
)
#: Vertices without which there is no line, and no ring.
_LEAST_OF_LINE: Final = 2
_LEAST_OF_RING: Final = 4
_AREAL_DIMENSION: Final = 2


def mend_geometries(
    features: gpd.GeoDataFrame, *, layer: str, wanted: Collection[str] = ()
) -> tuple[gpd.GeoDataFrame, tuple[Issue, ...]]:
    """Put right what can be put right without guessing.

    Parameters
    ----------
    features : GeoDataFrame
        In longitude and latitude. Geometries with heights are left as they are.
    layer : str
        The layer's id, or the name of the file's layer.
    wanted : collection of str, optional
        Geometry types of the layer. A single part becomes a multi-part geometry, or the other way round, where only
        that is one of them: the same place in another dress, and no fault.

    Returns
    -------
    features : GeoDataFrame
        The same rows; geometries without a fault are the same objects.
    issues : tuple of Issue
        One for each thing that was put right, with its `repair`.
    """
    if features.active_geometry_name is None:
        return features, ()
    rows = Rows(layer, features.index)
    given = np.asarray(features.geometry.array)
    shapes = given.copy()
    issues = [*_drop_repeated(shapes, rows), *_make_valid(shapes, rows)]
    if not _dress(shapes, wanted) and not issues:
        return features, ()
    column = gpd.GeoSeries(shapes, index=features.index, crs=features.crs)
    mended = features.assign(**{str(features.active_geometry_name): column})
    return mended, tuple(sorted(issues, key=lambda issue: -1 if issue.row is None else issue.row))


def _dress(shapes: Shapes, wanted: Collection[str]) -> bool:
    """Make parts of one into single geometries and single geometries into parts where only that is wanted, in place."""
    types, changed = shapely.get_type_id(shapes), False
    for single, multi, make in _DRESSES:
        if (single in wanted) == (multi in wanted):
            continue
        if multi in wanted:
            rows = np.flatnonzero((types == shapely.GeometryType[single.upper()]) & ~shapely.is_empty(shapes))
            shapes[rows] = make(shapes[rows], indices=np.arange(len(rows)))
        else:
            several = types == shapely.GeometryType[multi.upper()]
            rows = np.flatnonzero(several & (shapely.get_num_geometries(shapes) == 1))
            shapes[rows] = shapely.get_geometry(shapes[rows], 0)
        changed = changed or bool(len(rows))
    return changed


def made_valid(shapes: Shapes) -> tuple[Shapes, FloatArray]:
    """Return what areas would be if they were made valid, and how much ground that would move.

    Parameters
    ----------
    shapes : ndarray of geometry, shape (n,)
        Areas in longitude and latitude that are not valid, of finite coordinates.

    Returns
    -------
    valid : ndarray of geometry, shape (n,)
        Their rings merged; empty where nothing of an area is left.
    moved : ndarray of float, shape (n,)
        Square metres on the ellipsoid: what the readings of the outline differ by.
    """
    merged = shapely.make_valid(shapes, method="structure", keep_collapsed=False)
    # An area cannot be compared with an outline that is not valid; the even-odd rule is how a map fills it. Part by
    # part: what parts have in common is counted twice in the sum of all, and so is seen there.
    parts, owners = shapely.get_parts(shapes, return_index=True)
    filled = _areas_of(shapely.make_valid(parts, method="linework"))
    pieces = np.split(filled, np.cumsum(np.bincount(owners, minlength=len(shapes)))[:-1])
    together = np.array([shapely.union_all(some) for some in pieces], dtype=object)
    apart = ground_area(shapely.symmetric_difference(merged, together))
    summed = np.abs(ground_area(merged) - ground_area(shapes))
    return merged, np.maximum(apart, summed)


def _areas_of(shapes: Shapes) -> Shapes:
    """Leave the lines and points out that making valid may have set beside the areas."""
    mixed = np.flatnonzero(shapely.get_type_id(shapes) == shapely.GeometryType.GEOMETRYCOLLECTION)
    areas = shapes.copy()
    for row in mixed.tolist():
        areas[row] = shapely.union_all([part for part in shapes[row].geoms if part.area])
    return areas


def _drop_repeated(shapes: Shapes, rows: Rows) -> Iterator[Issue]:
    """Drop vertices that lie where the one before them lies, in place."""
    places, owners = shapely.get_coordinates(shapes, return_index=True)
    repeated = (owners[1:] == owners[:-1]) & (places[1:] == places[:-1]).all(axis=1)
    if not repeated.any():
        return
    # Two parts of a geometry may meet in a vertex: that is none too many.
    marked = np.zeros(len(shapes), dtype=bool)
    marked[owners[:-1][repeated]] = True
    marked &= np.isin(shapely.get_type_id(shapes), _DRAWN) & ~shapely.has_z(shapes)
    dropped, first = _repeated(shapes, marked)
    changed = dropped > 0
    shapes[changed] = shapely.remove_repeated_points(shapes[changed])
    repair = Repair(Text(vi="bỏ các đỉnh lặp", en="the repeated vertices were dropped"))
    for issue in rows.issues(
        changed,
        "geometry-repeated-vertex",
        seen=lambda row: Text(vi=f"{dropped[row]} đỉnh lặp", en=f"repeated vertices: {dropped[row]}"),
        wanted=Text(vi="mỗi đỉnh một lần", en="each vertex once"),
        place=lambda row: shapely.Point(first[row]),
    ):
        yield replace(issue, repair=repair)


def _repeated(shapes: Shapes, marked: Mask) -> tuple[npt.NDArray[np.intp], dict[int, FloatArray]]:
    """Return how many vertices of each geometry can be dropped, and where the first of them lies."""
    rows = np.flatnonzero(marked)
    parts, of_row = shapely.get_parts(shapes[rows], return_index=True)
    areal = shapely.get_dimensions(parts) == _AREAL_DIMENSION
    rings, of_part = shapely.get_rings(parts[areal], return_index=True)
    # Each line and ring by itself.
    pieces = np.concatenate((parts[~areal], rings))
    of_piece = rows[np.concatenate((of_row[~areal], of_row[areal][of_part]))]
    least = np.repeat([_LEAST_OF_LINE, _LEAST_OF_RING], [len(pieces) - len(rings), len(rings)])
    places, owners = shapely.get_coordinates(pieces, return_index=True)
    again = np.flatnonzero((owners[1:] == owners[:-1]) & (places[1:] == places[:-1]).all(axis=1)) + 1
    repeats = np.bincount(owners[again], minlength=len(pieces))
    dropped = np.bincount(of_piece, weights=repeats, minlength=len(shapes)).astype(np.intp)
    # A line or ring of which too little would be left is no line or ring: that is for the check.
    dropped[of_piece[shapely.get_num_coordinates(pieces) - repeats < least]] = 0
    return dropped, dict(zip(of_piece[owners[again]][::-1].tolist(), places[again][::-1], strict=True))


def _make_valid(shapes: Shapes, rows: Rows) -> Iterator[Issue]:
    """Make areas valid where that moves next to nothing, in place."""
    invalid = ~shapely.is_valid(shapes) & (shapely.get_type_id(shapes) >= 0)
    if not invalid.any():
        return
    invalid &= np.isin(shapely.get_type_id(shapes), AREAL) & ~shapely.has_z(shapes)
    invalid[invalid] = _finite(shapes[invalid])
    before = shapes[invalid]
    merged, moved = made_valid(before)
    after, cut = _typed_as(before, merged)
    moved += cut
    changed = invalid.copy()
    changed[invalid] = (
        (shapely.get_type_id(before) == shapely.get_type_id(after))
        & shapely.is_valid(after)
        & ~shapely.is_empty(after)
        & (moved <= np.minimum(MOST_MOVED_M2, MOST_MOVED_SHARE * ground_area(after)))
    )
    said = {row: reason(shapes[row]) for row in np.flatnonzero(changed).tolist()}
    moves = dict(zip(np.flatnonzero(invalid).tolist(), moved.tolist(), strict=True))
    shapes[changed] = after[changed[invalid]]
    done = Text(vi="vẽ lại chỗ không hợp lệ", en="the place that was not valid was redrawn")
    for issue in rows.issues(
        changed,
        "geometry-invalid",
        seen=lambda row: said[row].text,
        wanted=Text(vi="hình học hợp lệ theo OGC", en="a geometry that is valid by OGC simple features"),
        severity="warning",
        place=lambda row: said[row].place,
    ):
        yield replace(issue, repair=Repair(done, moves[issue.row or 0]))


def _finite(shapes: Shapes) -> Mask:
    places, owners = shapely.get_coordinates(shapes, return_index=True)
    finite = np.ones(len(shapes), dtype=bool)
    finite[owners[~np.isfinite(places).all(axis=1)]] = False
    return finite


def _typed_as(before: Shapes, after: Shapes) -> tuple[Shapes, FloatArray]:
    """Give areas the type back that they had, and return how much ground was cut off for it.

    An outline that crosses itself within the last digit of its coordinates leaves specks beside the area.
    """
    one, parts = shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON
    was, became = shapely.get_type_id(before), shapely.get_type_id(after)
    typed, cut = after.copy(), np.zeros(len(after))
    for row in np.flatnonzero((was == parts) & (became == one) & ~shapely.is_empty(after)).tolist():
        typed[row] = shapely.MultiPolygon([after[row]])
    for row in np.flatnonzero((was == one) & (became == parts)).tolist():
        pieces = shapely.get_parts(after[row])
        ground = ground_area(pieces)
        typed[row] = pieces[ground.argmax()]
        cut[row] = ground.sum() - ground.max()
    return typed, cut
