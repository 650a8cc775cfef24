"""How do features become GeoJSON (RFC 7946)? Columns and geometries are encoded in bulk, features never one by one.

Dates are ISO days, codes stay codes, a missing value is null. Coordinates are WGS 84 longitude and latitude, rounded to
7 decimals (about a centimetre); exterior rings run counterclockwise.
"""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
import shapely

from layers.definitions import STORE_CRS
from layers.errors import CrsError
from layers.published import CRS84, PublishedCrs

__all__ = ["COORDINATE_DECIMALS", "attribute_rows", "feature_collection", "feature_objects", "to_json"]

#: Decimals of a degree that are written: 1e-7 degrees are about 1.1 cm.
COORDINATE_DECIMALS: Final = 7
#: Decimals of a metre: a tenth of a millimetre.
METRE_DECIMALS: Final = 4

JsonObject = dict[str, Any]


def attribute_rows(features: pd.DataFrame) -> list[JsonObject]:
    """Return the attributes of features as JSON values, one mapping a row.

    Parameters
    ----------
    features : DataFrame or GeoDataFrame
        Typed attributes; a geometry column is left out.

    Returns
    -------
    list of dict
        In row order; missing values are None, dates are ISO text.
    """
    geometry = features.geometry.name if isinstance(features, gpd.GeoDataFrame) else None
    names = [str(name) for name in features.columns if name != geometry]
    # A plain frame hands out columns several times faster than a GeoDataFrame, which looks for geometry in each.
    table = pd.DataFrame(features)
    columns = [_json_column(table[name]) for name in features.columns if name != geometry]
    if not columns:
        return [{} for _ in range(len(features))]
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def _json_column(values: pd.Series[Any]) -> list[Any]:
    missing = values.isna().to_numpy()
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        plain = np.datetime_as_string(values.to_numpy(dtype="datetime64[s]"), unit="D").astype(object)
    else:
        plain = values.to_numpy(dtype=object)
    return [None if absent else value for value, absent in zip(plain.tolist(), missing.tolist(), strict=True)]


def _geometries(features: gpd.GeoDataFrame, crs: PublishedCrs | None) -> npt.NDArray[np.object_]:
    """Return GeoJSON text of each geometry; None where it is missing or empty."""
    if features.crs is not None and features.crs != STORE_CRS:
        raise CrsError(seen=features.crs.to_string(), wanted=STORE_CRS, where="GeoJSON")
    shapes = np.array(features.geometry.to_numpy(), dtype=object)
    shapes[shapely.is_empty(shapes)] = None
    decimals = COORDINATE_DECIMALS
    # Rings are turned while x is before y.
    if crs is not None and crs.uri != CRS84:
        shapes = crs.from_store(np.asarray(shapely.orient_polygons(shapes), dtype=object), where="crs")
        decimals = COORDINATE_DECIMALS if crs.geographic else METRE_DECIMALS
    rounded = shapely.transform(shapes, lambda xy: np.round(xy, decimals))
    oriented = rounded if crs is not None and crs.uri != CRS84 else shapely.orient_polygons(rounded)
    return np.asarray(shapely.to_geojson(oriented), dtype=object)


def feature_objects(features: gpd.GeoDataFrame, *, crs: PublishedCrs | None = None) -> list[JsonObject]:
    """Return features as GeoJSON Feature objects, for `to_json`.

    Parameters
    ----------
    features : GeoDataFrame
        Feature ids in the index; CRS EPSG:4326.
    crs : PublishedCrs, optional
        That of the coordinates written, in the order of its axes; longitude and latitude without it.

    Returns
    -------
    list of dict
        One GeoJSON Feature each. The geometry is finished JSON text that only orjson takes in; null where it is missing
        or empty.

    Raises
    ------
    CrsError
        If the features are in another CRS than EPSG:4326, or have no place in `crs`.
    """
    parts = zip(features.index, _geometries(features, crs), attribute_rows(features), strict=True)
    return [
        {
            "type": "Feature",
            "id": str(feature_id),
            "geometry": None if geometry is None else orjson.Fragment(geometry),
            "properties": attributes,
        }
        for feature_id, geometry, attributes in parts
    ]


def feature_collection(features: gpd.GeoDataFrame, *, crs: PublishedCrs | None = None, **members: object) -> JsonObject:
    """Return features as a GeoJSON FeatureCollection, for `to_json`.

    Parameters
    ----------
    features : GeoDataFrame
        Feature ids in the index; CRS EPSG:4326.
    crs : PublishedCrs, optional
        That of the coordinates written, as for `feature_objects`.
    **members : object
        Further members of the collection, such as `links`.

    Returns
    -------
    dict
        The collection.

    Raises
    ------
    CrsError
        If the features are in another CRS than EPSG:4326, or have no place in `crs`.
    """
    return {"type": "FeatureCollection", **members, "features": feature_objects(features, crs=crs)}


def to_json(document: object) -> bytes:
    """Return a document as JSON text in UTF-8.

    Parameters
    ----------
    document : object
        Mappings, lists, text, numbers and what `feature_collection` returns. A number that is not finite becomes null.

    Returns
    -------
    bytes
        Compact JSON.

    Examples
    --------
    >>> to_json({"name": "Phú Nghĩa", "area_ha": float("nan")}).decode()
    '{"name":"Phú Nghĩa","area_ha":null}'
    """
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
