"""The review of what is shipped, and of real input: Hanoi's units, the national list of zones, Vientiane's zoning."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

from gis.review import REASONS, Review, frames_reader, review_horizons, review_plan
from layers.catalogue import shipped_definitions
from layers.hanoi import frames, seed
from layers.importing import import_file
from layers.schema import typed
from layers.store import Store, open_store
from layers.time import HORIZONS


@pytest.fixture(scope="module")
def shipped() -> dict[int, Review]:
    return review_horizons(frames_reader(frames(), definitions=shipped_definitions()))


@pytest.fixture(scope="module")
def imported(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """Give a store with the shipped layers, the wards of 2026 and the 525 zones of the national list."""
    units = shared_data / "admin" / "hanoi_units_2026.gpkg"
    zones = shared_data / "industrial" / "vietnam_industrial_zones_north_2026.geojson"
    with open_store(str(tmp_path_factory.mktemp("review") / "hanoi.gpkg")) as store:
        seed(store)
        import_file(
            store,
            units,
            "admin_units",
            mapping="hanoi-units-2026",
            author="test",
            message="wards",
            coverage="hull",
            as_of=dt.date(2026, 1, 1),
        )
        import_file(store, zones, "parks", mapping="industrial-zones-2026", author="test", message="zones")
        yield store


def test_soc_son_keeps_the_three_shares_of_its_approved_plan(shipped: dict[int, Review]) -> None:
    findings = shipped[2030].findings
    shares = {rule: findings.loc[f"{rule}:parks:soc-son"] for rule in ("IP-02", "IP-03", "IP-04")}

    assert {rule: found["outcome"] for rule, found in shares.items()} == dict.fromkeys(shares, "pass")
    measured = {rule: round(found["measured"], 2) for rule, found in shares.items()}
    assert measured == {"IP-02": 10.17, "IP-03": 10.42, "IP-04": 1.04}
    assert shares["IP-02"]["message_vi"].startswith(
        "Đất giao thông chiếm 10,17% diện tích KCN sạch Sóc Sơn, đạt yêu cầu không nhỏ hơn 10%"
    )


def test_nothing_shipped_is_called_clear_of_a_constraint(shipped: dict[int, Review]) -> None:
    """No constraint areas and no zoning are shipped, so no park may pass or fail by them."""
    for review in shipped.values():
        house = review.findings[
            review.findings["rule_id"].isin(["PP-FLOOD", "PP-HERITAGE", "PP-RICE", "PP-ZONE", "D35-11"])
        ]
        assert set(house["outcome"]) <= {"no_data", "not_checked"}
        assert (review.ledger["clear_ha"].fillna(0) == 0).all()
        assert (review.ledger["not_covered_ha"].dropna() == review.ledger["area_ha"].dropna()).all()


def test_every_rule_is_accounted_for(shipped: dict[int, Review]) -> None:
    rules = frames()["rules"]
    for review in shipped.values():
        assert review.rules.index.tolist() == sorted(rules.index)
        assert set(review.findings["rule_id"]) == set(rules.index)
    unsure = rules.index[(rules["confidence"] == "low") | (rules["checkable"] != "yes")]
    told = shipped[2030].findings
    assert set(told[told["rule_id"].isin(unsure)]["outcome"]) == {"not_checked"}


def test_all_horizons_regard_the_parks_that_exist_then(shipped: dict[int, Review]) -> None:
    read = frames_reader(frames(), definitions=shipped_definitions())
    assert tuple(shipped) == HORIZONS
    for horizon, review in shipped.items():
        assert review.parks.index.tolist() == sorted(read("parks", horizon=horizon).index)
        assert set(review.findings["reason"]) <= set(REASONS)


def test_unknown_time_is_told_for_each_park_that_has_it(shipped: dict[int, Review]) -> None:
    parks = frames()["parks"]
    unknown = parks.index[parks["time_basis"].isna() | (parks["time_basis"] == "unknown")]
    told = shipped[2050].findings.query("rule_id == 'PP-TIME' and reason == 'missing_attribute'")

    assert len(unknown) > 0
    assert sorted(told["feature_id"]) == sorted(unknown)


def test_the_document_of_what_is_shipped_is_plain(shipped: dict[int, Review]) -> None:
    document = shipped[2030].document("vi")

    assert json.loads(json.dumps(document, allow_nan=False)) == document
    names = {row["park_id"]: row["name"] for row in document["parks"]}
    assert names["soc-son"] == "KCN sạch Sóc Sơn"
    assert len(document["findings"]["features"]) == sum(document["summary"].values())


def test_schematic_outlines_have_exactly_the_published_area(shipped: dict[int, Review]) -> None:
    sketched = shipped[2030].ledger.query("basis == 'schematic'")

    assert len(sketched) > 0
    assert (sketched["area_ha"] - sketched["declared_ha"]).abs().max() < 1e-3
    assert sketched["schematic"].all()


def test_43_zones_lie_in_hanoi_though_42_are_labelled_so(imported: Store) -> None:
    """41 write "Hà Nội" and one the same with a capital I and decomposed accents; the 43rd has a full stop behind."""
    zones = imported.read("parks")
    zones = zones[zones.index.str.startswith("iip-")]
    findings = review_plan(imported.read, horizon=2030, definitions=imported.layers()).findings
    mine = findings[(findings["rule_id"] == "PP-PLACE") & findings["feature_id"].isin(zones.index)]
    inside = mine[mine["other_id"] != ""]

    assert len(zones) == 525
    assert int((zones["province"] == "Hà Nội").sum()) == 41
    assert len(inside) == 43
    assert inside["outcome"].value_counts().to_dict() == {"pass": 42, "warning": 1}
    (spelt,) = inside[inside["outcome"] == "warning"].to_dict("records")
    assert spelt["reason"] == "label_spelling"
    assert "ĐÔNG ANH" in spelt["message_vi"]
    assert spelt["message_vi"].endswith("ghi tỉnh, thành phố là “Hà Nội.” và nằm trong “Hà Nội”.")
    outside = mine[mine["other_id"] == ""]
    assert outside.groupby(["outcome", "reason"]).size().to_dict() == {("no_data", "not_covered"): 482}


def test_shipped_parks_lie_in_the_communes_they_name(imported: Store) -> None:
    """The label points were made from old commune centres; wards of 2026 confirm or question them."""
    findings = review_plan(imported.read, horizon=2030, definitions=imported.layers()).findings
    place = findings[(findings["rule_id"] == "PP-UNIT") & ~findings["feature_id"].str.startswith("iip-")]

    # Positions are sketches, so agreement is an indication only.
    assert not place["outcome"].isin(["pass", "fail"]).any()
    soc_son = place.set_index("feature_id").loc["soc-son"]
    assert soc_son["reason"] == "schematic_geometry"
    assert "“Kim Anh” và nằm trong “Kim Anh”" in soc_son["message_vi"]


def test_a_store_and_frames_give_the_same_review(imported: Store) -> None:
    definitions = imported.layers()
    copied = {name: imported.read(name) for name in definitions}

    stored = review_plan(imported.read, horizon=2030, definitions=definitions)
    in_memory = review_plan(frames_reader(copied), horizon=2030, definitions=definitions)

    pd.testing.assert_frame_equal(
        pd.DataFrame(stored.findings.drop(columns="geometry")),
        pd.DataFrame(in_memory.findings.drop(columns="geometry")),
    )
    pd.testing.assert_frame_equal(stored.ledger, in_memory.ledger)


def test_real_zoning_splits_a_park_between_its_zones(shared_data: Path) -> None:
    """A square park on Vientiane's land-use plan: the ledger agrees with a plain overlay of the original shapes."""
    source = gpd.read_file(shared_data / "vientiane" / "glup2030_cdudcp_v1.shp")
    kinds = {"I": "industrial", "UD": "urban", "UC": "urban", "UP": "urban", "A": "agriculture", "N": "green"}
    zoning = [
        next((kind for start, kind in kinds.items() if code.startswith(start)), "other") for code in source["zoning"]
    ]
    zones = typed(
        shipped_definitions()["planning_zones"],
        gpd.GeoDataFrame(
            {"name": source["zone_name"].to_numpy(), "zone": zoning},
            geometry=source.geometry.to_crs("EPSG:4326").to_numpy(),
            index=pd.Index([f"z{n}" for n in source["ogc_fid"]], name="feature_id"),
            crs="EPSG:4326",
        ),
    )
    centre = source.union_all().representative_point()
    square = gpd.GeoSeries([centre.buffer(1500, cap_style="square")], crs=source.crs)
    parks = typed(
        shipped_definitions()["parks"],
        gpd.GeoDataFrame(
            {"name_vi": ["KCN"], "area_ha": [900.0], "position": ["surveyed"]},
            geometry=square.to_crs("EPSG:4326").to_numpy(),
            index=pd.Index(["a"], name="feature_id"),
            crs="EPSG:4326",
        ),
    )
    shipped_rules = frames()["rules"].loc[["PP-ZONE", "PP-AREA"]]
    read = frames_reader(
        {"parks": parks, "planning_zones": zones, "rules": shipped_rules}, definitions=shipped_definitions()
    )

    review = review_plan(read, horizon=2030, metric_crs="EPSG:32648")

    expected = gpd.overlay(source.assign(zone=zoning)[["zone", "geometry"]], gpd.GeoDataFrame(geometry=square))
    by_kind = expected.dissolve("zone").area / 10_000
    ledger = review.ledger.query("layer == 'planning_zones'").set_index("kind")
    for kind, hectares in by_kind.items():
        # Edges are straight in the source CRS, but were moved by their corners only: up to a few square metres.
        assert ledger.loc[kind, "hit_ha"] == pytest.approx(hectares, abs=0.01)
    parts = ledger[["hit_ha", "clear_ha", "stale_ha", "not_covered_ha"]].sum(axis=1)
    assert np.abs(parts - ledger["area_ha"]).max() < 1e-4
    assert ledger.loc["", "area_ha"] == pytest.approx(900, abs=1e-3)
    zone = review.findings.loc["PP-ZONE:parks:a"]
    assert zone["measured"] == pytest.approx(100 * by_kind.get("industrial", 0.0) / 900, abs=0.01)
    assert zone["outcome"] == "warning"
    assert review.findings.loc["PP-AREA:parks:a", "outcome"] == "pass"
