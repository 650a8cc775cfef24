"""Repairing the text columns of a table: a clear reading is used and told, a doubtful one is left to the user.

A column is decided by its own words first, then with the other columns of the table as evidence, because one file was
written by one program: a column of codes with one Đ says little by itself. Nothing is changed without a decision, and
every decision tells what it rests on, what it changed and what is lost.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Generic, Literal, TypeVar

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from layers.encodings.conversion import Converted, Lost, convert, scheme_of
from layers.encodings.detection import CERTAIN, Candidate, Words
from layers.encodings.schemes import SCHEMES, UNICODE_FORMS
from layers.errors import UnknownFieldError
from layers.types import Language, Text

__all__ = ["ColumnRepair", "Repair", "State", "repair"]

Frame = TypeVar("Frame", pd.DataFrame, "pd.Series[Any]")
State = Literal["kept", "repaired", "chosen", "ask"]
#: Another reading than leaving the text alone is worth a question from this confidence on.
_WORTH_ASKING: Final = 0.2
#: These change nothing but what is certainly theirs: columns that hold other text beside it are safe.
_PIECEWISE: Final = frozenset({"nfd", "composite", "eth", "cp1252", "utf-8", "utf-8-twice", "utf-8@cp1258"})
#: A question mark between letters, but not of a web address; or the sign for a lost character.
_GONE: Final = re.compile(r"(?<![\w/=&.])[^\W\d_]+\?[^\W\d_]+(?![\w/=&])|\ufffd")
#: No text without one of these has lost a letter.
_GONE_SIGNS: Final = ("?", "\ufffd")

_MESSAGES: Final[dict[State, Text]] = {
    "kept": Text(vi="Cột {column}: giữ nguyên.", en="Column {column}: left as it is."),
    "repaired": Text(
        vi="Cột {column}: chuyển từ {title} (độ tin cậy {confidence:.0%}), đổi {rows} dòng.",
        en="Column {column}: converted from {title} (confidence {confidence:.0%}), {rows} rows changed.",
    ),
    "chosen": Text(
        vi="Cột {column}: chuyển từ {title} theo lựa chọn của người dùng, đổi {rows} dòng.",
        en="Column {column}: converted from {title} as the user chose, {rows} rows changed.",
    ),
    "ask": Text(
        vi="Cột {column}: chưa rõ bảng mã, không đổi gì; cần chọn một trong: {choices}.",
        en="Column {column}: the encoding is not clear, nothing was changed; choose one of: {choices}.",
    ),
}


@dataclass(frozen=True, slots=True)
class ColumnRepair:
    """What was decided about one column.

    Parameters
    ----------
    column : str
        Its name.
    state : {"kept", "repaired", "chosen", "ask"}
        Left as it is; converted because one reading is clear; converted as the user chose; left because the user has
        to choose.
    encoding : str
        The scheme that was used, or the likeliest.
    candidates : tuple of Candidate
        All readings worth naming, the likeliest first.
    rows : int
        How many rows changed.
    lost : tuple of Lost
        Letters that the conversion could not carry over for certain.
    reversible : bool
        Whether the old texts can be had back byte for byte.
    damaged : int
        Rows in which an earlier program put question marks or the sign � for letters: they are gone.
    """

    column: str
    state: State
    encoding: str
    candidates: tuple[Candidate, ...]
    rows: int = 0
    lost: tuple[Lost, ...] = ()
    reversible: bool = True
    damaged: int = 0

    def message(self, language: Language = "en") -> str:
        """Return the decision in words.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        str
            Plain text, one sentence or more.
        """
        first = self.candidates[0]
        choices = ", ".join(f"{c.encoding} ({c.confidence:.0%})" for c in self.candidates)
        text = _MESSAGES[self.state].say(language)
        said = [
            text.format(
                column=self.column,
                title=SCHEMES[self.encoding].title.say(language),
                confidence=first.confidence,
                rows=self.rows,
                choices=choices,
            )
        ]
        if self.state != "chosen":
            said.append(first.why.say(language))
        if self.lost:
            said.append(_LOST.say(language).format(count=len(self.lost)))
        if not self.reversible:
            said.append(_ONE_WAY.say(language))
        if self.damaged:
            said.append(_DAMAGED.say(language).format(count=self.damaged))
        return " ".join(said)


_LOST: Final = Text(vi="{count} chữ không chắc chắn, xem danh sách.", en="{count} letters are uncertain, see the list.")
_ONE_WAY: Final = Text(
    vi="Không khôi phục được nguyên văn cũ từ kết quả; cần giữ tệp gốc.",
    en="The old text cannot be had back from the result; keep the original file.",
)
_DAMAGED: Final = Text(
    vi="{count} dòng có dấu hỏi hoặc ký hiệu � thay cho chữ: các chữ đó đã mất từ trước.",
    en="{count} rows have question marks or � in place of letters: those letters were lost before.",
)


@dataclass(frozen=True, slots=True)
class Repair(Generic[Frame]):
    """A table with readable text, and how it came to it.

    Parameters
    ----------
    values : DataFrame or Series
        What was given, with the decided columns converted.
    columns : tuple of ColumnRepair
        One for each text column.
    """

    values: Frame
    columns: tuple[ColumnRepair, ...]

    @property
    def questions(self) -> tuple[ColumnRepair, ...]:
        """Columns that the user has to decide."""
        return tuple(column for column in self.columns if column.state == "ask")


def repair(features: Frame, *, choices: Mapping[str, str] | None = None, certain: float = CERTAIN) -> Repair[Frame]:
    """Convert the text columns of a table whose encoding is clear; leave the others and say so.

    Parameters
    ----------
    features : DataFrame, GeoDataFrame or Series
        A table, or one column, as its reader gave it. It is not changed.
    choices : mapping of str to str, optional
        Encodings by column name, where the user chose; "unicode" leaves a column alone.
    certain : float, optional
        Confidence from which a reading counts as clear, 0 to 1.

    Returns
    -------
    Repair
        The same rows, index, columns and types, and one decision for each text column.

    Raises
    ------
    UnknownFieldError
        If a choice names a column that is not there or holds no text.
    ValueOutOfRangeError
        If a choice names an encoding that is not known.

    Examples
    --------
    >>> done = repair(pd.DataFrame({"TEN": ["Khu c«ng nghiÖp §«ng Anh", "Hµ Néi"], "SO": [1, 2]}))
    >>> done.values["TEN"].tolist(), done.columns[0].state
    (['Khu công nghiệp Đông Anh', 'Hà Nội'], 'repaired')
    """
    columns = _text_columns(features)
    for name, encoding in (choices or {}).items():
        scheme_of(encoding)
        if name not in columns:
            raise UnknownFieldError(seen=name, wanted=", ".join(columns), where="choices")
    found = _with_each_other({name: Words.of(texts) for name, texts in columns.items()})
    decided = {
        name: _decide(name, texts, found[name], (choices or {}).get(name), certain) for name, texts in columns.items()
    }
    new = {name: converted.values for name, (_, converted) in decided.items() if converted is not None}
    return Repair(_replaced(features, new), tuple(decision for decision, _ in decided.values()))


def _text_columns(features: pd.DataFrame | pd.Series[Any]) -> dict[str, pd.Series[Any]]:
    if isinstance(features, pd.Series):
        return {"" if features.name is None else str(features.name): features}
    # A plain frame hands out columns several times faster than a GeoDataFrame, which looks for geometry in each.
    table = pd.DataFrame(features)
    return {str(name): table[name] for name in table.columns if _holds_text(table[name])}


def _holds_text(column: pd.Series[Any]) -> bool:
    if isinstance(column.dtype, pd.StringDtype):
        return True
    return column.dtype == object and any(isinstance(value, str) for value in column.array)


def _replaced(features: Frame, new: Mapping[str, pd.Series[Any]]) -> Frame:
    if isinstance(features, pd.Series):
        return next(iter(new.values()), features)
    return features.assign(**new)


def _with_each_other(columns: Mapping[str, Words]) -> dict[str, tuple[Candidate, ...]]:
    """Detect, and again with what the other columns say, where some of them are clear."""
    found = {name: words.ranked() for name, words in columns.items()}
    clear = {name: ranked[0] for name, ranked in found.items() if _speaks(ranked)}
    again: dict[str, tuple[Candidate, ...]] = {}
    for name, ranked in found.items():
        others = [candidate for other, candidate in clear.items() if other != name]
        votes: dict[str, float] = {}
        for candidate in others:
            for encoding in (candidate.encoding, *candidate.also):
                plain = "unicode" if encoding in UNICODE_FORMS else encoding
                votes[plain] = votes.get(plain, 0.0) + 1.0 / len(others)
        again[name] = columns[name].ranked(votes) if votes and ranked[0].evidence else ranked
    return again


def _speaks(ranked: tuple[Candidate, ...]) -> bool:
    return ranked[0].evidence > 0 and ranked[0].confidence >= CERTAIN and not ranked[0].mixed


def _decide(
    name: str, texts: pd.Series[Any], ranked: tuple[Candidate, ...], chosen: str | None, certain: float
) -> tuple[ColumnRepair, Converted | None]:
    state, encoding = _state(ranked, chosen, certain)
    damaged = _count_damaged(texts)
    if state not in ("repaired", "chosen"):
        return ColumnRepair(name, state, encoding, ranked, damaged=damaged), None
    converted = convert(texts, encoding)
    rows = int(converted.changed.sum())
    decision = ColumnRepair(name, state, encoding, ranked, rows, converted.lost, converted.reversible, damaged)
    return decision, converted


def _count_damaged(texts: pd.Series[Any]) -> int:
    """Count the rows in which letters were lost before."""
    values = pa.array(texts.dropna().astype("str").array, type=pa.large_string())
    # Hardly any text has one of the signs, and a compiled search passes over the others at once.
    signs = [pc.match_substring(values, sign).to_numpy(zero_copy_only=False) for sign in _GONE_SIGNS]
    suspect = values.filter(pa.array(np.logical_or(*signs))).to_pylist()
    return sum(_GONE.search(text) is not None for text in suspect)


def _state(ranked: tuple[Candidate, ...], chosen: str | None, certain: float) -> tuple[State, str]:
    if chosen is not None:
        return "chosen", chosen
    first = ranked[0]
    clear = first.confidence >= certain and (not first.mixed or first.encoding in _PIECEWISE)
    if first.encoding == "unicode":
        doubtful = any(candidate.confidence >= _WORTH_ASKING for candidate in ranked[1:])
        return ("ask" if doubtful and not clear else "kept"), "unicode"
    return ("repaired" if clear else "ask"), first.encoding
