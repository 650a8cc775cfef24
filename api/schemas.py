"""The parts of the OpenAPI document: every parameter and every body, said once.

Written in the part of JSON Schema that OpenAPI 3.0 and 3.1 share, with `nullable` for 3.0.
"""

from __future__ import annotations

from typing import Any, Final

from api.finding_parts import FINDING_PARAMETERS, FINDING_SCHEMAS
from api.history_parts import HISTORY_PARAMETERS, HISTORY_SCHEMAS
from api.import_parts import IMPORT_PARAMETERS, IMPORT_SCHEMAS
from api.item_parameters import ITEM_PARAMETERS
from api.package_parts import PACKAGE_PARAMETERS, PACKAGE_SCHEMAS
from api.proposal_schemas import PROPOSAL_PARAMETERS, PROPOSAL_SCHEMAS
from api.rebase_parts import REBASE_SCHEMAS
from api.tile_parts import TILE_PARAMETERS, TILE_SCHEMAS
from api.writing_parts import WRITING_PARAMETERS, WRITING_SCHEMAS
from layers.types import LANGUAGES

__all__ = ["PARAMETERS", "SCHEMAS", "ref"]

JsonObject = dict[str, Any]


def ref(kind: str, name: str) -> JsonObject:
    """Return a reference to a component.

    Parameters
    ----------
    kind : {"parameters", "schemas", "responses"}
        Kind of component.
    name : str
        Its name.

    Returns
    -------
    dict
        The reference object.
    """
    return {"$ref": f"#/components/{kind}/{name}"}


def _query(name: str, description: str, schema: JsonObject, **more: object) -> JsonObject:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema, **more}


def _path(name: str, description: str) -> JsonObject:
    return {"name": name, "in": "path", "required": True, "description": description, "schema": {"type": "string"}}


def _header(name: str, description: str, schema: JsonObject) -> JsonObject:
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


_STRING: Final[JsonObject] = {"type": "string", "minLength": 1}

#: Every parameter by the name of its component; `{max_limit}` and such are filled in from the settings.
PARAMETERS: Final[dict[str, JsonObject]] = {
    **FINDING_PARAMETERS,
    **HISTORY_PARAMETERS,
    **TILE_PARAMETERS,
    **WRITING_PARAMETERS,
    **ITEM_PARAMETERS,
    "collectionId": _path("collectionId", "Id of a layer."),
    "featureId": _path("featureId", "Id of a feature; signs that mean something in an address are escaped."),
    "jobId": _path("jobId", "Id of a job."),
    **PROPOSAL_PARAMETERS,
    **PACKAGE_PARAMETERS,
    "q": _query("q", "Texts with commas, one of which has to occur, with or without tone marks.", _STRING),
    "record-type": _query("type", "Types with commas: dataset, plan, document, package.", _STRING),
    "record-ids": _query("ids", "Ids with commas.", _STRING),
    "externalIds": _query("externalIds", "Numbers of decisions and documents, with commas.", _STRING),
    "recordId": _path("recordId", "Id of a record."),
    "coverageId": _path("coverageId", "Id of a raster layer."),
    "coords": _query("coords", "Longitude and latitude in degrees of WGS 84.", _STRING),
    "prefer": _header("Prefer", "`respond-async` starts a job instead of waiting for the result (RFC 7240).", _STRING),
    **IMPORT_PARAMETERS,
    "processId": _path("processId", "Id of a process."),
    "bbox": _query(
        "bbox",
        "Only features whose geometry intersects this box: west, south, east, north in degrees of WGS 84; with heights "
        "west, south, lowest, east, north, highest, where the heights do not matter. West above east crosses the "
        "antimeridian. Features without a geometry are left out.",
        {
            "type": "array",
            "minItems": 4,
            "maxItems": 6,
            "items": {"type": "number"},
            "example": [105.2, 20.5, 106.1, 21.4],
        },
        style="form",
        explode=False,
    ),
    "datetime": _query(
        "datetime",
        "Planned time: only features that exist then. A day (`2030-12-31`), an RFC 3339 date-time, whose day counts, "
        "or an interval of two of them, where `..` is an open end (`2030-01-01/..`). Both ends of a feature's planned "
        "time are inclusive and an unknown end is open.",
        {"type": "string", "example": "2030-12-31"},
    ),
    "limit": _query(
        "limit",
        "How many features a page has at most. More than the maximum is answered with the maximum.",
        {"type": "integer", "minimum": 1, "maximum": 10_000, "default": 10},
    ),
    "cursor": _query(
        "cursor",
        "Where the page starts: taken from the `next` link of the page before, never made up.",
        {"type": "string", "pattern": "^[0-9]+$"},
    ),
    "filters": _query(
        "filters",
        "Any queryable of the layer as a parameter of its own: only features with exactly this value, such as "
        "`status=operating`. See `/collections/{collectionId}/queryables`.",
        {"type": "object", "additionalProperties": {"type": "string"}},
        style="form",
        explode=True,
    ),
    "f": _query("f", "Format; JSON is the only one here.", {"type": "string", "enum": ["json"]}),
    "page-or-json": _query(
        "f", "Format; without it the `Accept` header counts.", {"type": "string", "enum": ["json", "html"]}
    ),
    "lang": _query(
        "lang",
        "Language of titles and messages; without it the `Accept-Language` header counts.",
        {"type": "string", "enum": list(LANGUAGES)},
    ),
}


