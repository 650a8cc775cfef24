"""Checks of land: shares of a park's area by plots, and declared against drawn area."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import shapely

from gis.errors import RuleError
from gis.overlay import SQUARE_METRES_PER_HECTARE, BoolArray, FloatArray
from gis.review.answer import TOLERANCE, Answer, keeps
from gis.review.checks.values import missing
from gis.review.context import Context
from gis.review.layer import Layer
from gis.review.model import Rule
from gis.review.select import Subjects, find_others, numbers_of, texts_of
from gis.review.wording import comma_list, lower_first, say_number, sentences
from layers.types import LANGUAGES, Language, Text

__all__ = ["area_match", "share"]

AND: Final = Text(vi="và", en="and")


@dataclass(frozen=True, eq=False)
class _Land:
    """Hectares of each subject: its own, in plots of the wanted kinds, in plots of any known kind."""

    whole: FloatArray
    wanted: FloatArray
    known: FloatArray
    plots: FloatArray
    sketched: BoolArray
    low: BoolArray


def share(rule: Rule, context: Context, subjects: Subjects) -> Answer:
    """Check which share of each park's area plots of some kinds take.

    Parameters
    ----------
    rule : Rule
        With `other`, and `field` and `codes` (or `other_where`) for the kinds that count; in percent.
    context : Context
        The layers.
    subjects : Subjects
        Parks.

    Returns
    -------
    Answer
        Land that no plot accounts for could be of any kind, so the share lies between two bounds: the rule is decided
        only where both give the same answer. Plots that add up to more than the park widen the bounds likewise.

    Raises
    ------
    RuleError
        If the subject is not `parks`, the unit is not percent, or a layer or field is unknown.
    """
    if subjects.layer.id != "parks":
        raise RuleError(seen=f"subject {subjects.layer.id!r}", wanted="parks", where=rule.id)
    answer, others = subjects.answer(), find_others(rule, context)
    plots = others.layers[0]
    land = _land(rule, context, subjects, plots)
    answer.indicative[:] = land.sketched
    answer.low[:] = land.low
    settle_whole = np.isnan(land.whole) | (land.whole <= 0)
    _settle_without_plots(answer, subjects, plots, land, context)
    answer.settle(settle_whole, "not_checked", "missing_attribute", missing(subjects.layer, ("area_ha",)))
    least = _percent(land.wanted, np.fmax(land.whole, land.known))
    most = _percent(land.wanted + np.fmax(land.whole - land.known, 0.0), land.whole)
    answer.measured[:] = np.where(land.plots > 0, _percent(land.wanted, land.whole), np.nan)
    kinds = _kinds(rule, plots)
    answer.said.update(sentences(len(answer.ids), lambda row, language: _say_share(rule, answer, kinds, row, language)))
    sure = keeps(least, rule) == keeps(most, rule)
    for row in np.flatnonzero(answer.open & ~sure):
        for language in LANGUAGES:
            answer.why[language][row] = _say_bounds(land, least, most, int(row), language)
    answer.settle(~sure, "not_checked", "areas_disagree")
    answer.decide(keeps(least, rule))
    return answer


def _percent(part: FloatArray, whole: FloatArray) -> FloatArray:
    result = np.full(len(part), np.nan)
    np.divide(100.0 * part, whole, out=result, where=whole > 0)
    return result


def _land(rule: Rule, context: Context, subjects: Subjects, plots: Layer) -> _Land:
    params = rule.params
    others = find_others(rule, context)
    chosen = np.zeros(len(plots.ids), dtype=bool)
    chosen[others.rows[0]] = True
    kind_known = np.ones(len(plots.ids), dtype=bool)
    if params.field is not None:
        kinds = texts_of(rule, plots, params.field)
        kind_known = np.asarray(kinds != "", dtype=bool)
        counted = chosen & kind_known
        chosen = chosen & np.isin(kinds, params.codes)
    else:
        counted = np.ones(len(plots.ids), dtype=bool)
    owners, sketched = context.park_ids(plots.id)
    place = {park: position for position, park in enumerate(subjects.ids)}
    row = np.array([place.get(owner, -1) for owner in owners], dtype=np.int64)
    owned = row >= 0
    hectares = np.nan_to_num(plots.area_ha)
    count = len(subjects.ids)

    def total(rows: BoolArray, weights: Any) -> FloatArray:
        kept = rows & owned
        return np.bincount(row[kept], weights=weights[kept], minlength=count).astype(np.float64)

    low = context.low_confidence(plots, ("area_ha",))
    ones = np.ones(len(row))
    return _Land(
        whole=subjects.layer.area_ha[subjects.rows],
        wanted=total(chosen, hectares),
        known=total(counted, hectares),
        plots=total(np.ones(len(row), dtype=bool), ones),
        sketched=total(sketched, ones) > 0,
        low=(total(low, ones) > 0) | context.low_confidence(subjects.layer, ("area_ha",))[subjects.rows],
    )


def _settle_without_plots(answer: Answer, subjects: Subjects, plots: Layer, land: _Land, context: Context) -> None:
    none = land.plots == 0
    covered = context.coverage(plots.id).of(subjects.geometry).covered
    empty = Text(
        vi=f"lớp “{plots.title('vi')}” đã phủ kín nơi này nhưng không có đối tượng nào của khu",
        en=f"the layer “{plots.title('en')}” covers the place but has no feature of this park",
    )
    unknown = Text(
        vi=f"lớp “{plots.title('vi')}” chưa có đối tượng nào của khu và chưa phủ kín nơi này",
        en=f"the layer “{plots.title('en')}” has no feature of this park and does not cover the place",
    )
    answer.settle(none & covered, "no_data", "no_features", empty)
    answer.settle(none, "no_data", "not_covered", unknown)


def _kinds(rule: Rule, plots: Layer) -> Text:
    params = rule.params
    pairs = [(params.field, code) for code in params.codes] if params.field else []
    pairs += [(name, value) for name, values in params.other_where.items() for value in map(str, values)]
    words: dict[Language, str] = {
        language: comma_list(
            [lower_first(plots.code_title(str(name), value).say(language)) for name, value in pairs], language, last=AND
        )
        for language in LANGUAGES
    }
    return Text(vi=words["vi"], en=words["en"])


def _say_share(rule: Rule, answer: Answer, kinds: Text, row: int, language: Language) -> str:
    if np.isnan(answer.measured[row]):
        return ""
    number = say_number(float(answer.measured[row]), language, beside=rule.threshold)
    name = answer.names[language][row]
    if language == "vi":
        return f"{kinds.vi} chiếm {number}% diện tích {name}"
    return f"the share of {kinds.en} in the area of {name} is {number}%"


def _say_bounds(land: _Land, least: FloatArray, most: FloatArray, row: int, language: Language) -> str:
    known, whole = (say_number(float(value[row]), language) for value in (land.known, land.whole))
    low, high = (say_number(float(value[row]), language) for value in (least, most))
    if language == "vi":
        return f"các lô đã rõ chức năng cộng lại {known}/{whole} ha của khu, nên tỷ lệ có thể từ {low}% đến {high}%"
    return f"plots of known use add up to {known} ha of {whole} ha, so the share may be from {low}% to {high}%"


def area_match(rule: Rule, context: Context, subjects: Subjects) -> Answer:
    """Check by how much the declared area differs from the drawn one.

    Parameters
    ----------
    rule : Rule
        With `field` (`area_ha` unless said); in percent of the declared area.
    context : Context
        The layers.
    subjects : Subjects
        What is judged.

    Returns
    -------
    Answer
        A sketch is drawn to the declared area, so it can prove nothing.

    Raises
    ------
    RuleError
        If the field is unknown.
    """
    layer, name = subjects.layer, rule.params.field or "area_ha"
    declared = numbers_of(rule, layer, name)[subjects.rows]
    drawn = np.where(layer.areal[subjects.rows], shapely.area(subjects.geometry) / SQUARE_METRES_PER_HECTARE, np.nan)
    answer = subjects.answer()
    answer.low[:] = context.low_confidence(layer, (name,))[subjects.rows]
    subjects.settle_without_geometry(answer)
    outline = Text(vi="đối tượng mới có vị trí, chưa có ranh giới", en="the feature has a position but no outline")
    sketch = Text(vi="ranh giới chỉ là sơ đồ vẽ theo diện tích", en="the outline is a sketch drawn to the area")
    answer.settle(answer.indicative, "not_checked", "schematic_geometry", sketch)
    answer.settle(np.isnan(drawn), "not_checked", "no_geometry", outline)
    empty = np.isnan(declared) | (declared <= TOLERANCE["ha"])
    answer.settle(empty, "not_checked", "missing_attribute", missing(layer, (name,)))
    answer.measured[:] = np.where(answer.open, _percent(np.abs(drawn - declared), declared), np.nan)
    answer.decide(keeps(answer.measured, rule))

    def say(row: int, language: Language) -> str:
        if np.isnan(answer.measured[row]):
            return ""
        stated, measured = (say_number(float(value[row]), language) for value in (declared, drawn))
        gap, subject = (
            say_number(float(answer.measured[row]), language, beside=rule.threshold),
            answer.names[language][row],
        )
        if language == "vi":
            return f"{subject} khai báo {stated} ha, ranh giới vẽ được {measured} ha, lệch {gap}%"
        return f"{subject} declares {stated} ha and is drawn with {measured} ha, a difference of {gap}%"

    answer.said.update(sentences(len(answer.ids), say))
    return answer
