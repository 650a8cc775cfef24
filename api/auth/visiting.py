"""What the pages about people share: who visits them in which language, and how they are drawn."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple
from urllib.parse import urlsplit

from fastapi import Depends, Request
from starlette.responses import HTMLResponse, RedirectResponse

from api.auth.gate import Gate
from api.auth.persons import GateParameter, PersonParameter, require
from api.auth.words import said
from api.errors import NotSignedInError, TooManyRequestsError, UnknownPathError
from api.languages import request_language
from api.links import base_url
from api.portal.frame import LANGUAGE_NAMES, environment, has_font
from api.problems import kind_of
from layers.errors import ParkplanError, ValueOutOfRangeError
from layers.people import Person
from layers.types import LANGUAGES, Language, Text

__all__ = ["AdministratorParameter", "SignedParameter", "Visit", "VisitParameter", "lead", "whole_number"]


class Visit(NamedTuple):
    """Somebody at a page about people.

    Attributes
    ----------
    request : Request
        The request.
    gate : Gate
        Of the application.
    person : Person
        Who reads, and fills in.
    """

    request: Request
    gate: Gate
    person: Person

    @property
    def language(self) -> Language:
        """The reader's language."""
        return request_language(self.request)

    def note(self, text: str) -> None:
        """Say in the audit log what was done.

        Parameters
        ----------
        text : str
            Without secrets.
        """
        self.request.state.audit = text

    def page(self, page: str, *, error: ParkplanError | None = None, **context: Any) -> HTMLResponse:
        """Draw a page.

        Parameters
        ----------
        page : str
            Which.
        error : ParkplanError, optional
            What went wrong, which the page says.
        **context : object
            What it shows.

        Returns
        -------
        HTMLResponse
            With the status of the error.
        """
        language, settings = self.language, self.request.app.state.settings
        body = (
            environment()
            .get_template("people.html")
            .render(
                {
                    "page": page,
                    "language": language,
                    "languages": [(code, LANGUAGE_NAMES[code]) for code in LANGUAGES],
                    "prefix": _prefix(self.request),
                    "words": said(language),
                    "font": has_font(),
                    "person": self.person,
                    "administers": self.person.access.may("administer"),
                    "provider": settings.oidc_title if settings.oidc_issuer else "",
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
        return HTMLResponse(body, status_code=status, headers=headers)


async def _visit(request: Request, gate: GateParameter, person: PersonParameter) -> Visit:
    if not gate.signs_in:
        wanted = Text(
            vi="đăng nhập: parkplan people add, hoặc PARKPLAN_SIGN_IN=on",
            en="sign-in: parkplan people add, or PARKPLAN_SIGN_IN=on",
        )
        raise UnknownPathError(seen=request.url.path, wanted=wanted, where=request.url.path)
    return Visit(request, gate, person)


#: Somebody, where people sign in.
VisitParameter = Annotated[Visit, Depends(_visit)]


async def _signed(visit: VisitParameter) -> Visit:
    if not visit.person.known:
        raise NotSignedInError(where=visit.request.url.path)
    return visit


#: Somebody who signed in.
SignedParameter = Annotated[Visit, Depends(_signed)]


async def _administrator(visit: SignedParameter) -> Visit:
    require(visit.person, "administer", where=visit.request.url.path)
    return visit


#: An administrator.
AdministratorParameter = Annotated[Visit, Depends(_administrator)]


def lead(request: Request, path: str) -> RedirectResponse:
    """Send a browser to another page.

    Parameters
    ----------
    request : Request
        The request.
    path : str
        Of a page of this server.

    Returns
    -------
    RedirectResponse
        303.
    """
    return RedirectResponse(f"{_prefix(request)}{path}", status_code=303)


def whole_number(text: str, *, where: str) -> int:
    """Read a number of a form or an address.

    Parameters
    ----------
    text : str
        As given.
    where : str
        Its name.

    Returns
    -------
    int
        0 or more.

    Raises
    ------
    ValueOutOfRangeError
        If it is none.
    """
    if not (text.isascii() and text.isdigit() and len(text) <= 9):
        raise ValueOutOfRangeError(seen=text[:40], wanted=Text(vi="số nguyên", en="a whole number"), where=where)
    return int(text)


def _prefix(request: Request) -> str:
    return urlsplit(base_url(request)).path.rstrip("/")
