"""A planner makes a package on the page, and an edited one leads to its proposal and receipt."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path

from playwright.sync_api import Browser, Page

HOSTILE = '<img src=x onerror="document.title=1">'


def edited(package: Path, target: Path) -> Path:
    """Rename the first park in the GeoJSON of a package."""
    made = io.BytesIO()
    with zipfile.ZipFile(package) as packed, zipfile.ZipFile(made, "w") as again:
        for name in packed.namelist():
            content = packed.read(name)
            if name == "layers/parks.geojson":
                document = json.loads(content)
                document["features"][0]["properties"]["name_en"] = HOSTILE
                content = json.dumps(document).encode()
            again.writestr(name, content)
    target.write_bytes(made.getvalue())
    return target


def watched(browser: Browser, *, width: int) -> tuple[Page, list[str]]:
    page = browser.new_page(viewport={"width": width, "height": 900})
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    return page, said


def test_a_package_is_made_sent_back_and_leads_to_its_proposal(server: str, browser: Browser, tmp_path: Path) -> None:
    page, said = watched(browser, width=1440)
    page.goto(f"{server}/packages?lang=vi")
    assert page.locator("header .way[aria-current]").inner_text() == "Gói dữ liệu"
    page.fill("#make input[name=institute]", HOSTILE)
    page.check("#make input[name='layer.parks']")
    parks = page.request.get(f"{server}/collections/parks/items?limit=100&f=json").json()["features"]
    page.select_option("#make select[name=park]", next(one["id"] for one in parks if one["geometry"]))
    page.fill("#make input[name=margin_m]", "2000")
    page.locator("#make button[type=submit]").click()
    row = page.locator("tr:target")
    row.wait_for()
    assert HOSTILE in row.inner_text()
    assert page.locator("main img").count() == 0
    with page.expect_download() as waiting:
        row.get_by_role("link", name="Tải về").click()
    package = tmp_path / "package.zip"
    waiting.value.save_as(package)
    page.set_input_files("#return input[name=file]", str(edited(package, tmp_path / "gói trả lại.zip")))
    page.fill("#return input[name=title]", "Đợt 1 của Viện")
    page.locator("#return button[type=submit]").click()
    page.locator(".return-proposed").wait_for(timeout=60_000)
    assert page.locator(".kind-update").first.inner_text() == "1 sửa"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    way = page.get_attribute("#proposal", "href")
    assert way is not None
    told = page.request.get(f"{server}{way.partition('?')[0]}/changes").json()
    assert [(layer["layer"], len(layer["features"])) for layer in told["layers"]] == [("parks", 1)]
    page.goto(f"{server}/packages?lang=vi")
    assert page.locator("tbody tr").first.get_by_role("link", name="Xem đề xuất").get_attribute("href") == way
    page.close()
    assert said == []


def test_an_area_is_drawn_on_the_map_and_what_is_wrong_is_told(server: str, browser: Browser) -> None:
    page, _ = watched(browser, width=390)
    page.goto(f"{server}/packages?lang=en")
    page.wait_for_function("() => window.Parkplan && window.Parkplan.area")
    map_ = page.locator("#area-map")
    map_.scroll_into_view_if_needed()
    page.click("#draw")
    assert page.locator("#drawing").is_visible()
    map_.click(position={"x": 90, "y": 60})
    map_.click(position={"x": 200, "y": 180})
    west, south, east, north = map(float, page.input_value("#make input[name=area]").split(","))
    assert 105 < west < east < 107
    assert 20 < south < north < 22
    assert not page.locator("#drawing").is_visible()
    page.click("#clear")
    assert page.input_value("#make input[name=area]") == ""
    page.click("#view")
    assert page.input_value("#make input[name=area]").count(",") == 3
    page.fill("#make input[name=institute]", "Institute of Planning")
    page.locator("#make button[type=submit]").click()
    page.get_by_role("alert").wait_for()
    assert "layers" in page.get_by_role("alert").inner_text()
    assert page.input_value("#make input[name=institute]") == "Institute of Planning"
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()
