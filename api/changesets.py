"""The record of a store over HTTP: changesets, and what changed between any two states."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from api.errors import BadParameterError
from api.links import GEOJSON, JSON, Link, base_url, link, request_url
from api.openapi import document_of
from api.params import CursorParameter, LanguageParameter, LimitParameter, StoreParameter, check_format
from api.responses import answer
from layers.errors import UnknownChangesetError, ValueOutOfRangeError
from layers.history.documents import (
    changeset_document,
    diff_document,
    diff_features,
    diff_page,
)
from layers.history.reading import change_counts
from layers.store import Changeset, Store
from layers.time import parse_as_of
from layers.types import Language, Text

__all__ = ["NumberCursorParameter", "layer_ids", "listed", "router", "state_of"]

JsonObject = dict[str, Any]
_CURSOR: Final = Text(vi="con trỏ trang do trang trước trả về", en="the cursor that the page before gave")
_ALL: Final = Text(vi="Toàn bộ lịch sử thay đổi", en="The whole record")
_DIFF: Final = Text(vi="Nội dung thay đổi", en="What changed")

router = APIRouter(tags=["history"], default_response_class=Response)


def state_of(text: str, *, where: str) -> int | dt.datetime:
    """Read a point of record time.

    Parameters
    ----------
    text : str
        Number of a changeset, a day or a moment.
    where : str
        Name of the parameter.

    Returns
    -------
    int or datetime.datetime
        For a store.

    Raises
    ------
    BadParameterError
        If it is none of these.
    """
    try:
        return parse_as_of(text, where=where)
    except ValueOutOfRangeError as error:
        raise BadParameterError(seen=error.seen, wanted=error.wanted, where=where) from error


def layer_ids(text: str | None) -> list[str] | None:
    """Read a list of layers.

    Parameters
    ----------
    text : str or None
        Ids with commas.

    Returns
    -------
    list of str or None
        None for all.
    """
    return None if text is None else [name.strip() for name in text.split(",")]


def _diff_documents() -> dict[int | str, Any]:
    responses: dict[int | str, Any] = document_of("diff", problems=(404,))
    responses[200]["content"][GEOJSON] = {"schema": {"type": "object"}}
    return responses


async def _from(
    first: Annotated[str | None, Query(alias="from", json_schema_extra={"component": "diff-from"})] = None,
) -> int | dt.datetime:
    if first is None:
        wanted = Text(vi="phiên bản, ngày hoặc thời điểm", en="a changeset, a day or a moment")
        raise BadParameterError(seen="-", wanted=wanted, where="from")
    return state_of(first, where="from")


async def _to(
    to: Annotated[str | None, Query(json_schema_extra={"component": "diff-to"})] = None,
) -> int | dt.datetime | None:
    return None if to is None else state_of(to, where="to")


async def _collections(
    collections: Annotated[str | None, Query(json_schema_extra={"component": "diff-collections"})] = None,
) -> list[str] | None:
    return layer_ids(collections)


async def _form(f: Annotated[str | None, Query(json_schema_extra={"component": "diff-f"})] = None) -> str:
    if f not in (None, "json", "geojson"):
        raise BadParameterError(seen=f, wanted="json, geojson", where="f")
    return f or "json"


FromParameter = Annotated[int | dt.datetime, Depends(_from)]
ToParameter = Annotated[int | dt.datetime | None, Depends(_to)]
CollectionsParameter = Annotated[list[str] | None, Depends(_collections)]
FormParameter = Annotated[str, Depends(_form)]
_JSON_ONLY: Final = [Depends(check_format)]


async def _behind(cursor: CursorParameter) -> int | None:
    if cursor is None:
        return None
    if not (cursor.isascii() and cursor.isdecimal() and len(cursor) < 10):
        raise BadParameterError(seen=cursor, wanted=_CURSOR, where="cursor")
    return int(cursor)


#: Where a page of numbered things starts: behind this number.
NumberCursorParameter = Annotated[int | None, Depends(_behind)]


def listed(store: Store, *, before: int | None, limit: int, language: Language) -> tuple[list[JsonObject], int | None]:
    """Return a page of changesets, newest first.

    Parameters
    ----------
    store : Store
        The store.
    before : int or None
        Only changesets before this one.
    limit : int
        At most so many.
    language : {"vi", "en"}
        Of titles.

    Returns
    -------
    list of dict
        Documents.
    int or None
        Before which changeset the next page starts.
    """
    found = store.changesets(before=before, limit=limit + 1, newest_first=True)
    page, more = found[:limit], len(found) > limit
    return _documents(store, page, language), page[-1].id if more else None


def _documents(store: Store, page: list[Changeset], language: Language) -> list[JsonObject]:
    if not page:
        return []
    definitions, numbers = store.layers(), [entry.id for entry in page]
    with store.core.reading() as connection:
        counts = change_counts(store.core, connection, min(numbers) - 1, max(numbers))
    return [
        changeset_document(entry, counts=counts.get(entry.id), definitions=definitions, language=language)
        for entry in page
    ]


def _with_links(document: JsonObject, base: str, language: Language) -> JsonObject:
    url = f"{base}/changesets/{document['id']}"
    return {
        **document,
        "links": [link(url, "self", JSON), link(f"{url}/diff", "related", JSON, _DIFF.say(language))],
    }


@router.get(
    "/changesets",
    summary="Changesets, newest first",
    responses=document_of("changesets"),
    dependencies=_JSON_ONLY,
)
def changesets(
    request: Request,
    store: StoreParameter,
    limit: LimitParameter,
    cursor: NumberCursorParameter,
    language: LanguageParameter,
) -> Response:
    """Return who changed what, when, why and by which decision.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.
    limit : int
        Changesets at most.
    cursor : int or None
        Where the page starts.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        A page, with a link to the next.
    """
    base = base_url(request)
    documents, following = listed(store, before=cursor, limit=limit, language=language)
    links = [link(request_url(request), "self", JSON)]
    if following is not None:
        links.append(link(request_url(request, changed=[("cursor", str(following))]), "next", JSON))
    document = {
        "changesets": [_with_links(one, base, language) for one in documents],
        "numberMatched": store.latest(),
        "links": links,
    }
    return answer(document, language=language)


@router.get(
    "/changesets/{changesetId}",
    summary="One changeset",
    responses=document_of("changeset"),
    dependencies=_JSON_ONLY,
)
def changeset(request: Request, store: StoreParameter, changesetId: str, language: LanguageParameter) -> Response:  # noqa: N803
    """Return one changeset.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.
    changesetId : str
        Its number.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        Who, when, why, by which decision, and how many features of each layer.
    """
    (found,) = _documents(store, store.changesets_of([_number(store, changesetId)]), language)
    document = _with_links(found, base_url(request), language)
    document["links"].append(link(f"{base_url(request)}/changesets", "collection", JSON, _ALL.say(language)))
    return answer(document, language=language)


def _number(store: Store, text: str) -> int:
    if text.isascii() and text.isdecimal() and len(text) < 10 and int(text) > 0:
        return int(text)
    raise UnknownChangesetError(seen=text, wanted=f"1..{store.latest()}")


@router.get(
    "/changesets/{changesetId}/diff",
    summary="What a changeset changed",
    responses=_diff_documents(),
)
def changeset_diff(
    *,
    request: Request,
    store: StoreParameter,
    changesetId: str,  # noqa: N803 - the name in the API
    collections: CollectionsParameter,
    form: FormParameter,
    limit: LimitParameter,
    cursor: NumberCursorParameter,
    language: LanguageParameter,
) -> Response:
    """Return what one changeset changed.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.
    changesetId : str
        Its number.
    collections : list of str or None
        Layers.
    form : {"json", "geojson"}
        Format of the answer.
    limit : int
        Features at most.
    cursor : int or None
        Where the page starts.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        By layer, feature and attribute, with how shapes changed; or these shapes.
    """
    number = store.changesets_of([_number(store, changesetId)])[0].id
    return _diff_answer(
        request,
        store,
        (number - 1, number),
        collections=collections,
        form=form,
        page=(limit, cursor),
        language=language,
    )


@router.get("/diff", summary="What changed between two states", responses=_diff_documents())
def diff(
    *,
    request: Request,
    store: StoreParameter,
    first: FromParameter,
    to: ToParameter,
    collections: CollectionsParameter,
    form: FormParameter,
    limit: LimitParameter,
    cursor: NumberCursorParameter,
    language: LanguageParameter,
) -> Response:
    """Return what changed from one state to another.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The store.
    first : int or datetime.datetime
        The first state.
    to : int, datetime.datetime or None
        The second; the newest without it.
    collections : list of str or None
        Layers.
    form : {"json", "geojson"}
        Format of the answer.
    limit : int
        Features at most.
    cursor : int or None
        Where the page starts.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        By layer, feature and attribute, with how shapes changed; or these shapes.
    """
    with store.core.reading() as connection:
        ends = store.core.changeset_at(connection, first), store.core.latest(connection)
        if to is not None:
            ends = ends[0], store.core.changeset_at(connection, to)
    return _diff_answer(
        request, store, ends, collections=collections, form=form, page=(limit, cursor), language=language
    )


def _diff_answer(
    request: Request,
    store: Store,
    ends: tuple[int, int],
    *,
    collections: list[str] | None,
    form: str,
    page: tuple[int, int | None],
    language: Language,
) -> Response:
    limit, offset = page[0], page[1] or 0
    found = store.diff(*ends, layers=collections)
    media_type = GEOJSON if form == "geojson" else JSON
    other, other_type = ("json", JSON) if form == "geojson" else ("geojson", GEOJSON)
    links: list[Link] = [
        link(request_url(request), "self", media_type),
        link(request_url(request, changed=[("f", other)]), "alternate", other_type),
    ]
    if offset + limit < len(found):
        links.append(link(request_url(request, changed=[("cursor", str(offset + limit))]), "next", media_type))
    if form == "geojson":
        chosen = diff_page(found, offset=offset, limit=limit)
        drawn = list(diff_features(chosen, language=language))
        document: JsonObject = {"type": "FeatureCollection", "features": drawn, "links": links}
    else:
        document = diff_document(found, language=language, offset=offset, limit=limit)
        document = {"from": ends[0], "to": ends[1], **document, "links": links}
    return answer(document, language=language, media_type=media_type)
