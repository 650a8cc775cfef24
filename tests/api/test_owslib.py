"""What OWSLib, the client behind many a Python script for OGC services, reads from a running server."""

from __future__ import annotations

import pytest
from owslib.ogcapi.features import Features
from owslib.ogcapi.processes import Processes
from owslib.ogcapi.records import Records


def test_owslib_reads_features(server: str) -> None:
    features = Features(server, headers={"Accept-Language": "en"})
    assert "http://www.opengis.net/spec/ogcapi-features-1/1.0/conf/core" in features.conformance()["conformsTo"]
    assert {"parks", "roads", "rules"} <= set(features.feature_collections())
    assert "catalogue" not in features.feature_collections()
    assert features.collection("parks")["title"] == "Industrial parks"
    assert features.api()["openapi"] == "3.0.3"
    near = features.collection_items("parks", bbox=[105.5, 20.8, 105.7, 21.0], limit=1000)
    everything = features.collection_items("parks", limit=1000)
    assert 0 < near["numberReturned"] < everything["numberReturned"] == 29
    large = features.collection_items("parks", filter="area_ha > 500")
    assert [feature["id"] for feature in large["features"]] == ["hoa-lac-htp"]
    then = features.collection_items("parks", datetime_="1990-01-01", limit=1000)
    assert then["numberReturned"] < 29
    few = features.collection_items("parks", properties=["name_vi"], limit=1)
    assert list(few["features"][0]["properties"]) == ["name_vi"]
    assert features.collection_item("parks", "phu-nghia")["properties"]["name_vi"] == "KCN Phú Nghĩa"
    assert "area_ha" in features.collection_queryables("parks")["properties"]
    assert "area_ha" in features.collection_schema("parks")["properties"]
    with pytest.raises(RuntimeError, match="unknown-layer"):
        features.collection("none")


def test_owslib_reads_records(server: str) -> None:
    records = Records(server)
    assert records.records() == ["catalogue"]
    found = records.collection_items("catalogue", q="quy hoach thu do", limit=100)
    assert "plans.1569-qd-ttg" in [record["id"] for record in found["features"]]
    assert records.collection_item("catalogue", "parks")["properties"]["type"] == "dataset"
    assert {"type", "title"} <= set(records.collection_queryables("catalogue")["properties"])


def test_owslib_runs_processes(server: str) -> None:
    processes = Processes(server)
    assert "planning-review" in [entry["id"] for entry in processes.processes()]
    assert "horizon" in processes.process("planning-review")["inputs"]
    result = processes.execute("planning-review", inputs={"horizon": 2030}, response="document")
    assert result["review"]["horizon"] == 2030
