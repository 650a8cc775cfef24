"""Shares of land, declared against drawn area, values, lists, duties and planned time."""

from __future__ import annotations

from typing import Any

import pytest

from tests.gis.small_plan import box, covered, one, park, review, rule, verdict

ROADS = rule(
    "share", {"other": "plots", "field": "land_use", "codes": ["GT"], "per": "park"}, ">=", "10", "% of park area"
)


def plot(land_use: str | None, area_ha: float | None, **values: Any) -> dict[str, Any]:
    return {"park_id": "a", "land_use": land_use, "area_ha": area_ha, **values}


def test_a_share_that_closes_is_decided() -> None:
    checked = review(
        {"R": ROADS},
        parks={"a": park(area_ha=100.0), "b": park(area_ha=100.0)},
        plots={
            "a1": plot("GT", 10.0),
            "a2": plot("CN", 90.0),
            "b1": plot("GT", 9.9, park_id="b"),
            "b2": plot("CN", 90.1, park_id="b"),
        },
    )

    assert verdict(checked, "R:parks:a") == ("pass", "")
    assert verdict(checked, "R:parks:b") == ("fail", "")
    found = one(checked, "R:parks:b")
    assert found["measured"] == pytest.approx(9.9)
    assert found["wanted"] == 10.0
    assert found["message_vi"] == (
        "Đất giao thông chiếm 9,9% diện tích KCN Thử, không đạt yêu cầu không nhỏ hơn 10% of park area "
        "(QCVN 01:2021/BXD, 2.5)."
    )
    assert found["message_en"] == (
        "The share of roads in the area of Test Park is 9.9%, which breaks the limit of at least 10% of park area "
        "(QCVN 01:2021/BXD, 2.5)."
    )


@pytest.mark.parametrize(
    ("plots", "outcome"),
    [
        ([plot("GT", 12.0), plot("CN", 40.0)], "pass"),  # 48 ha are open, but 12 % is enough already
        ([plot("GT", 2.0), plot("CN", 93.0)], "fail"),  # even the 5 ha left could bring it to 7 % only
        ([plot("GT", 8.0), plot("CN", 82.0)], "not_checked"),  # from 8 to 18 %
        ([plot("GT", 8.0), plot("CN", 82.0), plot(None, 10.0)], "not_checked"),  # a plot of unknown use may be a road
        ([plot("GT", 8.0), plot("CN", 82.0), plot("GT", None)], "not_checked"),  # a road of unknown area
        ([plot("GT", 11.0), plot("CN", 109.0)], "not_checked"),  # plots add up to 120 ha: 11 % of 100, 9.2 % of 120
    ],
)
def test_land_that_is_not_accounted_for_decides_nothing(plots: list[dict[str, Any]], outcome: str) -> None:
    checked = review(
        {"R": ROADS}, parks={"a": park(area_ha=100.0)}, plots={f"p{n}": row for n, row in enumerate(plots)}
    )

    assert verdict(checked, "R:parks:a") == (outcome, "areas_disagree" if outcome == "not_checked" else "")


def test_both_bounds_are_told() -> None:
    checked = review(
        {"R": ROADS}, parks={"a": park(area_ha=100.0)}, plots={"p": plot("GT", 8.0), "q": plot("CN", 82.0)}
    )

    found = one(checked, "R:parks:a")
    assert found["message_vi"] == (
        "Chưa kiểm tra được “Điều kiểm tra” đối với KCN Thử: các lô đã rõ chức năng cộng lại 90/100 ha của khu, "
        "nên tỷ lệ có thể từ 8% đến 18%."
    )
    assert found["message_en"] == (
        "“The rule” was not checked for Test Park: plots of known use add up to 90 ha of 100 ha, so the share may be "
        "from 8% to 18%."
    )


