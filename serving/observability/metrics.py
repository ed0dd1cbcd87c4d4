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
        self.without = Counter(
            "lodestay_search_without",
            "Steps that gave a search nothing: they were late, busy, shut by their breaker, or they failed.",
            ("step", "why"),
            registry=self.registry,
        )
        self.shut = Gauge(
            "lodestay_search_breaker_open",
            "1 while a step is not asked, or asked by one search at a time, since it failed again and again.",
            ("step",),
            registry=self.registry,
        )
        self.waiting = Gauge(
            "lodestay_search_waiting",
            "Searches that are at, or wait for, one of the few places at something.",
            ("place",),
            registry=self.registry,
        )
        self.columns_age = Gauge(
            "lodestay_search_columns_behind_seconds",
            "Time since the columns were last up to date with PostgreSQL; NaN where there are none.",
            registry=self.registry,
        )
        self.cached = Counter(
            "lodestay_search_cached",
            "Searches of the columns by what was kept of them: answered by it, changed meanwhile, or never kept.",
            ("kept",),
            registry=self.registry,
        )
        self.cache_age = Histogram(
            "lodestay_search_cache_age_seconds",
            "Age of the kept answers that searches were answered with; nothing in them had changed.",
            buckets=(0.1, 1.0, 10.0, 60.0, 600.0, 3600.0),
            registry=self.registry,
        )
        self.cache_bytes = Gauge(
            "lodestay_search_cache_bytes", "Memory of the kept answers, about.", registry=self.registry
        )
        self.dropped = Counter(
            "lodestay_search_dropped",
            "Results taken off a page because PostgreSQL no longer confirmed them.",
            registry=self.registry,
        )
        self.events_lost = Counter(
            "lodestay_events_lost",
            "Events for the event log that the disk did not take, all of a call's where it took only some.",
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
