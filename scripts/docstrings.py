"""Check the docstring of every public name against numpydoc's rules.

The rules are those of ``[tool.numpydoc_validation]`` in pyproject.toml. Public is what a module lists in ``__all__``,
and of a class there every method and property without a leading underscore. The objects are looked at as Python sees
them, so a property counts as a property and a dataclass has its parameters; the source alone does not tell that.
"""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import Final

from numpydoc.validate import validate

__all__ = ["faults", "main", "public_names"]

ROOT: Final = Path(__file__).resolve().parent.parent
PACKAGES: Final = ("layers", "gis", "api")


def public_names(module: ModuleType) -> Iterator[str]:
    """Give the dotted name of a module and of everything in it that others may use and that can have a docstring.

    Parameters
    ----------
    module : module
        An imported module.

    Yields
    ------
    str
        The module first, then each function and class with its methods.
    """
    yield module.__name__
    for name in getattr(module, "__all__", ()):
        value = getattr(module, name)
        # What a package passes on from its modules is checked where it is written.
        if getattr(value, "__module__", None) != module.__name__ or not callable(value):
            continue
        if inspect.isclass(value) or inspect.isroutine(inspect.unwrap(value)):
            yield f"{module.__name__}.{name}"
        if inspect.isclass(value):
            yield from (f"{module.__name__}.{name}.{member}" for member in _public_members(value))


def _public_members(owner: type) -> Iterator[str]:
    for name, value in vars(owner).items():
        is_method = inspect.isfunction(value) or isinstance(value, property | classmethod | staticmethod)
        if is_method and not name.startswith("_"):
            yield name


def faults(name: str, checks: frozenset[str]) -> tuple[str, ...]:
    """Return what is wrong with the docstring of one name.

    Parameters
    ----------
    name : str
        The dotted name.
    checks : frozenset of str
        The codes of numpydoc's rules that apply.

    Returns
    -------
    tuple of str
        One line each: place, name, rule, reason.
    """
    found = validate(name)
    skipped = set() if _has_own_parameters(name) else {"PR01"}
    place = f"{found['file']}:{found['file_line']}" if found["file"] else name
    return tuple(f"{place}: {name} {code} {reason}" for code, reason in found["errors"] if code in checks - skipped)


def _has_own_parameters(name: str) -> bool:
    """Tell a class that inherits its constructor; the parameters are then documented where they are defined."""
    module, _, attribute = name.rpartition(".")
    owner = getattr(sys.modules.get(module), attribute, None)
    return not inspect.isclass(owner) or dataclasses.is_dataclass(owner) or "__init__" in vars(owner)


def _modules(root: Path, packages: Sequence[str]) -> Iterator[ModuleType]:
    for package in packages:
        for path in sorted(root.glob(f"{package}/**/*.py")):
            parts = path.relative_to(root).with_suffix("").parts
            yield importlib.import_module(".".join(parts[:-1] if parts[-1] == "__init__" else parts))


def main() -> int:
    """Check this repository.

    Returns
    -------
    int
        The exit code: 1 if any docstring is wrong.
    """
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    checks = frozenset(project["tool"]["numpydoc_validation"]["checks"])
    names = [name for module in _modules(ROOT, PACKAGES) for name in public_names(module)]
    wrong = [line for name in names for line in faults(name, checks)]
    print("\n".join([*wrong, f"docstrings: {len(names)} public names read, {len(wrong)} faults"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
