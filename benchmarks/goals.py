"""Which figures have to be reached, and which were missed?"""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.results import Result

__all__ = ["GOALS_FILE", "Goals", "read_goals"]

GOALS_FILE: Final = Path(__file__).with_name("goals.toml")


@dataclass(frozen=True, slots=True)
class Goals:
    """Limits by the id of a benchmark.

    Parameters
    ----------
    seconds : dict of str to float
        Medians of ours.
    ratios : dict of str to float
        Medians of ours in times of the first rival's.
    tolerance : float
        How far a figure may miss its limit before it is an alarm; 1.25 is a quarter.
    """

    seconds: dict[str, float]
    ratios: dict[str, float]
    tolerance: float

    def missed(self, results: Sequence[Result]) -> list[str]:
        """Say of every figure that misses its limit by more than the tolerance what it is and should be."""
        found = []
        for result in results:
            name = f"{result.id} {result.engine}".strip()
            median = result.ours.timing.median
            limit = self.seconds.get(result.id)
            if limit is not None and median > limit * self.tolerance:
                found.append(f"{name}: {median:.3f} s, the goal is {limit:g} s")
            limit = self.ratios.get(result.id)
            if (
                limit is not None
                and result.rivals
                and (ratio := result.ratio(result.rivals[0])) > limit * self.tolerance
            ):
                found.append(f"{name}: {ratio:.2f} times {result.rivals[0].tool}, the goal is {limit:g}")
        return found


def read_goals(path: Path = GOALS_FILE) -> Goals:
    """Read the limits."""
    table = tomllib.loads(path.read_text(encoding="utf-8"))
    return Goals(seconds=table["goals"], ratios=table["ratios"], tolerance=table["tolerance"])
