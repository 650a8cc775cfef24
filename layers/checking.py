"""Every check that features go through, in one order: put right, schema, geometry, and what lies beside them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple, Protocol, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from layers.definitions import DEFAULT_METRIC_CRS, STORE_CRS, GeometryType, LayerDefinition, Topology
from layers.georeference import HANOI
from layers.memory import give_back
from layers.spool import Shapes, ShapesOrSpool, ShapeSpool
from layers.topology import check_topology
from layers.types import Bounds, Text
from layers.validation import Checked, Issue
from layers.validation.declared import check_declared
from layers.validation.geometry import check_geometries
from layers.validation.ground import FloatArray
from layers.validation.mending import mend_geometries
from layers.validation.model import Found, Mask
from layers.validation.places import check_places
from layers.validation.references import check_references, referred
from layers.validation.shapes import check_outliers

__all__ = ["Findings", "SpooledFeatures", "Surroundings", "check_features"]

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
class SpooledFeatures:
    """Features whose geometries a file holds: checked part by part.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    attributes : GeoDataFrame
        Under the layer's fields, geometries missing.
    shapes : ShapeSpool
        The geometries, mended, EPSG:4326.
    """

    definition: LayerDefinition
    attributes: gpd.GeoDataFrame
    shapes: ShapeSpool

    def parts(self, taken: Mask | None = None) -> Iterator[Checked]:
        """Return the features part by part.

        Parameters
        ----------
        taken : ndarray of bool, optional
            Which ones; all without it.

        Yields
        ------
        Checked
            The next ones.
        """
        for start, some in self.shapes.parts():
            part = _with_shapes(self.attributes, start, some)
            checked = Checked(self.definition, part)
            yield checked if taken is None else checked.where(taken[start : start + len(some)])


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
    spooled : SpooledFeatures or None
        The same, where a file holds their geometries.
    """

    issues: tuple[Issue, ...]
    notes: tuple[Text, ...]
    checked: Checked | None
    spooled: SpooledFeatures | None = None


