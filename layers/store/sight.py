"""How much of a store somebody sees: which layers, which of their fields, and on which ground. Values; no database."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, NamedTuple

import shapely
from shapely.geometry.base import BaseGeometry

from layers.definitions import LayerDefinition

__all__ = ["EVERYTHING", "Ground", "Sight"]


class Ground(NamedTuple):
    """Where some layers are seen.

    Attributes
    ----------
    layers : frozenset of str or None
        Ids of layers; None for all.
    area : bytes or None
        WKB in EPSG:4326 of the area whose features are seen; None for everywhere.
    """

    layers: frozenset[str] | None
    area: bytes | None


@dataclass(frozen=True, slots=True)
class Sight:
    """How much of a store is seen.

    Parameters
    ----------
    layers : frozenset of str or None
        Ids of layers; None for all.
    restricted : frozenset of str or None
        Ids of the layers whose restricted fields are seen as well; None for all.
    grounds : frozenset of Ground
        Where layers are seen; they add up, and a layer that none of them names is seen nowhere. None at all: everything
        is seen everywhere.

    Examples
    --------
    >>> Sight(layers=None, restricted=frozenset()).all
    False
    """

    layers: frozenset[str] | None = None
    restricted: frozenset[str] | None = None
    grounds: frozenset[Ground] = frozenset()

    @property
    def all(self) -> bool:
        """Whether nothing is left out.

        Returns
        -------
        bool
            True for every layer with every field, everywhere.
        """
        return self.layers is None and self.restricted is None and not self.grounds

    @property
    def mark(self) -> str:
        """What tells this sight from others, short enough for a name.

        Returns
        -------
        str
            The same in every process.
        """
        named = [None if ids is None else sorted(ids) for ids in (self.layers, self.restricted)]
        grounds = sorted(
            ("*" if one.layers is None else ",".join(sorted(one.layers)), "" if one.area is None else one.area.hex())
            for one in self.grounds
        )
        return hashlib.sha256(repr((named, grounds)).encode()).hexdigest()[:24]

    def area(self, layer: str) -> BaseGeometry | None:
        """Return where the features of a layer are seen.

        Parameters
        ----------
        layer : str
            Id of a layer.

        Returns
        -------
        Polygon, MultiPolygon or None
            EPSG:4326; None for everywhere. Nothing is seen in an empty one.
        """
        if not self.grounds:
            return None
        areas = [one.area for one in self.grounds if one.layers is None or layer in one.layers]
        return None if None in areas else _union(frozenset(area for area in areas if area is not None))

    def narrowed(self, definition: LayerDefinition) -> LayerDefinition | None:
        """Return what is seen of a layer.

        Parameters
        ----------
        definition : LayerDefinition
            The whole layer.

        Returns
        -------
        LayerDefinition or None
            The very same one where no field is left out; None for a layer that is not seen.
        """
        if self.layers is not None and definition.id not in self.layers:
            return None
        if self.restricted is None or definition.id in self.restricted:
            return definition
        fields = tuple(field for field in definition.fields if not field.restricted)
        return definition if fields == definition.fields else definition.model_copy(update={"fields": fields})


@lru_cache(maxsize=256)
def _union(areas: frozenset[bytes]) -> BaseGeometry:
    return shapely.union_all([shapely.from_wkb(area) for area in sorted(areas)])


#: All of a store.
EVERYTHING: Final = Sight()
