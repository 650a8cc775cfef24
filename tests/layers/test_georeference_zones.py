"""Declared areas and lengths tell the projection in which they were computed."""

from __future__ import annotations

from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from layers.errors import ValueOutOfRangeError
from layers.georeference import FRAMES, HANOI, Reading, diagnose, write_points, zone_from_areas, zone_from_lengths
from layers.georeference.areas import ELLIPSOID
from layers.georeference.frames import frame, shift_of

ZONES = [one.code for one in FRAMES if one.family in ("TM-3", "UTM VN-2000", "UTM WGS 84")]


def project(shapes: np.ndarray, code: str) -> np.ndarray:
    found = frame(code)
    assert found is not None
    reading = Reading(found, shift_of(found.datum))
    return shapely.transform(shapes, lambda points: write_points(points, reading))


def parcels(lon: float, lat: float, *, count: int = 25) -> np.ndarray:
    """Rectangles of 20 to 60 m by 30 m in a row."""
    steps = np.arange(count)
    x, y = lon + steps * 1e-3, lat + steps % 5 * 1e-3
    return shapely.box(x, y, x + (steps % 3 + 1) * 2e-4, y + 3e-4)


@pytest.fixture(scope="module")
def duynghia(shared_data: Path) -> gpd.GeoDataFrame:
    return gpd.read_file(shared_data / "cadastre" / "duynghia_parcels_sheets_1_6.gpkg")


def test_parcel_areas_name_their_zone_and_close_to_the_square_metre(duynghia: gpd.GeoDataFrame) -> None:
    fits = zone_from_areas(duynghia.geometry.to_numpy(), duynghia["shape_area"])
    best, second = fits[:2]
    assert best.frame.code == "EPSG:5899"
    assert best.compared == len(duynghia) == 1193
    assert best.total == pytest.approx(1_849_228.88, abs=0.005)
    assert best.ratio == pytest.approx(1, abs=1e-8)
    assert best.agrees
    assert not second.agrees
    assert abs(second.ratio - 1) > 50_000 * abs(best.ratio - 1)
    utm = next(fit for fit in fits if fit.frame.code == "EPSG:3405")
    assert utm.ratio == pytest.approx(1.0025, abs=0.0001)


def test_rounded_areas_of_the_parcel_list_still_name_their_zone(duynghia: gpd.GeoDataFrame) -> None:
    """The column that people signed is rounded to 0.1 m2 and stale for some parcels."""
    best, second = zone_from_areas(duynghia.geometry.to_numpy(), duynghia["dientich"].astype(float))[:2]
    assert best.frame.code == "EPSG:5899"
    assert best.agrees
    assert not second.agrees


def test_road_lengths_name_their_grid(shared_data: Path) -> None:
    roads = gpd.read_file(shared_data / "transport" / "vietnam_national_roads.geojson")
    best, second = zone_from_lengths(roads.geometry.to_numpy(), roads["chieu_dai"].astype(float))[:2]
    assert best.frame.code == "EPSG:3405"
    assert best.total / 1000 == pytest.approx(16_880.287, abs=0.001)
    assert best.ratio == pytest.approx(1, abs=1e-7)
    assert best.agrees
    # The same grid on WGS 84 is the nearest other one: 3.3 parts in a million.
    assert second.frame.code == "EPSG:32648"
    assert not second.agrees
    geodesic = next(
        f
        for f in zone_from_lengths(roads.geometry.to_numpy(), roads["chieu_dai"].astype(float))
        if f.frame == ELLIPSOID
    )
    assert geodesic.total / 1000 == pytest.approx(16_876.258, abs=0.001)


@settings(deadline=None, max_examples=40)
@given(st.sampled_from(ZONES), st.floats(105.3, 105.9), st.floats(20.6, 21.3))
def test_areas_of_a_zone_lead_back_to_it(code: str, lon: float, lat: float) -> None:
    shapes = parcels(lon, lat)
    best = zone_from_areas(shapes, shapely.area(project(shapes, code)))[0]
    assert best.frame.code == code
    assert best.agrees


@settings(deadline=None, max_examples=15)
@given(st.sampled_from(ZONES), st.floats(0.2, 0.45), st.integers(0, 1000))
def test_stale_areas_below_one_half_change_nothing(code: str, stale: float, seed: int) -> None:
    shapes = parcels(105.7, 21.0, count=60)
    areas = shapely.area(project(shapes, code))
    random = np.random.default_rng(seed)
    changed = random.random(60) < stale
    areas = np.where(changed, areas * random.uniform(0.5, 3, 60), areas)
    if changed.mean() < 0.45:
        assert zone_from_areas(shapes, areas)[0].frame.code == code


def test_geodesic_areas_are_of_no_zone() -> None:
    shapes = parcels(105.7, 21.0)
    geod = Geod(ellps="WGS84")
    areas = [abs(geod.geometry_area_perimeter(shape)[0]) for shape in shapes]
    assert zone_from_areas(shapes, areas)[0].frame == ELLIPSOID


