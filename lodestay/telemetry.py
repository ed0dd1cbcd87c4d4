"""Logs: one JSON object a line on standard error, with no personal data in it.

Every long-running process calls :func:`configure_logging` once at its start; libraries that log through
the standard library come out in the same shape. Spans and metrics belong to the processes that serve.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import TextIO

import orjson
import structlog
from structlog.tracebacks import ExceptionDictTransformer
from structlog.typing import EventDict, Processor, WrappedLogger

PRIVATE_KEYS = frozenset(
    {
        "authorization",
        "client",
        "comment",
        "cookie",
        "display_name",
        "email",
        "guest_id",
        "host_id",
        "ip",
        "password",
        "phone",
        "query_string",
        "text",
        "token",
        "url",
        "user_id",
    }
)
"""Names of values that may say who somebody is or what they typed; they never reach a log."""

REDACTED = "[private]"


def redact(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Blank every value whose name is private, also inside nested objects and lists."""
    return {key: _redacted(key, value) for key, value in event.items()}


def _redacted(key: str, value: object) -> object:
    if key in PRIVATE_KEYS:
        return REDACTED
    if isinstance(value, dict):
        return {inner: _redacted(str(inner), each) for inner, each in value.items()}
    if isinstance(value, list | tuple):
        return [_redacted("", each) for each in value]
    return value


def _without_parameters(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Cut the bound values off the database driver's messages: they are guests' and hosts' data."""
    for raised in event.get("exception", ()):
        if isinstance(raised, dict):
            raised["exc_value"] = str(raised["exc_value"]).partition("\n[parameters:")[0]
    return event


def configure_logging(service: str, *, stream: TextIO | None, extra: Sequence[Processor]) -> None:
    """Send every log line of this process to `stream` as JSON.

    Parameters
    ----------
    service
        Name of the process, in every line.
    stream
        Where to; None means standard error.
    extra
        Further structlog processors (a trace id, say), run before the line is rendered.
    """

    def name_service(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        return {"service": service, **event}

    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(ExceptionDictTransformer(show_locals=False)),
        *extra,
        name_service,
        _without_parameters,
        redact,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        cache_logger_on_first_use=False,  # a test, or a reload, may configure again
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_dumps),
            ],
            foreign_pre_chain=shared,
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.INFO)
    for chatty in ("opensearchpy", "opensearchpy.trace", "opensearch", "httpx2", "aiohttp.access", "uvicorn.access"):
        # Their lines repeat addresses and queries with what guests typed; ours say the same without.
        logging.getLogger(chatty).setLevel(logging.ERROR)
    for own in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(own).handlers.clear()
        logging.getLogger(own).propagate = True


def _dumps(event: object, **_: object) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS).decode()
