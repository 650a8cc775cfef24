"""How long until the program answers: the server on a store that is there already, `make run`, and the help text?"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from benchmarks.results import Result, result_of
from benchmarks.timing import Prepare, measure

__all__ = ["measure_help", "measure_make_run", "measure_serve"]

ROOT: Final = Path(__file__).resolve().parents[1]
PROGRAM: Final = Path(sys.executable).with_name("parkplan")
#: What any server of this kind has to import; no start can be faster.
LIBRARIES: Final = "import fastapi, geopandas, sqlalchemy, uvicorn"
_LIMIT_S: Final = 120.0
_LOADED: Final = ROOT / "build" / "loaded"


def measure_help(*, rounds: int) -> Result:
    """Print the help of the command line, against an empty Python."""
    sides: dict[str, Prepare] = {
        "parkplan --help": lambda _: lambda: _run([str(PROGRAM), "--help"]),
        "python -c pass": lambda _: lambda: _run([sys.executable, "-c", "pass"]),
    }

    def check(_: int, answers: Mapping[str, Any]) -> None:
        assert "review" in answers["parkplan --help"]

    return result_of("help", "help of the command line", "", measure(sides, rounds=rounds, check=check))


def measure_serve(folder: Path, *, rounds: int) -> Result:
    """Start the server on a seeded GeoPackage, against importing its libraries."""
    environment = _environment(folder / "served.gpkg")
    _run([str(PROGRAM), "init"], environment)
    sides: dict[str, Prepare] = {
        "parkplan serve": lambda _: lambda: _start([str(PROGRAM), "serve"], environment),
        f"python -c {LIBRARIES!r}": lambda _: lambda: _run([sys.executable, "-c", LIBRARIES]),
    }
    title = "second start of the server, until it answers"

    def check(_: int, answers: Mapping[str, Any]) -> None:
        _stop(answers["parkplan serve"])

    return result_of("serve_start", title, "", measure(sides, rounds=rounds, check=check))


def measure_make_run(folder: Path, *, rounds: int) -> Result | None:
    """Start by `make run` when all is installed and loaded; None where something would have to be installed first."""
    if not (list((ROOT / ".venv").glob(".parkplan-*")) and (ROOT / "api/assets/vendor/leaflet").is_dir()):
        return None
    environment = _environment(folder / "run.gpkg")
    with _keeping(_LOADED):
        sides: dict[str, Prepare] = {"make run": lambda _: lambda: _start(["make", "run"], environment)}

        def check(_: int, answers: Mapping[str, Any]) -> None:
            _stop(answers["make run"])

        # The round before the first loads the layers.
        timings = measure(sides, rounds=rounds, warmups=1, check=check)
    return result_of("make_run_start", "second start by make run, until it answers", "", timings)


def _environment(store: Path) -> dict[str, str]:
    """The machine's environment without its own PARKPLAN_ settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PARKPLAN_", "MAKE"))}
    return {**kept, "PARKPLAN_STORE": str(store), "PARKPLAN_LOG_LEVEL": "warning"}


def _run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> str:
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True).stdout


def _start(command: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    """Start a server on a free port and return once it answers."""
    port = _free_port()
    process = subprocess.Popen(
        command,
        cwd=ROOT,
        env={**environment, "PARKPLAN_PORT": str(port)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _wait(f"http://127.0.0.1:{port}/health", process)
    except BaseException:
        _stop(process)
        raise
    return process


def _stop(process: subprocess.Popen[bytes]) -> None:
    """End a server and what started it, outside the timing."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
    process.wait(timeout=_LIMIT_S)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _wait(address: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + _LIMIT_S
    while True:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                assert answer.status == 200
                return
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The server did not answer at {address}.") from error
            time.sleep(0.01)


@contextmanager
def _keeping(path: Path) -> Iterator[None]:
    """Put a file back as it was: `make run` notes which store it loaded last."""
    before = path.read_bytes() if path.exists() else None
    try:
        yield
    finally:
        if before is None:
            path.unlink(missing_ok=True)
        else:
            path.write_bytes(before)
