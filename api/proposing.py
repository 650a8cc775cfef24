"""Proposals in plain values, the same for pages, programs and the command line: differences, checks, conflicts."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any, Final

from gis.review import CHANGES, Change, ReviewComparison, compare_changes
from layers.proposals import (
    ProposalStore,
    change_summary,
    check_changes,
    get_proposal,
    keep_checks,
    kept_checks,
    list_comments,
    list_events,
    touched_features,
)
from layers.store import Store, StoreView
from layers.types import LANGUAGES, Language, Text

__all__ = ["proposal_checks", "proposal_document"]

JsonObject = dict[str, Any]
#: Layers without which there is no planning review.
_REVIEWED: Final = frozenset({"parks", "rules", "coverage", "planning_zones", "constraint_areas"})
_UNDECIDED: Final = ("no_data", "not_checked")
_NO_REVIEW: Final = Text(
    vi="Không rà soát quy hoạch: kho không có đủ các lớp mà việc rà soát cần.",
    en="No planning review: the store does not have the layers that it needs.",
)


def proposal_document(store: Store, proposal: str, language: Language) -> JsonObject:
    """Return a proposal with what it changes, what happened to it and what was said.

    Parameters
    ----------
    store : Store
        The plan, as the reader may see it.
    proposal : str
        Its id.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    dict
        Plain values.

    Raises
    ------
    UnknownProposalError
        If there is none.
    """
    titles = {layer: definition.title.say(language) for layer, definition in store.layers().items()}
    summary = change_summary(store, proposal)
    comments = list_comments(store, proposal)
    return {
        **get_proposal(store, proposal).document(language),
        "changes": [{"layer": layer, "title": titles[layer], **counts} for layer, counts in summary.items()],
        "events": [event.document(language) for event in list_events(store, proposal)],
        "comments": len(comments),
        "open_comments": sum(one.parent is None and not one.resolved for one in comments),
    }


def proposal_checks(
    store: Store, proposal: str, language: Language, *, progress: Callable[[Text, float], object] | None = None
) -> JsonObject:
    """Return what validation and the planning review say of a proposal, against the plan as it is now.

    They are made once for each version of the proposal and changeset of the plan; for who does not see all of the plan,
    each time on what he sees.

    Parameters
    ----------
    store : Store
        The plan, as the reader may see it.
    proposal : str
        Its id.
    language : {"vi", "en"}
        The reader's language.
    progress : callable, optional
        Is told what is done, and which share of all.

    Returns
    -------
    dict
        `proposal`, `version`, `against`, `summary`, `validation` and `reviews`, one for each horizon at which it can
        change anything.

    Raises
    ------
    UnknownProposalError
        If there is none.
    """
    found, against = get_proposal(store, proposal), store.latest()
    key: dict[str, Any] = {"version": found.version, "changeset": against}
    whole = not isinstance(store, StoreView)
    if whole and (kept := kept_checks(store, found.id, name=language, **key)) is not None:
        return kept
    documents = _checked(store, found.id, progress)
    made = {one: {"version": found.version, "against": against, **documents[one]} for one in LANGUAGES}
    if whole and get_proposal(store, proposal).version == found.version and store.latest() == against:
        for one in LANGUAGES:
            keep_checks(store, found.id, name=one, document=made[one], **key)
    return made[language]


def _checked(
    store: Store, proposal: str, progress: Callable[[Text, float], object] | None
) -> dict[Language, JsonObject]:
    if progress is not None:
        progress(Text(vi="Kiểm tra đối tượng", en="Checking the features"), 0.0)
    validation = check_changes(store, proposal)
    definitions = store.layers()
    reviewed = definitions.keys() >= _REVIEWED
    comparisons = {}
    if reviewed:
        proposed = ProposalStore(store, proposal)
        touched = touched_features(store, proposal)
        comparisons = compare_changes(
            store.read,
            proposed.read,
            touched,
            definitions=definitions,
            partial=store.core.narrow,
            progress=progress,
        )
    summary = _summary(validation.summary(), comparisons.values())
    told = [_told(one) for one in comparisons.values()]
    return {
        language: {
            "proposal": proposal,
            "language": language,
            "summary": summary,
            "validation": validation.document(language),
            "reviews": [one.document(language) for one in told],
            "notes": [] if reviewed else [_NO_REVIEW.say(language)],
        }
        for language in LANGUAGES
    }


def _told(comparison: ReviewComparison) -> ReviewComparison:
    """Leave out what was not decided before and is not decided now: it is counted, and the review itself tells it."""
    findings = comparison.findings
    silent = (findings["change"] == "unchanged") & findings["outcome"].isin(_UNDECIDED)
    return replace(comparison, findings=findings[~silent])


def _summary(
    issues: dict[Change, dict[str, int]], comparisons: Iterable[ReviewComparison]
) -> dict[str, dict[str, dict[str, int]]]:
    """Count new, fixed and unchanged findings; one that is there at several horizons counts once."""
    found = [one.findings for one in comparisons]
    review: dict[str, dict[str, int]] = {}
    for change in CHANGES:
        ids: dict[str, set[str]] = {"fail": set(), "warning": set(), "no_data": set(), "not_checked": set()}
        for findings in found:
            for outcome, group in findings[findings["change"] == change].groupby("outcome"):
                ids[str(outcome)].update(group.index)
        review[change] = {outcome: len(named) for outcome, named in ids.items()}
    return {"validation": {change: dict(counts) for change, counts in issues.items()}, "review": review}
