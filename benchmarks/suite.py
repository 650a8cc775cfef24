"""Which benchmarks there are, and in which order they run."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Final

import geopandas as gpd

from benchmarks import analysis, bulk, editing, import_formats, merging, paging, startup, topology
from benchmarks.data import REGION, bboxes, road_definition, roads
from benchmarks.geopackage import GeoPackageRival
from benchmarks.postgis import PostgisRival
from benchmarks.results import Result
from benchmarks.rivals import Rival
from benchmarks.serving.data import Counts
from benchmarks.serving.measures import Plan, figures, results
from benchmarks.serving.peers import PEERS_FOLDER
from benchmarks.sizes import Sizes
from layers.store import open_store
from layers.types import Bounds

__all__ = ["PARTS", "run"]

#: A quarter of the region and more: what a map shows that is zoomed out.
_WIDE: Final[Bounds] = (REGION[0], REGION[1], 105.80, 21.10)

Parts = Callable[[Path, str, Sizes], Iterator[Result]]


def _stores(folder: Path, postgis_url: str, sizes: Sizes) -> Iterator[Result]:
    features = roads(sizes.features)
    boxes = bboxes(features.geometry.to_numpy(), matches=sizes.page, count=sizes.pages + 2)
    for rival in (GeoPackageRival(folder), PostgisRival(postgis_url)):
        with closing(rival):
            yield from _engine(rival, features, boxes, folder / rival.engine, sizes)


def _engine(
    rival: Rival, features: gpd.GeoDataFrame, boxes: list[Bounds], folder: Path, sizes: Sizes
) -> Iterator[Result]:
    folder.mkdir()
    yield bulk.measure_file_import(rival, features, folder, rounds=sizes.loads)
    yield bulk.measure_load(rival, features, folder, rounds=sizes.loads)
    with open_store(rival.new_store()) as store:
        store.add_layer(road_definition())
        bulk.load(store, features)
        yield paging.measure_page(store, rival, boxes, limit=sizes.page)
        yield paging.measure_geojson(store, rival, boxes, limit=sizes.page)
        yield paging.measure_wide_page(store, rival, features, _WIDE, limit=sizes.page, rounds=sizes.pages)
        yield editing.measure_commit(store, rival, features, rounds=sizes.commits)
        yield editing.measure_page_after_commit(store, rival, features, boxes[0], limit=sizes.page, rounds=sizes.pages)


def _start(folder: Path, _: str, sizes: Sizes) -> Iterator[Result]:
    yield startup.measure_help(rounds=sizes.starts)
    yield startup.measure_serve(folder, rounds=sizes.starts)
    if (result := startup.measure_make_run(folder, rounds=sizes.starts)) is not None:
        yield result


def _analysis(folder: Path, _: str, sizes: Sizes) -> Iterator[Result]:
    yield from analysis.measure_review(folder, rounds=sizes.reviews)
    yield analysis.measure_overlay(zone_count=sizes.zones, park_count=sizes.parks, rounds=sizes.overlays)
    yield analysis.measure_separation(zone_count=sizes.zones, park_count=sizes.parks, rounds=sizes.overlays)


def _formats(folder: Path, postgis_url: str, sizes: Sizes) -> Iterator[Result]:
    source, count = folder / "polygons.gpkg", sizes.zones * 5
    import_formats.polygon_file(source, count=count)
    yield import_formats.measure_reading(source, folder, count=count, rounds=sizes.loads)
    for rival in (GeoPackageRival(folder), PostgisRival(postgis_url)):
        with closing(rival):
            yield import_formats.measure_import(rival, source, count=count, rounds=sizes.loads)


def _topology(_: Path, __: str, sizes: Sizes) -> Iterator[Result]:
    yield from topology.measure_topology(zone_count=sizes.zones, rounds=sizes.loads)


def _merging(folder: Path, _: str, sizes: Sizes) -> Iterator[Result]:
    yield from merging.measure_merging(folder, count=sizes.zones // 2, rounds=sizes.overlays)


def _serving(folder: Path, postgis_url: str, sizes: Sizes) -> Iterator[Result]:
    if not (shutil.which("wrk") and shutil.which("nginx")):
        # Figures of servers need both (Debian packages); the other parts do not.
        return
    counts = Counts(sizes.features // 2, sizes.features * 2 // 5, sizes.features // 10)
    # The peers are measured where they are installed already; `python -m benchmarks.serving` installs them.
    programs = PEERS_FOLDER / "bin"
    plan = Plan(counts, rounds=sizes.loads, seconds=2.0 if sizes.loads > 1 else 0.2)
    yield from results(list(figures(folder, postgis_url, programs if programs.exists() else None, plan)))


PARTS: Final[dict[str, Parts]] = {
    "stores": _stores,
    "start": _start,
    "analysis": _analysis,
    "formats": _formats,
    "topology": _topology,
    "merging": _merging,
    "serving": _serving,
}


def run(folder: Path, postgis_url: str, sizes: Sizes, *, parts: tuple[str, ...] = tuple(PARTS)) -> Iterator[Result]:
    """Run the benchmarks, giving each result as soon as it is there.

    Parameters
    ----------
    folder : Path
        An empty folder for stores and files, on the disk that counts.
    postgis_url : str
        A database in which schemas may be made.
    sizes : Sizes
        How much.
    parts : tuple of str
        Keys of `PARTS`.
    """
    for part in parts:
        yield from PARTS[part](folder, postgis_url, sizes)
