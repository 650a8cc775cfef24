"""Names are ready before anybody searches, and stay so while other workers write."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from api.warming import Warmer
from layers.errors import StoreError
from layers.search import search, searching
from layers.store import Put, Store, open_store

LIMIT_S = 30.0


def wait_for(what: Callable[[], bool]) -> None:
    end = time.monotonic() + LIMIT_S
    while not what():
        assert time.monotonic() < end
        time.sleep(0.01)


def ready(store: Store) -> bool:
    """Return whether the names of the newest changeset are there without a search."""
    kept = searching._KEPT.get(store.core.engine)
    return kept is not None and {
        names.changeset for (layer, _), names in kept.names.items() if layer in ("stations", "parks")
    } == {store.latest()}


def test_names_are_read_in_the_background_after_the_start_and_after_each_change(
    filled_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.warming._LOOK_S", 0.01)
    with open_store(filled_url) as store, open_store(filled_url) as other:
        warmer = Warmer(store, first_s=0.0)
        try:
            wait_for(lambda: ready(store))
            old = other.read("stations", ids=["old"]).assign(name="Bến mới")
            other.commit([Put("stations", old)], author="a", message="m")
            wait_for(lambda: ready(store))
            assert [hit.feature_id for hit in search(store, "ben moi")] == ["old"]
        finally:
            warmer.close()


def test_a_store_that_does_not_answer_is_asked_again(filled_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    def prepare(store: Store) -> int:
        asked.append(store.latest())
        if len(asked) == 1:
            raise StoreError(seen="away", wanted="there")
        return asked[-1]

    monkeypatch.setattr("api.warming._LOOK_S", 0.01)
    monkeypatch.setattr("api.warming._REST_S", 0.01)
    monkeypatch.setattr("api.warming.prepare", prepare)
    with open_store(filled_url) as store:
        warmer = Warmer(store, first_s=0.0)
        wait_for(lambda: len(asked) == 2)
        warmer.close()
        assert len(asked) == 2
