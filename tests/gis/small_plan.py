"""Small plans in memory for the tests of the review: shapes in metres around a point of Hanoi, rules as rows."""

from __future__ import annotations

import json
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely

from gis.review import LayerReader, Review, frames_reader, review_plan
from layers.catalogue import shipped_definitions
from layers.schema import typed

METRIC = "EPSG:5897"
#: Easting and northing that the shapes of a test count from.
ORIGIN = (560_000.0, 2_330_000.0)
HORIZON = 2030

Row = dict[str, Any]


def moved(geometry: Any) -> Any:
    """Shift a shape from the origin of the test to its place in Hanoi."""
    if geometry is None:
        return None
    return shapely.transform(geometry, lambda points: points + ORIGIN)


def box(minx: float, miny: float, maxx: float, maxy: float) -> Any:
    return shapely.box(minx, miny, maxx, maxy)


def layer(name: str, rows: dict[str, Row]) -> gpd.GeoDataFrame:
    """Build one layer: attributes by feature id, `geometry` in metres from the origin."""
    table = pd.DataFrame.from_dict(rows, orient="index")
    table.index.name = "feature_id"
    shapes = [moved(row.get("geometry")) for row in rows.values()]
    geometry = gpd.GeoSeries(shapes, index=table.index, crs=METRIC).to_crs("EPSG:4326")
    frame = gpd.GeoDataFrame(table.drop(columns="geometry", errors="ignore"), geometry=geometry)
    return typed(shipped_definitions()[name], frame)


def rule(
    kind: str, params: dict[str, Any] | str, comparator: str = "", threshold: str = "", unit: str = "", /, **over: str
) -> Row:
    """Build a rule that is in force, sure and checkable unless said otherwise."""
    return {
        "title_vi": "Điều kiểm tra",
        "title_en": "The rule",
        "comparator": comparator,
        "threshold": threshold,
        "unit_vi": unit,
        "unit_en": unit,
        "document": "QCVN 01:2021/BXD",
        "article": "2.5",
        "state": "in force when collected",
        "checkable": "yes",
        "confidence": "high",
        "severity": "fail",
        "check": kind,
        "params": params if isinstance(params, str) else json.dumps(params),
        **over,
    }


def reader(rules: dict[str, Row] | None = None, **layers: dict[str, Row]) -> LayerReader:
    frames = {name: layer(name, rows) for name, rows in layers.items() if rows}
    if rules:
        frames["rules"] = layer("rules", rules)
    return frames_reader(frames, definitions=shipped_definitions())


def review(rules: dict[str, Row] | None = None, *, fresh_since: Any = None, **layers: dict[str, Row]) -> Review:
    return review_plan(reader(rules, **layers), horizon=HORIZON, fresh_since=fresh_since)


def park(geometry: Any = None, **values: Any) -> Row:
    return {"name_vi": "KCN Thử", "name_en": "Test Park", "geometry": geometry, **values}


def covered(layer_id: str, geometry: Any, **values: Any) -> Row:
    return {"layer": layer_id, "completeness": "complete", "geometry": geometry, **values}


def one(checked: Review, finding_id: str) -> Any:
    """Give one finding as an object with its columns as attributes."""
    return checked.findings.loc[finding_id]


def verdict(checked: Review, finding_id: str) -> tuple[str, str]:
    found = one(checked, finding_id)
    return found["outcome"], found["reason"]
