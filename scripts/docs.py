"""Write the pages of docs/ that follow from the code: all layers, all checks and all settings."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from numpydoc.docscrape import NumpyDocString

from api.settings import Settings
from layers.catalogue import shipped_definitions
from layers.schema import reference_page
from layers.types import LANGUAGES
from layers.validation import RULES

__all__ = ["DOCS", "checks_page", "main", "pages", "settings_page"]

_GROUPS: Final = {
    "file": "The file",
    "schema": "Attributes against the layer's definition",
    "geometry": "Geometry",
    "topology": "Topology",
    "attributes": "Attributes against geometry",
}
DOCS: Final = Path(__file__).resolve().parent.parent / "docs"


def pages() -> Mapping[str, str]:
    """Return every generated page.

    Returns
    -------
    mapping of str to str
        File name below docs/ to its text.
    """
    definitions = list(shipped_definitions().values())
    references = {f"layers.{language}.md": reference_page(definitions, language) for language in LANGUAGES}
    return {**references, "settings.md": settings_page(), "checks.md": checks_page()}


def settings_page() -> str:
    """Return the page that lists every setting with its default and its meaning.

    Returns
    -------
    str
        Markdown.
    """
    lines = [
        "# Settings",
        "",
        "Read from the command line, then the environment, then a file `.env` in the working folder.",
        "",
        "| variable | default | meaning |",
        "|---|---|---|",
    ]
    for item in NumpyDocString(inspect.getdoc(Settings) or "")["Attributes"]:
        names = [name.strip() for name in item.name.split(",")]
        variables = ", ".join(f"`PARKPLAN_{name.upper()}`" for name in names)
        defaults = ", ".join(_default(Settings.model_fields[name].default) for name in names)
        lines.append(f"| {variables} | {defaults} | {' '.join(item.desc)} |")
    return "\n".join([*lines, ""])


def checks_page() -> str:
    """Return the page that lists every check of a file, in both languages.

    Returns
    -------
    str
        Markdown.
    """
    lines = [
        "# Checks",
        "",
        "Everything that `parkplan validate` and `parkplan import` look for (`layers.validation.RULES`); how they work",
        "stands in [validation](validation.md). An error keeps a feature out of the store, unless it was put right.",
    ]
    for group, title in _GROUPS.items():
        lines += [
            "",
            f"## {title}",
            "",
            "| rule | severity | who mends it | finds | what to do |",
            "|---|---|---|---|---|",
        ]
        for name, rule in RULES.items():
            if rule.group == group:
                finds, fix = (f"{text.en}<br>{text.vi}" for text in (rule.title, rule.fix))
                lines.append(f"| `{name}` | {rule.severity} | {rule.fixer} | {finds} | {fix} |")
    return "\n".join([*lines, ""])


def _default(value: object) -> str:
    return f"`{str(value).lower() if isinstance(value, bool) else value}`" if value != "" else "empty"


def main() -> int:
    """Write the pages.

    Returns
    -------
    int
        The exit code.
    """
    for name, text in pages().items():
        (DOCS / name).write_text(text, encoding="utf-8")
        print(f"docs/{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
