"""The VN-2000 doctor: in which CRS coordinates are, with which mistakes, and the way to WGS 84.

`diagnose` ranks readings and gives a verdict; `transform` carries out the one that was chosen; `zone_from_areas` and
`zone_from_lengths` tell the projection in which declared values were computed. Arrays in, values out: no file is opened
here. See docs/vn2000.md for what can be decided and what cannot.
"""

from __future__ import annotations

from layers.georeference.areas import ZoneFit, zone_from_areas, zone_from_lengths
from layers.georeference.declared import Declared, read_declared
from layers.georeference.diagnosis import diagnose
from layers.georeference.frames import FRAMES, Frame
from layers.georeference.known import KnownFeatures, KnownFit, known_by_id
from layers.georeference.moving import Georeferenced, reading_named, transform
from layers.georeference.readings import Correction, Reading, read_points, write_points
from layers.georeference.results import Diagnosis, Evidence, Hypothesis, Kind, Verdict
from layers.georeference.target import HANOI, TargetArea
from layers.georeference.weights import CLEAR_SHARE

__all__ = [
    "CLEAR_SHARE",
    "FRAMES",
    "HANOI",
    "Correction",
    "Declared",
    "Diagnosis",
    "Evidence",
    "Frame",
    "Georeferenced",
    "Hypothesis",
    "Kind",
    "KnownFeatures",
    "KnownFit",
    "Reading",
    "TargetArea",
    "Verdict",
    "ZoneFit",
    "diagnose",
    "known_by_id",
    "read_declared",
    "read_points",
    "reading_named",
    "transform",
    "write_points",
    "zone_from_areas",
    "zone_from_lengths",
]
