"""Every check that features go through, in one order: put right, schema, geometry, and what lies beside them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from layers.definitions import DEFAULT_METRIC_CRS, STORE_CRS, GeometryType, LayerDefinition, Topology
from layers.georeference import HANOI
from layers.topology import check_topology
from layers.types import Bounds, Text
from layers.validation import Checked, Issue
from layers.validation.declared import check_declared
from layers.validation.mending import mend_geometries
from layers.validation.model import Found
from layers.validation.places import check_places
from layers.validation.references import check_references, referred
from layers.validation.shapes import check_outliers

__all__ = ["Findings", "Surroundings", "check_features"]

#: What a file that is for no layer may hold.
_ANYTHING: Final = LayerDefinition(
    id="file",
    title=Text(vi="Tệp", en="File"),
    theme="land",
    geometry=get_args(GeometryType),
    fields=(),
    topology=Topology(overlaps="warning", gaps="warning", duplicates="warning", dangles="warning", least_shared=0.3),
)
#: The layer of administrative units.
_UNITS: Final = "admin_units"
_WORLD: Final[Bounds] = (-180.0, -90.0, 180.0, 90.0)
#: Features of other layers matter up to some hundred metres.
_NEAR_DEG: Final = 0.005


class Surroundings(Protocol):
    """What a store holds beside the file, as far as checks ask for it."""

    def same(self, layer: str, ids: Sequence[str]) -> gpd.GeoDataFrame:
        """Return those features of a layer that are there already.

        Parameters
        ----------
        layer : str
            A layer's id.
        ids : sequence of str
            Ids of the file's features.

        Returns
        -------
        GeoDataFrame
            Typed, EPSG:4326.
        """

    def near(self, layer: str, bounds: Bounds) -> gpd.GeoDataFrame | None:
        """Return the features of a layer that may touch the file's.

        Parameters
        ----------
        layer : str
            A layer's id.
        bounds : (float, float, float, float)
            Of the file's features, degrees.

        Returns
        -------
        GeoDataFrame or None
            Typed, EPSG:4326; None where there is no such layer.
        """

    def known(self, layer: str, ids: Sequence[str]) -> Collection[str] | None:
        """Return which ids are those of features of a layer.

        Parameters
        ----------
        layer : str
            A layer's id.
        ids : sequence of str
            What the file refers to.

        Returns
        -------
        collection of str or None
            None where there is no such layer.
        """


@dataclass(frozen=True)
class Findings:
    """What checking came to.

    Parameters
    ----------
    issues : tuple of Issue
        Everything found; rows as in the features.
    notes : tuple of Text
        What was changed in all features alike.
    checked : Checked or None
        The features, checked against their layer; None without one.
    """

    issues: tuple[Issue, ...]
    notes: tuple[Text, ...]
    checked: Checked | None


def check_features(
    features: gpd.GeoDataFrame,
    definition: LayerDefinition | None,
    *,
    name: str,
    surroundings: Surroundings | None,
    ready: Callable[[Checked], object] | None = None,
) -> Findings:
    """Put right what can be, and find everything that is wrong with features.

    Parameters
    ----------
    features : GeoDataFrame
        Under the fields of the layer, or under the file's own columns without one; EPSG:4326.
    definition : LayerDefinition or None
        The layer they are for.
    name : str
        What the features are called without a layer.
    surroundings : Surroundings or None
        What they are compared with.
    ready : callable, optional
        Called with the features as soon as each of them is found to be free of errors by itself.

    Returns
    -------
    Findings
        Issues, and the features as they can be stored.
    """
    features, notes = _flat(features)
    layer = name if definition is None else definition.id
    wanted = definition.geometry if definition else ()
    features, mended = mend_geometries(features, layer=layer, wanted=wanted)
    meant = definition or _ANYTHING.model_copy(update={"metric_crs": _local_crs(features)})
    # A file that is for no layer is checked by its geometries alone.
    checked = Checked(meant, features if definition else features[[features.geometry.name]])
    if ready is not None and not checked.errors:
        ready(checked)
    found = [*mended, *checked.issues, *check_outliers(features, layer=layer)]
    found += check_declared(features, definition=definition, layer=layer, metric_crs=meant.metric_crs)
    beside = [_topology(meant, checked.features, surroundings if definition else None)]
    units = None if surroundings is None else surroundings.near(_UNITS, _bounds(features))
    beside.append(check_places(features, units=units, layer=layer, definition=definition))
    if definition is not None and surroundings is not None:
        named = referred(definition, features)
        known = {other: surroundings.known(other, ids) for other, ids in named.items()}
        beside.append(check_references(definition, features, known))
    found += [issue for one in beside for issue in one.issues]
    notes += [text for one in beside for text in one.unchecked]
    placed = [issue if issue.layer == layer else replace(issue, layer=layer) for issue in _located(found, features)]
    placed.sort(key=lambda issue: -1 if issue.row is None else issue.row)
    return Findings(tuple(placed), tuple(notes), checked if definition else None)


def _topology(definition: LayerDefinition, features: gpd.GeoDataFrame, surroundings: Surroundings | None) -> Found:
    """Check how features lie to each other, and to what the layer holds beside them."""
    rules = definition.topology
    if rules is None or not len(features):
        return Found()
    if surroundings is None:
        return Found(check_topology(definition, features))
    bounds = _bounds(features)
    against = {}
    if rules.covered_by is not None and (cover := surroundings.near(rules.covered_by, bounds)) is not None:
        # A layer that lies elsewhere covers nothing here; one that is empty says nothing.
        against[rules.covered_by] = surroundings.near(rules.covered_by, _WORLD) if cover.empty else cover
    there = surroundings.near(definition.id, bounds)
    ids = features.index
    if there is None or there.empty or there.index.isin(ids).all():
        return Found(check_topology(definition, features, against=against))
    whole = pd.concat([features, there[~there.index.isin(ids)]])
    found = check_topology(definition, whole, against=against, touched=ids.tolist())
    rows = len(features)
    # What lies in the layer already has no row in the file.
    return Found(tuple(one if one.row is None or one.row < rows else replace(one, row=None) for one in found))


def _bounds(features: gpd.GeoDataFrame) -> Bounds:
    """Return where other features may touch these: their bounds, some hundred metres wider."""
    found = _total_bounds(features)
    if found is None:
        return 0.0, 0.0, 0.0, 0.0
    minx, miny, maxx, maxy = found
    west, south = max(minx - _NEAR_DEG, -180.0), max(miny - _NEAR_DEG, -90.0)
    return west, south, min(maxx + _NEAR_DEG, 180.0), min(maxy + _NEAR_DEG, 90.0)


def _total_bounds(features: gpd.GeoDataFrame) -> Bounds | None:
    """Return the bounds of features; None where there are none, or none that are numbers on the earth."""
    shapes = np.asarray(features.geometry.array)
    there = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
    bounds = shapely.bounds(there)
    bounds = bounds[np.isfinite(bounds).all(axis=1)]
    if not len(bounds):
        return None
    (minx, miny), (maxx, maxy) = bounds[:, :2].min(axis=0).tolist(), bounds[:, 2:].max(axis=0).tolist()
    return minx, miny, maxx, maxy


def _local_crs(features: gpd.GeoDataFrame) -> str:
    """Return a projected CRS in metres for data that are for no layer: that of Hanoi, or the UTM zone they lie in."""
    found = _total_bounds(features)
    if found is None:
        return DEFAULT_METRIC_CRS
    minx, miny, maxx, maxy = found
    longitude, latitude = (minx + maxx) / 2, (miny + maxy) / 2
    hanoi = HANOI.polygon.bounds
    if hanoi[0] <= longitude <= hanoi[2] and hanoi[1] <= latitude <= hanoi[3]:
        return DEFAULT_METRIC_CRS
    zone = int(np.clip(np.floor((longitude + 180) / 6) + 1, 1, 60))
    return f"EPSG:{(32600 if latitude >= 0 else 32700) + zone}"


def _flat(features: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, list[Text]]:
    """Leave heights out, and tell."""
    shapes = np.asarray(features.geometry.array)
    high = int(shapely.has_z(shapes).sum())
    if not high:
        return features, []
    note = Text(
        vi=f"{high} hình học có cao độ; lớp lưu hai chiều, cao độ bị bỏ.",
        en=f"{high} geometries have heights; the layer is two-dimensional, the heights were left out.",
    )
    flat = gpd.GeoSeries(shapely.force_2d(shapes), index=features.index, crs=STORE_CRS)
    return features.set_geometry(flat), [note]


def _located(issues: Sequence[Issue], features: gpd.GeoDataFrame) -> list[Issue]:
    """Give issues of features without a place of their own that of the feature."""
    bare = [(number, issue.row) for number, issue in enumerate(issues) if issue.place is None and issue.row is not None]
    located = list(issues)
    shapes = np.asarray(features.geometry.array)[[row for _, row in bare]]
    for (number, _), shape in zip(bare, shapes, strict=True):
        if shape is not None and not shape.is_empty and np.isfinite(shapely.get_coordinates(shape)).all():
            located[number] = replace(located[number], place=shape.centroid)
    return located
