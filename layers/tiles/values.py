"""Attributes as numbers of values, and the values as a vector tile writes them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pandas as pd

from layers.definitions import ID_FIELD, FieldType, LayerDefinition
from layers.tiles.arrays import Array

__all__ = ["Coded", "code_attributes", "number_value", "tile_value", "varint"]

#: Key of the field in which a layer of a tile holds a value.
_VALUE: bytes = b"\x22"
#: Unsigned whole numbers, true and false, text, double and negative whole numbers inside a value.
_UINT, _BOOL, _TEXT, _DOUBLE, _SINT = b"\x28", b"\x38", b"\x0a", b"\x19", b"\x30"


class Coded(NamedTuple):
    """Attributes of features as numbers of values.

    Attributes
    ----------
    keys : tuple of str
        Names of the attributes that at least one feature has; the id first.
    codes : ndarray of int32, shape (features, keys)
        Numbers of values, -1 for none.
    blob : ndarray of uint8
        All values as a tile writes them, one after the other.
    starts : ndarray of int64, shape (values + 1,)
        Where each starts.
    """

    keys: tuple[str, ...]
    codes: Array
    blob: Array
    starts: Array

    def value(self, number: int) -> bytes:
        """Return one value as a tile writes it.

        Parameters
        ----------
        number : int
            Of the value.

        Returns
        -------
        bytes
            With its field key and length.
        """
        return bytes(self.blob[self.starts[number] : self.starts[number + 1]])


def varint(value: int) -> bytes:
    r"""Return a whole number that is not negative as protocol buffers write it.

    Parameters
    ----------
    value : int
        The number.

    Returns
    -------
    bytes
        Seven bits a byte, the lowest first.

    Examples
    --------
    >>> varint(300)
    b'\xac\x02'
    """
    out = bytearray()
    while value > 127:
        out.append(value & 127 | 128)
        value >>= 7
    out.append(value)
    return bytes(out)


def tile_value(value: str | float) -> bytes:
    """Return a value as a layer of a tile holds it.

    Parameters
    ----------
    value : str, int, float or bool
        What is known.

    Returns
    -------
    bytes
        With its field key and length.
    """
    if isinstance(value, bool):
        inner = _BOOL + varint(value)
    elif isinstance(value, int):
        inner = _UINT + varint(value) if value >= 0 else _SINT + varint(-value * 2 - 1)
    elif isinstance(value, float):
        inner = _DOUBLE + np.float64(value).tobytes()
    else:
        text = value.encode()
        inner = _TEXT + varint(len(text)) + text
    return _VALUE + varint(len(inner)) + inner


def number_value(value: int) -> bytes:
    """Return a count as a layer of a tile holds it.

    Parameters
    ----------
    value : int
        0 or more.

    Returns
    -------
    bytes
        With its field key and length.
    """
    return tile_value(value)


def _plain(type_: FieldType, column: pd.Series[Any]) -> tuple[npt.NDArray[np.intp], list[Any]]:
    """Return which of its distinct values each row has, -1 for none, and these as Python values."""
    if type_ == "date":
        column = column.dt.strftime("%Y-%m-%d")
    codes, distinct = pd.factorize(column, use_na_sentinel=True)
    kinds = {"integer": int, "number": float, "boolean": bool}
    kind = kinds.get(type_, str)
    return codes, [kind(value) for value in distinct]


def code_attributes(definition: LayerDefinition, ids: Sequence[str], columns: Mapping[str, pd.Series[Any]]) -> Coded:
    """Return attributes as numbers of values.

    Parameters
    ----------
    definition : LayerDefinition
        The layer; only what it names is coded.
    ids : sequence of str
        Feature ids.
    columns : mapping of str to Series
        Attributes in the typed form.

    Returns
    -------
    Coded
        Equal values have equal numbers, whatever attribute they are of.
    """
    keys: list[str] = [ID_FIELD]
    coded = [np.arange(len(ids), dtype=np.int32)]
    values = [tile_value(str(id_)) for id_ in ids]
    known: dict[bytes, int] = {}
    for field in definition.all_fields:
        codes, distinct = _plain(field.type, columns[field.name])
        if not distinct:
            continue
        numbers = np.empty(len(distinct) + 1, dtype=np.int32)
        numbers[-1] = -1
        for place, value in enumerate(distinct):
            written = tile_value(value)
            number = known.get(written)
            if number is None:
                number = known[written] = len(values)
                values.append(written)
            numbers[place] = number
        keys.append(field.name)
        coded.append(numbers[codes])
    starts = np.zeros(len(values) + 1, dtype=np.int64)
    np.cumsum([len(value) for value in values], out=starts[1:])
    blob = np.frombuffer(b"".join(values), dtype=np.uint8)
    return Coded(tuple(keys), np.ascontiguousarray(np.column_stack(coded)), blob, starts)
