"""OGC API Features: landing page, layers and their features in GeoJSON."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import orjson
from fastapi import APIRouter, Depends, Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

from api.asking import router as asking_router
from api.browsing.route import Browsable
from api.coverages import CoveragesParameter, coverage_document
from api.documents import (
    collection_document,
    collections_document,
    conformance_document,
    landing_document,
    layer_schema_document,
)
from api.errors import BadParameterError
from api.etags import feature_state, not_modified, strong_etag
from api.filtering import (
    AsOfParameter,
    CrsParameter,
    FormatParameter,
    ItemFormatParameter,
    ItemsFormat,
    PropertiesParameter,
    SelectionParameter,
    SortParameter,
)
from api.finding import coverage_of, emptiness
from api.links import GEOJSON, JSON, JSONFG, SCHEMA, Link, base_url, collection_url, feature_url, link, request_url
from api.openapi import document_of
from api.params import (
    CursorParameter,
    DatetimeParameter,
    LanguageParameter,
    LayerParameter,
    LimitParameter,
    StoreParameter,
    check_page_format,
    prefers_html,
)
from api.proposal_rights import ProposalParameter
from api.record_documents import catalogue_document, cover_document
from api.responses import answer
from api.shaping import MEDIA_TYPES, collection_of_features, content_crs, single_feature
from api.states import STATE_NAMES, state_url
from layers.errors import UnknownFeatureError, ValueOutOfRangeError
from layers.published import CRS84
from layers.records import covers_of
from layers.schema import json_schema
from layers.store import Extent
from layers.store.pages import feature_page

__all__ = ["landing", "router"]


def _in_formats(schema: str) -> dict[int | str, Any]:
    """Return what a route of features declares about its answers.

    Parameters
    ----------
    schema : str
        Name of the component that describes its GeoJSON; JSON-FG has further members.

    Returns
    -------
    dict
        OpenAPI responses by status.
    """
    responses: dict[int | str, Any] = document_of(schema, media_type=GEOJSON)
    content = responses[200]["content"]
    content[JSONFG] = content[GEOJSON]
    responses[200]["headers"] = {
        "Content-Crs": {"description": "CRS of the coordinates, in angle brackets.", "schema": {"type": "string"}}
    }
    return responses


class _ForPrograms(APIRoute):
    """A route that steps aside for readers who want a page, so that the page's own route is found."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, found = super().matches(scope)
        if match is not Match.NONE and scope["type"] == "http" and prefers_html(Request(scope)):
            return Match.NONE, {}
        return match, found


_PAGE_TOO: Final = [Depends(check_page_format)]
landing = APIRouter(tags=["capabilities"], default_response_class=Response, route_class=_ForPrograms)
router = APIRouter(default_response_class=Response, route_class=Browsable)
router.include_router(asking_router)


@landing.get(
    "/",
    summary="Landing page: where everything is",
    responses=document_of("landingPage", problems=(404,)),
    dependencies=_PAGE_TOO,
)
def landing_page(
    request: Request,
    language: LanguageParameter,
    _proposal: ProposalParameter,
    _as_of: AsOfParameter,
    _datetime: DatetimeParameter,
) -> Response:
    """Return where everything is, in the plan or in one of its states; a browser gets the map instead.

    Parameters
    ----------
    request : Request
        The request; what it says of a state is checked by the parameters behind it.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The landing page as JSON.
    """
    asked = {name: text for name, text in request.query_params.items() if name in STATE_NAMES}
    return answer(landing_document(state_url(base_url(request), asked), language=language), language=language)


@router.get(
    "/conformance",
    tags=["capabilities"],
    summary="Conformance classes that hold",
    responses=document_of("confClasses"),
    dependencies=_PAGE_TOO,
)
def conformance(language: LanguageParameter) -> Response:
    """Return which conformance classes hold.

    Parameters
    ----------
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The list.
    """
    return answer(conformance_document(), language=language)


