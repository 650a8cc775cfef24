"""How the review says things: numbers, comparisons and whole sentences, in Vietnamese and English."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from gis.review.layer import StrArray
from layers.types import LANGUAGES, Language, Text

__all__ = ["COMPARISONS", "capital", "comma_list", "lower_first", "say_number", "sentences", "spaced", "unit_of"]

COMPARISONS: Final[dict[str, Text]] = {
    ">=": Text(vi="không nhỏ hơn", en="at least"),
    "<=": Text(vi="không lớn hơn", en="at most"),
    ">": Text(vi="lớn hơn", en="more than"),
    "<": Text(vi="nhỏ hơn", en="less than"),
    "=": Text(vi="bằng", en="exactly"),
}
_THOUSANDS_DECIMALS: Final = {"vi": str.maketrans(",.", ".,"), "en": str.maketrans("", "")}
#: Enough decimals to tell a value from its limit, and no more than a map can bear.
_MOST_DECIMALS: Final = 6


def say_number(value: float, language: Language, *, beside: float | None = None) -> str:
    """Write a number as a reader expects it.

    Parameters
    ----------
    value : float
        The number.
    language : {"vi", "en"}
        Vietnamese writes 1.234,5 where English writes 1,234.5.
    beside : float, optional
        A limit that stands in the same sentence; two decimals become more where both would look alike but are not.

    Returns
    -------
    str
        The number without trailing zeros.

    Examples
    --------
    >>> say_number(1234.5, "vi"), say_number(9.9996, "en", beside=10)
    ('1.234,5', '9.9996')
    """
    decimals = 2
    if beside is not None and math.isfinite(beside):
        while decimals < _MOST_DECIMALS and value != beside and round(value, decimals) == round(beside, decimals):
            decimals += 1
    text = f"{value:,.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return ("0" if text == "-0" else text).translate(_THOUSANDS_DECIMALS[language])


def capital(text: str) -> str:
    """Return a text with its first letter in upper case.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        The text; the other letters as they were.
    """
    return text[:1].upper() + text[1:]


def lower_first(text: str) -> str:
    """Return a text as it stands inside a sentence: first letter lower, unless the word is an abbreviation.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        The text.

    Examples
    --------
    >>> lower_first("Đất giao thông"), lower_first("QCVN 01"), lower_first("5G base station")
    ('đất giao thông', 'QCVN 01', '5G base station')
    """
    return text if text[1:2].isupper() else text[:1].lower() + text[1:]


def comma_list(texts: Sequence[str], language: Language, *, last: Text) -> str:
    """Join words as a sentence lists them.

    Parameters
    ----------
    texts : sequence of str
        The words, each at most once in the result.
    language : {"vi", "en"}
        The reader's language.
    last : Text
        The word before the last one.

    Returns
    -------
    str
        Such as ``a, b or c``.
    """
    words = list(dict.fromkeys(texts))
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} {last.say(language)} {words[-1]}"


def sentences(count: int, say: Callable[[int, Language], str]) -> dict[Language, StrArray]:
    """Write one text per row in each language.

    Parameters
    ----------
    count : int
        Number of rows.
    say : callable
        Takes the row and the language.

    Returns
    -------
    dict of str to ndarray of str
        By language. Text is written row by row: no array function words a sentence.
    """
    return {
        language: np.array([*(say(row, language) for row in range(count)), ""], dtype=object)[:-1]
        for language in LANGUAGES
    }


def unit_of(text: str) -> str:
    """Return the measure that a unit begins with.

    Parameters
    ----------
    text : str
        Such as ``% of park area``.

    Returns
    -------
    str
        Such as ``%``.
    """
    return next(iter(text.split()), "")


def spaced(value: str, unit: str) -> str:
    """Return a number with its unit behind it.

    Parameters
    ----------
    value, unit : str
        The parts.

    Returns
    -------
    str
        With one space between, none if there is no unit; a percent sign stands close, as both languages print it.
    """
    return f"{value}{unit}" if unit.startswith("%") else f"{value} {unit}".strip()
