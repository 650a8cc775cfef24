"""The order in which features come, and where the next page starts.

A page starts behind a key, not behind a number of rows, so writes between two pages neither repeat a feature nor leave
one out.

Without a wish features come in the order in which they were first written. A sorted page ends with the feature id, so
that equal values have an order; missing values come last, upwards and downwards; text is compared byte by byte, on both
engines alike.
"""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import hashlib
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, Final, NamedTuple

import orjson
import sqlalchemy as sa

from layers.definitions import ID_FIELD, LayerDefinition
from layers.errors import ValueOutOfRangeError
from layers.types import Text

__all__ = ["Sort", "SortKey", "after_key", "decode_cursor", "encode_cursor", "order_by", "sort_columns", "sorted_rows"]

_CURSOR: Final = Text(vi="con trỏ trang do trang trước trả về", en="the cursor that the page before gave")
#: Fields by which a page may be sorted at once.
MAX_KEYS: Final = 8
_CHECK_BYTES: Final = 6
#: Digits of a row's key at most.
_LONGEST_KEY: Final = 18


class SortKey(NamedTuple):
    """One field that orders a page.

    Attributes
    ----------
    field : str
        Name of a field, or the feature id.
    descending : bool
        Largest first.
    """

    field: str
    descending: bool = False


Sort = Sequence[SortKey]


def sort_columns(
    definition: LayerDefinition, source: sa.FromClause, sort: Sort, *, collation: str
) -> list[sa.ColumnElement[Any]]:
    """Return the columns that order a page, the tie-break last.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    source : FromClause
        Its table, or rows with the same columns.
    sort : sequence of SortKey
        Fields, the first before the others; none for the order of writing.
    collation : str
        Name of the order of bytes in the database.

    Returns
    -------
    list of ColumnElement
        Text as bytes.

    Raises
    ------
    UnknownFieldError
        If the layer has no such field.
    ValueOutOfRangeError
        If a field comes twice, or there are too many.
    """
    if not sort:
        return [source.c.fid]
    names = [key.field for key in sort]
    if len(set(names)) < len(names) or len(names) > MAX_KEYS:
        raise ValueOutOfRangeError(
            seen=", ".join(names),
            wanted=Text(vi=f"mỗi trường một lần, tối đa {MAX_KEYS}", en=f"each field once, {MAX_KEYS} at most"),
            where="sort",
        )
    columns = [_column(definition, source, name, collation) for name in names]
    return columns if ID_FIELD in names else [*columns, source.c.feature_id]


def _column(definition: LayerDefinition, source: sa.FromClause, name: str, collation: str) -> sa.ColumnElement[Any]:
    if name == ID_FIELD:
        return source.c.feature_id
    field = definition.field(name)
    column: sa.ColumnElement[Any] = source.c[field.name]
    return column.collate(collation) if field.type == "text" else column


def order_by(columns: Sequence[sa.ColumnElement[Any]], sort: Sort) -> list[sa.ColumnElement[Any]]:
    """Return the order of a page.

    Parameters
    ----------
    columns : sequence of ColumnElement
        Of `sort_columns`.
    sort : sequence of SortKey
        Which they were made for.

    Returns
    -------
    list of ColumnElement
        Missing values last; the tie-break, which is never missing, upwards.
    """
    ordered: list[sa.ColumnElement[Any]] = []
    for column, descends, may_miss in _directions(columns, sort):
        directed = column.desc() if descends else column.asc()
        ordered.append(directed.nulls_last() if may_miss else directed)
    return ordered


