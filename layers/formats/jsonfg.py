"""JSON-FG 1.0 (OGC 21-045): GeoJSON beside a place in any CRS and the planned time of each feature."""

from __future__ import annotations

import functools
import re
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely
from pyproj import CRS
from shapely.errors import ShapelyError

from layers.crs import parse_crs
from layers.definitions import STORE_CRS
from layers.errors import FileUnreadableError
from layers.formats.frames import FrameFile, Loaded
from layers.formats.model import refuse
from layers.geojson import attribute_rows, feature_objects
from layers.types import Text

__all__ = ["CONFORMANCE", "is_jsonfg", "jsonfg_document", "open_jsonfg"]

CONFORMANCE: Final = (
    "http://www.opengis.net/spec/json-fg-1/1.0/conf/core",
    "http://www.opengis.net/spec/json-fg-1/1.0/conf/types-schemas",
)
_OPEN_END: Final = ".."
_URI: Final = re.compile(r"https?://www\.opengis\.net/def/crs/([A-Za-z]+)/[^/]+/(\w+)")
_TIME_FIELDS: Final = ("valid_from", "valid_to")
#: Decimals of metres in a place: a millimetre's tenth.
PLACE_DECIMALS: Final = 4


def is_jsonfg(document: object) -> bool:
    """Tell whether a JSON document says that it is JSON-FG.

    Parameters
    ----------
    document : object
        A parsed document.

    Returns
    -------
    bool
        By its member `conformsTo`.
    """
    named = document.get("conformsTo") if isinstance(document, dict) else None
    return isinstance(named, list) and any("json-fg" in str(name) for name in named)


def open_jsonfg(path: Path, document: dict[str, Any]) -> FrameFile:
    """Take the features of a JSON-FG document.

    Parameters
    ----------
    path : Path
        The file.
    document : dict
        What is in it.

    Returns
    -------
    FrameFile
        One layer: places where the features have them, else geometries; `valid_from` and `valid_to` from their time.
    """
    return FrameFile(path, "JSON-FG", "UTF-8", {path.stem: functools.partial(_load, path, document)})


def _load(path: Path, document: dict[str, Any]) -> Loaded:
    features = document["features"] if document.get("type") == "FeatureCollection" else [document]
    if not isinstance(features, list) or not all(isinstance(feature, dict) for feature in features):
        refuse(
            path, seen=Text(vi="features không phải danh sách", en="features that are no list"), wanted="JSON-FG 1.0"
        )
    stated = _stated_crs(path, document, features)
    placed = [feature.get("place") is not None for feature in features]
    if any(placed) and not all(
        flag or feature.get("geometry") is None for flag, feature in zip(placed, features, strict=True)
    ):
        seen = Text(vi="chỉ một phần đối tượng có place", en="a place in only some of the features")
        refuse(path, seen=seen, wanted=Text(vi="mọi đối tượng đều có place", en="a place in all of them, or in none"))
    shapes = [_shape(path, feature, "place" if any(placed) else "geometry") for feature in features]
    rows = [{"id": feature.get("id"), **(feature.get("properties") or {}), **_time(feature)} for feature in features]
    frame = pd.DataFrame.from_records(rows)
    frame = frame.assign(**{name: _flat(frame[name]) for name in frame.columns})
    crs = stated if any(placed) else STORE_CRS
    return Loaded(gpd.GeoDataFrame(frame, geometry=gpd.GeoSeries(np.array(shapes, dtype=object))), crs)


def _flat(values: pd.Series[Any]) -> pd.Series[Any]:
    """Write nested values as JSON text, and give a column the type that its values have."""
    plain = values.map(lambda value: orjson.dumps(value).decode() if isinstance(value, list | dict) else value)
    return plain.convert_dtypes(dtype_backend="numpy_nullable").astype(object).infer_objects()


def _stated_crs(path: Path, document: dict[str, Any], features: list[dict[str, Any]]) -> str:
    named = {orjson.dumps(member): member for feature in features if (member := feature.get("coordRefSys"))}
    if len(named) > 1:
        seen = Text(vi=f"{len(named)} hệ toạ độ trong một tệp", en=f"{len(named)} CRS in one file")
        refuse(path, seen=seen, wanted=Text(vi="một coordRefSys", en="one coordRefSys"))
    member = next(iter(named.values()), document.get("coordRefSys"))
    if member is None:
        return STORE_CRS
    text = member.get("href") if isinstance(member, dict) else member
    found = _URI.fullmatch(str(text).strip("[]"))
    crs = parse_crs(f"{found[1]}:{found[2]}" if found else text, where=str(path))
    same = crs.equals(CRS(STORE_CRS), ignore_axis_order=True)
    return STORE_CRS if same else ":".join(crs.to_authority(min_confidence=100) or ()) or str(crs.to_wkt())


def _shape(path: Path, feature: dict[str, Any], member: str) -> Any:
    geometry = feature.get(member)
    if geometry is None:
        return None
    try:
        return shapely.from_geojson(orjson.dumps(geometry))
    except ShapelyError as error:
        kind = geometry.get("type") if isinstance(geometry, dict) else geometry
        seen = f"{feature.get('id')}: {kind} ({error})"
        wanted = Text(vi="hình học phẳng của GeoJSON", en="a flat geometry of GeoJSON")
        raise FileUnreadableError(seen=seen, wanted=wanted, where=str(path)) from error


def _time(feature: dict[str, Any]) -> dict[str, str | None]:
    """Return planned time; both ends of an interval count, a moment is one day."""
    time = feature.get("time") or {}
    start, end = time.get("interval") or (time.get("date") or time.get("timestamp"),) * 2
    known = {"valid_from": start, "valid_to": end}
    return {name: None if value in (None, _OPEN_END) else str(value) for name, value in known.items()}


def jsonfg_document(
    features: gpd.GeoDataFrame, places: gpd.GeoDataFrame, *, crs: str, feature_type: str
) -> dict[str, Any]:
    """Return features as a JSON-FG document, for `layers.geojson.to_json`.

    Parameters
    ----------
    features : GeoDataFrame
        Feature ids in the index; CRS EPSG:4326.
    places : GeoDataFrame
        The same features in `crs`.
    crs : str
        EPSG code of the places.
    feature_type : str
        What the features are: the layer's id.

    Returns
    -------
    dict
        The collection; planned time as `time`, open ends as "..".
    """
    plain = features.drop(columns=[name for name in _TIME_FIELDS if name in features.columns])
    rows = attribute_rows(pd.DataFrame(features[[name for name in _TIME_FIELDS if name in features.columns]]))
    rounded = shapely.transform(places.geometry.to_numpy(), lambda xy: np.round(xy, PLACE_DECIMALS))
    texts = shapely.to_geojson(shapely.orient_polygons(rounded))
    listed = []
    for member, row, text in zip(feature_objects(plain), rows, texts, strict=True):
        start, end = row.get("valid_from"), row.get("valid_to")
        time = {"interval": [start or _OPEN_END, end or _OPEN_END]} if start or end else None
        place = None if text is None or crs == STORE_CRS else orjson.Fragment(text)
        listed.append({**member, "time": time, "place": place})
    authority, _, code = crs.partition(":")
    return {
        "type": "FeatureCollection",
        "conformsTo": list(CONFORMANCE),
        "featureType": feature_type,
        "coordRefSys": f"http://www.opengis.net/def/crs/{authority}/0/{code}",
        "features": listed,
    }
