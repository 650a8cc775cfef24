"""What every page of the portal shares: templates, addresses of its files, names of languages."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.assets import FOLDER, fingerprint
from api.portal.words import finder_words
from layers.types import Language, Text

__all__ = ["LANGUAGE_NAMES", "TEMPLATES", "WAYS", "environment", "has_font"]

TEMPLATES: Final = Path(__file__).resolve().parent.parent / "templates"
LANGUAGE_NAMES: Final = {"vi": "Tiếng Việt", "en": "English"}
#: Pages beside the map, by their addresses, in the order of the bar.
WAYS: Final = {
    "proposals": Text(vi="Đề xuất", en="Proposals"),
    "history": Text(vi="Lịch sử", en="History"),
    "packages": Text(vi="Gói dữ liệu", en="Packages"),
    "files": Text(vi="Nhận dữ liệu", en="Receive files"),
}
_FONT: Final = "vendor/be-vietnam-pro/be-vietnam-pro-vietnamese-400-normal.woff2"


@cache
def environment() -> Environment:
    """Return the templates; what is put into them is escaped.

    Returns
    -------
    Environment
        With `asset(prefix, path)`, the address of a file of the portal, and `ways(language)`, the pages that the bar
        leads to.
    """
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = _asset
    made.globals["ways"] = _ways
    made.globals["finder_words"] = finder_words
    return made


def has_font() -> bool:
    """Return whether the font lies among the portal's files.

    Returns
    -------
    bool
        False where the assets were not fetched.
    """
    return (FOLDER / _FONT).exists()


def _ways(language: Language) -> list[tuple[str, str]]:
    """Return the pages of the bar and what they are called."""
    return [(way, title.say(language)) for way, title in WAYS.items()]


def _asset(prefix: str, path: str) -> str:
    """Return the address of a file of the portal, with its fingerprint."""
    return f"{prefix}/assets/{path}?v={fingerprint(path)}"
