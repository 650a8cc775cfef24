"""Which features are asked for beyond part 1, and how they are given: filter, state, order, CRS, fields, format.

One parser for each parameter, as in `api.params`; whatever is wrong with one is told by its name.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Annotated, Any, Final, Literal, NamedTuple

from fastapi import Depends, Query, Request

from api.errors import BadParameterError
from api.links import GEOJSON, JSON, JSONFG
from api.params import DatetimeParameter, FiltersParameter, LayerParameter, liked_types, parse_bbox, prefers_html
from api.proposal_rights import ProposalParameter
from api.states import stated
from layers.cql2 import LANGUAGES, Filter, FilterLanguage, both, parse_filter, within
from layers.definitions import ID_FIELD, LayerDefinition
from layers.errors import CrsError, FilterError, UnknownFieldError
from layers.published import CRS84, PublishedCrs, published_crs
from layers.store.selecting import Selection
from layers.store.sorting import SortKey
from layers.streaming import FILE_FORMATS
from layers.types import Bounds, Text

__all__ = [
    "ITEMS_FORMATS",
    "AsOfParameter",
    "CrsParameter",
    "FilterParameter",
    "FormatParameter",
    "ItemFormatParameter",
    "ItemsFormat",
    "Place",
    "PlaceParameter",
    "PropertiesParameter",
    "SelectionParameter",
    "SortParameter",
    "file_format",
    "filter_of",
    "named_fields",
    "parse_as_of",
    "parse_place",
    "parse_sort",
]

ItemsFormat = Literal["json", "jsonfg", "html"]
#: Formats of pages of features and of single ones; a page for browsers is made of the GeoJSON.
ITEMS_FORMATS: Final[tuple[ItemsFormat, ...]] = ("json", "jsonfg", "html")
_BBOX: Final = Text(
    vi="4 hoặc 6 số cách nhau bằng dấu phẩy: góc thấp rồi góc cao, theo thứ tự trục của bbox-crs",
    en="4 or 6 numbers with commas: lower corner, upper corner, in the axis order of bbox-crs",
)
_SORT: Final = Text(
    vi="tên các trường cách nhau bằng dấu phẩy, '-' phía trước để giảm dần",
    en="names of fields with commas, '-' before one for downwards",
)
_AS_OF: Final = Text(
    vi="số của một phiên bản thay đổi, hoặc thời điểm RFC 3339 như 2026-11-24T07:00:00Z",
    en="the number of a changeset, or an RFC 3339 date-time such as 2026-11-24T07:00:00Z",
)
_NUMBER: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")
_FILE_TYPES: Final = {spec.media_type.partition(";")[0]: name for name, spec in FILE_FORMATS.items()}
_MEDIA_TYPES: Final[dict[str, ItemsFormat]] = {GEOJSON: "json", JSON: "json", JSONFG: "jsonfg"}


class Place(NamedTuple):
    """Where features have to lie.

    Attributes
    ----------
    bbox : tuple of float or None
        A box of longitudes and latitudes.
    filter : Filter or None
        The same as a filter, for a box of another CRS.
    """

    bbox: Bounds | None
    filter: Filter | None


def filter_of(
    definition: LayerDefinition, text: str | None, *, language: str | None = None, crs: str | None = None
) -> Filter | None:
    """Return the filter that a request names, for one layer.

    Parameters
    ----------
    definition : LayerDefinition
        The layer as its reader may see it.
    text : str or None
        The parameter `filter`.
    language : str or None
        The parameter `filter-lang`.
    crs : str or None
        The parameter `filter-crs`.

    Returns
    -------
    Filter or None
        None without a filter; the other two are checked all the same.

    Raises
    ------
    BadParameterError
        For a language or CRS that there is not.
    FilterError, UnknownFieldError
        For a filter that cannot be read, or does not fit the layer.
    """
    known: FilterLanguage | None = next((each for each in LANGUAGES if each == (language or LANGUAGES[0])), None)
    if known is None:
        raise BadParameterError(seen=language, wanted=", ".join(LANGUAGES), where="filter-lang")
    try:
        if text is None:
            published_crs(crs or CRS84, where="filter-crs")
            return None
        return parse_filter(text, definition=definition, language=known, crs=crs)
    except CrsError as error:
        raise BadParameterError(seen=error.seen, wanted=error.wanted, where=error.where) from error


def parse_place(definition: LayerDefinition, text: str | None, crs: str | None) -> Place:
    """Return where features have to lie.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    text : str or None
        The parameter `bbox`.
    crs : str or None
        The parameter `bbox-crs`.

    Returns
    -------
    Place
        A box in longitude and latitude, else a filter: a box of another CRS has bent sides.

    Raises
    ------
    BadParameterError
        If the CRS is not published, or the numbers make no box of it.
    """
    named = _published(crs, where="bbox-crs")
    if text is None or named.uri == CRS84:
        return Place(None if text is None else parse_bbox(text), None)
    parts = text.split(",")
    if len(parts) not in (4, 6) or not all(_NUMBER.fullmatch(part) for part in parts):
        raise BadParameterError(seen=text, wanted=_BBOX, where="bbox")
    first, second, *_ = (float(part) for part in parts[: len(parts) // 2])
    third, fourth, *_ = (float(part) for part in parts[len(parts) // 2 :])
    try:
        return Place(None, within((first, second, third, fourth), definition=definition, crs=named.uri))
    except (FilterError, CrsError) as error:
        raise BadParameterError(seen=text, wanted=_BBOX, where="bbox") from error


def _published(name: str | None, *, where: str) -> PublishedCrs:
    try:
        return published_crs(name or CRS84, where=where)
    except CrsError as error:
        raise BadParameterError(seen=error.seen, wanted=error.wanted, where=where) from error


def named_fields(definition: LayerDefinition, text: str) -> tuple[str, ...]:
    """Return the fields that a parameter names.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    text : str
        Names with commas.

    Returns
    -------
    tuple of str
        In the order given, each once.

    Raises
    ------
    UnknownFieldError
        If the layer has no such field.
    """
    return tuple(dict.fromkeys(definition.field(name.strip()).name for name in text.split(",")))


def parse_sort(definition: LayerDefinition, text: str) -> tuple[SortKey, ...]:
    """Return the order that a `sortby` parameter asks for.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    text : str
        Names with commas, `-` before one for downwards and `+` for upwards.

    Returns
    -------
    tuple of SortKey
        The first before the others.

    Raises
    ------
    BadParameterError
        If a name is empty or comes twice.
    UnknownFieldError
        If the layer has no such field.
    """
    keys = [_sort_key(definition, part) for part in text.split(",")]
    if len({key.field for key in keys}) < len(keys):
        raise BadParameterError(seen=text, wanted=_SORT, where="sortby")
    return tuple(keys)


def _sort_key(definition: LayerDefinition, part: str) -> SortKey:
    # A plus sign in an address is a blank once it is read.
    name = part.strip().removeprefix("+")
    descending, name = name.startswith("-"), name.removeprefix("-")
    if not name:
        raise BadParameterError(seen=part, wanted=_SORT, where="sortby")
    if name == ID_FIELD:
        return SortKey(ID_FIELD, descending)
    try:
        return SortKey(definition.field(name).name, descending)
    except UnknownFieldError as error:
        raise UnknownFieldError(seen=name, wanted=f"{ID_FIELD}, {error.wanted}", where=definition.id) from error


def parse_as_of(text: str) -> int | dt.datetime:
    """Return the moment of record time that an `as_of` parameter means.

    Parameters
    ----------
    text : str
        The number of a changeset, or a date-time.

    Returns
    -------
    int or datetime.datetime
        The state after that changeset, or at that moment.

    Raises
    ------
    BadParameterError
        If it is neither.
    """
    if re.fullmatch(r"[0-9]{1,9}", text):
        return int(text)
    try:
        # A plus sign in an address is a blank once it is read.
        moment = dt.datetime.fromisoformat(text.replace(" ", "+").upper())
    except ValueError as error:
        raise BadParameterError(seen=text, wanted=_AS_OF, where="as_of") from error
    if moment.tzinfo is None:
        raise BadParameterError(seen=text, wanted=_AS_OF, where="as_of")
    return moment


# As FastAPI has them -------------------------------------------------------------------------------------------------


def _component(name: str, *, alias: str | None = None) -> Any:
    return Query(alias=alias, json_schema_extra={"component": name})


async def _filter(
    definition: LayerParameter,
    filter: Annotated[str | None, _component("items-filter")] = None,  # noqa: A002 - the name in the API
    language: Annotated[str | None, _component("items-filter-lang", alias="filter-lang")] = None,
    crs: Annotated[str | None, Query(alias="filter-crs")] = None,
) -> Filter | None:
    return filter_of(definition, filter, language=language, crs=crs)


async def _place(
    definition: LayerParameter,
    bbox: Annotated[str | None, Query()] = None,
    crs: Annotated[str | None, Query(alias="bbox-crs")] = None,
) -> Place:
    return parse_place(definition, bbox, crs)


async def _crs(crs: Annotated[str | None, Query()] = None) -> PublishedCrs | None:
    return None if crs is None else _published(crs, where="crs")


async def _properties(
    definition: LayerParameter, properties: Annotated[str | None, Query()] = None
) -> tuple[str, ...] | None:
    return None if properties is None else named_fields(definition, properties)


async def _sort(definition: LayerParameter, sortby: Annotated[str | None, Query()] = None) -> tuple[SortKey, ...]:
    return () if sortby is None else parse_sort(definition, sortby)


async def _as_of(
    request: Request, as_of: Annotated[str | None, _component("items-as-of")] = None
) -> int | dt.datetime | None:
    text = stated(request, "as_of", as_of)
    return None if text is None else parse_as_of(text)


async def _format(request: Request, f: Annotated[str | None, _component("items-format")] = None) -> ItemsFormat:
    return _chosen_format(request, f, files=tuple(FILE_FORMATS))


async def _item_format(request: Request, f: Annotated[str | None, _component("item-format")] = None) -> ItemsFormat:
    return _chosen_format(request, f)


def _chosen_format(request: Request, f: str | None, *, files: tuple[str, ...] = ()) -> ItemsFormat:
    if f is not None:
        chosen = next((each for each in ITEMS_FORMATS if each == f), None)
        if chosen is None:
            raise BadParameterError(seen=f, wanted=", ".join((*ITEMS_FORMATS, *files)), where="f")
        return chosen
    if prefers_html(request):
        return "html"
    # The one that is liked best; a program that takes anything gets GeoJSON.
    liked = liked_types(request.headers.get("accept", ""))
    best = max((name for name in _MEDIA_TYPES if liked.get(name)), key=lambda name: liked[name], default=JSON)
    return _MEDIA_TYPES[best]


def file_format(request: Request) -> str | None:
    """Return the format of a file that a request asks for.

    Parameters
    ----------
    request : Request
        Its parameter `f` decides, else its `Accept` header, where that likes a file better than all else by name.

    Returns
    -------
    str or None
        A name of `FILE_FORMATS`; None where no file is asked for.
    """
    if "f" in request.query_params:
        chosen = request.query_params["f"]
        return chosen if chosen in FILE_FORMATS else None
    liked = liked_types(request.headers.get("accept", ""))
    best = max(liked, key=lambda name: liked[name])
    return _FILE_TYPES.get(best) if liked[best] > 0 else None


FilterParameter = Annotated[Filter | None, Depends(_filter)]
PlaceParameter = Annotated[Place, Depends(_place)]
CrsParameter = Annotated[PublishedCrs | None, Depends(_crs)]
PropertiesParameter = Annotated[tuple[str, ...] | None, Depends(_properties)]
SortParameter = Annotated[tuple[SortKey, ...], Depends(_sort)]
AsOfParameter = Annotated[int | dt.datetime | None, Depends(_as_of)]
FormatParameter = Annotated[ItemsFormat, Depends(_format)]
ItemFormatParameter = Annotated[ItemsFormat, Depends(_item_format)]


async def _selection(
    *,
    filters: FiltersParameter,
    asked: FilterParameter,
    place: PlaceParameter,
    datetime: DatetimeParameter,
    as_of: AsOfParameter,
    proposal: ProposalParameter,
) -> Selection:
    return {
        "horizon": datetime,
        "bbox": place.bbox,
        "where": filters,
        "filter": both(asked, place.filter),
        "as_of": as_of,
        "proposal": proposal,
    }


#: Which features of a layer are meant, by all parameters that choose some.
SelectionParameter = Annotated[Selection, Depends(_selection)]
