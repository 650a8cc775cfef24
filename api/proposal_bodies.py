"""What is sent about proposals, by programs as JSON and by pages as forms, read once into the values that are meant."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import mimetypes
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely
from fastapi import Request
from shapely.errors import GEOSException
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from api.errors import BadBodyError, BodyTooLargeError, InvalidInputError
from api.links import JSON
from api.uploads import FORM, checked_fields, form_fields, read_body
from layers.definitions import STORE_CRS
from layers.merge import CHOICES, KINDS, Resolution
from layers.proposals import Document, ProposalEdit, Withdraw
from layers.store import Decision, Put, Remove
from layers.types import Text

__all__ = [
    "attached_paper",
    "pinned",
    "proposal_edits",
    "read_fields",
    "resolutions_of",
    "text_of",
    "whole_number",
]

JsonObject = dict[str, Any]
#: Longest document that may come with a decision, bytes.
_DOCUMENT_BYTES: Final = 20_000_000
_AROUND: Final = 200_000
_FIELDS: Final = 32
_FORM_BODY: Final = Text(
    vi=f"một biểu mẫu multipart, nhiều nhất {_FIELDS} trường và một tệp",
    en=f"a multipart form of at most {_FIELDS} fields and one file",
)
_MODES: Final = ("upsert", "insert", "update", "replace")
_TEXT: Final = Text(vi="văn bản", en="text")
_OBJECT: Final = Text(vi="một đối tượng JSON", en="a JSON object")
_FEATURES: Final = Text(
    vi="Feature hoặc FeatureCollection của GeoJSON, mỗi đối tượng có id",
    en="a GeoJSON Feature or FeatureCollection, each feature with an id",
)


async def read_fields(request: Request) -> JsonObject:
    """Return what a request says: a JSON object, or the fields of a form.

    Parameters
    ----------
    request : Request
        The request.

    Returns
    -------
    dict
        Values by name; of a form texts, those that were left empty left out, and a file as a `Document`.

    Raises
    ------
    BadBodyError
        If it is neither.
    BodyTooLargeError
        If it is too long.
    UnsupportedMediaTypeError
        If it is of another type.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind == FORM:
        return await _multipart(request)
    if kind != JSON:
        return {name: value for name, value in (await form_fields(request)).items() if value}
    body = await read_body(request)
    try:
        fields = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise BadBodyError(seen=str(error), wanted="JSON", where=request.url.path) from error
    if not isinstance(fields, dict):
        raise BadBodyError(seen=type(fields).__name__, wanted=_OBJECT, where=request.url.path)
    return fields


async def _multipart(request: Request) -> JsonObject:
    """Return the fields of a form that may have a file; nothing is read whose length was not said."""
    announced = request.headers.get("content-length", "")
    if not announced.isdecimal() or int(announced) > _DOCUMENT_BYTES + _AROUND:
        raise BodyTooLargeError(seen=announced, wanted=_DOCUMENT_BYTES, where=request.url.path)
    try:
        fields = await _parts(request)
    except HTTPException as error:
        # Starlette's own word for a body that is no form, or has too many parts.
        raise BadBodyError(seen=error.detail, wanted=_FORM_BODY, where=request.url.path) from error
    kept = checked_fields(request, {name: value for name, value in fields.items() if isinstance(value, str)})
    return {name: value for name, value in fields.items() if name in kept or isinstance(value, Document)}


async def _parts(request: Request) -> JsonObject:
    fields: JsonObject = {}
    async with request.form(max_files=1, max_fields=_FIELDS) as form:
        for name, value in form.multi_items():
            if not isinstance(value, UploadFile):
                fields |= {name: value} if value else {}
                continue
            content = await value.read()
            # A browser sends a field without a file as an empty one.
            if content:
                file = value.filename or name
                type_ = mimetypes.guess_type(file)[0] or "application/octet-stream"
                fields[name] = Document(file, type_, content)
    return fields


def text_of(fields: Mapping[str, Any], name: str, default: str = "") -> str:
    """Return a text.

    Parameters
    ----------
    fields : mapping
        What was sent.
    name : str
        Its name.
    default : str, optional
        What is meant where it was not sent.

    Returns
    -------
    str
        The text.

    Raises
    ------
    InvalidInputError
        If it is anything else, or holds what no database does.
    """
    value = fields.get(name)
    if value is None:
        return default
    if not isinstance(value, str) or "\0" in value:
        raise InvalidInputError(seen=value, wanted=_TEXT, where=name)
    return value


