"""The shipped Hanoi data: nothing lost, nothing invented, every value with its source, every place marked as it is."""

from __future__ import annotations

import json
import math
import re
import unicodedata
from collections import Counter
from importlib.resources import files
from pathlib import Path

import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Transformer

from gis.review.checks import CHECKS
from gis.review.rules import read_rules
from layers import hanoi
from layers.catalogue import shipped_definitions
from layers.errors import ValueOutOfRangeError
from layers.hanoi.parks import planned_time
from layers.hanoi.shapes import circle, circumradius_m, side_line
from layers.hanoi.sources import INPUTS, Row, read_rows
from layers.validation import check

DATA = Path(str(files("layers.hanoi") / "data"))
FRAMES = hanoi.frames()
PARKS = FRAMES["parks"]
FACTS = FRAMES["facts"]
SHIPPED = {path.stem: read_rows(path) for path in sorted(DATA.glob("*.csv"))}
#: An independent way from WGS 84 to VN-2000 / TM-3 zone 482 than the one the build goes.
TO_METRIC = Transformer.from_crs("EPSG:4326", "EPSG:5897", always_xy=True)
MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
ENGLISH = re.compile(
    r"\b(the|of|and|parks?|with|from|for|not|areas?|roads?|plans?|known|source|decision|decree|circular|year|built|"
    r"planned|works|housing|plant|general|only|has|are|was|unverified|capacity|industrial|share|land)\b",
    re.IGNORECASE,
)


def area_m2(polygon: shapely.Polygon) -> float:
    """Return the planar area in EPSG:5897 by the shoelace formula."""
    x, y = TO_METRIC.transform(*polygon.exterior.coords.xy)
    pairs = zip(zip(x, y, strict=True), zip(x[1:], y[1:], strict=False), strict=False)
    return abs(math.fsum(a * d - c * b for (a, b), (c, d) in pairs)) / 2


@pytest.fixture(scope="module")
def reference(shared_reference: Path) -> dict[str, list[Row]]:
    return {name: read_rows(shared_reference / f"{name}.csv") for name in ("parks", "regulations", "indicators")}


# Loading


def test_every_shipped_feature_keeps_its_definition() -> None:
    definitions = shipped_definitions()
    assert {layer: [issue.message("en") for issue in check(definitions[layer], FRAMES[layer])] for layer in FRAMES} == {
        layer: [] for layer in FRAMES
    }
    assert {layer: len(frame) for layer, frame in FRAMES.items()} == {
        layer: len(rows) for layer, rows in SHIPPED.items()
    }


def test_frames_are_in_the_form_of_the_store() -> None:
    assert PARKS.index.name == "feature_id"
    assert PARKS.crs == "EPSG:4326"
    wanted = {"name_vi": "str", "workers": "Int64", "area_ha": "float64", "valid_from": "datetime64[s]"}
    assert {name: str(PARKS[name].dtype) for name in wanted} == wanted
    assert FACTS.geometry.isna().all()


def test_how_much_is_shipped() -> None:
    counts = {layer: len(frame) for layer, frame in FRAMES.items()}
    assert counts.pop("facts") == sum(
        int(PARKS[field.name].notna().sum()) for field in shipped_definitions()["parks"].fields
    )
    assert counts == {
        "admin_units": 98, "coverage": 2, "indicators": 107, "land_use_codes": 82, "parks": 29, "plans": 10, "plots": 9,
        "railways": 1, "rivers": 2, "roads": 9, "rules": 120, "substations": 2, "unit_relations": 90,
        "wastewater_plants": 8, "water_plants": 1,
    }  # fmt: skip


# Parks


