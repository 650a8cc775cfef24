"""What a check found for each subject, before the standing of the rule is weighed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from gis.overlay import BoolArray, FloatArray, GeometryArray
from gis.review.layer import StrArray
from gis.review.model import Outcome, Reason, Rule
from gis.review.wording import unit_of
from layers.types import LANGUAGES, Language, Text

__all__ = ["TOLERANCE", "Answer", "compare", "keeps", "say_nothing"]

#: How far floating-point noise may carry a measured value past its limit, by unit: one millimetre, one square metre.
TOLERANCE: Final[dict[str, float]] = {"m": 1e-3, "m2": 1.0, "ha": 1e-4, "%": 1e-6}
_OTHER_TOLERANCE: Final = 1e-9


def say_nothing(count: int) -> dict[Language, StrArray]:
    """Return empty texts, to be filled row by row.

    Parameters
    ----------
    count : int
        Number of rows.

    Returns
    -------
    dict of str to ndarray of str
        By language.
    """
    return {language: np.full(count, "", dtype=object) for language in LANGUAGES}


def compare(measured: FloatArray, comparator: str, limit: float, *, unit: str = "") -> BoolArray:
    """Return which values keep a limit; exactly at it keeps ``>=``, ``<=`` and ``=``.

    Parameters
    ----------
    measured : ndarray of float, shape (n,)
        Values.
    comparator : str
        ``>=``, ``<=``, ``>``, ``<`` or ``=``.
    limit : float
        The limit, in the same unit.
    unit : str, default: ""
        Unit of both, for the tolerance.

    Returns
    -------
    ndarray of bool, shape (n,)
        NaN keeps nothing.

    Examples
    --------
    >>> compare(np.array([9.9, 10.0, np.nan]), ">=", 10.0, unit="%").tolist()
    [False, True, False]
    """
    slack = TOLERANCE.get(unit, _OTHER_TOLERANCE)
    if comparator == ">=":
        kept = measured >= limit - slack
    elif comparator == "<=":
        kept = measured <= limit + slack
    elif comparator == ">":
        kept = measured > limit + slack
    elif comparator == "<":
        kept = measured < limit - slack
    else:
        kept = np.abs(measured - limit) <= slack
    return np.asarray(kept, dtype=bool)


def keeps(measured: FloatArray, rule: Rule) -> BoolArray:
    """Return which values keep a rule.

    Parameters
    ----------
    measured : ndarray of float, shape (n,)
        Values in the unit of the rule.
    rule : Rule
        With a comparator and a threshold.

    Returns
    -------
    ndarray of bool, shape (n,)
        NaN keeps nothing.
    """
    limit = np.nan if rule.threshold is None else rule.threshold
    return compare(measured, rule.comparator, limit, unit=unit_of(rule.unit.en))


@dataclass(eq=False)
class Answer:
    """One row per subject; a row is settled once and then stays as it is.

    Attributes
    ----------
    ids : ndarray of str, shape (n,)
        The subjects; an empty id stands for all of them together.
    names : dict of str to ndarray of str
        What to call them, by language.
    measured : ndarray of float, shape (n,)
        In the unit of the rule; NaN where nothing was measured.
    verdict : ndarray of str, shape (n,)
        An outcome, empty until settled.
    reason : ndarray of str, shape (n,)
        Why it is no plain pass or fail.
    said, why : dict of str to ndarray of str
        What was measured, and why nothing was decided: clauses without a full stop, by language.
    other : ndarray of str, shape (n,)
        The feature that decided, as ``layer:id``.
    place : ndarray of geometry, shape (n,)
        Where it happens, in the metric CRS; None for the subject's own geometry.
    indicative, low : ndarray of bool, shape (n,)
        Whether a sketch or a value of low confidence decided.
    """

    ids: StrArray
    names: dict[Language, StrArray]
    measured: FloatArray
    verdict: StrArray
    reason: StrArray
    said: dict[Language, StrArray]
    why: dict[Language, StrArray]
    other: StrArray
    place: GeometryArray
    indicative: BoolArray
    low: BoolArray

    @classmethod
    def start(cls, ids: StrArray, names: dict[Language, StrArray]) -> Answer:
        """Return an answer in which nothing is settled.

        Parameters
        ----------
        ids : ndarray of str, shape (n,)
            The subjects.
        names : dict of str to ndarray of str
            What to call them.

        Returns
        -------
        Answer
            All rows open.
        """
        n = len(ids)
        return cls(
            ids=ids,
            names=names,
            measured=np.full(n, np.nan),
            verdict=np.full(n, "", dtype=object),
            reason=np.full(n, "", dtype=object),
            said=say_nothing(n),
            why=say_nothing(n),
            other=np.full(n, "", dtype=object),
            place=np.full(n, None, dtype=object),
            indicative=np.zeros(n, dtype=bool),
            low=np.zeros(n, dtype=bool),
        )

    @property
    def open(self) -> BoolArray:
        """Which rows are not settled."""
        return np.asarray(self.verdict == "", dtype=bool)

    def settle(self, rows: BoolArray, verdict: Outcome, reason: Reason = "", why: Text | None = None) -> None:
        """Settle the open ones among some rows.

        Parameters
        ----------
        rows : ndarray of bool, shape (n,)
            Which rows; those settled before stay as they are.
        verdict : str
            Their outcome.
        reason : str, default: ""
            Its reason.
        why : Text, optional
            The reason in words, as a clause.
        """
        chosen = rows & self.open
        self.verdict[chosen] = verdict
        self.reason[chosen] = reason
        if why is not None:
            for language in LANGUAGES:
                self.why[language][chosen] = why.say(language)

    def decide(self, kept: BoolArray) -> None:
        """Settle every open row as pass or fail.

        Parameters
        ----------
        kept : ndarray of bool, shape (n,)
            Whether the rule is kept.
        """
        self.settle(kept, "pass")
        self.settle(~kept, "fail")

    def take(self, other: Answer, rows: BoolArray) -> None:
        """Replace some rows by those of another answer on the same subjects.

        Parameters
        ----------
        other : Answer
            The other answer.
        rows : ndarray of bool, shape (n,)
            Which rows.
        """
        for name in ("measured", "verdict", "reason", "other", "place", "indicative", "low"):
            getattr(self, name)[rows] = getattr(other, name)[rows]
        for language in LANGUAGES:
            self.said[language][rows] = other.said[language][rows]
            self.why[language][rows] = other.why[language][rows]
