"""Packages that come back over the web: uploaded, read by a worker that trusts nothing, and made into a proposal."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.auth.persons import GateParameter, PersonParameter, require
from api.errors import BadParameterError, ImportsOffError
from api.jobs import JobsParameter, check_room, find_job, read_part, start_job, status_answer
from api.links import JSON, base_url, link
from api.openapi import document_of
from api.package_parts import RETURN_FORM
from api.package_tasks import packed_access
from api.params import LanguageParameter, check_page_format
from api.portal.exchanging import ALL_PACKAGES, job_page, return_page, to_packages
from api.proposal_answers import WRITES, from_page, who_of
from api.proposal_bodies import whole_number
from api.responses import answer
from api.running import scratch_folder
from api.settings import Settings
from api.tasks import RETURN, part_name
from api.uploads import BINARY, FORM, receive_upload
from layers.store import Store
from layers.types import Text

__all__ = ["router"]

JsonObject = dict[str, Any]
_OPTIONS: Final = ("layer", "base", "complete", "crs", "title", "message", "author")
_SEE_OTHER: Final[dict[int | str, JsonObject]] = {303: {"description": "For a browser: the page that tells of it."}}

router = APIRouter(tags=["packages"], default_response_class=Response)


def _text(component: str) -> Any:
    return Query(json_schema_extra={"component": f"return-{component}"})


async def _given(
    *,
    layer: Annotated[str | None, _text("layer")] = None,
    base: Annotated[str | None, _text("base")] = None,
    complete: Annotated[str | None, _text("complete")] = None,
    crs: Annotated[str | None, _text("crs")] = None,
    title: Annotated[str | None, _text("title")] = None,
    message: Annotated[str | None, _text("message")] = None,
    author: Annotated[str | None, _text("author")] = None,
) -> dict[str, str]:
    """Return what the address says about a file that comes back."""
    given = dict(locals())
    return {name: value for name, value in given.items() if value is not None}


async def _check_takes(request: Request, person: PersonParameter) -> None:
    """Check that this server takes files, and from this person."""
    settings: Settings = request.app.state.settings
    if not settings.takes_files:
        seen = Text(vi="thiết lập hiện tại", en="as it is set")
        raise ImportsOffError(seen=seen, wanted="PARKPLAN_IMPORTS=on", where="packages")
    require(person, "propose", where=request.url.path)


@router.post(
    f"{ALL_PACKAGES}/returned",
    summary="Take a package back, as a proposal on its own base",
    status_code=201,
    dependencies=[*WRITES, Depends(_check_takes)],
    responses=document_of("statusInfo", status=201, problems=(403, 404, 408, 413, 415, 422)) | _SEE_OTHER,
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                BINARY: {"schema": {"type": "string", "format": "binary"}},
                FORM: {"schema": RETURN_FORM},
            },
        }
    },
)
async def package_return(
    *,
    request: Request,
    gate: GateParameter,
    person: PersonParameter,
    jobs: JobsParameter,
    name: Annotated[str | None, _text("name")] = None,
    given: Annotated[dict[str, str], Depends(_given)],
    language: LanguageParameter,
) -> Response:
    """Keep a returned package, or a bare file with ids, and start the job that makes a proposal of it.

    Parameters
    ----------
    request : Request
        Its body is the file, or a form with it.
    gate : Gate
        Of the application.
    person : Person
        Who brings it back.
    jobs : Jobs
        All jobs.
    name : str
        Name of the file, whose ending tells the format.
    given : dict
        How it is to be read, and what the proposal is called.
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
    BadParameterError
        If a value means nothing.
    """
    settings: Settings = request.app.state.settings
    seen = gate.store_for(person)
    await run_in_threadpool(_options, seen, given)
    await check_room(request, jobs)
    folder = scratch_folder(settings) / secrets.token_hex(16)
    folder.mkdir(mode=0o700)
    try:
        upload = await receive_upload(request, folder, name=name, limit=settings.import_max_bytes)
        options = await run_in_threadpool(_options, seen, {**upload.fields, **given})
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    options["author"] = who_of(request, person, options)
    asked = {"file": str(upload.path), "options": options, "access": packed_access(person.access)}
    job = await start_job(request, jobs, RETURN, asked, who=options["author"])
    if from_page(request):
        return to_packages(request, f"returned/{job.id}", language)
    return status_answer(request, job, language, created=True)


def _options(store: Store, given: Mapping[str, str]) -> JsonObject:
    """Return how a file is to be read, as `layers.proposals.propose_package` wants it."""
    options: JsonObject = {}
    for name, value in given.items():
        if name not in _OPTIONS:
            raise BadParameterError(seen=name, wanted=", ".join(_OPTIONS), where="form")
        if value:
            options[name] = value
    if "layer" in options:
        store.definition(options["layer"])
    if "base" in options:
        base, latest = whole_number(options, "base"), store.latest()
        if base is None or not 0 <= base <= latest:
            raise BadParameterError(seen=options["base"], wanted=f"0..{latest}", where="base")
        options["base"] = base
    if "complete" in options:
        if options["complete"] not in ("true", "false"):
            raise BadParameterError(seen=options["complete"], wanted="true, false", where="complete")
        options["complete"] = options["complete"] == "true"
    return options


@router.get(
    f"{ALL_PACKAGES}/returned/{{jobId}}",
    summary="What came of a package that came back",
    dependencies=[Depends(check_page_format)],
    responses=document_of("packageReturn"),
)
def package_returned(
    *,
    request: Request,
    gate: GateParameter,
    person: PersonParameter,
    jobs: JobsParameter,
    language: LanguageParameter,
    jobId: str,  # noqa: N803 - the name in the API
) -> Response:
    """Return what was changed in a returned package, with the receipt of each layer, and the proposal it became.

    Parameters
    ----------
    request : Request
        The request.
    gate : Gate
        Of the application.
    person : Person
        The reader.
    jobs : Jobs
        All jobs.
    language : {"vi", "en"}
        The reader's language.
    jobId : str
        The job.

    Returns
    -------
    Response
        The document; a page for browsers, also while the job goes on.

    Raises
    ------
    UnknownJobError
        If there is no such job.
    NotReadyError
        If it has no result, yet or at all.
    """
    job = find_job(jobs, jobId, gate=gate, person=person, kind=RETURN)
    if from_page(request) and job.outcome is None:
        return job_page(request, job, language)
    document = read_part(jobs, job, part_name("receipt", language))
    if from_page(request):
        return return_page(request, job, document, language)
    base = base_url(request)
    links = [link(f"{base}{ALL_PACKAGES}/returned/{job.id}", "self", JSON)]
    if document["proposal"] is not None:
        links.append(link(f"{base}/proposals/{document['proposal']}", "related", JSON))
    return answer({**document, "links": links}, language=language)
