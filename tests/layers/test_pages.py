"""Pages as finished text: the same as by frames, in every order, while others write."""

from __future__ import annotations

import datetime as dt
import sqlite3
from itertools import pairwise, product
from typing import Any

import geopandas as gpd
import numpy as np
import orjson
import pandas as pd
import psycopg
import pyogrio
import pytest
import shapely
from sqlalchemy import make_url

from layers.definitions import LayerDefinition, parse_definition
from layers.errors import UnknownFeatureError, UnknownFieldError, UnknownLayerError, ValueOutOfRangeError
from layers.geojson import feature_collection, to_json
from layers.schema import typed
from layers.store import Put, Remove, Sight, Store, StoreView, open_store
from layers.store.fragments import Fragments, encode_geometries
from layers.store.pages import definition_of, feature_page, feature_text
from layers.store.sorting import SortKey
from layers.time import Interval

SITES = """
id = "sites"
title = { vi = "Điểm", en = "Sites" }
theme = "reference"
geometry = ["Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon"]
fields = [
  { name = "name", type = "text", title = { vi = "Tên", en = "Name" } },
  { name = "floors", type = "integer", title = { vi = "Số tầng", en = "Floors" } },
  { name = "area_ha", type = "number", title = { vi = "Diện tích", en = "Area" } },
  { name = "open", type = "boolean", title = { vi = "Mở cửa", en = "Open" } },
  { name = "opened", type = "date", title = { vi = "Ngày mở", en = "Opened" } },
  { name = "price", type = "number", restricted = true, title = { vi = "Giá", en = "Price" } },
]
"""
_RING = [(105.0, 21.0), (105.0, 21.2), (105.2, 21.2), (105.2, 21.0), (105.0, 21.0)]
_HOLE = [(105.05, 21.05), (105.1, 21.05), (105.1, 21.1), (105.05, 21.05)]
SHAPES = [
    shapely.Point(105.123456789, 20.987654321),
    shapely.LineString([(105.0, 21.0), (105.00000004, 21.1), (-0.00000001, 0.0)]),
    shapely.Polygon(_RING, [_HOLE]),
    shapely.MultiPoint([(1.0, 2.0), (3.0, 4.0)]),
    shapely.MultiLineString([[(0.0, 0.0), (1.0, 1.0)], [(2.0, 2.0), (3.0, 3.5), (4.0, 4.0)]]),
    shapely.MultiPolygon([shapely.Polygon(_RING, [_HOLE]), shapely.box(10.0, 10.0, 11.0, 11.0)]),
    None,
]


def sites(count: int = 40) -> tuple[LayerDefinition, gpd.GeoDataFrame]:
    """Features of every geometry type, with gaps and equal values in every field."""
    random = np.random.default_rng(7)
    names = ["Phú Nghĩa", "phú nghĩa", 'dấu "nháy" \\ và \n dòng', "Đông Anh", ""]
    frame = pd.DataFrame(
        {
            "name": [None if i % 7 == 0 else names[i % 5] for i in range(count)],
            "floors": pd.array([None if i % 5 == 0 else i % 4 - 1 for i in range(count)], dtype="Int64"),
            "area_ha": [
                None if i % 6 == 0 else round(float(value), 12) for i, value in enumerate(random.random(count))
            ],
            "open": pd.array([None if i % 4 == 0 else i % 2 == 0 for i in range(count)], dtype="boolean"),
            "opened": [None if i % 3 == 0 else dt.date(1990 + i % 9, 1, 1 + i % 28) for i in range(count)],
            "price": [float(i) for i in range(count)],
            "valid_to": [dt.date(2029, 12, 31) if i % 8 == 0 else None for i in range(count)],
        },
        index=[f"s{(i * 17) % count:03d}" for i in range(count)],
    )
    definition = parse_definition(SITES, where="sites.toml")
    shapes = [SHAPES[i % len(SHAPES)] for i in range(count)]
    return definition, typed(definition, gpd.GeoDataFrame(frame, geometry=shapes, crs="EPSG:4326"))


