"""Features that come in over the web: one GeoJSON Feature, or a patch of one, read into the form that a store takes."""

from __future__ import annotations

import re
from typing import Annotated, Any, Final
from urllib.parse import unquote

import geopandas as gpd
import numpy as np
import orjson
import shapely
from fastapi import Depends, Request
from shapely.errors import GEOSException
from shapely.geometry.base import BaseGeometry

from api.errors import BadBodyError, BadParameterError, UnsupportedMediaTypeError
from api.links import GEOJSON, JSON
from api.uploads import read_body
from layers.definitions import STORE_CRS
from layers.errors import ValueOutOfRangeError
from layers.geojson import COORDINATE_DECIMALS, attribute_rows
from layers.published import published_crs
from layers.types import Text

__all__ = [
    "MERGE_PATCH",
    "FeatureParameter",
    "JsonObject",
    "PatchParameter",
    "body_id",
    "check_addressable",
    "feature_frame",
    "patched_frame",
    "said_message",
]

JsonObject = dict[str, Any]
MERGE_PATCH: Final = "application/merge-patch+json"
#: Who edits says why.
MESSAGE_HEADER: Final = "Parkplan-Message"
_LONGEST_MESSAGE: Final = 500
_FEATURE: Final = Text(
    vi='một Feature của GeoJSON: {"type": "Feature", "geometry": …, "properties": {…}}',
    en='a GeoJSON Feature: {"type": "Feature", "geometry": …, "properties": {…}}',
)
_GEOMETRY: Final = Text(vi="hình học GeoJSON hoặc null", en="a GeoJSON geometry or null")
_PROPERTIES: Final = Text(vi="đối tượng JSON", en="a JSON object")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")


async def _feature(request: Request) -> JsonObject:
    body = await _object(request, (GEOJSON, JSON))
    if body.get("type") != "Feature" or "geometry" not in body:
        raise BadBodyError(seen=f"type {body.get('type')!r}", wanted=_FEATURE, where=request.url.path)
    return body


async def _patch(request: Request) -> JsonObject:
    return await _object(request, (MERGE_PATCH, GEOJSON, JSON))


FeatureParameter = Annotated[JsonObject, Depends(_feature)]
PatchParameter = Annotated[JsonObject, Depends(_patch)]


async def _object(request: Request, kinds: tuple[str, ...]) -> JsonObject:
    path = request.url.path
    given = request.headers.get("content-type", "")
    if given.partition(";")[0].strip().lower() not in kinds:
        raise UnsupportedMediaTypeError(seen=given, wanted=", ".join(kinds), where=path)
    text = await read_body(request)
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise BadBodyError(seen=error, wanted="JSON", where=path) from error
    if not isinstance(body, dict):
        raise BadBodyError(seen=type(body).__name__, wanted=_FEATURE, where=path)
    properties = body.get("properties")
    if not (properties is None or isinstance(properties, dict)):
        seen = f"properties: {type(properties).__name__}"
        raise BadBodyError(seen=seen, wanted=_PROPERTIES, where=path)
    return body


def body_id(body: JsonObject, *, where: str) -> str | None:
    """Return the id that a feature brings with it.

    Parameters
    ----------
    body : dict
        A Feature or a patch.
    where : str
        Path of the request.

    Returns
    -------
    str or None
        A number as its text; None without one.

    Raises
    ------
    BadBodyError
        If it is neither text nor a whole number.
    """
    given = body.get("id")
    if given is None or (isinstance(given, str) and given and "\0" not in given):
        return None if given is None else check_addressable(given, where=where)
    if isinstance(given, int) and not isinstance(given, bool):
        return str(given)
    wanted = Text(vi="văn bản hoặc số nguyên", en="text or a whole number")
    raise BadBodyError(seen=f"id {given!r}", wanted=wanted, where=where)


def check_addressable(feature_id: str, *, where: str) -> str:
    """Check that a new feature will have an address.

    Parameters
    ----------
    feature_id : str
        Its id.
    where : str
        Path of the request.

    Returns
    -------
    str
        The id.

    Raises
    ------
    ValueOutOfRangeError
        If whatever reads an address would take it for the way to another folder, escaped or not, or would not read it.
    """
    if feature_id in (".", "..") or any(ord(sign) < ord(" ") for sign in feature_id):
        wanted = Text(
            vi="mã khác . và .., không có ký tự điều khiển", en="an id that is no . or .. and has no control character"
        )
        raise ValueOutOfRangeError(seen=feature_id, wanted=wanted, where=where)
    return feature_id


