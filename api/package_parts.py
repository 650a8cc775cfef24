"""The parts of the OpenAPI document that speak of exchange packages."""

from __future__ import annotations

from typing import Any, Final

from api.package_tasks import RETURN_STATES
from layers.types import LANGUAGES

__all__ = ["PACKAGE_BODY", "PACKAGE_PARAMETERS", "PACKAGE_SCHEMAS", "RETURN_FORM"]

JsonObject = dict[str, Any]

_TEXT: Final[JsonObject] = {"type": "string"}
_WORD: Final[JsonObject] = {"type": "string", "minLength": 1}
_COUNT: Final[JsonObject] = {"type": "integer", "minimum": 0}
_LANGUAGE: Final[JsonObject] = {"type": "string", "enum": list(LANGUAGES)}
_LINKS: Final[JsonObject] = {"type": "array", "items": {"$ref": "#/components/schemas/link"}}
_LENGTH_M: Final[JsonObject] = {"type": "number", "minimum": 0, "maximum": 50_000}


def _object(required: str = "", **properties: JsonObject) -> JsonObject:
    schema: JsonObject = {"type": "object", "properties": properties}
    return {**schema, "required": required.split()} if required else schema


def _list(items: JsonObject) -> JsonObject:
    return {"type": "array", "items": items}


def _nullable(schema: JsonObject) -> JsonObject:
    return {**schema, "nullable": True}


def _query(name: str, description: str, schema: JsonObject) -> JsonObject:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


_AREA: Final[JsonObject] = {"type": "object", "additionalProperties": True}
#: Every parameter by the name of its component.
PACKAGE_PARAMETERS: Final[dict[str, JsonObject]] = {
    "packageNumber": {
        "name": "packageNumber",
        "in": "path",
        "required": True,
        "description": "Number of a line in the record of packages.",
        "schema": _TEXT,
    },
    "return-layer": _query(
        "layer", "Only this layer of the file; for a bare file with one layer, the layer it is for.", _WORD
    ),
    "return-name": _query("name", "Name of a file that comes without a form; its ending tells the format.", _WORD),
    "return-base": _query(
        "base",
        "For a bare file, the changeset that it began with; the newest, without it. A package says so itself.",
        _COUNT,
    ),
    "return-complete": _query(
        "complete",
        "Whether a bare file holds the whole layer, so that what is missing in it is deleted.",
        {"type": "string", "enum": ["true", "false"], "default": "false"},
    ),
    "return-crs": _query("crs", "CRS of a bare file that states none.", _WORD),
    "return-title": _query("title", "What the proposal is about; names the file, without it.", _WORD),
    "return-message": _query("message", "Why.", _WORD),
    "return-author": _query("author", "Who offers it; counts only where nobody signs in.", _WORD),
}

_NOTED: Final = _object(
    "number kind time who base layers name sha256 size links",
    number={"type": "integer", "minimum": 1},
    kind={"type": "string", "enum": ["handed_out", "returned"]},
    title={**_TEXT, "description": "The kind in words."},
    time={"type": "string", "format": "date-time"},
    who={**_TEXT, "description": "Who handed it out, or brought it back."},
    institute=_nullable({**_TEXT, "description": "For whom it was made; null for a bare file."}),
    base={**_COUNT, "description": "The changeset of the state that it holds, or that it began with."},
    layers={
        "type": "object",
        "additionalProperties": _COUNT,
        "description": "Features by layer: all that were handed out, or those that were changed.",
    },
    area=_nullable({**_AREA, "description": "GeoJSON geometry; null is everywhere."}),
    name={**_TEXT, "description": "Of the file."},
    sha256={"type": "string", "pattern": "^[0-9a-f]{64}$"},
    size={**_COUNT, "description": "Bytes."},
    signature=_nullable({**_TEXT, "description": "Fingerprint of the key that signed it."}),
    language=_nullable({"type": "string", "description": "Of readme and titles."}),
    answers=_nullable({"type": "integer", "description": "The number under which it was handed out."}),
    proposal=_nullable({**_TEXT, "description": "The proposal that was made of it."}),
    kept={"type": "boolean", "description": "Whether the file can still be had here."},
    links=_LINKS,
)
_RETURNED_LAYER: Final = _object(
    "layer inserted updated deleted",
    layer=_TEXT,
    title=_TEXT,
    inserted=_list(_TEXT),
    updated=_list(_TEXT),
    deleted=_list(_TEXT),
    receipt=_nullable({"type": "object", "additionalProperties": True, "description": "As of an import."}),
)
PACKAGE_SCHEMAS: Final[dict[str, JsonObject]] = {
    "package": _NOTED,
    "packageList": _object("packages links", packages=_list(_NOTED), links=_LINKS),
    "packageReturn": _object(
        "file state title proposal problem base layers links",
        file=_TEXT,
        state={"type": "string", "enum": list(RETURN_STATES)},
        title={**_TEXT, "description": "The state in words."},
        proposal=_nullable({**_TEXT, "description": "The draft that was made of it."}),
        problem=_nullable({**_TEXT, "description": "Why it was refused."}),
        base=_nullable({**_COUNT, "description": "The changeset that it began with."}),
        institute=_nullable(_TEXT),
        signature=_nullable({**_TEXT, "description": "What its signature says."}),
        notes=_list(_TEXT),
        layers=_list(_RETURNED_LAYER),
        links=_LINKS,
    ),
}

#: What is asked for.
PACKAGE_BODY: Final = _object(
    "layers institute",
    layers={**_list(_WORD), "minItems": 1, "description": "Ids of layers; restricted fields never leave."},
    institute={**_WORD, "description": "For whom: a name, or the id of an institute."},
    area={
        "description": "Only features that reach into it: a GeoJSON Polygon or MultiPolygon, or a box in degrees.",
        "oneOf": [
            {**_AREA, "required": ["type", "coordinates"]},
            {"type": "array", "minItems": 4, "maxItems": 4, "items": {"type": "number"}},
            {"type": "string", "description": "west,south,east,north"},
        ],
    },
    park={**_TEXT, "description": "In place of an area: id of the park whose ground is meant."},
    margin_m={**_LENGTH_M, "description": "How far around the park as well, metres."},
    base={
        "description": "The state after this changeset, at the end of that day, or at that moment; the newest.",
        "oneOf": [_COUNT, _TEXT],
    },
    language={**_LANGUAGE, "description": "Of readme and titles; that of the answer, without it."},
    author={**_TEXT, "description": "Who hands it out; counts only where nobody signs in."},
)
#: The form in which a file comes back.
RETURN_FORM: Final[JsonObject] = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "The file; its name tells the format."},
        **{
            entry["name"]: {**entry["schema"], "description": entry["description"]}
            for component, entry in PACKAGE_PARAMETERS.items()
            if component.startswith("return-") and component != "return-name"
        },
    },
}