def whole_number(fields: Mapping[str, Any], name: str) -> int | None:
    """Return a whole number.

    Parameters
    ----------
    fields : mapping
        What was sent.
    name : str
        Its name.

    Returns
    -------
    int or None
        None where it was not sent.

    Raises
    ------
    InvalidInputError
        If it is anything else.
    """
    value = fields.get(name)
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) <= 9:
        return int(value)
    raise InvalidInputError(seen=value, wanted=Text(vi="số nguyên", en="a whole number"), where=name)


def attached_paper(fields: Mapping[str, Any]) -> tuple[Decision | None, Document | None]:
    """Return the decision that a move is based on, and its document.

    Parameters
    ----------
    fields : mapping
        What was sent: `decision`, an object with `number` and `date`, or a number with the date in `decided`; and
        `document`, a file, or an object with `name`, `media_type` and `content` in Base64.

    Returns
    -------
    (Decision or None, Document or None)
        As far as they were sent.

    Raises
    ------
    InvalidInputError
        If they mean nothing.
    """
    given = fields.get("decision")
    told = given if isinstance(given, dict) else {"number": given, "date": fields.get("decided")}
    number, date = text_of(told, "number"), text_of(told, "date")
    try:
        day = dt.date.fromisoformat(date) if date else None
    except ValueError as error:
        wanted = Text(vi="ngày như 2030-12-31", en="a date such as 2030-12-31")
        raise InvalidInputError(seen=date, wanted=wanted, where="decided") from error
    if day is not None and not number:
        wanted = Text(vi="cả số quyết định", en="the number of the decision with it")
        raise InvalidInputError(seen=date, wanted=wanted, where="decision")
    return Decision(number, day) if number else None, _document(fields.get("document"))


def _document(given: Any) -> Document | None:
    if given is None or isinstance(given, Document):
        return given
    wanted = Text(vi="name và content (Base64)", en="name and content (Base64)")
    if not isinstance(given, dict):
        raise InvalidInputError(seen=type(given).__name__, wanted=wanted, where="document")
    name, content = text_of(given, "name"), text_of(given, "content")
    type_ = text_of(given, "media_type") or mimetypes.guess_type(name)[0] or "application/octet-stream"
    try:
        return Document(name, type_, base64.b64decode(content, validate=True))
    except (binascii.Error, ValueError) as error:
        raise InvalidInputError(seen=content[:40], wanted=wanted, where="document") from error


def pinned(fields: Mapping[str, Any]) -> tuple[str | None, str | None, tuple[float, float] | None]:
    """Return what a comment is about.

    Parameters
    ----------
    fields : mapping
        What was sent: `layer` and `feature_id`, or `feature` as ``layer/id``; `place`, two numbers.

    Returns
    -------
    (str or None, str or None, (float, float) or None)
        Layer, feature, and place as longitude and latitude.

    Raises
    ------
    InvalidInputError
        If the place is no pair of numbers.
    """
    layer, _, name = text_of(fields, "feature").partition("/")
    layer, name = text_of(fields, "layer", layer), text_of(fields, "feature_id", name)
    place = fields.get("place")
    if place is None:
        return layer or None, name or None, None
    parts = place.split(",") if isinstance(place, str) else place
    try:
        lon, lat = (float(part) for part in parts)
    except (TypeError, ValueError) as error:
        wanted = Text(vi="kinh độ và vĩ độ", en="longitude and latitude")
        raise InvalidInputError(seen=place, wanted=wanted, where="place") from error
    return layer or None, name or None, (lon, lat)


def proposal_edits(fields: Mapping[str, Any]) -> list[ProposalEdit]:
    """Return the edits of a proposal that are meant.

    Parameters
    ----------
    fields : mapping
        What was sent: `layer`; `put`, a GeoJSON Feature or FeatureCollection with ids; `mode`; `remove` and
        `withdraw`, ids. Or `edits`, a list of such objects.

    Returns
    -------
    list of Put, Remove or Withdraw
        In this order for each layer; not checked against any layer yet.

    Raises
    ------
    InvalidInputError
        If it means nothing.
    """
    parts = fields.get("edits", [fields])
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        wanted = Text(vi="danh sách các đối tượng", en="a list of objects")
        raise InvalidInputError(seen=type(parts).__name__, wanted=wanted, where="edits")
    return [edit for part in parts for edit in _edits(part)]


