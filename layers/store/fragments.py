"""Features as finished GeoJSON text, encoded in bulk from what a driver reads, and kept for the next page.

A row's text is kept under its key and its version, so a row that was changed is never found as it was before.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import orjson
import shapely

from layers.definitions import LayerDefinition
from layers.geojson import COORDINATE_DECIMALS

__all__ = ["FeatureText", "Fragments", "PageText", "encode_features", "encode_geometries"]

_Array = npt.NDArray[Any]

#: Beginning of each GeoJSON geometry by the number that GEOS gives its type; others are rare and written by GEOS.
_HEADS: Final = {
    number: b'{"type":"' + name + b'","coordinates":'
    for number, name in {
        0: b"Point",
        1: b"LineString",
        3: b"Polygon",
        4: b"MultiPoint",
        5: b"MultiLineString",
        6: b"MultiPolygon",
    }.items()
}
_POLYGONS: Final = (3, 6)
_NUMPY: Final = orjson.OPT_SERIALIZE_NUMPY
#: What an entry takes beside its text: key, places in the table, heads of objects; bytes.
_ENTRY_BYTES: Final = 300


class PageText(NamedTuple):
    """One page of a layer, ready to be sent.

    Attributes
    ----------
    definition : LayerDefinition
        The layer as the features follow it.
    features : list of bytes
        GeoJSON Features.
    after : str or None
        Where the next page starts; None at the end.
    matched : int or None
        How many features match in all, exact; None where counting them would cost more than the page.
    """

    definition: LayerDefinition
    features: list[bytes]
    after: str | None
    matched: int | None


class FeatureText(NamedTuple):
    """One feature, ready to be sent.

    Attributes
    ----------
    definition : LayerDefinition
        The layer as the feature follows it.
    text : bytes
        A GeoJSON Feature.
    attributes : mapping of str to value
        Its attributes as JSON values.
    wkb : bytes or None
        Its geometry in EPSG:4326, not rounded.
    """

    definition: LayerDefinition
    text: bytes
    attributes: Mapping[str, Any]
    wkb: bytes | None


def encode_geometries(wkb: Sequence[bytes | None]) -> list[bytes]:
    """Return geometries as GeoJSON text.

    Parameters
    ----------
    wkb : sequence of bytes or None
        In EPSG:4326.

    Returns
    -------
    list of bytes
        Longitudes and latitudes with 7 decimals, exterior rings counterclockwise; ``null`` where a geometry is missing
        or empty.
    """
    given = np.empty(len(wkb), dtype=object)
    given[:] = list(wkb)
    shapes = shapely.from_wkb(given)
    types = shapely.get_type_id(shapes)
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    encoded = [b"null"] * len(shapes)
    for type_ in np.unique(types[there]).tolist():
        places = np.flatnonzero(there & (types == type_))
        for place, text in zip(places.tolist(), _one_type(shapes[places], type_), strict=True):
            encoded[place] = text
    return encoded


def _one_type(shapes: _Array, type_: int) -> list[bytes]:
    if type_ not in _HEADS:
        rounded = shapely.transform(shapes, lambda xy: np.round(xy, COORDINATE_DECIMALS))
        return [text.encode() for text in shapely.to_geojson(shapely.orient_polygons(rounded)).tolist()]
    oriented = shapely.orient_polygons(shapes) if type_ in _POLYGONS else shapes
    _, coordinates, offsets = shapely.to_ragged_array(oriented, include_z=False)
    # Lists of arrays, each a run of rows: orjson writes them without making numbers of Python.
    nested: Any = np.round(coordinates, COORDINATE_DECIMALS)
    for ends in (level.tolist() for level in offsets):
        nested = [nested[start:end] for start, end in pairwise(ends)]
    head = _HEADS[type_]
    return [head + orjson.dumps(part, option=_NUMPY) + b"}" for part in nested]


def encode_features(
    definition: LayerDefinition,
    ids: Sequence[str],
    columns: Mapping[str, Sequence[Any]],
    wkb: Sequence[bytes | None],
) -> list[bytes]:
    """Return rows as GeoJSON Features.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    ids : sequence of str
        Feature ids.
    columns : mapping of str to sequence
        Attributes by field as a driver gives them: dates as `datetime.date` or ISO text, flags as bool or 0 and 1.
    wkb : sequence of bytes or None
        Geometries in EPSG:4326.

    Returns
    -------
    list of bytes
        One JSON object each; what is missing is null.
    """
    geometries = encode_geometries(wkb) if definition.spatial else [b"null"] * len(ids)
    flags = {field.name for field in definition.all_fields if field.type == "boolean"}
    values = [_flags(column) if name in flags else column for name, column in columns.items()]
    names = tuple(columns)
    rows = zip(*values, strict=True) if names else ((),) * len(ids)
    return [
        b'{"type":"Feature","id":%b,"geometry":%b,"properties":%b}'
        % (orjson.dumps(id_), geometry, orjson.dumps(dict(zip(names, row, strict=True))))
        for id_, geometry, row in zip(ids, geometries, rows, strict=True)
    ]


def _flags(column: Sequence[Any]) -> list[bool | None]:
    return [None if value is None else bool(value) for value in column]


class Fragments:
    """Finished features by key and version, those used last, within a bound of memory.

    Two tables take turns: what is found in the older one moves to the younger, and once the younger is half of the
    bound, the older is dropped. Several threads may use it at once.

    Parameters
    ----------
    max_bytes : int
        About so much memory at most.
    """

    def __init__(self, max_bytes: int) -> None:
        self._half = max_bytes // 2
        self._young: dict[Hashable, bytes] = {}
        self._old: dict[Hashable, bytes] = {}
        self._bytes = 0

    def get(self, key: Hashable) -> bytes | None:
        """Return a feature.

        Parameters
        ----------
        key : hashable
            Names the row, its version and the form of its text.

        Returns
        -------
        bytes or None
            None where it is not kept.
        """
        found = self._young.get(key)
        if found is None and (found := self._old.get(key)) is not None:
            self.put(key, found)
        return found

    def put(self, key: Hashable, text: bytes) -> None:
        """Keep a feature.

        Parameters
        ----------
        key : hashable
            Names the row, its version and the form of its text.
        text : bytes
            The feature.
        """
        if self._bytes > self._half:
            self._old, self._young, self._bytes = self._young, {}, 0
        self._young[key] = text
        self._bytes += len(text) + _ENTRY_BYTES

    def __len__(self) -> int:
        """Return how many features are kept at most."""
        return len(self._young) + len(self._old)
