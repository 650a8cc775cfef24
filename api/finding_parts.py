"""Parts of the OpenAPI document for finding: parameters and bodies."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["FINDING_PARAMETERS", "FINDING_SCHEMAS"]

JsonObject = dict[str, Any]
_TEXT: Final[JsonObject] = {"type": "string", "minLength": 1}


def _query(name: str, description: str, schema: JsonObject, *, required: bool = False) -> JsonObject:
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}


FINDING_PARAMETERS: Final[dict[str, JsonObject]] = {
    "search-q": _query(
        "q",
        "A name or the beginnings of its words, with or without tone marks; a number of a plot; coordinates: degrees "
        "in any writing, or metres, with `EPSG:5897` or the like to name their CRS.",
        {"type": "string", "minLength": 1, "maxLength": 200, "pattern": r"\S", "example": "phu nghia"},
        required=True,
    ),
    "layers": _query("layers", "Ids of layers with commas; all without it.", _TEXT),
    "lon": _query(
        "lon", "Longitude, degrees of WGS 84.", {"type": "number", "minimum": -180, "maximum": 180}, required=True
    ),
    "lat": _query(
        "lat", "Latitude, degrees of WGS 84.", {"type": "number", "minimum": -90, "maximum": 90}, required=True
    ),
    "within": _query(
        "within", "Metres round the place that count as the place.", {"type": "number", "minimum": 0, "maximum": 1000}
    ),
}

_NULLABLE: Final[JsonObject] = {"type": "string", "nullable": True}
#: A unit that took the place of an old one.
_SUCCESSOR: Final[JsonObject] = {
    "type": "object",
    "required": ["feature", "title", "relation", "href"],
    "properties": {
        "feature": {"type": "string"},
        "title": {"type": "string"},
        "part": _NULLABLE,
        "relation": _NULLABLE,
        "evidence": _NULLABLE,
        "source": _NULLABLE,
        "href": {"type": "string"},
    },
}
FINDING_SCHEMAS: Final[dict[str, JsonObject]] = {
    "live": {
        "type": "object",
        "required": ["status"],
        "properties": {"status": {"type": "string", "enum": ["ok"]}},
    },
    "found": {
        "type": "object",
        "required": ["type", "numberReturned", "features", "links"],
        "properties": {
            "type": {"type": "string", "enum": ["FeatureCollection"]},
            "numberReturned": {"type": "integer", "minimum": 0},
            "links": {"type": "array", "items": {"type": "object"}},
            "features": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["type", "id", "geometry", "properties"],
                    "properties": {
                        "geometry": {"type": "object", "nullable": True},
                        "bbox": {"type": "array", "items": {"type": "number"}},
                        "properties": {
                            "type": "object",
                            "required": ["kind", "title", "subtitle"],
                            "properties": {
                                "kind": {"type": "string", "enum": ["place", "feature"]},
                                "title": {"type": "string"},
                                "subtitle": {"type": "string"},
                                "class": _NULLABLE,
                                "layer": {"type": "string"},
                                "feature": {"type": "string"},
                                "successors": {"type": "array", "items": _SUCCESSOR},
                            },
                        },
                    },
                },
            },
        },
    },
    "at": {
        "type": "object",
        "required": ["lon", "lat", "layers"],
        "properties": {
            "lon": {"type": "number"},
            "lat": {"type": "number"},
            "layers": {
                "type": "array",
                "items": {
                    "type": "object",
                    "required": ["layer", "title", "state", "says", "numberMatched", "features"],
                    "properties": {
                        "layer": {"type": "string"},
                        "title": {"type": "string"},
                        "state": {"type": "string", "enum": ["hit", "clear", "not_covered", "stale"]},
                        "reason": _NULLABLE,
                        "says": {"type": "string"},
                        "as_of": _NULLABLE,
                        "source": _NULLABLE,
                        "numberMatched": {"type": "integer", "minimum": 0},
                        "features": {"type": "array", "items": {"type": "object"}},
                    },
                },
            },
        },
    },
}