def test_plots_are_found_by_geometry_where_they_name_no_park() -> None:
    outline = box(0, 0, 1000, 1000)
    plots = {
        "road": {"land_use": "GT", "geometry": box(0, 0, 1000, 120), "position": "surveyed", "area_ha": 99.0},
        "factory": {"land_use": "CN", "geometry": box(0, 120, 1000, 1000)},
        "outside": {"land_use": "CN", "geometry": box(5000, 0, 6000, 1000)},
    }
    checked = review({"R": ROADS}, parks={"a": park(outline, area_ha=1.0, position="digitised")}, plots=plots)

    assert verdict(checked, "R:parks:a") == ("pass", "")
    assert one(checked, "R:parks:a")["measured"] == pytest.approx(12.0, abs=1e-6)

    sketched = review({"R": ROADS}, parks={"a": park(outline, area_ha=100.0, position="schematic")}, plots=plots)
    assert verdict(sketched, "R:parks:a") == ("not_checked", "schematic_geometry")
    assert "giá trị để tham khảo: đất giao thông chiếm 12%" in one(sketched, "R:parks:a")["message_vi"]
    assert "as an indication: the share of roads" in one(sketched, "R:parks:a")["message_en"]


def test_a_park_without_plots_is_never_a_fail() -> None:
    parks = {"far": park(box(0, 0, 100, 100)), "near": park(box(900, 0, 1000, 100)), "nowhere": park()}
    checked = review({"R": ROADS}, parks=parks, coverage={"c": covered("plots", box(800, -50, 1100, 200))})

    assert verdict(checked, "R:parks:far") == ("no_data", "not_covered")
    assert verdict(checked, "R:parks:nowhere") == ("no_data", "not_covered")
    assert verdict(checked, "R:parks:near") == ("no_data", "no_features")
    assert "đã phủ kín nơi này nhưng không có đối tượng nào của khu" in one(checked, "R:parks:near")["message_vi"]
    assert "covers the place but has no feature of this park" in one(checked, "R:parks:near")["message_en"]
    assert "chưa có đối tượng nào của khu và chưa phủ kín nơi này" in one(checked, "R:parks:far")["message_vi"]
    assert "has no feature of this park and does not cover" in one(checked, "R:parks:far")["message_en"]


def test_a_park_without_an_area_is_missing_an_attribute() -> None:
    checked = review({"R": ROADS}, parks={"a": park()}, plots={"p": plot("GT", 8.0)})

    assert verdict(checked, "R:parks:a") == ("not_checked", "missing_attribute")
    assert "thiếu thuộc tính “Diện tích công bố” (area_ha)" in one(checked, "R:parks:a")["message_vi"]


@pytest.mark.parametrize(("confidence", "area_ha"), [("low", 100.0), ("high", 100.0)])
def test_a_value_of_low_confidence_speaks_softly(confidence: str, area_ha: float) -> None:
    size = rule("attribute", {"field": "area_ha"}, "<=", "50", "ha")
    roomy = rule("attribute", {"field": "area_ha"}, "<=", "500", "ha")
    checked = review({"A": size, "B": roomy}, parks={"a": park(area_ha=area_ha, confidence=confidence)})

    low = confidence == "low"
    assert verdict(checked, "A:parks:a") == (("warning", "low_confidence") if low else ("fail", ""))
    assert verdict(checked, "B:parks:a") == (("not_checked", "low_confidence") if low else ("pass", ""))
    assert one(checked, "A:parks:a")["confidence"] == confidence
    if low:
        assert "Giá trị dựa trên nguồn có độ tin cậy thấp" in one(checked, "A:parks:a")["message_vi"]
        assert "The value is of low confidence, so" in one(checked, "A:parks:a")["message_en"]
        assert "độ tin cậy thấp; giá trị để tham khảo: diện tích" in one(checked, "B:parks:a")["message_vi"]


