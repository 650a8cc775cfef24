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
from types import FunctionType, ModuleType
from typing import Final, Protocol, get_type_hints

from numpydoc.docscrape import NumpyDocString
from numpydoc.validate import validate
from pydantic import BaseModel
from typer.models import ParameterInfo

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
        The dotted name, its module imported.
    checks : frozenset of str
        The codes of numpydoc's rules that apply.

    Returns
    -------
    tuple of str
        One line each: place, name, rule, reason.
    """
    if name in sys.modules:
        return () if sys.modules[name].__doc__ else (f"{name}: GL08 The module does not have a docstring",)
    found = validate(name)
    owner = getattr(sys.modules.get(name.rpartition(".")[0]), name.rpartition(".")[2], None)
    skipped = {"PR01"} if _tells_its_parameters_elsewhere(owner) else set()
    place = f"{found['file']}:{found['file_line']}"
    return tuple(f"{place}: {name} {code} {reason}" for code, reason in found["errors"] if code in checks - skipped)


def _tells_its_parameters_elsewhere(owner: object) -> bool:
    """Tell what may lack the section Parameters.

    The command line shows a command's docstring as its help, and each option tells of itself. A value may list its
    fields as Attributes, if it lists all of them. A class that inherits its constructor has it documented where it is
    defined, and a protocol is never constructed.
    """
    if not inspect.isclass(owner):
        return inspect.isfunction(owner) and _is_command(owner)
    fields = _fields(owner)
    if fields is None:
        return "__init__" not in vars(owner) or Protocol in owner.__bases__
    listed = {
        name.strip()
        for item in NumpyDocString(inspect.getdoc(owner) or "")["Attributes"]
        for name in item.name.split(",")
    }
    return {name for name in fields if not name.startswith("_")} <= listed


def _is_command(function: FunctionType) -> bool:
    try:
        hints = get_type_hints(function, include_extras=True)
    except (NameError, TypeError):
        # Only a type checker can read these annotations, and the command line reads those of its commands.
        return False
    hints.pop("return", None)
    return bool(hints) and all(
        any(isinstance(told, ParameterInfo) and told.help for told in getattr(hint, "__metadata__", ()))
        for hint in hints.values()
    )


def _fields(owner: type) -> tuple[str, ...] | None:
    """Return the fields of a dataclass, a named tuple or a pydantic model; None for any other class."""
    if dataclasses.is_dataclass(owner):
        return tuple(field.name for field in dataclasses.fields(owner))
    if issubclass(owner, tuple):
        return tuple(getattr(owner, "_fields", ()))
    return tuple(owner.model_fields) if issubclass(owner, BaseModel) else None


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
