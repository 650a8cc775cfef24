"""A backup holds one state of everything, is found right as it is written, and gives every state back."""

from __future__ import annotations

import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from layers.backups import Backup, read_backup, restore_backup, write_backup
from layers.errors import BackupError
from layers.people import open_people
from layers.store import Store, open_store
from tests.support.stores import empty_schema
from tests.support.writer import LAYERS, check_whole, killed, prepare


@pytest.fixture
def new_url(store_url: str, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the URL of a place where nothing is, on the same engine."""
    if "://" not in store_url:
        yield str(tmp_path / "restored.gpkg")
        return
    with empty_schema(request.getfixturevalue("postgis_url")) as url:
        yield url


@pytest.fixture
def lived(store_url: str) -> str:
    """Give the URL of a store that something was written to."""
    prepare(store_url)
    killed(store_url, 3)
    return store_url


def told(store: Store) -> list[object]:
    """Everything that a store says of itself."""
    said: list[object] = [list(store.layers().items()), store.changesets()]
    for layer in LAYERS:
        for changeset in range(store.latest() + 1):
            state = store.read(layer, as_of=changeset)
            said += [state.drop(columns="geometry").to_csv(), state.geometry.to_wkb().tolist()]
        said += [store.read(layer).index.tolist(), [store.history(layer, "mark")[-1].attributes]]
    with store.core.reading() as connection:
        for table in store.core.base:
            rows = connection.execute(sa.select(table)).all()
            said.append(sorted(map(repr, rows)))
    return said


def test_a_restored_store_gives_every_state_back(lived: str, new_url: str, tmp_path: Path) -> None:
    with open_people(lived) as people:
        people.accounts.add_institute("hpi", "Viện Quy hoạch")
    file = tmp_path / "plan.backup"
    backup = write_backup(lived, file)
    assert read_backup(file) == restore_backup(file, new_url) == backup
    with open_store(lived) as before, open_store(new_url) as after:
        assert backup.changeset == before.latest()
        assert told(after) == told(before)
    with open_people(new_url) as people:
        assert [one.id for one in people.accounts.institutes()] == ["hpi"]
    # The restored store is written to like any other.
    confirmed = killed(new_url, 5)
    assert check_whole(new_url, confirmed) >= backup.changeset + len(confirmed)


def test_a_backup_is_made_while_others_write(lived: str, new_url: str, tmp_path: Path) -> None:
    made: list[Backup] = []
    names = (tmp_path / f"{number}.backup" for number in range(1000))
    stop = threading.Event()

    def backing_up() -> None:
        while not stop.is_set():
            made.append(write_backup(lived, next(names)))

    thread = threading.Thread(target=backing_up)
    thread.start()
    try:
        for seed in (11, 13):
            killed(lived, seed)
    finally:
        stop.set()
        thread.join()
    latest = check_whole(lived, [])
    assert [backup.changeset for backup in made] == sorted(backup.changeset for backup in made)
    restored = restore_backup(tmp_path / f"{len(made) // 2}.backup", new_url)
    assert check_whole(new_url, []) == restored.changeset <= latest


@pytest.fixture
def backed(lived: str, tmp_path: Path) -> Path:
    file = tmp_path / "plan.backup"
    write_backup(lived, file)
    return file


def test_a_damaged_backup_is_told(backed: Path, new_url: str) -> None:
    content = bytearray(backed.read_bytes())
    content[len(content) // 3] ^= 0xFF
    damaged = backed.with_name("damaged.backup")
    damaged.write_bytes(content)
    with pytest.raises(BackupError):
        restore_backup(damaged, new_url)
    with zipfile.ZipFile(backed) as archive, zipfile.ZipFile(damaged, "w") as changed:
        for name in archive.namelist():
            body = archive.read(name)
            changed.writestr(name, body[:-1] + b"?" if name != "manifest.json" else body)
    with pytest.raises(BackupError, match=r"The backup .*damaged\.backup: "):
        restore_backup(damaged, new_url)
    damaged.write_text("không phải bản sao lưu", encoding="utf-8")
    with pytest.raises(BackupError) as error:
        read_backup(damaged)
    assert "cần tệp sao lưu do parkplan backup ghi" in error.value.message("vi")


def test_a_backup_is_restored_where_nothing_is(backed: Path, lived: str) -> None:
    with pytest.raises(BackupError, match=r"wanted a (place where nothing is|schema without layers)"):
        restore_backup(backed, lived)
    other = "postgresql://nobody@127.0.0.1:1/none" if "://" not in lived else str(backed.with_name("new.gpkg"))
    with pytest.raises(BackupError, match=r"saw (postgis|geopackage), wanted (postgis|geopackage)"):
        restore_backup(backed, other)
    with pytest.raises(BackupError, match="a folder that is there"):
        write_backup(lived, backed.parent / "no" / "plan.backup")


def test_a_record_that_is_not_whole_is_not_backed_up_in_silence(tmp_path: Path) -> None:
    store = tmp_path / "plan.gpkg"
    prepare(store)
    with open_store(store) as opened, opened.core.writing() as connection:
        changesets = opened.core.base.changesets
        row = {"id": 1, "author": "x", "message": "x", "time": "2026-01-01T00:00:00+00:00", "features": 3}
        connection.execute(sa.insert(changesets).values(row))
    with pytest.raises(BackupError, match=r"changeset \[1\] not whole"):
        write_backup(str(store), tmp_path / "plan.backup")
    with pytest.raises(BackupError, match="a store that is there"):
        write_backup(str(tmp_path / "none.gpkg"), tmp_path / "plan.backup")
    assert list(tmp_path.glob("*backup*")) == []