@router.get(
    "/collections",
    tags=["layers"],
    summary="All layers",
    responses=document_of("collections"),
    dependencies=_PAGE_TOO,
)
def collections(
    request: Request, store: StoreParameter, coverages: CoveragesParameter, language: LanguageParameter
) -> Response:
    """Return every layer, in listing order.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.
    coverages : mapping of str to Coverage
        The raster layers.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The list of collections.
    """
    base = base_url(request)
    listed = [
        collection_document(definition, store.extent(layer), base=base, language=language, parent=True)
        for layer, definition in store.layers().items()
    ]
    listed += [coverage_document(coverage, base, language, parent=True) for coverage in coverages.values()]
    listed.append(catalogue_document(base, language, parent=True))
    return answer(collections_document(listed, base=base, language=language), language=language)


@router.get(
    "/collections/{collectionId}",
    tags=["layers"],
    summary="One layer",
    responses=document_of("collection"),
    dependencies=_PAGE_TOO,
)
def collection(
    request: Request,
    store: StoreParameter,
    coverages: CoveragesParameter,
    collectionId: str,  # noqa: N803 - the name in the API
    language: LanguageParameter,
) -> Response:
    """Return one layer.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.
    coverages : mapping of str to Coverage
        The raster layers.
    collectionId : str
        Id of the layer.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The collection.
    """
    if collectionId in coverages:
        return answer(coverage_document(coverages[collectionId], base_url(request), language), language=language)
    definition = store.definition(collectionId)
    extent: Extent = store.extent(definition.id)
    document = collection_document(definition, extent, base=base_url(request), language=language)
    covers = covers_of(coverage_of(store, definition.id)).get(definition.id, ())
    document["coverage"] = [cover_document(cover) for cover in covers]
    return answer(document, language=language)


@router.get(
    "/collections/{collectionId}/schema",
    tags=["layers"],
    summary="Schema of a layer's features",
    responses=document_of("layerSchema", media_type=SCHEMA),
    dependencies=_PAGE_TOO,
)
def layer_schema(request: Request, definition: LayerParameter, language: LanguageParameter) -> Response:
    """Return what a layer's features consist of.

    Parameters
    ----------
    request : Request
        The request.
    definition : LayerDefinition
        The layer.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        A JSON Schema.
    """
    url = f"{collection_url(base_url(request), definition.id)}/schema"
    document = layer_schema_document(json_schema(definition, language), url=url)
    return answer(document, language=language, media_type=SCHEMA)


@router.get(
    "/collections/{collectionId}/items",
    tags=["features"],
    summary="Features of a layer, page by page",
    responses=_in_formats("featureCollection"),
)
def items(
    *,
    request: Request,
    store: StoreParameter,
    definition: LayerParameter,
    selection: SelectionParameter,
    sort: SortParameter,
    limit: LimitParameter,
    cursor: CursorParameter,
    crs: CrsParameter,
    properties: PropertiesParameter,
    form: FormatParameter,
    language: LanguageParameter,
) -> Response:
    """Return one page of a layer's features.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.
    definition : LayerDefinition
        The layer.
    selection : Selection
        Which features.
    sort : tuple of SortKey
        Order of the features.
    limit : int
        Features at most.
    cursor : str or None
        Where the page starts.
    crs : PublishedCrs or None
        Of the coordinates in the answer.
    properties : tuple of str or None
        Fields to give.
    form : {"json", "jsonfg", "html"}
        Format of the answer.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        A GeoJSON FeatureCollection with links to itself and the next page.
    """
    try:
        page = feature_page(store, definition.id, limit=limit, after=cursor, sort=sort, **selection)
    except ValueOutOfRangeError as error:
        if error.where != "after":
            raise
        raise BadParameterError(seen=error.seen, wanted=error.wanted, where="cursor") from error
    given = content_crs(definition, crs, form)
    url, media_type = collection_url(base_url(request), definition.id), MEDIA_TYPES[form]
    links = [
        link(request_url(request), "self", media_type),
        *_other_formats(request, form),
        link(url, "collection", JSON, definition.title.say(language)),
    ]
    if page.after is not None:
        links.append(link(request_url(request, changed=[("cursor", page.after)]), "next", media_type))
    members: dict[str, Any] = {
        "timeStamp": dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "numberReturned": len(page.features),
        **({} if page.matched is None else {"numberMatched": page.matched}),
        "links": links,
    }
    bbox = selection.get("bbox")
    if not page.features and cursor is None and bbox is not None:
        members["coverage"] = emptiness(request, store, definition.id, bbox, language)
    if form != "jsonfg" and given.uri == CRS84 and properties is None:
        document = {
            "type": "FeatureCollection",
            **members,
            "features": [orjson.Fragment(text) for text in page.features],
        }
    else:
        ids = [orjson.loads(text)["id"] for text in page.features]
        state = selection.get("as_of"), selection.get("proposal")
        features = store.read(definition.id, ids=ids, as_of=state[0], proposal=state[1])
        ordered = features.loc[[id_ for id_ in ids if id_ in features.index]]
        document = collection_of_features(
            definition, ordered, format_=form, crs=given, properties=properties, **members
        )
    return answer(document, language=language, media_type=_written(form), headers={"Content-Crs": f"<{given.uri}>"})


