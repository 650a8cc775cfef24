"""Which features of which state a tile shows. Nothing here needs what makes tiles."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from layers.cql2 import Filter
from layers.time import Interval

__all__ = ["TileSelection"]


class TileSelection(NamedTuple):
    """Which features a tile shows.

    Attributes
    ----------
    interval : Interval or None
        Planned time.
    as_of : int, datetime.datetime or None
        Record time: the state after that changeset, or at that moment.
    proposal : str or None
        The state that this proposal would make.
    filters : tuple of Filter
        What features of a layer have to meet, at most one a layer.
    """

    interval: Interval | None = None
    as_of: int | dt.datetime | None = None
    proposal: str | None = None
    filters: tuple[Filter, ...] = ()
