"""An R-tree that is packed at once is one to SQLite: sound by its own check, and it finds what a scan finds."""

from __future__ import annotations

import sqlite3

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.store.packing import pack


def tree(keys: np.ndarray, bounds: np.ndarray) -> sqlite3.Connection:
    """Make an R-tree in memory whose tables hold what was packed."""
    driver = sqlite3.connect(":memory:")
    driver.execute("CREATE VIRTUAL TABLE t USING rtree(id, minx, maxx, miny, maxy)")
    (size,) = driver.execute("SELECT length(data) FROM t_node WHERE nodeno = 1").fetchone()
    packed = pack(keys, bounds, node_bytes=size)
    for kind, rows in (("node", packed.nodes), ("rowid", packed.rows.tolist()), ("parent", packed.parents.tolist())):
        driver.execute(f"DELETE FROM t_{kind}")
        driver.executemany(f"INSERT INTO t_{kind} VALUES (?, ?)", rows)
    return driver


def boxes(count: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    low = random.uniform([-180, -90], [180, 90], (count, 2))
    high = np.minimum(low + random.exponential(0.5, (count, 2)), [180, 90])
    return np.column_stack([low[:, 0], high[:, 0], low[:, 1], high[:, 1]])


@settings(deadline=None, max_examples=40)
@given(st.sampled_from([0, 1, 2, 50, 51, 52, 700, 2_601, 2_602, 6_000]), st.integers(0, 2**16))
def test_a_packed_tree_is_sound_and_finds_what_a_scan_finds(count: int, seed: int) -> None:
    bounds = boxes(count, seed)
    keys = np.arange(10, 10 + 3 * count, 3)
    driver = tree(keys, bounds)
    assert driver.execute("SELECT rtreecheck('t')").fetchone() == ("ok",)
    for west, south, size in ((-180.0, -90.0, 360.0), (105.0, 20.0, 3.0), (-20.0, -10.0, 40.0)):
        east, north = west + size, south + size
        found = driver.execute(
            "SELECT id FROM t WHERE maxx >= ? AND minx <= ? AND maxy >= ? AND miny <= ?", (west, east, south, north)
        )
        meets = (bounds[:, 1] >= west) & (bounds[:, 0] <= east) & (bounds[:, 3] >= south) & (bounds[:, 2] <= north)
        # Boxes of 32 bits are never smaller: nothing is missed, and what is found beside lies within a float.
        ids = {row[0] for row in found}
        assert ids >= set(keys[meets].tolist())
        assert len(ids) - int(meets.sum()) <= 1
    driver.close()


def test_a_packed_tree_takes_further_rows_and_gives_them_up() -> None:
    bounds = boxes(3_000, 7)
    driver = tree(np.arange(3_000), bounds)
    driver.execute("INSERT INTO t VALUES (9000, 105.0, 105.1, 21.0, 21.1)")
    driver.executemany("DELETE FROM t WHERE id = ?", [(key,) for key in range(0, 3_000, 2)])
    assert driver.execute("SELECT rtreecheck('t')").fetchone() == ("ok",)
    assert driver.execute("SELECT count(*) FROM t").fetchone() == (1_501,)
    assert driver.execute("SELECT id FROM t WHERE id = 9000").fetchone() == (9_000,)
    driver.close()


@pytest.mark.parametrize("value", [105.123456789, -105.123456789, 0.0, 1e-9, -1e-9, 179.9999999999])
def test_boxes_are_stored_as_sqlite_would_store_them(value: float) -> None:
    bounds = np.array([[value, value, value, value]])
    driver = tree(np.array([1]), bounds)
    driver.execute("INSERT INTO t VALUES (2, ?, ?, ?, ?)", (value,) * 4)
    one, other = driver.execute("SELECT minx, maxx, miny, maxy FROM t ORDER BY id").fetchall()
    assert one == other
    driver.close()
