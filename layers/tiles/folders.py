"""Where snapshots and compiled code are kept: one folder for all workers of a machine."""

from __future__ import annotations

import hashlib
import os
import platform
import sys
import tempfile
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Final

__all__ = ["KERNELS", "READY", "choose_folder", "chosen_folder", "kernel_folder"]

#: Modules that hold compiled functions, and the numbers that these take over.
KERNELS: Final = ("aggregating", "arrays", "clipping", "collecting", "searching", "simplifying", "validity", "writing")
#: Name of the file that stands beside compiled code once all of it is there.
READY: Final = "ready"
_CHOSEN: list[Path] = []


def choose_folder(given: str | Path = "") -> Path:
    """Say where snapshots and compiled code are kept, before any tile is made.

    Parameters
    ----------
    given : str or Path, optional
        A folder; made where it is missing. Without it the user's own cache folder, or where that cannot be written to,
        the machine's folder for temporary files.

    Returns
    -------
    Path
        The folder.
    """
    folder = _writable(Path(given)) if given else None
    if folder is None:
        folder = _writable(_users_own()) or _temporary()
    _CHOSEN[:] = [folder]
    return folder


def chosen_folder() -> Path:
    """Return the folder that was chosen, or choose one.

    Returns
    -------
    Path
        A folder that can be written to.
    """
    return _CHOSEN[0] if _CHOSEN else choose_folder()


def kernel_folder() -> Path:
    """Return the folder in which compiled code is kept.

    Returns
    -------
    Path
        Of its own for each text of the kernels, compiler, Python and kind of processor.
    """
    here = Path(__file__).parent
    texts = b"\0".join((here / f"{name}.py").read_bytes() for name in KERNELS)
    made_by = f"{sys.version} {version('numba')} {_processor()}"
    return chosen_folder() / "compiled" / hashlib.sha256(texts + made_by.encode()).hexdigest()[:16]


@cache
def _processor() -> str:
    """Return what tells processors apart whose code differs: an image may be made on one and run on another."""
    told = Path("/proc/cpuinfo")
    lines = told.read_text(encoding="utf-8", errors="replace").splitlines() if told.exists() else []
    found = {name.strip(): value.strip() for name, _, value in (line.partition(":") for line in reversed(lines))}
    return f"{platform.machine()} {found.get('model name', platform.processor())} {found.get('flags', '')}"


def _users_own() -> Path:
    base = os.environ.get("XDG_CACHE_HOME", "")
    return (Path(base) if base else Path("~/.cache").expanduser()) / "parkplan"


def _temporary() -> Path:
    # Named by the user: what others put there is not taken for ours.
    folder = Path(tempfile.gettempdir()) / f"parkplan-{os.getuid() if hasattr(os, 'getuid') else 0}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    return folder


def _writable(folder: Path) -> Path | None:
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return folder
    except OSError:
        return None