def _written(form: ItemsFormat) -> str:
    """Return the media type of the document in which a format is written: a page is made of GeoJSON."""
    return MEDIA_TYPES["json" if form == "html" else form]


def _other_formats(request: Request, form: ItemsFormat) -> list[Link]:
    """Return links to the same in other formats."""
    return [
        link(request_url(request, changed=[("f", other)]), "alternate", media_type)
        for other, media_type in MEDIA_TYPES.items()
        if other != form
    ]


@router.get(
    "/collections/{collectionId}/items/{featureId:path}",
    tags=["features"],
    summary="One feature",
    responses=_in_formats("feature"),
)
def item(
    *,
    request: Request,
    store: StoreParameter,
    definition: LayerParameter,
    featureId: str,  # noqa: N803 - the name in the API
    as_of: AsOfParameter,
    proposal: ProposalParameter,
    crs: CrsParameter,
    properties: PropertiesParameter,
    form: ItemFormatParameter,
    language: LanguageParameter,
) -> Response:
    """Return one feature.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.
    definition : LayerDefinition
        The layer.
    featureId : str
        The feature's id.
    as_of : int or datetime.datetime or None
        Record time.
    proposal : str or None
        The proposal through which the layer is seen.
    crs : PublishedCrs or None
        Of the coordinates in the answer.
    properties : tuple of str or None
        Fields to give.
    form : {"json", "jsonfg", "html"}
        Format of the answer.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        A GeoJSON Feature with links to itself and its collection.

    Raises
    ------
    UnknownFeatureError
        If the layer has no such feature.
    """
    # No database holds a NUL character, so no feature is called so.
    found = None if "\0" in featureId else store.read(definition.id, ids=[featureId], as_of=as_of, proposal=proposal)
    if found is None or found.empty:
        raise UnknownFeatureError(seen=featureId, where=definition.id)
    base, given, media_type = base_url(request), content_crs(definition, crs, form), MEDIA_TYPES[form]
    etag = strong_etag(feature_state(found), language, given.code.replace(":", ""), form, *(properties or ()))
    headers = {"ETag": etag, "Content-Crs": f"<{given.uri}>"}
    if not_modified(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers=headers)
    links = [
        link(feature_url(base, definition.id, featureId), "self", media_type),
        *_other_formats(request, form),
        link(collection_url(base, definition.id), "collection", JSON, definition.title.say(language)),
    ]
    document = single_feature(definition, found, format_=form, crs=given, properties=properties, links=links)
    return answer(document, language=language, media_type=_written(form), headers=headers)