@pytest.mark.parametrize(
    ("park", "field", "value"),
    [
        ("soc-son", "area_ha", 302.83),
        ("soc-son", "leasable_ha", 212.14),
        ("soc-son", "workers_planned", 17410),
        ("soc-son", "green_belt_m", 10.0),
        ("soc-son", "gross_density_pct", 44.0),
        ("soc-son", "study_area_ha", 328.52),
        ("soc-son", "legal_basis", "481/QĐ-CNCCN"),
        ("thang-long", "workers", 60000),
        ("thang-long", "wastewater_capacity_m3_day", 16150.0),
        ("quang-minh-1", "occupancy_pct", 100.0),
        ("quang-minh-1", "developer_vi", "Công ty TNHH Nam Đức"),
        ("quang-minh-2", "status", "under_construction"),
        ("noi-bai", "new_communes", "Nội Bài; Sóc Sơn"),
        ("dong-anh", "kind", "eco_industrial_park"),
        ("dong-anh", "phases", 2),
        ("dong-anh", "capital_billion_vnd", 6338.0),
        ("dai-tu", "address", "386 Nguyễn Văn Linh"),
        ("hoa-lac-htp", "kind", "hi_tech_park"),
        ("hoa-lac-htp", "general_plan", "899/QĐ-TTg"),
        ("phung-hiep-ext", "plan_id", "1569-qd-ttg"),
        ("xuan-duong", "place_note_vi", "Cao Xuân Dương: trước là Xuân Dương"),
    ],
)
def test_golden_values(park: str, field: str, value: object) -> None:
    assert PARKS.loc[park, field] == value


def test_parks_are_those_of_the_reference_and_unknown_stays_empty(reference: dict[str, list[Row]]) -> None:
    copied = {
        **{name: name for name in ("name_vi", "name_en", "area_ha", "leasable_ha", "occupancy_pct", "occupancy_year",
            "year_established", "planning_horizon", "projects", "projects_year", "workers", "workers_year",
            "workers_planned", "wastewater_capacity_m3_day", "lon", "lat", "source", "confidence")},
        "coord_confidence": "position_confidence", "status_note": "status_note_en", "developer": "developer_en",
        "legal_basis": "legal_basis_en", "plan_list": "plan_list_en", "sectors": "sectors_en",
        "wastewater_state": "wastewater_state_en", "access_and_edges": "access_en", "caveats": "caveats_en",
        "coord_method": "position_method_en",
    }  # fmt: skip
    shipped = {row["feature_id"]: row for row in SHIPPED["parks"]}
    assert [row["park_id"] for row in reference["parks"]] == list(shipped)
    for row in reference["parks"]:
        park = shipped[row["park_id"]]
        assert {column: park[field] for column, field in copied.items()} == {column: row[column] for column in copied}
        for column, field in {"old_communes": "old_communes", "new_communes_2025": "new_communes"}.items():
            assert bool(park[field]) == bool(row[column]), (row["park_id"], column)
        assert re.sub("[ -]", "_", row["kind"]) == park["kind"]
        assert row["status"].replace(" ", "_") == park["status"]


def test_both_languages_are_filled_together_or_not_at_all() -> None:
    for layer, rows in SHIPPED.items():
        for row in rows:
            for name in [name for name in row if name.endswith("_en") and f"{name[:-3]}_vi" in row]:
                assert bool(row[name]) == bool(row[f"{name[:-3]}_vi"]), (layer, row["feature_id"], name)


def test_a_time_is_stated_only_where_something_states_it() -> None:
    for park, row in PARKS.iterrows():
        basis, start = row["time_basis"], row["valid_from"]
        if basis == "established":
            assert start == pd.Timestamp(f"{row['year_established']}-01-01"), park
        elif basis == "plan":
            assert start == pd.Timestamp(f"{row['planning_horizon']}-12-31"), park
        else:
            assert (basis, start is pd.NaT) == ("unknown", True), park
    assert Counter(PARKS["time_basis"]) == {"established": 9, "plan": 10, "unknown": 10}


