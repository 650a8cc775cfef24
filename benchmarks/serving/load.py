"""How many requests a second, and how long does each take? Asked by `wrk`, one address after the other of a list."""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

__all__ = ["Load", "LoadError", "drive"]

#: Asks for one path after the other and says at the end what came of it.
_SCRIPT: Final = """
local paths = {}
for line in io.lines(os.getenv("PARKPLAN_WRK_PATHS")) do paths[#paths + 1] = line end
local number = 0
request = function()
  number = number % #paths + 1
  return wrk.format("GET", paths[number])
end
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    '{"requests": %d, "bytes": %d, "us": %d, "p50": %d, "p99": %d, "failed": %d, "lost": %d}\\n',
    summary.requests, summary.bytes, summary.duration, latency:percentile(50), latency:percentile(99),
    errors.status, errors.connect + errors.read + errors.write + errors.timeout))
end
"""
_TIMEOUT_S: Final = 30


class LoadError(RuntimeError):
    """A server answered with an error or not at all, so that there is nothing to compare."""


@dataclass(frozen=True, slots=True)
class Load:
    """What one server did, the median of several rounds.

    Parameters
    ----------
    clients : int
        Connections at once.
    rates : tuple of float
        Requests a second in each round.
    p50_s, p99_s : float
        How long half of the requests, and 99 of 100, took at most, seconds.
    body_bytes : int
        Length of an answer, with its head.
    """

    clients: int
    rates: tuple[float, ...]
    p50_s: float
    p99_s: float
    body_bytes: int

    @property
    def rate(self) -> float:
        """Requests a second."""
        return statistics.median(self.rates)


def drive(addresses: Sequence[str], *, clients: int, seconds: float, rounds: int) -> Load:
    """Ask a server for addresses, over and over, and measure.

    Parameters
    ----------
    addresses : sequence of str
        Of one server.
    clients : int
        Connections at once.
    seconds : float
        Length of a round.
    rounds : int
        How many; of several, one more before them does not count.

    Raises
    ------
    LoadError
        If any answer is an error.
    """
    parts = [urlsplit(address) for address in addresses]
    server = f"{parts[0].scheme}://{parts[0].netloc}"
    with tempfile.TemporaryDirectory(prefix="parkplan-wrk-") as folder:
        paths, script = Path(folder) / "paths", Path(folder) / "ask.lua"
        lines = (part.path + (f"?{part.query}" if part.query else "") for part in parts)
        paths.write_text("\n".join(lines) + "\n", encoding="ascii")
        script.write_text(_SCRIPT, encoding="ascii")
        said = [
            _round(server, script, paths, clients=clients, seconds=1 if number < 0 else seconds)
            for number in range(-1 if rounds > 1 else 0, rounds)
        ][-rounds:]
    return Load(
        clients,
        tuple(entry["requests"] / entry["us"] * 1e6 for entry in said),
        statistics.median(entry["p50"] for entry in said) / 1e6,
        statistics.median(entry["p99"] for entry in said) / 1e6,
        round(statistics.median(entry["bytes"] / max(1, entry["requests"]) for entry in said)),
    )


def _round(server: str, script: Path, paths: Path, *, clients: int, seconds: float) -> dict[str, float]:
    options = ["-t", "1", "-c", str(clients), "-d", f"{max(1, round(seconds))}s", "--timeout", f"{_TIMEOUT_S}s"]
    ran = subprocess.run(
        ["wrk", *options, "-s", script, server],
        env={"PATH": "/usr/bin:/bin:/usr/local/bin", "PARKPLAN_WRK_PATHS": str(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    if ran.returncode != 0:
        raise LoadError(f"{server}: {(ran.stderr or ran.stdout).strip()}")
    entry: dict[str, float] = json.loads(ran.stdout.strip().splitlines()[-1])
    if entry["failed"] or entry["lost"] or not entry["requests"]:
        raise LoadError(f"{server}: {entry}")
    return entry
