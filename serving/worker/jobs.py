"""What falls due by itself: expiries, stays that end, payouts, messages, feeds, alerts of saved searches."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.clock import Clock
from serving.saved_searches.watch import Watch
from transactional.bookings.holds import expire_due_holds
from transactional.bookings.requests import expire_due_requests
from transactional.bookings.service import complete_ended_stays
from transactional.feeds.fetching import Fetcher
from transactional.feeds.reading import read_due_feeds
from transactional.modifications.service import expire_due as expire_due_modifications
from transactional.sagas.checkout import start_due_payouts
from transactional.saved_searches.watching import tidy
from transactional.webhooks.service import apply_waiting

HOLDS_EVERY = timedelta(milliseconds=500)
"""A hold that runs out is an event for nobody until its nights are given back: searches are to know within a second."""
BATCH = 200
"""Listings, bookings or messages looked at in one transaction."""

Sessions = async_sessionmaker[AsyncSession]
Due = Callable[..., Awaitable[int]]
"""Takes a session, a clock and a limit; does what is due and says how much that was."""


@dataclass(frozen=True, slots=True)
class Job:
    """Something done again and again.

    Attributes
    ----------
    every
        Time between two rounds; a round that did something is followed by another at once.
    run
        Does a round and says how much there was to do. Two workers may do it at the same time.
    is_slow
        It waits for others' servers: it is done beside everything else, one round of it at a time.
    """

    name: str
    every: timedelta
    run: Callable[[], Awaitable[int]]
    is_slow: bool = False


def standing_jobs(sessions: Sessions, clock: Clock) -> tuple[Job, ...]:
    """The jobs of every worker."""

    def job(name: str, every: timedelta, due: Due) -> Job:
        async def run() -> int:
            async with sessions.begin() as session:
                return await due(session, clock, limit=BATCH)

        return Job(name, every, run)

    return (
        job("expired holds", HOLDS_EVERY, expire_due_holds),
        job("expired requests", timedelta(seconds=5), expire_due_requests),
        job("expired modifications", timedelta(seconds=5), expire_due_modifications),
        job("waiting messages", timedelta(seconds=2), apply_waiting),
        job("ended stays", timedelta(seconds=30), complete_ended_stays),
        job("due payouts", timedelta(seconds=30), start_due_payouts),
        job("passed saved searches", timedelta(minutes=1), tidy),
    )


def alerts_job(sessions: Sessions, clock: Clock) -> Job:
    """Holding what changes against saved searches: a thousand of them take a while to think about."""
    return Job("saved searches", timedelta(seconds=1), Watch(sessions, clock).step, is_slow=True)


def feeds_job(sessions: Sessions, clock: Clock, fetcher: Fetcher) -> Job:
    """Reading other sites' calendars."""

    async def run() -> int:
        return await read_due_feeds(sessions, clock, fetcher)

    return Job("due feeds", timedelta(seconds=15), run, is_slow=True)
