"""What a map is told about its layers: plain values, put into a page as JSON and drawn as text, never as markup."""

from __future__ import annotations

import json
import re
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis.maps.types import MapLayer
from gis.maps.words import unit_title
from layers.catalogue import THEME_TITLES
from layers.definitions import Field, LayerDefinition
from layers.schema import legend
from layers.types import LANGUAGES, Language

__all__ = [
    "feature_collection",
    "field_title",
    "geometry_json",
    "label_field",
    "layer_payload",
    "script_json",
    "shown_fields",
]

#: Decimal degrees kept: 0.1 m on the ground, below what any layer of a plan can tell.
DECIMALS: Final = 6
#: Signs that could end a script element, open markup or break an old script parser.
_ESCAPES: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "<>&\u2028\u2029"}
#: Ends of the names of fields that exist once a language, and of their titles.
_TWINS: Final = tuple(f"_{language}" for language in LANGUAGES)
_TWIN_NOTE: Final = re.compile(r"\s*\((tiếng Việt|tiếng Anh|Vietnamese|English)\)$")
#: What the popup says by itself, or what only places the label.
_SILENT: Final = frozenset({"position", "lon", "lat"})


def script_json(value: object) -> str:
    r"""Return JSON that can stand inside a script element, whatever text it holds.

    Parameters
    ----------
    value : object
        Anything that JSON can say.

    Returns
    -------
    str
        JSON without ``<``, ``>``, ``&`` and line separators; these are escaped and read back as they were.

    Examples
    --------
    >>> script_json({"name": "</script>"})
    '{"name":"\\u003c/script\\u003e"}'
    """
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"), allow_nan=False).translate(_ESCAPES)


def label_field(definition: LayerDefinition, language: Language) -> str | None:
    """Return the name of the field that titles a feature in one language.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    str or None
        A field's name; None if the layer has no label.
    """
    return definition.label.say(language) if definition.label else None


def shown_fields(definition: LayerDefinition, language: Language, names: tuple[str, ...] | None = None) -> list[Field]:
    """Return the fields that a reader of one language sees, without the one that is the feature's title.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    language : {"vi", "en"}
        A field that has a twin in each language (`name_vi`, `name_en`) is shown in this one only, and in place of the
        field that has its name without a language.
    names : tuple of str, optional
        Names to choose, in this order; a name that the layer has not is left out.

    Returns
    -------
    list of Field
        In the order of `names`, else of the definition.
    """
    known = {field.name: field for field in definition.all_fields}
    others = tuple(f"_{other}" for other in LANGUAGES if other != language)
    hidden = {name for name in known if name.endswith(others) and f"{name[:-2]}{language}" in known}
    hidden |= {name for name in known if f"{name}_{language}" in known} | _SILENT
    titles = {definition.label.vi, definition.label.en} if definition.label else set()
    chosen = [name for name in names if name in known] if names is not None else list(known)
    return [known[name] for name in chosen if name not in hidden and name not in titles]


def field_title(field: Field, language: Language) -> str:
    """Return the title of a field as a reader of one language sees it.

    Parameters
    ----------
    field : Field
        The field.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    str
        Its title, without the note which of two language twins it is: the reader sees one of them only.
    """
    return _TWIN_NOTE.sub("", field.title.say(language)) if field.name.endswith(_TWINS) else field.title.say(language)


def geometry_json(geometry: shapely.Geometry) -> dict[str, Any]:
    """Return the GeoJSON geometry of a shape, rounded to a tenth of a metre.

    Parameters
    ----------
    geometry : shapely geometry
        Longitude before latitude, WGS 84.

    Returns
    -------
    dict
        A GeoJSON geometry.

    Examples
    --------
    >>> geometry_json(shapely.Point(105.80000004, 21))["coordinates"]
    [105.8, 21.0]
    """
    rounded = shapely.transform(geometry, lambda xy: np.round(xy, DECIMALS))
    document: dict[str, Any] = json.loads(shapely.to_geojson(rounded))
    return document


