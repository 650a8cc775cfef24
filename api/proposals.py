"""Proposals over the web: listed, made, edited and decided, on pages and as JSON."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

from fastapi import APIRouter, Depends, Query, Request
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.auth.persons import PersonParameter, require
from api.changesets import NumberCursorParameter
from api.differences import difference_document
from api.errors import BadParameterError
from api.links import HTML, JSON, base_url, link, request_url
from api.openapi import document_of
from api.params import LanguageParameter, LimitParameter, StoreParameter, check_format, check_page_format
from api.portal.proposing import ProposalList, proposal_page, proposals_page
from api.proposal_answers import (
    ONE,
    PROBLEMS,
    SEE_OTHER,
    WRITES,
    FoundParameter,
    body_of,
    done,
    from_page,
    proposal_links,
    proposal_list_of,
    refused,
    who_of,
    whole_store,
)
from api.proposal_bodies import attached_paper, proposal_edits, read_fields, text_of, whole_number
from api.proposal_rights import check_decides, check_edits, check_reach, edited_shapes
from api.proposing import proposal_checks, proposal_document
from api.responses import answer
from layers.errors import ParkplanError
from layers.people import Person
from layers.proposals import (
    STATES,
    Proposal,
    ProposalState,
    approve_proposal,
    create_proposal,
    edit_proposal,
    move_proposal,
    proposal_diff,
)
from layers.store import Put, Remove, completed
from layers.types import Language

__all__ = ["router"]

router = APIRouter(tags=["proposals"], default_response_class=Response)

_ALL: Final = "/proposals"


async def _state(
    state: Annotated[str | None, Query(json_schema_extra={"component": "proposal-state"})] = None,
) -> ProposalState | None:
    known = {one: one for one in STATES}
    if state is not None and state not in known:
        raise BadParameterError(seen=state, wanted=", ".join(STATES), where="state")
    return None if state is None else known[state]


def _listed(
    *,
    request: Request,
    person: PersonParameter,
    limit: LimitParameter,
    before: NumberCursorParameter,
    state: Annotated[ProposalState | None, Depends(_state)],
    author: Annotated[str | None, Query(json_schema_extra={"component": "proposal-author"})] = None,
) -> ProposalList:
    return proposal_list_of(request, person, limit=limit, state=state, author=author, before=before)


ListParameter = Annotated[ProposalList, Depends(_listed)]


@router.get(
    _ALL,
    summary="Proposals, the newest first",
    dependencies=[Depends(check_page_format)],
    responses=document_of("proposalList"),
)
def proposal_list(
    request: Request,
    store: StoreParameter,
    person: PersonParameter,
    found: ListParameter,
    language: LanguageParameter,
) -> Response:
    """Return the proposals that are the reader's concern, as a page for browsers and as JSON for programs.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The plan.
    person : Person
        The reader.
    found : ProposalList
        A page of them, of one state or one author if asked so.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The page, with a link to the next.
    """
    if from_page(request):
        return proposals_page(request, store, person, found, language=language)
    base = base_url(request)
    listed = [{**one.document(language), "links": proposal_links(base, one.id)} for one in found.proposals]
    pages = [link(request_url(request, changed=[("f", "html")]), "alternate", HTML)]
    if found.following:
        pages.append(link(found.following, "next", JSON))
    links = [link(request_url(request), "self", JSON), *pages]
    return answer({"proposals": listed, "links": links}, language=language)


@router.post(
    _ALL,
    summary="Make a proposal",
    status_code=201,
    dependencies=WRITES,
    responses=document_of("proposal", status=201, problems=(404, *PROBLEMS)) | SEE_OTHER,
    openapi_extra=body_of("new"),
)
async def proposal_create(request: Request, person: PersonParameter, language: LanguageParameter) -> Response:
    """Make a draft, which changes nothing yet.

    Parameters
    ----------
    request : Request
        Its body tells title and reason.
    person : Person
        Who makes it.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        201 with the proposal, its address in `Location`; for a browser, the way to its page.
    """
    fields = await read_fields(request)
    require(person, "propose", where=request.url.path)

    def make() -> Proposal:
        told = {"author": who_of(request, person, fields), "message": text_of(fields, "message")}
        base = whole_number(fields, "base")
        return create_proposal(whole_store(request), text_of(fields, "title"), base=base, **told)

    try:
        made = await run_in_threadpool(make)
    except ParkplanError as error:
        return await refused(request, None, person, error, language)
    return await done(request, made, person, language, created=True)


@router.get(
    ONE,
    summary="One proposal",
    dependencies=[Depends(check_page_format)],
    responses=document_of("proposal"),
)
def proposal_one(
    request: Request, store: StoreParameter, person: PersonParameter, found: FoundParameter, language: LanguageParameter
) -> Response:
    """Return a proposal: how it stands, what it changes, what happened to it; for browsers a page with its map.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The plan.
    person : Person
        The reader.
    found : Proposal
        The proposal.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The proposal.
    """
    if from_page(request):
        return proposal_page(request, store, person, found, language=language)
    document = {**proposal_document(store, found.id, language), "links": proposal_links(base_url(request), found.id)}
    return answer(document, language=language)


@router.get(
    f"{ONE}/changes",
    summary="What a proposal changes",
    dependencies=[Depends(check_format)],
    responses=document_of("proposalChanges"),
)
def proposal_changes(
    store: StoreParameter,
    found: FoundParameter,
    language: LanguageParameter,
    version: Annotated[str | None, Query(json_schema_extra={"component": "proposal-version"})] = None,
) -> Response:
    """Return what a proposal changes from its base: each feature and attribute, areas and displacements.

    Parameters
    ----------
    store : Store
        The plan.
    found : Proposal
        The proposal.
    language : {"vi", "en"}
        The reader's language.
    version : str, optional
        What it changed then.

    Returns
    -------
    Response
        The differences.

    Raises
    ------
    BadParameterError
        If the version is no number of one.
    """
    if version is not None and not (version.isascii() and version.isdecimal() and int(version) <= found.version):
        raise BadParameterError(seen=version, wanted=f"0..{found.version}", where="version")
    number = None if version is None else int(version)
    document = difference_document(proposal_diff(store, found.id, version=number), language)
    told = {"proposal": found.id, "version": found.version if number is None else number, "base": found.base}
    return answer({**told, **document}, language=language)


@router.post(
    f"{ONE}/changes",
    summary="Edit what a proposal changes",
    dependencies=WRITES,
    responses=document_of("proposal", problems=PROBLEMS) | SEE_OTHER,
    openapi_extra=body_of("changes"),
)
async def proposal_edit(
    request: Request, store: StoreParameter, person: PersonParameter, found: FoundParameter, language: LanguageParameter
) -> Response:
    """Put features into a draft or a returned proposal, let it take some away, or say nothing of some any more.

    Parameters
    ----------
    request : Request
        Its body tells the edits.
    store : Store
        The plan.
    person : Person
        Who edits.
    found : Proposal
        The proposal.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The proposal with its next version; it is checked and reviewed right after.
    """
    fields = await read_fields(request)
    check_edits(request, person, found)

    def write() -> Proposal:
        edits = proposal_edits(fields)
        for layer in {edit.layer for edit in edits}:
            # Of a layer that is not seen it is not told that it is there.
            store.definition(layer)
        check_reach(request, person, "propose", edited_shapes(whole_store(request), edits))
        seen = [one for one in edits if isinstance(one, Put | Remove)]
        # What the person does not see of a feature stays in it.
        whole = [*completed(store, seen), *(one for one in edits if not isinstance(one, Put | Remove))]
        return edit_proposal(
            whole_store(request),
            found.id,
            whole,
            author=who_of(request, person, fields),
            message=text_of(fields, "message"),
            version=whole_number(fields, "version"),
        )

    return await _attempt(request, person, found, write, language, checked=True)


@router.post(
    f"{ONE}/transitions",
    summary="Hand in, review, return, approve or reject a proposal",
    dependencies=WRITES,
    responses=document_of("proposal", problems=PROBLEMS) | SEE_OTHER,
    openapi_extra=body_of("transition"),
)
async def proposal_move(
    request: Request, person: PersonParameter, found: FoundParameter, language: LanguageParameter
) -> Response:
    """Let a proposal go to another state; approving merges it into the plan in one changeset.

    Parameters
    ----------
    request : Request
        Its body tells state, reason and decision.
    person : Person
        Who decides.
    found : Proposal
        The proposal.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The proposal as it stands then.
    """
    fields = await read_fields(request)

    def decide() -> Proposal:
        store = whole_store(request)
        state: Any = text_of(fields, "state")
        check_decides(request, store, person, found, state)
        decision, document = attached_paper(fields)
        who, message = who_of(request, person, fields), text_of(fields, "message")
        paper: dict[str, Any] = {"author": who, "message": message, "decision": decision, "document": document}
        if state == "approved":
            return approve_proposal(store, found.id, language=language, **paper)
        return move_proposal(store, found.id, state, **paper)

    return await _attempt(request, person, found, decide, language, checked=text_of(fields, "state") == "submitted")


async def _attempt(
    request: Request,
    person: Person,
    found: Proposal,
    act: Callable[[], Proposal],
    language: Language,
    *,
    checked: bool,
) -> Response:
    """Do something to a proposal, and answer how it stands then; a page tells on itself what went wrong."""
    try:
        after = await run_in_threadpool(act)
    except ParkplanError as error:
        return await refused(request, found, person, error, language)
    request.state.audit = f"proposal {after.id}: {after.state}, version {after.version}"
    # Whoever looks next finds it checked already.
    task = BackgroundTask(proposal_checks, whole_store(request), after.id, language) if checked else None
    return await done(request, after, person, language, task=task)
