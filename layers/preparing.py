"""What is to be written of a file: which features, compared with what the layer holds, part by part."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import numpy.typing as npt
import shapely

from layers.definitions import STORE_CRS, LayerDefinition
from layers.errors import FeatureExistsError, UnknownFeatureError
from layers.examining import Examination, Progress
from layers.receipts import Receipt
from layers.spool import ShapesOrSpool, only
from layers.store import Put, Remove, Store
from layers.store.model import Edit, PutMode
from layers.streaming import parts_of
from layers.types import Text
from layers.validation import Checked

__all__ = ["WRITING", "Accept", "Edits", "Prepared", "Taken", "accepted", "features_there", "prepared", "same_features"]

#: Whether one error refuses the file, or only the features that have one.
Accept = Literal["all", "valid"]
#: Share of all work that is done when writing begins.
WRITING: Final = 0.7


class Prepared(NamedTuple):
    """What is to be written of some features.

    Attributes
    ----------
    edits : tuple of Put or Remove
        Empty where nothing would change.
    written, unchanged : int
        As in the receipt.
    """

    edits: tuple[Edit, ...]
    written: int
    unchanged: int


class Edits:
    """The edits of several parts, one after the other, and what they come to.

    Parameters
    ----------
    parts : iterable of Prepared
        Made as they are asked for.
    """

    def __init__(self, parts: Iterable[Prepared]) -> None:
        self.written = 0
        self.unchanged = 0
        self._edits = self._taken(parts)

    def __iter__(self) -> Iterator[Edit]:
        return self._edits

    def exhaust(self) -> None:
        """Count those that nobody asked for."""
        for _ in self._edits:
            pass

    def _taken(self, parts: Iterable[Prepared]) -> Iterator[Edit]:
        for part in parts:
            self.written += part.written
            self.unchanged += part.unchanged
            yield from part.edits


@dataclass(frozen=True)
class Taken:
    """Those features of a file that are taken.

    Parameters
    ----------
    examined : Examination
        All of them.
    receipt : Receipt
        What is said of them.
    mask : ndarray of bool or None
        Which ones; None for all.
    """

    examined: Examination
    receipt: Receipt
    mask: npt.NDArray[np.bool_] | None = None

    @property
    def stopped(self) -> bool:
        """Whether there are no features that a layer could take."""
        return self.examined.stopped

    @property
    def shapes(self) -> ShapesOrSpool:
        """Their geometries."""
        spooled, checked = self.examined.spooled, self.examined.checked
        if spooled is not None:
            return spooled.shapes if self.mask is None else only(spooled.shapes, self.mask)
        whole = np.empty(0, dtype=object) if checked is None else np.asarray(checked.features.geometry.array)
        return whole if self.mask is None else whole[self.mask]

    def parts(self) -> Iterator[Checked]:
        """Return the features.

        Yields
        ------
        Checked
            Some of them; all at once where they are in memory.
        """
        spooled, checked = self.examined.spooled, self.examined.checked
        if spooled is not None:
            yield from spooled.parts(self.mask)
        elif checked is not None:
            yield checked if self.mask is None else checked.where(self.mask)


def accepted(examined: Examination, accept: Accept) -> Taken:
    """Leave out features with errors, where the user chose that and the errors are of features alone.

    Parameters
    ----------
    examined : Examination
        What looking at a file came to.
    accept : {"all", "valid"}
        The user's choice.

    Returns
    -------
    Taken
        What is left.
    """
    errors, receipt = examined.receipt.errors, examined.receipt
    if accept == "all" or examined.stopped or not errors or any(issue.row is None for issue in errors):
        return Taken(examined, receipt)
    bad = np.isin(examined.rows, [issue.row for issue in errors if issue.row is not None])
    # Which of two features is right is not known: neither of them is taken.
    named = {issue.other for issue in errors} | {one.feature_id for one in errors if one.rule == "id-duplicate"}
    bad |= np.asarray(examined.ids.isin([name for name in named if name is not None]))
    return Taken(examined, replace(receipt, state="checked", error=None, refused=int(bad.sum())), ~bad)


def prepared(
    store: Store, definition: LayerDefinition, taken: Taken, *, mode: PutMode, progress: Progress | None = None
) -> Iterator[Prepared]:
    """Compare features with what is there; refuse what the mode does not allow.

    Parameters
    ----------
    store : Store
        Where to.
    definition : LayerDefinition
        The layer.
    taken : Taken
        The features.
    mode : {"upsert", "insert", "update", "replace"}
        As for `layers.store.Put`.
    progress : callable, optional
        Called with what is being done and the share that is done.

    Yields
    ------
    Prepared
        Part by part.

    Raises
    ------
    FeatureExistsError, UnknownFeatureError
        If the mode does not allow a feature.
    """
    spooled = taken.examined.spooled
    if spooled is None:
        for checked in taken.parts():
            yield _prepared(store, definition, checked, taken.examined, mode=mode)
        return
    put: PutMode = mode
    if mode == "replace":
        # What the file does not hold goes first; then each part replaces what it holds.
        ids = set(taken.examined.ids if taken.mask is None else taken.examined.ids[taken.mask])
        gone = [name for part in parts_of(store, definition.id) for name in part.index if name not in ids]
        if gone:
            yield Prepared((Remove(definition.id, gone),), len(gone), 0)
        put = "upsert"
    done, whole = 0, max(len(spooled.shapes), 1)
    for checked in taken.parts():
        plan = _prepared(store, definition, checked, taken.examined, mode=put, completed=mode != "replace")
        yield plan
        done += plan.written + plan.unchanged
        if progress is not None:
            progress(Text(vi="Ghi vào kho", en="Writing to the store"), WRITING + (1 - WRITING) * done / whole)


def _prepared(
    store: Store,
    definition: LayerDefinition,
    checked: Checked,
    examined: Examination,
    *,
    mode: PutMode,
    completed: bool = True,
) -> Prepared:
    layer, features = definition.id, checked.features
    current = _current(store, layer, features, mode=mode)
    if mode == "replace" or not completed:
        same = same_features(definition, features, current)
        put = Put(layer, checked, mode)
        gone = store.count(layer) - len(current) if mode == "replace" else 0
        written = int((~same).sum()) + gone
    else:
        whole = _completed(features, current, examined.receipt.columns or {}, spatial=examined.spatial)
        same = same_features(definition, whole, current)
        # Nothing was added to features that are all new: they are as they were checked.
        # What the file does not speak of is taken from the store again as it is written: others may write meanwhile.
        spoken = [*(examined.receipt.columns or {}), *(["geometry"] if examined.spatial else [])]
        put = Put(layer, checked if current.empty else whole[~same], mode, fields=spoken)
        written = int((~same).sum())
    return Prepared((put,) if written else (), written, int(same.sum()))


def features_there(store: Store, layer: str, ids: Sequence[str]) -> gpd.GeoDataFrame:
    """Return those features that are in a layer; one without features need not be asked for each.

    Parameters
    ----------
    store : Store
        The store.
    layer : str
        The layer's id.
    ids : sequence of str
        Of features that may be there.

    Returns
    -------
    GeoDataFrame
        Typed, EPSG:4326.
    """
    return store.read(layer, ids=ids if store.count(layer) else ())


def _current(store: Store, layer: str, features: gpd.GeoDataFrame, *, mode: PutMode) -> gpd.GeoDataFrame:
    """Return the current state of those features that are in the layer; refuse what the mode does not allow."""
    current = features_there(store, layer, features.index.tolist())
    if mode == "insert" and len(current):
        raise FeatureExistsError(seen=features.index[features.index.isin(current.index)][0], where=layer)
    if mode == "update" and len(missing := features.index.difference(current.index, sort=False)):
        raise UnknownFeatureError(seen=missing[0], where=layer)
    return current


def _completed(
    features: gpd.GeoDataFrame, current: gpd.GeoDataFrame, spoken: Collection[str], *, spatial: bool
) -> gpd.GeoDataFrame:
    """Fill the fields that the file does not speak of from the current state."""
    if current.empty:
        return features
    there = features.index.isin(current.index)
    before = current.reindex(features.index)
    columns: dict[str, Any] = {}
    for name in features.columns.drop(features.geometry.name):
        columns[name] = features[name] if name in spoken else features[name].mask(there, before[name])
    shapes = features.geometry.to_numpy() if spatial else np.where(there, before.geometry, features.geometry)
    return gpd.GeoDataFrame(columns, geometry=shapes, index=features.index, crs=STORE_CRS)


def same_features(
    definition: LayerDefinition, features: gpd.GeoDataFrame, current: gpd.GeoDataFrame
) -> npt.NDArray[np.bool_]:
    """Mark the features that are in the layer just so.

    Parameters
    ----------
    definition : LayerDefinition
        The layer.
    features : GeoDataFrame
        Typed, EPSG:4326.
    current : GeoDataFrame
        Those of the layer, in the same form.

    Returns
    -------
    ndarray of bool
        One value a feature.
    """
    if current.empty:
        return np.zeros(len(features), dtype=bool)
    same: npt.NDArray[np.bool_] = np.asarray(features.index.isin(current.index), dtype=bool)
    before = current.reindex(features.index)
    for field in definition.all_fields:
        new, old = features[field.name], before[field.name]
        equal = (new == old).fillna(value=False).to_numpy(dtype=bool)
        same &= equal | (new.isna() & old.isna()).to_numpy(dtype=bool)
    new_shapes, old_shapes = features.geometry.to_numpy(), before.geometry.to_numpy()
    same &= shapely.equals_identical(new_shapes, old_shapes) | (
        shapely.is_missing(new_shapes) & shapely.is_missing(old_shapes)
    )
    return same