def after_key(columns: Sequence[sa.ColumnElement[Any]], sort: Sort, values: Sequence[Any]) -> sa.ColumnElement[bool]:
    """Return the condition that a feature comes after the last one of the page before.

    Parameters
    ----------
    columns : sequence of ColumnElement
        Of `sort_columns`.
    sort : sequence of SortKey
        Which they were made for.
    values : sequence
        What the last feature has in them, values or bound parameters; None where it is missing.

    Returns
    -------
    ColumnElement of bool
        Column by column: equal in all before it, and after it in this one.
    """
    ways: list[sa.ColumnElement[bool]] = []
    same: list[sa.ColumnElement[bool]] = []
    for (column, descends, may_miss), value in zip(_directions(columns, sort), values, strict=True):
        if value is not None:
            beyond = column < value if descends else column > value
            ways.append(sa.and_(*same, sa.or_(beyond, column.is_(None)) if may_miss else beyond))
        same.append(column.is_(None) if value is None else column == value)
    return sa.or_(*ways)


def sorted_rows(rows: Sequence[Sequence[Any]], sort: Sort, *, skip: int = 0) -> list[Sequence[Any]]:
    """Return rows of several sources in the order that a database would give them.

    Parameters
    ----------
    rows : sequence of sequence
        Each with its values in the columns of `sort_columns`.
    sort : sequence of SortKey
        The order.
    skip : int, optional
        How many other values each row has before them.

    Returns
    -------
    list of sequence
        The same rows.
    """
    found = list(rows)
    width = len(found[0]) - skip if found else 0
    for place in range(width - 1, -1, -1):
        at, descends = skip + place, place < len(sort) and sort[place].descending
        known = sorted((row for row in found if row[at] is not None), key=itemgetter(at), reverse=descends)
        found = known + [row for row in found if row[at] is None]
    return found


def _directions(columns: Sequence[sa.ColumnElement[Any]], sort: Sort) -> list[tuple[sa.ColumnElement[Any], bool, bool]]:
    """Return each column with whether it descends and whether it may be missing."""
    named = [(key.descending, key.field != ID_FIELD) for key in sort]
    ends = [*named, *[(False, False)] * (len(columns) - len(named))]
    return [(column, *end) for column, end in zip(columns, ends, strict=True)]


def encode_cursor(definition: LayerDefinition, sort: Sort, values: Sequence[Any]) -> str:
    """Return the cursor of the page after a feature.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    sort : sequence of SortKey
        The order.
    values : sequence
        What the last feature has in the columns of `sort_columns`.

    Returns
    -------
    str
        Letters, digits, `-` and `_`; means something only with the same layer and order.
    """
    if not sort:
        return str(values[0])
    body = orjson.dumps(list(values))
    return base64.urlsafe_b64encode(_check(definition, sort, body) + body).decode("ascii").rstrip("=")


def decode_cursor(definition: LayerDefinition, sort: Sort, cursor: str) -> list[Any]:
    """Return what a cursor stands for.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    sort : sequence of SortKey
        The order.
    cursor : str
        As the page before gave it.

    Returns
    -------
    list
        Values of the columns of `sort_columns`.

    Raises
    ------
    ValueOutOfRangeError
        If it was made up, or for another layer or order.
    """
    if not sort:
        if not cursor.isdecimal() or len(cursor) > _LONGEST_KEY:
            raise ValueOutOfRangeError(seen=cursor, wanted=_CURSOR, where="after")
        return [int(cursor)]
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):  # neither the alphabet nor its length
        raw = b""
    check, body = raw[:_CHECK_BYTES], raw[_CHECK_BYTES:]
    if not body or check != _check(definition, sort, body):
        raise ValueOutOfRangeError(seen=cursor, wanted=_CURSOR, where="after")
    values: list[Any] = orjson.loads(body)
    types = ["text" if key.field == ID_FIELD else definition.field(key.field).type for key in sort]
    dated = [
        dt.date.fromisoformat(value) if type_ == "date" and value is not None else value
        for value, type_ in zip(values, types, strict=False)
    ]
    return [*dated, *values[len(dated) :]]


def _check(definition: LayerDefinition, sort: Sort, body: bytes) -> bytes:
    order = orjson.dumps([definition.id, [[key.field, key.descending] for key in sort]])
    return hashlib.blake2s(order + body, digest_size=_CHECK_BYTES).digest()
