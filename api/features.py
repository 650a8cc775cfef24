"""OGC API Features: landing page, layers and their features in GeoJSON."""

from __future__ import annotations

import datetime as dt
from typing import Any

from fastapi import APIRouter, Depends, Request
from fastapi.routing import APIRoute
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import Scope

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
from api.links import GEOJSON, JSON, SCHEMA, base_url, collection_url, feature_url, link, request_url
from api.openapi import document_of
from api.params import (
    BboxParameter,
    CursorParameter,
    DatetimeParameter,
    FiltersParameter,
    LanguageParameter,
    LayerParameter,
    LimitParameter,
    StoreParameter,
    check_format,
    check_page_format,
    wants_html,
)
from api.records import catalogue_document
from api.responses import answer
from layers.errors import UnknownFeatureError, ValueOutOfRangeError
from layers.geojson import feature_collection, feature_objects
from layers.schema import json_schema, queryables
from layers.store import Extent

__all__ = ["landing", "router"]


class _ForPrograms(APIRoute):
    """A route that steps aside for readers who want a page, so that the page's own route is found."""

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        match, found = super().matches(scope)
        if match is not Match.NONE and scope["type"] == "http":
            request = Request(scope)
            if wants_html(request.headers.get("accept", ""), request.query_params.get("f")):
                return Match.NONE, {}
        return match, found


landing = APIRouter(tags=["capabilities"], default_response_class=Response, route_class=_ForPrograms)
router = APIRouter(default_response_class=Response, dependencies=[Depends(check_format)])


@landing.get(
    "/",
    summary="Landing page: where everything is",
    responses=document_of("landingPage", page=True),
    dependencies=[Depends(check_page_format)],
)
def landing_page(request: Request, language: LanguageParameter) -> Response:
    """Return where everything is; a browser gets the map instead.

    Parameters
    ----------
    request : Request
        The request.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The landing page as JSON.
    """
    return answer(landing_document(base_url(request), language=language), language=language)


@router.get(
    "/conformance",
    tags=["capabilities"],
    summary="Conformance classes that hold",
    responses=document_of("confClasses"),
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


@router.get("/collections", tags=["layers"], summary="All layers", responses=document_of("collections"))
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


@router.get("/collections/{collectionId}", tags=["layers"], summary="One layer", responses=document_of("collection"))
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
    return answer(document, language=language)


@router.get(
    "/collections/{collectionId}/queryables",
    tags=["layers"],
    summary="Fields by which a layer is filtered",
    responses=document_of("layerSchema", media_type=SCHEMA),
)
def layer_queryables(request: Request, definition: LayerParameter, language: LanguageParameter) -> Response:
    """Return by which fields a layer can be filtered.

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
    url = f"{collection_url(base_url(request), definition.id)}/queryables"
    document = layer_schema_document(queryables(definition, language), url=url)
    return answer(document, language=language, media_type=SCHEMA)


@router.get(
    "/collections/{collectionId}/schema",
    tags=["layers"],
    summary="Schema of a layer's features",
    responses=document_of("layerSchema", media_type=SCHEMA),
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
    responses=document_of("featureCollection", media_type=GEOJSON),
)
def items(
    *,
    request: Request,
    store: StoreParameter,
    definition: LayerParameter,
    filters: FiltersParameter,
    bbox: BboxParameter,
    datetime: DatetimeParameter,
    limit: LimitParameter,
    cursor: CursorParameter,
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
    filters : dict of str to value
        Fields and the values they must have.
    bbox : tuple of float or None
        Box that geometries must intersect.
    datetime : Interval or None
        Planned time.
    limit : int
        Features at most.
    cursor : str or None
        Where the page starts.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        A GeoJSON FeatureCollection with links to itself and the next page.
    """
    try:
        page = store.page(definition.id, horizon=datetime, bbox=bbox, where=filters, limit=limit, after=cursor)
    except ValueOutOfRangeError as error:
        if error.where != "after":
            raise
        raise BadParameterError(seen=error.seen, wanted=error.wanted, where="cursor") from error
    links = [
        link(request_url(request), "self", GEOJSON),
        link(collection_url(base_url(request), definition.id), "collection", JSON, definition.title.say(language)),
    ]
    if page.after is not None:
        links.append(link(request_url(request, changed=[("cursor", page.after)]), "next", GEOJSON))
    members: dict[str, Any] = {
        "timeStamp": dt.datetime.now(dt.UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "numberReturned": len(page.features),
        **({} if page.matched is None else {"numberMatched": page.matched}),
        "links": links,
    }
    return answer(feature_collection(page.features, **members), language=language, media_type=GEOJSON)


@router.get(
    "/collections/{collectionId}/items/{featureId:path}",
    tags=["features"],
    summary="One feature",
    responses=document_of("feature", media_type=GEOJSON),
)
def item(
    request: Request,
    store: StoreParameter,
    definition: LayerParameter,
    featureId: str,  # noqa: N803 - the name in the API
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
    found = None if "\0" in featureId else store.read(definition.id, ids=[featureId])
    if found is None or found.empty:
        raise UnknownFeatureError(seen=featureId, where=definition.id)
    base, etag = base_url(request), strong_etag(feature_state(found), language)
    if not_modified(request.headers.get("if-none-match"), etag):
        return Response(status_code=304, headers={"ETag": etag})
    links = [
        link(feature_url(base, definition.id, featureId), "self", GEOJSON),
        link(collection_url(base, definition.id), "collection", JSON, definition.title.say(language)),
    ]
    document = {**feature_objects(found)[0], "links": links}
    return answer(document, language=language, media_type=GEOJSON, headers={"ETag": etag})