def feature_collection(features: gpd.GeoDataFrame, *, names: list[str]) -> dict[str, Any]:
    """Return features with a geometry as a GeoJSON feature collection.

    Parameters
    ----------
    features : GeoDataFrame
        Feature ids in the index, EPSG:4326.
    names : list of str
        Attributes to carry; missing values and columns are left out.

    Returns
    -------
    dict
        A GeoJSON feature collection; features without a geometry are not in it.
    """
    placed = features[features.geometry.notna() & ~features.geometry.is_empty]
    attributes = _attributes(placed, names)
    return {
        "type": "FeatureCollection",
        "features": [
            {"type": "Feature", "id": str(id_), "geometry": geometry_json(geometry), "properties": values}
            for id_, geometry, values in zip(placed.index, placed.geometry, attributes, strict=True)
        ],
    }


def _attributes(features: pd.DataFrame, names: list[str]) -> list[dict[str, Any]]:
    """Return the attributes of each row that are there, as JSON values."""
    columns = {name: [_plain(value) for value in features[name]] for name in names if name in features.columns}
    return [
        {name: values[row] for name, values in columns.items() if values[row] is not None}
        for row in range(len(features))
    ]


def _plain(value: Any) -> Any:
    """Return a scalar as JSON says it; None for a missing one and for a number that JSON cannot say."""
    if pd.isna(value):
        return None
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    plain = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(plain, float) and not np.isfinite(plain) else plain


def layer_payload(layer: MapLayer, *, language: Language) -> dict[str, Any]:
    """Return what the map client needs to draw a layer, its legend and its popups.

    Parameters
    ----------
    layer : MapLayer
        The layer.
    language : {"vi", "en"}
        Of every title.

    Returns
    -------
    dict
        JSON values: titles, style, `classes` (the legend: value, title, colour), `fields` of the popup, and `data`
        (GeoJSON) or `url`; `unplaced` lists id and title of features without a geometry.
    """
    definition, style = layer.definition, layer.definition.style
    fields = shown_fields(definition, language, layer.fields)
    title = label_field(definition, language)
    payload: dict[str, Any] = {
        "id": definition.id,
        "title": definition.title.say(language),
        "theme": definition.theme,
        "themeTitle": THEME_TITLES[definition.theme].say(language),
        "by": style.by,
        "classes": [
            {"value": entry.value, "title": entry.title.say(language), "color": entry.color}
            for entry in legend(definition)
        ],
        "style": {
            "fill": style.fill_opacity,
            "width": style.width,
            "radius": style.radius,
            "dash": style.dash,
        },
        "zoom": list(definition.zoom),
        "label": title,
        "fields": [_field_payload(field, language) for field in fields],
        "visible": layer.visible,
        "labelled": layer.labelled,
        "link": layer.link,
        "credit": _credit(definition),
    }
    if layer.features is None:
        return payload | {"url": layer.url, "total": layer.total, "unplaced": []}
    needed = {field.name for field in fields} | {style.by, title, "position", *(["area_ha"] if layer.labelled else [])}
    names = [field.name for field in definition.all_fields if field.name in needed]
    return payload | {
        "data": feature_collection(layer.features, names=names),
        "total": len(layer.features),
        "unplaced": _unplaced(layer, title) if layer.labelled else [],
    }


def _credit(definition: LayerDefinition) -> str:
    """Return the credit that a licence wants on the map itself; other sources stand with each feature."""
    return "© OpenStreetMap (ODbL)" if "OpenStreetMap" in f"{definition.source} {definition.licence}" else ""


def _field_payload(field: Field, language: Language) -> dict[str, Any]:
    payload: dict[str, Any] = {"name": field.name, "title": field_title(field, language), "type": field.type}
    if field.unit:
        payload["unit"] = unit_title(field.unit, language)
    if field.codes:
        payload["codes"] = {code.value: code.title.say(language) for code in field.codes}
    return payload


def _unplaced(layer: MapLayer, title: str | None) -> list[dict[str, str]]:
    features = layer.features
    if features is None:
        return []
    lost = features[features.geometry.isna() | features.geometry.is_empty]
    titles = lost[title].fillna("") if title in lost.columns else pd.Series("", index=lost.index)
    return [{"id": str(id_), "title": str(text) or str(id_)} for id_, text in zip(lost.index, titles, strict=True)]
