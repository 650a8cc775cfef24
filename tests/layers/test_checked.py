"""What was checked stays as it was checked, and a store believes it only for the definition it was checked against."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from layers.definitions import LayerDefinition, parse_definition
from layers.errors import CrsError, InvalidFeaturesError
from layers.schema import typed
from layers.store import Put, Store
from layers.validation import Checked

WELLS = """
id = "wells"
theme = "parks"
geometry = ["Point"]
title = {vi = "Giếng", en = "Wells"}
fields = [
  {name = "name", type = "text", title = {vi = "Tên", en = "Name"}, required = true},
  {name = "depth_m", type = "number", title = {vi = "Chiều sâu", en = "Depth"}, minimum = 0},
  {name = "pumps", type = "integer", title = {vi = "Số bơm", en = "Pumps"}},
]
"""


def definition(text: str = WELLS) -> LayerDefinition:
    return parse_definition(text, where="test")


def wells(**columns: Any) -> gpd.GeoDataFrame:
    named = {"name": ["A", "B", "C"], "depth_m": ["12", "7.5", ""], "pumps": [1.0, None, 3.0], **columns}
    shapes = shapely.points([105.1, 105.2, 105.3], 21.0)
    return gpd.GeoDataFrame(named, geometry=shapes, index=["a", "b", "c"], crs="EPSG:4326")


def test_features_come_in_the_typed_form() -> None:
    checked = Checked(definition(), wells())
    pd.testing.assert_frame_equal(checked.features, typed(definition(), wells()))
    assert checked.features["depth_m"].tolist()[:2] == [12.0, 7.5]
    assert checked.issues == ()
    assert checked.right.all()


def test_nothing_done_to_a_frame_reaches_what_was_checked() -> None:
    given = typed(definition(), wells())
    checked = Checked(definition(), given)
    for frame in (given, checked.features):
        frame["depth_m"].array[0] = -1.0
        frame["pumps"].array[0] = -1
        frame.geometry.array[0] = None
        frame.loc["b", "name"] = ""
    pd.testing.assert_frame_equal(checked.features, typed(definition(), wells()))


def test_some_of_the_features_keep_their_own_issues() -> None:
    checked = Checked(definition(), wells(name=["A", None, ""], depth_m=[1, 2, -3]))
    assert checked.right.tolist() == [True, False, False]
    assert checked.where(checked.right).issues == ()
    assert checked.where(checked.right).features.index.tolist() == ["a"]
    last = checked.where(np.array([False, False, True]))
    assert [(issue.rule, issue.row, issue.feature_id) for issue in last.issues] == [
        ("field-required", 0, "c"),
        ("field-minimum", 0, "c"),
    ]
    assert last.right.tolist() == [False]


def test_a_wrong_column_makes_every_feature_wrong() -> None:
    checked = Checked(definition(), wells(colour="red"))
    assert not checked.right.any()
    assert [issue.rule for issue in checked.where(checked.right).errors] == ["field-unknown"]


def test_another_crs_is_refused() -> None:
    with pytest.raises(CrsError, match="EPSG:32648"):
        Checked(definition(), wells().to_crs("EPSG:32648"))


def test_a_store_takes_what_was_checked_and_never_what_is_wrong(store: Store) -> None:
    store.add_layer(definition())
    store.commit([Put("wells", Checked(definition(), wells()))], author="An", message="checked")
    pd.testing.assert_frame_equal(store.read("wells"), typed(definition(), wells()))
    wrong = Checked(definition(), wells(depth_m=["12", "deep", "-1"]))
    with pytest.raises(InvalidFeaturesError) as refused:
        store.commit([Put("wells", wrong)], author="An", message="wrong")
    assert refused.value.issues == wrong.errors
    assert [issue.rule for issue in wrong.errors] == ["field-type", "field-minimum"]
    assert len(store.changesets()) == 1


@pytest.mark.parametrize("depth", ["7.5", "deep"])
def test_a_store_checks_again_what_was_checked_against_another_definition(store: Store, depth: str) -> None:
    store.add_layer(definition(WELLS.replace("minimum = 0", "minimum = 10")))
    lax = Checked(definition(), wells(depth_m=["12", depth, ""]))
    with pytest.raises(InvalidFeaturesError) as refused:
        store.commit([Put("wells", lax)], author="An", message="lax")
    (issue,) = refused.value.issues
    assert "feature 'b', field depth_m" in issue.message("en")