@pytest.mark.parametrize(
    ("status", "year", "horizon", "basis", "wanted"),
    [
        ("operating", "1997", "", "", ("1997-01-01", "established")),
        ("operating", "", "", "", ("", "unknown")),
        ("operating", "", "2025", "", ("", "unknown")),
        ("under_construction", "2024", "2025", "", ("2025-12-31", "plan")),
        ("under_construction", "2012", "", "established", ("2012-01-01", "established")),
        ("under_construction", "2012", "", "", ("", "unknown")),
        ("in_plan", "2024", "", "", ("", "unknown")),
        ("proposed", "", "2030", "", ("2030-12-31", "plan")),
    ],
)
def test_planned_time(status: str, year: str, horizon: str, basis: str, wanted: tuple[str, str]) -> None:
    park = {"status": status, "year_established": year, "planning_horizon": horizon}
    assert planned_time(park | ({"time_basis": basis} if basis else {})) == wanted


# Schematic shapes


def test_outlines_have_the_published_area_and_say_that_they_are_schematic() -> None:
    outlines = PARKS[PARKS.geometry.geom_type == "Polygon"]
    assert len(outlines) == 18
    assert set(outlines["position"]) == {"schematic"}
    for park, row in outlines.iterrows():
        assert abs(area_m2(row["geometry"]) - row["area_ha"] * 10_000) < 1, park
        assert row["geometry"].is_valid
        centre = TO_METRIC.transform(row["geometry"].centroid.x, row["geometry"].centroid.y)
        assert math.dist(centre, TO_METRIC.transform(row["lon"], row["lat"])) < 0.5, park


def test_without_an_area_there_is_a_point_and_without_a_point_nothing() -> None:
    points = PARKS[PARKS.geometry.geom_type == "Point"]
    assert set(points["position"]) == {"label"}
    assert points["area_ha"].isna().all()
    assert len(points) == 6
    nowhere = PARKS[PARKS.geometry.isna()]
    assert set(nowhere["position"]) == {"unknown"}
    assert set(nowhere.index) == {"phu-nghia-ext", "phung-hiep-ext", "khu-chay", "bac-phu-xuyen", "nam-phu-cat"}


def test_nothing_is_called_surveyed() -> None:
    seen = {value for layer in FRAMES for value in FRAMES[layer]["position"].dropna()}
    assert seen == {"schematic", "label", "unknown"}
    for layer, frame in FRAMES.items():
        located = frame.geometry.notna()
        assert set(frame.loc[located, "position"]) <= {"schematic", "label"}, layer


def test_coordinates_are_written_with_seven_decimals() -> None:
    for rows in SHIPPED.values():
        for row in rows:
            assert not re.search(r"\.\d{8}", row.get("geometry", ""))


hanoi_points = st.tuples(st.floats(105.3, 106.0), st.floats(20.6, 21.4))


@settings(deadline=None, max_examples=40)
@given(point=hanoi_points, area_ha=st.floats(1, 2000))
def test_a_circle_keeps_its_area_anywhere_in_hanoi(point: tuple[float, float], area_ha: float) -> None:
    outline = circle(*point, area_ha=area_ha)
    assert abs(area_m2(outline) - area_ha * 10_000) < 1
    assert outline.is_valid
    assert len(outline.exterior.coords) == 65


@settings(deadline=None, max_examples=40)
@given(point=hanoi_points, area_ha=st.floats(1, 2000), corridor_m=st.floats(0, 200), side=st.sampled_from("NESW"))
def test_a_side_line_runs_along_its_side(
    point: tuple[float, float], area_ha: float, corridor_m: float, side: str
) -> None:
    line = side_line(*point, area_ha=area_ha, side=side, corridor_m=corridor_m)
    centre = TO_METRIC.transform(*point)
    ends = [TO_METRIC.transform(x, y) for x, y in line.coords]
    radius = circumradius_m(area_ha)
    across, along = (1, 0) if side in "NS" else (0, 1)
    sign = 1 if side in "NE" else -1
    for end in ends:
        assert sign * (end[across] - centre[across]) == pytest.approx(radius + corridor_m / 2, abs=0.02)
    assert abs(ends[0][along] - ends[1][along]) == pytest.approx(2 * radius, abs=0.04)


