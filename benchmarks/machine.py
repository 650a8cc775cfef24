"""On what it was measured: without names of hosts, users or folders."""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import subprocess
from importlib.metadata import version
from pathlib import Path

import pyogrio
import shapely

__all__ = ["describe", "ogr2ogr_version", "own_peak_mib"]

_LIBRARIES = (
    "numpy", "pandas", "geopandas", "shapely", "pyogrio", "SQLAlchemy", "GeoAlchemy2", "psycopg", "orjson", "fastapi"
)  # fmt: skip


def ogr2ogr_version() -> str:
    """Version of the ogr2ogr on the path, such as ``3.6.2``."""
    said = subprocess.run(["ogr2ogr", "--version"], capture_output=True, text=True, check=True).stdout
    return re.sub(r"^GDAL ([\w.]+).*$", r"\1", said.strip(), flags=re.DOTALL)


def describe() -> dict[str, str]:
    """Processor, memory, system and versions, as far as they bear on the figures."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    return {
        "processor": _first(r"^model name\s*: (.*)$", Path("/proc/cpuinfo")) or platform.machine(),
        "cores": str(os.cpu_count()),
        "memory": _memory(),
        "system": f"{platform.system()} {platform.machine()}",
        "load at the start": f"{load:.1f}",
        "Python": platform.python_version(),
        "SQLite": sqlite3.sqlite_version,
        "GEOS": ".".join(map(str, shapely.geos_version)),
        "GDAL in pyogrio": ".".join(map(str, pyogrio.__gdal_version__)),
        "ogr2ogr": ogr2ogr_version(),
        **{name: version(name) for name in _LIBRARIES},
    }


def _first(pattern: str, path: Path) -> str | None:
    found = re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE) if path.exists() else None
    return found.group(1) if found else None


def _memory() -> str:
    kilobytes = _first(r"^MemTotal:\s*(\d+)", Path("/proc/meminfo"))
    return f"{int(kilobytes) / 2**20:.0f} GiB" if kilobytes else "unknown"


def own_peak_mib() -> float:
    """Most memory that this program has had, MiB; unlike that of `getrusage` without what its parent had before it."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) / 1024
