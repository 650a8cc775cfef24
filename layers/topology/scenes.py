"""Which features are there together: planned time, and the field within which features are compared."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pandas as pd

from layers.time import HORIZONS, horizon_interval
from layers.topology.linework import IntArray
from layers.validation.model import Mask

__all__ = ["MOST_STATES", "Scene", "Togetherness", "togetherness"]

#: With more states than this, only those of the standard horizons are looked at as a whole.
MOST_STATES: Final = 12
_OPEN_START: Final = np.iinfo(np.int64).min
_OPEN_END: Final = np.iinfo(np.int64).max
_Days = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Scene:
    """Features that are there at one time and are compared with each other.

    Parameters
    ----------
    rows : ndarray of int
        Their positions.
    day : date or None
        A day on which they are all there; None where time plays no part.
    """

    rows: IntArray
    day: dt.date | None


@dataclass(frozen=True)
class Togetherness:
    """When each feature is there, and in which group it is compared.

    Parameters
    ----------
    start, end : ndarray of int, shape (features,)
        First and last day, counted from 1970; the least and the greatest number where open.
    group : ndarray of int, shape (features,)
        Number of its group.
    """

    start: _Days
    end: _Days
    group: IntArray

    def pairs(self, first: IntArray, second: IntArray) -> Mask:
        """Tell which pairs are compared.

        Parameters
        ----------
        first, second : ndarray of int, shape (pairs,)
            Positions.

        Returns
        -------
        ndarray of bool, shape (pairs,)
            Whether both are of one group and there at one time.
        """
        meet = (self.start[first] <= self.end[second]) & (self.start[second] <= self.end[first])
        return np.asarray(meet & (self.group[first] == self.group[second]))

    def scenes(self, rows: IntArray) -> tuple[tuple[Scene, ...], bool]:
        """Return the states in which features are there together.

        Parameters
        ----------
        rows : ndarray of int
            Positions of the features that count.

        Returns
        -------
        scenes : tuple of Scene
            By group, then by day; a state that returns is there once.
        complete : bool
            False if there are too many states, and only those of the standard horizons are given.
        """
        found: list[Scene] = []
        complete = True
        for group in np.unique(self.group[rows]):
            members = rows[self.group[rows] == group]
            states = list(self._states(members, self._changes(members)))
            if len(states) > MOST_STATES:
                complete = False
                days = [_number(horizon_interval(year).end) for year in HORIZONS]
                states = list(self._states(members, np.array(days, dtype=np.int64)))
            found += states
        return tuple(found), complete

    def _changes(self, rows: IntArray) -> _Days:
        ends = self.end[rows]
        after = ends[ends < _OPEN_END] + 1
        return np.unique(np.concatenate((self.start[rows], after)))

    def _states(self, rows: IntArray, days: _Days) -> Iterator[Scene]:
        seen: set[bytes] = set()
        for day in days.tolist():
            there = (self.start[rows] <= day) & (day <= self.end[rows])
            if there.any() and (key := there.tobytes()) not in seen:
                seen.add(key)
                yield Scene(rows[there], None if there.all() or day == _OPEN_START else _date(day))


def togetherness(features: pd.DataFrame, *, within: str | None) -> Togetherness:
    """Read planned time and group of features.

    Parameters
    ----------
    features : DataFrame
        With the columns `valid_from`, `valid_to` and the field; one that is missing is one without values.
    within : str or None
        The field whose values make groups; those without a value are a group.

    Returns
    -------
    Togetherness
        One value a feature.
    """
    group = np.zeros(len(features), dtype=np.intp)
    if within is not None and within in features.columns:
        group = np.asarray(pd.factorize(features[within], use_na_sentinel=True)[0], dtype=np.intp)
    return Togetherness(_days(features, "valid_from", _OPEN_START), _days(features, "valid_to", _OPEN_END), group)


def _days(features: pd.DataFrame, name: str, missing: int) -> _Days:
    days = np.full(len(features), missing, dtype=np.int64)
    if name in features.columns:
        column: pd.Series[Any] = pd.to_datetime(features[name], errors="coerce")
        there = column.notna().to_numpy()
        days[there] = column[there].to_numpy(dtype="datetime64[D]").astype(np.int64)
    return days


def _number(day: dt.date | None) -> int:
    return _OPEN_END if day is None else (day - dt.date(1970, 1, 1)).days


def _date(day: int) -> dt.date:
    return dt.date(1970, 1, 1) + dt.timedelta(days=day)
