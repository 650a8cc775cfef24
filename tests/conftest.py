"""What the tests share: both stores, real data, a real server and a real browser."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright

from layers import hanoi
from layers.store import Store, open_store
from tests.support.postgis import cluster
from tests.support.server import serve
from tests.support.stores import ENGINES, empty_url

ROOT = Path(__file__).resolve().parent.parent
CHROMIUM = Path("/usr/bin/chromium")

# Nothing depends on how busy the machine is, and one state of the code always has the same result; new examples of the
# laws are looked for with --hypothesis-profile=explore.
settings.register_profile("explore", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True)
settings.register_profile("same", settings.get_profile("explore"), derandomize=True, database=None)
settings.load_profile("same")


@pytest.fixture(scope="session")
def postgis_url() -> Iterator[str]:
    """Give the URL of a PostGIS database: the one named in the environment, else a private throw-away server."""
    given = os.environ.get("PARKPLAN_TEST_DATABASE_URL")
    if given:
        yield given
        return
    with cluster() as url:
        yield url


@pytest.fixture(params=ENGINES)
def store_url(request: pytest.FixtureRequest) -> Iterator[str]:
    """Give the URL of an empty store, once for each engine, and remove the store at the end."""
    with empty_url(request, folder=lambda: request.getfixturevalue("tmp_path")) as url:
        yield url


@pytest.fixture(scope="module", params=ENGINES)
def kept_store_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the URL of a store that is empty at first and that the tests of a file share, once for each engine."""
    with empty_url(request, folder=lambda: tmp_path_factory.mktemp("kept")) as url:
        yield url


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    """Give an empty store, once for each engine."""
    with open_store(store_url) as opened:
        yield opened


@pytest.fixture
def seeded_store(store: Store) -> Store:
    """Give a store that holds the shipped Hanoi layers, once for each engine."""
    hanoi.seed(store)
    return store


def _shared(name: str) -> Path:
    """Find a folder of facts and data that stands beside the repository and is no part of it."""
    folder = Path(os.environ.get("PARKPLAN_SHARED", ROOT.parent / "shared")) / name
    if not folder.is_dir():
        pytest.skip(f"The data folder {folder} is not on this machine; PARKPLAN_SHARED can name another place.")
    return folder


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Give the folder of real input data; skip where it is absent."""
    return _shared("data")


@pytest.fixture(scope="session")
def shared_reference() -> Path:
    """Give the folder of reference facts; skip where it is absent."""
    return _shared("reference")


@pytest.fixture(scope="session")
def shared_conformance() -> Path:
    """Give the folder of test data of standards; skip where it is absent."""
    return _shared("conformance")


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a real server over a seeded GeoPackage."""
    with serve(tmp_path_factory.mktemp("server") / "hanoi.gpkg") as address:
        yield address


# Playwright keeps an event loop running in the test's thread; a browser for each module, not for the session, keeps it
# away from the tests that run a loop of their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Give a headless Chromium."""
    if not CHROMIUM.exists():
        pytest.fail(f"There is no {CHROMIUM}: run scripts/test-deps.sh.")
    options = (
        "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
        "--disable-component-update --disable-sync"
    )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=options.split())
        yield chromium
        chromium.close()
