"""The store's promises, on both engines: what is written is read, nothing is lost, every state can be seen again."""

from __future__ import annotations

import datetime as dt
import sqlite3
import threading
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import pandas as pd
import psycopg
import pyogrio
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url

from layers.definitions import LayerDefinition, parse_definition
from layers.errors import (
    ConflictingDefinitionError,
    CrsError,
    FeatureExistsError,
    InvalidFeaturesError,
    StoreUnreachableError,
    UnknownChangesetError,
    UnknownFeatureError,
    UnknownFieldError,
    UnknownLayerError,
    ValueOutOfRangeError,
)
from layers.store import Decision, Put, Remove, Store, open_store
from layers.time import Interval

SITES = """
id = "sites"
theme = "parks"
geometry = ["Point", "Polygon"]
title = {vi = "Khu", en = "Sites"}
fields = [
  {name = "name", type = "text", title = {vi = "Tên", en = "Name"}, required = true},
  {name = "floors", type = "integer", title = {vi = "Số tầng", en = "Floors"}, minimum = 0},
  {name = "area_ha", type = "number", title = {vi = "Diện tích", en = "Area"}, unit = "ha"},
  {name = "open", type = "boolean", title = {vi = "Mở", en = "Open"}},
]
"""
NOTES = """
id = "notes"
theme = "reference"
title = {vi = "Ghi chú", en = "Notes"}
fields = [{name = "text", type = "text", title = {vi = "Văn bản", en = "Text"}}]
"""


def definition(text: str = SITES) -> LayerDefinition:
    return parse_definition(text, where="test")


def sites(**rows: dict[str, Any]) -> gpd.GeoDataFrame:
    """Make features: one keyword a feature, with `geometry` among its values."""
    frame = pd.DataFrame(list(rows.values()), index=list(rows))
    geometry = frame.pop("geometry").to_numpy() if "geometry" in frame else np.full(len(frame), None)
    return gpd.GeoDataFrame(frame, geometry=geometry, crs="EPSG:4326")


def put(store: Store, *edits: Put | Remove, **options: Any) -> int:
    return store.commit(edits, author="An", message="test", **options).id


@pytest.fixture
def filled(store: Store) -> Store:
    """Give a store with three sites: a point, a square and one whose place is unknown."""
    store.add_layer(definition())
    store.add_layer(definition(NOTES))
    put(
        store,
        Put(
            "sites",
            sites(
                a={
                    "name": "Phú Nghĩa",
                    "floors": 3,
                    "area_ha": 170.5,
                    "open": True,
                    "geometry": shapely.Point(105.6, 21),
                },
                b={
                    "name": "Sóc Sơn",
                    "geometry": shapely.box(105.7, 21.2, 105.8, 21.3),
                    "valid_from": "2030-12-31",
                    "source": "báo",
                },
                c={"name": "Khu Cháy", "valid_to": dt.date(2029, 1, 1)},
            ),
        ),
        decision=Decision("1569/QĐ-TTg", dt.date(2024, 12, 12)),
    )
    return store


def test_what_is_written_is_read_in_the_typed_form(filled: Store) -> None:
    found = filled.read("sites")
    assert found.index.tolist() == ["a", "b", "c"]
    assert found.crs == "EPSG:4326"
    assert {name: str(found[name].dtype) for name in ("name", "floors", "area_ha", "open", "valid_from")} == {
        "name": "str",
        "floors": "Int64",
        "area_ha": "float64",
        "open": "boolean",
        "valid_from": "datetime64[s]",
    }
    assert found.loc["a", ["name", "floors", "area_ha", "open"]].tolist() == ["Phú Nghĩa", 3, 170.5, True]
    assert found.loc["b", "valid_from"] == pd.Timestamp("2030-12-31")
    assert found.loc["c", "valid_to"] == pd.Timestamp("2029-01-01")
    assert found.geometry["b"].equals(shapely.box(105.7, 21.2, 105.8, 21.3))
    assert found.geometry["c"] is None
    assert found.loc["b", ["floors", "area_ha", "open"]].isna().all()


