"""From what was found to what it means: the standing of the rule, the quality of the data, and the sentence said."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis.review.answer import Answer, keeps
from gis.review.checks import CHECKS
from gis.review.context import Context
from gis.review.layer import StrArray
from gis.review.model import FINDING_COLUMNS, REASON_TITLES, Reason, Rule
from gis.review.select import Subjects
from gis.review.wording import COMPARISONS, capital, say_number, spaced
from layers.definitions import STORE_CRS
from layers.types import LANGUAGES, Language, Text

__all__ = ["Part", "doubtful_answer", "findings_of", "join_findings", "rule_finding"]

#: Findings of one rule, column by column; a frame of its own for each rule would cost more than the checks.
Part = dict[str, StrArray]
_NOTHING: Final = np.empty(0, dtype=object)

#: Why a rule could not be put to any feature, as a clause.
_RULE_REASONS: Final[dict[Reason, Text]] = {
    "replaced_rule": Text(vi="quy định không còn là căn cứ ({state})", en="the rule is no longer in force ({state})"),
    "low_confidence": Text(
        vi="nội dung quy định mới dựa trên nguồn có độ tin cậy thấp", en="the rule rests on a source of low confidence"
    ),
    "rule_not_machine_checkable": Text(
        vi="máy không kiểm tra được quy định này ({checkable})",
        en="a machine cannot check this rule ({checkable})",
    ),
    "no_check": Text(vi="chưa gắn phép kiểm tra nào", en="no kind of check is bound to it"),
    "not_seen": Text(
        vi="quy định dùng dữ liệu mà người đọc không được xem", en="it looks at data that its reader may not see"
    ),
    "no_threshold": Text(vi="chưa biết ngưỡng", en="its threshold is not known"),
    "no_features": Text(
        vi="lớp “{layer}” không có đối tượng nào thuộc diện áp dụng ở mốc này",
        en="the layer “{layer}” has no feature to which it applies at this horizon",
    ),
}
_NO_SINGLE_LIMIT: Final = Text(
    vi="ngưỡng “{threshold} {unit}” không phải là một con số duy nhất",
    en="its threshold “{threshold} {unit}” is not one single number",
)
_WEAKER: Final[dict[str, Text]] = {
    "schematic_geometry": Text(
        vi="Hình học mới là sơ đồ nên đây chỉ là cảnh báo.", en="The geometry is a sketch, so this is only a warning."
    ),
    "low_confidence": Text(
        vi="Giá trị dựa trên nguồn có độ tin cậy thấp nên đây chỉ là cảnh báo.",
        en="The value is of low confidence, so this is only a warning.",
    ),
    "not_binding": Text(
        vi="Quy định này không bắt buộc hoặc đang được thay thế nên đây chỉ là cảnh báo.",
        en="The rule is voluntary or being replaced, so this is only a warning.",
    ),
}
_DOUBTS: Final[dict[str, Text]] = {
    "schematic_geometry": Text(vi="hình học mới là sơ đồ", en="the geometry is a sketch"),
    "low_confidence": Text(vi="giá trị dựa trên nguồn có độ tin cậy thấp", en="the value is of low confidence"),
}


def findings_of(rule: Rule, answer: Answer, subjects: Subjects, context: Context) -> Part:
    """Weigh an answer and put it into words.

    Parameters
    ----------
    rule : Rule
        The rule.
    answer : Answer
        Every row settled.
    subjects : Subjects
        What was judged.
    context : Context
        The layers.

    Returns
    -------
    dict of str to ndarray
        `FINDING_COLUMNS`, one entry a finding; the geometry in EPSG:4326 or None.
    """
    outcome, reason = _weigh(rule, answer)
    messages: dict[Language, list[str]] = {
        language: [_message(rule, answer, (outcome[row], reason[row]), row, language) for row in range(len(outcome))]
        for language in LANGUAGES
    }
    return _part(
        rule,
        count=len(outcome),
        layer=subjects.layer.id,
        feature_id=answer.ids,
        other_id=answer.other,
        park_id=_park_ids(answer, subjects, context),
        outcome=outcome,
        reason=reason,
        measured=answer.measured,
        confidence=np.where(answer.low, "low", rule.confidence),
        message_vi=messages["vi"],
        message_en=messages["en"],
        geometry=_places(answer, subjects, context),
    )


def _part(rule: Rule, *, count: int, **columns: Any) -> Part:
    """Bring every column to one length; what is said of the rule stands in every row."""
    said = {
        "rule_id": rule.id,
        "wanted": np.nan if rule.threshold is None else rule.threshold,
        "comparator": rule.comparator,
        "unit_vi": rule.unit.vi,
        "unit_en": rule.unit.en,
        "title_vi": rule.title.vi,
        "title_en": rule.title.en,
        "citation_vi": rule.citation.vi,
        "citation_en": rule.citation.en,
        **columns,
    }
    part: Part = {}
    for name in FINDING_COLUMNS:
        column = np.empty(count, dtype=object)
        column[:] = said[name]
        part[name] = column
    return part


def _weigh(rule: Rule, answer: Answer) -> tuple[StrArray, StrArray]:
    """Let no sketch, no doubtful value and no voluntary rule speak as loud as it could."""
    outcome, reason = answer.verdict.copy(), answer.reason.copy()
    for flag, why in ((answer.indicative, "schematic_geometry"), (answer.low, "low_confidence")):
        failed = flag & (outcome == "fail")
        passed = flag & (outcome == "pass")
        reason[failed | passed] = why
        outcome[failed], outcome[passed] = "warning", "not_checked"
    failed = outcome == "fail"
    if not rule.binding:
        outcome[failed], reason[failed] = "warning", "not_binding"
    elif rule.severity == "warning":
        outcome[failed] = "warning"
    return outcome, reason


def _park_ids(answer: Answer, subjects: Subjects, context: Context) -> StrArray:
    if len(answer.ids) != len(subjects.rows) or (answer.ids == "").any():
        return np.full(len(answer.ids), "", dtype=object)
    return context.park_ids(subjects.layer.id)[0][subjects.rows]


def _places(answer: Answer, subjects: Subjects, context: Context) -> StrArray:
    """Where it happens in EPSG:4326: the place measured, else the subject's own geometry."""
    places = np.full(len(answer.ids), None, dtype=object)
    if len(answer.ids) == len(subjects.rows) and not (answer.ids == "").any():
        places[:] = subjects.layer.frame.geometry.to_numpy()[subjects.rows]
    moved = ~shapely.is_missing(answer.place) & ~shapely.is_empty(answer.place)
    if moved.any():
        series = gpd.GeoSeries(answer.place[moved], crs=context.metric_crs)
        places[moved] = series.to_crs(STORE_CRS).to_numpy()
    return places


