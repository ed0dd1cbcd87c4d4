"""OpenTelemetry: spans from FastAPI itself, exported only where a collector is named."""

from __future__ import annotations

from fastapi.telemetry import TelemetryConfig
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Span, SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from structlog.typing import EventDict, WrappedLogger

from lodestay.telemetry import REDACTED

QUERY = "url.query"


class HideQuery(SpanProcessor):
    """Blank the query string that FastAPI puts on its spans: it holds what the guest typed."""

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:  # noqa: ARG002 (the interface)
        """Overwrite the attribute before anything is exported."""
        if span.attributes and QUERY in span.attributes:
            span.set_attribute(QUERY, REDACTED)


def tracer_provider(service: str, *, otlp_endpoint: str | None) -> TracerProvider:
    """Make the process's tracer; without `otlp_endpoint` spans only give logs their trace ids.

    Parameters
    ----------
    otlp_endpoint
        Base address of a collector that takes OTLP over HTTP, such as ``http://localhost:4318``.
    """
    provider = TracerProvider(resource=Resource.create({"service.name": service}))
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


def add_trace_id(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Put the current trace's id (W3C Trace Context) into a log line."""
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = format(context.trace_id, "032x")
    return event
