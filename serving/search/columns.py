"""The listings as columns in this process: taken from the lake's documents, and kept up by the outbox from then on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.clock import Clock
from lodestay.lake import RAW, SEARCH_DOCUMENTS, LakeFile, newest_files, partition_files, read_files
from search.columns.engine import ColumnEngine
from search.columns.store import ColumnStore
from serving.relay.present import BATCH, present_fields
from serving.relay.service import KEEP
from transactional.outbox import repository as outbox
from transactional.outbox.changes import listings_changed_since
from transactional.outbox.topics import Topic

POLL_SECONDS = 0.1
LOOK_EVERY_SECONDS = 15.0
"""How often the lake is asked for newer documents."""
STALE_SECONDS = 5.0
"""Columns that have not heard from PostgreSQL for so long are not asked any more."""
ENTRIES = 500
SURELY_SEEN = timedelta(hours=1)
"""Changes that began so long before an export are in it, whatever their transactions waited for."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Held:
    """Columns, the documents that they were made of, and how far the outbox was read for them."""

    engine: ColumnEngine
    files: tuple[LakeFile, ...]
    position: outbox.Position


class ColumnShelf:
    """Holds the columns in service, follows the outbox for them, and makes new ones of newer documents."""

    def __init__(self, lake: str, sessions: async_sessionmaker[AsyncSession], clock: Clock) -> None:
        self._lake = lake
        self._sessions = sessions
        self._clock = clock
        self._held: _Held | None = None
        self._heard_at = 0.0
        self._looked_at = -LOOK_EVERY_SECONDS

    @property
    def engine(self) -> ColumnEngine | None:
        """The columns; None before there are any, and while they may be out of date."""
        if self._held is None or time.monotonic() - self._heard_at > STALE_SECONDS:
            return None
        return self._held.engine

    async def keep_fresh(self, stop: asyncio.Event) -> None:
        """Follow and look, again and again, until told to stop: never in the middle of a statement."""
        while not stop.is_set():
            pause = POLL_SECONDS
            try:
                await self.step()
            except (SQLAlchemyError, OSError) as error:
                log.warning("columns wait for a service", reason=str(error).partition("\n")[0][:200])
                pause = 1.0
            except Exception:
                # Whatever is wrong with what is new, searches have another way to an answer.
                log.exception("columns not kept up")
                pause = LOOK_EVERY_SECONDS
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)

    async def step(self) -> None:
        """Take in what changed; now and then look for newer documents."""
        if self._held is not None:
            self._held = await self._followed(self._held)
            self._heard_at = time.monotonic()
        if time.monotonic() - self._looked_at >= LOOK_EVERY_SECONDS:
            await self._look()
            self._looked_at = time.monotonic()

    def close(self) -> None:
        """Let the columns go."""
        if self._held is not None:
            self._held.engine.close()

    async def _look(self) -> None:
        files = tuple(await asyncio.to_thread(newest_files, SEARCH_DOCUMENTS, self._lake))
        if not files or (self._held is not None and _version(files) == _version(self._held.files)):
            return
        made = await self._make(files)
        before, self._held = self._held, made
        self._heard_at = time.monotonic()
        if before is not None:
            before.engine.close()
        log.info("columns in service", listings=len(made.engine))

    async def _make(self, files: tuple[LakeFile, ...]) -> _Held:
        """Make columns of documents and bring them to the present."""
        exported_at = await asyncio.to_thread(_exported_at, self._lake, files)
        engine = ColumnEngine(await asyncio.to_thread(ColumnStore, lambda: _documents(files)))
        await engine.prepare(today=self._clock.now().date())
        async with self._sessions() as session:
            position = await outbox.end(session)  # first: what is changed from here on is read again
            late = exported_at is None or self._clock.now() - exported_at > KEEP - SURELY_SEEN
            changed = (
                await asyncio.to_thread(engine.listing_ids)
                if late or exported_at is None
                else await listings_changed_since(session, exported_at - SURELY_SEEN, topics=tuple(Topic))
            )
        await self._write(engine, changed)
        return await self._followed(_Held(engine, files, position))

    async def _followed(self, held: _Held) -> _Held:
        """Take in everything that the outbox has by now."""
        while True:
            async with self._sessions() as session:
                entries = await outbox.read_after(session, held.position, limit=ENTRIES)
            if not entries:
                return held
            changed = dict.fromkeys(entry.listing_id for entry in entries if entry.listing_id is not None)
            await self._write(held.engine, list(changed))
            held = _Held(held.engine, held.files, entries[-1].position)

    async def _write(self, engine: ColumnEngine, listing_ids: Sequence[int]) -> None:
        for start in range(0, len(listing_ids), BATCH):
            async with self._sessions() as session:
                changes = await present_fields(session, listing_ids[start : start + BATCH], clock=self._clock)
            await engine.update(changes)


def _version(files: Collection[LakeFile]) -> tuple[tuple[str, datetime], ...]:
    return tuple((file.path, file.modified_at) for file in files)


def _documents(files: Collection[LakeFile]) -> Iterator[dict[str, Any]]:
    for file in files:
        for chunk in read_files([file])["document"].chunks:
            for document in chunk:
                yield orjson.loads(document.as_py())


def _exported_at(lake: str, files: Collection[LakeFile]) -> datetime | None:
    """When the oldest of the documents' exports began to look; None where one does not say."""
    exports = {_partition(file): file for file in partition_files(RAW["markets"], lake)}
    wanted = {_partition(file) for file in files}
    if not wanted <= exports.keys():
        return None
    found: list[datetime] = [at for each in wanted for at in read_files([exports[each]])["exported_at"].to_pylist()]
    return min(found)


def _partition(file: LakeFile) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(file.partition.items()))
