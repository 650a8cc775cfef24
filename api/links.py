"""Links: one builder for all of them, and the media types and relations that they name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from starlette.requests import Request

__all__ = [
    "GEOJSON",
    "HTML",
    "JSON",
    "JSONFG",
    "OPENAPI",
    "PROBLEM",
    "REL",
    "SCHEMA",
    "ZIP",
    "Link",
    "base_url",
    "collection_url",
    "feature_url",
    "link",
    "own_links",
    "request_url",
]

JSON: Final = "application/json"
GEOJSON: Final = "application/geo+json"
ZIP: Final = "application/zip"
JSONFG: Final = "application/vnd.ogc.fg+json"
SCHEMA: Final = "application/schema+json"
PROBLEM: Final = "application/problem+json"
OPENAPI: Final = "application/vnd.oai.openapi+json;version=3.0"
HTML: Final = "text/html"

#: Prefix of the link relations that OGC has registered.
REL: Final = "http://www.opengis.net/def/rel/ogc/1.0/"

Link = dict[str, str]


def link(href: str, rel: str, type_: str, title: str = "") -> Link:
    """Return one link.

    Parameters
    ----------
    href : str
        Address.
    rel : str
        Relation, registered or a URI.
    type_ : str
        Media type of what is there.
    title : str, optional
        For the reader.

    Returns
    -------
    dict
        The link object.

    Examples
    --------
    >>> link("http://x/api", "service-desc", "application/json")
    {'href': 'http://x/api', 'rel': 'service-desc', 'type': 'application/json'}
    """
    entry = {"href": href, "rel": rel, "type": type_}
    return {**entry, "title": title} if title else entry


def own_links(url: str, type_: str = JSON, title: str = "") -> list[Link]:
    """Return the links by which a document names itself and the page that shows the same.

    Parameters
    ----------
    url : str
        Its address.
    type_ : str, optional
        Its media type.
    title : str, optional
        For the reader.

    Returns
    -------
    list of dict
        `self` and `alternate`.

    Examples
    --------
    >>> [entry["href"] for entry in own_links("http://x/jobs")]
    ['http://x/jobs', 'http://x/jobs?f=html']
    """
    page = f"{url}{'&' if '?' in url else '?'}f=html"
    return [link(url, "self", type_, title), link(page, "alternate", HTML, title)]


def base_url(request: Request) -> str:
    """Return the address under which the reader reaches the server, without a slash at its end.

    Parameters
    ----------
    request : Request
        The request.

    Returns
    -------
    str
        The setting `public_url`, else what the request says; below it the state of the plan that the request names.
    """
    public: str = request.app.state.settings.public_url
    return f"{public.rstrip('/')}{request.scope.get('root_path', '')}" if public else str(request.base_url).rstrip("/")


def request_url(request: Request, *, changed: Iterable[tuple[str, str]] = (), without: Collection[str] = ()) -> str:
    """Return the address of a request, with some query parameters set anew.

    Parameters
    ----------
    request : Request
        The request.
    changed : iterable of (str, str)
        Names and values that replace those of the request.
    without : collection of str
        Names that are left out.

    Returns
    -------
    str
        Absolute address; the other parameters keep their order.
    """
    changes = dict(changed)
    kept = [
        (name, value)
        for name, value in request.query_params.multi_items()
        if name not in changes and name not in without
    ]
    query = urlencode([*kept, *changes.items()])
    # The path as it was sent: a decoded slash or percent sign in a feature id must not change its meaning.
    sent = request.scope.get("raw_path") or quote(request.scope["path"]).encode()
    path = sent.decode("latin-1").partition("?")[0]
    return base_url(request) + path + (f"?{query}" if query else "")


def collection_url(base: str, layer: str) -> str:
    """Return the address of a collection.

    Parameters
    ----------
    base : str
        Address of the server.
    layer : str
        The layer's id.

    Returns
    -------
    str
        The address.
    """
    return f"{base}/collections/{quote(layer, safe='')}"


def feature_url(base: str, layer: str, feature_id: str) -> str:
    """Return the address of a feature.

    Parameters
    ----------
    base : str
        Address of the server.
    layer : str
        The layer's id.
    feature_id : str
        The feature's id.

    Returns
    -------
    str
        The address; signs that mean something in an address are escaped.

    Examples
    --------
    >>> feature_url("http://x", "roads", "QL 1/a")
    'http://x/collections/roads/items/QL%201%2Fa'
    """
    return f"{collection_url(base, layer)}/items/{quote(feature_id, safe='')}"
