"""A small layer with every field type and every kind of planned time, served from both stores."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from layers.definitions import LayerDefinition, parse_definition
from layers.hanoi import seed
from layers.schema import typed
from layers.store import Put, Store, open_store
from tests.support.stores import ENGINES, empty_url

STATIONS = """
id = "stations"
title = { vi = "Trạm", en = "Stations" }
description = { vi = "Các trạm thử", en = "Stations for tests" }
theme = "reference"
geometry = ["Point", "Polygon"]
label = { vi = "name", en = "name" }
fields = [
  { name = "name", type = "text", title = { vi = "Tên", en = "Name" } },
  { name = "floors", type = "integer", title = { vi = "Số tầng", en = "Floors" }, minimum = 0 },
  { name = "area_ha", type = "number", title = { vi = "Diện tích", en = "Area" }, unit = "ha" },
  { name = "open", type = "boolean", title = { vi = "Mở cửa", en = "Open" } },
  { name = "opened", type = "date", title = { vi = "Ngày mở", en = "Opened" } },
  { name = "kind", type = "text", title = { vi = "Loại", en = "Kind" }, codes = [
    { value = "bus", title = { vi = "xe buýt", en = "bus" } },
    { value = "rail", title = { vi = "đường sắt", en = "rail" } },
  ] },
]
"""
NOTES = """
id = "notes"
title = { vi = "Ghi chú", en = "Notes" }
theme = "reference"
fields = [{ name = "text", type = "text", title = { vi = "Nội dung", en = "Text" } }]
"""
#: Names no feature can be mistaken by; one crosses a line between tiles, one lies beyond the antimeridian.
ROWS: list[dict[str, Any]] = [
    {
        "id": "hoa-lac",
        "name": "Hoà Lạc",
        "floors": 3,
        "area_ha": 1.25,
        "open": True,
        "opened": "2020-05-01",
        "kind": "bus",
        "valid_from": "2020-01-01",
        "geometry": shapely.box(105.5, 21.0, 105.6, 21.1),
    },
    {
        "id": "phu nghia/1",
        "name": "Phú Nghĩa",
        "kind": "rail",
        "open": False,
        "valid_from": "2030-01-01",
        "valid_to": "2044-12-31",
        "geometry": shapely.Point(105.66, 20.93),
    },
    {
        "id": "old",
        "name": "Cũ",
        "floors": 3,
        "valid_to": "2029-12-31",
        "geometry": shapely.Point(105.1234567891, 20.9876543219),
    },
    {"id": "taveuni", "name": "Taveuni", "kind": "bus", "geometry": shapely.Point(-179.9, -16.8)},
    {"id": "vanua-levu", "name": "Vanua Levu", "geometry": shapely.Point(179.4, -16.5)},
    {"id": "nowhere", "name": "Chưa rõ", "area_ha": 0.5, "geometry": None},
]


def stations() -> tuple[LayerDefinition, gpd.GeoDataFrame]:
    """The layer and its features."""
    definition = parse_definition(STATIONS, where="stations.toml")
    frame = pd.DataFrame(ROWS).set_index("id")
    shapes = gpd.GeoSeries(frame.pop("geometry").tolist(), index=frame.index, crs="EPSG:4326")
    return definition, typed(definition, gpd.GeoDataFrame(frame, geometry=shapes))


def fill(url: str) -> None:
    """Put the layers of the tests into a store."""
    definition, features = stations()
    notes = parse_definition(NOTES, where="notes.toml")
    texts = typed(notes, pd.DataFrame({"text": ["một", "hai"]}, index=["n1", "n2"]))
    with open_store(url) as store:
        store.add_layer(definition)
        store.add_layer(notes)
        store.commit([Put("stations", features), Put("notes", texts)], author="Kiểm thử", message="Nạp")


@pytest.fixture
def filled_url(store_url: str) -> str:
    """Give the URL of a store that holds the layers of the tests, once for each engine."""
    fill(store_url)
    return store_url


@pytest.fixture
def client(filled_url: str) -> Iterator[TestClient]:
    """Give a client of an application over such a store; it speaks English."""
    settings = Settings(store=filled_url, language="en", max_limit=5, default_limit=4)
    with TestClient(create_app(settings)) as opened:
        yield opened


@pytest.fixture(scope="module")
def _reader(kept_store_url: str) -> Iterator[TestClient]:
    fill(kept_store_url)
    settings = Settings(store=kept_store_url, language="en", max_limit=5, default_limit=4)
    with TestClient(create_app(settings)) as opened:
        yield opened


@pytest.fixture
def reader(_reader: TestClient) -> Iterator[TestClient]:
    """Give a client like `client` that the tests of a file share, as they only read."""
    yield _reader
    unchanged(_reader, changesets=1)


@pytest.fixture(scope="module", params=ENGINES)
def _hanoi_reader(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    with empty_url(request, folder=lambda: tmp_path_factory.mktemp("kept")) as url:
        with open_store(url) as store:
            seed(store)
        with TestClient(create_app(Settings(store=url, language="en"))) as opened:
            yield opened


@pytest.fixture
def hanoi_reader(_hanoi_reader: TestClient) -> Iterator[TestClient]:
    """Give a client like `hanoi` that the tests of a file share, as they only read."""
    yield _hanoi_reader
    unchanged(_hanoi_reader, changesets=1)


def store_of(client: TestClient) -> Store:
    """The store behind a client."""
    store: Store = client.app.state.store  # type: ignore[attr-defined] # the application itself
    return store


def unchanged(client: TestClient, *, changesets: int) -> None:
    """Assert that a test left nothing behind that another one could find."""
    assert store_of(client).latest() == changesets, "a test that writes wants a store of its own"
    client.cookies.clear()


@pytest.fixture
def hanoi(seeded_store: Store, store_url: str) -> Iterator[TestClient]:
    """Give a client of an application over the shipped data; it speaks English."""
    with TestClient(create_app(Settings(store=store_url, language="en"))) as opened:
        yield opened


@pytest.fixture
def taking(filled_url: str, tmp_path: Path) -> Settings:
    """Give settings of a server that takes files into such a store."""
    return Settings(store=filled_url, language="en", import_folder=str(tmp_path / "uploads"), import_memory_mib=8_192)


@pytest.fixture
def taker(taking: Settings) -> Iterator[TestClient]:
    """Give a client of such a server."""
    with TestClient(create_app(taking)) as opened:
        yield opened
