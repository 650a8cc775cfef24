"""Changesets, diffs and blame as documents: plain values for JSON, GeoJSON, pages and the command line alike."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import geopandas as gpd
import pandas as pd
import shapely

from layers.definitions import Field, LayerDefinition
from layers.geojson import feature_objects
from layers.history.blaming import Blame
from layers.history.comparing import GEOMETRY
from layers.history.model import Diff, LayerDiff
from layers.store import Changeset, Version
from layers.types import Language, Text

__all__ = [
    "GEOMETRY_TITLE",
    "OPERATION_TITLES",
    "blame_document",
    "changeset_document",
    "diff_document",
    "diff_features",
    "diff_page",
    "value_text",
    "versions_document",
]

JsonObject = dict[str, Any]

OPERATION_TITLES: Final = {
    "insert": Text(vi="thêm", en="added"),
    "update": Text(vi="sửa", en="changed"),
    "delete": Text(vi="xoá", en="removed"),
}
GEOMETRY_TITLE: Final = Text(vi="hình học", en="geometry")
_YES_NO: Final = {True: Text(vi="có", en="yes"), False: Text(vi="không", en="no")}


def changeset_document(
    changeset: Changeset,
    *,
    counts: Mapping[str, Mapping[str, int]] | None = None,
    definitions: Mapping[str, LayerDefinition],
    language: Language,
) -> JsonObject:
    """Return a changeset as a document.

    Parameters
    ----------
    changeset : Changeset
        The changeset.
    counts : mapping, optional
        By layer how many features it inserted, updated and deleted.
    definitions : mapping of str to LayerDefinition
        Give the titles of layers.
    language : {"vi", "en"}
        Of titles.

    Returns
    -------
    dict
        Plain values.
    """
    decision = changeset.decision
    return {
        "id": changeset.id,
        "time": changeset.time.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "author": changeset.author,
        "message": changeset.message,
        "decision": None
        if decision is None
        else {"number": decision.number, "date": None if decision.date is None else decision.date.isoformat()},
        "features": changeset.features,
        "layers": [
            {"layer": layer, "title": definitions[layer].title.say(language), **of}
            for layer, of in (counts or {}).items()
        ],
    }


def diff_document(diff: Diff, *, language: Language, offset: int = 0, limit: int | None = None) -> JsonObject:
    """Return a diff as a document.

    Parameters
    ----------
    diff : Diff
        What changed.
    language : {"vi", "en"}
        Of titles.
    offset, limit : int, optional
        Which of the changed features, counted over all layers; the counts are always of all.

    Returns
    -------
    dict
        `changed`, and by layer titles, counts and features, each with its operation, its attributes before and after,
        and how its shape changed in metres and square metres.
    """
    page = diff_page(diff, offset=offset, limit=limit)
    return {
        "changed": len(diff),
        "layers": [
            {
                "layer": layer,
                "title": one.definition.title.say(language),
                "metricCrs": one.definition.metric_crs,
                "counts": one.counts,
                "features": _changed_features(page.layers[layer], language) if layer in page.layers else [],
            }
            for layer, one in diff.layers.items()
        ],
    }


def diff_page(diff: Diff, *, offset: int = 0, limit: int | None = None) -> Diff:
    """Return some of the features that changed.

    Parameters
    ----------
    diff : Diff
        What changed.
    offset : int
        How many features are passed over, counted over all layers in their order.
    limit : int, optional
        At most so many.

    Returns
    -------
    Diff
        Of these features alone.
    """
    chosen, skip, left = {}, offset, len(diff) if limit is None else limit
    for layer, one in diff.layers.items():
        ids = one.ids[skip : skip + left]
        skip, left = max(0, skip - len(one)), left - len(ids)
        if len(ids):
            chosen[layer] = one if len(ids) == len(one) else one.only(list(ids))
    return Diff(chosen)


def _changed_features(diff: LayerDiff, language: Language) -> list[JsonObject]:
    fields = {field.name: field for field in diff.definition.all_fields}
    measures = _measures(diff)
    titles = {**_titles(diff.definition, diff.before, language), **_titles(diff.definition, diff.after, language)}
    return [
        {
            "id": id_,
            "title": titles.get(id_),
            "operation": operation,
            "attributes": [
                {
                    "field": name,
                    "title": fields[name].title.say(language),
                    **({} if fields[name].unit is None else {"unit": fields[name].unit}),
                    "before": _json(old),
                    "after": _json(new),
                }
                for name, (old, new) in diff.fields(id_).items()
                if name != GEOMETRY
            ],
            "geometry": measures.get(id_),
        }
        for id_, operation in _operations(diff)
    ]


def _operations(diff: LayerDiff) -> Iterator[tuple[str, str]]:
    for operation, ids in (("delete", diff.deleted), ("update", diff.updated), ("insert", diff.inserted)):
        for id_ in ids:
            yield str(id_), operation


def _measures(diff: LayerDiff) -> dict[str, JsonObject]:
    """Return how shapes changed, of those features whose shape did."""
    if not diff.definition.spatial or not len(diff):
        return {}
    had, has = (state.index[state.geometry.notna()] for state in (diff.before, diff.after))
    changed = diff.attributes
    moved = changed.index[changed[GEOMETRY]] if GEOMETRY in changed.columns else changed.index[:0]
    wanted = {*moved, *had.intersection(diff.deleted), *has.intersection(diff.inserted)}
    table = diff.measures
    names = [str(name) for name in table.columns]
    rows = zip(table.index, table.round(3).to_numpy().tolist(), strict=True)
    return {
        str(id_): {
            name: None if value != value else value  # noqa: PLR0124 - NaN alone differs from itself
            for name, value in zip(names, row, strict=True)
        }
        for id_, row in rows
        if id_ in wanted
    }


def _titles(definition: LayerDefinition, features: gpd.GeoDataFrame, language: Language) -> dict[str, str]:
    if definition.label is None or features.empty:
        return {}
    named = pd.DataFrame(features)[definition.label.say(language)].dropna()
    return {str(id_): str(title) for id_, title in named.items()}


def _json(value: Any) -> Any:
    return value.isoformat() if isinstance(value, dt.date) else value


def value_text(field: Field, value: Any, language: Language) -> str:
    """Return a value as a reader reads it.

    Parameters
    ----------
    field : Field
        The attribute.
    value : object
        Plain; None for missing.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    str
        The title of a code, a number with its unit, a dash for missing.
    """
    if value is None:
        return "–"
    if isinstance(value, bool):
        return _YES_NO[value].say(language)
    if isinstance(value, dt.date):
        return f"{value:%d/%m/%Y}" if language == "vi" else value.isoformat()
    titles = {code.value: code.title.say(language) for code in field.codes}
    text = titles.get(value, _number(value, language) if isinstance(value, float) else str(value))
    return text if field.unit is None else f"{text} {field.unit}"


def _number(value: float, language: Language) -> str:
    # As exact as it is known, and no longer: what was changed must be seen.
    text = str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return text.replace(".", ",") if language == "vi" else text


def diff_features(diff: Diff, *, language: Language) -> Iterator[JsonObject]:
    """Return what changed as GeoJSON features: how each one was, and how it is.

    Parameters
    ----------
    diff : Diff
        What changed.
    language : {"vi", "en"}
        Of titles.

    Yields
    ------
    dict
        A Feature with `layer`, `feature`, `title`, `operation`, `state` ("before", "after") and the names of the
        attributes that `changed`.
    """
    for layer, one in diff.layers.items():
        operations = dict(_operations(one))
        changed = {id_: list(one.fields(id_)) for id_, operation in operations.items() if operation == "update"}
        for name, state in (("before", one.before), ("after", one.after)):
            titles = _titles(one.definition, state, language)
            for feature in feature_objects(state[[GEOMETRY]]):
                id_ = feature["id"]
                feature["id"] = f"{layer}/{id_}/{name}"
                feature["properties"] = {
                    "layer": layer,
                    "feature": id_,
                    "title": titles.get(id_),
                    "operation": operations[id_],
                    "state": name,
                    "changed": changed.get(id_, []),
                }
                yield feature


def versions_document(
    definition: LayerDefinition, versions: Sequence[Version], changesets: Sequence[Changeset], *, language: Language
) -> list[JsonObject]:
    """Return the versions of a feature as documents.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    versions : sequence of Version
        Oldest first.
    changesets : sequence of Changeset
        Those that made them.
    language : {"vi", "en"}
        Of titles.

    Returns
    -------
    list of dict
        Each with its changeset, operation, attributes and shape, oldest first.
    """
    known = {entry.id: entry for entry in changesets}
    return [
        {
            "operation": version.operation,
            "changeset": changeset_document(
                known[version.changeset], definitions={definition.id: definition}, language=language
            ),
            "properties": {name: _json(value) for name, value in version.attributes.items()},
            "geometry": None if version.geometry is None else shapely.geometry.mapping(version.geometry),
        }
        for version in versions
    ]


def blame_document(blame: Blame, *, language: Language) -> JsonObject:
    """Return as a document where everything that is known of a feature comes from.

    Parameters
    ----------
    blame : Blame
        As told by the versions.
    language : {"vi", "en"}
        Of titles.

    Returns
    -------
    dict
        Plain values; shapes as GeoJSON geometries.
    """
    definition = blame.definition
    titles = {field.name: field.title for field in definition.all_fields} | {GEOMETRY: GEOMETRY_TITLE}
    definitions = {definition.id: definition}

    def told(changeset: Changeset) -> JsonObject:
        return changeset_document(changeset, definitions=definitions, language=language)

    return {
        "layer": definition.id,
        "feature": blame.feature_id,
        "inserted": told(blame.inserted),
        "deleted": None if blame.deleted is None else told(blame.deleted),
        "attributes": [
            {
                "field": name,
                "title": titles[name].say(language),
                "value": shapely.geometry.mapping(one.value)
                if name == GEOMETRY and one.value is not None
                else _json(one.value),
                "changeset": told(one.changeset),
            }
            for name, one in blame.attributes.items()
        ],
    }
