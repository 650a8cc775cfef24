"""What a review looks at: every layer read once, its coverage, its parks and the confidence of its values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Protocol

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis.overlay import BoolArray, GeometryArray, IntArray, areal_pairs, metric_geometry, pair_positions, polygonal_part
from gis.review.coverage import Coverage
from gis.review.hits import Hits, find_hits
from gis.review.layer import Layer, StrArray
from layers.definitions import LayerDefinition
from layers.errors import UnknownLayerError
from layers.schema import empty_features
from layers.time import horizon_interval

__all__ = ["Context", "LayerReader", "frames_reader", "largest_overlaps"]


class LayerReader(Protocol):
    """Reads the features of a layer that exist at a horizon; a store's `read` is one."""

    def __call__(self, layer: str, /, *, horizon: int) -> gpd.GeoDataFrame:
        """Return the features in EPSG:4326, ids as index.

        Parameters
        ----------
        layer : str
            The layer's id.
        horizon : int
            Year; the state on its 31 December.

        Returns
        -------
        GeoDataFrame
            The features.
        """
        ...


def frames_reader(
    frames: Mapping[str, gpd.GeoDataFrame], *, definitions: Mapping[str, LayerDefinition] | None = None
) -> LayerReader:
    """Return a reader of layers that are already in memory, for a notebook or a test.

    Parameters
    ----------
    frames : mapping of str to GeoDataFrame
        Features by layer, EPSG:4326, ids as index; `valid_from` and `valid_to` are heeded where they are columns.
    definitions : mapping of str to LayerDefinition, optional
        Layers that exist without features; none unless given.

    Returns
    -------
    LayerReader
        Raises `UnknownLayerError` for a layer that is in neither.
    """
    empty = definitions or {}

    def read(layer: str, /, *, horizon: int) -> gpd.GeoDataFrame:
        if layer not in frames and layer in empty:
            return empty_features(empty[layer])
        if layer not in frames:
            raise UnknownLayerError(seen=layer, wanted=", ".join(sorted({*frames, *empty})))
        frame, day = frames[layer], pd.Timestamp(str(horizon_interval(horizon).end))
        kept = np.ones(len(frame), dtype=bool)
        if "valid_from" in frame.columns:
            kept &= ~(pd.to_datetime(frame["valid_from"]) > day).to_numpy()
        if "valid_to" in frame.columns:
            kept &= ~(pd.to_datetime(frame["valid_to"]) < day).to_numpy()
        return frame[kept]

    return read


