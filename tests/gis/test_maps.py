"""Maps: what they are told, what they load, and what a browser then shows."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from playwright.sync_api import Browser, Page

from api import assets
from gis.maps import (
    OUTCOME_SIGNS,
    Asset,
    Assets,
    Basemap,
    MapLayer,
    findings_on_map,
    layer_payload,
    map_parts,
    map_words,
    outcome_sign,
    park_map,
    script_json,
    shown_fields,
    worst_outcome,
)
from gis.review import OUTCOMES
from layers.definitions import LayerDefinition, parse_definition
from layers.errors import CrsError, MissingFileError, ValueOutOfRangeError
from layers.schema import typed
from layers.types import LANGUAGES, Language, Text

SITES = """
id = "parks"
title = { vi = "Khu", en = "Sites" }
theme = "parks"
geometry = ["Point", "Polygon"]
label = { vi = "name_vi", en = "name_en" }
style = { color = "#777777", by = "status", fill_opacity = 0.4 }
source = "OpenStreetMap"
fields = [
  { name = "name_vi", type = "text", title = { vi = "Tên", en = "Name" } },
  { name = "name_en", type = "text", title = { vi = "Tên", en = "Name" } },
  { name = "note", type = "text", title = { vi = "Ghi", en = "Raw" } },
  { name = "note_vi", type = "text", title = { vi = "Ghi chú (tiếng Việt)", en = "Note (Vietnamese)" } },
  { name = "note_en", type = "text", title = { vi = "Ghi chú (tiếng Anh)", en = "Note (English)" } },
  { name = "area_ha", type = "number", unit = "ha", title = { vi = "Diện tích", en = "Area" } },
  { name = "flow", type = "number", unit = "m³/d", title = { vi = "Lưu lượng", en = "Flow" } },
  { name = "open", type = "boolean", title = { vi = "Mở", en = "Open" } },
  { name = "status", type = "text", title = { vi = "Tình trạng", en = "Status" }, codes = [
    { value = "operating", title = { vi = "đang hoạt động", en = "operating" }, color = "#1f6fa8" },
    { value = "in_plan", title = { vi = "đã quy hoạch", en = "in plan" }, color = "#8a5fa6" },
    { value = "proposed", title = { vi = "đề xuất", en = "proposed" }, color = "#e08a1e" },
  ] },
]
"""
IMAGE = '<img src=x onerror="window.harmed = 1">'
SCRIPT = "</script><script>window.harmed = 2</script>"


@pytest.fixture(scope="module")
def definition() -> LayerDefinition:
    return parse_definition(SITES, where="sites.toml")


@pytest.fixture(scope="module")
def sites(definition: LayerDefinition) -> gpd.GeoDataFrame:
    rows: list[dict[str, Any]] = [
        {"id": "drawn", "name_vi": "Khu Một", "name_en": "Site One", "status": "operating", "position": "surveyed",
         "area_ha": 1586.0, "flow": 4480.0, "open": True, "note": "x", "note_vi": "một", "note_en": "one",
         "valid_from": "2030-01-01", "geometry": shapely.box(105.60, 20.90, 105.66, 20.96)},
        {"id": "sketch", "name_vi": IMAGE, "name_en": IMAGE, "status": "in_plan", "position": "schematic",
         "note_vi": SCRIPT, "note_en": SCRIPT, "geometry": shapely.box(105.80, 21.00, 105.84, 21.04)},
        {"id": "label", "name_vi": SCRIPT, "name_en": SCRIPT, "position": "label",
         "geometry": shapely.Point(105.70, 21.10)},
        {"id": "lost", "name_vi": "Mất <b>chỗ</b>", "name_en": "Lost <b>place</b>", "status": "proposed",
         "position": "unknown", "geometry": None},
    ]  # fmt: skip
    frame = gpd.GeoDataFrame(pd.DataFrame(rows).set_index("id"), geometry="geometry", crs="EPSG:4326")
    return typed(definition, frame)


@pytest.fixture(scope="module")
def findings(sites: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    table = [
        ("drawn", "pass"), ("drawn", "fail"), ("drawn", "not_checked"), ("sketch", "warning"), ("sketch", "pass"),
        ("label", "no_data"), ("lost", "fail"),
    ]  # fmt: skip
    rows = [
        {"park_id": park, "outcome": outcome, "title_vi": "Quy tắc", "title_en": "Rule", "message_vi": f"{IMAGE} vi",
         "message_en": f"{IMAGE} en" if outcome == "fail" else None, "geometry": sites.geometry[park]}
        for park, outcome in table
    ]  # fmt: skip
    return gpd.GeoDataFrame(rows, geometry="geometry", crs="EPSG:4326")


# What a map is told ---------------------------------------------------------------------------------------------------


@settings(deadline=None)
@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(),
        lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    )
)
def test_json_in_a_script_is_read_back_as_it_was_and_ends_no_element(value: object) -> None:
    text = script_json(value)
    assert json.loads(text) == value
    assert not re.search("[<>&\u2028\u2029]", text)


def test_a_payload_carries_only_what_is_known_in_the_readers_language(
    definition: LayerDefinition, sites: gpd.GeoDataFrame
) -> None:
    before = sites.copy()
    payload = layer_payload(MapLayer(definition, sites, labelled=True), language="vi")
    drawn, sketch, label = payload["data"]["features"]
    assert drawn["properties"] == {
        "name_vi": "Khu Một", "note_vi": "một", "area_ha": 1586.0, "flow": 4480.0, "open": True,
        "status": "operating", "valid_from": "2030-01-01", "position": "surveyed",
    }  # fmt: skip
    assert "status" not in label["properties"]
    assert sketch["geometry"]["type"] == "Polygon"
    assert payload["unplaced"] == [{"id": "lost", "title": "Mất <b>chỗ</b>"}]
    assert payload["total"] == 4
    assert payload["credit"] == "© OpenStreetMap (ODbL)"
    pd.testing.assert_frame_equal(sites, before)


@pytest.mark.parametrize(("language", "title", "unit"), [("vi", "Ghi chú", "m³/ngày"), ("en", "Note", "m³/d")])
def test_field_titles_and_units_are_the_readers(
    definition: LayerDefinition, sites: gpd.GeoDataFrame, language: Language, title: str, unit: str
) -> None:
    fields = {field["name"]: field for field in layer_payload(MapLayer(definition, sites), language=language)["fields"]}
    other = "en" if language == "vi" else "vi"
    assert fields[f"note_{language}"]["title"] == title
    assert fields["flow"]["unit"] == unit
    assert not {"note", f"note_{other}", "name_vi", "name_en", "position"} & set(fields)
    assert fields["status"]["codes"]["in_plan"] == definition.field("status").codes[1].title.say(language)


def test_chosen_fields_keep_their_order_and_unknown_ones_are_passed_over(definition: LayerDefinition) -> None:
    chosen = shown_fields(definition, "en", ("status", "area_ha", "nothing", "note_vi"))
    assert [field.name for field in chosen] == ["status", "area_ha"]


def test_the_legend_of_a_payload_is_the_code_list(definition: LayerDefinition, sites: gpd.GeoDataFrame) -> None:
    classes = layer_payload(MapLayer(definition, sites), language="en")["classes"]
    assert [(entry["value"], entry["title"], entry["color"]) for entry in classes] == [
        ("operating", "operating", "#1f6fa8"),
        ("in_plan", "in plan", "#8a5fa6"),
        ("proposed", "proposed", "#e08a1e"),
        (None, "unknown", "#777777"),
    ]


def test_a_layer_without_features_has_an_empty_payload(definition: LayerDefinition, sites: gpd.GeoDataFrame) -> None:
    payload = layer_payload(MapLayer(definition, sites.iloc[:0], labelled=True), language="vi")
    assert (payload["data"]["features"], payload["unplaced"], payload["total"]) == ([], [], 0)


def test_a_layer_has_features_or_an_address(definition: LayerDefinition, sites: gpd.GeoDataFrame) -> None:
    with pytest.raises(ValueOutOfRangeError) as neither:
        MapLayer(definition)
    assert neither.value.message("vi") == "MapLayer: gặp 'parks', cần hoặc features hoặc url."
    with pytest.raises(ValueOutOfRangeError):
        MapLayer(definition, sites, url="/items")
    with pytest.raises(CrsError) as metric:
        MapLayer(definition, sites.to_crs("EPSG:5897"))
    assert metric.value.message("en") == "parks: the CRS is EPSG:5897, wanted EPSG:4326."
    with pytest.raises(CrsError):
        MapLayer(definition, sites.set_crs(None, allow_override=True))


def test_an_asset_has_an_address_or_a_content() -> None:
    with pytest.raises(ValueOutOfRangeError, match="either url or text"):
        Asset("both", "js", url="/a.js", text="1")


# Findings -------------------------------------------------------------------------------------------------------------


def test_every_outcome_has_a_sign_of_its_own_that_can_be_read() -> None:
    assert {sign.outcome for sign in OUTCOME_SIGNS} == set(OUTCOMES)
    for attribute in ("color", "shape", "mark"):
        assert len({getattr(sign, attribute) for sign in OUTCOME_SIGNS}) == len(OUTCOME_SIGNS)
    assert {
        sign.outcome: round(contrast(sign.color, "#ffffff"), 1)
        for sign in OUTCOME_SIGNS
        if contrast(sign.color, "#ffffff") < 4.5
    } == {}
    assert outcome_sign("warning").title == Text(vi="Cảnh báo", en="Warning")
    with pytest.raises(ValueOutOfRangeError, match="saw 'good', wanted fail, warning"):
        outcome_sign("good")


def contrast(one: str, other: str) -> float:
    """Contrast of two colours by WCAG 2.2."""
    lights = sorted(luminance(color) for color in (one, other))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def luminance(color: str) -> float:
    parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@settings(deadline=None)
@given(st.lists(st.sampled_from(OUTCOMES)))
def test_the_gravest_outcome_is_the_first_in_the_order_of_the_review(outcomes: list[str]) -> None:
    expected = next((outcome for outcome in OUTCOMES if outcome in outcomes), None)
    assert worst_outcome(outcomes) == expected


def test_a_place_is_drawn_once_by_its_gravest_outcome(findings: gpd.GeoDataFrame) -> None:
    places = findings_on_map(findings, language="en")
    assert [(place["park"], place["outcome"], place["counts"]) for place in places] == [
        ("sketch", "warning", {"warning": 1, "pass": 1}),
        ("drawn", "fail", {"pass": 1, "fail": 1, "not_checked": 1}),
    ]
    assert [place["messages"] for place in places] == [[["warning", "Rule"]], [["fail", f"{IMAGE} en"]]]


def test_a_place_with_something_left_open_is_never_drawn_as_passed(findings: gpd.GeoDataFrame) -> None:
    left = findings[findings["outcome"] != "fail"]
    assert [place["park"] for place in findings_on_map(left, language="vi")] == ["sketch"]
    done = left[left["outcome"] != "not_checked"]
    assert {place["park"]: place["outcome"] for place in findings_on_map(done, language="vi")}["drawn"] == "pass"
    with pytest.raises(CrsError):
        findings_on_map(findings.to_crs("EPSG:5897"), language="vi")


# Words ----------------------------------------------------------------------------------------------------------------


def test_both_languages_say_everything_the_map_client_asks_for() -> None:
    scripts = "".join(path.read_text(encoding="utf-8") for path in assets.FOLDER.glob("map*.js"))
    asked = set(re.findall(r"words\.([a-z_]+)", scripts))
    asked -= {"every", "filter", "length"}  # of arrays that are called words too
    vietnamese, english = (map_words(language) for language in LANGUAGES)
    assert asked - set(vietnamese) == set()
    assert set(vietnamese) - asked - {"map"} == set()
    for key, text in vietnamese.items():
        assert set(re.findall(r"\{\w+\}", text)) == set(re.findall(r"\{\w+\}", english[key])), key


# The page -------------------------------------------------------------------------------------------------------------


def test_a_saved_map_names_its_language_and_loads_nothing(definition: LayerDefinition, sites: gpd.GeoDataFrame) -> None:
    page = park_map([MapLayer(definition, sites)], language="vi", assets=assets.inline()).get_root().render()
    assert '<html lang="vi">' in page
    assert "<title>Bản đồ quy hoạch</title>" in page
    assert not re.search(r"""<(script|link|img)[^>]+(src|href)=["']?(https?:)?//""", page)
    assert not re.search("jquery|bootstrap|awesome|glyphicon", page, re.IGNORECASE)
    assert "user-scalable=no" not in page


