"""In which language does the reader want to be answered? RFC 9110, section 12.5.4."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from layers.types import LANGUAGES, Language

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["as_language", "preferred_language", "request_language"]

_RANGE: Final = re.compile(
    r"\s*([A-Za-z*]{1,8})(?:-[A-Za-z0-9-]+)?\s*(?:;\s*q\s*=\s*(0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?))?\s*"
)


def as_language(text: str) -> Language | None:
    """Return a text as a language of the house.

    Parameters
    ----------
    text : str
        A language code.

    Returns
    -------
    {"vi", "en"} or None
        None for any other.
    """
    return next((language for language in LANGUAGES if language == text), None)


def preferred_language(header: str, *, default: Language) -> Language:
    """Return the language of the house that an `Accept-Language` header likes best.

    Parameters
    ----------
    header : str
        The header; what it says wrongly is passed over.
    default : {"vi", "en"}
        Where it names neither, or likes both alike.

    Returns
    -------
    {"vi", "en"}
        The language.

    Examples
    --------
    >>> preferred_language("fr, en-GB;q=0.8, vi;q=0.5", default="vi")
    'en'
    """
    liked: dict[str, float] = {}
    for part in header.split(","):
        if found := _RANGE.fullmatch(part):
            name = found[1].lower()
            liked[name] = max(liked.get(name, 0.0), float(found[2] or 1))
    order = [default, *(language for language in LANGUAGES if language != default)]
    weights = [liked.get(language, liked.get("*", 0.0)) for language in order]
    return order[weights.index(max(weights))]


def request_language(request: Request) -> Language:
    """Return the reader's language: the parameter `lang`, else `Accept-Language`, else the server's own.

    Parameters
    ----------
    request : Request
        The request; a `lang` that is no language of the house is passed over here, and refused where it is read.

    Returns
    -------
    {"vi", "en"}
        The language.
    """
    asked = as_language(request.query_params.get("lang", ""))
    default: Language = request.app.state.settings.language
    return asked or preferred_language(request.headers.get("accept-language", ""), default=default)
