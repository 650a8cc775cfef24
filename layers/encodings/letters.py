"""The Vietnamese letters: twelve vowels in six tones, and đ, in both cases, in NFC.

The order of `SMALL` is the order of every table of this package: vowel by vowel (a ă â e ê i o ô ơ u ư y), each in the
tones level, huyền (grave), sắc (acute), hỏi (hook), ngã (tilde), nặng (dot below); đ last.
"""

from __future__ import annotations

import unicodedata
from typing import Final

__all__ = ["CAPITAL", "LETTERS", "SMALL", "TONES", "VOWELS", "compose", "tone_of", "without_tone"]

VOWELS: Final = "aăâeêioôơuưy"
#: Combining marks of the tones; the level tone has none.
TONES: Final = ("", "\u0300", "\u0301", "\u0309", "\u0303", "\u0323")
#: All 73 small letters that carry or could carry a mark, level tone included.
SMALL: Final = (*(unicodedata.normalize("NFC", vowel + tone) for vowel in VOWELS for tone in TONES), "đ")
CAPITAL: Final = tuple(letter.upper() for letter in SMALL)
#: The letters outside ASCII, 67 of each case.
LETTERS: Final = frozenset(letter for letter in (*SMALL, *CAPITAL) if not letter.isascii())

_PARTED: Final = {
    letter: (VOWELS[place // len(TONES)], TONES[place % len(TONES)]) for place, letter in enumerate(SMALL[:-1])
}
_PARTED_CAPITAL: Final = {letter.upper(): (vowel.upper(), tone) for letter, (vowel, tone) in _PARTED.items()}
_ALL_PARTED: Final = {**_PARTED, **_PARTED_CAPITAL}


def compose(vowel: str, tone: str) -> str:
    """Return a vowel with a tone as one letter.

    Parameters
    ----------
    vowel : str
        One of the twelve vowels, in either case.
    tone : str
        A combining mark of `TONES`; empty for the level tone.

    Returns
    -------
    str
        One letter in NFC.

    Examples
    --------
    >>> compose("â", TONES[5])
    'ậ'
    """
    return unicodedata.normalize("NFC", vowel + tone)


def tone_of(letter: str) -> str:
    """Return the tone mark of a letter.

    Parameters
    ----------
    letter : str
        Any letter in NFC.

    Returns
    -------
    str
        A combining mark of `TONES`; empty for the level tone and for letters that are no Vietnamese vowels.

    Examples
    --------
    >>> tone_of("ậ") == TONES[5], tone_of("đ")
    (True, '')
    """
    return _ALL_PARTED.get(letter, (letter, ""))[1]


def without_tone(letter: str) -> str:
    """Return a letter without its tone mark; the mark of the vowel itself stays.

    Parameters
    ----------
    letter : str
        Any letter in NFC.

    Returns
    -------
    str
        The letter in the level tone.

    Examples
    --------
    >>> without_tone("ậ"), without_tone("Đ")
    ('â', 'Đ')
    """
    return _ALL_PARTED.get(letter, (letter, ""))[0]
