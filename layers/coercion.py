"""Reading a column as a field's type without losing or inventing anything.

Files give numbers as text, whole numbers as floats and dates as text. What is the same value in another dress is taken;
what would have to be cut, rounded or guessed (3.5 for a whole number, 13:45 for a date, 05/06/2025) is refused
and stays for a person to decide. A blank text is a missing value, except in a text field.
"""

from __future__ import annotations

import datetime as dt
import math
import numbers
from collections.abc import Callable
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from layers.definitions import Field, FieldType
from layers.types import Text

__all__ = ["DTYPES", "WANTED", "Coerced", "as_texts", "coerce"]

#: pandas dtype of each field type.
DTYPES: Final[dict[FieldType, str]] = {
    "text": "str",
    "integer": "Int64",
    "number": "float64",
    "boolean": "boolean",
    "date": "datetime64[s]",
}
_DTYPES: Final = {type_: pd.api.types.pandas_dtype(name) for type_, name in DTYPES.items()}
#: What each field type takes, for messages.
WANTED: Final[dict[FieldType, Text]] = {
    "text": Text(vi="văn bản", en="text"),
    "integer": Text(vi="số nguyên", en="a whole number"),
    "number": Text(vi="số hữu hạn, dấu chấm thập phân", en="a finite number with a decimal point"),
    "boolean": Text(vi="true hoặc false", en="true or false"),
    "date": Text(vi="ngày như 2030-12-31", en="a date such as 2030-12-31"),
}

_INTEGER: Final = r"[+-]?[0-9]{1,19}(\.0*)?"
_NUMBER: Final = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?"
#: Year first, parted by - or /; a time of day only if it is midnight.
_DATE: Final = r"[0-9]{4}[-/][0-9]{2}[-/][0-9]{2}([T ]00:00(:00(\.0*)?)?([Zz]|[+-][0-9]{2}:?[0-9]{2})?)?"
_BOOLEANS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
#: Whole numbers outside 64 bits are refused.
_INT64: Final = 2**63
#: Shorter numbers all fit.
_LONG: Final = 19
#: Up to here a float tells every whole number apart, so that 12.0 can be written as 12.
_EXACT: Final = 2**53


class Coerced(NamedTuple):
    """A column read as its field's type.

    Attributes
    ----------
    values : Series
        In the dtype of the field type; missing where the value was missing or refused.
    refused : ndarray of bool
        Rows whose value does not mean the field's type.
    """

    values: pd.Series[Any]
    refused: npt.NDArray[np.bool_]


def coerce(field: Field, values: pd.Series[Any]) -> Coerced:
    """Read a column as a field's type.

    Parameters
    ----------
    field : Field
        The field; only its type counts here, neither codes nor bounds.
    values : Series
        Values as a file or a program gave them.

    Returns
    -------
    Coerced
        The values, same index and name, and which of them were refused.

    Examples
    --------
    >>> field = Field(name="floors", type="integer", title=Text(vi="Số tầng", en="Floors"))
    >>> coerce(field, pd.Series(["3", "3.5", None])).refused.tolist()
    [False, True, False]
    """
    dtype = values.dtype
    if field.type == "text" and dtype == _DTYPES["text"]:
        return _taken(field.type, values)
    if pd.api.types.is_bool_dtype(dtype):
        if field.type == "boolean":
            return _taken(field.type, values)
    elif pd.api.types.is_numeric_dtype(dtype):
        if field.type in ("integer", "number"):
            return _from_numbers(field.type, values)
    elif pd.api.types.is_datetime64_any_dtype(dtype):
        if field.type == "date":
            return _from_times(values)
    elif isinstance(dtype, pd.StringDtype):
        return _from_texts(field.type, values)
    elif bool(values.isna().all()):
        # Most columns of most files are empty, and a column of Python objects is slow to read.
        return _taken(field.type, values)
    return _from_objects(field.type, values)


def _from_objects(type_: FieldType, values: pd.Series[Any]) -> Coerced:
    if type_ == "date" and set(map(type, values.dropna().to_numpy())) == {dt.date}:
        # Days as Python objects, as Arrow gives them, need not be written as text and read again; moments do.
        days = values.where(values.notna(), None).to_numpy(dtype=object).astype("datetime64[D]")
        return _taken("date", pd.Series(days.astype("datetime64[s]"), index=values.index, name=values.name))
    texts, strange = as_texts(values)
    read = _from_texts(type_, texts)
    return Coerced(read.values, read.refused | strange)


def _taken(type_: FieldType, values: pd.Series[Any]) -> Coerced:
    return Coerced(_cast(values, type_), np.zeros(len(values), dtype=bool))


