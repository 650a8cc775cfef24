"""Which features differ, and in what? Whole columns are compared; shapes are measured for what changed only."""

from __future__ import annotations

from typing import Any, Final, cast

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from layers.coercion import DTYPES
from layers.definitions import STORE_CRS, LayerDefinition
from layers.schema import typed

__all__ = ["GEOMETRY", "MEASURES", "differing", "formed", "geometry_measures", "rows_at"]

#: The name under which a changed shape stands among changed attributes.
GEOMETRY: Final = "geometry"
#: Columns of `geometry_measures`.
MEASURES: Final = (
    "area_before_m2", "area_after_m2", "gained_m2", "lost_m2", "changed_m2", "length_before_m", "length_after_m",
    "displacement_m",
)  # fmt: skip
#: Pairs with more pairs of corners than this are measured by an index of their edges.
_MANY_PAIRS: Final = 250_000

_Mask = npt.NDArray[np.bool_]
_Shapes = npt.NDArray[np.object_]


def formed(definition: LayerDefinition, features: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return features in the typed form of a definition, as they are where they have it already.

    Parameters
    ----------
    definition : LayerDefinition
        The layer; it may have more fields than the features.
    features : GeoDataFrame
        In the typed form of this definition, or of one from which its fields grew.

    Returns
    -------
    GeoDataFrame
        Fields that were not there are missing everywhere.
    """
    fields = definition.all_fields
    there = features.columns.tolist() == [*(field.name for field in fields), GEOMETRY]
    dtypes = features.dtypes.tolist()
    if there and all(str(dtype) == DTYPES[field.type] for field, dtype in zip(fields, dtypes, strict=False)):
        return features
    known = {field.name for field in fields}
    return typed(definition, features[[name for name in features.columns if name in known or name == GEOMETRY]])


def rows_at(features: gpd.GeoDataFrame, places: npt.NDArray[np.intp]) -> gpd.GeoDataFrame:
    """Return the features at some places.

    Parameters
    ----------
    features : GeoDataFrame
        In the typed form.
    places : ndarray of int
        Row numbers, each at most once.

    Returns
    -------
    GeoDataFrame
        The same features where all are wanted in their order.
    """
    if len(places) == len(features) and np.array_equal(places, np.arange(len(features))):
        return features
    return cast("gpd.GeoDataFrame", features.take(places))


def differing(
    definition: LayerDefinition, before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, *, tolerance_m: float = 0.0
) -> dict[str, _Mask]:
    """Return in which attributes the same features differ.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    before, after : GeoDataFrame
        The same features in the same order, in its typed form.
    tolerance_m : float
        A shape no corner of which moved farther than this is the same, metres.

    Returns
    -------
    dict of str to ndarray of bool
        A mask an attribute that differs anywhere, and one for `GEOMETRY`. Missing equals missing, zero equals minus
        zero, and coordinates are compared one by one, so that a turned ring is another shape.
    """
    found: dict[str, _Mask] = {}
    # A plain frame hands out columns several times faster than a GeoDataFrame, which looks for geometry in each.
    old, new = pd.DataFrame(before), pd.DataFrame(after)
    for field in definition.all_fields:
        differs = _differs(field.type, old[field.name].array, new[field.name].array)
        if differs.any():
            found[field.name] = differs
    shapes = _other_shapes(before.geometry.to_numpy(), after.geometry.to_numpy())
    if tolerance_m > 0 and shapes.any():
        places = np.flatnonzero(shapes)
        moved = _displacements(*_metric(definition, before, after, places))
        # What appeared or went has no displacement, and did not move by a little.
        shapes[places] = ~(moved <= tolerance_m)
    if shapes.any():
        found[GEOMETRY] = shapes
    return found


def _other_shapes(before: _Shapes, after: _Shapes) -> _Mask:
    """Return which shapes differ in any coordinate, in type, or in that they are missing."""
    same = shapely.equals_identical(before, after) | (shapely.is_missing(before) & shapely.is_missing(after))
    return np.asarray(~same, dtype=bool)


def _differs(type_: str, old: Any, new: Any) -> _Mask:
    if type_ == "number":
        x, y = np.asarray(old, dtype="float64"), np.asarray(new, dtype="float64")
        return np.asarray((x != y) & ~(np.isnan(x) & np.isnan(y)), dtype=bool)
    if type_ == "date":
        return np.asarray(np.asarray(old).view("int64") != np.asarray(new).view("int64"), dtype=bool)
    absent, missing = np.asarray(old.isna(), dtype=bool), np.asarray(new.isna(), dtype=bool)
    both = ~(absent | missing)
    if not both.any():
        return np.asarray(absent != missing, dtype=bool)
    values = old != new
    plain = values.to_numpy(dtype=bool, na_value=False) if hasattr(values, "to_numpy") else np.asarray(values, bool)
    return np.asarray((absent != missing) | (plain & both), dtype=bool)


def _metric(
    definition: LayerDefinition, before: gpd.GeoDataFrame, after: gpd.GeoDataFrame, places: npt.NDArray[np.intp]
) -> tuple[_Shapes, _Shapes]:
    """Return shapes at some places, in metres."""
    both = np.concatenate([before.geometry.to_numpy()[places], after.geometry.to_numpy()[places]])
    drawn = gpd.GeoSeries(both, crs=STORE_CRS).to_crs(definition.metric_crs).to_numpy()
    return drawn[: len(places)], drawn[len(places) :]


def geometry_measures(definition: LayerDefinition, before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> pd.DataFrame:
    """Measure how the shapes of features changed.

    Parameters
    ----------
    definition : LayerDefinition
        The layer; its metric CRS is measured in.
    before, after : GeoDataFrame
        The same features in the same order, in EPSG:4326; None where there is no shape.

    Returns
    -------
    DataFrame
        One row a feature. Areas in square metres: before, after, `gained_m2`, `lost_m2` and `changed_m2`, the area of
        the symmetric difference, which is their sum. Lengths of lines in metres. `displacement_m`: how far the corner
        lies that is farthest from the other shape (the discrete Hausdorff distance); NaN where one of the two is
        missing.

    Examples
    --------
    >>> from layers.catalogue import shipped_definitions
    >>> parcels = gpd.GeoSeries([shapely.box(0, 0, 1, 1)], index=["a"], crs=4326)
    >>> frame = gpd.GeoDataFrame(geometry=parcels)
    >>> geometry_measures(shipped_definitions()["plots"], frame, frame).loc["a", "changed_m2"].item()
    0.0
    """
    places = np.arange(len(before))
    old, new = _metric(definition, before, after, places)
    differs = _other_shapes(old, new)
    values = np.zeros((len(places), len(MEASURES)))
    frame = pd.DataFrame(values, index=after.index, columns=list(MEASURES))
    frame["area_before_m2"], frame["area_after_m2"] = _areas(old), _areas(new)
    frame["length_before_m"], frame["length_after_m"] = _lengths(old), _lengths(new)
    gained, lost = np.zeros(len(places)), np.zeros(len(places))
    which = np.flatnonzero(differs)
    x, y = _grounds(old[which]), _grounds(new[which])
    gained[which], lost[which] = shapely.area(shapely.difference(y, x)), shapely.area(shapely.difference(x, y))
    frame["gained_m2"], frame["lost_m2"], frame["changed_m2"] = gained, lost, gained + lost
    moved = np.where(shapely.is_missing(old) | shapely.is_missing(new), np.nan, 0.0)
    moved[which] = _displacements(old[which], new[which])
    frame["displacement_m"] = moved
    return frame


def _areas(shapes: _Shapes) -> npt.NDArray[np.float64]:
    return np.nan_to_num(shapely.area(shapes))


def _lengths(shapes: _Shapes) -> npt.NDArray[np.float64]:
    # The length of a polygon would be its edge: that of lines alone is meant.
    return np.where(shapely.get_dimensions(shapes) == 1, np.nan_to_num(shapely.length(shapes)), 0.0)


def _grounds(shapes: _Shapes) -> _Shapes:
    """Return what shapes cover: valid polygons, nothing for the rest."""
    covering = np.full(len(shapes), shapely.Polygon(), dtype=object)
    areal = shapely.get_dimensions(shapes) == 2
    covering[areal] = shapely.make_valid(shapes[areal])
    return covering


def _displacements(old: _Shapes, new: _Shapes) -> npt.NDArray[np.float64]:
    corners = shapely.get_num_coordinates(old) * shapely.get_num_coordinates(new)
    moved = np.full(len(old), np.nan)
    few = corners <= _MANY_PAIRS
    moved[few] = shapely.hausdorff_distance(old[few], new[few])
    for place in np.flatnonzero(~few):
        moved[place] = max(_farthest(old[place], new[place]), _farthest(new[place], old[place]))
    return moved


def _farthest(shape: Any, other: Any) -> float:
    """Return how far the corner of a shape lies that is farthest from another, by an index of the other's edges."""
    edges = shapely.boundary(other) if shapely.get_dimensions(other) == 2 else other
    shapely.prepare(edges)
    return float(shapely.distance(shapely.points(shapely.get_coordinates(shape)), edges).max())
