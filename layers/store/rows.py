"""Between rows of a database and features: whole columns at a time, never a row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import orjson
import pandas as pd
import pyarrow as pa
import shapely

from layers.coercion import DTYPES
from layers.definitions import ID_FIELD, STORE_CRS, FieldType, LayerDefinition

__all__ = ["Rows", "attribute_columns", "changed", "features_from_columns", "features_from_history", "json_rows"]


def attribute_columns(definition: LayerDefinition, features: gpd.GeoDataFrame) -> dict[str, list[Any]]:
    """Return features' attributes as columns of plain Python values.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    features : GeoDataFrame
        In the typed form.

    Returns
    -------
    dict of str to list
        None where missing; dates as `datetime.date`.
    """
    # A plain frame hands out columns several times faster than a GeoDataFrame, which looks for geometry in each.
    table = pd.DataFrame(features)
    return {field.name: _plain(field.type, table[field.name].array) for field in definition.all_fields}


def _plain(type_: FieldType, values: Any) -> list[Any]:
    if bool(values.isna().all()):
        return [None] * len(values)
    if type_ == "date":
        return list(np.asarray(values, dtype="datetime64[D]").tolist())
    if type_ == "number":
        plain = np.asarray(values, dtype=object)
        plain[np.isnan(np.asarray(values, dtype="float64"))] = None
        return list(plain.tolist())
    if type_ == "text":
        return list(pa.array(values, type=pa.large_string()).to_pylist())
    return list(values.to_numpy(dtype=object, na_value=None).tolist())


def json_rows(columns: Mapping[str, Sequence[Any]], count: int) -> list[str]:
    """Return each row as a JSON object of the attributes that are known.

    Parameters
    ----------
    columns : mapping of str to sequence
        Python values, None where missing.
    count : int
        Number of rows.

    Returns
    -------
    list of str
        One JSON object a row; missing attributes are left out.
    """
    missing = {name: list(values).count(None) for name, values in columns.items()}
    known = {name: values for name, values in columns.items() if missing[name] < count}
    if not known:
        return ["{}"] * count
    names, rows = tuple(known), zip(*known.values(), strict=True)
    if not any(missing[name] for name in known):
        return [orjson.dumps(dict(zip(names, row, strict=True))).decode() for row in rows]
    return [
        orjson.dumps({name: value for name, value in zip(names, row, strict=True) if value is not None}).decode()
        for row in rows
    ]


def _series(type_: FieldType, values: Sequence[Any], index: pd.Index[Any]) -> pd.Series[Any]:
    if type_ == "number":
        return pd.Series(np.array(values, dtype="float64"), index=index)
    if type_ == "date":
        days = np.array(values, dtype="datetime64[D]").astype("datetime64[s]")
        return pd.Series(days, index=index)
    if type_ == "boolean":
        flags = [None if value is None else bool(value) for value in values]
        return pd.Series(pd.array(flags, dtype="boolean"), index=index)
    return pd.Series(list(values), index=index, dtype=DTYPES[type_])


def features_from_columns(
    definition: LayerDefinition,
    ids: Sequence[str],
    columns: Mapping[str, Sequence[Any]],
    wkb: Sequence[bytes | None] | None,
) -> gpd.GeoDataFrame:
    """Return features from columns of plain values.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    ids : sequence of str
        Feature ids.
    columns : mapping of str to sequence
        One entry a field; dates as ISO text or `datetime.date`.
    wkb : sequence of bytes or None
        Geometries in EPSG:4326; None for a layer of attributes only.

    Returns
    -------
    GeoDataFrame
        In the typed form.
    """
    index: pd.Index[Any] = pd.Index(list(ids), dtype="str", name=ID_FIELD)
    series = {field.name: _series(field.type, columns[field.name], index) for field in definition.all_fields}
    geometry = shapely.from_wkb(np.array(wkb if wkb is not None else [None] * len(index), dtype=object))
    return gpd.GeoDataFrame(series, geometry=geometry, index=index, crs=STORE_CRS)


def features_from_history(
    definition: LayerDefinition, ids: Sequence[str], attributes: Sequence[Any], wkb: Sequence[bytes | None]
) -> gpd.GeoDataFrame:
    """Return features from history rows.

    Parameters
    ----------
    definition : LayerDefinition
        The layer as it is today; an attribute it has gained since is missing.
    ids : sequence of str
        Feature ids.
    attributes : sequence of str or dict
        JSON objects, as text or already parsed.
    wkb : sequence of bytes or None
        Geometries in EPSG:4326.

    Returns
    -------
    GeoDataFrame
        In the typed form.
    """
    parsed = [orjson.loads(entry) if isinstance(entry, str) else entry for entry in attributes]
    columns = {field.name: [entry.get(field.name) for entry in parsed] for field in definition.all_fields}
    return features_from_columns(definition, ids, columns, wkb)


def changed(
    old: Mapping[str, Sequence[Any]],
    new: Mapping[str, Sequence[Any]],
    old_wkb: Sequence[bytes | None],
    new_geometry: npt.NDArray[np.object_],
) -> npt.NDArray[np.bool_]:
    """Return which features differ from their old state, in any attribute or any coordinate.

    Parameters
    ----------
    old, new : mapping of str to sequence
        The same attributes of the same features in the same order, as plain values; dates as `datetime.date` or ISO
        text.
    old_wkb : sequence of bytes or None
        Old geometries.
    new_geometry : ndarray of shapely geometry or None
        New geometries.

    Returns
    -------
    ndarray of bool, shape (features,)
        True where something changed.
    """
    old_geometry = shapely.from_wkb(np.array(old_wkb, dtype=object))
    differs = ~shapely.equals_identical(old_geometry, new_geometry)
    differs &= ~(shapely.is_missing(old_geometry) & shapely.is_missing(new_geometry))
    for name, values in new.items():
        pairs = zip(old[name], values, strict=True)
        differs |= np.fromiter((_iso(a) != _iso(b) for a, b in pairs), dtype=bool, count=len(values))
    return np.asarray(differs, dtype=bool)


def _iso(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


class Rows(NamedTuple):
    """Rows of one layer as whole columns.

    Attributes
    ----------
    fids : sequence of int
        Keys, ascending.
    ids : sequence of str
        Feature ids.
    columns : mapping of str to sequence
        Attributes as the driver gives them.
    wkb : sequence of bytes or None
        Geometries in EPSG:4326.
    """

    fids: Sequence[int]
    ids: Sequence[str]
    columns: Mapping[str, Sequence[Any]]
    wkb: Sequence[bytes | None]

    def features(self, definition: LayerDefinition) -> gpd.GeoDataFrame:
        """Return the rows as features.

        Parameters
        ----------
        definition : LayerDefinition
            The layer.

        Returns
        -------
        GeoDataFrame
            In the typed form.
        """
        return features_from_columns(definition, self.ids, self.columns, self.wkb)

    @classmethod
    def joined(cls, definition: LayerDefinition, parts: Sequence[Rows], *, limit: int | None = None) -> Rows:
        """Return rows of several parts of a state as one, in the order of ids; those of one part as they are.

        Parameters
        ----------
        definition : LayerDefinition
            The layer.
        parts : sequence of Rows
            No feature is in two of them.
        limit : int or None
            At most so many rows.

        Returns
        -------
        Rows
            All of them, or the first.
        """
        if len(parts) == 1:
            return parts[0]
        ids = [id_ for part in parts for id_ in part.ids]
        order = sorted(range(len(ids)), key=ids.__getitem__)[:limit]
        names = [field.name for field in definition.all_fields]
        columns = {name: [value for part in parts for value in part.columns[name]] for name in names}
        fids = [fid for part in parts for fid in part.fids]
        wkb = [shape for part in parts for shape in part.wkb]
        return cls(
            [fids[place] for place in order],
            [ids[place] for place in order],
            {name: [values[place] for place in order] for name, values in columns.items()},
            [wkb[place] for place in order],
        )
