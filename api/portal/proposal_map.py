"""The map of a proposal: before, after and around it; pins of comments, conflicts and findings; also without script."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from layers.geojson import COORDINATE_DECIMALS
from layers.history.model import Diff, LayerDiff
from layers.store import Store
from layers.types import Bounds, Language

__all__ = ["COLORS", "Drawing", "ProposalMap", "proposal_map"]

JsonObject = dict[str, Any]
#: Colours of what is added, changed and removed, each with a contrast of 4.5 or more on the ground of the map.
COLORS: Final[dict[str, str]] = {"insert": "#1b7f4d", "update": "#0b5d78", "delete": "#b3261e"}
#: Features that are drawn, and those around them.
_DRAWN: Final = 2_000
_AROUND: Final = 300
_WIDTH: Final = 1_000.0
_LEAST_DEG: Final = 0.002


@dataclass(frozen=True, slots=True)
class Drawing:
    """One shape of the picture that needs no script.

    Attributes
    ----------
    path : str
        What an SVG path says.
    kind : {"around", "insert", "update", "delete"}
        What it is.
    when : {"before", "after", "both"}
        Of which state.
    title : str
        What it is called.
    """

    path: str
    kind: str
    when: str
    title: str


@dataclass(frozen=True, slots=True)
class ProposalMap:
    """Everything that is drawn of a proposal.

    Attributes
    ----------
    document : dict
        For the script: features with their kind and state, pins, colours.
    drawings : tuple of Drawing
        The picture, within `width` times `height`.
    width, height : float
        Its size.
    drawn, left_out : int
        How many changed features are drawn, and how many are not.
    """

    document: JsonObject
    drawings: tuple[Drawing, ...]
    width: float
    height: float
    drawn: int
    left_out: int


def proposal_map(
    store: Store,
    diff: Diff,
    *,
    comments: Sequence[JsonObject],
    conflicts: JsonObject | None,
    findings: Sequence[JsonObject],
    language: Language,
) -> ProposalMap | None:
    """Draw a proposal.

    Parameters
    ----------
    store : Store
        The plan, as the reader may see it.
    diff : Diff
        What the proposal changes.
    comments : sequence of dict
        Those with a place get a pin.
    conflicts : dict or None
        As `layers.merge.Conflicts.document` tells them.
    findings : sequence of dict
        New ones with a place get a pin.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    ProposalMap or None
        None where nothing has a place.
    """
    features = [one for layer in diff.layers.values() for one in _changed(layer, language)]
    pins = _pins(comments, conflicts, findings, features)
    bounds = _bounds([one["shape"] for one in features], pins)
    if bounds is None:
        return None
    shown = features[:_DRAWN]
    around = [one for layer in diff.layers.values() for one in _around(store, layer, bounds)]
    everything = [*around, *shown]
    scale = _WIDTH / ((bounds[2] - bounds[0]) * _squeeze(bounds))
    return ProposalMap(
        document={
            "bounds": list(bounds),
            "colors": COLORS,
            "features": [_plain(one) for one in everything],
            "pins": pins,
        },
        drawings=tuple(
            Drawing(_path(one["shape"], bounds, scale), one["kind"], one["when"], one["title"]) for one in everything
        ),
        width=_WIDTH,
        height=(bounds[3] - bounds[1]) * scale,
        drawn=len(shown),
        left_out=len(features) - len(shown),
    )


def _changed(diff: LayerDiff, language: Language) -> list[JsonObject]:
    """Return the shapes of a layer's changed features, old ones first so that new ones lie on top."""
    if not diff.definition.spatial:
        return []
    moved = set(diff.attributes.index[diff.attributes["geometry"]]) if "geometry" in diff.attributes else set()
    mended = diff.updated[diff.updated.isin(list(moved))]
    parts = (
        (diff.before, diff.deleted, "delete", "before"),
        (diff.before, mended, "update", "before"),
        (diff.after, mended, "update", "after"),
        (diff.after, diff.updated.difference(mended, sort=False), "update", "both"),
        (diff.after, diff.inserted, "insert", "after"),
    )
    return [one for frame, ids, kind, when in parts for one in _shapes(frame.loc[ids], diff, kind, when, language)]


def _shapes(frame: gpd.GeoDataFrame, diff: LayerDiff, kind: str, when: str, language: Language) -> list[JsonObject]:
    names = _names(diff, frame, language)
    found = []
    for feature_id, shape, name in zip(frame.index, frame.geometry, names, strict=True):
        if shape is not None and not shape.is_empty:
            own = {"layer": diff.definition.id, "id": str(feature_id), "title": name}
            found.append({**own, "kind": kind, "when": when, "shape": shape})
    return found


