"""Carry out what was decided about a feed: its nights, its events, its state, and word of it to whoever follows."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.clock import Clock, today_in
from transactional.bookings.holds import expire_due_holds_of
from transactional.calendars.blocks import Range
from transactional.feeds import giving_out, repository
from transactional.feeds.placement import Placement, change_rows, place
from transactional.feeds.records import EventKind, KnownEvent
from transactional.feeds.rules import Decision, Difference
from transactional.kit.sqlstate import SqlState, sqlstate
from transactional.listings.errors import ListingBusy
from transactional.listings.repository import LockedListing
from transactional.outbox.service import record
from transactional.outbox.topics import Topic

SEEN_AGAIN = timedelta(hours=6)
"""How old the last sight of an event may get before it is written again although nothing else has changed."""


async def carry_out(session: AsyncSession, clock: Clock, listing: LockedListing, decision: Decision) -> bool:
    """Take and give back nights, with the listing's lock held; say whether any changed hands.

    Due holds are expired first. What somebody has is left to them: the event becomes a conflict, which is
    looked at again with each reading.
    """
    feed, now = decision.feed, clock.now()
    today = today_in(listing.timezone, clock)
    await expire_due_holds_of(session, clock, listing)
    taken = await repository.taken_by_others(session, feed.listing_id, feed.feed_id, today=today)
    is_given_out = bool(await giving_out.tokens_of(session, feed.listing_id))
    present = [event for event in decision.difference.present if event.end > today]
    placement = place(present, taken, today=today, is_given_out=is_given_out)
    change = change_rows(await repository.own_rows(session, feed.feed_id), placement.nights, today=today)
    try:
        await repository.change_rows(session, feed, retired=change.retired, written=change.written, now=now)
    except DBAPIError as error:
        if sqlstate(error) == SqlState.EXCLUSION_VIOLATION:  # somebody took nights without the lock
            raise ListingBusy(feed.listing_id) from error
        raise
    gone, forgotten = _leaving(decision.difference)
    events = _to_write(decision.difference, placement, now)
    await repository.write_events(session, feed.feed_id, events, gone=gone, forgotten=forgotten, today=today)
    await repository.keep(session, feed)
    if change.touched is not None:
        await note(session, listing, change.touched)
    return change.touched is not None


async def note(session: AsyncSession, listing: LockedListing, nights: Range) -> None:
    """Say that a listing's nights have changed hands."""
    payload = {"from": nights[0], "until": nights[1], "changed": ["availability"]}
    await record(
        session,
        Topic.CALENDAR_CHANGED,
        market_key=listing.market_key,
        listing_id=listing.listing_id,
        payload=payload,
    )


def _leaving(difference: Difference) -> tuple[list[str], list[str]]:
    """UIDs of guests' events that are gone, and those of which nothing is kept."""
    staying = {event.uid for event in difference.present}
    removed = [event for event in difference.removed if event.uid not in staying]
    gone = [event.uid for event in removed if event.kind is EventKind.RESERVATION]
    renamed = [pair.before.uid for pair in (*difference.kept, *difference.moved) if pair.before.uid != pair.now.uid]
    blocks = [event.uid for event in removed if event.kind is EventKind.BLOCK]
    return gone, [*renamed, *blocks]


def _to_write(difference: Difference, placement: Placement, now: datetime) -> list[KnownEvent]:
    """Events as they are from now on, of those where that is something new."""
    before = {pair.now.uid: pair.before for pair in (*difference.kept, *difference.moved)}
    written = []
    for event in difference.present:
        outcome = placement.outcomes.get(event.uid)
        if outcome is None:
            continue  # it is over
        was = before.get(event.uid)
        known = KnownEvent(
            uid=event.uid,
            start=event.start,
            end=event.end,
            kind=event.kind,
            summary=event.summary,
            status=outcome.status,
            note=outcome.note,
            first_seen_at=now if was is None else was.first_seen_at,
            last_seen_at=now,
        )
        if was is None or now - was.last_seen_at >= SEEN_AGAIN or replace(known, last_seen_at=was.last_seen_at) != was:
            written.append(known)
    return written
