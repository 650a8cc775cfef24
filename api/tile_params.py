"""The parameters of tiles: which layers, in which state, by which filter, and which tile of which grid."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Final

from fastapi import Depends, Query

from api.errors import BadParameterError
from api.filtering import filter_of, parse_as_of
from api.params import DatetimeParameter, LayerParameter, StoreParameter
from layers.cql2 import Filter
from layers.definitions import LayerDefinition
from layers.errors import UnknownLayerError
from layers.tiles import Tile, TileGrid, tile_grid
from layers.tiles.asking import TileSelection
from layers.types import Text

__all__ = [
    "HANDED_ON",
    "AskedFilter",
    "AskedTiles",
    "FilterParameter",
    "GridParameter",
    "LayersParameter",
    "Place",
    "PlaceParameter",
    "SelectionParameter",
    "SpatialParameter",
    "TilesParameter",
    "chosen_layers",
    "spatial_layer",
    "tile_format",
    "tileset_format",
]

#: Layers that one tile may hold.
MOST_LAYERS: Final = 32
#: What a tileset hands on to its tiles.
HANDED_ON: Final = ("collections", "datetime", "as_of", "proposal", "filter", "filter-lang")
_WHOLE: Final = Text(vi="số nguyên từ 0 trở lên", en="a whole number from 0 upwards")
_SPATIAL: Final = Text(vi="lớp có hình học", en="a layer with geometries")


async def tileset_format(
    f: Annotated[str | None, Query(json_schema_extra={"component": "tileset-format"})] = None,
) -> bool:
    """Return whether TileJSON is wanted.

    Parameters
    ----------
    f : str or None
        The parameter.

    Returns
    -------
    bool
        False for metadata by the OGC.

    Raises
    ------
    BadParameterError
        If it is neither `json` nor `tilejson`.
    """
    if f not in (None, "json", "tilejson"):
        raise BadParameterError(seen=f, wanted="json, tilejson", where="f")
    return f == "tilejson"


async def tile_format(f: Annotated[str | None, Query(json_schema_extra={"component": "tile-format"})] = None) -> None:
    """Check the parameter `f` of a tile.

    Parameters
    ----------
    f : str or None
        The parameter.

    Raises
    ------
    BadParameterError
        If it is not `mvt`.
    """
    if f not in (None, "mvt"):
        raise BadParameterError(seen=f, wanted="mvt", where="f")


async def _grid(tileMatrixSetId: str) -> TileGrid:  # noqa: N803 - the name in the API
    return tile_grid(tileMatrixSetId)


GridParameter = Annotated[TileGrid, Depends(_grid)]


async def _asked(
    interval: DatetimeParameter,
    as_of: Annotated[str | None, Query()] = None,
    proposal: Annotated[str | None, Query()] = None,
) -> TileSelection:
    """Return which state of which time is asked for; filters come with the layers."""
    return TileSelection(interval, None if as_of is None else parse_as_of(as_of), proposal)


SelectionParameter = Annotated[TileSelection, Depends(_asked)]


class AskedFilter:
    """A filter as it was sent.

    Parameters
    ----------
    filter : str or None
        Its text.
    language : str or None
        Of CQL2.
    """

    def __init__(
        self,
        filter: Annotated[str | None, Query()] = None,  # noqa: A002 - the name in the API
        language: Annotated[str | None, Query(alias="filter-lang")] = None,
    ) -> None:
        self._text = filter
        self._language = language

    def of(self, definitions: Sequence[LayerDefinition]) -> tuple[Filter, ...]:
        """Return the filter as each layer understands it.

        Parameters
        ----------
        definitions : sequence of LayerDefinition
            The layers.

        Returns
        -------
        tuple of Filter
            One a layer; none without a filter.

        Raises
        ------
        BadParameterError
            For a language that there is not.
        FilterError, UnknownFieldError
            If a layer does not understand it.
        """
        found = (filter_of(entry, self._text, language=self._language) for entry in definitions)
        return tuple(each for each in found if each is not None)


FilterParameter = Annotated[AskedFilter, Depends()]


def chosen_layers(store: StoreParameter, collections: Annotated[str | None, Query()] = None) -> list[LayerDefinition]:
    """Return the layers of a tile: those that are named, else all that have geometries.

    Parameters
    ----------
    store : Store
        The store.
    collections : str or None
        Ids with commas.

    Returns
    -------
    list of LayerDefinition
        In the order of drawing.

    Raises
    ------
    UnknownLayerError
        If there is no such layer.
    BadParameterError
        If a layer has no geometries, or there are too many.
    """
    there = store.layers()
    if collections is None:
        return [definition for definition in there.values() if definition.spatial]
    names = list(dict.fromkeys(collections.split(",")))
    for name in names:
        if name not in there:
            raise UnknownLayerError(seen=name, wanted=", ".join(there) or "-")
        if not there[name].spatial:
            raise BadParameterError(seen=name, wanted=_SPATIAL, where="collections")
    if len(names) > MOST_LAYERS:
        wanted = Text(vi=f"tối đa {MOST_LAYERS} lớp", en=f"{MOST_LAYERS} layers at most")
        raise BadParameterError(seen=len(names), wanted=wanted, where="collections")
    return [there[name] for name in names]


LayersParameter = Annotated[list[LayerDefinition], Depends(chosen_layers)]


def spatial_layer(definition: LayerParameter) -> LayerDefinition:
    """Check that a layer has tiles.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.

    Returns
    -------
    LayerDefinition
        The same.

    Raises
    ------
    BadParameterError
        If it has no geometries.
    """
    if not definition.spatial:
        raise BadParameterError(seen=definition.id, wanted=_SPATIAL, where="collectionId")
    return definition


SpatialParameter = Annotated[LayerDefinition, Depends(spatial_layer)]


def _whole(text: str, name: str) -> int:
    # A longer number is no tile of any grid.
    if not re.fullmatch(r"[0-9]{1,10}", text):
        raise BadParameterError(seen=text, wanted=_WHOLE, where=name)
    return int(text)


class Place:
    """Where a tile is, as it was sent.

    Parameters
    ----------
    tileMatrix, tileRow, tileCol : str
        Number of the matrix, and of row and column in it.
    """

    def __init__(self, tileMatrix: str, tileRow: str, tileCol: str) -> None:  # noqa: N803 - the names in the API
        self.zoom = _whole(tileMatrix, "tileMatrix")
        self.row = _whole(tileRow, "tileRow")
        self.column = _whole(tileCol, "tileCol")

    def on(self, grid: TileGrid) -> Tile:
        """Return the tile there.

        Parameters
        ----------
        grid : TileGrid
            Which grid.

        Returns
        -------
        Tile
            One of it.

        Raises
        ------
        UnknownTileError
            If there is none.
        """
        return grid.tile(self.zoom, self.row, self.column)


PlaceParameter = Annotated[Place, Depends()]


class AskedTiles:
    """Which tiles are asked for: of which store and grid, in which state, by which filter.

    Parameters
    ----------
    store : Store
        The store as it may be seen.
    grid : TileGrid
        The grid.
    selection : TileSelection
        Which state of which time.
    asked : AskedFilter
        What features have to meet.
    """

    def __init__(
        self, store: StoreParameter, grid: GridParameter, selection: SelectionParameter, asked: FilterParameter
    ) -> None:
        self.store = store
        self.grid = grid
        self._selection = selection
        self._asked = asked

    def of(self, definitions: Sequence[LayerDefinition]) -> TileSelection:
        """Return which features of some layers are meant.

        Parameters
        ----------
        definitions : sequence of LayerDefinition
            The layers.

        Returns
        -------
        TileSelection
            With the filter as each layer understands it.

        Raises
        ------
        BadParameterError, FilterError, UnknownFieldError
            If a layer does not understand it.
        """
        return self._selection._replace(filters=self._asked.of(definitions))


TilesParameter = Annotated[AskedTiles, Depends()]
