"""A Folium map that loads nothing but what its caller gives it.

Folium's own map pulls Leaflet, jQuery, Bootstrap and icon fonts from four hosts. This one has the same place in the
Folium tree (other Folium elements can be added to it) but draws with Leaflet alone, from local files or from their
content, and puts the text of features into the page as text nodes only.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import folium
import geopandas as gpd
import numpy as np
import shapely
from branca.element import Element, Figure
from folium.template import Template

from gis.maps.findings import findings_on_map
from gis.maps.outcomes import OUTCOME_SIGNS
from gis.maps.payload import geometry_json, layer_payload, script_json
from gis.maps.types import Asset, Assets, Basemap, MapLayer
from gis.maps.words import map_words
from layers.errors import ValueOutOfRangeError
from layers.types import Bounds, Language

__all__ = ["MapParts", "map_parts", "park_map"]

#: Hanoi, shown where no layer has a geometry: (minx, miny, maxx, maxy), WGS 84 degrees.
HANOI_BOUNDS: Final[Bounds] = (105.28, 20.56, 106.02, 21.39)
#: Features that one view of a layer fetches at most.
VIEW_LIMIT: Final = 1000


class MapParts(NamedTuple):
    """The pieces of a map, for a page that has a frame of its own.

    Attributes
    ----------
    html : str
        The element that the map is drawn in.
    script : str
        The script, without its element, that draws it; the assets have to be loaded before.
    """

    html: str
    script: str


class _Page(Figure):
    """The page of a saved map: says its language and leaves zooming to the reader."""

    _template = Template(
        """<!DOCTYPE html>
<html lang="{{ this.language }}">
<head>
{{ this.header.render(**kwargs) }}
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ this.title|e }}</title>
<style>html, body { height: 100%; margin: 0; }</style>
</head>
<body>
{{ this.html.render(**kwargs) }}
<script>{{ this.script.render(**kwargs) }}</script>
</body>
</html>
"""
    )

    def __init__(self, *, language: Language, title: str, height: str) -> None:
        # A notebook shows the page in a frame; one of the map's own height does not cut its lower edge off.
        super().__init__(title=title, height=height if height.endswith("px") else None)
        self.language = language


class _Markup(Element):
    """Markup that stands in the page as it is: no template reads it, so a library's braces stay its own."""

    _template = Template("{{ this.markup }}")

    def __init__(self, markup: str) -> None:
        super().__init__()
        self.markup = markup


class _ParkMap(folium.Map):
    """Folium's map without its remote scripts; see `park_map`."""

    _template = Template(
        """
        {% macro header(this, kwargs) %}{% endmacro %}
        {% macro html(this, kwargs) %}
            <div class="folium-map pp-map" id="{{ this.get_name() }}" role="region"
                 aria-label="{{ this.payload.words.map|e }}" style="{{ this.css_size|e }}"></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
            var {{ this.get_name() }} = L.map("{{ this.get_name() }}", {
                zoomControl: false, attributionControl: false, zoomSnap: 0.5, minZoom: 3, maxZoom: 20,
                ...Parkplan.motion()
            });
            Parkplan.attach({{ this.get_name() }}, {{ this.script_json(this.payload) }});
        {% endmacro %}
        """
    )
    script_json = staticmethod(script_json)

    def __init__(self, payload: dict[str, Any], *, assets: Assets, height: str) -> None:
        south_west, north_east = payload["bounds"]
        centre = [(south_west[0] + north_east[0]) / 2, (south_west[1] + north_east[1]) / 2]
        super().__init__(location=centre, tiles=None, height="100%")
        self.payload = payload
        self.css_size = f"height: {height}" if height else ""
        # Set on the instance: Folium's lists belong to the class and would be shared with every other map.
        self.default_js: list[tuple[str, str]] = []
        self.default_css: list[tuple[str, str]] = []
        page = _Page(language=payload["language"], title=payload["words"]["map"], height=height)
        page.add_child(self)
        for asset in assets.files:
            page.header.add_child(_asset_element(asset), name=asset.name)


def _asset_element(asset: Asset) -> Element:
    """Return the element of the page's head that brings an asset in, as it is: no template reads its text."""
    if asset.url is not None:
        url = html.escape(asset.url, quote=True)
        markup = f'<script src="{url}"></script>' if asset.kind == "js" else f'<link rel="stylesheet" href="{url}">'
    else:
        tag = "script" if asset.kind == "js" else "style"
        markup = f"<{tag}>{_inside(asset.text or '', tag)}</{tag}>"
    return _Markup(markup)


def _inside(text: str, tag: str) -> str:
    r"""Return a script or style text that cannot end its own element: in both, ``<\/`` means ``</``."""
    return text.replace(f"</{tag}", f"<\\/{tag}")


