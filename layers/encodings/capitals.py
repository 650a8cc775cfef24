"""The capitals that TCVN3 cannot write: read them from the plain letters beside them.

The encoding has capitals only for Ă Â Ê Ô Ơ Ư Đ; all others are small letters shown in a font of capitals (".VnTimeH").
The font is gone from a table, so "NGHIÖP" comes out as "NGHIệP". That the word is in capitals is plain; of a word with
one plain letter ("Hµ": Hà or HÀ) the other words of the text tell.
"""

from __future__ import annotations

import re
from typing import Final

from layers.encodings.letters import SMALL

__all__ = ["IN_CAPITALS", "restore_capitals"]

_WORD: Final = re.compile(r"[^\W\d_]+")
_SMALL: Final = re.compile("[a-z]")
_CAPITAL: Final = re.compile("[A-ZĂÂÊÔƠƯĐ]")
_UPPER: Final = str.maketrans({letter: letter.upper() for letter in SMALL if not letter.isascii()})
#: Two capitals with no plain small letter between.
IN_CAPITALS: Final = re.compile(r"[A-ZĂÂÊÔƠƯĐ][^\Wa-z\d_]*[A-ZĂÂÊÔƠƯĐ]")


def restore_capitals(text: str) -> str:
    """Return a text decoded from TCVN3 with the capitals that its plain letters prove.

    Parameters
    ----------
    text : str
        Decoded text, NFC.

    Returns
    -------
    str
        The same letters, as many characters; only the case of some differs.

    Examples
    --------
    >>> restore_capitals("KHU CÔNG NGHIệP Hà NộI"), restore_capitals("Hà Nội")
    ('KHU CÔNG NGHIỆP HÀ NỘI', 'Hà Nội')
    """
    if not IN_CAPITALS.search(text):
        return text
    if not _SMALL.search(text):
        return text.translate(_UPPER)
    return _WORD.sub(_restored, text)


def _restored(match: re.Match[str]) -> str:
    word = match[0]
    in_capitals = len(_CAPITAL.findall(word)) > 1 and not _SMALL.search(word)
    return word.translate(_UPPER) if in_capitals else word
