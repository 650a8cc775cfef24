"""A changeset that is begun before it is decided: kept as a whole, or as if it had never been."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import pytest
import shapely

from layers import importing
from layers.ahead import Ahead
from layers.catalogue import shipped_definitions
from layers.errors import FeatureExistsError
from layers.importing import receive_file
from layers.schema import typed
from layers.store import Put, Store, open_store

LAYER = "planning_zones"


@pytest.fixture
def store(store_url: str) -> Iterator[Store]:
    with open_store(store_url) as opened:
        opened.add_layer(shipped_definitions()[LAYER])
        yield opened


def zones(*lefts: float) -> gpd.GeoDataFrame:
    shapes = [shapely.box(105.8 + left, 21.0, 105.81 + left, 21.01) for left in lefts]
    frame = gpd.GeoDataFrame(
        {"zone": "green"}, geometry=shapes, crs="EPSG:4326", index=[f"z{n}" for n in range(len(lefts))]
    )
    return typed(shipped_definitions()[LAYER], frame)


def file_of(folder: Path, *lefts: float) -> Path:
    path = folder / "zones.geojson"
    zones(*lefts)[["zone", "geometry"]].reset_index().to_file(path, driver="GeoJSON")
    return path


def test_what_is_kept_is_one_changeset_with_what_was_added_to_it(store: Store) -> None:
    with Ahead(store, author="a", message="m", decision=None) as ahead:
        ahead.begin([Put(LAYER, zones(0.0, 0.01))])
        assert ahead.begun
        changeset = ahead.keep([Put(LAYER, zones(0.0, 0.01, 0.02).iloc[2:])])
    assert (changeset.id, changeset.features) == (1, 3)
    assert store.read(LAYER).index.tolist() == ["z0", "z1", "z2"]


def test_what_is_withdrawn_leaves_no_trace(store: Store) -> None:
    with Ahead(store, author="a", message="m", decision=None) as ahead:
        ahead.begin([Put(LAYER, zones(0.0, 0.01))])
    assert (store.changesets(), store.count(LAYER)) == ([], 0)
    # The next writer finds the store free, and the numbers without a gap.
    assert store.commit([Put(LAYER, zones(0.0))], author="a", message="m").id == 1


def test_an_error_of_the_store_is_told_when_it_is_decided(store: Store) -> None:
    store.commit([Put(LAYER, zones(0.0))], author="a", message="m")
    with Ahead(store, author="a", message="m", decision=None) as ahead:
        ahead.begin([Put(LAYER, zones(0.0), "insert")])
        with pytest.raises(FeatureExistsError, match="z0"):
            ahead.keep([])


@pytest.mark.parametrize("ahead_from", [1, 10_000])
def test_an_import_is_the_same_whether_it_is_begun_ahead_or_not(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, ahead_from: int
) -> None:
    monkeypatch.setattr(importing, "AHEAD_ROWS", ahead_from)
    receipt = receive_file(store, file_of(tmp_path, 0.0, 0.01, 0.02), LAYER, author="a", message="m")
    assert (receipt.state, receipt.written, receipt.changeset and receipt.changeset.features) == ("accepted", 3, 3)
    again = receive_file(store, file_of(tmp_path, 0.0, 0.01, 0.03), LAYER, author="a", message="m")
    assert (again.written, again.unchanged, again.changeset and again.changeset.id) == (1, 2, 2)
    refused = receive_file(store, file_of(tmp_path, 0.0, 0.005, 0.05), LAYER, author="a", message="m")
    assert (refused.state, {issue.rule for issue in refused.errors}) == ("refused", {"topology-overlap"})
    assert len(store.changesets()) == 2
    # Features that overlap are left out: what was begun with them does not stay.
    part = receive_file(store, file_of(tmp_path, 0.0, 0.205, 0.2), LAYER, author="a", message="m", accept="valid")
    assert (part.state, part.refused, part.written) == ("partly_accepted", 2, 0)
    assert store.read(LAYER).geometry.iloc[2].bounds[0] == pytest.approx(105.83)
    assert len(store.changesets()) == 2