def test_an_attribute_layer_has_no_geometry(filled: Store) -> None:
    put(filled, Put("notes", sites(n={"text": "một"})))
    assert filled.read("notes").geometry.isna().all()
    assert filled.page("notes").features["text"].tolist() == ["một"]
    assert filled.count("notes", bbox=(-180, -90, 180, 90)) == 0
    assert filled.extent("notes").bounds is None


@pytest.mark.parametrize(
    ("horizon", "ids"),
    [
        (2025, ["a", "c"]),
        (2030, ["a", "b"]),
        (dt.date(2029, 1, 1), ["a", "c"]),
        (dt.date(2029, 1, 2), ["a"]),
        (dt.date(2030, 12, 30), ["a"]),
        (Interval(dt.date(2029, 1, 1), dt.date(2031, 1, 1)), ["a", "b", "c"]),
        (Interval(dt.date(2029, 1, 2), None), ["a", "b"]),
        (Interval(None, dt.date(2029, 1, 2)), ["a", "c"]),
        (Interval(None, None), ["a", "b", "c"]),
    ],
)
def test_a_horizon_is_inclusive_at_both_ends(filled: Store, horizon: Any, ids: list[str]) -> None:
    assert filled.read("sites", horizon=horizon).index.tolist() == ids
    assert filled.page("sites", horizon=horizon).matched == len(ids)
    assert filled.read("sites", horizon=horizon, as_of=1).index.tolist() == ids


@pytest.mark.parametrize(
    ("bbox", "ids"),
    [
        ((105, 20, 106, 22), ["a", "b"]),
        ((105.6, 21, 105.6, 21), ["a"]),
        ((105.8, 21.3, 106, 22), ["b"]),
        ((105.81, 21.2, 106, 22), []),
        ((105.5, 21, 105.7, 21), ["a"]),
        ((105.65, 20, -170, 22), ["b"]),
    ],
)
def test_a_bbox_selects_by_the_geometry_itself(filled: Store, bbox: Any, ids: list[str]) -> None:
    assert filled.read("sites", bbox=bbox).index.tolist() == ids
    assert filled.count("sites", bbox=bbox) == len(ids)
    assert filled.read("sites", bbox=bbox, as_of=1).index.tolist() == ids


def test_a_bbox_is_no_mere_comparison_of_boxes(filled: Store) -> None:
    corner = shapely.Polygon([(106, 21), (107, 22), (106, 22)])
    put(filled, Put("sites", sites(d={"name": "d", "geometry": corner})))
    assert filled.read("sites", bbox=(106.8, 21.0, 107.0, 21.2)).empty
    assert filled.read("sites", bbox=(106.0, 21.8, 106.2, 22.0)).index.tolist() == ["d"]


@pytest.mark.parametrize(
    ("where", "ids"),
    [
        ({"name": "Phú Nghĩa"}, ["a"]),
        ({"floors": 3}, ["a"]),
        ({"open": True}, ["a"]),
        ({"valid_from": dt.date(2030, 12, 31)}, ["b"]),
        ({"area_ha": None, "name": "Khu Cháy"}, ["c"]),
        ({"feature_id": "b"}, ["b"]),
    ],
)
def test_where_compares_values(filled: Store, where: dict[str, Any], ids: list[str]) -> None:
    assert filled.read("sites", where=where).index.tolist() == ids
    assert filled.read("sites", where=where, as_of=1).index.tolist() == ids


def test_ids_select_in_store_order(filled: Store) -> None:
    assert filled.read("sites", ids=["c", "nowhere", "a"]).index.tolist() == ["a", "c"]
    assert filled.read("sites", ids=[]).empty
    assert filled.read("sites", ids=["c"], as_of=1).index.tolist() == ["c"]


