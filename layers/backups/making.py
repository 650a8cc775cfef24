"""Backing up a store while others write to it, and restoring it: each engine by its own way to one consistent state."""

from __future__ import annotations

import hashlib
import os
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa
from psycopg import sql

from layers.backups.archive import Backup, packed, parts_of, read_backup, unpacked
from layers.errors import BackupError
from layers.people.tables import open_desk, people_file
from layers.store import Store, open_store
from layers.types import Text

__all__ = ["restore_backup", "write_backup"]

_STORE_PART: Final = "store.gpkg"
_PEOPLE_PART: Final = "people.sqlite"
_CHUNK: Final = 1 << 20
#: How values are written as text, whatever the server is set to.
_PLAIN: Final = (
    "SET LOCAL datestyle = 'ISO, YMD'",
    "SET LOCAL extra_float_digits = 3",
    "SET LOCAL bytea_output = 'hex'",
)
#: By what the rows of a table without a key are told apart, and how they were written.
_ORDER: Final = ("changeset", "proposal", "version", "layer", "feature_id")
_Add = Callable[[str, Iterable[bytes], bool], None]


def write_backup(store: str, path: str | Path) -> Backup:
    """Write everything that a store holds into one file, while others read and write.

    Parameters
    ----------
    store : str
        As for `layers.store.open_store`.
    path : str or Path
        Where to; a file that is there is replaced in one step, once the new one was read again and found right.

    Returns
    -------
    Backup
        What it holds: one state of the store, with all changesets up to the newest.

    Raises
    ------
    BackupError
        If the file cannot be written, or the store's record is not whole.
    StoreError
        If the store fails.
    """
    place = Path(path)
    if "://" in store:
        return packed(place, "postgis", lambda add: _dump(store, add))
    return packed(place, "geopackage", lambda add: _copy_files(store, add))


def restore_backup(path: str | Path, store: str) -> Backup:
    """Make a store from a backup, where there is none yet.

    Parameters
    ----------
    path : str or Path
        The backup; every byte of it is checked first.
    store : str
        As for `layers.store.open_store`, of the same engine: a file that is not there, or a schema without layers.

    Returns
    -------
    Backup
        What was restored; the new store was read again and found to hold just that.

    Raises
    ------
    BackupError
        If it is no backup, or damaged, or of the other engine, or the place is taken.
    StoreError
        If the store fails.
    """
    place = Path(path)
    backup = read_backup(place)
    engine = "postgis" if "://" in store else "geopackage"
    if backup.engine != engine:
        raise BackupError(seen=engine, wanted=backup.engine, where=str(path))
    if engine == "postgis":
        _load(backup, place, store)
    else:
        _place_files(backup, place, Path(store))
    with open_store(store) as restored, restored.core.reading() as connection:
        found = _checked(restored, connection)
    if found != (backup.changeset, backup.features):
        raise BackupError(seen=found, wanted=(backup.changeset, backup.features), where=store)
    return backup


def _checked(store: Store, connection: sa.Connection) -> tuple[int, int]:
    """Return the newest changeset and the number of features; the record has to be whole."""
    core = store.core
    changesets, history = core.base.changesets, core.base.history
    counted = sa.select(history.c.changeset, sa.func.count()).group_by(history.c.changeset)
    written = {row[0]: row[1] for row in connection.execute(counted)}
    told = {row[0]: row[1] for row in connection.execute(sa.select(changesets.c.id, changesets.c.features))}
    latest = max(told, default=0)
    odd = [number for number in range(1, latest + 1) if told.get(number) != written.get(number, 0)]
    if odd or len(told) != latest or not written.keys() <= told.keys():
        seen = Text(vi=f"phiên bản {odd[:1]} không đủ", en=f"changeset {odd[:1]} not whole")
        raise BackupError(seen=seen, wanted=Text(vi="lịch sử đầy đủ", en="a whole record"), where=store.url)
    layers = core.definitions(connection).values()
    return latest, sum(core.count(connection, core.table(definition), []) for definition in layers)


# Embedded: SQLite's online backup -------------------------------------------------------------------------------------


def _copy_files(store: str, add: _Add) -> tuple[int, int]:
    """Copy the database in one read transaction, which no writer has to wait for."""
    if not Path(store).is_file():
        raise BackupError(seen=store, wanted=Text(vi="kho có sẵn", en="a store that is there"), where=store)
    with tempfile.TemporaryDirectory(prefix="parkplan-backup-") as folder:
        copy = Path(folder) / _STORE_PART
        _copy(Path(store), copy)
        with open_store(copy) as opened, opened.core.reading() as connection:
            found = _checked(opened, connection)
        add(_STORE_PART, _read(copy), False)
        people = Path(people_file(store))
        if people.is_file():
            beside = Path(folder) / _PEOPLE_PART
            _copy(people, beside)
            add(_PEOPLE_PART, _read(beside), False)
    return found


def _copy(source: Path, target: Path) -> None:
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)
        answer = other.execute("PRAGMA integrity_check").fetchone()[0]
    if answer != "ok":
        raise BackupError(seen=answer, wanted="integrity_check: ok", where=str(source))