def test_shapes_refuse_what_is_no_size_and_no_side() -> None:
    with pytest.raises(ValueOutOfRangeError, match=r"area_ha: saw 0\.0, wanted above 0"):
        circle(105.8, 21.0, area_ha=0.0)
    with pytest.raises(ValueOutOfRangeError, match=r"shape: saw 'NW', wanted N, E, S, W"):
        side_line(105.8, 21.0, area_ha=10.0, side="NW")


def test_edges_lie_on_the_stated_side_of_the_sketch() -> None:
    expressway = FRAMES["roads"].loc["soc-son-south", "geometry"]
    outline = PARKS.loc["soc-son", "geometry"]
    assert expressway.bounds[3] < outline.bounds[1]
    y = [TO_METRIC.transform(*point)[1] for point in expressway.coords]
    _, south = TO_METRIC.transform(outline.centroid.x, outline.bounds[1])
    # The axis of a corridor of 100 m whose edge is the park's edge.
    assert south - y[0] == pytest.approx(50, abs=2)
    river = TO_METRIC.transform(*FRAMES["rivers"].loc["soc-son-west", "geometry"].centroid.coords[0])
    west = min(TO_METRIC.transform(*corner)[0] for corner in outline.exterior.coords)
    # A corner may be turned away from due west by half a step of the polygon, 1.2 m at this size.
    assert -0.1 < west - river[0] < 1.3
    assert FRAMES["rivers"].loc["dong-anh-north", "geometry"].bounds[1] > PARKS.loc["dong-anh", "geometry"].centroid.y
    assert FRAMES["roads"].loc["thach-that-quoc-oai-expressway", "geometry"] is None


# Facts


def test_every_known_value_is_a_fact_with_source_and_confidence() -> None:
    facts = {(row["feature"], row["field"]): row for row in SHIPPED["facts"]}
    assert len(facts) == len(SHIPPED["facts"])
    own = [field.name for field in shipped_definitions()["parks"].fields]
    known = {
        (row["feature_id"], name): row[name] for row in SHIPPED["parks"] for name in own if row.get(name, "") != ""
    }
    assert {key: row["value"] for key, row in facts.items()} == known
    for key, row in facts.items():
        assert row["source"], key
        assert row["confidence"] in ("high", "medium", "low"), key
        assert row["layer"] == "parks"


@pytest.mark.parametrize(
    ("park", "field", "confidence", "source"),
    [
        ("noi-bai", "area_ha", "low", "general knowledge, unverified"),
        ("noi-bai", "developer_vi", "low", "general knowledge, unverified"),
        ("noi-bai", "wastewater_capacity_m3_day", "medium", "wastewater contractor"),
        ("noi-bai", "time_basis", "low", "Parkplan, from year_established"),
        ("phu-nghia", "year_established", "low", "general knowledge, unverified"),
        ("phu-nghia", "wastewater_capacity_m3_day", "medium", "World Bank"),
        ("dai-tu", "area_ha", "low", "general knowledge, unverified"),
        ("nam-thang-long", "area_ha", "low", "general knowledge, unverified"),
        ("nam-thang-long", "lon", "medium", "crowd-sourced map pin"),
        ("nam-thang-long", "time_basis", "high", "Parkplan"),
        ("quang-minh-1", "sectors_vi", "low", "general knowledge"),
        ("quang-minh-1", "area_ha", "medium", "bnews.vn"),
        ("quang-minh-1", "lat", "medium", "OpenStreetMap contributors, ODbL 1.0"),
        ("quang-minh-2", "area_ha", "low", "VietData Dec 2022"),
        ("hanssip", "area_ha", "medium", "developer pages"),
        ("hanssip", "planned_area_ha", "low", "developer pages"),
        ("sai-dong-b", "projects", "low", "undated"),
        ("sai-dong-b", "area_ha", "medium", "tttfic"),
        ("kim-hoa", "area_ha", "low", "general knowledge, unverified"),
        ("soc-son", "area_ha", "medium", "481/QĐ-CNCCN"),
        ("soc-son", "new_communes", "medium", "old-to-new commune mapping"),
        ("soc-son", "lon", "low", "moved to fit the described edges"),
        ("phung-hiep", "status", "low", "kinhtetieudung.vn"),
        ("thang-long", "workers", "medium", "Sumitomo"),
        ("hoa-lac-htp", "occupancy_pct", "medium", "press May 2024"),
    ],
)
def test_confidence_is_that_of_the_fact_not_of_the_row(park: str, field: str, confidence: str, source: str) -> None:
    fact = FACTS.loc[f"parks.{park}.{field}"]
    assert fact["confidence"] == confidence
    assert source in fact["source"]


