"""Who may read within an area sees what reaches into it, in every way out, and nothing of the rest."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import geopandas as gpd
import pytest
import shapely

from layers.definitions import LayerDefinition, parse_definition
from layers.errors import FeatureExistsError, NotAllowedError, UnknownFeatureError
from layers.history.reading import change_counts
from layers.merge import Resolution
from layers.people import Access, Grant
from layers.proposals import (
    change_summary,
    create_proposal,
    edit_proposal,
    list_events,
    merge_proposal,
    proposal_changes,
    proposal_diff,
    receive_changes,
    resolve_conflicts,
)
from layers.receipts import Receipt
from layers.schema import typed
from layers.search import search
from layers.store import Ground, Put, Remove, Sight, Store, StoreView
from layers.store.pages import feature_page, feature_text
from layers.store.sorting import SortKey
from layers.tiles import tile_grid
from layers.tiles.asking import TileSelection
from layers.tiles.maker import TileMaker

LOTS = """
id = "lots"
title = { vi = "Lô đất", en = "Lots" }
theme = "land"
geometry = ["Point", "Polygon"]
label = { vi = "name", en = "name" }
fields = [
  { name = "name", type = "text", title = { vi = "Tên", en = "Name" } },
  { name = "price", type = "integer", title = { vi = "Giá", en = "Price" }, restricted = true },
]
"""
FACTS = """
id = "facts"
title = { vi = "Dữ kiện", en = "Facts" }
theme = "reference"
fields = [
  { name = "layer", type = "text", title = { vi = "Lớp", en = "Layer" } },
  { name = "feature", type = "text", title = { vi = "Đối tượng", en = "Feature" } },
  { name = "field", type = "text", title = { vi = "Trường", en = "Field" } },
  { name = "value", type = "text", title = { vi = "Giá trị", en = "Value" } },
]
"""
AREA = shapely.box(105.0, 20.0, 106.0, 21.0)
INSIDE = Ground(frozenset({"lots"}), shapely.to_wkb(AREA))
#: Facts are read everywhere, lots in the area.
READER = Sight(
    layers=None,
    restricted=frozenset(),
    grounds=frozenset({INSIDE, Ground(frozenset({"facts", "notes"}), None)}),
)


def _frame(
    definition: LayerDefinition, rows: dict[str, list[Any]], shapes: list[Any], ids: list[str]
) -> gpd.GeoDataFrame:
    return typed(definition, gpd.GeoDataFrame(rows, geometry=shapes, index=ids, crs="EPSG:4326"))


@pytest.fixture
def filled(store: Store) -> Store:
    """Lots in the area, across its edge, outside, and without a place; one that moves out, one that moves in."""
    lots, facts = parse_definition(LOTS, where="lots.toml"), parse_definition(FACTS, where="facts.toml")
    store.add_layer(lots)
    store.add_layer(facts)
    ids = ["across", "in", "leaver", "nowhere", "out", "comer"]
    shapes = [
        shapely.box(105.9, 20.4, 106.2, 20.6),
        shapely.Point(105.5, 20.5),
        shapely.Point(105.2, 20.2),
        None,
        shapely.Point(107.5, 22.5),
        shapely.Point(107.0, 22.0),
    ]
    rows: dict[str, list[Any]] = {"name": [f"Lô {id_}" for id_ in ids], "price": [11, 22, 33, 44, 55, 66]}
    first = _frame(lots, rows, shapes, ids)
    store.commit([Put("lots", first)], author="T", message="1")
    moved = first.loc[["leaver", "comer"]].set_geometry([shapely.Point(107.0, 22.0), shapely.Point(105.2, 20.3)])
    store.commit([Put("lots", moved)], author="T", message="2")
    store.commit([Put("lots", first.loc[["out"]].assign(name="Lô xa"))], author="T", message="3")
    told = [("lots", "in", "name"), ("lots", "in", "price"), (" LOTS", "in", "Price "), ("lots", "out", "name")]
    told += [("other", "x", "y"), ("lots", "across", "geometry")]
    layers, features, fields = (list(column) for column in zip(*told, strict=True))
    values = {"layer": layers, "feature": features, "field": fields, "value": [f"v{i}" for i in range(len(told))]}
    frame = _frame(facts, values, [None] * len(told), [f"f{i}" for i in range(len(told))])
    store.commit([Put("facts", frame)], author="T", message="4")
    return store


def test_every_question_is_answered_with_what_reaches_into_the_area(filled: Store) -> None:
    view = StoreView(filled, READER)
    now, then = ["across", "comer", "in"], ["across", "in", "leaver"]
    assert sorted(view.read("lots").index) == now
    assert sorted(view.read("lots", as_of=1).index) == then
    assert sorted(view.read("lots", as_of=4).index) == now
    assert view.count("lots") == 3
    assert view.count("lots", bbox=(104.0, 19.0, 108.0, 23.0)) == 3
    assert view.read("lots", bbox=(107.0, 21.0, 108.0, 23.0)).empty
    assert view.read("lots", ids=["out", "nowhere", "leaver"]).empty
    assert view.count("lots", where={"name": "Lô xa"}) == 0
    page = view.page("lots", limit=2)
    assert page.matched == 3
    following = view.page("lots", limit=2, after=page.after)
    assert [*page.features.index, *following.features.index] == ["across", "in", "comer"]
    by_name = (SortKey("name"),)
    assert view.page("lots", sort=by_name).features.index.tolist() == ["across", "comer", "in"]


def test_extents_tell_of_nothing_outside(filled: Store) -> None:
    view = StoreView(filled, READER)
    found = view.extent("lots")
    assert found.bounds == (105.2, 20.3, 106.2, 20.6)
    assert found.features == 3
    assert filled.extent("lots").features == 6
    assert view.extent("lots", as_of=1).bounds == (105.2, 20.2, 106.2, 20.6)


def test_pages_of_text_and_single_features_are_bound_and_cached_for_nobody_else(filled: Store) -> None:
    view = StoreView(filled, READER)
    # First everything, so that whatever is kept is there to be found.
    assert feature_page(filled, "lots").matched == 6
    assert feature_text(filled, "lots", "out").attributes["name"] == "Lô xa"
    page = feature_page(view, "lots", sort=(SortKey("name"),))
    assert page.matched == 3
    assert b"xa" not in b"".join(page.features)
    assert b"price" not in b"".join(page.features)
    with pytest.raises(UnknownFeatureError):
        feature_text(view, "lots", "out")
    assert feature_text(view, "lots", "in").attributes["name"] == "Lô in"
    assert feature_page(filled, "lots").matched == 6


def test_the_record_tells_what_came_into_sight_and_what_left_it(filled: Store) -> None:
    view = StoreView(filled, READER)
    diff = view.diff(1, 4, layers=["lots"]).layers["lots"]
    assert (diff.inserted.tolist(), diff.deleted.tolist(), diff.updated.tolist()) == (["comer"], ["leaver"], [])
    assert not len(view.diff(2, 3))
    with view.core.reading() as connection:
        counts = change_counts(view.core, connection, 0, 4)
    assert counts[1]["lots"] == {"insert": 3, "update": 0, "delete": 0}
    assert counts[2]["lots"] == {"insert": 1, "update": 0, "delete": 1}
    assert 3 not in counts
    assert [(one.changeset, one.operation) for one in view.history("lots", "leaver")] == [(1, "insert"), (2, "delete")]
    assert [(one.changeset, one.operation) for one in view.history("lots", "comer")] == [(2, "insert")]
    with pytest.raises(UnknownFeatureError):
        view.history("lots", "out")


def test_facts_are_seen_where_what_they_tell_of_is(filled: Store) -> None:
    view = StoreView(filled, READER)
    assert sorted(view.read("facts").index) == ["f0", "f4", "f5"]
    assert view.count("facts") == 3
    assert sorted(StoreView(filled, Sight(None, frozenset())).read("facts").index) == ["f0", "f3", "f4", "f5"]
    hidden = Sight(layers=frozenset({"facts"}), restricted=None)
    assert sorted(StoreView(filled, hidden).read("facts", as_of=4).index) == ["f4"]
    assert feature_page(view, "facts").matched == 3
    with pytest.raises(UnknownFeatureError):
        view.history("facts", "f1")
    assert sorted(filled.read("facts").index) == [f"f{i}" for i in range(6)]


def test_an_area_reaches_no_layer_without_places(filled: Store) -> None:
    view = StoreView(filled, Sight(None, frozenset(), frozenset({Ground(None, shapely.to_wkb(AREA))})))
    assert view.count("facts") == 0
    assert view.extent("facts").features == 0


def test_searching_finds_nothing_outside(filled: Store) -> None:
    view = StoreView(filled, READER)
    assert [hit.feature_id for hit in search(filled, "lo xa")] == ["out"]
    assert search(view, "lo xa") == []
    assert search(view, "out") == []
    assert {hit.feature_id for hit in search(view, "lo")} == {"across", "comer", "in"}


def test_proposals_are_seen_as_far_as_they_reach_into_the_area(filled: Store) -> None:
    proposal = create_proposal(filled, "Đề xuất", author="T").id
    lots = filled.read("lots")
    moved = lots.loc[["in", "out"]].set_geometry([shapely.Point(107.1, 22.1), shapely.Point(105.3, 20.3)])
    kept = lots.loc[["leaver"]].assign(name="Lô khác")
    edits: list[Put | Remove] = [Put("lots", moved), Put("lots", kept), Remove("lots", ["across", "nowhere"])]
    edit_proposal(filled, proposal, edits, author="T")
    view = StoreView(filled, READER)
    assert sorted(view.read("lots", proposal=proposal).index) == ["comer", "out"]
    assert change_summary(view, proposal) == {"lots": {"insert": 1, "update": 0, "delete": 2}}
    changes = proposal_changes(view, proposal)["lots"]
    assert (changes.features.index.tolist(), sorted(changes.deleted)) == (["out"], ["across", "in"])
    diff = proposal_diff(view, proposal).layers["lots"]
    assert (diff.inserted.tolist(), sorted(diff.deleted)) == (["out"], ["across", "in"])
    assert change_summary(filled, proposal) == {"lots": {"insert": 0, "update": 3, "delete": 2}}


def test_tiles_are_drawn_for_each_sight_by_itself(filled: Store, tmp_path: Any) -> None:
    maker, tile = TileMaker(tmp_path), tile_grid("WebMercatorQuad").tile(0, 0, 0)
    whole = maker.tile(filled, ["lots"], tile, TileSelection())
    bound = maker.tile(StoreView(filled, READER), ["lots"], tile, TileSelection())
    everywhere = maker.tile(StoreView(filled, Sight(None, frozenset())), ["lots"], tile, TileSelection())
    assert [one.drawn[0].features for one in (whole, bound, everywhere)] == [5, 3, 5]
    assert b"out" not in bound.data
    earlier = maker.tile(StoreView(filled, READER), ["lots"], tile, TileSelection(as_of=1))
    assert b"leaver" in earlier.data
    assert b"comer" not in earlier.data
    filled.commit([Remove("lots", ["in", "out"])], author="T", message="5")
    assert maker.tile(StoreView(filled, READER), ["lots"], tile, TileSelection()).drawn[0].features == 2


def test_what_is_not_seen_is_not_changed_either(filled: Store) -> None:
    view = StoreView(filled, READER)
    mine = view.read("lots", ids=["in"])
    stolen = mine.rename(index={"in": "out"})
    for edit, refusal in (
        (Put("lots", stolen), FeatureExistsError),
        (Put("lots", stolen, "insert"), FeatureExistsError),
        (Put("lots", stolen, "update"), UnknownFeatureError),
        (Remove("lots", ["out"]), UnknownFeatureError),
        (Put("lots", mine, "replace"), NotAllowedError),
    ):
        with pytest.raises(refusal):
            view.commit([edit], author="T", message="m")
        with pytest.raises(refusal):
            view.completed([edit])
    view.commit([Put("lots", mine.assign(name="mới"), "update")], author="T", message="m")
    assert filled.read("lots").loc["in", ["name", "price"]].tolist() == ["mới", 22]
    assert filled.count("lots") == 6


def test_grants_add_up_to_one_sight() -> None:
    here, there = shapely.box(0, 0, 1, 1), shapely.box(2, 0, 3, 1)
    bound = Access((Grant("viewer", None, here, confined=True), Grant("viewer", None, there, confined=True)))
    area = bound.sight.area("lots")
    assert area is not None
    assert area.equals(shapely.union_all([here, there]))
    assert not bound.sight.all
    assert bound.sight == Access(tuple(reversed(bound.grants))).sight
    wide = Access((*bound.grants, Grant("viewer", frozenset({"roads"}))))
    assert wide.sight.area("roads") is None
    assert wide.sight.area("lots") is not None
    # What was granted before reading could end at an area goes on to mean the same.
    assert Access((Grant("institute", None, here),)).sight.area("lots") is None
    assert Access((Grant("institute", frozenset({"lots"}), here, confined=True),)).sight.layers == frozenset(["lots"])
    assert bound.limited(["propose"]).sight.layers == frozenset()


def test_what_was_resolved_is_told_to_those_who_see_it(filled: Store) -> None:
    """A resolution notes a value; whoever does not see the field, the feature or the layer does not read it there."""
    proposal = create_proposal(filled, "Đề xuất", author="T").id
    lots = filled.read("lots")
    edit_proposal(filled, proposal, [Put("lots", lots.loc[["in", "out"]].assign(price=7, name="a"))], author="T")
    filled.commit([Put("lots", lots.loc[["in", "out"]].assign(price=8, name="b"))], author="T", message="m")
    chosen = [Resolution("value", field="price", value=918273), Resolution("theirs", field="name")]
    assert not len(resolve_conflicts(filled, proposal, chosen, author="T").merge.conflicts.open)

    def told(store: Store) -> list[tuple[str, str]]:
        detail = list_events(store, proposal)[-1].detail
        return sorted((one["feature_id"], one["field"]) for one in detail["resolutions"])

    assert told(filled) == [("in", "name"), ("in", "price"), ("out", "name"), ("out", "price")]
    assert told(StoreView(filled, Sight(None, frozenset()))) == [("in", "name"), ("out", "name")]
    view = StoreView(filled, READER)
    assert told(view) == [("in", "name")]
    assert "918273" not in str([event.document() for event in list_events(view, proposal)])
    # What stands for its reader is merged as he sees it.
    seen = merge_proposal(view, proposal).merge.conflicts
    assert set(seen.rows["feature_id"]) == {"in"}
    assert set(seen.rows["field"]) == {"name"}
    assert not len(seen.open)


def test_a_file_goes_into_a_proposal_as_far_as_its_sender_may_offer_changes(filled: Store, tmp_path: Path) -> None:
    """A whole file or nothing: one feature beyond the area, now or as it was, refuses it, and the receipt says so."""
    access = Access((Grant("institute", frozenset({"lots"}), AREA, confined=True),))
    proposal = create_proposal(filled, "Đề xuất", author="Viện").id

    def sent(**places: tuple[float, float]) -> Receipt:
        features = [
            {
                "type": "Feature",
                "id": id_,
                "properties": {"id": id_, "name": f"Mới {id_}"},
                "geometry": {"type": "Point", "coordinates": place},
            }
            for id_, place in places.items()
        ]
        path = tmp_path / "lots.geojson"
        path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")
        seen = StoreView(filled, access.sight)
        reach = functools.partial(access.reaches, "propose")
        options: dict[str, Any] = {"author": "Viện", "message": "m", "seen": seen, "reach": reach}
        return receive_changes(filled, proposal, path, "lots", **options)[1]

    inside = sent(fresh=(105.4, 20.4))
    assert inside.state == "accepted"
    for beyond in ({"far": (105.4, 22.4)}, {"fresh": (107.4, 22.4)}, {"here": (105.1, 20.1), "far": (108.0, 22.0)}):
        refused = sent(**beyond)
        assert refused.state == "refused"
        assert [one.rule for one in refused.issues if one.severity == "error"][-1] == "feature-beyond"
    # Somebody else's feature beyond the area is not taken by its id either.
    assert sent(out=(105.4, 20.4)).state == "refused"
    assert sorted(proposal_changes(filled, proposal)["lots"].features.index) == ["fresh"]
    assert filled.count("lots") == 6
