"""How features lie to each other: overlaps, gaps, slivers, loose ends, duplicates, and what nothing covers.

`check_topology` applies the rules of a layer's definition to its features. The functions below it take geometries in
metres and return arrays, for analyses of one's own.
"""

from __future__ import annotations

from layers.topology.areas import Gaps, Overlaps, Survey, gaps, overlaps, survey
from layers.topology.checking import check_topology
from layers.topology.lines import Crossings, LooseEnds, Stretches, crossings_and_stretches, loose_ends
from layers.topology.others import Outside, duplicates, outside
from layers.topology.widths import is_wider

__all__ = [
    "Crossings",
    "Gaps",
    "LooseEnds",
    "Outside",
    "Overlaps",
    "Stretches",
    "Survey",
    "check_topology",
    "crossings_and_stretches",
    "duplicates",
    "gaps",
    "is_wider",
    "loose_ends",
    "outside",
    "overlaps",
    "survey",
]