def test_pages_give_every_feature_once_while_others_write(filled: Store) -> None:
    many = sites(**{f"p{i}": {"name": f"p{i}", "geometry": shapely.Point(105 + i / 100, 21)} for i in range(25)})
    put(filled, Put("sites", many))
    seen: list[str] = []
    after = None
    while True:
        page = filled.page("sites", limit=7, after=after)
        seen += page.features.index.tolist()
        put(filled, Remove("sites", [seen[-1]]), Put("sites", sites(**{f"x{len(seen)}": {"name": "x"}})))
        if page.after is None or len(seen) > 60:
            break
        after = page.after
    assert len(seen) == len(set(seen))
    assert set(many.index) <= set(seen)


def test_a_changeset_says_who_why_and_by_which_decision(filled: Store) -> None:
    (first,) = filled.changesets()
    assert (first.id, first.author, first.message, first.features) == (1, "An", "test", 3)
    assert first.decision == Decision("1569/QĐ-TTg", dt.date(2024, 12, 12))
    assert first.time.tzinfo is not None
    assert abs(dt.datetime.now(dt.UTC) - first.time) < dt.timedelta(minutes=5)
    assert filled.latest() == 1


def test_every_state_can_be_read_again(filled: Store) -> None:
    put(filled, Put("sites", sites(a={"name": "Phú Nghĩa mở rộng"})))
    moment = filled.changesets()[-1].time
    put(filled, Remove("sites", ["b"]))
    assert filled.read("sites").index.tolist() == ["a", "c"]
    assert filled.read("sites", as_of=2).index.tolist() == ["a", "b", "c"]
    assert filled.read("sites", as_of=moment).index.tolist() == ["a", "b", "c"]
    assert filled.read("sites", as_of=moment - dt.timedelta(days=1)).empty
    assert filled.read("sites", as_of=1).loc["a", "name"] == "Phú Nghĩa"
    assert filled.read("sites", as_of=0).empty
    pd.testing.assert_frame_equal(
        pd.DataFrame(filled.read("sites", as_of=3)), pd.DataFrame(filled.read("sites").sort_index())
    )


def test_history_tells_every_version(filled: Store) -> None:
    put(filled, Put("sites", sites(a={"name": "Mới", "geometry": shapely.Point(106, 21)})))
    put(filled, Remove("sites", ["a"]))
    versions = filled.history("sites", "a")
    assert [(v.changeset, v.operation) for v in versions] == [(1, "insert"), (2, "update"), (3, "delete")]
    assert versions[0].attributes == {"name": "Phú Nghĩa", "floors": 3, "area_ha": 170.5, "open": True}
    assert versions[1].attributes == {"name": "Mới"}
    assert versions[1].geometry == shapely.Point(106, 21)
    assert (versions[2].attributes, versions[2].geometry) == ({}, None)


def test_a_put_without_effect_changes_nothing(filled: Store) -> None:
    again = filled.commit([Put("sites", filled.read("sites"))], author="An", message="again")
    assert again.features == 0
    assert len(filled.history("sites", "a")) == 1


def test_replace_removes_what_is_not_named(filled: Store) -> None:
    kept = filled.read("sites", ids=["b"])
    changeset = filled.commit([Put("sites", kept, mode="replace")], author="An", message="replace")
    assert filled.read("sites").index.tolist() == ["b"]
    assert changeset.features == 2


def test_modes_keep_their_word(filled: Store) -> None:
    new, old = sites(z={"name": "z"}), sites(a={"name": "a"})
    with pytest.raises(FeatureExistsError, match="'a'"):
        put(filled, Put("sites", old, mode="insert"))
    with pytest.raises(UnknownFeatureError, match="'z'"):
        put(filled, Put("sites", new, mode="update"))
    with pytest.raises(UnknownFeatureError, match="'z'"):
        put(filled, Remove("sites", ["z"]))
    put(filled, Put("sites", new, mode="insert"), Put("sites", old, mode="update"))
    assert filled.read("sites")["name"].to_dict() == {"a": "a", "b": "Sóc Sơn", "c": "Khu Cháy", "z": "z"}


