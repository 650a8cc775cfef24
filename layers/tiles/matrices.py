"""Tile matrix sets, and the world grid of whole numbers that stands behind each.

A grid has 2**32 cells along each axis, so that a coordinate takes four bytes: 9 mm on WebMercatorQuad and
WorldCRS84Quad, 1 mm on the VN-2000 grid.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import morecantile
import numpy as np
import numpy.typing as npt

from layers.crs import move_points
from layers.definitions import STORE_CRS
from layers.errors import UnknownTileError
from layers.tiles.arrays import EXTENT
from layers.types import Bounds, Text

__all__ = ["VN2000", "WEB_MERCATOR", "WORLD_CRS84", "Tile", "TileGrid", "tile_grid", "tile_grids"]

WEB_MERCATOR: Final = "WebMercatorQuad"
WORLD_CRS84: Final = "WorldCRS84Quad"
VN2000: Final = "VN2000TM3Zone482"

_CELLS: Final = 2.0**32
#: Latitude at which Web Mercator ends.
_EDGE_OF_MERCATOR: Final = 85.051128779806
#: Scales in which plans are drawn in Viet Nam, as denominators, from the whole country to a plot.
_PLAN_SCALES: Final = (
    8_000_000, 4_000_000, 2_000_000, 1_000_000, 500_000, 250_000, 100_000, 50_000, 25_000, 10_000, 5_000, 2_000, 1_000,
    500,
)  # fmt: skip
#: Metres of a pixel at scale 1:1, by the OGC's convention.
_PIXEL_M: Final = 0.00028
#: Upper left corner of the VN-2000 grid, easting and northing of VN-2000 / TM-3 zone 482 in metres: all of Viet Nam and
#: its sea lie south-east of it.
_VN2000_ORIGIN: Final = (-500_000.0, 2_800_000.0)
_VN2000_SIZE_M: Final = (2_400_000.0, 2_400_000.0)
_TILE_PIXELS: Final = 256

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tile:
    """One tile of a grid.

    Parameters
    ----------
    grid : str
        Id of the tile matrix set.
    zoom : int
        Number of the matrix.
    row, column : int
        From the upper left corner.
    """

    grid: str
    zoom: int
    row: int
    column: int


@dataclass(frozen=True, eq=False)
class TileGrid:
    """A tile matrix set with its world grid.

    Parameters
    ----------
    id : str
        Of the tile matrix set.
    title : Text
        For people.
    matrices : morecantile.TileMatrixSet
        As the OGC describes it.
    crs : str
        Its CRS.
    centre : (float, float)
        Where the world grid has its zero, in units of the CRS.
    cell : float
        Side of a cell of the world grid, units of the CRS.
    """

    id: str
    title: Text
    matrices: morecantile.TileMatrixSet
    crs: str
    centre: tuple[float, float]
    cell: float

    @property
    def zooms(self) -> range:
        """Numbers of the matrices."""
        return range(len(self.matrices.tileMatrices))

    def document(self) -> dict[str, Any]:
        """Return the definition as OGC JSON.

        Returns
        -------
        dict
            By OGC 17-083r4.
        """
        document: dict[str, Any] = self.matrices.model_dump(mode="json", exclude_none=True)
        return document

    def tile(self, zoom: int, row: int, column: int) -> Tile:
        """Return a tile that is there.

        Parameters
        ----------
        zoom, row, column : int
            As in its address.

        Returns
        -------
        Tile
            The tile.

        Raises
        ------
        UnknownTileError
            If the grid has no such tile.
        """
        if zoom not in self.zooms:
            raise UnknownTileError(seen=zoom, wanted=f"0..{self.zooms[-1]}", where=f"{self.id}, tileMatrix")
        matrix = self.matrices.tileMatrices[zoom]
        for name, seen, size in (("tileRow", row, matrix.matrixHeight), ("tileCol", column, matrix.matrixWidth)):
            if not 0 <= seen < size:
                raise UnknownTileError(seen=seen, wanted=f"0..{size - 1}", where=f"{self.id}/{zoom}, {name}")
        return Tile(self.id, zoom, row, column)

    def corner(self, tile: Tile) -> tuple[float, float, float]:
        """Return where a tile lies on the world grid.

        Parameters
        ----------
        tile : Tile
            One of this grid.

        Returns
        -------
        left, top : float
            Its upper left corner, cells.
        unit : float
            Cells in a unit of the tile.
        """
        matrix = self.matrices.tileMatrices[tile.zoom]
        span = matrix.cellSize * matrix.tileWidth
        left = matrix.pointOfOrigin[0] + tile.column * span - self.centre[0]
        top = self.centre[1] - matrix.pointOfOrigin[1] + tile.row * span
        return left / self.cell, top / self.cell, span / self.cell / EXTENT

    def bounds(self, tile: Tile) -> Bounds:
        """Return the edges of a tile.

        Parameters
        ----------
        tile : Tile
            One of this grid.

        Returns
        -------
        (float, float, float, float)
            Least x and y, greatest x and y, in the grid's CRS.
        """
        left, top, unit = self.corner(tile)
        x, y, span = self.centre[0] + left * self.cell, self.centre[1] - top * self.cell, unit * EXTENT * self.cell
        return x, y - span, x + span, y

    def cells(self, lonlat: Numbers) -> Numbers:
        """Return places on the world grid.

        Parameters
        ----------
        lonlat : ndarray of float, shape (places, 2)
            Longitude and latitude of WGS 84.

        Returns
        -------
        ndarray of float, shape (places, 2)
            Cells from the centre, x to the east and y to the south; infinite where the grid cannot hold a place.
        """
        if self.id == WEB_MERCATOR:
            latitude = np.radians(np.clip(lonlat[:, 1], -_EDGE_OF_MERCATOR, _EDGE_OF_MERCATOR))
            return np.column_stack(
                [lonlat[:, 0] * (_CELLS / 360), -np.arcsinh(np.tan(latitude)) * (_CELLS / (2 * np.pi))]
            )
        if self.id == WORLD_CRS84:
            return lonlat * (_CELLS / 360) * (1.0, -1.0)
        moved = move_points(lonlat, source=STORE_CRS, target=self.crs)
        return (moved - self.centre) / self.cell * (1.0, -1.0)


def _plan_grid() -> TileGrid:
    left, top = _VN2000_ORIGIN
    width, height = _VN2000_SIZE_M
    matrices = []
    for number, denominator in enumerate(_PLAN_SCALES):
        size = denominator * _PIXEL_M
        matrices.append(
            {
                "id": str(number),
                "scaleDenominator": float(denominator),
                "cellSize": size,
                "cornerOfOrigin": "topLeft",
                "pointOfOrigin": [left, top],
                "tileWidth": _TILE_PIXELS,
                "tileHeight": _TILE_PIXELS,
                "matrixWidth": math.ceil(width / size / _TILE_PIXELS),
                "matrixHeight": math.ceil(height / size / _TILE_PIXELS),
            }
        )
    tms = morecantile.TileMatrixSet.model_validate(
        {
            "id": VN2000,
            "title": "VN-2000 / TM-3 zone 482 (EPSG:5897), scales of Vietnamese plans",
            "crs": "http://www.opengis.net/def/crs/EPSG/0/5897",
            "orderedAxes": ["E", "N"],
            "tileMatrices": matrices,
        }
    )
    return TileGrid(
        VN2000,
        Text(vi="VN-2000 / TM-3 múi 482, các tỷ lệ bản đồ quy hoạch", en="VN-2000 / TM-3 zone 482, scales of plans"),
        tms,
        "EPSG:5897",
        centre=(left + width / 2, top - height / 2),
        cell=2.0**22 / _CELLS,
    )


@cache
def tile_grids() -> Mapping[str, TileGrid]:
    """Return all tile matrix sets by id.

    Returns
    -------
    mapping of str to TileGrid
        The web map's first.
    """
    mercator, degrees = morecantile.tms.get(WEB_MERCATOR), morecantile.tms.get(WORLD_CRS84)
    matrix = mercator.tileMatrices[0]
    web = TileGrid(
        WEB_MERCATOR,
        Text(vi="Lưới bản đồ web (Web Mercator)", en="Web map grid (Web Mercator)"),
        mercator,
        "EPSG:3857",
        centre=(0.0, 0.0),
        cell=matrix.cellSize * matrix.tileWidth / _CELLS,
    )
    world = TileGrid(
        WORLD_CRS84,
        Text(vi="Lưới kinh vĩ độ (WGS 84)", en="Grid of longitude and latitude (WGS 84)"),
        degrees,
        "OGC:CRS84",
        centre=(0.0, 0.0),
        cell=360.0 / _CELLS,
    )
    return {grid.id: grid for grid in (web, world, _plan_grid())}


def tile_grid(name: str) -> TileGrid:
    """Return one tile matrix set.

    Parameters
    ----------
    name : str
        Its id.

    Returns
    -------
    TileGrid
        The grid.

    Raises
    ------
    UnknownTileError
        If there is none of this name.
    """
    grids = tile_grids()
    if name not in grids:
        raise UnknownTileError(seen=name, wanted=", ".join(grids), where="tileMatrixSetId")
    return grids[name]
