"""Rows as PostgreSQL's COPY takes them in binary form, made column by column.

The form is that of the PostgreSQL documentation, chapter COPY, "Binary Format": each row is the number of its fields,
then each field's length and content, big-endian; a length of -1 is a missing value.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely
import sqlalchemy as sa
from geoalchemy2 import Geometry

from layers.store.engine import Columns

__all__ = ["COPY_END", "COPY_START", "binary_rows"]

#: What comes before all rows, and after them.
COPY_START: Final = b"PGCOPY\n\xff\r\n\x00" + struct.pack(">ii", 0, 0)
COPY_END: Final = struct.pack(">h", -1)
#: PostgreSQL counts days from here.
_DAY_ZERO: Final = np.datetime64("2000-01-01", "D")
_BINARY: Final = pa.large_binary()


def binary_rows(columns: Columns, types: Mapping[str, sa.types.TypeEngine[Any]]) -> pa.Buffer:
    """Write rows in binary form.

    Parameters
    ----------
    columns : mapping of str to sequence
        Values as Python has them, None where missing; geometries as an array of shapely.
    types : mapping of str to TypeEngine
        Of the columns of the table: text, whole numbers, numbers, truth values, dates, geometries.

    Returns
    -------
    pyarrow.Buffer
        All rows, one after the other.
    """
    count = len(next(iter(columns.values())))
    parts = [_fixed(np.full(count, len(columns), dtype=">i2"))]
    for name, values in columns.items():
        content = _content(values, types[name])
        known = content.is_valid()
        lengths = pc.binary_length(content).fill_null(-1).to_numpy().astype(">i4")
        parts += [_fixed(lengths), content if content.null_count == 0 else pc.if_else(known, content, b"")]
    rows = pc.binary_join_element_wise(*parts, pa.scalar(b"", _BINARY))
    _, offsets, data = rows.buffers()
    ends = np.frombuffer(offsets, dtype=np.int64)
    return data.slice(int(ends[rows.offset]), int(ends[rows.offset + count] - ends[rows.offset]))


def _content(values: Any, type_: sa.types.TypeEngine[Any]) -> pa.LargeBinaryArray:
    """Return each value as the server reads it, missing where it is missing."""
    if isinstance(type_, Geometry):
        return pa.array(shapely.to_wkb(shapely.set_srid(values, type_.srid), include_srid=True), type=_BINARY)
    if isinstance(type_, sa.Text):
        return pa.array(values, type=pa.large_string()).cast(_BINARY)
    if isinstance(type_, sa.Boolean):
        array = pa.array(values, type=pa.bool_())
        numbers = np.asarray(array.fill_null(False)).astype("u1")
    elif isinstance(type_, sa.Date):
        array = pa.array(values, type=pa.date32())
        numbers = (array.cast(pa.int32()).fill_null(0).to_numpy() - _DAY_ZERO.astype(np.int32)).astype(">i4")
    elif isinstance(type_, sa.Float):
        array = pa.array(values, type=pa.float64())
        numbers = array.fill_null(0.0).to_numpy().astype(">f8")
    else:
        array = pa.array(values, type=pa.int64())
        numbers = array.fill_null(0).to_numpy().astype(">i8" if isinstance(type_, sa.BigInteger) else ">i4")
    content = _fixed(numbers)
    return pc.if_else(array.is_valid(), content, pa.scalar(None, _BINARY)) if array.null_count else content


def _fixed(numbers: npt.NDArray[Any]) -> pa.LargeBinaryArray:
    """Return numbers as the bytes that they are in memory."""
    kind = pa.binary(numbers.dtype.itemsize)
    return pa.Array.from_buffers(kind, len(numbers), [None, pa.py_buffer(numbers.tobytes())]).cast(_BINARY)
