"""The listings as columns in this process: taken from the lake's documents, and kept up by the outbox from then on."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import orjson
import pyarrow as pa
import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.clock import Clock
from lodestay.lake import RAW, SEARCH_DOCUMENTS, LakeFile, newest_files, partition_files, read_files
from search.columns.engine import ColumnEngine
from search.columns.store import ColumnStore
from serving.relay.present import present_fields
from transactional.outbox import repository as outbox
from transactional.outbox.changes import listings_changed_since
from transactional.outbox.topics import Topic

POLL_SECONDS = 0.1
LOOK_EVERY_SECONDS = 15.0
"""How often the lake is asked for newer documents."""
STALE_SECONDS = 5.0
"""Columns that have not caught up with PostgreSQL for so long are not asked any more."""
ENTRIES = 500
BATCH = 20
"""Listings looked up at a time: this process answers guests meanwhile."""
SURELY_SEEN = timedelta(hours=1)
"""Changes that began so long before an export are in it, whatever their transactions waited for."""

_DOCUMENT = pa.schema([pa.field("document", pa.string())])

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
        self._turn = asyncio.Lock()

    @property
    def engine(self) -> ColumnEngine | None:
        """The columns; None before there are any, and while they may be out of date."""
        if self._held is None or time.monotonic() - self._heard_at > STALE_SECONDS:
            return None
        return self._held.engine

    @property
    def position(self) -> outbox.Position | None:
        """How far the outbox was read for the columns: all before it is in them; None before there are any."""
        return None if self._held is None else self._held.position

    async def follow(self, stop: asyncio.Event) -> None:
        """Take in what changes, until told to stop."""
        await _again_and_again(self._follow, every=POLL_SECONDS, stop=stop)

    async def look(self, stop: asyncio.Event) -> None:
        """Make new columns of newer documents, until told to stop."""
        await _again_and_again(self._look, every=LOOK_EVERY_SECONDS, stop=stop)

    def close(self) -> None:
        """Let the columns go."""
        if self._held is not None:
            self._held.engine.close()

    async def _follow(self) -> None:
        """Take in the next entries of the outbox; where they were all there are, the columns are up to date."""
        async with self._turn:  # columns are not taken away while they are written to
            held, asked_at = self._held, time.monotonic()
            if held is None:
                return
            self._held, entries = await self._round(held)
            if entries < ENTRIES:
                self._heard_at = asked_at

    async def _look(self) -> None:
        files = tuple(await asyncio.to_thread(newest_files, SEARCH_DOCUMENTS, self._lake))
        if not files or (self._held is not None and _version(files) == _version(self._held.files)):
            return
        made = await self._make(files)
        async with self._turn:
            before, self._held = self._held, made
            self._heard_at = time.monotonic()
            if before is not None:
                before.engine.close()
        log.info("columns in service", listings=len(made.engine))

    async def _make(self, files: tuple[LakeFile, ...]) -> _Held:
        """Make columns of documents and bring them to the present."""
        exports = await asyncio.to_thread(_exports, self._lake, files)
        store = await asyncio.to_thread(ColumnStore, lambda: _documents(files))
        engine = ColumnEngine(store)
        await engine.prepare(today=self._clock.now().date())
        # Where the outbox does not reach back to an export, every listing of its market is looked at.
        known = self._clock.now() - outbox.KEEP + SURELY_SEEN
        late = {market for market, at in exports.items() if at is None or at < known}
        oldest = min((at for at in exports.values() if at is not None and at >= known), default=None)
        async with self._sessions() as session:
            position = await outbox.end(session)  # first: what is changed from here on is read again
            changed = dict.fromkeys(store.listing_ids(late))
            if oldest is not None:
                changed |= dict.fromkeys(
                    await listings_changed_since(session, oldest - SURELY_SEEN, topics=tuple(Topic))
                )
        await self._write(engine, list(changed))
        held, entries = await self._round(_Held(engine, files, position))
        while entries == ENTRIES:
            held, entries = await self._round(held)
        return held

    async def _round(self, held: _Held) -> tuple[_Held, int]:
        """Take in the next entries; how many there were."""
        async with self._sessions() as session:
            entries = await outbox.read_after(session, held.position, limit=ENTRIES)
        if not entries:
            return held, 0
        changed = dict.fromkeys(entry.listing_id for entry in entries if entry.listing_id is not None)
        await self._write(held.engine, list(changed))
        return replace(held, position=entries[-1].position), len(entries)

    async def _write(self, engine: ColumnEngine, listing_ids: Sequence[int]) -> None:
        for start in range(0, len(listing_ids), BATCH):
            async with self._sessions() as session:
                changes = await present_fields(session, listing_ids[start : start + BATCH], clock=self._clock)
            await engine.update(changes)


async def _again_and_again(step: Callable[[], Awaitable[None]], *, every: float, stop: asyncio.Event) -> None:
    """Do a step, whatever comes of it, and wait: never stopped in the middle of a statement."""
    while not stop.is_set():
        pause = every
        try:
            await step()
        except (SQLAlchemyError, OSError) as error:
            log.warning("columns wait for a service", reason=str(error).partition("\n")[0][:200])
            pause = max(every, 1.0)
        except Exception:
            # Whatever is wrong with what is new, searches have another way to an answer.
            log.exception("columns not kept up")
            pause = max(every, 1.0)
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), pause)


def _version(files: Collection[LakeFile]) -> tuple[tuple[str, datetime], ...]:
    return tuple((file.path, file.modified_at) for file in files)


def _documents(files: Collection[LakeFile]) -> Iterator[dict[str, Any]]:
    for file in files:
        for chunk in read_files([file], _DOCUMENT)["document"].chunks:
            for document in chunk:
                yield orjson.loads(document.as_py())


def _exports(lake: str, files: Collection[LakeFile]) -> dict[str, datetime | None]:
    """When the export of each market's documents began to look; None where that is not known.

    It is not where the market was exported again after its documents were made.
    """
    exports = {_partition(file): file for file in partition_files(RAW["markets"], lake)}
    found: dict[str, datetime | None] = {}
    for file in files:
        export = exports.get(_partition(file))
        known = export is not None and export.modified_at <= file.modified_at
        moments = read_files([export])["exported_at"].to_pylist() if export is not None and known else []
        found[file.partition["market"]] = min(moments, default=None)
    return found


def _partition(file: LakeFile) -> tuple[tuple[str, str], ...]:
    return tuple(sorted(file.partition.items()))
