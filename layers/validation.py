"""Finding the features that break their layer's definition, and where exactly they do.

Every rule is one vectorised pass over a column or over the geometries; rows are visited only to tell what is wrong with
them. A frame may be in the typed form of the store or hold raw columns of a file: values that can be read as the
field's type without loss are right in both.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from layers.coercion import WANTED, coerce
from layers.definitions import ID_FIELD, Field, LayerDefinition
from layers.types import Language, Text

__all__ = ["RULES", "Issue", "Severity", "check", "errors_of"]

Severity = Literal["error", "warning"]
_Mask = npt.NDArray[np.bool_]

#: Longest part of a value that a message shows.
SHOWN_CHARACTERS: Final = 80

#: Every rule that `check` knows, with what it finds.
RULES: Final[dict[str, Text]] = {
    "id-missing": Text(vi="thiếu mã đối tượng", en="the feature has no id"),
    "id-type": Text(vi="mã đối tượng không phải là văn bản", en="the id is not text"),
    "id-duplicate": Text(vi="mã đối tượng bị trùng", en="the id is there more than once"),
    "field-unknown": Text(vi="lớp không có trường này", en="the layer has no such field"),
    "field-required": Text(vi="thiếu giá trị bắt buộc", en="a required value is missing"),
    "field-type": Text(vi="giá trị sai kiểu", en="the value has the wrong type"),
    "field-code": Text(vi="giá trị không có trong danh mục", en="the value is not in the code list"),
    "field-minimum": Text(vi="giá trị quá nhỏ", en="the value is too small"),
    "field-maximum": Text(vi="giá trị quá lớn", en="the value is too large"),
    "time-order": Text(vi="kết thúc trước khi bắt đầu", en="it ends before it begins"),
    "geometry-unwanted": Text(vi="lớp chỉ có thuộc tính", en="the layer holds attributes only"),
    "geometry-type": Text(vi="kiểu hình học không được phép", en="the geometry type is not allowed"),
    "geometry-dimension": Text(vi="hình học có cao độ", en="the geometry has heights"),
    "geometry-empty": Text(vi="hình học rỗng", en="the geometry is empty"),
    "geometry-number": Text(vi="toạ độ không phải là số hữu hạn", en="a coordinate is not a finite number"),
    "geometry-range": Text(vi="toạ độ ngoài phạm vi kinh vĩ độ", en="a coordinate is outside longitude and latitude"),
    "geometry-invalid": Text(vi="hình học không hợp lệ", en="the geometry is not valid"),
}

#: What GEOS says of an invalid geometry, in Vietnamese.
_REASONS: Final[dict[str, str]] = {
    "Self-intersection": "tự cắt",
    "Ring Self-intersection": "vòng biên tự chạm",
    "Hole lies outside shell": "lỗ nằm ngoài biên",
    "Holes are nested": "lỗ lồng nhau",
    "Nested shells": "các phần lồng nhau",
    "Interior is disconnected": "phần trong bị chia cắt",
    "Duplicate Rings": "vòng biên trùng nhau",
    "Too few points in geometry component": "quá ít điểm",
    "Repeated point": "điểm lặp",
}

_GEOMETRY_NAMES: Final = np.array(
    [
        "Point", "LineString", "LinearRing", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon",
        "GeometryCollection",
    ]
)  # fmt: skip
_AREAL_DIMENSION: Final = 2
_NOTHING: Final = Text(vi="để trống", en="nothing")
#: Degrees of longitude and latitude.
_LIMITS: Final = np.array([180.0, 90.0])


@dataclass(frozen=True, slots=True)
class Issue:
    """One thing that is wrong with one feature, or with a whole column.

    Parameters
    ----------
    rule : str
        A key of `RULES`.
    layer : str
        The layer's id.
    row : int or None
        Position of the feature in the frame, from 0 (a message counts from 1); None for the whole frame.
    feature_id : str or None
        The feature's id, as far as it has one.
    field : str or None
        The field; None where the rule is about the feature.
    seen : object
        The value met; a `Text` is said in the reader's language.
    wanted : Text or str
        What would have been right.
    severity : {"error", "warning"}
        An error keeps features out of the store.
    """

    rule: str
    layer: str
    row: int | None
    feature_id: str | None
    field: str | None
    seen: object
    wanted: Text | str
    severity: Severity = "error"

    def message(self, language: Language = "en") -> str:
        """Return the issue as one sentence.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        str
            Place, what is wrong, what was seen and what was wanted.
        """
        row, feature, field = ("dòng", "đối tượng", "trường") if language == "vi" else ("row", "feature", "field")
        place = [self.layer]
        if self.row is not None:
            place.append(f"{row} {self.row + 1}")
        if self.feature_id is not None:
            place.append(f"{feature} {_shown(self.feature_id)}")
        if self.field is not None:
            place.append(f"{field} {self.field}")
        seen = self.seen.say(language) if isinstance(self.seen, Text) else _shown(self.seen)
        wanted = self.wanted.say(language) if isinstance(self.wanted, Text) else self.wanted
        verbs = ("gặp", "cần") if language == "vi" else ("saw", "wanted")
        return f"{', '.join(place)}: {RULES[self.rule].say(language)}; {verbs[0]} {seen}, {verbs[1]} {wanted}."


def check(definition: LayerDefinition, features: gpd.GeoDataFrame) -> tuple[Issue, ...]:
    """Find everything in which features break their layer's definition.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    features : GeoDataFrame
        Index: feature ids; columns: fields of the layer, typed or as a file gave them; geometry in longitude and
        latitude (EPSG:4326), None where unknown. A missing column is a column of missing values.

    Returns
    -------
    tuple of Issue
        Whole columns first, then in row order; empty if all is well.
    """
    found = [
        *_check_ids(definition, features.index),
        *_check_columns(definition, features),
        *_check_geometries(definition, features),
    ]
    return tuple(sorted(found, key=lambda issue: -1 if issue.row is None else issue.row))


def errors_of(issues: tuple[Issue, ...]) -> tuple[Issue, ...]:
    """Return the issues that keep features out of the store.

    Parameters
    ----------
    issues : tuple of Issue
        What `check` found.

    Returns
    -------
    tuple of Issue
        Those of severity error, in the same order.
    """
    return tuple(issue for issue in issues if issue.severity == "error")


def _shown(value: object) -> str:
    """Write a value into a message; long ones are cut."""
    text = repr(value.item() if isinstance(value, np.generic) else value)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}…"


class _Rows:
    """Makes one issue per marked row of a frame."""

    def __init__(self, definition: LayerDefinition, index: pd.Index) -> None:
        self._layer = definition.id
        self._ids = index

    def issues(
        self,
        marked: _Mask,
        rule: str,
        *,
        seen: Callable[[int], object],
        wanted: Text | str,
        field: str | None = None,
        severity: Severity = "error",
    ) -> Iterator[Issue]:
        # The one loop over rows: an issue is a text for a person, and only marked rows have one.
        for row in np.flatnonzero(marked).tolist():
            name = self._ids[row]
            name = name if isinstance(name, str) else None
            yield Issue(rule, self._layer, row, name, field, seen(row), wanted, severity)


def _check_ids(definition: LayerDefinition, ids: pd.Index) -> Iterator[Issue]:
    rows = _Rows(definition, ids)
    missing = np.asarray(ids.isna())
    text = _is_text(ids)
    blank = np.zeros(len(ids), dtype=bool)
    blank[text] = np.asarray(pd.Series(ids[text], dtype="str").str.strip() == "", dtype=bool)
    wanted = Text(vi="mã bằng văn bản, duy nhất trong lớp", en="a text id, unique in the layer")

    def seen(row: int) -> object:
        return _NOTHING if missing[row] else ids[row]

    yield from rows.issues(missing | blank, "id-missing", seen=seen, wanted=wanted, field=ID_FIELD)
    yield from rows.issues(~text & ~missing, "id-type", seen=seen, wanted=wanted, field=ID_FIELD)
    repeated = np.asarray(ids.duplicated()) & ~missing
    yield from rows.issues(repeated, "id-duplicate", seen=seen, wanted=wanted, field=ID_FIELD)


def _is_text(ids: pd.Index) -> _Mask:
    """Mark the ids that are text."""
    if isinstance(ids.dtype, pd.StringDtype):
        return ~np.asarray(ids.isna())
    if ids.dtype != object:
        return np.zeros(len(ids), dtype=bool)
    return np.fromiter((isinstance(value, str) for value in ids), dtype=bool, count=len(ids))


def _check_columns(definition: LayerDefinition, features: gpd.GeoDataFrame) -> Iterator[Issue]:
    rows = _Rows(definition, features.index)
    known = {field.name: field for field in definition.all_fields}
    geometry = features.active_geometry_name
    for name in features.columns:
        if name not in known and name != geometry:
            yield Issue("field-unknown", definition.id, None, None, str(name), str(name), ", ".join(known))
    read: dict[str, pd.Series] = {}
    # A plain frame hands out columns several times faster than a GeoDataFrame, which looks for geometry in each.
    table = pd.DataFrame(features)
    for field in definition.all_fields:
        if field.name in table.columns:
            yield from _check_column(rows, field, table[field.name], read)
        elif field.required and len(features):
            wanted = Text(vi="cột này với giá trị ở mọi dòng", en="this column with a value in every row")
            absent = Text(vi="không có cột", en="no such column")
            yield Issue("field-required", definition.id, None, None, field.name, absent, wanted)
    if {"valid_from", "valid_to"} <= read.keys():
        start, end = read["valid_from"], read["valid_to"]
        yield from rows.issues(
            np.asarray(end < start),
            "time-order",
            seen=lambda row: f"{start.iloc[row]:%Y-%m-%d}..{end.iloc[row]:%Y-%m-%d}",
            wanted=Text(vi="valid_to không trước valid_from", en="valid_to not before valid_from"),
            field="valid_to",
        )


def _check_column(rows: _Rows, field: Field, column: pd.Series, read: dict[str, pd.Series]) -> Iterator[Issue]:
    """Yield what is wrong with one column, and put its values, read as the field's type, into `read` if it has any."""
    bare = np.asarray(column.isna())
    # Most columns of most features are empty, and that takes no reading.
    if bare.all() and not field.required:
        return
    values, refused = coerce(field, column)
    read[field.name] = values

    def seen(row: int) -> object:
        return _NOTHING if bare[row] else column.iloc[row]

    yield from rows.issues(refused, "field-type", seen=seen, wanted=WANTED[field.type], field=field.name)
    if field.required:
        wanted = Text(vi="một giá trị", en="a value")
        missing = np.asarray(values.isna()) & ~refused
        if field.type == "text":
            missing |= np.asarray(values.str.strip() == "", dtype=bool)
        yield from rows.issues(missing, "field-required", seen=seen, wanted=wanted, field=field.name)
    if field.codes:
        codes = [code.value for code in field.codes]
        outside = ~np.asarray(values.isin(codes)) & ~np.asarray(values.isna())
        yield from rows.issues(outside, "field-code", seen=seen, wanted=", ".join(codes), field=field.name)
    if field.minimum is None and field.maximum is None:
        return
    numbers = values.to_numpy(dtype="float64", na_value=np.nan)
    if field.minimum is not None:
        wanted = Text(vi=f"ít nhất {field.minimum:g}", en=f"at least {field.minimum:g}")
        yield from rows.issues(numbers < field.minimum, "field-minimum", seen=seen, wanted=wanted, field=field.name)
    if field.maximum is not None:
        wanted = Text(vi=f"nhiều nhất {field.maximum:g}", en=f"at most {field.maximum:g}")
        yield from rows.issues(numbers > field.maximum, "field-maximum", seen=seen, wanted=wanted, field=field.name)


