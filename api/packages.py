"""Exchange packages over the web: handed out, listed, and taken back as proposals."""

from __future__ import annotations

import secrets
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Final

import orjson
import shapely
from fastapi import APIRouter, Depends, Header, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import FileResponse, Response

from api.auth.gate import Gate
from api.auth.persons import GateParameter, PersonParameter, require
from api.changesets import state_of
from api.errors import InvalidInputError, NotReadyError
from api.jobs import JobsParameter, check_room, find_job, start_job, status_answer
from api.links import HTML, JSON, ZIP, base_url, link
from api.openapi import document_of
from api.package_parts import PACKAGE_BODY
from api.package_rights import HANDING_OUT, FoundParameter, hands_out, kept_file, noted_exchanges
from api.package_tasks import hand_out_asked
from api.params import LanguageParameter, check_format, check_page_format
from api.portal.exchanging import ALL_PACKAGES, job_page, packages_page, to_packages
from api.problems import kind_of
from api.processes import wants_job
from api.proposal_answers import WRITES, from_page, who_of, whole_store
from api.proposal_bodies import read_fields, text_of
from api.responses import answer
from api.running import scratch_folder
from api.settings import Settings
from api.tasks import PACKAGE
from api.uploads import FORM
from layers.errors import ParkplanError
from layers.jobs import Jobs
from layers.packages import Exchange, park_area, read_area, shape_area
from layers.people import Person
from layers.store import Store
from layers.text import search_key
from layers.types import LANGUAGES, Language, Text

__all__ = ["router"]

JsonObject = dict[str, Any]

#: A package of so many features is made at once; a larger one by a job.
_AT_ONCE: Final = 20_000
_CHECKBOX: Final = "layer."
_SEE_OTHER: Final[dict[int | str, JsonObject]] = {303: {"description": "For a browser: the page that tells of it."}}
_PACKAGE: Final[JsonObject] = {"schema": {"type": "string", "format": "binary"}}
#: A package, for a large one, or where a job is preferred, the job that makes it.
_MADE: Final = document_of("statusInfo", status=201, problems=(403, 404, 413, 415, 422))
_MADE[201]["content"][ZIP] = _PACKAGE
_LAYERS: Final = Text(vi="danh sách mã lớp", en="a list of ids of layers")
_AREA: Final = Text(
    vi="Polygon hoặc MultiPolygon của GeoJSON, hoặc bốn số kinh độ, vĩ độ", en="a GeoJSON Polygon, or four degrees"
)

router = APIRouter(tags=["packages"], default_response_class=Response)


def _document(request: Request, noted: Exchange, language: Language) -> JsonObject:
    base = base_url(request)
    url = f"{base}{ALL_PACKAGES}/{noted.number}"
    kept = kept_file(request, noted) is not None
    links = [link(url, "self", JSON)]
    if kept:
        links.append(link(f"{url}/file", "enclosure", ZIP))
    if noted.proposal is not None:
        links.append(link(f"{base}/proposals/{noted.proposal}", "related", JSON))
    return {**noted.document(language), "kept": kept, "links": links}


@router.get(
    ALL_PACKAGES,
    summary="Packages that were handed out and came back, the newest first",
    dependencies=[Depends(check_page_format)],
    responses=document_of("packageList"),
)
def package_list(
    request: Request, gate: GateParameter, person: PersonParameter, language: LanguageParameter
) -> Response:
    """Return the record of packages that is the reader's concern, as a page for browsers and as JSON for programs.

    Parameters
    ----------
    request : Request
        The request.
    gate : Gate
        Of the application.
    person : Person
        The reader: whoever hands out packages sees all, an institute its own.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The list.
    """
    if from_page(request):
        return _page(request, gate, person, language)
    listed = [_document(request, one, language) for one in noted_exchanges(request, gate, person)]
    base = base_url(request)
    links = [link(f"{base}{ALL_PACKAGES}", "self", JSON), link(f"{base}{ALL_PACKAGES}?f=html", "alternate", HTML)]
    return answer({"packages": listed, "links": links}, language=language)


def _page(request: Request, gate: Gate, person: Person, language: Language, **told: Any) -> Response:
    """Return the page of the record; `told` are what went wrong, and what was sent."""
    listed = [_document(request, one, language) for one in noted_exchanges(request, gate, person)]
    return packages_page(request, gate, person, listed, hands_out=hands_out(person), language=language, **told)


