"""Bringing coordinates to WGS 84 by a reading that was chosen, and telling what was done.

Where the reading is that of an EPSG code, the named operation of `layers.crs` does it, once order and unit are put
right. Where it undoes a mistake there is no named operation: the steps are written out in the record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry.base import BaseGeometry

from layers.crs import Transformation, to_store_crs
from layers.errors import CrsError
from layers.georeference.declared import read_declared
from layers.georeference.frames import frame
from layers.georeference.readings import (
    Correction,
    FloatArray,
    Reading,
    corrections,
    point_array,
    read_points,
    reading_of,
)
from layers.georeference.results import Hypothesis
from layers.georeference.sampling import as_array
from layers.georeference.wording import correction_text, title
from layers.types import Text

__all__ = ["Georeferenced", "reading_named", "transform"]

_WGS84: Final = "EPSG:4326 (WGS 84)"
_WANTED: Final = Text(
    vi="một cách đọc có hệ toạ độ; toạ độ điểm ảnh và toạ độ cục bộ cần ít nhất ba điểm khống chế",
    en="a reading with a CRS; pixel and local coordinates need at least three control points",
)
_WANTED_KEY: Final = Text(
    vi="mã EPSG, có thể kèm các hiệu chỉnh, ví dụ EPSG:5897 hoặc EPSG:5897+exchange_axes",
    en="an EPSG code, with corrections if need be, such as EPSG:5897 or EPSG:5897+exchange_axes",
)
#: What undoes the mistake, after the inverse of the projection.
_UNDONE: Final[dict[Correction, str]] = {
    "no_shift": "no datum shift",
    "turned_rotations": "VN-2000 to WGS 84 (2) [EPSG:6960] with the signs of the rotations turned",
    "superseded_shift": "VN-2000 to WGS 84 (1) [EPSG:5194]",
}
_OPERATIONS: Final = {
    "EPSG:6960": "VN-2000 to WGS 84 (2) [EPSG:6960]",
    "EPSG:1544": "Hanoi 1972 to WGS 84 (1) [EPSG:1544]",
}
#: Accuracies that the EPSG list states, metres.
_ACCURACY_M: Final = {"EPSG:6960": 1.0, "EPSG:1544": 5.0}


@dataclass(frozen=True, slots=True)
class Georeferenced:
    """What was done to coordinates, for the receipt.

    Parameters
    ----------
    key : str
        The reading, as `reading_named` takes it.
    corrections : tuple of Correction
        What was put right.
    transformation : Transformation
        From which CRS, by which operation, how exact.
    """

    key: str
    corrections: tuple[Correction, ...]
    transformation: Transformation

    def message(self) -> Text:
        """Return what was done, as sentences.

        Returns
        -------
        Text
            In both languages.
        """
        done = self.transformation.message()
        if not self.corrections:
            return done
        degrees = self.key.startswith(("EPSG:4326", "EPSG:4756", "EPSG:4147"))
        clauses = [correction_text(one, degrees=degrees) for one in self.corrections]
        vi, en = "; ".join(one.vi for one in clauses), "; ".join(one.en for one in clauses)
        return Text(vi=f"Đã hiệu chỉnh: {vi}. {done.vi}", en=f"Put right: {en}. {done.en}")


def reading_named(key: str, *, where: str) -> Reading:
    """Return the reading that a person chose.

    Parameters
    ----------
    key : str
        EPSG code and corrections, as `Hypothesis.key` writes them: ``EPSG:5897+exchange_axes``.
    where : str
        What to call it in an error: an option.

    Returns
    -------
    Reading
        For `transform`.

    Raises
    ------
    CrsError
        If the code is unknown, or the corrections do not go with it.
    """
    code = key.split("+", maxsplit=1)[0]
    source = frame(code) or read_declared(code, where=where).frame
    found = reading_of(key, source)
    if found is None:
        raise CrsError(seen=key, wanted=_WANTED_KEY, where=where)
    return found


def transform(
    data: npt.NDArray[Any] | Sequence[BaseGeometry | None], choice: Hypothesis | Reading, *, where: str = "data"
) -> tuple[npt.NDArray[Any], Georeferenced]:
    """Bring coordinates to WGS 84.

    Parameters
    ----------
    data : ndarray of float, shape (n, 2), or array of geometry
        As they stand in the file; heights are kept as they are.
    choice : Hypothesis or Reading
        How to read them.
    where : str, default "data"
        What to call the data in an error.

    Returns
    -------
    moved : ndarray
        The same rows on EPSG:4326, longitude before latitude; of float or of geometry as given.
    record : Georeferenced
        What was done.

    Raises
    ------
    CrsError
        If the choice has no CRS, or the data lie far from the area that it is made for.
    ValueOutOfRangeError
        If `data` has another shape.
    """
    reading = choice.reading if isinstance(choice, Hypothesis) else choice
    if reading is None:
        raise CrsError(seen=choice.title if isinstance(choice, Hypothesis) else "", wanted=_WANTED, where=where)
    array = as_array(data, where=where)
    shapes = array if array.dtype == object else _as_points(array)
    if reading.plain:
        moved, transformation = _by_named_operation(shapes, reading, where=where)
    else:
        moved, transformation = _by_written_steps(shapes, reading)
    record = Georeferenced(reading.key, corrections(reading), transformation)
    return (moved if array.dtype == object else _as_coordinates(moved, len(array))), record


def _by_named_operation(
    shapes: npt.NDArray[np.object_], reading: Reading, *, where: str
) -> tuple[npt.NDArray[np.object_], Transformation]:
    mended = _each_point(shapes, lambda points: _in_order(points, reading)) if corrections(reading) else shapes
    features = gpd.GeoDataFrame(geometry=gpd.GeoSeries(mended))
    moved, transformation = to_store_crs(features, crs=reading.frame.definition or reading.frame.code, where=where)
    return np.asarray(moved.geometry.array), transformation


def _by_written_steps(
    shapes: npt.NDArray[np.object_], reading: Reading
) -> tuple[npt.NDArray[np.object_], Transformation]:
    undone = [_UNDONE[one] for one in corrections(reading) if one in _UNDONE]
    steps = [] if reading.frame.family == "degrees" else [f"Inverse of {reading.frame.name}"]
    steps += undone or [_OPERATIONS[reading.shift]]
    accuracy_m = None if undone else _ACCURACY_M[reading.shift]
    source = title(Reading(reading.frame, reading.shift)).en
    moved = _each_point(shapes, lambda points: read_points(points, reading))
    return moved, Transformation(source, _WGS84, " + ".join(steps), accuracy_m)


def _in_order(points: FloatArray, reading: Reading) -> FloatArray:
    ordered = points[:, ::-1] if reading.exchanged else points
    return ordered * reading.unit_m


def _each_point(shapes: npt.NDArray[np.object_], move: Any) -> npt.NDArray[np.object_]:
    def horizontally(points: FloatArray) -> FloatArray:
        moved = points.copy()
        moved[:, :2] = move(points[:, :2])
        return moved

    changed: npt.NDArray[np.object_] = shapely.transform(
        shapes,
        horizontally,
        include_z=None,  # type: ignore[call-overload] # keeps 2D and 3D as they are; not in the published types yet
    )
    return changed


def _as_points(points: FloatArray) -> npt.NDArray[np.object_]:
    made: npt.NDArray[np.object_] = np.full(len(points), None, dtype=object)
    there = np.isfinite(points).all(axis=1)
    made[there] = point_array(points[there])
    return made


def _as_coordinates(shapes: npt.NDArray[np.object_], length: int) -> FloatArray:
    places = np.full((length, 2), np.nan)
    there = ~shapely.is_missing(shapes)
    places[there] = shapely.get_coordinates(shapes[there])
    return places
