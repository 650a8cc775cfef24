"""Rasters keep every cell, its size and its nodata on the way into a cloud-optimised GeoTIFF."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import rasterio

from layers.errors import CrsError, FileUnreadableError, MissingFileError
from layers.formats import inspect
from layers.rasters import band_values, inspect_raster, to_cog

GRID = "ncols 3\nnrows 2\nxllcorner 585000\nyllcorner 2320000\ncellsize 10\nNODATA_value -9999\n1 2 3\n4 -9999 6\n"


@pytest.fixture
def grid(tmp_path: Path) -> Path:
    path = tmp_path / "dem.asc"
    path.write_text(GRID, encoding="ascii")
    return path


def test_a_grid_without_crs_wants_it_stated(grid: Path, tmp_path: Path) -> None:
    with pytest.raises(CrsError, match="the CRS of the grid"):
        to_cog(grid, tmp_path / "dem.tif")
    assert sorted(place.name for place in tmp_path.iterdir()) == ["dem.asc"]
    made = to_cog(grid, tmp_path / "dem.tif", crs="EPSG:5897")
    assert (made.crs, made.shape, made.nodata, made.cell_size) == ("EPSG:5897", (1, 2, 3), -9999.0, (10.0, 10.0))
    assert list(made.bounds) == [585000.0, 2320000.0, 585030.0, 2320020.0]
    with rasterio.open(tmp_path / "dem.tif") as raster:
        assert raster.read(1).tolist() == [[1, 2, 3], [4, -9999, 6]]
        assert raster.tags(ns="IMAGE_STRUCTURE")["LAYOUT"] == "COG"


def test_oblong_cells_and_a_declared_nodata_stay(shared_data: Path, tmp_path: Path) -> None:
    made = to_cog(shared_data / "raster" / "bhh_dem.asc", tmp_path / "bhh.tif", crs="EPSG:32648")
    assert made.shape == (1, 243, 337)
    assert made.cell_size == pytest.approx((240.27, 240.74), abs=0.01)
    assert made.nodata == 0.0
    with rasterio.open(tmp_path / "bhh.tif") as new, rasterio.open(shared_data / "raster" / "bhh_dem.asc") as old:
        assert np.array_equal(new.read(), old.read())


@pytest.mark.parametrize(
    ("name", "shape", "nodata"),
    [
        ("swiss_dem_2m5.tif", (1, 400, 400), -9999.0),
        ("cog_dateline.tif", (1, 2355, 2325), None),
        ("cog_scale.tif", (2, 256, 256), 0.0),
    ],
)  # fmt: skip
def test_real_rasters_keep_their_values(
    shared_data: Path, tmp_path: Path, name: str, shape: tuple[int, int, int], nodata: float | None
) -> None:
    source = shared_data / "raster" / name
    assert (inspect_raster(source).shape, inspect_raster(source).nodata) == (shape, nodata)
    to_cog(source, tmp_path / name)
    with rasterio.open(tmp_path / name) as new, rasterio.open(source) as old:
        assert np.array_equal(new.read(), old.read())
        assert (new.crs, new.transform, new.scales, new.offsets) == (old.crs, old.transform, old.scales, old.offsets)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.tif", b"<VRTDataset/>"), ("a.asc", b"<VRT"), ("a.vrt", b"x"), ("a.tif", b"II*\x00 and nothing")],
)  # fmt: skip
def test_something_else_is_refused(tmp_path: Path, name: str, content: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FileUnreadableError, match="Wanted ASCII grid"):
        to_cog(path, tmp_path / "out.tif", crs="EPSG:5897")
    with pytest.raises(MissingFileError):
        inspect_raster(tmp_path / "no.tif")


def test_values_are_told_without_nodata(grid: Path) -> None:
    (band,) = band_values(grid)
    assert (band.band, band.cells, band.minimum, band.maximum) == (1, 5, 1.0, 6.0)
    assert band.mean == pytest.approx(3.2)
    assert band.deviation == pytest.approx(np.std([1, 2, 3, 4, 6]))
    assert not inspect_raster(grid).oblong


def test_blocks_of_large_values_join_without_losing_digits(tmp_path: Path) -> None:
    values = 1e8 + np.random.default_rng(3).normal(0, 1, (600, 700))
    values[:40] = np.nan
    path = tmp_path / "high.tif"
    options = {"driver": "GTiff", "width": 700, "height": 600, "count": 1, "dtype": "float64", "tiled": True}
    transform = rasterio.Affine(10, 0, 585000, 0, -20, 2320000)
    with rasterio.open(
        path, "w", crs="EPSG:5897", transform=transform, blockxsize=256, blockysize=256, **options
    ) as new:
        new.write(values, 1)
        new.scales, new.offsets = (-2.0,), (5.0,)
    (band,) = band_values(path)
    stored = values[np.isfinite(values)]
    assert band.cells == stored.size
    assert band.mean == pytest.approx(-2 * stored.mean() + 5, rel=1e-12)
    assert band.deviation == pytest.approx(2 * stored.std(), rel=1e-6)
    assert (band.minimum, band.maximum) == (-2 * stored.max() + 5, -2 * stored.min() + 5)
    assert inspect_raster(path).oblong


def test_a_band_without_any_value_has_no_range(tmp_path: Path) -> None:
    path = tmp_path / "empty.asc"
    path.write_text(GRID.replace("1 2 3\n4 -9999 6", "-9999 -9999 -9999\n-9999 -9999 -9999"), encoding="ascii")
    (band,) = band_values(path)
    assert band.cells == 0
    assert np.isnan([band.minimum, band.maximum, band.mean, band.deviation]).all()


def test_values_of_real_rasters(shared_data: Path) -> None:
    (dem,) = band_values(shared_data / "raster" / "bhh_dem.asc")
    assert (dem.minimum, dem.maximum) == (-27, 201)
    first, second = band_values(shared_data / "raster" / "cog_scale.tif")
    with rasterio.open(shared_data / "raster" / "cog_scale.tif") as raster:
        stored = raster.read(1, masked=True).compressed() * raster.scales[0] + raster.offsets[0]
    assert first.mean == pytest.approx(stored.mean(), rel=1e-6)
    assert second.scale != first.scale
    assert inspect_raster(shared_data / "raster" / "bhh_dem.asc").oblong


def test_a_raster_is_no_file_of_features(grid: Path) -> None:
    with pytest.raises(FileUnreadableError, match="rasters go through parkplan raster"):
        inspect(grid)