@pytest.mark.parametrize(
    ("edit", "error", "said"),
    [
        (Put("sites", sites(d={"name": None})), InvalidFeaturesError, "name"),
        (Put("sites", sites(d={"name": "d", "floors": -1})), InvalidFeaturesError, "-1"),
        (Put("sites", sites(d={"name": "d", "colour": "red"})), InvalidFeaturesError, "colour"),
        (Put("sites", sites(d={"name": "d"}).to_crs("EPSG:5897")), CrsError, "EPSG:5897"),
        (Put("nowhere", sites(d={"name": "d"})), UnknownLayerError, "nowhere"),
        (Put("sites", sites(a={"name": "twice"})), ValueOutOfRangeError, "each feature once"),
    ],
)
def test_a_changeset_is_written_whole_or_not_at_all(
    filled: Store, edit: Put, error: type[Exception], said: str
) -> None:
    before = pd.DataFrame(filled.read("sites"))
    with pytest.raises(error, match=said):
        put(
            filled, Put("sites", sites(a={"name": "half"}, e={"name": "e"})), Put("notes", sites(n={"text": "x"})), edit
        )
    pd.testing.assert_frame_equal(pd.DataFrame(filled.read("sites")), before)
    assert filled.read("notes").empty
    assert [changeset.id for changeset in filled.changesets()] == [1]


def test_a_changeset_needs_author_and_message(filled: Store) -> None:
    with pytest.raises(ValueOutOfRangeError, match="author"):
        filled.commit([], author=" ", message="m")
    with pytest.raises(ValueOutOfRangeError, match="message"):
        filled.commit([], author="An", message="")


def test_wrong_questions_get_clear_answers(filled: Store) -> None:
    with pytest.raises(UnknownLayerError, match=r"'park'.*sites, notes"):
        filled.read("park")
    with pytest.raises(UnknownFieldError, match=r"'nam'.*name, floors"):
        filled.read("sites", where={"nam": 1})
    with pytest.raises(UnknownChangesetError, match=r"9; wanted 0\.\.1"):
        filled.read("sites", as_of=9)
    with pytest.raises(UnknownFeatureError, match="'q'"):
        filled.history("sites", "q")
    for bbox in ((0, 50, 1, 40), (0, -91, 1, 1), (0, float("nan"), 1, 1), (585000, 2325000, 586000, 2326000)):
        with pytest.raises(ValueOutOfRangeError, match="west, south, east, north"):
            filled.page("sites", bbox=bbox)
    with pytest.raises(ValueOutOfRangeError, match="limit"):
        filled.page("sites", limit=0)
    with pytest.raises(ValueOutOfRangeError, match="cursor"):
        filled.page("sites", after="x")
    with pytest.raises(ValueOutOfRangeError, match="1900"):
        filled.read("sites", horizon=30)


def test_extent_follows_every_write(filled: Store) -> None:
    extent = filled.extent("sites")
    assert extent.bounds == (105.6, 21.0, 105.8, 21.3)
    assert (extent.start, extent.end, extent.features) == (dt.date(2030, 12, 31), dt.date(2030, 12, 31), 3)
    put(filled, Remove("sites", ["b"]))
    after = filled.extent("sites")
    assert (after.bounds, after.start, after.end) == ((105.6, 21.0, 105.6, 21.0), None, dt.date(2029, 1, 1))


def test_an_extent_is_exact_where_a_spatial_index_is_not(store: Store) -> None:
    store.add_layer(definition())
    # Within one step of a 32-bit float, and rounded outward by SQLite the other way round than they lie.
    step = float(np.spacing(np.float32(105.0)))
    for number, part in enumerate((0.1, 0.9)):
        east = shapely.Point(105.0 + part * step, 21.0)
        put(store, Put("sites", sites(**{f"e{number}": {"name": "E", "geometry": east}})))
    assert store.extent("sites").bounds == (105.0 + 0.1 * step, 21.0, 105.0 + 0.9 * step, 21.0)


