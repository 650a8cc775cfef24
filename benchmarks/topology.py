"""How long does it take to find the overlaps and gaps of a zoning plan, against cutting it with itself?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from benchmarks.data import METRIC_CRS, SEED, SQUARE_M, SQUARE_ORIGIN_M
from benchmarks.results import Result, result_of
from benchmarks.timing import Prepare, measure
from layers.topology import Gaps, Overlaps, gaps, is_wider, overlaps, survey

__all__ = ["TOLERANCE_M", "measure_topology", "zoning_plan"]

#: What a circle of this diameter does not fit into is noise, metres: the default of a layer.
TOLERANCE_M: Final = 0.001
#: Vertices of a border between two corners of zones; a zone has four times as many.
VERTICES: Final = 10
#: One zone in so many has a vertex that was moved by some metres.
ONE_FAULT_IN: Final = 100
FAULT_M: Final = 5.0
#: Noise of a drawing that was moved between coordinate systems and back.
NOISE_M: Final = 1e-6
_SAME_AREA: Final = 1e-6
_Rings = npt.NDArray[np.float64]
_Shapes = npt.NDArray[np.object_]


class _Answer(NamedTuple):
    overlaps: Overlaps
    gaps: Gaps


def zoning_plan(count: int, *, matched: bool, seed: int = SEED) -> _Shapes:
    """Zones with crooked borders that cover a square, a hundredth of them with a vertex out of place.

    Where borders are not `matched`, one side has vertices that the other lacks, and all coordinates have float noise.
    """
    random = np.random.default_rng(seed)
    rings = _rings(count, random)
    faulty = random.choice(len(rings), size=min(len(rings), max(20, len(rings) // ONE_FAULT_IN)), replace=False)
    moved = random.integers(0, rings.shape[1], len(faulty))
    rings[faulty, moved] += random.normal(0, FAULT_M, (len(faulty), 2))
    if matched:
        return np.asarray(shapely.polygons(rings), dtype=object)
    # Half of the zones get a further vertex on a third of their edges.
    extra = (random.random(rings.shape[:2]) < 1 / 3) & (np.arange(len(rings)) % 2 == 0)[:, None]
    middle = (rings + np.roll(rings, -1, axis=1)) / 2
    both = np.stack([rings, middle], axis=2).reshape(len(rings), -1, 2)
    both += random.normal(0, NOISE_M, both.shape)
    kept = np.stack([np.ones_like(extra), extra], axis=2).reshape(len(rings), -1)
    owner = np.repeat(np.arange(len(rings)), kept.sum(axis=1))
    return np.asarray(shapely.polygons(shapely.linearrings(both[kept], indices=owner)), dtype=object)


def _rings(count: int, random: np.random.Generator) -> _Rings:
    rows = max(1, int(np.sqrt(count)))
    columns = -(-count // rows)
    step = np.array([SQUARE_M / columns, SQUARE_M / rows])
    y, x = np.mgrid[0 : rows + 1, 0 : columns + 1]
    corners = np.stack([x, y], axis=2) * step + SQUARE_ORIGIN_M
    corners[1:-1, 1:-1] += random.uniform(-0.3, 0.3, corners[1:-1, 1:-1].shape) * step
    across, up = _crooked(corners[:, :-1], corners[:, 1:], random), _crooked(corners[:-1], corners[1:], random)
    back = np.concatenate([corners[1:, 1:, None], across[1:, :, :0:-1]], axis=2)
    down = np.concatenate([corners[1:, :-1, None], up[:, :-1, :0:-1]], axis=2)
    rings = np.concatenate([across[:-1], up[:, 1:], back, down], axis=2)
    return rings.reshape(-1, 4 * VERTICES, 2)[:count]


def _crooked(start: _Rings, end: _Rings, random: np.random.Generator) -> _Rings:
    """Lines of `VERTICES` vertices, without their end."""
    along = (end - start)[:, :, None]
    aside = random.normal(0, 0.01, (*start.shape[:2], VERTICES, 1))
    aside[:, :, 0] = 0
    share = np.linspace(0, 1, VERTICES, endpoint=False)[:, None]
    across = np.stack([-along[..., 1], along[..., 0]], axis=-1)
    return np.asarray(start[:, :, None] + share * along + aside * across)


def measure_topology(*, zone_count: int, rounds: int) -> Iterator[Result]:
    """Find overlaps and gaps, where borders match vertex for vertex and where they do not."""
    yield _measure(zone_count, rounds, matched=True)
    yield _measure(zone_count, rounds, matched=False)


def _measure(zone_count: int, rounds: int, *, matched: bool) -> Result:
    shapes = zoning_plan(zone_count, matched=matched)
    frame = gpd.GeoDataFrame({"id": np.arange(len(shapes))}, geometry=shapes, crs=METRIC_CRS)
    ours, theirs = "layers.topology overlaps and gaps", f"GeoPandas {gpd.__version__} overlay, overlaps alone"

    def checked() -> _Answer:
        looked = survey(shapes, tolerance_m=TOLERANCE_M)
        return _Answer(overlaps(looked), gaps(looked))

    def cut() -> gpd.GeoDataFrame:
        # Borders that only touch are points and lines: without this, the overlay warns that it drops them.
        return gpd.overlay(frame, frame, how="intersection", keep_geom_type=False)

    def agree(_: int, answers: Mapping[str, Any]) -> None:
        found, other = answers[ours], answers[theirs]
        other = other[(other["id_1"] < other["id_2"]) & (other.area > 0)]
        other = other[is_wider(other.geometry.to_numpy(), TOLERANCE_M)].sort_values(["id_1", "id_2"])
        assert found.overlaps.first.tolist() == other["id_1"].tolist()
        assert found.overlaps.second.tolist() == other["id_2"].tolist()
        assert np.allclose(found.overlaps.area_m2, other.area, rtol=_SAME_AREA, atol=1e-9)
        assert len(found.overlaps.first) > 0
        assert len(found.gaps.places) > 0

    sides: dict[str, Prepare] = {ours: lambda _: checked, theirs: lambda _: cut}
    kind, id_ = ("matching borders", "topology") if matched else ("unlike borders", "topology_unlike")
    title = f"overlaps and gaps of {zone_count:,} zones of {4 * VERTICES} vertices, {kind}, 1 % of them faulty"
    return result_of(id_, title, "", measure(sides, rounds=rounds, check=agree))
