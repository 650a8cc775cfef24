"""Which features are asked for: record time, planned time, place, ids and attribute values, in every question alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypedDict

import sqlalchemy as sa

from layers.cql2 import Filter, condition
from layers.definitions import ID_FIELD, LayerDefinition
from layers.errors import ValueOutOfRangeError
from layers.store.engine import Engine
from layers.time import Horizon, Interval, horizon_interval
from layers.types import Bounds, Text

__all__ = ["Selection", "Wanted", "boxes", "conditions", "wanted_by"]


class Selection(TypedDict, total=False):
    """What every question to a store may be narrowed by; all of it holds together, None means not at all.

    Attributes
    ----------
    as_of : int or datetime.datetime or None
        Record time: the state after that changeset, or at that moment (naive means UTC).
    horizon : int, datetime.date, Interval or None
        Planned time: only features that exist then; a year means its 31 December.
    bbox : (float, float, float, float) or None
        Only geometries that intersect this box of longitudes and latitudes; a western edge greater than the eastern
        one crosses the antimeridian.
    ids : sequence of str or None
        Only these features; ids that are not there are left out.
    where : mapping of str to value, or None
        Only features with these attribute values; None asks for missing.
    filter : Filter or None
        Only features for which this filter of the layer holds.
    proposal : str or None
        The state that this proposal would make.
    """

    as_of: int | dt.datetime | None
    horizon: Horizon | None
    bbox: Bounds | None
    ids: Sequence[str] | None
    where: Mapping[str, Any] | None
    filter: Filter | None
    proposal: str | None


class Wanted(NamedTuple):
    """A selection that was read: what makes sense by itself, before the layer is known.

    Attributes
    ----------
    as_of : int or datetime.datetime or None
        Record time.
    proposal : str or None
        A proposal's id.
    interval : Interval or None
        Planned time.
    boxes : tuple of Bounds, or None
        Boxes of EPSG:4326, one of which a geometry has to meet.
    ids : sequence of str or None
        Feature ids.
    where : mapping of str to value
        Attribute values; None asks for missing.
    filter : Filter or None
        A filter of the layer.
    """

    as_of: int | dt.datetime | None
    proposal: str | None
    interval: Interval | None
    boxes: tuple[Bounds, ...] | None
    ids: Sequence[str] | None
    where: Mapping[str, Any]
    filter: Filter | None = None

    @property
    def narrows(self) -> bool:
        """Whether features of the state are left out.

        Returns
        -------
        bool
            False where only a state is chosen, or nothing.
        """
        return bool(self.where) or any(part is not None for part in (self.interval, self.boxes, self.ids, self.filter))


def wanted_by(selection: Selection) -> Wanted:
    """Read a selection.

    Parameters
    ----------
    selection : Selection
        As a question named it.

    Returns
    -------
    Wanted
        With None for what was not named.

    Raises
    ------
    ValueOutOfRangeError
        For a horizon or box that has no meaning.
    """
    horizon = selection.get("horizon")
    return Wanted(
        as_of=selection.get("as_of"),
        proposal=selection.get("proposal"),
        interval=None if horizon is None else horizon_interval(horizon),
        boxes=boxes(selection.get("bbox")),
        ids=selection.get("ids"),
        where=selection.get("where") or {},
        filter=selection.get("filter"),
    )


def conditions(
    engine: Engine, definition: LayerDefinition, source: sa.FromClause, wanted: Wanted
) -> list[sa.ColumnElement[bool]]:
    """Return what a feature of a state has to meet.

    Parameters
    ----------
    engine : Engine
        Says how a box is asked for.
    definition : LayerDefinition
        The layer.
    source : FromClause
        Its table, or versions with the same columns.
    wanted : Wanted
        What is asked for.

    Returns
    -------
    list of ColumnElement
        To be met all.

    Raises
    ------
    UnknownFieldError
        If `where` names a field that the layer has not.
    """
    met: list[sa.ColumnElement[bool]] = []
    for name, value in wanted.where.items():
        if name == ID_FIELD:
            met.append(source.c.feature_id == value)
        else:
            column = source.c[definition.field(name).name]
            met.append(column.is_(None) if value is None else column == value)
    interval = wanted.interval
    if interval is not None and interval.end is not None:
        met.append(sa.or_(source.c.valid_from.is_(None), source.c.valid_from <= interval.end))
    if interval is not None and interval.start is not None:
        met.append(sa.or_(source.c.valid_to.is_(None), source.c.valid_to >= interval.start))
    if wanted.boxes is not None:
        inside = [engine.in_bounds(source, part) for part in wanted.boxes] if definition.spatial else []
        met.append(sa.or_(sa.false(), *inside))
    if wanted.ids is not None:
        met.append(engine.among(source.c.feature_id, wanted.ids))
    if wanted.filter is not None:
        met.append(condition(wanted.filter, definition, source, engine))
    return met


def boxes(bbox: Bounds | None) -> tuple[Bounds, ...] | None:
    """Return a bbox as one box, or as two where it crosses the antimeridian.

    Parameters
    ----------
    bbox : (float, float, float, float) or None
        West, south, east, north in EPSG:4326.

    Returns
    -------
    tuple of Bounds, or None
        None for None.

    Raises
    ------
    ValueOutOfRangeError
        If these are no longitudes and latitudes in this order.
    """
    if bbox is None:
        return None
    minx, miny, maxx, maxy = bbox
    if not (-180 <= minx <= 180 and -180 <= maxx <= 180 and -90 <= miny <= maxy <= 90):
        raise ValueOutOfRangeError(
            seen=bbox,
            wanted=Text(
                vi="kinh độ -180..180, vĩ độ -90..90, nam không lớn hơn bắc (tây, nam, đông, bắc)",
                en="longitudes -180..180, latitudes -90..90, south not above north (west, south, east, north)",
            ),
            where="bbox",
        )
    if minx > maxx:
        return (minx, miny, 180.0, maxy), (-180.0, miny, maxx, maxy)
    return ((minx, miny, maxx, maxy),)
