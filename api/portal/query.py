"""What a page was asked for, and the addresses that ask for something else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final, Literal, get_args
from urllib.parse import quote, urlencode, urlsplit

from api.errors import BadParameterError
from api.languages import as_language
from api.links import base_url
from api.params import check_names
from gis.maps import OUTCOME_SIGNS
from layers.time import HORIZONS
from layers.types import LANGUAGES, Language, Text

if TYPE_CHECKING:
    from starlette.requests import Request

__all__ = ["DEFAULT_HORIZON", "VIEWS", "PageQuery", "View", "read_query"]

View = Literal["parks", "findings", "ledger"]
VIEWS: Final[tuple[View, ...]] = get_args(View)
#: The next horizon of the capital plan.
DEFAULT_HORIZON: Final = 2030
_OUTCOMES: Final = tuple(sign.outcome for sign in OUTCOME_SIGNS)
_PARAMETERS: Final = ("horizon", "lang", "view", "park", "outcome", "rule", "page", "proposal", "as_of", "f")


@dataclass(frozen=True, slots=True)
class PageQuery:
    """The state of a page; every link of the page is this with something changed.

    Attributes
    ----------
    prefix : str
        Path before the server's own paths, without a slash at its end.
    horizon : int
        One of the standard horizons.
    language : {"vi", "en"}
        The reader's language.
    view : {"parks", "findings", "ledger"}
        What the panel shows.
    park, outcome, rule : str
        Filters; empty means all.
    page : int
        Page of the findings, from 1.
    record : bool
        Whether this is the page of the one park.
    proposal : str
        The proposal through which the plan is seen; empty for the plan itself.
    as_of : str
        The state on record that is seen: a changeset, a day or a moment; empty for the current one.
    """

    prefix: str
    horizon: int
    language: Language
    view: View = "parks"
    park: str = ""
    outcome: str = ""
    rule: str = ""
    page: int = 1
    record: bool = False
    proposal: str = ""
    as_of: str = ""

    def url(self, **changes: object) -> str:
        """Return the address of this page with something changed.

        Parameters
        ----------
        **changes : object
            Attributes to set anew.

        Returns
        -------
        str
            Path and query; a changed filter begins again at the first page.
        """
        target = replace(self, **{"page": 1, **changes})  # type: ignore[arg-type]
        pairs: list[tuple[str, object]] = [("horizon", target.horizon), ("lang", target.language)]
        if target.proposal:
            pairs.append(("proposal", target.proposal))
        if target.as_of:
            pairs.append(("as_of", target.as_of))
        if target.record:
            return f"{self.prefix}/parks/{quote(target.park, safe='')}?{urlencode(pairs)}"
        if target.view != "parks":
            pairs.append(("view", target.view))
        pairs += [(name, getattr(target, name)) for name in ("park", "outcome", "rule") if getattr(target, name)]
        if target.page > 1:
            pairs.append(("page", target.page))
        return f"{self.prefix}/?{urlencode(pairs)}"

    def park_url(self, park: str) -> str:
        """Return the address of a park's own page.

        Parameters
        ----------
        park : str
            The park's id.

        Returns
        -------
        str
            Path and query, in the same language and at the same horizon.
        """
        return self.url(park=park, record=True)


def read_query(request: Request, *, park: str | None = None) -> PageQuery:
    """Read the state of a page from its address.

    Parameters
    ----------
    request : Request
        The request.
    park : str, optional
        The park whose own page it is.

    Returns
    -------
    PageQuery
        Every value checked but the ids, which only the store knows.

    Raises
    ------
    BadParameterError
        If a value means nothing; names what was seen and wanted.
    UnknownParameterError
        If there is another parameter.
    """
    check_names(request, _PARAMETERS if park is None else ("horizon", "lang", "proposal", "as_of"))
    given = request.query_params
    default: Language = request.app.state.settings.language
    horizon = _one_of(given.get("horizon"), "horizon", tuple(map(str, HORIZONS)), default=str(DEFAULT_HORIZON))
    return PageQuery(
        prefix=urlsplit(base_url(request)).path.rstrip("/"),
        horizon=int(horizon),
        language=as_language(_one_of(given.get("lang"), "lang", LANGUAGES, default=default)) or default,
        view=next(view for view in VIEWS if view == _one_of(given.get("view"), "view", VIEWS, default="parks")),
        park=given.get("park", "") if park is None else park,
        outcome=_one_of(given.get("outcome") or None, "outcome", _OUTCOMES, default=""),
        rule=given.get("rule", ""),
        page=_page(given.get("page")),
        record=park is not None,
        proposal=given.get("proposal", ""),
        as_of=given.get("as_of", ""),
    )


def _one_of(text: str | None, where: str, allowed: tuple[str, ...], *, default: str) -> str:
    if text is None:
        return default
    if text not in allowed:
        raise BadParameterError(seen=text, wanted=", ".join(allowed), where=where)
    return text


def _page(text: str | None) -> int:
    if text is None:
        return 1
    if not (text.isascii() and text.isdigit() and 1 <= len(text) <= 6 and int(text) >= 1):
        raise BadParameterError(seen=text, wanted=Text(vi="số trang từ 1", en="a page number from 1"), where="page")
    return int(text)
