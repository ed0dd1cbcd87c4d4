"""OpenTelemetry: spans of requests from FastAPI itself, of search steps and of SQL; exported where a collector is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF, DEFAULT_ON
from opentelemetry.trace import SpanKind, StatusCode, Tracer
from sqlalchemy import Connection, ExceptionContext, event
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.typing import EventDict, WrappedLogger

from lodestay.telemetry import REDACTED

QUERY = "url.query"
SYSTEM = "db.system.name"
POSTGRESQL = "postgresql"
OPENSEARCH = "opensearch"
_RUNNING = "lodestay.span"
"""Where a connection keeps the span of the statement that it runs: it runs one at a time."""


class HideQuery(SpanProcessor):
    """Blank the query string that FastAPI puts on its spans: it holds what the guest typed."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002 (the interface)
        """Overwrite the attribute before anything is exported."""
        if span.attributes and QUERY in span.attributes:
            span.set_attribute(QUERY, REDACTED)


def tracer_provider(service: str, *, otlp_endpoint: str | None, records: bool = True) -> TracerProvider:
    """Make the process's tracer; without `otlp_endpoint` spans only give logs their trace ids.

    Parameters
    ----------
    otlp_endpoint
        Base address of a collector that takes OTLP over HTTP, such as ``http://localhost:4318``.
    records
        Whether spans remember anything: without it they are numbers alone, which cost a tenth.
    """
    sampler = DEFAULT_ON if records else ALWAYS_OFF
    provider = TracerProvider(resource=Resource.create({"service.name": service}), sampler=sampler)
    provider.add_span_processor(HideQuery())
    if otlp_endpoint is not None:
        exporter = OTLPSpanExporter(endpoint=f"{otlp_endpoint.rstrip('/')}/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(exporter))
    return provider


def telemetry_config(provider: TracerProvider) -> TelemetryConfig:
    """FastAPI's native telemetry on our tracer: metrics are Prometheus', logs are structlog's."""
    return TelemetryConfig(
        tracer_provider=provider,
        tracing=True,
        metrics=False,
        logs=False,
        operation_spans=False,
        auto_configure=False,
    )


@contextmanager
def span(tracer: Tracer, name: str, *, system: str | None) -> Iterator[None]:
    """A span around some work; what it fails with is told by its type alone, since messages may hold what was typed.

    Parameters
    ----------
    system
        The service that is asked, None for work of our own.
    """
    kind = SpanKind.INTERNAL if system is None else SpanKind.CLIENT
    attributes = {} if system is None else {SYSTEM: system}
    with tracer.start_as_current_span(
        name, kind=kind, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield
        except Exception as error:
            current.set_attribute("error.type", type(error).__name__)
            current.set_status(StatusCode.ERROR)
            raise


def trace_statements(engine: AsyncEngine, tracer: Tracer) -> None:
    """Make a span of every SQL statement inside a request: its text, which has parameters and no values."""

    def start(connection: Connection, _cursor: object, statement: str, *_: object) -> None:
        if trace.get_current_span().get_span_context().is_valid:
            attributes = {SYSTEM: POSTGRESQL, "db.query.text": statement}
            verb = statement.split(maxsplit=1)[0].upper()
            connection.info[_RUNNING] = tracer.start_span(verb, kind=SpanKind.CLIENT, attributes=attributes)

    def end(connection: Connection, *_: object) -> None:
        if (current := connection.info.pop(_RUNNING, None)) is not None:
            current.end()

    def fail(failure: ExceptionContext) -> None:
        connection = failure.connection
        if connection is not None and (current := connection.info.pop(_RUNNING, None)) is not None:
            current.set_attribute("error.type", type(failure.original_exception).__name__)
            current.set_status(StatusCode.ERROR)
            current.end()

    event.listen(engine.sync_engine, "before_cursor_execute", start)
    event.listen(engine.sync_engine, "after_cursor_execute", end)
    event.listen(engine.sync_engine, "handle_error", fail)


def add_trace_id(_logger: WrappedLogger, _method: str, line: EventDict) -> EventDict:
    """Put the current trace's id (W3C Trace Context) into a log line."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        line["trace_id"] = format(context.trace_id, "032x")
    return line
