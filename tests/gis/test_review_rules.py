"""Rules as data: which are decided, which are not and why, and what a faulty one is told."""

from __future__ import annotations

from typing import Any

import pytest

from gis.errors import RuleError
from gis.review import REASON_TITLES, REASONS, frames_reader, review_plan
from layers.catalogue import shipped_definitions
from layers.errors import UnknownFieldError, UnknownLayerError
from tests.gis.small_plan import HORIZON, box, one, park, reader, review, rule, verdict

BELT = {"field": "green_belt_m"}


def belt(**over: str) -> dict[str, Any]:
    return rule("attribute", BELT, ">=", "10", "m", **over)


@pytest.mark.parametrize(
    ("over", "reason", "vi", "en"),
    [
        ({"state": "replaced"}, "replaced_rule", "quy định không còn là căn cứ (đã được thay thế)", "(replaced)"),
        ({"state": "replaced for new plans"}, "replaced_rule", "đối với quy hoạch mới", "(replaced for new plans)"),
        ({"confidence": "low"}, "low_confidence", "nguồn có độ tin cậy thấp", "rests on a source of low confidence"),
        ({"confidence": ""}, "low_confidence", "nguồn có độ tin cậy thấp", "rests on a source of low confidence"),
        ({"checkable": "needs table"}, "rule_not_machine_checkable", "(cần bảng của văn bản)", "(needs table)"),
        ({"check": ""}, "no_check", "chưa gắn phép kiểm tra nào", "no kind of check is bound to it"),
        ({"threshold": ""}, "no_threshold", "chưa biết ngưỡng", "its threshold is not known"),
        (
            {"threshold": "10/8/1"},
            "rule_not_machine_checkable",
            "ngưỡng “10/8/1 m” không phải là một con số duy nhất",
            "its threshold “10/8/1 m” is not one single number",
        ),
        (
            {"threshold": "5", "unit_en": "ha, or 3 % of industrial land", "unit_vi": "ha, hoặc 3% đất công nghiệp"},
            "rule_not_machine_checkable",
            "ngưỡng “5 ha, hoặc 3% đất công nghiệp” không phải",
            "its threshold “5 ha, or 3 % of industrial land” is not one single number",
        ),
    ],
)
def test_a_rule_that_cannot_be_decided_is_told_once(over: dict[str, str], reason: str, vi: str, en: str) -> None:
    """Even a park that would break it gets neither pass nor fail."""
    checked = review({"R": belt(**over)}, parks={"a": park(green_belt_m=1.0)})

    found: Any = checked.findings.iloc[0]
    assert len(checked.findings) == 1
    assert (found["outcome"], found["reason"], found["feature_id"]) == ("not_checked", reason, "")
    assert vi in found["message_vi"]
    assert en in found["message_en"]
    assert found["message_vi"].startswith("Chưa kiểm tra “Điều kiểm tra” (QCVN 01:2021/BXD, 2.5): ")
    assert found["message_en"].startswith("Not checked: “The rule” (QCVN 01:2021/BXD, 2.5): ")
    assert list(checked.rules.loc["R", ["status", "reason"]]) == ["not_checked", reason]


def test_replaced_comes_before_low_confidence() -> None:
    checked = review({"R": belt(state="replaced", confidence="low")}, parks={"a": park()})
    assert checked.rules.loc["R", "reason"] == "replaced_rule"


@pytest.mark.parametrize("state", ["old standard, voluntary", "being replaced"])
def test_breaking_a_rule_that_does_not_bind_is_a_warning(state: str) -> None:
    checked = review({"R": belt(state=state)}, parks={"a": park(green_belt_m=9.0), "b": park(green_belt_m=10.0)})

    assert verdict(checked, "R:parks:a") == ("warning", "not_binding")
    assert verdict(checked, "R:parks:b") == ("pass", "")
    assert one(checked, "R:parks:a")["message_vi"] == (
        "Dải cây xanh cách ly của KCN Thử là 9 m, không đạt yêu cầu không nhỏ hơn 10 m (QCVN 01:2021/BXD, 2.5). "
        "Quy định này không bắt buộc hoặc đang được thay thế nên đây chỉ là cảnh báo."
    )
    assert one(checked, "R:parks:a")["message_en"] == (
        "The green isolation belt of Test Park is 9 m, which breaks the limit of at least 10 m (QCVN 01:2021/BXD, 2.5)."
        " The rule is voluntary or being replaced, so this is only a warning."
    )


def test_severity_warning_weakens_a_fail() -> None:
    checked = review({"R": belt(severity="warning")}, parks={"a": park(green_belt_m=9.0)})
    assert verdict(checked, "R:parks:a") == ("warning", "")


