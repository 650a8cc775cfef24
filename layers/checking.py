"""Every check that features go through, in one order: put right, schema, geometry, and what lies beside them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, get_args

import geopandas as gpd
import numpy as np
import shapely

from layers.definitions import STORE_CRS, GeometryType, LayerDefinition
from layers.types import Bounds, Text
from layers.validation import Checked, Issue
from layers.validation.geometry import check_geometries
from layers.validation.mending import mend_geometries

__all__ = ["Findings", "Surroundings", "check_features"]

#: What a file that is for no layer may hold.
_ANYTHING: Final = LayerDefinition(
    id="file",
    title=Text(vi="Tệp", en="File"),
    theme="land",
    geometry=get_args(GeometryType),
    fields=(),
)


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

    def ids(self, layer: str) -> Collection[str] | None:
        """Return the ids of a layer.

        Parameters
        ----------
        layer : str
            A layer's id.

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
    features: gpd.GeoDataFrame, definition: LayerDefinition | None, *, name: str, surroundings: Surroundings | None
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

    Returns
    -------
    Findings
        Issues, and the features as they can be stored.
    """
    features, notes = _flat(features)
    features, mended = mend_geometries(features, layer=name if definition is None else definition.id)
    checked = None
    if definition is None:
        found = [*mended, *(replace(issue, layer=name) for issue in check_geometries(_ANYTHING, features))]
    else:
        checked = Checked(definition, features)
        found = [*mended, *checked.issues]
    return Findings(tuple(_located(found, features)), tuple(notes), checked)


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
