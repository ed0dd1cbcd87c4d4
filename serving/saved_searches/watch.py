"""The worker's part: follow the outbox and hold what changed against saved searches; look at new searches first.

Each step is one transaction that reads, thinks and then writes, in a turn that only one worker has. A kill at any
moment leaves the step undone, and the next turn does it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import structlog
from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.clock import Clock
from lodestay.errors import InvalidInput
from search.request import SearchRequest
from search.today import Today
from serving.saved_searches.matching import Supplied, load_supply, matching
from serving.saved_searches.stored import request_of
from serving.search.database import candidate_query
from serving.search.markets import MarketBook, MarketShelf
from transactional.listings.candidates import next_free
from transactional.markets.errors import NoExchangeRate
from transactional.outbox import repository as outbox
from transactional.saved_searches import watching
from transactional.saved_searches.records import Finding, Pair, SavedSearchRecord
from transactional.saved_searches.rules import EVERY_LISTING, Match, judge

SINK: Final = "saved searches"
ENTRIES: Final = 100
"""Outbox entries taken in at a time: a year of calendar for each listing that they name, some two megabytes."""
SEARCHES: Final = 200
"""Saved searches read at a time."""
LISTINGS: Final = 200
"""Listings that a new search is held against at a time."""

log = structlog.get_logger(__name__)


@dataclass
class Watch:
    """Holds listings against saved searches, a step at a time."""

    sessions: async_sessionmaker[AsyncSession]
    clock: Clock
    _markets: MarketShelf = field(init=False)

    def __post_init__(self) -> None:
        self._markets = MarketShelf(self.sessions)

    async def step(self) -> int:
        """Take in what is new, and look at a part of a new search; say how much there was of both."""
        book = await self._markets.book()
        done = 0
        for part in (self._follow, self._examine):
            async with self.sessions.begin() as session:
                if await watching.take_turn(session):
                    done += await part(session, book)
        return done

    async def _follow(self, session: AsyncSession, book: MarketBook) -> int:
        """Hold the listings of the next outbox entries against the searches that they could match."""
        place = await outbox.place_of(session, SINK)
        if place is None:  # a search that is saved from now on is looked at as a whole
            await outbox.begin(session, SINK, await outbox.end(session))
            return 0
        entries = await outbox.read_after(session, place, limit=ENTRIES)
        causes = {entry.listing_id: entry.topic for entry in entries if entry.listing_id is not None}
        findings: list[Finding] = []
        unreadable: list[SavedSearchRecord] = []
        supplied: Supplied | None = None
        after: UUID | None = None
        while causes and (page := await watching.pairs(session, list(causes), after=after, limit=SEARCHES)):
            supplied = supplied or await load_supply(session, list(causes), clock=self.clock)
            findings += await self._look(session, page, supplied, book, causes=causes, unreadable=unreadable)
            after = page[-1].search.saved_search_id
        told = await watching.settle(session, findings, now=self.clock.now())
        for search in unreadable:
            await watching.end(session, search)
        await outbox.advance(session, SINK, entries, now=self.clock.now())
        if told:
            log.info("told of new matches", alerts=told, listings=len(causes))
        return len(entries)

    async def _examine(self, session: AsyncSession, book: MarketBook) -> int:
        """Hold the oldest new search against the next listings; what matches is there to be seen, and no news."""
        search = await watching.next_unexamined(session)
        if search is None:
            return 0
        request = _request(search, book, _today(search, book, self.clock))
        if request is None:
            await watching.end(session, search)
            return 1
        listing_ids = await next_free(
            session, candidate_query(request), after=search.examined_until, now=self.clock.now(), limit=LISTINGS
        )
        supplied = await load_supply(session, listing_ids, clock=self.clock)
        findings = await self._look(
            session, [Pair(search, tuple(listing_ids))], supplied, book, causes=None, unreadable=[]
        )
        until = listing_ids[-1] if len(listing_ids) == LISTINGS else EVERY_LISTING
        if await watching.examined(session, search, until=until):
            await watching.settle(session, findings, now=self.clock.now())
            if await watching.end_wide(session, search):
                log.info("a saved search is too wide", saved_search_id=str(search.saved_search_id))
        return 1

    async def _look(
        self,
        session: AsyncSession,
        pairs: Sequence[Pair],
        supplied: Supplied,
        book: MarketBook,
        *,
        causes: Mapping[int, str] | None,
        unreadable: list[SavedSearchRecord],
    ) -> list[Finding]:
        """Judge pairs of a search and listings; `unreadable` is told of the searches that cannot be asked."""
        known = await watching.matches(
            session,
            [pair.search.saved_search_id for pair in pairs],
            {listing_id for pair in pairs for listing_id in pair.listing_ids},
        )
        dated = [(pair, _today(pair.search, book, self.clock)) for pair in pairs]
        asked = [(pair, today, _request(pair.search, book, today)) for pair, today in dated]
        unreadable += [pair.search for pair, _, request in asked if request is None]
        able = [(pair, today, request) for pair, today, request in asked if request is not None]
        # Beside the loop, which moves others' payments meanwhile.
        return await asyncio.to_thread(
            lambda: [
                finding
                for pair, today, request in able
                for finding in self._judge(pair, request, supplied, known, causes=causes, today=today)
            ]
        )

    def _judge(
        self,
        pair: Pair,
        request: SearchRequest,
        supplied: Supplied,
        known: Mapping[tuple[UUID, int], Match],
        *,
        causes: Mapping[int, str] | None,
        today: Today,
    ) -> Iterable[Finding]:
        search = pair.search
        totals = matching(request, supplied, pair.listing_ids, today=today, clock=self.clock)
        for listing_id in pair.listing_ids:
            verdict = judge(
                known.get((search.saved_search_id, listing_id)),
                matches=listing_id in totals,
                is_first_look=causes is None,
                now=self.clock.now(),
            )
            if verdict is not None:
                cause = None if causes is None else causes[listing_id]
                yield Finding(search, listing_id, verdict.match, verdict.is_news, cause, totals.get(listing_id))


def _today(search: SavedSearchRecord, book: MarketBook, clock: Clock) -> Today:
    """The dates where it looks; it may be everywhere."""
    return book.today(None, search.timezone, clock.now())


def _request(search: SavedSearchRecord, book: MarketBook, today: Today) -> SearchRequest | None:
    """What a search asks; None where today's rules cannot read it any more."""
    try:
        rates = book.rates(search.currency)
    except NoExchangeRate:  # prices in other currencies are not known for now, as in a search
        rates = {}
    try:
        return request_of(search, rates, today=today)
    except (ValidationError, InvalidInput) as error:
        # What it says is a person's: the log has only what is wrong.
        log.warning(
            "a saved search cannot be read", saved_search_id=str(search.saved_search_id), reason=type(error).__name__
        )
        return None
