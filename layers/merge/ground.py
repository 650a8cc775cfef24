"""What the topology rules of a layer find in a merged state that neither side had."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from layers.definitions import LayerDefinition
from layers.merge.comparing import Mask, Shapes
from layers.merge.conflicts import Table, joined, table_of
from layers.merge.model import GEOMETRY, TOPOLOGY_KINDS
from layers.merge.sides import OURS, THEIRS, Draft
from layers.topology import check_topology
from layers.validation import Issue
from layers.validation.ground import ground_area, ground_length

__all__ = ["NEAR_DEG", "decisive_columns", "new_findings"]

#: What lies so near to a place has a part in it: a centimetre, in degrees.
NEAR_DEG: Final = 1e-7
#: So far around a changed feature others are looked at: some hundred metres, in degrees.
_AROUND_DEG: Final = 0.005
#: A strip so wide, metres, and a spot so large, square metres, come from rounding.
_NOISE_M: Final = 0.001
_NOISE_M2: Final = 0.01
_PREFIX: Final = "topology-"
#: Kinds that may turn into each other when a border moves.
_AKIN: Final = {"gap": ("gap", "sliver"), "sliver": ("gap", "sliver", "overlap"), "overlap": ("overlap", "sliver")}


def decisive_columns(definition: LayerDefinition) -> tuple[str, ...]:
    """Return what the topology rules of a layer look at.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.

    Returns
    -------
    tuple of str
        Geometry, planned time, what kind of geometry it is, and the field within which features are compared.
    """
    within = definition.topology.within if definition.topology else None
    return (GEOMETRY, "valid_from", "valid_to", "position", *((within,) if within else ()))


def new_findings(
    drafts: Mapping[str, Draft],
    layer: str,
    *,
    beside: Mapping[str, gpd.GeoDataFrame],
    unsettled: Collection[str],
) -> Table:
    """Check the area that a merge touched, and tell what is wrong there that was not wrong on either side.

    Parameters
    ----------
    drafts : mapping of str to Draft
        The merged state of each layer.
    layer : str
        The layer to check.
    beside : mapping of str to GeoDataFrame
        Layers that take no part in the merge, by id.
    unsettled : collection of str
        Features in an open conflict: what involves one is told once that is resolved.

    Returns
    -------
    DataFrame
        As by `layers.merge.conflicts.table_of`.
    """
    draft = drafts[layer]
    definition = draft.sides.definition
    touched = _touched(drafts, draft) if definition.topology else []
    if not touched:
        return joined([])
    merged = draft.frame()
    boxes = _boxes(draft, merged, touched)
    found = _found(definition, _near(merged, boxes), _covering(drafts, beside, definition, None), touched)
    found = [issue for issue in found if not _involves(issue, unsettled, draft)]
    if not found:
        return joined([])
    about = {name for issue in found for name in (issue.feature_id, issue.other) if name is not None}
    known: list[Issue] = []
    for side in range(3):
        covering = _covering(drafts, beside, definition, side)
        known += _found(definition, _near(draft.sides.frames[side], boxes), covering, about)
    new = [issue for issue, fresh in zip(found, _fresh(found, known), strict=True) if fresh]
    return table_of(
        layer,
        [_kind(issue) for issue in new],
        [issue.feature_id for issue in new],  # type: ignore[misc] # every finding is about a feature
        None,
        other=[issue.other for issue in new],
        places=[issue.place for issue in new],
        measured=[issue.measured for issue in new],
        unit=[issue.unit for issue in new],
    )


def _kind(issue: Issue) -> Any:
    return issue.rule.removeprefix(_PREFIX)


def _found(
    definition: LayerDefinition,
    features: gpd.GeoDataFrame,
    covering: Mapping[str, gpd.GeoDataFrame],
    touched: Collection[str],
) -> list[Issue]:
    issues = check_topology(definition, features, against=covering, touched=touched)
    return [issue for issue in issues if issue.feature_id is not None and _kind(issue) in TOPOLOGY_KINDS]


def _boxes(draft: Draft, merged: gpd.GeoDataFrame, touched: Collection[str]) -> Shapes:
    """Return the surroundings of features, where they are and where they were on each side."""
    sides, rows = draft.sides, draft.sides.rows_of(touched)
    shapes = [np.asarray(merged.geometry.array[merged.index.get_indexer(sides.ids[rows])], dtype=object)]
    shapes += [sides.values(GEOMETRY, side, rows[sides.at[side, rows] >= 0]) for side in range(3)]
    bounds = shapely.bounds(np.concatenate(shapes))
    bounds = bounds[np.isfinite(bounds).all(axis=1)] + np.array([-1, -1, 1, 1]) * _AROUND_DEG
    return np.asarray(shapely.box(*bounds.T), dtype=object)


def _near(features: gpd.GeoDataFrame, boxes: Shapes) -> gpd.GeoDataFrame:
    """Return the features that lie in some boxes, in their order."""
    tree = shapely.STRtree(np.asarray(features.geometry.array, dtype=object))
    rows = np.unique(tree.query(boxes)[1])
    return features if len(rows) == len(features) else features.iloc[rows]


def _covering(
    drafts: Mapping[str, Draft], beside: Mapping[str, gpd.GeoDataFrame], definition: LayerDefinition, side: int | None
) -> dict[str, gpd.GeoDataFrame]:
    """Return the layer that should cover this one, merged or as one side has it."""
    name = definition.topology.covered_by if definition.topology else None
    if name is None:
        return {}
    if name in drafts:
        return {name: drafts[name].frame() if side is None else drafts[name].sides.frames[side]}
    return {name: beside[name]} if name in beside else {}


def _touched(drafts: Mapping[str, Draft], draft: Draft) -> list[str]:
    """Return the features whose neighbourhood is another one than on our side, unless it is that of their side."""
    sides, columns = draft.sides, decisive_columns(draft.sides.definition)
    by_theirs = draft.changed(OURS, columns=columns)
    by_ours = draft.changed(THEIRS, columns=columns)
    name = sides.definition.topology.covered_by if sides.definition.topology else None
    cover = drafts[name].changed(OURS, columns=(GEOMETRY,)) if name is not None and name in drafts else np.zeros(1)
    if not by_ours.any() and not cover.any():
        return []
    touched = (by_theirs | (by_ours if cover.any() else False)) & draft.present
    removed = np.flatnonzero(by_theirs & ~draft.present)
    if len(removed):
        touched |= _beside(draft, sides.values(GEOMETRY, OURS, removed))
    return sides.ids[touched].tolist()


def _beside(draft: Draft, shapes: Shapes) -> Mask:
    """Mark features of the merged state that lie at some shapes."""
    rows = np.flatnonzero(draft.present)
    tree = shapely.STRtree(np.asarray(draft.frame().geometry.array, dtype=object))
    there = shapes[~shapely.is_missing(shapes)]
    marked = np.zeros(len(draft.presence), dtype=bool)
    marked[rows[np.unique(tree.query(there, predicate="dwithin", distance=NEAR_DEG)[1])]] = True
    return marked


def _involves(issue: Issue, unsettled: Collection[str], draft: Draft) -> bool:
    """Tell whether a finding may be gone when open conflicts are resolved."""
    if not unsettled:
        return False
    if issue.feature_id in unsettled or issue.other in unsettled:
        return True
    sides = draft.sides
    rows = sides.rows_of(unsettled)
    for side in range(3):
        there = rows[sides.at[side, rows] >= 0]
        if bool(shapely.dwithin(sides.values(GEOMETRY, side, there), issue.place, NEAR_DEG).any()):
            return True
    return False


def _fresh(found: Sequence[Issue], known: Sequence[Issue]) -> npt.NDArray[np.bool_]:
    """Tell which findings are more than what was known: a loop over findings, of which there are few."""
    return np.array([_is_new(issue, [one for one in known if _same_matter(issue, one)]) for issue in found], dtype=bool)


def _same_matter(issue: Issue, other: Issue) -> bool:
    kind = _kind(issue)
    if _kind(other) not in _AKIN.get(kind, (kind,)):
        return False
    if kind in ("gap", "sliver"):
        return True
    pair, pair_other = {issue.feature_id, issue.other}, {other.feature_id, other.other}
    return pair == pair_other if kind != "not-covered" else issue.feature_id == other.feature_id


def _is_new(issue: Issue, known: Sequence[Issue]) -> bool:
    places = [one.place for one in known if one.place is not None]
    if not places or issue.place is None:
        return not known
    rest = shapely.difference(issue.place, shapely.buffer(shapely.union_all(places), NEAR_DEG / 10))
    if shapely.is_empty(rest):
        return False
    pieces = np.array([rest], dtype=object)
    area, length = float(ground_area(pieces)[0]), float(ground_length(pieces)[0])
    if shapely.get_dimensions(rest) == 2:
        return area > length * _NOISE_M + _NOISE_M2
    return length > _NOISE_M2 or shapely.get_dimensions(rest) == 0
