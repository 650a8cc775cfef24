"""Pages on which a planner sends a file, follows it, reads its receipt and settles what it asks for."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from jinja2 import Environment
from starlette.responses import HTMLResponse

from api.jobs import read_part
from api.languages import request_language
from api.links import base_url
from api.params import check_names
from api.portal.frame import LANGUAGE_NAMES, environment, has_font
from api.receipts import SHOWN, WORDS, grouped, write_number
from api.settings import Settings
from api.worker import page_part
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
        "mode": Text(vi="Chế độ ghi", en="Mode"),
        "accept_valid": Text(
            vi="Bỏ các đối tượng có lỗi, nhận phần còn lại", en="Leave out features with errors, take the rest"
        ),
        "polygons": Text(vi="Đường khép kín trong bản vẽ là vùng", en="Closed lines of a drawing are areas"),
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
        "choose_crs": Text(vi="Chọn cách đọc toạ độ", en="Choose how the coordinates are read"),
        "use_this": Text(vi="Dùng cách này", en="Use this"),
        "part_hint": Text(
            vi="Có thể nhận phần không có lỗi; các đối tượng có lỗi bị bỏ và liệt kê bên dưới.",
            en="The part without errors can be taken; features with errors are left out and stand below.",
        ),
        "take_part": Text(vi="Nhận phần không có lỗi", en="Take the part without errors"),
        "checked_hint": Text(vi="Tệp đã được kiểm tra, chưa ghi gì.", en="The file was checked, nothing was written."),
        "on_map": Text(vi="Các vấn đề trên bản đồ", en="Issues on the map"),
    }
)


@router.get("/files", response_class=HTMLResponse)
def files_page(request: Request) -> HTMLResponse:
    """Answer the page on which files are sent.

    Parameters
    ----------
    request : Request
        Its query tells the language.

    Returns
    -------
    HTMLResponse
        A form, and what was sent lately.
    """
    check_names(request, ("lang",))
    language = request_language(request)
    layers = request.app.state.store.layers().values()
    jobs: Jobs = request.app.state.jobs
    recent = [_row(job, language) for job in jobs.recent(_LISTED) if job.kind == "import"]
    return _page(
        request,
        language,
        layers=[(layer.id, layer.title.say(language)) for layer in layers],
        mappings=shipped_mappings(),
        suffixes=",".join(SUFFIXES),
        recent=recent,
    )


@router.get("/files/{job_id}", response_class=HTMLResponse)
def file_page(request: Request, job_id: str) -> HTMLResponse:
    """Answer how an import stands: its progress, or its receipt with a map and what it asks for.

    Parameters
    ----------
    request : Request
        Its query tells the language.
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
    job = jobs.get(job_id)
    row = _row(job, language)
    if job.outcome is None:
        state = {"file": row["file"], "message": job.message.say(language), "progress": job.progress}
        return _page(request, language, job=job.id, running=not job.ended, **state)
    document = read_part(jobs, job, page_part(language))
    placed = any(issue["coordinate"] for issue in document["issues"])
    return _page(request, language, job=job.id, receipt=document, groups=grouped(document), shown=SHOWN, placed=placed)


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
        "time": f"{job.created:%Y-%m-%d %H:%M}",
    }


def _page(request: Request, language: Language, **context: Any) -> HTMLResponse:
    settings: Settings = request.app.state.settings
    nothing: dict[str, Any] = {"job": None, "receipt": None, "groups": [], "placed": False, "running": False}
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
            }
            | context
        )
    )
    headers = {"Content-Language": language, "Vary": "Accept, Accept-Language", "Cache-Control": "no-cache"}
    return HTMLResponse(body, headers=headers)


def _environment() -> Environment:
    made = environment()
    made.filters["number"] = write_number
    return made
