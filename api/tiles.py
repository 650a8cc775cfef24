"""OGC API Tiles: tile matrix sets, tilesets of every layer and of chosen layer sets, and vector tiles."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from fastapi.routing import APIRoute
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.auth.persons import admit, gate_of
from api.errors import BadParameterError
from api.links import JSON, base_url
from api.openapi import document_of
from api.params import LanguageParameter, check_format
from api.responses import answer
from api.short import keep
from api.tile_documents import MVT, matrix_set_list, tile_json, tileset_document, tileset_list
from api.tile_params import (
    HANDED_ON,
    GridParameter,
    LayersParameter,
    Place,
    PlaceParameter,
    SpatialParameter,
    TilesParameter,
    chosen_layers,
    spatial_layer,
    tile_format,
    tileset_format,
)
from layers.definitions import LayerDefinition
from layers.store import Store
from layers.store.pages import definition_of
from layers.tiles import Tile, TileGrid, tile_grid
from layers.tiles.asking import TileSelection

__all__ = ["router"]

router = APIRouter(tags=["tiles"], default_response_class=Response)


class _TileRoute(APIRoute):
    """A route that answers requests without parameters on a short way: looking for each costs more than a tile."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        usual = super().get_route_handler()

        async def handler(request: Request) -> Response:
            if request.scope["query_string"]:
                return await usual(request)
            store = gate_of(request).store_for(await admit(request))
            return await run_in_threadpool(_plain, request, store)

        return handler


#: Tiles of one layer, of which a map asks for dozens at once.
_often = APIRouter(tags=["tiles"], default_response_class=Response, route_class=_TileRoute)

#: Tiles from this length on are compressed for readers who take it, bytes.
_ZIP_FROM: Final = 1_000
#: Asked for each time, answered with 304 for as long as nothing has changed in the tile.
_ASKED_AGAIN: Final = "private, no-cache"
#: A proxy may give it out by itself; a day, as a layer may come to show less of its fields.
_LASTING: Final = "public, max-age=86400"
_TILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The tile, by Mapbox Vector Tile 2.1.",
        "content": {MVT: {"schema": {"type": "string", "format": "binary"}}},
    },
    204: {"description": "Nothing of these layers meets the tile."},
    304: {"description": "The tile is still the one that the reader has (`If-None-Match`)."},
}


@router.get(
    "/tileMatrixSets",
    summary="Grids of tiles",
    responses=document_of("tileMatrixSets"),
    dependencies=[Depends(check_format)],
)
def tile_matrix_sets(request: Request, language: LanguageParameter) -> Response:
    """Return every tile matrix set.

    Parameters
    ----------
    request : Request
        The request.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The list.
    """
    return answer(matrix_set_list(base_url(request), language=language), language=language)


@router.get(
    "/tileMatrixSets/{tileMatrixSetId}",
    summary="One grid of tiles",
    responses=document_of("tileMatrixSet"),
    dependencies=[Depends(check_format)],
)
def tile_matrix_set(grid: GridParameter, language: LanguageParameter) -> Response:
    """Return the definition of a tile matrix set.

    Parameters
    ----------
    grid : TileGrid
        The grid.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        By OGC 17-083r4.
    """
    return answer(grid.document(), language=language)


@router.get(
    "/tiles",
    summary="Tilesets of all layers, or of chosen ones",
    responses=document_of("tilesets", problems=(404,)),
    dependencies=[Depends(check_format), Depends(chosen_layers)],
)
def tilesets(
    request: Request, language: LanguageParameter, collections: Annotated[str | None, Query()] = None
) -> Response:
    """Return the tilesets of all layers, or of chosen ones.

    Parameters
    ----------
    request : Request
        The request.
    language : {"vi", "en"}
        The reader's language.
    collections : str or None
        Ids of layers with commas.

    Returns
    -------
    Response
        One a tile matrix set.
    """
    query = "" if collections is None else f"?collections={collections}"
    document = tileset_list(base_url(request), layer=None, language=language, query=query)
    return answer(document, language=language)


@router.get(
    "/collections/{collectionId}/tiles",
    summary="Tilesets of a layer",
    responses=document_of("tilesets"),
    dependencies=[Depends(check_format)],
)
def layer_tilesets(request: Request, definition: SpatialParameter, language: LanguageParameter) -> Response:
    """Return the tilesets of a layer.

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
        One a tile matrix set.
    """
    return answer(tileset_list(base_url(request), layer=definition, language=language), language=language)


def _tileset(
    request: Request,
    store: Store,
    grid: TileGrid,
    definitions: Sequence[LayerDefinition],
    *,
    one: bool,
    as_tile_json: bool,
) -> Mapping[str, Any]:
    if as_tile_json and grid.id != "WebMercatorQuad":
        raise BadParameterError(seen="tilejson", wanted="json", where="f")
    language = request.state.language
    query = {name: value for name, value in request.query_params.items() if name in HANDED_ON}
    layers = [(definition, store.extent(definition.id)) for definition in definitions]
    base = base_url(request)
    if as_tile_json:
        return tile_json(layers, base=base, one=one, language=language, query=query)
    return tileset_document(grid, layers, base=base, one=one, language=language, query=query)


