"""The bar and the menu of every page: all pages, the languages and who is signed in, without a mouse or a script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect
from starlette.testclient import TestClient

from api.app import create_app
from api.portal.frame import WAYS
from api.settings import Settings
from layers import hanoi
from layers.people import Grant, open_people
from layers.store import open_store

PASSWORD = "mật khẩu rất dài"  # noqa: S105 - of a test
PAGES = ["", "history", "proposals", "files", "packages", "collections"]


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 390, "height": 844})
    yield context.new_page()
    context.close()


@pytest.mark.parametrize("path", PAGES)
def test_the_menu_of_a_narrow_window_leads_everywhere_by_keyboard(page: Page, server: str, path: str) -> None:
    page.goto(f"{server}/{path}?lang=en")
    button = page.locator(".menu > summary")
    button.focus()
    page.keyboard.press("Enter")
    pages = page.get_by_role("navigation", name="Pages")
    links = {link.inner_text(): str(link.get_attribute("href")) for link in pages.get_by_role("link").all()}
    assert links["Map and review"] == "/?lang=en"
    assert {title.en: links.get(title.en) for title in WAYS.values()} == {
        title.en: f"/{way}?lang=en" for way, title in WAYS.items()
    }
    assert "/api.html" in links.values()
    assert pages.locator("[aria-current]").get_attribute("href") == f"/{path}?lang=en"
    assert pages.get_by_text("asks nobody to sign in").is_visible()
    boxes = [link.bounding_box() for link in pages.get_by_role("link").all()]
    assert all(box and box["height"] >= 44 and box["x"] >= 0 and box["x"] + box["width"] <= 390 for box in boxes)
    page.keyboard.press("Tab")
    page.keyboard.press("Escape")
    expect(pages).to_be_hidden()
    expect(button).to_be_focused()
    page.keyboard.press("Space")
    expect(pages).to_be_visible()
    page.mouse.click(20, 790)
    expect(pages).to_be_hidden()
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_the_menu_opens_without_a_script_and_leads_on(browser: Browser, server: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{server}/?lang=vi")
    page.locator(".menu > summary").click()
    page.get_by_role("link", name="Lịch sử").first.click()
    page.wait_for_url("**/history?lang=vi")
    context.close()


@pytest.fixture
def signing(tmp_path: Path) -> Iterator[TestClient]:
    """Give a client of a server with the shipped data on which people sign in."""
    store = str(tmp_path / "hanoi.gpkg")
    with open_store(store) as opened:
        hanoi.seed(opened)
    with open_people(store) as people:
        people.accounts.add("lan", "Nguyễn Thị Lan", password=PASSWORD)
        people.accounts.grant(Grant("administrator"), person="lan")
    settings = Settings(store=store, language="en")
    with TestClient(create_app(settings), base_url="http://127.0.0.1", headers={"Accept": "text/html"}) as client:
        yield client


def test_the_menu_tells_who_is_signed_in(signing: TestClient) -> None:
    for path in PAGES:
        page = signing.get(f"/{path}").text
        assert 'href="/sign-in?lang=en"' in page, path
        assert "Signed in:" not in page
    token = re.search(r'name="form_token" value="([0-9a-f]{64})"', signing.get("/sign-in").text)
    assert token is not None
    form = {"form_token": token[1], "name": "lan", "password": PASSWORD}
    signing.post("/sign-in", data=form, headers={"Origin": "http://127.0.0.1"})
    for path in PAGES:
        page = signing.get(f"/{path}?lang=vi").text
        assert "Đã đăng nhập: <strong>Nguyễn Thị Lan</strong>" in page, path
        assert all(f'href="/{way}?lang=vi"' in page for way in ("account", "people", "audit")), path
        assert "/sign-in" not in page
