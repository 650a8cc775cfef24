"""Tiles of vectors in QGIS, drawn by the style of the plan."""

from __future__ import annotations

from pathlib import Path

from layers.rasters import to_cog
from tests.qgis.conftest import Qgis
from tests.support.server import serve

GRID = "ncols 2\nnrows 2\nxllcorner 105.8\nyllcorner 21\ncellsize 0.1\nNODATA_value -1\n1 2\n3 -1\n"
DECLARED = """\
title = { vi = "Ngập lụt", en = "Flood" }
unit = "m"
source = "Made for tests"
licence = "CC0"
"""


def test_qgis_draws_vector_tiles_by_the_style_of_the_plan(qgis: Qgis, served: str) -> None:
    tiles = f"{served}/collections/parks/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}"
    render = {"do": "render", "names": ["parks"], "extent": [11738000, 2350000, 11800000, 2412000]}
    told = qgis.run(
        {"do": "vector_tiles", "name": "parks", "url": tiles, "style": f"{served}/styles/parks"},
        render | {"path": qgis.inside(qgis.folder / "tiles.png")},
    )
    layer, map_ = told.results
    assert (layer["valid"], layer["styled"], layer["error"]) == (True, True, "")
    assert ["parks-area", "parks"] in layer["styles"]
    assert map_["colours"]["#f7f6f2"] > 200_000, "the ground"
    assert map_["colours"]["#1f6fa8"] > 50, "the edges of operating parks"


def test_qgis_draws_a_raster_layer_as_xyz_tiles(qgis: Qgis, store_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "rasters"
    folder.mkdir()
    (tmp_path / "flood.asc").write_text(GRID)
    to_cog(tmp_path / "flood.asc", folder / "flood.tif", crs="EPSG:4326")
    (folder / "flood.toml").write_text(DECLARED, encoding="utf-8")
    settings = {"PARKPLAN_RASTER_FOLDER": str(folder), "PARKPLAN_TILES_FOLDER": str(tmp_path / "tiles")}
    with serve(store_url, log=tmp_path / "server.log", settings=settings) as address:
        tiles = f"{address}/collections/flood/coverage/tiles/WebMercatorQuad/{{z}}/{{y}}/{{x}}"
        layer, map_ = qgis.run(
            {"do": "raster_tiles", "name": "flood", "url": tiles},
            {
                "do": "render",
                "names": ["flood"],
                "extent": [11777602, 2391879, 11799866, 2415739],  # its cells, 105.8 to 106 and 21 to 21.2 degrees
                "path": qgis.inside(qgis.folder / "raster.png"),
            },
        ).results
    assert (layer["valid"], layer["error"]) == (True, "")
    assert map_["errors"] == []
    # A quarter of it has no value, the rest three colours of about the same size.
    counts = sorted(map_["colours"].values(), reverse=True)
    assert 0.2 < map_["colours"]["#ffffff"] / 512**2 < 0.3
    assert all(0.2 < count / 512**2 < 0.3 for count in counts[:4]), counts[:6]
