"""What the standards ask of documents, as JSON Schemas of our own: each says which clause it is taken from.

They are stricter than the examples of the standards where these leave a member open that a client relies on, and never
looser. A member that a standard does not know may stand beside those it does.
"""

from __future__ import annotations

from typing import Any, Final

from jsonschema import Draft202012Validator, FormatChecker

__all__ = ["REL", "SCHEMAS", "check", "faults"]

JsonObject = dict[str, Any]
REL: Final = "http://www.opengis.net/def/rel/ogc/1.0/"
_TEXT: Final[JsonObject] = {"type": "string", "minLength": 1}
_DAY: Final = r"^\d{4}-\d{2}-\d{2}$"
_MOMENT: Final = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z$"
_CRS84: Final = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
_URI: Final[JsonObject] = {"type": "string", "pattern": r"^[a-z][a-z0-9+.-]*:\S+$"}


def _object(required: str, **properties: JsonObject) -> JsonObject:
    return {"type": "object", "required": required.split(), "properties": properties}


def _list(items: JsonObject, **more: Any) -> JsonObject:
    return {"type": "array", "items": items, **more}


def _ref(name: str) -> JsonObject:
    return {"$ref": f"#/$defs/{name}"}


def _links(*relations: str) -> JsonObject:
    """Links, among which each of these relations has to stand."""
    wanted = [{"contains": _object("rel", rel={"const": relation})} for relation in relations]
    return {"type": "array", "items": _ref("link"), **({"allOf": wanted} if wanted else {})}


def _described(required: str, **properties: JsonObject) -> JsonObject:
    """OGC 18-062r2, 7.10: title, description and keywords of processes, inputs and outputs."""
    return _object(required, title=_TEXT, description={"type": "string"}, keywords=_list(_TEXT), **properties)


_GEOMETRIES: Final = {
    "Point": _ref("position"),
    "MultiPoint": _list(_ref("position")),
    "LineString": _list(_ref("position"), minItems=2),
    "MultiLineString": _list(_list(_ref("position"), minItems=2)),
    "Polygon": _list(_list(_ref("position"), minItems=4)),
    "MultiPolygon": _list(_list(_list(_ref("position"), minItems=4))),
}
_SUMMARY: Final[JsonObject] = {
    "id": _TEXT,
    "version": _TEXT,
    "jobControlOptions": _list({"enum": ["sync-execute", "async-execute", "dismiss"]}),
    "outputTransmission": _list({"enum": ["value", "reference"]}),
    "links": _links(),
}
_TILESET: Final[JsonObject] = {
    "title": _TEXT,
    "dataType": {"enum": ["map", "vector", "coverage"]},
    "crs": _URI,
    "tileMatrixSetURI": _URI,
    "links": _links("self", REL + "tiling-scheme"),
}