def _read(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk


def _place_files(backup: Backup, path: Path, store: Path) -> None:
    targets = {_STORE_PART: store, _PEOPLE_PART: Path(people_file(str(store)))}
    for target in targets.values():
        if target.exists():
            taken = Text(vi="một chỗ còn trống", en="a place where nothing is")
            raise BackupError(seen=str(target), wanted=taken, where=str(path))
    for part in reversed(backup.parts):
        # The store comes last: until it is there, nothing is.
        target = targets[part.name]
        handle, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                for chunk in unpacked(path, part.name):
                    file.write(chunk)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(target)
        finally:
            with suppress(FileNotFoundError):
                Path(name).unlink()


# Server: every table as text, in one transaction ----------------------------------------------------------------------


def _people_tables(url: str) -> list[sa.Table]:
    """Return the tables of people, which are made where they are missing."""
    with closing(open_desk(url)) as desk:
        return list(desk.tables)


def _tables(store: Store, connection: sa.Connection) -> list[sa.Table]:
    """Return the tables of a store in the order in which they can be filled."""
    core = store.core
    return [*core.base, *(core.table(definition) for definition in core.definitions(connection).values())]


def _query(table: sa.Table) -> sql.Composed:
    """Return what reads a table whole, always in the same order; the history in that in which it was written."""
    keys = [column.name for column in table.primary_key] or [name for name in _ORDER if name in table.columns]
    return sql.SQL("COPY (SELECT {} FROM {} ORDER BY {}) TO STDOUT").format(
        _names(table), _named(table), sql.SQL(", ").join(map(sql.Identifier, keys))
    )


def _names(table: sa.Table) -> sql.Composed:
    return sql.SQL(", ").join(sql.Identifier(column.name) for column in table.columns)


def _named(table: sa.Table) -> sql.Identifier:
    return sql.Identifier(str(table.schema), table.name)


def _driver(connection: sa.Connection) -> Any:
    for setting in _PLAIN:
        connection.exec_driver_sql(setting)
    return connection.connection.driver_connection


def _rows(driver: Any, table: sa.Table) -> Iterator[bytes]:
    with driver.cursor() as cursor, cursor.copy(_query(table)) as copy:
        for chunk in copy:
            yield bytes(chunk)


def _dump(url: str, add: _Add) -> tuple[int, int]:
    with open_store(url) as store:
        people = _people_tables(url)
        with store.core.reading() as connection:
            # From here on nothing that others write is seen: one state, as the first statement found it.
            found = _checked(store, connection)
            driver = _driver(connection)
            for table in (*_tables(store, connection), *people):
                add(f"tables/{table.name}", _rows(driver, table), True)
    return found


def _load(backup: Backup, path: Path, url: str) -> None:
    parts = parts_of(backup)
    with open_store(url) as store:
        core = store.core
        if store.layers() or store.latest():
            taken = Text(vi="một schema chưa có lớp nào", en="a schema without layers")
            raise BackupError(seen=store.url, wanted=taken, where=str(path))
        people = _people_tables(url)
        with core.writing() as connection:
            core.engine.lock(connection)
            driver = _driver(connection)
            for table in (core.base.meta, core.base.layers):
                connection.execute(sa.delete(table))
                _fill(driver, table, unpacked(path, f"tables/{table.name}"))
            for definition in core.definitions(connection).values():
                core.engine.create_layer(connection, core.table(definition), definition)
            for table in (*_tables(store, connection), *people):
                part = parts.get(f"tables/{table.name}")
                if part is None:
                    continue
                if table not in (core.base.meta, core.base.layers):
                    _fill(driver, table, unpacked(path, part.name))
                    _count_on(driver, table)
                digest = hashlib.sha256()
                for chunk in _rows(driver, table):
                    digest.update(chunk)
                if digest.hexdigest() != part.sha256:
                    raise BackupError(seen=digest.hexdigest(), wanted=part.sha256, where=f"{url}: {table.name}")


def _fill(driver: Any, table: sa.Table, content: Iterable[bytes]) -> None:
    statement = sql.SQL("COPY {} ({}) FROM STDIN").format(_named(table), _names(table))
    with driver.cursor() as cursor:
        with cursor.copy(statement) as copy:
            for chunk in content:
                copy.write(chunk)
        cursor.execute(sql.SQL("ANALYZE {}").format(_named(table)))


def _count_on(driver: Any, table: sa.Table) -> None:
    """Let keys that the server counts up go on behind those that are there."""
    for column in table.primary_key:
        with driver.cursor() as cursor:
            name = _named(table).as_string(driver)
            (sequence,) = cursor.execute("SELECT pg_get_serial_sequence(%s, %s)", (name, column.name)).fetchone()
            if sequence is not None:
                statement = sql.SQL("SELECT setval(%s, max({})) FROM {} HAVING max({}) IS NOT NULL").format(
                    sql.Identifier(column.name), _named(table), sql.Identifier(column.name)
                )
                cursor.execute(statement, (sequence,))
