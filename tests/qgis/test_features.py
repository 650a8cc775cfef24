"""QGIS reads and edits through OGC API Features: layers, pages, filters, edits, drafts, and what it says of errors."""

from __future__ import annotations

from typing import Any

import pytest

from layers.proposals import create_proposal, list_proposals
from layers.store import Remove, open_store
from tests.qgis.conftest import Qgis, token

#: QGIS sends no conditions of its own; the header of the connection allows whatever state is there.
ANY = {"If-Match": "*"}
SQUARE = "MultiPolygon (((105.7 21, 105.701 21, 105.701 21.001, 105.7 21.001, 105.7 21)))"


def ids(read: dict[str, Any]) -> set[str]:
    return {feature["attributes"]["id"] for feature in read["features"]}


def test_qgis_lists_and_reads_every_layer(qgis: Qgis, served: str) -> None:
    told = qgis.run(
        {"do": "collections", "url": served},
        {"do": "open", "url": served, "layer": "parks", "pageSize": "7"},
        {"do": "read", "name": "parks"},
        {"do": "read", "name": "parks", "bbox": [105.5, 20.8, 105.7, 21.0]},
        {"do": "open", "url": f"{served}/?lang=en", "layer": "roads", "srsname": "EPSG:5897"},
        {"do": "read", "name": "roads"},
        {"do": "open", "url": served, "layer": "rules"},
    )
    listed, parks, read, near, roads, lines, rules = told.results
    assert {"Khu công nghiệp", "Lô đất quy hoạch", "Hạ tầng xã hội"} <= {one["name"] for one in listed}
    assert (parks["count"], len(read["features"]), parks["crs"]) == (29, 29, "OGC:CRS84")
    names = {one["attributes"]["id"]: one["attributes"]["name_vi"] for one in read["features"]}
    assert names["phu-nghia"] == "KCN Phú Nghĩa"
    assert 0 < len(near["features"]) < 29
    assert "phu-nghia" in ids(near)
    assert roads["crs"] == "EPSG:5897"
    drawn = [line["wkt"] for line in lines["features"] if line["wkt"]]
    assert all("(5" in wkt and " 23" in wkt for wkt in drawn), "metres of VN-2000"
    assert len(drawn) == 3
    assert rules["count"] == 120
    assert told.said == []


def test_filters_are_answered_by_the_server(qgis: Qgis, served: str, store_url: str) -> None:
    with open_store(store_url) as store:
        parks = store.read("parks")
    operating, areas = parks["status"] == "operating", parks["area_ha"]
    filters = {
        "\"status\" = 'operating'": operating,
        "\"name_vi\" ILIKE '%nghĩa%'": parks["name_vi"].str.contains("Nghĩa"),
        "\"area_ha\" > 100 AND \"status\" IN ('operating', 'in_plan')": (areas > 100)
        & parks["status"].isin(["operating", "in_plan"]),
        '"year_established" IS NULL': parks["year_established"].isna(),
        "\"valid_from\" > '2010-01-01'": parks["valid_from"] > "2010-01-01",
        '"area_ha" BETWEEN 10 AND 100': areas.between(10, 100),
        'NOT "status" = \'operating\' OR "area_ha" < 50.5': ~operating | (areas < 50.5),
        '"planned_area_ha" > 100': parks["planned_area_ha"] > 100,
    }
    steps: list[dict[str, Any]] = [{"do": "open", "url": served, "layer": "parks"}]
    for text in filters:
        steps += [{"do": "filter", "name": "parks", "text": text}, {"do": "read", "name": "parks"}]
    told = qgis.run(*steps)
    for (text, wanted), read in zip(filters.items(), told.results[2::2], strict=True):
        assert ids(read) == set(parks.index[wanted]), text
        assert read["errors"] == [], text
        assert 0 < wanted.sum() < 29, text


