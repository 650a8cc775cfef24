"""Which features are asked for: planned time, place and attribute values, for the current and for earlier states."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

import geopandas as gpd
import pandas as pd
import shapely
import sqlalchemy as sa

from layers.definitions import ID_FIELD, LayerDefinition
from layers.errors import ValueOutOfRangeError
from layers.store.engine import Engine
from layers.store.tables import box
from layers.time import Interval
from layers.types import Bounds, Text

__all__ = ["boxes", "conditions", "cursor", "filtered"]


def conditions(
    engine: Engine,
    definition: LayerDefinition,
    table: sa.Table,
    *,
    interval: Interval | None,
    bbox: tuple[Bounds, ...] | None,
    where: Mapping[str, Any] | None,
) -> list[sa.ColumnElement[bool]]:
    """Return what a feature of the current state has to meet.

    Parameters
    ----------
    engine : Engine
        Says how a box is asked for.
    definition : LayerDefinition
        The layer.
    table : Table
        Its table.
    interval : Interval or None
        Planned time.
    bbox : tuple of Bounds or None
        Boxes of EPSG:4326, one of which a geometry has to meet.
    where : mapping of str to value, or None
        Attribute values; None asks for missing.

    Returns
    -------
    list of ColumnElement
        To be met all.

    Raises
    ------
    UnknownFieldError
        If `where` names a field that the layer has not.
    """
    wanted: list[sa.ColumnElement[bool]] = []
    for name, value in (where or {}).items():
        if name == ID_FIELD:
            wanted.append(table.c.feature_id == value)
        else:
            column = table.c[definition.field(name).name]
            wanted.append(column.is_(None) if value is None else column == value)
    if interval is not None and interval.end is not None:
        wanted.append(sa.or_(table.c.valid_from.is_(None), table.c.valid_from <= interval.end))
    if interval is not None and interval.start is not None:
        wanted.append(sa.or_(table.c.valid_to.is_(None), table.c.valid_to >= interval.start))
    if bbox is not None:
        inside = [engine.in_bounds(table, part) for part in bbox] if definition.spatial else []
        wanted.append(sa.or_(sa.false(), *inside))
    return wanted


def cursor(after: str) -> int:
    """Return the key after which a page starts.

    Parameters
    ----------
    after : str
        As the page before gave it.

    Returns
    -------
    int
        The key.

    Raises
    ------
    ValueOutOfRangeError
        If it is no such cursor.
    """
    if not after.isdecimal() or len(after) > 18:
        raise ValueOutOfRangeError(
            seen=after,
            wanted=Text(vi="con trỏ trang do trang trước trả về", en="the cursor that the page before gave"),
            where="after",
        )
    return int(after)


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


def filtered(
    definition: LayerDefinition,
    features: gpd.GeoDataFrame,
    *,
    interval: Interval | None,
    bbox: tuple[Bounds, ...] | None,
    where: Mapping[str, Any] | None,
) -> gpd.GeoDataFrame:
    """Filter an earlier state, which no index serves, by the same rules as the current one.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    features : GeoDataFrame
        In the typed form.
    interval : Interval or None
        Planned time.
    bbox : tuple of Bounds or None
        Boxes of EPSG:4326, one of which a geometry has to meet.
    where : mapping of str to value, or None
        Attribute values; None asks for missing.

    Returns
    -------
    GeoDataFrame
        Those that meet all.

    Raises
    ------
    UnknownFieldError
        If `where` names a field that the layer has not.
    """
    keep = pd.Series(True, index=features.index)
    for name, value in (where or {}).items():
        column = features.index.to_series() if name == ID_FIELD else features[definition.field(name).name]
        asked = pd.Timestamp(value) if isinstance(value, dt.date) else value
        keep &= column.isna() if asked is None else (column == asked).fillna(False).astype(bool)
    if interval is not None and interval.end is not None:
        keep &= features["valid_from"].isna() | (features["valid_from"] <= pd.Timestamp(interval.end))
    if interval is not None and interval.start is not None:
        keep &= features["valid_to"].isna() | (features["valid_to"] >= pd.Timestamp(interval.start))
    if bbox is not None:
        geometry = features.geometry.to_numpy()
        inside = shapely.intersects(geometry, shapely.union_all([box(part) for part in bbox]))
        keep &= pd.Series(inside, index=features.index)
    return features[keep.to_numpy()]
