"""OGC API Records: the catalogue of layers, plans and documents, with source, date, licence, quality and coverage."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.browsing.route import Browsable
from api.errors import BadParameterError
from api.links import (
    GEOJSON,
    HTML,
    JSON,
    REL,
    SCHEMA,
    base_url,
    collection_url,
    feature_url,
    link,
    own_links,
    request_url,
)
from api.openapi import document_of
from api.params import (
    BboxParameter,
    CursorParameter,
    DatetimeParameter,
    LanguageParameter,
    LimitParameter,
    StoreParameter,
    check_page_format,
)
from api.responses import answer
from layers.errors import UnknownFeatureError
from layers.records import RECORD_TYPES, Cover, Record, catalogue_records, select_records
from layers.types import Bounds, Language, Text

__all__ = ["CATALOGUE", "catalogue_document", "cover_document", "router"]

JsonObject = dict[str, Any]
#: Id of the collection.
CATALOGUE: Final = "catalogue"
_CORE: Final = "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core"
_TITLE: Final = Text(vi="Danh mục dữ liệu", en="Catalogue")
_DESCRIPTION: Final = Text(
    vi="Mỗi bản ghi nói về một lớp, một quy hoạch hoặc một văn bản: nguồn, ngày, điều khoản sử dụng, độ tin cậy, "
    "phạm vi có dữ liệu.",
    en="A record for each layer, plan and document: source, date, licence, confidence, and where there are data.",
)
_LANGUAGES: Final = {"vi": {"code": "vi", "name": "Tiếng Việt"}, "en": {"code": "en", "name": "English"}}
_ITEMS: Final = Text(vi="Các bản ghi", en="Records")
_DATA: Final = Text(vi="Dữ liệu", en="Data")
_SCHEMA: Final = Text(vi="Lược đồ", en="Schema")
_BY: Final = Text(vi="Tìm bản ghi theo gì", en="By what records are found")
_RULES: Final = Text(vi="Các quy định lấy từ văn bản", en="Rules taken from the document")

_QUERYABLES: Final = {
    "id": Text(vi="Mã bản ghi (ids)", en="Id of the record (ids)"),
    "type": Text(vi="Loại (type)", en="Type (type)"),
    "title": Text(vi="Tên, mô tả, từ khoá (q)", en="Title, description, keywords (q)"),
    "externalIds": Text(vi="Số quyết định, văn bản (externalIds)", en="Number of the decision (externalIds)"),
    "time": Text(vi="Thời gian (datetime)", en="Time (datetime)"),
    "geometry": Text(vi="Phạm vi (bbox)", en="Reach (bbox)"),
}

router = APIRouter(
    tags=["catalogue"],
    default_response_class=Response,
    dependencies=[Depends(check_page_format)],
    prefix="/collections",
    route_class=Browsable,
)


def catalogue_document(base: str, language: Language, *, parent: bool = False) -> JsonObject:
    """Return the catalogue as a collection.

    Parameters
    ----------
    base : str
        Address of the server.
    language : {"vi", "en"}
        Of title and description.
    parent : bool, optional
        Whether it is named in the list of all, where `self` would mean the list.

    Returns
    -------
    dict
        The document.
    """
    url, title = collection_url(base, CATALOGUE), _TITLE.say(language)
    return {
        "id": CATALOGUE,
        "type": "catalog",
        "itemType": "record",
        "title": title,
        "description": _DESCRIPTION.say(language),
        "language": _LANGUAGES[language],
        "languages": list(_LANGUAGES.values()),
        "links": [
            *([link(url, "collection", JSON, title)] if parent else own_links(url, JSON, title)),
            link(f"{url}/items", "items", GEOJSON, _ITEMS.say(language)),
            link(f"{url}/items?f=html", "items", HTML, _ITEMS.say(language)),
            link(f"{url}/queryables", REL + "queryables", SCHEMA, _BY.say(language)),
        ],
    }


@router.get(f"/{CATALOGUE}", summary="The catalogue", responses=document_of("collection"))
def catalogue(request: Request, language: LanguageParameter) -> Response:
    """Return what the catalogue is and where its records are.

    Parameters
    ----------
    request : Request
        The request.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The collection.
    """
    return answer(catalogue_document(base_url(request), language), language=language)


@router.get(
    f"/{CATALOGUE}/queryables",
    summary="By what records are found",
    responses=document_of("layerSchema", media_type=SCHEMA),
)
def catalogue_queryables(request: Request, language: LanguageParameter) -> Response:
    """Return by what records are found: the members that a parameter of the list asks about.

    Parameters
    ----------
    request : Request
        The request.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        A JSON Schema.
    """
    document = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"{collection_url(base_url(request), CATALOGUE)}/queryables",
        "type": "object",
        "title": _TITLE.say(language),
        "properties": {
            "id": {"title": _QUERYABLES["id"].say(language), "type": "string"},
            "type": {"title": _QUERYABLES["type"].say(language), "type": "string", "enum": list(RECORD_TYPES)},
            "title": {"title": _QUERYABLES["title"].say(language), "type": "string"},
            "externalIds": {"title": _QUERYABLES["externalIds"].say(language), "type": "string"},
            "time": {"title": _QUERYABLES["time"].say(language), "type": "string", "format": "date"},
            "geometry": {"title": _QUERYABLES["geometry"].say(language), "format": "geometry-any"},
        },
        "additionalProperties": False,
    }
    return answer(document, language=language, media_type=SCHEMA)


def _listed(text: str | None, where: str, known: tuple[str, ...] = ()) -> list[str]:
    values = [value.strip() for value in (text or "").split(",") if value.strip()]
    for value in values:
        if known and value not in known:
            raise BadParameterError(seen=value, wanted=", ".join(known), where=where)
    return values


@router.get(
    f"/{CATALOGUE}/items",
    summary="Records of the catalogue, page by page",
    responses=document_of("recordCollection", media_type=GEOJSON),
)
def records(
    *,
    request: Request,
    store: StoreParameter,
    q: Annotated[str | None, Query()] = None,
    type: Annotated[str | None, Query(json_schema_extra={"component": "record-type"})] = None,  # noqa: A002
    ids: Annotated[str | None, Query(json_schema_extra={"component": "record-ids"})] = None,
    externalIds: Annotated[str | None, Query()] = None,  # noqa: N803 - the name in the API
    bbox: BboxParameter,
    datetime: DatetimeParameter,
    limit: LimitParameter,
    cursor: CursorParameter,
    language: LanguageParameter,
) -> Response:
    """Return one page of records.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.
    q : str or None
        Texts with commas, one of which has to occur, with or without tone marks.
    type : str or None
        Types of which a record has to be one.
    ids : str or None
        Ids of records.
    externalIds : str or None
        Numbers of decisions and documents.
    bbox : tuple of float or None
        Box that a record's has to meet.
    datetime : Interval or None
        Planned time of a layer, day of decision of a plan.
    limit : int
        Records at most.
    cursor : str or None
        The record after which the page starts.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        A GeoJSON FeatureCollection of records.

    Raises
    ------
    BadParameterError
        If a parameter means nothing.
    """
    found = select_records(
        catalogue_records(store),
        words=q or "",
        types=_listed(type, "type", RECORD_TYPES),
        ids=_listed(ids, "ids"),
        numbers=_listed(externalIds, "externalIds"),
        bbox=bbox,
        time=datetime,
    )
    first = 0
    if cursor is not None:
        places = {record.id: place for place, record in enumerate(found)}
        if cursor not in places:
            wanted = Text(vi="con trỏ do trang trước trả về", en="the cursor that the page before gave")
            raise BadParameterError(seen=cursor, wanted=wanted, where="cursor")
        first = places[cursor] + 1
    page = found[first : first + limit]
    base = base_url(request)
    links = [
        *own_links(request_url(request, without=("f",)), GEOJSON),
        link(collection_url(base, CATALOGUE), "collection", JSON, _TITLE.say(language)),
    ]
    if first + limit < len(found):
        links.append(link(request_url(request, changed=[("cursor", page[-1].id)]), "next", GEOJSON))
    document = {
        "type": "FeatureCollection",
        "timeStamp": dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "numberMatched": len(found),
        "numberReturned": len(page),
        "features": [_record(record, base, language) for record in page],
        "links": links,
    }
    return answer(document, language=language, media_type=GEOJSON)


@router.get(
    f"/{CATALOGUE}/items/{{recordId:path}}", summary="One record", responses=document_of("record", media_type=GEOJSON)
)
def record(
    request: Request,
    store: StoreParameter,
    recordId: str,  # noqa: N803 - the name in the API
    language: LanguageParameter,
) -> Response:
    """Return one record.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.
    recordId : str
        Its id.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        A GeoJSON Feature.

    Raises
    ------
    UnknownFeatureError
        If there is none.
    """
    found = select_records(catalogue_records(store), ids=[recordId])
    if not found:
        raise UnknownFeatureError(seen=recordId, where=CATALOGUE)
    return answer(_record(found[0], base_url(request), language), language=language, media_type=GEOJSON)


def _record(record: Record, base: str, language: Language) -> JsonObject:
    """Return a record as it is sent; what is not known is left out."""
    properties: JsonObject = {
        "type": record.type,
        "title": record.title.say(language),
        "description": "" if record.description is None else record.description.say(language),
        "keywords": [keyword.say(language) for keyword in record.keywords],
        "language": _LANGUAGES[language],
        "languages": list(_LANGUAGES.values()),
        "license": record.licence,
        "source": record.source,
        "confidence": record.confidence,
        "features": record.features,
        "externalIds": [{"value": record.number}] if record.number else [],
    }
    if record.type == "dataset":
        # Nothing known is told as such: it is not the same as nothing there.
        properties["coverage"] = [cover_document(cover) for cover in record.coverage]
        properties["coverageKnown"] = bool(record.coverage)
        properties["formats"] = [{"name": "GeoJSON", "mediaType": GEOJSON}]
    kept = {name: value for name, value in properties.items() if value not in ("", None, [])}
    return {
        "type": "Feature",
        "id": record.id,
        "conformsTo": [_CORE],
        "time": _time(record),
        "geometry": None if record.bounds is None else _box(record.bounds),
        "properties": {**kept, **({"coverage": properties["coverage"]} if record.type == "dataset" else {})},
        "links": _links(record, base, language),
    }


def cover_document(cover: Cover) -> JsonObject:
    """Return where a layer has data, as it is sent; what is not known is left out.

    Parameters
    ----------
    cover : Cover
        Of `layers.records`.

    Returns
    -------
    dict
        Day, completeness, box and source.
    """
    told: JsonObject = {
        "asOf": None if cover.as_of is None else cover.as_of.isoformat(),
        "completeness": cover.completeness,
        "bbox": None if cover.bounds is None else list(cover.bounds),
        "source": cover.source,
    }
    return {name: value for name, value in told.items() if value not in ("", None)}


def _time(record: Record) -> JsonObject | None:
    if record.time is None:
        return None
    start, end = record.time
    if start is not None and start == end:
        return {"date": start.isoformat()}
    return {"interval": [".." if day is None else day.isoformat() for day in (start, end)]}


def _box(bounds: Bounds) -> JsonObject:
    """Return a box as GeoJSON: a point where it has no size, a line where it has no area."""
    west, south, east, north = bounds
    if (west, south) == (east, north):
        return {"type": "Point", "coordinates": [west, south]}
    if west == east or south == north:
        return {"type": "LineString", "coordinates": [[west, south], [east, north]]}
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def _links(record: Record, base: str, language: Language) -> list[dict[str, str]]:
    url, layer = collection_url(base, CATALOGUE), collection_url(base, record.layer)
    links = [
        *own_links(feature_url(base, CATALOGUE, record.id), GEOJSON, record.title.say(language)),
        link(url, "collection", JSON, _TITLE.say(language)),
    ]
    if record.type == "dataset":
        links.append(link(layer, "about", JSON, record.title.say(language)))
        links.append(link(f"{layer}/items", "items", GEOJSON, _DATA.say(language)))
        links.append(link(f"{layer}/schema", "describedby", SCHEMA, _SCHEMA.say(language)))
    elif record.feature_id:
        links.append(link(feature_url(base, record.layer, record.feature_id), "about", GEOJSON, _DATA.say(language)))
    else:
        links.append(link(f"{layer}/items", "related", GEOJSON, _RULES.say(language)))
    return links
