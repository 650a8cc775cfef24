"""Features that reach out of the layer that should cover them."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping

import geopandas as gpd
import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from layers.coercion import as_texts
from layers.spool import ShapesOrSpool, missing, parts_of_shapes, spooled
from layers.topology.finding import Finding, unchecked
from layers.topology.ground import Ground, plane
from layers.topology.lines import Pairing
from layers.topology.linework import IntArray, Shapes
from layers.topology.others import Outside, outside
from layers.topology.scenes import togetherness
from layers.topology.widths import is_wider
from layers.types import Text
from layers.validation.model import Mask
from layers.validation.rules import Severity

__all__ = ["cover_findings"]


def cover_findings(ground: Ground, against: Mapping[str, gpd.GeoDataFrame]) -> Iterator[Finding]:
    """Find features that reach out of the layer that should cover them.

    Parameters
    ----------
    ground : Ground
        What is checked.
    against : mapping of str to GeoDataFrame
        The other layers at hand, typed, EPSG:4326.

    Yields
    ------
    Finding
        Where the outline of what should cover a feature is not known, that it was not checked.
    """
    layer, severity = ground.rules.covered_by, ground.rules.uncovered
    if layer is None or severity == "allowed":
        return
    covers = against.get(layer)
    shapes, touched = ground.shapes, ground.touched
    if touched is not None:
        shapes = spooled(shapes, lambda start, some: _some_of(some, touched[start : start + len(some)]))
    if missing(shapes).all():
        return
    if covers is None or not len(covers):
        seen = Text(
            vi=f"chưa đối chiếu với lớp {layer}: không có đối tượng nào",
            en=f"no features of the layer {layer} to compare with",
        )
        yield unchecked(seen, Text(vi=f"lớp {layer}", en=f"the layer {layer}"))
        return
    around = plane(covers, ground.crs)[0][:]
    outlined = shapely.get_dimensions(around) == 2
    outlines = covers[outlined]
    times, own = togetherness(outlines, within=None), ground.together

    def meet(row: IntArray, cover: IntArray) -> Mask:
        return np.asarray((own.start[row] <= times.end[cover]) & (times.start[cover] <= own.end[row]))

    found = _outside(shapes, around[outlined], meet)
    areal = shapely.get_dimensions(found.places) == 2
    counts = np.where(areal, is_wider(found.places, ground.rules.tolerance_m), found.amounts > ground.rules.tolerance_m)
    named = _named(ground, layer)
    unknown = 0
    for n in np.flatnonzero(counts).tolist():
        row, amount = int(found.rows[n]), float(found.amounts[n])
        name = named[row]
        sure = bool(outlined.all()) if name is None or name not in covers.index else name in outlines.index
        if sure:
            yield _cover_finding(row, found.places[n], amount, layer, severity)
        else:
            unknown += 1
    if unknown:
        seen = Text(
            vi=f"{unknown} đối tượng: chưa biết ranh giới của đối tượng trong lớp {layer} phải bao chúng",
            en=f"{unknown} features: the outline that should cover them in the layer {layer} is not known",
        )
        yield unchecked(seen)


def _further(together: Pairing, start: int, row: IntArray, cover: IntArray) -> Mask:
    return together(row + start, cover)


def _some_of(shapes: Shapes, mask: Mask) -> Shapes:
    some = shapes.copy()
    some[~mask] = None
    return some


def _outside(shapes: ShapesOrSpool, covers: Shapes, together: Pairing) -> Outside:
    found = []
    for start, some in parts_of_shapes(shapes):
        part = outside(some, covers, together=functools.partial(_further, together, start))
        found.append(part._replace(rows=part.rows + start))
    return Outside(*(np.concatenate(parts) for parts in zip(*found, strict=True)))


def _cover_finding(row: int, place: BaseGeometry, amount: float, layer: str, severity: Severity) -> Finding:
    dimension = shapely.get_dimensions(place)
    wanted = Text(vi=f"nằm trọn trong lớp {layer}", en=f"all of it inside the layer {layer}")
    if dimension == 0:
        measured = amount if np.isfinite(amount) else None
        seen = Text(vi=f"điểm nằm ngoài lớp {layer}", en=f"a point outside the layer {layer}")
        return Finding("topology-not-covered", row, None, place, measured, "m", severity, seen, wanted)
    unit, sign = ("m2", "m²") if dimension == 2 else ("m", "m")
    seen = Text(vi=f"{amount:.2f} {sign} nằm ngoài", en=f"{amount:.2f} {sign} outside")
    return Finding("topology-not-covered", row, None, place, amount, unit, severity, seen, wanted)


def _named(ground: Ground, layer: str) -> list[str | None]:
    """Return the feature of a layer that each feature says it belongs to."""
    for field in ground.definition.fields:
        if field.references == layer and field.name in ground.features.columns:
            texts = as_texts(ground.features[field.name])[0]
            return [name if isinstance(name, str) else None for name in texts]
    return [None] * len(ground.features)
