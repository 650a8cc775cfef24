"""The pages of exchange packages: what was handed out and came back, a form for each, and what came of one."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, RedirectResponse

from api.links import base_url
from api.portal.frame import LANGUAGE_NAMES, environment, has_font, reader_of
from api.portal.proposal_words import PROPOSAL_WORDS
from api.portal.words import WORDS
from api.receipts import SHOWN, grouped, shortened, write_moment, write_number
from api.receipts import WORDS as RECEIPT_WORDS
from api.tasks import RETURN
from layers.formats import SUFFIXES
from layers.types import LANGUAGES, Language, Text

if TYPE_CHECKING:
    from starlette.requests import Request

    from api.auth.gate import Gate
    from layers.jobs import Job
    from layers.people import Person

__all__ = ["ALL_PACKAGES", "PACKAGE_WORDS", "job_page", "packages_page", "return_page", "to_packages"]

JsonObject = dict[str, Any]
ALL_PACKAGES: Final = "/packages"
_PARKS: Final = "parks"
PACKAGE_WORDS: Final = MappingProxyType(
    {
        "packages": Text(vi="Gói dữ liệu", en="Packages"),
        "packages_hint": Text(
            vi="Giao các lớp của một trạng thái cho một đơn vị trong một tệp; gói sửa xong gửi lại đây thành đề xuất "
            "trên đúng trạng thái đã giao.",
            en="Hand layers of one state to an institute as one file; sent back here, the edited package becomes a "
            "proposal on the state that was handed out.",
        ),
        "make_package": Text(vi="Lập gói", en="Make a package"),
        "for_whom": Text(vi="Giao cho", en="For"),
        "layers": Text(vi="Các lớp", en="Layers"),
        "where": Text(vi="Phạm vi", en="Area"),
        "park": Text(vi="Khu công nghiệp", en="Park"),
        "no_park": Text(vi="không theo khu", en="by no park"),
        "margin": Text(vi="Lấy thêm quanh khu (m)", en="Around the park as well (m)"),
        "box": Text(vi="Khung (kinh độ tây, vĩ độ nam, đông, bắc)", en="Box (west, south, east, north in degrees)"),
        "box_hint": Text(vi="để trống là toàn bộ", en="nothing is everywhere"),
        "area_map": Text(vi="Bản đồ chọn phạm vi", en="Map to choose the area"),
        "draw_box": Text(vi="Vẽ khung trên bản đồ", en="Draw a box on the map"),
        "drawing_hint": Text(vi="Chấm hai góc đối nhau trên bản đồ.", en="Point to two opposite corners on the map."),
        "take_view": Text(vi="Lấy khung đang xem", en="Take what the map shows"),
        "clear_area": Text(vi="Bỏ phạm vi", en="No area"),
        "base": Text(vi="Trạng thái gốc", en="State"),
        "base_hint": Text(
            vi="số phiên bản hoặc ngày; để trống là mới nhất",
            en="number of a changeset or a day; nothing is the newest",
        ),
        "package_language": Text(vi="Ngôn ngữ của gói", en="Language of the package"),
        "make": Text(vi="Lập gói", en="Make it"),
        "take_back": Text(vi="Nhận lại gói", en="Take a package back"),
        "take_back_hint": Text(
            vi="Tệp .zip đã giao, hoặc riêng GeoJSON, GeoPackage có mã đối tượng.",
            en="The .zip that was handed out, or a GeoJSON or GeoPackage with ids alone.",
        ),
        "bare": Text(vi="Tệp không có trong gói", en="For a file without its package"),
        "bare_base": Text(vi="Phiên bản gốc", en="Changeset it began with"),
        "bare_layer": Text(vi="Là lớp", en="It is the layer"),
        "by_name": Text(vi="theo tên trong tệp", en="by its name"),
        "complete": Text(
            vi="Tệp đủ cả lớp: đối tượng thiếu là đã xoá", en="The file is the whole layer: what is missing was deleted"
        ),
        "crs": Text(vi="Hệ toạ độ", en="CRS"),
        "send": Text(vi="Gửi và lập đề xuất", en="Send and make a proposal"),
        "record": Text(vi="Sổ giao nhận", en="Record"),
        "none_noted": Text(vi="Chưa giao gói nào.", en="No package yet."),
        "what": Text(vi="Việc", en="What"),
        "when": Text(vi="Thời điểm (UTC)", en="Time (UTC)"),
        "institute": Text(vi="Đơn vị", en="Institute"),
        "features_by_layer": Text(vi="Đối tượng theo lớp", en="Features by layer"),
        "answers": Text(vi="trả lời số", en="answers"),
        "download": Text(vi="Tải về", en="Download"),
        "not_kept": Text(vi="không còn lưu tệp", en="the file is not kept any more"),
        "signed": Text(vi="đã ký", en="signed"),
        "closed": Text(
            vi="Máy chủ này không nhận tệp qua trang web (PARKPLAN_IMPORTS).",
            en="This server takes no files over the web (PARKPLAN_IMPORTS).",
        ),
        "see_proposal": Text(vi="Xem đề xuất {n}", en="See proposal {n}"),
        "look_again": Text(vi="Xem lại tiến độ", en="Look again"),
        "inserted": Text(vi="thêm", en="added"),
        "updated": Text(vi="sửa", en="changed"),
        "deleted": Text(vi="xoá", en="removed"),
        "receipt": Text(vi="Biên nhận", en="Receipt"),
        "untouched": Text(
            vi="Tệp của lớp này còn nguyên như khi giao.", en="The file of this layer is as it was sent."
        ),
        "whole_json": Text(vi="Toàn bộ biên nhận (JSON)", en="The whole receipt (JSON)"),
    }
)


def to_packages(request: Request, path: str, language: Language, *, anchor: str = "") -> RedirectResponse:
    """Send a browser to a page of packages.

    Parameters
    ----------
    request : Request
        The request.
    path : str
        Below `/packages`; empty for the record.
    language : {"vi", "en"}
        The reader's language.
    anchor : str
        Where on the page.

    Returns
    -------
    RedirectResponse
        303.
    """
    place = f"{base_url(request)}{ALL_PACKAGES}" + (f"/{path}" if path else "") + f"?lang={language}"
    return RedirectResponse(place + (f"#{anchor}" if anchor else ""), status_code=303)


def packages_page(
    request: Request,
    gate: Gate,
    person: Person,
    listed: Sequence[JsonObject],
    *,
    hands_out: bool,
    language: Language,
    problem: str = "",
    given: JsonObject | None = None,
) -> HTMLResponse:
    """Return the page of the record, with the forms that the reader may use.

    Parameters
    ----------
    request : Request
        The request.
    gate : Gate
        Of the application.
    person : Person
        The reader.
    listed : sequence of dict
        What the reader may know of the record.
    hands_out : bool
        Whether he may make packages.
    language : {"vi", "en"}
        The reader's language.
    problem : str, optional
        What went wrong with what was sent.
    given : dict, optional
        What was sent, so that it need not be filled in again.

    Returns
    -------
    HTMLResponse
        The page.
    """
    store = gate.store_for(person)
    definitions = store.layers()
    parks = []
    if hands_out and _PARKS in definitions:
        names = store.read(_PARKS)["name_vi"].sort_values()
        parks = [(str(park), f"{name} ({park})") for park, name in names.items()]
    return _page(
        request,
        "packages.html",
        language,
        packages=listed,
        hands_out=hands_out,
        may_propose=person.access.may("propose"),
        open=request.app.state.settings.takes_files,
        layers=[(layer, definition.title.say(language)) for layer, definition in definitions.items()],
        parks=parks,
        institutes=gate.people.accounts.institutes() if hands_out else [],
        suffixes=",".join(SUFFIXES),
        author=person.name,
        problem=problem,
        given=given or {},
    )


def job_page(request: Request, job: Job, language: Language) -> HTMLResponse:
    """Return the page of a package that is being made or read.

    Parameters
    ----------
    request : Request
        The request.
    job : Job
        Its job.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    HTMLResponse
        How far it is, or why it came to nothing.
    """
    file = str(job.request["file"]).rpartition("/")[2]
    told = {"file": file, "message": job.message.say(language), "progress": job.progress}
    return _page(request, "package_return.html", language, job=job.id, running=not job.ended, document=None, **told)


def return_page(request: Request, job: Job, document: JsonObject, language: Language) -> HTMLResponse:
    """Return the page of a package that came back.

    Parameters
    ----------
    request : Request
        The request.
    job : Job
        Its job, of the kind `api.tasks.RETURN`.
    document : dict
        What came of it.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    HTMLResponse
        The way to the proposal, what was changed, and the receipt of each layer.
    """
    if job.kind != RETURN:
        raise TypeError(job.kind)
    layers = [
        {**one, "receipt": None if one["receipt"] is None else shortened(one["receipt"])} for one in document["layers"]
    ]
    for one in layers:
        one["groups"] = [] if one["receipt"] is None else grouped(one["receipt"])
    return _page(
        request,
        "package_return.html",
        language,
        job=job.id,
        running=False,
        file=document["file"],
        document={**document, "layers": layers},
        shown=SHOWN,
    )


def _page(request: Request, template: str, language: Language, **context: Any) -> HTMLResponse:
    made = environment()
    made.filters["number"] = write_number
    made.filters["moment"] = write_moment
    words = {**WORDS, **RECEIPT_WORDS, **PROPOSAL_WORDS, **PACKAGE_WORDS}
    body = made.get_template(template).render(
        {
            "language": language,
            "languages": [(code, LANGUAGE_NAMES[code]) for code in LANGUAGES],
            "prefix": urlsplit(base_url(request)).path.rstrip("/"),
            "words": {name: text.say(language) for name, text in words.items()},
            "font": has_font(),
            "nonce": request.state.nonce,
            "who": reader_of(request),
            "signs_in": request.app.state.gate.signs_in,
            "here": "packages",
            "problem": "",
        }
        | context
    )
    headers = {"Content-Language": language, "Vary": "Accept, Accept-Language", "Cache-Control": "no-cache"}
    return HTMLResponse(body, headers=headers)
