"""Files in through the web: upload, job, receipt; and the choice that a receipt asks for, without a second upload."""

from __future__ import annotations

import datetime as dt
import re
import secrets
import shutil
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import HTMLResponse, Response

from api.errors import (
    BadBodyError,
    BadParameterError,
    BodyTooLargeError,
    BusyError,
    ImportsOffError,
    NotReadyError,
    UnsupportedMediaTypeError,
)
from api.links import GEOJSON, HTML, JSON, REL, base_url, link
from api.openapi import document_of
from api.params import LanguageParameter, StoreParameter, check_format, check_page_format, wants_html
from api.receipts import receipt_page
from api.responses import answer
from api.running import Runner, clear_old, scratch_folder
from api.settings import Settings
from api.worker import Order
from layers.errors import MissingFileError
from layers.formats import SUFFIXES, WANTED_FILE
from layers.jobs import Job, Jobs
from layers.mapping import shipped_mappings
from layers.types import Language, Text

__all__ = ["router"]

JsonObject = dict[str, Any]
#: The one kind of body: no page of another site can send it without asking first.
_BINARY: Final = "application/octet-stream"
#: Jobs that the list shows.
_LISTED: Final = 100
_WAITING: Final = Text(vi="Chờ xử lý", en="Waiting for a worker")
#: A file name keeps its letters, but none that mean something to a system or to GDAL.
_UNSAFE: Final = re.compile(r"[^\w.\- ()]+")
_LONGEST_NAME: Final = 120

router = APIRouter(tags=["imports"], default_response_class=Response)


def _jobs(request: Request) -> Jobs:
    opened: Jobs = request.app.state.jobs
    return opened


JobsParameter = Annotated[Jobs, Depends(_jobs)]


def _job(jobs: JobsParameter, jobId: str) -> Job:  # noqa: N803 - the name in the API
    return jobs.get(jobId)


JobParameter = Annotated[Job, Depends(_job)]


def _text(component: str) -> Any:
    return Query(json_schema_extra={"component": f"import-{component}"})


async def _options(
    *,
    mapping: Annotated[str | None, _text("mapping")] = None,
    source_layer: Annotated[str | None, _text("source-layer")] = None,
    crs: Annotated[str | None, _text("crs")] = None,
    encoding: Annotated[str | None, _text("encoding")] = None,
    text: Annotated[str | None, _text("text")] = None,
    coordinates: Annotated[str | None, _text("coordinates")] = None,
    polygons: Annotated[str | None, _text("polygons")] = None,
    mode: Annotated[str | None, _text("mode")] = None,
    accept: Annotated[str | None, _text("accept")] = None,
    dry_run: Annotated[str | None, _text("dry-run")] = None,
    author: Annotated[str | None, _text("author")] = None,
    message: Annotated[str | None, _text("message")] = None,
    decision: Annotated[str | None, _text("decision")] = None,
    decided: Annotated[str | None, _text("decided")] = None,
) -> JsonObject:
    """Return the options of `layers.importing.receive_file` that a request names, as plain values."""
    if mapping is not None and mapping not in shipped_mappings():
        # A path would let a stranger read files of the server.
        raise BadParameterError(seen=mapping, wanted=", ".join(shipped_mappings()), where="mapping")
    if decided is not None:
        _date(decided)
    options = {
        "mapping": mapping,
        "source_layer": source_layer,
        "crs": crs,
        "encoding": encoding,
        "text_encodings": _pairs(text),
        "coordinates": None if coordinates is None else [name.strip() for name in coordinates.split(",")],
        "polygons": _flag(polygons, "polygons"),
        "mode": _one_of(mode, ("upsert", "insert", "update", "replace"), "mode"),
        "accept": _one_of(accept, ("all", "valid"), "accept"),
        "dry_run": _flag(dry_run, "dry_run"),
        "author": author,
        "message": message,
        "decision": decision,
        "decided": decided,
    }
    return {name: value for name, value in options.items() if value is not None}


