"""Merging three states of one layer, cell by cell: what only one side changed is taken, what both changed is told."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

from layers.merge.comparing import Mask
from layers.merge.conflicts import Table, joined, table_of
from layers.merge.model import GEOMETRY, SIDES, ConflictKind
from layers.merge.sides import BASE, OURS, THEIRS, Draft, IntArray, Sides

__all__ = ["combine"]

_VALUES: Final = dict(zip(SIDES, range(3), strict=True))


def combine(sides: Sides) -> tuple[Draft, Table]:
    """Merge three states of one layer.

    Parameters
    ----------
    sides : Sides
        The states.

    Returns
    -------
    draft : Draft
        The merged state; what is in conflict stands there as in the base.
    conflicts : Table
        As `layers.merge.conflicts.table_of` makes them.
    """
    ours, theirs, base = sides.there
    by_ours, by_theirs = sides.differences(OURS, BASE), sides.differences(THEIRS, BASE)
    # Only what both have touched can be at odds.
    apart = sides.differences(OURS, THEIRS, among=(by_ours.any(axis=0) & by_theirs.any(axis=0)) | ~base)
    presence = np.zeros(len(sides.ids), dtype=np.int8)
    picks = np.zeros((len(sides.columns), len(sides.ids)), dtype=np.int8)
    draft = Draft(sides, presence, picks)
    everywhere = ours & theirs & base
    picks[by_theirs & ~by_ours & everywhere] = THEIRS
    cells = by_ours & by_theirs & apart & everywhere
    picks[cells] = BASE
    draft.take(np.flatnonzero(theirs & ~ours & ~base), THEIRS)
    gone = base & ours & ~theirs
    fought = (gone & by_ours.any(axis=0)) | (base & theirs & ~ours & by_theirs.any(axis=0))
    draft.take(np.flatnonzero(gone & ~fought), THEIRS)
    twice = ours & theirs & ~base & apart.any(axis=0)
    draft.take(np.flatnonzero(fought | twice), BASE)
    conflicts = (
        _cells(sides, cells),
        _features(sides, "delete_edit", np.flatnonzero(fought)),
        _features(sides, "duplicate_id", np.flatnonzero(twice)),
    )
    return draft, joined(conflicts)


def _cells(sides: Sides, cells: Mask) -> Table:
    """Return the cells that both sides changed, column by column."""
    parts = []
    for number, column in enumerate(sides.columns):
        rows = np.flatnonzero(cells[number])
        if not len(rows):
            continue
        values = {name: np.asarray(sides.values(column, side, rows), dtype=object) for name, side in _VALUES.items()}
        kind: ConflictKind = "geometry" if column == GEOMETRY else "attribute"
        ids = sides.ids[rows].to_numpy(dtype=object)
        parts.append(table_of(sides.definition.id, kind, ids, column, values=values, places=_places(sides, rows)))
    return joined(parts)


def _features(sides: Sides, kind: ConflictKind, rows: IntArray) -> Table:
    """Return whole features that are at odds, with what each side says of them."""
    ids = sides.ids[rows].to_numpy(dtype=object)
    words = {
        name: np.where(sides.there[side, rows], "present", "absent").astype(object) for name, side in _VALUES.items()
    }
    return table_of(sides.definition.id, kind, ids, None, values=words, places=_places(sides, rows))


def _places(sides: Sides, rows: IntArray) -> npt.NDArray[np.object_]:
    """Return the geometry of each feature in the first side that has one."""
    places: npt.NDArray[Any] = np.full(len(rows), None, dtype=object)
    for side in (OURS, THEIRS, BASE):
        there = (sides.at[side, rows] >= 0) & shapely.is_missing(places)
        places[there] = sides.values(GEOMETRY, side, rows[there])
    return places
