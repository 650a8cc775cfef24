"""OGC API Tiles over both stores: tiles, what invalidates them, tilesets, grids, styles and problems."""

from __future__ import annotations

from typing import Any

import mapbox_vector_tile
import shapely
from starlette.testclient import TestClient

from layers.store import Put, Remove, open_store
from tests.api.conftest import stations

MVT = "application/vnd.mapbox-vector-tile"
#: A tile that holds Hoà Lạc, Phú Nghĩa and what was there before.
HOA_LAC = "WebMercatorQuad/7/56/101"


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
    assert set(features) == {"hoa-lac", "phu nghia/1", "old"}
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
    assert (told["layer"], told["features"], told["own"], told["covered"]) == ("stations", 3, 3, 0)


def test_several_layers_stand_in_one_tile(hanoi: TestClient) -> None:
    answer = hanoi.get("/tiles/WebMercatorQuad/8/112/203?collections=parks,roads")
    tile = decoded(answer.content)
    assert {"parks", "_drawn"} <= set(tile) <= {"parks", "roads", "_drawn"}
    told = {feature["properties"]["layer"]: feature["properties"] for feature in tile["_drawn"]["features"]}
    assert told["parks"]["features"] == len(tile["parks"]["features"]) > 10
    assert len(answer.content) <= 500_000
    whole = decoded(hanoi.get("/tiles/WebMercatorQuad/8/112/203").content)
    assert set(whole) > {"parks", "admin_units"}


def test_every_grid_shows_the_same_features(client: TestClient) -> None:
    # Hoà Lạc lies between 105.5 and 105.6 east, 21.0 and 21.1 north.
    for path in (HOA_LAC, "WorldCRS84Quad/8/98/406", "VN2000TM3Zone482/3/6/14"):
        assert "hoa-lac" in names(client, f"/collections/stations/tiles/{path}")
    # Far from its meridian the VN-2000 grid has no places, and tells nobody otherwise.
    assert "taveuni" not in names(client, "/collections/stations/tiles/VN2000TM3Zone482/0/0/0")
    assert "taveuni" in names(client, "/collections/stations/tiles/WorldCRS84Quad/0/0/0")
    assert "vanua-levu" in names(client, "/collections/stations/tiles/WebMercatorQuad/0/0/0")


def test_planned_time_filter_and_language_choose_features(client: TestClient) -> None:
    tile = f"/collections/stations/tiles/{HOA_LAC}"
    assert names(client, f"{tile}?datetime=2029-12-31") == {"hoa-lac", "old"}
    assert names(client, f"{tile}?datetime=2035-01-01/..") == {"hoa-lac", "phu nghia/1"}
    assert names(client, f"{tile}?filter=floors = 3") == {"hoa-lac", "old"}
    json = '{"op":"=","args":[{"property":"kind"},"rail"]}'
    assert names(client, f"{tile}?filter-lang=cql2-json&filter={json}") == {"phu nghia/1"}
    assert client.get(f"{tile}?filter=floors = 99").status_code == 204


def test_an_earlier_state_is_drawn_as_it_was(client: TestClient, filled_url: str) -> None:
    tile = f"/collections/stations/tiles/{HOA_LAC}"
    before = client.get(tile).content
    _, features = stations()
    moved = features.loc[["hoa-lac"]].assign(name="Khác")
    with open_store(filled_url) as store:
        store.commit([Remove("stations", ["old"]), Put("stations", moved)], author="Thử", message="Đổi")
    now = client.get(tile)
    assert names(client, tile) == {"hoa-lac", "phu nghia/1"}
    assert "Khác" in str(decoded(now.content))
    assert names(client, f"{tile}?as_of=1") == {"hoa-lac", "phu nghia/1", "old"}
    assert "Hoà Lạc" in str(decoded(client.get(f"{tile}?as_of=1").content))
    drawn = {str(feature) for feature in decoded(before)["stations"]["features"]}
    assert drawn == {str(feature) for feature in decoded(client.get(f"{tile}?as_of=1").content)["stations"]["features"]}
    assert client.get(f"{tile}?as_of=0").status_code == 204
    assert names(client, f"{tile}?as_of=2&filter=name='Khác'") == {"hoa-lac"}