OptionsParameter = Annotated[JsonObject, Depends(_options)]


@router.post(
    "/imports",
    summary="Take a file into a layer",
    status_code=201,
    dependencies=[Depends(check_format)],
    responses=document_of("statusInfo", status=201, problems=(403, 404, 413, 415)),
    openapi_extra={
        "requestBody": {"required": True, "content": {_BINARY: {"schema": {"type": "string", "format": "binary"}}}}
    },
)
async def take_in(
    *,
    request: Request,
    store: StoreParameter,
    jobs: JobsParameter,
    layer: Annotated[str, _text("layer")],
    name: Annotated[str, _text("name")],
    options: OptionsParameter,
    language: LanguageParameter,
) -> Response:
    """Keep an uploaded file and start the job that takes it into a layer.

    Parameters
    ----------
    request : Request
        Its body is the file.
    store : Store
        The store.
    jobs : Jobs
        All jobs.
    layer : str
        Id of the layer.
    name : str
        Name of the file, whose ending tells the format.
    options : dict
        How it is to be read and taken.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        201 with the job; its address in `Location`.

    Raises
    ------
    ImportsOffError
        If this server takes no files.
    UnknownLayerError
        If there is no such layer.
    BusyError
        If too many jobs wait.
    """
    settings: Settings = request.app.state.settings
    _check_allowed(settings)
    safe = _safe_name(name)
    await run_in_threadpool(store.definition, layer)
    await run_in_threadpool(clear_old, settings, jobs)
    await _check_room(settings, jobs)
    folder = scratch_folder(settings) / secrets.token_hex(16)
    folder.mkdir(mode=0o700)
    try:
        await _keep(request, folder / safe, limit=settings.import_max_bytes)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    options.setdefault("author", _caller(language))
    options.setdefault("message", Text(vi=f"Nhập {safe}", en=f"Import {safe}").say(language))
    return await _start(request, jobs, {"layer": layer, "file": str(folder / safe), "options": options}, language)


@router.post(
    "/imports/{jobId}/choices",
    summary="Take the same file again, with what the receipt asked for",
    status_code=201,
    dependencies=[Depends(check_format)],
    responses=document_of("statusInfo", status=201, problems=(403, 422)),
)
async def choose(
    *, request: Request, jobs: JobsParameter, job: JobParameter, options: OptionsParameter, language: LanguageParameter
) -> Response:
    """Start another job on a file that is kept: with a CRS, an encoding or another choice.

    Parameters
    ----------
    request : Request
        The request.
    jobs : Jobs
        All jobs.
    job : Job
        The job whose file is meant.
    options : dict
        What is chosen; the rest stays.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        201 with the new job.

    Raises
    ------
    MissingFileError
        If the file is not kept any more.
    """
    settings: Settings = request.app.state.settings
    _check_allowed(settings)
    await _check_room(settings, jobs)
    if not await run_in_threadpool(Path(job.request["file"]).is_file):
        raise MissingFileError(seen=Path(job.request["file"]).name)
    asked = {**job.request, "options": {**job.request["options"], **options}}
    return await _start(request, jobs, asked, language)


@router.get(
    "/jobs", summary="Jobs, the newest first", dependencies=[Depends(check_format)], responses=document_of("jobList")
)
def job_list(request: Request, jobs: JobsParameter, language: LanguageParameter) -> Response:
    """Return the newest jobs.

    Parameters
    ----------
    request : Request
        The request.
    jobs : Jobs
        All jobs.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The list.
    """
    base = base_url(request)
    listed = [_status(job, base, language) for job in jobs.recent(_LISTED)]
    return answer({"jobs": listed, "links": [link(f"{base}/jobs", "self", JSON)]}, language=language)


