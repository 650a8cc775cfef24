"""The files that rivals load: the same features as other programs write them, with real dates, numbers and flags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyogrio.raw
import shapely

from layers.definitions import STORE_CRS

__all__ = ["write_source"]


def write_source(features: gpd.GeoDataFrame, path: Path, *, layer: str) -> None:
    """Write features to a FlatGeobuf or GeoPackage file, by its suffix."""
    attributes = features.drop(columns=features.geometry.name).reset_index()
    columns = [_column(attributes[name]) for name in attributes.columns]
    gpkg = path.suffix == ".gpkg"
    pyogrio.raw.write(
        path,
        geometry=shapely.to_wkb(features.geometry.to_numpy()),
        field_data=[values for values, _ in columns],
        field_mask=[missing for _, missing in columns],
        fields=attributes.columns.to_numpy(dtype=object),
        layer=layer,
        driver="GPKG" if gpkg else "FlatGeobuf",
        geometry_type="LineString",
        crs=STORE_CRS,
        # The version that an older ogr2ogr reads without a warning.
        dataset_options={"VERSION": "1.3"} if gpkg else None,
        layer_options={"SPATIAL_INDEX": "NO"},
    )


def _column(values: pd.Series[Any]) -> tuple[npt.NDArray[Any], npt.NDArray[np.bool_] | None]:
    """Return a column as GDAL takes it, and where it is missing if its own type cannot say so."""
    missing = values.isna().to_numpy()
    if pd.api.types.is_datetime64_any_dtype(values.dtype):
        return values.to_numpy().astype("datetime64[D]"), None
    if values.dtype == "Int64":
        return values.to_numpy(dtype="int64", na_value=0), missing
    if values.dtype == "boolean":
        return values.to_numpy(dtype="bool", na_value=False), missing
    if values.dtype == "float64":
        return values.to_numpy(), None
    return values.astype(object).where(~missing, None).to_numpy(), None
