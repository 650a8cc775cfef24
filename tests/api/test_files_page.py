"""A planner sends a file on the page, follows it, reads its receipt and settles what it asks for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from layers.types import Language

HOSTILE = '<img src=x onerror="document.title=1">'


@pytest.fixture
def lots(tmp_path: Path) -> Path:
    """Give a file with one feature right and one wrong, whose text tries to be markup."""
    ring = [[105.8, 21.0], [105.801, 21.0], [105.801, 21.001], [105.8, 21.0]]
    far = [[x + 0.01, y] for x, y in ring]
    rows = [({"id": "good", "name": HOSTILE}, ring), ({"id": "bad", "name": "x", "floors": HOSTILE}, far)]
    features = [
        {"type": "Feature", "properties": row, "geometry": {"type": "Polygon", "coordinates": [corners]}}
        for row, corners in rows
    ]
    path = tmp_path / "lots b.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    return path


def send(page: Page, server: str, file: Path, *, language: Language, button: str, **options: str) -> None:
    page.goto(f"{server}/files?lang={language}")
    page.set_input_files("input[name=file]", str(file))
    page.select_option("select[name=layer]", "plots")
    if options:
        page.locator("details summary").click()
    for name, value in options.items():
        page.fill(f"input[name={name}]", value)
    page.click(f"button[value={button}]")
    page.wait_for_url("**/files/*", timeout=60_000)
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize(
    ("language", "states"),
    [("vi", ("Từ chối, không ghi gì", "Nhận một phần")), ("en", ("Refused, nothing written", "Accepted in part"))],
)
def test_a_file_is_sent_refused_and_taken_in_part(
    server: str, browser: Browser, lots: Path, language: Language, states: tuple[str, str]
) -> None:
    page = browser.new_page()
    said: list[str] = []
    asked: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: asked.append(request.url))
    send(page, server, lots, language=language, button="check")
    assert page.locator(".state").inner_text() == states[0]
    assert page.locator(".rule code", has_text="field-type").count() == 1
    assert HOSTILE in page.locator("main").inner_text()
    assert page.locator("main img").count() == 0
    page.locator("#map path, #map canvas").first.wait_for()
    page.click("[data-choose^=accept]")
    page.locator(".state", has_text=states[1]).wait_for(timeout=60_000)
    assert "1" not in page.title().split(":")[0]
    page.close()
    assert said == []
    assert [url for url in asked if not url.startswith((server, "data:"))] == []


def test_a_crs_is_chosen_by_a_button(server: str, browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "lots.csv"
    ring = "POLYGON((588618 2325348, 588718 2325348, 588718 2325448, 588618 2325348))"
    path.write_text(f'id,name,wkt\nc1,Lô,"{ring}"\n', encoding="utf-8")
    page = browser.new_page(viewport={"width": 390, "height": 800})
    send(page, server, path, language="en", button="check", coordinates="wkt")
    assert page.locator(".choose h3").inner_text() == "Choose how the coordinates are read"
    page.click("[data-choose='crs=EPSG%3A5897']")
    page.locator(".state", has_text="Accepted").wait_for(timeout=60_000)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert "EPSG:6960" in page.locator("main").inner_text()
    page.close()


def test_a_file_that_is_not_taken_is_told_on_the_spot(server: str, browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "plan.geojson"
    path.write_text("", encoding="utf-8")
    page = browser.new_page()
    page.goto(f"{server}/files?lang=vi")
    page.set_input_files("input[name=file]", str(path))
    assert page.locator("#picked").inner_text() == "plan.geojson"
    page.select_option("select[name=layer]", "plots")
    page.click("button[value=import]")
    page.locator("#problem", has_text="tệp rỗng").wait_for()
    page.close()


def test_the_first_page_leads_there_and_recent_files_are_listed(server: str, browser: Browser, lots: Path) -> None:
    page = browser.new_page()
    page.goto(f"{server}/?lang=vi")
    page.click("a[href*='/files']")
    assert page.locator("h1").inner_text() == "Nhận dữ liệu"
    send(page, server, lots, language="en", button="check")
    page.goto(f"{server}/files?lang=en")
    assert page.locator("td", has_text="lots b.geojson").first.is_visible()
    page.close()
