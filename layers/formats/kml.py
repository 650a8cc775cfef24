"""Features as KML: labels to read, planned time for the time slider, every attribute as typed text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final
from xml.sax.saxutils import escape, quoteattr

import geopandas as gpd
import shapely

from layers.definitions import ID_FIELD, LayerDefinition
from layers.geojson import attribute_rows
from layers.types import Language

__all__ = ["kml_document"]

_HEAD: Final = '<?xml version="1.0" encoding="UTF-8"?>\n<kml xmlns="http://www.opengis.net/kml/2.2">\n<Document>\n'
_TAIL: Final = "</Document>\n</kml>\n"


def kml_document(
    features: gpd.GeoDataFrame, definition: LayerDefinition | None, *, name: str, language: Language
) -> str:
    """Return features as a KML document.

    Parameters
    ----------
    features : GeoDataFrame
        Feature ids in the index; CRS EPSG:4326.
    definition : LayerDefinition or None
        Whose label names the places.
    name : str
        Of the document.
    language : {"vi", "en"}
        Of titles and labels.

    Returns
    -------
    str
        XML; characters that XML has no place for are left out.
    """
    label = definition.label.say(language) if definition is not None and definition.label is not None else None
    title = definition.title.say(language) if definition is not None else name
    rows = zip(features.index, attribute_rows(features), features.geometry, strict=True)
    placemarks = [part for key, row, shape in rows for part in _placemark(str(key), row, shape, label)]
    return _HEAD + f"<name>{_text(title)}</name>\n" + "".join(placemarks) + _TAIL


def _placemark(feature_id: str, row: dict[str, Any], shape: Any, label: str | None) -> Iterator[str]:
    yield "<Placemark>\n"
    yield f"<name>{_text(row.get(label) or feature_id) if label else _text(feature_id)}</name>\n"
    start, end = row.get("valid_from"), row.get("valid_to")
    if start or end:
        begin_ = f"<begin>{start}</begin>" if start else ""
        end_ = f"<end>{end}</end>" if end else ""
        yield f"<TimeSpan>{begin_}{end_}</TimeSpan>\n"
    yield "<ExtendedData>\n"
    for name, value in {ID_FIELD: feature_id, **row}.items():
        if value is not None:
            yield f"<Data name={quoteattr(str(name))}><value>{_text(_plain(value))}</value></Data>\n"
    yield "</ExtendedData>\n"
    if shape is not None and not shape.is_empty:
        yield _geometry(shape)
    yield "</Placemark>\n"


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return repr(value) if isinstance(value, float) else str(value)


def _text(value: object) -> str:
    """Escape a text, and leave out what XML 1.0 has no place for."""
    kept = "".join(sign for sign in str(value) if sign in "\t\n" or (sign >= " " and sign not in "\ufffe\uffff"))
    return escape(kept)


def _geometry(shape: Any) -> str:
    if shape.geom_type == "Point":
        return f"<Point>{_coordinates(shape)}</Point>\n"
    if shape.geom_type in ("LineString", "LinearRing"):
        return f"<LineString>{_coordinates(shape)}</LineString>\n"
    if shape.geom_type == "Polygon":
        holes = "".join(f"<innerBoundaryIs>{_ring(ring)}</innerBoundaryIs>" for ring in shape.interiors)
        return f"<Polygon><outerBoundaryIs>{_ring(shape.exterior)}</outerBoundaryIs>{holes}</Polygon>\n"
    return f"<MultiGeometry>{''.join(map(_geometry, shape.geoms))}</MultiGeometry>\n"


def _ring(ring: Any) -> str:
    return f"<LinearRing>{_coordinates(ring)}</LinearRing>"


def _coordinates(shape: Any) -> str:
    points = shapely.get_coordinates(shape, include_z=shape.has_z).tolist()
    return f"<coordinates>{' '.join(','.join(map(repr, point)) for point in points)}</coordinates>"
