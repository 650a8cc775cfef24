"""Styles and legends of layers: MapLibre style documents that follow from the layer definitions, and what they mean."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import FileResponse, HTMLResponse, Response

from api.assets import ASSETS_PATH, FOLDER, fingerprint
from api.errors import BadParameterError
from api.links import JSON, base_url, collection_url, link
from api.openapi import document_of
from api.params import LanguageParameter, LayerParameter, StoreParameter, check_format, check_names
from api.responses import answer
from api.tile_documents import MAX_ZOOM, tiles_url
from api.tile_params import HANDED_ON, FilterParameter, LayersParameter, SelectionParameter
from layers.definitions import ID_FIELD, LayerDefinition
from layers.types import Language, Text

__all__ = ["STYLE", "legend_document", "router", "style_document"]

JsonObject = dict[str, Any]

STYLE: Final = "application/vnd.mapbox.style+json"
#: Id of the style of all layers, or of those that `collections` names.
_ALL: Final = "plan"
_SOURCE: Final = "parkplan"
_TITLE: Final = Text(vi="Quy hoạch", en="The plan")
_OTHER: Final = Text(vi="khác hoặc chưa rõ", en="other or not known")
_STYLES: Final = Text(vi="Các kiểu vẽ", en="Styles")
#: Zooms of web maps count tiles of 256 pixels, those of MapLibre tiles of 512.
_ZOOM_SHIFT: Final = 1
#: From the ground up.
_ORDER: Final = ("Polygon", "LineString", "Point")

router = APIRouter(tags=["styles"], default_response_class=Response)


def _colour(definition: LayerDefinition) -> Any:
    """Return the colour of a layer's features as MapLibre computes it."""
    style = definition.style
    if style.by is None:
        return style.color
    pairs = [part for code in definition.field(style.by).codes if code.color for part in (code.value, code.color)]
    return ["match", ["to-string", ["get", style.by]], *pairs, style.color] if pairs else style.color


def _layers(definition: LayerDefinition) -> list[JsonObject]:
    """Return how each kind of geometry of a layer is drawn."""
    style, colour = definition.style, _colour(definition)
    kinds = {type_.removeprefix("Multi") for type_ in definition.geometry}
    dash = None if style.dash is None else [float(part) / style.width for part in style.dash.replace(",", " ").split()]
    line = {"line-color": colour, "line-width": style.width, **({} if dash is None else {"line-dasharray": dash})}
    # A point may stand for several features, which shows.
    grown = ["+", 1, ["log10", ["coalesce", ["get", "features"], 1]]]
    paints: list[tuple[str, str, str, JsonObject]] = [
        ("Polygon", "area", "fill", {"fill-color": colour, "fill-opacity": style.fill_opacity}),
        ("Polygon", "edge", "line", line),
        ("LineString", "line", "line", line),
        (
            "Point",
            "point",
            "circle",
            {
                "circle-color": colour,
                "circle-radius": ["*", style.radius, grown],
                "circle-stroke-color": "#ffffff",
                "circle-stroke-width": 1,
            },
        ),
    ]
    return [
        {
            "id": f"{definition.id}-{name}",
            "type": type_,
            "source": _SOURCE,
            "source-layer": definition.id,
            "minzoom": max(0, definition.zoom[0] - _ZOOM_SHIFT),
            # In the plainest words: QGIS reads no other way of asking for a kind of geometry.
            "filter": ["any", *(["==", ["geometry-type"], form] for form in (kind, f"Multi{kind}"))],
            "paint": paint,
        }
        for kind, name, type_, paint in paints
        if kind in kinds
    ]


