"""Searching: features by what they are called, places by their coordinates, and what became of old units."""

from __future__ import annotations

from typing import Annotated, Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.errors import BadParameterError
from api.links import GEOJSON, base_url, feature_url, link, request_url
from api.openapi import document_of
from api.params import LanguageParameter, LimitParameter, StoreParameter, check_format
from api.responses import answer
from layers.definitions import LayerDefinition
from layers.geojson import COORDINATE_DECIMALS
from layers.search import Place, find_places, search
from layers.store import Store
from layers.types import Bounds, Language, Text

__all__ = ["chosen_layers", "router", "title_of"]

JsonObject = dict[str, Any]
_WORDS: Final = Text(
    vi="tên, số hiệu hoặc toạ độ, tối đa 200 ký tự", en="a name, a number or coordinates, 200 letters at most"
)
_LONGEST_QUERY: Final = 200
_UNITS: Final = "admin_units"
_RELATIONS: Final = "unit_relations"
#: Old units of one answer whose new ones are told.
_FOLLOWED: Final = 20

router = APIRouter(tags=["finding"], default_response_class=Response, dependencies=[Depends(check_format)])


def chosen_layers(store: Store, text: str | None) -> dict[str, LayerDefinition]:
    """Return the layers that a parameter names.

    Parameters
    ----------
    store : Store
        The store.
    text : str or None
        Ids with commas; None for all.

    Returns
    -------
    dict of str to LayerDefinition
        By id, each once.

    Raises
    ------
    BadParameterError
        If there is no such layer.
    """
    known = store.layers()
    if text is None:
        return known
    names = [name.strip() for name in text.split(",") if name.strip()]
    for name in names:
        if name not in known:
            raise BadParameterError(seen=name, wanted=", ".join(known), where="layers")
    return {name: known[name] for name in dict.fromkeys(names)}


@router.get(
    "/search", summary="Find by name, number or coordinates", responses=document_of("found", media_type=GEOJSON)
)
def find(
    *,
    request: Request,
    store: StoreParameter,
    q: Annotated[str, Query(json_schema_extra={"component": "search-q"})],
    layers: Annotated[str | None, Query(json_schema_extra={"component": "layers"})] = None,
    limit: LimitParameter,
    language: LanguageParameter,
) -> Response:
    """Return what is called so, and the places that the text means as coordinates.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.
    q : str
        What was typed.
    layers : str or None
        Ids of layers.
    limit : int
        Features at most.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        A GeoJSON FeatureCollection, the closest first, places before features.
    """
    if not q.strip() or len(q) > _LONGEST_QUERY:
        raise BadParameterError(seen=q[:_LONGEST_QUERY], wanted=_WORDS, where="q")
    chosen = chosen_layers(store, layers)
    places = find_places(q, near=_reach(store))
    hits = search(store, q, layers=chosen, limit=limit)
    found: dict[tuple[str, str], JsonObject] = {}
    for layer in dict.fromkeys(hit.layer for hit in hits):
        features = store.read(layer, ids=[hit.feature_id for hit in hits if hit.layer == layer])
        for entry in _found(request, chosen[layer], features, language):
            found[layer, str(entry["properties"]["feature"])] = entry
    ordered = [found[hit.layer, hit.feature_id] for hit in hits if (hit.layer, hit.feature_id) in found]
    _follow(request, store, ordered, language)
    document = {
        "type": "FeatureCollection",
        "numberReturned": len(places) + len(ordered),
        "links": [link(request_url(request), "self", GEOJSON)],
        "features": [*map(_place, places), *ordered],
    }
    return answer(document, language=language, media_type=GEOJSON)


def _reach(store: Store) -> Bounds:
    """Return where the plan lies, for metres that may mean several places; all of the country if that is not known."""
    known = store.layers()
    bounds = [reach for name in ("admin_units", "parks") if name in known and (reach := store.extent(name).bounds)]
    if not bounds:
        return (102.0, 6.0, 118.0, 24.0)
    west, south, east, north = zip(*bounds, strict=True)
    return min(west) - 0.5, min(south) - 0.5, max(east) + 0.5, max(north) + 0.5


