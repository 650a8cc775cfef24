"""Two writers: no edit is lost to one that did not know of it, and what belongs together is written together."""

from __future__ import annotations

from typing import Any

import geopandas as gpd
import pandas as pd
import pytest
import shapely
import sqlalchemy as sa

from layers.definitions import parse_definition
from layers.errors import (
    InvalidFeaturesError,
    StaleBaseError,
    StoreUnreachableError,
    UnknownChangesetError,
    ValueOutOfRangeError,
)
from layers.store import Changeset, Put, Remove, Store, open_store

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


def notes(**texts: str) -> gpd.GeoDataFrame:
    frame = pd.DataFrame({"text": list(texts.values())}, index=list(texts))
    return gpd.GeoDataFrame(frame, geometry=[None] * len(frame), crs="EPSG:4326")


def put(store: Store, *edits: Put | Remove, **options: Any) -> int:
    return store.commit(edits, author="An", message="test", **options).id


@pytest.fixture
def noted(store: Store) -> Store:
    store.add_layer(parse_definition(NOTES, where="notes.toml"))
    put(store, Put("notes", notes(a="1", b="1")))
    return store


def texts(store: Store) -> dict[str, str]:
    return dict(store.read("notes")["text"])


def test_an_edit_on_an_older_state_is_refused_where_others_changed_the_same_feature(noted: Store) -> None:
    put(noted, Put("notes", notes(a="2")), base=1)
    with pytest.raises(StaleBaseError) as told:
        put(noted, Put("notes", notes(b="3", a="3")), base=1)
    assert told.value.message("en") == (
        "The feature 'a' of the layer notes was changed by others after changeset 1; read it again, then edit."
    )
    assert "đã được người khác thay đổi sau phiên bản 1" in told.value.message("vi")
    assert texts(noted) == {"a": "2", "b": "1"}
    put(noted, Put("notes", notes(b="3")), base=1)
    put(noted, Put("notes", notes(a="3")), base=2)
    assert texts(noted) == {"a": "3", "b": "3"}
    assert noted.latest() == 4


def test_deletes_and_reinserts_of_others_count_as_changes(noted: Store) -> None:
    put(noted, Remove("notes", ["a"]))
    with pytest.raises(StaleBaseError, match="'a'"):
        put(noted, Put("notes", notes(a="2")), base=1)
    put(noted, Put("notes", notes(a="1")))
    with pytest.raises(StaleBaseError, match="'a'"):
        put(noted, Remove("notes", ["a"]), base=1)
    with pytest.raises(StaleBaseError, match="'a'"):
        put(noted, Put("notes", notes(c="1"), "replace"), base=2)


def test_a_base_has_to_be_a_changeset(noted: Store) -> None:
    with pytest.raises(UnknownChangesetError, match=r"There is no changeset 7; wanted 0\.\.1"):
        put(noted, Put("notes", notes(a="2")), base=7)


def test_what_belongs_to_a_changeset_is_written_with_it_or_not_at_all(noted: Store) -> None:
    meta = noted.core.base.meta

    def also(connection: sa.Connection, changeset: Changeset) -> None:
        connection.execute(sa.insert(meta).values(key=f"seen {changeset.id}", value=changeset.message))
        if changeset.id == 3:
            raise ValueOutOfRangeError(seen=3, wanted=2, where="test")

    put(noted, Put("notes", notes(a="2")), also=also)
    with pytest.raises(ValueOutOfRangeError):
        put(noted, Put("notes", notes(a="3")), also=also)
    with noted.core.reading() as connection:
        seen = connection.execute(sa.select(meta.c.key).where(meta.c.key.like("seen%"))).scalars().all()
    assert (seen, noted.latest(), texts(noted)) == (["seen 2"], 2, {"a": "2", "b": "1"})


def test_a_store_of_before_gets_the_tables_that_came_later(noted: Store, store_url: str) -> None:
    with noted.core.writing() as connection:
        for table in (noted.core.base.proposal_checks, noted.core.base.proposal_comments):
            table.drop(connection)
    with open_store(store_url) as again, again.core.reading() as connection:
        for table in again.core.base:
            connection.execute(sa.select(sa.func.count()).select_from(table))
        assert texts(again) == {"a": "1", "b": "1"}


def test_a_store_of_a_newer_format_is_left_as_it_is(noted: Store, store_url: str) -> None:
    base = noted.core.base
    with noted.core.writing() as connection:
        base.proposal_checks.drop(connection)
        connection.execute(sa.update(base.meta).values(value="9").where(base.meta.c.key == "format"))
    with pytest.raises(StoreUnreachableError, match="store format 9"):
        open_store(store_url)
    with noted.core.reading() as connection:
        assert not sa.inspect(connection).has_table(base.proposal_checks.name, schema=base.meta.schema)


SITES = """
id = "sites"
title = { vi = "Điểm", en = "Sites" }
theme = "land"
geometry = ["Point"]
[[fields]]
name = "name"
type = "text"
required = true
title = { vi = "Tên", en = "Name" }
[[fields]]
name = "floors"
type = "integer"
title = { vi = "Số tầng", en = "Floors" }
"""


def sites(**rows: dict[str, Any]) -> gpd.GeoDataFrame:
    frame = pd.DataFrame.from_dict(rows, orient="index")
    shapes = frame.pop("geometry") if "geometry" in frame else [None] * len(frame)
    return gpd.GeoDataFrame(frame, geometry=list(shapes), crs="EPSG:4326")


def test_what_an_edit_does_not_speak_of_stays_as_it_is_when_it_is_written(store: Store) -> None:
    store.add_layer(parse_definition(SITES, where="sites.toml"))
    point = shapely.Point(105.8, 21)
    put(store, Put("sites", sites(a={"name": "Một", "floors": 1, "geometry": point})))
    partial = Put("sites", sites(a={"floors": 9}, b={"name": "Hai", "floors": 2}), fields=["floors"])
    put(store, Put("sites", sites(a={"name": "Đổi", "floors": 1, "geometry": shapely.Point(105.9, 21)})))
    put(store, partial)
    found = store.read("sites")
    assert found.loc["a", ["name", "floors"]].tolist() == ["Đổi", 9]
    assert found.geometry["a"] == shapely.Point(105.9, 21)
    assert found.loc["b", ["name", "floors"]].tolist() == ["Hai", 2]
    put(store, Put("sites", sites(a={"geometry": None, "name": "Đổi"}), fields=["geometry"]))
    assert store.read("sites").geometry["a"] is None
    assert store.read("sites").loc["a", "floors"] == 9


def test_a_feature_that_is_not_whole_with_what_is_there_is_refused(store: Store) -> None:
    store.add_layer(parse_definition(SITES, where="sites.toml"))
    with pytest.raises(InvalidFeaturesError):
        put(store, Put("sites", sites(new={"floors": 1}), fields=["floors"]))
    put(store, Put("sites", sites(a={"name": "Một"})))
    with pytest.raises(InvalidFeaturesError):
        put(store, Put("sites", sites(a={"floors": 1}, new={"floors": 1}), fields=["floors"]))
    with pytest.raises(InvalidFeaturesError, match="floors"):
        put(store, Put("sites", sites(a={"floors": "nhiều"}), fields=["floors"]))
    assert store.latest() == 1
