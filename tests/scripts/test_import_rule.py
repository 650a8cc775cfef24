"""The import rule finds what it is there to find, tried on made-up houses."""

from __future__ import annotations

from pathlib import Path

import pytest

from scripts.import_rule import FOREIGN, circles, foreign_imports, main, read_imports, upward_imports

CLEAN = {
    "layers/__init__.py": "",
    "layers/types.py": "import pathlib\n",
    "layers/store/__init__.py": "from layers.store.model import Row\n",
    "layers/store/model.py": "from layers.types import Text\nRow = Text\n",
    "gis/__init__.py": "",
    "gis/review.py": "from layers import types\nimport numpy as np\n",
    "api/__init__.py": "",
    "api/app.py": "import gis.review\nfrom layers.store import Row\nfrom fastapi import FastAPI\n",
}


def build(root: Path, **changes: str) -> Path:
    """Lay a house; a keyword names a file of it with `_` for `/` and gives the text to add."""
    for name, text in CLEAN.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + changes.pop(name.removesuffix(".py").replace("/", "_"), ""), encoding="utf-8")
    assert not changes, f"no such file: {changes}"
    return root


def test_a_clean_house_has_no_fault(tmp_path: Path) -> None:
    imports = read_imports(build(tmp_path))
    assert (upward_imports(imports), foreign_imports(imports), circles(imports)) == ((), (), ())


def test_a_name_from_a_package_counts_as_the_module_it_is(tmp_path: Path) -> None:
    seen = {(item.importer, item.imported) for item in read_imports(build(tmp_path))}
    assert ("gis.review", "layers.types") in seen
    assert ("api.app", "layers.store") in seen
    assert ("layers.store", "layers.store.model") in seen


@pytest.mark.parametrize(
    "line",
    [
        "import gis.review",
        "from gis import review",
        "from gis.review import np",
        "from api.app import FastAPI",
        "def late():\n    from gis import review",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from gis.review import np",
        "import importlib\nimportlib.import_module('gis.review')",
        "from importlib import import_module\nimport_module('api')",
        "try:\n    import api\nexcept ImportError:\n    pass",
    ],
)
def test_an_upward_import_is_found_however_it_is_written(tmp_path: Path, line: str) -> None:
    wrong = upward_imports(read_imports(build(tmp_path, layers_types=line)))
    assert [item.importer for item in wrong] == ["layers.types"]
    assert wrong[0].place.startswith("layers/types.py:")


def test_an_upward_import_names_its_line(tmp_path: Path) -> None:
    wrong = upward_imports(read_imports(build(tmp_path, gis_review="\n\nfrom api import app\n")))
    assert [(item.imported, item.place) for item in wrong] == [("api.app", "gis/review.py:5")]


@pytest.mark.parametrize(
    ("file", "line", "seen"),
    [
        ("gis_review", "import os", "os"),
        ("gis_review", "from os.path import join", "os.path.join"),
        ("gis_review", "import sqlite3", "sqlite3"),
        ("gis_review", "from pathlib import Path", "pathlib.Path"),
        ("gis_review", "from sqlalchemy import select", "sqlalchemy.select"),
        ("gis_review", "from fastapi import FastAPI", "fastapi.FastAPI"),
        ("gis_review", "import httpx", "httpx"),
        ("api_app", "from sqlalchemy.engine import Engine", "sqlalchemy.engine.Engine"),
        ("api_app", "from shapely.ops import unary_union", "shapely.ops.unary_union"),
        ("api_app", "from shapely import ops", "shapely.ops"),
        ("layers_types", "import folium", "folium"),
        ("layers_types", "from starlette.responses import Response", "starlette.responses.Response"),
    ],
)
def test_a_library_that_is_another_packages_business_is_found(tmp_path: Path, file: str, line: str, seen: str) -> None:
    wrong = foreign_imports(read_imports(build(tmp_path, **{file: line})))
    assert [item.imported for item in wrong] == [seen]


def test_a_library_with_a_like_name_is_no_fault(tmp_path: Path) -> None:
    assert foreign_imports(read_imports(build(tmp_path, gis_review="import osmnx\nimport shapely\n"))) == ()


@pytest.mark.parametrize(
    "changes",
    [
        {"layers_types": "from layers.store.model import Row"},
        {"layers_types": "def late():\n    import layers.store.model"},
        {"layers_store_model": "from layers.store import Row"},
        {"layers_store_model": "from . import Row"},
        {"layers_types": "from .store import model"},
    ],
)
def test_modules_that_need_each_other_are_found(tmp_path: Path, changes: dict[str, str]) -> None:
    (circle,) = circles(read_imports(build(tmp_path, **changes)))
    assert circle[0] == circle[-1]
    assert "layers.store.model" in circle


def test_a_module_that_imports_itself_is_found(tmp_path: Path) -> None:
    assert circles(read_imports(build(tmp_path, gis_review="import gis.review\n"))) == (("gis.review", "gis.review"),)


def test_every_package_says_what_it_must_not_import() -> None:
    assert {"os", "pathlib", "sqlite3", "sqlalchemy", "fastapi", "httpx"} <= FOREIGN["gis"]
    assert {"sqlalchemy", "sqlite3", "shapely.ops"} <= FOREIGN["api"]


def test_this_repository_keeps_the_rule(capsys: pytest.CaptureFixture[str]) -> None:
    code = main()
    told = capsys.readouterr().out
    assert code == 0, told
    assert int(told.split("import rule: ")[1].split()[0]) > 100  # it has read something