def test_a_notebook_shows_the_whole_height_of_a_map(definition: LayerDefinition, sites: gpd.GeoDataFrame) -> None:
    drawn = park_map([MapLayer(definition, sites)], language="en", assets=Assets(()), height="600px")
    assert 'height="600px"' in drawn._repr_html_()
    filling = park_map([MapLayer(definition, sites)], language="en", assets=Assets(()))
    assert "padding-bottom:60%" in filling._repr_html_()


def test_linked_assets_stand_in_the_head_by_address(definition: LayerDefinition, sites: gpd.GeoDataFrame) -> None:
    page = park_map([MapLayer(definition, sites)], language="en", assets=assets.linked("/x/assets")).get_root().render()
    found = re.findall(r'(?:src|href)="(/x/assets/[^"?]+)\?v=[0-9a-f]{10}"', page)
    assert found == [
        "/x/assets/vendor/leaflet/leaflet.css", "/x/assets/map.css", "/x/assets/vendor/leaflet/leaflet.js",
        "/x/assets/map-draw.js", "/x/assets/map-list.js", "/x/assets/map.js",
    ]  # fmt: skip


def test_inline_assets_cannot_end_their_element(definition: LayerDefinition, sites: gpd.GeoDataFrame) -> None:
    script = Asset("own", "js", text='window.text = "</script>{{ 7 * 6 }}"')
    page = park_map([MapLayer(definition, sites)], language="en", assets=Assets((script,))).get_root().render()
    assert '<script>window.text = "<\\/script>{{ 7 * 6 }}"</script>' in page


