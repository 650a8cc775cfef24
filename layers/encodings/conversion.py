"""Converting a column from an old encoding, or into one, and telling what that loses.

Each different text is worked out once. A text with characters that the encoding cannot have had is left as it is. What
cannot be known is listed, letter by letter: characters without meaning in the encoding, capitals that TCVN3 does not
write and that were read from the letters beside them, and signs of VIQR that may be punctuation.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from operator import ne
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from layers.encodings.capitals import IN_CAPITALS
from layers.encodings.carriers import any_of, to_bytes
from layers.encodings.letters import CAPITAL, SMALL, tone_of
from layers.encodings.schemes import SCHEMES, UNICODE_FORMS, Scheme
from layers.encodings.viqr import VIQR_AMBIGUOUS
from layers.errors import ValueOutOfRangeError
from layers.types import Text

__all__ = ["LOSSES", "Converted", "Loss", "Lost", "convert", "encode", "scheme_of"]

Loss = Literal["letter", "case", "reading"]
#: Why a letter is listed as lost.
LOSSES: Final[dict[Loss, Text]] = {
    "letter": Text(
        vi="ký tự không có trong bảng mã, giữ nguyên hoặc thay bằng dấu hỏi",
        en="the encoding does not have this character; it was kept, or written as a question mark",
    ),
    "case": Text(
        vi="bảng mã không phân biệt chữ hoa, chữ thường ở đây; đã suy từ các chữ bên cạnh",
        en="the encoding does not tell capital from small here; inferred from the letters beside it",
    ),
    "reading": Text(
        vi="dấu thanh hay dấu câu: đã đọc là dấu thanh",
        en="a tone mark or punctuation: read as a tone mark",
    ),
}
_CONTROL: Final = re.compile("[\x01-\x08\x0e-\x1f]")
#: Of TCVN3: capitals that it does not have; words that begin with a toned small letter.
_TONED_CAPITAL: Final = re.compile(any_of(letter for letter in CAPITAL if tone_of(letter)))
_TONED_FIRST: Final = re.compile(rf"(?<![^\W\d_]){any_of(letter for letter in SMALL if tone_of(letter))}")
_WORD: Final = re.compile(r"[^\W\d_]+")
_REPLACEMENT: Final = "\ufffd"


class Lost(NamedTuple):
    """A letter that the conversion could not carry over for certain.

    Attributes
    ----------
    row : int
        Row of the column, from 0.
    position : int
        Position in the converted text, from 0.
    character : str
        The character there.
    loss : {"letter", "case", "reading"}
        What is lost; `LOSSES` says it in words.
    """

    row: int
    position: int
    character: str
    loss: Loss


@dataclass(frozen=True, slots=True)
class Converted:
    """A converted column.

    Parameters
    ----------
    values : Series
        The texts, same index and name as the column; missing stays missing.
    changed : ndarray of bool
        Which rows differ from before.
    lost : tuple of Lost
        In row order.
    reversible : bool
        Whether the old texts can be had back byte for byte from the new; composing decomposed Unicode counts as such.
    """

    values: pd.Series[Any]
    changed: npt.NDArray[np.bool_]
    lost: tuple[Lost, ...]
    reversible: bool


class _One(NamedTuple):
    """One text, converted."""

    text: str
    lost: tuple[tuple[int, str, Loss], ...]
    reversible: bool


def convert(texts: pd.Series[Any] | Sequence[str | None], encoding: str) -> Converted:
    """Return a column read in an old encoding, as Unicode in NFC.

    Parameters
    ----------
    texts : Series or sequence of str
        The column as its reader gave it; missing values are allowed.
    encoding : str
        A name of `SCHEMES`.

    Returns
    -------
    Converted
        The texts in Unicode; under "unicode" they stay as they are.

    Raises
    ------
    ValueOutOfRangeError
        If there is no such encoding.

    Examples
    --------
    >>> convert(["chaøo caùc baïn", None], "vni").values.tolist()
    ['chào các bạn', None]
    >>> convert(["KHU C¤NG NGHIÖP"], "tcvn3").lost
    (Lost(row=0, position=13, character='Ệ', loss='case'),)
    """
    scheme = scheme_of(encoding)
    # In TCVN3 the case of a word may follow from the others of its text.
    whole = IN_CAPITALS if encoding.startswith("tcvn3") else None
    return _each(
        texts, lambda text: _decoded(scheme, text), lambda pieces: _decoded_pieces(scheme, pieces), whole=whole
    )


def encode(texts: pd.Series[Any] | Sequence[str | None], encoding: str) -> Converted:
    """Return a column written in an old encoding, for a program that reads nothing else.

    Parameters
    ----------
    texts : Series or sequence of str
        The column in Unicode; missing values are allowed.
    encoding : str
        A name of `SCHEMES`.

    Returns
    -------
    Converted
        Characters of Windows-1252 (or 1258) whose bytes are the text in the encoding. What it does not have is a
        question mark and listed; a capital that TCVN3 does not have is its small letter and listed.

    Raises
    ------
    ValueOutOfRangeError
        If there is no such encoding.

    Examples
    --------
    >>> encode(["Đông Anh"], "tcvn3").values.tolist()
    ['§«ng Anh']
    """
    scheme = scheme_of(encoding)
    return _each(texts, lambda text: _encoded(scheme, text), lambda pieces: _encoded_pieces(scheme, pieces))


def scheme_of(encoding: str) -> Scheme:
    """Return a scheme by its name.

    Parameters
    ----------
    encoding : str
        A name of `SCHEMES`.

    Returns
    -------
    Scheme
        It.

    Raises
    ------
    ValueOutOfRangeError
        If there is no such encoding.
    """
    if encoding not in SCHEMES:
        raise ValueOutOfRangeError(seen=encoding, wanted=", ".join(SCHEMES), where="encoding")
    return SCHEMES[encoding]


def _each(
    texts: pd.Series[Any] | Sequence[str | None],
    one: Callable[[str], _One],
    plain: Callable[[Iterable[str]], dict[str, str]],
    *,
    whole: re.Pattern[str] | None = None,
) -> Converted:
    """Convert every different text once and lay the results out over the column.

    `plain` gives the pieces between spaces that may be converted by themselves without loss; a text with other pieces,
    or whose result matches `whole`, is worked out by `one`.
    """
    column = texts if isinstance(texts, pd.Series) else pd.Series(list(texts), dtype=object)
    values = np.array(column.astype(object), dtype=object)
    codes, different = pd.factorize(values)
    strings = [text if isinstance(text, str) else "" for text in different]
    new = _by_pieces(strings, plain)
    results = {
        at: one(strings[at])
        for at, text in enumerate(new)
        if text is None or (whole and whole.search(text) and not text.isascii())
    }
    for at, result in results.items():
        new[at] = result.text
    texts_there = np.fromiter((isinstance(text, str) for text in different), dtype=np.bool_, count=len(different))
    differs = texts_there & np.fromiter(map(ne, new, strings), dtype=np.bool_, count=len(new))
    changed = np.append(differs, False)[codes]
    values[changed] = np.array(new, dtype=object)[codes[changed]]
    losing = np.zeros(len(new) + 1, dtype=np.bool_)
    losing[[at for at, result in results.items() if result.lost]] = True
    return Converted(
        values=pd.Series(values, index=column.index, name=column.name, dtype=column.dtype),
        changed=changed,
        lost=tuple(Lost(int(row), *lost) for row in np.flatnonzero(losing[codes]) for lost in results[codes[row]].lost),
        reversible=all(result.reversible for result in results.values()),
    )


#: Parts the texts of a column that are worked on together, and stands for a piece that has to wait.
_PART: Final = "\0"
_WAIT: Final = "\uffff"


def _by_pieces(texts: Sequence[str], plain: Callable[[Iterable[str]], dict[str, str]]) -> list[str | None]:
    """Convert all texts at once, piece by piece; None where a text needs to be seen as a whole."""
    joined = f" {_PART} ".join(texts)
    if joined.count(_PART) != len(texts) - 1 or _WAIT in joined:
        return [None] * len(texts)
    pieces = joined.split(" ")
    known = {**plain(set(pieces)), _PART: _PART}
    converted = " ".join([known.get(piece, _WAIT) for piece in pieces]).split(f" {_PART} ")
    return [None if _WAIT in text else text for text in converted]


def _decoded_pieces(scheme: Scheme, pieces: Iterable[str]) -> dict[str, str]:
    """Decode the pieces that lose nothing and do not depend on the others of their text."""
    known: dict[str, str] = {}
    cased = scheme.name.startswith("tcvn3")
    for piece in pieces:
        if piece.isascii() and scheme.name != "viqr" and not _CONTROL.search(piece):
            known[piece] = piece
        elif scheme.applies(piece):
            text, lost, reversible = _decoded(scheme, piece)
            if reversible and not lost and not (cased and _TONED_FIRST.search(text)):
                known[piece] = text
    return known


def _encoded_pieces(scheme: Scheme, pieces: Iterable[str]) -> dict[str, str]:
    encoded = ((piece, _encoded(scheme, piece)) for piece in pieces)
    return {piece: result.text for piece, result in encoded if not result.lost and result.reversible}


def _decoded(scheme: Scheme, text: str) -> _One:
    if not scheme.applies(text):
        return _One(text, _replaced(text), True)
    new = scheme.decode(text)
    if new == text and new.isascii():
        return _One(text, (), True)
    again = scheme.encode(new)
    # The part before a stray ends between two codes, so it decodes by itself.
    strays = {len(scheme.decode(text[:place])) for place in scheme.strays(text)}
    lost = _replaced(new) + tuple((place, new[place], "letter") for place in strays if place < len(new))
    if scheme.name.startswith("tcvn3"):
        lost += tuple(guess for guess in _guessed_case(text, new, again) if guess[0] not in strays)
    elif scheme.name == "viqr":
        lost += _ambiguous(scheme, text, new)
    # Composing is undone by Unicode's own rules.
    reversible = scheme.name in UNICODE_FORMS or text in (new, again) or to_bytes(again) == to_bytes(text)
    return _One(new, tuple(sorted(set(lost))) if lost else (), reversible)


def _replaced(text: str) -> tuple[tuple[int, str, Loss], ...]:
    """Find what an earlier program has already lost."""
    if _REPLACEMENT not in text:
        return ()
    return tuple((place, char, "letter") for place, char in enumerate(text) if char == _REPLACEMENT)


def _guessed_case(text: str, new: str, again: str) -> tuple[tuple[int, str, Loss], ...]:
    """Find capitals that were inferred, and first letters among capitalised words whose case nothing tells."""
    places = [match.start() for match in _TONED_CAPITAL.finditer(new)]
    if again != text:  # ô in a word in capitals: the encoding has Ô, but a font of capitals shows ô so too
        places += [at for at, (one, other) in enumerate(zip(again, text, strict=False)) if one != other]
    places += [match.start() for match in _TONED_FIRST.finditer(new) if _beside_capital(new, match.start())]
    return tuple((place, new[place], "case") for place in sorted(set(places)) if place < len(new))


def _beside_capital(text: str, place: int) -> bool:
    before, after = _WORD.findall(text[:place]), _WORD.findall(text[place:])
    return any(word[0].isupper() for word in (*before[-1:], *after[1:2]))


def _ambiguous(scheme: Scheme, text: str, new: str) -> tuple[tuple[int, str, Loss], ...]:
    places = (len(scheme.decode(text[: match.end()])) - 1 for match in VIQR_AMBIGUOUS.finditer(text))
    return tuple((place, new[place], "reading") for place in places)


def _encoded(scheme: Scheme, text: str) -> _One:
    new = scheme.encode(text)
    back = scheme.decode(new)
    if back == text:
        return _One(new, (), True)
    lost: list[tuple[int, str, Loss]] = []
    for place, char in enumerate(text):
        alone = scheme.decode(scheme.encode(char))
        if alone != char:
            at = len(scheme.encode(text[:place]))
            lost.append((at, new[at : at + 1], "case" if alone == char.lower() else "letter"))
    return _One(new, tuple(lost), False)
