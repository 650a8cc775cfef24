"""Features and other documents as rows of text: what a reader sees of the values that programs get."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import orjson

from api.browsing.words import WORDS, member_title
from api.portal.writing import write_value
from layers.definitions import LayerDefinition
from layers.types import Language

__all__ = ["Column", "Node", "columns_of", "geometry_text", "nodes_of", "row_of", "shape_name", "title_of"]

JsonObject = dict[str, Any]


class Column(NamedTuple):
    """A property of features.

    Attributes
    ----------
    name : str
        Its name in the document.
    title : str
        For the reader.
    """

    name: str
    title: str


class Node(NamedTuple):
    """A member of a document, with what it holds.

    Attributes
    ----------
    title : str
        For the reader.
    text : str
        Its value; empty where it holds others.
    nodes : tuple of Node
        What it holds.
    """

    title: str
    text: str
    nodes: tuple[Node, ...] = ()


def columns_of(
    features: Sequence[JsonObject], *, definition: LayerDefinition | None, language: Language
) -> list[Column]:
    """Return the properties that features have values of.

    Parameters
    ----------
    features : sequence of dict
        GeoJSON features.
    definition : LayerDefinition or None
        Of their layer, which gives titles and the order; None for things of no layer.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    list of Column
        Without those that are empty throughout; the field that titles a feature comes first.
    """
    known = dict.fromkeys(
        name for feature in features for name, value in feature["properties"].items() if value not in (None, "", [])
    )
    if definition is None:
        return [Column(name, member_title(name, language)) for name in known]
    titles = {field.name: field.title.say(language) for field in definition.all_fields}
    label = definition.label.say(language) if definition.label else ""
    order = sorted((name for name in titles if name in known), key=lambda name: name != label)
    return [Column(name, titles[name]) for name in order]


def row_of(
    feature: JsonObject, columns: Sequence[Column], *, definition: LayerDefinition | None, language: Language
) -> list[str]:
    """Return what a feature says, as text.

    Parameters
    ----------
    feature : dict
        A GeoJSON feature.
    columns : sequence of Column
        Of `columns_of`.
    definition : LayerDefinition or None
        Of its layer.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    list of str
        One a column; empty for what is not known.
    """
    fields = {field.name: field for field in definition.all_fields} if definition else {}
    values = feature["properties"]
    return [
        write_value(fields[column.name], values.get(column.name), language=language)
        if column.name in fields
        else _text(values.get(column.name), language)
        for column in columns
    ]


def title_of(feature: JsonObject, *, definition: LayerDefinition | None, language: Language) -> str:
    """Return what a feature is called.

    Parameters
    ----------
    feature : dict
        A GeoJSON feature.
    definition : LayerDefinition or None
        Of its layer.
    language : {"vi", "en"}
        The reader's language.

    Returns
    -------
    str
        The value of the field that titles it, else its id.
    """
    label = definition.label.say(language) if definition and definition.label else "title"
    return str(feature["properties"].get(label) or feature["id"])


def geometry_text(feature: JsonObject) -> str:
    """Return the geometry of a feature as GeoJSON text.

    Parameters
    ----------
    feature : dict
        A GeoJSON feature.

    Returns
    -------
    str
        Empty where it has none.
    """
    geometry = feature.get("geometry")
    return "" if geometry is None else orjson.dumps(geometry).decode()


def shape_name(feature: JsonObject) -> str:
    """Return of what kind the geometry of a feature is.

    Parameters
    ----------
    feature : dict
        A GeoJSON feature.

    Returns
    -------
    str
        As GeoJSON calls it; empty where it has none.
    """
    return str((feature.get("geometry") or {}).get("type", ""))


def nodes_of(document: Mapping[str, Any], language: Language, *, without: Sequence[str] = ()) -> list[Node]:
    """Return the members of any document.

    Parameters
    ----------
    document : mapping
        The document.
    language : {"vi", "en"}
        The reader's language.
    without : sequence of str, optional
        Members that are shown elsewhere.

    Returns
    -------
    list of Node
        In the order of the document.
    """
    return [
        _node(member_title(name, language), value, language) for name, value in document.items() if name not in without
    ]


def _node(title: str, value: Any, language: Language) -> Node:
    if isinstance(value, dict) and value:
        return Node(title, "", tuple(nodes_of(value, language)))
    if isinstance(value, list) and any(isinstance(entry, dict | list) for entry in value):
        return Node(
            title, "", tuple(_node(_entry_title(entry, i), entry, language) for i, entry in enumerate(value, 1))
        )
    return Node(title, _text(value, language))


def _entry_title(entry: Any, number: int) -> str:
    named = entry if isinstance(entry, dict) else {}
    return str(next((named[name] for name in ("title", "name", "id", "jobID", "rel") if named.get(name)), number))


def _text(value: Any, language: Language) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return WORDS["yes" if value else "no"].say(language)
    if isinstance(value, list):
        return ", ".join(_text(entry, language) for entry in value)
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
