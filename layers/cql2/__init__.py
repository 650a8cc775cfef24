"""Filters in CQL2 (OGC 21-065r2), text and JSON: read, checked against a layer, and turned into SQL for both engines.

>>> from layers.catalogue import shipped_definitions
>>> parks = shipped_definitions()["parks"]
>>> parse_filter("ACCENTI(CASEI(name_vi)) LIKE accenti(casei('%Phú Nghĩa%')) and area_ha>100.0", definition=parks).text
"ACCENTI(CASEI(name_vi)) LIKE ACCENTI(CASEI('%Phú Nghĩa%')) AND area_ha > 100"
"""

from __future__ import annotations

from layers.cql2.filters import LANGUAGES, Filter, FilterLanguage, both, condition, parse_filter, within
from layers.cql2.functions import FUNCTIONS, Argument, Function, Kind
from layers.cql2.parsing import MAX_DEPTH, MAX_LENGTH

__all__ = [
    "FUNCTIONS",
    "LANGUAGES",
    "MAX_DEPTH",
    "MAX_LENGTH",
    "Argument",
    "Filter",
    "FilterLanguage",
    "Function",
    "Kind",
    "both",
    "condition",
    "parse_filter",
    "within",
]
