"""The portal as its readers have it: pages over the whole address, in a real browser, and without any script."""

from __future__ import annotations

import json
import os
import re
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, BrowserContext, Page, expect

from api import assets
from api.portal.cards import park_cards, park_facts
from api.portal.query import PageQuery
from api.portal.tables import PAGE_SIZE, findings_page, park_accounts, rule_choices
from api.portal.words import WORDS
from api.portal.writing import write_number, write_value
from gis.maps import OUTCOME_SIGNS
from layers.catalogue import shipped_definitions
from layers.definitions import Field
from layers.schema import typed
from layers.store import Put, open_store
from layers.time import HORIZONS
from layers.types import Language, Text
from tests.support.server import serve

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = ROOT / "api" / "templates"
IMAGES = ROOT / "docs" / "images"
WIDE, NARROW = (1440, 900), (390, 844)
IMAGE = '<img src=x onerror="window.harmed = 1">'
SCRIPT = "</script><script>window.harmed = 2</script>"


def get(address: str, accept: str = "text/html") -> tuple[int, dict[str, str], str]:
    """Fetch an address as a reader without a browser does."""
    request = urllib.request.Request(address, headers={"Accept": accept})
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


def document(address: str) -> Any:
    return json.loads(get(address, "application/json")[2])


@pytest.fixture
def context(browser: Browser, server: str) -> Iterator[BrowserContext]:
    """Give a browser window that must say nothing on its console and ask nothing of any other machine."""
    opened = browser.new_context(
        viewport={"width": WIDE[0], "height": WIDE[1]}, locale="en-GB", reduced_motion="reduce"
    )
    complaints: list[str] = []
    opened.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    opened.on("weberror", lambda fault: complaints.append(str(fault.error)))
    opened.on(
        "request", lambda asked: None if asked.url.startswith((server, "data:")) else complaints.append(asked.url)
    )
    yield opened
    opened.close()
    assert complaints == []


@pytest.fixture
def page(context: BrowserContext) -> Page:
    return context.new_page()


# Pages in a browser -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [WIDE, NARROW, (360, 640), (1920, 1080)], ids=str)
@pytest.mark.parametrize(
    "path", ["/?lang=vi", "/?lang=en&view=findings", "/?lang=vi&view=ledger", "/parks/phu-nghia?lang=vi"]
)
def test_a_page_fits_every_window(page: Page, server: str, size: tuple[int, int], path: str) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(server + path)
    assert page.locator(".pp-map path.leaflet-interactive").count() > 20
    assert page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth") == 0
    assert page.locator("html").get_attribute("lang") == path.split("lang=")[1][:2]


def test_the_pages_begin_in_vietnamese_and_can_be_turned_to_english(page: Page, server: str) -> None:
    page.goto(server)
    assert page.locator("h1").inner_text() == "Tóm tắt rà soát 2030"
    page.get_by_label("English").click()
    expect(page.locator("h1")).to_have_text("Summary of the review 2030")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator(".pp-list-button")).to_have_text("Layers and legend")


@pytest.mark.parametrize("path", ["/?", "/?view=findings&", "/?view=ledger&", "/parks/soc-son?"])
def test_no_english_is_left_in_a_vietnamese_page(page: Page, server: str, path: str) -> None:
    page.goto(f"{server}{path}lang=vi")
    page.locator("details:not([open])").evaluate_all("all => all.forEach((one) => { one.open = true; })")
    lines = {line.strip() for line in page.locator("body").inner_text().splitlines()}
    english = {text.en for text in WORDS.values() if text.en != text.vi and "{" not in text.en and len(text.en) > 3}
    english |= {sign.title.en for sign in OUTCOME_SIGNS}
    for definition in shipped_definitions().values():
        english |= {definition.title.en, *(field.title.en for field in definition.fields)}
    assert len(english) > 200
    assert lines & english == set()


def test_a_horizon_shows_the_parks_that_the_plan_has_then(page: Page, server: str) -> None:
    shown: dict[int, set[str]] = {}
    page.goto(f"{server}/?lang=vi&horizon=2025")
    for horizon in HORIZONS:
        page.get_by_role("link", name=str(horizon), exact=True).click()
        page.wait_for_url(f"**horizon={horizon}*")
        expect(page.locator(".horizons [aria-current]")).to_have_text(str(horizon))
        shown[horizon] = {str(card.get_attribute("data-park")) for card in page.locator(".card").all()}
        drawn = page.evaluate("Parkplan.maps[0].layers.find((layer) => layer.spec.id === 'parks').spec.total")
        listed = document(f"{server}/collections/parks/items?datetime={horizon}-12-31&limit=100")
        assert shown[horizon] == {feature["id"] for feature in listed["features"]}
        assert drawn == len(shown[horizon])
    assert shown[2025] < shown[2030]


