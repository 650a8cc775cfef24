"""Make features, layers or a whole store as they were: a new changeset, nothing of the record is lost."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from typing import Final

import sqlalchemy as sa

from layers.errors import StaleBaseError, UnknownFeatureError, ValueOutOfRangeError
from layers.history.model import Diff
from layers.store import Changeset, Decision, Store
from layers.types import Text

__all__ = ["restore", "way_back"]

#: How often a restoring is worked out again because others wrote meanwhile.
_ATTEMPTS: Final = 5


class _MovedOnError(Exception):
    """Others wrote between reading and writing."""


def way_back(
    store: Store,
    to: int | dt.datetime,
    *,
    layers: Collection[str] | None = None,
    ids: Collection[str] | None = None,
) -> Diff:
    """Return what has to change for a store to be as it was.

    Parameters
    ----------
    store : Store
        The plan.
    to : int or datetime.datetime
        The changeset after which, or the moment at which it was so.
    layers : collection of str, optional
        Only these layers.
    ids : collection of str, optional
        Only these features of the one layer that is named.

    Returns
    -------
    Diff
        From the current state to the earlier one.

    Raises
    ------
    UnknownLayerError, UnknownChangesetError, UnknownFeatureError
        For what is not there.
    ValueOutOfRangeError
        If features are named, but not one layer.
    """
    return _way_back(store, store.latest(), to, layers=layers, ids=ids)


def _way_back(
    store: Store,
    latest: int,
    to: int | dt.datetime,
    *,
    layers: Collection[str] | None,
    ids: Collection[str] | None,
) -> Diff:
    diff = store.diff(latest, to, layers=layers)
    if ids is None:
        return diff
    if layers is None or len(layers) != 1:
        wanted = Text(vi="một lớp", en="one layer")
        raise ValueOutOfRangeError(seen=", ".join(layers or ()) or "-", wanted=wanted, where="layers")
    (layer,) = layers
    if missing := [id_ for id_ in ids if not _known(store, layer, id_)]:
        raise UnknownFeatureError(seen=missing[0], where=layer)
    if layer not in diff.layers:
        return diff
    chosen = diff.layers[layer].only(ids)
    return Diff({layer: chosen} if len(chosen) else {})


def _known(store: Store, layer: str, feature_id: str) -> bool:
    history = store.core.base.history
    with store.core.reading() as connection:
        found = sa.select(history.c.changeset).where(history.c.layer == layer, history.c.feature_id == feature_id)
        return connection.execute(found.limit(1)).scalar() is not None


def restore(
    store: Store,
    to: int | dt.datetime,
    *,
    author: str,
    message: str,
    layers: Collection[str] | None = None,
    ids: Collection[str] | None = None,
    decision: Decision | None = None,
) -> Changeset | None:
    """Make features, layers or a whole store as they were, by a new changeset.

    Parameters
    ----------
    store : Store
        The plan.
    to : int or datetime.datetime
        The changeset after which, or the moment at which it was so.
    author, message : str
        Who, and why.
    layers : collection of str, optional
        Only these layers.
    ids : collection of str, optional
        Only these features of the one layer that is named.
    decision : Decision, optional
        By which document.

    Returns
    -------
    Changeset or None
        None where everything is so already.

    Raises
    ------
    UnknownLayerError, UnknownChangesetError, UnknownFeatureError
        For what is not there.
    ValueOutOfRangeError
        If features are named, but not one layer; if author or message is blank.
    InvalidFeaturesError
        If features as they were break the definition of today.
    StaleBaseError
        If others write all the time.
    """
    for _ in range(_ATTEMPTS):
        latest = store.latest()
        edits = _way_back(store, latest, to, layers=layers, ids=ids).edits()
        if not edits:
            return None

        def only_next(_: sa.Connection, changeset: Changeset, latest: int = latest) -> None:
            # What others wrote meanwhile would stay beside what was made again: neither of the two states.
            if changeset.id != latest + 1:
                raise _MovedOnError

        try:
            return store.commit(edits, author=author, message=message, decision=decision, base=latest, also=only_next)
        except (_MovedOnError, StaleBaseError):
            continue
    raise StaleBaseError(seen="*", wanted=store.latest(), where=", ".join(layers or ["*"]))
