"""Checks of place: does a feature lie in others, and how much of it."""

from __future__ import annotations

from typing import Final

import numpy as np
import shapely

from gis.overlay import SQUARE_METRES_PER_HECTARE, FloatArray, GeometryArray, IntArray, subtract
from gis.review.answer import Answer, keeps
from gis.review.context import Context
from gis.review.hits import Hits, find_hits, joined_hits
from gis.review.layer import Layer
from gis.review.model import Rule
from gis.review.select import Others, Subjects, find_others, settle_absence
from gis.review.wording import comma_list, say_number, sentences, spaced, unit_of
from layers.types import Language, Text

__all__ = ["hits_of", "measure_overlap", "overlap", "overlap_in_unit", "within"]

AND: Final = Text(vi="và", en="and")
#: So many features are named in a message, then "and more".
_NAMED: Final = 3


def overlap_in_unit(hits: Hits, subjects: GeometryArray, unit: str) -> FloatArray:
    """Return what each subject shares with the others in the unit of a rule.

    Parameters
    ----------
    hits : Hits
        Where they meet.
    subjects : ndarray of geometry
        The subjects.
    unit : str
        ``ha``, ``m2``, ``%`` of the subject, or anything else for the number of others hit.

    Returns
    -------
    ndarray of float
        0 without a hit.
    """
    if unit == "ha":
        return hits.area_m2 / SQUARE_METRES_PER_HECTARE
    if unit == "m2":
        return hits.area_m2
    if unit == "%":
        share = np.zeros(hits.count)
        whole = np.nan_to_num(shapely.area(subjects))
        return np.divide(100.0 * hits.area_m2, whole, out=share, where=whole > 0)
    return hits.number.astype(np.float64)


def measure_overlap(rule: Rule, context: Context, subjects: Subjects, answer: Answer) -> Others:
    """Measure how much of each subject lies in the others, and settle what cannot be known.

    Parameters
    ----------
    rule : Rule
        With `other` or `others`.
    context : Context
        The layers.
    subjects : Subjects
        What is judged.
    answer : Answer
        Gets `measured`, `other`, `place`; rows below a limit that more data could pass are settled as no data.

    Returns
    -------
    Others
        What was measured against.
    """
    others = find_others(rule, context)
    subjects.settle_without_geometry(answer)
    hits = hits_of(context, subjects, others.layers, others.rows)
    unit = unit_of(rule.unit.en)
    answer.measured[:] = np.where(
        subjects.layer.located[subjects.rows], overlap_in_unit(hits, subjects.geometry, unit), np.nan
    )
    answer.other[:] = hits.first(others.ids)
    answer.place[:] = hits.place
    exact = overlap_in_unit(hits.by(~others.indicative), subjects.geometry, unit)
    answer.indicative |= keeps(answer.measured, rule) != keeps(exact, rule)
    # More of the layer could only add to what was found, so it matters only where more would change the answer.
    kept = keeps(answer.measured, rule)
    may_grow = ~kept if rule.comparator in (">", ">=") else kept
    if rule.comparator == "=" and rule.threshold is not None:
        may_grow = kept | (answer.measured < rule.threshold)
    settle_absence(answer, may_grow, subjects.geometry, others, context)
    answer.said.update(
        sentences(len(answer.ids), lambda row, language: _say_overlap(rule, answer, (hits, others), row, language))
    )
    return others


def _say_overlap(rule: Rule, answer: Answer, found: tuple[Hits, Others], row: int, language: Language) -> str:
    hits, others = found
    if np.isnan(answer.measured[row]):
        return ""
    name = answer.names[language][row]
    start, end = hits.starts[row : row + 2]
    if start == end:
        nothing = {
            "vi": f"{name} không chồng lấn với {others.what.vi}",
            "en": f"{name} does not overlap {others.what.en}",
        }
        return nothing[language]
    ranked = hits.j[start:end][np.argsort(-hits.areas_m2[start:end], kind="stable")]
    titles = [f"“{others.names[language][j]}”" for j in ranked[:_NAMED]]
    more = len(set(ranked)) > _NAMED
    listed = comma_list(titles, language, last=AND) + (", …" if more else "")
    unit = unit_of(rule.unit.en)
    in_hectares = unit not in ("m2", "%")
    value = float(hits.area_m2[row] / SQUARE_METRES_PER_HECTARE) if in_hectares else float(answer.measured[row])
    number = spaced(
        say_number(value, language, beside=rule.threshold if unit != "" else None), "ha" if in_hectares else unit
    )
    if value == 0.0:
        return {"vi": f"{name} nằm chạm {listed}", "en": f"{name} meets {listed}"}[language]
    return {"vi": f"{name} chồng lấn {number} với {listed}", "en": f"{name} overlaps {listed} by {number}"}[language]


