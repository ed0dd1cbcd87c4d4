"""Prometheus metrics. Every label has few values: never an id, an address or what somebody typed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The service's metrics in a registry of their own, so that two apps in one process do not collide."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "lodestay_http_requests", "Requests answered.", ("method", "route", "status"), registry=self.registry
        )
        self.latency = Histogram(
            "lodestay_http_request_seconds",
            "Time to answer a request.",
            ("route",),
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.steps = Histogram(
            "lodestay_search_step_seconds",
            "Time of one step of a search.",
            ("step",),
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.degraded = Counter(
            "lodestay_search_degraded", "Searches answered with a step left out.", ("step",), registry=self.registry
        )
        self.dropped = Counter(
            "lodestay_search_dropped",
            "Results taken off a page because PostgreSQL no longer confirmed them.",
            registry=self.registry,
        )
        self.listings = Gauge(
            "lodestay_ranking_listings", "Listings whose features are in memory.", registry=self.registry
        )

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Time one step of a search."""
        started = time.perf_counter()
        try:
            yield
        finally:
            self.steps.labels(name).observe(time.perf_counter() - started)
