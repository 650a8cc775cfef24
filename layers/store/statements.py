"""Statements for pages, written once for each kind of question, and put to the database driver itself.

SQLAlchemy says what a question means, but making its statement takes longer than answering it. So the text of each kind
is kept with the names of its parameters, and each question fills in its own values.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import orjson
import shapely
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from layers.definitions import LayerDefinition
from layers.store.core import Core
from layers.store.engine import Engine
from layers.store.limits import query_limit_s, store_failure
from layers.store.selecting import Wanted, conditions
from layers.store.sorting import Sort, after_key, order_by, sort_columns
from layers.store.tables import GEOMETRY_COLUMN, box
from layers.time import Interval
from layers.types import Bounds

__all__ = [
    "Driver",
    "Statement",
    "count_statement",
    "definition_mark",
    "definition_statement",
    "kind_of",
    "page_statement",
    "parameters",
    "rows_statement",
    "text_collation",
]

#: Boxes that stand for those of a question; its kind has their number only.
_BOXES: Final[tuple[Bounds, ...]] = ((-1.0625, -2.0625, 3.0625, 4.0625), (-5.0625, -6.0625, 7.0625, 8.0625))
_POOL: Final = 10
_OVERFLOW: Final = 30
#: Questions of a web server are small: other processors are busy with those of other people.
_OPTIONS: Final = "-c max_parallel_workers_per_gather=0 -c jit=off"
_PLAN_EACH: Final = "-c plan_cache_mode=force_custom_plan"
#: Columns of the first row of each answer: mark of the definition, newest changeset, last write to a file.
HEAD_COLUMNS: Final = 3

_Process = Callable[[Any], Any] | None


class Statement(NamedTuple):
    """A statement of one kind.

    Attributes
    ----------
    text : str
        SQL as the driver takes it.
    order : tuple of str or None
        Names of its parameters in their order; None where the driver goes by name.
    boxes : mapping of str to (int, int or None)
        Parameters that are an edge of a box, or with None a whole one as WKB, by its place.
    fixed : mapping of str to value
        Parameters that are the same in every question of the kind.
    processes : mapping of str to callable
        What a driver wants done to a parameter first.
    """

    text: str
    order: tuple[str, ...] | None
    boxes: Mapping[str, tuple[int, int | None]]
    fixed: Mapping[str, Any]
    processes: Mapping[str, Callable[[Any], Any]]


class _LostConnectionError(Exception):
    """The server had closed a connection that was kept."""


class Driver:
    """Connections of a database driver for single statements, each of which sees one state.

    Parameters
    ----------
    engine : Engine
        PostGIS or embedded GeoPackage.
    """

    def __init__(self, engine: Engine) -> None:
        self._where = engine.url
        dialect: Any = engine.sqlalchemy.dialect
        self._errors: type[Exception] = dialect.loaded_dbapi.Error
        self._server = dialect.name == "postgresql"
        self._engines = _server_engines(engine) if self._server else (engine.sqlalchemy, engine.sqlalchemy)

    def fetch(self, statement: Statement, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """Ask one statement.

        Parameters
        ----------
        statement : Statement
            What to ask.
        values : mapping of str to value
            Of `parameters`.

        Returns
        -------
        list of tuple
            Rows as the driver gives them.

        Raises
        ------
        StoreError
            If the database fails.
        """
        try:
            try:
                return self._fetch(statement, values)
            except _LostConnectionError:
                return self._fetch(statement, values)
        except (SQLAlchemyError, self._errors, _LostConnectionError) as error:
            raise store_failure(error, where=self._where) from error

    def _fetch(self, statement: Statement, values: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        pool = self._engines[bool(statement.boxes)]
        pooled = pool.raw_connection()
        connection: Any = pooled.driver_connection
        try:
            if statement.order is not None:
                given = [values[name] for name in statement.order]
                return list(connection.execute(statement.text, given).fetchall())
            with connection.cursor(binary=True) as cursor:
                return list(cursor.execute(statement.text, values, prepare=True).fetchall())
        except self._errors as error:
            if self._server and connection.broken:
                pooled.invalidate(error)
                pool.dispose()
                raise _LostConnectionError from error
            raise
        finally:
            pooled.close()


def _server_engines(engine: Engine) -> tuple[sa.Engine, sa.Engine]:
    """Make connections for statements whose plan is always the same, and for those with boxes, small and large."""
    made = [
        sa.create_engine(
            engine.sqlalchemy.url,
            isolation_level="AUTOCOMMIT",
            pool_size=_POOL,
            max_overflow=_OVERFLOW,
            pool_use_lifo=True,
            connect_args={"connect_timeout": 10, "options": options},
        )
        for options in (_OPTIONS, f"{_OPTIONS} {_PLAN_EACH}")
    ]
    limit = query_limit_s(engine)
    for pool in made:
        if limit is not None:
            sa.event.listen(pool, "connect", partial(_limit, milliseconds=round(limit * 1000)))
        sa.event.listen(engine.sqlalchemy, "engine_disposed", lambda _, pool=pool: pool.dispose())
    return made[0], made[1]


def _limit(driver: Any, _: object, *, milliseconds: int) -> None:
    driver.execute(f"SET statement_timeout = {milliseconds}")


def text_collation(engine: Engine) -> str:
    """Return the name by which a database knows the order of bytes.

    Parameters
    ----------
    engine : Engine
        PostGIS or embedded GeoPackage.

    Returns
    -------
    str
        A collation.
    """
    return "C" if engine.sqlalchemy.dialect.name == "postgresql" else "BINARY"


def kind_of(wanted: Wanted) -> Hashable:
    """Return what questions have in common whose statements differ in values only.

    Parameters
    ----------
    wanted : Wanted
        A question to the current state.

    Returns
    -------
    hashable
        Equal for questions of one kind.
    """
    interval = wanted.interval
    return (
        None if interval is None else (interval.start is None, interval.end is None),
        None if wanted.boxes is None else len(wanted.boxes),
        tuple((name, value is None) for name, value in wanted.where.items()),
        None if wanted.ids is None else tuple(wanted.ids),
        getattr(wanted, "filter", None),
    )


def page_statement(
    core: Core, definition: LayerDefinition, wanted: Wanted, sort: Sort, *, behind: Sequence[Any] | None, whole: bool
) -> Statement:
    """Write the statement for a page.

    Parameters
    ----------
    core : Core
        The store's connections and tables.
    definition : LayerDefinition
        The layer.
    wanted : Wanted
        A question of the kind.
    sort : sequence of SortKey
        The order.
    behind : sequence or None
        What the last feature of the page before has in the columns that order it; it matters what is None.
    whole : bool
        Whether rows are wanted whole, and not only their keys.

    Returns
    -------
    Statement
        Its first row is the head: mark of the definition, newest changeset, last write to a file. The others are
        empty there, and go on with key, version, the columns that order them (or id, attributes and geometry).
    """
    table = core.table(definition)
    columns = sort_columns(definition, table, sort, collation=text_collation(core.engine))
    met = conditions(core.engine, definition, table, _stand_ins(wanted))
    if behind is not None:
        marks: list[Any] = [None if value is None else sa.bindparam(f"p_after_{i}") for i, value in enumerate(behind)]
        met.append(after_key(columns, sort, marks))
    chosen = _row(core, definition, table) if whole else columns
    inner = (
        sa.select(table.c.fid.label("c_fid"), _version(core).label("c_version"))
        .add_columns(*(column.label(f"c_{i}") for i, column in enumerate(chosen)))
        .where(*met)
        .order_by(*order_by(columns, sort))
        .limit(sa.bindparam("p_limit", type_=sa.Integer))
        .subquery("page")
    )
    head = _head(core, definition)
    statement: Any = sa.union_all(
        head.add_columns(*(sa.null() for _ in inner.c)),
        sa.select(*(sa.null() for _ in range(HEAD_COLUMNS)), *inner.c),
    )
    return _written(core.engine, statement)


def count_statement(core: Core, definition: LayerDefinition, wanted: Wanted) -> Statement:
    """Write the statement that counts.

    Parameters
    ----------
    core : Core
        The store's connections and tables.
    definition : LayerDefinition
        The layer.
    wanted : Wanted
        A question of the kind.

    Returns
    -------
    Statement
        One row: newest changeset, features that meet the question.
    """
    table = core.table(definition)
    met = conditions(core.engine, definition, table, _stand_ins(wanted))
    counted = sa.select(sa.func.count()).select_from(table).where(*met).scalar_subquery()
    return _written(core.engine, sa.select(_latest(core), counted))


def rows_statement(core: Core, definition: LayerDefinition) -> Statement:
    """Write the statement for whole rows by their keys.

    Parameters
    ----------
    core : Core
        The store's connections and tables.
    definition : LayerDefinition
        The layer.

    Returns
    -------
    Statement
        Key, version, id, attributes, geometry; the keys are its parameter `p_fids`.
    """
    table = core.table(definition)
    columns = [table.c.fid, _version(core), *_row(core, definition, table)]
    if core.engine.sqlalchemy.dialect.name == "postgresql":
        named: Any = table.c.fid == sa.any_(sa.bindparam("p_fids", type_=sa.ARRAY(sa.BigInteger)))
    else:
        named = table.c.fid.in_(sa.select(sa.func.json_each(sa.bindparam("p_fids")).table_valued("value").c.value))
    return _written(core.engine, sa.select(*columns).where(named))


def definition_statement(core: Core) -> Statement:
    """Write the statement for the definition of a layer.

    Parameters
    ----------
    core : Core
        The store's connections and tables.

    Returns
    -------
    Statement
        Its mark; the layer is its parameter `p_layer`.
    """
    layers = core.base.layers
    return _written(core.engine, sa.select(definition_mark(core)).where(layers.c.id == sa.bindparam("p_layer")))


def definition_mark(core: Core) -> sa.ColumnElement[Any]:
    """Return what changes whenever a layer's definition does.

    Parameters
    ----------
    core : Core
        The store's connections and tables.

    Returns
    -------
    ColumnElement
        A column of the table of layers: on a server the version of its row, which is shorter than the definition.
    """
    server = core.engine.sqlalchemy.dialect.name == "postgresql"
    mark: sa.ColumnElement[Any] = core.base.layers.c.definition
    return sa.cast(sa.literal_column("xmin"), sa.Text) if server else mark


def _row(core: Core, definition: LayerDefinition, table: sa.Table) -> list[sa.ColumnElement[Any]]:
    names = [field.name for field in definition.all_fields]
    plain = [sa.type_coerce(table.c[name], sa.types.NullType()) for name in names]
    drawn = [core.engine.wkb(table.c[GEOMETRY_COLUMN])] if definition.spatial else []
    return [table.c.feature_id, *plain, *drawn]


def _version(core: Core) -> sa.ColumnElement[Any]:
    """Return what changes whenever a row does: on a server whoever changes it, in a file with each changeset."""
    server = core.engine.sqlalchemy.dialect.name == "postgresql"
    return sa.literal_column("xmin::text" if server else "changeset")


def _latest(core: Core) -> sa.ColumnElement[Any]:
    return sa.select(sa.func.coalesce(sa.func.max(core.base.changesets.c.id), 0)).scalar_subquery()


def _head(core: Core, definition: LayerDefinition) -> sa.Select[Any]:
    layers = core.base.layers
    written: sa.ColumnElement[Any] = sa.null()
    if core.engine.sqlalchemy.dialect.name != "postgresql":
        # Other programs that edit the file note it here, and know nothing of changesets.
        contents = sa.table("gpkg_contents", sa.column("last_change"), sa.column("table_name"))
        written = sa.select(contents.c.last_change).where(contents.c.table_name == layers.c.id).scalar_subquery()
    return (
        sa.select(definition_mark(core), _latest(core), written).select_from(layers).where(layers.c.id == definition.id)
    )


def _stand_ins(wanted: Wanted) -> Wanted:
    """Put parameters and stand-ins in place of the values of a question."""
    interval: Any = None
    if wanted.interval is not None:
        start, end = wanted.interval
        interval = Interval(
            start if start is None else _mark("p_start", sa.Date()), end if end is None else _mark("p_end", sa.Date())
        )
    where: dict[str, Any] = {
        name: value if value is None else sa.bindparam(f"p_where_{i}")
        for i, (name, value) in enumerate(wanted.where.items())
    }
    boxes = None if wanted.boxes is None else _BOXES[: len(wanted.boxes)]
    return wanted._replace(interval=interval, where=where, boxes=boxes)


def _mark(name: str, type_: sa.types.TypeEngine[Any]) -> Any:
    return sa.bindparam(name, type_=type_)


def _written(engine: Engine, statement: Any) -> Statement:
    dialect = engine.sqlalchemy.dialect
    compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
    whole = {shapely.to_wkb(box(bounds)): number for number, bounds in enumerate(_BOXES)}
    edges = {edge: (number, place) for number, bounds in enumerate(_BOXES) for place, edge in enumerate(bounds)}
    boxes: dict[str, tuple[int, int | None]] = {}
    fixed: dict[str, Any] = {}
    processes: dict[str, Callable[[Any], Any]] = {}
    for name, bind in compiled.binds.items():
        process: _Process = bind.type.dialect_impl(dialect).bind_processor(dialect)
        value = compiled.params.get(name, bind.value)
        if isinstance(value, bytes) and value in whole:
            boxes[name] = (whole[value], None)
        elif isinstance(value, float) and value in edges:
            boxes[name] = edges[value]
        elif name.startswith("p_"):
            if process is not None:
                processes[name] = process
        else:
            fixed[name] = value if process is None else process(value)
    order = None if compiled.positiontup is None else tuple(compiled.positiontup)
    return Statement(str(compiled), order, boxes, fixed, processes)


def parameters(
    statement: Statement,
    wanted: Wanted | None = None,
    *,
    limit: int | None = None,
    behind: Sequence[Any] | None = None,
    fids: Sequence[int] | None = None,
) -> dict[str, Any]:
    """Return the parameters of a question.

    Parameters
    ----------
    statement : Statement
        Of its kind.
    wanted : Wanted, optional
        The question.
    limit : int, optional
        Rows at most.
    behind : sequence, optional
        What the last feature of the page before has in the columns that order it.
    fids : sequence of int, optional
        Keys.

    Returns
    -------
    dict of str to value
        For `Driver.fetch`.
    """
    values: dict[str, Any] = {"p_limit": limit}
    if wanted is not None:
        values.update((f"p_where_{i}", value) for i, value in enumerate(wanted.where.values()))
        if wanted.interval is not None:
            values["p_start"], values["p_end"] = wanted.interval
        for name, (number, place) in statement.boxes.items():
            bounds = (wanted.boxes or ())[number]
            values[name] = shapely.to_wkb(box(bounds)) if place is None else bounds[place]
    values.update((f"p_after_{i}", value) for i, value in enumerate(behind or ()))
    if fids is not None:
        values["p_fids"] = list(fids) if statement.order is None else orjson.dumps(list(fids)).decode()
    processed = {
        name: statement.processes[name](value) if name in statement.processes else value
        for name, value in values.items()
    }
    return {**statement.fixed, **processed}
