"""OGC API Processes: every analysis as a process, run while the caller waits or as a job."""

from __future__ import annotations

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Depends, Header, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from api.analyses import PROCESSES, Process, read_inputs
from api.auth.persons import needs
from api.browsing.route import Browsable
from api.errors import (
    BadBodyError,
    BodyTooLargeError,
    InvalidInputError,
    UnknownProcessError,
    UnsupportedMediaTypeError,
)
from api.jobs import JobsParameter, check_room, start_job, status_answer
from api.links import JSON, REL, base_url, link, own_links
from api.openapi import document_of
from api.params import LanguageParameter, StoreParameter, check_page_format
from api.responses import answer
from api.schemas import ref
from api.uploads import check_origin
from layers.types import Language, Text

__all__ = ["router", "wants_job"]

JsonObject = dict[str, Any]

router = APIRouter(
    tags=["processes"],
    default_response_class=Response,
    dependencies=[Depends(check_page_format)],
    route_class=Browsable,
)


async def _process(processId: str) -> Process:  # noqa: N803 - the name in the API
    if processId not in PROCESSES:
        raise UnknownProcessError(seen=processId, wanted=", ".join(PROCESSES), where="processes")
    return PROCESSES[processId]


ProcessParameter = Annotated[Process, Depends(_process)]


async def _body(request: Request) -> JsonObject:
    """Read a JSON body of bounded length."""
    path, limit = request.url.path, request.app.state.settings.max_body_bytes
    given = request.headers.get("content-type", JSON)
    if given.partition(";")[0].strip().lower() != JSON:
        raise UnsupportedMediaTypeError(seen=given, wanted=JSON, where=path)
    parts: list[bytes] = []
    length = 0
    try:
        async for part in request.stream():
            length += len(part)
            if length > limit:
                raise BodyTooLargeError(seen=length, wanted=limit, where=path)
            parts.append(part)
    except ClientDisconnect as error:
        raise BadBodyError(seen=Text(vi="bị ngắt giữa chừng", en="cut short"), wanted="JSON", where=path) from error
    try:
        body = orjson.loads(b"".join(parts))
    except orjson.JSONDecodeError as error:
        raise BadBodyError(seen=error, wanted="JSON", where=path) from error
    if not isinstance(body, dict):
        wanted = Text(vi='một đối tượng JSON như {"inputs": {…}}', en='a JSON object such as {"inputs": {…}}')
        raise BadBodyError(seen=type(body).__name__, wanted=wanted, where=path)
    return body


BodyParameter = Annotated[JsonObject, Depends(_body)]


def _summary(process: Process, base: str, language: Language, *, rel: str) -> JsonObject:
    url, title = f"{base}/processes/{process.id}", process.title.say(language)
    return {
        "id": process.id,
        "version": process.version,
        "title": title,
        "description": process.description.say(language),
        "jobControlOptions": ["sync-execute", "async-execute", "dismiss"],
        "outputTransmission": ["value"],
        "links": [
            *(own_links(url, JSON, title) if rel == "self" else [link(url, rel, JSON, title)]),
            link(f"{url}/execution", REL + "execute", JSON),
        ],
    }


def _description(process: Process, base: str, language: Language) -> JsonObject:
    required = {name for name, field in process.inputs.model_fields.items() if field.is_required()}
    return {
        **_summary(process, base, language, rel="self"),
        "inputs": {
            name: {
                "title": process.input_title(name).say(language),
                "minOccurs": int(name in required),
                "maxOccurs": 1,
                "schema": schema,
            }
            for name, schema in process.input_schemas().items()
        },
        "outputs": {
            process.output: {
                "title": process.title.say(language),
                "schema": {"type": "object", "contentMediaType": JSON},
            }
        },
    }


