"""Columns that state an area or a length: which they are, in which unit, and how far their digits are rounded."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

import numpy as np
import pandas as pd

from layers.coercion import as_texts
from layers.definitions import LayerDefinition
from layers.text import search_key
from layers.types import Text
from layers.validation.ground import FloatArray

__all__ = ["UNITS", "Amounts", "Measure", "Stated", "Unit", "half_digit", "read_amounts", "stated_columns"]

Measure = Literal["area", "length"]


class Unit(NamedTuple):
    """A unit in which areas or lengths are stated.

    Attributes
    ----------
    title : Text
        As shown.
    size : float
        In square metres or metres; NaN for degrees, which have no size of their own.
    """

    title: Text
    size: float


def _unit(vi: str, en: str, size: float) -> Unit:
    return Unit(Text(vi=vi, en=en), size)


#: The units looked for, the likeliest first. Sào and mẫu are those of the north (Bắc Bộ).
UNITS: Final[Mapping[Measure, Mapping[str, Unit]]] = {
    "area": {
        "m2": _unit("m²", "m²", 1.0),
        "ha": _unit("ha", "ha", 1e4),
        "km2": _unit("km²", "km²", 1e6),
        "acre": _unit("mẫu Anh (acre)", "acres", 4046.8564224),
        "sqft": _unit("foot vuông", "square feet", 0.3048**2),
        "sao": _unit("sào Bắc Bộ (360 m²)", "sào of the north (360 m²)", 360.0),
        "mau": _unit("mẫu Bắc Bộ (3.600 m²)", "mẫu of the north (3,600 m²)", 3600.0),
        "degree": _unit("độ vuông", "square degrees", np.nan),
    },
    "length": {
        "m": _unit("m", "m", 1.0),
        "km": _unit("km", "km", 1e3),
        "ft": _unit("foot", "feet", 0.3048),
        "mile": _unit("dặm", "miles", 1609.344),
        "degree": _unit("độ", "degrees", np.nan),
    },
}
#: How people write units, as search keys.
_WRITTEN: Final = {
    "m2": "m2", "sqm": "m2", "sq m": "m2", "met vuong": "m2", "ha": "ha", "hecta": "ha", "hectare": "ha",
    "hectares": "ha", "km2": "km2", "sqkm": "km2", "sq km": "km2", "acre": "acre", "acres": "acre", "sqft": "sqft",
    "sq ft": "sqft", "m": "m", "met": "m", "meter": "m", "meters": "m", "km": "km", "ft": "ft", "feet": "ft",
    "mi": "mile", "miles": "mile",
}  # fmt: skip
_UNIT: Final = "|".join(sorted(_WRITTEN, key=len, reverse=True))
#: Names of columns that state the area or the length of the whole feature, as search keys without blanks between.
_AREA: Final = re.compile(
    r"(?:tong|total|shape|st|gis|calc|declared|published)? ?(?:(?:area|dien ?tich|dtich)(?: cong bo)?|ar(?:ea?)? \d)"
    rf" ?(?P<unit>{_UNIT})?|(?:total )?(?P<named>acreage|acres|hectares)"
)
_LENGTH: Final = re.compile(
    r"(?:tong|total|shape|st|gis|calc)? ?(?:chieu ?dai|do ?dai|length|leng|len|le \d)"
    rf" ?(?P<unit>{_UNIT})?"
)
_BOUNDARY: Final = re.compile(rf"(?:shape ?(?:length|leng|len|le \d)|perimeter|chu ?vi) ?(?P<unit>{_UNIT})?")
_NAMED: Final = {"acreage": "acre", "acres": "acre", "hectares": "ha"}
#: Decimals of a number that are told apart.
_DECIMALS: Final = 7
#: Half the range of a value that is said to be about right.
_ABOUT: Final = 0.05
_WRITTEN_NUMBER: Final = re.compile(
    r"(?P<about>\W*~|\W*≈|khoảng|approx\.?|about)?[^\d~≈]*(?P<number>\d+(?:[.,\s]\d+)*)\s*(?P<unit>[^\W\d]+[2²]?)?\W*",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Stated:
    """A column that states areas or lengths.

    Parameters
    ----------
    column : str
        Its name.
    measure : {"area", "length"}
        What of the geometry it states.
    unit : str or None
        A key of `UNITS`, as definition or name say; None if they do not.
    boundary : bool
        Whether the length is that of an area's boundary.
    """

    column: str
    measure: Measure
    unit: str | None
    boundary: bool = False


@dataclass(frozen=True)
class Amounts:
    """A column read as numbers.

    Parameters
    ----------
    values : ndarray of float
        As stated; NaN where there is none above 0.
    others : ndarray of float
        The value if the sign between digits means the other thing (12,000 as 12); NaN where it is clear.
    half : ndarray of float
        Half the last digit: 12.3 stands for 12.25 to 12.35.
    units : ndarray of str
        A unit written beside the number; empty without one.
    """

    values: FloatArray
    others: FloatArray
    half: FloatArray
    units: np.typing.NDArray[np.object_]


def stated_columns(columns: pd.Index, definition: LayerDefinition | None) -> tuple[Stated, ...]:
    """Return the columns that state an area or a length of their features.

    Parameters
    ----------
    columns : Index of str
        Names.
    definition : LayerDefinition or None
        The layer, which says it of its fields (`measures`); without it the names tell.

    Returns
    -------
    tuple of Stated
        In the order of the columns.

    Examples
    --------
    >>> [(one.column, one.unit) for one in stated_columns(pd.Index(["Diện tích (ha)", "kids_area", "areaKm2"]), None)]
    [('Diện tích (ha)', 'ha'), ('areaKm2', 'km2')]
    """
    if definition is not None:
        return tuple(
            Stated(field.name, field.measures, _WRITTEN.get(search_key(field.unit or "")))
            for field in definition.fields
            if field.measures is not None and field.name in columns
        )
    found = (_by_name(str(name)) for name in columns)
    return tuple(one for one in found if one is not None)


def _by_name(name: str) -> Stated | None:
    key = search_key(name)
    if match := _AREA.fullmatch(key):
        unit = _NAMED.get(match["named"] or "") or _WRITTEN.get(match["unit"] or "")
        return None if unit in UNITS["length"] else Stated(name, "area", unit)
    boundary = _BOUNDARY.fullmatch(key)
    match = boundary or _LENGTH.fullmatch(key)
    if match is None:
        return None
    unit = _WRITTEN.get(match["unit"] or "")
    return None if unit in UNITS["area"] else Stated(name, "length", unit, boundary=boundary is not None)


def read_amounts(column: pd.Series[Any]) -> Amounts:
    """Read a column of stated areas or lengths.

    Parameters
    ----------
    column : Series
        Numbers, or text such as ``12.5``, ``~90 ha`` or ``Dài 4.8 km``.

    Returns
    -------
    Amounts
        One value a row.

    Examples
    --------
    >>> read = read_amounts(pd.Series(["12,000 ha", "~90 ha", "3.5"]))
    >>> read.values.tolist(), read.others.tolist(), read.units.tolist()
    ([12000.0, 90.0, 3.5], [12.0, nan, nan], ['ha', 'ha', ''])
    """
    others, units = np.full(len(column), np.nan), np.full(len(column), "", dtype=object)
    about = np.zeros(len(column))
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        values = column.to_numpy(dtype=float, na_value=np.nan, copy=True)
    else:
        texts = as_texts(column)[0]
        read = pd.to_numeric(texts, errors="coerce").to_numpy(dtype=float, na_value=np.nan, copy=True)
        # A loop: numbers with words have no form of their own, and are few.
        for row in np.flatnonzero(np.isnan(read) & texts.notna().to_numpy(dtype=bool)).tolist():
            read[row], others[row], units[row], about[row] = _from_words(texts.iloc[row])
        values = read
    values[~(np.isfinite(values) & (values > 0))] = np.nan
    return Amounts(values, others, np.maximum(half_digit(values), about), units)


def half_digit(values: FloatArray) -> FloatArray:
    """Return half the last digit of each value; 12 in a column with two decimals as a rule stands for 12.00.

    Parameters
    ----------
    values : ndarray of float
        Of one column; NaN is allowed.

    Returns
    -------
    ndarray of float
        In the unit of the values.

    Examples
    --------
    >>> half_digit(np.array([12.3, 0.25, 7.0])).tolist()
    [0.05, 0.005, 0.05]
    """
    decimals = np.zeros(len(values))
    for places in range(_DECIMALS):
        shifted = values * 10.0**places
        decimals[np.abs(shifted - np.round(shifted)) > 1e-9 * np.maximum(1.0, np.abs(shifted))] = places + 1
    there = np.isfinite(values)
    usual = float(np.median(decimals[there])) if there.any() else 0.0
    return np.asarray(0.5 * 10.0 ** -np.maximum(decimals, np.floor(usual)), dtype=float)


def _from_words(text: str) -> tuple[float, float, str, float]:
    """Return the one number of a text, what it may be else, its unit, and half its range if it is about right."""
    match = _WRITTEN_NUMBER.fullmatch(text.strip())
    if match is None:
        return np.nan, np.nan, "", 0.0
    digits = re.sub(r"\s", "", match["number"])
    value, other = _readings(digits)
    unit = _WRITTEN.get(search_key(match["unit"] or ""), "")
    return value, other, unit, value * _ABOUT if match["about"] else 0.0


def _readings(digits: str) -> tuple[float, float]:
    marks = [sign for sign in digits if sign in ".,"]
    if not marks:
        return float(digits), np.nan
    bare = digits.replace(",", "").replace(".", "")
    decimal = (
        digits[: digits.rfind(marks[-1])].replace(",", "").replace(".", "")
        + "."
        + digits[digits.rfind(marks[-1]) + 1 :]
    )
    if len(set(marks)) > 1:
        return float(decimal), np.nan
    if len(marks) > 1:
        return float(bare), np.nan
    # One sign before three digits parts thousands or decimals, by language.
    three = len(digits) - digits.rfind(marks[0]) == 4
    return (float(bare), float(decimal)) if three else (float(decimal), np.nan)