def _message(rule: Rule, answer: Answer, weighed: tuple[str, str], row: int, language: Language) -> str:
    outcome, reason = weighed
    said, why, name = answer.said[language][row], answer.why[language][row], answer.names[language][row]
    title = rule.title.say(language)
    if outcome in ("pass", "fail", "warning"):
        weaker = _WEAKER[reason].say(language) if reason in _WEAKER else ""
        return f"{capital(said)}{_verdict(rule, answer, outcome, row, language)}. {weaker}".rstrip()
    if reason in _DOUBTS and not why:
        why = _DOUBTS[reason].say(language)
    if said and reason in _DOUBTS:
        why += {"vi": f"; giá trị để tham khảo: {said}", "en": f"; as an indication: {said}"}[language]
    if outcome == "not_checked":
        return {
            "vi": f"Chưa kiểm tra được “{title}” đối với {name}: {why}.",
            "en": f"“{title}” was not checked for {name}: {why}.",
        }[language]
    return {
        "vi": f"Không có dữ liệu để kết luận “{title}” đối với {name}: {why}.",
        "en": f"There is no data to decide “{title}” for {name}: {why}.",
    }[language]


def _verdict(rule: Rule, answer: Answer, outcome: str, row: int, language: Language) -> str:
    """Return the clause that holds the value against the limit, with the place where the limit is written."""
    if not CHECKS[rule.check].needs_threshold or rule.threshold is None:
        return ""
    measured = float(answer.measured[row])
    limit = spaced(say_number(rule.threshold, language, beside=measured), rule.unit.say(language))
    wanted = f"{COMPARISONS[rule.comparator].say(language)} {limit}"
    cited = rule.citation.say(language)
    cited = f" ({cited})" if cited else ""
    if rule.check == "trigger":
        return _duty_verdict(rule, answer, row, language, wanted) + cited
    kept = outcome == "pass"
    if language == "vi":
        return f", {'đạt' if kept else 'không đạt'} yêu cầu {wanted}{cited}"
    return f", which {'meets' if kept else 'breaks'} the limit of {wanted}{cited}"


