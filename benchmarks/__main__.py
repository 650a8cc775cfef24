"""`python -m benchmarks`: measure, show, write JSON, and say by the exit code whether the goals hold."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import Final

from rich.console import Console

from benchmarks.goals import read_goals
from benchmarks.machine import describe
from benchmarks.report import markdown, show, write_json
from benchmarks.results import Result
from benchmarks.sizes import FULL, QUICK
from benchmarks.suite import PARTS, run
from tests.support.postgis import cluster

__all__ = ["main"]

OUTPUT: Final = Path(__file__).resolve().parents[1] / "build" / "benchmarks"


def main(arguments: list[str] | None = None) -> int:
    """Run what the arguments ask for.

    Returns
    -------
    int
        1 if a goal is missed by more than the tolerance, else 0.
    """
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="tiny sizes, to try the benchmarks themselves")
    parser.add_argument("--only", choices=list(PARTS), action="append", help="only this part; may be repeated")
    given = parser.parse_args(arguments)
    console, progress = Console(), Console(stderr=True)
    goals, machine = read_goals(), describe()
    results: list[Result] = []
    OUTPUT.mkdir(parents=True, exist_ok=True)
    # Not in the temporary folder, which may be kept in memory: what is measured is written to a disk.
    with tempfile.TemporaryDirectory(dir=OUTPUT, prefix="work-") as folder, cluster() as postgis_url:
        parts = tuple(given.only or PARTS)
        for result in run(Path(folder), postgis_url, QUICK if given.quick else FULL, parts=parts):
            results.append(result)
            progress.print(f"{result.title} {result.engine}: {result.ours.timing.median:.3f} s", highlight=False)
    for name, value in machine.items():
        console.print(f"{name}: {value}", highlight=False)
    show(results, goals, console)
    stem = "quick" if given.quick else "results"
    write_json(results, machine, OUTPUT / f"{stem}.json")
    (OUTPUT / f"{stem}.md").write_text(markdown(results, goals), encoding="utf-8")
    if given.quick:
        return 0
    missed = goals.missed(results)
    for line in missed:
        console.print(f"[bold red]missed[/] {line}", highlight=False)
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
