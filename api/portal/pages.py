"""The pages and files of the portal: parse the address, ask for the plan's state, fill the template."""

from __future__ import annotations

from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Final

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse
from markupsafe import Markup
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.staticfiles import StaticFiles

from api.assets import FOLDER, linked
from api.changesets import state_of
from api.documents import page_links
from api.errors import UnknownPathError
from api.links import base_url
from api.params import StoreParameter
from api.portal.cards import ParkCard, park_cards, park_facts
from api.portal.frame import LANGUAGE_NAMES, environment, has_font, reader_of
from api.portal.query import VIEWS, PageQuery, read_query
from api.portal.state import NOT_DRAWN, PlanState, PlanStates
from api.portal.tables import HECTARES, findings_page, park_accounts, rule_choices
from api.portal.words import page_words
from api.portal.writing import write_number
from api.proposal_rights import seen_proposal
from gis.maps import OUTCOME_SIGNS
from layers.errors import UnknownFeatureError
from layers.history.viewing import EarlierStore
from layers.proposals import ProposalStore
from layers.time import HORIZONS
from layers.types import LANGUAGES, Text

if TYPE_CHECKING:
    from layers.store import Store

__all__ = ["asset", "park_page", "portal_page", "router"]


router = APIRouter(include_in_schema=False)

#: Kinds of files that are served; the folder also holds a Python module.
SERVED: Final = frozenset({".js", ".css", ".png", ".svg", ".ico", ".woff2", ".map", ".txt", ""})
#: Groups of people with the same sight whose pages are kept.
PORTALS_KEPT: Final = 8
#: Outcomes that conclude nothing about a park.
OPEN_OUTCOMES: Final = frozenset({"no_data", "not_checked"})
_YEAR_S: Final = 31_536_000
_FILES: Final = StaticFiles(directory=FOLDER)

_ENVIRONMENT: Final = environment()


def _states(request: Request, store: Store) -> PlanStates:
    """Return the states kept for those who see the same of the store; they live and end with the application."""
    state = request.app.state
    if not hasattr(state, "portals"):
        state.portals = OrderedDict()
    portals: OrderedDict[Store, PlanStates] = state.portals
    kept = portals.get(store) or PlanStates(store, state.settings)
    portals[store] = kept
    while len(portals) > PORTALS_KEPT:
        portals.popitem(last=False)
    return kept


def _recorded(store: Store, as_of: str) -> Store:
    """Return the plan, or the plan as it was on record."""
    return EarlierStore(store, state_of(as_of, where="as_of")) if as_of else store


def _through(request: Request, store: Store, proposal: str) -> Store:
    """Return the plan, or the plan as a proposal would make it: the same one while the proposal stays as it is."""
    if not proposal:
        return store
    state = request.app.state
    found = seen_proposal(state.store, request.state.person, proposal)
    if not hasattr(state, "through"):
        state.through = OrderedDict()
    kept: OrderedDict[tuple[Store, str, int, str], Store] = state.through
    key = (store, found.id, found.version, found.state)
    kept[key] = through = kept.get(key) or ProposalStore(store, found.id)
    while len(kept) > PORTALS_KEPT:
        kept.popitem(last=False)
    return through


@router.get("/", response_class=HTMLResponse)
def portal_page(request: Request, store: StoreParameter) -> HTMLResponse:
    """Answer the portal's first page: map, summary, park cards, findings and ledger of one horizon.

    Parameters
    ----------
    request : Request
        Its query tells horizon, language, view and filters.
    store : Store
        The store, as the reader may see it.

    Returns
    -------
    HTMLResponse
        The page.

    Raises
    ------
    BadParameterError
        If a parameter means nothing.
    UnknownParameterError
        If there is another parameter.
    UnknownFeatureError
        If the park asked for is in no state of the plan.
    """
    query = read_query(request)
    store = _through(request, _recorded(store, query.as_of), query.proposal)
    states = _states(request, store)
    state = states.at(query.horizon)
    if query.park:
        _check_park(store, state, query.park)
    cards = states.cards(state, language=query.language)
    titles = {card.id: card.title for card in cards}
    context = _context(request, state, query) | {
        "cards": cards,
        "figures": _figures(cards, state, query),
        "counts": state.review.summary(),
        "titles": titles,
        "map": states.map(state, language=query.language, prefix=query.prefix),
        "landing": page_links(base_url(request), language=query.language),
    }
    if query.view == "parks":
        context["card_markup"] = _card_markup(states, state, query, context)
    if query.view == "findings":
        context["findings"] = findings_page(
            state.review.findings,
            titles=titles,
            language=query.language,
            park=query.park,
            outcome=query.outcome,
            rule=query.rule,
            conditions=_conditions(state),
            page=query.page,
        )
        context["rules"] = rule_choices(state.review.findings, query.language)
    if query.view == "ledger":
        accounts = park_accounts(
            state.review.ledger, titles=titles, layers=state.layers, language=query.language, park=query.park
        )
        context["accounts"] = [account for account in accounts if account.rows]
        context["unmeasured"] = [account for account in accounts if not account.rows]
        context["columns"] = HECTARES
    return _page("portal.html", context, query)


