"""What suggestions are found in: titles, kept up by the outbox, and popular searches of the newest build."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from datetime import datetime

import pyarrow as pa
import pyarrow.compute as pc
import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.garbage import set_aside
from lodestay.lake import LakeFile, mart, partition_files, read_files
from search.popular import PopularSearch, PopularSearches
from search.titles import TitleColumns, Titles
from serving.again import again_and_again
from transactional.listings.titles import all_titles, titles_of
from transactional.outbox import repository as outbox
from transactional.outbox.topics import Topic

POLL_SECONDS = 1.0
LOOK_EVERY_SECONDS = 15.0
"""How often the lake is asked for newer popular searches."""
FIRST_LOAD_SECONDS = 5.0
"""How long the start of the process waits for the titles; they may come later."""
ENTRIES = 500
POPULAR = mart("popular_searches")
FEWEST_GUESTS = 10
"""Signed-in guests who must have asked for what is suggested to others: visits can be invented by anybody."""
MOST_POPULAR = 200_000
"""Popular searches that are held, some 40 megabytes."""

_TOPICS = frozenset({Topic.LISTING_CREATED, Topic.LISTING_UPDATED, Topic.LISTING_ACTIVATED, Topic.LISTING_DEACTIVATED})
_SEARCHES = pa.schema(
    {
        "market": pa.string(),
        "asked": pa.string(),
        "signed_in": pa.int64(),
        "searches": pa.int64(),
        "searches_without_results": pa.int64(),
    }
)

log = structlog.get_logger(__name__)


class SuggestionShelf:
    """Holds titles and popular searches, and takes in what changes.

    Parameters
    ----------
    with_titles
        Whether titles are looked for; without them it holds none, and searches and places are suggested alone.
    """

    def __init__(self, lake: str, sessions: async_sessionmaker[AsyncSession], *, with_titles: bool = True) -> None:
        self._lake = lake
        self._sessions = sessions
        self._with_titles = with_titles
        self._titles: Titles | None = None if with_titles else Titles(TitleColumns())
        self._position = outbox.Position(0, 0)
        self._searches = PopularSearches(())
        self._version: tuple[tuple[str, datetime], ...] = ()
        self._looked_at = float("-inf")
        self._tried = asyncio.Event()

    @property
    def titles(self) -> Titles | None:
        """Titles of the listings that take guests; None before they are read."""
        return self._titles

    @property
    def searches(self) -> PopularSearches:
        """Popular searches; none before they are read."""
        return self._searches

    async def follow(self, stop: asyncio.Event) -> None:
        """Read what there is and take in what changes, until told to stop."""
        await again_and_again(self._step, every=POLL_SECONDS, stop=stop, what="suggestions")

    async def wait_for_first_try(self, seconds: float) -> None:
        """Wait until the titles are read, or cannot be, but no longer: places can be suggested without."""
        try:
            async with asyncio.timeout(seconds):
                await self._tried.wait()
        except TimeoutError:
            log.warning("serving before the titles are loaded")

    async def _step(self) -> None:
        if not self._with_titles:
            self._tried.set()
        elif self._titles is None or self._titles.is_outdated:
            try:
                await self._load()
            finally:
                self._tried.set()
        else:
            while not await self._catch_up(self._titles):
                pass
        if time.monotonic() - self._looked_at > LOOK_EVERY_SECONDS:
            await self._look()
            self._looked_at = time.monotonic()

    async def _load(self) -> None:
        columns = TitleColumns()
        async with self._sessions() as session:
            position = await outbox.end(session)  # first: what is changed from here on is read again
            async for titles in all_titles(session):
                columns.add(titles)
        self._titles = await asyncio.to_thread(Titles, columns)
        self._position = position
        set_aside()
        log.info("titles loaded", listings=len(self._titles))

    async def _catch_up(self, titles: Titles) -> bool:
        """Take in the next entries of the outbox, and say whether they were all there are."""
        async with self._sessions() as session:
            entries = await outbox.read_after(session, self._position, limit=ENTRIES)
            changed = {e.listing_id for e in entries if e.listing_id is not None and e.topic in _TOPICS}
            present = await titles_of(session, changed) if changed else []
        if changed:
            titles.update(changed, present)
        if entries:
            self._position = entries[-1].position
        return len(entries) < ENTRIES or titles.is_outdated

    async def _look(self) -> None:
        """Read the popular searches where a newer build has written them."""
        files = await asyncio.to_thread(partition_files, POPULAR, self._lake)
        version = tuple((file.path, file.modified_at) for file in files)
        if version != self._version:
            self._searches = await asyncio.to_thread(_read_popular, files)
            self._version = version
            log.info("popular searches loaded", searches=len(self._searches))


def _read_popular(files: Sequence[LakeFile]) -> PopularSearches:
    """The most popular of the searches that find something; none where there are no files."""
    if not files:
        return PopularSearches(())
    rows = read_files(files, _SEARCHES)
    rows = rows.filter(
        (pc.field("searches_without_results") < pc.field("searches")) & (pc.field("signed_in") >= FEWEST_GUESTS)
    )
    rows = rows.sort_by([("signed_in", "descending"), ("asked", "ascending")]).slice(0, MOST_POPULAR)
    columns = (rows[name].to_pylist() for name in ("market", "asked", "signed_in"))
    return PopularSearches([PopularSearch(*row) for row in zip(*columns, strict=True)])
