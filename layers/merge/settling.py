"""Resolving: cells first, then what only the merged state shows, until everything has been looked at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from layers.definitions import LayerDefinition
from layers.errors import FeatureExistsError, ValueOutOfRangeError
from layers.merge.combining import combine
from layers.merge.conflicts import KEYS, Conflicts, Table, joined, matched
from layers.merge.ground import NEAR_DEG, decisive_columns, new_findings
from layers.merge.model import GEOMETRY, SIDES, TOPOLOGY_KINDS, Resolution, Side
from layers.merge.references import lost_references
from layers.merge.sides import OURS, THEIRS, Draft, Sides
from layers.types import Text

__all__ = ["Frames", "settled"]

#: Typed features by layer.
Frames = Mapping[str, gpd.GeoDataFrame]

#: A resolution may bring new findings, and theirs again; what is left after so many rounds stays open.
_ROUNDS: Final = 8
_WHOLE: Final = ("delete_edit", "duplicate_id")


def settled(
    definitions: Mapping[str, LayerDefinition],
    sides: Mapping[Side, Frames],
    *,
    tolerance_m: float,
    beside: Frames,
    resolutions: tuple[Resolution, ...],
) -> tuple[dict[str, Draft], Conflicts]:
    """Merge layers, with what persons and rules said about their conflicts.

    Parameters
    ----------
    definitions : mapping of str to LayerDefinition
        The layers.
    sides : mapping of str to mapping
        By side, then by layer: the states, typed.
    tolerance_m : float
        How far vertices may have moved without being a change, metres.
    beside : mapping of str to GeoDataFrame
        Layers that take no part, as far as topology rules ask for them.
    resolutions : tuple of Resolution
        The last that fits a conflict is the one that holds.

    Returns
    -------
    drafts : dict of str to Draft
        The merged state of each layer.
    conflicts : Conflicts
        All of them, resolved or not.

    Raises
    ------
    ValueOutOfRangeError, FeatureExistsError
        If a given value does not fit.
    """
    drafts, found = _combined(definitions, sides, tolerance_m)
    renames = _renames(found, resolutions, drafts)
    if renames:
        parted = found[[key in renames for key in zip(found["layer"], found["feature_id"], strict=True)]]
        theirs = {layer: _renamed(definitions[layer], sides, layer, renames) for layer in definitions}
        drafts, again = _combined(definitions, {**sides, "theirs": theirs}, tolerance_m)
        found = joined([parted, again])
    rows = matched(found, resolutions)
    _apply(drafts, found, rows, resolutions)
    found, rows = _looked_again(drafts, found, resolutions, beside)
    return drafts, Conflicts(found, rows, resolutions)


def _combined(
    definitions: Mapping[str, LayerDefinition], sides: Mapping[Side, Frames], tolerance_m: float
) -> tuple[dict[str, Draft], Table]:
    drafts, tables = {}, []
    for layer, definition in definitions.items():
        states = Sides.of(definition, {side: sides[side][layer] for side in SIDES}, tolerance_m=tolerance_m)
        drafts[layer], table = combine(states)
        tables.append(table)
    return drafts, joined(tables)


def _looked_again(
    drafts: Mapping[str, Draft], found: Table, resolutions: Sequence[Resolution], beside: Frames
) -> tuple[Table, npt.NDArray[np.intp]]:
    """Look at the merged state as a whole, resolve what is found there, and look again."""
    done: set[tuple[str, ...]] = set()
    now, rows = found.iloc[:0], matched(found, resolutions)
    for _ in range(_ROUNDS):
        now = _of_the_whole(drafts, found[rows < 0], beside)
        found = joined([found, now])
        rows = matched(found, resolutions)
        keys = _keys(found)
        fresh = [n for n, key in enumerate(keys) if rows[n] >= 0 and key not in done and _late(found, n)]
        done |= {keys[n] for n in fresh}
        if not fresh:
            break
        _apply(drafts, found.iloc[fresh], rows[fresh], resolutions)
    # What a resolution was to mend and did not is open still.
    still = set(_keys(now))
    for n, key in enumerate(_keys(found)):
        if key in still and rows[n] >= 0 and resolutions[rows[n]].choice != "accept":
            rows[n] = -1
    return found, rows


def _late(found: Table, row: int) -> bool:
    """Tell whether a conflict is one of the merged state as a whole."""
    kind = found["kind"].iloc[row]
    return kind == "reference" or kind in TOPOLOGY_KINDS


def _keys(found: Table) -> list[tuple[str, ...]]:
    return list(zip(*(found[name].astype("str") for name in KEYS), strict=True))


def _of_the_whole(drafts: Mapping[str, Draft], still: Table, beside: Frames) -> Table:
    unsettled: dict[str, frozenset[str]] = {}
    for layer, draft in drafts.items():
        here = still[(still["layer"] == layer).to_numpy(dtype=bool)]
        decisive = here["field"].isin(decisive_columns(draft.sides.definition)) | here["kind"].isin(_WHOLE)
        unsettled[layer] = frozenset(here["feature_id"][decisive.to_numpy(dtype=bool)])
    tables = [lost_references(drafts, unsettled=unsettled)]
    tables += [new_findings(drafts, layer, beside=beside, unsettled=unsettled[layer]) for layer in drafts]
    return joined(tables)


def _apply(
    drafts: Mapping[str, Draft], found: Table, rows: npt.NDArray[np.intp], resolutions: Sequence[Resolution]
) -> None:
    """Set the cells and features of resolved conflicts."""
    # A loop over conflicts: each is a decision of its own.
    columns = {name: found[name].to_numpy(dtype=object) for name in (*KEYS, "place")}
    for n in np.flatnonzero(rows >= 0).tolist():
        resolution = resolutions[rows[n]]
        one = {name: values[n] for name, values in columns.items()}
        draft = drafts[one["layer"]]
        row = int(draft.sides.rows_of([one["feature_id"]])[0])
        if resolution.choice == "accept":
            continue
        if resolution.choice == "value":
            if one["kind"] != "duplicate_id":
                draft.give(one["field"], row, _checked(draft.sides.definition, one["field"], resolution.value))
            continue
        side = SIDES.index(resolution.choice)
        if one["kind"] in _WHOLE:
            draft.take(row, side)
        elif one["kind"] in TOPOLOGY_KINDS:
            _take_back(draft, one, side)
        else:
            draft.take_cells((one["field"],), row, side)
            if one["kind"] == "reference":
                _take_target(drafts, draft.sides.definition.field(one["field"]).references, one["other"], side)


def _take_target(drafts: Mapping[str, Draft], layer: str | None, feature_id: str, side: int) -> None:
    """Take the feature that is referred to from the same side as the reference."""
    target = drafts[layer or ""]
    target.take(int(target.sides.rows_of([feature_id])[0]), side)


def _take_back(draft: Draft, one: Mapping[str, Any], side: int) -> None:
    """Take what made a new finding from one side: both features, and what else changed at its place."""
    sides = draft.sides
    named = [name for name in (one["feature_id"], one["other"]) if name is not None]
    rows = set(sides.rows_of(named).tolist()) - {-1}
    if one["kind"] != "overlap":
        changed = np.flatnonzero(draft.changed(OURS) | draft.changed(THEIRS))
        for number in (OURS, THEIRS):
            there = changed[sides.at[number, changed] >= 0]
            near = shapely.dwithin(sides.values(GEOMETRY, number, there), one["place"], NEAR_DEG)
            rows |= set(there[near].tolist())
    for row in sorted(rows):
        draft.take_cells(decisive_columns(sides.definition), row, side)


def _checked(definition: LayerDefinition, column: str, value: object) -> object:
    """Refuse a given geometry that is none; attributes are read by the field's type."""
    if column != GEOMETRY or value is None or isinstance(value, shapely.Geometry):
        return value
    wanted = Text(vi="hình học", en="a geometry")
    raise ValueOutOfRangeError(seen=value, wanted=wanted, where=f"{definition.id}.{column}")