def test_qgis_adds_changes_moves_and_deletes(qgis: Qgis, served: str, store_url: str) -> None:
    line = "LineString (574000 2322000, 574000.12345 2322100)"
    told = qgis.run(
        {"do": "open", "url": served, "layer": "roads", "srsname": "EPSG:5897"},
        {"do": "add", "name": "roads", "wkt": line, "name_": "Đường số 3"},
        {"do": "open", "url": served, "layer": "parks"},
        {"do": "change", "name": "parks", "which": "phu-nghia", "developer": "Công ty Phú Mỹ", "area_ha": 171.5},
        {"do": "change", "name": "parks", "which": "phu-nghia", "valid_from": "2009-06-30", "area_ha": None},
        {"do": "shape", "name": "parks", "which": "phu-nghia", "wkt": f"Polygon {SQUARE[14:-1]}"},
        {"do": "delete", "name": "parks", "which": "quang-minh-1"},
        {"do": "read", "name": "parks", "reload": True},
        headers=ANY,
    )
    assert [one["saved"] for one in (told.results[1], *told.results[3:7])] == [True] * 5, told.results
    assert "quang-minh-1" not in ids(told.results[7])
    with open_store(store_url) as store:
        parks, roads = store.read("parks"), store.read("roads")
        made = store.changesets()[1:]
    park = parks.loc["phu-nghia"]
    assert (park["developer"], str(park["valid_from"])[:10]) == ("Công ty Phú Mỹ", "2009-06-30")
    assert park["area_ha"] != park["area_ha"]
    assert park.geometry.bounds == pytest.approx((105.7, 21, 105.701, 21.001))
    assert "quang-minh-1" not in parks.index
    drawn = roads[roads["name"] == "Đường số 3"].to_crs("EPSG:5897").geometry.iloc[0]
    assert list(drawn.coords)[1] == pytest.approx((574000.12345, 2322100), abs=0.02)
    assert [entry.features for entry in made] == [1] * 5
    assert all(entry.author for entry in made)


def test_qgis_draws_into_layers_that_are_empty_or_not_placed(qgis: Qgis, served: str, store_url: str) -> None:
    """From 3.44 on: earlier ones take the type of a layer from its first features, and see a table here."""
    opened = [{"do": "open", "url": served, "layer": layer} for layer in ("planning_zones", "plots")]
    told = qgis.run(*opened)
    zones, plots = told.results
    if tuple(int(part) for part in told.version.split("-")[0].split(".")[:2]) < (3, 44):
        assert (zones["type"], plots["type"]) == ("NoGeometry", "NoGeometry")
        return
    assert (zones["type"], plots["type"]) == ("MultiPolygon", "MultiPolygon")
    assert plots["fields"][1]["alias"] == "Tên"
    assert [field["name"] for field in plots["fields"]][:3] == ["id", "name", "name_en"]
    added, drawn = qgis.run(
        *opened,
        {"do": "add", "name": "planning_zones", "wkt": SQUARE, "zone": "industrial", "name_": "Khu thử nghiệm"},
        {"do": "shape", "name": "plots", "which": "soc-son-cn", "wkt": SQUARE},
        headers=ANY,
    ).results[2:]
    assert added["saved"], added
    assert drawn["saved"], drawn
    with open_store(store_url) as store:
        assert store.read("planning_zones")["name"].tolist() == ["Khu thử nghiệm"]
        assert store.read("plots").geometry["soc-son-cn"].area == pytest.approx(1e-6)


def test_qgis_tells_why_a_change_is_refused(qgis: Qgis, served: str) -> None:
    edits: list[dict[str, Any]] = [
        {"do": "open", "url": served, "layer": "parks"},
        {"do": "change", "name": "parks", "which": "phu-nghia", "area_ha": -5},
        {"do": "delete", "name": "parks", "which": "phu-nghia"},
        {"do": "read", "name": "parks", "reload": True},
    ]
    without, with_ = qgis.run(*edits).results, qgis.run(*edits, headers=ANY).results
    assert not without[1]["saved"]
    assert "Precondition Required" in " ".join(without[2]["errors"])
    assert "phu-nghia" in ids(without[3])
    assert not with_[1]["saved"]
    assert "Cannot modify feature" in " ".join(with_[1]["errors"])
    assert with_[2]["saved"]


