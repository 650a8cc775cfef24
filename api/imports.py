"""Files in through the web: upload, job, receipt; and the choice that a receipt asks for, without a second upload."""

from __future__ import annotations

import datetime as dt
import secrets
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.auth.gate import Gate
from api.auth.persons import GateParameter, PersonParameter, require, require_whole
from api.errors import BadParameterError
from api.import_parts import IMPORT_FORM
from api.jobs import (
    ImportParameter,
    JobsParameter,
    check_allowed,
    check_room,
    packed_part,
    read_part,
    start_job,
    status_answer,
)
from api.links import GEOJSON, base_url
from api.openapi import document_of
from api.package_tasks import packed_access
from api.params import LanguageParameter, check_format, check_page_format, wants_html
from api.proposal_rights import check_edits, seen_proposal
from api.receipts import receipt_page
from api.running import scratch_folder
from api.settings import Settings
from api.tasks import IMPORT, part_name
from api.uploads import BINARY, FORM, form_fields, receive_upload
from layers.errors import MissingFileError
from layers.jobs import Jobs
from layers.mapping import shipped_mappings
from layers.people import Person
from layers.types import Language, Text

__all__ = ["router"]

JsonObject = dict[str, Any]
_CHOICES: Final[Mapping[str, tuple[str, ...]]] = {
    "mode": ("upsert", "insert", "update", "replace"),
    "accept": ("all", "valid"),
    "coverage": ("none", "bbox", "hull"),
    "completeness": ("complete", "partial"),
    "polygons": ("true", "false"),
    "dry_run": ("true", "false"),
}
#: Where a browser is sent once it has sent a form.
_SEE_OTHER: Final = {"description": "For a browser: the page of the job."}

router = APIRouter(tags=["imports"], default_response_class=Response)


def _text(component: str) -> Any:
    return Query(json_schema_extra={"component": f"import-{component}"})


async def _given(
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
    coverage: Annotated[str | None, _text("coverage")] = None,
    as_of: Annotated[str | None, _text("as-of")] = None,
    completeness: Annotated[str | None, _text("completeness")] = None,
    dry_run: Annotated[str | None, _text("dry-run")] = None,
    author: Annotated[str | None, _text("author")] = None,
    message: Annotated[str | None, _text("message")] = None,
    decision: Annotated[str | None, _text("decision")] = None,
    decided: Annotated[str | None, _text("decided")] = None,
    proposal: Annotated[str | None, _text("proposal")] = None,
) -> dict[str, str]:
    """Return what the address says about how a file is taken in."""
    given = dict(locals())
    return {name: value for name, value in given.items() if value is not None}


GivenParameter = Annotated[dict[str, str], Depends(_given)]


@router.post(
    "/imports",
    summary="Take a file into a layer",
    status_code=201,
    dependencies=[Depends(check_format), Depends(check_allowed)],
    responses=document_of("statusInfo", status=201, problems=(403, 404, 408, 413, 415)) | {303: _SEE_OTHER},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                BINARY: {"schema": {"type": "string", "format": "binary"}},
                FORM: {"schema": IMPORT_FORM},
            },
        }
    },
)
async def take_in(
    *,
    request: Request,
    gate: GateParameter,
    person: PersonParameter,
    jobs: JobsParameter,
    layer: Annotated[str | None, _text("layer")] = None,
    name: Annotated[str | None, _text("name")] = None,
    given: GivenParameter,
    language: LanguageParameter,
) -> Response:
    """Keep an uploaded file and start the job that takes it into a layer.

    Parameters
    ----------
    request : Request
        Its body is the file, or a form with it.
    gate : Gate
        Of the application.
    person : Person
        Who sends it.
    jobs : Jobs
        All jobs.
    layer : str
        Id of the layer.
    name : str
        Name of the file, whose ending tells the format.
    given : dict
        How it is to be read and taken.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        201 with the job, its address in `Location`; for a browser, the way to the job's page.

    Raises
    ------
    BusyError
        If too many jobs wait.
    UnknownLayerError
        If there is no such layer.
    BadParameterError
        If a value means nothing.
    """
    settings: Settings = request.app.state.settings
    form = request.headers.get("content-type", "").startswith(FORM)
    if layer is not None and ("proposal" in given or not form):
        await run_in_threadpool(_check_target, request, gate, person, layer, given.get("proposal"))
    _options(given)
    await check_room(request, jobs)
    folder = scratch_folder(settings) / secrets.token_hex(16)
    folder.mkdir(mode=0o700)
    try:
        upload = await receive_upload(request, folder, name=name, limit=settings.import_max_bytes)
        fields = dict(upload.fields)
        target = fields.pop("layer", "") if layer is None else layer
        options = _options({**fields, **given})
        await run_in_threadpool(_check_target, request, gate, person, target, options.get("proposal"))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    file = upload.path.name
    options.setdefault("author", Text(vi="người dùng trang web", en="web user").say(language))
    if gate.signs_in:
        options["author"] = person.name
    options.setdefault("message", Text(vi=f"Nhập {file}", en=f"Import {file}").say(language))
    asked = {"layer": target, "file": str(upload.path), "options": options}
    return await _start(request, jobs, {**asked, **_bound(person, options)}, language)


