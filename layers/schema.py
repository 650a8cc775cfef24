"""What follows from a layer definition: the typed frame, JSON Schema, queryables, legend and reference page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import pandas as pd

from layers.coercion import DTYPES, WANTED, coerce
from layers.definitions import COMMON_FIELDS, ID_FIELD, STORE_CRS, Field, FieldType, GeometryType, LayerDefinition
from layers.errors import CrsError, ValueOutOfRangeError
from layers.types import Language, Text

__all__ = [
    "LegendEntry",
    "common_queryables",
    "empty_features",
    "framed",
    "json_schema",
    "legend",
    "queryables",
    "reference_page",
    "sortables",
    "typed",
    "typed_column",
]

JsonObject = dict[str, Any]

_JSON_TYPES: Final[dict[FieldType, JsonObject]] = {
    "text": {"type": "string"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
}


class LegendEntry(NamedTuple):
    """One line of a legend.

    Attributes
    ----------
    value : str or None
        The code drawn so; None for the whole layer, or for features without a code.
    title : Text
        What the line says.
    color : str
        ``#rrggbb``.
    """

    value: str | None
    title: Text
    color: str


def typed_column(field: Field, values: pd.Series[Any], *, layer: str) -> pd.Series[Any]:
    """Return one column in the dtype of its field.

    Parameters
    ----------
    field : Field
        The field.
    values : Series
        Values as a file or a program gave them.
    layer : str
        Named in an error.

    Returns
    -------
    Series
        The same index; missing values stay missing.

    Raises
    ------
    ValueOutOfRangeError
        If a value does not mean the field's type, such as 3.5 for a whole number.
    """
    if str(values.dtype) == DTYPES[field.type]:
        return values
    column, refused = coerce(field, values)
    if refused.any():
        first = int(refused.argmax())
        raise ValueOutOfRangeError(
            seen=values.iloc[first], wanted=WANTED[field.type], where=f"{layer}.{field.name} [{values.index[first]}]"
        )
    return column


def typed(definition: LayerDefinition, features: pd.DataFrame) -> gpd.GeoDataFrame:
    """Return features in the one form that every part of Parkplan hands on.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    features : DataFrame or GeoDataFrame
        Any subset of the layer's fields as columns, feature ids in the index (or in a column `feature_id`), a geometry
        column in WGS 84 or none.

    Returns
    -------
    GeoDataFrame
        Index `feature_id` (text); the layer's fields and the common ones in their order and dtype; geometry, None
        where unknown; CRS EPSG:4326. Unknown columns are kept behind them, for validation to name.

    Raises
    ------
    ValueOutOfRangeError
        If a value does not mean its field's type.
    CrsError
        If the geometry is in another CRS than EPSG:4326.
    """
    if ID_FIELD in features.columns:
        features = features.set_index(ID_FIELD)
    # A plain frame hands out columns several times faster than a GeoDataFrame, which looks for geometry in each.
    table = pd.DataFrame(features)
    columns = {
        field.name: typed_column(field, table[field.name], layer=definition.id)
        for field in definition.all_fields
        if field.name in table.columns
    }
    return framed(definition, features, columns)


def framed(
    definition: LayerDefinition, features: pd.DataFrame, columns: Mapping[str, pd.Series[Any]]
) -> gpd.GeoDataFrame:
    """Return the typed form of features whose columns were read already.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    features : DataFrame or GeoDataFrame
        Ids in the index, a geometry column in WGS 84 or none, perhaps unknown columns.
    columns : mapping of str to Series
        Values of the layer's fields, each in the dtype of its type; a field without them is missing everywhere.

    Returns
    -------
    GeoDataFrame
        As by `typed`; it shares no memory with what was given.

    Raises
    ------
    CrsError
        If the geometry is in another CRS than EPSG:4326.
    """
    index = pd.Index(features.index.astype("str"), name=ID_FIELD)
    # Arrays without an index: aligning dozens of Series costs more than all the rest of a small commit.
    arrays: dict[str, Any] = {
        field.name: columns[field.name].array if field.name in columns else _missing(field.type, len(index))
        for field in definition.all_fields
    }
    name = features.active_geometry_name if _has_geometry(features) else None
    for extra in features.columns:
        if extra not in arrays and extra not in (name, "geometry"):
            arrays[str(extra)] = features[extra].array
    # As one column among the others: given apart, geometries cost a second frame.
    arrays["geometry"] = gpd.array.GeometryArray(_geometry(definition, features), crs=STORE_CRS)
    return gpd.GeoDataFrame(arrays, geometry="geometry", index=index)


def _missing(type_: FieldType, count: int) -> Any:
    if type_ == "number":
        return np.full(count, np.nan)
    if type_ == "date":
        return np.full(count, np.datetime64("NaT", "s"))
    return pd.Series([None] * count, dtype=DTYPES[type_]).array


def _has_geometry(features: pd.DataFrame) -> bool:
    return isinstance(features, gpd.GeoDataFrame) and features.active_geometry_name is not None


def _geometry(definition: LayerDefinition, features: pd.DataFrame) -> npt.NDArray[np.object_]:
    if not _has_geometry(features):
        return np.full(len(features), None, dtype=object)
    geometry = features.geometry
    if geometry.crs is None and bool(geometry.notna().any()):
        raise CrsError(seen=Text(vi="không có", en="missing"), wanted=STORE_CRS, where=definition.id)
    if geometry.crs is not None and geometry.crs != STORE_CRS:
        raise CrsError(seen=geometry.crs.to_string(), wanted=STORE_CRS, where=definition.id)
    return np.array(geometry.to_numpy(), dtype=object)


def empty_features(definition: LayerDefinition) -> gpd.GeoDataFrame:
    """Return a layer without features, in the typed form.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.

    Returns
    -------
    GeoDataFrame
        No rows, every column.
    """
    return typed(definition, pd.DataFrame(index=pd.Index([], dtype="str")))


def _field_schema(field: Field, language: Language) -> JsonObject:
    schema: JsonObject = {"title": field.title.say(language), **_JSON_TYPES[field.type]}
    if field.description is not None:
        schema["description"] = field.description.say(language)
    if field.unit is not None:
        schema["x-ogc-unit"] = field.unit
    if field.codes:
        schema["enum"] = [code.value for code in field.codes]
        schema["x-parkplan-codes"] = {code.value: code.title.say(language) for code in field.codes}
    if field.minimum is not None:
        schema["minimum"] = field.minimum
    if field.maximum is not None:
        schema["maximum"] = field.maximum
    if field.references is not None:
        schema["x-ogc-role"] = "reference"
        schema["x-ogc-collectionId"] = field.references
    return schema


def _geometry_schema(types: tuple[GeometryType, ...]) -> JsonObject:
    families = {type_.removeprefix("Multi").lower() for type_ in types}
    kinds = sorted({type_.lower() for type_ in types}, key=len) if len(families) == 1 else ["any"]
    return {"x-ogc-role": "primary-geometry", "format": "geometry-" + "-or-".join(kinds)}


def _properties(definition: LayerDefinition, language: Language) -> JsonObject:
    properties: JsonObject = {}
    if definition.spatial:
        properties["geometry"] = _geometry_schema(definition.geometry)
    properties.update({field.name: _field_schema(field, language) for field in definition.all_fields})
    properties["valid_from"]["x-ogc-role"] = "primary-interval-start"
    properties["valid_to"]["x-ogc-role"] = "primary-interval-end"
    return properties


def _id_schema() -> JsonObject:
    return {"type": "string", "title": "id", "x-ogc-role": "id"}


def _id_name(definition: LayerDefinition) -> str:
    """Return what a feature's id is called in its schema: as in GeoJSON, where no field of the layer is called so."""
    return ID_FIELD if any(field.name == "id" for field in definition.fields) else "id"


