"""A receipt tells all that happened; a part of a file is taken only where that was chosen."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
from shapely import Point, Polygon, box

from layers import io
from layers.crs import metric
from layers.definitions import Field, LayerDefinition
from layers.errors import FileUnreadableError, InvalidFeaturesError, MissingFileError
from layers.mapping import ColumnMapping
from layers.store import Store
from layers.types import Text
from layers.validation import RULES

LOTS = LayerDefinition(
    id="lots",
    title=Text(vi="Lô đất", en="Lots"),
    theme="land",
    geometry=("Polygon", "MultiPolygon"),
    fields=(
        Field(name="name", type="text", title=Text(vi="Tên", en="Name"), required=True),
        Field(name="floors", type="integer", title=Text(vi="Số tầng", en="Floors"), minimum=0),
    ),
)
BOW_TIE = Polygon([(105.80, 21.00), (105.81, 21.01), (105.81, 21.00), (105.80, 21.01)])


def square(number: int) -> Polygon:
    return box(105.6 + number * 0.01, 21.0, 105.605 + number * 0.01, 21.005)


@pytest.fixture
def lots(store: Store) -> Store:
    """Give a store with an empty layer of lots."""
    store.add_layer(LOTS)
    return store


@pytest.fixture
def delivery(tmp_path: Path) -> Callable[..., Path]:
    """Write rows to a GeoJSON file; each is a dict of properties, with a geometry."""

    def write(*rows: dict[str, Any], called: str = "lots.geojson") -> Path:
        features = [
            {
                "type": "Feature",
                "properties": {key: value for key, value in row.items() if key != "geometry"},
                "geometry": (row["geometry"] if "geometry" in row else square(number)).__geo_interface__,
            }
            for number, row in enumerate(rows)
        ]
        path = tmp_path / called
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
        return path

    return write


def receive(store: Store, path: Path, **options: Any) -> io.Receipt:
    return io.receive_file(store, path, "lots", **{"author": "institute", "message": "delivery", **options})


def found(receipt: io.Receipt) -> list[tuple[str, int | None]]:
    return [(issue.rule, issue.row) for issue in receipt.issues]


def test_a_refused_file_has_a_receipt_and_leaves_the_store_as_it_was(
    lots: Store, delivery: Callable[..., Path]
) -> None:
    path = delivery({"id": "a", "name": "x", "floors": 2}, {"id": "b", "name": "y", "floors": -1})
    receipt = receive(lots, path)
    assert receipt.state == "refused"
    assert found(receipt) == [("field-minimum", 1)]
    assert isinstance(receipt.error, InvalidFeaturesError)
    assert (receipt.written, receipt.changeset, lots.changesets(), lots.count("lots")) == (0, None, [], 0)
    assert "2 features read; refused because of 1 errors, nothing was written." in receipt.messages("en")[0]
    assert "đọc 2 đối tượng; từ chối vì 1 lỗi, không ghi gì." in receipt.messages("vi")[0]
    with pytest.raises(InvalidFeaturesError, match="field floors: the value is too small"):
        io.import_file(lots, path, "lots", author="institute", message="delivery")


def test_the_document_names_file_place_fixer_and_fix(lots: Store, delivery: Callable[..., Path]) -> None:
    path = delivery({"id": "a", "name": "x", "floors": 1}, {"id": "b", "name": "y", "floors": -1})
    receipt = receive(lots, path)
    document = json.loads(json.dumps(receipt.document("en")))
    assert document["file"]["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (document["file"]["name"], document["file"]["size"]) == ("lots.geojson", path.stat().st_size)
    assert document["counts"] == {
        "read": 2, "filtered": 0, "refused": 0, "written": 0, "unchanged": 0, "errors": 1, "warnings": 0, "repaired": 0,
    }  # fmt: skip
    issue = document["issues"][0]
    assert (issue["rule"], issue["severity"], issue["fixer"]) == ("field-minimum", "error", "institute")
    assert (issue["row"], issue["feature_id"], issue["field"], issue["column"]) == (2, "b", "floors", "floors")
    assert issue["coordinate"] == pytest.approx([105.6125, 21.0025])
    assert issue["source_coordinate"] == pytest.approx([105.6125, 21.0025])
    assert (issue["seen"], issue["wanted"], issue["fix"]) == ("-1", "at least 0", "check the value and its unit")
    assert receipt.document("vi")["issues"][0]["fix"] == "kiểm tra giá trị và đơn vị"
    assert document["rules"] == [
        {
            "rule": "field-minimum",
            "group": "schema",
            "severity": "error",
            "fixer": "institute",
            "title": RULES["field-minimum"].title.en,
            "fix": RULES["field-minimum"].fix.en,
            "issues": 1,
            "repaired": 0,
        }
    ]


def test_an_issue_says_where_it_stands_in_the_files_own_coordinates(lots: Store, tmp_path: Path) -> None:
    shapes = metric(gpd.GeoDataFrame(geometry=[square(0), square(1)], crs="EPSG:4326"), "EPSG:5897")
    path = tmp_path / "lots.gpkg"
    shapes.assign(id=["a", "b"], name=["x", None]).to_file(path)
    receipt = receive(lots, path)
    issue = receipt.document("en")["issues"][0]
    assert issue["rule"] == "field-required"
    centre = shapes.geometry.iloc[1].centroid
    assert issue["source_coordinate"] == pytest.approx([centre.x, centre.y], abs=0.01)


def test_issues_are_a_layer_for_the_map(lots: Store, delivery: Callable[..., Path]) -> None:
    receipt = receive(lots, delivery({"id": "a", "name": "x"}, {"id": "b", "name": None}))
    frame = receipt.issues_frame("vi")
    assert frame.crs == "EPSG:4326"
    assert frame.geometry.iloc[0].distance(Point(105.6125, 21.0025)) < 1e-9
    assert frame["fix"].tolist() == ["điền giá trị"]
    assert frame["row"].tolist() == [2]
    assert receive(lots, delivery({"id": "a", "name": "x"})).issues_frame().empty


def test_only_the_rows_without_error_come_in_where_that_was_chosen(lots: Store, delivery: Callable[..., Path]) -> None:
    path = delivery(
        {"id": "a", "name": "x"},
        {"id": "b", "name": "y", "floors": -1},
        {"id": "c", "name": None},
        {"id": "d", "name": "z"},
    )
    receipt = receive(lots, path, accept="valid")
    assert (receipt.state, receipt.read, receipt.written, receipt.refused) == ("partly_accepted", 4, 2, 2)
    assert sorted(lots.read("lots").index) == ["a", "d"]
    assert found(receipt) == [("field-minimum", 1), ("field-required", 2)]
    assert "2 left out because of errors" in receipt.messages("en")[0]
    assert "2 bị loại vì có lỗi" in receipt.messages("vi")[0]
    assert receive(lots, delivery({"id": "a", "name": "x"}), accept="valid").state == "accepted"


def test_features_that_cannot_be_read_are_left_out_by_choice(lots: Store, tmp_path: Path) -> None:
    whole = {"type": "Polygon", "coordinates": [[[105.6, 21], [105.61, 21], [105.61, 21.01], [105.6, 21]]]}
    rows = [("a", whole), ("b", {**whole, "type": "Polygone"}), ("c", {**whole, "coordinates": [[[105.6, "x"]]]})]
    features = [
        {"type": "Feature", "properties": {"id": name, "name": name}, "geometry": shape} for name, shape in rows
    ]
    path = tmp_path / "lots.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
    assert receive(lots, path).state == "refused"
    receipt = receive(lots, path, accept="valid")
    assert (receipt.state, receipt.refused, lots.read("lots").index.tolist()) == ("partly_accepted", 2, ["a"])
    assert [(rule, row) for rule, row in found(receipt) if rule == "file-feature"] == [
        ("file-feature", 1),
        ("file-feature", 2),
    ]


def test_rows_without_a_readable_place_are_left_out_by_choice(lots: Store, tmp_path: Path) -> None:
    path = tmp_path / "lots.csv"
    wkt = square(0).wkt
    path.write_text(f'id,name,wkt\na,x,"{wkt}"\nb,y,"POLYGON ((105.6 21, here))"\n', encoding="utf-8")
    assert receive(lots, path, crs="EPSG:4326").state == "refused"
    receipt = receive(lots, path, crs="EPSG:4326", accept="valid")
    assert (receipt.state, receipt.refused, lots.read("lots").index.tolist()) == ("partly_accepted", 1, ["a"])
    assert ("file-coordinates", 1) in found(receipt)


def test_neither_of_two_features_with_one_id_is_taken(lots: Store, delivery: Callable[..., Path]) -> None:
    path = delivery({"id": "a", "name": "x"}, {"id": "b", "name": "y"}, {"id": "a", "name": "z"})
    receipt = receive(lots, path, accept="valid")
    assert (receipt.refused, sorted(lots.read("lots").index)) == (2, ["b"])


def test_an_error_of_a_whole_column_cannot_be_left_out(lots: Store, delivery: Callable[..., Path]) -> None:
    receipt = receive(lots, delivery({"id": "a", "floors": 1}), accept="valid")
    assert receipt.state == "refused"
    assert found(receipt) == [("field-required", None)]


def test_rows_are_those_of_the_file_behind_a_filter(lots: Store, delivery: Callable[..., Path]) -> None:
    path = delivery(
        {"id": "a", "name": "x", "kind": "road"}, {"id": "b", "name": "y", "kind": "lot"}, {"id": "c", "kind": "lot"}
    )
    mapping = ColumnMapping(layer="lots", id="id", fields={"name": "name"}, only={"kind": ("lot",)})
    receipt = receive(lots, path, mapping=mapping)
    assert (receipt.filtered, found(receipt)) == (1, [("field-required", 2)])
    assert receipt.document("en")["issues"][0]["row"] == 3


def test_what_cannot_be_read_has_a_receipt_too(lots: Store, tmp_path: Path) -> None:
    path = tmp_path / "lots.geojson"
    path.write_text('{"type": "FeatureCollection", "features": [', encoding="utf-8")
    receipt = receive(lots, path)
    assert (receipt.state, found(receipt)) == ("refused", [("file-unreadable", None)])
    assert isinstance(receipt.error, FileUnreadableError)
    assert receipt.file.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    with pytest.raises(MissingFileError):
        receive(lots, tmp_path / "nothing.geojson")


def test_a_choice_that_is_open_stands_in_the_receipt(lots: Store, tmp_path: Path) -> None:
    path = tmp_path / "lots.csv"
    path.write_text("id,name,x,y\na,X,588618.065,2325348.988\nb,Y,588718.065,2325448.988\n", encoding="utf-8")
    receipt = io.validate_file(path, coordinates=("x", "y"))
    assert found(receipt) == [("crs-undecided", None)]
    document = receipt.document("vi")
    assert document["diagnosis"]["verdict"] == "several"
    keys = [choice["key"] for choice in document["diagnosis"]["hypotheses"]]
    assert keys[0] == "EPSG:5897"
    chosen = io.validate_file(path, coordinates=("x", "y"), crs=keys[0])
    assert (chosen.state, chosen.errors) == ("checked", ())
    assert chosen.document("en")["coordinates"]["key"] == "EPSG:5897"


def test_features_that_must_or_must_not_be_there_are_told_in_the_receipt(
    lots: Store, delivery: Callable[..., Path]
) -> None:
    path = delivery({"id": "a", "name": "x"})
    assert found(receive(lots, path, mode="update")) == [("feature-unknown", None)]
    assert receive(lots, path, mode="insert").state == "accepted"
    assert found(receive(lots, path, mode="insert")) == [("feature-exists", None)]


def test_a_file_is_looked_at_for_itself_without_a_layer(delivery: Callable[..., Path]) -> None:
    path = delivery({"any": "x"}, {"any": "y", "geometry": BOW_TIE})
    receipt = io.validate_file(path)
    assert (receipt.state, receipt.layer, receipt.read) == ("checked", None, 2)
    assert ("geometry-invalid", 1) in found(receipt)
    assert receipt.file.layer == "lots"
    assert receipt.issues[0].layer == "lots"


def test_progress_is_told_in_both_languages_and_never_goes_back(lots: Store, delivery: Callable[..., Path]) -> None:
    told: list[tuple[Text, float]] = []
    receive(lots, delivery({"id": "a", "name": "x"}), progress=lambda done, share: told.append((done, share)))
    shares = [share for _, share in told]
    assert shares == sorted(shares)
    assert told[0][0].vi == "Đọc tệp"
    assert told[-1][0].en == "Writing to the store"
    assert all(done.vi != done.en for done, _ in told)


def test_many_issues_of_one_rule_are_counted_in_messages_and_all_in_the_document(
    lots: Store, delivery: Callable[..., Path]
) -> None:
    rows = [{"id": f"l{number}", "name": "x", "floors": -1 - number} for number in range(8)]
    receipt = receive(lots, delivery(*rows))
    assert sum("the value is too small; saw" in line for line in receipt.messages("en")) == 3
    assert "… and 5 more: the value is too small." in receipt.messages("en")
    assert "… và 5 chỗ khác: giá trị quá nhỏ." in receipt.messages("vi")
    assert len(receipt.document("en")["issues"]) == 8
    assert pd.Series([issue["seen"] for issue in receipt.document("en")["issues"]]).tolist() == [
        str(-1 - number) for number in range(8)
    ]
