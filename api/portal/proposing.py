"""The pages of proposals: all of them, and one with map, differences, findings, talk and next steps."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlsplit

from jinja2 import Environment
from markupsafe import Markup
from starlette.responses import HTMLResponse

from api.differences import difference_document
from api.links import base_url
from api.portal.frame import LANGUAGE_NAMES, environment, has_font, reader_of
from api.portal.proposal_map import proposal_map
from api.portal.proposal_words import PROPOSAL_WORDS
from api.portal.words import WORDS
from api.proposal_rights import may_edit
from api.proposing import proposal_checks, proposal_document
from api.receipts import write_moment, write_number
from layers.formats import SUFFIXES
from layers.proposals import STATE_TITLES, change_summary, list_comments, merge_proposal, proposal_diff
from layers.types import LANGUAGES, Language

if TYPE_CHECKING:
    from starlette.requests import Request

    from layers.people import Person
    from layers.proposals import Proposal
    from layers.store import Store

__all__ = ["ProposalList", "proposal_page", "proposals_page"]

JsonObject = dict[str, Any]
#: Features of a layer whose differences the page lists; all of them are in the JSON document.
_LISTED: Final = 200
#: Findings of a kind that the page lists.
_FINDINGS: Final = 100
_WORST: Final = ("error", "fail", "warning", "no_data", "not_checked")


@dataclass(frozen=True, slots=True)
class ProposalList:
    """A page of the list of proposals.

    Parameters
    ----------
    proposals : tuple of Proposal
        The newest first.
    state, author : str
        In which state and of whom they are; empty for all.
    following : str
        Address of the next page; empty on the last.
    """

    proposals: tuple[Proposal, ...]
    state: str = ""
    author: str = ""
    following: str = ""


def proposals_page(
    request: Request,
    store: Store,
    person: Person,
    found: ProposalList,
    *,
    language: Language,
    problem: str = "",
) -> HTMLResponse:
    """Return a page of the list of proposals.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The plan, as the reader may see it.
    person : Person
        The reader.
    found : ProposalList
        Those that are listed.
    language : {"vi", "en"}
        The reader's language.
    problem : str, optional
        What went wrong with what was sent.

    Returns
    -------
    HTMLResponse
        The page.
    """
    rows = [
        {
            **one.document(language),
            "features": sum(sum(counts.values()) for counts in change_summary(store, one.id).values()),
        }
        for one in found.proposals
    ]
    states = [{"state": code, "title": title.say(language)} for code, title in STATE_TITLES.items()]
    return _page(
        request,
        "proposals.html",
        language,
        proposals=rows,
        states=states,
        chosen=found.state,
        by=found.author,
        following=found.following,
        may_propose=person.access.may("propose"),
        author=person.name,
        problem=problem,
    )


def proposal_page(
    request: Request, store: Store, person: Person, found: Proposal, *, language: Language, problem: str = ""
) -> HTMLResponse:
    """Return the page of one proposal.

    Parameters
    ----------
    request : Request
        The request.
    store : Store
        The plan, as the reader may see it.
    person : Person
        The reader.
    found : Proposal
        The proposal.
    language : {"vi", "en"}
        The reader's language.
    problem : str, optional
        What went wrong with what was sent.

    Returns
    -------
    HTMLResponse
        The page.
    """
    diff = proposal_diff(store, found.id)
    differences = _shortened(difference_document(diff, language, limit=_LISTED))
    checks = proposal_checks(store, found.id, language) if len(diff) and found.state != "approved" else None
    newest = store.latest()
    merged = merge_proposal(store, found.id).merge.conflicts if found.open and found.base < newest else None
    conflicts = None if merged is None or not len(merged) else merged.document(language)
    comments = [one.document() for one in list_comments(store, found.id)]
    findings = [] if checks is None else _findings(checks)
    drawn = proposal_map(store, diff, comments=comments, conflicts=conflicts, findings=findings, language=language)
    titles = {layer: definition.title.say(language) for layer, definition in store.layers().items()}
    return _page(
        request,
        "proposal.html",
        language,
        p=proposal_document(store, found.id, language),
        differences=differences,
        checks=checks,
        groups=_grouped(findings),
        shown=_FINDINGS,
        conflicts=conflicts,
        newest=newest,
        moves=found.editable and found.base < newest and may_edit(person, found),
        threads=_threads(comments),
        map=drawn,
        map_json=_script(drawn.document) if drawn is not None else "",
        layers=[(layer, title) for layer, title in titles.items() if layer in store.layers()],
        titles=titles,
        suffixes=",".join(SUFFIXES),
        may_propose=person.access.may("propose"),
        may_approve=person.access.may("approve"),
        author=person.name,
        problem=problem,
    )


def _shortened(differences: JsonObject) -> JsonObject:
    """Leave out what removed features were like, but for their shape: that they go is what matters."""
    for layer in differences["layers"]:
        for one in layer["features"]:
            if one["change"] == "delete":
                one["fields"] = []
    return differences


def _findings(checks: JsonObject) -> list[JsonObject]:
    """Return the findings of validation and review as one list; one of several horizons stands once."""
    found: list[JsonObject] = [
        {
            "change": one["change"],
            "outcome": one["severity"],
            "title": one["title"],
            "message": one["message"],
            "layer": one["layer"],
            "feature_id": one["feature_id"] or "",
            "place": one["coordinate"],
            "horizons": [],
        }
        for one in checks["validation"]["issues"]
    ]
    by_id: dict[tuple[str, str, str], JsonObject] = {}
    for review in checks["reviews"]:
        for feature in review["findings"]["features"]:
            told = feature["properties"]
            key = (feature["id"], told["change"], told["outcome"])
            if key not in by_id:
                by_id[key] = {
                    **{name: told[name] for name in ("change", "outcome", "title", "message", "layer", "feature_id")},
                    "place": _middle(feature["geometry"]),
                    "horizons": [],
                }
                found.append(by_id[key])
            by_id[key]["horizons"].append(review["horizon"])
    found.sort(key=lambda one: _WORST.index(one["outcome"]))
    for number, one in enumerate(found):
        one["number"] = number
    return found


def _middle(geometry: JsonObject | None) -> list[float] | None:
    """Return the middle of a geometry's bounds: enough to show where a finding is."""
    if geometry is None:
        return None
    points: list[list[float]] = []
    waiting: list[Any] = [geometry.get("coordinates", [])]
    while waiting:
        part = waiting.pop()
        if part and isinstance(part[0], int | float):
            points.append(part)
        else:
            waiting += part
    if not points:
        return None
    return [(min(axis) + max(axis)) / 2 for axis in list(zip(*points, strict=False))[:2]]


