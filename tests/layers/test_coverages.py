"""Raster layers give the cells that are there: compared with GDAL's own programs, cell by cell."""

from __future__ import annotations

import json
import subprocess
import tempfile
import warnings
from pathlib import Path

import morecantile
import numpy as np
import pytest
import rasterio
import rasterio.warp
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from layers.coverages import MOST_CELLS, Coverage, Coverages, parse_raster_layer
from layers.errors import (
    CoverageTooLargeError,
    DefinitionError,
    FileUnreadableError,
    UnknownLayerError,
    ValueOutOfRangeError,
)
from layers.rasters import to_cog

DECLARED = 'title = { vi = "Độ cao", en = "Elevation" }\nunit = "m"\nsource = "test"\n'
WEB = morecantile.tms.get("WebMercatorQuad")


def declared(folder: Path, source: Path, name: str, *, crs: str | None = None, more: str = "") -> Coverage:
    to_cog(source, folder / f"{name}.tif", crs=crs)
    (folder / f"{name}.toml").write_text(DECLARED + more, encoding="utf-8")
    return Coverages(folder).get(name)


@pytest.fixture
def plain(shared_data: Path, tmp_path: Path) -> Coverage:
    return declared(tmp_path, shared_data / "raster" / "bhh_dem.asc", "bhh", crs="EPSG:32648")


@pytest.fixture
def mountain(shared_data: Path, tmp_path: Path) -> Coverage:
    return declared(tmp_path, shared_data / "raster" / "swiss_dem_2m5.tif", "swiss")


def pixels(png: bytes) -> np.ndarray:
    """Red, green, blue and opacity of a picture."""
    with warnings.catch_warnings(), rasterio.MemoryFile(png) as memory:
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        picture = memory.open(driver="PNG")
        return np.moveaxis(picture.read(), 0, -1)


def gdal(*arguments: object) -> str:
    return subprocess.run([str(a) for a in arguments], capture_output=True, text=True, check=True).stdout


def test_values_at_places_are_those_that_gdal_tells(plain: Coverage, mountain: Coverage) -> None:
    for coverage in (plain, mountain):
        west, south, east, north = coverage.bounds
        told = 0
        for part in np.linspace(0.07, 0.93, 9):
            lon, lat = west + (east - west) * part, south + (north - south) * (1 - part)
            [cell] = coverage.values_at(lon, lat)
            expected = gdal("gdallocationinfo", "-valonly", "-wgs84", coverage.path, lon, lat).strip()
            if cell.state == "value":
                assert cell.value == pytest.approx(float(expected), rel=1e-6)
                told += 1
            else:
                assert cell.state == "no_data"
                assert float(expected) == coverage.info.nodata
        assert told > 3


def test_outside_is_another_thing_than_no_data(plain: Coverage) -> None:
    assert [cell.state for cell in plain.values_at(0, 0)] == ["outside"]
    assert [cell.state for cell in plain.values_at(10, 89.9999)] == ["outside"]
    with rasterio.open(plain.path) as raster:
        empty = np.argwhere(raster.read_masks(1) == 0)
        assert len(empty) > 0
        x, y = raster.xy(*map(int, empty[0]))
    lon, lat = rasterio.warp.transform("EPSG:32648", "EPSG:4326", [x], [y])
    [cell] = plain.values_at(lon[0], lat[0])
    assert (cell.state, cell.value) == ("no_data", None)


def test_scale_and_offset_make_values(shared_data: Path, tmp_path: Path) -> None:
    coverage = declared(tmp_path, shared_data / "raster" / "cog_scale.tif", "scaled")
    with rasterio.open(coverage.path) as raster:
        assert set(raster.scales) != {1.0}
        row, column = map(int, np.argwhere(raster.read_masks(1) > 0)[1000])
        stored, scale, offset = int(raster.read(1)[row, column]), raster.scales[0], raster.offsets[0]
        x, y = raster.xy(row, column)
        lon, lat = rasterio.warp.transform(raster.crs, "EPSG:4326", [x], [y])
    cell = coverage.values_at(lon[0], lat[0])[0]
    assert cell.value == pytest.approx(stored * scale + offset)


