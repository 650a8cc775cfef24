"""Tiles as readers have them: drawn by MapLibre and Leaflet in a real browser, and read from a PMTiles file."""

from __future__ import annotations

import gzip
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mapbox_vector_tile
import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from pmtiles.reader import MmapSource, Reader, all_tiles
from starlette.testclient import TestClient

from layers.catalogue import shipped_definitions
from layers.store import open_store
from tests.support.server import parkplan

CHROMIUM = "/usr/bin/chromium"


@pytest.fixture(scope="module")
def drawing(server: str) -> Iterator[Browser]:
    """Give a Chromium that draws with WebGL, on its processor."""
    options = [
        "--headless=new",
        "--no-sandbox",
        "--use-angle=swiftshader",
        "--enable-unsafe-swiftshader",
        "--disable-quic",
    ]
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=options)
        yield chromium
        chromium.close()


def a_park(server: str, page: Page) -> tuple[float, float, str]:
    """A park with a point, and the colour that its legend says."""
    address = f"{server}/collections/parks/items?status=operating&limit=50"
    found: list[dict[str, Any]] = page.request.get(address).json()["features"]
    legend = page.request.get(f"{server}/collections/parks/legend").json()
    colour = next(entry["color"] for entry in legend["entries"] if entry["value"] == "operating")
    park = next(entry for entry in found if entry["geometry"] and entry["geometry"]["type"] != "Point")
    ring = park["geometry"]["coordinates"]
    while isinstance(ring[0][0], list):
        ring = ring[0]
    lon = sum(place[0] for place in ring[:-1]) / (len(ring) - 1)
    lat = sum(place[1] for place in ring[:-1]) / (len(ring) - 1)
    return lon, lat, colour


def watched(browser: Browser, server: str) -> tuple[Page, list[str]]:
    page = browser.new_page(viewport={"width": 900, "height": 700})
    complaints: list[str] = []
    page.on("console", lambda said: complaints.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda fault: complaints.append(str(fault)))
    page.on(
        "request",
        lambda asked: None if asked.url.startswith((server, "data:", "blob:")) else complaints.append(asked.url),
    )
    return page, complaints


def until(page: Page, script: str, argument: Any = None) -> Any:
    """Wait for what a page's policy does not let it wait for itself, as that takes `eval`."""
    deadline = time.monotonic() + 30
    while not (found := page.evaluate(script, argument)):
        assert time.monotonic() < deadline, script
        page.wait_for_timeout(50)
    return found


def near(seen: list[int], colour: str, ground: tuple[int, int, int], opacity: float) -> bool:
    """Tell whether a pixel has a colour over the ground, within what blending rounds."""
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    mixed = [opacity * part + (1 - opacity) * under for part, under in zip(wanted, ground, strict=True)]
    return all(abs(one - other) <= 12 for one, other in zip(seen, mixed, strict=False))


def test_maplibre_draws_a_park_in_the_colour_of_its_legend(drawing: Browser, server: str) -> None:
    page, complaints = watched(drawing, server)
    lon, lat, colour = a_park(server, page)
    page.goto(f"{server}/tiles.html?collections=parks#14/{lat}/{lon}")
    until(page, "() => window.parkplanMap && parkplanMap.loaded() && parkplanMap.queryRenderedFeatures().length")
    read = """([lon, lat]) => {
            const canvas = parkplanMap.getCanvas(), place = parkplanMap.project([lon, lat]);
            const scale = canvas.width / canvas.clientWidth, gl = canvas.getContext("webgl2");
            const pixel = new Uint8Array(4);
            gl.readPixels(place.x * scale, canvas.height - place.y * scale, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, pixel);
            return [...pixel];
        }"""
    opacity = shipped_definitions()["parks"].style.fill_opacity
    deadline = time.monotonic() + 30
    while not near(seen := page.evaluate(read, [lon, lat]), colour, (0xF7, 0xF6, 0xF2), opacity):
        assert time.monotonic() < deadline, (seen, colour)
        page.wait_for_timeout(50)  # tiles fade in
    feature = page.evaluate(
        """([lon, lat]) => parkplanMap.queryRenderedFeatures(parkplanMap.project([lon, lat]))
            .map((feature) => [feature.sourceLayer, feature.id])""",
        [lon, lat],
    )
    assert feature[0][0] == "parks"
    assert isinstance(feature[0][1], str)
    page.close()
    assert complaints == []


