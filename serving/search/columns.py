"""The listings as columns in this process: mapped from the lake's files, and kept up by the outbox from then on."""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.clock import Clock
from lodestay.garbage import set_aside
from lodestay.lake import SEARCH_DOCUMENTS, newest_files
from search.columns.encoding import night_fields
from search.columns.engine import ColumnEngine, nothing_kept
from search.columns.files import Build, builds, files_of, open_build
from search.columns.kept import KeptAnswers
from search.columns.layout import arrays
from search.columns.locked import keep_in_memory
from search.columns.sources import documents, exports_of, version_of
from search.columns.store import ColumnStore
from search.errors import BuildRefused
from serving.again import again_and_again
from serving.relay.present import present_fields
from transactional.kit.connections import QuickConnections
from transactional.outbox import repository as outbox
from transactional.outbox import tail
from transactional.outbox.changes import listings_changed_since
from transactional.outbox.topics import Topic

POLL_SECONDS = 0.1
LOOK_EVERY_SECONDS = 15.0
"""How often the lake is asked for newer columns."""
STALE_SECONDS = 5.0
"""Columns that have not caught up with PostgreSQL for so long are not asked any more."""
LATE_SECONDS = 600.0
"""Columns that are no further behind are asked where nobody else answers, and the answer says so."""
PATIENCE_SECONDS = 10.0
"""For one answer of PostgreSQL: one that never comes would keep the columns where they are for hours."""
REFUSED_FOR = timedelta(minutes=5)
"""What was refused is read again after so long, and as soon as one of its files changes: it may have been repaired."""
ENTRIES = 500
BATCH = 50
"""Listings looked up at a time, some seven milliseconds: this process answers guests meanwhile."""
SURELY_SEEN = timedelta(hours=1)
"""Changes that began so long before an export are in it, whatever their transactions waited for."""

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class _Found:
    """Columns in the lake.

    Attributes
    ----------
    name
        Of the build, or of the documents that they were made of for want of one.
    exports
        When the export of each market's documents began to look; None where that is not known.
    """

    name: str
    store: ColumnStore
    exports: dict[str, datetime | None]


@dataclass(frozen=True)
class _Refusal:
    """A build that was not taken into service.

    Attributes
    ----------
    files
        What was there when it was read.
    """

    reason: str
    at: datetime
    files: frozenset[tuple[str, int, int]]


@dataclass(frozen=True)
class _Held:
    """Columns in service, and how far the outbox was read for them."""

    engine: ColumnEngine
    name: str
    place: tail.Place