def test_statistics_are_those_of_gdal_in_whole_and_in_a_box(mountain: Coverage, tmp_path: Path) -> None:
    known = json.loads(gdal("gdalinfo", "-json", "-stats", mountain.path))["bands"][0]["metadata"][""]
    [band] = mountain.statistics()
    assert band.minimum == pytest.approx(float(known["STATISTICS_MINIMUM"]))
    assert band.maximum == pytest.approx(float(known["STATISTICS_MAXIMUM"]))
    assert band.mean == pytest.approx(float(known["STATISTICS_MEAN"]), rel=1e-9)
    assert band.deviation == pytest.approx(float(known["STATISTICS_STDDEV"]), rel=1e-6)
    west, south, east, north = mountain.bounds
    box = (west + (east - west) / 3, south + (north - south) / 3, west + (east - west) / 2, south + (north - south) / 2)
    [inner] = mountain.statistics(box)
    (tmp_path / "part.tif").write_bytes(mountain.subset(box))
    with rasterio.open(tmp_path / "part.tif") as part:
        touched = part.read(1, masked=True)
    assert 0 < touched.count() - inner.cells < 2 * sum(touched.shape), "the rim is touched, but not centred in the box"
    assert touched.min() <= inner.minimum <= inner.mean <= inner.maximum <= touched.max()
    assert mountain.statistics((0, 0, 1, 1))[0].cells == 0


def test_a_subset_has_the_very_cells_in_their_places(plain: Coverage, tmp_path: Path) -> None:
    west, south, east, north = plain.bounds
    box = (west + (east - west) * 0.2, south + (north - south) * 0.2, west + (east - west) * 0.4, north)
    out = tmp_path / "part.tif"
    out.write_bytes(plain.subset(box))
    with rasterio.open(out) as part, rasterio.open(plain.path) as raster:
        assert (part.crs, part.nodata, part.dtypes) == (raster.crs, raster.nodata, raster.dtypes)
        first = ~raster.transform @ (part.transform.c, part.transform.f)
        column, row = round(first[0]), round(first[1])
        assert first == pytest.approx((column, row), abs=1e-6)
        expected = raster.read(1)[row : row + part.height, column : column + part.width]
        np.testing.assert_array_equal(part.read(1), expected)
    whole = tmp_path / "whole.tif"
    whole.write_bytes(plain.subset())
    with rasterio.open(whole) as copy, rasterio.open(plain.path) as raster:
        np.testing.assert_array_equal(copy.read(), raster.read())


@settings(max_examples=30, deadline=None)
@given(st.tuples(*[st.floats(0, 1)] * 4))
def test_every_cell_of_a_box_is_in_its_subset(ends: tuple[float, float, float, float]) -> None:
    """On a raster of degrees, where the box is one of cells too."""
    west, east = sorted(ends[:2])
    south, north = sorted(ends[2:])
    coverage = _grid()
    assume(west < 1 - 1e-9 and north > 1e-9)  # the rim belongs to the cells east and south of it
    content = coverage.subset((104 + west, 20 + south, 104 + east, 20 + north))
    with rasterio.MemoryFile(content) as memory, memory.open() as part:
        left, bottom, right, top = part.bounds
    assert left <= 104 + west + 1e-9
    assert right >= 104 + east - 1e-9
    assert bottom <= 20 + south + 1e-9
    assert top >= 20 + north - 1e-9


_MADE: list[Coverage] = []


def _grid() -> Coverage:
    """A raster of 50 x 50 cells over one degree, made once."""
    if not _MADE:
        folder = Path(tempfile.mkdtemp(prefix="parkplan-coverage-"))
        rows = "\n".join(" ".join(str(50 * row + column) for column in range(50)) for row in range(50))
        source = folder / "source.asc"
        source.write_text(f"ncols 50\nnrows 50\nxllcorner 104\nyllcorner 20\ncellsize 0.02\n{rows}\n")
        _MADE.append(declared(folder, source, "grid", crs="EPSG:4326"))
    return _MADE[0]


