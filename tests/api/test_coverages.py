"""Raster layers over the web: what is documented is answered, and GDAL reads the cells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import rasterio
from starlette.testclient import TestClient

from api.app import create_app
from api.settings import Settings
from layers.rasters import to_cog
from tests.api.conftest import fill
from tests.api.test_openapi import validate
from tests.support.ogc import check

GRID = (
    "ncols 4\nnrows 3\nxllcorner 105.8\nyllcorner 21.0\ncellsize 0.01\nNODATA_value -1\n1 2 3 4\n5 -1 7 8\n9 10 11 12\n"
)
DECLARED = """\
title = { vi = "Ngập lụt", en = "Flood" }
description = { vi = "Độ sâu ngập", en = "Depth of water" }
unit = "m"
source = "Made for tests"
licence = "CC0"
as_of = 2026-01-31
"""
URL = "/collections/flood"


@pytest.fixture(scope="module")
def rasters(kept_store_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    """Give a client of a server with a raster layer beside the layers of the tests, which are only read."""
    fill(kept_store_url)
    tmp_path = tmp_path_factory.mktemp("rasters")
    folder = tmp_path / "rasters"
    folder.mkdir()
    (tmp_path / "flood.asc").write_text(GRID)
    to_cog(tmp_path / "flood.asc", folder / "flood.tif", crs="EPSG:4326")
    (folder / "flood.toml").write_text(DECLARED, encoding="utf-8")
    settings = Settings(
        store=kept_store_url, language="en", raster_folder=str(folder), tiles_folder=str(tmp_path / "t")
    )
    with TestClient(create_app(settings)) as opened:
        yield opened


def test_a_raster_is_a_collection_among_the_layers(rasters: TestClient) -> None:
    listed = {entry["id"]: entry for entry in rasters.get("/collections").json()["collections"]}
    own = rasters.get(f"{URL}?lang=vi").json()
    assert (listed["flood"]["title"], own["title"]) == ("Flood", "Ngập lụt")
    assert own["extent"]["spatial"]["bbox"][0] == pytest.approx([105.8, 21.0, 105.84, 21.03])
    assert own["crs"] == ["http://www.opengis.net/def/crs/EPSG/0/4326"]
    assert own["raster"]["asOf"] == "2026-01-31"
    assert (own["raster"]["rows"], own["raster"]["columns"], own["raster"]["nodata"]) == (3, 4, -1)
    for entry in own["links"]:
        if "{" not in entry["href"] and not entry["href"].endswith("/values"):
            assert rasters.get(entry["href"]).status_code == 200, entry


def test_a_raster_has_a_page_with_its_links(rasters: TestClient) -> None:
    own = rasters.get(URL).json()
    check("collection", {**own, "links": [*own["links"], {"href": f"{URL}/coverage", "rel": "items"}]})
    shown = rasters.get(f"{URL}?lang=vi", headers={"Accept": "text/html"})
    assert shown.headers["content-type"] == "text/html; charset=utf-8"
    for text in ("Ngập lụt", "Độ sâu ngập", "Made for tests", "CC0", f"{URL}/coverage/statistics?lang=vi"):
        assert text in shown.text
    assert "Flood" in rasters.get("/collections?f=html").text


def test_values_tell_no_data_from_outside(rasters: TestClient) -> None:
    def state(coords: str) -> Any:
        [band] = rasters.get(f"{URL}/coverage/values", params={"coords": coords}).json()["bands"]
        return band["state"], band["value"]

    assert state("105.805,21.025") == ("value", 1.0)
    assert state("105.835,21.005") == ("value", 12.0)
    assert state("105.815,21.015") == ("no_data", None)
    assert state("105.0,21.0") == ("outside", None)


def test_statistics_count_every_cell(rasters: TestClient) -> None:
    [band] = rasters.get(f"{URL}/coverage/statistics").json()["bands"]
    values = np.array([1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12])
    assert (band["cells"], band["minimum"], band["maximum"], band["unit"]) == (11, 1, 12, "m")
    assert band["mean"] == pytest.approx(values.mean())
    assert band["deviation"] == pytest.approx(values.std())
    [south] = rasters.get(f"{URL}/coverage/statistics?bbox=105.8,21.0,105.84,21.01").json()["bands"]
    assert (south["cells"], south["minimum"], south["maximum"]) == (4, 9, 12)
    [nothing] = rasters.get(f"{URL}/coverage/statistics?bbox=0,0,1,1").json()["bands"]
    assert (nothing["cells"], nothing["mean"]) == (0, None)


def test_gdal_reads_the_cells_of_a_box(rasters: TestClient) -> None:
    answer = rasters.get(f"{URL}/coverage?bbox=105.801,21.001,105.819,21.012")
    assert answer.headers["content-type"] == "image/tiff; application=geotiff"
    with rasterio.MemoryFile(answer.content) as memory, memory.open() as part:
        assert part.read(1).tolist() == [[5, -1], [9, 10]]
        assert part.bounds == pytest.approx((105.8, 21.0, 105.82, 21.02))
        assert (part.nodata, part.crs.to_epsg()) == (-1, 4326)


def test_a_picture_is_for_a_map(rasters: TestClient) -> None:
    answer = rasters.get(f"{URL}/coverage/tiles/WebMercatorQuad/10/450/813")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    assert answer.content[:8] == b"\x89PNG\r\n\x1a\n"


def test_what_is_answered_is_what_is_documented(rasters: TestClient) -> None:
    document = rasters.get("/api").json()
    for path, query in (("", ""), ("/coverage/statistics", ""), ("/coverage/values", "?coords=105.8,21.01")):
        template = "/collections/{coverageId}" + path if path else "/collections/{collectionId}"
        schema = document["paths"][template]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        validate(rasters.get(f"{URL}{path}{query}").json(), schema, document)


@pytest.mark.parametrize(
    ("address", "status", "told"),
    [
        ("/collections/nothing/coverage", 404, "flood"),
        (f"{URL}/coverage?bbox=0,0,1,1", 400, "one that touches the coverage 105.8"),
        (f"{URL}/coverage/values", 400, "longitude,latitude"),
        (f"{URL}/coverage/values?coords=21,105,3", 400, "longitude,latitude"),
        (f"{URL}/coverage/values?coords=21,105", 400, "longitude,latitude"),
        (f"{URL}/coverage/values?place=1", 400, "coords"),
        (f"{URL}/coverage/tiles/Nothing/0/0/0", 404, "WebMercatorQuad"),
        (f"{URL}/coverage/tiles/WebMercatorQuad/0/1/0", 404, "tileRow"),
        (f"{URL}/items", 404, "flood"),
    ],
)
def test_what_means_nothing_is_told(rasters: TestClient, address: str, status: int, told: str) -> None:
    answer = rasters.get(address)
    assert answer.status_code == status, answer.text
    assert told in answer.json()["detail"]