def _named(properties: JsonObject, title: str) -> JsonObject:
    """Return the schema of properties, beside which there are no others."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "title": title,
        "properties": properties,
        "additionalProperties": False,
    }


def json_schema(definition: LayerDefinition, language: Language) -> JsonObject:
    """Return the JSON Schema of a layer's features (OGC API Features part 5).

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    language : {"vi", "en"}
        Of titles.

    Returns
    -------
    dict
        A JSON Schema 2020-12 document without `$id`.
    """
    properties = {_id_name(definition): {**_id_schema(), "readOnly": True}, **_properties(definition, language)}
    for place, schema in enumerate(properties.values(), start=1):
        # Programs forget the order of a JSON object.
        schema["x-ogc-propertySeq"] = place
    required = [field.name for field in definition.all_fields if field.required]
    return {**_named(properties, definition.title.say(language)), "required": required}


def queryables(definition: LayerDefinition, language: Language) -> JsonObject:
    """Return the queryables of a layer (OGC API Features part 3).

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    language : {"vi", "en"}
        Of titles.

    Returns
    -------
    dict
        A JSON Schema 2020-12 document without `$id`.
    """
    return _named({ID_FIELD: _id_schema(), **_properties(definition, language)}, definition.title.say(language))


def sortables(definition: LayerDefinition, language: Language) -> JsonObject:
    """Return by which fields features of a layer can be ordered (OGC API Features part 5).

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    language : {"vi", "en"}
        Of titles.

    Returns
    -------
    dict
        A JSON Schema 2020-12 document without `$id`; geometries have no order.
    """
    properties = _properties(definition, language)
    properties.pop("geometry", None)
    return _named({ID_FIELD: _id_schema(), **properties}, definition.title.say(language))


def common_queryables(language: Language) -> JsonObject:
    """Return the fields by which every layer can be filtered.

    Parameters
    ----------
    language : {"vi", "en"}
        Of titles.

    Returns
    -------
    dict
        A JSON Schema 2020-12 document without `$id`.
    """
    fields = {field.name: _field_schema(field, language) for field in COMMON_FIELDS}
    fields["valid_from"]["x-ogc-role"] = "primary-interval-start"
    fields["valid_to"]["x-ogc-role"] = "primary-interval-end"
    title = Text(vi="Các trường của mọi lớp", en="Fields of every layer")
    return _named({ID_FIELD: _id_schema(), **fields}, title.say(language))


def legend(definition: LayerDefinition) -> tuple[LegendEntry, ...]:
    """Return the legend of a layer: a line a code of the field it is styled by, else one line.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.

    Returns
    -------
    tuple of LegendEntry
        In the order of the code list; where the layer is split by codes, last the line for features without one.
    """
    style = definition.style
    if style.by is None:
        return (LegendEntry(None, definition.title, style.color),)
    codes = definition.field(style.by).codes
    entries = [LegendEntry(code.value, code.title, code.color or style.color) for code in codes]
    return (*entries, LegendEntry(None, Text(vi="chưa rõ", en="unknown"), style.color))


def reference_page(definitions: list[LayerDefinition], language: Language) -> str:
    """Return the reference page of layers in Markdown.

    Parameters
    ----------
    definitions : list of LayerDefinition
        The layers, in listing order.
    language : {"vi", "en"}
        Of the page.

    Returns
    -------
    str
        A Markdown document that ends with a line break.
    """
    words = {
        "vi": (
            "Các lớp dữ liệu",
            "trường",
            "kiểu",
            "đơn vị",
            "giá trị",
            "tên",
            "Hình học",
            "chỉ thuộc tính",
            "bắt buộc",
        ),
        "en": ("Layers", "field", "type", "unit", "values", "title", "Geometry", "attributes only", "required"),
    }[language]
    heading, field_, type_, unit, values, title, geometry, attributes, required = words
    lines = [f"# {heading}", ""]
    for definition in definitions:
        lines += [f"## {definition.title.say(language)} (`{definition.id}`)", ""]
        if definition.description is not None:
            lines += [definition.description.say(language), ""]
        lines += [f"{geometry}: {', '.join(definition.geometry) or attributes}.", ""]
        lines += [f"| {field_} | {title} | {type_} | {unit} | {values} |", "|---|---|---|---|---|"]
        for field in definition.all_fields:
            kind = f"{field.type}, {required}" if field.required else field.type
            lines.append(
                f"| `{field.name}` | {field.title.say(language)} | {kind} | {field.unit or ''} "
                f"| {_allowed(field, language)} |"
            )
        lines.append("")
    return "\n".join(lines)


def _allowed(field: Field, language: Language) -> str:
    if field.codes:
        return "; ".join(f"`{code.value}` {code.title.say(language)}" for code in field.codes)
    if field.references is not None:
        return f"→ `{field.references}`"
    bounds = (field.minimum, field.maximum)
    if bounds == (None, None):
        return ""
    return "..".join("" if bound is None else f"{bound:g}" for bound in bounds)
