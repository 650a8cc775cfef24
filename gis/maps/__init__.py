"""How a plan looks on a map: Folium maps of layers and findings that work without any network.

`park_map` takes features and returns a `folium.Map`; where its scripts come from is said by the caller (`Assets`), so
that the same map stands in a portal page, a notebook and a saved file.
"""

from gis.maps.conflicts import conflict_layers
from gis.maps.findings import findings_on_map, worst_outcome
from gis.maps.leaflet import MapParts, map_parts, park_map
from gis.maps.outcomes import OUTCOME_SIGNS, OutcomeSign, outcome_sign
from gis.maps.payload import field_title, layer_payload, script_json, shown_fields
from gis.maps.types import Asset, Assets, Basemap, MapLayer
from gis.maps.words import map_words, unit_title

__all__ = [
    "OUTCOME_SIGNS",
    "Asset",
    "Assets",
    "Basemap",
    "MapLayer",
    "MapParts",
    "OutcomeSign",
    "conflict_layers",
    "field_title",
    "findings_on_map",
    "layer_payload",
    "map_parts",
    "map_words",
    "outcome_sign",
    "park_map",
    "script_json",
    "shown_fields",
    "unit_title",
    "worst_outcome",
]