def _from_numbers(type_: FieldType, values: pd.Series[Any]) -> Coerced:
    if type_ == "integer" and pd.api.types.is_signed_integer_dtype(values.dtype):
        return _taken(type_, values)
    # A series would look for the value among its labels first, and make a table of them all for it.
    numbers_ = values.array.to_numpy(dtype="float64", na_value=math.nan)
    refused = np.isinf(numbers_)
    if type_ == "number":
        return Coerced(_cast(_without(values, refused), type_), refused)
    refused |= (np.abs(numbers_) >= _INT64) | (np.floor(numbers_) != numbers_) & ~np.isnan(numbers_)
    # Unsigned ones are masked as integers: above 2**53 a float would round them.
    exact = values.astype("UInt64") if pd.api.types.is_unsigned_integer_dtype(values.dtype) else values
    return Coerced(_cast(_without(exact, refused), type_), refused)


def _from_times(values: pd.Series[Any]) -> Coerced:
    local = values if values.dt.tz is None else values.dt.tz_localize(None)
    moments = local.to_numpy()
    days = moments.astype("datetime64[D]")
    refused = np.asarray((moments != days) & ~np.isnat(moments), dtype=bool)
    return Coerced(_cast(_without(local, refused), "date"), refused)


def _from_texts(type_: FieldType, values: pd.Series[Any]) -> Coerced:
    if type_ == "text":
        return _taken(type_, values)
    texts = values.str.strip()
    there = (texts.notna() & (texts != "")).to_numpy(dtype=bool)
    read = _cast(_READERS[type_](texts), type_)
    return Coerced(read, there & read.isna().to_numpy(dtype=bool))


def _read_booleans(texts: pd.Series[Any]) -> pd.Series[Any]:
    return texts.str.lower().map(_BOOLEANS)


def _read_integers(texts: pd.Series[Any]) -> pd.Series[Any]:
    whole = texts.where(texts.str.fullmatch(_INTEGER)).str.replace(r"^\+|\.0*$", "", regex=True)
    # Few have so many digits; Python's integers tell which of them go beyond 64 bits.
    long = np.flatnonzero((whole.str.len() >= _LONG).to_numpy(dtype=bool))
    beyond = np.zeros(len(whole), dtype=bool)
    beyond[long] = [not -_INT64 <= int(text) < _INT64 for text in whole.iloc[long]]
    return whole.mask(beyond)


def _read_numbers(texts: pd.Series[Any]) -> pd.Series[Any]:
    read = _cast(texts.where(texts.str.fullmatch(_NUMBER)), "number")
    return read.where(np.isfinite(read))


def _read_days(texts: pd.Series[Any]) -> pd.Series[Any]:
    # The first ten characters are the day; what may follow says midnight.
    days = texts.where(texts.str.fullmatch(_DATE)).str[:10].str.replace("/", "-")
    read: pd.Series[Any] = pd.to_datetime(days, format="%Y-%m-%d", errors="coerce")
    return read


_READERS: Final[dict[FieldType, Callable[[pd.Series[Any]], pd.Series[Any]]]] = {
    "boolean": _read_booleans,
    "integer": _read_integers,
    "number": _read_numbers,
    "date": _read_days,
}


def as_texts(values: pd.Series[Any]) -> tuple[pd.Series[Any], npt.NDArray[np.bool_]]:
    """Write every value of a column as text, as a person would.

    Parameters
    ----------
    values : Series
        Values of any kind.

    Returns
    -------
    texts : Series of str
        Whole numbers without a decimal point, dates in ISO form; missing stays missing.
    strange : ndarray of bool
        Rows whose value is no single one (a list, bytes); their text is missing.

    Examples
    --------
    >>> as_texts(pd.Series([12.0, None]))[0].tolist()
    ['12', nan]
    """
    if (
        isinstance(values.dtype, pd.StringDtype)
        or pd.api.types.is_integer_dtype(values.dtype)
        or pd.api.types.infer_dtype(values, skipna=True) == "string"
    ):
        return _cast(values, "text"), np.zeros(len(values), dtype=bool)
    # A loop over values: columns of mixed Python objects have no faster way, and are rare.
    texts = [_as_text(value) for value in values]
    strange = np.array([text is None for text in texts], dtype=bool) & values.notna().to_numpy(dtype=bool)
    return pd.Series(texts, index=values.index, name=values.name, dtype="str"), strange


def _as_text(value: object) -> str | None:
    if isinstance(value, str):
        return value
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, bool | np.bool_):
        return str(bool(value)).lower()
    if isinstance(value, numbers.Integral):
        return str(int(value))
    if isinstance(value, numbers.Real):
        number = float(value)
        if math.isnan(number):
            return None
        return str(int(number)) if number % 1 == 0 and abs(number) <= _EXACT else repr(number)
    if isinstance(value, dt.datetime):
        return value.date().isoformat() if value.time() == dt.time() else value.isoformat()
    return value.isoformat() if isinstance(value, dt.date) else None


def _without(values: pd.Series[Any], refused: npt.NDArray[np.bool_]) -> pd.Series[Any]:
    # Nearly always nothing is refused, and masking costs more than all the rest of reading a short column.
    return values.mask(refused) if refused.any() else values


def _cast(values: pd.Series[Any], type_: FieldType) -> pd.Series[Any]:
    wanted = _DTYPES[type_]
    cast: pd.Series[Any] = values if values.dtype == wanted else values.astype(wanted)
    return cast