def test_what_a_caveat_calls_unverified_is_low(reference: dict[str, list[Row]]) -> None:
    words = {"area": "area_ha", "year": "year_established", "developer": "developer_en"}
    for row in reference["parks"]:
        said = re.search(r"general knowledge, unverified \(([^)]*)\)", row["source"])
        for word in said[1].split(", ") if said else ():
            fact = f"parks.{row['park_id']}.{words[word]}"
            assert FACTS.loc[fact, "confidence"] == "low", fact


def test_units_of_facts_are_those_of_the_fields() -> None:
    assert FACTS.loc["parks.soc-son.area_ha", "unit"] == "ha"
    assert FACTS.loc["parks.dong-anh.wastewater_capacity_m3_day", "unit"] == "m³/d"
    assert pd.isna(FACTS.loc["parks.thang-long.workers", "unit"])


# Languages


def vietnamese_texts() -> dict[str, str]:
    found = {f"translations: {row['en']}": row["vi"] for row in read_rows(INPUTS / "translations.csv")}
    for layer, rows in SHIPPED.items():
        for row in rows:
            for name in [name for name in row if name.endswith("_vi") and name not in ("name_vi", "developer_vi")]:
                found[f"{layer}.{row['feature_id']}.{name}"] = row[name]
            if layer in ("roads", "railways", "rivers", "substations", "plots", "wastewater_plants", "water_plants"):
                found[f"{layer}.{row['feature_id']}.name"] = row["name"]
    return found


def test_vietnamese_is_nfc_and_has_no_english_left() -> None:
    for key, text in vietnamese_texts().items():
        assert unicodedata.normalize("NFC", text) == text, key
        assert text == text.strip(), key
        assert not ENGLISH.search(text), (key, text)
        assert text == "" or not re.search(r"\d,\d{3}(?!\d)", text), (key, text)


def test_all_shipped_text_is_nfc() -> None:
    for path in (*DATA.glob("*.csv"), *INPUTS.rglob("*.csv")):
        text = path.read_text(encoding="utf-8")
        assert unicodedata.normalize("NFC", text) == text, path.name
        assert "\r" not in text


def numbers(text: str, *, thousands: str, decimal: str) -> Counter[str]:
    plain = text.translate(str.maketrans("²³", "23"))
    plain = re.sub(rf"(?<=\d){re.escape(thousands)}(?=\d{{3}}(?!\d))", "", plain)
    plain = re.sub(rf"(?<=\d){re.escape(decimal)}(?=\d)", ".", plain)
    return Counter(re.findall(r"\d+(?:\.\d+)*", plain))


def test_a_translation_keeps_every_number() -> None:
    for row in read_rows(INPUTS / "translations.csv"):
        english = numbers(re.sub(r"\bQ\d ", "", row["en"]), thousands=",", decimal=".")
        for word in re.findall(r"\b[A-Z][a-z]+\b", row["en"]):
            if word[:3] in MONTHS and word in (word[:3], "March", "July", "November", "December"):
                english[str(MONTHS.index(word[:3]) + 1)] += 1
        vietnamese = numbers(row["vi"], thousands=".", decimal=",")
        # Units that English leaves to the reader ("15 in 2008") may be said again.
        assert not english - vietnamese, (row["en"], row["vi"])
        assert set(vietnamese - english) <= {"2"}, (row["en"], row["vi"])