def _object(required: str = "", **properties: JsonObject) -> JsonObject:
    schema: JsonObject = {"type": "object", "properties": properties}
    return {**schema, "required": required.split()} if required else schema


def _list(items: JsonObject) -> JsonObject:
    return {"type": "array", "items": items}


def _anything(description: str) -> JsonObject:
    return {"type": "object", "additionalProperties": True, "description": description}


_TEXT: Final[JsonObject] = {"type": "string"}
_COUNT: Final[JsonObject] = {"type": "integer", "minimum": 0}
_LINKS: Final = _list(ref("schemas", "link"))
_TIMES: Final = _list(
    {
        "type": "array",
        "minItems": 2,
        "maxItems": 2,
        "items": {"type": "string", "format": "date-time", "nullable": True},
    }
)
_BOXES: Final = _list({"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}})
_GEOMETRIES: Final = [
    "Point",
    "LineString",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
    "GeometryCollection",
]
_PROCESS: Final[dict[str, JsonObject]] = {
    "id": _TEXT,
    "version": _TEXT,
    "title": _TEXT,
    "description": _TEXT,
    "jobControlOptions": _list({"type": "string", "enum": ["sync-execute", "async-execute", "dismiss"]}),
    "outputTransmission": _list({"type": "string", "enum": ["value"]}),
    "links": _LINKS,
}
_FEATURE: Final[dict[str, JsonObject]] = {
    "type": {"type": "string", "enum": ["Feature"]},
    "id": _TEXT,
    "geometry": ref("schemas", "geometry"),
    "properties": {"type": "object"},
}

_JOB: Final[dict[str, JsonObject]] = {
    "jobID": _TEXT,
    "type": {"type": "string", "enum": ["process"]},
    "processID": _TEXT,
    "status": {"type": "string", "enum": ["accepted", "running", "successful", "failed", "dismissed"]},
    "message": _TEXT,
    "created": {"type": "string", "format": "date-time"},
    "started": {"type": "string", "format": "date-time"},
    "finished": {"type": "string", "format": "date-time"},
    "updated": {"type": "string", "format": "date-time"},
    "progress": {"type": "integer", "minimum": 0, "maximum": 100},
    "who": _TEXT,
    "file": _TEXT,
    "layer": _TEXT,
    "receipt": {"type": "string", "description": "State of the receipt, once there is one."},
    "links": _LINKS,
}

#: Every body by the name of its component.
SCHEMAS: Final[dict[str, JsonObject]] = {
    **FINDING_SCHEMAS,
    **HISTORY_SCHEMAS,
    **IMPORT_SCHEMAS,
    **TILE_SCHEMAS,
    **WRITING_SCHEMAS,
    "link": _object("href rel", href=_TEXT, rel=_TEXT, type=_TEXT, title=_TEXT, templated={"type": "boolean"}),
    "landingPage": _object("links", title=_TEXT, description=_TEXT, links=_LINKS),
    "confClasses": _object("conformsTo", conformsTo=_list(_TEXT)),
    **PROPOSAL_SCHEMAS,
    **REBASE_SCHEMAS,
    **PACKAGE_SCHEMAS,
    "extent": _object(
        spatial=_object("bbox crs", bbox=_BOXES, crs=_TEXT),
        temporal=_object("interval trs", interval=_TIMES, trs=_TEXT),
    ),
    "collection": _object(
        "id links",
        id=_TEXT,
        title=_TEXT,
        description=_TEXT,
        itemType={"type": "string", "enum": ["feature", "record"]},
        type={"type": "string", "enum": ["catalog"]},
        language={"type": "object"},
        languages=_list({"type": "object"}),
        attribution={**_TEXT, "description": "Where the data come from."},
        license={**_TEXT, "description": "Under which terms."},
        coverage=_list(_anything("Where the layer has data: `asOf`, `completeness`, `bbox`, `source`.")),
        raster=_anything("Of a raster layer: bands, rows, columns, type, nodata, size of a cell, unit, source, day."),
        extent=ref("schemas", "extent"),
        crs=_list(_TEXT),
        storageCrs=_TEXT,
        links=_LINKS,
    ),
    "coverageStatistics": _object(
        "collection bands links", collection=_TEXT, bands=_list({"type": "object"}), links=_LINKS
    ),
    "coverageValues": _object(
        "collection coords bands links",
        collection=_TEXT,
        coords=_list({"type": "number"}),
        bands=_list(
            _object(
                "band state",
                band=_COUNT,
                state={"type": "string", "enum": ["value", "no_data", "outside"]},
                value={"type": "number", "nullable": True},
                unit=_TEXT,
            )
        ),
        links=_LINKS,
    ),
    "record": _object(
        "type id geometry properties links",
        **_FEATURE,
        conformsTo=_list(_TEXT),
        time={"type": "object", "nullable": True, "description": "`date`, or `interval` of two days or `..`."},
        links=_LINKS,
    ),
    "recordCollection": _object(
        "type features links timeStamp numberReturned numberMatched",
        type={"type": "string", "enum": ["FeatureCollection"]},
        features=_list(ref("schemas", "record")),
        links=_LINKS,
        timeStamp={"type": "string", "format": "date-time"},
        numberReturned=_COUNT,
        numberMatched=_COUNT,
    ),
    "collections": _object("links collections", links=_LINKS, collections=_list(ref("schemas", "collection"))),
    "geometry": {
        **_object("type", type={"type": "string", "enum": _GEOMETRIES}, coordinates=_list({})),
        "description": "A GeoJSON geometry in WGS 84; null where it is not known.",
        "nullable": True,
    },
    "feature": _object("type id geometry properties links", **_FEATURE, links=_LINKS),
    "featureCollection": _object(
        "type features links timeStamp numberReturned",
        type={"type": "string", "enum": ["FeatureCollection"]},
        features=_list(_object("type id geometry properties", **_FEATURE)),
        links=_LINKS,
        timeStamp={"type": "string", "format": "date-time"},
        numberReturned=_COUNT,
        numberMatched={**_COUNT, "description": "Exact; left out where counting would cost more than the page."},
    ),
    "functions": _object(
        "functions",
        functions=_list(
            _object(
                "name returns",
                name=_TEXT,
                description=_TEXT,
                arguments=_list(_object("type", title=_TEXT, description=_TEXT, type=_list(_TEXT))),
                returns=_list(_TEXT),
            )
        ),
    ),
    "layerSchema": _object(
        "$schema $id type properties", **{"$schema": _TEXT, "$id": _TEXT}, properties={"type": "object"}
    ),
    "processList": _object("processes links", processes=_list(_object("id version", **_PROCESS)), links=_LINKS),
    "process": _object("id version inputs outputs", **_PROCESS, inputs={"type": "object"}, outputs={"type": "object"}),
    "execute": _object(
        "inputs",
        inputs={"type": "object", "description": "As the description of the process says."},
        outputs={"type": "object", "description": "Names of the outputs wanted; all without it."},
        response={
            "type": "string",
            "enum": ["raw", "document"],
            "default": "raw",
            "description": "`raw` is the one output itself, `document` an object that holds it by name.",
        },
    ),
    "result": {"type": "object", "description": "The output, as the description of the process says."},
    "statusInfo": _object("jobID type status links", **_JOB),
    "jobResult": {
        "type": "object",
        "description": "Of an import the `receipt`, of a process its output as its description says.",
    },
    "jobList": _object("jobs links", jobs=_list(_object("jobID type status links", **_JOB)), links=_LINKS),
    "health": _object("status changeset", status={"type": "string", "enum": ["ok"]}, changeset=_COUNT),
    "openapi": _object("openapi info paths", openapi=_TEXT, info={"type": "object"}, paths={"type": "object"}),
    "problem": {
        **_object(
            "type title status detail instance",
            type={"type": "string", "format": "uri", "description": "Names the kind of problem, the same each time."},
            title=_TEXT,
            status={"type": "integer", "minimum": 400, "maximum": 599},
            detail=_TEXT,
            instance={"type": "string", "format": "uri-reference"},
            seen={"description": "What was met."},
            wanted={"description": "What would have been right."},
            where={"type": "string", "description": "Parameter, layer, file or rule."},
            issues=_list(_TEXT),
        ),
        "description": "Problem details, RFC 9457.",
    },
}