def test_pictures_have_the_colours_of_the_values(tmp_path: Path) -> None:
    coverage = _grid()
    more = 'ramp = ["#000000", "#ffffff"]\nshown = [0, 2499]\n'
    layer = parse_raster_layer(DECLARED + more, where="grid.toml")
    grey = Coverage(coverage.id, coverage.path, layer, coverage.info)
    tile = WEB.tile(104.5, 20.5, 9)
    picture = pixels(grey.picture(WEB, tile.x, tile.y, tile.z))
    assert picture.shape == (256, 256, 4)
    bounds = WEB.bounds(tile)
    for column in (100, 128, 200):
        lon = bounds.left + (column + 0.5) / 256 * (bounds.right - bounds.left)
        _, y = WEB.xy(lon, 20.5)
        box = WEB.xy_bounds(tile)
        row = int((box.top - y) / (box.top - box.bottom) * 256)
        if not 104 < lon < 105 or not 0 <= row < 256:
            continue
        [cell] = coverage.values_at(lon, 20.5)
        assert cell.value is not None
        red, _, _, alpha = picture[row, column]
        assert alpha == 255
        assert abs(int(red) - cell.value / 2499 * 255) < 255 / 2499 * 50 + 1.5, "within a row of cells"
    elsewhere = pixels(grey.picture(WEB, 0, 0, 9))
    assert elsewhere[..., 3].max() == 0


def test_a_raster_across_the_antimeridian_is_one(shared_data: Path, tmp_path: Path) -> None:
    coverage = declared(tmp_path, shared_data / "raster" / "cog_dateline.tif", "dateline")
    west, south, east, north = coverage.bounds
    assert west > east, "from west of 180 degrees to east of it"
    assert 50 < south < north < 53
    for lon in (west + 0.05, east - 0.05):
        [cell] = coverage.values_at(lon, (south + north) / 2)
        expected = gdal("gdallocationinfo", "-valonly", "-wgs84", coverage.path, lon, (south + north) / 2).strip()
        assert (cell.state == "outside") == (expected == "")
    tile = WEB.tile(179.9, (south + north) / 2, 8)
    assert pixels(coverage.picture(WEB, tile.x, tile.y, tile.z))[..., 3].max() == 255


def test_what_cannot_be_is_told(plain: Coverage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueOutOfRangeError, match="one that touches the coverage 105"):
        plain.subset((0, 0, 1, 1))
    with pytest.raises(UnknownLayerError, match="bhh"):
        Coverages(tmp_path).get("nothing")
    assert dict(Coverages(None).all) == {}
    monkeypatch.setattr("layers.coverages.MOST_CELLS", 100)
    with pytest.raises(CoverageTooLargeError, match="81891"):
        plain.subset()
    assert MOST_CELLS > 1_000_000
    plain.path.write_bytes(plain.path.read_bytes()[:3000])
    with pytest.raises(FileUnreadableError):
        plain.statistics()
    plain.path.with_suffix(".toml").unlink()
    with pytest.raises(DefinitionError, match=r"bhh\.toml"):
        Coverages(tmp_path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("title = 1", "title"),
        ("", "title"),
        (DECLARED + 'ramp = ["#ffffff"]', "two colours"),
        (DECLARED + 'ramp = ["red", "#ffffff"]', "two colours"),
        (DECLARED + "shown = [3, 3]", "low, high"),
        (DECLARED + "nothing = 1", "nothing"),
        ("=", "TOML"),
    ],
)
def test_a_declaration_that_is_wrong_is_told(text: str, told: str) -> None:
    with pytest.raises(DefinitionError, match=told):
        parse_raster_layer(text, where="a.toml")
