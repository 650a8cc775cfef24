"""Whether references lead to a feature: of the file itself, or of the layer they name."""

from __future__ import annotations

from collections.abc import Container, Mapping

import geopandas as gpd
import numpy as np
import pandas as pd

from layers.coercion import as_texts
from layers.definitions import LayerDefinition
from layers.types import Text
from layers.validation.model import Found, Issue, Rows

__all__ = ["check_references", "referred"]


def check_references(
    definition: LayerDefinition, features: gpd.GeoDataFrame, known: Mapping[str, Container[str] | None]
) -> Found:
    """Look up every id that a field refers to.

    Parameters
    ----------
    definition : LayerDefinition
        The layer; `references` of its fields name the layers referred to.
    features : GeoDataFrame
        Index: feature ids; typed, or with raw columns of a file.
    known : mapping of str to container of str or None
        The ids of each layer that is at hand. A layer that is missing here, or None, is not looked up.

    Returns
    -------
    Found
        An issue for each value that leads nowhere, and which fields were not looked up. A feature may refer to another
        of the same file.
    """
    rows, table = Rows(definition.id, features.index), pd.DataFrame(features)
    own: frozenset[str] = frozenset()
    if any(field.references == definition.id for field in definition.fields):
        own = frozenset(name for name in features.index if isinstance(name, str))
    issues: list[Issue] = []
    unchecked = []
    for field in definition.fields:
        layer = field.references
        if layer is None or field.name not in table.columns:
            continue
        texts = as_texts(table[field.name])[0]
        there = texts.notna().to_numpy(dtype=bool) & (texts.str.strip() != "").to_numpy(dtype=bool)
        if not there.any():
            continue
        ids, itself = known.get(layer), layer == definition.id
        if ids is None and not itself:
            unchecked.append(
                Text(
                    vi=f"Chưa kiểm tra trường {field.name}: không có lớp {layer}.",
                    en=f"The field {field.name} was not checked: there is no layer {layer}.",
                )
            )
            continue
        # References repeat themselves: each different one is looked up once.
        positions, different = pd.factorize(texts.where(there))
        leads = np.array([(itself and name in own) or (ids is not None and name in ids) for name in different])
        # Missing values are at -1: they take the last place.
        lost = there & ~np.append(leads, [True])[positions]
        wanted = Text(vi=f"mã của một đối tượng trong lớp {layer}", en=f"the id of a feature in the layer {layer}")
        issues += rows.issues(lost, "field-reference", seen=texts.iloc.__getitem__, wanted=wanted, field=field.name)
    return Found(tuple(issues), tuple(unchecked))


def referred(definition: LayerDefinition, features: gpd.GeoDataFrame) -> dict[str, list[str]]:
    """Return what features refer to.

    Parameters
    ----------
    definition : LayerDefinition
        The layer; `references` of its fields name the layers referred to.
    features : GeoDataFrame
        Typed, or with raw columns of a file.

    Returns
    -------
    dict of str to list of str
        The different ids by layer, for every layer that the definition names.
    """
    table = pd.DataFrame(features)
    found: dict[str, list[str]] = {}
    for field in definition.fields:
        if field.references is not None:
            ids = found.setdefault(field.references, [])
            if field.name in table.columns:
                ids += as_texts(table[field.name])[0].dropna().unique().tolist()
    return {layer: sorted(set(ids)) for layer, ids in found.items()}