def test_the_page_the_process_and_the_tiles_tell_the_same_numbers(page: Page, server: str) -> None:
    body = json.dumps({"inputs": {"horizon": 2045}}).encode()
    request = urllib.request.Request(
        f"{server}/processes/planning-review/execution", data=body, headers={"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request) as answer:
        summary = json.loads(answer.read())["summary"]
    page.goto(f"{server}/?lang=en&horizon=2045")
    tiles = {sign.outcome: page.locator(f".tile-{sign.outcome} strong").inner_text() for sign in OUTCOME_SIGNS}
    assert {outcome: int(text.replace(",", "")) for outcome, text in tiles.items()} == summary
    assert sum(summary.values()) > 100


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("phu nghia", {"phu-nghia", "phu-nghia-ext"}),
        ("PHÚ NGHĨA", {"phu-nghia", "phu-nghia-ext"}),
        ("dong anh", {"dong-anh", "thang-long"}),
    ],
)
def test_a_park_is_found_without_its_tone_marks(page: Page, server: str, asked: str, found: set[str]) -> None:
    page.goto(f"{server}/?lang=vi")
    page.get_by_label("Lọc danh sách khu").fill(asked)
    shown = {str(card.get_attribute("data-park")) for card in page.locator(".card:visible").all()}
    assert shown >= found
    assert len(shown) < page.locator(".card").count()
    assert page.locator("#park-found").inner_text() == f"{len(shown)} khu"
    page.get_by_label("Lọc danh sách khu").fill("không có đâu")
    assert page.locator("#park-found").inner_text() == "Không có khu nào khớp"
    page.get_by_label("Lọc danh sách khu").fill("")
    assert page.locator(".card:visible").count() == page.locator(".card").count()


def test_search_in_the_page_and_in_python_agree(page: Page, server: str) -> None:
    page.goto(f"{server}/?lang=vi")
    for card in page.locator(".card").all()[:12]:
        title = card.locator("h2").inner_text()
        page.get_by_label("Lọc danh sách khu").fill(title)
        assert card.is_visible(), title


LEGENDS = """() => Parkplan.maps[0].layers.filter((layer) => layer.on).map((layer) => [
    layer.spec.id,
    [...new Set([...document.querySelectorAll(`.leaflet-pp-${layer.spec.id}-pane path.leaflet-interactive`)]
        .map((path) => path.getAttribute('stroke')))].sort(),
    [...document.querySelectorAll(`[data-layer=${layer.spec.id}] .pp-legend [data-color]`)]
        .map((row) => row.dataset.color).sort()])"""


def test_every_legend_is_what_its_layer_draws(page: Page, server: str) -> None:
    page.goto(f"{server}/?lang=vi&horizon=2050")
    page.evaluate("document.querySelectorAll('.pp-layer input:not(:checked)').forEach((box) => box.click())")
    found = page.evaluate(LEGENDS)
    assert len(found) >= 5
    assert [name for name, drawn, told in found if drawn != told] == []
    parks = next(drawn for name, drawn, _ in found if name == "parks")
    colors = {code.value: code.color for code in shipped_definitions()["parks"].field("status").codes}
    assert set(parks) <= set(colors.values())
    assert len(parks) == 4


def test_parks_without_a_position_are_listed_beside_the_map(page: Page, server: str) -> None:
    page.goto(f"{server}/?lang=vi")
    page.locator(".pp-unplaced summary").click()
    listed = {str(item.get_attribute("data-id")) for item in page.locator(".pp-unplaced li").all()}
    features = document(f"{server}/collections/parks/items?datetime=2030-12-31&limit=100")["features"]
    assert listed == {feature["id"] for feature in features if feature["geometry"] is None}
    assert "phu-nghia-ext" in listed
    assert page.locator("#park-phu-nghia-ext .chip-dashed").inner_text() == "chưa rõ vị trí"


def test_card_and_map_choose_the_same_park(page: Page, server: str) -> None:
    page.goto(f"{server}/?lang=vi")
    page.locator("[data-select=phu-nghia]").click()
    assert page.locator(".pp-popup h3").inner_text() == "KCN Phú Nghĩa"
    assert page.locator(".card[data-selected]").get_attribute("data-park") == "phu-nghia"
    assert page.url == f"{server}/?lang=vi"
    page.evaluate("Parkplan.maps[0].announce('parks', 'soc-son')")
    assert page.locator(".card[data-selected]").get_attribute("data-park") == "soc-son"
    page.goto(f"{server}/?lang=vi&park=soc-son")
    page.locator(".pp-popup h3").wait_for()
    assert page.locator(".card[data-selected]").get_attribute("data-park") == "soc-son"