def _place(place: Place) -> JsonObject:
    return {
        "type": "Feature",
        "id": f"{place.crs}:{place.lon},{place.lat}",
        "geometry": {"type": "Point", "coordinates": [place.lon, place.lat]},
        "properties": {"kind": "place", "title": f"{place.lat}, {place.lon}", "subtitle": place.name, "crs": place.crs},
    }


def _found(
    request: Request, definition: LayerDefinition, features: gpd.GeoDataFrame, language: Language
) -> list[JsonObject]:
    shapes = np.asarray(features.geometry.to_numpy(), dtype=object)
    points = shapely.get_coordinates(shapely.point_on_surface(shapes)).round(COORDINATE_DECIMALS)
    known = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    places = iter(points.tolist())
    bounds = shapely.bounds(shapes).round(COORDINATE_DECIMALS).tolist()
    classes = _classes(definition, features, language)
    entries = []
    for number, feature_id in enumerate(features.index.tolist()):
        entry: JsonObject = {"type": "Feature", "id": f"{definition.id}/{feature_id}", "geometry": None}
        if known[number]:
            entry["geometry"] = {"type": "Point", "coordinates": next(places)}
            entry["bbox"] = bounds[number]
        entry["properties"] = {
            "kind": "feature",
            "title": title_of(definition, features, number, language),
            "subtitle": definition.title.say(language),
            "class": classes[number],
            "layer": definition.id,
            "feature": feature_id,
            "valid_from": _day(features["valid_from"].iloc[number]),
            "valid_to": _day(features["valid_to"].iloc[number]),
        }
        entry["links"] = [link(feature_url(base_url(request), definition.id, feature_id), "item", GEOJSON)]
        entries.append(entry)
    return entries


def _classes(definition: LayerDefinition, features: gpd.GeoDataFrame, language: Language) -> list[str | None]:
    """Return what the legend calls each feature: the status of a park, the level of a unit, the use of a plot."""
    name = definition.style.by
    if name is None:
        return [None] * len(features)
    titles = {code.value: code.title.say(language) for code in definition.field(name).codes}
    return [titles.get(value) for value in features[name]]


def _follow(request: Request, store: Store, entries: list[JsonObject], language: Language) -> None:
    """Add to units that are no more those that took their place, and how that is known."""
    old = [
        entry
        for entry in entries
        if entry["properties"]["layer"] == _UNITS and entry["properties"]["valid_to"] is not None
    ]
    layers = store.layers()
    if not old or _RELATIONS not in layers:
        return
    definition = layers[_RELATIONS]
    kinds = {code.value: code.title.say(language) for code in definition.field("relation").codes}
    for entry in old[:_FOLLOWED]:
        id_ = entry["properties"]["feature"]
        # Of a district, what is known of its communes.
        parts = store.read(_UNITS, where={"parent": id_})
        rows = pd.concat([store.read(_RELATIONS, where={"old_unit": part}) for part in (id_, *parts.index)])
        units = pd.concat([parts, store.read(_UNITS, ids=sorted(set(rows["new_unit"])))])
        titles = {
            str(unit): title_of(layers[_UNITS], units, number, language) for number, unit in enumerate(units.index)
        }
        entry["properties"]["successors"] = [
            {
                "feature": new,
                "title": titles[new],
                "part": None if old_unit == id_ else titles[old_unit],
                "relation": kinds.get(relation, relation),
                "evidence": _text(evidence),
                "source": _text(source),
                "href": feature_url(base_url(request), _UNITS, new),
            }
            for old_unit, new, relation, evidence, source in zip(
                *(rows[name] for name in ("old_unit", "new_unit", "relation", f"evidence_{language}", "source")),
                strict=True,
            )
            if new in titles
        ]


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def title_of(definition: LayerDefinition, features: gpd.GeoDataFrame, number: int, language: Language) -> str:
    """Return what a feature is called.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    features : GeoDataFrame
        Features of it.
    number : int
        Which one, from 0.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    str
        Its name in the language, else in Vietnamese, else its id.
    """
    names = [] if definition.label is None else [definition.label.say(language), definition.label.vi]
    values = (features[name].iloc[number] for name in names)
    return next((value for value in values if isinstance(value, str) and value), str(features.index[number]))


def _day(value: Any) -> str | None:
    return None if value != value or value is None else str(value)[:10]  # noqa: PLR0124 - a missing day is not itself