def test_a_definition_grows_but_never_loses_data(filled: Store) -> None:
    grown = SITES.replace(
        '[\n  {name = "name"',
        '[\n  {name = "code", type = "text", title = {vi = "Mã", en = "Code"}},\n  {name = "name"',
    )
    grown = grown.replace('"Polygon"]', '"Polygon", "LineString"]')
    filled.add_layer(definition(grown))
    put(filled, Put("sites", sites(l={"name": "l", "geometry": shapely.LineString([(1, 2), (3, 4)])})))
    put(filled, Remove("sites", ["l"]))
    assert filled.read("sites")["code"].isna().all()
    put(filled, Put("sites", sites(a={"name": "a", "code": "x"})))
    assert filled.read("sites", as_of=1)["code"].isna().all()
    assert filled.read("sites", where={"code": "x"}).index.tolist() == ["a"]
    with pytest.raises(ConflictingDefinitionError, match="code"):
        filled.add_layer(definition())
    with pytest.raises(ConflictingDefinitionError, match="geometry"):
        filled.add_layer(definition(grown.replace('"Point", ', "")))
    assert filled.definition("sites") == definition(grown)


def test_a_layer_of_one_geometry_type_may_take_more(store: Store) -> None:
    store.add_layer(definition(SITES.replace('"Point", "Polygon"', '"Point"')))
    put(store, Put("sites", sites(a={"name": "a", "geometry": shapely.Point(1, 2)})))
    store.add_layer(definition())
    put(store, Put("sites", sites(b={"name": "b", "geometry": shapely.box(1, 2, 3, 4)})))
    assert store.read("sites").geom_type.tolist() == ["Point", "Polygon"]


def test_a_store_is_there_after_reopening(store_url: str) -> None:
    with open_store(store_url) as first:
        first.add_layer(definition())
        put(first, Put("sites", sites(a={"name": "a", "geometry": shapely.Point(1, 2)})))
    with open_store(store_url) as second:
        assert second.layers() == {"sites": definition()}
        assert second.read("sites").geometry["a"] == shapely.Point(1, 2)


def test_bulk_rows_are_indexed_like_single_ones(filled: Store) -> None:
    rng = np.random.default_rng(7)
    xy = rng.uniform([105, 20.5], [106, 21.5], (5_000, 2))
    bulk = gpd.GeoDataFrame(
        {"name": [f"n{i}" for i in range(len(xy))]},
        geometry=[None if i % 50 == 0 else point for i, point in enumerate(np.asarray(shapely.points(xy)))],
        crs="EPSG:4326",
        index=[f"n{i}" for i in range(len(xy))],
    )
    assert filled.commit([Put("sites", bulk)], author="An", message="bulk").features == 5_000
    bbox = (105.2, 20.7, 105.4, 20.9)
    expected = bulk[shapely.intersects(bulk.geometry.to_numpy(), shapely.box(*bbox))].index.tolist()
    assert filled.read("sites", bbox=bbox).index.tolist() == expected
    moved = bulk.loc[expected].set_geometry(np.full(len(expected), shapely.Point(107, 22)))
    put(filled, Put("sites", moved))
    assert filled.read("sites", bbox=bbox).empty
    assert filled.count("sites", bbox=(107, 22, 107, 22)) == len(expected)
    put(filled, Remove("sites", expected))
    assert filled.count("sites", bbox=(107, 22, 107, 22)) == 0
    assert filled.count("sites") == 5_003 - len(expected)


