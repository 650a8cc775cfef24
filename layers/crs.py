"""Bringing coordinates into the store's CRS, or into metres, by a named operation.

Coordinates move between datums only by an operation that has a name and a stated accuracy; PROJ's ballpark guesses are
never used. Between VN-2000 and WGS 84 that is EPSG:6960, the official parameters (Decision 05/2007/QĐ-BTNMT). The order
is x, y (longitude, latitude) everywhere.
"""

from __future__ import annotations

import dataclasses
import functools
import math
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely
from pyproj import CRS, Transformer
from pyproj.exceptions import CRSError, ProjError
from pyproj.transformer import TransformerGroup

from layers.definitions import STORE_CRS
from layers.errors import CrsError
from layers.types import Text

__all__ = ["Transformation", "metric", "move_points", "moved", "name_of", "parse_crs", "to_store_crs"]

#: Operations that PROJ offers but that are not used: VN-2000 to WGS 84 (1), 0.69 m from the official result in Hanoi.
REJECTED_OPERATIONS: Final = frozenset({"EPSG:5194"})
#: Steps that only turn axes or name the same datum twice; left out of an operation's name.
_TRIVIAL_STEPS: Final = ("axis order change", "Null geographic offset", "OGC:CRS84 to WGS 84")
#: How far data may lie outside the area a CRS is made for before that is held for a wrong CRS: one 3-degree zone.
AREA_MARGIN_DEG: Final = 3.0
#: WKT and PROJ strings are long; messages show their beginning.
_SHOWN_CHARACTERS: Final = 80

_WANTED_CRS: Final = Text(
    vi="hệ toạ độ có trong danh mục EPSG, ví dụ EPSG:5897 (VN-2000 / TM-3 múi 482), EPSG:3405 hoặc EPSG:4326",
    en="a CRS of the EPSG list, such as EPSG:5897 (VN-2000 / TM-3 zone 482), EPSG:3405 or EPSG:4326",
)
_ASK_CRS: Final = Text(
    vi="khai báo hệ toạ độ của tệp: --crs EPSG:5897 (VN-2000 / TM-3 múi 482) hoặc mã EPSG khác",
    en="the CRS of the file stated: --crs EPSG:5897 (VN-2000 / TM-3 zone 482) or another EPSG code",
)
_NO_CRS: Final = Text(vi="không rõ", en="not stated")


@dataclass(frozen=True, slots=True)
class Transformation:
    """What was done to coordinates, for the receipt.

    Parameters
    ----------
    source, target : str
        Names of both CRS, EPSG codes where they have one.
    operation : str
        Steps by name and code, in order; empty if the coordinates were left as they are.
    accuracy_m : float or None
        Stated accuracy in metres; None if the operation states none.
    outside_area : bool
        Whether some coordinates lie outside the area that the source CRS is made for.
    """

    source: str
    target: str
    operation: str
    accuracy_m: float | None
    outside_area: bool = False

    def message(self) -> Text:
        """Return what was done, as a sentence.

        Returns
        -------
        Text
            In both languages.
        """
        if not self.operation:
            return Text(
                vi=f"Toạ độ đã ở hệ {self.target}, giữ nguyên.",
                en=f"Coordinates are in {self.target}; left as they are.",
            )
        known = self.accuracy_m is not None
        vi = f"độ chính xác {self.accuracy_m:g} m" if known else "không rõ độ chính xác"
        en = f"accuracy {self.accuracy_m:g} m" if known else "accuracy not stated"
        return Text(
            vi=f"Chuyển từ {self.source} sang {self.target} bằng phép {self.operation} ({vi}).",
            en=f"Transformed from {self.source} to {self.target} by {self.operation} ({en}).",
        )


def parse_crs(value: object, *, where: str) -> CRS:
    """Read a CRS from a code, WKT or PROJ text.

    Parameters
    ----------
    value : object
        What `pyproj.CRS` takes: ``"EPSG:5897"``, 5897, WKT, a CRS.
    where : str
        What to call it in an error: a file or an option.

    Returns
    -------
    pyproj.CRS
        A horizontal CRS on the earth; the vertical part of a compound CRS is left out.

    Raises
    ------
    CrsError
        If it is unknown, or is local to a drawing, vertical or geocentric.
    """
    try:
        crs = CRS.from_user_input(value)
    except CRSError as error:
        raise CrsError(seen=_shown(str(value)), wanted=_WANTED_CRS, where=where) from error
    flat = crs.to_2d()
    if not (flat.is_geographic or flat.is_projected):
        raise CrsError(seen=f"{_shown(str(value))} ({crs.type_name})", wanted=_WANTED_CRS, where=where)
    return flat


