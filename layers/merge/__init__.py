"""Three-way merge of layers, cell by cell, that decides nothing silently.

What only one side changed is taken; what both changed to the same is no conflict; everything else is one, and stays one
until a person or a rule resolves it.
"""

from __future__ import annotations

from layers.merge.comparing import differing, same_shapes
from layers.merge.conflicts import Conflicts
from layers.merge.merging import DEFAULT_TOLERANCE_M, LayerMerge, Merge, merge_layer, merge_layers
from layers.merge.model import CHOICES, KINDS, Choice, ConflictKind, Resolution, Side
from layers.merge.resolutions import parse_resolutions, read_resolutions

__all__ = [
    "CHOICES",
    "DEFAULT_TOLERANCE_M",
    "KINDS",
    "Choice",
    "ConflictKind",
    "Conflicts",
    "LayerMerge",
    "Merge",
    "Resolution",
    "Side",
    "differing",
    "merge_layer",
    "merge_layers",
    "parse_resolutions",
    "read_resolutions",
    "same_shapes",
]
