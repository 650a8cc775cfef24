"""The built package is whole: it works where the source tree is not."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("api", "gis", "layers")


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
