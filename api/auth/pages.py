"""Pages about people: signing in and out, one's own tokens, everybody's roles, and the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.auth.gate import Gate
from api.auth.persons import GateParameter, PersonParameter, require
from api.auth.shown import account_row, token_row
from api.auth.signing import (
    TOKEN_FIELD,
    check_form,
    end_session,
    form_token,
    keep_secret,
    local_path,
    sign_in,
    start_session,
)
from api.auth.words import said
from api.errors import BadCredentialsError, BadParameterError, NotSignedInError, TooManyRequestsError, UnknownPathError
from api.languages import request_language
from api.links import base_url
from api.params import check_names
from api.portal.frame import LANGUAGE_NAMES, environment, has_font
from api.problems import kind_of
from api.uploads import form_fields
from layers.errors import ParkplanError, PersonExistsError, UnknownPersonError, ValueOutOfRangeError
from layers.people import ABILITIES, ABILITY_TITLES, ROLE_TITLES, Ability, Grant, Person, Role
from layers.types import LANGUAGES, Text

__all__ = ["ask_to_sign_in", "router"]

router = APIRouter(include_in_schema=False)

_ENTRIES: Final = 100
_DAYS: Final = 90


@router.get("/sign-in", response_class=HTMLResponse)
async def sign_in_page(request: Request, gate: GateParameter, person: PersonParameter) -> Response:
    """Answer the page on which people sign in.

    Parameters
    ----------
    request : Request
        Its query tells where to go afterwards.
    gate : Gate
        Of the application.
    person : Person
        Who is signed in already.

    Returns
    -------
    Response
        The page; the way to his account for somebody who is signed in.
    """
    check_names(request, ("next", "lang"))
    _check_on(request, gate)
    language = request_language(request)
    if person.known:
        return _lead(request, f"/account?lang={language}")
    return _page(request, "sign-in", person, next=local_path(request.query_params.get("next", "/")))


@router.post("/sign-in")
async def signing_in(request: Request, gate: GateParameter, person: PersonParameter) -> Response:
    """Sign somebody in by name and password.

    Parameters
    ----------
    request : Request
        A form.
    gate : Gate
        Of the application.
    person : Person
        Who is signed in before.

    Returns
    -------
    Response
        The way to where he wanted; the page again where name and password do not belong together.

    Raises
    ------
    FormExpiredError
        If the form is none of ours.
    """
    _check_on(request, gate)
    fields = await form_fields(request)
    check_form(request, fields)
    target = local_path(fields.get("next", "/"))
    name, password = fields.get("name", ""), fields.get("password", "")
    try:
        account = await run_in_threadpool(sign_in, gate, request, name, password)
    except (BadCredentialsError, TooManyRequestsError) as error:
        return _page(request, "sign-in", person, error=error, next=target, given=name)
    answer = _lead(request, target)
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
    check_form(request, await form_fields(request))
    answer = _lead(request, f"/?lang={request_language(request)}")
    await run_in_threadpool(end_session, gate, request, answer)
    return answer


@router.get("/account", response_class=HTMLResponse)
def account_page(request: Request, gate: GateParameter, person: PersonParameter) -> Response:
    """Answer the page of somebody's own account: roles, tokens, password.

    Parameters
    ----------
    request : Request
        Its query tells the language.
    gate : Gate
        Of the application.
    person : Person
        Who reads.

    Returns
    -------
    Response
        The page.
    """
    check_names(request, ("lang",))
    return _account(request, gate, _signed(request, gate, person))


@router.post("/account", response_class=HTMLResponse)
async def change_account(request: Request, gate: GateParameter, person: PersonParameter) -> Response:
    """Make or revoke a token of one's own, or change one's own password.

    Parameters
    ----------
    request : Request
        A form whose field `action` says what.
    gate : Gate
        Of the application.
    person : Person
        Who does it.

    Returns
    -------
    Response
        The page with what came of it.
    """
    person = _signed(request, gate, person)
    fields = await form_fields(request)
    check_form(request, fields)
    return await run_in_threadpool(_change_account, request, gate, person, fields)


def _change_account(request: Request, gate: Gate, person: Person, fields: Mapping[str, str]) -> Response:
    action = fields.get("action", "")
    try:
        if action == "token":
            scopes = [ability for ability in ABILITIES if fields.get(f"scope_{ability}")]
            title, days = fields.get("title", ""), fields.get("days", "")
            token, text = gate.people.tokens.make(person.id, title, scopes=scopes, days=_number(days))
            request.state.audit = f"token {token.id}"
            return _account(request, gate, person, made=text)
        if action == "revoke":
            token = gate.people.tokens.revoke(fields.get("token", ""), person=person.id)
            request.state.audit = f"token {token.id} revoked"
            return _account(request, gate, person)
        if action == "password":
            sign_in(gate, request, person.id, fields.get("password", ""))
            gate.people.accounts.set_password(person.id, fields.get("new_password", ""))
            answer = _lead(request, f"/account?lang={request_language(request)}")
            start_session(gate, request, answer, gate.people.accounts.get(person.id))
            request.state.audit = "password changed"
            return answer
    except (BadCredentialsError, TooManyRequestsError, ValueOutOfRangeError) as error:
        return _account(request, gate, person, error=error)
    raise BadParameterError(seen=action, wanted="token, revoke, password", where="action")


@router.get("/people", response_class=HTMLResponse)
def people_page(request: Request, gate: GateParameter, person: PersonParameter) -> Response:
    """Answer the page on which administrators add people and give roles.

    Parameters
    ----------
    request : Request
        Its query tells the language.
    gate : Gate
        Of the application.
    person : Person
        Who reads.

    Returns
    -------
    Response
        The page.
    """
    check_names(request, ("lang",))
    return _people(request, gate, _administrator(request, gate, person))


@router.post("/people", response_class=HTMLResponse)
async def change_people(request: Request, gate: GateParameter, person: PersonParameter) -> Response:
    """Add a person, give or take a role, shut somebody out.

    Parameters
    ----------
    request : Request
        A form whose field `action` says what.
    gate : Gate
        Of the application.
    person : Person
        Who does it.

    Returns
    -------
    Response
        The page with what came of it.
    """
    person = _administrator(request, gate, person)
    fields = await form_fields(request)
    check_form(request, fields)
    return await run_in_threadpool(_change_people, request, gate, person, fields)


def _change_people(request: Request, gate: Gate, person: Person, fields: Mapping[str, str]) -> Response:
    accounts, action, id_ = gate.people.accounts, fields.get("action", ""), fields.get("person", "").strip()
    request.state.audit = f"{action} {id_} {fields.get('role', '')} {fields.get('layers', '')}".strip()
    try:
        if action == "add":
            institute = fields.get("institute") or None
            accounts.add(id_, fields.get("name", ""), password=fields.get("password", ""), institute=institute)
        elif action == "give":
            accounts.grant(Grant(_role(fields), _layers(fields)), person=id_)
        elif action == "take":
            accounts.take_back(_role(fields), person=id_)
        elif action in ("stop", "let_in"):
            accounts.set_active(id_, active=action == "let_in")
        else:
            raise BadParameterError(seen=action, wanted="add, give, take, stop, let_in", where="action")
    except (PersonExistsError, UnknownPersonError, ValueOutOfRangeError) as error:
        return _people(request, gate, person, error=error)
    return _people(request, gate, person)


@router.get("/audit", response_class=HTMLResponse)
def audit_page(request: Request, gate: GateParameter, person: PersonParameter) -> Response:
    """Answer the audit log.

    Parameters
    ----------
    request : Request
        Its query tells the language, whose entries, with which outcome, and before which.
    gate : Gate
        Of the application.
    person : Person
        Who reads.

    Returns
    -------
    Response
        The page.
    """
    check_names(request, ("lang", "before", "person", "outcome"))
    person = _administrator(request, gate, person)
    given = request.query_params
    before = _number(given["before"]) if "before" in given else None
    chosen = {name: given[name] for name in ("person", "outcome") if given.get(name)}
    entries = gate.people.audit.entries(limit=_ENTRIES, before=before, **chosen)
    older = ""
    if len(entries) == _ENTRIES:
        older = urlencode({**chosen, "before": entries[-1].id, "lang": request_language(request)})
    return _page(request, "audit", person, entries=entries, older=older, chosen=chosen)


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
    return _lead(request, f"/sign-in?{asked}")


def _signed(request: Request, gate: Gate, person: Person) -> Person:
    _check_on(request, gate)
    if not person.known:
        raise NotSignedInError(where=request.url.path)
    return person


def _administrator(request: Request, gate: Gate, person: Person) -> Person:
    person = _signed(request, gate, person)
    require(person, "administer", where=request.url.path)
    return person


def _check_on(request: Request, gate: Gate) -> None:
    if not gate.signs_in:
        wanted = Text(
            vi="đăng nhập: parkplan people add, hoặc PARKPLAN_SIGN_IN=on",
            en="sign-in: parkplan people add, or PARKPLAN_SIGN_IN=on",
        )
        raise UnknownPathError(seen=request.url.path, wanted=wanted, where=request.url.path)


def _role(fields: Mapping[str, str]) -> Role:
    given = fields.get("role", "")
    for role in ROLE_TITLES:
        if role == given:
            return role
    raise ValueOutOfRangeError(seen=given, wanted=", ".join(ROLE_TITLES), where="role")


def _layers(fields: Mapping[str, str]) -> frozenset[str] | None:
    named = frozenset(name.strip() for name in fields.get("layers", "").split(",") if name.strip())
    return named or None


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueOutOfRangeError(seen=text[:40], wanted=Text(vi="số nguyên", en="a whole number"), where="days")
    return int(text)


def _account(
    request: Request, gate: Gate, person: Person, *, made: str | None = None, error: ParkplanError | None = None
) -> Response:
    account = gate.people.accounts.get(person.id)
    language = request_language(request)
    lent: list[tuple[Ability, str]] = [
        (ability, ABILITY_TITLES[ability].say(language)) for ability in ABILITIES if account.access.may(ability)
    ]
    return _page(
        request,
        "account",
        person,
        error=error,
        made=made,
        account=account_row(account, language),
        abilities=lent,
        days=_DAYS,
        tokens=[token_row(token, language) for token in gate.people.tokens.of(person.id)],
    )


def _people(request: Request, gate: Gate, person: Person, *, error: ParkplanError | None = None) -> Response:
    language = request_language(request)
    return _page(
        request,
        "people",
        person,
        error=error,
        accounts=[account_row(account, language) for account in gate.people.accounts.all()],
        institutes=gate.people.accounts.institutes(),
        roles=[(role, title.say(language)) for role, title in ROLE_TITLES.items()],
    )


def _lead(request: Request, path: str) -> RedirectResponse:
    prefix = urlsplit(base_url(request)).path.rstrip("/")
    return RedirectResponse(f"{prefix}{path}", status_code=303)


def _page(
    request: Request, page: str, person: Person, *, error: ParkplanError | None = None, **context: Any
) -> HTMLResponse:
    language = request_language(request)
    token, secret = form_token(request)
    settings = request.app.state.settings
    body = (
        environment()
        .get_template("people.html")
        .render(
            {
                "page": page,
                "language": language,
                "languages": [(code, LANGUAGE_NAMES[code]) for code in LANGUAGES],
                "prefix": urlsplit(base_url(request)).path.rstrip("/"),
                "words": said(language),
                "font": has_font(),
                "person": person,
                "administers": person.access.may("administer"),
                "provider": settings.oidc_title if settings.oidc_issuer else "",
                "form_name": TOKEN_FIELD,
                "form_token": token,
                "problem": "" if error is None else error.message(language),
                "given": "",
                **context,
            }
        )
    )
    status = 200 if error is None else kind_of(error).status
    headers = {"Content-Language": language, "Vary": "Accept-Language, Cookie", "Cache-Control": "no-store"}
    if isinstance(error, TooManyRequestsError):
        headers["Retry-After"] = str(error.wanted)
    answer = HTMLResponse(body, status_code=status, headers=headers)
    keep_secret(request, answer, secret)
    return answer
