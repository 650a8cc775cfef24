"""The planning review: how the parks stand against the rules, at every horizon of the plans.

Rules are data: rows of the layer `rules`, each bound to one kind of check. A finding is the outcome of one rule on one
feature: pass, fail, warning, not checked (with the reason) or no data. No data never means that there is no
constraint.
"""

from gis.review.checks import CHECKS
from gis.review.comparing import (
    CHANGE_TITLES,
    CHANGES,
    Change,
    ReviewComparison,
    compare_changes,
    compare_reviews,
    touched_horizons,
)
from gis.review.context import LayerReader, frames_reader
from gis.review.model import (
    FINDING_COLUMNS,
    OUTCOME_TITLES,
    OUTCOMES,
    REASON_TITLES,
    REASONS,
    Outcome,
    Reason,
)
from gis.review.result import Review
from gis.review.runner import LEDGER_LAYERS, review_horizons, review_plan, zone_change

__all__ = [
    "CHANGES",
    "CHANGE_TITLES",
    "CHECKS",
    "FINDING_COLUMNS",
    "LEDGER_LAYERS",
    "OUTCOMES",
    "OUTCOME_TITLES",
    "REASONS",
    "REASON_TITLES",
    "Change",
    "LayerReader",
    "Outcome",
    "Reason",
    "Review",
    "ReviewComparison",
    "compare_changes",
    "compare_reviews",
    "frames_reader",
    "review_horizons",
    "review_plan",
    "touched_horizons",
    "zone_change",
]
