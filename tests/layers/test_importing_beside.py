"""A file is imported while somebody else writes: what the file does not speak of is not taken back."""

from __future__ import annotations

import json
from pathlib import Path

import geopandas as gpd
import pandas as pd
import pytest

from layers.definitions import parse_definition
from layers.importing import WRITING, receive_file
from layers.store import Put, Store, open_store
from layers.types import Text

WELLS = """
id = "wells"
title = { vi = "Giếng", en = "Wells" }
theme = "water"
geometry = []
[[fields]]
name = "name"
type = "text"
title = { vi = "Tên", en = "Name" }
[[fields]]
name = "depth_m"
type = "integer"
title = { vi = "Độ sâu", en = "Depth" }
"""


def wells(**rows: tuple[str, int]) -> gpd.GeoDataFrame:
    frame = pd.DataFrame(list(rows.values()), index=list(rows), columns=["name", "depth_m"])
    return gpd.GeoDataFrame(frame, geometry=[None] * len(frame), crs="EPSG:4326")


@pytest.mark.parametrize("before", [["a"], []], ids=["there before", "new"])
def test_an_edit_of_others_between_reading_and_writing_is_kept(
    store: Store, store_url: str, tmp_path: Path, before: list[str]
) -> None:
    store.add_layer(parse_definition(WELLS, where="wells.toml"))
    if before:
        store.commit([Put("wells", wells(a=("cũ", 1)))], author="An", message="first")
    file = tmp_path / "depths.geojson"
    feature = {"type": "Feature", "id": "a", "properties": {"depth_m": 9}, "geometry": None}
    file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")

    def beside(_: Text, share: float) -> None:
        if share == WRITING:
            with open_store(store_url) as other:
                other.commit([Put("wells", wells(a=("mới", 1)))], author="Bình", message="meanwhile")

    receipt = receive_file(store, file, "wells", author="Chi", message="depths", progress=beside)
    assert receipt.error is None
    assert store.read("wells").loc["a", ["name", "depth_m"]].tolist() == ["mới", 9]
    assert [entry.author for entry in store.changesets()][-2:] == ["Bình", "Chi"]