def test_the_fact_of_the_field_counts_before_the_row() -> None:
    size = rule("attribute", {"field": "area_ha"}, "<=", "50", "ha")
    fact = {"layer": "parks", "feature": "a", "field": "area_ha", "confidence": "high"}
    checked = review({"A": size}, parks={"a": park(area_ha=60.0, confidence="low")}, facts={"f": fact})

    assert verdict(checked, "A:parks:a") == ("fail", "")


def test_a_ratio_and_the_sum_over_all() -> None:
    housing = {"field": "worker_housing_ha", "of": "area_ha"}
    each = rule("attribute", housing, ">=", "2", "% of park area")
    together = rule("attribute", {**housing, "per": "all"}, ">=", "2", "% of total park area")
    parks = {"a": park(area_ha=100.0, worker_housing_ha=5.0), "b": park(area_ha=100.0, worker_housing_ha=0.0)}

    checked = review({"each": each, "all": together}, parks=parks)

    assert verdict(checked, "each:parks:a") == ("pass", "")
    assert verdict(checked, "each:parks:b") == ("fail", "")
    assert verdict(checked, "all:parks:") == ("pass", "")
    assert one(checked, "all:parks:")["measured"] == pytest.approx(2.5)
    assert one(checked, "all:parks:")["message_vi"].startswith(
        "Đất nhà ở công nhân của cả 2 đối tượng của lớp “Khu công nghiệp” bằng 2,5% diện tích công bố, đạt yêu cầu"
    )
    assert one(checked, "all:parks:")["message_en"].startswith(
        "The worker housing land of all 2 features of the layer “Industrial parks” is 2.5% of the published area, which"
    )

    open_ = review({"all": together}, parks={**parks, "c": park(area_ha=10.0)})
    assert verdict(open_, "all:parks:") == ("not_checked", "missing_attribute")
    assert (
        "(worker_housing_ha) hoặc “Diện tích công bố” (area_ha) ở 1 đối tượng" in one(open_, "all:parks:")["message_vi"]
    )
    assert "(worker_housing_ha) or “Published area” (area_ha) is empty in 1" in one(open_, "all:parks:")["message_en"]


def test_a_ratio_to_nothing_is_no_number() -> None:
    each = rule("attribute", {"field": "worker_housing_ha", "of": "area_ha"}, ">=", "2", "%")
    checked = review({"R": each}, parks={"a": park(area_ha=0.0, worker_housing_ha=5.0)})
    assert verdict(checked, "R:parks:a") == ("not_checked", "missing_attribute")


def test_exactly_at_the_limit_keeps_it_and_strict_does_not() -> None:
    rules = {
        name: rule("attribute", {"field": "area_ha"}, comparator, "100", "ha")
        for name, comparator in (("ge", ">="), ("le", "<="), ("gt", ">"), ("lt", "<"), ("eq", "="))
    }
    checked = review(rules, parks={"a": park(area_ha=100.0)})

    outcomes = {name: verdict(checked, f"{name}:parks:a")[0] for name in rules}
    assert outcomes == {"ge": "pass", "le": "pass", "gt": "fail", "lt": "fail", "eq": "pass"}


def test_a_value_close_to_its_limit_is_written_so_that_the_difference_shows() -> None:
    checked = review(
        {"R": rule("attribute", {"field": "area_ha"}, ">=", "100", "ha")}, parks={"a": park(area_ha=99.9991)}
    )

    assert verdict(checked, "R:parks:a") == ("fail", "")
    assert "là 99,999 ha, không đạt yêu cầu không nhỏ hơn 100 ha" in one(checked, "R:parks:a")["message_vi"]


DUTY = {"field": "area_ha", "duty": {"field": "phases", "comparator": ">=", "value": 2}}


