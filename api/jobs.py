"""Jobs: what is asked for and takes long, how it stands, and what came of it (the words of OGC API Processes)."""

from __future__ import annotations

import datetime as dt
import gzip
import json
from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.auth.gate import Gate
from api.auth.persons import GateParameter, PersonParameter, admit, require, sees_job
from api.browsing.route import Browsable
from api.errors import BusyError, ImportsOffError, NotReadyError, SealedError
from api.links import GEOJSON, HTML, JSON, REL, ZIP, base_url, link, own_links
from api.openapi import document_of
from api.params import LanguageParameter, check_format, check_page_format
from api.responses import answer
from api.running import Runner, clear_old
from api.settings import Settings
from api.tasks import IMPORT, PACKAGE, RESULT, RETURN, packed_sight, part_name
from api.uploads import check_origin
from layers.errors import UnknownJobError
from layers.jobs import Job, Jobs
from layers.people import Person
from layers.types import Language, Text

__all__ = [
    "ImportParameter",
    "JobsParameter",
    "check_allowed",
    "check_room",
    "find_job",
    "packed_part",
    "read_part",
    "router",
    "start_job",
    "status_answer",
]

JsonObject = dict[str, Any]
#: Jobs that the list shows.
_LISTED: Final = 100
_DISMISSED: Final = Text(vi="Đã huỷ theo yêu cầu; không ghi gì.", en="Stopped as asked for; nothing was written.")
_WAITING: Final = Text(vi="Chờ xử lý", en="Waiting for a worker")

router = APIRouter(tags=["jobs"], default_response_class=Response, route_class=Browsable)


def _jobs(request: Request) -> Jobs:
    opened: Jobs = request.app.state.jobs
    return opened


JobsParameter = Annotated[Jobs, Depends(_jobs)]


def _job(
    jobs: JobsParameter,
    gate: GateParameter,
    person: PersonParameter,
    jobId: str,  # noqa: N803 - the name in the API
) -> Job:
    return find_job(jobs, jobId, gate=gate, person=person)


JobParameter = Annotated[Job, Depends(_job)]


def _import(
    jobs: JobsParameter,
    gate: GateParameter,
    person: PersonParameter,
    jobId: str,  # noqa: N803 - the name in the API
) -> Job:
    return find_job(jobs, jobId, gate=gate, person=person, kind=IMPORT)


ImportParameter = Annotated[Job, Depends(_import)]


def find_job(jobs: Jobs, job_id: str, *, gate: Gate, person: Person, kind: str | None = None) -> Job:
    """Return a job that is somebody's concern.

    Parameters
    ----------
    jobs : Jobs
        All jobs.
    job_id : str
        Its id.
    gate : Gate
        Of the application.
    person : Person
        Who asks.
    kind : str, optional
        What it has to be.

    Returns
    -------
    Job
        As it stands.

    Raises
    ------
    UnknownJobError
        If there is none, or it is none of his concern.
    """
    job = jobs.get(job_id, kind=kind)
    if not sees_job(gate, person, job):
        raise UnknownJobError(seen=job_id, where="jobs")
    return job


async def check_allowed(request: Request, person: PersonParameter) -> None:
    """Check that this server takes files, from who sends them, and that no page of somebody else does.

    Parameters
    ----------
    request : Request
        The request.
    person : Person
        Who sends them.

    Raises
    ------
    ImportsOffError
        If it takes none.
    NotSignedInError, NotAllowedError
        If it takes none from this person.
    ForeignPageError
        If another site sends them.
    """
    settings: Settings = request.app.state.settings
    if not settings.takes_files:
        seen = Text(vi="thiết lập hiện tại", en="as it is set")
        raise ImportsOffError(seen=seen, wanted="PARKPLAN_IMPORTS=on", where="imports")
    require(person, "edit", where=request.url.path)
    check_origin(request)


