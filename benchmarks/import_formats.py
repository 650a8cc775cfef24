"""How long does a file of polygons take to be read and checked, and how much memory does a large one need?"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from benchmarks.data import zones
from benchmarks.machine import ogr2ogr_version
from benchmarks.results import Result, result_of
from benchmarks.timing import Prepare, measure
from layers.catalogue import shipped_definitions
from layers.formats import read_features, write_features
from layers.importing import import_file
from layers.schema import typed
from layers.store import open_store
from layers.validation import check

__all__ = ["large_file", "main", "measure_polygons", "peak_mib", "polygons"]

_LAYER: Final = "planning_zones"
#: Reads a file in batches in a program of its own, and says how much memory that took.
_STREAM: Final = """
import resource, sys
from layers.formats import read_batches
count = sum(len(batch.frame) for batch in read_batches(sys.argv[1]))
print(count, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
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


def measure_polygons(folder: Path, *, count: int, rounds: int) -> Iterator[Result]:
    """Read and check polygons, and import them with history, against ogr2ogr, which does neither."""
    definition = shipped_definitions()[_LAYER]
    source, copy = folder / "polygons.gpkg", folder / "copy.gpkg"
    write_features(polygons(count), definition, source, format="gpkg")
    command = ["ogr2ogr", "-f", "GPKG", str(copy), str(source)]

    def converted() -> None:
        copy.unlink(missing_ok=True)
        subprocess.run(command, check=True, stderr=subprocess.DEVNULL)

    def checked() -> int:
        frame = read_features(source).frame.set_index("feature_id").set_crs("EPSG:4326", allow_override=True)
        assert check(definition, frame) == ()
        return len(frame)

    def imported(round_: int) -> Any:
        path = folder / f"store-{round_}.gpkg"
        with open_store(str(path)) as store:
            store.add_layer(definition)

        def run() -> int:
            with open_store(str(path)) as store:
                return import_file(store, source, _LAYER, author="benchmark", message="import").written

        return run

    rival = f"ogr2ogr {ogr2ogr_version()} from GeoPackage to GeoPackage"

    def agree(_: int, answers: Mapping[str, Any]) -> None:
        ours = [answer for name, answer in answers.items() if name != rival]
        assert ours == [count]

    reading: dict[str, Prepare] = {"read and check": lambda _: checked, rival: lambda _: converted}
    yield result_of(
        "polygon_check", f"read {count:,} polygons and check every value and shape", "",
        measure(reading, rounds=rounds, check=agree),
    )  # fmt: skip
    importing: dict[str, Prepare] = {"import_file": imported, rival: lambda _: converted}
    yield result_of(
        "polygon_import", f"import {count:,} polygons: read, map, check, table, history, spatial index", "",
        measure(importing, rounds=rounds, check=agree),
    )  # fmt: skip


def peak_mib(path: Path) -> tuple[int, float]:
    """Features read in batches, and the peak of memory in MiB, in a program of its own."""
    told = subprocess.run([sys.executable, "-c", _STREAM, str(path)], check=True, capture_output=True, text=True).stdout
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
    """Measure what a million features need, as `python -m benchmarks.import_formats FOLDER`."""
    path = Path(sys.argv[1]) / "million.fgb"
    large_file(path, count=1_000_000)
    count, mib = peak_mib(path)
    print(f"{count} features in batches: {mib:.0f} MiB at most, the goal is 1024")
    return 0 if mib < 1024 else 1


if __name__ == "__main__":
    sys.exit(main())
