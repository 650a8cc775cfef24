"""Checks of attributes: a limit, a duty that a size triggers, a list, and whether planned time is known."""

from __future__ import annotations

from typing import Final

import numpy as np

from gis.errors import RuleError
from gis.overlay import BoolArray, FloatArray
from gis.review.answer import Answer, compare, keeps
from gis.review.checks.overlaps import measure_overlap
from gis.review.context import Context
from gis.review.layer import Layer
from gis.review.model import Rule
from gis.review.select import OR, Subjects, find_others, numbers_of, texts_of
from gis.review.wording import comma_list, lower_first, say_number, sentences, spaced, unit_of
from layers.types import LANGUAGES, Language, Text

__all__ = ["attribute", "lookup", "missing", "time_known", "trigger", "wanted_field"]

#: Factor from the unit of a field to the unit of a rule, where they differ.
_FACTORS: Final = {("ha", "m2"): 10_000.0, ("m2", "ha"): 1e-4, ("km2", "ha"): 100.0, ("ha", "km2"): 0.01}
_SPELLINGS: Final = {"m²": "m2", "km²": "km2", "m³/d": "m3/day", "m³/ngày": "m3/day"}


def missing(layer: Layer, names: tuple[str, ...]) -> Text:
    """Return the clause that names empty attributes.

    Parameters
    ----------
    layer : Layer
        The layer.
    names : tuple of str
        Its fields.

    Returns
    -------
    Text
        The clause.
    """
    titles = [layer.field_title(name) for name in names]
    joined: dict[Language, str] = {
        language: comma_list(
            [f"“{title.say(language)}” ({name})" for title, name in zip(titles, names, strict=True)], language, last=OR
        )
        for language in LANGUAGES
    }
    return Text(vi=f"thiếu thuộc tính {joined['vi']}", en=f"the attribute {joined['en']} is empty")


def wanted_field(rule: Rule, name: str | None, *, param: str = "field") -> str:
    """Return a parameter that a check cannot do without.

    Parameters
    ----------
    rule : Rule
        The rule.
    name : str or None
        The value of the parameter.
    param : str, default: "field"
        Its name.

    Returns
    -------
    str
        The value.

    Raises
    ------
    RuleError
        If it is not given.
    """
    if name is None:
        raise RuleError(
            seen=f"check {rule.check!r}: params",
            wanted=Text(vi=f"tham số '{param}'", en=f"'{param}' in it"),
            where=rule.id,
        )
    return name


def _factor(rule: Rule, layer: Layer, name: str) -> float:
    """Bring a field to the unit of the rule; a unit that cannot be brought there is an error, never a number."""
    unit = next((f.unit for f in layer.definition.all_fields if f.name == name), None) if layer.definition else None
    have, want = _SPELLINGS.get(unit or "", unit or ""), unit_of(rule.unit.en)
    if not have or not want or have == want:
        return 1.0
    if (have, want) not in _FACTORS:
        raise RuleError(seen=f"{layer.id}.{name} [{have}]", wanted=f"[{want}]", where=rule.id)
    return _FACTORS[have, want]


def attribute(rule: Rule, context: Context, subjects: Subjects) -> Answer:
    """Check a value, or the ratio of two, against a limit.

    Parameters
    ----------
    rule : Rule
        With `field`, and `of` for a ratio in percent; `per` "all" asks for the sums over all subjects.
    context : Context
        The layers.
    subjects : Subjects
        What is judged.

    Returns
    -------
    Answer
        One row a subject, or one row in all.

    Raises
    ------
    RuleError
        If a parameter is missing, or a field is unknown or of another unit than the rule.
    """
    layer, params = subjects.layer, rule.params
    name = wanted_field(rule, params.field)
    names = (name,) if params.of is None else (name, params.of)
    columns = [numbers_of(rule, layer, each)[subjects.rows] for each in names]
    low = context.low_confidence(layer, names)[subjects.rows]
    if params.per == "all":
        return _attribute_of_all(rule, subjects, names, columns, low)
    answer = subjects.answer()
    answer.indicative[:] = False
    answer.low[:] = low
    answer.measured[:] = _value(rule, layer, names, columns)
    for each, column in zip(names, columns, strict=True):
        answer.settle(np.isnan(column), "not_checked", "missing_attribute", missing(layer, (each,)))
    answer.settle(~np.isfinite(answer.measured), "not_checked", "missing_attribute", missing(layer, names[-1:]))
    answer.decide(keeps(answer.measured, rule))
    answer.said.update(sentences(len(answer.ids), lambda row, language: _say_value(rule, layer, answer, row, language)))
    return answer


