"""From rows of the layer `rules` to rules, and which of them can be decided at all."""

from __future__ import annotations

import math
import re
from typing import Any, Final, get_args

import pandas as pd

from gis.errors import RuleError
from gis.review.model import Comparator, Reason, Rule
from gis.review.params import parse_params
from layers.errors import UnknownFieldError
from layers.types import Text

__all__ = ["read_rules", "standing"]

_REQUIRED: Final = (
    "title_vi", "title_en", "comparator", "threshold", "unit_vi", "unit_en", "document", "article", "state",
    "checkable", "confidence", "severity", "check", "params",
)  # fmt: skip
_NUMBER: Final = re.compile(r"-?\d+(\.\d+)?")
_SEVERITIES: Final = ("", "fail", "warning")


def read_rules(features: pd.DataFrame, *, checks: frozenset[str]) -> list[Rule]:
    """Read rules from their layer.

    Parameters
    ----------
    features : DataFrame
        Features of the layer `rules`, ids as index.
    checks : frozenset of str
        Known kinds of check.

    Returns
    -------
    list of Rule
        In order of their ids, whatever the order of the rows.

    Raises
    ------
    UnknownFieldError
        If a column of the layer is missing.
    RuleError
        If a row has an unknown kind of check, comparator or severity, or parameters outside their vocabulary.
    """
    if missing := [name for name in _REQUIRED if name not in features.columns]:
        raise UnknownFieldError(seen=missing[0], wanted=", ".join(_REQUIRED), where="rules")
    rows = features.sort_index()
    # Rules are few and each is parsed from text: a loop over rows.
    return [
        _read_rule(str(rule_id), row, checks)
        for rule_id, row in zip(
            rows.index, rows.drop(columns="geometry", errors="ignore").to_dict("records"), strict=True
        )
    ]


def _read_rule(rule_id: str, row: dict[Any, Any], checks: frozenset[str]) -> Rule:
    text = {name: "" if pd.isna(value) else str(value).strip() for name, value in row.items()}
    check, comparator, severity = text["check"], text["comparator"], text["severity"]
    if check and check not in checks:
        raise RuleError(seen=f"check {check!r}", wanted=", ".join(sorted(checks)), where=rule_id)
    if check and comparator not in ("", *get_args(Comparator)):
        raise RuleError(seen=f"comparator {comparator!r}", wanted=", ".join(get_args(Comparator)), where=rule_id)
    if severity not in _SEVERITIES:
        raise RuleError(seen=f"severity {severity!r}", wanted="fail, warning", where=rule_id)
    return Rule(
        id=rule_id,
        title=_both(text, "title"),
        unit=_both(text, "unit"),
        applies_to=_both(text, "applies_to"),
        citation=_citation(text),
        comparator=comparator,
        threshold=_number(text["threshold"]),
        threshold_text=text["threshold"],
        state=text["state"],
        checkable=text["checkable"],
        confidence=text["confidence"],
        severity=severity or "fail",
        topic=text.get("topic", ""),
        check=check,
        params=parse_params(text["params"], rule=rule_id),
    )


def _both(text: dict[Any, str], name: str) -> Text:
    """Return both languages of a field; the one stands in for the other, and the plain field for both."""
    plain = text.get(name, "")
    vi, en = text.get(f"{name}_vi", "") or plain, text.get(f"{name}_en", "") or plain
    return Text(vi=vi or en, en=en or vi)


def _citation(text: dict[Any, str]) -> Text:
    document, article = _both(text, "document"), _both(text, "article")
    return Text(
        vi=", ".join(part for part in (document.vi, article.vi) if part),
        en=", ".join(part for part in (document.en, article.en) if part),
    )


def _number(text: str) -> float | None:
    if not _NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None


def standing(rule: Rule, *, needs_threshold: bool) -> Reason:
    """Return why a rule cannot be decided, before any feature is looked at.

    Parameters
    ----------
    rule : Rule
        The rule.
    needs_threshold : bool
        Whether its kind of check compares with a threshold.

    Returns
    -------
    str
        A reason, or an empty text if the rule can be decided. The first that applies, in the order of the docs:
        replaced, low confidence, not checkable by its own word, no check, no threshold, threshold not one number.
    """
    if rule.state.startswith("replaced"):
        return "replaced_rule"
    if rule.confidence not in ("high", "medium"):
        return "low_confidence"
    if rule.checkable != "yes":
        return "rule_not_machine_checkable"
    if not rule.check:
        return "no_check"
    if not needs_threshold:
        return ""
    if not rule.threshold_text or not rule.comparator:
        return "no_threshold"
    # "5 ha, or 3 % of industrial land": the second measure decides too, so the first alone would mislead.
    if rule.threshold is None or "," in rule.unit.en:
        return "rule_not_machine_checkable"
    return ""
