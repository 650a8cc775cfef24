"""What does a change of the plan do to its review? Findings that are new, fixed or unchanged, against the base.

A finding counts unless its outcome is a pass: what is not checked and what has no data is no clearance. A finding whose
outcome or reason changed is a new one, and the old one is fixed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd

from gis.review.checks import CHECKS
from gis.review.context import LayerReader
from gis.review.document import findings_collection
from gis.review.model import OUTCOME_TITLES, OUTCOMES, Rule
from gis.review.result import Review
from gis.review.rules import read_rules
from gis.review.runner import review_plan
from layers.definitions import LayerDefinition
from layers.time import HORIZONS, horizon_interval
from layers.types import Language, Text
from layers.validation.comparing import CHANGE_TITLES, CHANGES, Change

__all__ = [
    "CHANGES",
    "CHANGE_TITLES",
    "Change",
    "ReviewComparison",
    "compare_changes",
    "compare_reviews",
    "rules_of_layers",
    "touched_horizons",
]

#: Layers that every rule leans on: the parks that features belong to, what is known where, how sure values are.
_EVERYWHERE: Final = frozenset({"parks", "coverage", "facts", "rules"})


@dataclass(frozen=True, eq=False)
class ReviewComparison:
    """What a change does to the review of one horizon.

    Attributes
    ----------
    horizon : int
        Year; the state on its 31 December.
    findings : GeoDataFrame
        Columns `FINDING_COLUMNS`, then `change` ("new", "fixed", "unchanged"), `outcome_before` and `measured_before`
        (of the base; empty and NaN without one), EPSG:4326. New findings first, then fixed, then unchanged ones, each
        with the worst first.
    """

    horizon: int
    findings: gpd.GeoDataFrame

    def summary(self) -> dict[Change, dict[str, int]]:
        """Count the findings by change and outcome.

        Returns
        -------
        dict of str to dict of str to int
            Every change; every outcome but "pass", worst first.
        """
        counts = self.findings.groupby(["change", "outcome"]).size()
        counted = [outcome for outcome in OUTCOMES if outcome != "pass"]
        return {change: {one: int(counts.get((change, one), 0)) for one in counted} for change in CHANGES}

    def document(self, language: Language = "en", *, unchanged: bool = True) -> dict[str, Any]:
        """Return the comparison as plain data, the same numbers everywhere it is shown.

        Parameters
        ----------
        language : {"vi", "en"}
            Language of the texts.
        unchanged : bool
            Whether findings that the change leaves as they were are listed; they are counted anyway.

        Returns
        -------
        dict
            `horizon`, `language`, `summary`, `outcomes`, `changes` and `findings`, a GeoJSON feature collection.
        """
        shown = self.findings if unchanged else self.findings[self.findings["change"] != "unchanged"]
        return {
            "horizon": self.horizon,
            "language": language,
            "summary": self.summary(),
            "outcomes": {code: OUTCOME_TITLES[code].say(language) for code in OUTCOMES},
            "changes": {code: CHANGE_TITLES[code].say(language) for code in CHANGES},
            "findings": findings_collection(shown, language),
        }


def compare_reviews(base: Review, proposed: Review) -> ReviewComparison:
    """Compare two reviews of the same horizon.

    Parameters
    ----------
    base : Review
        Of the plan as it is.
    proposed : Review
        Of the plan as it would be.

    Returns
    -------
    ReviewComparison
        Every finding of either that is no pass, once.

    Examples
    --------
    >>> from gis.review import frames_reader
    >>> from layers.catalogue import shipped_definitions
    >>> nothing = review_plan(frames_reader({}, definitions=shipped_definitions()), horizon=2030)
    >>> compare_reviews(nothing, nothing).summary()["new"]
    {'fail': 0, 'warning': 0, 'no_data': 0, 'not_checked': 0}
    """
    old, new = _counting(base.findings), _counting(proposed.findings)
    before = old.reindex(new.index)
    same = np.asarray((before["outcome"] == new["outcome"]) & (before["reason"] == new["reason"]), dtype=bool)
    gone = ~old.index.isin(new.index[same])
    passed = base.findings.reindex(new.index)
    told = new.assign(
        change=np.where(same, "unchanged", "new"),
        outcome_before=passed["outcome"].fillna(""),
        measured_before=passed["measured"],
    )
    left = old[gone]
    fixed = left.assign(change="fixed", outcome_before=left["outcome"], measured_before=left["measured"])
    joined = gpd.GeoDataFrame(pd.concat([told, fixed]), crs=base.findings.crs)
    joined = joined.astype({"change": "str", "outcome_before": "str"})
    ranks = [pd.Index(CHANGES).get_indexer(joined["change"]), pd.Index(OUTCOMES).get_indexer(joined["outcome"])]
    order = np.lexsort((np.asarray(joined.index, dtype="U"), ranks[1], ranks[0]))
    return ReviewComparison(proposed.horizon, joined.iloc[order])


def _counting(findings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return findings[findings["outcome"] != "pass"]


def compare_changes(
    base: LayerReader,
    proposed: LayerReader,
    touched: Mapping[str, gpd.GeoDataFrame],
    *,
    horizons: Iterable[int] = HORIZONS,
    definitions: Mapping[str, LayerDefinition] | None = None,
    partial: bool = False,
    progress: Callable[[Text, float], object] | None = None,
) -> dict[int, ReviewComparison]:
    """Review a change of the plan against its base, only where the change can matter.

    Only rules that look at a layer that changes are put, and only at horizons at which a feature that changes exists,
    before or after.

    Parameters
    ----------
    base, proposed : LayerReader
        The plan as it is and as it would be.
    touched : mapping of str to GeoDataFrame
        By layer, the features that change: their old states and their new ones.
    horizons : iterable of int
        Years.
    definitions : mapping of str to LayerDefinition, optional
        As in `review_plan`.
    partial : bool
        As in `review_plan`.
    progress : callable, optional
        Is told what is done, and which share of all.

    Returns
    -------
    dict of int to ReviewComparison
        By horizon; a horizon at which nothing can change is left out.
    """
    years = touched_horizons(touched, horizons)
    layers = frozenset(layer for layer, features in touched.items() if len(features))
    compared = {}
    for done, horizon in enumerate(years):
        if progress is not None:
            told = Text(vi=f"Rà soát mốc {horizon}", en=f"Reviewing the horizon {horizon}")
            progress(told, done / len(years))
        reviews = [
            review_plan(_narrowed(read, layers), horizon=horizon, definitions=definitions, partial=partial)
            for read in (base, proposed)
        ]
        compared[horizon] = compare_reviews(*reviews)
    return compared


def touched_horizons(touched: Mapping[str, gpd.GeoDataFrame], horizons: Iterable[int] = HORIZONS) -> list[int]:
    """Return the horizons at which a feature that changes exists, or may exist.

    Parameters
    ----------
    touched : mapping of str to GeoDataFrame
        By layer, old and new states of features, with `valid_from` and `valid_to` where they are known.
    horizons : iterable of int
        Years.

    Returns
    -------
    list of int
        Those of them, in their order.
    """
    return [horizon for horizon in horizons if any(_exists(features, horizon).any() for features in touched.values())]


def _exists(features: gpd.GeoDataFrame, horizon: int) -> np.ndarray[Any, np.dtype[np.bool_]]:
    day = pd.Timestamp(str(horizon_interval(horizon).end))
    there = np.ones(len(features), dtype=bool)
    if "valid_from" in features.columns:
        there &= ~(pd.to_datetime(features["valid_from"]) > day).to_numpy(dtype=bool)
    if "valid_to" in features.columns:
        there &= ~(pd.to_datetime(features["valid_to"]) < day).to_numpy(dtype=bool)
    return there


def rules_of_layers(rules: Iterable[Rule], layers: Iterable[str]) -> list[str]:
    """Return the rules that a change of some layers can matter to.

    Parameters
    ----------
    rules : iterable of Rule
        The rules.
    layers : iterable of str
        Ids of layers that change.

    Returns
    -------
    list of str
        Ids of rules: those that judge features of these layers or measure against them; all of them where parks,
        coverage, facts or rules change, which every rule leans on.
    """
    changed = frozenset(layers)
    if changed & _EVERYWHERE:
        return [rule.id for rule in rules]
    return [
        rule.id for rule in rules if changed & {rule.params.subject, *(target.layer for target in rule.params.targets)}
    ]


def _narrowed(read: LayerReader, layers: frozenset[str]) -> LayerReader:
    """Return a reader that gives only the rules that a change of some layers can matter to."""

    def narrow(layer: str, /, *, horizon: int) -> gpd.GeoDataFrame:
        features = read(layer, horizon=horizon)
        if layer != "rules":
            return features
        wanted = rules_of_layers(read_rules(features, checks=frozenset(CHECKS)), layers)
        return features[features.index.isin(wanted)]

    return narrow