def _value(rule: Rule, layer: Layer, names: tuple[str, ...], columns: list[FloatArray]) -> FloatArray:
    if len(columns) == 1:
        return columns[0] * _factor(rule, layer, names[0])
    part, whole = columns
    share = np.full(len(part), np.nan)
    np.divide(100.0 * part, whole, out=share, where=whole > 0)
    return share


def _attribute_of_all(
    rule: Rule, subjects: Subjects, names: tuple[str, ...], columns: list[FloatArray], low: BoolArray
) -> Answer:
    layer = subjects.layer
    counted = f"{len(subjects.rows)}"
    answer = Answer.start(
        np.array([""], dtype=object),
        {
            "vi": np.array([f"cả {counted} đối tượng của lớp “{layer.title('vi')}”"], dtype=object),
            "en": np.array([f"all {counted} features of the layer “{layer.title('en')}”"], dtype=object),
        },
    )
    answer.low[:] = bool(low.any())
    unknown = np.isnan(np.array(columns)).any(axis=0) if len(subjects.rows) else np.zeros(0, dtype=bool)
    if unknown.any():
        clause, count = missing(layer, names), int(unknown.sum())
        why = Text(vi=f"{clause.vi} ở {count} đối tượng", en=f"{clause.en} in {count} of them")
        answer.settle(answer.open, "not_checked", "missing_attribute", why)
    answer.measured[:] = _value(rule, layer, names, [np.array([column.sum()]) for column in columns])
    answer.decide(keeps(answer.measured, rule))
    answer.said.update(sentences(1, lambda row, language: _say_value(rule, layer, answer, row, language)))
    return answer


def _say_value(rule: Rule, layer: Layer, answer: Answer, row: int, language: Language) -> str:
    if not np.isfinite(answer.measured[row]):
        return ""
    field, of = rule.params.field or "", rule.params.of
    number = say_number(float(answer.measured[row]), language, beside=rule.threshold)
    title, name = layer.field_title(field).say(language), answer.names[language][row]
    if of is None:
        value = spaced(number, unit_of(rule.unit.say(language)))
        return (
            f"{lower_first(title)} của {name} là {value}"
            if language == "vi"
            else f"the {lower_first(title)} of {name} is {value}"
        )
    whole = lower_first(layer.field_title(of).say(language))
    if language == "vi":
        return f"{lower_first(title)} của {name} bằng {number}% {whole}"
    return f"the {lower_first(title)} of {name} is {number}% of the {whole}"


def trigger(rule: Rule, context: Context, subjects: Subjects) -> Answer:
    """Check whether a size is reached from which a duty applies, and whether the duty is shown to be met.

    Parameters
    ----------
    rule : Rule
        With `field`, or `other` for the area of it inside the subject (ha); `duty` names what shows that it is met.
    context : Context
        The layers.
    subjects : Subjects
        What is judged.

    Returns
    -------
    Answer
        Pass: not reached, or met. Fail: reached, and shown not to be met. Warning: reached, and nothing shows whether.

    Raises
    ------
    RuleError
        If a parameter is missing, or a field is unknown or of another unit than the rule.
    """
    layer, params = subjects.layer, rule.params
    answer = subjects.answer()
    if params.targets:
        measure_overlap(rule, context, subjects, answer)
    else:
        name = wanted_field(rule, params.field)
        value = numbers_of(rule, layer, name)[subjects.rows]
        answer.indicative[:] = False
        answer.low[:] = context.low_confidence(layer, (name,))[subjects.rows]
        answer.measured[:] = value * _factor(rule, layer, name)
        answer.settle(np.isnan(value), "not_checked", "missing_attribute", missing(layer, (name,)))
        said = sentences(len(answer.ids), lambda row, language: _say_value(rule, layer, answer, row, language))
        answer.said.update(said)
    reached = keeps(answer.measured, rule)
    answer.settle(~reached, "pass")
    if params.duty is not None:
        shown = numbers_of(rule, layer, params.duty.field)[subjects.rows]
        met = compare(shown, params.duty.comparator, params.duty.value)
        _add_duty(answer, layer, params.duty.field, reached, shown)
        answer.settle(met, "pass")
        answer.settle(~np.isnan(shown), "fail")
    answer.settle(answer.open, "warning", "duty_applies")
    return answer


