"""The store: current state, history and record time behind one interface, the same on every engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Final, Self, Unpack

import geopandas as gpd
import sqlalchemy as sa

from layers.definitions import LayerDefinition
from layers.errors import ValueOutOfRangeError
from layers.store.core import Core
from layers.store.defining import define
from layers.store.engine import Engine
from layers.store.model import Changeset, Decision, Edit, Extent, Page, Version
from layers.store.overlay import Overlay
from layers.store.recording import feature_versions, named_changesets, record, recorded
from layers.store.selecting import Selection, wanted_by
from layers.store.sorting import Sort
from layers.store.statepages import read_sorted
from layers.store.states import count_of, cursor_of, extent_of, key_of, overlay, read_rows, state_of
from layers.store.writing import Writer
from layers.types import Text

if TYPE_CHECKING:
    from layers.history.model import Diff

__all__ = ["Store"]

#: Up to this many features a filtered count is exact and costs a few milliseconds; beyond it a page leaves it out.
_CHEAP_COUNT: Final = 50_000


class Store:
    """Layers, their current state and their whole history, on one engine.

    Open one with `layers.store.open_store`. A store may be used by several threads; several processes may read it while
    one writes.

    Parameters
    ----------
    engine : Engine
        PostGIS or embedded GeoPackage.
    """

    def __init__(self, engine: Engine) -> None:
        self._core = Core(engine)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def url(self) -> str:
        """Where the store is: a path or an address without its password."""
        return self._core.engine.url

    @property
    def core(self) -> Core:
        """The connections and tables, for the packages of `layers` that keep things beside the plan."""
        return self._core

    def close(self) -> None:
        """Close every connection."""
        self._core.engine.sqlalchemy.dispose()

    # Layers ---------------------------------------------------------------------------------------------------------

    def layers(self) -> dict[str, LayerDefinition]:
        """Return the definitions of all layers by id.

        Returns
        -------
        dict of str to LayerDefinition
            In listing order.
        """
        with self._core.reading() as connection:
            return self._core.definitions(connection)

    def definition(self, layer: str) -> LayerDefinition:
        """Return the definition of one layer.

        Parameters
        ----------
        layer : str
            The layer's id.

        Returns
        -------
        LayerDefinition
            As stored.

        Raises
        ------
        UnknownLayerError
            If the store does not hold the layer.
        """
        with self._core.reading() as connection:
            return self._core.definition(connection, layer)

    def add_layer(self, definition: LayerDefinition) -> None:
        """Add a layer, or bring the definition of one up to date.

        Parameters
        ----------
        definition : LayerDefinition
            A new layer, the same again (nothing happens), or one with added fields, other titles, codes, bounds or
            style.

        Raises
        ------
        ConflictingDefinitionError
            If the layer is there and the change would lose data.
        """
        with self._core.writing() as connection:
            self._core.engine.lock(connection)
            define(self._core, connection, definition)

    # Reading --------------------------------------------------------------------------------------------------------

    def read(self, layer: str, **selection: Unpack[Selection]) -> gpd.GeoDataFrame:
        """Return the features of a layer.

        Parameters
        ----------
        layer : str
            The layer's id.
        **selection : Selection
            Which features, of which state: `horizon`, `as_of`, `bbox`, `ids`, `where`, `proposal`.

        Returns
        -------
        GeoDataFrame
            In the typed form of `layers.schema.typed`, in the order in which features were first written; of another
            state than the current one, in the order of ids.

        Raises
        ------
        UnknownLayerError, UnknownFieldError, UnknownChangesetError, UnknownProposalError, ValueOutOfRangeError
            For what is not there or has no meaning.
        """
        wanted = wanted_by(selection)
        with self._core.reading() as connection:
            definition = self._core.definition(connection, layer)
            state = state_of(self._core, connection, definition, wanted)
            return read_rows(self._core, connection, state).features(definition)

    def page(
        self,
        layer: str,
        *,
        limit: int = 10,
        after: str | None = None,
        sort: Sort = (),
        **selection: Unpack[Selection],
    ) -> Page:
        """Return one page of a layer, stable while others write.

        Parameters
        ----------
        layer : str
            The layer's id.
        limit : int
            At most so many features, 1 or more.
        after : str, optional
            `Page.after` of the page before.
        sort : sequence of SortKey, optional
            Fields by which features are ordered; see `layers.store.sorting`.
        **selection : Selection
            Which features, as for `read`.

        Returns
        -------
        Page
            Features, the next cursor and, where cheap, the exact number that match.

        Raises
        ------
        UnknownLayerError, UnknownFieldError, UnknownChangesetError, UnknownProposalError, ValueOutOfRangeError
            For what is not there or has no meaning.
        """
        if limit < 1:
            raise ValueOutOfRangeError(seen=limit, wanted=Text(vi="từ 1 trở lên", en="1 or more"), where="limit")
        wanted = wanted_by(selection)
        with self._core.reading() as connection:
            definition = self._core.definition(connection, layer)
            state = state_of(self._core, connection, definition, wanted)
            # Not the extent, which has to look at every feature after each changeset.
            total = self._core.total(connection, definition)
            matched: int | None = total
            if not state.whole:
                matched = count_of(self._core, connection, state) if total <= _CHEAP_COUNT else None
            if sort:
                rows, ends = read_sorted(self._core, connection, state, sort=sort, after=after, limit=limit)
                return Page(features=rows.features(definition), after=ends, matched=matched)
            behind = None if after is None else key_of(state, after)
            rows = read_rows(self._core, connection, state, after=behind, limit=limit + 1)
            features = rows.features(definition)
            more = len(features) > limit
            return Page(
                features=features.iloc[:limit] if more else features,
                after=cursor_of(state, rows, limit - 1) if more else None,
                matched=matched,
            )

    def count(self, layer: str, **selection: Unpack[Selection]) -> int:
        """Return how many features match.

        Parameters
        ----------
        layer : str
            The layer's id.
        **selection : Selection
            Which features, as for `read`.

        Returns
        -------
        int
            Exact.

        Raises
        ------
        UnknownLayerError, UnknownFieldError, UnknownChangesetError, UnknownProposalError, ValueOutOfRangeError
            For what is not there or has no meaning.
        """
        wanted = wanted_by(selection)
        with self._core.reading() as connection:
            definition = self._core.definition(connection, layer)
            return count_of(self._core, connection, state_of(self._core, connection, definition, wanted))

    def extent(self, layer: str, **selection: Unpack[Selection]) -> Extent:
        """Return how far features reach in space and planned time, and how many they are.

        Parameters
        ----------
        layer : str
            The layer's id.
        **selection : Selection
            Which features, as for `read`.

        Returns
        -------
        Extent
            Of the whole layer where nothing is selected, computed once a changeset.

        Raises
        ------
        UnknownLayerError, UnknownFieldError, UnknownChangesetError, UnknownProposalError, ValueOutOfRangeError
            For what is not there or has no meaning.
        """
        wanted = wanted_by(selection)
        with self._core.reading() as connection:
            definition = self._core.definition(connection, layer)
            state = state_of(self._core, connection, definition, wanted)
            if state.whole:
                return self._core.extent(connection, definition)
            return extent_of(self._core, connection, state)

    def overlay(self, layer: str, **selection: Unpack[Selection]) -> Overlay:
        """Return how another state of a layer differs from the current one.

        Parameters
        ----------
        layer : str
            The layer's id.
        **selection : Selection
            `as_of` and `proposal` choose the state; the rest of a selection has to be put to the features.

        Returns
        -------
        Overlay
            Ids to be hidden, and the features in their place.

        Raises
        ------
        UnknownLayerError, UnknownChangesetError, UnknownProposalError
            For what is not there.
        """
        wanted = wanted_by(selection)
        with self._core.reading() as connection:
            return overlay(self._core, connection, self._core.definition(connection, layer), wanted)

    # Record time ----------------------------------------------------------------------------------------------------

    def changesets(
        self, *, before: int | None = None, limit: int | None = None, newest_first: bool = False
    ) -> list[Changeset]:
        """Return the record, all of it or a page.

        Parameters
        ----------
        before : int, optional
            Only changesets before this one.
        limit : int, optional
            At most so many.
        newest_first : bool
            In which order.

        Returns
        -------
        list of Changeset
            Oldest first unless asked otherwise.
        """
        with self._core.reading() as connection:
            return recorded(self._core, connection, before=before, limit=limit, newest_first=newest_first)

    def changesets_of(self, numbers: Collection[int]) -> list[Changeset]:
        """Return some changesets.

        Parameters
        ----------
        numbers : collection of int
            Their ids.

        Returns
        -------
        list of Changeset
            Oldest first.

        Raises
        ------
        UnknownChangesetError
            If there is no such changeset.
        """
        with self._core.reading() as connection:
            return named_changesets(self._core, connection, numbers)

    def diff(self, a: int | dt.datetime, b: int | dt.datetime, *, layers: Collection[str] | None = None) -> Diff:
        """Return what changed from one state to another.

        Parameters
        ----------
        a, b : int or datetime.datetime
            Changesets or moments, in any order; 0 is the state before the first.
        layers : collection of str, optional
            Only these layers.

        Returns
        -------
        Diff
            Read from the versions between the two, never from whole layers.

        Raises
        ------
        UnknownChangesetError, UnknownLayerError
            For what is not there.
        """
        # Loaded at the first diff: a diff names edits, and edits are part of the package of the store.
        from layers.history.reading import diff_between  # noqa: PLC0415

        with self._core.reading() as connection:
            return diff_between(self._core, connection, a, b, layers=layers)

    def latest(self) -> int:
        """Return the id of the newest changeset, 0 for none.

        Returns
        -------
        int
            Changes whenever anything in the store does: a cache key.
        """
        with self._core.reading() as connection:
            return self._core.latest(connection)

    def history(self, layer: str, feature_id: str) -> list[Version]:
        """Return every version of a feature, oldest first.

        Parameters
        ----------
        layer : str
            The layer's id.
        feature_id : str
            A feature that is or was there.

        Returns
        -------
        list of Version
            At least one.

        Raises
        ------
        UnknownLayerError, UnknownFeatureError
            If it was never there.
        """
        with self._core.reading() as connection:
            return feature_versions(self._core, connection, self._core.definition(connection, layer), feature_id)

    # Writing --------------------------------------------------------------------------------------------------------

    def commit(
        self,
        edits: Sequence[Edit],
        *,
        author: str,
        message: str,
        decision: Decision | None = None,
        base: int | None = None,
        also: Callable[[sa.Connection, Changeset], None] | None = None,
    ) -> Changeset:
        """Write edits as one changeset: all of them or none.

        Parameters
        ----------
        edits : sequence of Put or Remove
            No feature may be named twice. Features put as they already are stay untouched.
        author, message : str
            Who, and why; neither may be blank.
        decision : Decision, optional
            By which document.
        base : int, optional
            The changeset whose state the edits were made on. If anybody changed a named feature since, nothing is
            written: no edit is lost to one that did not know of it.
        also : callable, optional
            What else belongs to it: is given the connection and the changeset, in the same transaction. If it raises,
            nothing is written.

        Returns
        -------
        Changeset
            With the number of features that really changed.

        Raises
        ------
        InvalidFeaturesError
            If features break the layer's definition; holds every issue.
        StaleBaseError
            If a named feature was changed after `base`.
        UnknownLayerError, UnknownFeatureError, FeatureExistsError, CrsError, ValueOutOfRangeError
            For edits that do not fit the current state.
        UnknownChangesetError
            If there is no changeset `base`.
        """
        for name, value in (("author", author), ("message", message)):
            if not value.strip():
                raise ValueOutOfRangeError(seen=value, wanted=Text(vi="có nội dung", en="some text"), where=name)
        with self._core.writing() as connection:
            self._core.engine.lock(connection)
            number = self._core.latest(connection) + 1
            if base is not None:
                base = self._core.changeset_at(connection, base)
            writer = Writer(self._core, connection, number, base=base)
            features = sum(writer.write(edit) for edit in edits)
            changeset = Changeset(number, author, message, decision, dt.datetime.now(dt.UTC), features)
            record(self._core, connection, changeset)
            if also is not None:
                also(connection, changeset)
        return changeset
