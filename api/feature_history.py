"""How one feature came to be as it is, over HTTP: its versions, and who last set each of its attributes."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.changesets import state_of
from api.feature_parts import PartRoute
from api.links import GEOJSON, JSON, base_url, feature_url, link, own_links, request_url
from api.openapi import document_of
from api.params import LanguageParameter, LayerParameter, StoreParameter, check_page_format
from api.responses import answer
from layers.errors import UnknownFeatureError
from layers.history.blaming import blame
from layers.history.documents import blame_document, versions_document
from layers.types import Text

__all__ = ["router"]

_VERSIONS: Final = Text(vi="Các phiên bản", en="Versions")
_BLAME: Final = Text(vi="Nguồn gốc từng thuộc tính", en="Who set each attribute")

router = APIRouter(
    tags=["history"], default_response_class=Response, dependencies=[Depends(check_page_format)], route_class=PartRoute
)


async def _as_of(
    as_of: Annotated[str | None, Query(json_schema_extra={"component": "history-as-of"})] = None,
) -> int | dt.datetime | None:
    return None if as_of is None else state_of(as_of, where="as_of")


AsOfParameter = Annotated[int | dt.datetime | None, Depends(_as_of)]


@router.get(
    "/collections/{collectionId}/items/{featureId:path}/history",
    summary="Versions of a feature",
    responses=document_of("versions"),
)
def feature_history(
    request: Request,
    store: StoreParameter,
    definition: LayerParameter,
    featureId: str,  # noqa: N803 - the name in the API
    language: LanguageParameter,
) -> Response:
    """Return every version of a feature, oldest first.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.
    definition : LayerDefinition
        The layer.
    featureId : str
        A feature that is or was there.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The versions.

    Raises
    ------
    UnknownFeatureError
        If it was never there.
    """
    if "\0" in featureId:
        raise UnknownFeatureError(seen=featureId, where=definition.id)
    versions = store.history(definition.id, featureId)
    recorded = store.changesets_of({version.changeset for version in versions})
    url = feature_url(base_url(request), definition.id, featureId)
    document = {
        "layer": definition.id,
        "feature": featureId,
        "versions": versions_document(definition, versions, recorded, language=language),
        "links": [
            *own_links(request_url(request, without=("f",))),
            link(url, "canonical", GEOJSON),
            link(f"{url}/blame", "related", JSON, _BLAME.say(language)),
        ],
    }
    return answer(document, language=language)


@router.get(
    "/collections/{collectionId}/items/{featureId:path}/blame",
    summary="Who last set each attribute of a feature",
    responses=document_of("blame"),
)
def feature_blame(
    *,
    request: Request,
    store: StoreParameter,
    definition: LayerParameter,
    featureId: str,  # noqa: N803 - the name in the API
    as_of: AsOfParameter,
    language: LanguageParameter,
) -> Response:
    """Return who last set each attribute of a feature, when, why, and by which decision.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.
    definition : LayerDefinition
        The layer.
    featureId : str
        A feature that is or was there.
    as_of : int, datetime.datetime or None
        As known then.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        By attribute.

    Raises
    ------
    UnknownFeatureError
        If it was never there.
    """
    if "\0" in featureId:
        raise UnknownFeatureError(seen=featureId, where=definition.id)
    found = blame(store, definition.id, featureId, as_of=as_of)
    url = feature_url(base_url(request), definition.id, featureId)
    links = [
        *own_links(request_url(request, without=("f",))),
        link(url, "canonical", GEOJSON),
        link(f"{url}/history", "related", JSON, _VERSIONS.say(language)),
    ]
    return answer({**blame_document(found, language=language), "links": links}, language=language)
