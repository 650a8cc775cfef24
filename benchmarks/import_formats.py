"""How long does a file of polygons take to be read and checked, and how much memory does a large one need?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from benchmarks.data import zones
from benchmarks.machine import ogr2ogr_version
from benchmarks.results import Result, result_of
from benchmarks.rivals import Rival
from benchmarks.timing import Action, Prepare, measure
from layers.catalogue import shipped_definitions
from layers.formats import read_features, write_features
from layers.importing import import_file
from layers.schema import typed
from layers.store import open_store
from layers.validation import check

__all__ = ["large_file", "main", "measure_import", "measure_reading", "peak_mib", "polygon_file", "polygons"]

_LAYER: Final = "planning_zones"
_ROOT: Final = Path(__file__).parents[1]
#: Memory that a million features may take.
_GOAL_MIB: Final = 1024
#: Imports a file in a program of its own, and says how much memory that took.
_IMPORT: Final = """
import sys
from benchmarks.machine import own_peak_mib
from layers.catalogue import shipped_definitions
from layers.importing import import_file
from layers.store import open_store
with open_store(sys.argv[2]) as store:
    store.add_layer(shipped_definitions()["planning_zones"])
    count = import_file(store, sys.argv[1], "planning_zones", author="benchmark", message="import").written
print(count, own_peak_mib())
"""
#: Reads a file in batches in a program of its own, and says how much memory that took.
_STREAM: Final = """
import sys
from benchmarks.machine import own_peak_mib
from layers.formats import read_batches
count = sum(len(batch.frame) for batch in read_batches(sys.argv[1]))
print(count, own_peak_mib())
"""


def polygons(count: int) -> gpd.GeoDataFrame:
    """Zones with Vietnamese names, as the layer of planning zones has them."""
    shapes = zones(count).to_crs("EPSG:4326")
    frame = gpd.GeoDataFrame(
        {
            "name": [f"Vùng số {i}" for i in range(count)],
            "zone": "industrial",
            "valid_from": pd.Timestamp("2025-07-01"),
        },
        geometry=shapes.to_numpy(),
        crs="EPSG:4326",
        index=pd.Index([f"zone-{i}" for i in range(count)], name="feature_id"),
    )
    return typed(shipped_definitions()[_LAYER], frame)


def polygon_file(path: Path, *, count: int) -> None:
    """Write polygons to a new GeoPackage."""
    path.unlink(missing_ok=True)
    write_features(polygons(count), shipped_definitions()[_LAYER], path, format="gpkg")


def measure_reading(source: Path, folder: Path, *, count: int, rounds: int) -> Result:
    """Read and check polygons, beside reading alone and ogr2ogr, which reads and writes."""
    definition, copy = shipped_definitions()[_LAYER], folder / "copy.gpkg"

    def converted() -> int:
        copy.unlink(missing_ok=True)
        subprocess.run(["ogr2ogr", "-f", "GPKG", copy, source], check=True, stderr=subprocess.DEVNULL)
        return count

    def checked() -> int:
        frame = read_features(source).frame.set_index("feature_id").set_crs("EPSG:4326", allow_override=True)
        assert check(definition, frame) == ()
        return len(frame)

    def agree(_: int, answers: Mapping[str, Any]) -> None:
        assert set(answers.values()) == {count}

    sides: dict[str, Prepare] = {
        "read and check": lambda _: checked,
        f"ogr2ogr {ogr2ogr_version()} from GeoPackage to GeoPackage": lambda _: converted,
        "read_features alone": lambda _: lambda: len(read_features(source).frame),
    }
    title = f"read {count:,} polygons and check every value and shape"
    return result_of("polygon_check", title, "", measure(sides, rounds=rounds, check=agree))


def measure_import(rival: Rival, source: Path, *, count: int, rounds: int) -> Result:
    """Import polygons with every check and their history, against ogr2ogr, which does neither."""
    definition, urls = shipped_definitions()[_LAYER], [""]

    def imported(_: int) -> Action:
        urls[0] = rival.new_store()
        with open_store(urls[0]) as store:
            store.add_layer(definition)

        def run() -> int:
            with open_store(urls[0]) as store:
                return import_file(store, source, _LAYER, author="benchmark", message="import").written

        return run

    def agree(_: int, answers: Mapping[str, Any]) -> None:
        with open_store(urls[0]) as store:
            extent = store.extent(_LAYER)
        assert answers["import_file"] == count
        assert rival.loaded_by_ogr() == (extent.features, extent.bounds) == (count, extent.bounds)

    sides: dict[str, Prepare] = {
        "import_file": imported,
        f"ogr2ogr {ogr2ogr_version()} from GeoPackage": lambda _: lambda: rival.load_ogr(str(source)),
    }
    title = f"import {count:,} polygons: read, map, every check, topology, table, history, spatial index"
    return result_of("polygon_import", title, rival.engine, measure(sides, rounds=rounds, check=agree))


def peak_mib(path: Path, *, store: Path | None = None) -> tuple[int, float]:
    """Features read in batches, or imported into a store, and the peak of memory in MiB, in a program of its own."""
    paths = [str(one.resolve()) for one in (path, store) if one is not None]
    program = [sys.executable, "-c", _STREAM if store is None else _IMPORT, *paths]
    told = subprocess.run(program, check=True, capture_output=True, text=True, cwd=_ROOT).stdout
    count, mib = told.split()
    return int(count), float(mib)


def large_file(path: Path, *, count: int) -> None:
    """Write many squares to a FlatGeobuf file."""
    i = np.arange(count)
    x, y = 105.3 + (i % 1000) * 7e-4, 20.6 + (i // 1000) * 7e-4
    squares = shapely.box(x, y, x + 5e-4, y + 5e-4)
    frame = gpd.GeoDataFrame({"name": [f"Thửa {k}" for k in i]}, geometry=squares, crs="EPSG:4326")
    frame.to_file(path, driver="FlatGeobuf")


def main() -> int:
    """Measure what files need of memory, read in batches and imported: `FOLDER` is the one argument."""
    folder = Path(sys.argv[1])
    large_file(folder / "million.fgb", count=1_000_000)
    count, mib = peak_mib(folder / "million.fgb")
    print(f"{count:,} features read in batches: {mib:.0f} MiB at most, the goal is {_GOAL_MIB}")
    import_mib = 0.0
    for count in (100_000, 1_000_000):
        polygon_file(folder / "polygons.gpkg", count=count)
        imported, import_mib = peak_mib(folder / "polygons.gpkg", store=folder / f"store-{count}.gpkg")
        print(f"{imported:,} polygons imported: {import_mib:.0f} MiB at most, the goal is {_GOAL_MIB}")
    return 0 if max(mib, import_mib) < _GOAL_MIB else 1


if __name__ == "__main__":
    sys.exit(main())
