"""How do the parks stand against the rules at a horizon? Puts every rule to every feature it speaks of."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from gis.errors import RuleError, RuleReferenceError
from gis.ledger import LEDGER_COLUMNS, land_ledger, ledger_change
from gis.overlay import pair_positions
from gis.review.checks import CHECKS
from gis.review.context import Context, LayerReader
from gis.review.judge import Part, doubtful_answer, findings_of, join_findings, rule_finding
from gis.review.layer import Layer
from gis.review.model import OUTCOMES, Rule
from gis.review.result import Review
from gis.review.rules import read_rules, standing
from gis.review.select import find_subjects
from gis.review.wording import unit_of
from layers.catalogue import shipped_definitions
from layers.definitions import DEFAULT_METRIC_CRS, LayerDefinition
from layers.time import HORIZONS
from layers.types import Text

__all__ = ["LEDGER_LAYERS", "review_horizons", "review_plan", "zone_change"]

#: Layers that a park's area is accounted against, and the field that tells the kind of their features.
LEDGER_LAYERS: Final = {"planning_zones": "zone", "constraint_areas": "constraint"}


def review_plan(
    read: LayerReader,
    *,
    horizon: int,
    definitions: Mapping[str, LayerDefinition] | None = None,
    metric_crs: str | None = None,
    fresh_since: dt.date | None = None,
    partial: bool = False,
    progress: Callable[[Text, float], object] | None = None,
) -> Review:
    """Review all parks at one horizon.

    Parameters
    ----------
    read : LayerReader
        Reads a layer at a horizon; the `read` of a store, or `frames_reader`. Needs the layers `parks`, `rules`,
        `coverage`, `planning_zones`, `constraint_areas` and those that the rules name.
    horizon : int
        Year; features that exist on its 31 December are regarded, and those of unknown time.
    definitions : mapping of str to LayerDefinition, optional
        Titles of layers, fields and codes; the shipped ones unless given.
    metric_crs : str, optional
        Projected CRS in metres for areas and lengths; that of the definition of `parks` unless given.
    fresh_since : datetime.date, optional
        Coverage as of an earlier day counts as stale.
    partial : bool
        Whether the reader sees a part of the plan only: a rule that names a layer or field that is not there is then
        not checked, instead of being no rule.
    progress : callable, optional
        Is told before each rule its title, and which share of the rules has been put.

    Returns
    -------
    Review
        Findings, ledger, rules and parks.

    Raises
    ------
    UnknownLayerError
        If a layer that every review needs is missing.
    RuleError
        If a rule does not say clearly what to check.
    CrsError
        If a layer has no CRS, or the metric one is not projected in metres.

    Examples
    --------
    >>> from gis.review import frames_reader
    >>> review_plan(frames_reader({}, definitions=shipped_definitions()), horizon=2030).summary()
    {'fail': 0, 'warning': 0, 'no_data': 0, 'not_checked': 0, 'pass': 0}
    """
    definitions = shipped_definitions() if definitions is None else definitions
    if metric_crs is None:
        metric_crs = definitions["parks"].metric_crs if "parks" in definitions else DEFAULT_METRIC_CRS
    context = Context(read, horizon, definitions, metric_crs, fresh_since)
    rules = read_rules(context.layer("rules").frame, checks=frozenset(CHECKS))
    parts = {}
    for done, rule in enumerate(rules):
        if progress is not None:
            progress(rule.title, done / len(rules))
        parts[rule.id] = _put_to_part(rule, context) if partial else _put(rule, context)
    findings = join_findings([part for found in parts.values() for part in found])
    return Review(
        horizon=horizon,
        findings=findings,
        ledger=_ledger(context),
        rules=_fared(rules, findings),
        parks=_parks(context.parks, findings),
    )


def review_horizons(
    read: LayerReader,
    horizons: Iterable[int] = HORIZONS,
    *,
    definitions: Mapping[str, LayerDefinition] | None = None,
    metric_crs: str | None = None,
    fresh_since: dt.date | None = None,
) -> dict[int, Review]:
    """Review all parks at several horizons.

    Parameters
    ----------
    read : LayerReader
        As in `review_plan`.
    horizons : iterable of int, default: HORIZONS
        Years.
    definitions : mapping of str to LayerDefinition, optional
        As in `review_plan`.
    metric_crs : str, optional
        As in `review_plan`.
    fresh_since : datetime.date, optional
        As in `review_plan`.

    Returns
    -------
    dict of int to Review
        By horizon, in the order asked for.
    """
    return {
        horizon: review_plan(
            read, horizon=horizon, definitions=definitions, metric_crs=metric_crs, fresh_since=fresh_since
        )
        for horizon in horizons
    }


def zone_change(
    read: LayerReader, *, before: int, after: int, layer: str = "planning_zones", metric_crs: str = DEFAULT_METRIC_CRS
) -> pd.DataFrame:
    """Account for what happens to the zones inside each park between two horizons.

    Parameters
    ----------
    read : LayerReader
        As in `review_plan`.
    before, after : int
        Years.
    layer : {"planning_zones", "constraint_areas"}, default: "planning_zones"
        What is accounted for.
    metric_crs : str, default: DEFAULT_METRIC_CRS
        Projected CRS in metres.

    Returns
    -------
    DataFrame
        See `gis.ledger.ledger_change`, for the parks as drawn at `after`.
    """
    contexts = [Context(read, year, {}, metric_crs) for year in (before, after)]
    old, new = (_metric_frame(context.layer(layer), metric_crs) for context in contexts)
    parks = contexts[1].parks
    outlines = gpd.GeoSeries(np.where(parks.areal, parks.geometry, np.array(None)), index=parks.ids, crs=metric_crs)
    return ledger_change(old, new, field=LEDGER_LAYERS[layer], parks=outlines)


def _put_to_part(rule: Rule, context: Context) -> list[Part]:
    """Put one rule to what is seen; which of the things that it names are not seen is not told."""
    try:
        return _put(rule, context)
    except RuleReferenceError:
        return [rule_finding(rule, "not_seen", context)]


def _put(rule: Rule, context: Context) -> list[Part]:
    """Put one rule to all features it speaks of."""
    check = CHECKS.get(rule.check)
    reason = standing(rule, needs_threshold=check is not None and check.needs_threshold)
    if reason or check is None:
        return [rule_finding(rule, reason, context)]
    unit = unit_of(rule.unit.en)
    if check.unit and unit != check.unit:
        raise RuleError(seen=f"unit {rule.unit.en!r}", wanted=f"{rule.check}: {check.unit}", where=rule.id)
    subjects = find_subjects(rule, context)
    found: list[Part] = []
    if len(subjects.rows):
        found.append(findings_of(rule, check.answer(rule, context, subjects), subjects, context))
    if len(subjects.doubtful):
        found.append(findings_of(rule, *doubtful_answer(subjects), context))
    return found or [rule_finding(rule, "no_features", context)]


def _metric_frame(layer: Layer, crs: str, columns: tuple[str, ...] = ()) -> gpd.GeoDataFrame:
    kept = [name for name in (*LEDGER_LAYERS.values(), *columns) if name in layer.frame.columns]
    table = pd.DataFrame(layer.frame[kept]).reset_index(drop=True)
    return gpd.GeoDataFrame(table, geometry=gpd.GeoSeries(layer.geometry, crs=crs))


def _ledger(context: Context) -> pd.DataFrame:
    """Account for every park, also for those without an outline: their row says that nothing is known."""
    parks = context.parks
    outlines = gpd.GeoSeries(
        np.where(parks.areal, parks.geometry, np.array(None)), index=pd.Index(parks.ids), crs=context.metric_crs
    )
    declared = parks.numbers("area_ha") if "area_ha" in parks.frame.columns else np.full(len(parks.ids), np.nan)
    basis = np.select([~parks.areal, parks.indicative], ["none", "schematic"], default="drawn")
    shown = pd.DataFrame({"declared_ha": declared, "basis": basis}, index=pd.Index(parks.ids))
    tables = [_ledger_of(context, name, kind, outlines) for name, kind in LEDGER_LAYERS.items()]
    joined = pd.concat(tables, ignore_index=True)
    joined["declared_ha"] = shown["declared_ha"].reindex(joined["park_id"]).to_numpy()
    joined["basis"] = shown["basis"].reindex(joined["park_id"]).to_numpy()
    joined["schematic"] |= joined["basis"] == "schematic"
    joined = joined.astype({"basis": "str"}).sort_values(["park_id", "layer", "kind"], ignore_index=True)
    return joined[["park_id", "layer", "kind", "basis", "schematic", "declared_ha", *LEDGER_COLUMNS[3:]]]


def _ledger_of(context: Context, name: str, kind: str, outlines: gpd.GeoSeries) -> pd.DataFrame:
    layer, coverage = context.layer(name), context.coverage(name)
    frame = _metric_frame(layer, context.metric_crs)
    table = land_ledger(outlines, frame, layer=name, kind=kind, fresh=coverage.fresh, stale=coverage.stale)
    without = outlines.index[outlines.isna()]
    if len(without):
        empty = pd.DataFrame({"park_id": without, "layer": name, "kind": ""}).astype("str")
        table = pd.concat([table, empty.reindex(columns=table.columns)], ignore_index=True)
    sketches = layer.geometry[layer.indicative]
    touched, _ = pair_positions(outlines.to_numpy(), sketches)
    table["schematic"] = table["park_id"].isin(outlines.index[np.unique(touched)])
    return table


def _fared(rules: list[Rule], findings: gpd.GeoDataFrame) -> pd.DataFrame:
    """Return how each rule fared."""
    index = pd.Index([rule.id for rule in rules], name="rule_id", dtype="str")
    counts = _count_outcomes(findings, "rule_id", index)
    decided = counts[["pass", "fail", "warning"]].sum(axis=1) > 0
    status = np.select([decided, counts["no_data"] > 0], ["decided", "no_data"], default="not_checked")
    alone = findings[findings["feature_id"] == ""].drop_duplicates("rule_id").set_index("rule_id")["reason"]
    names = ("title", "unit", "citation")
    texts = {
        f"{name}_{language}": [getattr(rule, name).say(language) for rule in rules]
        for name in names
        for language in ("vi", "en")
    }
    plain = {
        name: [getattr(rule, name) for rule in rules]
        for name in ("comparator", "threshold_text", "state", "confidence", "severity", "topic", "check")
    }
    table = pd.DataFrame({**texts, **plain}, index=index, dtype="str").rename(columns={"threshold_text": "threshold"})
    table["status"] = pd.Series(status, index=index, dtype="str")
    table["reason"] = alone.reindex(index).fillna("").astype("str")
    return table.join(counts)


def _parks(parks: Layer, findings: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    frame = parks.frame.copy()
    index = pd.Index(parks.ids, dtype="str")
    counts = _count_outcomes(findings, "park_id", index)
    for outcome in OUTCOMES:
        frame[outcome] = counts[outcome].to_numpy()
    worst = np.select([counts[outcome] > 0 for outcome in OUTCOMES], OUTCOMES, default="")
    frame["worst"] = pd.Series(worst, index=frame.index, dtype="str")
    return frame


def _count_outcomes(findings: gpd.GeoDataFrame, by: str, index: pd.Index[str]) -> pd.DataFrame:
    """Count findings by outcome; every entry of `index` gets a row, every outcome a column."""
    rows = index.get_indexer(findings[by])
    columns = pd.Index(OUTCOMES).get_indexer(findings["outcome"])
    known = rows >= 0
    cells = np.bincount(rows[known] * len(OUTCOMES) + columns[known], minlength=len(index) * len(OUTCOMES))
    return pd.DataFrame(cells.reshape(len(index), len(OUTCOMES)), index=index, columns=list(OUTCOMES))
