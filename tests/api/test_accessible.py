"""No page has a fault that axe-core finds: names, roles, contrast, order of headings, language, WCAG 2.2 level AA."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

AXE = Path(__file__).resolve().parents[2] / "build" / "npm" / "node_modules" / "axe-core" / "axe.min.js"
WIDE, NARROW = (1440, 900), (390, 844)
#: What axe only recommends is not asked of a map's own controls.
RUN = """() => axe.run(document, { resultTypes: ["violations"],
    runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })"""
PAGES = [
    ("/?lang=vi", NARROW),
    ("/?lang=en&view=findings", WIDE),
    ("/?lang=vi&view=ledger", NARROW),
    ("/parks/phu-nghia?lang=en", WIDE),
    ("/proposals?lang=vi", NARROW),
    ("/history?lang=en", NARROW),
    ("/history/diff?from=0&to=1&lang=vi", WIDE),
    ("/files?lang=vi", WIDE),
    ("/packages?lang=en", NARROW),
    ("/collections?f=html&lang=vi", WIDE),
    ("/collections/parks/items?f=html&lang=en", NARROW),
    ("/collections/parks/items/phu-nghia?f=html&lang=vi", WIDE),
]


@pytest.fixture(scope="module")
def page(browser: Browser) -> Iterator[Page]:
    """Give a page into which axe may be put, which the pages' own policy forbids to scripts from elsewhere."""
    if not AXE.exists():
        pytest.fail(f"There is no {AXE}: run make assets.")
    context = browser.new_context(reduced_motion="reduce", bypass_csp=True)
    yield context.new_page()
    context.close()


def faults(page: Page) -> list[str]:
    page.evaluate(AXE.read_text(encoding="utf-8"))
    found: dict[str, Any] = page.evaluate(RUN)
    return [
        f"{fault['id']}: {node['html'][:200]} {node.get('failureSummary', '')}"
        for fault in found["violations"]
        for node in fault["nodes"]
    ]


@pytest.mark.parametrize(("path", "size"), PAGES)
def test_a_page_has_no_fault(page: Page, server: str, path: str, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    answer = page.goto(server + path)
    assert answer is not None
    assert answer.status == 200
    assert faults(page) == []


def test_what_opens_has_no_fault(page: Page, server: str) -> None:
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    page.goto(f"{server}/?lang=vi")
    page.locator("#finder-text").fill("phu nghia")
    page.locator("#finder-list [role=option]").first.wait_for()
    page.keyboard.press("ArrowDown")
    assert faults(page) == []
    page.locator("#finder-text").fill("20.93, 105.66")
    page.locator("[data-kind=place]").click()
    page.locator(".finder-place").wait_for()
    assert faults(page) == []
    page.goto(f"{server}/history?lang=en")
    page.locator(".menu > summary").click()
    assert faults(page) == []


def test_a_fault_is_found(page: Page, server: str) -> None:
    page.goto(f"{server}/proposals?lang=vi")
    page.evaluate(
        "document.querySelector('main').insertAdjacentHTML('beforeend', '<img src=\"data:,\"><button></button>')"
    )
    assert {fault.partition(":")[0] for fault in faults(page)} == {"image-alt", "button-name"}
