"""What the documents name is there: commands, targets, settings and files."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import typer

from api.cli import app
from api.settings import Settings
from scripts.docs import DOCS, pages

ROOT = Path(__file__).resolve().parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
#: Settings of the tests themselves.
TEST_SETTINGS = {"PARKPLAN_SHARED", "PARKPLAN_TEST_DATABASE_URL"}
#: Made on the reader's machine.
MADE = ("api/assets/vendor", "var/", "build/")


def code(document: Path) -> Iterator[str]:
    """Every line of code in a document: fenced blocks line by line, and code in the running text."""
    text = document.read_text(encoding="utf-8")
    for block in re.findall(r"^```[^\n]*\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL):
        yield from block.splitlines()
    yield from re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", text, flags=re.MULTILINE | re.DOTALL))


def named(pattern: str) -> dict[str, str]:
    """What a pattern finds at the start of a command in the code of all documents, and where it was found last."""
    command = re.compile(rf"(?:^|[\s;&|(])(?:\$ )?(?:\w+=\S+ )*{pattern}")
    return {
        name: str(document.relative_to(ROOT))
        for document in DOCUMENTS
        for line in code(document)
        for name in command.findall(line)
    }


def targets() -> dict[str, str]:
    return dict(re.findall(r"^([a-z-]+):.*?(?:## (.*))?$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE))


def test_every_make_target_that_is_named_exists() -> None:
    wanted = named(r"make ([a-z][a-z-]*)")
    assert {"run", "test"} <= set(wanted)
    assert {name: place for name, place in wanted.items() if name not in targets()} == {}


def test_every_make_target_for_people_is_told_in_contributing() -> None:
    told = set(re.findall(r"make ([a-z-]+)", (ROOT / "CONTRIBUTING.md").read_text("utf-8")))
    assert {name for name, help_text in targets().items() if help_text} - told == set()


def test_every_subcommand_that_is_named_exists() -> None:
    group = typer.main.get_command(app)
    commands = set(group.commands)  # type: ignore[attr-defined]
    wanted = named(r"(?:\.venv/bin/)?parkplan ([a-z][a-z-]*)")
    assert {"serve", "review", "import"} <= set(wanted)
    assert {name: place for name, place in wanted.items() if name not in commands} == {}


def test_every_setting_that_is_named_exists_and_every_setting_is_named() -> None:
    named_settings = {
        name for document in DOCUMENTS for name in re.findall(r"PARKPLAN_[A-Z_]+", document.read_text("utf-8"))
    }
    settings = {f"PARKPLAN_{name.upper()}" for name in Settings.model_fields}
    assert named_settings - settings - TEST_SETTINGS == set()
    assert settings - named_settings == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_file_that_is_named_exists(document: Path) -> None:
    path_like = re.compile(r"^(?:layers|gis|api|tests|scripts|notebooks|benchmarks|docs|\.ci)/[\w./*-]*$")
    names = [word for line in code(document) for word in line.split() if path_like.match(word)]
    assert [name for name in names if not name.startswith(MADE) and not list(ROOT.glob(name.rstrip("/")))] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\(([^)#\s]+)", document.read_text(encoding="utf-8"))
    local = [link for link in links if not re.match(r"[a-z]+:", link)]
    assert [link for link in local if not (document.parent / link).exists()] == []


@pytest.mark.parametrize(("name", "text"), pages().items(), ids=list(pages()))
def test_a_generated_page_is_up_to_date(name: str, text: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == text, "run make docs"
