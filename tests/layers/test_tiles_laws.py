"""Laws of vector tiles: valid rings, nothing beyond the buffer, every feature drawn or counted, where it is."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import geopandas as gpd
import mapbox_vector_tile
import numpy as np
import psycopg
import pytest
import shapely
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from layers.definitions import STORE_CRS, LayerDefinition, parse_definition
from layers.errors import UnknownTileError
from layers.schema import typed
from layers.tiles import Tile, tile_grid, tile_grids
from layers.tiles.arrays import BUFFER, EXTENT
from layers.tiles.encoding import LayerTile, drawn_layer, encode_layer
from layers.tiles.snapshots import build_snapshot
from layers.tiles.views import Kept, look_for

THINGS = """
id = "things"
title = { vi = "Vật thử", en = "Things" }
theme = "reference"
geometry = ["Point", "MultiPoint", "LineString", "MultiLineString", "Polygon", "MultiPolygon"]
style = { by = "kind" }
fields = [
  { name = "name", type = "text", title = { vi = "Tên", en = "Name" } },
  { name = "size", type = "integer", title = { vi = "Cỡ", en = "Size" } },
  { name = "kind", type = "text", title = { vi = "Loại", en = "Kind" }, codes = [
    { value = "a", title = { vi = "loại a", en = "kind a" } },
    { value = "b", title = { vi = "loại b", en = "kind b" } },
  ] },
]
"""
#: Without making a failure smaller, which takes minutes here.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
#: Where the tests draw, in each grid: a tile near Hanoi whose sides are a few kilometres long.
TILES = {"WebMercatorQuad": (13, 3606, 6500), "WorldCRS84Quad": (12, 1570, 6500), "VN2000TM3Zone482": (7, 71, 181)}
BOX = shapely.box(0, 0, EXTENT, EXTENT)
INSIDE = shapely.box(4 - BUFFER, 4 - BUFFER, EXTENT + BUFFER - 4, EXTENT + BUFFER - 4)
WHOLE = shapely.box(-BUFFER, -BUFFER, EXTENT + BUFFER, EXTENT + BUFFER)


def definition() -> LayerDefinition:
    return parse_definition(THINGS, where="things.toml")


def a_tile(grid: str) -> Tile:
    return tile_grid(grid).tile(*TILES[grid])


def lonlat(shapes: Sequence[BaseGeometry], grid: str) -> list[BaseGeometry]:
    """Shapes in units of a tile as longitude and latitude, so that each lands where the test means it."""
    found = tile_grid(grid)
    minx, _, maxx, maxy = found.bounds(a_tile(grid))
    scale = (maxx - minx) / EXTENT
    placed = shapely.transform(shapes, lambda xy: np.column_stack([minx + xy[:, 0] * scale, maxy - xy[:, 1] * scale]))
    return list(gpd.GeoSeries(placed, crs=found.crs).to_crs(STORE_CRS))


def things(shapes: list[BaseGeometry]) -> gpd.GeoDataFrame:
    count = len(shapes)
    index = [f"t{place}" for place in range(count)]
    columns = {
        "name": [f"số {place}" for place in range(count)],
        "size": list(range(count)),
        "kind": ["ab"[place % 2] for place in range(count)],
    }
    geometry = gpd.GeoSeries(shapes, index=index, crs=STORE_CRS)
    return typed(definition(), gpd.GeoDataFrame(columns, geometry=geometry, index=index))


def drawn(shapes: Sequence[BaseGeometry], grid: str, *, limit: int = 500_000) -> LayerTile:
    layer = definition()
    kept = Kept(build_snapshot(layer, things(lonlat(shapes, grid))), None)
    found = tile_grid(grid)
    look = look_for(layer, kept.snapshot.classes)
    return encode_layer(look, [kept.source(found)], found.corner(a_tile(grid)), limit=limit)


def features(tile: LayerTile) -> list[dict[str, Any]]:
    if not tile.data:
        return []
    decoded = mapbox_vector_tile.decode(tile.data, default_options={"y_coord_down": True})
    found: list[dict[str, Any]] = decoded["things"]["features"]
    return found


numbers = st.integers(-400, EXTENT + 400)
fine = st.floats(-400, EXTENT + 400, allow_nan=False, width=32)
places = st.tuples(st.one_of(numbers, fine), st.one_of(numbers, fine))


@st.composite
def polygons(draw: st.DrawFn) -> BaseGeometry:
    """Areas of every kind: tiny and huge, thin, with holes, in several parts."""
    size = draw(st.sampled_from([0.3, 2.0, 30.0, 700.0, 9000.0]))
    x, y = draw(places)
    count = draw(st.integers(3, 9))
    angles = np.sort(draw(st.lists(st.floats(0, 6.28), min_size=count, max_size=count, unique=True)))
    reach = np.array(draw(st.lists(st.floats(0.05, 1.0), min_size=count, max_size=count))) * size
    ring = np.column_stack([x + reach * np.cos(angles), y + reach * np.sin(angles)])
    area = shapely.make_valid(shapely.Polygon(ring))
    if draw(st.booleans()):
        hole = shapely.Point(x, y).buffer(draw(st.floats(0.1, 0.6)) * size, quad_segs=2)
        area = shapely.difference(area, hole)
    if draw(st.booleans()):
        area = shapely.union(area, shapely.box(x + size, y, x + size * 1.4, y + size * 0.7))
    parts = [part for part in shapely.get_parts(area) if part.geom_type == "Polygon" and part.area > 1e-4]
    return shapely.MultiPolygon(parts) if parts else shapely.box(x, y, x + size, y + size)


lines = st.lists(places, min_size=2, max_size=8, unique=True).map(shapely.LineString)
points = places.map(shapely.Point)
anything = st.lists(st.one_of(polygons(), lines, points), min_size=1, max_size=8)


def parts(geometry: BaseGeometry) -> list[BaseGeometry]:
    return list(shapely.get_parts(geometry))


def stands_for(feature: dict[str, Any]) -> int:
    """How many features one is drawn for; of points, each for so many."""
    number: int = feature["properties"]["features"]
    geometry = shape(feature["geometry"])
    return number * len(parts(geometry)) if "Point" in geometry.geom_type else number


def check_rings(geometry: BaseGeometry) -> None:
    minx, miny, maxx, maxy = geometry.bounds
    assert min(minx, miny) >= -BUFFER
    assert max(maxx, maxy) <= EXTENT + BUFFER
    for part in parts(geometry):
        assert part.is_valid, shapely.is_valid_reason(part)
        if part.geom_type == "Polygon":
            assert part.area > 0


@given(anything, st.sampled_from(sorted(TILES)))
@settings(max_examples=60, deadline=None, phases=PHASES)
def test_each_feature_is_drawn_where_it_is(shapes: list[BaseGeometry], grid: str) -> None:
    tile = drawn(shapes, grid)
    found = {feature["properties"]["size"]: shape(feature["geometry"]) for feature in features(tile)}
    assert tile.drawn.own == tile.drawn.features == len(found)
    for place, exact in enumerate(shapes):
        if shapely.intersects(exact, shapely.box(1, 1, EXTENT - 1, EXTENT - 1)):
            assert place in found
    for place, geometry in found.items():
        check_rings(geometry)
        # Half a unit of rounding along each axis; at a small angle to the buffer's edge it may be left elsewhere.
        exact = shapely.intersection(shapes[place], WHOLE)
        off = shapely.difference(geometry, shapely.buffer(exact, 2.2))
        assert shapely.intersection(off, INSIDE).is_empty
        # Thin parts of an area may go; the rest is there.
        body = exact if "Polygon" not in exact.geom_type else shapely.buffer(exact, -1.5)
        missing = shapely.difference(body, shapely.buffer(geometry, 2.2))
        assert shapely.intersection(missing, INSIDE).is_empty or exact.geom_type == "GeometryCollection"


@given(anything, st.sampled_from(sorted(TILES)), st.sampled_from([0, 150, 400]))
@settings(max_examples=60, deadline=None, phases=PHASES)
def test_however_little_room_there_is_nothing_vanishes(shapes: list[BaseGeometry], grid: str, limit: int) -> None:
    tile = drawn(shapes, grid, limit=limit)
    told = tile.drawn
    meeting = sum(shapely.intersects(shapes, shapely.box(1, 1, EXTENT - 1, EXTENT - 1)))
    assert meeting <= told.features <= len(shapes)
    assert told.features == told.own + told.merged + told.aggregated + told.covered
    found = features(tile)
    for feature in found:
        check_rings(shape(feature["geometry"]))
    if told.step >= 2:
        assert sum(map(stands_for, found)) == told.merged + told.aggregated
        assert {feature["properties"].get("kind") for feature in found} <= {"a", "b"}


def test_small_areas_become_squares_of_the_same_area_and_points_become_counts() -> None:
    rng = np.random.default_rng(5)
    corners = rng.uniform(0, 4000, (3000, 2))
    areas = [shapely.box(x, y, x + 6, y + 6) for x, y in corners]
    tile = drawn(areas, "WebMercatorQuad", limit=60_000)
    assert tile.drawn.step >= 2
    assert tile.drawn.aggregated == tile.drawn.features == 3000
    assert len(tile.data) <= 60_000
    squares = shapely.union_all([shape(feature["geometry"]) for feature in features(tile)])
    assert sum(shape(feature["geometry"]).area for feature in features(tile)) == pytest.approx(3000 * 36, rel=0.1)
    assert squares.is_valid
    dots = drawn([shapely.Point(x, y) for x, y in corners], "WebMercatorQuad", limit=5_000)
    assert dots.drawn.aggregated == 3000
    assert len(dots.data) <= 5_000
    assert sum(map(stands_for, features(dots))) == 3000


def test_lines_are_left_out_only_where_their_class_is_drawn() -> None:
    along = [shapely.LineString([(10, 100), (4000, 100 + place % 3)]) for place in range(4000)]
    tile = drawn(along, "WebMercatorQuad", limit=20_000)
    assert tile.drawn.covered > 3000
    assert tile.drawn.features == 4000
    # One class was drawn first; the other one lies there too, and is not taken for it.
    assert {feature["properties"]["kind"] for feature in features(tile)} == {"a", "b"}


def test_the_tile_tells_how_many_are_drawn_how() -> None:
    tile = drawn([shapely.Point(5, 5), shapely.Point(9000, 5)], "WebMercatorQuad")
    told = mapbox_vector_tile.decode(drawn_layer([tile.drawn]))["_drawn"]["features"][0]["properties"]
    assert told == {
        "layer": "things", "features": 1, "own": 1, "merged": 0, "aggregated": 0, "covered": 0, "step": 0,
        "tolerance": 0, "cell": 0,
    }  # fmt: skip


def test_gdal_reads_the_same(tmp_path: Path) -> None:
    """The driver of GDAL, which knows nothing of how a tile was made, finds the same features."""
    rng = np.random.default_rng(7)
    shapes = [shapely.box(x, y, x + 300, y + 200) for x, y in rng.uniform(-100, 4000, (12, 2))]
    shapes += [shapely.LineString(rng.uniform(0, 4096, (5, 2))) for _ in range(6)]
    tile = drawn(shapes, "WebMercatorQuad")
    zoom, row, column = TILES["WebMercatorQuad"]
    path = tmp_path / f"{zoom}" / f"{column}" / f"{row}.pbf"
    path.parent.mkdir(parents=True)
    path.write_bytes(tile.data)
    written = tmp_path / "read.geojson"
    # Not geojson straight away: the driver gives Web Mercator.
    subprocess.run(
        ["ogr2ogr", "-f", "GeoJSON", "-t_srs", "EPSG:4326", written, f"MVT:{path}", "things", "-oo", "CLIP=NO"],
        check=True,
        capture_output=True,
    )
    read = gpd.read_file(written)
    ours = {feature["properties"]["size"]: feature for feature in features(tile)}
    assert set(read["size"]) == set(ours)
    unit = tile_grid("WebMercatorQuad").corner(a_tile("WebMercatorQuad"))[2] * tile_grid("WebMercatorQuad").cell
    for size, geometry in zip(read["size"], read.to_crs("EPSG:3857").geometry, strict=True):
        exact = gpd.GeoSeries(lonlat([shapely.intersection(shapes[size], WHOLE)], "WebMercatorQuad"), crs=STORE_CRS)
        assert geometry.hausdorff_distance(exact.to_crs("EPSG:3857").iloc[0]) <= 1.5 * unit


def test_postgis_draws_the_same_within_a_unit(postgis_url: str) -> None:
    rng = np.random.default_rng(11)
    shapes: list[BaseGeometry] = [shapely.Point(x, y) for x, y in rng.uniform(0, 4096, (10, 2))]
    shapes += [shapely.LineString(rng.uniform(-500, 4600, (6, 2))) for _ in range(15)]
    shapes += [shapely.Point(*rng.uniform(0, 4096, 2)).buffer(rng.uniform(20, 900), quad_segs=6) for _ in range(15)]
    placed = lonlat(shapes, "WebMercatorQuad")
    zoom, row, column = TILES["WebMercatorQuad"]
    query = """
        WITH sent AS (SELECT * FROM unnest(%s::int[], %s::bytea[]) AS t (size, wkb)),
        shapes AS (SELECT size, ST_GeomFromWKB(wkb, 4326) AS geom FROM sent),
        tile AS (
            SELECT size, ST_AsMVTGeom(ST_Transform(geom, 3857), ST_TileEnvelope(%s, %s, %s), 4096, 64, true) AS geom
            FROM shapes WHERE geom && ST_Transform(ST_TileEnvelope(%s, %s, %s, margin => (64.0 / 4096)), 4326)
        )
        SELECT ST_AsMVT(tile, 'things') FROM tile WHERE geom IS NOT NULL
    """
    place = (zoom, column, row)
    with psycopg.connect(postgis_url) as connection:
        wkb = [bytes(body) for body in shapely.to_wkb(placed)]
        answer = connection.execute(query, (list(range(len(wkb))), wkb, *place, *place)).fetchone()
    assert answer is not None
    options = {"y_coord_down": True}
    theirs = mapbox_vector_tile.decode(bytes(answer[0]), default_options=options)["things"]["features"]
    ours = {
        feature["properties"]["size"]: shape(feature["geometry"])
        for feature in features(drawn(shapes, "WebMercatorQuad"))
    }
    others = {feature["properties"]["size"]: shape(feature["geometry"]) for feature in theirs}
    assert set(ours) == set(others)
    for size, geometry in ours.items():
        assert geometry.geom_type == others[size].geom_type
        assert geometry.hausdorff_distance(others[size]) <= 1.5


@pytest.mark.parametrize(
    ("grid", "place"), [("WebMercatorQuad", (25, 0, 0)), ("WorldCRS84Quad", (0, 1, 0)), ("VN2000TM3Zone482", (0, 0, 9))]
)
def test_a_tile_that_is_not_there_is_told(grid: str, place: tuple[int, int, int]) -> None:
    with pytest.raises(UnknownTileError) as caught:
        tile_grid(grid).tile(*place)
    assert "There is no such tile" in caught.value.message("en")
    assert "Không có ô bản đồ này" in caught.value.message("vi")


def test_the_grids_have_the_scales_of_plans() -> None:
    plan = tile_grids()["VN2000TM3Zone482"]
    assert [matrix.scaleDenominator for matrix in plan.matrices.tileMatrices][-6:] == [
        25_000,
        10_000,
        5_000,
        2_000,
        1_000,
        500,
    ]
    # Ba Đình square, EPSG:5897 by the official parameters: within the tile that holds it, to the centimetre.
    cell = plan.cells(np.array([[105.8342, 21.0368]]))[0]
    easting, northing = plan.centre[0] + cell[0] * plan.cell, plan.centre[1] - cell[1] * plan.cell
    expected = gpd.GeoSeries([shapely.Point(105.8342, 21.0368)], crs=STORE_CRS).to_crs("EPSG:5897").iloc[0]
    assert abs(easting - expected.x) < 1.0
    assert abs(northing - expected.y) < 1.0
