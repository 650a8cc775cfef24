"""The kinds of check: one vectorised function each, by the name that rules call it by."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from gis.review.answer import Answer
from gis.review.checks.distances import reach, separation
from gis.review.checks.land import area_match, share
from gis.review.checks.overlaps import overlap, within
from gis.review.checks.places import place_match, presence
from gis.review.checks.values import attribute, lookup, time_known, trigger
from gis.review.context import Context
from gis.review.model import Rule
from gis.review.select import Subjects

__all__ = ["CHECKS", "Check"]


class Check(NamedTuple):
    """One kind of check.

    Attributes
    ----------
    answer : callable
        Puts a rule to its subjects.
    needs_threshold : bool
        Whether it compares with a threshold.
    unit : str
        The measure the threshold must be in; empty for any.
    """

    answer: Callable[[Rule, Context, Subjects], Answer]
    needs_threshold: bool
    unit: str = ""


CHECKS: Final[Mapping[str, Check]] = MappingProxyType(
    {
        "area_match": Check(area_match, needs_threshold=True, unit="%"),
        "attribute": Check(attribute, needs_threshold=True),
        "lookup": Check(lookup, needs_threshold=False),
        "overlap": Check(overlap, needs_threshold=True),
        "place_match": Check(place_match, needs_threshold=False),
        "presence": Check(presence, needs_threshold=False),
        "reach": Check(reach, needs_threshold=True, unit="m"),
        "separation": Check(separation, needs_threshold=True, unit="m"),
        "share": Check(share, needs_threshold=True, unit="%"),
        "time_known": Check(time_known, needs_threshold=False),
        "trigger": Check(trigger, needs_threshold=True),
        "within": Check(within, needs_threshold=True, unit="%"),
    }
)
