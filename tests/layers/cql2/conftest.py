"""The standard's own data, loaded once into a store of each engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

from layers.store import Store, open_store
from tests.support.cql2 import load


@pytest.fixture(scope="session", params=("geopackage", "postgis"))
def standard(
    request: pytest.FixtureRequest, shared_conformance: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Store]:
    """Give a store with the standard's data, once for each engine."""
    path = shared_conformance / "cql2" / "ne110m4cql2.gpkg"
    if request.param == "geopackage":
        with open_store(tmp_path_factory.mktemp("cql2") / "standard.gpkg") as store:
            load(store, path)
            yield store
        return
    database, schema = request.getfixturevalue("postgis_url"), f"test_{uuid4().hex}"
    url = make_url(database).update_query_dict({"schema": schema}).render_as_string(hide_password=False)
    with open_store(url) as store:
        load(store, path)
        yield store
    with psycopg.connect(database) as connection:
        connection.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE'.encode())
