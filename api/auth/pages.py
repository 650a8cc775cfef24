"""Pages of somebody's own: signing in and out, roles, tokens, password."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from api.auth.administration import router as administration
from api.auth.persons import GateParameter
from api.auth.shown import account_row, token_row
from api.auth.signing import end_session, local_path, sign_in, start_session
from api.auth.visiting import SignedParameter, Visit, VisitParameter, lead, whole_number
from api.errors import BadCredentialsError, BadParameterError, TooManyRequestsError
from api.languages import request_language
from api.params import check_names
from api.uploads import form_fields
from layers.errors import ParkplanError, ValueOutOfRangeError
from layers.people import ABILITIES, ABILITY_TITLES

__all__ = ["ask_to_sign_in", "router"]

router = APIRouter(include_in_schema=False)
router.include_router(administration)

_DAYS: Final = 90


@router.get("/sign-in", response_class=HTMLResponse)
def sign_in_page(visit: VisitParameter) -> Response:
    """Answer the page on which people sign in.

    Parameters
    ----------
    visit : Visit
        Who is signed in already; the query tells where to go afterwards.

    Returns
    -------
    Response
        The page; the way to his account for somebody who is signed in.
    """
    check_names(visit.request, ("next", "lang"))
    if visit.person.known:
        return lead(visit.request, f"/account?lang={visit.language}")
    return visit.page("sign-in", next=local_path(visit.request.query_params.get("next", "/")))


@router.post("/sign-in")
async def signing_in(visit: VisitParameter) -> Response:
    """Sign somebody in by name and password.

    Parameters
    ----------
    visit : Visit
        A form, and who is signed in before.

    Returns
    -------
    Response
        The way to where he wanted; the page again where name and password do not belong together.

    Raises
    ------
    FormExpiredError
        If the form is none of ours.
    """
    request, gate = visit.request, visit.gate
    fields = await form_fields(request)
    target = local_path(fields.get("next", "/"))
    name, password = fields.get("name", ""), fields.get("password", "")
    try:
        account = await run_in_threadpool(sign_in, gate, request, name, password)
    except (BadCredentialsError, TooManyRequestsError) as error:
        return visit.page("sign-in", error=error, next=target, given=name)
    answer = lead(request, target)
    await run_in_threadpool(start_session, gate, request, answer, account)
    return answer


@router.post("/sign-out")
async def signing_out(request: Request, gate: GateParameter) -> Response:
    """Sign somebody out.

    Parameters
    ----------
    request : Request
        A form.
    gate : Gate
        Of the application.

    Returns
    -------
    Response
        The way to the map.

    Raises
    ------
    FormExpiredError
        If the form is none of ours.
    """
    await form_fields(request)
    answer = lead(request, f"/?lang={request_language(request)}")
    await run_in_threadpool(end_session, gate, request, answer)
    return answer


@router.get("/account", response_class=HTMLResponse)
def account_page(visit: SignedParameter) -> Response:
    """Answer the page of somebody's own account: roles, tokens, password.

    Parameters
    ----------
    visit : Visit
        Who reads.

    Returns
    -------
    Response
        The page.
    """
    check_names(visit.request, ("lang",))
    return _account(visit)


@router.post("/account", response_class=HTMLResponse)
async def change_account(visit: SignedParameter) -> Response:
    """Make or revoke a token of one's own, or change one's own password.

    Parameters
    ----------
    visit : Visit
        Who does it; a form whose field `action` says what.

    Returns
    -------
    Response
        The page with what came of it.
    """
    return await run_in_threadpool(_change_account, visit, await form_fields(visit.request))


def _change_account(visit: Visit, fields: Mapping[str, str]) -> Response:
    action, people, person = fields.get("action", ""), visit.gate.people, visit.person.id
    try:
        if action == "token":
            scopes = [ability for ability in ABILITIES if fields.get(f"scope_{ability}")]
            days = whole_number(fields.get("days", ""), where="days")
            token, text = people.tokens.make(person, fields.get("title", ""), scopes=scopes, days=days)
            visit.note(f"token {token.id}")
            return _account(visit, made=text)
        if action == "revoke":
            token = people.tokens.revoke(fields.get("token", ""), person=person)
            visit.note(f"token {token.id} revoked")
            return _account(visit)
        if action == "password":
            sign_in(visit.gate, visit.request, person, fields.get("password", ""))
            people.accounts.set_password(person, fields.get("new_password", ""))
            answer = lead(visit.request, f"/account?lang={visit.language}")
            start_session(visit.gate, visit.request, answer, people.accounts.get(person))
            visit.note("password changed")
            return answer
    except (BadCredentialsError, TooManyRequestsError, ValueOutOfRangeError) as error:
        return _account(visit, error=error)
    raise BadParameterError(seen=action, wanted="token, revoke, password", where="action")


def ask_to_sign_in(request: Request) -> Response:
    """Lead somebody to the page on which people sign in, and from there to where he wanted.

    Parameters
    ----------
    request : Request
        What he wanted.

    Returns
    -------
    Response
        The way.
    """
    query = f"?{request.url.query}" if request.url.query else ""
    asked = urlencode({"next": f"{request.url.path}{query}", "lang": request_language(request)})
    return lead(request, f"/sign-in?{asked}")


def _account(visit: Visit, *, made: str | None = None, error: ParkplanError | None = None) -> Response:
    people, language = visit.gate.people, visit.language
    account = people.accounts.get(visit.person.id)
    return visit.page(
        "account",
        error=error,
        made=made,
        account=account_row(account, language),
        abilities=[(one, ABILITY_TITLES[one].say(language)) for one in ABILITIES if account.access.may(one)],
        days=_DAYS,
        tokens=[token_row(token, language) for token in people.tokens.of(visit.person.id)],
    )
