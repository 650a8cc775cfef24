"""The documents of OGC API Features: pure functions from definitions and extents to what is sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any, Final

from api.links import GEOJSON, HTML, JSON, JSONFG, OPENAPI, REL, SCHEMA, Link, collection_url, link, own_links
from api.tile_documents import CONFORMANCE as TILE_CONFORMANCE
from api.tile_documents import tileset_links
from layers.cql2 import FUNCTIONS, Kind
from layers.definitions import LayerDefinition
from layers.published import CRS84, PUBLISHED
from layers.store import Extent
from layers.types import Language, Text

__all__ = [
    "CONFORMANCE",
    "CRS84",
    "collection_document",
    "collections_document",
    "conformance_document",
    "functions_document",
    "landing_document",
    "layer_schema_document",
    "page_links",
]

JsonObject = dict[str, Any]

_GREGORIAN: Final = "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian"

#: Conformance classes, each held to by tests in `tests/api`.
CONFORMANCE: Final = (
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-common-1/1.0/conf/html",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/collections",
    "http://www.opengis.net/spec/ogcapi-common-2/1.0/conf/html",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/geojson",
    "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/html",
    "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/queryables-query-parameters",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/filter",
    "http://www.opengis.net/spec/ogcapi-features-3/1.0/conf/features-filter",
    "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/schemas",
    "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/core-roles-features",
    "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/returnables-and-receivables",
    "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/queryables",
    "http://www.opengis.net/spec/ogcapi-features-5/1.0/conf/sortables",
    "http://www.opengis.net/spec/json-fg-1/1.0/conf/core",
    "http://www.opengis.net/spec/json-fg-1/1.0/conf/types-schemas",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-text",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-json",
    "http://www.opengis.net/spec/cql2/1.0/conf/advanced-comparison-operators",
    "http://www.opengis.net/spec/cql2/1.0/conf/case-insensitive-comparison",
    "http://www.opengis.net/spec/cql2/1.0/conf/accent-insensitive-comparison",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-spatial-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-spatial-functions-plus",
    "http://www.opengis.net/spec/cql2/1.0/conf/spatial-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/temporal-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/array-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/property-property",
    "http://www.opengis.net/spec/cql2/1.0/conf/functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/arithmetic",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/core",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/json",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/html",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/oas30",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/ogc-process-description",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/job-list",
    "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/dismiss",
    "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core",
    "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core-query-parameters",
    "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-collection",
    "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/json",
    "http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/html",
    *TILE_CONFORMANCE,
)

#: Types of functions by the words of part 3.
_TYPES: Final[dict[Kind, str]] = {
    "text": "string",
    "number": "number",
    "boolean": "boolean",
    "date": "datetime",
    "timestamp": "datetime",
    "geometry": "geometry",
    "texts": "array",
}

_DESCRIPTION: Final = Text(
    vi="Các khu, cụm công nghiệp Hà Nội, các quy hoạch liên quan và kết quả rà soát theo quy định.",
    en="Hanoi's industrial parks, the plans they lie in, and what the rules say of them.",
)
_THIS: Final = Text(vi="Tài liệu này", en="This document")
_PAGE: Final = Text(vi="Trang bản đồ", en="The map page")
_API: Final = Text(vi="Mô tả giao diện (OpenAPI)", en="Description of the interface (OpenAPI)")
_API_PAGE: Final = Text(vi="Tài liệu giao diện", en="Documentation of the interface")
_CONFORMS: Final = Text(vi="Các lớp tuân thủ", en="Conformance classes")
_DATA: Final = Text(vi="Các lớp dữ liệu", en="Layers")
_PROCESSES: Final = Text(vi="Các quy trình phân tích", en="Analyses")
_PROPOSALS: Final = Text(vi="Các đề xuất", en="Proposals")
_CHANGESETS: Final = Text(vi="Lịch sử thay đổi", en="Record of changes")
_JOBS: Final = Text(vi="Các việc đang chạy và đã chạy", en="Jobs")
_ITEMS: Final = Text(vi="Các đối tượng", en="Features")
_QUERYABLES: Final = Text(vi="Các trường lọc được", en="Queryables")
_SORTABLES: Final = Text(vi="Các trường sắp xếp được", en="Sortables")
_FUNCTIONS: Final = Text(vi="Các hàm dùng trong bộ lọc", en="Functions for filters")
_SCHEMA: Final = Text(vi="Lược đồ", en="Schema")


def landing_document(base: str, *, language: Language) -> JsonObject:
    """Return the landing page: where everything is.

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
    return {
        "title": "Parkplan",
        "description": _DESCRIPTION.say(language),
        "links": [
            link(f"{base}/?f=json", "self", JSON, _THIS.say(language)),
            link(f"{base}/?f=html", "alternate", HTML, _PAGE.say(language)),
            link(f"{base}/api", "service-desc", OPENAPI, _API.say(language)),
            link(f"{base}/api.html", "service-doc", HTML, _API_PAGE.say(language)),
            link(f"{base}/conformance", "conformance", JSON, _CONFORMS.say(language)),
            link(f"{base}/conformance", REL + "conformance", JSON, _CONFORMS.say(language)),
            link(f"{base}/collections", "data", JSON, _DATA.say(language)),
            link(f"{base}/collections", REL + "data", JSON, _DATA.say(language)),
            link(f"{base}/queryables", REL + "queryables", SCHEMA, _QUERYABLES.say(language)),
            link(f"{base}/functions", REL + "functions", JSON, _FUNCTIONS.say(language)),
            *tileset_links(base, layer=None, language=language),
            link(f"{base}/processes", REL + "processes", JSON, _PROCESSES.say(language)),
            link(f"{base}/jobs", REL + "job-list", JSON, _JOBS.say(language)),
            link(f"{base}/proposals", "related", JSON, _PROPOSALS.say(language)),
            link(f"{base}/changesets", "related", JSON, _CHANGESETS.say(language)),
        ],
    }


