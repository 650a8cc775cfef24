"""Coordinates move by named operations only, to the centimetre where VN-2000 is concerned."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import CRS
from pyproj.transformer import TransformerGroup
from shapely import LineString, Point

from layers.crs import metric, name_of, parse_crs, to_store_crs
from layers.errors import CrsError

#: Longitude, latitude on WGS 84 and the same place in the CRS of Hanoi and its neighbours: computed with PROJ 9.5.1 and
#: EPSG v11.022, checked against the official parameters of Decision 05/2007/QĐ-BTNMT.
GOLDEN = (105.8544, 21.0195)
GOLDEN_PLACES = {
    "EPSG:5897": (588618.065, 2325348.988),
    "EPSG:3405": (588591.477, 2324651.314),
    "EPSG:9209": (536642.887, 2325152.924),
    "EPSG:9210": (510656.265, 2325115.909),
    "EPSG:32648": (588787.700, 2324543.223),
}
CENTIMETRE = 0.01
LOCAL_DATUM = (
    'GEOGCRS["x",DATUM["y",ELLIPSOID["z",6378137,298]],CS[ellipsoidal,2],AXIS["lat",north],AXIS["lon",east],'
    'ANGLEUNIT["degree",0.0174532925199433]]'
)


def place(x: float, y: float, crs: object = None) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"name": ["a"]}, geometry=[Point(x, y)], crs=crs)


def test_golden_points_are_those_of_the_reference(shared_reference: Path) -> None:
    rows = list(csv.DictReader((shared_reference / "crs.csv").read_text(encoding="utf-8").splitlines()))
    note = next(row["note"] for row in rows if row["kind"] == "check" and row["code"] == "sample")
    found = {
        f"EPSG:{code}": (float(e), float(n)) for code, e, n in re.findall(r"EPSG:(\d+) E ([\d.]+) N ([\d.]+)", note)
    }
    assert found == GOLDEN_PLACES


@pytest.mark.parametrize("code", GOLDEN_PLACES)
def test_metric_meets_the_golden_points(code: str) -> None:
    moved = metric(place(*GOLDEN, 4326), code)
    assert moved.crs == code
    point = moved.geometry.iloc[0]
    assert np.hypot(point.x - GOLDEN_PLACES[code][0], point.y - GOLDEN_PLACES[code][1]) < CENTIMETRE


@pytest.mark.parametrize("code", GOLDEN_PLACES)
@pytest.mark.parametrize("stated", ["in the data", "by the user", "as ESRI WKT"])
def test_to_store_crs_meets_the_golden_points(code: str, stated: str) -> None:
    wkt = CRS(code).to_wkt("WKT1_ESRI")
    features = place(*GOLDEN_PLACES[code], {"in the data": code, "by the user": None, "as ESRI WKT": wkt}[stated])
    moved, done = to_store_crs(features, crs=code if stated == "by the user" else None)
    back = metric(moved, code).geometry.iloc[0]
    assert np.hypot(back.x - GOLDEN_PLACES[code][0], back.y - GOLDEN_PLACES[code][1]) < CENTIMETRE
    point = moved.geometry.iloc[0]
    degrees_a_metre = 1 / 111_000
    assert abs(point.x - GOLDEN[0]) < CENTIMETRE * degrees_a_metre
    assert abs(point.y - GOLDEN[1]) < CENTIMETRE * degrees_a_metre
    assert done.source.startswith(code)
    assert done.target == "EPSG:4326 (WGS 84)"


def test_vn2000_moves_by_the_official_operation_and_says_so() -> None:
    _, done = to_store_crs(place(588618.065, 2325348.988, 5897))
    assert "VN-2000 to WGS 84 (2) [EPSG:6960]" in done.operation
    assert done.accuracy_m == 1.0
    assert "EPSG:6960" in done.message().vi
    assert "độ chính xác 1 m" in done.message().vi
    assert "accuracy 1 m" in done.message().en


def test_other_operation_between_vn2000_and_wgs84_would_be_seen() -> None:
    """The rejected EPSG:5194 puts the same point 0.69 m away: more than any rounding here."""
    group = TransformerGroup("EPSG:5897", "EPSG:4326", always_xy=True)
    rejected = next(t for t in group.transformers if "VN-2000 to WGS 84 (1)" in t.description)
    lon, lat = rejected.transform(588618.065, 2325348.988)
    moved = metric(place(lon, lat, 4326), "EPSG:5897").geometry.iloc[0]
    assert np.hypot(moved.x - 588618.065, moved.y - 2325348.988) == pytest.approx(0.69, abs=0.02)


@pytest.mark.parametrize("crs", ["EPSG:4326", "OGC:CRS84"])
def test_wgs84_is_left_as_it_is(crs: str) -> None:
    features = place(*GOLDEN, crs)
    moved, done = to_store_crs(features)
    assert moved.geometry.iloc[0] == features.geometry.iloc[0]
    assert moved.crs == "EPSG:4326"
    assert done.operation == ""
    assert done.message().en == "Coordinates are in EPSG:4326 (WGS 84); left as they are."
    assert "giữ nguyên" in done.message().vi


def test_rows_columns_heights_and_unknown_places_stay() -> None:
    with np.errstate(invalid="ignore"):
        broken = LineString([(588618, 2325348), (np.nan, 2325348)])
    features = gpd.GeoDataFrame(
        {"name": ["a", "b", "c"]},
        geometry=[Point(588618, 2325348, 7.5), None, broken],
        index=["x", "y", "z"],
        crs=5897,
    )
    moved, _ = to_store_crs(features)
    assert moved.index.tolist() == ["x", "y", "z"]
    assert moved["name"].tolist() == ["a", "b", "c"]
    assert moved.geometry.iloc[0].z == 7.5
    assert moved.geometry.iloc[1] is None
    assert not moved.geometry.iloc[2].has_z
    assert np.isnan(shapely.get_coordinates(moved.geometry.iloc[2])[1, 0])
    assert features.geometry.iloc[0].x == 588618


def test_nothing_needs_no_crs() -> None:
    moved, done = to_store_crs(gpd.GeoDataFrame({"name": ["a"]}, geometry=[None]))
    assert moved.crs == "EPSG:4326"
    assert done.operation == ""


def message_of(features: gpd.GeoDataFrame, crs: object = None, language: str = "en") -> str:
    with pytest.raises(CrsError) as caught:
        to_store_crs(features, crs=crs, where="parcels.shp")
    return caught.value.message("vi" if language == "vi" else "en")


def test_missing_crs_asks_for_one() -> None:
    asked = "--crs EPSG:5897 (VN-2000 / TM-3 zone 482) or another EPSG code."
    said = f"parcels.shp: the CRS is not stated, wanted the CRS of the file stated: {asked}"
    assert message_of(place(588618, 2325348)) == said
    assert "hệ toạ độ là không rõ, cần khai báo hệ toạ độ của tệp: --crs EPSG:5897" in message_of(
        place(588618, 2325348), language="vi"
    )


@pytest.mark.parametrize(
    ("crs", "seen"),
    [
        ("EPSG:99999", "EPSG:99999"),
        ("Hanoi", "Hanoi"),
        ("EPSG:4978", "Geocentric CRS"),
        ("EPSG:5703", "Vertical CRS"),
        ('LOCAL_CS["Undefined Cartesian SRS"]', "Engineering CRS"),
        ("+proj=tmerc +lat_0=0 +lon_0=105 +k=0.9999 +x_0=500000 +y_0=0 +ellps=WGS84 +units=m", "unknown → EPSG:4326"),
        (LOCAL_DATUM, "x → EPSG:4326"),
    ],
)
def test_unknown_local_and_unnamed_crs_are_refused(crs: str, seen: str) -> None:
    text = message_of(place(105.8, 21.0) if "GEOGCRS" in crs else place(588618, 2325348), crs)
    assert seen in text
    assert "wanted a CRS of the EPSG list, such as EPSG:5897" in text


def test_projected_coordinates_called_degrees_are_refused() -> None:
    text = message_of(place(588618.065, 2325348.988, 4326))
    assert "EPSG:4326 (WGS 84) but the coordinates are 588618, 2.32535e+06" in text
    assert "--crs EPSG:5897" in text


def test_exchanged_axes_are_refused() -> None:
    text = message_of(place(2325348.988, 588618.065, 5897))
    assert "the data falls in 121.2" in text
    assert "check the CRS code and the order of X and Y" in text


def test_degrees_called_metres_are_refused() -> None:
    assert "the data falls in 100.5" in message_of(place(*GOLDEN, 5897))


def test_data_that_reaches_over_the_edge_of_its_zone_is_noted() -> None:
    haiphong = metric(place(106.68, 20.86, 4326), "EPSG:5897")
    moved, done = to_store_crs(haiphong)
    assert done.outside_area
    assert moved.geometry.iloc[0].x == pytest.approx(106.68, abs=1e-6)
    assert not to_store_crs(metric(place(*GOLDEN, 4326), "EPSG:5897"))[1].outside_area


def test_places_without_image_are_refused() -> None:
    assert "EPSG:2154" in message_of(place(1e30, 1e30, 2154))


def test_metric_wants_wgs84_and_metres() -> None:
    cases = [
        (place(588618, 2325348, 5897), "EPSG:5897", "the CRS is EPSG:5897 (VN-2000 / TM-3 zone 482), wanted EPSG:4326"),
        (place(1, 2), "EPSG:5897", "the CRS is not stated, wanted EPSG:4326"),
        (place(*GOLDEN, 4326), "EPSG:4756", "wanted a projected CRS in metres"),
        (place(*GOLDEN, 4326), "EPSG:2263", "wanted a projected CRS in metres"),
    ]
    for features, crs, text in cases:
        with pytest.raises(CrsError, match=re.escape(text)):
            metric(features, crs)


def test_names_never_claim_a_code_that_only_looks_alike() -> None:
    assert name_of(CRS("EPSG:5897")) == "EPSG:5897 (VN-2000 / TM-3 zone 482)"
    alike = CRS("+proj=tmerc +lat_0=0 +lon_0=105 +k=0.9999 +x_0=500000 +y_0=0 +ellps=WGS84 +units=m")
    assert name_of(alike) == "unknown"


def test_compound_crs_keeps_its_horizontal_part() -> None:
    assert parse_crs("EPSG:5897+5703", where="x") == CRS("EPSG:5897")


@settings(deadline=None)
@given(st.floats(102.5, 109.0), st.floats(8.6, 23.3), st.sampled_from(sorted(GOLDEN_PLACES)))
def test_there_and_back_is_the_same_place(lon: float, lat: float, code: str) -> None:
    there = metric(place(lon, lat, 4326), code)
    point = to_store_crs(there)[0].geometry.iloc[0]
    again = metric(place(point.x, point.y, 4326), code).geometry.iloc[0]
    assert np.hypot(again.x - there.geometry.iloc[0].x, again.y - there.geometry.iloc[0].y) < CENTIMETRE


def test_a_crs_without_a_code_is_moved_by_named_steps() -> None:
    """A hand-written .prj has no EPSG id; its projection is named all the same."""
    text = (
        'PROJCS["Ha Noi","GEOGCS["WGS 84",DATUM["WGS_1984",SPHEROID["WGS 84",6378137,298.257223563]],'
        'PRIMEM["Greenwich",0],UNIT["degree",0.0174532925199433]],PROJECTION["Transverse_Mercator"],'
        'PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",105],PARAMETER["scale_factor",0.9999],'
        'PARAMETER["false_easting",500000],PARAMETER["false_northing",0],UNIT["metre",1]]'
    ).replace('"GEOGCS[', "GEOGCS[")
    there = gpd.GeoSeries([Point(105.8544, 21.0195)], crs="EPSG:4326").to_crs(text)
    moved, done = to_store_crs(gpd.GeoDataFrame(geometry=there), crs=None, where="ha_noi.shp")
    assert (moved.geometry[0].x, moved.geometry[0].y) == pytest.approx((105.8544, 21.0195), abs=1e-8)
    assert done.operation
