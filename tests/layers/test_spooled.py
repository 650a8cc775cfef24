"""Large files, of which the geometries are never in memory as a whole: the receipt and the layer are the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pyarrow as pa
import pyogrio
import pytest
import shapely
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from layers import examining, spool
from layers.catalogue import shipped_definitions
from layers.errors import LayersError, MissingFileError
from layers.examining import validate_file
from layers.formats import collections, parquet, read_features, reading, write_features
from layers.importing import receive_file
from layers.spool import ShapeSpool, dimensions, drawn, over
from layers.store import Store, open_store
from layers.topology import areas, trees

LAYER = "planning_zones"
ZONES = shipped_definitions()[LAYER]
FORMATS = {"gpkg": "gpkg", "fgb": "flatgeobuf", "parquet": "geoparquet", "geojson": "geojson", "geojsonl": "geojsonseq"}


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Look at three geometries at a time."""
    for module in (spool, areas, trees, parquet):
        monkeypatch.setattr(module, "PART_ROWS", 3)


def squares(columns: int, rows: int) -> np.ndarray[Any, Any]:
    y, x = np.mgrid[0:rows, 0:columns].reshape(2, -1) * 0.001
    return np.asarray(shapely.box(105.8 + x, 21.0 + y, 105.801 + x, 21.001 + y))


def zones(shapes: np.ndarray[Any, Any], names: list[str] | None = None) -> gpd.GeoDataFrame:
    ids = names or [f"z{i}" for i in range(len(shapes))]
    table = {"name": [f"Vùng {i}" if i % 4 else None for i in range(len(ids))], "zone": "industrial"}
    return gpd.GeoDataFrame(table, geometry=shapes, crs="EPSG:4326", index=ids).rename_axis("feature_id")


def written(folder: Path, features: gpd.GeoDataFrame, suffix: str) -> Path:
    path = folder / f"zones.{suffix}"
    path.unlink(missing_ok=True)
    driver = {"geojsonl": "GeoJSONSeq", "geojson": "GeoJSON", "gpkg": "GPKG"}.get(suffix)
    if driver is None:
        write_features(features, ZONES, path, format=FORMATS[suffix])
    else:
        pyogrio.write_dataframe(features.reset_index(), path, driver=driver)
    return path


def outcome(url: str, path: Path, **options: Any) -> tuple[dict[str, Any], gpd.GeoDataFrame]:
    """What an import tells in either language, and what is in the layer afterwards."""
    with open_store(url) as store:
        store.add_layer(ZONES)
        receipt = receive_file(store, path, LAYER, author="an", message="nhận", **options)
        told = {language: receipt.document(language) for language in ("vi", "en")}
        for document in told.values():
            document.pop("time")
            document.pop("changeset", None)
        return json.loads(json.dumps(told, default=str)), store.read(LAYER)


