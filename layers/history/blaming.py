"""Who last set which attribute of a feature, when, why, and by which decision? Told by its versions, oldest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from layers.definitions import LayerDefinition
from layers.errors import UnknownFeatureError
from layers.history.comparing import GEOMETRY
from layers.store import Changeset, Store, Version

__all__ = ["Attribution", "Blame", "blame"]


@dataclass(frozen=True, eq=False, slots=True)
class Attribution:
    """Where the value of one attribute comes from.

    Attributes
    ----------
    value : object
        As it is; None for missing. A shapely geometry for the shape.
    changeset : Changeset
        The one that last set it to this value.
    """

    value: Any
    changeset: Changeset


@dataclass(frozen=True, eq=False, slots=True)
class Blame:
    """Where everything that is known of a feature comes from.

    Attributes
    ----------
    definition : LayerDefinition
        The layer.
    feature_id : str
        The feature.
    attributes : mapping of str to Attribution
        Every attribute that has a value, or that was emptied since the feature is there; `geometry` for the shape.
    inserted : Changeset
        The one that made the feature.
    deleted : Changeset or None
        The one that removed it; then `attributes` tell of it as it was last.
    """

    definition: LayerDefinition
    feature_id: str
    attributes: Mapping[str, Attribution]
    inserted: Changeset
    deleted: Changeset | None


def blame(store: Store, layer: str, feature_id: str, *, as_of: int | dt.datetime | None = None) -> Blame:
    """Return where everything that is known of a feature comes from.

    Parameters
    ----------
    store : Store
        The plan.
    layer : str
        The layer's id.
    feature_id : str
        A feature that is or was there.
    as_of : int or datetime.datetime, optional
        As known after that changeset, or at that moment.

    Returns
    -------
    Blame
        By attribute.

    Raises
    ------
    UnknownLayerError, UnknownFeatureError, UnknownChangesetError
        For what is not there.
    """
    definition = store.definition(layer)
    versions = store.history(layer, feature_id)
    if as_of is not None:
        with store.core.reading() as connection:
            newest = store.core.changeset_at(connection, as_of)
        versions = [version for version in versions if version.changeset <= newest]
        if not versions:
            raise UnknownFeatureError(seen=feature_id, where=layer)
    set_by: dict[str, int] = {}
    values: Mapping[str, Any] = {}
    inserted, deleted = 0, None
    for version in versions:
        deleted = version.changeset if version.operation == "delete" else None
        if version.operation == "delete":
            continue
        following = _values(version)
        if version.operation == "insert":
            inserted, set_by, values = version.changeset, {}, {}
        for name in values.keys() | following.keys():
            if not _same(values.get(name), following.get(name)):
                set_by[name] = version.changeset
        values = following
    known = {entry.id: entry for entry in store.changesets_of({inserted, *set_by.values(), *filter(None, [deleted])})}
    names = [*(field.name for field in definition.all_fields), GEOMETRY]
    return Blame(
        definition,
        feature_id,
        {name: Attribution(values.get(name), known[set_by[name]]) for name in names if name in set_by},
        known[inserted],
        None if deleted is None else known[deleted],
    )


def _values(version: Version) -> dict[str, Any]:
    shape = {} if version.geometry is None else {GEOMETRY: version.geometry}
    return {**version.attributes, **shape}


def _same(old: Any, new: Any) -> bool:
    if hasattr(old, "wkb") and hasattr(new, "wkb"):
        return bool(old.wkb == new.wkb)
    return bool(old == new) and (old is None) == (new is None)