def to_store_crs(
    features: gpd.GeoDataFrame, *, crs: object | None = None, where: str = "features"
) -> tuple[gpd.GeoDataFrame, Transformation]:
    """Reproject features to EPSG:4326, longitude before latitude, by a named operation.

    Parameters
    ----------
    features : GeoDataFrame
        Features in any CRS.
    crs : object, optional
        The CRS as the user states it; it wins over the one that the features carry.
    where : str
        What to call the features in an error: a file as a rule.

    Returns
    -------
    features : GeoDataFrame
        The same rows in EPSG:4326.
    transformation : Transformation
        What was done.

    Raises
    ------
    CrsError
        If no CRS is known, none of PROJ's operations has a name, or the coordinates do not fit the CRS.
    """
    stated = features.crs if crs is None else crs
    if stated is None:
        if not shapely.is_missing(features.geometry.to_numpy()).all():
            raise CrsError(seen=_NO_CRS, wanted=_ASK_CRS, where=where)
        stated = STORE_CRS
    source = parse_crs(stated, where=where)
    _check_fit(features, source, where=where)
    moved, transformation = _transform(features, source, CRS(STORE_CRS), where=where)
    return moved, _check_area(moved, source, transformation, where=where)


def metric(features: gpd.GeoDataFrame, crs: str) -> gpd.GeoDataFrame:
    """Reproject features of the store to a metric CRS, for areas and lengths.

    Parameters
    ----------
    features : GeoDataFrame
        Features in EPSG:4326.
    crs : str
        A projected CRS in metres, a layer's `metric_crs` as a rule.

    Returns
    -------
    GeoDataFrame
        The same rows in `crs`.

    Raises
    ------
    CrsError
        If the features are not in EPSG:4326, or `crs` is not projected in metres.
    """
    if features.crs is None or not CRS(STORE_CRS).equals(features.crs, ignore_axis_order=True):
        seen = _NO_CRS if features.crs is None else name_of(CRS(features.crs))
        raise CrsError(seen=seen, wanted=STORE_CRS, where="metric")
    target = parse_crs(crs, where="metric")
    if not target.is_projected or {axis.unit_name for axis in target.axis_info} != {"metre"}:
        wanted = Text(vi="hệ toạ độ phẳng tính bằng mét", en="a projected CRS in metres")
        raise CrsError(seen=name_of(target), wanted=wanted, where="metric")
    moved, _ = _transform(features, CRS(STORE_CRS), target, where="metric")
    return moved


def moved(
    geometry: npt.NDArray[np.object_], *, source: str, target: str, where: str = "features"
) -> npt.NDArray[np.object_]:
    """Move geometries from one CRS to another by a named operation, x before y on both sides.

    Parameters
    ----------
    geometry : ndarray of shapely geometry or None
        Coordinates of `source`.
    source, target : str
        Codes of the CRS.
    where : str
        What to call the geometries in an error.

    Returns
    -------
    ndarray of shapely geometry or None
        Coordinates of `target`.

    Raises
    ------
    CrsError
        If none of PROJ's operations has a name, or a point has no place in `target`.
    """
    shapes = gpd.GeoDataFrame(geometry=gpd.GeoSeries(geometry))
    features, _ = _transform(shapes, parse_crs(source, where=where), parse_crs(target, where=where), where=where)
    return np.asarray(features.geometry.array, dtype=object)


def move_points(points: npt.NDArray[np.float64], *, source: str = STORE_CRS, target: str) -> npt.NDArray[np.float64]:
    """Move places from one CRS to another by a named operation, many at once.

    Parameters
    ----------
    points : ndarray of float, shape (points, 2)
        Pairs of x and y, longitude before latitude.
    source, target : str
        Both CRS.

    Returns
    -------
    ndarray of float, shape (points, 2)
        In the target; infinite where it cannot hold a place.

    Raises
    ------
    CrsError
        If a CRS is unknown or no operation between them has a name.
    """
    here, there = parse_crs(source, where="move_points"), parse_crs(target, where="move_points")
    if here.equals(there, ignore_axis_order=True):
        return points.copy()
    named = _named_operation(here.to_wkt(), there.to_wkt())
    if named is None:
        raise CrsError(seen=f"{name_of(here)} → {name_of(there)}", wanted=_WANTED_CRS, where="move_points")
    return np.column_stack(named[0].transform(points[:, 0], points[:, 1]))


def name_of(crs: CRS) -> str:
    """Return the name of a CRS for people, with its EPSG code where it has one.

    Parameters
    ----------
    crs : pyproj.CRS
        The CRS.

    Returns
    -------
    str
        Such as ``EPSG:5897 (VN-2000 / TM-3 zone 482)``.
    """
    # Only a full match: a lower confidence calls a CRS on an unknown datum by the code of one on a known datum.
    code = crs.to_authority(min_confidence=100)
    return f"{':'.join(code)} ({crs.name})" if code else crs.name


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"