@router.get("/processes", summary="All processes", responses=document_of("processList"))
def processes(request: Request, language: LanguageParameter) -> Response:
    """Return every process.

    Parameters
    ----------
    request : Request
        The request.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The list.
    """
    base = base_url(request)
    document = {
        "processes": [_summary(process, base, language, rel="process") for process in PROCESSES.values()],
        "links": own_links(f"{base}/processes"),
    }
    return answer(document, language=language)


@router.get("/processes/{processId}", summary="One process", responses=document_of("process"))
def process_description(request: Request, process: ProcessParameter, language: LanguageParameter) -> Response:
    """Return what a process takes and gives.

    Parameters
    ----------
    request : Request
        The request.
    process : Process
        The process.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        Its description.
    """
    return answer(_description(process, base_url(request), language), language=language)


@router.post(
    "/processes/{processId}/execution",
    summary="Run a process, and wait for its result or not",
    dependencies=[Depends(needs("analyse"))],
    responses=document_of("result", problems=(403, 413, 415, 422)) | document_of("statusInfo", status=201),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {JSON: {"schema": ref("schemas", "execute"), "example": {"inputs": {"horizon": 2030}}}},
        },
    },
)
async def execution(
    *,
    request: Request,
    process: ProcessParameter,
    body: BodyParameter,
    store: StoreParameter,
    jobs: JobsParameter,
    prefer: Annotated[str | None, Header(json_schema_extra={"component": "prefer"})] = None,
    language: LanguageParameter,
) -> Response:
    """Run a process.

    Parameters
    ----------
    request : Request
        The request.
    process : Process
        The process.
    body : dict
        `inputs`, and optionally `outputs` and `response`.
    store : Store
        The store.
    jobs : Jobs
        All jobs.
    prefer : str or None
        Whether the caller would rather not wait.
    language : {"vi", "en"}
        The reader's language, unless the inputs name one.

    Returns
    -------
    Response
        The output itself, or for `"response": "document"` an object that holds it by its name; 201 with the job where
        the caller does not wait.

    Raises
    ------
    InvalidInputError
        If a part of the body is not what the description says.
    BusyError
        If too many jobs wait.
    ForeignPageError
        If a page of somebody else starts a job.
    """
    given = _member(body, "inputs", default={})
    _check_outputs(process, _member(body, "outputs", default={}))
    response = body.get("response", "raw")
    if response not in ("raw", "document"):
        raise InvalidInputError(seen=repr(response), wanted="raw, document", where="response")
    inputs = read_inputs(process, given)
    if "language" in process.inputs.model_fields:
        inputs.setdefault("language", language)
    if wants_job(prefer):
        check_origin(request)
        await check_room(request, jobs)
        job = await start_job(request, jobs, process.id, {"inputs": inputs, "response": response})
        answered = status_answer(request, job, language, created=True)
        answered.headers["Preference-Applied"] = "respond-async"
        return answered
    result = await run_in_threadpool(process.run, store, inputs)
    spoken = inputs.get("language", language)
    return answer(process.shaped(result, response), language=spoken)


def wants_job(prefer: str | None) -> bool:
    """Return whether a job is preferred to waiting.

    Parameters
    ----------
    prefer : str or None
        The header `Prefer` (RFC 7240).

    Returns
    -------
    bool
        True for ``respond-async``.
    """
    """Return whether a caller would rather not wait (RFC 7240)."""
    return "respond-async" in (wish.partition(";")[0].strip().lower() for wish in (prefer or "").split(","))


def _member(body: JsonObject, name: str, *, default: JsonObject) -> JsonObject:
    value = body.get(name, default)
    if not isinstance(value, dict):
        raise InvalidInputError(
            seen=type(value).__name__, wanted=Text(vi="một đối tượng JSON", en="a JSON object"), where=name
        )
    return value


def _check_outputs(process: Process, outputs: JsonObject) -> None:
    for name in outputs:
        if name != process.output:
            raise InvalidInputError(seen=name, wanted=process.output, where="outputs")