def style_document(
    layers: Sequence[LayerDefinition], *, base: str, one: bool, language: Language, query: Mapping[str, str]
) -> JsonObject:
    """Return the style of layers by their definitions.

    Parameters
    ----------
    layers : sequence of LayerDefinition
        In listing order.
    base : str
        Address of the server.
    one : bool
        Whether it is the style of a collection.
    language : {"vi", "en"}
        Of titles.
    query : mapping of str to str
        Parameters that the tiles take over.

    Returns
    -------
    dict
        A style document, version 8: areas below lines below points; the legend stands in its metadata.
    """
    url = tiles_url(base, layers[0].id if one else None)
    more = f"?{urlencode(query)}" if query else ""
    drawn = [entry for definition in layers for entry in _layers(definition)]
    rank = {"fill": 0, "line": 1, "circle": 2}
    return {
        "version": 8,
        "name": layers[0].title.say(language) if one else _TITLE.say(language),
        "metadata": {"parkplan:legend": [legend_document(definition, language) for definition in layers]},
        "sources": {
            _SOURCE: {
                "type": "vector",
                "tiles": [f"{url}/WebMercatorQuad/{{z}}/{{y}}/{{x}}{more}"],
                "minzoom": 0,
                "maxzoom": MAX_ZOOM,
                "promoteId": {definition.id: ID_FIELD for definition in layers},
            }
        },
        "layers": [
            {"id": "ground", "type": "background", "paint": {"background-color": "#f7f6f2"}},
            *sorted(drawn, key=lambda entry: rank[entry["type"]]),
        ],
    }


def legend_document(definition: LayerDefinition, language: Language) -> JsonObject:
    """Return what the colours of a layer mean.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    language : {"vi", "en"}
        Of titles.

    Returns
    -------
    dict
        One entry a class, in the order of its codes, and one for all others.
    """
    style = definition.style
    kinds = {type_.removeprefix("Multi") for type_ in definition.geometry}
    symbol = {"width": style.width, "radius": style.radius, "fillOpacity": style.fill_opacity, "dash": style.dash}
    entries: list[JsonObject] = []
    if style.by is not None:
        entries = [
            {"value": code.value, "title": code.title.say(language), "color": code.color or style.color}
            for code in definition.field(style.by).codes
        ]
    other = definition.title if style.by is None else _OTHER
    return {
        "collection": definition.id,
        "title": definition.title.say(language),
        "field": style.by,
        "geometry": [kind for kind in _ORDER if kind in kinds],
        "symbol": {name: value for name, value in symbol.items() if value is not None},
        "entries": [*entries, {"value": None, "title": other.say(language), "color": style.color}],
    }


@router.get(
    "/collections/{collectionId}/legend",
    summary="Legend of a layer",
    responses=document_of("legend"),
    dependencies=[Depends(check_format)],
)
def legend(definition: LayerParameter, language: LanguageParameter) -> Response:
    """Return what the colours of a layer mean.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The legend.
    """
    return answer(legend_document(definition, language), language=language)


@router.get("/styles", summary="Styles", responses=document_of("styles"), dependencies=[Depends(check_format)])
def styles(request: Request, store: StoreParameter, language: LanguageParameter) -> Response:
    """Return which styles there are: one of all layers, and one of each.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The list.
    """
    base = base_url(request)
    titles = {_ALL: _TITLE.say(language)}
    titles |= {name: entry.title.say(language) for name, entry in store.layers().items() if entry.spatial}
    listed = [
        {"id": name, "title": title, "links": [link(f"{base}/styles/{name}", "stylesheet", STYLE, title)]}
        for name, title in titles.items()
    ]
    links = [link(f"{base}/styles", "self", JSON, _STYLES.say(language))]
    links += [
        link(f"{collection_url(base, name)}/legend", "legend", JSON, titles[name]) for name in titles if name != _ALL
    ]
    return answer({"styles": listed, "default": _ALL, "links": links}, language=language)


@router.get(
    "/styles/{styleId}",
    summary="A style for MapLibre",
    responses=document_of("style", media_type=STYLE),
    dependencies=[Depends(check_format)],
)
def style(
    *,
    request: Request,
    store: StoreParameter,
    styleId: str,  # noqa: N803 - the name in the API
    definitions: LayersParameter,
    selection: SelectionParameter,
    asked: FilterParameter,
    language: LanguageParameter,
) -> Response:
    """Return a style that draws the tiles of all layers, of chosen ones, or of one.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.
    styleId : str
        `plan`, or the id of a layer.
    definitions : list of LayerDefinition
        Layers of the plan that are wanted.
    selection : TileSelection
        What is handed on to the tiles.
    asked : filter
        What is handed on to the tiles.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        A MapLibre style document.
    """
    del selection
    one = styleId != _ALL
    chosen = [store.definition(styleId)] if one else definitions
    if one and not chosen[0].spatial:
        wanted = Text(vi="lớp có hình học", en="a layer with geometries")
        raise BadParameterError(seen=styleId, wanted=wanted, where="styleId")
    asked.of(chosen)
    query = {name: value for name, value in request.query_params.items() if name in HANDED_ON}
    document = style_document(chosen, base=base_url(request), one=one, language=language, query=query)
    return answer(document, language=language, media_type=STYLE)