def test_a_duty_applies_from_its_limit_on_and_is_met_or_not() -> None:
    phasing = rule("trigger", DUTY, ">", "500", "ha")
    parks = {
        "small": park(area_ha=500.0),
        "met": park(area_ha=640.0, phases=2),
        "broken": park(area_ha=640.0, phases=1),
        "open": park(area_ha=640.0),
        "unknown": park(),
    }
    checked = review({"R": phasing}, parks=parks)

    assert verdict(checked, "R:parks:small") == ("pass", "")
    assert verdict(checked, "R:parks:met") == ("pass", "")
    assert verdict(checked, "R:parks:broken") == ("fail", "")
    assert verdict(checked, "R:parks:open") == ("warning", "duty_applies")
    assert verdict(checked, "R:parks:unknown") == ("not_checked", "missing_attribute")
    assert "chưa thuộc diện áp dụng (lớn hơn 500 ha)" in one(checked, "R:parks:small")["message_vi"]
    assert one(checked, "R:parks:broken")["message_vi"] == (
        "Diện tích công bố của KCN Thử là 640 ha, thuộc diện áp dụng (lớn hơn 500 ha) của “Điều kiểm tra”; "
        "số giai đoạn là 1 nên chưa đáp ứng (QCVN 01:2021/BXD, 2.5)."
    )
    assert one(checked, "R:parks:broken")["message_en"] == (
        "The published area of Test Park is 640 ha, so “The rule” applies (more than 500 ha); the number of phases is "
        "1, so it is not met (QCVN 01:2021/BXD, 2.5)."
    )
    assert "cần chứng minh đã đáp ứng" in one(checked, "R:parks:open")["message_vi"]
    assert "it has to be shown to be met" in one(checked, "R:parks:open")["message_en"]
    assert "so the duty does not apply to it" in one(checked, "R:parks:small")["message_en"]


def test_a_duty_by_overlapped_land_needs_coverage_to_be_ruled_out() -> None:
    rice = {"other": "constraint_areas", "other_where": {"constraint": "rice_land"}, "duty": DUTY["duty"]}
    trigger = rule("trigger", rice, ">", "200", "ha of rice land")
    parks = {
        "much": park(box(0, 0, 3000, 1000)),
        "little": park(box(10_000, 0, 13_000, 1000)),
        "dark": park(box(50_000, 0, 53_000, 1000)),
    }
    fields = {
        "r1": {"constraint": "rice_land", "geometry": box(0, 0, 2500, 1000)},
        "r2": {"constraint": "rice_land", "geometry": box(10_000, 0, 10_500, 1000)},
        "r3": {"constraint": "rice_land", "geometry": box(50_000, 0, 50_500, 1000)},
    }
    checked = review(
        {"R": trigger},
        parks=parks,
        constraint_areas=fields,
        coverage={"c": covered("constraint_areas", box(-100, -100, 20_000, 2000))},
    )

    assert verdict(checked, "R:parks:much") == ("warning", "duty_applies")
    assert verdict(checked, "R:parks:little") == ("pass", "")
    assert verdict(checked, "R:parks:dark") == ("no_data", "not_covered")
    assert one(checked, "R:parks:much")["measured"] == pytest.approx(250.0, abs=0.1)


def test_declared_against_drawn_area() -> None:
    match = rule("area_match", {"field": "area_ha"}, "<=", "1", "%")
    drawn = box(0, 0, 1000, 1000)
    parks = {
        "good": park(drawn, area_ha=100.5, position="digitised"),
        "off": park(drawn, area_ha=102.0, position="digitised"),
        "sketch": park(drawn, area_ha=102.0, position="schematic"),
        "undeclared": park(drawn, position="digitised"),
        "point": park(drawn.centroid, area_ha=102.0, position="published"),
        "nowhere": park(area_ha=102.0),
    }
    checked = review({"R": match}, parks=parks)

    assert verdict(checked, "R:parks:good") == ("pass", "")
    assert verdict(checked, "R:parks:off") == ("fail", "")
    assert verdict(checked, "R:parks:sketch") == ("not_checked", "schematic_geometry")
    assert verdict(checked, "R:parks:undeclared") == ("not_checked", "missing_attribute")
    assert verdict(checked, "R:parks:point") == ("not_checked", "no_geometry")
    assert verdict(checked, "R:parks:nowhere") == ("not_checked", "no_geometry")
    assert one(checked, "R:parks:off")["measured"] == pytest.approx(100 * 2 / 102, abs=1e-4)
    assert "KCN Thử khai báo 102 ha, ranh giới vẽ được 100 ha, lệch 1,96%" in one(checked, "R:parks:off")["message_vi"]
    assert (
        "declares 102 ha and is drawn with 100 ha, a difference of 1.96%" in one(checked, "R:parks:off")["message_en"]
    )
    assert "ranh giới chỉ là sơ đồ vẽ theo diện tích" in one(checked, "R:parks:sketch")["message_vi"]
    assert "the feature has a position but no outline" in one(checked, "R:parks:point")["message_en"]


