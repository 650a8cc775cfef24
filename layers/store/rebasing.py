"""Changes that were made on an older state, as they look on the newest one: cell by cell, so that nothing is lost."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from layers.definitions import LayerDefinition

__all__ = ["rebased"]


def rebased(
    definition: LayerDefinition, base: gpd.GeoDataFrame, now: gpd.GeoDataFrame, changed: gpd.GeoDataFrame
) -> gpd.GeoDataFrame:
    """Return changed features with the values of now where the change left those of the base alone.

    Where both changed a value, that of the change is shown; deciding it is for a merge.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    base : GeoDataFrame
        The features that the change was made on; all in the typed form.
    now : GeoDataFrame
        The same features as they are now.
    changed : GeoDataFrame
        The features as the change makes them.

    Returns
    -------
    GeoDataFrame
        As many as `changed`, in its order; a feature that is missing in `base` or `now` stays as it is.
    """
    ids = changed.index.intersection(base.index).intersection(now.index, sort=False)
    if ids.empty:
        return changed
    rows = changed.index.get_indexer(ids)
    before, current, mine = base.loc[ids], now.loc[ids], changed.loc[ids]
    columns: dict[str, Any] = {}
    for field in definition.all_fields:
        old, new = before[field.name], mine[field.name]
        kept = ((old == new).fillna(value=False) | (old.isna() & new.isna())).to_numpy(dtype=bool)
        values = changed[field.name].copy()
        values.iloc[rows[kept]] = current[field.name][kept].to_numpy()
        columns[field.name] = values
    shapes = np.array(changed.geometry.array, dtype=object)
    old_shapes, new_shapes = (np.asarray(one.geometry.array, dtype=object) for one in (before, mine))
    same = shapely.equals_identical(old_shapes, new_shapes)
    same |= shapely.is_missing(old_shapes) & shapely.is_missing(new_shapes)
    shapes[rows[same]] = np.asarray(current.geometry.array, dtype=object)[same]
    return gpd.GeoDataFrame(pd.DataFrame(columns, index=changed.index), geometry=shapes, crs=changed.crs)
