"""How long does one small change take in a large layer, and the first page after it?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import geopandas as gpd

from benchmarks.results import Result, result_of
from benchmarks.rivals import TABLE, Rival
from benchmarks.timing import Action, Prepare, measure
from layers.store import Put, Store
from layers.types import Bounds

__all__ = ["measure_commit", "measure_page_after_commit"]


def measure_commit(store: Store, rival: Rival, features: gpd.GeoDataFrame, *, rounds: int) -> Result:
    """Change one feature, with validation and history, against one UPDATE and one INSERT in a durable transaction."""
    ours, theirs = "store.commit", f"{rival.sql}, UPDATE + INSERT"
    sides: dict[str, Prepare] = {
        ours: lambda number: _change(store, features, number),
        theirs: lambda number: lambda: rival.change(_id(features, number), _name(number)),
    }

    def check(number: int, answers: Mapping[str, Any]) -> None:
        assert answers[ours].features == 1
        id_ = _id(features, number)
        changed = store.read(TABLE, ids=[id_])
        assert changed["name"].tolist() == [rival.name_of(id_)] == [_name(number)]
        assert store.history(TABLE, id_)[-1].changeset == answers[ours].id

    title = f"change one of {len(features):,} roads, durably, with history"
    return result_of("single_commit", title, rival.engine, measure(sides, rounds=rounds, warmups=3, check=check))


def measure_page_after_commit(
    store: Store, rival: Rival, features: gpd.GeoDataFrame, bbox: Bounds, *, limit: int, rounds: int
) -> Result:
    """Read a page when something was committed since the last one, so that nothing counted before still holds."""

    def ready(number: int) -> Action:
        _change(store, features, 1_000 + number)()
        return lambda: store.page(TABLE, bbox=bbox, limit=limit)

    def check(_: int, answers: Mapping[str, Any]) -> None:
        assert len(answers["store.page"].features) == limit

    timings = measure({"store.page": ready}, rounds=rounds, warmups=2, check=check)
    return result_of("page_after_commit", f"first page of {limit:,} after a commit", rival.engine, timings)


def _id(features: gpd.GeoDataFrame, number: int) -> str:
    return str(features.index[(number * 7919) % len(features)])


def _name(number: int) -> str:
    return f"Đường gom số {number}"


def _change(store: Store, features: gpd.GeoDataFrame, number: int) -> Action:
    changed = features.loc[[_id(features, number)]].assign(name=_name(number))
    return lambda: store.commit([Put(TABLE, changed)], author="benchmark", message="one change")
