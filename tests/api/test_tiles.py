"""OGC API Tiles over both stores: tiles, what invalidates them, tilesets, grids, styles and problems."""

from __future__ import annotations

from typing import Any

import mapbox_vector_tile
from starlette.testclient import TestClient

MVT = "application/vnd.mapbox-vector-tile"
#: Tile of zoom 9 that holds Hoà Lạc and Phú Nghĩa.
HOA_LAC = "WebMercatorQuad/9/225/406"


def decoded(content: bytes) -> Any:
    return mapbox_vector_tile.decode(content, default_options={"y_coord_down": True})


def names(client: TestClient, path: str, layer: str = "stations") -> set[str]:
    answer = client.get(path)
    if answer.status_code == 204:
        return set()
    assert answer.status_code == 200, answer.text
    tile = decoded(answer.content)
    return {feature["properties"]["feature_id"] for feature in tile[layer]["features"]}


def test_a_tile_holds_features_with_their_attributes(client: TestClient) -> None:
    answer = client.get(f"/collections/stations/tiles/{HOA_LAC}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, MVT)
    tile = decoded(answer.content)
    features = {feature["properties"]["feature_id"]: feature for feature in tile["stations"]["features"]}
    assert set(features) == {"hoa-lac", "phu nghia/1"}
    assert features["hoa-lac"]["properties"] == {
        "feature_id": "hoa-lac",
        "name": "Hoà Lạc",
        "floors": 3,
        "area_ha": 1.25,
        "open": True,
        "opened": "2020-05-01",
        "kind": "bus",
        "valid_from": "2020-01-01",
    }
    assert features["phu nghia/1"]["properties"]["open"] is False
    assert features["phu nghia/1"]["geometry"]["type"] == "Point"
    told = tile["_drawn"]["features"][0]["properties"]
    assert (told["layer"], told["features"], told["own"], told["covered"]) == ("stations", 2, 2, 0)
