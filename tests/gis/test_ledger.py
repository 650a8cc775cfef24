"""Ledgers: hectares that close to the square metre, whatever overlaps what."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from gis.ledger import CHANGE_COLUMNS, LEDGER_COLUMNS, land_ledger, ledger_change
from layers.errors import CrsError, UnknownFieldError

METRIC = "EPSG:5897"
KINDS = ["industrial", "residential", "green", None]
SQUARE_METRE_HA = 1e-4
PARTS = ["hit_ha", "clear_ha", "stale_ha", "not_covered_ha"]

boxes = st.builds(
    lambda x, y, width, height: shapely.box(x, y, x + width, y + height),
    st.integers(0, 900),
    st.integers(0, 900),
    st.integers(1, 500),
    st.integers(1, 500),
)
zones = st.lists(st.tuples(boxes, st.sampled_from(KINDS)), max_size=8)


def zoned(drawn: list[tuple[shapely.Polygon, str | None]]) -> gpd.GeoDataFrame:
    kinds = pd.Series([kind for _, kind in drawn], dtype="str")
    return gpd.GeoDataFrame({"zone": kinds}, geometry=gpd.GeoSeries([shape for shape, _ in drawn], crs=METRIC))


def outlines(shapes: list[shapely.Polygon]) -> gpd.GeoSeries:
    return gpd.GeoSeries(shapes, index=[f"park-{number}" for number in range(len(shapes))], crs=METRIC)


@given(st.lists(boxes, max_size=5), zones, boxes, boxes)
@settings(max_examples=80, deadline=None)
def test_every_row_closes_to_the_square_metre(
    shapes: list[shapely.Polygon],
    drawn: list[tuple[shapely.Polygon, str | None]],
    fresh: shapely.Polygon,
    stale: shapely.Polygon,
) -> None:
    table = land_ledger(outlines(shapes), zoned(drawn), layer="zones", kind="zone", fresh=fresh, stale=stale)

    assert list(table.columns) == list(LEDGER_COLUMNS)
    assert (table[PARTS].sum(axis=1) - table["area_ha"]).abs().max() < SQUARE_METRE_HA or table.empty
    assert (table[PARTS] >= 0).all(axis=None)
    together = table[table["kind"] == ""].set_index("park_id")
    assert together["area_ha"].to_dict() == pytest.approx(
        {f"park-{number}": shape.area / 10_000 for number, shape in enumerate(shapes)}
    )
    union = shapely.union_all([shape for shape, _ in drawn])
    for number, shape in enumerate(shapes):
        rest = shape.difference(union).difference(fresh).difference(stale)
        assert together.loc[f"park-{number}", "not_covered_ha"] == pytest.approx(rest.area / 10_000, abs=1e-9)


def test_one_place_covered_twice_by_a_kind_counts_once() -> None:
    parks = outlines([shapely.box(0, 0, 100, 100)])
    drawn = zoned([(shapely.box(0, 0, 50, 100), "green"), (shapely.box(25, 0, 75, 100), "green")])

    table = land_ledger(parks, drawn, layer="zones", kind="zone", fresh=shapely.box(0, 0, 90, 100)).set_index("kind")

    assert table.loc["green", "hit_ha"] == pytest.approx(0.75)
    assert table.loc["green", "clear_ha"] == pytest.approx(0.15)
    assert table.loc["green", "not_covered_ha"] == pytest.approx(0.10)


def test_a_kind_that_hits_nothing_is_still_told_clear_or_not_covered() -> None:
    parks = outlines([shapely.box(0, 0, 100, 100)])
    table = land_ledger(
        parks,
        zoned([(shapely.box(500, 0, 600, 100), "green")]),
        layer="z",
        kind="zone",
        fresh=shapely.box(0, 0, 40, 100),
    )

    assert table[["kind", "hit_ha", "clear_ha", "not_covered_ha"]].to_numpy().tolist() == [
        ["", 0.0, pytest.approx(0.4), pytest.approx(0.6)],
        ["green", 0.0, pytest.approx(0.4), pytest.approx(0.6)],
    ]


def test_parks_without_an_area_get_no_row_and_order_does_not_matter() -> None:
    parks = gpd.GeoSeries(
        [shapely.box(0, 0, 10, 10), None, shapely.Point(1, 1), shapely.box(20, 0, 30, 10)],
        index=["b", "null", "point", "a"],
        crs=METRIC,
    )
    drawn = zoned([(shapely.box(0, 0, 25, 10), "green"), (shapely.box(0, 0, 5, 10), None)])

    table = land_ledger(parks, drawn, layer="z", kind="zone")
    again = land_ledger(parks[::-1], drawn[::-1], layer="z", kind="zone")

    assert table["park_id"].unique().tolist() == ["a", "b"]
    assert table["kind"].unique().tolist() == ["", "?", "green"]
    pd.testing.assert_frame_equal(table, again)


def test_empty_layers_have_a_stated_result() -> None:
    nothing = zoned([])
    assert land_ledger(outlines([]), nothing, layer="z", kind="zone").columns.tolist() == list(LEDGER_COLUMNS)
    table = land_ledger(outlines([shapely.box(0, 0, 100, 100)]), nothing, layer="z", kind="zone")
    assert table["not_covered_ha"].tolist() == [1.0]
    change = ledger_change(nothing, nothing, field="zone")
    assert change.empty
    assert change.columns.tolist() == list(CHANGE_COLUMNS)


@given(zones, zones, st.lists(boxes, min_size=1, max_size=3))
@settings(max_examples=60, deadline=None)
def test_change_closes_on_both_sides(
    old: list[tuple[shapely.Polygon, str | None]],
    new: list[tuple[shapely.Polygon, str | None]],
    shapes: list[shapely.Polygon],
) -> None:
    before, after, parks = zoned(old), zoned(new), outlines(shapes)

    table = ledger_change(before, after, field="zone", parks=parks)

    for park, shape in parks.items():
        mine = table[table["park_id"] == park]
        for frame, changes in ((before, ["kept", "rezoned", "dropped"]), (after, ["kept", "rezoned", "added"])):
            zoned_ha = shapely.union_all(frame.geometry.to_numpy()).intersection(shape).area / 10_000
            assert mine[mine["change"].isin(changes)]["area_ha"].sum() == pytest.approx(zoned_ha, abs=SQUARE_METRE_HA)


@given(zones)
@settings(max_examples=30, deadline=None)
def test_the_same_plan_twice_is_all_kept(drawn: list[tuple[shapely.Polygon, str | None]]) -> None:
    table = ledger_change(zoned(drawn), zoned(drawn[::-1]), field="zone")

    assert table.loc[table["change"] != "kept", "area_ha"].sum() == pytest.approx(0, abs=1e-9)


@given(zones, zones)
@settings(max_examples=30, deadline=None)
def test_change_back_is_change_forth_read_backwards(
    old: list[tuple[shapely.Polygon, str | None]], new: list[tuple[shapely.Polygon, str | None]]
) -> None:
    forth = ledger_change(zoned(old), zoned(new), field="zone").groupby("change")["area_ha"].sum()
    back = ledger_change(zoned(new), zoned(old), field="zone").groupby("change")["area_ha"].sum()

    turned = {"added": "dropped", "dropped": "added", "kept": "kept", "rezoned": "rezoned"}
    assert {turned[str(name)]: area for name, area in back.items()} == pytest.approx(forth.to_dict(), abs=1e-9)


def test_rezoning_is_told_by_kind_and_slivers_stand_apart() -> None:
    before = zoned([(shapely.box(0, 0, 100, 100), "green"), (shapely.box(100, 0, 200, 100), "industrial")])
    after = zoned([(shapely.box(0, 0, 100.4, 100), "green"), (shapely.box(100.4, 0, 200, 100), "residential")])

    table = ledger_change(before, after, field="zone")

    keys = zip(table["before"], table["after"], table["change"], table["sliver"], strict=True)
    rows = dict(zip(keys, table["area_ha"].round(6), strict=True))
    assert rows == {
        ("green", "green", "kept", False): 1.0,
        ("industrial", "green", "rezoned", True): 0.004,
        ("industrial", "residential", "rezoned", False): 0.996,
    }
    assert not ledger_change(before, after, field="zone", sliver_width_m=0.1)["sliver"].any()


def test_overlapping_kinds_are_named_together() -> None:
    before = zoned([(shapely.box(0, 0, 100, 100), "green"), (shapely.box(50, 0, 150, 100), "industrial")])

    table = ledger_change(before, zoned([]), field="zone")

    assert dict(zip(table["before"], table["area_ha"].round(9), strict=True)) == {
        "green": 0.5, "green+industrial": 0.5, "industrial": 0.5,
    }  # fmt: skip


def test_real_zoning_closes(shared_data: Path) -> None:
    """Vientiane's land-use plan 2030: 63 zones, 61,610 ha, one overlap of 16 m2."""
    zones_2030 = gpd.read_file(shared_data / "vientiane" / "glup2030_cdudcp_v1.shp")
    minx, miny, maxx, maxy = zones_2030.total_bounds
    quarter = gpd.GeoSeries(
        [shapely.box(minx, miny, (minx + maxx) / 2, maxy), shapely.box((minx + maxx) / 2, miny, maxx, maxy)],
        index=["west", "east"],
        crs=zones_2030.crs,
    )

    table = land_ledger(quarter, zones_2030, layer="zones", kind="zoning")

    together = table[table["kind"] == ""]
    assert together["hit_ha"].sum() == pytest.approx(61_610, abs=1)
    assert np.abs(table[PARTS].sum(axis=1) - table["area_ha"]).max() < SQUARE_METRE_HA
    by_kind = table[table["kind"] != ""]["hit_ha"].sum()
    assert by_kind - together["hit_ha"].sum() == pytest.approx(16e-4, abs=1e-4)


def test_metres_and_fields_are_asked_for_by_name() -> None:
    parks, drawn = outlines([shapely.box(0, 0, 1, 1)]), zoned([])
    feet = parks.set_crs("EPSG:2263", allow_override=True)
    with pytest.raises(CrsError) as caught:
        land_ledger(feet, drawn, layer="zones", kind="zone")
    assert caught.value.message("vi") == (
        "zones: hệ toạ độ là NAD83 / New York Long Island (ftUS), cần hệ toạ độ phẳng tính bằng mét."
    )
    with pytest.raises(CrsError, match="wanted a projected CRS in metres"):
        ledger_change(drawn, drawn, field="zone", parks=feet)
    with pytest.raises(UnknownFieldError) as unknown:
        land_ledger(parks, drawn, layer="zones", kind="use")
    assert unknown.value.message("en") == "The layer zones has no field 'use'. Its fields are: zone, geometry."
    with pytest.raises(UnknownFieldError, match="ledger_change has no field 'use'"):
        ledger_change(drawn, drawn, field="use")
