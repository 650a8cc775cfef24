"""Issues between two features, counted by the kinds of features they are between.

A map whose kinds of areas lie upon each other by design, such as administrative borders over forests over lakes, has
thousands of overlaps. Which kinds they are between tells at a glance what is meant so and what is a fault.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import pandas as pd

from layers.coercion import as_texts
from layers.definitions import LayerDefinition
from layers.types import Text
from layers.validation import RULES, Issue

__all__ = ["PairCount", "count_pairs", "kinds_of", "pair_messages"]

#: Columns that tell what an area of a file without a layer is, as OpenStreetMap and common drawings name them; the
#: first that says something counts.
_KIND_COLUMNS: Final = (
    "landuse", "building", "natural", "leisure", "amenity", "man_made", "aeroway", "military", "tourism", "historic",
    "sport", "shop", "office", "craft", "geological", "place", "boundary", "zone", "kind", "class", "type",
)  # fmt: skip
#: Pairs that a message names.
_NAMED: Final = 5
_UNKNOWN: Final = Text(vi="chưa rõ", en="unknown")


@dataclass(frozen=True, slots=True)
class PairCount:
    """How often one rule struck between two kinds of features.

    Parameters
    ----------
    rule : str
        A key of `layers.validation.RULES`.
    severity : {"error", "warning"}
        As in the issues.
    kinds : (str, str)
        Both kinds, in alphabetical order; empty where it is not known.
    issues : int
        How often.
    measured : float
        The sum of what was measured, in `unit`.
    unit : str or None
        Square metres or metres, as m2 or m; None where nothing was measured.
    """

    rule: str
    severity: str
    kinds: tuple[str, str]
    issues: int
    measured: float
    unit: str | None

    def document(self) -> dict[str, Any]:
        """Return the count as plain values.

        Returns
        -------
        dict
            An unknown kind is None.
        """
        return {
            "rule": self.rule,
            "severity": self.severity,
            "kinds": [kind or None for kind in self.kinds],
            "issues": self.issues,
            "measured": self.measured,
            "unit": self.unit,
        }


def kinds_of(features: gpd.GeoDataFrame, definition: LayerDefinition | None, issues: Sequence[Issue]) -> dict[str, str]:
    """Return what kind of thing features are that an issue names.

    Parameters
    ----------
    features : GeoDataFrame
        Index: feature ids; under the fields of the layer, or the columns of the file.
    definition : LayerDefinition or None
        The layer, whose style tells the field that parts it into kinds.
    issues : sequence of Issue
        What was found.

    Returns
    -------
    dict of str to str
        By id, as far as known: a code of the layer, or column and value of a file.
    """
    named = {name for one in issues if one.other is not None for name in (one.feature_id, one.other)}
    if not named:
        return {}
    by = (definition.style.by,) if definition is not None else _KIND_COLUMNS
    table = pd.DataFrame(features)
    some = table.loc[features.index.isin(list(named)), [name for name in by if name in table.columns]]
    found: dict[str, str] = {}
    # What stands first has the last word.
    for column in reversed(some.columns):
        texts = as_texts(some[column])[0].dropna()
        prefix = "" if definition is not None else f"{column}="
        found |= {str(name): f"{prefix}{text}" for name, text in texts.items() if text.strip()}
    return found


def count_pairs(issues: Sequence[Issue], kinds: Mapping[str, str]) -> tuple[PairCount, ...]:
    """Count issues between two features by their kinds.

    Parameters
    ----------
    issues : sequence of Issue
        What was found.
    kinds : mapping of str to str
        Kinds by feature id.

    Returns
    -------
    tuple of PairCount
        The most frequent first; their counts sum to the issues that name another feature.
    """
    counts: dict[tuple[str, str, str, str, str | None], tuple[int, float]] = {}
    for one in issues:
        if one.other is None:
            continue
        first, second = sorted((kinds.get(one.feature_id or "", ""), kinds.get(one.other, "")))
        key = (one.rule, one.severity, first, second, one.unit)
        number, sum_ = counts.get(key, (0, 0.0))
        counts[key] = number + 1, sum_ + (one.measured or 0.0)
    found = [
        PairCount(rule, severity, (first, second), number, sum_, unit)
        for (rule, severity, first, second, unit), (number, sum_) in counts.items()
    ]
    return tuple(sorted(found, key=lambda one: (-one.issues, one.rule, one.kinds)))


def pair_messages(pairs: Sequence[PairCount]) -> tuple[Text, ...]:
    """Return the counts as sentences, one a rule.

    Parameters
    ----------
    pairs : sequence of PairCount
        The most frequent first.

    Returns
    -------
    tuple of Text
        Nothing of a rule that struck between one pair of kinds only once.
    """
    said = []
    for rule in dict.fromkeys(one.rule for one in pairs):
        some = [one for one in pairs if one.rule == rule]
        if sum(one.issues for one in some) <= 1:
            continue
        rest = sum(one.issues for one in some[_NAMED:])
        title = RULES[rule].title
        vi, en = ("; ".join(_named(one, language) for one in some[:_NAMED]) for language in ("vi", "en"))
        said.append(
            Text(
                vi=f"{title.vi}, theo loại: {vi}" + (f"; loại khác {rest}." if rest else "."),
                en=f"{title.en}, by kind: {en}" + (f"; other kinds {rest}." if rest else "."),
            )
        )
    return tuple(said)


def _named(one: PairCount, language: Any) -> str:
    first, second = (kind or _UNKNOWN.say(language) for kind in one.kinds)
    return f"{first} × {second} {one.issues}"