def test_a_missing_asset_is_named() -> None:
    with pytest.raises(MissingFileError, match=r"nothing\.js"):
        assets.fingerprint("nothing.js")


def test_two_maps_do_not_share_their_elements(definition: LayerDefinition, sites: gpd.GeoDataFrame) -> None:
    one, other = (
        map_parts(park_map([MapLayer(definition, sites)], language="vi", assets=Assets(()))) for _ in range(2)
    )
    ids = [re.findall(r'id="([^"]+)"', parts.html) for parts in (one, other)]
    assert ids[0] != ids[1]
    assert ids[0][0] in one.script
    loose = park_map([], language="vi", assets=Assets(()))
    loose._parent = None  # type: ignore[assignment]
    with pytest.raises(ValueOutOfRangeError, match="wanted Figure"):
        map_parts(loose)


def test_the_map_opens_on_labelled_features_and_else_on_hanoi(
    definition: LayerDefinition, sites: gpd.GeoDataFrame
) -> None:
    def bounds(layers: list[MapLayer]) -> Any:
        script = map_parts(park_map(layers, language="vi", assets=Assets(()))).script
        found = re.search(r'"bounds":(\[\[[^"]+\]\])', script)
        assert found
        return json.loads(found[1])

    far = MapLayer(
        definition, typed(definition, gpd.GeoDataFrame(geometry=[shapely.Point(0, 0)], index=["far"], crs=4326))
    )
    near = MapLayer(definition, sites, labelled=True)
    assert bounds([far, near]) == [[20.9, 105.6], [21.1, 105.84]]
    assert bounds([far]) == [[0, 0], [0, 0]]
    assert bounds([MapLayer(definition, url="/items")]) == [[20.56, 105.28], [21.39, 106.02]]
    assert bounds([]) == [[20.56, 105.28], [21.39, 106.02]]


