"""References that lead to a feature which the other side removed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping

import numpy as np
import pandas as pd

from layers.definitions import Field
from layers.merge.comparing import Mask
from layers.merge.conflicts import Table, joined, table_of
from layers.merge.model import SIDES
from layers.merge.sides import OURS, THEIRS, Draft

__all__ = ["lost_references"]


def lost_references(drafts: Mapping[str, Draft], *, unsettled: Mapping[str, Collection[str]]) -> Table:
    """Find references to features that the merge removes, though neither side had them lead nowhere.

    Parameters
    ----------
    drafts : mapping of str to Draft
        The merged state of each layer.
    unsettled : mapping of str to collection of str
        Features of each layer in an open conflict: whether they stay is not known yet.

    Returns
    -------
    DataFrame
        As by `layers.merge.conflicts.table_of`; the other feature is the one that is not there any more.
    """
    return joined([table for layer in drafts for table in _of_layer(drafts, layer, unsettled)])


def _of_layer(drafts: Mapping[str, Draft], layer: str, unsettled: Mapping[str, Collection[str]]) -> Iterator[Table]:
    draft = drafts[layer]
    for field in draft.sides.definition.fields:
        target = drafts.get(field.references or "")
        if target is None:
            continue
        gone = target.sides.ids[~target.present]
        gone = gone[~gone.isin(list(unsettled.get(target.sides.definition.id, ())))]
        if len(gone):
            yield _of_field(draft, target, field, gone)


def _of_field(draft: Draft, target: Draft, field: Field, gone: pd.Index) -> Table:
    sides = draft.sides
    rows = np.flatnonzero(draft.present)
    frame = draft.frame()
    named = frame[field.name].to_numpy(dtype=object)
    lost = frame[field.name].isin(gone).to_numpy(dtype=bool)
    rows, named, shapes = rows[lost], named[lost], np.asarray(frame.geometry.array, dtype=object)[lost]
    new = np.ones(len(rows), dtype=bool)
    values = {}
    for side, number in zip(SIDES, range(3), strict=True):
        there = sides.there[number, rows]
        had = np.full(len(rows), None, dtype=object)
        had[there] = np.asarray(sides.values(field.name, number, rows[there]), dtype=object)
        values[side] = had
        if number in (OURS, THEIRS):
            new &= ~(there & (had == named) & _absent(target, number, named))
    ids = sides.ids[rows[new]].to_numpy(dtype=object)
    return table_of(
        sides.definition.id,
        "reference",
        ids,
        field.name,
        values={side: had[new] for side, had in values.items()},
        other=named[new].tolist(),
        places=shapes[new],
    )


def _absent(target: Draft, side: int, ids: np.typing.NDArray[np.object_]) -> Mask:
    """Tell which ids a side does not have."""
    return np.asarray(target.sides.frames[side].index.get_indexer(ids) < 0)