def assert_same(folder: Path, path: Path, monkeypatch: pytest.MonkeyPatch, **options: Any) -> dict[str, Any]:
    """Import a file both ways into new stores and compare everything."""
    answers = []
    for large in (False, True):
        monkeypatch.setattr(examining, "LARGE_BYTES", -1 if large else 1 << 40)
        monkeypatch.setattr(reading, "LARGE_DOCUMENT", -1 if large else 1 << 40)
        monkeypatch.setattr(collections, "_PIECE", 50)  # cuts texts and features anywhere
        store = folder / f"{'large' if large else 'small'}.gpkg"
        store.unlink(missing_ok=True)
        answers.append(outcome(str(store), path, **options))
    (whole, features), (parts, again) = answers
    assert parts == whole
    assert again.drop(columns="geometry").equals(features.drop(columns="geometry"))
    assert shapely.to_wkb(again.geometry.to_numpy()).tolist() == shapely.to_wkb(features.geometry.to_numpy()).tolist()
    told: dict[str, Any] = whole["en"]
    return told


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.usefixtures("small_parts")
def test_the_receipt_of_a_large_file_is_that_of_the_same_file_in_memory(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = assert_same(tmp_path, written(tmp_path, zones(squares(5, 4)), suffix), monkeypatch)
    assert (document["state"], document["counts"]["written"]) == ("accepted", 20)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.usefixtures("small_parts")
def test_everything_wrong_with_a_large_file_is_told(
    tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shapes = squares(6, 4)
    shapes[3] = shapely.box(105.8031, 21.0, 105.8045, 21.001)  # reaches into the next, and leaves a strip
    shapes[9] = shapes[2]
    shapes[14] = None
    shapes[17] = shapely.Polygon([(105.9, 21), (105.91, 21.01), (105.91, 21), (105.9, 21.01)])
    names = [f"z{i}" for i in range(23)] + ["z0"]
    path = written(tmp_path, zones(shapes, names).sort_index(), suffix) if suffix == "gpkg" else None
    path = path or raw(tmp_path, zones(shapes, names), suffix)
    document = assert_same(tmp_path, path, monkeypatch)
    rules = {issue["rule"] for issue in document["issues"]}
    assert {"topology-overlap", "topology-duplicate", "geometry-invalid", "id-duplicate"} <= rules
    assert document["state"] == "refused"
    taken = assert_same(tmp_path, path, monkeypatch, accept="valid")
    counts = taken["counts"]
    assert (taken["state"], counts["written"] + counts["refused"]) == ("partly_accepted", 24)


def raw(folder: Path, features: gpd.GeoDataFrame, suffix: str) -> Path:
    """Write features that no layer would take."""
    path, table = folder / f"raw.{suffix}", features.reset_index()
    if suffix == "parquet":
        table.to_parquet(path)
    else:
        driver = {"fgb": "FlatGeobuf", "geojson": "GeoJSON", "geojsonl": "GeoJSONSeq"}[suffix]
        options = {"SPATIAL_INDEX": "NO"} if suffix == "fgb" else {}
        pyogrio.write_dataframe(table, path, driver=driver, **options)
    return path


@settings(max_examples=6, phases=[Phase.explicit, Phase.generate])
@given(
    gone=st.sets(st.integers(0, 19), max_size=4),
    shifts=st.dictionaries(st.integers(0, 19), st.sampled_from([-0.0004, 1e-7, 0.0003, 5.0]), max_size=4),
    holes=st.sets(st.integers(0, 19), max_size=3),
    mode=st.sampled_from(["upsert", "replace", "insert"]),
)
def test_whatever_a_file_holds_both_ways_agree(
    tmp_path_factory: pytest.TempPathFactory,
    gone: set[int],
    shifts: dict[int, float],
    holes: set[int],
    mode: str,
) -> None:
    folder = tmp_path_factory.mktemp("spooled")
    shapes = squares(5, 4)
    for row, shift in shifts.items():
        shapes[row] = shapely.affinity.translate(shapes[row], shift, shift / 2)
    shapes[list(holes)] = None
    features = zones(shapes).drop(index=[f"z{row}" for row in gone])
    path = written(folder, features, "gpkg")
    with pytest.MonkeyPatch.context() as patch:
        for module in (spool, areas, trees, parquet):
            patch.setattr(module, "PART_ROWS", 4)
        assert_same(folder, path, patch, mode=mode)


@pytest.mark.usefixtures("small_parts")
def test_a_large_file_on_what_the_layer_holds(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(examining, "LARGE_BYTES", -1)
    store.add_layer(ZONES)
    path = written(tmp_path, zones(squares(4, 3)), "gpkg")
    options: dict[str, Any] = {"author": "an", "message": "nhận"}
    first = receive_file(store, path, LAYER, coverage=None, **options)
    assert (first.state, first.written, first.unchanged) == ("accepted", 12, 0)
    again = receive_file(store, path, LAYER, **options)
    assert (again.written, again.unchanged, again.changeset) == (0, 12, None)
    refused = receive_file(store, path, LAYER, mode="insert", **options)
    assert refused.state == "refused"
    assert [issue.rule for issue in refused.errors] == ["feature-exists"]
    fewer = written(tmp_path, zones(squares(4, 2)), "gpkg")
    replaced = receive_file(store, fewer, LAYER, mode="replace", **options)
    assert (replaced.written, replaced.unchanged) == (4, 8)
    assert sorted(store.read(LAYER).index) == sorted(f"z{i}" for i in range(8))


@pytest.mark.usefixtures("small_parts")
def test_a_feature_that_may_not_be_there_takes_the_parts_before_it_back(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(examining, "LARGE_BYTES", -1)
    store.add_layer(ZONES)
    options: dict[str, Any] = {"author": "an", "message": "nhận"}
    receive_file(store, written(tmp_path, zones(squares(4, 3)[10:11], ["z10"]), "gpkg"), LAYER, **options)
    before = store.changesets()
    refused = receive_file(store, written(tmp_path, zones(squares(4, 3)), "gpkg"), LAYER, mode="insert", **options)
    assert [issue.rule for issue in refused.errors] == ["feature-exists"]
    assert "z10" in str(refused.error)
    assert store.read(LAYER).index.tolist() == ["z10"]
    assert store.changesets() == before


@pytest.mark.usefixtures("small_parts")
def test_a_large_file_for_no_layer_and_in_another_crs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "vn2000.gpkg"
    pyogrio.write_dataframe(zones(squares(5, 2)).reset_index().to_crs("EPSG:5897"), path)
    told = []
    for large in (-1, 1 << 40):
        monkeypatch.setattr(examining, "LARGE_BYTES", large)
        for definition in (None, ZONES):
            document = validate_file(path, definition=definition).document("en")
            document.pop("time")
            told.append(document)
    assert told[:2] == told[2:]
    assert "EPSG:5897" in json.dumps(told[0], default=str)


def test_a_spool_is_indexed_like_an_array() -> None:
    shapes = squares(10, 10)
    shapes[::7] = None
    kept = ShapeSpool()
    kept.append(shapes[:40])
    kept.append(shapes[40:])
    rows = np.array([99, 3, 3, 57, 0])
    assert shapely.equals_identical(kept[rows][[0, 1, 2, 3]], shapes[rows][[0, 1, 2, 3]]).all()
    assert kept[rows][4] is None
    assert kept[np.array([7])].tolist() == [None]
    assert kept[8].equals(shapes[8])
    assert kept.missing.tolist() == shapely.is_missing(shapes).tolist()
    some = kept.only(~kept.missing)
    assert len(some) == int((~shapely.is_missing(shapes)).sum())
    assert over(some, shapely.area).sum() == pytest.approx(shapely.area(shapes[~shapely.is_missing(shapes)]).sum())
    kept.clear()
    assert (len(kept), len(kept[:])) == (0, 0)


def test_what_a_spool_takes_is_missing_in_the_features(tmp_path: Path) -> None:
    path, kept = written(tmp_path, zones(squares(4, 3)), "fgb"), ShapeSpool()
    read = read_features(path, spool=kept)
    assert read.shapes is kept
    assert read.frame.geometry.isna().all()
    assert shapely.equals_identical(kept[:], read_features(path).frame.geometry.to_numpy()).all()
    with pytest.raises(MissingFileError):
        read_features(tmp_path / "none.gpkg", spool=ShapeSpool())


@pytest.mark.parametrize(
    "text",
    [
        '{"type": "FeatureCollection", "features": []}',
        '\ufeff{"name": "a \\" [{", "features":[%s] , "type":"FeatureCollection","bbox":[1,2,3,4]}',
        '{"type": "FeatureCollection", "features" : [ %s , %s\n]}',
        '{"type": "FeatureCollection", "other": {"features": [1]}, "features": [%s,%s]}',
        '{"type": "FeatureCollection", "features": [%s, null]}',
        '{"type": "FeatureCollection", "features": [%s],}',
        '{"type": "FeatureCollection", "features": [%s], "features": []}',
        '{"type": "FeatureCollection", "features": {"a": 1}}',
        '{"type": "FeatureCollection", "features": [%s %s]}',
        '{"type": "FeatureCollection", "features": [%s',
        '{"type": "Feature", "geometry": null, "properties": {"features": [{}]}}',
        '["features", [%s]]',
        '{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {"a": 1, "a": 2}}]}',
        '{"type": "FeatureCollection", "features": [%s, {"type": "Feature", "id": "}\\"", "geometry": %p}]}',
        '{"type": "FeatureCollection", "crs": 5, "features": [%s]}',
        "nothing",
    ],
)
@pytest.mark.parametrize("piece", [5, 64, 1 << 20])
def test_a_collection_gone_through_is_the_collection_read_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, piece: int
) -> None:
    open_ring = '{"type": "Polygon", "coordinates": [[[1, 1], [2, 1], [2, 2]]]}'
    feature = '{"type":"Feature","properties":{"a":"b ] } \\\\"},"geometry":{"type":"Point","coordinates":[1,2]}}'
    path = tmp_path / "a.geojson"
    path.write_text(text.replace("%s", feature).replace("%p", open_ring), encoding="utf-8")
    monkeypatch.setattr(collections, "_PIECE", piece)
    answers: list[object] = []
    for large in (1 << 40, -1):
        monkeypatch.setattr(reading, "LARGE_DOCUMENT", large)
        try:
            read = read_features(path)
            answers.append((read.frame.to_json(), read.crs, read.notes, read.faults))
        except LayersError as error:
            answers.append((error.message("vi"), error.message("en")))
    assert answers[0] == answers[1]


@pytest.mark.usefixtures("small_parts")
def test_a_spool_tells_what_geometries_are_as_shapely_does() -> None:
    texts = ["POINT (1 2)", "LINESTRING (0 0, 1 1)", "POLYGON EMPTY", "GEOMETRYCOLLECTION EMPTY", "POINT EMPTY"]
    shapes = np.array([*shapely.from_wkt(texts), None, shapely.box(0, 0, 1, 1)], dtype=object)
    kept, raw = ShapeSpool(), ShapeSpool()
    kept.append(shapes)
    raw.append_wkb(pa.array(shapely.to_wkb(shapes), type=pa.binary()).slice(1))
    for held, meant in ((kept, shapes), (raw, shapes[1:]), (raw.only(np.array([4, 0])), shapes[[5, 1]])):
        assert dimensions(held).tolist() == shapely.get_dimensions(meant).tolist() == dimensions(meant).tolist()
        assert drawn(held).tolist() == drawn(meant).tolist()
        assert shapely.to_wkb(held[:]).tolist() == shapely.to_wkb(meant).tolist()
