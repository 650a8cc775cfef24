"""What a rival on one engine has to offer, and how its rows are made: plain SQL, as a careful programmer writes it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from layers.definitions import ID_FIELD
from layers.types import Bounds

__all__ = ["TABLE", "Rival", "column_types", "plain_columns"]

TABLE = "roads"


class Rival(Protocol):
    """One engine by itself, without Parkplan."""

    engine: str
    sql: str
    frames: str
    #: Whether `fetch` looks at the geometries themselves, and not only at their boxes.
    exact: bool

    def close(self) -> None:
        """Remove what lies outside the work folder, and close what is open."""

    def new_store(self) -> str:
        """Address of a store that does not exist yet."""

    def load_ogr(self, source: str) -> None:
        """Load a file with ogr2ogr into a new place, with a spatial index."""

    def loaded_by_ogr(self) -> tuple[int, Bounds]:
        """Number and bounds of what ogr2ogr loaded last."""

    def load_sql(self, features: gpd.GeoDataFrame) -> None:
        """Load features with plain SQL into a new place, with a spatial index."""

    def loaded_by_sql(self) -> tuple[int, Bounds]:
        """Number and bounds of what plain SQL loaded last."""

    def change(self, feature_id: str, name: str) -> None:
        """Set one name and note the change in a history table, as one durable transaction."""

    def name_of(self, feature_id: str) -> str:
        """The name as it stands."""

    def fetch(self, bbox: Bounds, limit: int) -> Sequence[tuple[Any, ...]]:
        """Whole rows in a box in the order of their keys, the id of each in the second place."""

    def frame(self, bbox: Bounds, limit: int) -> gpd.GeoDataFrame:
        """Features in a box as a GeoDataFrame, ids in the column `feature_id`."""


def plain_columns(features: gpd.GeoDataFrame, *, iso_dates: bool) -> dict[str, list[Any]]:
    """Attributes as lists of Python values, with the ids; None where missing."""
    columns: dict[str, list[Any]] = {ID_FIELD: features.index.tolist()}
    for name in features.columns.drop(features.geometry.name):
        values = features[name]
        if pd.api.types.is_datetime64_any_dtype(values.dtype):
            days: npt.NDArray[np.datetime64] = values.to_numpy().astype("datetime64[D]")
            plain = days.tolist()
            columns[name] = [day and day.isoformat() for day in plain] if iso_dates else plain
        else:
            columns[name] = values.astype(object).where(values.notna(), None).tolist()
    return columns


def column_types(features: gpd.GeoDataFrame, *, real: str, integer: str) -> dict[str, str]:
    """SQL type of each attribute column."""
    kinds = {"float64": real, "Int64": integer, "boolean": "BOOLEAN", "datetime64[s]": "DATE"}
    return {name: kinds.get(str(features[name].dtype), "TEXT") for name in features.columns.drop("geometry")}
