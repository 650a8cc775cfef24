"""What a reader is told about a park: a card with the main figures, and every fact with its source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from api.portal.words import WORDS
from api.portal.writing import write_number, write_value
from gis.maps import field_title, shown_fields, worst_outcome
from layers.definitions import LayerDefinition
from layers.text import search_key
from layers.types import LANGUAGES, Language

__all__ = ["Evidence", "Fact", "ParkCard", "park_cards", "park_facts"]

#: Facts that a card opens on; the record has all of them.
CARD_FIELDS: Final = (
    "developer", "area_ha", "leasable_ha", "occupancy_pct", "projects", "workers", "workers_planned",
    "wastewater_capacity_m3_day", "wastewater_state", "old_district", "legal_basis", "plan_list",
)  # fmt: skip
#: Fields that are not facts of the park but tell where its facts come from; they stand beside each fact.
_ABOUT: Final = frozenset({"name_vi", "name_en", "source", "confidence"})
_OWN: Final = ("source", "confidence")
_STATUS_ORDER: Final = ("operating", "under_construction", "in_plan", "proposed")


@dataclass(frozen=True, slots=True)
class Evidence:
    """Where one fact comes from.

    Attributes
    ----------
    source, confidence, note : str
        Empty where nothing is recorded.
    level : str
        The confidence's code, for its sign.
    """

    source: str
    confidence: str
    note: str
    level: str


@dataclass(frozen=True, slots=True)
class Fact:
    """One known attribute of a park.

    Attributes
    ----------
    title, value : str
        As the reader writes them.
    evidence : tuple of Evidence
        One a recorded source.
    """

    title: str
    value: str
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class ParkCard:
    """One park in the list.

    Attributes
    ----------
    id, title, kind, status : str
        Who it is.
    status_color : str
        The colour that the map draws the status in.
    area, time, occupancy, workers, wastewater : str
        Main figures; empty where unknown, but for `time`, which then says so.
    communes_old, communes_new : str
        Administrative units before and since 1 July 2025.
    position : {"", "schematic", "label", "unknown"}
        What is to be said about its place on the map.
    search : str
        Its names without tone marks.
    counts : mapping of str to int
        Findings by outcome.
    worst : str or None
        The gravest outcome of a finding.
    facts : tuple of Fact
        Main facts with their sources.
    """

    id: str
    title: str
    kind: str
    status: str
    status_color: str
    area: str
    time: str
    occupancy: str
    workers: str
    wastewater: str
    communes_old: str
    communes_new: str
    position: str
    search: str
    counts: Mapping[str, int]
    worst: str | None
    facts: tuple[Fact, ...]


def park_cards(
    parks: gpd.GeoDataFrame,
    *,
    definition: LayerDefinition,
    facts: pd.DataFrame,
    findings: pd.DataFrame,
    language: Language,
) -> list[ParkCard]:
    """Return a card for every park: operating ones first, then by name.

    Parameters
    ----------
    parks : GeoDataFrame
        Parks, ids in the index.
    definition : LayerDefinition
        The layer `parks`.
    facts : DataFrame
        The layer `facts`.
    findings : DataFrame
        Findings of the review, with `park_id` and `outcome`.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    list of ParkCard
        One a park, none left out.
    """
    counts: dict[str, dict[str, int]] = {
        str(park): {str(outcome): int(number) for outcome, number in mine.value_counts().items()}
        for park, mine in findings.groupby("park_id")["outcome"]
    }
    evidence = _evidence(facts, definition, language)
    rows = parks.drop(columns=parks.geometry.name).to_dict("index")
    lost = parks.geometry.isna() | parks.geometry.is_empty
    cards = [
        _card(str(id_), row, definition, evidence, counts.get(str(id_), {}), lost=bool(lost[id_]), language=language)
        for id_, row in rows.items()
    ]
    order = {park: _rank(row) for park, row in rows.items()}
    return sorted(cards, key=lambda card: (order[card.id], search_key(card.title)))


def _rank(row: Mapping[str, Any]) -> int:
    status = row.get("status")
    return _STATUS_ORDER.index(status) if status in _STATUS_ORDER else len(_STATUS_ORDER)


def _card(
    id_: str,
    row: dict[str, Any],
    definition: LayerDefinition,
    evidence: Mapping[tuple[str, str], tuple[Evidence, ...]],
    counts: Mapping[str, int],
    *,
    lost: bool,
    language: Language,
) -> ParkCard:
    def said(name: str) -> str:
        return write_value(definition.field(name), row.get(name), language=language)

    names = [said("name_vi"), said("name_en")]
    status = next((code for code in definition.field("status").codes if code.value == row.get("status")), None)
    return ParkCard(
        id=id_,
        title=(names[0] if language == "vi" else names[1] or names[0]) or id_,
        kind=said("kind"),
        status=said("status"),
        status_color=(status and status.color) or definition.style.color,
        area=said("area_ha"),
        time=_time(row, said("time_basis"), language),
        occupancy=_dated(said("occupancy_pct"), said("occupancy_year"), language),
        workers=_workers(row, said, language),
        wastewater=said("wastewater_capacity_m3_day"),
        communes_old="; ".join(part for part in (said("old_communes"), said("old_district")) if part),
        communes_new=said("new_communes"),
        position="unknown" if lost else _position(row.get("position")),
        search=search_key(" ".join([*names, said("old_communes"), said("new_communes"), said("old_district"), id_])),
        counts=counts,
        worst=worst_outcome(counts),
        facts=tuple(_facts(id_, row, definition, evidence, language=language, only=CARD_FIELDS)),
    )


def _position(value: object) -> str:
    return str(value) if value in ("schematic", "label", "unknown") else ""


def _dated(text: str, year: str, language: Language) -> str:
    """Return a figure with the year it is of, where both are known."""
    return f"{text} ({WORDS['of_year'].say(language).format(year=year)})" if text and year else text


def _workers(row: Mapping[str, Any], said: Any, language: Language) -> str:
    """Return the workers counted, else those planned, which is another thing and said so."""
    if pd.notna(row.get("workers")):
        return _dated(said("workers"), said("workers_year"), language)
    planned = row.get("workers_planned")
    if planned is None or pd.isna(planned):
        return ""
    return WORDS["planned"].say(language).format(n=write_number(float(planned), language=language))


def _time(row: Mapping[str, Any], basis: str, language: Language) -> str:
    """Return the planned time with its basis, or that it is not known."""
    start, end = (None if pd.isna(row[name]) else row[name].year for name in ("valid_from", "valid_to"))
    if start is None and end is None:
        return WORDS["time_unknown"].say(language)
    key = "time_between" if start and end else "time_since" if start else "time_until"
    text = WORDS[key].say(language).format(start=start, end=end)
    return f"{text} ({basis})" if basis and row.get("time_basis") != "unknown" else text


def park_facts(
    park: str, row: Mapping[str, Any], *, definition: LayerDefinition, facts: pd.DataFrame, language: Language
) -> list[Fact]:
    """Return every known attribute of a park with its sources.

    Parameters
    ----------
    park : str
        Its id.
    row : mapping
        Its attributes.
    definition : LayerDefinition
        The layer `parks`.
    facts : DataFrame
        The layer `facts`.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    list of Fact
        In the order of the layer's fields; what is not known is left out.
    """
    return _facts(park, row, definition, _evidence(facts, definition, language), language=language)


def _base(name: str) -> str:
    """Return the name of a field without its language."""
    return name[:-3] if name[-3:] in {f"_{language}" for language in LANGUAGES} else name


def _evidence(
    facts: pd.DataFrame, definition: LayerDefinition, language: Language
) -> dict[tuple[str, str], tuple[Evidence, ...]]:
    """Return the sources of each park's each fact, the language twins of a field as one."""
    found: dict[tuple[str, str], list[Evidence]] = {}
    levels = definition.field("confidence")
    mine = facts[facts["layer"] == definition.id].drop_duplicates(["feature", "field", "source", "confidence"])
    columns = (mine[name] for name in ("feature", "field", "source", "confidence", f"note_{language}"))
    for park, field, source, level, note in zip(*columns, strict=True):
        entry = Evidence(
            source="" if pd.isna(source) else str(source),
            confidence=write_value(levels, level, language=language),
            note="" if pd.isna(note) else str(note),
            level="" if pd.isna(level) else str(level),
        )
        known = found.setdefault((str(park), _base(str(field))), [])
        if entry not in known:
            known.append(entry)
    return {key: tuple(entries) for key, entries in found.items()}


def _facts(
    park: str,
    row: Mapping[str, Any],
    definition: LayerDefinition,
    evidence: Mapping[tuple[str, str], tuple[Evidence, ...]],
    *,
    language: Language,
    only: tuple[str, ...] | None = None,
) -> list[Fact]:
    own = _own_evidence(row, definition, language)
    facts = []
    for field in shown_fields(definition, language):
        base = _base(field.name)
        value = write_value(field, row.get(field.name), language=language)
        about = field.name in _ABOUT or field.references is not None  # an id of another layer; its text has a field too
        if value and not about and (only is None or base in only):
            facts.append(Fact(field_title(field, language), value, evidence.get((park, base), own)))
    return facts


def _own_evidence(row: Mapping[str, Any], definition: LayerDefinition, language: Language) -> tuple[Evidence, ...]:
    """Return the source of the park as a whole, for facts that have none of their own."""
    source, level = (write_value(definition.field(name), row.get(name), language=language) for name in _OWN)
    code = row.get("confidence")
    return (Evidence(source, level, "", "" if code is None or pd.isna(code) else str(code)),) if source else ()
