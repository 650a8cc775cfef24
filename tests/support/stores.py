"""Places for stores that are empty at first and gone afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url

__all__ = ["ENGINES", "empty_schema", "empty_url"]

ENGINES = ("geopackage", "postgis")


@contextmanager
def empty_schema(database: str) -> Iterator[str]:
    """Give the URL of a store in a schema of its own, and remove it at the end."""
    schema = f"test_{uuid4().hex}"
    yield make_url(database).update_query_dict({"schema": schema}).render_as_string(hide_password=False)
    with psycopg.connect(database) as connection:
        connection.execute(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE'.encode())


@contextmanager
def empty_url(request: pytest.FixtureRequest, *, folder: Callable[[], Path]) -> Iterator[str]:
    """Give the URL of an empty store to a fixture with the engines as parameters."""
    if request.param == "geopackage":
        yield str(folder() / "store.gpkg")
        return
    with empty_schema(request.getfixturevalue("postgis_url")) as url:
        yield url
