"""A diff in the words of a layer: each feature and attribute by its title, before and after, as a reader writes it."""

from __future__ import annotations

import datetime as dt
from typing import Any, Final

import orjson
import pandas as pd
import shapely

from api.portal.writing import write_number, write_value
from layers.definitions import LayerDefinition
from layers.geojson import COORDINATE_DECIMALS
from layers.history.model import Diff, LayerDiff
from layers.types import Language, Text

__all__ = ["CHANGE_NAMES", "difference_document"]

JsonObject = dict[str, Any]
CHANGE_NAMES: Final[dict[str, Text]] = {
    "insert": Text(vi="thêm", en="added"),
    "update": Text(vi="sửa", en="changed"),
    "delete": Text(vi="xoá", en="removed"),
}


def difference_document(diff: Diff, language: Language, *, limit: int | None = None) -> JsonObject:
    """Return a diff as plain values.

    Parameters
    ----------
    diff : Diff
        What changed.
    language : {"vi", "en"}
        The reader's language.
    limit : int, optional
        At most so many features of each layer; the rest is counted.

    Returns
    -------
    dict
        `layers`: each with its counts, and its features with what changed.
    """
    return {
        "language": language,
        "changes": {code: title.say(language) for code, title in CHANGE_NAMES.items()},
        "layers": [_layer(one, language, limit) for one in diff.layers.values()],
    }


def _layer(diff: LayerDiff, language: Language, limit: int | None) -> JsonObject:
    ids = diff.ids.tolist()
    shown = ids if limit is None else ids[:limit]
    return {
        "layer": diff.definition.id,
        "title": diff.definition.title.say(language),
        "counts": dict(diff.counts),
        "left_out": len(ids) - len(shown),
        "features": [_feature(diff, feature_id, language) for feature_id in shown],
    }


def _feature(diff: LayerDiff, feature_id: str, language: Language) -> JsonObject:
    before, after = feature_id in diff.before.index, feature_id in diff.after.index
    change = "update" if before and after else "insert" if after else "delete"
    fields = diff.fields(feature_id)
    old, new = fields.pop("geometry", (None, None))
    measures = {str(name): _number(value) for name, value in diff.measures.loc[feature_id].items()}
    return {
        "feature_id": feature_id,
        "name": _name(diff, feature_id, language),
        "change": change,
        "change_title": CHANGE_NAMES[change].say(language),
        "fields": [_field(diff.definition, name, values, language) for name, values in fields.items()],
        "shape": _shape_fields(old, new, measures, language),
        "geometry_before": _shape(old),
        "geometry_after": _shape(new),
        "measures": measures,
    }


_SHAPE: Final = Text(vi="Hình học", en="Geometry")
_MOVED: Final = Text(vi="lệch tối đa {} m", en="moved by up to {} m")


def _shape_fields(old: Any, new: Any, measures: JsonObject, language: Language) -> list[JsonObject]:
    """Say how a shape changed as if it were an attribute; nothing where it did not."""
    if old is None and new is None:
        return []
    texts = []
    for side, shape in (("before", old), ("after", new)):
        area, length = measures[f"area_{side}_m2"], measures[f"length_{side}_m"]
        measure = f"{write_number(area, language=language)} m²" if area else ""
        measure = measure or (f"{write_number(length, language=language)} m" if length else "")
        texts.append("" if shape is None else f"{shape.geom_type} {measure}".strip())
    moved = measures["displacement_m"]
    if moved:
        texts[1] += f", {_MOVED.say(language).format(write_number(moved, language=language))}"
    return [{"field": "geometry", "title": _SHAPE.say(language), "before_text": texts[0], "after_text": texts[1]}]


def _field(definition: LayerDefinition, name: str, values: tuple[Any, Any], language: Language) -> JsonObject:
    field = definition.field(name)
    before, after = values
    return {
        "field": name,
        "title": field.title.say(language),
        "before": _plain(before),
        "after": _plain(after),
        "before_text": write_value(field, before, language=language),
        "after_text": write_value(field, after, language=language),
    }


def _name(diff: LayerDiff, feature_id: str, language: Language) -> str:
    label = diff.definition.label
    frame = diff.after if feature_id in diff.after.index else diff.before
    names = () if label is None else (label.say(language), label.vi, label.en)
    for name in names:
        value: Any = frame.at[feature_id, name] if name in frame.columns else None
        if isinstance(value, str):
            return value
    return feature_id


def _number(value: Any) -> float | None:
    return None if pd.isna(value) else round(float(value), 3)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


def _shape(value: Any) -> JsonObject | None:
    if value is None:
        return None
    rounded = shapely.transform(value, lambda points: points.round(COORDINATE_DECIMALS))
    shape: JsonObject = orjson.loads(shapely.to_geojson(rounded))
    return shape