@router.post(
    ALL_PACKAGES,
    summary="Make a package for an institute",
    status_code=201,
    dependencies=WRITES,
    responses=_MADE | _SEE_OTHER,
    openapi_extra={
        "requestBody": {"required": True, "content": {kind: {"schema": PACKAGE_BODY} for kind in (JSON, FORM)}}
    },
)
async def package_create(
    *,
    request: Request,
    gate: GateParameter,
    person: PersonParameter,
    jobs: JobsParameter,
    language: LanguageParameter,
    prefer: Annotated[str | None, Header(json_schema_extra={"component": "prefer"})] = None,
) -> Response:
    """Write layers of a state into a zip for an institute, and note it; restricted fields never leave.

    Parameters
    ----------
    request : Request
        Its body tells layers, area, institute, language and base.
    gate : Gate
        Of the application.
    person : Person
        Who hands it out.
    jobs : Jobs
        All jobs.
    language : {"vi", "en"}
        The reader's language.
    prefer : str, optional
        ``respond-async`` to let a job make it.

    Returns
    -------
    Response
        201 with the package, its line of the record in `Location`, or with a job; for a browser, the way to a page.
    """
    fields = await read_fields(request)
    for ability in HANDING_OUT:
        require(person, ability, where=request.url.path)
    seen = _handed(gate, person)
    try:
        asked, features = await run_in_threadpool(_asked, seen, fields, language)
        asked |= _kept_as(request, asked, who_of(request, person, fields))
        if features > _AT_ONCE or wants_job(prefer):
            return await _by_job(request, jobs, asked, language)
        noted = await run_in_threadpool(_at_once, request, seen, asked)
    except ParkplanError as error:
        if not from_page(request) or kind_of(error).status >= 500:
            raise
        told = await run_in_threadpool(
            _page, request, gate, person, language, problem=error.message(language), given=fields
        )
        told.status_code = kind_of(error).status
        return told
    request.state.audit = f"package {noted.number} for {noted.institute}"
    if from_page(request):
        return to_packages(request, "", language, anchor=f"package-{noted.number}")
    return _file_answer(request, noted, Path(asked["file"]), status=201)


def _kept_as(request: Request, asked: JsonObject, who: str) -> JsonObject:
    """Return where a package is kept, and who hands it out."""
    place = secrets.token_hex(16)
    file = scratch_folder(request.app.state.settings) / place / _file_name(asked)
    return {"who": who, "place": place, "file": str(file)}


async def _by_job(request: Request, jobs: Jobs, asked: JsonObject, language: Language) -> Response:
    await check_room(request, jobs)
    Path(asked["file"]).parent.mkdir(mode=0o700)
    job = await start_job(request, jobs, PACKAGE, asked, who=asked["who"])
    if from_page(request):
        return to_packages(request, f"jobs/{job.id}", language)
    return status_answer(request, job, language, created=True)


def _at_once(request: Request, seen: Store, asked: JsonObject) -> Exchange:
    settings: Settings = request.app.state.settings
    folder = Path(asked["file"]).parent
    folder.mkdir(mode=0o700)
    try:
        return hand_out_asked(whole_store(request), seen, asked, key=settings.package_key)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _handed(gate: Gate, person: Person) -> Store:
    """Return what somebody may hand out: what he sees, but for restricted fields."""
    return gate.seen(replace(person.access.sight, restricted=frozenset()))


def _asked(store: Store, fields: JsonObject, language: Language) -> tuple[JsonObject, int]:
    """Return what is asked for as plain values, checked, and about how many features that is."""
    ticked = [name.removeprefix(_CHECKBOX) for name in fields if name.startswith(_CHECKBOX)]
    layers = fields.get("layers", ticked)
    if isinstance(layers, str):
        layers = [name.strip() for name in layers.split(",") if name.strip()]
    if not isinstance(layers, list) or not layers or not all(isinstance(name, str) for name in layers):
        raise InvalidInputError(seen=layers, wanted=_LAYERS, where="layers")
    institute = text_of(fields, "institute").strip()
    if not institute:
        raise InvalidInputError(seen=institute, wanted=Text(vi="có nội dung", en="some text"), where="institute")
    chosen = text_of(fields, "language", language)
    if chosen not in LANGUAGES:
        raise InvalidInputError(seen=chosen, wanted=", ".join(LANGUAGES), where="language")
    given = fields.get("base")
    as_of = None if given is None else state_of(str(given), where="base")
    area = _area(store, fields, as_of)
    bounds = None if area is None else area.bounds
    features = sum(store.count(layer, bbox=bounds if store.definition(layer).spatial else None) for layer in layers)
    base = store.latest() if as_of is None else as_of if isinstance(as_of, int) else _changeset_at(store, as_of)
    return {
        "layers": layers,
        "institute": institute,
        "language": chosen,
        "base": base,
        "area": None if area is None else orjson.loads(shapely.to_geojson(area)),
    }, features


