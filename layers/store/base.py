"""The store: current state, history and record time behind one interface, the same on every engine."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Final, Self

import geopandas as gpd
import sqlalchemy as sa

from layers.definitions import LayerDefinition
from layers.errors import UnknownFeatureError, ValueOutOfRangeError
from layers.store.core import Core
from layers.store.engine import Engine
from layers.store.filters import boxes, conditions, cursor, filtered
from layers.store.model import Changeset, Decision, Edit, Extent, Page, Version
from layers.store.rows import attribute_columns, features_from_history
from layers.store.tables import new_columns
from layers.store.writing import Writer
from layers.time import Horizon, horizon_interval
from layers.types import Bounds, Text

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
            stored = self._core.definitions(connection).get(definition.id)
            if stored == definition:
                return
            layers = self._core.base.layers
            table = self._core.table(definition)
            if stored is None:
                self._core.engine.create_layer(connection, table, definition)
                connection.execute(sa.insert(layers).values(id=definition.id, definition=definition.model_dump_json()))
                return
            for name in new_columns(stored, definition):
                column = sa.schema.CreateColumn(table.c[name]).compile(dialect=connection.dialect)
                target = connection.dialect.identifier_preparer.format_table(table)
                connection.exec_driver_sql(f"ALTER TABLE {target} ADD COLUMN {column}")
            if stored.geometry != definition.geometry:
                self._core.engine.widen_geometry(connection, table)
            connection.execute(
                sa.update(layers).where(layers.c.id == definition.id).values(definition=definition.model_dump_json())
            )

    # Reading --------------------------------------------------------------------------------------------------------

    def read(
        self,
        layer: str,
        *,
        horizon: Horizon | None = None,
        as_of: int | dt.datetime | None = None,
        bbox: Bounds | None = None,
        ids: Sequence[str] | None = None,
        where: Mapping[str, Any] | None = None,
    ) -> gpd.GeoDataFrame:
        """Return the features of a layer.

        Parameters
        ----------
        layer : str
            The layer's id.
        horizon : int, datetime.date or Interval, optional
            Planned time: only features that exist then; a year means its 31 December.
        as_of : int or datetime.datetime, optional
            Record time: the state after that changeset, or at that moment (naive means UTC).
        bbox : (float, float, float, float), optional
            Only geometries that intersect this box of longitudes and latitudes; a western edge greater than the eastern
            one crosses the antimeridian.
        ids : sequence of str, optional
            Only these features; ids that are not there are left out.
        where : mapping of str to value, optional
            Only features with these attribute values; None asks for missing.

        Returns
        -------
        GeoDataFrame
            In the typed form of `layers.schema.typed`, in the order in which features were first written; of an earlier
            state, in the order of ids.

        Raises
        ------
        UnknownLayerError, UnknownFieldError, UnknownChangesetError, ValueOutOfRangeError
            For what is not there or has no meaning.
        """
        interval = None if horizon is None else horizon_interval(horizon)
        with self._core.reading() as connection:
            definition = self._core.definition(connection, layer)
            if as_of is not None:
                changeset = self._core.changeset_at(connection, as_of)
                features = self._core.history(connection, definition, changeset, ids)
                return filtered(definition, features, interval=interval, bbox=boxes(bbox), where=where)
            table = self._core.table(definition)
            wanted = conditions(self._core.engine, definition, table, interval=interval, bbox=boxes(bbox), where=where)
            if ids is not None:
                wanted.append(self._core.engine.among(table.c.feature_id, ids))
            return self._core.rows(connection, definition, wanted).features(definition)

    def page(
        self,
        layer: str,
        *,
        horizon: Horizon | None = None,
        bbox: Bounds | None = None,
        where: Mapping[str, Any] | None = None,
        limit: int = 10,
        after: str | None = None,
    ) -> Page:
        """Return one page of a layer, stable while others write.

        Parameters
        ----------
        layer : str
            The layer's id.
        horizon : int, datetime.date or Interval, optional
            Planned time, as for `read`.
        bbox : (float, float, float, float), optional
            Place, as for `read`.
        where : mapping of str to value, optional
            Attribute values, as for `read`.
        limit : int
            At most so many features, 1 or more.
        after : str, optional
            `Page.after` of the page before.

        Returns
        -------
        Page
            Features, the next cursor and, where cheap, the exact number that match.

        Raises
        ------
        UnknownLayerError, UnknownFieldError, ValueOutOfRangeError
            For what is not there or has no meaning.
        """
        if limit < 1:
            raise ValueOutOfRangeError(seen=limit, wanted=Text(vi="từ 1 trở lên", en="1 or more"), where="limit")
        interval = None if horizon is None else horizon_interval(horizon)
        with self._core.reading() as connection:
            definition = self._core.definition(connection, layer)
            table = self._core.table(definition)
            wanted = conditions(self._core.engine, definition, table, interval=interval, bbox=boxes(bbox), where=where)
            # Not the extent, which has to look at every feature after each changeset.
            total = self._core.total(connection, definition)
            matched: int | None = total
            if wanted:
                matched = self._core.count(connection, table, wanted) if total <= _CHEAP_COUNT else None
            if after is not None:
                wanted.append(table.c.fid > cursor(after))
            rows = self._core.rows(connection, definition, wanted, limit=limit + 1)
            features = rows.features(definition)
            more = len(features) > limit
            return Page(
                features=features.iloc[:limit] if more else features,
                after=str(rows.fids[limit - 1]) if more else None,
                matched=matched,
            )

    def count(
        self,
        layer: str,
        *,
        horizon: Horizon | None = None,
        bbox: Bounds | None = None,
        where: Mapping[str, Any] | None = None,
    ) -> int:
        """Return how many features match.

        Parameters
        ----------
        layer : str
            The layer's id.
        horizon : int, datetime.date or Interval, optional
            Planned time, as for `read`.
        bbox : (float, float, float, float), optional
            Place, as for `read`.
        where : mapping of str to value, optional
            Attribute values, as for `read`.

        Returns
        -------
        int
            Exact.

        Raises
        ------
        UnknownLayerError, UnknownFieldError, ValueOutOfRangeError
            For what is not there or has no meaning.
        """
        interval = None if horizon is None else horizon_interval(horizon)
        with self._core.reading() as connection:
            definition = self._core.definition(connection, layer)
            table = self._core.table(definition)
            return self._core.count(
                connection,
                table,
                conditions(self._core.engine, definition, table, interval=interval, bbox=boxes(bbox), where=where),
            )

    def extent(self, layer: str) -> Extent:
        """Return how far a layer reaches in space and planned time, and how many features it has.

        Parameters
        ----------
        layer : str
            The layer's id.

        Returns
        -------
        Extent
            Of the current state.

        Raises
        ------
        UnknownLayerError
            If the store does not hold the layer.
        """
        with self._core.reading() as connection:
            return self._core.extent(connection, self._core.definition(connection, layer))

    # Record time ----------------------------------------------------------------------------------------------------

    def changesets(self) -> list[Changeset]:
        """Return every changeset, oldest first.

        Returns
        -------
        list of Changeset
            The whole record.
        """
        table = self._core.base.changesets
        with self._core.reading() as connection:
            rows = connection.execute(sa.select(table).order_by(table.c.id)).all()
        return [_changeset(row) for row in rows]

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
        table = self._core.base.history
        with self._core.reading() as connection:
            definition = self._core.definition(connection, layer)
            rows = connection.execute(
                sa.select(table.c.changeset, table.c.operation, sa.cast(table.c.attributes, sa.Text), table.c.geometry)
                .where(table.c.layer == layer, table.c.feature_id == feature_id)
                .order_by(table.c.changeset)
            ).all()
        if not rows:
            raise UnknownFeatureError(seen=feature_id, where=definition.id)
        features = features_from_history(
            definition, [feature_id] * len(rows), [row[2] or "{}" for row in rows], [row[3] for row in rows]
        )
        columns = attribute_columns(definition, features)
        return [
            Version(
                changeset=row[0],
                operation=row[1],
                attributes={name: values[i] for name, values in columns.items() if values[i] is not None},
                geometry=features.geometry.iloc[i],
            )
            for i, row in enumerate(rows)
        ]

    # Writing --------------------------------------------------------------------------------------------------------

    def commit(
        self, edits: Sequence[Edit], *, author: str, message: str, decision: Decision | None = None
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

        Returns
        -------
        Changeset
            With the number of features that really changed.

        Raises
        ------
        InvalidFeaturesError
            If features break the layer's definition; holds every issue.
        UnknownLayerError, UnknownFeatureError, FeatureExistsError, CrsError, ValueOutOfRangeError
            For edits that do not fit the current state.
        """
        for name, value in (("author", author), ("message", message)):
            if not value.strip():
                raise ValueOutOfRangeError(seen=value, wanted=Text(vi="có nội dung", en="some text"), where=name)
        with self._core.writing() as connection:
            self._core.engine.lock(connection)
            number = self._core.latest(connection) + 1
            writer = Writer(self._core, connection, number)
            features = sum(writer.write(edit) for edit in edits)
            changeset = Changeset(number, author, message, decision, dt.datetime.now(dt.UTC), features)
            connection.execute(
                sa.insert(self._core.base.changesets).values(
                    id=number,
                    author=author,
                    message=message,
                    decision_number=None if decision is None else decision.number,
                    decision_date=None if decision is None else decision.date,
                    time=changeset.time.isoformat(),
                    features=features,
                )
            )
        return changeset


def _changeset(row: sa.Row[Any]) -> Changeset:
    return Changeset(
        id=row.id,
        author=row.author,
        message=row.message,
        decision=None if row.decision_number is None else Decision(row.decision_number, row.decision_date),
        time=dt.datetime.fromisoformat(row.time),
        features=row.features,
    )