def test_a_rule_without_subjects_says_so() -> None:
    wanted = rule("attribute", {**BELT, "where": {"status": "operating"}}, ">=", "10", "m")
    checked = review({"R": wanted}, parks={"a": park(status="proposed", green_belt_m=1.0)})

    assert verdict(checked, "R:parks:") == ("no_data", "no_features")
    assert one(checked, "R:parks:")["message_vi"] == (
        "Không có dữ liệu để kiểm tra “Điều kiểm tra” (QCVN 01:2021/BXD, 2.5): lớp “Khu công nghiệp” không có đối "
        "tượng nào thuộc diện áp dụng ở mốc này."
    )
    assert one(checked, "R:parks:")["message_en"] == (
        "There is no data to check “The rule” (QCVN 01:2021/BXD, 2.5): the layer “Industrial parks” has no feature to "
        "which it applies at this horizon."
    )


def test_a_feature_that_may_fall_under_the_rule_is_not_checked() -> None:
    wanted = rule("attribute", {**BELT, "where": {"status": "operating", "kind": "hi_tech_park"}}, ">=", "10", "m")
    checked = review(
        {"R": wanted},
        parks={
            "unknown": park(kind="hi_tech_park", green_belt_m=1.0),
            "excluded": park(kind="industrial_cluster"),
            "meant": park(kind="hi_tech_park", status="operating", green_belt_m=1.0),
        },
    )

    assert verdict(checked, "R:parks:unknown") == ("not_checked", "missing_attribute")
    assert verdict(checked, "R:parks:meant") == ("fail", "")
    assert set(checked.findings["feature_id"]) == {"unknown", "meant"}
    assert "“Tình trạng” (status) nên chưa rõ quy định có áp dụng" in one(checked, "R:parks:unknown")["message_vi"]
    assert "“Status” (status) is empty, so it is not known whether" in one(checked, "R:parks:unknown")["message_en"]


def test_bands_meet_without_gap_and_the_stricter_one_has_the_border() -> None:
    low = rule("attribute", {"field": "green_belt_m", "band": {"field": "area_ha", "max": 200}}, ">=", "20", "m")
    high = rule("attribute", {"field": "green_belt_m", "band": {"field": "area_ha", "min": 200}}, ">=", "30", "m")
    parks = {
        "below": park(area_ha=199.9, green_belt_m=25.0),
        "border": park(area_ha=200.0, green_belt_m=25.0),
        "unknown": park(green_belt_m=25.0),
    }

    checked = review({"low": low, "high": high}, parks=parks)

    assert verdict(checked, "low:parks:below") == ("pass", "")
    assert verdict(checked, "high:parks:border") == ("fail", "")
    assert "low:parks:border" not in checked.findings.index
    assert verdict(checked, "low:parks:unknown") == verdict(checked, "high:parks:unknown")
    assert verdict(checked, "low:parks:unknown") == ("not_checked", "missing_attribute")