def test_what_cannot_be_compared_is_left_out() -> None:
    shapes = np.array([*parcels(105.7, 21.0), None, shapely.Polygon(), parcels(105.7, 21.0)[0]], dtype=object)
    areas = np.concatenate([shapely.area(project(parcels(105.7, 21.0), "EPSG:5897")), [5.0, 5.0, np.nan]])
    assert zone_from_areas(shapes, areas)[0].compared == 25
    assert zone_from_areas(shapes[25:], areas[25:]) == ()
    assert zone_from_areas(shapes[:1], [0.0]) == ()


def test_areas_and_shapes_must_be_as_many() -> None:
    with pytest.raises(ValueOutOfRangeError, match="declared area: saw 2, wanted 25 values"):
        zone_from_areas(parcels(105.7, 21.0), [1.0, 2.0])
    with pytest.raises(ValueOutOfRangeError, match="declared length: saw 1, wanted 25 values"):
        zone_from_lengths(parcels(105.7, 21.0), [1.0])
    with pytest.raises(ValueOutOfRangeError, match="data: saw 1, wanted 25 areas") as caught:
        diagnose(parcels(105.7, 21.0), declared_area_m2=[1.0])
    assert "cần 25 diện tích" in caught.value.message("vi")


def test_exact_areas_decide_between_datums() -> None:
    """224 m change the areal scale by half a millionth: enough, if areas and coordinates are given in full."""
    shapes = parcels(105.9, 21.0)
    areas = shapely.area(project(shapes, "EPSG:9208"))
    for code, other in (("EPSG:4326", "EPSG:4756"), ("EPSG:4756", "EPSG:4326")):
        diagnosis = diagnose(project(shapes, code), declared_area_m2=areas)
        assert diagnosis.chosen is not None
        assert diagnosis.chosen.key == code
        assert diagnosis.chosen.evidence.zone is not None
        assert diagnosis.chosen.evidence.zone.frame.code == "EPSG:9208"
        assert "Declared areas agree with EPSG:9208" in diagnosis.chosen.reason.en
        assert "Diện tích kê khai khớp với EPSG:9208" in diagnosis.chosen.reason.vi
        assert other not in {one.key for one in diagnosis.undecided}
    assert diagnose(project(shapes, "EPSG:4756")).verdict == "several"


def test_areas_of_the_own_grid_decide_nothing_between_zones() -> None:
    shapes = project(parcels(105.7, 21.0), "EPSG:5897")
    diagnosis = diagnose(shapes, declared_area_m2=shapely.area(shapes))
    assert diagnosis.verdict == "several"
    assert [one.key for one in diagnosis.choices[:3]] == ["EPSG:5897", "EPSG:3405", "EPSG:32648"]
    assert diagnosis.choices[0].evidence.own_ratio == pytest.approx(1)


def test_areas_decide_the_unit() -> None:
    shapes = project(parcels(105.7, 21.0), "EPSG:5897")
    millimetres = shapely.transform(shapes, lambda points: points * 1000)
    diagnosis = diagnose(millimetres, declared=5897, declared_area_m2=shapely.area(shapes))
    assert diagnosis.chosen is not None
    assert diagnosis.chosen.key == "EPSG:5897+millimetres"
    assert diagnosis.chosen.evidence.own_ratio == pytest.approx(1)


def test_areas_that_fit_nothing_say_nothing() -> None:
    shapes = project(parcels(105.7, 21.0), "EPSG:5897")
    without = diagnose(shapes, declared=5897)
    hectares = diagnose(shapes, declared=5897, declared_area_m2=shapely.area(shapes) / 10_000)
    assert [one.key for one in hectares.hypotheses] == [one.key for one in without.hypotheses]
    assert hectares.best is not None
    assert without.best is not None
    assert hectares.best.score == pytest.approx(without.best.score)
    assert "Declared areas agree with no projection" in hectares.best.reason.en
    assert "Diện tích kê khai không khớp lưới nào" in hectares.best.reason.vi


def test_areas_that_were_lost_on_the_way_to_another_grid_find_the_datum(duynghia: gpd.GeoDataFrame) -> None:
    """Parcels measured in zone 107°45' and handed over in UTM 48N, without a .prj."""
    province = shapely.buffer(shapely.box(*duynghia.total_bounds), 0.3)
    shapes = project(duynghia.geometry.to_numpy(), "EPSG:3405")
    silent = diagnose(shapes, area=province)
    assert silent.verdict == "several"
    told = diagnose(shapes, area=province, declared_area_m2=duynghia["shape_area"])
    assert told.best is not None
    assert told.best.key == "EPSG:3405"
    assert told.best.evidence.zone is not None
    assert told.best.evidence.zone.frame.code == "EPSG:5899"
    assert "EPSG:32648" not in {one.key for one in told.undecided}
    assert HANOI.polygon.disjoint(province)
