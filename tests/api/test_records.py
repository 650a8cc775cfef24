"""The catalogue: what there is is found by its words, place, time and number, and nothing unknown is told as known."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from starlette.testclient import TestClient

from layers.records import Record, catalogue_records, select_records
from layers.time import Interval
from layers.types import Text
from tests.api.conftest import store_of

ITEMS = "/collections/catalogue/items"


def found(client: TestClient, **query: Any) -> dict[str, Any]:
    answer = client.get(ITEMS, params=query)
    assert answer.status_code == 200, answer.text
    return {record["id"]: record for record in answer.json()["features"]}


def test_every_layer_plan_and_document_has_a_record(hanoi_reader: TestClient) -> None:
    page = hanoi_reader.get(ITEMS, params={"limit": 1000}).json()
    records = {record["id"]: record for record in page["features"]}
    assert page["numberMatched"] == page["numberReturned"] == len(records)
    of_type = {type_: [r for r in records.values() if r["properties"]["type"] == type_] for type_ in
               ("dataset", "plan", "document")}  # fmt: skip
    assert {r["id"] for r in of_type["dataset"]} == set(store_of(hanoi_reader).layers())
    plans = store_of(hanoi_reader).read("plans")
    assert len(of_type["plan"]) == len(plans)
    rules = store_of(hanoi_reader).read("rules")
    assert sum(r["properties"]["features"] for r in of_type["document"]) == rules["document"].notna().sum()
    capital = records["plans.1569-qd-ttg"]
    assert capital["time"] == {"date": "2024-12-12"}
    assert capital["properties"]["externalIds"] == [{"value": "1569/QĐ-TTg"}]
    assert capital["geometry"] is None
    about = next(entry["href"] for entry in capital["links"] if entry["rel"] == "about")
    assert hanoi_reader.get(about).json()["properties"]["decision"] == "1569/QĐ-TTg"


def test_words_are_found_without_tone_marks_in_both_languages(hanoi_reader: TestClient) -> None:
    assert "plans.1569-qd-ttg" in found(hanoi_reader, q="quy hoach thu do", type="plan")
    assert "plans.1569-qd-ttg" in found(hanoi_reader, q="QUY HOẠCH THỦ ĐÔ", type="plan", lang="en")
    assert "plans.1569-qd-ttg" in found(hanoi_reader, q="no such words,Capital Plan", type="plan", lang="vi")
    assert found(hanoi_reader, q="thu do quy hoach nguoc") == {}, "words of one text stand in this order"
    assert found(hanoi_reader, q="--") == {}
    assert found(hanoi_reader, q="phu nghia", type="dataset") == {}, "features are no records"


def test_numbers_ids_types_and_dates_select(hanoi_reader: TestClient) -> None:
    assert list(found(hanoi_reader, externalIds="1569/QĐ-TTg")) == ["plans.1569-qd-ttg"]
    assert set(found(hanoi_reader, ids="parks, plots")) == {"parks", "plots"}
    assert set(found(hanoi_reader, type="plan", datetime="2024-12-01/2024-12-31", limit=1000)) == {"plans.1569-qd-ttg"}
    assert "plans.1569-qd-ttg" not in found(hanoi_reader, type="plan", datetime="2025-01-01/..", limit=1000)


def test_a_place_selects_and_what_has_none_is_not_there(hanoi_reader: TestClient) -> None:
    here = found(hanoi_reader, bbox="105.4,20.6,106.0,21.3", limit=1000)
    assert "parks" in here
    assert "plans" not in here, "a layer of attributes has no place"
    assert "parks" not in found(hanoi_reader, bbox="0,0,1,1", limit=1000)
    assert "parks" in found(hanoi_reader, bbox="100,0,-100,50", limit=1000), "a box across the antimeridian"
    parks = here["parks"]["geometry"]["coordinates"][0]
    assert (min(parks), max(parks)) == (parks[0], parks[2])
    assert [round(value, 3) for value in (*parks[0], *parks[2])] == [105.454, 20.697, 105.923, 21.267]


def test_unknown_coverage_is_told_as_unknown(hanoi_reader: TestClient) -> None:
    known = set(store_of(hanoi_reader).read("coverage")["layer"])
    datasets = found(hanoi_reader, type="dataset", limit=1000)
    assert {id_ for id_, record in datasets.items() if record["properties"]["coverageKnown"]} == known
    assert all(record["properties"]["coverage"] == [] for id_, record in datasets.items() if id_ not in known)


def test_pages_lead_through_all_records_once(reader: TestClient) -> None:
    seen: list[str] = []
    url = f"{ITEMS}?limit=1"
    while url:
        page = reader.get(url).json()
        seen += [record["id"] for record in page["features"]]
        url = next((entry["href"] for entry in page["links"] if entry["rel"] == "next"), "")
    assert sorted(seen) == ["notes", "stations"]


def test_the_catalogue_is_a_collection_of_records(reader: TestClient) -> None:
    own = reader.get("/collections/catalogue").json()
    assert (own["itemType"], own["id"]) == ("record", "catalogue")
    listed = {entry["id"]: entry for entry in reader.get("/collections").json()["collections"]}
    assert listed["catalogue"]["title"] == own["title"] == "Catalogue"
    one = reader.get(f"{ITEMS}/stations?lang=vi")
    assert one.headers["content-language"] == "vi"
    assert one.json()["conformsTo"] == ["http://www.opengis.net/spec/ogcapi-records-1/1.0/conf/record-core"]
    assert one.json()["time"] == {"interval": ["2020-01-01", "2044-12-31"]}


@pytest.mark.parametrize(
    ("address", "status", "told"),
    [
        (f"{ITEMS}/nobody", 404, "nobody"),
        (f"{ITEMS}?type=layer", 400, "dataset, plan, document, package"),
        (f"{ITEMS}?cursor=nobody", 400, "cursor"),
        (f"{ITEMS}?name=x", 400, "externalIds"),
    ],
)
def test_what_means_nothing_is_told(reader: TestClient, address: str, status: int, told: str) -> None:
    answer = reader.get(address)
    assert answer.status_code == status
    assert told in answer.json()["detail"]


def test_selecting_needs_no_store(hanoi_reader: TestClient) -> None:
    records = catalogue_records(store_of(hanoi_reader))
    assert select_records(records) == records
    old = Record("a", "plan", Text("Cũ", "Old"), "plans", time=Interval(None, dt.date(2020, 1, 1)))
    new = Record("b", "plan", Text("Mới", "New"), "plans", time=Interval(dt.date(2020, 1, 2), None))
    assert select_records([old, new], time=Interval(dt.date(2020, 1, 2), None)) == [new]
    assert select_records([old, new], time=Interval(None, dt.date(2020, 1, 1))) == [old]
    assert select_records([old, new], words="moi") == [new]
