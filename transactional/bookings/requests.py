"""Request to book: the guest asks, the host answers in time, one of several requests wins.

A request takes no nights, so any number can wait for the same ones. Accepting takes them as a hold that
is then paid like any other; the requests that are in its way are declined and told so.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from lodestay.calendar import Refusal, RefusedStay
from lodestay.clock import Clock
from transactional.bookings import changes, repository
from transactional.bookings.errors import RequestLapsed
from transactional.bookings.holds import expire_due_holds_of
from transactional.bookings.records import BookingRecord
from transactional.bookings.rules import BookingStatus, Change, require_side, respond_by
from transactional.bookings.service import decline_rivals, lock_for_quote, new_booking, write_new
from transactional.calendars.conflicts import contention_as_conflict, overlap_as_conflict
from transactional.calendars.errors import StayUnavailable
from transactional.listings.errors import ListingWithdrawn
from transactional.listings.repository import LockedListing, lock_listing
from transactional.outbox.topics import Topic
from transactional.quotes import repository as quotes
from transactional.users.actors import Actor


async def request(
    session: AsyncSession, clock: Clock, *, guest_id: UUID, quote_id: UUID, payment_method: str
) -> BookingRecord:
    """Ask the host for a quote's nights, at the price quoted; they stay on the market until the host accepts.

    Parameters
    ----------
    payment_method
        The processor's token that is charged when the host accepts.

    Raises
    ------
    QuoteNotFound, QuoteExpired, QuoteAlreadyBooked, ListingWithdrawn, StayUnavailable, ListingBusy
        As :func:`transactional.bookings.service.hold`.
    """
    quote = await quotes.get_of_guest(session, quote_id, guest_id=guest_id)
    with contention_as_conflict(quote.listing_id):
        listing = await lock_for_quote(session, clock, quote)
        now = clock.now()
        asked = new_booking(quote, listing, status=BookingStatus.REQUESTED, now=now, payment_method=payment_method)
        deadline = respond_by(now, approval_hours=listing.approval_hours, starts_at=asked.starts_at)
        booking = replace(asked, respond_by=deadline)
        await write_new(session, clock, listing, booking, topic=Topic.BOOKING_REQUESTED)
    return booking


async def accept(
    session: AsyncSession, clock: Clock, actor: Actor, booking_id: UUID, *, keep: timedelta
) -> BookingRecord:
    """Give a request its nights, as a hold until its payment is through.

    The host has seen the request, so only the nights must be free: stay rules were asked when it was made.

    Parameters
    ----------
    keep
        How long the guest has to pay, where the payment method is declined.

    Raises
    ------
    BookingNotFound, ChangeNotYours
        Not the actor's to accept.
    BookingStateConflict, RequestLapsed, ListingWithdrawn, StayUnavailable, ListingBusy
        Answered already, too late, or the nights are gone.
    """
    listing = await _lock_for_answer(session, clock, actor, booking_id, Change.ACCEPT)
    present = await repository.get(session, booking_id)
    _require_in_time(present, clock)
    if not listing.is_active:
        raise ListingWithdrawn(listing.listing_id)
    if await repository.nights_taken(session, listing.listing_id, present.stay):
        refused = RefusedStay(Refusal.NIGHTS_TAKEN, tuple(present.stay), None)
        raise StayUnavailable.because(refused, listing_id=listing.listing_id, stay=present.stay)
    now = clock.now()
    _, side = await repository.side_of(session, actor, booking_id)
    with overlap_as_conflict(listing.listing_id, present.stay):
        values = {"approved_at": now, "hold_expires_at": min(now + keep, present.starts_at)}
        cause = changes.by_api(actor, side)
        booking = await changes.apply(session, clock, listing, booking_id, Change.ACCEPT, cause=cause, values=values)
        await repository.take_nights(session, booking, now=now, until=booking.hold_expires_at)
    await decline_rivals(session, clock, listing, booking)
    return booking


async def decline(session: AsyncSession, clock: Clock, actor: Actor, booking_id: UUID, *, reason: str) -> BookingRecord:
    """Turn a request down; raises as :func:`accept`."""
    listing = await _lock_for_answer(session, clock, actor, booking_id, Change.DECLINE)
    _require_in_time(await repository.get(session, booking_id), clock)
    _, side = await repository.side_of(session, actor, booking_id)
    ended = {"closed_at": clock.now(), "closed_because": reason}
    return await changes.apply(
        session, clock, listing, booking_id, Change.DECLINE, cause=changes.by_api(actor, side), values=ended
    )


async def expire_due_requests(session: AsyncSession, clock: Clock, *, limit: int) -> int:
    """Close the requests that no host answered in time: the sweeper; say how many."""
    due = await repository.lock_due(session, repository.DUE_REQUESTS, now=clock.now(), limit=limit)
    for booking_id, listing_id in due:
        listing = await lock_listing(session, listing_id, owner=None)
        ended = {"closed_at": clock.now(), "closed_because": "not_answered"}
        await changes.apply(session, clock, listing, booking_id, Change.EXPIRE, cause=changes.SWEEPER, values=ended)
    return len(due)


async def _lock_for_answer(
    session: AsyncSession, clock: Clock, actor: Actor, booking_id: UUID, change: Change
) -> LockedListing:
    listing_id, side = await repository.side_of(session, actor, booking_id)
    require_side(change, side)
    with contention_as_conflict(listing_id):
        listing = await lock_listing(session, listing_id, owner=None)
        await expire_due_holds_of(session, clock, listing)
    return listing


def _require_in_time(booking: BookingRecord, clock: Clock) -> None:
    asked = booking.status == BookingStatus.REQUESTED
    if asked and booking.respond_by is not None and booking.respond_by <= clock.now():
        raise RequestLapsed(booking.reference, respond_by=booking.respond_by)
