"""The pages of the record: read in both languages, without a script, and drawn by a real browser."""

from __future__ import annotations

import datetime as dt
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
import shapely
from fastapi.testclient import TestClient
from playwright.sync_api import Browser, expect

from api.app import create_app
from api.settings import Settings
from layers import hanoi
from layers.store import Decision, Put, Remove, open_store
from tests.api.conftest import fill, stations
from tests.support.server import serve

HOSTILE: Final = '<img src=x onerror="document.title=1">'


def live(url: str | Path) -> None:
    _, features = stations()
    changed = features.loc[["hoa-lac"]].copy()
    changed["floors"] = changed["floors"] + 1
    changed["area_ha"] = 2.5
    changed["name"] = HOSTILE
    changed.geometry = [shapely.box(105.5, 21.0, 105.61, 21.1)]
    with open_store(url) as store:
        decision = Decision("12/QĐ-UBND", dt.date(2026, 1, 2))
        store.commit([Put("stations", changed)], author="Bình", message=HOSTILE, decision=decision)
        store.commit([Remove("stations", ["phu nghia/1"])], author="Chi", message="Bỏ")


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    path = tmp_path_factory.mktemp("record") / "plan.gpkg"
    fill(str(path))
    live(path)
    with TestClient(create_app(Settings(store=str(path)))) as opened:
        yield opened


def page(client: TestClient, path: str) -> str:
    answered = client.get(path, headers={"Accept": "text/html"})
    assert answered.status_code == 200, answered.text
    assert HOSTILE not in answered.text
    return answered.text


def test_the_record_is_read_in_both_languages(client: TestClient) -> None:
    text = page(client, "/history?lang=vi")
    assert "Lịch sử thay đổi" in text
    assert "Quyết định 12/QĐ-UBND, 2026-01-02" in text
    assert text.index(">3<") < text.index(">2<") < text.index(">1<")
    assert 'href="/history/diff?from=1&amp;to=2&amp;lang=vi"' in text
    assert "Record of changes" in page(client, "/history?lang=en")
    assert ">2<" not in page(client, "/history?lang=en&cursor=2")


def test_what_changed_is_read_without_a_script(client: TestClient) -> None:
    text = page(client, "/history/diff?from=1&to=2&lang=vi")
    assert "Thay đổi từ phiên bản 1 đến phiên bản 2" in text
    for value in ('<td class="before">1,25 ha</td>', '<td class="after">2,5 ha</td>', '<td class="after">4</td>'):
        assert value in text
    assert "m²" in text
    gone = page(client, "/history/diff?from=2&to=3&lang=en")
    assert '<span class="operation delete">removed</span>' in gone
    assert "2030-01-01" in gone
    assert "The two states are the same." in page(client, "/history/diff?from=2&to=2&lang=en")
    assert "Notes" in page(client, "/history/diff?lang=en&collections=notes")


@pytest.mark.parametrize(
    ("path", "status"),
    [("/history?cursor=x", 400), ("/history/diff?from=x", 400), ("/history/diff?from=9", 404), ("/history?to=1", 400)],
)
def test_what_means_nothing_is_refused(client: TestClient, path: str, status: int) -> None:
    assert client.get(path).status_code == status


@pytest.mark.parametrize("width", [1440, 390])
def test_the_map_shows_how_things_were_and_how_they_are(browser: Browser, drawn: str, width: int) -> None:
    shown = browser.new_page(viewport={"width": width, "height": 900})
    wrong: list[str] = []
    shown.on("pageerror", lambda error: wrong.append(str(error)))
    shown.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    shown.goto(f"{drawn}/history/diff?from=1&to=2&lang=vi")
    expect(shown.locator("#map[data-ready]")).to_be_attached()
    assert shown.locator("#map path.leaflet-interactive").count() == 2
    shown.get_by_label("trước", exact=True).uncheck()
    assert shown.locator("#map path.leaflet-interactive").count() == 1
    shown.get_by_role("button", name="Xem trên bản đồ").click()
    expect(shown.locator(".changed.chosen")).to_have_attribute("data-feature", "soc-son")
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    assert wrong == []
    shown.close()


def test_the_plan_is_seen_as_it_was(drawn: str) -> None:
    def read(path: str) -> str:
        with urllib.request.urlopen(urllib.request.Request(drawn + path, headers={"Accept": "text/html"})) as answer:
            text: str = answer.read().decode()
            return text

    now, earlier = read("/?lang=vi"), read("/?lang=vi&as_of=1")
    assert ("KCN tên mới" in now, "KCN tên mới" in earlier) == (True, False)
    assert "Quy hoạch như sau phiên bản thay đổi số 1" in earlier
    assert "as_of=1" in earlier.partition("<main")[0]
    assert "KCN tên mới" not in read("/parks/soc-son?lang=vi&as_of=1")
    with pytest.raises(urllib.error.HTTPError, match="404"):
        read("/?as_of=99")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a server whose store has two changesets."""
    path = tmp_path_factory.mktemp("drawn") / "hanoi.gpkg"
    with open_store(path) as store:
        hanoi.seed(store)
        park = store.read("parks", ids=["soc-son"])
        park.geometry = park.geometry.translate(0.003, 0.001)
        park["name_vi"] = "KCN tên mới"
        store.commit([Put("parks", park)], author="An", message="dịch")
    with serve(path) as address:
        yield address
