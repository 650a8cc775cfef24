"""Checks of place: does a feature lie in others, and how much of it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
import shapely

from gis.overlay import (
    SQUARE_METRES_PER_HECTARE,
    FloatArray,
    GeometryArray,
    IntArray,
    areal_pairs,
    pair_positions,
    subtract,
    unions_by_group,
)
from gis.review.answer import TOLERANCE, Answer, keeps
from gis.review.context import Context
from gis.review.layer import StrArray
from gis.review.model import Rule
from gis.review.select import Others, Subjects, find_others, settle_absence
from gis.review.wording import comma_list, say_number, sentences, spaced, unit_of
from layers.types import Language, Text

__all__ = ["Hits", "find_hits", "measure_overlap", "overlap", "overlap_in_unit", "within"]

AND: Final = Text(vi="và", en="and")
#: So many features are named in a message, then "and more".
_NAMED: Final = 3


@dataclass(frozen=True, eq=False)
class Hits:
    """Where subjects and others share an area, or meet at all if one of them has none.

    Attributes
    ----------
    count : int
        Number of subjects.
    i, j : ndarray of int
        Positions of each hit in subjects and others.
    common : ndarray of geometry
        The shared place.
    """

    count: int
    i: IntArray
    j: IntArray
    common: GeometryArray

    @cached_property
    def place(self) -> GeometryArray:
        """All shared places of each subject as one geometry; None without a hit."""
        return unions_by_group(self.common, self.i, count=self.count)

    @cached_property
    def area_m2(self) -> FloatArray:
        """Shared area of each subject; what two others share counts once."""
        return np.nan_to_num(np.asarray(shapely.area(self.place), dtype=np.float64))

    @cached_property
    def number(self) -> IntArray:
        """Number of others that each subject hits."""
        return np.bincount(self.i, minlength=self.count).astype(np.int64)

    def by(self, others: np.ndarray[tuple[int], np.dtype[np.bool_]]) -> Hits:
        """Return the hits by some of the others.

        Parameters
        ----------
        others : ndarray of bool
            Which of them.

        Returns
        -------
        Hits
            Of the same subjects.
        """
        kept = others[self.j]
        return Hits(self.count, self.i[kept], self.j[kept], self.common[kept])

    def first(self, ids: StrArray) -> StrArray:
        """Return the other that shares most with each subject.

        Parameters
        ----------
        ids : ndarray of str
            Ids of the others.

        Returns
        -------
        ndarray of str
            Empty without a hit.
        """
        found = np.full(self.count, "", dtype=object)
        order = np.lexsort((-self.j, shapely.area(self.common), self.i))
        found[self.i[order]] = ids[self.j[order]]
        return found


def find_hits(subjects: GeometryArray, others: GeometryArray) -> Hits:
    """Return where subjects and others meet; shared areas below one square metre are drawing noise.

    Parameters
    ----------
    subjects, others : ndarray of geometry
        Mended, in the metric CRS.

    Returns
    -------
    Hits
        Sorted by subject, then other.
    """
    areal, other_areal = (np.isin(shapely.get_type_id(each), (3, 6)) for each in (subjects, others))
    nothing = np.array(None)
    i, j, common = areal_pairs(np.where(areal, subjects, nothing), np.where(other_areal, others, nothing))
    real = shapely.area(common) > TOLERANCE["m2"]
    p, q = pair_positions(subjects, others)
    mixed = ~(areal[p] & other_areal[q])
    p, q = p[mixed], q[mixed]
    rows = np.concatenate([i[real], p])
    columns = np.concatenate([j[real], q])
    places = np.concatenate([common[real], shapely.intersection(subjects[p], others[q])])
    order = np.lexsort((columns, rows))
    return Hits(len(subjects), rows[order], columns[order], places[order])


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
    hits = find_hits(subjects.geometry, others.geometry)
    unit = unit_of(rule.unit.en)
    answer.measured[:] = np.where(
        subjects.layer.located[subjects.rows], overlap_in_unit(hits, subjects.geometry, unit), np.nan
    )
    answer.other[:] = hits.first(others.ids)
    answer.place[:] = hits.place
    exact = overlap_in_unit(hits.by(~others.indicative), subjects.geometry, unit)
    answer.indicative |= keeps(answer.measured, rule) != keeps(exact, rule)
    # More of the layer could only add to what was found, so it matters only where more would change the answer.
    may_grow = ~keeps(answer.measured, rule) if rule.comparator in (">", ">=") else keeps(answer.measured, rule)
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
    start, end = np.searchsorted(hits.i, [row, row + 1])
    if start == end:
        nothing = {
            "vi": f"{name} không chồng lấn với {others.what.vi}",
            "en": f"{name} does not overlap {others.what.en}",
        }
        return nothing[language]
    ranked = hits.j[start:end][np.argsort(-shapely.area(hits.common[start:end]), kind="stable")]
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
    hits = find_hits(shapes, others.geometry)
    answer.measured[:] = np.where(subjects.layer.located[subjects.rows], _share(hits, shapes), np.nan)
    answer.other[:] = hits.first(others.ids)
    kept = keeps(answer.measured, rule)
    answer.indicative |= kept & ~keeps(_share(hits.by(~others.indicative), shapes), rule)
    answer.said.update(
        sentences(len(answer.ids), lambda row, language: _say_within(rule, answer, others, row, language))
    )
    answer.settle(kept, "pass")
    outside = np.array(shapes, dtype=object)
    outside[hits.i] = None
    outside = np.where(np.isin(shapely.get_type_id(shapes), (3, 6)), subtract(shapes, hits.place), outside)
    answer.place[:] = np.where(kept, np.array(None), outside)
    known = [layer.geometry[~layer.indicative] for layer in others.layers]
    elsewhere = find_hits(outside, np.concatenate(known))
    unknown = np.array(outside, dtype=object)
    unknown[elsewhere.i[~np.isin(shapely.get_type_id(unknown[elsewhere.i]), (3, 6))]] = None
    unknown = _subtract_areal(unknown, elsewhere.place)
    still_open = ~shapely.is_missing(unknown) & answer.open
    # Had all that is unknown been inside, would the rule be kept? Only then is the answer open.
    most = answer.measured + _portion(unknown, shapes)
    settle_absence(answer, still_open & keeps(most, rule), unknown, others, context)
    answer.decide(kept)
    return answer


def _subtract_areal(left: GeometryArray, right: GeometryArray) -> GeometryArray:
    """Return `left` without `right` where `left` has an area, else `left`."""
    areal = np.isin(shapely.get_type_id(left), (3, 6))
    return np.where(areal, subtract(np.where(areal, left, np.array(None)), right), left)


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
