"""Checks of distance: keep at least so far from something, or have it within reach. Straight lines, edge to edge."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely

from gis.overlay import BoolArray, FloatArray, GeometryArray, IntArray, pair_positions
from gis.review.answer import TOLERANCE, Answer, keeps
from gis.review.context import Context
from gis.review.layer import StrArray
from gis.review.model import Rule
from gis.review.params import Selection
from gis.review.select import Others, Subjects, find_others, settle_absence
from gis.review.wording import say_number, sentences
from layers.types import Language

__all__ = ["reach", "separation"]


class _Nearest(NamedTuple):
    """The nearest other of each subject: position (-1 for none), metres, and how many lie within the limit."""

    other: IntArray
    metres: FloatArray
    within: IntArray


def _nearest(subjects: GeometryArray, ids: StrArray, others: Others, *, limit_m: float, exact: bool) -> _Nearest:
    """Measure to the nearest other that is not the subject itself; of equal ones the first counts."""
    count = len(subjects)
    shapes = np.array(others.geometry, dtype=object)
    if exact:
        shapes[others.indicative] = None
    i, j = pair_positions(subjects, shapes, distance=limit_m + TOLERANCE["m"])
    # Beyond the limit one nearest is enough, to be told; within it every one counts.
    far = np.setdiff1d(np.arange(count), i)
    p, q = _beyond(subjects, shapes, far)
    i, j = np.concatenate([i, p]), np.concatenate([j, q])
    other_than_self = ids[i] != others.ids[j]
    i, j = i[other_than_self], j[other_than_self]
    metres = shapely.distance(subjects[i], shapes[j])
    order = np.lexsort((j, metres, i))
    i, j, metres = i[order], j[order], metres[order]
    first = np.concatenate([[True], i[1:] != i[:-1]]) if len(i) else np.zeros(0, dtype=bool)
    nearest = np.full(count, -1, dtype=np.int64)
    nearest[i[first]] = j[first]
    least = np.full(count, np.nan)
    least[i[first]] = metres[first]
    inside = i[metres < limit_m - TOLERANCE["m"]]
    return _Nearest(nearest, least, np.bincount(inside, minlength=count).astype(np.int64))


def _beyond(subjects: GeometryArray, shapes: GeometryArray, far: IntArray) -> tuple[IntArray, IntArray]:
    rows = far[~shapely.is_missing(subjects[far])]
    if not len(rows) or shapely.is_missing(shapes).all():
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    i, j = shapely.STRtree(shapes).query_nearest(subjects[rows], all_matches=True)
    return rows[i], j.astype(np.int64)


def separation(rule: Rule, context: Context, subjects: Subjects) -> Answer:
    """Check how far each subject keeps from the nearest of the others.

    Parameters
    ----------
    rule : Rule
        With `other` or `others`, and a threshold in metres.
    context : Context
        The layers.
    subjects : Subjects
        What is judged.

    Returns
    -------
    Answer
        That nothing lies within the distance counts only where the others are completely covered that far.
    """
    answer, nearest, others = _measure(rule, context, subjects)
    limit_m = rule.threshold or 0.0
    kept = keeps(answer.measured, rule)
    near = ~np.isnan(answer.measured) & ~kept
    exact = _nearest(subjects.geometry, _own_ids(subjects), others, limit_m=limit_m, exact=True)
    # A conflict that does not need a sketch is told by the nearest feature that is none.
    firm = near & ~np.isnan(exact.metres) & ~keeps(exact.metres, rule)
    answer.indicative |= near & ~firm
    for into, value in ((nearest.other, exact.other), (nearest.metres, exact.metres), (nearest.within, exact.within)):
        into[firm] = value[firm]
    answer.measured[:] = nearest.metres
    _tell(rule, answer, subjects, nearest, others)
    answer.settle(near, "fail")
    settle_absence(answer, ~near, _zones(subjects.geometry, limit_m, answer.open), others, context)
    answer.settle(answer.open, "pass")
    return answer


def reach(rule: Rule, context: Context, subjects: Subjects) -> Answer:
    """Check whether each subject has one of the others within reach, or one of each kind.

    Parameters
    ----------
    rule : Rule
        With `other` or `others`, and a threshold in metres; with `field` and `codes` each of the codes must be reached.
    context : Context
        The layers.
    subjects : Subjects
        What is judged.

    Returns
    -------
    Answer
        That nothing lies within reach counts only where the others are completely covered that far.
    """
    params = rule.params
    if not (params.field and params.codes):
        return _reach_one(rule, context, subjects)
    answers = [_reach_one(_for_code(rule, code), context, subjects) for code in params.codes]
    # The kind that is farthest from being reached speaks for all of them.
    ranks = np.array([[_HARDEST.index(verdict) for verdict in answer.verdict] for answer in answers])
    worst = np.argmin(ranks, axis=0) if len(subjects.rows) else np.zeros(0, dtype=np.int64)
    result = answers[0]
    for number, answer in enumerate(answers):
        result.take(answer, worst == number)
    return result


_HARDEST = ("fail", "no_data", "not_checked", "warning", "pass")


def _for_code(rule: Rule, code: str) -> Rule:
    params = rule.params
    others = tuple(
        Selection(layer=target.layer, where={**target.where, str(params.field): (code,)}) for target in params.targets
    )
    changed = params.model_copy(update={"other": None, "other_where": {}, "others": others, "field": None, "codes": ()})
    return rule.with_params(changed)


def _reach_one(rule: Rule, context: Context, subjects: Subjects) -> Answer:
    answer, nearest, others = _measure(rule, context, subjects)
    limit_m = rule.threshold or 0.0
    kept = keeps(answer.measured, rule)
    exact = _nearest(subjects.geometry, _own_ids(subjects), others, limit_m=limit_m, exact=True)
    answer.indicative |= kept & ~keeps(exact.metres, rule)
    _tell(rule, answer, subjects, nearest, others)
    answer.settle(kept, "pass")
    settle_absence(answer, ~kept, _zones(subjects.geometry, limit_m, answer.open), others, context)
    answer.settle(answer.open, "fail")
    return answer


def _measure(rule: Rule, context: Context, subjects: Subjects) -> tuple[Answer, _Nearest, Others]:
    answer, others = subjects.answer(), find_others(rule, context)
    subjects.settle_without_geometry(answer)
    nearest = _nearest(subjects.geometry, _own_ids(subjects), others, limit_m=rule.threshold or 0.0, exact=False)
    answer.measured[:] = nearest.metres
    return answer, nearest, others


def _own_ids(subjects: Subjects) -> StrArray:
    return np.array([f"{subjects.layer.id}:{id_}" for id_ in subjects.ids], dtype=object)


def _zones(shapes: GeometryArray, limit_m: float, rows: BoolArray) -> GeometryArray:
    """Where something would have mattered; only where it is asked for, as buffers are dear."""
    zones = np.full(len(shapes), None, dtype=object)
    zones[rows] = shapely.buffer(shapes[rows], limit_m)
    return zones


def _tell(rule: Rule, answer: Answer, subjects: Subjects, nearest: _Nearest, others: Others) -> None:
    found = nearest.other >= 0
    targets = nearest.other[found]
    answer.other[found] = others.ids[targets]
    answer.place[found] = shapely.shortest_line(subjects.geometry[found], others.geometry[targets])

    def say(row: int, language: Language) -> str:
        name, what = answer.names[language][row], others.what.say(language)
        if nearest.other[row] < 0:
            return {"vi": f"chưa thấy {what} nào gần {name}", "en": f"no {what} are known near {name}"}[language]
        metres = say_number(float(nearest.metres[row]), language, beside=rule.threshold)
        other = others.names[language][nearest.other[row]]
        more = int(nearest.within[row]) - 1
        tail = f" (và {more} đối tượng khác gần hơn mức này)" if more > 0 else ""
        if language == "vi":
            return f"{name} cách {what} gần nhất (“{other}”) {metres} m{tail}"
        tail = f" ({more} more within the limit)" if more > 0 else ""
        return f"{name} lies {metres} m from the nearest of {what} (“{other}”){tail}"

    answer.said.update(sentences(len(answer.ids), say))
