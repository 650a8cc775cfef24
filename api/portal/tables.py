"""The findings of a review and its ledger as a reader sees them: chosen, ordered, paged and in words."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

import pandas as pd

from api.portal.words import WORDS
from api.portal.writing import write_number
from gis.ledger import ANY_KIND
from gis.maps import OUTCOME_SIGNS
from gis.review import REASON_TITLES
from layers.definitions import LayerDefinition
from layers.text import search_key
from layers.types import Language

__all__ = [
    "HECTARES",
    "PAGE_SIZE",
    "FindingRow",
    "FindingsPage",
    "LedgerRow",
    "ParkAccount",
    "findings_page",
    "park_accounts",
    "rule_choices",
]

#: Findings on one page.
PAGE_SIZE: Final = 40
#: Columns of a ledger, all in hectares.
HECTARES: Final = ("area_ha", "hit_ha", "clear_ha", "stale_ha", "not_covered_ha")
_ORDER: Final = {sign.outcome: rank for rank, sign in enumerate(OUTCOME_SIGNS)}
_COMPARATORS: Final = {">=": "≥", "<=": "≤"}


@dataclass(frozen=True, slots=True)
class FindingRow:
    """One finding in words.

    Attributes
    ----------
    outcome, reason : str
        Its code, and why nothing could be concluded.
    rule, title, citation : str
        The rule that was checked.
    park, park_title : str
        Id and name; empty for a finding about the whole plan.
    measured, wanted : str
        With unit; empty where nothing was measured.
    message : str
        The finding as a sentence.
    confidence : str
        Code of the confidence in the rule.
    """

    outcome: str
    reason: str
    rule: str
    title: str
    citation: str
    park: str
    park_title: str
    measured: str
    wanted: str
    message: str
    confidence: str


@dataclass(frozen=True, slots=True)
class FindingsPage:
    """One page of the findings that were asked for.

    Attributes
    ----------
    rows : tuple of FindingRow
        What was concluded first, the gravest before; then by park and rule.
    total : int
        Findings on all pages.
    page, pages : int
        Which page of how many.
    first : int
        Number of the first row, from 1; 0 if there is none.
    """

    rows: tuple[FindingRow, ...]
    total: int
    page: int
    pages: int
    first: int

    @property
    def last(self) -> int:
        """Number of the last row."""
        return self.first + len(self.rows) - 1 if self.rows else 0


def findings_page(
    findings: pd.DataFrame,
    *,
    titles: Mapping[str, str],
    language: Language,
    park: str = "",
    outcome: str = "",
    rule: str = "",
    conditions: Collection[str] = (),
    page: int = 1,
    size: int | None = PAGE_SIZE,
) -> FindingsPage:
    """Return one page of the findings of some park, outcome and rule.

    Parameters
    ----------
    findings : DataFrame
        Findings of the review.
    titles : mapping of str to str
        Park names by id.
    language : {"vi", "en"}
        The reader's language.
    park, outcome, rule : str
        What to choose; empty chooses all.
    conditions : collection of str, optional
        Rules whose limit is not what is wanted but the size from which a duty applies.
    page : int
        From 1; behind the last page the last is returned.
    size : int, optional
        Findings on a page; None puts all on one.

    Returns
    -------
    FindingsPage
        The rows of the page.
    """
    chosen = findings
    for column, value in (("park_id", park), ("outcome", outcome), ("rule_id", rule)):
        if value:
            chosen = chosen[chosen[column] == value]
    order = chosen.assign(rank=chosen["outcome"].map(_ORDER)).sort_values(
        ["rank", "park_id", "rule_id"], kind="stable", na_position="first"
    )
    size = size or max(len(order), 1)
    pages = max(1, -(-len(order) // size))
    page = min(page, pages)
    first = (page - 1) * size
    shown = order.iloc[first : first + size]
    rows = tuple(
        _finding(row, titles, language, condition=row["rule_id"] in conditions) for row in shown.to_dict("records")
    )
    return FindingsPage(rows=rows, total=len(order), page=page, pages=pages, first=first + 1 if rows else 0)


def _finding(row: Mapping[Any, Any], titles: Mapping[str, str], language: Language, *, condition: bool) -> FindingRow:
    park = _text(row["park_id"])
    unit = _text(row[f"unit_{language}"])
    reason = REASON_TITLES.get(row["reason"])
    comparator = _COMPARATORS.get(row["comparator"], _text(row["comparator"]))
    wanted = _figure(row["wanted"], unit, language)
    if condition:
        comparator = f"{WORDS['applies_if'].say(language)} {comparator}"
    return FindingRow(
        outcome=row["outcome"],
        reason=reason.say(language) if reason else "",
        rule=_text(row["rule_id"]),
        title=_text(row[f"title_{language}"]),
        citation=_text(row[f"citation_{language}"]),
        park=park,
        park_title=titles.get(park, park),
        measured=_figure(row["measured"], unit, language),
        wanted=f"{comparator} {wanted}".strip() if wanted else "",
        message=_text(row[f"message_{language}"]),
        confidence=_text(row["confidence"]),
    )


def _text(value: object) -> str:
    return "" if value is None or pd.isna(value) else str(value)  # type: ignore[call-overload]


def _figure(value: Any, unit: str, language: Language) -> str:
    """Return a measured or wanted value with its unit; text stays as it is."""
    if value is None or pd.isna(value) or value == "":
        return ""
    text = value if isinstance(value, str) else write_number(float(value), language=language)
    return f"{text} {unit}".strip()


def rule_choices(findings: pd.DataFrame, language: Language) -> list[tuple[str, str]]:
    """Return the rules that there are findings of.

    Parameters
    ----------
    findings : DataFrame
        Findings of the review.
    language : {"vi", "en"}
        Of the titles.

    Returns
    -------
    list of (str, str)
        Id and title, by id.
    """
    rules = findings.drop_duplicates("rule_id").sort_values("rule_id")
    return [(str(rule), _text(title)) for rule, title in zip(rules["rule_id"], rules[f"title_{language}"], strict=True)]


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One line of an account.

    Attributes
    ----------
    title : str
        The layer, or a kind of its features.
    whole : bool
        Whether it counts all kinds of the layer together.
    hectares : tuple of str
        In the order of `HECTARES`.
    """

    title: str
    whole: bool
    hectares: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ParkAccount:
    """Where the hectares of one park go.

    Attributes
    ----------
    park, title : str
        Id and name.
    declared : str
        Published hectares; empty if unknown.
    schematic : bool
        Whether a sketch is involved, so that the figures only illustrate.
    rows : tuple of LedgerRow
        By layer; all kinds together, then each kind that touches the park. Empty for a park without an outline.
    """

    park: str
    title: str
    declared: str
    schematic: bool
    rows: tuple[LedgerRow, ...]


