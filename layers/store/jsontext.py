"""A row of a SQLite table as a JSON object, written by the database itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import orjson
import sqlalchemy as sa

__all__ = ["NUMBER_FUNCTION", "json_of", "number_text"]

#: The SQL name under which a connection has `number_text`.
NUMBER_FUNCTION: Final = "parkplan_number"


def json_of(columns: Mapping[str, sa.types.TypeEngine[Any]]) -> str:
    """Return the SQL expression that writes some columns of a row as a JSON object.

    Parameters
    ----------
    columns : mapping of str to TypeEngine
        Names and types: text, whole numbers, numbers, truth values and dates (as ISO text).

    Returns
    -------
    str
        Missing values are left out; every number reads back as it is.

    Examples
    --------
    >>> print(json_of({"floors": sa.Integer()}))
    '{' || substr(ifnull(',"floors":' || "floors", ''), 2) || '}'
    """
    if not columns:
        return "'{}'"
    members = (f"ifnull({_text(f',{_key(name)}:')} || {_value(name, type_)}, '')" for name, type_ in columns.items())
    return f"'{{' || substr({' || '.join(members)}, 2) || '}}'"


def _key(name: str) -> str:
    return orjson.dumps(name).decode()


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _value(name: str, type_: sa.types.TypeEngine[Any]) -> str:
    column = '"' + name.replace('"', '""') + '"'
    if isinstance(type_, sa.Boolean):
        return f"CASE {column} WHEN 1 THEN 'true' WHEN 0 THEN 'false' END"
    if isinstance(type_, sa.Float):
        # SQLite's own digits do not always read back as the same number.
        return f"{NUMBER_FUNCTION}({column})"
    # A number as it is, a missing value as nothing: json_quote would call it null.
    return column if isinstance(type_, sa.Integer) else f"nullif(json_quote({column}), 'null')"


def number_text(number: float | None) -> str | None:
    """Write a number as JSON, so that it reads back as it is.

    Parameters
    ----------
    number : float or None
        Finite.

    Returns
    -------
    str or None
        None for None.
    """
    return None if number is None else orjson.dumps(number).decode()
