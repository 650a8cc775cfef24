"""What everything is measured on: seeded synthetic roads, zones and parks, the same on every machine."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from layers.catalogue import shipped_definitions
from layers.definitions import ID_FIELD, STORE_CRS, LayerDefinition
from layers.schema import typed
from layers.types import Bounds

__all__ = ["REGION", "SEED", "bboxes", "parks", "road_definition", "roads", "zones"]

SEED: Final = 20261124
#: Hanoi, degrees of longitude and latitude.
REGION: Final[Bounds] = (105.28, 20.56, 106.02, 21.39)
#: Each road is a random walk of so many vertices, about 60 m apart.
VERTICES: Final = 12
STEP_DEGREES: Final = 0.0006
#: Side of the square in which zones and parks lie, metres in VN-2000 / TM-3 zone 482 (EPSG:5897).
SQUARE_M: Final = 60_000.0
SQUARE_ORIGIN_M: Final = (470_000.0, 2_290_000.0)
METRIC_CRS: Final = "EPSG:5897"

_STREETS: Final = np.array(
    ["Nguyễn Trãi", "Đại lộ Thăng Long", "Trường Chinh", "Phạm Văn Đồng", "Quang Trung", "Giải Phóng", "Lê Văn Lương",
     "Võ Chí Công", "Hoàng Quốc Việt", "Nguyễn Văn Linh", "Đường gom khu công nghiệp", "Ngô Gia Tự"]
)  # fmt: skip
_Shapes = npt.NDArray[np.object_]


def road_definition() -> LayerDefinition:
    """The layer that is loaded: the shipped one of roads, with all its fields."""
    return shipped_definitions()["roads"]


def roads(count: int, *, seed: int = SEED) -> gpd.GeoDataFrame:
    """Roads with Vietnamese names, codes, numbers, flags and dates; about a tenth of each optional value is missing."""
    random = np.random.default_rng(seed)

    def picked(values: list[str]) -> npt.NDArray[Any]:
        return np.array(values)[random.integers(0, len(values), count)]

    def gaps(values: npt.NDArray[Any]) -> pd.Series[Any]:
        return pd.Series(values).mask(random.random(count) < 0.1)

    classes = ["expressway", "national", "provincial", "urban_main", "urban", "district", "local", "internal"]
    numbers = random.integers(1, 500, count).astype(str)
    names = np.char.add(np.char.add(_STREETS[random.integers(0, len(_STREETS), count)], " đoạn "), numbers)
    opened = np.datetime64(dt.date(1990, 1, 1), "s") + random.integers(0, 20_000, count) * np.timedelta64(86_400, "s")
    columns = {
        "name": gaps(names),
        "road_class": picked(classes),
        "ref": gaps(np.char.add("ĐT.", numbers)),
        "width_m": gaps(np.round(random.uniform(3.5, 60.0, count), 1)),
        "lanes": gaps(random.integers(1, 9, count)).astype("Int64"),
        "oneway": gaps(random.random(count) < 0.3).astype("boolean"),
        "surface": picked(["bê tông nhựa", "bê tông xi măng", "cấp phối"]),
        "state": picked(["existing", "under_construction", "planned"]),
        "valid_from": gaps(opened),
        "position": np.full(count, "digitised"),
        "source": np.full(count, "synthetic"),
        "confidence": picked(["high", "medium", "low"]),
    }
    index = pd.Index([f"road-{number:06d}" for number in range(count)], dtype="str", name=ID_FIELD)
    frame = gpd.GeoDataFrame(columns, geometry=_walks(random, count), crs=STORE_CRS).set_index(index)
    return typed(road_definition(), frame)


def _walks(random: np.random.Generator, count: int) -> _Shapes:
    minx, miny, maxx, maxy = REGION
    start = random.uniform((minx, miny), (maxx, maxy), (count, 1, 2))
    heading = random.uniform(0, 2 * np.pi, (count, 1)) + random.normal(0, 0.4, (count, VERTICES)).cumsum(axis=1)
    steps = STEP_DEGREES * np.stack([np.cos(heading), np.sin(heading)], axis=2)
    walks = np.clip(start + steps.cumsum(axis=1), (minx, miny), (maxx, maxy))
    return np.asarray(shapely.linestrings(np.round(walks, 7)), dtype=object)


def bboxes(shapes: _Shapes, *, matches: int, count: int, seed: int = SEED) -> list[Bounds]:
    """Boxes that each meet exactly so many geometries, so that a page of them is the same in whatever order."""
    random = np.random.default_rng(seed)
    minx, miny, maxx, maxy = REGION
    tree = shapely.STRtree(shapes)
    found: list[Bounds] = []
    while len(found) < count:
        x, y = random.uniform((minx, miny), (maxx, maxy)).tolist()
        if (box := _box_with(tree, x, y, matches)) is not None:
            found.append(box)
    return found


def _box_with(tree: shapely.STRtree, x: float, y: float, matches: int) -> Bounds | None:
    """Widen or narrow a box round a place until it meets the wanted number; None where two come at once."""
    low, high = 0.0, 1.0
    for _ in range(60):
        half = (low + high) / 2
        met = len(tree.query(shapely.box(x - half, y - half, x + half, y + half), predicate="intersects"))
        if met == matches:
            return (x - half, y - half, x + half, y + half)
        low, high = (half, high) if met < matches else (low, half)
    return None


def zones(count: int, *, seed: int = SEED) -> gpd.GeoSeries:
    """A planning map: uneven four-sided zones that cover a square without gaps or overlaps."""
    random = np.random.default_rng(seed)
    rows = max(1, int(np.sqrt(count)))
    columns = -(-count // rows)
    step = np.array([SQUARE_M / columns, SQUARE_M / rows])
    y, x = np.mgrid[0 : rows + 1, 0 : columns + 1]
    nodes = np.stack([x, y], axis=2) * step + SQUARE_ORIGIN_M
    nodes[1:-1, 1:-1] += random.uniform(-0.3, 0.3, nodes[1:-1, 1:-1].shape) * step
    rings = np.stack([nodes[:-1, :-1], nodes[:-1, 1:], nodes[1:, 1:], nodes[1:, :-1]], axis=2)
    shapes = shapely.polygons(rings.reshape(-1, 4, 2)[:count])
    return gpd.GeoSeries(shapes, index=[f"zone-{i}" for i in range(count)], crs=METRIC_CRS)


def parks(count: int, *, seed: int = SEED) -> gpd.GeoSeries:
    """Many-sided parks of 20 to 400 ha with uneven edges, scattered over the same square."""
    random = np.random.default_rng(seed + 1)
    sides = 40
    radius = np.sqrt(random.uniform(20, 400, (count, 1)) * 10_000 / np.pi) * random.uniform(0.8, 1.2, (count, sides))
    angle = np.linspace(0, 2 * np.pi, sides, endpoint=False)
    centre = random.uniform(0.0, SQUARE_M, (count, 1, 2)) + SQUARE_ORIGIN_M
    rings = centre + radius[:, :, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return gpd.GeoSeries(shapely.polygons(rings), index=[f"park-{i}" for i in range(count)], crs=METRIC_CRS)
