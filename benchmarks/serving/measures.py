"""What is measured: pages, single features and memory of each server, on the same features."""

from __future__ import annotations

import json
import statistics
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import psycopg

from benchmarks.results import Result, Side
from benchmarks.serving import peers
from benchmarks.serving.data import VIEW_DEGREES, Counts, fill, map_views
from benchmarks.serving.load import Load, LoadError, drive
from benchmarks.timing import Timing
from layers.store import open_store
from layers.types import Bounds

__all__ = ["PLAN", "Figure", "Plan", "figures", "results"]

_SCHEMA: Final = "serving"
_LIMIT: Final = 100
#: In the middle of the features.
_TILE: Final = {"z": 14, "y": 7215, "x": 13000}
#: Whole page as one value, as a careful programmer writes it in SQL.
_RAW_PAGE: Final = (
    "SELECT json_build_object('type', 'FeatureCollection', 'features', json_agg(json_build_object('type', 'Feature',"
    " 'id', feature_id, 'geometry', ST_AsGeoJSON(geom, 7)::json, 'properties', to_jsonb(f) - 'geom' - 'fid')))::text"
    f" FROM (SELECT * FROM {_SCHEMA}.roads WHERE ST_Intersects(geom, ST_MakeEnvelope(%s, %s, %s, %s, 4326))"
    " ORDER BY fid LIMIT %s) f"
)
_RAW_FEATURE: Final = (
    "SELECT json_build_object('type', 'Feature', 'id', feature_id, 'geometry', ST_AsGeoJSON(geom, 7)::json,"
    f" 'properties', to_jsonb(f) - 'geom' - 'fid')::text FROM {_SCHEMA}.roads f WHERE feature_id = %s"
)


@dataclass(frozen=True, slots=True)
class Plan:
    """How much is measured.

    Parameters
    ----------
    counts : Counts
        Features.
    clients : tuple of int
        Connections at once.
    rounds : int
        Of which the median counts.
    seconds : float
        Length of one.
    views : int
        Map views that are asked for in turns.
    """

    counts: Counts
    clients: tuple[int, ...] = (1, 4)
    rounds: int = 5
    seconds: float = 5.0
    views: int = 200


PLAN: Final = Plan(Counts())


@dataclass(frozen=True, slots=True)
class Figure:
    """What one server did of one kind of work.

    Parameters
    ----------
    work : str
        Names it: `page`, `feature`, `memory`.
    tool : str
        Whose server.
    load : Load or None
        None where it did not finish; the reason stands in `note`.
    memory_mib : float
        Of the server's processes after the work.
    note : str
        Why there is no figure.
    """

    work: str
    tool: str
    load: Load | None
    memory_mib: float
    note: str = ""


def figures(folder: Path, database: str, programs: Path | None, plan: Plan = PLAN) -> Iterator[Figure]:
    """Fill both stores, run one server after the other, and measure each.

    Parameters
    ----------
    folder : Path
        Empty, on the disk that counts.
    database : str
        A PostGIS database in which a schema may be made.
    programs : Path or None
        Folder of the peers' programs; None measures without other servers.
    plan : Plan
        How much.
    """
    server, file = f"{database}?schema={_SCHEMA}", str(folder / "serving.gpkg")
    for url in (server, file):
        with open_store(url) as store:
            fill(store, plan.counts)
    views = map_views(plan.views)
    ids = [f"road-{number * 7919 % plan.counts.roads:06d}" for number in range(plan.views)]
    wanted = _wanted(server, views)
    yield from _raw(database, views, ids, plan)
    tile = folder / "tiles" / "tile"
    tile.parent.mkdir()
    for running in _servers(folder, database, server, file, programs):
        with running as server_:
            yield from _measured(server_, views, ids, wanted, plan)
            if server_.tool.startswith("Parkplan"):
                address = server_.address + server_.tile.format(layer="roads", **_TILE)
                # The first tile of a machine waits for what is compiled, and of a layer for its snapshot.
                tile.write_bytes(peers.fetch(address, timeout_s=600.0))
                yield from _kept_tile("tile", server_.tool, address, server_.memory_mib(), plan)
                yield from _proxied(folder / f"nginx-{server_.tool.rpartition(' ')[2]}", server_, plan)
    port = peers.free_port()
    with peers.nginx(folder / "nginx-tile", f"location / {{ root {tile.parent}; }}", port=port):
        for figure in _kept_tile("tile", "nginx, the same tile as a file", f"http://127.0.0.1:{port}/tile", 0.0, plan):
            yield figure
            yield replace(figure, work="proxied")


def _kept_tile(work: str, tool: str, address: str, memory_mib: float, plan: Plan) -> Iterator[Figure]:
    for clients in plan.clients:
        load = drive([address], clients=clients, seconds=plan.seconds, rounds=plan.rounds)
        yield Figure(work, tool, load, memory_mib)


def _proxied(folder: Path, server: peers.Server, plan: Plan) -> Iterator[Figure]:
    """Ask for the same tile, as of the newest changeset, behind nginx by the configuration that is shipped."""
    newest = json.loads(peers.fetch(f"{server.address}/changesets?limit=1&f=json"))["changesets"][0]["id"]
    with peers.behind_nginx(folder, server.address) as address:
        path = server.tile.format(layer="roads", **_TILE)
        tile = f"{address}{path}?as_of={newest}"
        assert peers.fetch(tile) == peers.fetch(server.address + path), "another tile behind nginx"
        yield from _kept_tile("proxied", server.tool, tile, server.memory_mib(), plan)