@router.get(
    "/tiles/{tileMatrixSetId}",
    summary="A tileset of all layers, or of chosen ones",
    responses=document_of("tileset"),
)
def tileset(
    *,
    request: Request,
    tiles: TilesParameter,
    definitions: LayersParameter,
    as_tile_json: Annotated[bool, Depends(tileset_format)],
    language: LanguageParameter,
) -> Response:
    """Return what a tileset holds and where its tiles are.

    Parameters
    ----------
    request : Request
        The request.
    tiles : AskedTiles
        Its grid, and what is handed on to its tiles.
    definitions : list of LayerDefinition
        Its layers.
    as_tile_json : bool
        Whether TileJSON is wanted.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        Metadata by the OGC, or TileJSON.
    """
    tiles.of(definitions)
    request.state.language = language
    document = _tileset(request, tiles.store, tiles.grid, definitions, one=False, as_tile_json=as_tile_json)
    return answer(document, language=language, media_type=JSON)


@router.get(
    "/collections/{collectionId}/tiles/{tileMatrixSetId}",
    summary="A tileset of a layer",
    responses=document_of("tileset"),
)
def layer_tileset(
    *,
    request: Request,
    tiles: TilesParameter,
    definition: SpatialParameter,
    as_tile_json: Annotated[bool, Depends(tileset_format)],
    language: LanguageParameter,
) -> Response:
    """Return what the tileset of a layer holds and where its tiles are.

    Parameters
    ----------
    request : Request
        The request.
    tiles : AskedTiles
        Its grid, and what is handed on to its tiles.
    definition : LayerDefinition
        The layer.
    as_tile_json : bool
        Whether TileJSON is wanted.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        Metadata by the OGC, or TileJSON.
    """
    tiles.of([definition])
    request.state.language = language
    document = _tileset(request, tiles.store, tiles.grid, [definition], one=True, as_tile_json=as_tile_json)
    return answer(document, language=language, media_type=JSON)


def _sent(
    request: Request, store: Store, definitions: Sequence[LayerDefinition], tile: Tile, selection: TileSelection
) -> Response:
    keep(request)
    made = request.app.state.tiles.tile(store, [definition.id for definition in definitions], tile, selection)
    headers = {
        "ETag": f"W/{made.etag}",
        "Cache-Control": _LASTING if _lasts(request, selection) else _ASKED_AGAIN,
        "Vary": "Accept-Encoding, Authorization, Cookie",
    }
    if not made.data:
        return Response(status_code=204, headers=headers)
    known = [entry.strip().removeprefix("W/") for entry in request.headers.get("if-none-match", "").split(",")]
    if made.etag in known or "*" in known:
        return Response(status_code=304, headers=headers)
    body = made.data
    if len(body) >= _ZIP_FROM and "gzip" in request.headers.get("accept-encoding", ""):
        body, headers["Content-Encoding"] = made.zipped, "gzip"
    return Response(body, media_type=MVT, headers=headers)


def _lasts(request: Request, selection: TileSelection) -> bool:
    """Return whether a tile is one of a numbered changeset, which stays as it is, and as everybody may see it."""
    fixed = isinstance(selection.as_of, int) and selection.proposal is None
    return fixed and not any(name in request.headers for name in ("authorization", "cookie"))


def _plain(request: Request, store: Store) -> Response:
    """Answer a request for a tile of a layer as it is now."""
    at = request.path_params
    place = Place(at["tileMatrix"], at["tileRow"], at["tileCol"])
    definition = spatial_layer(definition_of(store, at["collectionId"]))
    return _sent(request, store, [definition], place.on(tile_grid(at["tileMatrixSetId"])), TileSelection())


@router.get(
    "/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}",
    summary="A tile of all layers, or of chosen ones",
    responses=_TILE,
    dependencies=[Depends(tile_format)],
)
def tile(
    *,
    request: Request,
    tiles: TilesParameter,
    place: PlaceParameter,
    definitions: LayersParameter,
    _language: LanguageParameter,
) -> Response:
    """Return a tile of all layers, or of chosen ones.

    Parameters
    ----------
    request : Request
        The request.
    tiles : AskedTiles
        Of which grid, which state, and what features have to meet.
    place : place
        Which tile.
    definitions : list of LayerDefinition
        The layers.

    Returns
    -------
    Response
        A vector tile with an `ETag`; 204 where it is empty, 304 where the reader has it.
    """
    return _sent(request, tiles.store, definitions, place.on(tiles.grid), tiles.of(definitions))


@_often.get(
    "/collections/{collectionId}/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}",
    summary="A tile of a layer",
    responses=_TILE,
    dependencies=[Depends(tile_format)],
)
def layer_tile(
    *,
    request: Request,
    tiles: TilesParameter,
    definition: SpatialParameter,
    place: PlaceParameter,
    _language: LanguageParameter,
) -> Response:
    """Return a tile of a layer.

    Parameters
    ----------
    request : Request
        The request.
    tiles : AskedTiles
        Of which grid, which state, and what features have to meet.
    definition : LayerDefinition
        The layer.
    place : place
        Which tile.

    Returns
    -------
    Response
        A vector tile with an `ETag`; 204 where it is empty, 304 where the reader has it.
    """
    return _sent(request, tiles.store, [definition], place.on(tiles.grid), tiles.of([definition]))


router.include_router(_often)
