"""Styles for map programs other than the map page."""

from __future__ import annotations

from starlette.testclient import TestClient


def test_a_style_asks_for_kinds_of_geometry_as_qgis_understands(client: TestClient) -> None:
    """QGIS 3.44 makes nothing of `match` on the kind of geometry, and then draws no feature at all."""
    drawn = {one["id"]: one for one in client.get("/styles/stations").json()["layers"] if one["id"] != "ground"}
    assert set(drawn) == {"stations-area", "stations-edge", "stations-point"}
    for id_, kind in (("stations-area", "Polygon"), ("stations-edge", "Polygon"), ("stations-point", "Point")):
        asked = [["==", ["geometry-type"], kind], ["==", ["geometry-type"], f"Multi{kind}"]]
        assert drawn[id_]["filter"] == ["any", *asked]
