"""What planners print: A4, the map with its legend, the review, in both languages; afterwards the page as before."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Browser

PAPER_PX = 688  # A4 without its margins
VIEW = "(() => { const { map } = Parkplan.maps[0]; return [map.getZoom(), map.getSize().x, map.getCenter().lat]; })()"


@pytest.mark.parametrize("path", ["/?lang=vi&view=findings", "/?lang=en", "/parks/phu-nghia?lang=vi"])
def test_a_page_is_printed_with_its_map_and_legend(browser: Browser, server: str, path: str) -> None:
    page = browser.new_page(viewport={"width": 1300, "height": 900}, reduced_motion="reduce")
    page.goto(server + path)
    before = page.evaluate(VIEW)
    paper = page.pdf(format="A4")
    assert max(int(count) for count in re.findall(rb"/Count (\d+)", paper)) >= 2
    assert page.evaluate(VIEW) == pytest.approx(before)

    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    page.emulate_media(media="print")
    page.set_viewport_size({"width": PAPER_PX, "height": 973})
    assert page.evaluate("document.documentElement.scrollWidth") <= PAPER_PX
    assert page.locator(".pp-map").bounding_box() is not None
    assert page.locator(".pp-legend li[data-value=operating]").is_visible()
    assert page.evaluate("Parkplan.maps[0].map.getBounds().contains([20.9356, 105.6559])")
    assert page.locator(".brand strong").is_visible()
    hidden = ".menu, .languages, .horizons, #finder, .leaflet-control-zoom, .filters, .pager, .pp-layer input"
    assert not any(node.is_visible() for node in page.locator(hidden).all())
    page.close()
