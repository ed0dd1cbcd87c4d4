"""What hosts do with feeds: other sites' calendars in, their own out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock, today_in
from lodestay.ids import new_id
from transactional.calendars.blocks import nights_of
from transactional.calendars.conflicts import contention_as_conflict
from transactional.feeds import giving_out, repository
from transactional.feeds.addresses import checked
from transactional.feeds.applying import carry_out, note
from transactional.feeds.errors import (
    CalendarNotFound,
    CalendarTokenNotFound,
    FeedAlreadyAdded,
    FeedNotFound,
    TooManyCalendarTokens,
    TooManyFeeds,
)
from transactional.feeds.export import write_calendar
from transactional.feeds.records import EventStatus, FeedOverview, FeedRecord, FeedStatus, HostEvent, TokenRecord
from transactional.feeds.rules import emptied
from transactional.feeds.tokens import LENGTH, hash_of, token_of
from transactional.listings.repository import LockedListing, lock_listing
from transactional.users.actors import Actor

MAX_FEEDS = 10
"""Calendars that one listing reads."""
MAX_TOKENS = 20
"""Addresses under which one listing's calendar is given out."""
PAUSE = timedelta(minutes=1)
"""Between two readings of a feed, however often its host asks: nobody is to be flooded through us."""


async def add_feed(
    session: AsyncSession, clock: Clock, actor: Actor, listing_id: int, *, name: str, url: str
) -> FeedOverview:
    """Have a listing read another site's calendar, from now on.

    Raises
    ------
    InvalidFeedAddress, AddressNotPublic
        Nothing is read from there.
    ListingNotFound, TooManyFeeds, FeedAlreadyAdded
        Not the actor's, or not another one.
    """
    address = checked(url)
    await _lock(session, actor, listing_id)
    others = await repository.of_listing(session, listing_id)
    for other in others:
        if other.url == address:
            raise FeedAlreadyAdded(other.name, listing_id=listing_id)
    if len(others) >= MAX_FEEDS:
        raise TooManyFeeds(listing_id, limit=MAX_FEEDS)
    now = clock.now()
    feed = FeedRecord(
        feed_id=new_id(),
        listing_id=listing_id,
        name=name,
        url=address,
        status=FeedStatus.NEW.value,
        etag=None,
        last_modified=None,
        content_hash=None,
        laid_out_on=None,
        failures=0,
        empty_reads=0,
        empty_since=None,
        error=None,
        created_at=now,
        last_read_at=None,
        next_read_at=now,
    )
    await repository.add(session, feed)
    return FeedOverview(feed, applied=0, conflicts=0, ignored=0)


async def list_feeds(session: AsyncSession, clock: Clock, actor: Actor, listing_id: int) -> list[FeedOverview]:
    """A listing's feeds with how they go."""
    timezone = await repository.require_listing(session, listing_id, owner=_owner(actor))
    return await repository.overviews(session, listing_id, today=today_in(timezone, clock))


async def list_events(
    session: AsyncSession, clock: Clock, actor: Actor, listing_id: int, status: EventStatus, *, limit: int
) -> list[HostEvent]:
    """Events of one status that are not over, by night: conflicts are what a host has to solve."""
    timezone = await repository.require_listing(session, listing_id, owner=_owner(actor))
    return await repository.events_of_listing(session, listing_id, status, today=today_in(timezone, clock), limit=limit)


async def remove_feed(session: AsyncSession, actor: Actor, listing_id: int, feed_id: UUID) -> None:
    """Read a calendar no more; the nights that it took are free."""
    listing = await _lock(session, actor, listing_id)
    if await repository.lock(session, listing_id, feed_id) is None:
        raise FeedNotFound(feed_id)
    if nights := sorted(nights_of(await repository.remove(session, feed_id))):
        await note(session, listing, (nights[0], nights[-1] + timedelta(days=1)))


async def ask_to_read(
    session: AsyncSession, clock: Clock, actor: Actor, listing_id: int, feed_id: UUID, *, accept_empty: bool
) -> FeedOverview:
    """Have a feed read as soon as a worker can.

    Parameters
    ----------
    accept_empty
        The host says that a feed which came back empty is right: its nights are freed at once.
    """
    listing = await _lock(session, actor, listing_id)
    feed = await repository.lock(session, listing_id, feed_id)
    if feed is None:
        raise FeedNotFound(feed_id)
    if accept_empty and feed.empty_reads > 0:
        decision = emptied(feed, await repository.known_events(session, feed_id))
        await carry_out(session, clock, listing, decision)
    await repository.ask_to_read(session, listing_id, feed_id, now=clock.now(), pause=PAUSE)
    (overview,) = await repository.overviews(
        session, listing_id, today=today_in(listing.timezone, clock), feed_id=feed_id
    )
    return overview


async def give_out(
    session: AsyncSession, clock: Clock, actor: Actor, listing_id: int, *, key: str, replaces_all: bool
) -> TokenRecord:
    """Make an address under which the listing's calendar is given out.

    Parameters
    ----------
    key
        Of the platform; with it, and the record's number, :func:`~transactional.feeds.tokens.token_of` tells
        the secret.
    replaces_all
        End every earlier address.
    """
    await _lock(session, actor, listing_id)
    if replaces_all:
        await giving_out.revoke(session, listing_id, token_id=None, now=clock.now())
    elif len(await giving_out.tokens_of(session, listing_id)) >= MAX_TOKENS:
        raise TooManyCalendarTokens(listing_id, limit=MAX_TOKENS)
    token = TokenRecord(new_id(), listing_id, clock.now())
    await giving_out.add_token(session, token, token_hash=hash_of(token_of(token.token_id, key=key)))
    return token


async def list_tokens(session: AsyncSession, actor: Actor, listing_id: int) -> Sequence[TokenRecord]:
    """Addresses under which the listing's calendar is given out, without what makes them work."""
    await repository.require_listing(session, listing_id, owner=_owner(actor))
    return await giving_out.tokens_of(session, listing_id)


async def revoke_token(session: AsyncSession, clock: Clock, actor: Actor, listing_id: int, token_id: UUID) -> None:
    """End an address; whoever has it gets the same answer as whoever guesses."""
    await repository.require_listing(session, listing_id, owner=_owner(actor))
    if not await giving_out.revoke(session, listing_id, token_id=token_id, now=clock.now()):
        raise CalendarTokenNotFound(token_id)


async def export(session: AsyncSession, clock: Clock, token: str) -> bytes:
    """The calendar that a secret is for, or :class:`CalendarNotFound`, for whatever reason."""
    looks_right = len(token) == LENGTH and token.isascii()
    listing = await giving_out.listing_of(session, hash_of(token)) if looks_right else None
    if listing is None:
        raise CalendarNotFound
    listing_id, timezone = listing
    nights = await giving_out.own_nights(session, listing_id, today=today_in(timezone, clock))
    return write_calendar(listing_id, nights)


def _owner(actor: Actor) -> UUID | None:
    return None if actor.is_admin else actor.user_id


async def _lock(session: AsyncSession, actor: Actor, listing_id: int) -> LockedListing:
    with contention_as_conflict(listing_id):
        return await lock_listing(session, listing_id, owner=_owner(actor))
