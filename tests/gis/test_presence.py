"""Hit, clear, not covered and stale are told apart."""

from __future__ import annotations

import datetime as dt

import geopandas as gpd
import pytest
import shapely

from gis.presence import presence

INSIDE = shapely.Point(105.5, 21.0)
TODAY = dt.date(2026, 11, 24)


def rows(*entries: tuple[str, str | None, shapely.Geometry]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(
        {
            "completeness": [entry[0] for entry in entries],
            "as_of": [entry[1] for entry in entries],
            "source": [f"survey {number}" for number in range(len(entries))],
        },
        geometry=[entry[2] for entry in entries],
        crs="EPSG:4326",
    )


WEST, EAST = shapely.box(105.0, 20.5, 105.5, 21.5), shapely.box(105.5, 20.5, 106.0, 21.5)
BOTH = shapely.box(105.0, 20.5, 106.0, 21.5)


@pytest.mark.parametrize(
    ("coverage", "hits", "state", "reason"),
    [
        (rows(), False, "not_covered", "unknown"),
        (rows(), True, "hit", ""),
        (rows(("complete", "2026-01-01", BOTH)), False, "clear", "complete"),
        (rows(("complete", "2026-01-01", BOTH)), True, "hit", ""),
        (rows(("partial", "2026-01-01", BOTH)), False, "not_covered", "partial"),
        (rows(("complete", "2020-01-01", BOTH)), False, "stale", "old"),
        (rows(("complete", None, BOTH)), False, "stale", "undated"),
        (rows(("complete", "2026-01-01", shapely.box(0, 0, 1, 1))), False, "not_covered", "outside"),
        (rows(("complete", "2020-01-01", BOTH), ("complete", "2026-02-01", BOTH)), False, "clear", "complete"),
    ],
)
def test_a_point(coverage: gpd.GeoDataFrame, *, hits: bool, state: str, reason: str) -> None:
    found = presence(coverage, INSIDE, hits=hits, fresh_since=dt.date(2025, 1, 1))
    assert (found.state, found.reason) == (state, reason)


def test_two_coverages_together_cover_an_area_that_neither_covers() -> None:
    area = shapely.box(105.4, 20.9, 105.6, 21.1)
    halves = rows(("complete", "2026-01-01", WEST), ("complete", "2025-06-01", EAST))
    found = presence(halves, area, hits=False, fresh_since=dt.date(2025, 1, 1))
    assert (found.state, found.as_of, found.source) == ("clear", dt.date(2025, 6, 1), "survey 0; survey 1")
    assert presence(halves, area, hits=False, fresh_since=dt.date(2025, 12, 1)).state == "stale"
    assert presence(halves.iloc[:1], area, hits=False).state == "not_covered"


def test_without_a_limit_every_day_counts() -> None:
    assert presence(rows(("complete", None, BOTH)), INSIDE, hits=False).state == "clear"
