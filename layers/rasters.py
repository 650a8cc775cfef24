"""ASCII grids and GeoTIFFs into cloud-optimised GeoTIFFs, cell for cell: nothing is resampled.

A raster without a CRS is no map: it has to be stated. Cells that are not square stay so.
"""

from __future__ import annotations

import tempfile
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from pyproj import CRS

from layers.crs import parse_crs
from layers.errors import CrsError, FileUnreadableError, MissingFileError
from layers.lazy import lazy_module
from layers.types import Bounds, Text

if TYPE_CHECKING:
    import rasterio.errors
    import rasterio.shutil
    import rasterio.windows
else:
    rasterio = lazy_module("rasterio", "rasterio.errors", "rasterio.shutil", "rasterio.windows")

__all__ = ["RASTERS", "BandValues", "RasterInfo", "band_values", "inspect_raster", "to_cog", "window_values"]

#: Drivers that rasters are opened with, by the ending of the file's name.
RASTERS: Final = {".asc": "AAIGrid", ".grd": "AAIGrid", ".tif": "GTiff", ".tiff": "GTiff"}
#: Share by which width and height of a cell may differ: sizes are written with few digits.
_SQUARE: Final = 1e-6
#: Cells a side of a block, as web maps ask for them.
BLOCK_CELLS: Final = 512
_WANTED: Final = "ASCII grid (.asc), GeoTIFF (.tif)"
_TIFF: Final = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")


@dataclass(frozen=True, slots=True)
class RasterInfo:
    """What a raster holds, without its values.

    Parameters
    ----------
    path : Path
        The file.
    driver : str
        The GDAL driver that reads it.
    shape : (int, int, int)
        Bands, rows and columns.
    dtype : str
        Of its values.
    nodata : float or None
        The value that stands for none.
    crs : str or None
        Authority code, else WKT; None where the file states none.
    cell_size : (float, float)
        Width along x and height along y, in units of the CRS.
    bounds : (float, float, float, float)
        In units of the CRS.
    """

    path: Path
    driver: str
    shape: tuple[int, int, int]
    dtype: str
    nodata: float | None
    crs: str | None
    cell_size: tuple[float, float]
    bounds: Bounds

    @property
    def oblong(self) -> bool:
        """Whether cells are not square.

        Returns
        -------
        bool
            Whether width and height differ by more than rounding.
        """
        width, height = self.cell_size
        return abs(width - height) > _SQUARE * max(width, height)


@dataclass(frozen=True, slots=True)
class BandValues:
    """What the values of one band are, without nodata.

    Parameters
    ----------
    band : int
        Counted from 1.
    cells : int
        How many have a value.
    minimum, maximum, mean, deviation : float
        After scale and offset of the band; NaN without any value. The deviation is that of the whole population.
    scale, offset : float
        By which the stored numbers become values; 1 and 0 without them.
    unit : str
        As the file states it; empty without one.
    """

    band: int
    cells: int
    minimum: float
    maximum: float
    mean: float
    deviation: float
    scale: float
    offset: float
    unit: str


def band_values(path: str | Path) -> tuple[BandValues, ...]:
    """Return the range and the statistics of every band.

    Parameters
    ----------
    path : str or Path
        ASCII grid or GeoTIFF. It is read block by block, so that size does not matter.

    Returns
    -------
    tuple of BandValues
        In order of the bands.

    Raises
    ------
    MissingFileError
        If the file is not there.
    FileUnreadableError
        If it is not what its name says, or is damaged.
    """
    place, driver = _checked(path)
    try:
        with _open(place, driver) as raster:
            return tuple(window_values(raster, band) for band in raster.indexes)
    except rasterio.errors.RasterioError as error:
        raise FileUnreadableError(seen=error, wanted=_WANTED, where=str(path)) from error


def window_values(
    raster: rasterio.DatasetReader, band: int, window: rasterio.windows.Window | None = None
) -> BandValues:
    """Return the range and the statistics of one band of an open raster.

    Parameters
    ----------
    raster : rasterio.DatasetReader
        Open.
    band : int
        Counted from 1.
    window : rasterio.windows.Window, optional
        Only these cells; of no size for none.

    Returns
    -------
    BandValues
        Read block by block.
    """
    cells, mean, squares, low, high = 0, 0.0, 0.0, np.nan, np.nan
    for _, whole in raster.block_windows(band):
        if window is not None and not rasterio.windows.intersect(whole, window):
            continue
        part = whole if window is None else whole.intersection(window)
        block = raster.read(band, window=part, masked=True)
        values = block.compressed().astype(float)
        values = values[np.isfinite(values)]
        if not len(values):
            continue
        # Chan's way to join means and squares: a sum of squares of large heights would lose its digits.
        step, both = float(values.mean()) - mean, cells + len(values)
        squares += float(((values - values.mean()) ** 2).sum()) + step**2 * cells * len(values) / both
        mean, cells = mean + step * len(values) / both, both
        low, high = float(np.fmin(low, values.min())), float(np.fmax(high, values.max()))
    scale, offset = float(raster.scales[band - 1]), float(raster.offsets[band - 1])
    ends = sorted((low * scale + offset, high * scale + offset))
    return BandValues(
        band,
        cells,
        ends[0],
        ends[1],
        mean * scale + offset if cells else np.nan,
        abs(scale) * float(np.sqrt(squares / cells)) if cells else np.nan,
        scale,
        offset,
        str(raster.units[band - 1] or ""),
    )


