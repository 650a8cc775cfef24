"""Tiles of vectors in QGIS, drawn by the style of the plan."""

from __future__ import annotations

from tests.qgis.conftest import Qgis


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