def _changeset_at(store: Store, moment: Any) -> int:
    return max((one.id for one in store.changesets() if one.time <= moment), default=0)


def _area(store: Store, fields: JsonObject, as_of: Any) -> Any:
    """Return the area that is asked for: a shape, a box, the ground of a park, or everywhere."""
    area, park = fields.get("area"), text_of(fields, "park")
    if park:
        if area:
            raise InvalidInputError(seen=area, wanted=Text(vi="area hoặc park", en="area or park"), where="area")
        return park_area(store, park, margin_m=_length(fields.get("margin_m")), as_of=as_of)
    if area in (None, ""):
        return None
    if isinstance(area, dict):
        return shape_area(area)
    text = ",".join(str(one) for one in area) if isinstance(area, list) else area
    # A name of a file would let a stranger read files of the server.
    if not isinstance(text, str) or text.count(",") != 3:
        raise InvalidInputError(seen=area, wanted=_AREA, where="area")
    return read_area(text)


def _length(value: Any) -> float:
    try:
        return float(value or 0.0)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(seen=value, wanted=Text(vi="số mét", en="metres"), where="margin_m") from error


def _file_name(asked: JsonObject) -> str:
    slug = "-".join(search_key(asked["institute"]).split())
    plain = "".join(sign for sign in slug if sign.isascii() and (sign.isalnum() or sign == "-")).strip("-")[:40]
    return f"package-{plain or 'parkplan'}-{asked['base']}.zip"


def _file_answer(request: Request, noted: Exchange, file: Path, *, status: int = 200) -> Response:
    headers = {"Location": f"{base_url(request)}{ALL_PACKAGES}/{noted.number}"} if status == 201 else {}
    headers |= {"ETag": f'"{noted.sha256}"', "Cache-Control": "private, no-cache"}
    return FileResponse(file, status_code=status, media_type=ZIP, filename=noted.name, headers=headers)


@router.get(f"{ALL_PACKAGES}/jobs/{{jobId}}", include_in_schema=False)
def package_job(
    *,
    request: Request,
    gate: GateParameter,
    person: PersonParameter,
    jobs: JobsParameter,
    language: LanguageParameter,
    jobId: str,  # noqa: N803 - the name in the API
) -> Response:
    """Show how far a package is that a job makes, and lead to it once it is there.

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
        The page, or the way to the record.

    Raises
    ------
    UnknownJobError
        If there is no such job.
    """
    job = find_job(jobs, jobId, gate=gate, person=person, kind=PACKAGE)
    if job.outcome is not None:
        return to_packages(request, "", language, anchor=f"package-{job.outcome}")
    return job_page(request, job, language)


@router.get(
    f"{ALL_PACKAGES}/{{packageNumber}}",
    summary="One line of the record of packages",
    dependencies=[Depends(check_format)],
    responses=document_of("package"),
)
def package_one(request: Request, found: FoundParameter, language: LanguageParameter) -> Response:
    """Return who was handed what when, or what came back.

    Parameters
    ----------
    request : Request
        The request.
    found : Exchange
        The line.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The line.
    """
    return answer(_document(request, found, language), language=language)


@router.get(
    f"{ALL_PACKAGES}/{{packageNumber}}/file",
    summary="The file of a package, as long as it is kept",
    dependencies=[Depends(check_format)],
    responses={
        200: {"description": "The zip.", "content": {ZIP: _PACKAGE}},
        404: {"$ref": "#/components/responses/problem-404"},
    },
)
def package_file(request: Request, found: FoundParameter) -> Response:
    """Return the file of a package that this server made.

    Parameters
    ----------
    request : Request
        The request.
    found : Exchange
        Its line of the record.

    Returns
    -------
    Response
        The zip.

    Raises
    ------
    NotReadyError
        If it is not kept any more.
    """
    file = kept_file(request, found)
    if file is None:
        seen = Text(vi="tệp không còn được lưu", en="the file is not kept any more")
        raise NotReadyError(seen=seen, where=f"packages/{found.number}")
    return _file_answer(request, found, file)