def _grouped(findings: Sequence[JsonObject]) -> list[JsonObject]:
    groups = []
    for change in ("new", "fixed", "unchanged"):
        own = [one for one in findings if one["change"] == change]
        decided = [one for one in own if one["outcome"] in ("error", "fail", "warning")]
        undecided = [one for one in own if one not in decided]
        groups.append({"change": change, "decided": decided, "undecided": undecided})
    return groups


def _threads(comments: Sequence[JsonObject]) -> list[JsonObject]:
    """Return the comments by thread: those that are open first."""
    threads = [
        {**one, "answers": [other for other in comments if other["parent"] == one["number"]]}
        for one in comments
        if one["parent"] is None
    ]
    return sorted(threads, key=lambda one: one["resolved"])


def _script(document: JsonObject) -> Markup:
    """Return a document as JSON that stands within a page and ends no element of it."""
    text = json.dumps(document, ensure_ascii=False, separators=(",", ":"))
    for sign in ("<", ">", "&", "\u2028", "\u2029"):
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 - no sign of markup is left in it


def _page(request: Request, template: str, language: Language, **context: Any) -> HTMLResponse:
    body = (
        _environment()
        .get_template(template)
        .render(
            {
                "language": language,
                "languages": [(code, LANGUAGE_NAMES[code]) for code in LANGUAGES],
                "prefix": urlsplit(base_url(request)).path.rstrip("/"),
                "words": {name: text.say(language) for name, text in {**WORDS, **PROPOSAL_WORDS}.items()},
                "font": has_font(),
                "nonce": request.state.nonce,
                "who": reader_of(request),
                "signs_in": request.app.state.gate.signs_in,
            }
            | context
        )
    )
    headers = {"Content-Language": language, "Vary": "Accept, Accept-Language", "Cache-Control": "no-cache"}
    return HTMLResponse(body, headers=headers)


def _environment() -> Environment:
    made = environment()
    made.filters["number"] = write_number
    made.filters["moment"] = write_moment
    return made
