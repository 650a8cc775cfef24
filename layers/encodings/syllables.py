"""Which letter sequences are Vietnamese syllables, by the rules of the orthography.

A syllable is an onset, a rhyme and a tone. Which rhymes there are, which onsets are written before which vowels (k, gh,
ngh before e ê i y; qu and gi take a part of the rhyme in), and that rhymes closed by a stop (c, ch, p, t) take only the
tones sắc and nặng, are rules; no word list is used. Rare rhymes of place names and sounds are let in, so the set is
somewhat larger than a dictionary's.

References
----------
Ministry of Education of Vietnam, decision 240/QĐ (5 March 1984) on spelling; Hoàng Phê, Từ điển tiếng Việt.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Final

from layers.encodings.letters import TONES, compose, tone_of, without_tone

__all__ = ["SYLLABLES", "TONELESS", "is_syllable", "place_tone", "toneless"]

#: Rhymes by their vowels: the codas each takes; "-" is none.
_RHYMES: Final = {
    "a": "- c ch i m n ng nh o p t u y",
    "ă": "c k m n ng p t",
    "â": "c m n ng p t u y",
    "e": "- c m n ng o p t",
    "ê": "- c ch m n ng nh p t u",
    "i": "- ch m n nh p t u",
    "ia": "-",
    "iê": "c m n ng p t u",
    "o": "- c i m n ng p t",
    "oo": "c ng",
    "ô": "- c i m n ng p t",
    "ơ": "- c i m n ng p t",
    "u": "- c i m n ng p t",
    "ua": "-",
    "uô": "c i m n ng t",
    "ư": "- c i m n ng t u",
    "ưa": "-",
    "ươ": "c i m n ng p t u",
    "y": "-",
    "oa": "- c ch i m n ng nh o p t y",
    "oă": "c m n ng t",
    "oe": "- m n ng o t",
    "uâ": "c n ng t y",
    "uê": "- ch n nh t",
    "uơ": "-",
    "uy": "- ch n nh p t u",
    "uya": "-",
    "uyê": "n t",
}
#: Written only where no onset stands before them.
_BARE_RHYMES: Final = {"yê": "m n ng t u"}
#: What follows q, written with u.
_QU_RHYMES: Final = {
    "ua": "- c ch i m n ng nh o p t u y",
    "uă": "c m n ng p t",
    "uâ": "c n ng t y",
    "ue": "- m n o t",
    "uê": "- ch n nh t u",
    "ui": "- nh t",
    "uô": "c",
    "uơ": "- i n t",
    "uy": "- ch n nh p t u",
    "uyê": "n t",
}
_ONSETS: Final = (
    "b", "c", "ch", "d", "đ", "g", "gh", "h", "k", "kh", "l", "m", "n", "ng", "ngh", "nh", "p", "ph", "r", "s", "t",
    "th", "tr", "v", "x",
)  # fmt: skip
#: Before e, ê, i and y another spelling takes their place; k before other vowels occurs in names (Bắc Kạn, Kon Tum).
_NOT_BEFORE_FRONT: Final = frozenset({"c", "g", "ng"})
_ONLY_BEFORE_FRONT: Final = frozenset({"gh", "ngh"})
_FRONT: Final = frozenset("eêiy")
_STOPS: Final = ("c", "ch", "p", "t", "k")
_STOP_TONES: Final = (TONES[2], TONES[5])
_MARKED: Final = frozenset("ăâêôơư")
_VOWEL_LETTERS: Final = frozenset("aăâeêioôơuưy")


def _spelled(rhymes: dict[str, str]) -> Iterator[str]:
    for vowels, codas in rhymes.items():
        for coda in codas.split():
            yield vowels + coda.replace("-", "")


def _toneless_syllables() -> Iterator[str]:
    rhymes = list(_spelled(_RHYMES))
    yield from rhymes
    yield from _spelled(_BARE_RHYMES)
    for onset, rhyme in product(_ONSETS, rhymes):
        front = rhyme[0] in _FRONT
        if not (onset in _NOT_BEFORE_FRONT if front else onset in _ONLY_BEFORE_FRONT):
            yield onset + rhyme
    for rhyme in rhymes:
        # gi swallows the i of the rhyme: gì, gìn, giếng.
        if rhyme[0] == "i":
            yield "g" + rhyme
        elif rhyme[0] != "y":
            yield "gi" + rhyme
    for rhyme in _spelled(_QU_RHYMES):
        yield "q" + rhyme


def _parts(syllable: str) -> tuple[int, int]:
    """Return where the vowels that can carry the tone begin and end."""
    begin = next(place for place, letter in enumerate(syllable) if letter in _VOWEL_LETTERS)
    end = begin
    while end < len(syllable) and syllable[end] in _VOWEL_LETTERS:
        end += 1
    # The u of qu, and the i of gi before another vowel, belong to the onset.
    if end - begin > 1 and syllable[:2] in ("qu", "gi"):
        begin += 1
    return begin, end


def place_tone(syllable: str, *, reformed: bool = False) -> int:
    """Return which letter of a syllable carries the tone mark.

    A vowel with a mark of its own (ă â ê ô ơ ư; of ươ the ơ) carries it; else the last vowel before a closing
    consonant; else the middle one of three; else the first of two, except that the reformed style puts it on the second
    of oa, oe, uy.

    Parameters
    ----------
    syllable : str
        A syllable in small letters, NFC, without tone mark; it has a vowel.
    reformed : bool, optional
        The style of the 1984 decision (hoà, khoẻ, thuỷ) in place of the traditional one (hòa, khỏe, thủy).

    Returns
    -------
    int
        Position from 0.

    Examples
    --------
    >>> [place_tone(syllable) for syllable in ("hoa", "hoan", "quy", "gia", "thuy", "đương", "khuyu")]
    [1, 2, 2, 2, 2, 2, 3]
    """
    begin, end = _parts(syllable)
    marked = [place for place in range(begin, end) if syllable[place] in _MARKED]
    if marked:
        return marked[-1]
    if end - begin == 1:
        return begin
    if end < len(syllable):
        return end - 1
    if end - begin == 3:
        return begin + 1
    return begin + 1 if reformed and syllable[begin:end] in ("oa", "oe", "uy") else begin


def toneless(word: str) -> tuple[str, str] | None:
    """Part a word into its letters without tone, and its tone.

    Parameters
    ----------
    word : str
        A word in small letters, NFC.

    Returns
    -------
    (str, str) or None
        The level-tone form and the combining mark; None if the word has more than one tone mark.
    """
    found = [tone for tone in map(tone_of, word) if tone]
    if len(found) > 1:
        return None
    return "".join(map(without_tone, word)), "".join(found)


def _with_tones() -> Iterator[str]:
    for syllable in TONELESS:
        tones = _STOP_TONES if syllable.endswith(_STOPS) else TONES
        for tone, reformed in product(tones, (False, True)):
            place = place_tone(syllable, reformed=reformed)
            yield syllable[:place] + compose(syllable[place], tone) + syllable[place + 1 :]


#: Every syllable in the level tone.
TONELESS: Final = frozenset(_toneless_syllables())
#: Every syllable in every tone it takes, in both styles of placement, small letters, NFC.
SYLLABLES: Final = frozenset(_with_tones())


def is_syllable(word: str) -> bool:
    """Tell whether a word is spelt like one Vietnamese syllable, in small letters, capitals or with a capital first.

    Parameters
    ----------
    word : str
        A word in NFC.

    Returns
    -------
    bool
        Whether the rules make it, the tone mark in its traditional or reformed place.

    Examples
    --------
    >>> [is_syllable(word) for word in ("Nghiệp", "HOÀ", "Hòa", "quý", "Nghiẹp", "hàt", "ChuÈn")]
    [True, True, True, True, False, False, False]
    """
    return (word.islower() or word.isupper() or word.istitle()) and word.lower() in SYLLABLES
