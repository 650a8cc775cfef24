"""Features as they are given out: which fields, in which CRS, as GeoJSON or JSON-FG."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np

from api.filtering import ItemsFormat
from api.links import GEOJSON, HTML, JSONFG
from layers.definitions import STORE_CRS, LayerDefinition
from layers.formats.jsonfg import jsonfg_document
from layers.geojson import feature_collection
from layers.published import CRS84, PublishedCrs, published_crs

__all__ = ["MEDIA_TYPES", "collection_of_features", "content_crs", "single_feature"]

JsonObject = dict[str, Any]

#: Of what is given out; a page is made of the GeoJSON.
MEDIA_TYPES: Final[dict[ItemsFormat, str]] = {"json": GEOJSON, "jsonfg": JSONFG, "html": HTML}
_TIME: Final = ("valid_from", "valid_to")
#: Members of a JSON-FG document that belong to the whole of it.
_WHOLE: Final = ("conformsTo", "featureType", "coordRefSys")


def content_crs(definition: LayerDefinition, crs: PublishedCrs | None, format_: ItemsFormat) -> PublishedCrs:
    """Return the CRS that an answer's coordinates are in.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    crs : PublishedCrs or None
        The one asked for.
    format_ : {"json", "jsonfg", "html"}
        JSON-FG has the layer's metric CRS unless another is asked for; its `geometry` is always in WGS 84.

    Returns
    -------
    PublishedCrs
        Named by the header `Content-Crs`.
    """
    if crs is not None:
        return crs
    name = f"[{definition.metric_crs}]" if format_ == "jsonfg" and definition.spatial else CRS84
    return published_crs(name, where="crs")


def collection_of_features(
    definition: LayerDefinition,
    features: gpd.GeoDataFrame,
    *,
    format_: ItemsFormat,
    crs: PublishedCrs,
    properties: Sequence[str] | None,
    **members: object,
) -> JsonObject:
    """Return features as a document.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    features : GeoDataFrame
        In the typed form.
    format_ : {"json", "jsonfg", "html"}
        The format.
    crs : PublishedCrs
        Of `content_crs`.
    properties : sequence of str or None
        Fields to give; None gives all.
    **members : object
        Further members of the collection, such as `links`.

    Returns
    -------
    dict
        For `layers.geojson.to_json`.
    """
    if format_ != "jsonfg":
        return feature_collection(_only(features, properties), crs=crs, **members)
    chosen = features if properties is None else _only(features, [*properties, *_TIME])
    geometry = np.array(features.geometry.to_numpy(), dtype=object)
    degrees = crs.code == STORE_CRS
    places = features if degrees else features.set_geometry(crs.from_store(geometry, where="crs"), crs=crs.code)
    document = jsonfg_document(chosen, places, crs=STORE_CRS if degrees else crs.code, feature_type=definition.id)
    return {**document, "coordRefSys": CRS84 if degrees else crs.uri, **members}


def single_feature(
    definition: LayerDefinition,
    features: gpd.GeoDataFrame,
    *,
    format_: ItemsFormat,
    crs: PublishedCrs,
    properties: Sequence[str] | None,
    **members: object,
) -> JsonObject:
    """Return one feature as a document.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    features : GeoDataFrame
        In the typed form, one row.
    format_ : {"json", "jsonfg", "html"}
        The format.
    crs : PublishedCrs
        Of `content_crs`.
    properties : sequence of str or None
        Fields to give; None gives all.
    **members : object
        Further members of the feature, such as `links`.

    Returns
    -------
    dict
        For `layers.geojson.to_json`.
    """
    document = collection_of_features(definition, features, format_=format_, crs=crs, properties=properties)
    whole = {name: document[name] for name in _WHOLE if name in document}
    return {**whole, **document["features"][0], **members}


def _only(features: gpd.GeoDataFrame, names: Sequence[str] | None) -> gpd.GeoDataFrame:
    if names is None:
        return features
    return features[[*dict.fromkeys(names), features.geometry.name]]
