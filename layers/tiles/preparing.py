"""Compiling all kernels before a tile is asked for: at installation, or by a process beside a server.

`python -m layers.tiles.preparing FOLDER` does it for one folder.
"""

from __future__ import annotations

import sys

import geopandas as gpd
import numpy as np
import shapely

from layers.catalogue import shipped_definitions
from layers.definitions import STORE_CRS
from layers.schema import typed
from layers.tiles.encoding import encode_layer
from layers.tiles.files import locked
from layers.tiles.folders import READY, choose_folder, kernel_folder
from layers.tiles.matrices import WEB_MERCATOR, tile_grid
from layers.tiles.snapshots import build_snapshot
from layers.tiles.views import Kept, look_for

__all__ = ["prepare"]


def prepare() -> int:
    """Draw a small layer of every kind of geometry in every way, so that all kernels are compiled and kept.

    Returns
    -------
    int
        Bytes of all tiles that were made.
    """
    definition = shipped_definitions()["parks"]
    corner = np.array([105.5, 21.0])
    east, north = np.array([[0.01, 0.0], [0.0, 0.01]])
    # The bow tie has to be mended; the others are drawn as they are.
    shapes = [
        shapely.Point(corner),
        shapely.LineString([corner, corner + 0.01, corner + 2 * east]),
        shapely.box(*corner, *(corner + 0.01)),
        shapely.Polygon([corner, corner + 0.01, corner + east, corner + north]),
        shapely.Point(corner).buffer(0.01, quad_segs=64),
        shapely.box(*corner, *(corner + 0.01)).difference(shapely.Point(corner + 0.005).buffer(0.001)),
    ]
    index = [f"{place}" for place in range(len(shapes))]
    features = typed(definition, gpd.GeoDataFrame(geometry=gpd.GeoSeries(shapes, index=index, crs=STORE_CRS)))
    kept = Kept(build_snapshot(definition, features), None)
    grid, look = tile_grid(WEB_MERCATOR), look_for(definition, kept.snapshot.classes)
    size = 0
    for zoom, row, column in ((14, 7211, 12993), (10, 450, 812), (0, 0, 0)):
        tile = grid.corner(grid.tile(zoom, row, column))
        for limit in (1_000_000, 400, 0):
            size += len(encode_layer(look, [kept.source(grid)], tile, limit=limit).data)
            shown = np.ones(len(shapes), np.uint8)
            size += len(encode_layer(look, [kept.source(grid, shown)] * 2, tile, limit=limit).data)
    kernel_folder().mkdir(parents=True, exist_ok=True)
    (kernel_folder() / READY).touch()
    return size


if __name__ == "__main__":
    choose_folder(sys.argv[1])
    with locked(kernel_folder()):
        if not (kernel_folder() / READY).exists():
            prepare()