_PAGE: Final = """<!doctype html>
<html lang="{language}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<link rel="icon" href="{assets}/mark.svg" type="image/svg+xml">
{sheets}
<style>html, body, #map {{ height: 100%; margin: 0 }}</style>
</head>
<body>
<noscript><p>{noscript}</p></noscript>
<main id="map" data-style="{base}/styles/{style}" data-worker="{worker}"></main>
{scripts}
</body>
</html>
"""
_NO_SCRIPT: Final = Text(vi="Trang này cần JavaScript.", en="This page needs JavaScript.")
#: Style sheets and scripts of each library that draws.
_LIBRARIES: Final[Mapping[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "maplibre": (("vendor/maplibre/maplibre-gl.css",), ("vendor/maplibre/maplibre-gl-csp.js", "tiles-maplibre.js")),
    "leaflet": (("vendor/leaflet/leaflet.css",), ("vendor/leaflet/leaflet.js", "tiles-leaflet.js")),
}
_WORKER: Final = "vendor/maplibre/maplibre-gl-csp-worker.js"
#: A worker does what the policy of its own script lets it: fetch tiles from here.
_WORKER_POLICY: Final = "default-src 'none'; connect-src 'self'"


@router.get("/tiles-worker.js", include_in_schema=False)
def tiles_worker(request: Request) -> Response:
    """Return the script in which MapLibre reads tiles.

    Parameters
    ----------
    request : Request
        The request.

    Returns
    -------
    Response
        The library's own file.
    """
    check_names(request, ("v",))
    headers = {"Content-Security-Policy": _WORKER_POLICY, "Cache-Control": "max-age=31536000, immutable"}
    return FileResponse(FOLDER / _WORKER, media_type="text/javascript", headers=headers)


@router.get("/tiles.html", include_in_schema=False)
def tiles_page(
    request: Request,
    definitions: LayersParameter,
    language: LanguageParameter,
    draw: Annotated[str, Query()] = "maplibre",
) -> Response:
    """Return a page that shows tiles of all layers or of chosen ones in their style.

    Parameters
    ----------
    request : Request
        The request.
    definitions : list of LayerDefinition
        The layers.
    language : {"vi", "en"}
        The reader's language.
    draw : {"maplibre", "leaflet"}
        What draws.

    Returns
    -------
    Response
        A page that loads nothing from elsewhere.
    """
    check_names(request, ("collections", "draw", "lang"))
    if draw not in _LIBRARIES:
        raise BadParameterError(seen=draw, wanted=", ".join(_LIBRARIES), where="draw")
    base = base_url(request)
    assets = f"{base}{ASSETS_PATH}"
    sheets, scripts = _LIBRARIES[draw]
    names = urlencode({"collections": ",".join(definition.id for definition in definitions), "lang": language})

    def address(path: str) -> str:
        return f"{assets}/{path}?v={fingerprint(path)}"

    return HTMLResponse(
        _PAGE.format(
            language=language,
            title=_TITLE.say(language),
            base=base,
            assets=assets,
            style=f"{_ALL}?{names.replace('&', '&amp;')}",
            worker=f"{base}/tiles-worker.js?v={fingerprint(_WORKER)}",
            noscript=_NO_SCRIPT.say(language),
            sheets="\n".join(f'<link rel="stylesheet" href="{address(path)}">' for path in sheets),
            scripts="\n".join(f'<script src="{address(path)}"></script>' for path in scripts),
        )
    )