def check_features(
    features: gpd.GeoDataFrame,
    definition: LayerDefinition | None,
    *,
    name: str,
    surroundings: Surroundings | None,
    ready: Callable[[Checked], object] | None = None,
    shapes: ShapeSpool | None = None,
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
        Called with the features as soon as each of them is found to be free of errors by itself; not where a file holds
        their geometries.
    shapes : ShapeSpool, optional
        The geometries, where those of `features` are missing.

    Returns
    -------
    Findings
        Issues, and the features as they can be stored.
    """
    layer = name if definition is None else definition.id
    looked = _look(features, definition, layer, shapes)
    features, given = looked.features, looked.shapes
    meant = definition or _ANYTHING.model_copy(update={"metric_crs": _local_crs(looked.bounds)})
    # A file that is for no layer is checked by its geometries alone.
    checked = Checked(meant, features if definition else features[[features.geometry.name]])
    if ready is not None and shapes is None and not checked.errors:
        ready(checked)
    found = [*looked.mended, *checked.issues, *looked.geometry]
    typed, whole = checked.features, None if definition is None or looked.spool is not None else checked
    # Of a large layer a second copy of the attributes counts.
    del checked
    found += check_outliers(looked.bounds, features.index, layer=layer)
    found += check_declared(features, definition=definition, layer=layer, metric_crs=meant.metric_crs, shapes=given)
    around = _bounds(looked.bounds)
    looked = looked._replace(bounds=np.empty((0, 4)))  # of a large layer they count
    if looked.spool is not None:
        give_back()
    beside = [_topology(meant, typed, around, surroundings if definition else None, looked.spool)]
    units = None if surroundings is None else surroundings.near(_UNITS, around)
    beside.append(check_places(features, units=units, layer=layer, definition=definition, shapes=given))
    if definition is not None and surroundings is not None:
        named = referred(definition, features)
        known = {other: surroundings.known(other, ids) for other, ids in named.items()}
        beside.append(check_references(definition, features, known))
    found += [issue for one in beside for issue in one.issues]
    notes = [*looked.notes, *(text for one in beside for text in one.unchecked)]
    placed = [issue if issue.layer == layer else replace(issue, layer=layer) for issue in _located(found, given)]
    placed.sort(key=lambda issue: -1 if issue.row is None else issue.row)
    if looked.spool is None:
        return Findings(tuple(placed), tuple(notes), whole)
    spooled = None if definition is None else SpooledFeatures(definition, features, looked.spool)
    return Findings(tuple(placed), tuple(notes), None, spooled)


class _Looked(NamedTuple):
    """Features whose geometries were put right, one by one.

    What was put right; what is wrong with geometries, where that is not asked together with all else; what was changed
    in all features alike; bounds of each; and the file that holds the geometries, if one does.
    """

    features: gpd.GeoDataFrame
    mended: list[Issue]
    geometry: list[Issue]
    notes: list[Text]
    bounds: FloatArray
    spool: ShapeSpool | None

    @property
    def shapes(self) -> ShapesOrSpool:
        return np.asarray(self.features.geometry.array) if self.spool is None else self.spool


def _look(
    features: gpd.GeoDataFrame, definition: LayerDefinition | None, layer: str, shapes: ShapeSpool | None
) -> _Looked:
    wanted = definition.geometry if definition else ()
    if shapes is None:
        flat, high = _flat(features)
        whole, found = mend_geometries(flat, layer=layer, wanted=wanted)
        bounds = shapely.bounds(np.asarray(whole.geometry.array)).reshape(-1, 4)
        return _Looked(whole, list(found), [], _heights(high), bounds, None)
    spool, high = ShapeSpool(), 0
    mended: list[Issue] = []
    wrong: list[Issue] = []
    every: list[FloatArray] = []
    for start, some in shapes.parts():
        part, count = _flat(_with_shapes(features, start, some))
        part, found = mend_geometries(part, layer=layer, wanted=wanted)
        mended += _further(found, start)
        wrong += _further(check_geometries(definition or _ANYTHING, part), start)
        after = np.asarray(part.geometry.array)
        spool.append(after)
        every.append(shapely.bounds(after).reshape(-1, 4))
        high += count
    shapes.clear()
    return _Looked(features, mended, wrong, _heights(high), np.concatenate(every), spool)


def _with_shapes(features: gpd.GeoDataFrame, start: int, shapes: Shapes) -> gpd.GeoDataFrame:
    """Return some of the features with their geometries."""
    part = features.iloc[start : start + len(shapes)]
    return part.set_geometry(gpd.GeoSeries(shapes, index=part.index, crs=STORE_CRS))


def _further(issues: Iterable[Issue], start: int) -> Iterator[Issue]:
    return (one if one.row is None else replace(one, row=one.row + start) for one in issues)


def _topology(
    definition: LayerDefinition,
    features: gpd.GeoDataFrame,
    bounds: Bounds,
    surroundings: Surroundings | None,
    shapes: ShapeSpool | None,
) -> Found:
    """Check how features lie to each other, and to what the layer holds beside them."""
    rules = definition.topology
    if rules is None or not len(features):
        return Found()
    if surroundings is None:
        return Found(check_topology(definition, features, shapes=shapes))
    against = {}
    if rules.covered_by is not None and (cover := surroundings.near(rules.covered_by, bounds)) is not None:
        # A layer that lies elsewhere covers nothing here; one that is empty says nothing.
        against[rules.covered_by] = surroundings.near(rules.covered_by, _WORLD) if cover.empty else cover
    there = surroundings.near(definition.id, bounds)
    ids = features.index
    if there is None or there.empty or there.index.isin(ids).all():
        return Found(check_topology(definition, features, against=against, shapes=shapes))
    others = there[~there.index.isin(ids)]
    whole = pd.concat([features, others])
    if shapes is not None:
        together = ShapeSpool()
        for _, some in shapes.parts():
            together.append(some)
        together.append(np.asarray(others.geometry.array))
        shapes = together
    found = check_topology(definition, whole, against=against, touched=ids.tolist(), shapes=shapes)
    rows = len(features)
    # What lies in the layer already has no row in the file.
    return Found(tuple(one if one.row is None or one.row < rows else replace(one, row=None) for one in found))


def _bounds(every: FloatArray) -> Bounds:
    """Return where other features may touch these: their bounds, some hundred metres wider."""
    found = _total_bounds(every)
    if found is None:
        return 0.0, 0.0, 0.0, 0.0
    minx, miny, maxx, maxy = found
    west, south = max(minx - _NEAR_DEG, -180.0), max(miny - _NEAR_DEG, -90.0)
    return west, south, min(maxx + _NEAR_DEG, 180.0), min(maxy + _NEAR_DEG, 90.0)


def _total_bounds(every: FloatArray) -> Bounds | None:
    """Return the bounds of features; None where there are none, or none that are numbers on the earth."""
    bounds = every[np.isfinite(every).all(axis=1)]
    if not len(bounds):
        return None
    (minx, miny), (maxx, maxy) = bounds[:, :2].min(axis=0).tolist(), bounds[:, 2:].max(axis=0).tolist()
    return minx, miny, maxx, maxy


def _local_crs(every: FloatArray) -> str:
    """Return a projected CRS in metres for data that are for no layer: that of Hanoi, or the UTM zone they lie in."""
    found = _total_bounds(every)
    if found is None:
        return DEFAULT_METRIC_CRS
    minx, miny, maxx, maxy = found
    longitude, latitude = (minx + maxx) / 2, (miny + maxy) / 2
    hanoi = HANOI.polygon.bounds
    if hanoi[0] <= longitude <= hanoi[2] and hanoi[1] <= latitude <= hanoi[3]:
        return DEFAULT_METRIC_CRS
    zone = int(np.clip(np.floor((longitude + 180) / 6) + 1, 1, 60))
    return f"EPSG:{(32600 if latitude >= 0 else 32700) + zone}"


def _flat(features: gpd.GeoDataFrame) -> tuple[gpd.GeoDataFrame, int]:
    """Leave heights out, and count them."""
    shapes = np.asarray(features.geometry.array)
    high = int(shapely.has_z(shapes).sum())
    if not high:
        return features, 0
    flat = gpd.GeoSeries(shapely.force_2d(shapes), index=features.index, crs=STORE_CRS)
    return features.set_geometry(flat), high


def _heights(high: int) -> list[Text]:
    if not high:
        return []
    return [
        Text(
            vi=f"{high} hình học có cao độ; lớp lưu hai chiều, cao độ bị bỏ.",
            en=f"{high} geometries have heights; the layer is two-dimensional, the heights were left out.",
        )
    ]


def _located(issues: Sequence[Issue], every: ShapesOrSpool) -> list[Issue]:
    """Give issues of features without a place of their own that of the feature."""
    bare = [(number, issue.row) for number, issue in enumerate(issues) if issue.place is None and issue.row is not None]
    located = list(issues)
    shapes = every[np.array([row for _, row in bare], dtype=np.intp)]
    for (number, _), shape in zip(bare, shapes, strict=True):
        if shape is not None and not shape.is_empty and np.isfinite(shapely.get_coordinates(shape)).all():
            located[number] = replace(located[number], place=shape.centroid)
    return located
