"""The house keeps its own rules: names, errors, docs, assets and files."""

from __future__ import annotations

import ast
import hashlib
import importlib
import re
import string
import subprocess
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from api.problems import KINDS
from layers.errors import ParkplanError

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("layers", "gis", "api")
LONGEST_MODULE_LINES = 600
LARGEST_FILE_BYTES = 500_000

#: Markup, styles and scripts that would make a page wait for another machine.
FOREIGN_ASSETS = re.compile(
    r"""<(?:script|link|img|iframe|object|embed)\b[^>]*\b(?:src|href|data)\s*=\s*["']?(?:https?:)?//"""
    r"""|@import\s+(?:url\()?["']?(?:https?:)?//"""
    r"""|\burl\(\s*["']?(?:https?:)?//"""
    r"""|["'](?:https?:)?//[^"'\s]+\.(?:m?js|css|woff2?|ttf)\b"""
    r"""|\b(?:cdn\.|cdnjs|unpkg|jsdelivr|googleapis|gstatic|maxcdn|bootstrapcdn)""",
    re.IGNORECASE,
)


def tracked(*patterns: str) -> list[Path]:
    """The files that git keeps, so that what was made on this machine does not count."""
    listed = subprocess.run(["git", "ls-files", "-z", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def modules() -> list[Path]:
    return [path for package in PACKAGES for path in sorted((ROOT / package).rglob("*.py"))]


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


def is_registration(decorator: ast.expr) -> bool:
    """Tell a decorator such as `@router.get("/")`: what it registers is found by its path or command, not by name."""
    return (
        isinstance(decorator, ast.Call)
        and isinstance(decorator.func, ast.Attribute)
        and isinstance(decorator.func.value, ast.Name)
        and decorator.func.attr in {"get", "post", "put", "patch", "delete", "options", "command"}
    )


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_a_module_lists_its_public_names(path: Path) -> None:
    module = importlib.import_module(module_name(path))
    listed = set(getattr(module, "__all__", ()))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    written = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        and not node.name.startswith("_")
        and not any(is_registration(decorator) for decorator in node.decorator_list)
    }
    assert written - listed == set(), "public, yet not in __all__"
    assert {name for name in listed if not hasattr(module, name)} == set(), "in __all__, yet not there"


@pytest.mark.parametrize("path", modules(), ids=relative)
def test_a_module_is_short_enough_to_read(path: Path) -> None:
    assert len(path.read_text(encoding="utf-8").splitlines()) <= LONGEST_MODULE_LINES


def test_no_package_has_todos() -> None:
    marks = re.compile(r"\b(?:TODO|FIXME|XXX|HACK)\b|NotImplementedError")
    found = [relative(path) for path in modules() if marks.search(path.read_text(encoding="utf-8"))]
    assert found == []


def error_classes() -> list[type[ParkplanError]]:
    for path in modules():
        importlib.import_module(module_name(path))

    def below(cls: type[ParkplanError]) -> Iterator[type[ParkplanError]]:
        yield cls
        for child in cls.__subclasses__():
            yield from below(child)

    ours = {cls for cls in below(ParkplanError) if cls.__module__.partition(".")[0] in PACKAGES}
    return sorted(ours, key=lambda cls: cls.__qualname__)


def placeholders(template: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}


def test_every_error_says_the_same_in_both_languages() -> None:
    errors = error_classes()
    assert len(errors) > 10
    for cls in errors:
        vi, en = cls.template.vi, cls.template.en
        assert placeholders(vi) == placeholders(en), cls.__qualname__
        assert placeholders(vi) <= {"seen", "wanted", "where"}, cls.__qualname__
        assert vi != en, cls.__qualname__


def fragments(template: str) -> Iterator[str]:
    """The fixed parts of a message that are long enough to know it by."""
    for text, _, _, _ in string.Formatter().parse(template):
        yield from (part for part in re.split(r"[.:;,]", text) if len(part.strip()) >= 9)


def test_every_error_is_read_by_a_test() -> None:
    """A test names the error, its problem type or a part of its message."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py"))
    unread = []
    for cls in error_classes():
        signs = [cls.__name__, kind_of_class(cls), *fragments(cls.template.vi), *fragments(cls.template.en)]
        if "template" in vars(cls) and cls is not ParkplanError and not any(sign.strip() in text for sign in signs):
            unread.append(cls.__name__)
    assert unread == []


def kind_of_class(cls: type[ParkplanError]) -> str:
    """The last part of an error's problem type, as a test writes it."""
    return f'{KINDS[cls].type.rpartition(":")[2]}"' if cls in KINDS else cls.__name__


def test_no_page_loads_anything_from_another_machine() -> None:
    files = [
        path for path in (ROOT / "api").rglob("*") if path.suffix in {".html", ".j2", ".js", ".css", ".py", ".svg"}
    ]
    own = [path for path in files if "vendor" not in path.parts] + sorted((ROOT / "gis" / "maps").rglob("*.py"))
    assert len(own) > 10
    found = [
        f"{relative(path)}: {match.group()}"
        for path in own
        if (match := FOREIGN_ASSETS.search(path.read_text(encoding="utf-8")))
    ]
    assert found == []


@pytest.mark.parametrize(
    "line",
    [
        '<script src="https://example.org/a.js"></script>',
        "<link rel=stylesheet href=//example.org/a.css>",
        '@import "https://example.org/a.css";',
        "background: url(https://example.org/a.png)",
        'JavascriptLink("https://example.org/leaflet.js")',
        "https://cdn.example.org/a",
    ],
)
def test_an_asset_of_another_machine_would_be_found(line: str) -> None:
    assert FOREIGN_ASSETS.search(line)


@pytest.mark.parametrize(
    "line",
    ['<a href="https://example.org/law.html">', '<script src="/assets/map.js">', 'url("images/layers.png")'],
)
def test_a_link_and_an_own_asset_are_no_fault(line: str) -> None:
    assert not FOREIGN_ASSETS.search(line)


def test_no_file_is_too_large_to_keep() -> None:
    assert [relative(path) for path in tracked() if path.stat().st_size > LARGEST_FILE_BYTES] == []


def test_no_input_data_is_kept(shared_data: Path) -> None:
    inputs = {path.stat().st_size: path for path in shared_data.rglob("*") if path.is_file() and path.stat().st_size}
    alike = [path for path in tracked() if path.stat().st_size in inputs]
    digests = {digest(path) for path in shared_data.rglob("*") if path.is_file()}
    assert [relative(path) for path in alike if digest(path) in digests] == []


def digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def test_nothing_that_is_made_is_kept() -> None:
    made = re.compile(r"(^|/)(node_modules|vendor|\.venv|build|dist|var|__pycache__)/|\.(gpkg|pyc|whl)$")
    assert [relative(path) for path in tracked() if made.search(relative(path))] == []


def test_shipped_text_is_composed_unicode() -> None:
    suffixes = {".py", ".toml", ".csv", ".json", ".md", ".html", ".j2", ".js", ".css"}
    texts = [path for path in tracked(*PACKAGES, "docs", "*.md") if path.suffix in suffixes]
    assert [relative(path) for path in texts if not unicodedata.is_normalized("NFC", path.read_text("utf-8"))] == []
