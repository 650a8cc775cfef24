"""Edits of two sides of one layer, of which it is known what each changed: the truth that merges are held against."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from benchmarks.data import SEED, road_definition, roads
from layers.definitions import Field, LayerDefinition
from layers.schema import typed
from layers.types import Text

__all__ = ["KINDS", "Case", "Loss", "edited", "lost", "merge_definition"]

#: Contradictions of each kind, in the order in which they are made.
KINDS: Final = ("attribute", "geometry", "delete_edit", "duplicate_id", "reference")
#: A feature that is moved goes so far, degrees: some ten metres.
_MOVED: Final = 1e-4
_Ids = npt.NDArray[np.object_]


class Case(NamedTuple):
    """A base and two states that were made of it.

    Attributes
    ----------
    definition : LayerDefinition
        The layer.
    base, ours, theirs : GeoDataFrame
        Typed.
    conflicts : dict of str to set of str
        Ids of features in contradiction, by kind.
    """

    definition: LayerDefinition
    base: gpd.GeoDataFrame
    ours: gpd.GeoDataFrame
    theirs: gpd.GeoDataFrame
    conflicts: dict[str, set[str]]


class Loss(NamedTuple):
    """What a merge did not tell.

    Attributes
    ----------
    edits : int
        Edits of a side that are neither in the result nor in a conflict.
    contradictions : int
        Features in contradiction that no conflict names.
    """

    edits: int
    contradictions: int


def merge_definition() -> LayerDefinition:
    """Roads that may be a part of another road; without topology rules, which the rivals do not have."""
    parent = Field(name="parent", type="text", title=Text(vi="Thuộc đường", en="Part of"), references="roads")
    plain = road_definition()
    return plain.model_copy(update={"fields": (*plain.fields, parent), "topology": None})


def edited(count: int, *, share: float, conflicts: int, seed: int = SEED) -> Case:
    """Edit a share of the features on each side, each for itself, and make so many contradictions of each kind."""
    definition = merge_definition()
    base = typed(definition, roads(count, seed=seed))
    random = np.random.default_rng(seed)
    ids = base.index.to_numpy(dtype=object)[random.permutation(count)]
    taken = iter(np.split(ids, np.cumsum([int(count * share)] * 2 + [conflicts] * 5)))
    by_ours, by_theirs = next(taken), next(taken)
    ours, theirs = _Side(base, "ta"), _Side(base, "bạn")
    for side, own in ((ours, by_ours), (theirs, by_theirs)):
        named, moved, gone = np.array_split(own, 3)
        side.rename(named)
        side.move(moved, 1)
        side.drop(gone)
    twice, shifted, fought, targets, parts = (next(taken) for _ in range(5))
    ours.rename(twice)
    theirs.rename(twice)
    ours.move(shifted, 1)
    theirs.move(shifted, -1)
    first, second = np.array_split(fought, 2)
    ours.drop(first)
    theirs.rename(first)
    theirs.drop(second)
    ours.rename(second)
    new = np.array([f"new-{number:04d}" for number in range(conflicts)], dtype=object)
    ours.insert(new)
    theirs.insert(new)
    ours.refer(parts, targets)
    theirs.drop(targets)
    made = dict(zip(KINDS, (twice, shifted, fought, new, parts), strict=True))
    return Case(
        definition,
        base,
        typed(definition, ours.frame),
        typed(definition, theirs.frame),
        {kind: set(some) for kind, some in made.items()},
    )


class _Side:
    """One side in the making."""

    def __init__(self, base: gpd.GeoDataFrame, name: str) -> None:
        self.frame = base.copy()
        self._name = name

    def rename(self, ids: _Ids) -> None:
        self.frame.loc[ids, "name"] = [f"Đường {self._name} {id_}" for id_ in ids]

    def move(self, ids: _Ids, way: int) -> None:
        places = self.frame.index.get_indexer(ids)
        shapes = np.asarray(self.frame.geometry.array, dtype=object).copy()
        shapes[places] = shapely.transform(shapes[places], lambda xy: xy + way * _MOVED)
        self.frame = self.frame.set_geometry(gpd.GeoSeries(shapes, index=self.frame.index, crs=self.frame.crs))

    def drop(self, ids: _Ids) -> None:
        self.frame = self.frame.drop(index=ids)

    def insert(self, ids: _Ids) -> None:
        new = self.frame.iloc[: len(ids)].set_axis(pd.Index(ids, dtype="str", name=self.frame.index.name))
        self.frame = pd.concat([self.frame, new.assign(name=[f"Mới {self._name} {id_}" for id_ in ids])])

    def refer(self, ids: _Ids, targets: _Ids) -> None:
        self.frame.loc[ids, "parent"] = targets


def lost(case: Case, result: gpd.GeoDataFrame, told: Collection[tuple[str, str | None]]) -> Loss:
    """Count what a merge lost without a word: (id, column) pairs are what it told, column None the whole feature.

    `result` has ids in a column `feature_id`, which may name a feature twice.
    """
    whole = {id_ for id_, column in told if column is None}
    cells = set(told)
    there = _cells(result.set_index("feature_id"))
    present = set(result["feature_id"])
    before = _cells(case.base)
    base_ids = set(case.base.index)
    missing = 0
    for side in (case.ours, case.theirs):
        after, ids = _cells(side), set(side.index)
        for id_ in base_ids - ids:
            missing += id_ in present and id_ not in whole
        for key, values in after.items():
            changed = key[0] not in base_ids or values != before[key]
            missing += changed and not values <= there.get(key, set()) and key[0] not in whole and key not in cells
    named = {id_ for id_, _ in told}
    silent = sum(len(some - named) for some in case.conflicts.values())
    return Loss(missing, silent)


def _cells(features: gpd.GeoDataFrame) -> dict[tuple[str, str], set[Any]]:
    """Every value of every cell; an id that is there twice has several."""
    found: dict[tuple[str, str], set[Any]] = {}
    for name in features.columns:
        values: Any = features[name]
        if name == "geometry":
            # A file may hold every line as a multiple one.
            plain = [
                shapely.to_wkb(
                    shape.geoms[0] if len(shapely.get_parts(shape)) == 1 and hasattr(shape, "geoms") else shape
                )
                for shape in values
            ]
        else:
            plain = values.astype(object).where(values.notna(), None).tolist()
        for id_, value in zip(features.index, plain, strict=True):
            found.setdefault((id_, name), set()).add(value)
    return found