@router.get(
    "/jobs/{jobId}",
    summary="How a job stands",
    dependencies=[Depends(check_format)],
    responses=document_of("statusInfo"),
)
def job_status(request: Request, job: JobParameter, language: LanguageParameter) -> Response:
    """Return how a job stands.

    Parameters
    ----------
    request : Request
        The request.
    job : Job
        The job.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        Its status.
    """
    return answer(_status(job, base_url(request), language), language=language)


@router.delete(
    "/jobs/{jobId}",
    summary="Stop a job",
    dependencies=[Depends(check_format)],
    responses=document_of("statusInfo", problems=(403,)),
)
async def dismiss(request: Request, jobs: JobsParameter, job: JobParameter, language: LanguageParameter) -> Response:
    """Stop a job; one that has ended stays as it is.

    Parameters
    ----------
    request : Request
        The request.
    jobs : Jobs
        All jobs.
    job : Job
        The job.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        Its status.
    """
    _check_allowed(request.app.state.settings)
    stopped = Text(vi="Đã huỷ theo yêu cầu; không ghi gì.", en="Stopped as asked for; nothing was written.")
    await run_in_threadpool(jobs.end, job.id, "dismissed", message=stopped)
    runner: Runner = request.app.state.runner
    runner.stop(job.id)
    now = await run_in_threadpool(jobs.get, job.id)
    return answer(_status(now, base_url(request), language), language=language)


@router.get(
    "/jobs/{jobId}/results",
    summary="What came of a job",
    dependencies=[Depends(check_format)],
    responses=document_of("receipt"),
)
def job_results(job: JobParameter, language: LanguageParameter) -> Response:
    """Return what came of a job: for an import, its receipt.

    Parameters
    ----------
    job : Job
        The job.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The receipt.
    """
    return answer(_result(job)["documents"][language], language=language)


@router.get(
    "/imports/{jobId}/receipt",
    summary="The receipt of an import",
    dependencies=[Depends(check_page_format)],
    responses=document_of("receipt", page=True),
)
def receipt(request: Request, job: JobParameter, language: LanguageParameter) -> Response:
    """Return a receipt, as a page for browsers and as JSON for programs.

    Parameters
    ----------
    request : Request
        The request.
    job : Job
        The import.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The receipt.
    """
    document = _result(job)["documents"][language]
    if wants_html(request.headers.get("accept", ""), request.query_params.get("f")):
        return HTMLResponse(receipt_page(document, language), headers={"Content-Language": language})
    return answer(document, language=language)


@router.get(
    "/imports/{jobId}/issues",
    summary="The issues of an import as features",
    dependencies=[Depends(check_format)],
    responses=document_of("issueCollection", media_type=GEOJSON),
)
def issues(job: JobParameter, language: LanguageParameter) -> Response:
    """Return the issues of an import as features, each at its exact place.

    Parameters
    ----------
    job : Job
        The import.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        A GeoJSON collection; an issue without a place has no geometry.
    """
    return answer(_result(job)["issues"][language], language=language, media_type=GEOJSON)


def _check_allowed(settings: Settings) -> None:
    if not settings.takes_files:
        seen = Text(
            vi=f"nghe ở {settings.host}, nơi ai cũng gửi được",
            en=f"it listens at {settings.host}, where anybody could send them",
        )
        raise ImportsOffError(seen=seen, wanted="PARKPLAN_IMPORTS=on", where="imports")


async def _check_room(settings: Settings, jobs: Jobs) -> None:
    waiting = await run_in_threadpool(jobs.waiting)
    if waiting >= settings.import_queue:
        raise BusyError(seen=waiting, wanted=settings.import_queue, where="imports")


async def _start(request: Request, jobs: Jobs, asked: JsonObject, language: Language) -> Response:
    job = await run_in_threadpool(jobs.add, "import", asked, message=_WAITING)
    runner: Runner = request.app.state.runner
    store = request.app.state.settings.store
    # The worker runs in a folder of its own: the path of an embedded store must not depend on where that is.
    place = store if "://" in store else str(Path(store).absolute())
    runner.submit(Order(place, job.id, asked["file"], asked["layer"], asked["options"], runner.limits))
    base = base_url(request)
    headers = {"Location": f"{base}/jobs/{job.id}"}
    return answer(_status(job, base, language), language=language, status=201, headers=headers)