def test_lists() -> None:
    rules = {
        "codes": rule("lookup", {"field": "plan_id", "codes": ["p1"]}),
        "layer": rule("lookup", {"field": "plan_id", "other": "plans"}),
        "field": rule("lookup", {"field": "plan_id", "other": "plans", "other_field": "decision"}),
        "empty": rule("lookup", {"field": "plan_id", "other": "enterprises"}),
    }
    parks = {"in": park(plan_id="p1"), "out": park(plan_id="p9"), "unknown": park()}
    checked = review(rules, parks=parks, plans={"p1": {"name_vi": "Quy hoạch", "decision": "p9"}})

    assert verdict(checked, "codes:parks:in") == verdict(checked, "layer:parks:in") == ("pass", "")
    assert verdict(checked, "codes:parks:out") == verdict(checked, "layer:parks:out") == ("fail", "")
    assert verdict(checked, "field:parks:out") == ("pass", "")
    assert verdict(checked, "codes:parks:unknown") == ("not_checked", "missing_attribute")
    assert verdict(checked, "empty:parks:in") == ("no_data", "no_features")
    assert "“p9” của KCN Thử không có trong danh sách (p1)" in one(checked, "codes:parks:out")["message_vi"]
    assert "“p9” of Test Park is not in the list (p1)" in one(checked, "codes:parks:out")["message_en"]
    assert "danh sách doanh nghiệp chưa có mục nào" in one(checked, "empty:parks:in")["message_vi"]
    assert "the list of enterprises has no entries" in one(checked, "empty:parks:in")["message_en"]


def test_parks_of_unknown_time_are_regarded_and_said_to_be() -> None:
    checked = review(
        {"T": rule("time_known", {})},
        parks={
            "known": park(time_basis="established", valid_from="2004-01-01"),
            "no": park(time_basis="unknown"),
            "x": park(),
        },
    )

    assert verdict(checked, "T:parks:known") == ("pass", "")
    assert verdict(checked, "T:parks:no") == verdict(checked, "T:parks:x") == ("not_checked", "missing_attribute")
    assert "nên đối tượng được xét ở mọi mốc quy hoạch" in one(checked, "T:parks:no")["message_vi"]
    assert "so the feature is regarded at every horizon" in one(checked, "T:parks:no")["message_en"]
    assert one(checked, "T:parks:known")["message_en"].startswith("The basis of the time of Test Park is “year of")


def test_a_value_that_should_be_there() -> None:
    checked = review(
        {"R": rule("presence", {"field": "plan_identifier"}, "=", "1", "identifier per plan")},
        parks={"a": park(plan_identifier="QH-1"), "b": park()},
    )

    assert verdict(checked, "R:parks:a") == ("pass", "")
    assert verdict(checked, "R:parks:b") == ("not_checked", "missing_attribute")
    assert one(checked, "R:parks:a")["message_vi"] == "KCN Thử có mã định danh quy hoạch “QH-1”."
    assert one(checked, "R:parks:a")["message_en"] == "Test Park has the plan identifier “QH-1”."