def test_another_view_keeps_the_map_and_the_way_back(page: Page, server: str) -> None:
    page.goto(f"{server}/?lang=en")
    page.evaluate("window.kept = document.querySelector('.pp-map')")
    page.locator(".tabs").get_by_role("link", name="Findings").click()
    page.locator(".findings tbody tr").first.wait_for()
    assert page.url == f"{server}/?horizon=2030&lang=en&view=findings"
    page.get_by_label("Outcome", exact=True).select_option("not_checked")
    page.get_by_label("Park", exact=True).select_option("soc-son")
    page.get_by_role("button", name="Filter").click()
    page.wait_for_url("**park=soc-son*")
    rows = page.locator(".findings tbody tr")
    page.locator('.findings tr[data-outcome="pass"]').first.wait_for(state="detached")
    assert {str(row.get_attribute("data-outcome")) for row in rows.all()} == {"not_checked"}
    assert page.evaluate("window.kept === document.querySelector('.pp-map') && window.kept.isConnected")
    page.go_back()
    page.wait_for_url("**view=findings")
    page.go_back()
    page.locator(".card").first.wait_for()


def test_a_slow_answer_never_replaces_a_later_view(page: Page, server: str) -> None:
    page.goto(f"{server}/?lang=en")
    page.evaluate(
        "() => { const real = window.fetch; window.fetch = async (url, options) => {"
        " if (!url.includes('view=findings')) return real(url, options);"
        " await new Promise((go) => setTimeout(go, 600));"
        " return real(url, options).finally(() => { setTimeout(() => { window.late = true; }, 300); }); }; }"
    )
    tabs = page.locator(".tabs")
    tabs.get_by_role("link", name="Findings").click()
    tabs.get_by_role("link", name="Ledger").click()
    page.wait_for_url("**view=ledger")
    # Without evaluating text, which the page's policy forbids.
    page.wait_for_function("() => window.late && !document.querySelector('#panel').hasAttribute('aria-busy')")
    assert page.url == f"{server}/?horizon=2030&lang=en&view=ledger"
    assert page.locator("body").get_attribute("data-view") == "ledger"
    assert page.locator("#panel").get_attribute("aria-busy") is None


def test_the_map_stays_where_it_was_from_horizon_to_horizon(page: Page, server: str) -> None:
    page.goto(f"{server}/?lang=vi")
    page.evaluate("Parkplan.maps[0].map.setView([21.02, 105.55], 13, { animate: false })")
    page.get_by_role("link", name="2050", exact=True).click()
    page.wait_for_url("**horizon=2050*")
    center = page.evaluate(
        "(({ lat, lng }) => [lat, lng, Parkplan.maps[0].map.getZoom()])(Parkplan.maps[0].map.getCenter())"
    )
    assert center == pytest.approx([21.02, 105.55, 13], abs=1e-3)


def test_a_record_has_every_fact_with_source_and_confidence(page: Page, server: str) -> None:
    page.goto(f"{server}/parks/quang-minh-1?lang=vi")
    assert page.locator("h1").inner_text() == "KCN Quang Minh I"
    row = page.locator(".fact-table tr", has_text="Công suất xử lý nước thải")
    assert row.locator("td").first.inner_text() == "6.000 m³/ngày"
    assert row.locator(".level").first.inner_text() in ("cao", "trung bình", "thấp")
    assert "bnews.vn" in page.locator(".fact-table").inner_text()
    assert page.evaluate("Parkplan.maps[0].map.getBounds().contains([21.1936, 105.7626])")
    assert page.evaluate("Parkplan.maps[0].map.getZoom()") >= 12
    page.get_by_role("link", name="Về bản đồ").click()
    assert page.locator(".card[data-selected]").get_attribute("data-park") == "quang-minh-1"


