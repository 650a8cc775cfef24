"""A real Parkplan server in a process of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Final

__all__ = ["parkplan", "serve"]

ROOT: Final = Path(__file__).resolve().parents[2]
PROGRAM: Final = Path(sys.executable).with_name("parkplan")
START_LIMIT_S: Final = 60.0


def _environment(store: Path | str) -> Mapping[str, str]:
    """The machine's environment without its PARKPLAN_ settings."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PARKPLAN_")}
    return {**kept, "PARKPLAN_STORE": str(store)}


def parkplan(*arguments: str, store: Path | str) -> subprocess.CompletedProcess[str]:
    """Run the command line as a user would and give its exit code and what it printed."""
    return subprocess.run(
        [PROGRAM, *arguments],
        cwd=ROOT,
        env=_environment(store),
        capture_output=True,
        text=True,
        check=False,
    )


@contextmanager
def serve(store: Path | str, *, settings: Mapping[str, str] | None = None, log: Path | None = None) -> Iterator[str]:
    """Make a seeded store, serve it on a free loopback port, give the address, and stop the server at the end.

    What the server says is in the file `log`, by default one beside the store's.
    """
    made = parkplan("init", store=store)
    if made.returncode != 0:
        raise RuntimeError(f"parkplan init failed: {made.stdout}{made.stderr}")
    log = log or Path(store).with_suffix(".log")
    with log.open("wb") as output:
        process = subprocess.Popen(
            [PROGRAM, "serve", "--port", "0"],
            cwd=ROOT,
            env={**_environment(store), **(settings or {})},
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        address = _address(process, log)
        _wait_for(address, process, log)
        yield address
    finally:
        process.terminate()
        process.wait(timeout=START_LIMIT_S)


def _address(process: subprocess.Popen[bytes], log: Path) -> str:
    """Wait until a server says where it is: it chose its port itself, so that nobody can take it in between."""
    deadline = time.monotonic() + START_LIMIT_S
    while not (said := re.search(rb" (http://[\d.]+:\d+)/ \(.*\n", log.read_bytes())):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"The server did not start:\n{log.read_text(errors='replace')}")
        time.sleep(0.05)
    return said[1].decode()


def _wait_for(address: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_LIMIT_S
    while True:
        try:
            with urllib.request.urlopen(f"{address}/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except (urllib.error.URLError, ConnectionError, TimeoutError) as error:
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError(f"The server did not start:\n{log.read_text(errors='replace')}") from error
        time.sleep(0.05)