def _edits(part: Mapping[str, Any]) -> list[ProposalEdit]:
    layer, mode = text_of(part, "layer"), text_of(part, "mode", "upsert")
    if not layer:
        raise InvalidInputError(seen="", wanted=Text(vi="mã lớp", en="the id of a layer"), where="layer")
    if mode not in _MODES:
        raise InvalidInputError(seen=mode, wanted=", ".join(_MODES), where="mode")
    edits: list[ProposalEdit] = []
    if (put := part.get("put")) is not None:
        edits.append(Put(layer, _frame(put), cast("Any", mode)))
    for name, kind in (("remove", Remove), ("withdraw", Withdraw)):
        if ids := _ids(part.get(name), name):
            edits.append(kind(layer, ids))
    return edits


def _ids(given: Any, where: str) -> list[str]:
    ids = [given] if isinstance(given, str) else [] if given is None else given
    if not isinstance(ids, list) or not all(isinstance(one, str) and "\0" not in one for one in ids):
        raise InvalidInputError(seen=given, wanted=Text(vi="danh sách mã", en="a list of ids"), where=where)
    return ids


def _frame(given: Any) -> gpd.GeoDataFrame:
    """Return GeoJSON features as a frame, as they were sent."""
    features = given.get("features", [given]) if isinstance(given, dict) else None
    if not isinstance(features, list) or not all(map(_is_feature, features)):
        raise InvalidInputError(seen=type(given).__name__, wanted=_FEATURES, where="put")
    properties = [dict(feature.get("properties") or {}) for feature in features]
    named = [feature.get("id", own.pop("feature_id", None)) for feature, own in zip(features, properties, strict=True)]
    if not all(isinstance(one, str | int) and not isinstance(one, bool) and "\0" not in str(one) for one in named):
        raise InvalidInputError(seen=named[:3], wanted=_FEATURES, where="put")
    shapes = [feature.get("geometry") for feature in features]
    texts = [None if shape is None else orjson.dumps(shape).decode() for shape in shapes]
    try:
        geometry = shapely.from_geojson(np.array(texts, dtype=object))
    except GEOSException as error:
        wanted = Text(vi="hình học GeoJSON", en="GeoJSON geometries")
        raise InvalidInputError(seen=str(error)[:120], wanted=wanted, where="put") from error
    table = pd.DataFrame(properties, index=[str(one) for one in named], dtype=object)
    return gpd.GeoDataFrame(table, geometry=geometry, crs=STORE_CRS)


def _is_feature(given: Any) -> bool:
    if not isinstance(given, dict) or given.get("type") != "Feature":
        return False
    return isinstance(given.get("properties"), dict | None) and isinstance(given.get("geometry"), dict | None)


def resolutions_of(fields: Mapping[str, Any]) -> list[Resolution]:
    """Return how conflicts are meant to be resolved.

    Parameters
    ----------
    fields : mapping
        What was sent: `choice`, and as far as it is narrowed `layer`, `kind`, `feature_id`, `field`, `other`; `value`.
        Or `resolutions`, a list of such objects.

    Returns
    -------
    list of Resolution
        In their order.

    Raises
    ------
    InvalidInputError
        If it means nothing.
    """
    parts = fields.get("resolutions", [fields])
    if not isinstance(parts, Sequence) or not all(isinstance(part, dict) for part in parts):
        wanted = Text(vi="danh sách các đối tượng", en="a list of objects")
        raise InvalidInputError(seen=type(parts).__name__, wanted=wanted, where="resolutions")
    return [_resolution(part) for part in parts]


def _resolution(part: Mapping[str, Any]) -> Resolution:
    choice, kind = text_of(part, "choice"), text_of(part, "kind")
    for given, allowed, where in ((choice, CHOICES, "choice"), (kind, ("", *KINDS), "kind")):
        if given not in allowed:
            raise InvalidInputError(seen=given, wanted=", ".join(one for one in allowed if one), where=where)
    value: Any = part.get("value")
    if isinstance(value, dict):
        try:
            value = shapely.from_geojson(orjson.dumps(value))
        except GEOSException as error:
            wanted = Text(vi="hình học GeoJSON", en="a GeoJSON geometry")
            raise InvalidInputError(seen=str(error)[:120], wanted=wanted, where="value") from error
    return Resolution(
        cast("Any", choice),
        layer=text_of(part, "layer") or None,
        kind=cast("Any", kind or None),
        feature_id=text_of(part, "feature_id") or None,
        field=text_of(part, "field") or None,
        other=text_of(part, "other") or None,
        value=value,
        why=text_of(part, "why"),
    )