# The browser ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """Give a page that must say nothing on its console and ask nothing of any server."""
    opened = browser.new_page(viewport={"width": 1200, "height": 800}, reduced_motion="reduce")
    said: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on(
        "request", lambda request: None if request.url.startswith(("file:", "data:")) else said.append(request.url)
    )
    yield opened
    opened.close()
    assert said == []


@pytest.fixture
def saved(tmp_path: Path, definition: LayerDefinition, sites: gpd.GeoDataFrame, findings: gpd.GeoDataFrame) -> str:
    layers = [MapLayer(definition, sites, labelled=True, link="/parks/{id}")]
    basemap = Basemap("https://tiles.invalid/{z}/{x}/{y}.png", title=Text(vi="Nền", en="Tiles"), attribution=IMAGE)
    drawn = park_map(
        layers, language="en", assets=assets.inline(), findings=findings, horizon=2030, basemap=basemap, height="100vh"
    )
    path = tmp_path / "map.html"
    drawn.save(str(path))
    return path.as_uri()


STROKES = """() => [...new Set([...document.querySelectorAll('.leaflet-pp-parks-pane path.leaflet-interactive')]
    .map((path) => path.getAttribute('stroke')))].sort()"""
LEGEND = """() => [...document.querySelectorAll('[data-layer=parks] .pp-legend [data-color]')]
    .map((row) => row.dataset.color).sort()"""