def park_map(
    layers: Sequence[MapLayer],
    *,
    language: Language,
    assets: Assets,
    findings: gpd.GeoDataFrame | None = None,
    horizon: int | None = None,
    basemap: Basemap | None = None,
    focus: str | None = None,
    height: str = "100%",
) -> folium.Map:
    """Return a map of layers and findings that works with the network cable pulled.

    Parameters
    ----------
    layers : sequence of MapLayer
        What is drawn, the first at the bottom. The first labelled layer is the one that `focus` speaks of.
    language : {"vi", "en"}
        Of the map, its legend and its popups.
    assets : Assets
        The scripts and style sheets, by address or by content.
    findings : GeoDataFrame, optional
        Findings of a review; places where a check was made are marked by their gravest outcome.
    horizon : int, optional
        The year that the features were read for, said on the map.
    basemap : Basemap, optional
        A tile service that the reader may switch on; by default no tile is ever fetched.
    focus : str, optional
        Id of the feature that the map opens on.
    height : str
        CSS height of the map; empty leaves it to the page's style sheet.

    Returns
    -------
    folium.Map
        With its figure; `.save(path)` and the notebook show it, `map_parts` takes it apart for a page.

    See Also
    --------
    map_parts : The pieces for a page that has a frame of its own.
    """
    payload: dict[str, Any] = {
        "language": language,
        "words": map_words(language),
        "horizon": horizon,
        "layers": [layer_payload(layer, language=language) for layer in layers],
        "signs": [
            {"outcome": s.outcome, "title": s.title.say(language), "color": s.color, "shape": s.shape, "mark": s.mark}
            for s in OUTCOME_SIGNS
        ],
        "findings": _findings_payload(findings, layers, language),
        "basemap": _basemap_payload(basemap, language),
        "bounds": _corners(_bounds(layers)),
        "focus": focus,
        "limit": VIEW_LIMIT,
    }
    return _ParkMap(payload, assets=assets, height=height)


def map_parts(park_map: folium.Map) -> MapParts:
    """Return the pieces of a map, for a page that has a frame of its own and loads the assets itself.

    Parameters
    ----------
    park_map : folium.Map
        As `park_map` returns it, with whatever was added to it.

    Returns
    -------
    MapParts
        The element and the script.

    Raises
    ------
    ValueOutOfRangeError
        If the map stands in no figure.
    """
    figure = park_map.get_root()
    if not isinstance(figure, Figure):
        raise ValueOutOfRangeError(seen=type(figure).__name__, wanted="Figure", where="map_parts")
    figure.render()
    return MapParts(html=figure.html.render(), script=figure.script.render())


def _findings_payload(
    findings: gpd.GeoDataFrame | None, layers: Sequence[MapLayer], language: Language
) -> list[dict[str, Any]] | None:
    """Return the places of findings; one that is a park's own shape needs no second outline over it."""
    if findings is None:
        return None
    drawn = {
        shape
        for layer in layers
        if layer.labelled and layer.features is not None
        for shape in shapely.to_wkb(layer.features.geometry.dropna().to_numpy())
    }
    return [
        place | {"geometry": _outline(place["geometry"], drawn), "anchor": _anchor(place["geometry"])}
        for place in findings_on_map(findings, language=language)
    ]


def _outline(geometry: shapely.Geometry, drawn: set[bytes]) -> dict[str, Any] | None:
    if shapely.get_dimensions(geometry) == 0 or shapely.to_wkb(geometry) in drawn:
        return None
    return geometry_json(geometry)


def _anchor(geometry: Any) -> list[float]:
    """Return latitude and longitude of a point on the shape, where its sign stands."""
    point = geometry.representative_point()
    return [round(point.y, 6), round(point.x, 6)]


def _basemap_payload(basemap: Basemap | None, language: Language) -> dict[str, str] | None:
    if basemap is None:
        return None
    return {"url": basemap.url, "title": basemap.title.say(language), "attribution": basemap.attribution}


def _bounds(layers: Sequence[MapLayer]) -> Bounds:
    """Return the bounds of the labelled layers, else of every layer, else Hanoi's."""
    for chosen in ([layer for layer in layers if layer.labelled], layers):
        found = [layer.features.total_bounds for layer in chosen if layer.features is not None and len(layer.features)]
        corners = np.array([bounds for bounds in found if np.isfinite(bounds).all()])
        if len(corners):
            minx, miny = corners[:, :2].min(axis=0)
            maxx, maxy = corners[:, 2:].max(axis=0)
            return float(minx), float(miny), float(maxx), float(maxy)
    return HANOI_BOUNDS


def _corners(bounds: Bounds) -> list[list[float]]:
    """Return Leaflet's corners, latitude before longitude, of (minx, miny, maxx, maxy)."""
    minx, miny, maxx, maxy = bounds
    return [[miny, minx], [maxy, maxx]]
