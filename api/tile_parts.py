"""The parameters and bodies of tiles in the OpenAPI document."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["TILE_PARAMETERS", "TILE_SCHEMAS"]

JsonObject = dict[str, Any]

_TEXT: Final[JsonObject] = {"type": "string", "minLength": 1}


def _path(name: str, description: str) -> JsonObject:
    return {"name": name, "in": "path", "required": True, "description": description, "schema": {"type": "string"}}


def _query(name: str, description: str, schema: JsonObject) -> JsonObject:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


def _list(items: JsonObject) -> JsonObject:
    return {"type": "array", "items": items}


def _anything(description: str) -> JsonObject:
    return {"type": "object", "additionalProperties": True, "description": description}


#: By the name of their component.
TILE_PARAMETERS: Final[dict[str, JsonObject]] = {
    "tileMatrixSetId": _path("tileMatrixSetId", "Id of a tile matrix set."),
    "tileMatrix": _path("tileMatrix", "Number of a matrix: the zoom."),
    "tileRow": _path("tileRow", "Row of the tile, from the top."),
    "tileCol": _path("tileCol", "Column of the tile, from the left."),
    "styleId": _path("styleId", "`plan`, or the id of a layer."),
    "collections": _query("collections", "Ids of layers with commas; all that have geometries without it.", _TEXT),
    "as_of": _query("as_of", "Record time: the state after that changeset, or at that moment (RFC 3339).", _TEXT),
    "proposal": _query("proposal", "The state that this proposal would make.", _TEXT),
    "filter": _query("filter", "Only features that meet this filter in CQL2.", _TEXT),
    "filter-lang": _query(
        "filter-lang", "Language of the filter.", {"type": "string", "enum": ["cql2-text", "cql2-json"]}
    ),
    "tileset-format": _query(
        "f", "Metadata by the OGC, or TileJSON.", {"type": "string", "enum": ["json", "tilejson"]}
    ),
    "tile-format": _query("f", "Format; vector tiles are the only one.", {"type": "string", "enum": ["mvt"]}),
}
_LINKS: Final = _list({"$ref": "#/components/schemas/link"})
#: By the name of their component.
TILE_SCHEMAS: Final[dict[str, JsonObject]] = {
    "tileMatrixSets": {
        "type": "object",
        "required": ["tileMatrixSets"],
        "properties": {
            "tileMatrixSets": _list(_anything("A grid and where it is defined.")),
            "links": _LINKS,
        },
    },
    "tileMatrixSet": _anything("A grid by OGC 17-083r4: id, crs, tileMatrices."),
    "tilesets": {
        "type": "object",
        "required": ["tilesets"],
        "properties": {"tilesets": _list({"$ref": "#/components/schemas/tileset"}), "links": _LINKS},
    },
    "styles": {
        "type": "object",
        "required": ["styles"],
        "properties": {
            "styles": _list(_anything("A style and where it is.")),
            "default": {"type": "string"},
            "links": _LINKS,
        },
    },
    "style": _anything("A MapLibre style document, version 8."),
    "legend": _anything("What the colours of a layer mean: one entry a class."),
    "tileset": _anything("Metadata of a tileset by the OGC, or TileJSON."),
}
