"""Whether ids and columns are what the layer's definition wants: one vectorised pass a column."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

import geopandas as gpd
import numpy as np
import pandas as pd

from layers.coercion import WANTED, Coerced, coerce
from layers.definitions import ID_FIELD, Field, LayerDefinition
from layers.types import Text
from layers.validation.model import Issue, Mask, Rows

__all__ = ["check_columns", "check_ids", "read_columns"]

_NOTHING: Final = Text(vi="để trống", en="nothing")


def check_ids(definition: LayerDefinition, ids: pd.Index) -> Iterator[Issue]:
    """Yield what is wrong with the ids of features.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    ids : Index
        Ids as they stand.

    Yields
    ------
    Issue
        What breaks the definition.
    """
    rows = Rows(definition.id, ids)
    missing = np.asarray(ids.isna())
    text = _is_text(ids)
    blank = np.zeros(len(ids), dtype=bool)
    blank[text] = np.asarray(pd.Series(ids[text], dtype="str").str.strip() == "", dtype=bool)
    wanted = Text(vi="mã bằng văn bản, duy nhất trong lớp", en="a text id, unique in the layer")

    def seen(row: int) -> object:
        return _NOTHING if missing[row] else ids[row]

    yield from rows.issues(missing | blank, "id-missing", seen=seen, wanted=wanted, field=ID_FIELD)
    yield from rows.issues(~text & ~missing, "id-type", seen=seen, wanted=wanted, field=ID_FIELD)
    # An index would keep the table of its labels, as large as they are.
    repeated = np.asarray(pd.Series(ids.array).duplicated()) & ~missing
    yield from rows.issues(repeated, "id-duplicate", seen=seen, wanted=wanted, field=ID_FIELD)


def _is_text(ids: pd.Index) -> Mask:
    """Mark the ids that are text."""
    if isinstance(ids.dtype, pd.StringDtype):
        return ~np.asarray(ids.isna())
    if ids.dtype != object:
        return np.zeros(len(ids), dtype=bool)
    return np.fromiter((isinstance(value, str) for value in ids), dtype=bool, count=len(ids))


def read_columns(definition: LayerDefinition, features: pd.DataFrame) -> dict[str, Coerced]:
    """Read the columns of features, once, as the types of their fields.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    features : DataFrame
        Typed, or with raw columns of a file.

    Returns
    -------
    dict of str to Coerced
        By name, for the fields that have a column.
    """
    # A plain frame hands out columns several times faster than a GeoDataFrame, which looks for geometry in each.
    table = pd.DataFrame(features)
    return {
        field.name: coerce(field, table[field.name]) for field in definition.all_fields if field.name in table.columns
    }


def check_columns(
    definition: LayerDefinition, features: gpd.GeoDataFrame, read: Mapping[str, Coerced]
) -> Iterator[Issue]:
    """Yield what is wrong with the columns of features.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    features : GeoDataFrame
        Typed, or with raw columns of a file.
    read : mapping of str to Coerced
        The same columns as `read_columns` returns them.

    Yields
    ------
    Issue
        What breaks the definition.
    """
    rows = Rows(definition.id, features.index)
    known = {field.name: field for field in definition.all_fields}
    geometry = features.active_geometry_name
    for name in features.columns:
        if name not in known and name != geometry:
            yield Issue("field-unknown", definition.id, None, None, str(name), str(name), ", ".join(known))
    table = pd.DataFrame(features)
    for field in definition.all_fields:
        if field.name in read:
            yield from _check_column(rows, field, table, read[field.name])
        elif field.required and len(features):
            wanted = Text(vi="cột này với giá trị ở mọi dòng", en="this column with a value in every row")
            absent = Text(vi="không có cột", en="no such column")
            yield Issue("field-required", definition.id, None, None, field.name, absent, wanted)
    if {"valid_from", "valid_to"} <= read.keys():
        start, end = (read[name].values.to_numpy() for name in ("valid_from", "valid_to"))
        yield from rows.issues(
            np.asarray(end < start),
            "time-order",
            seen=lambda row: f"{start[row].astype('datetime64[D]')}..{end[row].astype('datetime64[D]')}",
            wanted=Text(vi="valid_to không trước valid_from", en="valid_to not before valid_from"),
            field="valid_to",
        )


def _check_column(rows: Rows, field: Field, table: pd.DataFrame, read: Coerced) -> Iterator[Issue]:
    values, refused = read

    def seen(row: int) -> object:
        column = table[field.name]
        return _NOTHING if column.isna().iloc[row] else column.iloc[row]

    yield from rows.issues(refused, "field-type", seen=seen, wanted=WANTED[field.type], field=field.name)
    if field.required:
        wanted = Text(vi="một giá trị", en="a value")
        missing = np.asarray(values.isna()) & ~refused
        if field.type == "text" and not missing.all():
            missing |= np.asarray(values.str.strip() == "", dtype=bool)
        yield from rows.issues(missing, "field-required", seen=seen, wanted=wanted, field=field.name)
    if field.codes:
        codes = [code.value for code in field.codes]
        outside = ~np.asarray(values.isin(codes)) & ~np.asarray(values.isna())
        yield from rows.issues(outside, "field-code", seen=seen, wanted=", ".join(codes), field=field.name)
    if field.minimum is None and field.maximum is None:
        return
    numbers = values.to_numpy(dtype="float64", na_value=np.nan)
    if field.minimum is not None:
        wanted = Text(vi=f"ít nhất {field.minimum:g}", en=f"at least {field.minimum:g}")
        yield from rows.issues(numbers < field.minimum, "field-minimum", seen=seen, wanted=wanted, field=field.name)
    if field.maximum is not None:
        wanted = Text(vi=f"nhiều nhất {field.maximum:g}", en=f"at most {field.maximum:g}")
        yield from rows.issues(numbers > field.maximum, "field-maximum", seen=seen, wanted=wanted, field=field.name)
