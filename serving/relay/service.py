"""The loop of the relay: read the outbox in commit order, deliver, remember; tidy up now and then."""

from __future__ import annotations

import asyncio
from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import psycopg
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.clock import Clock
from lodestay.errors import ServiceUnavailable
from serving.relay.index_sink import IndexSink
from serving.relay.present import BATCH
from transactional.kit import idempotency
from transactional.outbox import repository as outbox
from transactional.outbox.changes import listings_changed_since
from transactional.outbox.topics import Topic

SINK = "index"
POLL_SECONDS = 0.15
MAX_BACKOFF_SECONDS = 5.0
ENTRIES = 500
"""Outbox entries read at a time; many may be of one listing, which is then written once."""
FEW = 50
"""Listings up to which a delivery is made visible at once; more would make refreshing dear, and can wait for it."""
WATCH_EVERY = timedelta(seconds=2)
"""How often the relay looks whether another index went into service."""
PRUNE_EVERY = timedelta(hours=1)

log = structlog.get_logger(__name__)


@dataclass
class Relay:
    """Carries changes to the index, one step at a time.

    Everything is committed step by step, so that a kill at any moment loses nothing: what was delivered
    without being remembered is delivered again.
    """

    sessions: async_sessionmaker[AsyncSession]
    sink: IndexSink
    clock: Clock
    _backlog: deque[int] = field(default_factory=deque, init=False)
    _watched: datetime | None = field(default=None, init=False)
    _pruned: datetime | None = field(default=None, init=False)

    async def step(self) -> bool:
        """Deliver what is new, else a batch of what a new index may have missed; say whether there was anything."""
        await self._watch()
        return await self._deliver() or await self._catch_up()

    async def _deliver(self) -> bool:
        async with self.sessions.begin() as session:
            entries = await outbox.read_batch(session, SINK, limit=ENTRIES)
            changed = list(dict.fromkeys(entry.listing_id for entry in entries if entry.listing_id is not None))
            written = 0
            for start in range(0, len(changed), BATCH):
                written += await self.sink.write(changed[start : start + BATCH])
            if 0 < written <= FEW:
                await self.sink.make_visible()
            await outbox.advance(session, SINK, entries, now=self.clock.now())
        if entries:
            waited = self.clock.now() - entries[0].occurred_at
            log.info(
                "delivered",
                entries=len(entries),
                listings=len(changed),
                documents=written,
                oldest_ms=round(waited.total_seconds() * 1000),
            )
        return bool(entries)

    async def _catch_up(self) -> bool:
        """Write a batch of the backlog; what is left when the process ends, the next start finds again."""
        if not self._backlog:
            return False
        batch = [self._backlog[n] for n in range(min(BATCH, len(self._backlog)))]
        await self.sink.write(batch)
        for _ in batch:
            self._backlog.popleft()
        return True

    async def _watch(self) -> None:
        now = self.clock.now()
        if self._watched is not None and now - self._watched < WATCH_EVERY:
            return
        if (index := await self.sink.look()) is not None:
            if index.since is not None:
                async with self.sessions() as session:
                    # Every kind: a build reads table after table, so it may have missed a part of any change.
                    self._backlog.extend(await listings_changed_since(session, index.since, topics=tuple(Topic)))
                log.info("catching a new index up", listings=len(self._backlog))
            self.sink.adopt(index)
        if self._pruned is None or now - self._pruned >= PRUNE_EVERY:
            async with self.sessions.begin() as session:
                await outbox.prune(session, before=now - outbox.KEEP)
                await idempotency.prune(session, before=now - outbox.KEEP)
            self._pruned = now
        self._watched = now  # only now: what failed is tried again at once


async def run(relay: Relay, stop: asyncio.Event) -> None:
    """Step until `stop` is set; when a service is away, wait for it, longer each time."""
    failures = 0
    while not stop.is_set():
        try:
            busy = await relay.step()
        except (SQLAlchemyError, psycopg.Error, ServiceUnavailable, OSError) as error:
            failures += 1
            pause = min(MAX_BACKOFF_SECONDS, POLL_SECONDS * 2**failures)
            # One line with its reason for each attempt; the traceback of an absent service says nothing more.
            log.warning("waiting for a service", reason=_in_short(error), seconds=round(pause, 2), attempt=failures)
        else:
            if failures:
                log.info("back at work", attempts=failures)
            failures = 0
            pause = 0.0 if busy else POLL_SECONDS
        await _sleep(pause, stop)


def _in_short(error: Exception) -> str:
    text = str(error).partition("\n")[0]
    return f"{type(error).__name__}: {text[:200]}"


async def _sleep(seconds: float, stop: asyncio.Event) -> None:
    try:
        async with asyncio.timeout(seconds):
            await stop.wait()
    except TimeoutError:
        pass
