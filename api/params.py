"""Parameters: one parser for each, the same for every resource that takes it.

A parser takes text and returns the value meant, or raises `BadParameterError`, which names what was seen and wanted.
The functions with FastAPI parameters below are the dependencies that routes declare; those that wait for nothing are
`async`, which spares each a thread.
"""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Callable, Iterable, Mapping
from typing import Annotated, Any, Final

from fastapi import Depends, Query, Request

from api.auth.persons import GateParameter, PersonParameter
from api.errors import BadParameterError, UnknownParameterError
from api.languages import as_language, request_language
from api.states import stated
from layers.definitions import Field, FieldType, LayerDefinition
from layers.errors import ValueOutOfRangeError
from layers.store import Store
from layers.time import Interval, parse_datetime
from layers.types import Bounds, Language, Text

__all__ = [
    "BboxParameter",
    "CursorParameter",
    "DatetimeParameter",
    "FiltersParameter",
    "LanguageParameter",
    "LayerParameter",
    "LimitParameter",
    "PersonParameter",
    "StoreParameter",
    "check_format",
    "check_names",
    "check_page_format",
    "liked_types",
    "parse_bbox",
    "parse_filter",
    "parse_interval",
    "parse_limit",
    "prefers_html",
    "wants_html",
]

#: What a field can be filtered by.
Value = str | int | float | bool | dt.date

_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,19}")
_NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_DAY: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BBOX: Final = Text(
    vi="4 hoặc 6 số cách nhau bằng dấu phẩy: kinh độ tây, vĩ độ nam, kinh độ đông, vĩ độ bắc (độ WGS 84)",
    en="4 or 6 numbers with commas: west, south, east, north in degrees of WGS 84",
)
_LIMIT: Final = Text(vi="số nguyên từ 1 trở lên", en="a whole number from 1 upwards")
_ONCE: Final = Text(vi="mỗi tham số một lần", en="each parameter once")
_PRINTABLE: Final = Text(vi="văn bản không có ký tự NUL", en="text without a NUL character")
_LANGUAGE: Final = "vi, en"
#: Whole numbers that both engines hold.
_INT64: Final = range(-(2**63), 2**63)


