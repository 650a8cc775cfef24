"""What is wrong with how a file was written, beyond what keeps it from being read.

GeoJSON is held against RFC 7946. What has no one meaning, or would lose values, refuses the file; the rest is told.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import shapely

from layers.formats.model import Fault, Source, SourceLayer, refuse
from layers.types import Bounds, Text

__all__ = ["GeojsonLook", "check_curves", "check_read", "look_at_geojson"]

_Where = tuple[str, str | None, Text, Text]

#: Sides of stated bounds may lie so far off: rounding, as a share of the longer side or of the coordinates.
_BOUNDS_SHARE: Final = 0.01
_BOUNDS_DIGITS: Final = 1e-6
#: Types of layers that hold arcs.
_CURVED: Final = frozenset({"CircularString", "CompoundCurve", "CurvePolygon", "MultiCurve", "MultiSurface"})
#: GML names areas and lines so that have no arcs at all.
_NAMES_ALL_CURVES: Final = "GML"
#: A quote, then a colon: the end of each member's name, and perhaps a part of a text.
_MEMBER: Final = re.compile(rb'"[ \t\r\n]*:')
#: How deep the coordinates of a type are nested above a list of positions.
_DEPTHS: Final = {
    "MultiPoint": 0, "LineString": 0, "MultiLineString": 1, "Polygon": 1, "MultiPolygon": 2,
}  # fmt: skip
#: Members that give an object the meaning of another type.
_FOREIGN: Final = {
    "Feature": ("coordinates", "geometries", "features"),
    "FeatureCollection": ("coordinates", "geometries", "geometry", "properties"),
}
_FOREIGN_TO_GEOMETRY: Final = ("geometry", "properties", "features")
_FEWEST_NUMBERS: Final = 2
_MOST_NUMBERS: Final = 3
_RING_POSITIONS: Final = 4
_BBOX_LENGTHS: Final = (4, 6)
_CLOSED: Final = Text(vi="vòng kết thúc tại đỉnh đầu của nó", en="a ring that ends in its first position")


@dataclass(frozen=True, slots=True)
class GeojsonLook:
    """What looking at a GeoJSON document came to.

    Parameters
    ----------
    faults : tuple of Fault
        What is wrong with it.
    closed : bool
        Whether rings of the document were closed.
    bounds : (float, float, float, float) or None
        Those it states: west, south, east, north.
    """

    faults: tuple[Fault, ...]
    closed: bool
    bounds: Bounds | None


def look_at_geojson(path: Path, content: bytes, document: dict[str, Any], features: list[Any]) -> GeojsonLook:
    """Hold a GeoJSON document against RFC 7946, and close the rings that are open.

    Parameters
    ----------
    path : Path
        The file.
    content : bytes
        What is in it.
    document : dict
        The same, parsed; open rings are closed in it.
    features : list
        Its features; a document of another type is its own only one.

    Returns
    -------
    GeojsonLook
        With what is wrong.

    Raises
    ------
    FileUnreadableError
        If a member is there twice, or coordinates or properties are not what their type says.
    """
    _refuse_doubles(path, content, document)
    found: dict[_Where, list[int]] = {}
    unclosed: list[Fault] = []
    collection = document.get("type") == "FeatureCollection"
    if collection:
        for where in _collection_faults(document):
            found.setdefault(where, [])
    for row, feature in enumerate(features):
        if not isinstance(feature, dict):
            continue
        try:
            for where in _object_faults(feature):
                found.setdefault(where, []).append(row)
            if count := sum(_close_rings(geometry) for geometry in _geometries(feature)):
                unclosed.append(_unclosed(row, count))
        except _MalformedError as error:
            _refuse_row(path, row if collection else None, error)
    faults = (_fault(where, rows, single=not collection) for where, rows in found.items())
    bounds = _bounds_of(document.get("bbox"))
    return GeojsonLook((*faults, *unclosed, *_double_ids(features)), bool(unclosed), bounds)


class _MalformedError(Exception):
    """A feature that has no one meaning."""

    def __init__(self, seen: Text, wanted: Text | str) -> None:
        super().__init__(seen.en)
        self.seen, self.wanted = seen, wanted


def _refuse_row(path: Path, row: int | None, error: _MalformedError) -> None:
    vi, en = ("", "") if row is None else (f"đối tượng {row + 1}: ", f"feature {row + 1}: ")
    refuse(path, seen=Text(vi=vi + error.seen.vi, en=en + error.seen.en), wanted=error.wanted)


def _refuse_doubles(path: Path, content: bytes, document: dict[str, Any]) -> None:
    """Refuse a file in which an object has a member twice: which one is meant, no one can tell."""
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


def _members(value: Any) -> int:
    """Count the members of all objects in a document; coordinates hold none."""
    if isinstance(value, dict):
        nested = (item for name, item in value.items() if name != "coordinates" and isinstance(item, dict | list))
        return len(value) + sum(map(_members, nested))
    return sum(_members(item) for item in value if isinstance(item, dict | list))


def _standard(field: str | None, seen: tuple[str, str], wanted: tuple[str, str]) -> _Where:
    return "file-standard", field, Text(vi=seen[0], en=seen[1]), Text(vi=wanted[0], en=wanted[1])


def _collection_faults(document: dict[str, Any]) -> Iterator[_Where]:
    yield from _member_faults(document, _FOREIGN["FeatureCollection"])


def _member_faults(member: dict[str, Any], foreign: tuple[str, ...]) -> Iterator[_Where]:
    """Yield what is wrong with members that any object may have."""
    for name in foreign:
        if name in member:
            kind = member.get("type")
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
    if feature.get("type") != "Feature":
        yield from _geometry_faults(feature)
        return
    yield from _member_faults(feature, _FOREIGN["Feature"])
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
        )
    named = feature.get("id", 0)
    if isinstance(named, bool) or not isinstance(named, str | int | float):
        kind = "null" if named is None else type(named).__name__
        yield _standard("id", (f"id kiểu {kind}", f"an id of type {kind}"), ("chuỗi hoặc số", "a string or a number"))
    if isinstance(geometry, dict):
        yield from _geometry_faults(geometry)


def _geometry_faults(geometry: dict[str, Any]) -> Iterator[_Where]:
    yield from _member_faults(geometry, _FOREIGN_TO_GEOMETRY)
    kind = geometry.get("type")
    if kind == "GeometryCollection":
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
        for part in parts:
            yield from _geometry_faults(part)
        return
    if _most_numbers(geometry) > _MOST_NUMBERS:
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


def _most_numbers(geometry: dict[str, Any]) -> int:
    """Return how many numbers the positions of a geometry have at most."""
    kind, coordinates = geometry.get("type"), geometry.get("coordinates")
    if kind != "Point" and kind not in _DEPTHS:
        raise _MalformedError(
            Text(vi=f"type {kind!r}", en=f"the type {kind!r}"),
            Text(vi="Feature, hoặc một kiểu hình học của GeoJSON", en="Feature, or a geometry type of GeoJSON"),
        )
    if coordinates is None:
        raise _MalformedError(
            Text(vi=f"{kind} không có coordinates", en=f"a {kind} without coordinates"),
            Text(vi="coordinates", en="coordinates"),
        )
    wanted = Text(vi="toạ độ lồng nhau như RFC 7946 quy định", en="coordinates nested as RFC 7946 has them")
    if not isinstance(coordinates, list):
        raise _MalformedError(Text(vi=f"{kind}: coordinates không phải danh sách", en=f"{kind}: no list"), wanted)
    lists = [[coordinates]] if kind == "Point" and coordinates else [coordinates]
    try:
        for _ in range(_DEPTHS.get(str(kind), 0)):
            lists = [inner for outer in lists for inner in outer]
        lengths = [length for positions in lists for length in set(map(len, positions))]
        deeper = any(
            isinstance(positions[0][0], list | str | dict) for positions in lists if positions and positions[0]
        )
    except (TypeError, KeyError) as error:
        seen = Text(vi=f"{kind}: toạ độ lồng chưa đủ sâu", en=f"{kind}: coordinates that are not nested deeply enough")
        raise _MalformedError(seen, wanted) from error
    if deeper:
        seen = Text(vi=f"{kind}: vị trí không phải là số", en=f"{kind}: a position that does not consist of numbers")
        raise _MalformedError(seen, wanted)
    if lengths and min(lengths) < _FEWEST_NUMBERS and not (kind == "Point" and not coordinates):
        few = min(lengths)
        seen = Text(vi=f"{kind}: vị trí chỉ có {few} số", en=f"{kind}: a position of only {few} numbers")
        raise _MalformedError(seen, Text(vi="hai số trở lên", en="two numbers or more"))
    return max(lengths, default=0)


def _geometries(feature: dict[str, Any]) -> Iterator[dict[str, Any]]:
    geometry = feature.get("geometry") if feature.get("type") == "Feature" else feature
    if isinstance(geometry, dict):
        yield geometry
        for part in geometry.get("geometries") or ():
            yield from _geometries(part)


def _rings(geometry: dict[str, Any]) -> Iterator[list[Any]]:
    if geometry.get("type") in {"Polygon", "MultiPolygon"}:
        coordinates = geometry["coordinates"]
        for rings in [coordinates] if geometry["type"] == "Polygon" else coordinates:
            yield from rings


def _close_rings(geometry: dict[str, Any]) -> int:
    """Close the open rings of a geometry, and return how many there were."""
    unclosed = [ring for ring in _rings(geometry) if ring and ring[0] != ring[-1]]
    for ring in unclosed:
        if len(ring) < _RING_POSITIONS - 1:
            raise _MalformedError(
                Text(vi=f"vòng biên chỉ có {len(ring)} vị trí", en=f"a ring of only {len(ring)} positions"),
                Text(vi="bốn vị trí trở lên", en="four positions or more"),
            )
        ring.append(ring[0])
    return len(unclosed)


def _unclosed(row: int, count: int) -> Fault:
    seen = Text(vi=f"{count} vòng chưa khép", en=f"open rings: {count}")
    done = Text(vi="khép vòng về đỉnh đầu", en="the ring was closed to its first vertex")
    return Fault("file-unclosed-ring", row, "geometry", seen, _CLOSED, done)


def _fault(where: _Where, rows: list[int], *, single: bool) -> Fault:
    """Tell a fault once, however many features have it."""
    rule, field, seen, wanted = where
    if len(rows) > 1:
        seen = Text(vi=f"{seen.vi} ({len(rows)} đối tượng)", en=f"{seen.en} ({len(rows)} features)")
    return Fault(rule, None if single or not rows else rows[0], field, seen, wanted)


def _double_ids(features: list[Any]) -> Iterator[Fault]:
    ids = [feature.get("id") if isinstance(feature, dict) else None for feature in features]
    # As texts: GeoPackage and the like cannot tell 1 from "1" either.
    names = [None if name is None or isinstance(name, dict | list) else str(name) for name in ids]
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


def check_read(source: Source, layer: str, shapes: npt.NDArray[np.object_]) -> tuple[Fault, ...]:
    """Return what is wrong with a layer that shows only beside its geometries.

    Parameters
    ----------
    source : Source
        The file.
    layer : str
        The layer.
    shapes : ndarray of geometry, shape (n,)
        All of the layer's, in the file's coordinates.

    Returns
    -------
    tuple of Fault
        Stated bounds that are not those of the coordinates; rings of GeoJSON that wind the wrong way.
    """
    found: list[Fault] = []
    if not len(shapes):
        return ()
    stated = source.extents.get(layer, source.extents.get(""))
    if stated is not None and (seen := _wrong_bounds(stated, shapes)) is not None:
        found.append(seen)
    if source.driver in ("GeoJSON", "GeoJSONSeq") and (count := _wrongly_wound(shapes)):
        wound = Text(vi=f"{count} vòng biên", en=f"rings: {count}")
        wanted = Text(
            vi="biên ngoài ngược chiều kim đồng hồ, lỗ cùng chiều", en="outlines counterclockwise, holes clockwise"
        )
        found.append(Fault("file-winding", None, "geometry", wound, wanted))
    return tuple(found)


def _wrong_bounds(stated: tuple[float, ...], shapes: npt.NDArray[np.object_]) -> Fault | None:
    real = shapely.total_bounds(shapes)
    if not np.isfinite(real).all() or not np.isfinite(stated).all():
        return None
    longer = max(real[2] - real[0], real[3] - real[1])
    allowed = max(_BOUNDS_SHARE * longer, _BOUNDS_DIGITS * float(np.abs(real).max()))
    off = np.abs(np.asarray(stated) - real)
    if stated[0] > stated[2]:  # across the antimeridian: longitudes have no bounds to compare
        off[[0, 2]] = 0
    if off.max() <= allowed:
        return None
    said, right = (", ".join(f"{number:.10g}" for number in bounds) for bounds in (stated, real))
    return Fault("file-bbox", None, "bbox", Text(vi=said, en=said), Text(vi=right, en=right))


def _wrongly_wound(shapes: npt.NDArray[np.object_]) -> int:
    """Count outlines that wind clockwise and holes that wind counterclockwise."""
    parts = shapely.get_parts(shapes)
    parts = parts[(shapely.get_type_id(parts) == shapely.GeometryType.POLYGON) & (shapely.area(parts) > 0)]
    rings, owners = shapely.get_rings(parts, return_index=True)
    outer = np.diff(owners, prepend=-1) != 0
    return int((shapely.is_ccw(rings) != outer).sum())


def check_curves(layer: SourceLayer, driver: str) -> tuple[Fault, ...]:
    """Return whether a layer has curves, which were read as straight segments.

    Parameters
    ----------
    layer : SourceLayer
        The layer.
    driver : str
        What read it.

    Returns
    -------
    tuple of Fault
        One, or none.
    """
    kind = (layer.geometry or "").removesuffix(" Z").removesuffix(" M").removeprefix("2.5D ")
    if kind not in _CURVED or driver == _NAMES_ALL_CURVES:
        return ()
    wanted = Text(vi="đoạn thẳng ngay từ đầu", en="straight segments from the start")
    return (Fault("file-curve", None, "geometry", kind, wanted),)