class ColumnShelf:
    """Holds the columns in service, follows the outbox for them, and takes up newer ones.

    They are the newest build of the pipeline that is whole and of this version; where there is none, this process makes
    them of the documents, which takes longer and all of their memory.

    Parameters
    ----------
    keeping
        Makes what each new set of columns keeps its answers in.
    locked
        Whether the files stay in memory although they are seldom read.
    """

    def __init__(
        self,
        lake: str,
        sessions: async_sessionmaker[AsyncSession],
        clock: Clock,
        quick: QuickConnections,
        *,
        keeping: Callable[[], KeptAnswers] = nothing_kept,
        locked: bool = False,
    ) -> None:
        self._keeping = keeping
        self._locked = locked
        self._lake = lake
        self._sessions = sessions
        self._clock = clock
        self._quick = quick
        self._held: _Held | None = None
        self._heard_at = 0.0
        self._refused: dict[str, _Refusal] = {}
        self._unmade: dict[str, _Found] = {}
        self._is_earlier = False
        self._turn = asyncio.Lock()

    @property
    def engine(self) -> ColumnEngine | None:
        """The columns; None before there are any, and while they may be out of date, or tell of what never happened."""
        if self._held is None or self._is_earlier or time.monotonic() - self._heard_at > STALE_SECONDS:
            return None
        return self._held.engine

    @property
    def late_engine(self) -> ColumnEngine | None:
        """The columns although they are out of date; None where there are none, or they are so for too long."""
        return None if self._held is None or self.behind_seconds > LATE_SECONDS else self._held.engine

    @property
    def position(self) -> outbox.Position | None:
        """How far the outbox was read for the columns: all before it is in them; None before there are any."""
        return None if self._held is None else self._held.place.position

    @property
    def state(self) -> str:
        """What is in service and which newer builds were refused, for a person."""
        held = "none" if self._held is None else f"{len(self._held.engine)} listings of {self._held.name}"
        return "; ".join([held, *(refusal.reason for refusal in self._refused.values())])

    @property
    def is_newest(self) -> bool:
        """Whether there are columns in service, and no newer build was refused."""
        return self.engine is not None and not self._refused

    @property
    def behind_seconds(self) -> float:
        """Time since the columns were last up to date with PostgreSQL; NaN where there are none."""
        return math.nan if self._held is None else time.monotonic() - self._heard_at

    async def follow(self, stop: asyncio.Event) -> None:
        """Take in what changes, until told to stop."""
        await again_and_again(self._follow, every=POLL_SECONDS, stop=stop, what="columns")

    async def look(self, stop: asyncio.Event) -> None:
        """Take up newer columns, until told to stop."""
        await again_and_again(self._look, every=LOOK_EVERY_SECONDS, stop=stop, what="columns")

    def close(self) -> None:
        """Let the columns go."""
        if self._held is not None:
            self._held.engine.close()

    async def _follow(self) -> None:
        """Take in the next entries of the outbox; where they were all there are, the columns are up to date."""
        begun = time.monotonic()
        # After an import there are thousands of entries, and no time to wait between them.
        while not await self._step() and time.monotonic() - begun < STALE_SECONDS:
            pass

    async def _step(self) -> bool:
        async with self._turn:  # columns are not taken away while they are written to
            held, asked_at = self._held, time.monotonic()
            if held is None:
                return True
            self._held, is_all = await self._round(held)
            if is_all:
                self._heard_at = asked_at
            return is_all

    async def _look(self) -> None:
        held, anew = self._held, self._is_earlier
        found = await asyncio.to_thread(self._find, None if held is None or anew else held.name)
        if found is None:
            self._unmade = {}
            return
        self._unmade = {found.name: found}  # where PostgreSQL is away, the next look need not open gigabytes again
        made, heard_at = await self._make(found, all_of_it=anew)
        self._unmade = {}
        async with self._turn:
            before, self._held = self._held, made
            self._heard_at = heard_at
            self._is_earlier = self._is_earlier and not anew
            if before is not None:
                before.engine.close()
        set_aside()
        log.info("columns in service", listings=len(made.engine), of=made.name)

    def _find(self, held: str | None) -> _Found | None:
        """Open the newest columns; None where they are the ones held, or there are none."""
        refused: dict[str, _Refusal] = {}
        try:
            for folder in builds(self._lake):
                if folder.name == held:
                    return None
                if folder.name in self._unmade:
                    return self._unmade[folder.name]
                opened = self._open(folder)
                if isinstance(opened, Build):
                    return _Found(opened.name, ColumnStore(opened.whole), opened.exports)
                refused[folder.name] = opened
        finally:
            self._refused = refused
        if held is not None and refused:
            return None  # what is held is better than what would have to be made of documents
        return self._of_documents(held)

    def _open(self, folder: Path) -> Build | _Refusal:
        """Open a build, or say why it is refused; gigabytes are not read at every look for one that stays as it was."""
        files, now = files_of(folder), self._clock.now()
        before = self._refused.get(folder.name)
        if before is not None and before.files == files and now - before.at < REFUSED_FOR:
            return before
        try:
            build = open_build(folder)
        except BuildRefused as error:
            log.warning("columns refused", folder=str(folder), reason=error.detail, hint=error.hint)
            return _Refusal(error.detail, now, files)
        if self._locked:
            _keep_in_memory(build)
        return build

    def _of_documents(self, held: str | None) -> _Found | None:
        """Make columns of the newest documents."""
        files = newest_files(SEARCH_DOCUMENTS, self._lake)
        name = f"documents {version_of(files)}"
        if not files or name == held:
            return None
        if name in self._unmade:
            return self._unmade[name]
        exports = exports_of(self._lake, files)
        return _Found(name, ColumnStore(lambda: documents(files)), exports)

    async def _make(self, found: _Found, *, all_of_it: bool) -> tuple[_Held, float]:
        """Bring columns to the present, and say when that was.

        Parameters
        ----------
        all_of_it
            Whether every listing is read, whenever its documents were exported.
        """
        engine = ColumnEngine(found.store, kept=self._keeping())
        try:
            await engine.prepare()
            return await self._caught_up(engine, found, all_of_it=all_of_it)
        except BaseException:
            engine.close()
            raise

    async def _caught_up(self, engine: ColumnEngine, found: _Found, *, all_of_it: bool) -> tuple[_Held, float]:
        store, exports = found.store, found.exports
        # Where the outbox does not reach back to an export, every listing of its market is looked at.
        known = self._clock.now() - outbox.KEEP + SURELY_SEEN
        late = {market for market, at in exports.items() if all_of_it or at is None or at < known}
        oldest = min((at for at in exports.values() if at is not None and at >= known), default=None)
        async with self._sessions() as session:
            position = await outbox.end(session)  # first: what is changed from here on is read again
            changed = dict.fromkeys(await asyncio.to_thread(store.listing_ids, late))
            if oldest is not None:
                changed |= dict.fromkeys(
                    await listings_changed_since(session, oldest - SURELY_SEEN, topics=tuple(Topic))
                )
        await self._write(engine, list(changed))
        held, is_all = _Held(engine, found.name, tail.Place(position)), False
        while not is_all:
            asked_at = time.monotonic()
            held, is_all = await self._round(held)
        return held, asked_at

    async def _round(self, held: _Held) -> tuple[_Held, bool]:
        """Take in the next entries, and say whether they were all there are."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            news = await tail.read_tail(self._quick, held.place, limit=ENTRIES)
        if news.is_earlier:
            log.warning("PostgreSQL is at an earlier state: columns are made anew, and every listing is read")
            self._is_earlier = True
        await self._write(held.engine, news.listing_ids)
        return replace(held, place=news.place), news.is_all

    async def _write(self, engine: ColumnEngine, listing_ids: Sequence[int]) -> None:
        for start in range(0, len(listing_ids), BATCH):
            batch = engine.held(listing_ids[start : start + BATCH])
            if not batch:
                continue  # all of them wait for the next build
            async with asyncio.timeout(PATIENCE_SECONDS):
                changes = await present_fields(self._quick, batch, clock=self._clock, calendar_fields=night_fields)
            await engine.update(changes)


def _keep_in_memory(build: Build) -> None:
    """Lock the files of a build, as far as the system lets it; they answer all the same where it does not."""
    try:
        for column in arrays(build.whole.columns).values():
            keep_in_memory(column)
    except OSError as error:
        hint = "Let the process lock as much as the files take (`ulimit -l`, `LimitMEMLOCK=`)."
        log.warning("columns not locked", build=build.name, reason=str(error), hint=hint)