@pytest.fixture
def filled(store: Store) -> Store:
    definition, features = sites()
    store.add_layer(definition)
    store.commit([Put("sites", features)], author="a", message="m")
    return store


def objects(texts: list[bytes]) -> list[dict[str, Any]]:
    return [orjson.loads(text) for text in texts]


def by_frame(store: Store, **selection: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = orjson.loads(to_json(feature_collection(store.read("sites", **selection))))[
        "features"
    ]
    return found


SELECTIONS: list[dict[str, Any]] = [
    {},
    {"bbox": (105.0, 20.9, 105.3, 21.3)},
    {"bbox": (105.1, 21.1, 105.1, 21.1)},
    {"bbox": (104.0, 21.1, 106.0, 21.1)},
    {"bbox": (170.0, -10.0, 2.5, 20.0)},
    {"horizon": 2030},
    {"horizon": Interval(dt.date(2030, 1, 1), None), "bbox": (0.0, 0.0, 120.0, 30.0)},
    {"where": {"name": "Phú Nghĩa"}},
    {"where": {"name": None, "open": None}},
    {"where": {"opened": dt.date(1991, 1, 2)}},
    {"where": {"open": True, "floors": 1}},
    {"ids": ["s001", "s017", "none"]},
]


def test_a_page_as_text_says_what_the_frame_says(filled: Store) -> None:
    for selection in [*SELECTIONS, *SELECTIONS]:  # read first, kept then
        page = feature_page(filled, "sites", limit=100, **selection)
        assert objects(page.features) == by_frame(filled, **selection), selection
        assert page.matched == filled.count("sites", **selection)
        assert page.after is None


def test_gdal_reads_a_page_as_the_store_does(filled: Store) -> None:
    page = feature_page(filled, "sites", limit=100, bbox=(0.0, 0.0, 120.0, 30.0))
    text = b'{"type":"FeatureCollection","features":[' + b",".join(page.features) + b"]}"
    read = pyogrio.read_dataframe(text.decode()).set_index("id")
    wanted = filled.read("sites", bbox=(0.0, 0.0, 120.0, 30.0))
    assert read.index.tolist() == wanted.index.tolist()
    assert read["area_ha"].tolist() == pytest.approx(wanted["area_ha"].tolist(), nan_ok=True)
    assert read["name"].fillna("-").tolist() == wanted["name"].fillna("-").tolist()
    far = shapely.hausdorff_distance(read.geometry.to_numpy(), wanted.geometry.to_numpy())
    assert np.nanmax(far) < 1e-7


def test_polygons_turn_as_geojson_wants_and_numbers_keep_seven_decimals() -> None:
    (text,) = encode_geometries([shapely.to_wkb(SHAPES[2])])
    ring, hole = orjson.loads(text)["coordinates"]
    assert shapely.LinearRing(ring).is_ccw
    assert not shapely.LinearRing(hole).is_ccw
    (point, empty) = encode_geometries([shapely.to_wkb(SHAPES[0]), shapely.to_wkb(shapely.Polygon())])
    assert point == b'{"type":"Point","coordinates":[105.1234568,20.9876543]}'
    assert empty == b"null"


def key(features: gpd.GeoDataFrame, sort: list[SortKey]) -> list[str]:
    """Ids in the order that a page should have, made by pandas."""
    table = pd.DataFrame(features.drop(columns="geometry")).assign(feature_id=features.index)
    table = table.reset_index(drop=True).sort_values("feature_id", kind="stable")
    for field, descending in reversed(sort):
        table = table.sort_values(field, ascending=not descending, kind="stable", na_position="last")
    ids: list[str] = table["feature_id"].tolist()
    return ids


SORTS = [
    [SortKey("area_ha")],
    [SortKey("area_ha", descending=True)],
    [SortKey("name"), SortKey("floors", descending=True)],
    [SortKey("opened", descending=True), SortKey("open"), SortKey("name", descending=True)],
    [SortKey("open", descending=True)],
    [SortKey("feature_id", descending=True)],
    [SortKey("floors"), SortKey("feature_id", descending=True)],
]


def test_sorted_pages_give_every_feature_once_in_order(filled: Store) -> None:
    features = filled.read("sites")
    states: list[dict[str, Any]] = [{}, {"as_of": filled.latest()}]
    for sort in SORTS:
        for state in states:
            found, after = [], None
            while True:
                page = feature_page(filled, "sites", limit=7, after=after, sort=sort, **state)
                found += [feature["id"] for feature in objects(page.features)]
                after = page.after
                if after is None:
                    break
            assert found == key(features, sort), sort
        first = filled.page("sites", limit=11, sort=sort)
        rest = filled.page("sites", limit=40, sort=sort, after=first.after)
        assert [*first.features.index, *rest.features.index] == key(features, sort)


def test_pages_stay_right_while_others_write(filled: Store) -> None:
    definition, features = sites()
    sort = [SortKey("area_ha")]
    order = key(features, sort)
    first = feature_page(filled, "sites", limit=10, sort=sort)
    moved = features.loc[[order[20]]].assign(area_ha=0.0)
    new = features.loc[[order[30]]].rename(index={order[30]: "new"}).assign(area_ha=1e9)
    edits: list[Put | Remove] = [Remove("sites", order[:3]), Put("sites", pd.concat([moved, new]))]
    filled.commit(edits, author="a", message="m")
    rest = feature_page(filled, "sites", limit=100, after=first.after, sort=sort)
    ids = [feature["id"] for feature in objects(rest.features)]
    gap = next(i for i, id_ in enumerate(order) if pd.isna(features.loc[id_, "area_ha"]))
    expected = [id_ for id_ in order[10:] if id_ != order[20]]
    place = gap - 11
    assert ids == [*expected[:place], "new", *expected[place:]]
    assert definition.id == "sites"


def test_a_cursor_that_was_made_up_is_refused(filled: Store) -> None:
    sorts: list[list[SortKey]] = [[], [SortKey("name")]]
    for sort, made_up in product(sorts, ["x", "", "-1", "1.5", "9" * 30, "AAAAAAAA", "é"]):
        with pytest.raises(ValueOutOfRangeError) as caught:
            feature_page(filled, "sites", after=made_up, sort=sort)
        assert caught.value.where == "after"
        assert "the page before" in caught.value.message("en")


def test_a_cursor_belongs_to_its_order(filled: Store) -> None:
    cursor = feature_page(filled, "sites", limit=3, sort=[SortKey("name")]).after
    with pytest.raises(ValueOutOfRangeError):
        feature_page(filled, "sites", after=cursor, sort=[SortKey("name", descending=True)])
    assert cursor is not None
    flipped = ("B" if cursor[0] == "A" else "A") + cursor[1:]
    with pytest.raises(ValueOutOfRangeError):
        feature_page(filled, "sites", after=flipped, sort=[SortKey("name")])


def test_what_makes_no_order_is_refused(filled: Store) -> None:
    with pytest.raises(UnknownFieldError):
        feature_page(filled, "sites", sort=[SortKey("height")])
    with pytest.raises(ValueOutOfRangeError, match="each field once"):
        feature_page(filled, "sites", sort=[SortKey("name"), SortKey("name", descending=True)])
    with pytest.raises(ValueOutOfRangeError, match="1 or more"):
        feature_page(filled, "sites", limit=0)
    with pytest.raises(UnknownLayerError):
        feature_page(filled, "nothing")


def test_another_writer_is_noticed_at_once(filled: Store, store_url: str) -> None:
    feature_text(filled, "sites", "s001")
    feature_page(filled, "sites", limit=100)
    definition, features = sites()
    wider = definition.model_copy(
        update={
            "fields": (
                *definition.fields[:-1],
                definition.fields[1].model_copy(update={"name": "cellars"}),
                definition.fields[-1],
            )
        }
    )
    with open_store(store_url) as other:
        other.add_layer(wider)
        changed = typed(wider, features.loc[["s001"]].assign(cellars=3, name="Mới"))
        other.commit([Put("sites", changed)], author="b", message="m")
    (one,) = [f for f in objects(feature_page(filled, "sites", limit=100).features) if f["id"] == "s001"]
    assert (one["properties"]["name"], one["properties"]["cellars"]) == ("Mới", 3)
    assert objects([feature_text(filled, "sites", "s001").text])[0] == one
    assert definition_of(filled, "sites") == wider


def test_other_programs_that_edit_the_table_are_noticed(filled: Store, store_url: str) -> None:
    feature_page(filled, "sites", limit=100)
    if store_url.startswith("postgresql"):
        schema = make_url(store_url).query["schema"]
        with psycopg.connect(
            make_url(store_url).difference_update_query(["schema"]).render_as_string(hide_password=False)
        ) as server:
            server.execute(f"UPDATE \"{schema}\".sites SET name = 'QGIS' WHERE feature_id = 's002'".encode())
    else:
        with sqlite3.connect(store_url) as file:
            for name in ("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY", "ST_IsEmpty"):
                file.create_function(name, 1, lambda _: 0)
            file.execute("UPDATE sites SET name = 'QGIS' WHERE feature_id = 's002'")
            file.execute("UPDATE gpkg_contents SET last_change = '2030-01-01T00:00:00.000Z' WHERE table_name = 'sites'")
        file.close()
    (one,) = [f for f in objects(feature_page(filled, "sites", limit=100).features) if f["id"] == "s002"]
    assert one["properties"]["name"] == "QGIS"


def test_a_narrow_view_gives_no_restricted_value(filled: Store) -> None:
    narrow = StoreView(filled, Sight(layers=None, restricted=frozenset()))
    whole = feature_page(filled, "sites", limit=100)
    seen = feature_page(narrow, "sites", limit=100)
    assert all("price" in feature["properties"] for feature in objects(whole.features))
    assert not any(b"price" in text for text in seen.features)
    assert b"price" not in feature_text(narrow, "sites", "s003").text
    with pytest.raises(UnknownFieldError):
        feature_page(narrow, "sites", sort=[SortKey("price")])


def test_one_feature_is_the_one_of_the_frame(filled: Store) -> None:
    for feature in by_frame(filled, ids=["s000", "s011", "s030"]):
        assert objects([feature_text(filled, "sites", feature["id"]).text]) == [feature]
        assert objects([feature_text(filled, "sites", feature["id"], as_of=1).text]) == [feature]
    with pytest.raises(UnknownFeatureError):
        feature_text(filled, "sites", "s999")


def test_an_earlier_state_is_paged_as_it_was(filled: Store) -> None:
    _, features = sites()
    before = by_frame(filled)
    filled.commit([Put("sites", features.iloc[:5].assign(name="khác"))], author="a", message="m")
    page = feature_page(filled, "sites", limit=100, as_of=1)
    assert sorted(objects(page.features), key=lambda f: str(f["id"])) == sorted(before, key=lambda f: str(f["id"]))
    assert page.matched == len(before)


def test_a_count_that_is_not_cheap_is_left_out(filled: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("layers.store.pages._CHEAP_COUNT", 10)
    assert feature_page(filled, "sites", limit=3).matched == 40
    assert feature_page(filled, "sites", limit=3, horizon=2030).matched is None
    assert feature_page(filled, "sites", limit=100, horizon=2030).matched == 35


def test_kept_features_take_no_more_than_their_bound() -> None:
    kept = Fragments(20_000)
    for number in range(200):
        kept.put(number, b"x" * 100)
        assert kept.get(0) is not None
    assert len(kept) * 400 <= 22_000
    assert kept.get(199) is not None
    assert kept.get(100) is None


def test_ids_break_ties_in_byte_order(filled: Store) -> None:
    ids = [f["id"] for f in objects(feature_page(filled, "sites", limit=100, sort=[SortKey("open")]).features)]
    opens = filled.read("sites")["open"]
    for a, b in pairwise(ids):
        if (pd.isna(opens[a]) and pd.isna(opens[b])) or (not pd.isna(opens[a]) and opens[a] is opens[b]):
            assert a < b