def _bound(person: Person, options: Mapping[str, Any]) -> JsonObject:
    """Return what a job has to know of who asked for it: where he may offer changes."""
    return {"access": packed_access(person.access)} if options.get("proposal") else {}


def _check_target(request: Request, gate: Gate, person: Person, layer: str, proposal: str | None) -> None:
    """Check that somebody may write to a layer as a whole, or offer changes to all of it in a proposal."""
    where = request.url.path
    if proposal is None:
        require_whole(gate, person, layer, where=where)
        return
    gate.store_for(person).definition(layer)
    check_edits(request, person, seen_proposal(request.app.state.store, person, proposal))
    # Where the features of a file lie is seen when it is read: `layers.proposals.receive_changes` holds them to it.
    require(person, "propose", layer=layer, where=where)


@router.post(
    "/imports/{jobId}/choices",
    summary="Take the same file again, with what the receipt asked for",
    status_code=201,
    dependencies=[Depends(check_format), Depends(check_allowed)],
    responses=document_of("statusInfo", status=201, problems=(403, 408, 413, 415, 422)) | {303: _SEE_OTHER},
)
async def choose(
    *,
    request: Request,
    gate: GateParameter,
    person: PersonParameter,
    jobs: JobsParameter,
    job: ImportParameter,
    given: GivenParameter,
    language: LanguageParameter,
) -> Response:
    """Start another job on a file that is kept: with a CRS, an encoding or another choice.

    Parameters
    ----------
    request : Request
        The request; choices may stand in a form too.
    gate : Gate
        Of the application.
    person : Person
        Who chooses.
    jobs : Jobs
        All jobs.
    job : Job
        The job whose file is meant.
    given : dict
        What is chosen; an empty value unsays what was chosen before, and the rest stays.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        201 with the new job; for a browser, the way to its page.

    Raises
    ------
    BusyError
        If too many jobs wait.
    MissingFileError
        If the file is not kept any more.
    """
    said = {**await form_fields(request), **given}
    chosen = _options(said)
    # Neither the proposal that the file was for nor the one that it is for now may be anybody else's.
    before = job.request["options"].get("proposal")
    for proposal in {before, said.get("proposal", before) or None}:
        await run_in_threadpool(_check_target, request, gate, person, job.request["layer"], proposal)
    if gate.signs_in:
        chosen["author"] = person.name
    await check_room(request, jobs)
    if not await run_in_threadpool(Path(job.request["file"]).is_file):
        raise MissingFileError(seen=Path(job.request["file"]).name)
    unsaid = {_RENAMED.get(name, name) for name, value in said.items() if not value}
    kept = {name: value for name, value in job.request["options"].items() if name not in unsaid}
    if "text_encodings" in chosen:
        chosen["text_encodings"] = {**kept.get("text_encodings", {}), **chosen["text_encodings"]}
    options = {**kept, **chosen}
    return await _start(request, jobs, {**job.request, "options": options, **_bound(person, options)}, language)


