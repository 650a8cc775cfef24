"""Tiles of a map in one PMTiles file, for places without a server: a browser reads it from a disk or any web space."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pmtiles.tile import Compression, TileType, zxy_to_tileid
from pmtiles.writer import Writer

from layers.errors import ValueOutOfRangeError
from layers.store import Store
from layers.tiles.asking import TileSelection
from layers.tiles.maker import TileMaker
from layers.tiles.matrices import WEB_MERCATOR, tile_grid
from layers.types import Bounds, Text

__all__ = ["MOST_ZOOM", "Archive", "write_archive"]

#: Deepest zoom of an archive; a browser enlarges tiles beyond it.
MOST_ZOOM: Final = 18
_E7: Final = 10_000_000
_ALL_FEATURES: Final = TileSelection()


@dataclass(frozen=True, slots=True)
class Archive:
    """What was written.

    Attributes
    ----------
    tiles : int
        Tiles with features.
    size : int
        Bytes of the file.
    """

    tiles: int
    size: int


def write_archive(
    maker: TileMaker,
    store: Store,
    layers: Sequence[str],
    path: Path,
    *,
    bounds: Bounds,
    zooms: tuple[int, int] = (0, 14),
    selection: TileSelection = _ALL_FEATURES,
    metadata: Mapping[str, Any] | None = None,
    told: Callable[[int, int], None] | None = None,
) -> Archive:
    """Write the tiles of layers into one file, whole or not at all.

    Parameters
    ----------
    maker : TileMaker
        Makes tiles.
    store : Store
        The store as it may be seen.
    layers : sequence of str
        Ids of layers.
    path : Path
        The file; one that is there is replaced.
    bounds : (float, float, float, float)
        Where the map is, longitudes and latitudes; stands in the file.
    zooms : (int, int), optional
        First and last zoom.
    selection : TileSelection, optional
        Which features.
    metadata : mapping, optional
        What stands in the file about its layers, as in TileJSON.
    told : callable, optional
        Is called with each zoom and the number of its tiles.

    Returns
    -------
    Archive
        How much was written.

    Raises
    ------
    ValueOutOfRangeError
        If zooms are out of range or out of order.
    UnknownLayerError, UnknownChangesetError, UnknownProposalError
        For what is not there.
    """
    first, last = zooms
    if not 0 <= first <= last <= MOST_ZOOM:
        wanted = Text(vi=f"0 <= đầu <= cuối <= {MOST_ZOOM}", en=f"0 <= first <= last <= {MOST_ZOOM}")
        raise ValueOutOfRangeError(seen=f"{first}..{last}", wanted=wanted, where="zooms")
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    fresh = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            writer = Writer(file)
            count = _write_tiles(writer, maker, store, layers, zooms=zooms, selection=selection, told=told)
            writer.finalize(_header(bounds, zooms), dict(metadata or {}))
        fresh.chmod(0o644)
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return Archive(count, path.stat().st_size)


def _write_tiles(
    writer: Writer,
    maker: TileMaker,
    store: Store,
    layers: Sequence[str],
    *,
    zooms: tuple[int, int],
    selection: TileSelection,
    told: Callable[[int, int], None] | None,
) -> int:
    """Write tiles zoom by zoom; below a tile without features there are none."""
    grid = tile_grid(WEB_MERCATOR)
    near, count = [(0, 0)], 0
    for zoom in range(zooms[1] + 1):
        filled = []
        # In the order of the archive, so that neighbours are read at once.
        for column, row in sorted(near, key=lambda place: zxy_to_tileid(zoom, *place)):
            made = maker.tile(store, layers, grid.tile(zoom, row, column), selection)
            if made.data:
                filled.append((column, row))
                if zoom >= zooms[0]:
                    writer.write_tile(zxy_to_tileid(zoom, column, row), made.zipped)
                    count += 1
        if told is not None:
            told(zoom, len(filled))
        near = [(column * 2 + dx, row * 2 + dy) for column, row in filled for dx in (0, 1) for dy in (0, 1)]
    return count


def _header(bounds: Bounds, zooms: tuple[int, int]) -> dict[str, Any]:
    west, south, east, north = bounds
    return {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_zoom": zooms[0],
        "max_zoom": zooms[1],
        "min_lon_e7": round(west * _E7),
        "min_lat_e7": round(south * _E7),
        "max_lon_e7": round(east * _E7),
        "max_lat_e7": round(north * _E7),
        "center_zoom": zooms[0],
        "center_lon_e7": round((west + east) / 2 * _E7),
        "center_lat_e7": round((south + north) / 2 * _E7),
    }