def page_links(base: str, *, language: Language) -> list[Link]:
    """Return the links of the landing page as its page shows them: each place once.

    Parameters
    ----------
    base : str
        Address of the server.
    language : {"vi", "en"}
        Of titles.

    Returns
    -------
    list of dict
        Links, without the document itself and its page.
    """
    links = landing_document(base, language=language)["links"]
    kept = {entry["href"]: entry for entry in links if entry["rel"] not in ("self", "alternate")}
    return [{**entry, "href": _spoken(entry, language)} for entry in kept.values()]


def _spoken(entry: Link, language: Language) -> str:
    return entry["href"] if entry["type"] == HTML else f"{entry['href']}?lang={language}"


def conformance_document() -> JsonObject:
    """Return which conformance classes hold.

    Returns
    -------
    dict
        The document.
    """
    return {"conformsTo": list(CONFORMANCE)}


def collection_document(
    definition: LayerDefinition, extent: Extent, *, base: str, language: Language, parent: bool = False
) -> JsonObject:
    """Return one layer as a collection.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    extent : Extent
        How far its features reach.
    base : str
        Address of the server.
    language : {"vi", "en"}
        Of title and description.
    parent : bool, optional
        Whether it is named in the list of all, where `self` would mean the list.

    Returns
    -------
    dict
        The document.
    """
    url = collection_url(base, definition.id)
    title = definition.title.say(language)
    own = [link(url, "collection", JSON, title)] if parent else own_links(url, JSON, title)
    document: JsonObject = {
        "id": definition.id,
        "title": title,
        "itemType": "feature",
        "crs": list(PUBLISHED),
        "links": [
            *own,
            link(f"{url}/items", "items", GEOJSON, _ITEMS.say(language)),
            link(f"{url}/items?f=jsonfg", "items", JSONFG, _ITEMS.say(language)),
            link(f"{url}/items?f=html", "items", HTML, _ITEMS.say(language)),
            link(f"{url}/queryables", REL + "queryables", SCHEMA, _QUERYABLES.say(language)),
            link(f"{url}/sortables", REL + "sortables", SCHEMA, _SORTABLES.say(language)),
            link(f"{url}/schema", REL + "schema", SCHEMA, _SCHEMA.say(language)),
            link(f"{url}/schema", "describedby", SCHEMA, _SCHEMA.say(language)),
            *(tileset_links(base, layer=definition.id, language=language) if definition.spatial else ()),
        ],
    }
    if definition.spatial:
        document["storageCrs"] = CRS84
    if definition.description is not None:
        document["description"] = definition.description.say(language)
    if definition.source:
        document["attribution"] = definition.source
    if definition.licence:
        document["license"] = definition.licence
    if reach := _extent_document(extent):
        document["extent"] = reach
    return document


def _extent_document(extent: Extent) -> JsonObject:
    reach: JsonObject = {}
    if extent.bounds is not None:
        reach["spatial"] = {"bbox": [list(extent.bounds)], "crs": CRS84}
    if extent.start is not None or extent.end is not None:
        reach["temporal"] = {"interval": [[_first(extent.start), _last(extent.end)]], "trs": _GREGORIAN}
    return reach


def _first(day: dt.date | None) -> str | None:
    return None if day is None else f"{day.isoformat()}T00:00:00Z"


def _last(day: dt.date | None) -> str | None:
    return None if day is None else f"{day.isoformat()}T23:59:59Z"


def collections_document(collections: Iterable[JsonObject], *, base: str, language: Language) -> JsonObject:
    """Return the list of all collections.

    Parameters
    ----------
    collections : iterable of dict
        Of `collection_document`.
    base : str
        Address of the server.
    language : {"vi", "en"}
        Of titles.

    Returns
    -------
    dict
        The document.
    """
    return {"links": own_links(f"{base}/collections", JSON, _THIS.say(language)), "collections": list(collections)}


def functions_document(*, language: Language) -> JsonObject:
    """Return which functions a filter can call.

    Parameters
    ----------
    language : {"vi", "en"}
        Of descriptions.

    Returns
    -------
    dict
        The document, as OGC API Features part 3 has it.
    """
    return {
        "functions": [
            {
                "name": function.name,
                "description": function.title.say(language),
                "arguments": [
                    {
                        "title": argument.name,
                        "description": argument.title.say(language),
                        "type": list(dict.fromkeys(_TYPES[kind] for kind in argument.kinds)),
                    }
                    for argument in function.arguments
                ],
                "returns": [_TYPES[function.returns]],
            }
            for function in FUNCTIONS.values()
        ]
    }


def layer_schema_document(schema: JsonObject, *, url: str) -> JsonObject:
    """Return a JSON Schema of a layer with the address under which it is found.

    Parameters
    ----------
    schema : dict
        Of `layers.schema.json_schema` or `layers.schema.queryables`.
    url : str
        Its address.

    Returns
    -------
    dict
        The schema with `$schema` and `$id` in front.
    """
    return {"$schema": schema["$schema"], "$id": url, **schema}
