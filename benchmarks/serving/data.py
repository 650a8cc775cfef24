"""What every server gives out: 200,000 seeded synthetic features, and the addresses that are asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from benchmarks.data import REGION, SEED, roads
from layers.catalogue import shipped_definitions
from layers.definitions import ID_FIELD, STORE_CRS
from layers.schema import typed
from layers.store import Put, Store
from layers.types import Bounds

__all__ = ["LAYERS", "Counts", "fill", "map_views", "plots", "points"]

#: Layers that are filled, and in which tables the peers find them.
LAYERS: Final = ("roads", "plots", "enterprises")
#: Each plot is a ring of so many vertices.
PLOT_VERTICES: Final = 20
#: Width of a map view, degrees: a district on a screen.
VIEW_DEGREES: Final = 0.05
#: Features written as one changeset.
_PART: Final = 50_000


@dataclass(frozen=True, slots=True)
class Counts:
    """How many features of each kind.

    Parameters
    ----------
    roads, plots, points : int
        Of 12 vertices, of 20 vertices, and of one.
    """

    roads: int = 100_000
    plots: int = 80_000
    points: int = 20_000

    @property
    def all(self) -> int:
        """Features in all."""
        return self.roads + self.plots + self.points


def plots(count: int, *, seed: int = SEED) -> gpd.GeoDataFrame:
    """Rings of uneven radius, 40 to 120 m across, with plot numbers, codes and areas."""
    random = np.random.default_rng(seed + 2)
    angle = np.linspace(0, 2 * np.pi, PLOT_VERTICES - 1, endpoint=False)
    radius = random.uniform(0.0002, 0.0006, (count, 1)) * random.uniform(0.8, 1.2, (count, PLOT_VERTICES - 1))
    minx, miny, maxx, maxy = REGION
    centre = random.uniform((minx + 0.01, miny + 0.01), (maxx - 0.01, maxy - 0.01), (count, 1, 2))
    rings = centre + radius[:, :, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    rings = np.round(np.concatenate([rings, rings[:, :1]], axis=1), 7)
    codes = np.array(["CN", "DV", "CX", "MN", "GT", "HTKT", "P"])
    columns = {
        "name": np.char.add("Lô đất số ", np.arange(count).astype(str)),
        "park_id": np.char.add("park-", random.integers(0, 200, count).astype(str)),
        "plot_no": np.char.add("CN-", random.integers(1, 2_000, count).astype(str)),
        "land_use": codes[random.integers(0, len(codes), count)],
        "area_ha": np.round(random.uniform(0.2, 4.0, count), 2),
        "density_pct": np.round(random.uniform(20.0, 70.0, count), 1),
        "floors": random.integers(1, 12, count),
    }
    return _features("plots", columns, shapely.polygons(rings), stem="plot")


def points(count: int, *, seed: int = SEED) -> gpd.GeoDataFrame:
    """Enterprises at single points, with names, sectors and workers."""
    random = np.random.default_rng(seed + 3)
    places = np.round(random.uniform(REGION[:2], REGION[2:], (count, 2)), 7)
    sectors = np.array(["cơ khí", "điện tử", "thực phẩm", "dệt may", "hoá chất", "gỗ"])
    columns = {
        "name": np.char.add("Công ty TNHH số ", np.arange(count).astype(str)),
        "sector": sectors[random.integers(0, len(sectors), count)],
        "hazard_class": np.array(["I", "II", "III", "IV", "V"])[random.integers(0, 5, count)],
        "workers": random.integers(5, 3_000, count),
    }
    return _features("enterprises", columns, shapely.points(places), stem="enterprise")


def _features(layer: str, columns: dict[str, Any], shapes: Any, *, stem: str) -> gpd.GeoDataFrame:
    count = len(shapes)
    common = {"position": np.full(count, "digitised"), "source": np.full(count, "synthetic")}
    index = pd.Index([f"{stem}-{number:06d}" for number in range(count)], dtype="str", name=ID_FIELD)
    frame = gpd.GeoDataFrame({**columns, **common}, geometry=shapes, crs=STORE_CRS).set_index(index)
    return typed(shipped_definitions()[layer], frame)


def fill(store: Store, counts: Counts) -> None:
    """Put all features into a store."""
    made = {"roads": roads(counts.roads), "plots": plots(counts.plots), "enterprises": points(counts.points)}
    for layer, features in made.items():
        store.add_layer(shipped_definitions()[layer])
        for start in range(0, len(features), _PART):
            part = features.iloc[start : start + _PART]
            store.commit([Put(layer, part)], author="Parkplan", message=f"{len(part):,} synthetic features")


def map_views(count: int, *, seed: int = SEED) -> list[Bounds]:
    """Boxes all over the region, each a district on a screen."""
    random = np.random.default_rng(seed + 4)
    west, south, east, north = REGION
    corners = random.uniform((west, south), (east - VIEW_DEGREES, north - VIEW_DEGREES), (count, 2)).round(5)
    return [(x, y, round(x + VIEW_DEGREES, 5), round(y + VIEW_DEGREES, 5)) for x, y in corners.tolist()]
