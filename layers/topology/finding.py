"""From geometry to issues: each rule of a layer, its findings with place, amount and words."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from layers.crs import to_store_crs
from layers.spool import ShapesOrSpool, only, over
from layers.topology.areas import Gaps, Overlaps, cut, gaps, near_pairs, overlaps, survey
from layers.topology.ground import Ground
from layers.topology.lines import crossings_and_stretches, loose_ends
from layers.topology.linework import IntArray, Shapes
from layers.topology.others import duplicates
from layers.topology.scenes import Scene
from layers.topology.trees import tree_of
from layers.topology.widths import is_wider
from layers.types import Text
from layers.validation.model import Issue, Mask, Rows
from layers.validation.rules import Severity

__all__ = [
    "Finding",
    "area_findings",
    "duplicate_findings",
    "issues_of",
    "line_findings",
    "unchecked",
]

_NO_OVERLAP: Final = Text(vi="không chồng", en="no overlap")
_NO_GAP: Final = Text(vi="ranh giới khít", en="borders that meet")
_WIDER: Final = Text(vi="một ranh giới chung", en="one common border")
_ONE: Final = Text(vi="mỗi hình học một lần", en="each geometry once")
_JOINED: Final = Text(vi="đầu đường nằm trên đường kia", en="an end on the other line")
_NODE: Final = Text(vi="một đỉnh chung tại chỗ cắt", en="a common vertex where they cross")
_ALL: Final = Text(vi="kiểm tra mọi đối tượng", en="every feature checked")


@dataclass(frozen=True, slots=True)
class Finding:
    """An issue whose place is still on the plane.

    Parameters
    ----------
    rule : str
        A key of `RULES`.
    row, other : int or None
        Positions of the features.
    place : geometry or None
        In metres.
    measured : float or None
        How much, in `unit`.
    unit : str or None
        Square metres (m2) or metres (m).
    severity : {"error", "warning"}
        As the layer says.
    seen, wanted : Text
        In words.
    """

    rule: str
    row: int | None
    other: int | None
    place: BaseGeometry | None
    measured: float | None
    unit: str | None
    severity: Severity
    seen: Text
    wanted: Text


def issues_of(ground: Ground, findings: Sequence[Finding]) -> tuple[Issue, ...]:
    """Turn findings into issues.

    Parameters
    ----------
    ground : Ground
        What was checked.
    findings : sequence of Finding
        What was found.

    Returns
    -------
    tuple of Issue
        With places in EPSG:4326, in the order of rows; what is about no single feature comes first.
    """
    ordered = sorted(findings, key=lambda one: -1 if one.row is None else one.row)
    places, _ = to_store_crs(gpd.GeoDataFrame(geometry=[one.place for one in ordered], crs=ground.crs))
    rows = Rows(ground.definition.id, ground.features.index)
    return tuple(
        Issue(
            one.rule,
            ground.definition.id,
            one.row,
            None if one.row is None else rows.name(one.row),
            None,
            one.seen,
            one.wanted,
            one.severity,
            other=None if one.other is None else rows.name(one.other),
            place=place,
            measured=one.measured,
            unit=one.unit,
        )
        for one, place in zip(ordered, places.geometry, strict=True)
    )


def unchecked(seen: Text, wanted: Text = _ALL) -> Finding:
    """Say what was not checked.

    Parameters
    ----------
    seen, wanted : Text
        What is missing, and what would have been right.

    Returns
    -------
    Finding
        Of the whole layer.
    """
    return Finding("topology-not-checked", None, None, None, None, None, "warning", seen, wanted)


def duplicate_findings(ground: Ground) -> Iterator[Finding]:
    """Find features with the same geometry.

    Parameters
    ----------
    ground : Ground
        What is checked.

    Yields
    ------
    Finding
        One for each feature that is there already; the other is the first of them.
    """
    if (severity := ground.rules.duplicates) == "allowed":
        return
    for row, other in _doubles(ground):
        if ground.concerned(np.array([row]), np.array([other]))[0]:
            name, (measured, unit) = _name(ground, other), _amount(ground.shapes[row])
            seen = Text(vi=f"giống hệt {name}", en=f"the same as {name}")
            yield Finding("topology-duplicate", row, other, ground.shapes[row], measured, unit, severity, seen, _ONE)


def _doubles(ground: Ground) -> Iterator[tuple[int, int]]:
    """Yield each feature whose geometry is there already at the same time, and the first that has it."""
    firsts = duplicates(ground.shapes)
    rows = np.flatnonzero(np.bincount(firsts)[firsts] > 1)
    order = rows[np.argsort(firsts[rows], kind="stable")]
    for alike in np.split(order, np.flatnonzero(np.diff(firsts[order])) + 1):
        for n, row in enumerate(alike.tolist()):
            # As a rule the very first is of the same time; the others are asked only if it is not.
            for before in (alike[: min(n, 1)], alike[1:n]):
                same = before[ground.together.pairs(before, np.full(len(before), row))]
                if len(same):
                    yield row, int(same[0])
                    break


def _amount(shape: BaseGeometry) -> tuple[float | None, str | None]:
    dimension = shapely.get_dimensions(shape)
    return (shape.area, "m2") if dimension == 2 else (shape.length, "m") if dimension == 1 else (None, None)


def _same(shapes: ShapesOrSpool, first: IntArray, second: IntArray) -> Mask:
    """Tell which pairs are one geometry twice."""
    rows, which = np.unique(np.concatenate((first, second)), return_inverse=True)
    one, other = duplicates(shapes[rows])[which].reshape(2, -1)
    return np.asarray(one == other)


def _name(ground: Ground, row: int) -> str:
    return str(ground.features.index[row])


def area_findings(ground: Ground) -> Iterator[Finding]:
    """Find overlaps, gaps and slivers of areas.

    Parameters
    ----------
    ground : Ground
        What is checked.

    Yields
    ------
    Finding
        Slivers as far as overlaps or gaps are asked for.
    """
    rules, rows = ground.rules, ground.rows(2)
    if not len(rows) or rules.overlaps == rules.gaps == "allowed":
        return
    scenes, complete = ground.together.scenes(rows)
    surveyed = [
        (scene, survey(only(ground.shapes, scene.rows), tolerance_m=rules.tolerance_m, valid=True))
        for scene in scenes
        if rules.gaps != "allowed" or (ground.touched is None and complete)
    ]
    if rules.overlaps != "allowed":
        if ground.touched is None and complete:
            found = _joined([_placed(overlaps(looked), scene.rows) for scene, looked in surveyed])
        else:
            found = _near_pairs(ground, rows)
        yield from _overlap_findings(ground, found)
    if rules.gaps != "allowed":
        yield from _gap_findings(
            ground, [(scene, gaps(looked)) for scene, looked in surveyed if looked.shared >= rules.least_shared]
        )
        if not complete:
            seen = Text(
                vi="khoảng hở ở các thời điểm khác ngoài các năm mốc quy hoạch",
                en="gaps at other times than the standard horizons: the features have too many different ones",
            )
            yield unchecked(seen)
    yield from _narrow_features(ground, rows)


def _placed(found: Overlaps, rows: IntArray) -> Overlaps:
    return found._replace(first=rows[found.first], second=rows[found.second])


def _joined(found: Sequence[Overlaps]) -> Overlaps:
    """Join the overlaps of several scenes: each pair once, in the order of positions."""
    if len(found) == 1:
        return found[0]
    first, second, places, area = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.lexsort((second, first))
    pairs = np.column_stack((first, second))[order]
    order = order[np.concatenate(([True], (pairs[1:] != pairs[:-1]).any(axis=1)))] if len(order) else order
    return Overlaps(first[order], second[order], places[order], area[order])


def _near_pairs(ground: Ground, rows: IntArray) -> Overlaps:
    """Cut the pairs that the check is about, by their bounds."""
    about = rows if ground.touched is None else rows[ground.touched[rows]]
    one, other = near_pairs(tree_of(only(ground.shapes, rows)), ground.shapes, about)
    two = rows[other]
    pairs = np.unique(np.column_stack((np.minimum(one, two), np.maximum(one, two)))[one != two], axis=0)
    first, second = pairs[:, 0], pairs[:, 1]
    keep = ground.together.pairs(first, second)
    return cut(ground.shapes, first[keep], second[keep], tolerance_m=ground.rules.tolerance_m)


def _overlap_findings(ground: Ground, found: Overlaps) -> Iterator[Finding]:
    rules = ground.rules
    if rules.overlaps == "allowed":
        return
    wide = is_wider(found.places, rules.sliver_m)
    same = np.zeros(len(wide), dtype=bool)
    if rules.duplicates != "allowed":
        # What is there twice is told as that alone.
        same = _same(ground.shapes, found.first, found.second)
    for n in np.flatnonzero(~same).tolist():
        row, other, area = int(found.first[n]), int(found.second[n]), float(found.area_m2[n])
        name = _name(ground, other)
        if wide[n]:
            seen = Text(vi=f"chồng lên {name} {area:.2f} m²", en=f"{area:.2f} m² in common with {name}")
            yield Finding(
                "topology-overlap", row, other, found.places[n], area, "m2", rules.overlaps, seen, _NO_OVERLAP
            )
        else:
            seen = Text(
                vi=f"chồng lên {name} {area:.2f} m², hẹp hơn {rules.sliver_m:g} m",
                en=f"{area:.2f} m² in common with {name}, narrower than {rules.sliver_m:g} m",
            )
            yield Finding("topology-sliver", row, other, found.places[n], area, "m2", "warning", seen, _WIDER)


def _gap_findings(ground: Ground, found: Sequence[tuple[Scene, Gaps]]) -> Iterator[Finding]:
    rules = ground.rules
    if rules.gaps == "allowed":
        return
    seen_before: set[bytes] = set()
    for scene, holes in found:
        keep = np.ones(len(holes.places), dtype=bool)
        if rules.largest_gap_m2 is not None:
            keep &= holes.area_m2 <= rules.largest_gap_m2
        places, areas = holes.places[keep], holes.area_m2[keep]
        wide = is_wider(places, rules.sliver_m)
        for n, beside in enumerate(_beside(ground, places, scene.rows)):
            key = shapely.to_wkb(shapely.normalize(places[n]))
            if key in seen_before or not ground.concerned(beside).any():
                continue
            seen_before.add(key)
            yield _gap_finding(
                ground, places[n], float(areas[n]), beside, scene, severity=rules.gaps, wide=bool(wide[n])
            )


def _gap_finding(
    ground: Ground, place: BaseGeometry, area: float, beside: IntArray, scene: Scene, *, severity: Severity, wide: bool
) -> Finding:
    rules = ground.rules
    row, other = int(beside[0]), int(beside[1]) if len(beside) > 1 else None
    names = ", ".join(_name(ground, int(one)) for one in beside[:3]) + (", …" if len(beside) > 3 else "")
    on = "" if scene.day is None else f" ({scene.day.isoformat()})"
    seen = Text(
        vi=f"{area:.2f} m² không thuộc đối tượng nào, giữa {names}{on}",
        en=f"{area:.2f} m² that no feature covers, between {names}{on}",
    )
    if wide:
        return Finding("topology-gap", row, other, place, area, "m2", severity, seen, _NO_GAP)
    narrow = Text(vi=f"{seen.vi}, hẹp hơn {rules.sliver_m:g} m", en=f"{seen.en}, narrower than {rules.sliver_m:g} m")
    return Finding("topology-sliver", row, other, place, area, "m2", "warning", narrow, _WIDER)


def _beside(ground: Ground, places: Shapes, rows: IntArray) -> Iterator[IntArray]:
    """Yield the features round each gap, the one with the longest common border first."""
    room = max(2 * ground.rules.tolerance_m, 1e-6)
    wider = shapely.buffer(places, room, quad_segs=1, join_style="mitre")
    if not len(places):
        return
    place, other = tree_of(only(ground.shapes, rows)).query(wider, predicate="intersects")
    common = shapely.area(shapely.intersection(wider[place], ground.shapes[rows[other]]))
    # In centimetres of common border: the rest is noise.
    order = np.lexsort((rows[other], -np.round(common / room, 2), place))
    place, other = place[order], other[order]
    starts = np.searchsorted(place, np.arange(len(places) + 1))
    for start, end in itertools.pairwise(starts):
        yield rows[other[start:end]]


def _narrow_features(ground: Ground, rows: IntArray) -> Iterator[Finding]:
    rules = ground.rules
    rows = rows[ground.concerned(rows)]
    for row in rows[~over(only(ground.shapes, rows), lambda some: is_wider(some, rules.sliver_m))].tolist():
        shape = ground.shapes[row]
        seen = Text(
            vi=f"đối tượng {shape.area:.2f} m², hẹp hơn {rules.sliver_m:g} m",
            en=f"a feature of {shape.area:.2f} m², narrower than {rules.sliver_m:g} m",
        )
        wanted = Text(vi=f"rộng ít nhất {rules.sliver_m:g} m", en=f"at least {rules.sliver_m:g} m wide")
        yield Finding("topology-sliver", row, None, shape, shape.area, "m2", "warning", seen, wanted)


def line_findings(ground: Ground) -> Iterator[Finding]:
    """Find loose ends, crossings without a node and common stretches of lines.

    Parameters
    ----------
    ground : Ground
        What is checked.

    Yields
    ------
    Finding
        As far as the layer asks for them.
    """
    rules, rows = ground.rules, ground.rows(1)
    if not len(rows):
        return
    # How lines meet is asked of all at once.
    lines = ground.shapes[:]
    if rules.dangles != "allowed":
        yield from _loose_ends(ground, lines, rules.dangles)
    if rules.crossings != "allowed" or rules.overlaps != "allowed":
        yield from _crossings(ground, lines)


def _loose_ends(ground: Ground, lines: Shapes, severity: Severity) -> Iterator[Finding]:
    rules = ground.rules
    found = loose_ends(lines, tolerance_m=rules.tolerance_m, reach_m=rules.reach_m, together=ground.together.pairs)
    for n in np.flatnonzero(ground.concerned(found.first, found.second)).tolist():
        row, other, distance = int(found.first[n]), int(found.second[n]), float(found.distance_m[n])
        name = _name(ground, other)
        short = Text(vi=f"hụt {distance:.3f} m trước {name}", en=f"{distance:.3f} m short of {name}")
        beyond = Text(vi=f"vượt {distance:.3f} m qua {name}", en=f"{distance:.3f} m beyond {name}")
        seen = beyond if found.beyond[n] else short
        yield Finding("topology-dangle", row, other, found.places[n], distance, "m", severity, seen, _JOINED)


def _crossings(ground: Ground, lines: Shapes) -> Iterator[Finding]:
    rules = ground.rules
    crossed, shared = crossings_and_stretches(
        lines, tolerance_m=rules.tolerance_m, shortest_m=rules.sliver_m, together=ground.together.pairs
    )
    if rules.crossings != "allowed":
        for n in np.flatnonzero(ground.concerned(crossed.first, crossed.second)).tolist():
            row, other = int(crossed.first[n]), int(crossed.second[n])
            name = _name(ground, other)
            seen = Text(vi=f"cắt {name}", en=f"it crosses {name}")
            yield Finding("topology-crossing", row, other, crossed.places[n], None, None, rules.crossings, seen, _NODE)
    if rules.overlaps == "allowed":
        return
    same = _same(lines, shared.first, shared.second) & (rules.duplicates != "allowed")
    for n in np.flatnonzero(ground.concerned(shared.first, shared.second) & ~same).tolist():
        row, other, length = int(shared.first[n]), int(shared.second[n]), float(shared.length_m[n])
        name = _name(ground, other)
        seen = Text(vi=f"trùng với {name} {length:.2f} m", en=f"{length:.2f} m along {name}")
        yield Finding("topology-overlap", row, other, shared.places[n], length, "m", rules.overlaps, seen, _NO_OVERLAP)
