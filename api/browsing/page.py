"""A document as a page: which template shows it, and what the page says beside it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from fastapi import Request
from starlette.responses import HTMLResponse, Response

from api.auth.persons import gate_of
from api.browsing.tables import columns_of, geometry_text, nodes_of, row_of, shape_name, title_of
from api.browsing.words import FORMAT_NAMES, TITLES, WORDS
from api.links import GEOJSON, HTML, JSON, JSONFG, SCHEMA, base_url, request_url
from api.portal.frame import LANGUAGE_NAMES, environment, has_font, reader_of
from api.portal.writing import write_number
from layers.definitions import LayerDefinition
from layers.streaming import FILE_FORMATS
from layers.time import HORIZONS
from layers.types import LANGUAGES, Language

__all__ = ["document_page"]

JsonObject = dict[str, Any]
_ITEMS: Final = "/collections/{collectionId}/items"
_TEMPLATES: Final = {
    "/collections": "collections.html",
    "/collections/{collectionId}": "collection.html",
    "/collections/catalogue": "collection.html",
    _ITEMS: "items.html",
    "/collections/catalogue/items": "items.html",
    f"{_ITEMS}/{{featureId}}": "item.html",
    "/collections/catalogue/items/{recordId}": "item.html",
}
#: Media types of documents that know the parameter `lang`, and have a page.
_OURS: Final = (JSON, GEOJSON, JSONFG, SCHEMA)
_PAGE_SIZES: Final = (10, 100, 1_000)
#: What a smaller selection starts without.
_PLACE_IN_LIST: Final = ("cursor",)
#: What the map does without: it wants all features of the page in degrees.
_NOT_DRAWN: Final = ("crs", "properties", "f")
#: What a file of the whole selection does without.
_NOT_IN_FILES: Final = ("limit", "cursor", "lang", "crs", "properties")
#: Relations that a page shows in a manner of their own.
_ELSEWHERE: Final = ("self", "alternate", "next")
#: Of a document, what every page shows in its own manner.
_SHOWN: Final = ("links", "title", "description")


def document_page(request: Request, document: JsonObject, *, pattern: str, language: Language) -> Response:
    """Return a document as a page.

    Parameters
    ----------
    request : Request
        The request that it answers, by somebody who was let in.
    document : dict
        The document that programs get.
    pattern : str
        Pattern of its address.
    language : {"vi", "en"}
        The language that it is in.

    Returns
    -------
    Response
        HTML, in the same language.
    """
    template = _TEMPLATES.get(pattern, "document.html")
    context = _frame(request, document, language) | {
        "title": _title(document, pattern, language),
        "trail": _trail(document, pattern, base_url(request), language),
    }
    context |= _PARTS[template](request, document, language)
    body = environment().get_template(f"browsing/{template}").render(context)
    headers = {"Content-Language": language, "Vary": "Accept, Accept-Language, Cookie", "Cache-Control": "no-cache"}
    return HTMLResponse(body, headers=headers)


def _title(document: JsonObject, pattern: str, language: Language) -> str:
    if isinstance(document.get("title"), str):
        return str(document["title"])
    return TITLES[pattern].say(language) if pattern in TITLES else ""


def _frame(request: Request, document: JsonObject, language: Language) -> JsonObject:
    """Return what every page shows: the bar, the formats, and where the document leads to."""
    base = base_url(request)
    links = [entry for entry in document.get("links", []) if isinstance(entry, dict)]
    path = urlsplit(request_url(request)).path
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "lang"]

    def address(**changed: object) -> str:
        kept = [(name, value) for name, value in query if name not in changed and name not in _PLACE_IN_LIST]
        new = [(name, str(value)) for name, value in changed.items() if value is not None]
        spoken = [] if "lang" in changed else [("lang", language)]
        return f"{path}?{urlencode([*kept, *new, *spoken], quote_via=quote)}"

    return {
        "language": language,
        "languages": [(code, LANGUAGE_NAMES[code]) for code in LANGUAGES],
        "prefix": urlsplit(base).path.rstrip("/"),
        "words": {name: text.say(language) for name, text in WORDS.items()},
        "font": has_font(),
        "nonce": request.state.nonce,
        "who": reader_of(request),
        "address": address,
        "description": document.get("description", ""),
        "formats": _formats(links),
        "links": [_shown_link(entry, language) for entry in links if entry["rel"] not in _ELSEWHERE],
        "document": document,
        "drawn": "",
    }


def _formats(links: list[JsonObject]) -> list[JsonObject]:
    """Return the other forms of a document; the page itself is none of them."""
    return [
        {"href": _with(entry["href"], f="json") if entry["rel"] == "self" else entry["href"], "type": entry["type"]}
        | {"name": FORMAT_NAMES.get(entry["type"], entry["type"])}
        for entry in links
        if entry["rel"] in ("self", "alternate") and entry.get("type") != HTML
    ]


def _shown_link(entry: JsonObject, language: Language) -> JsonObject:
    """Return a link as a page leads there: to the page of what is there, in the same language."""
    href, type_ = entry["href"], entry.get("type", "")
    leads = type_ in _OURS and not entry.get("templated")
    return {
        "rel": entry["rel"],
        "short": entry["rel"].rpartition("/")[2],
        "type": FORMAT_NAMES.get(type_, type_),
        "title": entry.get("title") or entry["rel"].rpartition("/")[2],
        "href": _with(href, lang=language) if leads else href,
        "templated": bool(entry.get("templated")),
    }


def _with(href: str, **values: str) -> str:
    """Return an address with further parameters, as far as it has none of these names."""
    split = urlsplit(href)
    named = {part.partition("=")[0] for part in split.query.split("&")}
    more = urlencode({name: value for name, value in values.items() if name not in named})
    return split._replace(query="&".join(part for part in (split.query, more) if part)).geturl()


def _trail(document: JsonObject, pattern: str, base: str, language: Language) -> list[JsonObject]:
    """Return the way to a document: from the list that it lies in, by the layer that it is of."""
    first, _, behind = pattern[1:].partition("/")
    if f"/{first}" not in TITLES or not behind:
        return []
    parents = [entry for entry in document.get("links", []) if entry["rel"] == "collection"]
    steps = [{"title": TITLES[f"/{first}"].say(language), "href": _with(f"{base}/{first}", lang=language)}]
    steps += [{"title": entry.get("title", ""), "href": _with(entry["href"], lang=language)} for entry in parents[:1]]
    return steps


def _definition(request: Request) -> LayerDefinition | None:
    """Return the layer that an address names, as its reader may see it; None for things of no layer."""
    store = gate_of(request).store_for(request.state.person)
    return store.layers().get(request.path_params.get("collectionId", ""))


def _anything(_request: Request, document: JsonObject, language: Language) -> JsonObject:
    return {"nodes": nodes_of(document, language, without=_SHOWN)}


def _collections(_request: Request, document: JsonObject, language: Language) -> JsonObject:
    return {"collections": [_told(entry, language) for entry in document["collections"]]}


def _collection(_request: Request, document: JsonObject, language: Language) -> JsonObject:
    told = _told(document, language)
    known = {*_SHOWN, "id", "extent", "crs", "storageCrs", "attribution", "license", "coverage", "itemType", "type"}
    return {
        "told": told,
        "nodes": nodes_of(document, language, without=(*known, "language", "languages")),
        "drawn": _with(told["items"], f="json", limit="100") if told["items"] and told["bbox"] else "",
    }


def _told(collection: JsonObject, language: Language) -> JsonObject:
    """Return a collection as its page and the list of all tell of it."""
    hrefs = {entry["rel"]: entry["href"] for entry in reversed(collection["links"])}
    extent = collection.get("extent", {})
    boxes = extent.get("spatial", {}).get("bbox", [])
    spans = extent.get("temporal", {}).get("interval", [])
    return {
        "id": collection["id"],
        "title": collection["title"],
        "description": collection.get("description", ""),
        "href": _with(hrefs.get("collection") or hrefs["self"], lang=language),
        "items": hrefs.get("items", ""),
        "look": _with(hrefs["items"], lang=language) if "items" in hrefs else "",
        "bbox": ", ".join(write_number(value, language=language, decimals=4) for value in boxes[0]) if boxes else "",
        "time": _span(spans[0], language) if spans else "",
    }


def _span(span: list[str | None], language: Language) -> str:
    first, last = (None if moment is None else moment[:10] for moment in span)
    return f"{first or WORDS['open_start'].say(language)} – {last or WORDS['open_end'].say(language)}"


def _items(request: Request, document: JsonObject, language: Language) -> JsonObject:
    definition, features = _definition(request), document["features"]
    columns = columns_of(features, definition=definition, language=language)
    sort = request.query_params.get("sortby", "")
    count = write_number(len(features), language=language)
    matched = document.get("numberMatched")
    words = WORDS["shown" if matched is None else "shown_of"].say(language)
    following = next((entry["href"] for entry in document["links"] if entry["rel"] == "next"), "")
    query = dict(request.query_params)
    return {
        "title": next(entry["title"] for entry in document["links"] if entry["rel"] == "collection"),
        "columns": columns,
        "sort": sort,
        "sortable": definition is not None,
        "rows": [
            {
                "id": feature["id"],
                "href": _feature_href(request, str(feature["id"]), language),
                "shape": shape_name(feature),
                "values": row_of(feature, columns, definition=definition, language=language),
            }
            for feature in features
        ],
        "shown": words.format(n=count, m="" if matched is None else write_number(matched, language=language)),
        "coverage": document.get("coverage"),
        "following": following,
        "query": query,
        "kept": {name: value for name, value in query.items() if name not in ("filter", "lang", *_PLACE_IN_LIST)},
        "horizons": HORIZONS,
        "sizes": _PAGE_SIZES,
        "downloads": [
            {
                "name": FORMAT_NAMES[name],
                "href": request_url(request, changed=[("f", name)], without=_NOT_IN_FILES),
            }
            for name in FILE_FORMATS
            if definition is not None
        ],
        "drawn": _drawn(request) if any(map(shape_name, features)) else "",
        "label": definition.label.say(language) if definition and definition.label else "title",
    }


def _drawn(request: Request) -> str:
    """Return the address of what the map of a page draws."""
    return request_url(request, changed=[("f", "json")], without=_NOT_DRAWN)


def _feature_href(request: Request, feature_id: str, language: Language) -> str:
    """Return the address of a feature's page, in the state in which the list shows it."""
    path = urlsplit(request_url(request)).path
    state = {name: value for name, value in request.query_params.items() if name in ("as_of", "proposal", "crs", "f")}
    return f"{path}/{quote(feature_id, safe='')}?{urlencode(state | {'lang': language}, quote_via=quote)}"


def _item(request: Request, document: JsonObject, language: Language) -> JsonObject:
    definition = _definition(request)
    columns = columns_of([document], definition=definition, language=language)
    values = row_of(document, columns, definition=definition, language=language)
    path = urlsplit(request_url(request)).path
    return {
        "title": title_of(document, definition=definition, language=language),
        "description": "",
        "rows": list(zip(columns, values, strict=True)),
        "shape": shape_name(document),
        "geometry": geometry_text(document),
        "history": f"{path}/history?lang={language}" if definition is not None else "",
        "drawn": _drawn(request) if document.get("geometry") else "",
        "label": definition.label.say(language) if definition and definition.label else "title",
        "nodes": nodes_of(document, language, without=("type", "id", "geometry", "properties", "links")),
    }


_PARTS: Final[Mapping[str, Any]] = {
    "document.html": _anything,
    "collections.html": _collections,
    "collection.html": _collection,
    "items.html": _items,
    "item.html": _item,
}
