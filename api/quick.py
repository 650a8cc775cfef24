"""The two answers that are asked for most, on a short way: a page of features and one feature, in plain GeoJSON.

What is asked for in any other manner, and everything that goes wrong, is left to the routes: they say the same of the
same features, and know the words for every error.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import orjson
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from api.auth.persons import admit, gate_of
from api.errors import ApiError
from api.etags import state_digest, strong_etag
from api.feature_parts import asks_for_part
from api.languages import as_language, request_language
from api.links import GEOJSON, HTML, JSON, JSONFG, base_url, collection_url, feature_url, link, request_url
from api.params import parse_bbox, parse_filter, parse_limit
from api.short import keep, time_stamp
from api.states import state_of
from layers.definitions import STORE_CRS
from layers.errors import LayersError
from layers.published import CRS84
from layers.store.pages import definition_of, feature_page, feature_text
from layers.time import parse_datetime

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from api.settings import Settings
    from layers.store import Store
    from layers.types import Language

__all__ = ["QuickPages"]

_PAGE: Final = re.compile(r"/collections/([a-z][a-z0-9_]*)/items(?:/(.+))?")
#: Parameters that are read here, beside the fields of a layer.
_OWN: Final = ("bbox", "datetime", "limit", "cursor", "f", "lang")
#: Parameters that only the routes know; a field of that name is filtered by in no manner.
_OTHERS: Final = frozenset(
    {"filter", "filter-lang", "filter-crs", "bbox-crs", "crs", "properties", "sortby", "as_of", "proposal"}
)
#: Readers who like something better than JSON say so by one of these.
_CHOICES: Final = ("html", "xml", "csv", "vnd", "flatgeobuf", "parquet", "geopackage", "q=")
#: What the routes call these addresses.
_PATTERNS: Final = ("/collections/{collectionId}/items", "/collections/{collectionId}/items/{featureId}")
_CONDITIONS: Final = frozenset({"if-match", "if-none-match", "if-modified-since", "if-unmodified-since", "range"})
#: As the ETag of a route names the CRS.
_DEGREES: Final = "EPSG4326"
#: Length of a digest in an ETag.
STATE_DIGITS: Final = 24
_HEADERS: Final = {"Vary": "Accept, Accept-Language", "Content-Crs": f"<{CRS84}>"}


class _Asked(NamedTuple):
    """A plain request."""

    layer: str
    feature_id: str | None
    values: dict[str, str]
    language: Language


class QuickPages:
    """Answer plain requests for features, and hand all others on.

    Parameters
    ----------
    app : ASGI application
        The application.
    settings : Settings
        For the limits of a page.
    """

    def __init__(self, app: ASGIApp, *, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request.

        Parameters
        ----------
        scope, receive, send
            As ASGI has it.
        """
        answered = None
        if scope["type"] == "http" and scope["method"] == "GET":
            request = Request(scope)
            if (asked := _plain(request)) is not None:
                answered = await self._answer(request, asked)
        await (answered or self._app)(scope, receive, send)

    async def _answer(self, request: Request, asked: _Asked) -> Response | None:
        try:
            store = gate_of(request).store_for(await admit(request))
            body, headers = await run_in_threadpool(self._body, request, store, asked)
        except (ApiError, LayersError):  # the route meets it again, and says it
            return None
        if body is None:
            return None
        request.scope["parkplan.pattern"] = _PATTERNS[asked.feature_id is not None]
        own = {**_HEADERS, "Content-Language": asked.language, **headers}
        return Response(body, media_type=GEOJSON, headers=own)

    def _body(self, request: Request, store: Store, asked: _Asked) -> tuple[bytes | None, dict[str, str]]:
        if asked.feature_id is not None:
            return _feature(request, store, asked)
        return self._page(request, store, asked), {}

    def _page(self, request: Request, store: Store, asked: _Asked) -> bytes | None:
        given = asked.values
        selection: dict[str, Any] = {}
        if filters := {name: text for name, text in given.items() if name not in _OWN}:
            definition = definition_of(store, asked.layer)
            selection["where"] = {name: parse_filter(definition.field(name), text) for name, text in filters.items()}
        if "bbox" in given:
            selection["bbox"] = parse_bbox(given["bbox"])
        if "datetime" in given:
            selection["horizon"] = parse_datetime(given["datetime"])
        limit = self._settings.default_limit
        if "limit" in given:
            limit = parse_limit(given["limit"], maximum=self._settings.max_limit)
        page = feature_page(store, asked.layer, limit=limit, after=given.get("cursor"), **selection)
        if not page.features and "bbox" in given:
            # What an empty box means, the route tells.
            return None
        links = _links(request, request_url(request), page.definition.id, page.definition.title.say(asked.language))
        if page.after is not None:
            links.append(link(request_url(request, changed=[("cursor", page.after)]), "next", GEOJSON))
        stamp = time_stamp()
        keep(request, stamp=stamp)
        head = {
            "type": "FeatureCollection",
            "timeStamp": stamp,
            "numberReturned": len(page.features),
            **({} if page.matched is None else {"numberMatched": page.matched}),
            "links": links,
        }
        return b'%b,"features":[%b]}' % (orjson.dumps(head)[:-1], b",".join(page.features))


def _feature(request: Request, store: Store, asked: _Asked) -> tuple[bytes, dict[str, str]]:
    keep(request)
    found = feature_text(store, asked.layer, str(asked.feature_id))
    address = feature_url(base_url(request), asked.layer, str(asked.feature_id))
    links = _links(request, address, asked.layer, found.definition.title.say(asked.language))
    state = state_digest(str(asked.feature_id), found.attributes, found.wkb)
    # As the route names it.
    etag = strong_etag(state, asked.language, STORE_CRS.replace(":", ""), "json")
    return b'%b,"links":%b}' % (found.text[:-1], orjson.dumps(links)), {"ETag": etag}


def _links(request: Request, address: str, layer: str, title: str) -> list[dict[str, str]]:
    return [
        link(address, "self", GEOJSON),
        link(request_url(request, changed=[("f", "jsonfg")]), "alternate", JSONFG),
        link(request_url(request, changed=[("f", "html")]), "alternate", HTML),
        link(collection_url(base_url(request), layer), "collection", JSON, title),
    ]


def _plain(request: Request) -> _Asked | None:
    """Return what a request asks for, if it asks for features as GeoJSON, by parameters that are read here."""
    found = _PAGE.fullmatch(request.scope["path"])
    if found is None or state_of(request) or (found[2] is not None and asks_for_part(request.scope)):
        return None
    if not _CONDITIONS.isdisjoint(request.headers.keys()):
        return None
    accept = request.headers.get("accept", "*/*")
    pairs = request.query_params.multi_items()
    values = dict(pairs)
    if len(values) < len(pairs) or values.get("f", "json") != "json" or any(word in accept for word in _CHOICES):
        return None
    layer, feature_id = found[1], found[2]
    if not (_OTHERS.isdisjoint(values) if feature_id is None else values.keys() <= {"f", "lang"}):
        return None
    if "lang" in values and as_language(values["lang"]) is None:
        return None
    if any("\0" in text for text in (feature_id or "", *values.values())):
        return None
    return _Asked(layer, feature_id, values, request_language(request))
