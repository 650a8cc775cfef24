"""How probable a piece of text is as Vietnamese, or as text of another language.

The measure is a code length in nats, the negative logarithm of a probability: the right encoding gives the shortest. A
word spelt like a Vietnamese syllable (`syllables`) costs what a syllable of running Vietnamese does on average; any
other word costs its letters, each by how common its kind is; signs inside words, capitals behind small letters and
control codes are what misread text is made of and cost most. A column is Vietnamese or of another language; both are
tried. The numbers are estimates of orders of magnitude: one wrong by a half changes how many words are needed for a
decision, not the decision.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from itertools import pairwise
from typing import Final, NamedTuple

from layers.encodings.letters import LETTERS
from layers.encodings.syllables import is_syllable

__all__ = ["Cost", "column_cost", "marked_words", "piece_cost"]

#: Nats. Entropy of Vietnamese syllables drawn by their frequency in running text, about 10 bits.
SYLLABLE: Final = 7.0
#: A letter of a word in another language: 26 letters with their frequencies and what the letters before tell.
ASCII_LETTER: Final = 2.0
#: A letter with a mark of Western languages; other letters with marks; a Vietnamese one in a word that is none; others.
WESTERN_LETTER: Final = 4.5
OTHER_LETTER: Final = 5.0
VIETNAMESE_LETTER: Final = 5.5
#: A change from small letters to capitals inside a word; a change of script.
CASE_BREAK: Final = 5.0
SCRIPT_BREAK: Final = 5.0
#: Digits and common signs; ASCII signs rare in text; familiar signs outside ASCII; others; these beside a letter.
COMMON_SIGN: Final = 1.5
RARE_SIGN: Final = 6.0
OTHER_SIGN: Final = 4.0
ODD_SIGN: Final = 6.0
SIGN_IN_WORD: Final = 5.0
CONTROL: Final = 12.0
#: Đ in an abbreviation (ĐT, QĐ, NĐ) is as common as other letters.
ABBREVIATED_D: Final = 2.5 - VIETNAMESE_LETTER
#: Share of words that are no syllables in a Vietnamese column (names, abbreviations).
FOREIGN_SHARE: Final = 0.07

#: µ before a unit and Ø before a diameter are signs, not letters.
_WORD_OR_SIGN: Final = re.compile(r"µ(?![^\W\d_ªº²³¹¼½¾]{2})|Ø(?=\d)|[^\W\d_ªº²³¹¼½¾]+|.", re.DOTALL)
_UNIT_SIGNS: Final = frozenset("µØ")
_WESTERN: Final = frozenset("àáâãäåæçèéêëìíîïñòóôõöøùúûüýÿßœ")
_COMMON_SIGNS: Final = frozenset("0123456789 .,-/()'\":;&_")
_RARE_SIGNS: Final = frozenset("^`~{}\\|[]")
_FAMILIAR_SIGNS: Final = frozenset("–—‘’“”…•°²³×€£©®™«»±½¼¾\u00a0\u200b№")
#: Letters by Unicode, signs by use.
_SIGN_LETTERS: Final = frozenset("ªºµƒˆˇ")
_ABBREVIATION: Final = re.compile("[A-ZĐ]{1,5}")
_NO_WORDS: Final = _SIGN_LETTERS | _UNIT_SIGNS
#: Icelandic letters stand for others far more often than for themselves.
_ICELANDIC: Final = frozenset("ðþ")


class Cost(NamedTuple):
    """What a piece costs.

    Attributes
    ----------
    vietnamese : float
        In a Vietnamese column, nats.
    other : float
        In a column of another language, nats.
    """

    vietnamese: float
    other: float


@lru_cache(maxsize=65_536)
def piece_cost(piece: str) -> Cost:
    """Return how improbable a piece of text between spaces is.

    Parameters
    ----------
    piece : str
        Text in any Unicode form.

    Returns
    -------
    Cost
        Nats; smaller is likelier.

    Examples
    --------
    >>> piece_cost("Chuẩn").vietnamese < piece_cost("ChuÈn").vietnamese
    True
    """
    vietnamese = other = 0.0
    parts = _WORD_OR_SIGN.findall(unicodedata.normalize("NFC", piece))
    for before, part, after in zip(["", *parts], parts, [*parts[1:], ""], strict=False):
        if _is_word(part):
            foreign = _word_cost(part)
            if is_syllable(part):
                vietnamese += SYLLABLE - math.log(1 - FOREIGN_SHARE)
            else:
                abbreviated = ABBREVIATED_D * part.count("Đ") if _ABBREVIATION.fullmatch(part) else 0.0
                vietnamese += foreign + abbreviated - math.log(FOREIGN_SHARE)
            other += foreign
        else:
            sign = _sign_cost(part, before + after)
            vietnamese, other = vietnamese + sign, other + sign
    return Cost(vietnamese, other)


def column_cost(costs: Iterable[Cost], *, strays: float = 0.0) -> float:
    """Return what a column costs, whichever language it is in.

    Parameters
    ----------
    costs : iterable of Cost
        Of its pieces.
    strays : float, optional
        What else counts against the reading, nats.

    Returns
    -------
    float
        Nats.

    Examples
    --------
    >>> round(column_cost([Cost(7.0, 9.0), Cost(7.0, 9.0)]), 2)
    14.67
    """
    vietnamese, other = map(sum, zip(*costs, strict=True))
    return strays + math.log(2) + min(vietnamese, other) - math.log1p(math.exp(-abs(vietnamese - other)))


def marked_words(text: str) -> list[str]:
    """Return the words of a text that have a letter outside ASCII.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    list of str
        In their order, NFC.

    Examples
    --------
    >>> marked_words("Khu CN Đông Anh")
    ['Đông']
    """
    return [
        part
        for part in _WORD_OR_SIGN.findall(unicodedata.normalize("NFC", text))
        if _is_word(part) and not part.isascii()
    ]


def _is_word(part: str) -> bool:
    return len(part) > 1 or (part.isalpha() and part not in _NO_WORDS)


def _word_cost(word: str) -> float:
    cost = sum(map(_letter_cost, word))
    if not word.isascii() and len({_script(char) for char in word}) > 1:
        cost += SCRIPT_BREAK
    breaks = sum(before.islower() and after.isupper() for before, after in pairwise(word))
    return cost + CASE_BREAK * breaks


def _letter_cost(char: str) -> float:
    small = char.lower()
    if char.isascii():
        return ASCII_LETTER
    if small in _SIGN_LETTERS or small in _ICELANDIC:
        return ODD_SIGN
    if small in _WESTERN:
        return WESTERN_LETTER
    return VIETNAMESE_LETTER if char in LETTERS else OTHER_LETTER


def _script(char: str) -> str:
    return "LATIN" if char.isascii() else unicodedata.name(char, "?").partition(" ")[0]


def _sign_cost(sign: str, beside: str) -> float:
    if sign in _COMMON_SIGNS:
        return COMMON_SIGN
    if sign.isascii():
        return CONTROL if sign < " " else RARE_SIGN if sign in _RARE_SIGNS else 2 * COMMON_SIGN
    if unicodedata.category(sign) in ("Cc", "Cn", "Co"):
        return CONTROL
    if sign in _FAMILIAR_SIGNS or sign in _UNIT_SIGNS:
        return OTHER_SIGN
    return ODD_SIGN + SIGN_IN_WORD * any(map(str.isalpha, beside))
