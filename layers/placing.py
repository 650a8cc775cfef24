"""Bringing the geometries of a file to the store's CRS: as stated, as the user chose, or as the doctor found.

A CRS that the file states is used where the coordinates agree with it. One clear other reading is used and told.
Several are left to a person, with every choice and its distance from the first.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from layers.crs import parse_crs, to_store_crs
from layers.definitions import STORE_CRS
from layers.errors import CrsError, UndecidedCrsError
from layers.georeference import (
    CLEAR_SHARE,
    FRAMES,
    HANOI,
    Diagnosis,
    Georeferenced,
    Hypothesis,
    KnownFeatures,
    Reading,
    TargetArea,
    diagnose,
    reading_named,
    transform,
    write_points,
)
from layers.georeference.declared import nearest_frame
from layers.georeference.sampling import sampled_rows
from layers.spool import ShapeSpool, over
from layers.types import Text

__all__ = ["Placed", "Remark", "place", "place_spooled", "source_coordinates"]

_Shapes = npt.NDArray[np.object_]
_OPTION: Final = "--crs"
_NOT_STATED: Final = Text(vi="không có", en="none")
_FRAMES: Final = frozenset(one.key for one in FRAMES)
#: A file's own statement is used from this share on, three to one against everything else together, where no evidence
#: contradicts it; what was not stated needs `CLEAR_SHARE`.
_STATED_SHARE: Final = 0.75
#: Choices that a message names.
_NAMED: Final = 6


@dataclass(frozen=True, slots=True)
class Remark:
    """Something about the whole file that a receipt has to tell.

    Parameters
    ----------
    rule : str
        A key of `layers.validation.RULES`.
    seen : Text or str
        What was met.
    wanted : Text or str
        What would have been right.
    field : str or None
        The column it is about.
    """

    rule: str
    seen: Text | str
    wanted: Text | str
    field: str | None = None


@dataclass(frozen=True, slots=True)
class Placed:
    """Geometries on WGS 84, and how they came there.

    Parameters
    ----------
    shapes : ndarray of geometry
        EPSG:4326, longitude before latitude; as many as were given.
    record : Georeferenced
        What was done.
    diagnosis : Diagnosis or None
        What the coordinates may be; None where the user chose.
    move : callable
        Brings further geometries of the same file there, in the same way.
    remarks : tuple of Remark
        What a planner should look at.
    """

    shapes: _Shapes
    record: Georeferenced
    diagnosis: Diagnosis | None
    move: Callable[[_Shapes], _Shapes]
    remarks: tuple[Remark, ...] = ()


def place(
    shapes: _Shapes,
    *,
    stated: str | None,
    crs: object | None = None,
    area: TargetArea = HANOI,
    known: KnownFeatures | None = None,
    declared_area_m2: npt.NDArray[np.float64] | None = None,
    looked_at: _Shapes | None = None,
    where: str,
) -> Placed:
    """Bring geometries to EPSG:4326.

    Parameters
    ----------
    shapes : ndarray of geometry
        As they stand in the file.
    stated : str or None
        The CRS that the file states.
    crs : object, optional
        The CRS as the user states it, which wins: what `pyproj.CRS` takes, or a key of a diagnosis such as
        ``EPSG:5897+exchange_axes``.
    area : TargetArea
        Where the data should lie.
    known : KnownFeatures, optional
        Features whose place is known, as evidence.
    declared_area_m2 : ndarray of float, optional
        Declared area of each shape in square metres, NaN for none, as evidence.
    looked_at : ndarray of geometry, optional
        What tells the CRS, where `shapes` are only the outermost of many.
    where : str
        The file, for messages.

    Returns
    -------
    Placed
        The geometries, and what was done.

    Raises
    ------
    CrsError
        If the CRS is unknown, or the coordinates do not fit it.
    UndecidedCrsError
        If a person has to choose.
    """
    if crs is not None:
        return _as_chosen(shapes, crs, stated, where=where)
    if shapely.is_missing(shapes).all():
        return _as_stated(shapes, stated or STORE_CRS, None, where=where)
    evidence = shapes if looked_at is None else looked_at
    diagnosis = diagnose(
        evidence, declared=stated, area=area, known=known, declared_area_m2=declared_area_m2, where=where
    )
    chosen = diagnosis.chosen
    if stated is not None and (chosen is None or (chosen.evidence.declaration == "agrees" and not chosen.corrections)):
        return _stated_or_asked(shapes, stated, diagnosis, where=where)
    if chosen is None or chosen.reading is None:
        raise _undecided(diagnosis, None if stated is None else _shown(stated, where=where), where=where)
    move = functools.partial(_transformed, reading=chosen, where=where)
    moved, record = transform(shapes, chosen, where=where)
    seen = _NOT_STATED if stated is None else _shown(stated, where=where)
    read = chosen.title
    return Placed(moved, record, diagnosis, move, (Remark("crs-recognised", seen, read),))


def place_spooled(
    spool: ShapeSpool,
    *,
    stated: str | None,
    crs: object | None = None,
    area: TargetArea = HANOI,
    known: KnownFeatures | None = None,
    where: str,
) -> tuple[Placed, ShapeSpool]:
    """Bring geometries that a file holds to EPSG:4326.

    Parameters
    ----------
    spool : ShapeSpool
        As they stand in the file that was read; emptied.
    stated : str or None
        The CRS that the file states.
    crs : object, optional
        The CRS as the user states it, which wins.
    area : TargetArea
        Where the data should lie.
    known : KnownFeatures, optional
        Features whose place is known, as evidence.
    where : str
        The file, for messages.

    Returns
    -------
    placed : Placed
        What was done; its geometries are the outermost ones.
    moved : ShapeSpool
        All geometries.

    Raises
    ------
    CrsError, UndecidedCrsError
        As for `place`.
    """
    looks = over(spool, lambda some: np.column_stack((shapely.bounds(some), shapely.get_num_coordinates(some))))
    bounds = looks[:, :4]
    there = ~np.isnan(bounds[:, 0]) | (looks[:, 4] > 0)
    outermost = spool[_outermost(bounds, there)]
    stand_in: _Shapes = np.full(len(spool), outermost[0] if len(outermost) else None, dtype=object)
    stand_in[~there] = shapely.Point()
    stand_in[spool.missing] = None
    rows = sampled_rows(there, known)
    stand_in[rows] = spool[rows]
    placed = place(outermost, stated=stated, crs=crs, area=area, known=known, looked_at=stand_in, where=where)
    moved = ShapeSpool()
    for _, some in spool.parts():
        # Whether coordinates may be what they are held for is asked of all of them together.
        moved.append(placed.move(np.concatenate((some, outermost)))[: len(some)])
    spool.clear()
    return placed, moved


def _outermost(bounds: npt.NDArray[np.float64], there: npt.NDArray[np.bool_]) -> npt.NDArray[np.intp]:
    """Return the rows of geometries whose bounds are those of all."""
    rows = np.flatnonzero(there & ~np.isnan(bounds).any(axis=1))
    if not len(rows):
        return np.flatnonzero(there)[:1]
    least, most = rows[bounds[rows, :2].argmin(axis=0)], rows[bounds[rows, 2:].argmax(axis=0)]
    return np.unique(np.concatenate((least, most)))


def source_coordinates(points: npt.NDArray[np.float64], record: Georeferenced) -> npt.NDArray[np.float64]:
    """Return where places stand in the coordinates of the file.

    Parameters
    ----------
    points : ndarray of float, shape (n, 2)
        Longitude, latitude.
    record : Georeferenced
        How the file was read.

    Returns
    -------
    ndarray of float, shape (n, 2)
        Coordinates as the file writes them, x first as they stand there.
    """
    return write_points(points, reading_named(record.key, where=_OPTION))


def _as_chosen(shapes: _Shapes, crs: object, stated: str | None, *, where: str) -> Placed:
    if isinstance(crs, str) and crs.partition("+")[0] in _FRAMES:
        reading = reading_named(crs, where=_OPTION)
        moved, record = transform(shapes, reading, where=where)
        move = functools.partial(_transformed, reading=reading, where=where)
        placed = Placed(moved, record, None, move, _beyond(record))
    else:
        placed = _as_stated(shapes, crs, None, where=where)
    read = placed.record.transformation.source
    if stated is None or (_shown(stated, where=where) == read and not placed.record.corrections):
        return placed
    used = Text(vi=f"{read}, theo yêu cầu", en=f"{read}, as asked for")
    remark = Remark("crs-overruled", _shown(stated, where=where), used)
    return replace(placed, remarks=(remark, *placed.remarks))


def _stated_or_asked(shapes: _Shapes, stated: str, diagnosis: Diagnosis, *, where: str) -> Placed:
    """Read coordinates as the file states, unless the evidence says otherwise or they cannot be read so."""
    best = diagnosis.best
    shifted = () if best is None else _shifted(best)
    if diagnosis.verdict == "several" and not shifted and not (best is not None and _speaks_for(best)):
        raise _undecided(diagnosis, _shown(stated, where=where), where=where)
    if best is not None and best.reading is None and not _may_be(shapes, stated, where=where):
        raise _undecided(diagnosis, _shown(stated, where=where), where=where)
    placed = _as_stated(shapes, stated, diagnosis, where=where)
    if diagnosis.verdict != "none":
        return replace(placed, remarks=(*shifted, *placed.remarks))
    bounds = [f"{value:.4f}" for value in shapely.total_bounds(placed.shapes)]
    seen = Text(
        vi=f"kinh độ {bounds[0]} … {bounds[2]}, vĩ độ {bounds[1]} … {bounds[3]}",
        en=f"longitude {bounds[0]} … {bounds[2]}, latitude {bounds[1]} … {bounds[3]}",
    )
    outside = Remark("crs-outside", seen, diagnosis.target.name)
    return replace(placed, remarks=(outside, *placed.remarks))


def _shifted(best: Hypothesis) -> tuple[Remark, ...]:
    """Tell that data lie elsewhere than known features, where no other reading explains that: then they were moved."""
    known = best.evidence.known
    if known is None or not known.contradicts or known.residual_m is None or best.score < CLEAR_SHARE:
        return ()
    if best.corrections or best.evidence.declaration != "agrees":
        return ()
    far = f"{known.residual_m:.1f} m"
    seen = Text(vi=f"lệch {far} so với {known.compared} đối tượng", en=f"{far} from {known.compared} features")
    return (Remark("crs-shifted", seen, Text(vi="cùng vị trí", en="the same place")),)


def _speaks_for(best: Hypothesis) -> bool:
    """Tell whether the likeliest reading is the stated one and no evidence speaks against it."""
    known = best.evidence.known
    agrees = best.evidence.declaration == "agrees" and not best.corrections
    return agrees and best.score >= _STATED_SHARE and (known is None or not known.contradicts)


def _undecided(diagnosis: Diagnosis, stated: str | None, *, where: str) -> UndecidedCrsError:
    listed = ", ".join(choice.key for choice in diagnosis.choices[:_NAMED]) or "EPSG:…"
    said = diagnosis.message
    wanted = Text(vi=f"{_OPTION} {listed}. {said.vi}", en=f"{_OPTION} {listed}. {said.en}")
    return UndecidedCrsError(diagnosis, seen=_NOT_STATED if stated is None else stated, wanted=wanted, where=where)


def _may_be(shapes: _Shapes, stated: str, *, where: str) -> bool:
    """Tell whether numbers of a drawing or an image may still be what the file states: only degrees, within bounds."""
    minx, miny, maxx, maxy = shapely.total_bounds(shapes)
    degrees = parse_crs(stated, where=where).is_geographic
    return degrees and minx >= -180 and maxx <= 180 and miny >= -90 and maxy <= 90


def _as_stated(shapes: _Shapes, crs: object, diagnosis: Diagnosis | None, *, where: str) -> Placed:
    try:
        moved, transformation = to_store_crs(_bare(shapes), crs=crs, where=where)
    except CrsError as error:
        raise _with_nearest(error, crs, where=where) from error
    code = parse_crs(crs, where=where).to_authority(min_confidence=100)
    key = ":".join(code) if code else str(crs)
    record = Georeferenced(key, (), transformation)
    move = functools.partial(_to_store, crs=crs, where=where)
    return Placed(np.asarray(moved.geometry.array), record, diagnosis, move, _beyond(record))


def _bare(shapes: _Shapes) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(geometry=gpd.GeoSeries(shapes))


def _to_store(shapes: _Shapes, *, crs: object, where: str) -> _Shapes:
    return np.asarray(to_store_crs(_bare(shapes), crs=crs, where=where)[0].geometry.array)


def _transformed(shapes: _Shapes, *, reading: Reading | Hypothesis, where: str) -> _Shapes:
    return transform(shapes, reading, where=where)[0]


def _with_nearest(error: CrsError, crs: object, *, where: str) -> CrsError:
    """Name the known CRS that one without a code comes nearest to."""
    near = None
    if parse_crs(crs, where=where).to_authority(min_confidence=100) is None:
        near = nearest_frame(crs, where=where)
    if near is None:
        return error
    wanted = Text(
        vi=f"hệ toạ độ có mã EPSG; gần nhất theo các tham số là {near.label}: {_OPTION} {near.code} nếu đúng là nó",
        en=f"a CRS with an EPSG code; the nearest by its numbers is {near.label}: {_OPTION} {near.code} if that is it",
    )
    return CrsError(seen=error.seen, wanted=wanted, where=where)


def _beyond(record: Georeferenced) -> tuple[Remark, ...]:
    """Tell of data outside the area that their CRS is made for."""
    if not record.transformation.outside_area:
        return ()
    seen = Text(vi="một phần dữ liệu nằm ngoài", en="part of the data lies outside")
    source = record.transformation.source
    area = Text(vi=f"vùng áp dụng của {source}", en=f"the area of use of {source}")
    return (Remark("crs-beyond", seen, area),)


def _shown(stated: str, *, where: str) -> str:
    """Return a stated CRS for people: its code and name rather than pages of WKT."""
    crs = parse_crs(stated, where=where)
    code = crs.to_authority(min_confidence=100)
    return f"{':'.join(code)} ({crs.name})" if code else crs.name
