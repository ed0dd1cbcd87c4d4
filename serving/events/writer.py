"""Append events to the lake's log."""

from __future__ import annotations

import asyncio
import os
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

import structlog

from lodestay.lake import RAW_EVENTS
from search.events import BookingEvent, ClickEvent, ImpressionEvent, SearchEvent

AnyEvent = SearchEvent | ImpressionEvent | ClickEvent | BookingEvent

log = structlog.get_logger(__name__)


class EventWriter:
    """Appends each event as a line, in one write, so that readers never see half of one."""

    def __init__(self, lake: str) -> None:
        self._lake = lake

    async def write(self, events: Sequence[AnyEvent]) -> None:
        """Append events; a log that cannot be written costs no guest an answer."""
        try:
            await asyncio.to_thread(self._append, events)
        except OSError as error:
            log.error("events lost", count=len(events), reason=str(error))  # noqa: TRY400 (the reason is the message)

    def _append(self, events: Sequence[AnyEvent]) -> None:
        partitions: dict[Path, list[str]] = defaultdict(list)
        for event in events:
            folder = Path(RAW_EVENTS.partition(self._lake, day=event.occurred_at.date(), market=event.market))
            partitions[folder].append(event.model_dump_json())
        for folder, lines in partitions.items():
            folder.mkdir(parents=True, exist_ok=True)
            with (folder / f"serving-{os.getpid()}.jsonl").open("ab", buffering=0) as file:
                file.write("".join(f"{line}\n" for line in lines).encode())
