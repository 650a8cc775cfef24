"""Documents as pages: the same links, values and states as the JSON, for readers and a real browser."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Final
from urllib.parse import quote, urljoin

import pytest
import shapely
from playwright.sync_api import Browser, expect
from starlette.testclient import TestClient

from layers.store import Put, open_store
from tests.api.conftest import fill, stations
from tests.api.test_openapi import imported
from tests.support.server import serve

HTML: Final = "text/html; charset=utf-8"
BROWSER: Final = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
HOSTILE: Final = '<img src=x onerror="document.title=1">'
ITEMS: Final = "/collections/stations/items"


class Page(HTMLParser):
    """The links and the text of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[dict[str, str]] = []
        self.alternates: dict[str, str] = {}
        self.words: list[str] = []
        self.language = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "html":
            self.language = given["lang"]
        elif tag == "a" and "href" in given:
            self.links.append(given)
        elif tag == "link" and given.get("rel") == "alternate" and "type" in given:
            self.alternates[given["type"]] = given["href"]

    def handle_data(self, data: str) -> None:
        self.words += [word] if (word := data.strip()) else []

    def to(self, rel: str) -> list[str]:
        return [entry["href"] for entry in self.links if entry.get("rel") == rel]


def page(client: TestClient, path: str, **headers: str) -> Page:
    answer = client.get(path, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == HTML
    assert "script-src 'self' 'nonce-" in answer.headers["content-security-policy"]
    assert not re.search(r"(src|href)=\"(https?:)?//(?!testserver)", answer.text), "nothing comes from elsewhere"
    return Page(answer.text)


PATHS: Final = (
    "/conformance",
    "/collections",
    "/collections/stations",
    "/collections/notes",
    "/collections/catalogue",
    "/collections/stations/queryables",
    "/collections/stations/sortables",
    "/collections/stations/schema",
    ITEMS,
    "/collections/notes/items",
    "/collections/catalogue/items",
    "/collections/catalogue/items/stations",
    f"{ITEMS}/hoa-lac",
    f"{ITEMS}/nowhere",
    f"{ITEMS}/hoa-lac/history",
    f"{ITEMS}/hoa-lac/blame",
    "/queryables",
    "/functions",
    "/processes",
    "/processes/planning-review",
    "/jobs",
)


def test_every_document_has_a_page_that_leads_where_it_does(reader: TestClient) -> None:
    for path in PATHS:
        leads_alike(reader, path)


def leads_alike(client: TestClient, path: str) -> None:
    document = client.get(path).json()
    for language in ("vi", "en"):
        shown = page(client, f"{path}?f=html&lang={language}")
        assert shown.language == language
        there = {urljoin("http://testserver", entry["href"]).partition("?")[0] for entry in shown.links}
        own = [entry for entry in document.get("links", ()) if entry["rel"] != "self" and not entry.get("templated")]
        assert {entry["href"].partition("?")[0] for entry in own} <= there
        alternates = {entry["href"] for entry in own if entry["rel"] == "alternate"}
        assert not own or any(href.endswith("f=html") for href in alternates)
    by_header = page(client, path, accept=BROWSER)
    assert by_header.words == page(client, f"{path}?f=html").words
    for type_, href in by_header.alternates.items():
        assert client.get(href, headers={"accept": BROWSER}).headers["content-type"] == type_


def test_every_link_of_a_page_leads_somewhere(reader: TestClient) -> None:
    links = [entry["href"] for path in PATHS for entry in page(reader, f"{path}?lang=vi", accept=BROWSER).links]
    for href in sorted({urljoin("http://testserver", href) for href in links}):
        # The pages of the map want the shipped layers; templates of tiles are no addresses.
        if href.startswith("http://testserver/?") or "{" in href or "execution" in href:
            continue
        answer = reader.get(href, headers={"accept": BROWSER})
        assert answer.status_code == 200, (href, answer.text[:200])


def test_programs_that_take_anything_still_get_json(reader: TestClient) -> None:
    for path in PATHS:
        assert reader.get(path, headers={"accept": "*/*"}).headers["content-type"].endswith("json")
        assert reader.get(f"{path}?f=json", headers={"accept": BROWSER}).headers["content-type"].endswith("json")
    mixed = reader.get(ITEMS, headers={"accept": "application/vnd.ogc.fg+json, text/html;q=0.5"})
    assert mixed.headers["content-type"] == "application/vnd.ogc.fg+json"
    answer = reader.get(f"{ITEMS}?f=pdf")
    assert answer.status_code == 400
    assert answer.json()["wanted"] == "json, jsonfg, html, csv, flatgeobuf, geoparquet, gpkg"
    assert reader.get(f"{ITEMS}/hoa-lac?f=csv").json()["wanted"] == "json, jsonfg, html"


def test_values_carry_titles_units_and_codes_in_the_language(reader: TestClient) -> None:
    shown = page(reader, f"{ITEMS}/hoa-lac?f=html&lang=vi").words
    for word in ("Hoà Lạc", "Diện tích", "1,25 ha", "xe buýt", "Mở cửa", "1/5/2020", "Polygon"):
        assert word in shown
    assert {"Area", "1.25 ha", "bus", "1 May 2020"} <= set(page(reader, f"{ITEMS}/hoa-lac?f=html").words)
    assert "vị trí" in " ".join(page(reader, f"{ITEMS}/nowhere?f=html&lang=vi").words)


def test_pages_of_features_lead_on_and_keep_what_was_asked(reader: TestClient) -> None:
    asked = "sortby=-name&filter=name%20IS%20NOT%20NULL&limit=4&lang=vi"
    first = page(reader, f"{ITEMS}?{asked}", accept=BROWSER)
    (following,) = first.to("next")
    assert all(part in following for part in ("sortby=-name", "filter=name", "limit=4", "lang=vi"))
    second = page(reader, following, accept=BROWSER)
    assert second.to("next") == []
    (back,) = second.to("first")
    assert page(reader, back, accept=BROWSER).words == first.words
    names = [feature["id"] for feature in reader.get(f"{ITEMS}?sortby=-name&limit=5").json()["features"]]
    ids = [word for word in first.words if word in names]
    assert ids == names[:4]
    upwards = [entry["href"] for entry in first.links if "sortby=name" in entry["href"]]
    assert upwards
    assert all("filter=name" in href and "cursor" not in href for href in upwards)


def test_a_page_of_nothing_says_what_that_means(reader: TestClient) -> None:
    words = " ".join(page(reader, f"{ITEMS}?bbox=0,0,1,1&f=html&lang=vi").words)
    assert "Không có đối tượng nào." in words
    assert "chưa biết: không có dữ liệu đầy đủ ở đây" in words
    assert "Chưa ai cho biết lớp này có dữ liệu ở đâu" in " ".join(
        page(reader, "/collections/stations?f=html&lang=vi").words
    )


def test_source_and_coverage_stand_in_both_forms(hanoi_reader: TestClient) -> None:
    document = hanoi_reader.get("/collections/parks").json()
    assert document["attribution"].startswith("Published facts")
    assert "ODbL" in document["license"]
    words = page(hanoi_reader, "/collections/parks?f=html").words
    assert {document["attribution"], document["license"]} <= set(words)
    covered = next(
        entry for entry in hanoi_reader.get("/collections?f=json").json()["collections"]
        if hanoi_reader.get(f"/collections/{entry['id']}").json().get("coverage")
    )  # fmt: skip
    cover = hanoi_reader.get(f"/collections/{covered['id']}").json()["coverage"][0]
    assert cover["source"] in page(hanoi_reader, f"/collections/{covered['id']}?f=html").words


def test_a_page_and_its_document_have_tags_of_their_own(reader: TestClient) -> None:
    tags = {reader.get(f"{ITEMS}/hoa-lac?f={form}").headers["etag"] for form in ("json", "jsonfg", "html")}
    assert len(tags) == 3
    tag = reader.get(f"{ITEMS}/hoa-lac?f=html").headers["etag"]
    assert reader.get(f"{ITEMS}/hoa-lac?f=html", headers={"if-none-match": tag}).status_code == 304
    assert reader.get(f"{ITEMS}/hoa-lac", headers={"if-none-match": tag}).status_code == 200


def test_what_is_wrong_stays_a_problem(reader: TestClient) -> None:
    for path, status in (("/collections/none", 404), (f"{ITEMS}/none", 404), (f"{ITEMS}?limit=0", 400)):
        answer = reader.get(path, headers={"accept": BROWSER})
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


def test_a_result_is_a_page_too(hanoi_reader: TestClient) -> None:
    answer = hanoi_reader.post(
        "/processes/planning-review/execution?f=html", json={"inputs": {"horizon": 2030}, "response": "document"}
    )
    assert answer.status_code == 200
    assert answer.headers["content-type"] == HTML
    assert "not_checked" in answer.text


def test_what_came_of_a_job_is_a_page(client: TestClient) -> None:
    job = imported(client, "stations")
    for path, word in ((f"/jobs/{job}", job), (f"/jobs/{job}/results", "area_ha"), ("/jobs", job)):
        assert word in " ".join(page(client, path, accept=BROWSER).words)


def test_the_description_names_every_page(reader: TestClient) -> None:
    paths = reader.get("/api").json()["paths"]
    for path in (
        "/",
        "/conformance",
        "/collections",
        "/collections/{collectionId}/items",
        "/processes",
        "/jobs/{jobId}",
    ):
        assert HTML in paths[path]["get"]["responses"]["200"]["content"]
    items = paths["/collections/{collectionId}/items"]["get"]["responses"]["200"]["content"]
    assert {"text/csv; charset=utf-8", "application/vnd.flatgeobuf", "application/geopackage+sqlite3"} <= set(items)
    assert HTML not in paths["/health"]["get"]["responses"]["200"]["content"]


def test_the_landing_page_shows_all_its_links(hanoi_reader: TestClient) -> None:
    shown = page(hanoi_reader, "/?lang=vi", accept=BROWSER)
    there = {entry["href"].partition("?")[0].removeprefix("http://testserver") for entry in shown.links}
    for entry in hanoi_reader.get("/?f=json").json()["links"]:
        if entry["rel"] != "self":
            assert entry["href"].partition("?")[0].removeprefix("http://testserver") in there


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = tmp_path_factory.mktemp("browsing") / "plan.gpkg"
    fill(str(path))
    _, features = stations()
    hostile = features.loc[["hoa-lac"]].copy()
    hostile["name"] = HOSTILE
    hostile.geometry = [shapely.box(105.5, 21.0, 105.61, 21.1)]
    hostile["position"] = "schematic"
    with open_store(path) as store:
        store.commit([Put("stations", hostile)], author="Bình", message="Thử")
    with serve(path) as address:
        yield address


@pytest.mark.parametrize("width", [1440, 390])
def test_a_browser_draws_the_features_of_a_page(browser: Browser, drawn: str, width: int) -> None:
    shown = browser.new_page(viewport={"width": width, "height": 900})
    wrong: list[str] = []
    shown.on("pageerror", lambda error: wrong.append(str(error)))
    shown.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    shown.goto(
        f"{drawn}{ITEMS}?bbox=105,20,106,22&lang=vi&limit=2&crs={quote('http://www.opengis.net/def/crs/EPSG/0/5897')}"
    )
    expect(shown.locator("#map[data-ready]")).to_be_attached()
    dashes = [path.get_attribute("stroke-dasharray") for path in shown.locator("#map path.leaflet-interactive").all()]
    assert sorted(dash or "" for dash in dashes) == ["", "4 3"], "what is schematic is told from a boundary"
    expect(shown.get_by_text("Nét đứt: sơ đồ")).to_be_visible()
    shown.locator("#map path.leaflet-interactive").first.click(force=True)
    expect(shown.locator(".leaflet-popup strong")).to_have_text(HOSTILE)
    expect(shown.locator("tr.chosen")).to_have_attribute("data-feature", "hoa-lac")
    assert shown.locator("img[src=x]").count() == 0
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    first = shown.url
    shown.get_by_role("link", name="Trang sau").click()
    expect(shown.get_by_role("link", name="Trang trước")).to_be_visible()
    shown.get_by_role("link", name="Trang trước").click()
    assert shown.url == first
    shown.goto(f"{drawn}{ITEMS}/hoa-lac?lang=en")
    expect(shown.locator("#map[data-ready]")).to_be_attached()
    expect(shown.locator("h1")).to_have_text(HOSTILE)
    assert shown.evaluate("document.documentElement.scrollWidth") <= width
    for path in ("/collections", "/collections/stations", "/processes/planning-review", "/conformance"):
        shown.goto(f"{drawn}{path}?lang=vi")
        assert shown.evaluate("document.documentElement.scrollWidth") <= width
    assert wrong == []
    shown.close()