def _check_geometries(definition: LayerDefinition, features: gpd.GeoDataFrame) -> Iterator[Issue]:
    if features.active_geometry_name is None:
        return
    rows = _Rows(definition, features.index)
    shapes = np.asarray(features.geometry.array)
    types = shapely.get_type_id(shapes)
    there = types >= 0
    if not definition.geometry:
        wanted = Text(vi="không có hình học", en="no geometry")
        yield from rows.issues(there, "geometry-unwanted", seen=lambda row: _GEOMETRY_NAMES[types[row]], wanted=wanted)
        return
    allowed = there & np.isin(_GEOMETRY_NAMES[np.maximum(types, 0)], definition.geometry)
    yield from rows.issues(
        there & ~allowed,
        "geometry-type",
        seen=lambda row: _GEOMETRY_NAMES[types[row]],
        wanted=", ".join(definition.geometry),
    )
    flat = Text(vi="toạ độ hai chiều (shapely.force_2d)", en="two-dimensional coordinates (shapely.force_2d)")
    yield from rows.issues(shapely.has_z(shapes), "geometry-dimension", seen=lambda row: shapes[row].wkt, wanted=flat)
    empty = shapely.is_empty(shapes)
    yield from rows.issues(
        empty,
        "geometry-empty",
        seen=lambda row: shapes[row].wkt,
        wanted=Text(vi="toạ độ, hoặc để trống (null) nếu chưa rõ", en="coordinates, or null where unknown"),
    )
    coordinates = _Coordinates(shapes)
    infinite = coordinates.rows_with(~np.isfinite(coordinates.values))
    outside = coordinates.rows_with(np.abs(coordinates.values) > _LIMITS) & ~infinite

    def bounds(row: int) -> object:
        return tuple(shapely.bounds(shapes[row]).tolist())

    number = Text(vi="số hữu hạn cho mọi toạ độ", en="a finite number for every coordinate")
    yield from rows.issues(infinite, "geometry-number", seen=lambda row: shapes[row].wkt, wanted=number)
    degrees = Text(vi="kinh độ -180..180 rồi vĩ độ -90..90", en="longitude -180..180, then latitude -90..90")
    yield from rows.issues(outside, "geometry-range", seen=bounds, wanted=degrees)
    yield from _check_validity(rows, shapes, there & ~infinite)