def test_two_writers_at_once_lose_nothing(filled: Store) -> None:
    failures: list[BaseException] = []

    def write(who: str) -> None:
        try:
            for number in range(10):
                filled.commit([Put("sites", sites(**{f"{who}{number}": {"name": who}}))], author=who, message="m")
        except BaseException as error:  # noqa: BLE001 - told to the test below
            failures.append(error)

    threads = [threading.Thread(target=write, args=(who,)) for who in ("u", "v", "w")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert [changeset.id for changeset in filled.changesets()] == list(range(1, 32))
    assert filled.count("sites") == 33


def test_a_reader_sees_one_state_while_a_writer_commits(filled: Store) -> None:
    core = filled._core
    with core.reading() as connection:
        layer = core.definition(connection, "sites")
        assert len(core.rows(connection, layer, []).ids) == 3
        put(filled, Put("sites", sites(d={"name": "d"})), Remove("sites", ["a", "b"]))
        assert len(core.rows(connection, layer, []).ids) == 3
        assert core.latest(connection) == 1
    assert filled.count("sites") == 2


def test_history_cannot_be_rewritten(filled: Store, store_url: str) -> None:
    statements = [
        "UPDATE parkplan_history SET operation = 'insert'",
        "DELETE FROM parkplan_history",
        "DELETE FROM parkplan_changesets",
    ]
    if store_url.endswith(".gpkg"):
        for statement in statements:
            connection = sqlite3.connect(store_url)
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(statement)
            connection.close()
        return
    url = make_url(store_url)
    schema = url.query["schema"]
    address = url.difference_update_query(["schema"]).render_as_string(hide_password=False)
    for statement in [*statements, "TRUNCATE parkplan_history"]:
        with psycopg.connect(address, options=f"-c search_path={schema},public") as server:
            with pytest.raises(psycopg.errors.RaiseException, match="append-only"):
                server.execute(statement.encode())
            server.rollback()


_VALUES = st.fixed_dictionaries(
    {
        "name": st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), min_size=1).filter(
            lambda text: text.strip() != ""
        ),
        "floors": st.none() | st.integers(0, 2**53),
        "area_ha": st.none() | st.floats(allow_nan=False, allow_infinity=False),
        "open": st.none() | st.booleans(),
        "valid_from": st.none() | st.dates(dt.date(1900, 1, 1), dt.date(2200, 1, 1)),
        "geometry": st.none()
        | st.builds(
            shapely.Point, st.floats(-180, 180, allow_subnormal=False), st.floats(-90, 90, allow_subnormal=False)
        ).filter(lambda point: max(abs(point.x), abs(point.y)) > 1),
    }
)
_STEPS = st.lists(
    st.dictionaries(st.sampled_from("abcdef"), st.none() | _VALUES, min_size=1, max_size=4), min_size=1, max_size=5
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=_STEPS)
def test_the_record_equals_a_model_of_it(store_url: str, steps: list[dict[str, dict[str, Any] | None]]) -> None:
    """Write random steps; every state must read as a plain dictionary that saw the same steps."""
    layer = f"s{abs(hash(str(steps))) % 10**9}"
    with open_store(store_url) as store:
        store.add_layer(definition(SITES.replace('"sites"', f'"{layer}"')))
        state: dict[str, dict[str, Any]] = {}
        states: dict[int, dict[str, dict[str, Any]]] = {}
        for step in steps:
            puts = {id_: values for id_, values in step.items() if values is not None}
            gone = [id_ for id_, values in step.items() if values is None and id_ in state]
            edits: list[Put | Remove] = [Put(layer, sites(**puts))] if puts else []
            edits += [Remove(layer, gone)] if gone else []
            state = {**{id_: values for id_, values in state.items() if id_ not in gone}, **puts}
            states[put(store, *edits)] = state
        for changeset, expected in states.items():
            _assert_state(store.read(layer, as_of=changeset), expected)
        _assert_state(store.read(layer), state)


def _assert_state(found: gpd.GeoDataFrame, expected: dict[str, dict[str, Any]]) -> None:
    assert set(found.index) == set(expected)
    for id_, values in expected.items():
        for name, value in values.items():
            read = found.loc[id_, name]
            if value is None:
                assert read is None or pd.isna(read)
            elif name == "valid_from":
                assert read.date() == value
            else:
                assert read == value