async def _keep(request: Request, path: Path, *, limit: int) -> None:
    """Write the body of a request to a file as it comes."""
    where = request.url.path
    given = request.headers.get("content-type", "")
    if given.partition(";")[0].strip().lower() != _BINARY:
        raise UnsupportedMediaTypeError(seen=given, wanted=_BINARY, where=where)
    length = 0
    with path.open("xb") as file:
        try:
            async for part in request.stream():
                length += len(part)
                if length > limit:
                    raise BodyTooLargeError(seen=length, wanted=limit, where=where)
                await run_in_threadpool(file.write, part)
        except ClientDisconnect as error:
            raise BadBodyError(
                seen=Text(vi="bị ngắt giữa chừng", en="cut short"), wanted=_BINARY, where=where
            ) from error
    if not length:
        raise BadBodyError(seen=Text(vi="tệp rỗng", en="an empty file"), wanted=_BINARY, where=where)


def _safe_name(name: str) -> str:
    """Return the name of an uploaded file without what could lead elsewhere."""
    last = name.replace("\\", "/").rpartition("/")[2]
    safe = _UNSAFE.sub("_", last).strip(" .")
    if not safe.lower().endswith(SUFFIXES):
        raise BadParameterError(seen=name, wanted=WANTED_FILE, where="name")
    return safe[-_LONGEST_NAME:].lstrip(".")


def _caller(language: Language) -> str:
    return Text(vi="người dùng trang web", en="web user").say(language)


def _status(job: Job, base: str, language: Language) -> JsonObject:
    url = f"{base}/jobs/{job.id}"
    links = [link(url, "self", JSON), link(f"{base}/imports/{job.id}/receipt", "alternate", HTML)]
    if job.state == "successful":
        links.append(link(f"{url}/results", REL + "results", JSON))
        links.append(link(f"{base}/imports/{job.id}/issues", "related", GEOJSON))
    document = {
        "jobID": job.id,
        "type": "process",
        "processID": job.kind,
        "status": job.state,
        "message": job.message.say(language),
        "created": _utc(job.created),
        "updated": _utc(job.updated),
        "progress": job.progress,
        "file": Path(job.request["file"]).name,
        "layer": job.request["layer"],
        "links": links,
    }
    return document if job.result is None else {**document, "receipt": job.result["state"]}


def _utc(time: dt.datetime) -> str:
    return time.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _result(job: Job) -> JsonObject:
    if job.result is None:
        raise NotReadyError(seen=job.message, where=job.id)
    return job.result


def _flag(text: str | None, where: str) -> bool | None:
    if text not in (None, "true", "false"):
        raise BadParameterError(seen=text, wanted="true, false", where=where)
    return None if text is None else text == "true"


def _one_of(text: str | None, allowed: tuple[str, ...], where: str) -> str | None:
    if text is not None and text not in allowed:
        raise BadParameterError(seen=text, wanted=", ".join(allowed), where=where)
    return text


def _pairs(text: str | None) -> dict[str, str] | None:
    if text is None:
        return None
    chosen = {}
    for pair in text.split(","):
        column, equals, encoding = pair.partition("=")
        if not (column and equals and encoding):
            raise BadParameterError(seen=text, wanted="COLUMN=ENCODING,…", where="text")
        chosen[column] = encoding
    return chosen


def _date(text: str) -> None:
    try:
        dt.date.fromisoformat(text)
    except ValueError as error:
        wanted = Text(vi="ngày như 2030-12-31", en="a date such as 2030-12-31")
        raise BadParameterError(seen=text, wanted=wanted, where="decided") from error
