"""One layer as a review sees it: in metres, in order of its ids, with what its geometry is good for."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis.overlay import SQUARE_METRES_PER_HECTARE, BoolArray, FloatArray, GeometryArray
from layers.definitions import LayerDefinition
from layers.errors import UnknownFieldError
from layers.types import Language, Text

__all__ = ["INDICATIVE", "Layer", "StrArray"]

StrArray = np.ndarray[Any, np.dtype[np.object_]]

#: How a geometry may have been made so that it shows where something is, but not how far it reaches.
INDICATIVE: Final = ("label", "schematic", "unknown")
#: A published outline shows the place; the published area is the better measure of its size.
_SIZED_BY_AREA: Final = (*INDICATIVE, "published")


@dataclass(frozen=True, eq=False)
class Layer:
    """One layer at the horizon, ready to be measured.

    Attributes
    ----------
    id : str
        Its id.
    frame : GeoDataFrame
        Its features, EPSG:4326, in order of their ids.
    geometry : ndarray of geometry, shape (n,)
        Mended, in the metric CRS; None where unknown.
    definition : LayerDefinition or None
        Titles of fields and codes, if the layer is defined.
    """

    id: str
    frame: gpd.GeoDataFrame
    geometry: GeometryArray
    definition: LayerDefinition | None = None
    _texts: dict[str, StrArray] = field(default_factory=dict, repr=False)

    @cached_property
    def ids(self) -> StrArray:
        """Feature ids, text."""
        return np.array([str(value) for value in self.frame.index], dtype=object)

    @cached_property
    def areal(self) -> BoolArray:
        """Which features have an area."""
        return np.isin(shapely.get_type_id(self.geometry), (3, 6))

    @cached_property
    def located(self) -> BoolArray:
        """Which features have a geometry."""
        return ~shapely.is_missing(self.geometry)

    @cached_property
    def indicative(self) -> BoolArray:
        """Which geometries only show the place: sketches, label points, or of unknown making."""
        return self._position_in(INDICATIVE) & self.located

    def _position_in(self, codes: tuple[str, ...]) -> BoolArray:
        if "position" not in self.frame.columns:
            return np.zeros(len(self.frame), dtype=bool)
        return np.asarray(self.frame["position"].isin(codes), dtype=bool)

    @cached_property
    def area_ha(self) -> FloatArray:
        """Hectares: as drawn where the outline is surveyed or digitised, else as declared; NaN where unknown."""
        drawn = np.where(self.areal, shapely.area(self.geometry) / SQUARE_METRES_PER_HECTARE, np.nan)
        sketched = self._position_in(INDICATIVE)
        declared = self.numbers("area_ha") if "area_ha" in self.frame.columns else np.full(len(drawn), np.nan)
        by_area = self._position_in(_SIZED_BY_AREA) & ~np.isnan(declared)
        size = np.where(by_area | np.isnan(drawn), declared, drawn)
        return np.where(sketched & ~by_area, np.nan, size).astype(np.float64)

    def numbers(self, name: str) -> FloatArray:
        """Return a field as numbers.

        Parameters
        ----------
        name : str
            A field.

        Returns
        -------
        ndarray of float, shape (n,)
            NaN where it is empty or no number.

        Raises
        ------
        UnknownFieldError
            If the layer has no such column.
        """
        values = pd.to_numeric(self.column(name), errors="coerce").astype("Float64")
        return np.array(values.to_numpy(dtype="float64", na_value=np.nan), dtype=np.float64)

    def texts(self, name: str) -> StrArray:
        """Return a field as text.

        Parameters
        ----------
        name : str
            A field.

        Returns
        -------
        ndarray of str, shape (n,)
            Stripped; empty where unknown; read-only.

        Raises
        ------
        UnknownFieldError
            If the layer has no such column.
        """
        if name not in self._texts:
            values = self.column(name).astype("str").fillna("").str.strip().to_numpy(dtype=object)
            values.flags.writeable = False
            self._texts[name] = values
        return self._texts[name]

    def column(self, name: str) -> pd.Series[Any]:
        """Return a field as it is.

        Parameters
        ----------
        name : str
            A field.

        Returns
        -------
        Series
            Its values.

        Raises
        ------
        UnknownFieldError
            If the layer has no such column.
        """
        if name not in self.frame.columns or name == self.frame.geometry.name:
            known = [str(column) for column in self.frame.columns if column != self.frame.geometry.name]
            raise UnknownFieldError(seen=name, wanted=", ".join(known), where=self.id)
        values: pd.Series[Any] = self.frame[name]
        return values

    def title(self, language: Language) -> str:
        """Return what to call the layer.

        Parameters
        ----------
        language : {"vi", "en"}
            The reader's language.

        Returns
        -------
        str
            Its title, or its id if it is not defined.
        """
        return self.definition.title.say(language) if self.definition else self.id

    def field_title(self, name: str) -> Text:
        """Return what to call a field.

        Parameters
        ----------
        name : str
            A field.

        Returns
        -------
        Text
            Its title, or its name if it is not defined.
        """
        for entry in self.definition.all_fields if self.definition else ():
            if entry.name == name:
                return entry.title
        return Text(vi=name, en=name)

    def code_title(self, name: str, value: object) -> Text:
        """Return what to call a value of a coded field.

        Parameters
        ----------
        name : str
            A field.
        value : object
            One of its codes.

        Returns
        -------
        Text
            The title of the code, or the value itself.
        """
        for entry in self.definition.all_fields if self.definition else ():
            for code in entry.codes if entry.name == name else ():
                if code.value == value:
                    return code.title
        return Text(vi=str(value), en=str(value))

    @cached_property
    def names(self) -> dict[Language, StrArray]:
        """What to call each feature, by language: its label, the label in the other language, or its id."""
        label = self.definition.label if self.definition else None
        fields = ("name_vi", "name_en", "name") if label is None else (label.vi, label.en)
        columns = [self.texts(name) for name in dict.fromkeys(fields) if name in self.frame.columns]
        ordered: dict[Language, list[StrArray]] = {"vi": columns, "en": [*columns[1:2], *columns[:1], *columns[2:]]}
        return {language: _first_filled([*choice, self.ids]) for language, choice in ordered.items()}


def _first_filled(columns: list[StrArray]) -> StrArray:
    result = columns[-1]
    for column in reversed(columns[:-1]):
        result = np.where(column != "", column, result)
    return result