@dataclass(frozen=True, eq=False)
class Context:
    """The layers of one review.

    Attributes
    ----------
    read : LayerReader
        Where features come from.
    horizon : int
        Year.
    definitions : mapping of str to LayerDefinition
        Titles, by layer.
    metric_crs : str
        Projected CRS in metres.
    fresh_since : datetime.date or None
        Coverage as of an earlier day, or of an unknown one, is stale; None lets every coverage count.
    """

    read: LayerReader
    horizon: int
    definitions: Mapping[str, LayerDefinition]
    metric_crs: str
    fresh_since: dt.date | None = None
    _layers: dict[str, Layer] = field(default_factory=dict, repr=False)
    _hits: dict[str, Hits] = field(default_factory=dict, repr=False)
    _park_ids: dict[str, tuple[StrArray, BoolArray]] = field(default_factory=dict, repr=False)

    def layer(self, name: str) -> Layer:
        """Return a layer, read at the first call.

        Parameters
        ----------
        name : str
            Its id.

        Returns
        -------
        Layer
            Its features in order of their ids, so that the order of rows cannot matter.

        Raises
        ------
        UnknownLayerError
            If the reader does not have it.
        """
        if name not in self._layers:
            frame = self.read(name, horizon=self.horizon).sort_index()
            geometry = metric_geometry(frame, crs=self.metric_crs, where=name)
            self._layers[name] = Layer(name, frame, geometry, self.definitions.get(name))
        return self._layers[name]

    @cached_property
    def parks(self) -> Layer:
        """The parks."""
        return self.layer("parks")

    @cached_property
    def _coverages(self) -> dict[str, Coverage]:
        rows = self.layer("coverage")
        complete = (rows.texts("completeness") == "complete") & rows.areal
        fresh = np.ones(len(rows.ids), dtype=bool)
        if self.fresh_since is not None:
            fresh = (pd.to_datetime(rows.column("as_of")) >= pd.Timestamp(self.fresh_since)).to_numpy(dtype=bool)
        layers = rows.texts("layer")
        return {
            name: Coverage(
                _union(rows.geometry[complete & fresh & (layers == name)]),
                _union(rows.geometry[complete & ~fresh & (layers == name)]),
            )
            for name in np.unique(layers[complete])
        }

    def coverage(self, name: str) -> Coverage:
        """Return where a layer is completely covered.

        Parameters
        ----------
        name : str
            Its id.

        Returns
        -------
        Coverage
            Nothing covered if no row of the layer `coverage` speaks of it.
        """
        return self._coverages.get(name, Coverage())

    def park_ids(self, name: str) -> tuple[StrArray, BoolArray]:
        """Return the park of each feature of a layer.

        Parameters
        ----------
        name : str
            A layer; `parks` are their own.

        Returns
        -------
        (ndarray of str, ndarray of bool)
            Park ids, empty where there is none; and whether a park was found by a sketch of its outline. The field
            `park_id` counts where it is filled; else the park that holds the feature, or most of it.
        """
        if name not in self._park_ids:
            self._park_ids[name] = self._find_parks(self.layer(name))
        return self._park_ids[name]

    def _find_parks(self, layer: Layer) -> tuple[StrArray, BoolArray]:
        if layer.id == "parks":
            return layer.ids, np.zeros(len(layer.ids), dtype=bool)
        named = (
            layer.texts("park_id") if "park_id" in layer.frame.columns else np.full(len(layer.ids), "", dtype=object)
        )
        named, sketched = named.copy(), np.zeros(len(named), dtype=bool)
        open_ = np.flatnonzero((named == "") & layer.located)
        parks = self.parks
        i, j = largest_overlaps(layer.geometry[open_], np.where(parks.areal, parks.geometry, np.array(None)))
        named = named.copy()
        named[open_[i]] = parks.ids[j]
        sketched[open_[i]] = parks.indicative[j] | layer.indicative[open_[i]]
        return named, sketched

    def park_hits(self, name: str) -> Hits:
        """Return where the parks meet the features of a layer, found at the first call.

        Parameters
        ----------
        name : str
            The layer.

        Returns
        -------
        Hits
            Of all parks and all features.
        """
        if name not in self._hits:
            self._hits[name] = find_hits(self.parks.geometry, self.layer(name).geometry)
        return self._hits[name]

    @cached_property
    def _low_facts(self) -> dict[tuple[str, str], dict[str, bool]]:
        """Whether a fact is of low confidence, by layer and field, then feature; without facts nothing is known."""
        try:
            facts = self.layer("facts")
        except UnknownLayerError:
            return {}
        found: dict[tuple[str, str], dict[str, bool]] = {}
        columns = (facts.texts(name) for name in ("layer", "field", "feature", "confidence"))
        for layer, name, feature, confidence in zip(*columns, strict=True):
            found.setdefault((layer, name), {})[feature] = confidence == "low"
        return found

    def low_confidence(self, layer: Layer, names: tuple[str, ...]) -> BoolArray:
        """Return for which features a value that counts is of low confidence.

        Parameters
        ----------
        layer : Layer
            The layer.
        names : tuple of str
            The fields that count.

        Returns
        -------
        ndarray of bool, shape (n,)
            By the fact of that very field where one is recorded, else by the feature's own `confidence`.
        """
        own = np.zeros(len(layer.ids), dtype=bool)
        if "confidence" in layer.frame.columns:
            own = layer.texts("confidence") == "low"
        low = np.zeros(len(layer.ids), dtype=bool)
        for name in names:
            facts = self._low_facts.get((layer.id, name), {})
            low |= np.fromiter(
                (facts.get(i, o) for i, o in zip(layer.ids, own, strict=True)), dtype=bool, count=len(own)
            )
        return low


def _union(geometries: GeometryArray) -> Any:
    return shapely.union_all(polygonal_part(geometries)) if len(geometries) else None


def largest_overlaps(left: GeometryArray, right: GeometryArray) -> tuple[IntArray, IntArray]:
    """Return for each geometry the polygon that holds it or most of it.

    Parameters
    ----------
    left : ndarray of geometry
        Mended; points, lines or polygons.
    right : ndarray of geometry
        Mended polygons, or None.

    Returns
    -------
    (ndarray of int, ndarray of int)
        Positions in `left`, each at most once, and in `right`; of equal ones the first counts.
    """
    areal = np.isin(shapely.get_type_id(left), (3, 6))
    i, j, common = areal_pairs(np.where(areal, left, np.array(None)), right)
    p, q = pair_positions(np.where(areal, np.array(None), left), right)
    rows, columns = np.concatenate([i, p]), np.concatenate([j, q])
    sizes = np.concatenate([shapely.area(common), np.ones(len(p))])
    order = np.lexsort((columns, -sizes, rows))
    rows, columns = rows[order], columns[order]
    first = np.concatenate([[True], rows[1:] != rows[:-1]]) if len(rows) else np.zeros(0, dtype=bool)
    return rows[first], columns[first]
