"""How long does a page of features in a box take, as a GeoDataFrame and as the GeoJSON that the API sends?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import geopandas as gpd
import orjson
import shapely

from benchmarks.results import Result, result_of
from benchmarks.rivals import TABLE, Rival
from benchmarks.timing import Prepare, measure
from layers.geojson import feature_collection, to_json
from layers.store import Store
from layers.types import Bounds

__all__ = ["measure_geojson", "measure_page", "measure_wide_page"]


def measure_page(store: Store, rival: Rival, boxes: Sequence[Bounds], *, limit: int) -> Result:
    """Read all features in boxes that hold exactly one page, against plain SQL and a GeoDataFrame made by others."""
    ours, frames, rows = "store.page", rival.frames, f"{rival.sql}, rows only"
    sides: dict[str, Prepare] = {
        ours: lambda number: lambda: store.page(TABLE, bbox=boxes[number], limit=limit),
        frames: lambda number: lambda: rival.frame(boxes[number], limit),
        # Boxes of geometries reach farther than these do: a tight limit would cut off some that belong there.
        rows: lambda number: lambda: rival.fetch(boxes[number], limit if rival.exact else 10 * limit),
    }

    def check(_: int, answers: Mapping[str, Any]) -> None:
        wanted = set(answers[ours].features.index)
        assert len(wanted) == limit
        assert set(answers[frames]["feature_id"]) == wanted
        fetched = {row[1] for row in answers[rows]}
        assert fetched == wanted if rival.exact else fetched >= wanted

    timings = measure(sides, rounds=len(boxes) - 2, warmups=2, check=check)
    return result_of("bbox_page", f"bbox page of {limit:,} as a GeoDataFrame", rival.engine, timings)


def measure_geojson(store: Store, rival: Rival, boxes: Sequence[Bounds], *, limit: int) -> Result:
    """Read the same pages and write them as GeoJSON, against GeoPandas' own writer on a frame read by others."""
    ours, theirs = "store.page + layers.geojson", f"{rival.frames} + to_json"
    sides: dict[str, Prepare] = {
        ours: lambda number: lambda: _geojson(store, boxes[number], limit),
        theirs: lambda number: lambda: rival.frame(boxes[number], limit).to_json(default=str),
    }

    def check(_: int, answers: Mapping[str, Any]) -> None:
        wanted = {feature["id"]: feature for feature in orjson.loads(answers[ours])["features"]}
        others = orjson.loads(answers[theirs])["features"]
        assert len(wanted) == limit
        assert {feature["properties"]["feature_id"] for feature in others} == wanted.keys()
        for other in others:
            ours_ = wanted[other["properties"]["feature_id"]]
            assert ours_["geometry"] == other["geometry"]
            assert ours_["properties"]["name"] == other["properties"]["name"]

    timings = measure(sides, rounds=len(boxes) - 2, warmups=2, check=check)
    return result_of("bbox_page_geojson", f"bbox page of {limit:,} as GeoJSON", rival.engine, timings)


def _geojson(store: Store, bbox: Bounds, limit: int) -> bytes:
    page = store.page(TABLE, bbox=bbox, limit=limit)
    return to_json(feature_collection(page.features, numberReturned=len(page.features)))


def measure_wide_page(
    store: Store, rival: Rival, features: gpd.GeoDataFrame, bbox: Bounds, *, limit: int, rounds: int
) -> Result:
    """Read the first page of a box that holds a large part of the layer, as a map does that is zoomed out."""
    ours, rows = "store.page", f"{rival.sql}, rows only"
    inside = features.index[shapely.intersects(features.geometry.to_numpy(), shapely.box(*bbox))]
    sides: dict[str, Prepare] = {
        ours: lambda _: lambda: store.page(TABLE, bbox=bbox, limit=limit),
        rows: lambda _: lambda: rival.fetch(bbox, limit),
    }

    def check(_: int, answers: Mapping[str, Any]) -> None:
        page = answers[ours]
        assert page.features.index.tolist() == inside[:limit].tolist()
        assert page.after is not None
        fetched = [row[1] for row in answers[rows]]
        assert fetched == inside[:limit].tolist() if rival.exact else len(fetched) == limit

    title = f"bbox page of {limit:,} out of {len(inside):,} in the box"
    return result_of("wide_page", title, rival.engine, measure(sides, rounds=rounds, warmups=2, check=check))
