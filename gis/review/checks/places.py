"""Checks of belonging: does a feature lie in the unit it names, and does it have what it should have."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gis.errors import RuleError
from gis.overlay import BoolArray, FloatArray, IntArray
from gis.review.answer import Answer
from gis.review.checks.values import missing
from gis.review.context import Context, largest_overlaps
from gis.review.hits import find_hits
from gis.review.layer import Layer, StrArray
from gis.review.model import Rule
from gis.review.select import Others, Subjects, find_others, settle_absence, texts_of
from gis.review.wording import lower_first, say_number, sentences, unit_of
from layers.text import search_key
from layers.types import LANGUAGES, Language, Text
from layers.validation.places import listed_names, names_place

__all__ = ["place_match", "presence"]


@dataclass(frozen=True, eq=False)
class _Units:
    """Outlines of administrative units, each with the name that labels are held against."""

    layer: Layer
    rows: IntArray
    names: StrArray

    def wholly_drawn(self, context: Context) -> frozenset[str]:
        """Keys of names all of whose units lie in complete coverage: outside them is outside the place."""
        covered = context.coverage(self.layer.id).of(self.layer.geometry[self.rows]).covered
        keys = [search_key(name) for name in self.names]
        return frozenset(keys) - {key for key, inside in zip(keys, covered, strict=True) if not inside}


def _units(rule: Rule, context: Context, field: str) -> _Units:
    params = rule.params
    target = rule if params.targets else rule.with_params(params.model_copy(update={"other": "admin_units"}))
    others = find_others(target, context)
    layer, rows = others.layers[0], others.rows[0]
    names = texts_of(rule, layer, params.other_field or field)[rows]
    usable = layer.areal[rows] & ~layer.indicative[rows] & (names != "")
    return _Units(layer, rows[usable], names[usable])


def place_match(rule: Rule, context: Context, subjects: Subjects) -> Answer:
    """Check whether each subject lies in the administrative unit that its label names.

    Parameters
    ----------
    rule : Rule
        With `field` (`province` unless said) of the subject, `other` (`admin_units` unless said) and its `other_field`
        (the same as `field` unless said).
    context : Context
        The layers.
    subjects : Subjects
        What is judged; a label may list several names, parted by semicolons.

    Returns
    -------
    Answer
        Names are compared without tone marks, case and punctuation; where they agree only so, the answer is a warning.
        A subject outside every unit breaks the rule only if all units of that name are known to be drawn.

    Raises
    ------
    RuleError
        If a layer or field is unknown.
    """
    field = rule.params.field or "province"
    units = _units(rule, context, field)
    answer, layer = subjects.answer(), subjects.layer
    labels = texts_of(rule, layer, field)[subjects.rows]
    subjects.settle_without_geometry(answer)
    i, j = largest_overlaps(subjects.geometry, units.layer.geometry[units.rows])
    found = np.full(len(labels), "", dtype=object)
    found[i] = units.names[j]
    answer.other[i] = [f"{units.layer.id}:{id_}" for id_ in units.layer.ids[units.rows][j]]
    empty = np.asarray(labels == "", dtype=bool)
    no_outline = Text(
        vi=f"lớp “{units.layer.title('vi')}” chưa có ranh giới ở nơi này",
        en=f"the layer “{units.layer.title('en')}” has no outline of the place",
    )
    answer.settle(empty & (found == ""), "no_data", "not_covered", no_outline)
    answer.settle(empty, "not_checked", "missing_attribute", missing(layer, (field,)))
    _compare_names(answer, labels, found, units.wholly_drawn(context), no_outline)
    title = layer.field_title(field)

    def say(row: int, language: Language) -> str:
        name, label, place = answer.names[language][row], labels[row], found[row]
        stated = lower_first(title.say(language))
        if not label:
            return {"vi": f"{name} nằm trong “{place}”", "en": f"{name} lies in “{place}”"}[language] if place else ""
        if not place:
            return {
                "vi": f"{name} ghi {stated} là “{label}” nhưng nằm ngoài mọi đơn vị mang tên đó",
                "en": f"{name} states “{label}” as its {stated} but lies outside every unit of that name",
            }[language]
        return {
            "vi": f"{name} ghi {stated} là “{label}” và nằm trong “{place}”",
            "en": f"{name} states “{label}” as its {stated} and lies in “{place}”",
        }[language]

    answer.said.update(sentences(len(answer.ids), say))
    return answer


def _compare_names(answer: Answer, labels: StrArray, found: StrArray, drawn: frozenset[str], no_outline: Text) -> None:
    """Settle by names: `found` is empty outside every unit, `drawn` holds the names whose outside is known."""
    listed = [listed_names(label) for label in labels]
    keys = [[search_key(name) for name in names] for names in listed]
    agrees = np.array([search_key(place) in each for place, each in zip(found, keys, strict=True)], dtype=bool)
    written = np.array([names_place(place, each) for place, each in zip(found, listed, strict=True)], dtype=bool)
    known = np.array([bool(each) and drawn.issuperset(each) for each in keys], dtype=bool)
    inside = np.asarray(found != "", dtype=bool)
    answer.settle(inside & agrees & written, "pass")
    answer.settle(inside & agrees, "warning", "label_spelling")
    answer.settle(inside, "fail")
    answer.settle(~known, "no_data", "not_covered", no_outline)
    answer.settle(answer.open, "fail")


def presence(rule: Rule, context: Context, subjects: Subjects) -> Answer:
    """Check whether each subject has what it should have: features of another layer, or a value.

    Parameters
    ----------
    rule : Rule
        With `other` or `others`, or with `field`. The threshold is a number of features; a rule in percent of the
        subjects asks each for one.
    context : Context
        The layers.
    subjects : Subjects
        What is judged.

    Returns
    -------
    Answer
        An empty field is a missing attribute, not a fail; no feature is a fail only in complete coverage.

    Raises
    ------
    RuleError
        If a layer or field is unknown, or neither is named.
    """
    if rule.params.field is not None and not rule.params.targets:
        return _presence_of_value(rule, context, subjects, rule.params.field)
    if rule.comparator not in ("", ">=", "="):
        raise RuleError(seen=f"comparator {rule.comparator!r}", wanted=">=", where=rule.id)
    answer, others = subjects.answer(), find_others(rule, context)
    counted, by_sketch = _count(context, subjects, others)
    wanted = 1.0 if rule.threshold is None or unit_of(rule.unit.en) == "%" else rule.threshold
    answer.measured[:] = counted
    answer.indicative[:] = by_sketch
    kept = counted >= wanted
    answer.settle(kept, "pass")
    subjects.settle_without_geometry(answer)
    answer.indicative |= subjects.layer.indicative[subjects.rows]
    settle_absence(answer, ~kept, subjects.geometry, others, context)
    answer.settle(answer.open, "fail")
    answer.indicative[kept] = by_sketch[kept]
    limit = {language: say_number(wanted, language) for language in LANGUAGES}

    def say(row: int, language: Language) -> str:
        name, number = answer.names[language][row], say_number(float(counted[row]), language)
        if language == "vi":
            return f"{name} có {number} đối tượng thuộc lớp {others.what.vi}, cần ít nhất {limit[language]}"
        noun = "feature" if counted[row] == 1 else "features"
        return f"{name} has {number} {noun} of {others.what.en}, wanted at least {limit[language]}"

    answer.said.update(sentences(len(answer.ids), say))
    return answer


def _count(context: Context, subjects: Subjects, others: Others) -> tuple[FloatArray, BoolArray]:
    """Count the others of each subject, and say whether one found by a sketch is among them."""
    count = len(subjects.ids)
    if subjects.layer.id != "parks":
        hits = find_hits(subjects.geometry, others.geometry)
        sketched = subjects.layer.indicative[subjects.rows[hits.i]] | others.indicative[hits.j]
        by_sketch = np.bincount(hits.i, weights=sketched, minlength=count) > 0
        return hits.number.astype(np.float64), np.asarray(by_sketch, dtype=bool)
    place = {park: position for position, park in enumerate(subjects.ids)}
    total, sketches = np.zeros(count), np.zeros(count)
    for layer, rows in zip(others.layers, others.rows, strict=True):
        owners, by_sketch = context.park_ids(layer.id)
        row = np.array([place.get(owner, -1) for owner in owners[rows]], dtype=np.int64)
        total += np.bincount(row[row >= 0], minlength=count)
        sketches += np.bincount(row[row >= 0], weights=by_sketch[rows][row >= 0], minlength=count)
    return total, np.asarray(sketches > 0, dtype=bool)


def _presence_of_value(rule: Rule, context: Context, subjects: Subjects, name: str) -> Answer:
    layer, answer = subjects.layer, subjects.answer()
    values = texts_of(rule, layer, name)[subjects.rows]
    empty = np.asarray(values == "", dtype=bool)
    answer.indicative[:] = False
    answer.low[:] = context.low_confidence(layer, (name,))[subjects.rows]
    answer.measured[:] = np.where(empty, np.nan, 1.0)
    answer.settle(empty, "not_checked", "missing_attribute", missing(layer, (name,)))
    answer.decide(~empty)
    title = layer.field_title(name)

    def say(row: int, language: Language) -> str:
        label, subject = lower_first(title.say(language)), answer.names[language][row]
        if not values[row]:
            return ""
        if language == "vi":
            return f"{subject} có {label} “{values[row]}”"
        return f"{subject} has the {label} “{values[row]}”"

    answer.said.update(sentences(len(answer.ids), say))
    return answer
