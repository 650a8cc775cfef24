"""Two lists of findings about the same things, before and after a change: what is new, what is fixed, what stays."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, get_args

import shapely

from layers.geojson import COORDINATE_DECIMALS
from layers.types import Language, Text
from layers.validation.model import Issue
from layers.validation.rules import RULES

__all__ = ["CHANGES", "CHANGE_TITLES", "Change", "ComparedIssue", "IssueComparison", "compare_issues"]

Change = Literal["new", "fixed", "unchanged"]
CHANGES: Final[tuple[Change, ...]] = get_args(Change)
CHANGE_TITLES: Final[dict[Change, Text]] = {
    "new": Text(vi="mới phát sinh", en="new"),
    "fixed": Text(vi="đã khắc phục", en="fixed"),
    "unchanged": Text(vi="không đổi", en="unchanged"),
}


@dataclass(frozen=True, slots=True)
class ComparedIssue:
    """One issue, and what a change does to it.

    Attributes
    ----------
    change : {"new", "fixed", "unchanged"}
        What.
    issue : Issue
        As it is after the change; a fixed one, as it was before. Without its row.
    measured_before : float or None
        How much it was before, in the unit of the issue.
    """

    change: Change
    issue: Issue
    measured_before: float | None = None

    def document(self, language: Language = "en") -> dict[str, Any]:
        """Return it as plain values, ready for JSON.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        dict
            With a point of its place, longitude and latitude.
        """
        issue, rule = self.issue, RULES[self.issue.rule]
        return {
            "change": self.change,
            "change_title": CHANGE_TITLES[self.change].say(language),
            "rule": issue.rule,
            "title": rule.title.say(language),
            "severity": issue.severity,
            "layer": issue.layer,
            "feature_id": issue.feature_id,
            "field": issue.field,
            "other": issue.other,
            "measured": issue.measured,
            "measured_before": self.measured_before,
            "unit": issue.unit,
            "message": issue.message(language),
            "fix": rule.fix.say(language),
            "coordinate": _point(issue),
        }


@dataclass(frozen=True)
class IssueComparison:
    """What a change does to the issues of what it touches.

    Attributes
    ----------
    issues : tuple of ComparedIssue
        New ones first, then fixed, then unchanged ones; errors before warnings.
    """

    issues: tuple[ComparedIssue, ...]

    def summary(self) -> dict[Change, dict[str, int]]:
        """Count them by change and severity.

        Returns
        -------
        dict of str to dict of str to int
            Every change and both severities.
        """
        counts: dict[Change, dict[str, int]] = {change: {"error": 0, "warning": 0} for change in CHANGES}
        for one in self.issues:
            counts[one.change][one.issue.severity] += 1
        return counts

    def document(self, language: Language = "en") -> dict[str, Any]:
        """Return the comparison as plain values, ready for JSON.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        dict
            `summary` and `issues`.
        """
        return {"summary": self.summary(), "issues": [one.document(language) for one in self.issues]}


def compare_issues(before: Iterable[Issue], after: Iterable[Issue]) -> IssueComparison:
    """Compare the issues of two states.

    Two issues are the same where rule, layer, feature, field and other feature are; of several, the greatest are.

    Parameters
    ----------
    before, after : iterable of Issue
        Of the same features; what was put right does not count.

    Returns
    -------
    IssueComparison
        Every issue of either, once.
    """
    old, new = _by_key(before), _by_key(after)
    found: list[ComparedIssue] = []
    # Issues are few: a loop over them.
    for key in {**new, **old}:
        was, now = old.get(key, []), new.get(key, [])
        both = min(len(was), len(now))
        found += [ComparedIssue("unchanged", now[i], was[i].measured) for i in range(both)]
        found += [ComparedIssue("new", issue) for issue in now[both:]]
        found += [ComparedIssue("fixed", issue, issue.measured) for issue in was[both:]]
    found.sort(key=lambda one: (CHANGES.index(one.change), one.issue.severity != "error", _text(one.issue)))
    return IssueComparison(tuple(found))


def _by_key(issues: Iterable[Issue]) -> dict[Hashable, list[Issue]]:
    grouped: dict[Hashable, list[Issue]] = {}
    for issue in issues:
        if issue.repair is None:
            pair = frozenset({issue.feature_id, issue.other})
            grouped.setdefault((issue.rule, issue.layer, pair, issue.field), []).append(replace(issue, row=None))
    return {key: sorted(group, key=_size) for key, group in grouped.items()}


def _size(issue: Issue) -> tuple[float, str]:
    return (-(issue.measured or 0.0), "" if issue.place is None else issue.place.wkt)


def _text(issue: Issue) -> tuple[str, ...]:
    return tuple(str(part or "") for part in (issue.layer, issue.rule, issue.feature_id, issue.field, issue.other))


def _point(issue: Issue) -> Sequence[float] | None:
    if issue.place is None or issue.place.is_empty:
        return None
    point = shapely.point_on_surface(issue.place)
    return [round(point.x, COORDINATE_DECIMALS), round(point.y, COORDINATE_DECIMALS)]