def test_a_write_invalidates_only_what_it_touched(client: TestClient, filled_url: str) -> None:
    near = f"/collections/stations/tiles/{HOA_LAC}"
    far = "/collections/stations/tiles/WebMercatorQuad/9/280/0"
    tags = {path: client.get(path).headers["etag"] for path in (near, far)}
    for path, tag in tags.items():
        again = client.get(path, headers={"If-None-Match": f'"other", {tag}'})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    _, features = stations()
    changed = features.loc[["phu nghia/1"]].assign(floors=9)
    with open_store(filled_url) as store:
        store.commit([Put("stations", changed)], author="Thử", message="Thêm tầng")
    fresh = client.get(near, headers={"If-None-Match": tags[near]})
    assert fresh.status_code == 200
    assert fresh.headers["etag"] != tags[near]
    assert client.get(far, headers={"If-None-Match": tags[far]}).status_code == 304
    # Away and back again: the tile is what it was, whatever happened in between.
    with open_store(filled_url) as store:
        store.commit([Put("stations", features.loc[["phu nghia/1"]])], author="Thử", message="Bỏ")
    assert names(client, near) == {"hoa-lac", "phu nghia/1", "old"}


def test_a_moved_feature_leaves_its_old_tile_and_is_in_its_new_one(client: TestClient, filled_url: str) -> None:
    near = f"/collections/stations/tiles/{HOA_LAC}"
    far = "/collections/stations/tiles/WebMercatorQuad/9/228/411"
    assert names(client, far) == set()
    assert "phu nghia/1" in names(client, near)
    _, features = stations()
    moved = features.loc[["phu nghia/1"]].set_geometry([shapely.Point(109.2, 18.9)], crs="EPSG:4326")
    with open_store(filled_url) as store:
        store.commit([Put("stations", moved)], author="Thử", message="Dời")
    assert "phu nghia/1" not in names(client, near)
    assert names(client, far) == {"phu nghia/1"}


def test_tiles_are_compressed_for_those_who_take_it(hanoi: TestClient) -> None:
    path = "/collections/parks/tiles/WebMercatorQuad/8/112/203"
    zipped = hanoi.get(path, headers={"Accept-Encoding": "gzip"})
    plain = hanoi.get(path, headers={"Accept-Encoding": "identity"})
    assert zipped.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert zipped.content == plain.content
    assert int(zipped.headers["content-length"]) < len(plain.content)
    assert zipped.headers["etag"] == plain.headers["etag"]
    assert "Accept-Encoding" in plain.headers["vary"]


#: What is wrong with an address, and what is said of it.
WRONG = [
    ("/collections/stations/tiles/WebMercatorQuad/3/8/0", 404, "unknown-tile", "wanted 0..7"),
    ("/collections/stations/tiles/WebMercatorQuad/99/0/0", 404, "unknown-tile", "tileMatrix"),
    ("/collections/stations/tiles/Moon/0/0/0", 404, "unknown-tile", "VN2000TM3Zone482"),
    ("/collections/stations/tiles/WebMercatorQuad/a/0/0", 400, "bad-parameter", "a whole number"),
    ("/collections/notes/tiles/WebMercatorQuad/0/0/0", 400, "bad-parameter", "a layer with geometries"),
    ("/tiles/WebMercatorQuad/0/0/0?collections=notes", 400, "bad-parameter", "a layer with geometries"),
    ("/tiles/WebMercatorQuad/0/0/0?collections=none", 404, "unknown-layer", "stations"),
    ("/tiles/WebMercatorQuad/0/0/0?as_of=yesterday", 400, "bad-parameter", "RFC 3339"),
    ("/tiles/WebMercatorQuad/0/0/0?as_of=77", 404, "unknown-changeset", "77"),
    ("/tiles/WebMercatorQuad/0/0/0?proposal=77", 404, "unknown-proposal", "77"),
    ("/tiles/WebMercatorQuad/0/0/0?filter=storeys=1", 400, "unknown-field", "storeys"),
    ("/tiles/WebMercatorQuad/0/0/0?filter=floors=1&filter-lang=sql", 400, "bad-parameter", "cql2-json"),
    ("/tiles/WebMercatorQuad/0/0/0?f=png", 400, "bad-parameter", "mvt"),
    ("/tiles/WorldCRS84Quad?f=tilejson", 400, "bad-parameter", "json"),
]


def test_what_is_wrong_is_told(client: TestClient) -> None:
    for path, status, kind, said in WRONG:
        answer = client.get(path)
        problem = answer.json()
        assert (answer.status_code, problem["type"].rpartition(":")[2]) == (status, kind), path
        assert said in problem["detail"], path
        assert client.get(f"{path}{'&' if '?' in path else '?'}lang=vi").json()["detail"] != problem["detail"], path


