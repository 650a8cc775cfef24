"""Rasters as layers of the map: terrain, floods, prices of land, as cloud-optimised GeoTIFFs beside their declarations.

A raster layer is a file ``ID.tif`` in a folder with a file ``ID.toml`` that says what it is. Values are given as they
are: a place without a value and a place outside the raster are told apart, and only pictures are resampled.
"""

from __future__ import annotations

import datetime as dt
import math
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import numpy as np
from affine import Affine
from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from pyproj import CRS, Transformer

from layers.declared import first_mistake, refuse
from layers.definitions import STORE_CRS
from layers.errors import (
    CoverageTooLargeError,
    DefinitionError,
    FileUnreadableError,
    UnknownLayerError,
    ValueOutOfRangeError,
)
from layers.fields import BothLanguages
from layers.lazy import lazy_module
from layers.rasters import BandValues, RasterInfo, inspect_raster, window_values
from layers.types import Bounds, Text

if TYPE_CHECKING:
    import rasterio.enums
    import rasterio.errors
    import rasterio.io
    import rasterio.windows
    import rio_tiler.errors
    import rio_tiler.io
    import rio_tiler.models
else:
    rasterio = lazy_module("rasterio", "rasterio.enums", "rasterio.errors", "rasterio.io", "rasterio.windows")
    rio_tiler = lazy_module("rio_tiler", "rio_tiler.errors", "rio_tiler.io", "rio_tiler.models")

__all__ = ["CellValue", "Coverage", "Coverages", "RasterLayer", "parse_raster_layer"]

#: Cells of one answer that are not read block by block: 64 MiB of float32.
MOST_CELLS: Final = 16_777_216
#: Pixels a side of a picture for a map.
TILE_PIXELS: Final = 256
#: From low to high where nothing else is asked for: light to dark, also for those who see few colours.
_RAMP: Final = ("#f7fbff", "#c6dbef", "#6baed6", "#2171b5", "#08306b")
_HEX: Final = frozenset("0123456789abcdefABCDEF")


