"""Pages on which a planner reads the record: who changed what, and how things were beside how they are."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final
from urllib.parse import quote, urlencode, urlsplit

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from api.changesets import layer_ids, listed, state_of
from api.errors import BadParameterError
from api.languages import request_language
from api.links import base_url
from api.params import StoreParameter, check_names
from api.portal.frame import LANGUAGE_NAMES, environment, has_font, reader_of
from api.receipts import write_moment, write_number
from layers.history.documents import OPERATION_TITLES, changeset_document, diff_document, diff_page, value_text
from layers.history.model import Diff, LayerDiff
from layers.store import Store
from layers.types import LANGUAGES, Language, Text

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

JsonObject = dict[str, Any]
#: Changesets, and changed features, on a page.
_ENTRIES: Final = 30
_FEATURES: Final = 50
_SQUARE_METRES: Final = 10_000.0
_WORDS: Final = MappingProxyType(
    {
        "history": Text(vi="Lịch sử thay đổi", en="Record of changes"),
        "history_hint": Text(
            vi="Mỗi phiên bản thay đổi cho biết ai sửa, khi nào, vì sao và theo quyết định nào. Không gì bị xoá khỏi "
            "lịch sử.",
            en="Each changeset tells who changed something, when, why and by which decision. Nothing ever leaves the "
            "record.",
        ),
        "language": Text(vi="Ngôn ngữ", en="Language"),
        "from": Text(vi="Từ trạng thái", en="From the state"),
        "to": Text(vi="Đến trạng thái", en="To the state"),
        "states_hint": Text(
            vi="Số phiên bản (0 là trước phiên bản đầu tiên) hoặc ngày, như 2026-01-31.",
            en="The number of a changeset (0 is before the first) or a day, such as 2026-01-31.",
        ),
        "compare": Text(vi="So sánh", en="Compare"),
        "decision": Text(vi="Quyết định", en="Decision"),
        "see": Text(vi="Xem thay đổi", en="See what changed"),
        "none": Text(vi="Chưa có phiên bản nào.", en="No changeset yet."),
        "older": Text(vi="Cũ hơn", en="Older"),
        "next": Text(vi="Tiếp theo", en="Next"),
        "same": Text(vi="Hai trạng thái giống nhau.", en="The two states are the same."),
        "field": Text(vi="Trường", en="Field"),
        "before": Text(vi="trước", en="before"),
        "after": Text(vi="sau", en="after"),
        "values": Text(vi="các giá trị", en="values"),
        "show": Text(vi="Xem trên bản đồ", en="Show on the map"),
        "map": Text(vi="Bản đồ thay đổi", en="Map of what changed"),
        "no_script": Text(
            vi="Bản đồ cần JavaScript; danh sách thay đổi dùng được mà không cần.",
            en="The map needs JavaScript; the list of changes works without.",
        ),
    }
)
_TITLE: Final = Text(vi="Thay đổi từ phiên bản {a} đến phiên bản {b}", en="What changed from changeset {a} to {b}")


@router.get("/history", response_class=HTMLResponse)
def history_page(request: Request, store: StoreParameter) -> HTMLResponse:
    """Answer the record, newest first, with a form to compare any two states.

    Parameters
    ----------
    request : Request
        Its query tells the language and where the page starts.
    store : Store
        The store, as the reader may see it.

    Returns
    -------
    HTMLResponse
        The page.
    """
    check_names(request, ("lang", "cursor"))
    language = request_language(request)
    cursor = request.query_params.get("cursor")
    entries, following = listed(store, before=_number(cursor), limit=_ENTRIES, language=language)
    return _page(request, language, "history.html", entries=entries, following=following, latest=store.latest())


@router.get("/history/diff", response_class=HTMLResponse)
def diff_page_(request: Request, store: StoreParameter) -> HTMLResponse:
    """Answer what changed between two states: a list, and a map of how things were and how they are.

    Parameters
    ----------
    request : Request
        Its query tells the states, the layers, the language and where the page starts.
    store : Store
        The store, as the reader may see it.

    Returns
    -------
    HTMLResponse
        The page.

    Raises
    ------
    BadParameterError
        If a parameter means nothing.
    """
    check_names(request, ("lang", "cursor", "from", "to", "collections"))
    query, language = request.query_params, request_language(request)
    first = state_of(query.get("from", "0"), where="from")
    last = state_of(query["to"], where="to") if "to" in query else None
    with store.core.reading() as connection:
        a = store.core.changeset_at(connection, first)
        b = store.core.latest(connection) if last is None else store.core.changeset_at(connection, last)
    found = store.diff(a, b, layers=layer_ids(query.get("collections")))
    offset = _number(query.get("cursor")) or 0
    more = offset + _FEATURES < len(found)
    prefix = _prefix(request)
    chosen = {name: query[name] for name in ("collections",) if name in query}
    data = f"{prefix}/diff?{urlencode({'from': a, 'to': b, **chosen, 'lang': language}, quote_via=quote)}"
    window = f"&f=geojson&limit={_FEATURES}&cursor={offset}"
    return _page(
        request,
        language,
        "history_diff.html",
        title=_TITLE.say(language).format(a=a, b=b),
        told=_told(store, a, b, language),
        layers=_layers(found, offset, language),
        following=offset + _FEATURES if more else None,
        data=data,
        drawn=data + window,
    )


def _number(text: str | None) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 10):
        raise BadParameterError(seen=text, wanted=Text(vi="một số", en="a number"), where="cursor")
    return int(text)


def _told(store: Store, a: int, b: int, language: Language) -> list[JsonObject]:
    """Return the changesets between two states, where they are a few."""
    first, last = min(a, b) + 1, max(a, b)
    if last - first >= 3 or last < first:
        return []
    definitions = store.layers()
    found = store.changesets_of(range(first, last + 1))
    return [changeset_document(entry, definitions=definitions, language=language) for entry in found]


def _layers(found: Diff, offset: int, language: Language) -> list[JsonObject]:
    page = diff_page(found, offset=offset, limit=_FEATURES)
    documents = diff_document(found, language=language, offset=offset, limit=_FEATURES)["layers"]
    return [
        {**document, **_land(found.layers[document["layer"]], language)}
        | {
            "features": [
                _feature(page.layers[document["layer"]], feature, language) for feature in document["features"]
            ]
        }
        for document in documents
    ]


def _land(diff: LayerDiff, language: Language) -> JsonObject:
    """Return how much land was gained and lost in a layer of areas, in hectares."""
    if not any("Polygon" in kind for kind in diff.definition.geometry):
        return {"gained": "", "lost": ""}
    summed = diff.measures[["gained_m2", "lost_m2"]].sum() / _SQUARE_METRES
    gained, lost = (write_number(float(value), language) for value in summed)
    return {"gained": gained, "lost": lost} if float(summed.sum()) > 0 else {"gained": "", "lost": ""}


def _feature(diff: LayerDiff, feature: JsonObject, language: Language) -> JsonObject:
    fields = {field.name: field for field in diff.definition.all_fields}
    changed = diff.fields(feature["id"])
    rows = [
        {
            "title": attribute["title"],
            "before": value_text(fields[attribute["field"]], changed[attribute["field"]][0], language),
            "after": value_text(fields[attribute["field"]], changed[attribute["field"]][1], language),
        }
        for attribute in feature["attributes"]
    ]
    return {**feature, "rows": rows, "shape": _shape(feature["geometry"], language)}


def _shape(measures: dict[str, float | None] | None, language: Language) -> str:
    """Say how a shape changed."""
    if measures is None:
        return ""

    def metres(name: str, digits: int = 1) -> str:
        return write_number(measures[name] or 0.0, language, digits)

    parts = []
    if measures["area_before_m2"] or measures["area_after_m2"]:
        area = f"{metres('area_before_m2', 0)} → {metres('area_after_m2', 0)} m²"
        moved = f"+{metres('gained_m2', 0)} −{metres('lost_m2', 0)} m²"
        parts.append(Text(vi=f"diện tích {area} ({moved})", en=f"area {area} ({moved})").say(language))
    if measures["length_before_m"] or measures["length_after_m"]:
        length = f"{metres('length_before_m')} → {metres('length_after_m')} m"
        parts.append(Text(vi=f"chiều dài {length}", en=f"length {length}").say(language))
    if measures["displacement_m"]:
        far = f"{metres('displacement_m', 2)} m"
        parts.append(Text(vi=f"lệch tới {far}", en=f"moved by up to {far}").say(language))
    return "; ".join(parts)


def _prefix(request: Request) -> str:
    return urlsplit(base_url(request)).path.rstrip("/")


def _page(request: Request, language: Language, template: str, **context: Any) -> HTMLResponse:
    made = environment()
    made.filters["number"] = write_number
    made.filters["moment"] = write_moment
    prefix, path = _prefix(request), urlsplit(str(request.url)).path

    def address(**changed: object) -> str:
        kept = {**dict(request.query_params), "lang": language, **changed}
        return f"{path}?{urlencode(kept, quote_via=quote)}"

    body = made.get_template(template).render(
        {
            "language": language,
            "languages": [(code, LANGUAGE_NAMES[code]) for code in LANGUAGES],
            "prefix": prefix,
            "words": {name: text.say(language) for name, text in _WORDS.items()},
            "operations": {name: text.say(language) for name, text in OPERATION_TITLES.items()},
            "font": has_font(),
            "nonce": request.state.nonce,
            "who": reader_of(request),
            "address": address,
        }
        | context
    )
    headers = {"Content-Language": language, "Vary": "Accept, Accept-Language", "Cache-Control": "no-cache"}
    return HTMLResponse(body, headers=headers)