def test_every_translation_is_used_once() -> None:
    rows = read_rows(INPUTS / "translations.csv")
    keys = [(row["context"], row["en"]) for row in rows]
    assert len(set(keys)) == len(keys)
    shipped = {value for table in SHIPPED.values() for row in table for value in row.values()}
    assert [row["vi"] for row in rows if row["vi"] not in shipped] == []


# Rules


def test_rules_are_those_of_the_reference(reference: dict[str, list[Row]]) -> None:
    shipped = {row["feature_id"]: row for row in SHIPPED["rules"]}
    same = {
        "rule": "title_en", "comparator": "comparator", "threshold": "threshold", "unit": "unit_en",
        "applies_to": "applies_to_en", "document": "document", "article": "article", "topic": "topic", "state": "state",
        "checkable": "checkable", "source": "source", "confidence": "confidence", "note": "note_en",
    }  # fmt: skip
    assert len(reference["regulations"]) == 110
    for row in reference["regulations"]:
        rule = shipped[row["id"]]
        assert {name: rule[field] for name, field in same.items()} == {name: row[name] for name in same}, row["id"]
        assert (rule["document_en"], rule["article_en"]) == (row["document"], row["article"])
    others = set(shipped) - {row["id"] for row in reference["regulations"]}
    assert others == {
        "PP-ZONE", "PP-FLOOD", "PP-HERITAGE", "PP-AIRPORT", "PP-PROTECTED", "PP-RICE", "PP-AREA", "PP-PLACE", "PP-UNIT",
        "PP-TIME",
    }  # fmt: skip


def test_own_checks_say_that_no_regulation_stands_behind_them() -> None:
    own = FRAMES["rules"][FRAMES["rules"].index.str.startswith("PP-")]
    assert set(own["severity"]) == {"warning"}
    assert set(own["state"]) == {"house check"}
    assert own["note_en"].str.startswith("No regulation stands behind this check").all()
    assert own["note_vi"].str.startswith("Phép kiểm tra này không dựa trên quy định nào").all()
    assert set(own["document_vi"]) == {"Phép kiểm tra của Parkplan"}


def test_bound_checks_name_layers_fields_and_codes_that_exist() -> None:
    definitions = shipped_definitions()
    # Reading them holds the parameters to the vocabulary of the review.
    rules = read_rules(FRAMES["rules"], checks=frozenset(CHECKS))
    assert len([rule for rule in rules if rule.check]) == 58
    for rule in rules:
        if not rule.check:
            continue
        params = rule.params
        targets = [(target.layer, target.where) for target in params.targets]
        for layer, where in [(params.subject, params.where), *targets]:
            for name, values in where.items():
                codes = {code.value for code in definitions[layer].field(name).codes}
                assert set(values) <= codes, (rule.id, name)
        owner = definitions[targets[0][0] if rule.check in ("share", "reach") else params.subject]
        fields = {field.name for field in owner.all_fields}
        assert params.field is None or params.field in fields, rule.id
        if rule.check in ("share", "reach"):
            assert set(params.codes) <= {code.value for code in owner.field(str(params.field)).codes}, rule.id
        subject = {field.name for field in definitions[params.subject].all_fields}
        read = [params.of, params.band.field if params.band else None, params.duty.field if params.duty else None]
        assert {name for name in read if name is not None} <= subject, rule.id
        if params.other_field is not None:
            assert params.other_field in {field.name for field in definitions[targets[0][0]].all_fields}, rule.id


