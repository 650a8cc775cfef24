"""How long does a tile take to make, beside `ST_AsMVT` over the same features, and how large is it?

`python -m benchmarks.serving.tiles` fills both stores with the 200,000 synthetic features and draws tiles in the middle
of them: ours without its cache of tiles, the question for the newest changeset included; theirs is the finished tile by
one statement. Nothing goes over HTTP here.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import mapbox_vector_tile
import psycopg
import sqlalchemy as sa
from psycopg import sql

from benchmarks.serving.data import Counts, fill
from layers.store import Put, Store, open_store
from layers.tiles import Tile, choose_folder, tile_grid
from layers.tiles.asking import TileSelection
from layers.tiles.maker import TileMaker
from layers.tiles.preparing import prepare
from tests.support.postgis import cluster

__all__ = ["Drawing", "main", "measure"]

#: Zoom, row and column of tiles in the middle of the features.
TILES: Final = ((14, 7214, 13003), (12, 1803, 3250), (10, 450, 812))
_LAYERS: Final = ("roads", "plots", "enterprises")
_SCHEMA: Final = "bench_tiles"
_MVT: Final = """
    WITH bounds AS (SELECT ST_TileEnvelope(%(z)s, %(x)s, %(y)s) AS box,
        ST_Transform(ST_TileEnvelope(%(z)s, %(x)s, %(y)s, margin => 64.0 / 4096), 4326) AS around),
    tile AS (SELECT {columns}, ST_AsMVTGeom(ST_Transform(geom, 3857), box, 4096, 64, true) AS geom
        FROM {table}, bounds WHERE geom && around)
    SELECT ST_AsMVT(tile, {layer}) FROM tile WHERE geom IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Drawing:
    """One tile of one layer, made by both.

    Attributes
    ----------
    layer, zoom : str, int
        Which.
    engine : str
        Where ours is kept.
    features, step : int
        What ours holds, and by which step it is generalised.
    ours_ms, theirs_ms : float
        Median.
    ours_bytes, theirs_bytes : int
        Without compression.
    """

    layer: str
    zoom: int
    engine: str
    features: int
    step: int
    ours_ms: float
    theirs_ms: float
    ours_bytes: int
    theirs_bytes: int


def _timed(work: Callable[[], bytes], rounds: int) -> tuple[float, bytes]:
    content = work()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        content = work()
        times.append(time.perf_counter() - start)
    return statistics.median(times) * 1000, content


def _theirs(connection: psycopg.Connection, store: Store, layer: str, place: tuple[int, int, int]) -> bytes:
    zoom, row, column = place
    names = ["feature_id", *(field.name for field in store.definition(layer).all_fields)]
    statement = sql.SQL(_MVT).format(
        columns=sql.SQL(", ").join(map(sql.Identifier, names)),
        table=sql.Identifier(_SCHEMA, layer),
        layer=sql.Literal(layer),
    )
    found = connection.execute(statement, {"z": zoom, "x": column, "y": row}).fetchone()
    return b"" if found is None or found[0] is None else bytes(found[0])


def measure(folder: Path, database: str, counts: Counts, *, rounds: int) -> Iterator[Drawing | str]:
    """Fill both stores and draw, giving each result as soon as it is there.

    Parameters
    ----------
    folder : Path
        Where the GeoPackage and the snapshots go.
    database : str
        A PostGIS database.
    counts : Counts
        How many features.
    rounds : int
        Of each tile.

    Yields
    ------
    Drawing or str
        A tile, or a line about what else took how long.
    """
    choose_folder()
    prepare()
    address = sa.make_url(database).update_query_dict({"schema": _SCHEMA}).render_as_string(hide_password=False)
    grid = tile_grid("WebMercatorQuad")
    with psycopg.connect(database) as connection:
        for engine, url in (("PostGIS", address), ("GeoPackage", str(folder / "bench.gpkg"))):
            with open_store(url) as store:
                fill(store, counts)
                connection.execute("ANALYZE")
                maker = TileMaker(folder / "snapshots", cache_bytes=0)

                def drawn(layer: str, tile: Tile, maker: TileMaker = maker, store: Store = store) -> bytes:
                    return maker.tile(store, [layer], tile, TileSelection()).data

                for layer in _LAYERS:
                    start = time.perf_counter()
                    drawn(layer, grid.tile(*TILES[0]))
                    yield f"{engine} {layer}: snapshot and first tile {time.perf_counter() - start:.2f} s"
                    for place in TILES:
                        tile = grid.tile(*place)
                        ours_ms, ours = _timed(lambda layer=layer, tile=tile: drawn(layer, tile), rounds)  # type: ignore[misc]
                        theirs_ms, theirs = _timed(
                            lambda layer=layer, place=place: _theirs(connection, store, layer, place),  # type: ignore[misc]
                            rounds if place[0] > 12 else max(2, rounds // 4),
                        )
                        told = maker.tile(store, [layer], tile, TileSelection()).drawn[0]
                        if told.step == 0:
                            other = len(mapbox_vector_tile.decode(theirs).get(layer, {"features": []})["features"])
                            # Features that PostGIS drops as they are smaller than a unit are drawn by us.
                            assert other <= told.own + 1 <= other * 1.02 + 3, (other, told)
                        yield Drawing(
                            layer,
                            place[0],
                            engine,
                            told.features,
                            told.step,
                            ours_ms,
                            theirs_ms,
                            len(ours),
                            len(theirs),
                        )
                yield _after_a_change(store, maker, engine)


def _after_a_change(store: Store, maker: TileMaker, engine: str) -> str:
    """Change one road after the other, and draw the tile where it lies."""
    grid = tile_grid("WebMercatorQuad")
    features = store.read("roads", ids=[f"road-{number:06d}" for number in range(5)])
    times = []
    for number in range(len(features)):
        one = features.iloc[[number]].assign(name=f"Đổi {number}")
        store.commit([Put("roads", one)], author="bench", message="đổi")
        x, y = one.geometry.iloc[0].coords[0]
        matrix = grid.matrices.tile(x, y, 14)
        start = time.perf_counter()
        made = maker.tile(store, ["roads"], grid.tile(14, matrix.y, matrix.x), TileSelection())
        times.append(time.perf_counter() - start)
        assert f"Đổi {number}".encode() in made.data
    return f"{engine} roads: first tile after one feature changed {statistics.median(times) * 1000:.1f} ms"


def main(arguments: list[str] | None = None) -> int:
    """Measure and print a table.

    Returns
    -------
    int
        0.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving.tiles", description=__doc__)
    parser.add_argument("--part", type=float, default=1.0, help="so much of the features, to try it")
    parser.add_argument("--rounds", type=int, default=9)
    given = parser.parse_args(arguments)
    counts = Counts(*(int(number * given.part) for number in (100_000, 80_000, 20_000)))
    print("| layer | zoom | store | features | step | ours ms | ST_AsMVT ms | times | ours kB | ST_AsMVT kB |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    lines = []
    with tempfile.TemporaryDirectory() as folder, cluster() as database:
        for result in measure(Path(folder), database, counts, rounds=given.rounds):
            if isinstance(result, str):
                lines.append(result)
                continue
            print(
                f"| {result.layer} | {result.zoom} | {result.engine} | {result.features:,} | {result.step} "
                f"| {result.ours_ms:.2f} | {result.theirs_ms:.1f} | {result.theirs_ms / result.ours_ms:.0f} "
                f"| {result.ours_bytes / 1000:.0f} | {result.theirs_bytes / 1000:.0f} |",
                flush=True,
            )
    print("\n".join(["", *lines]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
