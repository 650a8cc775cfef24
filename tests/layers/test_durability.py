"""A process or a server that is killed in the middle loses nothing that was confirmed and leaves nothing half-done.

A few rounds are part of every run; `make durability` does a hundred of each kind.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import make_url

from tests.support.postgis import private_cluster
from tests.support.writer import check_whole, killed, prepare

ROUNDS: Final = int(os.environ.get("PARKPLAN_KILL_ROUNDS", "2"))


def test_a_killed_writer_loses_nothing(store_url: str) -> None:
    prepare(store_url)
    confirmed: list[int] = []
    latest = 0
    for number in range(ROUNDS):
        confirmed += killed(store_url, number)
        latest = check_whole(store_url, confirmed)
    assert confirmed == sorted(set(confirmed))
    assert latest >= len(confirmed) > 0


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGQUIT])
def test_a_killed_server_loses_nothing(how: signal.Signals) -> None:
    with private_cluster() as server:
        url = make_url(server.url).update_query_dict({"schema": "plan"}).render_as_string(hide_password=False)
        prepare(url)
        confirmed: list[int] = []
        latest = 0
        for number in range(max(1, ROUNDS // 2)):
            confirmed += killed(url, 1_000 + number, kill=lambda: server.crash(how))
            server.recover()
            latest = check_whole(url, confirmed)
        assert latest >= len(confirmed)


def test_a_store_that_is_copied_after_a_kill_is_whole(tmp_path: Path) -> None:
    first, second = tmp_path / "first.gpkg", tmp_path / "second.gpkg"
    prepare(first)
    confirmed = killed(first, 77)
    for ending in ("", "-wal", "-shm"):
        if (file := first.with_name(first.name + ending)).exists():
            second.with_name(second.name + ending).write_bytes(file.read_bytes())
    assert check_whole(second, confirmed) == check_whole(first, confirmed)