@router.get("/parks/{park}", response_class=HTMLResponse)
def park_page(request: Request, store: StoreParameter, park: str) -> HTMLResponse:
    """Answer the record of one park: every fact with its source, its findings, its place on the map.

    Parameters
    ----------
    request : Request
        Its query tells horizon and language.
    store : Store
        The store, as the reader may see it.
    park : str
        The park's id.

    Returns
    -------
    HTMLResponse
        The page; a park that is not there at the horizon has one too, which says so.

    Raises
    ------
    UnknownFeatureError
        If there is no such park.
    """
    query = read_query(request, park=park)
    store = _through(request, _recorded(store, query.as_of), query.proposal)
    states = _states(request, store)
    state = states.at(query.horizon)
    _check_park(store, state, park)
    there = park in state.parks.index
    features = state.parks.loc[[park]] if there else store.read("parks", ids=[park])
    definition = state.layers["parks"]
    findings = state.review.findings
    card = park_cards(
        features,
        definition=definition,
        facts=state.facts,
        findings=findings[findings["park_id"] == park],
        language=query.language,
    )[0]
    found = findings_page(
        findings,
        titles={park: card.title},
        language=query.language,
        park=park,
        conditions=_conditions(state),
        size=None,
    )
    row = features.drop(columns=features.geometry.name).to_dict("index")[park]
    context = _context(request, state, query) | {
        "card": card,
        "there": there,
        "facts": park_facts(park, row, definition=definition, facts=state.facts, language=query.language),
        "findings": found,
        "concluded": [entry for entry in found.rows if entry.outcome not in OPEN_OUTCOMES],
        "open": [entry for entry in found.rows if entry.outcome in OPEN_OUTCOMES],
        "map": states.map(state, language=query.language, prefix=query.prefix),
    }
    return _page("park.html", context, query)


@router.get("/assets/{path:path}")
async def asset(request: Request, path: str) -> Response:
    """Answer a script, style sheet, font or picture of the portal.

    Parameters
    ----------
    request : Request
        With a fingerprint in its query, the browser may keep the answer for good.
    path : str
        Path below the assets folder.

    Returns
    -------
    Response
        The file, or that the browser's copy is still good.

    Raises
    ------
    UnknownPathError
        If no such file is served.
    """
    missing = UnknownPathError(seen=request.url.path, wanted=Text(vi="một tệp giao diện", en="a file of the portal"))
    if Path(path).suffix not in SERVED or "\0" in path:
        raise missing
    try:
        answer = await _FILES.get_response(path, request.scope)
    except HTTPException as error:
        raise missing from error
    lifetime = f"max-age={_YEAR_S}, immutable" if "v" in request.query_params else "no-cache"
    answer.headers["Cache-Control"] = f"public, {lifetime}"
    return answer


def _check_park(store: Store, state: PlanState, park: str) -> None:
    """Check that a park is in the plan, at this horizon or at any other."""
    if park not in state.parks.index and store.read("parks", ids=[park]).empty:
        raise UnknownFeatureError(seen=park, where="parks")


def _conditions(state: PlanState) -> frozenset[str]:
    """Return the rules whose limit is the size from which a duty applies."""
    rules = state.review.rules
    return frozenset(rules.index[rules["check"] == "trigger"])


def _card_markup(states: PlanStates, state: PlanState, query: PageQuery, context: dict[str, Any]) -> dict[str, Markup]:
    """Return the markup of every card: kept from page to page, but for the one that is chosen."""
    template = _ENVIRONMENT.get_template("card.html")
    plain = context | {
        "q": PageQuery(query.prefix, query.horizon, query.language, proposal=query.proposal, as_of=query.as_of)
    }

    def render(card: ParkCard, *, selected: bool = False) -> Markup:
        return Markup(template.render(plain | {"card": card, "selected": selected}))  # noqa: S704 - escaped by Jinja2

    found = states.markup(state, language=query.language, prefix=query.prefix, render=render)
    chosen = [card for card in context["cards"] if card.id == query.park]
    return found | {card.id: render(card, selected=True) for card in chosen}


def _figures(cards: list[ParkCard], state: PlanState, query: PageQuery) -> dict[str, str]:
    """Return the numbers of the summary's first line, written for the reader."""
    areas = state.parks["area_ha"].dropna()
    numbers = {
        "parks": len(cards),
        "placed": sum(card.position != "unknown" for card in cards),
        "area": float(areas.sum()),
        "known": len(areas),
    }
    return {name: write_number(number, language=query.language) for name, number in numbers.items()} | {
        "year": str(query.horizon)
    }


def _context(request: Request, state: PlanState, query: PageQuery) -> dict[str, Any]:
    """Return what every page's frame needs."""
    return {
        "q": query,
        "w": SimpleNamespace(**page_words(query.language)),
        "nonce": request.state.nonce,
        "horizons": HORIZONS,
        "views": VIEWS,
        "languages": [(code, LANGUAGE_NAMES[code]) for code in LANGUAGES],
        "signs": [
            {"code": sign.outcome, "title": sign.title.say(query.language), "meaning": sign.meaning.say(query.language)}
            | {"color": sign.color, "shape": sign.shape, "mark": sign.mark}
            for sign in OUTCOME_SIGNS
        ],
        "levels": {
            code.value: code.title.say(query.language) for code in state.layers["parks"].field("confidence").codes
        },
        "finder_layers": ",".join(
            name for name, definition in state.layers.items() if definition.spatial and name not in NOT_DRAWN
        ),
        "map_files": linked(f"{query.prefix}/assets").files,
        "changeset": state.changeset,
        "who": reader_of(request),
        "font": has_font(),
        "number": lambda value: write_number(value, language=query.language),
    }


def _page(template: str, context: dict[str, Any], query: PageQuery) -> HTMLResponse:
    body = _ENVIRONMENT.get_template(template).render(context)
    headers = {
        "Content-Language": query.language,
        "Vary": "Accept, Accept-Language, Cookie",
        "Cache-Control": "no-cache",
    }
    return HTMLResponse(body, headers=headers)