def _add_duty(answer: Answer, layer: Layer, name: str, reached: BoolArray, shown: FloatArray) -> None:
    """Say what shows whether the duty is met, where it applies."""
    title = layer.field_title(name)
    for row in np.flatnonzero(reached & answer.open):
        for language in LANGUAGES:
            label = lower_first(title.say(language))
            if np.isnan(shown[row]):
                clause = {"vi": f"{label} chưa rõ", "en": f"the {label} is not known"}[language]
            else:
                number = say_number(float(shown[row]), language)
                clause = {"vi": f"{label} là {number}", "en": f"the {label} is {number}"}[language]
            answer.why[language][row] = clause


def lookup(rule: Rule, context: Context, subjects: Subjects) -> Answer:
    """Check whether a value stands in a list.

    Parameters
    ----------
    rule : Rule
        With `field`, and `codes` or `other` (its ids, or its `other_field`).
    context : Context
        The layers.
    subjects : Subjects
        What is judged.

    Returns
    -------
    Answer
        A list that is empty at the horizon gives no data.

    Raises
    ------
    RuleError
        If a parameter is missing, or a layer or field is unknown.
    """
    layer, params = subjects.layer, rule.params
    name = wanted_field(rule, params.field)
    values = texts_of(rule, layer, name)[subjects.rows]
    listed, what = _list_of(rule, context)
    answer = subjects.answer()
    answer.indicative[:] = False
    answer.low[:] = context.low_confidence(layer, (name,))[subjects.rows]
    answer.settle(np.asarray(values == "", dtype=bool), "not_checked", "missing_attribute", missing(layer, (name,)))
    if not listed:
        why = Text(vi=f"{what.vi} chưa có mục nào", en=f"{what.en} has no entries")
        answer.settle(answer.open, "no_data", "no_features", why)
    found = np.array([value in listed for value in values], dtype=bool)
    answer.decide(found)
    title = layer.field_title(name)

    def say(row: int, language: Language) -> str:
        label, value = lower_first(title.say(language)), layer.code_title(name, values[row]).say(language)
        subject = answer.names[language][row]
        if not values[row]:
            return ""
        if language == "vi":
            return f"{label} “{value}” của {subject} {'có' if found[row] else 'không có'} trong {what.vi}"
        return f"the {label} “{value}” of {subject} {'is' if found[row] else 'is not'} in {what.en}"

    answer.said.update(sentences(len(answer.ids), say))
    return answer


def _list_of(rule: Rule, context: Context) -> tuple[frozenset[str], Text]:
    params = rule.params
    if params.codes:
        joined = ", ".join(params.codes)
        return frozenset(params.codes), Text(vi=f"danh sách ({joined})", en=f"the list ({joined})")
    others = find_others(rule, context)
    found: set[str] = set()
    for layer, rows in zip(others.layers, others.rows, strict=True):
        column = layer.ids if params.other_field is None else texts_of(rule, layer, params.other_field)
        found.update(str(value) for value in column[rows] if value)
    return frozenset(found), Text(vi=f"danh sách {others.what.vi}", en=f"the list of {others.what.en}")


def time_known(rule: Rule, context: Context, subjects: Subjects) -> Answer:
    """Check whether it is known when a feature is meant to exist.

    Parameters
    ----------
    rule : Rule
        With `field` (`time_basis` unless said) and the `codes` of it that mean unknown.
    context : Context
        The layers.
    subjects : Subjects
        What is judged.

    Returns
    -------
    Answer
        Where time is not known the feature is regarded at every horizon, and the answer says so.

    Raises
    ------
    RuleError
        If the field is unknown.
    """
    layer, name = subjects.layer, rule.params.field or "time_basis"
    basis = texts_of(rule, layer, name)[subjects.rows]
    unknown = np.isin(basis, ["", *(rule.params.codes or ("unknown",))])
    answer = subjects.answer()
    answer.indicative[:] = False
    answer.low[:] = context.low_confidence(layer, (name,))[subjects.rows]
    title = layer.field_title(name)
    why = Text(
        vi=f"chưa rõ “{title.vi}” ({name}), nên đối tượng được xét ở mọi mốc quy hoạch",
        en=f"“{title.en}” ({name}) is not known, so the feature is regarded at every horizon",
    )
    answer.settle(unknown, "not_checked", "missing_attribute", why)
    answer.decide(~unknown)

    def say(row: int, language: Language) -> str:
        value = layer.code_title(name, basis[row]).say(language)
        label, subject = lower_first(title.say(language)), answer.names[language][row]
        return f"{label} của {subject} là “{value}”" if language == "vi" else f"the {label} of {subject} is “{value}”"

    answer.said.update(sentences(len(answer.ids), say))
    return answer
