"""Timing two or more ways of doing one thing side by side, so that noise of the machine hits all of them."""

from __future__ import annotations

import gc
import os
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Action", "Check", "Prepare", "Timing", "measure"]

Action = Callable[[], Any]
#: Given the number of a round, makes everything ready and returns what is to be timed.
Prepare = Callable[[int], Action]
#: Given the number of a round and what each side returned, raises if they do not agree.
Check = Callable[[int, Mapping[str, Any]], None]


@dataclass(frozen=True, slots=True)
class Timing:
    """How long the rounds of one side took.

    Parameters
    ----------
    seconds : tuple of float
        Wall-clock time of each round.
    cpu_seconds : tuple of float
        Processor time of each round, of this program and of the programs that it ran; not of a server.
    """

    seconds: tuple[float, ...]
    cpu_seconds: tuple[float, ...] = ()

    @property
    def median(self) -> float:
        """Seconds."""
        return statistics.median(self.seconds)

    @property
    def cpu(self) -> float | None:
        """Median processor seconds; None where they were not taken."""
        return statistics.median(self.cpu_seconds) if self.cpu_seconds else None

    @property
    def p95(self) -> float:
        """Seconds that 95 of 100 rounds stay below, by nearest rank."""
        ordered = sorted(self.seconds)
        return ordered[min(len(ordered) - 1, -(-95 * len(ordered) // 100) - 1)]


def measure(
    sides: Mapping[str, Prepare], *, rounds: int, warmups: int = 1, check: Check | None = None
) -> dict[str, Timing]:
    """Run every side in every round, in an order that turns with the round, and time each.

    Parameters
    ----------
    sides : mapping of str to callable
        By name.
    rounds : int
        Rounds that count.
    warmups : int
        Rounds before, which do not count; they have the numbers below 0.
    check : callable, optional
        Run after every round, outside the timing.

    Returns
    -------
    dict of str to Timing
        In the order of the sides.
    """
    names = list(sides)
    taken: dict[str, list[float]] = {name: [] for name in names}
    worked: dict[str, list[float]] = {name: [] for name in names}
    for number in range(-warmups, rounds):
        turn = number % len(names)
        answers: dict[str, Any] = {}
        for name in names[turn:] + names[:turn]:
            action = sides[name](number)
            gc.collect()
            start, cpu = time.perf_counter(), _cpu()
            answers[name] = action()
            seconds = time.perf_counter() - start
            if number >= 0:
                taken[name].append(seconds)
                worked[name].append(_cpu() - cpu)
        if check is not None:
            check(number, answers)
    return {name: Timing(tuple(seconds), tuple(worked[name])) for name, seconds in taken.items()}


def _cpu() -> float:
    return sum(os.times()[:4])
