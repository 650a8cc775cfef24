"""Snapshots that a process of its own makes are those that would be made here, and what memory is given back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import numpy as np
import pytest

from layers.errors import StoreError
from layers.lazy import lazy_module
from layers.store import Put, Store
from layers.store.viewing import Sight, StoreView
from layers.tiles import building
from layers.tiles.building import build_elsewhere, build_here
from tests.api.conftest import stations

ROOT: Final = Path(__file__).parents[2]


@pytest.fixture
def plan(store: Store) -> Store:
    definition, features = stations()
    store.add_layer(definition)
    store.commit([Put(definition.id, features)], author="Kiểm thử", message="Nạp")
    return store


def test_a_large_layer_is_built_by_another_process(
    plan: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(building, "LARGE", 1)
    sights = (plan, StoreView(plan, Sight(layers=frozenset({"stations"}), restricted=frozenset())))
    for place, store in enumerate(sights):
        with store.core.reading() as connection:
            definition = store.core.definition(connection, "stations")
            made = build_elsewhere(store, connection, definition, tmp_path / f"there{place}")
            built, here = build_here(store, connection, definition, tmp_path / f"here{place}")
            assert made is not None
            there, snapshot = made
            assert there[1:] == built[1:]
            assert there.folder.relative_to(tmp_path / f"there{place}") == built.folder.relative_to(
                tmp_path / f"here{place}"
            )
            assert snapshot.coded.keys == here.coded.keys
            np.testing.assert_array_equal(snapshot.outline.lonlat, here.outline.lonlat)
            np.testing.assert_array_equal(snapshot.hashes, here.hashes)
            # The shapes on the grid of web maps are there as well, and a second question finds all of it.
            assert (there.folder / "WebMercatorQuad" / "about.json").exists()
            again = build_elsewhere(store, connection, definition, tmp_path / f"there{place}")
            assert again is not None
            assert again[0] == there


def test_a_small_layer_is_built_here(plan: Store, tmp_path: Path) -> None:
    with plan.core.reading() as connection:
        definition = plan.core.definition(connection, "stations")
        assert build_elsewhere(plan, connection, definition, tmp_path / "snapshots") is None
        assert not (tmp_path / "snapshots").exists()


@pytest.mark.parametrize("store_url", ["geopackage"], indirect=True)
def test_a_process_that_fails_says_why(plan: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(building, "LARGE", 1)
    monkeypatch.setattr(building, "_address", lambda _: str(tmp_path / "nowhere" / "x.gpkg"))
    with plan.core.reading() as connection:
        definition = plan.core.definition(connection, "stations")
        with pytest.raises(StoreError, match="nowhere"):
            build_elsewhere(plan, connection, definition, tmp_path)


def test_a_library_is_loaded_when_something_of_it_is_used() -> None:
    for name in ("wave", "xml.sax.saxutils"):
        sys.modules.pop(name, None)
    wave, sax = lazy_module("wave"), lazy_module("xml", "xml.sax.saxutils")
    assert "wave" not in sys.modules
    assert wave.WAVE_FORMAT_PCM == 1
    assert sax.sax.saxutils.escape("<") == "&lt;"
    with pytest.raises(AttributeError, match="nothing_such"):
        _ = wave.nothing_such


#: Memory of a process that has done much already has free room of its own, so it is looked at in a new one.
GIVING_BACK = """
import sys
from pathlib import Path
import numpy as np
from layers.memory import bound_memory, drop_code, give_back

def resident():
    return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4_096

bound_memory()
# Libraries go on working, and so do mapped snapshots.
np.save(sys.argv[1], np.arange(100_000))
mapped = np.load(sys.argv[1], mmap_mode="r")
before = resident()
kept = [np.ones(900_000, np.uint8) for _ in range(40)]
held = resident() - before
total = sum(int(one.sum()) for one in kept)
del kept
give_back()
drop_code()
print(held, resident() - before, total, int(mapped.sum()))
"""


def test_memory_that_is_given_back_is_found_again(tmp_path: Path) -> None:
    program = [sys.executable, "-c", GIVING_BACK, str(tmp_path / "a.npy")]
    told = subprocess.run(program, check=True, capture_output=True, text=True, cwd=ROOT).stdout
    held, left, total, mapped = map(int, told.split())
    assert held > 30_000_000
    # Less than before: code that only starting has run is gone too.
    assert left < -5_000_000
    assert (total, mapped) == (36_000_000, 4_999_950_000)
