"""A file is checked against what the layer and its neighbours hold already, and what could not be checked is told."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Polygon, box

from layers import io
from layers.catalogue import shipped_definitions
from layers.definitions import Topology
from layers.store import Put, Store

PLOTS = shipped_definitions()["plots"].model_copy(
    update={"topology": Topology(overlaps="error", gaps="warning", covered_by="parks")}
)
#: About 104 m by 111 m.
WIDE, HIGH = 0.001, 0.001


def lot(x: int, y: int = 0, *, shift: float = 0.0) -> Polygon:
    west, south = 105.8 + WIDE * (x + shift), 21.0 + HIGH * y
    return box(west, south, west + WIDE, south + HIGH)


@pytest.fixture
def store_of_plots(store: Store) -> Store:
    """Give a store with a park, one plot in it and the units of Hanoi's shipped layer, empty."""
    for name in ("parks", "admin_units"):
        store.add_layer(shipped_definitions()[name])
    store.add_layer(PLOTS)
    park = gpd.GeoDataFrame(
        {"name_vi": ["KCN Thử"], "position": ["surveyed"]},
        geometry=[box(105.79, 20.99, 105.81, 21.01)],
        index=pd.Index(["thu"], name="feature_id"),
        crs="EPSG:4326",
    )
    plot = gpd.GeoDataFrame(
        {"name": ["Lô 0"], "park_id": ["thu"]},
        geometry=[lot(0)],
        index=pd.Index(["p0"], name="feature_id"),
        crs="EPSG:4326",
    )
    store.commit([Put("parks", park), Put("plots", plot)], author="planner", message="first")
    return store


@pytest.fixture
def delivery(tmp_path: Path) -> Callable[..., Path]:
    """Write plots to a file, by id."""

    def write(properties: dict[str, Any] | None = None, /, **shapes: Polygon) -> Path:
        features = [
            {"type": "Feature", "properties": {"id": name, **(properties or {})}, "geometry": shape.__geo_interface__}
            for name, shape in shapes.items()
        ]
        path = tmp_path / "plots.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
        return path

    return write


def receive(store: Store, path: Path, **options: Any) -> io.Receipt:
    return io.receive_file(store, path, "plots", **{"author": "institute", "message": "delivery", **options})


def found(receipt: io.Receipt) -> list[tuple[str, int | None, str | None, str | None]]:
    return [(issue.rule, issue.row, issue.feature_id, issue.other) for issue in receipt.issues]


def test_neighbours_that_share_a_border_pass(store_of_plots: Store, delivery: Callable[..., Path]) -> None:
    receipt = receive(store_of_plots, delivery(p1=lot(1), p2=lot(2)))
    assert (receipt.state, found(receipt)) == ("accepted", [])


def test_an_overlap_with_what_the_layer_holds_refuses_the_file(
    store_of_plots: Store, delivery: Callable[..., Path]
) -> None:
    receipt = receive(store_of_plots, delivery(p1=lot(0, shift=0.5), p2=lot(3)))
    assert (receipt.state, found(receipt)) == ("refused", [("topology-overlap", 0, "p1", "p0")])
    issue = receipt.issues[0]
    assert issue.measured == pytest.approx(0.5 * 103.9 * 110.7, rel=0.01)
    assert issue.place is not None
    assert issue.place.bounds == pytest.approx((105.8005, 21.0, 105.801, 21.001), abs=1e-6)
    part = receive(store_of_plots, delivery(p1=lot(0, shift=0.5), p2=lot(3)), accept="valid")
    assert (part.state, part.refused, sorted(store_of_plots.read("plots").index)) == (
        "partly_accepted",
        1,
        ["p0", "p2"],
    )


def test_of_two_that_overlap_in_a_file_neither_is_taken(store_of_plots: Store, delivery: Callable[..., Path]) -> None:
    path = delivery(p1=lot(2), p2=lot(2, shift=0.5), p3=lot(5))
    receipt = receive(store_of_plots, path, accept="valid")
    assert (receipt.refused, sorted(store_of_plots.read("plots").index)) == (2, ["p0", "p3"])


def test_what_is_replaced_is_not_in_the_way(store_of_plots: Store, delivery: Callable[..., Path]) -> None:
    moved = delivery(p0=lot(0, shift=0.5))
    assert receive(store_of_plots, moved).state == "accepted"
    assert receive(store_of_plots, delivery(p9=lot(0, shift=0.7)), mode="replace").state == "accepted"
    assert store_of_plots.read("plots").index.tolist() == ["p9"]


def test_what_lies_outside_its_park_and_what_refers_to_nothing_is_told(
    store_of_plots: Store, delivery: Callable[..., Path]
) -> None:
    receipt = receive(store_of_plots, delivery({"park_id": "khong-co"}, p1=lot(20)))
    assert receipt.state == "accepted"
    assert {rule for rule, *_ in found(receipt)} == {"topology-not-covered", "field-reference"}
    assert "'khong-co'" in " ".join(receipt.messages("en"))


def test_without_a_store_what_could_not_be_checked_is_told(delivery: Callable[..., Path]) -> None:
    receipt = io.validate_file(delivery(p1=lot(0), p2=lot(0, shift=0.5)), definition=PLOTS)
    assert [rule for rule, *_ in found(receipt)] == ["topology-not-checked", "topology-overlap"]
    assert receipt.state == "refused"


def test_a_file_for_itself_is_measured_where_it_lies(tmp_path: Path) -> None:
    paris = [box(2.3, 48.85, 2.301, 48.851), box(2.3005, 48.85, 2.3015, 48.851)]
    path = tmp_path / "zones.gpkg"
    gpd.GeoDataFrame(geometry=paris, crs="EPSG:4326").to_file(path)
    receipt = io.validate_file(path)
    overlap = next(issue for issue in receipt.issues if issue.rule == "topology-overlap")
    assert overlap.measured == pytest.approx(0.5 * 73.4 * 111.2, rel=0.01)
    assert overlap.severity == "warning"


def test_real_buildings_come_in_with_the_noise_of_their_transformation_put_right(shared_data: Path) -> None:
    receipt = io.validate_file(shared_data / "hoankiem_2019" / "buildings.shp")
    invalid = [issue for issue in receipt.issues if issue.rule in ("geometry-invalid", "geometry-self-touch")]
    mended = [issue for issue in invalid if issue.repair is not None]
    # None of them is invalid in its own CRS: float noise of the transformation made them so, and no more is moved.
    assert len(mended) > len(invalid) / 2
    assert all(issue.repair is not None and issue.repair.moved_m2 < 0.01 for issue in mended)
