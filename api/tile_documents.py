"""The documents of OGC API Tiles: tile matrix sets, tilesets and TileJSON, from layer definitions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from api.links import JSON, REL, Link, collection_url, link
from layers.definitions import ID_FIELD, LayerDefinition
from layers.store import Extent
from layers.tiles import TileGrid, tile_grids
from layers.types import Bounds, Language, Text

__all__ = [
    "CONFORMANCE",
    "MAX_ZOOM",
    "MVT",
    "matrix_set_list",
    "tile_json",
    "tiles_url",
    "tileset_document",
    "tileset_links",
    "tileset_list",
]

JsonObject = dict[str, Any]

MVT: Final = "application/vnd.mapbox-vector-tile"
#: Last zoom for which clients ask; beyond it they enlarge tiles, whose units are then 4 cm.
MAX_ZOOM: Final = 18
#: Conformance classes, each held to by tests in `tests/api`.
CONFORMANCE: Final = (
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tileset",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/tilesets-list",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/dataset-tilesets",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/geodata-tilesets",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/collections-selection",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/datetime",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/mvt",
    "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/tms/2.0/conf/tilematrixset",
    "http://www.opengis.net/spec/tms/2.0/conf/json-tilematrixset",
)
_TILES: Final = Text(vi="Các bộ ô bản đồ véc-tơ", en="Vector tilesets")
_TILE: Final = Text(vi="Ô bản đồ véc-tơ", en="Vector tile")
_GRID: Final = Text(vi="Lưới ô", en="Tile matrix set")
_GRIDS: Final = Text(vi="Các lưới ô", en="Tile matrix sets")
_THIS: Final = Text(vi="Tài liệu này", en="This document")
_TILE_JSON: Final = Text(vi="TileJSON", en="TileJSON")
_ALL: Final = Text(vi="Mọi lớp không gian", en="All spatial layers")
#: Where the OGC registers the grids that it knows.
_REGISTERED: Final = "http://www.opengis.net/def/tilematrixset/OGC/1.0/"
_CRS: Final[Mapping[str, str]] = {
    "EPSG:3857": "http://www.opengis.net/def/crs/EPSG/0/3857",
    "OGC:CRS84": "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
    "EPSG:5897": "http://www.opengis.net/def/crs/EPSG/0/5897",
}
_KINDS: Final = {"text": "String", "integer": "Number", "number": "Number", "boolean": "Boolean", "date": "String"}
_DIMENSIONS: Final = {"Point": 0, "MultiPoint": 0, "LineString": 1, "MultiLineString": 1}
_DRAWN: Final = Text(
    vi="Mỗi ô có thêm lớp `_drawn`: với mỗi lớp, bao nhiêu đối tượng chạm ô (features) và được vẽ thế nào: riêng "
    "(own), gộp theo loại (merged), gom theo ô lưới nhỏ (aggregated), hay bị che bởi cùng loại (covered).",
    en="Each tile also has a layer `_drawn`: for each layer, how many features meet the tile (features) and how they "
    "are drawn: by themselves (own), merged by class (merged), put together by cell (aggregated), or covered by others "
    "of their class (covered).",
)


def tiles_url(base: str, layer: str | None) -> str:
    """Return the address of the tilesets of a layer, or of all layers.

    Parameters
    ----------
    base : str
        Address of the server.
    layer : str or None
        The layer's id; None for all.

    Returns
    -------
    str
        The address.
    """
    return f"{base}/tiles" if layer is None else f"{collection_url(base, layer)}/tiles"


def tileset_links(base: str, *, layer: str | None, language: Language) -> list[Link]:
    """Return the links by which the landing page or a collection leads to tiles.

    Parameters
    ----------
    base : str
        Address of the server.
    layer : str or None
        The layer's id; None for the landing page.
    language : {"vi", "en"}
        Of titles.

    Returns
    -------
    list of dict
        Links.
    """
    links = [link(tiles_url(base, layer), REL + "tilesets-vector", JSON, _TILES.say(language))]
    if layer is None:
        links.append(link(f"{base}/tileMatrixSets", REL + "tiling-schemes", JSON, _GRIDS.say(language)))
    return links


def matrix_set_list(base: str, *, language: Language) -> JsonObject:
    """Return the list of tile matrix sets.

    Parameters
    ----------
    base : str
        Address of the server.
    language : {"vi", "en"}
        Of titles.

    Returns
    -------
    dict
        The document.
    """
    listed = [
        {
            "id": grid.id,
            "title": grid.title.say(language),
            "crs": _CRS[grid.crs],
            **_uri(grid),
            "links": [link(f"{base}/tileMatrixSets/{grid.id}", "self", JSON, grid.title.say(language))],
        }
        for grid in tile_grids().values()
    ]
    links = [link(f"{base}/tileMatrixSets", "self", JSON, _THIS.say(language))]
    return {"links": links, "tileMatrixSets": listed}


def _uri(grid: TileGrid) -> dict[str, str]:
    return {} if grid.matrices.uri is None else {"uri": str(grid.matrices.uri)}


def _summary(grid: TileGrid, url: str, *, title: str, base: str, language: Language, query: str) -> JsonObject:
    scheme = f"{base}/tileMatrixSets/{grid.id}"
    return {
        "title": f"{title}, {grid.title.say(language)}",
        "dataType": "vector",
        "crs": _CRS[grid.crs],
        "tileMatrixSetURI": str(grid.matrices.uri) if grid.matrices.uri is not None else scheme,
        "links": [
            link(f"{url}/{grid.id}{query}", "self", JSON, title),
            link(scheme, REL + "tiling-scheme", JSON, _GRID.say(language)),
        ],
    }


def tileset_list(base: str, *, layer: LayerDefinition | None, language: Language, query: str = "") -> JsonObject:
    """Return the tilesets of a layer, or of all layers.

    Parameters
    ----------
    base : str
        Address of the server.
    layer : LayerDefinition or None
        The layer; None for all.
    language : {"vi", "en"}
        Of titles.
    query : str, optional
        What the addresses of tilesets go on with.

    Returns
    -------
    dict
        The document: one tileset a tile matrix set.
    """
    url = tiles_url(base, None if layer is None else layer.id)
    title = (_ALL if layer is None else layer.title).say(language)
    return {
        "links": [link(url, "self", JSON, _THIS.say(language))],
        "tilesets": [
            _summary(grid, url, title=title, base=base, language=language, query=query)
            for grid in tile_grids().values()
        ],
    }


def tileset_document(
    grid: TileGrid,
    layers: Sequence[tuple[LayerDefinition, Extent]],
    *,
    base: str,
    one: bool,
    language: Language,
    query: Mapping[str, str],
) -> JsonObject:
    """Return what a tileset holds and where its tiles are.

    Parameters
    ----------
    grid : TileGrid
        Its tile matrix set.
    layers : sequence of (LayerDefinition, Extent)
        Its layers and how far they reach.
    base : str
        Address of the server.
    one : bool
        Whether it is the tileset of a collection.
    language : {"vi", "en"}
        Of titles.
    query : mapping of str to str
        Parameters that the tiles take over.

    Returns
    -------
    dict
        The document.
    """
    url = tiles_url(base, layers[0][0].id if one else None)
    title = (layers[0][0].title if one else _ALL).say(language)
    more = f"?{urlencode(query)}" if query else ""
    document = _summary(grid, url, title=title, base=base, language=language, query=more)
    template = f"{url}/{grid.id}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}{more}"
    item: dict[str, Any] = {**link(template, "item", MVT, _TILE.say(language)), "templated": True}
    json_query = urlencode({**query, "f": "tilejson"})
    described = [link(f"{url}/{grid.id}?{json_query}", "describedby", JSON, _TILE_JSON.say(language))]
    if grid.id != "WebMercatorQuad":
        described = []
    document["links"] += [item, *described]
    document["description"] = _DRAWN.say(language)
    document["layers"] = [_layer(definition, extent, base=base, language=language) for definition, extent in layers]
    if (bounds := _bounds(layers)) is not None:
        document["boundingBox"] = {
            "lowerLeft": list(bounds[:2]),
            "upperRight": list(bounds[2:]),
            "crs": _CRS["OGC:CRS84"],
        }
    document["mediaTypes"] = [MVT]
    return document


def _layer(definition: LayerDefinition, extent: Extent, *, base: str, language: Language) -> JsonObject:
    dimensions = {_DIMENSIONS.get(type_, 2) for type_ in definition.geometry}
    url = collection_url(base, definition.id)
    document: JsonObject = {
        "id": definition.id,
        "title": definition.title.say(language),
        "dataType": "vector",
        "minTileMatrix": str(definition.zoom[0]),
        "maxTileMatrix": str(definition.zoom[1]),
        "links": [link(url, "collection", JSON, definition.title.say(language))],
        "propertiesSchema": {
            "type": "object",
            "properties": {
                ID_FIELD: {"type": "string"},
                **{
                    field.name: {"type": _schema_type(field.type), "title": field.title.say(language)}
                    for field in definition.all_fields
                },
            },
        },
    }
    if len(dimensions) == 1:
        document["geometryDimension"] = dimensions.pop()
    if extent.bounds is not None:
        west, south, east, north = extent.bounds
        document["boundingBox"] = {
            "lowerLeft": [west, south],
            "upperRight": [east, north],
            "crs": _CRS["OGC:CRS84"],
        }
    return document


def _schema_type(type_: str) -> str:
    return {"text": "string", "date": "string"}.get(type_, type_)


def _bounds(layers: Sequence[tuple[LayerDefinition, Extent]]) -> Bounds | None:
    found = [extent.bounds for _, extent in layers if extent.bounds is not None]
    if not found:
        return None
    west, south, east, north = zip(*found, strict=True)
    return min(west), min(south), max(east), max(north)


def tile_json(
    layers: Sequence[tuple[LayerDefinition, Extent]],
    *,
    base: str,
    one: bool,
    language: Language,
    query: Mapping[str, str],
) -> JsonObject:
    """Return a tileset as TileJSON 3.0, for the grid of web maps.

    Parameters
    ----------
    layers : sequence of (LayerDefinition, Extent)
        Its layers and how far they reach.
    base : str
        Address of the server.
    one : bool
        Whether it is the tileset of a collection.
    language : {"vi", "en"}
        Of titles.
    query : mapping of str to str
        Parameters that the tiles take over.

    Returns
    -------
    dict
        The document.
    """
    url = tiles_url(base, layers[0][0].id if one else None)
    more = f"?{urlencode(query)}" if query else ""
    document: JsonObject = {
        "tilejson": "3.0.0",
        "name": (layers[0][0].title if one else _ALL).say(language),
        "description": _DRAWN.say(language),
        "scheme": "xyz",
        "tiles": [f"{url}/WebMercatorQuad/{{z}}/{{y}}/{{x}}{more}"],
        "minzoom": 0,
        "maxzoom": MAX_ZOOM,
        "vector_layers": [*(_vector_layer(definition, language) for definition, _ in layers), _DRAWN_LAYER],
    }
    if (bounds := _bounds(layers)) is not None:
        document["bounds"] = list(bounds)
        document["center"] = [(bounds[0] + bounds[2]) / 2, (bounds[1] + bounds[3]) / 2, 9]
    return document


_DRAWN_LAYER: Final[JsonObject] = {
    "id": "_drawn",
    "fields": {
        name: "Number" if name != "layer" else "String"
        for name in ("layer", "features", "own", "merged", "aggregated", "covered", "step", "tolerance", "cell")
    },
}


def _vector_layer(definition: LayerDefinition, language: Language) -> JsonObject:
    return {
        "id": definition.id,
        "description": definition.title.say(language),
        "minzoom": 0,
        "maxzoom": MAX_ZOOM,
        "fields": {
            ID_FIELD: "String",
            "features": "Number",
            **{field.name: _KINDS[field.type] for field in definition.all_fields},
        },
    }
