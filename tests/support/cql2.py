"""The standard's own data in a store, and what a filter finds there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import shapely
import sqlalchemy as sa

from layers.cql2 import Filter, condition, parse_filter
from layers.definitions import Field, FieldType, LayerDefinition
from layers.schema import typed
from layers.store import Put, Store
from layers.types import Text

__all__ = ["LAYERS", "find", "found", "load"]

LAYERS = ("ne_110m_admin_0_countries", "ne_110m_populated_places_simple", "ne_110m_rivers_lake_centerlines")


def define(layer: str, frame: gpd.GeoDataFrame) -> LayerDefinition:
    """A layer with the columns of a frame."""
    kinds: dict[str, FieldType] = {"int64": "integer", "float64": "number", "bool": "boolean", "datetime64[ms]": "date"}
    fields = [
        Field(name=name, type=kinds.get(str(frame[name].dtype), "text"), title=Text(vi=name, en=name))
        for name in frame.columns
        if name != "geometry"
    ]
    geometry = ("Point", "LineString", "Polygon", "MultiPolygon")
    title = Text(vi=layer, en=layer)
    return LayerDefinition(id=layer, title=title, theme="reference", geometry=geometry, fields=tuple(fields))


def load(store: Store, path: Path) -> None:
    """Put the standard's data into a store; moments as text in the form of RFC 3339."""
    for layer in LAYERS:
        frame = gpd.read_file(path, layer=layer).rename(columns=str.lower)
        for name in {"start", "end"} & set(frame.columns):
            frame[name] = frame[name].dt.strftime("%Y-%m-%dT%H:%M:%SZ")
        if "boolean" in frame:
            frame["boolean"] = frame["boolean"].map({1.0: True, 0.0: False}).astype("boolean")
        # One vertex of Russia lies a ten-billionth of a degree beyond 180.
        frame.geometry = shapely.transform(frame.geometry.array, lambda xy: np.clip(xy, [-180, -90], [180, 90]))
        frame.index = frame.index.map("f{}".format)
        definition = define(layer, frame)
        if "boolean" in frame:
            fields = [
                field.model_copy(update={"type": "boolean"}) if field.name == "boolean" else field
                for field in definition.fields
            ]
            definition = definition.model_copy(update={"fields": tuple(fields)})
        store.add_layer(definition)
        store.commit([Put(layer, typed(definition, frame))], author="Kiểm thử", message="Nạp")


def found(store: Store, asked: Filter) -> set[str]:
    """The ids of the features that a filter finds."""
    core = store._core
    definition = store.definition(asked.layer)
    table = core.table(definition)
    wanted = condition(asked, definition, table, core.engine)
    with core.reading() as connection:
        return set(connection.execute(sa.select(table.c.feature_id).where(wanted)).scalars())


def find(store: Store, layer: str, text: str, **options: Any) -> set[str]:
    """The ids of the features that the text of a filter finds."""
    return found(store, parse_filter(text, definition=store.definition(layer), **options))
