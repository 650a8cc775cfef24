"""How long do the review of the shipped facts and large overlays take?"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np

from benchmarks.data import parks, zones
from benchmarks.results import Result, result_of
from benchmarks.timing import Prepare, measure
from gis.overlay import intersections, mended, pair_positions
from gis.review import review_horizons, review_plan
from layers import hanoi
from layers.store import open_store
from layers.time import HORIZONS

__all__ = ["SEPARATION_M", "measure_overlay", "measure_review", "measure_separation"]

#: A distance that rules ask for, metres.
SEPARATION_M = 500.0
#: Two ways of adding up millions of square metres agree to this share.
_SAME_AREA = 1e-9


def measure_review(folder: Path, *, rounds: int) -> list[Result]:
    """Review the shipped parks at one horizon, and at all of them."""
    path = folder / "hanoi.gpkg"
    with open_store(path) as store:
        hanoi.seed(store)
        one: dict[str, Prepare] = {"review_plan": lambda _: lambda: review_plan(store.read, horizon=2030)}
        every: dict[str, Prepare] = {"review_horizons": lambda _: lambda: review_horizons(store.read)}
        wanted = review_plan(store.read, horizon=2030).summary()

        def check_one(_: int, answers: Mapping[str, Any]) -> None:
            assert answers["review_plan"].summary() == wanted
            assert sum(wanted.values()) > 0

        def check_every(_: int, answers: Mapping[str, Any]) -> None:
            reviews = answers["review_horizons"]
            assert tuple(reviews) == HORIZONS
            assert reviews[2030].summary() == wanted

        count, findings = store.count("parks"), sum(wanted.values())
        title = f"review {count} parks at one horizon ({findings:,} findings)"
        return [
            result_of("review", title, "", measure(one, rounds=rounds, check=check_one)),
            result_of(
                "review_horizons",
                f"review {count} parks at {len(HORIZONS)} horizons",
                "",
                measure(every, rounds=rounds, check=check_every),
            ),
        ]


def measure_overlay(*, zone_count: int, park_count: int, rounds: int) -> Result:
    """Cut parks with zones, against geopandas.overlay."""
    left, right = parks(park_count), zones(zone_count)
    left_frame, right_frame = (
        gpd.GeoDataFrame({"id": s.index}, geometry=s.to_numpy(), crs=s.crs) for s in (left, right)
    )
    theirs = f"GeoPandas {gpd.__version__} overlay"
    sides: dict[str, Prepare] = {
        "gis.overlay.intersections": lambda _: lambda: intersections(left, right),
        theirs: lambda _: lambda: gpd.overlay(left_frame, right_frame, how="intersection", keep_geom_type=True),
    }

    def check(_: int, answers: Mapping[str, Any]) -> None:
        ours, other = answers["gis.overlay.intersections"], answers[theirs]
        assert sorted(zip(ours["left"], ours["right"], strict=True)) == sorted(
            zip(other["id_1"], other["id_2"], strict=True)
        )
        assert np.isclose(ours["area_m2"].sum(), other.area.sum(), rtol=_SAME_AREA, atol=0.0)

    title = f"overlay {park_count:,} parks with {zone_count:,} zones: pairs and areas"
    return result_of("overlay", title, "", measure(sides, rounds=rounds, check=check))


def measure_separation(*, zone_count: int, park_count: int, rounds: int) -> Result:
    """Find every zone within a distance of every park, against geopandas.sjoin."""
    left, right = parks(park_count), zones(zone_count)
    left_frame, right_frame = (gpd.GeoDataFrame(geometry=s.to_numpy(), crs=s.crs) for s in (left, right))
    theirs = f"GeoPandas {gpd.__version__} sjoin dwithin"

    def ours() -> Any:
        return pair_positions(mended(left.to_numpy()), mended(right.to_numpy()), distance=SEPARATION_M)

    sides: dict[str, Prepare] = {
        "gis.overlay.pair_positions": lambda _: ours,
        theirs: lambda _: lambda: gpd.sjoin(left_frame, right_frame, predicate="dwithin", distance=SEPARATION_M),
    }

    def check(_: int, answers: Mapping[str, Any]) -> None:
        found, joined = answers["gis.overlay.pair_positions"], answers[theirs]
        pairs = set(zip(*(positions.tolist() for positions in found), strict=True))
        assert pairs == set(zip(joined.index.tolist(), joined["index_right"].tolist(), strict=True))

    title = f"zones within {SEPARATION_M:g} m of {park_count:,} parks, of {zone_count:,} zones"
    return result_of("separation", title, "", measure(sides, rounds=rounds, check=check))
