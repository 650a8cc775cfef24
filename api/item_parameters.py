"""What the OpenAPI document says of the parameters that choose, order and shape features."""

from __future__ import annotations

from typing import Any, Final

from api.filtering import ITEMS_FORMATS
from layers.cql2 import LANGUAGES
from layers.published import CRS84, PUBLISHED
from layers.streaming import FILE_FORMATS

__all__ = ["ITEM_PARAMETERS"]

JsonObject = dict[str, Any]


def _query(name: str, description: str, schema: JsonObject, **more: object) -> JsonObject:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema, **more}


_NAMES: Final[JsonObject] = {"type": "array", "items": {"type": "string"}, "minItems": 1}
_CRS: Final[JsonObject] = {"type": "string", "format": "uri", "enum": list(PUBLISHED), "default": CRS84}

#: Every parameter by the name of its component.
ITEM_PARAMETERS: Final[dict[str, JsonObject]] = {
    "items-filter": _query(
        "filter",
        "Only features for which this condition holds, in CQL2 (OGC 21-065r2) over the layer's queryables, such as "
        "`area_ha > 100 AND ACCENTI(CASEI(name_vi)) LIKE ACCENTI(CASEI('%phú nghĩa%'))`. What is missing makes a "
        "condition unknown, and unknown is not true.",
        {"type": "string", "minLength": 1},
    ),
    "items-filter-lang": _query(
        "filter-lang",
        "Language of `filter`.",
        {"type": "string", "enum": list(LANGUAGES), "default": LANGUAGES[0]},
    ),
    "filter-crs": _query("filter-crs", "CRS of all coordinates in `filter`, in the order of its axes.", _CRS),
    "crs": _query(
        "crs",
        "CRS of the geometries in the answer, in the order of its axes; with `f=jsonfg` that of `place`. The header "
        "`Content-Crs` names it.",
        _CRS,
    ),
    "bbox-crs": _query("bbox-crs", "CRS of `bbox`, in the order of its axes.", _CRS),
    "properties": _query(
        "properties",
        "Names of fields with commas: only these stand in a feature's `properties`.",
        _NAMES,
        style="form",
        explode=False,
    ),
    "sortby": _query(
        "sortby",
        "Names of fields with commas, `-` before one for downwards: the order of features. Missing values come last, "
        "text is compared by code points.",
        {**_NAMES, "example": ["-area_ha", "name_vi"]},
        style="form",
        explode=False,
    ),
    "items-as-of": _query(
        "as_of",
        "Record time: the layer as it was after this changeset, or at this moment (RFC 3339).",
        {"type": "string", "minLength": 1, "example": "2026-11-24T07:00:00Z"},
    ),
    "items-format": _query(
        "f",
        "Format: GeoJSON, JSON-FG with projected geometry and planned time, a page, or all that is asked for as a file "
        "(of `limit` features where it is given; `crs` and `properties` do not matter to files); without it the "
        "`Accept` header counts.",
        {"type": "string", "enum": [*ITEMS_FORMATS, *FILE_FORMATS]},
    ),
    "item-format": _query(
        "f",
        "Format: GeoJSON, JSON-FG with projected geometry and planned time, or a page; without it the `Accept` header "
        "counts.",
        {"type": "string", "enum": list(ITEMS_FORMATS)},
    ),
}
