"""Comparing Vietnamese names with their tone marks: one Unicode form, one place for every mark, the real Đ.

Hoà Lạc and Hòa Lạc are one name; so are composed and decomposed text, and Ðông Anh with the Icelandic Ð that looks the
same. The canonical form makes them equal and keeps all that tells names apart. It is for comparing only: what is stored
and shown is the name as it was written. `layers.text.search_key` goes further and drops the marks: it is for finding.

The mark's place is that of the traditional style (hòa, khỏe, thủy), which input programs use unless told otherwise; the
reformed style of the 1984 decision (hoà, khoẻ, thuỷ) is the option `reformed`. Marks in a place that neither style has
(qúy, gía, tóan, hòan) are put right too. Spellings with i or y (Mỹ, Mĩ) stay different.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Any, Final, Literal

import pandas as pd

from layers.encodings.letters import compose
from layers.encodings.syllables import TONELESS, place_tone, toneless
from layers.text import search_key

__all__ = ["Likeness", "canonical", "canonicals", "likeness"]

Likeness = Literal["same", "unmarked", "different"]

_MARKED_WORD: Final = re.compile(r"[^\W\d_]*[^\x00-\x7f\W\d_][^\W\d_]*")
_LOOKALIKES: Final = str.maketrans(
    {"Ð": "Đ", "ð": "đ", "Ɖ": "Đ", "ɖ": "đ", "\u00a0": " ", "\u200b": None, "\ufeff": None}
)
_SPACES: Final = re.compile(r"\s+")


def canonical(text: str, *, reformed: bool = False) -> str:
    """Return the form of a text under which one name is always spelt alike; case and marks are kept.

    Parameters
    ----------
    text : str
        Any text, in any Unicode normal form.
    reformed : bool, optional
        Place tone marks as in hoà, khoẻ, thuỷ in place of hòa, khỏe, thủy.

    Returns
    -------
    str
        NFC; runs of spaces are one, none at the ends. Words that are no Vietnamese syllables keep their letters. The
        canonical form of a canonical form is itself.

    Examples
    --------
    >>> canonical("Hoà Lạc"), canonical("THUỶ NGUYÊN"), canonical("qúy giá"), canonical("Hòa", reformed=True)
    ('Hòa Lạc', 'THỦY NGUYÊN', 'quý giá', 'Hoà')
    """
    if text.isascii():
        return _SPACES.sub(" ", text).strip()
    composed = unicodedata.normalize("NFC", text).translate(_LOOKALIKES)
    placed = _MARKED_WORD.sub(lambda match: _placed(match[0], reformed), composed)
    return _SPACES.sub(" ", placed).strip()


def canonicals(texts: pd.Series[Any], *, reformed: bool = False) -> pd.Series[str]:
    """Return the canonical form of every text of a column.

    Parameters
    ----------
    texts : Series of str
        Texts; missing values are allowed.
    reformed : bool, optional
        As for `canonical`.

    Returns
    -------
    Series of str
        Same index and name; missing stays missing.

    Examples
    --------
    >>> canonicals(pd.Series(["Hoà Bình", None])).tolist()
    ['Hòa Bình', nan]
    """
    positions, different = pd.factorize(texts)
    forms = pd.array([canonical(str(text), reformed=reformed) for text in different], dtype="str")
    return pd.Series(forms.take(positions, allow_fill=True), index=texts.index, name=texts.name, dtype="str")


def likeness(one: str, other: str) -> Likeness:
    """Tell whether two spellings are one name.

    Parameters
    ----------
    one, other : str
        The names.

    Returns
    -------
    {"same", "unmarked", "different"}
        "same" whatever the case, the Unicode form and the style of tone marks; "unmarked" if they are alike only once
        all marks and punctuation are dropped, which different names can be.

    Examples
    --------
    >>> likeness("Hoà Lạc", "HÒA LẠC"), likeness("Hoa Lac", "Hòa Lạc"), likeness("Hoà Lạc", "Hoà Bình")
    ('same', 'unmarked', 'different')
    """
    if canonical(one).casefold() == canonical(other).casefold():
        return "same"
    return "unmarked" if search_key(one) == search_key(other) else "different"


@lru_cache(maxsize=65_536)
def _placed(word: str, reformed: bool) -> str:  # noqa: FBT001 -- positional for the cache
    """Return a word with its tone mark where the style puts it."""
    parted = toneless(word.lower())
    # Letters that change their number of characters with their case are not Vietnamese.
    if parted is None or not parted[1] or parted[0] not in TONELESS or len(parted[0]) != len(word):
        return word
    plain, tone = parted
    place = place_tone(plain, reformed=reformed)
    letters = [letter.upper() if shown.isupper() else letter for letter, shown in zip(plain, word, strict=True)]
    return "".join(compose(letter, tone) if at == place else letter for at, letter in enumerate(letters))
