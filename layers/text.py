"""Comparing Vietnamese names: search keys without tone and vowel marks, case or punctuation.

The key is for finding and comparing only; the name itself is always kept as it was written.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Any, Final

import pandas as pd

__all__ = ["search_key", "search_keys", "search_keys_of_lines"]

#: Letters whose stroke Unicode does not decompose into a mark.
_STROKES: Final = str.maketrans({"đ": "d", "Đ": "D"})
_NOT_WORD: Final = re.compile(r"[\W_]+")
_SPACES: Final = re.compile(" {2,}")


def search_key(text: str) -> str:
    """Return the form of a text under which it is found whatever its tone marks, case or punctuation.

    Compatibility decomposition (NFKD), marks dropped, đ to d, case folded, every run of other signs one space. The old
    and the new placement of tone marks (Hoà, Hòa) and composed and decomposed Unicode thus give one key.

    Parameters
    ----------
    text : str
        Any text, in any Unicode normal form.

    Returns
    -------
    str
        Letters and digits of the text, words parted by single spaces; empty if it has none. The key of a key is itself.

    Examples
    --------
    >>> search_key("Khu công nghiệp Hoà Lạc") == search_key("KHU CÔNG NGHIỆP HÒA LẠC.")
    True
    >>> search_key(" Đường Láng–Hoà Lạc ")
    'duong lang hoa lac'
    """
    if not text.isascii():
        text = _plain(text.translate(_STROKES))
    folded = text.casefold()
    if not folded.isascii():  # folding may bring new marks (İ) or composed letters
        folded = _plain(folded)
    return _NOT_WORD.sub(" ", folded).strip()


def search_keys(texts: pd.Series[Any]) -> pd.Series[str]:
    """Return the search key of every text of a column.

    Parameters
    ----------
    texts : Series of str
        Texts; missing values are allowed.

    Returns
    -------
    Series of str
        `search_key` of each, same index and name; missing stays missing.

    Examples
    --------
    >>> search_keys(pd.Series(["Hà NộI.", None])).tolist()
    ['ha noi', nan]
    """
    # Columns of names repeat themselves: each different text is worked out once.
    positions, different = pd.factorize(texts)
    keys = pd.array([search_key(str(text)) for text in different], dtype="str")
    return pd.Series(keys.take(positions, allow_fill=True), index=texts.index, name=texts.name, dtype="str")


def search_keys_of_lines(text: str) -> str:
    r"""Return the search key of every line of a text, all at once.

    Parameters
    ----------
    text : str
        Lines parted by line feeds.

    Returns
    -------
    str
        As many lines, each the `search_key` of its own.

    Examples
    --------
    >>> search_keys_of_lines("Hà NộI.\n\nĐường 5")
    'ha noi\n\nduong 5'
    """
    for stroke, plain in _STROKES.items():
        text = text.replace(chr(stroke), plain)
    folded = _plain(_plain(text).casefold())
    # Replacing each sign of a text in turn is a tenth of what a pattern over all of it costs: there are few of them.
    for sign in set(folded) - {"\n", " "}:
        if _NOT_WORD.match(sign):
            folded = folded.replace(sign, " ")
    return _SPACES.sub(" ", folded).replace(" \n", "\n").replace("\n ", "\n").strip(" ")


def _plain(text: str) -> str:
    """Return a text without the signs that only add to others."""
    if text.isascii():
        return text
    text = unicodedata.normalize("NFKD", text)
    for sign in set(text):
        if unicodedata.combining(sign):
            text = text.replace(sign, "")
    return text