def test_everything_can_be_reached_by_keyboard(page: Page, server: str) -> None:
    page.goto(f"{server}/?lang=en")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "panel"
    button = page.locator(".pp-list-button")
    button.focus()
    assert button.get_attribute("aria-expanded") == "true"
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-expanded") == "false"
    assert page.locator(".pp-list-body").is_hidden()
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll('a, button, input, select, summary')].filter((node) =>
            node.checkVisibility() && node.type !== 'hidden' && !(node.innerText || '').trim() &&
            !node.getAttribute('aria-label') && !(node.labels && node.labels.length)).map((node) => node.outerHTML)"""
    )
    assert unnamed == []


CONTRAST = """() => {
  const light = (color) => {
    const [r, g, b] = color.map((x) => x / 255).map((x) => x <= 0.04045 ? x / 12.92 : ((x + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const parse = (text) => text.match(/[0-9.]+/g).map(Number);
  const ground = (node) => {
    for (let n = node; n; n = n.parentElement) {
      const color = parse(getComputedStyle(n).backgroundColor);
      if (color.length < 4 || color[3] > 0.7) return color.slice(0, 3);
    }
    return [255, 255, 255];
  };
  const unseen = 'svg, script, style, noscript, .skip, .leaflet-disabled';
  const faults = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  for (let text = walker.nextNode(); text; text = walker.nextNode()) {
    const node = text.parentElement;
    if (!text.data.trim() || !node.checkVisibility() || node.closest(unseen)) continue;
    const ink = parse(getComputedStyle(node).color).slice(0, 3);
    const [high, low] = [light(ink), light(ground(node))].sort((x, y) => y - x);
    if ((high + 0.05) / (low + 0.05) < 4.5) faults.push(`${text.data.trim()} ${ink} on ${ground(node)}`);
  }
  return [...new Set(faults)];
}"""


@pytest.mark.parametrize(
    "path", ["/?lang=vi", "/?lang=vi&view=findings", "/?lang=vi&view=ledger", "/parks/soc-son?lang=vi"]
)
def test_text_stands_out_from_its_ground(page: Page, server: str, path: str) -> None:
    page.goto(server + path)
    page.locator("details:not([open])").evaluate_all("all => all.forEach((one) => { one.open = true; })")
    assert page.evaluate(CONTRAST) == []


def test_targets_are_large_enough_for_a_finger(page: Page, server: str) -> None:
    page.set_viewport_size({"width": NARROW[0], "height": NARROW[1]})
    page.goto(f"{server}/?lang=vi")
    small = page.evaluate(
        """() => [...document.querySelectorAll(
            '.bar nav a, .tile, .tabs a, .search input, .leaflet-bar a, .pp-list-button, .pp-unplaced summary')]
            .map((node) => [node.className || node.innerText, node.getBoundingClientRect()])
            .filter(([, box]) => box.width < 36 || box.height < 36)
            .map(([name, box]) => [name, box.width, box.height])"""
    )
    assert small == []


# Hostile and large data ---------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def other_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Give a server over the shipped layers with a park whose name is markup, and 1,500 masts."""
    path = tmp_path_factory.mktemp("other") / "hanoi.gpkg"
    with serve(path) as address:
        definitions = shipped_definitions()
        park = gpd.GeoDataFrame(
            {"name_vi": [IMAGE], "name_en": [SCRIPT], "status": ["operating"], "kind": ["industrial_park"],
             "developer_vi": [SCRIPT], "developer_en": [IMAGE], "position": ["published"], "source": [SCRIPT]},
            index=['a"><b id=x>'], geometry=[shapely.box(105.3, 20.7, 105.4, 20.8)], crs="EPSG:4326",
        )  # fmt: skip
        places = np.random.default_rng(7).uniform((105.6, 20.9), (105.9, 21.2), (1500, 2))
        masts = gpd.GeoDataFrame(
            {"name": [f"Trạm {i}" for i in range(1500)], "kind": ["base_station_5g"] * 1500},
            index=[f"mast-{i}" for i in range(1500)], geometry=shapely.points(places), crs="EPSG:4326",
        )  # fmt: skip
        with open_store(str(path)) as store:
            puts = [
                Put("parks", typed(definitions["parks"], park)),
                Put("telecom", typed(definitions["telecom"], masts)),
            ]
            store.commit(puts, author="test", message="hostile and large")
        yield address


@pytest.mark.parametrize(("language", "name"), [("vi", IMAGE), ("en", SCRIPT)])
def test_a_name_that_is_markup_is_only_text(browser: Browser, other_server: str, language: str, name: str) -> None:
    page = browser.new_page(reduced_motion="reduce")
    page.goto(f"{other_server}/?lang={language}")
    card = page.locator(".card", has_text=name)
    assert card.locator("h2").inner_text() == name
    card.locator("h2 a").click()
    assert page.locator(".pp-popup h3").inner_text() == name
    page.get_by_role("link", name="Mở hồ sơ" if language == "vi" else "Open the record").click()
    assert page.locator("h1").inner_text() == name
    assert page.title().startswith(name)
    assert SCRIPT in page.locator(".fact-table").inner_text()
    assert page.evaluate("window.harmed") is None
    assert page.locator("#x").count() == 0
    page.close()


def test_a_large_layer_is_fetched_for_the_view_and_says_how_much_of_it_is_drawn(
    browser: Browser, other_server: str
) -> None:
    page = browser.new_page(viewport={"width": WIDE[0], "height": WIDE[1]}, reduced_motion="reduce")
    page.goto(f"{other_server}/?lang=vi")
    assert "mast-1" not in page.content()
    page.evaluate("Parkplan.maps[0].map.setView([21.05, 105.75], 11, { animate: false })")
    row = page.locator("[data-layer=telecom]")
    with page.expect_response("**/collections/telecom/items*") as first:
        row.get_by_role("checkbox").check()
    assert "datetime=2030-12-31" in first.value.url
    row.get_by_text("Đang vẽ 1.000 trên 1.500, phóng to để xem đủ").wait_for()
    with page.expect_response("**/collections/telecom/items*") as second:
        page.evaluate("Parkplan.maps[0].map.setView([21.05, 105.75], 15, { animate: false })")
    matched = second.value.json()["numberMatched"]
    assert 0 < matched < 1000
    row.get_by_text(f"Đang vẽ {matched} trên {matched}").wait_for()
    assert page.locator(".leaflet-pp-telecom-pane path").count() == matched
    page.close()


# Without a script ---------------------------------------------------------------------------------------------------


def test_the_essentials_need_no_script(browser: Browser, server: str) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(server)
    assert page.get_by_text("Bản đồ cần JavaScript").is_visible()
    page.get_by_role("link", name="2025", exact=True).click()
    expect(page.locator("h1")).to_have_text("Tóm tắt rà soát 2025")
    page.locator(".tabs").get_by_role("link", name="Kết quả kiểm tra").click()
    page.get_by_label("Kết luận").select_option("not_checked")
    page.get_by_role("button", name="Lọc").click()
    page.wait_for_url("**outcome=not_checked*")
    assert {str(row.get_attribute("data-outcome")) for row in page.locator(".findings tbody tr").all()} == {
        "not_checked"
    }
    page.get_by_role("link", name="Trang sau").click()
    expect(page.locator(".view")).to_contain_text(f"Kết quả {PAGE_SIZE + 1}–")
    page.get_by_label("English").click()
    expect(page.locator(".view").get_by_text("Findings 41 to")).to_be_visible()
    page.locator(".tabs").get_by_role("link", name="Parks").click()
    page.locator("#park-thang-long h2 a").click()
    expect(page.locator("#park-thang-long details.facts").first).to_have_attribute("open", "")
    page.locator("#park-thang-long").get_by_role("link", name="Full record").click()
    expect(page.locator("h1")).to_have_text(re.compile("^Thang Long"))
    context.close()


# The address and the answer ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "status", "seen"),
    [
        ("/?horizon=2031", 400, "2031"),
        ("/?horizon=soon", 400, "soon"),
        ("/?lang=fr", 400, "fr"),
        ("/?view=all", 400, "all"),
        ("/?view=findings&outcome=good", 400, "good"),
        ("/?view=findings&page=0", 400, "0"),
        ("/?view=findings&page=1e3", 400, "1e3"),
        ("/?colour=red", 400, "colour"),
        ("/?park=nowhere", 404, "nowhere"),
        ("/parks/nowhere", 404, "nowhere"),
        ("/parks/soc-son?view=findings", 400, "view"),
        ("/assets/nothing.js", 404, "/assets/nothing.js"),
        ("/assets/__init__.py", 404, "/assets/__init__.py"),
        ("/assets/%2e%2e/settings.py", 404, "settings.py"),
        ("/assets/%2e%2e/templates/base.html", 404, "base.html"),
    ],
)
def test_a_wrong_address_is_told_what_was_seen(server: str, path: str, status: int, seen: str) -> None:
    code, headers, body = get(server + path)
    problem = json.loads(body)
    assert (code, headers["content-type"].split(";")[0]) == (status, "application/problem+json")
    assert seen in problem["detail"]
    assert problem["status"] == status


def test_a_page_runs_only_scripts_that_carry_its_nonce(server: str) -> None:
    nonces = set()
    for _ in range(2):
        _, headers, body = get(server)
        policy = headers["content-security-policy"]
        found = re.search(r"'nonce-([^']+)'", policy)
        assert found
        assert re.findall(r'<script nonce="([^"]+)"', body) == [found[1]] * 2
        assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
        assert len(re.findall(r"<script(?! nonce| src)", body)) == 0
        nonces.add(found[1])
    assert len(nonces) == 2


def test_assets_may_be_kept_for_good_once_their_address_has_a_fingerprint(server: str) -> None:
    _, _, body = get(server)
    address = re.search(r'src="(/assets/portal\.js\?v=[0-9a-f]{10})"', body)
    assert address
    status, headers, text = get(server + address[1])
    assert (status, headers["cache-control"]) == (200, "public, max-age=31536000, immutable")
    assert text == (assets.FOLDER / "portal.js").read_text(encoding="utf-8")
    assert get(f"{server}/assets/portal.js")[1]["cache-control"] == "public, no-cache"


def test_a_park_that_is_not_there_yet_says_so(server: str, other_server: str) -> None:
    later = [
        feature["id"]
        for feature in document(f"{server}/collections/parks/items?datetime=2050-12-31&limit=100")["features"]
    ]
    now = [
        feature["id"]
        for feature in document(f"{server}/collections/parks/items?datetime=2025-12-31&limit=100")["features"]
    ]
    missing = sorted(set(later) - set(now))
    assert missing
    for path in (f"/?horizon=2025&lang=vi&park={missing[0]}", f"/parks/{missing[0]}?horizon=2025&lang=vi"):
        status, _, body = get(server + path)
        assert status == 200
        assert "khu này không có ở mốc 2025" in body


def test_a_change_of_the_plan_is_seen_at_once(tmp_path: Path) -> None:
    path = tmp_path / "plan.gpkg"
    with serve(path) as address:
        assert "KCN Thử Nghiệm" not in get(address)[2]
        definition = shipped_definitions()["parks"]
        park = gpd.GeoDataFrame({"name_vi": ["KCN Thử Nghiệm"]}, index=["trial"], geometry=[None], crs="EPSG:4326")
        with open_store(str(path)) as store:
            store.commit([Put("parks", typed(definition, park))], author="test", message="one more")
        assert "KCN Thử Nghiệm" in get(address)[2]


# Values -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "options", "vietnamese", "english"),
    [
        (1586.0, {"decimals": 1}, "1.586,0", "1,586.0"),
        (1586.0, {}, "1.586", "1,586"),
        (150.12, {}, "150,12", "150.12"),
        (0.5, {}, "0,5", "0.5"),
        (-1234.5, {}, "\u22121.234,5", "\u22121,234.5"),
        (-0.001, {}, "0", "0"),
        (2025, {"grouped": False}, "2025", "2025"),
        (100.0, {}, "100", "100"),
        (1234567.891, {}, "1.234.567,89", "1,234,567.89"),
    ],
)
def test_numbers_are_written_as_each_reader_does(
    value: float, options: dict[str, Any], vietnamese: str, english: str
) -> None:
    assert write_number(value, language="vi", **options) == vietnamese
    assert write_number(value, language="en", **options) == english


@settings(deadline=None)
@given(st.floats(min_value=-1e9, max_value=1e9))
def test_a_number_in_vietnamese_is_the_english_one_with_signs_changed(value: float) -> None:
    swapped = write_number(value, language="en").replace(",", "_").replace(".", ",").replace("_", ".")
    assert write_number(value, language="vi") == swapped


def test_values_are_written_with_unit_code_and_day() -> None:
    parks = shipped_definitions()["parks"]
    assert write_value(parks.field("wastewater_capacity_m3_day"), 16150.0, language="vi") == "16.150 m³/ngày"
    assert write_value(parks.field("status"), "in_plan", language="vi") == "đã quy hoạch"
    assert write_value(parks.field("status"), "odd", language="vi") == "odd"
    assert write_value(parks.field("year_established"), 1997, language="vi") == "1997"
    assert write_value(parks.field("workers"), 60000, language="vi") == "60.000"
    assert write_value(parks.field("valid_from"), pd.Timestamp("2025-07-01"), language="en") == "1 July 2025"
    assert [write_value(parks.field("area_ha"), missing, language="en") for missing in (None, np.nan, pd.NA)] == [
        ""
    ] * 3
    switch = Field(name="open", type="boolean", title=Text(vi="Mở", en="Open"))
    assert (write_value(switch, True, language="vi"), write_value(switch, False, language="en")) == ("có", "no")


def test_addresses_keep_the_state_and_begin_filters_at_the_first_page() -> None:
    query = PageQuery("/plan", 2045, "vi", view="findings", park="a b/c", outcome="fail", page=3)
    assert query.url(page=4) == "/plan/?horizon=2045&lang=vi&view=findings&park=a+b%2Fc&outcome=fail&page=4"
    assert query.url(outcome="") == "/plan/?horizon=2045&lang=vi&view=findings&park=a+b%2Fc"
    assert query.park_url("a b/c") == "/plan/parks/a%20b%2Fc?horizon=2045&lang=vi"
    assert PageQuery("", 2030, "en").url() == "/?horizon=2030&lang=en"


def findings_of(rows: int) -> pd.DataFrame:
    chance = np.random.default_rng(3)
    outcomes = [sign.outcome for sign in OUTCOME_SIGNS]
    table = pd.DataFrame(
        {
            "rule_id": [f"R-{i % 7}" for i in range(rows)],
            "park_id": [None if i % 11 == 0 else f"park-{i % 5}" for i in range(rows)],
            "outcome": chance.choice(outcomes, rows) if rows else [],
            "reason": "stale",
            "measured": [9.5 if i % 2 else np.nan for i in range(rows)],
            "wanted": 1000.0,
            "comparator": ">=",
            "confidence": "high",
        }
    )
    for language in ("vi", "en"):
        for name in ("unit", "title", "citation", "message"):
            table[f"{name}_{language}"] = [f"{name} {i % 7}" for i in range(rows)]
    return table


@settings(deadline=None)
@given(rows=st.integers(0, 130), outcome=st.sampled_from(["", "fail", "pass"]), park=st.sampled_from(["", "park-1"]))
def test_pages_together_are_all_findings_once_the_concluded_first(rows: int, outcome: str, park: str) -> None:
    table = findings_of(rows)
    chosen: dict[str, Any] = {"titles": {"park-1": "Một"}, "language": "vi", "outcome": outcome, "park": park}
    whole = findings_page(table, size=None, **chosen)
    first = findings_page(table, **chosen)
    pages = [findings_page(table, page=number, **chosen) for number in range(1, first.pages + 1)]
    assert tuple(row for page in pages for row in page.rows) == whole.rows
    assert whole.total == sum(
        (not outcome or row.outcome == outcome) and (not park or row.park_id == park) for row in table.itertuples()
    )
    order: list[str] = [sign.outcome for sign in OUTCOME_SIGNS]
    ranks = [order.index(row.outcome) for row in whole.rows]
    assert ranks == sorted(ranks)
    assert all(page.last - page.first + 1 == len(page.rows) for page in pages if page.rows)
    assert findings_page(table, page=999_999, **chosen).rows == pages[-1].rows


def test_a_finding_is_told_with_unit_reason_and_comparator() -> None:
    row = findings_page(findings_of(2).assign(outcome="fail"), titles={"park-1": "Một"}, language="vi").rows[1]
    assert (row.measured, row.wanted, row.reason) == ("9,5 unit 1", "≥ 1.000 unit 1", "dữ liệu cũ")
    assert (row.park_title, row.rule, row.title) == ("Một", "R-1", "title 1")
    duty = findings_page(findings_of(2), titles={}, language="en", conditions={"R-1"}).rows
    assert sorted(row.wanted for row in duty) == ["applies if ≥ 1,000 unit 1", "≥ 1,000 unit 0"]
    assert rule_choices(findings_of(20), "en")[1] == ("R-1", "title 1")


def test_accounts_show_what_touches_a_park_and_name_parks_without_an_outline() -> None:
    columns = [
        "park_id",
        "layer",
        "kind",
        "schematic",
        "declared_ha",
        "area_ha",
        "hit_ha",
        "clear_ha",
        "stale_ha",
        "not_covered_ha",
    ]
    ledger = pd.DataFrame(
        [
            ("b", "constraint_areas", "", True, 100.0, 100.0, 12.345, 80.0, 0.0, 7.655),
            ("b", "constraint_areas", "flood_corridor", True, 100.0, 100.0, 12.345, 80.0, 0.0, 7.655),
            ("b", "constraint_areas", "heritage", True, 100.0, 100.0, 0.0, 92.345, 0.0, 7.655),
            ("a", "constraint_areas", "", False, np.nan, np.nan, np.nan, np.nan, np.nan, np.nan),
        ],
        columns=columns,
    )
    layers = shipped_definitions()
    accounts = park_accounts(ledger, titles={"a": "Á", "b": "Bê"}, layers=layers, language="vi")
    assert [(account.title, account.declared, account.schematic, len(account.rows)) for account in accounts] == [
        ("Bê", "100", True, 2),
        ("Á", "", False, 0),
    ]
    whole, flood = accounts[0].rows
    assert (whole.title, whole.hectares) == (
        layers["constraint_areas"].title.vi,
        ("100,00", "12,35", "80,00", "0,00", "7,66"),
    )
    codes = {code.value: code.title.vi for code in layers["constraint_areas"].field("constraint").codes}
    assert (flood.title, flood.whole) == (codes["flood_corridor"], False)
    assert park_accounts(ledger, titles={}, layers=layers, language="vi", park="a")[0].park == "a"


@pytest.mark.parametrize(
    ("values", "language", "told"),
    [
        ({}, "vi", "chưa rõ thời gian"),
        ({"time_basis": "unknown"}, "en", "time not known"),
        ({"time_basis": "established", "valid_from": "1997-01-01"}, "vi", "từ 1997 (năm thành lập)"),
        ({"time_basis": "plan", "valid_from": "2030-12-31"}, "en", "since 2030 (planning horizon)"),
        ({"valid_from": "2000-01-01", "valid_to": "2039-12-31"}, "vi", "2000–2039"),
        ({"valid_to": "2039-12-31"}, "en", "until 2039"),
    ],
)
def test_a_card_tells_the_planned_time_or_that_it_is_not_known(
    values: dict[str, str], language: Language, told: str
) -> None:
    assert card_of(values, language).time == told


def card_of(values: dict[str, Any], language: Language, facts: pd.DataFrame | None = None) -> Any:
    layers = shipped_definitions()
    frame = pd.DataFrame([values], index=["x"])
    known = typed(layers["facts"], pd.DataFrame(index=pd.Index([], dtype="str"))) if facts is None else facts
    findings = pd.DataFrame({"park_id": ["x", "x", "y"], "outcome": ["pass", "fail", "fail"]})
    parks = typed(layers["parks"], frame)
    return park_cards(parks, definition=layers["parks"], facts=known, findings=findings, language=language)[0]


def test_a_card_leaves_unknown_figures_empty_and_counts_its_own_findings() -> None:
    card = card_of({"name_vi": "KCN Đồng Mai", "workers_planned": 17410}, "vi")
    assert (card.area, card.occupancy, card.wastewater, card.communes_new) == ("", "", "", "")
    assert (card.workers, card.position, card.search) == ("dự kiến 17.410", "unknown", "kcn dong mai x")
    assert (card.counts, card.worst) == ({"pass": 1, "fail": 1}, "fail")
    assert card_of({"name_vi": "A", "workers": 5, "workers_year": 2017}, "en").workers == "5 (in 2017)"
    assert card_of({"occupancy_pct": 40.0, "occupancy_year": 2023}, "vi").occupancy == "40 % (năm 2023)"


def test_a_fact_has_its_own_sources_else_the_sources_of_its_park() -> None:
    layers = shipped_definitions()
    facts = typed(
        layers["facts"],
        pd.DataFrame(
            {
                "layer": ["parks", "parks", "roads"],
                "feature": ["x", "x", "x"],
                "field": ["sectors_vi", "sectors_en", "area_ha"],
                "source": ["Báo A", "Báo A", "other layer"],
                "confidence": ["high", "high", "low"],
                "note_vi": [None, None, None],
            },
            index=["1", "2", "3"],
        ),
    )
    values = {"sectors_vi": "cơ khí", "area_ha": 12.5, "source": "Sách B", "confidence": "low"}
    parks = typed(layers["parks"], pd.DataFrame([values], index=["x"]))
    row = parks.drop(columns="geometry").to_dict("index")["x"]
    found = {fact.title: fact for fact in park_facts("x", row, definition=layers["parks"], facts=facts, language="vi")}
    sectors, area = found["Ngành nghề"], found["Diện tích công bố"]
    assert [(entry.source, entry.confidence, entry.level) for entry in sectors.evidence] == [("Báo A", "cao", "high")]
    assert [(entry.source, entry.confidence) for entry in area.evidence] == [("Sách B", "thấp")]
    assert "Nguồn" not in found


# Words --------------------------------------------------------------------------------------------------------------


def test_every_word_has_both_languages_with_the_same_blanks_and_is_used() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in sorted((ROOT / "api" / "portal").glob("*.py")))
    templates = "".join(path.read_text(encoding="utf-8") for path in sorted(TEMPLATES.glob("*.html")))
    for key, text in WORDS.items():
        assert text.vi, key
        assert text.en, key
        assert set(re.findall(r"\{\w+\}", text.vi)) == set(re.findall(r"\{\w+\}", text.en)), key
    asked = set(re.findall(r"\bw\.([a-z_]+)", templates)) | set(re.findall(r"""WORDS\[["'](\w+)["']\]""", code))
    assert asked - set(WORDS) == set()
    composed = {key for key in WORDS if key.startswith(("view_", "position_", "time_")) or key.endswith("_ha")}
    assert set(WORDS) - asked - composed - {"yes", "no"} == set()
    assert SimpleNamespace(**WORDS).clear == WORDS["clear"]


# Pictures for the documentation --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "path", "size"),
    [
        ("portal-vi-desktop", "/?lang=vi", WIDE),
        ("portal-en-desktop", "/?lang=en", WIDE),
        ("portal-en-findings", "/?lang=en&view=findings", WIDE),
        ("portal-vi-park", "/parks/soc-son?lang=vi", WIDE),
        ("portal-vi-phone", "/?lang=vi", NARROW),
        ("portal-en-phone", "/?lang=en", NARROW),
    ],
)
def test_pictures_for_the_documentation(
    context: BrowserContext, server: str, name: str, path: str, size: tuple[int, int]
) -> None:
    page = context.new_page()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    page.goto(server + path)
    page.evaluate("document.fonts.ready")
    page.wait_for_timeout(300)
    picture = page.screenshot()
    assert 20_000 < len(picture) < 400_000
    # Those in the repository are drawn anew only when asked for, so that a test run leaves the tree as it was.
    if os.environ.get("PARKPLAN_SCREENSHOTS") == "1":
        (IMAGES / f"{name}.png").write_bytes(picture)
