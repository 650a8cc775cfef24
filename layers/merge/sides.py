"""Three states of a layer beside each other, feature by feature and column by column."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import shapely

from layers.definitions import ID_FIELD, STORE_CRS, LayerDefinition
from layers.errors import FeatureExistsError
from layers.merge.comparing import Mask, differing, same_shapes
from layers.merge.model import GEOMETRY, SIDES, Side
from layers.schema import typed_column

__all__ = ["BASE", "OURS", "THEIRS", "Draft", "IntArray", "Sides"]

IntArray = npt.NDArray[np.intp]
#: Numbers of the sides, as positions in `SIDES`.
OURS: Final = 0
THEIRS: Final = 1
BASE: Final = 2


@dataclass(frozen=True, eq=False)
class Sides:
    """Three states of a layer over the ids of all of them.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    ids : Index
        Those of ours, then what is only in theirs, then what is only in the base.
    columns : tuple of str
        Fields, then the geometry.
    at : ndarray of int, shape (3, ids)
        Row of each feature in each side, in the order of `SIDES`; -1 where it is not there.
    frames : tuple of GeoDataFrame
        The sides, typed.
    arrays : tuple of dict
        The columns of each, as arrays: taking them from a frame again and again would cost more than all the rest.
    tolerance_m : float
        How far vertices may have moved without being a change, metres.
    """

    definition: LayerDefinition
    ids: pd.Index
    columns: tuple[str, ...]
    at: IntArray
    frames: tuple[gpd.GeoDataFrame, ...]
    arrays: tuple[dict[str, Any], ...]
    tolerance_m: float

    @classmethod
    def of(cls, definition: LayerDefinition, frames: Mapping[Side, gpd.GeoDataFrame], *, tolerance_m: float) -> Sides:
        """Lay three states beside each other.

        Parameters
        ----------
        definition : LayerDefinition
            The layer.
        frames : mapping of str to GeoDataFrame
            Each side in the typed form.
        tolerance_m : float
            How far vertices may have moved without being a change, metres.

        Returns
        -------
        Sides
            Of all features that are in any of them.

        Raises
        ------
        FeatureExistsError
            If a side has an id twice.
        """
        ordered = tuple(frames[side] for side in SIDES)
        for frame in ordered:
            if not frame.index.is_unique:
                raise FeatureExistsError(seen=frame.index[frame.index.duplicated()][0], where=definition.id)
        ids = ordered[OURS].index
        for frame in ordered[1:]:
            if frame.index is not ids:
                ids = ids.append(frame.index[ids.get_indexer(frame.index) < 0])
        at = np.stack([frame.index.get_indexer(ids) for frame in ordered])
        columns = (*(one.name for one in definition.all_fields), GEOMETRY)
        arrays = tuple(_arrays(frame, columns) for frame in ordered)
        return cls(definition, ids.rename(ID_FIELD), columns, at, ordered, arrays, tolerance_m)

    @property
    def there(self) -> Mask:
        """Which feature is in which side, shape (3, ids)."""
        return np.asarray(self.at >= 0)

    def rows_of(self, ids: Collection[str]) -> IntArray:
        """Return the positions of features.

        Parameters
        ----------
        ids : collection of str
            Their ids.

        Returns
        -------
        ndarray of int
            In the same order; -1 for one that is in no side.
        """
        return self.ids.get_indexer(pd.Index(list(ids), dtype="str"))

    def values(self, column: str, side: int, rows: IntArray) -> Any:
        """Return values of one side.

        Parameters
        ----------
        column : str
            A field, or the geometry.
        side : int
            The side.
        rows : ndarray of int
            Positions in `ids` of features that are there.

        Returns
        -------
        array
            In the order of `rows`; an ndarray of geometries.
        """
        return self.arrays[side][column].take(self.at[side, rows])

    def differences(self, one: int, other: int, *, among: Mask | None = None) -> Mask:
        """Tell in which columns two sides differ.

        Parameters
        ----------
        one, other : int
            The sides.
        among : ndarray of bool, shape (ids,), optional
            Look at these features only.

        Returns
        -------
        ndarray of bool, shape (columns, ids)
            False where a feature is not in both.
        """
        found = np.zeros((len(self.columns), len(self.ids)), dtype=bool)
        if self.frames[one] is self.frames[other]:
            return found
        both = self.there[[one, other]].all(axis=0)
        rows = np.flatnonzero(both if among is None else both & among)
        for number, column in enumerate(self.columns):
            here, there = self.values(column, one, rows), self.values(column, other, rows)
            if column == GEOMETRY:
                found[number, rows] = ~same_shapes(here, there, tolerance_m=self.tolerance_m)
            else:
                found[number, rows] = differing(here, there)
        return found


@dataclass(eq=False)
class Draft:
    """A merged state in the making: which side each cell comes from. The one thing here that changes.

    Parameters
    ----------
    sides : Sides
        Where from.
    presence : ndarray of int, shape (ids,)
        The side that says whether the feature is there.
    picks : ndarray of int, shape (columns, ids)
        The side of each cell.
    given : dict
        Values from elsewhere: by column, then by position.
    """

    sides: Sides
    presence: npt.NDArray[np.int8]
    picks: npt.NDArray[np.int8]
    given: dict[str, dict[int, Any]] = field(default_factory=dict)

    @property
    def present(self) -> Mask:
        """Which features are there."""
        return np.asarray(self.sides.there[self.presence, np.arange(len(self.presence))])

    def take(self, rows: IntArray | int, side: int) -> None:
        """Take whole features from a side, and their absence too.

        Parameters
        ----------
        rows : ndarray of int
            Positions.
        side : int
            The side.
        """
        self.presence[rows] = side
        self.picks[:, rows] = side
        for values in self.given.values():
            for row in np.atleast_1d(rows).tolist():
                values.pop(row, None)

    def take_cells(self, columns: tuple[str, ...], row: int, side: int) -> None:
        """Take some cells of a feature from a side; all of it, if it is not there.

        Parameters
        ----------
        columns : tuple of str
            Which cells.
        row : int
            The feature.
        side : int
            The side.
        """
        if self.sides.at[side, row] < 0:
            self.take(row, side)
            return
        for column in columns:
            self.picks[self.sides.columns.index(column), row] = side
            self.given.get(column, {}).pop(row, None)

    def give(self, column: str, row: int, value: object) -> None:
        """Set a cell to a value of its own.

        Parameters
        ----------
        column : str
            Which cell.
        row : int
            The feature.
        value : object
            An attribute, or a geometry.
        """
        self.given.setdefault(column, {})[row] = value

    def frame(self) -> gpd.GeoDataFrame:
        """Return the merged state.

        Returns
        -------
        GeoDataFrame
            Typed, in the order of `Sides.ids`.
        """
        sides = self.sides
        rows = np.flatnonzero(self.present)
        columns: dict[str, Any] = {}
        for number, column in enumerate(sides.columns):
            arrays = [side[column] for side in sides.arrays]
            values = _taken(arrays, self.picks[number, rows], sides.at[:, rows])
            columns[column] = self._filled(column, values, rows)
        columns[GEOMETRY] = gpd.array.GeometryArray(columns[GEOMETRY], crs=STORE_CRS)
        return gpd.GeoDataFrame(columns, geometry=GEOMETRY, index=sides.ids[rows])

    def _filled(self, column: str, values: Any, rows: IntArray) -> Any:
        """Put the values from elsewhere in their places."""
        given = {row: value for row, value in self.given.get(column, {}).items() if self.present[row]}
        if not given:
            return values
        places = np.searchsorted(rows, np.fromiter(given, dtype=np.intp))
        values = values.copy()
        if column == GEOMETRY:
            for place, shape in zip(places.tolist(), given.values(), strict=True):
                values[place] = shape
            return values
        field = self.sides.definition.field(column)
        read = typed_column(field, pd.Series(list(given.values()), dtype=object), layer=self.sides.definition.id)
        values[places] = read.array
        return values

    def changed(self, side: int, *, columns: Collection[str] | None = None) -> Mask:
        """Tell which features are not as in a side, to the last bit.

        Parameters
        ----------
        side : int
            The side.
        columns : collection of str, optional
            Look at these only.

        Returns
        -------
        ndarray of bool, shape (ids,)
            Among them those that are only here or only there.
        """
        sides, present = self.sides, self.present
        there = sides.there[side]
        changed = np.asarray(present != there)
        looked = [name for name in sides.columns if columns is None or name in columns]
        numbers = [sides.columns.index(name) for name in looked]
        maybe = present & there & (self.picks[numbers] != side).any(axis=0)
        for name in looked:
            maybe[list(self.given.get(name, ()))] = True
        rows = np.flatnonzero(maybe & present & there)
        if not len(rows):
            return changed
        merged = self.frame()
        places = np.searchsorted(np.flatnonzero(present), rows)
        table = pd.DataFrame(merged)
        for column in looked:
            old = sides.values(column, side, rows)
            if column == GEOMETRY:
                new = np.asarray(merged.geometry.array, dtype=object)[places]
                differs = ~(shapely.equals_identical(new, old) | (shapely.is_missing(new) & shapely.is_missing(old)))
            else:
                differs = differing(table[column].array.take(places), old)
            changed[rows] |= differs
        return changed


def _arrays(frame: gpd.GeoDataFrame, columns: tuple[str, ...]) -> dict[str, Any]:
    table = pd.DataFrame(frame)
    shapes = np.asarray(frame.geometry.array, dtype=object)
    return {name: shapes if name == GEOMETRY else table[name].array for name in columns}


def _taken(arrays: Sequence[Any], picks: npt.NDArray[np.int8], at: IntArray) -> Any:
    """Take each value from the side that it comes from."""
    used = np.unique(picks)
    if len(used) < 2:
        side = int(used[0]) if len(used) else OURS
        return arrays[side].take(at[side])
    starts = np.cumsum([0, *(len(array) for array in arrays[:-1])])
    places = at[picks, np.arange(len(picks))] + starts[picks]
    if isinstance(arrays[OURS], np.ndarray):
        return np.concatenate(arrays)[places]
    return pd.concat([pd.Series(array) for array in arrays], ignore_index=True).array.take(places)
