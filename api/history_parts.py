"""The parts of the OpenAPI document that tell of changesets, diffs, versions and blame."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["HISTORY_PARAMETERS", "HISTORY_SCHEMAS"]

JsonObject = dict[str, Any]

_TEXT: Final[JsonObject] = {"type": "string"}
_COUNT: Final[JsonObject] = {"type": "integer", "minimum": 0}
_LINKS: Final[JsonObject] = {"type": "array", "items": {"$ref": "#/components/schemas/link"}}


def _query(name: str, description: str, schema: JsonObject, *, required: bool = False) -> JsonObject:
    return {"name": name, "in": "query", "required": required, "description": description, "schema": schema}


def _object(required: str = "", **properties: JsonObject) -> JsonObject:
    wanted = {"required": required.split()} if required else {}
    return {"type": "object", **wanted, "properties": properties}


def _list(items: JsonObject) -> JsonObject:
    return {"type": "array", "items": items}


def _ref(name: str) -> JsonObject:
    return {"$ref": f"#/components/schemas/{name}"}


_STATE: Final[JsonObject] = {"type": "string", "minLength": 1}
HISTORY_PARAMETERS: Final[dict[str, JsonObject]] = {
    "changesetId": {
        "name": "changesetId",
        "in": "path",
        "required": True,
        "description": "Number of a changeset.",
        "schema": {"type": "integer", "minimum": 1},
    },
    "diff-from": _query(
        "from",
        "First state: number of a changeset (0 is before the first), a day (its end in UTC), or an RFC 3339 date-time.",
        _STATE,
        required=True,
    ),
    "diff-to": _query("to", "Second state, as for `from`; the newest without it.", _STATE),
    "diff-collections": _query("collections", "Ids of layers with commas; all without it.", _STATE),
    "diff-f": _query(
        "f",
        "`json` tells attributes and measures, `geojson` draws how features were and how they are.",
        {"type": "string", "enum": ["json", "geojson"]},
    ),
    "history-as-of": _query(
        "as_of", "As known after that changeset, at the end of that day, or at that moment (RFC 3339).", _STATE
    ),
}

_DECISION: Final[JsonObject] = {
    **_object("number date", number=_TEXT, date={"type": "string", "format": "date", "nullable": True}),
    "nullable": True,
}
_COUNTS: Final[dict[str, JsonObject]] = {"insert": _COUNT, "update": _COUNT, "delete": _COUNT}
_CHANGESET: Final[dict[str, JsonObject]] = {
    "id": _COUNT,
    "time": {"type": "string", "format": "date-time"},
    "author": _TEXT,
    "message": _TEXT,
    "decision": _DECISION,
    "features": {**_COUNT, "description": "How many features it changed."},
    "layers": _list(_object("layer title insert update delete", layer=_TEXT, title=_TEXT, **_COUNTS)),
}
_MEASURE: Final[JsonObject] = {"type": "number", "nullable": True}
_MEASURES: Final[JsonObject] = {
    **_object(
        "",
        area_before_m2=_MEASURE,
        area_after_m2=_MEASURE,
        gained_m2=_MEASURE,
        lost_m2=_MEASURE,
        changed_m2={**_MEASURE, "description": "Area of the symmetric difference."},
        length_before_m=_MEASURE,
        length_after_m=_MEASURE,
        displacement_m={**_MEASURE, "description": "Discrete Hausdorff distance; null where one shape is missing."},
    ),
    "nullable": True,
    "description": "How the shape changed, in the metric CRS of the layer; null where it did not.",
}
_CHANGED: Final[JsonObject] = _object(
    "id operation attributes geometry",
    id=_TEXT,
    title={"type": "string", "nullable": True},
    operation={"type": "string", "enum": ["insert", "update", "delete"]},
    attributes=_list(
        _object(
            "field title before after",
            field=_TEXT,
            title=_TEXT,
            unit=_TEXT,
            before={"description": "Missing is null."},
            after={"description": "Missing is null."},
        )
    ),
    geometry=_MEASURES,
)
HISTORY_SCHEMAS: Final[dict[str, JsonObject]] = {
    "changeset": _object("id time author message decision features layers", **_CHANGESET, links=_LINKS),
    "changesets": _object(
        "changesets numberMatched links",
        changesets=_list(_ref("changeset")),
        numberMatched=_COUNT,
        links=_LINKS,
    ),
    "diff": _object(
        "from to changed layers links",
        **{"from": _COUNT, "to": _COUNT},
        changed={**_COUNT, "description": "How many features changed in all."},
        layers=_list(
            _object(
                "layer title metricCrs counts features",
                layer=_TEXT,
                title=_TEXT,
                metricCrs=_TEXT,
                counts=_object("insert update delete", **_COUNTS),
                features=_list(_CHANGED),
            )
        ),
        links=_LINKS,
    ),
    "versions": _object(
        "layer feature versions links",
        layer=_TEXT,
        feature=_TEXT,
        versions=_list(
            _object(
                "operation changeset properties geometry",
                operation={"type": "string", "enum": ["insert", "update", "delete"]},
                changeset=_ref("changeset"),
                properties={"type": "object"},
                geometry=_ref("geometry"),
            )
        ),
        links=_LINKS,
    ),
    "blame": _object(
        "layer feature inserted deleted attributes links",
        layer=_TEXT,
        feature=_TEXT,
        inserted=_ref("changeset"),
        deleted={"allOf": [_ref("changeset")], "nullable": True},
        attributes=_list(
            _object(
                "field title value changeset",
                field=_TEXT,
                title=_TEXT,
                value={"description": "Missing is null; a GeoJSON geometry for the shape."},
                changeset=_ref("changeset"),
            )
        ),
        links=_LINKS,
    ),
}
