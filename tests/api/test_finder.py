"""The map's search box and the cards of places, in a real browser: by keyboard, in both languages, on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect

WIDE, NARROW = (1440, 900), (390, 844)


@pytest.fixture
def page(browser: Browser, server: str) -> Iterator[Page]:
    """Give a page that must ask nothing of any other machine and say nothing on its console."""
    context = browser.new_context(viewport={"width": WIDE[0], "height": WIDE[1]}, reduced_motion="reduce")
    complaints: list[str] = []
    context.on("console", lambda said: complaints.append(said.text) if said.type in ("error", "warning") else None)
    context.on("weberror", lambda fault: complaints.append(str(fault.error)))
    context.on(
        "request", lambda asked: None if asked.url.startswith((server, "data:")) else complaints.append(asked.url)
    )
    yield context.new_page()
    context.close()
    assert complaints == []


def options(page: Page, text: str) -> list[str]:
    """Type into the box and give the titles that are offered."""
    with page.expect_response(re.compile("/search")):
        page.locator("#finder-text").fill(text)
    page.locator("#finder-list [role=option]").first.wait_for()
    return page.locator("#finder-list [role=option] strong").all_inner_texts()


def test_the_box_is_a_combobox_that_needs_no_mouse(page: Page, server: str) -> None:
    page.goto(f"{server}/?lang=vi")
    box = page.get_by_role("combobox", name="Tìm trên bản đồ")
    expect(box).to_have_attribute("aria-expanded", "false")
    assert options(page, "phu nghia")[:2] == ["KCN Phú Nghĩa", "Phú Nghĩa"]
    expect(box).to_have_attribute("aria-expanded", "true")
    assert page.locator("#finder [role=status]").inner_text() == "5 kết quả"
    page.keyboard.press("ArrowDown")
    chosen = page.locator(f"#{box.get_attribute('aria-activedescendant')}")
    expect(chosen).to_have_attribute("aria-selected", "true")
    assert "Khu công nghiệp · đang hoạt động" in chosen.inner_text()
    page.keyboard.press("ArrowUp")
    assert box.get_attribute("aria-activedescendant") == "found-4"
    page.keyboard.press("Escape")
    expect(box).to_have_attribute("aria-expanded", "false")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    head = page.locator(".pp-popup h3")
    expect(head).to_have_text("KCN Phú Nghĩa")
    expect(head).to_be_focused()
    assert page.evaluate("Parkplan.maps[0].map.getBounds().contains([20.9356, 105.6559])")
    assert page.locator(".card[data-selected]").get_attribute("data-park") == "phu-nghia"


def test_enter_takes_the_closest_and_nothing_found_is_said(page: Page, server: str) -> None:
    page.goto(f"{server}/?lang=en")
    box = page.get_by_role("combobox")
    box.fill("hoa lac")
    page.keyboard.press("Enter")
    expect(page.locator(".pp-popup h3")).to_have_text("Hoa Lac Hi-tech Park")
    box.fill("no such place")
    expect(page.locator("#finder [role=status]")).to_have_text("Nothing found")


def test_an_old_unit_leads_to_the_new_one_with_its_evidence(page: Page, server: str) -> None:
    page.goto(f"{server}/?lang=vi")
    options(page, "huyen chuong my")
    page.locator("[role=option]", has_text="đến 30/06/2025").click()
    card = page.locator("#finder .pp-card")
    assert card.locator("h3").inner_text() == "Chương Mỹ"
    unit = card.locator("[data-unit=new-phu-nghia]")
    assert "từ Phú Nghĩa" in unit.inner_text()
    assert "Căn cứ: dữ kiện về KCN Phú Nghĩa nêu cả hai đơn vị" in unit.inner_text()
    assert "MIT" in unit.inner_text()
    unit.get_by_role("button", name="Phú Nghĩa").click()
    expect(card).to_contain_text("từ 01/07/2025")
    assert "Chưa có nguồn nào cho biết vị trí" in card.inner_text()


@pytest.mark.parametrize(
    "text",
    ["20.93, 105.66", "20°55'48\"N 105°39'36\"E", "EPSG:5897 568450.06 2315345.2", "EPSG:3857 11762017.4 2383533.8"],
)
def test_coordinates_place_a_marker_and_ask_every_layer(page: Page, server: str, text: str) -> None:
    page.goto(f"{server}/?lang=en")
    assert len(options(page, text)) == 1
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    card = page.locator(".finder-place")
    card.wait_for()
    place = [float(str(card.get_attribute(name))) for name in ("data-lon", "data-lat")]
    assert place == pytest.approx([105.66, 20.93], abs=2e-4)
    assert page.locator(".finder-pin").get_attribute("aria-label") == "The place asked about"
    assert card.locator("[data-layer=parks]").get_attribute("data-state") == "hit"
    assert "Phu Nghia Industrial Park" in card.locator("[data-layer=parks]").inner_text()
    unknown = card.locator("[data-state=not_covered]")
    assert {str(line.get_attribute("data-layer")) for line in unknown.all()} > {"roads", "planning_zones"}
    assert "that does not mean that nothing is there" in card.inner_text()
    assert card.locator("[data-state=clear]").count() == 0


@pytest.mark.parametrize("language", ["vi", "en"])
def test_a_click_on_the_map_asks_and_the_card_fits_a_narrow_window(page: Page, server: str, language: str) -> None:
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    page.goto(f"{server}/?lang={language}")
    page.locator(".pp-map").click(position={"x": 180, "y": 300})
    card = page.locator(".finder-place")
    card.wait_for()
    page.get_by_role("button", name="giữa bản đồ" if language == "vi" else "centre of the map").click()
    page.locator(".finder-pin").wait_for()
    expect(card).to_have_count(1)
    frame, popup, box = (page.locator(name).bounding_box() for name in (".stage", ".leaflet-popup", "#finder-text"))
    assert frame is not None
    assert popup is not None
    assert box is not None
    assert frame["x"] <= popup["x"]
    assert popup["x"] + popup["width"] <= frame["x"] + frame["width"]
    assert popup["y"] >= box["y"] + box["height"] - 1
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0


def test_every_card_of_a_feature_leads_to_what_all_layers_say(page: Page, server: str) -> None:
    page.goto(f"{server}/?lang=en&park=soc-son")
    page.get_by_role("button", name="What every layer says here").click()
    state = page.locator(".finder-place [data-layer=parks]")
    state.wait_for()
    assert "Soc Son" in state.inner_text()


def test_text_of_the_data_is_text_in_the_list_and_the_cards(page: Page, server: str) -> None:
    page.goto(f"{server}/?lang=en")
    harm = '<img src=x onerror="window.harmed = 1">'
    unit = dict.fromkeys(("feature", "title", "part", "relation", "evidence", "source"), harm)
    told: dict[str, object] = dict.fromkeys(("title", "subtitle", "class", "feature"), harm)
    found: dict[str, object] = {
        "kind": "feature",
        "layer": "roads",
        "valid_from": None,
        "valid_to": "2025-06-30",
        "successors": [unit],
    }
    answer = {"features": [{"geometry": None, "properties": found | told}]}
    page.route("**/search?**", lambda route: route.fulfill(json=answer))
    assert options(page, "harm") == [harm]
    page.keyboard.press("Enter")
    page.locator("#finder .pp-card").wait_for()
    assert page.evaluate("window.harmed") is None
    assert harm in page.locator("#finder .pp-card").inner_text()
