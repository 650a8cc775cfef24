"""Conflicts of a merge on a map: where they are, and what each side has drawn there."""

from __future__ import annotations

from typing import Any, Final

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from gis.maps.types import MapLayer
from layers.definitions import STORE_CRS, Code, Field, GeometryType, LayerDefinition, Style
from layers.merge import Conflicts, Side
from layers.merge.model import CHOICE_TITLES, KIND_TITLES
from layers.schema import typed
from layers.types import Language, Text

__all__ = ["conflict_layers"]

_ANY: Final[tuple[GeometryType, ...]] = (
    "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon",
)  # fmt: skip
_OPEN: Final = "open"
#: Whether a conflict is resolved is told by colour and by text.
_STATES: Final = (
    Code(value=_OPEN, title=Text(vi="chưa xử lý", en="open"), color="#a3423f"),
    Code(value="resolved", title=Text(vi="đã xử lý", en="resolved"), color="#4a7f5b"),
)
_FIELDS: Final = (
    Field(name="conflict", type="text", title=Text(vi="Xung đột", en="Conflict")),
    Field(name="layer", type="text", title=Text(vi="Lớp", en="Layer")),
    Field(name="feature", type="text", title=Text(vi="Đối tượng", en="Feature")),
    Field(name="state", type="text", title=Text(vi="Trạng thái", en="State"), codes=_STATES),
    Field(name="told", type="text", title=Text(vi="Nội dung", en="What")),
    Field(name="decided", type="text", title=Text(vi="Cách xử lý", en="Resolution")),
)
_PLACES: Final = LayerDefinition(
    id="conflicts",
    title=Text(vi="Xung đột", en="Conflicts"),
    theme="planning",
    geometry=_ANY,
    fields=_FIELDS,
    label=Text(vi="conflict", en="conflict"),
    style=Style(color="#a3423f", by="state", width=2.5, fill_opacity=0.35),
)
_SIDES: Final[dict[Side, tuple[Text, str, str]]] = {
    "base": (Text(vi="Bản gốc", en="Base"), "#777777", "2 4"),
    "ours": (Text(vi="Bản hiện tại", en="Current"), "#2b6cb0", "8 4"),
    "theirs": (Text(vi="Bản gửi đến", en="Incoming"), "#b7791f", "4 2"),
}


def conflict_layers(conflicts: Conflicts, *, language: Language) -> list[MapLayer]:
    """Return conflicts as layers of a map.

    Parameters
    ----------
    conflicts : Conflicts
        Of a merge.
    language : {"vi", "en"}
        Of what they say.

    Returns
    -------
    list of MapLayer
        What each side has drawn where geometries changed twice, then the places of all conflicts; those that have no
        place are listed beside the map.
    """
    shapes = [layer for side in _SIDES if (layer := _side(conflicts, side)) is not None]
    return [*shapes, MapLayer(_PLACES, _places(conflicts, language), labelled=True)]


def _places(conflicts: Conflicts, language: Language) -> gpd.GeoDataFrame:
    table = conflicts.table
    rows: dict[str, Any] = {
        "conflict": [KIND_TITLES[kind].say(language) for kind in table["kind"]],
        "layer": table["layer"].tolist(),
        "feature": _features(table),
        "state": np.where(table["choice"].isna(), _OPEN, "resolved").tolist(),
        "told": conflicts.messages(language),
        "decided": [
            _decided(*row, language=language) for row in zip(table["choice"], table["by"], table["why"], strict=True)
        ],
    }
    index = [str(number + 1) for number in range(len(table))]
    return typed(_PLACES, gpd.GeoDataFrame(rows, geometry=table.geometry.to_numpy(), crs=STORE_CRS, index=index))


def _features(table: pd.DataFrame) -> list[str]:
    pairs = zip(table["feature_id"], table["other"], strict=True)
    return [one if other is None else f"{one} + {other}" for one, other in pairs]


def _decided(choice: Any, by: str | None, why: str | None, *, language: Language) -> str | None:
    if choice is None:
        return None
    title = CHOICE_TITLES[choice].say(language)
    return title + (f" ({by})" if by else "") + (f": {why}" if why else "")


def _side(conflicts: Conflicts, side: Side) -> MapLayer | None:
    """Return what one side has drawn where geometries changed twice."""
    table = conflicts.rows[(conflicts.rows["kind"] == "geometry").to_numpy(dtype=bool)]
    there = np.array([isinstance(shape, shapely.Geometry) for shape in table[side]], dtype=bool)
    if not there.any():
        return None
    title, color, dash = _SIDES[side]
    definition = _PLACES.model_copy(
        update={
            "id": f"conflicts_{side}",
            "title": title,
            "fields": (_FIELDS[1], _FIELDS[2]),
            "label": Text(vi="feature", en="feature"),
            "style": Style(color=color, dash=dash, width=2.0, fill_opacity=0.05),
        }
    )
    some = table[there]
    index = [f"{number + 1}" for number in range(len(some))]
    frame = gpd.GeoDataFrame(
        {"layer": some["layer"].tolist(), "feature": some["feature_id"].tolist()},
        geometry=some[side].to_numpy(dtype=object),
        crs=STORE_CRS,
        index=index,
    )
    return MapLayer(definition, typed(definition, frame))