class RasterLayer(BaseModel):
    """What a raster is.

    Parameters
    ----------
    title : Text
        In both languages.
    description : Text or None
        What the title leaves open.
    unit : str
        Of its values.
    source, licence : str
        Where it comes from, and under which terms.
    as_of : date or None
        Day of the data.
    shown : (float, float) or None
        The values at the ends of the colour ramp; those of the raster without it.
    ramp : tuple of str
        Colours ``#rrggbb`` from the lowest to the highest value, two or more.
    resampling : {"nearest", "bilinear"}
        How pictures are made: classes want `nearest`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    title: BothLanguages
    description: BothLanguages | None = None
    unit: str = ""
    source: str = ""
    licence: str = ""
    as_of: dt.date | None = None
    shown: tuple[float, float] | None = None
    ramp: tuple[str, ...] = _RAMP
    resampling: Literal["nearest", "bilinear"] = "nearest"

    @model_validator(mode="after")
    def _check(self) -> Self:
        if len(self.ramp) < 2 or any(not (c[:1] == "#" and len(c) == 7 and _HEX.issuperset(c[1:])) for c in self.ramp):
            wanted = Text(vi="từ hai màu #rrggbb trở lên", en="two colours #rrggbb or more")
            raise refuse(f"ramp {list(self.ramp)}", wanted)
        if self.shown is not None and not (math.isfinite(sum(self.shown)) and self.shown[0] < self.shown[1]):
            raise refuse(f"shown {list(self.shown)}", Text(vi="[thấp, cao]", en="[low, high]"))
        return self


def parse_raster_layer(text: str, *, where: str) -> RasterLayer:
    """Read what a raster is from TOML.

    Parameters
    ----------
    text : str
        The TOML document.
    where : str
        What to call it in an error.

    Returns
    -------
    RasterLayer
        Checked.

    Raises
    ------
    DefinitionError
        If the text is no TOML or breaks a rule.
    """
    try:
        return RasterLayer.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise DefinitionError(seen=error, wanted="TOML", where=where) from error
    except ValidationError as error:
        place, seen, wanted, _ = first_mistake(error, keys=RasterLayer.model_fields)
        raise DefinitionError(seen=seen, wanted=wanted, where=f"{where}: {place}" if place else where) from error


@dataclass(frozen=True, slots=True)
class CellValue:
    """The value of one band at a place.

    Parameters
    ----------
    band : int
        Counted from 1.
    state : {"value", "no_data", "outside"}
        Whether there is a value: a cell without one is another thing than a place outside the raster.
    value : float or None
        After scale and offset of the band.
    """

    band: int
    state: Literal["value", "no_data", "outside"]
    value: float | None


@dataclass(frozen=True, eq=False)
class Coverage:
    """One raster layer.

    Parameters
    ----------
    id : str
        Its name.
    path : Path
        The GeoTIFF.
    layer : RasterLayer
        What it is.
    info : RasterInfo
        Its cells.
    """

    id: str
    path: Path
    layer: RasterLayer
    info: RasterInfo

    @property
    def crs(self) -> CRS:
        """The CRS of its cells.

        Returns
        -------
        CRS
            Stated by the file; a raster without one is no layer.
        """
        return CRS.from_user_input(self.info.crs)

    @property
    def bounds(self) -> Bounds:
        """How far it reaches.

        Returns
        -------
        (float, float, float, float)
            EPSG:4326; west above east where it crosses the antimeridian.
        """
        moved = Transformer.from_crs(self.crs, STORE_CRS, always_xy=True)
        west, south, east, north = moved.transform_bounds(*self.info.bounds, densify_pts=51)
        return float(west), float(south), float(east), float(north)

    def values_at(self, lon: float, lat: float) -> tuple[CellValue, ...]:
        """Return the values of the cell at a place.

        Parameters
        ----------
        lon, lat : float
            Degrees, EPSG:4326.

        Returns
        -------
        tuple of CellValue
            One a band.

        Raises
        ------
        FileUnreadableError
            If the file is damaged.
        """
        moved = Transformer.from_crs(STORE_CRS, self.crs, always_xy=True)
        x, y = moved.transform(lon, lat)
        with self._open() as raster:
            if not (math.isfinite(x) and math.isfinite(y)):
                return tuple(CellValue(band, "outside", None) for band in raster.indexes)
            column, row = ~raster.transform @ (x, y)
            place = rasterio.windows.Window(math.floor(column), math.floor(row), 1, 1)
            if not (0 <= column < raster.width and 0 <= row < raster.height):
                return tuple(CellValue(band, "outside", None) for band in raster.indexes)
            return tuple(_cell(raster, band, place) for band in raster.indexes)

    def statistics(self, bbox: Bounds | None = None) -> tuple[BandValues, ...]:
        """Return the range and statistics of every band, in whole or in a box.

        Parameters
        ----------
        bbox : (float, float, float, float), optional
            Degrees, EPSG:4326: the cells whose centre lies in the box that it becomes in the raster's CRS.

        Returns
        -------
        tuple of BandValues
            Of every cell that has a value: nothing is sampled.

        Raises
        ------
        FileUnreadableError
            If the file is damaged.
        """
        with self._open() as raster:
            window = None if bbox is None else self._window(raster, bbox, whole=False)
            return tuple(window_values(raster, band, window) for band in raster.indexes)

    def subset(self, bbox: Bounds | None = None) -> bytes:
        """Return the cells in a box as a GeoTIFF in the raster's own CRS, cell for cell.

        Parameters
        ----------
        bbox : (float, float, float, float), optional
            Degrees, EPSG:4326: every cell that the box touches; all without it.

        Returns
        -------
        bytes
            A GeoTIFF.

        Raises
        ------
        ValueOutOfRangeError
            If the box touches no cell.
        CoverageTooLargeError
            If that is more than `MOST_CELLS` cells.
        FileUnreadableError
            If the file is damaged.
        """
        with self._open() as raster:
            window = self._window(raster, bbox, whole=True) if bbox else _whole(raster)
            cells = int(window.width) * int(window.height) * raster.count
            if not cells:
                bounds = ", ".join(f"{edge:.6f}" for edge in self.bounds)
                wanted = Text(vi=f"chạm vào vùng phủ {bounds}", en=f"one that touches the coverage {bounds}")
                raise ValueOutOfRangeError(seen=bbox, wanted=wanted, where="bbox")
            if cells > MOST_CELLS:
                raise CoverageTooLargeError(seen=cells, wanted=MOST_CELLS, where=self.id)
            profile = {
                **raster.profile,
                "driver": "GTiff",
                "width": int(window.width),
                "height": int(window.height),
                "transform": raster.transform @ Affine.translation(window.col_off, window.row_off),
                "compress": "deflate",
                "tiled": False,
            }
            for name in ("blockxsize", "blockysize", "interleave"):
                profile.pop(name, None)
            with rasterio.io.MemoryFile() as memory:
                with memory.open(**profile) as made:
                    made.write(raster.read(window=window))
                    made.scales, made.offsets, made.units = raster.scales, raster.offsets, raster.units
                    if any(rasterio.enums.MaskFlags.per_dataset in flags for flags in raster.mask_flag_enums):
                        made.write_mask(raster.dataset_mask(window=window))
                return bytes(memory.read())

    def picture(self, tile_set: Any, column: int, row: int, zoom: int) -> bytes:
        """Return one tile of the first band as a picture in the colours of the layer.

        Parameters
        ----------
        tile_set : morecantile.TileMatrixSet
            The grid.
        column, row, zoom : int
            The tile.

        Returns
        -------
        bytes
            A PNG, transparent where there is no value.

        Raises
        ------
        FileUnreadableError
            If the file is damaged.
        """
        try:
            with rio_tiler.io.Reader(str(self.path), tms=tile_set) as reader:
                image = reader.tile(
                    column, row, zoom, tilesize=TILE_PIXELS, indexes=1, unscale=True,
                    resampling_method=self.layer.resampling, reproject_method=self.layer.resampling,
                )  # fmt: skip
        except rio_tiler.errors.TileOutsideBounds:
            return _nothing()
        except (rio_tiler.errors.RioTilerError, rasterio.errors.RasterioError) as error:
            raise FileUnreadableError(seen=error, wanted="GeoTIFF", where=self.id) from error
        low, high = self.ends
        share = (image.array.astype(float) - low) / (high - low)
        image.array = np.ma.MaskedArray((share.clip(0, 1) * 255).round().filled(0).astype("uint8"), image.array.mask)
        return bytes(image.render(img_format="PNG", colormap=_colours(self.layer.ramp)))

    @property
    def ends(self) -> tuple[float, float]:
        """The values at the ends of the colour ramp.

        Returns
        -------
        (float, float)
            As declared, else those of the first band.
        """
        if self.layer.shown is not None:
            return self.layer.shown
        known = self.statistics()[0]
        if not known.cells:
            return 0.0, 1.0
        return known.minimum, known.maximum if known.maximum > known.minimum else known.minimum + 1.0

    @contextmanager
    def _open(self) -> Iterator[rasterio.DatasetReader]:
        try:
            with rasterio.open(self.path, driver="GTiff", sharing=False) as raster:
                yield raster
        except rasterio.errors.RasterioError as error:
            raise FileUnreadableError(seen=error, wanted="GeoTIFF", where=self.id) from error

    def _window(self, raster: rasterio.DatasetReader, bbox: Bounds, *, whole: bool) -> rasterio.windows.Window:
        """Return the cells in a box: those that it touches, or those whose centre it holds."""
        moved = Transformer.from_crs(STORE_CRS, self.crs, always_xy=True)
        left, bottom, right, top = moved.transform_bounds(*bbox, densify_pts=51)
        corners = [
            ~raster.transform @ corner for corner in ((left, top), (right, bottom), (left, bottom), (right, top))
        ]
        columns, rows = [c for c, _ in corners], [r for _, r in corners]
        ends = (min(columns), min(rows), max(columns), max(rows))
        if not all(map(math.isfinite, ends)):
            return rasterio.windows.Window(0, 0, 0, 0)
        down, up = (math.floor, math.ceil) if whole else (_half, _half)
        least = int(whole)  # a box without a size touches the cell that it lies in
        first, last = max(down(ends[0]), 0), min(max(up(ends[2]), down(ends[0]) + least), raster.width)
        upper, lower = max(down(ends[1]), 0), min(max(up(ends[3]), down(ends[1]) + least), raster.height)
        return rasterio.windows.Window(first, upper, max(last - first, 0), max(lower - upper, 0))


class Coverages:
    """The raster layers in a folder.

    Parameters
    ----------
    folder : Path or None
        Where they lie; None for no raster layers.

    Raises
    ------
    DefinitionError
        If one is not declared rightly.
    FileUnreadableError
        If one is damaged, or has no CRS.
    """

    def __init__(self, folder: Path | None) -> None:
        found = [] if folder is None else sorted(folder.glob("*.tif"))
        self._all = {path.stem: _coverage(path) for path in found}

    @property
    def all(self) -> Mapping[str, Coverage]:
        """Every raster layer by id.

        Returns
        -------
        mapping of str to Coverage
            In the order of ids.
        """
        return self._all

    def get(self, coverage: str) -> Coverage:
        """Return one raster layer.

        Parameters
        ----------
        coverage : str
            Its id.

        Returns
        -------
        Coverage
            As declared.

        Raises
        ------
        UnknownLayerError
            If there is none.
        """
        if coverage not in self._all:
            raise UnknownLayerError(seen=coverage, wanted=", ".join(self._all) or "-")
        return self._all[coverage]


def _coverage(path: Path) -> Coverage:
    declaration = path.with_suffix(".toml")
    if not declaration.is_file():
        wanted = Text(vi="tệp khai báo cùng tên", en="a declaration of the same name")
        seen = Text(vi="không có", en="nothing")
        raise DefinitionError(seen=seen, wanted=wanted, where=str(declaration))
    layer = parse_raster_layer(declaration.read_text(encoding="utf-8"), where=declaration.name)
    info = inspect_raster(path)
    if info.crs is None:
        seen = Text(vi="không có hệ toạ độ", en="no CRS")
        wanted = Text(vi="hệ toạ độ (parkplan raster --crs)", en="a CRS (parkplan raster --crs)")
        raise FileUnreadableError(seen=seen, wanted=wanted, where=path.name)
    return Coverage(path.stem, path, layer, info)


def _cell(raster: rasterio.DatasetReader, band: int, place: rasterio.windows.Window) -> CellValue:
    stored = raster.read(band, window=place, masked=True)[0, 0]
    if stored is np.ma.masked or not np.isfinite(float(stored)):
        return CellValue(band, "no_data", None)
    return CellValue(band, "value", float(stored) * raster.scales[band - 1] + raster.offsets[band - 1])


def _whole(raster: rasterio.DatasetReader) -> rasterio.windows.Window:
    return rasterio.windows.Window(0, 0, raster.width, raster.height)


def _half(place: float) -> int:
    """Return the first cell whose centre lies at or after a place."""
    return math.ceil(place - 0.5)


@cache
def _nothing() -> bytes:
    """Return a picture on which nothing is drawn."""
    clear = np.ma.MaskedArray(np.zeros((1, TILE_PIXELS, TILE_PIXELS), "uint8"), True)
    return bytes(rio_tiler.models.ImageData(clear).render(img_format="PNG", colormap=_colours(_RAMP)))


def _colours(ramp: tuple[str, ...]) -> dict[int, tuple[int, int, int, int]]:
    """Return 256 colours from one end of a ramp to the other."""
    stops = np.array([[int(colour[at : at + 2], 16) for at in (1, 3, 5)] for colour in ramp], dtype=float)
    places = np.linspace(0, len(ramp) - 1, 256)
    mixed = np.stack([np.interp(places, range(len(ramp)), stops[:, channel]) for channel in range(3)], axis=1)
    return {value: (int(red), int(green), int(blue), 255) for value, (red, green, blue) in enumerate(mixed.round())}
