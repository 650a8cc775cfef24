"""The parts of the OpenAPI document that writing features adds: headers and bodies."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["WRITING_PARAMETERS", "WRITING_SCHEMAS"]

JsonObject = dict[str, Any]


def _header(name: str, description: str, example: str) -> JsonObject:
    schema = {"type": "string", "minLength": 1, "example": example}
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


#: Headers by the name of their component.
WRITING_PARAMETERS: Final[dict[str, JsonObject]] = {
    "if-match": _header(
        "If-Match",
        "The `ETag` of the state that the change is based on; `*` for whatever is there. Without it, 428.",
        '"0123456789abcdef01234567-vi"',
    ),
    "if-none-match": _header("If-None-Match", "`*` creates the feature, and only where there is none.", "*"),
    "content-crs": _header(
        "Content-Crs",
        "CRS of the geometry, coordinates in the order of its axes; without it longitude and latitude of WGS 84.",
        "<http://www.opengis.net/def/crs/EPSG/0/5897>",
    ),
    "message": _header(
        "Parkplan-Message", "Why, for the changeset; letters that a header cannot hold as %C3%A0.", "Survey of May"
    ),
}

_ID: Final[JsonObject] = {
    "oneOf": [{"type": "string", "minLength": 1}, {"type": "integer"}],
    "description": "Not used yet; one is made where there is none.",
}
_PROPERTIES: Final[JsonObject] = {
    "type": "object",
    "additionalProperties": True,
    "description": "As the schema of the layer says.",
}
_GEOMETRY: Final[JsonObject] = {"$ref": "#/components/schemas/geometry"}

#: Bodies by the name of their component.
WRITING_SCHEMAS: Final[dict[str, JsonObject]] = {
    "draft": {
        "type": "object",
        "required": ["proposal", "links"],
        "properties": {
            "proposal": {"type": "string"},
            "links": {"type": "array", "items": {"$ref": "#/components/schemas/link"}},
        },
        "description": "The draft proposal in which the change is kept; its address stands in `Location`.",
    },
    "newFeature": {
        "type": "object",
        "required": ["type", "geometry"],
        "properties": {
            "type": {"type": "string", "enum": ["Feature"]},
            "id": _ID,
            "geometry": _GEOMETRY,
            "properties": {**_PROPERTIES, "nullable": True},
        },
    },
    "featurePatch": {
        "type": "object",
        "properties": {"properties": {**_PROPERTIES, "nullable": True}, "geometry": _GEOMETRY},
        "description": "JSON Merge Patch, RFC 7396: null removes.",
    },
}
