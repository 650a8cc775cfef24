"""Libraries that few requests need: they are loaded when something of them is first used, and take no memory before."""

from __future__ import annotations

import importlib
from types import ModuleType
from typing import Any

__all__ = ["lazy_module"]


class _Lazy(ModuleType):
    """Stands for a module until something of it is used."""

    def __init__(self, name: str, parts: tuple[str, ...]) -> None:
        super().__init__(name)
        self.__dict__["_parts"] = parts

    def __getattr__(self, name: str) -> Any:
        module = importlib.import_module(self.__name__)
        for part in self.__dict__["_parts"]:
            importlib.import_module(part)
        return getattr(module, name)


def lazy_module(name: str, *parts: str) -> ModuleType:
    """Return what stands for a module until something of it is used.

    Parameters
    ----------
    name : str
        The module.
    *parts : str
        Modules inside it that are used through it, by their whole names.

    Returns
    -------
    ModuleType
        Gives out whatever the module has.

    Examples
    --------
    >>> lazy_module("xml", "xml.etree.ElementTree").etree.ElementTree.fromstring("<a>b</a>").text
    'b'
    """
    return _Lazy(name, parts)
