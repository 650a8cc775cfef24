"""Checks by geometry: overlap, within, separation, reach, presence, administrative units; and what coverage allows."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
import shapely

from tests.gis.small_plan import METRIC, box, covered, moved, one, park, review, rule, verdict

FLOOD = rule("overlap", {"other": "constraint_areas", "other_where": {"constraint": "flood_corridor"}}, "<=", "0", "ha")
SQUARE = box(0, 0, 1000, 1000)
AROUND = box(-5000, -5000, 20_000, 20_000)


def flood(geometry: Any, **values: Any) -> dict[str, Any]:
    return {"name": "Hành lang sông Hồng", "constraint": "flood_corridor", "geometry": geometry, **values}


def test_no_data_is_never_no_constraint() -> None:
    parks = {
        "hit": park(SQUARE),
        "clear": park(box(2000, 0, 3000, 1000)),
        "split": park(box(4500, 0, 5500, 1000)),
        "dark": park(box(9000, 0, 10_000, 1000)),
        "nowhere": park(),
    }
    checked = review(
        {"R": FLOOD},
        parks=parks,
        constraint_areas={"f": flood(box(500, 0, 700, 1000))},
        coverage={"c": covered("constraint_areas", box(-100, -100, 5000, 2000))},
    )

    assert verdict(checked, "R:parks:hit") == ("fail", "")
    assert verdict(checked, "R:parks:clear") == ("pass", "")
    assert verdict(checked, "R:parks:split") == ("no_data", "not_covered")
    assert verdict(checked, "R:parks:dark") == ("no_data", "not_covered")
    assert verdict(checked, "R:parks:nowhere") == ("not_checked", "no_geometry")
    assert one(checked, "R:parks:hit")["measured"] == pytest.approx(20.0, abs=1e-3)
    assert one(checked, "R:parks:hit")["other_id"] == "constraint_areas:f"
    assert one(checked, "R:parks:hit")["message_vi"].startswith(
        "KCN Thử chồng lấn 20 ha với “Hành lang sông Hồng”, không đạt yêu cầu không lớn hơn 0 ha"
    )
    assert one(checked, "R:parks:hit")["message_en"].startswith(
        "Test Park overlaps “Hành lang sông Hồng” by 20 ha, which breaks the limit of at most 0 ha"
    )
    assert (
        "KCN Thử không chồng lấn với vùng hạn chế (hành lang thoát lũ), đạt"
        in one(checked, "R:parks:clear")["message_vi"]
    )
    assert (
        "Test Park does not overlap constraint areas (flood corridor), which meets"
        in one(checked, "R:parks:clear")["message_en"]
    )
    assert "chưa phủ kín nơi này (còn 50 ha chưa có dữ liệu)" in one(checked, "R:parks:split")["message_vi"]
    assert "does not cover the place (50 ha without data)" in one(checked, "R:parks:split")["message_en"]
    assert "đối tượng chưa có hình học" in one(checked, "R:parks:nowhere")["message_vi"]
    assert "the feature has no geometry" in one(checked, "R:parks:nowhere")["message_en"]
    place = checked.findings.geometry["R:parks:hit"]
    assert shapely.area(shapely.intersection(place, checked.parks.geometry["hit"])) == pytest.approx(
        place.area, rel=1e-4
    )


def test_a_hit_needs_no_coverage_and_partial_coverage_clears_nothing() -> None:
    hit = review({"R": FLOOD}, parks={"a": park(SQUARE)}, constraint_areas={"f": flood(box(0, 0, 10, 10))})
    assert verdict(hit, "R:parks:a") == ("fail", "")

    partial = covered("constraint_areas", AROUND, completeness="partial")
    assert verdict(review({"R": FLOOD}, parks={"a": park(SQUARE)}, coverage={"c": partial}), "R:parks:a") == (
        "no_data",
        "not_covered",
    )
    other_layer = covered("planning_zones", AROUND)
    assert verdict(review({"R": FLOOD}, parks={"a": park(SQUARE)}, coverage={"c": other_layer}), "R:parks:a") == (
        "no_data",
        "not_covered",
    )


def test_old_coverage_is_stale_only_where_freshness_is_asked_for() -> None:
    coverage = {
        "old": covered("constraint_areas", AROUND, as_of="2019-05-01"),
        "new": covered("constraint_areas", box(0, 0, 1000, 1000), as_of="2026-05-01"),
    }
    parks = {"new": park(SQUARE), "old": park(box(2000, 0, 3000, 1000)), "out": park(box(90_000, 0, 91_000, 1000))}

    lax = review({"R": FLOOD}, parks=parks, coverage=coverage)
    strict = review({"R": FLOOD}, parks=parks, coverage=coverage, fresh_since=dt.date(2024, 1, 1))

    assert verdict(lax, "R:parks:old") == ("pass", "")
    assert verdict(strict, "R:parks:old") == ("no_data", "stale")
    assert verdict(strict, "R:parks:new") == ("pass", "")
    assert verdict(strict, "R:parks:out") == ("no_data", "not_covered")
    assert "dữ liệu phủ kín nơi này của lớp “Vùng hạn chế” đã cũ" in one(strict, "R:parks:old")["message_vi"]
    assert (
        "the coverage of the place by the layer “Constraint areas” is stale" in one(strict, "R:parks:old")["message_en"]
    )
    stale = strict.ledger.query("park_id == 'old' and layer == 'constraint_areas'").iloc[0]
    assert stale["stale_ha"] == pytest.approx(100, abs=0.01)
    assert stale["clear_ha"] == 0


def test_coverage_of_unknown_age_is_not_fresh() -> None:
    undated = {"c": covered("constraint_areas", AROUND)}
    checked = review({"R": FLOOD}, parks={"a": park(SQUARE)}, coverage=undated, fresh_since=dt.date(2024, 1, 1))
    assert verdict(checked, "R:parks:a") == ("no_data", "stale")


@pytest.mark.parametrize("side", ["park", "other"])
def test_a_sketch_warns_and_never_clears(side: str) -> None:
    sketch = {"position": "schematic"}
    parks = {
        "hit": park(SQUARE, **(sketch if side == "park" else {})),
        "near": park(box(2000, 0, 3000, 1000), **(sketch if side == "park" else {})),
    }
    checked = review(
        {"R": FLOOD},
        parks=parks,
        constraint_areas={"f": flood(box(500, 0, 700, 1000), **(sketch if side == "other" else {}))},
        coverage={"c": covered("constraint_areas", AROUND)},
    )

    assert verdict(checked, "R:parks:hit") == ("warning", "schematic_geometry")
    assert verdict(checked, "R:parks:near") == ("not_checked", "schematic_geometry")
    assert one(checked, "R:parks:hit")["measured"] == pytest.approx(20, abs=1e-3)
    assert "Hình học mới là sơ đồ nên đây chỉ là cảnh báo." in one(checked, "R:parks:hit")["message_vi"]
    assert "The geometry is a sketch, so this is only a warning." in one(checked, "R:parks:hit")["message_en"]
    clause = {
        "park": ("hình học mới là sơ đồ; giá trị để tham khảo", "the geometry is a sketch; as an indication"),
        "other": (
            "gần đó có vùng hạn chế (hành lang thoát lũ) mới chỉ được vẽ sơ đồ",
            "constraint areas (flood corridor) nearby are drawn only as sketches",
        ),
    }[side]
    assert clause[0] in one(checked, "R:parks:near")["message_vi"]
    assert clause[1] in one(checked, "R:parks:near")["message_en"]


def test_a_drawn_hit_stays_a_fail_beside_a_sketched_one() -> None:
    checked = review(
        {"R": FLOOD},
        parks={"a": park(SQUARE)},
        constraint_areas={
            "drawn": flood(box(0, 0, 10, 1000)),
            "sketch": flood(box(500, 0, 900, 1000), position="schematic"),
        },
    )
    assert verdict(checked, "R:parks:a") == ("fail", "")


def test_a_far_sketch_does_not_matter() -> None:
    checked = review(
        {"R": FLOOD},
        parks={"a": park(SQUARE)},
        constraint_areas={"far": flood(box(3100, 0, 3200, 1000), position="label")},
        coverage={"c": covered("constraint_areas", AROUND)},
    )
    assert verdict(checked, "R:parks:a") == ("pass", "")


def test_a_feature_of_unknown_kind_may_be_what_is_asked_about() -> None:
    checked = review(
        {"R": FLOOD},
        parks={"a": park(SQUARE), "b": park(box(5000, 0, 6000, 1000))},
        constraint_areas={"x": {"geometry": box(900, 900, 1100, 1100)}},
        coverage={"c": covered("constraint_areas", AROUND)},
    )

    assert verdict(checked, "R:parks:a") == ("not_checked", "missing_attribute")
    assert verdict(checked, "R:parks:b") == ("pass", "")
    assert "tại đây có đối tượng chưa rõ “Loại hạn chế”" in one(checked, "R:parks:a")["message_vi"]
    assert "a feature here has no “Constraint”" in one(checked, "R:parks:a")["message_en"]


def test_units_of_an_overlap() -> None:
    both = {"other": "constraint_areas"}
    rules = {
        "ha": rule("overlap", both, "<=", "20", "ha"),
        "m2": rule("overlap", both, "<=", "200000", "m2"),
        "share": rule("overlap", both, "<=", "20", "% of park area"),
        "number": rule("overlap", both, "=", "0", "parks"),
    }
    areas = {"f": flood(box(500, 0, 600, 1000)), "g": flood(box(550, 0, 700, 1000))}
    checked = review(
        rules, parks={"a": park(SQUARE)}, constraint_areas=areas, coverage={"c": covered("constraint_areas", AROUND)}
    )

    measured = {name: one(checked, f"{name}:parks:a")["measured"] for name in rules}
    assert measured == {
        "ha": pytest.approx(20, abs=1e-3),
        "m2": pytest.approx(200_000, abs=1),
        "share": pytest.approx(20, abs=1e-6),
        "number": 2.0,
    }
    assert [verdict(checked, f"{name}:parks:a")[0] for name in rules] == ["pass", "pass", "pass", "fail"]


def test_a_number_that_more_data_could_bring_about_is_open() -> None:
    """Two gates are wanted and one is known: without coverage there may be another."""
    two = rule("overlap", {"other": "power_lines"}, "=", "2", "lines")
    line = {"l": {"name": "220 kV", "geometry": shapely.LineString([(-100, 500), (1100, 500)])}}
    lit = {"c": covered("power_lines", AROUND)}

    dark = review({"R": two}, parks={"a": park(SQUARE)}, power_lines=line)
    assert verdict(dark, "R:parks:a") == ("no_data", "not_covered")
    known = review({"R": two}, parks={"a": park(SQUARE)}, power_lines=line, coverage=lit)
    assert verdict(known, "R:parks:a") == ("fail", "")


def test_points_and_lines_meet_without_an_area() -> None:
    near = rule("overlap", {"other": "power_lines"}, "=", "0", "lines")
    line = shapely.LineString([(-100, 500), (1100, 500)])
    checked = review(
        {"R": near, "F": FLOOD.copy() | {"unit_en": "areas"}},
        parks={"a": park(SQUARE), "point": park(shapely.Point(500, 500), position="published")},
        power_lines={"l": {"name": "220 kV", "geometry": line}},
        constraint_areas={"f": flood(box(400, 400, 600, 600))},
        coverage={"c": covered("power_lines", AROUND)},
    )

    assert verdict(checked, "R:parks:a") == ("fail", "")
    assert verdict(checked, "F:parks:point") == ("fail", "")
    assert "KCN Thử nằm chạm “220 kV”" in one(checked, "R:parks:a")["message_vi"]
    assert "Test Park meets “220 kV”" in one(checked, "R:parks:a")["message_en"]


ZONES = rule(
    "within", {"other": "planning_zones", "other_where": {"zone": "industrial"}}, ">=", "100", "% of park area"
)


def zone(kind: str | None, geometry: Any, **values: Any) -> dict[str, Any]:
    return {"zone": kind, "geometry": geometry, **values}


def test_within_counts_only_what_is_known_to_be_something_else() -> None:
    parks = {
        "inside": park(SQUARE),
        "other_zone": park(box(2000, 0, 3000, 1000)),
        "gap_dark": park(box(4000, 0, 5000, 1000)),
        "gap_covered": park(box(6000, 0, 7000, 1000)),
        "nowhere": park(),
    }
    zones = {
        "z1": zone("industrial", box(-10, -10, 500, 1010)),
        "z2": zone("industrial", box(500, -10, 1010, 1010)),
        "z3": zone("industrial", box(2000, 0, 2500, 1000)),
        "z4": zone("residential", box(2500, 0, 3000, 1000)),
        "z5": zone("industrial", box(4000, 0, 4900, 1000)),
        "z6": zone("industrial", box(6000, 0, 6900, 1000)),
    }
    checked = review(
        {"R": ZONES},
        parks=parks,
        planning_zones=zones,
        coverage={"c": covered("planning_zones", box(6000, 0, 9000, 1000))},
    )

    assert verdict(checked, "R:parks:inside") == ("pass", "")
    assert verdict(checked, "R:parks:other_zone") == ("fail", "")
    assert verdict(checked, "R:parks:gap_dark") == ("no_data", "not_covered")
    assert verdict(checked, "R:parks:gap_covered") == ("fail", "")
    assert verdict(checked, "R:parks:nowhere") == ("not_checked", "no_geometry")
    assert one(checked, "R:parks:other_zone")["measured"] == pytest.approx(50, abs=1e-6)
    assert one(checked, "R:parks:other_zone")["message_vi"].startswith(
        "50% của KCN Thử nằm trong vùng quy hoạch (công nghiệp, kho tàng), không đạt yêu cầu không nhỏ hơn 100%"
    )
    assert one(checked, "R:parks:other_zone")["message_en"].startswith(
        "50% of Test Park lies in planning zones (industrial, warehouses), which breaks"
    )
    assert "còn 10 ha chưa có dữ liệu" in one(checked, "R:parks:gap_dark")["message_vi"]


def test_within_by_a_sketched_zone_is_only_an_indication() -> None:
    checked = review(
        {"R": ZONES}, parks={"a": park(SQUARE)}, planning_zones={"z": zone("industrial", AROUND, position="schematic")}
    )
    assert verdict(checked, "R:parks:a") == ("not_checked", "schematic_geometry")


def test_a_point_lies_within_or_not() -> None:
    points = {
        "in": park(shapely.Point(10, 10), position="published"),
        "out": park(shapely.Point(3000, 10), position="published"),
        "dark": park(shapely.Point(9000, 10), position="published"),
    }
    zones = {"z": zone("industrial", SQUARE), "y": zone("green", box(2000, 0, 4000, 1000))}
    checked = review({"R": ZONES}, parks=points, planning_zones=zones)

    assert [verdict(checked, f"R:parks:{name}") for name in points] == [
        ("pass", ""),
        ("fail", ""),
        ("no_data", "not_covered"),
    ]


HOMES = {
    "others": [
        {"layer": "social_facilities", "where": {"facility": ["housing", "worker_housing"]}},
        {"layer": "planning_zones", "where": {"zone": "residential"}},
    ]
}
APART = rule("separation", {"subject": "wastewater_plants", **HOMES}, ">=", "100", "m")
PLANT = {"name": "Trạm xử lý", "name_en": "The plant"}
BOTH_COVERED = {"s": covered("social_facilities", AROUND), "z": covered("planning_zones", AROUND)}


def plant(x: float, **values: Any) -> dict[str, Any]:
    return {**PLANT, "geometry": box(x, 0, x + 10, 10), **values}


def test_separation_measures_edge_to_edge_to_the_nearest_of_all_layers() -> None:
    homes = {
        "h1": {"name": "Khu A", "facility": "housing", "geometry": box(70, 0, 90, 10)},
        "h2": {"name": "Khu B", "facility": "worker_housing", "geometry": box(100, 0, 120, 10)},
        "school": {"name": "Trường", "facility": "school", "geometry": box(12, 0, 15, 10)},
    }
    zones = {"r": {"name": "Khu ở", "zone": "residential", "geometry": box(1110, 0, 1200, 10)}}
    plants = {"near": plant(0), "limit": plant(1000), "short": plant(1000.5), "far": plant(5000)}

    checked = review(
        {"R": APART}, wastewater_plants=plants, social_facilities=homes, planning_zones=zones, coverage=BOTH_COVERED
    )

    assert verdict(checked, "R:wastewater_plants:near") == ("fail", "")
    assert verdict(checked, "R:wastewater_plants:limit") == ("pass", "")
    assert verdict(checked, "R:wastewater_plants:short") == ("fail", "")
    assert verdict(checked, "R:wastewater_plants:far") == ("pass", "")
    found = one(checked, "R:wastewater_plants:near")
    assert found["measured"] == pytest.approx(60, abs=1e-3)
    assert found["other_id"] == "social_facilities:h1"
    assert found["message_vi"] == (
        "Trạm xử lý cách hạ tầng xã hội (khu dân cư, nhà ở; nhà ở công nhân) hoặc vùng quy hoạch (đất ở) gần nhất "
        "(“Khu A”) 60 m (và 1 đối tượng khác gần hơn mức này), không đạt yêu cầu không nhỏ hơn 100 m "
        "(QCVN 01:2021/BXD, 2.5)."
    )
    assert found["message_en"].startswith(
        "The plant lies 60 m from the nearest of social facilities (housing; worker housing) or planning zones "
        "(residential) (“Khu A”) (1 more within the limit), which breaks"
    )
    length = checked.findings.to_crs(METRIC).length
    assert length["R:wastewater_plants:near"] == pytest.approx(60, abs=1e-3)


def test_nothing_found_nearby_clears_only_in_coverage_of_all_layers_that_far() -> None:
    plants = {"a": plant(0)}
    home = {"h": {"facility": "housing", "geometry": box(900, 0, 910, 10)}}

    def checked(**coverage: Any) -> tuple[str, str]:
        found = review({"R": APART}, wastewater_plants=plants, social_facilities=home, coverage=coverage)
        return verdict(found, "R:wastewater_plants:a")

    assert checked(**BOTH_COVERED) == ("pass", "")
    assert checked(s=BOTH_COVERED["s"]) == ("no_data", "not_covered")
    assert checked() == ("no_data", "not_covered")
    tight = box(-50, -50, 60, 60)  # holds the plant, but not the 100 m around it
    assert checked(s=covered("social_facilities", tight), z=covered("planning_zones", tight)) == (
        "no_data",
        "not_covered",
    )


def test_separation_from_sketches() -> None:
    def checked(position: str, x: float) -> tuple[str, str]:
        homes = {"h": {"facility": "housing", "geometry": box(x, 0, x + 10, 10), "position": position}}
        found = review({"R": APART}, wastewater_plants={"a": plant(0)}, social_facilities=homes, coverage=BOTH_COVERED)
        return verdict(found, "R:wastewater_plants:a")

    assert checked("label", 50) == ("warning", "schematic_geometry")
    assert checked("label", 500) == ("not_checked", "schematic_geometry")
    assert checked("surveyed", 50) == ("fail", "")
    assert checked("surveyed", 500) == ("pass", "")


def test_a_firm_conflict_is_told_by_the_drawn_feature() -> None:
    homes = {
        "sketch": {"facility": "housing", "geometry": box(20, 0, 30, 10), "position": "schematic"},
        "drawn": {"facility": "housing", "geometry": box(80, 0, 90, 10)},
    }
    checked = review({"R": APART}, wastewater_plants={"a": plant(0)}, social_facilities=homes)

    assert verdict(checked, "R:wastewater_plants:a") == ("fail", "")
    assert one(checked, "R:wastewater_plants:a")["other_id"] == "social_facilities:drawn"
    assert one(checked, "R:wastewater_plants:a")["measured"] == pytest.approx(70, abs=1e-3)


def test_a_feature_keeps_no_distance_from_itself() -> None:
    apart = rule("separation", {"subject": "telecom", "other": "telecom"}, ">=", "300", "m")
    masts: dict[str, Any] = {name: {"geometry": shapely.Point(x, 0)} for name, x in (("a", 0), ("b", 200), ("c", 9000))}
    checked = review({"R": apart}, telecom=masts, coverage={"c": covered("telecom", AROUND)})

    assert verdict(checked, "R:telecom:a") == verdict(checked, "R:telecom:b") == ("fail", "")
    assert one(checked, "R:telecom:a")["other_id"] == "telecom:b"
    assert verdict(checked, "R:telecom:c") == ("pass", "")


REACH = {"subject": "social_facilities", "where": {"facility": "worker_housing"}, "other": "social_facilities"}


def test_reach_needs_one_of_the_kinds_or_each_of_them() -> None:
    any_of = rule("reach", {**REACH, "other_where": {"facility": ["school", "kindergarten"]}}, "<=", "500", "m")
    each_of = rule("reach", {**REACH, "field": "facility", "codes": ["school", "kindergarten"]}, "<=", "500", "m")
    facilities = {
        "home": {"name": "Nhà ở công nhân", "facility": "worker_housing", "geometry": shapely.Point(0, 0)},
        "lone": {"name": "Nhà lẻ", "facility": "worker_housing", "geometry": shapely.Point(9000, 0)},
        "school": {"name": "Trường", "facility": "school", "geometry": shapely.Point(500, 0)},
        "nursery": {"name": "Nhà trẻ", "facility": "kindergarten", "geometry": shapely.Point(700, 0)},
    }

    dark = review({"any": any_of, "each": each_of}, social_facilities=facilities)
    lit = review(
        {"any": any_of, "each": each_of},
        social_facilities=facilities,
        coverage={"c": covered("social_facilities", AROUND)},
    )

    assert verdict(dark, "any:social_facilities:home") == ("pass", "")
    assert verdict(dark, "any:social_facilities:lone") == ("no_data", "not_covered")
    assert verdict(dark, "each:social_facilities:home") == ("no_data", "not_covered")
    assert verdict(lit, "any:social_facilities:lone") == ("fail", "")
    assert verdict(lit, "each:social_facilities:home") == ("fail", "")
    assert one(lit, "each:social_facilities:home")["measured"] == pytest.approx(700, abs=1e-3)
    assert one(lit, "each:social_facilities:home")["other_id"] == "social_facilities:nursery"
    assert one(lit, "any:social_facilities:home")["measured"] == pytest.approx(500, abs=1e-3)


def test_nothing_of_the_kind_is_known_at_all() -> None:
    wanted = rule("reach", {"other": "social_facilities"}, "<=", "500", "m")
    checked = review({"R": wanted}, parks={"a": park(SQUARE)}, coverage={"c": covered("social_facilities", AROUND)})

    assert verdict(checked, "R:parks:a") == ("fail", "")
    assert "Chưa thấy hạ tầng xã hội nào gần KCN Thử" in one(checked, "R:parks:a")["message_vi"]
    assert "No social facilities are known near Test Park" in one(checked, "R:parks:a")["message_en"]


def test_presence_counts_by_name_then_by_place() -> None:
    station = rule(
        "presence", {"other": "telecom", "other_where": {"kind": "base_station_5g"}}, ">=", "100", "% of parks"
    )
    parks = {
        "named": park(),
        "placed": park(SQUARE),
        "covered": park(box(2000, 0, 3000, 1000)),
        "dark": park(box(90_000, 0, 91_000, 1000)),
        "nowhere": park(),
        "sketch": park(box(5000, 0, 6000, 1000), position="schematic"),
    }
    masts: dict[str, Any] = {
        "m1": {"kind": "base_station_5g", "park_id": "named"},
        "m2": {"kind": "base_station_5g", "geometry": shapely.Point(500, 500)},
        "m3": {"kind": "exchange", "geometry": shapely.Point(2500, 500)},
        "m4": {"kind": "base_station_5g", "geometry": shapely.Point(5500, 500)},
    }
    checked = review({"R": station}, parks=parks, telecom=masts, coverage={"c": covered("telecom", AROUND)})

    assert verdict(checked, "R:parks:named") == ("pass", "")
    assert verdict(checked, "R:parks:placed") == ("pass", "")
    assert verdict(checked, "R:parks:covered") == ("fail", "")
    assert verdict(checked, "R:parks:dark") == ("no_data", "not_covered")
    assert verdict(checked, "R:parks:nowhere") == ("not_checked", "no_geometry")
    assert verdict(checked, "R:parks:sketch") == ("not_checked", "schematic_geometry")
    assert (
        one(checked, "R:parks:covered")["message_vi"]
        == "KCN Thử có 0 đối tượng thuộc lớp viễn thông (trạm phát sóng 5G), cần ít nhất 1."
    )
    assert (
        one(checked, "R:parks:placed")["message_en"]
        == "Test Park has 1 feature of telecommunications (5G base station), wanted at least 1."
    )


def test_presence_of_something_else_than_parks_goes_by_place() -> None:
    wanted = rule("presence", {"subject": "planning_zones", "other": "social_facilities"}, ">=", "2", "facilities")
    zones = {"z": zone("residential", SQUARE), "y": zone("residential", box(2000, 0, 3000, 1000))}
    facilities = {
        f"f{n}": {"facility": "school", "geometry": shapely.Point(x, 5)} for n, x in enumerate((10, 20, 2010))
    }
    checked = review(
        {"R": wanted},
        planning_zones=zones,
        social_facilities=facilities,
        coverage={"c": covered("social_facilities", AROUND)},
    )

    assert verdict(checked, "R:planning_zones:z") == ("pass", "")
    assert verdict(checked, "R:planning_zones:y") == ("fail", "")


PLACE = rule("place_match", {"field": "province", "other": "admin_units", "other_field": "province"})


def unit(name: str, geometry: Any, **values: Any) -> dict[str, Any]:
    return {"name_vi": name, "province": "Hà Nội", "level": "commune", "geometry": geometry, **values}


def test_labels_against_the_unit_that_holds_the_place() -> None:
    parks = {
        "right": park(shapely.Point(10, 10), province="Hà Nội"),
        "decomposed": park(shapely.Point(10, 10), province="Ha\u0300 N\u00f4\u0323I"),
        "spelt": park(shapely.Point(10, 10), province="Ha Noi."),
        "wrong": park(shapely.Point(10, 10), province="Bắc Ninh"),
        "unlabelled": park(shapely.Point(10, 10)),
        "outside": park(shapely.Point(50_000, 10), province="Hà Nội"),
        "elsewhere": park(shapely.Point(50_000, 10), province="Bắc Ninh"),
        "dark": park(shapely.Point(50_000, 10)),
        "nowhere": park(province="Hà Nội"),
        "straddling": park(box(900, 0, 1300, 100), province="Hưng Yên"),
    }
    units = {"u": unit("Sóc Sơn", SQUARE), "v": unit("Văn Giang", box(1000, 0, 2000, 1000), province="Hưng Yên")}
    checked = review({"R": PLACE}, parks=parks, admin_units=units, coverage={"c": covered("admin_units", AROUND)})

    assert verdict(checked, "R:parks:right") == ("pass", "")
    assert verdict(checked, "R:parks:decomposed") == ("pass", "")
    assert verdict(checked, "R:parks:spelt") == ("warning", "label_spelling")
    assert verdict(checked, "R:parks:wrong") == ("fail", "")
    assert verdict(checked, "R:parks:unlabelled") == ("not_checked", "missing_attribute")
    assert verdict(checked, "R:parks:outside") == ("fail", "")
    assert verdict(checked, "R:parks:elsewhere") == ("no_data", "not_covered")
    assert verdict(checked, "R:parks:dark") == ("no_data", "not_covered")
    assert verdict(checked, "R:parks:nowhere") == ("not_checked", "no_geometry")
    assert verdict(checked, "R:parks:straddling") == ("pass", "")
    assert one(checked, "R:parks:wrong")["message_vi"] == (
        "KCN Thử ghi tỉnh, thành phố là “Bắc Ninh” và nằm trong “Hà Nội”."
    )
    assert (
        "states “Bắc Ninh” as its province or city and lies in “Hà Nội”" in one(checked, "R:parks:wrong")["message_en"]
    )
    assert "nhưng nằm ngoài mọi đơn vị mang tên đó" in one(checked, "R:parks:outside")["message_vi"]
    assert "but lies outside every unit of that name" in one(checked, "R:parks:outside")["message_en"]
    assert "chưa có ranh giới ở nơi này" in one(checked, "R:parks:dark")["message_vi"]
    assert "has no outline of the place" in one(checked, "R:parks:dark")["message_en"]
    assert "KCN Thử nằm trong “Hà Nội”" not in one(checked, "R:parks:dark")["message_vi"]


def test_outside_is_not_known_where_units_are_not_completely_drawn() -> None:
    parks = {"outside": park(shapely.Point(50_000, 10), province="Hà Nội")}
    checked = review({"R": PLACE}, parks=parks, admin_units={"u": unit("Sóc Sơn", SQUARE)})
    assert verdict(checked, "R:parks:outside") == ("no_data", "not_covered")


def test_a_label_may_list_several_units_and_remarks() -> None:
    communes = rule("place_match", {"field": "new_communes", "other": "admin_units", "other_field": "name_vi"})
    units = {"u": unit("Hoà Lạc", SQUARE), "v": unit("Hạ Bằng", box(1000, 0, 2000, 1000))}
    parks = {
        "listed": park(shapely.Point(10, 10), new_communes="Phú Cát; Hoà Lạc (phần chính)"),
        "other_style": park(shapely.Point(10, 10), new_communes="Hòa Lạc"),
        "wrong": park(shapely.Point(10, 10), new_communes="Hạ Bằng; Phú Cát"),
    }
    checked = review({"R": communes}, parks=parks, admin_units=units)

    assert verdict(checked, "R:parks:listed") == ("pass", "")
    assert verdict(checked, "R:parks:other_style") == ("pass", "")
    assert verdict(checked, "R:parks:wrong") == ("fail", "")


def test_label_points_of_units_hold_nothing() -> None:
    units = {"u": unit("Sóc Sơn", SQUARE, position="schematic"), "p": unit("Sóc Sơn", shapely.Point(10, 10))}
    checked = review({"R": PLACE}, parks={"a": park(shapely.Point(10, 10), province="Hà Nội")}, admin_units=units)
    assert verdict(checked, "R:parks:a") == ("no_data", "not_covered")


def test_invalid_and_empty_shapes_are_mended_not_trusted() -> None:
    bowtie = shapely.Polygon([(0, 0), (1000, 1000), (1000, 0), (0, 1000)])
    assert moved(None) is None
    checked = review(
        {"R": FLOOD},
        parks={"bowtie": park(bowtie), "empty": park(shapely.Polygon())},
        constraint_areas={"f": flood(box(0, 0, 1000, 1000))},
    )

    assert one(checked, "R:parks:bowtie")["measured"] == pytest.approx(50, abs=1e-3)
    assert verdict(checked, "R:parks:empty") == ("not_checked", "no_geometry")