_DEFINITIONS: Final[JsonObject] = {
    # OGC 17-069r4 (Features part 1), 7.1; RFC 8288. `templated` by OGC 20-057, 8.2.
    "link": _object("href rel", href=_TEXT, rel=_TEXT, type=_TEXT, title=_TEXT, templated={"type": "boolean"}),
    # RFC 7946, 3.1.1 to 3.1.8; 3.2 allows null.
    "position": _list({"type": "number"}, minItems=2, maxItems=4),
    "geometry": {
        "oneOf": [
            {"type": "null"},
            *(
                _object("type coordinates", type={"const": name}, coordinates=coordinates)
                for name, coordinates in _GEOMETRIES.items()
            ),
            _object("type geometries", type={"const": "GeometryCollection"}, geometries=_list(_ref("geometry"))),
        ]
    },
    # RFC 7946, 3.2: the three members have to stand there, null or not.
    "feature": _object(
        "type geometry properties id",
        type={"const": "Feature"},
        id={"type": ["string", "integer"]},
        geometry=_ref("geometry"),
        properties={"type": ["object", "null"]},
    ),
    # OGC 17-069r4, 7.14 (requirements fc-md-extent); two or three axes; open ends are null.
    "extent": _object(
        "",
        spatial=_object(
            "bbox",
            bbox=_list({"type": "array", "items": {"type": "number"}, "minItems": 4, "maxItems": 6}, minItems=1),
            crs={"enum": [_CRS84, "http://www.opengis.net/def/crs/OGC/0/CRS84h"]},
        ),
        temporal=_object(
            "interval",
            interval=_list(_list({"type": ["string", "null"], "pattern": _MOMENT}, minItems=2, maxItems=2), minItems=1),
            trs={"const": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"},
        ),
    ),
    # OGC 17-069r4, 7.14 (fc-md-items: a link to the items); OGC 18-058r1, 6.2 (crs, storageCrs).
    "collection": _object(
        "id title links",
        id=_TEXT,
        title=_TEXT,
        description={"type": "string"},
        itemType=_TEXT,
        extent=_ref("extent"),
        crs=_list(_URI, minItems=1, uniqueItems=True),
        storageCrs=_URI,
        attribution=_TEXT,
        links=_links(),
    ),
    "language": _object("code", code={"enum": ["vi", "en"]}, name=_TEXT),
    # OGC 20-004r1 (Records), 7.3: a record is a GeoJSON feature with `time`; title and type have to stand there.
    "record": {
        "allOf": [
            _ref("feature"),
            _object(
                "id time links properties",
                id=_TEXT,
                conformsTo=_list(_URI),
                time={
                    "oneOf": [
                        {"type": "null"},
                        _object("date", date={"type": "string", "pattern": _DAY}),
                        _object(
                            "interval",
                            interval=_list({"type": "string", "pattern": rf"{_DAY}|^\.\.$"}, minItems=2, maxItems=2),
                        ),
                    ]
                },
                properties=_object(
                    "type title",
                    type={"type": "string", "maxLength": 64},
                    title=_TEXT,
                    keywords=_list(_TEXT),
                    language=_ref("language"),
                    languages=_list(_ref("language")),
                    externalIds=_list(_object("value", value=_TEXT)),
                    formats=_list(_object("name", name=_TEXT, mediaType=_TEXT)),
                    license=_TEXT,
                ),
                links=_links(),
            ),
        ]
    },
    # OGC 18-062r2, 7.9 and 7.11.
    "processSummary": _described("id version", **_SUMMARY),
    "job": _object(
        "jobID type status",
        jobID=_TEXT,
        processID=_TEXT,
        type={"const": "process"},
        status={"enum": ["accepted", "running", "successful", "failed", "dismissed"]},
        message={"type": "string"},
        progress={"type": "integer", "minimum": 0, "maximum": 100},
        **{name: {"type": "string", "pattern": _MOMENT} for name in ("created", "started", "finished", "updated")},
        links=_links(),
    ),
    # OGC 17-083r4 (Tile Matrix Set and TileSet Metadata), 6.2 and annex A.
    "tileMatrix": _object(
        "id scaleDenominator cellSize pointOfOrigin tileWidth tileHeight matrixWidth matrixHeight",
        id=_TEXT,
        scaleDenominator={"type": "number", "exclusiveMinimum": 0},
        cellSize={"type": "number", "exclusiveMinimum": 0},
        cornerOfOrigin={"enum": ["topLeft", "bottomLeft"]},
        pointOfOrigin=_list({"type": "number"}, minItems=2, maxItems=2),
        **{
            name: {"type": "integer", "minimum": 1}
            for name in ("tileWidth", "tileHeight", "matrixWidth", "matrixHeight")
        },
    ),
    "box": _object(
        "lowerLeft upperRight",
        lowerLeft=_list({"type": "number"}, minItems=2, maxItems=2),
        upperRight=_list({"type": "number"}, minItems=2, maxItems=2),
        crs=_URI,
    ),
    "jsonSchema": _object(
        "$schema $id type properties",
        **{"$schema": {"const": "https://json-schema.org/draft/2020-12/schema"}, "$id": _URI},
        type={"const": "object"},
        properties={"type": "object", "additionalProperties": {"type": "object"}},
    ),
}

#: What each document has to be, by name.
SCHEMAS: Final[dict[str, JsonObject]] = {
    # OGC 17-069r4, 7.2 (root-success): the API definition, the conformance declaration and the data are linked.
    "landing": _object(
        "links",
        title=_TEXT,
        description={"type": "string"},
        links=_links("self", "service-desc", "service-doc", "conformance", "data", "alternate"),
    ),
    # OGC 17-069r4, 7.4 (conformance-success).
    "conformance": _object("conformsTo", conformsTo=_list(_URI, minItems=1, uniqueItems=True)),
    # OGC 17-069r4, 7.13 (fc-links: self and alternates).
    "collections": _object(
        "links collections", links=_links("self", "alternate"), collections=_list(_ref("collection"))
    ),
    "collection": {"allOf": [_ref("collection"), _object("links", links=_links("self", "alternate", "items"))]},
    # OGC 19-079r2 (part 3), 6.2 and OGC 23-058r1 (part 5): a JSON Schema with its own address.
    "schema": _ref("jsonSchema"),
    # OGC 17-069r4, 7.15.7 and 7.15.8 (fc-response, fc-links, fc-timeStamp, fc-numberReturned).
    "items": _object(
        "type features links timeStamp numberReturned",
        type={"const": "FeatureCollection"},
        features=_list(_ref("feature")),
        links=_links("self", "alternate", "collection"),
        timeStamp={"type": "string", "pattern": _MOMENT},
        numberMatched={"type": "integer", "minimum": 0},
        numberReturned={"type": "integer", "minimum": 0},
    ),
    # OGC 17-069r4, 7.16 (f-links: self, alternates, collection).
    "item": {"allOf": [_ref("feature"), _object("links", links=_links("self", "alternate", "collection"))]},
    "catalogue": {
        "allOf": [
            _ref("collection"),
            _object("type itemType", type={"const": "catalog"}, itemType={"const": "record"}),
        ]
    },
    "record": {"allOf": [_ref("record"), _object("links", links=_links("self", "collection"))]},
    "records": _object(
        "type features links numberReturned",
        type={"const": "FeatureCollection"},
        features=_list(_ref("record")),
        links=_links("self", "alternate", "collection"),
        timeStamp={"type": "string", "pattern": _MOMENT},
    ),
    # OGC 17-083r4, 6.2; OGC 20-057 (Tiles), 9.
    "tileMatrixSets": _object(
        "tileMatrixSets",
        tileMatrixSets=_list(_object("id links", id=_TEXT, title=_TEXT, crs=_URI, uri=_URI, links=_links("self"))),
    ),
    "tileMatrixSet": _object(
        "crs tileMatrices id",
        id=_TEXT,
        title=_TEXT,
        crs=_URI,
        uri=_URI,
        orderedAxes=_list(_TEXT, minItems=2, maxItems=2),
        boundingBox=_ref("box"),
        tileMatrices=_list(_ref("tileMatrix"), minItems=1),
    ),
    "tilesets": _object("tilesets", links=_links("self"), tilesets=_list(_object("dataType crs links", **_TILESET))),
    "tileset": _object(
        "dataType crs links layers",
        **{**_TILESET, "links": _links("self", REL + "tiling-scheme", "item")},
        boundingBox=_ref("box"),
        layers=_list(
            _object(
                "id dataType",
                id=_TEXT,
                dataType={"const": "vector"},
                geometryDimension={"type": "integer", "minimum": 0, "maximum": 3},
                minTileMatrix=_TEXT,
                maxTileMatrix=_TEXT,
                boundingBox=_ref("box"),
                propertiesSchema=_object("properties", properties={"type": "object"}),
                links=_links(),
            ),
            minItems=1,
        ),
    ),
    # OGC 18-062r2, 7.8 to 7.12.
    "processes": _object("processes links", processes=_list(_ref("processSummary")), links=_links("self", "alternate")),
    "process": {
        "allOf": [
            _ref("processSummary"),
            _object(
                "inputs outputs links",
                inputs={
                    "type": "object",
                    "additionalProperties": _described(
                        "title schema",
                        minOccurs={"type": "integer", "minimum": 0},
                        maxOccurs={"oneOf": [{"type": "integer", "minimum": 1}, {"const": "unbounded"}]},
                        schema={"type": "object"},
                    ),
                },
                outputs={
                    "type": "object",
                    "minProperties": 1,
                    "additionalProperties": _described("schema", schema={"type": "object"}),
                },
                links=_links("self", "alternate", REL + "execute"),
            ),
        ]
    },
    "job": {"allOf": [_ref("job"), _object("links", links=_links("self", "alternate"))]},
    "jobs": _object("jobs links", jobs=_list(_ref("job")), links=_links("self", "alternate")),
    # OGC 18-062r2, 7.13: the outputs by their names.
    "results": {"type": "object", "minProperties": 1},
    # RFC 9457, 3.
    "problem": _object(
        "type title status detail instance",
        type=_URI,
        title=_TEXT,
        status={"type": "integer", "minimum": 400, "maximum": 599},
        detail=_TEXT,
        instance=_TEXT,
    ),
}


def faults(name: str, document: object) -> list[str]:
    """What is wrong with a document, by one of `SCHEMAS`: the place and what was expected there."""
    schema = {**SCHEMAS[name], "$defs": _DEFINITIONS, "$schema": "https://json-schema.org/draft/2020-12/schema"}
    Draft202012Validator.check_schema(schema)
    found = Draft202012Validator(schema, format_checker=FormatChecker()).iter_errors(document)
    return [f"{error.json_path}: {error.message[:300]}" for error in found]


def check(name: str, document: object) -> None:
    """Assert that a document is what its standard asks for."""
    assert faults(name, document) == [], name
