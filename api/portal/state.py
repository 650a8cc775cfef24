"""What every page of one horizon is made from: parks, facts, review and map, made once a changeset."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, TypeVar

import geopandas as gpd
import shapely

from api.assets import linked
from api.portal.cards import ParkCard, park_cards
from gis.maps import Basemap, MapLayer, MapParts, map_parts, park_map
from gis.review import Review, review_plan
from layers.history.viewing import EarlierStore
from layers.proposals import ProposalStore
from layers.types import Language, Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from markupsafe import Markup

    from api.settings import Settings
    from layers.definitions import LayerDefinition
    from layers.store import Store

__all__ = ["NOT_DRAWN", "PlanState", "PlanStates", "plan_map"]

Key = TypeVar("Key")
Value = TypeVar("Value")

#: A layer with more features or corners than this is fetched for the view, not sent with the page.
FEATURES_SENT: Final = 400
CORNERS_SENT: Final = 20_000
#: Layers drawn at first; the others wait in the list.
SHOWN_AT_FIRST: Final = frozenset(
    {"parks", "plots", "rivers", "roads", "railways", "planning_zones", "constraint_areas"}
)
#: Layers that say where data are, not what is planned.
NOT_DRAWN: Final = frozenset({"coverage"})
#: What the popup of a park says; its own page says everything.
POPUP_FIELDS: Final = (
    "kind", "status", "area_ha", "occupancy_pct", "developer_vi", "developer_en", "old_district", "new_communes",
    "valid_from", "valid_to",
)  # fmt: skip
#: Fields that the popup of any other layer leaves to the API.
QUIET_FIELDS: Final = frozenset({"source"})
#: States kept: every horizon of a few changesets.
KEPT: Final = 16


@dataclass(frozen=True, slots=True)
class PlanState:
    """The plan at one horizon, as of one changeset.

    Attributes
    ----------
    changeset : int
        The latest changeset that is in it.
    horizon : int
        The year.
    layers : mapping of str to LayerDefinition
        Every layer of the store.
    parks : GeoDataFrame
        The parks there at the horizon.
    facts : GeoDataFrame
        One row a fact, whatever its time.
    review : Review
        As the command line and the process give it.
    """

    changeset: int
    horizon: int
    layers: Mapping[str, LayerDefinition]
    parks: gpd.GeoDataFrame
    facts: gpd.GeoDataFrame
    review: Review


class _PageKey(NamedTuple):
    changeset: int
    horizon: int
    language: Language
    prefix: str


class PlanStates:
    """The states and maps that were made, the latest kept; a new changeset makes new ones.

    Parameters
    ----------
    store : Store
        The plan.
    settings : Settings
        Tells the base map.
    """

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store = store
        self._settings = settings
        self._making = threading.Lock()
        self._states: dict[tuple[int, int], PlanState] = {}
        self._maps: dict[_PageKey, MapParts] = {}
        self._markup: dict[_PageKey, dict[str, Markup]] = {}
        self._cards: dict[tuple[int, int, Language], list[ParkCard]] = {}

    def at(self, horizon: int) -> PlanState:
        """Return the plan at a horizon as it is stored now.

        Parameters
        ----------
        horizon : int
            The year.

        Returns
        -------
        PlanState
            Made now, or kept from an earlier request if nothing was changed since.
        """
        changeset = self._store.latest()
        key = (changeset, horizon)
        with self._making:
            state = self._states.get(key) or _read_state(self._store, changeset=changeset, horizon=horizon)
            _keep(self._states, key, state)
        return state

    def cards(self, state: PlanState, *, language: Language) -> list[ParkCard]:
        """Return the cards of the parks of a state.

        Parameters
        ----------
        state : PlanState
            The plan at a horizon.
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        list of ParkCard
            One a park.
        """
        key = (state.changeset, state.horizon, language)
        cards = self._cards.get(key) or park_cards(
            state.parks,
            definition=state.layers["parks"],
            facts=state.facts,
            findings=state.review.findings,
            language=language,
        )
        _keep(self._cards, key, cards)
        return cards

    def markup(
        self, state: PlanState, *, language: Language, prefix: str, render: Callable[[ParkCard], Markup]
    ) -> dict[str, Markup]:
        """Return the markup of every card of a state.

        Parameters
        ----------
        state : PlanState
            The plan at a horizon.
        language : {"vi", "en"}
            The reader's language.
        prefix : str
            Path before the server's own paths.
        render : callable
            Makes the markup of a card; asked once a card and state.

        Returns
        -------
        dict of str to Markup
            By park id.
        """
        key = _PageKey(state.changeset, state.horizon, language, prefix)
        found = self._markup.get(key) or {card.id: render(card) for card in self.cards(state, language=language)}
        _keep(self._markup, key, found)
        return found

    def map(self, state: PlanState, *, language: Language, prefix: str) -> MapParts:
        """Return the map of a state.

        Parameters
        ----------
        state : PlanState
            The plan at a horizon.
        language : {"vi", "en"}
            The reader's language.
        prefix : str
            Path before the server's own paths.

        Returns
        -------
        MapParts
            Element and script.
        """
        key = _PageKey(state.changeset, state.horizon, language, prefix)
        parts = self._maps.get(key) or self._draw(state, language=language, prefix=prefix)
        _keep(self._maps, key, parts)
        return parts

    def _draw(self, state: PlanState, *, language: Language, prefix: str) -> MapParts:
        return map_parts(
            park_map(
                plan_map(self._store, state, prefix=prefix, language=language),
                language=language,
                assets=linked(f"{prefix}/assets"),
                findings=state.review.findings,
                horizon=state.horizon,
                basemap=_basemap(self._settings),
                height="",
            )
        )


def _keep(kept: dict[Key, Value], key: Key, value: Value) -> None:
    """Keep a value and let the oldest go; several threads may do so at once, each step by itself is safe."""
    kept[key] = value
    for oldest in list(kept)[:-KEPT]:
        kept.pop(oldest, None)


def _read_state(store: Store, *, changeset: int, horizon: int) -> PlanState:
    layers = store.layers()
    return PlanState(
        changeset=changeset,
        horizon=horizon,
        layers=layers,
        parks=store.read("parks", horizon=horizon),
        facts=store.read("facts"),
        review=review_plan(store.read, horizon=horizon, definitions=layers, partial=store.core.narrow),
    )


def plan_map(store: Store, state: PlanState, *, prefix: str, language: Language) -> list[MapLayer]:
    """Return the layers of the map of a plan: those that have features at its horizon.

    Parameters
    ----------
    store : Store
        The plan.
    state : PlanState
        The plan at a horizon.
    prefix : str
        Path before the server's own paths.
    language : {"vi", "en"}
        Of the pages that popups lead to.

    Returns
    -------
    list of MapLayer
        Areas, then lines, then points, the parks last and so on top; small layers with their features, large ones with
        their address.
    """
    drawn = [definition for definition in _in_drawing_order(state.layers.values()) if definition.id != "parks"]
    found = [_map_layer(store, definition, horizon=state.horizon, prefix=prefix) for definition in drawn]
    parks = MapLayer(
        state.layers["parks"],
        state.parks,
        labelled=True,
        fields=POPUP_FIELDS,
        link=f"{prefix}/parks/{{id}}?horizon={state.horizon}&lang={language}{_through(store)}",
    )
    return [*(layer for layer in found if layer is not None), parks]


def _map_layer(store: Store, definition: LayerDefinition, *, horizon: int, prefix: str) -> MapLayer | None:
    total = store.count(definition.id, horizon=horizon)
    visible = definition.id in SHOWN_AT_FIRST
    fields = tuple(field.name for field in definition.all_fields if field.name not in QUIET_FIELDS)
    if total == 0:
        return None
    if total <= FEATURES_SENT:
        features = store.read(definition.id, horizon=horizon)
        if int(shapely.get_num_coordinates(features.geometry.to_numpy()).sum()) <= CORNERS_SENT:
            return MapLayer(definition, features, visible=visible, fields=fields)
    url = f"{prefix}/collections/{definition.id}/items?datetime={horizon}-12-31{_through(store)}"
    return MapLayer(definition, url=url, total=total, visible=visible, fields=fields)


def _through(store: Store) -> str:
    """Return what an address says more where the plan is seen through a proposal, or as it was."""
    if isinstance(store, EarlierStore):
        return f"&as_of={store.changeset}"
    return f"&proposal={store.proposal}" if isinstance(store, ProposalStore) else ""


def _in_drawing_order(definitions: Iterable[LayerDefinition]) -> list[LayerDefinition]:
    """Order layers from those that cover most to those that are covered most easily."""
    spatial = [definition for definition in definitions if definition.spatial and definition.id not in NOT_DRAWN]
    return sorted(spatial, key=_drawing_rank)


def _drawing_rank(definition: LayerDefinition) -> int:
    if definition.theme == "administration":
        return 0
    kinds = {kind.removeprefix("Multi") for kind in definition.geometry}
    return 1 if "Polygon" in kinds and "Point" not in kinds else 2 if "LineString" in kinds else 3


def _basemap(settings: Settings) -> Basemap | None:
    if not settings.basemap_url:
        return None
    title = Text(vi="Bản đồ nền trực tuyến", en="Online base map")
    return Basemap(settings.basemap_url, title=title, attribution=settings.basemap_attribution)
