from __future__ import annotations

import json

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from layers.errors import CrsError
from layers.geojson import attribute_rows, feature_collection, feature_objects, to_json


def sample() -> gpd.GeoDataFrame:
    columns = {
        "text": pd.Series(["Phú Nghĩa", None], dtype="str"),
        "integer": pd.Series([3, None], dtype="Int64"),
        "number": pd.Series([1.25, None], dtype="float64"),
        "boolean": pd.Series([False, None], dtype="boolean"),
        "date": pd.Series(["2030-12-31", None], dtype="datetime64[s]"),
    }
    shapes = [shapely.box(105.5, 21.0, 105.6, 21.1, ccw=False), None]
    return gpd.GeoDataFrame(pd.DataFrame(columns).set_axis(["a/1", "b"]), geometry=shapes, crs="EPSG:4326")


def test_every_type_becomes_its_json_value() -> None:
    first, second = json.loads(to_json(feature_collection(sample())))["features"]
    assert first["properties"] == {
        "text": "Phú Nghĩa", "integer": 3, "number": 1.25, "boolean": False, "date": "2030-12-31",
    }  # fmt: skip
    assert second["properties"] == dict.fromkeys(["text", "integer", "number", "boolean", "date"])
    assert (first["id"], second["id"]) == ("a/1", "b")
    assert type(first["properties"]["integer"]) is int


def test_missing_and_empty_geometry_are_null() -> None:
    features = sample().set_geometry(gpd.GeoSeries([shapely.Polygon(), None], index=["a/1", "b"], crs="EPSG:4326"))
    assert [feature["geometry"] for feature in feature_objects(features)] == [None, None]


def test_exterior_rings_run_counterclockwise_and_holes_clockwise() -> None:
    hole = shapely.Polygon([(0, 0), (0, 3), (3, 3), (3, 0)], [[(1, 1), (2, 1), (2, 2), (1, 2)]])
    features = gpd.GeoDataFrame(index=["a"], geometry=[hole], crs="EPSG:4326")
    written = json.loads(to_json(feature_collection(features)))["features"][0]["geometry"]["coordinates"]
    assert [shapely.LinearRing(ring).is_ccw for ring in written] == [True, False]


@given(arrays(np.float64, (4, 2), elements=st.floats(-180, 180, allow_nan=False)))
def test_coordinates_come_back_within_half_of_the_last_decimal(points: np.ndarray) -> None:
    features = gpd.GeoDataFrame(geometry=gpd.points_from_xy(points[:, 0], points[:, 1]), crs="EPSG:4326")
    features.index = features.index.astype("str")
    written = json.loads(to_json(feature_collection(features)))["features"]
    back = np.array([feature["geometry"]["coordinates"] for feature in written])
    assert np.abs(back - points).max() <= 0.5e-7 + 1e-12
    assert all(
        len(repr(float(value)).partition(".")[2].partition("e")[0]) <= 7 for value in back.ravel() if abs(value) > 1
    )


def test_the_features_are_not_changed() -> None:
    features = sample()
    feature_collection(features)
    assert features.geometry.iloc[0].equals_exact(sample().geometry.iloc[0])
    pd.testing.assert_frame_equal(
        pd.DataFrame(features.drop(columns="geometry")), pd.DataFrame(sample().drop(columns="geometry"))
    )


def test_another_crs_is_refused() -> None:
    features = sample().to_crs("EPSG:5897")
    with pytest.raises(CrsError, match=r"GeoJSON: the CRS is EPSG:5897, wanted EPSG:4326"):
        feature_collection(features)


def test_no_features_and_no_attributes_have_stated_results() -> None:
    assert json.loads(to_json(feature_collection(sample().iloc[:0], links=[]))) == {
        "type": "FeatureCollection", "links": [], "features": [],
    }  # fmt: skip
    bare = gpd.GeoDataFrame(index=["a"], geometry=[shapely.Point(1, 2)], crs="EPSG:4326")
    assert attribute_rows(bare) == [{}]


def test_a_number_that_is_not_finite_is_null() -> None:
    assert to_json([float("inf"), float("nan"), 1.5]) == b"[null,null,1.5]"