def _duty_verdict(rule: Rule, answer: Answer, row: int, language: Language, wanted: str) -> str:
    if not keeps(answer.measured[row : row + 1], rule)[0]:
        outside = {
            "vi": f", chưa thuộc diện áp dụng ({wanted})",
            "en": f", so the duty does not apply to it (it does to {wanted})",
        }
        return outside[language]
    state = {"pass": Text(vi="đã đáp ứng", en="it is met"), "fail": Text(vi="chưa đáp ứng", en="it is not met")}.get(
        str(answer.verdict[row]), Text(vi="cần chứng minh đã đáp ứng", en="it has to be shown to be met")
    )
    shown = answer.why[language][row]
    title = rule.title.say(language)
    if language == "vi":
        return f", thuộc diện áp dụng ({wanted}) của “{title}”; {f'{shown} nên ' if shown else ''}{state.vi}"
    return f", so “{title}” applies ({wanted}); {f'{shown}, so ' if shown else ''}{state.en}"


def doubtful_answer(subjects: Subjects) -> tuple[Answer, Subjects]:
    """Return the answer for features to which the rule may or may not apply.

    Parameters
    ----------
    subjects : Subjects
        With doubtful features.

    Returns
    -------
    (Answer, Subjects)
        Every one not checked, with the field that is empty; and these features as subjects.
    """
    layer = subjects.layer
    doubtful = Subjects(layer, subjects.doubtful, subjects.rows[:0], subjects.doubt[:0])
    answer = doubtful.answer()
    for name in np.unique(subjects.doubt.astype(str)):
        title = layer.field_title(str(name))
        why = Text(
            vi=f"thiếu thuộc tính “{title.vi}” ({name}) nên chưa rõ quy định có áp dụng hay không",
            en=f"the attribute “{title.en}” ({name}) is empty, so it is not known whether the rule applies",
        )
        answer.settle(np.asarray(subjects.doubt == name, dtype=bool), "not_checked", "missing_attribute", why)
    return answer, doubtful


def rule_finding(rule: Rule, reason: Reason, context: Context) -> Part:
    """Return the one finding of a rule that could not be put to any feature.

    Parameters
    ----------
    rule : Rule
        The rule.
    reason : str
        Why.
    context : Context
        The layers, for their titles.

    Returns
    -------
    dict of str to ndarray
        One finding with an empty feature id.
    """
    outcome = "no_data" if reason == "no_features" else "not_checked"
    clause = _RULE_REASONS.get(reason, REASON_TITLES[reason])
    if reason == "rule_not_machine_checkable" and rule.checkable == "yes":
        clause = _NO_SINGLE_LIMIT
    rules = context.layer("rules")
    said: dict[Language, str] = {}
    for language in LANGUAGES:
        why = clause.say(language).format(
            state=rules.code_title("state", rule.state).say(language),
            threshold=rule.threshold_text,
            unit=rule.unit.say(language),
            checkable=rules.code_title("checkable", rule.checkable).say(language) or "–",
            layer=context.layer(rule.params.subject).title(language) if reason == "no_features" else "",
        )
        cited = rule.citation.say(language)
        title = f"“{rule.title.say(language)}”" + (f" ({cited})" if cited else "")
        said[language] = {
            "vi": f"{'Không có dữ liệu để kiểm tra' if outcome == 'no_data' else 'Chưa kiểm tra'} {title}: {why}.",
            "en": f"{'There is no data to check' if outcome == 'no_data' else 'Not checked:'} {title}: {why}.",
        }[language]
    return _part(
        rule,
        count=1,
        layer=rule.params.subject if rule.check else "",
        feature_id="",
        other_id="",
        park_id="",
        outcome=outcome,
        reason=reason,
        measured=np.nan,
        confidence=rule.confidence,
        message_vi=said["vi"],
        message_en=said["en"],
        geometry=None,
    )


def join_findings(parts: list[Part]) -> gpd.GeoDataFrame:
    """Put findings together, each under a stable id.

    Parameters
    ----------
    parts : list of dict of str to ndarray
        As `findings_of` and `rule_finding` give them.

    Returns
    -------
    GeoDataFrame
        Index `finding_id` (``rule:layer:feature``), sorted; `FINDING_COLUMNS`; EPSG:4326.
    """
    joined = {name: np.concatenate([_NOTHING, *(part[name] for part in parts)]) for name in FINDING_COLUMNS}
    keys = zip(joined["rule_id"], joined["layer"], joined["feature_id"], strict=True)
    ids = pd.Index([f"{rule}:{layer}:{feature}" for rule, layer, feature in keys], name="finding_id", dtype="str")
    columns = {
        name: pd.array(values, dtype="float64" if name in ("measured", "wanted") else "str")
        for name, values in joined.items()
        if name != "geometry"
    }
    geometry = gpd.GeoSeries(joined["geometry"], index=ids, crs=STORE_CRS)
    return gpd.GeoDataFrame(pd.DataFrame(columns, index=ids), geometry=geometry).sort_index(kind="stable")