def test_leaflet_draws_the_same_park(drawing: Browser, server: str) -> None:
    page, complaints = watched(drawing, server)
    lon, lat, colour = a_park(server, page)
    page.goto(f"{server}/tiles.html?collections=parks&draw=leaflet")
    until(page, "() => !!window.parkplanMap")
    page.evaluate("([lon, lat]) => parkplanMap.setView([lat, lon], 14, {animate: false})", [lon, lat])
    read = """([lon, lat]) => {
        const place = parkplanMap.latLngToContainerPoint([lat, lon]);
        const at = parkplanMap.getContainer().getBoundingClientRect();
        for (const canvas of document.querySelectorAll(".leaflet-tile-loaded")) {
            const box = canvas.getBoundingClientRect();
            const x = at.left + place.x - box.left, y = at.top + place.y - box.top;
            if (canvas.tagName === "CANVAS" && x >= 0 && y >= 0 && x < box.width && y < box.height)
                return [...canvas.getContext("2d").getImageData(x, y, 1, 1).data];
        }
        return null;
    }"""
    seen = until(page, f"(at) => {{ const seen = ({read})(at); return seen && seen[3] > 0 && seen; }}", [lon, lat])
    opacity = shipped_definitions()["parks"].style.fill_opacity
    wanted = [int(colour[at : at + 2], 16) for at in (1, 3, 5)]
    assert all(abs(one - other) <= 6 for one, other in zip(seen, wanted, strict=False)), (seen, colour)
    assert abs(seen[3] - opacity * 255) <= 2
    page.close()
    assert complaints == []


def test_styles_and_legends_follow_from_the_definitions(hanoi: TestClient) -> None:
    listed = hanoi.get("/styles").json()
    assert listed["default"] == "plan"
    assert {"plan", "parks", "roads"} <= {entry["id"] for entry in listed["styles"]}
    assert "rules" not in {entry["id"] for entry in listed["styles"]}
    style = hanoi.get("/styles/roads?datetime=2030-12-31&lang=vi")
    assert style.headers["content-type"] == "application/vnd.mapbox.style+json"
    document = style.json()
    assert document["name"] == "Đường bộ"
    assert document["sources"]["parkplan"]["tiles"][0].endswith("/WebMercatorQuad/{z}/{y}/{x}?datetime=2030-12-31")
    (line,) = [layer for layer in document["layers"] if layer["type"] == "line"]
    assert line["minzoom"] == shipped_definitions()["roads"].zoom[0] - 1
    paint = line["paint"]["line-color"]
    assert paint[:2] == ["match", ["to-string", ["get", "road_class"]]]
    assert paint[paint.index("expressway") + 1] == "#b3332e"
    legend = hanoi.get("/collections/roads/legend").json()
    assert legend["entries"][0] == {"value": "expressway", "title": "expressway", "color": "#b3332e"}
    assert legend["entries"][-1]["value"] is None
    whole = hanoi.get("/styles/plan?collections=roads,parks").json()
    kinds = [layer["type"] for layer in whole["layers"]]
    assert kinds == sorted(kinds, key=["background", "fill", "line", "circle"].index)
    assert hanoi.get("/styles/rules").status_code == 400
    assert hanoi.get("/tiles.html?draw=pencil").json()["wanted"] == "maplibre, leaflet"


def test_a_map_in_one_file_is_read_back(tmp_path: Path) -> None:
    store, out = tmp_path / "hanoi.gpkg", tmp_path / "map.pmtiles"
    assert parkplan("init", store=store).returncode == 0
    options = ("--collections", "parks,roads", "--max-zoom", "9", "--lang", "en")
    done = parkplan("tiles", "export", str(out), *options, store=store)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{out}: ")
    with out.open("rb") as file:
        source = MmapSource(file)
        reader = Reader(source)
        header, metadata = reader.header(), reader.metadata()
        assert (header["min_zoom"], header["max_zoom"], header["clustered"]) == (0, 9, True)
        assert [layer["id"] for layer in metadata["vector_layers"]] == ["parks", "roads", "_drawn"]
        content = gzip.decompress(reader.get(8, 203, 112))
        deepest = {place for place, _ in all_tiles(source) if place[0] == 9}
    found = mapbox_vector_tile.decode(content)["parks"]["features"]
    with open_store(store) as opened:
        shown = opened.read("parks", bbox=(105.47, 20.97, 106.87, 22.26))
    assert {feature["properties"]["feature_id"] for feature in found} >= set(shown.index)
    assert deepest
    again = parkplan("tiles", "export", str(tmp_path / "no" / "map.pmtiles"), store=store)
    assert again.returncode == 2
    deep = parkplan("tiles", "export", str(out), "--max-zoom", "30", "--lang", "vi", store=store)
    assert deep.returncode == 2
    assert "30" in deep.stderr


def test_what_makes_tiles_is_compiled_into_a_chosen_folder(tmp_path: Path) -> None:
    """With an installation that nobody may write to: code and snapshots lie where the setting says."""
    store = tmp_path / "hanoi.gpkg"
    done = parkplan("tiles", "prepare", "--lang", "en", store=store)
    assert done.returncode == 0, done.stderr
    assert "Compiled into" in done.stdout
