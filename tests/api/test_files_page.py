"""A planner sends a file on the page, follows it, reads its receipt and settles what it asks for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from api.portal.filing import _WORDS
from api.receipts import WORDS
from layers.types import Language
from tests.api.test_portal import CONTRAST

PART = {"vi": "Nhận phần không có lỗi", "en": "Take the part without errors"}
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
        page.locator("form details summary").click()
    for name, value in options.items():
        page.fill(f"input[name={name}]", value)
    page.click("button[value=true]" if button == "check" else "button[value=false]")
    page.locator(".state").wait_for(timeout=60_000)
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
    page.locator("form.offer button", has_text=PART[language]).click()
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
    page.locator("li", has_text="EPSG:5897 (VN-2000").first.get_by_role("button").click()
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
    page.click("button[value=false]")
    page.locator("#problem", has_text="tệp rỗng").wait_for()
    page.close()


def test_the_first_page_leads_there_and_recent_files_are_listed(server: str, browser: Browser, lots: Path) -> None:
    page = browser.new_page()
    page.goto(f"{server}/?lang=vi")
    page.get_by_text("Menu", exact=True).click()
    page.locator("a[href*='/files']:visible").first.click()
    assert page.locator("h1").inner_text() == "Nhận dữ liệu"
    send(page, server, lots, language="en", button="check")
    page.goto(f"{server}/files?lang=en")
    assert page.locator("td", has_text="lots b.geojson").first.is_visible()
    page.close()


def test_rows_and_map_lead_to_each_other(server: str, browser: Browser, tmp_path: Path) -> None:
    rows = [f"l{number},{105.80 + number / 1_000:.3f},{21 + number / 1_000:.3f},XX\n" for number in range(230)]
    path = tmp_path / "codes.csv"
    path.write_text("id,x,y,land_use\n" + "".join(rows), encoding="utf-8")
    page = browser.new_page()
    send(page, server, path, language="en", button="check", coordinates="x,y", crs="EPSG:4326")
    codes = page.locator(".rule", has_text="field-code")
    assert codes.locator("summary .quiet").inner_text() == "230"
    assert codes.locator("tbody tr").count() == 200
    assert "and 30 more" in codes.inner_text()
    page.wait_for_function("() => window.Parkplan")
    assert "of 460 issues" in page.locator("#drawn").inner_text(), "two a row: no code, and no point in this layer"
    codes.locator(".place").nth(7).click()
    assert codes.locator("tr.chosen td").nth(1).inner_text() == "l7"
    assert page.locator(".popup p").nth(1).inner_text() == "8 · l7 · land_use"
    centre = page.evaluate("(({ lat, lng }) => [lng, lat])(Parkplan.issues.map.getCenter())")
    assert centre == pytest.approx([105.807, 21.007], abs=1e-4)
    page.evaluate("[...document.querySelectorAll('details.rule')].forEach((rule) => { rule.open = false; })")
    page.locator(".popup button").click()
    assert codes.locator("tr.chosen").is_visible()
    page.close()


def test_what_was_said_can_be_said_anew_or_unsaid(server: str, browser: Browser, tmp_path: Path) -> None:
    path = tmp_path / "lots.csv"
    path.write_text("id,x,y\nc1,105.8,21.0\n", encoding="utf-8")
    page = browser.new_page()
    send(page, server, path, language="vi", button="check", coordinates="lon,lat", crs="EPSG:4326")
    assert page.locator("details.again").get_attribute("open") is not None, "it cannot be read so"
    assert page.locator(".again [name=coordinates]").input_value() == "lon,lat"
    page.fill(".again [name=coordinates]", "x,y")
    page.fill(".again [name=crs]", "")
    page.locator(".again button").last.click()
    page.wait_for_url("**/files/*")
    page.locator("details.again:not([open])").wait_for(timeout=60_000)
    page.locator("details.again summary").click()
    assert page.locator(".again [name=coordinates]").input_value() == "x,y"
    assert page.locator(".again [name=crs]").input_value() == ""
    page.close()


def test_a_file_can_be_sent_followed_and_settled_without_a_script(server: str, browser: Browser, lots: Path) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(f"{server}/files?lang=en")
    page.set_input_files("input[name=file]", str(lots))
    page.select_option("select[name=layer]", "plots")
    page.click("button[value=true]")
    page.wait_for_url("**/files/*lang=en")
    for _ in range(100):
        if page.locator(".state").count():
            break
        page.wait_for_timeout(300)
        page.reload()
    assert page.locator(".state").inner_text() == "Refused, nothing written"
    page.locator("form.offer button").click()
    for _ in range(100):
        page.wait_for_timeout(300)
        page.reload()
        if page.locator(".state").count():
            break
    assert page.locator(".state").inner_text() == "Accepted in part"
    page.context.close()


@pytest.mark.parametrize("size", [(1440, 900), (390, 844), (360, 640)])
def test_the_pages_fit_every_window(server: str, browser: Browser, lots: Path, size: tuple[int, int]) -> None:
    page = browser.new_page(viewport={"width": size[0], "height": size[1]})
    for path in ("/files?lang=vi", "/files?lang=en", "/?lang=vi", "/?lang=en", "/parks/phu-nghia?lang=vi"):
        page.goto(server + path)
        page.locator("details:not([open])").evaluate_all("all => all.forEach((one) => { one.open = true; })")
        wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        assert wide == 0, path
    send(page, server, lots, language="vi", button="check")
    page.locator("details:not([open])").evaluate_all("all => all.forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    page.close()


def test_no_english_is_left_in_a_vietnamese_page(server: str, browser: Browser, lots: Path) -> None:
    page = browser.new_page()
    send(page, server, lots, language="vi", button="check")
    english = {text.en for text in {**WORDS, **_WORDS}.values() if text.en != text.vi and len(text.en) > 4}
    for address in (page.url, f"{server}/files?lang=vi"):
        page.goto(address)
        page.locator("details:not([open])").evaluate_all("all => all.forEach((one) => { one.open = true; })")
        lines = {line.strip() for line in page.locator("body").inner_text().splitlines()}
        assert lines & english == set()
    page.close()


def test_every_text_can_be_read_and_every_field_has_a_name(server: str, browser: Browser, lots: Path) -> None:
    page = browser.new_page()
    send(page, server, lots, language="vi", button="check")
    for address in (page.url, f"{server}/files?lang=vi"):
        page.goto(address)
        page.locator("details:not([open])").evaluate_all("all => all.forEach((one) => { one.open = true; })")
        assert page.evaluate(CONTRAST) == []
        unnamed = page.evaluate(
            """() => [...document.querySelectorAll('a, button, input, select, summary')].filter((node) =>
                node.checkVisibility() && node.type !== 'hidden' && !(node.innerText || '').trim() &&
                !node.getAttribute('aria-label') && !(node.labels && node.labels.length))
                .map((node) => node.outerHTML)"""
        )
        assert unnamed == []
    page.close()