def _check_validity(rows: _Rows, shapes: npt.NDArray[np.object_], there: _Mask) -> Iterator[Issue]:
    """Yield the geometries that break the rules of simple features: areas are errors, lines and points warnings."""
    invalid = there.copy()
    invalid[there] = ~shapely.is_valid(shapes[there])
    areal = shapely.get_dimensions(shapes) == _AREAL_DIMENSION
    wanted = Text(vi="hình học hợp lệ theo OGC", en="a geometry that is valid by OGC simple features")
    severities: tuple[tuple[_Mask, Severity], ...] = ((areal, "error"), (~areal, "warning"))
    for marked, severity in severities:
        yield from rows.issues(
            invalid & marked,
            "geometry-invalid",
            seen=lambda row: _reason(shapes[row]),
            wanted=wanted,
            severity=severity,
        )


def _reason(shape: shapely.Geometry) -> Text:
    """Say why a geometry is not valid, and where."""
    reason, bracket, place = shapely.is_valid_reason(shape).partition("[")
    where = f" ({place.rstrip(']')})" if bracket else ""
    return Text(vi=_REASONS.get(reason, reason) + where, en=reason + where)


class _Coordinates:
    """All coordinates of a column of geometries, and the row of each."""

    def __init__(self, shapes: npt.NDArray[np.object_]) -> None:
        self.values, self._rows = shapely.get_coordinates(shapes, return_index=True)
        self._count = len(shapes)

    def rows_with(self, marked: _Mask) -> _Mask:
        """Mark the rows that have a marked coordinate, in x or in y."""
        rows = np.zeros(self._count, dtype=bool)
        rows[self._rows[marked[:, 0] | marked[:, 1]]] = True
        return rows
