"""What does a layer say of a place: something is there, nothing is, or the layer cannot tell? By its stated coverage.

A layer that shows nothing is believed only where it is said to be complete, as of a day that is recent enough. Where
nothing is known about its coverage, nothing there is never "clear".
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, Final, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

__all__ = ["STATES", "Presence", "PresenceState", "presence"]

PresenceState = Literal["hit", "clear", "not_covered", "stale"]
STATES: Final[tuple[PresenceState, ...]] = ("hit", "clear", "not_covered", "stale")
#: Why a layer without features is not believed, or that it is; a hit needs no reason.
Reason = Literal["", "complete", "unknown", "outside", "partial", "old", "undated"]


@dataclass(frozen=True, slots=True)
class Presence:
    """What a layer says of a place.

    Attributes
    ----------
    state : {"hit", "clear", "not_covered", "stale"}
        Features are there; none are, and the layer is complete; it cannot tell; none were, when it was last complete.
    reason : str
        "complete" for clear; "unknown" where the layer has no coverage at all, "outside" where the place is beyond it,
        "partial" where it holds only a part; "old" or "undated" for stale.
    as_of : datetime.date or None
        Day of the data that were looked at: the oldest of the rows of coverage that count.
    source : str
        Where they come from.
    """

    state: PresenceState
    reason: Reason
    as_of: dt.date | None
    source: str


def presence(
    coverage: gpd.GeoDataFrame, place: BaseGeometry, *, hits: bool, fresh_since: dt.date | None = None
) -> Presence:
    """Return what a layer says of a place.

    Parameters
    ----------
    coverage : GeoDataFrame
        Rows of the layer `coverage` that speak of this layer: `as_of`, `completeness`, `source`, polygons in EPSG:4326.
    place : BaseGeometry
        Point, line or area in EPSG:4326.
    hits : bool
        Whether features of the layer are there.
    fresh_since : datetime.date, optional
        Coverage as of an earlier day, or of an unknown one, is stale; None lets every coverage count.

    Returns
    -------
    Presence
        With source and day of what it rests on.

    Examples
    --------
    >>> nothing = gpd.GeoDataFrame({"as_of": [], "completeness": [], "source": []}, geometry=[], crs="EPSG:4326")
    >>> presence(nothing, shapely.Point(105.7, 21.0), hits=False).state
    'not_covered'
    """
    touching = coverage[shapely.intersects(coverage.geometry.to_numpy(), place)] if len(coverage) else coverage
    complete = touching[(touching["completeness"] == "complete").to_numpy(dtype=bool)]
    days = pd.to_datetime(complete["as_of"])
    dated = np.ones(len(complete), dtype=bool)
    if fresh_since is not None:
        dated = (days >= pd.Timestamp(fresh_since)).to_numpy(dtype=bool)
    if hits:
        return _resting("hit", "", complete if len(complete) else touching)
    if _covers(complete[dated], place):
        return _resting("clear", "complete", complete[dated])
    if _covers(complete, place):
        return _resting("stale", "undated" if days.isna().any() else "old", complete)
    if coverage.empty:
        return Presence("not_covered", "unknown", None, "")
    return _resting("not_covered", "partial" if len(touching) else "outside", touching)


def _covers(rows: gpd.GeoDataFrame, place: BaseGeometry) -> bool:
    return len(rows) > 0 and bool(shapely.covers(shapely.union_all(rows.geometry.to_numpy()), place))


def _resting(state: PresenceState, reason: Reason, rows: gpd.GeoDataFrame) -> Presence:
    days: Any = pd.to_datetime(rows["as_of"]).dropna()
    sources = [str(source) for source in rows["source"].dropna().unique()]
    return Presence(state, reason, None if days.empty else days.min().date(), "; ".join(sources))
