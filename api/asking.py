"""By what features can be asked for: fields of a layer and of all, orders, functions."""

from __future__ import annotations

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from api.browsing.route import Browsable
from api.documents import functions_document, layer_schema_document
from api.links import SCHEMA, base_url, collection_url
from api.openapi import document_of
from api.params import LanguageParameter, LayerParameter, check_page_format
from api.responses import answer
from layers.schema import common_queryables, queryables, sortables

__all__ = ["router"]

router = APIRouter(default_response_class=Response, dependencies=[Depends(check_page_format)], route_class=Browsable)


@router.get(
    "/queryables",
    tags=["capabilities"],
    summary="Fields by which every layer is filtered",
    responses=document_of("layerSchema", media_type=SCHEMA),
)
def all_queryables(request: Request, language: LanguageParameter) -> Response:
    """Return by which fields every layer can be filtered.

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
    document = layer_schema_document(common_queryables(language), url=f"{base_url(request)}/queryables")
    return answer(document, language=language, media_type=SCHEMA)


@router.get(
    "/functions",
    tags=["capabilities"],
    summary="Functions that a filter can call",
    responses=document_of("functions"),
)
def functions(language: LanguageParameter) -> Response:
    """Return which functions a filter can call.

    Parameters
    ----------
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The list.
    """
    return answer(functions_document(language=language), language=language)


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
    "/collections/{collectionId}/sortables",
    tags=["layers"],
    summary="Fields by which features are ordered",
    responses=document_of("layerSchema", media_type=SCHEMA),
)
def layer_sortables(request: Request, definition: LayerParameter, language: LanguageParameter) -> Response:
    """Return by which fields a layer's features can be ordered.

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
    url = f"{collection_url(base_url(request), definition.id)}/sortables"
    document = layer_schema_document(sortables(definition, language), url=url)
    return answer(document, language=language, media_type=SCHEMA)
