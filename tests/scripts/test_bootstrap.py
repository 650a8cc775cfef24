"""The environment is made once, mended when needed, and a machine that lacks something is told what."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

#: Runs Python, but only writes down what pip or venv would do.
RECORDER = """#!/bin/sh
case "$*" in
*"-m pip install"* | *"-m venv"*) echo "$@" >>"{log}" ;;
*) exec "{python}" "$@" ;;
esac
"""


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A copy of the files that decide what is installed, with an environment that was made by hand."""
    (tmp_path / "scripts").mkdir()
    for name in ("scripts/bootstrap.sh", "pyproject.toml", "constraints.txt"):
        shutil.copy(ROOT / name, tmp_path / name)
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    write_program(python, RECORDER.format(log=tmp_path / "log", python=sys.executable))
    return tmp_path


def write_program(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


def bootstrap(house: Path, what: str, **environment: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """Run the script and give what it said and which installs it asked for."""
    log = house / "log"
    log.write_text("", encoding="utf-8")
    kept = {name: value for name, value in os.environ.items() if name != "PYTHON"}
    done = subprocess.run(
        [house / "scripts/bootstrap.sh", what],
        env={**kept, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return done, log.read_text(encoding="utf-8").splitlines()


def test_an_environment_made_by_hand_is_filled_and_not_made_anew(house: Path) -> None:
    done, asked = bootstrap(house, "runtime")
    assert done.returncode == 0, done.stderr
    assert [line.split("constraints.txt ")[1] for line in asked] == ["setuptools", "--no-build-isolation --editable ."]
    assert not any("-m venv" in line for line in asked)


def test_nothing_is_installed_twice(house: Path) -> None:
    bootstrap(house, "runtime")
    assert bootstrap(house, "runtime")[1] == []


def test_what_developers_need_comes_on_top_and_serves_a_run_too(house: Path) -> None:
    bootstrap(house, "runtime")
    assert bootstrap(house, "dev")[1][-1].endswith("--editable .[dev]")
    assert bootstrap(house, "dev")[1] == []
    (house / ".venv/.parkplan-runtime").unlink()
    assert bootstrap(house, "runtime")[1] == []


@pytest.mark.parametrize("name", ["pyproject.toml", "constraints.txt"])
def test_a_changed_file_installs_again(house: Path, name: str) -> None:
    bootstrap(house, "runtime")
    with (house / name).open("a", encoding="utf-8") as file:
        file.write("# changed\n")
    assert len(bootstrap(house, "runtime")[1]) == 2


def test_a_failed_install_is_told_and_tried_again(house: Path) -> None:
    python = house / ".venv/bin/python"
    write_program(python, python.read_text(encoding="utf-8").replace('>>"', '>>"$0.gone/').replace("echo", "exec echo"))
    done, _ = bootstrap(house, "runtime")
    assert done.returncode == 1
    assert "Không cài đặt được thư viện Python" in done.stderr
    assert "can this machine reach its Python package index?" in done.stderr
    assert not (house / ".venv/.parkplan-runtime").exists()


def test_a_broken_environment_is_made_anew(house: Path) -> None:
    (house / ".venv/bin/python").unlink()
    other = house / "python"
    write_program(other, RECORDER.format(log=house / "log", python=sys.executable))
    _, asked = bootstrap(house, "runtime", PYTHON=str(other))
    assert asked[0] == "-m venv --clear .venv"


def test_an_old_python_is_refused(house: Path) -> None:
    (house / ".venv/bin/python").unlink()
    old = house / "python"
    write_program(old, '#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    done, asked = bootstrap(house, "runtime", PYTHON=str(old))
    assert done.returncode == 1
    assert "Cần Python 3.11 trở lên, gặp: Python 3.9.2" in done.stderr
    assert "Python 3.11 or later is wanted, seen: Python 3.9.2" in done.stderr
    assert asked == []


def test_a_python_without_venv_names_the_package(house: Path) -> None:
    """Debian's Python has ensurepip in a package of its own; without apt the user is told which."""
    (house / ".venv/bin/python").unlink()
    bare = house / "python"
    lacking = 'case "$*" in *ensurepip*) exit 1 ;; esac\n'
    write_program(bare, f'#!/bin/sh\n{lacking}exec "{sys.executable}" "$@"\n')
    tools = house / "tools"
    tools.mkdir()
    for name in ("sh", "dirname", "id"):
        (tools / name).symlink_to(shutil.which(name) or "")
    done, _ = bootstrap(house, "runtime", PYTHON=str(bare), PATH=str(tools))
    package = f"python{sys.version_info.major}.{sys.version_info.minor}-venv"
    assert done.returncode == 1
    assert f"Hãy chạy: sudo apt-get install {package}" in done.stderr
    assert f"Run: sudo apt-get install {package}" in done.stderr


def test_another_word_is_refused(house: Path) -> None:
    done, asked = bootstrap(house, "everything")
    assert done.returncode == 1
    assert "Wanted 'runtime' or 'dev', saw 'everything'." in done.stderr
    assert asked == []
