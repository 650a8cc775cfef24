"""What of a GeoJSON file is not as RFC 7946 has it, feature by feature.

What has no one meaning for the file as a whole refuses it. A feature that cannot be read in full stays a row without
what could not be read, and is told as an error; open rings are closed; the rest is told.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
import shapely

from layers.formats.faults import unclosed_ring, wrong_bounds
from layers.formats.model import Fault, refuse
from layers.types import Bounds, Text

__all__ = ["FeatureLook", "GeojsonLook", "look_at_geojson", "refuse_doubles"]

_Where = tuple[str, str | None, Text, Text]

#: A quote, then a colon: the end of each member's name, and perhaps a part of a text.
_MEMBER: Final = re.compile(rb'"[ \t\r\n]*:')
#: How deep the coordinates of a type are nested above a list of positions.
_DEPTHS: Final = {
    "MultiPoint": 0, "LineString": 0, "MultiLineString": 1, "Polygon": 1, "MultiPolygon": 2,
}  # fmt: skip
_LINES: Final = frozenset({"LineString", "MultiLineString"})
_GEOMETRIES: Final = frozenset({"Point", "GeometryCollection", *_DEPTHS})
#: Members that give an object the meaning of another type.
_FOREIGN: Final = {
    "Feature": ("coordinates", "geometries", "features"),
    "FeatureCollection": ("coordinates", "geometries", "geometry", "properties"),
}
_FOREIGN_TO_GEOMETRY: Final = ("geometry", "properties", "features")
#: Members that no object goes wrong by having.
_USUAL: Final = frozenset({"type", "id"})
_USUAL_OF: Final = {
    "Feature": _USUAL | {"geometry", "properties"},
    "FeatureCollection": _USUAL | {"features"},
    "GeometryCollection": _USUAL | {"geometries"},
}
_USUAL_OF_GEOMETRY: Final = _USUAL | {"coordinates"}
_NESTS: Final = (dict, list)
_NUMBERS: Final = frozenset({int, float})
_FEWEST_NUMBERS: Final = 2
_MOST_NUMBERS: Final = 3
_LINE_POSITIONS: Final = 2
_RING_POSITIONS: Final = 4
_BBOX_LENGTHS: Final = (4, 6)
_NESTED: Final = Text(vi="toạ độ lồng nhau như RFC 7946 quy định", en="coordinates nested as RFC 7946 has them")


class GeojsonLook(NamedTuple):
    """What looking at a GeoJSON document came to.

    Attributes
    ----------
    faults : tuple of Fault
        What is wrong with it.
    changed : bool
        Whether rings were closed, or what cannot be read was taken out.
    bounds : (float, float, float, float) or None
        Those it states: west, south, east, north.
    """

    faults: tuple[Fault, ...]
    changed: bool
    bounds: Bounds | None


def look_at_geojson(path: Path, content: bytes, document: dict[str, Any], features: list[Any]) -> GeojsonLook:
    """Hold a GeoJSON document against RFC 7946, and make all of its features such as can be read.

    Parameters
    ----------
    path : Path
        The file.
    content : bytes
        What is in it.
    document : dict
        The same, parsed; open rings are closed in it.
    features : list
        Its features, put right in place; a document of another type is its own only one.

    Returns
    -------
    GeojsonLook
        With what is wrong.

    Raises
    ------
    FileUnreadableError
        If a member is there twice, or no feature can be read in full.
    """
    refuse_doubles(path, content, document)
    collection = document.get("type") == "FeatureCollection"
    look = FeatureLook(path, alone=not collection)
    changed = False
    for row, feature in enumerate(features):
        features[row], here = look.take(feature)
        changed = changed or here
    of_file = tuple(_fault(where, []) for where in _member_faults(document, "FeatureCollection")) if collection else ()
    return GeojsonLook((*of_file, *look.faults()), changed, _bounds_of(document.get("bbox")))


def refuse_doubles(path: Path, content: bytes, document: dict[str, Any]) -> None:
    """Refuse a file in which an object has a member twice: which one is meant, no one can tell.

    Parameters
    ----------
    path : Path
        The file.
    content : bytes
        JSON text of the file.
    document : dict
        The same, parsed.

    Raises
    ------
    FileUnreadableError
        If a member is there twice.
    """
    # Counting is fast, and sure where it comes out even; texts with quotes and colons are the exception.
    if sum(1 for _ in _MEMBER.finditer(content)) == _members(document):
        return
    doubles: Counter[str] = Counter()

    def notice(pairs: list[tuple[str, Any]]) -> None:
        names = Counter(name for name, _ in pairs)
        doubles.update({name: count for name, count in names.items() if count > 1})

    json.loads(content, object_pairs_hook=notice)
    if doubles:
        listed = ", ".join(doubles)
        seen = Text(vi=f"thành phần lặp trong một đối tượng: {listed}", en=f"members twice in one object: {listed}")
        refuse(path, seen=seen, wanted=Text(vi="mỗi thành phần một lần", en="each member once"))


def _members(document: Any) -> int:
    """Count the members of all objects in a document; coordinates hold none."""
    count, left = 0, [document]
    while left:
        value = left.pop()
        if isinstance(value, dict):
            count += len(value)
            left += [item for name, item in value.items() if name != "coordinates" and isinstance(item, _NESTS)]
        else:
            left += [item for item in value if isinstance(item, _NESTS)]
    return count


class _MalformedError(Exception):
    """A part of a feature that has no one meaning: its geometry, its properties, or all of it."""

    def __init__(self, seen: Text, wanted: Text, member: str = "geometry") -> None:
        super().__init__(seen.en)
        self.seen, self.wanted, self.member = seen, wanted, member


class FeatureLook:
    """Looks at the features of a GeoJSON file one after the other, and keeps what is wrong with them.

    Parameters
    ----------
    path : Path
        The file.
    alone : bool
        Whether the file is one feature or geometry, not a list of them.
    geometries : bool
        Whether a geometry may stand for a feature.
    """

    def __init__(self, path: Path, *, alone: bool = False, geometries: bool = False) -> None:
        self._path, self._alone, self._geometries = path, alone, geometries or alone
        self._found: dict[_Where, list[int]] = {}
        self._told: list[Fault] = []
        self._names: list[str | None] = []
        self._first: tuple[int, _MalformedError] | None = None
        self._unread = 0

    def take(self, feature: Any) -> tuple[Any, bool]:
        """Look at the next feature.

        Parameters
        ----------
        feature : object
            A member of `features`; open rings are closed in it.

        Returns
        -------
        feature : dict
            What can be read of it.
        changed : bool
            Whether that is something else than it was.
        """
        row, whole = len(self._names), feature
        count: int | None = None
        # Without what cannot be read, there is less of it each time.
        while count is None:
            try:
                count = self._look(row, feature)
            except _MalformedError as error:
                self._first = self._first or (row, error)
                self._told.append(Fault("file-feature", row, error.member, error.seen, error.wanted))
                feature = _without(feature, error.member)
        self._unread += feature is not whole
        if count:
            seen = Text(vi=f"{count} vòng chưa khép", en=f"open rings: {count}")
            self._told.append(unclosed_ring(row, "geometry", seen))
        name = feature.get("id")
        # As texts: GeoPackage and the like cannot tell 1 from "1" either.
        self._names.append(None if name is None or isinstance(name, dict | list) else str(name))
        return feature, bool(count) or feature is not whole

    def faults(self) -> tuple[Fault, ...]:
        """Return what is wrong with the features.

        Returns
        -------
        tuple of Fault
            What several have in common is told once.

        Raises
        ------
        FileUnreadableError
            If none of them can be read in full.
        """
        if self._first is not None and self._unread == len(self._names):
            row, error = self._first
            vi, en = ("", "") if self._alone else (f"đối tượng {row + 1}: ", f"feature {row + 1}: ")
            refuse(self._path, seen=Text(vi=vi + error.seen.vi, en=en + error.seen.en), wanted=error.wanted)
        grouped = (_fault(where, [] if self._alone else rows) for where, rows in self._found.items())
        return (*grouped, *self._told, *_double_ids(self._names))

    def _look(self, row: int, feature: Any) -> int:
        """Note what is wrong with a feature, close its open rings, and return how many there were."""
        if not isinstance(feature, dict):
            raise _no_feature(feature)
        kind = feature.get("type")
        if kind != "Feature" and not (self._geometries and kind in _GEOMETRIES):
            raise _no_feature(kind)
        found = list(_object_faults(feature))
        closed = sum(_close_rings(geometry) for geometry in _geometries_of(feature))
        for where in found:
            self._found.setdefault(where, []).append(row)
        if "bbox" in feature and (wrong := _wrong_bbox(row, feature)) is not None:
            self._told.append(wrong)
        return closed


def _no_feature(seen: Any) -> _MalformedError:
    shown = json.dumps(seen)[:40]
    wanted = Text(vi="đối tượng JSON kiểu Feature", en="a JSON object of the type Feature")
    return _MalformedError(Text(vi=f"type {shown}", en=f"the type {shown}"), wanted, "type")


def _without(feature: Any, member: str) -> dict[str, Any]:
    """Return what is left of a feature without a part of it."""
    if member == "type" or feature.get("type") != "Feature":
        return {"type": "Feature", "properties": None, "geometry": None}
    return {**feature, member: None}


def _standard(field: str | None, seen: tuple[str, str], wanted: tuple[str, str]) -> _Where:
    return "file-standard", field, Text(vi=seen[0], en=seen[1]), Text(vi=wanted[0], en=wanted[1])


def _member_faults(member: dict[str, Any], kind: str) -> Iterator[_Where]:
    """Yield what is wrong with members that any object may have."""
    if member.keys() <= _USUAL_OF.get(kind, _USUAL_OF_GEOMETRY):
        return
    for name in _FOREIGN.get(kind, _FOREIGN_TO_GEOMETRY):
        if name in member:
            yield _standard(
                name,
                (f"{kind} có thành phần {name}", f"a {kind} with a member {name}"),
                ("đối tượng không có thành phần đó", "none of that name"),
            )
    if "crs" in member:
        yield _standard(
            "crs",
            ("thành phần crs", "a member crs"),
            ("WGS 84, không có crs", "WGS 84, and no crs"),
        )
    if "bbox" in member and not _is_bbox(member["bbox"]):
        wanted = Text(vi="bốn hoặc sáu số", en="four or six numbers")
        seen = json.dumps(member["bbox"])[:80]
        yield "file-bbox", "bbox", Text(vi=seen, en=seen), wanted


def _object_faults(feature: dict[str, Any]) -> Iterator[_Where]:
    """Yield what is wrong with a feature, or with a document that is a geometry."""
    if feature["type"] != "Feature":
        yield from _geometry_faults(feature)
        return
    yield from _member_faults(feature, "Feature")
    for name in ("properties", "geometry"):
        if name not in feature:
            yield _standard(
                name,
                (f"Feature không có {name}", f"a Feature without {name}"),
                (f"{name}, có thể là null", f"{name}, which may be null"),
            )
    properties, geometry = feature.get("properties"), feature.get("geometry")
    if properties is not None and not isinstance(properties, dict):
        kind = type(properties).__name__
        raise _MalformedError(
            Text(vi=f"properties kiểu {kind}", en=f"properties of type {kind}"),
            Text(vi="properties là một đối tượng, hoặc null", en="properties that are an object, or null"),
            "properties",
        )
    named = feature.get("id", 0)
    if isinstance(named, bool) or not isinstance(named, str | int | float):
        kind = "null" if named is None else type(named).__name__
        yield _standard("id", (f"id kiểu {kind}", f"an id of type {kind}"), ("chuỗi hoặc số", "a string or a number"))
    if geometry is not None:
        yield from _geometry_faults(geometry)


def _geometry_faults(geometry: Any) -> Iterator[_Where]:
    kind = geometry.get("type") if isinstance(geometry, dict) else geometry
    if not isinstance(geometry, dict) or kind not in _GEOMETRIES:
        shown = json.dumps(kind)[:40]
        raise _MalformedError(
            Text(vi=f"hình học kiểu {shown}", en=f"a geometry of the type {shown}"),
            Text(vi="một kiểu hình học của GeoJSON", en="a geometry type of GeoJSON"),
        )
    yield from _member_faults(geometry, kind)
    if kind == "GeometryCollection":
        yield from _collection_faults(geometry)
        return
    if _most_numbers(kind, geometry.get("coordinates")) > _MOST_NUMBERS:
        yield _standard(
            "coordinates",
            ("vị trí có hơn ba số", "positions of more than three numbers"),
            ("hai số, hoặc ba với cao độ", "two numbers, or three with a height"),
        )
    if any(0 < len(ring) < _RING_POSITIONS for ring in _rings(geometry)):
        yield _standard(
            "coordinates",
            ("vòng biên có ít hơn bốn vị trí", "a ring of fewer than four positions"),
            ("bốn vị trí trở lên", "four positions or more"),
        )


def _collection_faults(geometry: dict[str, Any]) -> Iterator[_Where]:
    parts = geometry.get("geometries")
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise _MalformedError(
            Text(vi="geometries không phải danh sách hình học", en="geometries that are no list of geometries"),
            Text(vi="danh sách hình học", en="a list of geometries"),
        )
    if len(parts) == 1:
        yield _standard(
            "geometries",
            ("GeometryCollection chỉ có một hình học", "a GeometryCollection of a single geometry"),
            ("chính hình học đó", "that geometry itself"),
        )
    if any(part.get("type") == "GeometryCollection" for part in parts):
        yield _standard(
            "geometries",
            ("GeometryCollection lồng trong GeometryCollection", "a GeometryCollection in a GeometryCollection"),
            ("các hình học đơn", "plain geometries"),
        )
    for part in parts:
        yield from _geometry_faults(part)


def _most_numbers(kind: str, coordinates: Any) -> int:
    """Return how many numbers the positions of a geometry have at most; refuse what are no positions."""
    if coordinates is None:
        raise _MalformedError(
            Text(vi=f"{kind} không có coordinates", en=f"a {kind} without coordinates"),
            Text(vi="coordinates", en="coordinates"),
        )
    if not isinstance(coordinates, list):
        raise _MalformedError(Text(vi=f"{kind}: coordinates không phải danh sách", en=f"{kind}: no list"), _NESTED)
    lists = [[coordinates]] if kind == "Point" else [coordinates]
    try:
        for _ in range(_DEPTHS.get(kind, 0)):
            lists = list(chain.from_iterable(lists))
        positions = lists[0] if len(lists) == 1 else list(chain.from_iterable(lists))
        lengths = set(map(len, positions))
        kinds = set(map(type, chain.from_iterable(positions)))
    except TypeError as error:
        seen = Text(vi=f"{kind}: toạ độ lồng chưa đủ sâu", en=f"{kind}: coordinates that are not nested deeply enough")
        raise _MalformedError(seen, _NESTED) from error
    if not kinds <= _NUMBERS:
        seen = Text(vi=f"{kind}: vị trí không phải là số", en=f"{kind}: a position that does not consist of numbers")
        raise _MalformedError(seen, _NESTED)
    few = min(lengths, default=_FEWEST_NUMBERS)
    if few < _FEWEST_NUMBERS:
        seen = Text(vi=f"{kind}: vị trí chỉ có {few} số", en=f"{kind}: a position of only {few} numbers")
        raise _MalformedError(seen, Text(vi="hai số trở lên", en="two numbers or more"))
    if kind in _LINES and any(0 < len(line) < _LINE_POSITIONS for line in lists):
        seen = Text(vi=f"{kind}: đường chỉ có một vị trí", en=f"{kind}: a line of only one position")
        raise _MalformedError(seen, Text(vi="hai vị trí trở lên", en="two positions or more"))
    return max(lengths, default=0)


def _geometries_of(feature: dict[str, Any]) -> Iterator[dict[str, Any]]:
    geometry = feature.get("geometry") if feature.get("type") == "Feature" else feature
    if isinstance(geometry, dict):
        yield geometry
        for part in geometry.get("geometries") or ():
            yield from _geometries_of(part)


def _rings(geometry: dict[str, Any]) -> Iterator[list[Any]]:
    if geometry.get("type") in {"Polygon", "MultiPolygon"}:
        coordinates = geometry["coordinates"]
        for rings in [coordinates] if geometry["type"] == "Polygon" else coordinates:
            yield from rings


def _close_rings(geometry: dict[str, Any]) -> int:
    """Close the open rings of a geometry, and return how many there were."""
    for ring in _rings(geometry):
        if 0 < len(ring) < _RING_POSITIONS - 1:
            raise _MalformedError(
                Text(vi=f"vòng biên chỉ có {len(ring)} vị trí", en=f"a ring of only {len(ring)} positions"),
                Text(vi="bốn vị trí trở lên", en="four positions or more"),
            )
    unclosed = [ring for ring in _rings(geometry) if ring and ring[0] != ring[-1]]
    for ring in unclosed:
        ring.append(ring[0])
    return len(unclosed)


def _fault(where: _Where, rows: list[int]) -> Fault:
    """Tell a fault once, however many features have it."""
    rule, field, seen, wanted = where
    if len(rows) > 1:
        seen = Text(vi=f"{seen.vi} ({len(rows)} đối tượng)", en=f"{seen.en} ({len(rows)} features)")
    return Fault(rule, rows[0] if rows else None, field, seen, wanted)


def _double_ids(names: list[str | None]) -> Iterator[Fault]:
    rows: dict[str, list[int]] = {}
    for row, name in enumerate(names):
        if name is not None:
            rows.setdefault(name, []).append(row)
    for name, there in rows.items():
        if len(there) > 1:
            seen = Text(vi=f"{name!r} ở {len(there)} đối tượng", en=f"{name!r} in {len(there)} features")
            yield Fault("file-duplicate-id", there[1], "id", seen, Text(vi="mỗi mã một lần", en="each id once"))


def _is_bbox(bbox: Any) -> bool:
    if not isinstance(bbox, list) or len(bbox) not in _BBOX_LENGTHS:
        return False
    return all(isinstance(number, int | float) and not isinstance(number, bool) for number in bbox)


def _bounds_of(bbox: Any) -> Bounds | None:
    if not _is_bbox(bbox):
        return None
    half = len(bbox) // 2
    return bbox[0], bbox[1], bbox[half], bbox[half + 1]


def _wrong_bbox(row: int, feature: dict[str, Any]) -> Fault | None:
    """Return in what the bounds that a feature states of itself are wrong."""
    stated, geometry = _bounds_of(feature["bbox"]), feature.get("geometry")
    if stated is None or geometry is None:
        return None
    shape = shapely.from_geojson(orjson.dumps(geometry), on_invalid="ignore")
    return wrong_bounds(stated, shapely.total_bounds(shape), row=row)
