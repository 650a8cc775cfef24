"""What a map is made of: its layers, the scripts it runs on and the base map it may lie on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import geopandas as gpd

from layers.definitions import STORE_CRS, LayerDefinition
from layers.errors import CrsError, ValueOutOfRangeError
from layers.types import Text

__all__ = ["Asset", "Assets", "Basemap", "MapLayer"]


@dataclass(frozen=True, slots=True)
class Asset:
    """One script or style sheet of the map, by address or by content.

    Parameters
    ----------
    name : str
        Unique among the assets of a map.
    kind : {"js", "css"}
        What it is.
    url : str or None
        Its address, for pages that a server delivers.
    text : str or None
        Its content, for files and notebooks that have to work on their own.

    Raises
    ------
    ValueOutOfRangeError
        If neither or both of `url` and `text` are given.
    """

    name: str
    kind: Literal["js", "css"]
    url: str | None = None
    text: str | None = None

    def __post_init__(self) -> None:
        if (self.url is None) == (self.text is None):
            raise ValueOutOfRangeError(
                seen=self.name,
                wanted=Text(vi="hoặc url hoặc text", en="either url or text"),
                where="Asset",
            )


@dataclass(frozen=True, slots=True)
class Assets:
    """Everything a map loads, in loading order; nothing else is fetched.

    Parameters
    ----------
    files : tuple of Asset
        Leaflet and the map client, style sheets and scripts.
    """

    files: tuple[Asset, ...]


@dataclass(frozen=True, slots=True)
class Basemap:
    """A tile service that the reader may switch on; it is off until then, so no tile is fetched unasked.

    Parameters
    ----------
    url : str
        Leaflet address template with ``{z}``, ``{x}`` and ``{y}``.
    title : Text
        Its name in the layer list.
    attribution : str
        Plain text, shown while the tiles are.
    """

    url: str
    title: Text
    attribution: str = ""


@dataclass(frozen=True, slots=True)
class MapLayer:
    """One layer of a map: what it is and its features, or where the features of a view are fetched from.

    Parameters
    ----------
    definition : LayerDefinition
        Titles, fields, codes, style and zoom range.
    features : GeoDataFrame or None
        The features, EPSG:4326, drawn at once.
    url : str or None
        Address of the layer's items; the map adds `bbox` and `limit` for each view, and says how many are drawn.
    total : int or None
        Features in the whole layer, for `url` layers where it is known.
    visible : bool
        Whether it is switched on at first.
    labelled : bool
        Whether feature titles are written on the map; features without geometry are then listed beside it.
    fields : tuple of str or None
        Names of the fields that a popup shows, in this order; None shows every field.
    link : str or None
        Address of a feature's own page, with ``{id}``.

    Raises
    ------
    ValueOutOfRangeError
        If neither or both of `features` and `url` are given.
    CrsError
        If the features are not in EPSG:4326.
    """

    definition: LayerDefinition
    features: gpd.GeoDataFrame | None = None
    url: str | None = None
    total: int | None = None
    visible: bool = True
    labelled: bool = False
    fields: tuple[str, ...] | None = None
    link: str | None = None

    def __post_init__(self) -> None:
        if (self.features is None) == (self.url is None):
            raise ValueOutOfRangeError(
                seen=self.definition.id,
                wanted=Text(vi="hoặc features hoặc url", en="either features or url"),
                where="MapLayer",
            )
        if self.features is not None and self.features.crs != STORE_CRS:
            seen = "None" if self.features.crs is None else self.features.crs.to_string()
            raise CrsError(seen=seen, wanted=STORE_CRS, where=self.definition.id)
