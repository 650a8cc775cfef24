"""OGC API Tiles: tile matrix sets, tilesets of every layer and of chosen layer sets, and vector tiles."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.errors import BadParameterError
from api.links import JSON, base_url
from api.openapi import document_of
from api.params import DatetimeParameter, LanguageParameter, LayerParameter, StoreParameter, check_format
from api.responses import answer
from api.tile_documents import MVT, matrix_set_list, tile_json, tileset_document, tileset_list
from layers.cql2 import LANGUAGES, Filter, FilterLanguage, parse_filter
from layers.definitions import LayerDefinition
from layers.errors import UnknownLayerError
from layers.store import Store
from layers.tiles import Tile, TileGrid, tile_grid
from layers.tiles.asking import TileSelection
from layers.types import Text

__all__ = ["HANDED_ON", "FilterParameter", "LayersParameter", "SelectionParameter", "router"]

router = APIRouter(tags=["tiles"], default_response_class=Response)

#: Layers that one tile may hold.
MOST_LAYERS: Final = 32
#: Tiles from this length on are compressed for readers who take it, bytes.
_ZIP_FROM: Final = 1_000
#: What a tileset hands on to its tiles.
HANDED_ON: Final = ("collections", "datetime", "as_of", "proposal", "filter", "filter-lang")
_WHOLE: Final = Text(vi="số nguyên từ 0 trở lên", en="a whole number from 0 upwards")
_AS_OF: Final = Text(
    vi="số phiên bản thay đổi, hoặc thời điểm RFC 3339 như 2026-11-24T08:00:00Z",
    en="the number of a changeset, or an RFC 3339 date-time such as 2026-11-24T08:00:00Z",
)
_SPATIAL: Final = Text(vi="lớp có hình học", en="a layer with geometries")

_TILE: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The tile, by Mapbox Vector Tile 2.1.",
        "content": {MVT: {"schema": {"type": "string", "format": "binary"}}},
    },
    204: {"description": "Nothing of these layers meets the tile."},
    304: {"description": "The tile is still the one that the reader has (`If-None-Match`)."},
}


async def _tileset_format(
    f: Annotated[str | None, Query(json_schema_extra={"component": "tileset-format"})] = None,
) -> bool:
    """Return whether TileJSON is wanted."""
    if f not in (None, "json", "tilejson"):
        raise BadParameterError(seen=f, wanted="json, tilejson", where="f")
    return f == "tilejson"


async def _tile_format(f: Annotated[str | None, Query(json_schema_extra={"component": "tile-format"})] = None) -> None:
    if f not in (None, "mvt"):
        raise BadParameterError(seen=f, wanted="mvt", where="f")


def _grid(tileMatrixSetId: str) -> TileGrid:  # noqa: N803 - the name in the API
    return tile_grid(tileMatrixSetId)


GridParameter = Annotated[TileGrid, Depends(_grid)]


def _as_of(text: str) -> int | dt.datetime:
    """Return a changeset or a moment."""
    if re.fullmatch(r"[0-9]{1,9}", text):
        return int(text)
    try:
        moment = dt.datetime.fromisoformat(text.upper())
    except ValueError as error:
        raise BadParameterError(seen=text, wanted=_AS_OF, where="as_of") from error
    if moment.tzinfo is None:
        raise BadParameterError(seen=text, wanted=_AS_OF, where="as_of")
    return moment


async def _asked(
    interval: DatetimeParameter,
    as_of: Annotated[str | None, Query()] = None,
    proposal: Annotated[str | None, Query()] = None,
) -> TileSelection:
    """Return which state of which time is asked for; filters come with the layers."""
    return TileSelection(interval, None if as_of is None else _as_of(as_of), proposal)


SelectionParameter = Annotated[TileSelection, Depends(_asked)]


class _Asked:
    """A filter as it was sent.

    Parameters
    ----------
    filter : str or None
        Its text.
    language : str or None
        Of CQL2.
    """

    def __init__(
        self,
        filter: Annotated[str | None, Query()] = None,  # noqa: A002 - the name in the API
        language: Annotated[str | None, Query(alias="filter-lang")] = None,
    ) -> None:
        known: dict[str, FilterLanguage] = {name: name for name in LANGUAGES}
        if language is not None and language not in known:
            raise BadParameterError(seen=language, wanted=", ".join(known), where="filter-lang")
        self._text = filter
        self._language: FilterLanguage = known.get(language or "", "cql2-text")

    def of(self, definitions: Sequence[LayerDefinition]) -> tuple[Filter, ...]:
        """Return the filter as each layer understands it."""
        if self._text is None:
            return ()
        return tuple(parse_filter(self._text, definition=entry, language=self._language) for entry in definitions)


FilterParameter = Annotated[_Asked, Depends()]


def _chosen(store: StoreParameter, collections: Annotated[str | None, Query()] = None) -> list[LayerDefinition]:
    """Return the layers of a tile: those that are named, else all that have geometries."""
    there = store.layers()
    if collections is None:
        return [definition for definition in there.values() if definition.spatial]
    names = list(dict.fromkeys(collections.split(",")))
    for name in names:
        if name not in there:
            raise UnknownLayerError(seen=name, wanted=", ".join(there) or "-")
        if not there[name].spatial:
            raise BadParameterError(seen=name, wanted=_SPATIAL, where="collections")
    if len(names) > MOST_LAYERS:
        wanted = Text(vi=f"tối đa {MOST_LAYERS} lớp", en=f"{MOST_LAYERS} layers at most")
        raise BadParameterError(seen=len(names), wanted=wanted, where="collections")
    return [there[name] for name in names]


LayersParameter = Annotated[list[LayerDefinition], Depends(_chosen)]


def _spatial(definition: LayerParameter) -> LayerDefinition:
    if not definition.spatial:
        raise BadParameterError(seen=definition.id, wanted=_SPATIAL, where="collectionId")
    return definition


SpatialParameter = Annotated[LayerDefinition, Depends(_spatial)]


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
    responses=document_of("tilesets"),
    dependencies=[Depends(check_format), Depends(_chosen)],
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
    store: StoreParameter,
    grid: GridParameter,
    definitions: LayersParameter,
    selection: SelectionParameter,
    asked: FilterParameter,
    as_tile_json: Annotated[bool, Depends(_tileset_format)],
    language: LanguageParameter,
) -> Response:
    """Return what a tileset holds and where its tiles are.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.
    grid : TileGrid
        Its grid.
    definitions : list of LayerDefinition
        Its layers.
    selection : TileSelection
        What is handed on to its tiles.
    asked : filter
        What is handed on to its tiles.
    as_tile_json : bool
        Whether TileJSON is wanted.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        Metadata by the OGC, or TileJSON.
    """
    del selection
    asked.of(definitions)
    request.state.language = language
    document = _tileset(request, store, grid, definitions, one=False, as_tile_json=as_tile_json)
    return answer(document, language=language, media_type=JSON)


@router.get(
    "/collections/{collectionId}/tiles/{tileMatrixSetId}",
    summary="A tileset of a layer",
    responses=document_of("tileset"),
)
def layer_tileset(
    *,
    request: Request,
    store: StoreParameter,
    definition: SpatialParameter,
    grid: GridParameter,
    selection: SelectionParameter,
    asked: FilterParameter,
    as_tile_json: Annotated[bool, Depends(_tileset_format)],
    language: LanguageParameter,
) -> Response:
    """Return what the tileset of a layer holds and where its tiles are.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.
    definition : LayerDefinition
        The layer.
    grid : TileGrid
        Its grid.
    selection : TileSelection
        What is handed on to its tiles.
    asked : filter
        What is handed on to its tiles.
    as_tile_json : bool
        Whether TileJSON is wanted.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        Metadata by the OGC, or TileJSON.
    """
    del selection
    asked.of([definition])
    request.state.language = language
    document = _tileset(request, store, grid, [definition], one=True, as_tile_json=as_tile_json)
    return answer(document, language=language, media_type=JSON)


def _whole(text: str, name: str) -> int:
    # A longer number is no tile of any grid.
    if not re.fullmatch(r"[0-9]{1,10}", text):
        raise BadParameterError(seen=text, wanted=_WHOLE, where=name)
    return int(text)


class _Place:
    """Where a tile is, as it was sent.

    Parameters
    ----------
    tileMatrix, tileRow, tileCol : str
        Number of the matrix, and of row and column in it.
    """

    def __init__(self, tileMatrix: str, tileRow: str, tileCol: str) -> None:  # noqa: N803 - the names in the API
        self.zoom = _whole(tileMatrix, "tileMatrix")
        self.row = _whole(tileRow, "tileRow")
        self.column = _whole(tileCol, "tileCol")

    def on(self, grid: TileGrid) -> Tile:
        """Return the tile there."""
        return grid.tile(self.zoom, self.row, self.column)


PlaceParameter = Annotated[_Place, Depends()]


def _sent(
    request: Request, store: Store, definitions: Sequence[LayerDefinition], tile: Tile, selection: TileSelection
) -> Response:
    made = request.app.state.tiles.tile(store, [definition.id for definition in definitions], tile, selection)
    headers = {
        "ETag": f"W/{made.etag}",
        # Asked for each time, answered with 304 for as long as nothing has changed in the tile.
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Encoding",
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


@router.get(
    "/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}",
    summary="A tile of all layers, or of chosen ones",
    responses=_TILE,
    dependencies=[Depends(_tile_format)],
)
def tile(
    *,
    request: Request,
    store: StoreParameter,
    grid: GridParameter,
    place: PlaceParameter,
    definitions: LayersParameter,
    selection: SelectionParameter,
    asked: FilterParameter,
    _language: LanguageParameter,
) -> Response:
    """Return a tile of all layers, or of chosen ones.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.
    grid : TileGrid
        The grid.
    place : place
        Which tile.
    definitions : list of LayerDefinition
        The layers.
    selection : TileSelection
        Which state of which time.
    asked : filter
        What features have to meet.

    Returns
    -------
    Response
        A vector tile with an `ETag`; 204 where it is empty, 304 where the reader has it.
    """
    filtered = selection._replace(filters=asked.of(definitions))
    return _sent(request, store, definitions, place.on(grid), filtered)


@router.get(
    "/collections/{collectionId}/tiles/{tileMatrixSetId}/{tileMatrix}/{tileRow}/{tileCol}",
    summary="A tile of a layer",
    responses=_TILE,
    dependencies=[Depends(_tile_format)],
)
def layer_tile(
    *,
    request: Request,
    store: StoreParameter,
    definition: SpatialParameter,
    grid: GridParameter,
    place: PlaceParameter,
    selection: SelectionParameter,
    asked: FilterParameter,
    _language: LanguageParameter,
) -> Response:
    """Return a tile of a layer.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.
    definition : LayerDefinition
        The layer.
    grid : TileGrid
        The grid.
    place : place
        Which tile.
    selection : TileSelection
        Which state of which time.
    asked : filter
        What features have to meet.

    Returns
    -------
    Response
        A vector tile with an `ETag`; 204 where it is empty, 304 where the reader has it.
    """
    filtered = selection._replace(filters=asked.of([definition]))
    return _sent(request, store, [definition], place.on(grid), filtered)
