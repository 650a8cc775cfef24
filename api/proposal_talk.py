"""What is said and found of a proposal over the web: comments, attached files, checks, conflicts, resolutions."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.auth.persons import PersonParameter
from api.errors import BadParameterError
from api.openapi import document_of
from api.params import LanguageParameter, StoreParameter, check_format
from api.proposal_answers import (
    ONE,
    PROBLEMS,
    SEE_OTHER,
    WRITES,
    FoundParameter,
    body_of,
    from_page,
    refused,
    to_page,
    who_of,
    whole_store,
)
from api.proposal_bodies import pinned, read_fields, resolutions_of, text_of, whole_number
from api.proposal_rights import check_decides
from api.proposing import proposal_checks
from api.responses import answer
from layers.errors import ParkplanError
from layers.merge import Resolution
from layers.proposals import (
    add_comment,
    attached_document,
    list_comments,
    merge_proposal,
    resolve_comment,
    resolve_conflicts,
)

__all__ = ["router"]

JsonObject = dict[str, Any]
router = APIRouter(tags=["proposals"], default_response_class=Response)


@router.get(
    f"{ONE}/events/{{eventNumber}}/document",
    summary="The file that is attached to a decision",
    dependencies=[Depends(check_format)],
    responses={200: {"description": "The file.", "content": {"application/octet-stream": {}}}},
)
def proposal_file(request: Request, found: FoundParameter, eventNumber: str) -> Response:  # noqa: N803 - the name in the API
    """Return the file that is attached to an event; it is to be saved, never shown by the browser itself.

    Parameters
    ----------
    request : Request
        The request.
    found : Proposal
        The proposal.
    eventNumber : str
        Number of the event.

    Returns
    -------
    Response
        The file.

    Raises
    ------
    BadParameterError
        If it is no number.
    """
    if not (eventNumber.isascii() and eventNumber.isdecimal() and len(eventNumber) <= 9):
        raise BadParameterError(seen=eventNumber, wanted="1, 2, 3, …", where="eventNumber")
    attached = attached_document(whole_store(request), found.id, int(eventNumber))
    name = quote(attached.name.replace("/", "_"), safe="")
    headers = {"Content-Disposition": f"attachment; filename*=UTF-8''{name}", "X-Content-Type-Options": "nosniff"}
    return Response(attached.content, media_type="application/octet-stream", headers=headers)


@router.get(
    f"{ONE}/comments",
    summary="What was said of a proposal",
    dependencies=[Depends(check_format)],
    responses=document_of("commentList"),
)
def proposal_comments(store: StoreParameter, found: FoundParameter, language: LanguageParameter) -> Response:
    """Return what was said of a proposal, oldest first.

    Parameters
    ----------
    store : Store
        The plan.
    found : Proposal
        The proposal.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The comments.
    """
    listed = [one.document() for one in list_comments(store, found.id)]
    return answer({"proposal": found.id, "comments": listed}, language=language)


@router.post(
    f"{ONE}/comments",
    summary="Say something of a proposal, or that something said is settled",
    status_code=201,
    dependencies=WRITES,
    responses=document_of("comment", status=201, problems=PROBLEMS) | SEE_OTHER,
    openapi_extra=body_of("comment"),
)
async def proposal_say(
    request: Request, person: PersonParameter, found: FoundParameter, language: LanguageParameter
) -> Response:
    """Note a comment, pinned to a feature or a place or an answer to another; or settle a thread.

    Parameters
    ----------
    request : Request
        Its body tells the comment.
    person : Person
        Who says it.
    found : Proposal
        The proposal.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        201 with the comment; for a browser, the way to the page.
    """
    fields = await read_fields(request)
    who = who_of(request, person, fields)

    def note() -> JsonObject:
        store, settled = whole_store(request), whole_number(fields, "resolve")
        if settled is not None:
            resolved = text_of(fields, "resolved", "true") != "false"
            return resolve_comment(store, found.id, settled, author=who, resolved=resolved).document()
        layer, feature_id, place = pinned(fields)
        parent = whole_number(fields, "parent")
        said = text_of(fields, "text")
        return add_comment(
            store, found.id, said, author=who, parent=parent, layer=layer, feature_id=feature_id, place=place
        ).document()

    try:
        told = await run_in_threadpool(note)
    except ParkplanError as error:
        return await refused(request, found, person, error, language)
    if from_page(request):
        return to_page(request, found.id, language, anchor=f"comment-{told['number']}")
    return answer(told, language=language, status=201)


@router.get(
    f"{ONE}/checks",
    summary="Findings of a proposal that are new, fixed or unchanged",
    dependencies=[Depends(check_format)],
    responses=document_of("proposalChecks"),
)
def proposal_findings(store: StoreParameter, found: FoundParameter, language: LanguageParameter) -> Response:
    """Return what validation and the planning review say of a proposal, against the plan as it is now.

    Parameters
    ----------
    store : Store
        The plan.
    found : Proposal
        The proposal.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The findings, kept since they were made first for this version and this state of the plan.
    """
    return answer(proposal_checks(store, found.id, language), language=language)


@router.get(
    f"{ONE}/conflicts",
    summary="In what a proposal contradicts the plan as it is now",
    dependencies=[Depends(check_format)],
    responses=document_of("conflictList"),
)
def proposal_conflicts(store: StoreParameter, found: FoundParameter, language: LanguageParameter) -> Response:
    """Return the conflicts that approving a proposal would meet, with how they can be and were resolved.

    Parameters
    ----------
    store : Store
        The plan.
    found : Proposal
        The proposal.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The conflicts.
    """
    merged = merge_proposal(store, found.id)
    told = {"proposal": found.id, "version": found.version, "against": merged.against}
    return answer({**told, **merged.merge.conflicts.document(language)}, language=language)


@router.post(
    f"{ONE}/conflicts",
    summary="Resolve conflicts of a proposal",
    dependencies=WRITES,
    responses=document_of("conflictList", problems=PROBLEMS) | SEE_OTHER,
    openapi_extra=body_of("resolution"),
)
async def proposal_resolve(
    request: Request, person: PersonParameter, found: FoundParameter, language: LanguageParameter
) -> Response:
    """Resolve conflicts one by one or by rule; who did and why is noted.

    Parameters
    ----------
    request : Request
        Its body tells the resolutions.
    person : Person
        Who resolves.
    found : Proposal
        The proposal.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The conflicts, with those that are left.
    """
    fields = await read_fields(request)

    def settle() -> JsonObject:
        store = whole_store(request)
        check_decides(request, store, person, found, "approved")
        said: list[Resolution] = resolutions_of(fields)
        who, message = who_of(request, person, fields), text_of(fields, "message")
        resolve_conflicts(store, found.id, said, author=who, message=message)
        # What is left is told as its reader sees it.
        left = merge_proposal(request.app.state.gate.store_for(person), found.id)
        told = {"proposal": found.id, "version": found.version, "against": left.against}
        return {**told, **left.merge.conflicts.document(language)}

    try:
        told = await run_in_threadpool(settle)
    except ParkplanError as error:
        return await refused(request, found, person, error, language)
    if from_page(request):
        return to_page(request, found.id, language, anchor="conflicts")
    return answer(told, language=language)
