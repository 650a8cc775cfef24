"""Selections as files, read again by other libraries, on both stores."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import geopandas as gpd
import pyogrio
import pytest
import shapely
from starlette.testclient import TestClient

from layers import streaming
from layers.store import Put, open_store
from layers.streaming import parts_of
from tests.api.conftest import stations

IDS = ["hoa-lac", "nowhere", "old", "phu nghia/1", "taveuni", "vanua-levu"]


def test_csv_holds_every_feature_of_a_selection(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(streaming, "PART", 2)
    answer = client.get("/collections/stations/items?f=csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert 'filename="stations.csv"' in answer.headers["content-disposition"]
    rows = list(csv.DictReader(io.StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["feature_id"] for row in rows] == IDS
    assert (rows[0]["name"], rows[0]["area_ha"], rows[0]["open"], rows[0]["opened"]) == (
        "Hoà Lạc",
        "1.25",
        "true",
        "2020-05-01",
    )
    assert shapely.from_wkt(rows[2]["WKT"]).equals(shapely.Point(105.1234567891, 20.9876543219))
    assert rows[1]["WKT"] == ""
    chosen = client.get("/collections/stations/items?f=csv&floors=3&filter=area_ha>1").text
    assert [row["feature_id"] for row in csv.DictReader(io.StringIO(chosen.lstrip("\ufeff")))] == ["hoa-lac"]
    few = client.get("/collections/stations/items?f=csv&limit=3&sortby=-name").text
    assert len(few.splitlines()) == 4


@pytest.mark.parametrize(("form", "suffix"), [("flatgeobuf", "fgb"), ("gpkg", "gpkg"), ("geoparquet", "parquet")])
def test_other_libraries_read_the_files(
    client: TestClient, form: str, suffix: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "PART", 4)
    answer = client.get(f"/collections/stations/items?f={form}&bbox=105,20,106,22")
    assert answer.status_code == 200
    path = tmp_path / f"got.{suffix}"
    path.write_bytes(answer.content)
    read = gpd.read_parquet(path) if form == "geoparquet" else pyogrio.read_dataframe(path)
    assert read.crs.equals("EPSG:4326", ignore_axis_order=True)
    found = read.set_index("feature_id").sort_index()
    assert found.index.tolist() == ["hoa-lac", "old", "phu nghia/1"]
    _, wanted = stations()
    assert found.loc["hoa-lac", "name"] == "Hoà Lạc"
    assert found.loc["hoa-lac", "geometry"].equals(wanted.loc["hoa-lac", "geometry"])
    assert str(found.loc["hoa-lac", "opened"])[:10] == "2020-05-01"
    assert found.loc["old", "floors"] == 3


def test_the_accept_header_asks_for_a_file_too(reader: TestClient) -> None:
    def type_of(accept: str, query: str = "limit=1") -> str:
        answer = reader.get(f"/collections/stations/items?{query}", headers={"Accept": accept})
        return str(answer.headers["content-type"]).partition(";")[0]

    geojson, jsonfg = "application/geo+json", "application/vnd.ogc.fg+json"
    assert type_of("text/csv") == "text/csv"
    assert type_of("application/vnd.flatgeobuf, application/json;q=0.9") == "application/vnd.flatgeobuf"
    assert type_of("application/geo+json, text/csv;q=0.5") == geojson
    assert type_of("text/csv;q=0, */*") == geojson
    assert type_of("text/csv", "f=json") == geojson
    assert type_of(f"application/json;q=0.3, {jsonfg}") == jsonfg
    assert type_of("*/*") == geojson


def test_files_hold_features_whose_place_is_not_known(client: TestClient, tmp_path: Path) -> None:
    for layer, ids in (("stations", IDS), ("notes", ["n1", "n2"])):
        for form, suffix in (("flatgeobuf", "fgb"), ("gpkg", "gpkg"), ("geoparquet", "parquet")):
            path = tmp_path / f"{layer}.{suffix}"
            path.write_bytes(client.get(f"/collections/{layer}/items?f={form}").content)
            read = gpd.read_parquet(path) if form == "geoparquet" else pyogrio.read_dataframe(path)
            assert sorted(read["feature_id"]) == ids
            if layer == "stations":
                assert read.set_index("feature_id").loc["nowhere", "geometry"] is None


def test_a_download_shows_one_state_whatever_is_written_meanwhile(
    filled_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streaming, "PART", 2)
    _, features = stations()
    with open_store(filled_url) as store:
        parts = parts_of(store, "stations")
        found = [next(parts)]
        store.commit([Put("stations", features.iloc[3:].assign(name="khác"))], author="a", message="m")
        found += list(parts)
    names = {id_: name for part in found for id_, name in part["name"].items()}
    assert sorted(names) == IDS
    assert "khác" not in names.values()


def test_what_is_wrong_is_told_as_for_pages(client: TestClient) -> None:
    assert client.get("/collections/nothing/items?f=csv").status_code == 404
    assert client.get("/collections/stations/items?f=csv&colour=red").status_code == 400
    assert client.get("/collections/stations/items?f=gpkg&filter=colour=1").status_code == 400
    assert client.get("/collections/stations/items?f=shapefile").status_code == 400


def test_an_empty_selection_is_a_file_without_features(client: TestClient, tmp_path: Path) -> None:
    for form, suffix in (("gpkg", "gpkg"), ("flatgeobuf", "fgb"), ("geoparquet", "parquet"), ("csv", "csv")):
        path = tmp_path / f"none.{suffix}"
        path.write_bytes(client.get(f"/collections/stations/items?f={form}&name=none").content)
        assert path.stat().st_size > 0
    assert len(gpd.read_parquet(tmp_path / "none.parquet")) == 0
    assert len(pyogrio.read_dataframe(tmp_path / "none.gpkg")) == 0
