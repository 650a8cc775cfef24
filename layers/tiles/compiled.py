"""Compiling what runs once a vertex: with Numba, kept on disk so that the next start finds it.

The compiled code lies in a folder that is named by the text of all kernels, because Numba itself looks only at the file
of the outermost function: a kernel that has changed is never mixed with one that has not. The folder is chosen here, so
that an installation which nobody may write to works too.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

from layers.tiles.folders import kernel_folder

__all__ = ["compiled", "inlined"]

Function = TypeVar("Function", bound=Callable[..., Any])


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
