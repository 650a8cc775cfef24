"""The topology check of a layer: how its features lie to each other, by the rules that its definition states."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import geopandas as gpd

from layers.definitions import LayerDefinition
from layers.spool import ShapeSpool
from layers.topology.covering import cover_findings
from layers.topology.finding import (
    area_findings,
    duplicate_findings,
    issues_of,
    line_findings,
    unchecked,
)
from layers.topology.ground import ground
from layers.validation.model import Issue

__all__ = ["check_topology"]


def check_topology(
    definition: LayerDefinition,
    features: gpd.GeoDataFrame,
    *,
    against: Mapping[str, gpd.GeoDataFrame] | None = None,
    touched: Collection[str] | None = None,
    shapes: ShapeSpool | None = None,
) -> tuple[Issue, ...]:
    """Find where features of a layer are at odds with each other, or with a layer that should cover them.

    Parameters
    ----------
    definition : LayerDefinition
        The layer; its `topology` says what is looked for, and how much it weighs. Without one nothing is.
    features : GeoDataFrame
        Typed, EPSG:4326; index: feature ids.
    against : mapping of str to GeoDataFrame, optional
        Other layers by id, in the same form, as far as `covered_by` asks for them.
    touched : collection of str, optional
        Only what involves one of these features is told, the same as in a check of all; of gaps, what lies round them.
    shapes : ShapeSpool, optional
        The geometries of all features, where those of `features` are missing.

    Returns
    -------
    tuple of Issue
        What was not checked first, then in row order; an issue of two features stands with the first of them.

    Raises
    ------
    CrsError
        If the features are not in EPSG:4326.
    """
    rules = definition.topology
    if rules is None or not len(features) or features.active_geometry_name is None:
        return ()
    plane = ground(definition, rules, features, touched=touched, shapes=shapes)
    if plane is None:
        return ()
    findings = [unchecked(seen) for seen in plane.left_out]
    findings += duplicate_findings(plane)
    findings += area_findings(plane)
    findings += line_findings(plane)
    findings += cover_findings(plane, against or {})
    return issues_of(plane, findings)
