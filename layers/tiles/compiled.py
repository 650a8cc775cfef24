"""Compiling what runs once a vertex: with Numba, kept on disk so that the next start finds it.

The compiled code lies in a folder that is named by the text of all kernels, because Numba itself looks only at the file
of the outermost function: a kernel that has changed is never mixed with one that has not. The folder is chosen here, so
that an installation which nobody may write to works too.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final, TypeVar, cast

import numba

from layers.tiles.folders import chosen_folder

__all__ = ["KERNELS", "compiled", "inlined", "kernel_folder"]

#: Modules that hold compiled functions, and the numbers that these take over.
KERNELS: Final = ("aggregating", "arrays", "clipping", "collecting", "searching", "simplifying", "validity", "writing")

Function = TypeVar("Function", bound=Callable[..., Any])


def kernel_folder() -> Path:
    """Return the folder in which compiled code is kept.

    Returns
    -------
    Path
        Of its own for each text of the kernels.
    """
    here = Path(__file__).parent
    texts = b"\0".join((here / f"{name}.py").read_bytes() for name in KERNELS if (here / f"{name}.py").exists())
    return chosen_folder() / "compiled" / hashlib.sha256(texts).hexdigest()[:16]


def compiled(function: Function) -> Function:
    """Compile a function when it is first called, without holding Python's lock while it runs.

    Parameters
    ----------
    function : callable
        Of numbers and arrays.

    Returns
    -------
    callable
        The same, fast.
    """
    return _compiled(function, inline=False)


def inlined(function: Function) -> Function:
    """Compile a function into those that call it: handing arrays over costs more than what a small one does.

    Parameters
    ----------
    function : callable
        Of numbers and arrays.

    Returns
    -------
    callable
        The same, fast.
    """
    return _compiled(function, inline=True)


def _compiled(function: Function, *, inline: bool) -> Function:
    if not numba.config.CACHE_DIR:  # type: ignore[attr-defined] # settings are made at run time
        numba.config.CACHE_DIR = str(kernel_folder())  # type: ignore[attr-defined]
    return cast("Function", numba.njit(cache=True, nogil=True, forceinline=inline)(function))
