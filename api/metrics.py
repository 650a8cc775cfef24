"""Figures of a server for Prometheus: how many requests, how long they took, how many are at work.

Addresses are told by their pattern, never by what stands in them: figures must not grow with what callers invent.
"""

from __future__ import annotations

import time
from typing import Final

from fastapi import APIRouter, Depends
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector
from starlette.requests import Request
from starlette.responses import Response

from api.auth.persons import needs

__all__ = ["OTHER", "Metrics", "router"]

#: Upper ends of the classes of duration, seconds: a cached tile to the longest query.
_BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
#: What no route answers.
OTHER: Final = "other"

router = APIRouter(tags=["server"])


class Metrics:
    """The figures of one application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._requests = Counter(
            "parkplan_requests_total",
            "Requests that were answered.",
            ("method", "route", "status"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "parkplan_request_seconds", "How long answers took.", ("route",), buckets=_BUCKETS, registry=self.registry
        )
        self._at_work = Gauge("parkplan_requests_at_work", "Requests that are being answered.", registry=self.registry)
        self._moved = time.monotonic()
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def started(self) -> None:
        """Note that a request came."""
        self._at_work.inc()

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Note that a request was answered.

        Parameters
        ----------
        method : str
            HTTP method.
        route : str
            Pattern of the address.
        status : int
            HTTP status; 0 where the caller went away before there was one.
        seconds : float
            How long it took.
        """
        self._at_work.dec()
        self._moved = time.monotonic()
        self._requests.labels(method if method in _METHODS else OTHER, route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def idle_s(self) -> float:
        """Return for how long nothing was answered.

        Returns
        -------
        float
            Seconds.
        """
        return time.monotonic() - self._moved

    def text(self) -> bytes:
        """Return all figures.

        Returns
        -------
        bytes
            In the text format of Prometheus.
        """
        return generate_latest(self.registry)


@router.get("/metrics", include_in_schema=False, dependencies=[Depends(needs("administer"))])
async def metrics(request: Request) -> Response:
    """Return the figures of this server for Prometheus.

    Parameters
    ----------
    request : Request
        The request.

    Returns
    -------
    Response
        Text; for administrators, whose token a collector sends along.
    """
    figures: Metrics = request.app.state.metrics
    return Response(figures.text(), media_type=CONTENT_TYPE_LATEST, headers={"Cache-Control": "no-store"})