def _rounded(bounds: npt.ArrayLike) -> str:
    return ", ".join(f"{value:.6g}" for value in np.asarray(bounds, dtype=float).tolist())


def _check_fit(features: gpd.GeoDataFrame, source: CRS, *, where: str) -> None:
    """Refuse degrees that are none: projected or drawing coordinates that a file calls longitude and latitude."""
    if not source.is_geographic:
        return
    minx, miny, maxx, maxy = features.total_bounds  # all NaN where there is nothing to look at
    if minx < -180 or maxx > 180 or miny < -90 or maxy > 90:
        seen = Text(
            vi=f"{name_of(source)} nhưng toạ độ là {_rounded(features.total_bounds)}",
            en=f"{name_of(source)} but the coordinates are {_rounded(features.total_bounds)}",
        )
        raise CrsError(seen=seen, wanted=_ASK_CRS, where=where)


def _check_area(
    features: gpd.GeoDataFrame, source: CRS, transformation: Transformation, *, where: str
) -> Transformation:
    """Refuse data far from the area that its CRS is made for, and note data that only reaches beyond it."""
    area = source.area_of_use
    if area is None or area.west > area.east or source.is_geographic:
        return transformation
    minx, miny, maxx, maxy = features.total_bounds
    if math.isnan(minx):
        return transformation
    apart = max(area.west - maxx, minx - area.east, area.south - maxy, miny - area.north)
    if apart > AREA_MARGIN_DEG:
        place, bounds = _rounded(features.total_bounds), _rounded(area.bounds)
        seen = Text(
            vi=f"{name_of(source)} nhưng dữ liệu rơi vào {place}", en=f"{name_of(source)} but the data falls in {place}"
        )
        wanted = Text(
            vi=f"dữ liệu trong vùng áp dụng {bounds}; kiểm tra mã hệ toạ độ và thứ tự X, Y",
            en=f"data within its area of use {bounds}; check the CRS code and the order of X and Y",
        )
        raise CrsError(seen=seen, wanted=wanted, where=where)
    outside = minx < area.west or maxx > area.east or miny < area.south or maxy > area.north
    return dataclasses.replace(transformation, outside_area=bool(outside))


def _transform(
    features: gpd.GeoDataFrame, source: CRS, target: CRS, *, where: str
) -> tuple[gpd.GeoDataFrame, Transformation]:
    if source.equals(target, ignore_axis_order=True):
        same = Transformation(name_of(source), name_of(target), operation="", accuracy_m=0.0)
        return features.set_crs(target, allow_override=True), same
    named = _named_operation(source.to_wkt(), target.to_wkt())
    if named is None:
        raise CrsError(seen=f"{name_of(source)} → {name_of(target)}", wanted=_WANTED_CRS, where=where)
    transformer, operation, accuracy_m = named
    try:
        shapes = shapely.transform(
            np.asarray(features.geometry.array),
            _mover(transformer),
            include_z=None,  # type: ignore[call-overload] # keeps 2D and 3D as they are; not in the published types yet
        )
    except ProjError as error:
        seen = f"{name_of(source)}, {_rounded(features.total_bounds)}"
        raise CrsError(seen=seen, wanted=_WANTED_CRS, where=where) from error
    moved = features.set_geometry(gpd.GeoSeries(shapes, index=features.index, crs=target))
    return moved, Transformation(name_of(source), name_of(target), operation, accuracy_m)


def _mover(transformer: Transformer) -> Any:
    def move(points: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        moved = points.copy()
        # NaN and infinity are no place on earth: validation names their rows.
        there = np.isfinite(points[:, :2]).all(axis=1)
        moved[there, 0], moved[there, 1] = transformer.transform(points[there, 0], points[there, 1], errcheck=True)
        return moved

    return move


@functools.lru_cache(maxsize=64)
def _named_operation(source: str, target: str) -> tuple[Transformer, str, float | None] | None:
    """Return the best operation that is named, its name and its accuracy; None if there is none."""
    group = TransformerGroup(source, target, always_xy=True, allow_ballpark=False)
    for transformer in group.transformers:
        steps = [_step(step) for step in transformer.operations or (transformer,)]
        if not any(code in REJECTED_OPERATIONS for _, code in steps):
            names = [
                f"{name} [{code}]" if code else name for name, code in steps if not name.startswith(_TRIVIAL_STEPS)
            ]
            accuracy = transformer.accuracy
            return transformer, " + ".join(names), accuracy if accuracy >= 0 else None
    return None


def _step(operation: Any) -> tuple[str, str]:
    """Return the name of a step and its code, which is that of the forward operation for an inverse."""
    document = operation.to_json_dict()
    if "id" not in document:
        return str(document["name"]), ""
    authority = str(document["id"]["authority"]).removeprefix("INVERSE(").removesuffix(")")
    return str(document["name"]), f"{authority}:{document['id']['code']}"