@pytest.mark.parametrize(
    ("row", "vi", "en"),
    [
        (
            belt(check="reserve"),
            "gặp check 'reserve', cần area_match, attribute, lookup",
            "saw check 'reserve', wanted area_m",
        ),
        (belt(comparator="range"), "gặp comparator 'range', cần >=, <=", "saw comparator 'range', wanted >=, <="),
        (
            belt(severity="error"),
            "gặp severity 'error', cần fail, warning",
            "saw severity 'error', wanted fail, warning",
        ),
        (
            rule("attribute", "{not JSON", ">=", "1", "m"),
            "gặp params: '{not JSON', cần JSON hợp lệ",
            "saw params: '{not JSON', wanted valid JSON",
        ),
        (
            rule("attribute", {"fields": "x"}, ">=", "1", "m"),
            "gặp params.fields: fields, cần subject, where",
            "saw params.fields: fields, wanted subject, where",
        ),
        (
            rule("attribute", {"field": "area_ha", "band": {"field": "area_ha", "min": 5, "max": 5}}, ">=", "1", "ha"),
            "gặp params.band: min 5.0, max 5.0, cần min nhỏ hơn max",
            "saw params.band: min 5.0, max 5.0, wanted min below max",
        ),
        (
            rule("overlap", {"other": "roads", "others": [{"layer": "roads"}]}, "<=", "0", "ha"),
            "gặp params: other, others, cần một trong hai",
            "saw params: other, others, wanted one of them",
        ),
        (
            rule("overlap", {"other_where": {"a": 1}}, "<=", "0", "ha"),
            "gặp params: other_where, cần kèm lớp",
            "saw params: other_where, wanted with the layer",
        ),
        (
            rule("attribute", {}, ">=", "1", "m"),
            "cần tham số 'field'",
            "saw check 'attribute': params, wanted 'field' in it",
        ),
        (rule("overlap", {}, "<=", "0", "ha"), "cần 'other' hoặc 'others'", "wanted 'other' or 'others'"),
        (
            rule("attribute", {"field": "belt"}, ">=", "1", "m"),
            "gặp field parks.belt, cần name_vi",
            "saw field parks.belt",
        ),
        (
            rule("attribute", {"subject": "estates", "field": "x"}, ">=", "1", "m"),
            "gặp layer 'estates'",
            "saw layer 'estates'",
        ),
        (
            rule("attribute", {"field": "area_ha"}, ">=", "1", "years"),
            "gặp parks.area_ha [ha], cần [years]",
            "saw parks.area_ha [ha], wanted [years]",
        ),
        (
            rule("separation", {"other": "roads"}, ">=", "1", "km"),
            "gặp unit 'km', cần separation: m",
            "saw unit 'km', wanted separation: m",
        ),
        (
            rule("share", {"subject": "plots", "other": "plots"}, ">=", "1", "%"),
            "gặp subject 'plots', cần parks",
            "saw subject 'plots', wanted parks",
        ),
        (
            rule("presence", {"other": "telecom"}, "<=", "1", "stations"),
            "gặp comparator '<=', cần >=",
            "saw comparator '<=', wanted >=",
        ),
    ],
)
def test_a_faulty_rule_is_named_with_what_was_seen_and_wanted(row: dict[str, Any], vi: str, en: str) -> None:
    with pytest.raises(RuleError) as caught:
        review({"MY-1": row}, parks={"a": park(box(0, 0, 10, 10), area_ha=1.0)}, plots={"p": {"name": "x"}})

    assert caught.value.message("vi").startswith("Quy tắc MY-1 không dùng được: ")
    assert caught.value.message("en").startswith("The rule MY-1 cannot be used: ")
    assert vi in caught.value.message("vi")
    assert en in caught.value.message("en")


@pytest.mark.parametrize(
    "row",
    [
        rule("attribute", {"field": "land_price"}, ">=", "1", "ha"),
        rule("separation", {"other": "secrets"}, ">=", "1", "m"),
        rule("attribute", {"field": "area_ha", "where": {"negotiation": ["open"]}}, ">=", "1", "ha"),
    ],
)
def test_a_rule_about_what_a_reader_may_not_see_is_not_checked_and_never_passed(row: dict[str, Any]) -> None:
    rows = {"HIDDEN": row, "SEEN": rule("attribute", {"field": "area_ha"}, ">=", "1", "ha")}
    read = reader(rows, parks={"a": park(box(0, 0, 10, 10), area_ha=2.0)})
    found = review_plan(read, horizon=HORIZON, partial=True).findings.set_index("rule_id")
    assert found.loc["SEEN", "outcome"] == "pass"
    assert (found.loc["HIDDEN", "outcome"], found.loc["HIDDEN", "reason"]) == ("not_checked", "not_seen")
    assert found.loc["HIDDEN", "message_en"].endswith("it looks at data that its reader may not see.")
    assert found.loc["HIDDEN", "message_vi"].endswith("quy định dùng dữ liệu mà người đọc không được xem.")
    with pytest.raises(RuleError):
        review_plan(read, horizon=HORIZON)


def test_units_are_brought_to_the_unit_of_the_rule() -> None:
    checked = review({"R": rule("attribute", {"field": "area_ha"}, ">=", "500", "m2")}, parks={"a": park(area_ha=0.05)})

    assert verdict(checked, "R:parks:a") == ("pass", "")
    assert one(checked, "R:parks:a")["measured"] == pytest.approx(500.0)


def test_a_missing_layer_is_named() -> None:
    with pytest.raises(UnknownLayerError, match="There is no layer 'rules'"):
        review_plan(frames_reader({}), horizon=2030)


def test_a_rules_layer_without_a_column_is_named() -> None:
    frames = {
        "rules": frames_reader({}, definitions=shipped_definitions())("rules", horizon=2030).drop(columns="check")
    }
    read = frames_reader(frames, definitions=shipped_definitions())
    with pytest.raises(UnknownFieldError, match="The layer rules has no field 'check'"):
        review_plan(read, horizon=2030)


def test_a_rule_counts_only_while_it_is_in_force_at_the_horizon() -> None:
    read = reader({"R": belt(valid_from="2031-01-01")}, parks={"a": park(green_belt_m=1.0)})

    assert review_plan(read, horizon=2030).findings.empty
    assert review_plan(read, horizon=2031).findings["outcome"].tolist() == ["fail"]


def test_every_reason_has_a_title_in_both_languages() -> None:
    assert set(REASON_TITLES) == set(REASONS)
    assert all(title.vi and title.en for code, title in REASON_TITLES.items() if code)
