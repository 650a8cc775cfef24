"""The pages of proposals in a real browser: read by everybody, on every window, with a script and without."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from api.portal.proposal_words import PROPOSAL_WORDS
from tests.api.test_portal import CONTRAST
from tests.support.server import serve

HOSTILE = '<img src=x onerror="document.title=1">'
SQUARE = [[105.8, 21.1], [105.81, 21.1], [105.81, 21.11], [105.8, 21.11], [105.8, 21.1]]
NEW = {
    "type": "Feature",
    "id": "kcn-moi",
    "geometry": {"type": "Polygon", "coordinates": [SQUARE]},
    "properties": {"name_vi": f"KCN Mới {HOSTILE}", "kind": "industrial_park", "area_ha": 60},
}
OPEN = "all => all.forEach((one) => { one.open = true; })"
OVER = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def offered(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give the address of a server with one proposal: a park added and one removed, with comments."""
    store: Path = tmp_path_factory.mktemp("offered") / "hanoi.gpkg"
    with serve(store) as server, httpx.Client(base_url=server, timeout=60) as client:
        client.post("/proposals", json={"title": f"Lập KCN mới {HOSTILE}", "author": "Viện QH"})
        edits = {"layer": "parks", "put": NEW, "remove": ["quang-minh-2"], "author": "Viện QH"}
        assert client.post("/proposals/1/changes", json=edits).status_code == 200
        for said in ({"place": [105.805, 21.105]}, {"layer": "parks", "feature_id": "kcn-moi"}):
            client.post("/proposals/1/comments", json={"text": f"Xem lại {HOSTILE}", "author": "Sở", **said})
        yield server


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Give a page of its own."""
    opened = browser.new_page(viewport={"width": 1440, "height": 900})
    yield opened
    opened.close()


@pytest.mark.parametrize("size", [(1440, 900), (390, 844), (360, 640)])
def test_the_pages_fit_every_window(offered: str, page: Page, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for path in ("/proposals?lang=vi", "/proposals/1?lang=vi", "/proposals/1?lang=en"):
        page.goto(offered + path)
        page.locator("details:not([open])").evaluate_all(OPEN)
        assert page.evaluate(OVER) == 0, path


def test_every_text_can_be_read_and_everything_has_a_name(offered: str, page: Page) -> None:
    for path in ("/proposals?lang=vi", "/proposals/1?lang=vi"):
        page.goto(offered + path)
        page.locator("details:not([open])").evaluate_all(OPEN)
        assert page.evaluate(CONTRAST) == []
        unnamed = page.evaluate(
            """() => [...document.querySelectorAll('a, button, input, select, textarea, summary')].filter((node) =>
                node.checkVisibility() && node.type !== 'hidden' && !(node.innerText || '').trim() &&
                !node.getAttribute('aria-label') && !node.title && !(node.labels && node.labels.length))
                .map((node) => node.outerHTML)"""
        )
        assert unnamed == []


def test_no_english_is_left_in_a_vietnamese_page(offered: str, page: Page) -> None:
    english = {text.en for text in PROPOSAL_WORDS.values() if text.en != text.vi and len(text.en) > 4}
    for path in ("/proposals?lang=vi", "/proposals/1?lang=vi"):
        page.goto(offered + path)
        page.locator("details:not([open])").evaluate_all(OPEN)
        assert {line.strip() for line in page.locator("body").inner_text().splitlines()} & english == set()


def test_the_map_shows_before_and_after_and_takes_a_place(offered: str, page: Page) -> None:
    page.goto(f"{offered}/proposals/1?lang=en")
    shapes = page.locator("#map path.leaflet-interactive")
    counts = {}
    for name in ("Before and after", "Before", "After"):
        page.get_by_role("button", name=name, exact=True).click()
        counts[name] = shapes.count()
    assert counts == {"Before and after": 2, "Before": 1, "After": 1}
    expect(page.locator("#map .pin-comment")).to_have_count(2)
    page.locator("#map").click(position={"x": 200, "y": 100})
    lon, lat = (float(part) for part in page.input_value("#place").split(","))
    assert 105 < lon < 107
    assert 20 < lat < 22
    page.get_by_role("button", name="show on the map").first.click()
    expect(page.locator(".leaflet-popup")).to_be_visible()
    assert page.title() != "1"
    assert page.locator("main img").count() == 0


def test_a_proposal_is_discussed_handed_in_and_decided_without_a_script(offered: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{offered}/proposals?lang=vi")
    page.fill("input[name=title]", "Bỏ KCN Nội Bài")
    page.fill("input[name=author]", "Lan")
    page.get_by_role("button", name="Lập đề xuất").click()
    removal = page.locator("form", has=page.locator("input[name=remove]"))
    removal.locator("select[name=layer]").select_option("parks")
    removal.locator("input[name=remove]").fill("noi-bai")
    removal.get_by_role("button").click()
    expect(page.locator(".shape-delete")).to_have_count(1)
    talk = page.locator("#comments > form")
    talk.locator("textarea").fill("Vì sao?")
    talk.get_by_role("button", name="Gửi ý kiến").click()
    page.get_by_role("button", name="Đã giải quyết").click()
    expect(page.locator(".thread")).to_contain_text("đã giải quyết (")
    page.get_by_role("button", name="Trình", exact=True).click()
    expect(page.locator(".head .state")).to_have_text("đã trình")
    page.get_by_role("button", name="Trả lại").click()
    expect(page.get_by_role("alert")).to_contain_text("message: gặp '', cần có nội dung.")
    page.get_by_role("button", name="Bắt đầu thẩm định").click()
    page.get_by_role("button", name="Phê duyệt").click()
    expect(page.locator(".head .state")).to_have_text("đã phê duyệt")
    expect(page.locator("main")).to_contain_text("Hợp nhất vào phiên bản")
    assert httpx.get(f"{offered}/collections/parks/items/noi-bai").status_code == 404
    context.close()
