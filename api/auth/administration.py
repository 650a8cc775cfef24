"""Pages for administrators: everybody and their roles, and the audit log."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final
from urllib.parse import urlencode

from fastapi import APIRouter
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, Response

from api.auth.shown import account_row
from api.auth.visiting import AdministratorParameter, Visit, whole_number
from api.errors import BadParameterError
from api.params import check_names
from api.uploads import form_fields
from layers.errors import ParkplanError, PersonExistsError, UnknownPersonError, ValueOutOfRangeError
from layers.people import ROLE_TITLES, Grant, Role

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

_ENTRIES: Final = 100


@router.get("/people", response_class=HTMLResponse)
def people_page(visit: AdministratorParameter) -> Response:
    """Answer the page on which administrators add people and give roles.

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
    return _people(visit)


@router.post("/people", response_class=HTMLResponse)
async def change_people(visit: AdministratorParameter) -> Response:
    """Add a person, give or take a role, shut somebody out.

    Parameters
    ----------
    visit : Visit
        Who does it; a form whose field `action` says what.

    Returns
    -------
    Response
        The page with what came of it.
    """
    return await run_in_threadpool(_change_people, visit, await form_fields(visit.request))


def _change_people(visit: Visit, fields: Mapping[str, str]) -> Response:
    accounts, action, id_ = visit.gate.people.accounts, fields.get("action", ""), fields.get("person", "").strip()
    visit.note(f"{action} {id_} {fields.get('role', '')} {fields.get('layers', '')}".strip())
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
        return _people(visit, error=error)
    return _people(visit)


@router.get("/audit", response_class=HTMLResponse)
def audit_page(visit: AdministratorParameter) -> Response:
    """Answer the audit log.

    Parameters
    ----------
    visit : Visit
        Who reads; the query tells whose entries, with which outcome, and before which.

    Returns
    -------
    Response
        The page.
    """
    check_names(visit.request, ("lang", "before", "person", "outcome"))
    given = visit.request.query_params
    before = whole_number(given["before"], where="before") if "before" in given else None
    chosen = {name: given[name] for name in ("person", "outcome") if given.get(name)}
    entries = visit.gate.people.audit.entries(limit=_ENTRIES, before=before, **chosen)
    older = ""
    if len(entries) == _ENTRIES:
        older = urlencode({**chosen, "before": entries[-1].id, "lang": visit.language})
    return visit.page("audit", entries=entries, older=older, chosen=chosen)


def _role(fields: Mapping[str, str]) -> Role:
    given = fields.get("role", "")
    for role in ROLE_TITLES:
        if role == given:
            return role
    raise ValueOutOfRangeError(seen=given, wanted=", ".join(ROLE_TITLES), where="role")


def _layers(fields: Mapping[str, str]) -> frozenset[str] | None:
    named = frozenset(name.strip() for name in fields.get("layers", "").split(",") if name.strip())
    return named or None


def _people(visit: Visit, *, error: ParkplanError | None = None) -> Response:
    accounts, language = visit.gate.people.accounts, visit.language
    return visit.page(
        "people",
        error=error,
        accounts=[account_row(account, language) for account in accounts.all()],
        institutes=accounts.institutes(),
        roles=[(role, title.say(language)) for role, title in ROLE_TITLES.items()],
    )