def _names(diff: LayerDiff, frame: gpd.GeoDataFrame, language: Language) -> list[str]:
    label = diff.definition.label
    for name in () if label is None else (label.say(language), label.vi):
        if name in frame.columns:
            named = frame[name]
            return [str(id_) if pd.isna(text) else str(text) for id_, text in zip(frame.index, named, strict=True)]
    return [str(one) for one in frame.index]


def _around(store: Store, diff: LayerDiff, bounds: Bounds) -> list[JsonObject]:
    """Return what lies around the changes in the same layer, as it is."""
    if not diff.definition.spatial:
        return []
    there = store.page(diff.definition.id, limit=_AROUND, bbox=bounds).features
    there = there[~there.index.isin(diff.ids)]
    return [
        {
            "layer": diff.definition.id,
            "id": str(id_),
            "title": str(id_),
            "kind": "around",
            "when": "both",
            "shape": shape,
        }
        for id_, shape in zip(there.index, there.geometry, strict=True)
        if shape is not None and not shape.is_empty
    ]


def _pins(
    comments: Sequence[JsonObject],
    conflicts: JsonObject | None,
    findings: Sequence[JsonObject],
    features: Sequence[JsonObject],
) -> list[JsonObject]:
    places = {(one["layer"], one["id"]): one["shape"] for one in features}
    pins = []
    for one in comments:
        place = one["place"] or _point(places.get((one["layer"], one["feature_id"])))
        if place is not None and one["parent"] is None:
            pins.append({"kind": "comment", "number": one["number"], "place": place, "text": one["text"]})
    for number, one in enumerate(conflicts["items"] if conflicts else ()):
        place = None if one["place"] is None else _point(shapely.from_geojson(orjson.dumps(one["place"])))
        if place is not None:
            pins.append({"kind": "conflict", "number": number, "place": place, "text": one["message"]})
    for one in findings:
        if one["place"] is not None and one["change"] == "new":
            told = {"kind": "finding", "number": one["number"], "place": one["place"], "text": one["message"]}
            pins.append({**told, "outcome": one["outcome"]})
    return pins


def _point(shape: BaseGeometry | None) -> list[float] | None:
    if shape is None or shape.is_empty:
        return None
    point = shapely.point_on_surface(shape)
    return [round(point.x, COORDINATE_DECIMALS), round(point.y, COORDINATE_DECIMALS)]


def _bounds(shapes: Sequence[BaseGeometry], pins: Sequence[JsonObject]) -> Bounds | None:
    """Return where changes are, with some ground around; pins alone count only without any change that has a shape."""
    places = list(shapes) or [shapely.Point(pin["place"]) for pin in pins]
    if not places:
        return None
    west, south, east, north = shapely.total_bounds(np.array(places, dtype=object)).tolist()
    pad_x = max((east - west) * 0.12, _LEAST_DEG)
    pad_y = max((north - south) * 0.12, _LEAST_DEG)
    return max(west - pad_x, -180.0), max(south - pad_y, -90.0), min(east + pad_x, 180.0), min(north + pad_y, 90.0)


def _squeeze(bounds: Bounds) -> float:
    """Return how much shorter a degree of longitude is than one of latitude."""
    return max(float(np.cos(np.radians((bounds[1] + bounds[3]) / 2))), 0.01)


def _path(shape: BaseGeometry, bounds: Bounds, scale: float) -> str:
    """Return a shape as the path of a picture; a point is a small ring."""
    squeeze = _squeeze(bounds)
    parts = []
    for part in shapely.get_parts(shape):
        rings = [part.exterior, *part.interiors] if part.geom_type == "Polygon" else [part]
        for ring in rings:
            xy = shapely.get_coordinates(ring)
            x, y = (xy[:, 0] - bounds[0]) * squeeze * scale, (bounds[3] - xy[:, 1]) * scale
            if len(xy) == 1:
                parts.append(f"M{x[0] - 6:.1f} {y[0]:.1f}a6 6 0 1 0 12 0a6 6 0 1 0-12 0Z")
                continue
            corners = "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x.tolist(), y.tolist(), strict=True))
            parts.append(f"M{corners}" + ("Z" if part.geom_type == "Polygon" else ""))
    return "".join(parts)


def _plain(one: JsonObject) -> JsonObject:
    rounded = shapely.transform(one["shape"], lambda points: np.round(points, COORDINATE_DECIMALS))
    properties = {name: one[name] for name in ("layer", "id", "title", "kind", "when")}
    return {"type": "Feature", "geometry": orjson.loads(shapely.to_geojson(rounded)), "properties": properties}