def test_the_legend_is_what_is_drawn_and_goes_with_its_layer(page: Page, saved: str) -> None:
    page.goto(saved)
    assert page.evaluate(STROKES) == ["#1f6fa8", "#777777", "#8a5fa6"]
    assert page.evaluate(LEGEND) == page.evaluate(STROKES)
    assert page.locator("[data-layer=parks] [data-color]").all_inner_texts() == ["operating", "in plan", "unknown"]
    page.get_by_label("Sites").uncheck()
    assert page.evaluate(STROKES) == []
    assert page.locator("[data-layer=parks] .pp-legend li").count() == 0
    page.get_by_label("Sites").check()
    assert page.evaluate(LEGEND) == ["#1f6fa8", "#777777", "#8a5fa6"]


def test_schematic_shapes_look_and_are_said_to_be_schematic(page: Page, saved: str) -> None:
    page.goto(saved)
    looks = page.evaluate(
        """() => Object.fromEntries([...document.querySelectorAll('.leaflet-pp-parks-pane path.leaflet-interactive')]
            .map((path) => [path.getAttribute('stroke'),
                [path.getAttribute('stroke-dasharray'), path.getAttribute('fill').slice(0, 4)]]))"""
    )
    assert looks == {"#1f6fa8": [None, "#1f6"], "#8a5fa6": ["5 4", "url("], "#777777": ["5 4", "url("]}
    assert page.locator("[data-layer=parks] [data-key]").all_inner_texts() == ["schematic", "label point"]
    page.locator('path[stroke="#8a5fa6"]').first.hover(position={"x": 4, "y": 4})
    assert page.locator(".pp-tooltip").inner_text().endswith("in plan · schematic")
    page.locator('path[stroke="#8a5fa6"]').first.click(position={"x": 4, "y": 4})
    assert "Schematic: the shape only illustrates" in page.locator(".pp-popup .pp-quality").inner_text()


