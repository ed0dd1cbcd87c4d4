"""Prometheus metrics, and spans of the steps that they time.

Every label has few values: never an id, an address or what somebody typed.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from opentelemetry.trace import Tracer
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from serving.observability.tracing import span

LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Metrics:
    """The service's metrics in a registry of their own, so that two apps in one process do not collide.

    Parameters
    ----------
    tracer
        Makes a span of each step.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
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
            "Time of one step of a search, or of suggesting.",
            ("step",),
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        )
        self.degraded = Counter(
            "lodestay_search_degraded",
            "Searches and suggestions answered with a step left out.",
            ("step",),
            registry=self.registry,
        )
        self.dropped = Counter(
            "lodestay_search_dropped",
            "Results taken off a page because PostgreSQL no longer confirmed them.",
            registry=self.registry,
        )
        self.lag = Gauge(
            "lodestay_outbox_lag",
            "Changes that the relay has not brought to the search index yet; NaN where PostgreSQL does not tell.",
            registry=self.registry,
        )
        self.listings = Gauge(
            "lodestay_ranking_listings", "Listings whose features are in memory.", registry=self.registry
        )

    @contextmanager
    def step(self, name: str, *, system: str | None = None) -> Iterator[None]:
        """Time one step of a search, as a span of the request's.

        Parameters
        ----------
        system
            The service that it asks, by OpenTelemetry's name: ``opensearch``, ``postgresql``.
        """
        started = time.perf_counter()
        try:
            with span(self._tracer, f"search {name}", system=system):
                yield
        finally:
            self.steps.labels(name).observe(time.perf_counter() - started)
