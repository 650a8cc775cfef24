"""Vector tiles of layers: from snapshots in flat arrays, encoded in one compiled pass, the same over both engines.

Examples
--------
>>> tile_grid("WebMercatorQuad").tile(1, 0, 1)
Tile(grid='WebMercatorQuad', zoom=1, row=0, column=1)
"""

from __future__ import annotations

from layers.tiles.folders import choose_folder, chosen_folder
from layers.tiles.matrices import Tile, TileGrid, tile_grid, tile_grids

__all__ = ["Tile", "TileGrid", "choose_folder", "chosen_folder", "tile_grid", "tile_grids"]