def _renames(
    found: Table, resolutions: Sequence[Resolution], drafts: Mapping[str, Draft]
) -> dict[tuple[str, str], str]:
    """Return the ids that incoming features shall have instead of those that are taken."""
    renames: dict[tuple[str, str], str] = {}
    twice = found[(found["kind"] == "duplicate_id").to_numpy(dtype=bool)]
    rows = matched(twice, resolutions)
    wanted = Text(vi="mã chưa dùng", en="an unused id")
    for layer, feature_id, number in zip(twice["layer"], twice["feature_id"], rows.tolist(), strict=True):
        if number < 0 or resolutions[number].choice != "value":
            continue
        new = resolutions[number].value
        if not isinstance(new, str) or not new.strip():
            raise ValueOutOfRangeError(seen=new, wanted=wanted, where=f"{layer}.{feature_id}")
        if new in drafts[layer].sides.ids or (layer, new) in {(at, to) for (at, _), to in renames.items()}:
            raise FeatureExistsError(seen=new, where=layer)
        renames[layer, feature_id] = new
    return renames


def _renamed(
    definition: LayerDefinition, sides: Mapping[Side, Frames], layer: str, renames: Mapping[tuple[str, str], str]
) -> gpd.GeoDataFrame:
    """Return an incoming layer under other ids, with what it changed itself referring to those."""
    theirs, base = sides["theirs"][layer], sides["base"][layer]
    own = {old: new for (at, old), new in renames.items() if at == layer}
    changed: dict[str, pd.Series[Any]] = {}
    for field in definition.fields:
        named = {old: new for (at, old), new in renames.items() if at == field.references}
        if named:
            values = theirs[field.name]
            before = base[field.name].reindex(theirs.index)
            changed[field.name] = values.where(~(values.isin(named) & (values != before)), values.map(named))
    index = pd.Index([own.get(name, name) for name in theirs.index], name=theirs.index.name, dtype=theirs.index.dtype)
    return theirs.assign(**changed).set_axis(index)
