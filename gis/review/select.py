"""Finds the features that a rule speaks of, and those they are measured against."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from gis.errors import RuleError, RuleReferenceError
from gis.overlay import BoolArray, FloatArray, GeometryArray, IntArray, pair_positions
from gis.review.answer import Answer
from gis.review.context import Context
from gis.review.layer import Layer, StrArray
from gis.review.model import Rule
from gis.review.params import Selection, Where
from gis.review.wording import comma_list, lower_first, say_number
from layers.errors import UnknownFieldError, UnknownLayerError
from layers.types import LANGUAGES, Language, Text

__all__ = [
    "OR",
    "Others",
    "Subjects",
    "find_others",
    "find_subjects",
    "layer_of",
    "numbers_of",
    "settle_absence",
    "texts_of",
]

OR = Text(vi="hoặc", en="or")
#: How far a sketch or a label may lie from the thing it stands for. Label points of parks that were made from the
#: centre of an old commune are up to a few kilometres off; nearer than this, nothing can be called clear of a sketch.
SKETCH_REACH_M: Final = 2_000.0
AND = Text(vi="và", en="and")


def layer_of(rule: Rule, context: Context, name: str) -> Layer:
    """Return a layer that a rule names.

    Parameters
    ----------
    rule : Rule
        The rule.
    context : Context
        The layers.
    name : str
        The layer's id.

    Returns
    -------
    Layer
        The layer.

    Raises
    ------
    RuleError
        If there is no such layer.
    """
    try:
        return context.layer(name)
    except UnknownLayerError as error:
        raise RuleReferenceError(seen=f"layer {name!r}", wanted=error.wanted, where=rule.id) from error


def texts_of(rule: Rule, layer: Layer, name: str) -> StrArray:
    """Return a field that a rule names, as text.

    Parameters
    ----------
    rule : Rule
        The rule.
    layer : Layer
        The layer.
    name : str
        The field.

    Returns
    -------
    ndarray of str, shape (n,)
        Empty where unknown.

    Raises
    ------
    RuleError
        If the layer has no such field.
    """
    try:
        return layer.texts(name)
    except UnknownFieldError as error:
        raise RuleReferenceError(seen=f"field {layer.id}.{name}", wanted=error.wanted, where=rule.id) from error


def numbers_of(rule: Rule, layer: Layer, name: str) -> FloatArray:
    """Return a field that a rule names, as numbers.

    Parameters
    ----------
    rule : Rule
        The rule.
    layer : Layer
        The layer.
    name : str
        The field.

    Returns
    -------
    ndarray of float, shape (n,)
        NaN where unknown.

    Raises
    ------
    RuleError
        If the layer has no such field.
    """
    texts_of(rule, layer, name)
    return layer.numbers(name)


def _matches(rule: Rule, layer: Layer, where: Where) -> tuple[BoolArray, BoolArray, StrArray]:
    """Rows that match, rows that might because a field is empty, and that field."""
    certain = np.ones(len(layer.ids), dtype=bool)
    excluded = np.zeros(len(layer.ids), dtype=bool)
    field = np.full(len(layer.ids), "", dtype=object)
    for name, values in where.items():
        empty = texts_of(rule, layer, name) == ""
        hit = layer.column(name).isin(list(values)).to_numpy(dtype=bool)
        certain &= hit
        excluded |= ~hit & ~empty
        field[empty & (field == "")] = name
    return certain, ~certain & ~excluded, field


@dataclass(frozen=True, eq=False)
class Subjects:
    """The features that a rule judges.

    Attributes
    ----------
    layer : Layer
        Their layer.
    rows : ndarray of int
        Those to which the rule applies.
    doubtful : ndarray of int
        Those to which it may apply: a field that tells is empty.
    doubt : ndarray of str
        That field, for each doubtful one.
    """

    layer: Layer
    rows: IntArray
    doubtful: IntArray
    doubt: StrArray

    @cached_property
    def ids(self) -> StrArray:
        """Ids of `rows`."""
        return self.layer.ids[self.rows]

    @cached_property
    def geometry(self) -> GeometryArray:
        """Geometry of `rows`."""
        return self.layer.geometry[self.rows]

    @cached_property
    def names(self) -> dict[Language, StrArray]:
        """What to call `rows`."""
        return {language: self.layer.names[language][self.rows] for language in LANGUAGES}

    def answer(self) -> Answer:
        """Return an open answer for `rows`, flagged where their geometry is a sketch.

        Returns
        -------
        Answer
            Nothing settled.
        """
        answer = Answer.start(self.ids, self.names)
        answer.indicative[:] = self.layer.indicative[self.rows]
        return answer

    def settle_without_geometry(self, answer: Answer) -> None:
        """Settle the rows that have no geometry.

        Parameters
        ----------
        answer : Answer
            Of these subjects.
        """
        why = Text(vi="đối tượng chưa có hình học", en="the feature has no geometry")
        answer.settle(~self.layer.located[self.rows], "not_checked", "no_geometry", why)


def find_subjects(rule: Rule, context: Context) -> Subjects:
    """Return the features that a rule judges at the horizon.

    Parameters
    ----------
    rule : Rule
        The rule, with `subject`, `where` and `band`.
    context : Context
        The layers.

    Returns
    -------
    Subjects
        In order of their ids.

    Raises
    ------
    RuleError
        If the layer or a field is unknown.
    """
    params = rule.params
    layer = layer_of(rule, context, params.subject)
    certain, doubtful, field = _matches(rule, layer, params.where)
    if params.band is not None:
        band = params.band
        value = numbers_of(rule, layer, band.field)
        unknown = np.isnan(value)
        low = -np.inf if band.min is None else band.min
        high = np.inf if band.max is None else band.max
        inside = (value >= low) & (value < high)
        doubtful = (doubtful & (inside | unknown)) | (certain & unknown)
        field = np.where(unknown & (field == ""), band.field, field)
        certain &= inside
    rows = np.flatnonzero(doubtful)
    return Subjects(layer, np.flatnonzero(certain), rows, field[rows])


@dataclass(frozen=True, eq=False)
class Others:
    """What the subjects of a rule are measured against, out of one or several layers.

    Attributes
    ----------
    layers : tuple of Layer
        The layers.
    rows : tuple of ndarray of int
        For each layer the features that count.
    doubtful : ndarray of geometry
        Features that may count: a field that tells is empty.
    doubt : str
        That field.
    what : Text
        What they are, as words in a sentence.
    """

    layers: tuple[Layer, ...]
    rows: tuple[IntArray, ...]
    doubtful: GeometryArray
    doubt: str
    what: Text

    @cached_property
    def geometry(self) -> GeometryArray:
        """Their geometry."""
        return np.concatenate([layer.geometry[rows] for layer, rows in zip(self.layers, self.rows, strict=True)])

    @cached_property
    def ids(self) -> StrArray:
        """Their ids as ``layer:id``."""
        return np.array(
            [
                f"{layer.id}:{id_}"
                for layer, rows in zip(self.layers, self.rows, strict=True)
                for id_ in layer.ids[rows]
            ],
            dtype=object,
        )

    @cached_property
    def names(self) -> dict[Language, StrArray]:
        """What to call them."""
        return {
            language: np.concatenate(
                [layer.names[language][rows] for layer, rows in zip(self.layers, self.rows, strict=True)]
            )
            for language in LANGUAGES
        }

    @cached_property
    def indicative(self) -> BoolArray:
        """Which of them are only sketches."""
        return np.concatenate([layer.indicative[rows] for layer, rows in zip(self.layers, self.rows, strict=True)])


def find_others(rule: Rule, context: Context) -> Others:
    """Return what the subjects of a rule are measured against.

    Parameters
    ----------
    rule : Rule
        The rule, with `other` or `others`.
    context : Context
        The layers.

    Returns
    -------
    Others
        In the order the rule names them, then of their ids.

    Raises
    ------
    RuleError
        If it names none, or a layer or field is unknown.
    """
    targets = rule.params.targets
    if not targets:
        raise RuleError(
            seen=f"check {rule.check!r}: params", wanted=Text(vi="'other' hoặc 'others'", en="'other' or 'others'"),
            where=rule.id,
        )  # fmt: skip
    layers = tuple(layer_of(rule, context, target.layer) for target in targets)
    matched = [_matches(rule, layer, target.where) for layer, target in zip(layers, targets, strict=True)]
    doubtful = [layer.geometry[rows] for layer, (_, rows, _) in zip(layers, matched, strict=True)]
    fields = [str(name) for _, rows, names in matched for name in names[rows]]
    return Others(
        layers=layers,
        rows=tuple(np.flatnonzero(certain) for certain, _, _ in matched),
        doubtful=np.concatenate(doubtful),
        doubt=fields[0] if fields else "",
        what=_what(layers, targets),
    )


def _what(layers: Sequence[Layer], targets: Sequence[Selection]) -> Text:
    """Words for the layers and, where only some kinds count, for these."""
    words: dict[Language, str] = {}
    for language in LANGUAGES:
        found: list[str] = []
        for layer, target in zip(layers, targets, strict=True):
            codes = [layer.code_title(name, v).say(language) for name, values in target.where.items() for v in values]
            found.append(lower_first(layer.title(language)) + (f" ({'; '.join(codes)})" if codes else ""))
        words[language] = comma_list(found, language, last=OR)
    return Text(vi=words["vi"], en=words["en"])


def settle_absence(answer: Answer, rows: BoolArray, zones: GeometryArray, others: Others, context: Context) -> None:
    """Settle rows of which nothing was found, unless nothing is truly there.

    Parameters
    ----------
    answer : Answer
        Rows that stay open after this are completely covered by every layer asked.
    rows : ndarray of bool, shape (n,)
        Where nothing was found.
    zones : ndarray of geometry, shape (n,)
        Where something would have mattered, in the metric CRS.
    others : Others
        What was looked for.
    context : Context
        Coverage of the layers.
    """
    for layer in dict.fromkeys(others.layers):
        chosen = np.flatnonzero(rows & answer.open)
        answers = context.coverage(layer.id).of(zones[chosen])
        for position, row in enumerate(chosen):
            if answers.covered[position]:
                continue
            stale = bool(answers.stale[position])
            answer.verdict[row], answer.reason[row] = "no_data", "stale" if stale else "not_covered"
            for language in LANGUAGES:
                answer.why[language][row] = _uncovered(layer, stale, float(answers.missing_ha[position]), language)
    if len(others.doubtful):
        hit, _ = pair_positions(zones, others.doubtful)
        touched = np.zeros(len(answer.ids), dtype=bool)
        touched[hit] = True
        field = others.layers[0].field_title(others.doubt)
        why = Text(
            vi=f"tại đây có đối tượng chưa rõ “{field.vi}”",
            en=f"a feature here has no “{field.en}”, so it may be one of those asked about",
        )
        answer.settle(rows & touched, "not_checked", "missing_attribute", why)
    sketches = others.geometry[others.indicative]
    if len(sketches):
        hit, _ = pair_positions(zones, sketches, distance=SKETCH_REACH_M)
        near = np.zeros(len(answer.ids), dtype=bool)
        near[hit] = True
        why = Text(
            vi=f"gần đó có {others.what.vi} mới chỉ được vẽ sơ đồ",
            en=f"{others.what.en} nearby are drawn only as sketches",
        )
        answer.settle(rows & near, "not_checked", "schematic_geometry", why)


def _uncovered(layer: Layer, stale: bool, missing_ha: float, language: Language) -> str:  # noqa: FBT001 - private
    title = layer.title(language)
    if stale:
        return {
            "vi": f"dữ liệu phủ kín nơi này của lớp “{title}” đã cũ",
            "en": f"the coverage of the place by the layer “{title}” is stale",
        }[language]
    area = "" if np.isnan(missing_ha) else say_number(missing_ha, language)
    if language == "vi":
        return f"lớp “{title}” chưa phủ kín nơi này" + (f" (còn {area} ha chưa có dữ liệu)" if area else "")
    return f"the layer “{title}” does not cover the place" + (f" ({area} ha without data)" if area else "")
