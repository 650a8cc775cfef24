"""Sending files to a server under test, and waiting for what comes of them."""

from __future__ import annotations

import json
import time
from typing import Any, Final

from starlette.testclient import TestClient

__all__ = ["BINARY", "STATION", "collection", "ended", "send", "waited", "with_properties"]

BINARY: Final = {"Content-Type": "application/octet-stream"}
WAIT_S: Final = 90.0
#: A feature of the layer of the tests, whose name tries to be markup.
STATION: Final[dict[str, Any]] = {
    "type": "Feature",
    "properties": {"id": "new", "name": "Ga mới <script>alert(1)</script>", "floors": 2},
    "geometry": {"type": "Point", "coordinates": [105.85, 21.02]},
}


def collection(*features: dict[str, Any]) -> bytes:
    """A GeoJSON file."""
    return json.dumps({"type": "FeatureCollection", "features": features}, ensure_ascii=False).encode()


def with_properties(**properties: Any) -> dict[str, Any]:
    """The feature with other attributes."""
    return {**STATION, "properties": {**STATION["properties"], **properties}}


def send(client: TestClient, body: bytes, **options: str) -> Any:
    """Send a file as a program does."""
    query = {"layer": "stations", "name": "stations.geojson", "lang": "en", **options}
    return client.post("/imports", params=query, content=body, headers=BINARY)


def ended(client: TestClient, answer: Any) -> Any:
    """Wait for the job that an answer names to end, and give how it stands."""
    assert answer.status_code == 201, answer.text
    return waited(client, answer.headers["location"])


def waited(client: TestClient, address: str) -> Any:
    """Wait for a job to end, and give how it stands."""
    deadline = time.monotonic() + WAIT_S
    while (job := client.get(address).json())["status"] in ("accepted", "running"):
        assert time.monotonic() < deadline, job
        time.sleep(0.05)
    return job
