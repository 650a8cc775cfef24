"""A view of a store shows what may be seen, hides the rest in every way out, and loses nothing in writing."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from layers.definitions import LayerDefinition, parse_definition
from layers.errors import (
    DefinitionError,
    HiddenValueError,
    InvalidFeaturesError,
    NotAllowedError,
    UnknownFieldError,
    UnknownLayerError,
)
from layers.schema import json_schema, queryables, typed
from layers.store import Edit, Put, Remove, Sight, Store, StoreView, completed

LOTS = """
id = "lots"
title = { vi = "Lô đất", en = "Lots" }
theme = "land"
geometry = ["Point"]
label = { vi = "name", en = "name" }
fields = [
  { name = "name", type = "text", title = { vi = "Tên", en = "Name" } },
  { name = "price", type = "integer", title = { vi = "Giá", en = "Price" }, minimum = 0, restricted = true },
  { name = "deal", type = "text", title = { vi = "Đàm phán", en = "Deal" }, restricted = true },
  { name = "agreed", type = "date", title = { vi = "Ngày", en = "Agreed" }, restricted = true },
  { name = "open", type = "boolean", title = { vi = "Mở", en = "Open" }, restricted = true },
]
"""
OTHER = """
id = "notes"
title = { vi = "Ghi chú", en = "Notes" }
theme = "reference"
fields = [{ name = "text", type = "text", title = { vi = "Nội dung", en = "Text" } }]
"""
PUBLIC = Sight(layers=None, restricted=frozenset())


def lots() -> tuple[LayerDefinition, gpd.GeoDataFrame]:
    definition = parse_definition(LOTS, where="lots.toml")
    rows: dict[str, list[Any]] = {
        "name": ["một", "hai"],
        "price": [7_654_321, None],
        "deal": ["bí mật", None],
        "agreed": ["2026-01-02", None],
        "open": [False, None],
    }
    shapes = gpd.GeoSeries([shapely.Point(105.8, 21.0), shapely.Point(105.9, 21.1)], index=["a", "b"], crs="EPSG:4326")
    frame = pd.DataFrame(rows, index=["a", "b"])
    return definition, typed(definition, gpd.GeoDataFrame(frame, geometry=shapes))


@pytest.fixture
def filled(store: Store) -> Store:
    definition, features = lots()
    notes = parse_definition(OTHER, where="notes.toml")
    store.add_layer(definition)
    store.add_layer(notes)
    store.commit([Put("lots", features)], author="T", message="Nạp")
    return store


def test_restricted_fields_are_in_no_definition_frame_schema_or_history(filled: Store) -> None:
    view = StoreView(filled, PUBLIC)
    assert [field.name for field in view.definition("lots").fields] == ["name"]
    assert [field.name for field in view.layers()["lots"].fields] == ["name"]
    hidden = {"price", "deal", "agreed", "open"}
    assert hidden.isdisjoint(view.read("lots").columns)
    assert hidden.isdisjoint(view.read("lots", as_of=1).columns)
    assert hidden.isdisjoint(view.page("lots").features.columns)
    assert hidden.isdisjoint(view.history("lots", "a")[0].attributes)
    assert hidden.isdisjoint(json_schema(view.definition("lots"), "en")["properties"])
    assert hidden.isdisjoint(queryables(view.definition("lots"), "en")["properties"])
    assert hidden.issubset(filled.read("lots").columns)


@pytest.mark.parametrize("field", ["price", "deal"])
def test_nobody_finds_out_by_asking(filled: Store, field: str) -> None:
    """A filter on a value tells it as well as showing it does; the error does not name what is hidden either."""
    view = StoreView(filled, PUBLIC)
    for ask in (view.read, view.count, view.page):
        with pytest.raises(UnknownFieldError) as caught:
            ask("lots", where={field: 7_654_321})
        assert "deal" not in str(caught.value.wanted)
    with pytest.raises(UnknownFieldError):
        view.read("lots", as_of=1, where={field: 7_654_321})


def test_a_layer_that_is_not_granted_is_not_there(filled: Store) -> None:
    view = StoreView(filled, Sight(layers=frozenset({"lots"}), restricted=frozenset()))
    assert list(view.layers()) == ["lots"]
    for ask in (view.definition, view.read, view.count, view.page, view.extent):
        with pytest.raises(UnknownLayerError) as caught:
            ask("notes")
        assert caught.value.wanted == "lots"
    with pytest.raises(UnknownLayerError, match="'nothing'"):
        view.read("nothing")
    with pytest.raises(UnknownLayerError):
        view.commit([Remove("notes", ["n"])], author="T", message="m")


def test_who_sees_the_restricted_fields_of_a_layer_sees_the_layer_itself(filled: Store) -> None:
    view = StoreView(filled, Sight(layers=None, restricted=frozenset({"lots"})))
    assert view.definition("lots") is filled.definition("lots")
    assert view.read("lots").loc["a", "price"] == 7_654_321
    assert Sight().all
    assert not PUBLIC.all


def test_writing_through_a_view_keeps_what_it_does_not_show(filled: Store) -> None:
    view = StoreView(filled, PUBLIC)
    seen = view.read("lots")
    changed = seen.assign(name=["một mới", "hai"])
    extra = seen.iloc[:1].rename(index={"a": "c"}).assign(name="ba")
    whole = pd.concat([changed, extra])
    done = view.commit([Put("lots", whole, "replace")], author="T", message="Đổi tên")
    assert done.features == 2
    now = filled.read("lots")
    assert now.loc["a", ["name", "price", "deal"]].tolist() == ["một mới", 7_654_321, "bí mật"]
    assert str(now.loc["a", "agreed"].date()) == "2026-01-02"
    assert now.loc["a", "open"] is not pd.NA
    assert not now.loc["a", "open"]
    assert pd.isna(now.loc["c", "price"])
    assert filled.history("lots", "a")[-1].attributes["price"] == 7_654_321


def test_a_partial_edit_through_a_view_speaks_of_what_is_seen_only(filled: Store) -> None:
    view = StoreView(filled, PUBLIC)
    only = view.read("lots", ids=["a"])[["name", "geometry"]].assign(name="phần")
    view.commit([Put("lots", only, "update", fields=["name"])], author="T", message="m")
    assert filled.read("lots").loc["a", ["name", "price"]].tolist() == ["phần", 7_654_321]
    with pytest.raises(UnknownFieldError):
        view.commit([Put("lots", only, "update", fields=["price"])], author="T", message="m")


def test_a_hidden_field_cannot_be_written_through_a_view(filled: Store) -> None:
    view = StoreView(filled, PUBLIC)
    with pytest.raises(InvalidFeaturesError, match="price"):
        view.commit([Put("lots", filled.read("lots").assign(price=1))], author="T", message="m")
    assert filled.read("lots").loc["a", "price"] == 7_654_321


def test_a_hidden_value_that_breaks_a_rule_is_not_told(filled: Store) -> None:
    definition, _ = lots()
    stricter = definition.model_copy(
        update={
            "fields": tuple(
                f.model_copy(update={"maximum": 5.0}) if f.name == "price" else f for f in definition.fields
            )
        }
    )
    filled.add_layer(stricter)
    view = StoreView(filled, PUBLIC)
    with pytest.raises(HiddenValueError) as caught:
        view.commit([Put("lots", view.read("lots").assign(name="x"))], author="T", message="m")
    assert "7654321" not in caught.value.message("vi") + caught.value.message("en")
    assert caught.value.__cause__ is None
    assert "may not see" in caught.value.message("en")


def test_a_view_adds_no_layer_and_closes_nothing(filled: Store) -> None:
    view = StoreView(filled, PUBLIC)
    with pytest.raises(NotAllowedError) as caught:
        view.add_layer(view.definition("lots"))
    assert caught.value.message("en") == "add_layer: not allowed for lots; wanted sight of every layer and field."
    assert caught.value.message("vi").startswith("add_layer: không có quyền với lots")
    view.close()
    assert filled.count("lots") == 2


def test_edits_are_completed_for_those_who_keep_them(filled: Store) -> None:
    view = StoreView(filled, PUBLIC)
    edits: list[Edit] = [Put("lots", view.read("lots", ids=["a"])), Remove("lots", ["b"])]
    put, remove = completed(view, edits)
    assert isinstance(put, Put)
    assert put.features.loc["a", "price"] == 7_654_321  # type: ignore[union-attr]
    assert remove == edits[1]
    assert completed(filled, edits) == edits


@pytest.mark.parametrize(
    "changed",
    [
        ('title = { vi = "Giá", en = "Price" },', 'title = { vi = "Giá", en = "Price" }, required = true,'),
        ('label = { vi = "name", en = "name" }', 'label = { vi = "deal", en = "name" }'),
        ('theme = "land"', 'theme = "land"\ntopology = { within = "deal" }'),
    ],
)
def test_a_restricted_field_is_not_required_and_names_nothing(changed: tuple[str, str]) -> None:
    with pytest.raises(DefinitionError, match="restricted"):
        parse_definition(LOTS.replace(*changed), where="lots.toml")


def test_what_a_wide_view_has_noted_is_not_found_by_a_narrow_one(filled: Store) -> None:
    """Stores keep tables, extents and totals in memory; a view has a memory of its own."""
    filled.read("lots"), filled.extent("lots"), filled.page("lots")
    first, second = StoreView(filled, PUBLIC), StoreView(filled, Sight())
    second.read("lots")
    assert "price" not in first.read("lots").columns
    shared = [
        name
        for name, value in vars(first.core).items()
        if isinstance(value, dict) and value is getattr(filled.core, name, None)
    ]
    assert shared == []
