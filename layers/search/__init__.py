"""Finding things by name, whatever the tone marks, and places by their coordinates.

>>> from layers.search import name_index
>>> index = name_index(["kcn-1", "kcn-2"], [["Khu công nghiệp Phú Nghĩa"], ["Khu công nghiệp Nam Phú Cát"]])
>>> [match.feature_id for match in index.find("phu nghia", limit=5)]
['kcn-1']
"""

from __future__ import annotations

from layers.search.index import Match, NameIndex, name_index
from layers.search.places import Place, find_places
from layers.search.searching import Hit, prepare, search, searched_fields

__all__ = ["Hit", "Match", "NameIndex", "Place", "find_places", "name_index", "prepare", "search", "searched_fields"]
