"""What a benchmark gives: one side is ours, the others are rivals, all did the same work."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from benchmarks.timing import Timing

__all__ = ["Result", "Side", "result_of"]


@dataclass(frozen=True, slots=True)
class Side:
    """One way of doing the work.

    Parameters
    ----------
    tool : str
        Name and version.
    timing : Timing
        Of its rounds.
    """

    tool: str
    timing: Timing


@dataclass(frozen=True, slots=True)
class Result:
    """One benchmark on one engine.

    Parameters
    ----------
    id : str
        Names it in goals.
    title : str
        Says what was done.
    engine : str
        GeoPackage, PostGIS, or nothing where no store takes part.
    ours : Side
        Parkplan.
    rivals : tuple of Side
        The same work by others, or a floor nothing can go below.
    """

    id: str
    title: str
    engine: str
    ours: Side
    rivals: tuple[Side, ...]

    def ratio(self, rival: Side) -> float:
        """Our time in times of the rival's: below 1 we are faster."""
        return self.ours.timing.median / rival.timing.median

    def document(self) -> dict[str, Any]:
        """The result as JSON values, times in seconds."""
        return {
            "benchmark": self.id,
            "title": self.title,
            "engine": self.engine,
            "ours": _side(self.ours),
            "rivals": [{**_side(rival), "ours_to_rival": round(self.ratio(rival), 3)} for rival in self.rivals],
        }


def _side(side: Side) -> dict[str, Any]:
    timing = side.timing
    cpu = {} if timing.cpu is None else {"cpu_s": round(timing.cpu, 6)}
    return {
        "tool": side.tool,
        "median_s": round(timing.median, 6),
        "p95_s": round(timing.p95, 6),
        **cpu,
        "rounds": len(timing.seconds),
    }


def result_of(id_: str, title: str, engine: str, timings: Mapping[str, Timing]) -> Result:
    """Make a result of timings by tool, of which the first is ours."""
    ours, *rivals = (Side(tool, timing) for tool, timing in timings.items())
    return Result(id_, title, engine, ours, tuple(rivals))