def overlap(rule: Rule, context: Context, subjects: Subjects) -> Answer:
    """Check how much of each subject lies in features it should keep out of.

    Parameters
    ----------
    rule : Rule
        With `other` or `others`; the unit says what is measured: ha, m2, % of the subject, else the number hit.
    context : Context
        The layers.
    subjects : Subjects
        What is judged.

    Returns
    -------
    Answer
        A limit that is kept only for want of data is no data.
    """
    answer = subjects.answer()
    measure_overlap(rule, context, subjects, answer)
    answer.decide(keeps(answer.measured, rule))
    return answer


def within(rule: Rule, context: Context, subjects: Subjects) -> Answer:
    """Check which share of each subject lies in features it should lie in.

    Parameters
    ----------
    rule : Rule
        With `other` or `others`, in percent of the subject.
    context : Context
        The layers.
    subjects : Subjects
        What is judged.

    Returns
    -------
    Answer
        The part outside counts against the subject only where the layer shows something else or is completely covered.
    """
    answer, others, shapes = subjects.answer(), find_others(rule, context), subjects.geometry
    subjects.settle_without_geometry(answer)
    hits = hits_of(context, subjects, others.layers, others.rows)
    answer.measured[:] = np.where(subjects.layer.located[subjects.rows], _share(hits, shapes), np.nan)
    answer.other[:] = hits.first(others.ids)
    kept = keeps(answer.measured, rule)
    answer.indicative |= kept & ~keeps(_share(hits.by(~others.indicative), shapes), rule)
    said = sentences(len(answer.ids), lambda row, language: _say_within(rule, answer, others, row, language))
    answer.said.update(said)
    answer.settle(kept, "pass")
    open_ = np.flatnonzero(answer.open)
    outside, unknown = _outside(context, subjects, others, hits, open_)
    answer.place[open_] = outside
    zones = np.full(len(shapes), None, dtype=object)
    zones[open_] = unknown
    # Had all that is unknown been inside, would the rule be kept? Only then is the answer open.
    most = answer.measured + _portion(zones, shapes)
    settle_absence(answer, ~shapely.is_missing(zones) & keeps(most, rule), zones, others, context)
    answer.decide(kept)
    return answer


def _outside(
    context: Context, subjects: Subjects, others: Others, hits: Hits, rows: IntArray
) -> tuple[GeometryArray, GeometryArray]:
    """Of some subjects the part outside the others, and of that the part where the layers show nothing at all."""
    shapes = subjects.geometry[rows]
    exact = tuple(np.flatnonzero(~layer.indicative) for layer in others.layers)
    anything = hits_of(context, subjects, others.layers, exact)
    areal = np.isin(shapely.get_type_id(shapes), (3, 6))
    nothing = np.array(None)
    parts = []
    for found in (hits, anything):
        rest = subtract(np.where(areal, shapes, nothing), found.place[rows])
        parts.append(np.where(areal, rest, np.where(found.number[rows] > 0, nothing, shapes)))
    outside, empty = parts
    # What a sketch of the wanted kind holds is not unknown.
    both = areal & ~shapely.is_missing(empty) & ~shapely.is_missing(hits.place[rows])
    empty[both] = subtract(empty[both], hits.place[rows][both])
    return outside, empty


def hits_of(context: Context, subjects: Subjects, layers: tuple[Layer, ...], rows: tuple[IntArray, ...]) -> Hits:
    """Return where subjects meet some features of some layers.

    Parameters
    ----------
    context : Context
        The layers; what parks meet is found once a layer and kept.
    subjects : Subjects
        What is judged.
    layers : tuple of Layer
        The layers of the others.
    rows : tuple of ndarray of int
        The features that count, for each layer.

    Returns
    -------
    Hits
        Positions of the others as if the layers stood behind each other.
    """
    before = np.cumsum([0, *(len(each) for each in rows)])
    if subjects.layer.id == "parks":
        return joined_hits(
            [
                context.park_hits(layer.id).between(subjects.rows, each, columns_before=int(start))
                for layer, each, start in zip(layers, rows, before[:-1], strict=True)
            ]
        )
    geometry = [layer.geometry[each] for layer, each in zip(layers, rows, strict=True)]
    return find_hits(subjects.geometry, np.concatenate(geometry))


def _share(hits: Hits, shapes: GeometryArray) -> FloatArray:
    areal = np.isin(shapely.get_type_id(shapes), (3, 6))
    return np.where(areal, overlap_in_unit(hits, shapes, "%"), np.where(hits.number > 0, 100.0, 0.0))


def _portion(parts: GeometryArray, shapes: GeometryArray) -> FloatArray:
    whole = np.nan_to_num(shapely.area(shapes))
    share = np.where(shapely.is_missing(parts), 0.0, 100.0)
    return np.divide(100.0 * np.nan_to_num(shapely.area(parts)), whole, out=share, where=whole > 0)


def _say_within(rule: Rule, answer: Answer, others: Others, row: int, language: Language) -> str:
    if np.isnan(answer.measured[row]):
        return ""
    name, number = answer.names[language][row], say_number(float(answer.measured[row]), language, beside=rule.threshold)
    what = others.what.say(language)
    return {"vi": f"{number}% của {name} nằm trong {what}", "en": f"{number}% of {name} lies in {what}"}[language]
