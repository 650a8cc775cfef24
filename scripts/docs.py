"""Write the pages of docs/ that follow from the code: all layers, in both languages, and all settings."""

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

__all__ = ["DOCS", "main", "pages", "settings_page"]

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
    return {**references, "settings.md": settings_page()}


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
