"""Spans: what a search is made of, on whose trace, with nothing in them that was typed."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from lodestay.clock import FixedClock
from lodestay.settings import Settings
from lodestay.telemetry import REDACTED, configure_logging
from serving.app import create_app
from serving.observability.tracing import add_trace_id, tracer_provider
from tests.serving.conftest import no_cities
from tests.serving.marketplace import Marketplace

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = f"00-{TRACE}-00f067aa0ba902b7-01"
WISH = "a-wish-that-nobody-may-read"


@pytest.fixture
def exporter() -> InMemorySpanExporter:
    """Where spans end."""
    return InMemorySpanExporter()


@pytest.fixture
def provider(exporter: InMemorySpanExporter) -> TracerProvider:
    """The service's tracing, with its spans kept here."""
    provider = tracer_provider("test", otlp_endpoint=None)
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    return provider


@pytest.fixture
def traced(
    settings: Settings, clock: FixedClock, marketplace: Marketplace, provider: TracerProvider
) -> Iterator[TestClient]:
    """A client of an application without OpenSearch."""
    with TestClient(create_app(settings, clock, no_cities, provider)) as client:
        yield client


def spans_of(traced: TestClient, exporter: InMemorySpanExporter) -> list[ReadableSpan]:
    """Every span of one search, sent as a part of a caller's trace."""
    exporter.clear()
    asked = {"market": "lisbon", "text": WISH}
    assert traced.get("/v1/search", params=asked, headers={"traceparent": PARENT}).status_code == 200
    return list(exporter.get_finished_spans())


def test_a_search_is_one_trace_of_its_steps_and_statements(traced: TestClient, exporter: InMemorySpanExporter) -> None:
    """The caller's trace goes on: the request, in it the steps, in those that ask PostgreSQL its statements."""
    spans = {span.name: span for span in spans_of(traced, exporter)}
    assert {format(span.context.trace_id, "032x") for span in spans.values()} == {TRACE}
    (server,) = (span for span in spans.values() if span.kind is SpanKind.SERVER)
    steps = [name for name in spans if name.startswith("search ")]
    assert steps == [
        "search markets",
        "search retrieve",
        "search retrieve_from_database",
        "search rank",
        "search confirm",
        "search explain",
    ]
    assert {spans[name].parent.span_id for name in steps} == {server.context.span_id}
    assert spans["search retrieve"].attributes == {"db.system.name": "opensearch", "error.type": "SearchUnavailable"}
    assert spans["search retrieve"].status.status_code is StatusCode.ERROR
    statement = spans["SELECT"]
    assert statement.attributes["db.system.name"] == "postgresql"
    assert statement.parent.span_id in {spans[name].context.span_id for name in steps} | {server.context.span_id}


def test_spans_hold_nothing_that_was_typed(traced: TestClient, exporter: InMemorySpanExporter) -> None:
    """The query is blanked before anything is exported, and no statement or failure repeats it."""
    spans = spans_of(traced, exporter)
    (server,) = (span for span in spans if span.kind is SpanKind.SERVER)
    assert server.attributes["url.query"] == REDACTED
    assert WISH not in "".join(span.to_json() for span in spans)


def test_log_lines_name_the_trace(traced: TestClient, exporter: InMemorySpanExporter) -> None:
    """Every line of a request has the id of its trace, so that logs and spans are found by each other."""
    log = io.StringIO()
    configure_logging("test", stream=log, extra=(add_trace_id,))
    spans_of(traced, exporter)
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    assert {line["event"] for line in lines} >= {"request", "search degraded"}
    assert {line.get("trace_id") for line in lines} == {TRACE}
