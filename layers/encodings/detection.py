"""Which encoding the text of a column is in: every scheme is tried, and the likeliest reading wins.

Bayes' rule over the column's different pieces (texts between spaces) that any scheme could read otherwise than they
stand: prior odds strongly for leaving the text alone, times how probable the reading is as text (`model`), to a power
below one because the words of a column are not independent. Characters that an encoding does not have count against it,
and so do codes that would have been written otherwise. Schemes that read all pieces alike share their probability.
Columns of numbers, codes and plain ASCII have no such pieces: there is nothing to decide.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from layers.encodings.carriers import to_bytes
from layers.encodings.model import column_cost, marked_words, piece_cost
from layers.encodings.schemes import SCHEMES, UNICODE_FORMS, Scheme
from layers.encodings.syllables import is_syllable
from layers.encodings.viqr import VIQR_AMBIGUOUS, VIQR_TYPICAL
from layers.types import Text

__all__ = ["CERTAIN", "Candidate", "Words", "detect"]

#: Confidence from which a reading is used without asking.
CERTAIN: Final = 0.95
#: Logarithms of the prior odds against a scheme: TCVN3 is what offices in the north wrote, VNI those in the south;
#: VISCII, VPS and VIQR were at home abroad and in mail.
_PRIOR: Final = {
    "cp1252": 3.0, "tcvn3": 4.0, "utf-8": 4.0, "vni": 4.5, "cp1258": 5.0, "eth": 5.0, "utf-8-twice": 6.0,
    "viscii": 7.0, "vps": 7.0, "viqr": 7.0,
}  # fmt: skip
#: More against text that was read as Windows-1258, which only Vietnamese computers do.
_CP1258_PRIOR: Final = 2.0
#: Power of the likelihood: words of one column repeat their parts.
_TEMPER: Final = 0.75
#: Nats for a piece with a character that the encoding does not have, and for one that it would write otherwise.
_STRAY: Final = 8.0
_OTHERWISE: Final = 2.0
#: Different pieces that are looked at; more are thinned evenly in alphabetical order.
_PIECES: Final = 400
#: Candidates below this confidence are not worth a word.
_NEGLIGIBLE: Final = 0.001
_SHOWN: Final = 3

#: A piece with one of these may mean something else than it says.
_TELLING: Final = re.compile(r"[^ -~\t\r\n]|[\^`~(+'?.]|[dD][dD]")
_NUMBER: Final = "[0-9]+"
_CONTROL: Final = re.compile("[\x01-\x08\x0e-\x1f]")


@dataclass(frozen=True, slots=True)
class Candidate:
    """One reading of a column.

    Parameters
    ----------
    encoding : str
        Name of the scheme.
    confidence : float
        Probability that it is the right one, 0 to 1.
    why : Text
        The evidence, for a reader.
    also : tuple of str
        Schemes that read every piece of this column in the same way.
    mixed : bool
        Whether some pieces have characters that the encoding does not have: part of the column is in another one.
    evidence : int
        How many different pieces of text it rests on.
    """

    encoding: str
    confidence: float
    why: Text
    also: tuple[str, ...] = ()
    mixed: bool = False
    evidence: int = 0


def detect(
    texts: pd.Series[Any] | Sequence[str | None], *, prior: Mapping[str, float] | None = None
) -> tuple[Candidate, ...]:
    """Return the encodings that a column may be in, the likeliest first.

    Parameters
    ----------
    texts : Series or sequence of str
        The column; missing values are allowed.
    prior : mapping of str to float, optional
        Probabilities of schemes by name, from other columns of the same file or from what it declares; schemes that are
        not named are improbable.

    Returns
    -------
    tuple of Candidate
        At least one; "unicode" means that the text is right as it stands. Confidences sum to 1 at most.

    Examples
    --------
    >>> detect(["ChuÈn d÷ liÖu"])[0].encoding
    'tcvn3'
    >>> detect(["Hoà Lạc", "ĐT-01", "Bâtiment"])[0].encoding
    'unicode'
    """
    return Words.of(texts).ranked(prior)


@dataclass(frozen=True, slots=True)
class Words:
    """What of a column tells its encoding: the same for any number of rows, so that it may be gathered in parts.

    Parameters
    ----------
    pieces : tuple of str
        Different pieces of text that some scheme could read otherwise than they stand, in alphabetical order.
    blank : bool
        Whether the column has no text at all.
    apart : tuple of int
        How many different texts have marks apart from their letters, and how many of them are decomposed throughout.
    """

    pieces: tuple[str, ...]
    blank: bool
    apart: tuple[int, int] = (0, 0)

    @classmethod
    def of(cls, texts: pd.Series[Any] | Sequence[str | None]) -> Words:
        """Gather the words of a column.

        Parameters
        ----------
        texts : Series or sequence of str
            The column; missing values are allowed.

        Returns
        -------
        Words
            Of its different texts.
        """
        different = _different(texts)
        pieces = tuple(_pieces(different))
        if all(unicodedata.is_normalized("NFC", piece) for piece in pieces):
            return cls(pieces, blank=not len(different))
        marked = [text for text in different.to_pylist() if not unicodedata.is_normalized("NFC", text)]
        decomposed = sum(unicodedata.is_normalized("NFD", text) for text in marked)
        return cls(pieces, blank=False, apart=(len(marked), decomposed))

    def ranked(self, prior: Mapping[str, float] | None = None) -> tuple[Candidate, ...]:
        """Return the encodings that the column may be in, the likeliest first.

        Parameters
        ----------
        prior : mapping of str to float, optional
            As for `detect`.

        Returns
        -------
        tuple of Candidate
            At least one.
        """
        if not self.pieces:
            return (Candidate("unicode", 1.0, _EMPTY if self.blank else _NOTHING),)
        ranked = _ranked(self.pieces, prior)
        return tuple(_with_form(candidate, *self.apart) for candidate in ranked)


def _ranked(every_piece: Sequence[str], prior: Mapping[str, float] | None) -> list[Candidate]:
    pieces = _thinned(every_piece)
    readings = {
        name: _Reading.of(scheme, pieces) for name, scheme in SCHEMES.items() if name not in ("nfd", "composite")
    }
    odds = _log_odds(readings, prior)
    groups = _alike(readings)
    total = np.logaddexp.reduce(list(odds.values()))
    candidates = [
        Candidate(
            encoding=(first := max(names, key=lambda name: (name == "unicode", odds[name]))),
            confidence=float(np.exp(np.logaddexp.reduce([odds[name] for name in names]) - total)),
            why=readings[first].why(pieces),
            also=tuple(name for name in names if name != first),
            mixed=not all(map(SCHEMES[first].applies, every_piece)),
            evidence=len(pieces),
        )
        for names in groups
    ]
    ranked = sorted(candidates, key=lambda candidate: -candidate.confidence)
    return [candidate for candidate in ranked if candidate.confidence >= _NEGLIGIBLE]


_EMPTY: Final = Text(vi="Cột không có chữ.", en="The column has no text.")
_NOTHING: Final = Text(
    vi="Chỉ có số, mã hoặc chữ không dấu: không có gì để chuyển.",
    en="Only numbers, codes or letters without marks: there is nothing to convert.",
)


@dataclass(frozen=True, slots=True)
class _Reading:
    """What one scheme makes of the pieces."""

    scheme: Scheme
    decoded: tuple[str, ...]
    cost: float
    stray: int

    @classmethod
    def of(cls, scheme: Scheme, pieces: Sequence[str]) -> _Reading:
        applies = [scheme.applies(piece) for piece in pieces]
        decoded = tuple(_decode(scheme, piece) if fits else piece for piece, fits in zip(pieces, applies, strict=True))
        stray = sum(bool(not fits or scheme.strays(piece)) for piece, fits in zip(pieces, applies, strict=True))
        otherwise = sum(
            fits and after != before and to_bytes(scheme.encode(after)) != to_bytes(before)
            for before, after, fits in zip(pieces, decoded, applies, strict=True)
        )
        cost = column_cost(map(piece_cost, decoded), strays=_STRAY * stray + _OTHERWISE * otherwise)
        return cls(scheme, decoded, cost, stray)

    def why(self, pieces: Sequence[str]) -> Text:
        marked = [word for piece in self.decoded for word in marked_words(piece)]
        good = sum(map(is_syllable, marked))
        if self.scheme.name == "unicode":
            return Text(
                vi=f"Để nguyên, {good} trên {len(marked)} từ có dấu là âm tiết tiếng Việt.",
                en=f"As they stand, {good} of {len(marked)} words with marks are Vietnamese syllables.",
            )
        changed = [(before, after) for before, after in zip(pieces, self.decoded, strict=True) if before != after]
        examples = ", ".join(f"{before} → {after}" for before, after in changed[:_SHOWN])
        title, counts = self.scheme.title, (good, len(marked))
        vi = f"Đọc theo {title.vi}, {counts[0]} trên {counts[1]} từ có dấu là âm tiết tiếng Việt; ví dụ {examples}."
        en = f"Read as {title.en}, {counts[0]} of {counts[1]} marked words are Vietnamese syllables; e.g. {examples}."
        if self.stray:
            vi += f" {self.stray} từ có ký tự không thuộc bảng mã này."
            en += f" {self.stray} words have characters that this encoding does not have."
        return Text(vi=vi, en=en)


def _decode(scheme: Scheme, piece: str) -> str:
    """Decode a piece; in VIQR a sign that may be the stop of a sentence is taken for one."""
    if scheme.name == "viqr" and (stop := VIQR_AMBIGUOUS.search(piece)):
        return scheme.decode(piece[: stop.start()]) + piece[stop.start() :]
    return scheme.decode(piece)


def _different(texts: pd.Series[Any] | Sequence[str | None]) -> pa.LargeStringArray:
    """Return the different texts of a column, missing and empty ones left out."""
    column = texts if isinstance(texts, pd.Series) else pd.Series(list(texts), dtype=object)
    if isinstance(column.dtype, pd.StringDtype):
        found = pa.array(column.array, type=pa.large_string())
    else:
        found = pa.array([text for text in column.array if isinstance(text, str)], type=pa.large_string())
    found = pc.unique(found.drop_null())
    return found.filter(pc.greater(pc.binary_length(found), 0))


def _pieces(different: pa.LargeStringArray) -> list[str]:
    """Return the different pieces that some scheme could read otherwise than they stand, in alphabetical order."""
    # Numbers are all one here: QL.1 and QL.32 are no evidence apart.
    alike = pc.unique(pc.replace_substring_regex(different, _NUMBER, "0")).to_pylist()
    told = filter(_TELLING.search, set(" ".join(alike).split(" ")))
    return sorted(
        piece for piece in told if not piece.isascii() or VIQR_TYPICAL.search(piece) or _CONTROL.search(piece)
    )


def _thinned(pieces: Sequence[str]) -> Sequence[str]:
    return pieces[:: -(-len(pieces) // _PIECES)]


def _log_odds(readings: Mapping[str, _Reading], prior: Mapping[str, float] | None) -> dict[str, float]:
    return {
        name: -_TEMPER * reading.cost - _prior(name) + (math.log(prior.get(name, 0.0) + _NEGLIGIBLE) if prior else 0.0)
        for name, reading in readings.items()
    }


def _prior(name: str) -> float:
    if name in UNICODE_FORMS:
        return 0.0
    plain, _, carrier = name.partition("@")
    return _PRIOR[plain] + (_CP1258_PRIOR if carrier else 0.0)


def _alike(readings: Mapping[str, _Reading]) -> list[list[str]]:
    groups: dict[tuple[str, ...], list[str]] = {}
    for name, reading in readings.items():
        groups.setdefault(reading.decoded, []).append(name)
    return list(groups.values())


def _with_form(candidate: Candidate, apart: int, decomposed: int) -> Candidate:
    """Tell decomposed Unicode from composed."""
    if candidate.encoding != "unicode" or not apart:
        return candidate
    form = "nfd" if decomposed == apart else "composite"
    title, count, rest = SCHEMES[form].title, apart, candidate.why
    why = Text(
        vi=f"{title.vi}: {count} giá trị có dấu tách rời chữ; chuyển về dựng sẵn không đổi chữ nào. {rest.vi}",
        en=f"{title.en}: {count} values have marks apart from their letters; composing changes no letter. {rest.en}",
    )
    return replace(candidate, encoding=form, why=why)
