"""What every layer says of a place, and what it means that a layer shows nothing; with `api.searching`, finding."""

from __future__ import annotations

import datetime as dt
import math
import re
from typing import Annotated, Any, Final

import geopandas as gpd
import shapely
from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.errors import BadParameterError
from api.links import base_url, collection_url, feature_url, link, request_url
from api.openapi import document_of
from api.params import DatetimeParameter, LanguageParameter, StoreParameter, check_format
from api.responses import answer
from api.searching import chosen_layers, title_of
from api.searching import router as searching
from gis.presence import Presence, presence
from layers.store import Store
from layers.store.selecting import boxes
from layers.store.tables import box
from layers.types import Bounds, Language, Text

__all__ = ["COVERAGE", "coverage_of", "emptiness", "presence_document", "router"]

JsonObject = dict[str, Any]
#: The layer that says where layers have data.
COVERAGE: Final = "coverage"
_NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_LON: Final = Text(vi="kinh độ từ -180 đến 180", en="a longitude from -180 to 180")
_LAT: Final = Text(vi="vĩ độ từ -90 đến 90", en="a latitude from -90 to 90")
_WITHIN: Final = Text(vi="số mét từ 0 đến 1000", en="metres from 0 to 1000")
_WIDEST_M: Final = 1_000.0
#: Metres of a degree of latitude.
_DEGREE_M: Final = 111_320.0
#: Features that are named for a place, of each layer.
_NAMED: Final = 20
_STATE_TITLES: Final = {
    "hit": Text(vi="có đối tượng", en="something is there"),
    "clear": Text(vi="không có gì, dữ liệu đầy đủ", en="nothing is there, and the data are complete"),
    "not_covered": Text(vi="chưa biết: không có dữ liệu đầy đủ ở đây", en="not known: no complete data here"),
    "stale": Text(vi="không có gì, nhưng dữ liệu đã cũ", en="nothing is there, but the data are old"),
}

router = APIRouter(tags=["finding"], default_response_class=Response, dependencies=[Depends(check_format)])
router.include_router(searching)


@router.get("/at", summary="What every layer says of a place", responses=document_of("at"))
def at(
    *,
    request: Request,
    store: StoreParameter,
    lon: Annotated[str, Query(json_schema_extra={"component": "lon"})],
    lat: Annotated[str, Query(json_schema_extra={"component": "lat"})],
    within: Annotated[str | None, Query(json_schema_extra={"component": "within"})] = None,
    layers: Annotated[str | None, Query(json_schema_extra={"component": "layers"})] = None,
    datetime: DatetimeParameter,
    language: LanguageParameter,
) -> Response:
    """Return for each layer whether something is there, nothing is, or it cannot be told.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.
    lon, lat : str
        Degrees of WGS 84.
    within : str or None
        Metres round the place that count as the place.
    layers : str or None
        Ids of layers.
    datetime : Interval or None
        Planned time.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        A state for each layer, with source and day.
    """
    x, y = _degrees(lon, 180.0, _LON, "lon"), _degrees(lat, 90.0, _LAT, "lat")
    metres = 0.0 if within is None else _degrees(within, _WIDEST_M, _WITHIN, "within", least=0.0)
    point = shapely.Point(x, y)
    east = metres / (_DEGREE_M * max(0.01, math.cos(math.radians(y))))
    north = metres / _DEGREE_M
    bbox = (max(-180.0, x - east), max(-90.0, y - north), min(180.0, x + east), min(90.0, y + north))
    told = []
    for name, definition in chosen_layers(store, layers).items():
        if not definition.spatial or name == COVERAGE:
            continue
        features = store.read(name, bbox=bbox, horizon=datetime)
        state = presence(coverage_of(store, name), point, hits=len(features) > 0, fresh_since=_fresh_since(request))
        told.append(
            {
                "layer": name,
                "title": definition.title.say(language),
                **presence_document(state, language),
                "numberMatched": len(features),
                "features": [
                    {
                        "id": feature_id,
                        "title": title_of(definition, features, number, language),
                        "source": _text(features["source"].iloc[number]),
                        "href": feature_url(base_url(request), name, feature_id),
                    }
                    for number, feature_id in enumerate(features.index[:_NAMED].tolist())
                ],
                "links": [link(collection_url(base_url(request), name), "collection", "application/json")],
            }
        )
    document = {"lon": x, "lat": y, "layers": told, "links": [link(request_url(request), "self", "application/json")]}
    return answer(document, language=language)


def emptiness(request: Request, store: Store, layer: str, bbox: Bounds, language: Language) -> JsonObject:
    """Return what it means that a layer shows nothing in a box.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.
    layer : str
        The layer's id.
    bbox : (float, float, float, float)
        The box that was asked for, in which there is nothing.
    language : {"vi", "en"}
        Of its words.

    Returns
    -------
    dict
        Of `presence_document`: clear, not covered or stale.
    """
    area = shapely.union_all([box(part) for part in boxes(bbox) or ()])
    state = presence(coverage_of(store, layer), area, hits=False, fresh_since=_fresh_since(request))
    return presence_document(state, language)


def _degrees(text: str, most: float, wanted: Text, where: str, *, least: float | None = None) -> float:
    number = float(text) if _NUMBER.fullmatch(text.strip()) else math.nan
    if not (-most if least is None else least) <= number <= most:
        raise BadParameterError(seen=text, wanted=wanted, where=where)
    return number


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _fresh_since(request: Request) -> dt.date | None:
    days: int = request.app.state.settings.coverage_fresh_days
    return dt.datetime.now(dt.UTC).date() - dt.timedelta(days=days) if days else None


def coverage_of(store: Store, layer: str) -> gpd.GeoDataFrame:
    """Return where a layer has data.

    Parameters
    ----------
    store : Store
        The store.
    layer : str
        The layer's id.

    Returns
    -------
    GeoDataFrame
        Rows of the layer of coverage; none where it says nothing of the layer, or is not there.
    """
    if COVERAGE not in store.layers():
        empty: dict[str, list[Any]] = {"as_of": [], "completeness": [], "source": []}
        return gpd.GeoDataFrame(empty, geometry=[], crs="EPSG:4326")
    return store.read(COVERAGE, where={"layer": layer})


def presence_document(state: Presence, language: Language) -> JsonObject:
    """Return what a layer says of a place as JSON values.

    Parameters
    ----------
    state : Presence
        Of `gis.presence.presence`.
    language : {"vi", "en"}
        Of its words.

    Returns
    -------
    dict
        `state`, `reason`, `says`, `as_of`, `source`.
    """
    return {
        "state": state.state,
        "reason": state.reason or None,
        "says": _STATE_TITLES[state.state].say(language),
        "as_of": None if state.as_of is None else state.as_of.isoformat(),
        "source": state.source or None,
    }
