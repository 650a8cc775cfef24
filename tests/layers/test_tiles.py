"""Where tiles come from: snapshots on disk, overlays over them, proposals, restricted views, folders and the cache."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import geopandas as gpd
import mapbox_vector_tile
import numpy as np
import pytest
import shapely
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from layers.definitions import LayerDefinition, parse_definition
from layers.errors import ValueOutOfRangeError
from layers.proposals import create_proposal, edit_proposal
from layers.schema import typed
from layers.store import Put, Remove, Sight, Store, StoreView, open_store
from layers.tiles import choose_folder, chosen_folder, tile_grid
from layers.tiles.archive import write_archive
from layers.tiles.asking import TileSelection
from layers.tiles.folders import kernel_folder
from layers.tiles.maker import TileMaker
from layers.tiles.snapshots import build_snapshot, id_hashes
from layers.tiles.values import tile_value, varint

LOTS = """
id = "lots"
title = { vi = "Lô", en = "Lots" }
theme = "reference"
geometry = ["Polygon", "Point"]
style = { by = "kind" }
fields = [
  { name = "kind", type = "text", title = { vi = "Loại", en = "Kind" }, codes = [
    { value = "a", title = { vi = "loại a", en = "kind a" } },
    { value = "b", title = { vi = "loại b", en = "kind b" } },
    { value = "c", title = { vi = "loại c", en = "kind c" } },
  ] },
  { name = "price", type = "number", restricted = true, title = { vi = "Giá", en = "Price" } },
]
"""
GRID = tile_grid("WebMercatorQuad")
#: Hanoi, and a tile far from it.
HERE, THERE = GRID.tile(8, 112, 203), GRID.tile(8, 120, 208)
NOW = TileSelection()


def lots(count: int, *, first: int = 0) -> gpd.GeoDataFrame:
    corners = [(105.5 + place % 40 * 0.002, 21.0 + place // 40 * 0.002) for place in range(first, first + count)]
    index = [f"lot-{place}" for place in range(first, first + count)]
    shapes = gpd.GeoSeries([shapely.box(x, y, x + 0.001, y + 0.001) for x, y in corners], index=index, crs="EPSG:4326")
    columns = {
        "kind": ["a", "b"] * (count // 2) + ["a"] * (count % 2),
        "price": [float(place) for place in range(count)],
    }
    return typed(definition(), gpd.GeoDataFrame(columns, geometry=shapes, index=index))


def definition() -> LayerDefinition:
    return parse_definition(LOTS, where="lots.toml")


@pytest.fixture
def plan(store: Store) -> Store:
    store.add_layer(definition())
    store.commit([Put("lots", lots(60))], author="Thử", message="Nạp")
    return store


@pytest.fixture
def maker(tmp_path: Path) -> TileMaker:
    return TileMaker(tmp_path / "snapshots")


def shown(
    maker: TileMaker, store: Store, tile: Any = HERE, selection: TileSelection = NOW
) -> dict[str, dict[str, Any]]:
    made = maker.tile(store, ["lots"], tile, selection)
    if not made.data:
        return {}
    found = mapbox_vector_tile.decode(made.data)["lots"]["features"]
    return {feature["properties"]["feature_id"]: feature["properties"] for feature in found}


def test_a_snapshot_is_made_once_and_shared(plan: Store, maker: TileMaker, tmp_path: Path) -> None:
    assert len(shown(maker, plan)) == 60
    (folder,) = [path for path in (tmp_path / "snapshots").rglob("about.json") if path.parent.name != "WebMercatorQuad"]
    written = folder.stat().st_mtime_ns
    other = TileMaker(tmp_path / "snapshots")
    assert other.tile(plan, ["lots"], HERE, NOW).data == maker.tile(plan, ["lots"], HERE, NOW).data
    assert folder.stat().st_mtime_ns == written


def test_a_change_lies_over_the_snapshot_until_it_grows(plan: Store, maker: TileMaker, tmp_path: Path) -> None:
    shown(maker, plan)
    one = lots(1).assign(kind="c")
    plan.commit([Put("lots", one), Remove("lots", ["lot-1"])], author="Thử", message="Đổi")
    now = shown(maker, plan)
    assert (now["lot-0"]["kind"], "lot-1" in now, len(now)) == ("c", False, 59)
    snapshots = {path.parent for path in (tmp_path / "snapshots").rglob("hashes.npy")}
    assert len(snapshots) == 1
    plan.commit([Put("lots", lots(1_100, first=60))], author="Thử", message="Nhiều")
    assert maker.tile(plan, ["lots"], HERE, NOW).drawn[0].features == 1_159
    assert {path.parent for path in (tmp_path / "snapshots").rglob("hashes.npy")} > snapshots


def test_another_store_at_the_same_place_is_not_taken_for_the_one_before(tmp_path: Path, maker: TileMaker) -> None:
    path = tmp_path / "plan.gpkg"
    for count in (3, 5):
        with open_store(path) as opened:
            opened.add_layer(definition())
            opened.commit([Put("lots", lots(count))], author="Thử", message=f"{count}")
            assert len(shown(maker, opened)) == count
        for file in tmp_path.glob("plan.gpkg*"):
            file.unlink()


def test_a_tile_is_kept_until_a_write_touches_it(plan: Store, maker: TileMaker) -> None:
    far = lots(1).set_geometry([shapely.Point(112.6, 10.8)], crs="EPSG:4326").set_index(np.array(["far"]))
    plan.commit([Put("lots", far)], author="Thử", message="Xa")
    here, there = (maker.tile(plan, ["lots"], tile, NOW) for tile in (HERE, THERE))
    assert maker.tile(plan, ["lots"], HERE, NOW) is here
    plan.commit([Put("lots", lots(1).assign(kind="b"))], author="Thử", message="Gần")
    assert maker.tile(plan, ["lots"], THERE, NOW) is there
    assert maker.tile(plan, ["lots"], HERE, NOW) is not here
    kept = maker.tile(plan, ["lots"], HERE, NOW)
    plan.commit([Remove("lots", ["far"])], author="Thử", message="Bỏ")
    assert maker.tile(plan, ["lots"], HERE, NOW) is kept
    assert maker.tile(plan, ["lots"], THERE, NOW).data == b""


def test_a_proposal_is_drawn_over_the_plan(plan: Store, maker: TileMaker) -> None:
    create_proposal(plan, "Đổi loại", author="Viện")
    edits: list[Put | Remove] = [Put("lots", lots(1).assign(kind="c")), Remove("lots", ["lot-2"])]
    edit_proposal(plan, "1", edits, author="Viện")
    proposed = shown(maker, plan, HERE, TileSelection(proposal="1"))
    assert (proposed["lot-0"]["kind"], "lot-2" in proposed, len(proposed)) == ("c", False, 59)
    assert shown(maker, plan)["lot-0"]["kind"] == "a"
    edit_proposal(plan, "1", [Put("lots", lots(1, first=4).assign(kind="c"))], author="Viện")
    assert shown(maker, plan, HERE, TileSelection(proposal="1"))["lot-4"]["kind"] == "c"


def test_what_may_not_be_seen_is_in_no_tile_and_no_snapshot(plan: Store, maker: TileMaker) -> None:
    public = StoreView(plan, Sight(layers=None, restricted=frozenset()))
    assert shown(maker, plan)["lot-5"]["price"] == 5.0
    assert "price" not in shown(maker, public)["lot-5"]
    assert shown(maker, plan)["lot-5"]["price"] == 5.0


def test_a_room_that_is_full_gives_up_the_oldest_tile(plan: Store, tmp_path: Path) -> None:
    small = TileMaker(tmp_path / "snapshots", cache_bytes=9_000)
    first = small.tile(plan, ["lots"], HERE, NOW)
    assert small.tile(plan, ["lots"], HERE, NOW) is first
    for zoom, row, column in ((7, 56, 101), (6, 28, 50), (5, 14, 25)):
        small.tile(plan, ["lots"], GRID.tile(zoom, row, column), NOW)
    again = small.tile(plan, ["lots"], HERE, NOW)
    assert again is not first
    assert again.etag == first.etag


def test_an_archive_wants_zooms_in_order(plan: Store, maker: TileMaker, tmp_path: Path) -> None:
    with pytest.raises(ValueOutOfRangeError, match=r"9\.\.3"):
        write_archive(maker, plan, ["lots"], tmp_path / "a.pmtiles", bounds=(105, 20, 106, 21), zooms=(9, 3))
    assert list(tmp_path.glob("*a.pmtiles*")) == []


def test_folders_are_those_that_can_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = chosen_folder()
    try:
        assert choose_folder(tmp_path / "own") == tmp_path / "own" == chosen_folder()
        # Compiled code goes there too, not beside the program, which nobody may be allowed to write to.
        assert kernel_folder().is_relative_to(tmp_path / "own")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
        assert choose_folder() == tmp_path / "cache" / "parkplan"
        (tmp_path / "file").write_text("", encoding="utf-8")
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
        fallen = choose_folder(tmp_path / "file")
        assert fallen.is_dir()
        assert fallen != tmp_path / "file"
    finally:
        choose_folder(before)
    assert list(Path(kernel_folder.__code__.co_filename).parent.rglob("*.nbi")) == []


@given(st.lists(st.text(max_size=8), unique=True, min_size=1, max_size=40))
@settings(max_examples=40, phases=(Phase.explicit, Phase.generate))
def test_features_are_found_by_their_ids(ids: list[str]) -> None:
    shapes = [shapely.Point(105 + place / 100, 21) for place in range(len(ids))]
    frame = typed(definition(), gpd.GeoDataFrame(geometry=gpd.GeoSeries(shapes, index=ids, crs="EPSG:4326")))
    snapshot = build_snapshot(definition(), frame)
    for place, id_ in enumerate(ids):
        (number,) = snapshot.places(id_hashes([id_]))
        first = snapshot.outline.first_vertex[snapshot.outline.first_ring[number]]
        assert snapshot.outline.lonlat[first].tolist() == [105 + place / 100, 21]
    assert len(snapshot.places(id_hashes(["không có trong lớp"]))) == 0


def test_values_are_written_as_tiles_have_them() -> None:
    written: dict[str, str | float] = {"a": "đ", "b": 3, "c": -2, "d": 1.5, "e": True, "f": 2**40}
    values = b"".join(tile_value(value) for value in written.values())
    keys = b"".join(b"\x1a\x01" + key.encode() for key in written)
    body = b"\x78\x02\x0a\x01x" + _feature(len(written)) + keys + values + b"\x28\x80\x20"
    decoded = mapbox_vector_tile.decode(b"\x1a" + varint(len(body)) + body)
    assert decoded["x"]["features"][0]["properties"] == written


def _feature(count: int) -> bytes:
    tags = b"".join(varint(place) * 2 for place in range(count))
    inner = b"\x12" + varint(len(tags)) + tags + b"\x18\x01\x22\x03\x09\x02\x02"
    return b"\x12" + varint(len(inner)) + inner
