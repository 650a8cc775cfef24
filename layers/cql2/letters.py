"""Texts without case or accents, so that both engines give the same answer to CASEI and ACCENTI.

Case: full Unicode case folding, as `str.casefold` does it. Accents: canonical decomposition, combining marks dropped,
strokes that Unicode does not decompose (đ, ø, ł) taken away, composed again. Tone and vowel marks of Vietnamese are
such marks, so `Đường`, `Đừơng` and `Duong` are one.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

__all__ = ["MARKS", "Folds", "folds", "strokes", "without_accents", "without_case"]

#: The blocks of combining marks for letters of any script; vowel signs of other scripts are letters, not accents.
MARKS: Final = "\u0300-\u036f\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
_MARKS: Final = re.compile(f"[{MARKS}]")
_STROKED: Final = re.compile(r"LATIN (CAPITAL|SMALL) LETTER ([A-Z]) WITH [A-Z ]+")
#: Letters of the Latin script end here.
_LATIN_END: Final = 0xABFF


class Folds(NamedTuple):
    """What case folding does beyond writing in small letters.

    Attributes
    ----------
    single : mapping of str to str
        Letters that become another one.
    several : mapping of str to str
        Letters that become several.
    """

    single: dict[str, str]
    several: dict[str, str]


@lru_cache(maxsize=1)
def folds() -> Folds:
    """Return what case folding changes in a text that is in small letters already.

    Returns
    -------
    Folds
        About 200 letters, such as ß to ss and ς to σ.
    """
    found = {
        letter: folded
        for letter in map(chr, range(sys.maxunicode + 1))
        if not "\ud800" <= letter <= "\udfff" and (folded := letter.casefold()) != letter == letter.lower()
    }
    return Folds(
        {letter: folded for letter, folded in found.items() if len(folded) == 1},
        {letter: folded for letter, folded in found.items() if len(folded) > 1},
    )


@lru_cache(maxsize=1)
def strokes() -> dict[str, str]:
    """Return the Latin letters with a stroke, hook or bar that Unicode does not decompose, and their plain letters.

    Returns
    -------
    dict of str to str
        Such as đ to d.
    """
    plain: dict[str, str] = {}
    for letter in map(chr, range(0x80, _LATIN_END)):
        named = _STROKED.fullmatch(unicodedata.name(letter, ""))
        if named and not unicodedata.decomposition(letter):
            plain[letter] = named[2] if named[1] == "CAPITAL" else named[2].lower()
    return plain


@lru_cache(maxsize=1)
def _table() -> dict[int, str]:
    return str.maketrans(strokes())


def without_case(text: str) -> str:
    """Return a text in the form that all its writings in capital and small letters share.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        Case folded.

    Examples
    --------
    >>> without_case("STRASSE") == without_case("Straße")
    True
    """
    return text.casefold()


def without_accents(text: str) -> str:
    """Return a text without accents, strokes and tone marks; capitals stay capitals.

    Parameters
    ----------
    text : str
        Any text, in any Unicode normal form.

    Returns
    -------
    str
        In NFC.

    Examples
    --------
    >>> without_accents("Đường Láng – Hoà Lạc, København")
    'Duong Lang – Hoa Lac, Kobenhavn'
    """
    if text.isascii():
        return text
    bare = _MARKS.sub("", unicodedata.normalize("NFD", text)).translate(_table())
    return unicodedata.normalize("NFC", bare)
