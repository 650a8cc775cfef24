"""What a process that lives long holds in memory without need: given back to the system."""

from __future__ import annotations

import ctypes
import gc
import re
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

__all__ = ["bound_memory", "drop_code", "give_back"]

#: Numbers of settings of the GNU C library (malloc.h).
_MMAP_THRESHOLD: Final = -3
_ARENA_MAX: Final = -8
#: Blocks from this length on are mapped by themselves, and go back to the system as soon as they are free, bytes.
_LARGE: Final = 1 << 20
#: Threads share so many heaps: each keeps what its busiest moment took.
_ARENAS: Final = 2
_DONTNEED: Final = 4
#: A mapping: its ends, what may be done with it, the file.
_MAPPING: Final = re.compile(r"([0-9a-f]+)-([0-9a-f]+) (\S+) \S+ \S+ \S+\s+(/.*)")


def _library(name: str) -> Any:
    """Return a function of the C library, None where it has none of that name."""
    return getattr(ctypes.CDLL(None), name, None)


def bound_memory() -> None:
    """Let a server keep few heaps and no large free blocks, before it starts threads."""
    setting = _library("mallopt")
    if setting is not None:
        setting(_ARENA_MAX, _ARENAS)
        setting(_MMAP_THRESHOLD, _LARGE)
    pa.set_memory_pool(pa.system_memory_pool())


def give_back() -> None:
    """Return free memory to the system."""
    pa.default_memory_pool().release_unused()
    trim = _library("malloc_trim")
    if trim is not None:
        trim(0)


def drop_code() -> None:
    """Let go of code that only starting has run, and of objects that only starting has made.

    Libraries that were loaded are mapped files. What of them was never changed is let go here, and read again from the
    system's cache of files when it runs again. Objects that are there now are not looked at any more for others that
    might be free: there are a million, and looking at them would hold up a request.
    """
    gc.collect()
    gc.freeze()
    give_back()
    advise = _library("madvise")
    mappings = Path("/proc/self/smaps")
    if advise is None or not mappings.exists():
        return
    for start, end in _clean(mappings.read_text(encoding="utf-8", errors="replace")):
        advise(ctypes.c_void_p(start), ctypes.c_size_t(end - start), _DONTNEED)


def _clean(text: str) -> list[tuple[int, int]]:
    """Return private mappings of files of which nothing was changed, as they stand in `/proc/self/smaps`."""
    found = []
    current: tuple[int, int] | None = None
    for line in text.splitlines():
        if line[:1].islower() or line[:1].isdigit():
            mapping = _MAPPING.match(line)
            kept = mapping is not None and mapping[3] in ("r-xp", "r--p") and not mapping[4].endswith("(deleted)")
            current = (int(mapping[1], 16), int(mapping[2], 16)) if mapping is not None and kept else None
        elif line.startswith("Anonymous:") and current is not None and line.split()[1] == "0":
            found.append(current)
    return found
