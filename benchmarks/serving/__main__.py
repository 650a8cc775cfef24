"""`python -m benchmarks.serving`: this server beside its peers, on the same features; a table, and JSON."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.goals import read_goals
from benchmarks.machine import describe
from benchmarks.serving import peers
from benchmarks.serving.data import Counts
from benchmarks.serving.measures import PLAN, TITLES, Figure, Plan, figures, results
from tests.support.postgis import cluster

OUTPUT = Path(__file__).resolve().parents[2] / "build" / "benchmarks"
_HEADINGS = ("", "clients", "requests/s", "p50", "p99", "kB", "MiB")


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, show, write, and say by the exit code whether the goals hold."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one short round each, while others use the machine")
    parser.add_argument("--tiny", action="store_true", help="few features, to try the benchmark itself")
    parser.add_argument("--peers", type=Path, default=peers.PEERS_FOLDER, help="folder of the peers' environment")
    parser.add_argument("--alone", action="store_true", help="leave out the other servers")
    given = parser.parse_args(arguments)
    plan = Plan(Counts(), rounds=1, seconds=2.0, views=100) if given.quick else PLAN
    if given.tiny:
        plan = Plan(Counts(4_000, 400, 100), rounds=1, seconds=1.0, views=10)
    programs = None if given.alone else peers.ready_venv(given.peers)
    console, found = Console(), list[Figure]()
    OUTPUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=OUTPUT, prefix="work-") as folder, cluster() as database:
        for figure in figures(Path(folder), database, programs, plan):
            found.append(figure)
            console.print("  ".join(_row(figure)), highlight=False, style="dim")
    show(found, console)
    document = {"machine": describe(), "figures": [asdict(figure) for figure in found]}
    (OUTPUT / "serving.json").write_text(json.dumps(document, indent=2, ensure_ascii=False), encoding="utf-8")
    missed = read_goals().missed(results(found))
    for line in missed:
        console.print(f"[bold red]missed[/] {line}", highlight=False)
    return 1 if missed and not (given.quick or given.tiny) else 0


def show(found: Sequence[Figure], console: Console) -> None:
    """Print a table a kind of work."""
    for work, title in TITLES.items():
        table = Table(*_HEADINGS, title=title, title_justify="left", box=box.SIMPLE_HEAD)
        for figure in found:
            if figure.work == work:
                table.add_row(*_row(figure))
        console.print(table)


def _row(figure: Figure) -> tuple[str, ...]:
    load, memory = figure.load, f"{figure.memory_mib:.0f}" if figure.memory_mib else ""
    if load is None:
        return figure.tool, "", figure.note, "", "", "", memory
    return (
        figure.tool,
        str(load.clients),
        f"{load.rate:.0f}",
        f"{load.p50_s * 1000:.2f} ms",
        f"{load.p99_s * 1000:.2f} ms",
        f"{load.body_bytes / 1000:.0f}",
        memory,
    )


if __name__ == "__main__":
    sys.exit(main())
