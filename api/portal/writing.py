"""How values are written for a reader: numbers, dates, units and codes by language."""

from __future__ import annotations

import datetime as dt
import numbers
from typing import Any, Final

import pandas as pd

from api.portal.words import WORDS
from gis.maps import unit_title
from layers.definitions import Field
from layers.types import Language

__all__ = ["write_date", "write_number", "write_value"]

#: Decimals that a figure is shown with at most.
DECIMALS: Final = 2
_VIETNAMESE_SIGNS: Final = str.maketrans({",": ".", ".": ","})


def write_number(value: float, *, language: Language, decimals: int | None = None, grouped: bool = True) -> str:
    """Return a number as its reader writes it.

    Parameters
    ----------
    value : float
        The number.
    language : {"vi", "en"}
        Vietnamese parts thousands by a point and decimals by a comma.
    decimals : int, optional
        Decimals to write; by default as many as it has, up to two.
    grouped : bool
        Whether thousands are parted; years are not.

    Returns
    -------
    str
        The number, a true minus sign before it if it is negative.

    Examples
    --------
    >>> write_number(1586, language="vi", decimals=1), write_number(1586, language="en", decimals=1)
    ('1.586,0', '1,586.0')
    >>> write_number(150.12, language="vi")
    '150,12'
    """
    comma = "," if grouped else ""
    if decimals is None:
        text = f"{value:{comma}.{DECIMALS}f}".rstrip("0").rstrip(".")
    else:
        text = f"{value:{comma}.{decimals}f}"
    if not any(digit in text for digit in "123456789"):
        text = text.lstrip("-")
    text = text.replace("-", "\u2212")
    return text.translate(_VIETNAMESE_SIGNS) if language == "vi" else text


def write_date(value: dt.date, *, language: Language) -> str:
    """Return a day as its reader writes it.

    Parameters
    ----------
    value : datetime.date
        The day.
    language : {"vi", "en"}
        Vietnamese puts the day first.

    Returns
    -------
    str
        The day.

    Examples
    --------
    >>> write_date(dt.date(2025, 7, 1), language="vi"), write_date(dt.date(2025, 7, 1), language="en")
    ('1/7/2025', '1 July 2025')
    """
    if language == "vi":
        return f"{value.day}/{value.month}/{value.year}"
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


_MONTHS: Final = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def write_value(field: Field, value: Any, *, language: Language) -> str:
    """Return the value of a field in words: its code's title, or the number with its unit.

    Parameters
    ----------
    field : Field
        The field.
    value : object
        A cell of the layer.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    str
        Empty for a missing value.

    Examples
    --------
    >>> from layers.types import Text
    >>> area = Field(name="area_ha", type="number", unit="ha", title=Text(vi="Diện tích", en="Area"))
    >>> write_value(area, 1586.0, language="vi")
    '1.586 ha'
    """
    if value is None or pd.isna(value):
        return ""
    if field.codes:
        return next((code.title.say(language) for code in field.codes if code.value == value), str(value))
    if field.type == "boolean":
        return WORDS["yes" if value else "no"].say(language)
    if field.type == "date":
        return write_date(pd.Timestamp(value).date(), language=language)
    if not isinstance(value, numbers.Real):
        return str(value)
    number = write_number(float(value), language=language, grouped=not _is_year(field))
    return f"{number} {unit_title(field.unit, language)}" if field.unit else number


def _is_year(field: Field) -> bool:
    """Whether a whole number counts years rather than things: its bounds then lie between 1900 and 2200."""
    return field.type == "integer" and field.minimum is not None and 1900 <= field.minimum <= 2200
