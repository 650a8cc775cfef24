"""VIQR: Vietnamese in plain ASCII, marks as signs behind the vowels (RFC 1456).

A vowel takes the sign of its own mark first (^ ( +), then that of its tone (` ' ? ~ .); dd is đ. A backslash before
a sign says that it is no mark.
"""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from layers.encodings.letters import CAPITAL, SMALL
from layers.encodings.tables import VIQR_MARKS, VIQR_TONES

__all__ = ["VIQR", "VIQR_AMBIGUOUS", "VIQR_TYPICAL", "decode_viqr", "encode_viqr"]

_SIGNS: Final = {**VIQR_MARKS, **VIQR_TONES}


def _signs(letter: str) -> str:
    plain = unicodedata.normalize("NFD", letter)[0]
    marks = unicodedata.normalize("NFD", letter)[1:]
    # In decomposed form the dot below comes before the mark of the vowel; in VIQR the tone is last.
    return plain + "".join(_SIGNS[mark] for mark in sorted(marks, key=lambda mark: mark in VIQR_TONES))


#: Letter to signs.
VIQR: Final = {letter: _signs(letter) for letter in (*SMALL[:-1], *CAPITAL[:-1])} | {"đ": "dd", "Đ": "DD"}
_LETTERS: Final = {signs: letter for letter, signs in VIQR.items()} | {"Dd": "Đ", "dD": "đ"}
_ESCAPABLE: Final = "\\^(+`'?~.dD"
_TONE: Final = "[`'?~.]"
_CODES: Final = re.compile(
    rf"\\[{re.escape(_ESCAPABLE)}]|[aA](?:[\^(]{_TONE}?|{_TONE})|[eE](?:\^{_TONE}?|{_TONE})|[oO](?:[\^+]{_TONE}?|{_TONE})"
    rf"|[uU](?:\+{_TONE}?|{_TONE})|[iIyY]{_TONE}|[dD][dD]"
)
_VOWEL: Final = frozenset((*SMALL[:-1], *CAPITAL[:-1]))
#: Signs that hardly follow a vowel in other texts, or stand inside a word.
VIQR_TYPICAL: Final = re.compile(
    r"[aeouAEOU][\^(+][`'?~.A-Za-z]|[aeiouyAEIOUY](?:\^|[`~]|['?.](?=[a-z]))|\b[Dd]d(?=[aeiouy])"
)
#: A vowel and a sign that may as well be the stop of a sentence.
VIQR_AMBIGUOUS: Final = re.compile(r"(?<=[aeiouyAEIOUY])[.?](?=[\s.,;:!?)\"']|$)")


def decode_viqr(text: str) -> str:
    """Return a text written in VIQR in Unicode.

    Parameters
    ----------
    text : str
        Text in VIQR.

    Returns
    -------
    str
        NFC.

    Examples
    --------
    >>> decode_viqr("Khu co^ng nghie^.p DDo^ng Anh")
    'Khu công nghiệp Đông Anh'
    """
    return _CODES.sub(lambda match: match[0][1:] if match[0][0] == "\\" else _LETTERS[match[0]], text)


def encode_viqr(text: str) -> str:
    r"""Return a text in VIQR; signs that would be read as marks get a backslash.

    Parameters
    ----------
    text : str
        Text in NFC.

    Returns
    -------
    str
        ASCII where the text has only Vietnamese letters and ASCII; other characters stay.

    Examples
    --------
    >>> print(encode_viqr("Đường Láng. Ở đâu?"))
    DDu+o+`ng La'ng. O+? dda^u\?
    >>> decode_viqr(encode_viqr("Xã A.")) == "Xã A."
    True
    """
    written: list[str] = []
    before = ""
    for char, after in zip(text, text[1:] + "\0", strict=False):
        sign_on_vowel = before in _VOWEL and char in _SIGNS.values()
        double = char in "dD" and after in "dDđĐ"
        literal = char == "\\" and (after in _ESCAPABLE or after in "đĐ")
        written.append("\\" + char if sign_on_vowel or double or literal else VIQR.get(char, char))
        before = char
    return "".join(written)