def feature_frame(body: JsonObject, feature_id: str, *, request: Request) -> gpd.GeoDataFrame:
    """Return a Feature as a row.

    Parameters
    ----------
    body : dict
        The Feature.
    feature_id : str
        Its id.
    request : Request
        Its header `Content-Crs` tells the CRS; without it, longitude and latitude of WGS 84.

    Returns
    -------
    GeoDataFrame
        One row in EPSG:4326, with what the Feature says and nothing else; not checked yet.

    Raises
    ------
    BadBodyError
        If the geometry is none.
    CrsError
        If the CRS is not known, or the coordinates have no place in it.
    """
    return _frame(body.get("properties") or {}, _geometry(body["geometry"], request), feature_id)


def patched_frame(
    current: gpd.GeoDataFrame, patch: JsonObject, *, request: Request, whole: bool = False
) -> gpd.GeoDataFrame:
    """Return a feature with a patch laid over it (JSON Merge Patch, RFC 7396).

    Parameters
    ----------
    current : GeoDataFrame
        The feature, one row in the typed form.
    patch : dict
        Members that change; null removes. Of a whole Feature, which replaces it, too.
    request : Request
        As for `feature_frame`.
    whole : bool, optional
        Whether attributes that the patch does not name are removed.

    Returns
    -------
    GeoDataFrame
        One row, not checked yet. A geometry that is the current one, as it is written with so many decimals, is no
        change.

    Raises
    ------
    BadBodyError
        If the geometry is none.
    CrsError
        If the CRS is not known, or the coordinates have no place in it.
    """
    known = {} if whole else attribute_rows(current)[0]
    properties = {**known, **(patch["properties"] or {})} if "properties" in patch else known
    shape: BaseGeometry | None = current.geometry.iloc[0]
    if "geometry" in patch:
        given = _geometry(patch["geometry"], request)
        shape = shape if _written_alike(shape, given) else given
    return _frame(properties, shape, str(current.index[0]))


def _frame(properties: JsonObject, geometry: BaseGeometry | None, feature_id: str) -> gpd.GeoDataFrame:
    columns = {name: _cell(value) for name, value in properties.items() if name != "geometry"}
    shapes = gpd.GeoSeries([geometry], index=[feature_id], crs=STORE_CRS)
    return gpd.GeoDataFrame(columns, geometry=shapes, index=[feature_id])


def _cell(value: Any) -> np.ndarray[Any, np.dtype[np.object_]]:
    """Return a column of one value, which may be a list: a fault of the feature, to be told as such."""
    column = np.empty(1, dtype=object)
    column[0] = value
    return column


def _geometry(given: Any, request: Request) -> BaseGeometry | None:
    if given is None:
        return None
    where = request.url.path
    if not isinstance(given, dict):
        raise BadBodyError(seen=f"geometry: {type(given).__name__}", wanted=_GEOMETRY, where=where)
    try:
        shape = shapely.from_geojson(orjson.dumps(given))
    except (GEOSException, orjson.JSONEncodeError) as error:
        raise BadBodyError(seen=str(error)[:200], wanted=_GEOMETRY, where=where) from error
    if shape.is_empty:
        return None
    if header := request.headers.get("content-crs", "").strip().strip("<>"):
        crs = published_crs(header, where="Content-Crs")
        shape = crs.to_store(np.array([shape], dtype=object), where="Content-Crs")[0]
    return shape


def _written_alike(one: BaseGeometry | None, other: BaseGeometry | None) -> bool:
    """Return whether two geometries are written the same; what is read is rounded and wound the way of GeoJSON."""
    if one is None or other is None:
        return one is other
    written = [
        shapely.orient_polygons(shapely.transform(shape, lambda xy: np.round(xy, COORDINATE_DECIMALS)))
        for shape in (one, other)
    ]
    return bool(shapely.equals_identical(*written))


def said_message(request: Request) -> str | None:
    """Return why somebody edits, if he says so.

    Parameters
    ----------
    request : Request
        Its header `Parkplan-Message` says it; letters that a header cannot hold are written as %C3%A0.

    Returns
    -------
    str or None
        None without the header.

    Raises
    ------
    BadParameterError
        If it is blank, too long or has signs that no text has.
    """
    given = request.headers.get(MESSAGE_HEADER)
    if given is None:
        return None
    text = unquote(given).strip()
    if not text or len(text) > _LONGEST_MESSAGE or _CONTROL.search(text):
        wanted = Text(vi=f"1 đến {_LONGEST_MESSAGE} ký tự", en=f"1 to {_LONGEST_MESSAGE} letters")
        raise BadParameterError(seen=given[:100], wanted=wanted, where=MESSAGE_HEADER)
    return text
