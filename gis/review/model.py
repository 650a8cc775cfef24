"""The words of a review: outcomes, reasons, rules."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from gis.review.params import CheckParams
from layers.types import Text

__all__ = [
    "FINDING_COLUMNS",
    "OUTCOMES",
    "OUTCOME_TITLES",
    "REASONS",
    "REASON_TITLES",
    "Comparator",
    "Outcome",
    "Reason",
    "Rule",
]

Outcome = Literal["fail", "warning", "no_data", "not_checked", "pass"]
#: Worst first: the order in which findings of a park are summed up.
OUTCOMES: Final[tuple[Outcome, ...]] = get_args(Outcome)
OUTCOME_TITLES: Final[dict[Outcome, Text]] = {
    "fail": Text(vi="không đạt", en="fail"),
    "warning": Text(vi="cảnh báo", en="warning"),
    "no_data": Text(vi="không có dữ liệu", en="no data"),
    "not_checked": Text(vi="chưa kiểm tra", en="not checked"),
    "pass": Text(vi="đạt", en="pass"),
}

Reason = Literal[
    "",
    "areas_disagree",
    "duty_applies",
    "label_spelling",
    "low_confidence",
    "missing_attribute",
    "no_check",
    "no_features",
    "no_geometry",
    "no_threshold",
    "not_binding",
    "not_covered",
    "not_seen",
    "replaced_rule",
    "rule_not_machine_checkable",
    "schematic_geometry",
    "stale",
]
REASONS: Final[tuple[Reason, ...]] = get_args(Reason)
REASON_TITLES: Final[dict[Reason, Text]] = {
    "": Text(vi="", en=""),
    "areas_disagree": Text(vi="diện tích chưa khớp", en="areas do not add up"),
    "duty_applies": Text(vi="phát sinh nghĩa vụ", en="a duty applies"),
    "label_spelling": Text(vi="tên ghi chưa chuẩn", en="spelling of a name"),
    "low_confidence": Text(vi="độ tin cậy thấp", en="low confidence"),
    "missing_attribute": Text(vi="thiếu thuộc tính", en="missing attribute"),
    "no_check": Text(vi="chưa có phép kiểm tra", en="no check is bound"),
    "no_features": Text(vi="không có đối tượng", en="no features"),
    "no_geometry": Text(vi="không có hình học", en="no geometry"),
    "no_threshold": Text(vi="chưa có ngưỡng", en="no threshold"),
    "not_binding": Text(vi="quy định không bắt buộc", en="the rule does not bind"),
    "not_covered": Text(vi="ngoài vùng có dữ liệu", en="not covered by data"),
    "not_seen": Text(vi="không được xem", en="not yours to see"),
    "replaced_rule": Text(vi="quy định đã được thay thế", en="replaced rule"),
    "rule_not_machine_checkable": Text(vi="máy không kiểm tra được", en="not machine checkable"),
    "schematic_geometry": Text(vi="hình học sơ đồ", en="schematic geometry"),
    "stale": Text(vi="dữ liệu cũ", en="stale data"),
}

Comparator = Literal[">=", "<=", ">", "<", "="]

FINDING_COLUMNS: Final = (
    "rule_id", "layer", "feature_id", "other_id", "park_id", "outcome", "reason", "measured", "wanted", "comparator",
    "unit_vi", "unit_en", "title_vi", "title_en", "citation_vi", "citation_en", "confidence", "message_vi",
    "message_en", "geometry",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the layer `rules`, read.

    Attributes
    ----------
    id : str
        Its stable id.
    title, unit, applies_to, citation : Text
        In both languages; the citation is document and article.
    comparator : str
        ``>=``, ``<=``, ``>``, ``<``, ``=`` or empty.
    threshold : float or None
        The limit, if it is one plain number.
    threshold_text : str
        The limit as it is written.
    state, checkable, confidence, severity, topic : str
        As in the layer.
    check : str
        Kind of check, empty if none is bound.
    params : CheckParams
        What to check.
    """

    id: str
    title: Text
    unit: Text
    applies_to: Text
    citation: Text
    comparator: str
    threshold: float | None
    threshold_text: str
    state: str
    checkable: str
    confidence: str
    severity: str
    topic: str
    check: str
    params: CheckParams

    @property
    def binding(self) -> bool:
        """Whether breaking the rule can be a fail: it is in force, or a check of the house."""
        return self.state.startswith(("in force", "house check"))

    def with_params(self, params: CheckParams) -> Rule:
        """Return the rule with other parameters.

        Parameters
        ----------
        params : CheckParams
            The parameters.

        Returns
        -------
        Rule
            A new rule.
        """
        return replace(self, params=params)
