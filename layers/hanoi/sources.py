"""What the shipped Hanoi data are made from: the reference facts and the reviewed input tables beside this module."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from layers.errors import DefinitionError, FileUnreadableError, MissingFileError
from layers.types import Text

__all__ = ["INPUTS", "Row", "Translations", "both", "in_both_languages", "quoted", "read_rows"]

#: One line of a CSV file; an empty text is an unknown value.
Row = dict[str, str]

#: Reviewed tables that a person edits: translations, values read out of free text, sources per fact, checks per rule.
INPUTS: Final = Path(__file__).parent / "inputs"


def read_rows(path: Path) -> list[Row]:
    """Read a CSV file with a header.

    Parameters
    ----------
    path : Path
        A file in UTF-8.

    Returns
    -------
    list of dict
        Text by column, in file order.

    Raises
    ------
    MissingFileError
        If it is not there.
    FileUnreadableError
        If it is no UTF-8, or a line has more or fewer values than the header has names.
    """
    try:
        lines = list(csv.reader(path.read_text(encoding="utf-8").splitlines(keepends=True), strict=True))
    except FileNotFoundError as error:
        raise MissingFileError(seen=path) from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise FileUnreadableError(seen=error, wanted="CSV, UTF-8", where=str(path)) from error
    header, *rows = lines or [[]]
    for number, row in enumerate(rows, start=2):
        if len(row) != len(header):
            wanted = Text(vi=f"{len(header)} giá trị", en=f"{len(header)} values")
            raise FileUnreadableError(seen=f"{number}: {len(row)}", wanted=wanted, where=str(path))
    return [dict(zip(header, row, strict=True)) for row in rows]


@dataclass(frozen=True)
class Translations:
    """Reviewed Vietnamese for every English text of the facts.

    Parameters
    ----------
    table : mapping of (str, str) to str
        Vietnamese by context and English text; the empty context serves all.
    """

    table: Mapping[tuple[str, str], str]

    @classmethod
    def read(cls, path: Path) -> Translations:
        """Read the reviewed table.

        Parameters
        ----------
        path : Path
            A CSV file with the columns context, en, vi.

        Returns
        -------
        Translations
            The table.

        Raises
        ------
        MissingFileError
            If the file is not there.
        FileUnreadableError
            If it is no such file.
        """
        return cls({(row["context"], row["en"]): row["vi"] for row in read_rows(path)})

    def vietnamese(self, english: str, *, context: str = "") -> str:
        """Return the Vietnamese of a text.

        Parameters
        ----------
        english : str
            The text; empty if unknown.
        context : str
            Where the same English means something else.

        Returns
        -------
        str
            Vietnamese; empty for an empty text.

        Raises
        ------
        DefinitionError
            If the table does not have it: a text in one language is never shipped.
        """
        if not english:
            return ""
        found = self.table.get((context, english), self.table.get(("", english)))
        if not found:
            wanted = Text(vi="một dòng bản dịch", en="a line with its translation")
            raise DefinitionError(seen=repr(english), wanted=wanted, where="translations.csv")
        return found


def both(name: str, english: str, translations: Translations, *, context: str = "") -> Row:
    """Return a text as a pair of fields.

    Parameters
    ----------
    name : str
        Name of the pair, without language.
    english : str
        The text; empty if unknown.
    translations : Translations
        Reviewed Vietnamese.
    context : str
        Where the same English means something else.

    Returns
    -------
    dict
        Both fields, filled or empty together.

    Raises
    ------
    DefinitionError
        If there is no translation.
    """
    return {f"{name}_vi": translations.vietnamese(english, context=context), f"{name}_en": english}


def in_both_languages(row: Row, names: Iterator[str] | tuple[str, ...], translations: Translations) -> Row:
    """Return a row with some English columns turned into pairs.

    Parameters
    ----------
    row : dict
        Text by column.
    names : iterable of str
        Columns to turn; a name doubles as the context of its translation.
    translations : Translations
        Reviewed Vietnamese.

    Returns
    -------
    dict
        A new row: the other columns, then the pairs.

    Raises
    ------
    DefinitionError
        If there is no translation.
    """
    turned = tuple(names)
    result = {name: value for name, value in row.items() if name not in turned}
    for name in turned:
        result |= both(name, row.get(name, ""), translations, context=name)
    return result


def quoted(row: Row, reference: Row, *, where: str) -> None:
    """Make sure that a value read by a person stands in the text it was read from.

    Parameters
    ----------
    row : dict
        Has `read_from`, a column (with or without a park in front), and `quote`, words of it.
    reference : dict
        The reference row of the park.
    where : str
        What to call the row in an error.

    Raises
    ------
    DefinitionError
        If the words are not there, as after a change of the reference.
    """
    column = row["read_from"].rsplit(".", 1)[-1]
    if not row["quote"] or row["quote"] not in reference.get(column, ""):
        raise DefinitionError(seen=reference.get(column, ""), wanted=repr(row["quote"]), where=f"{where}, {column}")
