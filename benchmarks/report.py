"""The figures as a table for people and as JSON for programs."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from rich import box
from rich.console import Console
from rich.table import Table

from benchmarks.goals import Goals
from benchmarks.results import Result, Side

__all__ = ["markdown", "show", "write_json"]

_HEADINGS: Final = ("", "median", "p95", "ours ÷ theirs", "goal")
#: Of fewer rounds the slowest is no percentile.
_ENOUGH_ROUNDS: Final = 20


def show(results: Sequence[Result], goals: Goals, console: Console) -> None:
    """Print the figures."""
    table = Table(*_HEADINGS, box=box.SIMPLE_HEAD)
    for column in table.columns[1:]:
        column.justify = "right"
    for result in results:
        ours, *rivals = _rows(result, goals)
        table.add_row(_heading(result), style="bold")
        table.add_row(*ours)
        for rival in rivals:
            table.add_row(*rival, style="dim")
        table.add_section()
    console.print(table)


def markdown(results: Sequence[Result], goals: Goals) -> str:
    """Write the figures as a Markdown table."""
    lines = ["| " + " | ".join(_HEADINGS) + " |", "|---|--:|--:|--:|--:|"]
    for result in results:
        lines.append(f"| **{_heading(result)}** | | | | |")
        lines += ["| " + " | ".join(row) + " |" for row in _rows(result, goals)]
    return "\n".join(lines) + "\n"


def _heading(result: Result) -> str:
    return f"{result.engine}: {result.title}" if result.engine else result.title


def _rows(result: Result, goals: Goals) -> list[tuple[str, ...]]:
    limit = goals.seconds.get(result.id)
    ratio = goals.ratios.get(result.id)
    goal = f"< {_time(limit)}" if limit is not None else f"÷ < {ratio:g}" if ratio is not None else ""
    rivals = ((*_figures(rival), f"{result.ratio(rival):.2f}", "") for rival in result.rivals)
    return [(*_figures(result.ours), "", goal), *rivals]


def _figures(side: Side) -> tuple[str, str, str]:
    p95 = _time(side.timing.p95) if len(side.timing.seconds) >= _ENOUGH_ROUNDS else ""
    return side.tool, _time(side.timing.median), p95


def _time(seconds: float) -> str:
    return f"{seconds:.2f} s" if seconds >= 1 else f"{seconds * 1000:.3g} ms"


def write_json(results: Sequence[Result], machine: Mapping[str, str], path: Path) -> None:
    """Write machine and figures, times in seconds."""
    document = {
        "date": dt.datetime.now(dt.UTC).date().isoformat(),
        "machine": dict(machine),
        "results": [result.document() for result in results],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
