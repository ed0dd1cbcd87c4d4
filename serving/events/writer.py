"""Write events; a log that cannot be written costs no guest an answer."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from search.errors import EventLogUnavailable
from search.event_log import EventLog
from search.events import Event
from serving.observability.metrics import Metrics

log = structlog.get_logger(__name__)


def write_events(events: EventLog, happened: Sequence[Event], metrics: Metrics) -> None:
    """Append events; where the disk does not take them, the process's own log and a metric say how many are lost."""
    try:
        events.append(happened)
    except EventLogUnavailable as error:
        metrics.events_lost.inc(len(happened))
        log.error("events lost", count=len(happened), reason=error.detail)  # noqa: TRY400 (the reason is the message)