def _servers(
    folder: Path, database: str, server: str, file: str, programs: Path | None
) -> Iterator[AbstractContextManager[peers.Server]]:
    yield peers.ours(server, engine="PostGIS")
    yield peers.ours(file, engine="GeoPackage")
    if programs is not None:
        yield peers.tipg(programs, database, _SCHEMA)
        yield peers.pygeoapi(programs, database, _SCHEMA, folder)
    if programs is not None and peers.has_mapserver():
        yield peers.mapserver(database, _SCHEMA, folder)


def _wanted(store_url: str, views: Sequence[Bounds]) -> list[list[str]]:
    """Ids that the first map views hold, read by frames."""
    with open_store(store_url) as store:
        return [store.read("roads", bbox=view).index.tolist() for view in views[:3]]


def _measured(
    server: peers.Server, views: Sequence[Bounds], ids: Sequence[str], wanted: Sequence[list[str]], plan: Plan
) -> Iterator[Figure]:
    pages = [server.page("roads", view, _LIMIT) for view in views]
    features = [server.feature("roads", int(id_.rpartition("-")[2]), id_) for id_ in ids]
    _check(server, pages, wanted, features[0], ids[0])
    for work, addresses in (("page", pages), ("feature", features)):
        for clients in plan.clients:
            try:
                load = drive(addresses, clients=clients, seconds=plan.seconds, rounds=plan.rounds)
            except LoadError as error:
                yield Figure(work, server.tool, None, server.memory_mib(), str(error))
            else:
                yield Figure(work, server.tool, load, server.memory_mib())


def _check(server: peers.Server, pages: Sequence[str], wanted: Sequence[list[str]], feature: str, id_: str) -> None:
    """A server that gives something else is no measurement."""
    for page, ids in zip(pages, wanted, strict=False):
        found = [str(each["id"]) for each in json.loads(peers.fetch(page))["features"]]
        assert len(found) == min(_LIMIT, len(ids)), f"{server.tool}: {len(found)} of {len(ids)} features"
        assert set(found) <= set(ids), f"{server.tool}: features outside the box"
    given: dict[str, Any] = json.loads(peers.fetch(feature))
    assert str(given["id"]) == id_, f"{server.tool}: {given['id']} for {id_}"


def _raw(database: str, views: Sequence[Bounds], ids: Sequence[str], plan: Plan) -> Iterator[Figure]:
    """Plain SQL by psycopg, without a server: what is left when nothing is served."""
    tool = f"psycopg {psycopg.__version__}, SQL alone"
    for work, statement, parameters in (
        ("page", _RAW_PAGE, [(*view, _LIMIT) for view in views]),
        ("feature", _RAW_FEATURE, [(id_,) for id_ in ids]),
    ):
        for clients in plan.clients:
            rounds = [_raw_round(database, statement, parameters, clients, plan.seconds) for _ in range(plan.rounds)]
            load = Load(
                clients,
                tuple(rate for rate, *_ in rounds),
                statistics.median(p50 for _, p50, *_ in rounds),
                statistics.median(p99 for *_, p99, _ in rounds),
                rounds[0][3],
            )
            yield Figure(work, tool, load, 0.0)


def _raw_round(
    database: str, statement: str, parameters: Sequence[tuple[Any, ...]], clients: int, seconds: float
) -> tuple[float, float, float, int]:
    taken: list[float] = []
    sizes: list[int] = []

    def ask() -> None:
        with psycopg.connect(database, autocommit=True) as connection:
            deadline, number = time.perf_counter() + seconds, 0
            while (start := time.perf_counter()) < deadline:
                row = connection.execute(statement, parameters[number % len(parameters)], prepare=True).fetchone()
                taken.append(time.perf_counter() - start)
                if row is not None and number < 5:
                    sizes.append(len(row[0].encode()))
                number += 1

    threads = [threading.Thread(target=ask) for _ in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ordered = sorted(taken)
    return (
        len(taken) / seconds,
        statistics.median(taken),
        ordered[len(ordered) * 99 // 100],
        round(statistics.median(sizes)),
    )


#: Titles of the kinds of work.
TITLES: Final = {
    "page": f"items, bbox of {VIEW_DEGREES:g} degrees, limit={_LIMIT}",
    "feature": "one feature",
    "tile": "roads tile of zoom 14 that was drawn before",
    "proxied": "the same tile as of a numbered changeset, behind nginx",
}


def results(found: Sequence[Figure]) -> list[Result]:
    """The figures as results that goals can be set to: seconds a request, of ours beside TiPg's and the others'."""
    made = []
    for work, title in TITLES.items():
        of_work = [figure for figure in found if figure.work == work and figure.load is not None]
        for clients in sorted({figure.load.clients for figure in of_work if figure.load}):
            sides = [_side(figure) for figure in of_work if figure.load and figure.load.clients == clients]
            others = sorted(
                (side for side in sides if not side.tool.startswith("Parkplan")),
                key=lambda side: not side.tool.startswith("TiPg"),
            )
            for side in sides:
                if side.tool.startswith("Parkplan"):
                    engine = side.tool.partition(", ")[2]
                    name = f"{title}, {clients} client{'s' if clients > 1 else ''}: time a request"
                    made.append(Result(f"serving_{work}_{clients}", name, engine, side, tuple(others)))
    return made


def _side(figure: Figure) -> Side:
    assert figure.load is not None
    return Side(figure.tool, Timing(tuple(1 / rate for rate in figure.load.rates)))
