"""Pages on which a planner sends a file, follows it, reads its receipt and settles what it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from jinja2 import Environment
from starlette.responses import HTMLResponse, Response

from api.auth.persons import PersonParameter, gate_of, sees_job
from api.jobs import find_job, packed_part, read_part
from api.languages import request_language
from api.links import GEOJSON, base_url
from api.params import StoreParameter, check_names
from api.portal.frame import LANGUAGE_NAMES, environment, has_font, reader_of
from api.receipts import SHOWN, WORDS, grouped, write_moment, write_number
from api.settings import Settings
from api.tasks import IMPORT, part_name
from layers.formats import SUFFIXES
from layers.jobs import Job, Jobs
from layers.mapping import shipped_mappings
from layers.types import LANGUAGES, Language, Text

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

#: Imports that the page lists.
_LISTED: Final = 20
_WORDS: Final = MappingProxyType(
    {
        "files": Text(vi="Nhận dữ liệu", en="Receive files"),
        "files_hint": Text(
            vi="Gửi tệp GeoJSON, GeoPackage, Shapefile (.zip), MapInfo, DXF, KML, GML, CSV, Excel… Mọi tệp đều được "
            "kiểm tra và có biên nhận; tệp có lỗi không được ghi.",
            en="Send GeoJSON, GeoPackage, Shapefile (.zip), MapInfo, DXF, KML, GML, CSV, Excel… Every file is checked "
            "and gets a receipt; a file with errors is not written.",
        ),
        "language": Text(vi="Ngôn ngữ", en="Language"),
        "choose_file": Text(vi="Chọn tệp", en="Choose a file"),
        "drop_hint": Text(vi="hoặc kéo thả vào đây", en="or drop it here"),
        "choose_layer": Text(vi="chọn lớp…", en="choose a layer…"),
        "author": Text(vi="Đơn vị gửi", en="From"),
        "message": Text(vi="Nội dung", en="What for"),
        "more_options": Text(vi="Tuỳ chọn khác", en="More options"),
        "mapping": Text(vi="Ánh xạ cột", en="Columns to fields"),
        "by_name": Text(vi="theo tên cột", en="by their names"),
        "crs": Text(vi="Hệ toạ độ", en="CRS"),
        "source_layer": Text(vi="Lớp trong tệp", en="Layer of the file"),
        "encoding": Text(vi="Bảng mã của tệp", en="Encoding of the file"),
        "text_columns": Text(vi="Bảng mã của cột", en="Encoding of columns"),
        "coordinate_columns": Text(vi="Cột toạ độ", en="Columns of the place"),
        "decision": Text(vi="Số quyết định", en="Decision number"),
        "decided": Text(vi="Ngày quyết định", en="Date of decision"),
        "mode": Text(vi="Đối tượng đã có trong lớp", en="Features that are there"),
        "mode_upsert": Text(vi="thêm mới hoặc sửa", en="add or change"),
        "mode_insert": Text(vi="chỉ thêm mới", en="add only"),
        "mode_update": Text(vi="chỉ sửa", en="change only"),
        "mode_replace": Text(vi="thay cả lớp", en="replace the layer"),
        "accept": Text(vi="Khi có lỗi", en="Where there are errors"),
        "accept_all": Text(vi="từ chối cả tệp", en="refuse the file"),
        "accept_valid": Text(vi="bỏ các đối tượng có lỗi", en="leave out those features"),
        "polygons": Text(vi="Đường khép kín trong bản vẽ", en="Closed lines of a drawing"),
        "polygons_false": Text(vi="là đường", en="are lines"),
        "polygons_true": Text(vi="là vùng", en="are areas"),
        "coverage": Text(vi="Lớp có dữ liệu trong", en="The layer has data in"),
        "coverage_none": Text(vi="không ghi", en="not told"),
        "coverage_bbox": Text(vi="khung bao của tệp", en="the file's bounding box"),
        "coverage_hull": Text(vi="bao lồi của tệp", en="the file's convex hull"),
        "as_of": Text(vi="Dữ liệu của ngày", en="Data of the day"),
        "completeness": Text(vi="Trong vùng đó", en="Within that area"),
        "completeness_complete": Text(vi="đầy đủ", en="everything"),
        "completeness_partial": Text(vi="một phần", en="a part"),
        "check_only": Text(vi="Chỉ kiểm tra", en="Check only"),
        "do_import": Text(vi="Nhận vào lớp", en="Take it in"),
        "closed": Text(
            vi="Máy chủ này không nhận tệp qua trang web (PARKPLAN_IMPORTS).",
            en="This server takes no files over the web (PARKPLAN_IMPORTS).",
        ),
        "recent": Text(vi="Gần đây", en="Recently"),
        "recent_none": Text(vi="Chưa có tệp nào.", en="No file yet."),
        "state": Text(vi="Kết quả", en="Outcome"),
        "back": Text(vi="Nhận dữ liệu", en="Receive files"),
        "stop": Text(vi="Dừng", en="Stop"),
        "look_again": Text(vi="Xem lại tiến độ", en="Look again"),
        "choose_crs": Text(vi="Chọn cách đọc toạ độ", en="Choose how the coordinates are read"),
        "choose_crs_hint": Text(
            vi="Toạ độ chưa đủ để quyết định; tệp được đọc lại theo cách được chọn, không phải gửi lại.",
            en="The coordinates alone do not decide it; the file is read again as chosen, without a second upload.",
        ),
        "less_likely": Text(vi="Các cách ít khả năng hơn", en="Less likely ones"),
        "choose_text": Text(vi="Chọn bảng mã của cột {column}", en="Choose the encoding of the column {column}"),
        "leave_text": Text(vi="giữ nguyên chữ như trong tệp", en="leave the text as it is"),
        "use_this": Text(vi="Dùng cách này", en="Use this"),
        "part_hint": Text(
            vi="Có thể nhận phần không có lỗi; các đối tượng có lỗi bị bỏ và liệt kê bên dưới.",
            en="The part without errors can be taken; features with errors are left out and stand below.",
        ),
        "take_part": Text(vi="Nhận phần không có lỗi", en="Take the part without errors"),
        "checked_hint": Text(vi="Tệp đã được kiểm tra, chưa ghi gì.", en="The file was checked, nothing was written."),
        "again": Text(vi="Đọc lại tệp theo cách khác", en="Read the file again in another way"),
        "on_map": Text(vi="Các vấn đề trên bản đồ", en="Issues on the map"),
        "show_row": Text(vi="Xem dòng trong bảng", en="Show in the table"),
        "drawn": Text(vi="vẽ {n} trong {all} vấn đề có vị trí", en="{n} of {all} issues with a place are drawn"),
        "print": Text(vi="Bản để in hoặc gửi", en="Page to print or send"),
    }
)
#: Options of an import as a form says them, before anything is said.
_UNSAID: Final = MappingProxyType(
    {
        **dict.fromkeys(("mapping", "crs", "source_layer", "encoding", "text", "coordinates"), ""),
        **dict.fromkeys(("decision", "decided", "as_of"), ""),
        "mode": "upsert",
        "accept": "all",
        "polygons": "false",
        "coverage": "none",
        "completeness": "complete",
    }
)
#: Readings of coordinates below this share are folded away.
_LIKELY: Final = 0.05


@router.get("/files", response_class=HTMLResponse)
def files_page(request: Request, store: StoreParameter, person: PersonParameter) -> HTMLResponse:
    """Answer the page on which files are sent.

    Parameters
    ----------
    request : Request
        Its query tells the language.
    store : Store
        The store, as the reader may see it.
    person : Person
        Who reads.

    Returns
    -------
    HTMLResponse
        A form, and what was sent lately.
    """
    check_names(request, ("lang",))
    language = request_language(request)
    layers = store.layers().values()
    jobs: Jobs = request.app.state.jobs
    listed = jobs.recent(_LISTED, kind=IMPORT)
    recent = [_row(job, language) for job in listed if sees_job(gate_of(request), person, job)]
    titles = [(layer.id, layer.title.say(language)) for layer in layers]
    return _page(request, language, layers=titles, suffixes=",".join(SUFFIXES), recent=recent)


@router.get("/files/{job_id}", response_class=HTMLResponse)
def file_page(request: Request, store: StoreParameter, person: PersonParameter, job_id: str) -> HTMLResponse:
    """Answer how an import stands: its progress, or its receipt with a map and what it asks for.

    Parameters
    ----------
    request : Request
        Its query tells the language.
    store : Store
        The store, as the reader may see it.
    person : Person
        Who reads.
    job_id : str
        The import.

    Returns
    -------
    HTMLResponse
        The page.

    Raises
    ------
    UnknownJobError
        If there is no such import.
    """
    check_names(request, ("lang",))
    language = request_language(request)
    jobs: Jobs = request.app.state.jobs
    job = find_job(jobs, job_id, gate=gate_of(request), person=person, kind=IMPORT)
    row = _row(job, language)
    if job.outcome is None:
        state = {"file": row["file"], "message": job.message.say(language), "progress": job.progress}
        return _page(request, language, job=job.id, running=not job.ended, **state)
    document = read_part(jobs, job, part_name("page", language))
    title = store.definition(job.request["layer"]).title.say(language)
    return _page(
        request,
        language,
        job=job.id,
        receipt={**document, "layer": f"{title} ({document['layer']})"},
        groups=grouped(document),
        shown=SHOWN,
        placed=document["placed"],
        given=_said(job.request["options"]),
        asks=_asked(document),
    )


@router.get("/files/{job_id}/places")
def file_places(request: Request, person: PersonParameter, job_id: str) -> Response:
    """Answer the issues that the page of an import lists, for its map.

    Parameters
    ----------
    request : Request
        Its query tells the language.
    person : Person
        Who reads.
    job_id : str
        The import.

    Returns
    -------
    Response
        GeoJSON; the ids are the numbers of the page's rows.

    Raises
    ------
    UnknownJobError
        If there is no such import.
    NotReadyError
        If it has no receipt.
    """
    check_names(request, ("lang",))
    language = request_language(request)
    jobs: Jobs = request.app.state.jobs
    part = part_name("map", language)
    job = find_job(jobs, job_id, gate=gate_of(request), person=person, kind=IMPORT)
    return packed_part(request, jobs, job, part, language=language, media_type=GEOJSON)


def _said(options: Mapping[str, Any]) -> dict[str, str]:
    """Return the options of an import as a form says them."""
    text = ",".join(f"{column}={encoding}" for column, encoding in options.get("text_encodings", {}).items())
    flat = {name: value for name, value in options.items() if isinstance(value, str)}
    return {
        **_UNSAID,
        **{name: value for name, value in flat.items() if name in _UNSAID},
        "coordinates": ",".join(options.get("coordinates", ())),
        "polygons": "true" if options.get("polygons") else "false",
        "text": text,
    }


def _asked(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a receipt leaves to the reader."""
    refused = document["state"] == "refused"
    open_errors = [one for one in document["issues"] if one["severity"] == "error" and not one["repaired"]]
    whole = any(one["row"] is None for one in open_errors)
    readings = _readings(document) if refused and not document["coordinates"] else []
    return {
        "crs": readings,
        "text": [column for column in document["text"] if column["state"] == "ask" and column["choices"]],
        "part": refused and not whole,
        "write": document["dry_run"] and not refused,
        "reading": refused and whole and not readings,
    }


