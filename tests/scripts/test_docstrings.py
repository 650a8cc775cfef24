"""The docstring check finds what it is there to find."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from scripts.docstrings import faults, public_names

SOURCE = '''\
"""A module."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, NamedTuple, Protocol

import typer

__all__ = ["Area", "Corner", "Edge", "Failure", "Path", "Reader", "Worse"]
__all__ += ["bare", "command", "length", "silent", "wrong"]


class Corner(NamedTuple):
    """A corner.

    Attributes
    ----------
    x, y : float
        Where.
    """

    x: float
    y: float


@dataclass(frozen=True)
class Edge:
    """An edge whose end is not told.

    Attributes
    ----------
    start : Corner
        Where it begins.
    """

    start: Corner
    end: Corner
    _length: float = 0.0


class Reader(Protocol):
    """What can read."""

    def __call__(self, layer: str) -> str: ...


@dataclass(frozen=True)
class Area:
    """An area.

    Parameters
    ----------
    hectares : float
        Its size.
    """

    hectares: float

    @property
    def metres(self) -> float:
        """Square metres."""
        return self.hectares * 10_000

    def undocumented(self) -> int:
        return 1

    def _private(self) -> int:
        return 1


class Failure(Exception):
    """A failure.

    Parameters
    ----------
    seen : str
        What was seen.
    """

    def __init__(self, seen: str) -> None:
        super().__init__(seen)


class Worse(Failure):
    """A worse failure."""


def length(line: str) -> int:
    """Return the length.

    Parameters
    ----------
    line : str
        The line.

    Returns
    -------
    int
        Characters.
    """
    return len(line)


def wrong(line: str, *, width: int) -> int:
    """Return the width.

    Parameters
    ----------
    line : str
        The line.
    height : int
        No such parameter.
    """
    return width


def bare(): pass


def command(name: Annotated[str, typer.Option(help="Whose.")]) -> None:
    """Greet."""


def silent(name: Annotated[str, typer.Option()], count: Annotated[int, typer.Option(help="How often.")]) -> None:
    """Greet."""


def _private(): pass
'''


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    (tmp_path / "made_up_house.py").write_text(SOURCE, encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "made_up_house", raising=False)
    return importlib.import_module("made_up_house")


@pytest.fixture
def codes(module: ModuleType) -> Callable[[str], list[str]]:
    checks = frozenset({"GL08", "PR01", "PR02", "RT01"})
    return lambda name: [line.split(f"{name} ")[1].split()[0] for line in faults(f"{module.__name__}.{name}", checks)]


def test_public_names_are_those_that_others_may_use(module: ModuleType) -> None:
    assert [name.removeprefix("made_up_house") for name in public_names(module)] == [
        "",
        ".Area",
        ".Area.metres",
        ".Area.undocumented",
        ".Corner",
        ".Edge",
        ".Failure",
        ".Reader",
        ".Worse",
        ".bare",
        ".command",
        ".length",
        ".silent",
        ".wrong",
    ]


def test_what_is_documented_passes(codes: Callable[[str], list[str]]) -> None:
    names = ("Area", "Area.metres", "Corner", "Failure", "Reader", "Worse", "command", "length")
    assert {name: codes(name) for name in names} == {name: [] for name in names}


def test_an_option_without_help_is_found(codes: Callable[[str], list[str]]) -> None:
    assert codes("silent") == ["PR01"]


def test_a_field_that_is_not_told_is_found(codes: Callable[[str], list[str]]) -> None:
    assert codes("Edge") == ["PR01"]


def test_a_module_needs_a_docstring(module: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    assert faults(module.__name__, frozenset()) == ()
    monkeypatch.setattr(module, "__doc__", None)
    assert faults(module.__name__, frozenset()) == ("made_up_house: GL08 The module does not have a docstring",)


def test_a_missing_docstring_is_found(codes: Callable[[str], list[str]]) -> None:
    assert codes("bare") == ["GL08"]
    assert codes("Area.undocumented") == ["GL08"]


def test_parameters_and_results_that_do_not_match_are_found(codes: Callable[[str], list[str]]) -> None:
    assert sorted(codes("wrong")) == ["PR01", "PR02", "RT01"]