def test_text_of_features_and_findings_is_never_run(page: Page, saved: str) -> None:
    page.goto(saved)
    page.locator('path[stroke="#8a5fa6"]').first.click(position={"x": 4, "y": 4})
    assert page.locator(".pp-popup h3").inner_text() == IMAGE
    assert SCRIPT in page.locator(".pp-popup dl").inner_text()
    assert page.locator(".pp-popup img, .pp-popup script").count() == 0
    assert page.get_by_role("link", name="Open the record").get_attribute("href") == "/parks/sketch"
    page.keyboard.press("Escape")
    page.locator("[data-outcome=fail]").click()
    assert f"{IMAGE} en" in page.locator(".pp-popup .pp-told").inner_text()
    page.locator(".pp-unplaced summary").click()
    assert page.locator(".pp-unplaced li").all_inner_texts() == ["Lost <b>place</b>"]
    assert IMAGE in page.locator(".pp-label").all_inner_texts()
    assert page.evaluate("window.harmed") is None


def test_a_popup_says_what_is_known_with_units_and_codes(page: Page, saved: str) -> None:
    page.goto(saved)
    page.locator('path[stroke="#1f6fa8"]').click(position={"x": 4, "y": 4})
    rows = page.locator(".pp-popup dl > div").all_inner_texts()
    assert [row.replace("\n", "|") for row in rows] == [
        "Note|one", "Area|1,586 ha", "Flow|4,480 m³/d", "Open|yes", "Status|operating", "Valid from|2030-01-01",
    ]  # fmt: skip


def test_findings_have_signs_that_can_be_reached_and_switched(page: Page, saved: str) -> None:
    page.goto(saved)
    signs = page.locator(".pp-finding")
    assert sorted(str(sign.get_attribute("aria-label")) for sign in signs.all()) == ["Fail", "Warning"]
    assert page.locator("[data-layer=findings] [data-value]").all_inner_texts() == ["Fail", "Warning"]
    signs.first.focus()
    page.keyboard.press("Enter")
    assert page.locator(".pp-popup .pp-card-kind").inner_text() == "Findings"
    page.get_by_label("By the gravest outcome").uncheck()
    assert signs.count() == 0


def test_no_tile_is_asked_for_until_the_reader_chooses_the_base_map(browser: Browser, saved: str) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url) if "tiles.invalid" in request.url else None)
    page.goto(saved)
    page.mouse.wheel(0, -300)
    page.wait_for_timeout(300)  # nothing is to come of it, so there is nothing to wait for
    assert asked == []
    with page.expect_request("**/tiles.invalid/**"):
        page.get_by_label("Tiles").check()
    assert IMAGE in page.locator(".pp-credits").inner_text()
    assert page.evaluate("window.harmed") is None
    page.close()


def test_labels_do_not_lie_on_one_another(page: Page, tmp_path: Path, definition: LayerDefinition) -> None:
    points = [shapely.Point(105.8 + 0.004 * i, 21.0 + 0.002 * (i % 5)) for i in range(40)]
    frame = gpd.GeoDataFrame({"name_en": [f"Site number {i}" for i in range(40)]}, geometry=points, crs=4326)
    frame.index = frame.index.astype("str")
    many = park_map(
        [MapLayer(definition, typed(definition, frame), labelled=True)],
        language="en",
        assets=assets.inline(),
        height="100vh",
    )
    many.save(str(tmp_path / "many.html"))
    page.goto((tmp_path / "many.html").as_uri())
    boxes = page.evaluate(
        """() => [...document.querySelectorAll('.pp-label:not(.pp-hidden)')].map((node) => {
            const box = node.getBoundingClientRect(); return [box.left, box.top, box.right, box.bottom]; })"""
    )
    shapes = [shapely.box(*box).buffer(-1) for box in boxes]
    assert 3 <= len(shapes) <= 40
    assert shapely.union_all(shapes).area == pytest.approx(sum(shape.area for shape in shapes))
