"""A process that writes to a store until it is killed and tells what was confirmed, and what must hold afterwards."""

from __future__ import annotations

import multiprocessing
import random
import time
from collections.abc import Callable
from contextlib import closing
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
import sqlalchemy as sa

from layers.definitions import parse_definition
from layers.store import Put, Remove, Store, open_store

__all__ = ["check_whole", "killed", "prepare"]

#: Features of a bulk import: enough for the ways that both engines have of their own.
BULK: Final = 2_500
LONGEST_S: Final = 0.5
START_LIMIT_S: Final = 120.0

_LAYER: Final = """
id = "{name}"
title = {{ vi = "Điểm", en = "Sites" }}
theme = "land"
geometry = ["Point", "Polygon"]
[[fields]]
name = "stamp"
type = "text"
title = {{ vi = "Dấu", en = "Stamp" }}
[[fields]]
name = "number"
type = "integer"
title = {{ vi = "Số", en = "Number" }}
"""
LAYERS: Final = ("sites", "marks")


def prepare(url: str | Path) -> None:
    """Make the layers that are written to."""
    with open_store(url) as store:
        for name in LAYERS:
            store.add_layer(parse_definition(_LAYER.format(name=name), where=f"{name}.toml"))


def _features(ids: list[str], stamp: str) -> gpd.GeoDataFrame:
    places = np.random.default_rng(len(ids)).random((len(ids), 2)) + np.array([105.5, 20.5])
    shapes = shapely.box(*places.T, *(places + 0.001).T)
    table = {"stamp": [stamp] * len(ids), "number": range(len(ids))}
    return gpd.GeoDataFrame(table, geometry=shapes, index=ids, crs="EPSG:4326")


def _write(url: str, seed: int, told: Connection) -> None:
    """Write single edits and bulk imports in turns; every changeset stamps both layers."""
    chance = random.Random(seed)  # noqa: S311 - a round has to be the same again
    with open_store(url) as store:
        told.send(0)
        for step in range(10_000):
            stamp = f"{seed}.{step}"
            edits: list[Put | Remove] = [Put("marks", _features(["mark"], stamp))]
            if chance.random() < 0.3:
                edits.append(Put("sites", _features([f"{stamp}-{i}" for i in range(BULK)], stamp)))
            else:
                there = store.read("sites", where={"number": chance.randrange(BULK)}).index.tolist()
                if there:
                    edits.append(Remove("sites", there[:1]))
                edits.append(Put("sites", _features([f"one-{chance.randrange(5)}"], stamp)))
            edits.append(Put("sites", _features(["mark"], stamp)))
            told.send(store.commit(edits, author="writer", message=stamp).id)


def _context() -> Any:
    # A child of a process that has everything loaded starts in milliseconds, and no thread of the tests is in it.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])
    return context


def killed(url: str | Path, seed: int, *, kill: Callable[[], None] | None = None) -> list[int]:
    """Let a process write, kill it (or what it writes to) at a random moment, and give what was confirmed before."""
    context = _context()
    here, there = context.Pipe(duplex=False)
    writer = context.Process(target=_write, args=(str(url), seed, there), daemon=True)
    writer.start()
    there.close()
    confirmed: list[int] = []
    with closing(here):
        if not here.poll(START_LIMIT_S):
            raise RuntimeError("The writer did not start.")
        if seed % 2:
            # Every other round has something confirmed to lose, however slow the machine is.
            confirmed.append(here.recv())
            here.poll(START_LIMIT_S)
        time.sleep(random.Random(seed).random() * LONGEST_S)  # noqa: S311 - a round has to be the same again
        if kill is None:
            writer.kill()
        else:
            kill()
            writer.join(START_LIMIT_S)
            writer.kill()
        try:
            while True:
                confirmed.append(here.recv())
        except (EOFError, OSError):
            # The end, perhaps within a number: that one had not been told.
            pass
    writer.join()
    return confirmed[1:]


def check_whole(url: str | Path, confirmed: list[int]) -> int:
    """Assert that nothing that was confirmed is lost and nothing is half there; give the newest changeset."""
    with open_store(url) as store:
        recorded = store.changesets()
        latest = store.latest()
        assert [entry.id for entry in recorded] == list(range(1, latest + 1))
        assert max(confirmed, default=0) <= latest
        with store.core.reading() as connection:
            history = store.core.base.history
            counted = sa.select(history.c.changeset, sa.func.count()).group_by(history.c.changeset)
            written: dict[int, int] = {row[0]: row[1] for row in connection.execute(counted)}
        assert written == {entry.id: entry.features for entry in recorded}
        for layer in LAYERS:
            _check_layer(store, layer, latest)
        if latest:
            stamps = {layer: store.read(layer, ids=["mark"])["stamp"].tolist() for layer in LAYERS}
            assert stamps == {layer: [recorded[-1].message] for layer in LAYERS}
        if "://" not in str(url):
            _check_file(store)
    return latest


def _check_layer(store: Store, layer: str, latest: int) -> None:
    current = store.read(layer).sort_index()
    # An earlier state that nothing changed since is the table itself: what the versions say is asked by a diff.
    diff = store.diff(0, latest).layers.get(layer)
    told = current.iloc[:0] if diff is None else diff.after.sort_index()
    pd.testing.assert_frame_equal(
        pd.DataFrame(current.drop(columns="geometry")), pd.DataFrame(told.drop(columns="geometry"))
    )
    assert current.geometry.to_wkb().tolist() == told.geometry.to_wkb().tolist()
    assert store.count(layer, bbox=(105.0, 20.0, 107.0, 22.0)) == len(current)


def _check_file(store: Store) -> None:
    with store.core.reading() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
        for layer in LAYERS:
            assert connection.exec_driver_sql(f"SELECT rtreecheck('rtree_{layer}_geom')").scalar() == "ok"
