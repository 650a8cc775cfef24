"""Files that are read without GDAL: each layer is made by a function, once, and handed on whole or in pieces."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd

from layers.formats.model import Fault, SourceFeatures, SourceLayer, placeless
from layers.spool import ShapeSpool
from layers.types import Text

__all__ = ["FrameFile", "Loaded", "apart"]

#: Column types by the names that GDAL has for them, for one way of telling them.
_TYPES: Final = (
    (pd.api.types.is_bool_dtype, "Integer"),
    (pd.api.types.is_integer_dtype, "Integer64"),
    (pd.api.types.is_numeric_dtype, "Real"),
    (pd.api.types.is_datetime64_any_dtype, "DateTime"),
)


class Loaded(NamedTuple):
    """One layer, read.

    Attributes
    ----------
    frame : GeoDataFrame
        Columns of the file and `geometry`.
    crs : str or None
        The CRS that the file states.
    spatial : bool
        Whether it has geometries at all.
    notes : tuple of Text
        What a reader should know.
    faults : tuple of Fault
        What is wrong with how it was written.
    """

    frame: gpd.GeoDataFrame
    crs: str | None
    spatial: bool = True
    notes: tuple[Text, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class FrameFile:
    """A file whose layers are read by functions of ours.

    Parameters
    ----------
    path : Path
        The file.
    driver : str
        The format's name.
    encoding : str
        Of its text.
    loaders : mapping of str to callable
        Layers by name.
    faults : tuple of Fault
        What is wrong with how the file was written.
    spoolers : mapping of str to callable
        The same layers by functions that put the geometries into a file, as far as there are such.
    """

    path: Path
    driver: str
    encoding: str
    loaders: Mapping[str, Callable[[], Loaded]]
    faults: tuple[Fault, ...] = ()
    spoolers: Mapping[str, Callable[[ShapeSpool], Loaded]] = field(default_factory=dict)
    _read: dict[str, Loaded] = field(default_factory=dict, init=False)

    def names(self) -> list[str]:
        """Return the names of its layers.

        Returns
        -------
        list of str
            In the file's order.
        """
        return list(self.loaders)

    def describe(self, name: str) -> SourceLayer:
        """Return what one layer holds.

        Parameters
        ----------
        name : str
            The layer.

        Returns
        -------
        SourceLayer
            Its fields, count and CRS.
        """
        loaded = self._load(name)
        frame = loaded.frame
        kinds = sorted(set(frame.geom_type.dropna()))
        geometry = (kinds[0] if len(kinds) == 1 else "Unknown") if loaded.spatial else None
        columns = [column for column in frame.columns if column != frame.geometry.name]
        fields = tuple((str(column), _type_of(frame[column])) for column in columns)
        return SourceLayer(name, geometry, len(frame), loaded.crs, fields)

    def read(self, name: str) -> SourceFeatures:
        """Return every feature of a layer.

        Parameters
        ----------
        name : str
            The layer.

        Returns
        -------
        SourceFeatures
            All of it.
        """
        return self._features(name, self._load(name).frame)

    def spool(self, name: str, spool: ShapeSpool) -> SourceFeatures:
        """Return every feature of a layer, its geometries in a file.

        Parameters
        ----------
        name : str
            The layer.
        spool : ShapeSpool
            An empty one, which takes the geometries.

        Returns
        -------
        SourceFeatures
            The rest of it; all of it where the format is read as a whole.
        """
        if name not in self.spoolers:
            return self.read(name)
        loaded = self.spoolers[name](spool)
        features = self._features(name, loaded.frame, loaded)
        return replace(features, shapes=spool if loaded.spatial else None)

    def batches(self, name: str, rows: int) -> Iterator[SourceFeatures]:
        """Return the features of a layer, so many at a time.

        Parameters
        ----------
        name : str
            The layer.
        rows : int
            Features a batch, at most.

        Yields
        ------
        SourceFeatures
            The next features.
        """
        frame = self._load(name).frame
        for start in range(0, len(frame), rows):
            yield self._features(name, frame.iloc[start : start + rows])

    def _load(self, name: str) -> Loaded:
        if name not in self._read:
            self._read[name] = self.loaders[name]()
        return self._read[name]

    def _features(self, name: str, frame: gpd.GeoDataFrame, loaded: Loaded | None = None) -> SourceFeatures:
        loaded = loaded or self._load(name)
        return SourceFeatures(
            frame=frame.rename_axis(index="fid"),
            crs=loaded.crs,
            path=self.path,
            driver=self.driver,
            layer=name,
            spatial=loaded.spatial,
            encoding=self.encoding,
            notes=loaded.notes,
            faults=(*self.faults, *loaded.faults),
        )


def apart(loaded: Loaded, spool: ShapeSpool) -> Loaded:
    """Put the geometries of what was read into a file.

    Parameters
    ----------
    loaded : Loaded
        One layer.
    spool : ShapeSpool
        An empty one.

    Returns
    -------
    Loaded
        The rest of it.
    """
    if not loaded.spatial:
        return loaded
    spool.append(np.asarray(loaded.frame.geometry.array))
    return loaded._replace(frame=placeless(loaded.frame.drop(columns=loaded.frame.geometry.name)))


def _type_of(values: pd.Series[Any]) -> str:
    return next((name for fits, name in _TYPES if fits(values.dtype)), "String")