@pytest.mark.parametrize(
    ("rule", "check_", "params"),
    [
        ("IP-01", "attribute", {"subject": "parks", "field": "green_belt_m"}),
        ("IP-02", "share", {"subject": "parks", "other": "plots", "field": "land_use", "codes": ["GT"], "per": "park"}),
        ("PP-FLOOD", "overlap", {"other_where": {"constraint": "flood_corridor"}}),
        ("WW-b2", "separation", {"band": {"field": "capacity_m3_day", "min": 200, "max": 5000}}),
        ("D35-06", "trigger", {"duty": {"field": "phases", "comparator": ">=", "value": 2}}),
        ("SET-1", None, {}),
        ("P276-1", None, {}),
    ],
)
def test_bindings(rule: str, check_: str | None, params: dict[str, object]) -> None:
    row = FRAMES["rules"].loc[rule]
    assert (row["check"] if pd.notna(row["check"]) else None) == check_
    found = json.loads(row["params"]) if check_ else {}
    assert {name: found[name] for name in params} == params


def test_bands_of_wastewater_capacity_leave_no_gap() -> None:
    for group in "abcde":
        bands = [json.loads(FRAMES["rules"].loc[f"WW-{group}{n}", "params"])["band"] for n in (1, 2, 3, 4)]
        assert [band.get("min") for band in bands] == [None, 200, 5000, 50000]
        assert [band.get("max") for band in bands] == [200, 5000, 50000, None]


# Plots, units, plans, codes, indicators


def test_land_of_soc_son_adds_up_to_the_park() -> None:
    plots = FRAMES["plots"]
    assert set(plots["park_id"]) == {"soc-son"}
    assert plots["area_ha"].sum() == pytest.approx(302.83, abs=1e-9)
    assert plots.geometry.isna().all()
    shares = (100 * plots.set_index("land_use")["area_ha"] / 302.83).round(2)
    # What the plan as reported gives: roads 10.2, greenery 10.4, technical works 1.04 percent.
    assert (shares["GT"], shares["CX"], shares["HTKT"]) == (10.17, 10.42, 1.04)


def test_references_between_layers_resolve() -> None:
    ids = {layer: set(frame.index) for layer, frame in FRAMES.items()}
    for layer, frame in FRAMES.items():
        for field in shipped_definitions()[layer].fields:
            if field.references is not None:
                assert set(frame[field.name].dropna()) <= ids[field.references], (layer, field.name)
    assert set(FACTS["feature"]) == ids["parks"]


def test_communes_that_parks_name_are_units() -> None:
    units = FRAMES["admin_units"]
    names = {
        "old_communes": units[(units["level"] == "commune") & units["valid_to"].notna()],
        "new_communes": units[(units["level"] == "commune") & units["valid_from"].notna()],
        "old_district": units[units["level"] == "district"],
    }
    for field, known in names.items():
        named = {name.removeprefix("thị trấn ") for text in PARKS[field].dropna() for name in text.split("; ")}
        assert named == set(known["name_vi"]), field
    assert set(names["old_district"]["valid_to"]) == {pd.Timestamp("2025-06-30")}
    assert set(names["new_communes"]["valid_from"]) == {pd.Timestamp("2025-07-01")}
    assert names["new_communes"].loc["new-thien-loc", "full_name"] == "Xã Thiên Lộc"
    assert names["new_communes"].loc["new-thien-loc", "name_en"] == "Thien Loc"


def test_only_stated_relations_are_called_known() -> None:
    relations = FRAMES["unit_relations"]
    known = relations[relations["relation"] != "unknown"]
    assert list(known.index) == ["old-dan-phuong-hong-ha_new-o-dien"]
    assert set(known["relation"]) == {"part"}
    assert not relations.index.duplicated().any()


def test_points_of_old_communes_are_those_that_the_reference_states(reference: dict[str, list[Row]]) -> None:
    located = FRAMES["admin_units"][FRAMES["admin_units"].geometry.notna()]
    assert len(located) == 10
    said = [(row["coord_method"], row["lon"], row["lat"]) for row in reference["parks"]]
    for unit, point in located.geometry.items():
        stated = f"({point.x:.4f}, {point.y:.4f})"
        own = [1 for _, lon, lat in said if lon and (float(lon), float(lat)) == (point.x, point.y)]
        assert own or any(stated in method for method, _, _ in said), unit


