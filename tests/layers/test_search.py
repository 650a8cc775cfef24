"""Search by name and by coordinates, on both stores."""

from __future__ import annotations

import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layers.catalogue import shipped_definitions
from layers.errors import UnknownLayerError
from layers.search import find_places, name_index, prepare, search, searched_fields, searching
from layers.store import Put, Remove, Sight, Store, StoreView, open_store
from layers.text import search_key, search_keys_of_lines


@given(st.lists(st.text(max_size=12).filter(lambda text: "\n" not in text), min_size=1, max_size=6))
def test_keys_of_lines_are_the_keys_of_each(lines: list[str]) -> None:
    assert search_keys_of_lines("\n".join(lines)).split("\n") == [search_key(line) for line in lines]


@given(st.lists(st.text(alphabet="ab đÁ-", max_size=6), min_size=1, max_size=8), st.text(alphabet="abd ", max_size=4))
def test_the_index_finds_what_reading_every_name_finds(names: list[str], query: str) -> None:
    words = search_key(query).split()
    ids = [f"{number}" for number in range(len(names))]
    found = {match.feature_id for match in name_index(ids, [[name] for name in names]).find(" ".join(words), limit=99)}
    keys = [f" {search_key(name)}" for name in names]
    wanted = {id_ for id_, key in zip(ids, keys, strict=True) if words and all(f" {word}" in key for word in words)}
    assert found == wanted


def test_the_closest_name_comes_first() -> None:
    names = ["Cụm công nghiệp Nam Phú Nghĩa", "Phú Nghĩa mở rộng", "Nghĩa Phú", "Phú Nghĩa", "Phú Nghĩa A"]
    index = name_index(list("abcde"), [[name] for name in names])
    assert [match.feature_id for match in index.find("phu nghia", limit=9)] == ["d", "e", "b", "a", "c"]
    assert [match.feature_id for match in index.find("phu nghia", limit=1)] == ["d"]
    assert [match.feature_id for match in index.find("phu ng", limit=2)] == ["d", "e"]
    assert index.find("hu nghia", limit=9) == []


def test_parks_and_units_are_found_without_tone_marks(seeded_store: Store) -> None:
    hits = search(seeded_store, "phu nghia")
    assert (hits[0].layer, hits[0].feature_id) == ("parks", hits[0].feature_id)
    names = seeded_store.read("parks")["name_vi"]
    assert "Phú Nghĩa" in names[hits[0].feature_id]
    for query in ("Phú Nghĩa", "PHÚ NGHĨA", "  phu   nghia. ", "Phú Nghĩa"):
        assert search(seeded_store, query) == hits
    layers = {hit.layer for hit in search(seeded_store, "chuong my", limit=50)}
    assert "admin_units" in layers
    assert search(seeded_store, "không đâu có tên này") == []
    assert search(seeded_store, "---") == []


def test_a_search_can_be_kept_to_layers_and_finds_ids(seeded_store: Store) -> None:
    assert {hit.layer for hit in search(seeded_store, "phu nghia", layers=["admin_units"])} <= {"admin_units"}
    first = str(seeded_store.read("parks").index[3])
    assert (search(seeded_store, first)[0].feature_id, search(seeded_store, first)[0].rank) == (first, 0)
    with pytest.raises(UnknownLayerError):
        search(seeded_store, "x", layers=["nothing"])


def test_what_was_just_written_is_found_and_what_was_removed_is_not(seeded_store: Store) -> None:
    parks = seeded_store.read("parks")
    first = str(parks.index[0])
    assert search(seeded_store, "sao hoa moi", layers=["parks"]) == []
    new = parks.loc[[first]].assign(name_vi="Khu công nghiệp Sao Hoả Mới")
    seeded_store.commit([Put("parks", new)], author="a", message="m")
    assert [hit.feature_id for hit in search(seeded_store, "sao hoa moi", layers=["parks"])] == [first]
    assert first not in {
        hit.feature_id for hit in search(seeded_store, str(parks["name_vi"].iloc[0]), layers=["parks"])
    }
    seeded_store.commit([Remove("parks", [first])], author="a", message="m")
    assert search(seeded_store, "sao hoa moi", layers=["parks"]) == []


def test_layers_that_are_not_seen_are_not_searched(seeded_store: Store) -> None:
    view = StoreView(seeded_store, Sight(layers=frozenset({"admin_units"}), restricted=frozenset()))
    assert {hit.layer for hit in search(view, "phu nghia")} <= {"admin_units"}


def test_fields_with_codes_are_no_names() -> None:
    definitions = shipped_definitions()
    assert set(searched_fields(definitions["plots"])) == {"name", "name_en", "plot_no"}
    assert "status" not in searched_fields(definitions["parks"])
    assert searched_fields(definitions["facts"]) == ()


@pytest.mark.parametrize(
    "text",
    [
        "20.93, 105.66",
        "105.66 20.93",
        "105.66,20.93",
        "20,93; 105,66",
        "20°55'48\"N 105°39'36\"E",
        "105°39'36\"Đ; 20°55'48\"B",
        "20°55'48\" 105°39'36\"",
        "20.93N, 105.66E",
    ],
)
def test_degrees_are_read_in_every_writing(text: str) -> None:
    (place,) = find_places(text)
    assert (place.lon, place.lat, place.crs) == (105.66, 20.93, "EPSG:4326")