@router.get(
    "/imports/{jobId}/receipt",
    summary="The receipt of an import",
    dependencies=[Depends(check_page_format)],
    responses=document_of("receipt"),
)
def receipt(request: Request, jobs: JobsParameter, job: ImportParameter, language: LanguageParameter) -> Response:
    """Return a receipt, as a page for browsers and as JSON for programs.

    Parameters
    ----------
    request : Request
        The request.
    jobs : Jobs
        All jobs.
    job : Job
        The import.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The receipt.
    """
    if wants_html(request.headers.get("accept", ""), request.query_params.get("f")):
        page = receipt_page(read_part(jobs, job, part_name("page", language)), language)
        return HTMLResponse(page, headers={"Content-Language": language, "Vary": "Accept, Accept-Language"})
    return packed_part(request, jobs, job, part_name("receipt", language), language=language)


@router.get(
    "/imports/{jobId}/issues",
    summary="The issues of an import as features",
    dependencies=[Depends(check_format)],
    responses=document_of("issueCollection", media_type=GEOJSON),
)
def issues(request: Request, jobs: JobsParameter, job: ImportParameter, language: LanguageParameter) -> Response:
    """Return the issues of an import as features, each at its exact place.

    Parameters
    ----------
    request : Request
        The request.
    jobs : Jobs
        All jobs.
    job : Job
        The import.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        A GeoJSON collection; an issue without a place has no geometry.
    """
    return packed_part(request, jobs, job, part_name("issues", language), language=language, media_type=GEOJSON)


async def _start(request: Request, jobs: Jobs, asked: JsonObject, language: Language) -> Response:
    job = await start_job(request, jobs, IMPORT, asked, who=asked["options"]["author"])
    if wants_html(request.headers.get("accept", ""), request.query_params.get("f")):
        return RedirectResponse(f"{base_url(request)}/files/{job.id}?lang={language}", status_code=303)
    return status_answer(request, job, language, created=True)


def _options(given: Mapping[str, str]) -> JsonObject:
    """Return the options of `layers.importing.receive_file` that are named, as plain values.

    Everything is checked here: a wrong value is told at once, not by a job.
    """
    options: JsonObject = {}
    for name, value in given.items():
        if name not in _READERS:
            raise BadParameterError(seen=name, wanted=", ".join(IMPORT_FORM["properties"]), where="form")
        if value:
            options[_RENAMED.get(name, name)] = _READERS[name](value, name)
    return options


def _plain(text: str, _where: str) -> str:
    return text


def _one_of(text: str, where: str) -> str:
    if text not in _CHOICES[where]:
        raise BadParameterError(seen=text, wanted=", ".join(_CHOICES[where]), where=where)
    return text


def _flag(text: str, where: str) -> bool:
    return _one_of(text, where) == "true"


def _coverage(text: str, where: str) -> str | None:
    chosen = _one_of(text, where)
    return None if chosen == "none" else chosen


def _mapping(text: str, where: str) -> str:
    # A path would let a stranger read files of the server.
    if text not in shipped_mappings():
        raise BadParameterError(seen=text, wanted=", ".join(shipped_mappings()), where=where)
    return text


def _columns(text: str, _where: str) -> list[str]:
    return [column.strip() for column in text.split(",")]


def _pairs(text: str, where: str) -> dict[str, str]:
    chosen = {}
    for pair in text.split(","):
        column, equals, encoding = pair.partition("=")
        if not (column and equals and encoding):
            raise BadParameterError(seen=text, wanted="COLUMN=ENCODING,…", where=where)
        chosen[column] = encoding
    return chosen


def _date(text: str, where: str) -> str:
    try:
        return dt.date.fromisoformat(text).isoformat()
    except ValueError as error:
        wanted = Text(vi="ngày như 2030-12-31", en="a date such as 2030-12-31")
        raise BadParameterError(seen=text, wanted=wanted, where=where) from error


#: How each of them is read.
_READERS: Final[Mapping[str, Callable[[str, str], Any]]] = {
    **dict.fromkeys(("source_layer", "crs", "encoding", "author", "message", "decision", "proposal"), _plain),
    **dict.fromkeys(("mode", "accept", "completeness"), _one_of),
    **dict.fromkeys(("polygons", "dry_run"), _flag),
    **dict.fromkeys(("decided", "as_of"), _date),
    "coverage": _coverage,
    "mapping": _mapping,
    "coordinates": _columns,
    "text": _pairs,
}
_RENAMED: Final = {"text": "text_encodings"}
