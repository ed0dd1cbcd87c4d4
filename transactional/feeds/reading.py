"""Read the feeds whose time has come: claim, fetch without a transaction, apply under the listing's lock.

The three phases are apart so that no transaction ever waits for a stranger's server. A worker that is killed
between them leaves a claim that runs out; one that is overtaken finds its claim moved and changes nothing.
"""

from __future__ import annotations

import asyncio
import hashlib
from datetime import timedelta

import structlog
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker

from lodestay.clock import Clock, today_in
from lodestay.errors import Conflict, LodestayError
from transactional.calendars.conflicts import contention_as_conflict
from transactional.feeds import repository
from transactional.feeds.applying import carry_out
from transactional.feeds.fetching import Fetcher, Validators
from transactional.feeds.parsing import read_calendar
from transactional.feeds.records import Claim, Content, Failed, Reading, Unchanged
from transactional.feeds.rules import decide, may_ask_whether_same
from transactional.listings.repository import lock_listing

LEASE = timedelta(minutes=5)
"""How long a worker has for what it claimed: several times what fetching can take."""
FEEDS = 20
"""Claimed in one go."""
AT_ONCE = 5

log = structlog.get_logger(__name__)


async def read_due_feeds(
    sessions: async_sessionmaker[AsyncSession], clock: Clock, fetcher: Fetcher, *, limit: int = FEEDS
) -> int:
    """Read feeds that are due; to be called again and again, by any number of workers.

    Returns
    -------
    int
        Feeds claimed: `limit` of them mean that there may be more.
    """
    async with sessions.begin() as session:
        claims = await repository.claim_due(session, now=clock.now(), lease=LEASE, limit=limit)
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(claim: Claim) -> None:
        async with gate:
            reading = await read(claim, clock, fetcher)
            await _settle(sessions, clock, claim, reading)

    faults = await asyncio.gather(*map(one, claims), return_exceptions=True)
    for fault in faults:
        if fault is not None:
            raise fault  # the first of several, once all have ended: PostgreSQL is away for each of them
    return len(claims)


async def read(claim: Claim, clock: Clock, fetcher: Fetcher) -> Reading:
    """Fetch and understand a feed, whatever comes: a failure is a reading too. Touches no database."""
    feed, today = claim.feed, today_in(claim.timezone, clock)
    asks = may_ask_whether_same(feed, today=today)
    try:
        fetched = await fetcher.fetch(feed.url, known=Validators(feed.etag, feed.last_modified) if asks else None)
        etag, last_modified = fetched.validators.etag, fetched.validators.last_modified
        if fetched.body is None:
            return Unchanged(etag, last_modified)
        content_hash = hashlib.sha256(fetched.body).hexdigest()
        if asks and content_hash == feed.content_hash:
            return Unchanged(etag, last_modified)
        # Thousands of events take seconds: not on the loop that everybody shares.
        calendar = await asyncio.to_thread(read_calendar, fetched.body, timezone=claim.timezone, today=today)
        return Content(calendar, etag, last_modified, content_hash)
    except LodestayError as error:
        log.info("feed not read", feed_id=str(feed.feed_id), problem=error.slug())
        return Failed(" ".join(part for part in (error.detail, error.hint) if part))
    except Exception:
        log.exception("feed not read", feed_id=str(feed.feed_id))
        return Failed("The calendar could not be read, for a reason that is ours.")


async def apply(session: AsyncSession, clock: Clock, claim: Claim, reading: Reading) -> bool:
    """Take a reading in, in the caller's transaction; say whether any night changed hands.

    Raises
    ------
    ListingBusy
        The listing's lock did not come in time.
    """
    with contention_as_conflict(claim.feed.listing_id):
        listing = await lock_listing(session, claim.feed.listing_id, owner=None)
        feed = await repository.lock_claimed(session, claim.feed)
        if feed is None:
            return False
        known = await repository.known_events(session, feed.feed_id)
        decision = decide(feed, known, reading, now=clock.now(), today=today_in(listing.timezone, clock))
        return await carry_out(session, clock, listing, decision)


async def _settle(sessions: async_sessionmaker[AsyncSession], clock: Clock, claim: Claim, reading: Reading) -> None:
    try:
        async with sessions.begin() as session:
            await apply(session, clock, claim, reading)
    except Conflict as busy:  # the claim runs out and the feed is read again
        log.info("feed not applied", feed_id=str(claim.feed.feed_id), problem=busy.slug())
