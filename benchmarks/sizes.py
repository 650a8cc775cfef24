"""How much is measured: the sizes of the goals, and tiny ones that only prove the benchmarks themselves."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["FULL", "QUICK", "Sizes"]


@dataclass(frozen=True, slots=True)
class Sizes:
    """How much is measured.

    Parameters
    ----------
    features : int
        Roads that are loaded.
    loads, commits, pages, starts, reviews, overlays : int
        Rounds of each benchmark.
    page : int
        Features on a page.
    zones, parks : int
        Polygons that are overlaid.
    """

    features: int
    loads: int
    commits: int
    pages: int
    page: int
    starts: int
    reviews: int
    zones: int
    parks: int
    overlays: int


FULL = Sizes(
    features=200_000,
    loads=3,
    commits=50,
    pages=30,
    page=1_000,
    starts=5,
    reviews=5,
    zones=20_000,
    parks=5_000,
    overlays=5,
)
QUICK = Sizes(features=600, loads=1, commits=2, pages=2, page=50, starts=1, reviews=1, zones=100, parks=40, overlays=1)
