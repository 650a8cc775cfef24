"""How long does it take to load many features, from memory and from a file?"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd

from benchmarks.data import road_definition
from benchmarks.machine import ogr2ogr_version
from benchmarks.results import Result, result_of
from benchmarks.rivals import TABLE, Rival
from benchmarks.sources import write_source
from benchmarks.timing import Action, Prepare, measure
from layers.importing import import_file
from layers.store import Put, Store, open_store
from layers.types import Bounds

__all__ = ["load", "measure_file_import", "measure_load"]

_AUTHOR = "benchmark"


def load(store: Store, features: gpd.GeoDataFrame) -> None:
    """Put all features into a store in one changeset: validated, typed, indexed, with history."""
    store.commit([Put(TABLE, features, "insert")], author=_AUTHOR, message="bulk load")


def measure_load(rival: Rival, features: gpd.GeoDataFrame, folder: Path, *, rounds: int) -> Result:
    """Load features that are in memory, against ogr2ogr from FlatGeobuf and plain SQL from the same memory."""
    source = folder / "roads.fgb"
    write_source(features, source, layer=TABLE)
    ogr = f"ogr2ogr {ogr2ogr_version()} from FlatGeobuf"
    stores = _Stores(rival)
    sides: dict[str, Prepare] = {
        "store.commit": lambda _: stores.action(lambda store: load(store, features)),
        ogr: lambda _: lambda: rival.load_ogr(str(source)),
        rival.sql: lambda _: lambda: rival.load_sql(features),
    }
    wanted = _state(len(features), tuple(features.total_bounds.tolist()))

    def check(_: int, answers: Mapping[str, Any]) -> None:
        found = {
            "store.commit": stores.loaded(),
            ogr: rival.loaded_by_ogr(),
            rival.sql: rival.loaded_by_sql(),
        }
        assert answers.keys() == found.keys()
        assert {name: _state(*state) for name, state in found.items()} == dict.fromkeys(found, wanted)

    title = f"load {len(features):,} roads: validation, table, history, spatial index"
    return result_of("bulk_load", title, rival.engine, measure(sides, rounds=rounds, check=check))


def measure_file_import(rival: Rival, features: gpd.GeoDataFrame, folder: Path, *, rounds: int) -> Result:
    """Import a GeoPackage that another program wrote, against ogr2ogr with the same file."""
    source = folder / "roads.gpkg"
    write_source(features, source, layer=TABLE)
    ogr = f"ogr2ogr {ogr2ogr_version()} from GeoPackage"
    stores = _Stores(rival)

    def bring(store: Store) -> None:
        import_file(store, source, TABLE, author=_AUTHOR, message="import", mode="insert")

    sides: dict[str, Prepare] = {
        "import_file": lambda _: stores.action(bring),
        ogr: lambda _: lambda: rival.load_ogr(str(source)),
    }
    wanted = _state(len(features), tuple(features.total_bounds.tolist()))

    def check(_: int, answers: Mapping[str, Any]) -> None:
        assert answers.keys() == sides.keys()
        assert [_state(*stores.loaded()), _state(*rival.loaded_by_ogr())] == [wanted, wanted]

    title = f"import a GeoPackage of {len(features):,} roads: read, map, check, and all of the load"
    return result_of("file_import", title, rival.engine, measure(sides, rounds=rounds, check=check))


def _state(count: int, bounds: Bounds) -> tuple[int, tuple[float, ...]]:
    return count, tuple(bounds)


class _Stores:
    """A new store for every round; the last one is kept to be looked at."""

    def __init__(self, rival: Rival) -> None:
        self._rival = rival
        self._url = ""

    def action(self, work: Callable[[Store], None]) -> Action:
        """Make an empty store and return the work on it; closing is part of it, as it ends a program."""
        self._url = self._rival.new_store()
        with open_store(self._url) as store:
            store.add_layer(road_definition())

        def run() -> None:
            with open_store(self._url) as opened:
                work(opened)

        return run

    def loaded(self) -> tuple[int, Bounds]:
        """Number and bounds in the last store, whose history must hold one version of each feature."""
        with open_store(self._url) as store:
            extent = store.extent(TABLE)
            assert store.changesets()[-1].features == extent.features
            assert extent.bounds is not None
            return extent.features, extent.bounds