def test_gdal_opens_the_file_as_an_ordinary_geopackage(tmp_path: Path) -> None:
    path = tmp_path / "plan.gpkg"
    with open_store(path) as store:
        store.add_layer(definition())
        store.add_layer(definition(NOTES))
        put(
            store,
            Put("sites", sites(a={"name": "Phú", "valid_from": "2030-12-31", "geometry": shapely.box(1, 2, 3, 4)})),
            Put("notes", sites(n={"text": "x"})),
        )
        while_open = pyogrio.read_dataframe(path, layer="sites", bbox=(2.5, 2.5, 9, 9))
    assert pyogrio.list_layers(path)[:, 0].tolist() == ["sites", "notes"]
    found = pyogrio.read_dataframe(path, layer="sites", bbox=(2.5, 2.5, 9, 9))
    assert len(while_open) == len(found) == 1
    assert pyogrio.read_info(path, layer="sites")["total_bounds"] == (1, 2, 3, 4)
    assert found["name"].tolist() == ["Phú"]
    assert found["valid_from"].astype(str).tolist() == ["2030-12-31"]
    assert found.crs == "EPSG:4326"
    assert pyogrio.read_dataframe(path, layer="sites", bbox=(5, 5, 9, 9)).empty
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    assert connection.execute("SELECT rtreecheck('rtree_sites_geom')").fetchone() == ("ok",)
    assert connection.execute("PRAGMA application_id").fetchone() == (0x47504B47,)
    connection.close()


def test_an_edit_with_gdal_is_read_and_indexed(tmp_path: Path) -> None:
    """Another program may write blobs without an envelope and lets the index's triggers work."""
    path = tmp_path / "plan.gpkg"
    with open_store(path) as store:
        store.add_layer(definition())
        put(store, Put("sites", sites(a={"name": "a", "geometry": shapely.Point(1, 2)})))
    appended = gpd.GeoDataFrame(
        {"feature_id": ["g"], "name": ["by GDAL"], "changeset": [1]}, geometry=[shapely.Point(7, 8)], crs="EPSG:4326"
    )
    pyogrio.write_dataframe(appended, path, layer="sites", append=True)
    with open_store(path) as store:
        assert store.read("sites", bbox=(6, 7, 8, 9))["name"].tolist() == ["by GDAL"]
        assert store.extent("sites").bounds == (1, 2, 7, 8)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"not a database at all, but text" * 100, "not a database"), (None, "another file, with tables")],
)
def test_a_foreign_file_is_refused_and_left_alone(tmp_path: Path, content: bytes | None, said: str) -> None:
    path = tmp_path / "foreign.gpkg"
    if content is None:
        pyogrio.write_dataframe(sites(a={"name": "a", "geometry": shapely.Point(1, 2)}), path, layer="mine")
    else:
        path.write_bytes(content)
    before = path.read_bytes()
    with pytest.raises(StoreUnreachableError, match=said) as caught:
        open_store(path)
    assert "kho Parkplan hoặc một tệp mới" in caught.value.message("vi")
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://nobody@127.0.0.1:9/none", "PostGIS database that answers"),
        ("mysql://host/db", "postgresql://"),
        ("no/such/folder/x.gpkg", r"\.gpkg"),
    ],
)
def test_a_store_that_cannot_be_opened_says_so(url: str, said: str) -> None:
    with pytest.raises(StoreUnreachableError, match=said):
        open_store(url)


def test_the_address_hides_the_password() -> None:
    with pytest.raises(StoreUnreachableError) as caught:
        open_store("postgresql://an:secret@127.0.0.1:9/none")
    assert "secret" not in str(caught.value)
    assert "an:***@" in str(caught.value)


def test_a_store_of_a_newer_format_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "newer.gpkg"
    open_store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE parkplan_meta SET value = '99'")
    connection.commit()
    connection.close()
    with pytest.raises(StoreUnreachableError, match="store format 99"):
        open_store(path)