def test_what_is_known_of_plans() -> None:
    plans = FRAMES["plans"]
    assert plans.loc["1569-qd-ttg", "decided"] == pd.Timestamp("2024-12-12")
    assert (plans.loc["1569-qd-ttg", "status"], plans.loc["1668-qd-ttg", "status"]) == ("under_review", "under_review")
    assert plans.loc["ha-noi-100-year-2026", "decided"] == pd.Timestamp("2026-01-27")
    assert plans.loc["ha-noi-100-year-2026", "supersedes"] == "1569/QĐ-TTg; 1668/QĐ-TTg"
    assert pd.isna(plans.loc["1668-qd-ttg", "decided"])


def test_colours_of_codes_come_from_the_source_or_are_called_our_choice() -> None:
    codes = FRAMES["land_use_codes"]
    assert codes.loc["LUA", ["color", "color_basis"]].tolist() == ["#fffc82", "source"]
    assert codes.loc["CN", ["color", "color_basis"]].tolist() == ["#b392c4", "parkplan"]
    assert pd.isna(codes.loc["LMU", "color"])
    assert codes["scheme"].value_counts().to_dict() == {"land_status": 70, "park_plan": 9, "land_statistics_2024": 3}
    legend = {code.value: code.color for code in shipped_definitions()["plots"].field("land_use").codes}
    assert legend == codes[codes["scheme"] == "park_plan"]["color"].to_dict()


def test_indicators_that_were_not_found_stay_empty(reference: dict[str, list[Row]]) -> None:
    shipped = SHIPPED["indicators"]
    same = {"year": "year", "indicator": "indicator_en", "value": "value", "unit": "unit_en", "scope": "scope_en"}
    assert [[row[field] for field in same.values()] for row in shipped] == [
        [row[name] for name in same] for row in reference["indicators"]
    ]
    assert int(FRAMES["indicators"]["value"].isna().sum()) == 13
    parks = [row["indicator_vi"] for row in shipped if row["indicator_en"] == "parks"]
    assert set(parks) == {"số khu công nghiệp"}


def test_coverage_claims_no_more_than_is_there() -> None:
    coverage = FRAMES["coverage"].set_index("layer")
    assert coverage["completeness"].to_dict() == {"parks": "partial", "plots": "complete"}
    assert coverage.loc["parks", "geometry"] is None
    assert coverage.loc["plots", "geometry"].equals(PARKS.loc["soc-son", "geometry"])


def test_two_plants_together_are_not_one_plant_of_their_sum() -> None:
    plants = FRAMES["wastewater_plants"]
    assert plants.loc[["quang-minh-1-wastewater-1", "quang-minh-1-wastewater-2"], "capacity_m3_day"].isna().all()
    assert plants.loc["noi-bai-wastewater", "valid_from"] == pd.Timestamp("2011-01-01")
    assert set(plants["technology"].dropna()) == set()


def test_the_page_on_the_data_counts_what_is_shipped() -> None:
    page = (Path(__file__).parents[2] / "docs" / "hanoi-data.md").read_text(encoding="utf-8")
    told: dict[str, int] = {}
    for layers_, rows in re.findall(r"^\| ((?:`\w+`(?:, )?)+) \| ([\d, ]+) \|", page, re.MULTILINE):
        told |= dict(zip(re.findall(r"`(\w+)`", layers_), map(int, rows.split(", ")), strict=True))
    assert told == {layer: len(rows) for layer, rows in SHIPPED.items()}
    status = Counter(PARKS["status"])
    sentence = (
        f"29 parks: {status['operating']} operating (the hi-tech park among them), "
        f"{status['under_construction']} under construction, {status['in_plan']} in plan, "
        f"{status['proposed']} proposed."
    )
    assert sentence in page
