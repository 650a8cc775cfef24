"""Parts of the OpenAPI document for imports: parameters, the form that a file comes in, and bodies."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["IMPORT_FORM", "IMPORT_PARAMETERS", "IMPORT_SCHEMAS"]

JsonObject = dict[str, Any]


def _query(name: str, description: str, schema: JsonObject) -> JsonObject:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


_STRING: Final[JsonObject] = {"type": "string", "minLength": 1}
_FLAG: Final[JsonObject] = {"type": "string", "enum": ["true", "false"]}
#: Every parameter by the name of its component.
IMPORT_PARAMETERS: Final[dict[str, JsonObject]] = {
    "import-layer": _query("layer", "Id of the layer that takes the features; a form may say it too.", _STRING),
    "import-name": _query(
        "name", "Name of a file that comes without a form; its ending tells the format, a Shapefile is a .zip.", _STRING
    ),
    "import-mapping": _query("mapping", "Name of a shipped mapping; columns are mapped by name without it.", _STRING),
    "import-source-layer": _query("source_layer", "Layer of a file that has several.", _STRING),
    "import-crs": _query(
        "crs", "CRS of the file, or the `key` of a hypothesis in a receipt, such as `EPSG:5897+exchange_axes`.", _STRING
    ),
    "import-encoding": _query("encoding", "Encoding of text that states none.", _STRING),
    "import-text": _query(
        "text",
        "Encodings of Vietnamese text by column: `TEN=tcvn3,DIACHI=vni`; `unicode` leaves a column alone.",
        _STRING,
    ),
    "import-coordinates": _query(
        "coordinates", "Columns of a table that hold the place: easting and northing, or one with WKT.", _STRING
    ),
    "import-polygons": _query("polygons", "Whether closed lines of a drawing are areas.", _FLAG),
    "import-mode": _query(
        "mode",
        "What happens to features that are there.",
        {"type": "string", "enum": ["upsert", "insert", "update", "replace"], "default": "upsert"},
    ),
    "import-accept": _query(
        "accept",
        "Refuse a file with errors, or leave out the features that have one.",
        {"type": "string", "enum": ["all", "valid"], "default": "all"},
    ),
    "import-coverage": _query(
        "coverage",
        "Where the layer now has data: the bounding box or the hull of the features.",
        {"type": "string", "enum": ["none", "bbox", "hull"], "default": "none"},
    ),
    "import-as-of": _query("as_of", "Day that the data show, for the coverage.", {"type": "string", "format": "date"}),
    "import-completeness": _query(
        "completeness",
        "Whether the coverage holds everything there is.",
        {"type": "string", "enum": ["complete", "partial"], "default": "complete"},
    ),
    "import-dry-run": _query("dry_run", "Check everything, write nothing.", _FLAG),
    "import-author": _query("author", "Who imports.", _STRING),
    "import-message": _query("message", "Why; the name of the file without it.", _STRING),
    "import-proposal": _query(
        "proposal", "The proposal that takes the features in, in the place of the plan.", _STRING
    ),
    "import-decision": _query("decision", "Number of the document by which it was decided.", _STRING),
    "import-decided": _query("decided", "Date of that document.", {"type": "string", "format": "date"}),
}

#: The form that a file comes in.
IMPORT_FORM: Final[JsonObject] = {
    "type": "object",
    "required": ["file"],
    "properties": {
        "file": {"type": "string", "format": "binary", "description": "The file; its name tells the format."},
        **{
            entry["name"]: {**entry["schema"], "description": entry["description"]}
            for component, entry in IMPORT_PARAMETERS.items()
            if component != "import-name"
        },
    },
}


def _object(required: str, **properties: JsonObject) -> JsonObject:
    return {"type": "object", "properties": properties, "required": required.split()}


def _list(items: JsonObject) -> JsonObject:
    return {"type": "array", "items": items}


def _anything(description: str) -> JsonObject:
    return {"type": "object", "additionalProperties": True, "description": description}


_TEXT: Final[JsonObject] = {"type": "string"}
_COUNT: Final[JsonObject] = {"type": "integer", "minimum": 0}
#: Every body by the name of its component.
IMPORT_SCHEMAS: Final[dict[str, JsonObject]] = {
    "receipt": _object(
        "state file counts issues",
        state={"type": "string", "enum": ["checked", "accepted", "partly_accepted", "refused"]},
        state_title=_TEXT,
        language=_TEXT,
        time={"type": "string", "format": "date-time"},
        file=_anything("Name, size, SHA-256 checksum, driver, layer, encoding."),
        layer={**_TEXT, "nullable": True},
        dry_run={"type": "boolean"},
        changeset={**_COUNT, "nullable": True},
        counts={"type": "object", "additionalProperties": _COUNT},
        summary=_TEXT,
        coordinates={**_anything("What was done to coordinates."), "nullable": True},
        diagnosis={**_anything("What coordinates may be; one of `hypotheses` can be chosen."), "nullable": True},
        columns=_anything("What each field was taken from."),
        left_out=_list(_TEXT),
        skipped=_list(_TEXT),
        translations=_list(_anything("A value of the file that became another one.")),
        text=_list(_anything("A column whose encoding was converted, or is asked for.")),
        notes=_list(_TEXT),
        pairs=_list(_anything("How often features of two kinds are at odds by a rule.")),
        rules=_list(_anything("How often a rule struck, who has to mend it, and how.")),
        issues=_list(_anything("Rule, severity, who has to mend it, exact place, fix, repair.")),
    ),
    "issueCollection": _object(
        "type features",
        type={"type": "string", "enum": ["FeatureCollection"]},
        features=_list(
            _object(
                "type geometry properties",
                type={"type": "string", "enum": ["Feature"]},
                geometry={"$ref": "#/components/schemas/geometry"},
                properties={"type": "object"},
            )
        ),
    ),
}
