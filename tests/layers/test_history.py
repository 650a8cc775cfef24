"""What changed, who changed it, and how it was: read from the versions, on both engines."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from layers.definitions import parse_definition
from layers.errors import (
    InvalidFeaturesError,
    UnknownChangesetError,
    UnknownFeatureError,
    UnknownLayerError,
    ValueOutOfRangeError,
)
from layers.history.blaming import blame
from layers.history.model import diff_states
from layers.history.reading import change_counts
from layers.history.restoring import restore, way_back
from layers.schema import typed
from layers.store import Decision, Put, Remove, Store

SITES = """
id = "sites"
title = { vi = "Điểm", en = "Sites" }
theme = "land"
geometry = ["Point", "Polygon"]
[[fields]]
name = "name"
type = "text"
title = { vi = "Tên", en = "Name" }
[[fields]]
name = "floors"
type = "integer"
title = { vi = "Số tầng", en = "Floors" }
[[fields]]
name = "area_ha"
type = "number"
title = { vi = "Diện tích", en = "Area" }
[[fields]]
name = "open"
type = "boolean"
title = { vi = "Mở", en = "Open" }
"""
CODE = """
[[fields]]
name = "code"
type = "text"
title = { vi = "Mã", en = "Code" }
"""
NOTES = """
id = "notes"
title = { vi = "Ghi chú", en = "Notes" }
theme = "reference"
geometry = []
[[fields]]
name = "text"
type = "text"
title = { vi = "Nội dung", en = "Text" }
"""
NAMES = [f"f{number}" for number in range(8)] + ["Đ", "Z", "a b"]


def sites(**rows: dict[str, Any]) -> gpd.GeoDataFrame:
    table = pd.DataFrame({id_: {"geometry": None, **row} for id_, row in rows.items()}).T
    shapes = table.pop("geometry").to_numpy(dtype=object)
    return gpd.GeoDataFrame(table, geometry=shapes, crs="EPSG:4326")


def put(store: Store, *edits: Put | Remove, **options: Any) -> int:
    return store.commit(edits, **{"author": "An", "message": "test", **options}).id


def row(random: np.random.Generator) -> dict[str, Any]:
    x, y = 105.5 + random.random(), 20.5 + random.random()
    shape = [None, shapely.Point(x, y), shapely.box(x, y, x + 0.1, y + 0.1)][random.integers(3)]
    return {
        "name": [None, "", "Hà", "Z"][random.integers(4)],
        "floors": [None, 0, 2**53 + 1][random.integers(3)],
        "area_ha": [None, 0.1 + 0.2, 5.0, 1e-9][random.integers(4)],
        "open": [None, True, False][random.integers(3)],
        "valid_from": [None, dt.date(2030, 12, 31)][random.integers(2)],
        "valid_to": [None, dt.date(2040, 1, 1)][random.integers(2)],
        "geometry": shape,
    }


@pytest.fixture
def lived(store: Store) -> tuple[Store, list[gpd.GeoDataFrame]]:
    """Give a store after many changesets, and the state after each of them."""
    definition = parse_definition(SITES, where="sites.toml")
    store.add_layer(definition)
    store.add_layer(parse_definition(NOTES, where="notes.toml"))
    random = np.random.default_rng(7)
    states = [store.read("sites")]
    for number in range(1, 13):
        there = states[-1].index.tolist()
        if number == 7:
            store.add_layer(parse_definition(SITES + CODE, where="sites.toml"))
        chosen = random.choice(NAMES, size=random.integers(1, 6), replace=False).tolist()
        gone = [id_ for id_ in chosen[:2] if id_ in there]
        edits: list[Put | Remove] = [Remove("sites", gone)] if gone else []
        written = {
            id_: row(random) | ({"code": str(number)} if number > 7 else {}) for id_ in chosen if id_ not in gone
        }
        if written:
            edits.append(Put("sites", sites(**written)))
        if number % 5 == 0:
            edits.append(Put("notes", sites(n={"text": str(number)})))
        put(store, *edits)
        states.append(store.read("sites"))
    final = store.definition("sites")
    return store, [typed(final, state) for state in states]


def same(one: gpd.GeoDataFrame, other: gpd.GeoDataFrame) -> None:
    pd.testing.assert_frame_equal(
        pd.DataFrame(one.drop(columns="geometry")), pd.DataFrame(other.drop(columns="geometry"))
    )
    assert one.geometry.to_wkb().tolist() == other.geometry.to_wkb().tolist()


SELECTIONS: list[dict[str, Any]] = [
    {},
    {"horizon": 2029},
    {"horizon": 2050},
    {"bbox": (105.4, 20.4, 106.1, 21.1)},
    {"ids": ["f1", "Đ", "nobody"]},
    {"where": {"name": "Hà"}},
    {"where": {"name": None}},
    {"where": {"open": False}},
    {"where": {"area_ha": 5.0}},
    {"where": {"floors": 2**53 + 1, "valid_to": dt.date(2040, 1, 1)}},
    {"bbox": (105.4, 20.4, 106.1, 21.1), "horizon": 2035, "where": {"open": True}},
]


def expected(state: gpd.GeoDataFrame, wanted: dict[str, Any]) -> gpd.GeoDataFrame:
    keep = np.ones(len(state), dtype=bool)
    if "horizon" in wanted:
        day = pd.Timestamp(wanted["horizon"], 12, 31)
        keep &= (state["valid_from"].isna() | (state["valid_from"] <= day)).to_numpy()
        keep &= (state["valid_to"].isna() | (state["valid_to"] >= day)).to_numpy()
    if "bbox" in wanted:
        keep &= state.geometry.intersects(shapely.box(*wanted["bbox"])).to_numpy()
    if "ids" in wanted:
        keep &= state.index.isin(wanted["ids"])
    for name, value in wanted.get("where", {}).items():
        asked = pd.Timestamp(value) if isinstance(value, dt.date) else value
        keep &= (state[name].isna() if value is None else (state[name] == asked).fillna(False)).to_numpy(dtype=bool)
    found = state[keep]
    return found.loc[sorted(found.index)]


def test_every_question_means_the_same_in_every_state(lived: tuple[Store, list[gpd.GeoDataFrame]]) -> None:
    store, states = lived
    for changeset, state in enumerate(states):
        for wanted in SELECTIONS if changeset % 3 == 0 or changeset == 11 else SELECTIONS[:1]:
            there = expected(state, wanted)
            same(store.read("sites", as_of=changeset, **wanted), there)
            assert store.count("sites", as_of=changeset, **wanted) == len(there)
            extent = store.extent("sites", as_of=changeset, **wanted)
            known = there.geometry.dropna()
            assert extent.bounds == (tuple(known.total_bounds) if len(known) else None)
            assert extent.features == len(there)
            assert extent.start == (there["valid_from"].min().date() if there["valid_from"].notna().any() else None)
            page = store.page("sites", as_of=changeset, limit=3, **wanted)
            walked, after = [page.features], page.after
            while after is not None:
                page = store.page("sites", as_of=changeset, limit=3, after=after, **wanted)
                walked.append(page.features)
                after = page.after
            assert page.matched == len(there)
            same(cast("gpd.GeoDataFrame", pd.concat(walked)), there)


def test_an_overlay_over_the_current_state_is_the_earlier_one(lived: tuple[Store, list[gpd.GeoDataFrame]]) -> None:
    store, states = lived
    for changeset, state in enumerate(states):
        over = store.overlay("sites", as_of=changeset)
        assert over.removed.issuperset(over.features.index)
        same(over.apply(store.read("sites")), state.loc[sorted(state.index)])
    assert store.overlay("sites").empty
    assert store.overlay("sites", as_of=len(states) - 1).empty


def test_a_page_of_an_earlier_state_stays_while_others_write(lived: tuple[Store, list[gpd.GeoDataFrame]]) -> None:
    store, states = lived
    latest = len(states) - 1
    first = store.page("sites", as_of=latest, limit=2)
    put(store, Put("sites", sites(**{str(id_): {"name": "khác"} for id_ in states[-1].index} | {"f0a": {}})))
    rest = store.page("sites", as_of=latest, limit=100, after=first.after)
    walked = pd.concat([first.features, rest.features])
    same(cast("gpd.GeoDataFrame", walked), states[-1].loc[sorted(states[-1].index)])


def test_a_diff_is_that_of_the_two_states(lived: tuple[Store, list[gpd.GeoDataFrame]]) -> None:
    store, states = lived
    definition = store.definition("sites")
    for a in range(len(states)):
        for b in (0, 1, a, (a + 5) % len(states), len(states) - 1):
            found = store.diff(a, b, layers=["sites"]).layers.get("sites")
            wanted = diff_states(definition, states[a], states[b])
            if found is None:
                assert len(wanted) == 0
                continue
            same(found.before.sort_index(), wanted.before.sort_index())
            same(found.after.sort_index(), wanted.after.sort_index())
    whole = store.diff(0, len(states) - 1)
    assert list(whole.layers) == [layer for layer in store.layers() if layer in whole.layers]
    assert whole.layers["notes"].fields("n") == {"text": (None, "10")}
    assert store.diff(3, 3).layers == {}
    assert len(store.diff(4, 5)) == len(store.diff(5, 4).invert())


def test_diffs_by_moment_and_of_what_is_not_there(lived: tuple[Store, list[gpd.GeoDataFrame]]) -> None:
    store, states = lived
    moment = store.changesets()[-1].time
    assert len(store.diff(moment, len(states) - 1)) == 0
    with pytest.raises(UnknownChangesetError):
        store.diff(0, 99)
    with pytest.raises(UnknownLayerError):
        store.diff(0, 1, layers=["nothing"])


def test_counts_of_changesets_are_those_of_their_diffs(lived: tuple[Store, list[gpd.GeoDataFrame]]) -> None:
    store, _ = lived
    with store.core.reading() as connection:
        counts = change_counts(store.core, connection, 3, 10)
    assert list(counts) == list(range(4, 11))
    for number, of in counts.items():
        assert sum(sum(one.values()) for one in of.values()) == store.changesets_of([number])[0].features
        assert {layer: diff.counts for layer, diff in store.diff(number - 1, number).layers.items()} == of


def test_the_record_is_read_page_by_page(lived: tuple[Store, list[gpd.GeoDataFrame]]) -> None:
    store, _ = lived
    assert [entry.id for entry in store.changesets(newest_first=True, limit=3)] == [12, 11, 10]
    assert [entry.id for entry in store.changesets(newest_first=True, limit=3, before=10)] == [9, 8, 7]
    assert [entry.id for entry in store.changesets()] == list(range(1, 13))
    with pytest.raises(UnknownChangesetError, match="99"):
        store.changesets_of([1, 99])


@pytest.fixture
def told(store: Store) -> Store:
    store.add_layer(parse_definition(SITES, where="sites.toml"))
    store.add_layer(parse_definition(NOTES, where="notes.toml"))
    square = shapely.box(105.8, 21.0, 105.81, 21.01)
    put(store, Put("sites", sites(x={"name": "Một", "floors": 1, "geometry": square}, y={"name": "Hai"})), author="An")
    put(store, Put("sites", sites(x={"name": "Một", "floors": 2, "geometry": square})), author="Bình",
        decision=Decision("12/QĐ", dt.date(2026, 1, 2)))  # fmt: skip
    put(store, Put("sites", sites(x={"name": "Một", "geometry": shapely.Point(105.8, 21)})), author="Chi")
    put(store, Remove("sites", ["y"]), Put("notes", sites(n={"text": "một"})), author="Dũng")
    return store


def test_blame_names_the_changeset_that_last_set_each_attribute(told: Store) -> None:
    found = blame(told, "sites", "x")
    assert {name: one.changeset.author for name, one in found.attributes.items()} == {
        "name": "An", "floors": "Chi", "geometry": "Chi",
    }  # fmt: skip
    assert found.attributes["floors"].value is None
    assert found.attributes["geometry"].value == shapely.Point(105.8, 21)
    assert (found.inserted.id, found.deleted) == (1, None)
    earlier = blame(told, "sites", "x", as_of=2)
    assert earlier.attributes["floors"].value == 2
    assert earlier.attributes["floors"].changeset.decision == Decision("12/QĐ", dt.date(2026, 1, 2))
    assert earlier.attributes["geometry"].changeset.id == 1


def test_blame_of_a_feature_that_went_and_came_again(told: Store) -> None:
    gone = blame(told, "sites", "y")
    assert gone.deleted is not None
    assert (gone.deleted.author, gone.attributes["name"].value) == ("Dũng", "Hai")
    put(told, Put("sites", sites(y={"name": "Hai"})), author="Em")
    again = blame(told, "sites", "y")
    assert (again.deleted, again.inserted.author, again.attributes["name"].changeset.author) == (None, "Em", "Em")
    for id_, as_of in (("nobody", None), ("n", None), ("x", 0)):
        with pytest.raises(UnknownFeatureError):
            blame(told, "sites", id_, as_of=as_of)


def test_a_whole_store_is_made_again_as_it_was(told: Store) -> None:
    states = {layer: told.read(layer, as_of=1) for layer in ("sites", "notes")}
    back = restore(told, 1, author="An", message="Trở lại")
    assert back is not None
    assert (back.id, back.features, back.message) == (5, 3, "Trở lại")
    for layer, state in states.items():
        same(told.read(layer, as_of=5), state)
    assert restore(told, 1, author="An", message="Trở lại") is None
    assert told.latest() == 5
    assert len(told.diff(1, 5)) == 0


def test_a_layer_or_a_feature_is_made_again_as_it_was(told: Store) -> None:
    assert list(way_back(told, 2, layers=["sites"]).layers) == ["sites"]
    restore(told, 2, author="An", message="x", layers=["sites"], ids=["x"])
    assert (told.read("sites").index.tolist(), told.read("sites").loc["x", "floors"]) == (["x"], 2)
    restore(told, 2, author="An", message="sites", layers=["sites"])
    assert sorted(told.read("sites").index) == ["x", "y"]
    assert told.count("notes") == 1
    with pytest.raises(UnknownFeatureError, match="'nobody'"):
        restore(told, 2, author="An", message="x", layers=["sites"], ids=["nobody"])
    with pytest.raises(ValueOutOfRangeError, match="one layer"):
        restore(told, 2, author="An", message="x", ids=["x"])


def test_what_breaks_the_definition_of_today_is_not_made_again(told: Store) -> None:
    strict = parse_definition(SITES.replace('en = "Floors" }', 'en = "Floors" }\nmaximum = 1'), where="sites.toml")
    told.add_layer(strict)
    with pytest.raises(InvalidFeaturesError):
        restore(told, 2, author="An", message="x", layers=["sites"])
    assert told.latest() == 4


def test_restoring_takes_in_what_others_wrote_meanwhile(told: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    read = Store.diff
    interrupted: list[int] = []

    def diff(self: Store, *args: Any, **options: Any) -> Any:
        found = read(self, *args, **options)
        if not interrupted:
            interrupted.append(put(self, Put("notes", sites(m={"text": "xen vào"})), author="Em"))
        return found

    monkeypatch.setattr(Store, "diff", diff)
    back = restore(told, 1, author="An", message="Trở lại")
    assert back is not None
    assert back.id == 6
    assert told.count("notes") == 0
