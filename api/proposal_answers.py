"""What the routes of proposals share: whose concern one is, how it is answered, how a page tells what went wrong."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import Depends, Request
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.auth.persons import PersonParameter
from api.links import HTML, JSON, base_url, link, request_url
from api.params import check_format, wants_html
from api.portal.proposing import ProposalList, proposal_page, proposals_page
from api.problems import kind_of
from api.proposal_bodies import text_of
from api.proposal_rights import listed_proposals, seen_proposal
from api.proposal_schemas import PROPOSAL_BODIES
from api.proposing import proposal_document
from api.responses import answer
from api.uploads import FORM, check_origin
from layers.errors import ParkplanError
from layers.people import Person
from layers.proposals import STATES, Proposal, ProposalState
from layers.store import Store
from layers.types import Language

__all__ = [
    "ONE",
    "PROBLEMS",
    "SEE_OTHER",
    "WRITES",
    "FoundParameter",
    "body_of",
    "done",
    "from_page",
    "proposal_links",
    "proposal_list_of",
    "refused",
    "to_page",
    "who_of",
    "whole_store",
]

JsonObject = dict[str, Any]
ONE: Final = "/proposals/{proposalId}"
#: Where a browser is sent once it has sent a form.
SEE_OTHER: Final[dict[int | str, JsonObject]] = {303: {"description": "For a browser: the page of the proposal."}}
PROBLEMS: Final = (403, 409, 413, 415, 422)
#: Of routes that change something.
WRITES: Final = [Depends(check_format), Depends(check_origin)]


def body_of(name: str) -> JsonObject:
    """Return what a route declares about what is sent to it.

    Parameters
    ----------
    name : str
        A key of `api.proposal_schemas.PROPOSAL_BODIES`.

    Returns
    -------
    dict
        For ``openapi_extra``: the same as JSON and as a form.
    """
    schema = PROPOSAL_BODIES[name]
    return {"requestBody": {"required": True, "content": {kind: {"schema": schema} for kind in (JSON, FORM)}}}


def whole_store(request: Request) -> Store:
    """Return the whole plan: what is merged and kept is never what somebody happens to see.

    Parameters
    ----------
    request : Request
        The request.

    Returns
    -------
    Store
        All of it.
    """
    store: Store = request.app.state.store
    return store


def _found(request: Request, person: PersonParameter, proposalId: str) -> Proposal:  # noqa: N803 - the name in the API
    return seen_proposal(whole_store(request), person, proposalId)


FoundParameter = Annotated[Proposal, Depends(_found)]


def proposal_list_of(
    request: Request,
    person: Person,
    *,
    limit: int,
    state: ProposalState | None = None,
    author: str | None = None,
    before: int | None = None,
) -> ProposalList:
    """Return a page of the proposals that are somebody's concern, the newest first.

    Parameters
    ----------
    request : Request
        The request.
    person : Person
        The reader.
    limit : int
        How many at most.
    state : str, optional
        Only those in this state.
    author : str, optional
        Only those of this person or institute.
    before : int, optional
        Only those with a number below this one.

    Returns
    -------
    ProposalList
        With the address of the next page, if there is one.
    """
    states = STATES if state is None else (state,)
    found = listed_proposals(whole_store(request), person, states=states, author=author, before=before, limit=limit + 1)
    page = found[:limit]
    following = request_url(request, changed=[("cursor", page[-1].id)]) if len(found) > limit else ""
    return ProposalList(tuple(page), state=state or "", author=author or "", following=following)


def who_of(request: Request, person: Person, fields: JsonObject) -> str:
    """Return who does something.

    Parameters
    ----------
    request : Request
        The request.
    person : Person
        Whoever makes it.
    fields : dict
        What was sent: `author`.

    Returns
    -------
    str
        Who signed in; on a machine where nobody does, whoever is named.
    """
    named = "" if request.app.state.gate.signs_in else text_of(fields, "author").strip()
    return named or person.name


def proposal_links(base: str, proposal: str) -> list[dict[str, str]]:
    """Return the links of a proposal.

    Parameters
    ----------
    base : str
        Address of the server.
    proposal : str
        Its id.

    Returns
    -------
    list of dict
        To itself, its page and its parts.
    """
    url = f"{base}/proposals/{proposal}"
    return [
        link(url, "self", JSON),
        link(f"{url}?f=html", "alternate", HTML),
        *(link(f"{url}/{name}", "related", JSON) for name in ("changes", "comments", "checks", "conflicts")),
    ]


def from_page(request: Request) -> bool:
    """Return whether a form of a page was sent, whose sender wants a page.

    Parameters
    ----------
    request : Request
        The request.

    Returns
    -------
    bool
        False for programs.
    """
    return wants_html(request.headers.get("accept", ""), request.query_params.get("f"))


def to_page(request: Request, proposal: str, language: Language, *, anchor: str = "") -> Response:
    """Send a browser to the page of a proposal.

    Parameters
    ----------
    request : Request
        The request.
    proposal : str
        Its id.
    language : {"vi", "en"}
        The reader's language.
    anchor : str
        Where on the page.

    Returns
    -------
    Response
        303.
    """
    place = f"{base_url(request)}/proposals/{proposal}?lang={language}" + (f"#{anchor}" if anchor else "")
    return RedirectResponse(place, status_code=303)


async def done(
    request: Request,
    after: Proposal,
    person: Person,
    language: Language,
    *,
    created: bool = False,
    task: BackgroundTask | None = None,
) -> Response:
    """Answer how a proposal stands after something was done to it.

    Parameters
    ----------
    request : Request
        The request.
    after : Proposal
        The proposal.
    person : Person
        Who did it.
    language : {"vi", "en"}
        The reader's language.
    created : bool
        Whether it was made.
    task : BackgroundTask, optional
        What is to be done after the answer.

    Returns
    -------
    Response
        The proposal; for a browser, the way to its page.
    """
    if from_page(request):
        sent = to_page(request, after.id, language)
    else:
        base = base_url(request)
        store: Store = request.app.state.gate.store_for(person)
        told = await run_in_threadpool(proposal_document, store, after.id, language)
        headers = {"Location": f"{base}/proposals/{after.id}"} if created else {}
        document = {**told, "links": proposal_links(base, after.id)}
        sent = answer(document, language=language, status=201 if created else 200, headers=headers)
    if task is not None:
        sent.background = task
    return sent


async def refused(
    request: Request, found: Proposal | None, person: Person, error: ParkplanError, language: Language
) -> Response:
    """Tell on the page what went wrong, to those who sent a form from it; everybody else is told as always.

    Parameters
    ----------
    request : Request
        The request.
    found : Proposal or None
        What it was about; None for the list.
    person : Person
        Who made it.
    error : ParkplanError
        What went wrong.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    Response
        The page, with the status of the error.

    Raises
    ------
    ParkplanError
        The error itself, for programs, and where it is none of the sender's making.
    """
    if not from_page(request) or kind_of(error).status >= 500:
        raise error
    store: Store = request.app.state.gate.store_for(person)
    problem = error.message(language)

    def page() -> HTMLResponse:
        if found is None:
            listed = proposal_list_of(request, person, limit=request.app.state.settings.default_limit)
            return proposals_page(request, store, person, listed, language=language, problem=problem)
        return proposal_page(request, store, person, found, language=language, problem=problem)

    told = await run_in_threadpool(page)
    told.status_code = kind_of(error).status
    return told