def test_who_may_only_propose_edits_a_draft(qgis: Qgis, signed: str, store_url: str) -> None:
    headers = token(store_url, "vien", "institute")
    told = qgis.run(
        {"do": "open", "url": signed, "layer": "roads"},
        {"do": "add", "name": "roads", "wkt": "LineString (105.7 21, 105.71 21.01)", "name_": "Đường đề xuất"},
        {"do": "open", "url": signed, "layer": "parks"},
        {"do": "change", "name": "parks", "which": "phu-nghia", "developer": "Viện"},
        {"do": "delete", "name": "parks", "which": "quang-minh-1"},
        {"do": "read", "name": "parks"},
        {"do": "read", "name": "parks", "reload": True},
        headers=headers,
    )
    roads, added, _, changed, deleted, edited, plan = told.results
    assert roads["valid"]
    assert [one["saved"] for one in (added, changed, deleted)] == [True] * 3, (added, changed, deleted)
    with open_store(store_url) as store:
        assert len(store.changesets()) == 1
        (own,) = list_proposals(store, states=["draft"])
        seen = store.read("roads", proposal=own.id)
        assert "Đường đề xuất" in seen["name"].tolist()
        assert "quang-minh-1" not in store.read("parks", proposal=own.id).index
    assert "quang-minh-1" not in ids(edited)
    assert "quang-minh-1" in ids(plan), "loaded anew, it is the plan again"


@pytest.mark.parametrize("address", ["/?proposal={}", "/states/proposal={}"])
def test_a_connection_to_a_proposal_reads_and_edits_it(qgis: Qgis, served: str, store_url: str, address: str) -> None:
    with open_store(store_url) as store:
        proposal = create_proposal(store, "Phương án", author="An", message="Mới").id
    url = served + address.format(proposal)
    told = qgis.run(
        {"do": "collections", "url": url},
        {"do": "open", "url": url, "layer": "parks"},
        {"do": "change", "name": "parks", "which": "phu-nghia", "developer": "Viện"},
        {"do": "delete", "name": "parks", "which": "quang-minh-1"},
        {"do": "open", "url": url, "layer": "roads"},
        {"do": "add", "name": "roads", "wkt": "LineString (105.7 21, 105.71 21.01)", "name_": "Đường đề xuất"},
        {"do": "read", "name": "parks", "reload": True},
        headers=ANY,
    )
    listed, _, changed, deleted, _, added, parks = told.results
    assert "Khu công nghiệp" in {one["name"] for one in listed}
    assert [one["saved"] for one in (changed, deleted, added)] == [True] * 3, told.results[2:]
    assert "quang-minh-1" not in ids(parks), "loaded anew, it is the proposal"
    with open_store(store_url) as store:
        assert len(store.changesets()) == 1
        assert [one.id for one in list_proposals(store)] == [proposal]
        seen = store.read("parks", proposal=proposal)
        assert seen.loc["phu-nghia", "developer"] == "Viện"
        assert "Đường đề xuất" in store.read("roads", proposal=proposal)["name"].tolist()


def test_a_connection_to_a_time_reads_it(qgis: Qgis, served: str, store_url: str) -> None:
    with open_store(store_url) as store:
        parks, first = store.read("parks"), store.latest()
        then = store.read("parks", horizon=2005)
        store.commit([Remove("parks", ["phu-nghia"])], author="An", message="Bỏ")
    past, planned = f"{served}/?as_of={first}", f"{served}/?datetime=2005-12-31"
    told = qgis.run(
        {"do": "open", "url": past, "layer": "parks"},
        {"do": "read", "name": "parks"},
        {"do": "delete", "name": "parks", "which": "quang-minh-1"},
        {"do": "open", "url": planned, "layer": "parks", "name": "then"},
        {"do": "read", "name": "then"},
        headers=ANY,
    )
    _, before, deleted, _, planned_then = told.results
    assert ids(before) == set(parks.index)
    assert not deleted["saved"], "what was cannot be edited"
    assert ids(planned_then) == set(then.index) - {"phu-nghia"}
    assert len(then) < len(parks)


def test_strangers_and_viewers_are_told_what_they_may_not(qgis: Qgis, signed: str, store_url: str) -> None:
    headers = token(store_url, "lan", "viewer")
    opened = {"do": "open", "url": signed, "layer": "parks"}
    # First, as QGIS keeps what it was given.
    assert not qgis.run(opened, headers={"Authorization": "Bearer parkplan_nothing"}).results[0]["valid"]
    viewer = qgis.run(opened, headers=headers).results[0]
    assert viewer["valid"]
    assert not any(word in " ".join(viewer["editable"]) for word in ("Add", "Delete", "Change"))
