"""Names of CRS as OGC has them, and the order of their axes."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import shapely

from layers.errors import CrsError
from layers.published import CRS84, PUBLISHED, published_crs

PLACE = np.array([shapely.Point(105.8544, 21.0285), None, shapely.Point(105.0, 20.5, 7.0)], dtype=object)


def test_every_crs_of_the_reference_is_published(shared_reference: Path) -> None:
    with (shared_reference / "crs.csv").open(encoding="utf-8", newline="") as file:
        codes = {row["code"].partition(":")[2]: row for row in csv.DictReader(file) if row["kind"] == "crs"}
    assert {uri.rpartition("/")[2] for uri in PUBLISHED} == {"CRS84", *codes}
    for code, row in codes.items():
        swapped = published_crs(f"[EPSG:{code}]", where="crs").swapped
        assert swapped == row["axis_order"].startswith("Geodetic latitude")


@pytest.mark.parametrize("uri", PUBLISHED)
def test_there_and_back_again(uri: str) -> None:
    crs = published_crs(uri, where="crs")
    assert crs.uri == uri
    given = crs.from_store(PLACE, where="crs")
    assert given[1] is None
    assert given[2].z == 7.0
    if crs.swapped:
        assert given[0].x < given[0].y
    back = crs.to_store(given, where="crs")
    assert shapely.equals_exact(back[0], PLACE[0], tolerance=1e-8)
    assert back[2].has_z


@pytest.mark.parametrize(
    ("name", "uri"),
    [
        ("http://www.opengis.net/def/crs/OGC/0/CRS84", CRS84),
        ("[OGC:CRS84]", CRS84),
        ("EPSG:5897", "http://www.opengis.net/def/crs/EPSG/0/5897"),
        ("https://www.opengis.net/def/crs/EPSG/9.9.1/3405", "http://www.opengis.net/def/crs/EPSG/0/3405"),
        ("urn:ogc:def:crs:EPSG::4326", "http://www.opengis.net/def/crs/EPSG/0/4326"),
    ],
)
def test_names_that_mean_the_same(name: str, uri: str) -> None:
    assert published_crs(name, where="crs").uri == uri


@pytest.mark.parametrize(
    "name", ["EPSG:2154", "http://www.opengis.net/def/crs/EPSG/0/99999999999999999999", "5897", ""]
)
def test_another_crs_is_refused_with_those_that_there_are(name: str) -> None:
    with pytest.raises(CrsError) as caught:
        published_crs(name, where="crs")
    assert "5897, 5898" in caught.value.message("en")
    assert "một trong các mã 4326" in caught.value.message("vi")