def _readings(document: Mapping[str, Any]) -> list[list[dict[str, Any]]]:
    """Return the readings of coordinates that lie where data should, the likely ones first and apart."""
    every = document["diagnosis"]["hypotheses"] if document["diagnosis"] else []
    fitting = [one for one in every if one["evidence"]["inside"] + one["evidence"]["near"] > 0]
    likely = [one for one in fitting if one["score"] >= _LIKELY] or fitting[:1]
    parts = [likely, [one for one in fitting if one not in likely]]
    return [part for part in parts if part]


def _row(job: Job, language: Language) -> dict[str, str]:
    state = job.message.say(language)
    if job.outcome is not None:
        state = WORDS[f"state_{job.outcome}"].say(language)
    name = str(job.request["file"]).rpartition("/")[2]
    return {
        "id": job.id,
        "file": name,
        "layer": job.request["layer"],
        "state": state,
        "time": job.created.isoformat(),
    }


def _page(request: Request, language: Language, **context: Any) -> HTMLResponse:
    settings: Settings = request.app.state.settings
    nothing: dict[str, Any] = {"job": None, "receipt": None, "groups": [], "placed": 0, "running": False}
    body = (
        _environment()
        .get_template("files.html")
        .render(
            nothing
            | {
                "language": language,
                "languages": [(code, LANGUAGE_NAMES[code]) for code in LANGUAGES],
                "prefix": urlsplit(base_url(request)).path.rstrip("/"),
                "words": {name: text.say(language) for name, text in {**WORDS, **_WORDS}.items()},
                "font": has_font(),
                "open": settings.takes_files,
                "mappings": shipped_mappings(),
                "given": _UNSAID,
                "nonce": request.state.nonce,
                "who": reader_of(request),
            }
            | context
        )
    )
    headers = {"Content-Language": language, "Vary": "Accept, Accept-Language", "Cache-Control": "no-cache"}
    return HTMLResponse(body, headers=headers)


def _environment() -> Environment:
    made = environment()
    made.filters["number"] = write_number
    made.filters["moment"] = write_moment
    return made
