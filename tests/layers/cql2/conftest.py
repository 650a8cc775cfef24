"""The standard's own data, loaded once into a store of each engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from layers.store import Store, open_store
from tests.support.cql2 import load


@pytest.fixture(scope="module")
def standard(kept_store_url: str, shared_conformance: Path) -> Iterator[Store]:
    """Give a store with the standard's data, once for each engine."""
    with open_store(kept_store_url) as store:
        load(store, shared_conformance / "cql2" / "ne110m4cql2.gpkg")
        yield store
