"""OGC API Records: the catalogue of layers, plans, documents and packages, with source, date, licence and coverage."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.auth.persons import GateParameter, PersonParameter
from api.browsing.route import Browsable
from api.errors import BadParameterError
from api.links import GEOJSON, JSON, SCHEMA, base_url, collection_url, link, own_links, request_url
from api.openapi import document_of
from api.package_rights import kept_file, noted_exchanges
from api.params import (
    BboxParameter,
    CursorParameter,
    DatetimeParameter,
    LanguageParameter,
    LimitParameter,
    StoreParameter,
    check_page_format,
)
from api.record_documents import CATALOGUE, CATALOGUE_TITLE, catalogue_document, record_document
from api.responses import answer
from layers.errors import UnknownFeatureError
from layers.records import RECORD_TYPES, Record, catalogue_records, select_records
from layers.types import Language, Text

__all__ = ["router"]

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
        "title": CATALOGUE_TITLE.say(language),
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


def _known(request: Request, store: StoreParameter, gate: GateParameter, person: PersonParameter) -> list[Record]:
    """Return the catalogue, as far as it is the reader's concern."""
    return catalogue_records(store, exchanges=noted_exchanges(request, gate, person))


KnownParameter = Annotated[list[Record], Depends(_known)]


def _sent(request: Request, record: Record, language: Language) -> dict[str, Any]:
    kept = record.exchange is not None and kept_file(request, record.exchange) is not None
    return record_document(record, base_url(request), language, kept=kept)


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
    known: KnownParameter,
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
    known : sequence of Record
        The catalogue, as far as it is the reader's concern.
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
        Planned time of a layer, day of decision of a plan, day on which a package was handed out.
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
        known,
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
        link(collection_url(base, CATALOGUE), "collection", JSON, CATALOGUE_TITLE.say(language)),
    ]
    if first + limit < len(found):
        links.append(link(request_url(request, changed=[("cursor", page[-1].id)]), "next", GEOJSON))
    document = {
        "type": "FeatureCollection",
        "timeStamp": dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "numberMatched": len(found),
        "numberReturned": len(page),
        "features": [_sent(request, record, language) for record in page],
        "links": links,
    }
    return answer(document, language=language, media_type=GEOJSON)


@router.get(
    f"/{CATALOGUE}/items/{{recordId:path}}", summary="One record", responses=document_of("record", media_type=GEOJSON)
)
def record(
    request: Request,
    known: KnownParameter,
    recordId: str,  # noqa: N803 - the name in the API
    language: LanguageParameter,
) -> Response:
    """Return one record.

    Parameters
    ----------
    request : Request
        The request.
    known : sequence of Record
        The catalogue, as far as it is the reader's concern.
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
    found = select_records(known, ids=[recordId])
    if not found:
        raise UnknownFeatureError(seen=recordId, where=CATALOGUE)
    return answer(_sent(request, found[0], language), language=language, media_type=GEOJSON)
