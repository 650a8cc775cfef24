"""What every page of the portal shares: templates, addresses of its files, names of languages."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.assets import FOLDER, fingerprint

__all__ = ["LANGUAGE_NAMES", "TEMPLATES", "environment", "has_font"]

TEMPLATES: Final = Path(__file__).resolve().parent.parent / "templates"
LANGUAGE_NAMES: Final = {"vi": "Tiếng Việt", "en": "English"}
_FONT: Final = "vendor/be-vietnam-pro/be-vietnam-pro-vietnamese-400-normal.woff2"


@cache
def environment() -> Environment:
    """Return the templates; what is put into them is escaped.

    Returns
    -------
    Environment
        With `asset(prefix, path)`, the address of a file of the portal.
    """
    made = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.globals["asset"] = _asset
    return made


def has_font() -> bool:
    """Return whether the font lies among the portal's files.

    Returns
    -------
    bool
        False where the assets were not fetched.
    """
    return (FOLDER / _FONT).exists()


def _asset(prefix: str, path: str) -> str:
    """Return the address of a file of the portal, with its fingerprint."""
    return f"{prefix}/assets/{path}?v={fingerprint(path)}"