def parse_bbox(text: str) -> Bounds:
    """Return a `bbox` parameter as bounds.

    Parameters
    ----------
    text : str
        Four numbers, or six with heights, which do not matter here.

    Returns
    -------
    tuple of float
        (west, south, east, north) in degrees of WGS 84; west above east crosses the antimeridian.

    Raises
    ------
    BadParameterError
        If it is anything else, is out of range or has its south above its north.

    Examples
    --------
    >>> parse_bbox("105.2,20.5,106.1,21.4")
    (105.2, 20.5, 106.1, 21.4)
    """
    read = [_number(part) for part in text.split(",")]
    numbers = [number for number in read if number is not None]
    if len(numbers) != len(read) or len(numbers) not in (4, 6):
        raise BadParameterError(seen=text, wanted=_BBOX, where="bbox")
    (west, south, *lowest), (east, north, *highest) = numbers[: len(numbers) // 2], numbers[len(numbers) // 2 :]
    inside = abs(west) <= 180 and abs(east) <= 180 and -90 <= south <= north <= 90
    if not inside or lowest > highest:
        raise BadParameterError(seen=text, wanted=_BBOX, where="bbox")
    return west, south, east, north


def parse_limit(text: str, *, maximum: int) -> int:
    """Return a `limit` parameter as a number of features.

    Parameters
    ----------
    text : str
        A whole number from 1.
    maximum : int
        More than that is answered with that, as OGC API Features wants.

    Returns
    -------
    int
        From 1 to the maximum.

    Raises
    ------
    BadParameterError
        If it is anything else.
    """
    if not re.fullmatch(r"[0-9]+", text) or not text.strip("0"):
        raise BadParameterError(seen=text, wanted=_LIMIT, where="limit")
    return maximum if len(text.lstrip("0")) > len(str(maximum)) else min(int(text), maximum)


def parse_filter(field: Field, text: str) -> Value:
    """Return the value that a field is filtered by.

    Parameters
    ----------
    field : Field
        The field.
    text : str
        The parameter's text.

    Returns
    -------
    str, int, float, bool or datetime.date
        Of the field's type.

    Raises
    ------
    BadParameterError
        If the text is no value of the field's type or none of its codes.
    """
    value = _READERS[field.type](text)
    if value is None:
        raise BadParameterError(seen=text, wanted=_TYPES[field.type], where=field.name)
    if field.codes and value not in {code.value for code in field.codes}:
        codes = ", ".join(code.value for code in field.codes)
        raise BadParameterError(seen=text, wanted=codes, where=field.name)
    return value


def _integer(text: str) -> int | None:
    return int(text) if _INTEGER.fullmatch(text) and int(text) in _INT64 else None


def _number(text: str) -> float | None:
    number = float(text) if _NUMBER.fullmatch(text) else math.nan
    return number if math.isfinite(number) else None


def _date(text: str) -> dt.date | None:
    try:
        return dt.date.fromisoformat(text) if _DAY.fullmatch(text) else None
    except ValueError:  # a day that no calendar has
        return None


_READERS: Final[Mapping[FieldType, Callable[[str], Value | None]]] = {
    "text": str,
    "integer": _integer,
    "number": _number,
    "boolean": {"true": True, "false": False}.get,
    "date": _date,
}
_TYPES: Final[Mapping[FieldType, Text]] = {
    "text": Text(vi="văn bản", en="text"),
    "integer": Text(vi="số nguyên", en="a whole number"),
    "number": Text(vi="số", en="a number"),
    "boolean": Text(vi="true hoặc false", en="true or false"),
    "date": Text(vi="ngày như 2030-12-31", en="a date such as 2030-12-31"),
}


def liked_types(accept: str) -> dict[str, float]:
    """Return how much a reader likes each media type that an `Accept` header names (RFC 9110, 12.5.1).

    Parameters
    ----------
    accept : str
        The header.

    Returns
    -------
    dict of str to float
        Weights by type, in the order of the header; parameters of a type but `q` do not matter.

    Examples
    --------
    >>> liked_types("text/csv, application/geo+json;q=0.5")
    {'text/csv': 1.0, 'application/geo+json': 0.5}
    """
    liked: dict[str, float] = {}
    for part in accept.lower().split(","):
        name, *rest = (piece.strip() for piece in part.split(";"))
        weight = next((_number(piece[2:]) for piece in rest if piece.startswith("q=")), 1.0)
        liked[name] = weight or 0.0
    return liked


def wants_html(accept: str, chosen: str | None) -> bool:
    """Return whether a reader wants a page rather than JSON.

    Parameters
    ----------
    accept : str
        The `Accept` header.
    chosen : str or None
        The parameter `f`, which goes before the header.

    Returns
    -------
    bool
        True for `f=html`, or where the header likes HTML better than JSON. A program that takes anything gets JSON: it
        follows links.

    Examples
    --------
    >>> wants_html("text/html,application/xhtml+xml,*/*;q=0.8", None), wants_html("*/*", None)
    (True, False)
    """
    if chosen is not None:
        return chosen == "html"
    liked = liked_types(accept)
    html = max(liked.get("text/html", 0.0), liked.get("application/xhtml+xml", 0.0))
    return html > max((weight for name, weight in liked.items() if name.endswith("json")), default=0.0)


def prefers_html(request: Request) -> bool:
    """Return whether who asks wants a page rather than JSON.

    Parameters
    ----------
    request : Request
        The request.

    Returns
    -------
    bool
        As `wants_html` has it.
    """
    return wants_html(request.headers.get("accept", ""), request.query_params.get("f"))


def check_names(request: Request, known: Iterable[str]) -> None:
    """Check that a request has no query parameter but the known ones, each once.

    Parameters
    ----------
    request : Request
        The request.
    known : iterable of str
        Names of the resource's parameters.

    Raises
    ------
    UnknownParameterError
        If it has another one; names those that there are.
    BadParameterError
        If it has one twice, or a value that no database holds.
    """
    names = list(known)
    seen: set[str] = set()
    for name, value in request.query_params.multi_items():
        if name not in names:
            wanted = ", ".join(names) or Text(vi="không có", en="none")
            raise UnknownParameterError(seen=name, wanted=wanted, where=request.url.path)
        if name in seen:
            raise BadParameterError(seen=value, wanted=_ONCE, where=name)
        if "\0" in value:
            raise BadParameterError(seen=value, wanted=_PRINTABLE, where=name)
        seen.add(name)


async def _store(gate: GateParameter, person: PersonParameter) -> Store:
    """Return the store as the one who asks may see it."""
    return gate.store_for(person)


StoreParameter = Annotated[Store, Depends(_store)]


async def _language(request: Request, lang: Annotated[str | None, Query()] = None) -> Language:
    if lang is not None and as_language(lang) is None:
        raise BadParameterError(seen=lang, wanted=_LANGUAGE, where="lang")
    return request_language(request)


LanguageParameter = Annotated[Language, Depends(_language)]


async def check_format(f: Annotated[str | None, Query()] = None) -> None:
    """Check the parameter `f` of a resource that is JSON only.

    Parameters
    ----------
    f : str or None
        The parameter.

    Raises
    ------
    BadParameterError
        If it is not `json`.
    """
    if f not in (None, "json"):
        raise BadParameterError(seen=f, wanted="json", where="f")


async def check_page_format(
    f: Annotated[str | None, Query(json_schema_extra={"component": "page-or-json"})] = None,
) -> None:
    """Check the parameter `f` of a resource that is a page too.

    Parameters
    ----------
    f : str or None
        The parameter.

    Raises
    ------
    BadParameterError
        If it is neither `json` nor `html`.
    """
    if f not in (None, "json", "html"):
        raise BadParameterError(seen=f, wanted="json, html", where="f")


def _layer(store: StoreParameter, collectionId: str) -> LayerDefinition:  # noqa: N803 - the name in the API
    return store.definition(collectionId)


LayerParameter = Annotated[LayerDefinition, Depends(_layer)]


async def _bbox(bbox: Annotated[str | None, Query()] = None) -> Bounds | None:
    return None if bbox is None else parse_bbox(bbox)


BboxParameter = Annotated[Bounds | None, Depends(_bbox)]


def parse_interval(text: str | None) -> Interval | None:
    """Return a `datetime` parameter as planned time.

    Parameters
    ----------
    text : str or None
        A day, a moment or an interval.

    Returns
    -------
    Interval or None
        None for none.

    Raises
    ------
    BadParameterError
        If it is anything else.
    """
    try:
        return None if text is None else parse_datetime(text)
    except ValueOutOfRangeError as error:
        raise BadParameterError(seen=error.seen, wanted=error.wanted, where="datetime") from error


async def _datetime(request: Request, datetime: Annotated[str | None, Query()] = None) -> Interval | None:
    return parse_interval(stated(request, "datetime", datetime))


DatetimeParameter = Annotated[Interval | None, Depends(_datetime)]


async def _limit(request: Request, limit: Annotated[str | None, Query()] = None) -> int:
    settings = request.app.state.settings
    return settings.default_limit if limit is None else parse_limit(limit, maximum=settings.max_limit)


LimitParameter = Annotated[int, Depends(_limit)]


async def _cursor(cursor: Annotated[str | None, Query()] = None) -> str | None:
    return cursor


CursorParameter = Annotated[str | None, Depends(_cursor)]

#: Parameters of a page of features that are no filters; a field of the same name cannot be filtered by.
PAGE_PARAMETERS: Final = (
    "bbox", "bbox-crs", "datetime", "limit", "cursor", "filter", "filter-lang", "filter-crs", "crs", "properties",
    "sortby", "as_of", "proposal", "f", "lang",
)  # fmt: skip


async def _filters(request: Request, definition: LayerParameter) -> dict[str, Any]:
    fields = {field.name: field for field in definition.all_fields if field.name not in PAGE_PARAMETERS}
    check_names(request, [*PAGE_PARAMETERS, *fields])
    given = request.query_params.items()
    return {name: parse_filter(fields[name], text) for name, text in given if name in fields}


FiltersParameter = Annotated[dict[str, Any], Depends(_filters)]