def inspect_raster(path: str | Path) -> RasterInfo:
    """Return what a raster holds.

    Parameters
    ----------
    path : str or Path
        ASCII grid or GeoTIFF.

    Returns
    -------
    RasterInfo
        Shape, type, nodata, CRS, cells and bounds.

    Raises
    ------
    MissingFileError
        If the file is not there.
    FileUnreadableError
        If it is not what its name says, or is damaged.
    """
    place, driver = _checked(path)
    try:
        with _open(place, driver) as raster:
            return _info(place, raster)
    except rasterio.errors.RasterioError as error:
        raise FileUnreadableError(seen=error, wanted=_WANTED, where=str(path)) from error


def to_cog(path: str | Path, out: str | Path, *, crs: object | None = None) -> RasterInfo:
    """Write a raster as a cloud-optimised GeoTIFF, cell for cell.

    Parameters
    ----------
    path : str or Path
        ASCII grid or GeoTIFF.
    out : str or Path
        Where to; a file that is there is replaced in one step.
    crs : object, optional
        The CRS, where the file states none; it wins over one that it states.

    Returns
    -------
    RasterInfo
        What was written.

    Raises
    ------
    MissingFileError
        If the file is not there.
    FileUnreadableError
        If it is not what its name says, is damaged, or cannot be written.
    CrsError
        If no CRS is known, or the one stated is unknown.
    """
    place, driver = _checked(path)
    out = Path(out)
    stated = None if crs is None else parse_crs(crs, where=str(path)).to_wkt()
    try:
        with (
            _open(place, driver) as raster,
            tempfile.TemporaryDirectory(prefix=".parkplan-", dir=out.absolute().parent) as folder,
        ):
            known = stated or (raster.crs.to_wkt() if raster.crs else None)
            if known is None:
                seen = Text(vi="không rõ", en="not stated")
                wanted = Text(vi="hệ toạ độ của lưới: crs=EPSG:...", en="the CRS of the grid: crs=EPSG:...")
                raise CrsError(seen=seen, wanted=wanted, where=str(path))
            made, copy = Path(folder) / "cog.tif", Path(folder) / "plain.tif"
            rasterio.shutil.copy(raster, copy, driver="GTiff")
            with rasterio.open(copy, "r+", driver="GTiff") as placed:
                placed.crs = rasterio.CRS.from_wkt(known)
            rasterio.shutil.copy(
                copy, made, driver="COG", compress="DEFLATE", blocksize=BLOCK_CELLS, overview_resampling="nearest"
            )
            made.replace(out)
    except (rasterio.errors.RasterioError, OSError) as error:
        raise FileUnreadableError(seen=error, wanted=_WANTED, where=str(path)) from error
    with _open(out, "GTiff") as written:
        return _info(out, written)


def _checked(path: str | Path) -> tuple[Path, str]:
    """Look at a file's name and first bytes before GDAL does."""
    path = Path(path)
    if not path.exists():
        raise MissingFileError(seen=path)
    driver = RASTERS.get(path.suffix.lower())
    begins = b""
    if driver is not None and path.is_file():
        with path.open("rb") as file:
            begins = file.read(16)
    right = begins.startswith(_TIFF) if driver == "GTiff" else begins.lower().startswith((b"ncols", b"nrows"))
    if driver is None or not right:
        raise FileUnreadableError(seen=f"{path.name}: {begins!r}", wanted=_WANTED, where=str(path))
    return path.resolve(), driver


def _open(path: Path, driver: str) -> rasterio.DatasetReader:
    with warnings.catch_warnings():
        # A raster in pixel coordinates has no place; that shows in its CRS.
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        return rasterio.open(path, driver=driver, sharing=False)


def _info(path: Path, raster: rasterio.DatasetReader) -> RasterInfo:
    crs = None if raster.crs is None else CRS.from_wkt(raster.crs.to_wkt())
    code = None if crs is None else ":".join(crs.to_authority(min_confidence=100) or ()) or str(crs.to_wkt())
    transform = raster.transform
    return RasterInfo(
        path=path,
        driver=raster.driver,
        shape=(raster.count, raster.height, raster.width),
        dtype=str(raster.dtypes[0]),
        nodata=None if raster.nodata is None else float(raster.nodata),
        crs=code,
        cell_size=(abs(transform.a), abs(transform.e)),
        bounds=tuple(float(value) for value in raster.bounds),  # type: ignore[arg-type] # four of them
    )
