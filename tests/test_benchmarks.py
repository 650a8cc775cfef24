"""The benchmarks agree with their rivals at a tiny size; how long they take is not looked at here."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
import shapely

from benchmarks.data import bboxes, roads
from benchmarks.goals import Goals, read_goals
from benchmarks.import_formats import large_file, peak_mib, polygon_file
from benchmarks.report import markdown, write_json
from benchmarks.results import Result, result_of
from benchmarks.serving.data import Counts
from benchmarks.serving.load import LoadError, drive
from benchmarks.serving.measures import Plan, figures, results
from benchmarks.sizes import QUICK
from benchmarks.suite import run
from benchmarks.timing import Timing, measure


@pytest.fixture
def slow() -> Result:
    timings = {"ours": Timing((0.3, 0.1, 0.2)), "theirs": Timing((0.1, 0.1, 0.1))}
    return result_of("single_commit", "change one", "PostGIS", timings)


def test_every_store_benchmark_gives_what_its_rivals_give(tmp_path: Path, postgis_url: str) -> None:
    results = list(run(tmp_path, postgis_url, QUICK, parts=("stores",)))
    names = ["file_import", "bulk_load", "bbox_page", "bbox_page_geojson", "wide_page", "single_commit"]
    assert [result.id for result in results if result.engine == "GeoPackage"] == [*names, "page_after_commit"]
    assert [result.id for result in results if result.engine == "PostGIS"] == [*names, "page_after_commit"]
    assert all(result.rivals for result in results if result.id != "page_after_commit")


def test_the_overlays_and_the_review_give_what_their_rivals_give(tmp_path: Path) -> None:
    results = list(run(tmp_path, "", QUICK, parts=("analysis",)))
    assert [result.id for result in results] == ["review", "review_horizons", "overlay", "separation"]


def test_the_topology_check_finds_the_overlaps_of_an_overlay(tmp_path: Path) -> None:
    results = list(run(tmp_path, "", QUICK, parts=("topology",)))
    assert [result.id for result in results] == ["topology", "topology_unlike"]
    assert all(result.id in read_goals().ratios for result in results)


def test_a_start_is_measured_until_the_server_answers(tmp_path: Path) -> None:
    results = {result.id: result for result in run(tmp_path, "", QUICK, parts=("start",))}
    assert {"help", "serve_start"} <= results.keys()
    assert results["serve_start"].ours.timing.median > results["help"].rivals[0].timing.median


def test_goals_speak_of_benchmarks_that_there_are() -> None:
    goals = read_goals()
    assert goals.seconds["single_commit"] == 0.010
    assert goals.seconds["bulk_load"] == 10.0
    assert goals.seconds["bbox_page"] == 0.020
    assert goals.tolerance == 1.25


def test_only_what_misses_a_goal_by_more_than_the_tolerance_is_an_alarm(slow: Result) -> None:
    assert Goals({"single_commit": 0.16}, {}, 1.25).missed([slow]) == []
    assert Goals({"single_commit": 0.15}, {}, 1.25).missed([slow]) == [
        "single_commit PostGIS: 0.200 s, the goal is 0.15 s"
    ]
    assert Goals({}, {"single_commit": 1.0}, 1.25).missed([slow]) == [
        "single_commit PostGIS: 2.00 times theirs, the goal is 1"
    ]


def test_a_side_that_gives_something_else_is_no_measurement() -> None:
    def differ(_: int, answers: object) -> None:
        assert answers == {"a": 1, "b": 1}

    with pytest.raises(AssertionError):
        measure({"a": lambda _: lambda: 1, "b": lambda _: lambda: 2}, rounds=1, check=differ)


def test_sides_take_turns_in_going_first() -> None:
    order: list[str] = []
    sides = {name: lambda _, name=name: lambda: order.append(name) for name in ("a", "b")}
    timings = measure(sides, rounds=2, warmups=1)
    assert order == ["b", "a", "a", "b", "b", "a"]
    assert [len(timing.seconds) for timing in timings.values()] == [2, 2]


def test_the_median_and_the_95th_percentile_are_taken_by_rank() -> None:
    timing = Timing(tuple(float(n) for n in range(1, 41)))
    assert (timing.median, timing.p95) == (20.5, 38.0)


def test_a_report_tells_ratio_and_goal(slow: Result, tmp_path: Path) -> None:
    text = markdown([slow], Goals({"single_commit": 0.010}, {}, 1.25))
    assert "| **PostGIS: change one** | | | | |" in text
    assert "| ours | 200 ms |  |  | < 10 ms |" in text
    assert "| theirs | 100 ms |  | 2.00 |  |" in text
    write_json([slow], {"cores": "2"}, tmp_path / "new" / "results.json")
    document = json.loads((tmp_path / "new" / "results.json").read_text("utf-8"))
    assert document["results"][0]["rivals"] == [
        {"tool": "theirs", "median_s": 0.1, "p95_s": 0.1, "rounds": 3, "ours_to_rival": 2.0}
    ]


def test_the_data_are_the_same_every_time_and_the_boxes_hold_one_page() -> None:
    features = roads(300)
    assert features.equals(roads(300))
    assert not features.equals(roads(300, seed=1))
    shapes = features.geometry.to_numpy()
    for box in bboxes(shapes, matches=40, count=3):
        assert shapely.intersects(shapes, shapely.box(*box)).sum() == 40


def test_polygons_from_files_are_all_read_checked_and_imported(tmp_path: Path, postgis_url: str) -> None:
    results = list(run(tmp_path, postgis_url, QUICK, parts=("formats",)))
    assert [(result.id, result.engine) for result in results] == [
        ("polygon_check", ""),
        ("polygon_import", "GeoPackage"),
        ("polygon_import", "PostGIS"),
    ]


def test_an_import_in_a_program_of_its_own_tells_its_memory(tmp_path: Path) -> None:
    polygon_file(tmp_path / "few.gpkg", count=60)
    count, mib = peak_mib(tmp_path / "few.gpkg", store=tmp_path / "store.gpkg")
    assert count == 60
    assert 50 < mib < 1024


def test_a_streamed_file_is_read_to_its_end(tmp_path: Path) -> None:
    large_file(tmp_path / "many.fgb", count=45_000)
    count, mib = peak_mib(tmp_path / "many.fgb")
    assert count == 45_000
    assert 50 < mib < 1024


_WRK = pytest.mark.skipif(
    not (shutil.which("wrk") and shutil.which("nginx")),
    reason="Figures of servers need wrk and nginx (Debian packages).",
)


@_WRK
def test_servers_are_measured_by_what_they_answer(tmp_path: Path, postgis_url: str) -> None:
    plan = Plan(Counts(2_000, 200, 50), clients=(1,), rounds=1, seconds=0.2, views=4)
    found = list(figures(tmp_path, postgis_url, None, plan))
    tools = {figure.tool.partition(" ")[0].rstrip(",") for figure in found}
    assert tools == {"psycopg", "Parkplan", "nginx"}
    assert all(figure.load is not None and figure.load.rate > 0 for figure in found)
    made = {(result.id, result.engine) for result in results(found)}
    assert made >= {
        (f"serving_{work}_1", engine)
        for work in ("page", "feature", "tile", "proxied")
        for engine in ("PostGIS", "GeoPackage")
    }
    assert all(result.rivals for result in results(found))
    assert {id_ for id_, _ in made} <= read_goals().ratios.keys()


@_WRK
def test_a_load_in_which_anything_fails_is_no_figure() -> None:
    with pytest.raises(LoadError):
        drive(["http://127.0.0.1:9/nothing"], clients=1, seconds=1, rounds=1)