def test_tilesets_lead_from_the_landing_page_to_a_tile(client: TestClient) -> None:
    landing = client.get("/?f=json").json()["links"]
    tilesets_at = next(entry["href"] for entry in landing if entry["rel"].endswith("/tilesets-vector"))
    collection = client.get("/collections/stations").json()["links"]
    own = next(entry["href"] for entry in collection if entry["rel"].endswith("/tilesets-vector"))
    assert any(entry["rel"].endswith("/tiling-schemes") for entry in landing)
    assert not any("tilesets" in entry["rel"] for entry in client.get("/collections/notes").json()["links"])
    for address in (tilesets_at, own):
        listed = client.get(address).json()["tilesets"]
        assert [entry["dataType"] for entry in listed] == ["vector"] * 3
        for entry in listed:
            described = client.get(next(at["href"] for at in entry["links"] if at["rel"] == "self")).json()
            scheme = client.get(next(at["href"] for at in described["links"] if "tiling-scheme" in at["rel"])).json()
            assert described["crs"] == scheme["crs"] or scheme["crs"] == {"uri": described["crs"]}
            item = next(at for at in described["links"] if at["rel"] == "item")
            assert (item["templated"], item["type"]) == (True, MVT)
            tile = item["href"].format(tileMatrix=0, tileRow=0, tileCol=0)
            assert client.get(tile).status_code in (200, 204)
            assert described["boundingBox"]["lowerLeft"] == [-179.9, -16.8]
            assert [layer["id"] for layer in described["layers"]] == ["stations"]
    assert client.get(f"{tilesets_at}/WebMercatorQuad").json()["layers"][0]["propertiesSchema"]["properties"][
        "floors"
    ] == {
        "type": "integer",
        "title": "Floors",
    }


def test_tile_json_describes_what_tiles_hold(client: TestClient) -> None:
    document = client.get("/tiles/WebMercatorQuad?f=tilejson&collections=stations&datetime=2030-12-31").json()
    assert document["tilejson"] == "3.0.0"
    assert document["bounds"] == [-179.9, -16.8, 179.4, 21.1]
    layers = {entry["id"]: entry for entry in document["vector_layers"]}
    assert set(layers) == {"stations", "_drawn"}
    assert layers["stations"]["fields"]["area_ha"] == "Number"
    template = document["tiles"][0]
    assert "collections=stations" in template
    assert "datetime=2030-12-31" in template
    address = template.replace("{z}", "7").replace("{y}", "56").replace("{x}", "101")
    assert names(client, address) == {"hoa-lac", "phu nghia/1"}


def test_the_classes_that_are_declared_are_those_of_tiles(client: TestClient) -> None:
    declared = client.get("/conformance").json()["conformsTo"]
    assert {entry.rpartition("/")[2] for entry in declared if "ogcapi-tiles-1" in entry} == {
        "core", "tileset", "tilesets-list", "dataset-tilesets", "geodata-tilesets", "collections-selection", "datetime",
        "mvt", "oas30",
    }  # fmt: skip


def test_both_engines_draw_the_same(client: TestClient) -> None:
    """Byte by byte: what a tile shows does not depend on where the layer is kept."""
    content = client.get("/collections/stations/tiles/WebMercatorQuad/0/0/0").content
    kept = SAME.setdefault("content", content)
    assert content == kept


#: The tile of the engine that was tested first.
SAME: dict[str, bytes] = {}


def test_a_tile_of_a_numbered_changeset_may_be_kept_by_a_proxy(client: TestClient) -> None:
    tile = "/collections/stations/tiles/WebMercatorQuad/10/450/812"

    def kept(query: str, **headers: str) -> str:
        answer = client.get(f"{tile}{query}", headers=headers)
        assert answer.status_code == 200
        # What somebody of his own sees is not for others.
        assert {"Authorization", "Cookie"} <= {name.strip() for name in answer.headers["vary"].split(",")}
        return str(answer.headers["cache-control"])

    assert kept("?as_of=1") == "public, max-age=86400"
    assert kept("?as_of=1&f=mvt&filter=floors = 3") == "public, max-age=86400"
    for query in ("", "?f=mvt", "?as_of=2999-01-01T00:00:00Z"):
        assert kept(query) == "private, no-cache"
    assert kept("?as_of=1", cookie="a=b") == "private, no-cache"
    # One that is yet to come is no state.
    assert client.get(f"{tile}?as_of=2").status_code == 404