def park_accounts(
    ledger: pd.DataFrame,
    *,
    titles: Mapping[str, str],
    layers: Mapping[str, LayerDefinition],
    language: Language,
    park: str = "",
) -> list[ParkAccount]:
    """Return the land ledger in words.

    Parameters
    ----------
    ledger : DataFrame
        Ledger of the review, in hectares.
    titles : mapping of str to str
        Park names by id.
    layers : mapping of str to LayerDefinition
        For the titles of layers and kinds.
    language : {"vi", "en"}
        The reader's language.
    park : str
        The park to choose; empty chooses all.

    Returns
    -------
    list of ParkAccount
        One a park, by name; those without an outline last.
    """
    chosen = ledger[ledger["park_id"] == park] if park else ledger
    rows_of: dict[str, list[dict[Any, Any]]] = {}
    for row in chosen.to_dict("records"):
        rows_of.setdefault(str(row["park_id"]), []).append(row)
    accounts = [
        _account(id_, rows, title=titles.get(id_, id_), layers=layers, language=language)
        for id_, rows in rows_of.items()
    ]
    return sorted(accounts, key=lambda account: (not account.rows, search_key(account.title)))


def _account(
    park: str,
    rows: list[dict[Any, Any]],
    *,
    title: str,
    layers: Mapping[str, LayerDefinition],
    language: Language,
) -> ParkAccount:
    measured = [row for row in rows if pd.notna(row["area_ha"]) and (row["kind"] == ANY_KIND or row["hit_ha"] > 0)]
    declared = rows[0]["declared_ha"]
    return ParkAccount(
        park=park,
        title=title,
        declared="" if pd.isna(declared) else write_number(declared, language=language),
        schematic=any(row["schematic"] for row in rows),
        rows=tuple(_ledger_row(row, layers.get(row["layer"]), language) for row in measured),
    )


def _ledger_row(row: Mapping[Any, Any], definition: LayerDefinition | None, language: Language) -> LedgerRow:
    whole = row["kind"] == ANY_KIND
    layer = definition.title.say(language) if definition else str(row["layer"])
    return LedgerRow(
        title=layer if whole else _kind(definition, row["kind"], language),
        whole=whole,
        hectares=tuple(write_number(row[name], language=language, decimals=2) for name in HECTARES),
    )


def _kind(definition: LayerDefinition | None, kind: str, language: Language) -> str:
    """Return the title of a kind, from whichever code list of the layer has it."""
    fields = definition.fields if definition else ()
    codes = (code for field in fields for code in field.codes if code.value == kind)
    return next((code.title.say(language) for code in codes), kind)