@router.get(
    "/jobs",
    summary="Jobs, the newest first",
    dependencies=[Depends(check_page_format)],
    responses=document_of("jobList"),
)
def job_list(
    request: Request, jobs: JobsParameter, gate: GateParameter, person: PersonParameter, language: LanguageParameter
) -> Response:
    """Return the newest jobs that are the reader's concern.

    Parameters
    ----------
    request : Request
        The request.
    jobs : Jobs
        All jobs.
    gate : Gate
        Of the application.
    person : Person
        Who asks.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The list.
    """
    base = base_url(request)
    listed = [_status(job, base, language) for job in jobs.recent(_LISTED) if sees_job(gate, person, job)]
    return answer({"jobs": listed, "links": own_links(f"{base}/jobs")}, language=language)


@router.get(
    "/jobs/{jobId}",
    summary="How a job stands",
    dependencies=[Depends(check_page_format)],
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
    return status_answer(request, job, language)


@router.delete(
    "/jobs/{jobId}",
    summary="Stop a job",
    dependencies=[Depends(check_format), Depends(check_origin)],
    responses=document_of("statusInfo", problems=(403, 409)),
)
async def dismiss(request: Request, jobs: JobsParameter, job: JobParameter, language: LanguageParameter) -> Response:
    """Stop a job; one that has ended stays as it is, and one that is being written ends by itself.

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

    Raises
    ------
    SealedError
        If it is being written.
    """
    if await run_in_threadpool(jobs.dismiss, job.id, message=_DISMISSED):
        runner: Runner = request.app.state.runner
        runner.stop(job.id)
    now = await run_in_threadpool(jobs.get, job.id)
    if not now.ended:
        raise SealedError(seen=now.message, wanted=Text(vi="chờ kết thúc", en="waiting for its end"), where=job.id)
    return status_answer(request, now, language)


@router.get(
    "/jobs/{jobId}/results",
    summary="What came of a job",
    dependencies=[Depends(check_page_format)],
    responses=document_of("jobResult"),
)
def job_results(request: Request, jobs: JobsParameter, job: JobParameter, language: LanguageParameter) -> Response:
    """Return what came of a job: for an import, its receipt; for a process, its output.

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
        The receipt in the reader's language, or the output as it was asked for.

    Raises
    ------
    NotReadyError
        If there is no result, yet or at all.
    """
    if job.kind in (IMPORT, PACKAGE, RETURN):
        return packed_part(request, jobs, job, part_name("receipt", language), language=language)
    return packed_part(request, jobs, job, RESULT, language=job.request["inputs"].get("language", language))


async def check_room(request: Request, jobs: Jobs) -> None:
    """Check that one more job may wait, and clear away those that were kept long enough.

    Parameters
    ----------
    request : Request
        The request.
    jobs : Jobs
        All jobs.

    Raises
    ------
    BusyError
        If too many wait.
    """
    settings: Settings = request.app.state.settings
    waiting = await run_in_threadpool(jobs.waiting)
    if waiting >= settings.import_queue:
        raise BusyError(seen=waiting, wanted=settings.import_queue, where="jobs")
    await run_in_threadpool(clear_old, settings, jobs)


async def start_job(request: Request, jobs: Jobs, kind: str, asked: JsonObject, *, who: str = "") -> Job:
    """Accept a job, and let a worker know.

    Parameters
    ----------
    request : Request
        The request.
    jobs : Jobs
        All jobs.
    kind : str
        `api.tasks.IMPORT` or the id of a process.
    asked : dict
        What is asked, plain values.
    who : str
        Who asks.

    Returns
    -------
    Job
        Of state "accepted".
    """
    person = await admit(request)
    # The worker sees of the store what the one sees who asks.
    whose = {"person": person.id, "sight": packed_sight(person.access.sight)}
    job = await run_in_threadpool(jobs.add, kind, {**asked, **whose}, message=_WAITING, who=who or person.name)
    runner: Runner = request.app.state.runner
    runner.wake()
    return job


def status_answer(request: Request, job: Job, language: Language, *, created: bool = False) -> Response:
    """Return the status of a job.

    Parameters
    ----------
    request : Request
        The request.
    job : Job
        The job.
    language : {"vi", "en"}
        The reader's language.
    created : bool
        Whether this request made it.

    Returns
    -------
    Response
        200, or 201 with the job's address in `Location`.
    """
    base = base_url(request)
    headers = {"Location": f"{base}/jobs/{job.id}"} if created else {}
    return answer(_status(job, base, language), language=language, status=201 if created else 200, headers=headers)


def packed_part(
    request: Request, jobs: Jobs, job: Job, name: str, *, language: Language, media_type: str = JSON, file: str = ""
) -> Response:
    """Return a part of the result of a job as it is kept: packed, for readers who take it so.

    Parameters
    ----------
    request : Request
        Says what its reader takes.
    jobs : Jobs
        All jobs.
    job : Job
        The job.
    name : str
        Name of the part.
    language : {"vi", "en"}
        The language it is in.
    media_type : str
        Of the part.
    file : str
        Name under which it should be saved; nothing shows it.

    Returns
    -------
    Response
        The part.

    Raises
    ------
    NotReadyError
        If there is no result, yet or at all.
    """
    content = _part(jobs, job, name)
    headers = {"Content-Language": language, "Vary": "Accept, Accept-Encoding, Accept-Language"}
    if file:
        headers["Content-Disposition"] = f'attachment; filename="{file}"'
    if "gzip" in request.headers.get("accept-encoding", ""):
        headers["Content-Encoding"] = "gzip"
    else:
        content = gzip.decompress(content)
    return Response(content, media_type=media_type, headers=headers)


def read_part(jobs: Jobs, job: Job, name: str) -> JsonObject:
    """Return a part of the result of a job as values.

    Parameters
    ----------
    jobs : Jobs
        All jobs.
    job : Job
        The job.
    name : str
        Name of the part.

    Returns
    -------
    dict
        What JSON holds.

    Raises
    ------
    NotReadyError
        If there is no result, yet or at all.
    """
    document: JsonObject = json.loads(gzip.decompress(_part(jobs, job, name)))
    return document


def _part(jobs: Jobs, job: Job, name: str) -> bytes:
    if job.outcome is None:
        raise NotReadyError(seen=job.message, where=job.id)
    return jobs.part(job.id, name)


def _status(job: Job, base: str, language: Language) -> JsonObject:
    url = f"{base}/jobs/{job.id}"
    links = own_links(url)
    if job.state == "successful":
        links.append(link(f"{url}/results", REL + "results", JSON))
    told: JsonObject = {}
    if job.kind == IMPORT:
        links.append(link(f"{base}/files/{job.id}", "alternate", HTML))
        if job.state == "successful":
            links.append(link(f"{base}/imports/{job.id}/receipt", "related", HTML))
            links.append(link(f"{base}/imports/{job.id}/issues", "related", GEOJSON))
        told = {"file": Path(job.request["file"]).name, "layer": job.request["layer"]}
        if job.outcome is not None:
            told["receipt"] = job.outcome
    if job.kind == PACKAGE and job.outcome is not None:
        links.append(link(f"{base}/packages/{job.outcome}/file", "enclosure", ZIP))
    if job.kind == RETURN:
        links.append(link(f"{base}/packages/returned/{job.id}", "alternate", HTML))
        told = {"file": Path(job.request["file"]).name}
        told |= {} if job.outcome is None else {"receipt": job.outcome}
    times = {"started": job.started, "finished": job.finished}
    return {
        "jobID": job.id,
        "type": "process",
        "processID": job.kind,
        "status": job.state,
        "message": job.message.say(language),
        "created": _utc(job.created),
        **{name: _utc(time) for name, time in times.items() if time is not None},
        "updated": _utc(job.updated),
        "progress": job.progress,
        "who": job.who,
        **told,
        "links": links,
    }


def _utc(time: dt.datetime) -> str:
    return time.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