@pytest.mark.parametrize(
    "text", ["568123.5 2315000", "2315000; 568123.5", "E 568123.5 N 2315000", "X=2315000 Y=568123.5"]
)
def test_metres_are_read_in_the_zone_that_brings_them_to_the_plan(text: str) -> None:
    places = find_places(text, near=(105.2, 20.5, 106.1, 21.4))
    assert places[0].crs == "EPSG:5897"
    assert places[0].lon == pytest.approx(105.65684, abs=2e-5)
    assert places[0].lat == pytest.approx(20.92690, abs=2e-5)
    assert all(105.2 <= place.lon <= 106.1 for place in places)


def test_a_named_crs_is_the_only_reading() -> None:
    (utm,) = find_places("EPSG:32648 568123.5 2315000")
    assert utm.crs == "EPSG:32648"
    assert find_places("EPSG:5897 2315000 568123.5")[0].crs == "EPSG:5897"
    (web,) = find_places("EPSG:3857 11762137 2384512")
    radius_m = 6_378_137.0
    assert web.lon == pytest.approx(math.degrees(11_762_137 / radius_m), abs=1e-6)
    assert web.lat == pytest.approx(math.degrees(math.atan(math.sinh(2_384_512 / radius_m))), abs=1e-6)
    (degrees,) = find_places("EPSG:4756 20.93 105.66")
    assert degrees.lon == pytest.approx(105.662, abs=1e-3)
    assert find_places("EPSG:2154 2315000 568123.5") == []


@pytest.mark.parametrize("text", ["", "Phú Nghĩa", "CN-12", "lô 12, 13", "91.0 181.0", "12", "1 2 3"])
def test_what_is_no_place_is_none(text: str) -> None:
    assert find_places(text) == []


def test_the_closest_of_the_real_names_comes_first(seeded_store: Store) -> None:
    def found(query: str) -> list[tuple[str, str]]:
        return [(hit.layer, hit.feature_id) for hit in search(seeded_store, query, limit=30)]

    assert found("phu nghia")[:4] == [
        ("parks", "phu-nghia"),
        ("admin_units", "new-phu-nghia"),
        ("admin_units", "old-chuong-my-phu-nghia"),
        ("parks", "phu-nghia-ext"),
    ]
    # A park before the road that is named for it, the exact name before the longer one and before what only lies there.
    thang_long = found("thang long")
    assert thang_long[:2] == [("parks", "thang-long"), ("parks", "nam-thang-long")]
    assert thang_long.index(("roads", "thang-long-main")) > 1
    assert found("hoa lac")[0] == found("Hòa Lạc")[0] == ("parks", "hoa-lac-htp")
    assert found("chuong my")[:2] == [("admin_units", "new-chuong-my"), ("admin_units", "old-chuong-my")]
    assert ("parks", "phu-nghia") in found("chuong my")[2:]
    # Units that were merged away, and parks by the communes that they lay in.
    assert found("huyện Mê Linh")[0] == ("admin_units", "old-me-linh")
    assert ("parks", "quang-minh-1") in found("me linh")


@pytest.mark.parametrize("query", ["khu công nghiệp Phú Nghĩa", "KCN Phú Nghĩa", "phu nghia"])
def test_a_kind_may_be_left_out_or_written_in_another_way(seeded_store: Store, query: str) -> None:
    first = search(seeded_store, query)[0]
    assert (first.layer, first.feature_id, first.rank) == ("parks", "phu-nghia", 0)


def test_names_are_made_ready_and_brought_up_to_date_with_what_another_worker_wrote(
    seeded_store: Store, store_url: str
) -> None:
    assert prepare(seeded_store) == seeded_store.latest()
    parks = seeded_store.read("parks")
    first = str(parks.index[0])
    with open_store(store_url) as other:
        other.commit([Put("parks", parks.loc[[first]].assign(name_vi="Khu mới Kim Tinh"))], author="a", message="m")
    assert [hit.feature_id for hit in search(seeded_store, "kim tinh", layers=["parks"])] == [first]
    assert prepare(seeded_store) == seeded_store.latest()
    # More than is patched: all names are read anew.
    many = parks.loc[[first] * 600].assign(name_vi=[f"Khu sao {number}" for number in range(600)])
    many.index = pd.Index([f"star-{number}" for number in range(600)], dtype="str", name="feature_id")
    with open_store(store_url) as other:
        other.commit([Put("parks", many)], author="a", message="m")
    assert {hit.feature_id for hit in search(seeded_store, "sao 599", layers=["parks"])} == {"star-599"}


def test_views_with_the_same_fields_share_their_names(seeded_store: Store) -> None:
    prepare(seeded_store)
    kept = searching._KEPT[seeded_store.core.engine]
    before = dict(kept.names)
    search(StoreView(seeded_store, Sight(layers=frozenset({"parks"}), restricted=frozenset())), "phu nghia")
    assert {key: kept.names[key] for key in before} == before
