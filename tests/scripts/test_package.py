"""The built package is whole: it works where the source tree is not."""

from __future__ import annotations

import ast
import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterable
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("api", "gis", "layers")
#: Run by the Python that QGIS brings, with libraries of its own.
RUN_BY_QGIS = ROOT / "tests/qgis/inside.py"


def tracked(*names: str) -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z", *names], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build from a copy of what git keeps, so that nothing that lies about on this machine gets in."""
    source = tmp_path_factory.mktemp("source")
    for name in tracked(*PACKAGES, "pyproject.toml", "README.md", "LICENSE"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(ROOT / name, source / name)
    shutil.copytree(ROOT / "api/assets/vendor", source / "api/assets/vendor")
    target = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-build-isolation", "--wheel-dir"]
    subprocess.run([sys.executable, "-m", "pip", "wheel", *options, target, source], check=True)
    (built,) = target.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def test_every_kept_file_of_the_packages_is_in_the_wheel(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        shipped = set(archive.namelist())
    assert sorted(set(tracked(*PACKAGES)) - shipped) == []
    assert {"api/assets/vendor/leaflet/leaflet.js", "api/assets/vendor/swagger-ui/LICENSE"} <= shipped
    assert [name for name in shipped if name.startswith(("tests/", "scripts/", "benchmarks/", "notebooks/"))] == []


def test_the_licence_is_in_the_wheel(installed: Path) -> None:
    (licence,) = installed.glob("*.dist-info/licenses/LICENSE")
    assert licence.read_bytes() == (ROOT / "LICENSE").read_bytes()


def test_the_installed_package_makes_a_store_and_reviews_it(installed: Path, tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PARKPLAN_")}
    # The tests' own environment finds the source tree by a finder of its own, which is put out of the way here.
    program = (
        "import sys; sys.meta_path[:] = [finder for finder in sys.meta_path if 'editable' not in str(finder)];"
        "import api; print(api.__file__); from api.cli import main; sys.exit(main())"
    )

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", program, *arguments],
            cwd=tmp_path,
            env={**environment, "PYTHONPATH": str(installed), "PARKPLAN_STORE": "plan.gpkg"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(str(installed)), "the source tree was used"
        return done.stdout

    run("init")
    assert "parks" in run("layers", "list")
    assert run("review", "--horizon", "2030")


def distribution(name: str) -> str:
    """A distribution's name as the package index writes it."""
    return re.sub(r"[-_.]+", "-", re.split(r"[\[<>=!;]", name)[0]).lower()


def declared(*extras: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    lists = [project["dependencies"], *(project["optional-dependencies"][extra] for extra in extras)]
    return {distribution(name) for names in lists for name in names}


def imported(folders: Iterable[str]) -> dict[str, set[str]]:
    """Every library that some folders import, with the distributions that may bring it."""
    brought = packages_distributions()
    found: dict[str, set[str]] = {}
    paths = (path for folder in folders for path in sorted((ROOT / folder).rglob("*.py")))
    for path in (path for path in paths if path != RUN_BY_QGIS):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Import():
                    modules = [alias.name for alias in node.names]
                case ast.ImportFrom(module=str(module), level=0):
                    modules = [module]
                case _:
                    continue
            for top in {module.partition(".")[0] for module in modules} - OURS - sys.stdlib_module_names:
                found[top] = {distribution(name) for name in brought.get(top, [top])}
    return found


OURS = {*PACKAGES, "benchmarks", "scripts", "tests"}
#: Used without being imported by name: as the driver, and by the libraries that are.
SILENT = {"httptools", "psycopg", "uvloop"}


@pytest.mark.parametrize(
    ("folders", "extras"),
    [(PACKAGES, ()), (("tests", "scripts", "benchmarks"), ("notebook", "test", "dev"))],
    ids=["packages", "tools"],
)
def test_every_library_that_is_imported_is_declared(folders: tuple[str, ...], extras: tuple[str, ...]) -> None:
    known = declared(*extras)
    assert {name: brought for name, brought in imported(folders).items() if not brought & known} == {}


def test_every_library_that_is_declared_is_imported() -> None:
    used = set().union(*imported(PACKAGES).values())
    assert declared() - used - SILENT == set()
